"""Changes of the Patient Global Impression of Change (Guy and Farrar form).

Printed from ``instruments/pgic.toml`` by ``python -m ipm_outcomes._printer``; do not edit.
"""

from dataclasses import dataclass
from typing import ClassVar

from ipm_outcomes._changes import Changes, ScaleChange
from ipm_outcomes.responses._described import OfScales


@dataclass(frozen=True, kw_only=True, repr=False)
class PGICChanges(OfScales, Changes):
    """The changes between two PGIC responses of one patient.

    Examples
    --------
    >>> from ipm_outcomes import PGIC, between, score
    >>> between(score(PGIC()), score(PGIC())).rating.verdict
    'cannot be judged'
    """
    instrument_id: ClassVar[str] = "pgic"
    scale_ids: ClassVar[tuple[str, ...]] = ("rating",)

    rating: ScaleChange
    """Global impression of change, 1 to 7; higher is worse."""
