"""Mini Z 1.0 burnout item (1.0).

Printed from ``instruments/mini_z.toml`` by ``python -m ipm_outcomes._printer``; do not edit.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, ClassVar, Self

from pydantic import Field

from ipm_outcomes.responses._base import Response
from ipm_outcomes.responses._described import OfScales
from ipm_outcomes.scores import Score, Scores

if TYPE_CHECKING:
    from ipm_outcomes.responses._changes.mini_z import MiniZChanges

_BURNOUT = Field(strict=True, ge=1, le=5, description="1 = No symptoms of burnout; 5 = So burned out that help may be needed")


@dataclass(frozen=True, kw_only=True, repr=False)
class MiniZScores(OfScales, Scores):
    """The scores of one MiniZ response.

    Examples
    --------
    >>> from ipm_outcomes import MiniZ, score
    >>> score(MiniZ()).burnout.value is None  # nothing was answered
    True
    """
    instrument_id: ClassVar[str] = "mini_z"
    scale_ids: ClassVar[tuple[str, ...]] = ("burnout",)

    burnout: Score
    """Burnout, 1 to 5; higher is worse."""

    if TYPE_CHECKING:

        def _pair(self, after: "MiniZScores", /) -> "type[MiniZChanges]": ...  # type: ignore[override]


class MiniZ(Response[MiniZScores]):
    """Answers to the Mini Z 1.0 burnout item, 1.0. Recall: none.

    The single burnout item of the Mini Z 1.0, 1 no symptoms to 5 so burned out that help may be needed.
    In Mini Z 2.0 the item runs the other way: that form is an instrument of its own. The labels in this
    file are not the wording of the form.

    Examples
    --------
    >>> from ipm_outcomes import MiniZ
    >>> MiniZ(burnout=1).burnout
    1
    """
    instrument_id: ClassVar[str] = "mini_z"
    scores_class: ClassVar[type[Scores]] = MiniZScores

    burnout: Annotated[int, _BURNOUT] | None = None
    """degree of burnout: 1 No symptoms of burnout to 5 So burned out that help may be needed."""

    @classmethod
    def from_labels(
        cls,
        *,
        burnout: str | int | None = None,
    ) -> Self:
        """Build a response from the labels of the answers; case, spacing and punctuation do not matter.

        Raises pydantic.ValidationError with all labels that are none of the item's.
        """
        return cls._from_labels(
            {
                "burnout": burnout,
            }
        )
