"""The date in one cell, by a declared format or as ISO 8601, and what a cell looks like that holds none."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from math import isfinite
from typing import Any

import numpy as np

from ipm_outcomes.answers import SAS_ZERO_HIGH, SAS_ZERO_LOW
from ipm_outcomes.errors import ParameterError

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
SERIALS = {EXCEL: date(1899, 12, 30), SAS: date(1960, 1, 1)}
"""Day 0 of the numbers that a program keeps in place of dates."""
_SERIAL_FROM = {EXCEL: date(1900, 1, 1), SAS: date(1582, 1, 1)}
_DAYS = ("%m/%d/%Y", "%d/%m/%Y", "%d.%m.%Y", "%m.%d.%Y", "%m-%d-%Y", "%d-%m-%Y", "%Y/%m/%d", "%Y.%m.%d")
_SHORT = ("%m/%d/%y", "%d/%m/%y", "%d.%m.%y", "%m.%d.%y", "%m-%d-%y", "%d-%m-%y", "%y-%m-%d")
_NAMED = (
    *("%d%b%Y", "%d-%b-%Y", "%d %b %Y", "%d %B %Y", "%b %d, %Y", "%B %d, %Y", "%d%b%y", "%d-%b-%y"),
    *("%b %d %Y", "%B %d %Y", "%A, %B %d, %Y"),
)
_TIMES = ("%H:%M", "%H:%M:%S", "%I:%M %p", "%I:%M:%S %p", "%I:%M%p", "%I:%M:%S%p")
_CLOCKS = ("", *(f" {clock}" for clock in _TIMES), *(f", {clock}" for clock in _TIMES), " %H%M", "T%H:%M:%S")
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
_LARGEST = 10**12
"""No number above this counts the days or names the date of anything."""


class _Outside:
    """A native date outside the calendar, which has no text of its own."""


OUTSIDE = _Outside()


def day_number(day: date) -> int:
    """Days since 1970-01-01 of a date or time stamp."""
    return day.toordinal() - _EPOCH


def checked_format(date_format: str | None) -> str | None:
    """The format, refused where no day could be read by it."""
    if date_format is None or date_format in SERIALS:
        return date_format
    message = (
        "date_format: give a strptime pattern that holds year, month and day, such as '%m/%d/%Y' or '%d.%m.%y', or "
        f"the word {EXCEL!r} or {SAS!r} for the day numbers of these programs"
    )
    if not isinstance(date_format, str):
        raise ParameterError(message)
    for probe in _PROBES:
        try:
            written = probe.strftime(date_format)
            back = datetime.strptime(written, date_format)
        except (ValueError, re.error, OverflowError):
            raise ParameterError(message) from None
        if back.date() != probe.date():
            raise ParameterError(message)
        if (iso := _iso(written)) and day_number(iso) != day_number(probe):
            raise ParameterError(
                "date_format: what this pattern reads is ISO 8601 text of another day; write such dates as "
                "year-month-day"
            )
    return date_format


@lru_cache(maxsize=1024)
def reader(date_format: str | None) -> Callable[[Any], date | None]:
    """A function from a cell to the date or time stamp in it, or None."""
    if date_format in SERIALS:
        assert date_format is not None

        def of_text(text: str) -> date | None:
            return _serial(float(text), date_format) if _NUMBER.fullmatch(text) else None

        def of_number(number: float) -> date | None:
            return _serial(number, date_format)

    elif date_format is not None:
        joined = bool(_JOINED.search(date_format))
        # Without the signs between its parts no text has this form; `strptime` compiles most forms anew each time.
        signs = frozenset(c for c in re.sub("%.", "", date_format) if not (c.isalnum() or c.isspace()))

        def of_text(text: str) -> date | None:
            stamp = _strptime(text, date_format) if signs.issubset(text) else None
            if stamp is None or (joined and len(text) != len(stamp.strftime(date_format))):
                return None
            with_clock = re.search(r"%[HIpMSfzZcX]", date_format.replace("%%", ""))
            return stamp if with_clock else stamp.date()

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
            day = of_text(text) if text else None
            return _iso(text) if day is None else day
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
    day = value.astype("datetime64[us]").item()
    return day if isinstance(day, date) else None


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
        day = SERIALS[program] + timedelta(days)
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


def point_of(moment: date) -> tuple[int, int]:
    """Day and time of a date or time stamp."""
    day = day_number(moment)
    if not isinstance(moment, datetime):
        return day, NO_TIME
    clock = timedelta(
        hours=moment.hour, minutes=moment.minute, seconds=moment.second, microseconds=moment.microsecond
    )
    micros = (clock - (moment.utcoffset() or timedelta())) // timedelta(microseconds=1)
    return day, micros * 1000 + int(getattr(moment, "nanosecond", 0))


def is_blank(value: Any) -> bool:
    if isinstance(value, str):
        return not value.strip()
    if value is None or type(value).__name__ == "NAType":
        return True
    if isinstance(value, Decimal):
        return value.is_nan()
    return isinstance(value, (float, date, np.datetime64, np.floating)) and value != value


def as_text(value: Any) -> str | None:
    if isinstance(value, str):
        return value
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return None if is_blank(value) else str(value)


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
    text = (as_text(value) or "").strip()
    shown = "".join(
        "#" if c.isdigit() else "a" if c.isalpha() else c if c in _KEPT else "?" for c in text[:_MOST_SHOWN]
    )
    return f"{shown}…" if len(text) > _MOST_SHOWN else shown
