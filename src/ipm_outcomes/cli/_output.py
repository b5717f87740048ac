"""Files out: CSV, Parquet and text, whole or not at all, and never in the place of a file that is read."""

from __future__ import annotations

import os
import stat
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from shutil import copyfileobj
from typing import IO, Any

from ipm_outcomes._write import fill_into, write_whole
from ipm_outcomes.cli._files import CSV_ENDINGS, PARQUET_ENDINGS, STREAM
from ipm_outcomes.errors import FrameError, ParameterError

MOST_IN_MEMORY = 1 << 26
"""Bytes for standard output from which on they are kept in a file until the last is there."""


def output_kind(
    name: str | None,
    endings: tuple[str, ...] = CSV_ENDINGS + PARQUET_ENDINGS,
    *,
    inputs: Sequence[str | None],
    option: str = "-o",
) -> str:
    """Refuse an output that cannot be written before any work is done; its ending, "" for standard output.

    Parameters
    ----------
    name
        The output; None or - for standard output.
    endings
        What its name may end in.
    inputs
        Every file that the command reads. None of them is written to, under whatever name or link: the patients'
        data in it would be lost.
    option
        The option that gives the name.
    """
    streamed = name is None or name == STREAM
    for place in _identities(name, sys.stdout):
        for source in inputs:
            if source is not None and any(
                os.path.samestat(place, other) for other in _identities(source, sys.stdin)
            ):
                output = "standard output" if streamed else f"{option} {name}"
                other = "standard input" if source == STREAM else source
                raise ParameterError(f"{output}: that is a file that is read ({other}); give another name")
    if name is None or name == STREAM:
        return ""
    ending = Path(name).suffix.lower()
    if ending not in endings:
        pdf = ending == ".pdf" and ".html" in endings
        way = "; for a PDF, write .html and print it in a browser" if pdf else ""
        raise ParameterError(f"{option} {name}: the name must end in one of {', '.join(endings)}{way}")
    folder = Path(name).parent
    if not folder.is_dir():
        raise ParameterError(f"{option} {name}: there is no folder {folder}")
    if Path(name).is_dir():
        raise ParameterError(f"{option} {name}: that is a folder")
    return ending


def _identities(name: str | None, stream: Any) -> Iterator[os.stat_result]:
    """What the system knows a file by, whatever its name: of a stream that of the file behind it."""
    try:
        state = os.fstat(stream.fileno()) if name is None or name == STREAM else Path(name).stat()
    except (AttributeError, OSError, ValueError):  # there is no such file, or no file behind the stream
        return
    # A terminal or a pipe may be both, and loses nothing.
    if stat.S_ISREG(state.st_mode):
        yield state


def is_parquet(name: str | None) -> bool:
    """Whether an output is Parquet by the ending of its name."""
    return name not in (None, STREAM) and Path(name or "").suffix.lower() in PARQUET_ENDINGS


def write_frame(frame: Any, name: str | None, delimiter: str = ",") -> None:
    """Write a table by the ending of its name, or as CSV to standard output, with formulas neutralized."""
    if not is_parquet(name):
        write_csv([frame], name, delimiter)
        return
    from ipm_outcomes.frames._export import spreadsheet_safe

    safe = spreadsheet_safe(frame)
    _write(name, lambda file: safe.write_parquet(file))


def write_csv(parts: Iterable[Any], name: str | None, delimiter: str = ",") -> None:
    """Write a table that comes in parts, one or more, as CSV with formulas neutralized; whole or not at all."""
    import polars as pl

    from ipm_outcomes.frames._export import spreadsheet_safe

    separator = (
        "\t" if name not in (None, STREAM) and Path(name or "").suffix.lower() == ".tsv" else delimiter
    )

    def fill(file: IO[bytes]) -> None:
        for number, part in enumerate(parts):
            safe = spreadsheet_safe(part)
            if number == 0:
                _refuse_nested(safe)
            try:
                safe.write_csv(file, separator=separator, include_header=number == 0)
            except pl.exceptions.PolarsError:
                kinds = ", ".join(sorted({str(dtype) for dtype in safe.schema.values()}))
                raise FrameError(
                    f"CSV cannot hold a column of these kinds ({kinds}); write Parquet with -o"
                ) from None

    _write(name, fill)


def _refuse_nested(frame: Any) -> None:
    import polars as pl

    if nested := [
        column
        for column, dtype in frame.schema.items()
        if dtype.is_nested() or dtype in (pl.Binary, pl.Object)
    ]:
        raise FrameError(
            f"the column {nested[0]!r} holds lists or bytes, which CSV cannot hold; write Parquet with -o"
        )


def write_text(text: str, name: str | None) -> None:
    """Write a text as UTF-8 to a file or to standard output."""
    _write(name, lambda file: file.write(text.encode()))


def _write(name: str | None, fill: Callable[[IO[bytes]], object]) -> None:
    """Fill a file whole or not at all, or standard output."""
    if name is not None and name != STREAM:
        write_whole(Path(name), fill)
        return
    if sys.stdout is None:
        raise ParameterError("standard output is closed; name a file with -o")
    held = False
    try:
        with tempfile.SpooledTemporaryFile(MOST_IN_MEMORY) as buffer:
            fill_into(buffer, fill)
            buffer.seek(0)
            held = True
            sys.stdout.flush()
            copyfileobj(buffer, sys.stdout.buffer)
            sys.stdout.buffer.flush()
    except OSError as error:
        if not held:
            error.filename = error.filename or tempfile.tempdir
        raise
