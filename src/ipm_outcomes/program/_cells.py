"""What was counted of one indicator in one group."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ipm_outcomes.catalog import instrument, instruments
from ipm_outcomes.program.indicators import Indicator
from ipm_outcomes.stats._moments import Moments


@dataclass(slots=True)
class Cell:
    """What was counted for one group, scale and target."""

    eligible: int = 0
    excluded: int = 0
    observed: int = 0
    denominator: int = 0
    numerator: float | None = 0
    fit: int = 0
    """Of the population: the target says what the measure asks for."""
    unfit: int = 0
    lost: int | None = None
    """Not observed, but would be in the denominator; None: all not observed."""
    possible: int | None = None
    """Of these, who could be met."""
    judged: int = 0
    """Of the denominator: the numerator's condition is true or false."""
    marks: Mapping[str, int] = field(default_factory=dict)
    failed: Mapping[str, int] = field(default_factory=dict)
    """Of the population, by requirement: rows that do not meet it."""
    moments: Moments | None = None
    """Of the values that a mean is of."""
    sums: tuple[float, ...] = ()
    ready: tuple[float, float, float] | None = None
    """Estimate and limits that do not follow from the counts."""
    method: str | None = None
    months: float | None = None
    """Person-time, which stands in place of a denominator of people."""
    patients: int | None = None
    """Who is behind a numerator of events."""

    @property
    def withheld(self) -> bool:
        """Whether the measure cannot be counted from this target."""
        return self.unfit > 0 or (bool(self.failed) and any(self.failed.values()))

    @property
    def unobserved(self) -> tuple[int, int]:
        """Who was not observed but would be in the denominator, and who of them could be met."""
        lost = self.eligible - self.observed if self.lost is None else self.lost
        return lost, lost if self.possible is None else self.possible

    def with_numerator(self, numerator: int) -> Cell:
        """The counts with another numerator."""
        counts = (
            self.eligible,
            self.excluded,
            self.observed,
            self.denominator,
            numerator,
            self.fit,
            self.unfit,
        )
        return Cell(*counts, self.lost, self.possible, self.judged, self.marks, self.failed)


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
