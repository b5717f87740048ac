"""All that was counted of one indicator; what was counted of parts of the patients adds up to that of all."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ipm_outcomes.frames._library import Ints
from ipm_outcomes.program._cells import Cell, FigureRow, bands_of, in_order
from ipm_outcomes.program._columns import ALL
from ipm_outcomes.program._figures import Figure
from ipm_outcomes.program.indicators import Indicator
from ipm_outcomes.stats._moments import Moments

Key = tuple[Any, ...]
Place = tuple[Key, Key]
"""A group, and the scale, target and so on of the keys."""
DEGREES = {
    **{"total": 1, "squares": 2},  # of a mean
    **{"a": 1, "p": 1, "aa": 2, "ap": 2, "pp": 2},  # of a ratio
}
"""Sums of values, and of products of two."""


@dataclass
class Counts:
    """The figures of one indicator in every cell: a group, and one of the scales and targets that it is for.

    Attributes
    ----------
    places : dict
        Where each cell is in the arrays.
    numbers : dict
        Counts by figure.
    bands : dict
        Counts by band, of a distribution.
    sums : dict
        Exact sums as whole numbers, over ``denominator`` or, of products, over its square.
    """

    keys: tuple[str, ...]
    places: dict[Place, int] = field(default_factory=dict)
    numbers: dict[Figure, Ints] = field(default_factory=dict)
    bands: dict[str, Ints] = field(default_factory=dict)
    sums: dict[str, NDArray[np.object_]] = field(default_factory=dict)
    denominator: int = 1

    def __add__(self, other: Counts) -> Counts:
        places = {place: n for n, place in enumerate(dict.fromkeys([*self.places, *other.places]))}
        both = [np.array([places[place] for place in each.places], np.int64) for each in (self, other)]
        common = math.lcm(self.denominator, other.denominator)
        mine, others = (_scaled(each.sums, common // each.denominator) for each in (self, other))
        return Counts(
            self.keys,
            places,
            _put(both, (self.numbers, other.numbers), len(places)),
            _put(both, (self.bands, other.bands), len(places)),
            _put(both, (mine, others), len(places)),
            common,
        )

    @cached_property
    def totals(self) -> Counts:
        """The cells of all groups together, by scale and target."""
        places = {((), each): n for n, each in enumerate(dict.fromkeys(each for _, each in self.places))}
        to = [np.array([places[(), each] for _, each in self.places], np.int64)]
        numbers, bands, sums = (
            _put(to, (arrays,), len(places)) for arrays in (self.numbers, self.bands, self.sums)
        )
        return Counts(self.keys, places, numbers, bands, sums, self.denominator)

    @cached_property
    def cells(self) -> dict[Place, Cell]:
        """What was counted, cell by cell."""
        size = len(self.places)
        counts = {name: values.tolist() for name, values in self.numbers.items()}
        zeros, none = [0] * size, list[Any]([None] * size)
        eligible, excluded, observed, counted, fit, unfit, judged = (
            counts.get(name, zeros)
            for name in ("eligible", "excluded", "observed", "denominator", "fit", "unfit", "judged")
        )
        numerators: list[float | None] = counts.get("numerator", zeros)
        moments: list[Moments | None] = none
        sums: list[tuple[float, ...]] = [()] * size
        if "total" in self.sums:
            numerators = none
            parts = (counted, self.sums["total"].tolist(), self.sums["squares"].tolist())
            moments = [Moments(*part, self.denominator) for part in zip(*parts, strict=True)]
        elif "promoters" in counts:
            sums = list(zip(counts["promoters"], counts["detractors"], strict=True))
            numerators = [promoters - detractors for promoters, detractors in sums]
        elif "a" in self.sums:
            # Numerator and denominator are sessions; the number of episodes is kept for the interval.
            over = {name: self.denominator**degree for name, degree in DEGREES.items()}
            exact = [[value / over[name] for value in values] for name, values in self.sums.items()]
            sums = list(zip(*exact, map(float, counted), strict=True))
            numerators, counted = exact[0], [round(p) for p in exact[1]]
        columns: list[list[Any]] = [eligible, excluded, observed, counted, numerators, fit, unfit]
        columns += [counts.get("lost", none), counts.get("possible", none), judged]
        columns += [self._named(counts, "mark"), self._named(counts, "failed"), moments, sums]
        return dict(zip(self.places, map(Cell, *columns), strict=True))

    def _named(self, counts: Mapping[Figure, list[int]], kind: str) -> list[dict[str, int]]:
        """Counts with a name of their own, such as that of a requirement, by name."""
        names = [name[1] for name in counts if not isinstance(name, str) and name[0] == kind]
        if not names:
            return [{}] * len(self.places)
        columns = zip(*(counts[kind, name] for name in names), strict=True)
        return [dict(zip(names, values, strict=True)) for values in columns]

    def combinations(self, indicator: Indicator, asked: bool) -> list[Key]:
        """The scales and targets to be reported, in order."""
        whole = {each: cell for (_, each), cell in self.totals.cells.items()}
        reported = list(whole)
        if indicator.window is not None and indicator.window.pick is not None:
            own = [
                each
                for each in whole
                if dict(zip(self.keys, each, strict=True)).get("target") in indicator.targets
            ]
            # The targets that tell what the measure asks for; else those it would be looked for at, withheld.
            reported = (
                [each for each, cell in whole.items() if cell.fit and not cell.unfit]
                or own
                or [each for each, cell in whole.items() if cell.fit]
            )
        elif indicator.requires:
            reported = [each for each, cell in whole.items() if not cell.withheld] or reported
        elif not asked and indicator.kind != "distribution":
            # A threshold that a scale does not have: there were observations, and nothing could be decided.
            judged = indicator.kind == "proportion" and indicator.missing == "complete_case"
            reported = [
                each
                for each, cell in whole.items()
                if not cell.observed or (cell.judged if judged else cell.denominator)
            ]
        return sorted(reported, key=lambda each: [in_order(part) for part in each])

    def rows(
        self, indicator: Indicator, groups: Iterable[Key], by: Sequence[str], asked: bool, totals: bool
    ) -> Iterator[FigureRow]:
        """The rows of every group, and of all of them together."""
        combined = [
            (each, dict(zip(self.keys, each, strict=True))) for each in self.combinations(indicator, asked)
        ]
        shared = [(place, key) for place, key in enumerate(by) if key in self.keys]
        for group in groups:
            for each, named in combined:
                # A scale that is also a grouping column makes rows in its own group only.
                if all(named[key] == group[place] for place, key in shared):
                    yield from self._rows(indicator, group, (group, each), named)
        if totals:
            for each, named in combined:
                whole = tuple(named.get(name, ALL) for name in by)
                yield from self.totals._rows(indicator, whole, ((), each), named)

    def _rows(
        self, indicator: Indicator, group: Key, place: Place, named: dict[str, str]
    ) -> Sequence[FigureRow]:
        cell = self.cells.get(place) or Cell()
        if indicator.kind != "distribution":
            return (FigureRow(group, indicator, named, None, cell),)
        position = self.places.get(place)
        rows = []
        for band in self._bands[place[1]]:
            counts = self._by_band.get(band)
            number = 0 if position is None or counts is None else counts[position]
            rows.append(FigureRow(group, indicator, named, band, cell.with_numerator(number)))
        return rows

    @cached_property
    def _by_band(self) -> dict[str, list[int]]:
        return {band: counts.tolist() for band, counts in self.bands.items()}

    @cached_property
    def _bands(self) -> dict[Key, list[str]]:
        """The bands of each scale."""
        whole = self.totals
        return {
            each: bands_of(
                dict(zip(self.keys, each, strict=True)),
                {band for band, counts in whole.bands.items() if counts[position]},
            )
            for (_, each), position in whole.places.items()
        }


def _scaled(sums: Mapping[str, NDArray[np.object_]], by: int) -> dict[str, NDArray[np.object_]]:
    return {name: values * by ** DEGREES[name] for name, values in sums.items()}


def _put(places: Sequence[Ints], parts: Sequence[Mapping[Any, Any]], size: int) -> dict[Any, Any]:
    """Arrays of parts added up where they belong; a figure that a part does not have is 0 there."""
    names = dict.fromkeys(name for part in parts for name in part)
    added = {}
    for name in names:
        arrays = [(to, part[name]) for to, part in zip(places, parts, strict=True) if name in part]
        added[name] = np.zeros(size, arrays[0][1].dtype)
        for to, values in arrays:
            np.add.at(added[name], to, values)
    return added
