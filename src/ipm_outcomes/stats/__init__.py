"""Statistics on arrays, which know nothing of patients, instruments or data frames; each function once.

`intervals`, `effect_sizes`, `reliable_change`, `classification`, `important_change`, `missing_data`, `growth`,
`sites`, `over_time` and `survival`.
`ipm_outcomes.change` and `ipm_outcomes.program` offer most of them under their own names as well.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
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
        survival,
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
    "survival",
]


def __getattr__(name: str) -> object:
    # Loaded when first asked for: one interval needs no control charts.
    if name in __all__:
        return import_module(f"{__name__}.{name}")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
