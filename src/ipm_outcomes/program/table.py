"""Indicators from the table of changes: counted from arrays, then statistics on a small table.

Each column that is needed is read once. Its rows are put into few states by what the conditions of all indicators ask
of it; one count of rows by cell and state gives all counts, and sums of values are exact. So neither the order of rows
nor their division into parts, nor the library of the frame, moves a figure.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from importlib import import_module
from os import PathLike
from typing import Any, overload

from ipm_outcomes._fence import fenced
from ipm_outcomes.errors import FrameError, ParameterError
from ipm_outcomes.frames._frame import AnyFrame, of_narwhals
from ipm_outcomes.frames._spark_kind import is_spark
from ipm_outcomes.program._cells import FigureRow
from ipm_outcomes.program._columns import COLUMNS, EXTRA, KEYS
from ipm_outcomes.program._described import Described
from ipm_outcomes.program._figure_rows import of_rows
from ipm_outcomes.program._parts import Counted, Parts, Wishes, chosen_for
from ipm_outcomes.program._reading import Source
from ipm_outcomes.program._result import result_table
from ipm_outcomes.program._sources import may_read, refuse_other_tables
from ipm_outcomes.program._spark import table_spark, tables_of
from ipm_outcomes.program.indicators import Indicator, indicator, indicator_of, indicators
from ipm_outcomes.stats.arguments import level_of


@overload
def table(
    changes: list[AnyFrame] | tuple[AnyFrame, ...],
    *,
    by: Sequence[str] = (),
    indicators: Iterable[str | PathLike[str] | Indicator] | None = None,
    scores: Any = None,
    episodes: Any = None,
    opioids: Any = None,
    level: float = 0.95,
    totals: bool = False,
) -> AnyFrame: ...


@overload
def table(
    changes: AnyFrame,
    *,
    by: Sequence[str] = (),
    indicators: Iterable[str | PathLike[str] | Indicator] | None = None,
    scores: Any = None,
    episodes: Any = None,
    opioids: Any = None,
    level: float = 0.95,
    totals: bool = False,
) -> AnyFrame: ...


@overload
def table(
    changes: None = None,
    *,
    by: Sequence[str] = (),
    indicators: Iterable[str | PathLike[str] | Indicator] | None = None,
    scores: Any = None,
    episodes: Any = None,
    opioids: Any = None,
    level: float = 0.95,
    totals: bool = False,
) -> Any: ...


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
    changes : data frame, or list of data frames
        The table of changes (pandas, Polars eager or lazy, PyArrow, DuckDB, Spark): one row per patient, episode,
        scale and target. It may be left out where another table is given. A table that does not fit into memory is
        given in parts: a list of frames of one kind and of the same columns, such as
        ``[pl.scan_parquet(file) for file in files]``. Each part holds whole patients; one part after the other is
        counted, and the result is that of all rows together. The other tables may be given in parts as well.
    by : sequence of str
        Grouping columns, such as ``["site"]``. ``instrument``, ``scale`` and ``target`` may be among them.
    indicators : ids, paths or `Indicator` objects, optional
        Which; by default all in the catalog that apply to the data: those whose columns and scales are there.
        An indicator asked for by name raises where its columns are missing, and is reported where nothing can be
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
        That of the first part where the table is in parts; of Spark DataFrames, which are never collected, one that is
        computed when it is used. The ``by`` columns (as text when ``totals`` is set), then
        ``indicator, eligible, observed, numerator, denominator`` (whole numbers; no numerator for a mean; all but
        ``eligible`` null where a measure cannot be counted from this table, and ``notes`` says what it needs),
        ``estimate, lower, upper`` (float64; null
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
        for one patient, episode, scale and target; parts of different kinds or columns. That no patient has rows in
        two parts is tried on some patients of each, and not proven.
    UnknownNameError, DefinitionError
        An indicator that does not exist, or whose file does not hold together.
    ParameterError
        An argument outside what it may be.

    References
    ----------
    Wilson, JASA 1927;22:209-212 (shares); Student, Biometrika 1908;6:1-25 (means); Rocks, Am Stat
    2016;70:365-372 (adjusted Wald for Net Promoter); Cochran, Sampling Techniques, 3rd ed. 1977, chapter 6
    (ratio of sums).

    Examples
    --------
    >>> import polars as pl
    >>> from ipm_outcomes import program
    >>> changes = pl.DataFrame({
    ...     "patient_id": [1, 2, 3], "episode": [1, 1, 1], "instrument": ["peg"] * 3, "scale": ["mean"] * 3,
    ...     "target": ["6 months"] * 3, "baseline": [6.0, 5.0, 7.0], "followup": [4.0, 5.0, None],
    ...     "responder_30": [True, False, None], "reason": [None, None, "no_follow_up"],
    ... })
    >>> result = program.table(changes, indicators=["responder_30"])
    >>> result.select("indicator", "eligible", "observed", "numerator", "denominator", "estimate").row(0)
    ('responder_30:peg.mean:6 months', 3, 2, 1, 2, 0.5)

    In parts, each of whole patients:

    >>> parts = [changes.head(2), changes.tail(1)]
    >>> program.table(parts, indicators=["responder_30"]).equals(result)
    True
    """
    level = level_of(level)
    by = names(by)
    given = {
        name: data
        for name, data in (
            ("changes", changes),
            ("scores", scores),
            ("episodes", episodes),
            ("opioids", opioids),
        )
        if data is not None
    }
    if not given:
        raise FrameError(
            "changes: a table is needed to count from: changes, scores, episodes or opioids, not None"
        )
    native = {name: data.to_native() if of_narwhals(data) else data for name, data in given.items()}
    spark = tables_of(native) if any(map(is_spark, native.values())) else {}
    tables: dict[str, Described] = {
        name: spark.get(name)
        or (Parts(name, data, by) if isinstance(data, (list, tuple)) else Source(name, data))
        for name, data in given.items()
    }
    refuse_other_tables(tables)
    main = next(iter(tables.values()))
    main.require(by, "by")
    if clash := [name for name in by if name in (*COLUMNS, *EXTRA) and name not in KEYS]:
        raise FrameError(f"by: the result has a column {clash[0]!r} of its own; rename the column")
    asked = indicators is not None
    candidates = _of_tables(chosen_indicators(indicators)) if indicators is not None else _of_catalog()
    for each in tables.values():
        if isinstance(each, Source):
            each.expect(may_read(candidates, each, by), [*by, *KEYS])
    wishes = Wishes(candidates, asked, by, level, totals)
    chosen = chosen_for(wishes, tables)
    if spark:
        figures = table_spark(native, spark, wishes, chosen)
        wrapped = given[main.name] is not native[main.name]
        return import_module("narwhals").from_native(figures) if wrapped else figures
    counted = Counted()
    for each in tables.values():
        if isinstance(each, Parts):
            counted += each.counted(chosen, by, each is main)
        elif isinstance(each, Source):
            counted += Counted.of(each, chosen, by, each is main)
    return counted.result(main, chosen, wishes)


def result(
    data: Any, name: str, rows: Sequence[FigureRow], by: Sequence[str], level: float, **words: str | None
) -> Any:
    """The table of rows that were counted elsewhere, in the kind of frame that ``data`` is.

    ``words`` are further columns that hold one text throughout.
    """
    return result_table(Source(name, data), list(of_rows(rows)), by, level, False, words)


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


def _of_catalog() -> list[Indicator]:
    definitions = map(indicator, indicators())
    return [definition for definition in definitions if definition.uses not in ELSEWHERE]


ELSEWHERE = {
    "events": "dated events; use program.measure",
    "utilization": "events and enrollment; use program.rates",
    "work": "work statuses; use program.return_to_work",
    "appointments": "appointments; use program.adherence",
}
"""Tables that indicators are counted from by functions of their own."""


def _of_tables(definitions: list[Indicator]) -> list[Indicator]:
    """The indicators, if they can be counted from the tables that `table` takes."""
    if apart := [definition for definition in definitions if definition.uses in ELSEWHERE]:
        raise ParameterError(f"indicators: {apart[0].id!r} works on {ELSEWHERE[apart[0].uses]}")
    return definitions


def chosen_indicators(wanted: Iterable[str | PathLike[str] | Indicator]) -> list[Indicator]:
    """Indicators by id, path or as objects, each once."""
    if isinstance(wanted, (str, PathLike, Indicator)):
        wanted = [wanted]
    kinds = "ids, paths of TOML files or Indicator objects"
    if not isinstance(wanted, Iterable):
        raise ParameterError(f"indicators: {kinds}, not a {type(wanted).__name__}")
    definitions: dict[str, Indicator] = {}
    for entry in wanted:
        definition = indicator_of(entry)
        if definition is None:
            raise ParameterError(f"indicators: {kinds}, not a {type(entry).__name__}")
        if definition.id in definitions:
            raise ParameterError(f"indicators: {definition.id!r} is named twice")
        definitions[definition.id] = definition
    return list(definitions.values())
