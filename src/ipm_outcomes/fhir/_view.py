"""Responses out of a database: a view for SQL on FHIR, and the table that it gives as a reading."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Literal

from ipm_outcomes._fence import fenced
from ipm_outcomes.errors import FrameError, InputError
from ipm_outcomes.fhir._codes import CO_VALUE, ORDINAL, WEIGHT
from ipm_outcomes.fhir._errors import NotAResponse
from ipm_outcomes.fhir._many import Line, gather
from ipm_outcomes.frames._frame import Frame
from ipm_outcomes.frames._library import plain_value
from ipm_outcomes.reading import Backend, Reading

LEVELS = ("item", "item.item", "item.item.item", "item.answer.item", "item.item.answer.item")
"""Where items are looked for: groups three deep, and questions under answers."""
DEEPER = (
    "item.item.item.item.exists() or item.item.item.answer.item.exists() or item.answer.item.item.exists()"
)

OF_RESPONSE = {
    "response_id": "getResourceKey()",
    "status": "status",
    "questionnaire": "questionnaire",
    "authored": "authored",
    "subject": "subject.reference",
    "deeper": DEEPER,
}
OF_ITEM = {"link_id": "linkId", "definition": "definition"}
CODING, QUANTITY = "value.ofType(Coding)", "value.ofType(Quantity)"
OF_ANSWER = {
    "has_value": "value.exists()",
    "coding_system": f"{CODING}.system",
    "coding_code": f"{CODING}.code",
    "coding_display": f"{CODING}.display",
    "integer_value": "value.ofType(integer)",
    "decimal_value": "value.ofType(decimal)",
    "string_value": "value.ofType(string)",
    "quantity_value": f"{QUANTITY}.value",
    "quantity_code": f"{QUANTITY}.code",
    "quantity_comparator": f"{QUANTITY}.comparator",
}
NUMBERS = {"ordinal_value": ORDINAL, "item_weight": WEIGHT, "co_value": CO_VALUE}
"""Extensions with the number of an answer, looked for on the code and on the answer."""
OF_NUMBERS = {
    f"{where}_{name}": f"{path}extension('{url}').value.ofType(decimal)"
    for where, path in (("coding", f"{CODING}."), ("answer", ""))
    for name, url in NUMBERS.items()
}
COLUMNS = (*OF_RESPONSE, *OF_ITEM, *OF_ANSWER, *OF_NUMBERS)


def view_definition() -> dict[str, Any]:
    """Write the view that flattens QuestionnaireResponses in any SQL on FHIR runner; `read_view` reads its table.

    Returns
    -------
    dict
        A ViewDefinition with one row for each answer, and one row with nulls for a question or a response without any.

    Notes
    -----
    SQL on FHIR 2.0. Only what every runner has to understand is used. Questions more than three groups deep are
    not in the table; its column ``deeper`` says so, and `read_view` leaves such responses out and reports them.

    Examples
    --------
    >>> from ipm_outcomes import fhir
    >>> fhir.view_definition()["resource"]
    'QuestionnaireResponse'
    """
    inner = [{"forEachOrNull": "answer", "column": _columns({**OF_ANSWER, **OF_NUMBERS})}]
    branches = [
        # A response without any item keeps its row.
        {"forEachOrNull" if position == 0 else "forEach": path, "column": _columns(OF_ITEM), "select": inner}
        for position, path in enumerate(LEVELS)
    ]
    return {
        "resourceType": "ViewDefinition",
        "name": "ipm_outcomes_answers",
        "status": "active",
        "resource": "QuestionnaireResponse",
        "fhirVersion": ["4.0.1"],
        "select": [{"column": _columns(OF_RESPONSE)}, {"unionAll": branches}],
    }


def _columns(paths: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"name": name, "path": path} for name, path in paths.items()]


@fenced
def read_view(
    table: Any,
    instrument: str | None = None,
    *,
    form: Mapping[str, Any] | None = None,
    edition: str | None = None,
    items: Mapping[str, str] | None = None,
    labels: Literal["refuse", "accept"] | Mapping[str, int] = "refuse",
    ordinal: Literal["witness", "trust"] = "witness",
    backend: Backend = None,
) -> Reading:
    """Read the table that the view of `view_definition` gives, each response as `response` reads it.

    Reasons why there is no answer are not in the table, and neither are forms contained in a response.

    Parameters
    ----------
    table
        A data frame, a dictionary of columns, or a list of rows as dictionaries.
    instrument, form, edition, items, labels, ordinal
        As in `response`, for all of them.
    backend
        Kind of the tables of the result; None: dictionaries of columns.

    Returns
    -------
    Reading
        As `responses` gives it; ``line`` is the number of the response in the table, and places count its rows.

    Raises
    ------
    FrameError
        The table is of no known kind, or columns of the view are missing.
    InputError
        Nothing in it can be read.
    ParameterError, UnknownNameError, MissingExtraError
        An argument is outside what it may be, or the library of the backend is not installed.

    Examples
    --------
    >>> from ipm_outcomes import fhir
    >>> from ipm_outcomes.fhir._view import COLUMNS
    >>> row = dict.fromkeys(COLUMNS) | {"response_id": "r1", "status": "completed", "has_value": True}
    >>> row |= {"questionnaire": "http://loinc.org/q/91148-7", "link_id": "75893-8", "integer_value": 7}
    >>> fhir.read_view([row]).data["peg_pain"]
    [7]
    """
    columns = _table(table)
    how = {"form": form, "edition": edition, "items": items, "labels": labels, "ordinal": ordinal}
    return gather(_rebuilt(columns), instrument, how, backend)


def _table(table: Any) -> dict[str, list[Any]]:
    if isinstance(table, list):
        if not all(isinstance(row, Mapping) for row in table):
            raise FrameError("a list of rows holds dictionaries")
        names = dict.fromkeys(name for row in table for name in row)
        columns = {name: [row.get(name) for row in table] for name in names}
        if not table:
            return {name: [] for name in COLUMNS}
    elif isinstance(table, Mapping):
        columns = {str(name): list(column) for name, column in table.items()}
    else:
        frame = Frame(table)
        columns = {name: frame.values(name) for name in COLUMNS if name in frame.names}
    if absent := [name for name in COLUMNS if name not in columns]:
        raise FrameError(f"the table has no column {absent[0]!r}; it is not that of fhir.view_definition()")
    if len({len(columns[name]) for name in COLUMNS}) > 1:
        raise FrameError("the columns of the table differ in length")
    return {name: [plain_value(value) for value in columns[name]] for name in COLUMNS}


def _rebuilt(columns: dict[str, list[Any]]) -> Iterator[Line]:
    """Each response as a resource again, flat."""
    rows: dict[Any, list[int]] = {}
    for position, key in enumerate(columns["response_id"]):
        if not isinstance(key, str | int):
            raise InputError("a row has no response_id", "not_a_response", f"row {position}")
        rows.setdefault(key, []).append(position)
    for number, mine in enumerate(rows.values(), 1):
        place = f"response {number}"
        try:
            yield Line(number, place, _as_resource(columns, mine, place))
        except InputError as error:
            yield Line(number, place, error)


def _as_resource(columns: dict[str, list[Any]], rows: list[int], place: str) -> dict[str, Any]:
    first = rows[0]
    if any(_true(columns["deeper"][row]) for row in rows):
        raise NotAResponse("questions are deeper than the view reaches", "not_a_response", place)
    for name in ("status", "questionnaire", "authored", "subject"):
        if len({str(columns[name][row]) for row in rows}) > 1:
            raise NotAResponse(f"rows of one response_id differ in {name}", "not_a_response", place)
    items = []
    for row in rows:
        if columns["link_id"][row] is None:
            continue
        part: dict[str, Any] = {"linkId": columns["link_id"][row]}
        if columns["definition"][row] is not None:
            part["definition"] = columns["definition"][row]
        answer = _answer({name: columns[name][row] for name in (*OF_ANSWER, *OF_NUMBERS)})
        items.append({**part, "answer": [answer]} if answer else part)
    subject = columns["subject"][first]
    return {
        "resourceType": "QuestionnaireResponse",
        "status": columns["status"][first],
        "questionnaire": columns["questionnaire"][first],
        "authored": None if columns["authored"][first] is None else str(columns["authored"][first]),
        "subject": None if subject is None else {"reference": subject},
        "item": items,
    }


def _answer(cells: dict[str, Any]) -> dict[str, Any]:
    answer: dict[str, Any] = {}
    coding = {name: cells[f"coding_{name}"] for name in ("system", "code", "display")}
    coding = {name: value for name, value in coding.items() if value is not None}
    inner = _extensions(cells, "coding")
    if coding or inner:
        answer["valueCoding"] = {**coding, "extension": inner}
    for name in ("integer", "decimal", "string"):
        if cells[f"{name}_value"] is not None:
            answer[f"value{name.capitalize()}"] = cells[f"{name}_value"]
    if cells["quantity_value"] is not None:
        parts = {"value": "quantity_value", "code": "quantity_code", "comparator": "quantity_comparator"}
        answer["valueQuantity"] = {key: cells[name] for key, name in parts.items() if cells[name] is not None}
    if not answer and _true(cells["has_value"]):
        return {"valueOther": True}  # of a type that no answer has
    outer = _extensions(cells, "answer")
    return {**answer, "extension": outer} if outer else answer


def _extensions(cells: dict[str, Any], where: str) -> list[dict[str, Any]]:
    """Those with a number of the answer, on the code or on the answer."""
    numbers = ((url, cells[f"{where}_{name}"]) for name, url in NUMBERS.items())
    return [{"url": url, "valueDecimal": number} for url, number in numbers if number is not None]


def _true(value: Any) -> bool:
    """A truth value as databases write it."""
    return value is True or value == 1 or (isinstance(value, str) and value.lower() in ("true", "t", "1"))
