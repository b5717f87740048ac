"""Columns of any kind of data frame as NumPy arrays, and back: keys as codes, numbers, exact integers."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib import import_module
from importlib.util import find_spec
from typing import Any

import numpy as np
import numpy.typing as npt

from ipm_outcomes.errors import FrameError
from ipm_outcomes.frames._date_cells import FIRST_DAY, LAST_DAY
from ipm_outcomes.frames._frame import Frame

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

FUTURE = 3
"""State of a date cell beside those that reading gives: a date after the day up to which the data reach."""


def as_kind(frame: Frame, like: Frame, needed: Sequence[str] | None) -> Frame:
    """The frame, in the kind of another one where the two differ; of pandas then only the columns that are needed."""
    if frame.kind == like.kind:
        return frame
    if frame.kind == "pandas":
        if needed is not None:
            frame = Frame(frame.native[[label for label in frame.native.columns if str(label) in needed]])
        for name in frame.names:
            _refuse_mixed(frame.column(name), name, like.kind)
    try:
        if like.kind == "polars":
            return Frame(sys.modules["polars"].DataFrame(frame.native))
        if like.kind == "pyarrow":
            import pyarrow as pa

            return Frame(pa.table(frame.native))
        return Frame(frame.native.to_pandas())
    except ImportError:
        raise FrameError(
            f"episodes: a {frame.kind} frame beside {like.kind} scores needs pyarrow; give both in one kind"
        ) from None


def _refuse_mixed(column: Any, name: str, kind: str) -> None:
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
        raise FrameError(
            f"episodes: the column {name!r} holds values of more than one kind, which {kind} has no column for; "
            "make them all text, numbers or dates"
        )


def keys(columns: Sequence[Any], kind: str, told: str) -> tuple[list[Ints], Any]:
    """Code the columns of one key together: codes in the order of the values (-1 for null); distinct values.

    ``columns`` are native columns of one kind of frame; the distinct values come back as such a column.
    """
    if any(_nested(column, kind) for column in columns):
        raise FrameError(f"{told}: holds lists or other nested values; give text or numbers")
    sizes = np.cumsum([len(column) for column in columns])[:-1]
    if kind == "polars":
        codes, values = _polars_keys(columns, told)
    elif kind == "pyarrow":
        codes, values = _arrow_keys(columns, told)
    else:
        codes, values = _pandas_keys(columns, told)
    return [part.astype(np.int64) for part in np.split(codes, sizes)], values


def _nested(column: Any, kind: str) -> bool:
    if kind == "polars":
        return bool(column.dtype.is_nested())
    if kind == "pyarrow":
        return bool(import_module("pyarrow").types.is_nested(column.type))
    return False


def _polars_keys(columns: Sequence[Any], told: str) -> tuple[npt.NDArray[Any], Any]:
    pl = sys.modules["polars"]
    kinds = set()
    plain = []
    for column in columns:
        if column.dtype in (pl.Categorical, pl.Enum):
            column = column.cast(pl.String)
        elif column.dtype.is_float():
            column = column.fill_nan(None)
        elif column.dtype.is_integer() and len(columns) > 1:
            try:
                column = column.cast(pl.Int64)
            except pl.exceptions.PolarsError:
                raise FrameError(_too_large(told)) from None
        plain.append(column)
        if column.null_count() < len(column) or column.dtype != pl.Null:
            kinds.add(column.dtype)
    if len(kinds) > 1:
        raise FrameError(_mixed(told))
    if kinds:
        plain = [column.cast(next(iter(kinds))) for column in plain]
    both = plain[0] if len(plain) == 1 else pl.concat([column.alias("key") for column in plain])
    values = both.drop_nulls().unique().sort()
    if not len(values):
        return np.full(len(both), -1, np.int64), values
    codes = both.replace_strict(values, np.arange(len(values)), default=-1, return_dtype=pl.Int64)
    return codes.fill_null(-1).to_numpy(), values


def _arrow_keys(columns: Sequence[Any], told: str) -> tuple[npt.NDArray[Any], Any]:
    import pyarrow as pa

    pc: Any = import_module("pyarrow.compute")  # its functions are made at import; checkers do not see all
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
                raise FrameError(_too_large(told)) from None
        elif pa.types.is_floating(column.type):
            column = pc.if_else(pc.is_nan(column), pa.scalar(None, column.type), column)
        plain.append(column)
    kinds = {column.type for column in plain if not pa.types.is_null(column.type)}
    if len(kinds) > 1:
        raise FrameError(_mixed(told))
    if kinds:
        plain = [column.cast(next(iter(kinds))) for column in plain]
    both = pa.chunked_array([chunk for column in plain for chunk in column.chunks], plain[0].type)
    coded = both.combine_chunks().dictionary_encode()
    if isinstance(coded, pa.ChunkedArray):
        coded = coded.combine_chunks()
    values = coded.dictionary
    order = pc.sort_indices(values).to_numpy()
    rank = np.empty(len(order) + 1, np.int64)
    rank[order] = np.arange(len(order))
    rank[-1] = -1
    codes = coded.indices.fill_null(-1).to_numpy(zero_copy_only=False)
    return rank[codes], values.take(pa.array(order))


def _pandas_keys(columns: Sequence[Any], told: str) -> tuple[npt.NDArray[Any], Any]:
    pd = sys.modules["pandas"]
    plain = [
        column.astype(column.cat.categories.dtype)
        if isinstance(column.dtype, pd.CategoricalDtype)
        else column
        for column in columns
    ]
    plain = [_without_nan(column) for column in plain]
    numeric = {
        pd.api.types.is_numeric_dtype(column.dtype)
        for column in plain
        if len(column) and not column.isna().all()
    }
    if len(numeric) > 1:
        raise FrameError(_mixed(told))
    if numeric == {True} and len({str(column.dtype) for column in plain}) > 1:
        plain = [_exact(column, told) for column in plain]
    both = plain[0] if len(plain) == 1 else pd.concat(plain, ignore_index=True)
    try:
        codes, values = pd.factorize(both, sort=True)
    except TypeError as error:
        raise FrameError(
            f"{told}: holds values of several kinds; make them all text or all numbers"
        ) from error
    # Codes of a nullable or Arrow column come back as NumPy integers all the same.
    return np.asarray(codes, np.int64), pd.Series(values)


def _without_nan(column: Any) -> Any:
    """A column in which NaN is null, as an Arrow column of pandas would not have it."""
    if isinstance(column.dtype, np.dtype) or column.dtype.kind != "f":
        return column
    return column.mask(np.isnan(column.to_numpy(dtype=np.float64, na_value=np.nan)))


def _exact(column: Any, told: str) -> Any:
    """Whole numbers of any dtype as nullable int64: side by side pandas would make them floats, and two
    patients one.
    """
    pd = sys.modules["pandas"]
    if pd.api.types.is_float_dtype(column.dtype):
        known = column.to_numpy(dtype=np.float64, na_value=np.nan)
        known = known[~np.isnan(known)]
        if ((known != np.rint(known)) | (np.abs(known) > 2.0**53)).any():
            raise FrameError(f"{told}: decimals in one table and whole numbers in the other; make both text")
    try:
        return column.astype("Int64")
    except (OverflowError, TypeError, ValueError):
        raise FrameError(_too_large(told)) from None


def _too_large(told: str) -> str:
    return f"{told}: numbers too large to be compared exactly; make them text in both tables"


def _mixed(told: str) -> str:
    return f"{told}: of one kind in the scores and of another in the episodes; make both text or both numbers"


def words(frame: Frame, name: str) -> tuple[Ints, list[Any]]:
    """A column of few distinct values: codes (-1 for null) and the values as Python objects."""
    (codes,), values = keys([frame.column(name)], frame.kind, name)
    return codes, values.to_list() if hasattr(values, "to_list") else values.to_pylist()


def take(column: Any, index: Ints, kind: str) -> Any:
    """Entries of a native column by position; -1 gives null."""
    absent = index < 0
    if kind == "polars":
        pl = sys.modules["polars"]
        places = pl.Series("index", index)
        if absent.any():
            places = places.set(pl.Series(absent), None)
        return column.gather(places)
    if kind == "pyarrow":
        import pyarrow as pa

        if column.type == pa.string_view():  # pyarrow cannot take from these
            column = column.cast(pa.large_string())
        return column.take(pa.array(index, mask=absent))
    pd = sys.modules["pandas"]
    if absent.any() and isinstance(column.dtype, np.dtype) and column.dtype.kind in "iub":
        # Whole numbers with nulls have no NumPy form that stays whole.
        column = column.convert_dtypes()
    return pd.Series(column.array.take(index, allow_fill=bool(absent.any())))


def numbers(frame: Frame, name: str, way_out: str = "scores are numbers") -> Floats:
    """A column of numbers as float64, null as NaN; anything else is refused."""
    column = frame.column(name)
    told = f"{name}: holds text or something else that is no number; {way_out}"
    if frame.kind == "polars":
        pl = sys.modules["polars"]
        if not (column.dtype.is_numeric() or column.dtype == pl.Null):
            raise FrameError(told)
        found = column.cast(pl.Float64).fill_null(np.nan).to_numpy()
    elif frame.kind == "pyarrow":
        import pyarrow as pa

        t = column.type
        if column.null_count == len(column):
            return np.full(len(column), np.nan)
        if not (
            pa.types.is_integer(t) or pa.types.is_floating(t) or pa.types.is_decimal(t) or pa.types.is_null(t)
        ):
            raise FrameError(told)
        found = column.cast(pa.float64()).fill_null(np.nan).to_numpy()
    else:
        pd = sys.modules["pandas"]
        if column.isna().all():
            return np.full(len(column), np.nan)
        if column.dtype == object:
            if pd.api.types.infer_dtype(column, skipna=True) not in (
                "floating",
                "integer",
                "mixed-integer-float",
                "decimal",
                "empty",
            ):
                raise FrameError(told)
        elif not pd.api.types.is_numeric_dtype(column.dtype) or pd.api.types.is_bool_dtype(column.dtype):
            raise FrameError(told)
        found = column.to_numpy(dtype=np.float64, na_value=np.nan)
    infinite = np.flatnonzero(np.isinf(found))
    if infinite.size:
        raise FrameError(
            f"{name}: infinite in row {infinite[0]} (counted from 0); leave a missing number empty"
        )
    return np.asarray(found, np.float64)


def wholes(frame: Frame, name: str) -> tuple[Ints, Bools]:
    """A column of whole numbers as int64, and where it is null."""
    column = frame.column(name)
    if frame.kind == "polars" and column.dtype.is_integer():
        null = column.is_null().to_numpy()
        return column.fill_null(0).cast(sys.modules["polars"].Int64).to_numpy(), null
    if frame.kind == "pyarrow":
        import pyarrow as pa

        if pa.types.is_integer(column.type):
            null = column.is_null().to_numpy()
            return column.fill_null(0).cast(pa.int64()).to_numpy(), null
    if frame.kind == "pandas" and sys.modules["pandas"].api.types.is_integer_dtype(column.dtype):
        return column.to_numpy(dtype=np.int64, na_value=0), column.isna().to_numpy(dtype=bool)
    found = numbers(frame, name)
    null = np.isnan(found)
    whole = np.where(null, 0.0, found)
    wrong = np.flatnonzero((whole != np.rint(whole)) | (np.abs(whole) >= 2.0**53))
    if wrong.size:
        raise FrameError(f"{name}: no whole number in row {wrong[0]} (counted from 0)")
    return whole.astype(np.int64), null


def date_column(values: Ints, null: Bools, frame: Frame) -> Any:
    """A native column of dates; a day outside the calendar, as the end of a window may be, is null."""
    null = null | (values < FIRST_DAY) | (values > LAST_DAY)
    if frame.kind == "polars":
        pl = sys.modules["polars"]
        return _with_nulls(pl.Series("date", values.astype(np.int32)).cast(pl.Date), null)
    if frame.kind == "pyarrow":
        import pyarrow as pa

        return pa.array(values.astype(np.int32), mask=null).cast(pa.date32())
    stamps = values.astype("datetime64[D]").astype("datetime64[s]")
    stamps[null] = np.datetime64("NaT")
    return sys.modules["pandas"].Series(stamps)


def truth_column(values: Bools, null: Bools, frame: Frame) -> Any:
    """A native column of truth values with nulls."""
    if frame.kind == "polars":
        return _with_nulls(sys.modules["polars"].Series("truth", values), null)
    if frame.kind == "pyarrow":
        import pyarrow as pa

        return pa.array(values, mask=null)
    pd = sys.modules["pandas"]
    return pd.Series(pd.arrays.BooleanArray(values.copy(), null.copy()))


def _with_nulls(series: Any, null: Bools) -> Any:
    pl = sys.modules["polars"]
    if not null.any():
        return series
    return series.zip_with(pl.Series(~null), pl.Series([None], dtype=series.dtype))
