"""Estimates, intervals and the table that comes out."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

import numpy as np

from ipm_outcomes.catalog import instrument, instruments
from ipm_outcomes.frames._frame import Frame
from ipm_outcomes.frames._library import Column, Floats, Ints, Whole
from ipm_outcomes.program._columns import COLUMNS, EXTRA, KEYS, MARKS
from ipm_outcomes.program._described import Described
from ipm_outcomes.program._figure_rows import FigureRows, Label
from ipm_outcomes.program._requirements import needs_of
from ipm_outcomes.program._rules import Place
from ipm_outcomes.program.indicators import Indicator, Window
from ipm_outcomes.stats import intervals

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


def _estimates(rows: FigureRows, level: float) -> dict[str, Floats]:
    """Estimates with limits and what goes with them; NaN where there is nothing."""
    indicator, numbers, withheld = rows.indicator, rows.numbers, rows.withheld
    out = {name: np.full(len(rows), np.nan) for name in ("estimate", "lower", "upper", "sd", "worst", "best")}
    n = np.where(withheld, 0.0, numbers["denominator"])
    some = n > 0
    if indicator.kind in READY:
        if rows.ready is not None:
            out["estimate"], out["lower"], out["upper"] = rows.ready.T
        return out
    if indicator.kind in ("proportion", "distribution", "events"):
        x = np.where(withheld, 0.0, numbers["numerator"])
        out["estimate"] = np.divide(x, n, out=out["estimate"], where=some)
        out["lower"], out["upper"] = intervals.proportion(x, n, level=level)
        if indicator.bounds is not False:  # where nobody could be judged there is nothing to bound
            # Who was not observed is in the denominator already where that counts as not met.
            lost = numbers.get("lost", numbers["eligible"] - numbers["observed"])
            possible = 0.0 if indicator.missing == "not_needed" else numbers.get("possible", lost)
            whole = np.where(some, n + (lost if indicator.missing == "complete_case" else 0.0), np.nan)
            out["worst"], out["best"] = x / whole, (x + possible) / whole
    elif indicator.kind == "mean":
        out["estimate"] = np.where(some, numbers["mean"], np.nan)
        out["sd"] = np.where(n > 1, numbers["sd"], np.nan)
        out["lower"], out["upper"] = intervals.mean(out["estimate"], out["sd"], n, level=level)
    elif indicator.kind == "nps":
        up, down = (np.where(withheld, 0.0, numbers[name]) for name in ("promoters", "detractors"))
        out["estimate"] = np.where(some, 100 * (up - down) / np.where(some, n, 1.0), np.nan)
        out["lower"], out["upper"] = intervals.nps(up, n - up - down, down, level=level)
    else:
        sums = [np.where(withheld, 0.0, numbers[name]) for name in ("a", "p", "aa", "ap", "pp", "episodes")]
        out["estimate"], out["lower"], out["upper"] = _ratio(sums, level)
    return out


def _ratio(sums: Sequence[Floats], level: float) -> tuple[Any, Any, Any]:
    """A ratio of two sums over episodes: sessions of one patient are not independent, episodes are."""
    a, p, aa, ap, pp, n = sums
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


def _unit(rows: FigureRows, row: int) -> str:
    rate = rows.indicator.rate
    if rate is None:
        return _UNITS[rows.indicator.kind]
    return "rate ratio" if np.isnan(rows.of_all("months")[row]) else f"per {rate.per:,} member-months"


def result_table(
    main: Described,
    rows: Sequence[FigureRows],
    by: Sequence[str],
    level: float,
    totals: bool,
    further: Mapping[str, str | None] = MappingProxyType({}),
    rules: Mapping[Place, str] = MappingProxyType({}),
) -> Any:
    """The table of figures: counts, estimates with limits, and what each row is, in words."""
    groups: list[tuple[Any, ...]] = []
    words: list[tuple[str | None, ...]] = []
    of_group, of_words = [np.empty(0, np.int64)], [np.empty(0, np.int64)]
    parts: dict[str, list[Floats]] = {name: [np.empty(0)] for name in _NUMBERS}
    for own in rows:
        formed, place = _words(own, by, rules)
        of_words.append(place + len(words))
        words += formed
        of_group.append(own.group + len(groups))
        groups += own.groups
        for name, values in {**_counts(own), **_estimates(own, level)}.items():
            parts[name].append(values)
    word = np.concatenate(of_words)
    texts = {name: [row[place] for row in words] for place, name in enumerate(_WORDS)}
    texts |= {name: [value] * len(words) for name, value in further.items()}
    numbers = {name: np.concatenate(values) for name, values in parts.items()}
    numbers["level"] = np.full(len(word), level)
    names = [*COLUMNS, *(name for name in EXTRA if name not in by), *further]
    if any(own.indicator.kind == "rate" for own in rows):
        numbers["denominator"][:] = np.nan
        names += ["member_months", "patients"]
    held, group = np.unique(np.concatenate(of_group), return_inverse=True)
    by_group = {
        name: [groups[held_group][place] for held_group in held.tolist()] for place, name in enumerate(by)
    }
    if totals:
        by_group = {name: [str(value) for value in values] for name, values in by_group.items()}
    kept = [name for name, values in by_group.items() if _typed(main.schema[name], values)]
    face = Frame(_without_rows(main.given, kept))
    made = face.gathered(texts, word) | {name: _NUMBERS[name](values) for name, values in numbers.items()}
    return face.make(face.gathered(by_group, group, kept) | {name: made[name] for name in names})


def _whole(values: Floats) -> Whole:
    """Whole numbers, null for NaN."""
    null = np.isnan(values)
    return Whole(np.where(null, 0, values).astype(np.int64), null)


_NUMBERS: dict[str, Callable[[Floats], Column]] = {
    **dict.fromkeys(("eligible", "excluded"), lambda values: values.astype(np.int64)),
    **dict.fromkeys(("numerator", "observed", "denominator", "patients"), _whole),
    **dict.fromkeys(
        ("estimate", "lower", "upper", "level", "sd", "worst", "best", "member_months"), lambda values: values
    ),
}
"""Columns that hold no text, each with what its numbers become."""


def _counts(rows: FigureRows) -> dict[str, Floats]:
    """Numbers of people and months; of a measure that cannot be counted only who is in the population."""
    counts = {name: rows.numbers[name] for name in ("eligible", "excluded")}
    for name in ("observed", "denominator", "numerator"):
        counts[name] = np.where(rows.withheld, np.nan, rows.numbers[name])
    return {**counts, "patients": rows.of_all("patients"), "member_months": rows.of_all("months")}


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
    rows: FigureRows, by: Sequence[str], rules: Mapping[Place, str]
) -> tuple[list[tuple[str | None, ...]], Ints]:
    """What rows are, in words, once for those that differ in their group alone; and which words each row has."""
    kinds = rows.label
    for flags in (*rows.failed.values(), *rows.marks.values(), rows.withheld):
        kinds = kinds * 2 + (flags > 0)
    _, first, kind_of = np.unique(kinds, return_index=True, return_inverse=True)
    return [_words_of(rows, row, by, rules) for row in first.tolist()], kind_of


def _words_of(
    rows: FigureRows, row: int, by: Sequence[str], rules: Mapping[Place, str]
) -> tuple[str | None, ...]:
    indicator, label = rows.indicator, rows.labels[rows.label[row]]
    place = tuple(label.each.get(key, "") for key in KEYS)
    return (
        _name(indicator, label, by),
        rows.method or {**_METHODS, **READY}[indicator.kind],
        "",
        indicator.cites,
        indicator.id,
        indicator.title,
        *(label.each.get(key) or _of_scales(indicator, key) for key in KEYS),
        label.band,
        _unit(rows, row),
        indicator.direction,
        indicator.missing,
        _evidence(indicator, label, [mark for mark in MARKS if mark in rows.marks and rows.marks[mark][row]]),
        rules.get((place[0], place[1], place[2]), ""),
        _notes(indicator, rows.withheld[row], {id: failed[row] for id, failed in rows.failed.items()}),
    )


def _of_scales(indicator: Indicator, key: str) -> str | None:
    """What stands under instrument and scale for an indicator over several scales."""
    position = {"instrument": 0, "scale": 1}.get(key)
    if not indicator.scales or position is None:
        return None
    return " + ".join(dict.fromkeys(name.split(".")[position] for name in indicator.scales.values()))


def _name(indicator: Indicator, label: Label, by: Sequence[str]) -> str:
    """The definition's id and all that distinguishes a row from the others of its group."""
    shown = {key: value for key, value in label.each.items() if key not in by}
    scale = ".".join(shown[key] for key in ("instrument", "scale") if key in shown)
    return ":".join(part for part in (indicator.id, scale, shown.get("target"), label.band) if part)


def _evidence(indicator: Indicator, label: Label, marks: Sequence[str]) -> str:
    """The weakest mark of what decided here; without a table that says it, that of the scale's own threshold."""
    if indicator.evidence_from is None:
        return indicator.evidence
    if marks:
        return marks[-1]
    instrument_id, scale_id = str(label.each.get("instrument")), str(label.each.get("scale"))
    if instrument_id in instruments() and scale_id in instrument(instrument_id).scale_ids:
        scale = instrument(instrument_id).scale(scale_id)
        name = indicator.evidence_from.removesuffix("_evidence")
        marks = [
            threshold.evidence
            for threshold in scale.thresholds
            if threshold.id == name or threshold.id.startswith(f"{name}_")
        ]
        if marks:
            return max(marks, key=MARKS.index)
    return "convention"


def _notes(indicator: Indicator, withheld: bool, failed: Mapping[str, int]) -> str:
    notes = [indicator.population]
    window = indicator.window
    if window is not None and window.pick is not None:
        notes.append(f"The measure takes the {window.pick} record of its window.")
        if withheld:
            notes.append(f"Withheld: {_wanted(window)} (see program.DEPRESSION_TARGETS).")
    if needed := needs_of(indicator, failed):
        notes.append(f"Withheld: needs {'; '.join(needed)}.")
    if indicator.note:
        notes.append(indicator.note)
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


def _typed(dtype: Any, values: Sequence[Any]) -> bool:
    """Whether groups come back in the type of their column."""
    import narwhals as nw

    typed = dtype.is_numeric() or dtype in (nw.Boolean, nw.Date, nw.Datetime, nw.Time, nw.Duration, nw.Binary)
    return typed and not any(isinstance(value, str) for value in values)


def _without_rows(given: Any, kept: Sequence[str]) -> Any:
    """The caller's frame emptied: it still says its kind, and is collected at no cost."""
    if type(given).__name__ == "LazyFrame":
        return given.clear()  # older versions of Polars compute every column for head(0)
    if type(given).__name__ == "DuckDBPyRelation":
        # Columns of a relation keep their types, into which not every text of the result can be put.
        quoted = ('"' + name.replace('"', '""') + '"' for name in kept)
        return given.limit(0).project(", ".join(quoted) or "'' AS indicator")
    return given.head(0) if hasattr(given, "head") else given.slice(0, 0)
