"""How good the data are: findings before scoring, forms with and without a score, blank rows and wrong cells."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ipm_outcomes.catalog import instrument as find_instrument
from ipm_outcomes.errors import UnknownNameError
from ipm_outcomes.frames._findings import FINDINGS
from ipm_outcomes.report._page import Section
from ipm_outcomes.report._wording import Wording
from ipm_outcomes.report._words import count, withheld

_MANY = 8
"""Instruments with a line of their own, however complete their forms are."""
_CODING = {"coding_from_one", "coding_suspected"}


def sections(words: Wording) -> Iterator[Section]:
    """The section; every report has it."""
    program = words.program
    reasons = list(
        dict.fromkeys(r for by_reason in program.quality.values() for _, r in by_reason if r != "scored")
    )
    wrong = [row for row in program.rows.values() if row.indicator.startswith("wrong:")]
    values: dict[str, Any] = {
        # Of findings no count is reported: it would have to pass disclosure control.
        "uncoded": [_title(id) for code, id, *_ in program.findings if code in _CODING],
        "findings": [
            [_seen(code, differs), where, settle] for code, _, where, settle, differs in program.findings
        ],
        "reasons": reasons,
        "forms": list(_forms(words, reasons)),
        "blank_rows": program.row("blank rows"),
        "wrong_cells": program.row("wrong cells") if program.problems else None,
        "wrong_columns": [[row.indicator.removeprefix("wrong:"), count(row.numerator)] for row in wrong],
    }
    leads = [
        scale.scale.title for scale in program.scales if scale.scale.id == scale.instrument.lead_scale.id
    ]
    short = [row for row in values["forms"] if row[0] in leads]
    # Of many only those of which forms have no score.
    complete = [row for row in short if len(short) > _MANY and row[1] == row[2] and not withheld(row[1])]
    short = [row for row in short if row not in complete]
    used = [
        reason for place, reason in enumerate(reasons, start=4) if any(row[place] != "0" for row in short)
    ]
    kept = [0, 1, 2, 3, *(4 + reasons.index(reason) for reason in used)]
    short = [[row[place] for place in kept] for row in short]
    yield Section(
        "quality", "quality", values | {"leads": short, "reasons": used, "complete": bool(complete)}
    )
    yield Section("all-quality", "quality_all", values, appendix=True)


def _forms(words: Wording, reasons: list[str]) -> Iterator[list[str]]:
    """A line for each scale: forms, those with a score, and the others by reason."""
    program = words.program
    for shown in program.scales:
        name = ".".join(shown.key)
        if name not in program.quality:
            continue
        figures = {reason: figure for figure, reason in program.quality[name]}
        yield [
            shown.scale.title,
            words.known(f"quality:{name}:forms"),
            *words.of_whole(program.row(f"quality:{name}:scored")),
            *(words.known(figures[r]) if r in figures else "0" for r in reasons),
        ]


def _seen(code: str, concerns: bool) -> str:
    """What was seen, in words; of scores that are there already, whether they agree with the answers."""
    sentence = FINDINGS[code].capitalize()
    if code == "recorded_scores":
        sentence += (
            ", and differ from the answers in some rows" if concerns else ", and agree with the answers"
        )
    return sentence


def _title(id: str) -> str:
    try:
        return find_instrument(id).title
    except UnknownNameError:  # a custom definition
        return id
