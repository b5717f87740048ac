"""Columns in Arrow memory, in every form that it can have."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pandas as pd
import pyarrow as pa
import pytest

from ipm_outcomes import frames


def _value_of(kind: pa.DataType) -> Callable[[int], Any]:
    if pa.types.is_decimal(kind):
        return Decimal
    return str if "string" in str(kind) else float if pa.types.is_floating(kind) else int


CHUNKS: dict[str, Callable[[Any], list[Any]]] = {
    "one": lambda a: [a],
    "two": lambda a: [a[:2], a[2:]],
    "empty first": lambda a: [a[:0], a],
    "empty last": lambda a: [a, a[4:]],
    "empty within": lambda a: [a[:2], a[2:2], a[2:]],
    "only empty": lambda a: [a[:0], a[:0]],
    "none": lambda a: [],
    "offsets": lambda a: [pa.concat_arrays([a[:1], a])[1:3], pa.concat_arrays([a[:3], a])[5:]],
}


@pytest.mark.parametrize("chunks", CHUNKS)
@pytest.mark.parametrize(
    "kind",
    [
        *(
            pa.int64(),
            pa.int8(),
            pa.uint16(),
            pa.float64(),
            pa.float32(),
            pa.decimal128(5, 0),
            pa.decimal256(5, 0),
        ),
        *(pa.string(), pa.large_string(), pa.string_view()),
    ],
    ids=str,
)
@pytest.mark.parametrize("coded", [False, True], ids=["plain", "dictionary"])
@pytest.mark.parametrize("nulls", [False, True], ids=["full", "nulls"])
def test_arrow_memory_in_every_form(chunks: str, kind: pa.DataType, coded: bool, nulls: bool) -> None:
    """Columns of pandas and PyArrow tables in Arrow memory, however they are cut."""
    value = _value_of(kind)
    array = pa.array([None if nulls and n == 3 else value(n) for n in (1, 2, 3, 4)], kind)
    if coded:
        try:
            array = array.dictionary_encode()
        except (pa.ArrowNotImplementedError, pa.ArrowInvalid):
            pytest.skip("this kind has no dictionary")
    try:
        column = pa.chunked_array(CHUNKS[chunks](array), array.type)
    except pa.ArrowNotImplementedError:
        pytest.skip("arrays of this kind cannot be joined")
    wanted = [None if cell is None else float(cell) for cell in column.to_pylist()]
    names = ["peg_pain", "peg_enjoyment", "peg_activity"]
    tables: list[Any] = [pa.table(dict.fromkeys(names, column))]
    try:
        series = pd.Series(pd.array(pd.arrays.ArrowExtensionArray(column)))
        tables.append(pd.DataFrame(dict.fromkeys(names, series)))
    except (NotImplementedError, TypeError, pa.ArrowNotImplementedError):  # pandas has no such column
        tables = tables[:1]
    for table in tables:
        scored = frames.score(table, "peg")
        found = (
            scored["peg_mean"].to_pylist() if isinstance(scored, pa.Table) else scored["peg_mean"].tolist()
        )
        assert [None if cell is None or cell is pd.NA or cell != cell else cell for cell in found] == wanted
