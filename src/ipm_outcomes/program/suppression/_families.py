"""Witnesses without a solver, for the groups of one sum that publish the same sets.

The total of the groups is known by its counts only. So one group may count some patients in other atoms, and other
groups may answer with any atoms of their own: what must agree is how many patients go in and out of each set. Such an
*effect* touches one or two sets in most cases; the ways in which patients can have it are listed once for the sets.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from ipm_outcomes.program.suppression._proof import Move
from ipm_outcomes.program.suppression._system import System

_TRIED = 16  # effects at most that are tried for one count
_STEPS = 8  # effects at most that make up one witness
_AROUND = 100  # groups beside a group, on either side, that may answer
_WAYS = 24  # ways at most in which a group can have an effect
_WIDE = 4  # sets at most that the move of one patient may touch
_NEVER = 1e30
_OUTSIDE = 10**6  # patients in no published set: as many as one likes


class Effects:
    """What one or two patients who are counted in other atoms do to the sets."""

    def __init__(self, inside: np.ndarray) -> None:
        sets, atoms = inside.shape
        columns = np.append(inside, np.zeros((sets, 1), bool), axis=1).astype(np.int64)
        numbers = np.random.default_rng(1).integers(1, 2**62, sets, dtype=np.int64)
        hashed = numbers @ columns
        first, second = np.triu_indices(atoms + 1)
        sums = hashed[first] + hashed[second]
        order = np.argsort(sums, kind="stable")
        first, second, sums = first[order], second[order], sums[order]
        wanted = self._wanted(columns)
        at, source, target = [], [], []
        for number, goal in enumerate(wanted @ numbers):
            low = np.searchsorted(sums, sums + goal, "left")
            high = np.searchsorted(sums, sums + goal, "right")
            many = high - low
            one = np.repeat(np.arange(len(sums)), many)
            other = (
                np.arange(int(many.sum())) - np.repeat(np.cumsum(many) - many, many) + np.repeat(low, many)
            )
            at.append(np.full(len(one), number))
            source.append(one)
            target.append(other)
        effect, one, other = np.concatenate(at), np.concatenate(source), np.concatenate(target)
        ends = np.stack([first[one], second[one], first[other], second[other]], axis=1)
        none = atoms
        real = np.ones(len(ends), bool)
        for a in (0, 1):
            for b in (2, 3):
                real &= (ends[:, a] != ends[:, b]) | (ends[:, a] == none)
        self.effect, self.ends = effect[real], ends[real]
        there = np.unique(self.effect)
        self.sets = wanted[there]
        self.effect = np.searchsorted(there, self.effect)

    @staticmethod
    def _wanted(columns: np.ndarray) -> np.ndarray:
        """Effects on one set or two, and those of one patient on a few; not their opposites."""
        sets, atoms = columns.shape
        unit = np.eye(sets, dtype=np.int64)
        a, b = np.triu_indices(sets, 1)
        from_, to = np.triu_indices(atoms, 1)
        alone = columns[:, to].T - columns[:, from_].T
        alone = alone[np.abs(alone).sum(axis=1) <= _WIDE]
        made = np.concatenate([unit, unit[a] - unit[b], unit[a] + unit[b], alone])
        made = made[made.any(axis=1)]
        leading = np.take_along_axis(made, np.argmax(made != 0, axis=1)[:, None], 1)
        return np.unique(made * leading, axis=0)


@lru_cache(maxsize=32)
def _effects(inside: bytes, sets: int) -> Effects:
    return Effects(np.frombuffer(inside, bool).reshape(sets, -1))


class Family:
    """The groups of one sum, as matrices of groups by sets and by atoms."""

    def __init__(
        self, system: System, whole: int, nodes: list[int], price: np.ndarray, may: np.ndarray
    ) -> None:
        self.system, self.whole, self.nodes = system, whole, nodes
        self.row = {node: row for row, node in enumerate(nodes)}
        first = system.nodes[nodes[0]]
        self.inside = np.zeros((len(first.sets), first.count), bool)
        for at, name in enumerate(first.sets):
            self.inside[at, first.of[name]] = True
        # The total is the last row.
        rows = [*nodes, whole]
        self.cells = np.array([[system.nodes[n].cells.get(name, -1) for name in first.sets] for n in rows])
        linked = np.array([[name in system.nodes[n].linked for name in first.sets] for n in rows])
        there = self.cells >= 0
        self.price = np.where(there, np.where(may[self.cells], price[self.cells], _NEVER), 0)
        self.price[linked] = _NEVER
        self.cost = self.price.copy()
        self.place = {
            int(cell): (row, column)
            for (row, column), cell in np.ndenumerate(self.cells)
            if cell >= 0 and not linked[row, column]
        }
        self.x = np.array([np.append(system.x[system.nodes[node].variables], _OUTSIDE) for node in nodes])
        self.effects = _effects(np.ascontiguousarray(self.inside).tobytes(), len(first.sets))
        self.touched = np.abs(self.effects.sets)
        self.ways: dict[int, np.ndarray] = {}
        self.able: dict[tuple[int, int], np.ndarray] = {}
        self.fits: dict[bytes, tuple[np.ndarray, np.ndarray]] = {}
        self.weight = self.x.mean(axis=0)

    def mark(self, cell: int, hidden: bool) -> None:
        """A cell is hidden, or shown again."""
        at = self.place.get(cell)
        if at is not None:
            self.cost[at] = 0 if hidden else self.price[at]

    def ways_of(self, effect: int) -> np.ndarray:
        """Ways in which patients have an effect: two atoms that they leave, and two that they go to."""
        if effect not in self.ways:
            low, high = np.searchsorted(self.effects.effect, [effect, effect + 1])
            ends = self.effects.ends[low:high]
            best = np.argsort(-self.weight[ends].min(axis=1), kind="stable")[:_WAYS]
            self.ways[effect] = ends[best]
        return self.ways[effect]

    def able_to(self, effect: int, sign: int) -> np.ndarray:
        """How often each group can have an effect, or its opposite."""
        if (effect, sign) not in self.able:
            x = self.x.copy()
            able = np.zeros(len(x), np.int64)
            for a, b, c, d in self.ways_of(effect)[:, [0, 1, 2, 3] if sign > 0 else [2, 3, 0, 1]]:
                many = x[:, a] // 2 if a == b else np.minimum(x[:, a], x[:, b])
                many = np.minimum(many, _OUTSIDE // 4)
                for atom, by in ((a, -1), (b, -1), (c, 1), (d, 1)):
                    x[:, atom] += by * many
                able += many
            self.able[effect, sign] = able
        return self.able[effect, sign]

    def fitting(self, atoms: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Effects that change the number of patients in some atoms by one, and their signs."""
        key = atoms.tobytes()
        if key not in self.fits:
            found = np.zeros(len(self.effects.sets), np.int64)
            # All ways of an effect change a sum of atoms alike where the sum follows from the sets.
            firsts = np.searchsorted(self.effects.effect, np.arange(len(found)))
            held = np.zeros(self.inside.shape[1] + 1, np.int64)
            held[atoms] = 1
            ends = held[self.effects.ends[firsts]]
            found = ends[:, 2] + ends[:, 3] - ends[:, 0] - ends[:, 1]
            those = np.flatnonzero(np.abs(found) == 1)
            self.fits[key] = those, found[those]
        return self.fits[key]

    def move(self, node: int, by: int, atoms: np.ndarray) -> Move | None:
        """A cheap witness in which the patients in some atoms of a group are more or less by a number."""
        row = self.row[node]
        those, signs = self.fitting(atoms - self.system.nodes[node].start)
        if not len(those):
            return None
        plan = _Plan(self, row, abs(by))
        signs = signs * (1 if by > 0 else -1)
        touched = self.touched[those]
        able = np.array([self.able_to(int(e), int(s))[row] for e, s in zip(those, signs, strict=True)])
        there = np.flatnonzero(able)
        those, signs, touched, able = those[there], signs[there], touched[there], able[there]
        while plan.left and len(those) and plan.steps < _STEPS:
            dear = touched @ plan.mine
            share = np.minimum(able, plan.left)
            order = np.argsort(dear / share, kind="stable")[:_TRIED]
            best: tuple[float, int, list[tuple[int, int]], int] | None = None
            for at in order:
                if dear[at] >= _NEVER or (best is not None and dear[at] / share[at] >= best[0]):
                    break
                sets = np.flatnonzero(touched[at])
                able_there = self.able_to(int(those[at]), -int(signs[at]))[plan.low : plan.high]
                found = plan.answer(sets, int(share[at]), able_there)
                if found is not None:
                    many = sum(n for _, n in found[1]) or int(share[at])
                    each = (dear[at] + found[0]) / many
                    if best is None or each < best[0]:
                        best = each, int(at), found[1], many
            if best is None:
                return None
            _, at, answers, many = best
            plan.take(int(those[at]), int(signs[at]), np.flatnonzero(touched[at]), many, answers)
            keep = np.arange(len(those)) != at
            those, signs, touched, able = those[keep], signs[keep], touched[keep], able[keep]
        return plan.made() if plan.sound and not plan.left else None


class _Plan:
    """A witness in the making: effects that a group has, and who answers them."""

    def __init__(self, family: Family, row: int, many: int) -> None:
        self.family, self.row, self.left, self.steps = family, row, many, 0
        self.low, self.high = max(0, row - _AROUND), min(len(family.nodes), row + _AROUND + 1)
        self.mine = family.cost[row].copy()
        self.others = family.cost[self.low : self.high].copy()
        self.others[row - self.low] = _NEVER
        self.total = family.cost[-1].copy()
        self.x: dict[int, np.ndarray] = {}
        self.sound = True  # all that the group does is answered

    def answer(
        self, sets: np.ndarray, many: int, able: np.ndarray
    ) -> tuple[float, list[tuple[int, int]]] | None:
        """Which groups answer an effect, and what it costs; none where the total may change instead."""
        total = float(self.total[sets].sum())
        if total == 0:
            return 0.0, []
        cost = self.others[:, sets].sum(axis=1)
        free = np.flatnonzero((cost == 0) & (able > 0))
        parts, left = [], many
        for p in free[np.argsort(-able[free], kind="stable")]:
            parts.append((int(p), min(left, int(able[p]))))
            left -= parts[-1][1]
            if not left:
                return 0.0, parts
        choice: tuple[float, list[tuple[int, int]]] | None = (0.0, parts) if parts else None
        if choice is None:
            usable = np.flatnonzero((able > 0) & (cost < _NEVER))
            if len(usable):
                each = cost[usable] / np.minimum(able[usable], left)
                p = int(usable[np.argmin(each)])
                choice = float(cost[p]), [(p, min(left, int(able[p])))]
            if total < _NEVER and (choice is None or total / many < choice[0] / choice[1][0][1]):
                choice = total, []
        return choice

    def take(
        self, effect: int, sign: int, sets: np.ndarray, many: int, answers: list[tuple[int, int]]
    ) -> None:
        """Let groups have an effect, as far as their patients allow; what is paid for once is free then."""
        self.steps += 1
        could = left = self._have(self.row, effect, sign, many)
        for p, n in answers:
            left -= self._have(self.low + p, effect, -sign, min(n, left))
            self.others[p, sets] = 0
        if not answers:
            self.total[sets] = 0
        self.sound &= not (answers and left)
        self.mine[sets] = 0
        self.left -= could

    def _have(self, group: int, effect: int, sign: int, many: int) -> int:
        x = self.x.setdefault(group, self.family.x[group].copy())
        left = many
        for a, b, c, d in self.family.ways_of(effect)[:, [0, 1, 2, 3] if sign > 0 else [2, 3, 0, 1]].tolist():
            part = min(left, int(x[a]) // 2 if a == b else min(int(x[a]), int(x[b])))
            if part > 0:
                x[a] -= part
                x[b] -= part
                x[c] += part
                x[d] += part
                left -= part
                if not left:
                    break
        return many - left

    def made(self) -> Move:
        family = self.family
        there, moved = [], []
        in_all = np.zeros(family.x.shape[1], np.int64)
        for group, x in self.x.items():
            change = x - family.x[group]
            in_all += change
            atoms = np.flatnonzero(change[:-1])
            there.append(family.system.nodes[family.nodes[group]].start + atoms)
            moved.append(change[atoms])
        atoms = np.flatnonzero(in_all[:-1])
        there.append(family.system.nodes[family.whole].start + atoms)
        moved.append(in_all[atoms])
        return np.concatenate(there), np.concatenate(moved)


def families_of(system: System, price: np.ndarray, may: np.ndarray) -> list[Family]:
    """Groups that are in one sum only and publish what their total publishes."""
    found = []
    for whole, near in enumerate(system.near):
        one = system.nodes[whole]
        if len(near) != 1 or near[0][0] != whole or not one.sets:
            continue
        alike = [p for p in near[0][1:] if system.nodes[p].sets == one.sets and len(system.near[p]) == 1]
        if len(alike) > 1:
            found.append(Family(system, whole, alike, price, may))
    return found
