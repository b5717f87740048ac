"""Changes of the Work Productivity and Activity Impairment, General Health (general health).

Printed from ``instruments/wpai_gh.toml`` by ``python -m ipm_outcomes._printer``; do not edit.
"""

from dataclasses import dataclass
from typing import ClassVar

from ipm_outcomes._changes import Changes, ScaleChange
from ipm_outcomes.responses._described import OfScales


@dataclass(frozen=True, kw_only=True, repr=False)
class WPAIGHChanges(OfScales, Changes):
    """The changes between two WPAIGH responses of one patient.

    Examples
    --------
    >>> from ipm_outcomes import WPAIGH, between, score
    >>> between(score(WPAIGH()), score(WPAIGH())).activity.verdict
    'cannot be judged'
    """
    instrument_id: ClassVar[str] = "wpai_gh"
    scale_ids: ClassVar[tuple[str, ...]] = ("absenteeism", "presenteeism", "overall", "activity")

    absenteeism: ScaleChange
    """Work time missed, 0 to 100; higher is worse."""
    presenteeism: ScaleChange
    """Impairment while working, 0 to 100; higher is worse."""
    overall: ScaleChange
    """Overall work impairment, 0 to 100; higher is worse."""
    activity: ScaleChange
    """Activity impairment, 0 to 100; higher is worse."""
