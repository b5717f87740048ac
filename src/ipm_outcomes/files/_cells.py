"""What the cells of columns say: decimal commas, codes of survey tools, labels of the file, answers."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from importlib.util import find_spec
from typing import Any

from ipm_outcomes.definition import Instrument
from ipm_outcomes.errors import MissingExtraError
from ipm_outcomes.files._header import Table
from ipm_outcomes.files._labels import written
from ipm_outcomes.frames._frame import Frame
from ipm_outcomes.reading import Backend, as_kind

_COMMA = re.compile(r"[-+]?\d+,\d+", re.ASCII)
_WHOLE = re.compile(r"[-+]?\d+", re.ASCII)
_THOUSANDS = re.compile(r"[-+]?[1-9]\d{0,2}(,\d{3})+", re.ASCII)


def settle_decimals(table: Table, decimal: str | None) -> None:
    """Decimal commas as points, where every cell of a column is such a number; by a mapping where it says so."""
    if table.pins.get("delimiter") == "," and decimal != ",":
        return
    for name, cells in table.columns.items():
        held = [cell for cell in cells if cell is not None]
        if decimal == "." or not held or not all(isinstance(cell, str) for cell in held):
            continue
        commas = [cell for cell in held if _COMMA.fullmatch(cell.strip())]
        if not commas or not all(
            _COMMA.fullmatch(cell.strip()) or _WHOLE.fullmatch(cell.strip()) for cell in held
        ):
            continue
        details: dict[str, Any] = {"where": name, "rows": len(commas), "of": len(held)}
        if decimal is None and all(_THOUSANDS.fullmatch(cell.strip()) for cell in commas):
            seen = "numbers with a comma before three digits, which may be thousands or decimals"
            table.note("decimal", seen, sure=False, settle='mapping [file] decimal="," or "."', **details)
            continue
        table.columns[name] = [None if cell is None else cell.replace(",", ".") for cell in cells]
        table.note("decimal", "every cell is a number, some with a decimal comma", value=",", **details)
        table.pins["decimal"] = ","


def uniform(cells: Sequence[Any]) -> list[Any]:
    """Cells of one kind: numbers, dates, truth values, or text."""
    kinds = {type(cell) for cell in cells if cell is not None}
    if len(kinds) <= 1:
        return list(cells)
    if kinds == {int, float}:
        return [None if cell is None else float(cell) for cell in cells]
    if kinds == {date, datetime}:
        return [
            cell if cell is None or isinstance(cell, datetime) else datetime(cell.year, cell.month, cell.day)
            for cell in cells
        ]
    return [
        None if cell is None else cell.isoformat() if isinstance(cell, date) else str(cell) for cell in cells
    ]


def frame_of(columns: Mapping[str, Sequence[Any]]) -> Frame:
    """A frame of whatever library is there, for what looks at cells."""
    kinds: tuple[Backend, ...] = ("polars", "pyarrow", "pandas")
    for kind in kinds:
        if find_spec(str(kind)):
            return Frame(as_kind({name: uniform(cells) for name, cells in columns.items()}, kind))
    raise MissingExtraError("looking at the cells of a file", "arrow")


def code_map(instrument: Instrument, columns: Mapping[str, str], table: Table) -> dict[str, int] | None:
    """Answer codes of LimeSurvey (A1, A2 and so on) with the options in their printed order."""
    options = {
        instrument.answers_of(item).codes for item in columns if not instrument.answers_of(item).numeric
    }
    held = {cell for name in columns.values() for cell in table.columns[name] if cell is not None}
    if len(options) != 1 or not held or not all(isinstance(cell, str) for cell in held):
        return None
    (codes,) = options
    codes_of = {f"A{n}": code for n, code in enumerate(codes, 1)}
    return codes_of if held <= set(codes_of) else None


def translated(cells: Sequence[Any], coding: Mapping[str, int], missing: frozenset[str]) -> list[Any]:
    """Cells by a map of codes; what neither the map nor what means no answer has becomes a text that is no answer."""
    answers = []
    for cell in cells:
        key = None if cell is None else written(cell).strip()
        answers.append(cell if key is None or key in missing else coding.get(key, "not in the map"))
    return answers
