"""Defense and Veterans Pain Rating Scale 2.0 (2.0).

Printed from ``instruments/dvprs.toml`` by ``python -m ipm_outcomes._printer``; do not edit.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, ClassVar, Self

from pydantic import Field

from ipm_outcomes.responses._base import Response
from ipm_outcomes.responses._described import OfScales
from ipm_outcomes.scores import Score, Scores

if TYPE_CHECKING:
    from ipm_outcomes.responses._changes.dvprs import DVPRSChanges

_INTENSITY = Field(strict=True, ge=0, le=10)
_INTERFERENCE = Field(strict=True, ge=0, le=10, description="0 = Does not interfere; 10 = Completely interferes")
_EFFECT = Field(strict=True, ge=0, le=10, description="0 = Does not affect; 10 = Completely affects")
_CONTRIBUTION = Field(strict=True, ge=0, le=10, description="0 = Does not contribute; 10 = Contributes a great deal")


@dataclass(frozen=True, kw_only=True, repr=False)
class DVPRSScores(OfScales, Scores):
    """The scores of one DVPRS response.

    Examples
    --------
    >>> from ipm_outcomes import DVPRS, score
    >>> score(DVPRS()).intensity.value is None  # nothing was answered
    True
    """
    instrument_id: ClassVar[str] = "dvprs"
    scale_ids: ClassVar[tuple[str, ...]] = ("intensity", "activity", "sleep", "mood", "stress")

    intensity: Score
    """Pain intensity, 0 to 10; higher is worse."""
    activity: Score
    """Interference with activity, 0 to 10; higher is worse."""
    sleep: Score
    """Interference with sleep, 0 to 10; higher is worse."""
    mood: Score
    """Effect on mood, 0 to 10; higher is worse."""
    stress: Score
    """Contribution to stress, 0 to 10; higher is worse."""

    if TYPE_CHECKING:

        def _pair(self, after: "DVPRSScores", /) -> "type[DVPRSChanges]": ...  # type: ignore[override]


class DVPRS(Response[DVPRSScores]):
    """Answers to the Defense and Veterans Pain Rating Scale 2.0, 2.0. Recall: past 24 hours for the four
    supplemental questions (unverified).

    Five ratings from 0 to 10 that are reported separately: pain intensity with faces, colors and words
    of function, and four supplemental questions. No composite of them is published. Developed by the
    United States Department of Defense and Department of Veterans Affairs. The item labels in this file
    are not the wording of the scale.

    Examples
    --------
    >>> from ipm_outcomes import DVPRS
    >>> DVPRS(intensity=0).intensity
    0
    """
    instrument_id: ClassVar[str] = "dvprs"
    scores_class: ClassVar[type[Scores]] = DVPRSScores

    intensity: Annotated[int, _INTENSITY] | None = None
    """pain intensity: 0 to 10."""
    activity: Annotated[int, _INTERFERENCE] | None = None
    """how much pain interferes with usual activity: 0 Does not interfere to 10 Completely interferes."""
    sleep: Annotated[int, _INTERFERENCE] | None = None
    """how much pain interferes with sleep: 0 Does not interfere to 10 Completely interferes."""
    mood: Annotated[int, _EFFECT] | None = None
    """how much pain affects mood: 0 Does not affect to 10 Completely affects."""
    stress: Annotated[int, _CONTRIBUTION] | None = None
    """how much pain contributes to stress: 0 Does not contribute to 10 Contributes a great deal."""

    @classmethod
    def from_labels(
        cls,
        *,
        intensity: str | int | None = None,
        activity: str | int | None = None,
        sleep: str | int | None = None,
        mood: str | int | None = None,
        stress: str | int | None = None,
    ) -> Self:
        """Build a response from the labels of the answers; case, spacing and punctuation do not matter.

        Raises pydantic.ValidationError with all labels that are none of the item's.
        """
        return cls._from_labels(
            {
                "intensity": intensity,
                "activity": activity,
                "sleep": sleep,
                "mood": mood,
                "stress": stress,
            }
        )
