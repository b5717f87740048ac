"""Changes of the PROMIS Global Health v1.2 (v1.2).

Printed from ``instruments/promis_global.toml`` by ``python -m ipm_outcomes._printer``; do not edit.
"""

from dataclasses import dataclass
from typing import ClassVar

from ipm_outcomes._changes import Changes, ScaleChange
from ipm_outcomes.responses._described import OfScales


@dataclass(frozen=True, kw_only=True, repr=False)
class PROMISGlobalChanges(OfScales, Changes):
    """The changes between two PROMISGlobal responses of one patient.

    Examples
    --------
    >>> from ipm_outcomes import PROMISGlobal, between, score
    >>> between(score(PROMISGlobal()), score(PROMISGlobal())).physical_health.verdict
    'cannot be judged'
    """
    instrument_id: ClassVar[str] = "promis_global"
    scale_ids: ClassVar[tuple[str, ...]] = ("physical_health", "mental_health", "general_health", "social_roles", "pain_intensity")

    physical_health: ScaleChange
    """Global physical health, T-score, 16.2 to 67.7; lower is worse."""
    mental_health: ScaleChange
    """Global mental health, T-score, 21.2 to 67.6; lower is worse."""
    general_health: ScaleChange
    """General health, 1 to 5; lower is worse."""
    social_roles: ScaleChange
    """Social activities and roles, 1 to 5; lower is worse."""
    pain_intensity: ScaleChange
    """Pain intensity, 0 to 10; higher is worse."""
