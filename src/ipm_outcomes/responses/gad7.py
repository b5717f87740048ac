"""Generalized Anxiety Disorder scale-7 (2006).

Printed from ``instruments/gad7.toml`` by ``python -m ipm_outcomes._printer``; do not edit.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, ClassVar, Self

from pydantic import Field

from ipm_outcomes.responses._base import Response
from ipm_outcomes.responses._described import OfScales
from ipm_outcomes.scores import Score, Scores

if TYPE_CHECKING:
    from ipm_outcomes.responses._changes.gad7 import GAD7Changes

_FREQUENCY = Field(strict=True, ge=0, le=3, json_schema_extra={"oneOf": [{"const": 0, "title": "Not at all"}, {"const": 1, "title": "Several days"}, {"const": 2, "title": "More than half the days"}, {"const": 3, "title": "Nearly every day"}]})
_DIFFICULTY = Field(strict=True, ge=0, le=3, json_schema_extra={"oneOf": [{"const": 0, "title": "Not difficult at all"}, {"const": 1, "title": "Somewhat difficult"}, {"const": 2, "title": "Very difficult"}, {"const": 3, "title": "Extremely difficult"}]})


@dataclass(frozen=True, kw_only=True, repr=False)
class GAD7Scores(OfScales, Scores):
    """The scores of one GAD7 response.

    Examples
    --------
    >>> from ipm_outcomes import GAD7, score
    >>> score(GAD7()).total.value is None  # nothing was answered
    True
    """
    instrument_id: ClassVar[str] = "gad7"
    scale_ids: ClassVar[tuple[str, ...]] = ("total", "gad2")

    total: Score
    """GAD-7 total, 0 to 21; higher is worse."""
    gad2: Score
    """GAD-2 total, 0 to 6; higher is worse."""

    if TYPE_CHECKING:

        def _pair(self, after: "GAD7Scores", /) -> "type[GAD7Changes]": ...  # type: ignore[override]


class GAD7(Response[GAD7Scores]):
    """Answers to the Generalized Anxiety Disorder scale-7, 2006. Recall: last 2 weeks.

    Seven symptoms of anxiety, each rated from 0 to 3 by how often they bothered the person, and one
    unscored question on functional difficulty. GAD-7, copyright Pfizer Inc. Developed by Drs. Robert L.
    Spitzer, Janet B. W. Williams, Kurt Kroenke and colleagues, with an educational grant from Pfizer
    Inc.

    Examples
    --------
    >>> from ipm_outcomes import GAD7
    >>> GAD7(q1=0).q1
    0
    """
    instrument_id: ClassVar[str] = "gad7"
    scores_class: ClassVar[type[Scores]] = GAD7Scores

    q1: Annotated[int, _FREQUENCY] | None = None
    """Feeling nervous, anxious or on edge: 0 Not at all, 1 Several days, 2 More than half the days, 3
    Nearly every day.
    """
    q2: Annotated[int, _FREQUENCY] | None = None
    """Not being able to stop or control worrying: 0 Not at all, 1 Several days, 2 More than half the days,
    3 Nearly every day.
    """
    q3: Annotated[int, _FREQUENCY] | None = None
    """Worrying too much about different things: 0 Not at all, 1 Several days, 2 More than half the days, 3
    Nearly every day.
    """
    q4: Annotated[int, _FREQUENCY] | None = None
    """Trouble relaxing: 0 Not at all, 1 Several days, 2 More than half the days, 3 Nearly every day."""
    q5: Annotated[int, _FREQUENCY] | None = None
    """Being so restless that it is hard to sit still: 0 Not at all, 1 Several days, 2 More than half the
    days, 3 Nearly every day.
    """
    q6: Annotated[int, _FREQUENCY] | None = None
    """Becoming easily annoyed or irritable: 0 Not at all, 1 Several days, 2 More than half the days, 3
    Nearly every day.
    """
    q7: Annotated[int, _FREQUENCY] | None = None
    """Feeling afraid as if something awful might happen: 0 Not at all, 1 Several days, 2 More than half the
    days, 3 Nearly every day.
    """
    difficulty: Annotated[int, _DIFFICULTY] | None = None
    """difficulty that the problems made at work, at home or with people: 0 Not difficult at all, 1 Somewhat
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
                "difficulty": difficulty,
            }
        )
