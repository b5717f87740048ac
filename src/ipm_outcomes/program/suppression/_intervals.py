"""Limits of a hidden count, from nested counts and sums of groups: they depend on nothing but what is shown."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from ipm_outcomes.program.suppression._search import FAR
from ipm_outcomes.program.suppression._system import Node, System

_ROUNDS = 3


def intervals_of(system: System, low: np.ndarray, high: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Least and most of each published count, by nesting and by sums of groups; ``FAR`` where nothing limits it."""
    low, high = low.copy(), high.copy()
    nested = _pairs(system.nodes)
    for _ in range(_ROUNDS):
        before = low.copy(), high.copy()
        _nested(nested, low, high)
        for node, near in enumerate(system.near):
            for ids in near:
                if ids[0] == node:
                    _summed(system, ids, low, high)
        if (before[0] == low).all() and (before[1] == high).all():
            break
    return low, high


def _pairs(nodes: Iterable[Node]) -> tuple[np.ndarray, np.ndarray]:
    """Published counts of which the first is inside the second, of all groups: the inner ones and the outer ones.

    With two of them also any third between, so that one look at each pair shows all that nesting does.
    """
    alike: dict[tuple[int, int], tuple[np.ndarray, np.ndarray]] = {}
    inner, outer = [np.zeros(0, np.int64)], [np.zeros(0, np.int64)]
    for node in nodes:
        key = id(node.nested), len(node.sets)
        if key not in alike:
            place = {name: place for place, name in enumerate(node.sets)}
            pairs = np.array([(place[a], place[b]) for a, b in node.nested], np.int64).reshape(-1, 2)
            alike[key] = pairs[:, 0], pairs[:, 1]
        cells = np.array([node.cells.get(name, -1) for name in node.sets], np.int64)
        a, b = (cells[places] for places in alike[key])
        both = (a >= 0) & (b >= 0)
        inner.append(a[both])
        outer.append(b[both])
    return np.concatenate(inner), np.concatenate(outer)


def _nested(pairs: tuple[np.ndarray, np.ndarray], low: np.ndarray, high: np.ndarray) -> None:
    inner, outer = pairs
    np.maximum.at(low, outer, low[inner])
    np.minimum.at(high, inner, high[outer])


def _summed(system: System, ids: list[int], low: np.ndarray, high: np.ndarray) -> None:
    whole, parts = system.nodes[ids[0]], [system.nodes[part] for part in ids[1:]]
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
        if high[cell] < FAR:
            high[inside] = np.minimum(high[inside], high[cell] - (total_low - low[inside]))
        if complete:
            rest = total_high - high[inside]
            low[inside] = np.where(rest < FAR, np.maximum(low[inside], low[cell] - rest), low[inside])
