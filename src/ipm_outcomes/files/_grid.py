"""What every kind of file is read into: rows of cells with their places, and what was seen on the way."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import datetime, time
from typing import Any

from ipm_outcomes.frames._findings import python
from ipm_outcomes.reading import Inference

_MOST_KEPT = 200_000


@dataclass
class Grid:
    """Rows of cells; a blank cell is None.

    Attributes
    ----------
    kind
        csv, xlsx, sav, dta, por or xpt.
    rows
        Text, numbers, dates, truth values. Rows of a CSV file may differ in length.
    lines
        The number of each row, as a person counts.
    unit
        line or row.
    notes
        What was decided.
    pins
        What a mapping writes down of it.
    ended
        Whether the last line has an end.
    hidden
        How many rows and columns the sheet hides.
    names, wording, labels
        Of files that name their columns: the names, the text of the question, and labels by code.
    """

    kind: str
    rows: list[list[Any]]
    lines: list[int]
    unit: str
    notes: list[Inference] = field(default_factory=list)
    pins: dict[str, Any] = field(default_factory=dict)
    ended: bool = True
    names: list[str] | None = None
    wording: dict[str, str] = field(default_factory=dict)
    labels: dict[str, dict[Any, str]] = field(default_factory=dict)
    formulas: dict[int, int] = field(default_factory=dict)
    """Columns (from 0) that hold formulas without a value, and how many."""
    errors: dict[int, int] = field(default_factory=dict)
    """Columns (from 0) that hold errors such as #N/A, and how many."""
    merged: list[tuple[int, int, int, int]] = field(default_factory=list)
    """Merged cells: first row, first column, last row, last column, from 0."""
    date_1904: bool = False


class Interned:
    """Blank cells as None, and each different text once."""

    def __init__(self) -> None:
        self.kept: dict[str, str] = {}

    def __call__(self, cell: str) -> str | None:
        if not cell or cell.isspace():
            return None
        kept = self.kept.get(cell)
        if kept is None:
            kept = cell
            if len(self.kept) < _MOST_KEPT:
                self.kept[cell] = cell
        return kept


def plain_cell(cell: Any) -> Any:
    """A whole number as an integer, and a moment at the start of a day as that day."""
    if isinstance(cell, float):
        return int(cell) if cell.is_integer() and abs(cell) < 2**53 else cell
    if isinstance(cell, datetime):
        return cell.date() if cell.time() == time() else cell
    return cell


def note(
    finding: str,
    evidence: str,
    *,
    where: str | None = None,
    instrument: str | None = None,
    rows: int = 0,
    of: int = 0,
    value: Any = None,
    settle: str | None = None,
    sure: bool = True,
) -> Inference:
    """An inference; ``settle`` names the argument, which is written with the value."""
    shown = value if value is None or isinstance(value, str) else python(value)
    way = settle
    if settle is not None and not re.search(r"[=(]", settle):
        way = f"{settle}={'…' if value is None else python(value)}"
    return Inference(finding, where, instrument, rows, of, way, shown, sure, evidence)


def is_blank(row: list[Any]) -> bool:
    """Whether a row holds nothing."""
    return all(cell is None for cell in row)
