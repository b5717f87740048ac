"""A table of indicators as rows of counts, and every refusal of what is no such table."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ipm_outcomes.errors import FrameError, ParameterError
from ipm_outcomes.frames._library import plain_value
from ipm_outcomes.frames._stage import refuse_other_stage
from ipm_outcomes.program.suppression._pairs import RATINGS, WHOLE
from ipm_outcomes.stats import intervals

COUNTS = ("numerator", "denominator", "observed", "eligible")  # narrowest first: the usual nesting
RATES = ("estimate", "lower", "upper")
COLUMNS = ("indicator", *COUNTS, *RATES, "level", "method", "suppressed", "source")
PATIENTS = "patients"
"""Column of a table of rates: who is behind a numerator of events."""
SIDES = ("before", "after")
OF_SIDES = tuple(f"{name} {side}" for name in ("numerator", PATIENTS) for side in SIDES)
"""What the ratio of two rates rests on: the counts of their rows."""
TOTAL = "all"
_PLACE = ("definition", "band", "instrument", "scale", "target")
_FAR = 10**9  # far beyond any number of patients
_TINY = 1e-6


@dataclass
class TableRow:
    """One row of the table."""

    position: int
    indicator: str
    key: tuple[Any, ...]  # None = total over that column
    counts: dict[str, int]  # what is a count of people
    definition: str | None = None
    band: str | None = None
    about: tuple[str | None, ...] = (None, None, None)  # instrument, scale, target
    rules: str = ""
    rated: bool = False  # has a share of the two counts
    other: bool = False  # numerator or denominator that is a number but not a count
    net: bool = False  # a Net Promoter score: no share of people
    closed: bool = False  # figures that no counts were found for: never shown
    cells: dict[str, int] = field(default_factory=dict)  # column -> cell of the system


def shown(value: object) -> str:
    return repr(value) if isinstance(value, (int, float)) else f"a {type(value).__name__}"


def frame_of(table: Any) -> Any:
    import narwhals as nw

    try:
        frame = nw.from_native(table)
        names = list(frame.collect_schema().names())
    except Exception as error:
        raise FrameError(
            "table: expected a pandas, Polars or PyArrow table with distinct column names, got a "
            f"{type(table).__name__}"
        ) from error
    if not isinstance(frame, nw.DataFrame):
        raise FrameError(
            "table: a lazy table; collect it first, the whole of it is needed to protect any cell"
        )
    if len(set(names)) != len(names):
        raise FrameError("table: column names occur twice; rename them")
    return frame


def columns_of(frame: Any, by: Sequence[str] | None, keep: Sequence[str]) -> list[str]:
    names = frame.columns
    missing = [name for name in COLUMNS if name not in names]
    if missing:
        refuse_other_stage(names, "figures", COLUMNS, "table")
        raise FrameError(
            f"table: missing column(s) {', '.join(missing)}; give the table made by program.table"
        )
    groups: Sequence[str] = names[: names.index("indicator")] if by is None else by
    for argument, given in (("by", groups), ("keep", keep)):
        if isinstance(given, str):
            raise ParameterError(f"{argument}: a sequence of column names, not one string; write [{given!r}]")
        if not isinstance(given, Iterable):
            raise ParameterError(f"{argument}: a sequence of column names, not {shown(given)}")
        for name in given:
            if name not in names or name in COLUMNS:
                raise ParameterError(f"{argument}: not a grouping or extra column of the table: {name!r}")
    return list(groups)


def cells_of(frame: Any, name: str) -> list[Any]:
    """A column as plain Python values, None for every kind of missing."""
    return [plain_value(value) for value in frame[name].to_list()]


def rows_of(frame: Any, by: list[str]) -> list[TableRow]:
    more = [name for name in ("excluded", "rules", *_PLACE) if name in frame.columns]
    beside = ["excluded", *([PATIENTS] if {PATIENTS, "member_months"} <= set(frame.columns) else [])]
    wanted = dict.fromkeys(
        (*by, "indicator", *COUNTS, *RATES, "level", "method", "suppressed", *more, *beside[1:])
    )
    values = {name: cells_of(frame, name) for name in wanted}
    texts = {name: _texts(values[name]) for name in ("rules", *_PLACE) if name in values}
    nothing: list[str | None] = [None] * len(frame)
    places = list(zip(*(texts.get(name, nothing) for name in _PLACE), strict=True))
    rules = texts.get("rules", nothing)
    groups = [(values[name], any(isinstance(v, str) and v == TOTAL for v in values[name])) for name in by]
    rows: list[TableRow] = []
    seen: dict[tuple[Any, ...], int] = {}
    for position in range(len(frame)):
        before = values["suppressed"][position]
        if before not in (None, "", False):
            raise FrameError(f"row {position}: already suppressed; give the table as it was before")
        indicator = values["indicator"][position]
        if not isinstance(indicator, str) or not indicator:
            raise FrameError(f"row {position}, column 'indicator': a name is needed, got {shown(indicator)}")
        key = tuple(_group(column[position], total) for column, total in groups)
        if (indicator, key) in seen:
            raise FrameError(
                f"rows {seen[indicator, key]} and {position}: same group and indicator; name every grouping column "
                "in `by`"
            )
        seen[indicator, key] = position
        definition, band, *about = places[position]
        row = TableRow(position, indicator, key, {}, definition, band, tuple(about), rules[position] or "")
        row.net = values["method"][position] == "adjusted wald"
        for name in (*COUNTS, *beside):
            value: Any = values[name][position] if name in values else None
            if type(value) is int and 0 <= value < _FAR and not row.net:
                row.counts[name] = value
                continue
            if value is None:
                continue
            if isinstance(value, bool) or not isinstance(value, (int, float)):
                raise FrameError(f"row {position}, column {name!r}: a count is needed, got {shown(value)}")
            if abs(value) == float("inf"):
                raise FrameError(f"row {position}, column {name!r}: an infinite count")
            whole = abs(value) < _FAR and value == int(value)
            if whole and value >= 0 and not (row.net and name == "numerator"):
                row.counts[name] = int(value)
            elif name in ("eligible", "observed", *beside) or (name == "denominator" and not value >= 0):
                raise FrameError(f"row {position}, column {name!r}: {value} is not a count of people")
            else:
                row.other = True
        excluded = row.counts.pop("excluded", None)
        if excluded is not None and "eligible" in row.counts:
            row.counts[WHOLE] = row.counts["eligible"] + excluded
        if row.net:
            _read_ratings(row, {name: values[name][position] for name in ("numerator", *RATES, "level")})
        row.rated = (
            not (row.net or row.other or values["estimate"][position] is None) and "numerator" in row.counts
        )
        rows.append(row)
    _of_ratios(rows)
    # The order of the rows must not decide what is hidden.
    return sorted(rows, key=lambda row: (row.indicator, [(k is None, str(k)) for k in row.key]))


def _texts(values: list[Any]) -> list[str | None]:
    """Texts, or nothing where there is none."""
    return [None if value in (None, "") else str(value) for value in values]


def _of_ratios(rows: list[TableRow]) -> None:
    """Give the ratio of two rates the counts of both: with one of them it would give the other away."""
    place = {(row.definition, row.band, row.key, row.about[2]): row for row in rows}
    for row in rows:
        if PATIENTS in row.counts and row.about[2] not in (None, *SIDES):
            for side in SIDES:
                other = place.get((row.definition, row.band, row.key, side))
                for name in ("numerator", PATIENTS):
                    if other is not None and name in other.counts:
                        row.counts[f"{name} {side}"] = other.counts[name]


def _read_ratings(row: TableRow, figures: dict[str, Any]) -> None:
    """The promoters, passives and detractors who alone give this score and interval."""
    n = row.counts.get("denominator", 0)
    low, high, level, estimate = (
        None if figures[name] is None else float(figures[name])
        for name in ("lower", "upper", "level", "estimate")
    )
    if n == 0 and estimate is None:
        row.counts |= dict.fromkeys(RATINGS, 0)
        return
    row.closed = True
    if estimate is None or low is None or high is None or level is None or not 0 < level < 1:
        return
    net = round(estimate * n / 100)
    if abs(net) > n or abs(estimate - 100 * net / max(n, 1)) > _TINY:
        return
    detractors = np.arange(max(0, -net), (n - net) // 2 + 1)
    promoters = detractors + net
    passives = n - promoters - detractors
    lower, upper = intervals.nps(promoters, passives, detractors, level=level)
    (fitting,) = np.nonzero((np.abs(lower - low) < _TINY) & (np.abs(upper - high) < _TINY))
    if len(fitting) == 1:
        row.closed = False
        parts = (promoters, passives, detractors)
        row.counts |= {name: int(part[fitting[0]]) for name, part in zip(RATINGS, parts, strict=True)}


def _group(value: Any, has_total_word: bool) -> Any:
    if isinstance(value, str) and value == TOTAL:
        return None
    if value is None:
        return ("no group",) if has_total_word else None
    return value


def families_of(parts: Iterable[Sequence[str]], rows: list[TableRow]) -> list[tuple[str, ...]]:
    known = {row.indicator for row in rows}
    if not isinstance(parts, Iterable):
        raise ParameterError(f"parts: sequences of indicators, not {shown(parts)}")
    families = [tuple(f) if isinstance(f, Iterable) and not isinstance(f, str) else (f,) for f in parts]
    for family in families:
        if len(family) < 2:
            raise ParameterError("parts: each family is a sequence of at least two indicators")
        for name in family:
            if name not in known:
                raise ParameterError(f"parts: the table has no indicator {name!r}")
    return families
