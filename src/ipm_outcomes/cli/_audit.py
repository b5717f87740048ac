"""The command ``audit``: recorded scores against the items."""

from __future__ import annotations

import json as json_text
from typing import Annotated, Any

from cyclopts import Parameter

from ipm_outcomes.cli._codes import FINE, PROBLEMS
from ipm_outcomes.cli._files import STREAM
from ipm_outcomes.cli._options import Items, Output, Reading, plan, split
from ipm_outcomes.cli._output import output_kind, write_frame
from ipm_outcomes.cli._print import say, tell
from ipm_outcomes.errors import FrameError, ParameterError, number_of

File = Annotated[str, Parameter(allow_leading_hyphen=True)]


def audit(
    file: File,
    /,
    *,
    instrument: str,
    recorded: list[str],
    by: list[str] | None = None,
    columns: list[str] | None = None,
    coding: list[str] | None = None,
    not_answered: Annotated[list[str] | None, Parameter(allow_leading_hyphen=True)] = None,
    extra: list[str] | None = None,
    group_names: list[str] | None = None,
    id: str | None = None,
    date: str | None = None,
    tolerance: float = 0,
    json: bool = False,
    output: Output = None,
    reading: Reading | None = None,
) -> int:
    """Compare recorded scores with the items, and find out why they differ.

    A difference does not say which side is wrong: items are witnesses for the totals, and totals for the items. A cause
    is named only where it explains far better than every other what was recorded.

    Parameters
    ----------
    file
        CSV, Parquet or SAS transport (.xpt); - for CSV from standard input.
    instrument
        Id of the instrument.
    recorded
        Columns of recorded scores, repeated: SCALE=COLUMN such as total=phq9_sum; of bands total_band=phq9_level.
    by
        Columns of groups, separated by commas: a fault in one site or one version of the form does not show in all.
    columns
        Where the items are, as in score.
    coding
        answer or position, as in score.
    not_answered
        Numbers and words that mean no answer, such as 7,9,NA.
    extra
        Columns that may have been added to a total, separated by commas; by default all columns of whole numbers from
        0 to 10.
    group_names
        As in score.
    id
        Column of the patient; by default patient_id where the file has it.
    date
        Column of the date; by default date where the file has it.
    tolerance
        Differences up to so many points count as none.
    json
        Print findings and summary as JSON.
    output
        Write the rows that differ to this CSV or Parquet file.
    """
    from ipm_outcomes.audit import audit as of_frame

    if output in (None, STREAM):
        output = None
    how = reading or Reading()
    output_kind(output, inputs=(file, how.mapping))
    items = Items([instrument], columns, None, coding, not_answered, None, group_names)
    source = how.answers(file)
    work = plan(source, items, partly=True)
    own = work.reading(instrument)
    result = of_frame(
        work.source.frame,
        instrument,
        _recorded(recorded),
        columns=own["columns"],
        coding=own["coding"],
        not_answered=own["not_answered"],
        text_numbers=own["text_numbers"],
        by=_there(split(by), source.frame.columns, "--by"),
        extra=None if extra is None else _there(split(extra), source.frame.columns, "--extra"),
        id=id,
        date=date,
        date_format=how.date_format,
        tolerance=tolerance,
    )
    findings, summary = result.findings.to_dicts(), result.summary.to_dicts()
    if json:
        say(json_text.dumps({"findings": findings, "summary": summary}, ensure_ascii=False, indent=1))
    else:
        for line in (*map(_counted, summary), *(_in_lines(finding, split(by)) for finding in findings)):
            say(line)
        say(f"{number_of(result.count, 'finding')} in {number_of(len(source.frame), 'row')} of {instrument}")
    if output is not None:
        write_frame(result.rows, output, source.delimiter)
        tell(f"{number_of(len(result.rows), 'row')} written: {output}")
    return PROBLEMS if result.count else FINE


def _recorded(given: list[str]) -> dict[str, str]:
    """Scale to column, out of ``SCALE=COLUMN``."""
    columns: dict[str, str] = {}
    for text in given:
        scale, sign, column = text.partition("=")
        if not sign or not scale.strip() or not column.strip():
            raise ParameterError("--recorded: write SCALE=COLUMN, such as total=phq9_sum")
        if scale.strip() in columns:
            raise ParameterError(f"--recorded: {scale.strip()} is named twice")
        columns[scale.strip()] = column.strip()
    return columns


def _there(names: list[str], columns: list[str], option: str) -> list[str]:
    if absent := [name for name in names if name not in columns]:
        raise FrameError(f"{option}: the file has no column {absent[0]!r}")
    return names


def _counted(counts: dict[str, Any]) -> str:
    """The counts of one recorded column, which add up."""
    untested = f"; no row lies at the edges {counts['untested']}" if counts["untested"] else ""
    return (
        f"{counts['scale']} ({counts['column']}): {counts['recorded']} of {number_of(counts['rows'], 'row')} recorded, "
        f"{counts['equal']} equal, {counts['differ']} differ, "
        f"{counts['recorded_though_withheld']} recorded where the answers give none; "
        f"{counts['unexplained']} unexplained{untested}"
    )


def _in_lines(finding: dict[str, Any], by: list[str]) -> str:
    """A finding in a few lines."""
    group = ", ".join(f"{name} {finding[name]}" for name in by if finding[name] is not None)
    head = ", ".join(filter(None, (finding["sure"], finding["scale"] or finding["where"], group)))
    effect = (
        ""
        if finding["effect_mean"] is None
        else f" Off by {finding['effect_mean']:g} on average, {finding['effect_largest']:g} at most."
    )
    if finding["effect_band"]:
        effect += f" {number_of(finding['effect_band'], 'row')} in another band."
    if finding["effect_change"]:
        effect += f" {number_of(finding['effect_change'], 'patient')} whose change is judged otherwise."
    more = " ..." if finding["rows"] > len(finding["first_rows"].split(",")) else ""
    return (
        f"{finding['finding']}. {finding['cause'] or 'cause not decided'} ({head}): {finding['say']}{effect}\n"
        f"   rows {finding['first_rows']}{more}. {finding['do']}"
    )
