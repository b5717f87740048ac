"""The command line ``ipm-outcomes``: definitions, checks, scores and the report of a file of answers.

Exit codes: 0 fine, 1 problems in the data, 2 wrong usage (also a file that cannot be read or written, and an end from
outside, as by SIGTERM), 70 a fault of the program itself, 130 interrupted, 141 the reader of the output left.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from importlib.util import find_spec

from ipm_outcomes.cli._codes import CLOSED, FINE, INTERNAL, INTERRUPTED, PROBLEMS, USAGE
from ipm_outcomes.cli._print import tell
from ipm_outcomes.cli._signals import Ended, ended_by_signals
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
        The exit code: 0 fine, 1 problems in the data, 2 wrong usage, a file that cannot be read or written, or ended
        from outside, 70 a fault of the program itself, 130 interrupted, 141 the reader of the output left.
    """
    with ended_by_signals():
        code = _guarded(sys.argv[1:] if arguments is None else list(arguments))
    _settle_output()
    return code


def _guarded(arguments: list[str]) -> int:
    """Run one command; whatever goes wrong becomes one line and an exit code."""
    try:
        return _run(arguments)
    except KeyboardInterrupt:
        return _fail("interrupted", INTERRUPTED)
    except Ended as end:
        return _fail(f"ended by {end}: what was not complete was not written", USAGE)
    except BrokenPipeError:
        return CLOSED
    except MemoryError:
        return _fail("out of memory: give the file in parts", USAGE)
    except UnreadableDatesError as error:  # the file was read, and what stands in it withholds the result
        return _fail(str(error), PROBLEMS)
    except IpmOutcomesError as error:
        return _fail(str(error), USAGE)
    except OSError as error:
        place = f"{error.filename}: " if error.filename else ""
        told = error.strerror or (os.strerror(error.errno) if error.errno else type(error).__name__)
        return _fail(f"{place}{told}", USAGE)
    except (SystemExit, GeneratorExit):
        raise
    except BaseException as error:  # a panic of Polars is no Exception; its words could hold a patient's data
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
    # The message is one line; what a terminal would take for a command is not handed to it.
    line = " ".join("".join(sign if sign.isprintable() else " " for sign in message).split())
    with suppress(OSError):  # where even this cannot be determined, the exit code says it
        tell(f"ipm-outcomes: {line}")
    return code


def _place(error: BaseException) -> str:
    """Module and line where an error arose."""
    trace = error.__traceback__
    while trace and trace.tb_next:
        trace = trace.tb_next
    return (
        f"{trace.tb_frame.f_globals.get('__name__')}, line {trace.tb_lineno}" if trace else "an unknown place"
    )


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
