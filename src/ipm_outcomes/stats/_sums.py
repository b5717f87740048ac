"""Sums of float64 numbers by group, without any rounding: the same for every order and partition of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

_BLOCK = 1 << 18
_HALF = 27
"""Bits of half a mantissa: sums of a block of numbers of so many bits are exact in float64."""
_EXACT = 2.0**53


class Sums(NamedTuple):
    """By group the sum of numbers and that of their squares, as whole numbers over a denominator and its square."""

    totals: list[int]
    squares: list[int]
    denominator: int


def sums_by(values: NDArray[np.float64], groups: NDArray[Any], size: int) -> Sums:
    """Sum finite numbers, and their squares, by group.

    Parameters
    ----------
    values
        Finite numbers.
    groups
        The group of each, below ``size``.

    Examples
    --------
    >>> import numpy as np
    >>> sums_by(np.array([0.5, 1e300, 0.25, -1e300]), np.array([0, 1, 0, 1]), 2).totals[1]
    0
    >>> sums_by(np.array([3.0, 4.0]), np.array([0, 0]), 1)
    Sums(totals=[7], squares=[25], denominator=1)
    """
    top = float(max(values.max(initial=0.0), -values.min(initial=0.0)))
    if top * top * max(len(values), 1) < _EXACT and _whole(values):
        totals, squares = np.zeros(size), np.zeros(size)
        for block in _blocks(len(values)):
            own, place = values[block], groups[block].astype(np.intp)
            totals += np.bincount(place, own, size)
            squares += np.bincount(place, own * own, size)
        return Sums(totals.astype(np.int64).tolist(), squares.astype(np.int64).tolist(), 1)
    return _of_fractions(values, groups, size)


def _blocks(rows: int) -> Iterator[slice]:
    for start in range(0, rows, _BLOCK):
        yield slice(start, start + _BLOCK)


def _whole(values: NDArray[np.float64]) -> bool:
    return all(bool((np.rint(values[block]) == values[block]).all()) for block in _blocks(len(values)))


def _of_fractions(values: NDArray[np.float64], groups: NDArray[Any], size: int) -> Sums:
    """By halves of the mantissas, apart for each exponent, so that every sum is one of small whole numbers."""
    exponents = np.unique(np.concatenate([np.unique(np.frexp(values[b])[1]) for b in _blocks(len(values))]))
    lowest, kinds = int(exponents[0]), len(exponents)
    place_of = np.zeros(int(exponents[-1]) - lowest + 1, np.intp)
    place_of[exponents - lowest] = np.arange(kinds)
    parts = np.zeros((8, size * kinds), np.int64)
    for block in _blocks(len(values)):
        mantissas, own = np.frexp(values[block])
        whole = (mantissas * _EXACT).astype(np.int64)
        place = groups[block].astype(np.intp) * kinds + place_of[own - lowest]
        high, low = whole >> _HALF, whole & ((1 << _HALF) - 1)
        numbers = [high, low]
        for product in (high * high, high * low, low * low):
            numbers += [product >> _HALF, product & ((1 << _HALF) - 1)]
        for part, number in zip(parts, numbers, strict=True):
            part += np.bincount(place, number, size * kinds).astype(np.int64)
    tables = [part.reshape(size, kinds) for part in parts]
    steps = (exponents - lowest).tolist()
    totals = _added(tables[:2], (_HALF, 0), steps)
    shifts = (3 * _HALF, 2 * _HALF, 2 * _HALF + 1, _HALF + 1, _HALF, 0)
    squares = _added(tables[2:], shifts, [2 * step for step in steps])
    shift = 53 - lowest  # of a number below one that ends in the last place
    if shift < 0:
        return Sums([t << -shift for t in totals], [s << -2 * shift for s in squares], 1)
    return Sums(totals, squares, 1 << shift)


def _added(tables: Sequence[NDArray[np.int64]], shifts: Sequence[int], steps: Sequence[int]) -> list[int]:
    """The sum of all parts by group, each moved to its place."""
    totals = np.zeros(len(tables[0]), object)
    for table, shift in zip(tables, shifts, strict=True):
        for column, step in enumerate(steps):
            totals += table[:, column].astype(object) << (shift + step)
    sums: list[int] = totals.tolist()
    return sums
