"""Scores to change: the right baseline, the right follow-up, the right word.

Whole tables: `pair`, `table`, `check_dates`. One patient: `between`, `trajectory`. Arrays: `reliable_change`,
`classify`, `cutoffs`, `growth_curve`, effect sizes, minimal important change, incomplete follow-up.
Everything is loaded when it is first asked for.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ipm_outcomes.change._between import between
    from ipm_outcomes.change._checks import check_dates
    from ipm_outcomes.change._pair import REASONS, pair
    from ipm_outcomes.change._percent import immpact, percent_change
    from ipm_outcomes.change._results import (
        CategoryChange,
        FlagChange,
        PatientChange,
        ReliableResult,
        ScaleChange,
        ThresholdResult,
    )
    from ipm_outcomes.change._table import table
    from ipm_outcomes.change._trajectory import ScaleTrajectory, Trajectory, trajectory
    from ipm_outcomes.change._verdict import VERDICTS
    from ipm_outcomes.change._windows import DEFAULT_TARGETS, Baseline, Target
    from ipm_outcomes.change.anchor import (
        AnchorMic,
        AnchorQuality,
        PredictiveMic,
        RocMic,
        anchor_quality,
        minimal_important_change,
        predictive_mic,
        roc_mic,
    )
    from ipm_outcomes.change.group import (
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
    from ipm_outcomes.change.growth import GrowthCurve, growth_curve
    from ipm_outcomes.change.incomplete import (
        Estimate,
        Pooled,
        Weights,
        impute,
        inverse_probability_weights,
        mixed_model,
        pool,
        side_by_side,
        weighted_mean,
    )
    from ipm_outcomes.change.reliable import (
        Cutoffs,
        ReliableChange,
        SmallestDetectableChange,
        classify,
        crossed,
        cutoffs,
        minimal_reliable_points,
        reliable_change,
        smallest_detectable_change,
    )

_NAMES = {
    "_between": ("between",),
    "_checks": ("check_dates",),
    "_pair": (
        "REASONS",
        "pair",
    ),
    "_percent": (
        "immpact",
        "percent_change",
    ),
    "_results": (
        "CategoryChange",
        "FlagChange",
        "PatientChange",
        "ReliableResult",
        "ScaleChange",
        "ThresholdResult",
    ),
    "_table": ("table",),
    "_trajectory": (
        "ScaleTrajectory",
        "Trajectory",
        "trajectory",
    ),
    "_verdict": ("VERDICTS",),
    "_windows": (
        "DEFAULT_TARGETS",
        "Baseline",
        "Target",
    ),
    "anchor": (
        "AnchorMic",
        "AnchorQuality",
        "PredictiveMic",
        "RocMic",
        "anchor_quality",
        "minimal_important_change",
        "predictive_mic",
        "roc_mic",
    ),
    "group": (
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
    ),
    "growth": (
        "GrowthCurve",
        "growth_curve",
    ),
    "incomplete": (
        "Estimate",
        "Pooled",
        "Weights",
        "impute",
        "inverse_probability_weights",
        "mixed_model",
        "pool",
        "side_by_side",
        "weighted_mean",
    ),
    "reliable": (
        "Cutoffs",
        "ReliableChange",
        "SmallestDetectableChange",
        "classify",
        "crossed",
        "cutoffs",
        "minimal_reliable_points",
        "reliable_change",
        "smallest_detectable_change",
    ),
}
# `__all__` is written out once more, since type checkers and the API pages read it without running it.
_HOMES = {name: home for home, names in _NAMES.items() for name in names}

__all__ = [
    "DEFAULT_TARGETS",
    "REASONS",
    "VERDICTS",
    "AnchorMic",
    "AnchorQuality",
    "Baseline",
    "CategoryChange",
    "Cutoffs",
    "EffectSize",
    "EffectSizes",
    "Estimate",
    "FlagChange",
    "GrowthCurve",
    "MeanChange",
    "PatientChange",
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
    "pool",
    "predictive_mic",
    "reliable_change",
    "roc_mic",
    "side_by_side",
    "smallest_detectable_change",
    "table",
    "trajectory",
    "two_groups",
    "weighted_mean",
]


def __getattr__(name: str) -> object:
    if name in _HOMES:
        found = getattr(import_module(f"ipm_outcomes.change.{_HOMES[name]}"), name)
        globals()[name] = found  # the next access does not come here
        return found
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
