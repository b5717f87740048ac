"""Days of the Gregorian calendar by year, month and day."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ipm_outcomes.frames._library import Floats, Ints
from ipm_outcomes.program._codes import Codes, looked_up


class Dates(NamedTuple):
    """A column of dates: of each row a code (0 for no date), and of each code year, month and day."""

    codes: Codes
    year: Ints
    month: Ints
    day: Ints

    def take(self, rows: Ints | None) -> Dates:
        """The dates of some rows; of all, where none are named."""
        return self._replace(codes=self.codes.take(rows))

    def by_row(self, of_dates: NDArray[Any]) -> Floats:
        """Numbers of the dates for each row, NaN without a date."""
        table = of_dates.astype(np.float64)
        table[0] = np.nan
        return looked_up(table, self.codes.of)

    def numbers(self) -> Floats:
        """Day numbers of all rows."""
        return self.by_row(day_number(self.year, self.month, self.day))

    @classmethod
    def of_days(cls, codes: Codes, days: Ints) -> Dates:
        """Dates given in days since 1970-01-01, by code."""
        day = days.astype("datetime64[D]")
        month = day.astype("datetime64[M]")
        into = (day - month.astype("datetime64[D]")).astype(np.int64) + 1
        months = month.astype(np.int64)
        return cls(codes, months // 12 + 1970, months % 12 + 1, into)

    @classmethod
    def of_texts(cls, codes: Codes, texts: list[str]) -> Dates:
        """Dates written year-month-day, with or without a time behind it."""
        parts = [(text[:4], text[5:7], text[8:10]) for text in texts]
        table = np.array([("0", "1", "1"), *parts], dtype="U4").astype(np.int64)
        return cls(codes, *table.T)


def day_number(year: Any, month: Any, day: Any) -> Any:
    """Days of the Gregorian calendar, years beginning in March so that the leap day comes last."""
    shifted = (month + 9) % 12
    year = year - (month <= 2)
    leap_days = year // 4 - year // 100 + year // 400
    return year * 365 + leap_days + (shifted * 153 + 2) // 5 + day


def month_length(year: Any, month: Any) -> Any:
    """Days of months."""
    return day_number(year + month // 12, month % 12 + 1, 1) - day_number(year, month, 1)
