"""Dates that cannot be used and assessments that belong nowhere, as a table."""

from __future__ import annotations

from datetime import date
from typing import Any

import numpy as np

from ipm_outcomes._fence import fenced
from ipm_outcomes.change._scores import blank_rows
from ipm_outcomes.change._units import NOT_IN_TABLE, as_of_day, read_units
from ipm_outcomes.frames._dates import DATED, DateFormat
from ipm_outcomes.frames._frame import AnyFrame, Frame
from ipm_outcomes.frames._library import Words

DATE_PROBLEMS = ("date_missing", "date_unparsable", "date_future", "no_start_date", "no_episode")


@fenced
def check_dates(
    scores: AnyFrame,
    *,
    episodes: Any | None = None,
    as_of: date | str | None = None,
    date_format: DateFormat = None,
) -> AnyFrame:
    """List the rows of scores that `pair` cannot place in time or in an episode.

    Parameters
    ----------
    scores, episodes, as_of, date_format
        As in `pair`; of the scores only ``patient_id``, ``date`` and, where they are there, ``episode``,
        ``answered``, ``invalid`` and ``value`` are read. A row without any answer is no assessment and not listed.

    Returns
    -------
    data frame of the same kind
        ``row`` (position in the scores, counted from 0) and ``problem``: ``date_missing``,
        ``date_unparsable``, ``date_future`` (after `as_of`), ``no_start_date`` (no episode of the patient has a
        start date), ``no_episode`` (of a patient or an episode that the table of episodes does not hold).

    Raises
    ------
    FrameError, ParameterError
        For missing columns or patients, or an `as_of` that is no date.

    Examples
    --------
    >>> import polars as pl
    >>> from ipm_outcomes import change
    >>> scores = pl.DataFrame({"patient_id": [1, 1, 1], "date": ["2024-01-10", "10/07/2024", None]})
    >>> change.check_dates(scores).rows()
    [(1, 'date_unparsable'), (2, 'date_missing')]
    """
    frame = Frame(scores)
    units = read_units(frame, episodes, (), as_of_day(as_of), date_format, blank_rows(frame))
    code = np.where(units.assessment, units.state.astype(np.int8) - 1, -1)
    dated = (units.state == DATED) & units.assessment
    code[dated & (units.row_unit < 0)] = DATE_PROBLEMS.index("no_start_date")
    if len(units):
        placed = dated & (units.row_unit >= 0)
        code[placed & (units.listed[units.row_unit] == NOT_IN_TABLE)] = DATE_PROBLEMS.index("no_episode")
    rows = np.flatnonzero(code >= 0)
    result: AnyFrame = frame.make({"row": rows, "problem": Words(code[rows].astype(np.int8), DATE_PROBLEMS)})
    return result
