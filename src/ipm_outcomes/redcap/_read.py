"""Exports in: rows with answers as one table, with date, event and status of the form."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Mapping
from functools import cached_property
from os import PathLike
from typing import Any

from ipm_outcomes._fence import fenced
from ipm_outcomes.answers import read_text
from ipm_outcomes.catalog import instrument as definition
from ipm_outcomes.catalog import instruments
from ipm_outcomes.definition import AnswerList, Instrument, plain_label
from ipm_outcomes.errors import InputError, ParameterError
from ipm_outcomes.frames._findings import python
from ipm_outcomes.frames._items import needed_items
from ipm_outcomes.reading import Backend, Inference, Reading, Tables, append
from ipm_outcomes.redcap._columns import CHOICES, FORM, VALIDATION, choices_of, rows_of
from ipm_outcomes.redcap._export import EVENT, GROUP, INSTANCE, REPEAT, Export, export_of

USUAL = frozenset(
    [
        "UNK",
        "NASK",
        "ASKU",
        "NI",
        "NA",
        "OTH",
        "INV",
        "MSK",
        "NAVU",
        "NP",
        "QS",
        "TRC",
        "UNC",
        "DER",
        "PINF",
        "NINF",
    ]
)
"""Missing data codes that REDCap proposes; they are proposed here too, never taken by themselves."""

_NUMBERED = re.compile(r"^\s*\d+\s*[-–=.:)]\s*|\s*\(\d+\)\s*$")
"""A number before or behind a label."""
STATUS = {"0": "incomplete", "1": "unverified", "2": "complete"}
KEYS = ("line", "patient_id", "date", "visit", "repeat_instrument", "repeat_instance", "site", "status")


@fenced
def read(
    source: str | PathLike[str] | Any,
    dictionary: str | None = None,
    *,
    instrument: str | Collection[str] | None = None,
    columns: Mapping[str, Mapping[str, str]] | None = None,
    events: Mapping[str, str] | None = None,
    not_answered: Collection[str] | Mapping[str, str] = (),
    date: str | Mapping[str, str] | None = None,
    backend: Backend = None,
) -> Reading:
    """Read an export of REDCap, raw or labeled: one row for each assessment.

    Rows that hold no answer of an instrument (other events, other repeating forms, forms never opened, forms with
    nothing but missing data codes) are no assessments: they are counted in ``left_out``. The status of a form is in
    ``status`` and decides nothing.

    Parameters
    ----------
    source
        The CSV file, by its path, or a data frame of it.
    dictionary
        Text of the data dictionary of the project. A labeled export needs it, as its columns are found by position,
        unless its forms are those of `dictionary`, label by label.
    instrument
        Ids of the instruments; None: those whose items the export has. Where it has those of none, ``data`` has the
        rows of the export without items, and ``inferences`` says so (``no_instrument``).
    columns
        For an instrument id, item ids with their field names, where they are not ``{instrument}_{item}``.
    events
        Names for events: ``{"baseline_arm_1": "baseline"}``; other events keep theirs.
    not_answered
        Missing data codes of the project; for labeled exports a mapping of code to label.
    date
        Field with the date, where there is no time stamp of a survey: in the row, else in another row of the same
        record and event. A mapping names a field for each event (as REDCap calls it), which may be anywhere in the
        record. None: the one date field of the form.
    backend
        Kind of the tables; None: dictionaries of columns.

    Returns
    -------
    ipm_outcomes.reading.Reading
        ``data`` has ``line`` (row of the file, the header is 1), ``patient_id``, ``date``, ``visit``,
        ``repeat_instrument``, ``repeat_instance``, ``site`` (the data access group), ``status`` and the items as
        ``{instrument}_{item}``. ``rows_in`` are rows of the export times instruments.

    Raises
    ------
    InputError
        The file cannot be read, or has no items of an instrument.
    ParameterError, UnknownNameError, MissingExtraError
        An argument is outside what it may be, or the library of the backend is not installed.
    OSError
        The file cannot be opened.

    >>> import polars as pl
    >>> from ipm_outcomes import redcap
    >>> raw = {"record_id": ["1", "1"], "peg_pain": ["7", ""], "peg_enjoyment": ["6", ""], "peg_activity": ["UNK", ""]}
    >>> result = redcap.read(pl.DataFrame(raw), not_answered=["UNK"])
    >>> result.data["peg_pain"], result.data["peg_activity"], result.left_out["reason"]
    ([7], [None], ['no_answer'])
    """
    fields = None if dictionary is None else rows_of(dictionary)
    named = [instrument] if isinstance(instrument, str) else instrument
    export = export_of(source, fields, instruments() if named is None else named)
    given = columns or {}
    for id in given:
        definition(id)
    held = set(export.columns.get(EVENT, ()))
    for argument, names in (("events", events or {}), ("date", date if isinstance(date, Mapping) else {})):
        if names and not held & set(names):
            raise ParameterError(f"{argument}: the export has none of the events that it names")
    ids = _instruments(export, named, given)
    reader = _Reader(export, events or {}, _missing(not_answered), date)
    if not ids:
        reader.every_row()
    for id in ids:
        reader.add(definition(id), {**_own(definition(id)), **given.get(id, {})})
    return reader.reading(ids, backend)


def _own(found: Instrument) -> dict[str, str]:
    return {item: f"{found.id}_{item}" for item in found.item_ids}


def _missing(given: Collection[str] | Mapping[str, str]) -> dict[str, str]:
    """Cells that mean no answer, each with its code."""
    if isinstance(given, str):
        raise ParameterError("not_answered: give a list of codes, or a dict of code to label")
    codes = {str(code): str(code) for code in given}
    if isinstance(given, Mapping):
        codes |= {str(label): str(code) for code, label in given.items()}
    return codes


def _instruments(
    export: Export, named: Collection[str] | None, columns: Mapping[str, Mapping[str, str]]
) -> list[str]:
    ids = list(instruments()) if named is None else list(named)
    found, partly = [], ""
    for id in ids:
        one = definition(id)
        names = {**_own(one), **columns.get(id, {})}
        lacking = [
            names[item] for item in needed_items(one, one.scale_ids) if names[item] not in export.columns
        ]
        if not lacking:
            found.append(id)
        elif named is not None or id in columns:
            raise _lacking(id, lacking)
        elif not partly and len(lacking) < len(needed_items(one, one.scale_ids)):
            partly = id
    if partly and not found:
        one = definition(partly)
        items = needed_items(one, one.scale_ids)
        raise _lacking(
            partly, [f"{partly}_{item}" for item in items if f"{partly}_{item}" not in export.columns]
        )
    return found


def _meant(listed: AnswerList, labels: Mapping[str, int], label: str) -> float | None:
    """The answer that a label stands for: a known one, also with its number before or behind it, or a bare number."""
    for one in (label, _NUMBERED.sub("", label)):
        if plain_label(one) in labels:
            return listed.answer(labels[plain_label(one)])
    number = re.match(r"\s*(\d+(?:\.\d+)?)\b", label)
    return float(number[1]) if number and listed.numeric else None


def _lacking(id: str, fields: list[str]) -> InputError:
    told = f"{id}: the export has no field {min(fields)}; name its fields with columns="
    return InputError(told, "header_not_found")


class _Reader:
    """The tables as they grow."""

    def __init__(
        self,
        export: Export,
        events: Mapping[str, str],
        missing: Mapping[str, str],
        date: str | Mapping[str, str] | None,
    ) -> None:
        for name in date.values() if isinstance(date, Mapping) else [date]:
            if name is not None and name not in export.columns:
                raise ParameterError(f"date: the export has no field {name}")
        self.export, self.fields, self.events, self.missing, self.date = (
            export,
            export.fields,
            events,
            missing,
            date,
        )
        self.data: dict[str, list[Any]] = {name: [] for name in KEYS}
        self.tables = Tables()
        self.date_fields: dict[str, str] = {}
        self.seen: Counter[tuple[str, str, int]] = Counter()
        self.keys: set[tuple[str, ...]] = set()

    def cell(self, name: str | None, row: int) -> str:
        return self.export.columns[name][row] if name in self.export.columns else ""  # type: ignore[index]

    def add(self, found: Instrument, names: Mapping[str, str]) -> None:
        """All rows of one instrument."""
        items = {item: name for item, name in names.items() if name in self.export.columns}
        form = self._form(next(iter(items.values())))
        for item, name in items.items():
            self._check_choices(found, item, name)
        columns = [f"{found.id}_{item}" for item in found.item_ids]
        self.data |= {column: [None] * len(self.data["line"]) for column in columns}
        for row in range(self.export.rows):
            self._row(found, items, form, row)

    def _form(self, name: str) -> str | None:
        """The form of a field: by the dictionary, else by the status that ends its fields."""
        if name in self.fields:
            return self.fields[name][FORM]
        after = self.export.names[self.export.names.index(name) :]
        return next((one.removesuffix("_complete") for one in after if one.endswith("_complete")), None)

    def _check_choices(self, found: Instrument, item: str, name: str) -> None:
        """Refuse a field whose codes stand for other answers than those of the definition."""
        labels = found.labels(item)
        for code, label in choices_of(self.fields[name][CHOICES]) if name in self.fields else ():
            meant = _meant(found.answers_of(item), labels, label or "")
            if meant is not None and code != f"{meant:g}" and code not in self.missing:
                told = (
                    f"{name}: in the dictionary a code has the label of another answer of {found.id} {item}"
                )
                raise InputError(
                    f"{told}; recode the field", "mapping_does_not_fit", f"row {self.fields[name].number}"
                )

    def _row(self, found: Instrument, items: Mapping[str, str], form: str | None, row: int) -> None:
        cells = {item: self.cell(name, row) for item, name in items.items()}
        patient = self.cell(self.export.names[0], row)
        if all(not cell or cell in self.missing for cell in cells.values()):
            self._leave_out(row, "no_answer", f"{found.id}: the row holds no answer")
            return
        if not patient:
            self._leave_out(row, "no_record_id", f"{found.id}: the row has answers and no record id")
            return
        key = (found.id, patient, *(self.cell(name, row) for name in (EVENT, REPEAT, INSTANCE)))
        if key in self.keys:
            self.seen[found.id, "duplicate_key", 0] += 1
        self.keys.add(key)
        at = self._keys(row, form, self._date(found, form, row))
        for item, cell in cells.items():
            if cell:
                self._answer(found, item, items[item], cell, at)

    def _keys(self, row: int, form: str | None, date: str | None) -> int:
        """A new row of the data, with everything but answers."""
        at = len(self.data["line"])
        for column in self.data.values():
            column.append(None)
        event, status = self.cell(EVENT, row), self.cell(f"{form}_complete", row)
        told = STATUS.get(status, status.lower() if status.lower() in STATUS.values() else None)
        others = (self.cell(name, row) or None for name in (REPEAT, INSTANCE, GROUP))
        patient = self.cell(self.export.names[0], row)
        values = (row + 2, patient, date, self.events.get(event, event) or None, *others, told)
        for name, value in zip(KEYS, values, strict=True):
            self.data[name][at] = value
        return at

    def _answer(self, found: Instrument, item: str, name: str, cell: str, at: int) -> None:
        column = f"{found.id}_{item}"
        given = self._given(found, item, name, cell)
        if given is not None:
            self.data[column][at] = given
            return
        if cell in self.missing:
            append(self.tables.reasons, (at, column, self.missing[cell]))
            return
        line = self.data["line"][at]
        if cell in USUAL:
            told = f"a missing data code that REDCap proposes; if it is one here, not_answered=[{cell!r}]"
            append(self.tables.problems, (at, line, column, f"row {line}", "missing_code", told))
        else:
            told = f"no answer; answers are {found.answers_of(item).allowed}, missing data codes go to not_answered="
            append(self.tables.problems, (at, line, column, f"row {line}", "wrong_answer", told))

    def _given(self, found: Instrument, item: str, name: str, cell: str) -> float | None:
        listed, field = found.answers_of(item), self.fields.get(name)
        if self.export.labeled and field is not None:
            codes = {label: code for code, label in choices_of(field[CHOICES])}
            cell = codes.get(cell, cell)
        if field is not None and "comma_decimal" in field[VALIDATION]:
            cell = cell.replace(",", ".")
        number = read_text(cell, listed.per_unit).number
        if number is None:
            number = found.labels(item).get(plain_label(cell))
        if number is None or not listed.lowest <= number <= listed.highest:
            return None
        if cell in self.missing:
            raise ParameterError(f"not_answered: {cell} is an answer of {found.id} {item}")
        return listed.answer(number)

    def _date(self, found: Instrument, form: str | None, row: int) -> str | None:
        """The date of an assessment: the survey's, else that of the form."""
        stamp = self.cell(f"{form}_timestamp", row)
        if stamp == "[not completed]":
            self.seen[found.id, "not_completed", 1] += 1
        elif stamp:
            return stamp
        if self.date is not None:
            return self._date_of_event(row)
        dates = [
            name
            for name, field in self.fields.items()
            if field[FORM] == form and field[VALIDATION].startswith("date") and name in self.export.columns
        ]
        day = self.cell(dates[0], row) if len(dates) == 1 else ""
        if day:
            self.date_fields[found.id] = dates[0]
            self.seen[found.id, "date_of_field", 0] += 1
        return day or None

    def _date_of_event(self, row: int) -> str | None:
        """The date in the field that was named: of the row, of its event, or, named for the event, of its record."""
        event = self.cell(EVENT, row)
        field = self.date.get(event) if isinstance(self.date, Mapping) else self.date
        if field is None:
            return None
        if day := self.cell(field, row):
            return day
        record = self.rows_of_record[self.cell(self.export.names[0], row)]
        same = {self.cell(field, other) for other in record if self.cell(EVENT, other) == event} - {""}
        if not same and isinstance(self.date, Mapping):
            same = {self.cell(field, other) for other in record} - {""}
        return same.pop() if len(same) == 1 else None

    @cached_property
    def rows_of_record(self) -> dict[str, list[int]]:
        found: dict[str, list[int]] = {}
        for row, record in enumerate(self.export.columns[self.export.names[0]]):
            found.setdefault(record, []).append(row)
        return found

    def every_row(self) -> None:
        """All rows of an export without an instrument, so that records and events can be seen."""
        for row in range(self.export.rows):
            self._keys(row, None, None)
        self.seen["", "no_instrument", 0] = self.export.rows

    def _leave_out(self, row: int, reason: str, told: str) -> None:
        append(self.tables.left_out, (row + 2, reason, told))

    def reading(self, ids: list[str], backend: Backend) -> Reading:
        inferences = [self._inference(*key, rows) for key, rows in sorted((+self.seen).items())]
        rows = len(self.data["line"])
        return Reading(instruments=tuple(ids), **self.tables.parts(self.data, inferences, rows, backend))

    def _inference(self, id: str, code: str, sure: int, rows: int) -> Inference:
        field = self.date_fields.get(id) if code == "date_of_field" else None
        settle = None if field is None else f"date={python(field)}"
        if code == "no_instrument":
            settle = "columns={…}"
        return Inference(
            code, field, id or None, rows, self.export.rows, settle, field, bool(sure), EVIDENCE[code]
        )


EVIDENCE = {
    "no_instrument": "the export has the items of no instrument; name their fields with columns=",
    "date_of_field": "dates taken from the one date field of the form; date= names another one",
    "duplicate_key": "rows with the record id, event and instance of another row",
    "not_completed": "surveys that were begun and not completed; no date is taken from them",
}
