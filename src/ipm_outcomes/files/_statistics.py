"""Files of SPSS, Stata and SAS: codes with their labels, dates by their formats, declared missing values as none."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from functools import partial
from pathlib import Path
from typing import Any

from ipm_outcomes.answers import SAS_ZERO_HIGH, SAS_ZERO_LOW
from ipm_outcomes.errors import InputError, MissingExtraError
from ipm_outcomes.files._grid import Grid, note
from ipm_outcomes.files._text import MOST_BYTES

PROGRAMS = {"sav": "SPSS", "por": "SPSS portable", "dta": "Stata", "xpt": "SAS transport"}


def read_statistics(path: Path, kind: str, encoding: str | None, limit: int) -> Grid:
    """All rows of a file, with the names, questions and labels that it holds itself."""
    if path.stat().st_size > MOST_BYTES:
        raise InputError(f"the file has more than {MOST_BYTES:,} bytes; read it in parts", "file_too_wide")
    try:
        import pyreadstat
    except ImportError:
        raise MissingExtraError(f"reading a file of {PROGRAMS[kind]}", "files") from None
    name = {"sav": "read_sav", "por": "read_por", "dta": "read_dta", "xpt": "read_xport"}[kind]
    reader: Callable[..., Any] = getattr(pyreadstat, name)
    read = partial(reader, str(path), output_format="dict")
    if kind != "por":  # of which the reader knows the encoding itself
        read = partial(read, encoding=encoding)
    meta = _read(read, kind, metadataonly=True)[1]
    width = max(len(meta.column_names), 1)
    most = limit // width + 1
    columns, meta = _read(read, kind, row_limit=most)
    rows = len(next(iter(columns.values()))) if columns else 0
    if rows * width > limit:
        told = f"the file holds more than {limit:,} cells; read it in parts, or give limit_cells="
        raise InputError(told, "file_too_wide")
    if not rows:
        raise InputError("the file has no rows", "file_unreadable")
    cells = {name: [_cell(one) for one in values] for name, values in columns.items()}
    grid = Grid(kind, [], list(range(1, rows + 1)), "row", names=list(cells))
    grid.rows = [list(row) for row in zip(*cells.values(), strict=True)]
    grid.wording = {name: text for name, text in (meta.column_names_to_labels or {}).items() if text}
    grid.labels = {name: dict(labels) for name, labels in (meta.variable_value_labels or {}).items()}
    if kind == "sav":
        grid.notes += _declared_missing(read, kind, most, cells)
    return grid


def _declared_missing(
    read: Callable[..., Any], kind: str, most: int, cells: dict[str, list[Any]]
) -> list[Any]:
    """For each column the cells that hold a value that the file itself declares to mean none."""
    kept, meta = _read(read, kind, row_limit=most, user_missing=True)
    notes = []
    for name in meta.missing_ranges or {}:
        count = sum(
            _cell(was) is not None and now is None for was, now in zip(kept[name], cells[name], strict=True)
        )
        if count:
            seen = "cells with a value that the file declares missing; not answered"
            notes.append(
                note("missing_code", seen, where=name, rows=count, of=len(cells[name]), value="null")
            )
    return notes


def _read(read: Callable[..., Any], kind: str, **how: Any) -> Any:
    try:
        try:
            return read(**how)
        except OverflowError:  # a date beyond the calendar
            return read(**how, disable_datetime_conversion=True)
    except MemoryError:
        raise
    except Exception:  # the reader fails in many ways of its own, with words that may hold a cell
        told = f"the file cannot be read as one of {PROGRAMS[kind]}; it may be cut off"
        raise InputError(told, "file_unreadable") from None


def _cell(cell: Any) -> Any:
    if isinstance(cell, str):
        return cell if cell.strip() else None
    if cell is None or cell != cell:
        return None
    if isinstance(cell, datetime):
        return cell.date() if cell.time() == time() else cell
    if isinstance(cell, date):
        return cell
    if isinstance(cell, (time, timedelta)):
        return str(cell)
    if hasattr(cell, "item"):
        cell = cell.item()
    if isinstance(cell, float):
        if SAS_ZERO_LOW < cell < SAS_ZERO_HIGH:
            return 0
        return int(cell) if cell.is_integer() and abs(cell) < 2**53 else cell
    return cell
