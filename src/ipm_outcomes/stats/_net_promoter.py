"""Intervals for the Net Promoter Score."""

# A plain number is also "array-like": each pair of overloads overlaps by design, and the first one wins.
# pyright: reportOverlappingOverload=false
from __future__ import annotations

from typing import Any, overload

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ipm_outcomes.errors import choice
from ipm_outcomes.stats._results import Interval, Intervals, Scalar, both_limits
from ipm_outcomes.stats.arguments import Floats, counts_of, normal_quantile, together


def _nps_parts(counts: list[Floats], method: str) -> tuple[Floats, Floats, NDArray[np.bool_]]:
    """Score and its variance as fractions, and where anybody answered."""
    promoters, passives, detractors = counts
    n = promoters + passives + detractors
    usable = n > 0
    if method == "adjusted_wald":
        # Three more answers, spread as 3/4, 3/2, 3/4.
        promoters, detractors, n = promoters + 0.75, detractors + 0.75, n + 3.0
    n = np.where(n > 0, n, 1.0)
    p, q = promoters / n, detractors / n
    score = p - q
    return score, np.maximum(p + q - score * score, 0.0) / n, usable


_NPS_METHODS = ("adjusted_wald", "wald")


@overload
def nps(
    promoters: Scalar, passives: Scalar, detractors: Scalar, method: str = ..., level: float = ...
) -> Interval: ...
@overload
def nps(
    promoters: ArrayLike, passives: ArrayLike, detractors: ArrayLike, method: str = ..., level: float = ...
) -> Intervals: ...
def nps(
    promoters: ArrayLike,
    passives: ArrayLike,
    detractors: ArrayLike,
    method: str = "adjusted_wald",
    level: float = 0.95,
) -> Any:
    """Interval for the Net Promoter Score, in points from -100 to 100.

    Parameters
    ----------
    promoters, passives, detractors : whole numbers or arrays
        How many answered 9-10, 7-8 and 0-6. Who did not answer counts nowhere. Where nobody answered, both
        ends are NaN.
    method : {"adjusted_wald", "wald"}
        With three answers added (3/4 promoters, 3/2 passives, 3/4 detractors), or the plain Wald interval,
        which has no width when all answer alike.
    level : float
        Confidence level, between 0 and 1.

    Returns
    -------
    (low, high) : pair of float, or pair of float64 arrays
        In NPS points, clipped to [-100, 100]. The adjusted interval is around the adjusted score, so
        with one or two answers it need not hold the raw score.

    Raises
    ------
    ParameterError
        If a count is negative, not whole or NaN; if method or level is not allowed.

    References
    ----------
    Rocks, Am Stat 2016;70:365-372.

    Examples
    --------
    >>> low, high = nps(60, 25, 15)
    >>> f"{low:.1f} to {high:.1f}"
    '29.3 to 58.0'

    """
    choice(method, _NPS_METHODS)
    z = normal_quantile(level)
    counts = together(
        promoters=counts_of("promoters", promoters),
        passives=counts_of("passives", passives),
        detractors=counts_of("detractors", detractors),
    )
    score, variance, usable = _nps_parts(counts, method)
    half = z * np.sqrt(variance)
    return both_limits(100 * np.maximum(score - half, -1.0), 100 * np.minimum(score + half, 1.0), usable)


@overload
def nps_difference(
    promoters1: Scalar,
    passives1: Scalar,
    detractors1: Scalar,
    promoters2: Scalar,
    passives2: Scalar,
    detractors2: Scalar,
    method: str = ...,
    level: float = ...,
) -> Interval: ...
@overload
def nps_difference(
    promoters1: ArrayLike,
    passives1: ArrayLike,
    detractors1: ArrayLike,
    promoters2: ArrayLike,
    passives2: ArrayLike,
    detractors2: ArrayLike,
    method: str = ...,
    level: float = ...,
) -> Intervals: ...
def nps_difference(
    promoters1: ArrayLike,
    passives1: ArrayLike,
    detractors1: ArrayLike,
    promoters2: ArrayLike,
    passives2: ArrayLike,
    detractors2: ArrayLike,
    method: str = "adjusted_wald",
    level: float = 0.95,
) -> Any:
    """Interval for the difference of two Net Promoter Scores, first less second, of independent groups.

    Parameters
    ----------
    promoters1, passives1, detractors1, promoters2, passives2, detractors2 : whole numbers or arrays
        Counts of each group, as in `nps`. Where nobody answered in one of them, both ends are NaN.
    method : {"adjusted_wald", "wald"}
        As in `nps`; the variances of the groups are added.
    level : float
        Confidence level, between 0 and 1.

    Returns
    -------
    (low, high) : pair of float, or pair of float64 arrays
        In NPS points, clipped to [-200, 200].

    Raises
    ------
    ParameterError
        As `nps`.

    References
    ----------
    Rocks, Am Stat 2016;70:365-372 (the variance of one group).

    Examples
    --------
    >>> low, high = nps_difference(60, 25, 15, 40, 30, 30)
    >>> f"{low:.1f} to {high:.1f}"
    '12.5 to 55.5'

    """
    choice(method, _NPS_METHODS)
    z = normal_quantile(level)
    counts = together(
        promoters1=counts_of("promoters1", promoters1),
        passives1=counts_of("passives1", passives1),
        detractors1=counts_of("detractors1", detractors1),
        promoters2=counts_of("promoters2", promoters2),
        passives2=counts_of("passives2", passives2),
        detractors2=counts_of("detractors2", detractors2),
    )
    score1, variance1, usable1 = _nps_parts(counts[:3], method)
    score2, variance2, usable2 = _nps_parts(counts[3:], method)
    gap, half = score1 - score2, z * np.sqrt(variance1 + variance2)
    low, high = 100 * np.maximum(gap - half, -2.0), 100 * np.minimum(gap + half, 2.0)
    return both_limits(low, high, usable1 & usable2)
