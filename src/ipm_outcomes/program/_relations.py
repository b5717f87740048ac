"""How the counts of several indicators hang together by their definitions, for disclosure control.

A definition says it in ``relations``; the bands of one indicator are parts of it without a word. All of it
holds within one group, instrument, scale and target; a row that is told for all targets at once stands beside
those of each.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from os import PathLike
from typing import NamedTuple, TypeAlias

from ipm_outcomes.errors import ParameterError
from ipm_outcomes.program.indicators import Indicator, Relation, indicator, indicators, read_indicator

PLACE = ("definition", "band", "instrument", "scale", "target")
VIRTUAL = "people"
WHOLE = "eligible and excluded"
"""The population before exclusions: what a reader of both columns knows."""
Node: TypeAlias = tuple[str, str]
"""A count: the indicator as the table names it, and the column."""
Virtual: TypeAlias = list[tuple[Node, int]]
"""A count that stands in no column: members with their sign."""


class Place(NamedTuple):
    """What an indicator of the table is: its definition, the band, and what it is told for."""

    definition: str
    band: str | None
    told_for: tuple[str | None, ...]


def place(definition: str | None, band: str | None, *told_for: str | None) -> Place | None:
    """The place of a row; none where the table does not tell its definition."""
    return Place(definition, band, told_for) if definition is not None else None


def related(
    rows: Iterable[tuple[str, Place | None]], definitions: Iterable[str | PathLike[str] | Indicator]
) -> tuple[dict[str, Virtual], dict[tuple[Node, Node], str]]:
    """Counts made of others, and the pairs (inner, outer) that are nested, each with who says so."""
    known = _known(definitions)
    families: dict[tuple[str | None, ...], dict[tuple[str, str | None], str]] = {}
    for name, at in rows:
        if at is not None:
            families.setdefault(at.told_for, {}).setdefault((at.definition, at.band), name)
    for told_for, family in families.items():
        for name_for_all, name in families.get((*told_for[:-1], None), {}).items():
            family.setdefault(name_for_all, name)
    virtual: dict[str, Virtual] = {}
    links: dict[tuple[Node, Node], str] = {}
    for family in families.values():
        _bands(family, virtual, links)
        for (definition, band), name in family.items():
            one = known(definition)
            if one is not None and band is None:
                for relation in one.relations:
                    _relate(name, relation, family, virtual, links)
    return virtual, links


def _known(definitions: Iterable[str | PathLike[str] | Indicator]) -> _Shelf:
    if isinstance(definitions, (str, PathLike, Indicator)):
        definitions = [definitions]
    if not isinstance(definitions, Iterable):
        raise ParameterError(f"definitions: a list of definitions, not a {type(definitions).__name__}")
    own: dict[str, Indicator] = {}
    for given in definitions:
        if isinstance(given, Indicator):
            one = given
        elif isinstance(given, str) and not given.endswith(".toml"):
            one = indicator(given)
        elif isinstance(given, (str, PathLike)):
            one = read_indicator(given)
        else:
            raise ParameterError(
                f"definitions: ids, paths of TOML files or Indicator objects, not a {type(given).__name__}"
            )
        own[one.id] = one
    return _Shelf(own)


class _Shelf:
    """Definitions by id: the program's own first."""

    def __init__(self, own: dict[str, Indicator]) -> None:
        self.own = own

    def __call__(self, id: str) -> Indicator | None:
        return self.own.get(id) or (indicator(id) if id in indicators() else None)


def _sum(members: Sequence[tuple[Node, int]], virtual: dict[str, Virtual]) -> Node:
    """A virtual count; one member with a plus is that count itself."""
    if len(members) == 1 and members[0][1] == 1:
        return members[0][0]
    name = " ".join(f"{'+-'[sign < 0]} {of} [{column}]" for (of, column), sign in members)
    virtual[name] = list(members)
    return name, VIRTUAL


def _bands(
    family: dict[tuple[str, str | None], str],
    virtual: dict[str, Virtual],
    links: dict[tuple[Node, Node], str],
) -> None:
    """Bands of a distribution make up its denominator; strata make up the row that has none."""
    of: dict[str, list[str]] = {}
    for (definition, band), name in family.items():
        if band is not None:
            of.setdefault(definition, []).append(name)
    for definition, names in of.items():
        whole = family.get((definition, None))
        columns = ("eligible", "observed", "denominator", "numerator") if whole else ("numerator",)
        for column in columns:
            outer = (whole, column) if whole else (names[0], "denominator")
            links[_sum([((name, column), 1) for name in names], virtual), outer] = names[0]


def _relate(
    name: str,
    relation: Relation,
    family: dict[tuple[str, str | None], str],
    virtual: dict[str, Virtual],
    links: dict[tuple[Node, Node], str],
) -> None:
    mine = (name, relation.column)
    id, column = relation.other
    found = [family.get((id, band)) for band in relation.bands or (None,)]
    others = [of for of in found if of is not None]
    if len(others) < len(found):
        return
    other = _sum([((of, column), 1) for of in others], virtual)
    if relation.apart_from is not None:
        links[_sum([(mine, 1), (other, 1)], virtual), (name, "denominator")] = name
        return
    ends = (mine, other) if relation.within is not None else (other, mine)
    links[ends] = name
    if relation.column == column == "eligible" and not relation.bands:
        # Who is left out of the narrower population is left out of the wider one for the same reason.
        (inner, _), (outer, _) = ends
        wholes = [(of, WHOLE) for of in (inner, outer)]
        out = [_sum([(whole, 1), ((whole[0], "eligible"), -1)], virtual) for whole in wholes]
        links[wholes[0], wholes[1]] = links[out[0], out[1]] = name


def linked(virtual: dict[str, Virtual], links: Iterable[tuple[Node, Node]]) -> list[tuple[str, ...]]:
    """Indicators that hang together, as families."""
    home: dict[str, set[str]] = {}
    groups = [{name, *(of for (of, _), _ in members)} for name, members in virtual.items()]
    groups += [{inner[0], outer[0]} for inner, outer in links]
    for group in groups:
        joined = set(group).union(*(home[name] for name in group if name in home))
        for name in joined:
            home[name] = joined
    return [tuple(sorted(names)) for names in {id(names): names for names in home.values()}.values()]
