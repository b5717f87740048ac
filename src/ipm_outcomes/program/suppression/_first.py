"""A first table of atoms: whole numbers of patients that have all the counts."""

from __future__ import annotations

from typing import Any

import numpy as np

_FILLED = 40  # rounds in which patients are spread over atoms
_NEAR = (0.5, 0.4, 0.6, 0.3, 0.7)
_NODES = 10_000  # of the search for a first table; by its work, so that a busy machine changes nothing
NONE_EXISTS = 2  # how the solver says that there is no solution


class Contradiction(Exception):  # noqa: N818 - a fact about the counts, caught inside
    """One set with two counts, or counts that no patients could have."""


class Unproved(Exception):  # noqa: N818 - caught inside, and made a refusal
    """Nothing was found, within the work allowed, and nothing shows that there is none."""


def spread_out(inside: np.ndarray, totals: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Tables of atoms (groups by atoms) that have the given counts (groups by sets), patients spread over many atoms.

    Also which of the groups were solved. Sets are filled in proportion until all agree; the rest after rounding is put
    right in as many atoms as the sets are independent.
    """
    many, sets = totals.shape
    x: np.ndarray = np.ones((many, inside.shape[1]))
    table = np.zeros(x.shape, np.int64)
    done: np.ndarray = np.zeros(many, bool)
    if not sets:
        return table, ~done
    columns = [np.flatnonzero(row) for row in inside]
    for _ in range(_FILLED):
        for number, atoms in enumerate(columns):
            part = x[:, atoms]
            part *= (totals[:, number] / np.maximum(part.sum(axis=1), 1e-300))[:, None]
            x[:, atoms] = part
    for near in _NEAR:
        left = np.flatnonzero(~done)
        if not len(left):
            break
        whole = np.floor(x[left] + near).astype(np.int64)
        rows, atoms = _independent(inside, x[left].sum(axis=0))
        short = totals[left] - whole @ inside.T
        more = np.linalg.solve(inside[np.ix_(rows, atoms)].astype(float), short[:, rows].T.astype(float)).T
        whole[:, atoms] += np.round(more).astype(np.int64)
        good = (whole >= 0).all(axis=1) & (whole @ inside.T == totals[left]).all(axis=1)
        table[left[good]], done[left[good]] = whole[good], True
    return table, done


def _independent(inside: np.ndarray, weight: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Sets that say all that the others do, and as many atoms that distinguish them, the heaviest."""
    left = inside.astype(float)
    rows, atoms = [], []
    for atom in np.argsort(-weight, kind="stable"):
        column = np.abs(left[:, atom])
        row = int(column.argmax())
        if column[row] > 1e-9:
            left -= np.outer(left[:, atom] / left[row, atom], left[row])
            rows.append(row)
            atoms.append(int(atom))
    return np.array(rows, np.int64), np.array(atoms, np.int64)


def whole_solution(matrix: Any, right: Any) -> np.ndarray:
    """Whole numbers of 0 or more with these sums."""
    from scipy.optimize import Bounds, LinearConstraint, milp

    n = matrix.shape[1]
    if not n:
        if right.any():
            raise Contradiction
        return np.zeros(0, np.int64)
    for whole in (0, 1):
        result = milp(
            np.zeros(n),
            constraints=LinearConstraint(matrix, right, right),
            bounds=Bounds(0, np.inf),
            integrality=np.full(n, whole),
            options={"node_limit": _NODES},
        )
        if result.x is None and result.status == NONE_EXISTS:
            raise Contradiction
        if result.x is None:
            continue
        rounded: np.ndarray = np.round(result.x).astype(np.int64)
        if (matrix @ rounded == right).all() and (rounded >= 0).all():
            return rounded
    raise Unproved
