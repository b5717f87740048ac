"""No raw error of a library leaves a function that takes data: its words may hold what is in a cell."""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import partial, wraps
from types import TracebackType
from typing import ParamSpec, TypeVar

from pydantic import ValidationError

from ipm_outcomes.errors import FrameError, IpmOutcomesError, ProtectionWarning

P = ParamSpec("P")
R = TypeVar("R")


def fenced(function: Callable[P, R]) -> Callable[P, R]:
    """Let only errors of this library out of a function, without what led to them.

    Errors of others become a `FrameError` that names their kind and place. What remains as it is: a wrong call, a
    file that the system refuses, too little memory, an interruption, an error of a function that the caller gave.
    """

    @wraps(function)
    def call(*args: P.args, **kwargs: P.kwargs) -> R:
        outer = sys.exc_info()[1]
        try:
            return function(*args, **kwargs)
        except (IpmOutcomesError, ProtectionWarning, ValidationError) as error:
            # What the caller was handling stays; what a library raised before is cut off.
            error.__cause__, error.__context__ = None, outer
            raise
        except MemoryError:
            raise
        except BaseException as error:
            panic = type(error).__name__ == "PanicException"  # of Polars, and no Exception
            if not (isinstance(error, Exception) or panic) or _is_of_caller(error):
                raise
            cause = f"{type(error).__name__} at {_place(error.__traceback__)}"
        raise FrameError(
            f"{function.__name__}: the data cannot be worked on as they are ({cause}); make each column one kind of "
            "value, such as numbers, text or dates"
        )

    return call


def of_caller(function: Callable[P, R]) -> Callable[P, R]:
    """A function that the caller gave, such as one for progress: no cell is handed to it, and its errors pass."""
    return partial(_called, function)


def _called(function: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    return function(*args, **kwargs)


def _is_of_caller(error: BaseException) -> bool:
    """Whether the call itself or a function of the caller was wrong, or the system refused a file."""
    trace = error.__traceback__
    if isinstance(error, TypeError) and trace is not None and trace.tb_next is None:
        return True
    while trace:
        if trace.tb_frame.f_code is _called.__code__:
            return True
        trace = trace.tb_next
    return isinstance(error, OSError) and error.errno is not None


def _place(trace: TracebackType | None) -> str:
    """The last place in this library on the way to an error."""
    place = "an unknown place"
    while trace:
        module = str(trace.tb_frame.f_globals.get("__name__"))
        if module.startswith("ipm_outcomes."):
            place = f"{module}, line {trace.tb_lineno}"
        trace = trace.tb_next
    return place
