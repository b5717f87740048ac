"""Estimates, intervals and the table that comes out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

import numpy as np

from ipm_outcomes.catalog import instrument, instruments
from ipm_outcomes.frames._frame import Frame
from ipm_outcomes.frames._library import CellKind
from ipm_outcomes.program._cells import FigureRow
from ipm_outcomes.program._columns import COLUMNS, EXTRA, KEYS, MARKS
from ipm_outcomes.program._described import Described
from ipm_outcomes.program._requirements import needs_of
from ipm_outcomes.program._rules import Place
from ipm_outcomes.program.indicators import Indicator, Window
from ipm_outcomes.stats import intervals
from ipm_outcomes.stats._moments import Moments

_METHODS = {
    "proportion": "wilson",
    "distribution": "wilson",
    "events": "wilson",
    "mean": "student t",
    "nps": "adjusted wald",
    "ratio": "ratio of sums, linearized, student t",
}
READY = {"rate": "", "km_share": "kaplan-meier, log-log", "km_median": "kaplan-meier, log-log, inverted"}
"""Kinds whose estimate and limits come with the counts."""


def _estimates(rows: Sequence[FigureRow], level: float) -> dict[str, Any]:
    """Estimate and interval of every row, all rows of a kind places once; NaN where there is nothing."""
    out = {name: np.full(len(rows), np.nan) for name in ("estimate", "lower", "upper", "sd", "worst", "best")}
    for place, row in enumerate(rows):
        if row.cell.ready is not None:
            out["estimate"][place], out["lower"][place], out["upper"][place] = row.cell.ready
    for kind in _METHODS:
        places = np.array([i for i, row in enumerate(rows) if row.indicator.kind == kind], int)
        if not places.size:
            continue
        cells = [rows[i].cell for i in places]
        n = np.array([0 if cell.withheld else cell.denominator for cell in cells], float)
        some = n > 0
        safe = np.where(some, n, 1.0)
        if kind in ("proportion", "distribution", "events"):
            x = np.array([0 if cell.withheld else cell.numerator for cell in cells], float)
            low, high = intervals.proportion(x, n, level=level)
            out["estimate"][places] = np.where(some, x / safe, np.nan)
            lost, possible = np.array([c.unobserved for c in cells], float).T
            rules = np.array([rows[i].indicator.missing for i in places])
            # Who was not observed is in the denominator already where that counts as not met.
            lost = np.where(rules == "complete_case", lost, 0.0)
            possible = np.where(rules == "not_needed", 0.0, possible)
            # Where nobody could be judged there is nothing to bound.
            bounded = some & np.array([rows[i].indicator.bounds is not False for i in places])
            whole = np.where(bounded, safe + lost, np.nan)
            out["worst"][places], out["best"][places] = x / whole, (x + possible) / whole
        elif kind == "mean":
            moments = [cell.moments or Moments() for cell in cells]
            means, sds = (np.array([get(each) for each in moments]) for get in (Moments.mean, Moments.sd))
            low, high = intervals.mean(means, sds, n, level=level)
            out["estimate"][places], out["sd"][places] = means, sds
        elif kind == "nps":
            up = np.array([c.sums[0] if c.sums else 0 for c in cells], float)
            down = np.array([c.sums[1] if c.sums else 0 for c in cells], float)
            low, high = intervals.nps(up, n - up - down, down, level=level)
            out["estimate"][places] = np.where(some, 100 * (up - down) / safe, np.nan)
        else:
            estimate, low, high = _ratio([c.sums or (0.0,) * 6 for c in cells], level)
            out["estimate"][places] = estimate
        out["lower"][places], out["upper"][places] = low, high
    return out


def _ratio(sums: Sequence[tuple[float, ...]], level: float) -> tuple[Any, Any, Any]:
    """A ratio of two sums over episodes: sessions of one patient are not independent, episodes are."""
    a, p, aa, ap, pp, n = np.array(sums, float).T
    ratio = np.where(p > 0, a / np.where(p > 0, p, 1.0), np.nan)
    squares = np.maximum(aa - 2 * ratio * ap + ratio**2 * pp, 0.0)
    enough = (n > 1) & (p > 0)
    # The standard error of a ratio, written as that of a mean of n residuals: the t interval is there.
    sd = (
        np.sqrt(n * np.where(enough, squares / np.where(enough, n - 1, 1.0), 0.0))
        * np.sqrt(n)
        / np.where(p > 0, p, 1.0)
    )
    low, high = intervals.mean(
        np.where(enough, ratio, 0.0), np.where(enough, sd, 0.0), np.where(enough, n, 0), level=level
    )
    return ratio, np.maximum(low, 0.0), high


_KINDS: dict[str, CellKind] = {
    **dict.fromkeys(("eligible", "excluded"), "whole"),
    **dict.fromkeys(("numerator", "observed", "denominator", "patients"), "whole or null"),
    **dict.fromkeys(("estimate", "lower", "upper", "level", "sd", "worst", "best", "member_months"), "real"),
}
"""Columns that hold no text."""


_UNITS = {
    "proportion": "share",
    "distribution": "share",
    "events": "share",
    "mean": "points",
    "nps": "NPS points",
    "ratio": "ratio",
    "km_share": "share",
    "km_median": "days",
}


def _unit(row: FigureRow) -> str:
    rate = row.indicator.rate
    if rate is None:
        return _UNITS[row.indicator.kind]
    return "rate ratio" if row.cell.months is None else f"per {rate.per:,} member-months"


def result_table(
    main: Described,
    rows: Sequence[FigureRow],
    by: Sequence[str],
    level: float,
    totals: bool,
    further: Mapping[str, str | None] = MappingProxyType({}),
    rules: Mapping[Place, str] = MappingProxyType({}),
) -> Any:
    """The table of figures: counts, estimates with limits, and what each row is, in words."""
    columns: dict[str, Any] = {**_words(rows, by, rules), **_counts(rows)}
    columns |= {name: _nulled(values) for name, values in _estimates(rows, level).items()}
    columns["level"] = [level] * len(rows)
    groups = {name: [row.group[place] for row in rows] for place, name in enumerate(by)}
    if totals:
        groups = {name: [str(value) for value in values] for name, values in groups.items()}
    data = {name: columns[name] for name in [*COLUMNS, *(name for name in EXTRA if name not in by)]}
    data |= {name: [value] * len(rows) for name, value in further.items()}
    if any(row.indicator.kind == "rate" for row in rows):
        data["denominator"] = [None] * len(rows)
        data["member_months"] = [row.cell.months for row in rows]
        data["patients"] = [row.cell.patients for row in rows]
    return _restored(main, groups, data)


def _nulled(values: Any) -> list[float | None]:
    """Floats with None for NaN."""
    return [None if value != value else value for value in values.tolist()]


def _counts(rows: Sequence[FigureRow]) -> dict[str, list[int | None]]:
    """Whole numbers; of a measure that cannot be counted only who is in the population."""
    counts: dict[str, list[int | None]] = {
        "eligible": [row.cell.eligible for row in rows],
        "excluded": [row.cell.excluded for row in rows],
        **{name: [None] * len(rows) for name in ("observed", "denominator", "numerator")},
    }
    observed, denominator, numerator = (counts[name] for name in ("observed", "denominator", "numerator"))
    for place, row in enumerate(rows):
        cell = row.cell
        if not cell.withheld:
            observed[place], denominator[place] = cell.observed, cell.denominator
            numerator[place] = None if cell.numerator is None else int(cell.numerator)
    return counts


_WORDS = (
    *(
        "indicator",
        "method",
        "suppressed",
        "source",
        "definition",
        "title",
        *KEYS,
        "band",
        "unit",
        "direction",
    ),
    *("missing", "evidence", "rules", "notes"),
)


def _words(
    rows: Sequence[FigureRow], by: Sequence[str], rules: Mapping[Place, str]
) -> dict[str, list[str | None]]:
    """What each row is, in words; those of rows that differ in their group alone are formed once."""
    formed: dict[Any, tuple[str | None, ...]] = {}
    words = []
    for row in rows:
        cell = row.cell
        key: Any = (id(row.indicator), id(row.each), row.band, cell.method, cell.months is None)
        if cell.failed or cell.marks or cell.unfit:
            named = (name for counts in (cell.failed, cell.marks) for name, count in counts.items() if count)
            key = (key, cell.unfit > 0, *named)
        if key not in formed:
            formed[key] = _words_of(row, by, rules)
        words.append(formed[key])
    return {name: [texts[place] for texts in words] for place, name in enumerate(_WORDS)}


def _words_of(row: FigureRow, by: Sequence[str], rules: Mapping[Place, str]) -> tuple[str | None, ...]:
    indicator, place = row.indicator, tuple(row.each.get(key, "") for key in KEYS)
    return (
        _name(row, by),
        row.cell.method or {**_METHODS, **READY}[indicator.kind],
        "",
        indicator.cites,
        indicator.id,
        indicator.title,
        *(row.each.get(key) or _of_scales(indicator, key) for key in KEYS),
        row.band,
        _unit(row),
        indicator.direction,
        indicator.missing,
        _evidence(row),
        rules.get((place[0], place[1], place[2]), ""),
        _notes(row),
    )


def _of_scales(indicator: Indicator, key: str) -> str | None:
    """What stands under instrument and scale for an indicator over several scales."""
    position = {"instrument": 0, "scale": 1}.get(key)
    if not indicator.scales or position is None:
        return None
    return " + ".join(dict.fromkeys(name.split(".")[position] for name in indicator.scales.values()))


def _name(row: FigureRow, by: Sequence[str]) -> str:
    """The definition's id and all that distinguishes this row from the others of its group."""
    shown = {key: value for key, value in row.each.items() if key not in by}
    scale = ".".join(shown[key] for key in ("instrument", "scale") if key in shown)
    return ":".join(part for part in (row.indicator.id, scale, shown.get("target"), row.band) if part)


def _evidence(row: FigureRow) -> str:
    """The weakest mark of what decided here; without a table that says it, that of the scale's own threshold."""
    if row.indicator.evidence_from is None:
        return row.indicator.evidence
    if marks := [mark for mark in MARKS if row.cell.marks.get(mark)]:
        return marks[-1]
    instrument_id, scale_id = str(row.each.get("instrument")), str(row.each.get("scale"))
    if instrument_id in instruments() and scale_id in instrument(instrument_id).scale_ids:
        scale = instrument(instrument_id).scale(scale_id)
        name = row.indicator.evidence_from.removesuffix("_evidence")
        marks = [
            threshold.evidence
            for threshold in scale.thresholds
            if threshold.id == name or threshold.id.startswith(f"{name}_")
        ]
        if marks:
            return max(marks, key=MARKS.index)
    return "convention"


def _notes(row: FigureRow) -> str:
    notes = [row.indicator.population]
    window = row.indicator.window
    if window is not None and window.pick is not None:
        notes.append(f"The measure takes the {window.pick} record of its window.")
        if row.cell.withheld:
            notes.append(f"Withheld: {_wanted(window)} (see program.DEPRESSION_TARGETS).")
    if needed := needs_of(row.indicator, row.cell.failed):
        notes.append(f"Withheld: needs {'; '.join(needed)}.")
    if row.indicator.note:
        notes.append(row.indicator.note)
    return " ".join(notes)


def _wanted(window: Window) -> str:
    """The target that a measure needs, as it is written."""
    if window.days is not None:
        first, last = window.days
        width = f"{first} to {last} days after the baseline"
        made = f'"{first}-{last} days", day={(first + last) // 2}, days=({first}, {last})'
    else:
        width = f"±{window.slack} days"
        made = f'"{window.months} months", months={window.months}, slack={window.slack}'
    return (
        f'needs a target of {width} with pick="{window.pick}": '
        f'change.Target({made}, pick="{window.pick}", origin="baseline")'
    )


def _restored(main: Described, groups: Mapping[str, list[Any]], data: Mapping[str, list[Any]]) -> Any:
    """The result in the kind of frame that was given."""
    import narwhals as nw

    face = Frame(_without_rows(main.given))
    kept = []
    for name, values in groups.items():
        dtype = main.schema[name]
        typed = dtype.is_numeric() or dtype in (nw.Boolean, nw.Date, nw.Datetime)
        if typed and not any(isinstance(value, str) for value in values):
            kept.append(name)
    kinds: dict[str, CellKind] = {**dict.fromkeys(data, "any"), **_KINDS}
    for name in groups:
        kinds[name] = "any"
    return face.listed({**groups, **data}, kinds, kept)


def _without_rows(given: Any) -> Any:
    """The caller's frame emptied: it still says its kind, and is collected at no cost."""
    if type(given).__name__ == "DuckDBPyRelation":
        # A column that is nothing but NULL has a type of its own, into which no group's name can be put back.
        typed = [name for name, of in zip(given.columns, given.types, strict=True) if str(of) != '"NULL"']
        quoted = ", ".join('"' + name.replace('"', '""') + '"' for name in typed)
        return given.limit(0).project(quoted) if typed else given.limit(0)
    return given.head(0) if hasattr(given, "head") else given.slice(0, 0)
