"""Files of answers and episodes: CSV, Parquet and SAS transport."""

from __future__ import annotations

import codecs
import csv
import io
import sys
from array import array
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO, Any

from ipm_outcomes.cli._plain import as_text, read_plain
from ipm_outcomes.errors import FrameError, InputError, MissingExtraError, ParameterError, number_of
from ipm_outcomes.files._text import checked_separator, named_separator, records

STREAM = "-"
CSV_ENDINGS = (".csv", ".tsv", ".txt")
PARQUET_ENDINGS = (".parquet", ".pq")
SAS_ENDINGS = (".xpt",)


@dataclass(frozen=True)
class Source:
    """A file that was read.

    Attributes
    ----------
    name : str
        The file as the user named it.
    frame : polars.DataFrame
        Its rows; all columns of a CSV file are text, or categories where that was asked for.
    lines : sequence of int or None
        For a CSV file the line on which each row begins.
    delimiter : str
        Of a CSV file.
    declared : frozenset of str
        Instruments of which a mapping says the coding; their cells are answers.
    categories : bool
        Whether categories stand for text.
    """

    name: str
    frame: Any
    lines: Sequence[int] | None
    delimiter: str = ","
    declared: frozenset[str] = frozenset()
    categories: bool = False

    @property
    def text(self) -> bool:
        """Whether the file has no types, so that numbers are written as text."""
        return self.lines is not None

    def texts(self, frame: Any, columns: Iterable[str]) -> Any:
        """A table made of the file, with columns that it took over as text again where they are categories."""
        return as_text(frame, columns) if self.categories else frame

    def without(self, rows: int) -> Source:
        """The file without its first rows."""
        if not rows:
            return self
        return replace(self, frame=self.frame[rows:], lines=None if self.lines is None else self.lines[rows:])

    def line(self, row: int) -> int | None:
        """The line of the file on which a row begins, the first line being 1."""
        return None if self.lines is None else self.lines[row]


def read(
    name: str, *, delimiter: str | None = None, encoding: str = "utf-8", categories: bool = False
) -> Source:
    """Read a file of answers.

    Parameters
    ----------
    name
        The file; - for CSV from standard input.
    delimiter, encoding
        Of a CSV file.
    categories
        Whether columns of a CSV file that hold few distinct texts may be categories, which take less memory and are
        judged once by distinct text; they print alike.

    Raises
    ------
    FrameError
        The file cannot be read as what its name says.
    ParameterError
        The ending of its name or the delimiter is not known.
    """
    ending = Path(name).suffix.lower()
    if name == STREAM or ending in CSV_ENDINGS:
        separator = _delimiter(delimiter, ending)
        if name == STREAM and sys.stdin is None:
            raise ParameterError("standard input is closed; name a file")
        with _opened(name) as file:
            label = "standard input" if name == STREAM else name
            if _is_utf8(encoding):
                frame = read_plain(file, separator)
                if frame is not None:
                    frame = frame if categories else as_text(frame, frame.columns)
                    return Source(label, frame, range(2, len(frame) + 2), separator, categories=categories)
                file.seek(0)
            return _read_csv(label, file.read(), separator, encoding)
    if ending not in PARQUET_ENDINGS + SAS_ENDINGS:
        endings = ", ".join(CSV_ENDINGS + PARQUET_ENDINGS + SAS_ENDINGS)
        raise ParameterError(
            f"{name}: the name must end in one of {endings} (or be - for CSV from standard input); workbooks "
            "and files of SPSS and Stata are read by a mapping: see ipm-outcomes read, then give --mapping"
        )
    with Path(name).open("rb"):  # a missing or unreadable file is reported in the system's own words
        pass
    frame = _read_parquet(name) if ending in PARQUET_ENDINGS else _read_sas(name, encoding)
    if not frame.width:
        raise FrameError(f"{name}: the file has no columns")
    return Source(name, frame, None)


@contextmanager
def _opened(name: str) -> Iterator[IO[bytes]]:
    """A file, or all of a stream, to be read from its beginning more than once."""
    if name == STREAM:
        yield io.BytesIO(sys.stdin.buffer.read())
        return
    with Path(name).open("rb") as file:
        yield file if file.seekable() else io.BytesIO(file.read())


def _is_utf8(encoding: str) -> bool:
    return encoding.lower().replace("_", "-") in ("utf-8", "utf8")


def _delimiter(given: str | None, ending: str) -> str:
    if given is None:
        return "\t" if ending == ".tsv" else ","
    return checked_separator(given, "--delimiter")


def _read_csv(name: str, data: bytes, separator: str, encoding: str) -> Source:
    import polars as pl

    text = _decoded(name, data, encoding)
    lines_of = io.StringIO(text, newline="")
    named, first = named_separator(lines_of.readline()), 1
    if named is not None:
        text, separator, first = text[lines_of.tell() :], named, 2
    header, plain, lines = _rewritten(name, text, separator, first)
    frame = _parsed(plain, separator, header)
    if frame is None or frame.height != len(lines):
        raise FrameError(f"{name}: the file cannot be read as CSV; mind its quotes and line ends")
    # Read as it is, an empty cell still differs from an empty text in quotes; taken where all else agrees.
    direct = _parsed(text, separator, header)
    if direct is not None and direct.shape == frame.shape:
        empty = pl.all().fill_null("")
        if direct.select(empty).equals(frame.select(empty)):
            frame = direct
    return Source(name, frame, lines, separator)


def _parsed(text: str, separator: str, header: list[str]) -> Any:
    """The rows under the names of the header; Polars itself leaves quotes doubled in names."""
    import polars as pl

    try:
        frame = pl.read_csv(text.encode(), separator=separator, infer_schema=False)
        frame.columns = header
    except (pl.exceptions.PolarsError, OSError):
        return None
    return frame


def _decoded(name: str, data: bytes, encoding: str) -> str:
    try:
        text = data.decode("utf-8-sig" if _is_utf8(encoding) else encoding)
    except LookupError:
        raise ParameterError(
            "--encoding: there is no such encoding; give one such as utf-8, cp1252 or utf-16"
        ) from None
    except UnicodeError as error:
        # The place is counted in what was decoded, which begins after a byte order mark.
        before = error.object[: error.start] if isinstance(error, UnicodeDecodeError) else b""
        line = before.count(b"\n") + 1
        marked = data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
        other = " utf-16" if marked else ", such as cp1252"
        raise FrameError(
            f"{name}: line {line} is not {encoding} text; save the file as UTF-8, or give --encoding{other}"
        ) from None
    if "\0" in text:
        raise FrameError(
            f"{name}: the file holds zero bytes, so it is no CSV text; if it is UTF-16, give --encoding "
            "utf-16"
        )
    if not text.strip():
        raise FrameError(f"{name}: the file is empty")
    return text.removeprefix("\ufeff")


def _rewritten(name: str, text: str, separator: str, first: int) -> tuple[list[str], str, array[int]]:
    """The header, the same rows with plain quotes and line ends, and the line of the file on which each row begins.

    Two readers of CSV can differ on odd quotes and line ends, and a row could be lost between them: this one alone
    decides, and the other reads what it wrote. Blank lines are no rows. A line with too few or too many cells is
    refused: its answers may be under the wrong question.
    """
    rows = records(io.StringIO(text, newline=""), separator, first)
    lines, plain = array("q"), io.StringIO(newline="")
    writer = csv.writer(plain, delimiter=separator, lineterminator="\n")
    try:
        _, header = next(rows)
        _check_header(name, header, separator)
        writer.writerow(header)
        for begun, row in rows:
            if len(row) == len(header) or (not row and len(header) == 1):
                lines.append(begun)
                writer.writerow(row or [""])
            elif row:
                raise FrameError(
                    f"{name}: line {begun} has {number_of(len(row), 'cell')} and the header "
                    f"{len(header)}; correct the line, or delete what is above the names of the columns"
                )
    except InputError as error:
        raise FrameError(f"{name}: {error.place} cannot be read as CSV; mind its quotes") from None
    return header, plain.getvalue(), lines


def _check_header(name: str, header: list[str], separator: str) -> None:
    if not header:
        raise FrameError(f"{name}: the first line is blank; it must name the columns")
    for column, count in Counter(header).items():
        if count > 1:
            doubled = f"the column {column!r} appears {count} times"
            fault = doubled if column else f"{number_of(count, 'column')} without a name"
            raise FrameError(
                f"{name}: {fault}; each column needs a name of its own, on the first line of the file"
            )
    if len(header) == 1:
        for other, word in ((";", "';'"), ("\t", "tab"), (",", "','"), ("|", "'|'")):
            if other != separator and other in header[0]:
                raise FrameError(f"{name}: the header is one cell that holds {word}; give --delimiter {word}")


def _read_parquet(name: str) -> Any:
    import polars as pl

    try:
        return pl.read_parquet(name, glob=False, hive_partitioning=False)
    except (pl.exceptions.PolarsError, OSError, ValueError):
        raise FrameError(f"{name}: the file cannot be read as Parquet") from None


def _read_sas(name: str, encoding: str) -> Any:
    try:
        import pyreadstat
    except ImportError:
        raise MissingExtraError("reading a SAS transport file", "sas") from None
    import polars as pl

    def cells(as_numbers: bool) -> Any:
        return pyreadstat.read_xport(
            name, encoding=encoding, output_format="dict", disable_datetime_conversion=as_numbers
        )[0]

    try:
        try:
            columns = cells(as_numbers=False)
        except OverflowError:  # a date beyond the calendar; as numbers the others can still be declared
            columns = cells(as_numbers=True)
    except Exception:  # the reader fails in many ways of its own on a file that is not what it should be
        raise FrameError(f"{name}: the file cannot be read as a SAS transport file") from None
    return pl.DataFrame([_sas_column(column, values) for column, values in columns.items()])


def _sas_column(name: str, values: list[Any]) -> Any:
    import polars as pl

    # A blank text is what SAS keeps for a missing one; numbers that are missing come as None or as NaN.
    values = [None if value == "" or value != value else value for value in values]
    series = pl.Series(name, values, strict=False)
    # SAS has no whole numbers: an identifier should still leave as 73557 and not as 73557.0.
    if series.dtype.is_float() and all(
        value is None or (value == value // 1 and abs(value) < 2**53) for value in values
    ):
        return series.cast(pl.Int64)
    return series
