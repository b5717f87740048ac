"""The cells of a column as NumPy has them, a stretch of rows at a time, each distinct text once."""

from __future__ import annotations

from collections.abc import Callable
from importlib.util import find_spec
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ipm_outcomes.errors import FrameError
from ipm_outcomes.frames._kernel import CHUNK
from ipm_outcomes.frames._scale_columns import I8


class Coded(NamedTuple):
    """Cells of few distinct values: for each cell the place of its value, -1 where it holds none."""

    places: NDArray[Any]
    values: list[Any]


_BLOCK = 16 * CHUNK
_SAMPLE = 1000
_MOST_DISTINCT = 10_000
"""With more distinct texts than these in a block, cells are judged one by one."""
_MOST_SHARED = 100
"""With more distinct objects than these among the first cells, they are no longer looked at by where they are."""

Fetch = Callable[[int, int], tuple[Any, I8 | None]]
"""Gives the cells from row start to stop, with -1 where there is none and 0 elsewhere (None: none is missing)."""


def _blank(missing: NDArray[np.bool_]) -> I8:
    """True to -1, all bits set, which is `MISSING` whatever is below it."""
    return np.negative(missing.view(np.int8))


def _from_polars(column: Any, whole: bool) -> Fetch:
    import polars as pl

    dtype = column.dtype
    if isinstance(dtype, pl.Enum):
        return _by_block(column, lambda part: _coded_of_polars(part, dtype.categories.to_list()))
    if isinstance(dtype, pl.Categorical):
        return _by_block(column, _coded_of_categories)
    if dtype == pl.String:
        return _of_texts(column)
    wide = str(dtype) in ("Int128", "UInt128")  # NumPy has no such numbers
    if wide or not (dtype.is_integer() or dtype.is_float() or dtype == pl.Boolean):
        return lambda start, stop: (column[start:stop].to_list(), None)
    column = column.rechunk()
    if not column.null_count():
        values = column.to_numpy()
        return lambda start, stop: (values[start:stop], None)
    if dtype != pl.Boolean and find_spec("pyarrow"):
        return _from_pyarrow(column.to_arrow(), whole)
    fill = False if dtype == pl.Boolean else 0
    return _by_block(
        column, lambda part: (part.fill_null(fill).to_numpy(), _blank(part.is_null().to_numpy()))
    )


def _by_block(column: Any, read: Callable[[Any], tuple[Any, I8 | None]]) -> Fetch:
    """A call to a library costs more than a chunk does, so columns are read in larger blocks."""
    block: tuple[int, Any, Any] = (-1, None, None)

    def fetch(start: int, stop: int) -> tuple[Any, I8 | None]:
        nonlocal block
        number = start // _BLOCK
        if block[0] != number:
            block = number, *read(column[number * _BLOCK : (number + 1) * _BLOCK])
        _, values, blank = block
        stretch = slice(start - number * _BLOCK, stop - number * _BLOCK)
        cells = Coded(values.places[stretch], values.values) if isinstance(values, Coded) else values[stretch]
        return cells, None if blank is None else blank[stretch]

    return fetch


def _coded_of_polars(part: Any, values: list[Any]) -> tuple[Coded, I8 | None]:
    """Cells of an Enum."""
    blank = _blank(part.is_null().to_numpy()) if part.null_count() else None
    return Coded(part.to_physical().fill_null(0).to_numpy(), values), blank


def _coded_of_categories(part: Any) -> tuple[Coded, None]:
    """Cells of a Categorical; what number stands for which text is asked of its own cells only."""
    import polars as pl

    each = part.drop_nulls().unique()
    numbers, held = each.to_physical().to_numpy(), part.to_physical().fill_null(0).to_numpy()
    if numbers.max(initial=0) < _BLOCK:
        place_of = np.full(_BLOCK, -1)
        place_of[numbers] = np.arange(len(numbers))
        places = place_of[held]
    else:
        order = np.argsort(numbers)
        places = order[np.searchsorted(numbers[order], held)]
    if part.null_count():
        places[part.is_null().to_numpy()] = -1
    return Coded(places, each.cast(pl.String).to_list()), None


def _of_texts(column: Any) -> Fetch:
    """Texts by their distinct values: those of the first rows are looked for first."""
    import polars as pl

    known = column[:_SAMPLE].drop_nulls().unique().to_list()

    def read(part: Any) -> tuple[Any, I8 | None]:
        nonlocal known
        coded = part.cast(pl.Enum(known), strict=False)
        if coded.null_count() > part.null_count():
            every = part.drop_nulls().unique()
            if len(every) > _MOST_DISTINCT:
                return part.to_list(), None
            known = every.to_list()
            coded = part.cast(pl.Enum(known))
        return _coded_of_polars(coded, known)

    return _by_block(column, read)


def _from_pyarrow(column: Any, whole: bool) -> Fetch:
    import pyarrow as pa
    import pyarrow.types as pt

    kind = column.type
    if isinstance(column, pa.ChunkedArray):
        chunks = [chunk for chunk in column.chunks if len(chunk)]
        if not chunks:
            return lambda start, stop: ([], None)
        column = chunks[0] if len(chunks) == 1 else pa.chunked_array(chunks).combine_chunks()
        if isinstance(column, pa.ChunkedArray):  # longer than one array can be
            raise FrameError("a column is too long for one Arrow array; give the table in parts")
    if pt.is_string(kind) or pt.is_large_string(kind):
        return lambda start, stop: (
            _coded_of_arrow(column.slice(start, stop - start).dictionary_encode()),
            None,
        )
    if pt.is_dictionary(kind) and (pt.is_string(kind.value_type) or pt.is_large_string(kind.value_type)):
        values = column.dictionary.to_pylist()
        return lambda start, stop: (_coded_of_arrow(column.slice(start, stop - start), values), None)
    if not (pt.is_integer(kind) or pt.is_floating(kind)):
        return lambda start, stop: (column.slice(start, stop - start).to_pylist(), None)
    validity, data = column.buffers()
    first, rows = column.offset, len(column)
    letter = "f" if pt.is_floating(kind) else "i" if pt.is_signed_integer(kind) else "u"
    dtype = np.dtype(f"{letter}{kind.bit_width // 8}")
    if not rows:
        return lambda start, stop: (np.empty(0, dtype), None)
    values = np.frombuffer(data, dtype, rows, first * dtype.itemsize)
    if not column.null_count:
        return lambda start, stop: (values[start:stop], None)
    bits = np.frombuffer(validity, np.uint8)

    def fetch(start: int, stop: int) -> tuple[Any, I8 | None]:
        begin, end = first + start, first + stop
        valid = np.unpackbits(bits[begin // 8 : -(-end // 8)], bitorder="little")
        return values[start:stop], (valid[begin % 8 :][: stop - start] - np.uint8(1)).view(np.int8)

    return fetch


def _coded_of_arrow(part: Any, values: list[Any] | None = None) -> Coded:
    import pyarrow as pa

    places = part.indices
    if places.null_count:
        places = places.cast(pa.int64()).fill_null(-1)
    texts = part.dictionary.to_pylist() if values is None else values
    return Coded(places.to_numpy(zero_copy_only=False), texts)


def _from_pandas(column: Any, whole: bool) -> Fetch:
    import pandas as pd

    array = column.array
    if type(column.dtype).__name__ == "ArrowDtype":
        import pyarrow as pa

        arrow = array.__arrow_array__()
        return _from_pyarrow(
            arrow if isinstance(arrow, pa.ChunkedArray) else pa.chunked_array([arrow]), whole
        )
    if column.dtype.kind in "iufb" and isinstance(column.dtype, np.dtype):
        values = column.to_numpy()
        return lambda start, stop: (values[start:stop], None)
    if hasattr(column.dtype, "numpy_dtype") and column.dtype.kind in "iufb":  # nullable
        fill = False if column.dtype.kind == "b" else 0
        dtype = column.dtype.numpy_dtype

        def fetch(start: int, stop: int) -> tuple[Any, I8 | None]:
            part = array[start:stop]
            return part.to_numpy(dtype=dtype, na_value=fill), _blank(np.asarray(part.isna()))

        return fetch
    if hasattr(column.dtype, "categories"):
        categories = list(column.dtype.categories)
        return lambda start, stop: (Coded(array.codes[start:stop], categories), None)
    if isinstance(column.dtype, pd.StringDtype):
        return lambda start, stop: (_factorized(array[start:stop]), None)
    if column.dtype != object:
        return lambda start, stop: (list(array[start:stop]), None)
    return lambda start, stop: (_objects(np.ascontiguousarray(array[start:stop], object), whole), None)


def first_kind(cells: Any) -> type | None:
    """Whether text or a number comes first among pandas cells; None where that was not seen.

    To ask pandas for the kind of all cells takes as long as reading them.
    """
    for cell in np.asarray(cells[:_SAMPLE], object):
        if type(cell) is str or (type(cell) in (int, float) and cell == cell):
            return type(cell)
    return None


def _objects(part: NDArray[np.object_], whole: bool) -> Any:
    """Python objects: each once where the cells share a few, else as text or numbers if all are of one kind."""
    import pandas as pd

    if (shared := _shared(part)) is not None:
        return shared
    if first_kind(part) is str:
        try:
            coded = _factorized(part)
        except TypeError:  # lists and other values that cannot be looked up
            return list(part)
        # 1, 1.0 and True are one value, and not one answer.
        return coded if all(isinstance(value, str) for value in coded.values) else list(part)
    kind = pd.api.types.infer_dtype(part, skipna=True)
    if whole and kind in ("integer", "floating", "mixed-integer-float"):
        return _floats(part)
    return list(part)


def _shared(part: NDArray[np.object_]) -> Coded | None:
    """Cells by the object that they hold, as small whole numbers and repeated texts are held; None: too many."""
    import pandas as pd

    addresses = _addresses(part)
    if len(set(addresses[: 2 * _MOST_SHARED].tolist())) > _MOST_SHARED:
        return None
    places, different = pd.factorize(addresses)
    if len(different) > _MOST_DISTINCT:
        return None
    holder = np.empty(len(different), np.intp)
    holder[places] = np.arange(len(part))
    return Coded(places, part[holder].tolist())


def _addresses(part: NDArray[np.object_]) -> NDArray[np.intp]:
    """Where the objects of an array are in memory: cells of one address are one object."""
    return np.ndarray(part.shape, np.intp, part)


def _factorized(part: Any) -> Coded:
    import pandas as pd

    places, values = pd.factorize(
        part if isinstance(part.dtype, pd.StringDtype) else np.asarray(part, object)
    )
    return Coded(np.asarray(places), list(values))


def _floats(part: NDArray[np.object_]) -> Any:
    """Objects that are numbers, as floats."""
    import pandas as pd

    present = _addresses(part) != _addresses(np.array([pd.NA], object))
    try:
        if present.all():
            return part.astype(np.float64)
        values = np.full(part.shape, np.nan)
        np.copyto(values, part, where=present, casting="unsafe")
    except (TypeError, ValueError, OverflowError):  # such as numbers that no float holds
        return list(part)
    return values


_FETCHERS: dict[str, Callable[[Any, bool], Fetch]] = {
    "pandas": _from_pandas,
    "polars": _from_polars,
    "pyarrow": _from_pyarrow,
}


def fetcher(kind: str, column: Any, whole: bool = False) -> Fetch:
    """A function that gives the cells of a column of ``"pandas"``, ``"polars"`` or ``"pyarrow"``.

    ``whole`` says that only whole numbers are looked for, so that objects that are numbers may come as floats.
    """
    return _FETCHERS[kind](column, whole)
