"""Polars frames."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from functools import lru_cache
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

_SPACE, _NO_SPACE = r"[\s\x1c-\x1f]", r"[^\s\x1c-\x1f]"
"""What Python takes for spaces, which has four more signs than Polars."""


class Polars(Library):
    """Eager Polars frames."""

    kind: ClassVar[Kind] = "polars"

    @property
    def pl(self) -> Any:
        return sys.modules["polars"]

    def labels(self, frame: Any) -> list[Any]:
        return list(frame.columns)

    def column(self, frame: Any, label: Any) -> Any:
        return frame[label]

    def without(self, frame: Any, labels: Sequence[Any]) -> Any:
        # As `drop`, which asks the engine for a plan first. Of a list a column without a name would be given one.
        return self.pl.DataFrame(
            {column.name: column for column in frame.get_columns() if column.name not in labels}
        )

    def added(self, frame: Any, columns: Mapping[str, Column], like: Sequence[Any]) -> Any:
        new = self._new(columns)
        return frame.hstack(new) if frame.width else self.pl.DataFrame(new)

    def made(self, columns: Mapping[str, Any], like: Sequence[Any]) -> Any:
        native = {n: c.alias(n) for n, c in columns.items() if isinstance(c, self.pl.Series)}
        new = self._new({n: c for n, c in columns.items() if n not in native})
        series = {column.name: column for column in new} | native
        return self.pl.DataFrame({n: series[n] for n in columns})

    def listed(
        self, columns: Mapping[str, list[Any]], kinds: Mapping[str, CellKind], like: Mapping[str, Any]
    ) -> Any:
        pl = self.pl
        types = {"whole": pl.Int64, "whole or null": pl.Int64, "real": pl.Float64}
        types |= {"date": pl.Date, "truth": pl.Boolean}
        schema = {n: types.get(kinds.get(n, "text"), pl.String) for n in columns}
        return pl.DataFrame(dict(columns), schema=schema | {n: column.dtype for n, column in like.items()})

    def relabeled(self, frame: Any, label: Any, names: Mapping[str, str]) -> Any:
        return frame.with_columns(self.pl.col(label).cast(self.pl.String).replace(dict(names)))

    def converted(self, frame: Any) -> Any:
        return self.pl.DataFrame(frame)

    def take(self, column: Any, index: Ints) -> Any:
        absent = index < 0
        if not absent.any():
            return column.gather(index)
        return column.gather(self.pl.Series("index", index).set(self.pl.Series(absent), None))

    def cell(self, column: Any, row: int) -> Any:
        return column[row]

    def values(self, column: Any) -> list[Any]:
        return list(column.to_list())

    def nested(self, column: Any) -> bool:
        return bool(column.dtype.is_nested())

    def keys(self, columns: Sequence[Any], where: str) -> tuple[NDArray[Any], Any]:
        pl = self.pl
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
                    raise too_large(where) from None
            plain.append(column)
            if column.null_count() < len(column) or column.dtype != pl.Null:
                kinds.add(column.dtype)
        if len(kinds) > 1:
            raise of_two_kinds(where)
        if kinds:
            plain = [column.cast(next(iter(kinds))) for column in plain]
        both = plain[0] if len(plain) == 1 else pl.concat([column.alias("key") for column in plain])
        values = both.drop_nulls().unique().sort()
        if not len(values):
            return np.full(len(both), -1, np.int64), values
        codes = both.replace_strict(values, np.arange(len(values)), default=-1, return_dtype=pl.Int64)
        return codes.fill_null(-1).to_numpy(), values

    def numbers(self, column: Any, loose: bool = False) -> Floats | None:
        if not (column.dtype.is_numeric() or (loose and column.dtype == self.pl.Null)):
            return None
        return self._floats(column)

    def wholes(self, column: Any) -> tuple[Ints, Bools] | None:
        if not column.dtype.is_integer():
            return None
        whole = column.cast(self.pl.Int64, strict=False)
        if whole.null_count() > column.null_count():
            return None
        return whole.fill_null(0).to_numpy(), column.is_null().to_numpy()

    def flags(self, column: Any) -> NDArray[np.int8] | None:
        if column.dtype not in (self.pl.Boolean, self.pl.Null):
            return None
        flags: NDArray[np.int8] = column.cast(self.pl.Int8).fill_null(-1).to_numpy()
        return flags

    def _floats(self, column: Any) -> Floats:
        return np.asarray(column.cast(self.pl.Float64).fill_null(np.nan).to_numpy(), np.float64)

    def plain(self, column: Any) -> Any:
        return column

    def stamps(self, column: Any) -> tuple[NDArray[Any], NDArray[Any]] | None:
        pl = self.pl
        if column.dtype == pl.Date:
            days = column.to_numpy().astype("datetime64[D]")
            return days, days
        if column.dtype != pl.Datetime:
            return None
        local = column.dt.replace_time_zone(None).to_numpy()
        if column.dtype.time_zone is None:
            return local, local
        return local, column.dt.convert_time_zone("UTC").dt.replace_time_zone(None).to_numpy()

    def distinct(self, column: Any) -> tuple[Ints, list[Any]]:
        pl = self.pl
        if column.dtype not in (pl.String, pl.Categorical, pl.Enum):
            return every_entry(column.to_list())
        if column.dtype == pl.Enum:
            codes = column.to_physical().cast(pl.Int64).fill_null(-1).to_numpy()
            held = np.flatnonzero(np.bincount(codes + 1)[1:])
            names = column.dtype.categories.to_list()
            places = np.full(len(names) + 1, -1, np.int64)  # counted from the end, the last is that of null
            places[held] = np.arange(len(held))
            return places[codes], [names[place] for place in held.tolist()]
        column = column.cast(pl.String)
        values = column.drop_nulls().unique()
        if not len(values):
            return np.full(len(column), -1, np.int64), []
        codes = column.replace_strict(values, np.arange(len(values)), default=-1, return_dtype=pl.Int64)
        return codes.fill_null(-1).to_numpy(), values.to_list()

    def coded(self, column: Any) -> tuple[NDArray[Any], list[Any]]:
        """Of texts, the first one of each stretch of like ones is looked up."""
        pl = self.pl
        if column.dtype == pl.Enum:
            return self._from_one(column), column.dtype.categories.to_list()
        text = column.cast(pl.String)
        begins = text[1:].ne_missing(text[:-1]).to_numpy()
        first = np.concatenate([np.zeros(min(len(text), 1), np.int64), np.flatnonzero(begins) + 1])
        several = 4 * len(first) < len(text)
        looked_up = text.gather(first) if several else text
        values = looked_up.drop_nulls().unique()
        codes = self._from_one(looked_up.cast(pl.Enum(values)))
        return np.repeat(codes, np.diff(first, append=len(text))) if several else codes, values.to_list()

    def _from_one(self, column: Any) -> NDArray[Any]:
        """Categories by number from 1 on, 0 for null."""
        numbers = column.to_physical()
        if len(column.dtype.categories) >= 255:
            numbers = numbers.cast(self.pl.UInt32)
        codes: NDArray[Any] = (numbers + 1).fill_null(0).to_numpy()
        return codes

    def categories(self, column: Any) -> list[str] | None:
        return column.dtype.categories.to_list() if column.dtype == self.pl.Enum else None

    def hashes(self, column: Any) -> tuple[NDArray[np.uint64], Bools] | None:
        if column.dtype == self.pl.Enum:
            named = [bool(text.strip()) for text in column.dtype.categories.to_list()]
            codes = column.to_physical().cast(self.pl.Int64).fill_null(-1).to_numpy()
            return codes.view(np.uint64), np.array([*named, False])[codes]
        if column.dtype != self.pl.String:
            return None
        held = column.str.contains(_NO_SPACE).fill_null(False)
        return column.hash().to_numpy(), held.to_numpy()

    def respelled(self, column: Any) -> bool:
        """Of ASCII text, by how many hashes there are with and without differences of spelling."""
        if column.dtype != self.pl.String or column.str.len_bytes().sum() != column.str.len_chars().sum():
            return True
        plain = column.str.to_lowercase()
        if plain.str.contains(_SPACE).any():
            plain = plain.str.replace_all(_SPACE, "")
        if plain.str.starts_with("0").any():
            plain = plain.str.replace(r"^0+([0-9]+)$", "${1}")
        return _different(plain.hash()) != _different(column.hash())

    def dates(self, days: Ints, null: Bools) -> Any:
        return self._with_nulls(self.pl.Series("date", days.astype(np.int32)).cast(self.pl.Date), null)

    def truth(self, values: Bools, null: Bools) -> Any:
        return self._with_nulls(self.pl.Series("truth", values), null)

    def texts(self, name: str, cells: NDArray[np.object_], like: Any) -> Any:
        return self.pl.Series(name, cells, dtype=self.pl.String)

    def _with_nulls(self, series: Any, null: Bools) -> Any:
        if not null.any():
            return series
        return series.zip_with(self.pl.Series(~null), self.pl.Series([None], dtype=series.dtype))

    def _new(self, columns: Mapping[str, Column]) -> list[Any]:
        """Columns as Polars series."""
        series = []
        for name, column in columns.items():
            if isinstance(column, Words):
                series.append(self._words(name, column))
            elif isinstance(column, Whole):
                series.append(self._with_nulls(self.pl.Series(name, column.values), column.null))
            else:
                series.append(self.pl.Series(name, column, nan_to_null=column.dtype.kind == "f"))
        return series

    def _words(self, name: str, column: Words) -> Any:
        """A column of words: one of them everywhere, then every other one where it is.

        Polars looks up the word of each row in twenty times that, as long as the words are few.
        """
        codes, rows = column.codes, len(column.codes)
        words = _each_word(column.labels)
        first, last = (int(codes.min()), int(codes.max())) if rows else (-1, -1)
        if last - first > _MOST_PUT:
            places = np.where(codes < 0, len(column.labels), codes).astype(np.uint32)
            return words.gather(self.pl.Series(places)).alias(name)
        each = self.pl.Series(codes.view(np.uint8))
        series = words[last : last + 1] if last >= 0 else words[-1:]
        for code in range(max(first, 0), last):
            if (here := each == code).any():
                series = words[code : code + 1].zip_with(here, series)
        if first < 0 <= last:  # gaps come last, so that all words are put without looking at them
            series = series.zip_with(each <= last, words[-1:])
        return (series if len(series) == rows else series.new_from_index(0, rows)).alias(name)


@lru_cache(maxsize=64)
def _each_word(labels: tuple[str, ...]) -> Any:
    """A column of the words, and none at the end."""
    pl = sys.modules["polars"]
    return pl.Series([*labels, None], dtype=pl.Enum(list(labels)))


def _different(numbers: Any) -> int:
    """How many different numbers these are."""
    return int(np.count_nonzero(np.diff(np.sort(numbers.to_numpy()))))


_MOST_PUT = 16
"""With more words than these they are looked up."""
