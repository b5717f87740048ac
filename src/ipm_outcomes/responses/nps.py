"""Net Promoter question (2003).

Printed from ``instruments/nps.toml`` by ``python -m ipm_outcomes._printer``; do not edit.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, ClassVar, Self

from pydantic import Field

from ipm_outcomes.responses._base import Response
from ipm_outcomes.responses._described import OfScales
from ipm_outcomes.scores import Score, Scores

if TYPE_CHECKING:
    from ipm_outcomes.responses._changes.nps import NPSChanges

_LIKELIHOOD = Field(strict=True, ge=0, le=10, description="0 = Not at all likely; 10 = Extremely likely")


@dataclass(frozen=True, kw_only=True, repr=False)
class NPSScores(OfScales, Scores):
    """The scores of one NPS response.

    Examples
    --------
    >>> from ipm_outcomes import NPS, score
    >>> score(NPS()).rating.value is None  # nothing was answered
    True
    """
    instrument_id: ClassVar[str] = "nps"
    scale_ids: ClassVar[tuple[str, ...]] = ("rating",)

    rating: Score
    """Likelihood to recommend, 0 to 10; lower is worse."""

    if TYPE_CHECKING:

        def _pair(self, after: "NPSScores", /) -> "type[NPSChanges]": ...  # type: ignore[override]


class NPS(Response[NPSScores]):
    """Answers to the Net Promoter question, 2003. Recall: none.

    One rating from 0 to 10; the Net Promoter Score itself belongs to a group: percent promoters minus
    percent detractors among those who answered. Net Promoter, NPS and Net Promoter Score are registered
    marks of Fred Reichheld, Bain & Company and Satmetrix; they are used here to describe the measure
    only.

    Examples
    --------
    >>> from ipm_outcomes import NPS
    >>> NPS(recommend=0).recommend
    0
    """
    instrument_id: ClassVar[str] = "nps"
    scores_class: ClassVar[type[Scores]] = NPSScores

    recommend: Annotated[int, _LIKELIHOOD] | None = None
    """likelihood of recommending the service to others: 0 Not at all likely to 10 Extremely likely."""

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
