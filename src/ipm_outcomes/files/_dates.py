"""Columns of dates: read by one declared format, proposed where exactly one fits."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from datetime import date
from itertools import islice
from typing import Any

from ipm_outcomes.errors import InputError
from ipm_outcomes.files._grid import note
from ipm_outcomes.frames._date_cells import SERIALS, USUAL_FORMATS, checked_format, is_blank, reader, shape_of
from ipm_outcomes.reading import Inference

EXCEL_1904 = "excel-1904"
_DAYS_TO_1904 = 1462
_MOST_TRIED = 10_000
_ZONE = re.compile(r"(:\d\d(?: [AP]M)?) (?![AP]M$)[A-Z]{3,4}$")
"""The name of a time zone after a time, as Google Forms writes it; the day is that of the clock."""


def read_column(
    cells: Sequence[Any], date_format: str | None, name: str, lines: Sequence[int], unit: str, date_1904: bool
) -> list[date | None]:
    """Dates of a column by its format; a cell that does not fit it stops."""
    if date_format == "excel" and date_1904 and any(isinstance(cell, (int, float)) for cell in cells):
        told = f"the workbook counts days from 1904; declare the format {EXCEL_1904!r}"
        raise InputError(told, "date_ambiguous", f"column {name}")
    shift = _DAYS_TO_1904 if date_format == EXCEL_1904 else 0
    read = reader(checked_format("excel" if shift else date_format))
    found: list[date | None] = []
    for cell, line in zip(cells, lines, strict=True):
        if is_blank(cell):
            found.append(None)
            continue
        day = read(_shifted(cell, shift))
        if day is None:
            told = f"a date of another form ({shape_of(cell)}) than {date_format or 'ISO 8601'}"
            raise InputError(told, "mapping_does_not_fit", f"{unit} {line}, column {name}")
        found.append(day)
    return found


def _plain(cell: Any) -> Any:
    return _ZONE.sub(r"\1", cell.strip()) if isinstance(cell, str) else cell


def _shifted(cell: Any, days: int) -> Any:
    cell = _plain(cell)
    if days and isinstance(cell, (int, float)) and not isinstance(cell, bool):
        return cell + days
    return cell


def is_read(cells: Sequence[Any]) -> bool:
    """Whether every cell is a date or ISO text already."""
    return all(is_blank(cell) or reader(None)(cell) is not None for cell in cells)


def date_inference(cells: Sequence[Any], name: str, key: bool) -> Inference | None:
    """The format of a column of dates: proposed where one fits every cell and no other does."""
    counts = Counter(cell for cell in cells if cell is not None and not is_blank(cell))
    iso = reader(None)
    held = list(dict.fromkeys(_plain(cell) for cell in islice(counts, _MOST_TRIED) if iso(cell) is None))
    if not held:
        return None
    usual: tuple[str, ...] = USUAL_FORMATS
    if not key:  # a column that is not named as a date must look like one
        usual = tuple(one for one in usual if one not in SERIALS and one != "%Y%m%d")
    fits = usual
    for cell in held:
        fits = tuple(one for one in fits if reader(one)(cell) is not None)
        if not fits:
            break
    if not fits and not key:
        return None
    ways: dict[tuple[date | None, ...], str] = {}
    for one in fits:
        ways.setdefault(tuple(reader(one)(cell) for cell in held), one)
    count = sum(number for cell, number in counts.items() if iso(cell) is None)
    of = counts.total()
    told: dict[str, Any] = {"where": name, "rows": count, "of": of}
    if len(ways) == 1 and next(iter(ways.values())) not in SERIALS:
        (found,) = ways.values()
        proof = _deciding(held, found)
        seen = f"dates written as {shape_of(held[0])}, which one usual format reads"
        seen += f"; {proof} of {len(held)} different cells decide" if proof else ""
        return note("dates_unreadable", seen, value=found, settle="date_format", sure=False, **told)
    seen = f"dates written as {shape_of(held[0])}"
    if not ways:
        way = "date_format=…"
        return note(
            "dates_unreadable", f"{seen}, which no usual format reads", settle=way, sure=False, **told
        )
    way = " or ".join(f'date_format="{one}"' for one in ways.values())
    code = "dates_ambiguous" if len(ways) > 1 else "dates_unreadable"
    return note(code, f"{seen}; what they mean has to be declared", settle=way, sure=False, **told)


def _deciding(cells: Sequence[Any], date_format: str) -> int:
    """How many cells no format reads that has day and month the other way round."""
    other = date_format.replace("%d", "%_").replace("%m", "%d").replace("%_", "%m")
    if other == date_format or not {"%d", "%m"} <= {date_format[n : n + 2] for n in range(len(date_format))}:
        return 0
    return sum(reader(other)(cell) is None for cell in cells)
