"""Intervals for one proportion, and for the difference of two."""

# A plain number is also "array-like": each pair of overloads overlaps by design, and the first one wins.
# pyright: reportOverlappingOverload=false
from __future__ import annotations

from collections.abc import Callable
from typing import Any, overload

import numpy as np
from numpy.typing import ArrayLike

from ipm_outcomes.errors import choice
from ipm_outcomes.stats._results import Interval, Intervals, Scalar, both_limits
from ipm_outcomes.stats.arguments import Floats, counts_of, level_of, normal_quantile, part_of, together

# Bisection on an interval of length at most 2: after 60 halvings the remaining width is below 2e-18.
_HALVINGS = 60


def _wilson_low(x: Floats, n: Floats, z: float) -> Floats:
    # (c - h) / d written as (c*c - h*h) / (d * (c + h)): no cancellation, and exactly 0 at x = 0.
    center = 2 * x + z * z
    half = z * np.sqrt(z * z + 4 * x * ((n - x) / n))
    return np.asarray(2 * x * x / (n * (center + half)))


def _wilson(x: Floats, n: Floats, z: float) -> Intervals:
    return _wilson_low(x, n, z), 1.0 - _wilson_low(n - x, n, z)


def _wilson_cc_low(x: Floats, n: Floats, z: float) -> Floats:
    p = x / n
    root = np.sqrt(np.maximum(z * z - 2 - 1 / n + 4 * p * (n - x + 1), 0.0))
    low = (2 * x + z * z - 1 - z * root) / (2 * (n + z * z))
    return np.where(x == 0, 0.0, np.maximum(low, 0.0))


def _wilson_cc(x: Floats, n: Floats, z: float) -> Intervals:
    return _wilson_cc_low(x, n, z), 1.0 - _wilson_cc_low(n - x, n, z)


def _jeffreys(x: Floats, n: Floats, level: float) -> Intervals:
    from scipy.special import betainccinv, betaincinv

    tail = (1.0 - level) / 2.0
    low = np.where(x == 0, 0.0, betaincinv(x + 0.5, n - x + 0.5, tail))
    return low, np.where(x == n, 1.0, betainccinv(x + 0.5, n - x + 0.5, tail))


def clopper_pearson(x: Floats, n: Floats, level: float) -> Intervals:
    from scipy.special import betainccinv, betaincinv

    tail = (1.0 - level) / 2.0
    # A first shape of 0 has no quantile; the place where it is put aside holds 0 (or 1) anyway.
    low = np.where(x == 0, 0.0, betaincinv(np.where(x == 0, 1.0, x), n - x + 1, tail))
    return low, np.where(x == n, 1.0, betainccinv(x + 1, np.where(x == n, 1.0, n - x), tail))


_PROPORTION: dict[str, Callable[[Floats, Floats, float], Intervals]] = {
    "wilson": lambda x, n, level: _wilson(x, n, normal_quantile(level)),
    "wilson_cc": lambda x, n, level: _wilson_cc(x, n, normal_quantile(level)),
    "jeffreys": _jeffreys,
    "clopper_pearson": clopper_pearson,
}


@overload
def proportion(x: Scalar, n: Scalar, method: str = ..., level: float = ...) -> Interval: ...
@overload
def proportion(x: ArrayLike, n: ArrayLike, method: str = ..., level: float = ...) -> Intervals: ...
def proportion(x: ArrayLike, n: ArrayLike, method: str = "wilson", level: float = 0.95) -> Any:
    """Interval for the proportion ``x / n``.

    Parameters
    ----------
    x : whole number or array
        How many had the outcome.
    n : whole number or array
        How many could have had it. Where it is 0, both ends are NaN.
    method : {"wilson", "wilson_cc", "jeffreys", "clopper_pearson"}
        Wilson's score interval (the default), the same with continuity correction, the equal-tailed
        Jeffreys interval (with 0 at ``x = 0`` and 1 at ``x = n``), or the exact interval of Clopper and
        Pearson.
    level : float
        Confidence level, between 0 and 1.

    Returns
    -------
    (low, high) : pair of float, or pair of float64 arrays

    Raises
    ------
    ParameterError
        If a count is negative, not whole, NaN, or x exceeds n; if method or level is not allowed.

    References
    ----------
    Wilson, J Am Stat Assoc 1927;22:209-212. Newcombe, Stat Med 1998;17:857-872 (methods 3 and 4). Clopper
    and Pearson, Biometrika 1934;26:404-413. Brown, Cai and DasGupta, Stat Sci 2001;16:101-133 (Jeffreys
    with adjusted ends).

    Examples
    --------
    >>> low, high = proportion(81, 263)
    >>> f"{low:.4f} to {high:.4f}"
    '0.2553 to 0.3662'

    """
    choice(method, tuple(_PROPORTION))
    level = level_of(level)
    xs, ns = part_of("x", x, "n", n)
    safe = np.where(ns > 0, ns, 1.0)
    low, high = _PROPORTION[method](xs, safe, level)
    return both_limits(low, high, ns > 0)


@overload
def difference(
    x1: Scalar, n1: Scalar, x2: Scalar, n2: Scalar, method: str = ..., level: float = ...
) -> Interval: ...
@overload
def difference(
    x1: ArrayLike, n1: ArrayLike, x2: ArrayLike, n2: ArrayLike, method: str = ..., level: float = ...
) -> Intervals: ...
def difference(
    x1: ArrayLike, n1: ArrayLike, x2: ArrayLike, n2: ArrayLike, method: str = "newcombe", level: float = 0.95
) -> Any:
    """Interval for the difference ``x1/n1 - x2/n2`` of two independent groups.

    Parameters
    ----------
    x1, n1, x2, n2 : whole numbers or arrays
        Counts with the outcome and group sizes. Where a group is empty, both ends are NaN.
    method : {"newcombe"}
        Newcombe's hybrid score interval, built from the Wilson limits of each group.
    level : float
        Confidence level, between 0 and 1.

    Returns
    -------
    (low, high) : pair of float, or pair of float64 arrays
        Inside [-1, 1].

    Raises
    ------
    ParameterError
        As `proportion`.

    References
    ----------
    Newcombe, Stat Med 1998;17:873-890 (method 10).

    Examples
    --------
    >>> low, high = difference(56, 70, 48, 80)
    >>> f"{low:.4f} to {high:.4f}"
    '0.0524 to 0.3339'

    """
    choice(method, ("newcombe",))
    z = normal_quantile(level)
    a, m = part_of("x1", x1, "n1", n1)
    b, n = part_of("x2", x2, "n2", n2)
    a, m, b, n = together(x1=a, n1=m, x2=b, n2=n)
    usable = (m > 0) & (n > 0)
    m, n = np.where(m > 0, m, 1.0), np.where(n > 0, n, 1.0)
    p1, p2 = a / m, b / n
    l1, u1 = _wilson(a, m, z)
    l2, u2 = _wilson(b, n, z)
    low = (p1 - p2) - np.hypot(p1 - l1, u2 - p2)
    high = (p1 - p2) + np.hypot(u1 - p1, p2 - l2)
    return both_limits(np.maximum(low, -1.0), np.minimum(high, 1.0), usable)


def _newcombe_paired(both: Floats, only1: Floats, only2: Floats, neither: Floats, z: float) -> Intervals:
    n = both + only1 + only2 + neither
    x1, x2 = both + only1, both + only2
    p1, p2 = x1 / n, x2 / n
    l1, u1 = _wilson(x1, n, z)
    l2, u2 = _wilson(x2, n, z)
    cross = both * neither - only1 * only2
    # Method 10 shrinks a positive correlation by a continuity correction, but never beyond 0.
    cross = np.where(cross > 0, np.maximum(cross - n / 2, 0.0), cross)
    margins = x1 * (n - x1) * x2 * (n - x2)
    phi = np.where(margins > 0, cross / np.sqrt(np.where(margins > 0, margins, 1.0)), 0.0)
    a, b, c, d = p1 - l1, u2 - p2, u1 - p1, p2 - l2
    down = np.sqrt(np.maximum(a * a - 2 * phi * a * b + b * b, 0.0))
    up = np.sqrt(np.maximum(c * c - 2 * phi * c * d + d * d, 0.0))
    return p1 - p2 - down, p1 - p2 + up


def _tango(both: Floats, only1: Floats, only2: Floats, neither: Floats, z: float) -> Intervals:
    n = both + only1 + only2 + neither
    gap = only1 - only2

    def beyond(delta: Floats) -> Floats:
        """Squared score statistic at delta, less z squared, both times the variance: no division by 0."""
        b = (2 * n - gap) * delta - only1 - only2
        c = -only2 * delta * (1 - delta)
        q = (np.sqrt(np.maximum(b * b - 8 * n * c, 0.0)) - b) / (4 * n)
        variance = n * (2 * q + delta * (1 - delta))
        return np.asarray((gap - n * delta) ** 2 - z * z * np.maximum(variance, 0.0))

    def solve(outer: float) -> Floats:
        inside, outside = gap / n, np.full_like(n, outer)
        for _ in range(_HALVINGS):
            middle = (inside + outside) / 2
            out = beyond(middle) > 0
            outside = np.where(out, middle, outside)
            inside = np.where(out, inside, middle)
        return np.asarray((inside + outside) / 2)

    return solve(-1.0), solve(1.0)


@overload
def paired_difference(
    both: Scalar,
    only_first: Scalar,
    only_second: Scalar,
    neither: Scalar,
    method: str = ...,
    level: float = ...,
) -> Interval: ...
@overload
def paired_difference(
    both: ArrayLike,
    only_first: ArrayLike,
    only_second: ArrayLike,
    neither: ArrayLike,
    method: str = ...,
    level: float = ...,
) -> Intervals: ...
def paired_difference(
    both: ArrayLike,
    only_first: ArrayLike,
    only_second: ArrayLike,
    neither: ArrayLike,
    method: str = "newcombe",
    level: float = 0.95,
) -> Any:
    """Interval for the difference of two proportions in the same patients, first less second.

    Every patient is counted once, in one of four cells. The difference is ``(only_first - only_second) /
    n``; to get "after less before", give what holds only after as `only_first`.

    Parameters
    ----------
    both, only_first, only_second, neither : whole numbers or arrays
        Patients with the outcome at both occasions, only at the first, only at the second, at neither.
        Where all four are 0, both ends are NaN.
    method : {"newcombe", "tango"}
        Newcombe's hybrid score interval with the corrected correlation (his method 10), or Tango's score
        interval, which inverts the McNemar test.
    level : float
        Confidence level, between 0 and 1.

    Returns
    -------
    (low, high) : pair of float, or pair of float64 arrays
        Inside [-1, 1].

    Raises
    ------
    ParameterError
        If a count is negative, not whole or NaN; if method or level is not allowed.

    References
    ----------
    Newcombe, Stat Med 1998;17:2635-2650 (method 10). Tango, Stat Med 1998;17:891-908.

    Examples
    --------
    >>> low, high = paired_difference(20, 12, 2, 16)
    >>> f"{low:.4f} to {high:.4f}"
    '0.0562 to 0.3292'

    """
    choice(method, ("newcombe", "tango"))
    z = normal_quantile(level)
    a, b, c, d = together(
        both=counts_of("both", both),
        only_first=counts_of("only_first", only_first),
        only_second=counts_of("only_second", only_second),
        neither=counts_of("neither", neither),
    )
    usable = a + b + c + d > 0
    low, high = (_newcombe_paired if method == "newcombe" else _tango)(a, b, c, np.where(usable, d, 1.0), z)
    return both_limits(np.maximum(low, -1.0), np.minimum(high, 1.0), usable)


@overload
def mcnemar(only_first: Scalar, only_second: Scalar) -> float: ...
@overload
def mcnemar(only_first: ArrayLike, only_second: ArrayLike) -> Floats: ...
def mcnemar(only_first: ArrayLike, only_second: ArrayLike) -> Any:
    """Exact two-sided p value of McNemar's test: are the two kinds of changed patients equally many?

    Parameters
    ----------
    only_first, only_second : whole numbers or arrays
        The discordant cells, as in `paired_difference`. Without any discordant patient the p value is 1.

    Returns
    -------
    float or float64 array
        Twice the smaller binomial tail, at most 1.

    Raises
    ------
    ParameterError
        If a count is negative, not whole or NaN.

    References
    ----------
    McNemar, Psychometrika 1947;12:153-157 (the binomial form of the test).

    Examples
    --------
    >>> round(mcnemar(12, 2), 4)        # 2 * (1 + 14 + 91) / 2**14
    0.0129

    """
    from scipy.special import bdtr

    b, c = together(
        only_first=counts_of("only_first", only_first), only_second=counts_of("only_second", only_second)
    )
    p = np.minimum(1.0, 2.0 * bdtr(np.minimum(b, c), (b + c).astype(np.int64), 0.5))
    return float(p) if p.ndim == 0 else p
