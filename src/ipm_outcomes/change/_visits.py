"""Pairing by the names of visits, for assessments that need no date."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import replace
from typing import Any

import numpy as np

from ipm_outcomes.change._scores import Values
from ipm_outcomes.change._units import FUTURE, NOT_IN_TABLE, Units
from ipm_outcomes.change._windows import Baseline, Target
from ipm_outcomes.errors import FrameError
from ipm_outcomes.frames._dates import DATED
from ipm_outcomes.frames._frame import Frame
from ipm_outcomes.frames._library import Ints

_APART = 1000
"""Days between the places at which visits lie in the search."""
_DAY = 86_400 * 10**9


def placed(
    frame: Frame,
    values: Values,
    units: Units,
    baseline: Baseline,
    targets: tuple[Target, ...],
    every: Collection[str] | None = None,
) -> tuple[Units, Baseline, tuple[Target, ...]]:
    """Visits laid out as days: the baseline on day 0, each target on a day of its own, other rows nowhere.

    Of several rows of one visit the one with the latest date is the last, and without dates the last one given.
    ``every`` holds the names of visits in the whole table, where these rows are some of it.
    """
    frame.require(["visit"], "scores")
    codes, names = frame.words("visit")
    visits = [baseline.visit, *(target.visit for target in targets)]
    wanted = {str(visit): _APART * place for place, visit in enumerate(visits)}
    there = visit_names(names)
    known = there if every is None else every
    if baseline.visit not in known or not any(target.visit in known for target in targets):
        lacking = baseline.visit if baseline.visit not in known else targets[0].visit
        raise FrameError(
            f"visit: no row of scores has the visit {lacking!r}; write it as it is in the column"
        )
    day = np.array([*(wanted.get(name, -1) for name in there), -1], np.int64)[codes]
    values.scale[day < 0] = -1
    dates = units.dates
    dated = dates.state == DATED
    time = np.where(
        dated, dates.day * _DAY + (0 if dates.time is None else np.maximum(dates.time, 0)), -(2**62)
    )
    return (
        replace(
            units,
            start=np.zeros(len(units), np.int64),
            start_state=np.full(len(units), DATED, np.int8),
            row_unit=_of_one_episode(units),
            day=np.maximum(day, 0),
            state=np.where(
                (day >= 0) & units.assessment & (units.state != FUTURE), DATED, units.state
            ).astype(np.int8),
            time=time,
        ),
        replace(baseline, visit=None, days=(0, 0), pick="nearest"),
        tuple(
            replace(target, visit=None, day=place, days=(place, place))
            for place, target in ((wanted[str(target.visit)], target) for target in targets)
        ),
    )


def visit_names(cells: Iterable[Any]) -> list[str]:
    """Names of visits as they are looked for."""
    return [str(name).strip() for name in cells]


def _of_one_episode(units: Units) -> Ints:
    """Rows without a date belong to the one episode of their patient, where there is one only."""
    listed = np.flatnonzero(units.listed != NOT_IN_TABLE)
    many = int(max(units.patient.max(initial=0), units.row_patient.max(initial=0))) + 1
    count = np.bincount(units.patient[listed], minlength=many)
    only = np.full(many, -1, np.int64)
    only[units.patient[listed]] = listed
    only[count != 1] = -1
    loose = (units.row_unit < 0) & units.assessment
    return np.where(loose, only[units.row_patient], units.row_unit)
