"""The former name of `ipm_outcomes.program.measures`."""

from ipm_outcomes.program.measures import measure, populations

__all__ = ["measure", "populations"]
