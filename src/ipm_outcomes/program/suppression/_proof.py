"""The check of every release: additions only, no solver, nothing that the search believes."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

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
    least, most = truth.copy(), truth.copy()
    for at, by in moves:
        if (system.x[at] + by < 0).any():
            raise AssertionError("a witness with less than nobody")
        if _added(system.columns_E, at, by)[1].any():
            raise AssertionError("a witness that breaks a sum")
        rows, change = _added(system.columns_A, at, by)
        told = np.asarray(system.value)[rows] + change
        if ((told < low[rows]) | (told > high[rows])).any():
            raise AssertionError("a witness that moves what is shown")
        rows, change = _added(system.columns_P, at, by)
        np.minimum.at(least, rows, truth[rows] + change)
        np.maximum.at(most, rows, truth[rows] + change)
    return least, most


def _added(
    matrix: tuple[np.ndarray, np.ndarray, np.ndarray], at: np.ndarray, by: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Sums that change when some variables do: rows, and by how much."""
    starts, rows, values = matrix
    where = [np.arange(int(starts[v]), int(starts[v + 1])) for v in at]
    each = np.repeat(by, [len(part) for part in where])
    taken = np.concatenate(where) if where else np.zeros(0, np.int64)
    found, inverse = np.unique(rows[taken], return_inverse=True)
    change = np.zeros(len(found), np.int64)
    np.add.at(change, inverse.ravel(), values[taken] * each)
    return found, change
