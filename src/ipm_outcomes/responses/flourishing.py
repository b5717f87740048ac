"""Flourishing Index and Secure Flourishing Index (2017).

Printed from ``instruments/flourishing.toml`` by ``python -m ipm_outcomes._printer``; do not edit.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, ClassVar, Self

from pydantic import Field

from ipm_outcomes.responses._base import Response
from ipm_outcomes.responses._described import OfScales
from ipm_outcomes.scores import Score, Scores

if TYPE_CHECKING:
    from ipm_outcomes.responses._changes.flourishing import FlourishingChanges

_RATING = Field(strict=True, ge=0, le=10)


@dataclass(frozen=True, kw_only=True, repr=False)
class FlourishingScores(OfScales, Scores):
    """The scores of one Flourishing response.

    Examples
    --------
    >>> from ipm_outcomes import Flourishing, score
    >>> score(Flourishing()).happiness.value is None  # nothing was answered
    True
    """
    instrument_id: ClassVar[str] = "flourishing"
    scale_ids: ClassVar[tuple[str, ...]] = ("happiness", "health", "meaning", "character", "relationships", "financial", "index", "secure_index", "index_sum", "secure_index_sum")

    happiness: Score
    """Happiness and life satisfaction, 0 to 10; lower is worse."""
    health: Score
    """Mental and physical health, 0 to 10; lower is worse."""
    meaning: Score
    """Meaning and purpose, 0 to 10; lower is worse."""
    character: Score
    """Character and virtue, 0 to 10; lower is worse."""
    relationships: Score
    """Close social relationships, 0 to 10; lower is worse."""
    financial: Score
    """Financial and material stability, 0 to 10; lower is worse."""
    index: Score
    """Flourishing Index, mean, 0 to 10; lower is worse."""
    secure_index: Score
    """Secure Flourishing Index, mean, 0 to 10; lower is worse."""
    index_sum: Score
    """Flourishing Index, sum, 0 to 100; lower is worse."""
    secure_index_sum: Score
    """Secure Flourishing Index, sum, 0 to 120; lower is worse."""

    if TYPE_CHECKING:

        def _pair(self, after: "FlourishingScores", /) -> "type[FlourishingChanges]": ...  # type: ignore[override]


class Flourishing(Response[FlourishingScores]):
    """Answers to the Flourishing Index and Secure Flourishing Index, 2017. Recall: none stated.

    Twelve ratings from 0 to 10, two for each of six domains; 10 is the favorable end of every one. The
    author recommends means over sums. Flourishing measure, Harvard Human Flourishing Program, CC BY-NC
    4.0. The item labels in this file are not the wording of the measure.

    Examples
    --------
    >>> from ipm_outcomes import Flourishing
    >>> Flourishing(q1=0).q1
    0
    """
    instrument_id: ClassVar[str] = "flourishing"
    scores_class: ClassVar[type[Scores]] = FlourishingScores

    q1: Annotated[int, _RATING] | None = None
    """life satisfaction: 0 to 10."""
    q2: Annotated[int, _RATING] | None = None
    """usual happiness: 0 to 10."""
    q3: Annotated[int, _RATING] | None = None
    """physical health: 0 to 10."""
    q4: Annotated[int, _RATING] | None = None
    """mental health: 0 to 10."""
    q5: Annotated[int, _RATING] | None = None
    """whether things done are worthwhile: 0 to 10."""
    q6: Annotated[int, _RATING] | None = None
    """understanding of purpose: 0 to 10."""
    q7: Annotated[int, _RATING] | None = None
    """promoting good: 0 to 10."""
    q8: Annotated[int, _RATING] | None = None
    """delaying gratification: 0 to 10."""
    q9: Annotated[int, _RATING] | None = None
    """contentment with relationships: 0 to 10."""
    q10: Annotated[int, _RATING] | None = None
    """satisfaction with relationships: 0 to 10."""
    q11: Annotated[int, _RATING] | None = None
    """worry about monthly expenses; 10 is no worry: 0 to 10."""
    q12: Annotated[int, _RATING] | None = None
    """worry about safety, food or housing; 10 is no worry: 0 to 10."""

    @classmethod
    def from_labels(
        cls,
        *,
        q1: str | int | None = None,
        q2: str | int | None = None,
        q3: str | int | None = None,
        q4: str | int | None = None,
        q5: str | int | None = None,
        q6: str | int | None = None,
        q7: str | int | None = None,
        q8: str | int | None = None,
        q9: str | int | None = None,
        q10: str | int | None = None,
        q11: str | int | None = None,
        q12: str | int | None = None,
    ) -> Self:
        """Build a response from the labels of the answers; case, spacing and punctuation do not matter.

        Raises pydantic.ValidationError with all labels that are none of the item's.
        """
        return cls._from_labels(
            {
                "q1": q1,
                "q2": q2,
                "q3": q3,
                "q4": q4,
                "q5": q5,
                "q6": q6,
                "q7": q7,
                "q8": q8,
                "q9": q9,
                "q10": q10,
                "q11": q11,
                "q12": q12,
            }
        )
