"""CG-CAHPS provider rating (Adult 3.1).

Printed from ``instruments/provider_rating.toml`` by ``python -m ipm_outcomes._printer``; do not edit.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, ClassVar, Self

from pydantic import Field

from ipm_outcomes.responses._base import Response
from ipm_outcomes.responses._described import OfScales
from ipm_outcomes.scores import Score, Scores

if TYPE_CHECKING:
    from ipm_outcomes.responses._changes.provider_rating import ProviderRatingChanges

_RATING = Field(strict=True, ge=0, le=10, description="0 = Worst possible; 10 = Best possible")


@dataclass(frozen=True, kw_only=True, repr=False)
class ProviderRatingScores(OfScales, Scores):
    """The scores of one ProviderRating response.

    Examples
    --------
    >>> from ipm_outcomes import ProviderRating, score
    >>> score(ProviderRating()).rating.value is None  # nothing was answered
    True
    """
    instrument_id: ClassVar[str] = "provider_rating"
    scale_ids: ClassVar[tuple[str, ...]] = ("rating", "linear_score")

    rating: Score
    """Provider rating, 0 to 10; lower is worse."""
    linear_score: Score
    """Provider rating, linear score, 0 to 100; lower is worse."""

    if TYPE_CHECKING:

        def _pair(self, after: "ProviderRatingScores", /) -> "type[ProviderRatingChanges]": ...  # type: ignore[override]


class ProviderRating(Response[ProviderRatingScores]):
    """Answers to the CG-CAHPS provider rating, Adult 3.1. Recall: last 6 months.

    One overall rating of the provider from 0 to 10, as answered and on the linear scale from 0 to 100.
    Official scores of providers are adjusted for case mix (unverified); these are not. CAHPS is a mark
    of the Agency for Healthcare Research and Quality. The item label in this file is not the wording of
    the survey.

    Examples
    --------
    >>> from ipm_outcomes import ProviderRating
    >>> ProviderRating(rating=0).rating
    0
    """
    instrument_id: ClassVar[str] = "provider_rating"
    scores_class: ClassVar[type[Scores]] = ProviderRatingScores

    rating: Annotated[int, _RATING] | None = None
    """overall rating of the provider: 0 Worst possible to 10 Best possible."""

    @classmethod
    def from_labels(
        cls,
        *,
        rating: str | int | None = None,
    ) -> Self:
        """Build a response from the labels of the answers; case, spacing and punctuation do not matter.

        Raises pydantic.ValidationError with all labels that are none of the item's.
        """
        return cls._from_labels(
            {
                "rating": rating,
            }
        )
