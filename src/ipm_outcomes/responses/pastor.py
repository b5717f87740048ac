"""Pain Assessment Screening Tool and Outcomes Registry (ready T-scores).

Printed from ``instruments/pastor.toml`` by ``python -m ipm_outcomes._printer``; do not edit.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, ClassVar, Self

from pydantic import Field

from ipm_outcomes.responses._base import Response
from ipm_outcomes.responses._described import OfScales
from ipm_outcomes.scores import Score, Scores

if TYPE_CHECKING:
    from ipm_outcomes.responses._changes.pastor import PASTORChanges

_T_SCORE = Field(strict=True, ge=10, le=90, description="in steps of 0.1")
_STANDARD_ERROR = Field(strict=True, ge=0.01, le=10, description="in steps of 0.01")
_RATING = Field(strict=True, ge=0, le=10)


@dataclass(frozen=True, kw_only=True, repr=False)
class PASTORScores(OfScales, Scores):
    """The scores of one PASTOR response.

    Examples
    --------
    >>> from ipm_outcomes import PASTOR, score
    >>> score(PASTOR()).pain_interference.value is None  # nothing was answered
    True
    """
    instrument_id: ClassVar[str] = "pastor"
    scale_ids: ClassVar[tuple[str, ...]] = ("pain_interference", "physical_function", "sleep_disturbance", "sleep_related_impairment", "fatigue", "anxiety", "depression", "social_satisfaction", "pain_average", "pain_worst")

    pain_interference: Score
    """Pain interference, T-score, 10 to 90; higher is worse."""
    physical_function: Score
    """Physical function, T-score, 10 to 90; lower is worse."""
    sleep_disturbance: Score
    """Sleep disturbance, T-score, 10 to 90; higher is worse."""
    sleep_related_impairment: Score
    """Sleep-related impairment, T-score, 10 to 90; higher is worse."""
    fatigue: Score
    """Fatigue, T-score, 10 to 90; higher is worse."""
    anxiety: Score
    """Anxiety, T-score, 10 to 90; higher is worse."""
    depression: Score
    """Depression, T-score, 10 to 90; higher is worse."""
    social_satisfaction: Score
    """Satisfaction with social roles, T-score, 10 to 90; lower is worse."""
    pain_average: Score
    """Average pain, 0 to 10; higher is worse."""
    pain_worst: Score
    """Worst pain, 0 to 10; higher is worse."""

    if TYPE_CHECKING:

        def _pair(self, after: "PASTORScores", /) -> "type[PASTORChanges]": ...  # type: ignore[override]


class PASTOR(Response[PASTORScores]):
    """Answers to the Pain Assessment Screening Tool and Outcomes Registry, ready T-scores. Recall: none
    stated.

    A battery of ready PROMIS T-scores, each with the standard error that the adaptive test reports, and
    average and worst pain of the DVPRS. The tests score themselves: no questions and no scoring are in
    here. Each score stands alone. That sleep-related impairment is the bank of that name is unverified.
    A change is judged by the standard errors of its two scores. PROMIS, copyright PROMIS Health
    Organization and PROMIS Cooperative Group. This file holds no content of the adaptive tests.

    Examples
    --------
    >>> from ipm_outcomes import PASTOR
    >>> PASTOR(pain_interference=10.0).pain_interference
    10.0
    """
    instrument_id: ClassVar[str] = "pastor"
    scores_class: ClassVar[type[Scores]] = PASTORScores

    pain_interference: Annotated[float, _T_SCORE] | None = None
    """T-score of the adaptive test: pain interference: 10 to 90 in steps of 0.1."""
    pain_interference_se: Annotated[float, _STANDARD_ERROR] | None = None
    """standard error of that T-score: 0.01 to 10 in steps of 0.01."""
    physical_function: Annotated[float, _T_SCORE] | None = None
    """T-score of the adaptive test: physical function: 10 to 90 in steps of 0.1."""
    physical_function_se: Annotated[float, _STANDARD_ERROR] | None = None
    """standard error of that T-score: 0.01 to 10 in steps of 0.01."""
    sleep_disturbance: Annotated[float, _T_SCORE] | None = None
    """T-score of the adaptive test: sleep disturbance: 10 to 90 in steps of 0.1."""
    sleep_disturbance_se: Annotated[float, _STANDARD_ERROR] | None = None
    """standard error of that T-score: 0.01 to 10 in steps of 0.01."""
    sleep_related_impairment: Annotated[float, _T_SCORE] | None = None
    """T-score of the adaptive test: sleep-related impairment: 10 to 90 in steps of 0.1."""
    sleep_related_impairment_se: Annotated[float, _STANDARD_ERROR] | None = None
    """standard error of that T-score: 0.01 to 10 in steps of 0.01."""
    fatigue: Annotated[float, _T_SCORE] | None = None
    """T-score of the adaptive test: fatigue: 10 to 90 in steps of 0.1."""
    fatigue_se: Annotated[float, _STANDARD_ERROR] | None = None
    """standard error of that T-score: 0.01 to 10 in steps of 0.01."""
    anxiety: Annotated[float, _T_SCORE] | None = None
    """T-score of the adaptive test: anxiety: 10 to 90 in steps of 0.1."""
    anxiety_se: Annotated[float, _STANDARD_ERROR] | None = None
    """standard error of that T-score: 0.01 to 10 in steps of 0.01."""
    depression: Annotated[float, _T_SCORE] | None = None
    """T-score of the adaptive test: depression: 10 to 90 in steps of 0.1."""
    depression_se: Annotated[float, _STANDARD_ERROR] | None = None
    """standard error of that T-score: 0.01 to 10 in steps of 0.01."""
    social_satisfaction: Annotated[float, _T_SCORE] | None = None
    """T-score of the adaptive test: satisfaction with social roles: 10 to 90 in steps of 0.1."""
    social_satisfaction_se: Annotated[float, _STANDARD_ERROR] | None = None
    """standard error of that T-score: 0.01 to 10 in steps of 0.01."""
    pain_average: Annotated[int, _RATING] | None = None
    """average pain: 0 to 10."""
    pain_worst: Annotated[int, _RATING] | None = None
    """worst pain: 0 to 10."""

    @classmethod
    def from_labels(
        cls,
        *,
        pain_interference: str | float | None = None,
        pain_interference_se: str | float | None = None,
        physical_function: str | float | None = None,
        physical_function_se: str | float | None = None,
        sleep_disturbance: str | float | None = None,
        sleep_disturbance_se: str | float | None = None,
        sleep_related_impairment: str | float | None = None,
        sleep_related_impairment_se: str | float | None = None,
        fatigue: str | float | None = None,
        fatigue_se: str | float | None = None,
        anxiety: str | float | None = None,
        anxiety_se: str | float | None = None,
        depression: str | float | None = None,
        depression_se: str | float | None = None,
        social_satisfaction: str | float | None = None,
        social_satisfaction_se: str | float | None = None,
        pain_average: str | int | None = None,
        pain_worst: str | int | None = None,
    ) -> Self:
        """Build a response from the labels of the answers; case, spacing and punctuation do not matter.

        Raises pydantic.ValidationError with all labels that are none of the item's.
        """
        return cls._from_labels(
            {
                "pain_interference": pain_interference,
                "pain_interference_se": pain_interference_se,
                "physical_function": physical_function,
                "physical_function_se": physical_function_se,
                "sleep_disturbance": sleep_disturbance,
                "sleep_disturbance_se": sleep_disturbance_se,
                "sleep_related_impairment": sleep_related_impairment,
                "sleep_related_impairment_se": sleep_related_impairment_se,
                "fatigue": fatigue,
                "fatigue_se": fatigue_se,
                "anxiety": anxiety,
                "anxiety_se": anxiety_se,
                "depression": depression,
                "depression_se": depression_se,
                "social_satisfaction": social_satisfaction,
                "social_satisfaction_se": social_satisfaction_se,
                "pain_average": pain_average,
                "pain_worst": pain_worst,
            }
        )
