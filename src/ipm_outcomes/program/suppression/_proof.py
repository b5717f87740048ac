"""The check of every release: additions only, no solver, nothing that the search believes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any

import numpy as np

_AT_ONCE = 1000  # witnesses that are added up together
Move = tuple[np.ndarray, np.ndarray]
"""A witness: the variables that differ from the true table, and by how much."""


def verify(
    system: Any, low: np.ndarray, high: np.ndarray, moves: Iterable[Move]
) -> tuple[np.ndarray, np.ndarray]:
    """Least and most that the witnesses show of each protected count; AssertionError for a witness that is none.

    ``low`` and ``high`` are what a reader knows of each published count. A witness is another table of whole numbers of
    0 or more that has all known sums and, in every published count, a value that the reader cannot exclude.
    """
    truth = np.array([item.value for item in system.items], np.int64)
    value = np.array(system.value, np.int64)
    least, most = truth.copy(), truth.copy()
    for move, variables, by in _many(moves):
        if len(np.unique(move * len(system.x) + variables)) < len(variables):
            raise AssertionError("a witness that names a variable twice")
        if (system.x[variables] + by < 0).any():
            raise AssertionError("a witness with less than nobody")
        if _added(system.columns_E, variables, by, move)[1].any():
            raise AssertionError("a witness that breaks a sum")
        rows, change = _added(system.columns_A, variables, by, move)
        shown = value[rows] + change
        if ((shown < low[rows]) | (shown > high[rows])).any():
            raise AssertionError("a witness that moves what is shown")
        rows, change = _added(system.columns_P, variables, by, move)
        np.minimum.at(least, rows, truth[rows] + change)
        np.maximum.at(most, rows, truth[rows] + change)
    return least, most


def _many(moves: Iterable[Move]) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Some witnesses at a time: their numbers, variables and changes."""
    rest = iter(moves)
    while some := list(islice(rest, _AT_ONCE)):
        number = np.repeat(np.arange(len(some)), [len(variables) for variables, _ in some])
        yield (
            number,
            np.concatenate([variables for variables, _ in some]),
            np.concatenate([by for _, by in some]),
        )


def _added(
    matrix: tuple[np.ndarray, np.ndarray, np.ndarray],
    variables: np.ndarray,
    by: np.ndarray,
    move: np.ndarray | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """Sums that change when some variables do, for each witness by itself: rows, and by how much."""
    of, row, value = entries(matrix, variables)
    if not len(of):
        return of, of
    change = value * by[of]
    key = row if move is None else row + move[of] * (int(matrix[1].max()) + 1)
    order = key.argsort(kind="stable")
    key = key[order]
    new = np.ones(len(key), bool)
    np.not_equal(key[1:], key[:-1], out=new[1:])
    new = new.nonzero()[0]
    return row[order[new]], np.add.reduceat(change[order], new)


def entries(
    matrix: tuple[np.ndarray, np.ndarray, np.ndarray], columns: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The entries of some columns, one after another: the place of the column among them, the row, and the value."""
    starts, rows, values = matrix
    first = starts[columns]
    many = starts[columns + 1] - first
    of = np.arange(len(columns)).repeat(many)
    taken = np.arange(len(of)) + (first - many.cumsum() + many)[of]
    return of, rows[taken], values[taken]
