"""Exports of REDCap: what is read, what is left out, and the way there and back."""

from __future__ import annotations

import csv
import io
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ipm_outcomes import change, frames, instrument, redcap
from ipm_outcomes.errors import InputError, ParameterError, UnknownNameError

pl = pytest.importorskip("polars")
pd = pytest.importorskip("pandas")

RAW = """study_id,redcap_event_name,peg_timestamp,peg_pain,peg_enjoyment,peg_activity,peg_complete
007,baseline_arm_1,2026-01-05 09:03:11,7,6,8,2
007,week_12_arm_1,2026-03-30 10:00:00,3,2,4,0
008,baseline_arm_1,[not completed],7,,,0
008,week_12_arm_1,,,,,
"""


@pytest.fixture
def export(tmp_path):
    path = tmp_path / "export.csv"
    path.write_text(RAW, encoding="utf-8-sig")
    return path


def test_a_raw_export_goes_straight_into_change(export):
    read = redcap.read(export, events={"baseline_arm_1": "baseline"}, backend="polars")
    assert read.data["patient_id"].to_list() == ["007", "007", "008"]
    assert read.data["visit"].to_list() == ["baseline", "week_12_arm_1", "baseline"]
    assert read.data["status"].to_list() == ["complete", "incomplete", "incomplete"]
    assert read.left_out["line"].to_list() == [5]
    assert (read.rows_in, read.rows_out) == (4, 3)
    scores = frames.tidy(read.data, ["peg"], by=["patient_id", "date", "visit"])
    assert scores["value"].to_list() == [7.0, 3.0, None]
    table = change.table(scores)
    assert table.filter(pl.col("patient_id") == "007")["change"].drop_nulls().to_list() == [-4.0]


@pytest.mark.parametrize("library", [pl.read_csv, pd.read_csv])
def test_a_frame_reads_as_its_file(export, library):
    read = redcap.read(library(export))
    assert read.data["peg_enjoyment"] == [6, 2, None]
    assert read.data["date"] == ["2026-01-05 09:03:11", "2026-03-30 10:00:00", None]
    assert read.inferences["finding"] == ["not_completed"]


def one(**cells: Any) -> Any:
    row = {"record_id": "1", "peg_pain": "7", "peg_enjoyment": "6", "peg_activity": "5"}
    return pl.DataFrame({name: [cell] for name, cell in {**row, **cells}.items()})


def test_missing_codes_count_only_where_they_are_declared():
    read = redcap.read(one(peg_pain="UNK", peg_activity="-99"), not_answered=["-99"])
    assert (read.problems["rule"], read.reasons["reason"]) == (["missing_code"], ["-99"])
    assert read.data["peg_activity"] == [None]
    only = dict.fromkeys(("peg_pain", "peg_enjoyment", "peg_activity"), "-99")
    assert redcap.read(one(**only), not_answered=["-99"]).rows_out == 0
    with pytest.raises(ParameterError, match="is an answer"):
        redcap.read(one(), not_answered=["7"])


@pytest.mark.parametrize("cell", ["11", "-1", "7.5", "seven", "True"])
def test_what_is_no_answer_is_null_and_reported_without_its_text(cell):
    read = redcap.read(one(peg_pain=cell))
    assert read.data["peg_pain"] == [None]
    assert read.problems["rule"] == ["wrong_answer"]
    assert "seven" not in str(read.problems)


def test_other_field_names_and_a_missing_item():
    other = one().rename({"peg_pain": "bpi_average"})
    assert redcap.read(other, columns={"peg": {"pain": "bpi_average"}}).data["peg_pain"] == [7]
    for call in ({}, {"instrument": "peg"}):
        with pytest.raises(InputError) as caught:
            redcap.read(other, **call)
        assert caught.value.code == "header_not_found"


def test_codes_that_stand_for_other_answers_are_refused():
    shifted = redcap.dictionary("phq9")
    for code in (3, 2, 1, 0):
        shifted = shifted.replace(f"{code}, ", f"{code + 1}, ")
    data = pl.DataFrame({"record_id": ["1"], **{f"phq9_{i}": ["1"] for i in instrument("phq9").item_ids}})
    assert redcap.read(data, redcap.dictionary("phq9")).data["phq9_q1"] == [1]
    with pytest.raises(InputError) as caught:
        redcap.read(data, shifted)
    assert (caught.value.code, caught.value.place) == ("mapping_does_not_fit", "row 3")


@pytest.mark.parametrize(
    ("id", "style"),
    [("peg", "{n}"), ("peg", "{n} - {label}"), ("phq9", "{n} - {label}"), ("phq9", "{label} ({n})")],
)
def test_choices_that_are_numbered_from_1_are_refused(id, style):
    found = instrument(id)
    rows = list(csv.DictReader(io.StringIO(redcap.dictionary(id))))
    for row, item in zip(rows[1:], found.item_ids, strict=True):
        listed = found.answers_of(item)
        labels = {option.code: option.label for option in listed.options}
        row["Choices, Calculations, OR Slider Labels"] = " | ".join(
            f"{n + 1}, {style.format(n=n, label=labels.get(n, 'no pain'))}" for n in listed.codes
        )
    out = io.StringIO(newline="")
    writer = csv.DictWriter(out, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    data = pl.DataFrame({"record_id": ["1"], **{f"{id}_{item}": ["2"] for item in found.item_ids}})
    with pytest.raises(InputError) as caught:
        redcap.read(data, out.getvalue())
    assert caught.value.code == "mapping_does_not_fit"


def test_names_that_the_export_does_not_have():
    with pytest.raises(ParameterError, match="events: the export has none"):
        redcap.read(VISITS, events={"strat_arm_1": "start"})
    with pytest.raises(ParameterError, match="date: the export has none"):
        redcap.read(VISITS, date={"strat_arm_1": "begun"})
    with pytest.raises(UnknownNameError):
        redcap.read(VISITS, columns={"pegg": {}})


def test_a_date_field_of_the_form_is_taken_and_said():
    text = redcap.dictionary("peg") + f"peg_day,peg,,text,Day,,,date_ymd{',' * 10}\n"
    read = redcap.read(one(peg_day="2026-01-05"), text)
    assert (read.data["date"], read.inferences["finding"]) == (["2026-01-05"], ["date_of_field"])
    assert not any(read.inferences["sure"])
    assert redcap.read(one(day="2026-01-06"), date="day").data["date"] == ["2026-01-06"]
    with pytest.raises(ParameterError):
        redcap.read(one(), date="day")


def test_two_rows_with_one_key_are_reported():
    read = redcap.read(pl.concat([one(), one()]))
    assert (read.rows_out, read.inferences["finding"]) == (2, ["duplicate_key"])
    with pytest.raises(InputError, match="row 2"):
        redcap.rows(read.data, "peg")
    assert redcap.read(one(record_id="")).left_out["reason"] == ["no_record_id"]


@pytest.mark.parametrize(
    ("content", "code", "place"),
    [
        (b"", "header_not_found", None),
        (RAW.encode()[:-40], "file_cut_off", "row 4"),
        (b"record_id,a\n1,\xff\n", "encoding_unknown", None),
        (b"a,a\n1,1\n", "header_not_found", "column 1"),
        (b"Record ID,Complete?\n1,2\n", "header_not_found", None),
        (b"record_id;peg_pain\n1;2\n", "file_unreadable", "row 1"),
        (RAW.encode() + RAW.encode(), "file_unreadable", "row 6"),
    ],
)
def test_files_that_are_refused(tmp_path, content, code, place):
    path = tmp_path / "export.csv"
    path.write_bytes(content)
    with pytest.raises(InputError) as caught:
        redcap.read(path)
    assert (caught.value.code, caught.value.place) == (code, place)


def test_the_data_access_group_is_the_site():
    data = one().with_columns(redcap_data_access_group=pl.lit("hill_top"))
    assert redcap.read(data).data["site"] == ["hill_top"]
    assert redcap.read(one()).data["site"] == [None]


VISITS = pl.DataFrame(
    {
        "record_id": ["1", "1", "1", "2"],
        "redcap_event_name": ["start_arm_1", "week_12_arm_1", "week_12_arm_1", "week_12_arm_1"],
        "redcap_repeat_instrument": ["", "", "peg", "peg"],
        "begun": ["2026-01-05", "", "", ""],
        "seen": ["", "2026-03-30", "", ""],
        **{f"peg_{item}": ["7", "", "5", "4"] for item in instrument("peg").item_ids},
    }
)


def test_the_date_of_an_event_is_that_of_another_row_of_it():
    # The repeating form has a row of its own, which holds nothing of the visit's form.
    assert redcap.read(VISITS, date="seen").data["date"] == [None, "2026-03-30", None]
    named = {"start_arm_1": "begun", "week_12_arm_1": "seen"}
    assert redcap.read(VISITS, date=named).data["date"] == ["2026-01-05", "2026-03-30", None]
    # A field that is named for an event may be anywhere in the record; the date of one event is never that of another.
    assert redcap.read(VISITS, date={"week_12_arm_1": "begun"}).data["date"] == [None, "2026-01-05", None]
    assert redcap.read(VISITS, date="begun").data["date"] == ["2026-01-05", None, None]
    with pytest.raises(ParameterError, match="no field day"):
        redcap.read(VISITS, date={"start_arm_1": "day"})


def labeled(id: str, *cells: list[str]) -> Any:
    """An export with labels of one form between others, as REDCap heads it."""
    fields = [field["Field Label"] for field in csv.DictReader(io.StringIO(redcap.dictionary(id)))][1:]
    header = [
        "Study number",
        "Event Name",
        "Name",
        "Survey Timestamp",
        *fields,
        "Complete?",
        "Shoe size",
        "Complete?",
    ]
    rows = [
        ["1", "Baseline", "N", "2026-01-05 09:00:00", *row, "Complete", "40", "Complete"] for row in cells
    ]
    return header, rows


def saved(path, header, rows):
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        csv.writer(file).writerows([header, *rows])
    return path


def test_a_labeled_export_of_our_own_forms_needs_no_dictionary(tmp_path):
    header, rows = labeled("gad7", ["Several days"] * 7 + [""], ["2"] * 6 + ["Seldom", ""])
    read = redcap.read(saved(tmp_path / "labels.csv", header, rows))
    assert read.instruments == ("gad7",)
    assert read.data["gad7_q1"] == [1, 2]
    assert read.data["gad7_q7"] == [1, None]
    assert read.problems["rule"] == ["wrong_answer"]
    assert (read.data["date"][0], read.data["visit"][0], read.data["status"][0]) == (
        "2026-01-05 09:00:00",
        "Baseline",
        "complete",
    )
    # One label less, and nothing is known of it.
    del header[6]
    with pytest.raises(InputError) as caught:
        redcap.read(saved(tmp_path / "fewer.csv", header, [row[:-1] for row in rows]))
    assert caught.value.code == "header_not_found"


def test_labels_of_numbers_are_read_by_our_own_choices(tmp_path):
    header, rows = labeled("peg", ["0 - No pain", "5", "10 - Completely interferes"])
    first = csv.DictReader(io.StringIO(redcap.dictionary("peg")))
    ends = [field["Choices, Calculations, OR Slider Labels"] for field in first][1:]
    rows[0][4:7] = [
        ends[0].split(" | ")[0].split(", ", 1)[1],
        "5",
        ends[2].split(" | ")[-1].split(", ", 1)[1],
    ]
    read = redcap.read(saved(tmp_path / "labels.csv", header, rows))
    assert (read.data["peg_pain"], read.data["peg_enjoyment"], read.data["peg_activity"]) == ([0], [5], [10])


def test_labels_that_two_editions_share_need_the_name_of_one(tmp_path):
    header, rows = labeled("promis29", [""] * 29)
    path = saved(tmp_path / "labels.csv", header, rows)
    with pytest.raises(InputError, match="instrument=") as caught:
        redcap.read(path)
    assert caught.value.place == "column 5"
    assert redcap.read(path, instrument="promis29").left_out["reason"] == ["no_answer"]


def test_an_export_without_an_instrument_shows_its_rows_and_says_so():
    data = pl.DataFrame(
        {"study_id": ["1", "1"], "redcap_event_name": ["a_arm_1", "b_arm_1"], "weight": ["70", "71"]}
    )
    read = redcap.read(data, events={"a_arm_1": "a"})
    assert (read.instruments, read.data["visit"], read.rows_in) == ((), ["a", "b_arm_1"], 2)
    assert (read.inferences["finding"], read.inferences["sure"]) == (["no_instrument"], [False])


@given(st.data())
@settings(max_examples=60)
def test_no_broken_export_ends_in_anything_but_a_clear_error(data):
    content = bytearray(RAW.encode())
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(content)))
        way = data.draw(st.sampled_from(["cut", "insert", "drop", "swap"]))
        if way == "cut":
            del content[at:]
        elif way == "insert":
            content[at:at] = data.draw(
                st.sampled_from([b'"', b",", b"\n", b"\0", b"\xff", b"=cmd()", b"\r", b"9" * 400])
            )
        elif way == "drop":
            del content[at : at + data.draw(st.integers(1, 30))]
        else:
            content[at : at + 1] = bytes([data.draw(st.integers(0, 255))])
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "export.csv"
        path.write_bytes(bytes(content))
        try:
            read = redcap.read(path)
        except InputError:  # anything else fails the test
            return
        assert read.rows_in == read.rows_out + len(read.left_out["line"])


OF = {
    id: [f"{id}_{item}" for item in instrument(id).item_ids]
    for id in ("phq9", "peg", "pcs", "pam", "wpai_gh")
}


@st.composite
def forms(draw: st.DrawFn) -> tuple[str, list[tuple[float | None, ...]]]:
    """Forms of one instrument, each with an answer."""
    id = draw(st.sampled_from(sorted(OF)))
    found = instrument(id)
    lists = [found.answers_of(item) for item in found.item_ids]
    one = st.tuples(*(st.none() | st.integers(a.lowest, a.highest).map(a.answer) for a in lists))
    return id, draw(
        st.lists(one.filter(lambda row: any(cell is not None for cell in row)), min_size=1, max_size=5)
    )


@given(forms())
def test_there_and_back(made):
    id, answers = made
    data: dict[str, list[Any]] = {
        "patient_id": [f"{n // 2:03}" for n in range(len(answers))],
        "visit": ["first" if n % 2 else "second" for n in range(len(answers))],
    }
    data |= {name: [row[at] for row in answers] for at, name in enumerate(OF[id])}
    events = {"first": "first_arm_1", "second": "second_arm_1"}
    raw = redcap.rows(pl.DataFrame(data, infer_schema_length=None), id, events=events, backend="polars")
    back = redcap.read(raw, redcap.dictionary(id), events={b: a for a, b in events.items()})
    assert {name: back.data[name] for name in data} == data
    assert back.problems["row"] == []
