"""From changes to the figures of a program: indicators, intervals, sites, charts, disclosure control.

`table` counts the indicators; `indicators` and `indicator` tell what there is; `measures` runs indicators over dated
events, and `measure` counts one; `DEPRESSION_TARGETS` and `COURSE_TARGETS` are the targets that some measures need;
`suppress` prepares a table for publication; `intervals`, `sites` and `over_time` hold the statistics. Everything is
loaded when it is first asked for.
"""

import sys
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ipm_outcomes.program import measures
    from ipm_outcomes.program._targets import COURSE_TARGETS, DEPRESSION_TARGETS
    from ipm_outcomes.program.indicators import Indicator, indicator, indicators, read_indicator
    from ipm_outcomes.program.measures import measure
    from ipm_outcomes.program.suppression import suppress
    from ipm_outcomes.program.table import table
    from ipm_outcomes.stats import intervals, over_time, sites

_MODULES = {
    "events": "ipm_outcomes.program.events",  # the former name of measures
    "intervals": "ipm_outcomes.stats.intervals",
    "measures": "ipm_outcomes.program.measures",
    "over_time": "ipm_outcomes.stats.over_time",
    "sites": "ipm_outcomes.stats.sites",
}
_HOMES = {
    "COURSE_TARGETS": "_targets",
    "DEPRESSION_TARGETS": "_targets",
    "Indicator": "indicators",
    "indicator": "indicators",
    "indicators": "indicators",
    "measure": "measures",
    "read_indicator": "indicators",
    "suppress": "suppression",
    "table": "table",
}

__all__ = [
    "COURSE_TARGETS",
    "DEPRESSION_TARGETS",
    "Indicator",
    "indicator",
    "indicators",
    "intervals",
    "measure",
    "measures",
    "over_time",
    "read_indicator",
    "sites",
    "suppress",
    "table",
]


def __getattr__(name: str) -> object:
    if name in _HOMES:
        found = getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
        globals()[name] = found
        return found
    if name in _MODULES:
        return import_module(_MODULES[name])
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)


class _Face(ModuleType):
    """Some functions bear the name of their room, and importing the room would put it in their place."""

    def __setattr__(self, name: str, value: object) -> None:
        if not (name in _HOMES and isinstance(value, ModuleType)):
            super().__setattr__(name, value)


sys.modules[__name__].__class__ = _Face
