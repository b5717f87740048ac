"""One patient's events against one measure: the index, the windows around it, exclusions and the outcome."""

from __future__ import annotations

import calendar
import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ipm_outcomes.program._event_grammar import Events, EventSet, Moment, Occurs, Version


@dataclass(frozen=True)
class Event:
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


class Patient:
    """One patient's events against one measure."""

    def __init__(
        self, spec: Events, version: Version | None, events: Sequence[Event], period: dt.date
    ) -> None:
        self.spec = spec
        self.statuses = version.statuses if version else {}
        self.events = events
        self.anchors = {"period": period}
        self.events_of: dict[str, list[tuple[Event, dt.date]]] = {}
        self.index: Event | None = None
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
        self.events_of.clear()
        self._find(lambda _: True)
        self.excluded_by = [
            e.id for e in self.spec.exclusions if any(self.events_of[name] for name in e.any_of)
        ]
        last = self._pick(self.spec.outcome.set, self.spec.outcome.pick)
        self.observed = last is not None and last.value is not None
        if last is not None and last.value is not None:
            below, at_most = self.spec.outcome.below, self.spec.outcome.at_most
            self.met = (
                last.value < below if below is not None else at_most is not None and last.value <= at_most
            )
        self.met = self.met and not self.excluded_by

    def _early(self, event_set: EventSet) -> bool:
        """Whether a set can be found before the index is known."""
        used = [
            name
            for name in (event_set.overlaps, event_set.near.set if event_set.near else None)
            if name is not None
        ]
        spans = [self.spec.windows[event_set.occurs.window]] if event_set.occurs else []
        return all(name in self.events_of for name in used) and all(
            "index" not in (span.first.anchor, span.last.anchor) for span in spans
        )

    def _find(self, possible: Any) -> None:
        for event_set in self.spec.sets:
            if possible(event_set):
                self.events_of[event_set.id] = [
                    (e, e.end_of(event_set.ongoing)) for e in self.events if self._in(event_set, e)
                ]

    def _in(self, event_set: EventSet, event: Event) -> bool:
        if event.event not in event_set.event:
            return False
        statuses = self.statuses[event_set.status_of] if event_set.status_of else event_set.status
        if statuses and event.status not in statuses:
            return False
        if event.status in event_set.status_not:
            return False
        notes = {part.strip() for part in event.note.split(";")}
        if (
            not set(event_set.note) <= notes
            or (event_set.note_any and not set(event_set.note_any) & notes)
            or set(event_set.note_not) & notes
        ):
            return False
        if event_set.value_is is not None and (event.value is None or event.value != event_set.value_is):
            return False
        if event_set.above is not None and (event.value is None or not event.value > event_set.above):
            return False
        end = event.end_of(event_set.ongoing)
        if event_set.occurs is not None and not self._occurs(event_set.occurs, event.start, end):
            return False
        if event_set.overlaps is not None and not any(
            event.start <= other_end and end >= other.start
            for other, other_end in self.events_of[event_set.overlaps]
        ):
            return False
        if event_set.near is None:
            return True
        before = dt.timedelta(days=event_set.near.days_before)
        return any(
            other.start - before <= event.start and end <= other_end
            for other, other_end in self.events_of[event_set.near.set]
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

    def _pick(self, name: str, pick: str) -> Event | None:
        events = sorted((e for e, _ in self.events_of.get(name, [])), key=lambda e: e.start)
        if not events:
            return None
        # Of several on one day the last row given counts, as everywhere in this library.
        day = events[0].start if pick == "first" else events[-1].start
        return [e for e in events if e.start == day][-1]
