"""Files of text: encoding, separator, records. The file is read in pieces, and never held as one."""

from __future__ import annotations

import codecs
import csv
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from pathlib import Path

from ipm_outcomes.errors import InputError, ParameterError, number_of
from ipm_outcomes.files._grid import Grid, Interned, note
from ipm_outcomes.reading import Inference

MOST_FIELD = 1_000_000
"""Characters of one cell; longer ones are an open quote."""
MOST_LINE = 1_000_000
"""Bytes without a line end."""
MOST_BYTES = 200_000_000
SEPARATORS = {",": "','", ";": "';'", "\t": "tab", "|": "'|'"}
SAMPLE = 200
"""Records by which the separator is found."""
_NO_CP1252 = (b"\x81", b"\x8d", b"\x8f", b"\x90", b"\x9d")
_MARKS = {
    codecs.BOM_UTF8: "utf-8-sig",
    **dict.fromkeys((codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE), "utf-32"),
    **dict.fromkeys((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE), "utf-16"),
}
"""Byte order marks; that of UTF-32 begins as that of UTF-16."""
_CONTROL = re.compile(r"[\x00-\x08\x0e-\x19\x1b-\x1f]")
_PIECE = 1 << 20


def named_separator(line: str) -> str | None:
    """The separator that Excel names on a line of its own before the header."""
    match = re.match(r"sep=([^\w\s\"]|\t)\r?\n?$", line, re.IGNORECASE)
    return match[1] if match else None


def records(lines: Iterable[str], separator: str, first: int = 1) -> Iterator[tuple[int, list[str]]]:
    """Records of a CSV text, each with the line on which it begins; that of a line without anything has no cells.

    Raises
    ------
    InputError
        Quotes do not close, or text is beside them; ``place`` is the line.
    """
    csv.field_size_limit(MOST_FIELD)
    rows = csv.reader(lines, delimiter=separator, strict=True)
    begun = first
    try:
        for row in rows:
            yield begun, row
            begun = rows.line_num + first
    except csv.Error as error:
        line = rows.line_num + first - 1
        if "unexpected end" in str(error):
            message = "a quote that opens here or before never closes; the file may be cut off"
            raise InputError(message, "file_cut_off", f"line {begun}") from None
        message = "cannot be read as CSV; mind its quotes"
        raise InputError(message, "file_unreadable", f"line {line}") from None


def read_text(path: Path, encoding: str | None, separator: str | None, limit: int) -> Grid:
    """All records of a file."""
    if path.stat().st_size > MOST_BYTES:
        message = f"the file has more than {MOST_BYTES:,} bytes; read it in parts"
        raise InputError(message, "file_too_wide")
    encoding, ended, notes = _encoding(path, encoding)
    first = 1
    with path.open(encoding=encoding, newline="") as file:
        named = named_separator(file.readline(16))
    given = separator
    if named is not None:
        first, separator = 2, separator or named
        notes.append(note("delimiter", "the first line names the separator", value=named, settle="delimiter"))

    def lines() -> Iterator[str]:
        with path.open(encoding=encoding, newline="") as file:
            if named is not None:
                file.readline()
            yield from file

    if separator is None:
        separator, why = _separator(lines, ended)
        notes.append(note("delimiter", why, value=separator, settle="delimiter"))
    else:
        separator = checked_separator(separator)
    grid = Grid("csv", [], [], "line", notes)
    grid.pins = {"encoding": encoding, "delimiter": separator}
    if given is not None:
        grid.pins["delimiter"] = separator
    keep, cells = Interned(), 0
    for line, row in records(lines(), separator, first):
        if not row:
            continue
        cells += len(row)
        if cells > limit:
            message = f"the file holds more than {limit:,} cells; read it in parts, or give limit_cells="
            raise InputError(message, "file_too_wide", f"line {line}")
        grid.rows.append([keep(cell) for cell in row])
        grid.lines.append(line)
    grid.ended = ended
    if not any(any(cell is not None for cell in row) for row in grid.rows):
        raise InputError("the file is empty", "file_unreadable")
    return grid


def checked_separator(given: str, argument: str = "delimiter") -> str:
    """One character, or the word tab."""
    separator = {"tab": "\t", "\\t": "\t"}.get(given, given)
    if len(separator) != 1 or not separator.isascii() or separator in '"\r\n':
        raise ParameterError(f"{argument} is one character, such as ';', or the word tab")
    return separator


def _encoding(path: Path, given: str | None) -> tuple[str, bool, list[Inference]]:
    """The encoding, whether the last line has an end, and what was seen."""
    with path.open("rb") as file:
        begin = file.read(4)
    marked = next((name for mark, name in _MARKS.items() if begin.startswith(mark)), None)
    if given is not None:
        try:
            name = codecs.lookup(given).name
            "a".encode(name)
        except (LookupError, UnicodeError, TypeError, ValueError):
            message = "encoding: there is no such encoding of text; give one such as utf-8, cp1252 or utf-16"
            raise ParameterError(message) from None
        wanted = "utf-8-sig" if name == "utf-8" else name
        # By chance a few letters of two bytes are UTF-8 too; letters of one byte are hardly ever.
        single = len(bytes(range(256)).decode(name, "replace")) == 256
        if not name.startswith("utf") and _utf8_bytes(path) > (0 if single else 20):
            message = f"the bytes are UTF-8, which would be garbled as {given}; read it as utf-8"
            raise InputError(message, "encoding_unknown")
        ended, fault = _scan(path, wanted)
        if fault is not None:
            message = f"the bytes are no {given} text; give encoding="
            raise InputError(message, "encoding_unknown", f"line {fault}")
        return wanted, ended, []
    wanted = marked or "utf-8"
    ended, fault = _scan(path, wanted)
    if fault is None:
        evidence = "a byte order mark" if marked else "the bytes are UTF-8"
        return wanted, ended, [note("encoding", evidence, value=wanted, settle="encoding")]
    if marked is not None or not _is_cp1252(path):
        message = "the bytes are no text in UTF-8 or Windows-1252; the file may be no text file, else give encoding="
        raise InputError(message, "encoding_unknown", f"line {fault}")
    evidence = (
        "the bytes are not UTF-8; read as Windows-1252 (in other code pages letters with accents differ)"
    )
    return "cp1252", _scan(path, "cp1252")[0], [note("encoding", evidence, value="cp1252", settle="encoding")]


def _scan(path: Path, encoding: str) -> tuple[bool, int | None]:
    """Whether the text ends with a line end, and the line that cannot be decoded; refuses what is no text."""
    decoder = codecs.getincrementaldecoder(encoding)()
    line, since, last = 1, 0, "\n"
    with path.open("rb") as file:
        while True:
            piece = file.read(_PIECE)
            try:
                text = decoder.decode(piece, final=not piece)
            except UnicodeDecodeError as error:
                return False, line + error.object[: error.start].count(b"\n")
            except UnicodeError:  # UTF-16 that ends within a character
                return False, line
            if wrong := _CONTROL.search(text):
                message = (
                    "control characters, so that the file is no text; if it is UTF-16, give encoding='utf-16'"
                )
                place = f"line {line + text.count(chr(10), 0, wrong.start())}"
                raise InputError(message, "file_unreadable", place)
            if text:
                plain = text.replace("\r", "\n")
                ends = plain.find("\n")
                since += len(text) if ends < 0 else ends
                if since > MOST_LINE:
                    message = f"the line has more than {MOST_LINE:,} characters; the file may be no table"
                    raise InputError(message, "file_too_wide", f"line {line}")
                if ends >= 0:
                    since = len(plain) - plain.rfind("\n") - 1
                line += text.count("\n")
                last = text[-1]
            if not piece:
                return last in "\r\n", None


def _is_cp1252(path: Path) -> bool:
    with path.open("rb") as file:
        return not any(
            any(byte in piece for byte in _NO_CP1252) for piece in iter(lambda: file.read(_PIECE), b"")
        )


def _utf8_bytes(path: Path) -> int:
    """How many bytes beyond ASCII there are, where all are UTF-8; else 0."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    beyond = 0
    with path.open("rb") as file:
        while True:
            piece = file.read(_PIECE)
            if not piece.isascii():
                beyond += len(piece) - len(piece.decode("ascii", "ignore"))
            try:
                decoder.decode(piece, final=not piece)
            except UnicodeDecodeError:
                return 0
            if not piece:
                return beyond


def _separator(lines: Callable[[], Iterator[str]], ended: bool) -> tuple[str, str]:
    """The one separator by which the first records have one width."""
    widths = {separator: _widths(lines, separator) for separator in SEPARATORS}
    for drop in (0,) if ended else (0, 1):  # a last line without an end may be cut
        fits = [
            separator
            for separator, cells in widths.items()
            if cells and len(set(cells[: len(cells) - drop])) == 1
        ]
        fits = [fit for fit in fits if widths[fit][0] > 1]
        if len(fits) == 1:
            seen = min(SAMPLE, len(widths[fits[0]]))
            return (
                fits[0],
                f"the first {number_of(seen, 'record')} have {widths[fits[0]][0]} cells each by {SEPARATORS[fits[0]]}",
            )
        if len(fits) > 1:
            named = " or ".join(SEPARATORS[fit] for fit in fits)
            raise InputError(f"cells may be separated by {named}; give delimiter=", "delimiter_ambiguous")
    # Lines above the header, or one that is wrong, which is reported by its place.
    most = {}
    for separator, cells in widths.items():
        for width, count in Counter(cells).most_common(1):
            if width > 1 and 2 * count > len(cells):
                most[separator] = (count, width)
    if len(most) == 1:
        ((separator, (count, width)),) = most.items()
        return separator, f"{number_of(count, 'record')} have {width} cells each by {SEPARATORS[separator]}"
    if most:
        named = " or ".join(SEPARATORS[separator] for separator in most)
        raise InputError(f"cells may be separated by {named}; give delimiter=", "delimiter_ambiguous")
    if all(set(cells or [0]) <= {0, 1} for cells in widths.values()):
        return ",", "there is one column"
    raise InputError("no separator gives records of one width; give delimiter=", "delimiter_ambiguous")


def _widths(lines: Callable[[], Iterator[str]], separator: str) -> list[int]:
    """Cells of the first records that are not blank; none where quotes do not fit."""
    try:
        rows = (row for _, row in records(lines(), separator) if any(map(str.strip, row)))
        return [len(row) for row in islice(rows, SAMPLE)]
    except InputError:
        return []
