"""Kinds of patients for indicators over several scales: one of each that the conditions tell apart."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import product

import numpy as np

from ipm_outcomes.catalog import instrument, instruments
from ipm_outcomes.program.indicators import SIDES, Condition, Indicator
from ipm_outcomes.program.suppression._conditions import both, tests_in
from ipm_outcomes.program.suppression._pairs import Pairs, scores_of

_MOST = 4000  # kinds of patients at most
OUT = "__excluded"


def beside(definitions: Sequence[Indicator]) -> Pairs | None:
    """Pairs of several scales at once, with who is excluded as a kind of its own; none where there are too many.

    All definitions are over the same scales, with the same exclusions.
    """
    scales = definitions[0].scales
    tests = [test for definition in definitions for test in tests_in(_conditions(definition))]
    kinds: list[list[dict[str, float | None]]] = []
    for key, name in scales.items():
        kind = _of_one(
            key, name, [test for test in tests if test.column in {f"{key}_{side}" for side in SIDES}]
        )
        if kind is None:
            return None
        kinds.append(kind)
    many = 2 * int(np.prod([len(kind) for kind in kinds]))
    if many > _MOST:
        return None
    rows = [
        {name: value for part in parts for name, value in part.items()} | {OUT: out}
        for parts in product(*kinds)
        for out in (False, True)
    ]
    columns = {}
    for name in rows[0]:
        columns[name] = np.empty(len(rows), object)
        columns[name][:] = [row[name] for row in rows]
    first = columns[next(iter(columns))]
    return Pairs({**columns, "baseline": first, "window_open": np.array([False] * len(rows), object)})


def _conditions(indicator: Indicator) -> Iterable[Condition]:
    return [
        c
        for c in (indicator.eligible, indicator.observed, indicator.denominator, indicator.numerator)
        if c is not None
    ]


def _of_one(key: str, name: str, tests: Sequence[Condition]) -> list[dict[str, float | None]] | None:
    """Of one scale, a pair of scores for each pattern of true and false tests."""
    of_instrument, _, of_scale = name.partition(".")
    if of_instrument not in instruments() or of_scale not in instrument(of_instrument).scale_ids:
        return None
    scale = instrument(of_instrument).scale(of_scale)
    values: list[float | None] = [None, *scores_of(scale)]
    sign = -1 if scale.worse == "lower" else 1
    pairs = [(b, f, None if b is None or f is None else sign * (b - f)) for b in values for f in values]
    columns = {}
    for place, side in enumerate(SIDES):
        columns[f"{key}_{side}"] = np.empty(len(pairs), object)
        columns[f"{key}_{side}"][:] = [pair[place] for pair in pairs]
    decided = [part for test in tests for part in both(test, columns)] or [np.zeros(len(pairs), bool)]
    _, firsts = np.unique(np.array(decided), axis=1, return_index=True)
    return [{name: column[first] for name, column in columns.items()} for first in sorted(firsts)]
