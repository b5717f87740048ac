"""Whatever goes wrong in a command becomes one line and an exit code."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from contextlib import suppress

from ipm_outcomes.cli._codes import CLOSED, INTERNAL, INTERRUPTED, PROBLEMS, USAGE
from ipm_outcomes.cli._named import named
from ipm_outcomes.cli._print import tell
from ipm_outcomes.cli._signals import Ended
from ipm_outcomes.errors import IpmOutcomesError, UnreadableDatesError, printable


def guarded(run: Callable[[], int], arguments: Sequence[str] = ()) -> int:
    """Run it, and give its exit code or that of what went wrong; messages name the options of that command."""
    try:
        return run()
    except KeyboardInterrupt:
        return fail("interrupted", INTERRUPTED)
    except Ended as end:
        return fail(f"ended by {end}: what was not complete was not written", USAGE)
    except BrokenPipeError:
        return CLOSED
    except MemoryError:
        return fail("out of memory: give the file in parts", USAGE)
    except UnreadableDatesError as error:  # the file was read, and what is in it withholds the result
        return fail(named(str(error), arguments), PROBLEMS)
    except IpmOutcomesError as error:
        return fail(named(str(error), arguments), USAGE)
    except OSError as error:
        place = f"{error.filename}: " if error.filename else ""
        reason = error.strerror or (os.strerror(error.errno) if error.errno else type(error).__name__)
        return fail(f"{place}{reason}", USAGE)
    except (SystemExit, GeneratorExit):
        raise
    except BaseException as error:  # a panic of Polars is no Exception; its words could hold a patient's data
        return fail(f"internal error, please report it: {type(error).__name__} at {_place(error)}", INTERNAL)


def fail(message: str, code: int) -> int:
    """Tell what went wrong, and give the exit code."""
    # The message is one line; what a terminal would take for a command is not handed to it.
    line = " ".join(printable(message).split())
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
