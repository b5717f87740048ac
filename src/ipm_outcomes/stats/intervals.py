"""Confidence intervals for the figures that a program publishes.

Every function returns ``(low, high)``: two floats when all counts are single numbers, two arrays when any
of them is an array (arguments are broadcast against each other). A group without patients (``n = 0``) has
no interval: both ends are NaN, which is not an error in a report. Counts that cannot be counts (negative,
not whole, NaN, more successes than patients) are refused.

Nothing is rounded here: round once, for display.
"""

from ipm_outcomes.stats._means import mean, paired_mean
from ipm_outcomes.stats._net_promoter import nps, nps_difference
from ipm_outcomes.stats._paired_rates import paired_rate_ratio
from ipm_outcomes.stats._proportions import difference, mcnemar, paired_difference, proportion
from ipm_outcomes.stats._rates import overdispersion, rate, rate_ratio

__all__ = [
    "difference",
    "mcnemar",
    "mean",
    "nps",
    "nps_difference",
    "overdispersion",
    "paired_difference",
    "paired_mean",
    "paired_rate_ratio",
    "proportion",
    "rate",
    "rate_ratio",
]
