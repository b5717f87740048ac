"""Forms out: the fields of instruments as a data dictionary."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby

from ipm_outcomes._fence import fenced
from ipm_outcomes.catalog import instrument as definition
from ipm_outcomes.definition import AnswerList, Instrument
from ipm_outcomes.errors import ParameterError
from ipm_outcomes.redcap._columns import (
    ANNOTATION,
    CHOICES,
    FORM,
    KIND,
    LABEL,
    LEAST,
    MATRIX,
    MOST,
    NAME,
    NUMBER,
    VALIDATION,
    written,
)

MOST_LISTED = 21
"""A range of at most so many numbers is written as choices."""


@fenced
def dictionary(
    *ids: str,
    record_id: str = "record_id",
    prefix: str = "",
    columns: Mapping[str, Mapping[str, str]] | None = None,
) -> str:
    """Write the fields of instruments as a data dictionary of REDCap: 18 columns, one form for each instrument.

    Append its rows to the dictionary of your project, or add them by an instrument ZIP. **Never upload the file alone
    to a project that has data**: REDCap deletes fields that an uploaded dictionary lacks, with their data.

    There is no calculated total: REDCap's ``sum()`` counts a blank as nothing, and so as 0. The wording of items
    is there only where its owner has freed it; else a neutral description, see ``license`` of the definition.

    Parameters
    ----------
    *ids
        Ids of the instruments.
    record_id
        Name of the field with the record id, the first of the file; that of your project.
    prefix
        Put before the names of forms and fields (``{prefix}{instrument}_{item}``), where yours would clash.
    columns
        For an instrument id, item ids with their field names, where they are not these.

    Returns
    -------
    str
        The text of the CSV file.

    Raises
    ------
    UnknownNameError
        There is no such instrument.
    ParameterError
        No instrument is named, one is named twice, or a name is none that REDCap takes.

    Examples
    --------
    >>> from ipm_outcomes import redcap
    >>> redcap.dictionary("peg").splitlines()[2].split(",")[:4]
    ['peg_pain', 'peg', '', 'radio']
    """
    if not ids or len(set(ids)) < len(ids):
        raise ParameterError("name at least one instrument, and each once")
    for name, given, least in (("record_id", record_id, 2), ("prefix", prefix, 0)):
        if not isinstance(given, str) or not re.fullmatch(r"([a-z][a-z0-9_]*)?", given, re.ASCII):
            raise ParameterError(f"{name}: a name is made of a to z, 0 to 9 and _, and begins with a letter")
        if not least <= len(given) <= 26:
            raise ParameterError(f"{name}: a name has {least} to 26 characters")
    instruments = [definition(id) for id in ids]
    _check_names(columns or {}, ids)
    rows = [{NAME: record_id, FORM: prefix + instruments[0].id, KIND: "text", LABEL: "Record ID"}]
    for instrument in instruments:
        rows += _form(instrument, prefix, (columns or {}).get(instrument.id, {}))
    if len({row[NAME] for row in rows}) < len(rows):
        raise ParameterError("record_id or columns: that is the name of another field of the file")
    return written(rows)


def _check_names(columns: Mapping[str, Mapping[str, str]], ids: Sequence[str]) -> None:
    for id, names in columns.items():
        if id not in ids:
            raise ParameterError(f"columns: {id} is none of the instruments that are named")
        for item, name in names.items():
            definition(id).item(item)
            if not re.fullmatch(r"[a-z][a-z0-9_]{1,99}", name, re.ASCII):
                message = "a name is made of 2 to 100 of a to z, 0 to 9 and _, and begins with a letter"
                raise ParameterError(f"columns: {id} {item}: {message}")


def _form(instrument: Instrument, prefix: str, names: Mapping[str, str]) -> Iterator[dict[str, str]]:
    number = 0
    groups = dict[str, int]()
    for answers, items in groupby(instrument.items, key=lambda item: item.answers):
        run = list(items)
        listed = instrument.answers_of(run[0].id)
        group = ""
        if len(run) > 1 and not listed.numeric:
            groups[answers] = groups.get(answers, 0) + 1
            group = f"{prefix}{instrument.id}_{answers}" + (
                f"_{groups[answers]}" if groups[answers] > 1 else ""
            )
        for item in run:
            number += 1
            loinc = f" LOINC {item.loinc}" if item.loinc else ""
            yield {
                NAME: names.get(item.id, f"{prefix}{instrument.id}_{item.id}"),
                FORM: prefix + instrument.id,
                LABEL: item.wording or item.gist,
                NUMBER: str(number),
                MATRIX: group,
                ANNOTATION: f"ipm_outcomes {instrument.id} {item.id}{loinc}",
                **_answers(listed),
            }


def _answers(listed: AnswerList) -> dict[str, str]:
    if not listed.numeric:
        return _radio({option.code: option.label for option in listed.options})
    low, high = listed.lowest, listed.highest
    if listed.per_unit == 1 and high - low < MOST_LISTED:
        ends = {low: listed.low, high: listed.high}
        return _radio({n: f"{n} - {ends[n]}" if ends.get(n) else str(n) for n in listed.codes})
    return {
        KIND: "text",
        VALIDATION: "integer" if listed.per_unit == 1 else "number",
        LEAST: f"{listed.answer(low):g}",
        MOST: f"{listed.answer(high):g}",
    }


def _radio(choices: dict[int, str]) -> dict[str, str]:
    cell = " | ".join(f"{code}, {label.replace('|', '/')}" for code, label in choices.items())
    return {KIND: "radio", CHOICES: cell}
