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
    flow,
    measures,
    methods,
    opioids,
    outcomes,
    over_time,
    quality,
    sites,
    strata,
    summary,
    utilization,
    work,
)

SECTIONS = (
    *(summary, flow, outcomes, sites, strata, over_time, measures),
    *(opioids, work, utilization, adherence),
    *(quality, methods),
)


def write(program: Program, title: str) -> str:
    """The whole page."""
    words = Wording(program)
    parts = [section for module in SECTIONS for section in module.sections(words)]
    if words.too_few:  # half a page that says so
        parts = [
            section for section in parts if section.template in ("summary", "quality_all", "methods_all")
        ]
    return Page(words).write(title, parts)


__all__ = ["SECTIONS", "write"]
