"""Exports whose record id, dates, coding, check boxes or totals are not where they are looked for first."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Any

import pytest

from ipm_outcomes import audit, frames, instrument, redcap
from ipm_outcomes.errors import InputError, ParameterError

pl = pytest.importorskip("polars")

PEG = ["peg_pain", "peg_enjoyment", "peg_activity"]
PHQ9 = [f"phq9_{item}" for item in instrument("phq9").item_ids]
NINE = PHQ9[:9]


def table(**columns: Any) -> Any:
    rows = max(len(cells) for cells in columns.values() if isinstance(cells, list))
    return pl.DataFrame(
        {name: cells if isinstance(cells, list) else [cells] * rows for name, cells in columns.items()}
    )


def peg(**before: Any) -> Any:
    return table(**before, **{name: ["7", "5", "3"] for name in PEG})


def header_not_found(data: Any, *args: Any, **how: Any) -> str:
    with pytest.raises(InputError, match="record_id=") as caught:
        redcap.read(data, *args, **how)
    assert caught.value.code == "header_not_found"
    return str(caught.value)


# The record id


@pytest.mark.parametrize(
    "before",
    [
        {},  # the first column is an item
        {"redcap_event_name": "baseline_arm_1"},
        {"redcap_data_access_group": "north"},
        {"redcap_survey_identifier": ["a", "b", "c"]},
        {"peg_timestamp": ["2026-01-05 09:03:11", "2026-01-06 09:03:11", "[not completed]"]},
        {"peg_complete": "2"},
        {"dob": ["1960-01-01", "1971-02-02", "1980-03-03"]},
        {"age": ["45", "52", "61"]},
        {"sex": "1"},
        {"site_id": "1"},
        {"visit_id": ["1", "2", "3"]},
        {"": ["0", "1", "2"], "study_id": ["7", "8", "9"]},  # numbers of rows
        {"Unnamed: 0": ["0", "1", "2"]},
        {"index": ["0", "1", "2"]},
        {"row_number": ["1", "2", "3"]},
        {"race___1": ["1", "0", "1"]},
        {"opioid": ["1", "0", "1"]},
        {"covid": ["1", "0", "1"]},
    ],
)
def test_an_export_without_the_record_id_is_refused(before: dict[str, Any]) -> None:
    header_not_found(peg(**before))


@pytest.mark.parametrize(
    "name",
    [
        *(
            "record_id",
            "study_id",
            "participant_id",
            "Record ID",
            "studyid",
            "ptid",
            "MRN",
            "patient",
            "subject_no",
        ),
        *("Patienten-ID", "pseudonym", "recordId", "pid"),
    ],
)
def test_the_first_column_is_the_record_id_by_its_name(name: str) -> None:
    assert redcap.read(peg(**{name: ["a", "b", "c"]})).data["patient_id"] == ["a", "b", "c"]


def test_a_record_id_of_any_name_is_named() -> None:
    data = peg(**{"": ["0", "1", "2"], "code": ["a", "b", "c"]})
    assert redcap.read(data, record_id="code").data["patient_id"] == ["a", "b", "c"]
    header_not_found(data, record_id="cod")
    assert redcap.read(peg(age="40", record_id=["a", "b", "c"])).data["patient_id"] == ["a", "b", "c"]
    with pytest.raises(ParameterError):
        redcap.read(data, record_id=3)  # type: ignore[arg-type]


def test_the_dictionary_says_which_column_is_the_record_id() -> None:
    text = redcap.dictionary("peg", record_id="study_id")
    assert redcap.read(peg(age="4", study_id=["a", "b", "c"]), text).data["patient_id"] == ["a", "b", "c"]
    assert "'study_id'" in header_not_found(peg(record_id=["a", "b", "c"]), text)
    header_not_found(peg(), text)
    renamed = redcap.read(peg(Patient=["a", "b", "c"]), text, record_id="Patient")
    assert renamed.data["patient_id"] == ["a", "b", "c"]


def test_the_record_id_is_no_item() -> None:
    header_not_found(peg(record_id=["1", "2", "3"]), record_id="peg_pain")


def test_a_record_id_that_is_blank_throughout_is_refused() -> None:
    with pytest.raises(InputError, match="blank throughout"):
        redcap.read(peg(record_id=""))


def saved(path: Path, header: list[str], *rows: list[str]) -> Path:
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        csv.writer(file).writerows([header, *rows])
    return path


def labels_of(id: str) -> list[str]:
    fields = csv.DictReader(io.StringIO(redcap.dictionary(id)))
    return [field["Field Label"] for field in fields][1:]


@pytest.mark.parametrize("dictionary", [None, redcap.dictionary("gad7")])
def test_a_labeled_export_without_the_record_id_is_refused(tmp_path: Path, dictionary: str | None) -> None:
    fields, cells = [*labels_of("gad7"), "Complete?"], [*["Several days"] * 7, "", "Complete"]
    for before in ([], ["Event Name"], ["Age"], ["Survey Timestamp"], ["Event Name", "Repeat Instance"]):
        path = saved(tmp_path / "a.csv", [*before, *fields], [*["1"] * len(before), *cells])
        header_not_found(path, dictionary)
    path = saved(tmp_path / "a.csv", ["Chart", "Event Name", *fields], ["007", "Baseline", *cells])
    header_not_found(path, dictionary)
    read = redcap.read(path, dictionary, record_id="Chart")
    assert (read.data["patient_id"], read.data["visit"], read.data["gad7_q7"]) == (["007"], ["Baseline"], [1])


# Dates


def repeats(*rows: tuple[str, ...]) -> Any:
    """Rows of record, event, repeat instrument, instance, date, and the one answer of all items."""
    names = ("record_id", "redcap_event_name", "redcap_repeat_instrument", "redcap_repeat_instance", "day")
    columns = dict(zip(names, map(list, zip(*(row[:5] for row in rows), strict=True)), strict=True))
    return pl.DataFrame({**columns, **{name: [row[5] for row in rows] for name in PEG}})


@pytest.mark.parametrize(
    ("rows", "days"),
    [
        # The date of the first instance is not that of the second.
        ([("1", "a", "peg", "1", "2026-01-05", "7"), ("1", "a", "peg", "2", "", "5")], ["2026-01-05", None]),
        # Nor is that of another repeating form, whatever its instance.
        ([("1", "a", "visits", "1", "2026-01-05", ""), ("1", "a", "peg", "1", "", "5")], [None]),
        ([("1", "a", "visits", "2", "2026-01-05", ""), ("1", "a", "peg", "1", "", "5")], [None]),
        # Nor that of another event or record.
        ([("1", "b", "peg", "1", "2026-01-05", ""), ("1", "a", "peg", "1", "", "5")], [None]),
        ([("2", "a", "", "", "2026-01-05", ""), ("1", "a", "", "", "", "5")], [None]),
        # A row that is not repeated takes none from a repeated one.
        ([("1", "a", "visits", "1", "2026-01-05", ""), ("1", "a", "", "", "", "5")], [None]),
        # The date of the event goes with a form that is there once in it, and with none of several.
        ([("1", "a", "", "", "2026-01-05", ""), ("1", "a", "peg", "1", "", "5")], ["2026-01-05"]),
        (
            [
                ("1", "a", "", "", "2026-01-05", ""),
                ("1", "a", "peg", "1", "", "5"),
                ("1", "a", "peg", "2", "", "5"),
            ],
            [None, None],
        ),
        # A repeated event has its own date.
        ([("1", "a", "", "1", "2026-01-05", "7"), ("1", "a", "", "2", "", "5")], ["2026-01-05", None]),
    ],
)
@pytest.mark.parametrize("by_event", [False, True])
def test_a_date_is_of_the_same_event_form_and_instance(
    rows: list[tuple[str, ...]], days: list[str | None], by_event: bool
) -> None:
    date: Any = dict.fromkeys([row[1] for row in rows], "day") if by_event else "day"
    read = redcap.read(repeats(*rows), date=date)
    assert read.data["date"] == days
    blank = days.count(None)
    assert read.inferences["finding"] == ["no_date"] * bool(blank)
    assert read.inferences["rows"] == [blank] * bool(blank)


def test_a_field_named_for_an_event_is_looked_for_in_rows_that_are_not_repeated() -> None:
    rows = [("1", "start", "", "", "2026-01-05", ""), ("1", "start", "visits", "1", "2026-01-09", "")]
    rows += [("1", "later", "", "", "", "5"), ("2", "start", "visits", "1", "2026-01-09", "")]
    rows += [("2", "later", "", "", "", "5")]
    read = redcap.read(repeats(*rows), date={"later": "day"})
    assert read.data["date"] == ["2026-01-05", None]


@pytest.mark.parametrize(
    ("columns", "days", "codes"),
    [
        ({"day": ["2026-01-05", "UNK", ""]}, ["2026-01-05", None, None], ["no_date"]),
        (
            {"day": ["2026-01-05", "05.01.2026", "soon"]},
            ["2026-01-05", "05.01.2026", "soon"],
            ["dates_unreadable"],
        ),
        (
            {"peg_timestamp": ["UNK", "2026-01-06 10:00", ""], "day": "2026-01-05", "peg_complete": "2"},
            ["2026-01-05", "2026-01-06 10:00", "2026-01-05"],
            [],
        ),
    ],
)
def test_missing_codes_are_no_dates_and_other_dates_are_in_doubt(
    columns: dict[str, Any], days: list[str | None], codes: list[str]
) -> None:
    data = peg(
        record_id=["1", "2", "3"], **{name: columns[name] for name in columns if name != "peg_complete"}
    )
    if "peg_complete" in columns:
        data = data.with_columns(peg_complete=pl.lit("2"))
    read = redcap.read(data, date="day", not_answered=["UNK"])
    assert (read.data["date"], read.inferences["finding"]) == (days, codes)


# The coding


def forms(cells: list[str]) -> Any:
    return table(record_id=[str(n) for n in range(len(cells))], **dict.fromkeys(NINE, cells))


def findings(read: Any) -> list[str]:
    return [str(one) for one in read.inferences["finding"]]


def test_forms_without_any_lowest_answer_are_in_doubt() -> None:
    read = redcap.read(forms(["1", "2", "3", "2"] * 5))
    assert findings(read) == ["coding_suspected"]
    assert read.inferences["sure"] == [False]
    assert read.inferences["where"] == ["phq9_q1 to phq9_q9"]
    # 19 complete forms are too few, and one lowest answer settles it.
    assert findings(redcap.read(forms(["1", "2", "3"] * 6 + ["2"]))) == ["no_lowest_answer"]
    assert findings(redcap.read(forms(["1", "2", "3", "0"] * 5))) == []
    # The dictionary says what the codes mean.
    assert findings(redcap.read(forms(["1", "2", "3", "2"] * 5), redcap.dictionary("phq9"))) == []


def test_cells_counted_from_1_stay_as_they_are() -> None:
    read = redcap.read(forms(["1", "4", "2"]), backend="polars")
    assert read.inferences["finding"].to_list() == ["coding_from_one"]
    assert read.data["phq9_q1"].to_list() == [1, 4, 2]
    assert len(read.problems) == 0
    assert frames.inspect(read.data, "phq9")["finding"].to_list()[1] == "coding_from_one"
    mapping = read.mapping.accept("phq9.coding")
    again = redcap.read(forms(["1", "4", "2"]), mapping=mapping)
    assert (again.data["phq9_q1"], findings(again)) == ([0, 3, 1], [])


def test_a_declared_missing_code_is_no_coding_from_1() -> None:
    assert findings(redcap.read(forms(["1", "4", "2"]), not_answered=["4"])) == ["no_lowest_answer"]


# Check boxes


def test_an_item_of_check_boxes_is_the_one_that_is_checked() -> None:
    boxes = {
        "peg_pain___0": ["0", "0", "0", "0"],
        "peg_pain___7": ["1", "0", "1", "0"],
        "peg_pain___9": ["0", "0", "1", "0"],
        "peg_pain____99": ["0", "1", "0", "0"],
    }
    data = table(
        record_id=["1", "2", "3", "4"],
        **boxes,
        peg_enjoyment=["6", "5", "4", ""],
        peg_activity=["6", "5", "4", ""],
        peg_complete="2",
    )
    read = redcap.read(data, not_answered=["-99"])
    assert read.data["peg_pain"] == [7, None, None]
    assert read.problems["rule"] == ["several_answers"]
    assert (read.reasons["row"], read.reasons["reason"]) == ([1], ["-99"])
    assert (read.left_out["line"], read.left_out["reason"]) == ([5], ["no_answer"])
    assert read.data["status"] == ["complete"] * 3


def test_boxes_that_are_all_unchecked_are_no_answer() -> None:
    # In a raw export a box is 0 in a form that was never opened, too.
    items = {"pain": "a___1", "enjoyment": "a___2", "activity": "b___1"}
    columns: dict[str, dict[str, str]] = {"peg": items}
    for yes, no in (("1", "0"), ("Checked", "Unchecked")):
        data = table(record_id=["1", "2"], a___1=[yes, no], a___2=no, b___1=no)
        read = redcap.read(data, columns=columns)
        assert (read.data["peg_pain"], read.data["peg_activity"]) == ([1], [0])
        assert read.left_out["reason"] == ["no_answer"]


# Names of fields


def test_a_dictionary_with_a_prefix_or_other_names_finds_its_own_fields() -> None:
    data = table(record_id=["1"], **{f"pain_{name}": ["7"] for name in PEG})
    assert redcap.read(data, redcap.dictionary("peg", prefix="pain_")).data["peg_activity"] == [7]
    names = {"pain": "average", "enjoyment": "joy", "activity": "doing"}
    data = table(record_id=["1"], average=["7"], joy=["6"], doing=["5"])
    read = redcap.read(data, redcap.dictionary("peg", columns={"peg": names}))
    assert (read.data["peg_pain"], read.data["peg_activity"]) == ([7], [5])
    for wrong in ({"peg": {"pain": "Pain"}}, {"phq9": {"q1": "a1"}}, {"peg": {"pain": "record_id"}}):
        with pytest.raises(ParameterError, match="columns"):
            redcap.dictionary("peg", columns=wrong)


def test_labels_in_another_language_are_reported_and_prove_nothing() -> None:
    own = ("Not at all", "Several days", "More than half the days", "Nearly every day")
    other = ("Nunca", "Varios días", "Más de la mitad de los días", "Casi todos los días")
    text = redcap.dictionary("phq9")
    data = table(record_id=["1"], **{name: ["0"] for name in NINE})
    assert "labels_unknown" not in redcap.read(data, text).inferences["finding"]
    for one, two in zip(own, other, strict=True):
        text = text.replace(one, two)
    read = redcap.read(data, text)
    row = read.inferences["finding"].index("labels_unknown")
    told = {name: column[row] for name, column in read.inferences.items()}
    assert (told["instrument"], told["sure"], told["rows"]) == ("phq9", False, 1)
    assert "phq9_q1" in told["where"]
    assert read.mapping is not None
    assert read.mapping.instrument[0].coding is None


# Recorded totals


def with_field(text: str, name: str, kind: str, formula: str) -> str:
    quoted = f'"{formula}"' if "," in formula else formula
    return text + f"{name},phq9,,{kind},Total,{quoted}{',' * 12}\n"


SUM = "sum(" + ",".join(f"[{name}]" for name in NINE) + ")"
PLUS = " + ".join(f"[{name}]" for name in NINE)


@pytest.mark.parametrize(
    ("name", "kind", "formula", "scale"),
    [
        ("depression_score", "calc", SUM, "phq9_total"),
        ("depression_score", "calc", PLUS, "phq9_total"),
        ("depression_score", "calc", f"round({SUM}, 1)", "phq9_total"),
        ("two", "calc", "[phq9_q1]+[phq9_q2]", "phq9_phq2"),
        ("phq9_total", "calc", "[phq9_q1]", "phq9_total"),
        ("phq9_total_calc", "calc", SUM, "phq9_total"),
        ("phq9_score", "text", "", "phq9_total"),
        ("three", "calc", "[phq9_q1]+[phq9_q2]+[phq9_q3]", None),
        ("twice", "calc", PLUS + " + [phq9_q1]", None),
        ("average", "calc", SUM.replace("sum", "mean"), None),
        ("phq9_total", "radio", "0, No | 27, Yes", None),
    ],
)
def test_calculated_totals_come_back_as_recorded(
    name: str, kind: str, formula: str, scale: str | None
) -> None:
    data = forms(["1", "0", "2"]).with_columns(pl.Series(name, ["9", "", "27"]))
    read = redcap.read(data, with_field(redcap.dictionary("phq9"), name, kind, formula))
    if scale is None:
        assert read.recorded["row"] == []
        return
    assert (read.recorded["row"], read.recorded["recorded"]) == ([0, 2], [9.0, 27.0])
    assert read.recorded["scale"] == [scale] * 2
    assert read.recorded["place"] == [f"row 2, column {name}", f"row 4, column {name}"]


def test_without_a_dictionary_a_total_is_known_by_its_name_and_goes_into_the_audit() -> None:
    data = forms(["1", "0", "2"]).with_columns(phq9_total=pl.Series(["9", "0", "20"]))
    read = redcap.read(data, backend="polars")
    one = read.recorded.filter(pl.col("scale") == "phq9_total").select("row", recorded_total="recorded")
    joined = read.data.with_row_index("row").join(
        one.with_columns(pl.col("row").cast(pl.UInt32)), on="row", how="left"
    )
    summary = audit.audit(joined, "phq9", {"total": "recorded_total"}).summary.to_dicts()[0]
    assert (summary["recorded"], summary["equal"], summary["differ"]) == (3, 2, 1)


def test_a_recorded_total_that_is_no_number_is_reported() -> None:
    data = forms(["1", "0", "2"]).with_columns(phq9_total=pl.Series(["9", "high", "UNK"]))
    read = redcap.read(data)
    assert read.recorded["recorded"] == [9.0]
    assert read.problems["rule"] == ["recorded_no_number"]
    assert "high" not in str(read.problems)
