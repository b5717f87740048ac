"""Files of SPSS, Stata and SAS: codes with their labels, dates by their formats, declared missing values as none."""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
from datetime import time, timedelta
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from ipm_outcomes.answers import SAS_ZERO_HIGH, SAS_ZERO_LOW
from ipm_outcomes.errors import InputError, MissingExtraError
from ipm_outcomes.files import _apart
from ipm_outcomes.files._grid import Grid, Interned, note, plain_cell
from ipm_outcomes.files._text import MOST_BYTES

PROGRAMS = {"sav": "SPSS", "por": "SPSS portable", "dta": "Stata", "xpt": "SAS transport"}
DECLARED = "declared missing by the file"
"""Kept among the labels of a column, so that a mapping notices where that changes."""
MOST_SECONDS = 50
"""After which a file is taken for broken."""


def read_statistics(path: Path, kind: str, encoding: str | None, limit: int) -> Grid:
    """All rows of a file, with the names, questions and labels that it holds itself."""
    if path.stat().st_size > MOST_BYTES:
        raise InputError(f"the file has more than {MOST_BYTES:,} bytes; read it in parts", "file_too_wide")
    if ("pyreadstat" in sys.modules and sys.modules["pyreadstat"] is None) or not find_spec("pyreadstat"):
        raise MissingExtraError(f"reading a file of {PROGRAMS[kind]}", "files")
    content = _content(path, kind, encoding, limit)
    if content["columns"] is None:
        message = f"the file holds more than {limit:,} cells; read it in parts, or give limit_cells="
        raise InputError(message, "file_too_wide")
    keep = Interned()
    cells = {name: [_cell(value, keep) for value in values] for name, values in content["columns"].items()}
    rows = max(map(len, cells.values()), default=0)
    if not rows:
        raise InputError("the file has no rows", "file_unreadable")
    grid = Grid(kind, [], list(range(1, rows + 1)), "row", names=list(cells))
    grid.rows = [list(row) for row in zip(*cells.values(), strict=True)]
    grid.wording = {name: text for name, text in content["column_names_to_labels"].items() if text}
    grid.labels = {name: dict(labels) for name, labels in content["variable_value_labels"].items()}
    for name, ranges in content["missing_ranges"].items():
        for limits in ranges:
            low, high = _cell(limits["lo"], keep), _cell(limits["hi"], keep)
            code = f"missing {low}" if low == high else f"missing {low} to {high}"
            grid.labels.setdefault(name, {})[code] = DECLARED
    seen = "cells with a value that the file declares missing; not answered"
    grid.notes += [
        note("missing_code", seen, where=name, rows=count, of=rows, value="null")
        for name, count in content["declared"].items()
        if count
    ]
    return grid


def _content(path: Path, kind: str, encoding: str | None, limit: int) -> dict[str, Any]:
    """What another process reads of the file; whatever ends that process is an error of the file."""
    words = [sys.executable, "-m", _apart.__name__, str(path.resolve()), kind, encoding or "", str(limit)]
    own = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path)), "PYTHONWARNINGS": "ignore"}
    message = f"the file cannot be read as one of {PROGRAMS[kind]}; it may be cut off"
    try:
        ran = subprocess.run(words, capture_output=True, env=own, timeout=MOST_SECONDS, check=True)
        content: dict[str, Any] = pickle.loads(ran.stdout)
    except (subprocess.SubprocessError, pickle.UnpicklingError, EOFError):  # its words may hold a cell
        raise InputError(message, "file_unreadable") from None
    return content


def _cell(cell: Any, keep: Interned) -> Any:
    if isinstance(cell, str):
        return keep(cell)
    if cell is None or cell != cell:
        return None
    if isinstance(cell, (time, timedelta)):
        return str(cell)
    if hasattr(cell, "item"):
        cell = cell.item()
    return 0 if isinstance(cell, float) and SAS_ZERO_LOW < cell < SAS_ZERO_HIGH else plain_cell(cell)
