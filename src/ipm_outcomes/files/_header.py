"""Where the names of the columns are, what lies above them, and the table below."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from ipm_outcomes.errors import InputError, number_of
from ipm_outcomes.files._grid import Grid, is_blank, note
from ipm_outcomes.files._package import letters
from ipm_outcomes.reading import Inference

LOOKED_AT = 20
"""Rows among which the header is looked for."""
SAMPLE = 200
_NUMBER = re.compile(r"\s*[-+]?\d+([.,]\d+)?\s*%?\s*", re.ASCII)
_DATE = re.compile(
    r"\s*\d{1,4}[-/. ]\d{1,2}[-/. ]\d{1,4}\b.*|\s*\d{1,2}[-/. ]?[A-Za-z]{3,9}[-/. ,]+\d{2,4}.*", re.DOTALL
)


@dataclass
class Table:
    """Rows under names.

    Attributes
    ----------
    names
        Of the columns.
    columns
        Cells by column; None for blank.
    lines
        The number of each row in the file.
    notes, pins
        As in `Grid`.
    left_out
        Rows that are no rows of the table: line, reason, message.
    header
        The number of the header row, or of the lower one of two.
    """

    names: list[str]
    columns: dict[str, list[Any]]
    lines: list[int]
    notes: list[Inference] = field(default_factory=list)
    pins: dict[str, Any] = field(default_factory=dict)
    left_out: list[tuple[int, str, str]] = field(default_factory=list)
    header: int = 1
    witness: dict[str, dict[int, tuple[Any, int]]] = field(default_factory=dict)
    """By column and row, what another column of the file says of the cell, and the number of that row in the file."""

    def note(self, finding: str, evidence: str, **details: Any) -> None:
        """Note what was seen; unless it says otherwise, in all rows."""
        details = {"rows": len(self.lines), "of": len(self.lines), **details}
        self.notes.append(note(finding, evidence, **details))

    def keep(self, wanted: list[bool]) -> None:
        """Keep these rows only."""
        self.lines = [line for line, keep in zip(self.lines, wanted, strict=True) if keep]
        for name, cells in self.columns.items():
            self.columns[name] = [cell for cell, keep in zip(cells, wanted, strict=True) if keep]

    def drop(self, row_drops: list[bool], reason: str, message: str) -> int:
        """Leave rows out, with a reason; how many."""
        self.left_out += [
            (line, reason, message) for line, out in zip(self.lines, row_drops, strict=True) if out
        ]
        self.keep([not out for out in row_drops])
        return sum(row_drops)


@dataclass
class Header:
    """A header that was found: its row (from 0), one row or two, and the names by column."""

    row: int
    rows: int
    names: list[str | None]


def find_header(grid: Grid, given: int | None, *, rows: int = 1, quiet: bool = False) -> Header | None:
    """The first row that names all columns that are used below it; the row that is given.

    Raises
    ------
    InputError
        There is none (None where ``quiet``).
    """
    if given is not None:
        if given not in grid.lines:
            raise InputError(f"header: there is no {grid.unit} {given}", "header_not_found")
        row = grid.lines.index(given)
        names = _joined(grid, row) if rows == 2 else row_names(grid, row)
        return Header(row, rows, names)
    held = [
        position
        for position in range(min(len(grid.rows), 2 * LOOKED_AT))
        if not is_blank(grid.rows[position])
    ][:LOOKED_AT]
    for row in held:
        used = _used(grid, row)
        for names, count in ((_joined(grid, row), 2), (row_names(grid, row), 1)):
            if names and _is_header(names, used) and all(isinstance(name, str) for name in _row(grid, row)):
                return Header(row, count, names)
    if quiet:
        return None
    message = (
        f"none of the first {LOOKED_AT} rows names the columns; give header=, the number of the row that does"
    )
    raise InputError(message, "header_not_found")


def _row(grid: Grid, row: int) -> list[Any]:
    return [cell for cell in grid.rows[row] if cell is not None]


def row_names(grid: Grid, row: int) -> list[str | None]:
    return [None if cell is None else " ".join(str(cell).split()) for cell in grid.rows[row]]


def _joined(grid: Grid, row: int) -> list[str | None]:
    """Names out of two rows, ``upper / lower``, where the upper one has a name for several columns; else none."""
    if row == 0 or is_blank(grid.rows[row - 1]):
        return []
    upper, lower = row_names(grid, row - 1), row_names(grid, row)
    first = next(n for n, cell in enumerate(upper) if cell is not None)
    alone = sum(cell is not None for cell in upper) == 1
    if alone and (first == 0 or not any(lower[:first])):  # a title
        return []
    width = max(len(upper), len(lower))
    upper += [None] * (width - len(upper))
    lower += [None] * (width - len(lower))
    merged = {(row, column): right for row, column, _, right in grid.merged}
    names: list[str | None] = []
    spread, until = None, -1
    for column in range(width):
        if upper[column] is not None:
            spread, until = upper[column], merged.get((row - 1, column), width if not grid.merged else column)
        over = spread if column <= until else None
        below = lower[column]
        names.append(f"{over} / {below}" if over and below and over != below else below or upper[column])
    return names


def _used(grid: Grid, line: int) -> set[int]:
    """Columns that hold something in at least half of the rows below; empty where no number or date is below."""
    counts: Counter[int] = Counter()
    rows, valued = 0, False
    for row in grid.rows[line + 1 : line + 1 + SAMPLE]:
        filled = [n for n, cell in enumerate(row) if cell is not None]
        if filled:
            rows += 1
            counts.update(filled)
            valued = valued or any(_is_value(row[n]) for n in filled)
    return {n for n, count in counts.items() if 2 * count >= rows} if valued else set()


def _is_header(names: list[str | None], used: set[int]) -> bool:
    held = [name for name in names if name is not None]
    return (
        bool(used)
        and len(set(held)) == len(held)
        and all(n < len(names) and names[n] is not None for n in used)
        and not any(_is_value(name) for name in held)
        and (len(held) > 1 or len(names) == 1)
    )


def _is_value(cell: Any) -> bool:
    """Whether a cell is a number or a date, also as text."""
    if isinstance(cell, str):
        return bool(_NUMBER.fullmatch(cell) or _DATE.fullmatch(cell))
    return isinstance(cell, (int, float, date))


def table_of(grid: Grid, header: Header, skip: int = 0) -> Table:
    """The rows below a header; blank ones and columns without a name are left out and counted."""
    names = list(header.names)
    while names and names[-1] is None:
        names.pop()
    doubled = [name for name, count in Counter(name for name in names if name).items() if count > 1]
    place = f"{grid.unit} {grid.lines[header.row]}"
    if doubled:
        column = names.index(doubled[0])
        message = f"a name appears {names.count(doubled[0])} times; each column needs a name of its own"
        raise InputError(message, "header_not_found", f"{place}, column {column + 1}")
    table = Table([], {}, [], grid.notes, grid.pins, header=grid.lines[header.row])
    above = [n for n in range(header.row - header.rows + 1) if not is_blank(grid.rows[n])]
    if header.row or header.rows == 2:
        seen = "names are in two rows" if header.rows == 2 else "the first row that names all columns"
        seen += f"; {number_of(len(above), 'row')} above left out" if above else ""
        table.note(
            "header",
            seen,
            rows=len(above),
            of=len(grid.rows),
            value=str(table.header),
            settle=f"header={table.header}",
        )
    table.left_out += [(grid.lines[n], "above_header", "a row above the header") for n in above]
    below = range(header.row + 1 + skip, len(grid.rows))
    table.left_out += [
        (grid.lines[n], "header_rows", "a further row of the header")
        for n in range(header.row + 1, header.row + 1 + skip)
    ]
    if merged := sum(top > header.row and right < len(names) for top, _, _, right in grid.merged):
        seen = (
            f"{number_of(merged, 'merged cell')} below the names; only the first cell of each holds the value"
        )
        table.note("merged_cells", seen, rows=0, of=len(below))
    _check_width(grid, below, len(names))
    kept: list[int] = []
    stray: Counter[int] = Counter()
    named = [n for n, name in enumerate(names) if name is not None]
    for n in below:
        row = grid.rows[n]
        outside = [
            c for c, cell in enumerate(row) if cell is not None and (c >= len(names) or names[c] is None)
        ]
        stray.update(outside)
        if any(c < len(row) and row[c] is not None for c in named):
            kept.append(n)
        else:
            reason, message = (
                ("stray_cells", "only a cell outside the named columns")
                if outside
                else ("blank_rows", "the row is blank")
            )
            table.left_out.append((grid.lines[n], reason, message))
    _tell_left_out(grid, table, stray, names, len(below))
    table.lines = [grid.lines[n] for n in kept]
    for c in named:
        name = str(names[c])
        table.columns[name] = [grid.rows[n][c] if c < len(grid.rows[n]) else None for n in kept]
        if grid.formulas.get(c) and all(cell is None for cell in table.columns[name]):
            seen = "formulas without a value, as some programs save them; the column is blank"
            table.note("formula_without_value", seen, where=name, rows=grid.formulas[c], of=len(kept))
        if count := grid.errors.get(c):
            seen = "errors of a spreadsheet, such as #N/A or #REF!; they are read as blank, so that nothing is answered"
            settle = "formulas (mend them, and save the workbook again)"
            table.note("error_cells", seen, where=name, rows=count, of=len(kept), settle=settle, sure=False)
    table.names = list(table.columns)
    grid.rows = []
    if not kept:
        raise InputError("there is no row below the header", "file_unreadable", place)
    if not grid.ended and kept:
        seen = (
            "the last line has no line end: if the file was cut off, its last cell may be shorter than it was"
        )
        table.note("last_line", seen, rows=1, of=len(kept))
    return table


def _tell_left_out(grid: Grid, table: Table, stray: Counter[int], names: list[str | None], rows: int) -> None:
    blank = sum(reason == "blank_rows" for _, reason, _ in table.left_out)
    if blank:
        table.note("blank_rows", "rows that hold nothing; left out", rows=blank, of=rows)
    width = max((len(row) for row in grid.rows), default=0)
    empty = sum(name is None for name in names) + max(0, width - len(names)) - len(stray)
    if empty > 0 and grid.unit == "line":
        seen = f"{number_of(empty, 'column')} without a name and without content; left out"
        table.note("empty_columns", seen, rows=0, of=rows)
    for c, count in sorted(stray.items()):
        place = f"column {letters(c)}" if grid.unit == "row" else f"column {c + 1}"
        seen = f"{place} has no name and holds {number_of(count, 'cell')}; left out"
        table.note("stray_cells", seen, where=place, rows=count, of=rows)


def _check_width(grid: Grid, below: range, width: int) -> None:
    """Refuse lines of a CSV file with too few or too many cells: answers may be under the wrong name."""
    if grid.unit != "line":
        return
    for n in below:
        row = grid.rows[n]
        if is_blank(row):
            continue
        place = f"line {grid.lines[n]}"
        if len(row) < width:
            message = f"the line has {number_of(len(row), 'cell')}, the header {width}"
            if n == len(grid.lines) - 1 and not grid.ended:
                raise InputError(f"{message}: the file is cut off", "file_cut_off", place)
            raise InputError(f"{message}; correct the line", "file_unreadable", place)
        if any(cell is not None for cell in row[width:]):
            message = f"the line has {number_of(len(row), 'cell')} the header names {width} columns; correct the line"
            raise InputError(message, "file_unreadable", place)
