"""Means beside hidden counts: whether every witness could have been printed with the same means.

A mean of n patients tells the sum of their scores, its interval the sum of the squares, each as far as it is printed.
So a witness has to be more than a table of counts: there have to be patients with these counts whose means and limits
are printed with the same digits. They are looked for among all the kinds of patients of a group, weighted by an
exponential family (as in Deming and Stephan 1940, iterative fitting of a table to its margins); additions then tell
whether they do. Where none are found the means of the group are printed coarser, and only then withheld.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal
from functools import cache
from typing import Any

import numpy as np

from ipm_outcomes.program.suppression._proof import Move
from ipm_outcomes.program.suppression._read import Row, null
from ipm_outcomes.program.suppression._search import Search
from ipm_outcomes.stats._t_distribution import t_quantile

DECIMALS = 1
"""Of a mean, its limits and its standard deviation as they are published."""
METHOD = "student t"
FULL, COARSE, WITHHELD = range(3)
"""A mean with its limits; a whole number without limits; nothing."""
HOW = ("in full", "as a whole number", "not at all")
"""The same in words."""
_STEPS = 30  # of the fit at most
_KINDS = 400  # of patients of a group that are tried, about
_OF_ATOM = 8  # of those, of each atom at least
_FITS = 600  # of groups that are tried at most, and one more for ten witnesses: its work and not the clock
_AT_FIRST = 6  # witnesses of a count at most that are asked before means are given up
_TRIED = 3  # witnesses of which the cheapest is chosen, where means have to be given up
_ENDS = ("baseline", "followup")
Way = tuple[int, int]
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
_SOFT = 0.1
"""How far a mean in whole points may give way, in points for each unit of its weight in the exponential family."""
_OFF = 1e-5  # patients by which a count may be off at the end of the fit


def to_decimals(value: float, decimals: int = DECIMALS) -> float:
    """A number as it is printed: half away from zero, without what depends on the order of additions."""
    return float(Decimal(f"{value:.12g}").quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_UP))


@dataclass
class Figure:
    """One mean: of which patients, of what, and how it is printed."""

    row: Row
    held: np.ndarray
    """The kinds of patients that it is a mean of."""
    z: np.ndarray
    """What it is a mean of, in standard deviations from the mean; 0 for others."""
    n: int
    mean: float
    sd: float
    half: float
    """Half of the width of its interval."""
    with_sd: bool
    """Whether the standard deviation is published beside the interval."""
    spread: bool
    """Whether anything of how they differ is published."""
    differ: bool
    """Whether they differ at all."""
    end: bool
    """A mean before or after, not of the change."""
    again: bool = False
    """Whether it is another one the other way round, so that it says nothing more."""
    state: int = FULL
    digits: dict[int, tuple[float, ...]] = field(default_factory=dict)

    def printed(self, n: float, total: float, squares: float) -> tuple[float, ...]:
        """How it is printed for so many patients with these sums."""
        mean = self.mean + self.sd * total / n
        if self.state == COARSE:
            return (to_decimals(mean, 0),)
        if not self.spread:
            return (to_decimals(mean),)
        off = (max(squares - total**2 / n, 0.0) / (n - 1)) ** 0.5 if n > 1 else 0.0
        half = self.half * off * (self.n / n) ** 0.5
        told = (mean, mean - half, mean + half, *((self.sd * off,) if self.with_sd else ()))
        return tuple(to_decimals(one) for one in told)

    def same(self, y: np.ndarray) -> bool:
        """Whether it is printed the same for other patients."""
        if self.state == WITHHELD:
            return True
        n, z = float(y[self.held].sum()), self.z[self.held]
        if n < 1:
            return False
        told = self.printed(n, float(z @ y[self.held]), float(z**2 @ y[self.held]))
        if self.state not in self.digits:
            self.digits[self.state] = self.printed(self.n, 0.0, self.squares)
        return told == self.digits[self.state]

    @property
    def squares(self) -> float:
        """The sum of the squares of `z`."""
        return self.n - 1.0 if self.differ else 0.0


@dataclass
class Group:
    """The means of one group of one scale and target, and the kinds of patients behind them."""

    figures: list[Figure]
    sets: np.ndarray
    """Kinds by published set."""
    cells: np.ndarray
    """The published count of each set."""
    nested: tuple[np.ndarray, np.ndarray]
    """Sets inside others, by their places: the inner and the outer ones."""
    start: dict[Any, np.ndarray] = field(default_factory=dict)
    known: dict[Any, bool] = field(default_factory=dict)

    way: Way = (FULL, FULL)

    def take(self, way: Way) -> None:
        """Print the means like this."""
        self.way = way
        for one in self.figures:
            one.state = way[0 if one.end else 1]

    def is_known(self, counts: np.ndarray) -> bool:
        """Whether `could_be` was asked before, or needs no work."""
        return self.way == (WITHHELD, WITHHELD) or (self.way, counts.tobytes()) in self.known

    def could_be(self, counts: np.ndarray) -> bool:
        """Whether there can be patients with these counts of whom every mean is printed the same.

        Means in whole points are sought exact first, then near: an exact mean at the end of a scale leaves one kind.
        """
        key = (self.way, counts.tobytes())
        if key not in self.known:
            self.known[key] = (
                all(one.state == WITHHELD for one in self.figures)
                or self._fits(counts)
                or (COARSE in self.way and self._fits(counts, _SOFT))
            )
        return self.known[key]

    def _nobody(self, counts: np.ndarray) -> np.ndarray:
        """The kinds between two nested sets with the same count."""
        inner, outer = self.nested
        same = counts[inner] == counts[outer]
        return np.asarray((self.sets[outer[same]] & ~self.sets[inner[same]]).any(axis=0))

    def _fits(self, counts: np.ndarray, soft: float = 0.0) -> bool:
        some = counts > 0
        there: np.ndarray = ~(self.sets[~some].any(axis=0) | self._nobody(counts))
        rows, wanted, give = [self.sets], [counts.astype(float)], [np.zeros(len(counts))]
        for one in (one for one in self.figures if one.state != WITHHELD and not one.again):
            of = [one.z, one.z**2][: 2 if one.state == FULL and one.spread else 1]
            rows += [np.where(one.held, values, 0.0)[None] for values in of]
            wanted.append(np.array([0.0, one.squares][: len(of)]))
            give.append(np.full(len(of), soft * one.n / one.sd if one.state == COARSE else 0.0))
        used = np.append(some, np.ones(sum(map(len, wanted[1:])), bool))
        phi, goal = np.vstack(rows)[np.ix_(used, there)].astype(float), np.concatenate(wanted)[used]
        gives = np.concatenate(give)[used]
        if not phi.shape[1]:
            return False
        many = int(some.sum())
        if self.way not in self.start:  # everyone alike
            whole = int(np.argmax(self.sets.sum(axis=1)))
            self.start[self.way] = np.zeros(len(used))
            self.start[self.way][whole] = np.log(max(counts[whole], 1) / self.sets[whole].sum())
        start = self.start[self.way]
        u = start[used]
        y = np.zeros(len(there))
        for _ in range(_STEPS):
            y[there] = found = np.exp(np.minimum(np.einsum("s,sk->k", u, phi), 30.0))
            weighted = phi * found
            left = goal - weighted.sum(axis=1) - gives * u
            if np.abs(left[:many]).max() < _OFF and all(one.same(y) for one in self.figures):
                start[used] = u
                return True
            curve = _product(weighted, phi) + np.diag(gives)
            ridge = 1e-10 * np.trace(curve)
            if not 0 < ridge < np.inf:
                return False
            step = np.linalg.solve(curve + ridge * np.eye(len(goal)), left)
            most = float(np.abs(np.einsum("s,sk->k", step, phi)).max())
            u = u + step * min(1.0, 3.0 / max(most, 1e-9))
        return False


def _some_of(atoms: np.ndarray, kinds: np.ndarray) -> np.ndarray:
    """Some kinds of patients of each atom will do: first, last and between."""
    order = kinds[np.argsort(atoms[kinds], kind="stable")]
    _, first, many = np.unique(atoms[order], return_index=True, return_counts=True)
    limit = max(_OF_ATOM, _KINDS // max(len(first), 1))
    taken = [
        order[a + np.unique(np.linspace(0, n - 1, min(n, limit)).round().astype(int))]
        for a, n in zip(first, many, strict=True)
    ]
    return np.concatenate([np.zeros(0, np.int64), *taken])


def _product(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Product of a matrix and the transpose of another, in pieces so small that no library starts threads for them."""
    width = max(1, 200_000 // len(a) ** 2)
    made = np.zeros((len(a), len(b)))
    for at in range(0, a.shape[1], width):
        made += a[:, at : at + width] @ b[:, at : at + width].T
    return made


def _changes(matrix: Any, moves: Sequence[Move]) -> Any:
    """Witnesses by counts: what each of them changes, as a sparse matrix."""
    from scipy import sparse

    starts = np.concatenate([[0], np.cumsum([len(at) for at, _ in moves])]).astype(np.int64)
    at = np.concatenate([np.zeros(0, np.int64), *(at for at, _ in moves)])
    by = np.concatenate([np.zeros(0, np.int64), *(by for _, by in moves)])
    made = sparse.csr_matrix((by, at, starts), shape=(len(moves), matrix.shape[1])) @ matrix.T.tocsr()
    made.eliminate_zeros()
    return made


class Means:
    """The means of a release, and which witnesses they agree with."""

    def __init__(self, rows: Sequence[Row], frame: Any, reader: Any, search: Search) -> None:
        self.search, self.system, self.reader = search, search.system, reader
        columns = ("estimate", "lower", "upper", "level", "sd")
        self.told = {name: frame[name].to_list() for name in columns if name in frame.columns}
        self.rows: dict[int, list[Row]] = {}
        """Of each group those with a mean that is shown."""
        method = frame["method"].to_list()
        for row in rows:
            at, cell = row.position, row.cells.get("denominator")
            if method[at] != METHOD or cell is None or search.hidden[cell] or null(self.told["estimate"][at]):
                continue
            node = self.system.home[cell]
            if self.system.nodes[node].scene in reader.kinds and row.counts["denominator"] > 1:
                self.rows.setdefault(node, []).append(row)
        self.read: dict[int, Group] = {}
        self.alike: dict[Any, Any] = {}
        """What groups with the same published sets share."""
        self.left = _FITS + len(search.moves) // 10
        self.scores: dict[Any, tuple[np.ndarray, np.ndarray]] = {}

    def group(self, node: int) -> Group:
        """The means of a group, read where they are asked for: few of them lie beside a hidden count."""
        if node not in self.read:
            self.read[node] = self._read(node)
        return self.read[node]

    def _scores(self, scene: Any, row: Row) -> tuple[np.ndarray, np.ndarray]:
        """The kinds of patients that a mean is of, and their values."""
        if (scene, row.definition) not in self.scores:
            pairs, one = self.reader.kinds[scene], self.reader.definition(row)
            values = [np.nan if v is None else float(v) for v in pairs.columns[one.value]]
            self.scores[scene, row.definition] = pairs.of(one, None)["denominator"], np.array(values)
        return self.scores[scene, row.definition]

    def _figure(self, scene: Any, row: Row) -> Figure:
        held, values = self._scores(scene, row)
        told = {name: column[row.position] for name, column in self.told.items()}
        mean, n, half = float(told["estimate"]), row.counts["denominator"], 0.0
        spread = not any(null(told[name]) for name in ("lower", "upper", "level"))
        sd = 0.0 if null(told.get("sd")) else float(told["sd"])
        if spread:
            half = (float(told["upper"]) - float(told["lower"])) / 2
            sd = sd or half * n**0.5 / t_quantile(float(told["level"]), n - 1)
        with_sd = not null(told.get("sd"))
        z = np.where(held, (values - mean) / (sd or 1.0), 0.0)
        end = self.reader.definition(row).value in _ENDS
        return Figure(row, held, z, n, mean, sd or 1.0, half, with_sd, spread or with_sd, bool(sd), end)

    def _read(self, node: int) -> Group:
        of, rows = self.system.nodes[node], self.rows[node]
        figures = [self._figure(of.scene, row) for row in rows]
        none = self._in_no_whole(node)
        key = (of.scene, of.sets, tuple(of.cells), tuple(row.definition for row in rows), none.tobytes())
        if key not in self.alike:
            paired = np.logical_or.reduce([one.held for one in figures])
            sets = np.array([np.isin(of.atoms, of.of[name]) for name in of.cells], bool)
            inside = ~(sets & ~paired).any(axis=1)  # the sets of patients with a score at both times
            kinds = _some_of(of.atoms, np.flatnonzero(paired & ~none))
            kept = [name for name, is_ in zip(of.cells, inside, strict=True) if is_]
            place = {name: at for at, name in enumerate(kept)}
            nested = [(place[a], place[b]) for a, b in of.nested if a in place and b in place]
            inner, outer = np.array(nested, np.int64).reshape(-1, 2).T
            values = [np.where(*self._scores(of.scene, row), 0.0) for row in rows]
            again = [
                any(np.array_equal(one, sign * other) for other in values[:n] for sign in (1, -1))
                for n, one in enumerate(values)
            ]
            self.alike[key] = kept, kinds, sets[inside][:, kinds], (inner, outer), again
        kept, kinds, sets, nested_sets, again = self.alike[key]
        for one, same in zip(figures, again, strict=True):
            one.held, one.z, one.again = one.held[kinds], one.z[kinds], same
        return Group(figures, sets, np.array([of.cells[name] for name in kept], np.int64), nested_sets)

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
        counts, told_of = _changes(system.A, moves), _changes(system.P, moves)
        reach = self._reach(told_of)
        held: set[int] = set()
        refused: set[int] = set()  # until means are given up

        def taken(at: int) -> bool:
            if at not in held and at not in refused:
                if self._agrees(touched(at)):
                    held.add(at)
                    those = slice(*told_of.indptr[at : at + 2])
                    rows, told = told_of.indices[those], told_of.data[those]
                    told = search.truth[rows] + told
                    least[rows], most[rows] = np.minimum(least[rows], told), np.maximum(most[rows], told)
                else:
                    refused.add(at)
            return at in held

        @cache
        def touched(at: int) -> list[tuple[int, np.ndarray]]:
            those = slice(*counts.indptr[at : at + 2])
            return self._touched(counts.indices[those], counts.data[those])

        def met(q: int, side: int) -> bool:
            return bool(least[q] <= search.goal_low[q] if side == 0 else most[q] >= search.goal_high[q])

        def wide(q: int) -> int:  # the counts of the whole first, while there is work left
            return -sum(part is None for part in system.nodes[int(search.item_node[q])].key)

        open_ = [
            (q, side)
            for q in sorted(range(len(system.items)), key=wide)
            for side in (0, 1)
            if not met(q, side) and not any(taken(at) for at in reach.get((q, side), ())[:_AT_FIRST])
        ]
        for q, side in open_:
            if not met(q, side):
                found = [self._price(touched(at)) for at in reach[q, side][:_TRIED]]
                for node, way in min(found, key=lambda one: one[0])[1]:
                    self._give_up(node, way)
                refused.clear()
                assert any(taken(at) for at in reach[q, side][:_TRIED])
        return {
            one.row.position: one.state
            for group in self.read.values()
            for one in group.figures
            if one.state != FULL
        }

    def _reach(self, told: Any) -> dict[tuple[int, int], list[int]]:
        """By protected count and end, the witnesses in which it is there."""
        search = self.search
        found: dict[tuple[int, int], list[int]] = {}
        move = np.repeat(np.arange(told.shape[0]), np.diff(told.indptr))
        q, value = told.indices, search.truth[told.indices] + told.data
        for side, there in enumerate((value <= search.goal_low[q], value >= search.goal_high[q])):
            for one, at in zip(q[there].tolist(), move[there].tolist(), strict=True):
                found.setdefault((one, side), []).append(at)
        return found

    def _touched(self, cells: np.ndarray, change: np.ndarray) -> list[tuple[int, np.ndarray]]:
        """The groups with means in which a witness has other counts, and these counts."""
        by = dict(zip(cells.tolist(), change.tolist(), strict=True))
        nodes = sorted({self.system.home[cell] for cell in by} & self.rows.keys())
        found = []
        for node in nodes:
            group = self.group(node)
            moved = np.array([by.get(cell, 0) for cell in group.cells.tolist()], np.int64)
            if moved.any():
                found.append((node, self.search.value[group.cells] + moved))
        return found

    def _agrees(self, touched: list[tuple[int, np.ndarray]]) -> bool:
        return all(self._could_be(self.group(node), counts) for node, counts in touched)

    def _could_be(self, group: Group, counts: np.ndarray) -> bool:
        """Whether it is found, within the work allowed, that a group can have other counts and the same means."""
        if not group.is_known(counts):
            self.left -= 1
            if self.left < 0:
                return False
        return group.could_be(counts)

    def _price(self, touched: list[tuple[int, np.ndarray]]) -> tuple[int, list[tuple[int, Way]]]:
        """What has to be given up for a witness, and how much that is."""
        total, ways = 0, []
        for node, counts in touched:
            group = self.group(node)
            before = group.way
            for price, way in enumerate(_WAYS):
                if way[0] >= before[0] and way[1] >= before[1]:
                    group.take(way)
                    if self._could_be(group, counts):
                        total += (price - _WAYS.index(before)) * len(group.figures)
                        ways.append((node, way))
                        break
            group.take(before)
        return total, ways

    def _give_up(self, node: int, way: Way) -> None:
        """Print the means of a group coarser, and with them those from which they could be worked out."""
        group = self.group(node)
        way = max(group.way[0], way[0]), max(group.way[1], way[1])
        if way == group.way:
            return
        group.take(way)
        for whole, *parts in self.system.near[node]:
            others = [part for part in parts if part in self.rows and part != node]
            if whole != node:
                # Of two parts the whole and the other parts tell the sum alone: the smallest goes along.
                if whole not in self.rows or self._one_more(node, parts, way):
                    continue
                others = sorted(others, key=self._order)[:1]
            for part in others:
                self._give_up(part, way)

    def _order(self, node: int) -> tuple[int, int, int]:
        """Which of some groups has the least to lose: how much of it is known, how large it is."""
        return -sum(self._way(node)), max(row.counts["denominator"] for row in self.rows[node]), node

    def _way(self, node: int) -> Way:
        return self.read[node].way if node in self.read else (FULL, FULL)

    def _one_more(self, node: int, parts: Sequence[int], way: Way) -> bool:
        """Whether of another part no mean is given more exactly than this."""
        for part in parts:
            if part == node:
                continue
            if part in self.rows:
                of = self._way(part)
                if of[0] >= way[0] and of[1] >= way[1]:
                    return True
            elif any(self.search.hidden[cell] for cell in self.system.nodes[part].cells.values()):
                return True
        return False
