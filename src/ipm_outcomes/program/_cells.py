"""What was counted of one indicator in one group, of tables that are counted patient by patient."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ipm_outcomes.catalog import instrument, instruments
from ipm_outcomes.program.indicators import Indicator


@dataclass(slots=True)
class Cell:
    """What was counted for one group."""

    eligible: int = 0
    excluded: int = 0
    observed: int = 0
    denominator: int = 0
    numerator: float | None = 0
    ready: tuple[float, float, float] | None = None
    """Estimate and limits that do not follow from the counts."""
    method: str | None = None
    months: float | None = None
    """Person-time, which stands in place of a denominator of people."""
    patients: int | None = None
    """Who is behind a numerator of events."""


@dataclass(slots=True)
class FigureRow:
    """One row of the result before the statistics."""

    group: tuple[Any, ...]
    indicator: Indicator
    each: dict[str, str]
    band: str | None
    cell: Cell


def in_order(part: Any) -> tuple[float, str]:
    """Targets by length of time, everything else by name."""
    days = {"day": 1, "week": 7, "month": 30.4375, "year": 365.25}
    timed = re.fullmatch(r"(\d+(?:\.\d+)?)[ -]?(day|week|month|year)s?", str(part).strip().lower())
    return (float(timed[1]) * days[timed[2]] if timed else -1.0, str(part))


def bands_of(named: Mapping[str, str], seen: set[str]) -> list[str]:
    """The bands of a scale in their order; words that are not its bands come after them."""
    instrument_id, scale_id = named.get("instrument"), named.get("scale")
    order: list[str] = []
    if instrument_id in instruments() and scale_id in instrument(str(instrument_id)).scale_ids:
        bands = instrument(str(instrument_id)).scale(str(scale_id)).bands
        order = [band.label for band in bands.of] if bands else []
    return [*order, *sorted(seen - set(order))]
