"""What a workbook (.xlsx) holds, before it is loaded: sizes, extents, what is hidden; in constant memory."""

from __future__ import annotations

import re
import zlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from xml.parsers import expat
from zipfile import BadZipFile, ZipFile

from ipm_outcomes.errors import InputError

MOST_INFLATED = 300_000_000
"""Bytes of all parts of a workbook that hold cells, unpacked."""
MOST_PARTS = 10_000
_PIECE = 1 << 20
_TRUE = ("1", "true")


@dataclass
class Sheet:
    """One sheet as its part says, before it is loaded."""

    name: str
    part: str
    hidden: bool
    cells: int = 0
    rows: int = 0
    columns: int = 0
    hidden_rows: int = 0
    hidden_columns: int = 0
    formulas: dict[int, int] = field(default_factory=dict)
    errors: dict[int, int] = field(default_factory=dict)
    merged: list[tuple[int, int, int, int]] = field(default_factory=list)

    @property
    def extent(self) -> int:
        return self.rows * self.columns

    @property
    def corner(self) -> str:
        return f"{letters(self.columns - 1)}{self.rows}"


@dataclass
class Workbook:
    """The sheets of a workbook, and its calendar."""

    sheets: list[Sheet]
    date_1904: bool


def look(path: Path) -> Workbook:
    """Read through the parts of a workbook without keeping cells."""
    try:
        with ZipFile(path) as package:
            return _Looking(package).workbook()
    except (
        BadZipFile,
        zlib.error,
        EOFError,
        NotImplementedError,
        RuntimeError,
        ValueError,
        OSError,
        KeyError,
        expat.ExpatError,
    ) as error:
        if isinstance(error, InputError) or (isinstance(error, OSError) and error.errno is not None):
            raise
        message = (
            "the file is no workbook that can be read; open it in a spreadsheet program and save it as .xlsx"
        )
        raise InputError(message, "file_unreadable") from None


class _Looking:
    def __init__(self, package: ZipFile) -> None:
        self.package = package
        self.inflated = 0
        if len(package.infolist()) > MOST_PARTS:
            raise InputError("the workbook has too many parts", "file_too_wide")
        self.names = {entry.filename for entry in package.infolist()}

    def workbook(self) -> Workbook:
        if "xl/workbook.xml" not in self.names:
            message = "a zip file that is no .xlsx workbook; save the table as .xlsx or CSV"
            raise InputError(message, "file_unreadable")
        targets: dict[str, str] = {}
        listed: list[tuple[str, str, bool]] = []
        calendar = False

        def relation(name: str, given: dict[str, str]) -> None:
            if name == "Relationship":
                target = given.get("Target", "")
                targets[given.get("Id", "")] = (
                    target.lstrip("/") if target.startswith("/") else f"xl/{target}"
                )

        def sheet(name: str, given: dict[str, str]) -> None:
            nonlocal calendar
            if name == "sheet":
                id = next((value for key, value in given.items() if key.endswith(":id") or key == "id"), "")
                listed.append((given.get("name", ""), id, given.get("state", "visible") != "visible"))
            if name == "workbookPr":
                calendar = given.get("date1904", "0") in _TRUE

        self._parse("xl/_rels/workbook.xml.rels", relation)
        self._parse("xl/workbook.xml", sheet)
        for name in self.names:  # what the reader loads beside the sheets
            if name.startswith("xl/") and name.endswith(("sharedStrings.xml", "styles.xml")):
                self._parse(name, lambda name, given: None)
        sheets = []
        for name, id, hidden in listed:
            part = targets.get(id, "")
            if "worksheets/" in part:
                sheets.append(self._sheet(Sheet(name, part, hidden)))
        if not sheets:
            raise InputError("the workbook has no sheet of cells", "file_unreadable")
        return Workbook(sheets, calendar)

    def _sheet(self, sheet: Sheet) -> Sheet:
        """Count the cells of a sheet that hold a value or a formula."""
        row = column = 0
        inside = ""
        formula = value = error = False

        def start(name: str, given: dict[str, str]) -> None:
            nonlocal row, column, inside, formula, value, error
            inside = name
            if name == "c":
                column += 1
                if "r" in given:
                    row, column = position(given["r"])
                formula = value = False
                error = given.get("t") == "e"
            elif name == "f":
                formula = True
            elif name == "row":
                row, column = int(given.get("r", row + 1)), 0
                sheet.hidden_rows += given.get("hidden", "0") in _TRUE
            elif name == "col" and given.get("hidden", "0") in _TRUE:
                sheet.hidden_columns += max(0, int(given.get("max", 0)) - int(given.get("min", 0)) + 1)
            elif name == "mergeCell" and len(sheet.merged) < MOST_PARTS:
                first, _, last = given.get("ref", "").partition(":")
                (top, left), (bottom, right) = position(first), position(last or first)
                sheet.merged.append((top - 1, left - 1, bottom - 1, right - 1))

        def text(content: str) -> None:
            nonlocal value
            value = value or (inside in ("v", "t") and not content.isspace())

        def end(name: str) -> None:
            if name == "c" and (value or formula):
                sheet.cells += 1
                sheet.rows, sheet.columns = max(sheet.rows, row), max(sheet.columns, column)
                counts = sheet.formulas if not value else sheet.errors if error else None
                if counts is not None:
                    counts[column - 1] = counts.get(column - 1, 0) + 1

        self._parse(sheet.part, start, end, text)
        return sheet

    def _parse(self, part: str, start: Any, end: Any = None, text: Any = None) -> None:
        if part not in self.names:
            raise InputError("a part of the workbook is missing", "file_unreadable")
        parser = expat.ParserCreate()
        parser.buffer_text = True

        def plain(name: str) -> str:
            return name.rpartition(":")[2]

        def doctype(*given: object) -> None:
            raise InputError(
                "the workbook holds a document type, which no spreadsheet writes", "file_unreadable"
            )

        parser.StartDoctypeDeclHandler = doctype
        parser.StartElementHandler = lambda name, given: start(plain(name), given)
        if end is not None:
            parser.EndElementHandler = lambda name: end(plain(name))
        if text is not None:
            parser.CharacterDataHandler = text
        with self.package.open(part) as file:
            while piece := file.read(_PIECE):
                self.inflated += len(piece)
                if self.inflated > MOST_INFLATED:
                    message = (
                        f"the workbook holds more than {MOST_INFLATED:,} bytes unpacked; save it in parts"
                    )
                    raise InputError(message, "file_too_wide")
                parser.Parse(piece, False)
            parser.Parse(b"", True)


def position(reference: str) -> tuple[int, int]:
    """Row and column of a cell such as B3, from 1."""
    match = re.fullmatch(r"\$?([A-Z]{1,3})\$?(\d{1,7})", reference)
    if not match:
        raise ValueError("no cell")
    column = 0
    for letter in match[1]:
        column = 26 * column + ord(letter) - 64
    return int(match[2]), column


def letters(column: int) -> str:
    """The letters of a column, counted from 0.

    >>> letters(0), letters(25), letters(26), letters(16383)
    ('A', 'Z', 'AA', 'XFD')
    """
    text = ""
    column += 1
    while column:
        column, rest = divmod(column - 1, 26)
        text = chr(65 + rest) + text
    return text
