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
from ipm_outcomes.program.suppression._side_by_side import OUT
from ipm_outcomes.program.suppression._system import Scene
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

    def could_be(self, counts: Sequence[np.ndarray]) -> bool:
        """Whether there can be patients with these counts at each target of whom every mean is printed the same."""
        if self.is_withheld() or _fits(self, counts):
            return True
        return COARSE in self.states() and _fits(self, counts, _SOFT)

    def states(self) -> tuple[int, ...]:
        """How each mean is printed."""
        return tuple(one.state for target in self.targets for one in target.group.figures)

    def is_withheld(self) -> bool:
        """Whether no mean is given."""
        return all(state == WITHHELD for state in self.states())

    def leaves(self, counts: Sequence[np.ndarray]) -> list[np.ndarray]:
        """By target and score at the start, 1 where somebody may be due who is not due at the next target, else 0."""
        made = [np.ones(self.scores) for _ in self.targets]
        for at, (early, late) in enumerate(pairwise(self.targets)):
            for wide, outer in early.asked:
                for narrow, inner in late.asked:
                    if narrow <= wide and counts[at][outer] == counts[at + 1][inner]:
                        made[at][list(wide)] = 0
        return made

    def begin(self, counts: Sequence[np.ndarray], kinds: Sequence[int]) -> list[np.ndarray]:
        """Where a fit begins: with everybody alike."""
        due = [float(n[target.asked[0][1]]) for target, n in zip(self.targets, counts, strict=True)]
        made, onward = [], 1.0
        for at in reversed(range(len(due))):
            share = due[at] / (max(due[at - 1] - due[at], 0.0) + 0.5) if at else due[0] / self.scores
            start = np.zeros(len(counts[at]))
            start[self.targets[at].asked[0][1]] = np.log(
                max(share, 1e-3) * self.scores / max(kinds[at], 1) / onward
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
    found, scores = [], {}
    for scene in timed if any(one in means.rows for one in beside.values()) else ():
        pairs, of = means.reader.kinds[scene], system.nodes[beside[scene]]
        if OUT in pairs.columns or "followup" not in pairs.columns:
            continue
        starts = Starts(pairs)
        sets = {name: np.isin(of.atoms, of.of[name]) for name in of.cells}
        asked = starts.asked(Scene(sets))
        if not asked:
            continue
        start = np.full(len(of.atoms), -1)
        for n in np.flatnonzero(starts.due & (of.atoms >= 0)).tolist():
            start[n] = scores.setdefault(starts.scores[starts.of[n]], len(scores))
        paired = (start >= 0) & np.asarray(pairs.columns["followup"] != np.array(None), bool)
        kinds = _kinds(of.atoms, start, paired, beside[scene] in means.rows)
        found.append((beside[scene], start, asked, kinds))
    if not any(node in means.rows for node, *_ in found):
        return None
    if len(found) == 1 and len(found[0][2]) == 1:
        return None
    targets = []
    for node, start, asked, kinds in found:
        of = system.nodes[node]
        group = means.group_of(node, of.atoms >= 0, lambda kinds=kinds: kinds, "due")
        place = {name: n for n, name in enumerate(group.names)}
        told = [(frozenset(scores[one] for one in held), place[name]) for held, name in asked.items()]
        targets.append(Target(group, start[kinds], sorted(told, key=lambda one: -len(one[0]))))
    return Chain([node for node, *_ in found], len(scores), targets)


def _kinds(atoms: np.ndarray, start: np.ndarray, paired: np.ndarray, with_means: bool) -> np.ndarray:
    """Of those with a mean some of each atom, of others one of each atom and score at the start."""
    some = some_of(atoms, np.flatnonzero(paired)) if with_means else np.zeros(0, np.int64)
    others = np.flatnonzero((atoms >= 0) & ~(paired & with_means))
    _, first = np.unique(atoms[others] * (start.max() + 2) + start[others], return_index=True)
    return np.concatenate([some, others[first]])


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

    def patients(u: np.ndarray) -> tuple[float, list[np.ndarray], list[np.ndarray], list[np.ndarray]]:
        """How many in all; by target how many of each kind, the weights of the kinds, and by score who is due after."""
        weight = [
            np.exp(np.clip(u[place] @ slab.phi, -700, 30)) for slab, place in zip(slabs, places, strict=True)
        ]
        each = [held @ w for held, w in zip(of, weight, strict=True)]
        after = [np.ones(chain.scores)]
        for at in reversed(many[:-1]):
            after.insert(0, leaves[at] + each[at + 1] * after[0])
        before, total, y = np.ones(chain.scores), float(each[0] @ after[0]), []
        for at in many:
            y.append(np.where(starts[at] >= 0, (before * after[at])[starts[at]], 1.0) * weight[at])
            total += float(weight[at][starts[at] < 0].sum())
            before = before * each[at]
        return total, y, weight, after

    key = chain.states()
    alike = chain.begin(counts, [int((start >= 0).sum()) for start in starts])
    for begin in (chain.last.get(key, alike), alike):
        begin = [
            np.concatenate([one, np.zeros(len(slab.used) - len(one))])
            for one, slab in zip(begin, slabs, strict=True)
        ]
        u = np.concatenate([one[slab.used] for one, slab in zip(begin, slabs, strict=True)])
        total, y, weight, after = patients(u)
        if total < sum(float(n.max()) for n in counts) * np.exp(_FAR):
            break
    for _ in range(_STEPS):
        sums = [(slab.phi * one).sum(axis=1) for slab, one in zip(slabs, y, strict=True)]
        left = goal - gives * u - np.concatenate(sums)
        off = max(
            float(np.abs(left[place][: slab.many]).max(initial=0.0))
            for slab, place in zip(slabs, places, strict=True)
        )
        if off < _OFF and all(map(_printed_alike, slabs, theres, y)):
            for one, slab, place in zip(begin, slabs, places, strict=True):
                one[slab.used] = u[place]
            chain.last[key] = begin
            return True
        curve = np.diag(gives)
        by_score = [_product(slab.phi * w, held) for slab, w, held in zip(slabs, weight, of, strict=True)]
        each = [held @ w for held, w in zip(of, weight, strict=True)]
        before = np.ones(chain.scores)
        for i in many:
            curve[places[i], places[i]] += _product(slabs[i].phi * y[i], slabs[i].phi)
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
        more = sum(
            float((step[place] @ slab.phi).max(initial=0.0))
            for slab, place in zip(slabs, places, strict=True)
        )
        by, slope = min(1.0, _FAR / max(more, 1e-9)), float(left @ step)
        for _ in range(_HALVES):
            now = patients(u + by * step)
            rise = now[0] - total - by * (goal @ step) + gives @ (by * step * u + (by * step) ** 2 / 2)
            if rise <= -1e-4 * by * slope:
                break
            by /= 2
        u = u + by * step
        total, y, weight, after = now
    return False


def _printed_alike(slab: Slab, there: np.ndarray, y: np.ndarray) -> bool:
    whole = np.zeros(len(there))
    whole[there] = y
    return all(one.same(whole) for one in slab.group.figures)
