"""Tables of records (statuses, events, spans of enrollment, appointments), read in any kind of frame."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ipm_outcomes.change._unreadable import described
from ipm_outcomes.errors import FrameError, ParameterError, UnreadableDatesError
from ipm_outcomes.frames._dates import DATED, UNPARSABLE, DateFormat, format_of, read_dates
from ipm_outcomes.frames._frame import Frame
from ipm_outcomes.frames._library import Bools, Ints
from ipm_outcomes.program._columns import ALL, NOT_RECORDED
from ipm_outcomes.program._sources import refuse_name_of_total

Group = tuple[Any, ...]


def frame_of(data: Any, table: str, needed: Sequence[str], like: Frame | None = None) -> Frame:
    """A table of records, in the kind of another one where that is given."""
    frame = Frame(data)
    frame.require(needed, table)
    return frame if like is None else frame.in_kind_of(like, None, table)


def people(frames: Mapping[str, Frame], name: str = "patient_id") -> tuple[list[Ints], Any]:
    """Codes of the patients of each table, and the distinct ids."""
    first = next(iter(frames.values()))
    try:
        codes_of, values = first.keys([frame.column(name) for frame in frames.values()], name)
    except FrameError as error:
        message = (
            str(error).replace("in the scores", "in one table").replace("in the episodes", "in the other")
        )
        raise FrameError(message) from None
    for table, codes in zip(frames, codes_of, strict=True):
        if (lost := np.flatnonzero(codes < 0)).size:
            raise FrameError(
                f"{table}: {name} is missing in {lost.size} row(s), first in row {lost[0]} (counted from 0); name the "
                "patient or leave the row out"
            )
    return codes_of, values


def days(
    frame: Frame,
    name: str,
    table: str,
    date_format: DateFormat,
    names: Sequence[str],
    empty: str | None = None,
) -> tuple[Ints, Bools]:
    """A column of dates as day numbers, and where there is one.

    A date that cannot be read is refused, and so is an empty cell, unless ``empty`` says what it means.
    """
    dates = read_dates(frame, name, format_of(date_format, name, names))
    if (dates.state == UNPARSABLE).any():
        raise UnreadableDatesError(f"{table}: {described(name, dates)}")
    known: Bools = dates.state == DATED
    if empty is None and not known.all():
        lost = np.flatnonzero(~known)
        raise FrameError(
            f"{table}: {name} is empty in {lost.size} row(s), first in row {lost[0]} (counted from 0); fill it in or "
            "leave the row out"
        )
    return dates.day, known


def plain(word: str) -> str:
    """A word without case, spaces and signs: ``"Full duty"`` is ``full_duty``."""
    return re.sub(r"[\W_]+", "_", word.casefold()).strip("_")


def meanings_of(meanings: Mapping[str, str | None] | None, known: Sequence[str]) -> dict[str, str | None]:
    """What the words of a table are declared to mean."""
    if meanings is None:
        return {}
    if not isinstance(meanings, Mapping) or not all(isinstance(key, str) for key in meanings):
        raise ParameterError(
            "meanings: a mapping from the labels in the table to those of the library, or None"
        )
    if any(value is not None and value not in known for value in meanings.values()):
        raise ParameterError(f"meanings: each is one of {', '.join(known)}, or None (the row is left out)")
    return {plain(key): value for key, value in meanings.items()}


def coded(
    frame: Frame, name: str, table: str, known: Sequence[str], meanings: Mapping[str, str | None] | None
) -> Ints:
    """A column of words as positions in those that are known, -1 for none or left out; others are refused."""
    declared = meanings_of(meanings, known)
    codes, labels = frame.words(name)
    place = np.full(len(labels) + 1, -1, np.int64)
    for position, label in enumerate(labels):
        word = plain(str(label))
        if word in declared:
            meant = declared[word]
            place[position] = -1 if meant is None else known.index(meant)
        elif word:
            place[position] = known.index(word) if word in known else -2
    places: Ints = place[codes]
    if (odd := np.flatnonzero(places == -2)).size:
        raise FrameError(
            f"{table}: {name} holds {int((place == -2).sum())} label(s) that are not known, in "
            f"{odd.size} row(s), first "
            f"in row {odd[0]} (counted from 0); known are {', '.join(known)}. Declare each: "
            f'meanings={{"label in the table": "{known[0]}"}}, or None for rows to be left out'
        )
    return places


def columns_at(frame: Frame, names: Sequence[str], rows: Ints) -> dict[str, Any]:
    """Native columns at some rows."""
    return {name: frame.take(frame.column(name), rows) for name in names}


def group_keys(frame: Frame, by: Sequence[str]) -> list[Group]:
    """The group of every row, by plain values."""
    columns = [frame.values(name) for name in by]
    return [
        tuple(NOT_RECORDED if value is None else value for value in row) for row in zip(*columns, strict=True)
    ] or [()] * len(frame)


def with_total(groups: Sequence[Group], by: Sequence[str], totals: bool) -> list[Group]:
    """The groups in order, and behind them that of all together."""
    if totals:
        refuse_name_of_total(groups)
    distinct = sorted(set(groups), key=lambda group: [(str(type(value)), value) for value in group])
    return [*distinct, (ALL,) * len(by)] if totals and by else distinct
