"""The ratio of two rates of the same patients."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike

from ipm_outcomes.stats._rates import _exposure
from ipm_outcomes.stats.arguments import counts_of, level_of, together


def paired_rate_ratio(
    events_before: ArrayLike,
    time_before: ArrayLike,
    events_after: ArrayLike,
    time_after: ArrayLike,
    level: float = 0.95,
) -> tuple[float, float, float]:
    """Ratio of two rates of the same patients, after over before, with limits for paired and overdispersed counts.

    The estimate and the standard error of its logarithm are those of a Poisson model fitted by generalized estimating
    equations with independence as working correlation: patients are independent, their two counts need not be, and
    counts may vary more than Poisson. The squared standard error is multiplied by n / (n - 1) and the limits are by
    Student's t with n - 1 degrees of freedom, since the model alone is too sure of itself with few patients.

    Patients who were chosen for high use come down by themselves: no interval covers that.

    Parameters
    ----------
    events_before, events_after : arrays of whole numbers, one entry per patient
        Events of each patient in each period.
    time_before, time_after : arrays of float
        Person-time of each, in one unit.
    level : float
        Confidence level, between 0 and 1.

    Returns
    -------
    (estimate, low, high) : tuple of float
        NaN where a period has no events or no time; the limits also with fewer than two patients.

    Raises
    ------
    ParameterError
        As `rate`.

    References
    ----------
    Liang and Zeger, Biometrika 1986;73:13-22.

    Examples
    --------
    Four patients, one year before and one after: 10 visits, then 5. Their parts of the logarithm are 0, -0.1, 0 and
    0.1, so that the limits are a factor of exp(3.182 x sqrt(4/3 x 0.02)) away.

    >>> estimate, low, high = paired_rate_ratio([4, 3, 2, 1], [1, 1, 1, 1], [2, 1, 1, 1], [1, 1, 1, 1])
    >>> f"{estimate} ({low:.2f} to {high:.2f})"
    '0.5 (0.30 to 0.84)'
    """
    level = level_of(level)
    sides = []
    for name, events, time in (("before", events_before, time_before), ("after", events_after, time_after)):
        xs = counts_of(f"events_{name}", events)
        sides += [xs, _exposure(f"time_{name}", time, f"events_{name}", xs)]
    a, s, b, t = (
        array.ravel()
        for array in together(
            events_before=sides[0], time_before=sides[1], events_after=sides[2], time_after=sides[3]
        )
    )
    n = int(((s > 0) | (t > 0)).sum())
    if not (a.sum() > 0 and b.sum() > 0):
        return math.nan, math.nan, math.nan
    # What each patient adds to the logarithm of the ratio.
    parts = (b - b.sum() / t.sum() * t) / b.sum() - (a - a.sum() / s.sum() * s) / a.sum()
    estimate = float(b.sum() / t.sum() / (a.sum() / s.sum()))
    if n < 2:
        return estimate, math.nan, math.nan
    from scipy.special import stdtrit

    factor = float(np.exp(stdtrit(n - 1, (1 + level) / 2) * np.sqrt(n / (n - 1) * (parts**2).sum())))
    return estimate, estimate / factor, estimate * factor
