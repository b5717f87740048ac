"""The means of a whole and of its parts at once.

What a whole publishes of its patients, by score and by change, limits who can be in a part of it, and the means of a
whole and of its other parts say what the mean of a part is that is not shown. So the groups of a scene in which a
witness has other counts are taken together: there have to be patients, by site, period and kind, with the counts and
the printed means of all of them. The parts in which nothing changes are one part with the sum of their scores.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from ipm_outcomes.program.suppression._due import Chain, chain_of
from ipm_outcomes.program.suppression._figures import (
    FULL,
    WITHHELD,
    Figure,
    Group,
    Slab,
    Way,
    could_be,
    some_of,
)

_CELLS = (
    60_000  # places by kinds of patients that are fitted at once at most; of more each dimension by itself
)
_SLABS = 1500  # groups that are fitted with others at most: the work and not the clock
_OF_TARGETS = 500  # wholes that are fitted at all their targets at most
_OF_PARTS = 250  # parts that are fitted with those due who have no follow-up at most
Counts = tuple[tuple[int, tuple[int, ...]], ...]
"""The groups in which a witness has other counts, and these counts."""


@dataclass
class Family:
    """A whole that is no part of another one, and its partitions."""

    whole: int
    dimensions: list[tuple[int, list[int]]]
    """For each the place in the key that differs, and the parts."""
    paired: np.ndarray
    kinds: np.ndarray
    members: list[int]
    groups: dict[int, Group] = field(default_factory=dict)


class Together:
    """Whether witnesses agree with the means of wholes and parts at once."""

    def __init__(self, means: Any) -> None:
        self.means, self.system, self.value = means, means.system, means.search.value
        self.families: dict[int, Family | None] = {}
        self.above: dict[int, set[int]] = {}
        self.chains: dict[int, Chain | None] = {}
        self.known: dict[Any, bool] = {}
        self.left, self.of_targets, self.of_parts = _SLABS, _OF_TARGETS, _OF_PARTS

    def wholes(self, node: int) -> set[int]:
        """The groups above a group that are in no other one."""
        if node not in self.above:
            above = {ids[0] for ids in self.system.near[node]} - {node}
            self.above[node] = set().union(*(self.wholes(group) for group in above)) if above else {node}
        return self.above[node]

    def family(self, whole: int) -> Family | None:
        """A whole and its parts; nothing where no part has a mean."""
        if whole not in self.families:
            self.families[whole] = self._family(whole)
        return self.families[whole]

    def _family(self, whole: int) -> Family | None:
        system, of = self.system, self.system.nodes[whole]
        dimensions = []
        for first, *parts in system.near[whole]:
            if first == whole:
                (place,) = {
                    position
                    for part in parts
                    for position, (a, b) in enumerate(zip(of.key, system.nodes[part].key, strict=True))
                    if a != b
                }
                dimensions.append((place, parts))
        free = {place for place, _ in dimensions}
        members = [
            node
            for (scene, key), node in system.index.items()
            if scene == of.scene
            and all(
                a == b or position in free for position, (a, b) in enumerate(zip(of.key, key, strict=True))
            )
        ]
        scored = [self.means.scored(node, row) for node in members for row in self.means.rows.get(node, ())]
        if not any(node in self.means.rows for node in members if node != whole):
            return None
        paired = np.logical_or.reduce([held for held, _ in scored])
        kinds = some_of(of.atoms, np.flatnonzero(paired & (of.atoms >= 0)))
        return Family(whole, dimensions, paired, kinds, members)

    def group(self, family: Family, node: int) -> Group:
        """A member with its means as they are printed at present, over the kinds of patients of the family."""
        if node not in family.groups:
            key = ("together", family.whole)
            family.groups[node] = self.means.group_of(node, family.paired, lambda: family.kinds, key)
            if node == family.whole and node in self.means.rows:
                own = self.means.group(node)
                if np.array_equal(own.sets, family.groups[node].sets):
                    family.groups[node].start = own.start
        made = family.groups[node]
        made.take(self.means.way(node))
        return made

    def chain(self, node: int) -> Chain | None:
        """A whole at all targets of its scale, a part at its target."""
        if node not in self.chains:
            made = chain_of(self.means, node, self.wholes(node) == {node})
            self.chains |= dict.fromkeys([node, *(made.members if made else ())], made)
        return self.chains[node]

    def asked(self, by: Mapping[int, int], families: bool = True) -> list[tuple[Family | Chain, Counts]]:
        """The families, and the groups at their targets, in which a witness has other counts; or only the latter.

        ``by`` is what it changes, by published count.
        """
        return [*(self._families_of(by) if families else ()), *self._chains_of(by)]

    def _chains_of(self, by: Mapping[int, int]) -> list[tuple[Chain, Counts]]:
        chains = {}
        for node in sorted({self.system.home[cell] for cell in by}):
            if self.system.nodes[node].scene in self.means.reader.kinds:
                chain = self.chain(node) if self._is_known(node) or self.wholes(node) == {node} else None
                if chain is not None and node in chain.members:
                    chains[chain.members[0]] = chain
        made = []
        for chain in chains.values():
            counts = []
            for node, target in zip(chain.members, chain.targets, strict=True):
                cells = target.group.cells.tolist()
                if any(by.get(cell) for cell in cells):
                    counts.append((node, tuple(int(self.value[cell]) + by.get(cell, 0) for cell in cells)))
            made.append((chain, tuple(counts)))
        return made

    def _families_of(self, by: Mapping[int, int]) -> list[tuple[Family, Counts]]:
        touched: dict[int, dict[int, tuple[int, ...]]] = {}
        for node in sorted({self.system.home[cell] for cell in by}):
            if self.system.nodes[node].scene not in self.means.reader.kinds:
                continue
            for whole in self.wholes(node):
                family = self.family(whole)
                if family is not None:
                    cells = self.group(family, node).cells.tolist()
                    if any(by.get(cell) for cell in cells):
                        counts = tuple(int(self.value[cell]) + by.get(cell, 0) for cell in cells)
                        touched.setdefault(whole, {})[node] = counts
        made = []
        for whole, counts_of in touched.items():
            family = self.families[whole]
            assert family is not None
            if set(counts_of) != {whole} or whole not in self.means.rows:
                made.append((family, tuple(counts_of.items())))
        return made

    def agrees(self, family: Family | Chain, counts: Counts) -> bool:
        """Whether there can be patients with these counts of whom all means are printed the same."""
        if self.left < 0 and isinstance(family, Family):
            return False
        key = tuple(family.members), counts, tuple(map(self.means.way, family.members))
        if key not in self.known:
            counts_of = dict(counts)
            agrees = (
                self._due(family, counts_of) if isinstance(family, Chain) else self._agrees(family, counts_of)
            )
            self.known[key] = agrees
        return self.known[key]

    def _due(self, chain: Chain, counts: Mapping[int, tuple[int, ...]]) -> bool:
        for node, target in zip(chain.members, chain.targets, strict=True):
            target.group.take(self.means.way(node))
        if not chain.is_withheld():
            is_whole = self.wholes(chain.members[0]) == {chain.members[0]}
            self.of_targets -= is_whole
            self.of_parts -= not is_whole
            if (self.of_targets if is_whole else self.of_parts) < 0:
                return False
        every = zip(chain.members, chain.targets, strict=True)
        return chain.could_be(
            [np.array(counts.get(node, self.value[target.group.cells]), np.int64) for node, target in every]
        )

    def _agrees(self, family: Family, counts: Mapping[int, tuple[int, ...]]) -> bool:
        if all(
            self.means.way(node) == (WITHHELD, WITHHELD) for node in family.members if node in self.means.rows
        ):
            return True
        slabs, shape = self._slabs(family, counts, family.dimensions)
        self.left -= len(slabs) + len(family.members) // 10
        if int(np.prod(shape)) * len(family.kinds) <= _CELLS:
            return could_be(slabs, shape)
        return all(could_be(*self._slabs(family, counts, [dimension])) for dimension in family.dimensions)

    def _slabs(
        self,
        family: Family,
        counts: Mapping[int, tuple[int, ...]],
        dimensions: Sequence[tuple[int, list[int]]],
    ) -> tuple[list[Slab], tuple[int, ...]]:
        key = self.system.nodes[family.whole].key
        every = (slice(None),) * len(dimensions)
        slabs = [self._slab(family, family.whole, counts, every)]
        places: list[dict[Any, int]] = []
        shape = []
        for d, (place, parts) in enumerate(dimensions):
            named = {self.system.nodes[node].key[place] for node in counts} - {key[place]}
            place_of = {name: n for n, name in enumerate(sorted(named, key=str))}
            others = [part for part in parts if self.system.nodes[part].key[place] not in place_of]
            known: dict[Way, list[int]] = {}  # means printed alike, since a sum is as exact as its parts
            for part in others:
                if self._is_known(part):
                    known.setdefault(self.means.way(part), []).append(part)
            n = len(place_of)
            for alike in known.values():
                slabs.append(self._sum(family, alike, (*every[:d], n, *every[d + 1 :])))
                n += 1
            shape.append(n + (sum(map(len, known.values())) < len(others)))
            places.append(place_of)
        free = {place: d for d, (place, _) in enumerate(dimensions)}
        for node in family.members:
            index: list[Any] = list(every)
            for p, (a, b) in enumerate(zip(key, self.system.nodes[node].key, strict=True)):
                if a != b:
                    if p not in free or b not in places[free[p]]:
                        break
                    index[free[p]] = places[free[p]][b]
            else:
                if node != family.whole and self.system.nodes[node].cells:
                    slabs.append(self._slab(family, node, counts, tuple(index)))
        return slabs, tuple(shape)

    def _is_known(self, part: int) -> bool:
        return part in self.means.rows and self.means.way(part) != (WITHHELD, WITHHELD)

    def _slab(
        self, family: Family, node: int, counts: Mapping[int, tuple[int, ...]], index: tuple[Any, ...]
    ) -> Slab:
        group = self.group(family, node)
        changed = counts.get(node)
        return Slab(group, self.value[group.cells] if changed is None else np.array(changed, np.int64), index)

    def _sum(self, family: Family, parts: Sequence[int], index: tuple[Any, ...]) -> Slab:
        """Some parts as one: the sums of their counts, and of their scores where each has a mean."""
        groups = [self.group(family, part) for part in parts]
        first = groups[0]
        if len(parts) == 1:
            return Slab(first, self.value[first.cells], index)
        places = [{name: n for n, name in enumerate(group.names)} for group in groups]
        kept = [name for name in first.names if all(name in place for place in places)]
        counts = np.sum(
            [
                self.value[group.cells[[place[name] for name in kept]]]
                for group, place in zip(groups, places, strict=True)
            ],
            axis=0,
        )
        sets = first.sets[[places[0][name] for name in kept]]
        position_of = {places[0][name]: n for n, name in enumerate(kept)}
        nested = [
            (position_of[a], position_of[b])
            for a, b in zip(*map(np.ndarray.tolist, first.nested), strict=True)
            if a in position_of and b in position_of
        ]
        inner, outer = np.array(nested, np.int64).reshape(-1, 2).T
        figures = []
        for figure in first.figures:
            those = [
                f for group in groups for f in group.figures if f.row.definition == figure.row.definition
            ]
            if len(those) == len(groups) and all(f.state != WITHHELD for f in those):
                figures.append(_sum_of(those))
        return Slab(Group(figures, kept, sets, first.cells[:0], (inner, outer)), counts, index)


def _sum_of(figures: Sequence[Figure]) -> Figure:
    """The mean of some groups as one."""
    first = figures[0]
    n = sum(figure.n for figure in figures)
    mean = sum(figure.n * figure.mean for figure in figures) / n
    squares = sum(
        (figure.n - 1) * figure.sd**2 * figure.differ + figure.n * (figure.mean - mean) ** 2
        for figure in figures
    )
    sd = (squares / (n - 1)) ** 0.5
    state = max(figure.state for figure in figures)
    z = np.where(first.held, (first.z * first.sd + first.mean - mean) / (sd or 1.0), 0.0)
    spread = state == FULL and all(figure.spread for figure in figures)
    changes = {
        "half": 0.0,
        "with_sd": False,
        "spread": spread,
        "differ": sd > 0,
        "state": state,
        "digits": {},
    }
    return replace(first, n=n, mean=mean, sd=sd or 1.0, z=z, **changes)
