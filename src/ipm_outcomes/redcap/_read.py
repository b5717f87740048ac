"""Exports in: rows with answers as one table, with date, event and status of the form."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Mapping
from os import PathLike
from typing import Any

from ipm_outcomes._fence import fenced
from ipm_outcomes.catalog import instrument as definition
from ipm_outcomes.catalog import instruments
from ipm_outcomes.definition import Instrument
from ipm_outcomes.errors import InputError
from ipm_outcomes.frames._evidence import NO_LOWEST
from ipm_outcomes.frames._findings import python, span
from ipm_outcomes.frames._items import needed_items
from ipm_outcomes.frames._other_dates import is_other_date
from ipm_outcomes.frames._recorded import empty, number_in
from ipm_outcomes.mapping import Mapping as Pinned
from ipm_outcomes.reading import Backend, Inference, Reading, Tables, append
from ipm_outcomes.redcap._asked import Asked, by_mapping, check_export, missing_of, pinned
from ipm_outcomes.redcap._cells import NOT_CHECKED, Cells
from ipm_outcomes.redcap._columns import ANNOTATION, FORM, LABEL, NAME, VALIDATION, DictionaryField, rows_of
from ipm_outcomes.redcap._dates import EventDates
from ipm_outcomes.redcap._export import BOX, EVENT, INSTANCE, REPEAT, SEVERAL, Export, export_of
from ipm_outcomes.redcap._totals import totals

USUAL = frozenset(
    (
        *("UNK", "NASK", "ASKU", "NI", "NA", "OTH", "INV", "MSK", "NAVU", "NP", "QS", "TRC", "UNC", "DER"),
        *("PINF", "NINF"),
    )
)
"""Missing data codes that REDCap proposes; they are proposed here too, never taken by themselves."""

STATUS = {"0": "incomplete", "1": "unverified", "2": "complete"}
_KEYS = ("line", "patient_id", "date", "visit", "repeat_instrument", "repeat_instance", "site", "status")


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
    record_id: str | None = None,
    mapping: Pinned | None = None,
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
        Field with the date, where there is no time stamp of a survey: of the same record, event, repeat instrument and
        instance, or, for what is there once in an event, in a row of the event that is not repeated. A mapping names a
        field for each event (as REDCap calls it), which may be in another event of the record. None: the one date
        field of the form.
    record_id
        Column of the record id. None: the first field of the dictionary; without a dictionary ``record_id``, else the
        first column, which has to have the name of a record id.
    mapping
        What was confirmed of such exports, as `ipm_outcomes.mapping.Mapping.load` gives it, in the place of all
        arguments but the dictionary: fields of items (``columns``), ``coding``, ``not_answered`` and ``recorded`` of
        instruments, and as ``keys`` the record id (``patient``), ``date``, ``site`` and the names of events
        (``visit``). An export that does not fit it stops.
    backend
        Kind of the tables; None: dictionaries of columns.

    Returns
    -------
    ipm_outcomes.reading.Reading
        ``data`` has ``line`` (row of the file, the header is 1), ``patient_id``, ``date``, ``visit``,
        ``repeat_instrument``, ``repeat_instance``, ``site`` (the data access group), ``status`` and the items as
        ``{instrument}_{item}``. ``rows_in`` are rows of the export times instruments. ``recorded`` has the scores that
        the export has itself: calculated fields that are the sum or mean of the items of a scale, and fields with the
        name of a score. ``mapping`` is what a mapping would pin. Cells that look as if they were counted from 1 stay
        as they are (``coding_from_one`` in ``inferences``).

    Raises
    ------
    InputError
        The file cannot be read, has no items of an instrument or no record id, or does not fit the mapping.
    ParameterError, UnknownNameError, MissingExtraError
        An argument is outside what it may be, or the library of the backend is not installed.
    OSError
        The file cannot be opened.

    Examples
    --------
    >>> import polars as pl
    >>> from ipm_outcomes import redcap
    >>> raw = {"record_id": ["1", "1"], "peg_pain": ["7", ""], "peg_enjoyment": ["6", ""], "peg_activity": ["UNK", ""]}
    >>> result = redcap.read(pl.DataFrame(raw), not_answered=["UNK"])
    >>> result.data["peg_pain"], result.data["peg_activity"], result.left_out["reason"]
    ([7], [None], ['no_answer'])
    """
    fields = None if dictionary is None else rows_of(dictionary)
    named = [instrument] if isinstance(instrument, str) else instrument
    if mapping is None:
        written = {field[NAME]: field for field in fields or ()}
        given = {id: {**_own(definition(id), written), **names} for id, names in (columns or {}).items()}
        asked = Asked(named, given, events or {}, missing_of(not_answered), date, record_id)
    else:
        arguments = {
            "instrument": instrument,
            "columns": columns,
            "events": events,
            "not_answered": not_answered,
        }
        asked = by_mapping(mapping, {**arguments, "date": date, "record_id": record_id})
    export = export_of(source, fields, instruments() if asked.ids is None else asked.ids, asked.record_id)
    check_export(export, asked)
    ids = _instruments(export, asked)
    reader = _Reader(export, asked)
    if not ids:
        reader.every_row()
    for id in ids:
        reader.add(definition(id))
    return reader.reading(ids, backend)


def _own(instrument: Instrument, fields: Mapping[str, DictionaryField]) -> dict[str, str]:
    """The usual names of items; others where the dictionary was written by `dictionary`, which notes the item."""
    noted = {" ".join(field[ANNOTATION].split()[:3]): name for name, field in fields.items()}
    usual = {item: f"{instrument.id}_{item}" for item in instrument.item_ids}
    return {
        item: name if name in fields else noted.get(f"ipm_outcomes {instrument.id} {item}", name)
        for item, name in usual.items()
    }


def _instruments(export: Export, asked: Asked) -> list[str]:
    ids = list(instruments()) if asked.ids is None else list(asked.ids)
    whole, partly = [], None
    for id in ids:
        instrument = definition(id)
        names = asked.columns.get(id) or _own(instrument, export.fields)
        part = asked.parts.get(id)
        needed = needed_items(
            instrument, instrument.scale_ids if part is None or part.scales is None else part.scales
        )
        lacking = [names.get(item, item) for item in needed if not export.has(names.get(item, ""))]
        if not lacking:
            whole.append(id)
        elif asked.ids is not None or id in asked.columns:
            raise _lacking(id, lacking, asked)
        elif partly is None and len(lacking) < len(needed):
            partly = _lacking(id, lacking, asked)
    if partly is not None and not whole:
        raise partly
    return whole


def _lacking(id: str, fields: list[str], asked: Asked) -> InputError:
    if asked.mapping is not None:
        message = f"{id}: the export has no field {min(fields)}, which the mapping names"
        return InputError(message, "mapping_does_not_fit", f"instrument.{id}")
    message = f"{id}: the export has no field {min(fields)}; name its fields with columns="
    return InputError(message, "header_not_found")


class _Reader:
    """The tables as they grow."""

    def __init__(self, export: Export, asked: Asked) -> None:
        self.export, self.asked = export, asked
        self.data: dict[str, list[Any]] = {name: [] for name in _KEYS}
        self.tables = Tables()
        self.date_fields: dict[str, str] = {}
        self.seen: Counter[tuple[str, str, int]] = Counter()
        self.keys: set[tuple[str, ...]] = set()
        self.cells: dict[str, Cells] = {}
        self.totals: dict[str, dict[str, str]] = {}
        self.dates = None if asked.date is None else EventDates(export, asked.date)

    def add(self, instrument: Instrument) -> None:
        """All rows of one instrument."""
        names = self.asked.columns.get(instrument.id) or _own(instrument, self.export.fields)
        part = self.asked.parts.get(instrument.id)
        cells = Cells(instrument, names, self.export, self.asked.missing_of(instrument.id), part)
        self.cells[instrument.id] = cells
        recorded = part.recorded if part is not None else totals(instrument, cells.names, self.export)
        self.totals[instrument.id] = dict(recorded)
        form = self._form(next(iter(cells.names.values())))
        columns = [f"{instrument.id}_{item}" for item in instrument.item_ids]
        self.data |= {column: [None] * len(self.data["line"]) for column in columns}
        for row in range(self.export.rows):
            self._row(cells, form, row)
        forms = sum(id == instrument.id for id, *_ in self.keys) or 1
        if cells.doubt is not None:
            self.seen[instrument.id, cells.doubt, 0] = forms
        if cells.strange:
            self.seen[instrument.id, "labels_unknown", 0] = forms

    def _form(self, name: str) -> str | None:
        """The form of a field: by the dictionary, else by the status that ends its fields."""
        if name in self.export.fields:
            return self.export.fields[name][FORM]
        column = name if name in self.export.columns else next(iter(self.export.boxes[name].values()))
        after = self.export.names[self.export.names.index(column) :]
        return next((name.removesuffix("_complete") for name in after if name.endswith("_complete")), None)

    def _row(self, cells: Cells, form: str | None, row: int) -> None:
        instrument, missing = cells.instrument, cells.missing
        held = {item: self.export.cell(name, row) for item, name in cells.names.items()}
        patient = self.export.cell(self.export.record, row)
        if all(not cell or cell in missing for cell in held.values()):
            self._leave_out(row, "no_answer", f"{instrument.id}: the row holds no answer")
            return
        # A box that is not checked is 0 in forms that were never opened, too.
        if all(BOX in cells.names[item] and cell == "0" for item, cell in held.items() if cell):
            self._leave_out(row, "no_answer", f"{instrument.id}: no box of the row is checked")
            return
        if not patient:
            self._leave_out(row, "no_record_id", f"{instrument.id}: the row has answers and no record id")
            return
        key = (instrument.id, patient, *(self.export.cell(name, row) for name in (EVENT, REPEAT, INSTANCE)))
        if key in self.keys:
            self.seen[instrument.id, "duplicate_key", 0] += 1
        self.keys.add(key)
        position = self._keys(row, form, self._date(instrument, form, row))
        for item, cell in held.items():
            if cell:
                self._answer(cells, item, cell, position)
        self._recorded(instrument, missing, row, position)

    def _keys(self, row: int, form: str | None, date: str | None) -> int:
        """A new row of the data, with everything but answers."""
        position = len(self.data["line"])
        for column in self.data.values():
            column.append(None)
        cell = self.export.cell
        event, status = cell(EVENT, row), cell(f"{form}_complete", row)
        state = STATUS.get(status, status.lower() if status.lower() in STATUS.values() else None)
        others = (cell(name, row) or None for name in (REPEAT, INSTANCE, self.asked.site))
        visit = self.asked.events.get(event, event) or None
        values = (row + 2, cell(self.export.record, row), date, visit, *others, state)
        for name, value in zip(_KEYS, values, strict=True):
            self.data[name][position] = value
        return position

    def _answer(self, cells: Cells, item: str, cell: str, position: int) -> None:
        instrument = cells.instrument
        column, line = f"{instrument.id}_{item}", self.data["line"][position]
        given = cells.given(item, cell)
        if given is None and cell in cells.missing:
            append(self.tables.reasons, (position, column, cells.missing[cell]))
            return
        if given is None:
            given = cells.as_is(cell)
        if given is not None:
            self.data[column][position] = given
            return
        if cells.part is not None:
            message = (
                f"{column}: the cell is nothing that the mapping knows; answers are "
                f"{instrument.answers_of(item).allowed}"
            )
            raise InputError(message, "mapping_does_not_fit", f"row {line}, column {cells.names[item]}")
        if cells.names[item] in self.export.boxes and SEVERAL in cell:
            rule, message = "several_answers", "several boxes of one item are checked"
        elif cell in USUAL:
            rule = "missing_code"
            message = f"a missing data code that REDCap proposes; if it is one here, not_answered=[{cell!r}]"
        else:
            rule = "wrong_answer"
            message = (
                f"no answer; answers are {instrument.answers_of(item).allowed}, missing "
                "data codes go to not_answered="
            )
        append(self.tables.problems, (position, line, column, f"row {line}", rule, message))

    def _recorded(self, instrument: Instrument, missing: Mapping[str, str], row: int, position: int) -> None:
        """Scores that the export has itself; they are never the score."""
        for scale, name in self.totals[instrument.id].items():
            cell, place = self.export.cell(name, row), f"row {row + 2}, column {name}"
            if not cell or cell in missing or empty(cell):
                continue
            number = None if scale.endswith("_band") else number_in(cell)
            if number is not None or scale.endswith("_band"):
                value: float | str = cell if number is None else float(number)
                append(self.tables.recorded, (position, f"{instrument.id}_{scale}", value, place))
            elif self.asked.mapping is not None:
                message = f"{instrument.id}: a recorded score that is no number"
                raise InputError(message, "mapping_does_not_fit", place)
            else:
                message = "a recorded score that is no number"
                append(self.tables.problems, (position, row + 2, name, place, "recorded_no_number", message))

    def _date(self, instrument: Instrument, form: str | None, row: int) -> str | None:
        """The date of an assessment: the survey's, else that of the form."""
        day = self._day(instrument, form, row)
        if day in self.cells[instrument.id].missing:
            day = None
        if day is None and self.dates is not None:
            self.seen[instrument.id, "no_date", 0] += 1
        if day is not None and not ISO.match(day):
            if self.asked.mapping is not None:
                message = f"{instrument.id}: the date is none as REDCap writes it (YYYY-MM-DD)"
                raise InputError(message, "mapping_does_not_fit", f"row {row + 2}")
            self.seen[instrument.id, "dates_unreadable", 0] += 1
        return day

    def _day(self, instrument: Instrument, form: str | None, row: int) -> str | None:
        """The cell of the date: the time stamp of the survey, else the field that was named, else that of the form."""
        stamp = self.export.cell(f"{form}_timestamp", row)
        if stamp == "[not completed]":
            self.seen[instrument.id, "not_completed", 1] += 1
        elif stamp and stamp not in self.cells[instrument.id].missing:
            return stamp
        if self.dates is not None:
            return self.dates.of(row)
        dates = [
            name
            for name, field in self.export.fields.items()
            if field[FORM] == form
            and field[VALIDATION].startswith("date")
            and name in self.export.columns
            and not is_other_date(name)
            and not is_other_date(field[LABEL])
        ]
        day = self.export.cell(dates[0], row) if len(dates) == 1 else ""
        if day:
            self.date_fields[instrument.id] = dates[0]
            self.seen[instrument.id, "date_of_field", 0] += 1
        return day or None

    def every_row(self) -> None:
        """All rows of an export without an instrument, so that records and events can be seen."""
        for row in range(self.export.rows):
            self._keys(row, None, None)
        self.seen["", "no_instrument", 0] = self.export.rows

    def _leave_out(self, row: int, reason: str, message: str) -> None:
        append(self.tables.left_out, (row + 2, reason, message))

    def reading(self, ids: list[str], backend: Backend) -> Reading:
        inferences = [self._inference(*key, rows) for key, rows in sorted((+self.seen).items())]
        rows = len(self.data["line"])
        mapping = pinned(self.export, self.asked, list(self.cells.values()), self.totals)
        parts = self.tables.parts(self.data, inferences, rows, backend)
        return Reading(instruments=tuple(ids), mapping=mapping, **parts)

    def _inference(self, id: str, code: str, sure: int, rows: int) -> Inference:
        where = self.date_fields.get(id) if code == "date_of_field" else None
        value = where
        settle = None if where is None else f"date={python(where)}"
        if code == "no_instrument":
            settle = "columns={…}"
        elif code in ("no_date", "dates_unreadable"):
            settle = "date={…}"
        elif code in ("coding_from_one", "coding_suspected"):
            settle, value = 'mapping coding="position"', "position"
            where = span([self.cells[id].names[item] for item in self.cells[id].counted()])
        elif code == "labels_unknown":
            settle, where = "mapping coding={…}", span(self.cells[id].strange)
        return Inference(
            code, where, id or None, rows, self.export.rows, settle, value, bool(sure), EVIDENCE[code]
        )


ISO = re.compile(r"\d{4}-\d{2}-\d{2}([ T]|$)", re.ASCII)
EVIDENCE = {
    "dates_unreadable": "dates that are not as REDCap writes them (YYYY-MM-DD); they stay as they are",
    "no_instrument": "the export has the items of no instrument; name their fields with columns=",
    "date_of_field": "dates taken from the one date field of the form; date= names another one",
    "no_date": "the field of the date is blank for the record, event, repeat instrument and instance; no date is taken "
    "from another one",
    "duplicate_key": "rows with the record id, event and instance of another row",
    "not_completed": "surveys that were begun and not completed; no date is taken from them",
    "coding_from_one": "cells run to one above the highest answer and never hold the lowest; they look as if they were "
    "counted from 1, and stay as they are",
    NO_LOWEST: "no cell of 1 to 19 complete forms holds the lowest answer; by chance, or since they are counted from 1",
    "coding_suspected": "no cell of 20 or more complete forms holds the lowest answer; they may be counted from 1",
    "labels_unknown": "the dictionary has labels for the codes of which none is known; the codes are read as they are",
    NOT_CHECKED: "no data-frame library is installed, without which cells that were counted from 1 are not seen",
}
