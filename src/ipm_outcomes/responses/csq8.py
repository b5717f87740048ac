"""Client Satisfaction Questionnaire-8 (TMS-180S).

Printed from ``instruments/csq8.toml`` by ``python -m ipm_outcomes._printer``; do not edit.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, ClassVar, Self

from pydantic import Field

from ipm_outcomes.responses._base import Response
from ipm_outcomes.responses._described import OfScales
from ipm_outcomes.scores import Score, Scores

if TYPE_CHECKING:
    from ipm_outcomes.responses._changes.csq8 import CSQ8Changes

_FAVORABLE_FIRST = Field(strict=True, ge=1, le=4, json_schema_extra={"oneOf": [{"const": 4, "title": "Most favorable answer"}, {"const": 3, "title": "Second most favorable answer"}, {"const": 2, "title": "Third most favorable answer"}, {"const": 1, "title": "Least favorable answer"}]})
_FAVORABLE_LAST = Field(strict=True, ge=1, le=4, json_schema_extra={"oneOf": [{"const": 1, "title": "Least favorable answer"}, {"const": 2, "title": "Third most favorable answer"}, {"const": 3, "title": "Second most favorable answer"}, {"const": 4, "title": "Most favorable answer"}]})


@dataclass(frozen=True, kw_only=True, repr=False)
class CSQ8Scores(OfScales, Scores):
    """The scores of one CSQ8 response.

    Examples
    --------
    >>> from ipm_outcomes import CSQ8, score
    >>> score(CSQ8()).total.value is None  # nothing was answered
    True
    """
    instrument_id: ClassVar[str] = "csq8"
    scale_ids: ClassVar[tuple[str, ...]] = ("total",)

    total: Score
    """CSQ-8 total, 8 to 32; lower is worse."""

    if TYPE_CHECKING:

        def _pair(self, after: "CSQ8Scores", /) -> "type[CSQ8Changes]": ...  # type: ignore[override]


class CSQ8(Response[CSQ8Scores]):
    """Answers to the Client Satisfaction Questionnaire-8, TMS-180S. Recall: none.

    Eight questions with four options each; 4 is the most favorable answer of every question. The form
    prints the most favorable option first for questions 1, 3, 6 and 7, and last for 2, 4, 5 and 8.
    Client Satisfaction Questionnaire, copyright C. Clifford Attkisson, Tamalpais Matrix Systems. The
    labels of items and answers in this file are not the wording of the form.

    Examples
    --------
    >>> from ipm_outcomes import CSQ8
    >>> CSQ8(q1=1).q1
    1
    """
    instrument_id: ClassVar[str] = "csq8"
    scores_class: ClassVar[type[Scores]] = CSQ8Scores

    q1: Annotated[int, _FAVORABLE_FIRST] | None = None
    """quality of service: 4 Most favorable answer, 3 Second most favorable answer, 2 Third most favorable
    answer, 1 Least favorable answer.
    """
    q2: Annotated[int, _FAVORABLE_LAST] | None = None
    """kind of service wanted: 1 Least favorable answer, 2 Third most favorable answer, 3 Second most
    favorable answer, 4 Most favorable answer.
    """
    q3: Annotated[int, _FAVORABLE_FIRST] | None = None
    """needs met: 4 Most favorable answer, 3 Second most favorable answer, 2 Third most favorable answer, 1
    Least favorable answer.
    """
    q4: Annotated[int, _FAVORABLE_LAST] | None = None
    """would recommend: 1 Least favorable answer, 2 Third most favorable answer, 3 Second most favorable
    answer, 4 Most favorable answer.
    """
    q5: Annotated[int, _FAVORABLE_LAST] | None = None
    """amount of help: 1 Least favorable answer, 2 Third most favorable answer, 3 Second most favorable
    answer, 4 Most favorable answer.
    """
    q6: Annotated[int, _FAVORABLE_FIRST] | None = None
    """helped deal with problems: 4 Most favorable answer, 3 Second most favorable answer, 2 Third most
    favorable answer, 1 Least favorable answer.
    """
    q7: Annotated[int, _FAVORABLE_FIRST] | None = None
    """overall satisfaction: 4 Most favorable answer, 3 Second most favorable answer, 2 Third most favorable
    answer, 1 Least favorable answer.
    """
    q8: Annotated[int, _FAVORABLE_LAST] | None = None
    """would return: 1 Least favorable answer, 2 Third most favorable answer, 3 Second most favorable
    answer, 4 Most favorable answer.
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
            }
        )
