"""Arrow tables made a stretch at a time: in memory while they are small, in a mapped file where they are not."""

from __future__ import annotations

import atexit
import os
from collections.abc import Iterable
from contextlib import suppress
from itertools import chain
from pathlib import Path
from tempfile import mkstemp
from typing import Any

MOST_IN_MEMORY = 1 << 26
"""Bytes from which on a table goes into a file."""


def spooled(parts: Iterable[Any]) -> Any:
    """One table of Arrow tables of one schema, of which only the first are held in memory.

    The file lies in the folder for temporary files (`TMPDIR`). It has no name from the moment that it is complete,
    so that its room is free as soon as the table is gone; on Windows it stays as long as the process.
    """
    import pyarrow as pa

    held, size = [], 0
    rest = iter(parts)
    for part in rest:
        held.append(part)
        size += part.nbytes
        if size > MOST_IN_MEMORY:
            return _in_file(chain(held, rest), part.schema)
    return pa.concat_tables(held)


def _in_file(parts: Iterable[Any], schema: Any) -> Any:
    import pyarrow as pa

    handle, name = mkstemp(prefix="ipm-outcomes-", suffix=".arrow")
    os.close(handle)
    try:
        with pa.OSFile(name, "wb") as file, pa.ipc.new_file(file, schema) as writer:
            for part in parts:
                writer.write_table(part)
        return pa.ipc.open_file(pa.memory_map(name)).read_all()
    finally:
        try:
            Path(name).unlink()
        except OSError:  # Windows keeps a mapped file

            def take_away() -> None:
                with suppress(OSError):
                    Path(name).unlink()

            atexit.register(take_away)
