"""The methods section: rules, sources with the strength of their evidence, versions."""

from __future__ import annotations

from collections.abc import Iterator

from ipm_outcomes.definition import Instrument
from ipm_outcomes.report._page import Page, items, paragraph
from ipm_outcomes.report._program import ALL, Program, Row
from ipm_outcomes.report._words import listed

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


def methods(page: Page, program: Program) -> None:
    """Write the section."""
    page.add(
        "<h3>Small numbers</h3>",
        paragraph(_POLICIES[program.policy]),
        "<h3>Choices</h3>",
        items(list(_choices(program))),
        "<h3>Intervals</h3>",
        items(list(_intervals(program))),
        "<h3>Measures</h3>",
        page.table(
            "Instruments in this report",
            ["Instrument", "Edition", "Measures", "Recall", "Definition (SHA-256)"],
            [
                [one.title, one.edition, one.measures, one.recall or "–", one.digest[:12]]
                for one in _instruments(program)
            ],
        ),
        items([one.notice for one in _instruments(program) if one.notice]),
        "<h3>Indicators</h3>",
        page.table(
            "Rules and sources of the indicators",
            ["Indicator", "Who is counted", "Without follow-up", "Evidence", "Source"],
            [
                [
                    row.title,
                    row.notes or "–",
                    _MISSING.get(row.missing, row.missing),
                    _EVIDENCE.get(row.evidence, row.evidence),
                    row.source,
                ]
                for row in _definitions(program)
            ],
        ),
        "<h3>Thresholds and sources of the measures</h3>",
        page.table(
            "Facts that decide, with their evidence",
            ["Fact", "Value", "Evidence", "Source"],
            [list(row) for row in _facts(program)],
        ),
        "<h3>What is not verified</h3>",
        _unverified(program),
        "<h3>Versions</h3>",
        items(list(_versions())),
    )


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
        "Thresholds are inclusive and decided on exact numbers before anything is rounded. A "
        "baseline of 0 has no percent "
        "change; T-scores have none at all."
    )
    if program.reliable_methods:
        names = listed(
            [
                name.replace("_", " ").replace("jacobson truax", "Jacobson and Truax")
                for name in program.reliable_methods
            ]
        )
        yield f"Reliable change (more than measurement error) by: {names}."
    yield (
        "Patients without a follow-up are in no mean. Shares are of those followed; the bounds say "
        "what the share would be if "
        "none, or all, of the others had counted. These data alone cannot say whether care caused the change."
    )
    yield "In charts over time a patient belongs to the month of the first questionnaire (the baseline)."
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
        "adjusted wald": "Net Promoter Score: adjusted Wald (Rocks, Am Stat 2016;70:365-372)",
    }
    for name in methods:
        yield f"{100 * program.level:g} % intervals for {told.get(name, name)}."
    yield "Numbers are rounded once, for display, half away from zero."


def _definitions(program: Program) -> list[Row]:
    found: dict[str, Row] = {}
    for row in program.rows.values():
        if row.group == ALL and row.definition:
            found.setdefault(row.definition, row)
    return list(found.values())


def _facts(program: Program) -> Iterator[tuple[str, str, str, str]]:
    for one in (shown for group in program.domains.values() for shown in group):
        cites = {source.key: source.cite for source in one.instrument.sources}

        def told(keys: tuple[str, ...], cites: dict[str, str] = cites) -> str:
            return "; ".join(cites.get(key, key) for key in keys)

        title, scale = one.scale.title, one.scale
        for threshold in scale.thresholds:
            unit = {"percent": " %", "points": " points", "below": ""}[threshold.kind]
            value = f"{'below ' if threshold.kind == 'below' else ''}{threshold.value:f}{unit}"
            yield (
                f"{title}: {threshold.meaning}",
                value,
                _EVIDENCE.get(threshold.evidence, ""),
                told(threshold.source),
            )
        if scale.bands is not None:
            value = ", ".join(f"{band.label} {band.low:f}–{band.high:f}" for band in scale.bands.of)
            yield f"{title}: bands", value, _EVIDENCE.get(scale.bands.evidence, ""), told(scale.bands.source)
        for cutoff in scale.cutoffs:
            yield (
                f"{title}: cut-off, {cutoff.meaning}",
                f"{cutoff.value:f}",
                _EVIDENCE.get(cutoff.evidence, ""),
                told(cutoff.source),
            )


def _unverified(program: Program) -> str:
    facts = [
        f"{fact}, {value}"
        for fact, value, evidence, _ in _facts(program)
        if evidence == _EVIDENCE["unverified"]
    ]
    facts += [row.title for row in _definitions(program) if row.evidence == "unverified"]
    if not facts:
        return paragraph("Every threshold, band and rule used here was read in at least one source.")
    return paragraph(
        "These were not verified in their sources; read figures that rest on them with care:"
    ) + items(facts)


def _versions() -> Iterator[str]:
    from importlib.metadata import version

    from ipm_outcomes import __version__

    yield f"ipm-outcomes {__version__}"
    yield from (
        f"{name} {version(name)}" for name in ("numpy", "scipy", "narwhals", "altair", "vl-convert-python")
    )
