"""Changes of the CG-CAHPS provider rating (Adult 3.1).

Printed from ``instruments/provider_rating.toml`` by ``python -m ipm_outcomes._printer``; do not edit.
"""

from dataclasses import dataclass
from typing import ClassVar

from ipm_outcomes._changes import Changes, ScaleChange
from ipm_outcomes.responses._described import OfScales


@dataclass(frozen=True, kw_only=True, repr=False)
class ProviderRatingChanges(OfScales, Changes):
    """The changes between two ProviderRating responses of one patient.

    Examples
    --------
    >>> from ipm_outcomes import ProviderRating, between, score
    >>> between(score(ProviderRating()), score(ProviderRating())).rating.verdict
    'cannot be judged'
    """
    instrument_id: ClassVar[str] = "provider_rating"
    scale_ids: ClassVar[tuple[str, ...]] = ("rating", "linear_score")

    rating: ScaleChange
    """Provider rating, 0 to 10; lower is worse."""
    linear_score: ScaleChange
    """Provider rating, linear score, 0 to 100; lower is worse."""
