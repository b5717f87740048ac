"""Patient Global Impression of Change, Hurst and Bolton form (Hurst and Bolton form).

Printed from ``instruments/pgic_hurst_bolton.toml`` by ``python -m ipm_outcomes._printer``; do not edit.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, ClassVar, Self

from pydantic import Field

from ipm_outcomes.responses._base import Response
from ipm_outcomes.responses._described import OfScales
from ipm_outcomes.scores import Score, Scores

if TYPE_CHECKING:
    from ipm_outcomes.responses._changes.pgic_hurst_bolton import PGICHurstBoltonChanges

_CHANGE = Field(strict=True, ge=1, le=7, description="1 = No change or worse; 7 = A great deal better")


@dataclass(frozen=True, kw_only=True, repr=False)
class PGICHurstBoltonScores(OfScales, Scores):
    """The scores of one PGICHurstBolton response.

    Examples
    --------
    >>> from ipm_outcomes import PGICHurstBolton, score
    >>> score(PGICHurstBolton()).rating.value is None  # nothing was answered
    True
    """
    instrument_id: ClassVar[str] = "pgic_hurst_bolton"
    scale_ids: ClassVar[tuple[str, ...]] = ("rating",)

    rating: Score
    """Global impression of change, 1 to 7; lower is worse."""

    if TYPE_CHECKING:

        def _pair(self, after: "PGICHurstBoltonScores", /) -> "type[PGICHurstBoltonChanges]": ...  # type: ignore[override]


class PGICHurstBolton(Response[PGICHurstBoltonScores]):
    """Answers to the Patient Global Impression of Change, Hurst and Bolton form, Hurst and Bolton form.
    Recall: since the start of treatment.

    One question with seven options, 1 no change or worse to 7 a great deal better (labels unverified):
    higher is better, and worsening is not graded. The form of Guy and Farrar runs the other way and is
    an instrument of its own.

    Examples
    --------
    >>> from ipm_outcomes import PGICHurstBolton
    >>> PGICHurstBolton(change=1).change
    1
    """
    instrument_id: ClassVar[str] = "pgic_hurst_bolton"
    scores_class: ClassVar[type[Scores]] = PGICHurstBoltonScores

    change: Annotated[int, _CHANGE] | None = None
    """change since the start of treatment: 1 No change or worse to 7 A great deal better."""

    @classmethod
    def from_labels(
        cls,
        *,
        change: str | int | None = None,
    ) -> Self:
        """Build a response from the labels of the answers; case, spacing and punctuation do not matter.

        Raises pydantic.ValidationError with all labels that are none of the item's.
        """
        return cls._from_labels(
            {
                "change": change,
            }
        )
