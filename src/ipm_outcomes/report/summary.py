"""The summary of a program's scores as data: counts, means and bands by instrument, visit and site."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ipm_outcomes.catalog import instrument as find_instrument
from ipm_outcomes.definition import Instrument
from ipm_outcomes.errors import FrameError, ParameterError
from ipm_outcomes.frames._blank import blank_rows, with_answers
from ipm_outcomes.frames._findings import Finding
from ipm_outcomes.report.changes import ChangeSummary

MOST_GROUPS = {"visit": 100, "site": 1000}
"""More visits or sites than this are a wrong column (identifiers, dates), which must not be printed."""


@dataclass(frozen=True)
class Promoters:
    """A Net Promoter Score with its interval, in points from -100 to 100; None where nobody answered.

    Examples
    --------
    >>> import polars as pl
    >>> from ipm_outcomes import frames
    >>> from ipm_outcomes.report import text
    >>> summary = text.summarize(frames.tidy(pl.DataFrame({"nps_recommend": [9, 10, 4]}), "nps"))
    >>> promoters = next(scale.promoters for scale in summary.scales if scale.promoters)
    >>> promoters.promoters, promoters.passives, promoters.detractors
    (2, 0, 1)
    """

    promoters: int
    passives: int
    detractors: int
    score: float | None
    lower: float | None
    upper: float | None
    level: float
    method: str


@dataclass(frozen=True)
class ScaleSummary:
    """One scale in one group of rows.

    Attributes
    ----------
    instrument, scale, title : str
        Ids of both, and the title of the scale.
    visit, site : str or None
        The group; None where the summary is not split.
    rows : int
        Rows of the group that hold an answer, to this scale or another; ``rows == scored + sum(withheld.values())``.
    answered : int
        Rows with at least one item of the scale answered.
    scored : int
        Rows with a score.
    withheld : dict of str to int
        Code of the reason to number of rows without a score.
    mean, sd, lowest, highest : float or None
        Of the scores, in the unit of the scale; the standard deviation is that of a sample (n - 1).
    bands : tuple of (str, int)
        Every band of the scale, or category of a categorical scale, with its number of rows.
    promoters : Promoters or None
        For a scale of promoters, passives and detractors.

    Examples
    --------
    >>> import polars as pl
    >>> from ipm_outcomes import frames
    >>> from ipm_outcomes.report import text
    >>> scale = text.summarize(frames.tidy(pl.DataFrame({"nps_recommend": [9, None, 4]}), "nps")).scales[0]
    >>> scale.rows, scale.scored, scale.mean
    (2, 2, 6.5)
    """

    instrument: str
    scale: str
    title: str
    visit: str | None
    site: str | None
    rows: int
    answered: int
    scored: int
    withheld: dict[str, int]
    mean: float | None
    sd: float | None
    lowest: float | None
    highest: float | None
    bands: tuple[tuple[str, int], ...]
    promoters: Promoters | None


@dataclass(frozen=True)
class FlagSummary:
    """One flag in one group of rows: forms begun, how often it was raised, and its question left unanswered.

    Examples
    --------
    >>> import polars as pl
    >>> from ipm_outcomes import frames
    >>> from ipm_outcomes.report import text
    >>> forms = pl.DataFrame({f"phq9_q{n}": [0, 0, 0] if n < 9 else [0, 1, None] for n in range(1, 10)})
    >>> flag = text.summarize(frames.tidy(forms, "phq9"), flags=frames.score(forms, "phq9")).flags[0]
    >>> flag.rows, flag.raised, flag.unanswered
    (3, 1, 1)
    """

    instrument: str
    flag: str
    title: str
    visit: str | None
    site: str | None
    rows: int
    raised: int
    unanswered: int


@dataclass(frozen=True)
class WrongCell:
    """A cell that is not an answer: position of its row, line of the file where known, column, message.

    Examples
    --------
    >>> from ipm_outcomes.report import text
    >>> text.WrongCell(row=4, line=6, column="phq9_q4", message="4 is not an answer of this item").line
    6
    """

    row: int
    line: int | None
    column: str
    message: str


@dataclass(frozen=True)
class Summary:
    """What the scores of a program say.

    Attributes
    ----------
    rows : int
        Rows of the data that hold an answer.
    facts : dict of str to int or str
        Further counts for the head of the report, such as patients and sites.
    missing : str
        The missing rule asked for, or ``default``.
    instruments : tuple of Instrument
        Definitions of what was scored.
    scales : tuple of ScaleSummary
        By instrument, then visit and site, then scale.
    flags : tuple of FlagSummary
        By flag, then visit and site.
    wrong : tuple of WrongCell
        Cells that are not answers; they were taken as not answered. None: not checked.
    changes : tuple of ChangeSummary or None
        What became of the patients, by scale and target. None: not looked at.
    as_of : str or None
        The day up to which the data go, for the windows of follow-up.
    findings : tuple of Finding
        What `ipm_outcomes.frames.inspect` reported. Instruments of which the coding has to be declared first
        have no scores.
    blank_rows : int
        Rows of the data that hold no answer. They are no assessments, and count nowhere else.

    Examples
    --------
    >>> import polars as pl
    >>> from ipm_outcomes import frames
    >>> from ipm_outcomes.report import text
    >>> summary = text.summarize(frames.tidy(pl.DataFrame({"nps_recommend": [9, 10, 4]}), "nps"))
    >>> summary.rows, [scale.scale for scale in summary.scales]
    (3, ['rating'])
    """

    rows: int
    facts: dict[str, int | str]
    missing: str
    instruments: tuple[Instrument, ...]
    scales: tuple[ScaleSummary, ...]
    flags: tuple[FlagSummary, ...] = ()
    wrong: tuple[WrongCell, ...] | None = None
    changes: tuple[ChangeSummary, ...] | None = None
    as_of: str | None = None
    findings: tuple[Finding, ...] = ()
    blank_rows: int = 0

    def wrong_by_column(self) -> dict[str, int]:
        """Number of wrong cells of each column that has any, in the order in which they are met."""
        counts: dict[str, int] = {}
        for cell in self.wrong or ():
            counts[cell.column] = counts.get(cell.column, 0) + 1
        return counts


def summarize(
    scores: Any,
    *,
    visit: str | None = None,
    site: str | None = None,
    flags: Any = None,
    wrong: Iterable[WrongCell] | None = None,
    facts: Mapping[str, int | str] | None = None,
    missing: str | None = None,
    level: float = 0.95,
    instruments: Iterable[Instrument] = (),
) -> Summary:
    """Summarize tidy scores by instrument and scale, and by visit and site where these are named.

    Parameters
    ----------
    scores
        Tidy scores as `ipm_outcomes.frames.tidy` gives them, any kind of frame.
    visit, site
        Columns of the tidy scores to split by; None: not split.
    flags
        A frame scored by `ipm_outcomes.frames.score` (columns ``{instrument}_flag_{flag}``), with the same
        columns for visit and site; None: no flags.
    wrong
        Cells that were not answers; None: not checked, and nothing is said about it.
    facts
        Further counts for the head of the report.
    missing
        The missing rule that was used, to be named; None: the default.
    level
        Confidence level of the interval of the Net Promoter Score.
    instruments
        Custom definitions among the scores, which are not in the catalog.

    Returns
    -------
    Summary
        Every row of every scale is either scored or withheld with its reason; rows of the data without any answer
        (``blank_row``) are counted once, in ``blank_rows``.

    Raises
    ------
    FrameError
        A column is missing.
    ParameterError
        A column for visit or site holds more different values than visits or sites can be.

    References
    ----------
    The interval of the Net Promoter Score: see `ipm_outcomes.stats.intervals.nps`.

    >>> import polars as pl
    >>> from ipm_outcomes import frames
    >>> data = pl.DataFrame({"visit": ["start", "end", "end"], "nps_recommend": [None, 9, 4]})
    >>> tidy = frames.tidy(data, "nps", by=["visit"])
    >>> summary = summarize(tidy, visit="visit")
    >>> [(s.visit, s.rows, s.scored) for s in summary.scales], summary.blank_rows
    ([('end', 2, 2)], 1)
    """
    groups = {role: name for role, name in (("visit", visit), ("site", site)) if name is not None}
    own = {instrument.id: instrument for instrument in instruments}
    frame = _frame(scores, [*groups.values(), "instrument", "scale", "value", "band", "answered", "absent"])
    blank = blank_rows(frame)
    ids = _texts(frame.select("instrument").unique(maintain_order=True)["instrument"])
    frame = with_answers(frame)
    order = {role: _values(frame, role, name) for role, name in groups.items()}
    known = tuple(own.get(id) or find_instrument(id) for id in ids)
    counted = _counts(frame, groups)
    summaries = [
        summary
        for instrument in known
        for place in _places(order)
        for summary in _of_instrument(instrument, place, counted, level)
    ]
    flagged: tuple[FlagSummary, ...] = ()
    if flags is not None:
        flagged = tuple(_flags(_frame(flags, list(groups.values())), known, groups, order))
    totals: dict[tuple[str, str], int] = {}
    for (id, scale, _, _), cell in counted.items():
        totals[id, scale] = totals.get((id, scale), 0) + cell.rows
    return Summary(
        max(totals.values(), default=0),
        dict(facts or {}),
        missing or "default",
        known,
        tuple(summaries),
        flagged,
        None if wrong is None else tuple(wrong),
        blank_rows=blank,
    )


Place = tuple[str | None, str | None]
"""A visit and a site; None where the summary is not split by it."""

NOT_GIVEN = "not given"


def _frame(data: Any, columns: Sequence[str]) -> Any:
    """The columns that are needed, as an eager narwhals frame."""
    import narwhals as nw

    try:
        frame = nw.from_native(data)
        names = frame.collect_schema().names()
    except TypeError:
        raise FrameError(f"a {type(data).__name__} is not a data frame that can be summarized") from None
    if absent := [name for name in columns if name not in names]:
        raise FrameError(f"summary: the frame has no column {', '.join(map(repr, absent))}")
    return frame.lazy().collect()


def _texts(column: Any) -> list[str]:
    import narwhals as nw

    return [str(value) for value in column.cast(nw.String).to_list()]


def _label(value: object) -> str:
    text = "" if value is None or value != value else str(value).strip()
    return text or NOT_GIVEN


def _values(frame: Any, role: str, name: str) -> list[str]:
    """The labels of a group column in the order to show them."""
    texts = list(dict.fromkeys(_label(value) for value in frame[name].unique(maintain_order=True).to_list()))
    if len(texts) > MOST_GROUPS[role]:
        raise ParameterError(
            f"{role}: the column {name!r} holds {len(texts)} different values, more than a program has; "
            "name the right column"
        )
    return (
        sorted(texts, key=_visit_key) if role == "visit" else sorted(texts, key=lambda s: (s == NOT_GIVEN, s))
    )


_DAYS = {"d": 1, "w": 7, "m": 30, "q": 91, "y": 365}


def _visit_key(label: str) -> tuple[int, float]:
    """Baselines first, then by the time that the label names; other labels keep their order, at the end."""
    if re.search(r"baseline|intake|enrol|admission|start|pre\b", label, re.IGNORECASE):
        return 0, 0.0
    if match := re.search(r"(\d+(?:\.\d+)?)\s*-?\s*([dwmqy])?", label, re.IGNORECASE):
        return 1, float(match[1]) * _DAYS[(match[2] or "d").lower()]
    return (3 if label == NOT_GIVEN else 2), 0.0


def _places(order: Mapping[str, Sequence[str]]) -> Iterator[Place]:
    for visit in order.get("visit", [None]):
        for site in order.get("site", [None]):
            yield visit, site


@dataclass
class _Cell:
    """Counts of one scale in one place, gathered from the groups of the frame."""

    rows: int = 0
    answered: int = 0
    scored: int = 0
    total: float = 0.0
    squares: float = 0.0
    lowest: float | None = None
    highest: float | None = None
    withheld: dict[str, int] = field(default_factory=dict)
    bands: dict[str, int] = field(default_factory=dict)


Key = tuple[str, str, str | None, str | None]


def _counts(frame: Any, groups: Mapping[str, str]) -> dict[Key, _Cell]:
    """Count by the frame's own engine: distinct (group, scale, value, band, absent) with numbers of rows.

    A scale is finite, so these are few, however many rows there are; their sums lose no digit.
    """
    import narwhals as nw

    words = [nw.col(name).cast(nw.String) for name in ("instrument", "scale", "band", "absent")]
    started = (nw.col("answered") > 0).cast(nw.Int64)
    small = frame.select(*groups.values(), "value", *words, started.alias("__started"))
    by_key: dict[Key, _Cell] = {}
    cells: dict[Key, list[tuple[float, int]]] = {}
    columns = ("instrument", "scale", "value", "band", "absent")
    for place, row in _distinct(small, groups, columns, nw.col("__started").sum()):
        key = (row["instrument"], row["scale"], *place)
        cell = by_key.setdefault(key, _Cell())
        count = int(row["__rows"])
        cell.rows += count
        cell.answered += int(row["__started"])
        value, band, absent = (
            None if v is None or v != v else v for v in (row["value"], row["band"], row["absent"])
        )
        if absent is not None:
            cell.withheld[absent] = cell.withheld.get(absent, 0) + count
            continue
        cell.scored += count
        if band is not None:
            cell.bands[band] = cell.bands.get(band, 0) + count
        if value is not None:
            cells.setdefault(key, []).append((float(value), count))
    for key, values in cells.items():
        _moments(by_key[key], values)
    return by_key


def _distinct(
    frame: Any, groups: Mapping[str, str], columns: Sequence[str], *sums: Any
) -> Iterator[tuple[Place, dict[str, Any]]]:
    """Each place with the distinct rows in it and their number."""
    import narwhals as nw

    small = frame.group_by([*groups.values(), *columns]).agg(nw.len().alias("__rows"), *sums)
    for row in small.iter_rows(named=True):
        visit, site = (_label(row[groups[role]]) if role in groups else None for role in ("visit", "site"))
        yield (visit, site), row


def _moments(cell: _Cell, values: list[tuple[float, int]]) -> None:
    from math import fsum

    cell.lowest, cell.highest = min(v for v, _ in values), max(v for v, _ in values)
    cell.total = fsum(v * n for v, n in sorted(values))
    mean = cell.total / cell.scored
    cell.squares = fsum((v - mean) ** 2 * n for v, n in sorted(values))


def _of_instrument(
    instrument: Instrument, place: Place, counted: Mapping[Key, _Cell], level: float
) -> Iterator[ScaleSummary]:
    for scale in instrument.scales:
        cell = counted.get((instrument.id, scale.id, *place))
        if cell is None:
            continue
        words = [o.value for o in scale.counts.outcomes] if scale.counts else []
        words += [band.label for band in scale.bands.of] if scale.bands else []
        bands = tuple((word, cell.bands.get(word, 0)) for word in words)
        numbers = cell.lowest is not None
        yield ScaleSummary(
            instrument.id,
            scale.id,
            scale.title,
            *place,
            cell.rows,
            cell.answered,
            cell.scored,
            dict(sorted(cell.withheld.items())),
            cell.total / cell.scored if numbers else None,
            (cell.squares / (cell.scored - 1)) ** 0.5 if numbers and cell.scored > 1 else None,
            cell.lowest,
            cell.highest,
            bands,
            _promoters(dict(bands), scale.bands.net, level) if scale.bands and scale.bands.net else None,
        )


def _promoters(bands: Mapping[str, int], net: tuple[str, str], level: float) -> Promoters:
    from ipm_outcomes.stats import intervals

    up, down = (bands[label] for label in net)
    method, n = "adjusted_wald", sum(bands.values())
    counts = up, n - up - down, down
    if n == 0:
        return Promoters(*counts, None, None, None, level, method)
    lower, upper = intervals.nps(*counts, method=method, level=level)
    return Promoters(*counts, 100 * (counts[0] - counts[2]) / n, lower, upper, level, method)


def _flags(
    frame: Any, known: Sequence[Instrument], groups: Mapping[str, str], order: Mapping[str, Sequence[str]]
) -> Iterator[FlagSummary]:
    import narwhals as nw

    for instrument in known:
        for flag in instrument.flags:
            name = f"{instrument.id}_flag_{flag.id}"
            if name not in frame.columns:
                continue
            small = frame.select(*groups.values(), nw.col(name).cast(nw.String).alias("__state"))
            counts: dict[Place, dict[str, int]] = {}
            for place, row in _distinct(small, groups, ["__state"]):
                state = row["__state"]
                if state is None or state != state:  # a blank form has none
                    continue
                states = counts.setdefault(place, {})
                states[state] = states.get(state, 0) + int(row["__rows"])
            for group in _places(order):
                if group in counts:
                    states = counts[group]
                    yield FlagSummary(
                        instrument.id,
                        flag.id,
                        flag.title,
                        *group,
                        sum(states.values()),
                        states.get("raised", 0),
                        states.get("not answered", 0),
                    )
