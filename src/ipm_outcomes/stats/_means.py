"""Intervals for means."""

# A plain number is also "array-like": each pair of overloads overlaps by design, and the first one wins.
# pyright: reportOverlappingOverload=false
from __future__ import annotations

import math
from typing import Any, overload

import numpy as np
from numpy.typing import ArrayLike

from ipm_outcomes.errors import ParameterError
from ipm_outcomes.stats._results import Interval, Intervals, Scalar, both_limits
from ipm_outcomes.stats.arguments import counts_of, level_of, numbers, refuse, together


@overload
def mean(estimate: Scalar, sd: Scalar, n: Scalar, level: float = ...) -> Interval: ...
@overload
def mean(estimate: ArrayLike, sd: ArrayLike, n: ArrayLike, level: float = ...) -> Intervals: ...
def mean(estimate: ArrayLike, sd: ArrayLike, n: ArrayLike, level: float = 0.95) -> Any:
    """Interval for a mean, by Student's t, from what a group-by gives: mean, standard deviation and count.

    For a mean change of the same patients, give the mean and the standard deviation of their changes (or
    use `paired_mean`).

    Parameters
    ----------
    estimate, sd : floats or arrays
        Mean and standard deviation (with ``n - 1`` in the denominator) of the values.
    n : whole number or array
        How many values. Below 2 there is no interval: both ends are NaN, whatever the other two hold.
    level : float
        Confidence level, between 0 and 1.

    Returns
    -------
    (low, high) : pair of float, or pair of float64 arrays

    Raises
    ------
    ParameterError
        If n is no count; if, where n is 2 or more, estimate or sd is not finite or sd is negative; if level
        is not allowed.

    References
    ----------
    Student, Biometrika 1908;6:1-25.

    Examples
    --------
    >>> low, high = mean(5.0, 2.0, 16)            # 5 -/+ 2.1314 * 2 / 4
    >>> f"{low:.3f} to {high:.3f}"
    '3.934 to 6.066'

    """
    from scipy.special import stdtrit

    level = level_of(level)
    m, s, ns = together(estimate=numbers("estimate", estimate), sd=numbers("sd", sd), n=counts_of("n", n))
    usable = ns >= 2
    refuse("estimate", m, usable & ~np.isfinite(m), "it must be a finite number where n is 2 or more")
    bad = ~np.isfinite(s) | (s < 0)
    refuse("sd", s, usable & bad, "it must be finite and not negative where n is 2 or more")
    safe = np.where(usable, ns, 2.0)
    half = -stdtrit(safe - 1, (1.0 - level) / 2.0) * np.where(usable, s, 0.0) / np.sqrt(safe)
    return both_limits(m - half, m + half, usable)


def paired_mean(before: ArrayLike, after: ArrayLike, level: float = 0.95) -> Interval:
    """Interval for the mean of ``after - before`` in the same patients, by Student's t.

    Parameters
    ----------
    before, after : one-dimensional arrays of float, same length
        One value per patient and occasion, complete pairs only. Fewer than two pairs have no interval: NaN.
    level : float
        Confidence level, between 0 and 1.

    Returns
    -------
    (low, high) : pair of float

    Raises
    ------
    ParameterError
        If the arrays differ in length, are not one-dimensional, or hold a value that is not finite; if
        level is not allowed.

    References
    ----------
    Student, Biometrika 1908;6:1-25.

    Examples
    --------
    The changes are -2, -3, -1, -4: -2.5 -/+ 3.1824 * 1.2910 / 2.

    >>> low, high = paired_mean([10, 12, 9, 14], [8, 9, 8, 10])
    >>> f"{low:.3f} to {high:.3f}"
    '-4.554 to -0.446'

    """
    first, second = numbers("before", before), numbers("after", after)
    if first.ndim != 1 or first.shape != second.shape:
        raise ParameterError(
            f"before has shape {first.shape} and after {second.shape}; "
            "both must be one-dimensional and of one length"
        )
    for name, array in (("before", first), ("after", second)):
        refuse(name, array, ~np.isfinite(array), "leave out patients without both values, and say how many")
    if first.size < 2:
        return math.nan, math.nan
    changes = second - first
    return mean(float(changes.mean()), float(changes.std(ddof=1)), changes.size, level)
