"""What an audit works on: points of the items, the right score, and what was recorded, row by row."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ipm_outcomes.definition import Scale
from ipm_outcomes.frames._decode import distinct_in
from ipm_outcomes.frames._frame import Frame
from ipm_outcomes.frames._items import ItemColumns
from ipm_outcomes.frames._recorded import decimals_of, empty, number_in
from ipm_outcomes.frames._scale_columns import ScaleColumns
from ipm_outcomes.scores import Score
from ipm_outcomes.tables import AnyTable, ScaleTable

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Ints = NDArray[np.int32]
Rows = NDArray[np.intp]

SLACK = 1e-9
"""What binary floats lose of a value; far below the last digit of any score."""
MOST_DECIMALS = 9
FINEST = 3
"""A scale whose values have no end within so many decimals is recorded rounded."""


@dataclass(frozen=True)
class Recorded:
    """A column of recorded numbers: NaN where there is none, or another text."""

    value: Floats
    text: Bools
    decimals: int

    @property
    def rounded(self) -> float:
        """How far a number of so many decimals may lie from the value it was rounded from."""
        return 0.5 * 10.0 ** -max(self.decimals, 1) + SLACK


@dataclass(frozen=True)
class Answers:
    """The items of one scale, row by row.

    Attributes
    ----------
    items : tuple of str
        Ids of the items.
    points : array of int32
        What each answer adds to the tally, an item a row; 0 where there is none.
    given : array of bool
        Where there is an answer.
    raw : array of float64
        The number in a cell that is no answer, NaN elsewhere; None where no cell is like that.
    low, high : array of int32
        The lowest and the highest points of each item.
    """

    items: tuple[str, ...]
    points: Ints
    given: Bools
    raw: Floats | None
    low: Ints
    high: Ints

    def part(self, rows: Rows) -> Answers:
        """The same of these rows."""
        raw = None if self.raw is None else self.raw[:, rows]
        return replace(self, points=self.points[:, rows], given=self.given[:, rows], raw=raw)


@dataclass(frozen=True)
class Measure:
    """One way from the tally of a complete form to a recorded number.

    Attributes
    ----------
    cause : str
        What it means that numbers were recorded so; "" for the right way.
    of : callable
        Values by tally, NaN where there is none.
    near : bool
        Whether its values are compared after rounding.
    back : callable
        Tallies of recorded numbers, NaN where a number is none; None where they cannot be determined.
    """

    cause: str
    of: Callable[[Any], Floats]
    near: bool
    back: Callable[[Floats, float], Floats | None]


def divided(cause: str, by: int, near: bool) -> Measure:
    """The tally divided by a whole number."""

    def back(recorded: Floats, slack: float) -> Floats | None:
        if slack * by >= 0.5:
            return None
        whole = np.rint(recorded * by)
        return np.where(np.abs(recorded * by - whole) <= slack * by + SLACK, whole, np.nan)

    return Measure(cause, lambda tally: np.asarray(tally, np.float64) / by, near, back)


def tabulated(cause: str, first: int, values: Sequence[float]) -> Measure:
    """The value of a table that begins with this raw sum."""
    order = np.argsort(values)
    known = np.array(values)[order]

    def back(recorded: Floats, slack: float) -> Floats | None:
        if len(set(values)) < len(values):
            return None
        place = np.clip(np.searchsorted(known, recorded - slack), 0, len(known) - 1)
        return np.where(np.abs(known[place] - recorded) <= slack, order[place] + float(first), np.nan)

    return Measure(cause, from_table(first, values), False, back)


@dataclass(frozen=True)
class Material:
    """All that is known of one scale of which values were recorded.

    Attributes
    ----------
    scale : Scale
        Its definition.
    row : array of int
        Positions in the data.
    recorded : array of float64
        NaN where nothing was recorded.
    right : array of float64
        What the answers give by the strictest missing rule; NaN where they give nothing.
    measures : tuple of Measure
        Ways from a tally to a recorded number, the right one first; none where the score is no function of a tally.
    answers : Answers or None
        The items, where the score is a function of their tally.
    others : dict
        Other predictions by cause: scores of other scales and of other rows; with whether they are rounded.
    extra : dict
        Other columns of whole numbers, 0 where blank.
    exact, near : float
        How far apart numbers may be that are the same: exactly, and with as many decimals as the column has.
    decimals : int or None
        How many decimals the right values have; None where they have no end, so that they are recorded rounded.
    reversed_items : frozenset of str
        Items that the scale reverses.
    size : int
        How many different values there are, about.
    identical : tuple of tuple of str
        Items whose columns are the same in every row.
    apart : bool
        Whether rows are no longer those that stood beside one another in the data.
    """

    scale: Scale
    row: Rows
    recorded: Floats
    right: Floats
    measures: tuple[Measure, ...]
    answers: Answers | None
    others: dict[str, Floats]
    extra: dict[str, Ints]
    exact: float
    near: float
    decimals: int | None
    reversed_items: frozenset[str]
    size: int
    identical: tuple[tuple[str, ...], ...] = ()
    apart: bool = False

    def __len__(self) -> int:
        return len(self.row)

    def part(self, rows: Rows) -> Material:
        """The same of these rows, by position in this one."""
        return replace(
            self,
            row=self.row[rows],
            recorded=self.recorded[rows],
            right=self.right[rows],
            answers=None if self.answers is None else self.answers.part(rows),
            others={name: values[rows] for name, values in self.others.items()},
            extra={name: values[rows] for name, values in self.extra.items()},
        )

    def moved(self, by: int) -> Material:
        """What was recorded beside the answers of other rows: of the row before (1) or after (-1)."""
        beyond = 0 if by == 1 else len(self) - 1

        def roll(values: NDArray[Any], empty: Any) -> NDArray[Any]:
            rolled = np.roll(values, by, axis=-1)
            rolled[..., beyond] = empty
            return rolled

        answers = self.answers
        if answers is not None:
            raw = None if answers.raw is None else roll(answers.raw, np.nan)
            answers = replace(
                answers, points=roll(answers.points, 0), given=roll(answers.given, False), raw=raw
            )
        extra = {name: roll(values, 0) for name, values in self.extra.items()}
        return replace(
            self, answers=answers, right=roll(self.right, np.nan), others={}, extra=extra, identical=()
        )

    def tally(self, measure: Measure) -> Floats | None:
        """The raw sums of which a measure makes what was recorded; see `Measure.back`."""
        return measure.back(self.recorded, self.near if measure.near else self.exact)

    def same(self, values: Floats, near: bool) -> Bools:
        """Where values are what was recorded; where nothing was recorded, nothing is the same."""
        return np.asarray(np.abs(values - self.recorded) <= (self.near if near else self.exact))

    @property
    def differing(self) -> Bools:
        """Rows in which something else was recorded than the answers give."""
        return np.isfinite(self.recorded) & ~self.same(self.right, self.rounded)

    @property
    def rounded(self) -> bool:
        """Whether the right values are compared after rounding."""
        return self.decimals is None

    @property
    def complete(self) -> Bools:
        """Rows to which nothing is missing that the score needs."""
        if self.answers is None:
            return np.isfinite(self.right)
        return np.asarray(self.answers.given.all(axis=0))


def from_table(first: int, values: Sequence[float]) -> Callable[[Any], Floats]:
    """Values by raw sum, the first of them for the raw sum that is given; NaN outside."""
    padded = np.array([np.nan, *values, np.nan])

    def look_up(tally: Any) -> Floats:
        place = np.clip(
            np.nan_to_num(np.asarray(tally, np.float64), nan=-1e9) - first + 1, 0, len(values) + 1
        )
        whole = place.astype(np.intp)
        return np.where(place == whole, padded[whole], np.nan)

    return look_up


def read_numbers(frame: Frame, name: str) -> Recorded:
    """The numbers of a recorded column; an empty cell and a word for no answer are none."""
    values, places = distinct_in(frame, name)
    kept = [None if isinstance(value, str) and empty(value) else value for value in values]
    numbers = [None if value is None or isinstance(value, bool) else number_in(value) for value in kept]
    plain = [None if number is None else round(float(number), MOST_DECIMALS) for number in numbers]
    # What most numbers with decimals have; a single cell with a float's noise must not decide.
    often = np.zeros(MOST_DECIMALS + 1, np.int64)
    for number, rows in zip(plain, np.bincount(places, minlength=len(values)).tolist(), strict=True):
        often[min(decimals_of(number), MOST_DECIMALS)] += rows
    decimals = int(often[1:].argmax()) + 1 if often[1:].any() else 0
    value = np.array([np.nan if number is None else number for number in plain] or [np.nan])
    text = np.array([a is not None and b is None for a, b in zip(kept, numbers, strict=True)] or [False])
    return Recorded(value[places], text[places], decimals)


def read_words(frame: Frame, name: str) -> tuple[list[str], NDArray[np.intp]]:
    """The different words of a recorded column, and for each row which of them it holds; -1 for none."""
    values, places = distinct_in(frame, name)
    words: dict[str, int] = {}
    codes = []
    for value in values:
        if value is None or (isinstance(value, str) and empty(value)):
            codes.append(-1)
            continue
        number = None if isinstance(value, bool) else number_in(value)
        plain = f"{number.normalize():f}" if isinstance(number, Decimal) else str(value)
        codes.append(words.setdefault(" ".join(plain.split()).casefold(), len(words)))
    return list(words), np.array(codes or [-1], np.intp)[places]


def read_extra(frame: Frame, name: str) -> Ints | None:
    """A column of few whole numbers from 0 on, as an item or a code would have them; None for any other column."""
    try:
        values, places = distinct_in(frame, name, 2000)
    except (NotImplementedError, TypeError, ValueError):  # a kind of column that cannot be read is no item
        return None
    if _small_whole(values) is None:
        return None
    if len(frame) > 2000:
        values, places = distinct_in(frame, name)
    whole = _small_whole(values)
    return None if whole is None else np.array(whole, np.int32)[places]


def _small_whole(values: list[Any]) -> list[int] | None:
    numbers = []
    for value in values:
        if value is None or (isinstance(value, str) and empty(value)):
            numbers.append(0)
            continue
        number = None if isinstance(value, bool) else number_in(value)
        if number is None or number != int(number) or not 0 <= number <= MOST_EXTRA:
            return None
        numbers.append(int(number))
    return numbers if len({number for number in numbers if number}) >= 1 and len(numbers) > 1 else None


MOST_EXTRA = 10
"""The highest number that an item beside the scale is taken to have."""


def answers_of(items: ItemColumns, codes: NDArray[Any], scale: Scale, table: ScaleTable) -> Answers:
    """The items of one scale as points."""
    ids = items.instrument.item_ids
    places = [ids.index(item) for item in scale.items]
    points = np.zeros((len(places), codes.shape[1]), np.int32)
    given = codes[places] >= 0
    for n, (place, worth) in enumerate(zip(places, table.points, strict=True)):
        lookup = np.zeros(max(worth) + 2, np.int32)
        for code, value in worth.items():
            lookup[code] = value
        points[n] = lookup[np.where(given[n], codes[place], -1)]
    raw = None
    if not given.all():
        raw_points = np.full(points.shape, np.nan)
        for n, item in enumerate(scale.items):
            if not given[n].all():
                raw_points[n] = _raw(items, item, given[n])
        raw = None if np.isnan(raw_points).all() else raw_points
    low = np.array([min(worth.values()) for worth in table.points], np.int32)
    high = np.array([max(worth.values()) for worth in table.points], np.int32)
    return Answers(scale.items, points, given, raw, low, high)


def _raw(items: ItemColumns, item: str, given: Bools) -> Floats:
    """The numbers that are in cells of an item that are no answers."""
    values, places = distinct_in(items.frame, items.names[item])
    numbers = [None if value is None or isinstance(value, bool) else number_in(value) for value in values]
    raw = np.array([np.nan if number is None else float(number) for number in numbers])[places]
    return np.where(given, np.nan, raw)


def right_values(columns: ScaleColumns) -> Floats:
    """The score of each row, NaN where there is none."""
    assert columns.value is not None
    return np.where(columns.absent < 0, columns.value, np.nan)


def own_decimals(table: AnyTable) -> int | None:
    """How many decimals the values of complete forms have; None where they have no end, or too many to print."""
    if not isinstance(table, ScaleTable):
        return None
    full = table.cells[table.size].values()
    exact = [cell.exact for cell in full if isinstance(cell, Score) and cell.exact is not None]
    for decimals in range(FINEST + 1):
        if all((value * 10**decimals).denominator == 1 for value in exact):
            return decimals
    return None
