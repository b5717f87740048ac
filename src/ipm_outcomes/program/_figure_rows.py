"""Rows of figures before the statistics, column by column."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import groupby
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ipm_outcomes.frames._library import Bools, Floats, Ints
from ipm_outcomes.program._cells import FigureRow
from ipm_outcomes.program.indicators import Indicator


class Label(NamedTuple):
    """What a row is of, beside its group: scale, target and so on by name, and the band."""

    each: Mapping[str, str]
    band: str | None


@dataclass
class FigureRows:
    """Rows of one indicator.

    Attributes
    ----------
    groups : list
        ``group`` says which is that of a row.
    labels : list of Label
        ``label`` says which is that of a row.
    numbers : dict
        Numbers by name, float64, NaN where there is none: ``eligible``, ``excluded``, ``observed``, ``denominator``,
        ``numerator``; ``lost`` and ``possible`` (who was not observed but would be in the denominator, and who of
        them could be met; without them all not observed); ``unfit``; and what the kind of the indicator needs.
    failed, marks : dict
        Rows of the table that do not meet a requirement, by its id, and those with a mark of evidence.
    """

    indicator: Indicator
    groups: list[tuple[Any, ...]]
    group: Ints
    labels: list[Label]
    label: Ints
    numbers: dict[str, Floats]
    failed: Mapping[str, NDArray[Any]] = field(default_factory=dict)
    marks: Mapping[str, NDArray[Any]] = field(default_factory=dict)
    ready: NDArray[np.float64] | None = None
    """Estimate, lower and upper limit of each row that do not follow from the counts."""
    method: str | None = None

    def __len__(self) -> int:
        return len(self.group)

    @cached_property
    def withheld(self) -> Bools:
        """Which rows cannot be counted from their target."""
        withheld = self.numbers.get("unfit", np.zeros(len(self))) > 0
        for failed in self.failed.values():
            withheld = withheld | (failed > 0)
        return withheld

    def of_all(self, name: str) -> NDArray[Any]:
        """Numbers of one name; NaN where there are none."""
        return self.numbers.get(name, np.full(len(self), math.nan))


def of_rows(rows: Sequence[FigureRow]) -> Iterator[FigureRows]:
    """Rows that were counted one by one; those of one indicator that follow each other together."""
    for _, some in groupby(rows, lambda row: (id(row.indicator), row.cell.method, row.cell.months is None)):
        own = list(some)
        cells = [row.cell for row in own]
        numbers = {
            name: np.array([getattr(cell, name) for cell in cells], float)  # NaN for None
            for name in ("eligible", "excluded", "observed", "denominator", "numerator", "months", "patients")
        }
        ready = np.array([cell.ready or (math.nan,) * 3 for cell in cells], float)
        yield FigureRows(
            own[0].indicator,
            [row.group for row in own],
            np.arange(len(own)),
            [Label(row.each, row.band) for row in own],
            np.arange(len(own)),
            numbers,
            ready=ready,
            method=cells[0].method,
        )
