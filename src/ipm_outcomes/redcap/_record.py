"""Which column is the record id. Rows are never taken for patients where it is not there."""

from __future__ import annotations

import re
from collections.abc import Sequence

from ipm_outcomes.errors import InputError, ParameterError

USUAL = "record_id"
_WHO = re.compile(
    r"(id|ids|record|records|patient\w*|participant\w*|subject\w*|proband\w*|pseudonym\w*|person|client|case|study|"
    r"respondent|member|mrn|pid|uid|pat|pnr|seqn|"
    r"(record|rec|study|case|pat|ptnt|pt|part|subj|sub|usubj|person|client|member|s|p|u|pp)id)"
)
_ELSE = re.compile(
    r"age|arm|birth|cent(er|re)|complete|date|day|dob|event|form|group|index|instance|instrument|item|line|phone|postal|"
    r"question|row|score|session|sex|site|stamp|status|survey|time|timestamp|total|visit|wave|week|zip"
)


def is_record_id(name: str) -> bool:
    """Whether a name is that of a record id: it says who, and nothing else."""
    parts = re.findall(r"[^\W\d_]+", re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name))
    words = [part.casefold() for part in parts]
    return any(map(_WHO.fullmatch, words)) and not any(map(_ELSE.fullmatch, words))


def record_column(names: Sequence[str], first: str | None, given: str | None) -> str:
    """The column of the record id: as it was given, else as the dictionary (``first``) or REDCap calls it.

    Without either the first column, if its name is that of a record id.
    """
    if given is not None and not isinstance(given, str):
        raise ParameterError("record_id: give the name of a column")
    if given is not None:
        if given not in names:
            raise _absent(f"the export has no column {given!r}, which record_id= names")
        return given
    if first is not None:
        if first in names:
            return first
        raise _absent(f"the export has no column {first!r}, the record id of the dictionary")
    if USUAL in names:
        return USUAL
    if names and is_record_id(names[0]):
        return names[0]
    raise _absent("the first column is not the record id by its name")


def _absent(fact: str) -> InputError:
    return InputError(
        f"{fact}; export the record id with the data, or name its column with record_id= (read --kind "
        "redcap --record-id; in a mapping, patient)",
        "header_not_found",
        "column 1",
    )
