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
_STEPS = 16  # effects at most that make up one witness
_AROUND = 100  # groups beside a group, on either side, that may answer
_ASKED = 100  # effects of which it is asked at once how often a group can have them
_AT_ONCE = 8  # effects that are counted together
_WAYS = 40  # ways at most in which a group can have an effect
_WIDE = 7  # sets at most that the move of one patient may touch
_MOST = 1000  # more patients than ever have to move
_NEVER = 1e30
_OUTSIDE = 10**6  # patients in no published set: as many as one likes


class Effects:
    """What one or two patients who are counted in other atoms do to the sets."""

    def __init__(self, inside: np.ndarray, across: np.ndarray) -> None:
        sets, atoms = inside.shape
        columns = np.append(inside, np.zeros((sets, 1), bool), axis=1).astype(np.int64)
        numbers = np.random.default_rng(1).integers(1, 2**62, sets, dtype=np.int64)
        hashed = numbers @ columns
        first, second = np.triu_indices(atoms + 1)
        sums = hashed[first] + hashed[second]
        order = np.argsort(sums, kind="stable")
        first, second, sums = first[order], second[order], sums[order]
        wanted = self._wanted(columns, across)
        effects, source, target = [], [], []
        for number, goal in enumerate(wanted @ numbers):
            low = np.searchsorted(sums, sums + goal, "left")
            high = np.searchsorted(sums, sums + goal, "right")
            many = high - low
            left = np.repeat(np.arange(len(sums)), many)
            other = (
                np.arange(int(many.sum())) - np.repeat(np.cumsum(many) - many, many) + np.repeat(low, many)
            )
            effects.append(np.full(len(left), number))
            source.append(left)
            target.append(other)
        effect, left, other = np.concatenate(effects), np.concatenate(source), np.concatenate(target)
        ends = np.stack([first[left], second[left], first[other], second[other]], axis=1)
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
    def _wanted(columns: np.ndarray, across: np.ndarray) -> np.ndarray:
        """Effects on one set or two, and those of one patient on a few; not their opposites.

        Those of one patient also together with another one, so that sums with other scenes stay as they are.
        """
        sets, atoms = columns.shape
        unit = np.eye(sets, dtype=np.int64)
        a, b = np.triu_indices(sets, 1)
        from_, to = np.triu_indices(atoms, 1)
        alone = columns[:, to].T - columns[:, from_].T
        alone = np.unique(np.concatenate([alone, -alone]), axis=0)
        width = np.abs(alone).sum(axis=1)
        kept = []
        parts, part = np.unique(alone[:, across], axis=0, return_inverse=True)
        part = part.ravel()
        for number, joined in enumerate(parts):
            if joined.any():
                back = np.flatnonzero((alone[:, across] == -joined).all(axis=1))
                kept.append(alone[part == number] + alone[back[np.argmin(width[back])]])
        made = np.concatenate([unit, unit[a] - unit[b], unit[a] + unit[b], alone, *kept])
        made = made[np.abs(made).sum(axis=1) <= _WIDE]
        made = made[made.any(axis=1)]
        leading = np.take_along_axis(made, np.argmax(made != 0, axis=1)[:, None], 1)
        return np.unique(made * leading, axis=0)


@lru_cache(maxsize=32)
def _effects(inside: bytes, across: bytes) -> Effects:
    joined = np.frombuffer(across, bool)
    return Effects(np.frombuffer(inside, bool).reshape(len(joined), -1), joined)


class Family:
    """The groups of one sum, as matrices of groups by sets and by atoms."""

    def __init__(
        self, system: System, whole: int, nodes: list[int], price: np.ndarray, may: np.ndarray
    ) -> None:
        self.system, self.whole, self.nodes = system, whole, nodes
        self.row = {node: row for row, node in enumerate(nodes)}
        first = system.nodes[nodes[0]]
        self.inside = np.zeros((len(first.sets), first.count), bool)
        for number, name in enumerate(first.sets):
            self.inside[number, first.of[name]] = True
        # The total is the last row.
        rows = [*nodes, whole]
        self.cells = np.array([[system.nodes[n].cells.get(name, -1) for name in first.sets] for n in rows])
        linked = np.array([[name in system.nodes[n].bound for name in first.sets] for n in rows])
        there = self.cells >= 0
        self.price = np.where(there, np.where(may[self.cells], price[self.cells], _NEVER), 0)
        self.price[linked] = _NEVER
        self.most_fewer = np.full((len(nodes), len(first.sets)), _MOST, np.int64)
        for row, n in enumerate(rows):
            for name, cells in system.nodes[n].along.items():
                if name in first.sets:
                    column = first.sets.index(name)
                    self.price[row, column] += price[cells].sum() if may[cells].all() else _NEVER
            for name, each in system.nodes[n].fewer.items() if row < len(nodes) else ():
                if name in first.sets:
                    column = first.sets.index(name)
                    able = min(int(system.x[variables].max()) for variables in each)
                    self.most_fewer[row, column] = min(able, self.most_fewer[row, column])
        self.across = np.array([any(name in system.nodes[n].linked for n in rows) for name in first.sets])
        self.joined = self.inside[self.across]
        self.limited = self.most_fewer.min(axis=0) < _MOST
        self.cost = self.price.copy()
        self.place = {
            int(cell): (row, column)
            for (row, column), cell in np.ndenumerate(self.cells)
            if cell >= 0 and not linked[row, column]
        }
        # Behind the atoms, those who are in no set, and nobody: ways that there are not.
        self.x = np.array([[*system.x[system.nodes[n].variables], _OUTSIDE, 0] for n in nodes], np.int64)
        self.rows: list[list[int]] = self.x.tolist()
        self.by_atom = np.minimum(self.x.T, _MOST).astype(np.int32)
        self.effects = _effects(np.ascontiguousarray(self.inside).tobytes(), self.across.tobytes())
        self.touched = np.abs(self.effects.sets).astype(float)
        self.columns: dict[int, np.ndarray] = {}
        self.firsts = np.searchsorted(self.effects.effect, np.arange(len(self.touched)))
        self.ways = np.full((len(self.touched), _WAYS, 4), self.x.shape[1] - 1)
        self.listed = np.zeros(len(self.touched), bool)
        self.turns: dict[tuple[int, int], list[tuple[int, int, int, int, bool]]] = {}
        self.often: dict[tuple[int, int, int], int] = {}
        self.limits: dict[tuple[int, int], np.ndarray] = {}
        self.able = {sign: np.full((len(self.touched), len(nodes)), -1, np.int32) for sign in (1, -1)}
        self.fits: dict[bytes, tuple[np.ndarray, np.ndarray]] = {}
        self.weight = self.x.mean(axis=0)

    def mark(self, cell: int, hidden: bool) -> None:
        """A cell is hidden, or shown again."""
        column = self.place.get(cell)
        if column is not None:
            self.cost[column] = 0 if hidden else self.price[column]

    def ways_of(self, effect: int) -> np.ndarray:
        """Ways in which patients have an effect: two atoms that they leave, and two that they go to."""
        if not self.listed[effect]:
            low, high = np.searchsorted(self.effects.effect, [effect, effect + 1])
            ends = self.effects.ends[low:high]
            best = np.argsort(-self.weight[ends].min(axis=1), kind="stable")[:_WAYS]
            self.ways[effect, : len(best)] = ends[best]
            self.listed[effect] = True
        ways: np.ndarray = self.ways[effect]
        return ways

    def sets_of(self, effect: int) -> np.ndarray:
        """The sets that an effect touches."""
        columns = self.columns.get(effect)
        if columns is None:
            columns = self.columns[effect] = self.touched[effect].nonzero()[0]
        return columns

    def turned(self, effect: int, sign: int) -> list[tuple[int, int, int, int, bool]]:
        """The ways of an effect, or of its opposite, one by one, and whether both patients leave one atom."""
        turned = self.turns.get((effect, sign))
        if turned is None:
            ways = self.ways_of(effect)
            ways = ways[ways[:, 0] < self.x.shape[1] - 1]
            ways = ways[:, [0, 1, 2, 3] if sign > 0 else [2, 3, 0, 1]]
            turned = self.turns[effect, sign] = [(a, b, c, d, a == b) for a, b, c, d in ways.tolist()]
        return turned

    def exactly(self, group: int, effect: int, sign: int) -> int:
        """How often a group can have an effect, as far as any count has to move."""
        key = group, effect, sign
        often = self.often.get(key)
        if often is None:
            many = min(self.system.high, int(self.limit(effect, sign)[group]))
            often = self.often[key] = have(self.rows[group].copy(), self.turned(effect, sign), many)
        return often

    def about(self, effects: np.ndarray, signs: np.ndarray, row: int) -> np.ndarray:
        """How often a group can have effects, at most: where two ways need the same patients, they count in both."""
        counts = np.zeros(len(effects), np.int64)
        for sign in (1, -1):
            those = (signs == sign).nonzero()[0]
            of = effects[those]
            able = self.able[sign]
            new = of[able[of, 0] < 0]
            if len(new):
                self._count(new, sign)
            counts[those] = able[of, row]
        return counts

    def about_all(self, effect: int, sign: int) -> np.ndarray:
        """How often each group can have an effect, at most."""
        if self.able[sign][effect, 0] < 0:
            self._count(np.array([effect]), sign)
        able: np.ndarray = self.able[sign][effect]
        return able

    def _count(self, effects: np.ndarray, sign: int) -> None:
        """Note how often each group can have effects that were not counted yet."""
        for start in range(0, len(effects), _AT_ONCE):
            some = effects[start : start + _AT_ONCE]
            for effect in some[~self.listed[some]].tolist():
                self.ways_of(effect)
            leave = self.ways[some][:, :, :2] if sign > 0 else self.ways[some][:, :, 2:]
            many = np.minimum(self.by_atom[leave[:, :, 0]], self.by_atom[leave[:, :, 1]]).sum(axis=1)
            self.able[sign][some] = np.minimum(many, _MOST)
            for effect in some[self.touched[some][:, self.limited].any(axis=1)].tolist():
                np.minimum(self.able[sign][effect], self.limit(effect, sign), out=self.able[sign][effect])

    def limit(self, effect: int, sign: int) -> np.ndarray:
        """How often each group can have an effect, as far as sums with other scenes go."""
        if (effect, sign) not in self.limits:
            change = sign * self.effects.sets[effect]
            columns = ((change < 0) & self.limited).nonzero()[0]
            each = self.most_fewer[:, columns] // -change[columns]
            self.limits[effect, sign] = each.min(axis=1, initial=_MOST)
        return self.limits[effect, sign]

    def fitting(self, atoms: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Effects that change the number of patients in some atoms by one, and their signs."""
        key = atoms.tobytes()
        if key not in self.fits:
            # All ways of an effect change a sum of atoms alike where the sum follows from the sets.
            held = np.zeros(self.x.shape[1], np.int64)
            held[atoms] = 1
            ends = held[self.effects.ends[self.firsts]]
            net = ends[:, 2] + ends[:, 3] - ends[:, 0] - ends[:, 1]
            those = np.flatnonzero(np.abs(net) == 1)
            self.fits[key] = those, net[those]
        return self.fits[key]

    def move(self, node: int, by: int, atoms: np.ndarray, free: bool) -> tuple[Move, bool] | None:
        """A cheap witness in which the patients in some atoms of a group are more or less by a number.

        Also whether it moves a set that a sum with another scene rests on. ``free``: only one that moves nothing that
        is shown.
        """
        row = self.row[node]
        those, signs = self.fitting(atoms - self.system.nodes[node].start)
        if not len(those):
            return None
        plan = _Plan(self, row, abs(by))
        signs = signs * (1 if by > 0 else -1)
        touched = self.touched[those]
        able = np.full(len(those), -1)  # not asked yet
        for _ in range(_STEPS):
            dear = touched @ plan.mine
            near = (able < 0).nonzero()[0]
            if len(near) > _ASKED:
                near = near[dear[near].argpartition(_ASKED)[:_ASKED]]
            able[near] = self.about(those[near], signs[near], row)
            each_at = np.where(able > 0, dear / np.minimum(np.maximum(able, 1), plan.left), _NEVER)
            best: tuple[float, int, list[tuple[int, int]]] | None = None
            for choice in each_at.argsort(kind="stable")[:_TRIED].tolist():
                if (
                    each_at[choice] >= _NEVER
                    or (best is not None and each_at[choice] >= best[0])
                    or (free and dear[choice])
                ):
                    break
                effect, sign = int(those[choice]), int(signs[choice])
                able[choice] = min(int(able[choice]), plan.able(row, effect, sign))
                if not able[choice]:
                    continue
                many = min(int(able[choice]), plan.left)
                answer = plan.answer(self.sets_of(effect), many, effect, -sign)
                if answer is None or (free and answer[0]):
                    able[choice] = 0
                    continue
                many = sum(n for _, n in answer[1]) or many
                each = float(dear[choice] + answer[0]) / many
                if best is None or each < best[0]:
                    best = each, choice, answer[1]
            if best is None:
                if (each_at.min() >= _NEVER or free) and (able >= 0).all():
                    return None
                continue
            _, choice, answers = best
            many, effect = min(int(able[choice]), plan.left), int(those[choice])
            if not plan.take(effect, int(signs[choice]), self.sets_of(effect), many, answers):
                able[choice] = 0
            if not plan.left:
                return plan.made()
        return None


class _Plan:
    """A witness in the making: effects that a group has, and who answers them."""

    def __init__(self, family: Family, row: int, many: int) -> None:
        self.family, self.row, self.left = family, row, many
        self.low, self.high = max(0, row - _AROUND), min(len(family.nodes), row + _AROUND + 1)
        self.mine = family.cost[row].copy()
        self.others = family.cost[self.low : self.high].copy()
        self.others[row - self.low] = _NEVER
        self.total = family.cost[-1].copy()
        self.x: dict[int, list[int]] = {}

    def answer(
        self, sets: np.ndarray, many: int, effect: int, sign: int
    ) -> tuple[float, list[tuple[int, int]]] | None:
        """Which groups answer an effect, and what it costs; none where the total may change instead."""
        total = float(self.total[sets].sum())
        if total == 0:
            return 0.0, []
        able = self.family.about_all(effect, sign)[self.low : self.high]
        cost = self.others[:, sets].sum(axis=1)
        can = able > 0
        free = (can & (cost == 0)).nonzero()[0]
        parts, left = [], many
        for p in free[(-able[free]).argsort(kind="stable")].tolist():
            parts.append((p, min(left, int(able[p]))))
            left -= parts[-1][1]
            if not left:
                break
        if parts:
            return 0.0, parts
        choice: tuple[float, list[tuple[int, int]]] | None = None
        usable = (can & (cost < _NEVER)).nonzero()[0]
        if len(usable):
            p = int(usable[np.argmin(cost[usable] / np.minimum(able[usable], many))])
            choice = float(cost[p]), [(p, min(many, int(able[p])))]
        if total < _NEVER and (choice is None or total / many < choice[0] / choice[1][0][1]):
            choice = total, []
        return choice

    def take(
        self, effect: int, sign: int, sets: np.ndarray, many: int, answers: list[tuple[int, int]]
    ) -> bool:
        """Let groups have an effect, as far as others can answer; what is paid for once is free then."""
        if answers:
            many = sum(self._have(self.low + p, effect, -sign, n) for p, n in answers)
        else:
            self.total[sets] = 0
        if many and self._have(self.row, effect, sign, many) != many:
            raise AssertionError("a group did not have what it could")
        for p, _ in answers:
            self.others[p, sets] = 0
        self.mine[sets] = 0
        self.left -= many
        return bool(many)

    def able(self, group: int, effect: int, sign: int) -> int:
        """How often a group can have an effect besides what it has already."""
        family = self.family
        x = self.x.get(group)
        if x is None:
            return min(self.left, family.exactly(group, effect, sign))
        many = self.left
        change = sign * family.effects.sets[effect]
        columns = ((change < 0) & family.limited).nonzero()[0]
        if len(columns):
            left = (
                family.most_fewer[group, columns]
                + family.inside[columns] @ (np.array(x) - family.x[group])[:-2]
            )
            many = min(many, max(0, int((left // -change[columns]).min())))
        return have(x.copy(), family.turned(effect, sign), many)

    def _have(self, group: int, effect: int, sign: int, many: int) -> int:
        if group not in self.x:
            self.x[group] = self.family.rows[group].copy()
        return have(self.x[group], self.family.turned(effect, sign), many)

    def made(self) -> tuple[Move, bool]:
        family = self.family
        there, moved, joined = [], [], False
        in_all = np.zeros(family.x.shape[1], np.int64)
        for group, x in self.x.items():
            change = np.array(x) - family.x[group]
            in_all += change
            joined |= bool((family.joined @ change[:-2]).any())
            atoms = change[:-2].nonzero()[0]
            there.append(family.system.nodes[family.nodes[group]].start + atoms)
            moved.append(change[atoms])
        atoms = in_all[:-2].nonzero()[0]
        there.append(family.system.nodes[family.whole].start + atoms)
        moved.append(in_all[atoms])
        return (np.concatenate(there), np.concatenate(moved)), joined


def have(x: list[int], ways: list[tuple[int, int, int, int, bool]], many: int) -> int:
    """Let the patients of a group have an effect, so often at most; how often they did."""
    left = many
    for a, b, c, d, same in ways:
        part = x[a]
        if same:
            part //= 2
        elif x[b] < part:
            part = x[b]
        if part > 0:
            if left < part:
                part = left
            x[a] -= part
            x[b] -= part
            x[c] += part
            x[d] += part
            left -= part
            if not left:
                break
    return many - left


def families_of(system: System, price: np.ndarray, may: np.ndarray) -> list[Family]:
    """Groups that are in one sum only and publish what their total publishes."""
    families = []
    for whole, near in enumerate(system.near):
        node = system.nodes[whole]
        if len(near) != 1 or near[0][0] != whole or not node.sets:
            continue
        alike = [p for p in near[0][1:] if system.nodes[p].sets == node.sets and len(system.near[p]) == 1]
        if len(alike) > 1:
            families.append(Family(system, whole, alike, price, may))
    return families
