"""One face for every kind of data frame: read columns, add columns, make a frame of the same kind.

pandas (NumPy, nullable and Arrow dtypes), Polars (eager and lazy), PyArrow tables and DuckDB relations. A data-frame
library is never imported here unless the caller brought one of its frames. What differs between libraries is in
`_pandas`, `_polars` and `_arrow`.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from copy import copy
from importlib.util import find_spec
from typing import Any, TypeVar

import numpy as np

from ipm_outcomes.errors import FrameError, did_you_mean
from ipm_outcomes.frames._arrow import Arrow
from ipm_outcomes.frames._date_cells import FIRST_DAY, LAST_DAY
from ipm_outcomes.frames._duckdb import arrow_table, is_duckdb, relation
from ipm_outcomes.frames._duckdb import pyarrow as _pyarrow
from ipm_outcomes.frames._library import Bools, CellKind, Column, Floats, Ints, Kind, Library, plain_value
from ipm_outcomes.frames._pandas import Pandas
from ipm_outcomes.frames._polars import Polars
from ipm_outcomes.frames._spark_kind import NOT_COLLECTED, is_spark

AnyFrame = TypeVar("AnyFrame")
"""A data frame of any kind; the same kind comes back. What only hands over Arrow data comes back as a PyArrow table."""

_PANDAS, _POLARS, _ARROW = Pandas(), Polars(), Arrow()


class Frame:
    """A caller's frame behind one face. ``native`` is the eager form; `restore` gives back the caller's kind."""

    def __init__(self, data: Any, folded: bool = False) -> None:
        self.given = data
        self._folded = folded or is_duckdb(data)  # of DuckDB names that differ only in case are one name
        self.library, self.native = _recognize(data)
        labels = self.library.labels(self.native)
        self._labels = {str(label): label for label in labels}
        self._renamed: tuple[str, ...] = ()
        self.names: list[str] = [str(label) for label in labels]

    @property
    def kind(self) -> Kind:
        """Name of the library of the eager form."""
        return self.library.kind

    def __len__(self) -> int:
        return int(self.native.shape[0])

    def require(self, names: Sequence[str], where: str) -> None:
        """Refuse a frame in which one of these columns is missing or appears more than once."""
        counts = Counter(self.names)
        if absent := [name for name in names if not counts[name]]:
            near = did_you_mean(absent[0], [name for name in self.names if name not in names])
            raise FrameError(f"{where}: the frame has no column {', '.join(map(repr, absent))}{near}")
        if doubled := [name for name in names if counts[name] > 1]:
            raise FrameError(
                f"{where}: the column {doubled[0]!r} appears {counts[doubled[0]]} times; keep one"
            )

    def column(self, name: str) -> Any:
        """A column as its own library holds it."""
        return self.library.column(self.native, self._labels[name])

    def holding(self, names: Iterable[str]) -> dict[str, str]:
        """Those of these names that the frame has, each with the name as it is in the frame."""
        folded = str.casefold if self._folded else str
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
                "again with replace=True, or rename or drop it"
            )
        taken = [self._labels[name] for name in clash.values()]
        native = self.library.without(self.native, taken) if taken else self.native
        return self.restore(self.library.added(native, columns, self._columns(like)))

    def _columns(self, names: Sequence[str]) -> list[Any]:
        return [self.column(name) for name in names if name in self._labels]

    def renamed(self, renames: Mapping[str, Mapping[str, str]]) -> Frame:
        """The frame with other names in columns of groups: for each column the old names with the new."""
        frame = copy(self)
        for name, names in renames.items():
            if names:
                frame._renamed = (*frame._renamed, name)
                frame.native = self.library.relabeled(frame.native, self._labels[name], names)
        return frame

    def make(self, columns: Mapping[str, Any], like: Sequence[str] = ()) -> Any:
        """A new frame of the caller's kind; a column may also be one of this library's own, as `take` gives it."""
        return self.restore(self.library.made(columns, self._columns(like)))

    def listed(
        self, columns: Mapping[str, list[Any]], kinds: Mapping[str, CellKind], like: Sequence[str] = ()
    ) -> Any:
        """A new frame of the caller's kind from lists, None for null; a column without a kind holds text.

        ``like`` names columns that keep the type which they have in this frame.
        """
        return self.restore(self.library.listed(columns, kinds, {name: self.column(name) for name in like}))

    def gathered(
        self, columns: Mapping[str, list[Any]], index: Ints, like: Sequence[str] = ()
    ) -> dict[str, Any]:
        """Native columns of the entries of lists at these places, as `listed` makes them of the lists themselves."""
        some = self.library.listed(
            columns, dict.fromkeys(columns, "any"), {name: self.column(name) for name in like}
        )
        return {name: self.take(self.library.column(some, name), index) for name in columns}

    def restore(self, native: Any) -> Any:
        """An eager frame in the kind that the caller gave."""
        if is_duckdb(self.given):
            return relation(self.given, native, self._renamed)
        return _restored(self.given, native)

    def in_kind_of(self, other: Frame, needed: Sequence[str] | None, where: str) -> Frame:
        """The frame in the kind of another one; of pandas, where the two differ, only the columns that are needed."""
        if self.kind == other.kind:
            return self
        native = self.native
        if self.library is _PANDAS:
            if needed is not None:
                native = native[[label for label in native.columns if str(label) in needed]]
            for name in map(str, native.columns):
                _refuse_mixed(self.column(name), name, other.kind, where)
        elif self.library is _POLARS and other.library is _ARROW:
            # Of these Polars has no Arrow form; its older versions end the process when they are asked for one.
            for name, dtype in native.schema.items():
                if any(kind in str(dtype) for kind in ("Object", "Int128")):
                    raise _no_column_for(name, other.kind, where)
        try:
            return Frame(other.library.converted(native))
        except ImportError:
            raise FrameError(
                f"{where}: a {self.kind} frame beside {other.kind} scores needs pyarrow; give both in one kind"
            ) from None

    # ---- columns of the frame's own library, and back ------------------------------------------------

    def repeat(self, name: str, times: int) -> Any:
        """A column with every entry repeated, in the library's own form."""
        return self.take(self.column(name), np.repeat(np.arange(len(self)), times))

    def take(self, column: Any, index: Ints) -> Any:
        """Entries of a native column by position; -1 gives null."""
        return self.library.take(column, index)

    def cell(self, name: str, row: int) -> Any:
        """One entry as a Python object."""
        return self.library.cell(self.column(name), row)

    def values(self, name: str) -> list[Any]:
        """Return the entries of a column as plain Python values, None for every kind of missing."""
        return [plain_value(value) for value in self.library.values(self.column(name))]

    def keys(self, columns: Sequence[Any], where: str) -> tuple[list[Ints], Any]:
        """Code native columns of one key together: codes in the order of the values (-1 for null); distinct values."""
        if any(self.library.nested(column) for column in columns):
            raise FrameError(f"{where}: holds lists or other nested values; give text or numbers")
        sizes = np.cumsum([len(column) for column in columns])[:-1]
        codes, values = self.library.keys(columns, where)
        return [part.astype(np.int64) for part in np.split(codes, sizes)], values

    def words(self, name: str) -> tuple[Ints, list[Any]]:
        """A column of few distinct values: codes (-1 for null) and the values as Python objects."""
        (codes,), values = self.keys([self.column(name)], name)
        return codes, self.library.values(values)

    def numbers(self, name: str, way_out: str = "scores are numbers") -> Floats:
        """A column of numbers as float64, null as NaN; anything else is refused."""
        numbers = self.library.numbers(self.column(name), loose=True)
        if numbers is None:
            raise FrameError(f"{name}: holds text or something else that is no number; {way_out}")
        infinite = np.flatnonzero(np.isinf(numbers))
        if infinite.size:
            raise FrameError(
                f"{name}: infinite in row {infinite[0]} (counted from 0); leave a missing number empty"
            )
        return numbers

    def wholes(self, name: str) -> tuple[Ints, Bools]:
        """A column of whole numbers as int64, and where it is null."""
        if (exact := self.library.wholes(self.column(name))) is not None:
            return exact
        numbers = self.numbers(name)
        null = np.isnan(numbers)
        whole = np.where(null, 0.0, numbers)
        wrong = np.flatnonzero((whole != np.rint(whole)) | (np.abs(whole) >= 2.0**53))
        if wrong.size:
            raise FrameError(f"{name}: no whole number below 2**53 in row {wrong[0]} (counted from 0)")
        return whole.astype(np.int64), null

    def truths(self, name: str) -> Floats:
        """A column of true and false as 1 and 0, NaN where it says nothing."""
        truths = self.library.truths(self.column(name))
        if truths is None:
            raise FrameError(
                f"{name}: holds something else than true and false; make it true, false or empty"
            )
        return truths

    def dates(self, days: Ints, null: Bools) -> Any:
        """A native column of dates; a day outside the calendar, as the end of a window may be, is null."""
        return self.library.dates(days, null | (days < FIRST_DAY) | (days > LAST_DAY))

    def truth(self, values: Bools, null: Bools) -> Any:
        """A native column of truth values with nulls."""
        return self.library.truth(values, null)


def _is(data: Any, module: str, name: str) -> bool:
    """Whether an object is of a class of a library, without importing the library."""
    library = sys.modules.get(module)
    return library is not None and isinstance(data, getattr(library, name))


def of_narwhals(data: Any) -> bool:
    """Whether a frame is wrapped by narwhals."""
    return type(data).__module__.startswith("narwhals") and hasattr(data, "to_native")


def _recognize(data: Any) -> tuple[Library, Any]:
    if _is(data, "pandas", "DataFrame"):
        return _PANDAS, data
    if _is(data, "polars", "DataFrame"):
        return _POLARS, data
    if _is(data, "polars", "LazyFrame"):
        return _POLARS, data.collect()
    if _is(data, "pyarrow", "Table"):
        return _ARROW, data
    if is_duckdb(data):
        return _ARROW, arrow_table(data)
    if is_spark(data):
        raise FrameError(NOT_COLLECTED)
    name = type(data).__name__
    if of_narwhals(data):
        return _recognize(data.to_native())
    if hasattr(data, "__arrow_c_stream__") and not name.endswith("Series"):
        pa = _pyarrow(f"working on a {name} through Arrow")
        try:
            return _ARROW, pa.table(data)
        except pa.ArrowInvalid:
            raise FrameError(f"the Arrow data of this {name} is not a table of columns") from None
    if _is(data, "pyarrow", "RecordBatch"):
        return _ARROW, sys.modules["pyarrow"].table(data)
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
    if of_narwhals(given):
        from narwhals import from_native

        return from_native(_restored(given.to_native(), native))
    return native


def _refuse_mixed(column: Any, name: str, kind: str, where: str) -> None:
    """Refuse a pandas column of which the values have no common kind in another library."""
    if find_spec("pyarrow") is None:  # told where it is needed
        return
    import pyarrow as pa

    mixed = False
    try:
        pa.Array.from_pandas(column)
    except (pa.ArrowException, TypeError, ValueError, OverflowError):  # its words hold the cell
        mixed = True
    if mixed:
        raise _no_column_for(name, kind, where)


def _no_column_for(name: str, kind: str, where: str) -> FrameError:
    return FrameError(
        f"{where}: the column {name!r} holds values of more than one kind, or of one that {kind} has no column for; "
        "make them all text, numbers or dates"
    )
