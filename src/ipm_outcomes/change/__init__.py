"""Scores to change: the right baseline, the right follow-up, the right word.

Whole tables: `pair`, `table`, `check_dates`. One patient: `between`, `trajectory`. Pictures: `plot`. Arrays:
`reliable_change`, `classify`, `cutoffs`, `growth_curve`, effect sizes, minimal important change, incomplete follow-up.
"""

from importlib import import_module
from typing import TYPE_CHECKING

from ipm_outcomes._changes import (
    CategoryChange,
    Changes,
    CustomChanges,
    FlagChange,
    ReliableResult,
    ScaleChange,
    ThresholdResult,
)
from ipm_outcomes.change._between import between
from ipm_outcomes.change._trajectory import ScaleTrajectory, Trajectory, trajectory
from ipm_outcomes.change._verdict import VERDICTS

if TYPE_CHECKING:
    from ipm_outcomes.change import plot
    from ipm_outcomes.change._checks import check_dates
    from ipm_outcomes.change._pair import pair
    from ipm_outcomes.change._pairing import REASONS
    from ipm_outcomes.change._percent import immpact, percent_change
    from ipm_outcomes.change._show import show
    from ipm_outcomes.change._table import table
    from ipm_outcomes.change._windows import DEFAULT_TARGETS, Baseline, Target
    from ipm_outcomes.change.incomplete import side_by_side
    from ipm_outcomes.stats.classification import Cutoffs, classify, crossed, cutoffs
    from ipm_outcomes.stats.effect_sizes import (
        EffectSize,
        EffectSizes,
        MeanChange,
        TwoGroups,
        against_important_change,
        effect_sizes,
        hedges_correction,
        mean_change,
        noncentral_t_limits,
        two_groups,
    )
    from ipm_outcomes.stats.growth import GrowthCurve, growth_curve
    from ipm_outcomes.stats.important_change import (
        AnchorMic,
        AnchorQuality,
        PredictiveMic,
        RocMic,
        anchor_quality,
        minimal_important_change,
        predictive_mic,
        roc_mic,
    )
    from ipm_outcomes.stats.missing_data import (
        Pooled,
        Weights,
        impute,
        inverse_probability_weights,
        pool,
        weighted_mean,
    )
    from ipm_outcomes.stats.mixed_model import Estimate, mixed_model
    from ipm_outcomes.stats.reliable_change import (
        ReliableChange,
        SmallestDetectableChange,
        minimal_reliable_points,
        reliable_change,
        smallest_detectable_change,
    )

# Tables and statistics are loaded when first asked for: who compares two forms of one patient needs neither.
_LATER = (
    "ipm_outcomes.change._table",
    "ipm_outcomes.change._checks",
    "ipm_outcomes.change._pair",
    "ipm_outcomes.change._pairing",
    "ipm_outcomes.change._percent",
    "ipm_outcomes.change._show",
    "ipm_outcomes.change._windows",
    "ipm_outcomes.change.incomplete",
    "ipm_outcomes.stats.classification",
    "ipm_outcomes.stats.effect_sizes",
    "ipm_outcomes.stats.growth",
    "ipm_outcomes.stats.important_change",
    "ipm_outcomes.stats.missing_data",
    "ipm_outcomes.stats.mixed_model",
    "ipm_outcomes.stats.reliable_change",
)

__all__ = [
    "DEFAULT_TARGETS",
    "REASONS",
    "VERDICTS",
    "AnchorMic",
    "AnchorQuality",
    "Baseline",
    "CategoryChange",
    "Changes",
    "CustomChanges",
    "Cutoffs",
    "EffectSize",
    "EffectSizes",
    "Estimate",
    "FlagChange",
    "GrowthCurve",
    "MeanChange",
    "Pooled",
    "PredictiveMic",
    "ReliableChange",
    "ReliableResult",
    "RocMic",
    "ScaleChange",
    "ScaleTrajectory",
    "SmallestDetectableChange",
    "Target",
    "ThresholdResult",
    "Trajectory",
    "TwoGroups",
    "Weights",
    "against_important_change",
    "anchor_quality",
    "between",
    "check_dates",
    "classify",
    "crossed",
    "cutoffs",
    "effect_sizes",
    "growth_curve",
    "hedges_correction",
    "immpact",
    "impute",
    "inverse_probability_weights",
    "mean_change",
    "minimal_important_change",
    "minimal_reliable_points",
    "mixed_model",
    "noncentral_t_limits",
    "pair",
    "percent_change",
    "plot",
    "pool",
    "predictive_mic",
    "reliable_change",
    "roc_mic",
    "show",
    "side_by_side",
    "smallest_detectable_change",
    "table",
    "trajectory",
    "two_groups",
    "weighted_mean",
]


def __getattr__(name: str) -> object:
    if name == "plot":
        return import_module("ipm_outcomes.change.plot")
    if name in __all__:
        for module in map(import_module, _LATER):
            if name in vars(module):
                return globals().setdefault(name, vars(module)[name])
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
