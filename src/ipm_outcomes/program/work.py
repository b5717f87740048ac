"""Return to work: from a table of work statuses to rates, days and limits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from ipm_outcomes._fence import fenced
from ipm_outcomes.errors import FrameError, ParameterError
from ipm_outcomes.frames._dates import DateFormat
from ipm_outcomes.frames._frame import Frame
from ipm_outcomes.frames._library import Whole, Words
from ipm_outcomes.program._columns import ALL
from ipm_outcomes.program._counting import rows_of
from ipm_outcomes.program._figure_rows import FigureRows, Label
from ipm_outcomes.program._reading import Source
from ipm_outcomes.program._records import coded, columns_at, days, frame_of, people
from ipm_outcomes.program._result import result_table
from ipm_outcomes.program.indicators import Indicator, indicator
from ipm_outcomes.program.table import names
from ipm_outcomes.stats import survival
from ipm_outcomes.stats.arguments import level_of, whole_number

STATUSES = (
    "full_duty", "modified_duty", "off_because_of_pain", "off_for_other_reasons", "not_in_labor_force",
)  # fmt: skip
"""Work statuses: the last is retired, student or homemaker."""
OFF = STATUSES[2:4]
REASONS = {
    "no_index": "no index date",
    "no_status_at_start": "no status on or before the index date",
    "not_off_or_restricted": "at full duty, or not in the labor force, at the start",
    "no_later_status": "no status after the index date",
}
"""Why a patient is not counted, or not observed."""
FIGURES = ("return_to_work", "return_to_work_sustained", "return_to_work_by", "days_to_return")
_COLUMNS = (
    *("index_date", "start_status", "at_risk", "followed", "back", "back_in_time", "sustained", "days", "reason"),
)  # fmt: skip
_DATES = ("date", "start_date", "end_date")


@fenced
def return_to_work(
    statuses: Any,
    *,
    episodes: Any = None,
    index: str | None = None,
    by: Sequence[str] = (),
    to: Literal["work", "full_duty"] = "work",
    at_risk: Sequence[str] = ("modified_duty", *OFF),
    sustained_weeks: int = 4,
    within_days: int = 182,
    meanings: Mapping[str, str | None] | None = None,
    date_format: DateFormat = None,
    level: float = 0.95,
    totals: bool = False,
    per_patient: bool = False,
) -> Any:
    """Count who came back to work of those off work or restricted at the start, and after how many days.

    Who was off work is back on the first day at work; who worked with restrictions, on the first day at full duty. A
    status holds from its date to the next record; the time after the last record is not known. Who is not back by
    then is censored, never left out. There is no single standard for these figures.

    Parameters
    ----------
    statuses : data frame
        One row per status: ``patient_id``, ``date`` (its first day, or, where that is not known, the day on which it
        was recorded: days are then too many), ``status``: one of ``full_duty, modified_duty, off_because_of_pain,
        off_for_other_reasons, not_in_labor_force`` (retired, student, homemaker). Case, spaces and signs do not matter.
    episodes : data frame, optional
        ``patient_id``, a column with the index date, and grouping columns: one row per patient, or per patient and
        ``episode``, whose statuses then run to the next index date. Patients of it without a status are counted too.
    index : str, optional
        The column of ``episodes`` with the index date: ``"start_date"`` (by default), ``"end_date"``, the date of an
        injury. Without episodes it is each patient's first status.
    by : sequence of str
        Grouping columns, of ``episodes`` where they are given.
    to : {"work", "full_duty"}
        Whether those off work are back with any work, or at full duty.
    at_risk : sequence of str
        The statuses at the start that are off work or restricted.
    sustained_weeks : int
        How many weeks somebody must stay back. That 4 are commonly asked for is unverified.
    within_days : int
        The day by which the share back is estimated.
    meanings : mapping, optional
        What other names for a status mean: ``{"light duty": "modified_duty", "unknown": None}``; None leaves
        the rows out.
    date_format : str or mapping, optional
        How dates of text are written.
    level : float
        Confidence level.
    totals : bool
        Also the rows of all groups together.
    per_patient : bool
        Give the table that is counted from, one row per patient: ``start_status, at_risk, followed, back, sustained,
        days`` (to the return, else to the last record) and ``reason``.

    Returns
    -------
    data frame of the same kind
        The columns of `table`, one row per group and figure: ``return_to_work`` (share back, of those with a later
        status), ``return_to_work_sustained``, ``return_to_work_by`` (Kaplan-Meier share by ``within_days``) and
        ``days_to_return`` (Kaplan-Meier median). ``eligible`` are those off or restricted at the start, ``excluded``
        everybody else. Limits are null where the method has none: where nobody or everybody is back, and where the
        limits of the curve do not come down to one half.

    Raises
    ------
    FrameError
        A column is missing; a date cannot be read or is empty; a status is not known; a patient is not in ``episodes``.
    ParameterError
        An argument outside what it may be.

    References
    ----------
    Kaplan and Meier, J Am Stat Assoc 1958;53:457-481 (see `ipm_outcomes.stats.survival`); Wilson, JASA 1927;22:209-212.

    Examples
    --------
    >>> import polars as pl
    >>> from ipm_outcomes import program
    >>> statuses = pl.DataFrame({
    ...     "patient_id": ["a", "a", "b", "b", "c"],
    ...     "date": ["2026-01-01", "2026-02-10", "2026-01-01", "2026-03-02", "2026-01-01"],
    ...     "status": ["off because of pain", "modified duty", "modified duty", "modified duty", "full duty"],
    ... })
    >>> result = program.return_to_work(statuses)
    >>> result.select("indicator", "eligible", "observed", "numerator", "excluded").row(0)
    ('return_to_work', 2, 2, 1, 1)
    """
    by = names(by)
    level = level_of(level)
    rule = _Rule.checked(to, at_risk, sustained_weeks, within_days)
    frame = frame_of(statuses, "statuses", ("patient_id", "date", "status"))
    units = _Units.read(frame, episodes, index, by, meanings, date_format)
    table = units.table(rule)
    if per_patient:
        return table
    chosen = [_with_note(indicator(id), units.index, rule) for id in FIGURES]
    source, rows = rows_of("work", table, chosen, by, totals)
    times = _times(source, by)
    for own in rows:
        if own.indicator.kind != "proportion":
            _estimate(own, times, rule, level, totals)
    return result_table(source, rows, by, level, totals)


@dataclass(frozen=True)
class _Rule:
    """What counts as back, for whom, and for how long."""

    to: str
    at_risk: tuple[str, ...]
    weeks: int
    within: int

    @classmethod
    def checked(cls, to: str, at_risk: Sequence[str], weeks: int, within: int) -> _Rule:
        if to not in ("work", "full_duty"):
            raise ParameterError('to: "work" or "full_duty"')
        start = (at_risk,) if isinstance(at_risk, str) else tuple(at_risk)
        if not start or any(status not in STATUSES[1:4] for status in start):
            raise ParameterError(f"at_risk: one or several of {', '.join(STATUSES[1:4])}")
        weeks, within = whole_number("sustained_weeks", weeks, 1), whole_number("within_days", within, 1)
        return cls(to, start, weeks, within)

    def back(self, start: int) -> set[int]:
        """The statuses that are a return, from a status at the start."""
        return {0, 1} if self.to == "work" and STATUSES[start] in OFF else {0}


def _with_note(definition: Indicator, index: str, rule: _Rule) -> Indicator:
    """The definition with what was chosen here."""
    back = "the first day at any work" if rule.to == "work" else "the first day at full duty"
    chosen = (
        f"Day 0: {index}. Off or restricted at the start: {', '.join(rule.at_risk)}. Back: {back} for those off work, "
        f"at full duty for those restricted."
    )
    if definition.id == "return_to_work_sustained":
        chosen += f" Sustained: {rule.weeks} weeks or more."
    return definition.model_copy(
        update={"note": " ".join(part for part in (chosen, definition.note) if part)}
    )


def _times(source: Source, by: Sequence[str]) -> dict[tuple[Any, ...], list[tuple[float, bool]]]:
    """Days and whether they end with the return, of those observed, by group."""
    codes, groups = source.groups(by)
    observed = np.flatnonzero((source.flags("at_risk") == 1) & (source.flags("followed") == 1))
    columns = (codes.of, source.numbers("days"), source.flags("back") == 1)
    times: dict[tuple[Any, ...], list[tuple[float, bool]]] = {}
    for code, length, back in zip(*(column[observed].tolist() for column in columns), strict=True):
        times.setdefault(groups[code], []).append((length, back))
    return times


def _estimate(rows: FigureRows, times: Mapping[Any, Any], rule: _Rule, level: float, totals: bool) -> None:
    """Put Kaplan-Meier estimates into rows."""
    ready = []
    for group in rows.groups:
        whole = totals and bool(group) and all(value == ALL for value in group)
        mine = [pair for pairs in times.values() for pair in pairs] if whole else times.get(group, [])
        lengths, ended = [pair[0] for pair in mine], [pair[1] for pair in mine]
        if rows.indicator.kind == "km_share":
            ready.append(survival.share_by(lengths, ended, rule.within, level))
        else:
            ready.append(survival.median_time(lengths, ended, level))
    rows.ready = np.array(ready, float).reshape(-1, 3)[rows.group]
    if rows.indicator.kind == "km_share":
        rows.labels = [Label({"target": f"{rule.within} days"}, None) for _ in rows.labels]


class _Units:
    """Patients (or their episodes), each with a day 0 and its statuses."""

    def __init__(self, frame: Frame, columns: dict[str, Any], index: str) -> None:
        self.frame, self.columns, self.index = frame, columns, index
        self.day0: list[int | None] = []
        self.records: list[list[tuple[int, int]]] = []

    @classmethod
    def read(
        cls,
        frame: Frame,
        episodes: Any,
        index: str | None,
        by: Sequence[str],
        meanings: Mapping[str, str | None] | None,
        date_format: DateFormat,
    ) -> _Units:
        known = _DATES if index is None else (*_DATES, index)
        day, _ = days(frame, "date", "statuses", date_format, known)
        status = coded(frame, "status", "statuses", STATUSES, meanings)
        if episodes is None:
            if index is not None:
                raise ParameterError("index: names a column of episodes; give episodes=…")
            frame.require(by, "by")
            (patient,), ids = people({"statuses": frame})
            rows = np.lexsort((np.arange(len(frame)), day, patient))
            _, first = np.unique(patient[rows], return_index=True)
            made = cls(
                frame, columns_at(frame, ["patient_id", *by], rows[first]), "the first status on record"
            )
            records = _by_patient(patient, day, status, len(ids))
            known_first = [next((d for d, s in own), None) for own in records]
            made.day0, made.records = known_first, records
            return made
        index = index or "start_date"
        other = frame_of(episodes, "episodes", ("patient_id", index, *by), frame)
        (patient, of), ids = people({"statuses": frame, "episodes": other})
        start, there = days(other, index, "episodes", date_format, known, empty="no index date")
        lost = np.setdiff1d(patient, of)
        if lost.size:
            row = int(np.flatnonzero(np.isin(patient, lost))[0])
            raise FrameError(
                f"statuses: {lost.size} patient(s) are not in episodes, first in row {row} (counted from 0); add them "
                "to episodes, or leave their rows out"
            )
        if "episode" not in other.names and np.unique(of).size < of.size:
            raise FrameError(
                "episodes: a patient has several rows; give the column episode, or keep one of them"
            )
        kept = [name for name in ("patient_id", "episode") if name in other.names]
        made = cls(other, columns_at(other, list(dict.fromkeys([*kept, *by])), np.arange(len(other))), index)
        records = _by_patient(patient, day, status, len(ids))
        made.day0 = [int(d) if t else None for d, t in zip(start, there, strict=True)]
        made._cut(of.tolist(), records)
        return made

    def _cut(self, patients: Sequence[int], records: Sequence[list[tuple[int, int]]]) -> None:
        """Each episode's statuses end where the next one of the patient begins."""
        starts: dict[int, list[int]] = {}
        for patient, day in zip(patients, self.day0, strict=True):
            if day is not None:
                starts.setdefault(patient, []).append(day)
        for patient, day in zip(patients, self.day0, strict=True):
            later = [other for other in starts.get(patient, []) if day is not None and other > day]
            end = min(later, default=None)
            self.records.append([record for record in records[patient] if end is None or record[0] < end])

    def table(self, rule: _Rule) -> Any:
        """One row per unit, in the caller's kind of frame."""
        outcomes = [
            _outcome(day, records, rule) for day, records in zip(self.day0, self.records, strict=True)
        ]
        frame = self.frame
        columns: dict[str, Any] = dict(self.columns)
        clash = set(_COLUMNS) & set(columns)
        if clash:
            raise FrameError(f"by: the result has a column {min(clash)!r} of its own; rename the column")
        whole = np.array([day or 0 for day in self.day0], np.int64)
        columns["index_date"] = frame.dates(whole, np.array([day is None for day in self.day0], bool))
        start = np.array([-1 if outcome.start is None else outcome.start for outcome in outcomes], np.int8)
        columns["start_status"] = Words(start, STATUSES)
        for name in ("at_risk", "followed", "back", "back_in_time", "sustained"):
            values = [getattr(outcome, name) for outcome in outcomes]
            null = np.array([value is None for value in values], bool)
            columns[name] = frame.truth(np.array([bool(value) for value in values], bool), null)
        lengths = [outcome.days for outcome in outcomes]
        columns["days"] = Whole(
            np.array([value or 0 for value in lengths], np.int64),
            np.array([value is None for value in lengths], bool),
        )
        codes = list(REASONS)
        reason = [-1 if outcome.reason is None else codes.index(outcome.reason) for outcome in outcomes]
        columns["reason"] = Words(np.array(reason, np.int8), tuple(codes))
        return frame.make(columns, like=["patient_id"])


def _by_patient(patient: Any, day: Any, status: Any, size: int) -> list[list[tuple[int, int]]]:
    """Day and status of every record, by patient and day; of one day the later row comes last."""
    records: list[list[tuple[int, int]]] = [[] for _ in range(size)]
    for row in np.lexsort((np.arange(len(day)), day)).tolist():
        if status[row] >= 0:
            own, when = records[int(patient[row])], int(day[row])
            if own and own[-1][0] == when:
                own.pop()  # of two statuses of one day the later row counts
            own.append((when, int(status[row])))
    return records


@dataclass
class _Outcome:
    """What became of one patient."""

    start: int | None = None
    at_risk: bool | None = None
    followed: bool | None = None
    back: bool | None = None
    back_in_time: bool | None = None
    sustained: bool | None = None
    days: int | None = None
    reason: str | None = None


def _outcome(day0: int | None, records: Sequence[tuple[int, int]], rule: _Rule) -> _Outcome:
    if day0 is None:
        return _Outcome(reason="no_index")
    before = [status for day, status in records if day <= day0]
    if not before:
        return _Outcome(reason="no_status_at_start")
    start = before[-1]
    if STATUSES[start] not in rule.at_risk:
        return _Outcome(start, at_risk=False, reason="not_off_or_restricted")
    later = [(day, status) for day, status in records if day > day0]
    if not later:
        return _Outcome(start, True, followed=False, reason="no_later_status")
    wanted = rule.back(start)
    lengths: list[int] = []
    since: int | None = None
    first: int | None = None
    for day, status in later:
        if status in wanted:
            since = day if since is None else since
            first = day if first is None else first
        elif since is not None:
            lengths.append(day - since)
            since = None
    last = later[-1][0]
    running = None if since is None else last - since
    long = 7 * rule.weeks
    sustained: bool | None = any(
        length >= long for length in [*lengths, *([] if running is None else [running])]
    )
    if not sustained and running is not None:
        sustained = None  # back at the last record, and not yet long enough
    days_ = (last if first is None else first) - day0
    in_time = first is not None and days_ <= rule.within
    return _Outcome(start, True, True, first is not None, in_time, sustained, days_)
