"""The command ``patient``: the page of one patient, out of a file of answers."""

from __future__ import annotations

from array import array
from dataclasses import replace
from typing import Annotated

from cyclopts import Parameter

from ipm_outcomes import report
from ipm_outcomes.cli._codes import FINE, PROBLEMS
from ipm_outcomes.cli._options import Items, Output, Reading, column_of, plan
from ipm_outcomes.cli._output import output_kind
from ipm_outcomes.cli._print import tell
from ipm_outcomes.cli._score import OF_DATES, File, cell_line, tell_findings, without_invalid
from ipm_outcomes.errors import FrameError, ParameterError


def patient(
    file: File,
    /,
    *,
    patient_id: Annotated[str, Parameter(allow_leading_hyphen=True)],
    items: Items | None = None,
    reading: Reading | None = None,
    id: str | None = None,
    date: str | None = None,
    show_id: bool = False,
    title: str = "Patient-reported outcomes",
    made_by: str | None = None,
    output: Output = None,
) -> int:
    """Write the page of one patient: flags, every scale over time with its verdict, what is missing; one sheet.

    Wrong cells are taken as not answered, and the page counts them. The page does not say whose it is, unless asked to.

    Parameters
    ----------
    file
        CSV, Parquet or SAS transport (.xpt); - for CSV from standard input.
    patient_id
        The patient, as the column of the patient has it.
    id
        Column of the patient; by default patient_id.
    date
        Column of the date; by default date.
    show_id
        Print the id of the patient on the page; by default there is a line to write on.
    title
        Heading of the page.
    made_by
        Who made the page, as its foot says.
    output
        The page: an HTML file (.html).
    """
    how = reading or Reading()
    ending = output_kind(output, (".html",), inputs=(file, how.mapping))
    if output is None or ending != ".html":
        raise ParameterError("-o: name the file of the page, such as -o page.html")
    if items is not None and items.scales is not None:
        raise ParameterError(
            "--scales is not for the page of a patient, which shows all; choose with --instrument"
        )
    work = plan(how.answers(file, categories=True), items or Items())
    names = work.source.frame.columns
    columns = {
        "--id": column_of("--id", id, "patient_id", names),
        "--date": column_of("--date", date, "date", names),
    }
    for option, column in columns.items():
        if column is None:
            raise FrameError(f"{option}: name the column; the file has none of the usual name")
    of, day = columns["--id"], columns["--date"]
    assert of is not None
    assert day is not None
    findings = without_invalid(work.findings(id=of, date=day, date_format=how.date_format))
    # Dates and forms of other patients do not matter here; those of this one are refused below.
    findings = [finding for finding in findings if finding.finding not in OF_DATES]
    import polars as pl

    work = work.declared(findings)
    tell_findings(findings)
    if not work.ids:
        tell("nothing was written")
        return PROBLEMS
    whose = work.source.frame[of].cast(pl.String).str.strip_chars()
    rows = (whose == patient_id.strip()).fill_null(False).arg_true().to_list()
    if not rows:
        raise ParameterError(f"--patient-id: no row of the file has this patient in the column {of!r}")
    source = work.source
    lines = None if source.lines is None else array("q", (source.lines[row] for row in rows))
    work = replace(work, source=replace(source, frame=source.frame[rows], lines=lines))
    wrong = work.wrong()
    for cell in wrong:
        tell(f"{cell_line(cell)}; taken as not answered")
    report.patient(
        work.source.frame,
        output,
        instruments=work.ids,
        id=of,
        date=day,
        columns={name: work.columns[name] for name in work.ids if name in work.columns} or None,
        coding={name: work.coding.get(name, "answer") for name in work.ids},
        not_answered={name: work.not_answered.get(name, ()) for name in work.ids},
        text_numbers=True if work.source.text else None,
        missing=work.missing,
        invalid="null",
        date_format=how.date_format,
        label=patient_id if show_id else None,
        title=title,
        made_by=made_by,
    )
    return PROBLEMS if wrong or any(finding.moves for finding in findings) else FINE
