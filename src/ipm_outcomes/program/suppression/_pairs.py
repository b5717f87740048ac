"""Which published sets hold a patient of each (baseline, follow-up or none): asked of the definitions themselves.

A change is finite. Within one scale and target the sets that an indicator counts are sets of pairs; whoever knows the
definitions knows them, and so does the engine, for an indicator of one's own too.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache
from typing import Any

import numpy as np

from ipm_outcomes.catalog import instrument, instruments
from ipm_outcomes.definition import Instrument, Scale
from ipm_outcomes.errors import IpmOutcomesError
from ipm_outcomes.program._rules import VARIES
from ipm_outcomes.program.indicators import Condition, Indicator
from ipm_outcomes.program.suppression._conditions import Bools, true
from ipm_outcomes.tables import QuotientTable, tables

WHOLE = "eligible and excluded"
"""The population before exclusions: what a reader of both columns knows."""
RATINGS = ("promoters", "passives", "detractors")
_DAY, _MOST = 182, 70  # scores of a scale at most, one more than the widest T-score range in use
_SOME = 61  # of a scale with more: so many of them, so that kinds that differ by less than their distance are left out
_ONE_LIMIT = ("jacobson_truax", "published_error")
_NORMAL = 1.959963984540054
_OF_RELIABLE = ("reliable", "class", "verdict", "class_reason", "minimal_reliable_change")


@dataclass(frozen=True)
class Pairs:
    """Every kind of patient of one scale, as columns of a table of changes."""

    columns: Mapping[str, np.ndarray]
    complete: bool = True
    """Whether of every score there is one; else some patients may be of a kind that is left out."""

    def of(self, indicator: Indicator, band: str | None) -> dict[str, Bools]:
        """The sets that an indicator counts; `KeyError` where it reads a column that pairs do not have."""
        columns = self.columns
        n = len(columns["baseline"])
        who = true(indicator.eligible, columns) if indicator.eligible else np.ones(n, bool)
        out = np.zeros(n, bool)
        if indicator.scales:
            out = np.array([bool(held) for held in columns["__excluded"]], bool)
        else:
            for exclusion in indicator.exclusions:
                out |= true(exclusion.when, columns)
        eligible = who & ~out
        observed = eligible & true(indicator.observed, columns) if indicator.observed else eligible
        counted = observed if indicator.missing == "complete_case" else eligible
        if indicator.denominator:
            counted = counted & true(indicator.denominator, columns)
        if indicator.value is not None:
            counted = counted & np.asarray(columns[indicator.value] != np.array(None), bool)
        sets = {WHOLE: who, "eligible": eligible, "observed": observed, "denominator": counted}
        if indicator.numerator is not None:
            sets["numerator"] = counted & true(indicator.numerator, columns)
        elif indicator.kind == "distribution" and indicator.value is not None:
            sets["numerator"] = counted & np.asarray(columns[indicator.value] == band, bool)
        elif indicator.ratings is not None and indicator.value is not None:
            rating = np.array([np.nan if v is None else float(v) for v in columns[indicator.value]])
            low, high = indicator.ratings.detractors[1], indicator.ratings.promoters[0]
            parts = (rating >= high, (rating > low) & (rating < high), rating <= low)
            sets |= {name: counted & part for name, part in zip(RATINGS, parts, strict=True)}
        return sets

    def holds(self, column: str, low: Decimal, high: Decimal, with_low: bool, with_high: bool) -> Bools:
        """Pairs with both scores, window closed, whose score lies in a stretch."""
        c = self.columns
        return np.array(
            [
                b is not None
                and f is not None
                and not o
                and (low < (v := Decimal(repr(w))) or (with_low and v == low))
                and (v < high or (with_high and v == high))
                for b, f, o, w in zip(c["baseline"], c["followup"], c["window_open"], c[column], strict=True)
            ],
            bool,
        )


def pairs_of(
    of_instrument: str,
    of_scale: str,
    rules: Mapping[str, str],
    in_window: bool,
    definitions: Iterable[Instrument],
    backend: Any,
) -> Pairs | None:
    """Every kind of patient of a scale, of very many scores some; none where the scale is unknown or has no range."""
    own = {definition.id: definition for definition in definitions}
    rule_items = tuple(sorted(rules.items()))
    if of_instrument in own:
        return _of_scale(own[of_instrument], of_scale, rule_items, in_window, backend)
    return _of_catalog(of_instrument, of_scale, rule_items, in_window, backend)


@lru_cache(maxsize=128)
def _of_catalog(
    of_instrument: str, of_scale: str, rules: tuple[tuple[str, str], ...], in_window: bool, backend: Any
) -> Pairs | None:
    if of_instrument not in instruments():
        return None
    return _of_scale(instrument(of_instrument), of_scale, rules, in_window, backend)


def _of_scale(
    inst: Instrument, of_scale: str, rules: tuple[tuple[str, str], ...], in_window: bool, backend: Any
) -> Pairs | None:
    if of_scale not in inst.scale_ids:
        return None
    scale = inst.scale(of_scale)
    values = scores_of(scale)
    complete = 0 < len(values) <= _MOST
    if not values:
        values = _between(inst, scale)
    if not values:
        return None
    if len(values) > _MOST:
        values = [values[place] for place in np.linspace(0, len(values) - 1, _SOME).round().astype(int)]
    made = _changes(inst, scale, values, dict(rules), backend)
    return None if made is None else Pairs(_Columns(*made, in_window), complete)


def scores_of(scale: Scale) -> list[float]:
    """The scores that a scale can have when every item is answered."""
    if scale.conversion is not None:
        return sorted({float(row.value) for row in scale.conversion.rows})
    if scale.range is None:
        return []
    low, high = scale.range
    if scale.kind == "mean":
        items = max(len(scale.items), 1) * scale.per_unit
        first, last = round(low * items), round(high * items)
        return [float(Fraction(k, items)) for k in range(first, last + 1)]
    if low != int(low) or high != int(high) or not scale.whole:
        return []
    return [float(k) for k in range(int(low), int(high) + 1)]


def _between(inst: Instrument, scale: Scale) -> list[float]:
    """Scores from one end to the other of a scale with many between them."""
    if scale.range is None:
        return []
    table = tables(inst)[scale.id]
    steps = 1 if isinstance(table, QuotientTable) else table.denominator
    low, high = (float(end) * steps for end in scale.range)
    return [float(step) / steps for step in np.unique(np.linspace(low, high, _SOME).round())]


def _changes(
    inst: Instrument, scale: Scale, values: list[float], rules: Mapping[str, str], backend: Any
) -> tuple[Any, set[str]] | None:
    """The table of changes for each baseline and follow-up or none, and which of its columns are known."""
    import narwhals as nw

    from ipm_outcomes import change

    kinds = [(b, f) for b in values for f in (None, *values)]
    rows = [(n, "2024-01-01", b) for n, (b, _) in enumerate(kinds)]
    rows += [(n, "2024-07-01", f) for n, (_, f) in enumerate(kinds) if f is not None]
    ids, days, scores = zip(*rows, strict=True)
    key = (inst.id, scale.id)
    given: dict[str, Any] = {"targets": [change.Target("then", day=_DAY, days=(137, 227))]}
    given["constants"] = "published"
    single_values = {name: value for name, value in rules.items() if value != VARIES}
    method = rules.get("reliable_method", "jacobson_truax")
    limit = single_values.get("minimal_reliable_change")
    if method in _ONE_LIMIT and limit is not None and float(limit) > 0:
        given["constants"] = {key: {"sem": float(limit) / (_NORMAL * 2**0.5)}}
    if "important_points" in single_values:
        given["thresholds"] = {key: {"important": float(single_values["important_points"])}}
    if "cutoff_id" in single_values and single_values["cutoff_id"] != "given":
        given["cutoffs"] = {key: single_values["cutoff_id"]}
    elif "cutoff" in single_values:
        given["cutoffs"] = {key: float(single_values["cutoff"])}
    columns: dict[str, list[Any]] = {
        "patient_id": list(ids),
        "date": list(days),
        "value": list(scores),
        "instrument": [inst.id] * len(rows),
        "scale": [scale.id] * len(rows),
    }
    if scale.conversion is not None:
        errors = {
            float(row.value): None if row.se is None else float(row.se) for row in scale.conversion.rows
        }
        if None not in errors.values():
            columns["se"] = [errors[score] for score in scores]
    frame = nw.from_dict(columns, backend=backend).to_native()
    try:
        table = nw.from_native(change.table(frame, definitions=[inst], **given), eager_only=True)
    except IpmOutcomesError:
        return None
    if len(table) != len(kinds):
        return None
    table = table.sort("patient_id")
    unknown: set[str] = set()
    by_error = method == "standard_errors" and "se" in columns
    if not (by_error or method in _ONE_LIMIT) or (limit is None and "minimal_reliable_change" in rules):
        unknown |= set(_OF_RELIABLE)
    if "important_points" in rules and "important_points" not in single_values:
        unknown |= {"important", "can_improve", "can_worsen"}
    return table, set(table.columns) - unknown


class _Columns(Mapping[str, np.ndarray]):
    """The columns of the table, made when they are asked for.

    To the pairs come those without a baseline, those whose window is open, and those outside the window of a measure.
    """

    def __init__(self, table: Any, names: set[str], in_window: bool) -> None:
        self.table, self.names = table, names | {"window_open", "reason"}
        baseline, followup = (_plain(table[name].to_list()) for name in ("baseline", "followup"))
        n = len(baseline)
        there = followup != np.array(None)
        firsts = np.flatnonzero(~there)  # one for each baseline
        _, scores = np.unique(np.array([-1.0 if f is None else f for f in followup]), return_index=True)
        scores = scores[there[scores]]  # one for each follow-up
        self.base = np.concatenate([np.arange(n), firsts, scores, [firsts[0], firsts[0]]])
        total = len(self.base)
        self.without = np.arange(total) >= n + len(firsts)
        still_open = np.zeros(total, bool)
        still_open[n : n + len(firsts)] = True
        still_open[-1] = True
        self.twice = np.arange(total)
        self.made = {"window_open": still_open.astype(object), "reason": np.full(total, None, object)}
        if in_window:
            both = followup[self.base] != np.array(None)
            self.twice = np.concatenate([self.twice, np.flatnonzero(both)])
            self.names |= {"in_window"}
            self.made["in_window"] = np.concatenate([both, np.zeros(int(both.sum()), bool)]).astype(object)
        self.made |= {name: self.made[name][self.twice] for name in ("window_open", "reason")}

    def __getitem__(self, name: str) -> np.ndarray:
        if name not in self.made:
            if name not in self.names:
                raise KeyError(name)
            column = _plain(self.table[name].to_list())[self.base]
            if name not in ("followup", "followup_band"):
                column[self.without] = None
            self.made[name] = column[self.twice]
        return self.made[name]

    def __iter__(self) -> Iterator[str]:
        return iter(sorted(self.names))

    def __len__(self) -> int:
        return len(self.names)


def _plain(values: list[Any]) -> np.ndarray:
    from ipm_outcomes.frames._library import plain_value

    made = np.empty(len(values), object)
    made[:] = [value if type(value) in (str, bool, int) else plain_value(value) for value in values]
    return made


def columns_read(indicator: Indicator) -> set[str]:
    """The columns that the sets of an indicator depend on."""
    conditions: list[Condition] = [e.when for e in indicator.exclusions]
    conditions += [
        c
        for c in (indicator.eligible, indicator.observed, indicator.denominator, indicator.numerator)
        if c is not None
    ]
    read = {name for condition in conditions for name, _ in condition.columns()}
    return read | ({indicator.value} if indicator.value is not None else set())
