"""Data dictionaries: those that are written hold to the rules, and each fault is named."""

from __future__ import annotations

import csv
import io

import pytest

import ipm_outcomes as ipm
from ipm_outcomes import redcap
from ipm_outcomes.errors import InputError, ParameterError, UnknownNameError

PEG = redcap.dictionary("peg")
HEADER = PEG.splitlines()[0]


def rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def field(**cells: str) -> str:
    """A dictionary of a record id and one field; keys are the letters of the columns."""
    row = [""] * 18
    row[:5] = ["some_field", "form", "", "text", "Some label"]
    for letter, cell in cells.items():
        row[ord(letter) - ord("A")] = cell
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerow(row)
    return f"{HEADER}\nrecord_id,form,,text,Record ID{',' * 13}\n{out.getvalue()}"


def found(text: str) -> list[str]:
    return [problem.rule for problem in redcap.check_dictionary(text)]


def test_all_instruments_in_one_dictionary_hold_to_the_rules():
    text = redcap.dictionary(*ipm.instruments())
    assert redcap.check_dictionary(text) == []
    items = sum(len(ipm.instrument(id).item_ids) for id in ipm.instruments())
    assert len(rows(text)) == items + 1
    assert {row["Field Type"] for row in rows(text)} == {"text", "radio"}


def test_wording_is_there_only_where_it_is_free():
    for id in ipm.instruments():
        one = ipm.instrument(id)
        labels = [row["Field Label"] for row in rows(redcap.dictionary(id))[1:]]
        if not one.license.wording:
            assert labels == [item.gist for item in one.items]
    assert rows(redcap.dictionary("phq9"))[1]["Field Label"] == "Little interest or pleasure in doing things"


def test_choices_have_the_codes_of_the_answers():
    gad7 = "0, Not at all | 1, Several days | 2, More than half the days | 3, Nearly every day"
    assert rows(redcap.dictionary("gad7"))[1]["Choices, Calculations, OR Slider Labels"] == gad7
    choices = rows(PEG)[1]["Choices, Calculations, OR Slider Labels"]
    assert choices.startswith("0, 0 - No pain | 1, 1 | 2, 2")
    pam = rows(redcap.dictionary("pam"))[1]
    shown = ("Field Type", "Text Validation Type OR Show Slider Number", "Text Validation Max")
    assert [pam[column] for column in shown] == ["text", "number", "100"]


def test_names_follow_record_id_and_prefix():
    text = redcap.dictionary("peg", "nps", record_id="study_id", prefix="pain_")
    assert [row["Variable / Field Name"] for row in rows(text)][::4] == ["study_id", "pain_nps_recommend"]
    assert {row["Form Name"] for row in rows(text)} == {"pain_peg", "pain_nps"}
    assert redcap.check_dictionary(text) == []


@pytest.mark.parametrize(
    "call",
    [
        {"ids": ()},
        {"ids": ("peg", "peg")},
        {"ids": ("peg",), "record_id": "Record"},
        {"ids": ("peg",), "record_id": ""},
        {"ids": ("peg",), "record_id": "peg_pain"},
        {"ids": ("peg",), "prefix": "1_"},
    ],
)
def test_what_redcap_would_not_take_is_refused(call):
    with pytest.raises(ParameterError):
        redcap.dictionary(*call.pop("ids"), **call)


def test_an_unknown_instrument():
    with pytest.raises(UnknownNameError):
        redcap.dictionary("phq10")


@pytest.mark.parametrize(
    ("cells", "rule"),
    [
        ({}, None),
        ({"A": "Some_field"}, "uppercase"),
        ({"A": "1_field"}, "name"),
        ({"A": "a"}, "name"),
        ({"A": "a" * 101}, "name"),
        ({"A": "a" * 100}, None),
        ({"A": "record_id"}, "duplicate"),
        ({"D": "number"}, "field_type"),
        ({"D": "radio"}, "no_choices"),
        ({"D": "dropdown", "F": "0, a | 0, b"}, "code_twice"),
        ({"D": "checkbox", "F": "0, a | b"}, "pipe_in_label"),
        ({"D": "notes", "H": "integer"}, "validation_on_notes"),
        ({"D": "yesno", "J": "3"}, "validation_on_yesno"),
        ({"D": "slider", "H": "number"}, None),
        ({"H": "integer", "I": "0", "J": "9"}, None),
        ({"K": "Y"}, "yes_or_blank"),
        ({"M": "n"}, "yes_or_blank"),
        ({"N": "XX"}, "alignment"),
        ({"N": "RH"}, None),
        ({"P": "group"}, "matrix_type"),
        ({"D": "radio", "F": "0, a", "P": "group"}, None),
        ({"E": ""}, "no_label"),
        ({"L": '[a] = "1"'}, "double_quotes"),
        ({"L": "[a] = '1'"}, None),
    ],
)
def test_each_fault_has_its_name(cells, rule):
    assert found(field(**cells)) == ([] if rule is None else [rule])


def test_faults_of_several_rows():
    one, two, three = PEG.splitlines()[2:]
    start = "\n".join(PEG.splitlines()[:2])
    other = f"other_field,other,,text,Label{',' * 13}"
    assert found("\n".join([start, one, other, two])) == ["form_split"]
    assert found("\n".join([HEADER, one])) == ["no_record_id"]
    assert found(HEADER) == ["no_record_id"]
    grouped = [line.replace(",,,ipm_", ",group,,ipm_") for line in (one, two)]
    assert found("\n".join([start, *grouped, three])) == ["matrix_choices"]
    phq9 = redcap.dictionary("phq9").splitlines()
    assert found("\n".join([*phq9[:3], phq9[-1], *phq9[3:-1]])) == ["matrix_split"]


def test_fields_that_an_upload_would_delete():
    problems = redcap.check_dictionary(PEG, current=redcap.dictionary("nps", "peg"))
    assert [(problem.row, problem.rule) for problem in problems] == [(1, "fields_deleted")]
    assert problems[0].message.startswith("1 of 5 fields")
    assert redcap.check_dictionary(redcap.dictionary("peg", "nps"), current=PEG) == []


@pytest.mark.parametrize("text", ["", "a,b\n1,2\n", PEG + "x,y\n", "\x00", '"' + "x" * 200_000])
def test_no_dictionary(text):
    with pytest.raises(InputError) as caught:
        redcap.check_dictionary(text)
    assert caught.value.code == "dictionary_invalid"


def test_the_command_writes_the_dictionary_and_warns(tmp_path, capsys):
    pytest.importorskip("cyclopts")
    from ipm_outcomes.cli import main

    out = tmp_path / "dictionary.csv"
    assert main(["redcap", "phq9", "gad7", "--record-id", "study_id", "-o", str(out)]) == 0
    assert out.read_text(encoding="utf-8") == redcap.dictionary("phq9", "gad7", record_id="study_id")
    assert "deletes all other fields" in capsys.readouterr().err
    assert main(["redcap", "peg"]) == 0
    assert capsys.readouterr().out.replace("\r\n", "\n") == PEG
    assert main(["redcap", "phq10"]) == 2
    assert main(["redcap"]) == 2
