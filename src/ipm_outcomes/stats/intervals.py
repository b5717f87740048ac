"""Confidence intervals for the figures that a program publishes.

Every function returns ``(low, high)``: two floats when all counts are single numbers, two arrays when any
of them is an array (arguments are broadcast against each other). A group without patients (``n = 0``) has
no interval: both ends are NaN, which is not an error in a report. Counts that cannot be counts (negative,
not whole, NaN, more successes than patients) are refused.

Nothing is rounded here: round once, for display.
"""

# A plain number is also "array-like": each pair of overloads overlaps by design, and the first one wins.
# pyright: reportOverlappingOverload=false
from __future__ import annotations

import math
from collections.abc import Callable
from numbers import Real
from typing import Any, TypeAlias, overload

import numpy as np
import numpy.typing as npt

from ipm_outcomes.errors import ParameterError
from ipm_outcomes.stats.arguments import (
    Floats,
    choice,
    counts_of,
    level_of,
    normal_quantile,
    numbers,
    part_of,
    refuse,
    together,
)

__all__ = [
    "difference",
    "mcnemar",
    "mean",
    "nps",
    "nps_difference",
    "overdispersion",
    "paired_difference",
    "paired_mean",
    "proportion",
    "rate",
    "rate_ratio",
]

Scalar: TypeAlias = "float | np.integer[Any] | np.floating[Any]"
Interval: TypeAlias = "tuple[float, float]"
Intervals: TypeAlias = "tuple[Floats, Floats]"

# Bisection on an interval of length at most 2: after 60 halvings the remaining width is below 2e-18.
_HALVINGS = 60


# -- what arguments may be -------------------------------------------------------------------------


def _exposure(name: str, values: npt.ArrayLike, events: str, counts: Floats) -> Floats:
    array = numbers(name, values)
    refuse(name, array, ~np.isfinite(array) | (array < 0), "it must be a finite time of 0 or more")
    times, xs = together(**{name: array, events: counts})
    refuse(name, times, (times == 0) & (xs > 0), f"it must be above 0 where {events} are")
    return times


def _factor(phi: float) -> float:
    if isinstance(phi, bool) or not isinstance(phi, Real) or not 1 <= float(phi) < math.inf:
        shown = f"{float(phi):g}" if isinstance(phi, Real) else type(phi).__name__
        raise ParameterError(f"overdispersion is {shown}; it must be a finite factor of 1 or more")
    return float(phi)


def _out(low: Floats, high: Floats, usable: npt.NDArray[np.bool_]) -> Any:
    low = np.where(usable, low, np.nan)
    high = np.where(usable, high, np.nan)
    return (float(low), float(high)) if low.ndim == 0 else (low, high)


# -- one proportion --------------------------------------------------------------------------------


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


def _clopper_pearson(x: Floats, n: Floats, level: float) -> Intervals:
    from scipy.special import betainccinv, betaincinv

    tail = (1.0 - level) / 2.0
    # A first shape of 0 has no quantile; the place where it is put aside holds 0 (or 1) anyway.
    low = np.where(x == 0, 0.0, betaincinv(np.where(x == 0, 1.0, x), n - x + 1, tail))
    return low, np.where(x == n, 1.0, betainccinv(x + 1, np.where(x == n, 1.0, n - x), tail))


_PROPORTION: dict[str, Callable[[Floats, Floats, float], Intervals]] = {
    "wilson": lambda x, n, level: _wilson(x, n, normal_quantile(level)),
    "wilson_cc": lambda x, n, level: _wilson_cc(x, n, normal_quantile(level)),
    "jeffreys": _jeffreys,
    "clopper_pearson": _clopper_pearson,
}


@overload
def proportion(x: Scalar, n: Scalar, method: str = ..., level: float = ...) -> Interval: ...
@overload
def proportion(x: npt.ArrayLike, n: npt.ArrayLike, method: str = ..., level: float = ...) -> Intervals: ...
def proportion(x: npt.ArrayLike, n: npt.ArrayLike, method: str = "wilson", level: float = 0.95) -> Any:
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
    return _out(low, high, ns > 0)


# -- two proportions -------------------------------------------------------------------------------


@overload
def difference(
    x1: Scalar, n1: Scalar, x2: Scalar, n2: Scalar, method: str = ..., level: float = ...
) -> Interval: ...
@overload
def difference(
    x1: npt.ArrayLike,
    n1: npt.ArrayLike,
    x2: npt.ArrayLike,
    n2: npt.ArrayLike,
    method: str = ...,
    level: float = ...,
) -> Intervals: ...
def difference(
    x1: npt.ArrayLike,
    n1: npt.ArrayLike,
    x2: npt.ArrayLike,
    n2: npt.ArrayLike,
    method: str = "newcombe",
    level: float = 0.95,
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
    return _out(np.maximum(low, -1.0), np.minimum(high, 1.0), usable)


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
    both: npt.ArrayLike,
    only_first: npt.ArrayLike,
    only_second: npt.ArrayLike,
    neither: npt.ArrayLike,
    method: str = ...,
    level: float = ...,
) -> Intervals: ...
def paired_difference(
    both: npt.ArrayLike,
    only_first: npt.ArrayLike,
    only_second: npt.ArrayLike,
    neither: npt.ArrayLike,
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
    return _out(np.maximum(low, -1.0), np.minimum(high, 1.0), usable)


@overload
def mcnemar(only_first: Scalar, only_second: Scalar) -> float: ...
@overload
def mcnemar(only_first: npt.ArrayLike, only_second: npt.ArrayLike) -> Floats: ...
def mcnemar(only_first: npt.ArrayLike, only_second: npt.ArrayLike) -> Any:
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


# -- Net Promoter Score ----------------------------------------------------------------------------


def _nps_parts(counts: list[Floats], method: str) -> tuple[Floats, Floats, npt.NDArray[np.bool_]]:
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
    promoters: npt.ArrayLike,
    passives: npt.ArrayLike,
    detractors: npt.ArrayLike,
    method: str = ...,
    level: float = ...,
) -> Intervals: ...
def nps(
    promoters: npt.ArrayLike,
    passives: npt.ArrayLike,
    detractors: npt.ArrayLike,
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
        In NPS points, clipped to [-100, 100]. The adjusted interval stands around the adjusted score, so
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
    return _out(100 * np.maximum(score - half, -1.0), 100 * np.minimum(score + half, 1.0), usable)


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
    promoters1: npt.ArrayLike,
    passives1: npt.ArrayLike,
    detractors1: npt.ArrayLike,
    promoters2: npt.ArrayLike,
    passives2: npt.ArrayLike,
    detractors2: npt.ArrayLike,
    method: str = ...,
    level: float = ...,
) -> Intervals: ...
def nps_difference(
    promoters1: npt.ArrayLike,
    passives1: npt.ArrayLike,
    detractors1: npt.ArrayLike,
    promoters2: npt.ArrayLike,
    passives2: npt.ArrayLike,
    detractors2: npt.ArrayLike,
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
    return _out(low, high, usable1 & usable2)


# -- rates -----------------------------------------------------------------------------------------


def _byar(x: Floats, level: float) -> Intervals:
    z = normal_quantile(level)
    some = np.where(x > 0, x, 1.0)
    down = np.maximum(1 - 1 / (9 * some) - z / (3 * np.sqrt(some)), 0.0)
    more = x + 1
    up = 1 - 1 / (9 * more) + z / (3 * np.sqrt(more))
    # Cubes by multiplication: a power may differ in the last digit between one number and an array.
    return np.where(x > 0, some * down * down * down, 0.0), more * up * up * up


def _exact_poisson(x: Floats, level: float) -> Intervals:
    from scipy.special import gammainccinv, gammaincinv

    tail = (1.0 - level) / 2.0
    # A chi-square quantile with 2k degrees of freedom, halved, is the gamma quantile with shape k.
    low = np.where(x > 0, gammaincinv(np.where(x > 0, x, 1.0), tail), 0.0)
    return low, np.asarray(gammainccinv(x + 1, tail), dtype=np.float64)


@overload
def rate(
    events: Scalar, time: Scalar, method: str = ..., level: float = ..., overdispersion: float = ...
) -> Interval: ...
@overload
def rate(
    events: npt.ArrayLike,
    time: npt.ArrayLike,
    method: str = ...,
    level: float = ...,
    overdispersion: float = ...,
) -> Intervals: ...
def rate(
    events: npt.ArrayLike,
    time: npt.ArrayLike,
    method: str = "byar",
    level: float = 0.95,
    overdispersion: float = 1.0,
) -> Any:
    """Interval for a rate: events per unit of person-time.

    Parameters
    ----------
    events : whole number or array
        Number of events.
    time : float or array
        Person-time at risk, in the unit that the rate is wanted in; at death or disenrollment it ends.
        Where it is 0, both ends are NaN. Give expected events instead, and the interval is that of the
        standardized ratio.
    method : {"byar", "exact", "official"}
        Byar's approximation; the exact Poisson interval from chi-square quantiles; or what UK public health
        publishes: exact below 10 events, Byar from 10 on.
    level : float
        Confidence level, between 0 and 1.
    overdispersion : float
        Variance divided by mean, 1 or more (see `overdispersion`). The limits are those of ``events /
        factor`` over ``time / factor``, the count that would be as uncertain if it were Poisson.

    Returns
    -------
    (low, high) : pair of float, or pair of float64 arrays

    Raises
    ------
    ParameterError
        If events are no counts, time is negative or not finite, events stand without time, or an option is
        not allowed.

    References
    ----------
    Breslow and Day, Statistical Methods in Cancer Research II, IARC 1987 (Byar). Garwood, Biometrika
    1936;28:437-442 (exact).

    Examples
    --------
    >>> low, high = rate(10, 1000)
    >>> f"{1000 * low:.2f} to {1000 * high:.2f} per 1000"
    '4.79 to 18.39 per 1000'

    """
    choice(method, ("byar", "exact", "official"))
    level = level_of(level)
    phi = _factor(overdispersion)
    xs = counts_of("events", events)
    times = _exposure("time", time, "events", xs)
    xs, times = together(events=xs, time=times)
    effective = xs / phi
    if method == "byar":
        low, high = _byar(effective, level)
    elif method == "exact":
        low, high = _exact_poisson(effective, level)
    else:
        exact, byar = _exact_poisson(effective, level), _byar(effective, level)
        low, high = (np.where(xs < 10, e, b) for e, b in zip(exact, byar, strict=True))
    usable = times > 0
    scale = phi / np.where(usable, times, 1.0)
    return _out(low * scale, high * scale, usable)


@overload
def rate_ratio(
    events1: Scalar,
    time1: Scalar,
    events2: Scalar,
    time2: Scalar,
    method: str = ...,
    level: float = ...,
    overdispersion: float = ...,
) -> Interval: ...
@overload
def rate_ratio(
    events1: npt.ArrayLike,
    time1: npt.ArrayLike,
    events2: npt.ArrayLike,
    time2: npt.ArrayLike,
    method: str = ...,
    level: float = ...,
    overdispersion: float = ...,
) -> Intervals: ...
def rate_ratio(
    events1: npt.ArrayLike,
    time1: npt.ArrayLike,
    events2: npt.ArrayLike,
    time2: npt.ArrayLike,
    method: str = "log_wald",
    level: float = 0.95,
    overdispersion: float = 1.0,
) -> Any:
    """Interval for the ratio of two rates, first over second, of independent groups.

    The same patients before and after are not independent groups, and high users come down by themselves:
    an interval from this function does not cover either.

    Parameters
    ----------
    events1, events2 : whole numbers or arrays
        Numbers of events.
    time1, time2 : floats or arrays
        Person-time at risk, in the same unit.
    method : {"log_wald", "exact"}
        Wald on the logarithm, which needs events in both groups (else NaN); or exact, conditional on the
        total of events, which gives infinity as the upper end when the second group had none, and NaN when
        neither had any.
    level : float
        Confidence level, between 0 and 1.
    overdispersion : float
        Variance divided by mean, 1 or more; both counts are divided by it.

    Returns
    -------
    (low, high) : pair of float, or pair of float64 arrays
        NaN also where a time is 0.

    Raises
    ------
    ParameterError
        As `rate`.

    References
    ----------
    Rothman and Greenland, Modern Epidemiology (both forms); Clopper and Pearson, Biometrika 1934;26:404-413
    for the exact one.

    Examples
    --------
    >>> low, high = rate_ratio(20, 100, 10, 100)      # 2 times exp(-/+ 1.96 sqrt(1/20 + 1/10))
    >>> f"{low:.3f} to {high:.3f}"
    '0.936 to 4.273'

    """
    choice(method, ("log_wald", "exact"))
    level = level_of(level)
    phi = _factor(overdispersion)
    a, b = counts_of("events1", events1), counts_of("events2", events2)
    t1, t2 = _exposure("time1", time1, "events1", a), _exposure("time2", time2, "events2", b)
    a, t1, b, t2 = together(events1=a, time1=t1, events2=b, time2=t2)
    usable = (t1 > 0) & (t2 > 0)
    swap = np.where(t1 > 0, t2, 1.0) / np.where(t1 > 0, t1, 1.0)
    a, b = a / phi, b / phi
    if method == "log_wald":
        usable = usable & (a > 0) & (b > 0)
        a, b = np.where(usable, a, 1.0), np.where(usable, b, 1.0)
        factor = np.exp(normal_quantile(level) * np.sqrt(1 / a + 1 / b))
        estimate = a / b * swap
        return _out(estimate / factor, estimate * factor, usable)
    usable = usable & (a + b > 0)
    low, _ = _clopper_pearson(a, np.where(usable, a + b, 1.0), level)
    # The odds of the upper end are the inverse odds of the other group's lower end: no digits lost near 1.
    other, _ = _clopper_pearson(b, np.where(usable, a + b, 1.0), level)
    high = np.where(other > 0, (1 - other) / np.where(other > 0, other, 1.0), np.inf)
    return _out(low / (1 - low) * swap, high * swap, usable)


def overdispersion(events: npt.ArrayLike, time: npt.ArrayLike) -> float:
    """Overdispersion factor of counts that should share one rate: Pearson chi-square over degrees of freedom.

    Parameters
    ----------
    events : array of whole numbers, one-dimensional
        Events of each patient (or site).
    time : array of float
        Person-time of each; rows with time 0 carry nothing and are left out.

    Returns
    -------
    float
        At least 1, so that it can be given to `rate` and `rate_ratio`: counts that vary less than Poisson
        are no reason for a narrower interval. 1 also when fewer than two rows, or no events, are there to
        estimate it from.

    Raises
    ------
    ParameterError
        As `rate`.

    References
    ----------
    McCullagh and Nelder, Generalized Linear Models, 2nd ed. 1989, section 6.2.

    Examples
    --------
    Four patients, one year each, 0, 0, 2 and 6 visits; 2 expected of each: (4 + 4 + 0 + 16) / 2 over 3
    degrees of freedom.

    >>> overdispersion([0, 0, 2, 6], [1, 1, 1, 1])
    4.0

    """
    xs = counts_of("events", events)
    times = _exposure("time", time, "events", xs)
    xs, times = (array.ravel() for array in together(events=xs, time=times))
    xs, times = xs[times > 0], times[times > 0]
    if xs.size < 2 or xs.sum() == 0:
        return 1.0
    expected = times * (xs.sum() / times.sum())
    return max(1.0, float(((xs - expected) ** 2 / expected).sum() / (xs.size - 1)))


# -- means -----------------------------------------------------------------------------------------


@overload
def mean(estimate: Scalar, sd: Scalar, n: Scalar, level: float = ...) -> Interval: ...
@overload
def mean(estimate: npt.ArrayLike, sd: npt.ArrayLike, n: npt.ArrayLike, level: float = ...) -> Intervals: ...
def mean(estimate: npt.ArrayLike, sd: npt.ArrayLike, n: npt.ArrayLike, level: float = 0.95) -> Any:
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
    return _out(m - half, m + half, usable)


def paired_mean(before: npt.ArrayLike, after: npt.ArrayLike, level: float = 0.95) -> Interval:
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
