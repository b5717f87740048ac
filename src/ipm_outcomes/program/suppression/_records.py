"""Which published sets hold a patient of each kind, for figures that are counted from records."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import pairwise, product
from typing import Any

import numpy as np

from ipm_outcomes.program.indicators import Condition, Indicator
from ipm_outcomes.program.suppression._conditions import Bools, tests_in
from ipm_outcomes.program.suppression._pairs import WHOLE, Pairs, columns_read
from ipm_outcomes.program.suppression._read import OF_SIDES, PATIENTS, SIDES, TableRow

Link = tuple[tuple[Any, Any], tuple[Any, Any], str]
USES = ("work", "appointments", "opioids")
"""Tables of one row per patient, which conditions test."""
_MOST = 4000  # kinds of patients at most


def kinds_of(definitions: Sequence[Indicator]) -> Pairs | None:
    """A patient of each kind that the conditions on one table tell apart; none where there are too many."""
    values: dict[str, dict[Any, None]] = {}
    for definition in definitions:
        for test in tests_in(_conditions(definition)):
            values.setdefault(str(test.column), {None: None}).update(dict.fromkeys(_around(test)))
    if int(np.prod([len(held) for held in values.values()], dtype=np.float64)) > _MOST:
        return None
    rows = list(product(*values.values()))
    columns = {}
    for position, name in enumerate(values):
        columns[name] = np.empty(len(rows), object)
        columns[name][:] = [row[position] for row in rows]
    return Pairs({"baseline": np.zeros(len(rows), object), **columns})


def alike(definitions: Sequence[Indicator], indicator: Indicator) -> list[Indicator]:
    """The definitions that test columns of one, or of another one that does."""
    related, columns = [indicator], columns_read(indicator)
    while more := [other for other in definitions if other not in related and columns_read(other) & columns]:
        related += more
        columns = columns.union(*(columns_read(other) for other in more))
    return sorted(related, key=lambda other: other.id)


def sets_of(pairs: Pairs, indicator: Indicator, band: str | None) -> dict[str, Bools]:
    """The sets of an indicator, with kinds behind those of the patients for what is counted and is no patient."""
    plain = (
        indicator.model_copy(update={"value": None, "over": None}) if indicator.kind == "ratio" else indicator
    )
    held = {name: np.append(members, [False, False]) for name, members in pairs.of(plain, band).items()}
    if indicator.kind == "ratio":
        nobody = np.zeros(len(held["eligible"]) - 2, bool)
        held["numerator"] = np.append(nobody, [True, False])
        held["denominator"] = np.append(nobody, [True, True])
    return held


def rate_sets() -> dict[Any, Bools]:
    """Patients with and without events, before and after, and the events, which are no patients."""
    kinds: list[set[Any]] = [{WHOLE}, {WHOLE, "eligible"}, {WHOLE, "eligible", "observed"}]
    for held in ((None,), ("before",), ("after",), SIDES):
        also = {(PATIENTS, side) for side in held}
        kinds.append({WHOLE, "eligible", "observed", *also, *([(PATIENTS, "either")] if held[0] else [])})
    kinds += [{("numerator", side)} for side in (None, *SIDES)]
    names = {name for kind in kinds for name in kind}
    return {name: np.array([name in kind for kind in kinds], bool) for name in names}


def rate_columns(row: TableRow) -> dict[str, Any]:
    """The set of each column of a row of a rate."""
    target = row.about[2]
    side = target if target in (None, *SIDES) else "either"
    own: dict[str, Any] = {"numerator": ("numerator", side), PATIENTS: (PATIENTS, side)}
    own |= {name: tuple(name.split(" ")) for name in OF_SIDES}
    return {column: own.get(column, column) for column in row.counts}


def same_patients(scenes: Mapping[Any, Any]) -> Iterator[Link]:
    """The rates of one table are of the same patients."""
    mine: dict[Any, list[Any]] = {}
    for scene in scenes:
        if scene[:2] == ("pairs", "utilization"):
            mine.setdefault(scene[3], []).append(scene)
    for scenes_of in mine.values():
        for scene, other in pairwise(scenes_of):
            for name in ("observed", "eligible", WHOLE):
                yield (other, name), (scene, name), "same"


def _conditions(indicator: Indicator) -> Iterable[Condition]:
    parts = (indicator.eligible, indicator.observed, indicator.denominator, indicator.numerator)
    return [
        *(part for part in parts if part is not None),
        *(exclusion.when for exclusion in indicator.exclusions),
    ]


def _around(test: Condition) -> tuple[Any, ...]:
    """Values for which a test is true, and for which it is false."""
    name, operand = test.test
    if name == "known" or isinstance(operand, bool):
        return (True, False)
    if isinstance(operand, (str, tuple)):
        return (*((operand,) if isinstance(operand, str) else operand), "another word")
    return (float(operand) - 1, float(operand), float(operand) + 1)
