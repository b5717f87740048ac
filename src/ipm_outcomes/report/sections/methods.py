"""How the figures came about: small numbers, choices, intervals, rules and sources with their evidence, versions."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

from ipm_outcomes.definition import Instrument
from ipm_outcomes.report._facts import EVIDENCE, facts_of
from ipm_outcomes.report._page import Page, Section, items, numbered, paragraph, topic
from ipm_outcomes.report._program import ALL, Program, Row
from ipm_outcomes.report._wording import Wording, reliable_words
from ipm_outcomes.report._words import listed

_POLICIES = {
    "cms": (
        "Counts of 1 to 10 are not shown (cell size policy of the US Centers for Medicare & Medicaid "
        "Services), nor is "
        "anything from which one could be worked out: rates, complements, totals and points of "
        "charts. Zero is shown."
    ),
    "nhs": (
        "Counts below 5 are not shown, others are rounded to the nearest 5, rates are worked out "
        "before rounding and shown in "
        "whole percent (rules of NHS England's dashboards). Nothing is shown from which a hidden "
        "count could be worked out."
    ),
    "none": (
        "Small counts are shown as they are: this report is for use inside the program only and must "
        "not be passed on."
    ),
}


_MISSING = {
    "complete_case": "counted among those observed",
    "not_met": "those without a follow-up count as not met",
    "not_needed": "nothing can be missing",
}


def sections(words: Wording) -> Iterator[Section]:
    """The section; every report has it."""
    yield Section("methods", "Methods, sources and versions", methods)


def methods(page: Page, words: Wording) -> None:
    """Write the section."""
    program = words.program
    page.add(
        "<h3>Small numbers</h3>",
        paragraph(_POLICIES[program.policy]),
        topic("Choices", items(list(_choices(program)))),
        topic("Intervals", items(list(_intervals(program)))),
        topic(
            "Instruments",
            page.table(
                "Instruments in this report",
                ["Instrument", "Edition", "Measures", "Recall", "Definition (SHA-256)"],
                [
                    [one.title, one.edition, one.measures, one.recall or "–", one.digest[:12]]
                    for one in _instruments(program)
                ],
            ),
            items([one.notice for one in _instruments(program) if one.notice]),
        ),
        topic("Indicators: rules and sources", *_indicators(page, program)),
        *(
            topic(
                f"{one.title}: thresholds, bands and cut-offs",
                page.table(
                    f"{one.title}: facts that decide, with their evidence",
                    ["Fact", "Value", "Evidence", "Source"],
                    [list(row) for row in facts],
                ),
            )
            for one in _instruments(program)
            if (facts := list(facts_of(program, one)))
        ),
        topic("What is not verified", _unverified(program)),
        topic("Versions", items(list(_versions()))),
    )


def _indicators(page: Page, program: Program) -> Iterator[str]:
    """The rules of each indicator; what several of them say stands above the table, once."""
    rows = _definitions(program)
    told = {row.definition: re.split(r"(?<=[.;]) (?=[A-Z])", row.notes) if row.notes else [] for row in rows}
    times = Counter(sentence for sentences in told.values() for sentence in dict.fromkeys(sentences))
    shared = [sentence for sentence, n in times.items() if n > 1]
    cites = Counter(row.source for row in rows)
    sources = [cite for cite, n in cites.items() if n > 1]
    if shared:
        yield paragraph("Rules of several indicators, by the numbers in the table:")
        yield numbered(shared)
    if sources:
        yield paragraph("Sources of several indicators, by the letters in the table:")
        yield numbered(sources, letters=True)
    body = []
    for row in rows:
        own = [sentence for sentence in told[row.definition] if sentence not in shared]
        at = sorted(shared.index(sentence) for sentence in told[row.definition] if sentence in shared)
        rules = [str(number + 1) for number in at]
        who = " ".join([*([f"Rule {listed(rules)}."] if len(rules) == 1 else []), *own])
        if len(rules) > 1:
            who = " ".join([f"Rules {listed(rules)}.", *own])
        body.append(
            [
                row.title,
                who or "–",
                _MISSING.get(row.missing, row.missing),
                "; ".join(EVIDENCE.get(mark, mark) for mark in _marks(program, row)),
                f"Source {_letter(sources.index(row.source))}" if row.source in sources else row.source,
            ]
        )
    yield page.table(
        "Rules and sources of the indicators",
        ["Indicator", "Who is counted", "Without follow-up", "Evidence", "Source"],
        body,
    )


def _letter(at: int) -> str:
    """A, B ... Z, AA: as lists in HTML are lettered."""
    return ("" if at < 26 else _letter(at // 26 - 1)) + chr(ord("A") + at % 26)


def _instruments(program: Program) -> list[Instrument]:
    return list(
        {one.instrument.id: one.instrument for group in program.domains.values() for one in group}.values()
    )


def _choices(program: Program) -> Iterator[str]:
    yield f"Main follow-up: {program.target}; follow-ups in the data: {listed(program.targets) or 'none'}."
    for baseline, follow in program.picks:
        yield (
            "Of several questionnaires in the window around the start the choice was "
            f"“{baseline.replace('_', ' ')}”; in the "
            f"follow-up window “{follow.replace('_', ' ')}”. A score is never paired across episodes of care."
        )
    if program.as_of is not None and program.as_of_given:
        yield f"The data are complete up to {program.as_of.isoformat()}; windows still open on that day are not judged."
    else:
        yield "No as-of date was given; the day of the last score in the data is taken for the charts over time."
    yield "Improvement is turned so that above 0 is better, whichever way the scale runs."
    yield (
        "An important change and the percent lines are reached at equality; a reliable change lies beyond its limit, "
        "but an index that is published in whole points is reached at equality. All is decided on exact numbers "
        "before anything is rounded. A baseline of 0 has no percent change and counts as not improved by percent; "
        "T-scores have none at all."
    )
    if program.reliable_methods:
        names = listed([reliable_words(name) for name in program.reliable_methods])
        yield f"Reliable change (more than measurement error) by: {names}."
    yield (
        "Patients without a follow-up are in no mean. Shares are of those followed, unless a figure says of whom it "
        "is; the bounds say what the share would be if none, or all who could, of the others had counted. These "
        "data alone cannot say whether care caused the change."
    )
    if program.size:
        yield (
            f"In charts over time a patient belongs to the {program.size} of the first questionnaire (the baseline)."
        )
    yield "Site funnels: exact binomial limits around the program's share (Spiegelhalter, Stat Med 2005;24:1185-1202)."
    yield (
        "Run chart: signals by the rules of Anhoej and Olesen, PLoS One 2014;9:e113825. Control "
        "chart (p): 3-sigma limits and the "
        "rules of NHS England, Making Data Count."
    )


def _intervals(program: Program) -> Iterator[str]:
    methods = dict.fromkeys(
        row.method for row in program.rows.values() if row.method and row.method != "count"
    )
    told = {
        "wilson": "shares: Wilson, JASA 1927;22:209-212",
        "student t": "means: Student's t",
        "ratio of sums, linearized, student t": "ratios of two sums, such as visits kept of those planned: Student's t "
        "over episodes of care, as visits of one patient belong together (Cochran 1977)",
        "adjusted wald": "Net Promoter Score: adjusted Wald (Rocks, Am Stat 2016;70:365-372)",
    }
    for name in methods:
        yield f"{100 * program.level:g} % intervals for {told.get(name, name)}."
    yield "Numbers are rounded once, for display, half away from zero."


def _definitions(program: Program) -> list[Row]:
    found: dict[str, Row] = {}
    for row in program.rows.values():
        # What these data cannot carry is no figure of the report.
        if row.group == ALL and row.definition and (row.denominator is not None or row.hidden):
            found.setdefault(row.definition, row)
    return list(found.values())


def _marks(program: Program, of: Row) -> list[str]:
    """The evidence of an indicator: that of what decides may differ from scale to scale."""
    return list(
        dict.fromkeys(
            row.evidence
            for row in program.rows.values()
            if row.group == ALL and row.definition == of.definition
        )
    )


def _unverified(program: Program) -> str:
    facts = [
        f"{fact}, {value}"
        for instrument in _instruments(program)
        for fact, value, evidence, _ in facts_of(program, instrument)
        if evidence == EVIDENCE["unverified"]
    ]
    facts += [row.title for row in _definitions(program) if "unverified" in _marks(program, row)]
    if not facts:
        return paragraph(
            "Every threshold, band, cut-off and rule listed here was read in at least one source."
        )
    return paragraph(
        "These were not verified in their sources; read figures that rest on them with care:"
    ) + items(facts)


def _versions() -> Iterator[str]:
    from importlib.metadata import version

    from ipm_outcomes._version import __version__

    yield f"ipm-outcomes {__version__}"
    yield from (
        f"{name} {version(name)}" for name in ("numpy", "scipy", "narwhals", "altair", "vl-convert-python")
    )
