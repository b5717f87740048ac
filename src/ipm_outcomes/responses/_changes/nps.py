"""Changes of the Net Promoter question (2003).

Printed from ``instruments/nps.toml`` by ``python -m ipm_outcomes._printer``; do not edit.
"""

from dataclasses import dataclass
from typing import ClassVar

from ipm_outcomes._changes import Changes, ScaleChange
from ipm_outcomes.responses._described import OfScales


@dataclass(frozen=True, kw_only=True, repr=False)
class NPSChanges(OfScales, Changes):
    """The changes between two NPS responses of one patient.

    Examples
    --------
    >>> from ipm_outcomes import NPS, between, score
    >>> between(score(NPS()), score(NPS())).rating.verdict
    'cannot be judged'
    """
    instrument_id: ClassVar[str] = "nps"
    scale_ids: ClassVar[tuple[str, ...]] = ("rating",)

    rating: ScaleChange
    """Likelihood to recommend, 0 to 10; lower is worse."""
