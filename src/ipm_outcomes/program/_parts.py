"""Tables in parts: what is known of each part adds up to what is known of the whole, and so do the counts.

Each part holds whole patients. It is first asked what its columns hold, as far as their types leave that open, so that
the same indicators are counted in every part; then it is counted.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import reduce
from typing import Any, TypeVar

import numpy as np

from ipm_outcomes.errors import FrameError, IpmOutcomesError
from ipm_outcomes.frames._frame import of_narwhals
from ipm_outcomes.frames._spark_kind import is_spark
from ipm_outcomes.program._columns import KEYS, NOT_RECORDED
from ipm_outcomes.program._counting import count_all
from ipm_outcomes.program._counts import Counts
from ipm_outcomes.program._described import Described, without_group
from ipm_outcomes.program._reading import Group, Source
from ipm_outcomes.program._result import result_table
from ipm_outcomes.program._rules import Place, merged, rules
from ipm_outcomes.program._sources import (
    applies,
    groups_of,
    may_read,
    refuse_name_of_total,
    refuse_repeated_patients,
    refuse_repeats,
    settled_for,
    sorted_groups,
)
from ipm_outcomes.program.indicators import Indicator

T = TypeVar("T")
Question = tuple[str, str]
"""A column, and the kind of value that it is to be read as."""


@dataclass(frozen=True)
class Wishes:
    """What is to be counted, and how it is to be shown."""

    indicators: Sequence[Indicator]
    asked: bool
    by: Sequence[str]
    level: float
    totals: bool

    def chosen(self, tables: Mapping[str, Described]) -> list[Indicator]:
        """The indicators that can be counted from these tables."""
        return [
            indicator
            for given in self.indicators
            if applies(indicator := settled_for(given, tables, self.asked), tables, self.by, self.asked)
        ]


class Whole(Described):
    """A table of which the rows are in parts."""

    def __init__(
        self, name: str, given: Any, schema: Mapping[str, Any], kinds: Mapping[str, set[str]]
    ) -> None:
        self.name, self.given, self.schema = name, given, dict(schema)
        self.kinds = kinds  # by column: what it holds in the parts
        self.open: set[Question] = set()
        self.answers: dict[Question, bool] = {}

    def fits(self, column: str, wanted: str) -> bool:
        """The answer of the types, else that of the rows; until they were asked, yes."""
        if wanted == "any" or self.kinds[column] <= {wanted, "nothing"}:
            return True
        if (column, wanted) not in self.answers:
            self.open.add((column, wanted))
        return self.answers.get((column, wanted), True)

    def asked_by(self, source: Source) -> dict[Question, bool]:
        """The answers of the rows of one part to what is open."""
        source.expect(column for column, _ in self.open)
        return {question: source.fits(*question) for question in sorted(self.open)}

    def answered(self, answers: Iterable[Mapping[Question, bool]]) -> None:
        """Take the answers of all parts."""
        for each in answers:
            for question, answer in each.items():
                self.answers[question] = answer and self.answers.get(question, True)
        self.open.clear()


@dataclass
class Counted:
    """What the rows of some parts say."""

    counts: dict[str, Counts] = field(default_factory=dict)
    groups: dict[str, set[Group]] = field(default_factory=dict)  # by table
    rules: dict[Place, str] = field(default_factory=dict)

    def __add__(self, other: Counted) -> Counted:
        return Counted(
            _added(self.counts, other.counts, Counts.__add__),
            _added(self.groups, other.groups, set[Group].union),
            merged(self.rules, other.rules),
        )

    @classmethod
    def of(cls, source: Source, chosen: Sequence[Indicator], by: Sequence[str], main: bool) -> Counted:
        """What the rows of one table say; the main one has the rules, and no row twice."""
        mine = [indicator for indicator in chosen if indicator.uses == source.name]
        if main:
            refuse_repeats(source)
        if mine and source.name == "opioids":
            refuse_repeated_patients(source, by)
        tables = {source.name: source}
        return cls(
            count_all(mine, tables, by),
            {source.name: set(groups_of(tables, by, {indicator.uses for indicator in mine}))},
            rules(source) if main else {},
        )

    def result(self, main: Described, chosen: Sequence[Indicator], wishes: Wishes) -> Any:
        """The table of indicators, in the kind of the main table."""
        by, totals = wishes.by, wishes.totals
        for table, some in self.groups.items():
            for name, values in zip(by, zip(*some, strict=True), strict=False):
                if NOT_RECORDED in values and not all(isinstance(value, str) for value in values):
                    raise without_group(name, table)
        groups = sorted_groups(set[Group]().union(*self.groups.values()))
        if totals:
            refuse_name_of_total(groups)
        rows = [
            self.counts[indicator.id].rows(indicator, groups, by, wishes.asked, totals and bool(by))
            for indicator in chosen
            if indicator.id in self.counts
        ]
        return result_table(main, rows, by, wishes.level, totals, rules=self.rules)


def _added(
    mine: Mapping[Any, Any], theirs: Mapping[Any, Any], add: Callable[[Any, Any], Any]
) -> dict[Any, Any]:
    return {**mine, **{key: add(mine[key], of) if key in mine else of for key, of in theirs.items()}}


class Parts(Whole):
    """A list of frames of one kind, worked on one after the other."""

    def __init__(self, name: str, frames: Sequence[Any], by: Sequence[str]) -> None:
        if not frames:
            raise FrameError(f"{name}: an empty list; give a data frame, or at least one part")
        if any(is_spark(frame) for frame in frames):
            raise FrameError(
                f"{name}: Spark DataFrames are given as one, not in a list; put them together by unionByName"
            )
        self.name, self.frames = name, frames
        parts = list(
            self._of_each(lambda part: (part.schema, {name: part.kind_of(name) for name in part.schema}))
        )
        for place, (schema, _) in enumerate(parts):
            self._refuse_columns(name, place, schema, parts[0][0])
        kinds = {column: {own[column] for _, own in parts} for column in parts[0][0]}
        groups = [column for column in by if not kinds.get(column, set()) <= {"word", "nothing"}]
        # These come back in their type: the result is made like the first part in which all of them have one.
        typed = [all(own[column] != "nothing" for column in groups) for _, own in parts]
        main = typed.index(True) if True in typed else 0
        schema = parts[main][0]
        for place, (types, own) in enumerate(parts):
            for column in groups:
                if own[column] != "nothing" and types[column] != schema[column]:
                    raise FrameError(
                        f"{name}[{place}]: the grouping column {column!r} is {types[column]}, and {schema[column]} in "
                        f"{name}[{main}]; give all parts one type"
                    )
        super().__init__(name, frames[main], schema, kinds)
        self.wrong: dict[str, str] = {}

    def _of_each(self, work: Callable[[Source], T]) -> Iterator[T]:
        for place, frame in enumerate(self.frames):
            with _in_part(self.name, place):
                if (kind := _kind(frame)) != (first := _kind(self.frames[0])):
                    raise FrameError(f"a {kind}, and {self.name}[0] is a {first}; give all parts in one kind")
                result = work(Source(self.name, frame))
            yield result

    @staticmethod
    def _refuse_columns(name: str, place: int, own: Mapping[str, Any], first: Mapping[str, Any]) -> None:
        """Refuse parts of which one has a column that the other has not."""
        for some, others, less, more in ((own, first, place, 0), (first, own, 0, place)):
            if absent := [column for column in others if column not in some]:
                raise FrameError(
                    f"{name}[{less}]: the part has no column {absent[0]!r}, which {name}[{more}] has; give all parts "
                    "the same columns"
                )

    def type_of(self, column: str) -> str:
        return self.wrong.get(column, super().type_of(column))

    def look(self) -> None:
        """Ask the rows what is open."""
        answers = []
        for place, (each, types) in enumerate(self._of_each(lambda part: (self.asked_by(part), part.schema))):
            answers.append(each)
            for (column, _), fits in each.items():
                if not fits:
                    self.wrong.setdefault(column, f"{types[column]} (in {self.name}[{place}])")
        self.answered(answers)

    def counted(self, chosen: Sequence[Indicator], by: Sequence[str], main: bool) -> Counted:
        """What the rows of all parts say."""
        mine = [indicator for indicator in chosen if indicator.uses == self.name]
        whole = self.name in ("changes", "opioids") or any(
            indicator.scales or indicator.once for indicator in mine
        )
        seen = Seen()

        def count(part: Source) -> Counted:
            part.expect(may_read(mine, part, by), [*by, *KEYS])
            if whole:
                seen.refuse_again(part)
            return Counted.of(part, chosen, by, main)

        return reduce(operator.add, self._of_each(count))


class Seen:
    """Some patients of the parts so far: those of the first rows of each.

    Where many patients have rows in several parts, some of these are among them. One alone may escape.
    """

    ROWS = 100

    def __init__(self) -> None:
        self.patients: set[Any] = set()

    def refuse_again(self, part: Source) -> None:
        """Refuse a part with a patient who was seen before, and note some of its own."""
        if "patient_id" not in part.schema:
            return
        codes, ids = part.values("patient_id")
        seen = [code for code, id in enumerate(ids, 1) if id in self.patients]
        if again := len(np.unique(codes.of[np.isin(codes.of, seen)])):
            raise FrameError(
                f"{again} of {len(self.patients)} patients that earlier parts begin with have rows here as well; each "
                "part must hold whole patients: divide the rows by patient"
            )
        self.patients |= {ids[code - 1] for code in codes.of[: self.ROWS].tolist() if code}


def _kind(frame: Any) -> str:
    """The library and the class of a frame."""
    of = type(frame.to_native() if of_narwhals(frame) else frame)
    return f"{of.__module__.split('.')[0].lstrip('_')} {of.__name__}"


@contextmanager
def _in_part(name: str, place: int) -> Iterator[None]:
    """Errors say in which part."""
    try:
        yield
    except IpmOutcomesError as error:
        first, *others = error.args or ("",)
        error.args = (f"{name}[{place}]: {str(first).removeprefix(f'{name}: ')}", *others)
        raise


def chosen_for(wishes: Wishes, tables: Mapping[str, Described]) -> list[Indicator]:
    """The indicators that can be counted; where types leave it open, the rows are asked."""
    while True:
        chosen = wishes.chosen(tables)
        opened = [table for table in tables.values() if isinstance(table, Parts) and table.open]
        if not opened:
            return chosen
        for table in opened:
            table.look()
