"""Opioid doses: prescriptions to daily morphine milligram equivalents (MME), to figures per patient and period.

`daily` converts, `check` lists what could not be converted, `summary` gives averages and days per period by a named
definition, `compare` sets two periods of each patient side by side. Factors are data: `factor_sets`, `factor_set`.
A dose in MME is an estimate for weighing risk: never for converting one opioid into another, nor a target.
"""

from __future__ import annotations

from ipm_outcomes.opioids._compare import compare
from ipm_outcomes.opioids._daily import check, daily
from ipm_outcomes.opioids._factors import FactorSet, factor_set, factor_sets
from ipm_outcomes.opioids._prescriptions import NOTES, REASONS
from ipm_outcomes.opioids._summary import summary

__all__ = [
    "NOTES",
    "REASONS",
    "FactorSet",
    "check",
    "compare",
    "daily",
    "factor_set",
    "factor_sets",
    "summary",
]
