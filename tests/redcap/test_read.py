"""Exports of REDCap: what is read, what is left out, and the way there and back."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ipm_outcomes import change, frames, instrument, redcap
from ipm_outcomes.errors import InputError, ParameterError

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
    ],
)
def test_files_that_are_refused(tmp_path, content, code, place):
    path = tmp_path / "export.csv"
    path.write_bytes(content)
    with pytest.raises(InputError) as caught:
        redcap.read(path)
    assert (caught.value.code, caught.value.place) == (code, place)


ITEMS = [f"{id}_{item}" for id in ["phq9"] for item in instrument("phq9").item_ids]


def answered(row: tuple[int | None, ...]) -> bool:
    return any(cell is not None for cell in row)


@given(
    st.lists(
        st.tuples(*[st.none() | st.integers(0, 3)] * len(ITEMS)).filter(answered), min_size=1, max_size=6
    )
)
def test_there_and_back(answers):
    data: dict[str, list[Any]] = {
        "patient_id": [f"{n // 2:03}" for n in range(len(answers))],
        "visit": ["first" if n % 2 else "second" for n in range(len(answers))],
    }
    data |= {name: [row[at] for row in answers] for at, name in enumerate(ITEMS)}
    events = {"first": "first_arm_1", "second": "second_arm_1"}
    raw = redcap.rows(pl.DataFrame(data), "phq9", events=events, backend="polars")
    back = redcap.read(raw, redcap.dictionary("phq9"), events={b: a for a, b in events.items()})
    assert {name: back.data[name] for name in data} == data
    assert back.problems["row"] == []
