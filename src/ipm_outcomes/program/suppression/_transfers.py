"""Witnesses without a solver: some patients of a group counted in other atoms, and as many of another group back.

A patient can be counted in another atom where no shown set tells the two apart; a second group in which none does
either takes the opposite move, and every total stays as it is.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ipm_outcomes.program.suppression._proof import Move
from ipm_outcomes.program.suppression._system import System

_PARTNERS = 6
_OUTSIDE = 10**6  # patients who are in no published set at all: as many as one likes


class Transfers:
    """Looks for witnesses that move patients between atoms of two groups."""

    def __init__(self, system: System) -> None:
        self.system = system
        random = np.random.default_rng(1)
        self.kinds: dict[tuple[Any, ...], tuple[np.ndarray, np.ndarray]] = {}
        self.random = random

    def inside(self, node: int) -> tuple[np.ndarray, np.ndarray]:
        """Sets by atoms (the last one outside of all), and a random number for each set."""
        here = self.system.nodes[node]
        key = (here.scene, here.sets)
        if key not in self.kinds:
            matrix = np.zeros((len(here.sets), here.count + 1), np.uint64)
            for row, name in enumerate(here.sets):
                matrix[row, here.of[name]] = 1
            self.kinds[key] = matrix, self.random.integers(1, 2**63, len(here.sets), dtype=np.uint64)
        return self.kinds[key]

    def fixed(self, nodes: tuple[int, ...], hidden: np.ndarray) -> np.ndarray:
        """The sets of which a count of these groups is shown, or that a sum with another scene rests on."""
        fixed = np.zeros(len(self.system.nodes[nodes[0]].sets), bool)
        for node in nodes:
            here = self.system.nodes[node]
            for row, name in enumerate(here.sets):
                cell = here.cells.get(name)
                if (cell is not None and not hidden[cell]) or name in here.linked:
                    fixed[row] = True
        return fixed

    def labels(self, nodes: tuple[int, ...], hidden: np.ndarray) -> np.ndarray:
        """Atoms with the same label are told apart by no shown count of these groups."""
        matrix, numbers = self.inside(nodes[0])
        labels: np.ndarray = (numbers * self.fixed(nodes, hidden)) @ matrix
        return labels

    def find(self, node: int, by: int, atoms: np.ndarray, hidden: np.ndarray, partners: Any) -> Move | None:
        """A move that changes a sum of atoms of a group by a number."""
        system = self.system
        here = system.nodes[node]
        if len(system.near[node]) > 1 or not here.sets:
            return None
        mine = np.zeros(here.count + 1, bool)
        mine[atoms - here.start] = True
        from_, to = (~mine, mine) if by > 0 else (mine, ~mine)
        if not system.near[node]:
            return self._made(((node, 1),), node, None, abs(by), from_, to, self.labels((node,), hidden))
        ids = system.near[node][0]
        whole = ids[0]
        if node == whole:
            for child in partners(node, ids[1:])[:_PARTNERS]:
                if self.plain(child, here.sets):
                    move = self._made(
                        ((node, 1), (child, 1)),
                        child,
                        None,
                        abs(by),
                        from_,
                        to,
                        self.labels((node, child), hidden),
                    )
                    if move is not None:
                        return move
            return None
        if len(system.near[whole]) == 1 and system.nodes[whole].sets == here.sets:
            move = self._made(
                ((node, 1), (whole, 1)), node, None, abs(by), from_, to, self.labels((node, whole), hidden)
            )
            if move is not None:
                return move
        for other in partners(node, [part for part in ids[1:] if part != node])[:_PARTNERS]:
            if self.plain(other, here.sets):
                move = self._made(
                    ((node, 1), (other, -1)),
                    node,
                    other,
                    abs(by),
                    from_,
                    to,
                    self.labels((node, other), hidden),
                )
                if move is not None:
                    return move
        return None

    def plain(self, node: int, sets: tuple[Any, ...]) -> bool:
        """Whether a group publishes these sets and is in one sum only."""
        return self.system.nodes[node].sets == sets and len(self.system.near[node]) == 1

    def _made(
        self,
        signs: tuple[tuple[int, int], ...],
        giver: int,
        taker: int | None,
        many: int,
        from_: np.ndarray,
        to: np.ndarray,
        labels: np.ndarray,
    ) -> Move | None:
        system = self.system
        give = np.append(system.x[system.nodes[giver].variables], _OUTSIDE)
        take = (
            np.full(len(give), _OUTSIDE)
            if taker is None
            else np.append(system.x[system.nodes[taker].variables], _OUTSIDE)
        )
        give, take = np.where(from_, give, 0), np.where(to, take, 0)
        _, code = np.unique(labels, return_inverse=True)
        code = code.ravel()
        n = code.max() + 1
        both = np.minimum(np.bincount(code, give, n), np.bincount(code, take, n)).astype(np.int64)
        if both.sum() < many:
            return None
        change = np.zeros(len(give), np.int64)
        for label in np.argsort(-both, kind="stable"):
            moved = min(many, int(both[label]))
            for side, have in ((-1, give), (1, take)):
                left = moved
                for atom in np.flatnonzero((code == label) & (have > 0)):
                    part = min(left, int(have[atom]))
                    change[atom] += side * part
                    left -= part
                    if not left:
                        break
            many -= moved
            if not many:
                break
        moved_atoms = np.flatnonzero(change[:-1])
        variables = np.concatenate([system.nodes[node].start + moved_atoms for node, _ in signs])
        return variables, np.concatenate([sign * change[moved_atoms] for _, sign in signs])
