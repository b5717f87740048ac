"""Exports of survey tools, known by exact marks: further rows of the header, rows that are no responses."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from ipm_outcomes.errors import number_of
from ipm_outcomes.files._grid import Grid, is_blank
from ipm_outcomes.files._header import Header, Table, row_names

PREVIEW, TEST = "Survey Preview", "Survey Test"


@dataclass(frozen=True)
class Shape:
    """What is known of the exports of one tool.

    Attributes
    ----------
    name
        Of the tool.
    marks
        Whether the first rows have its marks.
    further
        Rows after the header that are no responses.
    keys
        Columns of the patient and of the date, where the tool names them itself.
    unfinished
        Column and cell of a response that was not finished; None: a blank cell.
    drop
        Rules by which rows are no responses: column, cell, code.
    personal
        Columns that name who answered; they are not taken.
    asked
        Whether the row after the header holds the questions.
    """

    name: str
    marks: Callable[[Grid, int], bool]
    further: int = 0
    keys: dict[str, str] = field(default_factory=dict)
    unfinished: tuple[str, str | None] | None = None
    drop: tuple[tuple[str, str, str], ...] = ()
    personal: tuple[str, ...] = ()
    asked: bool = False


def _texts(grid: Grid, row: int) -> list[str]:
    return [str(cell) for cell in grid.rows[row] if cell is not None] if row < len(grid.rows) else []


def _qualtrics(grid: Grid, row: int) -> bool:
    third = _texts(grid, row + 2)
    return bool(third) and all(re.match(r"\{\s*\"+ImportId\"", cell) for cell in third)


def _limesurvey(grid: Grid, row: int) -> bool:
    names = _texts(grid, row)
    return "submitdate" in names and any(re.search(r"\[SQ\d+\]", name) for name in names)


def _surveymonkey(grid: Grid, row: int) -> bool:
    names = _texts(grid, row)
    under = grid.rows[row + 1] if row + 1 < len(grid.rows) else []
    first = names[:1] == ["Respondent ID"]
    return first and bool(under) and under[0] is None and not is_blank(under)


def _google(grid: Grid, row: int) -> bool:
    names = _texts(grid, row)
    return names[:1] == ["Timestamp"] and any(re.search(r"\[.+\]", name) for name in names)


def _microsoft(grid: Grid, row: int) -> bool:
    return {"Start time", "Completion time"} <= set(_texts(grid, row))


SHAPES = (
    Shape(
        "Qualtrics",
        _qualtrics,
        2,
        {"date": "EndDate"},
        ("Finished", "False"),
        (("Status", PREVIEW, "preview_row"), ("Status", TEST, "test_row")),
        asked=True,
    ),
    Shape("LimeSurvey", _limesurvey, 0, {"date": "submitdate"}, ("submitdate", None)),
    Shape("SurveyMonkey", _surveymonkey, 1),
    Shape("Google Forms", _google, 0, {"date": "Timestamp"}),
    Shape("Microsoft Forms", _microsoft, 0, {"date": "Completion time"}, personal=("Email", "Name")),
)


def shape_of(grid: Grid, given: int | None) -> tuple[Shape, Header] | None:
    """The tool that wrote a file, with the header; None where its first rows have the marks of none."""
    if not grid.rows:
        return None
    row = grid.lines.index(given) if given in grid.lines else 0
    for shape in SHAPES:
        if shape.marks(grid, row):
            names = row_names(grid, row)
            if shape.asked:
                under = grid.rows[row + 1]
                grid.wording = {a: str(b) for a, b in zip(names, under, strict=False) if a and b is not None}
            if shape.name == "SurveyMonkey":
                names = _under(names, grid.rows[row + 1])
            return shape, Header(row, 1, names)
    return None


def _under(names: list[str | None], under: list[Any]) -> list[str | None]:
    """Questions with their sub-questions, in two rows."""
    questions: list[str | None] = []
    question: str | None = None
    for n in range(max(len(names), len(under))):
        name = names[n] if n < len(names) else None
        sub = under[n] if n < len(under) else None
        question = name if name is not None else question if sub is not None else None
        questions.append(question if sub is None else str(sub) if question is None else f"{question} / {sub}")
    return questions


def settle_shape(shape: Shape, table: Table) -> None:
    """Leave out rows that are no responses and columns that name who answered; say what was not finished."""
    seen = f"marks of an export of {shape.name}"
    seen += f"; {number_of(shape.further, 'further row')} of the header left out" if shape.further else ""
    table.note("export", seen, rows=shape.further, value=shape.name)
    for column, dropped, reason in shape.drop:
        if column in table.columns:
            out = [cell == dropped for cell in table.columns[column]]
            if count := table.drop(out, reason, f"{column} says that it is no response"):
                seen = f"{column} says {dropped}: no response; left out"
                table.note(reason, seen, where=column, rows=count, of=count + len(table.lines))
                table.pins.setdefault("drop_rows", []).append(f"{column} is {dropped}")
    for column in dict.fromkeys(column for column, *_ in shape.drop if column in table.columns):
        if count := sum(str(cell).strip().isdecimal() for cell in table.columns[column]):
            seen = f"{column} has numbers, which do not say what is a preview or a test: all these rows are kept; "
            seen += "export it as text, or say which rows are no responses"
            settle = f'mapping [file] drop_rows=["{column} is …"]'
            table.note("status_numbers", seen, where=column, rows=count, settle=settle, sure=False)
    if shape.unfinished and shape.unfinished[0] in table.columns:
        column, cell = shape.unfinished
        count = sum(value == cell for value in table.columns[column])
        if count:
            seen = (
                "responses that were begun and not finished; they are kept, and blank items are not answered"
            )
            table.note("not_completed", seen, where=column, rows=count)
    if personal := [name for name in table.names if name in shape.personal]:
        for name in personal:
            del table.columns[name]
        table.names = list(table.columns)
        seen = "columns that name who answered; not taken"
        table.note("personal_columns", seen, where=", ".join(personal), rows=0)
