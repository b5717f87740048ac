"""The forms of one patient, from a data frame of answers or from stored scores, by instrument and date."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

import numpy as np

from ipm_outcomes import responses, scoring
from ipm_outcomes.catalog import instruments as ids_of_catalog
from ipm_outcomes.change._flags import holds_answer
from ipm_outcomes.errors import FrameError, InvalidAnswersError, ParameterError, choice, number_of
from ipm_outcomes.frames._check import problems
from ipm_outcomes.frames._date_cells import NO_TIME
from ipm_outcomes.frames._dates import DATED, Dates, format_of, read_dates
from ipm_outcomes.frames._evidence import without_lowest
from ipm_outcomes.frames._frame import Frame
from ipm_outcomes.frames._items import ItemColumns, definition_of
from ipm_outcomes.frames._kernel import MISSING, no_answers
from ipm_outcomes.responses import Response
from ipm_outcomes.scores import Scores

EPOCH = date(1970, 1, 1)
Forms = dict[str, list[tuple[date, Scores]]]
"""By instrument the forms with their days."""


@dataclass
class History:
    """The forms of one patient, and what was left out on the way."""

    forms: Forms = field(default_factory=dict)
    days: set[date] = field(default_factory=set)
    """Days on which anything was answered."""
    blank: list[date] = field(default_factory=list)
    """Days of rows without any answer."""
    wrong: list[tuple[str, date, int]] = field(default_factory=list)
    """Cells that are no answers: instrument, day, number."""
    unread: list[tuple[str, date]] = field(default_factory=list)
    """Forms of which no cell is an answer, though some hold something."""


def of_pairs(entries: Iterable[Any]) -> History:
    """Pairs of a date and the scores, or the response, of that day."""
    history = History()
    for entry in entries:
        pair = isinstance(entry, tuple) and len(entry) == 2
        if not pair or not isinstance(entry[0], date) or not isinstance(entry[1], Scores | Response):
            raise ParameterError(
                "visits: give pairs of a date and the scores of that day, such as (date(2026, 1, 8), score(...)); or a "
                "data frame of answers"
            )
        day, scores = entry
        if isinstance(scores, Response):
            scores = scoring.score(scores)
        plain = day.date() if isinstance(day, datetime) else day
        if not scores.flags and not holds_answer(scores):
            history.blank.append(plain)
            continue
        history.forms.setdefault(scores.provenance.instrument, []).append((day, scores))
        history.days.add(plain)
    if not history.forms:
        raise ParameterError("visits: there is no form with an answer")
    return history


def of_frame(
    data: Any,
    *,
    instruments: Sequence[str] | str | None,
    id: str | None,
    date: str,
    missing: str | None,
    invalid: str,
    date_format: Any,
    reading: dict[str, Any],
) -> History:
    """Rows of answers, one a visit."""
    choice(invalid, ("raise", "null"), "invalid")
    frame = Frame(data)
    frame.require([date], "date")
    if not len(frame):
        raise FrameError("visits: the frame has no rows")
    if id is not None:
        frame.require([id], "id")
        codes, _ = frame.words(id)
        if (codes < 0).any():
            raise FrameError(f"id: row {int(np.flatnonzero(codes < 0)[0])} (counted from 0) has no patient")
        if (many := len(np.unique(codes))) > 1:
            raise FrameError(
                f"id: the rows are of {many} patients; a page is about one, so give the rows of one"
            )
    dates = read_dates(frame, date, format_of(date_format, date))
    if (absent := np.flatnonzero(dates.state != DATED)).size:
        raise FrameError(
            f"date: row {int(absent[0])} (counted from 0) has no date that can be read; write dates as YYYY-MM-DD or "
            "give date_format"
        )
    days = [EPOCH + timedelta(int(day)) for day in dates.day]
    wanted = [instruments] if isinstance(instruments, str) else instruments
    if wanted is None:
        named = reading["columns"] if isinstance(reading["columns"], dict) else {}
        names = set(frame.names)
        wanted = [
            name_
            for name_ in ids_of_catalog()
            if name_ in named or names & {f"{name_}_{item}" for item in definition_of(name_).item_ids}
        ]
        if not wanted:
            raise FrameError(
                "visits: the frame has no item columns such as 'phq9_q1'; name them with columns=…"
            )
    history, held = History(), np.zeros(len(frame), bool)
    for instrument in wanted:
        held |= _of_instrument(
            history, ItemColumns(frame, instrument, **reading), missing, invalid, (days, dates)
        )
    history.blank = [days[row] for row in np.flatnonzero(~held)]
    if not history.forms:
        raise FrameError("visits: no row holds an answer")
    return history


def _of_instrument(
    history: History, items: ItemColumns, missing: str | None, invalid: str, when: tuple[list[date], Dates]
) -> Any:
    """The forms of one instrument; rows that hold anything."""
    inst, (days, dates) = items.instrument, when
    if inst.id not in responses.CLASSES:
        raise ParameterError(
            f"instruments: {inst.id} is not in the catalog; score its answers and give the scores with their dates"
        )
    rows: list[Any] = []
    for _, codes in items.chunks():
        rows += codes.T.copy().tolist() if codes.size else []
    table = np.array(rows, np.int16)
    bad = no_answers(table)
    if bad.any() and invalid == "raise":
        count = number_of(int(bad.sum()), "cell")
        raise InvalidAnswersError(
            f"{inst.id}: {count} hold no answer; see the table `problems` of this error; correct them, or give "
            "invalid='null' to take them as not answered",
            problems(items),
        )
    doubtful = without_lowest(items)
    if doubtful is not None and doubtful.coding == "coding_from_one":
        raise ParameterError(
            f"coding: the options of {inst.id} look as if they were counted from 1; say which it is, "
            f"coding={{{inst.id!r}: 'position'}} or 'answer'"
        )
    model: Any = getattr(responses, responses.CLASSES[inst.id])
    rule = missing if missing in inst.missing_rules else None
    chosen: dict[date, int] = {}
    held = (table != MISSING).any(axis=1)
    answered = ((table != MISSING) & ~bad).any(axis=1)
    for row in np.flatnonzero(answered).tolist():
        day = days[row]
        chosen[day] = _later(inst.id, dates, chosen[day], row) if day in chosen else row
    for day, row in sorted(chosen.items()):
        given = {
            item: inst.answers_of(item).answer(int(code))
            for item, code, wrong in zip(inst.item_ids, table[row], bad[row], strict=True)
            if code != MISSING and not wrong
        }
        history.forms.setdefault(inst.id, []).append(
            (day, scoring.score(model.model_validate(given), missing=rule))
        )
        history.days.add(day)
        if bad[row].any():
            history.wrong.append((inst.id, day, int(bad[row].sum())))
    history.unread += [(inst.id, days[row]) for row in np.flatnonzero(held & ~answered)]
    return held


def _later(inst: str, dates: Dates, row: int, other: int) -> int:
    """Of two forms of one day the later one."""
    times = [NO_TIME if dates.time is None else int(dates.time[row]) for row in (row, other)]
    if NO_TIME in times or times[0] == times[1]:
        raise FrameError(
            f"date: rows {row} and {other} (counted from 0) are both of {inst} and of one day; keep the one that counts"
        )
    return row if times[0] > times[1] else other
