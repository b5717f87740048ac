"""The 18 columns of a data dictionary, read and written as REDCap has them."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from ipm_outcomes.errors import InputError, ParameterError

NAME, FORM, KIND, LABEL = "Variable / Field Name", "Form Name", "Field Type", "Field Label"
CHOICES = "Choices, Calculations, OR Slider Labels"
VALIDATION, LEAST, MOST = (
    "Text Validation Type OR Show Slider Number",
    "Text Validation Min",
    "Text Validation Max",
)
IDENTIFIER, BRANCHING, REQUIRED = "Identifier?", "Branching Logic (Show field only if...)", "Required Field?"
ALIGNMENT, NUMBER, MATRIX, ANNOTATION = (
    "Custom Alignment",
    "Question Number (surveys only)",
    "Matrix Group Name",
    "Field Annotation",
)
COLUMNS = (
    *(NAME, FORM, "Section Header", KIND, LABEL, CHOICES, "Field Note", VALIDATION, LEAST, MOST, IDENTIFIER),
    *(BRANCHING, REQUIRED, ALIGNMENT, NUMBER, MATRIX, "Matrix Ranking?", ANNOTATION),
)
CHOSEN = frozenset({"radio", "dropdown", "checkbox"})


@dataclass(frozen=True)
class DictionaryField:
    """One field, with the number of its row; the header is row 1."""

    number: int
    cells: Mapping[str, str]

    def __getitem__(self, column: str) -> str:
        return self.cells[column]


def rows_of(text: str) -> list[DictionaryField]:
    """The fields of a dictionary, or the error that it is none."""
    if not isinstance(text, str):
        raise ParameterError("give the text of the dictionary, as it is in the CSV file")
    try:
        lines = [row for row in csv.reader(io.StringIO(text.removeprefix("\ufeff"), newline="")) if row]
    except csv.Error:
        raise InputError("the text is no CSV file", "dictionary_invalid") from None
    if not lines or tuple(cell.strip() for cell in lines[0]) != COLUMNS:
        raise InputError(
            "the header is not that of a data dictionary with 18 columns; give the file as REDCap writes it",
            "dictionary_invalid",
            "row 1",
        )
    for number, row in enumerate(lines, 1):
        if len(row) != len(COLUMNS):
            message = f"the row has {len(row)} cells and not {len(COLUMNS)}"
            raise InputError(message, "dictionary_invalid", f"row {number}")
    return [
        DictionaryField(n, dict(zip(COLUMNS, map(str.strip, row), strict=True)))
        for n, row in enumerate(lines[1:], 2)
    ]


def written(rows: Iterable[Mapping[str, str]]) -> str:
    """Fields as the text of a dictionary."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows([row.get(column, "") for column in COLUMNS] for row in rows)
    return out.getvalue()


def choices_of(cell: str) -> list[tuple[str, str | None]]:
    """Codes with their labels; the label is None where a part has no comma."""
    parts = [part.partition(",") for part in cell.split("|")] if cell.strip() else []
    return [(code.strip(), label.strip() if comma else None) for code, comma, label in parts]
