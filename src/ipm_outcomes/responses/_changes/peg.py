"""Changes of the Pain, Enjoyment of life, General activity scale (2009).

Printed from ``instruments/peg.toml`` by ``python -m ipm_outcomes._printer``; do not edit.
"""

from dataclasses import dataclass
from typing import ClassVar

from ipm_outcomes._changes import Changes, ScaleChange
from ipm_outcomes.responses._described import OfScales


@dataclass(frozen=True, kw_only=True, repr=False)
class PEGChanges(OfScales, Changes):
    """The changes between two PEG responses of one patient.

    Examples
    --------
    >>> from ipm_outcomes import PEG, between, score
    >>> between(score(PEG()), score(PEG())).mean.verdict
    'cannot be judged'
    """
    instrument_id: ClassVar[str] = "peg"
    scale_ids: ClassVar[tuple[str, ...]] = ("mean",)

    mean: ScaleChange
    """PEG score (mean of three), 0 to 10; higher is worse."""
