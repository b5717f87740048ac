"""What item columns say by themselves, before any total is looked at."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import combinations
from math import log
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ipm_outcomes.audit._reading import Bools
from ipm_outcomes.definition import Instrument

ENOUGH = 20
"""Forms from which on a pattern in all of them is reported."""
CHANCE = 1e-4
"""How rarely two columns of different items would be the same by chance, at most."""
USUAL = 0.7
"""How often two items agree beyond their most frequent answer, where the table holds no pair to learn it from."""
STRAIGHT = 0.5
SEVERAL = 5


@dataclass(frozen=True)
class Pattern:
    """A pattern of item columns: its cause, the items, and the rows that hold it, as truth values."""

    cause: str
    items: tuple[str, ...]
    rows: Bools
    of: int


def identical(instrument: Instrument, items: Iterable[str], codes: NDArray[Any]) -> list[tuple[str, ...]]:
    """Items whose columns hold the same in every row where both are answered, beyond what chance would give.

    How often different items agree beyond their most frequent answer is learned from the other pairs of columns.
    """
    ids = instrument.item_ids
    listed = {item: instrument.answers_of(item) for item in ids}
    pairs = [
        (first, second)
        for first, second in combinations(items, 2)
        if (listed[first].lowest, listed[first].highest) == (listed[second].lowest, listed[second].highest)
    ]
    usual, same = 0.0, []
    for first, second in pairs:
        a, b = codes[ids.index(first)], codes[ids.index(second)]
        both = (a >= 0) & (b >= 0)
        if (n := int(np.count_nonzero(both))) < ENOUGH:
            continue
        a, b = a[both], b[both]
        most = int(np.bincount(a).argmax())
        beyond = (a != most) | (b != most)
        off, agree = int(np.count_nonzero(beyond)), int(np.count_nonzero(a == b)) - int(n - beyond.sum())
        if agree == off:
            same.append((first, second, off))
        elif off >= ENOUGH // 2:
            usual = max(usual, (agree + 1) / (off + 2))
    rate = log(min(max(usual, USUAL if not usual else 0.3), 0.95))
    groups = [{first, second} for first, second, off in same if off * rate + log(len(pairs)) < log(CHANCE)]
    merged: list[set[str]] = []
    for pair in groups:
        touching = [group for group in merged if group & pair]
        merged = [group for group in merged if group not in touching]
        merged.append(pair.union(*touching))
    return [tuple(id for id in ids if id in group) for group in merged]


def patterns(instrument: Instrument, items: list[str], codes: NDArray[Any]) -> list[Pattern]:
    """Patterns of the columns of these items."""
    ids = instrument.item_ids
    own = codes[[ids.index(item) for item in items]]
    full: Bools = np.asarray((own >= 0).all(axis=0))
    patterns = []
    alike = identical(instrument, items, codes)
    if (straight := _straight(instrument, items, own, full)) is not None:
        patterns.append(straight)
        alike = [group for group in alike if len(group) < len(items)]
    for group in alike:
        rows = np.asarray((codes[[ids.index(item) for item in group]] >= 0).all(axis=0))
        patterns.append(Pattern(f"identical_items:{'='.join(group)}", group, rows, int(rows.sum())))
    for item, answers in zip(items, own, strict=True):
        there = answers >= 0
        if (n := int(there.sum())) < ENOUGH:
            continue
        first, listed = int(answers[there][0]), instrument.answers_of(item)
        if listed.lowest < first < listed.highest and (answers[there] == first).all():
            patterns.append(Pattern(f"constant_item:{item}", (item,), there, n))
    return patterns


def _straight(instrument: Instrument, items: list[str], own: NDArray[Any], full: Bools) -> Pattern | None:
    """Forms with one answer throughout that is not the lowest, where most forms are like that."""
    listed = {(answers.lowest, answers.highest) for answers in map(instrument.answers_of, items)}
    forms = int(full.sum())
    if len(items) < SEVERAL or len(listed) > 1 or forms < ENOUGH:
        return None
    rows = full & (own == own[0]).all(axis=0) & (own[0] > instrument.answers_of(items[0]).lowest)
    if int(rows.sum()) <= STRAIGHT * forms:
        return None
    return Pattern("straight_lining", tuple(items), rows, forms)
