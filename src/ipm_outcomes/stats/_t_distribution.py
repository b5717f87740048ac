"""Quantiles and tails of Student's t, central and noncentral."""

from __future__ import annotations

import math
from typing import Any

from ipm_outcomes._fence import fenced
from ipm_outcomes.stats.arguments import finite, normal_quantile, positive


def t_quantile(level: float, df: int) -> float:
    from scipy.special import stdtrit

    return float(stdtrit(df, 0.5 + level / 2))


def t_p_value(mean: float, se: float, df: int) -> float:
    from scipy.special import stdtr

    if df < 1:
        return math.nan
    if se == 0:
        return 0.0 if mean else math.nan
    return 2 * float(stdtr(df, -abs(mean) / se))


@fenced
def noncentral_t_limits(t: float, df: float, *, level: float = 0.95) -> tuple[float, float]:
    """Return the noncentrality parameters at which an observed t is the upper and the lower tail point.

    Parameters
    ----------
    t : float
        Observed t statistic.
    df : float
        Its degrees of freedom, at least 1.
    level : float
        Confidence level.

    Returns
    -------
    tuple of float
        Lower and upper limit of the noncentrality.

    Raises
    ------
    ParameterError
        For arguments out of range.

    References
    ----------
    Steiger JH, Fouladi RT (1997), in Harlow LL et al., What if there were no significance tests?

    Examples
    --------
    >>> [round(limit, 4) for limit in noncentral_t_limits(2.83, 126)]
    [0.8338, 4.8154]

    """
    from scipy.optimize import brentq
    from scipy.stats import nct

    statistic, m = finite("t", t), positive("df", df)
    normal_quantile(level)
    if statistic < 0:
        # The mirror image keeps to the half where the distribution function is computed best.
        low, high = noncentral_t_limits(-statistic, m, level=level)
        return -high, -low

    def solve(probability: float) -> float:
        def miss(noncentrality: float) -> float:
            return float(nct.cdf(statistic, m, noncentrality)) - probability

        # The noncentrality is about t, give or take sqrt(1 + t^2 / 2 df); widen until the root is inside.
        step = 2 * math.sqrt(1 + statistic * statistic / (2 * m))
        low, high = statistic - step, statistic + step
        while miss(low) < 0:
            low -= step
        while miss(high) > 0:
            high += step
        root: Any = brentq(miss, low, high, xtol=1e-12)
        return float(root)

    tail = (1 - level) / 2
    return solve(1 - tail), solve(tail)
