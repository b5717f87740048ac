"""One face for every kind of data frame: read a column, add columns, make a frame of the same kind.

pandas (NumPy, nullable and Arrow dtypes), Polars (eager and lazy), PyArrow tables and DuckDB relations. A data-frame
library is never imported here unless the caller brought one of its frames.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from copy import copy, deepcopy
from dataclasses import dataclass
from typing import Any, Literal, TypeVar

import numpy as np
from numpy.typing import NDArray

from ipm_outcomes.errors import FrameError
from ipm_outcomes.frames._duckdb import arrow_table, is_duckdb, relation
from ipm_outcomes.frames._duckdb import pyarrow as _pyarrow

Kind = Literal["pandas", "polars", "pyarrow"]

AnyFrame = TypeVar("AnyFrame")
"""A data frame of any kind; the same kind comes back. What only hands over Arrow data comes back as a PyArrow table."""


@dataclass(frozen=True)
class Words:
    """A column of words: codes into ``labels``, -1 for none; ``ordered`` where the labels rise."""

    codes: NDArray[np.int8]
    labels: tuple[str, ...]
    ordered: bool = False


@dataclass(frozen=True)
class Whole:
    """A column of whole numbers, null where ``null`` is true."""

    values: NDArray[np.int64]
    null: NDArray[np.bool_]


Column = NDArray[Any] | Words | Whole
"""A column to add: words, whole numbers, truth values, or float64 in which NaN means null."""


class Frame:
    """A caller's frame behind one face. ``native`` is the eager form; `restore` gives back the caller's kind."""

    def __init__(self, data: Any) -> None:
        self.given = data
        self.kind, self.native = _recognize(data)
        labels = list(self.native.column_names if self.kind == "pyarrow" else self.native.columns)
        self._labels = {str(label): label for label in labels}
        self._renamed: tuple[str, ...] = ()
        self.names: list[str] = [str(label) for label in labels]

    def __len__(self) -> int:
        return int(self.native.num_rows) if self.kind == "pyarrow" else len(self.native)

    def require(self, names: Sequence[str], told: str) -> None:
        """Refuse a frame in which one of these columns is missing or stands more than once."""
        counts = Counter(self.names)
        if absent := [name for name in names if not counts[name]]:
            raise FrameError(f"{told}: the frame has no column {', '.join(map(repr, absent))}")
        if doubled := [name for name in names if counts[name] > 1]:
            raise FrameError(
                f"{told}: the column {doubled[0]!r} appears {counts[doubled[0]]} times; keep one"
            )

    def column(self, name: str) -> Any:
        """A column as its own library holds it."""
        return self.native.column(name) if self.kind == "pyarrow" else self.native[self._labels[name]]

    def holding(self, names: Iterable[str]) -> dict[str, str]:
        """Those of these names that the frame has, each with the name as it stands in the frame."""
        # DuckDB takes names that differ only in case for one name.
        folded = str.casefold if is_duckdb(self.given) else str
        taken = {folded(name): name for name in self.names}
        return {name: taken[folded(name)] for name in names if folded(name) in taken}

    def with_columns(
        self,
        columns: Mapping[str, Column],
        like: Sequence[str] = (),
        replace: bool = False,
        taken_over: Collection[str] = (),
    ) -> Any:
        """The caller's frame with columns added at its end, everything else untouched.

        ``like`` names columns whose dtype family (NumPy, nullable, Arrow) the new pandas columns follow. With
        ``replace`` columns of the same names are dropped first; without it they are refused, but for those that
        are ``taken_over``.
        """
        clash = self.holding(columns)
        refused = [name for name, there in clash.items() if there not in taken_over]
        if refused and not replace:
            raise FrameError(
                f"the frame already has a column {refused[0]!r}, which the result needs; score it "
                "again with replace=True (--replace), or rename or drop it"
            )
        family: Any = self._pandas_family(like) if self.kind == "pandas" else "numpy"
        native = self._without(list(clash.values())) if clash else self.native
        if self.kind == "polars":
            return self.restore(_polars_typed(native.with_columns(_polars_raw(columns)), columns))
        if self.kind == "pyarrow":
            for name, column in columns.items():
                native = native.append_column(name, _arrow_array(column))
            return self.restore(native)
        return self.restore(_pandas_joined(native, columns, family))

    def _without(self, names: list[str]) -> Any:
        if self.kind == "pandas":
            return self.native.drop(columns=[self._labels[name] for name in names])
        return self.native.drop_columns(names) if self.kind == "pyarrow" else self.native.drop(names)

    def renamed(self, renames: Mapping[str, Mapping[str, str]]) -> Frame:
        """The frame with other names in columns of groups: for each column the old names with the new."""
        found = copy(self)
        for name, names in renames.items():
            if names:
                found._renamed = (*found._renamed, name)
                found.native = _with_names(self.kind, found.native, self._labels[name], names)
        return found

    def make(self, columns: Mapping[str, Any], like: Sequence[str] = ()) -> Any:
        """A new frame of the caller's kind; a column may also be one of this library's own, as `repeat` gives it."""
        if self.kind == "polars":
            pl = sys.modules["polars"]
            own_form = {n: c.alias(n) for n, c in columns.items() if isinstance(c, pl.Series)}
            new = {n: c for n, c in columns.items() if n not in own_form}
            raw = {series.name: series for series in _polars_raw(new)} | own_form
            return self.restore(_polars_typed(pl.DataFrame([raw[n] for n in columns]), new))
        if self.kind == "pyarrow":
            import pyarrow as pa

            own = (pa.Array, pa.ChunkedArray)
            return self.restore(
                pa.table({n: c if isinstance(c, own) else _arrow_array(c) for n, c in columns.items()})
            )
        pd = sys.modules["pandas"]
        family = self._pandas_family(like)
        return self.restore(
            pd.DataFrame(
                {
                    n: c.array if isinstance(c, pd.Series) else _pandas_array(c, family)
                    for n, c in columns.items()
                },
                copy=False,
            )
        )

    def repeat(self, name: str, times: int) -> Any:
        """A column with every entry repeated, in the library's own form."""
        column = self.column(name)
        index = np.repeat(np.arange(len(self)), times)
        if self.kind == "polars":
            return column.gather(index)
        return (_takeable(column) if self.kind == "pyarrow" else column).take(index)

    def restore(self, native: Any) -> Any:
        """An eager frame in the kind that the caller gave."""
        if is_duckdb(self.given):
            return relation(self.given, native, self._renamed)
        return _restored(self.given, native)

    def _pandas_family(self, like: Sequence[str]) -> Literal["numpy", "nullable", "arrow"]:
        dtypes = [self.native[self._labels[name]].dtype for name in like]
        if any(type(dtype).__name__ == "ArrowDtype" for dtype in dtypes):
            return "arrow"
        if any(hasattr(dtype, "numpy_dtype") for dtype in dtypes):
            return "nullable"
        return "numpy"


def _is(data: Any, module: str, name: str) -> bool:
    """Whether an object is of a class of a library, without importing the library."""
    library = sys.modules.get(module)
    return library is not None and isinstance(data, getattr(library, name))


def _recognize(data: Any) -> tuple[Kind, Any]:
    if _is(data, "pandas", "DataFrame"):
        return "pandas", data
    if _is(data, "polars", "DataFrame"):
        return "polars", data
    if _is(data, "polars", "LazyFrame"):
        return "polars", data.collect()
    if _is(data, "pyarrow", "Table"):
        return "pyarrow", data
    if is_duckdb(data):
        return "pyarrow", arrow_table(data)
    name = type(data).__name__
    if type(data).__module__.startswith("narwhals") and hasattr(data, "to_native"):
        return _recognize(data.to_native())
    if hasattr(data, "__arrow_c_stream__") and not name.endswith("Series"):
        pa = _pyarrow(f"working on a {name} through Arrow")
        try:
            return "pyarrow", pa.table(data)
        except pa.ArrowInvalid:
            raise FrameError(f"the Arrow data of this {name} is not a table of columns") from None
    if _is(data, "pyarrow", "RecordBatch"):
        return "pyarrow", sys.modules["pyarrow"].table(data)
    raise FrameError(
        f"a {name} is not a data frame that can be worked on; give pandas, Polars, PyArrow, a DuckDB relation, or "
        "anything that hands over Arrow data"
    )


def _restored(given: Any, native: Any) -> Any:
    if _is(given, "polars", "LazyFrame"):
        return native.lazy()
    if _is(given, "pyarrow", "RecordBatch"):
        batches = native.combine_chunks().to_batches()
        return batches[0] if batches else sys.modules["pyarrow"].RecordBatch.from_pylist([], native.schema)
    if type(given).__module__.startswith("narwhals") and hasattr(given, "to_native"):
        from narwhals import from_native

        return from_native(_restored(given.to_native(), native))
    return native


def _with_names(kind: str, native: Any, label: Any, names: Mapping[str, str]) -> Any:
    """The frame with the texts of one column replaced; a column of categories becomes text."""
    if kind == "polars":
        pl = sys.modules["polars"]
        return native.with_columns(pl.col(label).cast(pl.String).replace(dict(names)))
    if kind == "pyarrow":
        import pyarrow as pa

        place = native.column_names.index(label)
        texts = [names.get(text, text) for text in native.column(label).to_pylist()]
        return native.set_column(place, label, pa.array(texts, pa.string()))
    column = native[label]
    texts = column.astype(object).map(lambda text: names.get(text, text), na_action="ignore")
    renamed = native.copy(deep=False)
    renamed[label] = texts if hasattr(column.dtype, "categories") else texts.astype(column.dtype)
    return renamed


def _takeable(column: Any) -> Any:
    """An Arrow column in a form of which entries can be taken: views and run-ends have none of that yet."""
    import pyarrow as pa

    if pa.types.is_run_end_encoded(column.type):
        from pyarrow.compute import call_function

        return _takeable(call_function("run_end_decode", [column]))
    if column.type in (pa.string_view(), pa.binary_view()):
        return column.cast(pa.large_string() if column.type == pa.string_view() else pa.large_binary())
    return column


def _polars_raw(columns: Mapping[str, Column]) -> list[Any]:
    """Columns as Polars series, words still as codes."""
    pl = sys.modules["polars"]
    series = []
    for name, column in columns.items():
        if isinstance(column, Words):
            # -1 becomes 255, which no label has, and null when the codes become words.
            series.append(pl.Series(name, column.codes.view(np.uint8)))
        elif isinstance(column, Whole):
            values = pl.Series(name, column.values)
            null = pl.Series(name, [None], dtype=pl.Int64)
            series.append(values.zip_with(pl.Series(~column.null), null) if column.null.any() else values)
        else:
            series.append(pl.Series(name, column, nan_to_null=column.dtype.kind == "f"))
    return series


def _polars_typed(frame: Any, columns: Mapping[str, Column]) -> Any:
    """The frame with codes made words, all in one call, which Polars spreads over the cores."""
    pl = sys.modules["polars"]
    words = {name: column for name, column in columns.items() if isinstance(column, Words)}
    if hasattr(pl.col("").cat, "to"):
        return frame.with_columns(
            [pl.col(name).cat.to(pl.Enum(list(w.labels)), strict=False) for name, w in words.items()]
        )
    return frame.with_columns(
        [
            pl.Series(name, [*w.labels, None], dtype=pl.Enum(list(w.labels))).gather(w.codes.astype(np.int64))
            for name, w in words.items()
        ]
    )


def _arrow_array(column: Column) -> Any:
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


def _pandas_array(column: Column, family: str) -> Any:
    pd = sys.modules["pandas"]
    if family == "arrow":
        return pd.arrays.ArrowExtensionArray(_arrow_array(column))
    if isinstance(column, Words):
        return pd.Categorical.from_codes(column.codes, list(column.labels), ordered=column.ordered)
    if isinstance(column, Whole):  # whole numbers with nulls have no NumPy form that stays exact
        return pd.arrays.IntegerArray(column.values, column.null)
    if family == "nullable" and column.dtype.kind == "f":
        return pd.arrays.FloatingArray(column, np.isnan(column))
    if family == "nullable" and column.dtype.kind in "iu":
        return pd.arrays.IntegerArray(column, np.zeros(len(column), bool))
    return column


def _pandas_joined(frame: Any, columns: Mapping[str, Column], family: str) -> Any:
    pd = sys.modules["pandas"]
    added = pd.DataFrame(
        {name: _pandas_array(column, family) for name, column in columns.items()},
        index=frame.index,
        copy=False,
    )
    # Columns put side by side by position: an index with repeats must not be aligned.
    joined = pd.concat([frame, added], axis=1) if frame.index.is_unique else _side_by_side(frame, added)
    if frame.columns.nlevels == 1:
        joined.columns = pd.Index([*frame.columns, *added.columns], name=frame.columns.name)
    joined.attrs = deepcopy(frame.attrs)
    return joined


def _side_by_side(frame: Any, added: Any) -> Any:
    joined = sys.modules["pandas"].concat(
        [frame.reset_index(drop=True), added.reset_index(drop=True)], axis=1
    )
    joined.index = frame.index
    return joined
