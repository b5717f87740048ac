"""Rows of the OMOP common data model: by hand, and there and back."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from conftest import Backend
from ipm_outcomes import frames, instrument, omop
from ipm_outcomes.errors import FrameError, InputError, ParameterError, UnreadableDatesError
from ipm_outcomes.omop._columns import COLUMNS

pl = pytest.importorskip("polars")

CONCEPTS = {
    "loinc": ["91147-9", "91145-3", "70274-6", "69725-0", "LA6570-1"],
    "concept_id": [11, 12, 13, 14, 15],
    "domain_id": ["Measurement", "Observation", "Measurement", "Observation", "Meas Value"],
}
FORMS: dict[str, list[Any]] = {
    "person_id": [7, 8, 8],
    "date": ["2026-03-01", "2026-03-02", "2026-06-01"],
    "peg_pain": [5, 6, 1],
    "peg_enjoyment": [6, None, 2],
    "peg_activity": [7, 4, 2],
    "gad7_q1": [1, 2, 0],
    **{f"gad7_q{n}": [1, None, 0] for n in range(2, 8)},
    "gad7_difficulty": [None, None, 2],
}
CODES = {"peg_pain": "75893-8", "peg_enjoyment": "91145-3", "peg_activity": "91146-1"}
"""Of the PEG: reference, LOINC panel 91148-7."""


def forms(**more: list[Any]) -> Any:
    kinds = {name: pl.Int64 for name in FORMS if name != "date"}
    return pl.DataFrame(FORMS | more, schema_overrides=kinds)


def written(ids: list[str], **options: Any) -> omop.Rows:
    scores = frames.tidy(forms(), ids, by=["person_id", "date"])
    return omop.rows(scores, pl.DataFrame(CONCEPTS), type_concept_id=99, **options)


def test_scores_go_to_the_table_of_their_domain() -> None:
    found = written(["peg", "gad7"], first_id={"measurement": 501})
    assert found.measurement.columns == list(COLUMNS["measurement"])
    assert found.observation.columns == list(COLUMNS["observation"])
    chosen = [
        "measurement_id",
        "person_id",
        "measurement_concept_id",
        "value_as_number",
        "measurement_source_value",
    ]
    rows = found.measurement.select(chosen).rows()
    assert [row[:3] for row in rows] == [(501, 7, 11), (502, 7, 13), (503, 8, 11), (504, 8, 13)]
    assert [row[3] for row in rows] == [6.0, 7.0, pytest.approx(5 / 3), 0.0]
    assert {row[4] for row in rows} == {"91147-9", "70274-6"}
    assert found.measurement["unit_source_value"].unique().to_list() == ["{score}"]
    assert str(found.measurement["measurement_date"][0]) == "2026-03-01"
    # The GAD-2 has no code: it is an observation with the concept 0, and is counted.
    assert found.observation["observation_concept_id"].to_list() == [0, 0]
    assert found.unmapped.rows() == [("gad7_gad2", 2)]
    assert dict(found.left_out.rows()) == {"too_few_answers": 3}


def test_one_table_for_all() -> None:
    found = written(["peg", "gad7"], table="observation")
    assert (len(found.observation), len(found.measurement)) == (6, 0)


def test_answers_are_rows_with_their_codes_and_are_linked_to_their_scores() -> None:
    found = written(["gad7"], answers=forms(), event_fields={"measurement": 77, "observation": 78})
    answers = found.observation.filter(pl.col("observation_source_value") != "gad7_gad2")
    assert len(answers) == 7 + 1 + 8
    first = answers.row(0, named=True)
    assert (first["observation_concept_id"], first["observation_source_value"]) == (14, "69725-0")
    # LA6569-3 is "Several days" of the GAD-7 in LOINC's answer list.
    assert (first["value_as_number"], first["value_source_value"]) == (1.0, "LA6569-3")
    total = found.measurement["measurement_id"][0]
    assert (first["observation_event_id"], first["obs_event_field_concept_id"]) == (total, 77)
    by_person = answers.filter(pl.col("person_id") == 8)
    two = by_person.filter(pl.col("value_as_number") == 2.0)
    assert two["value_as_concept_id"].to_list()[0] == 15
    # The form with one answer has no score, so its answer has no link.
    assert by_person.row(0, named=True)["observation_event_id"] is None


def test_a_category_is_text() -> None:
    data = pl.DataFrame(
        {"person_id": [1], "date": ["2026-01-01"], **{f"phq9_q{n}": [2] for n in range(1, 10)}}
    )
    scores = frames.tidy(data, ["phq9"], by=["person_id", "date"])
    found = omop.rows(scores, pl.DataFrame(CONCEPTS), type_concept_id=99)
    row = found.observation.filter(
        pl.col("observation_source_value").str.contains("55758|syndrome")
    ).to_dicts()
    texts = [one for one in row if one["value_as_string"]]
    assert len(texts) == 1
    assert texts[0]["value_as_number"] is None
    assert texts[0]["unit_source_value"] is None


def test_every_kind_of_frame(backend: Backend) -> None:
    data = {name: column for name, column in FORMS.items() if not name.startswith("gad7")}
    scores = frames.tidy(backend.make(data), ["peg"], by=["person_id", "date"])
    found = omop.rows(scores, backend.make(CONCEPTS), type_concept_id=99, answers=backend.make(data))
    shown = backend.rows(found.measurement)
    assert shown["value_as_number"] == [6.0, pytest.approx(5 / 3)]
    back = omop.read(found.observation, "peg", backend="polars")
    assert back.data.to_dict(as_series=False)["peg_pain"] == [5, 6, 1]
    assert back.data.to_dict(as_series=False)["peg_enjoyment"] == [6, None, 2]


@given(st.lists(st.tuples(*[st.none() | st.integers(0, 10)] * 3), min_size=1, max_size=6))
@settings(max_examples=40)
def test_there_and_back(rows: list[tuple[int | None, ...]]) -> None:
    columns = dict(zip(CODES, map(list, zip(*rows, strict=True)), strict=True))
    data = {"person_id": list(range(len(rows))), "date": ["2026-01-05"] * len(rows), **columns}
    frame = pl.DataFrame(data, schema_overrides=dict.fromkeys(CODES, pl.Int64))
    scores = frames.tidy(frame, ["peg"], by=["person_id", "date"])
    found = omop.rows(scores, pl.DataFrame(CONCEPTS), type_concept_id=1, table="observation", answers=frame)
    back = omop.read(found.observation, "peg", backend="polars")
    there = [n for n, row in enumerate(rows) if any(cell is not None for cell in row)]
    shown = back.data.sort("patient_id") if there else back.data
    assert shown["patient_id"].to_list() == there
    assert not there or shown.select(list(CODES)).rows() == [rows[n] for n in there]
    whole = [n for n, row in enumerate(rows) if None not in row]
    assert back.recorded["recorded"].to_list() == [sum(rows[n]) / 3 for n in whole]  # type: ignore[arg-type]
    assert set(back.recorded["scale"]) <= {"peg_mean"}


def test_a_number_that_is_no_answer_is_not_taken() -> None:
    found = omop.read(rows_of(measurement_source_value=["69725-0"], value_as_number=[4.0]), "gad7")
    assert found.data["gad7_q1"] == [None]
    assert (found.problems["column"], found.problems["rule"]) == (["gad7_q1"], ["answer_not_allowed"])


def rows_of(**columns: list[Any]) -> Any:
    return pl.DataFrame({"person_id": [1], "measurement_date": ["2026-01-01"]} | columns)


def test_the_answer_is_the_number_else_the_code_else_the_concept() -> None:
    def read(**columns: list[Any]) -> Any:
        found = omop.read(rows_of(**columns), "gad7", concepts=pl.DataFrame(CONCEPTS))
        return found.data["gad7_q1"]

    assert read(measurement_source_value=["69725-0"], value_as_number=[3.0]) == [3]
    assert read(measurement_source_value=["69725-0"], value_source_value=["LA6569-3"]) == [1]
    assert read(measurement_concept_id=[14], value_as_concept_id=[15]) == [2]
    # LA6570-1 is 2, LA6568-5 is 0.
    both: dict[str, list[Any]] = {"value_as_number": [2.0], "value_source_value": ["LA6570-1"]}
    assert read(measurement_source_value=["69725-0"], **both) == [2]
    with pytest.raises(InputError) as caught:
        read(measurement_source_value=["69725-0"], **both | {"value_source_value": ["LA6568-5"]})
    assert caught.value.code == "answer_contradicts"


@pytest.mark.parametrize("id", ["dvprs", "wpai_gh", "pam", "promis_global", "promis29", "provider_rating"])
def test_scores_that_are_answers_are_there_once(id: str) -> None:
    found = instrument(id)
    lists = {item: found.answers_of(item) for item in found.item_ids}
    row = {f"{id}_{item}": [one.answer(one.highest)] for item, one in lists.items()}
    frame = pl.DataFrame({"person_id": [1], "date": ["2026-01-05"], **row})
    scores = frames.tidy(frame, id, by=["person_id", "date"])
    table = omop.rows(scores, pl.DataFrame(CONCEPTS), type_concept_id=1, table="observation", answers=frame)
    back = omop.read(table.observation, id)
    assert {name: back.data[name] for name in row} == row
    assert back.problems["row"] == []


@pytest.mark.parametrize("number", [1.1, 2.2, 16.1, 33.3])
def test_tenths_are_answers(number: float) -> None:
    found = omop.read(rows_of(measurement_source_value=["pam_score"], value_as_number=[number]), "pam")
    assert (found.data["pam_score"], found.problems["row"]) == ([number], [])
    between = omop.read(
        rows_of(measurement_source_value=["pam_score"], value_as_number=[number + 0.05]), "pam"
    )
    assert between.problems["rule"] == ["answer_not_allowed"]


def test_what_is_not_read_is_counted() -> None:
    table = rows_of(
        person_id=[1, 1, 1],
        measurement_date=["2026-01-01"] * 3,
        measurement_source_value=["69725-0", "4548-4", "68509-9"],
        value_as_number=[1.0, 6.1, None],
    )
    found = omop.read(table, "gad7")
    assert found.left_out["reason"] == ["no_value"]
    assert (found.inferences["finding"], found.inferences["rows"]) == (["other_code"], [1])
    assert (found.rows_in, found.rows_out) == (2, 1)


def test_two_rows_of_an_item_in_one_form_are_refused() -> None:
    twice = rows_of(
        person_id=[1, 1],
        measurement_date=["2026-01-01"] * 2,
        measurement_source_value=["69725-0"] * 2,
        value_as_number=[1.0, 1.0],
    )
    with pytest.raises(InputError) as caught:
        omop.read(twice, "gad7")
    assert (caught.value.code, caught.value.place) == ("duplicate_item", "row 1 (counted from 0)")
    at_two_times = twice.with_columns(
        measurement_datetime=pl.Series(["2026-01-01T08:00", "2026-01-01T17:00"])
    )
    assert omop.read(at_two_times, "gad7").rows_out == 2


@pytest.mark.parametrize(
    ("table", "ids", "told"),
    [
        ({"person_id": [1]}, "peg", "neither OBSERVATION nor MEASUREMENT"),
        ({"observation_source_value": ["x"]}, "peg", "no column 'person_id'"),
        (
            {"measurement_source_value": ["x"], "person_id": [1], "measurement_date": ["soon"]},
            "peg",
            "cannot be read",
        ),
        (
            {"measurement_source_value": ["x"], "person_id": [None], "measurement_date": ["x"]},
            "peg",
            "person_id is empty",
        ),
    ],
)
def test_tables_that_are_refused(table: dict[str, list[Any]], ids: str, told: str) -> None:
    with pytest.raises(FrameError, match=told):
        omop.read(
            pl.DataFrame(table, schema_overrides={"person_id": pl.Int64} if "person_id" in table else None),
            ids,
        )


def test_editions_that_share_codes_are_not_read_together() -> None:
    with pytest.raises(ParameterError, match="promis29 and promis29_v2_0 share codes"):
        omop.read(rows_of(measurement_source_value=["x"]), ["promis29", "promis29_v2_0"])
    with pytest.raises(ParameterError, match="at least one"):
        omop.read(rows_of(measurement_source_value=["x"]), [])


def test_wrong_calls_say_what_is_wrong() -> None:
    scores = frames.tidy(forms(), ["peg"], by=["person_id", "date"])
    concepts = pl.DataFrame(CONCEPTS)

    def refused(
        kind: type[Exception], told: str, given: Any = scores, by: Any = concepts, **options: Any
    ) -> None:
        with pytest.raises(kind, match=told):
            omop.rows(given, by, type_concept_id=1, **options)

    refused(ParameterError, "table is", table="visit")
    refused(ParameterError, "first_id", first_id={"visit": 3})
    refused(FrameError, "no column 'person_id'", given=scores.drop("person_id"))
    refused(FrameError, "no column 'value'", given=scores.drop("value"))
    refused(FrameError, "no instrument and scale", given=scores.with_columns(scale=pl.lit("total")))
    refused(FrameError, "person_id is empty", given=scores.with_columns(person_id=pl.lit(None, pl.Int64)))
    refused(FrameError, "no whole number", given=scores.with_columns(person_id=pl.lit(1.5)))
    refused(UnreadableDatesError, "date cannot be read", given=scores.with_columns(date=pl.lit("soon")))
    refused(FrameError, "no column 'domain_id'", by=concepts.drop("domain_id"))
    refused(FrameError, "appears twice", by=pl.concat([concepts, concepts]))
    refused(
        FrameError, "neither Observation nor Measurement", by=concepts.with_columns(domain_id=pl.lit("Drug"))
    )
    wrong = forms().with_columns(peg_pain=pl.lit(11))
    refused(FrameError, "3 cell\\(s\\) of peg are no answers", answers=wrong)
    refused(ParameterError, "event_fields: give the concept of the id column of measurement", event_fields={})
    refused(
        FrameError,
        "two scores of a scale on one day",
        given=pl.concat([scores] * 2),
        event_fields={"measurement": 5},
    )
    undated = omop.rows(scores.with_columns(date=pl.lit(None, pl.String)), concepts, type_concept_id=1)
    assert dict(undated.left_out.rows()) == {"no_date": 2, "too_few_answers": 1}
