"""Which columns say who, when and where; rows that are no patients."""

from __future__ import annotations

from collections.abc import Mapping as Dict
from dataclasses import dataclass
from datetime import date
from typing import Any

from ipm_outcomes.definition import plain_label
from ipm_outcomes.errors import InputError, ParameterError
from ipm_outcomes.files._dates import date_inference, is_read, read_column
from ipm_outcomes.files._grid import Grid
from ipm_outcomes.files._header import Table
from ipm_outcomes.files._shapes import Shape
from ipm_outcomes.frames._other_dates import is_other_date
from ipm_outcomes.mapping import KeysPart, Mapping, Proposal
from ipm_outcomes.mapping._parts import DatePart

PATIENT, DATE, SITE, VISIT = "patient_id", "date", "site", "visit"
_PATIENTS = frozenset(
    (
        *("patient", "patient id", "patient code", "patient no", "patient number", "patid", "pid", "id"),
        *("record id", "study id", "subject", "subject id", "usubjid", "participant", "participant id"),
        *("seqn", "externalreference"),
    )
)
"""Names, in plain form, that are proposed as the column of the patient."""
_TOTALS = frozenset(["total", "totals", "mean", "sum", "summe", "average"])


@dataclass
class Keys:
    """Columns of the file, None where there is none; what is proposed is in ``proposed``."""

    patient: str | None
    date: str | None
    site: str | None
    visit: str | None
    pinned: KeysPart
    proposed: list[Proposal]


def drop_rows(table: Table, mapping: Mapping | None) -> None:
    """Leave out rows by the rules of a mapping."""
    if mapping is None or mapping.file is None:
        return
    for rule in mapping.file.drop_rows:
        column, _, text = rule.partition(" is ")
        name = mapping.keys.patient or PATIENT if column == "id" and "id" not in table.columns else column
        if name not in table.columns:
            raise InputError(
                f"a rule of drop_rows is about {name!r}, which is no column", "mapping_does_not_fit"
            )
        out = [cell is not None and str(cell).strip() == text for cell in table.columns[name]]
        count = table.drop(out, "rule", "left out by a rule of the mapping")
        seen = "rows left out by a rule of the mapping"
        table.note("drop_rows", seen, where=name, rows=count, of=count + len(table.lines))
    if mapping.file.drop_rows:
        rules = [*table.pins.get("drop_rows", []), *mapping.file.drop_rows]
        table.pins["drop_rows"] = list(dict.fromkeys(rules))


def settle_keys(
    table: Table,
    mapping: Mapping | None,
    grid: Grid,
    date_format: str | Dict[str, str] | None,
    shape: Shape | None,
) -> Keys:
    """Find the columns of the keys: by the mapping, by their usual names, else proposed."""
    confirmed = mapping.keys if mapping is not None else KeysPart()
    proposed: list[Proposal] = []
    visit = confirmed.visit
    patient = _named(table, confirmed.patient, "keys.patient") or _usual(table, PATIENT)
    site = _named(table, confirmed.site, "keys.site") or _usual(table, SITE)
    columns_of = (
        _named(table, visit.column, "keys.visit")
        if visit is not None and visit.column
        else _usual(table, VISIT)
    )
    if visit is not None and visit.column and visit.names:
        table.columns[visit.column] = _renamed(table, visit.column, visit.names, grid.unit)
    if patient is None:
        likely = [name for name in table.names if plain_label(name) in _PATIENTS]
        if len(likely) == 1:
            why = "the name of the column says that it is the patient"
            proposed.append(Proposal(place=("keys", "patient"), value=likely[0], why=why))
            count = sum(cell is not None for cell in table.columns[likely[0]])
            settle = f'mapping [keys] patient="{likely[0]}"'
            table.note(
                "patient_column", why, where=likely[0], rows=count, value=likely[0], settle=settle, sure=False
            )
    day, dated = _date(table, confirmed, grid, date_format, shape, proposed)
    pinned = {"patient": patient, "site": site}
    if dated is not None:
        pinned["date"] = dated  # type: ignore[assignment]
    if visit is not None:
        pinned["visit"] = visit  # type: ignore[assignment]
    return Keys(
        patient,
        day,
        site,
        columns_of,
        KeysPart.model_validate({k: v for k, v in pinned.items() if v}),
        proposed,
    )


def _named(table: Table, name: str | None, key: str) -> str | None:
    if name is not None and name not in table.columns:
        raise InputError(f"{key} is {name!r}, which is no column", "mapping_does_not_fit")
    return name


def _usual(table: Table, name: str) -> str | None:
    return name if name in table.columns else None


def _renamed(table: Table, column: str, names: Dict[str, str], unit: str) -> list[Any]:
    values = []
    for cell, line in zip(table.columns[column], table.lines, strict=True):
        text = None if cell is None else str(cell).strip()
        if text is not None and text not in names:
            message = "the column holds a value that the mapping does not know"
            raise InputError(message, "mapping_does_not_fit", f"{unit} {line}, column {column}")
        values.append(None if text is None else names[text])
    return values


def _date(
    table: Table,
    confirmed: KeysPart,
    grid: Grid,
    date_format: str | Dict[str, str] | None,
    shape: Shape | None,
    proposed: list[Proposal],
) -> tuple[str | None, DatePart | None]:
    """The column of the date, read where its format is known, else proposed; other columns of dates are listed."""
    formats: dict[str, str] = dict(date_format) if isinstance(date_format, Dict) else {}
    if unknown := [name for name in formats if name not in table.columns]:
        raise ParameterError(f"date_format: the file has no column {unknown[0]!r}")
    if confirmed.date is not None:
        name = _named(table, confirmed.date.column, "keys.date")
        assert name is not None
        if is_other_date(name):
            said = "the column is no date of a form by its name; name another one, or none"
            raise InputError(said, "mapping_does_not_fit", "keys.date")
        if date_format is not None:
            raise ParameterError("date_format: the mapping says how dates are written; leave it out")
        _read(table, name, confirmed.date.format, grid)
        return name, confirmed.date
    key = _usual(table, DATE) or (shape.keys.get("date") if shape is not None else None)
    if key not in table.columns:
        key = None
    if isinstance(date_format, str):
        dates = [key] if key is not None else _form_dates(table)
        if not dates and (others := _other_dates(table)):
            formats |= dict.fromkeys(others, date_format)
        elif len(dates) != 1:
            raise ParameterError(
                "date_format: which column is the date? give a dict such as {'visit_day': '%d.%m.%Y'}"
            )
        else:
            formats[dates[0]] = date_format
    for name, format_ in formats.items():
        _read(table, name, format_, grid)
    date_column: str | None = key
    declared = [name for name in formats if not is_other_date(name)]
    if date_column is None and len(declared) == 1:
        date_column = declared[0]
    _tell_others(table)
    for name in table.names:
        cells = table.columns[name]
        if name in formats and not (date_column is None and name in declared):
            continue
        inference = date_inference(cells, name, name == key)
        if inference is not None:
            table.notes.append(inference)
            if inference.value is not None and not is_other_date(name) and (name == key or key is None):
                value = DatePart(column=name, format=inference.value)
                proposed.append(Proposal(place=("keys", "date"), value=value, why=inference.evidence))
                key = key or name
        elif key is None and _is_dates(cells) and not is_other_date(name):
            why = (
                "the only column that holds dates"
                if _form_dates(table) == [name]
                else "a column that holds dates"
            )
            proposed.append(
                Proposal(
                    place=("keys", "date"), value=DatePart(column=name, format=formats.get(name)), why=why
                )
            )
            _tell_date(table, name, why)
            key = name
    if date_column is None or not is_read(table.columns[date_column]):
        return None, None
    if date_column == DATE or date_column in formats:
        if date_column == DATE and date_column not in formats:
            _read(table, date_column, None, grid)
        return date_column, DatePart(column=date_column, format=formats.get(date_column))
    why = "the time stamp of the export"
    proposed.append(Proposal(place=("keys", "date"), value=DatePart(column=date_column), why=why))
    _tell_date(table, date_column, why)
    return None, None


def _tell_date(table: Table, name: str, why: str) -> None:
    rows, settle = (
        sum(cell is not None for cell in table.columns[name]),
        f'mapping [keys] date.column="{name}"',
    )
    table.note("date_column", why, where=name, rows=rows, value=name, settle=settle, sure=False)


def _read(table: Table, name: str, date_format: str | None, grid: Grid) -> None:
    cells = table.columns[name]
    table.columns[name] = list(read_column(cells, date_format, name, table.lines, grid.unit, grid.date_1904))


def _is_dates(cells: list[Any]) -> bool:
    held = [cell for cell in cells if cell is not None]
    return bool(held) and all(isinstance(cell, (str, date)) for cell in held) and is_read(held)


def _form_dates(table: Table) -> list[str]:
    """Columns that hold dates, read or not, which may be that of the form."""
    return [
        name
        for name in table.names
        if not is_other_date(name)
        and (_is_dates(table.columns[name]) or date_inference(table.columns[name], name, False) is not None)
    ]


def _other_dates(table: Table) -> list[str]:
    """Columns of dates that are not of the form, by their names."""
    return [
        name
        for name, cells in table.columns.items()
        if is_other_date(name) and (_is_dates(cells) or date_inference(cells, name, False) is not None)
    ]


def _tell_others(table: Table) -> None:
    if names := _other_dates(table):
        seen = "dates of birth, death, injury, surgery or diagnosis by name; never the date of the form"
        rows = sum(any(table.columns[name][n] is not None for name in names) for n in range(len(table.lines)))
        table.note("other_dates", seen, where=", ".join(names), rows=rows)


def tell_totals(table: Table, keys: Keys) -> None:
    """Rows whose id says that they are totals; only a rule of a mapping leaves them out."""
    likely = [proposal.value for proposal in keys.proposed if proposal.place == ("keys", "patient")]
    name = keys.patient or (likely[0] if likely else table.names[0] if table.names else None)
    if name is None or name not in table.columns:
        return
    cells = table.columns[name]
    labels = sorted(
        {str(cell).strip() for cell in cells if isinstance(cell, str) and plain_label(cell) in _TOTALS}
    )
    if not labels:
        return
    rows = sum(isinstance(cell, str) and cell.strip() in labels for cell in cells)
    rules = [f"id is {word}" if keys.patient else f"{name} is {word}" for word in labels]
    why = "rows whose id is a word for a total or a mean; they are no patients"
    settle = f"mapping [file] drop_rows={rules}".replace("'", '"')
    table.note(
        "total_rows",
        why,
        where=name,
        rows=rows,
        of=len(cells),
        value=", ".join(rules),
        settle=settle,
        sure=False,
    )
    keys.proposed.append(
        Proposal(place=("file", "drop_rows"), value=[*table.pins.get("drop_rows", []), *rules], why=why)
    )
