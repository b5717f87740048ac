"""Changes of the Pain Resilience Scale (2016).

Printed from ``instruments/prs.toml`` by ``python -m ipm_outcomes._printer``; do not edit.
"""

from dataclasses import dataclass
from typing import ClassVar

from ipm_outcomes._changes import Changes, ScaleChange
from ipm_outcomes.responses._described import OfScales


@dataclass(frozen=True, kw_only=True, repr=False)
class PRSChanges(OfScales, Changes):
    """The changes between two PRS responses of one patient.

    Examples
    --------
    >>> from ipm_outcomes import PRS, between, score
    >>> between(score(PRS()), score(PRS())).total.verdict
    'cannot be judged'
    """
    instrument_id: ClassVar[str] = "prs"
    scale_ids: ClassVar[tuple[str, ...]] = ("total", "cognitive_affective_positivity", "behavioral_perseverance")

    total: ScaleChange
    """Total, 0 to 56; lower is worse."""
    cognitive_affective_positivity: ScaleChange
    """Cognitive and affective positivity, 0 to 36; lower is worse."""
    behavioral_perseverance: ScaleChange
    """Behavioral perseverance, 0 to 20; lower is worse."""
