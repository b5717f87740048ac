"""Windows of measures in days: whether a follow-up lies in one, and whether the table was paired for it."""

from __future__ import annotations

from typing import Any

import numpy as np

from ipm_outcomes.frames._library import Bools, Floats, Ints
from ipm_outcomes.program._codes import looked_up
from ipm_outcomes.program._day_numbers import Dates, day_number, month_length
from ipm_outcomes.program._reading import Source
from ipm_outcomes.program.indicators import Window


def in_window(window: Window, source: Source, rows: Ints | None) -> Bools:
    """Whether the follow-up lies in the window of the measure."""
    low, high = _ends(window)
    followed = _after_middle(window, source, "followup_date", rows)
    held: Bools = (followed >= low) & (followed <= high)
    return held


def fits_window(window: Window, source: Source, rows: Ints | None, still_open: Bools | None) -> Bools:
    """Whether the row's own target tells what the measure asks for.

    A target fits a measure where its window covers that of the measure, it picks the same record, and that record
    cannot have hidden another one in the window of the measure. A window that ends later does not tell whether that
    of the measure is still open.
    """
    low, high = _ends(window)
    followed, begins, ends = (
        _after_middle(window, source, name, rows) for name in ("followup_date", "window_from", "window_to")
    )
    hidden = followed > high if window.pick == "latest" else followed < low
    words, labels = source.words("followup_pick")
    picks = np.array([False, *(label == window.pick for label in labels)])
    fits: Bools = (begins <= low) & (ends >= high) & ~hidden & looked_up(picks, words.take(rows).of)
    return fits if still_open is None else fits & ~(still_open & (ends > high))


def _ends(window: Window) -> tuple[int, int]:
    """The first and the last day of a window, from its middle."""
    return window.days if window.days is not None else (-(window.slack or 0), window.slack or 0)


def _after_middle(window: Window, source: Source, name: str, rows: Ints | None) -> Floats:
    """Days from the middle of the window to a date; NaN without one of both."""
    if rows is not None and not len(rows):
        return np.zeros(0)
    dates, baseline = (source.dates(column).take(rows) for column in (name, "baseline_date"))
    days: Floats = dates.numbers() - _middle(window, baseline)
    return days


def _middle(window: Window, baseline: Dates) -> Any:
    """The day from which a window is counted; calendar months end where the month ends."""
    year, month, day = baseline.year, baseline.month, baseline.day
    if window.days is None:
        months = month - 1 + (window.months or 0)
        year, month = year + months // 12, months % 12 + 1
        day = np.minimum(day, month_length(year, month))
    return baseline.by_row(day_number(year, month, day))
