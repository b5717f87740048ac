"""The command line ``ipm-outcomes``: definitions, checks, scores and the report of a file of answers.

Exit codes: 0 fine, 1 problems in the data, 2 wrong usage (also a file that cannot be read or written, and an end from
outside, as by SIGTERM), 70 a fault of the program itself, 130 interrupted, 141 the reader of the output left.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from functools import partial
from importlib.util import find_spec

from ipm_outcomes.cli._codes import FINE, USAGE
from ipm_outcomes.cli._guard import fail, guarded
from ipm_outcomes.cli._signals import ended_by_signals
from ipm_outcomes.errors import MissingExtraError


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command.

    Parameters
    ----------
    arguments
        Words after the name of the program; None: those that the program was started with.

    Returns
    -------
    int
        The exit code: 0 fine, 1 problems in the data, 2 wrong usage, a file that cannot be read or written, or ended
        from outside, 70 a fault of the program itself, 130 interrupted, 141 the reader of the output left.
    """
    with ended_by_signals():
        words = sys.argv[1:] if arguments is None else list(arguments)
        code = guarded(partial(_run, words), words)
    _settle_output()
    return code


def _run(arguments: list[str]) -> int:
    if absent := [name for name in ("cyclopts", "rich", "polars") if find_spec(name) is None]:
        raise MissingExtraError(f"the command line (without {', '.join(absent)})", "cli")
    from cyclopts import CycloptsError

    from ipm_outcomes.cli._app import app

    try:
        code = app(arguments, exit_on_error=False, print_error=False)
    except CycloptsError as error:
        return fail(f"{error} See: ipm-outcomes --help", USAGE)
    if sys.stdout is not None:
        sys.stdout.flush()
    return code if isinstance(code, int) else FINE


def _settle_output() -> None:
    """Point streams nowhere that take no more, so that nothing fails once more when the program ends."""
    for stream in (sys.stdout, sys.stderr):
        if stream is None:
            continue
        try:
            stream.flush()
        except OSError:
            with suppress(OSError, ValueError):  # no file of the system's
                os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
        except ValueError:  # closed by the caller
            continue
