"""The methods section: rules, sources with the strength of their evidence, versions."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

from ipm_outcomes.change._constants import has_standard_errors, weakest_mark
from ipm_outcomes.change._sentence import of_limits
from ipm_outcomes.change._verdict import published_limits
from ipm_outcomes.definition import Cutoff, Instrument, Scale
from ipm_outcomes.report._page import Page, items, numbered, paragraph, topic
from ipm_outcomes.report._program import ALL, Program, Row
from ipm_outcomes.report._words import listed
from ipm_outcomes.stats.arguments import normal_quantile

_EVIDENCE = {
    "2+": "read in the original or in two sources",
    "1": "read in one source",
    "derived": "by arithmetic or definition",
    "unverified": "not verified",
}
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


_SCORING = {
    "sum": "sum of the answers",
    "mean": "mean of the answers",
    "table": "sum of the answers, then a table",
    "counts": "by counts of the answers",
    "weighted": "weighted sum of other scores",
    "quotient": "a share of the answers",
    "utility": "multiplicative utility of other scores",
}
_CONSTANTS = {"mean": "mean", "sd": "standard deviation"}


_RELIABLE = {
    "standard_errors": "the standard errors of the two scores",
    "published_error": "the largest published measurement error of the scale",
    "jacobson_truax": "the index of Jacobson and Truax",
}


def reliable_words(method: str) -> str:
    """A method of reliable change in words."""
    return _RELIABLE.get(method, method.replace("_", " "))


def methods(page: Page, program: Program) -> None:
    """Write the section."""
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
            if (facts := list(_facts(program, one)))
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
                "; ".join(_EVIDENCE.get(mark, mark) for mark in _marks(program, row)),
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


def _facts(program: Program, of: Instrument) -> Iterator[tuple[str, str, str, str]]:
    for one in (shown for group in program.domains.values() for shown in group if shown.instrument is of):
        cites = {source.key: source.cite for source in one.instrument.sources}

        def told(keys: tuple[str, ...], cites: dict[str, str] = cites) -> str:
            return "; ".join(cites.get(key, key) for key in keys)

        title, scale = one.scale.title, one.scale
        yield f"{title}: scoring", _SCORING[scale.kind], _EVIDENCE.get(scale.evidence, ""), told(scale.source)
        if scale.conversion is not None:
            fact = scale.conversion
            yield f"{title}: table", "raw score to score", _EVIDENCE.get(fact.evidence, ""), told(fact.source)
        for rule in scale.missing:
            value = "none may be missing" if rule.at_most == 0 else f"up to {rule.at_most} may be missing"
            name = f"{title}: missing answers, {rule.id.replace('_', ' ')}"
            yield name, value, _EVIDENCE.get(rule.evidence, ""), told(rule.source)
        for constant in scale.constants if scale.kind == "table" else ():
            if constant.kind in ("mean", "sd"):
                yield (
                    f"{title}: {_CONSTANTS[constant.kind]} of {constant.population}",
                    f"{constant.value:f}",
                    _EVIDENCE.get(constant.evidence, ""),
                    told(constant.source),
                )
        for threshold in scale.thresholds:
            value = {
                "percent": f"{threshold.value:f} %",
                "points": f"{threshold.value:f} {'point' if threshold.value == 1 else 'points'}",
                "below": f"below {threshold.value:f}",
            }[threshold.kind]
            yield (
                f"{title}: {threshold.meaning}",
                value,
                _EVIDENCE.get(threshold.evidence, ""),
                told(threshold.source),
            )
        yield from _errors(one.instrument, scale)
        if scale.bands is not None:
            value = "; ".join(bands(scale))
            yield f"{title}: bands", value, _EVIDENCE.get(scale.bands.evidence, ""), told(scale.bands.source)
        for cutoff in scale.cutoffs:
            yield (
                f"{title}: cut-off, {cutoff.meaning}",
                _side(scale, cutoff, patients=True),
                _EVIDENCE.get(cutoff.evidence, ""),
                told(cutoff.source),
            )


def _errors(of: Instrument, scale: Scale) -> Iterator[tuple[str, str, str, str]]:
    """The published measurement errors that decide reliable change, but for those that are thresholds themselves
    and those that stand in the table of scores.
    """
    limits = () if has_standard_errors(scale) else published_limits(of, scale, normal_quantile(0.95))
    for limit in limits:
        if not limit.reached:
            bound = f"{limit.value:.2f} points"
            yield (
                f"{scale.title}: measurement error of one patient's change, by {of_limits((limit,))}",
                f"{bound} or more, not known how much" if limit.at_least else f"change of more than {bound}",
                _EVIDENCE.get(weakest_mark(figure.evidence for figure in limit.figures) or "", ""),
                "; ".join(dict.fromkeys(cited for figure in limit.figures for cited in figure.sources)),
            )


def bands(scale: Scale) -> list[str]:
    """The bands of a scale in words that leave no value between two of them or in both."""
    if scale.bands is None:
        return []
    told = []
    last = len(scale.bands.of) - 1
    for at, band in enumerate(scale.bands.of):
        low, high = f"{band.low:f}", f"{band.high:f}"
        if scale.kind == "sum":
            reach = low if low == high else f"{low} to {high}"
        elif scale.bands.edge == "upper":
            reach = f"{low} to {high}" if at == last else f"{low} to below {high}"
        else:
            reach = f"{low} to {high}" if at == 0 else f"above {low} to {high}"
        told.append(f"{band.label} {reach}")
    return told


def _side(scale: Scale, cutoff: Cutoff, *, patients: bool) -> str:
    """The scores on one side of a cut-off: that of patients, or that of the others."""
    up = (scale.worse == "higher") == patients
    if cutoff.including == patients:
        return f"{cutoff.value:f} or {'above' if up else 'below'}"
    return f"{'above' if up else 'below'} {cutoff.value:f}"


def cutoff_words(scale: Scale, id: str, value: float) -> str:
    """Where a patient must be to have recovered, and by which cut-off."""
    for cutoff in scale.cutoffs:
        if cutoff.id == id and float(cutoff.value) == value:
            return f"{_side(scale, cutoff, patients=False)}; cut-off: {cutoff.meaning}"
    # A cut-off of the caller's: an equal score is on neither side.
    return f"{'below' if scale.worse == 'higher' else 'above'} {value:g}; cut-off: given for this analysis"


def _unverified(program: Program) -> str:
    facts = [
        f"{fact}, {value}"
        for instrument in _instruments(program)
        for fact, value, evidence, _ in _facts(program, instrument)
        if evidence == _EVIDENCE["unverified"]
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
