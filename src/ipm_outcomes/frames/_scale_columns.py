"""What scoring says of one scale, row by row."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ipm_outcomes.tables import AnyTable, QuotientTable, ScaleTable

U8 = NDArray[np.uint8]
I8 = NDArray[np.int8]
Codes = NDArray[Any]
"""int8 or int16."""

_HUGE = 4 << 20
"""Bytes of an array from which on NumPy asks for huge pages, which are had many times quicker."""
_PAGE = 2 << 20
"""Bytes of a huge page, and of what has to lie at a multiple of them to be one."""
_TOGETHER = 32 << 20
"""Bytes of memory that smaller columns share; it is freed with the last of them."""


@dataclass
class ScaleColumns:
    """What scoring says of one scale, one entry per row. Codes are -1 for none."""

    table: AnyTable
    value: NDArray[np.float64] | None
    se: NDArray[np.float64] | None
    numerator: NDArray[np.int64] | None
    labels: I8 | None
    answered: U8
    absent: I8
    denominator: NDArray[np.int64] | None = None
    """What each numerator is over, where not all are over that of the table."""


def empty_columns(by_scale: dict[str, AnyTable], rows: int, exact: bool) -> dict[str, ScaleColumns]:
    """Empty columns for so many rows; ``exact`` adds the integers behind the values."""
    has_value = {
        id: not (isinstance(table, ScaleTable) and table.scale.categorical) for id, table in by_scale.items()
    }
    has_se = {id: isinstance(table, ScaleTable) and _has_se(table) for id, table in by_scale.items()}
    has_labels = {id: isinstance(table, ScaleTable) and bool(table.words) for id, table in by_scale.items()}
    floats = iter(_columns(sum(has_value.values()) + sum(has_se.values()), rows, np.float64))
    # Counts become columns of the frame as they are, and codes become words: they share no memory.
    counts, codes = (
        iter(_columns(n, rows, np.int8)) for n in (len(by_scale), len(by_scale) + sum(has_labels.values()))
    )
    return {
        id: ScaleColumns(
            table,
            next(floats) if has_value[id] else None,
            next(floats) if has_se[id] else None,
            np.empty(rows, np.int64) if exact and has_value[id] else None,
            next(codes) if has_labels[id] else None,
            next(counts).view(np.uint8),
            next(codes),
            np.ones(rows, np.int64) if exact and isinstance(table, QuotientTable) else None,
        )
        for id, table in by_scale.items()
    }


def _has_se(table: ScaleTable) -> bool:
    conversion = table.scale.conversion
    return table.scale.se_item is not None or (conversion is not None and conversion.rows[0].se is not None)


def _columns(count: int, rows: int, dtype: type[np.generic]) -> list[NDArray[Any]]:
    """Empty columns; several share a piece of memory where that is enough for huge pages and one alone is not."""
    size = np.dtype(dtype).itemsize * rows
    if size * count < _HUGE:
        return [np.empty(rows, dtype) for _ in range(count)]
    together = max(_TOGETHER // size, 1)
    columns: list[NDArray[Any]] = []
    while len(columns) < count:
        here = min(together, count - len(columns))
        piece = np.empty(here * size + _PAGE, np.uint8)
        first = -piece.ctypes.data % _PAGE
        columns.extend(piece[first : first + here * size].view(dtype).reshape(here, rows))
    return columns


def withhold(values: NDArray[np.float64], where: NDArray[np.bool_]) -> None:
    """Make values NaN; by their bits, all of which are set then, and not by a mask, which a processor has to guess."""
    bits = values.view(np.int64)
    np.bitwise_or(bits, -where.view(np.int8), out=bits)
