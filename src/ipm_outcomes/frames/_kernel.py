"""Counting and gathering: the only vectorized scoring there is.

Items come as int8 codes (`MISSING` where there is no answer), one row of the array per item; int16 where an item has
more answers than int8 holds. Without the sign, ``code + 1`` turns a missing answer into 0 and leaves every other one
above 0, so one sum and one comparison give tally and count.
Values, bands and reasons are then gathered from the flat cells of the very tables that score single responses.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from fractions import Fraction
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ipm_outcomes.definition import Flag, Instrument, Scale
from ipm_outcomes.frames._quotients import Quotients
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

MISSING = -1
WRONG, CODE, WORD = -2, -3, -4
"""A cell that is no answer; a number and a word that are none, but are likely to mean that there is no answer."""
MOST_NARROW = 100
"""The highest code that is held in eight bits."""
_NEAR = 1e-6
"""So near to a half, in units of the last decimal, floats do not decide how a value is rounded."""
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


class Kernel:
    """Scores codes of one instrument under one missing rule."""

    def __init__(
        self, instrument: Instrument, missing: str | None = None, scales: Collection[str] | None = None
    ) -> None:
        self.instrument = instrument
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
        self._rooms: dict[str, NDArray[Any]] = {}
        self._flags = [(flag, place[flag.item]) for flag in instrument.flags]

    def columns(self, rows: int, exact: bool = False) -> dict[str, ScaleColumns]:
        """Empty columns for so many rows; ``exact`` adds the integers behind the values."""
        return empty_columns(self.tables, rows, exact)

    def flag_columns(self, rows: int) -> dict[str, I8]:
        """Empty columns of flag states (codes into `FLAG_STATES`)."""
        return {flag.id: np.empty(rows, np.int8) for flag in self.instrument.flags}

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
        raised = self._room("raised", plain.dtype, plain.shape)
        np.add(plain, plain.dtype.type(1), out=raised)
        counts: U8 | None = None
        if not raised.min(initial=1):
            counts = self._room("counts", np.uint8, plain.shape)
            np.not_equal(raised, 0, out=counts.view(bool))
        indices: dict[str, NDArray[np.intp]] = {}
        for id, scale in self._scales.items():
            # What no other scale rests on can give its room to the next one.
            index = self._room(id if id in self._components else "index", np.intp, codes.shape[1:])
            scale.fill(codes, raised, counts, index, columns[id], start, stop)
            indices[id] = index
        for id, formula in self._formulas.items():
            formula.fill(indices, columns, columns[id], start, stop)
        for id, utility in self._utilities.items():
            utility.fill(indices, columns, columns[id], start, stop)
        self._quotients.fill(codes, columns, start, stop)
        for flag, place in self._flags:
            _fill_flag(flag, codes, place, flags[flag.id][start:stop])

    def _room(self, name: str, dtype: Any, shape: tuple[int, ...]) -> NDArray[Any]:
        """An array for what is counted, the same one for each stretch: to get memory costs more than to fill it."""
        held = self._rooms.get(name)
        if held is None or held.shape[-1] < shape[-1]:
            held = self._rooms[name] = np.empty(shape, dtype)
        return held[..., : shape[-1]]

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
        together = places == list(range(places[0], places[0] + len(places)))
        self._rows = slice(places[0], places[-1] + 1) if together else places
        self._steps = [_steps(points) for points in table.points]
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
                # Every index is a cell of the table; "clip" only spares NumPy a second look at that.
                np.take(source, index, out=column[start:stop], mode="clip")
        absent = out.absent[start:stop]
        if counts is None:
            absent.fill(-1)
        else:
            np.take(cells.absent, index, out=absent, mode="clip")
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
            tally = self._tally(codes, raised, small[0])
        if counts is None:
            answered.fill(n)
            narrow = np.add(tally, n * self._factor, dtype=small[1])
        else:
            np.add.reduce(counts[self._rows], axis=0, dtype=np.uint8, out=answered)
            narrow = np.multiply(answered, self._factor, dtype=small[1])
            np.add(narrow, tally, out=narrow)
        index: NDArray[Any] = narrow
        return index

    def _tally(self, codes: Codes, raised: NDArray[Any], dtype: Any) -> NDArray[Any]:
        tally = np.zeros(codes.shape[1], dtype)
        for place, (threshold, worth, lookup) in zip(self.places, self._steps, strict=True):
            if lookup is not None:
                tally += lookup[codes[place]]
            else:
                step = (raised[place] > threshold).view(np.uint8)
                tally += step if worth == 1 else step * dtype(worth)
        return tally


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
    def _parts(self) -> list[tuple[str, NDArray[np.int64]]]:
        return [
            (part.scale.id, part.arrays.numerator[self._scales[part.scale.id].order] * coefficient)
            for part, coefficient in zip(self.table.components, self.table.coefficients, strict=True)
        ]

    def fill(
        self,
        indices: dict[str, NDArray[np.intp]],
        columns: dict[str, ScaleColumns],
        out: ScaleColumns,
        start: int,
        stop: int,
    ) -> None:
        rows = stop - start
        total = np.full(rows, self.table.constant, np.int64)
        answered = np.zeros(rows, np.uint8)
        absent = np.zeros(rows, bool)
        for id, products in self._parts:
            total += np.take(products, indices[id], mode="clip")
            answered += columns[id].answered[start:stop]
            absent |= columns[id].absent[start:stop] >= 0
        _write(out, slice(start, stop), total, self.table.denominator, answered, absent)


def _write(
    out: ScaleColumns, rows: slice, top: NDArray[Any], bottom: int, answered: U8, absent: NDArray[np.bool_]
) -> None:
    """Values made of other scales' values, absent where one of these is."""
    assert out.value is not None
    np.divide(top, bottom, out=out.value[rows])
    out.value[rows][absent] = np.nan
    out.absent[rows] = np.where(absent, np.int8(ABSENT_CODES.index(COMPONENT)), np.int8(-1))
    out.answered[rows] = answered
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
        rows, utility = stop - start, self.table.utility
        product, answered, absent = np.ones(rows), np.zeros(rows, np.uint8), np.zeros(rows, bool)
        for part, factors in zip(self.table.components, self._factors, strict=True):
            id = part.scale.id
            product *= np.take(factors, indices[id], mode="clip")
            answered += columns[id].answered[start:stop]
            absent |= columns[id].absent[start:stop] >= 0
        whole = (product - 1) / float(utility.interaction)
        scaled = (1 - float(utility.rescale) * whole) * self.table.denominator
        top = np.where(scaled >= 0, np.floor(scaled + 0.5), np.ceil(scaled - 0.5))
        near = np.abs(np.abs(scaled - np.trunc(scaled)) - 0.5) < _NEAR
        for row in np.flatnonzero(near & ~absent):
            top[row] = self.table.numerator(self._exact(indices, int(row)))
        _write(out, slice(start, stop), top, self.table.denominator, answered, absent)

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
