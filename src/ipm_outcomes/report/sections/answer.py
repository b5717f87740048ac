"""What came of the program, in two or three sentences and a few figures: began, followed, improved, on average."""

from __future__ import annotations

from collections.abc import Iterator

from ipm_outcomes.report._page import Section
from ipm_outcomes.report._program import ALL
from ipm_outcomes.report._wording import Wording


def sections(words: Wording) -> Iterator[Section]:
    """The section; every report has it."""
    program, shown = words.program, words.program.headline
    began = program.row("flow:began")
    if shown is None or began is None or began.denominator == 0:
        empty = not any(row.denominator or row.hidden for row in program.rows.values())
        yield Section("answer", "answer", {"began": None, "empty": empty}, own_page=False)
        return
    nps = (row for row in program.rows.values() if row.definition == "nps_followup" and row.group == ALL)
    values = {
        "began": began,
        "patients": None if words.one_each else program.counted("flow:patients"),
        "completion": program.of("followup_completion", shown),
        "outcome": program.of(program.success[shown.key], shown) if program.success[shown.key] else None,
        "mean": program.of("mean_improvement", shown),
        "promoters": next(nps, None),
        "scale": words.short(shown),
        "success": words.success(shown),
        "best": words.ceiling(shown),
        "policy": program.policy,
    }
    yield Section("answer", "answer", values, own_page=False)
