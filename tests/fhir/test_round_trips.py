"""Round trips as properties: what is written is read back as it was, for every instrument, through JSON text."""

from __future__ import annotations

import copy
import json
from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import ipm_outcomes as ipm
from ipm_outcomes import GAD7, PCS, PEG, PHQ9, PROMIS29, fhir, score
from ipm_outcomes.errors import InputError, ParameterError, UnknownNameError
from ipm_outcomes.fhir._answer import Options, Reader
from ipm_outcomes.fhir._json import parsed
from ipm_outcomes.fhir._known import item_codes
from ipm_outcomes.testing import responses

IDS = ipm.instruments()
FEW = settings(max_examples=6, deadline=None, suppress_health_check=list(HealthCheck))


def sent(resource: Any) -> Any:
    """The resource as another system gets it: through JSON text, decimals exact."""
    return parsed(json.dumps(resource).encode())


@pytest.mark.parametrize("id", IDS)
@FEW
@given(data=st.data())
def test_responses(id: str, data: Any) -> None:
    answers = data.draw(responses(id, gaps=True))
    resource = sent(fhir.questionnaire_response(answers, subject="Patient/1", authored="2026-03-07"))
    read = fhir.response(resource)
    assert read.answers == answers
    assert (read.subject, read.authored, read.status) == ("Patient/1", "2026-03-07", "completed")
    assert not read.problems
    named = {**resource, "questionnaire": "http://example.org/own"}
    if any(item.loinc for item in ipm.instrument(id).items) and "item" in resource:
        again = fhir.response(named, id, form=None, invalid="null")
        assert all(
            getattr(again.answers, i) in (None, getattr(answers, i)) for i in ipm.instrument(id).item_ids
        )


@pytest.mark.parametrize("id", IDS)
@FEW
@given(data=st.data())
def test_many_responses(id: str, data: Any) -> None:
    given_ = data.draw(st.lists(responses(id, gaps=True), min_size=1, max_size=4))
    lines = [json.dumps(fhir.questionnaire_response(one)) for one in given_]
    read = fhir.responses(lines)
    assert read.rows_out == len(given_)
    for item in ipm.instrument(id).item_ids:
        assert read.data[f"{id}_{item}"] == [getattr(one, item) for one in given_]


@pytest.mark.parametrize("id", IDS)
@FEW
@given(data=st.data())
def test_scores(id: str, data: Any) -> None:
    rule = data.draw(st.sampled_from([None, *ipm.instrument(id).missing_rules]))
    ours = score(data.draw(responses(id, gaps=data.draw(st.booleans()))), missing=rule)
    written = fhir.observations(
        ours, subject="Patient/1", effective="2026-03-07", response="QuestionnaireResponse/1"
    )
    assert len(written) == len(ours.scale_ids) + len(ours.flags)
    data.draw(st.randoms()).shuffle(written)
    assert fhir.scores(written) == ours
    assert fhir.scores(sent(written)) == ours


@pytest.mark.parametrize("id", IDS)
def test_definitions(id: str) -> None:
    found = ipm.instrument(id)
    form = sent(fhir.questionnaire(id))
    by_link = {item["linkId"]: item for item in form["item"]}
    assert len(by_link) == len(form["item"])
    items = [item for item in form["item"] if not item.get("readOnly")]
    assert [item_codes(id)[item["code"][0]["code"]] for item in items] == list(found.item_ids)
    for item, one in zip(items, found.items, strict=True):
        assert item["text"] == (one.wording or one.gist)
        listed = found.answers_of(one.id)
        options = item.get("answerOption", [])
        if listed.numeric:
            assert [option["valueInteger"] for option in options] in ([], list(listed.codes))
            continue
        written = [(o["valueCoding"]["display"], o["extension"][0]["valueDecimal"]) for o in options]
        assert written == [(option.label, option.code) for option in listed.options]
        reader = Reader(id, one.id, Options())
        assert [reader.read(option, "x").code for option in options] == [o.code for o in listed.options]
    # Each answer of the form, taken as it stands, is read by the form alone.
    for item, one in zip(items, found.items, strict=True):
        for option, code in zip(item.get("answerOption", []), found.answers_of(one.id).codes, strict=False):
            answer = {key: value for key, value in option.items() if key != "extension"}
            part = {"linkId": item["linkId"], "answer": [answer]}
            resource = {
                "resourceType": "QuestionnaireResponse",
                "status": "completed",
                "questionnaire": form["url"],
            }
            read = fhir.response({**resource, "item": [part]}, form=form)
            assert (read.instrument, getattr(read.answers, one.id)) == (id, code)


def test_only_plain_sums_are_calculated_and_never_over_a_gap():
    def totals(id: str) -> dict[str, str]:
        return {
            item["linkId"]: item["extension"][0]["valueExpression"]["expression"]
            for item in fhir.questionnaire(id)["item"]
            if item.get("readOnly")
        }

    assert set(totals("phq9")) == {"44261-6", "phq9_phq8", "55758-7"}
    assert set(totals("gad7")) == {"70274-6", "gad7_gad2"}
    assert set(totals("pcs")) == {"pcs_total", "pcs_rumination", "pcs_magnification", "pcs_helplessness"}
    assert totals("peg") == totals("promis29") == totals("nps") == {}  # means, tables, one item
    assert totals("phq9")["55758-7"] == ("iif((%w1.count() + %w2.count()) = 2, %w1 + %w2, {})")
    assert not any(item.get("readOnly") for item in fhir.questionnaire("phq9", total=False)["item"])
    assert "observationExtract" not in json.dumps(fhir.questionnaire("phq9", extract=False))


def test_wording_is_there_only_where_its_owner_freed_it():
    for id in IDS:
        found, text = ipm.instrument(id), json.dumps(fhir.questionnaire(id), ensure_ascii=False)
        for item in found.items:
            assert (item.wording or item.gist) in text.replace('\\"', '"')
        assert found.license.wording or not any(item.wording for item in found.items)


def test_what_an_observation_says():
    ours = score(PHQ9(q1=2, q2=1, q3=3, q4=2, q5=0, q6=1, q7=1, q8=0, q9=1))
    written = {
        one["code"]["coding"][-1]["code"]: one
        for one in fhir.observations(
            ours,
            subject="Patient/1",
            effective=date(2026, 3, 7),
            response="QuestionnaireResponse/9",
            performer="Patient/1",
        )
    }
    total = written["phq9-total"]
    assert total["meta"]["profile"] == [
        "http://hl7.org/fhir/us/pco/StructureDefinition/pco-prom-score-observation"
    ]
    assert total["code"]["coding"][0] == {"system": "http://loinc.org", "code": "44261-6"}
    assert total["valueQuantity"] == {
        "value": 11.0,  # 2 + 1 + 3 + 2 + 0 + 1 + 1 + 0 + 1
        "unit": "score",
        "system": "http://unitsofmeasure.org",
        "code": "{score}",
    }
    assert total["interpretation"][0]["text"] == "moderate"
    assert total["effectiveDateTime"] == "2026-03-07"
    assert total["derivedFrom"] == [{"reference": "QuestionnaireResponse/9"}]
    assert "v3-ObservationInterpretation" not in json.dumps(total)
    flag = written["phq9-self-harm"]
    assert flag["valueCodeableConcept"]["text"] == "raised"
    assert flag["component"][0]["valueInteger"] == 1
    assert "valueQuantity" not in written["phq9-syndrome"]


def test_a_withheld_score_claims_us_core_and_has_its_reason_and_no_number():
    ours = score(PHQ9(q1=2, q2=1))
    for one in fhir.observations(ours, subject="Patient/1", effective="2026-03-07"):
        if one["code"]["coding"][-1]["code"] != "phq9-total":
            continue
        assert one["meta"]["profile"] == [
            "http://hl7.org/fhir/us/core/StructureDefinition/us-core-observation-screening-assessment"
        ]
        assert not [key for key in one if key.startswith("value")]
        assert one["dataAbsentReason"]["coding"][1]["code"] == "too_few_answers"
        assert "2 of 9 answered" in one["note"][0]["text"]


def test_the_standard_error_is_a_component():
    ours = score(PROMIS29(edanx01=2, edanx40=2, edanx41=2, edanx53=2))  # T 55.8, SE 2.7
    [anxiety] = [
        one
        for one in fhir.observations(ours, subject="Patient/1", effective="2026-03-07", profile=None)
        if one["code"]["coding"][-1]["code"] == "promis29-anxiety"
    ]
    assert "meta" not in anxiety
    assert anxiety["valueQuantity"]["value"] == 55.8
    assert anxiety["valueQuantity"]["unit"] == "T-score"
    errors = [c for c in anxiety["component"] if c["code"]["coding"][0]["code"] == "standard-error"]
    assert [c["valueQuantity"]["value"] for c in errors] == [2.7]


def own() -> list[dict[str, Any]]:
    ours = score(GAD7(q1=1, q2=1, q3=1, q4=1, q5=1, q6=1, q7=1))
    return fhir.observations(ours, subject="Patient/1", effective="2026-03-07")


@pytest.mark.parametrize(
    "change",
    [
        lambda o: o[0]["valueQuantity"].update(value=8.0),
        lambda o: o[0]["interpretation"][0].update(text="severe"),
        lambda o: o[0]["component"][0].update(valueInteger=6),
        lambda o: o[0].update(component=[]),
        lambda o: o[0].update(status="entered-in-error"),
        lambda o: o[0].update(method={}),
        lambda o: o[0].update(component="x"),
        lambda o: o.append(o[0]),
        lambda o: o.pop(),
        lambda o: o.clear(),
        lambda o: o[0]["method"]["coding"][0].update(code="phq9"),
        lambda o: o[0]["component"][-1]["valueRatio"].update(numerator={"value": "7"}),
    ],
)
def test_forged_and_incomplete_scores_are_refused(change):
    written = own()
    assert fhir.scores(copy.deepcopy(written)).total.value == 7
    change(written)
    with pytest.raises(InputError):
        fhir.scores(written)


LOINC = "http://loinc.org"


def observation(code: str, **value: Any) -> dict[str, Any]:
    return {
        "resourceType": "Observation",
        "status": "final",
        "code": {"coding": [{"system": LOINC, "code": code}]},
        **value,
    }


@pytest.mark.parametrize(
    ("given_", "stated"),
    [
        (observation("44261-6", valueQuantity={"value": 12, "code": "{score}"}), [("phq9", "total", 12)]),
        (observation("44261-6", valueQuantity={"value": 12, "code": "1"}), [("phq9", "total", 12)]),
        (observation("44261-6", valueQuantity={"value": 12}), [("phq9", "total", 12)]),
        (observation("44249-1", valueInteger=27), [("phq9", "total", 27)]),  # the panel's code
        (observation("62337-1", valueInteger=27), []),  # a panel of many scores
        (observation("1-8", component=[observation("70274-6", valueInteger=3)]), [("gad7", "total", 3)]),
        (observation("44261-6"), []),
        (observation("8867-4", valueInteger=80), []),
    ],
)
def test_scores_that_others_recorded(given_, stated):
    assert [(r.instruments[0], r.scale, r.value) for r in fhir.recorded(given_)] == stated


def test_recorded_scores_that_do_not_hold_or_have_another_unit():
    for bad in (
        observation("44261-6", valueQuantity={"value": 12, "code": "kg"}),
        {**observation("44261-6", valueInteger=12), "status": "entered-in-error"},
        {"resourceType": "Patient"},
        [],
    ):
        with pytest.raises(InputError):
            fhir.recorded(bad)  # type: ignore[arg-type]


@pytest.mark.parametrize("wrong", [{"comparator": "<"}, {"code": "%"}])
def test_a_bound_or_another_unit_is_no_score(wrong: dict[str, str]) -> None:
    ours = score(PEG(pain=7, enjoyment=5, activity=6))
    written = fhir.observations(ours, subject="Patient/1", effective="2026-03-07")
    assert fhir.scores(written).mean.value == 6
    written[0]["valueQuantity"] |= wrong
    for read in (lambda: fhir.scores(written), lambda: fhir.recorded(written[0])):
        with pytest.raises(InputError) as caught:
            read()
        assert caught.value.code == "unit_unknown"


def test_a_code_of_another_system_is_no_code_of_loinc() -> None:
    other = observation("77861-3", valueDecimal=62.2)
    other["code"]["coding"][0]["system"] = "http://example.org/codes"
    assert fhir.recorded(other) == ()


def test_a_code_that_editions_share_names_them_all():
    [one] = fhir.recorded(observation("77861-3", valueDecimal=62.2))
    assert one.scale == "depression"
    assert set(one.instruments) >= {"promis29", "promis29_v2_0"}


def test_bundles():
    resources = [{"resourceType": "Patient", "id": "1"}, fhir.questionnaire_response(PEG(pain=7))]
    made = fhir.bundle(resources)
    assert [entry["request"]["method"] for entry in made["entry"]] == ["PUT", "POST"]
    assert made["entry"][0]["request"]["url"] == "Patient/1"
    assert fhir.bundle(resources) == made
    assert len({entry["fullUrl"] for entry in fhir.bundle([resources[1]] * 3)["entry"]}) == 3
    assert "request" not in fhir.bundle(resources, "collection")["entry"][0]
    assert fhir.responses([json.dumps(made)]).rows_out == 1


@pytest.mark.parametrize(
    "call",
    [
        lambda: fhir.questionnaire("phq"),
        lambda: fhir.questionnaire("phq9", url=5),  # type: ignore[arg-type]
        lambda: fhir.questionnaire_response({}),  # type: ignore[arg-type]
        lambda: fhir.questionnaire_response(PEG(), status="final"),
        lambda: fhir.questionnaire_response(PEG(), authored="7 March"),
        lambda: fhir.questionnaire_response(PEG(), authored=datetime(2026, 3, 7, 10)),
        lambda: fhir.questionnaire_response(PEG(), subject=5),  # type: ignore[arg-type]
        lambda: fhir.observations(5, subject="P", effective="2026-03-07"),  # type: ignore[arg-type]
        lambda: fhir.observations(score(PEG()), subject="P", effective="2026-03"),
        lambda: fhir.observations(score(PEG()), subject="", effective="2026-03-07"),
        lambda: fhir.observations(score(PEG()), subject="P", effective="2026-03-07", profile="x"),  # type: ignore[arg-type]
        lambda: fhir.bundle([5]),  # type: ignore[list-item]
        lambda: fhir.bundle([], "batch"),  # type: ignore[arg-type]
    ],
)
def test_arguments_outside_what_they_may_be(call):
    with pytest.raises((ParameterError, UnknownNameError)):
        call()


def test_times_with_their_zone():
    at = datetime(2026, 3, 7, 10, 30, tzinfo=UTC)
    assert fhir.questionnaire_response(PEG(), authored=at)["authored"] == "2026-03-07T10:30:00+00:00"
    assert "item" not in fhir.questionnaire_response(PEG())
    assert fhir.response(fhir.questionnaire_response(PCS())).answers == PCS()
