"""Who is counted in the outcomes, and with what reason the others are not."""

from __future__ import annotations

from collections.abc import Iterator

from ipm_outcomes.report._page import Page, Section, paragraph
from ipm_outcomes.report._wording import Wording
from ipm_outcomes.report._words import safe, were

_REASONS = {
    "": "no reason recorded",
    "start_date_missing": "no start date on record",
    "start_date_unparsable": "start date is not a date",
    "day_0_unknown": "no date tells when care began",
    "no_episode": "not in the list of episodes of care",
    "no_assessment": "no dated questionnaire at all",
    "no_baseline": "no questionnaire filled in around the start",
    "baseline_not_scorable": "questionnaire at the start too incomplete to score",
    "no_follow_up": "no questionnaire filled in in the follow-up window",
    "follow_up_not_scorable": "follow-up questionnaire too incomplete to score",
    "window_open": "follow-up window not yet over",
    "date_missing": "questionnaire without a date",
    "date_unparsable": "questionnaire with a date that is not a date",
    "date_future": "questionnaire dated in the future",
}


def sections(words: Wording) -> Iterator[Section]:
    """The section, where there is a scale to tell the path of patients for."""
    if words.program.headline is not None:
        yield Section("flow", "Who is counted, and who is not", flow, own_page=False)


def flow(page: Page, words: Wording) -> None:
    """Each stage with its count, and between two stages who left and why."""
    program, shown, flow = words.program, words.program.headline, words.program.flow
    assert shown is not None
    assert flow is not None
    page.add(
        paragraph(
            f"The path of all {words.people}, for the {words.short(shown)} and the follow-up at "
            f"{program.target}. Everyone who "
            "leaves the count is listed with one reason. The other measures have their own "
            "counts, in their sections."
            + (
                ""
                if words.people == "patients"
                else " A patient who came back for a second episode of care counts once for each."
            )
        )
    )

    def verb(figure: str) -> str:
        return were(program.counted(figure) or 0)

    stages = (
        ("flow:began", "began", (), ""),
        ("flow:with baseline", "had a score at the start", flow.no_baseline, "left out"),
        (
            "flow:due",
            f"{verb('flow:due')} due for follow-up at {program.target}",
            flow.not_due,
            "not yet due",
        ),
        (
            "flow:paired",
            f"{verb('flow:paired')} followed: a score before and after",
            flow.lost,
            "not followed",
        ),
    )
    steps = []
    for figure, told, out, label in stages:
        if out:
            reasons = [
                f"<li>{safe(_REASONS.get(step.reason, step.reason.replace('_', ' ')))}: "
                f"{words.known(step.figure)}</li>"
                for step in out
            ]
            steps.append(f'<li class="out">{label}:<ul>{"".join(reasons)}</ul></li>')
        steps.append(f"<li><strong>{words.known(figure)}</strong> {safe(told)}</li>")
    page.add(f'<ol class="flow">{"".join(steps)}</ol>')
    if not program.open_windows:
        page.add(
            paragraph(
                "No window was still open in these data. If no as-of date was given when changes "
                "were computed, patients "
                "whose follow-up is not yet due count as not followed.",
                "note",
            )
        )
