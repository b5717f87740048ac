"""Sums across scenes put right again in a witness that was made in one scene alone.

A set of one scene that is the same as a set of another, or inside it, has to move with it. Whoever is in that set and
in as few others as possible moves there; where the one set is only inside the other, those between the two move
first.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ipm_outcomes.program.suppression._proof import Move, _added
from ipm_outcomes.program.suppression._system import Node, System

_ROUNDS = 6  # scenes that a change may go through, one after another


class Mender:
    """Puts sums right by the ways that the links between scenes name."""

    def __init__(self, system: System) -> None:
        self.system = system
        self.ways: dict[int, Sequence[tuple[int, int]]] = {
            row: [(variable, sign) for variable, sign in ways if variable >= 0]
            for row, ways in system.mends.items()
        }

    def whole(self, move: Move) -> Move | None:
        """The move with all that has to go along; none where that is not known."""
        one_by_one = self._one_by_one(move)
        return self._alike(move) if one_by_one is None else one_by_one

    def _alike(self, move: Move) -> Move | None:
        """The same change in other scenes with the same sets, where the people between cannot give it."""
        system = self.system
        rows, off = _added(system.columns_E, *move)
        nodes = system.node_of[move[0]]
        scene = system.nodes[nodes[0]].scene
        beside: dict[Any, list[tuple[int, int]]] = {}
        for row, left in zip(rows[off != 0].tolist(), off[off != 0].tolist(), strict=True):
            ways = self.ways.get(row, ())
            others = {system.nodes[system.node_of[variable]].scene for variable, _ in ways[-2:]} - {scene}
            if len(ways) < 3 or len(others) != 1:
                return None
            variable, sign = ways[0]
            beside.setdefault(others.pop(), []).append((variable, -left * sign))
        changed = dict(zip(move[0].tolist(), move[1].tolist(), strict=True))
        for other, between in beside.items():
            if all(system.x[variable] + by >= 0 for variable, by in between):
                changed |= dict(between)
                continue
            for variable_id, by in zip(*move, strict=True):
                here = system.nodes[system.node_of[variable_id]]
                there = system.nodes[system.index.get((other, here.key), 0)]
                variable = int(variable_id) - here.start + there.start
                if there.scene != other or not _same_sets(here, there) or system.x[variable] + by < 0:
                    return None
                changed[variable] = int(by)
        made = np.array(list(changed), np.int64), np.array(list(changed.values()), np.int64)
        return None if _added(system.columns_E, *made)[1].any() else made

    def _one_by_one(self, move: Move) -> Move | None:
        system = self.system
        rows, off = _added(system.columns_E, *move)
        if not off.any():
            return move
        changed = dict(zip(move[0].tolist(), move[1].tolist(), strict=True))
        settled = {int(system.node_of[variable]) for variable in changed}
        for _ in range(_ROUNDS):
            reached: set[int] = set()
            for row, left in zip(rows[off != 0].tolist(), off[off != 0].tolist(), strict=True):
                for variable, sign in self.ways.get(row, ()):
                    node = int(system.node_of[variable])
                    by = changed.get(variable, 0) - left * sign
                    if node not in settled and system.x[variable] + by >= 0:
                        changed[variable] = by
                        reached.add(node)
                        break
                else:
                    return None
            settled |= reached
            variables = np.array(sorted(changed), np.int64)
            made = variables, np.array([changed[variable] for variable in variables.tolist()], np.int64)
            rows, off = _added(system.columns_E, *made)
            if not off.any():
                return made
        return None


def _same_sets(node: Node, other: Node) -> bool:
    """Whether the same atoms make up the same sets."""
    return node.sets == other.sets and all(
        np.array_equal(node.of[name], other.of[name]) for name in node.sets
    )
