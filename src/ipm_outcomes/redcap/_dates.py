"""The date of an assessment from a field that was named: of the same record, event, repeat instrument and instance."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from functools import cached_property

from ipm_outcomes.redcap._export import EVENT, INSTANCE, REPEAT, Export

Key = tuple[str, str, str, str]
"""Record, event, repeat instrument, instance."""


class EventDates:
    """Looks dates up in an export."""

    def __init__(self, export: Export, date: str | Mapping[str, str]) -> None:
        self.export, self.date = export, date

    def of(self, row: int) -> str | None:
        """The date of a row, None where the field is blank for its record, event, repeat instrument and instance.

        A repeated form that is there once in its event, or a row that is not repeated, takes that of the event: of the
        rows that are not repeated. Where the field was named for the event these may be of another event.
        """
        record, event, repeat, instance = key = self.keys[row]
        field = self.date.get(event) if isinstance(self.date, Mapping) else self.date
        if field is None:
            return None
        if day := self.export.cell(field, row):
            return day
        if same := self._dates(field, self.rows.get(key, ())):
            return self._single(same)
        if (repeat or instance) and self.instances[record, event, repeat] > 1:
            return None
        if same := self._dates(field, self.rows.get((record, event, "", ""), ())):
            return self._single(same)
        if not isinstance(self.date, Mapping):
            return None
        return self._single(self._dates(field, self.plain.get(record, ())))

    def _dates(self, field: str, rows: list[int] | tuple[int, ...]) -> set[str]:
        return {self.export.cell(field, row) for row in rows} - {""}

    def _single(self, days: set[str]) -> str | None:
        return next(iter(days)) if len(days) == 1 else None

    @cached_property
    def keys(self) -> list[Key]:
        cell, record = self.export.cell, self.export.record
        return [
            (cell(record, row), cell(EVENT, row), cell(REPEAT, row), cell(INSTANCE, row))
            for row in range(self.export.rows)
        ]

    @cached_property
    def rows(self) -> dict[Key, list[int]]:
        """Rows by their key."""
        by_key: dict[Key, list[int]] = {}
        for row, key in enumerate(self.keys):
            by_key.setdefault(key, []).append(row)
        return by_key

    @cached_property
    def plain(self) -> dict[str, list[int]]:
        """Rows that are not repeated, by record."""
        by_record: dict[str, list[int]] = {}
        for row, (record, _, repeat, instance) in enumerate(self.keys):
            if not repeat and not instance:
                by_record.setdefault(record, []).append(row)
        return by_record

    @cached_property
    def instances(self) -> Counter[tuple[str, str, str]]:
        """How many instances a repeated form, or a repeated event, has."""
        return Counter((record, event, repeat) for record, event, repeat, _ in set(self.keys))
