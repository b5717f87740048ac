"""Changes of the Employee Net Promoter question (practice).

Printed from ``instruments/enps.toml`` by ``python -m ipm_outcomes._printer``; do not edit.
"""

from dataclasses import dataclass
from typing import ClassVar

from ipm_outcomes._changes import Changes, ScaleChange
from ipm_outcomes.responses._described import OfScales


@dataclass(frozen=True, kw_only=True, repr=False)
class ENPSChanges(OfScales, Changes):
    """The changes between two ENPS responses of one patient.

    Examples
    --------
    >>> from ipm_outcomes import ENPS, between, score
    >>> between(score(ENPS()), score(ENPS())).rating.verdict
    'cannot be judged'
    """
    instrument_id: ClassVar[str] = "enps"
    scale_ids: ClassVar[tuple[str, ...]] = ("rating",)

    rating: ScaleChange
    """Likelihood to recommend the workplace, 0 to 10; lower is worse."""
