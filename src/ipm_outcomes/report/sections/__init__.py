"""The sections of the report, in their order on the page.

A section is one file here with a function ``sections``, which yields what it puts on the page of a program, and one
line in `SECTIONS`. Everything is written from published figures; a hidden number cannot be reached from here.
"""

from __future__ import annotations

from ipm_outcomes.report._page import Page, document, items
from ipm_outcomes.report._program import Program
from ipm_outcomes.report._wording import Wording
from ipm_outcomes.report.sections import (
    answer,
    flow,
    measures,
    methods,
    outcomes,
    over_time,
    quality,
    sites,
)

SECTIONS = (answer, flow, outcomes, sites, over_time, measures, quality, methods)

_READING = (
    "Dots are figures and bars their intervals; in charts of improvement right of 0 is better. Worsening has the "
    "second color.",
    "“Not shown”, or gray in a bar: groups that are too small to show, or would reveal one that is; the numbers "
    "behind it are limits that follow from what is shown. Neighboring scores are put together where a group "
    "would be too small.",
    "Over time: the purple line is the median or the average, dashed lines are the limits of chance (3 sigma). At "
    "sites: the purple line is the program's share.",
    "The numbers of each chart stand under it, behind “Show the numbers”.",
)


def write(program: Program, title: str) -> str:
    """The whole page."""
    from ipm_outcomes._version import __version__

    page, words = Page(), Wording(program)
    contents = []
    after_first = 0
    for module in SECTIONS:
        for section in module.sections(words):
            contents.append((section.id, section.title.split(":")[0]))
            page.open(section.id, section.title, section.own_page)
            section.write(page, words)
            page.close()
            after_first = after_first or len(page.parts) - 1
    if page.charts:
        page.parts[after_first:after_first] = ["<h3>How to read the charts</h3>", items(_READING)]
    subtitle = "Patient-reported outcomes of the program: what patients said at the start and later."
    if program.as_of is not None:
        subtitle += f" Data up to {program.as_of.isoformat()}"
        subtitle += "." if program.as_of_given else ", the day of the last score (no as-of date was given)."
    foot = f"Made with ipm-outcomes {__version__}. Figures describe a program and advise no single patient."
    return document(title, subtitle, contents, "\n".join(page.parts), foot)
