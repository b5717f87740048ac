"""Changes of the Pain Catastrophizing Scale (1995).

Printed from ``instruments/pcs.toml`` by ``python -m ipm_outcomes._printer``; do not edit.
"""

from dataclasses import dataclass
from typing import ClassVar

from ipm_outcomes._changes import Changes, ScaleChange
from ipm_outcomes.responses._described import OfScales


@dataclass(frozen=True, kw_only=True, repr=False)
class PCSChanges(OfScales, Changes):
    """The changes between two PCS responses of one patient.

    Examples
    --------
    >>> from ipm_outcomes import PCS, between, score
    >>> between(score(PCS()), score(PCS())).total.verdict
    'cannot be judged'
    """
    instrument_id: ClassVar[str] = "pcs"
    scale_ids: ClassVar[tuple[str, ...]] = ("total", "rumination", "magnification", "helplessness")

    total: ScaleChange
    """PCS total, 0 to 52; higher is worse."""
    rumination: ScaleChange
    """PCS rumination, 0 to 16; higher is worse."""
    magnification: ScaleChange
    """PCS magnification, 0 to 12; higher is worse."""
    helplessness: ScaleChange
    """PCS helplessness, 0 to 24; higher is worse."""
