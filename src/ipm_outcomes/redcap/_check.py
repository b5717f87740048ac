"""A data dictionary checked by the rules of REDCap's import."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from ipm_outcomes._fence import fenced
from ipm_outcomes.redcap._columns import (
    ALIGNMENT,
    BRANCHING,
    CHOICES,
    CHOSEN,
    FORM,
    IDENTIFIER,
    KIND,
    LABEL,
    LEAST,
    MATRIX,
    MOST,
    NAME,
    REQUIRED,
    VALIDATION,
    DictionaryField,
    choices_of,
    rows_of,
)

LONGEST_NAME = 100
KINDS = CHOSEN | {"text", "notes", "calc", "file", "descriptive", "slider", "yesno", "truefalse", "sql"}
ALIGNMENTS = frozenset({"", "LV", "LH", "RV", "RH"})


class DictionaryProblem(NamedTuple):
    """One fault of a data dictionary.

    Attributes
    ----------
    row : int
        Row of the file; the header is 1.
    rule : str
        A stable code, such as ``duplicate``; the page on REDCap lists them.
    message : str
        The fact and the way out.
    refused : bool
        Whether an import is known to be refused; false for what files of REDCap itself also hold.

    Examples
    --------
    >>> from ipm_outcomes import redcap
    >>> problem = redcap.check_dictionary(redcap.dictionary("peg").replace("peg_pain", "PEG_pain"))[0]
    >>> problem.row, problem.rule
    (3, 'uppercase')
    """

    row: int
    rule: str
    message: str
    refused: bool = True


@fenced
def check_dictionary(text: str, *, current: str | None = None) -> list[DictionaryProblem]:
    """Check a data dictionary by the rules of REDCap's import.

    Parameters
    ----------
    text
        The dictionary, as it is in the CSV file.
    current
        The dictionary that the project has now. Fields of it that ``text`` lacks would be deleted with their data, and
        are reported.

    Returns
    -------
    list of DictionaryProblem
        All faults, in the order of the rows; none where the dictionary holds to the rules.

    Raises
    ------
    InputError
        The text has not the 18 columns of a dictionary (``dictionary_invalid``, with the row).

    Notes
    -----
    REDCap itself was not run.

    Examples
    --------
    >>> from ipm_outcomes import redcap
    >>> redcap.check_dictionary(redcap.dictionary("phq9"))
    []
    >>> [problem.rule for problem in redcap.check_dictionary(redcap.dictionary("peg").replace("peg_pain", "PEG_pain"))]
    ['uppercase']
    """
    rows = rows_of(text)
    problems = [*_record_id(rows), *_names(rows), *_forms(rows), *_matrices(rows)]
    for row in rows:
        problems += _field(row)
    if current is not None:
        problems += _deleted(rows, rows_of(current))
    return sorted(problems, key=lambda problem: problem.row)


def _record_id(rows: list[DictionaryField]) -> Iterator[DictionaryProblem]:
    if not rows or rows[0][KIND] != "text":
        message = "the first field is the record id and of type text; begin with it"
        yield DictionaryProblem(2, "no_record_id", message)


def _names(rows: list[DictionaryField]) -> Iterator[DictionaryProblem]:
    seen: dict[str, int] = {}
    for row in rows:
        name = row[NAME]
        if name in seen:
            message = f"the field name is that of row {seen[name]}; names are unique in a project"
            yield DictionaryProblem(row.number, "duplicate", message)
        seen.setdefault(name, row.number)
        if not re.fullmatch(r"[a-z][a-z0-9_]+", name, re.ASCII):
            rule = "uppercase" if re.fullmatch(r"[a-z][a-z0-9_]+", name.lower(), re.ASCII) else "name"
            message = "a field name is two or more of a to z, 0 to 9 and _, and begins with a letter"
            yield DictionaryProblem(row.number, rule, message)
        elif len(name) > LONGEST_NAME:
            yield DictionaryProblem(row.number, "name", f"a field name has at most {LONGEST_NAME} characters")


def _forms(rows: list[DictionaryField]) -> Iterator[DictionaryProblem]:
    last, done = None, set[str]()
    for row in rows:
        form = row[FORM]
        if form != last and form in done:
            message = "the form began further up; the fields of a form belong next to each other"
            yield DictionaryProblem(row.number, "form_split", message)
        done.add(form)
        last = form


def _matrices(rows: list[DictionaryField]) -> Iterator[DictionaryProblem]:
    last: DictionaryField | None = None
    first: dict[str, DictionaryField] = {}
    for row in rows:
        if group := row[MATRIX]:
            begun = first.setdefault(group, row)
            if row[KIND] not in ("radio", "checkbox"):
                message = "fields of a matrix are radio or checkbox"
                yield DictionaryProblem(row.number, "matrix_type", message)
            if begun is not row and (last is None or last[MATRIX] != group or last[FORM] != row[FORM]):
                message = (
                    f"the matrix began in row {begun.number}; its fields belong next to each other, each under its "
                    "own name"
                )
                yield DictionaryProblem(row.number, "matrix_split", message)
            if (choices_of(begun[CHOICES]), begun[KIND]) != (choices_of(row[CHOICES]), row[KIND]):
                message = (
                    f"the choices differ from those of row {begun.number}; in a matrix they are the same"
                )
                yield DictionaryProblem(row.number, "matrix_choices", message)
        last = row


def _field(row: DictionaryField) -> Iterator[DictionaryProblem]:
    kind = row[KIND]
    if kind not in KINDS:
        message = "there is no such field type; types are " + ", ".join(sorted(KINDS))
        yield DictionaryProblem(row.number, "field_type", message)
    if kind in CHOSEN:
        yield from _choices(row)
    if kind in KINDS - {"text", "slider"} and (row[VALIDATION] or row[LEAST] or row[MOST]):
        message = "validation belongs to fields of type text and slider; leave its three columns blank"
        yield DictionaryProblem(row.number, f"validation_on_{kind}", message)
    if not row[LABEL]:
        yield DictionaryProblem(row.number, "no_label", "the field has no label", refused=False)
    for column in (IDENTIFIER, REQUIRED):
        if row[column] not in ("", "y"):
            yield DictionaryProblem(row.number, "yes_or_blank", f"{column} is y or blank")
    if row[ALIGNMENT] not in ALIGNMENTS:
        yield DictionaryProblem(row.number, "alignment", "the alignment is LV, LH, RV, RH or blank")
    if '"' in row[BRANCHING]:
        message = "the branching logic has double quotes, which an import can refuse; write single ones"
        yield DictionaryProblem(row.number, "double_quotes", message, refused=False)


def _choices(row: DictionaryField) -> Iterator[DictionaryProblem]:
    choices = choices_of(row[CHOICES])
    codes = [code for code, label in choices if label is not None]
    if not codes:
        message = "the field has no choices; write them as code, label | code, label"
        yield DictionaryProblem(row.number, "no_choices", message)
    elif len(codes) < len(choices):
        message = "a choice has no code: | stands between choices and in no label"
        yield DictionaryProblem(row.number, "pipe_in_label", message)
    if len(set(codes)) < len(codes):
        yield DictionaryProblem(row.number, "code_twice", "a code belongs to two choices")


def _deleted(rows: list[DictionaryField], current: list[DictionaryField]) -> Iterator[DictionaryProblem]:
    kept = {row[NAME] for row in rows}
    lost = [row for row in current if row[NAME] not in kept]
    if lost:
        message = (
            f"{len(lost)} of {len(current)} fields of the project are not in it and would be deleted with their data; "
            "append the new fields to the dictionary of the project"
        )
        yield DictionaryProblem(1, "fields_deleted", message)
