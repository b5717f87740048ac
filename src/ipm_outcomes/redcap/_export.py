"""An export as a table of text under raw field names, whether it is raw or labeled."""

from __future__ import annotations

import csv
import io
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import Any

from ipm_outcomes.answers import BLANK
from ipm_outcomes.answers import read as read_value
from ipm_outcomes.errors import InputError
from ipm_outcomes.frames._frame import Frame
from ipm_outcomes.redcap._columns import (
    CHOICES,
    FORM,
    KIND,
    LABEL,
    NAME,
    DictionaryField,
    choices_of,
    rows_of,
)
from ipm_outcomes.redcap._dictionary import dictionary
from ipm_outcomes.redcap._record import USUAL, record_column

EVENT, REPEAT, INSTANCE = "redcap_event_name", "redcap_repeat_instrument", "redcap_repeat_instance"
GROUP = "redcap_data_access_group"
SYSTEM = {
    "Event Name": EVENT,
    "Repeat Instrument": REPEAT,
    "Repeat Instance": INSTANCE,
    "Data Access Group": GROUP,
    "Survey Identifier": "redcap_survey_identifier",
}
MOST_BYTES = 500_000_000
BOX = "___"
"""Between the name of a field of check boxes and the code of one of them."""
CHECKED = frozenset(["1", "Checked"])
_BOX = {"Checked": "1", "Unchecked": "0"}
SEVERAL = "|"


@dataclass(frozen=True)
class Export:
    """Columns by raw name, cells as text, blank for none."""

    columns: Mapping[str, list[str]]
    names: tuple[str, ...]
    rows: int
    labeled: bool
    fields: Mapping[str, DictionaryField]
    """Of the data dictionary, by raw name."""
    record: str
    """The column of the record id."""
    boxes: Mapping[str, Mapping[str, str]]
    """Fields of which the export has a column for each choice: these columns, by code."""

    def has(self, name: str) -> bool:
        """Whether there is such a field."""
        return name in self.columns or name in self.boxes

    def cell(self, name: str | None, row: int) -> str:
        """A cell as text, blank where there is no such field; of check boxes the codes of those that are checked."""
        if name is not None and name in self.columns:
            cell = self.columns[name][row]
            return _BOX.get(cell, cell) if BOX in name else cell
        checked = [
            code
            for code, column in self.boxes.get(name or "", {}).items()
            if self.columns[column][row] in CHECKED
        ]
        return SEVERAL.join(checked)


def export_of(
    source: Any, fields: list[DictionaryField] | None, ids: Collection[str], record_id: str | None
) -> Export:
    """Read a file or a frame; ``ids`` are the instruments whose labels are known without a dictionary."""
    header, rows = _of_file(Path(source)) if isinstance(source, str | PathLike) else _of_frame(Frame(source))
    first_row = [name.strip() for name in header]
    labeled = "Event Name" in header or "Complete?" in header
    first = fields[0][NAME] if fields else None
    if labeled:
        if record_id not in header and record_id in (first, USUAL):  # by its name, which labels do not show
            record_id = None
        named = record_column(header, fields[0][LABEL] if fields else None, record_id)
        if fields is None:
            header, fields = _own_fields(header, ids, named)
        else:
            header = _raw_names(header, fields, named)
        record = first or USUAL
    else:
        record = record_column(header, first, record_id)
    if doubled := [name for name in header if header.count(name) > 1]:
        raise InputError(
            "a column appears twice", "header_not_found", f"column {header.index(doubled[0]) + 1}"
        )
    for number, row in enumerate(rows, 2):
        if row[:2] == first_row[:2] and row == first_row:
            message = "the row is the header again; put exports together without their headers"
            raise InputError(message, "file_unreadable", f"row {number}")
    columns = {name: [row[position] for row in rows] for position, name in enumerate(header)}
    if len(rows) > 1 and record in columns and not any(columns[record]):
        raise InputError("the record id is blank throughout; export it with the data", "header_not_found")
    by_name = {field[NAME]: field for field in fields or ()}
    return Export(columns, tuple(header), len(rows), labeled, by_name, record, _boxes(header, by_name))


def _boxes(header: list[str], fields: Mapping[str, DictionaryField]) -> dict[str, dict[str, str]]:
    boxes: dict[str, dict[str, str]] = {}
    for column in header:
        name, sign, ending = column.partition(BOX)
        if not sign or not name or name in header:
            continue
        codes = (
            {_ending(code): code for code, _ in choices_of(fields[name][CHOICES])} if name in fields else {}
        )
        plain = f"-{ending[1:]}" if ending[:1] == "_" and ending[1:].isdigit() else ending
        boxes.setdefault(name, {})[codes.get(ending, plain)] = column
    return boxes


def _ending(code: str) -> str:
    """What the name of a column has of the code of a check box."""
    return code.lower().replace("-", "_")


def _of_file(path: Path) -> tuple[list[str], list[list[str]]]:
    with path.open("rb") as file:
        content = file.read(MOST_BYTES + 1)
    if len(content) > MOST_BYTES:
        raise InputError(f"the file has more than {MOST_BYTES:,} bytes", "file_too_wide")
    try:
        text = content.decode("utf-8-sig")
        rows = [row for row in csv.reader(io.StringIO(text, newline=""), strict=True) if row]
    except UnicodeDecodeError:
        raise InputError("the file is not UTF-8; export it from REDCap again", "encoding_unknown") from None
    except csv.Error:
        raise InputError("the file is no CSV file as REDCap writes it", "file_unreadable") from None
    if not rows:
        raise InputError("the file is empty", "header_not_found")
    if len(rows[0]) == 1 and any(sign in rows[0][0] for sign in ";\t|"):
        message = "the columns are not separated by commas; export the file from REDCap as CSV with commas"
        raise InputError(message, "file_unreadable", "row 1")
    for number, row in enumerate(rows, 1):
        if len(row) != len(rows[0]):
            message = f"the row has {len(row)} cells, the header {len(rows[0])}"
            raise InputError(message, "file_cut_off", f"row {number}")
    return rows[0], [[cell.strip() for cell in row] for row in rows[1:]]


def _of_frame(frame: Frame) -> tuple[list[str], list[list[str]]]:
    if len(set(frame.names)) < len(frame.names):
        raise InputError("a column appears twice", "header_not_found")
    columns = cells_of({name: frame.values(name) for name in frame.names})
    return list(frame.names), [list(row) for row in zip(*columns.values(), strict=True)]


def cells_of(columns: Mapping[str, Iterable[Any]]) -> dict[str, list[str]]:
    """Give columns of a frame, or lists, as text."""
    return {name: [_text(cell) for cell in column] for name, column in columns.items()}


def _text(cell: Any) -> str:
    if read_value(cell) is BLANK:
        return ""
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return str(cell).strip()


def _raw_names(header: list[str], fields: list[DictionaryField], record: str) -> list[str]:
    """Raw names by the position of the labels in the dictionary; the record id may have a label of its own."""
    expected = [(record, *_labels(fields)[0][1:]), *_labels(fields)[1:]]
    names, position = [], 0
    for column, label in enumerate(header, 1):
        if label in SYSTEM:
            names.append(SYSTEM[label])
            continue
        if label == "Survey Timestamp" and position < len(expected):
            names.append(f"{expected[position][2]}_timestamp")
            continue
        if position >= len(expected) or expected[position][0] != label:
            raise InputError(
                "the label is not that of the next field of the dictionary; give the dictionary of this project and "
                "export all fields, or export raw data",
                "mapping_does_not_fit",
                f"column {column}",
            )
        names.append(expected[position][1])
        position += 1
    return names


def _own_fields(
    header: list[str], ids: Collection[str], record: str
) -> tuple[list[str], list[DictionaryField]]:
    """Raw names without a dictionary, and the fields: those of forms of `dictionary`, each whole and in one place."""
    names = [SYSTEM.get(label, f"column {position}") for position, label in enumerate(header, 1)]
    names[header.index(record)] = USUAL
    fields: list[DictionaryField] = []
    taken: dict[int, str] = {}
    for id in ids:
        mine = rows_of(dictionary(id))[1:]
        labels = [field[LABEL] for field in mine]
        places = [
            position for position in range(len(header)) if header[position : position + len(labels)] == labels
        ]
        if len(places) != 1:
            continue
        begin, end = places[0], places[0] + len(labels)
        if begin in taken:
            raise InputError(
                f"the labels are those of {taken[begin]} and of {id}; say which it is with instrument=",
                "header_not_found",
                f"column {begin + 1}",
            )
        taken[begin] = id
        names[begin:end] = [field[NAME] for field in mine]
        fields += mine
        if header[end : end + 1] == ["Complete?"]:
            names[end] = f"{id}_complete"
        if header[begin - 1] == "Survey Timestamp":
            names[begin - 1] = f"{id}_timestamp"
    if not fields:
        raise InputError(
            "the export has labels in its header, and they are not those of redcap.dictionary; give dictionary=, the "
            "text of the project's data dictionary, or export raw data",
            "header_not_found",
        )
    return names, fields


def _labels(fields: list[DictionaryField]) -> list[tuple[str, str, str]]:
    """Header in labels, raw name and form of each column that fields give."""
    labels = []
    for position, field in enumerate(fields):
        name, form = field[NAME], field[FORM]
        if field[KIND] == "checkbox":
            for code, label in choices_of(field[CHOICES]):
                raw = f"{name}{BOX}{_ending(code)}"
                labels.append((f"{field[LABEL]} (choice={label})", raw, form))
        elif field[KIND] != "descriptive":
            labels.append((field[LABEL], name, form))
        last = position + 1 == len(fields) or fields[position + 1][FORM] != form
        if last:
            labels.append(("Complete?", f"{form}_complete", form))
    return labels
