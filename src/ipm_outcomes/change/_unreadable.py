"""Dates that cannot be read, where they would leave nothing but an empty result."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from ipm_outcomes.change._units import NO_TABLE, Units
from ipm_outcomes.errors import UnreadableDatesError
from ipm_outcomes.frames._date_cells import EXCEL, SAS
from ipm_outcomes.frames._dates import MISSING, UNPARSABLE, Bools, Dates

_FEW = 1
"""A single date that cannot be read is a slip in one cell, which the reason of that patient says."""


def refuse_unreadable(units: Units, any_pair: bool) -> None:
    """Raise where most dates of a column cannot be read, or where nothing was paired for that reason."""
    refuse_column("date", units.dates, units.assessment)
    if units.starts is not None:
        refuse_column("start_date", units.starts)
    if not any_pair and is_stopped(*patients_stopped(units)):
        bad = bool(units.dates.unreadable(units.assessment))
        name, dates, rows = (
            ("date", units.dates, units.assessment) if bad else ("start_date", units.starts, None)
        )
        assert dates is not None
        raise UnreadableDatesError(f"nothing could be paired: {described(name, dates, rows)}")


def patients_stopped(units: Units) -> tuple[int, int]:
    """Of how many patients a date cannot be read, and how many patients there are."""
    stopped = np.unique(units.row_patient[(units.dates.state == UNPARSABLE) & units.assessment])
    if units.starts is not None:
        stopped = np.union1d(
            stopped, units.patient[(units.start_state == UNPARSABLE) & (units.listed != NO_TABLE)]
        )
    return stopped.size, np.unique(units.patient).size


def is_stopped(stopped: int, patients: int) -> bool:
    """Whether dates that cannot be read are likely to be why nothing was paired."""
    return stopped > _FEW and 2 * stopped >= patients


def refuse_column(name: str, dates: Dates, rows: Bools | None = None) -> None:
    """Raise where most dates of these rows (None: of all) cannot be read."""
    given = dates.state != MISSING if rows is None else (dates.state != MISSING) & rows
    if is_mostly_unreadable(int(given.sum()), dates.unreadable(rows), dates.numbers):
        raise UnreadableDatesError(described(name, dates, rows))


def is_mostly_unreadable(given: int, bad: int, numbers: bool) -> bool:
    """Whether so many cells that cannot be read are more than slips."""
    return 2 * bad > given and (bad > _FEW or numbers)


def described(name: str, dates: Dates, rows: Bools | None = None) -> str:
    """What is in a column in place of dates, and the way out."""
    given = int((dates.state != MISSING if rows is None else (dates.state != MISSING) & rows).sum())
    what = (
        "holds numbers, and nobody can know what they count" if dates.numbers else "the dates cannot be read"
    )
    fits = [f'"{fit}"' for fit in dates.formats(rows)]
    if len(fits) > 1:
        way = f"The formats {' and '.join(fits)} would each read them: declare which it is"
    elif fits:
        way = f"The format {fits[0]} would read them: declare it if that is how they were written"
    else:
        way = (
            'Declare how they are written, such as "%m/%d/%Y" or "%d.%m.%Y", or '
            f'"{EXCEL}" or "{SAS}" for day numbers'
        )
    return (
        f"{name}: {what} in {dates.unreadable(rows)} of {given} rows that have one; they look like "
        f"{shown_shapes(dates.shapes(rows))}. "
        f"{way} (date_format=…)"
    )


def shown_shapes(shapes: Mapping[str, int]) -> str:
    """The first shapes with their counts, in words."""
    shown = ", ".join(f"{shape} ({count})" for shape, count in list(shapes.items())[:3])
    return shown + (", and others" if len(shapes) > 3 else "")
