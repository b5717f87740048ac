"""Commands on a file of answers: ``check`` and ``score``."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from typing import Annotated, Any, Literal

from cyclopts import Parameter

from ipm_outcomes._fence import fenced
from ipm_outcomes.cli._codes import FINE, PROBLEMS
from ipm_outcomes.cli._files import STREAM, Source
from ipm_outcomes.cli._many import into_folder, is_folder
from ipm_outcomes.cli._options import Items, Output, Plan, Reading, plan, split, wrong_cells
from ipm_outcomes.cli._output import is_parquet, output_kind, write_csv, write_frame
from ipm_outcomes.cli._print import progress, say, tell
from ipm_outcomes.errors import ParameterError, number_of
from ipm_outcomes.frames._blank import in_words
from ipm_outcomes.frames._findings import Finding
from ipm_outcomes.frames._items import check_level
from ipm_outcomes.frames._score_columns import Stretch
from ipm_outcomes.frames._stretches import ROWS, Scoring
from ipm_outcomes.frames._tidy import tidy_rows
from ipm_outcomes.report._layout import PLAIN
from ipm_outcomes.report.text import WrongCell, findings_table

SHOWN = 20
"""How many wrong cells `score` names before it refuses; `check` names all."""

TIDY_ROWS = ROWS // 4
"""Rows that are laid out long at a time, since each becomes several."""

OF_DATES = ("dates_unreadable", "dates_ambiguous", "duplicate_forms")
"""Findings about dates, which move nothing where each form is scored by itself."""

File = Annotated[str, Parameter(allow_leading_hyphen=True)]


def check(
    file: File,
    /,
    *,
    items: Items | None = None,
    reading: Reading | None = None,
    id: str | None = None,
    date: str | None = None,
    by: list[str] | None = None,
    output: Output = None,
) -> int:
    """Tell what is in the way before anything is scored, and every cell that is not an answer.

    Findings come with the option that settles them: instruments found, coding, codes and words for no answer,
    dates, blank rows, forms of one patient and day, spellings of groups, scores that are in the file already.
    Cells come with row, column, value and the rule they break.

    Parameters
    ----------
    file
        CSV, Parquet or SAS transport (.xpt); - for CSV from standard input.
    id
        Column of the patient; by default patient_id where the file has it.
    date
        Column of the date; by default date where the file has it.
    by
        Columns of groups, separated by commas; by default site where the file has it.
    output
        Write the table of wrong cells to this CSV or Parquet file.
    """
    how = reading or Reading()
    output_kind(output, inputs=(file, how.mapping))
    work = plan(how.answers(file, categories=True), items or Items(), partly=True)
    findings = work.findings(id=id, date=date, by=split(by), date_format=how.date_format)
    where = say if output is None else tell
    where(findings_table(findings, PLAIN))
    table = work.problems()
    wrong, rows = wrong_cells(table), len(work.source.frame)
    if output is None:
        for cell in wrong:
            say(cell_line(cell))
    else:
        write_frame(table, output, work.source.delimiter)
    where(f"{count_of(len(wrong))} in {number_of(rows, 'row')} of {', '.join(work.ids) or 'no instrument'}")
    return PROBLEMS if wrong or any(finding.moves for finding in findings) else FINE


def score(
    file: File,
    /,
    *more: str,
    items: Items | None = None,
    reading: Reading | None = None,
    invalid: Literal["raise", "null"] = "raise",
    level: float | None = None,
    tidy: bool = False,
    id: str | None = None,
    date: str | None = None,
    by: list[str] | None = None,
    jobs: int | None = None,
    output: Output = None,
) -> int:
    """Score every row. All columns of the file are kept, and the scores are added after them.

    Parameters
    ----------
    file
        CSV, Parquet or SAS transport (.xpt); - for CSV from standard input.
    more
        Further files: several are scored side by side into a folder, a file in and a file out; a second run does only
        what is missing.
    invalid
        Where a cell is not an answer: raise (write nothing, list the cells, exit 1), or null (take it as not
        answered, and count it in the column {instrument}_invalid).
    level
        Confidence level, such as 0.95: adds columns _lower and _upper where a scale has a standard error.
    tidy
        Write one row per assessment and scale instead.
    id
        With --tidy: the column of the patient, which becomes patient_id.
    date
        With --tidy: the column of the date, which becomes date.
    by
        With --tidy: further columns to carry along, separated by commas.
    jobs
        How many files are scored at a time; by default as many as there are processors.
    output
        CSV or Parquet file, or a folder (which ends in /); by default CSV to standard output.
    """
    how: dict[str, Any] = {
        "items": items,
        "reading": reading,
        "invalid": invalid,
        "level": level,
        "tidy": tidy,
        "id": id,
        "date": date,
        "by": by,
    }
    if is_folder(output) or more:
        beside = (reading or Reading()).mapping
        return into_folder((file, *more), output, partial(score_file, quiet=True, **how), how, jobs, beside)
    if jobs is not None:
        raise ParameterError("--jobs is for several files")
    return score_file(file, output, **how)


def score_file(
    file: str,
    output: str | None,
    *,
    items: Items | None,
    reading: Reading | None,
    invalid: Literal["raise", "null"],
    level: float | None,
    tidy: bool,
    id: str | None,
    date: str | None,
    by: list[str] | None,
    quiet: bool = False,
) -> int:
    """Score one file, as `score` does; ``quiet`` where somebody else says that it is done."""
    how = reading or Reading()
    output_kind(output, inputs=(file, how.mapping))
    if not tidy and (id or date or by):
        raise ParameterError("--id, --date and --by are for --tidy; without it all columns are kept")
    if tidy and level is not None:
        raise ParameterError("--level is not for --tidy, which holds the standard errors")
    if how.date_format is not None and not (tidy and date):
        raise ParameterError("--date-format is for --tidy with --date; without them dates stay as they stand")
    work = plan(how.answers(file, categories=True), items or Items())
    if level is not None and not 0 < level < 1:
        raise ParameterError(f"--level must lie between 0 and 1, not {level:g}")
    wrong = work.wrong()
    findings = work.findings(id=id, date=date, by=split(by), date_format=how.date_format)
    sure = work.declared(findings).ids
    if not sure and not any(finding.argument == "coding" for finding in findings):
        tell_findings(findings)
        tell("nothing was written")
        return PROBLEMS
    if sure != work.ids or (wrong and invalid == "raise"):
        for cell in wrong[:SHOWN]:
            tell(cell_line(cell))
        more = f" (the first {SHOWN} are shown)" if len(wrong) > SHOWN else ""
        tell(f"{count_of(len(wrong))}{more}: nothing was written. {way_out_of(findings)}")
        return PROBLEMS
    if not tidy:  # dates stay as they are, and forms are scored each by itself
        findings = [finding for finding in findings if finding.finding not in OF_DATES]
    tell_findings(without_invalid(findings))
    kept = _kept(id, date, split(by)) if tidy else {name: name for name in work.source.frame.columns}
    with progress(f"scoring {', '.join(work.ids)}", len(work.source.frame)) as done:
        parts = _tidy(work, kept, how.date_format, done) if tidy else _wide(work, invalid, level, done)
        _write(parts, output, work.source, list(kept.values()))
    if wrong:
        tell(f"{count_of(len(wrong))} taken as not answered")
    if output not in (None, STREAM) and not quiet:
        tell(f"{number_of(len(work.source.frame), 'row')} of {', '.join(work.ids)} scored: {output}")
    return PROBLEMS if any(finding.finding == "columns_missing" for finding in findings) else FINE


def cell_line(cell: WrongCell) -> str:
    """One wrong cell in one line; never with text from the data."""
    line = "" if cell.line is None else f" (line {cell.line})"
    return f"row {cell.row}{line}, column {cell.column}: {cell.message}"


def way_out_of(findings: Sequence[Finding]) -> str:
    """What to do about cells that are not answers, with the options that settle it."""
    doubtful = [finding for finding in findings if finding.argument == "coding"]
    if doubtful:
        return " ".join(finding.withheld for finding in doubtful)
    headers = [finding for finding in findings if finding.finding == "header_rows"]
    first = "".join(
        f"Rows look like further rows of the header: {finding.option} leaves them out. "
        for finding in headers
    )
    # Codes and words of one instrument are settled by one option.
    options = dict.fromkeys(
        finding.option for finding in findings if finding.argument == "not_answered" and finding.option
    )
    declare = f"what means no answer ({' '.join(options)})" if options else "codes with --not-answered"
    return f"{first}Correct them, declare {declare}, or take them as not answered with --invalid null"


def without_invalid(findings: Sequence[Finding]) -> list[Finding]:
    """The findings for a command that takes other text as not answered by itself, and has no option to say so."""
    return [
        replace(finding, argument=None) if finding.argument == "invalid" else finding for finding in findings
    ]


def tell_findings(findings: Sequence[Finding]) -> None:
    """Tell on standard error what could change a figure, and rows that count nowhere, one line for each finding."""
    for finding in findings:
        if finding.argument == "coding":
            tell(finding.withheld)
        elif finding.moves or finding.finding == "group_spelling":
            tell(finding.sentence)
        elif finding.finding == "blank_rows":
            tell(f"{in_words(finding.rows)}, and count nowhere")


def count_of(wrong: int) -> str:
    """The number of wrong cells in words."""
    return number_of(wrong, "wrong cell") if wrong else "no wrong cells"


def _write(parts: Iterator[Any], output: str | None, source: Source, kept: Sequence[str]) -> None:
    """Score and write a stretch of rows at a time; as Parquet all at once, with columns of the file as text again."""
    import polars as pl

    if is_parquet(output):
        write_frame(source.texts(pl.concat(parts).rechunk(), kept), output)
    else:
        write_csv(parts, output, source.delimiter)


def _wide(
    work: Plan, invalid: Literal["raise", "null"], level: float | None, done: Callable[[int], None] | None
) -> Iterator[Any]:
    """The rows with their scores, in parts. That the coding is settled was seen in the whole table."""
    frame, z = work.source.frame, check_level(level)
    each = [
        Scoring(id, missing=work.rule(id), invalid=invalid, z=z, replace=work.replace, **work.reading(id))
        for id in work.ids
    ]
    for first in range(0, max(len(frame), 1), ROWS):
        part = frame[first : first + ROWS]
        for how in each:
            part = how.score(part, Stretch(first, lambda: False))
        yield part
        if done:
            done(min(first + ROWS, len(frame)))


def _kept(id: str | None, date: str | None, by: list[str]) -> dict[str, str]:
    """Columns that a tidy table carries along, with their names there."""
    names = {name: new for name, new in ((id, "patient_id"), (date, "date")) if name}
    if (id and id == date) or set(names) & set(by) or set(names.values()) & set(by):
        raise ParameterError(
            "--id, --date and --by must name different columns; patient_id and date are taken by --id "
            "and --date"
        )
    return names | {name: name for name in by}


def _tidy(
    work: Plan, kept: dict[str, str], date_format: str | None, done: Callable[[int], None] | None
) -> Iterator[Any]:
    """The scores laid out long, in parts. That the coding is settled was seen in the whole table."""
    formats = {name: date_format for name, new in kept.items() if date_format and new == "date"}
    frame = work.source.frame
    for first in range(0, max(len(frame), 1), TIDY_ROWS):
        rows, stretch = frame[first : first + TIDY_ROWS], Stretch(first, lambda: False)
        yield tidy_scores(work, list(kept), formats, rows, stretch).rename(kept)
        if done:
            done(min(first + TIDY_ROWS, len(frame)))


@fenced
def tidy_scores(
    work: Plan,
    by: list[str],
    date_format: dict[str, str] | None = None,
    rows: Any = None,
    stretch: Stretch | None = None,
) -> Any:
    """Tidy scores of all instruments of the plan; wrong cells are taken as not answered.

    ``rows`` are those of a stretch; None: all.
    """
    return tidy_rows(
        work.source.frame if rows is None else rows,
        work.ids,
        by,
        columns={id: work.columns.get(id) for id in work.ids},
        missing=work.missing,
        coding={id: work.coding[id] for id in work.ids if id in work.coding},
        not_answered={id: work.not_answered.get(id) for id in work.ids},
        invalid="null",
        text_numbers=True if work.source.text else None,
        scales=None if work.scales is None else dict.fromkeys(work.ids, work.scales),
        group_names=None,
        date_format=date_format,
        stretch=stretch,
    )
