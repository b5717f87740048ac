"""Reading the tables that come in: words as text, NaN as null, counts by the engine of the frame itself."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ipm_outcomes.errors import FrameError
from ipm_outcomes.frames._blank import blank_rows, with_answers
from ipm_outcomes.frames._dates import DATED, read_dates
from ipm_outcomes.frames._frame import Frame
from ipm_outcomes.frames._library import CellKind, plain_value
from ipm_outcomes.frames._stage import Stage, refuse_other_stage
from ipm_outcomes.program._columns import COLUMNS
from ipm_outcomes.report._program import OPEN, ScaleKey

_NEEDED = {
    "scores": ("instrument", "scale", "value", "band", "answered", "absent"),
    "changes": ("patient_id", "episode", "instrument", "scale", "target", "baseline", "followup", "reason"),
    "indicators": (*COLUMNS, *("definition", "title", "instrument", "scale", "target", "band")),
}

_STAGES: dict[str, Stage] = {"scores": "scores", "changes": "changes", "indicators": "figures"}


class Table:
    """A table that came in, with its words as plain text and NaN as null."""

    def __init__(self, name: str, data: Any) -> None:
        import narwhals as nw

        try:
            self.face = Frame(data)
        except FrameError as error:
            raise FrameError(f"{name}: {error}") from None
        if stage := _STAGES.get(name):
            refuse_other_stage(self.face.names, stage, _NEEDED[name], name)
        self.face.require(_NEEDED.get(name, ()), name)
        self.name = name
        self.blank_rows = 0
        self.frame: Any = nw.from_native(self.face.native, eager_only=True)
        self.schema: dict[str, Any] = dict(self.frame.collect_schema())

    def __contains__(self, column: str) -> bool:
        return column in self.schema

    def word(self, column: str) -> Any:
        """An expression: a column as text, empty where there is none."""
        import narwhals as nw

        text = nw.col(column)
        return nw.when(text.is_null()).then(nw.lit("")).otherwise(text.cast(nw.String)).alias(column)

    def number(self, column: str) -> Any:
        """An expression: a column as float64, null where there is none."""
        import narwhals as nw

        return nw.col(column).cast(nw.Float64).fill_nan(None)

    def still_open(self) -> Any:
        """An expression: whether the follow-up window was not over on the as-of date, as the indicators count it."""
        import narwhals as nw

        is_open = self.word("reason") == OPEN
        if OPEN in self.schema and self.schema[OPEN] == nw.Boolean:
            is_open = is_open | nw.col(OPEN).fill_null(False)
        return is_open.alias("still_open")

    def counts(self, *keys: Any, of: Any = None) -> Iterator[tuple[Any, ...]]:
        """Count rows (or add up an expression) by the frame's own engine: each key once, with its count."""
        import narwhals as nw

        counted = (nw.lit(1) if of is None else of).cast(nw.Int64).alias("__n")
        small = self.frame.select(*keys, counted)
        names = small.columns[:-1]
        if not len(small):
            return
        small = small.group_by(names).agg(nw.col("__n").sum())
        for row in sorted(small.iter_rows(), key=lambda row: tuple(map(str, row))):
            yield tuple(plain_value(v) for v in row)

    def with_answers(self) -> Table:
        """The scores of rows that hold an answer; how many rows of the data hold none is noted."""
        blank = blank_rows(self.frame)
        if not blank:
            return self
        table = self._of(with_answers(self.frame))
        table.blank_rows = blank
        return table

    def only(self, condition: Any) -> Table:
        """The rows for which a condition holds."""
        return self._of(self.frame.filter(condition))

    def _of(self, frame: Any) -> Table:
        table = object.__new__(Table)
        table.face, table.name, table.schema = self.face, self.name, self.schema
        table.blank_rows, table.frame = self.blank_rows, frame
        return table


def is_scale(key: ScaleKey, table: Table) -> Any:
    return (table.word("instrument") == key[0]) & (table.word("scale") == key[1])


def at_target(key: ScaleKey, target: str, table: Table) -> Any:
    return is_scale(key, table) & (table.word("target") == target)


def unhidden_rows(table: Table, way_out: str) -> Iterator[dict[str, Any]]:
    """The rows of a table of figures as plain values; one that was suppressed is refused."""
    for cells in table.frame.iter_rows(named=True):
        if plain_value(cells["suppressed"]) not in (None, "", False):
            raise FrameError(f"{table.name}: already suppressed; give the table as it was before, {way_out}")
        yield {name: plain_value(value) for name, value in cells.items()}


def days_of(table: Table, column: str) -> NDArray[np.datetime64]:
    """A column of dates, NaT where there is none."""
    dates = read_dates(Frame(table.frame.to_native()), column)
    days = dates.day.astype("datetime64[D]")
    days[dates.state != DATED] = np.datetime64("NaT")
    return days


def small_frame(columns: Mapping[str, list[Any]], like: Frame) -> Any:
    """A small table in the kind of frame that was given, so that no other library is needed."""
    whole = ("eligible", "observed", "numerator", "denominator", "patients", "position")
    real = ("estimate", "lower", "upper", "level", "worst", "best", "member_months")
    kinds: dict[str, CellKind] = {
        name: "whole or null" if name in whole else "real" if name in real else "any" for name in columns
    }
    return like.library.listed(columns, kinds, {})


def cells_of(table: Any) -> Iterator[dict[str, Any]]:
    import narwhals as nw

    for cells in nw.from_native(table, eager_only=True).iter_rows(named=True):
        yield {name: plain_value(value) for name, value in cells.items()}
