"""Pain, Enjoyment of life, General activity scale (2009).

Printed from ``instruments/peg.toml`` by ``python -m ipm_outcomes._printer``; do not edit.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, ClassVar, Self

from pydantic import Field

from ipm_outcomes.responses._base import Response
from ipm_outcomes.responses._described import OfScales
from ipm_outcomes.scores import Score, Scores

if TYPE_CHECKING:
    from ipm_outcomes.responses._changes.peg import PEGChanges

_PAIN = Field(strict=True, ge=0, le=10, description="0 = No pain; 10 = Pain as bad as you can imagine")
_INTERFERENCE = Field(strict=True, ge=0, le=10, description="0 = Does not interfere; 10 = Completely interferes")


@dataclass(frozen=True, kw_only=True, repr=False)
class PEGScores(OfScales, Scores):
    """The scores of one PEG response.

    Examples
    --------
    >>> from ipm_outcomes import PEG, score
    >>> score(PEG()).mean.value is None  # nothing was answered
    True
    """
    instrument_id: ClassVar[str] = "peg"
    scale_ids: ClassVar[tuple[str, ...]] = ("mean",)

    mean: Score
    """PEG score (mean of three), 0 to 10; higher is worse."""

    if TYPE_CHECKING:

        def _pair(self, after: "PEGScores", /) -> "type[PEGChanges]": ...  # type: ignore[override]


class PEG(Response[PEGScores]):
    """Answers to the Pain, Enjoyment of life, General activity scale, 2009. Recall: past week.

    Three ratings from 0 to 10 for following chronic pain over time in primary care; the score is their
    mean.

    Examples
    --------
    >>> from ipm_outcomes import PEG
    >>> PEG(pain=0).pain
    0
    """
    instrument_id: ClassVar[str] = "peg"
    scores_class: ClassVar[type[Scores]] = PEGScores

    pain: Annotated[int, _PAIN] | None = None
    """What number best describes your pain on average in the past week?: 0 No pain to 10 Pain as bad as you
    can imagine.
    """
    enjoyment: Annotated[int, _INTERFERENCE] | None = None
    """What number best describes how, during the past week, pain has interfered with your enjoyment of
    life?: 0 Does not interfere to 10 Completely interferes.
    """
    activity: Annotated[int, _INTERFERENCE] | None = None
    """What number best describes how, during the past week, pain has interfered with your general
    activity?: 0 Does not interfere to 10 Completely interferes.
    """

    @classmethod
    def from_labels(
        cls,
        *,
        pain: str | int | None = None,
        enjoyment: str | int | None = None,
        activity: str | int | None = None,
    ) -> Self:
        """Build a response from the labels of the answers; case, spacing and punctuation do not matter.

        Raises pydantic.ValidationError with all labels that are none of the item's.
        """
        return cls._from_labels(
            {
                "pain": pain,
                "enjoyment": enjoyment,
                "activity": activity,
            }
        )
