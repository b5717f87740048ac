"""The summary of a program's scores as readable text or Markdown."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from fractions import Fraction

from ipm_outcomes.catalog import instrument as find_instrument
from ipm_outcomes.definition import Instrument
from ipm_outcomes.errors import number_of
from ipm_outcomes.frames._blank import in_words
from ipm_outcomes.frames._findings import Finding
from ipm_outcomes.report._layout import MARKDOWN, PLAIN, Layout
from ipm_outcomes.report._words import percent
from ipm_outcomes.report.changes import INSIDE, change_parts
from ipm_outcomes.report.summary import FlagSummary, Promoters, ScaleSummary, Summary, WrongCell, summarize

REASONS = {
    "no_answers": "no item answered",
    "too_few_answers": "too few answered",
    "component_absent": "a component is missing",
    "not_applicable": "not asked of them",
    "undefined_quotient": "a share of nothing",
    "beyond_range": "answers to be checked",
}
"""Short words for the codes of the reasons why there is no score."""

SHOWN_CELLS = 20
"""How many wrong cells the report names one by one."""


def as_text(summary: Summary) -> str:
    """The summary as plain text, for a terminal or a text file.

    Parameters
    ----------
    summary
        What `summarize` gives.

    Returns
    -------
    str
        Lines that end in a line feed; labels from data are shown without control characters.

    >>> import polars as pl
    >>> from ipm_outcomes import frames
    >>> data = pl.DataFrame({"nps_recommend": [9, 10, 4]})
    >>> print(as_text(summarize(frames.tidy(data, "nps"))).splitlines()[0])
    Summary of patient-reported outcomes, for use inside the program: small counts are not suppressed
    """
    return _rendered(summary, PLAIN)


def as_markdown(summary: Summary) -> str:
    """The summary as Markdown with pipe tables; labels from data are escaped.

    Parameters
    ----------
    summary
        What `summarize` gives.

    Returns
    -------
    str
        A Markdown document.

    >>> import polars as pl
    >>> from ipm_outcomes import frames
    >>> data = pl.DataFrame({"nps_recommend": [9, 10, 4]})
    >>> print(as_markdown(summarize(frames.tidy(data, "nps"))).splitlines()[0])
    # Summary of patient-reported outcomes, for use inside the program: small counts are not suppressed
    """
    return _rendered(summary, MARKDOWN)


def _rendered(summary: Summary, layout: Layout) -> str:
    title, escape = layout.title, layout.escape
    parts = [title(f"Summary of patient-reported outcomes, {INSIDE}", 1), *_head(summary, layout)]
    for instrument in summary.instruments:
        parts.append(title(escape(f"{instrument.title} ({instrument.id})"), 2))
        parts += _instrument_parts(summary, instrument, layout)
    for finding in summary.findings:
        if finding.argument == "coding" and finding.instrument:
            instrument = find_instrument(finding.instrument)
            parts += [
                title(escape(f"{instrument.title} ({instrument.id})"), 2),
                escape(f"CODING: {finding.withheld}"),
            ]
    if summary.changes is not None:
        parts += change_parts(summary.changes, layout, summary.as_of)
    parts += [title("How to read this", 2), *map(escape, _notes(summary))]
    return "\n\n".join(part for part in parts if part) + "\n"


def findings_table(findings: Iterable[Finding], layout: Layout) -> str:
    """Findings in columns, with the option of the command line that settles each."""
    rows = [
        [
            finding.finding,
            finding.instrument or "",
            layout.escape(finding.where),
            f"{finding.rows} of {finding.of}",
            layout.escape(finding.seen),
            layout.escape(finding.option or ""),
        ]
        for finding in findings
    ]
    return layout.table(
        [["finding", "instrument", "where", "rows", "what was seen", "what settles it"], *rows]
    )


def _head(summary: Summary, layout: Layout) -> list[str]:
    table, escape = layout.table, layout.escape
    facts = [
        f"{value} {name}" if isinstance(value, int) else f"{name} {value}"
        for name, value in summary.facts.items()
    ]
    counted = [number_of(summary.rows, "row")]
    if summary.blank_rows:
        counted = [f"{number_of(summary.rows, 'row')} with answers", in_words(summary.blank_rows)]
    parts = [escape("; ".join([*counted, *facts]) + ".")]
    # What was scored is what follows, and blank rows are in the line above.
    if open_findings := [
        finding for finding in summary.findings if finding.finding not in ("instrument_found", "blank_rows")
    ]:
        parts.append(findings_table(open_findings, layout))
    if summary.wrong is None:
        return parts
    if not summary.wrong:
        # Where the coding of an instrument is open, its cells are not known to be answers.
        doubtful = any(finding.argument == "coding" for finding in summary.findings)
        return parts if doubtful else [*parts, "Every cell is an answer, or empty."]
    columns = summary.wrong_by_column()
    rows = len({cell.row for cell in summary.wrong})
    parts.append(
        escape(
            f"WRONG CELLS: {len(summary.wrong)} in {number_of(rows, 'row')} that are no answers. They are taken as not "
            "answered below. Correct them at the source."
        )
    )
    parts.append(table([["column", "wrong cells"], *([escape(name), str(n)] for name, n in columns.items())]))
    listed = [
        [str(c.row), "" if c.line is None else str(c.line), escape(c.column), escape(c.message)]
        for c in summary.wrong[:SHOWN_CELLS]
    ]
    parts.append(table([["row (from 0)", "line", "column", "what is wrong"], *listed]))
    if len(summary.wrong) > SHOWN_CELLS:
        parts.append(escape(f"and {len(summary.wrong) - SHOWN_CELLS} more: ipm-outcomes check lists all."))
    return parts


def _instrument_parts(summary: Summary, instrument: Instrument, layout: Layout) -> list[str]:
    table, escape = layout.table, layout.escape
    scales = [s for s in summary.scales if s.instrument == instrument.id]
    if not scales:
        return ["No rows."]
    split = [role for role in ("visit", "site") if getattr(scales[0], role) is not None]

    def place(figure: ScaleSummary | FlagSummary) -> list[str]:
        return [escape(getattr(figure, role)) for role in split]

    reasons = sorted({reason for s in scales for reason in s.withheld}, key=list(REASONS).index)
    header = ["scale", *split, "rows", "answered", "scored", *(REASONS[r] for r in reasons)]
    header += ["mean", "SD", "lowest", "highest"]
    body = [
        [
            s.scale,
            *place(s),
            *map(str, (s.rows, s.answered, s.scored)),
            *(str(s.withheld.get(r, 0)) for r in reasons),
        ]
        + [_number(x) for x in (s.mean, s.sd, s.lowest, s.highest)]
        for s in sorted(scales, key=lambda s: instrument.scale_ids.index(s.scale))
    ]
    parts = [table([header, *body])]
    for scale in instrument.scales:
        mine = [s for s in scales if s.scale == scale.id and s.bands]
        if mine:
            header = [f"bands of {scale.id}", *split, *(escape(word) for word, _ in mine[0].bands)]
            rows = [["", *place(s), *(_share(n, s.scored) for _, n in s.bands)] for s in mine]
            parts.append(table([header, *rows]))
    promoters = [s for s in scales if s.promoters]
    if promoters:
        header = ["Net Promoter Score", *split, "promoters", "passives", "detractors", "score", "interval"]
        parts.append(
            table(
                [header, *(["", *place(s), *_promoter_cells(s.promoters)] for s in promoters if s.promoters)]
            )
        )
    flagged = [f for f in summary.flags if f.instrument == instrument.id]
    if flagged:
        rows = [[escape(f.title), *place(f), *map(str, (f.rows, f.raised, f.unanswered))] for f in flagged]
        parts.append(table([["flag", *split, "rows", "raised", "question not answered"], *rows]))
    return parts


def _promoter_cells(promoters: Promoters) -> list[str]:
    counts = [str(promoters.promoters), str(promoters.passives), str(promoters.detractors)]
    if promoters.score is None or promoters.lower is None or promoters.upper is None:
        return [*counts, "-", "-"]
    return [*counts, f"{promoters.score:+.1f}", f"{promoters.lower:+.1f} to {promoters.upper:+.1f}"]


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f}"


def _share(count: int, of: int) -> str:
    return f"{count} ({percent(Fraction(count, of), 0)})" if of else "0"


def _notes(summary: Summary) -> list[str]:
    reasons = {reason for scale in summary.scales for reason in scale.withheld}
    notes = [
        "Every row of the data with an answer counts, also the second form of a patient. rows: those of the group; "
        "answered: rows with at "
        "least one item of the scale answered; scored: rows with a score; the columns after it say why "
        "the other rows have "
        "none; SD: sample standard deviation of the scores. Percentages are of the scored rows.",
        f"Missing rule: {summary.missing}"
        + (" (the first and strictest rule of each scale)." if summary.missing == "default" else "."),
    ]
    if reasons & {"component_absent"}:
        notes.append("A component is missing: a summary score needs every scale that it is made of.")
    levels = {(s.promoters.level, s.promoters.method) for s in summary.scales if s.promoters}
    notes += [
        f"Net Promoter Score: percent promoters less percent detractors of those who answered; interval at "
        f"{100 * level:g} %, {method.replace('_', ' ').replace('wald', 'Wald')}."
        for level, method in sorted(levels)
    ]
    flags = {
        (instrument.id, flag.id): flag for instrument in summary.instruments for flag in instrument.flags
    }
    for key in dict.fromkeys((f.instrument, f.flag) for f in summary.flags):
        notes.append(
            f"{flags[key].title}: raised from answer {flags[key].raised_from}. {flags[key].sentence}"
        )
    if weak := [place for instrument in summary.instruments for place in _unverified(instrument, summary)]:
        notes.append(f"Written from general knowledge, not yet read in a source: {'; '.join(weak)}.")
    notes += [
        f"{instrument.title}, {instrument.edition}. {instrument.notice or ''}".strip()
        for instrument in summary.instruments
    ]
    from ipm_outcomes._version import __version__

    return [*notes, f"Made with ipm-outcomes {__version__}."]


def _unverified(instrument: Instrument, summary: Summary) -> Iterator[str]:
    shown = {s.scale for s in summary.scales if s.instrument == instrument.id}
    for scale in instrument.scales:
        if scale.id not in shown:
            continue
        rule = None if summary.missing == "default" else summary.missing
        parts = {
            "scoring": scale,
            "bands": scale.bands,
            "missing rule": scale.rule(rule),
            "table": scale.conversion,
        }
        for name, part in parts.items():
            if part is not None and part.evidence == "unverified":
                yield f"{name} of {instrument.id} {scale.id}"
        if any(instrument.answers_of(item).evidence == "unverified" for item in scale.items):
            yield f"answers of {instrument.id} {scale.id}"
        for band in scale.bands.of if scale.bands else ():
            if band.evidence == "unverified":
                yield f"band {band.label} of {instrument.id} {scale.id}"


__all__ = [
    "FlagSummary",
    "Promoters",
    "ScaleSummary",
    "Summary",
    "WrongCell",
    "as_markdown",
    "as_text",
    "summarize",
]
