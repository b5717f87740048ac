"""The main job: ``report``, from a file of answers to a summary that a person reads."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date as calendar_date
from pathlib import Path
from typing import Any, Literal

import numpy as np

from ipm_outcomes import frames, program
from ipm_outcomes import report as program_report
from ipm_outcomes.catalog import instrument as find_instrument
from ipm_outcomes.cli._change import (
    Pairing,
    as_of,
    changes_of_scores,
    dated_scores,
    episodes_of,
    rows_with_answers,
    table_of,
)
from ipm_outcomes.cli._codes import FINE, PROBLEMS
from ipm_outcomes.cli._options import Items, Output, Plan, Reading, column_of, plan
from ipm_outcomes.cli._output import output_kind, write_text
from ipm_outcomes.cli._print import progress, tell
from ipm_outcomes.cli._records import Records
from ipm_outcomes.cli._score import File, count_of, tell_findings, tidy_scores, without_invalid
from ipm_outcomes.errors import ParameterError, ProtectionWarning, did_you_mean
from ipm_outcomes.frames._dates import DATED, read_dates
from ipm_outcomes.frames._findings import Finding, table
from ipm_outcomes.frames._frame import Frame
from ipm_outcomes.frames._items import ItemColumns
from ipm_outcomes.report.changes import summarize_changes
from ipm_outcomes.report.text import Summary, as_markdown, as_text, summarize

RENDERERS: dict[str, Callable[[Summary], str]] = {"": as_text, ".txt": as_text, ".md": as_markdown}
"""By the ending of the output's name; "" is standard output."""


def report(
    file: File,
    /,
    *,
    items: Items | None = None,
    reading: Reading | None = None,
    pairing: Pairing | None = None,
    records: Records | None = None,
    id: str | None = None,
    date: str | None = None,
    visit: str | None = None,
    site: str | None = None,
    title: str = "Program report",
    made_by: str | None = None,
    benchmarks: str | None = None,
    strata: str | None = None,
    policy: Literal["cms", "nhs", "none"] = "cms",
    ledger: str | None = None,
    record: str | None = None,
    output: Output = None,
) -> int:
    """Report on a program: scores by instrument and visit, and change where patients and dates are known.

    With an HTML output file: the program report, with indicators, sites and charts, under disclosure control.
    Wrong cells are counted, and taken as not answered.

    Parameters
    ----------
    file
        CSV, Parquet or SAS transport (.xpt); - for CSV from standard input.
    id
        Column of the patient; by default patient_id where the file has it.
    date
        Column of the date; by default date where the file has it.
    visit
        Column of the visit; by default visit where the file has it.
    site
        Column of the site: the summary is then split by site as well. In the HTML report by default site.
    title
        Heading of the HTML report.
    made_by
        Who made the HTML report, as its first page says it.
    benchmarks
        TOML file with targets and benchmarks, tables [[benchmark]] of name, value, year, source and
        same_definition_as, which is the indicator of the figure at which it is drawn.
    strata
        Column of groups of patients, such as race or language, by which the headline of the HTML report is shown too.
    policy
        Disclosure control of the HTML report: cms (cells of 1 to 10 hidden), nhs (below 5 hidden, the rest
        rounded), or none (for use inside the program only).
    ledger
        File with the earlier HTML reports of the program: the new one is protected together with them, and added. It
        is made where there is none, holds hidden counts, and stays with the data.
    record
        File for the data steward's record of the HTML report: what is hidden, and why.
    output
        HTML (.html; its figures are beside it in a file that ends in .tables.csv), text (.txt) or Markdown (.md)
        file; by default text to standard output.
    """
    pairs, beside = pairing or Pairing(), records or Records()
    pairs.rule()  # before anything is read
    how = reading or Reading()
    inputs = (file, pairs.episodes, how.mapping, *beside.files, benchmarks)
    ending = output_kind(output, (".html", *(name for name in RENDERERS if name)), inputs=inputs)
    beside_it = _tables_of(output) if output and ending == ".html" else None
    if beside_it is not None:
        output_kind(str(beside_it), (".csv",), inputs=inputs)
    kept = {"--ledger": ledger, "--record": record}
    for option, name in kept.items():
        if name is not None:
            if ending != ".html":
                raise ParameterError(
                    f"{option}: it is kept of HTML reports only; end the name of -o in .html"
                )
            output_kind(name, (Path(name).suffix.lower(),), inputs=inputs, option=option)
    beside.check(pairs.episodes)
    if beside.files and ending != ".html":
        raise ParameterError("records have a place in HTML reports only; end the name of -o in .html")
    source = how.answers(file, categories=True)
    names = source.frame.columns
    columns = {
        "id": column_of("--id", id, "patient_id", names),
        "date": column_of("--date", date, "date", names),
        "visit": column_of("--visit", visit, "visit", names),
        "site": column_of("--site", site, "site" if ending == ".html" else None, names),
    }
    named = [name for name in columns.values() if name]
    if len(set(named)) < len(named):
        raise ParameterError("--id, --date, --visit and --site must name different columns")
    work = plan(source, items or Items())
    groups = [columns["site"] or ("site" if "site" in names else None), columns["visit"]]
    findings = without_invalid(
        work.findings(
            id=columns["id"],
            date=columns["date"],
            by=[name for name in groups if name is not None],
            date_format=how.date_format,
        )
    )
    moved = any(finding.moves for finding in findings)
    if output is not None and ending == ".html":
        doubtful = _html(
            work,
            findings,
            pairs,
            beside,
            columns,
            how,
            {"title": title, "made_by": made_by, "benchmarks": benchmarks, "strata": strata},
            policy,
            kept,
            output,
        )
        return PROBLEMS if doubtful or moved else FINE
    changes, day = None, None
    sure = work.declared(findings)
    if columns["id"] and columns["date"] and sure.ids:
        table, day = table_of(sure, pairs, id=columns["id"], date=columns["date"], by=[], reading=how)
        changes = summarize_changes(table)
    summary = replace(_summary(work, findings, columns, how.date_format), changes=changes, as_of=day)
    write_text(RENDERERS[ending](summary), output)
    if summary.wrong and output is not None:
        tell(f"{count_of(len(summary.wrong))} taken as not answered; the head of the report says where")
    return PROBLEMS if summary.wrong or moved else FINE


def _html(
    work: Plan,
    findings: Sequence[Finding],
    pairing: Pairing,
    beside: Records,
    columns: dict[str, str | None],
    how: Reading,
    named: dict[str, str | None],
    policy: str,
    kept: dict[str, str | None],
    output: str,
) -> bool:
    """Write the HTML report; whether cells were wrong, or episodes have findings that could change a figure."""
    problems = work.problems()
    tell_findings(findings)
    work = work.declared(findings)
    if not work.ids:
        tell("nothing was written")
        return True
    site = columns["site"]
    flagged = _with_flags(work)
    flags = _flag_names(work)
    carried = replace(work, source=replace(work.source, frame=flagged))
    strata = named["strata"] if named["strata"] in work.source.frame.columns else None
    kept_columns = [name for name in (site, strata) if name]
    by = [*kept_columns, *([columns["visit"]] if columns["visit"] else [])]
    scores = dated_scores(
        carried,
        pairing,
        id=columns["id"],
        date=columns["date"],
        by=[*by, *flags],
        date_format=how.date_format,
    )
    episodes, of_episodes = episodes_of(work, pairing, how)
    if episodes is not None:
        of_episodes += work.episode_findings(episodes, [*by, columns["id"]])
        tell_findings(of_episodes)
    answers = scores.drop(*flags, *by[len(kept_columns) :])
    changes = changes_of_scores(answers, pairing, episodes, how.date_format)
    if named["strata"] is not None and named["strata"] not in changes.columns:
        near = did_you_mean(named["strata"], changes.columns)
        raise ParameterError(f"--strata: neither the file nor that of the episodes has this column{near}")
    groups = [site] if site else []
    day = as_of(scores, pairing)
    records = list(
        beside.tables(episodes, calendar_date.fromisoformat(day) if day else calendar_date.today(), how)
    )
    indicators = program.table(changes, by=groups, scores=scores, episodes=episodes, totals=bool(groups))
    with warnings.catch_warnings(record=True) as notices:
        warnings.simplefilter("always", ProtectionWarning)
        program_report.html(
            scores,
            changes,
            indicators,
            output,
            episodes=episodes,
            records=records,
            problems=problems,
            findings=_as_table(work, [*findings, *of_episodes]),
            title=named["title"] or "",
            made_by=named["made_by"],
            benchmarks=named["benchmarks"],
            strata=named["strata"],
            by=site or "site",
            policy=policy,
            as_of=day,
            tables=_tables_of(output),
            ledger=kept["--ledger"],
            record=kept["--record"],
        )
    for notice in notices:
        if isinstance(notice.message, ProtectionWarning):
            tell(str(notice.message))
        else:
            warnings.warn_explicit(notice.message, notice.category, notice.filename, notice.lineno)
    if len(problems):
        tell(f"{count_of(len(problems))} taken as not answered; the report counts them")
    return bool(len(problems)) or any(finding.moves for finding in of_episodes)


def _tables_of(output: str) -> Path:
    """The file of the figures of an HTML report."""
    return Path(output).with_suffix(".tables.csv")


def _as_table(work: Plan, findings: Sequence[Finding]) -> Any:
    """Findings as `frames.inspect` gives them, with options of the command line as what settles them."""
    import polars as pl

    return table(Frame(work.source.frame), findings).with_columns(
        settle=pl.Series([finding.option for finding in findings], dtype=pl.String)
    )


def _summary(
    work: Plan, findings: Sequence[Finding], columns: dict[str, str | None], date_format: str | None
) -> Summary:
    visit, site = columns["visit"], columns["site"]
    by = [name for name in (visit, site) if name]
    sure = work.declared(findings)
    frame, wrong = work.source.frame, sure.wrong()
    if not sure.ids:
        rows, facts = len(frame), _facts(frame, columns, date_format)
        return Summary(
            rows, facts, work.missing or "default", (), (), wrong=tuple(wrong), findings=tuple(findings)
        )
    scores = tidy_scores(sure, by)
    summary = summarize(
        scores,
        visit=visit,
        site=site,
        flags=_with_flags(sure).select([*by, *_flag_names(sure)]),
        wrong=wrong,
        facts=_facts(frame.filter(rows_with_answers(scores, len(frame))), columns, date_format),
        missing=work.missing,
    )
    return replace(summary, findings=tuple(findings))


def _flag_names(work: Plan) -> list[str]:
    """Columns of flags that scoring gives; with some scales only, the items of a flag may not be there."""
    flags = []
    for id in work.ids:
        names = ItemColumns(Frame(work.source.frame), id, **work.reading(id)).names
        flags += [f"{id}_flag_{flag.id}" for flag in find_instrument(id).flags if flag.item in names]
    return flags


def _with_flags(work: Plan) -> Any:
    """The file with the columns of flags of all instruments that have any, and no other column added."""
    frame = work.source.frame
    names = _flag_names(work)
    for id in work.ids:
        if find_instrument(id).flags:
            with progress(f"flags of {id}", len(frame)) as done:
                scored = frames.score(
                    frame, id, invalid="null", replace=True, progress=done, **work.reading(id)
                )
            frame = frame.with_columns(scored[name] for name in names if name.startswith(f"{id}_flag_"))
    return frame


def _facts(frame: Any, columns: dict[str, str | None], date_format: str | None) -> dict[str, int | str]:
    """What the head of the report says of the rows that hold an answer."""
    import polars as pl

    facts: dict[str, int | str] = {}
    patient, date, site = columns["id"], columns["date"], columns["site"]
    if patient:
        facts |= _fact(frame[patient].drop_nulls().n_unique(), "patient")
        if unknown := frame[patient].null_count():
            facts |= _fact(unknown, "row", " without a patient")
    if site:
        facts |= _fact(frame[site].drop_nulls().n_unique(), "site")
    if date:
        dates = read_dates(Frame(frame), date, date_format)
        read = dates.state == DATED
        days = pl.Series(dates.day[read], dtype=pl.Int32).cast(pl.Date)
        if patient:
            times = np.zeros(len(frame), np.int64) if dates.time is None else dates.time
            known = pl.DataFrame({"patient": frame[patient], "day": dates.day, "time": times})
            known = known.filter(pl.Series(read)).drop_nulls()
            again = known.height - known.unique().height
            facts |= _fact(again, "row", " with a patient and date of an earlier row")
        if unread := dates.unreadable():
            why = " that cannot be read" if date_format else " not written as YYYY-MM-DD"
            facts |= _fact(unread, "date", why)
        if len(days):
            facts["dates"] = f"{days.min()!s} to {days.max()!s}"
    return facts


def _fact(n: int, noun: str, rest: str = "") -> dict[str, int | str]:
    """A count by the name that goes with it: "patient" of 1, "patients" of 2."""
    return {f"{noun if n == 1 else noun + 's'}{rest}": n}
