"""Patient Health Questionnaire-9 (2001).

Printed from ``instruments/phq9.toml`` by ``python -m ipm_outcomes._printer``; do not edit.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, ClassVar, Self

from pydantic import Field

from ipm_outcomes.responses._base import Response
from ipm_outcomes.responses._described import OfScales
from ipm_outcomes.scores import CategoryScore, Score, Scores

if TYPE_CHECKING:
    from ipm_outcomes.responses._changes.phq9 import PHQ9Changes

_FREQUENCY = Field(strict=True, ge=0, le=3, json_schema_extra={"oneOf": [{"const": 0, "title": "Not at all"}, {"const": 1, "title": "Several days"}, {"const": 2, "title": "More than half the days"}, {"const": 3, "title": "Nearly every day"}]})
_DIFFICULTY = Field(strict=True, ge=0, le=3, json_schema_extra={"oneOf": [{"const": 0, "title": "Not difficult at all"}, {"const": 1, "title": "Somewhat difficult"}, {"const": 2, "title": "Very difficult"}, {"const": 3, "title": "Extremely difficult"}]})


@dataclass(frozen=True, kw_only=True, repr=False)
class PHQ9Scores(OfScales, Scores):
    """The scores of one PHQ9 response.

    Examples
    --------
    >>> from ipm_outcomes import PHQ9, score
    >>> score(PHQ9()).total.value is None  # nothing was answered
    True
    """
    instrument_id: ClassVar[str] = "phq9"
    scale_ids: ClassVar[tuple[str, ...]] = ("total", "phq8", "phq2", "syndrome")

    total: Score
    """PHQ-9 total, 0 to 27; higher is worse."""
    phq8: Score
    """PHQ-8 total, 0 to 24; higher is worse."""
    phq2: Score
    """PHQ-2 total, 0 to 6; higher is worse."""
    syndrome: CategoryScore
    """PHQ-9 depressive syndrome (counting rule)."""

    if TYPE_CHECKING:

        def _pair(self, after: "PHQ9Scores", /) -> "type[PHQ9Changes]": ...  # type: ignore[override]


class PHQ9(Response[PHQ9Scores]):
    """Answers to the Patient Health Questionnaire-9, 2001. Recall: last 2 weeks.

    Nine symptoms of depression, each rated from 0 to 3 by how often they bothered the person, and one
    unscored question on functional difficulty. PHQ-9, copyright Pfizer Inc. Developed by Drs. Robert L.
    Spitzer, Janet B. W. Williams, Kurt Kroenke and colleagues, with an educational grant from Pfizer
    Inc.

    Examples
    --------
    >>> from ipm_outcomes import PHQ9
    >>> PHQ9(q1=0).q1
    0
    """
    instrument_id: ClassVar[str] = "phq9"
    scores_class: ClassVar[type[Scores]] = PHQ9Scores

    q1: Annotated[int, _FREQUENCY] | None = None
    """Little interest or pleasure in doing things: 0 Not at all, 1 Several days, 2 More than half the days,
    3 Nearly every day.
    """
    q2: Annotated[int, _FREQUENCY] | None = None
    """Feeling down, depressed, or hopeless: 0 Not at all, 1 Several days, 2 More than half the days, 3
    Nearly every day.
    """
    q3: Annotated[int, _FREQUENCY] | None = None
    """Trouble falling or staying asleep, or sleeping too much: 0 Not at all, 1 Several days, 2 More than
    half the days, 3 Nearly every day.
    """
    q4: Annotated[int, _FREQUENCY] | None = None
    """Feeling tired or having little energy: 0 Not at all, 1 Several days, 2 More than half the days, 3
    Nearly every day.
    """
    q5: Annotated[int, _FREQUENCY] | None = None
    """Poor appetite or overeating: 0 Not at all, 1 Several days, 2 More than half the days, 3 Nearly every
    day.
    """
    q6: Annotated[int, _FREQUENCY] | None = None
    """Feeling bad about yourself — or that you are a failure or have let yourself or your family down: 0
    Not at all, 1 Several days, 2 More than half the days, 3 Nearly every day.
    """
    q7: Annotated[int, _FREQUENCY] | None = None
    """Trouble concentrating on things, such as reading the newspaper or watching television: 0 Not at all,
    1 Several days, 2 More than half the days, 3 Nearly every day.
    """
    q8: Annotated[int, _FREQUENCY] | None = None
    """Moving or speaking so slowly that other people could have noticed? Or the opposite — being so fidgety
    or restless that you have been moving around a lot more than usual: 0 Not at all, 1 Several days, 2
    More than half the days, 3 Nearly every day.
    """
    q9: Annotated[int, _FREQUENCY] | None = None
    """Thoughts that you would be better off dead or of hurting yourself in some way: 0 Not at all, 1
    Several days, 2 More than half the days, 3 Nearly every day.
    """
    difficulty: Annotated[int, _DIFFICULTY] | None = None
    """If you checked off any problems, how difficult have these problems made it for you to do your work,
    take care of things at home, or get along with other people?: 0 Not difficult at all, 1 Somewhat
    difficult, 2 Very difficult, 3 Extremely difficult. Not scored.
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
        difficulty: str | int | None = None,
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
                "difficulty": difficulty,
            }
        )
