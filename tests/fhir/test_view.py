"""The table of the SQL on FHIR view is read as the resources themselves are."""

from __future__ import annotations

from typing import Any

import pytest
from fhir_cases import ORDINAL, columns, flat
from hypothesis import given, settings
from hypothesis import strategies as st

from ipm_outcomes import GAD7, PEG, PHQ9, fhir
from ipm_outcomes.errors import FrameError, InputError
from ipm_outcomes.testing import responses


@settings(max_examples=30, deadline=None)
@given(
    st.lists(
        st.one_of(*(responses(id, gaps=True) for id in ("phq9", "peg", "promis29"))), min_size=1, max_size=5
    )
)
def test_the_table_is_read_as_the_resources_are(forms):
    resources = [
        fhir.questionnaire_response(one, id=f"r{n}", subject="Patient/1", authored="2026-03-07")
        for n, one in enumerate(forms)
    ]
    read = fhir.read_view([row for one in resources for row in flat(one)])
    direct = fhir.responses(resources)
    assert read.data == direct.data
    assert read.instruments == direct.instruments
    assert read.rows_in == read.rows_out == len(forms)


@pytest.mark.parametrize("backend", ["polars", "pandas", "pyarrow", "duckdb"])
def test_tables_of_any_kind(backend):
    library = pytest.importorskip(backend)
    resources = [
        fhir.questionnaire_response(PHQ9(q1=1, q9=2), id="a", subject="Patient/1"),
        fhir.questionnaire_response(PHQ9(), id="b"),
        fhir.questionnaire_response(PEG(pain=0), id="c"),
    ]
    rows = [row for one in resources for row in flat(one)]
    by_column = {name: [row[name] for row in rows] for name in columns()}
    if backend == "duckdb":
        pa = pytest.importorskip("pyarrow")
        table = library.connect().from_arrow(pa.table(by_column))
    elif backend == "pyarrow":
        table = library.table(by_column)
    else:
        table = library.DataFrame(by_column)
    for given_ in (table, by_column, rows):
        read = fhir.read_view(given_)
        assert read.data["phq9_q9"] == [2, None, None]
        assert read.data["peg_pain"] == [None, None, 0]
        assert read.data["patient_id"] == ["Patient/1", None, None]


def resource(*items: dict[str, Any]) -> dict[str, Any]:
    return {"resourceType": "QuestionnaireResponse", "id": "x", "status": "completed", "item": list(items)}


def answered(**value: Any) -> dict[str, Any]:
    return {"linkId": "75893-8", "answer": [value]}


@pytest.mark.parametrize(
    ("part", "code"),
    [
        (answered(valueDecimal=4.5), "wrong_answer"),
        (answered(valueBoolean=True), "wrong_answer"),
        (answered(valueString="x"), "wrong_answer"),
        (answered(valueQuantity={"value": 3, "code": "kg"}), "wrong_answer"),
        (answered(valueQuantity={"value": 3, "comparator": "<"}), "wrong_answer"),
        (answered(valueInteger=3, extension=[{"url": ORDINAL, "valueDecimal": 4}]), "ordinal_contradicts"),
        ({"linkId": "75893-8", "answer": [{"valueInteger": 3}, {"valueInteger": 4}]}, "duplicate_item"),
    ],
)
def test_what_is_wrong_in_a_resource_is_wrong_in_the_table(part, code):
    assert fhir.read_view(flat(resource(part))).problems["rule"] == [code]


@pytest.mark.parametrize("name", ["status", "questionnaire", "authored", "subject"])
def test_rows_of_one_response_that_differ_are_of_several(name):
    rows = flat(resource(answered(valueInteger=3))) + flat(resource(answered(valueInteger=3)))
    assert fhir.read_view(rows).rows_out == 1
    rows[1] = rows[1] | {name: "another"}
    with pytest.raises(InputError):
        fhir.read_view(rows)


def test_groups_and_questions_under_answers_are_in_the_table():
    under = {"linkId": "91145-3", "answer": [{"valueInteger": 5}]}
    first = {"linkId": "75893-8", "answer": [{"valueInteger": 7, "item": [under]}]}
    read = fhir.read_view(flat(resource({"linkId": "g", "item": [first]})))
    assert (read.data["peg_pain"], read.data["peg_enjoyment"]) == ([7], [5])


def test_what_is_deeper_than_the_view_is_left_out_and_told():
    deep = answered(valueInteger=7)
    for name in "abc":
        deep = {"linkId": name, "item": [deep]}
    good = fhir.questionnaire_response(GAD7(q1=1), id="g")
    read = fhir.read_view([*flat(resource(deep)), *flat(good)])
    assert (read.rows_in, read.rows_out) == (2, 1)
    assert read.left_out["message"] == ["response 1: questions are deeper than the view reaches"]


def test_tables_that_are_not_of_the_view():
    for bad in ([{"a": 1}], {"response_id": []}, [5], "text", 5):
        with pytest.raises(FrameError):
            fhir.read_view(bad)
    with pytest.raises(FrameError, match="length"):
        fhir.read_view({name: [None] * (name == "status") for name in columns()})
    with pytest.raises(InputError, match="row 0"):
        fhir.read_view([dict.fromkeys(columns())])
    assert fhir.read_view([]).rows_in == 0
