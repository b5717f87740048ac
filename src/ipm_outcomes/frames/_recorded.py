"""Scores that are in a table already, compared with what the answers give."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ipm_outcomes.frames._decode import distinct_in
from ipm_outcomes.frames._frame import Frame
from ipm_outcomes.frames._library import Column, Whole, Words
from ipm_outcomes.frames._missing import suspected_word

_SLACK = Decimal("1e-9")
"""What binary floats lose of a value; far below the last digit of any score."""


def disagreeing(frame: Frame, scored: Mapping[str, Column]) -> tuple[list[str], int, int]:
    """Columns of these names that the frame holds, rows in which one of them differs, and rows compared.

    A recorded number agrees where the score, rounded to as many decimals as the column has, is that number. An empty
    cell, or one that holds a word for no answer, is not compared; a recorded value where the answers give none differs.
    """
    names = frame.holding(scored)
    differs, compared = np.zeros(len(frame), bool), np.zeros(len(frame), bool)
    for ours, name in names.items():
        values, places = distinct_in(frame, name)
        texts, codes = _plain(scored[ours])
        recorded = [None if isinstance(value, str) and empty(value) else value for value in values]
        places_by_value, pairs = np.unique(places * len(texts) + codes, return_inverse=True)
        decimals = max((decimals_of(value) for value in recorded), default=0)
        agreed = np.array(
            [
                _agree(recorded[pair // len(texts)], texts[pair % len(texts)], decimals)
                for pair in places_by_value.tolist()
            ],
            bool,
        )
        present = np.array([value is not None for value in recorded], bool)[places]
        compared |= present
        differs |= present & ~agreed[pairs]
    return list(names.values()), int(differs.sum()), int(compared.sum())


def empty(text: str) -> bool:
    """Whether a cell says that no score was recorded."""
    return not text.strip() or suspected_word(text) is not None


def _plain(column: Column) -> tuple[list[Any], NDArray[np.intp]]:
    """The different values of a column of ours, None for null, and for each row which of them it is."""
    if isinstance(column, Words):
        # -1, which stands for null, comes last.
        return [*column.labels, None], np.where(column.codes < 0, len(column.labels), column.codes).astype(
            np.intp
        )
    assert not isinstance(column, Whole)  # exact numerators are in tidy tables only
    values, inverse = np.unique(column, return_inverse=True)
    return [None if value != value else value for value in values.tolist()], inverse.astype(np.intp)


def number_in(value: Any) -> Decimal | None:
    """The number that a cell holds, also as text with a decimal comma; None for anything else."""
    try:
        number = Decimal(str(value).strip().replace(",", "."))  # no score needs a sign between its thousands
    except ArithmeticError:
        return None
    return number if number.is_finite() and abs(number.adjusted()) < 100 else None


def decimals_of(value: Any) -> int:
    """How many decimals the number in a cell has; 0 where there is none."""
    number = None if value is None or isinstance(value, bool) else number_in(value)
    exponent = 0 if number is None else number.normalize().as_tuple().exponent
    return max(-exponent, 0) if isinstance(exponent, int) else 0


def _agree(recorded: Any, ours: Any, decimals: int) -> bool:
    if recorded is None or ours is None:
        return recorded is None
    if isinstance(ours, str):
        return " ".join(str(recorded).split()).casefold() == ours.casefold()
    number = number_in(recorded)
    if number is None:
        return False
    return abs(number - Decimal(ours)) <= Decimal(5).scaleb(-decimals - 1) + _SLACK
