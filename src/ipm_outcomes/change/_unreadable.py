"""Dates that cannot be read, where they would leave nothing but an empty result."""

from __future__ import annotations

import numpy as np

from ipm_outcomes.change._units import NO_TABLE, Units
from ipm_outcomes.errors import UnreadableDatesError
from ipm_outcomes.frames._date_cells import EXCEL, SAS
from ipm_outcomes.frames._dates import MISSING, UNPARSABLE, Bools, Dates

_FEW = 1
"""A single date that cannot be read is a slip in one cell, which the reason of that patient tells."""


def refuse_unreadable(units: Units, any_pair: bool) -> None:
    """Raise where most dates of a column cannot be read, or where nothing was paired for that reason."""
    refuse_column("date", units.dates, units.assessment)
    if units.starts is not None:
        refuse_column("start_date", units.starts)
    if any_pair:
        return
    bad = (units.dates.state == UNPARSABLE) & units.assessment
    touched = np.unique(units.row_patient[bad])
    if units.starts is not None:
        touched = np.union1d(
            touched, units.patient[(units.start_state == UNPARSABLE) & (units.listed != NO_TABLE)]
        )
    if touched.size > _FEW and 2 * touched.size >= np.unique(units.patient).size:
        name, dates, rows = (
            ("date", units.dates, units.assessment) if bad.any() else ("start_date", units.starts, None)
        )
        assert dates is not None
        raise UnreadableDatesError(f"nothing could be paired: {described(name, dates, rows)}")


def refuse_column(name: str, dates: Dates, rows: Bools | None = None) -> None:
    """Raise where most dates of these rows (None: of all) cannot be read."""
    given = dates.state != MISSING if rows is None else (dates.state != MISSING) & rows
    bad = dates.unreadable(rows)
    if 2 * bad > given.sum() and (bad > _FEW or dates.numbers):
        raise UnreadableDatesError(described(name, dates, rows))


def described(name: str, dates: Dates, rows: Bools | None = None) -> str:
    """What stands in a column in place of dates, and the way out."""
    given = int((dates.state != MISSING if rows is None else (dates.state != MISSING) & rows).sum())
    shapes = dates.shapes(rows)
    shown = ", ".join(f"{shape} ({count})" for shape, count in list(shapes.items())[:3])
    more = ", and others" if len(shapes) > 3 else ""
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
        f"{name}: {what} in {dates.unreadable(rows)} of {given} rows that have one; they look like {shown}{more}. "
        f"{way} (date_format=…)"
    )
