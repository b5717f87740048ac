"""Who is counted in the outcomes, and with what reason the others are not."""

from __future__ import annotations

from collections.abc import Iterator

from ipm_outcomes.report._page import Section
from ipm_outcomes.report._wording import Wording


def sections(words: Wording) -> Iterator[Section]:
    """The section, where there is a scale for the path of patients."""
    program, shown, flow = words.program, words.program.headline, words.program.flow
    if shown is None or flow is None:
        return
    stages = ("began", "with baseline", "due", "paired")
    left = {"no_baseline": flow.no_baseline, "not_due": flow.not_due, "lost": flow.lost}
    values = {
        **{stage.replace(" ", "_"): program.row(f"flow:{stage}") for stage in stages},
        **{
            place: [(step.reason, program.row(step.figure)) for step in steps]
            for place, steps in left.items()
        },
        "scale": words.short(shown),
        "open_windows": program.open_windows,
    }
    yield Section("flow", "flow", values)
