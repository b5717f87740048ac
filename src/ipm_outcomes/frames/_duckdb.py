"""DuckDB relations: out to Arrow and back onto the connection that they belong to."""

from __future__ import annotations

import sys
from collections.abc import Collection, Generator
from typing import Any
from uuid import uuid4

from ipm_outcomes.errors import FrameError, MissingExtraError

_KEPT = {
    *("BOOLEAN", "TINYINT", "SMALLINT", "INTEGER", "BIGINT", "UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT"),
    *("FLOAT", "DOUBLE", "VARCHAR", "BLOB", "DATE", "TIME", "TIMESTAMP", "TIMESTAMP_S", "TIMESTAMP_MS"),
    *("TIMESTAMP_NS", "TIMESTAMP WITH TIME ZONE", "INTERVAL", "DECIMAL"),
}
"""Types that come back from Arrow as they went; columns of other plain types travel as text."""
_NESTED = ("STRUCT", "MAP", "UNION", "LIST", "ARRAY")


def is_duckdb(data: Any) -> bool:
    """Whether an object is a DuckDB relation."""
    return type(data).__name__ == "DuckDBPyRelation"


def pyarrow(feature: str) -> Any:
    """PyArrow, or the error that names the extra which brings it."""
    try:
        import pyarrow as pa
    except ImportError:
        raise MissingExtraError(feature, "arrow") from None
    return pa


def arrow_table(data: Any) -> Any:
    """The rows of a relation, in their order; columns whose type Arrow would change are cast to text."""
    return _for_arrow(data).to_arrow_table()


def arrow_parts(data: Any, rows: int) -> Generator[Any]:
    """The same a stretch of so many rows at a time, as the relation is computed."""
    reader = _for_arrow(data).to_arrow_reader(rows)
    try:
        for batch in reader:
            yield sys.modules["pyarrow"].Table.from_batches([batch])
    finally:
        reader.close()


def _for_arrow(data: Any) -> Any:
    pyarrow("working on a DuckDB relation")
    folded = [name.casefold() for name in data.columns]
    if doubled := [name for name in data.columns if folded.count(name.casefold()) > 1]:
        raise FrameError(
            f"the relation has more than one column {doubled[0]!r}; DuckDB does not distinguish case"
        )
    selected = [
        # HUGEINT, the type of sums, travels as a decimal, so that it stays a number.
        f"CAST({_quoted(name)} AS VARCHAR) AS {_quoted(name)}"
        if _recast(kind) and str(kind) != "HUGEINT"
        else _quoted(name)
        for name, kind in zip(data.columns, data.types, strict=True)
    ]
    return data.project(", ".join(selected))


def relation(given: Any, table: Any, renamed: Collection[str] = ()) -> Any:
    """A table as a relation on the connection of another one; columns that they share get their types back.

    Columns whose names of groups were replaced stay text: an enumeration need not know the new names.
    """
    kinds = {name: kind for name, kind in zip(given.columns, given.types, strict=True) if name not in renamed}
    selected = [
        f"CAST({_quoted(name)} AS {kinds[name]}) AS {_quoted(name)}"
        if name in kinds and _recast(kinds[name])
        else _quoted(name)
        for name in table.column_names
    ]
    # DuckDB finds the table as a variable of this module. The name is of this call alone: a table or view of the same
    # name in the caller's database would be taken instead.
    name = f"ipm_outcomes_{uuid4().hex}"
    globals()[name] = table
    try:
        return given.query(f"{name}_given", f"SELECT {', '.join(selected)} FROM {name}")
    except Exception as error:
        if type(error).__module__.split(".")[0] not in ("duckdb", "_duckdb"):
            raise
        raise FrameError(
            "this DuckDB connection does not let Python tables be read (python_enable_replacements, "
            "enable_external_access); give the relation as Arrow with .to_arrow_table()"
        ) from None
    finally:
        del globals()[name]


def _recast(kind: Any) -> bool:
    plain = str(kind).split("(")[0]
    return plain not in _KEPT and not str(kind).endswith("]") and plain not in _NESTED


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
