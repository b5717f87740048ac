"""Limits of a hidden count, from nested counts and sums of groups: they depend on nothing but what is shown."""

from __future__ import annotations

import numpy as np

from ipm_outcomes.program.suppression._search import FAR
from ipm_outcomes.program.suppression._system import Node, System

_ROUNDS = 3


def intervals_of(system: System, low: np.ndarray, high: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Least and most of each published count, by nesting and by sums of groups; ``FAR`` where nothing limits it."""
    low, high = low.copy(), high.copy()
    for _ in range(_ROUNDS):
        before = low.copy(), high.copy()
        for node in system.nodes:
            _nested(node, low, high)
        for at, near in enumerate(system.near):
            for ids in near:
                if ids[0] == at:
                    _summed(system, ids, low, high)
        if (before[0] == low).all() and (before[1] == high).all():
            break
    return low, high


def _nested(node: Node, low: np.ndarray, high: np.ndarray) -> None:
    for inner, outer in node.nested:
        if inner in node.cells and outer in node.cells:
            a, b = node.cells[inner], node.cells[outer]
            low[b] = max(low[b], low[a])
            high[a] = min(high[a], high[b])


def _summed(system: System, ids: list[int], low: np.ndarray, high: np.ndarray) -> None:
    whole, parts = system.nodes[ids[0]], [system.nodes[at] for at in ids[1:]]
    for name, cell in whole.cells.items():
        inside = [part.cells[name] for part in parts if name in part.cells]
        if not inside:
            continue
        total_low = int(low[inside].sum())
        low[cell] = max(low[cell], total_low)
        complete = len(inside) == len(parts)
        total_high = int(high[inside].sum())
        if complete and total_high < FAR:
            high[cell] = min(high[cell], total_high)
        for one in inside:
            if high[cell] < FAR:
                high[one] = min(high[one], high[cell] - (total_low - low[one]))
            if complete and total_high - high[one] < FAR:
                low[one] = max(low[one], low[cell] - (total_high - high[one]))
