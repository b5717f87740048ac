"""Whether patients would recommend the program: the Net Promoter Score, and who answered."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from ipm_outcomes.report import _charts
from ipm_outcomes.report._claims import promoter_words
from ipm_outcomes.report._page import Page, paragraph
from ipm_outcomes.report._program import PROMOTERS, Row, Shown, share
from ipm_outcomes.report._wording import Wording
from ipm_outcomes.report._words import count, signed
from ipm_outcomes.report.sections import _plots as plots


def promoters(page: Page, words: Wording, shown: Sequence[Shown]) -> None:
    """The score of each question that is rated, its groups, and its sites."""
    program = words.program
    for one in shown:
        name = ".".join(one.key)
        row = program.of("nps_followup", one)
        bands = {band: program.row(f"{name}:{band}") for band in PROMOTERS}
        page.add(
            paragraph(
                f"{promoter_words(one.scale)} Counted is one answer of each patient, that at {program.target}. "
                "No answer is not a detractor: it is left out."
            )
        )
        if row is None:
            page.add(paragraph("The table of indicators holds no figure for this question."))
            continue
        if row.estimate is None and not row.hidden:
            page.add(
                paragraph(
                    f"Nobody has answered the question at {program.target}, so there is no score.", "warn"
                )
            )
            continue
        if row.estimate is not None:
            page.add(
                paragraph(
                    f"The score at {program.target} is {signed(row.estimate)} "
                    f"({words.interval(row, signed)}). {response(page, words, row)}"
                )
            )
        else:
            page.add(
                paragraph(
                    "The score is not shown: too few answers, or they would reveal a small number.",
                    "warn",
                )
            )
        drawn = [(f"{band}s", float(part)) for band in PROMOTERS if (part := share(bands[band])) is not None]
        if drawn:
            tokens = {"promoters": _charts.GOOD, "passives": _charts.BEFORE, "detractors": _charts.BAD}
            best = share(bands["promoter"])
            message = (
                f"{words.percent(best, 0)} of the answers are from promoters."
                if best is not None
                else "Share of the answers."
            )
            page.add(
                plots.grid(
                    [
                        page.chart(
                            _charts.shares(drawn, "share of answers", [tokens[label] for label, _ in drawn]),
                            "Promoters, passives and detractors",
                            message,
                            ["Group", "Answers", "Share"],
                            [[f"{band}s", *words.of_whole(bands[band])] for band in PROMOTERS],
                        )
                    ]
                )
            )
        sites = [(g, program.of("nps_followup", one, group=g)) for g in program.groups]
        if len([1 for _, found in sites if found is not None]) > 1:
            page.add(
                page.table(
                    f"Net Promoter Score by {program.by.replace('_', ' ')}, in alphabetical order",
                    [
                        program.by.replace("_", " ").capitalize(),
                        "Score (interval); answers",
                        *(f"{b}s" for b in PROMOTERS),
                    ],
                    [
                        [g, words.cell(found), *(words.known_in(f"{name}:{band}", g) for band in PROMOTERS)]
                        for g, found in sites
                    ],
                )
            )


def response(page: Page, words: Wording, row: Row) -> str:
    """How many answered, of those who were to be asked."""
    due, answered = row.eligible, row.denominator
    if not due or answered is None:
        return "How many answered cannot be shown."
    share_ = words.percent(Fraction(answered, due), 0)
    return f"{count(answered)} of {count(due)} due to be asked answered ({share_})."
