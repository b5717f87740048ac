"""The example export with forms entered twice and wrong cells, but dates and answers written in one way."""

from __future__ import annotations

import csv
import runpy
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

EXAMPLE = Path(__file__).parents[1] / "examples" / "clinic"
_FOLDER = TemporaryDirectory(prefix="wrong-cells-")


@cache
def wrong_cells_file() -> Path:
    """A file with the export, the forms entered again and eight wrong cells."""
    make = runpy.run_path(str(EXAMPLE / "make.py"))
    rows = [row for number in range(1, make["PATIENTS"] + 1) for row in make["patient"](number)[0]]
    make["put_wrong_cells"](rows)
    path = Path(_FOLDER.name) / "clinic.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, make["CLINIC_COLUMNS"], lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    return path
