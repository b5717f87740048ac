"""Changes of the Patient Global Impression of Change, Hurst and Bolton form (Hurst and Bolton form).

Printed from ``instruments/pgic_hurst_bolton.toml`` by ``python -m ipm_outcomes._printer``; do not edit.
"""

from dataclasses import dataclass
from typing import ClassVar

from ipm_outcomes._changes import Changes, ScaleChange
from ipm_outcomes.responses._described import OfScales


@dataclass(frozen=True, kw_only=True, repr=False)
class PGICHurstBoltonChanges(OfScales, Changes):
    """The changes between two PGICHurstBolton responses of one patient.

    Examples
    --------
    >>> from ipm_outcomes import PGICHurstBolton, between, score
    >>> between(score(PGICHurstBolton()), score(PGICHurstBolton())).rating.verdict
    'cannot be judged'
    """
    instrument_id: ClassVar[str] = "pgic_hurst_bolton"
    scale_ids: ClassVar[tuple[str, ...]] = ("rating",)

    rating: ScaleChange
    """Global impression of change, 1 to 7; lower is worse."""
