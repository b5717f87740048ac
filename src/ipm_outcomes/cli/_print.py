"""Printing: plain aligned text, the same on a terminal and in a pipe, so that no number is ever cut short."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager


def say(text: str) -> None:
    """Print to standard output."""
    print(text)  # noqa: T201


def tell(text: str) -> None:
    """Print to standard error: what is about the work and not its result."""
    print(text, file=sys.stderr)  # noqa: T201


@contextmanager
def progress(what: str, rows: int) -> Iterator[Callable[[int], None] | None]:
    """A bar on standard error while the work goes on; nothing where that is no terminal."""
    if not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(what, total=rows)
        yield lambda done: bar.update(task, completed=done)
