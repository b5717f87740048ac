"""What was counted of one indicator in one group, and how groups add up."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from ipm_outcomes.catalog import instrument, instruments
from ipm_outcomes.program._columns import ALL
from ipm_outcomes.program.indicators import (
    Indicator,
)


@dataclass
class Cell:
    """What the group-by gave for one group, scale, target (and band)."""

    eligible: int = 0
    excluded: int = 0
    observed: int = 0
    denominator: int = 0
    numerator: float | None = 0
    mean: float | None = None
    m2: float = 0.0  # sum of squared deviations from the mean
    sums: tuple[float, ...] = ()
    bands: dict[str, int] = field(default_factory=dict)
    fit: int = 0  # of the population: the target says what the measure asks for
    unfit: int = 0
    lost: int | None = None  # not observed, but would be in the denominator; None: all not observed
    possible: int | None = None  # of these, who could be met
    judged: int = 0  # of the denominator: the numerator's condition is true or false
    marks: dict[str, int] = field(default_factory=dict)
    failed: dict[str, int] = field(default_factory=dict)
    """Of the population, by requirement: rows that do not meet it."""
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
        return self.unfit > 0 or any(self.failed.values())

    @property
    def unobserved(self) -> tuple[int, int]:
        """Who was not observed but would be in the denominator, and who of them could be met."""
        lost = self.eligible - self.observed if self.lost is None else self.lost
        return lost, lost if self.possible is None else self.possible

    def __add__(self, other: Cell) -> Cell:
        n = self.denominator + other.denominator
        mean, m2 = self.mean, self.m2
        if other.mean is not None:
            if mean is None:
                mean, m2 = other.mean, other.m2
            else:
                # Chan, Golub and LeVeque: moments of two groups put together.
                apart = other.mean - mean
                mean += apart * other.denominator / n
                m2 += other.m2 + apart**2 * self.denominator * other.denominator / n
        mine = self.sums or (0.0,) * len(other.sums)
        theirs = other.sums or (0.0,) * len(mine)
        counted = self.numerator is not None and other.numerator is not None
        return Cell(
            self.eligible + other.eligible,
            self.excluded + other.excluded,
            self.observed + other.observed,
            n,
            (self.numerator or 0) + (other.numerator or 0) if counted else None,
            mean,
            m2,
            tuple(a + b for a, b in zip(mine, theirs, strict=True)),
            _added(self.bands, other.bands),
            self.fit + other.fit,
            self.unfit + other.unfit,
            self.unobserved[0] + other.unobserved[0],
            self.unobserved[1] + other.unobserved[1],
            self.judged + other.judged,
            _added(self.marks, other.marks),
            _added(self.failed, other.failed),
        )


def _added(mine: Mapping[str, int], theirs: Mapping[str, int]) -> dict[str, int]:
    return {word: mine.get(word, 0) + theirs.get(word, 0) for word in {**mine, **theirs}}


@dataclass
class FigureRow:
    """One row of the result before the statistics."""

    group: tuple[Any, ...]
    one: Indicator
    each: dict[str, str]
    band: str | None
    cell: Cell


Key = tuple[Any, ...]


@dataclass
class Counts:
    """All cells of one indicator."""

    keys: tuple[str, ...]
    cells: dict[tuple[Key, Key], Cell] = field(default_factory=dict)
    bands: dict[Key, list[str]] = field(default_factory=dict)

    @cached_property
    def totals(self) -> dict[Key, Cell]:
        """The cells of all groups together, by scale and target."""
        found: dict[Key, Cell] = {}
        # In a fixed order: sums of fractions must not depend on the order in which an engine gives its groups.
        for (_, each), cell in sorted(self.cells.items(), key=lambda entry: str(entry[0])):
            found[each] = found[each] + cell if each in found else cell
        return found

    def combinations(self, one: Indicator, asked: bool) -> list[Key]:
        """The scales and targets to be reported, in order."""
        found = list(self.totals)
        if one.window is not None and one.window.pick is not None:
            whole = self.totals
            named = [e for e in found if dict(zip(self.keys, e, strict=True)).get("target") in one.targets]
            # The targets that tell what the measure asks for; else those it would be looked for at, withheld.
            return sorted(
                [e for e in found if whole[e].fit and not whole[e].unfit]
                or named
                or [e for e in found if whole[e].fit],
                key=lambda each: [in_order(part) for part in each],
            )
        if one.requires:
            found = [e for e in found if not self.totals[e].withheld] or found
        elif not asked and one.kind != "distribution":
            # A threshold that a scale does not have: there were observations, and nothing could be decided.
            judged = one.kind == "proportion" and one.missing == "complete_case"
            found = [
                e
                for e in found
                if not (cell := self.totals[e]).observed or (cell.judged if judged else cell.denominator)
            ]
        return sorted(found, key=lambda each: [in_order(part) for part in each])

    def rows(
        self, one: Indicator, groups: Iterable[Key], by: Sequence[str], asked: bool, totals: bool
    ) -> Iterator[FigureRow]:
        """The rows of every group, and of all of them together."""
        told = self.combinations(one, asked)
        named = {each: dict(zip(self.keys, each, strict=True)) for each in told}
        for group in groups:
            for each in told:
                # A scale that is also a grouping column makes rows in its own group only.
                if all(named[each].get(name, value) == value for name, value in zip(by, group, strict=True)):
                    yield from self._rows(
                        one, group, each, named[each], self.cells.get((group, each), Cell())
                    )
        if totals:
            for each in told:
                whole = tuple(named[each].get(name, ALL) for name in by)
                yield from self._rows(one, whole, each, named[each], self.totals[each])

    def _rows(
        self, one: Indicator, group: Key, each: Key, named: dict[str, str], cell: Cell
    ) -> Iterator[FigureRow]:
        if one.kind != "distribution":
            yield FigureRow(group, one, named, None, cell)
            return
        for band in self.bands.get(each, []):
            yield FigureRow(group, one, named, band, replace(cell, numerator=cell.bands.get(band, 0)))


def in_order(part: Any) -> tuple[float, str]:
    """Targets by length of time, everything else by name."""
    days = {"day": 1, "week": 7, "month": 30.4375, "year": 365.25}
    timed = re.fullmatch(r"(\d+(?:\.\d+)?)[ -]?(day|week|month|year)s?", str(part).strip().lower())
    return (float(timed[1]) * days[timed[2]] if timed else -1.0, str(part))


def bands_of(named: Mapping[str, str], seen: set[str]) -> list[str]:
    """The bands of a scale in their order; words that are not its bands come after them."""
    of_instrument, of_scale = named.get("instrument"), named.get("scale")
    order: list[str] = []
    if of_instrument in instruments() and of_scale in instrument(str(of_instrument)).scale_ids:
        bands = instrument(str(of_instrument)).scale(str(of_scale)).bands
        order = [band.label for band in bands.of] if bands else []
    return [*order, *sorted(seen - set(order))]
