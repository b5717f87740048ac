"""Sheets of a workbook (.xlsx) as rows of cells."""

from __future__ import annotations

from datetime import date, time, timedelta
from pathlib import Path
from typing import Any

from ipm_outcomes.errors import InputError, MissingExtraError, ParameterError, number_of
from ipm_outcomes.files._grid import Grid, Interned, note, plain_cell
from ipm_outcomes.files._header import find_header
from ipm_outcomes.files._package import Sheet, look


def read_workbook(path: Path, wanted: str | int | None, header: int | None, limit: int) -> Grid:
    """The cells of the one sheet with a table, or of the sheet that is named."""
    book = look(path)
    sheets = [_wanted(book.sheets, wanted)] if wanted is not None else _candidates(book.sheets, limit)
    grids = [(sheet, _grid(path, sheet, limit)) for sheet in sheets]
    if len(grids) > 1:
        grids = [pair for pair in grids if header is not None or find_header(pair[1], None, quiet=True)]
    if len(grids) != 1:
        numbers = ", ".join(str(n) for n, sheet in enumerate(book.sheets, 1) if sheet.cells)
        message = (
            f"{len(grids) or 'none'} of the sheets ({numbers}) have a table; give sheet=, its name or number"
        )
        raise InputError(message, "header_not_found")
    sheet, grid = grids[0]
    grid.pins = {"sheet": sheet.name}
    grid.date_1904 = book.date_1904
    if len(book.sheets) > 1:
        which = "that was named" if wanted is not None else "with a table"
        seen = f"sheet {book.sheets.index(sheet) + 1} of {len(book.sheets)} is the one {which}"
        grid.notes.append(note("sheet", seen, value=sheet.name, settle="sheet"))
    if book.date_1904:
        grid.notes.append(note("date_system", "the workbook counts days from 1904", value="1904"))
    if sheet.hidden_rows or sheet.hidden_columns:
        rows, columns = sheet.hidden_rows, sheet.hidden_columns
        seen = f"{number_of(rows, 'hidden row')} and {number_of(columns, 'hidden column')}; they are read"
        grid.notes.append(note("hidden_cells", seen, rows=sheet.hidden_rows, of=len(grid.rows)))
    return grid


def _candidates(sheets: list[Sheet], limit: int) -> list[Sheet]:
    """Sheets that may hold a table."""
    candidates = [sheet for sheet in sheets if sheet.cells > 1 and sheet.rows > 1 and not sheet.hidden]
    if not candidates:
        raise InputError("no sheet holds a table", "header_not_found")
    fitting = [sheet for sheet in candidates if sheet.extent <= limit]
    return fitting or candidates[:1]


def _wanted(sheets: list[Sheet], wanted: str | int) -> Sheet:
    if isinstance(wanted, int) and not isinstance(wanted, bool):
        if 1 <= wanted <= len(sheets):
            return sheets[wanted - 1]
    elif isinstance(wanted, str):
        for sheet in sheets:
            if sheet.name == wanted:
                return sheet
        if wanted.isascii() and wanted.isdigit():
            return _wanted(sheets, int(wanted))
    raise ParameterError(f"sheet: there is no such sheet; the workbook has {number_of(len(sheets), 'sheet')}")


def _grid(path: Path, sheet: Sheet, limit: int) -> Grid:
    if sheet.extent > limit:
        message = (
            f"the sheet reaches to {sheet.corner} but holds {number_of(sheet.cells, 'cell')}; delete what is left "
            "in its last rows and columns, and save it again"
        )
        raise InputError(message, "file_too_wide", f"cell {sheet.corner}")
    try:
        from python_calamine import CalamineError, CalamineWorkbook
    except ImportError:
        raise MissingExtraError("reading a workbook", "files") from None
    grid = Grid("xlsx", [], [], "row", formulas=sheet.formulas, errors=sheet.errors, merged=sheet.merged)
    keep = Interned()
    try:
        with path.open("rb") as file:
            loaded = CalamineWorkbook.from_filelike(file).get_sheet_by_name(sheet.name)
        before = [None] * (loaded.start or (0, 0))[1]
        for number, row in enumerate(loaded.iter_rows(), 1):
            grid.rows.append(before + [_cell(cell, keep) for cell in row])
            grid.lines.append(number)
    except (CalamineError, ValueError, OverflowError):  # its words may hold a cell
        raise InputError("the workbook cannot be read; save it again as .xlsx", "file_unreadable") from None
    except BaseException as error:
        if type(error).__name__ != "PanicException":
            raise
        raise InputError("the workbook cannot be read; save it again as .xlsx", "file_unreadable") from None
    return grid


def _cell(cell: Any, keep: Interned) -> Any:
    if isinstance(cell, str):
        return keep(cell)
    if isinstance(cell, (timedelta, time)) and not isinstance(cell, date):
        return keep(str(cell))
    return plain_cell(cell)
