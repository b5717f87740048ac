"""Employee Net Promoter question (practice).

Printed from ``instruments/enps.toml`` by ``python -m ipm_outcomes._printer``; do not edit.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, ClassVar, Self

from pydantic import Field

from ipm_outcomes.responses._base import Response
from ipm_outcomes.responses._described import OfScales
from ipm_outcomes.scores import Score, Scores

if TYPE_CHECKING:
    from ipm_outcomes.responses._changes.enps import ENPSChanges

_LIKELIHOOD = Field(strict=True, ge=0, le=10, description="0 = Not at all likely; 10 = Extremely likely")


@dataclass(frozen=True, kw_only=True, repr=False)
class ENPSScores(OfScales, Scores):
    """The scores of one ENPS response.

    Examples
    --------
    >>> from ipm_outcomes import ENPS, score
    >>> score(ENPS()).rating.value is None  # nothing was answered
    True
    """
    instrument_id: ClassVar[str] = "enps"
    scale_ids: ClassVar[tuple[str, ...]] = ("rating",)

    rating: Score
    """Likelihood to recommend the workplace, 0 to 10; lower is worse."""

    if TYPE_CHECKING:

        def _pair(self, after: "ENPSScores", /) -> "type[ENPSChanges]": ...  # type: ignore[override]


class ENPS(Response[ENPSScores]):
    """Answers to the Employee Net Promoter question, practice. Recall: none.

    One rating from 0 to 10 by employees; the score itself belongs to a team: percent promoters minus
    percent detractors among those who answered. No primary source was read. Net Promoter, NPS and Net
    Promoter Score are registered marks of Fred Reichheld, Bain & Company and Satmetrix; they are used
    here to describe the measure only.

    Examples
    --------
    >>> from ipm_outcomes import ENPS
    >>> ENPS(recommend=0).recommend
    0
    """
    instrument_id: ClassVar[str] = "enps"
    scores_class: ClassVar[type[Scores]] = ENPSScores

    recommend: Annotated[int, _LIKELIHOOD] | None = None
    """likelihood of recommending the workplace: 0 Not at all likely to 10 Extremely likely."""

    @classmethod
    def from_labels(
        cls,
        *,
        recommend: str | int | None = None,
    ) -> Self:
        """Build a response from the labels of the answers; case, spacing and punctuation do not matter.

        Raises pydantic.ValidationError with all labels that are none of the item's.
        """
        return cls._from_labels(
            {
                "recommend": recommend,
            }
        )
