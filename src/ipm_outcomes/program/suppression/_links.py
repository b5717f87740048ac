"""The system of all scenes, with links across them: sets of one that are inside, or the same as, sets of another."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ipm_outcomes.program.suppression._first import Contradiction
from ipm_outcomes.program.suppression._system import Count, Key, Node, Scene, SceneBuilder, System

_SAME = ("same", "everybody")


def link(
    system: System,
    nodes: Mapping[tuple[Any, Key], int],
    scenes: Mapping[Any, Scene],
    links: Sequence[tuple[tuple[Any, Any], tuple[Any, Any], str]],
) -> None:
    """Sets of one scene that are inside a set of another, group by group."""
    everybody: dict[Key, dict[Any, tuple[Node, set[Any], int]]] = {}
    places: dict[Any, _Place | None] = {}
    by_scene: dict[Any, list[tuple[Key, int]]] = {}
    for (of, key), number in nodes.items():
        by_scene.setdefault(of, []).append((key, number))

    def place(node: Node, name: Any) -> _Place | None:
        """Groups with the same published sets have a set in the same atoms."""
        alike = (node.scene, node.sets, name)
        if alike not in places:
            places[alike] = _place(node, scenes[node.scene].sets[name])
        return places[alike]

    for (scene, inner), (other, outer), how in links:
        if scene not in by_scene or inner not in scenes[scene].sets:
            continue
        for key, number in by_scene[scene]:
            beside = nodes.get((other, key))
            if beside is None:
                continue
            a, b = system.nodes[number], system.nodes[beside]
            inside, around = place(a, inner), place(b, outer)
            if inside is None or around is None:
                continue
            small, large = a.start + inside.atoms, b.start + around.atoms
            left = int(
                system.start[beside][large - b.start].sum() - system.start[number][small - a.start].sum()
            )
            if left < 0 or (how in _SAME and left):
                continue  # not so in these data: nobody can rest on it
            ways = [(b.start + around.alone, 1), (a.start + inside.alone, -1)]
            if how in _SAME or (how == "same data" and not left):
                row = system.equal.add(
                    np.concatenate([large, small]),
                    np.concatenate([np.full(len(large), 1), np.full(len(small), -1)]),
                )
            else:
                rest = Node((scene, "beside", other), key, (), atoms=np.zeros(0, int), count=1)
                new = system.add_node(rest)
                system.start.append(np.array([left]))
                row = system.equal.add(
                    np.concatenate([large, small, [rest.start]]),
                    np.concatenate([np.full(len(large), 1), np.full(len(small), -1), [-1]]),
                )
                ways.insert(0, (rest.start, -1))
                system.between[new] = (beside, large), (number, small)
                system.protect(((other, outer), key, "not", (scene, inner)), left, np.array([rest.start]), 1)
                system.linked[new] = {number, beside}
                system.linked.setdefault(number, set()).add(new)
                system.linked.setdefault(beside, set()).add(new)
            system.mends[row] = ways
            names = inside.names, around.names
            for node, mine, partner, theirs in ((a, names[0], b, names[1]), (b, names[1], a, names[0])):
                node.linked |= mine
                fewer = [
                    variable for variable, _ in ways if not node.start <= variable < node.start + node.count
                ]
                if how == "everybody":
                    everybody.setdefault(key, {})[node.scene] = (node, mine, ways[0 if node is b else 1][0])
                elif len(ways) == 2 or node is b:
                    for name in mine:
                        node.fewer.setdefault(name, []).append(fewer)
                for name in mine if len(ways) == 2 else ():
                    cells = sorted(partner.cells[other] for other in theirs if other in partner.cells)
                    node.along.setdefault(name, []).extend(cells)
            system.linked.setdefault(number, set()).add(beside)
            system.linked.setdefault(beside, set()).add(number)
    for together in everybody.values():
        for node, mine, _ in together.values():
            others = [[variable] for other, _, variable in together.values() if other is not node]
            for name in mine:
                node.fewer.setdefault(name, []).extend(others)


def apart(
    system: System,
    nodes: Mapping[tuple[Any, Key], int],
    scenes: Mapping[Any, Scene],
    parts: Sequence[tuple[Any, Any]],
    whole: tuple[Any, Any],
) -> None:
    """Sets without a common member that are all inside a set of another scene, group by group."""
    firsts = np.concatenate(system.start)
    for (of, key), number in list(nodes.items()):
        if of != whole[0]:
            continue
        places = [number, *(nodes.get((scene, key), -1) for scene, _ in parts)]
        held = []
        for (scene, name), place in zip((whole, *parts), places, strict=True):
            if place < 0 or name not in scenes[scene].sets:
                continue
            node = system.nodes[place]
            variables = _variables(node, scenes[scene].sets[name])
            if variables is not None:
                held.append((node, variables))
        if len(held) < len(places):
            continue
        (_, large), *small = held
        left = int(firsts[large].sum() - sum(firsts[variables].sum() for _, variables in small))
        if left < 0:
            continue  # not so in these data: nobody can rest on it
        rest = Node((*parts, "beside", whole), key, (), atoms=np.zeros(0, int), count=1)
        new = system.add_node(rest)
        system.start.append(np.array([left]))
        system.equal.add(
            np.concatenate([*(variables for _, variables in held), [rest.start]]),
            np.concatenate([np.full(len(large), 1), *(np.full(len(v), -1) for _, v in small), [-1]]),
        )
        for node, variables in held:
            node.linked |= _names(node, variables)
            node.bound |= _names(node, variables)
        together = {new, *places}
        for place in together:
            system.linked.setdefault(place, set()).update(together - {place})


@dataclass(frozen=True)
class _Place:
    """A set in the groups of a scene that publish the same sets."""

    atoms: np.ndarray
    names: set[Any]
    """The sets that these atoms make up."""
    alone: int
    """The atom that is in the fewest sets."""


def _place(node: Node, held: np.ndarray) -> _Place | None:
    variables = _variables(node, held)
    if variables is None:
        return None
    atoms = variables - node.start
    many = np.zeros(node.count, np.int64)
    for inside in node.of.values():
        many[inside] += 1
    return _Place(atoms, _names(node, variables), int(atoms[np.argmin(many[atoms])]))


def _names(node: Node, variables: np.ndarray) -> set[Any]:
    """The sets of a node that these variables make up."""
    held = variables - node.start
    return {name for name, atoms in node.of.items() if np.array_equal(atoms, held)}


def _variables(node: Node, held: np.ndarray) -> np.ndarray | None:
    """The variables of a node that make up a set; none where the node does not have it."""
    among = np.zeros(node.count + 1, bool)  # the last one for those in no set
    among[node.atoms[held]] = True
    if among[-1] or not among.any() or among[node.atoms[~held]].any():
        return None
    variables: np.ndarray = node.start + among.nonzero()[0]
    return variables


def join(counts: Sequence[Count]) -> None:
    """Make one grouping column of those that have a total only together, so that their groups add up to it.

    With sites by sex and one total of all there is no row of a site, nor of a sex, that would be between them.
    """
    by_length: dict[int, list[Count]] = {}
    for count in counts:
        by_length.setdefault(len(count.key), []).append(count)
    for length, mine in by_length.items():
        total_at: dict[tuple[bool, ...], list[int]] = {}
        patterns = {tuple(part is None for part in count.key) for count in mine}
        for position in range(length):
            total_at.setdefault(tuple(pattern[position] for pattern in patterns), []).append(position)
        for totals, (first, *others) in total_at.items():
            if not others or all(totals) or not any(totals):
                continue
            for count in mine:
                if count.key[first] is None:
                    continue
                key = list(count.key)
                key[first] = tuple(count.key[position] for position in (first, *others))
                for position in others:
                    key[position] = None
                count.key = tuple(key)


def build(
    counts: Iterable[Count],
    scenes: Mapping[Any, Scene],
    low: int,
    high: int,
    links: Sequence[tuple[tuple[Any, Any], tuple[Any, Any], str]] = (),
    disjoint: Sequence[tuple[Sequence[tuple[Any, Any]], tuple[Any, Any]]] = (),
) -> System:
    """The system of all published counts.

    ``links`` are pairs of (scene, set) of which the first is inside the second in every group (``"within"``), or is
    the same set (``"same"``; ``"everybody"``: all patients; ``"same data"``: the same where their counts agree, else
    inside). ``disjoint`` are sets without a common member and the set that they are inside of.
    """
    by_scene: dict[Any, list[Count]] = {}
    for count in counts:
        by_scene.setdefault(count.scene, []).append(count)
    system = System(low, high)
    nodes: dict[tuple[Any, Key], int] = {}
    for id, mine in by_scene.items():
        try:
            SceneBuilder(system, id, scenes[id], mine, nodes).run()
        except Contradiction as error:
            raise Contradiction(id) from error
    link(system, nodes, scenes, links)
    for parts, whole in disjoint:
        apart(system, nodes, scenes, parts, whole)
    system.index = nodes
    system.finish()
    return system
