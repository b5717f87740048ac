"""Measures that are defined on dated events: an index event, windows around it, exclusions, and an outcome.

Quality measures such as CMS159 speak of visits, diagnoses and scores with dates, not of pairs. An indicator
of kind ``events`` says so in a vocabulary of its own (``instruments/indicators/cms159.toml``); `populations` and
`measure` run any of them. All comparisons are on dates, ends included unless said otherwise.
"""

from __future__ import annotations

import calendar
import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from os import PathLike
from typing import Any

from ipm_outcomes.errors import FrameError, ParameterError
from ipm_outcomes.frames._frame import Frame
from ipm_outcomes.program._arguments import level_of
from ipm_outcomes.program._event_grammar import Events, EventSet, Moment, Occurs
from ipm_outcomes.program.indicators import Indicator, indicator, read_indicator
from ipm_outcomes.program.table import Cell, Row, names, plain_value, result


@dataclass(frozen=True)
class _Event:
    event: str
    start: dt.date
    end: dt.date | None
    value: float | None
    status: str
    note: str

    def end_of(self, ongoing: bool) -> dt.date:
        return self.end if self.end is not None else dt.date.max if ongoing else self.start


def _moved(date: dt.date, moment: Moment) -> dt.date:
    months = date.year * 12 + date.month - 1 + moment.months
    year, month = divmod(months, 12)
    clipped = date.replace(
        year=year, month=month + 1, day=min(date.day, calendar.monthrange(year, month + 1)[1])
    )
    return clipped + dt.timedelta(days=moment.days)


class _Patient:
    """One patient's events against one measure."""

    def __init__(self, spec: Events, events: Sequence[_Event], period: dt.date) -> None:
        self.spec = spec
        self.events = events
        self.anchors = {"period": period}
        self.found: dict[str, list[tuple[_Event, dt.date]]] = {}
        self.index: _Event | None = None
        self.age: int | None = None
        self.excluded_by: list[str] = []
        self.observed = self.met = False
        self._run()

    @property
    def eligible(self) -> bool:
        return self.age is not None and self.age >= self.spec.age.at_least

    def _run(self) -> None:
        self._find(self._early)
        chosen = self._pick(self.spec.index.set, self.spec.index.pick)
        birth = [e.start for e in self.events if e.event == self.spec.age.birth]
        if chosen is None or not birth:
            return
        self.index, born = chosen, min(birth)
        on = chosen.start
        self.age = on.year - born.year - ((on.month, on.day) < (born.month, born.day))
        if not self.eligible:
            return
        self.anchors["index"] = on
        self.found.clear()
        self._find(lambda _: True)
        self.excluded_by = [e.id for e in self.spec.exclusions if any(self.found[name] for name in e.any_of)]
        last = self._pick(self.spec.outcome.set, self.spec.outcome.pick)
        self.observed = last is not None and last.value is not None
        if last is not None and last.value is not None:
            below, at_most = self.spec.outcome.below, self.spec.outcome.at_most
            self.met = (
                last.value < below if below is not None else at_most is not None and last.value <= at_most
            )
        self.met = self.met and not self.excluded_by

    def _early(self, one: EventSet) -> bool:
        """Whether a set can be found before the index is known."""
        used = [name for name in (one.overlaps, one.near.set if one.near else None) if name is not None]
        spans = [self.spec.windows[one.occurs.window]] if one.occurs else []
        return all(name in self.found for name in used) and all(
            "index" not in (span.first.anchor, span.last.anchor) for span in spans
        )

    def _find(self, possible: Any) -> None:
        for one in self.spec.sets:
            if possible(one):
                self.found[one.id] = [(e, e.end_of(one.ongoing)) for e in self.events if self._in(one, e)]

    def _in(self, one: EventSet, event: _Event) -> bool:
        if event.event not in one.event:
            return False
        if one.status and event.status not in one.status:
            return False
        if event.status in one.status_not:
            return False
        notes = {part.strip() for part in event.note.split(";")}
        if (
            not set(one.note) <= notes
            or (one.note_any and not set(one.note_any) & notes)
            or set(one.note_not) & notes
        ):
            return False
        if one.value_is is not None and (event.value is None or event.value != one.value_is):
            return False
        if one.above is not None and (event.value is None or not event.value > one.above):
            return False
        end = event.end_of(one.ongoing)
        if one.occurs is not None and not self._occurs(one.occurs, event.start, end):
            return False
        if one.overlaps is not None and not any(
            event.start <= other_end and end >= other.start for other, other_end in self.found[one.overlaps]
        ):
            return False
        if one.near is None:
            return True
        before = dt.timedelta(days=one.near.days_before)
        return any(
            other.start - before <= event.start and end <= other_end
            for other, other_end in self.found[one.near.set]
        )

    def _occurs(self, occurs: Occurs, start: dt.date, end: dt.date) -> bool:
        span = self.spec.windows[occurs.window]
        day = dt.timedelta(days=1)
        first = _moved(self.anchors[span.first.anchor], span.first) + (
            day if span.first.excluded else 0 * day
        )
        last = _moved(self.anchors[span.last.anchor], span.last) - (day if span.last.excluded else 0 * day)
        if occurs.how == "starts":
            return first <= start <= last
        if occurs.how == "ends":
            return first <= end <= last
        if occurs.how == "starts_by_end":
            return start <= last
        return start <= last and end >= first

    def _pick(self, name: str, pick: str) -> _Event | None:
        events = sorted((e for e, _ in self.found.get(name, [])), key=lambda e: e.start)
        if not events:
            return None
        # Of several on one day the last row given counts, as everywhere in this library.
        day = events[0].start if pick == "first" else events[-1].start
        return [e for e in events if e.start == day][-1]


_COLUMNS = ("event", "start", "end", "value", "status", "note")


def _read(
    data: Any, patient: str, by: Sequence[str]
) -> tuple[Any, dict[Any, list[_Event]], dict[Any, tuple[Any, ...]]]:
    """The events by patient, and each patient's group."""
    frame = Frame(data)
    frame.require([patient, *_COLUMNS, *by], "events")
    columns = {name: _values(frame, name) for name in (patient, *_COLUMNS, *by)}
    events: dict[Any, list[_Event]] = {}
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
            _Event(text["event"], start, end, value, text["status"], text["note"])
        )
        group = tuple(columns[name][row] for name in by)
        if groups.setdefault(who, group) != group:
            raise FrameError(
                f"events: row {row} puts its patient into another group than the rows before; see `by`"
            )
    return frame, events, groups


def _values(frame: Any, name: str) -> list[Any]:
    column = frame.column(name)
    values = column.to_pylist() if hasattr(column, "to_pylist") else column.to_list()
    return [None if plain == "" else plain for plain in map(plain_value, values)]


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


def _definition(definition: str | PathLike[str] | Indicator) -> tuple[Indicator, Events]:
    if isinstance(definition, Indicator):
        found = definition
    elif isinstance(definition, str) and not definition.endswith(".toml"):
        found = indicator(definition)
    else:
        found = read_indicator(definition)
    if found.events is None:
        raise ParameterError(
            f"definition: the indicator {found.id!r} is not defined on events; use program.table"
        )
    return found, found.events


def _period(period_start: dt.date | str) -> dt.date:
    if isinstance(period_start, dt.datetime):
        return period_start.date()
    if isinstance(period_start, dt.date):
        return period_start
    try:
        return dt.date.fromisoformat(period_start)
    except (TypeError, ValueError):
        raise ParameterError(
            "period_start: the first day of the measurement period, such as 2025-01-01"
        ) from None


def _patients(
    data: Any,
    definition: str | PathLike[str] | Indicator,
    period_start: dt.date | str,
    patient: str,
    by: Sequence[str],
) -> tuple[Any, Indicator, dict[Any, tuple[tuple[Any, ...], _Patient]]]:
    found, spec = _definition(definition)
    period = _period(period_start)
    frame, events, groups = _read(data, patient, by)
    return frame, found, {who: (groups[who], _Patient(spec, rows, period)) for who, rows in events.items()}


def populations(
    events: Any,
    definition: str | PathLike[str] | Indicator = "cms159",
    *,
    period_start: dt.date | str,
    patient: str = "patient_id",
) -> Any:
    """Tell for every patient which populations of a measure they are in.

    Parameters
    ----------
    events : data frame
        One row per event: the ``patient`` column, ``event`` (a word of the definition), ``start``, ``end``
        (dates; end may be missing), ``value`` (a number or missing), ``status``, ``note`` (facts parted by
        semicolons).
    definition : id, path or Indicator
        An indicator of kind ``events``.
    period_start : date
        First day of the measurement period.
    patient : str
        Name of the column of patients.

    Returns
    -------
    data frame of the same kind
        One row per patient, in order of first appearance: the patient column, ``index_date`` (text, ISO
        8601; null without an index event), ``age``, ``initial_population, denominator, denominator_exclusion,
        observed, numerator`` (truth values) and ``excluded_by`` (ids of the exclusions).

    Raises
    ------
    FrameError, ParameterError, UnknownNameError, DefinitionError
        As `program.table`; an event without a date, or that ends before it starts, is named by its row.

    >>> import polars as pl
    >>> from ipm_outcomes.program.events import populations
    >>> rows = [
    ...     ("birth", "1980-01-01", None, ""), ("dx_depression", "2024-01-05", None, "active/confirmed"),
    ...     ("office_visit", "2024-02-25", None, "finished"), ("phq9", "2024-02-25", 14, "final"),
    ...     ("phq9", "2025-02-19", 3, "final")]
    >>> events = pl.DataFrame(
    ...     [("A", e, s, None, v, t, "") for e, s, v, t in rows], orient="row",
    ...     schema=["patient_id", "event", "start", "end", "value", "status", "note"])
    >>> populations(events, "cms159", period_start="2025-01-01").select("denominator", "numerator").row(0)
    (True, True)
    """
    frame, _, found = _patients(events, definition, period_start, patient, ())
    who = [one for _, one in found.values()]
    columns: dict[str, list[Any]] = {
        patient: list(found),
        "index_date": [one.index.start.isoformat() if one.index else None for one in who],
        "age": [one.age for one in who],
        "initial_population": [one.eligible for one in who],
        "denominator": [one.eligible for one in who],
        "denominator_exclusion": [bool(one.excluded_by) for one in who],
        "observed": [one.observed for one in who],
        "numerator": [one.met for one in who],
        "excluded_by": [", ".join(one.excluded_by) for one in who],
    }
    return _framed(frame, columns)


def _framed(frame: Any, columns: Mapping[str, list[Any]]) -> Any:
    import narwhals as nw

    kinds: dict[str, Any] = {"index_date": nw.String, "age": nw.Int64, "excluded_by": nw.String}
    truths = ("initial_population", "denominator", "denominator_exclusion", "observed", "numerator")
    kinds |= dict.fromkeys(truths, nw.Boolean)
    if frame.kind == "pandas":
        import pandas as pd

        return pd.DataFrame(
            {
                name: pd.array(values, dtype="Int64") if name == "age" else values
                for name, values in columns.items()
            }
        )
    first = next(iter(columns))
    text = all(isinstance(value, str) for value in columns[first])
    kinds[first] = nw.String if text else nw.from_native(frame.native).collect_schema()[first]
    return frame.restore(
        nw.from_dict(dict(columns), {name: kinds[name] for name in columns}, backend=frame.kind).to_native()
    )


def measure(
    events: Any,
    definition: str | PathLike[str] | Indicator = "cms159",
    *,
    period_start: dt.date | str,
    patient: str = "patient_id",
    by: Sequence[str] = (),
    level: float = 0.95,
) -> Any:
    """Count a measure that is defined on dated events: one row per group and stratum.

    Parameters
    ----------
    events, definition, period_start, patient
        As `populations`.
    by : sequence of str
        Grouping columns of the events; a patient belongs to one group.
    level : float
        Confidence level of the interval.

    Returns
    -------
    data frame of the same kind
        The columns of `program.table`. ``eligible`` is the denominator less the exclusions, ``excluded`` the
        exclusions, ``observed`` those with a value in the window of the outcome; those without stay in the
        denominator as not met. The strata of the definition follow with their id behind a colon.

    Raises
    ------
    FrameError, ParameterError, UnknownNameError, DefinitionError
        As `populations`.

    >>> import polars as pl
    >>> from ipm_outcomes import program
    >>> rows = [
    ...     ("birth", "1980-01-01", None, ""), ("dx_depression", "2024-01-05", None, "active/confirmed"),
    ...     ("office_visit", "2024-02-25", None, "finished"), ("phq9", "2024-02-25", 14, "final")]
    >>> events = pl.DataFrame(
    ...     [("A", e, s, None, v, t, "") for e, s, v, t in rows], orient="row",
    ...     schema=["patient_id", "event", "start", "end", "value", "status", "note"])
    >>> found = program.measure(events, "cms159", period_start="2025-01-01")
    >>> found.select("indicator", "observed", "numerator", "denominator").row(0)
    ('cms159', 0, 0, 1)
    """
    level = level_of(level)
    by = names(by)
    _, found, patients = _patients(events, definition, period_start, patient, by)
    spec = found.events
    rows = []
    groups = {group for group, _ in patients.values()} or ({()} if not by else set())
    if any(value is None for group in groups for value in group):
        raise FrameError("by: a grouping column has rows without a value; fill them")
    for group in sorted(groups):
        mine = [one for own, one in patients.values() if own == group]
        rows.append(Row(group, found, {}, None, _counted(mine)))
        for stratum in spec.strata if spec else ():
            low, high = stratum.age
            part = [one for one in mine if one.age is not None and low <= one.age <= high]
            rows.append(Row(group, found, {}, stratum.id, _counted(part)))
    return result(events, "events", rows, by, level)


def _counted(patients: Iterable[_Patient]) -> Cell:
    inside = [one for one in patients if one.eligible]
    kept = [one for one in inside if not one.excluded_by]
    return Cell(
        eligible=len(kept),
        excluded=len(inside) - len(kept),
        observed=sum(one.observed for one in kept),
        denominator=len(kept),
        numerator=sum(one.met for one in kept),
    )
