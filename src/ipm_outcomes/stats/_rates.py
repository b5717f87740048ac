"""Intervals for events per time."""

# A plain number is also "array-like": each pair of overloads overlaps by design, and the first one wins.
# pyright: reportOverlappingOverload=false
from __future__ import annotations

import math
from typing import Any, overload

import numpy as np
from numpy.typing import ArrayLike

from ipm_outcomes.errors import choice
from ipm_outcomes.stats._proportions import clopper_pearson
from ipm_outcomes.stats._results import Interval, Intervals, Scalar, both_limits
from ipm_outcomes.stats.arguments import (
    Floats,
    counts_of,
    fitting,
    level_of,
    normal_quantile,
    numbers,
    refuse,
    together,
)


def _exposure(name: str, values: ArrayLike, events: str, counts: Floats) -> Floats:
    array = numbers(name, values)
    refuse(name, array, ~np.isfinite(array) | (array < 0), "it must be a finite time of 0 or more")
    times, xs = together(**{name: array, events: counts})
    refuse(name, times, (times == 0) & (xs > 0), f"it must be above 0 where {events} are")
    return times


def _factor(phi: float) -> float:
    return fitting(
        "overdispersion", phi, lambda x: 1 <= x < math.inf, "it must be a finite factor of 1 or more"
    )


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
    events: ArrayLike, time: ArrayLike, method: str = ..., level: float = ..., overdispersion: float = ...
) -> Intervals: ...
def rate(
    events: ArrayLike, time: ArrayLike, method: str = "byar", level: float = 0.95, overdispersion: float = 1.0
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
        If events are no counts, time is negative or not finite, there are events without time, or an option is
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
    return both_limits(low * scale, high * scale, usable)


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
    events1: ArrayLike,
    time1: ArrayLike,
    events2: ArrayLike,
    time2: ArrayLike,
    method: str = ...,
    level: float = ...,
    overdispersion: float = ...,
) -> Intervals: ...
def rate_ratio(
    events1: ArrayLike,
    time1: ArrayLike,
    events2: ArrayLike,
    time2: ArrayLike,
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
        return both_limits(estimate / factor, estimate * factor, usable)
    usable = usable & (a + b > 0)
    low, _ = clopper_pearson(a, np.where(usable, a + b, 1.0), level)
    # The odds of the upper end are the inverse odds of the other group's lower end: no digits lost near 1.
    other, _ = clopper_pearson(b, np.where(usable, a + b, 1.0), level)
    high = np.where(other > 0, (1 - other) / np.where(other > 0, other, 1.0), np.inf)
    return both_limits(low / (1 - low) * swap, high * swap, usable)


def overdispersion(events: ArrayLike, time: ArrayLike) -> float:
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
