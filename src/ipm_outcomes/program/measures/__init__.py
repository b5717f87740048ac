"""Measures that are defined on dated events: an index event, windows around it, exclusions, and an outcome.

`populations` says for every patient which populations they are in, `measure` counts. Both name the version of the
measure's text.
"""

from ipm_outcomes.program.measures._measure import measure, populations

__all__ = ["measure", "populations"]
