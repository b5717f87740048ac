"""Counting: each column is read once, and each row put into one cell and one state; what counts is decided by state."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ipm_outcomes.errors import FrameError
from ipm_outcomes.frames._library import Bools, Floats, Ints
from ipm_outcomes.program._codes import Codes, blocks, crossed, looked_up, small
from ipm_outcomes.program._columns import KEYS
from ipm_outcomes.program._counts import Counts, Key, Place, Places
from ipm_outcomes.program._figure_rows import FigureRows
from ipm_outcomes.program._figures import Figure, figures, tested
from ipm_outcomes.program._reading import Source
from ipm_outcomes.program._requirements import row_exclusions
from ipm_outcomes.program._rows import Rows, SideBySide, unit_keys
from ipm_outcomes.program._sources import groups_of, refuse_name_of_total
from ipm_outcomes.program.indicators import Indicator
from ipm_outcomes.stats._sums import sums_by

_DENSE = 1 << 22
"""Entries of a table of cells and states at a time."""


def count_all(
    chosen: Sequence[Indicator], sources: Mapping[str, Source], by: Sequence[str]
) -> dict[str, Counts]:
    """Count indicators; those that share their rows are counted together."""
    batches: dict[Any, list[Indicator]] = {}
    for indicator in chosen:
        keys = tuple(key for key in KEYS if key in indicator.each)
        shared: Any = None
        if indicator.scales:
            parts = (*indicator.requires, *row_exclusions(indicator))
            shared = (tuple(sorted(indicator.scales.items())), repr(parts))
        elif indicator.once:  # rows of a patient are told apart by nothing but what the indicator reads
            shared = indicator.id
        elif indicator.window is not None:
            shared = (indicator.window, indicator.of)
        batches.setdefault((indicator.uses, keys, shared), []).append(indicator)
    counts: dict[str, Counts] = {}
    for (uses, keys, _), batch in batches.items():
        counts |= _Batch(batch, sources[uses], by, keys).counts()
    return counts


def rows_of(
    kind: str, table: Any, chosen: Sequence[Indicator], by: Sequence[str], totals: bool
) -> tuple[Source, list[FigureRows]]:
    """Count indicators from one table of patients: the table as a source, and the rows of the result."""
    source = Source(kind, table)
    counted = count_all(chosen, {kind: source}, by)
    groups = groups_of({kind: source}, by, {kind})
    if totals:
        refuse_name_of_total(groups)
    totals = totals and bool(by)
    return source, [counted[indicator.id].rows(indicator, groups, by, True, totals) for indicator in chosen]


class _Batch:
    """Indicators that are counted from the same rows, in the same cells."""

    def __init__(
        self, batch: Sequence[Indicator], source: Source, by: Sequence[str], keys: tuple[str, ...]
    ) -> None:
        self._indicators, self._source, self._keys = batch, source, keys
        self._last: tuple[tuple[bytes, bytes], Ints, Codes] | None = None
        """Rows and cells of the last indicator: the next one may count the same rows."""
        names = list(dict.fromkeys([*by, *keys]))
        first = batch[0]
        self._table = (
            SideBySide(source, names, by, batch)
            if first.scales
            else Rows(source, names, batch, _rows_in_window(first, source))
        )
        self._marked = {
            indicator.id: indicator.evidence_from in source.schema and not first.scales for indicator in batch
        }
        self._states = self._table.states(
            atom for indicator in batch for atom in tested(indicator, self._marked[indicator.id])
        )
        self._chosen = self._once(names) if first.once else None
        self._codes = self._states.codes.take(self._chosen)
        self._cells = self._table.cells.take(self._chosen)
        of_by, of_keys = ([names.index(name) for name in some] for some in (by, keys))
        self._places: list[Place] = [
            (tuple([label[n] for n in of_by]), tuple([label[n] for n in of_keys]))
            for label in self._table.labels
        ]
        each_of: dict[Key, int] = {}
        self._each_of = np.array(
            [each_of.setdefault(each, len(each_of)) for _, each in self._places], np.int64
        )
        self._each = list(each_of)

    def counts(self) -> dict[str, Counts]:
        """The counts of every indicator."""
        columns: list[Bools] = [np.ones(self._codes.size, bool)]
        plans: list[tuple[Indicator, dict[Figure, int], Bools]] = []
        for indicator in self._indicators:
            states = figures(indicator, self._states, self._marked[indicator.id])
            plans.append(
                (indicator, {name: len(columns) + n for n, name in enumerate(states)}, states["denominator"])
            )
            columns += states.values()
        folded, flags = _folded(self._codes, np.array(columns).T)
        table = _by_cell(*crossed(self._cells, folded), self._cells.size, flags.astype(float))
        counts = {}
        alike: dict[bytes, Places] = {}  # indicators for the same cells share their places
        for indicator, plan, counted in plans:
            kept = np.flatnonzero(self._reported(indicator) & (table[:, 0] > 0))
            if (cells := kept.tobytes()) not in alike:
                alike[cells] = Places(
                    zip([self._places[cell] for cell in kept.tolist()], range(len(kept)), strict=True)
                )
            own = Counts(self._keys, alike[cells])
            own.numbers = {name: table[kept, column] for name, column in plan.items()}
            if indicator.kind in _OF_VALUES:
                _OF_VALUES[indicator.kind](self, indicator, own, counted, kept)
            counts[indicator.id] = own
        return counts

    def _reported(self, indicator: Indicator) -> Bools:
        """The cells of the scales and targets that an indicator is for."""
        picks = indicator.window is not None and indicator.window.pick is not None
        reported = np.ones(len(self._each), bool)
        for place, each in enumerate(self._each):
            named = dict(zip(self._keys, each, strict=True))
            scale = f"{named.get('instrument')}.{named.get('scale')}"
            reported[place] = (
                (not indicator.of or scale in indicator.of)
                and scale not in indicator.not_of
                and (not indicator.targets or picks or named.get("target") in indicator.targets)
            )
        return reported[self._each_of]

    def _once(self, by: Sequence[str]) -> Ints:
        """One row of each patient, episode and scale: what counts for more, then the higher value.

        States are compared by what they count for and not by their codes, in which the order of the rows shows.
        """
        indicator, source, table = self._indicators[0], self._source, self._table
        flags = figures(indicator, self._states, self._marked[indicator.id])
        codes, _ = _folded(self._states.codes, np.array(list(flags.values())).T)
        ids = [name for name in ("patient_id", "episode") if name in source.schema]
        key = unit_keys(source, ids, [key for key in KEYS if key in indicator.each], by, None)
        order: Ints | None = None
        if indicator.kind == "distribution":
            words, labels = table.words(str(indicator.value))
            ranks = np.array([-1, *np.argsort(np.argsort(np.array(labels, str)))])
            order = np.argsort(ranks[words.of], kind="stable")
        elif indicator.value is not None:
            values = [table.numbers(name) for name in (indicator.over, indicator.value) if name is not None]
            order = np.lexsort(values)
        row_of: NDArray[Any] = np.full(key.size, -1, np.min_scalar_type(-max(len(key.of), 1)))
        for state in range(codes.size):
            for block in blocks(len(key.of)):
                if order is None:
                    rows = np.flatnonzero(codes.of[block] == state) + block.start
                else:
                    rows = order[block][codes.of[order[block]] == state]
                row_of[key.of[rows]] = rows
        return row_of[row_of >= 0].astype(np.int64)

    # ---- of values -----------------------------------------------------------------------------------

    def _rows_of(self, counted: Bools, kept: Ints) -> tuple[Ints, Codes]:
        """The rows that count, and their cells by place among those that are reported."""
        key = (counted.tobytes(), kept.tobytes())
        if self._last is None or self._last[0] != key:
            rows = looked_up(counted, self._codes.of)
            cells = self._cells
            if len(kept) < cells.size:
                place = np.full(cells.size, -1, np.min_scalar_type(-1 - len(kept)))
                place[kept] = np.arange(len(kept))
                cells = Codes(looked_up(place, cells.of), len(kept))
                rows &= cells.of >= 0
            own = np.flatnonzero(rows)
            self._last = key, own if self._chosen is None else self._chosen[own], cells.take(own)
        return self._last[1:]

    def _mean(self, indicator: Indicator, own: Counts, counted: Bools, kept: Ints) -> None:
        rows, cells = self._rows_of(counted, kept)
        sums = sums_by(self._table.numbers(str(indicator.value))[rows], cells.of, cells.size)
        own.sums = {"total": _objects(sums.totals), "squares": _objects(sums.squares)}
        own.denominator = sums.denominator

    def _distribution(self, indicator: Indicator, own: Counts, counted: Bools, kept: Ints) -> None:
        rows, cells = self._rows_of(counted, kept)
        words, labels = self._table.words(str(indicator.value))
        places, codes, numbers = crossed(cells, words.take(rows))
        for code, label in enumerate(labels, 1):
            mine = codes == code
            if mine.any():
                own.bands[label] = np.zeros(len(kept), np.int64)
                own.bands[label][places[mine]] = numbers[mine]

    def _ratings(self, indicator: Indicator, own: Counts, counted: Bools, kept: Ints) -> None:
        """Refuse values that are no ratings."""
        rows, _ = self._rows_of(counted, kept)
        ratings = self._table.numbers(str(indicator.value))[rows]
        if indicator.ratings is not None:
            lowest, highest = indicator.ratings.detractors[0], indicator.ratings.promoters[1]
            wrong = np.count_nonzero((ratings < lowest) | (ratings > highest) | (np.rint(ratings) != ratings))
            if wrong:
                raise FrameError(
                    f"indicator {indicator.id!r}: {wrong} values in the column {indicator.value!r} are no ratings "
                    f"{lowest} to {highest}"
                )

    def _ratio(self, indicator: Indicator, own: Counts, counted: Bools, kept: Ints) -> None:
        rows, cells = self._rows_of(counted, kept)
        above, below = (self._table.numbers(str(name))[rows] for name in (indicator.value, indicator.over))
        own.denominator, own.sums = _ratio_sums(above, below, cells)


_OF_VALUES: dict[str, Callable[[_Batch, Indicator, Counts, Bools, Ints], None]] = {
    "mean": _Batch._mean,
    "distribution": _Batch._distribution,
    "nps": _Batch._ratings,
    "ratio": _Batch._ratio,
}


def _objects(values: Sequence[int]) -> NDArray[np.object_]:
    """Whole numbers of any size as an array."""
    array = np.empty(len(values), object)
    array[:] = values
    return array


def _folded(codes: Codes, flags: Bools) -> tuple[Codes, Bools]:
    """States as one where they count for the same figures."""
    packed = np.ascontiguousarray(np.packbits(flags, axis=1))
    _, first, place = np.unique(packed.view(f"V{packed.shape[1]}"), return_index=True, return_inverse=True)
    table = small(place.reshape(-1), len(first))
    return Codes(looked_up(table.of, codes.of), table.size), flags[first]


def _by_cell(cells: Ints, states: Ints, rows: Ints, size: int, flags: Floats) -> Ints:
    """By cell and figure the rows in a state that counts for the figure."""
    counts = np.zeros((size, flags.shape[1]), np.int64)
    step = max(1, _DENSE // max(len(flags), 1))
    for start in range(0, size, step):
        own = slice(*np.searchsorted(cells, (start, start + step)))
        table = np.zeros((min(step, size - start), len(flags)))
        table[cells[own] - start, states[own]] = rows[own]
        counts[start : start + step] = table @ flags  # whole numbers below 2**53
    return counts


def _rows_in_window(indicator: Indicator, source: Source) -> Ints | None:
    """The rows for which a window is asked, where it is that of some scales; None: all."""
    if indicator.window is None or not indicator.of:
        return None
    codes, scales = source.groups(("instrument", "scale"))
    wanted = np.array([".".join(map(str, scale)) in indicator.of for scale in scales], bool)
    return np.flatnonzero(looked_up(wanted, codes.of))


def _ratio_sums(above: Floats, below: Floats, cells: Codes) -> tuple[int, dict[str, NDArray[np.object_]]]:
    """Sums of two columns and of their products by cell, exactly: over a denominator, products over its square."""
    (tops, top), (bottoms, bottom) = (np.unique(values, return_inverse=True) for values in (above, below))
    ratios = [[value.as_integer_ratio() for value in values.tolist()] for values in (tops, bottoms)]
    common = max((over for values in ratios for _, over in values), default=1)
    a, p = ([number * (common // over) for number, over in values] for values in ratios)
    sums = {name: _objects([0] * cells.size) for name in ("a", "p", "aa", "ap", "pp")}
    pairs = Codes(top * max(len(p), 1) + bottom, max(len(a) * len(p), 1))
    for cell, pair, rows in zip(*(part.tolist() for part in crossed(cells, pairs)), strict=True):
        x, y = a[pair // len(p)], p[pair % len(p)]
        for name, value in zip(sums, (x, y, x * x, x * y, y * y), strict=True):
            sums[name][cell] += rows * value
    return common, sums
