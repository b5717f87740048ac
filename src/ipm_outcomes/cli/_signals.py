"""An end from outside, as by SIGTERM, taken as an exception, so that no half-written file is left behind."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

_NAMES = ("SIGTERM", "SIGHUP", "SIGXCPU")


class Ended(BaseException):
    """The system ends the program; says by which signal."""


@contextmanager
def ended_by_signals() -> Iterator[None]:
    """Raise `Ended` where the system asks the program to end, while the block runs.

    What the caller has set up for a signal, or ignores as under nohup, is left alone.
    """
    before: dict[int, Any] = {}
    if threading.current_thread() is threading.main_thread():  # only there handlers can be set
        for number in (getattr(signal, name, None) for name in _NAMES):
            if number is not None and signal.getsignal(number) is signal.SIG_DFL:
                before[number] = signal.signal(number, _end)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _end(number: int, _: object) -> None:
    signal.signal(number, signal.SIG_IGN)  # cleaning up is not cut short by a second one
    raise Ended(signal.Signals(number).name)
