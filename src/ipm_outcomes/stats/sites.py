"""Fair comparison between sites: standardization, shrinkage, funnel limits.

Nothing here ranks sites. A point outside a funnel is a reason to look at its data first, not a verdict.
What limits a result (few sites, few events, no spread to estimate) is in its `notes`; nothing is
warned about on the side.
"""

from ipm_outcomes.stats._funnel import (
    Dispersion,
    FunnelLimits,
    funnel,
    funnel_ratio,
    proportion_dispersion,
    ratio_dispersion,
)
from ipm_outcomes.stats._shrink import Shrunk, shrink, shrink_proportions
from ipm_outcomes.stats._standardize import StandardizedMeans, StandardizedRates, standardize

__all__ = [
    "Dispersion",
    "FunnelLimits",
    "Shrunk",
    "StandardizedMeans",
    "StandardizedRates",
    "funnel",
    "funnel_ratio",
    "proportion_dispersion",
    "ratio_dispersion",
    "shrink",
    "shrink_proportions",
    "standardize",
]
