"""Changes of the Self-Compassion Scale-Short Form (2011).

Printed from ``instruments/scs_sf.toml`` by ``python -m ipm_outcomes._printer``; do not edit.
"""

from dataclasses import dataclass
from typing import ClassVar

from ipm_outcomes._changes import Changes, ScaleChange
from ipm_outcomes.responses._described import OfScales


@dataclass(frozen=True, kw_only=True, repr=False)
class SCSSFChanges(OfScales, Changes):
    """The changes between two SCSSF responses of one patient.

    Examples
    --------
    >>> from ipm_outcomes import SCSSF, between, score
    >>> between(score(SCSSF()), score(SCSSF())).total.verdict
    'cannot be judged'
    """
    instrument_id: ClassVar[str] = "scs_sf"
    scale_ids: ClassVar[tuple[str, ...]] = ("self_kindness", "self_judgment", "common_humanity", "isolation", "mindfulness", "over_identification", "total")

    self_kindness: ScaleChange
    """Self-kindness, 1 to 5; lower is worse."""
    self_judgment: ScaleChange
    """Self-judgment, 1 to 5; higher is worse."""
    common_humanity: ScaleChange
    """Common humanity, 1 to 5; lower is worse."""
    isolation: ScaleChange
    """Isolation, 1 to 5; higher is worse."""
    mindfulness: ScaleChange
    """Mindfulness, 1 to 5; lower is worse."""
    over_identification: ScaleChange
    """Over-identification, 1 to 5; higher is worse."""
    total: ScaleChange
    """Total, mean of all 12 items after reversal, 1 to 5; lower is worse."""
