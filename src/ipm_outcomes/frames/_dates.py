"""Dates as they come: one column of any kind of frame as day numbers, and what is there where none can be read.

Dates, time stamps and ISO text are read as they are, everything else only by a declared format: what ``01/05/2026``
or ``46027`` means cannot be known from the cell, so it is never guessed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ipm_outcomes.errors import ParameterError
from ipm_outcomes.frames._date_cells import (
    FIRST_DAY,
    LAST_DAY,
    NO_TIME,
    OUTSIDE,
    USUAL_FORMATS,
    as_text,
    checked_format,
    is_blank,
    point_of,
    reader,
    shape_of,
)
from ipm_outcomes.frames._frame import Frame

Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]
DateFormat = str | Mapping[str, str] | None
DATED, MISSING, UNPARSABLE = 0, 1, 2
"""State of a date cell."""
_MOST_TRIED = 10_000


def format_of(date_format: DateFormat, name: str, names: Sequence[str] = ()) -> str | None:
    """The declared format of one column: the one for all, or the entry of that column.

    Parameters
    ----------
    date_format
        A pattern, "excel" or "sas" for all date columns; or a mapping from column to one.
    name
        The column.
    names
        All columns for which a mapping may hold an entry.
    """
    if date_format is None or isinstance(date_format, str):
        return date_format
    if not isinstance(date_format, Mapping):
        raise ParameterError(
            "date_format: give a pattern such as '%m/%d/%Y', or a dict from columns to patterns, not a "
            f"{type(date_format).__name__}"
        )
    known = names or (name,)
    if [key for key in date_format if key not in known]:
        raise ParameterError(f"date_format: a key is none of the columns of dates ({', '.join(known)})")
    return date_format.get(name)


@dataclass(frozen=True)
class Dates:
    """A column of dates.

    Attributes
    ----------
    day : int64, shape (rows,)
        Days since 1970-01-01 on the clock of the cell itself; 0 where `state` is not DATED.
    time : int64, shape (rows,), or None
        Nanoseconds since the start of that day, by which forms of one day are ordered; of the moment itself where the
        cell says its offset from UTC, so that clocks of several places can be compared. `NO_TIME` for a date without
        a time; None where no cell has a time.
    state : int8, shape (rows,)
        DATED, MISSING or UNPARSABLE.
    native, numbers : bool
        Whether the column holds dates or time stamps already, so that no format has a say; whether it holds numbers.
    """

    day: Ints
    time: Ints | None
    state: NDArray[np.int8]
    native: bool = False
    numbers: bool = False
    _codes: Ints | None = field(default=None, repr=False)
    _values: tuple[Any, ...] = field(default=(), repr=False)
    _read: tuple[date | None, ...] = field(default=(), repr=False)

    def unreadable(self, rows: Bools | None = None) -> int:
        """How many cells cannot be read, among these rows (None: all)."""
        return sum(count for _, count in self._unreadable(rows))

    def shapes(self, rows: Bools | None = None) -> dict[str, int]:
        """Shapes of the unreadable cells (``##/##/####``) with their counts, the most frequent first."""
        counts: Counter[str] = Counter()
        for value, count in self._unreadable(rows):
            counts[shape_of(value)] += count
        return dict(sorted(counts.items(), key=lambda pair: (-pair[1], pair[0])))

    def formats(self, rows: Bools | None = None) -> tuple[str, ...]:
        """Usual formats that would read every unreadable cell; where there are several, the cells do not say which.

        Of formats that read all of them alike, such as short and long names of months in May, only the first counts.
        """
        values = [value for value, _ in self._unreadable(rows)][:_MOST_TRIED]
        fits = USUAL_FORMATS if values else ()
        for value in values:
            fits = tuple(fit for fit in fits if reader(fit)(value) is not None)
        readings: dict[tuple[date | None, ...], str] = {}
        for fit in fits:
            readings.setdefault(tuple(map(reader(fit), values)), fit)
        return tuple(readings.values())

    def text_column(self, frame: Frame, name: str, times: int = 1) -> Any:
        """The column as text of the frame's kind, every entry repeated: ISO where it was read, else as it is."""
        assert self._codes is not None
        words = [
            as_text(value) if day is None else day.isoformat()
            for value, day in zip(self._values, self._read, strict=True)
        ]
        every = np.repeat(np.where(self.state == MISSING, -1, self._codes), times)
        cells = np.array([*words[:-1], None], dtype=object)[every]
        return frame.library.texts(name, cells, frame.column(name))

    def _unreadable(self, rows: Bools | None) -> list[tuple[Any, int]]:
        """Distinct unreadable values with how many of these rows hold them."""
        bad = self.state == UNPARSABLE
        if rows is not None:
            bad &= rows
        if not bad.any():
            return []
        if self._codes is None:
            return [(OUTSIDE, int(bad.sum()))]
        counts = np.bincount(self._codes[bad], minlength=len(self._values)).tolist()
        return [(value, count) for value, count in zip(self._values, counts, strict=True) if count]


def read_dates(frame: Frame, name: str, date_format: str | None = None) -> Dates:
    """Read a column of dates.

    Dates and time stamps are taken by the date on their own clock, in their own time zone. Text is read by the
    declared format, or as ISO 8601 (``2024-03-01``, alone or with a time). Numbers are read only where the format
    says what they count. Blank text, NaN and null are missing; all else cannot be read.

    Parameters
    ----------
    frame
        The frame.
    name
        Name of the column.
    date_format
        A `datetime.strptime` pattern, ``"excel"`` (serial day numbers, 1900 system) or ``"sas"`` (days since
        1960-01-01); None for ISO text only. Two-digit years (``%y``): 69 to 99 are 1969 to 1999, 00 to 68 are 2000
        to 2068, as POSIX has it.

    Raises
    ------
    ParameterError
        The format is no pattern from which a day can be read.
    """
    read = reader(checked_format(date_format))
    library = frame.library
    column = library.plain(frame.column(name))
    stamps = library.stamps(column)
    if stamps is not None:
        return _native(*stamps)
    numbers = library.numbers(column)
    if numbers is None:
        codes, values = library.distinct(column)
    else:
        distinct, places = np.unique(numbers, return_inverse=True)
        codes, values = places.astype(np.int64), distinct.tolist()
    days = tuple(read(value) for value in values)
    points = [(0, NO_TIME) if day is None else point_of(day) for day in days]
    states = [
        DATED if day is not None else MISSING if is_blank(v) else UNPARSABLE
        for v, day in zip(values, days, strict=True)
    ]
    # The last entry is that of null, which -1 reaches from the end.
    day = np.array([d for d, _ in points] + [0], np.int64)
    time = np.array([t for _, t in points] + [NO_TIME], np.int64)
    state = np.array([*states, MISSING], np.int8)
    timed = bool((time != NO_TIME).any())
    return Dates(
        day[codes],
        time[codes] if timed else None,
        state[codes],
        numbers=numbers is not None,
        _codes=codes,
        _values=(*values, None),
        _read=(*days, None),
    )


def _native(local: NDArray[Any], moment: NDArray[Any]) -> Dates:
    """Dates of NumPy days or time stamps: on their own clock, and as moments of UTC."""
    days = local.astype("datetime64[D]")
    missing = np.isnat(days)
    day: Ints = np.where(missing, 0, days.view(np.int64))
    outside = (day < FIRST_DAY) | (day > LAST_DAY)
    state = np.where(missing, MISSING, np.where(outside, UNPARSABLE, DATED)).astype(np.int8)
    time = None
    if local.dtype != days.dtype:
        since = (moment - days).astype("timedelta64[ns]").view(np.int64)
        time = np.where(state == DATED, since, NO_TIME)
        if not (local != days).any():
            time = None
    return Dates(np.where(outside, 0, day), time, state, native=True)
