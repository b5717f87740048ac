"""The table of a scale of items: a score for each tally and each number of answered items."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from math import lcm
from typing import TYPE_CHECKING

from ipm_outcomes.definition import Bands, Instrument, MissingRule, Scale
from ipm_outcomes.scores import Absent, AnyScore, CategoryScore, Score
from ipm_outcomes.tables._absent import ABSENT_CODES, NO_ANSWERS, TOO_FEW

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True)
class ScaleTable:
    """The table of one scale of items under one missing rule.

    Attributes
    ----------
    scale : Scale
        Its definition.
    rule : MissingRule
        The missing rule.
    points : tuple of dict
        For each item of the scale, what each answer code adds to the tally.
    cells : tuple of dict
        ``cells[answered][tally]`` is the score.
    denominator : int
        The common denominator of all exact values.

    Examples
    --------
    >>> import ipm_outcomes as ipm
    >>> from ipm_outcomes.tables import tables
    >>> mean = tables(ipm.instrument("peg"))["mean"]
    >>> mean.cells[3][20].exact, mean.cells[2][13].absent.code
    (Fraction(20, 3), 'too_few_answers')
    """

    scale: Scale
    rule: MissingRule
    points: tuple[dict[int, int], ...]
    cells: tuple[dict[int, AnyScore], ...]
    denominator: int

    @property
    def size(self) -> int:
        """How many items the scale has."""
        return len(self.points)

    @cached_property
    def width(self) -> int:
        """Length of one row of the flat arrays: the highest tally plus one."""
        return max(max(row, default=0) for row in self.cells) + 1

    @cached_property
    def words(self) -> tuple[str, ...]:
        """The labels behind the codes of ``labels``: the bands, or the categories of a categorical scale, in order."""
        if self.scale.counts:
            return tuple(outcome.value for outcome in self.scale.counts.outcomes)
        return tuple(band.label for band in self.scale.bands.of) if self.scale.bands else ()

    @cached_property
    def arrays(self) -> TableArrays:
        """The cells as flat arrays, indexed by ``answered * width + tally``."""
        return TableArrays.of(self)

    def __iter__(self) -> Iterator[tuple[int, int, AnyScore]]:
        """All cells as (answered, tally, score)."""
        for answered, row in enumerate(self.cells):
            for tally, cell in row.items():
                yield answered, tally, cell


@dataclass(frozen=True)
class TableArrays:
    """The cells of a table as flat arrays, for gathering. ``labels`` and ``absent`` hold codes, -1 for none."""

    value: NDArray[np.float64]
    se: NDArray[np.float64]
    numerator: NDArray[np.int64]
    labels: NDArray[np.int8]
    absent: NDArray[np.int8]

    @classmethod
    def of(cls, table: ScaleTable) -> TableArrays:
        """Lay the cells of a table out flat."""
        import numpy as np  # single responses are scored without it, and it is half of the time of their import

        length = (table.size + 1) * table.width
        value, se = np.full(length, np.nan), np.full(length, np.nan)
        numerator = np.zeros(length, np.int64)
        labels, absent = np.full(length, -1, np.int8), np.full(length, -1, np.int8)
        for answered, tally, cell in table:
            index = answered * table.width + tally
            if cell.absent:
                absent[index] = ABSENT_CODES.index(cell.absent.code)
            word = cell.value if isinstance(cell, CategoryScore) else cell.band
            if word is not None:
                labels[index] = table.words.index(word)
            if isinstance(cell, Score) and cell.value is not None:
                value[index] = cell.value
                numerator[index] = cell.numerator or 0
                se[index] = np.nan if cell.se is None else cell.se
        for array in (value, se, numerator, labels, absent):
            array.setflags(write=False)
        return cls(value, se, numerator, labels, absent)


def item_table(instrument: Instrument, scale: Scale, rule: MissingRule) -> ScaleTable:
    """Compute the table of one scale of items."""
    n = len(scale.items)
    if counts := scale.counts:
        points = tuple(
            {
                code: (code >= counts.except_for.get(item, counts.at_least))
                * (n + 2 if item in counts.core else 1)
                for code in instrument.answers_of(item).codes
            }
            for item in scale.items
        )
    else:
        points = tuple(instrument.points(item, scale) for item in scale.items)
    exact = {
        answered: {tally: _exact(scale, answered, tally) for tally in _tallies(scale, points, answered)}
        for answered in range(n - rule.at_most, n + 1)
    }
    denominator = lcm(*(v.denominator for row in exact.values() for v in row.values() if v is not None))
    cells = []
    for answered in range(n + 1):
        absent = None
        if answered == 0:
            absent = Absent(NO_ANSWERS, "none of its items was answered.")
        elif answered < n - rule.at_most:
            needed = n - rule.at_most
            absent = Absent(
                TOO_FEW,
                f"{answered} of {n} items were answered, and the missing rule {rule.id!r} needs {needed}.",
            )
        row: dict[int, AnyScore] = {}
        for tally in _tallies(scale, points, answered):
            row[tally] = (
                _count_cell(scale, rule, answered, tally, absent)
                if scale.counts
                else _cell(
                    scale,
                    rule,
                    answered,
                    tally,
                    absent,
                    None if absent else exact[answered][tally],
                    denominator,
                )
            )
        cells.append(row)
    return ScaleTable(scale, rule, points, tuple(cells), denominator)


def _tallies(scale: Scale, points: tuple[dict[int, int], ...], answered: int) -> list[int]:
    """All tallies that so many answered items can have, as an unbroken range; exact for counts."""
    if scale.counts:
        n, core = len(points), len(scale.counts.core)
        return [
            a + (n + 1) * c
            for c in range(min(core, answered) + 1)
            for a in range(c, answered + 1)
            if a - c <= n - core
        ]
    lows = sorted(min(p.values()) for p in points)
    highs = sorted((max(p.values()) for p in points), reverse=True)
    return list(range(sum(lows[:answered]), sum(highs[:answered]) + 1))


def _exact(scale: Scale, answered: int, tally: int) -> Fraction | None:
    if scale.kind == "mean":
        return Fraction(tally, answered * scale.per_unit)
    if scale.kind == "sum":
        return Fraction(tally * len(scale.items), answered * scale.per_unit)
    if scale.conversion:
        return Fraction(scale.conversion.rows[tally - scale.conversion.rows[0].raw].value)
    return None


def _cell(
    scale: Scale,
    rule: MissingRule,
    answered: int,
    tally: int,
    absent: Absent | None,
    exact: Fraction | None,
    denominator: int,
) -> Score:
    se = band = numerator = value = None
    if exact is not None:
        value, numerator = float(exact), int(exact * denominator)
        band = band_of(scale.bands, exact) if scale.bands else None
        if scale.conversion:
            row = scale.conversion.rows[tally - scale.conversion.rows[0].raw]
            se = None if row.se is None else float(row.se)
    return Score(
        scale.id, value, band, se, answered, len(scale.items), rule.id, absent, numerator, denominator
    )


def accuracy_sentence(scale: Scale) -> str:
    """Say how well the categories of a categorical scale find a condition, as published.

    Parameters
    ----------
    scale
        A scale, categorical where something is published.

    Returns
    -------
    str
        One sentence for each value with a published accuracy; empty where nothing is published.

    Examples
    --------
    >>> import ipm_outcomes as ipm
    >>> accuracy_sentence(ipm.instrument("phq9").scale("syndrome"))[:84]
    "The word 'major' misses 43 of 100 people with major depression and names 5 of 100 wi"
    """
    return " ".join(
        f"The word {a.value!r} misses {100 - a.sensitivity:f} of 100 people with {a.target} and names "
        f"{100 - a.specificity:f} of 100 without it (sensitivity {a.sensitivity:f} %, specificity "
        f"{a.specificity:f} %): another word does not rule it out."
        for a in scale.accuracy
    )


def _count_cell(
    scale: Scale, rule: MissingRule, answered: int, tally: int, absent: Absent | None
) -> CategoryScore:
    n = len(scale.items)
    value = None
    if absent is None and scale.counts:
        core, every = divmod(tally, n + 1)
        value = next(
            o.value
            for o in scale.counts.outcomes
            if o.core[0] <= core <= o.core[1] and o.all[0] <= every <= o.all[1]
        )
    result = f"{scale.title}: {value}." if absent is None else f"{scale.title}: no result, {absent.sentence}"
    sentence = " ".join(filter(None, (result, accuracy_sentence(scale))))
    return CategoryScore(scale.id, value, answered, n, rule.id, absent, sentence)


def band_of(bands: Bands, exact: Fraction) -> str:
    """Find the band of an exact value: the last whose lower limit it reaches (or passes, where the edge is the lower).

    Parameters
    ----------
    bands
        The bands of a scale.
    exact
        The value, in points of the scale.

    Returns
    -------
    str
        The label of the band.
    """
    label = bands.of[0].label
    for band in bands.of[1:]:
        reached = exact >= Fraction(band.low) if bands.edge == "upper" else exact > Fraction(band.low)
        if reached:
            label = band.label
    return label
