"""SDTM QS, one row a question: which rows are one form, and what the other columns of a row say of its answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from ipm_outcomes.answers import read_text
from ipm_outcomes.errors import InputError

QUESTION, ORIGINAL, NUMBER, TEXT, STATE = "QSTESTCD", "QSORRES", "QSSTRESN", "QSSTRESC", "QSSTAT"
SUBJECT, DAY = "USUBJID", "QSDTC"
_VISITS = (("VISIT", "VISITNUM"), ("QSTPT", "QSTPTNUM"))
"""A visit and a time point by name, else by number."""
_OF_A_QUESTION = (
    "QSSEQ",
    "QSTEST",
    "QSCAT",
    "QSSCAT",
    "QSSPID",
    "QSGRPID",
    "QSREFID",
    "QSLNKID",
    TEXT,
    NUMBER,
)
LEFT_OUT = (*_OF_A_QUESTION, STATE, "QSREASND")
"""Columns that say something of one question or one row, and not of the whole form."""


def long_by_standard(names: Sequence[str]) -> dict[str, Any] | None:
    """Columns of the question, the answer and the keys of a form, where the names are those of QS."""
    upper = {name.upper(): name for name in names}
    if QUESTION not in upper or not {ORIGINAL, NUMBER} & set(upper):
        return None
    keys = [upper[name] for name in (SUBJECT, DAY) if name in upper]
    for ways in _VISITS:
        keys += [upper[name] for name in ways if name in upper][:1]
    answer = upper.get(ORIGINAL) or upper[NUMBER]
    return {"question": upper[QUESTION], "answer": answer, "keys": keys} if keys else None


def is_standard(how: Mapping[str, Any] | None) -> bool:
    """Whether the question of a long file is that of QS."""
    return how is not None and str(how["question"]).upper() == QUESTION


def form_keys(columns: Mapping[str, Sequence[Any]], keys: Sequence[str], rows: int) -> list[tuple[Any, ...]]:
    """The key of each row's form: the day of a time stamp; a blank is that of the one form that agrees in the rest."""
    forms: list[tuple[Any, ...]] = []
    for n in range(rows):
        cells = [columns[name][n] for name in keys]
        for place, name in enumerate(keys):
            if name.upper() == DAY and isinstance(cells[place], (str, datetime)):
                text = cells[place].isoformat() if isinstance(cells[place], datetime) else cells[place]
                cells[place] = text[:10] if text[10:11] in ("T", " ") else cells[place]
        forms.append(tuple(cells))
    whole = {key for key in forms if None not in key}
    by_patient: dict[Any, list[tuple[Any, ...]]] = {}
    for key in whole:
        by_patient.setdefault(key[0], []).append(key)
    filled: dict[tuple[Any, ...], tuple[Any, ...]] = {}
    for key in {key for key in forms if None in key}:
        fits = [
            form
            for form in by_patient.get(key[0], ())
            if all(a is None or a == b for a, b in zip(key, form, strict=True))
        ]
        known = sum(cell is not None for cell in key) > 1
        filled[key] = fits[0] if known and len(fits) == 1 else key
    return [filled.get(key, key) for key in forms]


def answer_of(
    columns: Mapping[str, Sequence[Any]], how: Mapping[str, Any], n: int, place: str
) -> tuple[Any, Any]:
    """The answer of a row, and what another column says of it: the number counts, the original result has to agree.

    Raises
    ------
    InputError
        The columns of the row contradict each other (``display_contradicts``).
    """
    upper = {name.upper(): name for name in columns}

    def cell(name: str) -> Any:
        return columns[upper[name]][n] if name in upper else None

    given = columns[how["answer"]][n]
    number, text, state = cell(NUMBER), cell(TEXT), cell(STATE)
    original = cell(ORIGINAL) if ORIGINAL in upper else given
    answer = next((value for value in (number, original, text) if value is not None), None)
    if str(state).strip().upper() == "NOT DONE" and answer is not None:
        message = "QSSTAT says that the question has no answer, and there is one"
        raise InputError(message, "display_contradicts", place)
    plain, other = _number(number), _number(text)
    if plain is not None and other is not None and plain != other:
        message = "QSSTRESC and QSSTRESN are different numbers"
        raise InputError(message, "display_contradicts", place)
    witness = original if number is not None else text
    return answer, witness


def _number(cell: Any) -> float | None:
    if isinstance(cell, bool) or cell is None:
        return None
    if isinstance(cell, (int, float)):
        return float(cell)
    number = read_text(str(cell), 1000).number
    return None if number is None else number / 1000


def same_number(first: Any, second: Any) -> bool | None:
    """Whether two cells are one number; None where one of them is none."""
    number, other = _number(first), _number(second)
    return None if number is None or other is None else number == other
