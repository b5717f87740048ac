"""Columns as small whole numbers, what they make together, and how often."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ipm_outcomes.frames._library import Bools, Ints

_BLOCK = 1 << 18
"""Rows at a time, so that what is formed of them stays in the cache of a processor."""
_DENSE = 1 << 22
"""Up to so many codes each has a place in a table, whether it appears or not."""


class Codes(NamedTuple):
    """A code from 0 up to ``size`` for each row."""

    of: NDArray[Any]
    size: int

    def take(self, rows: Ints | None) -> Codes:
        """The codes of some rows; of all, where none are named."""
        return self if rows is None else Codes(self.of[rows], self.size)


def blocks(rows: int, least: int = 0) -> Iterator[slice]:
    """Stretches of rows, of at least so many."""
    step = max(_BLOCK, least)
    for start in range(0, rows, step):
        yield slice(start, min(start + step, rows))


def small(codes: NDArray[Any], size: int) -> Codes:
    """Codes in as few bytes as they need."""
    return Codes(codes.astype(np.min_scalar_type(max(size - 1, 0)), copy=False), size)


def looked_up(table: NDArray[Any], codes: NDArray[Any]) -> NDArray[Any]:
    """The entry of a table for each code."""
    entries = np.empty(len(codes), table.dtype)
    for block in blocks(len(codes)):
        np.take(table, codes[block], out=entries[block], mode="clip")  # without looking at the bounds
    return entries


def appearing(codes: Codes) -> tuple[Codes, Ints]:
    """Codes without gaps, and which of the given ones they are."""
    if codes.size > max(_DENSE, 2 * len(codes.of)):
        present, dense = np.unique(codes.of, return_inverse=True)
        return small(dense, len(present)), present.astype(np.int64)
    present = np.flatnonzero(_seen(codes))
    if len(present) == codes.size:
        return codes, present
    table = np.zeros(codes.size, np.min_scalar_type(max(len(present) - 1, 0)))
    table[present] = np.arange(len(present))
    return Codes(looked_up(table, codes.of), len(present)), present


def follows(codes: Codes, key: Codes) -> bool:
    """Whether all rows of one key have one code."""
    of_key = np.zeros(key.size, codes.of.dtype)
    for block in blocks(len(key.of)):
        of_key[key.of[block]] = codes.of[block]
    return all(np.array_equal(of_key[key.of[block]], codes.of[block]) for block in blocks(len(key.of)))


def _seen(codes: Codes) -> Bools:
    """Which codes appear."""
    seen = np.zeros(codes.size, bool)
    for block in blocks(len(codes.of)):
        seen[codes.of[block]] = True
    return seen


def joint(columns: Sequence[Codes], rows: int) -> tuple[Codes, list[Ints]]:
    """A code for each combination of codes that appears, and the codes of every column that make it up."""
    codes = Codes(np.zeros(rows, np.uint8), 1)
    members: list[Ints] = []
    ahead = list(columns)
    while True:
        some, size = [codes], codes.size
        while ahead and (len(some) == 1 or size * ahead[0].size <= _DENSE):
            size *= ahead[0].size
            some.append(ahead.pop(0))
        codes, present = appearing(key_of(some, rows))
        own = []
        for column in reversed(some):
            own.append(present % column.size)
            present = present // column.size
        members = [member[own[-1]] for member in members] + own[-2::-1]
        if not ahead:
            return codes, members


def key_of(columns: Sequence[Codes], rows: int) -> Codes:
    """A code for each combination of codes, of which not all may appear."""
    size = 1
    for place, column in enumerate(columns):
        if size * column.size >= 1 << 62:
            return key_of([appearing(key_of(columns[:place], rows))[0], *columns[place:]], rows)
        size *= column.size
    key = np.empty(rows, np.min_scalar_type(max(size - 1, 0)))
    for block in blocks(rows):
        part = Codes(np.zeros(len(key[block]), np.uint8), 1)
        for column in columns:
            part = _put_together(part, Codes(column.of[block], column.size))
        key[block] = part.of
    return Codes(key, size)


def _put_together(codes: Codes, column: Codes) -> Codes:
    """One code for each pair of codes."""
    size = codes.size * column.size
    kind = np.min_scalar_type(max(size - 1, 0))
    if codes.size == 1:
        return Codes(column.of.astype(kind, copy=False), size)
    made: NDArray[Any] = np.multiply(codes.of, kind.type(column.size), dtype=kind, casting="unsafe")
    if column.size > 1:
        np.add(made, column.of, out=made, casting="unsafe")
    return Codes(made, size)


def without_gaps(key: Codes) -> Codes:
    """The key with codes for which a table has room."""
    return key if key.size <= max(_DENSE, 4 * len(key.of)) else appearing(key)[0]


def most_rows(key: Codes) -> int:
    """The largest number of rows that have one code."""
    rows = len(key.of)
    if key.size <= max(_DENSE, 8 * rows) and np.count_nonzero(_seen(key)) == rows:
        return min(rows, 1)
    return int(np.unique(key.of, return_counts=True)[1].max(initial=0))


def crossed(first: Codes, second: Codes) -> tuple[Ints, Ints, Ints]:
    """Every pair of codes that appears, by the first, and in how many rows."""
    size = first.size * second.size
    if size > max(_DENSE, 2 * len(first.of)):
        pairs, counts = np.unique(first.of.astype(np.int64) * second.size + second.of, return_counts=True)
    else:
        every = np.zeros(size, np.int64)
        for block in blocks(len(first.of), size):
            key = np.multiply(first.of[block], second.size, dtype=np.int64)
            np.add(key, second.of[block], out=key, casting="unsafe")
            every += np.bincount(key, minlength=size)
        pairs = np.flatnonzero(every)
        counts = every[pairs]
    return pairs // max(second.size, 1), pairs % max(second.size, 1), counts


def identified(values: Ints, null: Bools) -> tuple[Codes, Ints]:
    """Whole numbers of any size: a code for each, 0 for none, and the number that each code stands for."""
    rows = len(values)
    known = values[~null] if null.any() else values
    if not len(known):
        return Codes(np.zeros(rows, np.uint8), 1), np.zeros(1, np.int64)
    low, high = int(known.min()), int(known.max())
    if high - low < max(_DENSE, 2 * rows):
        codes = np.empty(rows, np.min_scalar_type(high - low + 1))
        np.subtract(values, low, out=codes, casting="unsafe")
        codes += 1  # apart, as there may be no number below the lowest
        if len(known) < rows:
            codes[null] = 0
        return Codes(codes, high - low + 2), np.arange(-1, high - low + 1) + low
    begins = np.flatnonzero(np.diff(values, prepend=values[0]) != 0)
    begins = np.concatenate([[0], begins])
    several = 4 * len(begins) < rows  # rows of one patient often follow each other
    present, codes = np.unique(values[begins] if several else values, return_inverse=True)
    codes = np.repeat(codes, np.diff(begins, append=rows)) if several else codes
    return small(np.where(null, 0, codes + 1), len(present) + 1), np.concatenate([[0], present])
