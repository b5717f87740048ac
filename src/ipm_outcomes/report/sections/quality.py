"""How good the data are: findings before scoring, forms with and without a score, blank rows and wrong cells."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ipm_outcomes.catalog import instrument as find_instrument
from ipm_outcomes.errors import UnknownNameError
from ipm_outcomes.frames._findings import FINDINGS
from ipm_outcomes.report._findings import Told
from ipm_outcomes.report._page import Page, Section, paragraph
from ipm_outcomes.report._program import share
from ipm_outcomes.report._wording import Wording
from ipm_outcomes.report._words import HIDDEN, NONE, count

_CODING = {"coding_from_one", "coding_suspected"}
_ABSENT = {
    "no_answers": "left blank",
    "too_few_answers": "too few answers to score",
    "component_absent": "a part of the score is missing",
    "not_applicable": "not asked of them",
    "undefined_quotient": "a share of nothing",
    "beyond_range": "answers that cannot all be right",
    "scored": "with a score",
    "": "with a score",
}


def sections(words: Wording) -> Iterator[Section]:
    """The section; every report has it."""
    yield Section("quality", "Data quality", quality)


def quality(page: Page, words: Wording) -> None:
    """Findings, forms by scale, blank rows and wrong cells."""
    program = words.program
    page.add(*findings_parts(page, program.findings))
    if not program.quality:
        page.add(paragraph("The table of scores holds no form."))
        return
    reasons = list(dict.fromkeys(r for found in program.quality.values() for _, r in found if r != "scored"))
    head = [
        "Score",
        "Forms",
        "With a score",
        "Share",
        *(_ABSENT.get(r, r.replace("_", " ")).capitalize() for r in reasons),
    ]
    rows: list[list[str]] = []
    for shown in (one for group in program.domains.values() for one in group):
        name = ".".join(shown.key)
        if name not in program.quality:
            continue
        figures = {reason: figure for figure, reason in program.quality[name]}
        scored = program.row(f"quality:{name}:scored")
        part = share(scored)
        rows.append(
            [
                shown.scale.title,
                words.known(f"quality:{name}:forms"),
                words.known(f"quality:{name}:scored"),
                HIDDEN
                if part is None and scored is not None and scored.hidden
                else NONE
                if part is None
                else words.percent(part),
                *(words.known(figures[r]) if r in figures else "0" for r in reasons),
            ]
        )
    page.add(
        paragraph(
            "One form is one visit. A score is withheld when more answers are missing than the missing rule of "
            "its scale lets pass; it is never guessed. The rules, with their sources, stand in the methods. "
            "Second forms of the same patient count again here."
        ),
        page.table("Forms with a score, and why others have none", head, rows),
    )
    if program.row("blank rows") is not None:
        page.add(
            paragraph(
                f"Rows of the data that hold no answer, and count nowhere: {words.known('blank rows')}."
            )
        )
    if program.problems:
        wrong = program.row("wrong cells")
        columns = [
            (row.indicator.removeprefix("wrong:"), row)
            for row in program.rows.values()
            if row.indicator.startswith("wrong:")
        ]
        if wrong is not None and wrong.numerator == 0:
            page.add(paragraph("Every cell of the answers was an allowed answer, or empty."))
        else:
            page.add(
                paragraph(
                    f"Cells that were no allowed answers, taken as not answered: {words.known('wrong cells')}."
                ),
                page.table(
                    "Wrong cells by column",
                    ["Column", "Cells"],
                    [[name, count(row.numerator)] for name, row in columns],
                ),
            )


def findings_parts(page: Page, findings: Sequence[Told]) -> list[str]:
    """A sentence for each instrument of which the coding is open, and the table of all findings."""
    if not findings:
        return []
    parts = [
        paragraph(
            f"{_title(id)}: the answers look as if they were counted from 1, and not from the lowest answer of the "
            "form. No score is shown here until the coding is declared."
        )
        for code, id, *_ in findings
        if code in _CODING
    ]
    rows = [[_seen(code, differs), where, settle] for code, _, where, settle, differs in findings]
    head = ["What was seen in the answers", "Columns", "What settles it"]
    return [*parts, page.table("Before anything was scored", head, rows)]


def _seen(code: str, concerns: bool) -> str:
    """What was seen, in words; of scores that stand there already, whether they agree with the answers."""
    told = FINDINGS[code].capitalize()
    if code == "recorded_scores":
        told += ", and differ from the answers in some rows" if concerns else ", and agree with the answers"
    return told


def _title(id: str) -> str:
    try:
        return find_instrument(id).title
    except UnknownNameError:  # a definition of one's own
        return id
