"""pandas frames, of NumPy, nullable and Arrow dtypes."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from copy import deepcopy
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from ipm_outcomes.errors import FrameError
from ipm_outcomes.frames._arrow import Arrow, arrow_array
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

Family = Literal["numpy", "nullable", "arrow"]


class Pandas(Library):
    """pandas frames."""

    kind: ClassVar[Kind] = "pandas"

    @property
    def pd(self) -> Any:
        return sys.modules["pandas"]

    def labels(self, frame: Any) -> list[Any]:
        return list(frame.columns)

    def column(self, frame: Any, label: Any) -> Any:
        return frame[label]

    def without(self, frame: Any, labels: Sequence[Any]) -> Any:
        return frame.drop(columns=list(labels))

    def added(self, frame: Any, columns: Mapping[str, Column], like: Sequence[Any]) -> Any:
        pd, family = self.pd, _family(like)
        added = pd.DataFrame(
            {name: self._array(column, family) for name, column in columns.items()},
            index=frame.index,
            copy=False,
        )
        # Columns put side by side by position: an index with repeats must not be aligned.
        joined = (
            pd.concat([frame, added], axis=1) if frame.index.is_unique else self._side_by_side(frame, added)
        )
        if frame.columns.nlevels == 1:
            joined.columns = pd.Index([*frame.columns, *added.columns], name=frame.columns.name)
        joined.attrs = deepcopy(frame.attrs)
        return joined

    def _side_by_side(self, frame: Any, added: Any) -> Any:
        joined = self.pd.concat([frame.reset_index(drop=True), added.reset_index(drop=True)], axis=1)
        joined.index = frame.index
        return joined

    def made(self, columns: Mapping[str, Any], like: Sequence[Any]) -> Any:
        family = _family(like)
        return self.pd.DataFrame(
            {
                n: c.array if isinstance(c, self.pd.Series) else self._array(c, family)
                for n, c in columns.items()
            },
            copy=False,
        )

    def listed(
        self, columns: Mapping[str, list[Any]], kinds: Mapping[str, CellKind], like: Mapping[str, Any]
    ) -> Any:
        pd = self.pd
        # Before pandas 3 "str" is NumPy's kind of text, in which none becomes the word None.
        text = "str" if int(pd.__version__.split(".")[0]) >= 3 else object

        def column(values: list[Any], kind: CellKind) -> Any:
            if kind == "real":
                return np.array([np.nan if v is None else v for v in values], float)
            if kind == "date":
                return pd.Series(np.array(values, "datetime64[s]"))
            if kind in ("any", "truth"):
                return values
            types: dict[str, Any] = {"whole": "int64", "whole or null": "Int64", "text": text}
            return pd.Series(values, dtype=types[kind])

        return pd.DataFrame(
            {
                n: pd.Series(v, dtype=like[n].dtype) if n in like else column(v, kinds.get(n, "text"))
                for n, v in columns.items()
            }
        )

    def beside(self, frame: Any, name: str, values: list[Any], kind: CellKind) -> Any:
        """With the index of the frame, so that rows are not put in another order."""
        return super().beside(frame, name, values, kind).set_axis(frame.index)

    def with_kinds(self, frame: Any) -> tuple[Any, set[str], set[str]]:
        """Object columns of truth values or dates get a dtype that knows missing."""
        kinds = {
            name: self.pd.api.types.infer_dtype(frame[name], skipna=True)
            for name in frame.columns
            if frame[name].dtype == object
        }
        dtypes = {"boolean": "boolean", "date": "datetime64[s]"}
        changed = {name: dtypes[kind] for name, kind in kinds.items() if kind in dtypes}
        empty, days = ({n for n, kind in kinds.items() if kind == wanted} for wanted in ("empty", "date"))
        return frame.astype(changed) if changed else frame, empty, days

    def relabeled(self, frame: Any, label: Any, names: Mapping[str, str]) -> Any:
        column = frame[label]
        texts = column.astype(object).map(lambda text: names.get(text, text), na_action="ignore")
        renamed = frame.copy(deep=False)
        renamed[label] = texts if hasattr(column.dtype, "categories") else texts.astype(column.dtype)
        return renamed

    def converted(self, frame: Any) -> Any:
        return frame.to_pandas()

    def take(self, column: Any, index: Ints) -> Any:
        absent = bool((index < 0).any())
        if absent and isinstance(column.dtype, np.dtype) and column.dtype.kind in "iub":
            # Whole numbers with nulls have no NumPy form that stays whole.
            column = column.convert_dtypes()
        return self.pd.Series(column.array.take(index, allow_fill=absent))

    def cell(self, column: Any, row: int) -> Any:
        return column.array[row]

    def values(self, column: Any) -> list[Any]:
        return list(column.to_list())

    def nested(self, column: Any) -> bool:
        return False

    def keys(self, columns: Sequence[Any], where: str) -> tuple[NDArray[Any], Any]:
        pd = self.pd
        plain = [_without_nan(self.plain(column)) for column in columns]
        numeric = {
            pd.api.types.is_numeric_dtype(column.dtype)
            for column in plain
            if len(column) and not column.isna().all()
        }
        if len(numeric) > 1:
            raise of_two_kinds(where)
        if numeric == {True} and len({str(column.dtype) for column in plain}) > 1:
            plain = [self._exact(column, where) for column in plain]
        both = plain[0] if len(plain) == 1 else pd.concat(plain, ignore_index=True)
        try:
            codes, values = pd.factorize(both, sort=True)
        except TypeError as error:
            raise FrameError(
                f"{where}: holds values of several kinds; make them all text or all numbers"
            ) from error
        # Codes of a nullable or Arrow column come back as NumPy integers all the same.
        return np.asarray(codes, np.int64), pd.Series(values)

    def _exact(self, column: Any, where: str) -> Any:
        """Whole numbers of any dtype as nullable int64: side by side pandas would make them floats, and two
        patients one.
        """
        if self.pd.api.types.is_float_dtype(column.dtype):
            known = column.to_numpy(dtype=np.float64, na_value=np.nan)
            known = known[~np.isnan(known)]
            if ((known != np.rint(known)) | (np.abs(known) > 2.0**53)).any():
                raise FrameError(
                    f"{where}: decimals in one table and whole numbers in the other; make both text"
                )
        try:
            return column.astype("Int64")
        except (OverflowError, TypeError, ValueError):
            raise too_large(where) from None

    def numbers(self, column: Any, loose: bool = False) -> Floats | None:
        if loose and column.isna().all():
            return np.full(len(column), np.nan)
        if loose and column.dtype == object:
            kind = self.pd.api.types.infer_dtype(column, skipna=True)
            if kind not in ("floating", "integer", "mixed-integer-float", "decimal", "empty"):
                return None
        elif not self._numeric(column.dtype):
            return None
        return np.asarray(column.to_numpy(dtype=np.float64, na_value=np.nan), np.float64)

    def _numeric(self, dtype: Any) -> bool:
        of = self.pd.api.types
        return bool(of.is_numeric_dtype(dtype) and not of.is_bool_dtype(dtype))

    def wholes(self, column: Any) -> tuple[Ints, Bools] | None:
        if not self.pd.api.types.is_integer_dtype(column.dtype):
            return None
        unsigned = self.pd.api.types.is_unsigned_integer_dtype(column.dtype)
        if unsigned and column.dropna().max() > np.iinfo(np.int64).max:
            return None
        return column.to_numpy(dtype=np.int64, na_value=0), column.isna().to_numpy(dtype=bool)

    def flags(self, column: Any) -> NDArray[np.int8] | None:
        if column.isna().all():
            return np.full(len(column), -1, np.int8)
        if isinstance(column.dtype, self.pd.ArrowDtype):
            return Arrow().flags(_in_arrow(column))
        if self.pd.api.types.infer_dtype(column, skipna=True) != "boolean":
            return None
        return np.asarray(column.to_numpy(dtype=np.int8, na_value=-1), np.int8)

    def plain(self, column: Any) -> Any:
        if isinstance(column.dtype, self.pd.CategoricalDtype):
            return column.astype(column.cat.categories.dtype)
        return column

    def stamps(self, column: Any) -> tuple[NDArray[Any], NDArray[Any]] | None:
        pd = self.pd
        if isinstance(column.dtype, pd.ArrowDtype):
            return Arrow().stamps(_in_arrow(column))
        if not pd.api.types.is_datetime64_any_dtype(column.dtype):
            return None
        local = column.dt.tz_localize(None).to_numpy()
        return local, column.dt.tz_convert(None).to_numpy() if column.dt.tz is not None else local

    def distinct(self, column: Any) -> tuple[Ints, list[Any]]:
        try:
            codes, distinct = self.pd.factorize(column)
        except (TypeError, OverflowError):  # lists, and numbers too large, that pandas cannot distinguish
            return every_entry(column.tolist())
        return np.asarray(codes, np.int64), distinct.tolist()

    def dates(self, days: Ints, null: Bools) -> Any:
        stamps = days.astype("datetime64[D]").astype("datetime64[s]")
        stamps[null] = np.datetime64("NaT")
        return self.pd.Series(stamps)

    def truth(self, values: Bools, null: Bools) -> Any:
        return self.pd.Series(self.pd.arrays.BooleanArray(values.copy(), null.copy()))

    def texts(self, name: str, cells: NDArray[np.object_], like: Any) -> Any:
        given = like.dtype
        return self.pd.Series(cells, dtype=given if isinstance(given, self.pd.StringDtype) else object)

    def _array(self, column: Column, family: Family) -> Any:
        pd = self.pd
        if family == "arrow":
            return pd.arrays.ArrowExtensionArray(arrow_array(column))
        if isinstance(column, Words):
            return pd.Categorical.from_codes(column.codes, list(column.labels), ordered=column.ordered)
        if isinstance(column, Whole):  # whole numbers with nulls have no NumPy form that stays exact
            return pd.arrays.IntegerArray(column.values, column.null)
        if family == "nullable" and column.dtype.kind == "f":
            return pd.arrays.FloatingArray(column, np.isnan(column))
        if family == "nullable" and column.dtype.kind in "iu":
            return pd.arrays.IntegerArray(column, np.zeros(len(column), bool))
        return column


def _family(like: Sequence[Any]) -> Family:
    dtypes = [column.dtype for column in like]
    if any(type(dtype).__name__ == "ArrowDtype" for dtype in dtypes):
        return "arrow"
    return "nullable" if any(hasattr(dtype, "numpy_dtype") for dtype in dtypes) else "numpy"


def _in_arrow(column: Any) -> Any:
    """A column of an Arrow dtype as PyArrow has it."""
    import pyarrow as pa

    return pa.chunked_array(column.array.__arrow_array__())


def _without_nan(column: Any) -> Any:
    """A column in which NaN is null, as an Arrow column of pandas would not have it."""
    if isinstance(column.dtype, np.dtype) or column.dtype.kind != "f":
        return column
    return column.mask(np.isnan(column.to_numpy(dtype=np.float64, na_value=np.nan)))
