"""Resources of real makers: each file of the manifest gives its stated reading, or its stated refusal and place."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from ipm_outcomes import fhir, score
from ipm_outcomes.errors import InputError

Real = Callable[[str], Path]


def load(real: Real, name: str) -> Any:
    return json.loads(real(f"fhir/{name}").read_text(encoding="utf-8"))


# Scores as the manifest states them with their arithmetic.
SCORES: dict[str, tuple[str, str, float | None]] = {
    "spezi_phq9_response.json": ("phq9", "total", 27),
    "sdc_phq9_response_wrong_total.json": ("phq9", "total", 10),
    "sdc_phq9_adaptive_wrong_total.json": ("phq9", "total", 10),
    "mii2025_phq9_response_no_system.json": ("phq9", "total", 27),
    "mii2026_gad7_response_german.json": ("gad7", "total", 7),
    "phr_phq9_response.json": ("phq9", "total", 3),
    "phr_gad7_response.json": ("gad7", "total", 3),
    "beda_phq9_response.json": ("phq9", "total", 12),
    "cirg_peg_response.json": ("peg", "mean", 5),
    "peg_response_integer_partial.json": ("peg", "mean", None),
    "lhcforms_phq9_partial_sum_counts_blank_as_zero.json": ("phq9", "total", None),
    "phq9_response_declined_and_absent.json": ("phq9", "total", None),
}
REFUSALS: dict[str, tuple[type[InputError], str, str | None]] = {
    "om1_stu3_phq9_code_contradicts_ordinal.json": (
        fhir.WrongAnswers,
        "ordinal_contradicts",
        "item[0].answer[0]",
    ),
    "rti_mypain_answers_in_answerOption.json": (fhir.NotAResponse, "answer_in_answer_option", "item[1]"),
    "aidbox_native_phq9_response.json": (fhir.NotAResponse, "native_aidbox", "item[0].answer[0]"),
    "phq9_response_duplicate_and_two_answers.json": (fhir.WrongAnswers, "duplicate_item", "item[1]"),
    "mii_promis29_response_wrong_tscores.json": (fhir.UnknownForm, "edition_unknown", None),
    "gad7_response_valuestring_labels.json": (fhir.UnknownForm, "unknown_form", None),
}
RECORDED: dict[str, tuple[str, float]] = {
    "mii2025_phq9_observation.json": ("total", 27),
    "mii2027_promis_depression_tscore_observation.json": ("depression", 62.2),
    "phr_gad7_observation_component.json": ("total", 3),
    "pco_gad7_observation_old_unit.json": ("total", 10),
}
FORMS = {"pco_questionnaire_phq9.json": "phq9", "pco_questionnaire_gad7.json": "gad7"}


def test_every_file_of_the_manifest_is_here(real: Real) -> None:
    with real("fhir/manifest.csv").open(encoding="utf-8", newline="") as file:
        listed = {row["file"] for row in csv.DictReader(file)}
    assert listed == {*SCORES, *REFUSALS, *RECORDED, *FORMS}


@pytest.mark.parametrize("name", SCORES)
def test_the_stated_score(name: str, real: Real) -> None:
    id, scale, value = SCORES[name]
    read = fhir.response(load(real, name))
    assert read.instrument == id
    assert score(read.answers).scale(scale).value == value


@pytest.mark.parametrize("name", REFUSALS)
def test_the_stated_refusal(name: str, real: Real) -> None:
    kind, code, place = REFUSALS[name]
    with pytest.raises(kind) as caught:
        fhir.response(load(real, name))
    assert (caught.value.code, caught.value.place) == (code, place)
    assert "Example Person" not in str(caught.value)


def notes(read: fhir.ReadResponse, code: str) -> list[str]:
    return [note.message for note in read.notes if note.code == code]


@pytest.mark.parametrize("name", ["sdc_phq9_response_wrong_total.json", "sdc_phq9_adaptive_wrong_total.json"])
def test_a_wrong_total_is_told_and_not_taken(name: str, real: Real) -> None:
    read = fhir.response(load(real, name))
    assert [r.value for r in read.recorded] == [13]
    assert notes(read, "recorded_differs") == ["total: 13 is recorded; the answers give 10"]


def test_blank_counted_as_zero_is_told(real: Real) -> None:
    read = fhir.response(load(real, "lhcforms_phq9_partial_sum_counts_blank_as_zero.json"))
    assert [r.value for r in read.recorded] == [10]
    assert notes(read, "recorded_without_score")
    assert score(read.answers, missing="prorate").total.value == 11.25  # 10 x 9 / 8


def test_codes_without_system_and_the_unscored_item(real: Real) -> None:
    read = fhir.response(load(real, "mii2025_phq9_response_no_system.json"))
    assert notes(read, "code_without_system")
    assert read.answers.difficulty == 3
    assert [r.value for r in read.recorded] == [27]


def test_declined_answers_keep_their_reason(real: Real) -> None:
    read = fhir.response(load(real, "phq9_response_declined_and_absent.json"))
    assert read.reasons == {"q8": "asked-declined", "q9": "asked-declined"}
    scores = score(read.answers)
    assert scores.total.answered == 7
    assert [(flag.id, flag.state) for flag in scores.flags] == [("self_harm", "not answered")]


def test_items_of_no_instrument_are_counted_and_not_told(real: Real) -> None:
    read = fhir.response(load(real, "beda_phq9_response.json"))
    assert len(notes(read, "unknown_items")) == 1
    assert "Example" not in str(read.notes)
    assert read.subject is None


def test_a_form_in_progress_is_told(real: Real) -> None:
    read = fhir.response(load(real, "peg_response_integer_partial.json"))
    assert notes(read, "not_completed")
    assert score(read.answers).mean.answered == 2


def test_both_numbers_of_a_contradiction_and_the_way_out(real: Real) -> None:
    resource = load(real, "om1_stu3_phq9_code_contradicts_ordinal.json")
    with pytest.raises(fhir.WrongAnswers) as caught:
        fhir.response(resource)
    assert len(caught.value.problems) == 6
    read = fhir.response(resource, ordinal="trust")
    assert score(read.answers).total.value == 11
    assert [r.value for r in read.recorded] == [11]
    assert not notes(read, "recorded_differs")


def test_both_faults_of_the_file_with_two(real: Real) -> None:
    with pytest.raises(fhir.WrongAnswers) as caught:
        fhir.response(load(real, "phq9_response_duplicate_and_two_answers.json"))
    assert [(p.code, p.place) for p in caught.value.problems] == [
        ("duplicate_item", "item[1]"),
        ("several_answers", "item[2].answer"),
    ]
    assert "item[0]" in str(caught.value)


def test_labels_of_a_maker_are_read_only_as_the_caller_says(real: Real) -> None:
    resource = load(real, "gad7_response_valuestring_labels.json")
    items = {f"gad7_{n}": f"q{n}" for n in range(1, 8)}
    with pytest.raises(fhir.WrongAnswers):
        fhir.response(resource, "gad7", items=items)
    with pytest.raises(fhir.WrongAnswers, match="labels=") as caught:
        fhir.response(resource, "gad7", items=items, labels="accept")
    assert [p.item for p in caught.value.problems] == ["q3"]
    read = fhir.response(resource, "gad7", items=items, labels={"Nearly everyday": 3})
    assert score(read.answers).total.value == 8  # 0 + 1 + 3 + 2 + 0 + 1 + 1


def test_answers_of_other_lists_withhold_their_domains(real: Real) -> None:
    resource = load(real, "mii_promis29_response_wrong_tscores.json")
    with pytest.raises(fhir.WrongAnswers) as caught:
        fhir.response(resource, "promis29")
    assert len(caught.value.problems) == 8
    assert {p.item for p in caught.value.problems} == {
        *("hi7", "an3", "fatexp41", "fatexp40"),
        *("sleep109", "sleep116", "sleep20", "sleep44"),
    }
    assert caught.value.place == "item[3].item[1].answer[0]"
    read = fhir.response(resource, edition="v2.1", invalid="null")
    scores = score(read.answers)
    stated = {
        "physical_function": 37.9,
        "anxiety": 57.7,
        "depression": 63.9,
        "pain_interference": 59.9,
        "social_roles": 46.2,
        "fatigue": None,
        "sleep_disturbance": None,
    }
    assert {scale: scores.scale(scale).value for scale in stated} == stated
    # Of the seven T-scores in the file only that of depression is the one of the official tables.
    differ = {message.split(":")[0] for message in notes(read, "recorded_differs")}
    assert differ == {"physical_function", "anxiety", "social_roles", "pain_interference"}
    assert len(notes(read, "recorded_without_score")) == 2


@pytest.mark.parametrize("name", RECORDED)
def test_the_stated_recorded_score(name: str, real: Real) -> None:
    read = fhir.recorded(load(real, name))
    assert [(one.scale, one.value) for one in read] == [RECORDED[name]]


@pytest.mark.parametrize("name", FORMS)
def test_our_form_says_what_the_form_of_the_guide_says(name: str, real: Real) -> None:
    theirs = load(real, name)
    ours = {item["linkId"]: item for item in fhir.questionnaire(FORMS[name])["item"]}
    compared = 0
    for item in theirs["item"]:
        code = next((coding["code"] for coding in item.get("code", ())), None)
        if code is None or "answerOption" not in item:
            continue
        mine = ours[code]
        assert mine["type"] == item["type"]
        pairs = zip(mine["answerOption"], item["answerOption"], strict=True)
        for own, other in ((a["valueCoding"], b["valueCoding"]) for a, b in pairs):
            if other["code"] == "LA18938-3":  # stands where LA6570-1 is expected, in one item of the GAD-7
                assert own["code"] == "LA6570-1"
                continue
            assert (own["code"], own["display"]) == (other["code"], other["display"])
        compared += 1
    assert compared >= {"phq9": 9, "gad7": 7}[FORMS[name]]


@pytest.mark.parametrize("name", FORMS)
def test_a_response_to_the_form_of_the_guide_needs_the_form(name: str, real: Real) -> None:
    form = load(real, name)
    asked = [item for item in form["item"] if "answerOption" in item and item.get("code")]
    items = [
        {"linkId": item["linkId"], "answer": [{"valueCoding": item["answerOption"][at % 4]["valueCoding"]}]}
        for at, item in enumerate(asked)
    ]
    resource = {"resourceType": "QuestionnaireResponse", "status": "completed", "questionnaire": form["url"]}
    with pytest.raises(fhir.UnknownForm):
        fhir.response({**resource, "item": items})
    read = fhir.response({**resource, "item": items}, form=form)
    # Answers 0, 1, 2, 3 in turn: nine of them give 12, seven 9.
    assert score(read.answers).total.value == {"phq9": 12, "gad7": 9}[FORMS[name]]


def test_all_of_them_as_one_file(real: Real, tmp_path: Path) -> None:
    names = sorted({*SCORES, *REFUSALS, *RECORDED, *FORMS})
    file = tmp_path / "all.ndjson"
    file.write_text("".join(json.dumps(load(real, name)) + "\n" for name in names), encoding="utf-8")
    read = fhir.responses(file)
    assert read.rows_in == len(names) == read.rows_out + len(read.left_out["line"])
    left = {names[line - 1] for line in read.left_out["line"]}
    # The two with wrong answers keep their row and their problems.
    wrong = {"om1_stu3_phq9_code_contradicts_ordinal.json", "phq9_response_duplicate_and_two_answers.json"}
    assert left == {*REFUSALS, *RECORDED, *FORMS} - wrong
    assert {names[line - 1] for line in read.problems["line"]} == wrong
    assert "Example Person" not in str(read.left_out)
    assert Decimal(read.recorded["recorded"][0]) == 12
