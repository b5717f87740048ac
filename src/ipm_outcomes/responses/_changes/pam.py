"""Changes of the Patient Activation Measure (ready score 0-100).

Printed from ``instruments/pam.toml`` by ``python -m ipm_outcomes._printer``; do not edit.
"""

from dataclasses import dataclass
from typing import ClassVar

from ipm_outcomes._changes import Changes, ScaleChange
from ipm_outcomes.responses._described import OfScales


@dataclass(frozen=True, kw_only=True, repr=False)
class PAMChanges(OfScales, Changes):
    """The changes between two PAM responses of one patient.

    Examples
    --------
    >>> from ipm_outcomes import PAM, between, score
    >>> between(score(PAM()), score(PAM())).score.verdict
    'cannot be judged'
    """
    instrument_id: ClassVar[str] = "pam"
    scale_ids: ClassVar[tuple[str, ...]] = ("score",)

    score: ScaleChange
    """Patient activation, 0 to 100; lower is worse."""
