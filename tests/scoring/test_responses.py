"""Response classes: JSON in and out, labels, positions, JSON Schema, and agreement with the frame path."""

from __future__ import annotations

import json
import pickle
from fractions import Fraction
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

import ipm_outcomes as ipm
from ipm_outcomes import (
    DVPRS,
    GAD7,
    PEG,
    PGIC,
    PHQ9,
    PROMIS29,
    PRS,
    PGICHurstBolton,
    ProviderRating,
    frames,
    responses,
    score,
    testing,
)
from ipm_outcomes.errors import ParameterError, UnknownNameError

IDS = ipm.instruments()


def model(id: str) -> Any:
    return getattr(responses, ipm.instrument(id).class_name)


@pytest.mark.parametrize("id", IDS)
@given(data=st.data())
@settings(max_examples=25)
def test_json_round_trip_and_row_equals_frame(id: str, data: st.DataObject) -> None:
    response = data.draw(testing.responses(id, gaps=True))
    again = model(id).model_validate_json(response.model_dump_json())
    assert again == response
    scores = score(response)
    assert score(again) == scores
    assert pickle.loads(pickle.dumps(scores)) == scores
    assert type(scores).from_json(scores.to_json()) == scores
    plain = json.loads(json.dumps(scores.to_dict()))
    assert type(scores).from_dict(plain) == scores
    assert list(plain) == ["flags", "provenance", *scores.scale_ids]
    assert json.loads(scores.to_json()) == plain
    frame = pl.DataFrame({f"{id}_{item}": [getattr(response, item)] for item in ipm.instrument(id).item_ids})
    (row,) = frames.score(frame, id).iter_rows(named=True)
    for scale, found in scores.scales():
        assert row[f"{id}_{scale}"] == found.value == plain[scale]["value"]
        assert row[f"{id}_{scale}_answered"] == found.answered
        assert row[f"{id}_{scale}_absent"] == (found.absent.code if found.absent else None)
        if getattr(found, "band", None) is not None:
            assert row[f"{id}_{scale}_band"] == found.band  # type: ignore[union-attr]
    for flag in ipm.instrument(id).flags:
        state = {f.id: f.state for f in scores.flags}.get(flag.id)
        assert row[f"{id}_flag_{flag.id}"] in ((state,) if state else ("not raised", None))


@pytest.mark.parametrize("id", IDS)
@given(data=st.data())
@settings(max_examples=15)
def test_invalid_answers_are_all_named(id: str, data: st.DataObject) -> None:
    given_answers, wrong = data.draw(testing.invalid_answers(id))
    with pytest.raises(ValidationError) as caught:
        model(id).model_validate(given_answers)
    assert {problem["loc"][0] for problem in caught.value.errors()} == wrong


@pytest.mark.parametrize("id", IDS)
@given(data=st.data())
@settings(max_examples=10)
def test_order_of_items_does_not_matter(id: str, data: st.DataObject) -> None:
    answers = data.draw(testing.answers(id, gaps=True))
    shuffled = data.draw(st.permutations(list(answers.items())))
    assert score(model(id)(**dict(shuffled))) == score(model(id)(**answers))


@pytest.mark.parametrize("id", IDS)
@given(data=st.data())
@settings(max_examples=50)
def test_one_answer_up_never_moves_a_score_the_wrong_way(id: str, data: st.DataObject) -> None:
    definition = ipm.instrument(id)
    answers = data.draw(testing.answers(id))
    item = data.draw(st.sampled_from(definition.item_ids))
    listed = definition.answers_of(item)
    code = round(answers[item] * listed.per_unit)
    if code == listed.highest:
        return
    before = score(model(id)(**answers))
    after = score(model(id)(**{**answers, item: listed.answer(code + 1)}))
    for scale in definition.scales:
        if scale.categorical or scale.components or scale.quotient:
            continue
        one, two = before.scale(scale.id), after.scale(scale.id)
        points = definition.points(item, scale) if item in scale.items else {}
        step = points[code + 1] - points[code] if points else 0
        assert ((two.exact > one.exact) - (two.exact < one.exact)) == (step > 0) - (step < 0)  # type: ignore


@pytest.mark.parametrize("id", IDS)
def test_json_schema_tells_ranges_and_labels(id: str) -> None:
    definition = ipm.instrument(id)
    schema = model(id).model_json_schema()
    assert schema["additionalProperties"] is False
    for item in definition.item_ids:
        listed = definition.answers_of(item)
        kind = "integer" if listed.step == 1 else "number"
        whole = next(part for part in schema["properties"][item]["anyOf"] if part["type"] == kind)
        ends = (listed.answer(listed.lowest), listed.answer(listed.highest))
        assert (whole["minimum"], whole["maximum"]) == ends
        if listed.options:
            assert {part["const"]: part["title"] for part in whole["oneOf"]} == {
                option.code: option.label for option in listed.options
            }


@pytest.mark.parametrize("id", IDS)
def test_labels_give_the_codes_of_the_definition(id: str) -> None:
    definition = ipm.instrument(id)
    for item in definition.item_ids:
        listed = definition.answers_of(item)
        for label, steps in definition.labels(item).items():
            code = listed.answer(steps)
            for spelling in (label, label.upper(), f"  {label.replace(' ', '   ')} "):
                assert getattr(model(id).from_labels(**{item: spelling}), item) == code
            for spelling in (f"{code} - {label}", f"{label} ({code})"):
                assert getattr(model(id).from_labels(**{item: spelling}), item) == code
            for spelling in (f"{code + 1} - {label}", f"{label} ({code + 1})", f"-{code + 1} {label}"):
                with pytest.raises(ValidationError, match="is no label of this item"):
                    model(id).from_labels(**{item: spelling})


def test_labels_of_the_forms() -> None:
    """PHQ-9 and GAD-7 labels (instruments/phq9.md, gad7.md) and the deviant ones of LOINC and of printed copies."""
    labels = ["Not at all", "Several days", "More than half the days", "Nearly every day"]
    assert [PHQ9.from_labels(q1=label).q1 for label in labels] == [0, 1, 2, 3]
    assert GAD7.from_labels(q2="More days than not").q2 == 2
    assert GAD7.from_labels(q1="Not at all sure", q3="Over half the days").model_dump(exclude_none=True) == {
        "q1": 0,
        "q3": 2,
    }
    assert PEG.from_labels(pain="No pain", enjoyment=7).model_dump(exclude_none=True) == {
        "pain": 0,
        "enjoyment": 7,
    }
    found = PROMIS29.from_labels(
        sleep109="very poor", srpper11_caps="Never", pfa11="Unable to do", global07=10
    )
    assert (found.sleep109, found.srpper11_caps, found.pfa11, found.global07) == (5, 5, 1, 10)


def test_unknown_labels_come_all_at_once() -> None:
    with pytest.raises(ValidationError) as caught:
        PHQ9.from_labels(q1="sometimes", q2="Several days", q3="every day", q4=7)
    assert {p["loc"][0]: p["type"] for p in caught.value.errors()} == {
        "q1": "label_unknown",
        "q3": "label_unknown",
        "q4": "answer_not_allowed",
    }


def test_positions_are_recoded_by_the_printed_order() -> None:
    """First option = 1. Sleep quality: very poor (5) first; participation: never (5) first; physical function: without
    any difficulty (5) first (promis/items.csv). The 0-10 rating has no positions."""
    found = PROMIS29.from_positions(sleep109=1, srpper11_caps=1, pfa11=1, edanx01=1, sleep20=2, global07=1)
    assert (found.sleep109, found.srpper11_caps, found.pfa11, found.edanx01) == (5, 5, 5, 1)
    assert (found.sleep20, found.global07) == (2, 1)
    with pytest.raises(ValidationError) as caught:
        PROMIS29.from_positions(sleep109=0, pfa11=6, nothing=1)
    assert {p["loc"][0] for p in caught.value.errors()} == {"sleep109", "pfa11", "<entry 3>"}


def test_flags_say_what_was_answered() -> None:
    (raised,) = score(PHQ9(q1=0, q9=1)).flags
    assert (raised.id, raised.state, raised.answer) == ("self_harm", "raised", 1)
    (blank,) = score(PHQ9(q1=0)).flags
    assert (blank.state, blank.answer) == ("not answered", None)
    assert score(PHQ9(difficulty=1)).flags == (blank,)
    assert score(PHQ9()).flags == ()
    assert score(PHQ9(q9=0)).flags == ()
    for flag in (raised, blank):
        assert "risk" in flag.sentence


def test_confidence_interval() -> None:
    """T +- 1.96 SE: anxiety raw 8 is T 55.8 with SE 2.7 (promis/table_anxiety_4a.csv)."""
    found = score(PROMIS29(edanx01=2, edanx40=2, edanx41=2, edanx53=2)).anxiety
    assert (found.value, found.se) == (55.8, 2.7)
    # 1.959964 x 2.7 = 5.291903; 1.281552 x 2.7 = 3.460190 for 80 %.
    assert found.interval() == pytest.approx((50.508097, 61.091903), abs=1e-5)
    assert found.interval(0.8) == pytest.approx((52.339810, 59.260190), abs=1e-5)
    assert score(PEG(pain=1)).mean.interval() is None
    with pytest.raises(ParameterError, match="level"):
        found.interval(1.0)


def test_provenance_traces_a_score() -> None:
    told = score(PHQ9(q1=1), missing="prorate").provenance
    assert (told.instrument, told.missing, told.library) == ("phq9", "prorate", ipm.__version__)
    assert len(told.digest) == 64
    assert told.digest == ipm.instrument("phq9").digest
    assert any("Kroenke" in source for source in told.sources)
    assert all(ipm.instrument("phq9").scale(place.split(".")[1]) for place in told.unverified)


def test_provenance_names_what_is_unverified() -> None:
    # No rule for missing answers was found for the PHQ-2 and the syndrome; all that decides a PEG was read.
    wanted = ("scales.phq2.missing.complete", "scales.syndrome.missing.complete")
    assert score(PHQ9(q1=1)).provenance.unverified == wanted
    assert score(PHQ9(q1=1), missing="prorate").provenance.unverified == wanted
    assert score(PEG(pain=1)).provenance.unverified == ()


def test_provenance_names_answers_and_single_bands_that_are_unverified() -> None:
    # DVPRS: the range and ends of the supplemental questions, that 0 is none; the three bands were read (dvprs.md).
    told = score(DVPRS(intensity=0)).provenance.unverified
    assert {one for one in told if not one.endswith(".missing.complete")} == {
        "answers.interference",
        "answers.effect",
        "answers.contribution",
        "scales.intensity.bands.none",
    }
    # PGIC: labels 3 to 6. Provider rating: the top box. PRS: its key, and how far answers reach.
    assert score(PGIC(change=2)).provenance.unverified == ("answers.change",)
    assert score(ProviderRating(rating=9)).provenance.unverified == ("scales.rating.bands",)
    assert "scales.behavioral_perseverance" in score(PRS(q1=1)).provenance.unverified
    # The version of a form that runs the other way stands in the result.
    assert score(PGIC(change=2)).provenance.edition != score(PGICHurstBolton(change=2)).provenance.edition


def test_prorating_by_name() -> None:
    """Arrieta 2017: seven answers of 2 and two gaps: 14 x 9 / 7 = 18."""
    response = PHQ9(**{f"q{n}": 2 for n in range(1, 8)})
    assert score(response).total.absent is not None
    found = score(response, missing="prorate").total
    assert (found.exact, found.band, found.missing_rule) == (Fraction(18), "moderately severe", "prorate")
    assert score(PHQ9(**{f"q{n}": 2 for n in range(1, 7)}), missing="prorate").total.value is None
    with pytest.raises(UnknownNameError, match="complete, prorate"):
        score(response, missing="mean")
    with pytest.raises(UnknownNameError, match="complete"):
        score(PEG(pain=1), missing="prorate")


def test_score_refuses_what_is_no_response() -> None:
    with pytest.raises(ParameterError, match=r"frames\.score"):
        score(pl.DataFrame())  # type: ignore[type-var]


def test_responses_are_frozen_and_scores_too() -> None:
    response = PHQ9(q1=1)
    with pytest.raises(ValidationError):
        response.q1 = 2  # type: ignore[misc]
    with pytest.raises(AttributeError):
        score(response).total = None  # type: ignore[assignment]
    assert hash(response) == hash(PHQ9(q1=1))
    assert response.model_copy(update={"q2": 3}) == PHQ9(q1=1, q2=3)
    assert PHQ9.model_construct(q1=1) == response


def test_lax_validation_takes_no_more_than_strict() -> None:
    for answers in ({"q1": True}, {"q1": "2"}, {"q1": "3.0"}):
        with pytest.raises(ValidationError):
            PHQ9.model_validate(answers, strict=False)
    with pytest.raises(ValidationError):
        PHQ9.model_validate_json('{"q1": "2"}', strict=False)


def test_the_old_copy_validates_as_well() -> None:
    response = PEG(pain=1, enjoyment=1, activity=1)
    with pytest.raises(ValidationError):
        response.copy(update={"pain": 15})
    with pytest.raises(ParameterError, match="include"):
        response.copy(include={"pain"})
    assert response.copy(update={"pain": 2}).pain == 2


def test_errors_of_other_shapes_hold_nothing_that_was_given() -> None:
    from pydantic import BaseModel

    class Visit(BaseModel):
        phq: PHQ9

    told = []
    for given_value in ({"q1": 1, "mrn": 123456789}, PEG(pain=7), "Jane Doe", ["Jane Doe"], 123456789):
        with pytest.raises(ValidationError) as caught:
            Visit.model_validate({"phq": given_value})
        told += [str(caught.value), repr(caught.value.errors())]
        with pytest.raises(ValidationError) as caught:
            PHQ9.model_validate(given_value)
        told += [str(caught.value), repr(caught.value.errors()), caught.value.json()]
    with pytest.raises(ValidationError) as caught:
        PHQ9.model_validate_json('{"q1": "Jane Doe')
    told += [str(caught.value), repr(caught.value.errors())]
    assert caught.value.errors()[0]["type"] == "json_invalid"
    with pytest.raises(ValidationError) as caught:
        PHQ9(q1=1).q1 = "Jane Doe"  # type: ignore[assignment,misc]
    told += [str(caught.value), repr(caught.value.errors())]
    for text in told:
        assert "Jane" not in text
        assert "123456789" not in text
        assert "pain=7" not in text


def test_objects_are_read_by_their_attributes_where_asked() -> None:
    class Row:
        q1 = 2
        q2 = 1.0

    assert PHQ9.model_validate(Row(), from_attributes=True) == PHQ9(q1=2, q2=1)
    with pytest.raises(ValidationError):
        PHQ9.model_validate(Row())


def test_a_subclass_may_add_fields_of_its_own() -> None:
    class Visit(PHQ9):
        visit: int = 0
        note: str = ""

    found = Visit(q1=1.0, visit=7, note="seen")  # type: ignore[arg-type]
    assert (found.q1, found.visit, found.note) == (1, 7, "seen")
    assert score(found).total.answered == 1


def test_wrong_arguments_of_score() -> None:
    score(PHQ9(q1=1))
    for given_value, what in ((PHQ9, "a class"), (None, "NoneType"), ({"q1": 1}, "dict")):
        with pytest.raises(ParameterError, match=f"score takes a response .*, not {what};"):
            score(given_value)  # type: ignore[type-var]
    with pytest.raises(ParameterError, match="missing"):
        score(PHQ9(q1=1), missing=["prorate"])  # type: ignore[arg-type]
    with pytest.raises(ParameterError, match="in the catalog"):
        testing.responses(ipm.instrument("peg"))  # type: ignore[arg-type]


def test_loinc_answer_codes_are_labels() -> None:
    """LA6569-3 is "Several days"; LA18938-3 stands for 2 in item 2 of LOINC's GAD-7 (instruments/gad7.md)."""
    assert GAD7.from_labels(q1="LA6569-3", q2="LA18938-3").model_dump(exclude_none=True) == {"q1": 1, "q2": 2}
    with pytest.raises(ValidationError):
        GAD7.from_labels(q1="LA18938-3")


def test_scores_are_shown_with_values_bands_and_why_there_is_none() -> None:
    """Values are shown with 4 significant digits."""
    assert repr(score(PEG(pain=5, enjoyment=6, activity=6))) == "PEGScores(mean=5.667)"
    assert "total=absent (too_few_answers)" in repr(score(PHQ9(q1=1)))
    assert repr(score(PHQ9(**dict.fromkeys([f"q{n}" for n in range(1, 10)], 1)))).startswith(
        "PHQ9Scores(total=9 (mild)"
    )
