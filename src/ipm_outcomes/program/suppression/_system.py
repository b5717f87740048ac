"""From published sets of patients to one system of whole numbers.

Unknown to a reader are the counts of *atoms*: patients whom no published set of their scene tells apart, in one group.
Every published count is a sum of atoms, and so is every difference that follows from the definitions. Groups add up
to their totals atom by atom; who is in a total and in none of its groups has atoms of their own.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ipm_outcomes.program.suppression._first import Contradiction, spread_out, whole_solution

Key = tuple[Any, ...]
REST = ("in no group",)
"""In the key of a node: the people of a total who are in none of its groups."""


@dataclass
class Count:
    """One published count: whom it counts, and how much it is worth."""

    scene: Any
    key: Key
    set: Any
    value: int
    level: int
    uses: int = 1
    solid: bool = False
    """Part of a rate that is shown with both of its counts, and so known exactly also where counts are rounded."""


@dataclass
class Scene:
    """The sets of patients that are published of one population, as columns over kinds of patients."""

    sets: dict[Any, np.ndarray]
    apart: list[tuple[Any, Any, Any]] = field(default_factory=list)
    """(whole, part, part): those of the whole who are in neither part are a count of people too."""


@dataclass
class Node:
    """One group of one scene."""

    scene: Any
    key: Key
    sets: tuple[Any, ...]
    start: int = 0
    atoms: np.ndarray = field(default_factory=lambda: np.zeros(0, int))
    """Number of the atom of each kind of patient of the scene."""
    count: int = 0
    cells: dict[Any, int] = field(default_factory=dict)
    nested: Sequence[tuple[Any, Any]] = ()
    """(inner, outer): sets of which the first is inside the second."""
    of: Mapping[Any, np.ndarray] = field(default_factory=dict)
    """The atoms of each set."""
    linked: set[Any] = field(default_factory=set)
    """Sets that a sum with another scene rests on."""
    along: dict[Any, list[int]] = field(default_factory=dict)
    """The published counts of other scenes that have to move with such a set."""
    fewer: dict[Any, list[list[int]]] = field(default_factory=dict)
    """For each sum with another scene the variables there, one of which has to give what such a set gives."""
    bound: set[Any] = field(default_factory=set)
    """Sets in sums with several other scenes."""

    @property
    def variables(self) -> np.ndarray:
        return np.arange(self.start, self.start + self.count)


class Lines:
    """Sparse rows that are collected one by one."""

    def __init__(self) -> None:
        self.indices: list[np.ndarray] = []
        self.value: list[int] = []
        self.signs: dict[int, np.ndarray] = {}
        """The values of the rows in which they differ."""

    def add(self, indices: Any, value: Any) -> int:
        constant = isinstance(value, int)
        if not constant:
            self.signs[len(self.indices)] = value
        self.indices.append(np.asarray(indices, np.int64))
        self.value.append(value if constant else 0)
        return len(self.indices) - 1

    def matrix(self, columns: int) -> Any:
        from scipy import sparse

        many = [len(indices) for indices in self.indices]
        starts = np.concatenate([[0], np.cumsum(many)]).astype(np.int64)
        indices = np.concatenate(self.indices) if self.indices else np.zeros(0, np.int64)
        value = np.repeat(np.array(self.value, np.int64), np.array(many, np.int64))
        for row, signs in self.signs.items():
            value[starts[row] : starts[row + 1]] = signs
        made = sparse.csr_matrix((value, indices, starts), shape=(len(self.indices), columns))
        made.sum_duplicates()
        return made


@dataclass
class Item:
    """A small count that must not be learned: a published one, or a difference of published ones."""

    name: Any
    value: int
    low: int
    high: int
    cell: int = -1


class System:
    """Atoms, published cells, sums that a reader knows, and the small counts to protect."""

    def __init__(self, low: int, high: int) -> None:
        self.low, self.high = low, high
        self.nodes: list[Node] = []
        self.start: list[np.ndarray] = []
        self.size = 0
        self.names: list[tuple[Any, Key, Any]] = []
        self.value: list[int] = []
        self.level: list[int] = []
        self.uses: list[int] = []
        self.forms = Lines()
        self.equal = Lines()
        self.items: list[Item] = []
        self.item_forms = Lines()
        self.lost: list[int] = []
        self.near: list[list[list[int]]] = []
        """For each node its partitions, as lists of nodes: the whole, then the parts."""
        self.linked: dict[int, set[int]] = {}
        self.home: list[int] = []
        self.index: dict[tuple[Any, Key], int] = {}
        self.mends: dict[int, list[tuple[int, int]]] = {}
        """For sums across scenes, by their row: variables that put them right, and their signs."""
        self.between: dict[int, tuple[tuple[int, np.ndarray], tuple[int, np.ndarray]]] = {}
        """For the people between two sets: the node and the variables of the outer and of the inner one."""

    # -- building

    def add_node(self, node: Node) -> int:
        node.start = self.size
        self.size += node.count
        self.nodes.append(node)
        self.near.append([])
        return len(self.nodes) - 1

    def add_cell(self, node: int, count: Count) -> int:
        home = self.nodes[node]
        cell = home.cells.get(count.set)
        if cell is not None:
            if self.value[cell] != count.value:
                raise Contradiction
            self.level[cell] = min(self.level[cell], count.level)
            self.uses[cell] += count.uses
            return cell
        cell = len(self.names)
        home.cells[count.set] = cell
        self.names.append((home.scene, home.key, count.set))
        self.value.append(count.value)
        self.level.append(count.level)
        self.uses.append(count.uses)
        self.home.append(node)
        return cell

    def protect(self, name: Any, value: int, indices: Any, signs: Any, cell: int = -1) -> None:
        low = self.low if cell >= 0 else max(self.low, 1)
        if low <= value <= self.high:
            self.items.append(Item(name, value, low, self.high, cell))
            self.item_forms.add(indices, signs)

    def finish(self) -> None:
        """The matrices."""
        n = self.size
        self.x = np.concatenate(self.start).astype(np.int64) if self.start else np.zeros(0, np.int64)
        self.A, self.E, self.P = (lines.matrix(n) for lines in (self.forms, self.equal, self.item_forms))
        self.columns_A, self.columns_E, self.columns_P = (
            columns_of(lines.tocsc()) for lines in (self.A, self.E, self.P)
        )
        if (
            (self.x < 0).any()
            or (self.E @ self.x).any()
            or (self.A @ self.x != np.array(self.value, int)).any()
        ):
            raise AssertionError("the first table of atoms does not fit the counts")
        self.node_of = np.repeat(np.arange(len(self.nodes)), [node.count for node in self.nodes])


def columns_of(matrix: Any) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The columns of a sparse matrix: where they start, rows, and values."""
    return matrix.indptr.astype(np.int64), matrix.indices.astype(np.int64), matrix.data


def numbered(matrix: np.ndarray) -> tuple[np.ndarray, int]:
    """Number the distinct columns of a matrix of truth values; -1 for those in no set."""
    if not matrix.shape[0]:
        return np.full(matrix.shape[1], -1), 0
    packed = np.ascontiguousarray(np.packbits(matrix, axis=0).T)
    _, inverse = np.unique(packed.view(f"V{packed.shape[1]}").ravel(), return_inverse=True)
    inverse = inverse.ravel()
    none = ~matrix.any(axis=0)
    kept = np.unique(inverse[~none])
    renumber = np.full(inverse.max() + 1, -1)
    renumber[kept] = np.arange(len(kept))
    return np.where(none, -1, renumber[inverse]), len(kept)


class SceneBuilder:
    """Lays the counts of one scene into the system."""

    def __init__(
        self, system: System, id: Any, scene: Scene, counts: list[Count], nodes: dict[tuple[Any, Key], int]
    ) -> None:
        self.system, self.id, self.scene, self.nodes = system, id, scene, nodes
        # Sets that hold the same kinds of patients are one set.
        same: dict[bytes, Any] = {}
        self.set_of = {
            name: same.setdefault(np.packbits(held).tobytes(), name) for name, held in scene.sets.items()
        }
        for count in counts:
            count.set = self.set_of[count.set]
        self.counts = counts
        self.kinds: dict[tuple[Any, ...], dict[str, Any]] = {}
        self.ordered: dict[frozenset[Any], tuple[Any, ...]] = {}

    def run(self) -> None:
        """Add nodes, sums and partitions of the scene."""
        by_key: dict[Key, dict[Any, int]] = {}
        for count in self.counts:
            known_sets = by_key.setdefault(count.key, {})
            if known_sets.setdefault(count.set, count.value) != count.value:
                raise Contradiction
        # By what is counted, not by name: other names of the groups must not change what is hidden.
        order = sorted(
            by_key,
            key=lambda key: (
                sum(part is None for part in key),
                [by_key[key][s] for s in self._ordered(by_key[key])],
                [str(part) for part in key],
            ),
        )
        by_key = {key: by_key[key] for key in order}
        values = dict(by_key)
        place = {key: position for position, key in enumerate(order)}
        self.counts = sorted(self.counts, key=lambda count: place[count.key])
        beside: dict[tuple[int, Key], list[Key]] = {}
        for key in order:
            for position, part in enumerate(key):
                if part is not None:
                    beside.setdefault((position, key[:position] + key[position + 1 :]), []).append(key)
        partitions = []
        broken: set[Key] = set()
        for whole in order:
            for position, part in enumerate(whole):
                if part is not None:
                    continue
                members = beside.get((position, whole[:position] + whole[position + 1 :]), [])
                if not members:
                    continue
                shared = [s for s in by_key[whole] if all(s in by_key[k] for k in members)]
                left = {s: by_key[whole][s] - sum(by_key[k][s] for k in members) for s in shared}
                if any(n < 0 for n in left.values()):
                    broken.add(whole)
                    continue
                if any(left.values()):
                    rest = (*whole[:position], REST, *whole[position + 1 :])
                    values[rest] = left
                    members = [*members, rest]
                partitions.append((whole, members))
        tables = self._first_tables(values, partitions)
        for key, sets in values.items():
            kind = self._kind(self._ordered(sets))
            node = Node(
                self.id,
                key,
                kind["sets"],
                atoms=kind["atoms"],
                count=kind["n"],
                nested=kind["pairs"],
                of=kind["of"],
            )
            self.nodes[self.id, key] = self.system.add_node(node)
            self.system.start.append(tables[key])
        for count in self.counts:
            home = self.nodes[self.id, count.key]
            position = self.system.add_cell(home, count)
            if position == len(self.system.forms.indices):
                node = self.system.nodes[home]
                self.system.forms.add(node.start + node.of[count.set], 1)
            if count.key in broken:
                self.system.lost.append(position)
        for key, sets in values.items():
            self._items(key, sets)
        for whole, members in partitions:
            self._add_up(whole, members)

    def _ordered(self, sets: Iterable[Any]) -> tuple[Any, ...]:
        """The names of sets in their order."""
        names = frozenset(sets)
        if names not in self.ordered:
            self.ordered[names] = tuple(sorted(names, key=str))
        return self.ordered[names]

    def _kind(self, sets: tuple[Any, ...]) -> dict[str, Any]:
        """What nodes with the same published sets share."""
        if sets not in self.kinds:
            matrix = np.array([self.scene.sets[s] for s in sets], bool).reshape(len(sets), -1)
            atoms, n = numbered(matrix)
            inside = np.zeros((len(sets), n), bool)
            there = atoms >= 0
            for row, held in enumerate(matrix):
                inside[row, atoms[there & held]] = True
            of = {s: np.flatnonzero(inside[row]) for row, s in enumerate(sets)}
            nested = []
            for a in range(len(sets)):
                within = (inside[a] <= inside).all(axis=1)
                nested += [(a, b) for b in np.flatnonzero(within) if b != a]
            apart = [
                (w, a, b)
                for w, a, b in (
                    (self.set_of[w], self.set_of[a], self.set_of[b]) for w, a, b in self.scene.apart
                )
                if w in of
                and a in of
                and b in of
                and not set(of[a]) & set(of[b])
                and set(of[a]) | set(of[b]) < set(of[w])
            ]
            self.kinds[sets] = {
                **{"sets": sets, "atoms": atoms, "n": n, "inside": inside, "of": of},
                "nested": [(sets[a], sets[b], (inside[b] & ~inside[a]).nonzero()[0]) for a, b in nested],
                "pairs": [(sets[a], sets[b]) for a, b in nested],
                "places": np.array(nested, np.int64).reshape(-1, 2),
                "apart": [
                    (w, a, b, np.setdiff1d(of[w], np.union1d(of[a], of[b])))
                    for w, a, b in dict.fromkeys(apart)
                ],
            }
        return self.kinds[sets]

    def _items(self, key: Key, values: Mapping[Any, int]) -> None:
        node = self.system.nodes[self.nodes[self.id, key]]
        kind = self._kind(node.sets)
        for s, n in values.items():
            self.system.protect((self.id, key, s), n, node.start + kind["of"][s], 1, node.cells.get(s, -1))
        seen = set()
        published = np.array([values[s] for s in node.sets], np.int64)
        between = published[kind["places"][:, 1]] - published[kind["places"][:, 0]]
        for pair in ((between >= 1) & (between <= self.system.high)).nonzero()[0].tolist():
            inner, outer, atoms = kind["nested"][pair]
            if (form := atoms.tobytes()) not in seen:
                seen.add(form)
                name = self.id, key, outer, "not", inner
                self.system.protect(name, int(between[pair]), node.start + atoms, 1)
        for whole, a, b, atoms in kind["apart"]:
            n = values[whole] - values[a] - values[b]
            if 1 <= n <= self.system.high and (form := atoms.tobytes()) not in seen:
                seen.add(form)
                self.system.protect((self.id, key, whole, "not", a, b), n, node.start + atoms, 1)

    def _add_up(self, whole: Key, members: list[Key]) -> None:
        """The whole is the sum of its members, as finely as both tell patients apart."""
        ids = [self.nodes[self.id, key] for key in (whole, *members)]
        for node_id in ids:
            self.system.near[node_id].append(ids)
        for blocks in _shared_blocks([self.system.nodes[node_id] for node_id in ids]):
            signs = [np.full(len(b), 1 if n else -1) for n, b in enumerate(blocks)]
            self.system.equal.add(np.concatenate(blocks), np.concatenate(signs))

    # -- a first table of atoms that has all the counts

    def _first_tables(
        self, values: Mapping[Key, Mapping[Any, int]], partitions: list[tuple[Key, list[Key]]]
    ) -> dict[Key, np.ndarray]:
        kinds = {key: self._kind(self._ordered(sets)) for key, sets in values.items()}
        whole_of: dict[Key, list[Key]] = {}
        for whole, members in partitions:
            for member in members:
                whole_of.setdefault(member, []).append(whole)
        simple = (
            len({whole for whole, _ in partitions}) == len(partitions)
            and all(len(wholes) == 1 for wholes in whole_of.values())
            and not any(whole in whole_of for whole, _ in partitions)
        )
        if not simple:
            return self._joint(list(values), values, kinds, partitions, {})
        wholes = {whole for whole, _ in partitions}
        alike: dict[tuple[Any, ...], list[Key]] = {}
        for key in values:
            if key not in wholes:
                alike.setdefault(kinds[key]["sets"], []).append(key)
        tables: dict[Key, np.ndarray] = {}
        for sets, keys in alike.items():
            wanted = np.array([[values[key][s] for s in sets] for key in keys], np.int64)
            spread, done = spread_out(kinds[keys[0]]["inside"], wanted)
            tables |= {key: spread[number] for number, key in enumerate(keys) if done[number]}
            memo: dict[bytes, np.ndarray] = {}
            for number in np.flatnonzero(~done):
                signature = wanted[number].tobytes()
                if signature not in memo:
                    memo[signature] = self._joint([keys[number]], values, kinds, [], {})[keys[number]]
                tables[keys[number]] = memo[signature]
        for whole, members in partitions:
            if all(kinds[m]["sets"] == kinds[whole]["sets"] for m in members):
                tables[whole] = np.sum([tables[m] for m in members], axis=0)
            else:
                tables |= self._joint([whole], values, kinds, [(whole, members)], tables)
        return tables

    def _joint(
        self,
        keys: list[Key],
        values: Mapping[Key, Mapping[Any, int]],
        kinds: Mapping[Key, dict[str, Any]],
        partitions: list[tuple[Key, list[Key]]],
        fixed: Mapping[Key, np.ndarray],
    ) -> dict[Key, np.ndarray]:
        lines, right, start, offset = Lines(), [], {}, 0
        for key in keys:
            start[key] = offset
            for s, n in values[key].items():
                lines.add(offset + kinds[key]["of"][s], 1)
                right.append(n)
            offset += kinds[key]["n"]
        for whole, members in partitions:
            trio = [
                Node(
                    self.id, key, kinds[key]["sets"], start.get(key, 0), kinds[key]["atoms"], kinds[key]["n"]
                )
                for key in (whole, *members)
            ]
            for blocks in _shared_blocks(trio):
                columns, signs, known = [], [], 0
                for n, (node, block) in enumerate(zip(trio, blocks, strict=True)):
                    sign = 1 if n else -1
                    if node.key in start:
                        columns.append(block)
                        signs.append(np.full(len(block), sign))
                    else:
                        known -= sign * int(fixed[node.key][block].sum())
                if columns:
                    lines.add(np.concatenate(columns), np.concatenate(signs))
                    right.append(known)
        solved = whole_solution(lines.matrix(offset), np.array(right, float))
        return {key: solved[start[key] : start[key] + kinds[key]["n"]] for key in keys}


def _shared_blocks(nodes: Sequence[Node]) -> list[list[np.ndarray]]:
    """The finest blocks of kinds of patients that each of the nodes tells apart: variables by block and node."""
    first = nodes[0].atoms
    different = {node.sets: node for node in nodes}
    if len(different) == 1:
        return [[np.array([node.start + a]) for node in nodes] for a in range(nodes[0].count)]
    # Kinds of patients are joined while any of the nodes takes them for one; no set at all is a block of its own.
    label = np.arange(len(first))
    parts = [node.atoms for node in different.values()]
    for _ in range(len(first)):
        before = label.copy()
        for atoms in parts:
            least = np.full(atoms.max() + 2, len(first))
            np.minimum.at(least, atoms + 1, label)
            label = least[atoms + 1]
        if (label == before).all():
            break
    blocks = []
    for block in np.unique(label):
        inside = label == block
        if any((node.atoms[inside] < 0).any() for node in different.values()):
            continue  # some node does not count these at all
        blocks.append([node.start + np.unique(node.atoms[inside]) for node in nodes])
    return blocks
