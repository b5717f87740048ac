"""A file of answers by its mapping, as the other commands take files."""

from __future__ import annotations

from array import array
from typing import Any

from ipm_outcomes import files
from ipm_outcomes.cli._files import STREAM, Source
from ipm_outcomes.errors import ParameterError
from ipm_outcomes.mapping import Mapping
from ipm_outcomes.reading import Reading


def mapped(file: str, name: str) -> Source:
    """Read a file by the mapping of that name: items and keys have their usual names, dates are dates."""
    if file == STREAM:
        raise ParameterError("--mapping is about a file; standard input is not read by it")
    mapping = Mapping.load(name)
    found = files.read(file, mapping=mapping, backend="polars")
    lines = array("q", found.data["line"].to_list())
    frame = found.data.drop("line").with_columns(_recorded(found, mapping))
    declared = frozenset(one.id for one in mapping.instrument if one.coding is not None)
    return Source(file, frame, lines, declared=declared)


def _recorded(found: Reading, mapping: Mapping) -> list[Any]:
    """Recorded scores under the names that they have in the file."""
    import polars as pl

    columns = []
    for one in mapping.instrument:
        for scale, column in one.recorded.items():
            cells: list[Any] = [None] * found.rows_out
            for row, named, value in found.recorded.select("row", "scale", "recorded").iter_rows():
                if named == f"{one.id}_{scale}":
                    cells[row] = value
            kind = pl.String if scale.endswith("_band") else pl.Float64
            columns.append(pl.Series(column, cells, kind, strict=False))
    return columns
