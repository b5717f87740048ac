"""Changes of the Work Productivity and Activity Impairment, Specific Health Problem (general health and specific problem, combined).

Printed from ``instruments/wpai_shp.toml`` by ``python -m ipm_outcomes._printer``; do not edit.
"""

from dataclasses import dataclass
from typing import ClassVar

from ipm_outcomes._changes import Changes, ScaleChange
from ipm_outcomes.responses._described import OfScales


@dataclass(frozen=True, kw_only=True, repr=False)
class WPAISHPChanges(OfScales, Changes):
    """The changes between two WPAISHP responses of one patient.

    Examples
    --------
    >>> from ipm_outcomes import WPAISHP, between, score
    >>> between(score(WPAISHP()), score(WPAISHP())).activity.verdict
    'cannot be judged'
    """
    instrument_id: ClassVar[str] = "wpai_shp"
    scale_ids: ClassVar[tuple[str, ...]] = ("absenteeism", "presenteeism", "overall", "activity", "absenteeism_all", "presenteeism_all", "overall_all", "activity_all")

    absenteeism: ScaleChange
    """Work time missed due to the problem, 0 to 100; higher is worse."""
    presenteeism: ScaleChange
    """Impairment while working due to the problem, 0 to 100; higher is worse."""
    overall: ScaleChange
    """Overall work impairment due to the problem, 0 to 100; higher is worse."""
    activity: ScaleChange
    """Activity impairment due to the problem, 0 to 100; higher is worse."""
    absenteeism_all: ScaleChange
    """Work time missed due to all health, 0 to 100; higher is worse."""
    presenteeism_all: ScaleChange
    """Impairment while working due to all health, 0 to 100; higher is worse."""
    overall_all: ScaleChange
    """Overall work impairment due to all health, 0 to 100; higher is worse."""
    activity_all: ScaleChange
    """Activity impairment due to all health, 0 to 100; higher is worse."""
