"""Patient Activation Measure (ready score 0-100).

Printed from ``instruments/pam.toml`` by ``python -m ipm_outcomes._printer``; do not edit.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, ClassVar, Self

from pydantic import Field

from ipm_outcomes.responses._base import Response
from ipm_outcomes.responses._described import OfScales
from ipm_outcomes.scores import Score, Scores

if TYPE_CHECKING:
    from ipm_outcomes.responses._changes.pam import PAMChanges

_SCORE = Field(strict=True, ge=0, le=100, description="in steps of 0.1")


@dataclass(frozen=True, kw_only=True, repr=False)
class PAMScores(OfScales, Scores):
    """The scores of one PAM response.

    Examples
    --------
    >>> from ipm_outcomes import PAM, score
    >>> score(PAM()).score.value is None  # nothing was answered
    True
    """
    instrument_id: ClassVar[str] = "pam"
    scale_ids: ClassVar[tuple[str, ...]] = ("score",)

    score: Score
    """Patient activation, 0 to 100; lower is worse."""

    if TYPE_CHECKING:

        def _pair(self, after: "PAMScores", /) -> "type[PAMChanges]": ...  # type: ignore[override]


class PAM(Response[PAMScores]):
    """Answers to the Patient Activation Measure, ready score 0-100. Recall: none stated.

    A ready score from 0 to 100 in tenths, as the holder of the license reports it; the answers are
    scored by a table that is not public. The older raw scale of about 39 to 53 is no such score and must
    not be taken in as one. Levels are those of version B (level 3 to 72.4); a definition of your own can
    extend this one with other bands. Patient Activation Measure, proprietary (Insignia Health). This
    file holds neither its wording nor its scoring table.

    Examples
    --------
    >>> from ipm_outcomes import PAM
    >>> PAM(score=0.0).score
    0.0
    """
    instrument_id: ClassVar[str] = "pam"
    scores_class: ClassVar[type[Scores]] = PAMScores

    score: Annotated[float, _SCORE] | None = None
    """activation score as reported, with one decimal: 0 to 100 in steps of 0.1."""

    @classmethod
    def from_labels(
        cls,
        *,
        score: str | float | None = None,
    ) -> Self:
        """Build a response from the labels of the answers; case, spacing and punctuation do not matter.

        Raises pydantic.ValidationError with all labels that are none of the item's.
        """
        return cls._from_labels(
            {
                "score": score,
            }
        )
