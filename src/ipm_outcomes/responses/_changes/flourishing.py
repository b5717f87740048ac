"""Changes of the Flourishing Index and Secure Flourishing Index (2017).

Printed from ``instruments/flourishing.toml`` by ``python -m ipm_outcomes._printer``; do not edit.
"""

from dataclasses import dataclass
from typing import ClassVar

from ipm_outcomes._changes import Changes, ScaleChange
from ipm_outcomes.responses._described import OfScales


@dataclass(frozen=True, kw_only=True, repr=False)
class FlourishingChanges(OfScales, Changes):
    """The changes between two Flourishing responses of one patient.

    Examples
    --------
    >>> from ipm_outcomes import Flourishing, between, score
    >>> between(score(Flourishing()), score(Flourishing())).index.verdict
    'cannot be judged'
    """
    instrument_id: ClassVar[str] = "flourishing"
    scale_ids: ClassVar[tuple[str, ...]] = ("happiness", "health", "meaning", "character", "relationships", "financial", "index", "secure_index", "index_sum", "secure_index_sum")

    happiness: ScaleChange
    """Happiness and life satisfaction, 0 to 10; lower is worse."""
    health: ScaleChange
    """Mental and physical health, 0 to 10; lower is worse."""
    meaning: ScaleChange
    """Meaning and purpose, 0 to 10; lower is worse."""
    character: ScaleChange
    """Character and virtue, 0 to 10; lower is worse."""
    relationships: ScaleChange
    """Close social relationships, 0 to 10; lower is worse."""
    financial: ScaleChange
    """Financial and material stability, 0 to 10; lower is worse."""
    index: ScaleChange
    """Flourishing Index, mean, 0 to 10; lower is worse."""
    secure_index: ScaleChange
    """Secure Flourishing Index, mean, 0 to 10; lower is worse."""
    index_sum: ScaleChange
    """Flourishing Index, sum, 0 to 100; lower is worse."""
    secure_index_sum: ScaleChange
    """Secure Flourishing Index, sum, 0 to 120; lower is worse."""
