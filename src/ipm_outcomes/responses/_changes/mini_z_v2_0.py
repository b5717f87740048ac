"""Changes of the Mini Z 2.0 (2.0).

Printed from ``instruments/mini_z_v2_0.toml`` by ``python -m ipm_outcomes._printer``; do not edit.
"""

from dataclasses import dataclass
from typing import ClassVar

from ipm_outcomes._changes import Changes, ScaleChange
from ipm_outcomes.responses._described import OfScales


@dataclass(frozen=True, kw_only=True, repr=False)
class MiniZv20Changes(OfScales, Changes):
    """The changes between two MiniZv20 responses of one patient.

    Examples
    --------
    >>> from ipm_outcomes import MiniZv20, between, score
    >>> between(score(MiniZv20()), score(MiniZv20())).total.verdict
    'cannot be judged'
    """
    instrument_id: ClassVar[str] = "mini_z_v2_0"
    scale_ids: ClassVar[tuple[str, ...]] = ("total",)

    total: ScaleChange
    """Mini Z 2.0 total, 10 to 50; lower is worse."""
