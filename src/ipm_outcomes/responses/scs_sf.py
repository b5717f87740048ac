"""Self-Compassion Scale-Short Form (2011).

Printed from ``instruments/scs_sf.toml`` by ``python -m ipm_outcomes._printer``; do not edit.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, ClassVar, Self

from pydantic import Field

from ipm_outcomes.responses._base import Response
from ipm_outcomes.responses._described import OfScales
from ipm_outcomes.scores import Score, Scores

if TYPE_CHECKING:
    from ipm_outcomes.responses._changes.scs_sf import SCSSFChanges

_FREQUENCY = Field(strict=True, ge=1, le=5, description="1 = Almost never; 5 = Almost always")


@dataclass(frozen=True, kw_only=True, repr=False)
class SCSSFScores(OfScales, Scores):
    """The scores of one SCSSF response.

    Examples
    --------
    >>> from ipm_outcomes import SCSSF, score
    >>> score(SCSSF()).self_kindness.value is None  # nothing was answered
    True
    """
    instrument_id: ClassVar[str] = "scs_sf"
    scale_ids: ClassVar[tuple[str, ...]] = ("self_kindness", "self_judgment", "common_humanity", "isolation", "mindfulness", "over_identification", "total")

    self_kindness: Score
    """Self-kindness, 1 to 5; lower is worse."""
    self_judgment: Score
    """Self-judgment, 1 to 5; higher is worse."""
    common_humanity: Score
    """Common humanity, 1 to 5; lower is worse."""
    isolation: Score
    """Isolation, 1 to 5; higher is worse."""
    mindfulness: Score
    """Mindfulness, 1 to 5; lower is worse."""
    over_identification: Score
    """Over-identification, 1 to 5; higher is worse."""
    total: Score
    """Total, mean of all 12 items after reversal, 1 to 5; lower is worse."""

    if TYPE_CHECKING:

        def _pair(self, after: "SCSSFScores", /) -> "type[SCSSFChanges]": ...  # type: ignore[override]


class SCSSF(Response[SCSSFScores]):
    """Answers to the Self-Compassion Scale-Short Form, 2011. Recall: none.

    12 statements rated from 1 almost never to 5 almost always. Subscales are means as answered, so that
    a high self-judgment, isolation or over-identification is unfavorable; the total is the mean of all
    12 items after these three are reversed. Other totals are in use, the mean of the six subscale means
    and their sum, which this is not. The item labels in this file are not the wording of the scale.

    Examples
    --------
    >>> from ipm_outcomes import SCSSF
    >>> SCSSF(q1=1).q1
    1
    """
    instrument_id: ClassVar[str] = "scs_sf"
    scores_class: ClassVar[type[Scores]] = SCSSFScores

    q1: Annotated[int, _FREQUENCY] | None = None
    """over-identification 1: 1 Almost never to 5 Almost always."""
    q2: Annotated[int, _FREQUENCY] | None = None
    """self-kindness 1: 1 Almost never to 5 Almost always."""
    q3: Annotated[int, _FREQUENCY] | None = None
    """mindfulness 1: 1 Almost never to 5 Almost always."""
    q4: Annotated[int, _FREQUENCY] | None = None
    """isolation 1: 1 Almost never to 5 Almost always."""
    q5: Annotated[int, _FREQUENCY] | None = None
    """common humanity 1: 1 Almost never to 5 Almost always."""
    q6: Annotated[int, _FREQUENCY] | None = None
    """self-kindness 2: 1 Almost never to 5 Almost always."""
    q7: Annotated[int, _FREQUENCY] | None = None
    """mindfulness 2: 1 Almost never to 5 Almost always."""
    q8: Annotated[int, _FREQUENCY] | None = None
    """isolation 2: 1 Almost never to 5 Almost always."""
    q9: Annotated[int, _FREQUENCY] | None = None
    """over-identification 2: 1 Almost never to 5 Almost always."""
    q10: Annotated[int, _FREQUENCY] | None = None
    """common humanity 2: 1 Almost never to 5 Almost always."""
    q11: Annotated[int, _FREQUENCY] | None = None
    """self-judgment 1: 1 Almost never to 5 Almost always."""
    q12: Annotated[int, _FREQUENCY] | None = None
    """self-judgment 2: 1 Almost never to 5 Almost always."""

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
