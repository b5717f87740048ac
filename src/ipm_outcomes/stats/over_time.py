"""Figures over time: run charts, control charts, and cohorts of patients by month of enrollment.

A chart may be rebased where the process is known to have changed, and the baseline of each phase may be
frozen at its first points; both can be combined. A period without a value (NaN, or no patients) keeps its
place but takes no part. Thresholds on the plotted values allow for rounding: a value within 1e-9 of a line
(relative to the largest value) lies on it.
"""

from ipm_outcomes.stats._cohorts import Cohorts, cohorts
from ipm_outcomes.stats._control_chart import ControlChart, p_chart, xmr_chart
from ipm_outcomes.stats._run_chart import RunChart, run_chart

__all__ = ["Cohorts", "ControlChart", "RunChart", "cohorts", "p_chart", "run_chart", "xmr_chart"]
