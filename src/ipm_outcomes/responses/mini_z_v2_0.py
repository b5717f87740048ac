"""Mini Z 2.0 (2.0).

Printed from ``instruments/mini_z_v2_0.toml`` by ``python -m ipm_outcomes._printer``; do not edit.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, ClassVar, Self

from pydantic import Field

from ipm_outcomes.responses._base import Response
from ipm_outcomes.responses._described import OfScales
from ipm_outcomes.scores import Score, Scores

if TYPE_CHECKING:
    from ipm_outcomes.responses._changes.mini_z_v2_0 import MiniZv20Changes

_AGREEMENT = Field(strict=True, ge=1, le=5)


@dataclass(frozen=True, kw_only=True, repr=False)
class MiniZv20Scores(OfScales, Scores):
    """The scores of one MiniZv20 response.

    Examples
    --------
    >>> from ipm_outcomes import MiniZv20, score
    >>> score(MiniZv20()).total.value is None  # nothing was answered
    True
    """
    instrument_id: ClassVar[str] = "mini_z_v2_0"
    scale_ids: ClassVar[tuple[str, ...]] = ("total",)

    total: Score
    """Mini Z 2.0 total, 10 to 50; lower is worse."""

    if TYPE_CHECKING:

        def _pair(self, after: "MiniZv20Scores", /) -> "type[MiniZv20Changes]": ...  # type: ignore[override]


class MiniZv20(Response[MiniZv20Scores]):
    """Answers to the Mini Z 2.0, 2.0. Recall: none.

    Ten items from 1 to 5, all aligned so that high is good, summed to 10 to 50. Which items make its two
    subscales was not read, so only the total is scored; nor is a share of burned-out staff given, whose
    rule belongs to the 1.0 wording. The labels in this file are not the wording of the form.

    Examples
    --------
    >>> from ipm_outcomes import MiniZv20
    >>> MiniZv20(q1=1).q1
    1
    """
    instrument_id: ClassVar[str] = "mini_z_v2_0"
    scores_class: ClassVar[type[Scores]] = MiniZv20Scores

    q1: Annotated[int, _AGREEMENT] | None = None
    """item 1 of the form: 1 to 5."""
    q2: Annotated[int, _AGREEMENT] | None = None
    """item 2 of the form: 1 to 5."""
    q3: Annotated[int, _AGREEMENT] | None = None
    """item 3 of the form: 1 to 5."""
    q4: Annotated[int, _AGREEMENT] | None = None
    """item 4 of the form: 1 to 5."""
    q5: Annotated[int, _AGREEMENT] | None = None
    """item 5 of the form: 1 to 5."""
    q6: Annotated[int, _AGREEMENT] | None = None
    """item 6 of the form: 1 to 5."""
    q7: Annotated[int, _AGREEMENT] | None = None
    """item 7 of the form: 1 to 5."""
    q8: Annotated[int, _AGREEMENT] | None = None
    """item 8 of the form: 1 to 5."""
    q9: Annotated[int, _AGREEMENT] | None = None
    """item 9 of the form: 1 to 5."""
    q10: Annotated[int, _AGREEMENT] | None = None
    """item 10 of the form: 1 to 5."""

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
        q10: str | int | None = None,
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
                "q10": q10,
            }
        )
