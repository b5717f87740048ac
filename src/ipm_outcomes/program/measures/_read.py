"""Dated events read from a data frame, with every refusal naming the row."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

from ipm_outcomes.errors import FrameError
from ipm_outcomes.frames._frame import Frame
from ipm_outcomes.program.measures._patient import Event

_COLUMNS = ("event", "start", "end", "value", "status", "note")


def read(
    data: Any, patient: str, by: Sequence[str]
) -> tuple[Any, dict[Any, list[Event]], dict[Any, tuple[Any, ...]]]:
    """The events by patient, and each patient's group."""
    frame = Frame(data)
    frame.require([patient, *_COLUMNS, *by], "events")
    columns = {
        name: [None if value == "" else value for value in frame.values(name)]
        for name in (patient, *_COLUMNS, *by)
    }
    events: dict[Any, list[Event]] = {}
    groups: dict[Any, tuple[Any, ...]] = {}
    for row, who in enumerate(columns[patient]):
        if who is None:
            raise FrameError(f"events: row {row} has no value in the column {patient!r}")
        start = _date(columns["start"][row], "start", row)
        if start is None:
            raise FrameError(f"events: row {row} has no date in the column 'start'")
        end = _date(columns["end"][row], "end", row)
        if end is not None and end < start:
            raise FrameError(f"events: row {row} ends before it starts")
        text = {name: str(columns[name][row] or "") for name in ("event", "status", "note")}
        value = _number(columns["value"][row], row)
        events.setdefault(who, []).append(
            Event(text["event"], start, end, value, text["status"], text["note"])
        )
        group = tuple(columns[name][row] for name in by)
        if groups.setdefault(who, group) != group:
            raise FrameError(
                f"events: row {row} puts its patient into another group than the rows before; see `by`"
            )
    return frame, events, groups


def _date(value: Any, name: str, row: int) -> dt.date | None:
    if value is None:
        return None
    if isinstance(value, dt.datetime):
        return value.date()
    if isinstance(value, dt.date):
        return value
    try:
        return dt.date.fromisoformat(str(value)[:10])
    except ValueError:
        raise FrameError(f"events: row {row}, column {name!r}: not a date such as 2025-03-10") from None


def _number(value: Any, row: int) -> float | None:
    if value is None:
        return None
    try:
        return float(value)
    except (TypeError, ValueError):
        raise FrameError(f"events: row {row}, column 'value': not a number") from None
