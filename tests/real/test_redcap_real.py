"""REDCap's files of real projects and planted ones, by the manifest."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path

import pytest

from ipm_outcomes import redcap

Real = Callable[[str], Path]

FAULTS = [
    *("alignment", "code_twice", "duplicate", "field_type", "form_split", "no_choices", "no_record_id"),
    *("pipe_in_label", "uppercase", "validation_on_radio"),
]
OWN = ["peg", "phq9", "gad7", "pcs", "promis29", "nps"]
PROJECTS = [
    "checkboxes-1",
    "decimal-comma",
    "longitudinal",
    "repeating-instruments-sparse",
    "survey",
    "vignette-repeating",
]


def text(real: Real, name: str) -> str:
    return real(f"redcap/{name}").read_text(encoding="utf-8")


@pytest.mark.parametrize("fault", FAULTS)
def test_each_planted_fault_is_named(real: Real, fault: str) -> None:
    problems = redcap.check_dictionary(text(real, f"planted/bad_{fault}.csv"))
    assert fault in [problem.rule for problem in problems if problem.refused]


@pytest.mark.parametrize(
    "name",
    [f"own_dictionary_{id}.csv" for id in OWN] + [f"redcapr_{name}_dictionary.csv" for name in PROJECTS],
)
def test_good_dictionaries_pass(real: Real, name: str) -> None:
    assert not [one for one in redcap.check_dictionary(text(real, name)) if one.refused]


def test_double_quotes_in_a_dictionary_of_redcap_itself_are_told(real: Real) -> None:
    problems = redcap.check_dictionary(text(real, "redcapr_longitudinal_dictionary.csv"))
    assert {problem.rule for problem in problems} == {"double_quotes"}


@pytest.mark.parametrize("id", OWN)
def test_ours_have_the_header_and_choices_of_the_reference(real: Real, id: str) -> None:
    theirs, ours = text(real, f"own_dictionary_{id}.csv"), redcap.dictionary(id)
    assert ours.splitlines()[0] == theirs.splitlines()[0]
    assert [line.split(",")[:4] for line in ours.splitlines()[1:]] == [
        line.split(",")[:4] for line in theirs.splitlines()[1:]
    ]


def project(real: Real) -> str:
    """The dictionary of the project of our own export: demographics, then PHQ-9 with a calculated total."""
    lines = text(real, "own_dictionary_phq9.csv").splitlines()
    start = [
        f"record_id,demographics,,text,Record ID{',' * 13}",
        f"dob,demographics,,text,Date of birth,,,date_ymd{',' * 10}",
        f'race,demographics,,checkbox,Race,"1, White | 2, Black | -99, Unknown"{"," * 12}',
    ]
    total = f"phq9_total_calc,phq9,,calc,PHQ-9 total,[phq9_q1]{',' * 12}"
    return "\n".join([lines[0], *start, *lines[2:], total]) + "\n"


MISSING = {"UNK": "Unknown (UNK)", "NASK": "Not asked (NASK)", "-99": "Refused"}
EVENTS = {
    "baseline_arm_1": "baseline",
    "week_12_arm_1": "week 12",
    "Baseline": "baseline",
    "Week 12": "week 12",
}
ANSWERS = {  # by hand out of the raw export
    ("0007", "baseline"): (2, 1, 3, 2, 0, 1, 1, 0, 0, 1),
    ("0007", "week 12"): (1, 0, 1, 1, 0, 1, 0, 0, 0, 0),
    ("0008", "baseline"): (1, 1, *[None] * 8),
    ("0008", "week 12"): (None, None, None, 1, 1, 1, 1, 1, 0, None),
}


@pytest.mark.parametrize("labels", ["raw", "labels"])
def test_our_export_reads_alike_raw_and_labeled(real: Real, labels: str) -> None:
    read = redcap.read(
        real(f"redcap/own_export_{labels}.csv"), project(real), events=EVENTS, not_answered=MISSING
    )
    assert read.instruments == ("phq9",)
    items = [name for name in read.data if name.startswith("phq9_")]
    rows = zip(*(read.data[name] for name in items), strict=True)
    assert (
        dict(zip(zip(read.data["patient_id"], read.data["visit"], strict=True), rows, strict=True)) == ANSWERS
    )
    assert read.data["date"] == ["2026-01-05 09:03:11", "2026-03-30 10:00:00", None, None]
    assert read.data["status"] == ["complete", "complete", "incomplete", "unverified"]
    assert read.left_out["line"] == [4, 7]
    assert set(read.left_out["reason"]) == {"no_answer"}
    assert read.reasons["reason"] == ["UNK", "NASK", "-99"]
    assert read.problems["row"] == []
    assert read.inferences["finding"] == ["not_completed"]
    assert (read.rows_in, read.rows_out) == (6, 4)


def test_missing_codes_that_are_not_declared_are_proposed(real: Real) -> None:
    read = redcap.read(real("redcap/own_export_raw.csv"))
    assert read.problems["rule"] == ["missing_code", "missing_code", "wrong_answer"]
    assert read.data["date"][0] == "2026-01-05 09:03:11"


def plain(real: Real, name: str) -> list[dict[str, str]]:
    with real(f"redcap/{name}").open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize(
    "name",
    [f"{one}_data" for one in (*PROJECTS[:2], *PROJECTS[3:], "blank-for-gray-status", "dag")]
    + ["longitudinal_data_head"],
)
def test_projects_without_an_instrument_are_read_with_their_rows_and_events(real: Real, name: str) -> None:
    rows = plain(real, f"redcapr_{name}.csv")
    read = redcap.read(real(f"redcap/redcapr_{name}.csv"))
    assert read.instruments == ()
    assert read.rows_in == read.rows_out == len(rows)
    assert read.data["patient_id"] == [next(iter(row.values())) for row in rows]
    for column, raw in {
        "visit": "redcap_event_name",
        "repeat_instrument": "redcap_repeat_instrument",
        "repeat_instance": "redcap_repeat_instance",
        "site": "redcap_data_access_group",
    }.items():
        assert read.data[column] == [row.get(raw) or None for row in rows]
    assert read.inferences["finding"] == ["no_instrument"]
    assert read.inferences["sure"] == [False]


def test_a_field_of_a_project_is_read_with_the_counts_of_a_plain_count(real: Real) -> None:
    # An item of 0 to 10 stands for any field with such numbers: four answers of the survey's morale questionnaire.
    rows = plain(real, "redcapr_survey_data.csv")
    read = redcap.read(
        real("redcap/redcapr_survey_data.csv"), instrument="enps", columns={"enps": {"recommend": "pmq1"}}
    )
    answered = [row["participant_id"] for row in rows if row["pmq1"]]
    assert read.data["patient_id"] == answered
    assert read.left_out["reason"] == ["no_answer"] * (len(rows) - len(answered))
    assert read.rows_in == len(rows)


def test_the_events_of_a_project_are_named_by_its_own_list(real: Real) -> None:
    events = plain(real, "redcapr_longitudinal_event.csv")
    arms = {row["arm_num"] for row in plain(real, "redcapr_longitudinal_arm.csv")}
    assert {row["arm_num"] for row in events} == arms == {"1", "2"}
    names = {row["unique_event_name"]: row["event_name"] for row in events}
    rows = plain(real, "redcapr_longitudinal_data_head.csv")
    read = redcap.read(real("redcap/redcapr_longitudinal_data_head.csv"), events=names)
    assert read.data["visit"] == [names[row["redcap_event_name"]] for row in rows]
    assert read.data["visit"][:2] == ["Enrollment", "Dose 1"]


VOICE = "b2ai_voice_dictionary_gad7_phqa.csv"
GAD7_FIELDS = {
    "q1": "nervous_anxious",
    "q2": "cant_control_worry",
    "q3": "worry_too_much",
    "q4": "trouble_relaxing",
    "q5": "hard_to_sit_still",
    "q6": "easily_agitated",
    "q7": "afraid_of_things",
    "difficulty": "tough_to_work",
}


def export_of(fields: list[str], *rows: list[str]) -> object:
    pl = pytest.importorskip("polars")
    return pl.DataFrame([["1", *row] for row in rows], schema=["record_id", *fields], orient="row")


def test_a_real_gad7_is_read_by_its_own_field_names(real: Real) -> None:
    text = real(f"redcap/{VOICE}").read_text(encoding="utf-8-sig")
    assert redcap.check_dictionary(text) == []
    fields = [line["Variable / Field Name"] for line in csv.DictReader(text.splitlines(keepends=True))]
    assert set(GAD7_FIELDS.values()) < set(fields)
    data = export_of(list(GAD7_FIELDS.values()), ["0", "1", "2", "3", "0", "1", "2", "1"])
    read = redcap.read(data, text, columns={"gad7": GAD7_FIELDS})
    assert [read.data[f"gad7_{item}"][0] for item in GAD7_FIELDS] == [0, 1, 2, 3, 0, 1, 2, 1]
    assert read.problems["row"] == []


def test_codes_of_a_real_dictionary_that_are_words_are_read_by_their_labels(real: Real) -> None:
    # PHQ-A is no PHQ-9: other wording, another order. Its answers are the same four; two items are named here.
    text = real(f"redcap/{VOICE}").read_text(encoding="utf-8-sig")
    names = {"q1": "peds_phqa_no_interest", "q2": "peds_phqa_feeling_depressed"}
    columns = {"phq9": names | {f"q{n}": f"other_{n}" for n in range(3, 10)}}
    fields = [*names.values(), *(f"other_{n}" for n in range(3, 10))]
    data = export_of(fields, ["moreThanHalfTheDays", "nearlyEveryDay", *["0"] * 7])
    read = redcap.read(data, text, columns=columns)
    assert (read.data["phq9_q1"], read.data["phq9_q2"]) == ([2], [3])


def test_no_file_of_the_manifest_is_forgotten(real: Real) -> None:
    tested = {f"planted/bad_{fault}.csv" for fault in FAULTS} | {f"own_dictionary_{id}.csv" for id in OWN}
    tested |= {f"own_export_{labels}.csv" for labels in ("raw", "labels")} | {VOICE}
    tested |= {f"redcapr_{name}_dictionary.csv" for name in PROJECTS}
    tested |= {f"redcapr_{name}_data.csv" for name in (*PROJECTS, "blank-for-gray-status", "dag")}
    tested -= {"redcapr_longitudinal_data.csv"}
    tested |= {f"redcapr_longitudinal_{part}.csv" for part in ("data_head", "event", "arm")}
    assert {row["file"] for row in plain(real, "manifest.csv")} == tested
