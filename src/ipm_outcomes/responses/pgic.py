"""Patient Global Impression of Change (Guy and Farrar form).

Printed from ``instruments/pgic.toml`` by ``python -m ipm_outcomes._printer``; do not edit.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, ClassVar, Self

from pydantic import Field

from ipm_outcomes.responses._base import Response
from ipm_outcomes.responses._described import OfScales
from ipm_outcomes.scores import Score, Scores

if TYPE_CHECKING:
    from ipm_outcomes.responses._changes.pgic import PGICChanges

_CHANGE = Field(strict=True, ge=1, le=7, json_schema_extra={"oneOf": [{"const": 1, "title": "Very much improved"}, {"const": 2, "title": "Much improved"}, {"const": 3, "title": "Minimally improved"}, {"const": 4, "title": "No change"}, {"const": 5, "title": "Minimally worse"}, {"const": 6, "title": "Much worse"}, {"const": 7, "title": "Very much worse"}]})


@dataclass(frozen=True, kw_only=True, repr=False)
class PGICScores(OfScales, Scores):
    """The scores of one PGIC response.

    Examples
    --------
    >>> from ipm_outcomes import PGIC, score
    >>> score(PGIC()).rating.value is None  # nothing was answered
    True
    """
    instrument_id: ClassVar[str] = "pgic"
    scale_ids: ClassVar[tuple[str, ...]] = ("rating",)

    rating: Score
    """Global impression of change, 1 to 7; higher is worse."""

    if TYPE_CHECKING:

        def _pair(self, after: "PGICScores", /) -> "type[PGICChanges]": ...  # type: ignore[override]


class PGIC(Response[PGICScores]):
    """Answers to the Patient Global Impression of Change, Guy and Farrar form. Recall: since the start of
    treatment.

    One question with seven options, 1 very much improved to 7 very much worse: lower is better. The form
    of Hurst and Bolton runs the other way and is an instrument of its own.

    Examples
    --------
    >>> from ipm_outcomes import PGIC
    >>> PGIC(change=1).change
    1
    """
    instrument_id: ClassVar[str] = "pgic"
    scores_class: ClassVar[type[Scores]] = PGICScores

    change: Annotated[int, _CHANGE] | None = None
    """change since the start of treatment: 1 Very much improved, 2 Much improved, 3 Minimally improved, 4
    No change, 5 Minimally worse, 6 Much worse, 7 Very much worse.
    """

    @classmethod
    def from_labels(
        cls,
        *,
        change: str | int | None = None,
    ) -> Self:
        """Build a response from the labels of the answers; case, spacing and punctuation do not matter.

        Raises pydantic.ValidationError with all labels that are none of the item's.
        """
        return cls._from_labels(
            {
                "change": change,
            }
        )
