"""The means of all targets of a scale at once, with those due who have no follow-up.

Who is due later was due earlier with the same score at the start. So the mean at the start of one target limits who can
be due at another one, also where no mean of that is shown. There have to be patients due, by the score at the start and
by what is known of them at each target, with the counts and the printed means of all targets.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import numpy as np

from ipm_outcomes.program._cells import in_order
from ipm_outcomes.program.suppression._figures import (
    _FAR,
    _HALVES,
    _OFF,
    _SOFT,
    _STEPS,
    COARSE,
    WITHHELD,
    Group,
    Slab,
    _product,
    _solved,
    some_of,
)
from ipm_outcomes.program.suppression._pairs import Pairs
from ipm_outcomes.program.suppression._side_by_side import OUT
from ipm_outcomes.program.suppression._system import Node, Scene
from ipm_outcomes.program.suppression._targets import Starts


@dataclass
class Target:
    """A group at one target."""

    group: Group
    start: np.ndarray
    """By kind of patient the number of the score at the start; -1 for those who are not due."""
    asked: list[tuple[frozenset[int], int]]
    """Sets that ask those due for the score at the start alone: which scores, and their place. The widest is first."""


@dataclass
class Chain:
    """A group at the targets of a scale, in their order."""

    members: list[int]
    scores: int
    """How many scores there are at the start."""
    targets: list[Target]
    last: dict[Any, list[np.ndarray]] = field(default_factory=dict)
    """Where the last fit ended."""
    whole: int = -1
    """No target is the whole of the others."""

    def could_be(self, counts: Sequence[np.ndarray]) -> bool:
        """Whether there can be patients with these counts at each target of whom every mean is printed the same."""
        if self.is_withheld() or _fits(self, counts):
            return True
        return COARSE in self.states() and _fits(self, counts, _SOFT)

    def states(self) -> tuple[int, ...]:
        """How each mean is printed."""
        return tuple(entry.state for target in self.targets for entry in target.group.figures)

    def is_withheld(self) -> bool:
        """Whether no mean is given."""
        return all(state == WITHHELD for state in self.states())

    def leaves(self, counts: Sequence[np.ndarray]) -> list[np.ndarray]:
        """By target and score at the start, 1 where somebody may be due who is not due at the next target, else 0."""
        made = [np.ones(self.scores) for _ in self.targets]
        for index, (early, late) in enumerate(pairwise(self.targets)):
            for wide, outer in early.asked:
                for narrow, inner in late.asked:
                    if narrow <= wide and counts[index][outer] == counts[index + 1][inner]:
                        made[index][list(wide)] = 0
        return made

    def begin(self, counts: Sequence[np.ndarray], kinds: Sequence[int]) -> list[np.ndarray]:
        """Where a fit begins: with everybody alike."""
        due = [float(n[target.asked[0][1]]) for target, n in zip(self.targets, counts, strict=True)]
        made, onward = [], 1.0
        for index in reversed(range(len(due))):
            share = (
                due[index] / (max(due[index - 1] - due[index], 0.0) + 0.5) if index else due[0] / self.scores
            )
            start = np.zeros(len(counts[index]))
            start[self.targets[index].asked[0][1]] = np.log(
                max(share, 1e-3) * self.scores / max(kinds[index], 1) / onward
            )
            made.append(start)
            onward = 1.0 + share
        return made[::-1]


def chain_of(means: Any, node: int, is_whole: bool) -> Chain | None:
    """A whole at the targets of its scale, or a part at its target; nothing where that says no more than its means by
    themselves.
    """
    system, key = means.system, means.system.nodes[node].key
    scale = system.nodes[node].scene[: 3 if is_whole else 4]
    beside = {
        scene: number
        for (scene, place), number in system.index.items()
        if place == key and scene[: len(scale)] == scale and scene in means.reader.kinds and len(scene) == 4
    }
    timed = sorted((s for s in beside if in_order(s[3])[0] >= 0), key=lambda scene: in_order(scene[3]))
    if not any(beside[scene] in means.rows for scene in timed):
        return None
    due = [(beside[scene], of) for scene in timed if (of := _due(means, beside[scene])) is not None]
    if not any(entry in means.rows for entry, _ in due) or (len(due) == 1 and len(due[0][1].asked) == 1):
        return None
    scores: dict[Any, int] = {}
    targets = []
    for entry, of in due:
        group = means.group_of(entry, system.nodes[entry].atoms >= 0, lambda of=of: of.kinds, "due")
        place = {name: n for n, name in enumerate(group.names)}
        number = np.array([scores.setdefault(score, len(scores)) for score in of.scores] + [-1])
        sets = [(frozenset(scores[score] for score in held), place[name]) for held, name in of.asked.items()]
        targets.append(Target(group, number[of.start], sorted(sets, key=lambda each: -len(each[0]))))
    return Chain([entry for entry, _ in due], len(scores), targets)


@dataclass
class _Due:
    """Who is due in groups with the same published sets."""

    kinds: np.ndarray
    """Of those with a mean some of each atom, of others one of each atom and score at the start."""
    start: np.ndarray
    """Of each of them the place of the score at the start; -1 for those who are not due."""
    scores: list[Any]
    asked: dict[frozenset[Any], Any]


def _due(means: Any, node: int) -> _Due | None:
    of, with_means = means.system.nodes[node], node in means.rows
    key = "due", of.scene, of.sets, tuple(of.cells), with_means
    if key not in means.alike:
        means.alike[key] = _due_among(means.reader.kinds[of.scene], of, with_means)
    made: _Due | None = means.alike[key]
    return made


def _due_among(pairs: Pairs, of: Node, with_means: bool) -> _Due | None:
    if OUT in pairs.columns or "followup" not in pairs.columns:
        return None
    starts = Starts(pairs)
    asked = starts.asked(Scene({name: np.isin(of.atoms, of.of[name]) for name in of.cells}))
    if not asked:
        return None
    start = np.where(starts.due & (of.atoms >= 0), starts.of, -1)
    paired = (start >= 0) & np.asarray(pairs.columns["followup"] != np.array(None), bool) & with_means
    some = some_of(of.atoms, np.flatnonzero(paired))
    others = np.flatnonzero((of.atoms >= 0) & ~paired)
    _, first = np.unique(of.atoms[others] * (start.max() + 2) + start[others], return_index=True)
    kinds = np.concatenate([some, others[first]])
    scores, place = np.unique(np.append(start[kinds], -1), return_inverse=True)
    return _Due(kinds, place.ravel()[:-1] - 1, [starts.scores[entry] for entry in scores[1:]], asked)


def _fits(chain: Chain, counts: Sequence[np.ndarray], soft: float = 0.0) -> bool:
    """By an exponential family: of those with one score at the start, what is known at each target is independent."""
    slabs, theres = [], []
    for target, n in zip(chain.targets, counts, strict=True):
        slab, there = Slab(target.group, n, ()), target.group.there(n)
        slab.lines(soft)
        slab.phi = slab.phi[:, there]
        slabs.append(slab)
        theres.append(there)
    starts = [target.start[there] for target, there in zip(chain.targets, theres, strict=True)]
    of = [(np.arange(chain.scores)[:, None] == start).astype(float) for start in starts]
    leaves = chain.leaves(counts)
    goal = np.concatenate([slab.goal for slab in slabs])
    gives = np.concatenate([slab.gives for slab in slabs])
    ends = np.cumsum([len(slab.goal) for slab in slabs])
    places = [slice(a, b) for a, b in zip([0, *ends[:-1]], ends, strict=True)]
    many = range(len(slabs))

    def along(u: np.ndarray) -> list[np.ndarray]:
        return [np.einsum("s,sk->k", u[place], slab.phi) for slab, place in zip(slabs, places, strict=True)]

    def patients(u: np.ndarray) -> tuple[float, Any]:
        """How many in all; by target the weights of the kinds, how many of each kind, and by score at the start how
        many for one weight, and for one who is due.
        """
        weight = [np.exp(np.minimum(entry, 30.0)) for entry in along(u)]
        each = [
            np.bincount(start + 1, w, chain.scores + 1)[1:] for start, w in zip(starts, weight, strict=True)
        ]
        after = [np.ones(chain.scores)]
        for index in reversed(many[:-1]):
            after.insert(0, leaves[index] + each[index + 1] * after[0])
        before, total, y = np.ones(chain.scores), float(each[0] @ after[0]), []
        for index in many:
            y.append(
                np.where(starts[index] >= 0, (before * after[index])[starts[index]], 1.0) * weight[index]
            )
            total += float(weight[index][starts[index] < 0].sum())
            before = before * each[index]
        return total, (weight, y, each, after)

    key = chain.states()
    alike = chain.begin(counts, [int((start >= 0).sum()) for start in starts])
    for begin in (chain.last.get(key, alike), alike):
        begin = [
            np.concatenate([entry, np.zeros(len(slab.used) - len(entry))])
            for entry, slab in zip(begin, slabs, strict=True)
        ]
        u = np.concatenate([entry[slab.used] for entry, slab in zip(begin, slabs, strict=True)])
        total, (weight, y, each, after) = patients(u)
        if total < sum(float(n.max()) for n in counts) * np.exp(_FAR):
            break
    for _ in range(_STEPS):
        weighted = [slab.phi * entry for slab, entry in zip(slabs, y, strict=True)]
        left = goal - gives * u - np.concatenate([entry.sum(axis=1) for entry in weighted])
        off = max(
            float(np.abs(left[place][: slab.many]).max(initial=0.0))
            for slab, place in zip(slabs, places, strict=True)
        )
        if off < _OFF and all(map(_printed_alike, slabs, theres, y)):
            for entry, slab, place in zip(begin, slabs, places, strict=True):
                entry[slab.used] = u[place]
            chain.last[key] = begin
            return True
        curve = np.diag(gives)
        by_score = [_product(slab.phi * w, held) for slab, w, held in zip(slabs, weight, of, strict=True)]
        before = np.ones(chain.scores)
        for i in many:
            curve[places[i], places[i]] += _product(weighted[i], slabs[i].phi)
            between = before
            for j in many[i + 1 :]:
                part = _product(by_score[i] * (between * after[j]), by_score[j])
                curve[places[i], places[j]] += part
                curve[places[j], places[i]] += part.T
                between = between * each[j]
            before = before * each[i]
        ridge = 1e-10 * np.trace(curve)
        if not 0 < ridge < np.inf:
            return False
        step = _solved(curve + ridge * np.eye(len(goal)), left, places)
        more = sum(float(entry.max(initial=0.0)) for entry in along(step))
        by, slope = min(1.0, _FAR / max(more, 1e-9)), float(left @ step)
        now, state = total, (weight, y, each, after)
        for _ in range(_HALVES):
            now, state = patients(u + by * step)
            rise = now - total - by * (goal @ step) + gives @ (by * step * u + (by * step) ** 2 / 2)
            if rise <= -1e-4 * by * slope:
                break
            by /= 2
        u = u + by * step
        total, (weight, y, each, after) = now, state
    return False


def _printed_alike(slab: Slab, there: np.ndarray, y: np.ndarray) -> bool:
    whole = np.zeros(len(there))
    whole[there] = y
    return all(entry.same(whole) for entry in slab.group.figures)
