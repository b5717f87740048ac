"""What is in the way of scoring a table, reported before anything is scored."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ipm_outcomes._fence import fenced
from ipm_outcomes.catalog import instruments as all_instruments
from ipm_outcomes.definition import Instrument
from ipm_outcomes.errors import FrameError, ParameterError, number_of
from ipm_outcomes.frames._blank import in_words
from ipm_outcomes.frames._dates import DATED, DateFormat, Dates, format_of, read_dates
from ipm_outcomes.frames._dates import MISSING as NO_DATE
from ipm_outcomes.frames._decode import distinct
from ipm_outcomes.frames._evidence import Evidence, gather, header_rows
from ipm_outcomes.frames._findings import FINDINGS, Finding, by_instrument, of_cells, span, table
from ipm_outcomes.frames._frame import AnyFrame, Frame
from ipm_outcomes.frames._groups import GroupNames, misspelled, renames
from ipm_outcomes.frames._items import (
    Codings,
    ItemColumns,
    NotAnsweredBy,
    definition_of,
    in_visits,
    lacking_columns,
    likely_names,
    nearest_column,
    own,
)
from ipm_outcomes.frames._recorded import disagreeing
from ipm_outcomes.frames._score_columns import score_columns

_ODD = np.uint64(0x9E3779B97F4A7C15)
"""Spreads the bits of a number over all of its places."""


@fenced
def inspect(
    data: AnyFrame,
    instruments: Sequence[str | Instrument] | str | Instrument | None = None,
    *,
    columns: Any = None,
    coding: Codings = None,
    not_answered: NotAnsweredBy = (),
    text_numbers: bool | None = None,
    scales: Any = None,
    id: str | None = None,
    date: str | None = None,
    date_format: DateFormat = None,
    site: str | None = None,
    by: Sequence[str] | str | None = None,
    group_names: GroupNames = None,
    replace: bool = False,
) -> AnyFrame:
    """Look at a table before anything is scored: what is there, and what has to be settled.

    Nothing is changed and nothing is decided; each finding names the argument that settles it.

    Parameters
    ----------
    data
        A data frame as in `score`, one row per visit.
    instruments
        Ids of the instruments to look for; None: all of which the table has a column.
    columns, coding, not_answered, text_numbers, scales
        As in `score`; for several instruments as mappings by instrument id.
    id, date
        Columns of the patient and of the date; by default ``patient_id`` and ``date`` where the table has them.
    date_format
        How dates are written where they are no dates and no ISO 8601 text: a pattern of `datetime.strptime` such as
        ``"%m/%d/%Y"``, ``"excel"`` or ``"sas"``.
    site, by
        Columns of groups, whose names are looked at; by default ``site`` where the table has it.
    group_names
        As in `tidy`.
    replace
        Whether scores that are in the table will be scored again, so that they need not be compared.

    Returns
    -------
    data frame of the same kind
        One row per finding: ``finding`` (a stable code), ``where`` (columns), ``instrument`` (id, or null),
        ``rows`` (how many it is about), ``of`` (how many could be), ``settle`` (the argument that settles it, as it is
        written in Python; null where there is nothing to settle).

    Raises
    ------
    FrameError
        A column that was named is missing or appears twice, no instrument was named and none is there, or the kind of
        frame is not known. Bad cells never raise.
    ParameterError, UnknownNameError
        An argument is outside what it may be.

    Notes
    -----
    Cells that run to one above the highest answer and never hold the lowest are reported as ``coding_from_one``;
    cells of 20 or more complete forms that never hold the lowest as ``coding_suspected``.

    Examples
    --------
    >>> import pandas as pd
    >>> from ipm_outcomes import frames
    >>> data = pd.DataFrame({f"pcs_q{n}": [1, 2, 5] for n in range(1, 14)})
    >>> frames.inspect(data)[["finding", "rows", "settle"]].fillna("").values.tolist()
    [['instrument_found', 2, ''], ['coding_from_one', 3, 'coding="position"']]
    """
    frame = Frame(data)
    seen = findings(
        frame,
        instruments,
        columns=columns,
        coding=coding,
        not_answered=not_answered,
        text_numbers=text_numbers,
        scales=scales,
        id=id,
        date=date,
        date_format=date_format,
        site=site,
        by=by,
        group_names=group_names,
        replace=replace,
    )
    result: AnyFrame = table(frame, seen)
    return result


def findings(
    frame: Frame,
    instruments: Sequence[str | Instrument] | str | Instrument | None = None,
    *,
    columns: Any = None,
    coding: Codings = None,
    not_answered: NotAnsweredBy = (),
    text_numbers: bool | None = None,
    scales: Any = None,
    id: str | None = None,
    date: str | None = None,
    date_format: DateFormat = None,
    site: str | None = None,
    by: Sequence[str] | str | None = None,
    group_names: GroupNames = None,
    replace: bool = False,
) -> list[Finding]:
    """What `inspect` says, as findings."""
    patient, day = _column(frame, "id", id, "patient_id"), _column(frame, "date", date, "date")
    groups = _groups(frame, site, by)
    wanted = _wanted(frame, instruments, columns)
    alone = len(wanted) == 1
    findings: list[Finding] = []
    every: list[ItemColumns] = []
    for instrument in wanted:
        asked = own("scales", scales, instrument) if isinstance(scales, Mapping) else scales
        if absent := lacking_columns(instrument, columns, frame.names, asked):
            findings.append(_columns_missing(frame, instrument, absent, alone))
        else:
            every.append(ItemColumns(frame, instrument, columns, coding, not_answered, text_numbers, asked))
    evidences = [gather(items) for items in every]
    if skipped := header_rows(evidences):
        findings.append(
            Finding(
                "header_rows",
                span([name for items in every for name in items.names.values()]),
                None,
                skipped,
                len(frame),
                "data",
                skipped,
                words="rows that look like further rows of the header",
            )
        )
        evidences = [gather(items, skipped) for items in every]
    for evidence in evidences:
        findings += _of_instrument(evidence, alone)
        if not replace:
            findings += _recorded(evidence)
    findings += _blank_rows(frame, evidences, skipped)
    if day is not None:
        dates = read_dates(frame, day, format_of(date_format, day))
        findings += _dates(day, dates, _with_answers(evidences, len(frame), skipped))
        if patient is not None and evidences:
            findings += _duplicates(frame, evidences, (patient, day), dates, skipped)
    renamed = frame.renamed(renames(frame, group_names))
    named: list[str] = [*groups, *([] if patient is None else [patient])]
    for name in dict.fromkeys(named):
        rows, of = misspelled(renamed, name)
        if rows:
            findings.append(
                Finding("group_spelling", name, None, rows, of, "group_names", {name: "merge"}, False)
            )
    order = list(FINDINGS)
    return sorted(findings, key=lambda finding: order.index(finding.finding))


def _column(frame: Frame, argument: str, given: str | None, usual: str) -> str | None:
    if given is None:
        return usual if usual in frame.names else None
    frame.require([given], argument)
    return given


def _groups(frame: Frame, site: str | None, by: Sequence[str] | str | None) -> list[str]:
    named = [*([] if site is None else [site]), *([by] if isinstance(by, str) else by or [])]
    frame.require(named, "by")
    return list(dict.fromkeys(named or [name for name in ("site",) if name in frame.names]))


def _wanted(frame: Frame, given: Any, columns: Any) -> list[Instrument]:
    """The instruments asked for, or those of which the table has a column."""
    if given is not None:
        listed = [given] if isinstance(given, (str, Instrument)) else given
        if not isinstance(listed, Sequence) or not listed:
            raise ParameterError("instruments: name at least one instrument")
        return [definition_of(name) for name in listed]
    names = set(frame.names)
    wanted = [
        instrument
        for instrument in map(definition_of, all_instruments())
        if (isinstance(columns, Mapping) and instrument.id in columns)
        or names & {f"{instrument.id}_{item}" for item in instrument.item_ids}
        or likely_names(instrument, frame.names)
    ]
    if not wanted:
        if visits := next(
            (visits for id in all_instruments() if (visits := in_visits(definition_of(id), frame.names))), ""
        ):
            raise FrameError(visits)
        raise FrameError(
            "the frame has no item columns such as 'phq9_q1'; name the instrument, and its columns with columns=…"
        )
    return wanted


def _way_out(instrument: Instrument, absent: list[str], names: Sequence[str]) -> str:
    visits = in_visits(instrument, names)
    return f"; {visits}" if visits else nearest_column(absent, names)


def _columns_missing(frame: Frame, instrument: Instrument, absent: list[str], alone: bool) -> Finding:
    likely = likely_names(instrument, frame.names)
    return Finding(
        "columns_missing",
        span(absent),
        instrument.id,
        len(frame),
        len(frame),
        "columns" if likely else None,
        by_instrument(instrument.id, likely, alone) if likely else None,
        words=f"{len(absent)} of its item columns are not there"
        + (", but columns of similar names are" if likely else _way_out(instrument, absent, frame.names)),
    )


def _of_instrument(evidence: Evidence, alone: bool) -> list[Finding]:
    items = evidence.items
    names = list(items.names.values())
    rows = len(items.frame)
    first = Finding(
        "instrument_found", span(names), items.instrument.id, int(evidence.answered.sum()), rows, moves=False
    )
    return [first, *of_cells(evidence, rows, alone)]


def _recorded(evidence: Evidence) -> list[Finding]:
    """Scores that the table holds already, and how many of them the answers do not give."""
    items = evidence.items
    own_names = items.frame.holding(_result_names(items))
    if not own_names:
        return []
    if evidence.coding:
        return [_recorded_finding(items, list(own_names.values()), 0, 0)]
    scored = score_columns(items, None, "null")
    others = {name: column for name, column in scored.items() if name not in items.own_scores}
    return [_recorded_finding(items, *disagreeing(items.frame, others))]


def _result_names(items: ItemColumns) -> list[str]:
    """Names that the columns of scores begin with."""
    names = [
        f"{items.instrument.id}_{part}"
        for part in (*items.scales, *(f"flag_{flag.id}" for flag in items.instrument.flags))
    ]
    return [name for name in names if name not in items.own_scores]


def _recorded_finding(items: ItemColumns, names: list[str], rows: int, of: int) -> Finding:
    return Finding(
        "recorded_scores",
        span(names),
        items.instrument.id,
        rows,
        of,
        "replace",
        True,
        rows > 0,
        "scores stand there already"
        + (f"; in {number_of(rows, 'row')} they differ from the answers" if of else ""),
    )


def _blank_rows(frame: Frame, evidences: list[Evidence], skipped: int) -> list[Finding]:
    if not evidences:
        return []
    blank = ~np.logical_or.reduce([evidence.answered | evidence.unread for evidence in evidences])
    blank[:skipped] = False
    rows, none = int(blank.sum()), bool(blank[skipped:].all())
    if not rows and not none:
        return []
    names = [name for evidence in evidences for name in evidence.items.names.values()]
    seen = "no row holds an answer" if none else in_words(rows)
    return [Finding("blank_rows", span(names), None, rows, len(frame), moves=none, words=seen)]


def _with_answers(evidences: list[Evidence], rows: int, skipped: int) -> NDArray[np.bool_]:
    """The rows whose dates matter: those that hold an answer, or all where no instrument is there."""
    held = np.arange(rows) >= skipped
    if evidences:
        held &= np.logical_or.reduce([evidence.answered | evidence.unread for evidence in evidences])
    return held


def _dates(day: str, dates: Dates, looked_at: NDArray[np.bool_]) -> list[Finding]:
    """Dates of these rows that cannot be read, with the formats that would read all of them."""
    unread, of = dates.unreadable(looked_at), int((looked_at & (dates.state != NO_DATE)).sum())
    if not unread:
        return []
    formats = dates.formats(looked_at)
    shapes = list(dates.shapes(looked_at))
    seen = f"dates that cannot be read, written as {', '.join(shapes[:3])}{' ...' if len(shapes) > 3 else ''}"
    # A few slips in a column whose other dates are read are for the source to correct, not for a format.
    argument = "date_format" if formats or 2 * unread > of else None
    value = formats or "…"
    if not formats:
        seen += "; no usual format reads all of them"
    findings = [Finding("dates_unreadable", day, None, unread, of, argument, value, words=seen)]
    if len(formats) > 1:
        seen = f"dates that can be read in {len(formats)} ways"
        findings.append(Finding("dates_ambiguous", day, None, unread, of, argument, value, words=seen))
    return findings


def _duplicates(
    frame: Frame, evidences: list[Evidence], names: tuple[str, str], dates: Dates, skipped: int
) -> list[Finding]:
    """Rows with answers of a patient, day and time that an earlier row has as well."""
    there = np.logical_or.reduce([evidence.answered for evidence in evidences]) & (dates.state == DATED)
    there[:skipped] = False
    times = np.zeros(len(frame), np.int64) if dates.time is None else dates.time
    column = frame.column(names[0])
    hashed = frame.library.hashes(column)
    if hashed is None:
        patients, places = distinct(frame.kind, column, len(frame))
        known = [patient is not None and str(patient).strip() != "" for patient in patients]
        rows = np.flatnonzero(there & np.array(known, bool)[places])
        places, of = places[rows], len(rows)
    else:  # rows alike by number are few, and only these are compared
        numbers, named = hashed
        rows = np.flatnonzero(there & named)
        of = len(rows)
        moments = (dates.day * 1_000_003 + times)[rows].view(np.uint64)
        rows = rows[_repeated(numbers[rows] ^ moments * _ODD)]
        _, places = distinct(frame.kind, frame.library.take(column, rows), len(rows))
    if not len(rows):
        return []
    key = np.stack([places, dates.day[rows], times[rows]])
    _, first, inverse = np.unique(key, axis=1, return_index=True, return_inverse=True)
    earlier = rows[first[inverse.ravel()]]
    repeats = rows != earlier
    count = int(repeats.sum())
    if not count:
        return []
    differ = [_differ(evidence.items, rows[repeats], earlier[repeats]) for evidence in evidences]
    others = int(np.logical_or.reduce(differ).sum())
    return [
        Finding(
            "duplicate_forms",
            span(names),
            None,
            count,
            of,
            moves=others > 0,
            words=f"forms of a patient and date that an earlier row has as well, {others} of them with other answers",
        )
    ]


def _repeated(keys: NDArray[np.uint64]) -> NDArray[np.intp]:
    """Where there is a number that is elsewhere as well, in order."""
    order = np.argsort(keys)
    alike = np.diff(keys[order]) == 0
    repeated = np.zeros(len(keys), bool)
    repeated[order[:-1][alike]] = repeated[order[1:][alike]] = True
    return np.flatnonzero(repeated)


def _differ(items: ItemColumns, rows: NDArray[np.intp], others: NDArray[np.intp]) -> NDArray[np.bool_]:
    """Whether the answers of these rows are not those of the others."""
    wanted = np.union1d(rows, others)
    parts = []
    for start, codes in items.chunks():
        low, high = np.searchsorted(wanted, (start, start + codes.shape[1]))
        parts.append(codes[:, wanted[low:high] - start])
    answers = np.concatenate(parts, axis=1)
    own, other = np.searchsorted(wanted, rows), np.searchsorted(wanted, others)
    differing: NDArray[np.bool_] = (answers[:, own] != answers[:, other]).any(axis=0)
    return differing
