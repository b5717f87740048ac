"""Dates as they come: one column of any kind of frame as day numbers, and what stands there where none can be read.

Dates, time stamps and ISO text are read as they are, everything else only by a declared format: what ``01/05/2026``
or ``46027`` means cannot be known from the cell, so it is never guessed.
"""

from __future__ import annotations

import re
import sys
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import cached_property, lru_cache
from importlib import import_module
from math import isfinite
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ipm_outcomes.answers import SAS_ZERO_HIGH, SAS_ZERO_LOW
from ipm_outcomes.errors import ParameterError
from ipm_outcomes.frames._frame import Frame

Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]
DateFormat = str | Mapping[str, str] | None

DATED, MISSING, UNPARSABLE = 0, 1, 2
"""State of a date cell."""

NO_TIME = -(2**62)
"""Time of a date without one: before every time of its day."""

_EPOCH = date(1970, 1, 1).toordinal()
FIRST_DAY, LAST_DAY = date.min.toordinal() - _EPOCH, date.max.toordinal() - _EPOCH
"""Days of the years 1 to 9999; what lies outside is no date."""

_HOUR = r"([01]\d|2[0-3])"
_CLOCK = rf"{_HOUR}(:?[0-5]\d(:?[0-5]\d([.,]\d+)?)?)?"
_ISO = re.compile(rf"\d{{4}}-\d\d-\d\d([T ]{_CLOCK}(Z|[+-]{_HOUR}(:?[0-5]\d)?)?)?", re.ASCII)
_NUMBER = re.compile(r"-?\d+(\.\d+)?", re.ASCII)
_JOINED = re.compile(r"%[YymdHMSj]%[YymdHMSj]")
"""Numbers side by side: with a zero left out nobody can say where one ends, as in 2026111."""
_PROBES = (datetime(2001, 2, 3, 16, 5, 6, tzinfo=UTC), datetime(2012, 11, 10, 9, 8, 7, tzinfo=UTC))

EXCEL, SAS = "excel", "sas"
_SERIALS = {EXCEL: date(1899, 12, 30), SAS: date(1960, 1, 1)}
"""Day 0 of the numbers that a program keeps in place of dates."""
_SERIAL_FROM = {EXCEL: date(1900, 1, 1), SAS: date(1582, 1, 1)}

_DAYS = ("%m/%d/%Y", "%d/%m/%Y", "%d.%m.%Y", "%m.%d.%Y", "%m-%d-%Y", "%d-%m-%Y", "%Y/%m/%d", "%Y.%m.%d")
_SHORT = ("%m/%d/%y", "%d/%m/%y", "%d.%m.%y", "%m.%d.%y", "%m-%d-%y", "%d-%m-%y", "%y-%m-%d")
_NAMED = (
    *("%d%b%Y", "%d-%b-%Y", "%d %b %Y", "%d %B %Y", "%b %d, %Y", "%B %d, %Y", "%d%b%y", "%d-%b-%y"),
    *("%b %d %Y", "%B %d %Y", "%A, %B %d, %Y"),
)
_TIMES = ("%H:%M", "%H:%M:%S", "%I:%M %p", "%I:%M:%S %p", "%I:%M%p", "%I:%M:%S%p")
_CLOCKS = ("", *(f" {one}" for one in _TIMES), *(f", {one}" for one in _TIMES), " %H%M", "T%H:%M:%S")
USUAL_FORMATS = (
    *(f"{day}{clock}" for day in (*_DAYS, *_SHORT, *_NAMED, "%Y-%m-%d") for clock in _CLOCKS),
    *(
        "%d%b%Y:%H:%M:%S",
        "%Y%m%d",
        "%Y%m%dT%H%M%S",
        "%G-W%V-%u",
        "%Y-%m-%d %H:%M:%S UTC",
        "%Y-%m-%d %H:%M:%S %z",
    ),
    *(EXCEL, SAS),
)
"""Formats that are looked for where cells cannot be read, to be named as a way out, never to be applied."""
_MOST_TRIED = 10_000


_LARGEST = 10**12
"""No number above this counts the days or names the date of anything."""


class _Outside:
    """A native date outside the calendar, which has no text of its own."""


_OUTSIDE = _Outside()


def day_number(day: date) -> int:
    """Days since 1970-01-01 of a date or time stamp."""
    return day.toordinal() - _EPOCH


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
        cell tells its offset from UTC, so that clocks of several places can be compared. `NO_TIME` for a date without
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
        """Usual formats that would read every unreadable cell; where there are several, the cells do not tell which.

        Of formats that read all of them alike, such as short and long names of months in May, only the first counts.
        """
        values = [value for value, _ in self._unreadable(rows)][:_MOST_TRIED]
        fits = USUAL_FORMATS if values else ()
        for value in values:
            fits = tuple(one for one in fits if _reader(one)(value) is not None)
        readings: dict[tuple[date | None, ...], str] = {}
        for one in fits:
            readings.setdefault(tuple(map(_reader(one), values)), one)
        return tuple(readings.values())

    @cached_property
    def ambiguous(self) -> int:
        """Cells that can be read in more than one way, such as day first and month first, by formats that fit all."""
        patterns = [one for one in self.formats() if one not in _SERIALS]
        return self.unreadable() if len(patterns) > 1 else 0

    def text_column(self, frame: Frame, name: str, times: int = 1) -> Any:
        """The column as text of the frame's kind, every entry repeated: ISO where it was read, else as it stands."""
        assert self._codes is not None
        words = [
            _as_text(value) if found is None else found.isoformat()
            for value, found in zip(self._values, self._read, strict=True)
        ]
        every = np.repeat(np.where(self.state == MISSING, -1, self._codes), times)
        cells = np.array([*words[:-1], None], dtype=object)[every]
        if frame.kind == "polars":
            pl = sys.modules["polars"]
            return pl.Series(name, cells, dtype=pl.String)
        if frame.kind == "pyarrow":
            import pyarrow as pa

            return pa.array(cells, pa.string())
        pd = sys.modules["pandas"]
        given = frame.column(name).dtype
        return pd.Series(cells, dtype=given if isinstance(given, pd.StringDtype) else object)

    def _unreadable(self, rows: Bools | None) -> list[tuple[Any, int]]:
        """Distinct unreadable values with how many of these rows hold them."""
        bad = self.state == UNPARSABLE
        if rows is not None:
            bad &= rows
        if not bad.any():
            return []
        if self._codes is None:
            return [(_OUTSIDE, int(bad.sum()))]
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
    read = _reader(checked_format(date_format))
    column = _plain(frame.column(name), frame.kind)
    stamps = _stamps(column, frame.kind)
    if stamps is not None:
        return _native(*stamps)
    codes, values = _distinct(column, frame.kind)
    found = tuple(read(value) for value in values)
    points = [(0, NO_TIME) if one is None else point_of(one) for one in found]
    states = [
        DATED if one is not None else MISSING if _blank(v) else UNPARSABLE
        for v, one in zip(values, found, strict=True)
    ]
    # The last entry is that of null, which -1 reaches from the end.
    day = np.array([d for d, _ in points] + [0], np.int64)
    time = np.array([t for _, t in points] + [NO_TIME], np.int64)
    state = np.array([*states, MISSING], np.int8)
    timed = bool((time != NO_TIME).any())
    numbers = _numbers(column, frame.kind) is not None
    return Dates(
        day[codes],
        time[codes] if timed else None,
        state[codes],
        numbers=numbers,
        _codes=codes,
        _values=(*values, None),
        _read=(*found, None),
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


def checked_format(date_format: str | None) -> str | None:
    """The format, refused where no day could be read by it."""
    if date_format is None or date_format in _SERIALS:
        return date_format
    told = (
        "date_format: give a strptime pattern that holds year, month and day, such as '%m/%d/%Y' or '%d.%m.%y', or "
        f"the word {EXCEL!r} or {SAS!r} for the day numbers of these programs"
    )
    if not isinstance(date_format, str):
        raise ParameterError(told)
    for probe in _PROBES:
        try:
            written = probe.strftime(date_format)
            back = datetime.strptime(written, date_format)
        except (ValueError, re.error, OverflowError):
            raise ParameterError(told) from None
        if back.date() != probe.date():
            raise ParameterError(told)
        if (iso := _iso(written)) and day_number(iso) != day_number(probe):
            raise ParameterError(
                "date_format: what this pattern reads is ISO 8601 text of another day; write such dates as "
                "year-month-day"
            )
    return date_format


@lru_cache(maxsize=1024)
def _reader(date_format: str | None) -> Callable[[Any], date | None]:
    """A function from a cell to the date or time stamp in it, or None."""
    if date_format in _SERIALS:
        assert date_format is not None

        def of_text(text: str) -> date | None:
            return _serial(float(text), date_format) if _NUMBER.fullmatch(text) else None

        def of_number(number: float) -> date | None:
            return _serial(number, date_format)

    elif date_format is not None:
        joined = bool(_JOINED.search(date_format))

        def of_text(text: str) -> date | None:
            found = _strptime(text, date_format)
            if found is None or (joined and len(text) != len(found.strftime(date_format))):
                return None
            return found if _has_clock(date_format) else found.date()

        def of_number(number: float) -> date | None:
            return of_text(str(int(number))) if number == int(number) and number >= 0 else None

    else:

        def of_text(text: str) -> date | None:
            return None

        def of_number(number: float) -> date | None:
            return None

    def read(value: Any) -> date | None:
        if isinstance(value, str):
            text = value.strip()
            found = of_text(text) if text else None
            return _iso(text) if found is None else found
        if isinstance(value, date):  # a datetime is a date; NaT is unlike itself
            return value if value == value else None
        if isinstance(value, np.datetime64):
            return _of_stamp(value)
        if isinstance(value, (int, float, Decimal, np.integer, np.floating)) and not isinstance(value, bool):
            if isinstance(value, Decimal) and value.is_nan():
                return None
            if isinstance(value, int) and abs(value) > _LARGEST:
                return None
            number = float(value)
            return (
                of_number(0.0 if SAS_ZERO_LOW < number < SAS_ZERO_HIGH else number)
                if isfinite(number)
                else None
            )
        return None

    return read


def _has_clock(date_format: str) -> bool:
    return bool(re.search(r"%[HIpMSfzZcX]", date_format.replace("%%", "")))


def _strptime(text: str, date_format: str) -> datetime | None:
    try:
        return datetime.strptime(text, date_format)
    except (ValueError, OverflowError):
        return None


def _iso(text: str) -> date | None:
    if not _ISO.fullmatch(text):
        return None
    try:
        return date.fromisoformat(text) if len(text) == 10 else datetime.fromisoformat(text)
    except ValueError:
        return None


def _of_stamp(value: np.datetime64) -> date | None:
    found = value.astype("datetime64[us]").item()
    return found if isinstance(found, date) else None


def _serial(number: float, program: str) -> date | None:
    """The date that a day number stands for; Excel's carries the time as a fraction."""
    days = int(number // 1)
    fraction = number - days
    if program == EXCEL:
        if days == 60:  # 29 February 1900, which Excel has and the calendar has not
            return None
        days += days < 60
    elif fraction:
        return None
    try:
        day = _SERIALS[program] + timedelta(days)
    except OverflowError:
        return None
    if day < _SERIAL_FROM[program]:
        return None
    if not fraction:
        return day
    # Excel's fractions are binary; its clock shows whole seconds.
    moment = datetime.combine(day, datetime.min.time())
    try:
        return moment + timedelta(seconds=round(fraction * 86_400))
    except OverflowError:
        return None


def point_of(found: date) -> tuple[int, int]:
    """Day and time of a date or time stamp."""
    day = day_number(found)
    if not isinstance(found, datetime):
        return day, NO_TIME
    clock = timedelta(
        hours=found.hour, minutes=found.minute, seconds=found.second, microseconds=found.microsecond
    )
    micros = (clock - (found.utcoffset() or timedelta())) // timedelta(microseconds=1)
    return day, micros * 1000 + int(getattr(found, "nanosecond", 0))


def _blank(value: Any) -> bool:
    if isinstance(value, str):
        return not value.strip()
    if value is None or type(value).__name__ == "NAType":
        return True
    if isinstance(value, Decimal):
        return value.is_nan()
    return isinstance(value, (float, date, np.datetime64, np.floating)) and value != value


def _as_text(value: Any) -> str | None:
    if isinstance(value, str):
        return value
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return None if _blank(value) else str(value)


_MOST_SHOWN = 24
_KEPT = frozenset("-/.:,+ ")


def shape_of(value: Any) -> str:
    """What a cell looks like without what it says: digits as ``#``, letters as ``a``.

    >>> shape_of("03/07/2026"), shape_of("5 Jan 2026"), shape_of(46027.0)
    ('##/##/####', '# aaa ####', '#####')
    """
    if isinstance(value, _Outside):
        return "a year outside 1 to 9999"
    if not isinstance(value, (str, int, float, Decimal, np.integer, np.floating)) or isinstance(value, bool):
        return f"a {type(value).__name__}"
    text = (_as_text(value) or "").strip()
    shown = "".join(
        "#" if c.isdigit() else "a" if c.isalpha() else c if c in _KEPT else "?" for c in text[:_MOST_SHOWN]
    )
    return f"{shown}…" if len(text) > _MOST_SHOWN else shown


# ---- columns -------------------------------------------------------------------------------------


def _plain(column: Any, kind: str) -> Any:
    """A column of categories as one of their values, in pandas and Arrow."""
    if kind == "pandas" and isinstance(column.dtype, sys.modules["pandas"].CategoricalDtype):
        return column.astype(column.cat.categories.dtype)
    if kind == "pyarrow" and import_module("pyarrow").types.is_dictionary(column.type):
        return column.cast(column.type.value_type)
    return column


def _stamps(column: Any, kind: str) -> tuple[NDArray[Any], NDArray[Any]] | None:
    """Dates or time stamps as NumPy holds them, on their own clock and in UTC; None where the column holds neither."""
    if kind == "polars":
        pl = sys.modules["polars"]
        if column.dtype == pl.Date:
            days = column.to_numpy().astype("datetime64[D]")
            return days, days
        if column.dtype != pl.Datetime:
            return None
        local = column.dt.replace_time_zone(None).to_numpy()
        if column.dtype.time_zone is None:
            return local, local
        return local, column.dt.convert_time_zone("UTC").dt.replace_time_zone(None).to_numpy()
    if kind == "pyarrow":
        return _arrow_stamps(column)
    pd = sys.modules["pandas"]
    if isinstance(column.dtype, pd.ArrowDtype):
        import pyarrow as pa

        return _arrow_stamps(pa.chunked_array(column.array.__arrow_array__()))
    if not pd.api.types.is_datetime64_any_dtype(column.dtype):
        return None
    local = column.dt.tz_localize(None).to_numpy()
    return local, column.dt.tz_convert(None).to_numpy() if column.dt.tz is not None else local


def _arrow_stamps(column: Any) -> tuple[NDArray[Any], NDArray[Any]] | None:
    import pyarrow as pa

    if pa.types.is_date(column.type):
        days = column.cast(pa.date32()).to_numpy().astype("datetime64[D]")
        return days, days
    if not pa.types.is_timestamp(column.type):
        return None
    if column.type.tz is None:
        local = column.to_numpy()
        return local, local
    compute: Any = import_module(
        "pyarrow.compute"
    )  # its functions are made at import; checkers do not see all
    return compute.local_timestamp(column).to_numpy(), column.cast(pa.timestamp(column.type.unit)).to_numpy()


def _distinct(column: Any, kind: str) -> tuple[Ints, list[Any]]:
    """Codes of a column that holds no native dates (-1 for null), and its distinct values as Python objects."""
    numbers = _numbers(column, kind)
    if numbers is not None:
        distinct, codes = np.unique(numbers, return_inverse=True)
        return codes.astype(np.int64), distinct.tolist()
    if kind == "polars":
        pl = sys.modules["polars"]
        if column.dtype in (pl.String, pl.Categorical, pl.Enum):
            column = column.cast(pl.String)
            values = column.drop_nulls().unique()
            if not len(values):
                return np.full(len(column), -1, np.int64), []
            codes = column.replace_strict(values, np.arange(len(values)), default=-1, return_dtype=pl.Int64)
            return codes.fill_null(-1).to_numpy(), values.to_list()
        return _listed(column.to_list())
    if kind == "pyarrow":
        import pyarrow as pa

        if "string" in str(column.type):
            coded = column.cast(pa.large_string()).combine_chunks().dictionary_encode()
            if isinstance(coded, pa.ChunkedArray):
                coded = coded.combine_chunks()
            codes = coded.indices.fill_null(-1).to_numpy(zero_copy_only=False)
            return codes.astype(np.int64), coded.dictionary.to_pylist()
        return _listed(column.to_pylist())
    pd = sys.modules["pandas"]
    try:
        codes, distinct = pd.factorize(column)
    except (TypeError, OverflowError):  # lists, and numbers too large, that pandas cannot tell apart
        return _listed(column.tolist())
    return np.asarray(codes, np.int64), distinct.tolist()


def _listed(cells: list[Any]) -> tuple[Ints, list[Any]]:
    """Cells of any kind, each its own value."""
    return np.arange(len(cells), dtype=np.int64), cells


def _numbers(column: Any, kind: str) -> NDArray[np.float64] | None:
    """A column of numbers as float64, NaN for null; None where it holds something else."""
    if kind == "polars":
        pl = sys.modules["polars"]
        if not column.dtype.is_numeric():
            return None
        return np.asarray(column.cast(pl.Float64).fill_null(np.nan).to_numpy(), np.float64)
    if kind == "pyarrow":
        import pyarrow as pa

        t = column.type
        if not (pa.types.is_integer(t) or pa.types.is_floating(t) or pa.types.is_decimal(t)):
            return None
        return np.asarray(column.cast(pa.float64()).fill_null(np.nan).to_numpy(), np.float64)
    pd = sys.modules["pandas"]
    if not pd.api.types.is_numeric_dtype(column.dtype) or pd.api.types.is_bool_dtype(column.dtype):
        return None
    return np.asarray(column.to_numpy(dtype=np.float64, na_value=np.nan), np.float64)
