"""Counting and gathering: the only vectorized scoring there is.

Items come as int8 codes (`MISSING` where there is no answer), one row of the array per item; int16 where an item has
more answers than int8 holds. Without the sign, ``code + 1`` turns a missing answer into 0 and leaves every other one
above 0, so one sum and one comparison give tally and count.
Values, bands and reasons are then gathered from the flat cells of the very tables that score single responses.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from fractions import Fraction
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ipm_outcomes.definition import Flag, Instrument, Scale
from ipm_outcomes.frames._quotients import Quotients
from ipm_outcomes.frames._rooms import room
from ipm_outcomes.frames._scale_columns import I8, U8, Codes, ScaleColumns, empty_columns, withhold
from ipm_outcomes.scores import Score
from ipm_outcomes.tables import (
    ABSENT_CODES,
    COMPONENT,
    AnyTable,
    FormulaTable,
    ScaleTable,
    TableArrays,
    UtilityTable,
    tables,
)
from ipm_outcomes.tables._kept import Kept, kept_of

MISSING = -1
WRONG, CODE, WORD = -2, -3, -4
"""A cell that is no answer; a number and a word that are none, but are likely to mean that there is no answer."""
MOST_NARROW = 100
"""The highest code that is held in eight bits."""
_NEAR = 1e-6
"""So near to a half, in units of the last decimal, floats do not decide how a value is rounded."""
_FEW_REASONS = 3
"""So many comparisons of a whole stretch take less time than one look at a cell for each row."""
CHUNK = 1 << 16
"""Rows worked on at a time, so that what is counted stays in the processor's cache."""

FLAG_STATES = ("raised", "not answered", "not raised")
_RAISED, _UNANSWERED, _CLEAR, _BLANK = 0, 1, 2, -1


def no_answers(codes: Codes) -> NDArray[np.bool_]:
    """Cells that hold something and no answer: WRONG, CODE or WORD."""
    bad: NDArray[np.bool_] = codes < MISSING
    return bad


def unsigned(codes: Codes) -> NDArray[Any]:
    """The same codes without their sign, in which `MISSING` is the highest number there is."""
    return codes.view(np.uint8 if codes.itemsize == 1 else np.uint16)


def holding(codes: Codes) -> NDArray[np.bool_]:
    """Rows in which any item holds anything."""
    plain = unsigned(codes)
    held: NDArray[np.bool_] = plain.min(axis=0) != np.iinfo(plain.dtype).max
    return held


_laid_out: Kept[Kernel] = {}


def kernel_of(
    instrument: Instrument, missing: str | None = None, scales: Collection[str] | None = None
) -> Kernel:
    """The kernel of an instrument under one missing rule, for all scales or some, laid out once."""
    key = missing, None if scales is None else frozenset(scales)
    return kept_of(_laid_out, instrument, key, lambda: Kernel(instrument, missing, scales))


class Kernel:
    """Scores codes of one instrument under one missing rule. Scoring changes nothing of it, so that it can be kept."""

    def __init__(
        self, instrument: Instrument, missing: str | None = None, scales: Collection[str] | None = None
    ) -> None:
        self.tables = tables(instrument, missing)
        if scales is not None:
            self.tables = _wanted(self.tables, scales)
        place = {item: n for n, item in enumerate(instrument.item_ids)}
        self._scales = {
            id: _ItemScale(
                table, [place[item] for item in table.scale.items], _se_steps(instrument, table.scale)
            )
            for id, table in self.tables.items()
            if isinstance(table, ScaleTable)
        }
        self._formulas = {
            id: _FormulaScale(table, self._scales)
            for id, table in self.tables.items()
            if isinstance(table, FormulaTable)
        }
        self._utilities = {
            id: _UtilityScale(table, self._scales)
            for id, table in self.tables.items()
            if isinstance(table, UtilityTable)
        }
        self._quotients = Quotients(instrument, self.tables, MISSING)
        self._components = {
            part.scale.id
            for table in self.tables.values()
            if isinstance(table, FormulaTable | UtilityTable)
            for part in table.components
        }
        self._flags = [(flag, place[flag.item]) for flag in instrument.flags]

    def columns(self, rows: int, exact: bool = False) -> dict[str, ScaleColumns]:
        """Empty columns for so many rows; ``exact`` adds the integers behind the values."""
        return empty_columns(self.tables, rows, exact)

    def flag_columns(self, rows: int) -> dict[str, I8]:
        """Empty columns of flag states (codes into `FLAG_STATES`)."""
        return {flag.id: np.empty(rows, np.int8) for flag, _ in self._flags}

    def score(
        self, codes: Codes, columns: dict[str, ScaleColumns], flags: dict[str, I8], start: int = 0
    ) -> None:
        """Score a stretch of rows, at most `CHUNK` long, into the columns from row ``start`` on.

        Parameters
        ----------
        codes
            int8 or int16, one row per item in form order, one column per row of data; allowed answers or `MISSING`
            only.
        """
        stop = start + codes.shape[1]
        plain = unsigned(codes)
        raised = room("raised", plain.dtype, plain.shape)
        np.add(plain, plain.dtype.type(1), out=raised)
        counts: U8 | None = None
        if not raised.min(initial=1):
            counts = room("counts", np.uint8, plain.shape)
            np.not_equal(raised, 0, out=counts.view(bool))
        indices: dict[str, NDArray[np.intp]] = {}
        for id, scale in self._scales.items():
            # What no other scale rests on can give its room to the next one.
            name = f"index {len(indices)}" if id in self._components else "index"
            index = room(name, np.intp, codes.shape[1:])
            scale.fill(codes, raised, counts, index, columns[id], start, stop)
            indices[id] = index
        for id, formula in self._formulas.items():
            formula.fill(indices, columns, columns[id], start, stop)
        for id, utility in self._utilities.items():
            utility.fill(indices, columns, columns[id], start, stop)
        self._quotients.fill(codes, columns, start, stop)
        for flag, place in self._flags:
            _fill_flag(flag, codes, place, flags[flag.id][start:stop])

    @staticmethod
    def unblank(states: I8, started: NDArray[np.bool_]) -> None:
        """Say of forms that were started after all that the question was left unanswered."""
        states[started & (states == _BLANK)] = _UNANSWERED


def _se_steps(instrument: Instrument, scale: Scale) -> tuple[int, int] | None:
    """The place of the item that holds the standard errors of a scale, and how many of its steps make one."""
    if scale.se_item is None:
        return None
    return instrument.item_ids.index(scale.se_item), instrument.answers_of(scale.se_item).per_unit


def _wanted(by_scale: dict[str, AnyTable], scales: Collection[str]) -> dict[str, AnyTable]:
    """The tables of these scales and of those that they rest on."""
    wanted = set(scales)
    for table in by_scale.values():
        if isinstance(table, FormulaTable | UtilityTable) and table.scale.id in scales:
            wanted.update(part.scale.id for part in table.components)
    return {id: table for id, table in by_scale.items() if id in wanted}


class _ItemScale:
    """Tally, count and gather for one table."""

    def __init__(self, table: ScaleTable, places: list[int], se: tuple[int, int] | None) -> None:
        self.table, self.places, self.se = table, places, se
        self._rows = _rows(places)
        self._lines = _Lines.of(table.points, places)
        self._steps = [] if self._lines else [_steps(points) for points in table.points]
        self._identity = all(all(k == v for k, v in points.items()) for points in table.points)
        # With the tally counted in `code + 1`, the count is part of it already: one factor less in the index.
        self._factor = table.width - 1 if self._identity else table.width

    @cached_property
    def order(self) -> NDArray[np.intp]:
        """The cell of the table that each index stands for: of a single item the index is ``code + 1``."""
        if self.table.size > 1:
            return np.arange(len(self.table.arrays.value))
        (points,) = self.table.points
        order = np.zeros(max(points) + 2, np.intp)
        for code, tally in points.items():
            order[code + 1] = self.table.width + tally
        return order

    @cached_property
    def _cells(self) -> TableArrays:
        cells = self.table.arrays
        return (
            cells
            if self.table.size > 1
            else TableArrays(*(array[self.order] for array in vars(cells).values()))
        )

    @cached_property
    def _reasons(self) -> I8 | None:
        """For each number of answered items why there is no value, where that is all it follows from."""
        each = [
            {-1 if cell.absent is None else ABSENT_CODES.index(cell.absent.code) for cell in row.values()}
            for row in self.table.cells
        ]
        if any(len(codes) != 1 for codes in each):
            return None
        reasons = np.array([*map(min, each)], np.int8)
        return reasons if np.count_nonzero(np.diff(reasons)) <= _FEW_REASONS else None

    def fill(
        self,
        codes: Codes,
        raised: NDArray[Any],
        counts: U8 | None,
        index: NDArray[np.intp],
        out: ScaleColumns,
        start: int,
        stop: int,
    ) -> None:
        if self.table.size == 1:
            (place,) = self.places
            out.answered[start:stop] = 1 if counts is None else counts[place]
            index[:] = raised[place]
        else:
            index[:] = self._index(codes, raised, counts, out.answered[start:stop])
        cells = self._cells
        for column, source in (
            (out.value, cells.value),
            (out.se if self.se is None else None, cells.se),
            (out.numerator, cells.numerator),
            (out.labels, cells.labels),
        ):
            if column is not None:
                # Every index is a cell of the table; "wrap" only spares NumPy a second look at that.
                np.take(source, index, out=column[start:stop], mode="wrap")
        absent = out.absent[start:stop]
        if counts is None:
            absent.fill(-1)
        elif self._reasons is None:
            np.take(cells.absent, index, out=absent, mode="wrap")
        else:
            absent.fill(self._reasons[0])
            for count, change in enumerate(np.diff(self._reasons), 1):
                if change:
                    absent += (out.answered[start:stop] >= count).view(np.int8) * change
        if self.se is not None and out.se is not None:
            place, per_unit = self.se
            np.divide(codes[place], per_unit, out=out.se[start:stop])
            if counts is not None:
                withhold(out.se[start:stop], (counts[place] == 0) | (absent >= 0))

    def _index(self, codes: Codes, raised: NDArray[Any], counts: U8 | None, answered: U8) -> NDArray[Any]:
        n = self.table.size
        # Eight bits hold every tally of int8 codes, and 16 every index (at most 256 tallies times 256 counts);
        # gathering wants the machine's own width.
        small: tuple[Any, Any] = (np.uint8, np.uint16) if codes.itemsize == 1 else (np.uint32, np.uint32)
        if self._identity:
            tally = np.add.reduce(raised[self._rows], axis=0, dtype=small[0])
        else:
            tally = self._tally(codes, raised, counts, small[0])
        if counts is None:
            answered.fill(n)
            narrow = np.add(tally, n * self._factor, dtype=small[1])
        else:
            np.add.reduce(counts[self._rows], axis=0, dtype=np.uint8, out=answered)
            narrow = np.multiply(answered, self._factor, dtype=small[1])
            np.add(narrow, tally, out=narrow)
        index: NDArray[Any] = narrow
        return index

    def _tally(self, codes: Codes, raised: NDArray[Any], counts: U8 | None, dtype: Any) -> NDArray[Any]:
        if self._lines is not None:
            return self._lines.tally(raised, counts, dtype)
        tally = np.zeros(codes.shape[1], dtype)
        for place, (threshold, worth, lookup) in zip(self.places, self._steps, strict=True):
            if lookup is not None:
                tally += lookup[codes[place]]
            else:
                step = (raised[place] > threshold).view(np.uint8)
                tally += step if worth == 1 else step * dtype(worth)
        return tally


class _Lines(NamedTuple):
    """Points that rise or fall by one with each code, as differences and sums of ``code + 1``."""

    added: list[int]
    """Places of the items whose points rise."""
    taken: list[int]
    """Places of those whose points fall."""
    constants: dict[int, list[int]]
    """What an answered item adds besides, with the places of the items of which it does."""

    @classmethod
    def of(cls, points: Sequence[dict[int, int]], places: list[int]) -> _Lines | None:
        """None where the points of an item do neither."""
        added, taken, constants = [], [], dict[int, list[int]]()
        for place, worth_of in zip(places, points, strict=True):
            rises = {worth - code for code, worth in worth_of.items()}
            falls = {worth + code for code, worth in worth_of.items()}
            if len(rises) == 1:
                added.append(place)
                constant = rises.pop() - 1
            elif len(falls) == 1:
                taken.append(place)
                constant = falls.pop() + 1
            else:
                return None
            if constant:
                constants.setdefault(constant, []).append(place)
        return cls(added, taken, constants)

    def tally(self, raised: NDArray[Any], counts: U8 | None, dtype: Any) -> NDArray[Any]:
        """The tally of each row; what is too large on the way wraps around, and back."""
        tally = np.add.reduce(raised[_rows(self.added)], axis=0, dtype=dtype)
        if self.taken:
            tally -= np.add.reduce(raised[_rows(self.taken)], axis=0, dtype=dtype)
        for constant, places in self.constants.items():
            by = dtype(constant % (np.iinfo(dtype).max + 1))
            if counts is None:
                tally += dtype(int(by) * len(places) % (np.iinfo(dtype).max + 1))
            else:
                tally += np.add.reduce(counts[_rows(places)], axis=0, dtype=dtype) * by
        total: NDArray[Any] = tally
        return total


def _rows(places: list[int]) -> slice | list[int]:
    """Places as a slice, where they are one: then NumPy makes no copy of what lies there."""
    if not places:
        return slice(0)
    together = places == list(range(places[0], places[0] + len(places)))
    return slice(places[0], places[-1] + 1) if together else places


def _steps(points: dict[int, int]) -> tuple[int, int, NDArray[Any] | None]:
    """Points as one step (threshold, worth) where they are that, else as a lookup over all codes."""
    ordered = [points[code] for code in sorted(points)]
    first = next((n for n, worth in enumerate(ordered) if worth), len(ordered))
    worth = ordered[-1]
    if set(ordered[:first]) <= {0} and set(ordered[first:]) == {worth}:
        return sorted(points)[first], worth, None
    # Counted from the end, the last place is that of `MISSING`.
    lookup = np.zeros(max(points) + 2, np.min_scalar_type(max(ordered)))
    for code, value in points.items():
        lookup[code] = value
    return 0, 0, lookup


class _FormulaScale:
    """An exact integer combination of the components' numerators."""

    def __init__(self, table: FormulaTable, scales: dict[str, _ItemScale]) -> None:
        self.table, self._scales = table, scales

    @cached_property
    def _parts(self) -> list[tuple[str, NDArray[Any]]]:
        parts = [
            (part.scale.id, part.arrays.numerator[self._scales[part.scale.id].order] * coefficient)
            for part, coefficient in zip(self.table.components, self.table.coefficients, strict=True)
        ]
        most = abs(self.table.constant) + sum(int(np.abs(products).max()) for _, products in parts)
        # Floats hold these whole numbers, and are divided without being made floats first.
        return [(id, products.astype(np.float64)) for id, products in parts] if most < 2**53 else parts

    def fill(
        self,
        indices: dict[str, NDArray[np.intp]],
        columns: dict[str, ScaleColumns],
        out: ScaleColumns,
        start: int,
        stop: int,
    ) -> None:
        rows = slice(start, stop)
        (first, products), *others = self._parts
        total = np.take(products, indices[first], mode="wrap")
        total += self.table.constant
        for id, products in others:
            total += np.take(products, indices[id], mode="wrap")
        _write(out, rows, total, self.table.denominator, _absent(columns, out, self.table, rows))


def _absent(
    columns: dict[str, ScaleColumns], out: ScaleColumns, table: FormulaTable | UtilityTable, rows: slice
) -> NDArray[np.bool_]:
    """Say of rows how many items of the components were answered; where one of these has no value."""
    first, *others = (columns[part.scale.id] for part in table.components)
    answered, reasons = out.answered[rows], first.absent[rows].copy()
    answered[:] = first.answered[rows]
    for part in others:
        answered += part.answered[rows]
        reasons &= part.absent[rows]  # -1, all bits set, stays only where it is in all
    absent: NDArray[np.bool_] = reasons >= 0
    return absent


def _write(out: ScaleColumns, rows: slice, top: NDArray[Any], bottom: int, absent: NDArray[np.bool_]) -> None:
    """Values made of other scales' values, absent where one of these is."""
    assert out.value is not None
    np.divide(top, bottom, out=out.value[rows])
    withhold(out.value[rows], absent)
    np.multiply(absent.view(np.int8), np.int8(ABSENT_CODES.index(COMPONENT) + 1), out=out.absent[rows])
    out.absent[rows] -= np.int8(1)
    if out.numerator is not None:
        out.numerator[rows] = np.where(absent, 0, top)


class _UtilityScale:
    """A product of the components' factors in floats; what lies near a rounding edge is worked out exactly."""

    def __init__(self, table: UtilityTable, scales: dict[str, _ItemScale]) -> None:
        self.table, self._scales = table, scales

    @cached_property
    def _factors(self) -> list[NDArray[np.float64]]:
        by_cell = []
        for position, part in enumerate(self.table.components):
            factors = np.ones(len(part.arrays.value))
            for answered, tally, cell in part:
                exact = cell.exact if isinstance(cell, Score) else None
                if exact is not None:
                    factors[answered * part.width + tally] = float(self.table.factor(position, exact))
            by_cell.append(factors[self._scales[part.scale.id].order])
        return by_cell

    def fill(
        self,
        indices: dict[str, NDArray[np.intp]],
        columns: dict[str, ScaleColumns],
        out: ScaleColumns,
        start: int,
        stop: int,
    ) -> None:
        rows = slice(start, stop)
        first, *others = (
            (factors, indices[part.scale.id])
            for part, factors in zip(self.table.components, self._factors, strict=True)
        )
        scaled = np.take(*first, mode="wrap")
        for factors, index in others:
            scaled *= np.take(factors, index, mode="wrap")
        constant, slope = map(float, self.table.line)
        scaled *= slope
        scaled += constant
        absent = _absent(columns, out, self.table, rows)
        # Floats decide where rounding does not: else the row is worked out in fractions, halves away from 0.
        top = np.rint(scaled)
        scaled -= top
        near = np.abs(scaled, out=scaled) > 0.5 - _NEAR
        for row in np.flatnonzero(near & ~absent):
            top[row] = self.table.numerator(self._exact(indices, int(row)))
        _write(out, rows, top, self.table.denominator, absent)

    def _exact(self, indices: dict[str, NDArray[np.intp]], row: int) -> Iterator[Fraction]:
        for position, part in enumerate(self.table.components):
            index = self._scales[part.scale.id].order[indices[part.scale.id][row]]
            answered, tally = divmod(int(index), part.width)
            cell = part.cells[answered][tally]
            assert isinstance(cell, Score)
            assert cell.exact is not None
            yield self.table.factor(position, cell.exact)


def _fill_flag(flag: Flag, codes: Codes, place: int, out: I8) -> None:
    answers = codes[place]
    np.multiply((answers < flag.raised_from).view(np.int8), np.int8(_CLEAR), out=out)
    (unanswered,) = np.nonzero(answers == MISSING)
    if unanswered.size:
        started = codes[:, unanswered].max(axis=0) != MISSING
        out[unanswered] = np.where(started, _UNANSWERED, _BLANK)
