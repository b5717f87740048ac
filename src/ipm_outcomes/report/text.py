"""The summary of a program's scores: first as data, then as readable text or Markdown."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ipm_outcomes.catalog import instrument as find_instrument
from ipm_outcomes.definition import Instrument
from ipm_outcomes.errors import FrameError, ParameterError, number_of
from ipm_outcomes.frames._blank import blank_rows, in_words, with_answers
from ipm_outcomes.frames._findings import Finding
from ipm_outcomes.report._layout import MARKDOWN, PLAIN, Layout
from ipm_outcomes.report.changes import INSIDE, ChangeSummary, change_parts

MOST_GROUPS = {"visit": 100, "site": 1000}
"""More visits or sites than this are a wrong column (identifiers, dates), which must not be printed."""

_PROMOTER_BANDS = {"detractor", "passive", "promoter"}


@dataclass(frozen=True)
class Promoters:
    """A Net Promoter Score with its interval, in points from -100 to 100; None where nobody answered."""

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
        Every band of the scale, or word of a categorical scale, with its number of rows.
    promoters : Promoters or None
        For a scale of promoters, passives and detractors.
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
    """One flag in one group of rows: forms begun, how often it was raised, and its question left unanswered."""

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
    """A cell that is not an answer: position of its row, line of the file where known, column, message."""

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
        What `ipm_outcomes.frames.inspect` told of the data. Instruments of which the coding has to be declared first
        have no scores.
    blank_rows : int
        Rows of the data that hold no answer. They are no assessments, and count nowhere else.
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
        Definitions of one's own among the scores, which are not on the shelf.

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
    own = {found.id: found for found in instruments}
    frame = _frame(scores, [*groups.values(), "instrument", "scale", "value", "band", "answered", "absent"])
    blank = blank_rows(frame)
    ids = _texts(frame.select("instrument").unique(maintain_order=True)["instrument"])
    frame = with_answers(frame)
    order = {role: _values(frame, role, name) for role, name in groups.items()}
    found = tuple(own.get(id) or find_instrument(id) for id in ids)
    counted = _counts(frame, groups)
    summaries = [
        summary
        for one in found
        for place in _places(order)
        for summary in _of_instrument(one, place, counted, level)
    ]
    flagged: tuple[FlagSummary, ...] = ()
    if flags is not None:
        flagged = tuple(_flags(_frame(flags, list(groups.values())), found, groups, order))
    totals: dict[tuple[str, str], int] = {}
    for (id, scale, _, _), cell in counted.items():
        totals[id, scale] = totals.get((id, scale), 0) + cell.rows
    return Summary(
        max(totals.values(), default=0),
        dict(facts or {}),
        missing or "default",
        found,
        tuple(summaries),
        flagged,
        None if wrong is None else tuple(wrong),
        blank_rows=blank,
    )


# -- from tables to counts -------------------------------------------------------------------------

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
    return frame.collect() if isinstance(frame, nw.LazyFrame) else frame


def _texts(column: Any) -> list[str]:
    import narwhals as nw

    return [str(value) for value in column.cast(nw.String).to_list()]


def _label(value: object) -> str:
    text = "" if value is None or value != value else str(value).strip()
    return text or NOT_GIVEN


def _values(frame: Any, role: str, name: str) -> list[str]:
    """The labels of a group column in the order to show them."""
    found = list(dict.fromkeys(_label(value) for value in frame[name].unique(maintain_order=True).to_list()))
    if len(found) > MOST_GROUPS[role]:
        raise ParameterError(
            f"{role}: the column {name!r} holds {len(found)} different values, more than a program has; "
            "name the right column"
        )
    return (
        sorted(found, key=_visit_key) if role == "visit" else sorted(found, key=lambda s: (s == NOT_GIVEN, s))
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

    keys = [*groups.values(), "instrument", "scale", "value", "band", "absent"]
    started = (nw.col("answered") > 0).cast(nw.Int64)
    words = [nw.col(name).cast(nw.String) for name in ("instrument", "scale", "band", "absent")]
    small = frame.select(
        *groups.values(),
        "value",
        *words,
        started.alias("__started"),
        nw.lit(1).cast(nw.Int64).alias("__rows"),
    )
    small = small.group_by(keys).agg(nw.col("__rows").sum(), nw.col("__started").sum())
    found: dict[Key, _Cell] = {}
    cells: dict[Key, list[tuple[float, int]]] = {}
    for row in small.iter_rows(named=True):
        place = [_label(row[groups[role]]) if role in groups else None for role in ("visit", "site")]
        key = (row["instrument"], row["scale"], place[0], place[1])
        cell = found.setdefault(key, _Cell())
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
        _moments(found[key], values)
    return found


def _moments(cell: _Cell, values: list[tuple[float, int]]) -> None:
    from math import fsum

    cell.lowest, cell.highest = min(v for v, _ in values), max(v for v, _ in values)
    cell.total = fsum(v * n for v, n in sorted(values))
    mean = cell.total / cell.scored
    cell.squares = fsum((v - mean) ** 2 * n for v, n in sorted(values))


def _of_instrument(
    one: Instrument, place: Place, counted: Mapping[Key, _Cell], level: float
) -> Iterator[ScaleSummary]:
    for scale in one.scales:
        cell = counted.get((one.id, scale.id, *place))
        if cell is None:
            continue
        words = [o.value for o in scale.counts.outcomes] if scale.counts else []
        words += [band.label for band in scale.bands.of] if scale.bands else []
        bands = tuple((word, cell.bands.get(word, 0)) for word in words)
        numbers = cell.lowest is not None
        yield ScaleSummary(
            one.id,
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
            _promoters(dict(bands), level) if set(words) == _PROMOTER_BANDS else None,
        )


def _promoters(bands: Mapping[str, int], level: float) -> Promoters:
    from ipm_outcomes.stats import intervals

    counts = bands["promoter"], bands["passive"], bands["detractor"]
    method, n = "adjusted_wald", sum(counts)
    if n == 0:
        return Promoters(*counts, None, None, None, level, method)
    lower, upper = intervals.nps(*counts, method=method, level=level)
    return Promoters(*counts, 100 * (counts[0] - counts[2]) / n, lower, upper, level, method)


def _flags(
    frame: Any, found: Sequence[Instrument], groups: Mapping[str, str], order: Mapping[str, Sequence[str]]
) -> Iterator[FlagSummary]:
    import narwhals as nw

    for one in found:
        for flag in one.flags:
            name = f"{one.id}_flag_{flag.id}"
            if name not in frame.columns:
                continue
            small = frame.select(
                *groups.values(),
                nw.col(name).cast(nw.String).alias("__state"),
                nw.lit(1).cast(nw.Int64).alias("__rows"),
            )
            small = small.group_by([*groups.values(), "__state"]).agg(nw.col("__rows").sum())
            counts: dict[Place, dict[str, int]] = {}
            for row in small.iter_rows(named=True):
                place = [_label(row[groups[role]]) if role in groups else None for role in ("visit", "site")]
                state = row["__state"]
                if state is None or state != state:  # a blank form has none
                    continue
                states = counts.setdefault((place[0], place[1]), {})
                states[state] = states.get(state, 0) + int(row["__rows"])
            for at in _places(order):
                if at in counts:
                    states = counts[at]
                    yield FlagSummary(
                        one.id,
                        flag.id,
                        flag.title,
                        *at,
                        sum(states.values()),
                        states.get("raised", 0),
                        states.get("not answered", 0),
                    )


# -- from counts to words --------------------------------------------------------------------------

REASONS = {
    "no_answers": "no item answered",
    "too_few_answers": "too few answered",
    "component_absent": "a component is missing",
    "not_applicable": "not asked of them",
    "undefined_quotient": "a share of nothing",
    "beyond_range": "answers to be checked",
}
"""Short words for the codes of the reasons why there is no score."""

SHOWN_CELLS = 20
"""How many wrong cells the report names one by one."""


def as_text(summary: Summary) -> str:
    """The summary as plain text, for a terminal or a text file.

    Parameters
    ----------
    summary
        What `summarize` gives.

    Returns
    -------
    str
        Lines that end in a line feed; labels from data are shown without control characters.

    >>> import polars as pl
    >>> from ipm_outcomes import frames
    >>> data = pl.DataFrame({"nps_recommend": [9, 10, 4]})
    >>> print(as_text(summarize(frames.tidy(data, "nps"))).splitlines()[0])
    Summary of patient-reported outcomes, for use inside the program: small counts are not suppressed
    """
    return _rendered(summary, PLAIN)


def as_markdown(summary: Summary) -> str:
    """The summary as Markdown with pipe tables; labels from data are escaped.

    Parameters
    ----------
    summary
        What `summarize` gives.

    Returns
    -------
    str
        A Markdown document.

    >>> import polars as pl
    >>> from ipm_outcomes import frames
    >>> data = pl.DataFrame({"nps_recommend": [9, 10, 4]})
    >>> print(as_markdown(summarize(frames.tidy(data, "nps"))).splitlines()[0])
    # Summary of patient-reported outcomes, for use inside the program: small counts are not suppressed
    """
    return _rendered(summary, MARKDOWN)


def _rendered(summary: Summary, layout: Layout) -> str:
    title, escape = layout.title, layout.escape
    parts = [title(f"Summary of patient-reported outcomes, {INSIDE}", 1), *_head(summary, layout)]
    for one in summary.instruments:
        parts.append(title(escape(f"{one.title} ({one.id})"), 2))
        parts += _instrument_parts(summary, one, layout)
    for finding in summary.findings:
        if finding.argument == "coding" and finding.instrument:
            one = find_instrument(finding.instrument)
            parts += [title(escape(f"{one.title} ({one.id})"), 2), escape(f"CODING: {finding.withheld}")]
    if summary.changes is not None:
        parts += change_parts(summary.changes, layout, summary.as_of)
    parts += [title("How to read this", 2), *map(escape, _notes(summary))]
    return "\n\n".join(part for part in parts if part) + "\n"


def findings_table(findings: Iterable[Finding], layout: Layout) -> str:
    """Findings in columns, with the option of the command line that settles each."""
    rows = [
        [
            one.finding,
            one.instrument or "",
            layout.escape(one.where),
            f"{one.rows} of {one.of}",
            layout.escape(one.seen),
            layout.escape(one.option or ""),
        ]
        for one in findings
    ]
    return layout.table(
        [["finding", "instrument", "where", "rows", "what was seen", "what settles it"], *rows]
    )


def _head(summary: Summary, layout: Layout) -> list[str]:
    table, escape = layout.table, layout.escape
    facts = [
        f"{value} {name}" if isinstance(value, int) else f"{name} {value}"
        for name, value in summary.facts.items()
    ]
    counted = [number_of(summary.rows, "row")]
    if summary.blank_rows:
        counted = [f"{number_of(summary.rows, 'row')} with answers", in_words(summary.blank_rows)]
    parts = [escape("; ".join([*counted, *facts]) + ".")]
    # What was scored is what follows, and blank rows stand in the line above.
    if told := [one for one in summary.findings if one.finding not in ("instrument_found", "blank_rows")]:
        parts.append(findings_table(told, layout))
    if summary.wrong is None:
        return parts
    if not summary.wrong:
        # Where the coding of an instrument is open, its cells are not known to be answers.
        doubtful = any(one.argument == "coding" for one in summary.findings)
        return parts if doubtful else [*parts, "Every cell is an answer, or empty."]
    columns = summary.wrong_by_column()
    rows = len({cell.row for cell in summary.wrong})
    parts.append(
        escape(
            f"WRONG CELLS: {len(summary.wrong)} in {number_of(rows, 'row')} that are no answers. They are taken as not "
            "answered below. Correct them at the source."
        )
    )
    parts.append(table([["column", "wrong cells"], *([escape(name), str(n)] for name, n in columns.items())]))
    listed = [
        [str(c.row), "" if c.line is None else str(c.line), escape(c.column), escape(c.message)]
        for c in summary.wrong[:SHOWN_CELLS]
    ]
    parts.append(table([["row (from 0)", "line", "column", "what is wrong"], *listed]))
    if len(summary.wrong) > SHOWN_CELLS:
        parts.append(escape(f"and {len(summary.wrong) - SHOWN_CELLS} more: ipm-outcomes check lists all."))
    return parts


def _instrument_parts(summary: Summary, one: Instrument, layout: Layout) -> list[str]:
    table, escape = layout.table, layout.escape
    scales = [s for s in summary.scales if s.instrument == one.id]
    if not scales:
        return ["No rows."]
    split = [role for role in ("visit", "site") if getattr(scales[0], role) is not None]

    def place(found: ScaleSummary | FlagSummary) -> list[str]:
        return [escape(getattr(found, role)) for role in split]

    reasons = sorted({reason for s in scales for reason in s.withheld}, key=list(REASONS).index)
    header = [
        "scale",
        *split,
        "rows",
        "answered",
        "scored",
        *(REASONS[r] for r in reasons),
        "mean",
        "SD",
        "lowest",
        "highest",
    ]
    body = [
        [
            s.scale,
            *place(s),
            *map(str, (s.rows, s.answered, s.scored)),
            *(str(s.withheld.get(r, 0)) for r in reasons),
        ]
        + [_number(x) for x in (s.mean, s.sd, s.lowest, s.highest)]
        for s in sorted(scales, key=lambda s: one.scale_ids.index(s.scale))
    ]
    parts = [table([header, *body])]
    for scale in one.scales:
        mine = [s for s in scales if s.scale == scale.id and s.bands]
        if mine:
            header = [f"bands of {scale.id}", *split, *(escape(word) for word, _ in mine[0].bands)]
            rows = [["", *place(s), *(_share(n, s.scored) for _, n in s.bands)] for s in mine]
            parts.append(table([header, *rows]))
    promoters = [s for s in scales if s.promoters]
    if promoters:
        header = ["Net Promoter Score", *split, "promoters", "passives", "detractors", "score", "interval"]
        parts.append(
            table(
                [header, *(["", *place(s), *_promoter_cells(s.promoters)] for s in promoters if s.promoters)]
            )
        )
    flagged = [f for f in summary.flags if f.instrument == one.id]
    if flagged:
        rows = [[escape(f.title), *place(f), *map(str, (f.rows, f.raised, f.unanswered))] for f in flagged]
        parts.append(table([["flag", *split, "rows", "raised", "question not answered"], *rows]))
    return parts


def _promoter_cells(found: Promoters) -> list[str]:
    counts = [str(found.promoters), str(found.passives), str(found.detractors)]
    if found.score is None or found.lower is None or found.upper is None:
        return [*counts, "-", "-"]
    return [*counts, f"{found.score:+.1f}", f"{found.lower:+.1f} to {found.upper:+.1f}"]


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f}"


def _share(count: int, of: int) -> str:
    return f"{count} ({100 * count / of:.0f} %)" if of else "0"


def _notes(summary: Summary) -> list[str]:
    reasons = {reason for scale in summary.scales for reason in scale.withheld}
    notes = [
        "Every row of the data with an answer counts, also the second form of a patient. rows: those of the group; "
        "answered: rows with at "
        "least one item of the scale answered; scored: rows with a score; the columns after it say why "
        "the other rows have "
        "none; SD: sample standard deviation of the scores. Percentages are of the scored rows.",
        f"Missing rule: {summary.missing}"
        + (" (the first and strictest rule of each scale)." if summary.missing == "default" else "."),
    ]
    if reasons & {"component_absent"}:
        notes.append("A component is missing: a summary score needs every scale that it is made of.")
    levels = {(s.promoters.level, s.promoters.method) for s in summary.scales if s.promoters}
    notes += [
        f"Net Promoter Score: percent promoters less percent detractors of those who answered; interval at "
        f"{100 * level:g} %, {method.replace('_', ' ').replace('wald', 'Wald')}."
        for level, method in sorted(levels)
    ]
    flags = {(one.id, flag.id): flag for one in summary.instruments for flag in one.flags}
    for key in dict.fromkeys((f.instrument, f.flag) for f in summary.flags):
        notes.append(
            f"{flags[key].title}: raised from answer {flags[key].raised_from}. {flags[key].sentence}"
        )
    if weak := [place for one in summary.instruments for place in _unverified(one, summary)]:
        notes.append(f"Written from general knowledge, not yet read in a source: {'; '.join(weak)}.")
    notes += [f"{one.title}, {one.edition}. {one.notice or ''}".strip() for one in summary.instruments]
    from ipm_outcomes._version import __version__

    return [*notes, f"Made with ipm-outcomes {__version__}."]


def _unverified(one: Instrument, summary: Summary) -> Iterator[str]:
    shown = {s.scale for s in summary.scales if s.instrument == one.id}
    for scale in one.scales:
        if scale.id not in shown:
            continue
        rule = None if summary.missing == "default" else summary.missing
        parts = {
            "scoring": scale,
            "bands": scale.bands,
            "missing rule": scale.rule(rule),
            "table": scale.conversion,
        }
        for name, part in parts.items():
            if part is not None and part.evidence == "unverified":
                yield f"{name} of {one.id} {scale.id}"
        if any(one.answers_of(item).evidence == "unverified" for item in scale.items):
            yield f"answers of {one.id} {scale.id}"
        for band in scale.bands.of if scale.bands else ():
            if band.evidence == "unverified":
                yield f"band {band.label} of {one.id} {scale.id}"
