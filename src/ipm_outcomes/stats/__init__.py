"""Statistics on arrays, which know nothing of patients, instruments or data frames; each function once.

`intervals`, `effect_sizes`, `reliable_change`, `classification`, `important_change`, `missing_data`, `growth`,
`sites` and `over_time`.
`ipm_outcomes.change` and `ipm_outcomes.program` offer most of them under their own names as well.
"""

from ipm_outcomes.stats import (
    classification,
    effect_sizes,
    growth,
    important_change,
    intervals,
    missing_data,
    over_time,
    reliable_change,
    sites,
)

__all__ = [
    "classification",
    "effect_sizes",
    "growth",
    "important_change",
    "intervals",
    "missing_data",
    "over_time",
    "reliable_change",
    "sites",
]
