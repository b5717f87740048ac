"""Files that are written whole or not at all."""

from __future__ import annotations

import io
import os
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any, cast
from uuid import uuid4


class _Sink(io.RawIOBase):
    """A file of which the first failure is kept: libraries that write to it make an error of their own of it."""

    def __init__(self, file: IO[bytes]) -> None:
        self.file = file
        self.failure: BaseException | None = None

    def writable(self) -> bool:
        return True

    def write(self, data: Any, /) -> int:
        try:
            return self.file.write(data)
        except BaseException as error:
            self.failure = self.failure or error
            raise

    def flush(self) -> None:
        if not self.file.closed:
            self.file.flush()


def write_whole(target: Path, fill: Callable[[IO[bytes]], object]) -> None:
    """Fill a file whole or not at all: a temporary file beside it takes its place when it is complete.

    Parameters
    ----------
    target
        The file; a link is followed, a pipe or a device is written to as it is.
    fill
        Writes the content.

    Raises
    ------
    OSError
        The file cannot be written, with its name; what was there before is untouched and nothing else is left.
    """
    place = Path(os.path.realpath(target))
    if place.exists() and not place.is_file():
        try:
            with place.open("wb") as file:
                fill_into(file, fill)
        except OSError as error:
            _name(error, target)
            raise
        return
    # A name of its own length: that of the file may be as long as names can be.
    temporary = place.with_name(f".{uuid4().hex}.part")
    try:
        with temporary.open("xb") as file:
            fill_into(file, fill)
            os.fsync(file.fileno())
        temporary.chmod(place.stat().st_mode & 0o7777 if place.exists() else 0o666 & ~_umask())
        temporary.replace(place)
    except BaseException as error:
        temporary.unlink(missing_ok=True)
        if isinstance(error, OSError):
            _name(error, target)
        raise


def fill_into(file: IO[bytes], fill: Callable[[IO[bytes]], object]) -> None:
    """Fill an open file; what ends a writing early, as Ctrl-C does, is raised as it was."""
    sink = _Sink(file)
    try:
        fill(cast("IO[bytes]", sink))
        file.flush()
    except BaseException:
        if sink.failure is None:
            raise
        raise sink.failure from None


def _name(error: OSError, target: Path) -> None:
    """Give the error the name of the file that was asked for."""
    error.filename, error.filename2 = str(target), None


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
