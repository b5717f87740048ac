"""Changes of the Mini Z 1.0 burnout item (1.0).

Printed from ``instruments/mini_z.toml`` by ``python -m ipm_outcomes._printer``; do not edit.
"""

from dataclasses import dataclass
from typing import ClassVar

from ipm_outcomes._changes import Changes, ScaleChange
from ipm_outcomes.responses._described import OfScales


@dataclass(frozen=True, kw_only=True, repr=False)
class MiniZChanges(OfScales, Changes):
    """The changes between two MiniZ responses of one patient.

    Examples
    --------
    >>> from ipm_outcomes import MiniZ, between, score
    >>> between(score(MiniZ()), score(MiniZ())).burnout.verdict
    'cannot be judged'
    """
    instrument_id: ClassVar[str] = "mini_z"
    scale_ids: ClassVar[tuple[str, ...]] = ("burnout",)

    burnout: ScaleChange
    """Burnout, 1 to 5; higher is worse."""
