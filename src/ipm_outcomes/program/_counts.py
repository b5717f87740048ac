"""All that was counted of one indicator; what was counted of parts of the patients adds up to that of all."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ipm_outcomes.frames._library import Floats, Ints
from ipm_outcomes.program._cells import bands_of, in_order
from ipm_outcomes.program._columns import ALL
from ipm_outcomes.program._figure_rows import FigureRows, Label
from ipm_outcomes.program._figures import Figure
from ipm_outcomes.program.indicators import Indicator
from ipm_outcomes.stats._moments import means_and_sds

Key = tuple[Any, ...]
Place = tuple[Key, Key]
"""A group, and the scale, target and so on of the keys."""
DEGREES = {
    **{"total": 1, "squares": 2},  # of a mean
    **{"a": 1, "p": 1, "aa": 2, "ap": 2, "pp": 2},  # of a ratio
}
"""Sums of values, and of products of two."""


class Places(dict[Place, int]):
    """Where each cell is in arrays."""

    @cached_property
    def _table(self) -> tuple[dict[Key, int], dict[Key, int], Ints]:
        """Groups and keys, each with its place, and the two places of each cell."""
        groups: dict[Key, int] = {}
        keys: dict[Key, int] = {}
        pairs = [
            (groups.setdefault(group, len(groups)), keys.setdefault(each, len(keys))) for group, each in self
        ]
        return groups, keys, np.array(pairs, np.int64).reshape(-1, 2)

    @cached_property
    def of_all(self) -> tuple[Places, Ints]:
        """The cells of all groups together, and the one to which each of these belongs."""
        _, keys, pairs = self._table
        return Places({((), each): place for each, place in keys.items()}), pairs[:, 1]

    def of(self, groups: Sequence[Key], keys: Sequence[Key]) -> Ints:
        """Where the cells of groups, which are the rows, and keys are; -1: nobody is there."""
        rows, columns, pairs = self._table
        cells = np.full((len(rows) + 1, len(columns)), -1)
        cells[pairs[:, 0], pairs[:, 1]] = np.arange(len(self))
        return cells[[rows.get(group, -1) for group in groups]][:, [columns[each] for each in keys]]


@dataclass
class Counts:
    """The figures of one indicator in every cell: a group, and one of the scales and targets that it is for.

    Attributes
    ----------
    places : Places
        Where each cell is in the arrays.
    numbers : dict
        Counts by figure.
    bands : dict
        Counts by band, of a distribution.
    sums : dict
        Exact sums as whole numbers, over ``denominator`` or, of products, over its square.
    """

    keys: tuple[str, ...]
    places: Places = field(default_factory=Places)
    numbers: dict[Figure, Ints] = field(default_factory=dict)
    bands: dict[str, Ints] = field(default_factory=dict)
    sums: dict[str, NDArray[np.object_]] = field(default_factory=dict)
    denominator: int = 1

    def __add__(self, other: Counts) -> Counts:
        places = Places({place: n for n, place in enumerate(dict.fromkeys([*self.places, *other.places]))})
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
        places, *to = self.places.of_all
        numbers, bands, sums = (
            _put(to, (arrays,), len(places)) for arrays in (self.numbers, self.bands, self.sums)
        )
        return Counts(self.keys, places, numbers, bands, sums, self.denominator)

    @cached_property
    def _columns(self) -> dict[str, Floats]:
        """The numbers of every cell by name, NaN where there is none."""
        columns = {
            name: values.astype(float) for name, values in self.numbers.items() if isinstance(name, str)
        }
        if "total" in self.sums:
            columns["numerator"] = np.full(len(self.places), math.nan)
            columns["mean"], columns["sd"] = means_and_sds(
                self.numbers["denominator"], self.sums["total"], self.sums["squares"], self.denominator
            )
        elif "promoters" in columns:
            columns["numerator"] = columns["promoters"] - columns["detractors"]
        elif "a" in self.sums:
            # Numerator and denominator are sessions; the number of episodes is kept for the interval.
            columns["episodes"] = columns["denominator"]
            for name, values in self.sums.items():
                columns[name] = (values / self.denominator ** DEGREES[name]).astype(float)
            columns |= {"numerator": columns["a"], "denominator": np.rint(columns["p"])}
        elif "numerator" not in columns:
            columns["numerator"] = np.zeros(len(self.places))
        return columns

    def _named(self, kind: str) -> dict[str, Ints]:
        """Counts with a name of their own, such as that of a requirement, by name."""
        named = (name for name in self.numbers if not isinstance(name, str) and name[0] == kind)
        return {name[1]: self.numbers[name] for name in named}

    def combinations(self, indicator: Indicator, asked: bool) -> list[Key]:
        """The scales and targets to be reported, in order."""
        totals, places = self.totals, [each for _, each in self.totals.places]

        def number(name: Figure) -> Ints:
            return totals.numbers.get(name, np.zeros(len(places), np.int64))

        reported = np.ones(len(places), bool)
        if indicator.window is not None and indicator.window.pick is not None:
            own = [
                dict(zip(self.keys, each, strict=True)).get("target") in indicator.targets for each in places
            ]
            fits = number("fit") > 0
            # The targets that tell what the measure asks for; else those it would be looked for at, withheld.
            ways = (fits & (number("unfit") == 0), np.array(own, bool), fits)
            reported = next((way for way in ways if way.any()), fits)
        elif indicator.requires:
            met = np.all([values == 0 for values in totals._named("failed").values()], axis=0)
            reported = met if np.any(met) else reported
        elif not asked and indicator.kind != "distribution":
            # A threshold that a scale does not have: there were observations, and nothing could be decided.
            judged = indicator.kind == "proportion" and indicator.missing == "complete_case"
            decided = number("judged") if judged else totals._columns["denominator"]
            reported = (number("observed") == 0) | (decided > 0)
        chosen = [each for each, wanted in zip(places, reported.tolist(), strict=True) if wanted]
        return sorted(chosen, key=lambda each: [in_order(part) for part in each])

    def rows(
        self, indicator: Indicator, groups: Sequence[Key], by: Sequence[str], asked: bool, totals: bool
    ) -> FigureRows:
        """The rows of every group, and of all of them together."""
        keys: list[Key] = []
        labels: list[Label] = []
        for each in self.combinations(indicator, asked):
            bands = self._bands[each] if indicator.kind == "distribution" else [None]
            keys += [each] * len(bands)
            labels += [Label(dict(zip(self.keys, each, strict=True)), band) for band in bands]
        wanted = np.ones((len(groups), len(labels)), bool)
        for place, key in enumerate(by):
            if key in self.keys:  # a scale that is also a grouping column makes rows in its own group only
                for column, label in enumerate(labels):
                    wanted[:, column] &= np.array([group[place] == label.each[key] for group in groups], bool)
        of_group, of_label = np.nonzero(wanted)
        cells = self.places.of(groups, keys)[wanted]
        counts: list[Counts] = [self]
        if totals:
            counts.append(self.totals)
            of_group = np.append(of_group, len(groups) + np.arange(len(labels)))
            of_label = np.append(of_label, np.arange(len(labels)))
            cells = np.append(cells, len(self.places) + self.totals.places.of([()], keys))
            groups = [*groups, *(tuple(label.each.get(name, ALL) for name in by) for label in labels)]

        def there(parts: Sequence[Mapping[str, NDArray[Any]]]) -> dict[str, NDArray[Any]]:
            """The values of each row by name, 0 where nobody is."""
            return {name: np.concatenate([*(part[name] for part in parts), [0]])[cells] for name in parts[0]}

        numbers = there([each._columns for each in counts])
        if indicator.kind == "distribution":
            numbers["numerator"] = np.zeros(len(cells))
            for band, values in there([each.bands for each in counts]).items():
                own = np.array([label.band == band for label in labels], bool)[of_label]
                numbers["numerator"][own] = values[own]
        failed, marks = (there([each._named(kind) for each in counts]) for kind in ("failed", "mark"))
        return FigureRows(indicator, list(groups), of_group, labels, of_label, numbers, failed, marks)

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
