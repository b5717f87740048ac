"""Changes of the Generalized Anxiety Disorder scale-7 (2006).

Printed from ``instruments/gad7.toml`` by ``python -m ipm_outcomes._printer``; do not edit.
"""

from dataclasses import dataclass
from typing import ClassVar

from ipm_outcomes._changes import Changes, ScaleChange
from ipm_outcomes.responses._described import OfScales


@dataclass(frozen=True, kw_only=True, repr=False)
class GAD7Changes(OfScales, Changes):
    """The changes between two GAD7 responses of one patient.

    Examples
    --------
    >>> from ipm_outcomes import GAD7, between, score
    >>> between(score(GAD7()), score(GAD7())).total.verdict
    'cannot be judged'
    """
    instrument_id: ClassVar[str] = "gad7"
    scale_ids: ClassVar[tuple[str, ...]] = ("total", "gad2")

    total: ScaleChange
    """GAD-7 total, 0 to 21; higher is worse."""
    gad2: ScaleChange
    """GAD-2 total, 0 to 6; higher is worse."""
