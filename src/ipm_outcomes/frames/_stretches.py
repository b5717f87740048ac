"""Scoring a table that is seen a stretch of rows at a time, as lazy frames and engines hand it over.

A row is scored by itself, so that stretches change nothing, but for one thing that only the whole table shows: whether
its cells were counted from 1. It is looked for before the first score where `invalid="null"` could hide it; the look
ends at the first lowest answer.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from ipm_outcomes._fence import fenced
from ipm_outcomes.definition import Instrument
from ipm_outcomes.frames._evidence import gather, optioned
from ipm_outcomes.frames._frame import Frame
from ipm_outcomes.frames._items import Codings, Columns, ItemColumns, NotAnsweredBy
from ipm_outcomes.frames._kernel import CHUNK, no_answers
from ipm_outcomes.frames._library import Column
from ipm_outcomes.frames._score_columns import Invalid, Stretch, score_columns

ROWS = 4 * CHUNK
"""Rows of a stretch: enough that what each costs does not count, few enough for little memory."""


@dataclass(frozen=True)
class Scoring:
    """What `score` was asked for; it can be sent to another process.

    Attributes
    ----------
    z : float or None
        Of the confidence limits.
    folded : bool
        Whether names of columns that differ only in case are one name, as in a database.
    """

    instrument: str | Instrument
    columns: Columns
    missing: str | None
    coding: Codings
    not_answered: NotAnsweredBy
    invalid: Invalid
    text_numbers: bool | None
    z: float | None
    scales: Sequence[str] | None
    replace: bool
    folded: bool = False

    def like_a_database(self) -> Scoring:
        """The same for an engine in which names that differ only in case are one name."""
        return replace(self, folded=True)

    def items(self, frame: Frame) -> ItemColumns:
        """The item columns in a frame."""
        return ItemColumns(
            frame,
            self.instrument,
            self.columns,
            self.coding,
            self.not_answered,
            self.text_numbers,
            self.scales,
        )

    @fenced
    def score(
        self, data: Any, stretch: Stretch | None = None, progress: Callable[[int], None] | None = None
    ) -> Any:
        """A frame, or a stretch of it, with its scores."""
        frame = Frame(data, self.folded)
        items = self.items(frame)
        added = score_columns(items, self.missing, self.invalid, self.z, progress, stretch)
        return frame.with_columns(
            added, like=list(items.names.values()), replace=self.replace, taken_over=items.own_scores
        )

    def of_empty(self, data: Any) -> tuple[ItemColumns, dict[str, Column], Any]:
        """Of a table without rows: its item columns, the columns that are added, the scored table."""
        frame = Frame(data, self.folded)
        items = self.items(frame)
        return items, score_columns(items, self.missing, self.invalid, self.z), self.score(data)

    @fenced
    def looks_of(self, data: Any) -> Look:
        """What a stretch of rows says of the coding."""
        items = self.items(Frame(data, self.folded))
        counted = [n for n, item in enumerate(items.instrument.item_ids) if item in optioned(items)]
        bad = False
        for _, codes in items.chunks():
            if (codes[counted] == 0).any():
                return Look(lowest=True)
            bad |= bool(no_answers(codes).any())
        evidence = gather(items)
        return Look(bad, bool(evidence.lowest), bool(evidence.above))

    def in_doubt(self, items: ItemColumns) -> bool:
        """Whether the coding of these columns is not declared and could be another one."""
        return items.coding is None and bool(optioned(items))

    def from_one(self, stretches: Iterable[Any]) -> bool:
        """Whether the cells of a table look as if they were counted from 1; reads no further than needed."""
        look = Look()
        for data in stretches:
            look |= self.looks_of(data)
            if look.lowest:
                return False
        return look.from_one


@dataclass(frozen=True)
class Look:
    """What was seen in some rows: a cell that is no answer, the lowest answer, a number one above the highest."""

    bad: bool = False
    lowest: bool = False
    above: bool = False

    def __or__(self, other: Look) -> Look:
        return Look(self.bad | other.bad, self.lowest | other.lowest, self.above | other.above)

    @property
    def from_one(self) -> bool:
        """Whether these are all the rows, that they were counted from 1: then no cell of them is read."""
        return self.bad and self.above and not self.lowest
