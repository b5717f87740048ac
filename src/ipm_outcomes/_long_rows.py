"""Forms put together from rows of one answer each, as tables of other systems have them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

from ipm_outcomes.catalog import instrument
from ipm_outcomes.errors import InputError, ParameterError
from ipm_outcomes.frames._frame import Frame
from ipm_outcomes.reading import Backend, Inference, Reading, Tables, append

Key = tuple[Any, ...]
_NEAR = 1e-6


class Forms:
    """Forms as they grow, row by row of a table."""

    def __init__(self, keys: Sequence[str], rows: int) -> None:
        self.keys = keys
        self.rows = rows
        self.tables = Tables()
        self.ids: dict[str, None] = {}
        self.passed: Counter[str] = Counter()
        """Rows that were passed over, by why."""
        self._place: dict[Key, int] = {}
        self._answers: list[dict[str, int | float | None]] = []

    def answer(self, key: Key, row: int, id: str, item: str, value: float) -> None:
        """Put an answer into its form; what is none is reported and not taken."""
        column = f"{id}_{item}"
        form_number = self._form(key, id)
        form = self._answers[form_number]
        if column in form:
            fact = f"a form has two rows of {column}; keep one of them"
            raise InputError(fact, "duplicate_item", f"row {row} (counted from 0)")
        listed = instrument(id).answers_of(item)
        code = round(value * listed.per_unit)
        # Tenths are no binary fractions: 16.1 times 100 is not 1610.
        allowed = abs(value * listed.per_unit - code) < _NEAR and code in listed.codes
        form[column] = listed.answer(code) if allowed else None
        if not allowed:
            fact = f"no answer; answers are {listed.allowed}"
            place = f"row {row} (counted from 0)"
            append(self.tables.problems, (form_number, row, column, place, "answer_not_allowed", fact))

    def score(self, key: Key, row: int, id: str, scale: str, value: float) -> None:
        """Keep a recorded score beside its form."""
        place = f"row {row} (counted from 0)"
        append(self.tables.recorded, (self._form(key, id), f"{id}_{scale}", value, place))

    def leave_out(self, row: int, reason: str, fact: str) -> None:
        """A row that is of an item or a score and has no value."""
        append(self.tables.left_out, (row, reason, fact))

    def _form(self, key: Key, id: str) -> int:
        self.ids.setdefault(id)
        if key not in self._place:
            self._place[key] = len(self._answers)
            self._answers.append({})
        return self._place[key]

    def reading(self, evidence: dict[str, str], backend: Backend) -> Reading:
        """All forms as one table."""
        data: dict[str, list[Any]] = {
            name: [key[part] for key in self._place] for part, name in enumerate(self.keys)
        }
        for name in (f"{id}_{item}" for id in self.ids for item in instrument(id).item_ids):
            data[name] = [form.get(name) for form in self._answers]
        inferences = [
            Inference(code, None, None, count, self.rows, None, None, True, evidence[code])
            for code, count in self.passed.items()
        ]
        parts = self.tables.parts(data, inferences, len(self._answers), backend)
        return Reading(instruments=tuple(self.ids), **parts)


def asked_ids(instruments: str | Iterable[str]) -> list[str]:
    """Ids of the instruments that were asked for, of one at least."""
    ids = [instruments] if isinstance(instruments, str) else list(instruments)
    if not ids:
        raise ParameterError("instruments: name at least one")
    return ids


def texts(frame: Frame, name: str) -> list[str | None]:
    """Entries of a column as text, dates in ISO 8601, None for every kind of missing; of no column None throughout."""
    if name not in frame.names:
        return [None] * len(frame)
    return [_text(cell) for cell in frame.library.values(frame.column(name))]


def _text(cell: Any) -> str | None:
    if cell is None or str(cell) in ("", "nan", "<NA>", "NaT"):
        return None
    written: str = cell.isoformat() if hasattr(cell, "isoformat") else str(cell)
    return written.removesuffix("T00:00:00")
