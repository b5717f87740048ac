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
from ipm_outcomes.program._reading import Source
from ipm_outcomes.program._requirements import (
    needs_of,
)
from ipm_outcomes.program.indicators import (
    Indicator,
    Window,
)
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
    """Estimate and interval of every row, all rows of a kind at once; NaN where there is nothing."""
    out = {name: np.full(len(rows), np.nan) for name in ("estimate", "lower", "upper", "sd", "worst", "best")}
    for i, row in enumerate(rows):
        if row.cell.ready is not None:
            out["estimate"][i], out["lower"][i], out["upper"][i] = row.cell.ready
    for kind in _METHODS:
        at = np.array([i for i, row in enumerate(rows) if row.indicator.kind == kind], int)
        if not at.size:
            continue
        cells = [rows[i].cell for i in at]
        n = np.array([0 if cell.withheld else cell.denominator for cell in cells], float)
        some = n > 0
        safe = np.where(some, n, 1.0)
        if kind in ("proportion", "distribution", "events"):
            x = np.array([0 if cell.withheld else cell.numerator for cell in cells], float)
            low, high = intervals.proportion(x, n, level=level)
            out["estimate"][at] = np.where(some, x / safe, np.nan)
            lost, possible = np.array([c.unobserved for c in cells], float).T
            rules = np.array([rows[i].indicator.missing for i in at])
            # Who was not observed is in the denominator already where that counts as not met.
            lost = np.where(rules == "complete_case", lost, 0.0)
            possible = np.where(rules == "not_needed", 0.0, possible)
            # Where nobody could be judged there is nothing to bound.
            bounded = some & np.array([rows[i].indicator.bounds is not False for i in at])
            whole = np.where(bounded, safe + lost, np.nan)
            out["worst"][at], out["best"][at] = x / whole, (x + possible) / whole
        elif kind == "mean":
            moments = [cell.moments or Moments() for cell in cells]
            means, sds = (np.array([get(each) for each in moments]) for get in (Moments.mean, Moments.sd))
            low, high = intervals.mean(means, sds, n, level=level)
            out["estimate"][at], out["sd"][at] = means, sds
        elif kind == "nps":
            up = np.array([c.sums[0] if c.sums else 0 for c in cells], float)
            down = np.array([c.sums[1] if c.sums else 0 for c in cells], float)
            low, high = intervals.nps(up, n - up - down, down, level=level)
            out["estimate"][at] = np.where(some, 100 * (up - down) / safe, np.nan)
        else:
            estimate, low, high = _ratio([c.sums or (0.0,) * 6 for c in cells], level)
            out["estimate"][at] = estimate
        out["lower"][at], out["upper"][at] = low, high
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
_NULLABLE = ("numerator", "observed", "denominator", "patients")
"""Counts that a row may be without."""


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


def _unit(one: Indicator, row: FigureRow) -> str:
    if one.rate is None:
        return _UNITS[one.kind]
    return "rate ratio" if row.cell.months is None else f"per {one.rate.per:,} member-months"


def result_table(
    main: Source,
    rows: Sequence[FigureRow],
    by: Sequence[str],
    level: float,
    totals: bool,
    further: Mapping[str, str | None] = MappingProxyType({}),
    rules: Mapping[tuple[str, str, str], str] = MappingProxyType({}),
) -> Any:
    out = _estimates(rows, level)
    words: dict[str, list[str | None]] = {
        "indicator": [_name(row, by) for row in rows],
        "method": [row.cell.method or {**_METHODS, **READY}[row.indicator.kind] for row in rows],
        "suppressed": ["" for _ in rows],
        "source": [row.indicator.cites for row in rows],
        "definition": [row.indicator.id for row in rows],
        "title": [row.indicator.title for row in rows],
        **{key: [row.each.get(key) or _of_scales(row.indicator, key) for row in rows] for key in KEYS},
        "band": [row.band for row in rows],
        "unit": [_unit(row.indicator, row) for row in rows],
        "direction": [row.indicator.direction for row in rows],
        "missing": [row.indicator.missing for row in rows],
        "evidence": [_evidence(row) for row in rows],
        "rules": [
            rules.get(
                (row.each.get("instrument", ""), row.each.get("scale", ""), row.each.get("target", "")), ""
            )
            for row in rows
        ],
        "notes": [_notes(row) for row in rows],
    }
    counts = {
        name: [None if row.cell.withheld and name in _NULLABLE else getattr(row.cell, name) for row in rows]
        for name in ("eligible", "observed", "denominator", "excluded")
    }
    numerator = [
        None if row.cell.withheld or row.cell.numerator is None else int(row.cell.numerator) for row in rows
    ]
    groups = {name: [row.group[at] for row in rows] for at, name in enumerate(by)}
    if totals:
        groups = {name: [str(value) for value in values] for name, values in groups.items()}
    order = [*COLUMNS, *(name for name in EXTRA if name not in by)]
    data: dict[str, Any] = {}
    for name in order:
        if name in words:
            data[name] = words[name]
        elif name in counts:
            data[name] = counts[name]
        elif name == "numerator":
            data[name] = numerator
        elif name == "level":
            data[name] = [level] * len(rows)
        else:
            data[name] = [None if np.isnan(v) else float(v) for v in out[name]]
    data |= {name: [value] * len(rows) for name, value in further.items()}
    if any(row.indicator.kind == "rate" for row in rows):
        data["denominator"] = [None] * len(rows)
        data["member_months"] = [row.cell.months for row in rows]
        data["patients"] = [row.cell.patients for row in rows]
    return _restored(main, groups, data)


def _of_scales(one: Indicator, key: str) -> str | None:
    """What stands under instrument and scale for an indicator over several scales."""
    at = {"instrument": 0, "scale": 1}.get(key)
    if not one.scales or at is None:
        return None
    return " + ".join(dict.fromkeys(name.split(".")[at] for name in one.scales.values()))


def _name(row: FigureRow, by: Sequence[str]) -> str:
    """The definition's id and all that distinguishes this row from the others of its group."""
    shown = {key: value for key, value in row.each.items() if key not in by}
    scale = ".".join(shown[key] for key in ("instrument", "scale") if key in shown)
    return ":".join(part for part in (row.indicator.id, scale, shown.get("target"), row.band) if part)


def _evidence(row: FigureRow) -> str:
    """The weakest mark of what decided here; without a table that says it, that of the scale's own threshold."""
    if row.indicator.evidence_from is None:
        return row.indicator.evidence
    if found := [word for word in MARKS if row.cell.marks.get(word)]:
        return found[-1]
    of_instrument, of_scale = str(row.each.get("instrument")), str(row.each.get("scale"))
    if of_instrument in instruments() and of_scale in instrument(of_instrument).scale_ids:
        scale = instrument(of_instrument).scale(of_scale)
        name = row.indicator.evidence_from.removesuffix("_evidence")
        marks = [one.evidence for one in scale.thresholds if one.id == name or one.id.startswith(f"{name}_")]
        if marks:
            return max(marks, key=MARKS.index)
    return "convention"


def _notes(row: FigureRow) -> str:
    told = [row.indicator.population]
    window = row.indicator.window
    if window is not None and window.pick is not None:
        told.append(f"The measure takes the {window.pick} record of its window.")
        if row.cell.withheld:
            told.append(f"Withheld: {_wanted(window)} (see program.DEPRESSION_TARGETS).")
    if needed := needs_of(row.indicator, row.cell.failed):
        told.append(f"Withheld: needs {'; '.join(needed)}.")
    if row.indicator.note:
        told.append(row.indicator.note)
    return " ".join(told)


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


def _restored(main: Source, groups: Mapping[str, list[Any]], data: Mapping[str, list[Any]]) -> Any:
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
