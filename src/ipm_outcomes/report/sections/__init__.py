"""The sections of the report, in their order on the page.

A section is one file here with a function ``sections``, which yields what it puts on the page of a program; a template
in ``templates`` with its sentences; and one name in `SECTIONS`. Everything is written from published figures; a hidden
number cannot be reached from here.
"""

from __future__ import annotations

from ipm_outcomes.report._page import Page
from ipm_outcomes.report._program import Program
from ipm_outcomes.report._wording import Wording
from ipm_outcomes.report.sections import (
    adherence,
    answer,
    flow,
    measures,
    methods,
    opioids,
    outcomes,
    over_time,
    quality,
    sites,
    utilization,
    work,
)

SECTIONS = (
    *(answer, flow, outcomes, sites, over_time, measures),
    *(opioids, work, utilization, adherence),
    *(quality, methods),
)


def write(program: Program, title: str) -> str:
    """The whole page."""
    words = Wording(program)
    return Page(words).write(title, [one for module in SECTIONS for one in module.sections(words)])


__all__ = ["SECTIONS", "write"]
