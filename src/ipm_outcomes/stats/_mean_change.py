"""The mean change with its interval."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from ipm_outcomes._fence import fenced
from ipm_outcomes.stats._t_distribution import t_p_value, t_quantile
from ipm_outcomes.stats.arguments import Worse, better_sign, normal_quantile, paired_arrays


@dataclass(frozen=True, slots=True)
class MeanChange:
    """Paired mean change of a group, in points; figures that the data cannot give are NaN.

    Attributes
    ----------
    n_before, n_after, n : int
        Patients with a baseline, with a follow-up, and with both.
    mean_before, mean_after : float
        Means of the complete pairs.
    mean, sd, se : float
        Mean change (after - before), its patients' standard deviation, and its standard error.
    df : int
        Degrees of freedom, n - 1.
    lower, upper : float
        t interval of the mean change.
    improvement, improvement_lower, improvement_upper : float
        The same counted toward health.
    level : float
        Confidence level.
    p_value : float
        Two-sided, of the paired t test.
    worse : str
        "higher" or "lower".

    Examples
    --------
    >>> from ipm_outcomes import change
    >>> result = change.mean_change([16, 12, 18, 9, 14], [9, 10, 8, 9, 5])
    >>> result.n, result.mean, result.improvement
    (5, -5.6, 5.6)
    """

    n_before: int
    n_after: int
    n: int
    mean_before: float
    mean_after: float
    mean: float
    sd: float
    se: float
    df: int
    lower: float
    upper: float
    improvement: float
    improvement_lower: float
    improvement_upper: float
    level: float
    p_value: float
    worse: str


@fenced
def mean_change(
    before: ArrayLike, after: ArrayLike, *, worse: Worse = "higher", level: float = 0.95
) -> MeanChange:
    """Return the mean change of the patients who have both scores, with its t interval.

    Parameters
    ----------
    before, after : array_like, shape (n,)
        Scores in points; NaN or None where missing.
    worse : {"higher", "lower"}
        Whether a higher or a lower score is worse.
    level : float
        Confidence level.

    Returns
    -------
    MeanChange
        With one pair the mean is given and the interval is NaN; with none all figures are NaN.

    Raises
    ------
    ParameterError
        For arrays that do not match or a level outside (0, 1).

    References
    ----------
    Student (1908), Biometrika 6:1-25.

    Examples
    --------
    >>> result = mean_change([16, 12, 18, 9, 14], [9, 10, 8, 9, 5])
    >>> result.mean, round(result.lower, 2), round(result.upper, 2), result.improvement
    (-5.6, -11.05, -0.15, 5.6)

    """
    x1, x2 = paired_arrays(before, after)
    sign = better_sign(worse)
    normal_quantile(level)
    has1, has2 = ~np.isnan(x1), ~np.isnan(x2)
    both = has1 & has2
    n = int(both.sum())
    change = x2[both] - x1[both]
    mean = float(change.mean()) if n else math.nan
    sd = float(change.std(ddof=1)) if n > 1 else math.nan
    se = sd / math.sqrt(n) if n else math.nan
    margin = t_quantile(level, n - 1) * se if n > 1 else math.nan
    lower, upper = mean - margin, mean + margin
    # Adding 0 keeps minus zero out.
    ends = sorted((sign * lower + 0.0, sign * upper + 0.0)) if n > 1 else [math.nan, math.nan]
    return MeanChange(
        n_before=int(has1.sum()),
        n_after=int(has2.sum()),
        n=n,
        mean_before=float(x1[both].mean()) if n else math.nan,
        mean_after=float(x2[both].mean()) if n else math.nan,
        mean=mean,
        sd=sd,
        se=se,
        df=max(n - 1, 0),
        lower=lower,
        upper=upper,
        improvement=sign * mean + 0.0,
        improvement_lower=ends[0],
        improvement_upper=ends[1],
        level=level,
        p_value=t_p_value(mean, se, n - 1),
        worse=worse,
    )
