"""Polars frames."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
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
        return frame.drop(labels)

    def added(self, frame: Any, columns: Mapping[str, Column], like: Sequence[Any]) -> Any:
        return self._typed(frame.with_columns(self._raw(columns)), columns)

    def made(self, columns: Mapping[str, Any], like: Sequence[Any]) -> Any:
        native = {n: c.alias(n) for n, c in columns.items() if isinstance(c, self.pl.Series)}
        new = {n: c for n, c in columns.items() if n not in native}
        raw = {series.name: series for series in self._raw(new)} | native
        return self._typed(self.pl.DataFrame([raw[n] for n in columns]), new)

    def listed(
        self, columns: Mapping[str, list[Any]], kinds: Mapping[str, CellKind], like: Mapping[str, Any]
    ) -> Any:
        pl = self.pl
        types = {"whole": pl.Int64, "whole or null": pl.Int64, "real": pl.Float64}
        types |= {"date": pl.Date, "truth": pl.Boolean}
        schema = {n: types.get(kinds.get(n, "text"), pl.String) for n in columns}
        return pl.DataFrame(dict(columns), schema=schema | {n: column.dtype for n, column in like.items()})

    def for_engine(self, frame: Any) -> tuple[Any, set[str], set[str]]:
        """Lazily, so that the engine sees the whole task at once."""
        return frame.lazy(), set(), set()

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
        return column.fill_null(0).cast(self.pl.Int64).to_numpy(), column.is_null().to_numpy()

    def truths(self, column: Any) -> Floats | None:
        return self._floats(column) if column.dtype in (self.pl.Boolean, self.pl.Null) else None

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
        column = column.cast(pl.String)
        values = column.drop_nulls().unique()
        if not len(values):
            return np.full(len(column), -1, np.int64), []
        codes = column.replace_strict(values, np.arange(len(values)), default=-1, return_dtype=pl.Int64)
        return codes.fill_null(-1).to_numpy(), values.to_list()

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

    def _raw(self, columns: Mapping[str, Column]) -> list[Any]:
        """Columns as Polars series, words still as codes."""
        series = []
        for name, column in columns.items():
            if isinstance(column, Words):
                codes = column.codes
                if _often_turns(codes):
                    codes = codes & ~(codes >> 7)  # 0 for none
                # Else -1 becomes 255, which no label has, and null when the codes become words.
                series.append(self.pl.Series(name, codes.view(np.uint8)))
            elif isinstance(column, Whole):
                series.append(self._with_nulls(self.pl.Series(name, column.values), column.null))
            else:
                series.append(self.pl.Series(name, column, nan_to_null=column.dtype.kind == "f"))
        return series

    def _typed(self, frame: Any, columns: Mapping[str, Column]) -> Any:
        """The frame with codes made words, all in one call, which Polars spreads over the cores."""
        pl = self.pl
        words = {name: column for name, column in columns.items() if isinstance(column, Words)}
        if hasattr(pl.col("").cat, "to"):
            kinds = {name: pl.Enum(list(w.labels)) for name, w in words.items()}
            frame = frame.with_columns(
                [pl.col(name).cat.to(kind, strict=False) for name, kind in kinds.items()]
            )
            return frame.with_columns(
                [
                    frame[name].zip_with(pl.Series(w.codes >= 0), pl.Series([None], dtype=kinds[name]))
                    for name, w in words.items()
                    if _often_turns(w.codes)
                ]
            )
        return frame.with_columns(
            [
                pl.Series(name, [*w.labels, None], dtype=pl.Enum(list(w.labels))).gather(
                    w.codes.astype(np.int64)
                )
                for name, w in words.items()
            ]
        )


def _often_turns(codes: NDArray[np.int8]) -> bool:
    """Whether words and gaps follow each other so that a processor cannot guess which is next.

    Then it is quicker to make all of them words and to take out the gaps afterwards.
    """
    held = int(np.count_nonzero(codes >= 0))
    return 20 * min(held, len(codes) - held) > len(codes)
