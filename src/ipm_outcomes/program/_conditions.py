"""Conditions on columns of few classes: a missing value is neither true nor false.

All that the tests of a column can tell apart is a class of it, and what the columns tell together a state. Conditions
are decided for the states, which are few, and not for the rows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import reduce
from typing import Any, NamedTuple

import numpy as np

from ipm_outcomes.frames._library import Bools, Floats
from ipm_outcomes.program._codes import Codes, blocks, joint, looked_up, small
from ipm_outcomes.program.indicators import Condition

Test = tuple[str, Any]
"""Name and operand."""
Sides = tuple[Bools, Bools]
"""Where a condition is true, and where it is false; neither where it cannot be decided."""
KNOWN: Test = ("known", True)
_MOST_WORDS = 16
"""With more words than these a column is put into classes by what the tests tell apart."""


class Atom(NamedTuple):
    """One test of one column."""

    column: str
    kind: str
    """Of the value that the test needs; ``any`` where it only asks whether there is one."""
    test: Test


class Classes(NamedTuple):
    """The class of each row, and what each test says of each class."""

    codes: Codes
    sides: dict[Test, Sides]


def atoms(condition: Condition) -> Iterator[Atom]:
    """Every test in a condition."""
    if condition.column is not None:
        (name, kind), *_ = condition.columns()
        yield Atom(name, kind, condition.test)
    for part in (
        *(condition.all_ or ()),
        *(condition.any_ or ()),
        *([condition.not_] if condition.not_ else []),
    ):
        yield from atoms(part)


def decided(condition: Condition, sides_of: Callable[[Atom], Sides]) -> Sides:
    """Where a condition is true, and where it is false."""
    if condition.column is not None:
        return sides_of(next(atoms(condition)))
    if condition.not_ is not None:
        yes, no = decided(condition.not_, sides_of)
        return no, yes
    parts = [decided(part, sides_of) for part in (condition.all_ or condition.any_ or ())]
    yes_all, no_all = ([part[side] for part in parts] for side in (0, 1))
    if condition.all_:
        return reduce(np.logical_and, yes_all), reduce(np.logical_or, no_all)
    return reduce(np.logical_or, yes_all), reduce(np.logical_and, no_all)


def of_numbers(values: Floats, tests: Iterable[Test]) -> Classes:
    """Numbers by the intervals between the operands of the tests; class 0 is a missing one."""
    tests = dict.fromkeys(tests)
    cuts = set[tuple[float, bool]]()  # the number, and whether it lies below the cut itself
    for name, operand in tests:
        if name != "known":
            cuts |= {(float(operand), below) for below in _CUTS[name]}
    in_order = sorted(cuts)
    size = len(in_order) + 2
    codes = np.empty(len(values), np.min_scalar_type(size - 1))
    for block in blocks(len(values)):
        own, passes = values[block], codes[block]
        passes[:] = own == own
        for number, below in in_order:
            passes += own > number if below else own >= number
    passed = np.arange(size) - 1
    known = passed >= 0

    def beyond(number: Any, below: bool) -> Bools:
        return passed > in_order.index((float(number), below))

    sides: dict[Test, Sides] = {}
    for name, operand in tests:
        if name == "known":
            sides[name, operand] = _of_known(known, operand)
            continue
        if name in ("is", "is_not"):
            holds = beyond(operand, False) & ~beyond(operand, True)
        else:
            holds = beyond(operand, _CUTS[name][0])
        sides[name, operand] = _both(known, ~holds if name in ("is_not", "below", "at_most") else holds)
    return Classes(Codes(codes, size), sides)


_CUTS = {
    "below": (False,),
    "at_least": (False,),
    "above": (True,),
    "at_most": (True,),
    "is": (False, True),
    "is_not": (False, True),
}
"""Where a test divides the numbers: before its operand (False) or behind it."""


def of_flags(flags: Any, tests: Iterable[Test]) -> Classes:
    """Truth values (1, 0, -1 for a missing one)."""
    sides = {}
    for name, operand in tests:
        if name == "known":
            sides[name, operand] = _of_known(np.array([False, True, True]), operand)
        else:
            holds = np.array([False, False, True]) == (operand if name == "is" else not operand)
            sides[name, operand] = _both(np.array([False, True, True]), holds)
    return Classes(Codes((flags + np.int8(1)).view(np.uint8), 3), sides)


def of_words(words: Codes, labels: Sequence[Any], tests: Iterable[Test]) -> Classes:
    """Words by what the tests tell apart; code 0 is a missing one."""
    known = np.arange(words.size) > 0
    sides: dict[Test, Sides] = {}
    for name, operand in tests:
        if name == "known":
            sides[name, operand] = _of_known(known, operand)
        else:
            wanted = operand if name == "in" else (operand,)
            holds = np.array([False, *(label in wanted for label in labels)])
            sides[name, operand] = _both(known, ~holds if name == "is_not" else holds)
    if words.size <= _MOST_WORDS:
        return Classes(words, sides)
    told_apart = np.array([side for pair in sides.values() for side in pair])
    _, first, class_of = np.unique(told_apart, axis=1, return_index=True, return_inverse=True)
    kept = {test: (yes[first], no[first]) for test, (yes, no) in sides.items()}
    table = small(class_of.reshape(-1), len(first))
    return Classes(Codes(looked_up(table.of, words.of), table.size), kept)


def _both(known: Bools, holds: Bools) -> Sides:
    return known & holds, known & ~holds


def _of_known(known: Bools, wanted: bool) -> Sides:
    return (known, ~known) if wanted else (~known, known)


class States:
    """What the tests of all columns tell apart together: a state for each row, and where each test is true."""

    def __init__(self, columns: Mapping[Any, Classes], rows: int) -> None:
        self.codes, members = joint([column.codes for column in columns.values()], rows)
        self._sides = {
            (name, test): (yes[member], no[member])
            for (name, column), member in zip(columns.items(), members, strict=True)
            for test, (yes, no) in column.sides.items()
        }

    def sides(self, column: Any, test: Test) -> Sides:
        """In which states a test is true, and in which false."""
        return self._sides[column, test]
