"""Plain CSV files, read a stretch at a time; columns of few distinct texts are kept as categories.

A file is plain where two readers of CSV cannot differ on it: UTF-8, every line with as many cells as the header, quotes
around whole cells only, no blank line. Every other file is read as a whole.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from ipm_outcomes.errors import InputError
from ipm_outcomes.files._text import MOST_FIELD, named_separator, records

BLOCK = 1 << 22
"""Bytes that are read at a time."""
MOST_DISTINCT = 10_000
"""A column with more distinct texts is kept as text."""
_MARK = b"\xef\xbb\xbf"
_LAST_ASCII = 127
_END, _QUOTE = ord("\n"), ord('"')


def read_plain(file: IO[bytes], separator: str) -> Any:
    """The rows of a plain file as a Polars frame, cells without anything as null; None where the file is not plain."""
    header = _header(file, separator)
    if header is None:
        return None
    columns = [_Column() for _ in header]
    if not all(_read(block, separator, columns) for block in _blocks(file)):
        return None
    return _frame(header, columns)


def as_text(frame: Any, columns: Iterable[str]) -> Any:
    """A frame in which those of these columns that are categories are text again."""
    import polars as pl

    kept = [name for name in columns if frame.schema.get(name) == pl.Enum]
    return frame.with_columns(pl.col(kept).cast(pl.String)) if kept else frame


def _header(file: IO[bytes], separator: str) -> list[str] | None:
    """The names of the columns, each of which differs from the others."""
    line = file.readline(MOST_FIELD).removeprefix(_MARK)
    content = line.removesuffix(b"\n").removesuffix(b"\r")
    if separator not in ",;\t|" or not line.endswith(b"\n") or b"\r" in content or b"\0" in content:
        return None
    try:
        text = content.decode()
        ((_, names),) = records(io.StringIO(text, newline=""), separator)
    except (InputError, ValueError):
        return None
    plain = len(names) > 1 and len(set(names)) == len(names) and not text.isspace()
    return names if plain and named_separator(text) is None and not text.startswith("\ufeff") else None


def _blocks(file: IO[bytes]) -> Iterator[bytes]:
    """Whole lines, as many as come with each reading."""
    left = b""
    while data := file.read(BLOCK):
        stop = data.rfind(b"\n") + 1
        if stop:
            yield left + data[:stop]
        left = data[stop:] if stop else left + data
        if len(left) > MOST_FIELD:  # no line is so long
            yield left
            return
    if left:
        yield left + b"\n"


def _read(block: bytes, separator: str, columns: list[_Column]) -> bool:
    """Add these lines to the columns; false where they are not plain."""
    if b"\r" in block:
        block = block.replace(b"\r\n", b"\n")
    if b"\r" in block or b"\0" in block or block.startswith(_MARK) or not block.endswith(b"\n"):
        return False
    signs = np.frombuffer(block, np.uint8)
    marks = _marks(signs, ord(separator), len(columns))
    if marks is None:
        return False
    widths = np.diff(marks.ravel(), prepend=-1).reshape(marks.shape)
    short = (widths <= 2).all(axis=0)
    cells = _texts(block, separator, np.flatnonzero(~short).tolist(), marks.shape)
    if cells is None:
        return False
    for n in np.flatnonzero(short).tolist():
        letters = np.where(widths[:, n] == 1, 0, signs[marks[:, n] - 1])
        if letters.max() > _LAST_ASCII:
            return False
        columns[n].add_letters(letters)
    for n, part in cells.items():
        columns[n].add(part)
    return True


def _marks(signs: NDArray[np.uint8], separator: int, width: int) -> NDArray[np.intp] | None:
    """Where cells end, by line; None where lines differ in the number of cells, or quotes are within cells."""
    ends = signs == _END
    marks = ends | (signs == separator)
    quotes = signs == _QUOTE
    if quotes.any():
        places = np.flatnonzero(quotes)
        opened, closed = places[::2], places[1::2]
        # Before the first sign is the last one, which is the end of a line.
        if len(opened) != len(closed) or not (marks[opened - 1].all() and marks[closed + 1].all()):
            return None
        within = np.logical_xor.accumulate(quotes)
        if (ends & within).any():
            return None
        marks &= ~within
    lines, places = np.flatnonzero(ends), np.flatnonzero(marks)
    if len(places) != len(lines) * width or (places[width - 1 :: width] != lines).any():
        return None
    return None if np.diff(lines, prepend=-1).max() > MOST_FIELD else places.reshape(-1, width)


def _texts(block: bytes, separator: str, wanted: list[int], shape: tuple[int, ...]) -> dict[int, Any] | None:
    """Columns of these lines as text, by number; None where they cannot be read."""
    import polars as pl

    if not wanted:
        return {}
    try:
        frame = pl.read_csv(block, separator=separator, has_header=False, infer_schema=False, columns=wanted)
    except (pl.exceptions.PolarsError, OSError):
        return None
    return dict(zip(wanted, frame, strict=True)) if frame.shape == (shape[0], len(wanted)) else None


class _Column:
    """A column that comes in parts: categories as long as its texts are few."""

    def __init__(self) -> None:
        self.known: list[str] | None = []
        self.parts: list[Any] = []

    def add(self, cells: Any) -> None:
        """Add the next part."""
        import polars as pl

        known = self.known
        if known is None:
            self.parts.append(cells)
            return
        coded = cells.cast(pl.Enum(known), strict=False) if known else None
        if coded is None or coded.null_count() > cells.null_count():
            new = (cells if coded is None else cells.filter(coded.is_null())).drop_nulls().unique().to_list()
            if len(known) + len(new) > MOST_DISTINCT:
                self.known = None
                self.parts.append(cells)
                return
            known += new
            coded = cells.cast(pl.Enum(known))
        self.parts.append(coded)

    def add_letters(self, letters: NDArray[np.uint8]) -> None:
        """Add a part of cells of one ASCII sign each; 0 for one that is empty."""
        import polars as pl

        letters_held = [chr(n) for n in np.flatnonzero(np.bincount(letters)).tolist() if n]
        if self.known is not None:
            self.known += [text for text in letters_held if text not in self.known]
            if len(self.known) > MOST_DISTINCT:
                self.known = None
        texts = letters_held if self.known is None else self.known
        place = np.full(_LAST_ASCII + 1, len(texts), np.uint32)
        for n, text in enumerate(texts):
            if len(text) == 1 and text.isascii():
                place[ord(text)] = n
        self.parts.append(pl.Series([*texts, None], dtype=self._kind).gather(place[letters]))

    @property
    def _kind(self) -> Any:
        import polars as pl

        return pl.String if self.known is None else pl.Enum(self.known)

    def whole(self) -> Any:
        """All of it."""
        import polars as pl

        kind = self._kind
        parts = [part if part.dtype == kind else part.cast(pl.String).cast(kind) for part in self.parts]
        self.parts = []
        return pl.concat(parts) if parts else None


def _frame(header: list[str], columns: list[_Column]) -> Any:
    import polars as pl

    if not columns[0].parts:
        return None
    # Of a list a column without a name would be given one.
    return pl.DataFrame({name: column.whole() for name, column in zip(header, columns, strict=True)})
