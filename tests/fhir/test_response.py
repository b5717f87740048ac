"""Reading QuestionnaireResponses: styles of makers, witnesses, contradictions with their places, and no data in errors.

Codes of answers are typed here from LOINC's lists as the makers' files carry them, not taken from the library.
"""

from __future__ import annotations

import copy
import json
import pickle
from decimal import Decimal
from typing import Any

import pytest

from ipm_outcomes import fhir, score
from ipm_outcomes.errors import InputError, ParameterError, UnknownNameError

LOINC = "http://loinc.org"
PHQ9 = [
    *("44250-9", "44255-8", "44259-0", "44254-1", "44251-7", "44258-2", "44252-5", "44253-3", "44260-8"),
]
FREQUENCY = ["LA6568-5", "LA6569-3", "LA6570-1", "LA6571-9"]
ORDINALS = [
    "http://hl7.org/fhir/StructureDefinition/ordinalValue",
    "http://hl7.org/fhir/StructureDefinition/itemWeight",
    "http://hl7.org/fhir/StructureDefinition/iso21090-CO-value",
]
SECRET = "Zqxjk Doe"


def coding(code: str, **more: Any) -> dict[str, Any]:
    return {"valueCoding": {"system": LOINC, "code": code, **more}}


def form(items: list[dict[str, Any]], **more: Any) -> dict[str, Any]:
    return {"resourceType": "QuestionnaireResponse", "status": "completed", "item": items, **more}


def phq9(answers: list[int], prefix: str = "", **more: Any) -> dict[str, Any]:
    items = [
        {"linkId": prefix + link, "answer": [coding(FREQUENCY[n])]}
        for link, n in zip(PHQ9, answers, strict=True)
    ]
    return form(items, **more)


def refused(resource: Any, *args: Any, **options: Any) -> InputError:
    with pytest.raises(InputError) as caught:
        fhir.response(resource, *args, **options)
    assert SECRET not in str(caught.value)
    assert caught.value.__cause__ is None
    return caught.value


def notes(read: fhir.ReadResponse) -> set[str]:
    return {note.code for note in read.notes}


ANSWERS = [2, 1, 3, 2, 0, 1, 1, 0, 1]  # 2 + 1 + 3 + 2 + 0 + 1 + 1 + 0 + 1 = 11


@pytest.mark.parametrize("prefix", ["", "/"])
@pytest.mark.parametrize(
    "more",
    [
        {},
        {"questionnaire": "http://loinc.org/q/44249-1"},
        {"questionnaire": "http://hl7.org/fhir/us/pco/Questionnaire/44249-1|1.0.0"},
        {"questionnaire": "Questionnaire/some-form"},
        {"questionnaire": "phq2phq9"},
        {"questionnaire": {"reference": "Questionnaire/5"}},
        {"questionnaire": "#absent"},
    ],
)
def test_links_that_are_loinc_codes(prefix, more):
    read = fhir.response(phq9(ANSWERS, prefix, **more))
    assert read.instrument == "phq9"
    assert score(read.answers).total.value == 11
    assert [getattr(read.answers, f"q{n}") for n in range(1, 10)] == ANSWERS


def test_the_order_of_items_does_not_matter():
    resource = phq9(ANSWERS)
    resource["item"].reverse()
    assert fhir.response(resource).answers == fhir.response(phq9(ANSWERS)).answers


@pytest.mark.parametrize("where", ["extension", "_valueCoding"])
def test_a_value_with_a_reason_why_there_is_none_contradicts_itself(where):
    url = "http://hl7.org/fhir/StructureDefinition/data-absent-reason"
    said = [{"url": url, "valueCode": "asked-declined"}]
    resource = phq9(ANSWERS)
    resource["item"][3]["answer"][0][where] = said if where == "extension" else {"extension": said}
    error = refused(resource)
    assert (error.code, error.place) == ("wrong_answer", "item[3].answer[0]")


@pytest.mark.parametrize(
    "value", [{"valueInteger": 2}, {"valueDecimal": 2.0}, {"valueQuantity": {"value": 2}}]
)
def test_a_number_in_the_place_of_a_code_is_noted(value):
    resource = phq9(ANSWERS)
    resource["item"][0]["answer"] = [value]
    read = fhir.response(resource, "phq9")
    assert (read.answers.q1, "number_taken" in notes(read)) == (2, True)


def test_slashes_are_part_of_an_id_and_no_path():
    items = [{"linkId": f"x/{link}", "answer": [coding("LA6568-5")]} for link in PHQ9]
    assert refused(form(items)).code == "unknown_form"
    assert refused(form(items), "phq9").code == "unknown_form"


def test_numbers_as_links_are_never_taken_by_their_order():
    items = [{"linkId": str(n), "answer": [coding("LA6568-5")]} for n in range(1, 10)]
    error = refused(form(items), "phq9")
    assert (error.code, error.place) == ("unknown_form", "item[0]")
    by_caller = fhir.response(form(items), "phq9", items={str(n): f"q{n}" for n in range(1, 10)})
    assert score(by_caller.answers).total.value == 0
    for n, part in enumerate(items):
        part["definition"] = f"http://loinc.org/fhir/DataElement/{PHQ9[n]}"
    assert score(fhir.response(form(items)).answers).total.value == 0


def test_the_questionnaire_says_what_a_link_is():
    questionnaire = {
        "resourceType": "Questionnaire",
        "url": "http://example.org/Questionnaire/own",
        "item": [
            {
                "linkId": "g",
                "item": [
                    {"linkId": str(14363 + n), "code": [{"system": LOINC, "code": code}]}
                    for n, code in enumerate(PHQ9)
                ],
            }
        ],
    }
    items = [{"linkId": str(14363 + n), "answer": [coding(FREQUENCY[a])]} for n, a in enumerate(ANSWERS)]
    assert score(fhir.response(form(items), form=questionnaire).answers).total.value == 11
    named = form(items, questionnaire="Questionnaire/own")
    assert score(fhir.response(named, form=questionnaire).answers).total.value == 11
    other = form(items, questionnaire="Questionnaire/other")
    assert refused(other, form=questionnaire).place == "questionnaire"
    inside = form(
        items,
        questionnaire="#f",
        contained=[{**{k: v for k, v in questionnaire.items() if k != "url"}, "id": "f"}],
    )
    assert score(fhir.response(inside).answers).total.value == 11


def test_answers_under_answers_and_groups_are_found():
    first, second, *rest = phq9(ANSWERS)["item"]
    first["answer"][0]["item"] = [second]
    nested = form([{"linkId": "g", "item": [{"linkId": "h", "item": [first, *rest]}]}])
    assert score(fhir.response(nested).answers).total.value == 11


@pytest.mark.parametrize("url", ORDINALS)
@pytest.mark.parametrize("on_coding", [True, False])
def test_a_number_beside_an_answer_is_a_witness(url, on_coding):
    def with_number(number: Any) -> dict[str, Any]:
        resource = phq9(ANSWERS)
        part = resource["item"][2]["answer"][0]
        target = part["valueCoding"] if on_coding else part
        target["extension"] = [{"url": url, "valueDecimal": number}]
        return resource

    assert fhir.response(with_number(3)).answers.q3 == 3
    error = refused(with_number(1))
    assert (error.code, error.place) == ("ordinal_contradicts", "item[2].answer[0]")
    assert "the code says 3, the number in the extension 1" in str(error)
    assert fhir.response(with_number(1), ordinal="trust").answers.q3 == 1
    assert refused(with_number(4), ordinal="trust").code == "ordinal_contradicts"
    assert refused(with_number(1.5), ordinal="trust").code == "ordinal_contradicts"
    assert refused(with_number("3")).code == "ordinal_contradicts"


@pytest.mark.parametrize("key", ["_code", "_display", "_valueCoding"])
def test_a_number_on_a_plain_value_is_a_witness_too(key):
    for number, code in ((3, None), (1, "ordinal_contradicts")):
        resource = phq9(ANSWERS)
        part = resource["item"][2]["answer"][0]
        target = part if key == "_valueCoding" else part["valueCoding"]
        target[key] = {"extension": [{"url": ORDINALS[0], "valueDecimal": number}]}
        if code is None:
            assert fhir.response(resource).answers.q3 == 3
        else:
            assert refused(resource).code == code


def test_a_display_that_is_the_label_of_another_answer_is_an_error():
    # LA6574-3 is "Extremely difficult", LA6575-0 "Very difficult"; public fixtures swap them.
    items = [{"linkId": "69722-7", "answer": [coding("LA6574-3", display="Very difficult")]}]
    error = refused(form(items), "phq9")
    assert (error.code, error.place) == ("display_contradicts", "item[0].answer[0]")
    items[0]["answer"][0]["valueCoding"]["display"] = "Extrem schwierig"
    assert fhir.response(form(items), "phq9").answers.difficulty == 3


def test_the_same_code_is_another_answer_elsewhere():
    # LA6568-5 "Not at all": 0 on the PHQ-9, 1 on a PROMIS intensity item, 5 on the refreshing sleep item.
    assert fhir.response(phq9([0] * 9)).answers.q1 == 0
    items = [
        {"linkId": "61758-9", "answer": [coding("LA6568-5")]},
        {"linkId": "61986-6", "answer": [coding("LA6568-5")]},
    ]
    read = fhir.response(form(items), "promis29")
    assert (read.answers.painin9, read.answers.sleep116) == (1, 5)


def test_codes_of_another_list_are_wrong_answers_with_their_place():
    # LA10082-8 "Sometimes" is no answer of a fatigue item.
    items = [
        {"linkId": "61878-5", "answer": [coding("LA10082-8")]},
        {"linkId": "61882-7", "answer": [coding("LA13909-9")]},
    ]
    error = refused(form(items), "promis29")
    assert isinstance(error, fhir.WrongAnswers)
    assert [(p.code, p.place, p.item) for p in error.problems] == [
        ("wrong_answer", "item[0].answer[0]", "hi7")
    ]
    read = fhir.response(form(items), "promis29", invalid="null")
    assert (read.answers.hi7, read.answers.an3) == (None, 3)
    assert [p.item for p in read.problems] == ["hi7"]


def test_often_on_a_social_item_is_taken_and_told():
    # A public German form offers LA10044-8 "Often" where the item has "Usually": 2.
    items = [{"linkId": "76709-5", "answer": [coding("LA10044-8")]}]
    read = fhir.response(form(items), "promis29")
    assert read.answers.srpper23_caps == 2
    assert "code_of_another_list" in notes(read)


def test_a_code_without_its_system_is_taken_only_if_it_is_an_answer_of_the_item():
    resource = phq9(ANSWERS)
    del resource["item"][0]["answer"][0]["valueCoding"]["system"]
    read = fhir.response(resource)
    assert read.answers.q1 == 2
    assert "code_without_system" in notes(read)
    resource["item"][0]["answer"][0]["valueCoding"]["code"] = "LA6574-3"  # of the question on difficulty
    assert refused(resource).code == "wrong_answer"


@pytest.mark.parametrize("value", [7, 7.0, Decimal("7"), Decimal("7.0")])
@pytest.mark.parametrize("key", ["valueInteger", "valueDecimal"])
def test_whole_numbers_of_any_kind_are_answers(value, key):
    items = [{"linkId": "75893-8", "answer": [{key: value}]}]
    assert fhir.response(form(items), "peg").answers.pain == 7


@pytest.mark.parametrize(
    "answer",
    [
        {"valueDecimal": 4.5},
        {"valueInteger": 11},
        {"valueInteger": -1},
        {"valueInteger": True},
        {"valueDecimal": float("nan")},
        {"valueDecimal": float("inf")},
        {"valueDecimal": "5"},
        {"valueDecimal": [5]},
        {"valueInteger": 10**30},
        {"valueBoolean": True},
        {"valueString": "5"},
        {"valueString": SECRET},
        {"valueDate": "2024-01-01"},
        {"valueQuantity": {"value": 5, "unit": "mg"}},
        {"valueQuantity": {"value": 5, "comparator": "<"}},
        {"valueQuantity": {}},
        {"valueCoding": {"system": LOINC, "code": SECRET}},
        {"valueCoding": {"system": SECRET, "code": "5"}},
        {"valueCoding": {}},
    ],
)
def test_what_is_no_answer_is_refused_with_its_place(answer):
    items = [{"linkId": "75893-8", "answer": [answer]}]
    error = refused(form(items), "peg")
    assert (error.code, error.place) == ("wrong_answer", "item[0].answer[0]")
    assert fhir.response(form(items), "peg", invalid="null").answers.pain is None


def test_labels_are_taken_only_when_asked_for_and_only_as_they_are():
    items = [{"linkId": "44250-9", "answer": [{"valueString": "Several days"}]}]
    assert refused(form(items)).code == "wrong_answer"
    assert fhir.response(form(items), labels="accept").answers.q1 == 1
    items[0]["answer"][0]["valueString"] = "Nearly everyday"
    assert refused(form(items), labels="accept").code == "wrong_answer"
    assert fhir.response(form(items), labels={"Nearly everyday": 3}).answers.q1 == 3
    assert refused(form(items), labels={"Nearly everyday": 4}).code == "wrong_answer"


@pytest.mark.parametrize(
    "part",
    [
        {},
        {"answer": []},
        {"answer": [{}]},
        {"answer": [{"valueCoding": {"system": fhir_absent, "code": "asked-declined"}}]}
        if (fhir_absent := "http://terminology.hl7.org/CodeSystem/data-absent-reason")
        else {},
        {
            "answer": [
                {
                    "_valueInteger": {
                        "extension": [
                            {
                                "url": "http://hl7.org/fhir/StructureDefinition/data-absent-reason",
                                "valueCode": "asked-declined",
                            }
                        ]
                    }
                }
            ]
        },
    ],
)
def test_every_way_of_no_answer_is_not_answered_and_never_zero(part):
    resource = phq9(ANSWERS)
    resource["item"][8] = {"linkId": PHQ9[8], **part}
    read = fhir.response(resource)
    assert read.answers.q9 is None
    assert score(read.answers).total.absent.code == "too_few_answers"
    assert read.reasons == ({"q9": "asked-declined"} if "asked-declined" in str(part) else {})


def test_an_item_that_stands_twice():
    resource = phq9(ANSWERS)
    resource["item"].append(copy.deepcopy(resource["item"][0]))
    assert "duplicate_item" in notes(fhir.response(resource))
    resource["item"][-1]["answer"] = [coding("LA6568-5")]
    error = refused(resource)
    assert (error.code, error.place) == ("duplicate_item", "item[9]")
    assert "item[0]" in str(error)
    assert fhir.response(resource, invalid="null").answers.q1 is None


def test_two_answers_to_one_question():
    resource = phq9(ANSWERS)
    resource["item"][1]["answer"] *= 2
    assert fhir.response(resource).answers.q2 == 1
    resource["item"][1]["answer"] = [coding("LA6568-5"), coding("LA6569-3")]
    error = refused(resource)
    assert (error.code, error.place) == ("several_answers", "item[1].answer")
    resource["item"][1]["answer"] = [{"valueInteger": 1, "valueDecimal": 1.0}]
    assert refused(resource).code == "several_answers"


def test_recorded_totals_are_witnesses():
    resource = phq9(ANSWERS)
    resource["item"].append({"linkId": "/44261-6", "answer": [{"valueDecimal": 11}]})
    read = fhir.response(resource)
    assert [(r.scale, r.value, r.place) for r in read.recorded] == [("total", 11, "item[9].answer[0]")]
    assert "recorded_differs" not in notes(read)
    resource["item"][-1]["answer"] = [{"valueQuantity": {"value": 14, "code": "{score}"}}]
    read = fhir.response(resource)
    assert score(read.answers).total.value == 11
    assert "recorded_differs" in notes(read)
    del resource["item"][0]
    assert "recorded_without_score" in notes(fhir.response(resource))


@pytest.mark.parametrize(
    ("recorded", "agrees"), [(5.33, True), (5.3, True), (5, True), (5.34, False), (6, False)]
)
def test_a_recorded_mean_may_be_rounded(recorded, agrees):
    # (5 + 6 + 5) / 3 = 5.333...
    items = [
        {"linkId": link, "answer": [{"valueInteger": n}]}
        for link, n in zip(["75893-8", "91145-3", "91146-1"], [5, 6, 5], strict=True)
    ]
    items.append({"linkId": "91147-9", "answer": [{"valueDecimal": recorded}]})
    assert ("recorded_differs" not in notes(fhir.response(form(items)))) == agrees


PROMIS = ["61597-1", "61607-8", "61609-4", "61635-9"]


def test_editions_are_never_guessed():
    items = [{"linkId": link, "answer": [coding("LA13920-6")]} for link in PROMIS]
    for more in ({}, {"questionnaire": "http://loinc.org/q/62337-1"}):
        assert refused(form(items, **more)).code == "edition_unknown"
    by = {
        "edition": fhir.response(form(items), edition="v2.0"),
        "address": fhir.response(form(items, questionnaire="http://example.org/q/promis-29-v2.1/62337-1")),
        "score": fhir.response(
            form(
                [*items, {"linkId": "91721-1", "answer": [{"valueDecimal": 38.5}]}],
                questionnaire="http://loinc.org/q/62337-1",
            )
        ),
    }
    assert {how: read.instrument for how, read in by.items()} == {
        "edition": "promis29_v2_0",
        "address": "promis29",
        "score": "promis29",
    }
    assert "edition_decided" in notes(by["score"])
    assert refused(form(items), edition="v9").code == "edition_unknown"
    foreign = [*items, {"linkId": "62041-9", "answer": [coding("LA13909-9")]}]
    assert refused(form(foreign), edition="v2.1").code == "edition_unknown"


def test_items_of_several_instruments_are_not_mixed():
    gad7 = [{"linkId": "69725-0", "answer": [coding("LA6571-9")]}]
    both = form([*phq9(ANSWERS)["item"], *gad7])
    assert refused(both).code == "unknown_form"
    assert score(fhir.response(both, "phq9").answers).total.value == 11
    assert fhir.response(both, "gad7").answers.q1 == 3


def test_the_form_of_another_instrument_is_an_error():
    assert refused(phq9(ANSWERS, questionnaire="http://loinc.org/q/44249-1"), "gad7").place == "questionnaire"


@pytest.mark.parametrize(
    ("status", "code"),
    [
        ("in-progress", "not_completed"),
        ("stopped", "not_completed"),
        ("final", "status_unknown"),
        (None, "status_unknown"),
    ],
)
def test_the_status_is_told(status, code):
    assert code in notes(fhir.response(phq9(ANSWERS, status=status)))
    assert not notes(fhir.response(phq9(ANSWERS, status="amended"))) & {"not_completed", "status_unknown"}


def test_what_was_entered_in_error_is_refused():
    error = refused(phq9(ANSWERS, status="entered-in-error"))
    assert (error.code, error.place) == ("entered_in_error", "status")


@pytest.mark.parametrize(
    ("resource", "code", "place"),
    [
        (None, "not_a_response", None),
        ([], "not_a_response", None),
        (SECRET, "not_a_response", None),
        ({}, "not_a_response", "resourceType"),
        ({"resourceType": "Observation"}, "not_a_response", "resourceType"),
        ({"resourceType": SECRET}, "not_a_response", "resourceType"),
        (form({"linkId": "1"}), "not_a_response", "item"),  # type: ignore[arg-type]
        (form([SECRET]), "not_a_response", "item[0]"),  # type: ignore[list-item]
        (form([{"linkId": 5}]), "not_a_response", "item[0].linkId"),
        (form([{"answer": [{"valueInteger": 1}]}]), "not_a_response", "item[0]"),
        (form([{"linkId": "44250-9", "answer": {"valueInteger": 1}}]), "not_a_response", "item[0].answer"),
        (form([{"linkId": "44250-9", "answer": [3]}]), "not_a_response", "item[0].answer[0]"),
        (
            form([{"linkId": "44250-9", "answer": [{"value": {"Coding": {}}}]}]),
            "native_aidbox",
            "item[0].answer[0]",
        ),
        (form([{"linkId": "44250-9", "answerOption": [{}]}]), "answer_in_answer_option", "item[0]"),
        (form([{"linkId": "44250-9", "item": 5}]), "not_a_response", "item[0].item"),
        (phq9(ANSWERS, questionnaire=5), "not_a_response", "questionnaire"),
        (phq9(ANSWERS, authored=5), "not_a_response", "authored"),
    ],
)
def test_what_is_no_response_is_told_with_its_place(resource, code, place):
    error = refused(resource)
    assert (error.code, error.place) == (code, place)


def test_a_form_that_holds_itself_ends():
    item: dict[str, Any] = {"linkId": "g"}
    item["item"] = [item, item]
    assert refused(form([item])).code == "not_a_response"
    resource = phq9(ANSWERS, questionnaire="#a")
    resource["contained"] = [{"resourceType": "Questionnaire", "id": "a", "derivedFrom": ["#a"]}]
    assert fhir.response(resource).answers.q1 == 2


def test_the_subject_is_kept_and_never_shown():
    read = fhir.response(phq9(ANSWERS, subject={"reference": SECRET}, authored="2024-05-01"))
    assert (read.subject, read.authored) == (SECRET, "2024-05-01")
    assert SECRET not in repr(read)
    assert "q1" not in repr(read)


def test_unknown_items_are_counted_and_not_told():
    resource = phq9(ANSWERS)
    resource["item"].append({"linkId": SECRET, "answer": [{"valueString": SECRET}]})
    read = fhir.response(resource)
    assert "unknown_items" in notes(read)
    assert SECRET not in str(read.notes)


def test_arguments_outside_what_they_may_be():
    for wrong in (
        {"labels": "some"},
        {"labels": {"a": "b"}},
        {"ordinal": "no"},
        {"invalid": "no"},
        {"form": 5},
    ):
        with pytest.raises(ParameterError):
            fhir.response(phq9(ANSWERS), **wrong)
    for wrong in ({"instrument": "phq"}, {"instrument": "phq9", "items": {"1": "q77"}}):
        with pytest.raises(UnknownNameError):
            fhir.response(phq9(ANSWERS), **wrong)


def test_errors_travel():
    error = refused(phq9(ANSWERS, status="entered-in-error"))
    again = pickle.loads(pickle.dumps(error))
    assert (str(again), again.code, again.place) == (str(error), error.code, error.place)
    wrong = refused(form([{"linkId": "44250-9", "answer": [{"valueInteger": 9}]}]))
    assert pickle.loads(pickle.dumps(wrong)).problems == wrong.problems  # type: ignore[attr-defined]


def test_many_responses_are_one_table():
    lines = [
        json.dumps(phq9(ANSWERS, subject={"reference": "Patient/1"}, authored="2024-05-01")),
        "",
        "{",
        json.dumps(phq9([0] * 9)),
        json.dumps({"resourceType": "Patient", "name": SECRET}),
        json.dumps(form([{"linkId": "75893-8", "answer": [{"valueInteger": 77}]}])),
    ]
    read = fhir.responses(lines)
    assert read.instruments == ("phq9", "peg")
    assert read.data["line"] == [1, 4, 6]
    assert read.data["phq9_q1"] == [2, 0, None]
    assert read.data["peg_pain"] == [None, None, None]
    assert read.data["patient_id"] == ["Patient/1", None, None]
    assert read.left_out["line"] == [3, 5]
    assert read.left_out["reason"] == ["file_cut_off", "other_resource"]
    assert read.problems["column"] == ["peg_pain"]
    assert read.problems["line"] == [6]
    assert SECRET not in str(read.left_out)
    assert read.rows_in == read.rows_out + len(read.left_out["line"]) == 5


@pytest.mark.parametrize("backend", ["polars", "pandas", "pyarrow"])
def test_the_table_can_be_scored(backend, tmp_path):
    pytest.importorskip(backend)
    from ipm_outcomes import frames

    file = tmp_path / "r.ndjson"
    bundle = {
        "resourceType": "Bundle",
        "entry": [{"resource": phq9([1] * 9)}, {"resource": {"resourceType": "Patient"}}],
    }
    file.write_text(json.dumps(phq9(ANSWERS)) + "\n" + json.dumps(bundle) + "\n", encoding="utf-8")
    read = fhir.responses(file, backend=backend)
    scored = frames.score(read.data, "phq9")
    column = scored["phq9_total"]
    assert [float(v) for v in (column.to_pylist() if backend == "pyarrow" else column)] == [11, 9]
    assert (read.rows_in, read.rows_out) == (3, 2)


def test_nothing_readable_is_an_error_that_names_the_line(tmp_path):
    file = tmp_path / "bad.ndjson"
    file.write_bytes(b'\n{"a": "\xff"}\n')
    with pytest.raises(InputError, match="line 2") as caught:
        fhir.responses(file)
    assert caught.value.code == "encoding_unknown"
    assert fhir.responses([]).rows_in == 0


@pytest.mark.parametrize(
    "resource",
    [
        {"resourceType": "Zqxjk"},
        form([{"linkId": "75893-8", "answer": [{"valueZqxjk": "Zqxjk"}]}]),
        form([{"linkId": "75893-8", "answer": [{"_valueZqxjk": {"extension": "Zqxjk"}}]}]),
        form([{"linkId": "75893-8", "answer": [{"valueCoding": "Zqxjk"}]}]),
    ],
)
def test_words_of_the_resource_are_not_told_where_names_of_fhir_stand(resource):
    assert "zqxjk" not in str(refused(resource, "peg")).lower()


def test_a_link_and_a_code_that_say_two_items_are_an_error():
    items = [
        {"linkId": "44250-9", "definition": "http://loinc.org/x/44255-8", "answer": [coding("LA6568-5")]}
    ]
    error = refused(form(items), "phq9")
    assert (error.code, error.place) == ("unknown_form", "item[0]")
    assert "q1 and q2" in str(error)
    questionnaire = {
        "resourceType": "Questionnaire",
        "item": [{"linkId": "44250-9", "code": [{"system": LOINC, "code": "44255-8"}]}],
    }
    del items[0]["definition"]
    assert refused(form(items), "phq9", form=questionnaire).code == "unknown_form"
    sdc = {"questionnaire": "http://hl7.org/fhir/uv/sdc/Questionnaire/questionnaire-sdc-profile-example-PHQ9"}
    part = {"linkId": "H1/T1/Q1", "definition": "http://loinc.org/x/44255-8", "answer": [coding("LA6568-5")]}
    assert refused(form([part], **sdc)).place == "item[0]"
    # What the caller says goes before.
    assert fhir.response(form([part], **sdc), items={"H1/T1/Q1": "q2"}).answers.q2 == 0


def test_a_number_on_an_item_with_labels_is_taken_and_told():
    read = fhir.response(form([{"linkId": "44250-9", "answer": [{"valueInteger": 2}]}]))
    assert read.answers.q1 == 2
    assert "number_taken" in notes(read)
    assert "number_taken" not in notes(
        fhir.response(form([{"linkId": "75893-8", "answer": [{"valueInteger": 2}]}]))
    )


def test_items_beside_answers_are_read_and_reported():
    first, second, *rest = phq9(ANSWERS)["item"]
    first["item"] = [second]
    read = fhir.response(form([first, *rest]))
    assert score(read.answers).total.value == 11
    assert [note.place for note in read.notes if note.code == "item_and_answer"] == ["item[0]"]
    assert "item_and_answer" not in notes(fhir.response(phq9(ANSWERS)))
