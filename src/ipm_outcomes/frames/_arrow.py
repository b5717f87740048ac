"""PyArrow tables, and what travels as one: DuckDB relations and anything that hands over Arrow data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from importlib import import_module
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from ipm_outcomes.frames._library import (
    Bools,
    CellKind,
    Column,
    Floats,
    Ints,
    Kind,
    Library,
    Whole,
    Words,
    every_entry,
    of_two_kinds,
    too_large,
)


def _compute() -> Any:
    """Functions that PyArrow makes at import, so that checkers do not see all."""
    return import_module("pyarrow.compute")


class Arrow(Library):
    """PyArrow tables."""

    kind: ClassVar[Kind] = "pyarrow"

    @property
    def pa(self) -> Any:
        return import_module("pyarrow")

    def labels(self, frame: Any) -> list[Any]:
        return list(frame.column_names)

    def column(self, frame: Any, label: Any) -> Any:
        return frame.column(label)

    def without(self, frame: Any, labels: Sequence[Any]) -> Any:
        return frame.drop_columns(labels)

    def added(self, frame: Any, columns: Mapping[str, Column], like: Sequence[Any]) -> Any:
        for name, column in columns.items():
            frame = frame.append_column(name, arrow_array(column))
        return frame

    def made(self, columns: Mapping[str, Any], like: Sequence[Any]) -> Any:
        native = (self.pa.Array, self.pa.ChunkedArray)
        return self.pa.table({n: c if isinstance(c, native) else arrow_array(c) for n, c in columns.items()})

    def listed(
        self, columns: Mapping[str, list[Any]], kinds: Mapping[str, CellKind], like: Mapping[str, Any]
    ) -> Any:
        pa = self.pa
        types = {"whole": pa.int64(), "whole or null": pa.int64(), "real": pa.float64()}
        types |= {"date": pa.date32(), "truth": pa.bool_()}
        of = {n: types.get(kinds.get(n, "text"), pa.string()) for n in columns}
        of |= {n: column.type for n, column in like.items()}

        def column(values: list[Any], kind: Any) -> Any:
            if pa.types.is_decimal(kind):
                values = [None if v is None else Decimal(str(v)) for v in values]
            return pa.array(values, kind)

        return pa.table({n: column(v, of[n]) for n, v in columns.items()})

    def relabeled(self, frame: Any, label: Any, names: Mapping[str, str]) -> Any:
        texts = [names.get(text, text) for text in frame.column(label).to_pylist()]
        return frame.set_column(
            frame.column_names.index(label), label, self.pa.array(texts, self.pa.string())
        )

    def converted(self, frame: Any) -> Any:
        return self.pa.table(frame)

    def take(self, column: Any, index: Ints) -> Any:
        return self._takeable(column).take(self.pa.array(index, mask=index < 0))

    def cell(self, column: Any, row: int) -> Any:
        return column[row].as_py()

    def values(self, column: Any) -> list[Any]:
        return list(column.to_pylist())

    def nested(self, column: Any) -> bool:
        return bool(self.pa.types.is_nested(column.type))

    def keys(self, columns: Sequence[Any], where: str) -> tuple[NDArray[Any], Any]:
        pa, pc = self.pa, _compute()
        plain = []
        for column in columns:
            if pa.types.is_dictionary(column.type):
                column = column.cast(column.type.value_type)
            if "string" in str(column.type):
                column = column.cast(pa.large_string())
            elif pa.types.is_integer(column.type) and len(columns) > 1:
                try:
                    column = column.cast(pa.int64())
                except pa.ArrowInvalid:
                    raise too_large(where) from None
            elif pa.types.is_floating(column.type):
                column = pc.if_else(pc.is_nan(column), pa.scalar(None, column.type), column)
            plain.append(column)
        kinds = {column.type for column in plain if not pa.types.is_null(column.type)}
        if len(kinds) > 1:
            raise of_two_kinds(where)
        if kinds:
            plain = [column.cast(next(iter(kinds))) for column in plain]
        both = pa.chunked_array([chunk for column in plain for chunk in column.chunks], plain[0].type)
        codes, values = self._coded(both)
        order = pc.sort_indices(values).to_numpy()
        rank = np.empty(len(order) + 1, np.int64)
        rank[order] = np.arange(len(order))
        rank[-1] = -1
        return rank[codes], values.take(pa.array(order))

    def _coded(self, column: Any) -> tuple[Ints, Any]:
        """Codes (-1 for null) and the distinct values."""
        coded = column.combine_chunks().dictionary_encode()
        if isinstance(coded, self.pa.ChunkedArray):
            coded = coded.combine_chunks()
        codes = coded.indices.fill_null(-1).to_numpy(zero_copy_only=False)
        return codes.astype(np.int64), coded.dictionary

    def numbers(self, column: Any, loose: bool = False) -> Floats | None:
        of, t = self.pa.types, column.type
        if loose and column.null_count == len(column):
            return np.full(len(column), np.nan)
        if not (of.is_integer(t) or of.is_floating(t) or of.is_decimal(t)):
            return None
        return np.asarray(column.cast(self.pa.float64(), safe=False).fill_null(np.nan).to_numpy(), np.float64)

    def wholes(self, column: Any) -> tuple[Ints, Bools] | None:
        if not self.pa.types.is_integer(column.type):
            return None
        if (
            self.pa.types.is_uint64(column.type)
            and (_compute().max(column).as_py() or 0) > np.iinfo(np.int64).max
        ):
            return None
        return column.fill_null(0).cast(self.pa.int64()).to_numpy(), column.is_null().to_numpy()

    def flags(self, column: Any) -> NDArray[np.int8] | None:
        if not (self.pa.types.is_boolean(column.type) or self.pa.types.is_null(column.type)):
            return None
        flags: NDArray[np.int8] = column.cast(self.pa.int8()).fill_null(-1).to_numpy()
        return flags

    def plain(self, column: Any) -> Any:
        return column.cast(column.type.value_type) if self.pa.types.is_dictionary(column.type) else column

    def stamps(self, column: Any) -> tuple[NDArray[Any], NDArray[Any]] | None:
        pa = self.pa
        if pa.types.is_date(column.type):
            days = column.cast(pa.date32()).to_numpy().astype("datetime64[D]")
            return days, days
        if not pa.types.is_timestamp(column.type):
            return None
        if column.type.tz is None:
            local = column.to_numpy()
            return local, local
        utc = column.cast(pa.timestamp(column.type.unit)).to_numpy()
        return _compute().local_timestamp(column).to_numpy(), utc

    def distinct(self, column: Any) -> tuple[Ints, list[Any]]:
        if "string" not in str(column.type):
            return every_entry(column.to_pylist())
        codes, values = self._coded(column.cast(self.pa.large_string()))
        return codes, values.to_pylist()

    def dates(self, days: Ints, null: Bools) -> Any:
        return self.pa.array(days.astype(np.int32), mask=null).cast(self.pa.date32())

    def truth(self, values: Bools, null: Bools) -> Any:
        return self.pa.array(values, mask=null)

    def texts(self, name: str, cells: NDArray[np.object_], like: Any) -> Any:
        return self.pa.array(cells, self.pa.string())

    def _takeable(self, column: Any) -> Any:
        """A column in a form of which entries can be taken: views and run-ends have none of that yet."""
        pa = self.pa
        if pa.types.is_run_end_encoded(column.type):
            return self._takeable(_compute().call_function("run_end_decode", [column]))
        if column.type in (pa.string_view(), pa.binary_view()):
            return column.cast(pa.large_string() if column.type == pa.string_view() else pa.large_binary())
        return column


def arrow_array(column: Column) -> Any:
    """A column as an Arrow array."""
    import pyarrow as pa

    if isinstance(column, Words):
        return pa.DictionaryArray.from_arrays(
            pa.array(column.codes, mask=column.codes < 0),
            pa.array(column.labels, pa.string()),
            ordered=column.ordered,
        )
    if isinstance(column, Whole):
        return pa.array(column.values, mask=column.null)
    return pa.array(column, from_pandas=column.dtype.kind == "f")
