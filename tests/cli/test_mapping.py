"""Mappings of exports of REDCap and of FHIR responses on the commands."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("cyclopts")
pytest.importorskip("polars")

from ipm_outcomes import redcap
from ipm_outcomes.cli import main

EXPORT = """code,redcap_event_name,seen_on,worry_1,worry_2,worry_3,worry_4,worry_5,worry_6,worry_7,worry_sum
P1,v1_arm_1,2026-01-05,4,4,4,4,4,4,4,21
P1,v2_arm_1,2026-07-06,1,1,1,1,1,1,2,9
P2,v1_arm_1,2026-01-05,,,,,,,,
"""
ITEMS = ", ".join(f'q{n} = "worry_{n}"' for n in range(1, 8))
MAPPING = f"""version = 1
[file]
kind = "redcap"
[keys]
patient = "code"
date = {{ column = "seen_on" }}
visit = {{ column = "redcap_event_name", names = {{ v1_arm_1 = "baseline", v2_arm_1 = "6 months" }} }}
[[instrument]]
id = "gad7"
columns = {{ {ITEMS} }}
coding = "position"
recorded = {{ total = "worry_sum" }}
"""
FHIR = """version = 1
[file]
kind = "fhir"
[[instrument]]
id = "peg"
columns = { pain = "a", enjoyment = "b", activity = "c" }
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "export.csv").write_text(EXPORT, encoding="utf-8")
    (tmp_path / "mapping.toml").write_text(MAPPING, encoding="utf-8")
    (tmp_path / "fhir.toml").write_text(FHIR, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(text.splitlines()))


def test_score_and_change_read_an_export_by_its_mapping(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["score", "export.csv", "--mapping", "mapping.toml"]) == 0
    assert [row["gad7_total"] for row in rows(capsys.readouterr().out)] == ["21.0", "1.0"]
    assert main(["change", "export.csv", "--mapping", "mapping.toml", "-o", "change.csv"]) == 0
    changes = {row["change"] for row in rows((folder / "change.csv").read_text(encoding="utf-8"))}
    assert "-20.0" in changes


def test_instruments_of_one_row_and_day_stay_one_row(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    items = [*(f"gad7_q{n}" for n in range(1, 8)), "peg_pain", "peg_enjoyment", "peg_activity"]
    header = [
        "record_id",
        "gad7_timestamp",
        *items[:7],
        "gad7_complete",
        "peg_timestamp",
        *items[7:],
        "peg_complete",
    ]
    rows_of = [
        ["1", "2026-01-05 09:00:00", *"0111112", "2", "2026-01-05 09:10:00", *"234", "2"],
        ["2", "2026-01-05 09:00:00", *"0111112", "2", "2026-01-09 09:10:00", *"234", "0"],
    ]
    text = "\n".join(",".join(row) for row in [header, *rows_of]) + "\n"
    (folder / "both.csv").write_text(text, encoding="utf-8")
    assert main(["read", "both.csv", "--kind", "redcap", "--save", "both.toml"]) == 0
    capsys.readouterr()
    assert main(["score", "both.csv", "--mapping", "both.toml"]) == 0
    found = [(row["patient_id"], row["gad7_total"], row["peg_mean"]) for row in rows(capsys.readouterr().out)]
    assert found == [("1", "7.0", "3.0"), ("2", "7.0", ""), ("2", "", "3.0")]


def test_audit_takes_the_recorded_totals_of_the_mapping(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["audit", "export.csv", "--instrument", "gad7", "--recorded", "total=worry_sum"]
    main([*command, "--mapping", "mapping.toml"])
    assert "2 of 2 rows recorded, 1 equal, 1 differ" in capsys.readouterr().out


def test_an_export_that_no_longer_fits_stops(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "export.csv").write_text(EXPORT.replace("v2_arm_1", "v3_arm_1"), encoding="utf-8")
    assert main(["score", "export.csv", "--mapping", "mapping.toml"]) == 2
    told = capsys.readouterr().err
    assert "row 3, column redcap_event_name" in told
    assert "P1" not in told


def test_read_of_an_export_saves_its_mapping(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = redcap.dictionary("gad7", record_id="chart")
    (folder / "dictionary.csv").write_text(text, encoding="utf-8")
    plain = "chart,gad7_q1,gad7_q2,gad7_q3,gad7_q4,gad7_q5,gad7_q6,gad7_q7\nP1,0,1,2,3,0,1,2\n"
    (folder / "plain.csv").write_text(plain, encoding="utf-8")
    command = ["read", "plain.csv", "--kind", "redcap"]
    assert main(command) == 2
    assert "--record-id" in capsys.readouterr().err
    assert main([*command, "--dictionary", "dictionary.csv", "--save", "own.toml"]) == 0
    assert "labels_seen" in (folder / "own.toml").read_text(encoding="utf-8")
    capsys.readouterr()
    assert main(["read", "plain.csv", "--mapping", "own.toml"]) == 0
    assert capsys.readouterr().out.endswith("1 row of gad7; 0 rows left out\n")
    assert main(["score", "plain.csv", "--mapping", "own.toml"]) == 0
    assert rows(capsys.readouterr().out)[0]["gad7_total"] == "9.0"


def test_options_of_another_kind_of_file_are_refused(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for words in (
        ["export.csv", "--record-id", "code"],
        ["export.csv", "--kind", "redcap", "--delimiter", ";"],
        ["export.csv", "--mapping", "mapping.toml", "--question", "a", "--answer", "b"],
        ["export.csv", "--mapping", "fhir.toml", "--sheet", "1"],
    ):
        assert main(["read", *words]) == 2
        assert words[-2 if words[-1] != "b" else -4] in capsys.readouterr().err


def test_a_dictionary_with_the_names_of_the_mapping(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    by_answer = MAPPING.replace('coding = "position"\n', "")
    (folder / "names.toml").write_text(by_answer, encoding="utf-8")
    assert main(["redcap", "--mapping", "names.toml"]) == 0
    names = [row["Variable / Field Name"] for row in rows(capsys.readouterr().out)]
    assert names == ["code", *(f"worry_{n}" for n in range(1, 8)), "gad7_difficulty"]
    for words, told in (
        (["redcap", "--mapping", "mapping.toml"], "instrument.gad7.coding"),
        (["redcap", "peg", "--mapping", "names.toml"], "no such instrument"),
        (["redcap", "--mapping", "names.toml", "--record-id", "x"], "--record-id"),
        (["redcap", "--mapping", "fhir.toml"], "file.kind"),
    ):
        assert main(words) == 2
        assert told in capsys.readouterr().err


def response(*cells: Any) -> str:
    items = [{"linkId": link, "answer": [{"valueInteger": n}]} for link, n in zip("abc", cells, strict=True)]
    whole = {
        "resourceType": "QuestionnaireResponse",
        "status": "completed",
        "subject": {"reference": "Patient/1"},
        "authored": "2026-01-05T10:00:00Z",
        "item": items,
    }
    return json.dumps(whole) + "\n"


def test_responses_are_read_by_a_mapping(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "r.ndjson").write_text(response(6, 7, 5), encoding="utf-8")
    for words in (["fhir", "score"], ["score"]):
        assert main([*words, "r.ndjson", "--mapping", "fhir.toml"]) == 0
        assert rows(capsys.readouterr().out)[0]["peg_mean"] == "6.0"
    assert main(["read", "r.ndjson", "--mapping", "fhir.toml"]) == 0
    (folder / "r.ndjson").write_text(response(6, 7, 5) + response(6, 77, 5), encoding="utf-8")
    assert main(["score", "r.ndjson", "--mapping", "fhir.toml"]) == 2
    assert "line 2: item[1].answer[0]" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("was", "now", "told"),
    [
        ('kind = "fhir"', 'kind = "csv"', "file.kind"),
        ("version = 1", 'version = 1\n[keys]\npatient = "who"', "keys"),
        ('id = "peg"', 'id = "peg"\ncoding = "position"', "instrument.peg.coding"),
        ('id = "peg"', 'id = "peg"\nrecorded = { mean = "m" }', "instrument.peg.recorded"),
        ("[[instrument]]", '[[instrument]]\nid = "nps"\ncolumns = "n{n}"\n[[instrument]]', "instrument"),
    ],
)
def test_what_means_nothing_for_responses_is_refused_with_the_key(
    folder: Path, capsys: pytest.CaptureFixture[str], was: str, now: str, told: str
) -> None:
    (folder / "r.ndjson").write_text(response(6, 7, 5), encoding="utf-8")
    (folder / "fhir.toml").write_text(FHIR.replace(was, now), encoding="utf-8")
    assert main(["fhir", "score", "r.ndjson", "--mapping", "fhir.toml"]) == 2
    assert told in capsys.readouterr().err
