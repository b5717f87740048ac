"""The tables that indicators are counted from, column by column as arrays."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np

from ipm_outcomes.errors import FrameError
from ipm_outcomes.frames._blank import COLUMN as BLANK
from ipm_outcomes.frames._frame import Frame
from ipm_outcomes.frames._library import Bools, Floats, Ints, plain_value
from ipm_outcomes.program._codes import Codes, identified, joint, key_of, looked_up, small
from ipm_outcomes.program._columns import NOT_RECORDED
from ipm_outcomes.program._day_numbers import Dates
from ipm_outcomes.program._described import Described, without_group

Group = tuple[Any, ...]
Values = tuple[Codes, list[Any]]
"""Codes from 1 on, 0 where there is no value, and what they stand for."""


class Source(Described):
    """One of the tables, of which each column that is needed is read once.

    Of a lazy frame or a relation, which is computed once, only the columns that are expected are.
    """

    def __init__(self, name: str, data: Any) -> None:
        import narwhals as nw

        self.name = name
        self.given = data
        self.empty: set[str] = set()
        """Columns without any value."""
        self._days: set[str] = set()  # dates that pandas held as objects
        self._expected: dict[str, None] | None = None
        self._finest: tuple[str, ...] = ()
        self._frame: Frame | None = None
        self._read: dict[tuple[Any, Any], Any] = {}
        lazy = type(data).__name__ in ("LazyFrame", "DuckDBPyRelation")
        if lazy and hasattr(data, "to_native"):
            data = self.given = data.to_native()
        if lazy:
            native = data
        else:
            frame = Frame(data)
            if doubled := [n for n in frame.names if frame.names.count(n) > 1]:
                raise FrameError(f"{name}: the column {doubled[0]!r} appears more than once; keep one")
            self.given = frame.given
            native, self.empty, self._days = frame.library.with_kinds(frame.native)
            self._frame = Frame(native)
        self.schema: dict[str, Any] = dict(nw.from_native(native).collect_schema())
        self.empty |= self._without_type()

    def _without_type(self) -> set[str]:
        """Columns of which a library cannot say the type, as they have no value (others hold UUIDs or periods)."""
        import narwhals as nw

        unknown = {name for name, dtype in self.schema.items() if dtype == nw.Unknown}
        if type(self.given).__name__ == "DuckDBPyRelation":
            types = zip(self.given.columns, self.given.types, strict=True)
            return unknown & {name for name, of in types if str(of) == '"NULL"'}
        if self._frame is not None:
            return {n for n in unknown if all(v is None for v in self._library.values(self._column(n)))}
        return unknown

    def expect(self, names: Iterable[str], groups: Sequence[str] = ()) -> None:
        """Name columns that may be read, before the first one is, and those that rows may be grouped by."""
        self._finest = (
            tuple(name for name in dict.fromkeys(groups) if self._kind(name) in ("word", "nothing"))
            or self._finest
        )
        self._expected = (self._expected or {}) | dict.fromkeys(n for n in names if n in self.schema)

    def _column(self, name: str) -> Any:
        if self._frame is not None and name not in self._frame.names:
            # Read anew as a whole: the rows may come in another order.
            self.expect([*self._frame.names, name])
            self._frame = None
            self._read.clear()
        return self._columns.column(name)

    @property
    def _columns(self) -> Frame:
        if self._frame is None:
            names = list(self.schema if self._expected is None else self._expected) or list(self.schema)[:1]
            if type(self.given).__name__ == "LazyFrame":
                self._frame = Frame(self.given.select(names))
            else:
                quoted = (name.replace('"', '""') for name in names)
                self._frame = Frame(self.given.project(", ".join(f'"{name}"' for name in quoted)))
        return self._frame

    def __len__(self) -> int:
        return len(self._columns) if (kept := self._kept()) is None else len(kept)

    def _kept(self) -> Ints | None:
        """The rows of tidy scores that hold an answer; None where all rows count."""
        if self.name != "scores" or BLANK not in self.schema or self.kind_of(BLANK) != "truth":
            return None
        rows: Ints = self._once(
            np.flatnonzero, BLANK, lambda name: np.flatnonzero(self._library.flags(self._column(name)) != 1)
        )
        return rows

    def _rows(self, cells: Any) -> Any:
        """The cells of the rows that count."""
        return cells if (kept := self._kept()) is None else cells[kept]

    @property
    def _library(self) -> Any:
        return self._columns.library

    def _kind(self, column: str) -> str | None:
        return self.kind_of(column) if column in self.schema else None

    def kind_of(self, column: str) -> str:
        """What a column holds: number, truth, word, date, nothing (no value at all) or other."""
        import narwhals as nw

        dtype = self.schema[column]
        if column in self.empty:
            return "nothing"
        if dtype.is_numeric():
            return "number"
        if dtype == nw.Boolean:
            return "truth"
        if dtype in (nw.String, nw.Categorical, nw.Enum):
            return "word"
        if dtype == nw.Date or dtype == nw.Datetime:
            return "date"
        return "other"

    def without_values(self, column: str) -> bool:
        """Whether no row has a value: a file leaves such a column in a type of its own choosing."""
        if self.kind_of(column) != "nothing" and not self.known(column).any():
            self.empty.add(column)
        return self.kind_of(column) == "nothing"

    def fits(self, column: str, wanted: str) -> bool:
        kind = self.kind_of(column)
        if wanted == "any" or kind in (wanted, "nothing") or self.without_values(column):
            return True
        if kind != "word" or wanted not in ("date", "truth"):
            return False
        words, labels = self.words(column)
        there = np.bincount(words.of, minlength=words.size)[1:].tolist()
        reads = _DATE.fullmatch if wanted == "date" else _TRUTHS.__contains__
        return all(reads(str(label)) for label, rows in zip(labels, there, strict=True) if rows)

    # ---- columns as arrays ---------------------------------------------------------------------------

    def _once(self, read: Any, column: Any, by: Callable[[Any], Any]) -> Any:
        if (read, column) not in self._read:
            made = by(column)  # which may read all columns anew
            self._read[read, column] = made
        return self._read[read, column]

    def numbers(self, column: str) -> Floats:
        """Numbers, NaN where there is none."""
        numbers: Floats = self._once(Source.numbers, column, self._numbers)
        return numbers

    def _numbers(self, column: str) -> Floats:
        if self.kind_of(column) == "nothing":
            return np.full(len(self), np.nan)
        self._column(column)
        numbers: Floats = self._rows(self._columns.numbers(column))
        return numbers

    def flags(self, column: str) -> Any:
        """Truth values as 1 and 0, -1 where there is none."""
        return self._once(Source.flags, column, self._flags)

    def _flags(self, column: str) -> Any:
        kind = self.kind_of(column)
        if kind == "nothing":
            return np.full(len(self), -1, np.int8)
        if kind == "word":
            words, labels = self.words(column)
            return looked_up(np.array([-1, *(_TRUTHS.get(t, -1) for t in labels)], np.int8), words.of)
        return self._rows(self._library.flags(self._column(column)))

    def words(self, column: str) -> Values:
        """Texts."""
        words: Values = self._once(Source.words, column, self._words)
        return words

    def _words(self, column: str) -> Values:
        if self.kind_of(column) == "nothing":
            return Codes(np.zeros(len(self), np.uint8), 1), []
        codes, labels = self._library.coded(self._column(column))
        return Codes(self._rows(codes), len(labels) + 1), list(map(str, labels))  # categories may be numbers

    def dates(self, column: str) -> Dates:
        """Dates, also of text that is year-month-day."""
        dates: Dates = self._once(Source.dates, column, self._dates)
        return dates

    def _dates(self, column: str) -> Dates:
        if self.kind_of(column) == "word":
            return Dates.of_texts(*self.words(column))
        if self.kind_of(column) == "nothing":
            return Dates.of_days(Codes(np.zeros(len(self), np.uint8), 1), np.zeros(1, np.int64))
        days = self._stamps(column)[0].astype("datetime64[D]")
        return Dates.of_days(*identified(days.astype(np.int64), np.isnat(days)))

    def _stamps(self, column: str) -> tuple[Any, Any]:
        """Dates or times on their own clock, and in UTC."""
        own, utc = self._library.stamps(self._column(column))
        return self._rows(own), self._rows(utc)

    def known(self, column: str) -> Bools:
        """Where there is a value."""
        known: Bools = self._once(Source.known, column, self._known)
        return known

    def _known(self, column: str) -> Bools:
        kind = self.kind_of(column)
        if kind == "number":
            numbers = self.numbers(column)
            return np.asarray(numbers == numbers)
        if kind == "truth":
            return np.asarray(self.flags(column) >= 0)
        if kind == "date":
            return np.asarray(~np.isnat(self._stamps(column)[0]))
        return np.asarray(self.values(column)[0].of > 0)

    def values(self, column: str) -> Values:
        """Values of any kind as Python objects."""
        values: Values = self._once(Source.values, column, self._values)
        return values

    def _values(self, column: str) -> Values:
        kind = self.kind_of(column)
        if kind in ("word", "nothing"):
            return self.words(column)
        if kind == "truth":
            return Codes((self.flags(column) + np.int8(1)).view(np.uint8), 3), [False, True]
        native = self._column(column)
        if kind == "number" and (whole := self._library.wholes(native)) is not None:
            codes, present = identified(*(self._rows(part) for part in whole))
            return codes, present[1:].tolist()
        if kind == "number" and self.schema[column].is_float():
            numbers = self.numbers(column)
            different, place = np.unique(numbers, return_inverse=True)  # NaN once, at the end
            known = different[different == different].tolist()
            return small(np.where(numbers == numbers, place + 1, 0), len(known) + 1), known
        cells = [plain_value(cell) for cell in self._library.values(native)]
        if column in self._days:
            cells = [None if cell is None else cell.date() for cell in cells]
        kept = self._kept()
        place_of: dict[Any, int] = {None: 0}
        places = [
            place_of.setdefault(cell, len(place_of))
            for cell in (cells if kept is None else (cells[row] for row in kept.tolist()))
        ]
        return small(np.array(places, np.int64), len(place_of)), list(place_of)[1:]

    def keys(self, ids: Sequence[str], others: Sequence[str], rows: Ints | None = None) -> Codes:
        """A code for what columns hold together, of which not all may appear: ids, and others of few values."""
        few: Codes = (
            self.groups(others)[0]
            if set(others) <= set(self._finest)
            else joint([self.values(name)[0] for name in others], len(self))[0]
        )
        columns = [*(self.values(name)[0] for name in ids), few]
        return key_of([codes.take(rows) for codes in columns], len(self) if rows is None else len(rows))

    # ---- groups --------------------------------------------------------------------------------------

    def groups(self, names: Sequence[str]) -> tuple[Codes, list[Group]]:
        """The group of each row by the values of some columns, and what the groups are called."""
        groups: tuple[Codes, list[Group]] = self._once(Source.groups, tuple(names), self._groups)
        return groups

    def _groups(self, names: Sequence[str]) -> tuple[Codes, list[Group]]:
        if tuple(names) != self._finest and set(names) < set(self._finest):
            finest, labels = self.groups(self._finest)
            positions = [self._finest.index(name) for name in names]
            place_of: dict[Group, int] = {}
            places = [
                place_of.setdefault(tuple([label[p] for p in positions]), len(place_of)) for label in labels
            ]
            table = small(np.array(places, np.int64), len(place_of))
            return Codes(looked_up(table.of, finest.of), table.size), list(place_of)
        columns = [self._once(Source._named, name, self._named) for name in names]
        codes, members = joint([codes for codes, _ in columns], len(self))
        parts = [
            [labels[place] for place in member.tolist()]
            for member, (_, labels) in zip(members, columns, strict=True)
        ]
        return codes, list(zip(*parts, strict=True)) if parts else [()] * codes.size

    def _named(self, column: str) -> Values:
        """The values of a column by code; a text column without a value makes a group of its own."""
        codes, labels = self.values(column)
        none = codes.of == 0
        if none.any():
            if self.kind_of(column) not in ("word", "nothing") and not self.without_values(column):
                raise without_group(column, self.name)
            if NOT_RECORDED in labels:
                codes = Codes(np.where(none, labels.index(NOT_RECORDED) + 1, codes.of), codes.size)
        return codes, [NOT_RECORDED, *labels]


_TRUTHS = {"true": 1, "True": 1, "TRUE": 1, "false": 0, "False": 0, "FALSE": 0}
_TIME = r"(?:[T ][0-9:.]+(?:Z|[+-][0-9:]+)?)?"
_DATE = re.compile(rf"[0-9]{{4}}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12][0-9]|3[01]){_TIME}")
