"""Pain Resilience Scale (2016).

Printed from ``instruments/prs.toml`` by ``python -m ipm_outcomes._printer``; do not edit.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, ClassVar, Self

from pydantic import Field

from ipm_outcomes.responses._base import Response
from ipm_outcomes.responses._described import OfScales
from ipm_outcomes.scores import Score, Scores

if TYPE_CHECKING:
    from ipm_outcomes.responses._changes.prs import PRSChanges

_AGREEMENT = Field(strict=True, ge=0, le=4, description="0 = Not at all; 4 = To a great degree")


@dataclass(frozen=True, kw_only=True, repr=False)
class PRSScores(OfScales, Scores):
    """The scores of one PRS response.

    Examples
    --------
    >>> from ipm_outcomes import PRS, score
    >>> score(PRS()).total.value is None  # nothing was answered
    True
    """
    instrument_id: ClassVar[str] = "prs"
    scale_ids: ClassVar[tuple[str, ...]] = ("total", "cognitive_affective_positivity", "behavioral_perseverance")

    total: Score
    """Total, 0 to 56; lower is worse."""
    cognitive_affective_positivity: Score
    """Cognitive and affective positivity, 0 to 36; lower is worse."""
    behavioral_perseverance: Score
    """Behavioral perseverance, 0 to 20; lower is worse."""

    if TYPE_CHECKING:

        def _pair(self, after: "PRSScores", /) -> "type[PRSChanges]": ...  # type: ignore[override]


class PRS(Response[PRSScores]):
    """Answers to the Pain Resilience Scale, 2016. Recall: none stated.

    Fourteen statements rated from 0 to 4. The number of items, the range of answers and the items of
    each subscale are from general knowledge and unverified; a definition of your own can extend this one
    with the key of your form. The item labels in this file are not the wording of the scale.

    Examples
    --------
    >>> from ipm_outcomes import PRS
    >>> PRS(q1=0).q1
    0
    """
    instrument_id: ClassVar[str] = "prs"
    scores_class: ClassVar[type[Scores]] = PRSScores

    q1: Annotated[int, _AGREEMENT] | None = None
    """item 1 of the form: 0 Not at all to 4 To a great degree."""
    q2: Annotated[int, _AGREEMENT] | None = None
    """item 2 of the form: 0 Not at all to 4 To a great degree."""
    q3: Annotated[int, _AGREEMENT] | None = None
    """item 3 of the form: 0 Not at all to 4 To a great degree."""
    q4: Annotated[int, _AGREEMENT] | None = None
    """item 4 of the form: 0 Not at all to 4 To a great degree."""
    q5: Annotated[int, _AGREEMENT] | None = None
    """item 5 of the form: 0 Not at all to 4 To a great degree."""
    q6: Annotated[int, _AGREEMENT] | None = None
    """item 6 of the form: 0 Not at all to 4 To a great degree."""
    q7: Annotated[int, _AGREEMENT] | None = None
    """item 7 of the form: 0 Not at all to 4 To a great degree."""
    q8: Annotated[int, _AGREEMENT] | None = None
    """item 8 of the form: 0 Not at all to 4 To a great degree."""
    q9: Annotated[int, _AGREEMENT] | None = None
    """item 9 of the form: 0 Not at all to 4 To a great degree."""
    q10: Annotated[int, _AGREEMENT] | None = None
    """item 10 of the form: 0 Not at all to 4 To a great degree."""
    q11: Annotated[int, _AGREEMENT] | None = None
    """item 11 of the form: 0 Not at all to 4 To a great degree."""
    q12: Annotated[int, _AGREEMENT] | None = None
    """item 12 of the form: 0 Not at all to 4 To a great degree."""
    q13: Annotated[int, _AGREEMENT] | None = None
    """item 13 of the form: 0 Not at all to 4 To a great degree."""
    q14: Annotated[int, _AGREEMENT] | None = None
    """item 14 of the form: 0 Not at all to 4 To a great degree."""

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
        q13: str | int | None = None,
        q14: str | int | None = None,
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
                "q13": q13,
                "q14": q14,
            }
        )
