"""Changes of the Defense and Veterans Pain Rating Scale 2.0 (2.0).

Printed from ``instruments/dvprs.toml`` by ``python -m ipm_outcomes._printer``; do not edit.
"""

from dataclasses import dataclass
from typing import ClassVar

from ipm_outcomes._changes import Changes, ScaleChange
from ipm_outcomes.responses._described import OfScales


@dataclass(frozen=True, kw_only=True, repr=False)
class DVPRSChanges(OfScales, Changes):
    """The changes between two DVPRS responses of one patient.

    Examples
    --------
    >>> from ipm_outcomes import DVPRS, between, score
    >>> between(score(DVPRS()), score(DVPRS())).intensity.verdict
    'cannot be judged'
    """
    instrument_id: ClassVar[str] = "dvprs"
    scale_ids: ClassVar[tuple[str, ...]] = ("intensity", "activity", "sleep", "mood", "stress")

    intensity: ScaleChange
    """Pain intensity, 0 to 10; higher is worse."""
    activity: ScaleChange
    """Interference with activity, 0 to 10; higher is worse."""
    sleep: ScaleChange
    """Interference with sleep, 0 to 10; higher is worse."""
    mood: ScaleChange
    """Effect on mood, 0 to 10; higher is worse."""
    stress: ScaleChange
    """Contribution to stress, 0 to 10; higher is worse."""
