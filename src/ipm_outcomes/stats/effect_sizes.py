"""Change of a group: paired mean change, effect sizes with their denominators, an important change.

A change is ``after - before`` and effect sizes keep its sign; an improvement is the change counted toward
health.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from ipm_outcomes._fence import fenced
from ipm_outcomes.errors import ParameterError
from ipm_outcomes.stats._mean_change import MeanChange, mean_change
from ipm_outcomes.stats._t_distribution import noncentral_t_limits, t_quantile
from ipm_outcomes.stats.arguments import (
    Floats,
    finite,
    normal_quantile,
    paired_arrays,
    positive,
    scores_array,
)

__all__ = [
    "LARGE",
    "NOT_ABOVE_THRESHOLD",
    "NOT_RELEVANT",
    "NOT_SIGNIFICANT",
    "PROBABLY_RELEVANT",
    "WORSENED",
    "EffectSize",
    "EffectSizes",
    "MeanChange",
    "TwoGroups",
    "against_important_change",
    "effect_sizes",
    "hedges_correction",
    "mean_change",
    "noncentral_t_limits",
    "two_groups",
]

NOT_SIGNIFICANT = "not significant"
WORSENED = "significant worsening"
NOT_RELEVANT = "significant but not relevant"
NOT_ABOVE_THRESHOLD = "not significantly above the threshold"
PROBABLY_RELEVANT = "probably relevant"
LARGE = "large clinically significant"


@fenced
def hedges_correction(df: float, *, method: Literal["exact", "approximate"] = "exact") -> float:
    """Return J, the factor that takes the small-sample bias out of a standardized mean difference.

    Parameters
    ----------
    df : float
        Degrees of freedom of the standard deviation, above 1.
    method : {"exact", "approximate"}
        ``gamma(df/2) / gamma((df-1)/2) * sqrt(2/df)``, or ``1 - 3/(4 df - 1)`` as many packages have it.

    Returns
    -------
    float

    Raises
    ------
    ParameterError
        For degrees of freedom of 1 or less, where J is not defined.

    References
    ----------
    Hedges LV (1981), J Educ Stat 6:107-128.

    Examples
    --------
    >>> round(hedges_correction(10), 6), round(hedges_correction(10, method="approximate"), 6)
    (0.922746, 0.923077)

    """
    m = finite("df", df)
    if m <= 1:
        raise ParameterError(f"df: is {m:g}; the correction needs more than 1 degree of freedom")
    if method == "exact":
        return math.exp(math.lgamma(m / 2) - math.lgamma((m - 1) / 2)) * math.sqrt(2 / m)
    if method == "approximate":
        return 1 - 3 / (4 * m - 1)
    raise ParameterError("method: must be 'exact' or 'approximate'")


@dataclass(frozen=True, slots=True)
class EffectSize:
    """One standardized effect, with what it was divided by.

    Attributes
    ----------
    name : str
        "srm", "glass", "d_av", "d_rms", "d_rm", or "d" for two groups.
    estimate, lower, upper : float
        The effect and its interval; NaN where it cannot be given.
    hedges, hedges_lower, hedges_upper : float
        The same times J (Hedges).
    correction : float
        J, exact, at `df` degrees of freedom.
    denominator : str
        What the mean was divided by, in words.
    denominator_value : float
        Its value, in points.
    n, df : int
        Patients (of both groups together where there are two), and degrees of freedom of interval and
        correction.
    level : float
        Confidence level.
    method : str
        How the interval was made.

    Examples
    --------
    >>> from ipm_outcomes import change
    >>> glass = change.effect_sizes([16, 12, 18, 9, 14], [9, 10, 8, 9, 5]).glass
    >>> round(glass.estimate, 3), glass.denominator
    (-1.603, 'SD before')
    """

    name: str
    estimate: float
    lower: float
    upper: float
    hedges: float
    hedges_lower: float
    hedges_upper: float
    correction: float
    denominator: str
    denominator_value: float
    n: int
    df: int
    level: float
    method: str


class EffectSizes(NamedTuple):
    """The standardized mean changes of one group; they are different numbers, see each one's
    `denominator`.

    Examples
    --------
    >>> from ipm_outcomes import change
    >>> sizes = change.effect_sizes([16, 12, 18, 9, 14], [9, 10, 8, 9, 5])
    >>> round(sizes.srm.estimate, 3), round(sizes.d_av.estimate, 3)
    (-1.275, -2.068)
    """

    srm: EffectSize
    glass: EffectSize
    d_av: EffectSize
    d_rms: EffectSize
    d_rm: EffectSize


@fenced
def effect_sizes(before: ArrayLike, after: ArrayLike, *, level: float = 0.95) -> EffectSizes:
    """Return the standardized mean changes of one group, each labeled with its denominator.

    - srm (also called dz): mean change / SD of the changes.
    - glass: mean change / SD before.
    - d_av: mean change / mean of the two SDs.
    - d_rms: mean change / root mean square of the two SDs.
    - d_rm: srm * sqrt(2 (1 - r)), r the correlation of the two scores.

    The interval of the srm is exact for normal changes: noncentral t limits over sqrt(n). Those of the others
    are the same limits times SD(changes) / denominator, which takes that ratio as known.

    Parameters
    ----------
    before, after : array_like, shape (n,)
        Scores in points; NaN or None where missing. Complete pairs are used.
    level : float
        Confidence level.

    Returns
    -------
    EffectSizes
        In the sign of the change. An effect whose denominator is 0 or unknown is NaN.

    Raises
    ------
    ParameterError
        For arrays that do not match or a level outside (0, 1).

    References
    ----------
    Algina J, Keselman HJ (2003), Educ Psychol Meas 63:537-553, for the scaled interval. Cumming G (2012),
    Understanding the New Statistics, for d_av. Morris SB, DeShon RP (2002), Psychol Methods 7:105-125, for
    d_rm.

    Examples
    --------
    >>> result = effect_sizes([16, 12, 18, 9, 14], [9, 10, 8, 9, 5])
    >>> round(result.srm.estimate, 3), result.srm.denominator
    (-1.275, 'SD of the changes')
    >>> round(result.glass.estimate, 3), result.glass.denominator
    (-1.603, 'SD before')

    """
    x1, x2 = paired_arrays(before, after)
    normal_quantile(level)
    both = ~np.isnan(x1) & ~np.isnan(x2)
    x1, x2 = x1[both], x2[both]
    n = int(both.sum())
    change = x2 - x1
    mean = float(change.mean()) if n else math.nan
    sd, s1, s2 = (_sd(values) for values in (change, x1, x2))
    varied = n > 1 and s1 > 0 and s2 > 0
    correlation = float(np.corrcoef(x1, x2)[0, 1]) if varied else math.nan
    # 2 (1 - r) is never below 0 but for rounding.
    spread = (
        sd / math.sqrt(max(2 * (1 - correlation), 0.0)) if varied and correlation < 1 - 1e-12 else math.nan
    )
    low, high = (math.nan, math.nan)
    if n > 1 and sd > 0:
        limits = noncentral_t_limits(mean / (sd / math.sqrt(n)), n - 1, level=level)
        low, high = (limit / math.sqrt(n) for limit in limits)

    def effect(name: str, denominator: str, value: float, method: str) -> EffectSize:
        usable = value > 0
        ratio = sd / value if usable else math.nan
        return _effect(
            name,
            mean / value if usable else math.nan,
            low * ratio,
            high * ratio,
            denominator,
            value,
            n,
            n - 1,
            level,
            method,
        )

    scaled = "noncentral t, scaled by SD of the changes over the denominator"
    return EffectSizes(
        srm=effect("srm", "SD of the changes", sd, "noncentral t, exact"),
        glass=effect("glass", "SD before", s1, scaled),
        d_av=effect("d_av", "mean of SD before and SD after", (s1 + s2) / 2, scaled),
        d_rms=effect(
            "d_rms", "root mean square of SD before and SD after", math.sqrt((s1 * s1 + s2 * s2) / 2), scaled
        ),
        d_rm=effect("d_rm", "SD of the changes over sqrt(2 (1 - correlation))", spread, scaled),
    )


def _sd(values: Floats) -> float:
    return float(values.std(ddof=1)) if values.size > 1 else math.nan


def _effect(
    name: str,
    estimate: float,
    lower: float,
    upper: float,
    denominator: str,
    value: float,
    n: int,
    df: int,
    level: float,
    method: str,
) -> EffectSize:
    correction = hedges_correction(df) if df > 1 else math.nan
    return EffectSize(
        name=name,
        estimate=estimate,
        lower=lower,
        upper=upper,
        hedges=correction * estimate,
        hedges_lower=correction * lower,
        hedges_upper=correction * upper,
        correction=correction,
        denominator=denominator,
        denominator_value=value,
        n=n,
        df=max(df, 0),
        level=level,
        method=method,
    )


@dataclass(frozen=True, slots=True)
class TwoGroups:
    """Difference between two groups.

    Attributes
    ----------
    n_a, n_b : int
        Patients with a value in each group.
    difference, lower, upper : float
        Mean of a less mean of b, in points, and its t interval with the pooled SD.
    effect : EffectSize
        d, with Hedges' g in its `hedges` fields.
    variance : float
        Large-sample variance of g, ``1/n_a + 1/n_b + g^2 / (2 (n_a + n_b))``.

    Examples
    --------
    >>> from ipm_outcomes import change
    >>> result = change.two_groups([-7, -2, -10, 0, -9], [-1, -3, 2, 0, -4])
    >>> result.n_a, result.n_b, round(result.difference, 2)
    (5, 5, -4.4)
    """

    n_a: int
    n_b: int
    difference: float
    lower: float
    upper: float
    effect: EffectSize
    variance: float


@fenced
def two_groups(a: ArrayLike, b: ArrayLike, *, level: float = 0.95) -> TwoGroups:
    """Compare the means of two independent groups, of scores or of changes.

    Parameters
    ----------
    a, b : array_like, shapes (n_a,) and (n_b,)
        Values in points; NaN or None where missing.
    level : float
        Confidence level.

    Returns
    -------
    TwoGroups
        d = (mean a - mean b) / pooled SD with its exact noncentral t interval; figures that the data cannot
        give are NaN.

    Raises
    ------
    ParameterError
        For values that are not numbers or a level outside (0, 1).

    References
    ----------
    Hedges LV, Olkin I (1985), Statistical Methods for Meta-Analysis.

    Examples
    --------
    >>> result = two_groups([-7, -2, -10, 0, -9], [-1, -3, 2, 0, -4])
    >>> round(result.difference, 2), round(result.effect.estimate, 3), round(result.effect.hedges, 3)
    (-4.4, -1.245, -1.123)

    """
    xa, xb = scores_array("a", a), scores_array("b", b)
    xa, xb = xa[~np.isnan(xa)], xb[~np.isnan(xb)]
    normal_quantile(level)
    na, nb = xa.size, xb.size
    df = na + nb - 2
    difference = float(xa.mean() - xb.mean()) if na and nb else math.nan
    lower = upper = d = d_low = d_high = pooled = math.nan
    if na and nb and df > 0:
        squares = float(((xa - xa.mean()) ** 2).sum() + ((xb - xb.mean()) ** 2).sum())
        pooled = math.sqrt(squares / df)
        scale = math.sqrt(1 / na + 1 / nb)
        margin = t_quantile(level, df) * pooled * scale
        lower, upper = difference - margin, difference + margin
        if pooled > 0:
            d = difference / pooled
            d_low, d_high = (limit * scale for limit in noncentral_t_limits(d / scale, df, level=level))
    effect = _effect(
        "d",
        d,
        d_low,
        d_high,
        "pooled SD of the two groups",
        pooled,
        na + nb,
        df,
        level,
        "noncentral t, exact",
    )
    variance = 1 / na + 1 / nb + effect.hedges**2 / (2 * (na + nb)) if na and nb else math.nan
    return TwoGroups(na, nb, difference, lower, upper, effect, variance)


@fenced
def against_important_change(*, improvement: float, lower: float, upper: float, threshold: float) -> str:
    """Say how a group's mean improvement and its interval lie to 0 and to an important change.

    Works for either direction of scale, because it is asked in improvement: `MeanChange` has the three
    figures.

    Parameters
    ----------
    improvement, lower, upper : float
        Mean improvement and its confidence interval, in points.
    threshold : float
        Important change, in points, above 0.

    Returns
    -------
    str
        - "not significant": the interval contains 0.
        - "significant worsening": the interval lies below 0. (The source counts it with the former.)
        - "significant but not relevant": the interval lies between 0 and the threshold.
        - "not significantly above the threshold": it reaches the threshold, the mean does not.
        - "probably relevant": the mean reaches the threshold, but so far down reaches the interval.
        - "large clinically significant": the interval lies above the threshold.

        Every case has exactly one; the ends of the interval belong to it, and a mean equal to the threshold
        reaches it.

    Raises
    ------
    ParameterError
        For a threshold not above 0, or figures that are not an interval around the mean.

    References
    ----------
    The group approach of Claus BB, Wager J, Bonnet U (2024), J Stat Softw 111(1).

    Examples
    --------
    >>> against_important_change(improvement=5.6, lower=3.1, upper=8.1, threshold=5)
    'probably relevant'

    """
    mean, low, high = finite("improvement", improvement), finite("lower", lower), finite("upper", upper)
    limit = positive("threshold", threshold)
    if not low <= mean <= high:
        raise ParameterError(
            "improvement: must lie within lower and upper; give figures in the direction of health"
        )
    if high < 0:
        return WORSENED
    if low <= 0:
        return NOT_SIGNIFICANT
    if high < limit:
        return NOT_RELEVANT
    if low > limit:
        return LARGE
    return PROBABLY_RELEVANT if mean >= limit else NOT_ABOVE_THRESHOLD
