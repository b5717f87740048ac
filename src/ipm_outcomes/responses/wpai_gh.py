"""Work Productivity and Activity Impairment, General Health (general health).

Printed from ``instruments/wpai_gh.toml`` by ``python -m ipm_outcomes._printer``; do not edit.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, ClassVar, Self

from pydantic import Field

from ipm_outcomes.responses._base import Response
from ipm_outcomes.responses._described import OfScales
from ipm_outcomes.scores import Score, Scores

if TYPE_CHECKING:
    from ipm_outcomes.responses._changes.wpai_gh import WPAIGHChanges

_YES_NO = Field(strict=True, ge=0, le=1, json_schema_extra={"oneOf": [{"const": 1, "title": "Yes"}, {"const": 0, "title": "No"}]})
_HOURS = Field(strict=True, ge=0, le=168, description="in steps of 0.01")
_DEGREE = Field(strict=True, ge=0, le=10)


@dataclass(frozen=True, kw_only=True, repr=False)
class WPAIGHScores(OfScales, Scores):
    """The scores of one WPAIGH response.

    Examples
    --------
    >>> from ipm_outcomes import WPAIGH, score
    >>> score(WPAIGH()).absenteeism.value is None  # nothing was answered
    True
    """
    instrument_id: ClassVar[str] = "wpai_gh"
    scale_ids: ClassVar[tuple[str, ...]] = ("absenteeism", "presenteeism", "overall", "activity")

    absenteeism: Score
    """Work time missed, 0 to 100; higher is worse."""
    presenteeism: Score
    """Impairment while working, 0 to 100; higher is worse."""
    overall: Score
    """Overall work impairment, 0 to 100; higher is worse."""
    activity: Score
    """Activity impairment, 0 to 100; higher is worse."""

    if TYPE_CHECKING:

        def _pair(self, after: "WPAIGHScores", /) -> "type[WPAIGHChanges]": ...  # type: ignore[override]


class WPAIGH(Response[WPAIGHScores]):
    """Answers to the Work Productivity and Activity Impairment, General Health, general health. Recall:
    past 7 days.

    Hours missed and worked and two ratings from 0 to 10 give four outcomes in percent, exact fractions;
    higher is worse. Hours of people who have none to miss or to work leave the share of work time
    undefined. No important change was found in any text. WPAI, Reilly Associates. The item labels in
    this file are not the wording of the questionnaire.

    Examples
    --------
    >>> from ipm_outcomes import WPAIGH
    >>> WPAIGH(employed=0).employed
    0
    """
    instrument_id: ClassVar[str] = "wpai_gh"
    scores_class: ClassVar[type[Scores]] = WPAIGHScores

    employed: Annotated[int, _YES_NO] | None = None
    """whether in paid employment: 1 Yes, 0 No."""
    hours_missed: Annotated[float, _HOURS] | None = None
    """hours missed from work because of health: 0 to 168 in steps of 0.01."""
    hours_missed_other: Annotated[float, _HOURS] | None = None
    """hours missed from work for other reasons: 0 to 168 in steps of 0.01. Not scored."""
    hours_worked: Annotated[float, _HOURS] | None = None
    """hours actually worked: 0 to 168 in steps of 0.01."""
    productivity: Annotated[int, _DEGREE] | None = None
    """how much health affected productivity while working: 0 to 10."""
    activity: Annotated[int, _DEGREE] | None = None
    """how much health affected regular daily activities: 0 to 10."""

    @classmethod
    def from_labels(
        cls,
        *,
        employed: str | int | None = None,
        hours_missed: str | float | None = None,
        hours_missed_other: str | float | None = None,
        hours_worked: str | float | None = None,
        productivity: str | int | None = None,
        activity: str | int | None = None,
    ) -> Self:
        """Build a response from the labels of the answers; case, spacing and punctuation do not matter.

        Raises pydantic.ValidationError with all labels that are none of the item's.
        """
        return cls._from_labels(
            {
                "employed": employed,
                "hours_missed": hours_missed,
                "hours_missed_other": hours_missed_other,
                "hours_worked": hours_worked,
                "productivity": productivity,
                "activity": activity,
            }
        )
