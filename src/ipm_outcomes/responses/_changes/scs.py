"""Changes of the Self-Compassion Scale (2003).

Printed from ``instruments/scs.toml`` by ``python -m ipm_outcomes._printer``; do not edit.
"""

from dataclasses import dataclass
from typing import ClassVar

from ipm_outcomes._changes import Changes, ScaleChange
from ipm_outcomes.responses._described import OfScales


@dataclass(frozen=True, kw_only=True, repr=False)
class SCSChanges(OfScales, Changes):
    """The changes between two SCS responses of one patient.

    Examples
    --------
    >>> from ipm_outcomes import SCS, between, score
    >>> between(score(SCS()), score(SCS())).total.verdict
    'cannot be judged'
    """
    instrument_id: ClassVar[str] = "scs"
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
    """Total, mean of all 26 items after reversal, 1 to 5; lower is worse."""
