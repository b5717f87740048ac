"""From a column as its library holds it to int8 or int16 codes: an answer, `MISSING`, `WRONG`, `CODE` or `WORD`.

What counts as an answer is the same as for a single response: whole numbers of any numeric type within the allowed set
(decimals where the answers have a finer step, never rounded), and the labels of the item's answers. Cells of other
kinds are judged one by one by the rule for single responses.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ipm_outcomes.answers import (
    BLANK,
    IS_TEXT,
    NOT_ALLOWED,
    SAS_ZERO_HIGH,
    SAS_ZERO_LOW,
    Read,
    read,
    read_text,
)
from ipm_outcomes.definition import AnswerList, numbered_label, plain_label
from ipm_outcomes.frames._fetch import Coded, fetcher, first_kind
from ipm_outcomes.frames._kernel import CHUNK, CODE, MISSING, WORD, WRONG, unsigned
from ipm_outcomes.frames._missing import (
    MISSING_CODES,
    NotAnswered,
    plain_word,
    suspected_code,
    suspected_word,
)
from ipm_outcomes.frames._scale_columns import I8, Codes

if TYPE_CHECKING:
    from ipm_outcomes.frames._frame import Frame


@dataclass(frozen=True)
class Reading:
    """How the cells of one item are to be read."""

    lowest: int
    highest: int
    labels: dict[str, int]
    """Answers by label, in plain form."""
    not_answered: NotAnswered
    are_text_numbers: Callable[[], bool] = field(compare=False)
    """Whether numbers may be written as text; asked of a cell that needs it only, since it is asked of all cells."""
    rating: bool
    """Whether the answers are numbers of their own, without labels between the ends."""
    positions: tuple[int, ...] = ()
    """Answer codes in printed order, where cells hold positions (first option = 1) instead of codes."""
    recode: I8 | None = field(default=None, compare=False)
    per_unit: int = 1
    """How many steps of the answers make one; codes count steps."""

    @cached_property
    def text_numbers(self) -> bool:
        """Whether numbers may be written as text."""
        return self.are_text_numbers()

    @cached_property
    def suspects(self) -> list[int]:
        """Numbers outside the answers that are likely to mean that there is none."""
        lowest, highest = self.lowest // self.per_unit, self.highest // self.per_unit
        return [n for n in MISSING_CODES if suspected_code(n, lowest, highest, self.rating)]

    @property
    def allowed(self) -> str:
        """The answers, in words."""
        ends = f"{self.lowest / self.per_unit:g} to {self.highest / self.per_unit:g}"
        return ends if self.per_unit == 1 else f"{ends} in steps of {1 / self.per_unit:g}"

    def _among(self, steps: int, numbers: Collection[int]) -> bool:
        """Whether so many steps are one of these whole numbers."""
        return steps % self.per_unit == 0 and steps // self.per_unit in numbers

    @classmethod
    def of(
        cls,
        answers: AnswerList,
        labels: dict[str, int],
        not_answered: NotAnswered,
        are_text_numbers: Callable[[], bool],
        by_position: bool,
    ) -> Reading:
        """The reading of an item with these answers."""
        if not by_position or answers.numeric:
            return cls(
                answers.lowest, answers.highest, labels, not_answered, are_text_numbers, answers.numeric,
                per_unit=answers.per_unit,
            )  # fmt: skip
        size = len(answers.codes)
        # What is no answer is below 0, and stays what it is in the last places, counted from the end.
        recode = np.array([0, *answers.codes, WORD, CODE, WRONG, MISSING], np.int8)
        return cls(1, size, labels, not_answered, are_text_numbers, False, answers.codes, recode)

    @cached_property
    def numbers(self) -> dict[int, int]:
        """The number that a cell holds for each answer, where that is not the answer itself."""
        return {code: place for place, code in enumerate(self.positions, 1)}

    def judge(self, value: Any) -> tuple[int, Read]:
        """The code of a cell of any kind, and what was read; the problem is in what was read where it is no answer."""
        answer = read(value, self.per_unit)
        if isinstance(value, str) and answer.problem:
            label = plain_label(value)
            if label in self.labels:
                return self.labels[label], BLANK
            beside = numbered_label(value, self.labels)
            if beside and beside[0] * self.per_unit == self.numbers.get(beside[1], beside[1]):
                return beside[1], BLANK
            if plain_word(value) in self.not_answered.words:
                return MISSING, BLANK
            number = read_text(value, self.per_unit)
            if number.problem != IS_TEXT and (
                self.text_numbers
                or (number.number is not None and self._among(number.number, self.not_answered.numbers))
            ):
                answer = number
            elif suspected_word(value):
                return WORD, answer
        if answer.problem:
            return WRONG, answer
        if answer.number is None or self._among(answer.number, self.not_answered.numbers):
            return MISSING, answer
        if not self.lowest <= answer.number <= self.highest:
            suspected = self._among(answer.number, self.suspects)
            return CODE if suspected else WRONG, answer._replace(problem=NOT_ALLOWED)
        return (self.positions[answer.number - 1] if self.positions else answer.number), answer


def is_text_column(kind: str, column: Any) -> bool:
    """Whether every cell of a column that is not blank is text, as in a file without types."""
    if kind == "polars":
        return str(column.dtype).split("(")[0] in ("String", "Utf8", "Categorical", "Enum")
    if kind == "pyarrow":
        return _is_arrow_text(column.type)
    dtype = column.dtype
    if type(dtype).__name__ == "ArrowDtype":
        return _is_arrow_text(dtype.pyarrow_dtype)
    if dtype.kind != "O":
        return False
    from pandas.api.types import infer_dtype

    if hasattr(dtype, "categories"):
        return bool(dtype.categories.dtype.kind == "O" and infer_dtype(dtype.categories) == "string")
    if first_kind(column.array) in (int, float):
        return False
    return bool(infer_dtype(column, skipna=True) == "string")


def _is_arrow_text(kind: Any) -> bool:
    import pyarrow.types as pt

    while pt.is_dictionary(kind) or pt.is_run_end_encoded(kind):
        kind = kind.value_type
    return bool(pt.is_string(kind) or pt.is_large_string(kind) or str(kind) == "string_view")


Reader = Callable[[int, int, Codes], None]
"""Fills codes from rows start to stop into the array given."""


def reader(kind: str, column: Any, reading: Reading) -> Reader:
    """A reader of one column.

    Parameters
    ----------
    kind
        ``"pandas"``, ``"polars"`` or ``"pyarrow"``.
    column
        The column as that library holds it.
    reading
        How its cells are to be read.
    """
    fetch = fetcher(kind, column, whole=reading.per_unit == 1)
    cache: dict[Any, int] = {}

    def read(start: int, stop: int, codes: Codes) -> None:
        values, blank = fetch(start, stop)
        if isinstance(values, np.ndarray) and values.dtype.kind in "iuf":
            if reading.per_unit > 1:
                _decimals(values, reading, codes, blank)
            else:
                _numbers(values, reading, codes, blank)
            if reading.recode is not None:
                codes[:] = reading.recode[codes]
        elif isinstance(values, np.ndarray) and values.dtype.kind == "b":
            codes.fill(WRONG)
        elif isinstance(values, Coded):
            codes[:] = _of_distinct(values, cache, reading, codes.dtype)
        else:
            codes[:] = [_cached(cache, reading, value) for value in values]
        if blank is not None:
            np.bitwise_or(codes, blank, out=codes)

    return read


def _of_distinct(cells: Coded, cache: dict[Any, int], reading: Reading, dtype: Any) -> Codes:
    """Codes of cells of which each distinct value is judged once."""
    values, places = cells.values, cells.places
    if len(values) > len(places):  # of many categories only those that are there
        present, places = np.unique(places, return_inverse=True)
        values = [None if place < 0 else values[place] for place in present.tolist()]
    # Counted from the end, the last place is that of a cell that holds nothing.
    judged = np.array([*(_cached(cache, reading, value) for value in values), MISSING], dtype)
    return np.take(judged, places, mode="wrap")


def _cached(cache: dict[Any, int], reading: Reading, value: Any) -> int:
    kind = type(value)
    if kind not in (str, int, float, bool):
        return reading.judge(value)[0]
    code = cache.get((kind, value))  # 1, 1.0 and True are one key, and not one answer
    if code is None:
        code = reading.judge(value)[0]
        if len(cache) < 10_000:
            cache[kind, value] = code
    return code


_ABOVE = 1 + 2**-20


def _decimals(values: NDArray[Any], reading: Reading, codes: Codes, blank: I8 | None) -> None:
    """Numbers to codes that count steps.

    A float is the decimal that it prints as where it is the number of its width that lies nearest to that decimal,
    which is what division gives. Every other cell is judged like a single answer.
    """
    with np.errstate(invalid="ignore", over="ignore"):
        # A little more than the steps, of which what follows the point is dropped; the division finds what is none.
        np.multiply(values, reading.per_unit * _ABOVE, out=codes, casting="unsafe", dtype=np.float64)
        steps = np.divide(codes, reading.per_unit, dtype=np.float64)
        narrow = values.dtype.kind == "f" and values.dtype.itemsize < 8
        other = (steps.astype(values.dtype) if narrow else steps) != values
    raw = unsigned(codes)
    other |= raw - raw.dtype.type(reading.lowest) > raw.dtype.type(reading.highest - reading.lowest)
    if values.dtype.itemsize not in (4, 8):
        other.fill(True)
    if blank is not None:
        other &= blank == 0
    rest = np.flatnonzero(other)
    if not rest.size:
        return
    codes[rest] = MISSING
    rest = rest[values[rest] == values[rest]]
    different, place = np.unique(values[rest], return_inverse=True)
    codes[rest] = np.array([reading.judge(value)[0] for value in different], codes.dtype)[place]


def _numbers(values: NDArray[Any], reading: Reading, codes: Codes, blank: I8 | None) -> None:
    """Numbers to codes: a cast to an unsigned number that comes back equal was a whole number that fits into it."""
    raw = unsigned(codes)
    fits = False
    if values.dtype.kind != "f":
        # Without the sign, what lies below 0 is the largest of all.
        plain = values.view(f"{values.dtype.byteorder}u{values.dtype.itemsize}")
        most = int(plain.max(initial=0))
        fits = most <= np.iinfo(raw.dtype).max
        np.copyto(raw, plain, casting="unsafe")
        if most <= reading.highest:
            if (
                reading.lowest and blank is not None
            ):  # a cell that holds nothing is often 0, and above all others now
                np.bitwise_or(codes, blank, out=codes)
            if not reading.lowest or raw.min(initial=most) >= reading.lowest:
                return
    else:
        with np.errstate(invalid="ignore", over="ignore"):
            np.copyto(raw, values, casting="unsafe")
    # What lies below the range wraps around, so one comparison finds both ends.
    outside = raw - raw.dtype.type(reading.lowest) > raw.dtype.type(reading.highest - reading.lowest)
    if not fits:
        np.logical_or(outside, raw != values, out=outside)
    np.copyto(codes, WRONG, where=outside)
    if blank is not None:
        outside &= blank == 0  # whatever is held there
    if not outside.any():
        return
    if values.dtype.kind == "f":
        missing = np.isnan(values)
        np.copyto(codes, MISSING, where=missing)
        np.logical_xor(outside, missing, out=outside)
        if not outside.any():
            return
        if reading.lowest == 0:
            codes[(values > SAS_ZERO_LOW) & (values < SAS_ZERO_HIGH)] = 0
    places = np.flatnonzero(outside)
    odd = values[places]
    codes[places[np.isin(odd, reading.suspects) & (codes[places] == WRONG)]] = CODE
    codes[places[np.isin(odd, list(reading.not_answered.numbers))]] = MISSING


def distinct_in(frame: Frame, name: str, most: int | None = None) -> tuple[list[Any], NDArray[np.intp]]:
    """The different cells of a column of a table, or of its first rows; see `distinct`."""
    return distinct(frame.kind, frame.column(name), len(frame) if most is None else min(len(frame), most))


def distinct(kind: str, column: Any, rows: int) -> tuple[list[Any], NDArray[np.intp]]:
    """The different cells of a column, and for each row which of them it holds; None for a cell that is null."""
    fetch = fetcher(kind, column)
    places = np.empty(rows, np.intp)
    seen: dict[Any, int] = {}
    values: list[Any] = []

    def place(value: Any) -> int:
        if (isinstance(value, float) and value != value) or type(value).__name__ in ("NAType", "NaTType"):
            value = None
        try:
            key = (type(value), value)
            position = seen.setdefault(key, len(values))
        except TypeError:  # a list, which cannot be looked up
            position = len(values)
        if position == len(values):
            values.append(value)
        return position

    for start in range(0, rows, CHUNK):
        stop = min(start + CHUNK, rows)
        cells, blank = fetch(start, stop)
        if isinstance(cells, np.ndarray):
            parts, inverse = unique(cells)
            places[start:stop] = np.array([place(part) for part in parts.tolist()], np.intp)[inverse]
        elif isinstance(cells, Coded):
            # A null cell may have the place of any value, also of one that no cell holds.
            held = cells.places.astype(np.intp)
            if blank is not None:
                held[blank != 0] = -1
            if len(cells.values) <= len(held):
                parts = np.flatnonzero(np.bincount(held + 1, minlength=len(cells.values) + 1)) - 1
                of_part = np.zeros(
                    len(cells.values) + 1, np.intp
                )  # counted from the end, the last is that of null
                of_part[parts] = [place(None if part < 0 else cells.values[part]) for part in parts.tolist()]
                places[start:stop] = of_part[held]
                continue
            parts, inverse = np.unique(held, return_inverse=True)
            numbers = [place(None if part < 0 else cells.values[part]) for part in parts.tolist()]
            places[start:stop] = np.array(numbers, np.intp)[inverse]
        else:
            places[start:stop] = [place(cell) for cell in cells]
        if blank is not None:
            places[start:stop][blank != 0] = place(None)
    return values, places


def unique(cells: NDArray[Any]) -> tuple[NDArray[Any], NDArray[np.intp]]:
    """What `numpy.unique` gives with ``return_inverse``, without sorting where most cells are small whole numbers."""
    if cells.dtype.kind not in "iuf":
        return np.unique(cells, return_inverse=True)
    with np.errstate(invalid="ignore", over="ignore"):
        small = cells.astype(np.int8)
    bits = small.view(np.uint8)
    odd = np.flatnonzero(small != cells)
    counts = np.bincount(bits, minlength=256)
    if odd.size:
        counts -= np.bincount(bits[odd], minlength=256)
    held = np.flatnonzero(counts).astype(np.uint8)
    others, inverse = np.unique(cells[odd], return_inverse=True)
    values = np.concatenate([held.view(np.int8).astype(cells.dtype), others])
    order = np.argsort(values)
    rank = np.empty(len(values), np.intp)
    rank[order] = np.arange(len(values))
    place_of = np.zeros(256, np.intp)
    place_of[held] = rank[: len(held)]
    places = place_of[bits]
    places[odd] = rank[len(held) :][inverse]
    return values[order], places
