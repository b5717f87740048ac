"""The commands ``fhir score`` and ``fhir questionnaire``, and the example file that they are shown with."""

from __future__ import annotations

import csv
import json
import runpy
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("cyclopts")
pytest.importorskip("polars")

from ipm_outcomes import PEG, fhir
from ipm_outcomes.cli import main

FOLDER = Path(__file__).parents[2] / "examples" / "clinic"
SECRET = "zqxjk"


def write(path: Path, *resources: Any) -> str:
    path.write_text("".join(json.dumps(one) + "\n" for one in resources), encoding="utf-8")
    return str(path)


def peg(*answers: Any, **more: Any) -> dict[str, Any]:
    links = ["75893-8", "91145-3", "91146-1"]
    items = [
        {"linkId": link, "answer": [{"valueInteger": n}]} for link, n in zip(links, answers, strict=False)
    ]
    base = {"resourceType": "QuestionnaireResponse", "status": "completed", "subject": {"reference": SECRET}}
    return {**base, "item": items, **more}


def test_the_script_writes_the_committed_file_again(tmp_path, capsys):
    runpy.run_path(str(FOLDER / "make_fhir.py"))["main"](tmp_path)
    assert (tmp_path / "responses.ndjson").read_bytes() == (FOLDER / "responses.ndjson").read_bytes()
    assert capsys.readouterr().out == "responses.ndjson: 78 responses of 12 patients\n"


def test_the_example_scores_as_the_export_does(tmp_path):
    out = tmp_path / "scores.csv"
    assert main(["fhir", "score", str(FOLDER / "responses.ndjson"), "-o", str(out)]) == 0
    with out.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    with (FOLDER / "clinic.csv").open(encoding="utf-8", newline="") as file:
        answers = list(csv.DictReader(file))
    assert len(rows) == 78
    checked = 0
    for row in rows:
        if not row["phq9_total"]:
            continue
        same = [
            one
            for one in answers
            if (f"Patient/{one['patient_id']}", one["date"]) == (row["patient_id"], row["date"])
        ]
        given = [[one[f"phq9_q{n}"] for n in range(1, 10)] for one in same]
        assert float(row["phq9_total"]) in [sum(map(int, cells)) for cells in given if all(cells)]
        checked += 1
    assert checked > 20


def test_wrong_answers_refuse_the_file_until_they_count_as_not_answered(tmp_path, capsys):
    file, out = write(tmp_path / "r.ndjson", peg(1, 2, 3), peg(4, 77, 6)), tmp_path / "o.csv"
    assert main(["fhir", "score", file, "-o", str(out)]) == 1
    assert not out.exists()
    told = capsys.readouterr().err
    assert "line 2: item[1].answer[0]: peg_enjoyment: 77 is no answer" in told
    assert SECRET not in told
    assert main(["fhir", "score", file, "--invalid", "null", "-o", str(out)]) == 1
    rows = list(csv.DictReader(out.read_text(encoding="utf-8").splitlines()))
    assert [row["peg_mean"] for row in rows] == ["2.0", ""]


def test_what_is_left_out_is_told_and_ends_with_1(tmp_path, capsys):
    file = tmp_path / "r.ndjson"
    write(file, peg(1, 2, 3))
    file.write_text(file.read_text(encoding="utf-8") + f'{{"resourceType": "{SECRET}', encoding="utf-8")
    assert main(["fhir", "score", str(file)]) == 1
    told = capsys.readouterr()
    assert "left out: line 2: not JSON" in told.err
    assert SECRET not in told.err
    assert told.out.count("\n") == 2
    recorded = {"linkId": "91147-9", "answer": [{"valueDecimal": 9}]}
    assert main(["fhir", "score", write(file, peg(1, 2, 3, item=[*peg(1, 2, 3)["item"], recorded]))]) == 1
    assert "a recorded score is not that of the answers" in capsys.readouterr().err


@pytest.mark.parametrize("content", ["", "{", '{"resourceType": "Patient"}', "\x00"])
def test_files_without_a_response(content, tmp_path, capsys):
    file = tmp_path / "r.ndjson"
    file.write_text(content, encoding="utf-8")
    assert main(["fhir", "score", str(file)]) == (1 if not content else 2)
    assert "Traceback" not in capsys.readouterr().err


def test_what_the_responses_do_not_tell_is_said_by_options(tmp_path, capsys):
    texts = {"a": "Several days", "b": "Daily"}
    answers = [{"linkId": name, "answer": [{"valueString": text}]} for name, text in texts.items()]
    file = write(tmp_path / "r.ndjson", peg(item=answers))
    assert main(["fhir", "score", file, "--instrument", "gad7"]) == 2
    assert "--items LINKID=ITEM" in capsys.readouterr().err
    words = ["fhir", "score", file, "--instrument", "gad7", "--items", "a=q1", "--items", "b=q2"]
    assert main(words) == 1
    assert "--labels accept" in capsys.readouterr().err
    assert main([*words, "--labels", "Daily=3"]) == 0
    assert ",1,3," in capsys.readouterr().out
    form = fhir.questionnaire("gad7", url="http://example.org/f")
    for item, name in zip(form["item"], "abcdefgh", strict=False):
        item["linkId"] = name
    place = write(tmp_path / "form.json", form)
    assert main(["fhir", "score", file, "--form", place, "--labels", "Daily=3"]) == 0
    assert ",1,3," in capsys.readouterr().out


@pytest.mark.parametrize(
    "words",
    [
        ["score", "absent.ndjson"],
        ["score", "-"],
        ["score", "r.ndjson", "--items", "x"],
        ["score", "r.ndjson", "--labels", "x=y"],
        ["score", "r.ndjson", "--missing", "none"],
        ["score", "r.ndjson", "--instrument", "none"],
        ["score", "r.ndjson", "--form", "r.ndjson"],
        ["score", "r.ndjson", "-o", "r.ndjson"],
        ["score", "r.ndjson", "-o", "r.md"],
        ["questionnaire", "none"],
        ["questionnaire", "phq9", "-o", "x.csv"],
    ],
)
def test_wrong_usage(words, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    write(tmp_path / "r.ndjson", peg(1, 2, 3))
    assert main(["fhir", *words]) == 2
    assert "Traceback" not in capsys.readouterr().err


def test_a_form(tmp_path, capsys):
    assert main(["fhir", "questionnaire", "phq9"]) == 0
    assert json.loads(capsys.readouterr().out) == fhir.questionnaire("phq9")
    out = tmp_path / "f.json"
    assert main(["fhir", "questionnaire", "phq9", "--no-total", "-o", str(out)]) == 0
    assert json.loads(out.read_text(encoding="utf-8")) == fhir.questionnaire("phq9", total=False)


def test_a_document_and_the_answers_of_one_form(tmp_path, capsys):
    bundle = fhir.bundle([fhir.questionnaire_response(PEG(pain=1, enjoyment=2, activity=3))])
    file = tmp_path / "b.json"
    file.write_text(json.dumps(bundle, indent=2), encoding="utf-8")
    assert main(["fhir", "score", str(file)]) == 0
    assert ",2.0," in capsys.readouterr().out


def test_what_comes_along_is_left_alone_and_counted(tmp_path, capsys):
    others = [{"resourceType": "Patient", "name": SECRET}, {"resourceType": "Observation"}]
    assert main(["fhir", "score", write(tmp_path / "r.ndjson", peg(1, 2, 3), *others)]) == 0
    told = capsys.readouterr().err
    assert "2 other resources left alone" in told
    assert SECRET not in told
    # A response under a name that is none is lost, and no other resource.
    misspelled = {**peg(1, 2, 3), "resourceType": "Questionnaireresponse"}
    assert main(["fhir", "score", write(tmp_path / "r.ndjson", peg(1, 2, 3), misspelled)]) == 1


def test_the_report_goes_on_with_the_scores(tmp_path, capsys):
    out = tmp_path / "scores.csv"
    assert main(["fhir", "score", str(FOLDER / "responses.ndjson"), "-o", str(out)]) == 0
    capsys.readouterr()
    assert main(["report", str(out), "--replace"]) in (0, 1)
    assert "phq9" in capsys.readouterr().out.lower().replace("-", "")


@pytest.mark.parametrize("text", ["", "\n\n"])
def test_a_file_without_any_response_gives_no_result(tmp_path, capsys, text):
    file, out = tmp_path / "in.ndjson", tmp_path / "out.csv"
    file.write_text(text, encoding="utf-8")
    assert main(["fhir", "score", str(file), "-o", str(out)]) == 1
    assert capsys.readouterr().err.endswith("no response was read: nothing was written\n")
    assert not out.exists()


def test_the_place_of_a_fault_lies_within_the_line(tmp_path, capsys):
    file = tmp_path / "in.ndjson"
    file.write_text('{"a": \n', encoding="utf-8")
    main(["fhir", "score", str(file)])
    assert "at character 7 of 7" in capsys.readouterr().err
