"""Time to an event when some have not had it yet: Kaplan-Meier estimates with limits on the scale of log(-log)."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ipm_outcomes.errors import ParameterError
from ipm_outcomes.stats.arguments import level_of, numbers, refuse

Estimate = tuple[float, float, float]
_NONE: Estimate = (float("nan"), float("nan"), float("nan"))

__all__ = ["median_time", "share_by"]


def share_by(days: ArrayLike, event: ArrayLike, by: float, level: float = 0.95) -> Estimate:
    """Share of people with the event by a time, when some were not followed that long.

    Parameters
    ----------
    days : array of float
        Time of each person: to the event, or to the end of their follow-up.
    event : array of bool
        Whether it ended with the event; else the person is censored then.
    by : float
        The time, in the unit of ``days``.
    level : float
        Confidence level, between 0 and 1.

    Returns
    -------
    (estimate, low, high) : tuple of float
        One minus the Kaplan-Meier estimate. NaN where nobody was followed, and beyond the longest follow-up. The limits
        are NaN also where the share is 0 or 1: the method has none there.

    Raises
    ------
    ParameterError
        Times that are negative or not finite, or of another length than the events; a level that is not allowed.

    References
    ----------
    Kaplan and Meier, J Am Stat Assoc 1958;53:457-481. Limits on log(-log), by Greenwood's variance: Kalbfleisch and
    Prentice, The Statistical Analysis of Failure Time Data, 1980. Computed by `scipy.stats.ecdf`.

    Examples
    --------
    Of four people one is back on day 10, one was last seen on day 20, one is back on day 30, one was seen to day 40:
    1 - 3/4 x 1/2.

    >>> estimate, low, high = share_by([10, 20, 30, 40], [True, False, True, False], by=30)
    >>> estimate
    0.625
    """
    curve, times = _curve(days, event)
    level = level_of(level)
    if not np.isfinite(by) or by < 0:
        raise ParameterError(f"by is {by:g}; it must be a finite time of 0 or more")
    if curve is None:
        return _NONE
    there = float(curve.evaluate(by))
    if by > times.max() and there > 0:
        return _NONE  # the curve ends with the longest follow-up
    if there in (0.0, 1.0):
        return 1 - there, float("nan"), float("nan")
    low, high = (float(limit.evaluate(by)) for limit in _limits(curve, level))
    return 1 - there, 1 - high, 1 - low


def median_time(days: ArrayLike, event: ArrayLike, level: float = 0.95) -> Estimate:
    """Time by which half of the people have had the event, when some were not followed that long.

    Parameters
    ----------
    days, event, level
        As `share_by`.

    Returns
    -------
    (estimate, low, high) : tuple of float
        The first time at which the Kaplan-Meier estimate is at or below one half; likewise for its lower and upper
        limits. NaN where it does not come down so far.

    Raises
    ------
    ParameterError
        As `share_by`.

    References
    ----------
    Brookmeyer and Crowley, Biometrics 1982;38:29-41 (limits by inversion); else as `share_by`.

    Examples
    --------
    >>> median_time([10, 20, 30, 40], [True, False, True, False])[0]
    30.0
    """
    curve, _ = _curve(days, event)
    level = level_of(level)
    if curve is None:
        return _NONE
    low, high = _limits(curve, level)

    def first(probabilities: NDArray[np.float64]) -> float:
        # In exact terms a product of fractions; a half that is off in the last digit is a half.
        (reached,) = np.nonzero(probabilities <= 0.5 + 1e-12)
        return float(curve.quantiles[reached[0]]) if reached.size else float("nan")

    return first(curve.probabilities), first(low.probabilities), first(high.probabilities)


def _curve(days: ArrayLike, event: ArrayLike) -> tuple[Any, NDArray[np.float64]]:
    times = numbers("days", days).ravel()
    had = np.asarray(event, dtype=np.bool_).ravel()
    refuse("days", times, ~np.isfinite(times) | (times < 0), "it must be a finite time of 0 or more")
    if times.shape != had.shape:
        raise ParameterError(
            f"event has {had.size} entries and days {times.size}; give one of each per person"
        )
    if not times.size:
        return None, times
    from scipy import stats

    return stats.ecdf(stats.CensoredData.right_censored(times, ~had)).sf, times


def _limits(curve: Any, level: float) -> tuple[Any, Any]:
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        # SciPy warns that there are no limits where the estimate is 0 or 1; the result says so by NaN.
        warnings.simplefilter("ignore")
        limits = curve.confidence_interval(confidence_level=level, method="log-log")
    return limits.low, limits.high
