"""The command line ``ipm-outcomes``: definitions, checks, scores and the report of a file of answers.

Exit codes: 0 fine, 1 problems in the data, 2 wrong usage (also a file that cannot be read), 70 a fault of the
program itself, 130 interrupted, 141 the reader of the output left.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib.util import find_spec

from ipm_outcomes.cli._codes import CLOSED, FINE, INTERNAL, INTERRUPTED, PROBLEMS, USAGE
from ipm_outcomes.errors import IpmOutcomesError, MissingExtraError, UnreadableDatesError


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command.

    Parameters
    ----------
    arguments
        Words after the name of the program; None: those that the program was started with.

    Returns
    -------
    int
        The exit code: 0 fine, 1 problems in the data, 2 wrong usage, 130 interrupted, 141 the reader of the
        output left.
    """
    try:
        return _run(sys.argv[1:] if arguments is None else list(arguments))
    except KeyboardInterrupt:
        return _fail("interrupted", INTERRUPTED)
    except BrokenPipeError:
        _drop_output()
        return CLOSED
    except MemoryError:
        return _fail("out of memory: give the file in parts", USAGE)
    except UnreadableDatesError as error:  # the file was read, and what stands in it withholds the result
        return _fail(str(error), PROBLEMS)
    except IpmOutcomesError as error:
        return _fail(str(error), USAGE)
    except OSError as error:
        place = f"{error.filename}: " if error.filename else ""
        return _fail(f"{place}{error.strerror or type(error).__name__}", USAGE)
    except Exception as error:  # its words could hold a patient's data, so only its kind and place are told
        return _fail(f"internal error, please report it: {type(error).__name__} at {_place(error)}", INTERNAL)


def _run(arguments: list[str]) -> int:
    if absent := [name for name in ("cyclopts", "rich", "polars") if find_spec(name) is None]:
        raise MissingExtraError(f"the command line (without {', '.join(absent)})", "cli")
    from cyclopts import CycloptsError

    from ipm_outcomes.cli._app import app

    try:
        code = app(arguments, exit_on_error=False, print_error=False)
    except CycloptsError as error:
        return _fail(f"{error} See: ipm-outcomes --help", USAGE)
    if sys.stdout is not None:
        sys.stdout.flush()
    return code if isinstance(code, int) else FINE


def _fail(message: str, code: int) -> int:
    print(f"ipm-outcomes: {' '.join(message.split())}", file=sys.stderr)  # noqa: T201
    return code


def _place(error: Exception) -> str:
    """Module and line where an error arose."""
    trace = error.__traceback__
    while trace and trace.tb_next:
        trace = trace.tb_next
    return (
        f"{trace.tb_frame.f_globals.get('__name__')}, line {trace.tb_lineno}" if trace else "an unknown place"
    )


def _drop_output() -> None:
    """Point standard output nowhere, so that nothing fails once more when the program ends."""
    import os

    try:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except (OSError, ValueError):  # standard output is no file of the system's
        return
