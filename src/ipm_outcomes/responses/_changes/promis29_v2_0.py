"""Changes of the PROMIS-29 Profile v2.0 (v2.0).

Printed from ``instruments/promis29_v2_0.toml`` by ``python -m ipm_outcomes._printer``; do not edit.
"""

from dataclasses import dataclass
from typing import ClassVar

from ipm_outcomes._changes import Changes, ScaleChange
from ipm_outcomes.responses._described import OfScales


@dataclass(frozen=True, kw_only=True, repr=False)
class PROMIS29v20Changes(OfScales, Changes):
    """The changes between two PROMIS29v20 responses of one patient.

    Examples
    --------
    >>> from ipm_outcomes import PROMIS29v20, between, score
    >>> between(score(PROMIS29v20()), score(PROMIS29v20())).pain_interference.verdict
    'cannot be judged'
    """
    instrument_id: ClassVar[str] = "promis29_v2_0"
    scale_ids: ClassVar[tuple[str, ...]] = ("physical_function", "anxiety", "depression", "fatigue", "sleep_disturbance", "social_roles", "pain_interference", "pain_intensity", "physical_summary", "mental_summary")

    physical_function: ScaleChange
    """Physical function, T-score, 22.9 to 56.9; lower is worse."""
    anxiety: ScaleChange
    """Anxiety, T-score, 40.3 to 81.6; higher is worse."""
    depression: ScaleChange
    """Depression, T-score, 41.0 to 79.4; higher is worse."""
    fatigue: ScaleChange
    """Fatigue, T-score, 33.7 to 75.8; higher is worse."""
    sleep_disturbance: ScaleChange
    """Sleep disturbance, T-score, 32.0 to 73.3; higher is worse."""
    social_roles: ScaleChange
    """Ability to participate in social roles and activities, T-score, 27.5 to 64.2; lower is worse."""
    pain_interference: ScaleChange
    """Pain interference, T-score, 41.6 to 75.6; higher is worse."""
    pain_intensity: ScaleChange
    """Pain intensity, 0 to 10; higher is worse."""
    physical_summary: ScaleChange
    """Physical health summary, T-score; lower is worse."""
    mental_summary: ScaleChange
    """Mental health summary, T-score; lower is worse."""
