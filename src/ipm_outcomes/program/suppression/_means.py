"""Means beside hidden counts: whether every witness could have been printed with the same means.

A mean of n patients shows the sum of their scores, its interval the sum of the squares, each as far as it is printed.
So a witness has to be more than a table of counts: there have to be patients with these counts whose means and limits
are printed with the same digits. They are looked for among all the kinds of patients of a group, weighted by an
exponential family (as in Deming and Stephan 1940, iterative fitting of a table to its margins); additions then show
whether they do. Where none are found the means of the group are printed coarser, and only then withheld.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cache, partial
from itertools import product
from typing import Any

import numpy as np

from ipm_outcomes.program.suppression._due import Chain
from ipm_outcomes.program.suppression._figures import (
    COARSE,
    FULL,
    METHOD,
    WITHHELD,
    Figure,
    Group,
    Way,
    some_of,
)
from ipm_outcomes.program.suppression._proof import Move
from ipm_outcomes.program.suppression._read import TableRow, cells_of
from ipm_outcomes.program.suppression._search import Search
from ipm_outcomes.program.suppression._together import Counts, Family, Together
from ipm_outcomes.stats._t_distribution import t_quantile

Asked = Callable[..., "list[tuple[Family | Chain, Counts]]"]
_FITS = 800  # of groups that are tried at most, and one more for thirty witnesses: its work and not the clock
_AT_FIRST = 6  # witnesses of a count at most that are asked before means are given up
_TRIED = 3  # witnesses of which the cheapest is chosen, where means have to be given up
_ENDS = ("baseline", "followup")
_WAYS: tuple[Way, ...] = (
    (FULL, FULL),
    (COARSE, FULL),
    (FULL, COARSE),
    (COARSE, COARSE),
    (WITHHELD, COARSE),
    (COARSE, WITHHELD),
    (WITHHELD, WITHHELD),
)
"""How the means before and after, and that of the change, are printed: the first that holds is taken."""
_TOGETHER: tuple[Way, ...] = ((COARSE, FULL), (COARSE, COARSE), (WITHHELD, WITHHELD))
"""The same where several groups are taken together."""


def _changes(matrix: Any, moves: Sequence[Move]) -> Any:
    """Witnesses by counts: what each of them changes, as a sparse matrix."""
    from scipy import sparse

    starts = np.concatenate([[0], np.cumsum([len(variables) for variables, _ in moves])]).astype(np.int64)
    variables = np.concatenate([np.zeros(0, np.int64), *(variables for variables, _ in moves)])
    by = np.concatenate([np.zeros(0, np.int64), *(by for _, by in moves)])
    made = sparse.csr_matrix((by, variables, starts), shape=(len(moves), matrix.shape[1])) @ matrix.T.tocsr()
    made.eliminate_zeros()
    return made


def _least(way: Way, other: Way) -> Way:
    """The finest that is nowhere finer than either of two."""
    return max(way[0], other[0]), max(way[1], other[1])


class Means:
    """The means of a release, and which witnesses they agree with."""

    def __init__(self, rows: Sequence[TableRow], frame: Any, reader: Any, search: Search) -> None:
        self.search, self.system, self.reader = search, search.system, reader
        columns = ("estimate", "lower", "upper", "level", "sd")
        self.columns = {name: cells_of(frame, name) for name in columns if name in frame.columns}
        self.rows: dict[int, list[TableRow]] = {}
        """Of each group those with a mean that is shown."""
        method = frame["method"].to_list()
        for row in rows:
            position, cell = row.position, row.cells.get("denominator")
            if (
                method[position] != METHOD
                or cell is None
                or search.hidden[cell]
                or self.columns["estimate"][position] is None
            ):
                continue
            node = self.system.home[cell]
            if self.system.nodes[node].scene in reader.kinds and row.counts["denominator"] > 1:
                self.rows.setdefault(node, []).append(row)
        self.read: dict[int, Group] = {}
        self.alike: dict[Any, Any] = {}
        """What groups with the same published sets share."""
        self.left = _FITS + len(search.moves) // 30
        self.scores: dict[Any, tuple[np.ndarray, np.ndarray]] = {}
        self.together = Together(self)

    def group(self, node: int) -> Group:
        """The means of a group, read where they are asked for: few of them lie beside a hidden count."""
        if node not in self.read:
            self.read[node] = self._read(node)
        return self.read[node]

    def scored(self, node: int, row: TableRow) -> tuple[np.ndarray, np.ndarray]:
        """The kinds of patients that a mean is of, and their values."""
        scene = self.system.nodes[node].scene
        if (scene, row.definition) not in self.scores:
            pairs, definition = self.reader.kinds[scene], self.reader.definition(row)
            values = [np.nan if v is None else float(v) for v in pairs.columns[definition.value]]
            self.scores[scene, row.definition] = pairs.of(definition, None)["denominator"], np.array(values)
        return self.scores[scene, row.definition]

    def _figure(self, node: int, row: TableRow) -> Figure:
        held, values = self.scored(node, row)
        printed = {name: column[row.position] for name, column in self.columns.items()}
        mean, n, half = float(printed["estimate"]), row.counts["denominator"], 0.0
        spread = not any(printed[name] is None for name in ("lower", "upper", "level"))
        sd = float(printed.get("sd") or 0.0)
        if spread:
            half = (float(printed["upper"]) - float(printed["lower"])) / 2
            sd = sd or half * n**0.5 / t_quantile(float(printed["level"]), n - 1)
        with_sd = printed.get("sd") is not None
        z = np.where(held, (values - mean) / (sd or 1.0), 0.0)
        end = self.reader.definition(row).value in _ENDS
        return Figure(row, held, z, n, mean, sd or 1.0, half, with_sd, spread or with_sd, bool(sd), end)

    def _read(self, node: int) -> Group:
        none = self._in_no_whole(node)
        paired = np.logical_or.reduce([self.scored(node, row)[0] for row in self.rows[node]])
        return self.group_of(
            node,
            paired,
            lambda: some_of(self.system.nodes[node].atoms, np.flatnonzero(paired & ~none)),
            none.tobytes(),
        )

    def group_of(self, node: int, paired: np.ndarray, kinds_of: Callable[[], np.ndarray], key: Any) -> Group:
        """The means of a group and its sets of patients with a score at both times, over some kinds of patients."""
        of, rows = self.system.nodes[node], self.rows.get(node, [])
        figures = [self._figure(node, row) for row in rows]
        key = (key, of.scene, of.sets, tuple(of.cells), tuple(row.definition for row in rows))
        if key not in self.alike:
            kinds = kinds_of()
            sets = np.array([np.isin(of.atoms, of.of[name]) for name in of.cells], bool).reshape(
                -1, len(of.atoms)
            )
            inside = np.asarray(~(sets & ~paired).any(axis=1))
            kept = [name for name, is_ in zip(of.cells, inside, strict=True) if is_]
            place = {name: index for index, name in enumerate(kept)}
            nested = [(place[a], place[b]) for a, b in of.nested if a in place and b in place]
            inner, outer = np.array(nested, np.int64).reshape(-1, 2).T
            values = [np.where(*self.scored(node, row), 0.0) for row in rows]
            again = [
                any(np.array_equal(scores, sign * other) for other in values[:n] for sign in (1, -1))
                for n, scores in enumerate(values)
            ]
            self.alike[key] = kept, kinds, sets[inside][:, kinds], (inner, outer), again
        kept, kinds, sets, nested_sets, again = self.alike[key]
        for figure, same in zip(figures, again, strict=True):
            figure.held, figure.z, figure.again = figure.held[kinds], figure.z[kinds], same
        cells = np.array([of.cells[name] for name in kept], np.int64)
        return Group(figures, kept, sets, cells, nested_sets)

    def _in_no_whole(self, node: int) -> np.ndarray:
        """The kinds of patients of whom there is nobody in the wholes that a group is a part of."""
        none = np.zeros(len(self.system.nodes[node].atoms), bool)
        for whole, *_ in self.system.near[node]:
            if whole == node:
                continue
            of = self.system.nodes[whole]
            shown = {
                name: int(self.search.value[cell])
                for name, cell in of.cells.items()
                if not self.search.hidden[cell]
            }
            empty = [of.of[name] for name, n in shown.items() if n == 0]
            empty += [
                np.setdiff1d(of.of[b], of.of[a]) for a, b in of.nested if shown.get(a, -1) == shown.get(b, -2)
            ]
            if empty:
                none |= np.isin(of.atoms, np.concatenate(empty))
        return none

    def given_up(self) -> dict[int, int]:
        """Which means are printed coarser or withheld, by the positions of their rows."""
        search, system = self.search, self.system
        if not self.rows:
            return {}
        least = np.array([item.value for item in system.items], np.int64)
        most = least.copy()
        moves = sorted(search.moves, key=lambda move: len(move[0]))
        counts, protected = _changes(system.A, moves), _changes(system.P, moves)
        reach = self._reach(protected)
        held: set[int] = set()
        refused: set[int] = set()  # until means are given up

        def take(witness: int) -> None:
            held.add(witness)
            those = slice(*protected.indptr[witness : witness + 2])
            rows, values = protected.indices[those], protected.data[those]
            values = search.truth[rows] + values
            least[rows], most[rows] = np.minimum(least[rows], values), np.maximum(most[rows], values)

        def taken(witness: int) -> bool:
            if witness not in held and witness not in refused:
                if self._agrees(touched(witness), partial(asked, witness)):
                    take(witness)
                else:
                    refused.add(witness)
            return witness in held

        def changed(witness: int) -> dict[int, int]:
            those = slice(*counts.indptr[witness : witness + 2])
            return dict(zip(counts.indices[those].tolist(), counts.data[those].tolist(), strict=True))

        @cache
        def touched(witness: int) -> list[tuple[int, np.ndarray]]:
            return self._touched(changed(witness))

        @cache
        def asked(witness: int, families: bool = True) -> list[tuple[Family | Chain, Counts]]:
            return self.together.asked(changed(witness), families)

        def met(q: int, side: int) -> bool:
            return bool(least[q] <= search.goal_low[q] if side == 0 else most[q] >= search.goal_high[q])

        def wide(q: int) -> int:  # the counts of the whole first, while there is work left
            return -sum(part is None for part in system.nodes[int(search.item_node[q])].key)

        open_ = [
            (q, side)
            for q in sorted(range(len(system.items)), key=wide)
            for side in (0, 1)
            if not met(q, side)
            and not any(taken(witness) for witness in reach.get((q, side), ())[:_AT_FIRST])
        ]
        # A witness may be one that the means of a small part rule out, where others leave that part as it is.
        another: dict[tuple[int, int], list[int]] = {}
        for q, side in open_:
            if (move := search.another(q, side)) is not None:
                another[q, side] = [len(moves)]
                moves.append(move)
        counts, protected = _changes(system.A, moves), _changes(system.P, moves)
        for q, side in open_:
            if not met(q, side):
                tried = reach[q, side][:_TRIED] + another.get((q, side), [])
                prices = [
                    (*self._price(touched(witness), partial(asked, witness)), witness) for witness in tried
                ]
                _, ways, cheapest = min(prices, key=lambda price: price[0])
                for node, way in ways.items():
                    self._give_up(node, way)
                refused.clear()
                take(cheapest)
        return {
            figure.row.position: figure.state
            for group in self.read.values()
            for figure in group.figures
            if figure.state != FULL
        }

    def _reach(self, protected: Any) -> dict[tuple[int, int], list[int]]:
        """By protected count and end, the witnesses in which it is there."""
        search = self.search
        reach: dict[tuple[int, int], list[int]] = {}
        move = np.repeat(np.arange(protected.shape[0]), np.diff(protected.indptr))
        q, value = protected.indices, search.truth[protected.indices] + protected.data
        for side, there in enumerate((value <= search.goal_low[q], value >= search.goal_high[q])):
            for item, witness in zip(q[there].tolist(), move[there].tolist(), strict=True):
                reach.setdefault((item, side), []).append(witness)
        return reach

    def _touched(self, by: Mapping[int, int]) -> list[tuple[int, np.ndarray]]:
        """The groups with means in which a witness has other counts, and these counts."""
        nodes = sorted({self.system.home[cell] for cell in by} & self.rows.keys())
        touched = []
        for node in nodes:
            group = self.group(node)
            moved = np.array([by.get(cell, 0) for cell in group.cells.tolist()], np.int64)
            if moved.any():
                touched.append((node, self.search.value[group.cells] + moved))
        return touched

    def _agrees(self, touched: list[tuple[int, np.ndarray]], asked: Asked) -> bool:
        if not all(self._could_be(self.group(node), counts) for node, counts in touched):
            return False
        if touched and self.together.left < 0:
            return False
        return all(self.together.agrees(*question) for question in asked())

    def _could_be(self, group: Group, counts: np.ndarray) -> bool:
        """Whether it is found, within the work allowed, that a group can have other counts and the same means."""
        if not group.is_known(counts):
            self.left -= 1
            if self.left < 0:
                return False
        return group.could_be(counts)

    def _price(self, touched: list[tuple[int, np.ndarray]], asked: Asked) -> tuple[int, dict[int, Way]]:
        """What has to be given up for a witness, and how much that is."""
        before = {node: self.way(node) for node, _ in touched}
        for node, counts in touched:
            group = self.group(node)
            for way in (way for way in _WAYS if _least(way, before[node]) == way):  # those nowhere finer
                group.take(way)
                if self._could_be(group, counts):
                    break
        if self.together.left < 0:
            if not touched:
                families = [family for family, _ in asked() if isinstance(family, Family)]
                every = [node for family in families for node in family.members if node in self.rows]
                before = {node: self.way(node) for node in every}
            for node in before:
                self.group(node).take((WITHHELD, WITHHELD))
        for family, others in asked(self.together.left >= 0):
            if self.together.left < 0 and isinstance(family, Family):
                continue
            nodes = [node for node, _ in others if node in self.rows]
            parts = [node for node in nodes if node != family.whole]
            every = [node for node in family.members if node in self.rows]
            # The means of the parts first; those of other groups only where it is seen that they say too much.
            for those, way in product((parts, nodes, every), _TOGETHER):
                out_of_work = self.together.left < 0 and isinstance(family, Family)
                if self.together.agrees(family, others) or (those is every and out_of_work):
                    break
                for node in those:
                    before.setdefault(node, self.way(node))
                    self.group(node).take(_least(self.way(node), way))
        after = {node: self.way(node) for node in before}
        total = 0
        for node, way in before.items():
            total += (_WAYS.index(after[node]) - _WAYS.index(way)) * len(self.rows[node])
            self.group(node).take(way)
        return total, {node: way for node, way in after.items() if way != before[node]}

    def _give_up(self, node: int, way: Way) -> None:
        """Print the means of a group coarser, and with them those from which they could be worked out."""
        group = self.group(node)
        way = _least(group.way, way)
        if way == group.way:
            return
        group.take(way)
        for whole, *parts in self.system.near[node]:
            others = [part for part in parts if part in self.rows and part != node]
            if whole != node:
                # Of two parts the whole and the other parts show the sum alone: the smallest goes along.
                if whole not in self.rows or self._another_as_coarse(node, parts, way):
                    continue
                others = sorted(others, key=self._order)[:1]
            for part in others:
                self._give_up(part, way)

    def _order(self, node: int) -> tuple[int, int, int]:
        """Which of some groups has the least to lose: how much of it is known, how large it is."""
        return -sum(self.way(node)), max(row.counts["denominator"] for row in self.rows[node]), node

    def way(self, node: int) -> Way:
        return self.read[node].way if node in self.read else (FULL, FULL)

    def _another_as_coarse(self, node: int, parts: Sequence[int], way: Way) -> bool:
        """Whether of another part no mean is given more exactly than this."""
        for part in parts:
            if part == node:
                continue
            if part in self.rows:
                of = self.way(part)
                if of[0] >= way[0] and of[1] >= way[1]:
                    return True
            elif any(self.search.hidden[cell] for cell in self.system.nodes[part].cells.values()):
                return True
        return False
