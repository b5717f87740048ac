"""What conditions are decided on: rows of a table, or rows of several scales of a patient side by side."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from functools import cached_property
from typing import Any

import numpy as np

from ipm_outcomes.errors import ParameterError
from ipm_outcomes.frames._library import Bools, Floats, Ints
from ipm_outcomes.program._codes import Codes, appearing, follows, key_of, looked_up, without_gaps
from ipm_outcomes.program._columns import FITS, WINDOW_OPEN
from ipm_outcomes.program._conditions import (
    Atom,
    Classes,
    Sides,
    States,
    Test,
    atoms,
    decided,
    of_flags,
    of_numbers,
    of_words,
)
from ipm_outcomes.program._reading import Group, Source
from ipm_outcomes.program._requirements import DAYS, row_exclusions
from ipm_outcomes.program._windows import fits_window, in_window
from ipm_outcomes.program.indicators import Condition, Exclusion, Indicator, Requirement

IS_TRUE: Test = ("is", True)


class Table(ABC):
    """Rows, each in a cell: the group and the scale, target and so on for which it is counted."""

    cells: Codes
    labels: list[Group]

    @abstractmethod
    def classes(self, column: str, kind: str, tests: Sequence[Test]) -> Classes:
        """The classes of a column, of a kind of values, that the tests tell apart."""

    @abstractmethod
    def numbers(self, column: str) -> Floats:
        """Numbers, NaN where there is none."""

    @abstractmethod
    def words(self, column: str) -> tuple[Codes, list[Any]]:
        """Texts as codes from 1 on, 0 where there is none, and what they stand for."""

    def states(self, tested: Iterable[Atom]) -> Decided:
        """What all these tests tell apart together."""
        return Decided(self, tested)


class Decided:
    """The states of the rows of a table, and which conditions they meet."""

    def __init__(self, table: Table, tested: Iterable[Atom]) -> None:
        self._kinds: dict[str, str] = {}
        """By column the kind in which it is read where a test only asks whether there is a value."""
        distinct = list(dict.fromkeys(tested))
        for atom in distinct:
            if atom.kind != "any" or atom.column not in self._kinds:
                self._kinds[atom.column] = atom.kind
        tests: dict[tuple[str, str], list[Test]] = {}
        for atom in distinct:
            tests.setdefault(self._key(atom), []).append(atom.test)
        columns = {key: table.classes(*key, tests_of) for key, tests_of in tests.items()}
        self._states = States(columns, len(table.cells.of))
        self.codes = self._states.codes

    def _key(self, atom: Atom) -> tuple[str, str]:
        return atom.column, self._kinds[atom.column] if atom.kind == "any" else atom.kind

    def _sides(self, atom: Atom) -> Sides:
        return self._states.sides(self._key(atom), atom.test)

    def true(self, condition: Condition | Atom | None) -> Bools:
        """In which states a condition is true; none is true in all."""
        return self._decided(condition)[0]

    def false(self, condition: Condition | Atom) -> Bools:
        """In which states a condition is false."""
        return self._decided(condition)[1]

    def _decided(self, condition: Condition | Atom | None) -> Sides:
        if condition is None:
            every = np.ones(self.codes.size, bool)
            return every, ~every
        return self._sides(condition) if isinstance(condition, Atom) else decided(condition, self._sides)


class Rows(Table):
    """Rows of a table, all or some."""

    def __init__(
        self, source: Source, names: Sequence[str], batch: Sequence[Indicator], rows: Ints | None = None
    ) -> None:
        self._source, self._batch, self._index = source, batch, rows
        codes, self.labels = source.groups(names)
        self.cells = codes.take(rows)

    def _of(self, values: Any) -> Any:
        return values if self._index is None else values[self._index]

    def numbers(self, column: str) -> Floats:
        numbers: Floats = self._of(self._source.numbers(column))
        return numbers

    def words(self, column: str) -> tuple[Codes, list[Any]]:
        words, labels = self._source.words(column)
        return words.take(self._index), labels

    @cached_property
    def still_open(self) -> Bools:
        """Whether the follow-up window still runs, as far as the table says it."""
        source = self._source
        if WINDOW_OPEN in source.schema:
            return np.asarray(self._of(source.flags(WINDOW_OPEN)) == 1)
        words, labels = source.words("reason")
        says = np.array([False, *(label == WINDOW_OPEN for label in labels)])
        return looked_up(says, self._of(words.of))

    def classes(self, column: str, kind: str, tests: Sequence[Test]) -> Classes:
        source, window = self._source, self._batch[0].window
        if column == WINDOW_OPEN and source.name == "changes":
            return of_flags(self.still_open.view(np.int8), tests)
        if column == "in_window" and window is not None:
            return of_flags(in_window(window, source, self._index).view(np.int8), tests)
        if column == FITS and window is not None:
            reads = any(name == WINDOW_OPEN for indicator in self._batch for name, _ in indicator.columns())
            fits = fits_window(window, source, self._index, self.still_open if reads else None)
            return of_flags(fits.view(np.int8), tests)
        if column in DAYS:
            last, first = (source.dates(name).numbers() for name in DAYS[column])
            return of_numbers(self._of(last - first), tests)
        if kind == "number":
            return of_numbers(self.numbers(column), tests)
        if kind == "truth":
            return of_flags(self._of(source.flags(column)), tests)
        if kind == "word":
            return of_words(*self.words(column), tests)
        return of_words(Codes(self._of(source.known(column)).view(np.uint8), 2), [None], tests)


class SideBySide(Table):
    """One row per patient, episode and target, with the values of several scales beside each other.

    What is excluded, or does not meet a requirement, by one of its rows is so as a whole.
    """

    def __init__(
        self, source: Source, names: Sequence[str], by: Sequence[str], batch: Sequence[Indicator]
    ) -> None:
        self._indicator = batch[0]
        codes, scales = source.groups(("instrument", "scale"))
        wanted = {tuple(name.split(".")): key for key, name in self._indicator.scales.items()}
        own = np.flatnonzero(looked_up(np.array([scale in wanted for scale in scales], bool), codes.of))
        self._source, self._rows = source, Rows(source, names, batch, own)
        key = unit_keys(source, ("patient_id", "episode"), ("target",), by, own)
        (self._unit, self._size), _ = appearing(key)
        cells = np.zeros(self._size, self._rows.cells.of.dtype)
        cells[self._unit] = self._rows.cells.of
        self.cells, self.labels = Codes(cells, self._rows.cells.size), self._rows.labels
        scale_of = codes.of[own]
        self._of_scale: dict[str, tuple[Ints, Ints]] = {
            wanted[scale]: (self._unit[here], own[here])
            for code, scale in enumerate(scales)
            if scale in wanted and len(here := np.flatnonzero(scale_of == code))
        }
        """By scale its units, each once as no row may come twice, and their rows."""

    def _side(self, column: str) -> tuple[Ints, Floats]:
        """The units that have a score of one side of a scale, and the scores."""
        key, side = column.rsplit("_", 1)
        none = np.zeros(0, np.int64)
        units, rows = self._of_scale.get(key, (none, none))
        return units, self._source.numbers(side)[rows]

    def words(self, column: str) -> tuple[Codes, list[Any]]:
        raise ParameterError(f"indicator {self._indicator.id!r}: a distribution is of one scale")

    def numbers(self, column: str) -> Floats:
        units, scores = self._side(column)
        numbers = np.full(self._size, np.nan)
        numbers[units] = scores
        return numbers

    def classes(self, column: str, kind: str, tests: Sequence[Test]) -> Classes:
        if column == WINDOW_OPEN:
            return of_flags(self._any(self._rows.still_open), tests)
        if column in self._of_rows:
            states = self._of_rows[column]
            if states.all() or not states.any():
                return of_flags(np.full(self._size, states.any(), np.int8), tests)
            return of_flags(self._any(looked_up(states, self._row_states.codes.of)), tests)
        units, scores = self._side(column)
        classes = of_numbers(scores, tests)
        codes = np.zeros(self._size, classes.codes.of.dtype)
        codes[units] = classes.codes.of
        return Classes(Codes(codes, classes.codes.size), classes.sides)

    @cached_property
    def _row_states(self) -> Decided:
        conditions = [part.when for part in row_exclusions(self._indicator)]
        conditions += [part.when for part in self._indicator.requires]
        return self._rows.states(atom for condition in conditions for atom in atoms(condition))

    @cached_property
    def _of_rows(self) -> dict[str, Bools]:
        """In which states of its rows something is excluded, or does not meet a requirement."""
        states, indicator = self._row_states, self._indicator
        return {
            **{of_rows(part).column: states.true(part.when) for part in row_exclusions(indicator)},
            **{of_rows(part).column: states.false(part.when) for part in indicator.requires},
        }

    def _any(self, rows: Bools) -> Any:
        """Which units have one of these rows."""
        flags = np.zeros(self._size, np.int8)
        flags[self._unit[rows]] = 1
        return flags


def of_rows(part: Exclusion | Requirement) -> Atom:
    """The test of several rows side by side whether one is excluded, or does not meet a requirement."""
    return Atom(f"{type(part).__name__} {part.id}", "truth", IS_TRUE)


def unit_keys(
    source: Source, ids: Sequence[str], others: Sequence[str], by: Sequence[str], rows: Ints | None
) -> Codes:
    """What columns name in a group, such as patients: a code for each, of which not all may appear."""
    group = source.groups(by)[0].take(rows)
    key = without_gaps(source.keys(ids, others, rows))
    if follows(group, key):
        return key
    return without_gaps(key_of([key, group], len(group.of)))  # who is in several groups counts in each
