"""Daily doses to figures per patient and period, by a named definition of a dose per day."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ipm_outcomes._fence import fenced
from ipm_outcomes.change._units import as_of_day, day_key
from ipm_outcomes.errors import FrameError, ParameterError
from ipm_outcomes.frames._dates import DATED, DateFormat, format_of, read_dates
from ipm_outcomes.frames._frame import AnyFrame, Frame
from ipm_outcomes.frames._library import Whole, Words
from ipm_outcomes.opioids._exact import Bools, Floats, Ints
from ipm_outcomes.opioids._factors import dose
from ipm_outcomes.opioids._prescriptions import CODES, EXCLUDED

ALL = "all"
"""The period of a patient from the first to the last day on record."""

MORE_REASONS = {
    "period": "the period has no first or last day, or ends before it begins",
    "no_days": "no day with a converted opioid, so that there is nothing to divide by",
}
"""Why a summary has no dose, beside `REASONS`."""

_CODES = (*CODES, *MORE_REASONS)
_OUT = tuple(CODES.index(code) for code in EXCLUDED)
_LEFT_OUT = CODES.index("no_opioid")
_DECIMALS = 9
_PERIOD = ("patient_id", "period", "start", "end")


@dataclass(frozen=True)
class _Days:
    """The rows of a table of daily doses, in the order of patients and days."""

    patient: Ints
    first: Ints
    last: Ints
    mme: Floats
    prescriptions: Ints
    opioid: Floats
    reason: Ints
    at_least: dict[int, Floats]

    def rows(self, index: Ints | Bools) -> _Days:
        return _Days(
            self.patient[index], self.first[index], self.last[index], self.mme[index], self.prescriptions[index],
            self.opioid[index], self.reason[index], {n: part[index] for n, part in self.at_least.items()},
        )  # fmt: skip

    @property
    def blocked(self) -> Bools:
        """Where the dose is not known, and not because the sources leave it out."""
        open_: Bools = np.isnan(self.mme) & ~np.isin(self.reason, (*_OUT, _LEFT_OUT))
        return open_


@fenced
def summary(
    daily: AnyFrame, *, denominator: str | Sequence[str], periods: Any = None, date_format: DateFormat = None
) -> AnyFrame:
    """Summarize doses, days at or above each threshold, and freedom from opioids, per patient and period.

    A dose per day has four definitions in use, which differ several times over, so the one that is meant is always
    named: ``dispensed_days`` (total dose over days dispensed, a day counted once for each prescription),
    ``covered_days`` (over calendar days with any converted opioid), ``window_days`` (over all days of the period) and
    ``single_day`` (the highest day). That these are the published four is unverified in detail, and the result says so.

    Parameters
    ----------
    daily : data frame
        The result of `daily`.
    denominator : str or sequence of str
        One of the four, or several: then one row for each.
    periods : data frame or pair of dates, optional
        First and last day (both included) for all patients; or one row per patient and period with ``patient_id``,
        ``period`` (a name), ``start``, ``end``, and columns to be kept, such as ``site``. Patients without a
        prescription belong in it: they are free of opioids. Without it each patient's own first to last day on record.
    date_format : str or mapping, optional
        How dates of text in ``periods`` are written.

    Returns
    -------
    data frame of the same kind
        The columns of ``periods``; ``mme_by`` (the denominator); ``mme`` (float64, the dose per day by it, rounded to
        nine decimals), ``maximum`` (of any day), ``total`` (MME), ``days_dispensed, days_covered, days_window``,
        ``days_50, days_90`` (days at or above), ``opioid_free`` (null where it is not known), ``reason`` (why there
        is no ``mme``), ``evidence`` (of the definition),
        ``factors, overlap`` (as in ``daily``). A figure that a prescription without a dose could change is
        null. One row for each row of ``periods`` and denominator.

    Raises
    ------
    FrameError
        No kind of frame that can be worked on; a column is missing or of the wrong kind; days or periods that appear
        twice.
    ParameterError
        No such definition; no period where one is needed.

    References
    ----------
    Dasgupta et al., Clin J Pain 2021, PMC8270512 (four definitions).

    Examples
    --------
    >>> import polars as pl
    >>> from ipm_outcomes import opioids
    >>> daily = opioids.daily(pl.DataFrame({
    ...     "patient_id": ["a", "a"], "drug": ["morphine", "morphine"], "strength": [60.0, 60.0], "unit": ["mg", "mg"],
    ...     "quantity": [20, 20], "days_supply": [20, 20], "start": ["2026-01-01", "2026-01-11"],
    ... }))
    >>> result = opioids.summary(
    ...     daily, denominator=["dispensed_days", "covered_days", "window_days", "single_day"],
    ...     periods=("2026-01-01", "2026-02-09"),
    ... )
    >>> result.select("mme_by", "mme", "days_90").rows()
    [('dispensed_days', 60.0, 10), ('covered_days', 80.0, 10), ('window_days', 60.0, 10), ('single_day', 120.0, 10)]
    """
    chosen = _definitions(denominator)
    frame = Frame(daily)
    limits = [threshold.at_least for threshold in dose().thresholds]
    needed = ["patient_id", "start", "end", "mme", "prescriptions", "opioid", "reason", *RULES]
    frame.require([*needed, *(f"at_least_{limit}" for limit in limits)], "daily")
    if periods is None and "window_days" in chosen:
        raise ParameterError(
            "periods: window_days divides by the days of a period; give its first and last day, or a table of periods"
        )
    asked = _Periods.read(frame, periods, date_format)
    days, unplaced = _read(frame, asked.daily_patient, limits)
    if asked.own:
        asked = asked.from_days(days)
    result: AnyFrame = _Figures(days, unplaced, asked).table(
        frame, chosen, {name: _rule(frame, name) for name in RULES}
    )
    return result


def _rule(frame: Frame, name: str) -> tuple[str, ...]:
    """The one set of factors, or rule for overlaps, of a table of daily doses."""
    codes, labels = frame.words(name)
    if np.unique(codes[codes >= 0]).size > 1:
        raise FrameError(
            f"{name}: the daily doses are by several; give the result of one call of opioids.daily"
        )
    return tuple(map(str, labels)) or ("",)


def _definitions(denominator: str | Sequence[str]) -> list[str]:
    known = [name.id for name in dose().denominators]
    chosen = [denominator] if isinstance(denominator, str) else denominator
    if not isinstance(chosen, Sequence) or not chosen or any(name not in known for name in chosen):
        raise ParameterError(f"denominator: one or several of {', '.join(known)}")
    if len(set(chosen)) < len(chosen):
        raise ParameterError("denominator: a definition is named twice")
    return list(chosen)


def _read(frame: Frame, patient: Ints, limits: Sequence[int]) -> tuple[_Days, _Days]:
    """The days of the table, and the prescriptions that have no place in the calendar."""
    start, end = read_dates(frame, "start"), read_dates(frame, "end")
    codes, labels = frame.words("reason")
    if unknown := [label for label in labels if label not in CODES]:
        raise FrameError(
            f"reason: holds {len(unknown)} code(s) that opioids.daily does not give; pass on its result"
        )
    place = np.array([*(CODES.index(label) for label in labels), len(CODES)], np.int64)
    prescriptions, _ = frame.wholes("prescriptions")
    read = _Days(
        patient,
        np.where(start.state == DATED, start.day, -(2**20)),
        end.day,
        frame.numbers("mme", "it is a dose"),
        prescriptions,
        frame.truths("opioid"),
        place[codes],
        {limit: frame.truths(f"at_least_{limit}") for limit in limits},
    )
    placed = (start.state == DATED) & (end.state == DATED)
    days = read.rows(np.flatnonzero(placed))
    days = days.rows(np.lexsort((days.first, days.patient)))
    same = days.patient[1:] == days.patient[:-1]
    if (same & (days.first[1:] <= days.last[:-1])).any():
        raise FrameError(
            "daily: days of one patient appear twice; give the result of one call of opioids.daily"
        )
    return days, read.rows(~placed & (read.reason != _LEFT_OUT))


@dataclass(frozen=True)
class _Periods:
    """Whose days from when to when; ``known`` where both are there."""

    patient: Ints
    first: Ints
    last: Ints
    known: Bools
    columns: dict[str, Any]
    daily_patient: Ints
    own: bool = False

    @classmethod
    def read(cls, frame: Frame, periods: Any, date_format: DateFormat) -> _Periods:
        if periods is None or (isinstance(periods, (tuple, list)) and len(periods) == 2):
            (codes,), values = frame.keys([frame.column("patient_id")], "patient_id")
            if (codes < 0).any():
                raise FrameError(
                    "patient_id: missing in the table of daily doses; pass on the result of opioids.daily"
                )
            everyone = np.arange(len(values), dtype=np.int64)
            label = Words(np.zeros(len(values), np.int8), (ALL,))
            columns = {"patient_id": frame.take(values, everyone), "period": label}
            if periods is None:
                none = np.zeros(len(values), np.int64)
                return cls(everyone, none, none, none > 0, columns, codes, own=True)
            first, last = (_day(end) for end in periods)
            if last < first:
                raise ParameterError("periods: the last day lies before the first")
            full = np.full(len(values), 1, np.int64)
            return cls(everyone, full * first, full * last, full > 0, columns, codes)
        return cls._of_table(frame, periods, date_format)

    @classmethod
    def _of_table(cls, frame: Frame, periods: Any, date_format: DateFormat) -> _Periods:
        other = Frame(periods).in_kind_of(frame, None, "periods")
        other.require(_PERIOD, "periods")
        both = [frame.column("patient_id"), other.column("patient_id")]
        try:
            (daily_codes, codes), _ = frame.keys(both, "patient_id")
        except FrameError as error:
            fact = str(error).replace("the scores", "the daily doses").replace("the episodes", "the periods")
            raise FrameError(fact) from None
        (label,), _ = frame.keys([other.column("period")], "period")
        for name, places in (("patient_id", codes), ("period", label)):
            if (lost := np.flatnonzero(places < 0)).size:
                raise FrameError(
                    f"{name}: missing in {lost.size} row(s) of periods, first in row {lost[0]} (counted from 0); fill "
                    "it in or leave the row out"
                )
        pair = codes * (int(label.max(initial=0)) + 1) + label
        if np.unique(pair).size < pair.size:
            raise FrameError(
                "periods: a patient has two rows of one period; keep one, or name the periods apart"
            )
        start, end = (
            read_dates(other, name, format_of(date_format, name, ("start", "end"))) for name in _PERIOD[2:]
        )
        known = (start.state == DATED) & (end.state == DATED) & (start.day <= end.day)
        clash = {*FIGURES, *RULES, *(f"days_{threshold.at_least}" for threshold in dose().thresholds)} & set(
            other.names
        )
        if clash:
            raise FrameError(f"periods: the result has a column {min(clash)!r} of its own; rename the column")
        names = [name for name in other.names if name not in ("start", "end")]
        columns = {name: other.column(name) for name in names}
        return cls(codes, start.day, end.day, known, columns, daily_codes)

    def from_days(self, days: _Days) -> _Periods:
        """Each patient's own first to last day."""
        first = np.zeros(len(self.patient), np.int64)
        last = first.copy()
        known = np.zeros(len(self.patient), bool)
        first[days.patient[::-1]] = days.first[::-1]
        last[days.patient] = days.last
        known[days.patient] = True
        return _Periods(self.patient, first, last, known, self.columns, self.daily_patient)


def _day(value: Any) -> int:
    day = as_of_day(value) if isinstance(value, (date, str)) else None
    if day is None:
        raise ParameterError(
            "periods: give two dates, or ISO text such as '2026-01-01', or a table of periods"
        )
    return day


RULES = ("factors", "overlap")
"""Columns of the daily doses that go along with every figure."""

FIGURES = (
    "mme_by", "mme", "maximum", "total", "days_dispensed", "days_covered", "days_window", "opioid_free",
    "reason", "evidence",
)  # fmt: skip


class _Figures:
    """The figures of every period, from the days that lie in it."""

    def __init__(self, days: _Days, unplaced: _Days, asked: _Periods) -> None:
        self.asked = asked
        self.size = len(asked.patient)
        begin = np.searchsorted(day_key(days.patient, days.last), day_key(asked.patient, asked.first))
        end = np.searchsorted(day_key(days.patient, days.first), day_key(asked.patient, asked.last), "right")
        count = np.where(asked.known, np.maximum(end - begin, 0), 0)
        self.period = np.repeat(np.arange(self.size), count)
        index = np.arange(count.sum()) - np.repeat(np.cumsum(count) - count, count) + np.repeat(begin, count)
        parts = days.rows(index)
        length = (
            np.minimum(parts.last, asked.last[self.period])
            - np.maximum(parts.first, asked.first[self.period])
            + 1
        )
        good = ~np.isnan(parts.mme)
        amount = np.where(good, parts.mme, 0.0)
        self.total = np.round(np.bincount(self.period, amount * length, minlength=self.size), _DECIMALS)
        self.maximum = np.zeros(self.size)
        np.maximum.at(self.maximum, self.period, amount)
        self.dispensed = self._sum(np.where(good, parts.prescriptions * length, 0))
        self.covered = self._sum(np.where(good, length, 0))
        self.window = np.where(asked.known, asked.last - asked.first + 1, 0)
        self.reached = {n: self._sum(np.where(part == 1, length, 0)) for n, part in parts.at_least.items()}
        # A day of an unknown dose leaves a count of days open unless what is known reaches the limit.
        self.open = {n: self._any(parts.blocked & np.isnan(part)) for n, part in parts.at_least.items()}
        self.reason = np.full(self.size, len(_CODES), np.int64)
        np.minimum.at(self.reason, self.period[parts.blocked], parts.reason[parts.blocked])
        left_out = np.full(self.size, len(_CODES), np.int64)
        alone = ~good & ~parts.blocked
        np.minimum.at(left_out, self.period[alone], parts.reason[alone])
        on = self._any(parts.opioid == 1)
        maybe = self._any(np.isnan(parts.opioid))
        lost_blocks, lost_maybe, lost_reason = self._lost(unplaced)
        self.reason = np.minimum(self.reason, lost_reason)
        for n in self.open:
            self.open[n] |= lost_blocks
        # Of a patient of whom all is left out by the sources there is no dose either, and not a dose of zero.
        only_left_out = (self.covered == 0) & (left_out < len(_CODES)) & (self.reason == len(_CODES))
        self.reason = np.where(only_left_out, left_out, self.reason)
        for n in self.open:
            self.open[n] |= only_left_out
        self.reason = np.where(asked.known | (self.reason < len(CODES)), self.reason, _CODES.index("period"))
        self.free = asked.known & ~on
        self.free_open = ~asked.known | (~on & (maybe | lost_maybe))

    def _sum(self, part: NDArray[Any]) -> Ints:
        total = np.zeros(self.size, np.int64)
        np.add.at(total, self.period, part)
        return total

    def _any(self, part: Bools) -> Bools:
        any_of = np.zeros(self.size, bool)
        any_of[self.period[part]] = True
        return any_of

    def _lost(self, unplaced: _Days) -> tuple[Bools, Bools, Ints]:
        """What prescriptions without a place in the calendar leave open: those that may have begun in time."""
        blocks, maybe = np.zeros(self.size, bool), np.zeros(self.size, bool)
        reason = np.full(self.size, len(_CODES), np.int64)
        if unplaced.patient.size:
            order = np.argsort(self.asked.patient, kind="stable")
            ordered = self.asked.patient[order]
            begin, end = (np.searchsorted(ordered, unplaced.patient, side) for side in ("left", "right"))
            for n in range(unplaced.patient.size):
                rows = order[begin[n] : end[n]]
                rows = rows[(unplaced.first[n] <= self.asked.last[rows]) | ~self.asked.known[rows]]
                maybe[rows] = True
                if unplaced.blocked[n]:
                    blocks[rows] = True
                    reason[rows] = np.minimum(reason[rows], unplaced.reason[n])
        return blocks, maybe, reason

    def table(self, frame: Frame, chosen: Sequence[str], rules: dict[str, tuple[str, ...]]) -> Any:
        """The figures by each of the definitions, as a frame of the caller's kind."""
        over = {"dispensed_days": self.dispensed, "covered_days": self.covered, "window_days": self.window}
        known = self.reason == len(_CODES)
        averages, reasons = [], []
        for name in chosen:
            reason = self.reason
            if name == "single_day":
                average = self.maximum
            else:
                days = over[name]
                reason = np.where(known & (days == 0), _CODES.index("no_days"), reason)
                average = np.round(self.total / np.maximum(days, 1), _DECIMALS)
            averages.append(np.where(reason == len(_CODES), average, np.nan))
            reasons.append(reason)
        times = len(chosen)
        every = np.repeat(np.arange(self.size), times)

        def spread(parts: list[Any]) -> Any:
            return np.stack(parts, axis=1).reshape(-1) if parts else np.zeros(0)

        def whole(values: Ints, null: Bools) -> Whole:
            return Whole(np.where(null, 0, values)[every], null[every])

        columns: dict[str, Any] = {}
        for name, column in self.asked.columns.items():
            spread_out = Words(column.codes[every], column.labels) if isinstance(column, Words) else None
            columns[name] = spread_out or frame.take(column, every)
            if name == "period":
                columns["start"] = frame.dates(self.asked.first[every], ~self.asked.known[every])
                columns["end"] = frame.dates(self.asked.last[every], ~self.asked.known[every])
        evidence: dict[str, str] = {
            denominator.id: denominator.evidence for denominator in dose().denominators
        }
        marks = tuple(dict.fromkeys(evidence.values()))
        no_dose = ~known
        columns["mme_by"] = Words(np.tile(np.arange(times), self.size).astype(np.int8), tuple(chosen))
        columns["mme"] = spread(averages)
        columns["maximum"] = np.where(no_dose, np.nan, self.maximum)[every]
        columns["total"] = np.where(no_dose, np.nan, self.total)[every]
        columns["days_dispensed"] = whole(self.dispensed, no_dose)
        columns["days_covered"] = whole(self.covered, no_dose)
        columns["days_window"] = whole(self.window, ~self.asked.known)
        for limit, days in self.reached.items():
            columns[f"days_{limit}"] = whole(days, self.open[limit] | ~self.asked.known)
        columns["opioid_free"] = frame.truth(self.free[every], self.free_open[every])
        codes = spread(reasons)
        columns["reason"] = Words(np.where(codes == len(_CODES), -1, codes).astype(np.int8), _CODES)
        columns["evidence"] = Words(
            np.tile([marks.index(evidence[name]) for name in chosen], self.size).astype(np.int8), marks
        )
        for name, label in rules.items():
            columns[name] = Words(np.zeros(every.size, np.int8), label)
        return frame.make(columns, like=["patient_id"])
