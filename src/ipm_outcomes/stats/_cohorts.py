"""Cohorts by month of enrollment."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ipm_outcomes._fence import fenced
from ipm_outcomes.errors import ParameterError, number_of
from ipm_outcomes.stats.arguments import Booleans, Ints, whole_number


@dataclass(frozen=True, slots=True, eq=False)
class Cohorts:
    """Patients by month of enrollment, and which months can be judged.

    Attributes
    ----------
    month : datetime64[M] array
        Every month from the first enrollment to the last, those without patients included.
    enrolled : int64 array
        Patients enrolled in the month.
    closes : datetime64[D] array
        Last day of the follow-up window of a patient enrolled on the last day of the month.
    mature : bool array
        Whether that day lies before the as-of date: nobody of the month can be followed in time any more.
    index : int64 array, one per patient
        Position of the patient's month.
    included : bool array, one per patient
        Whether the patient's month is mature.
    as_of : datetime64[D]
    notes : tuple of str
        How many months and patients are left out, and why.

    Examples
    --------
    >>> import numpy as np
    >>> from ipm_outcomes.stats import over_time
    >>> dates = np.array(["2025-01-10", "2025-03-31"], dtype="datetime64[D]")
    >>> result = over_time.cohorts(dates, as_of="2025-09-01", window_days=182)
    >>> result.month.astype(str).tolist(), result.mature.tolist()
    (['2025-01', '2025-02', '2025-03'], [True, True, False])
    """

    month: NDArray[np.datetime64]
    enrolled: Ints
    closes: NDArray[np.datetime64]
    mature: Booleans
    index: Ints
    included: Booleans
    as_of: np.datetime64
    notes: tuple[str, ...]

    def count(self, which: ArrayLike) -> Ints:
        """Patients per month for whom `which` (one boolean per patient) holds, months as in `month`.

        Examples
        --------
        >>> dates = np.array(["2024-01-05", "2024-01-20", "2024-02-01"], dtype="datetime64[D]")
        >>> cohorts(dates, as_of="2025-01-01", window_days=90).count([True, False, True]).tolist()
        [1, 1]

        """
        chosen = np.asarray(which)
        if chosen.dtype != np.bool_ or chosen.shape != self.index.shape:
            raise ParameterError(f"which must hold one boolean per patient ({self.index.size})")
        return np.bincount(self.index[chosen], minlength=self.month.size).astype(np.int64)


def _day(name: str, value: Any) -> np.datetime64:
    try:
        day = np.datetime64(value, "D")
    except (TypeError, ValueError):
        raise ParameterError(f"{name} must be a date, such as '2026-06-30'") from None
    if np.isnat(day):
        raise ParameterError(f"{name} must be a date, not missing")
    return day


def _month_end(month: NDArray[np.datetime64]) -> NDArray[np.datetime64]:
    return (month + 1).astype("datetime64[D]") - 1


@fenced
def cohorts(
    enrolled: NDArray[np.datetime64],
    *,
    as_of: np.datetime64 | str | Any,
    window_days: int,
    window_months: int = 0,
) -> Cohorts:
    """Cohorts by month of enrollment; months whose follow-up window is still open are marked immature.

    A patient who can still be followed would count as lost. So a month is judged only when the window of its
    very last possible enrollment is over on the as-of date.

    Parameters
    ----------
    enrolled : array of datetime64[D], one per patient
        Day of enrollment (day 0 of the episode).
    as_of : date
        The day up to which the data are complete. A window that ends on that day is still open.
    window_days : int
        Last day of the follow-up window, counted from enrollment (or from `window_months` after it).
    window_months : int
        Calendar months to add first, clipped to the end of the month: 12 with `window_days` 60 is the window
        of "12 months +/- 60 days".

    Returns
    -------
    Cohorts

    Raises
    ------
    ParameterError
        If enrolled holds no days or a missing one, or the window or the as-of date is not allowed.

    Examples
    --------
    >>> dates = np.array(["2025-01-10", "2025-03-31"], dtype="datetime64[D]")
    >>> c = cohorts(dates, as_of="2025-09-01", window_days=182)      # 31 January + 182 days is 1 August
    >>> c.month.astype(str).tolist(), c.mature.tolist(), c.closes[0]
    (['2025-01', '2025-02', '2025-03'], [True, True, False], np.datetime64('2025-08-01'))

    """
    days = np.asarray(enrolled)
    if days.dtype.kind != "M" or days.ndim != 1:
        raise ParameterError("enrolled must be a one-dimensional array of dates (datetime64[D])")
    days = days.astype("datetime64[D]")
    if np.isnat(days).any():
        first = int(np.argmax(np.isnat(days)))
        raise ParameterError(
            f"enrolled[{first}] is missing; leave out patients without a date and count them"
        )
    today = _day("as_of", as_of)
    for name, value in (("window_days", window_days), ("window_months", window_months)):
        whole_number(name, value, 0)
    months = days.astype("datetime64[M]")
    if days.size:
        month = np.arange(months.min(), months.max() + 1)
        index = (months - months.min()).astype(np.int64)
    else:
        month, index = np.empty(0, dtype="datetime64[M]"), np.empty(0, dtype=np.int64)
    # A month's last day plus whole months, clipped to the end of the target month.
    target = month + int(window_months)
    day = np.minimum(
        _month_end(month) - month.astype("datetime64[D]"), _month_end(target) - target.astype("datetime64[D]")
    )
    closes = target.astype("datetime64[D]") + day + int(window_days)
    mature = closes < today
    count = np.bincount(index, minlength=month.size).astype(np.int64)
    included = mature[index]
    notes = []
    if not mature.all():
        notes.append(
            f"Left out: {number_of(int((~mature).sum()), 'month')} from {month[~mature][0]} on with "
            f"{number_of(int((~included).sum()), 'patient')}, whose follow-up window is still open on {today}."
        )
    late = int((days > today).sum())
    if late:
        notes.append(f"Enrolled after the as-of date: {number_of(late, 'patient')}; check these dates.")
    return Cohorts(month, count, closes, mature, index, included, today, tuple(notes))
