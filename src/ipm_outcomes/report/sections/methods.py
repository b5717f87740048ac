"""How the figures came about: small numbers, choices, intervals, rules and sources with their evidence, versions."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from typing import Any

from ipm_outcomes.report._facts import EVIDENCE, facts_of
from ipm_outcomes.report._page import Section
from ipm_outcomes.report._program import ALL, Figure, Program
from ipm_outcomes.report._wording import Wording, reliable_words
from ipm_outcomes.report._words import NONE, listed

_MISSING = {
    "complete_case": "counted among those observed",
    "not_met": "those without a follow-up count as not met",
    "not_needed": "nothing can be missing",
}


def sections(words: Wording) -> Iterator[Section]:
    """The section; every report has it."""
    program = words.program
    instruments = list({scale.instrument.id: scale.instrument for scale in program.scales}.values())
    facts = {instrument.id: list(facts_of(program, instrument)) for instrument in instruments}
    doubtful = [row.title for row in _definitions(program) if "unverified" in _marks(program, row)]
    methods = (row.method for row in program.rows.values() if row.method and row.method != "count")
    values = {
        "policy": program.policy,
        "program": program,
        "reliable": [reliable_words(name) for name in program.reliable_methods],
        "intervals": list(dict.fromkeys(methods)),
        "instruments": [
            [
                instrument.title,
                instrument.edition,
                instrument.measures,
                instrument.recall or NONE,
                instrument.digest[:12],
            ]
            for instrument in instruments
        ],
        "notices": [instrument.notice for instrument in instruments if instrument.notice],
        "facts": [(instrument.title, rows) for instrument in instruments if (rows := facts[instrument.id])],
        "unverified": [
            *(
                f"{fact}, {value}"
                for rows in facts.values()
                for fact, value, evidence, _ in rows
                if evidence == EVIDENCE["unverified"]
            ),
            *doubtful,
        ],
        "versions": list(_versions()),
        **_indicators(program),
    }
    yield Section("methods", "methods", values)
    yield Section("sources", "methods_all", values, appendix=True)


def _indicators(program: Program) -> dict[str, Any]:
    """The rules of each indicator; what several of them say is above the table, once."""
    rows = _definitions(program)
    sentences = {
        row.definition: re.split(r"(?<=[.;]) (?=[A-Z])", row.notes) if row.notes else [] for row in rows
    }
    times = Counter(sentence for sentences in sentences.values() for sentence in dict.fromkeys(sentences))
    shared = [sentence for sentence, n in times.items() if n > 1]
    cites = Counter(row.source for row in rows)
    sources = [cite for cite, n in cites.items() if n > 1]
    body = []
    for row in rows:
        own = [sentence for sentence in sentences[row.definition] if sentence not in shared]
        rules = [
            str(place + 1)
            for place in sorted(
                shared.index(sentence) for sentence in sentences[row.definition] if sentence in shared
            )
        ]
        if rules:
            own.insert(0, f"{'Rule' if len(rules) == 1 else 'Rules'} {listed(rules)}.")
        body.append(
            [
                row.title,
                " ".join(own) or NONE,
                _MISSING.get(row.missing, row.missing),
                "; ".join(EVIDENCE.get(mark, mark) for mark in _marks(program, row)),
                f"Source {_letter(sources.index(row.source))}" if row.source in sources else row.source,
            ]
        )
    return {"shared_rules": shared, "shared_sources": sources, "indicators": body}


def _letter(number: int) -> str:
    """A, B ... Z, AA: as lists in HTML are lettered."""
    return ("" if number < 26 else _letter(number // 26 - 1)) + chr(ord("A") + number % 26)


def _definitions(program: Program) -> list[Figure]:
    first_rows: dict[str, Figure] = {}
    for row in program.rows.values():
        # What these data cannot carry is no figure of the report.
        if row.group == ALL and row.definition and (row.denominator is not None or row.hidden or row.record):
            first_rows.setdefault(row.definition, row)
    return list(first_rows.values())


def _marks(program: Program, of: Figure) -> list[str]:
    """The evidence of an indicator: that of what decides may differ from scale to scale."""
    return list(
        dict.fromkeys(
            row.evidence
            for row in program.rows.values()
            if row.group == ALL and row.definition == of.definition
        )
    )


def _versions() -> Iterator[str]:
    from importlib.metadata import version

    from ipm_outcomes._version import __version__

    yield f"ipm-outcomes {__version__}"
    yield from (
        f"{name} {version(name)}" for name in ("numpy", "scipy", "narwhals", "altair", "vl-convert-python")
    )
