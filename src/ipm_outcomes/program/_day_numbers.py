"""Days of dates as expressions of the frame's own engine, for columns of dates and of text (year-month-day)."""

from __future__ import annotations

from collections.abc import Set
from typing import Any

_IN_TEXT = ((0, 4), (5, 2), (8, 2))  # where year, month and day stand


def date_parts(name: str, as_text: Set[str]) -> tuple[Any, Any, Any]:
    """Year, month and day of a column, as float64."""
    import narwhals as nw

    if name in as_text:
        year, month, day = (nw.col(name).str.slice(at, n).cast(nw.Float64) for at, n in _IN_TEXT)
        return year, month, day
    column = nw.col(name).dt
    return column.year().cast(nw.Float64), column.month().cast(nw.Float64), column.day().cast(nw.Float64)


def rest(dividend: Any, divisor: int) -> Any:
    """What a division leaves; pandas on Arrow has no %."""
    return dividend - dividend // divisor * divisor


def day_number(year: Any, month: Any, day: Any) -> Any:
    """Days of the Gregorian calendar, years beginning in March so that the leap day comes last."""
    import narwhals as nw

    shifted = rest(month + 9, 12)
    year = year - (month <= 2).cast(nw.Float64)
    leap_days = year // 4 - year // 100 + year // 400
    return year * 365 + leap_days + (shifted * 153 + 2) // 5 + day
