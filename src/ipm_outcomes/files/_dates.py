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
from ipm_outcomes.frames._date_cells import (
    EXCEL,
    SAS,
    SERIALS,
    USUAL_FORMATS,
    checked_format,
    is_blank,
    reader,
    shape_of,
)
from ipm_outcomes.reading import Inference

_DAYS_TO_1904 = 1462
_DAY = 86_400
_NUMBERS = {
    "excel-1900": (EXCEL, 0, 1),
    "excel-1904": (EXCEL, _DAYS_TO_1904, 1),
    "sas-days": (SAS, 0, 1),
    "stata-days": (SAS, 0, 1),
    "sas-seconds": (SAS, 0, _DAY),
}
"""Further words for numbers in place of dates: what counts days so, days to its day 0, and numbers in a day."""
_NUMBER = re.compile(r"-?\d{1,12}(\.\d{1,9})?", re.ASCII)
_MOST_TRIED = 10_000
_ZONE = re.compile(r"(:\d\d(?: [AP]M)?) (?![AP]M$)[A-Z]{3,4}$")
"""The name of a time zone after a time, as Google Forms writes it; the day is that of the clock."""


def read_column(
    cells: Sequence[Any], date_format: str | None, name: str, lines: Sequence[int], unit: str, date_1904: bool
) -> list[date | None]:
    """Dates of a column by its format; a cell that does not fit it stops."""
    program, shift, per_day = _NUMBERS.get(date_format or "", (date_format, 0, 1))
    if program == EXCEL and not shift and date_1904 and any(isinstance(cell, (int, float)) for cell in cells):
        message = "the workbook counts days from 1904; declare the format 'excel-1904'"
        raise InputError(message, "date_ambiguous", f"column {name}")
    read = reader(checked_format(program))
    days: list[date | None] = []
    for cell, line in zip(cells, lines, strict=True):
        if is_blank(cell):
            days.append(None)
            continue
        day = read(_shifted(cell, shift, per_day))
        if day is None:
            message = f"a date of another form ({shape_of(cell)}) than {date_format or 'ISO 8601'}"
            raise InputError(message, "mapping_does_not_fit", f"{unit} {line}, column {name}")
        days.append(day)
    return days


def _plain(cell: Any) -> Any:
    return _ZONE.sub(r"\1", cell.strip()) if isinstance(cell, str) else cell


def _shifted(cell: Any, days: int, per_day: int) -> Any:
    """The number of days where a cell holds a number that counts otherwise, as a number or as text."""
    cell = _plain(cell)
    if isinstance(cell, bool) or (not days and per_day == 1):
        return cell
    if isinstance(cell, str) and _NUMBER.fullmatch(cell):
        cell = float(cell)
    return cell // per_day + days if isinstance(cell, (int, float)) else cell


def is_read(cells: Sequence[Any]) -> bool:
    """Whether every cell is a date or ISO text already."""
    return all(is_blank(cell) or _iso(cell) is not None for cell in cells)


def _iso(cell: Any) -> date | None:
    return reader(None)(_plain(cell))


def date_inference(cells: Sequence[Any], name: str, key: bool) -> Inference | None:
    """The format of a column of dates: proposed where one fits every cell and no other does."""
    counts = Counter(cell for cell in cells if cell is not None and not is_blank(cell))
    held = list(dict.fromkeys(_plain(cell) for cell in islice(counts, _MOST_TRIED) if _iso(cell) is None))
    if not held:
        return None
    usual: tuple[str, ...] = USUAL_FORMATS
    if not key:  # a column that is not named as a date must look like one
        usual = tuple(form for form in usual if form not in SERIALS and form != "%Y%m%d")
    fits = usual
    for cell in held:
        fits = tuple(fit for fit in fits if reader(fit)(cell) is not None)
        if not fits:
            break
    if not fits and not key:
        return None
    ways: dict[tuple[date | None, ...], str] = {}
    for fit in fits:
        ways.setdefault(tuple(reader(fit)(cell) for cell in held), fit)
    count = sum(number for cell, number in counts.items() if _iso(cell) is None)
    of = counts.total()
    details: dict[str, Any] = {"where": name, "rows": count, "of": of}
    if len(ways) == 1 and next(iter(ways.values())) not in SERIALS:
        (form,) = ways.values()
        proof = _deciding(held, form)
        seen = f"dates written as {shape_of(held[0])}, which one usual format reads"
        seen += f"; {proof} of {len(held)} different cells decide" if proof else ""
        return note("dates_unreadable", seen, value=form, settle="date_format", sure=False, **details)
    seen = f"dates written as {shape_of(held[0])}"
    if not ways:
        way = "date_format=…"
        return note(
            "dates_unreadable", f"{seen}, which no usual format reads", settle=way, sure=False, **details
        )
    way = " or ".join(f'date_format="{form}"' for form in ways.values())
    code = "dates_ambiguous" if len(ways) > 1 else "dates_unreadable"
    return note(code, f"{seen}; what they mean has to be declared", settle=way, sure=False, **details)


def _deciding(cells: Sequence[Any], date_format: str) -> int:
    """How many cells no format reads that has day and month the other way round."""
    other = date_format.replace("%d", "%_").replace("%m", "%d").replace("%_", "%m")
    if other == date_format or not {"%d", "%m"} <= {date_format[n : n + 2] for n in range(len(date_format))}:
        return 0
    return sum(reader(other)(cell) is None for cell in cells)
