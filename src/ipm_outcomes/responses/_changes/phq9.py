"""Changes of the Patient Health Questionnaire-9 (2001).

Printed from ``instruments/phq9.toml`` by ``python -m ipm_outcomes._printer``; do not edit.
"""

from dataclasses import dataclass
from typing import ClassVar

from ipm_outcomes._changes import CategoryChange, Changes, ScaleChange
from ipm_outcomes.responses._described import OfScales


@dataclass(frozen=True, kw_only=True, repr=False)
class PHQ9Changes(OfScales, Changes):
    """The changes between two PHQ9 responses of one patient.

    Examples
    --------
    >>> from ipm_outcomes import PHQ9, between, score
    >>> between(score(PHQ9()), score(PHQ9())).total.verdict
    'cannot be judged'
    """
    instrument_id: ClassVar[str] = "phq9"
    scale_ids: ClassVar[tuple[str, ...]] = ("total", "phq8", "phq2", "syndrome")

    total: ScaleChange
    """PHQ-9 total, 0 to 27; higher is worse."""
    phq8: ScaleChange
    """PHQ-8 total, 0 to 24; higher is worse."""
    phq2: ScaleChange
    """PHQ-2 total, 0 to 6; higher is worse."""
    syndrome: CategoryChange
    """PHQ-9 depressive syndrome (counting rule)."""
