"""Changes of the Pain Assessment Screening Tool and Outcomes Registry (ready T-scores).

Printed from ``instruments/pastor.toml`` by ``python -m ipm_outcomes._printer``; do not edit.
"""

from dataclasses import dataclass
from typing import ClassVar

from ipm_outcomes._changes import Changes, ScaleChange
from ipm_outcomes.responses._described import OfScales


@dataclass(frozen=True, kw_only=True, repr=False)
class PASTORChanges(OfScales, Changes):
    """The changes between two PASTOR responses of one patient.

    Examples
    --------
    >>> from ipm_outcomes import PASTOR, between, score
    >>> between(score(PASTOR()), score(PASTOR())).pain_interference.verdict
    'cannot be judged'
    """
    instrument_id: ClassVar[str] = "pastor"
    scale_ids: ClassVar[tuple[str, ...]] = ("pain_interference", "physical_function", "sleep_disturbance", "sleep_related_impairment", "fatigue", "anxiety", "depression", "social_satisfaction", "pain_average", "pain_worst")

    pain_interference: ScaleChange
    """Pain interference, T-score, 10 to 90; higher is worse."""
    physical_function: ScaleChange
    """Physical function, T-score, 10 to 90; lower is worse."""
    sleep_disturbance: ScaleChange
    """Sleep disturbance, T-score, 10 to 90; higher is worse."""
    sleep_related_impairment: ScaleChange
    """Sleep-related impairment, T-score, 10 to 90; higher is worse."""
    fatigue: ScaleChange
    """Fatigue, T-score, 10 to 90; higher is worse."""
    anxiety: ScaleChange
    """Anxiety, T-score, 10 to 90; higher is worse."""
    depression: ScaleChange
    """Depression, T-score, 10 to 90; higher is worse."""
    social_satisfaction: ScaleChange
    """Satisfaction with social roles, T-score, 10 to 90; lower is worse."""
    pain_average: ScaleChange
    """Average pain, 0 to 10; higher is worse."""
    pain_worst: ScaleChange
    """Worst pain, 0 to 10; higher is worse."""
