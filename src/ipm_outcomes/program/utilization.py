"""Care used: from events and spans of enrollment to rates per member-months, and before against after."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from os import PathLike
from typing import Any, Literal

import numpy as np

from ipm_outcomes._fence import fenced
from ipm_outcomes.errors import FrameError, ParameterError
from ipm_outcomes.frames._dates import DateFormat
from ipm_outcomes.frames._library import Ints
from ipm_outcomes.program._cells import Cell, FigureRow
from ipm_outcomes.program._columns import ALL
from ipm_outcomes.program._enrollment import Enrollment, Months, period_of
from ipm_outcomes.program._events import Events
from ipm_outcomes.program._figure_rows import of_rows
from ipm_outcomes.program._reading import Source
from ipm_outcomes.program._records import Group, days, frame_of, group_keys, people, with_total
from ipm_outcomes.program._result import result_table
from ipm_outcomes.program.indicators import Indicator
from ipm_outcomes.program.table import chosen_indicators, names
from ipm_outcomes.stats import intervals
from ipm_outcomes.stats.arguments import level_of, whole_number

Asked = Iterable[str | PathLike[str] | Indicator] | None
_REGRESSION = (
    "Patients often enter a program when they use much care, and come down by themselves: a fall after the start is "
    "not the effect of the program."
)


@fenced
def rates(
    events: Any,
    enrollment: Any,
    *,
    by: Sequence[str] = (),
    indicators: Asked = None,
    period: tuple[Any, Any] | None = None,
    partial_months: Literal["days", "on_day"] = "days",
    on_day: int = 1,
    method: Literal["official", "byar", "exact"] = "official",
    overdispersed: bool = True,
    meanings: Mapping[str, str | None] | None = None,
    date_format: DateFormat = None,
    level: float = 0.95,
    totals: bool = False,
) -> Any:
    """Compute rates of care used: events per 1,000 member-months, by type of event.

    Parameters
    ----------
    events : data frame
        One row per event: ``patient_id``, ``date``, ``event`` (a name: ``emergency_visit``, ``admission``, ``imaging``,
        ``procedure``, ``outpatient_visit``, or one of your own), and ``quantity`` (whole numbers, such as the days of a
        stay) where an indicator counts it. Case, spaces and signs do not matter.
    enrollment : data frame
        One row per span of membership: ``patient_id``, ``start``, ``end`` (both included; an empty end is still
        enrolled, and needs a ``period``), and grouping columns. At death or disenrollment the span ends. Spans of a
        patient that overlap count once.
    by : sequence of str
        Grouping columns of ``enrollment``; an event belongs to the group of the span in which it lies.
    indicators : ids, paths or `Indicator` objects, optional
        Of kind ``rate``; by default those of the catalog whose events are there, and each further name in ``event`` by
        itself.
    period : pair of dates, optional
        First and last day, both included, that are counted.
    partial_months : {"days", "on_day"}
        Whether a month counts by the share of its days enrolled, or as one where the patient is enrolled on the day
        ``on_day`` of the month. There is no single standard, so the notes name the rule.
    on_day : int
        The day, 1 to 28.
    method : {"official", "byar", "exact"}
        The interval, as `ipm_outcomes.stats.intervals.rate` has it: exact Poisson below 10 events and Byar from 10 on,
        or one of the two.
    overdispersed : bool
        Widen the interval by the variance between patients: a few of them often have most of the visits.
    meanings : mapping, optional
        What other names for an event mean: ``{"ER": "emergency_visit"}``; None leaves the rows out.
    date_format : str or mapping, optional
        How dates of text are written.
    level : float
        Confidence level.
    totals : bool
        Also the rows of all groups together.

    Returns
    -------
    data frame of the same kind
        The columns of `table`, one row per group and indicator: ``eligible`` (patients on record), ``observed`` (with
        time in the period), ``numerator`` (events while enrolled), ``estimate, lower, upper`` (per 1,000
        member-months); ``denominator`` is null, since time is no count of people; then ``member_months`` (float64) and
        ``patients`` (with at least one of these events). Events outside of enrolled time are in no figure.

    Raises
    ------
    FrameError
        A column is missing; a date cannot be read; a span ends before it starts, or overlaps one of another group; a
        patient of ``events`` is not in ``enrollment``.
    ParameterError
        An argument outside what it may be.

    References
    ----------
    Breslow and Day, Statistical Methods in Cancer Research II, IARC 1987 (Byar); Garwood, Biometrika 1936;28:437-442.

    Examples
    --------
    >>> import polars as pl
    >>> from ipm_outcomes import program
    >>> enrollment = pl.DataFrame({"patient_id": ["a", "b"], "start": ["2025-01-01"] * 2, "end": ["2025-12-31"] * 2})
    >>> events = pl.DataFrame({
    ...     "patient_id": ["a"] * 3, "date": ["2025-02-01", "2025-03-05", "2026-01-01"],
    ...     "event": ["emergency visit"] * 3,
    ... })
    >>> result = program.rates(events, enrollment)
    >>> result.select("indicator", "numerator", "member_months", "patients").row(0)
    ('emergency_visits', 2, 24.0, 1)
    """
    by = names(by)
    level = level_of(level)
    rule = _Rule.checked(partial_months, on_day, method, overdispersed)
    frame = frame_of(enrollment, "enrollment", ("patient_id", "start", "end", *by))
    other = frame_of(events, "events", ("patient_id", "date", "event"), frame)
    (patient, of), ids = people({"events": other, "enrollment": frame})
    spans = Enrollment.read(frame, of, group_keys(frame, by), date_format, period_of(period))
    care = Events.read(other, patient, len(ids), of, _asked(indicators), meanings, date_format)
    span = spans.span_of(care.patient, care.day)
    time = spans.months(rule.months)
    groups = with_total(spans.groups, by, totals)
    rows: list[FigureRow] = []
    for indicator, band in care.indicators:
        counted = care.counted(indicator, band)
        for group in groups:
            whole = totals and bool(by) and group == (ALL,) * len(by)
            mine = np.ones(len(spans), bool) if whole else spans.of_group(group)
            inside = counted.rows[(span[counted.rows] >= 0) & np.append(mine, False)[span[counted.rows]]]
            amounts = np.bincount(
                care.patient[inside], care.weight(indicator)[inside], minlength=len(ids)
            ).astype(np.int64)
            months = np.bincount(spans.patient[mine], time[mine], minlength=len(ids))
            there = np.unique(spans.listed[np.ones(len(of), bool) if whole else spans.listed_in(group)])
            rows.append(
                FigureRow(
                    group,
                    rule.with_note(indicator),
                    {},
                    band,
                    rule.cell(indicator, amounts, months, len(there), level),
                )
            )
    return result_table(Source("enrollment", frame.given), list(of_rows(rows)), by, level, totals)


@fenced
def rates_before_after(
    events: Any,
    enrollment: Any,
    episodes: Any,
    *,
    index: str = "start_date",
    days_each: int = 365,
    by: Sequence[str] = (),
    indicators: Asked = None,
    partial_months: Literal["days"] = "days",
    method: Literal["official", "byar", "exact"] = "official",
    overdispersed: bool = True,
    meanings: Mapping[str, str | None] | None = None,
    date_format: DateFormat = None,
    level: float = 0.95,
    totals: bool = False,
) -> Any:
    """Compare rates of care used before and after the start of the program, in the same patients, and their ratio.

    Two windows of equal length: ``days_each`` days before the index date, and as many from it on. Only patients who are
    enrolled on every day of both are observed (usual practice; unverified).

    Parameters
    ----------
    events, enrollment
        As `rates`.
    episodes : data frame
        One row per patient: ``patient_id``, the index date, and grouping columns.
    index : str
        The column of ``episodes`` with the index date.
    days_each : int
        Length of each window in days.
    by : sequence of str
        Grouping columns of ``episodes``.
    partial_months : {"days"}
        Months count by the share of their days.
    indicators, method, overdispersed, meanings, date_format, level, totals
        As `rates`.

    Returns
    -------
    data frame of the same kind
        The columns of `rates`; ``target`` is ``before``, ``after`` or ``after / before``. In the last the ``estimate``
        is the ratio of the two rates with limits that respect that they are of the same patients and that counts vary
        more than Poisson (`ipm_outcomes.stats.intervals.paired_rate_ratio`); a ratio below 1 is a fall. Planned care is
        not worse when there is more of it: the ``direction`` of the definition says which way is better, if any.

    Raises
    ------
    FrameError
        As `rates`; a patient has several rows in ``episodes``.
    ParameterError
        An argument outside what it may be.

    References
    ----------
    Liang and Zeger, Biometrika 1986;73:13-22; the rates as in `rates`.

    Examples
    --------
    >>> import polars as pl
    >>> from ipm_outcomes import program
    >>> enrollment = pl.DataFrame({"patient_id": ["a", "b"], "start": ["2024-01-01"] * 2, "end": ["2025-12-31"] * 2})
    >>> episodes = pl.DataFrame({"patient_id": ["a", "b"], "start_date": ["2025-01-01"] * 2})
    >>> events = pl.DataFrame({
    ...     "patient_id": ["a", "a", "b", "a"], "date": ["2024-02-01", "2024-03-05", "2024-05-01", "2025-06-01"],
    ...     "event": ["emergency visit"] * 4,
    ... })
    >>> result = program.rates_before_after(events, enrollment, episodes)
    >>> result.select("target", "numerator", "patients").rows()
    [('before', 3, 2), ('after', 1, 1), ('after / before', None, 2)]
    """
    by = names(by)
    level = level_of(level)
    days_each = whole_number("days_each", days_each, 1)
    rule = _Rule.checked(partial_months, 1, method, overdispersed)
    first = frame_of(episodes, "episodes", ("patient_id", index, *by))
    frame = frame_of(enrollment, "enrollment", ("patient_id", "start", "end"), first)
    other = frame_of(events, "events", ("patient_id", "date", "event"), first)
    (patient, of, who), ids = people({"events": other, "enrollment": frame, "episodes": first})
    if np.unique(who).size < who.size:
        raise FrameError("episodes: a patient has several rows; keep the one whose date is the index")
    day, known = days(
        first, index, "episodes", date_format, ("date", "start", "end", index), empty="no index date"
    )
    spans = Enrollment.read(frame, of, [()] * len(frame), date_format, None)
    care = Events.read(other, patient, len(ids), of, _asked(indicators), meanings, date_format)
    day0 = np.zeros(len(ids), np.int64)
    day0[who] = day
    indexed = np.zeros(len(ids), bool)
    indexed[who] = known
    observed = indexed & spans.covers(day0 - days_each, day0 + days_each - 1)
    own = group_keys(first, by)
    rows: list[FigureRow] = []
    for indicator, band in care.indicators:
        counted = care.counted(indicator, band).rows
        since = care.day[counted] - day0[care.patient[counted]]
        sides = {"before": (since >= -days_each) & (since < 0), "after": (since >= 0) & (since < days_each)}
        for group in with_total(own, by, totals):
            whole = totals and bool(by) and group == (ALL,) * len(by)
            mine = np.zeros(len(ids), bool)
            mine[who[[whole or one_group == group for one_group in own]]] = True
            rows += _compared(
                rule, indicator, band, group, care, counted, sides, (mine & indexed, mine & observed, mine & ~indexed),
                spans.lengths(day0, days_each), level,
            )  # fmt: skip
    return result_table(Source("episodes", first.given), list(of_rows(rows)), by, level, totals)


def _compared(
    rule: _Rule,
    indicator: Indicator,
    band: str | None,
    group: Group,
    care: Events,
    counted: Ints,
    sides: Mapping[str, Any],
    people_of: tuple[Any, Any, Any],
    lengths: tuple[Any, Any],
    level: float,
) -> list[FigureRow]:
    """The rows of one indicator and group: before, after, and their ratio."""
    eligible, seen, without = people_of
    rows, amounts = [], []
    definition = rule.with_note(indicator, _REGRESSION)
    for (name, side), months in zip(sides.items(), lengths, strict=True):
        inside = counted[side]
        amount = np.bincount(
            care.patient[inside], care.weight(indicator)[inside], minlength=len(seen)
        ).astype(np.int64)
        amounts.append(np.where(seen, amount, 0))
        cell = rule.cell(indicator, amounts[-1], np.where(seen, months, 0.0), int(eligible.sum()), level)
        cell.excluded = int(without.sum())
        rows.append(FigureRow(group, definition, {"target": name}, band, cell))
    before, after = (np.where(seen, months, 0.0) for months in lengths)
    ratio = Cell(
        eligible=int(eligible.sum()),
        excluded=int(without.sum()),
        observed=int(seen.sum()),
        numerator=None,
        ready=intervals.paired_rate_ratio(amounts[0], before, amounts[1], after, level),
        method="ratio of rates in the same patients, generalized estimating equations, student t",
        patients=int(((amounts[0] > 0) | (amounts[1] > 0)).sum()),
    )
    rows.append(FigureRow(group, definition, {"target": "after / before"}, band, ratio))
    return rows


def _asked(wanted: Asked) -> list[Indicator] | None:
    if wanted is None:
        return None
    chosen = chosen_indicators(wanted)
    if odd := [indicator.id for indicator in chosen if indicator.rate is None]:
        raise ParameterError(f"indicators: {odd[0]!r} is not of kind 'rate'")
    return chosen


@dataclass(frozen=True)
class _Rule:
    """How time is counted, and how sure a rate is."""

    months: Months
    method: str
    overdispersed: bool

    @classmethod
    def checked(cls, partial_months: str, on_day: int, method: str, overdispersed: bool) -> _Rule:
        if partial_months not in ("days", "on_day"):
            raise ParameterError('partial_months: "days" or "on_day"')
        on_day = whole_number("on_day", on_day, 1, 28)  # a day that every month has
        if method not in ("official", "byar", "exact"):
            raise ParameterError('method: "official", "byar" or "exact"')
        return cls(Months(on_day if partial_months == "on_day" else None), method, bool(overdispersed))

    def with_note(self, indicator: Indicator, more: str = "") -> Indicator:
        """The definition with the rule that was chosen."""
        note = " ".join(part for part in (self.months.note, indicator.note, more) if part)
        return indicator.model_copy(update={"note": note})

    def cell(self, indicator: Indicator, amounts: Ints, months: Any, eligible: int, level: float) -> Cell:
        """Events, time and interval of some patients."""
        assert indicator.rate is not None
        there = months > 0
        total, time = int(amounts[there].sum()), float(months.sum())
        factor = intervals.overdispersion(amounts[there], months[there]) if self.overdispersed else 1.0
        ready = (float("nan"), float("nan"), float("nan"))
        if time > 0:
            low, high = intervals.rate(total, time, self.method, level, factor)
            ready = (indicator.rate.per * total / time, indicator.rate.per * low, indicator.rate.per * high)
        method = {"official": "exact below 10, else byar"}.get(self.method, self.method) + " poisson"
        return Cell(
            eligible=eligible,
            observed=int(there.sum()),
            numerator=total,
            ready=ready,
            method=f"{method}, overdispersion between patients" if self.overdispersed else method,
            months=time,
            patients=int((amounts[there] > 0).sum()),
        )
