"""Which further counts to hide: the cheapest other tables in which the small counts take the values they must.

A witness that moves few cells is a witness of the whole table, so each small count is looked after in its own
neighborhood first. The counts that a witness has to move are hidden; the headline only where nothing else does.
"""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np

from ipm_outcomes.program.suppression._families import Family, families_of
from ipm_outcomes.program.suppression._first import NONE_EXISTS, Unproved
from ipm_outcomes.program.suppression._mends import Mender
from ipm_outcomes.program.suppression._proof import Move, _added, entries, verify
from ipm_outcomes.program.suppression._system import System, columns_of
from ipm_outcomes.program.suppression._transfers import Transfers

FAR = 10**9
_STEP = 6.0  # how much dearer a count is than one of the next level
_SIZES = (2, 3, 12, FAR)  # siblings that may move, too; of many at first in the same scene only
_MANY = 40  # groups of scenes, from which on the quick way is tried before the solver
_POLISHED = 200  # hidden counts at most that are all tried again, one by one
_NODES = (
    200  # of the search for whole numbers: its work and not the clock, so that a busy machine changes nothing
)
_SETTLED = (0, 1, NONE_EXISTS)
_TINY = 1e-4
_MORE_NODES = 10_000  # of the search where anything may be hidden
Sums = tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]
"""Published counts and by how much they change, protected counts and by how much."""


class Search:
    """What is hidden, and the witnesses of it."""

    limited = False
    """Whether the solver came to the end of its work without an answer that is certain to be the cheapest."""
    dear = 0
    """Of how many small counts more may be hidden than needed, since the solver found no cheap way."""

    def __init__(
        self, system: System, room: tuple[np.ndarray, np.ndarray], kept: np.ndarray, taken: np.ndarray
    ) -> None:
        from scipy import sparse

        self.system = system
        self.value = np.array(system.value, np.int64)
        self.level = np.array(system.level, np.int64)
        small = (self.value >= system.low) & (self.value <= system.high)
        self.hidden = small.copy()
        self.hidden[system.lost] = True
        self.hidden |= taken
        self.hidden &= ~kept
        self.kept = kept
        self.primary = self.hidden.copy()
        self.room = room  # how far a shown count may be off, where it is shown rounded
        top = int(self.level.max(initial=0))
        worth = np.sqrt(np.maximum(self.value, 1) * np.maximum(np.array(system.uses), 1))
        worth = np.where(self.value > 0, worth, 2 * np.sqrt(self.value.sum() + 1.0))
        self.price = worth * _STEP ** (top - self.level)
        truth = np.array([item.value for item in system.items], np.int64)
        self.truth = truth
        self.least, self.most = truth.copy(), truth.copy()
        self.goal_low = np.array([item.low for item in system.items], np.int64)
        self.goal_high = np.array([item.high for item in system.items], np.int64)
        self.moves: list[Move] = []
        self.moved_by: list[np.ndarray] = []
        self.says: list[tuple[np.ndarray, np.ndarray]] = []
        """Of each witness the protected counts that it moves, and what they are in it."""
        self.why: dict[int, int] = {}
        self.solved = 0
        self.undecided = False
        self.transfers = Transfers(system)
        self.mender = Mender(system)
        self.family: dict[int, Family] = {}
        self.of_cell: dict[int, Family] = {}
        if len(system.nodes) > _MANY:
            for family in families_of(system, self.price, (self.level >= 1) & ~self.kept):
                self.family |= dict.fromkeys(family.nodes, family)
                self.of_cell |= dict.fromkeys(family.place, family)
            for cell in np.flatnonzero(self.hidden):
                self.mark(int(cell), True)
        self.Pr = system.P
        self.columns = columns_of(sparse.vstack([system.A, system.P], format="csc"))
        homes = np.array(system.home, np.int64)
        self.of_node: list[np.ndarray] = [np.zeros(0, np.int64)] * len(system.nodes)
        order = np.argsort(homes, kind="stable")
        for node, cells in zip(*_grouped(homes[order], order), strict=True):
            self.of_node[node] = cells
        self.item_node = (
            system.node_of[system.P.indices[system.P.indptr[:-1]]]
            if len(system.items)
            else np.zeros(0, np.int64)
        )
        self.around: dict[tuple[int, int], np.ndarray] = {}

    @property
    def low(self) -> np.ndarray:
        """The least that each published count can be for a reader who sees nothing else."""
        return np.where(self.hidden, 0, self.value - self.room[0])

    @property
    def high(self) -> np.ndarray:
        return np.where(self.hidden, FAR, self.value + self.room[1])

    def mark(self, cell: int, hidden: bool) -> None:
        self.hidden[cell] = hidden
        if cell in self.of_cell:
            self.of_cell[cell].mark(cell, hidden)

    # -- the search

    def run(self) -> None:
        system = self.system
        order = sorted(
            range(len(system.items)),
            key=lambda q: (system.items[q].cell < 0, -system.items[q].value, self.name_in_group(q), q),
        )
        for q in order:
            self.serve(q)
        self.polish()

    def name_in_group(self, q: int) -> str:
        """The name of a protected count without that of its group, which must decide nothing."""
        scene, _, *sets = self.system.items[q].name
        return str((scene, *sets))

    def met(self, q: int, side: int) -> bool:
        return bool(self.least[q] <= self.goal_low[q] if side == 0 else self.most[q] >= self.goal_high[q])

    def serve(self, q: int, buy: bool = True) -> bool:
        for side in (1, 0):
            goal = int((self.goal_low, self.goal_high)[side][q])
            if self.met(q, side) or any(self.aim(q, goal, level) for level in ((1, 0) if buy else (FAR,))):
                continue
            if not buy:
                return False
            # Not possible at any price, with everything hidden: as far as it goes.
            truth = self.system.items[q].value
            while goal != truth and not self.met(q, side) and not self.aim(q, goal, 0):
                goal += 1 if side == 0 else -1
            if side == 0:
                self.goal_low[q] = max(self.goal_low[q], self.least[q])
            else:
                self.goal_high[q] = min(self.goal_high[q], self.most[q])
        return True

    def aim(self, q: int, target: int, level: int) -> bool:
        """Make a value possible, at the price of counts of this level or beyond it."""
        node = int(self.item_node[q])
        form = self.Pr.indices[self.Pr.indptr[q] : self.Pr.indptr[q + 1]]
        by = target - self.system.items[q].value
        if level:
            for place, sign, atoms in self.places(node, form):
                result = self.family[place].move(place, sign * by, atoms, free=level == FAR)
                if result is None:
                    continue
                moved, joined = result
                sums = None
                if joined or place != node:
                    whole = self.mender.whole(moved)
                    if whole is None or not self.reaches(q, by, sums := self.sums(whole), level):
                        continue
                    moved = whole
                self.accept(q, moved, sums)
                return True
        self.undecided = False
        free = self.transfers.find(node, by, form, self.hidden, self.partners)
        if free is not None:
            self.accept(q, free)
            return True
        before, variables = 0, np.zeros(0, np.int64)
        for size in _SIZES if level else (FAR,):
            variables = self.neighborhood(node, size)
            if len(variables) == before:
                continue
            before = len(variables)
            move = self.alternative(q, target, variables, level)
            if move is not None:
                self.accept(q, move)
                return True
        if self.undecided and level != FAR:
            # There may be a way that the solver did not see: at any price then.
            move = self.alternative(q, target, variables, level, at_any_price=True)
            if move is not None:
                self.dear += 1
                self.accept(q, move)
                return True
            if self.undecided and not level:
                raise Unproved
        return False

    def places(self, node: int, form: np.ndarray) -> list[tuple[int, int, np.ndarray]]:
        """Groups of a family in which a count can be moved, with which sign, and which of their variables."""
        if node in self.family:
            return [(node, 1, form)]
        if node not in self.system.between:
            return []
        (outer, large), (inner, small) = self.system.between[node]
        both = (outer, 1, large), (inner, -1, small)
        return [entry for entry in both if entry[0] in self.family]

    def sums(self, move: Move) -> Sums:
        """What a move changes: published counts, and protected ones."""
        rows, change = _added(self.columns, *move)
        cells = int(np.searchsorted(rows, len(self.value)))
        return rows[:cells], change[:cells], rows[cells:] - len(self.value), change[cells:]

    def reaches(self, q: int, by: int, sums: Sums, level: int) -> bool:
        """Whether a move changes a count by a number, and nothing that has to stay as it is shown."""
        cells, change, items, of_items = sums
        moved = cells[(change != 0) & ~self.hidden[cells]]
        if ((self.level[moved] < level) | self.kept[moved]).any():
            return False
        return bool(of_items[items == q].sum() == by)

    def accept(self, q: int, move: Move, sums: Sums | None = None) -> None:
        cells, change, items, of_items = self.sums(move) if sums is None else sums
        here = self.value[cells]
        moved = here + change
        off = (moved < here - self.room[0][cells]) | (moved > here + self.room[1][cells])
        for cell in cells[off & ~self.hidden[cells]].tolist():
            self.mark(cell, True)
            self.why[cell] = q
        self.moves.append(move)
        self.moved_by.append(cells[change != 0])
        self.says.append((items, self.truth[items] + of_items))
        self.note(*self.says[-1])

    def note(self, items: np.ndarray, values: np.ndarray) -> None:
        """Protected counts, each once, and what they are in a witness."""
        self.least[items] = np.minimum(self.least[items], values)
        self.most[items] = np.maximum(self.most[items], values)

    def another(self, q: int, side: int) -> Move | None:
        """One more witness of a count of a whole: the same in all of its parts, or in all but the largest ones.

        Nothing more is hidden for it.
        """
        node, system = int(self.item_node[q]), self.system
        of = system.nodes[node]
        largest = [
            max(parts, key=lambda part: self.value[list(system.nodes[part].cells.values())].max(initial=0))
            for whole, *parts in system.near[node]
            if whole == node
        ]
        names = [
            dict.fromkeys(names_of_place)
            for names_of_place in zip(of.key, *(system.nodes[part].key for part in largest), strict=True)
        ]
        some = [system.index[of.scene, key] for key in product(*names) if (of.scene, key) in system.index]
        goal = int((self.goal_low, self.goal_high)[side][q])
        for nodes in ([node], some) if largest else ():
            variables = np.concatenate([system.nodes[member].variables for member in sorted(nodes)])
            move = self.alternative(q, goal, variables, FAR)
            if move is not None:
                verify(system, self.low, self.high, [move])
                self.accept(q, move)
                return move
        return None

    def neighborhood(self, node: int, size: int) -> np.ndarray:
        """Variables of a group, of what it is part of, and of some of the groups beside it."""
        if (node, size) in self.around and size >= FAR:
            return self.around[node, size]
        system = self.system
        taken = {node}
        frontier = [node]
        # The people between two scenes answer through the people between others.
        wide = not system.nodes[node].sets and size > _SIZES[1]
        rounds, most = (4, 10 * size) if wide else (2, size)
        for _ in range(rounds if size < FAR else len(system.nodes)):
            new: set[int] = set()
            for neighbor in frontier:
                if size > _SIZES[0] or not system.nodes[node].sets or len(system.nodes) <= _MANY:
                    new |= system.linked.get(neighbor, set())
                for whole, *parts in system.near[neighbor]:
                    new.add(whole)
                    beside = [part for part in parts if part != neighbor]
                    if len(beside) > size:
                        beside = self.partners(node, beside)[:size]
                    new.update(beside)
            frontier = sorted(new - taken)
            taken |= new
            if not frontier or len(taken) > 4 * most + 6:
                break
        variables = np.concatenate([system.nodes[node_id].variables for node_id in sorted(taken)])
        self.around[node, size] = variables
        return variables

    def partners(self, node: int, others: list[int]) -> list[int]:
        """Groups beside a group, those first in which the same is hidden."""
        if len(others) > 40:  # of many, the neighbors in the order of the groups
            index = int(np.searchsorted(others, node))
            others = others[max(0, index - 20) : index + 20]
        return sorted(others, key=lambda other: self.fitness(node, other))

    def fitness(self, node: int, other: int) -> tuple[float, int]:
        """How dear it would be to hide in another group what is hidden in this one."""
        mine, theirs = self.system.nodes[node], self.system.nodes[other]
        cost = 0.0
        for name, cell in mine.cells.items():
            other_cell = theirs.cells.get(name)
            if self.hidden[cell] and other_cell is not None and not self.hidden[other_cell]:
                cost += float(self.price[other_cell])
        hidden = sum(bool(self.hidden[cell]) for cell in theirs.cells.values())
        return cost - 1e-3 * hidden, other

    def alternative(
        self, q: int, target: int, variables: np.ndarray, level: int, at_any_price: bool = False
    ) -> Move | None:
        """The cheapest whole table in which the count has the target and only these variables move.

        ``at_any_price``: some table, whatever of this level or beyond it has to be hidden. Where there is none,
        ``undecided`` says whether that is certain.
        """
        from scipy import sparse
        from scipy.optimize import Bounds, LinearConstraint, milp

        self.solved += 1
        self.undecided = False
        system = self.system
        n = len(variables)
        of, rows, values = entries(system.columns_A, variables)
        touched = np.zeros(len(self.value), bool)
        touched[rows] = True
        shown = (touched & ~self.hidden).nonzero()[0]
        may = (self.level[shown] >= level) & ~self.kept[shown]
        if at_any_price:
            shown = shown[~may]
            may = np.zeros(len(shown), bool)
        place = np.full(len(self.value), -1, np.int64)
        place[shown] = np.arange(len(shown))
        there = place[rows] >= 0
        of_sum, sums, signs = entries(system.columns_E, variables)
        fixed, in_sum = np.unique(sums, return_inverse=True)
        form = self.Pr.indices[self.Pr.indptr[q] : self.Pr.indptr[q + 1]]
        wanted = np.searchsorted(variables, form)
        by = self.Pr.data[self.Pr.indptr[q] : self.Pr.indptr[q + 1]]
        # By columns: each variable up, each of which there is somebody down, then shown counts that may be bought, down
        # and up. Who takes only variables in one shown count along is settled by the solver itself.
        column = np.concatenate([of[there], of_sum, wanted])
        order = column.argsort(kind="stable")
        end = len(shown) + len(fixed)
        row = np.concatenate([place[rows[there]], len(shown) + in_sum.ravel(), np.full(len(wanted), end)])
        row, value = row[order], np.concatenate([values[there], signs, by])[order]
        people = system.x[variables]
        down = people > 0
        d = n + int(down.sum())
        less = down[column[order]]
        bought = may.nonzero()[0]
        k = len(bought)
        each = np.bincount(column, minlength=n)
        many = np.concatenate([each, each[down], np.ones(2 * k, np.int64)])
        matrix = sparse.csc_array(
            (
                np.concatenate([value, -value[less], np.full(k, -1), np.full(k, 1)]),
                np.concatenate([row, row[less], bought, bought]).astype(np.int32),
                np.append(0, many.cumsum()).astype(np.int32),
            ),
            shape=(end + 1, d + 2 * k),
        )
        shift = float(target - system.items[q].value)
        least: Any = np.concatenate([-self.room[0][shown], np.zeros(len(fixed)), [shift]])
        most: Any = np.concatenate([self.room[1][shown], np.zeros(len(fixed)), [shift]])
        cost = np.concatenate([np.full(d, 1e-3), np.tile(self.price[shown][may], 2)])
        top: Any = np.concatenate([np.full(n, np.inf), people[down], np.full(2 * k, np.inf)])
        nodes = _MORE_NODES if at_any_price else _NODES

        def solved(whole: int) -> tuple[np.ndarray, np.ndarray] | None:
            for presolve in (True, False):  # what simplifying alone does not settle is solved as it is
                result = milp(
                    cost,
                    constraints=LinearConstraint(matrix, least, most),
                    bounds=Bounds(0, top),
                    integrality=np.concatenate([np.full(d, whole), np.zeros(2 * k)]),
                    options={"node_limit": nodes, "mip_rel_gap": 0.3, "presolve": presolve},
                )
                if result.status in _SETTLED:
                    break
            self.limited |= result.status == 1
            if result.x is None:
                self.undecided = result.status != NONE_EXISTS
                return None
            change = result.x[:n].copy()
            change[down] -= result.x[n:d]
            return change, result.x[d : d + k] + result.x[d + k :]

        first = solved(0)
        if first is None:
            return None
        move, paid = first
        if np.abs(move - np.round(move)).max() >= 1e-6:
            # Patients come whole: with what was paid for, a plain transfer will do in most cases.
            more = self.hidden.copy()
            more[shown[may][paid > 1e-6]] = True
            node = int(self.item_node[q])
            made = self.transfers.find(node, int(shift), form, more, self.partners)
            if made is not None:
                return made
            # Or with the same sets hidden in every group beside it, of which a plain transfer takes what it needs.
            for node_id in np.unique(system.node_of[variables]):
                here = system.nodes[node_id]
                if here.scene == system.nodes[node].scene:
                    names = {system.names[c][2] for c in shown[may][paid > 1e-6]}
                    cells = [here.cells[name] for name in names if name in here.cells]
                    cells = [c for c in cells if self.level[c] >= level and not self.kept[c]]
                    more[cells] = True
            made = self.transfers.find(node, int(shift), form, more, self.partners)
            if made is not None:
                return made
            second = solved(1)
            if second is None:
                return None
            move = second[0]
        rounded = np.round(move).astype(np.int64)
        moved = rounded.nonzero()[0]
        answer = variables[moved], rounded[moved]
        self.undecided = bool(
            np.abs(move - rounded).max() >= _TINY
            or _added(system.columns_E, *answer)[1].any()
            or by @ rounded[wanted] != shift
        )
        return None if self.undecided else answer

    # -- afterwards

    def polish(self) -> None:
        """Show again what turned out not to be needed, the most important first."""
        again = np.flatnonzero(self.hidden & ~self.primary)
        if len(again) > _POLISHED or len(self.system.nodes) > _MANY:
            again = again[self.level[again] <= 1]
        for cell in sorted(again, key=lambda c: (self.level[c], -self.value[c], c)):
            using = [index for index, cells in enumerate(self.moved_by) if cell in cells]
            old = self.moves, self.moved_by, self.says, self.least.copy(), self.most.copy()
            away = set(using)
            self.mark(int(cell), False)
            self.moves = [move for index, move in enumerate(old[0]) if index not in away]
            self.moved_by = [cells for index, cells in enumerate(old[1]) if index not in away]
            self.says = [said for index, said in enumerate(old[2]) if index not in away]
            items = [old[2][index][0] for index in using]
            touched = np.unique(np.concatenate(items)) if items else np.zeros(0, np.int64)
            self._recount(touched)
            if all(self.serve(int(q), buy=False) for q in touched):
                self.why.pop(int(cell), None)
                continue
            self.mark(int(cell), True)
            self.moves, self.moved_by, self.says, self.least, self.most = old

    def _recount(self, items: np.ndarray) -> None:
        """What the remaining witnesses show of some protected counts."""
        self.least[items] = self.most[items] = self.truth[items]
        for says in self.says:
            self.note(*says)


def _grouped(sorted_keys: np.ndarray, values: np.ndarray) -> tuple[list[int], list[np.ndarray]]:
    keys, starts = np.unique(sorted_keys, return_index=True)
    return keys.tolist(), np.split(values, starts[1:]) if len(keys) else []
