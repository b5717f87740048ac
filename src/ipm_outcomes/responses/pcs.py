"""Pain Catastrophizing Scale (1995).

Printed from ``instruments/pcs.toml`` by ``python -m ipm_outcomes._printer``; do not edit.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, ClassVar, Self

from pydantic import Field

from ipm_outcomes.responses._base import Response
from ipm_outcomes.responses._described import OfScales
from ipm_outcomes.scores import Score, Scores

if TYPE_CHECKING:
    from ipm_outcomes.responses._changes.pcs import PCSChanges

_DEGREE = Field(strict=True, ge=0, le=4, json_schema_extra={"oneOf": [{"const": 0, "title": "Not at all"}, {"const": 1, "title": "To a slight degree"}, {"const": 2, "title": "To a moderate degree"}, {"const": 3, "title": "To a great degree"}, {"const": 4, "title": "All the time"}]})


@dataclass(frozen=True, kw_only=True, repr=False)
class PCSScores(OfScales, Scores):
    """The scores of one PCS response.

    Examples
    --------
    >>> from ipm_outcomes import PCS, score
    >>> score(PCS()).total.value is None  # nothing was answered
    True
    """
    instrument_id: ClassVar[str] = "pcs"
    scale_ids: ClassVar[tuple[str, ...]] = ("total", "rumination", "magnification", "helplessness")

    total: Score
    """PCS total, 0 to 52; higher is worse."""
    rumination: Score
    """PCS rumination, 0 to 16; higher is worse."""
    magnification: Score
    """PCS magnification, 0 to 12; higher is worse."""
    helplessness: Score
    """PCS helplessness, 0 to 24; higher is worse."""

    if TYPE_CHECKING:

        def _pair(self, after: "PCSScores", /) -> "type[PCSChanges]": ...  # type: ignore[override]


class PCS(Response[PCSScores]):
    """Answers to the Pain Catastrophizing Scale, 1995. Recall: past painful experiences; how often when in
    pain.

    Thirteen thoughts and feelings about pain, each rated from 0 to 4, with three subscales and a total.
    Pain Catastrophizing Scale, copyright Michael J. L. Sullivan. The item labels in this file are not
    the wording of the scale.

    Examples
    --------
    >>> from ipm_outcomes import PCS
    >>> PCS(q1=0).q1
    0
    """
    instrument_id: ClassVar[str] = "pcs"
    scores_class: ClassVar[type[Scores]] = PCSScores

    q1: Annotated[int, _DEGREE] | None = None
    """worry that pain will not end: 0 Not at all, 1 To a slight degree, 2 To a moderate degree, 3 To a
    great degree, 4 All the time.
    """
    q2: Annotated[int, _DEGREE] | None = None
    """sense of being unable to continue: 0 Not at all, 1 To a slight degree, 2 To a moderate degree, 3 To a
    great degree, 4 All the time.
    """
    q3: Annotated[int, _DEGREE] | None = None
    """outlook on recovery: 0 Not at all, 1 To a slight degree, 2 To a moderate degree, 3 To a great degree,
    4 All the time.
    """
    q4: Annotated[int, _DEGREE] | None = None
    """feeling overwhelmed: 0 Not at all, 1 To a slight degree, 2 To a moderate degree, 3 To a great degree,
    4 All the time.
    """
    q5: Annotated[int, _DEGREE] | None = None
    """feeling unable to bear it: 0 Not at all, 1 To a slight degree, 2 To a moderate degree, 3 To a great
    degree, 4 All the time.
    """
    q6: Annotated[int, _DEGREE] | None = None
    """fear of worsening: 0 Not at all, 1 To a slight degree, 2 To a moderate degree, 3 To a great degree, 4
    All the time.
    """
    q7: Annotated[int, _DEGREE] | None = None
    """recall of other pain: 0 Not at all, 1 To a slight degree, 2 To a moderate degree, 3 To a great
    degree, 4 All the time.
    """
    q8: Annotated[int, _DEGREE] | None = None
    """wish for relief: 0 Not at all, 1 To a slight degree, 2 To a moderate degree, 3 To a great degree, 4
    All the time.
    """
    q9: Annotated[int, _DEGREE] | None = None
    """intrusive thoughts: 0 Not at all, 1 To a slight degree, 2 To a moderate degree, 3 To a great degree,
    4 All the time.
    """
    q10: Annotated[int, _DEGREE] | None = None
    """focus on hurting: 0 Not at all, 1 To a slight degree, 2 To a moderate degree, 3 To a great degree, 4
    All the time.
    """
    q11: Annotated[int, _DEGREE] | None = None
    """preoccupation with stopping pain: 0 Not at all, 1 To a slight degree, 2 To a moderate degree, 3 To a
    great degree, 4 All the time.
    """
    q12: Annotated[int, _DEGREE] | None = None
    """no way to reduce intensity: 0 Not at all, 1 To a slight degree, 2 To a moderate degree, 3 To a great
    degree, 4 All the time.
    """
    q13: Annotated[int, _DEGREE] | None = None
    """expectation of something serious: 0 Not at all, 1 To a slight degree, 2 To a moderate degree, 3 To a
    great degree, 4 All the time.
    """

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
            }
        )
