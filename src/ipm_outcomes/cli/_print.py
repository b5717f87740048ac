"""Printing: plain aligned text, the same on a terminal and in a pipe, so that no number is ever cut short."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TextIO

from ipm_outcomes.errors import ParameterError


def say(text: str) -> None:
    """Print to standard output."""
    if sys.stdout is None:
        raise ParameterError("standard output is closed; nothing could be reported")
    print(_written(text, sys.stdout))  # noqa: T201


def tell(text: str) -> None:
    """Print to standard error: what is about the work and not its result."""
    if sys.stderr is not None:  # print would take standard output instead, into the result
        print(_written(text, sys.stderr), file=sys.stderr)  # noqa: T201


def _written(text: str, stream: TextIO) -> str:
    """The text as the stream can take it: what its encoding lacks is written as an escape."""
    encoding = getattr(stream, "encoding", None) or "utf-8"
    return text.encode(encoding, "backslashreplace").decode(encoding)


@contextmanager
def progress(what: str, rows: int) -> Iterator[Callable[[int], None] | None]:
    """A bar on standard error while the work goes on; nothing where that is no terminal."""
    if sys.stderr is None or not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(what, total=rows)
        yield lambda done: bar.update(task, completed=done)
