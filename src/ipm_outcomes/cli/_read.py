"""The command ``read``: what a file holds, from what evidence, and the mapping that pins it."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import Annotated, Any, Literal

from cyclopts import Parameter

from ipm_outcomes import fhir, files, redcap
from ipm_outcomes.cli._codes import FINE, PROBLEMS
from ipm_outcomes.cli._files import STREAM
from ipm_outcomes.cli._mapped import of_fhir
from ipm_outcomes.cli._output import output_kind
from ipm_outcomes.cli._print import say, tell
from ipm_outcomes.cli._score import SHOWN, File
from ipm_outcomes.errors import ParameterError, number_of
from ipm_outcomes.mapping import Mapping
from ipm_outcomes.reading import Reading


def read(
    file: File,
    /,
    *,
    mapping: str | None = None,
    sheet: str | None = None,
    header: int | None = None,
    encoding: str | None = None,
    delimiter: str | None = None,
    date_format: str | None = None,
    question: str | None = None,
    answer: str | None = None,
    kind: Literal["redcap"] | None = None,
    dictionary: str | None = None,
    record_id: str | None = None,
    save: Annotated[str | None, Parameter(allow_leading_hyphen=True)] = None,
) -> int:
    """Read a file as it is, and list each inference with its evidence. Nothing is written but the mapping.

    Each line says whether the inference is sure (it is applied), weak (it is proposed) or to be declared, its code, the
    columns, the evidence, and what settles it.

    Parameters
    ----------
    file
        CSV of any dialect, .xlsx, .sav, .por, .dta or .xpt.
    mapping
        A mapping that was confirmed; a file that does not fit it stops.
    sheet
        Name or number of the sheet of a workbook.
    header
        Number of the row or line with the names of the columns.
    encoding
        Of a file of text, such as cp1252.
    delimiter
        Between the cells: one character or the word tab.
    date_format
        How the dates are written: a pattern such as %d.%m.%Y, or what numbers count: excel-1900, excel-1904,
        sas-days, sas-seconds or stata-days.
    question
        With --answer, of a file with one row a question: the column that names the question.
    answer
        The column of the answer.
    kind
        redcap: the file is an export of REDCap.
    dictionary
        Of an export of REDCap: the CSV file with the data dictionary of the project.
    record_id
        Of an export of REDCap: the column of the record id.
    save
        Write the mapping to this .toml file. What is weak is written as comments, to be uncommented by hand.
    """
    if save is not None:
        if save == STREAM:
            raise ParameterError("--save: give the name of a file")
        output_kind(save, (".toml",), inputs=(file, mapping, dictionary), option="--save")
    if file == STREAM:
        raise ParameterError("give the name of a file; standard input is not read here")
    if (question is None) != (answer is None):
        raise ParameterError("--question and --answer go together")
    how = {
        "sheet": sheet,
        "header": header,
        "encoding": encoding,
        "delimiter": delimiter,
        "date_format": date_format,
        "long": None if question is None else {"question": question, "answer": answer},
    }
    of_redcap = {"dictionary": dictionary, "record_id": record_id}
    reading = _read(file, kind, None if mapping is None else Mapping.load(mapping), how, of_redcap)
    for line in inference_lines(reading):
        say(line)
    for row, message in zip(reading.problems["place"][:SHOWN], reading.problems["message"], strict=False):
        tell(f"{row}: {message}")
    if len(reading.problems["row"]) > SHOWN:
        tell(
            f"{number_of(len(reading.problems['row']), 'cell')} are no answers (the first {SHOWN} are shown)"
        )
    ids = ", ".join(reading.instruments) or "no instrument"
    none = "" if reading.instruments else "; nothing can be scored until a mapping names an instrument"
    say(
        f"{number_of(reading.rows_out, 'row')} of {ids}; "
        f"{number_of(len(reading.left_out['line']), 'row')} left out{none}"
    )
    if save is not None:
        if reading.mapping is None:
            raise ParameterError("--save: of FHIR responses there is nothing to pin")
        reading.mapping.save(save)
        tell(f"written: {save}; uncomment what is right, and give it with --mapping")
    settled = reading.instruments and not reading.problems["row"] and all(reading.inferences["sure"])
    return FINE if settled else PROBLEMS


def _read(
    file: str,
    kind: str | None,
    mapping: Mapping | None,
    how: dict[str, Any],
    of_redcap: dict[str, str | None],
) -> Reading:
    """Read a file as the kind of file that the options or its mapping say."""
    pinned = mapping.file.kind if mapping is not None and mapping.file is not None else None
    kind = kind or (pinned if pinned in ("redcap", "fhir") else None)
    for options in [how] if kind == "redcap" else [of_redcap] if kind is None else [how, of_redcap]:
        if given := [name for name, value in options.items() if value is not None]:
            reason = (
                "is for exports of REDCap (--kind redcap)" if kind is None else f"is not for files of {kind}"
            )
            option = {"long": "question"}.get(given[0], given[0]).replace("_", "-")
            raise ParameterError(f"--{option} {reason}; leave it out")
    if kind == "redcap":
        text = None
        if of_redcap["dictionary"] is not None:
            text = Path(of_redcap["dictionary"]).read_bytes().decode("utf-8-sig", "replace")
        return redcap.read(file, text, record_id=of_redcap["record_id"], mapping=mapping)
    if kind == "fhir" and mapping is not None:
        return fhir.responses(file, **of_fhir(mapping))
    return files.read(file, mapping=mapping, **how)


_OPTION = re.compile(r"\b(encoding|delimiter|sheet|header|date_format|record_id)=(?:\"([^\"]*)\"|(\S+))")
"""Arguments of `files.read` that are options here."""


def _option(match: re.Match[str]) -> str:
    return f"--{match[1].replace('_', '-')} {shlex.quote(match[2] or match[3])}"


def inference_lines(reading: Reading) -> list[str]:
    """One line for each inference."""
    names = ("finding", "where", "instrument", "rows", "of", "settle", "value", "sure", "evidence")
    lines = []
    for row in zip(*(reading.inferences[name] for name in names), strict=True):
        code, where, id, rows, of, settle, value, sure, evidence = row
        strength = "sure" if sure else "declare" if value is None else "weak"
        place = ", ".join(part for part in (id, where) if part)
        count = f" ({rows} of {of} rows)" if of else ""
        way = f"; {_OPTION.sub(_option, settle)}" if settle and not sure else ""
        lines.append(f"{strength:8}{code}: {place + ': ' if place else ''}{evidence}{count}{way}")
    return lines
