"""Changes of the Client Satisfaction Questionnaire-8 (TMS-180S).

Printed from ``instruments/csq8.toml`` by ``python -m ipm_outcomes._printer``; do not edit.
"""

from dataclasses import dataclass
from typing import ClassVar

from ipm_outcomes._changes import Changes, ScaleChange
from ipm_outcomes.responses._described import OfScales


@dataclass(frozen=True, kw_only=True, repr=False)
class CSQ8Changes(OfScales, Changes):
    """The changes between two CSQ8 responses of one patient.

    Examples
    --------
    >>> from ipm_outcomes import CSQ8, between, score
    >>> between(score(CSQ8()), score(CSQ8())).total.verdict
    'cannot be judged'
    """
    instrument_id: ClassVar[str] = "csq8"
    scale_ids: ClassVar[tuple[str, ...]] = ("total",)

    total: ScaleChange
    """CSQ-8 total, 8 to 32; lower is worse."""
