"""Which figure of a program is its headline: said by the definitions, for disclosure control and the report alike."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any

from ipm_outcomes.definition import Instrument, Scale
from ipm_outcomes.program._cells import in_order
from ipm_outcomes.program.indicators import Indicator

_MAIN = "6 months"


def success_of(scale: Scale, there: Collection[str], known: Callable[[str], Indicator | None]) -> str:
    """The indicator, of those that are there, that says who did well on a scale; empty where none does.

    It is the one that the scale names, else the first by the order that the indicators give.
    """
    if scale.success in there:
        return scale.success or ""
    known_here = [definition for id in there if (definition := known(id)) is not None]
    rules = sorted(
        (definition.success.order, definition.id)
        for definition in known_here
        if definition.success is not None
    )
    return rules[0][1] if rules else ""


def rank(of: Instrument, scale: str) -> tuple[Any, ...]:
    """Key by which scales are sorted: lead scales first, by the priority of their instruments."""
    priority = of.priority
    return scale != of.lead_scale.id, priority is None, priority or 0, of.id


def main_target(targets: Collection[str]) -> str:
    """The follow-up that a program is judged by, unless its caller says which."""
    return _MAIN if _MAIN in targets or not targets else min(targets, key=in_order)
