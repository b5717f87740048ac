"""What kind of file it is, by its first bytes, and its cells."""

from __future__ import annotations

import re
from pathlib import Path

from ipm_outcomes.errors import InputError, ParameterError
from ipm_outcomes.files._grid import Grid
from ipm_outcomes.files._statistics import read_statistics
from ipm_outcomes.files._text import read_text
from ipm_outcomes.files._workbook import read_workbook

ENDINGS = {
    ".xlsx": "xlsx",
    ".xlsm": "xlsx",
    ".xls": "xls",
    ".sav": "sav",
    ".zsav": "sav",
    ".por": "por",
    ".dta": "dta",
    ".xpt": "xpt",
}
_HTML = re.compile(rb"\s*<(!doctype html|html|head|body|table|meta|div)\b", re.IGNORECASE)
_OLD_STATA = (113, 114, 115)
_OTHERS = {
    b"PAR1": "a Parquet file; read it with your data-frame library",
    b"%PDF": "a PDF file; a table has to be exported from its source",
    b"\x1f\x8b": "a compressed file; unpack it first",
    b"{\\rtf": "a text document; save the table as CSV",
}


_NAMED = {
    ".sas7bdat": "a SAS data set; write it as transport file (.xpt) or CSV",
    ".json": "a JSON document; FHIR responses are read by ipm-outcomes fhir score",
    ".ndjson": "a file of JSON; FHIR responses are read by ipm-outcomes fhir score",
}
"""Endings of files that are no table of text."""


def kind_of(path: Path) -> str:
    """The kind of a file, by its first bytes; its name must not say another one."""
    with path.open("rb") as file:
        begin = file.read(1000)
    if not begin:
        raise InputError("the file is empty", "file_unreadable")
    if message := _NAMED.get(path.suffix.lower()):
        raise InputError(message, "file_unreadable")
    named = ENDINGS.get(path.suffix.lower(), "csv")
    kind = _content(begin, named)
    if kind == named or (kind == "xlsx" and named in ("xls", "csv")):
        return kind
    if named == "csv":
        return kind
    raise InputError(f"the file is no {path.suffix.lower()} file, whatever its name says", "file_unreadable")


def _content(begin: bytes, named: str) -> str:
    for mark, advice in _OTHERS.items():
        if begin.startswith(mark):
            raise InputError(advice, "file_unreadable")
    plain = (
        begin.removeprefix(b"\xef\xbb\xbf").replace(b"\0", b"")
        if begin[:2] in (b"\xff\xfe", b"\xfe\xff")
        else begin.removeprefix(b"\xef\xbb\xbf")
    )
    plain = plain.lstrip(b"\xff\xfe")
    if _HTML.match(plain):
        advice = "an HTML page, whatever its name says; open it in a spreadsheet program and save it as .xlsx or CSV"
        raise InputError(advice, "file_unreadable")
    if plain.lstrip().startswith(b"<?xml") or plain.lstrip().startswith(b"<"):
        if not begin.startswith(b"<stata_dta>"):
            advice = (
                "an XML document and no table; open it in a spreadsheet program and save it as .xlsx or CSV"
            )
            raise InputError(advice, "file_unreadable")
        return "dta"
    if begin.startswith(b"\xd0\xcf\x11\xe0"):
        advice = "an old .xls workbook, or one with a password; save it as .xlsx without a password"
        raise InputError(advice, "file_unreadable")
    if begin.startswith(b"PK"):
        return "xlsx"
    if begin[:4] in (b"$FL2", b"$FL3"):
        return "sav"
    if begin.startswith(b"HEADER RECORD*******LIB"):
        return "xpt"
    if named == "dta" and begin[0] in _OLD_STATA:
        return "dta"
    if named == "por" and b"SPSSPORT" in begin.replace(b"\r", b"").replace(b"\n", b""):
        return "por"
    return "csv"


def load(
    path: Path,
    *,
    sheet: str | int | None,
    header: int | None,
    encoding: str | None,
    delimiter: str | None,
    limit: int,
) -> Grid:
    """The cells of a file."""
    if path.exists() and not path.is_file():
        raise ParameterError("that is a folder, a pipe or a device; name a file")
    kind = kind_of(path)
    if sheet is not None and kind != "xlsx":
        raise ParameterError("sheet is for workbooks (.xlsx); this file has no sheets")
    if delimiter is not None and kind != "csv":
        raise ParameterError("delimiter is for files of text (CSV); this file has none")
    if kind == "csv":
        return read_text(path, encoding, delimiter, limit)
    if kind == "xlsx":
        return read_workbook(path, sheet, header, limit)
    return read_statistics(path, kind, encoding, limit)
