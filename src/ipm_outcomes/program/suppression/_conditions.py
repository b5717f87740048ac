"""Conditions of the indicators, evaluated on plain NumPy columns: true, false, or neither where a value is missing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ipm_outcomes.program.indicators import Condition

Bools = NDArray[np.bool_]
Columns = Mapping[str, NDArray[Any]]
"""Columns of objects; None where a value is missing."""


def both(condition: Condition, columns: Columns) -> tuple[Bools, Bools]:
    """Where a condition is true and where it is false; `KeyError` names a column that is not there."""
    if condition.column is not None:
        values = columns[condition.column]
        there: Bools = np.asarray(values != np.array(None), np.bool_)
        name, operand = condition.test
        if name == "known":
            return (there, ~there) if operand else (~there, there)
        value: Any = float(operand) if isinstance(operand, Decimal) else operand
        numbers = _numbers(values, there) if isinstance(value, float) else None
        if numbers is not None:
            held: Bools = np.zeros(len(values), np.bool_)
            held[there] = _COMPARED[name](numbers, value)
            return held, there & ~held
        if name in ("is", "is_not", "in"):
            wanted: Any = value if name == "in" else (value,)
            among = np.logical_or.reduce([np.asarray(values == member, np.bool_) for member in wanted])
            held = there & (~among if name == "is_not" else among)
            return held, there & ~held
        tests = {
            "below": lambda v: v < value,
            "at_most": lambda v: v <= value,
            "above": lambda v: v > value,
            "at_least": lambda v: v >= value,
        }
        met = [v is not None and bool(tests[name](v)) for v in values]
        held = np.array(met, np.bool_)
        return held, there & ~held
    if condition.not_ is not None:
        yes, no = both(condition.not_, columns)
        return no, yes
    parts = [both(part, columns) for part in (condition.all_ or condition.any_ or ())]
    join, part_of = (np.logical_and, np.logical_or) if condition.all_ else (np.logical_or, np.logical_and)
    joined = join.reduce([yes for yes, _ in parts]), part_of.reduce([no for _, no in parts])
    return np.asarray(joined[0], np.bool_), np.asarray(joined[1], np.bool_)


_COMPARED: Mapping[str, Any] = {
    "is": np.equal,
    "is_not": np.not_equal,
    "below": np.less,
    "at_most": np.less_equal,
    "above": np.greater,
    "at_least": np.greater_equal,
}


def _numbers(values: NDArray[Any], there: Bools) -> NDArray[np.float64] | None:
    """The values that are there as numbers; none where some are text."""
    given = values[there]
    if any(isinstance(value, (str, tuple)) for value in given[:1]):
        return None
    try:
        return np.asarray(given, np.float64)
    except (TypeError, ValueError):
        return None


def true(condition: Condition, columns: Columns) -> Bools:
    """Where a condition is true."""
    return both(condition, columns)[0]


def tests_in(conditions: Iterable[Condition]) -> Iterator[Condition]:
    """The tests of single columns."""
    for condition in conditions:
        if condition.column is not None:
            yield condition
        yield from tests_in(
            [*(condition.all_ or ()), *(condition.any_ or ()), *((condition.not_,) if condition.not_ else ())]
        )
