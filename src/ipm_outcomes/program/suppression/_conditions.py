"""Conditions of the indicators, evaluated on plain NumPy columns: true, false, or neither where a value is missing."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import numpy as np
import numpy.typing as npt

from ipm_outcomes.program.indicators import Condition

Bools = npt.NDArray[np.bool_]
Columns = Mapping[str, npt.NDArray[Any]]
"""Columns of objects; None where a value is missing."""


def both(condition: Condition, columns: Columns) -> tuple[Bools, Bools]:
    """Where a condition is true and where it is false; `KeyError` names a column that is not there."""
    if condition.column is not None:
        values = columns[condition.column]
        there: Bools = np.array([value is not None for value in values], np.bool_)
        name, operand = condition.test
        if name == "known":
            return (there, ~there) if operand else (~there, there)
        value: Any = float(operand) if isinstance(operand, Decimal) else operand
        tests = {
            "is": lambda v: v == value,
            "is_not": lambda v: v != value,
            "below": lambda v: v < value,
            "at_most": lambda v: v <= value,
            "above": lambda v: v > value,
            "at_least": lambda v: v >= value,
            "in": lambda v: v in value,
        }
        told = [v is not None and bool(tests[name](v)) for v in values]  # type: ignore[no-untyped-call]
        held: Bools = np.array(told, np.bool_)
        return held, there & ~held
    if condition.not_ is not None:
        yes, no = both(condition.not_, columns)
        return no, yes
    parts = [both(part, columns) for part in (condition.all_ or condition.any_ or ())]
    join, part_of = (np.logical_and, np.logical_or) if condition.all_ else (np.logical_or, np.logical_and)
    found = join.reduce([yes for yes, _ in parts]), part_of.reduce([no for _, no in parts])
    return np.asarray(found[0], np.bool_), np.asarray(found[1], np.bool_)


def true(condition: Condition, columns: Columns) -> Bools:
    """Where a condition is true."""
    return both(condition, columns)[0]
