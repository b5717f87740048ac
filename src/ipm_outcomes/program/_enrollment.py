"""Spans of enrollment as person-time in months."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np

from ipm_outcomes.change._units import as_of_day, day_key
from ipm_outcomes.errors import FrameError, ParameterError
from ipm_outcomes.frames._dates import DateFormat
from ipm_outcomes.frames._frame import Frame
from ipm_outcomes.frames._library import Bools, Floats, Ints
from ipm_outcomes.program._records import Group, days

_WHOLE = 377_580
"""A month in parts that 28, 29, 30 and 31 days all divide."""


@dataclass(frozen=True)
class Months:
    """How the months of a span are counted."""

    on_day: int | None = None
    """None: by the share of the days of each calendar month; else whole months, of those enrolled on this day."""

    @property
    def note(self) -> str:
        """The rule in words."""
        if self.on_day is None:
            return "A month counts by the share of its days enrolled."
        return f"A month counts as one where the patient is enrolled on day {self.on_day} of it."

    def of(self, first: Ints, last: Ints) -> Floats:
        """Months of each span, both ends included; 0 where it ends before it begins."""
        days_enrolled = np.where(last >= first, self._before(last + 1) - self._before(first), 0)
        months: Floats = days_enrolled / _WHOLE
        return months

    def _before(self, day: Ints) -> Ints:
        """Parts of months before a day, counted from 1970-01-01, exactly."""
        months = day.astype("datetime64[D]").astype("datetime64[M]")
        into = (day.astype("datetime64[D]") - months.astype("datetime64[D]")).astype(np.int64)
        if self.on_day is not None:
            # The month counts from its day on: that day itself lies before the day after it.
            whole: Ints = (months.astype(np.int64) + (into >= self.on_day)) * _WHOLE
            return whole
        length = ((months + 1).astype("datetime64[D]") - months.astype("datetime64[D]")).astype(np.int64)
        parts: Ints = months.astype(np.int64) * _WHOLE + into * (_WHOLE // length)
        return parts


@dataclass(frozen=True)
class Enrollment:
    """Spans by patient and day that do not overlap, inside the period."""

    patient: Ints
    first: Ints
    last: Ints
    group: Ints
    groups: list[Group]
    listed: Ints
    """The patient of each row of the table, also of those without a day in the period."""
    _listed_group: Ints

    def __len__(self) -> int:
        return len(self.patient)

    @classmethod
    def read(
        cls,
        frame: Frame,
        patient: Ints,
        group_of: Sequence[Group],
        date_format: DateFormat,
        period: tuple[int, int] | None,
    ) -> Enrollment:
        known = ("date", "start", "end", "start_date")
        first, _ = days(frame, "start", "enrollment", date_format, known)
        last, ended = days(frame, "end", "enrollment", date_format, known, empty="still enrolled")
        if (odd := np.flatnonzero(ended & (last < first))).size:
            raise FrameError(
                f"enrollment: {odd.size} span(s) end before they start, first in row {odd[0]} (counted from 0); "
                "both days are included"
            )
        if not ended.all() and period is None:
            open_ = np.flatnonzero(~ended)
            raise FrameError(
                f"enrollment: end is empty in {open_.size} row(s), first in row {open_[0]} (counted from 0): say up to "
                "which day the data reach, by period=(first, last) or by an end"
            )
        groups = sorted(set(group_of), key=lambda group: [(str(type(value)), value) for value in group])
        place = {group_: position for position, group_ in enumerate(groups)}
        group = np.array([place[name] for name in group_of], np.int64)
        if period is not None:
            last = np.minimum(np.where(ended, last, period[1]), period[1])
            first = np.maximum(first, period[0])
        kept = np.flatnonzero(last >= first)
        kept = kept[np.lexsort((first[kept], patient[kept]))]
        merged: list[list[int]] = []
        for row in kept.tolist():
            span = [int(patient[row]), int(first[row]), int(last[row]), int(group[row])]
            if merged and merged[-1][0] == span[0] and span[1] <= merged[-1][2]:
                if merged[-1][3] != span[3]:
                    raise FrameError(
                        f"enrollment: row {row} (counted from 0) overlaps a span of the same patient in another group; "
                        "end one where the other begins, or the time counts twice"
                    )
                merged[-1][2] = max(merged[-1][2], span[2])
            else:
                merged.append(span)
        table = np.array(merged, np.int64).reshape(len(merged), 4)
        return cls(table[:, 0], table[:, 1], table[:, 2], table[:, 3], groups, patient, group)

    def months(self, rule: Months) -> Floats:
        """Months of each span."""
        return rule.of(self.first, self.last)

    def of_group(self, group: Group) -> Bools:
        """Where a span is of a group."""
        rows: Bools = self.group == self.groups.index(group)
        return rows

    def listed_in(self, group: Group) -> Bools:
        """Where a row of the table is of a group."""
        rows: Bools = self._listed_group == self.groups.index(group)
        return rows

    def span_of(self, patient: Ints, day: Ints) -> Ints:
        """The span in which each day of a patient lies, -1 for none."""
        place = np.searchsorted(day_key(self.patient, self.first), day_key(patient, day), "right") - 1
        there = np.maximum(place, 0)
        if not len(self):
            return np.full(len(patient), -1, np.int64)
        inside = (place >= 0) & (self.patient[there] == patient) & (self.last[there] >= day)
        spans: Ints = np.where(inside, place, -1)
        return spans

    def covers(self, first: Ints, last: Ints) -> Bools:
        """Whether a patient is enrolled on every day from one to another; spans that touch are one."""
        covered = np.zeros(len(first), bool)
        start = 0
        while start < len(self):
            until = start
            while (
                until + 1 < len(self)
                and self.patient[until + 1] == self.patient[start]
                and self.first[until + 1] <= self.last[until] + 1
            ):
                until += 1
            who = self.patient[start]
            covered[who] |= bool(self.first[start] <= first[who] and self.last[until] >= last[who])
            start = until + 1
        return covered

    @staticmethod
    def lengths(day0: Ints, days_each: int) -> tuple[Floats, Floats]:
        """Months of the two windows around each index date."""
        rule = Months()
        return rule.of(day0 - days_each, day0 - 1), rule.of(day0, day0 + days_each - 1)


def period_of(period: tuple[Any, Any] | None) -> tuple[int, int] | None:
    """First and last day of a period, as day numbers."""
    if period is None:
        return None
    if not isinstance(period, (tuple, list)) or len(period) != 2:
        raise ParameterError("period: two dates, the first and the last day")
    ends = [as_of_day(day) if isinstance(day, (date, str)) else None for day in period]
    if ends[0] is None or ends[1] is None:
        raise ParameterError("period: two dates, or ISO text such as '2026-01-01'")
    if ends[1] < ends[0]:
        raise ParameterError("period: the last day lies before the first")
    return ends[0], ends[1]
