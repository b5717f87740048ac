"""Events of care, and which of them an indicator counts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ipm_outcomes.errors import FrameError, ParameterError
from ipm_outcomes.frames._dates import DateFormat
from ipm_outcomes.frames._frame import Frame
from ipm_outcomes.frames._library import Ints
from ipm_outcomes.program._records import days, plain
from ipm_outcomes.program.indicators import Indicator, indicator, indicators


@dataclass(frozen=True)
class Counted:
    """Rows of events that an indicator counts."""

    rows: Ints


@dataclass
class Events:
    """Events by patient and day, with the indicators that count them."""

    patient: Ints
    day: Ints
    event: Ints
    labels: list[str]
    quantity: Ints | None
    indicators: list[tuple[Indicator, str | None]] = field(default_factory=list)

    @classmethod
    def read(
        cls,
        frame: Frame,
        patient: Ints,
        patients: int,
        enrolled: Ints,
        asked: Sequence[Indicator] | None,
        meanings: Mapping[str, str | None] | None,
        date_format: DateFormat,
    ) -> Events:
        """Read the table; a patient without enrollment is refused: there is no time to divide by."""
        known = np.zeros(patients, bool)
        known[enrolled] = True
        if (lost := np.flatnonzero(~known[patient])).size:
            raise FrameError(
                f"events: {lost.size} row(s) of patients who are not in enrollment, first in row {lost[0]} (counted "
                "from 0); add them to enrollment, or leave the rows out"
            )
        day, _ = days(frame, "date", "events", date_format, ("date", "start", "end", "start_date"))
        codes, values = frame.words("event")
        if (lost := np.flatnonzero(codes < 0)).size:
            raise FrameError(
                f"events: event is empty in {lost.size} row(s), first in row {lost[0]} (counted from 0); name the "
                "type, or leave the row out"
            )
        declared = _declared(meanings)
        plains = [plain(str(value)) for value in values]
        meant = [declared.get(event, event) for event in plains]
        labels = sorted({event for event in meant if event})
        place = np.array([labels.index(event) if event else -1 for event in meant], np.int64)
        event = place[codes] if len(place) else codes
        quantity = None
        if "quantity" in frame.names:
            quantity, null = frame.wholes("quantity")
            quantity = np.where(null, -1, quantity)
        events = cls(patient, day, event, labels, quantity)
        events.indicators = events._choose(asked)
        return events

    def _choose(self, asked: Sequence[Indicator] | None) -> list[tuple[Indicator, str | None]]:
        """The indicators asked for; one without events of its own once for each event that no other one counts."""
        if asked is None:
            chosen = [rule for id in indicators() if (rule := indicator(id)).rate is not None]
            chosen = [
                rule
                for rule in chosen
                if rule.rate is not None
                and (not rule.rate.events or set(rule.rate.events) & set(self.labels))
                and (rule.rate.counts == "events" or self.quantity is not None)
            ]
        else:
            chosen = list(asked)
        named = {event for rule in chosen if rule.rate is not None for event in rule.rate.events}
        by_event: list[tuple[Indicator, str | None]] = []
        for rule in chosen:
            assert rule.rate is not None
            if rule.rate.counts == "quantity":
                self._checked_quantity(rule)
            if rule.rate.events:
                by_event.append((rule, None))
            else:
                by_event += [(rule, event) for event in self.labels if event not in named]
        return sorted(
            by_event, key=lambda pair: (not (pair[0].rate and pair[0].rate.events), pair[0].id, pair[1] or "")
        )

    def _checked_quantity(self, indicator: Indicator) -> None:
        if self.quantity is None:
            raise ParameterError(
                f"indicators: {indicator.id!r} adds up the column quantity, which events does not have"
            )
        rows = self.counted(indicator, None).rows
        if (odd := rows[self.quantity[rows] < 0]).size:
            raise FrameError(
                f"events: quantity is missing or below 0 in {odd.size} row(s) that {indicator.id!r} "
                "counts, first in row "
                f"{odd[0]} (counted from 0)"
            )

    def counted(self, indicator: Indicator, band: str | None) -> Counted:
        """The rows that an indicator counts, one a day where its definition says so."""
        assert indicator.rate is not None
        wanted = [
            self.labels.index(event)
            for event in ((band,) if band else indicator.rate.events)
            if event in self.labels
        ]
        rows = np.flatnonzero(np.isin(self.event, wanted))
        if indicator.rate.once_a_day and rows.size:
            both = np.stack([self.patient[rows], self.day[rows]])
            rows = rows[np.sort(np.unique(both, axis=1, return_index=True)[1])]
        return Counted(rows)

    def weight(self, indicator: Indicator) -> Any:
        """How much each event counts."""
        if indicator.rate is not None and indicator.rate.counts == "quantity" and self.quantity is not None:
            return np.maximum(self.quantity, 0)
        return np.ones(len(self.patient), np.int64)


def _declared(meanings: Mapping[str, str | None] | None) -> dict[str, str | None]:
    if meanings is None:
        return {}
    if not isinstance(meanings, Mapping) or not all(
        isinstance(key, str) and (value is None or isinstance(value, str)) for key, value in meanings.items()
    ):
        raise ParameterError("meanings: a mapping from the names in the table to names of events, or None")
    return {plain(key): None if value is None else plain(value) for key, value in meanings.items()}
