"""From changes to the figures of a program: indicators, intervals, sites, charts, disclosure control.

`table` counts the indicators; `indicators` and `indicator` list and give their definitions; `measures` runs
indicators over dated events, and `measure` counts one; `DEPRESSION_TARGETS` and `COURSE_TARGETS` are the targets that
some measures need; `return_to_work`, `rates`, `rates_before_after` and `adherence` count records of work, of care used
and of appointments; `suppress` prepares a table for publication and `plot` draws it; `intervals`, `sites` and
`over_time` hold the statistics.
"""

# Some functions have the name of their module: importing both here gives the name to the function for good.
from ipm_outcomes.program import events as events  # the former name of measures
from ipm_outcomes.program import measures, plot
from ipm_outcomes.program._show import show
from ipm_outcomes.program._targets import COURSE_TARGETS, DEPRESSION_TARGETS
from ipm_outcomes.program.appointments import adherence
from ipm_outcomes.program.indicators import Indicator, indicator, indicators, read_indicator
from ipm_outcomes.program.measures import measure
from ipm_outcomes.program.suppression import suppress
from ipm_outcomes.program.table import table
from ipm_outcomes.program.utilization import rates, rates_before_after
from ipm_outcomes.program.work import return_to_work
from ipm_outcomes.stats import intervals, over_time, sites

__all__ = [
    "COURSE_TARGETS",
    "DEPRESSION_TARGETS",
    "Indicator",
    "adherence",
    "indicator",
    "indicators",
    "intervals",
    "measure",
    "measures",
    "over_time",
    "plot",
    "rates",
    "rates_before_after",
    "read_indicator",
    "return_to_work",
    "show",
    "sites",
    "suppress",
    "table",
]


def __dir__() -> list[str]:
    return sorted(__all__)
