"""Indicators from the table of changes: counted by the frame's own engine, then statistics on a small table.

Each indicator's conditions become expressions of the engine (through narwhals), one group-by per set of keys
forms all counts and sums, and only those few numbers come back to Python. Missing values are made explicit
first: a condition is compiled to the pair "true" and "false", and a missing value is neither.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field, replace
from decimal import Decimal
from functools import cached_property
from os import PathLike
from types import MappingProxyType
from typing import Any

import numpy as np

from ipm_outcomes._fence import fenced
from ipm_outcomes.catalog import instrument, instruments
from ipm_outcomes.errors import FrameError, ParameterError
from ipm_outcomes.frames._blank import with_answers
from ipm_outcomes.frames._frame import Frame
from ipm_outcomes.program._day_numbers import date_parts, day_number, rest
from ipm_outcomes.program._requirements import (
    needs_of,
    row_columns,
    row_exclusions,
    settled,
    with_days,
)
from ipm_outcomes.program._rules import rules
from ipm_outcomes.program.indicators import (
    SIDES,
    Bounds,
    Condition,
    Indicator,
    Window,
    indicator,
    indicators,
    read_indicator,
)
from ipm_outcomes.stats import intervals
from ipm_outcomes.stats.arguments import level_of

ALL = "all"
"""The word in the grouping columns of a total."""
NOT_RECORDED = "not recorded"
WINDOW_OPEN = "window_open"
"""Column of the table of changes, and the reason it gives, for a follow-up whose window still runs."""

COLUMNS = (
    "indicator",
    "eligible",
    "observed",
    "numerator",
    "denominator",
    "estimate",
    "lower",
    "upper",
    "level",
    "method",
    "suppressed",
    "source",
)
EXTRA = (
    "definition",
    "title",
    "instrument",
    "scale",
    "target",
    "band",
    "unit",
    "direction",
    "missing",
    "excluded",
    "sd",
    "worst",
    "best",
    "evidence",
    "rules",
    "notes",
)
_KEYS = ("instrument", "scale", "target")
_FITS = "__fits"
_MARKS = ("given", "2+", "1", "derived", "unverified", "convention")
"""What a column of evidence can hold, the weakest last."""


@fenced
def table(
    changes: Any = None,
    *,
    by: Sequence[str] = (),
    indicators: Iterable[str | PathLike[str] | Indicator] | None = None,
    scores: Any = None,
    episodes: Any = None,
    opioids: Any = None,
    level: float = 0.95,
    totals: bool = False,
) -> Any:
    """Count indicators: one row per group and indicator, with an interval.

    Parameters
    ----------
    changes : data frame
        The table of changes (pandas, Polars eager or lazy, PyArrow, DuckDB): one row per patient, episode,
        scale and target. It may be left out where another table is given.
    by : sequence of str
        Grouping columns, such as ``["site"]``. ``instrument``, ``scale`` and ``target`` may be among them.
    indicators : ids, paths or `Indicator` objects, optional
        Which; by default all on the shelf that apply to the data: those whose columns and scales are there.
        An indicator asked for by name raises where its columns are missing, and is told where nothing can be
        decided.
    scores : data frame, optional
        Tidy scores, for indicators that need no pairs (Net Promoter, self-harm flags).
    episodes : data frame, optional
        One row per episode of care, for indicators of how care was taken up.
    opioids : data frame, optional
        Doses of opioids: the result of `ipm_outcomes.opioids.summary` or `ipm_outcomes.opioids.compare`. One row per
        patient and group: several periods or denominators belong in ``by``.
    level : float
        Confidence level of the intervals.
    totals : bool
        Also give the rows of all groups together; their grouping columns then hold ``"all"``.

    Returns
    -------
    data frame of the same kind
        The ``by`` columns (as text when ``totals`` is set), then ``indicator, eligible, observed, numerator,
        denominator`` (whole numbers; no numerator for a mean; all but ``eligible`` null where a measure cannot
        be counted from this table, and ``notes`` says what it needs), ``estimate, lower, upper`` (float64; null
        where there is nothing to estimate from), ``level, method, suppressed`` (empty), ``source``; then
        ``definition`` (its id), ``title, instrument, scale, target, band, unit, direction, missing, excluded``
        (in the population, but excluded), ``sd`` (of a mean), ``worst, best`` (the share if none, or all, of
        those not observed who could have counted had counted), ``evidence`` (the weakest mark of what decided
        in this row), ``rules`` (the limits of the table of changes that decided: ``important_points=5; cutoff=10``),
        ``notes``. ``indicator`` is the id of the
        definition and, behind colons, the scale, the target and the band, as far as they are not in ``by``:
        ``responder_30:peg.mean:6 months``. A group without patients keeps its row.

    Raises
    ------
    FrameError
        No kind of frame that can be worked on; a column is missing, doubled or of the wrong type; two rows
        for one patient, episode, scale and target.
    UnknownNameError, DefinitionError
        An indicator that does not exist, or whose file does not hold together.
    ParameterError
        An argument outside what it may be.

    References
    ----------
    Wilson, JASA 1927;22:209-212 (shares); Student, Biometrika 1908;6:1-25 (means); Rocks, Am Stat
    2016;70:365-372 (adjusted Wald for Net Promoter); Cochran, Sampling Techniques, 3rd ed. 1977, chapter 6
    (ratio of sums).

    >>> import polars as pl
    >>> from ipm_outcomes import program
    >>> changes = pl.DataFrame({
    ...     "patient_id": [1, 2, 3], "episode": [1, 1, 1], "instrument": ["peg"] * 3, "scale": ["mean"] * 3,
    ...     "target": ["6 months"] * 3, "baseline": [6.0, 5.0, 7.0], "followup": [4.0, 5.0, None],
    ...     "responder_30": [True, False, None], "reason": [None, None, "no_follow_up"],
    ... })
    >>> found = program.table(changes, indicators=["responder_30"])
    >>> found.select("indicator", "eligible", "observed", "numerator", "denominator", "estimate").row(0)
    ('responder_30:peg.mean:6 months', 3, 2, 1, 2, 0.5)
    """
    level = level_of(level)
    by = names(by)
    sources = {
        name: _Source(name, data)
        for name, data in (
            ("changes", changes),
            ("scores", scores),
            ("episodes", episodes),
            ("opioids", opioids),
        )
        if data is not None
    }
    if not sources:
        raise FrameError(
            "changes: a table is needed to count from: changes, scores, episodes or opioids, not None"
        )
    main = next(iter(sources.values()))
    main.require(by, "by")
    _refuse_repeats(main)
    if clash := [name for name in by if name in (*COLUMNS, *EXTRA) and name not in _KEYS]:
        raise FrameError(f"by: the result has a column {clash[0]!r} of its own; rename the column")
    asked = indicators is not None
    chosen = [
        one
        for given in (_chosen(indicators) if indicators is not None else _shelf())
        if _applies(one := _settled(given, sources, asked), sources, by, asked)
    ]
    _refuse_inner(chosen, by)
    if any(one.uses == "opioids" for one in chosen):
        _refuse_repeated_patients(sources["opioids"], by)
    counted = _count(chosen, sources, by)
    groups = _groups(sources, by, {one.uses for one in chosen})
    if totals and any(ALL in map(str, group) for group in groups):
        raise FrameError(f"by: a group bears the name {ALL!r}, which stands for the total; rename it")
    rows = [
        row for one in chosen for row in counted[one.id].rows(one, groups, by, asked, totals and bool(by))
    ]
    return _result(main, rows, by, level, totals, rules=rules(main.frame, main.schema))


def result(
    data: Any, name: str, rows: Sequence[Row], by: Sequence[str], level: float, **words: str | None
) -> Any:
    """The table of rows that were counted elsewhere, in the kind of frame that ``data`` is.

    ``words`` are further columns that hold one text throughout.
    """
    return _result(_Source(name, data), rows, by, level, False, words)


def names(by: Sequence[str]) -> list[str]:
    """The grouping columns, if they can be that."""
    if isinstance(by, str):
        raise ParameterError(f"by: a list of column names, not one string; write [{by!r}]")
    if not isinstance(by, Iterable):
        raise ParameterError(f"by: a list of column names, not a {type(by).__name__}")
    names = list(by)
    if not all(isinstance(name, str) for name in names):
        raise ParameterError("by: the names of columns, as text")
    if len(set(names)) != len(names):
        raise ParameterError("by: a column is named twice")
    return names


_INNER = re.compile(
    r"__(?:[tsvrx][0-9]+|band|one|fits|year|month|day|length|middle|followed|begins|ends)"
)  # what `_Work` makes


def _refuse_inner(chosen: Sequence[Indicator], by: Sequence[str]) -> None:
    """A grouping column must not bear the name of one that is made while counting."""
    inner = {"in_window"} if any(one.window for one in chosen) else set()
    for one in chosen:
        inner |= {f"{key}_{part}" for key in one.scales for part in SIDES}
    if clash := [name for name in by if name in inner or _INNER.fullmatch(name)]:
        raise FrameError(f"by: the name {clash[0]!r} is one that the counting itself uses; rename the column")


def _refuse_repeats(changes: _Source) -> None:
    """A row that stands twice would count its patient twice."""
    import narwhals as nw

    key = ["patient_id", "episode", *_KEYS]
    if any(name not in changes.schema for name in key):
        return
    counted = changes.frame.select(*key).group_by(key).agg(nw.len().alias("rows"))
    most = _small(counted.select(nw.col("rows").max()))
    if (most["rows"][0] or 0) > 1:
        raise FrameError(
            f"changes: up to {most['rows'][0]} rows for one patient, episode, scale and target; keep one of them, or "
            "the patient is counted more than once"
        )


def _refuse_repeated_patients(opioids: _Source, by: Sequence[str]) -> None:
    """A patient with several periods, or doses by several definitions, must not count for each of them."""
    import narwhals as nw

    key = list(dict.fromkeys(["patient_id", *by]))
    opioids.require(["patient_id"], "opioids")
    counted = opioids.frame.select(*key).group_by(key).agg(nw.len().alias("rows"))
    most = _small(counted.select(nw.col("rows").max()))
    if (most["rows"][0] or 0) > 1:
        raise FrameError(
            f"opioids: up to {most['rows'][0]} rows for one patient in a group; keep one period and one denominator, "
            'or give by=["period", "mme_by"]'
        )


def _shelf() -> list[Indicator]:
    return [one for id in indicators() if (one := indicator(id)).kind != "events"]


def _chosen(wanted: Iterable[str | PathLike[str] | Indicator]) -> list[Indicator]:
    if isinstance(wanted, (str, PathLike, Indicator)):
        wanted = [wanted]
    if not isinstance(wanted, Iterable):
        raise ParameterError(
            f"indicators: ids, paths of TOML files or Indicator objects, not a {type(wanted).__name__}"
        )
    found: list[Indicator] = []
    for one in wanted:
        if isinstance(one, Indicator):
            found.append(one)
        elif isinstance(one, str) and not one.endswith(".toml"):
            found.append(indicator(one))
        elif isinstance(one, (str, PathLike)):
            found.append(read_indicator(one))
        else:
            raise ParameterError(
                f"indicators: ids, paths of TOML files or Indicator objects, not a {type(one).__name__}"
            )
    if doubled := [one.id for at, one in enumerate(found) if one.id in {o.id for o in found[:at]}]:
        raise ParameterError(f"indicators: {doubled[0]!r} is named twice")
    if events := [one.id for one in found if one.kind == "events"]:
        raise ParameterError(f"indicators: {events[0]!r} works on dated events; use program.measure")
    return found


# ---- the tables that come in ---------------------------------------------------------------------


class _Source:
    """One of the tables, in the form that its own engine works on."""

    def __init__(self, name: str, data: Any) -> None:
        import narwhals as nw

        self.name = name
        self.given = data
        self.empty: set[str] = set()
        self.days: set[str] = set()  # dates that pandas held as objects
        self.pandas = False
        lazy = type(data).__name__ in ("LazyFrame", "DuckDBPyRelation")
        if lazy and hasattr(data, "to_native"):
            data = self.given = data.to_native()
        if lazy:
            native = data
        else:
            frame = Frame(data)
            if doubled := [n for n in frame.names if frame.names.count(n) > 1]:
                raise FrameError(f"{name}: the column {doubled[0]!r} stands more than once; keep one")
            # A Polars frame is worked on lazily, so that its engine sees the whole task at once.
            native = frame.native.lazy() if frame.kind == "polars" else frame.native
            self.pandas = frame.kind == "pandas"
            if self.pandas:
                native, self.empty, self.days = _typed_pandas(native)
            self.given = frame.given
        self.frame: Any = nw.from_native(native)
        if name == "scores":
            self.frame = with_answers(self.frame)
        self.schema: dict[str, Any] = dict(self.frame.collect_schema())

    def require(self, names: Sequence[str], told: str) -> None:
        """Refuse a table without these columns."""
        if absent := [name for name in names if name not in self.schema]:
            raise FrameError(
                f"{told}: the table of {self.name} has no column {', '.join(map(repr, absent))}; "
                f"it has {', '.join(self.schema)}"
            )

    def kind_of(self, column: str) -> str:
        """What a column holds: number, truth, word, date, nothing (no value at all) or other."""
        import narwhals as nw

        dtype = self.schema[column]
        if column in self.empty:
            return "nothing"
        if dtype.is_numeric():
            return "number"
        if dtype == nw.Boolean:
            return "truth"
        if dtype in (nw.String, nw.Categorical, nw.Enum):
            return "word"
        if dtype == nw.Date or dtype == nw.Datetime:
            return "date"
        return "nothing" if dtype == nw.Unknown else "other"

    def without_values(self, column: str) -> bool:
        """Whether no row has a value: a file leaves such a column in a type of its own choosing."""
        import narwhals as nw

        if column not in self.empty and self.schema[column] != nw.Unknown:
            values = nw.col(column)
            if self.schema[column].is_float():
                values = values.fill_nan(None)
            there = self.frame.select((~values.is_null()).cast(nw.Int64).sum().alias("there"))
            if _small(there)["there"][0]:
                return False
            self.empty.add(column)
        return True

    def fits(self, column: str, wanted: str) -> bool:
        """Whether the column can be read as values of this kind; dates and truth values also from text."""
        import narwhals as nw

        kind = self.kind_of(column)
        if wanted == "any" or kind in (wanted, "nothing") or self.without_values(column):
            return True
        if kind != "word" or wanted not in ("date", "truth"):
            return False
        text = nw.col(column).cast(nw.String)
        good = text.str.contains(_DATE) if wanted == "date" else text.is_in([*_TRUE, *_FALSE])
        bad = (~text.is_null() & ~good.fill_null(False)).cast(nw.Int64).sum().alias("bad")
        return not _small(self.frame.select(bad))["bad"][0]

    def plain(self, columns: Mapping[str, str]) -> Any:
        """The frame with these columns in plain types, NaN as null, and nothing else.

        Dates that are text stay text, of the form that `_with_windows` reads.
        """
        import narwhals as nw

        frame = self.frame
        types: dict[str, Any] = {
            "number": nw.Float64,
            "truth": nw.Boolean,
            "word": nw.String,
            "date": nw.Date,
        }
        made = []
        for name, wanted in columns.items():
            column, kind = nw.col(name), self.kind_of(name)
            if kind == "nothing":
                dtype = types.get(wanted, nw.String)
                if self.pandas:
                    frame = frame.with_columns(_nothing(frame, name, wanted))
                else:
                    column = nw.lit(None, dtype=dtype).alias(name)
            elif kind == "word" and wanted == "truth":
                text = column.cast(nw.String)
                yes = nw.when(text.is_in(list(_TRUE))).then(nw.lit(1))
                column = (yes.otherwise(nw.when(text.is_in(list(_FALSE))).then(nw.lit(0))) == 1).alias(name)
            elif kind == "word" and self.schema[name] != nw.String:
                column = column.cast(nw.String)
            elif kind == "number" and self.schema[name].is_float():
                column = column.fill_nan(None)
            elif kind == "number" and wanted == "number" and self.schema[name].is_decimal():
                column = column.cast(nw.Float64)
            made.append(column)
        return frame.select(*made)


_TIME = r"(?:[T ][0-9:.]+(?:Z|[+-][0-9:]+)?)?"
_DATE = rf"^[0-9]{{4}}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12][0-9]|3[01]){_TIME}$"
_TRUE, _FALSE = ("true", "True", "TRUE"), ("false", "False", "FALSE")


def _nothing(frame: Any, name: str, wanted: str) -> Any:
    """A pandas column without values in a dtype that knows missing; a plain literal would be all False."""
    import narwhals as nw

    pd = sys.modules["pandas"]
    dtype = {"number": "float64", "truth": "boolean", "date": "datetime64[s]"}.get(wanted, "string")
    missing = pd.NA if dtype in ("boolean", "string") else None
    made = pd.Series(missing, index=frame.to_native().index, dtype=dtype, name=name)
    return nw.from_native(made, series_only=True)


def _typed_pandas(data: Any) -> tuple[Any, set[str], set[str]]:
    """Object columns of truth values or dates in a dtype that knows missing.

    Also the names of those without any value, and of those of dates.
    """
    pd = sys.modules["pandas"]
    kinds = {
        name: pd.api.types.infer_dtype(data[name], skipna=True)
        for name in data.columns
        if data[name].dtype == object
    }
    dtypes = {"boolean": "boolean", "date": "datetime64[s]"}
    changed = {name: dtypes[kind] for name, kind in kinds.items() if kind in dtypes}
    empty, days = ({n for n, kind in kinds.items() if kind == told} for told in ("empty", "date"))
    return data.astype(changed) if changed else data, empty, days


def _settled(one: Indicator, sources: Mapping[str, _Source], asked: bool) -> Indicator:
    """The indicator with its requirements and bounds as this table can tell them."""
    source = sources.get(one.uses)
    return (
        one
        if source is None
        else settled(one, lambda name, kind: name in source.schema and source.fits(name, kind), asked)
    )


def _needs(one: Indicator, source: _Source, by: Sequence[str]) -> dict[str, str]:
    """Every column of the source that an indicator reads, with the kind of value."""
    needs = dict.fromkeys(by, "any")
    needs |= dict.fromkeys((key for key in _KEYS if key in one.each), "word")
    if one.scales:
        needs |= {"patient_id": "any", "episode": "any"}
        needs |= {"instrument": "word", "scale": "word", "target": "word"}
        needs |= dict.fromkeys(SIDES, "number")
    else:
        for column, kind in one.columns():
            if column != WINDOW_OPEN and (column != "in_window" or one.window is None):
                needs[column] = kind if needs.get(column, "any") == "any" else needs[column]
        if one.window:
            needs |= {"baseline_date": "date", "followup_date": "date"}
            if one.window.pick:
                needs |= {"window_from": "date", "window_to": "date", "followup_pick": "word"}
        if one.once:
            needs |= {"patient_id": "any"} | ({"episode": "any"} if "episode" in source.schema else {})
        if one.evidence_from in source.schema:
            needs |= {str(one.evidence_from): "word"}
    needs |= {name: kind for name, kind in row_columns(one).items() if needs.get(name, "any") == "any"}
    if one.uses == "changes" and any(column == WINDOW_OPEN for column, _ in one.columns()):
        # A table without the column (one made by hand) still tells it by its reasons.
        needs |= {WINDOW_OPEN: "truth"} if WINDOW_OPEN in source.schema else {"reason": "word"}
    return needs


def _applies(one: Indicator, sources: Mapping[str, _Source], by: Sequence[str], asked: bool) -> bool:
    source = sources.get(one.uses)
    if source is None:
        if asked:
            raise ParameterError(
                f"{one.uses}: the indicator {one.id!r} needs the table of {one.uses}; give {one.uses}=…"
            )
        return False
    if one.scales and (apart := [name for name in by if name in ("instrument", "scale")]):
        if asked:
            raise ParameterError(f"by: the indicator {one.id!r} puts scales together; leave out {apart[0]!r}")
        return False
    needs = _needs(one, source, by)
    if absent := [name for name in needs if name not in source.schema]:
        if asked:
            source.require(absent, f"indicator {one.id!r}")
        return False
    for name, wanted in needs.items():
        if not source.fits(name, wanted):
            if not asked and name not in _COLUMN_KINDS:
                return False
            words = {"truth": "true or false", "number": "numbers", "word": "words"}
            words["date"] = "dates (as text: year-month-day)"
            raise FrameError(
                f"indicator {one.id!r}: the column {name!r} of the table of {source.name} must hold "
                f"{words[wanted]}, not {source.schema[name]}"
            )
    return True


_COLUMN_KINDS = frozenset(
    {
        *_KEYS,
        *("baseline", "followup", "change", "improvement", "important", "responder_30", "responder_50"),
        *(
            "reliable",
            "class",
            "can_improve",
            "can_worsen",
            "reason",
            "baseline_date",
            "followup_date",
            "value",
        ),
    }
)
"""Columns that the library makes itself: a wrong type in one of them is an error, not "does not apply"."""


def _groups(sources: Mapping[str, _Source], by: Sequence[str], used: set[str]) -> list[tuple[Any, ...]]:
    """Every group that stands in one of the tables, in order."""
    if not by:
        return [()]
    found: set[tuple[Any, ...]] = set()
    for name, source in sources.items():
        if (name == "changes" or name in used) and all(column in source.schema for column in by):
            found |= set(_collected(source.plain(dict.fromkeys(by, "any")).unique(), by, source))
    return sorted(found, key=lambda group: [(value is None, str(type(value)), value) for value in group])


def _collected(frame: Any, by: Sequence[str], source: _Source) -> list[tuple[Any, ...]]:
    small = _small(frame)
    columns = [small[name] for name in by]
    return [_group(values, by, source) for values in zip(*columns, strict=True)]


def _group(values: Sequence[Any], by: Sequence[str], source: _Source) -> tuple[Any, ...]:
    """The key of a group; a text column without a value makes a group of its own."""
    key = []
    for name, value in zip(by, values, strict=True):
        if value is None:
            if source.kind_of(name) not in ("word", "nothing") and not source.without_values(name):
                raise FrameError(
                    f"by: the column {name!r} of the table of {source.name} has rows without a value; "
                    "fill them, so that a group without a value is not taken for a total"
                )
            value = NOT_RECORDED
        elif name in source.days:
            value = value.date()
        key.append(value)
    return tuple(key)


def _small(frame: Any) -> dict[str, list[Any]]:
    """A small frame as lists, every missing value None, in an order of its own keeping."""
    import narwhals as nw

    if isinstance(frame, nw.LazyFrame):
        frame = frame.collect()
    return {name: [plain_value(v) for v in values] for name, values in frame.to_dict(as_series=False).items()}


def plain_value(value: Any) -> Any:
    """A value of any library as plain Python, None for every kind of missing."""
    if value is None or type(value).__name__ in ("NAType", "NaTType") or value != value:
        return None
    if isinstance(value, Decimal):  # DuckDB sums whole numbers into decimals
        return int(value)
    return value.item() if isinstance(value, np.generic) else value


# ---- conditions to expressions -------------------------------------------------------------------


def _both(condition: Condition) -> tuple[Any, Any]:
    """Where a condition is true, and where it is false; neither where it cannot be decided."""
    import narwhals as nw

    if condition.column is not None:
        column = nw.col(condition.column)
        there = ~column.is_null()
        name, operand = condition.test
        if name == "known":
            return (there, ~there) if operand else (~there, there)
        value: Any = float(operand) if isinstance(operand, Decimal) else operand
        if name == "is_not":
            name, turned = "is", True
        else:
            turned = False
        tests: dict[str, Callable[[], Any]] = {
            "is": lambda: column == value,
            "below": lambda: column < value,
            "at_most": lambda: column <= value,
            "above": lambda: column > value,
            "at_least": lambda: column >= value,
            "in": lambda: column.is_in(list(value)),
        }
        held = tests[name]().fill_null(False)
        yes, no = there & held, there & ~held
        return (no, yes) if turned else (yes, no)
    if condition.not_ is not None:
        yes, no = _both(condition.not_)
        return no, yes
    pairs = [_both(part) for part in (condition.all_ or condition.any_ or ())]
    if condition.all_:
        return _joined(pairs, 0, True), _joined(pairs, 1, False)
    return _joined(pairs, 0, False), _joined(pairs, 1, True)


def _joined(pairs: list[tuple[Any, Any]], side: int, together: bool) -> Any:
    found = pairs[0][side]
    for pair in pairs[1:]:
        found = found & pair[side] if together else found | pair[side]
    return found


def _true(condition: Condition) -> Any:
    return _both(condition)[0]


# ---- windows -------------------------------------------------------------------------------------


def _with_windows(frame: Any, window: Window, as_text: Set[str]) -> Any:
    """Whether the follow-up lies in the window of the measure, and whether the row's own target tells it.

    Calendar months end where the month ends. A target fits a measure where its window covers that of the
    measure, it picks the same record, and that record cannot have hidden another one in the window of the
    measure. A window that ends later does not tell whether that of the measure is still open.
    """
    import narwhals as nw

    # Column by column: an engine that writes expressions out would write long ones out many times over.
    year, month, day = date_parts("baseline_date", as_text)
    counted = month - 1 + (window.months or 0)
    frame = frame.with_columns(__year=year + counted // 12, __month=rest(counted, 12) + 1, __day=day)
    year, month, day = nw.col("__year"), nw.col("__month"), nw.col("__day")
    if window.days is not None:
        low, high = window.days
    else:
        low, high = -(window.slack or 0), window.slack or 0
        leap = ((rest(year, 4) == 0) & (rest(year, 100) != 0)) | (rest(year, 400) == 0)
        length = (
            nw.when(month == 2)
            .then(leap.cast(nw.Float64) + 28)
            .otherwise(nw.when(month.is_in([4.0, 6.0, 9.0, 11.0])).then(nw.lit(30.0)).otherwise(nw.lit(31.0)))
        )
        frame = frame.with_columns(__length=length)
        length = nw.col("__length")
        day = nw.when(day > length).then(length).otherwise(day)
    days = {
        "__middle": day_number(year, month, day),
        "__followed": day_number(*date_parts("followup_date", as_text)),
    }
    if window.pick is not None:
        for name, column in (("__begins", "window_from"), ("__ends", "window_to")):
            days[name] = day_number(*date_parts(column, as_text))
    frame = frame.with_columns(**days)

    def after(name: str) -> Any:
        return nw.col(name) - nw.col("__middle")

    def holds(test: Any, *names: str) -> Any:
        for name in ("baseline_date", *names):
            test = test & ~nw.col(name).is_null()
        return test.fill_null(False)

    followed = after("__followed")
    made = {"in_window": holds((followed >= low) & (followed <= high), "followup_date")}
    if window.pick is not None:
        fits = holds((after("__begins") <= low) & (after("__ends") >= high), "window_from", "window_to")
        hidden = followed > high if window.pick == "latest" else followed < low
        fits = fits & ~holds(hidden, "followup_date")
        fits = fits & (nw.col("followup_pick") == window.pick).fill_null(False)
        if WINDOW_OPEN in frame.collect_schema().names():
            fits = fits & ~(nw.col(WINDOW_OPEN) & holds(after("__ends") > high, "window_to"))
        made[_FITS] = fits
    return frame.with_columns(**made)


# ---- counting ------------------------------------------------------------------------------------


@dataclass
class Cell:
    """What the group-by gave for one group, scale, target (and band)."""

    eligible: int = 0
    excluded: int = 0
    observed: int = 0
    denominator: int = 0
    numerator: float | None = 0
    mean: float | None = None
    m2: float = 0.0  # sum of squared deviations from the mean
    sums: tuple[float, ...] = ()
    bands: dict[str, int] = field(default_factory=dict)
    fit: int = 0  # of the population: the target tells what the measure asks for
    unfit: int = 0
    lost: int | None = None  # not observed, but would be in the denominator; None: all not observed
    possible: int | None = None  # of these, who could be met
    judged: int = 0  # of the denominator: the numerator's condition is true or false
    marks: dict[str, int] = field(default_factory=dict)
    failed: dict[str, int] = field(default_factory=dict)
    """Of the population, by requirement: rows that do not meet it."""

    @property
    def withheld(self) -> bool:
        """Whether the measure cannot be counted from this target."""
        return self.unfit > 0 or any(self.failed.values())

    @property
    def unobserved(self) -> tuple[int, int]:
        """Who was not observed but would be in the denominator, and who of them could be met."""
        lost = self.eligible - self.observed if self.lost is None else self.lost
        return lost, lost if self.possible is None else self.possible

    def __add__(self, other: Cell) -> Cell:
        n = self.denominator + other.denominator
        mean, m2 = self.mean, self.m2
        if other.mean is not None:
            if mean is None:
                mean, m2 = other.mean, other.m2
            else:
                # Chan, Golub and LeVeque: moments of two groups put together.
                apart = other.mean - mean
                mean += apart * other.denominator / n
                m2 += other.m2 + apart**2 * self.denominator * other.denominator / n
        mine = self.sums or (0.0,) * len(other.sums)
        theirs = other.sums or (0.0,) * len(mine)
        counted = self.numerator is not None and other.numerator is not None
        return Cell(
            self.eligible + other.eligible,
            self.excluded + other.excluded,
            self.observed + other.observed,
            n,
            (self.numerator or 0) + (other.numerator or 0) if counted else None,
            mean,
            m2,
            tuple(a + b for a, b in zip(mine, theirs, strict=True)),
            _added(self.bands, other.bands),
            self.fit + other.fit,
            self.unfit + other.unfit,
            self.unobserved[0] + other.unobserved[0],
            self.unobserved[1] + other.unobserved[1],
            self.judged + other.judged,
            _added(self.marks, other.marks),
            _added(self.failed, other.failed),
        )


def _added(mine: Mapping[str, int], theirs: Mapping[str, int]) -> dict[str, int]:
    return {word: mine.get(word, 0) + theirs.get(word, 0) for word in {**mine, **theirs}}


@dataclass
class Row:
    """One row of the result before the statistics."""

    group: tuple[Any, ...]
    one: Indicator
    each: dict[str, str]
    band: str | None
    cell: Cell


Key = tuple[Any, ...]


@dataclass
class _Counts:
    """All cells of one indicator."""

    keys: tuple[str, ...]
    cells: dict[tuple[Key, Key], Cell] = field(default_factory=dict)
    bands: dict[Key, list[str]] = field(default_factory=dict)

    @cached_property
    def totals(self) -> dict[Key, Cell]:
        """The cells of all groups together, by scale and target."""
        found: dict[Key, Cell] = {}
        # In a fixed order: sums of fractions must not depend on the order in which an engine gives its groups.
        for (_, each), cell in sorted(self.cells.items(), key=lambda entry: str(entry[0])):
            found[each] = found[each] + cell if each in found else cell
        return found

    def combinations(self, one: Indicator, asked: bool) -> list[Key]:
        """The scales and targets to be told, in order."""
        found = list(self.totals)
        if one.window is not None and one.window.pick is not None:
            whole = self.totals
            named = [e for e in found if dict(zip(self.keys, e, strict=True)).get("target") in one.targets]
            # The targets that tell what the measure asks for; else those it would be looked for at, withheld.
            return sorted(
                [e for e in found if whole[e].fit and not whole[e].unfit]
                or named
                or [e for e in found if whole[e].fit],
                key=lambda each: [_ordered(part) for part in each],
            )
        if one.requires:
            found = [e for e in found if not self.totals[e].withheld] or found
        elif not asked and one.kind != "distribution":
            # A threshold that a scale does not have: there were observations, and nothing could be decided.
            judged = one.kind == "proportion" and one.missing == "complete_case"
            found = [
                e
                for e in found
                if not (cell := self.totals[e]).observed or (cell.judged if judged else cell.denominator)
            ]
        return sorted(found, key=lambda each: [_ordered(part) for part in each])

    def rows(
        self, one: Indicator, groups: Iterable[Key], by: Sequence[str], asked: bool, totals: bool
    ) -> Iterator[Row]:
        """The rows of every group, and of all of them together."""
        told = self.combinations(one, asked)
        named = {each: dict(zip(self.keys, each, strict=True)) for each in told}
        for group in groups:
            for each in told:
                # A scale that is also a grouping column makes rows in its own group only.
                if all(named[each].get(name, value) == value for name, value in zip(by, group, strict=True)):
                    yield from self._rows(
                        one, group, each, named[each], self.cells.get((group, each), Cell())
                    )
        if totals:
            for each in told:
                whole = tuple(named[each].get(name, ALL) for name in by)
                yield from self._rows(one, whole, each, named[each], self.totals[each])

    def _rows(
        self, one: Indicator, group: Key, each: Key, named: dict[str, str], cell: Cell
    ) -> Iterator[Row]:
        if one.kind != "distribution":
            yield Row(group, one, named, None, cell)
            return
        for band in self.bands.get(each, []):
            yield Row(group, one, named, band, replace(cell, numerator=cell.bands.get(band, 0)))


def _ordered(part: Any) -> tuple[float, str]:
    """Targets by length of time, everything else by name."""
    days = {"day": 1, "week": 7, "month": 30.4375, "year": 365.25}
    timed = re.fullmatch(r"(\d+(?:\.\d+)?)[ -]?(day|week|month|year)s?", str(part).strip().lower())
    return (float(timed[1]) * days[timed[2]] if timed else -1.0, str(part))


def _count(
    chosen: Sequence[Indicator], sources: Mapping[str, _Source], by: Sequence[str]
) -> dict[str, _Counts]:
    """Indicators that share their rows are counted together, in one pass of the engine."""
    batches: dict[Any, list[Indicator]] = {}
    for one in chosen:
        shared = (one.uses, one.each, one.of, one.not_of, one.targets, tuple(sorted(one.scales.items())))
        # What counts once is counted alone: rows are told apart by nothing but the columns that it reads.
        own = one.value if one.kind == "distribution" else one.id if one.once else None
        rows = repr((one.requires, row_exclusions(one)))
        key = (*shared, one.window, one.kind == "distribution", own, rows)
        batches.setdefault(key, []).append(one)
    counted: dict[str, _Counts] = {}
    for batch in batches.values():
        counted |= _pass(batch, sources[batch[0].uses], by)
    return counted


def _pass(batch: Sequence[Indicator], source: _Source, by: Sequence[str]) -> dict[str, _Counts]:
    import narwhals as nw

    first = batch[0]
    needs: dict[str, str] = {}
    for one in batch:
        for column, kind in _needs(one, source, by).items():
            needs[column] = kind if needs.get(column, "any") == "any" else needs[column]
    frame = source.plain(needs)
    keys = tuple(key for key in _KEYS if key in first.each)
    as_text = {name for name, wanted in needs.items() if wanted == "date" and source.kind_of(name) == "word"}
    frame = with_days(frame, (requirement.when for requirement in first.requires), as_text)
    if first.scales:
        frame = _with_window_open(frame, needs)
        keys = ("target",) if "target" in first.each else ()
        frame = _side_by_side(frame, first, by)
    else:
        if first.of:
            frame = frame.filter(_any([_is_scale(name) for name in first.of]))
        if first.not_of:
            frame = frame.filter(~_any([_is_scale(name) for name in first.not_of]))
        picks = first.window is not None and first.window.pick is not None
        if first.targets and not picks:
            frame = frame.filter(nw.col("target").is_in(list(first.targets)))
        frame = _with_window_open(frame, needs)
        if first.window is not None:
            frame = _with_windows(frame, first.window, as_text)
        if first.once:
            ids = [name for name in ("patient_id", "episode") if name in needs]
            frame = frame.unique(subset=list(dict.fromkeys([*by, *ids, *keys])))
    work = _Work(frame)
    for one in batch:
        work.plan(one)
    grouping = list(dict.fromkeys([*by, *keys]))
    banded = first.kind == "distribution" and first.value is not None
    found = {one.id: _Counts(keys) for one in batch}
    small = work.run(grouping, first.value if banded else None)
    for at in range(len(next(iter(small.values()), []))):
        values = {name: column[at] for name, column in small.items()}
        group = _group([values[name] for name in by], by, source)
        each = tuple(NOT_RECORDED if values[name] is None else values[name] for name in keys)
        for one in batch:
            counts = found[one.id]
            cell = work.cell(one, values)
            if banded and values["__band"] is not None and cell.denominator:
                cell.bands[values["__band"]] = cell.denominator
            old = counts.cells.get((group, each))
            counts.cells[group, each] = cell if old is None else old + cell
    if banded:
        for counts in found.values():
            for each, cell in counts.totals.items():
                named = dict(zip(keys, each, strict=True))
                counts.bands[each] = _bands(named, set(cell.bands))
    return found


def _with_window_open(frame: Any, needs: Mapping[str, str]) -> Any:
    import narwhals as nw

    if WINDOW_OPEN in needs:
        return frame.with_columns(nw.col(WINDOW_OPEN).fill_null(False).alias(WINDOW_OPEN))
    if "reason" in needs:
        return frame.with_columns((nw.col("reason") == WINDOW_OPEN).fill_null(False).alias(WINDOW_OPEN))
    return frame


def _any(conditions: Sequence[Any]) -> Any:
    found = conditions[0]
    for condition in conditions[1:]:
        found = found | condition
    return found


def _is_scale(name: str) -> Any:
    import narwhals as nw

    of_instrument, of_scale = name.split(".")
    same = (nw.col("instrument") == of_instrument) & (nw.col("scale") == of_scale)
    return same.fill_null(False)


def _side_by_side(frame: Any, one: Indicator, by: Sequence[str]) -> Any:
    """One row per patient, episode and target, with the values of several scales beside each other.

    What is excluded, or does not meet a requirement, by one of its rows is so as a whole (``__x`` and ``__r``).
    """
    import narwhals as nw

    frame = frame.filter(_any([_is_scale(name) for name in one.scales.values()]))
    made: dict[str, Any] = {}
    for key, name in one.scales.items():
        here = _is_scale(name)
        made |= {f"{key}_{column}": nw.when(here).then(nw.col(column)) for column in SIDES}
    for at, exclusion in enumerate(row_exclusions(one)):
        made[f"__x{at}"] = _true(exclusion.when).cast(nw.Int64)
    for at, requirement in enumerate(one.requires):
        made[f"__r{at}"] = _both(requirement.when)[1].cast(nw.Int64)
    if WINDOW_OPEN in frame.collect_schema().names():
        made[WINDOW_OPEN] = nw.col(WINDOW_OPEN).cast(nw.Int64)
    keys = list(dict.fromkeys([*by, "patient_id", "episode", "target"]))
    keys = [key for key in keys if key not in ("instrument", "scale")]
    wide = frame.with_columns(**made).group_by(keys).agg(*(nw.col(name).max() for name in made))
    return wide.with_columns((nw.col(WINDOW_OPEN) == 1).alias(WINDOW_OPEN)) if WINDOW_OPEN in made else wide


def _bands(named: Mapping[str, str], seen: set[str]) -> list[str]:
    """The bands of a scale in their order; words that are not its bands come after them."""
    of_instrument, of_scale = named.get("instrument"), named.get("scale")
    order: list[str] = []
    if of_instrument in instruments() and of_scale in instrument(str(of_instrument)).scale_ids:
        bands = instrument(str(of_instrument)).scale(str(of_scale)).bands
        order = [band.label for band in bands.of] if bands else []
    return [*order, *sorted(seen - set(order))]


class _Work:
    """The columns that one pass needs, each formed once, and how to read an indicator's cell back."""

    def __init__(self, frame: Any) -> None:
        self.frame = frame
        self.columns = set(frame.collect_schema().names())
        self.truths: list[dict[str, Any]] = [{}, {}, {}]  # three steps: each is built on the one before
        self.names: dict[str, str] = {}
        self.sums: dict[str, Any] = {}
        self.moments: dict[str, Any] = {}
        self.plans: dict[str, dict[str, Any]] = {}

    def _truth(self, step: int, sign: str, expression: Any) -> str:
        if sign not in self.names:
            self.names[sign] = f"__t{len(self.names)}"
            self.truths[step][self.names[sign]] = expression
        return self.names[sign]

    def plan(self, one: Indicator) -> None:
        """Note the columns of an indicator."""
        import narwhals as nw

        who = _true(one.eligible) if one.eligible else nw.lit(True)
        by_row = [exclusion.id for exclusion in row_exclusions(one)]
        out = [
            nw.col(f"__x{by_row.index(exclusion.id)}") == 1
            if exclusion.id in by_row
            else _true(exclusion.when)
            for exclusion in one.exclusions
        ]
        sign = f"{one.eligible!r}{[e.when for e in one.exclusions]!r}"
        eligible = self._truth(0, f"E{sign}", who & ~_any(out) if out else who)
        excluded = self._truth(0, f"X{sign}", who & _any(out)) if out else None
        observed = eligible
        if one.observed is not None:
            sign += repr(one.observed)
            observed = self._truth(1, f"O{sign}", nw.col(eligible) & _true(one.observed))
        base = observed if one.missing == "complete_case" else eligible
        sign += f"{one.missing}{one.denominator!r}"
        counted, extra = base, _true(one.denominator) if one.denominator else None
        if one.value is not None:
            there = ~nw.col(one.value).is_null()
            if one.over is not None:
                there = there & (nw.col(one.over) > 0).fill_null(False)
            extra = there if extra is None else extra & there
            sign += f"{one.value}{one.over}"
        if extra is not None:
            counted = self._truth(1 if base == eligible else 2, f"D{sign}", nw.col(base) & extra)
        plan: dict[str, Any] = {
            "eligible": eligible,
            "excluded": excluded,
            "observed": observed,
            "denominator": counted,
        }
        if one.window is not None and one.window.pick is not None:
            asked = f"{one.eligible!r}"
            plan["fit"] = self._sum(f"F{asked}", who & nw.col(_FITS))
            plan["unfit"] = self._sum(f"U{asked}", who & ~nw.col(_FITS))
        inside = ~_any(out) if out else nw.lit(True)
        plan["failed"] = {
            requirement.id: self._sum(
                f"R{one.exclusions!r}{requirement!r}",
                inside & (nw.col(f"__r{at}") == 1 if one.scales else _both(requirement.when)[1]),
            )
            for at, requirement in enumerate(one.requires)
        }
        if isinstance(one.bounds, Bounds) and observed != eligible:
            lost = nw.col(eligible) & ~nw.col(observed)
            lost = lost & _true(one.bounds.lost) if one.bounds.lost else lost
            plan["lost"] = self._sum(f"L{sign}{one.bounds!r}", lost)
            met = lost & _true(one.bounds.met) if one.bounds.met else lost
            plan["possible"] = self._sum(f"M{sign}{one.bounds!r}", met)
        if one.evidence_from is not None and one.evidence_from in self.columns:
            mark = nw.col(one.evidence_from)
            plan["marks"] = {
                word: self._sum(
                    f"{one.evidence_from}{word}{sign}", nw.col(counted) & (mark == word).fill_null(False)
                )
                for word in _MARKS
            }
        value = nw.col(one.value) if one.value is not None else None
        if one.kind == "proportion" and one.numerator is not None:
            met, not_met = _both(one.numerator)
            plan["numerator"] = self._sum(f"N{sign}{one.numerator!r}", nw.col(counted) & met)
            if one.missing == "complete_case":
                plan["judged"] = self._sum(f"J{sign}{one.numerator!r}", nw.col(counted) & (met | not_met))
        elif one.kind == "mean" and value is not None:
            name = self.names.setdefault(f"V{sign}", f"__v{len(self.names)}")
            self.moments[name] = nw.when(nw.col(counted)).then(value.cast(nw.Float64))
            plan["value"] = name
        elif one.kind == "nps" and value is not None:
            rating = nw.col(counted)
            wrong = (value < 0) | (value > 10) | (value // 1 != value)
            plan["parts"] = [
                self._sum(f"{part}{sign}", rating & held.fill_null(False))
                for part, held in (
                    ("promoters", value >= 9),
                    ("detractors", value <= 6),
                    ("wrong", wrong),
                )
            ]
        elif one.kind == "ratio" and value is not None and one.over is not None:
            a, p = value.cast(nw.Float64), nw.col(one.over).cast(nw.Float64)
            plan["parts"] = [
                self._sum(f"{part}{sign}", nw.when(nw.col(counted)).then(formed).otherwise(nw.lit(0.0)))
                for part, formed in (("a", a), ("p", p), ("aa", a * a), ("ap", a * p), ("pp", p * p))
            ]
        self.plans[one.id] = plan

    def _sum(self, sign: str, expression: Any) -> str:
        name = self.names.setdefault(sign, f"__s{len(self.names)}")
        self.sums[name] = expression
        return name

    def run(self, grouping: Sequence[str], band: str | None) -> dict[str, list[Any]]:
        """Form all columns, then all counts and sums in one group-by of the engine."""
        import narwhals as nw

        frame = self.frame
        for step in self.truths:
            if step:
                frame = frame.with_columns(**step)
        if self.sums or self.moments:
            frame = frame.with_columns(**self.sums, **self.moments)
        keys = list(grouping)
        if band is not None:
            frame = frame.with_columns(__band=nw.col(band))
            keys.append("__band")
        if not keys:
            frame = frame.with_columns(__one=nw.lit(1))
            keys = ["__one"]
        totals = [nw.col(name).sum() for step in self.truths for name in step]
        totals += [nw.col(name).sum() for name in self.sums]
        for name in self.moments:
            totals += [nw.col(name).mean().alias(f"{name}m"), nw.col(name).std(ddof=1).alias(f"{name}s")]
        return _small(
            frame.select(*keys, *(n for s in self.truths for n in s), *self.sums, *self.moments)
            .group_by(keys)
            .agg(*totals)
        )

    def cell(self, one: Indicator, values: Mapping[str, Any]) -> Cell:
        """What one row of the small table says about an indicator."""
        plan = self.plans[one.id]

        def count(name: str | None) -> int:
            return int(values[name] or 0) if name else 0

        eligible, excluded, observed, n = (
            count(plan[name]) for name in ("eligible", "excluded", "observed", "denominator")
        )
        cell = Cell(
            eligible, excluded, observed, n, fit=count(plan.get("fit")), unfit=count(plan.get("unfit"))
        )
        cell.failed = {id: count(name) for id, name in plan["failed"].items()}
        if "lost" in plan:
            cell.lost, cell.possible = count(plan["lost"]), count(plan["possible"])
        cell.marks = {word: count(name) for word, name in plan.get("marks", {}).items()}
        if one.kind == "proportion":
            cell.numerator = count(plan["numerator"])
            cell.judged = count(plan.get("judged"))
        elif one.kind == "mean":
            cell.numerator = None
            cell.mean = values[f"{plan['value']}m"] if cell.denominator else None
            sd = values[f"{plan['value']}s"]
            cell.m2 = (
                float(sd) ** 2 * (cell.denominator - 1) if sd is not None and cell.denominator > 1 else 0.0
            )
        elif one.kind == "nps":
            promoters, detractors, wrong = (count(name) for name in plan["parts"])
            if wrong:
                raise FrameError(
                    f"indicator {one.id!r}: {wrong} values in the column {one.value!r} are no ratings 0 to 10"
                )
            cell.numerator, cell.sums = promoters - detractors, (promoters, detractors)
        elif one.kind == "ratio":
            # Numerator and denominator are sessions; the number of episodes is kept for the interval.
            a, p, *rest = (float(values[name] or 0.0) for name in plan["parts"])
            cell.sums = (a, p, *rest, float(cell.denominator))
            cell.numerator, cell.denominator = a, round(p)
        return cell


# ---- the small table -----------------------------------------------------------------------------

_METHODS = {
    "proportion": "wilson",
    "distribution": "wilson",
    "events": "wilson",
    "mean": "student t",
    "nps": "adjusted wald",
    "ratio": "ratio of sums, linearized, student t",
}


def _estimates(rows: Sequence[Row], level: float) -> dict[str, Any]:
    """Estimate and interval of every row, all rows of a kind at once; NaN where there is nothing."""
    out = {name: np.full(len(rows), np.nan) for name in ("estimate", "lower", "upper", "sd", "worst", "best")}
    for kind in _METHODS:
        at = np.array([i for i, row in enumerate(rows) if row.one.kind == kind], int)
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
            rules = np.array([rows[i].one.missing for i in at])
            # Who was not observed is in the denominator already where that counts as not met.
            lost = np.where(rules == "complete_case", lost, 0.0)
            possible = np.where(rules == "not_needed", 0.0, possible)
            # Where nobody could be judged there is nothing to bound.
            bounded = some & np.array([rows[i].one.bounds is not False for i in at])
            whole = np.where(bounded, safe + lost, np.nan)
            out["worst"][at], out["best"][at] = x / whole, (x + possible) / whole
        elif kind == "mean":
            means = np.array([np.nan if c.mean is None else c.mean for c in cells], float)
            sds = np.where(
                n > 1, np.sqrt(np.array([c.m2 for c in cells]) / np.where(n > 1, n - 1, 1.0)), np.nan
            )
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


_NULLABLE = ("numerator", "observed", "denominator")
"""Counts that a row may be without."""

_UNITS = {
    "proportion": "share",
    "distribution": "share",
    "events": "share",
    "mean": "points",
    "nps": "NPS points",
    "ratio": "ratio",
}


def _result(
    main: _Source,
    rows: Sequence[Row],
    by: Sequence[str],
    level: float,
    totals: bool,
    further: Mapping[str, str | None] = MappingProxyType({}),
    rules: Mapping[tuple[str, str, str], str] = MappingProxyType({}),
) -> Any:
    out = _estimates(rows, level)
    words: dict[str, list[str | None]] = {
        "indicator": [_name(row, by) for row in rows],
        "method": [_METHODS[row.one.kind] for row in rows],
        "suppressed": ["" for _ in rows],
        "source": [row.one.cites for row in rows],
        "definition": [row.one.id for row in rows],
        "title": [row.one.title for row in rows],
        **{key: [row.each.get(key) or _of_scales(row.one, key) for row in rows] for key in _KEYS},
        "band": [row.band for row in rows],
        "unit": [_UNITS[row.one.kind] for row in rows],
        "direction": [row.one.direction for row in rows],
        "missing": [row.one.missing for row in rows],
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
    return _restored(main, groups, data)


def _of_scales(one: Indicator, key: str) -> str | None:
    """What stands under instrument and scale for an indicator over several scales."""
    at = {"instrument": 0, "scale": 1}.get(key)
    if not one.scales or at is None:
        return None
    return " + ".join(dict.fromkeys(name.split(".")[at] for name in one.scales.values()))


def _name(row: Row, by: Sequence[str]) -> str:
    """The definition's id and all that tells this row from the others of its group."""
    shown = {key: value for key, value in row.each.items() if key not in by}
    scale = ".".join(shown[key] for key in ("instrument", "scale") if key in shown)
    return ":".join(part for part in (row.one.id, scale, shown.get("target"), row.band) if part)


def _evidence(row: Row) -> str:
    """The weakest mark of what decided here; without a table that tells it, that of the scale's own threshold."""
    if row.one.evidence_from is None:
        return row.one.evidence
    if found := [word for word in _MARKS if row.cell.marks.get(word)]:
        return found[-1]
    of_instrument, of_scale = str(row.each.get("instrument")), str(row.each.get("scale"))
    if of_instrument in instruments() and of_scale in instrument(of_instrument).scale_ids:
        scale = instrument(of_instrument).scale(of_scale)
        name = row.one.evidence_from.removesuffix("_evidence")
        marks = [one.evidence for one in scale.thresholds if one.id == name or one.id.startswith(f"{name}_")]
        if marks:
            return max(marks, key=_MARKS.index)
    return "convention"


def _notes(row: Row) -> str:
    told = [row.one.population]
    window = row.one.window
    if window is not None and window.pick is not None:
        told.append(f"The measure takes the {window.pick} record of its window.")
        if row.cell.withheld:
            told.append(f"Withheld: {_wanted(window)} (see program.DEPRESSION_TARGETS).")
    if needed := needs_of(row.one, row.cell.failed):
        told.append(f"Withheld: needs {'; '.join(needed)}.")
    if row.one.note:
        told.append(row.one.note)
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


def _without_rows(given: Any) -> Any:
    """The caller's frame emptied: it still tells its kind, and is collected at no cost."""
    if type(given).__name__ == "DuckDBPyRelation":
        # A column that is nothing but NULL has a type of its own, into which no group's name can be put back.
        typed = [name for name, of in zip(given.columns, given.types, strict=True) if str(of) != '"NULL"']
        quoted = ", ".join('"' + name.replace('"', '""') + '"' for name in typed)
        return given.limit(0).project(quoted) if typed else given.limit(0)
    return given.head(0) if hasattr(given, "head") else given.slice(0, 0)


def _restored(main: _Source, groups: Mapping[str, list[Any]], data: Mapping[str, list[Any]]) -> Any:
    """The result in the kind of frame that was given."""
    import narwhals as nw

    given = main.given
    face = Frame(_without_rows(given))
    schema: dict[str, Any] = {}
    for name, values in groups.items():
        dtype = main.schema[name]
        keeps = dtype.is_numeric() or dtype in (nw.Boolean, nw.Date, nw.Datetime)
        text = not keeps or any(isinstance(value, str) for value in values)
        schema[name] = nw.String if text else dtype
    for name in data:
        if name in ("eligible", "observed", "denominator", "excluded", "numerator"):
            schema[name] = nw.Int64
        elif name in ("estimate", "lower", "upper", "level", "sd", "worst", "best"):
            schema[name] = nw.Float64
        else:
            schema[name] = nw.String
    columns = {**groups, **data}
    if face.kind == "pandas":
        pd = sys.modules["pandas"]
        made = {}
        for name, values in columns.items():
            if name in _NULLABLE:
                made[name] = pd.array(values, dtype="Int64")
            elif name in groups:
                made[name] = (
                    values if schema[name] == nw.String else pd.Series(values, dtype=given[name].dtype)
                )
            elif schema[name] == nw.Float64:
                made[name] = np.array([np.nan if v is None else v for v in values], float)
            elif schema[name] == nw.Int64:
                made[name] = np.array(values, np.int64)
            else:
                made[name] = pd.Series(values, dtype=None if any(v is not None for v in values) else object)
        return face.restore(pd.DataFrame(made))
    backend: Any = face.kind
    return face.restore(nw.from_dict(columns, schema, backend=backend).to_native())
