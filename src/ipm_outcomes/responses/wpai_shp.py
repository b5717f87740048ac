"""Work Productivity and Activity Impairment, Specific Health Problem (general health and specific problem, combined).

Printed from ``instruments/wpai_shp.toml`` by ``python -m ipm_outcomes._printer``; do not edit.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, ClassVar, Self

from pydantic import Field

from ipm_outcomes.responses._base import Response
from ipm_outcomes.responses._described import OfScales
from ipm_outcomes.scores import Score, Scores

if TYPE_CHECKING:
    from ipm_outcomes.responses._changes.wpai_shp import WPAISHPChanges

_YES_NO = Field(strict=True, ge=0, le=1, json_schema_extra={"oneOf": [{"const": 1, "title": "Yes"}, {"const": 0, "title": "No"}]})
_HOURS = Field(strict=True, ge=0, le=168, description="in steps of 0.01")
_DEGREE = Field(strict=True, ge=0, le=10)


@dataclass(frozen=True, kw_only=True, repr=False)
class WPAISHPScores(OfScales, Scores):
    """The scores of one WPAISHP response.

    Examples
    --------
    >>> from ipm_outcomes import WPAISHP, score
    >>> score(WPAISHP()).absenteeism.value is None  # nothing was answered
    True
    """
    instrument_id: ClassVar[str] = "wpai_shp"
    scale_ids: ClassVar[tuple[str, ...]] = ("absenteeism", "presenteeism", "overall", "activity", "absenteeism_all", "presenteeism_all", "overall_all", "activity_all")

    absenteeism: Score
    """Work time missed due to the problem, 0 to 100; higher is worse."""
    presenteeism: Score
    """Impairment while working due to the problem, 0 to 100; higher is worse."""
    overall: Score
    """Overall work impairment due to the problem, 0 to 100; higher is worse."""
    activity: Score
    """Activity impairment due to the problem, 0 to 100; higher is worse."""
    absenteeism_all: Score
    """Work time missed due to all health, 0 to 100; higher is worse."""
    presenteeism_all: Score
    """Impairment while working due to all health, 0 to 100; higher is worse."""
    overall_all: Score
    """Overall work impairment due to all health, 0 to 100; higher is worse."""
    activity_all: Score
    """Activity impairment due to all health, 0 to 100; higher is worse."""

    if TYPE_CHECKING:

        def _pair(self, after: "WPAISHPScores", /) -> "type[WPAISHPChanges]": ...  # type: ignore[override]


class WPAISHP(Response[WPAISHPScores]):
    """Answers to the Work Productivity and Activity Impairment, Specific Health Problem, general health and
    specific problem, combined. Recall: past 7 days.

    The combined form: hours and ratings asked of one named problem and of other health problems give
    four outcomes due to the problem and four due to all health, in percent, exact fractions; higher is
    worse. No important change was found in any text. WPAI, Reilly Associates. The item labels in this
    file are not the wording of the questionnaire.

    Examples
    --------
    >>> from ipm_outcomes import WPAISHP
    >>> WPAISHP(employed=0).employed
    0
    """
    instrument_id: ClassVar[str] = "wpai_shp"
    scores_class: ClassVar[type[Scores]] = WPAISHPScores

    employed: Annotated[int, _YES_NO] | None = None
    """whether in paid employment: 1 Yes, 0 No."""
    hours_missed_problem: Annotated[float, _HOURS] | None = None
    """hours missed from work because of the problem: 0 to 168 in steps of 0.01."""
    hours_missed_health: Annotated[float, _HOURS] | None = None
    """hours missed from work because of other health problems: 0 to 168 in steps of 0.01."""
    hours_missed_other: Annotated[float, _HOURS] | None = None
    """hours missed from work for other reasons: 0 to 168 in steps of 0.01. Not scored."""
    hours_worked: Annotated[float, _HOURS] | None = None
    """hours actually worked: 0 to 168 in steps of 0.01."""
    productivity_problem: Annotated[int, _DEGREE] | None = None
    """how much the problem affected productivity while working: 0 to 10."""
    productivity_health: Annotated[int, _DEGREE] | None = None
    """how much other health problems affected productivity while working: 0 to 10."""
    activity_problem: Annotated[int, _DEGREE] | None = None
    """how much the problem affected regular daily activities: 0 to 10."""
    activity_health: Annotated[int, _DEGREE] | None = None
    """how much other health problems affected regular daily activities: 0 to 10."""

    @classmethod
    def from_labels(
        cls,
        *,
        employed: str | int | None = None,
        hours_missed_problem: str | float | None = None,
        hours_missed_health: str | float | None = None,
        hours_missed_other: str | float | None = None,
        hours_worked: str | float | None = None,
        productivity_problem: str | int | None = None,
        productivity_health: str | int | None = None,
        activity_problem: str | int | None = None,
        activity_health: str | int | None = None,
    ) -> Self:
        """Build a response from the labels of the answers; case, spacing and punctuation do not matter.

        Raises pydantic.ValidationError with all labels that are none of the item's.
        """
        return cls._from_labels(
            {
                "employed": employed,
                "hours_missed_problem": hours_missed_problem,
                "hours_missed_health": hours_missed_health,
                "hours_missed_other": hours_missed_other,
                "hours_worked": hours_worked,
                "productivity_problem": productivity_problem,
                "productivity_health": productivity_health,
                "activity_problem": activity_problem,
                "activity_health": activity_health,
            }
        )
