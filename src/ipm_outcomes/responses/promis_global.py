"""PROMIS Global Health v1.2 (v1.2).

Printed from ``instruments/promis_global.toml`` by ``python -m ipm_outcomes._printer``; do not edit.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, ClassVar, Self

from pydantic import Field

from ipm_outcomes.responses._base import Response
from ipm_outcomes.responses._described import OfScales
from ipm_outcomes.scores import Score, Scores

if TYPE_CHECKING:
    from ipm_outcomes.responses._changes.promis_global import PROMISGlobalChanges

_HEALTH = Field(strict=True, ge=1, le=5, json_schema_extra={"oneOf": [{"const": 5, "title": "Excellent"}, {"const": 4, "title": "Very good"}, {"const": 3, "title": "Good"}, {"const": 2, "title": "Fair"}, {"const": 1, "title": "Poor"}]})
_EXTENT = Field(strict=True, ge=1, le=5, json_schema_extra={"oneOf": [{"const": 5, "title": "Completely"}, {"const": 4, "title": "Mostly"}, {"const": 3, "title": "Moderately"}, {"const": 2, "title": "A little"}, {"const": 1, "title": "Not at all"}]})
_PAIN = Field(strict=True, ge=0, le=10, description="0 = No pain; 10 = Worst imaginable pain")
_FATIGUE = Field(strict=True, ge=1, le=5, json_schema_extra={"oneOf": [{"const": 5, "title": "None"}, {"const": 4, "title": "Mild"}, {"const": 3, "title": "Moderate"}, {"const": 2, "title": "Severe"}, {"const": 1, "title": "Very severe"}]})
_FREQUENCY = Field(strict=True, ge=1, le=5, json_schema_extra={"oneOf": [{"const": 5, "title": "Never"}, {"const": 4, "title": "Rarely"}, {"const": 3, "title": "Sometimes"}, {"const": 2, "title": "Often"}, {"const": 1, "title": "Always"}]})


@dataclass(frozen=True, kw_only=True, repr=False)
class PROMISGlobalScores(OfScales, Scores):
    """The scores of one PROMISGlobal response.

    Examples
    --------
    >>> from ipm_outcomes import PROMISGlobal, score
    >>> score(PROMISGlobal()).physical_health.value is None  # nothing was answered
    True
    """
    instrument_id: ClassVar[str] = "promis_global"
    scale_ids: ClassVar[tuple[str, ...]] = ("physical_health", "mental_health", "general_health", "social_roles", "pain_intensity")

    physical_health: Score
    """Global physical health, T-score, 16.2 to 67.7; lower is worse."""
    mental_health: Score
    """Global mental health, T-score, 21.2 to 67.6; lower is worse."""
    general_health: Score
    """General health, 1 to 5; lower is worse."""
    social_roles: Score
    """Social activities and roles, 1 to 5; lower is worse."""
    pain_intensity: Score
    """Pain intensity, 0 to 10; higher is worse."""

    if TYPE_CHECKING:

        def _pair(self, after: "PROMISGlobalScores", /) -> "type[PROMISGlobalChanges]": ...  # type: ignore[override]


class PROMISGlobal(Response[PROMISGlobalScores]):
    """Answers to the PROMIS Global Health v1.2, v1.2. Recall: past 7 days for pain, fatigue and emotional
    problems; none stated for the others.

    Ten questions: two T-scores (mean 50, standard deviation 10) of four questions each, and single
    items. v1.0 and v1.1, retired, store questions 8 and 10 the other way round: for such data say
    coding="position" for these two items. PROMIS, copyright PROMIS Health Organization and PROMIS
    Cooperative Group. The item labels in this file are not the wording of the items.

    Examples
    --------
    >>> from ipm_outcomes import PROMISGlobal
    >>> PROMISGlobal(global01=1).global01
    1
    """
    instrument_id: ClassVar[str] = "promis_global"
    scores_class: ClassVar[type[Scores]] = PROMISGlobalScores

    global01: Annotated[int, _HEALTH] | None = None
    """general health: 5 Excellent, 4 Very good, 3 Good, 2 Fair, 1 Poor."""
    global02: Annotated[int, _HEALTH] | None = None
    """quality of life: 5 Excellent, 4 Very good, 3 Good, 2 Fair, 1 Poor."""
    global03: Annotated[int, _HEALTH] | None = None
    """physical health: 5 Excellent, 4 Very good, 3 Good, 2 Fair, 1 Poor."""
    global04: Annotated[int, _HEALTH] | None = None
    """mental health, mood and thinking: 5 Excellent, 4 Very good, 3 Good, 2 Fair, 1 Poor."""
    global05: Annotated[int, _HEALTH] | None = None
    """satisfaction with social activities and relationships: 5 Excellent, 4 Very good, 3 Good, 2 Fair, 1
    Poor.
    """
    global06: Annotated[int, _EXTENT] | None = None
    """carrying out everyday physical activities: 5 Completely, 4 Mostly, 3 Moderately, 2 A little, 1 Not at
    all.
    """
    global07: Annotated[int, _PAIN] | None = None
    """average pain: 0 No pain to 10 Worst imaginable pain."""
    global08: Annotated[int, _FATIGUE] | None = None
    """average fatigue: 5 None, 4 Mild, 3 Moderate, 2 Severe, 1 Very severe."""
    global09: Annotated[int, _HEALTH] | None = None
    """carrying out usual social activities and roles: 5 Excellent, 4 Very good, 3 Good, 2 Fair, 1 Poor."""
    global10: Annotated[int, _FREQUENCY] | None = None
    """being bothered by emotional problems: 5 Never, 4 Rarely, 3 Sometimes, 2 Often, 1 Always."""

    @classmethod
    def from_labels(
        cls,
        *,
        global01: str | int | None = None,
        global02: str | int | None = None,
        global03: str | int | None = None,
        global04: str | int | None = None,
        global05: str | int | None = None,
        global06: str | int | None = None,
        global07: str | int | None = None,
        global08: str | int | None = None,
        global09: str | int | None = None,
        global10: str | int | None = None,
    ) -> Self:
        """Build a response from the labels of the answers; case, spacing and punctuation do not matter.

        Raises pydantic.ValidationError with all labels that are none of the item's.
        """
        return cls._from_labels(
            {
                "global01": global01,
                "global02": global02,
                "global03": global03,
                "global04": global04,
                "global05": global05,
                "global06": global06,
                "global07": global07,
                "global08": global08,
                "global09": global09,
                "global10": global10,
            }
        )
