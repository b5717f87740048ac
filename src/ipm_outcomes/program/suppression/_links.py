"""The system of all scenes, with links across them: sets of one that are inside, or the same as, sets of another."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from ipm_outcomes.program.suppression._system import (
    Contradiction,
    Count,
    Key,
    Node,
    Scene,
    SceneBuilder,
    System,
)


def link(
    system: System,
    nodes: Mapping[tuple[Any, Key], int],
    scenes: Mapping[Any, Scene],
    links: Sequence[tuple[tuple[Any, Any], tuple[Any, Any], str]],
) -> None:
    """Sets of one scene that are inside a set of another, group by group."""
    for (scene, inner), (other, outer), how in links:
        for (of, key), at in list(nodes.items()):
            beside = nodes.get((other, key))
            if of != scene or beside is None or inner not in scenes[scene].sets:
                continue
            a, b = system.nodes[at], system.nodes[beside]
            small, large = _variables(a, scenes[scene].sets[inner]), _variables(b, scenes[other].sets[outer])
            if small is None or large is None:
                continue
            left = int(system.start[beside][large - b.start].sum() - system.start[at][small - a.start].sum())
            if left < 0 or (how == "same" and left):
                continue  # not so in these data: nobody can rest on it
            if how == "same" or (how == "same data" and not left):
                system.equal.add(
                    np.concatenate([large, small]),
                    np.concatenate([np.full(len(large), 1), np.full(len(small), -1)]),
                )
            else:
                rest = Node((scene, "beside", other), key, (), atoms=np.zeros(0, int), count=1)
                new = system.add_node(rest)
                system.start.append(np.array([left]))
                system.equal.add(
                    np.concatenate([large, small, [rest.start]]),
                    np.concatenate([np.full(len(large), 1), np.full(len(small), -1), [-1]]),
                )
                system.protect(((other, outer), key, "not", (scene, inner)), left, np.array([rest.start]), 1)
                system.linked[new] = {at, beside}
                system.linked.setdefault(at, set()).add(new)
                system.linked.setdefault(beside, set()).add(new)
            for node, variables in ((a, small), (b, large)):
                held = set((variables - node.start).tolist())
                node.linked |= {name for name, atoms in node.of.items() if set(atoms.tolist()) == held}
            system.linked.setdefault(at, set()).add(beside)
            system.linked.setdefault(beside, set()).add(at)


def apart(
    system: System,
    nodes: Mapping[tuple[Any, Key], int],
    scenes: Mapping[Any, Scene],
    parts: Sequence[tuple[Any, Any]],
    whole: tuple[Any, Any],
) -> None:
    """Sets without a common member that are all inside a set of another scene, group by group."""
    firsts = np.concatenate(system.start)
    for (of, key), at in list(nodes.items()):
        if of != whole[0]:
            continue
        places = [at, *(nodes.get((scene, key), -1) for scene, _ in parts)]
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
            inside = set((variables - node.start).tolist())
            node.linked |= {name for name, atoms in node.of.items() if set(atoms.tolist()) == inside}
        together = {new, *places}
        for place in together:
            system.linked.setdefault(place, set()).update(together - {place})


def _variables(node: Node, held: np.ndarray) -> np.ndarray | None:
    """The variables of a node that make up a set; none where the node cannot tell it."""
    atoms = node.atoms[held]
    inside = np.unique(atoms)
    if not len(inside) or inside[0] < 0 or np.isin(node.atoms[~held], inside).any():
        return None
    found: np.ndarray = node.start + inside
    return found


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
    the same set (``"same"``; ``"same data"``: the same where their counts agree, else inside). ``disjoint`` are sets
    without a common member and the set that they are inside of.
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
