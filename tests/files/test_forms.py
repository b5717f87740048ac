"""Which rows are one form, which date is the form's, and sets of which a column is missing."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from ipm_outcomes import files, redcap
from ipm_outcomes.errors import InputError, ParameterError
from ipm_outcomes.reading import Reading

pl = pytest.importorskip("polars")
LABELS = ["Not at all", "Several days", "More than half the days", "Nearly every day"]
HEADER = ["USUBJID", "QSSEQ", "QSSPID", "QSTESTCD", "QSORRES", "QSSTRESN", "QSSTAT", "QSDTC", "VISIT", "ARM"]
ANSWERS = [0, 1, 2, 3, 0, 1, 2]


def read(folder: Path, header: list[str], rows: list[list[str]], **how: Any) -> Reading:
    path = folder / "a.csv"
    path.write_text("".join("|".join(row) + "\n" for row in [header, *rows]), encoding="utf-8")
    return files.read(path, delimiter="|", **how)


def noted(found: Reading, code: str) -> list[tuple[Any, ...]]:
    rows = zip(*(found.inferences[name] for name in ("finding", "where", "value", "sure")), strict=True)
    return [row[1:] for row in rows if row[0] == code]


def qs(**cells: tuple[int, str]) -> list[list[str]]:
    """A GAD-7 of one visit; a cell is replaced by its row and its text."""
    rows = [
        ["P1", str(n), f"Q-{n}", f"GAD020{n}", LABELS[one], str(one), "", "2026-01-05T09:00", "Week 1", "A"]
        for n, one in enumerate(ANSWERS, 1)
    ]
    for column, (row, text) in cells.items():
        rows[row][HEADER.index(column)] = text
    return rows


@pytest.mark.parametrize(
    "cells",
    [
        {},
        {"QSDTC": (3, "2026-01-05T09:03")},  # a time stamp of each question
        {"VISIT": (2, "")},
        {"QSDTC": (6, "")},
        {"QSORRES": (1, "")},
        {"QSSTRESN": (1, "")},
    ],
)
def test_a_form_is_one_patient_date_and_visit(tmp_path: Path, cells: Any) -> None:
    found = read(tmp_path, HEADER, qs(**cells))
    assert [found.data[f"gad7_q{n}"] for n in range(1, 8)] == [[one] for one in ANSWERS]
    assert (found.rows_out, found.data["ARM"], "QSSPID" in found.data) == (1, ["A"], False)
    assert read(tmp_path, [name.lower() for name in HEADER], qs(**cells)).data["gad7_q4"] == [3]


def test_two_visits_of_one_day_are_two_forms(tmp_path: Path) -> None:
    later = [[*row[:8], "Week 2", "B"] for row in qs()]
    found = read(tmp_path, HEADER, qs() + later)
    assert (found.rows_out, found.data["VISIT"]) == (2, ["Week 1", "Week 2"])
    one = read(tmp_path, HEADER, qs(ARM=(0, "B")))
    assert noted(one, "varying_columns") == [("ARM", None, True)]
    with pytest.raises(InputError) as caught:
        read(tmp_path, HEADER, qs() + qs())
    assert (caught.value.code, caught.value.place) == ("duplicate_item", "line 9")


@pytest.mark.parametrize(
    ("cells", "place"),
    [
        ({"QSSTRESN": (4, "1")}, "line 6"),
        ({"QSORRES": (2, "2 - Several days")}, "line 4"),
        ({"QSORRES": (2, "3 - More than half the days")}, None),  # its number is a place in the list
        ({"QSORRES": (2, "Several days")}, "line 4"),
        ({"QSORRES": (2, "1")}, "line 4"),
        ({"QSSTAT": (5, "NOT DONE")}, "line 7"),
    ],
)
def test_columns_that_contradict_each_other_stop_with_the_place(
    tmp_path: Path, cells: Any, place: str | None
) -> None:
    if place is None:
        assert read(tmp_path, HEADER, qs(**cells)).data["gad7_q3"] == [2]
        return
    with pytest.raises(InputError) as caught:
        read(tmp_path, HEADER, qs(**cells))
    assert (caught.value.code, caught.value.place) == ("display_contradicts", place)


def test_a_total_is_not_two_numbers(tmp_path: Path) -> None:
    total = ["P1", "8", "", "GAD0208", "9", "9", "", "2026-01-05T09:00", "Week 1", "A"]
    assert read(tmp_path, HEADER, [*qs(), total]).recorded["recorded"] == [9.0]
    with pytest.raises(InputError) as caught:
        read(tmp_path, HEADER, [*qs(), [*total[:4], "10", *total[5:]]])
    assert (caught.value.code, caught.value.place) == ("display_contradicts", "line 9")


PEG = ["peg_pain", "peg_enjoyment", "peg_activity"]


@pytest.mark.parametrize(
    "name", ["dob", "DOB", "Date of birth", "patientDOB", "BirthDate", "Geburtsdatum", "date_of_death"]
)
@pytest.mark.parametrize("way", [None, "%d/%m/%Y", "column"])
def test_a_date_of_birth_is_no_date_of_a_form(tmp_path: Path, name: str, way: str | None) -> None:
    how = {name: "%d/%m/%Y"} if way == "column" else way
    found = read(tmp_path, ["id", name, *PEG], [["a", "13/01/1960", "1", "2", "3"]], date_format=how)
    assert "date" not in found.data
    assert "keys.date" not in [one.name for one in found.mapping.proposed]
    assert noted(found, "other_dates") == [(name, None, True)]
    assert found.data[name] == ["13/01/1960" if way is None else date(1960, 1, 13)]


def test_the_other_column_is_the_date(tmp_path: Path) -> None:
    row = ["a", "13/01/1960", "14/02/2026", "1", "2", "3"]
    found = read(tmp_path, ["id", "dob", "day", *PEG], [row], date_format="%d/%m/%Y")
    assert (found.data["date"], found.data["dob"]) == ([date(2026, 2, 14)], ["13/01/1960"])
    mapping = found.mapping.model_copy(
        update={"keys": found.mapping.keys.model_copy(update={"date": found.mapping.keys.date.model_copy(
            update={"column": "dob"})})})  # fmt: skip
    with pytest.raises(InputError) as caught:
        files.read(tmp_path / "a.csv", mapping=mapping)
    assert caught.value.place == "keys.date"
    with pytest.raises(ParameterError, match="which column"):
        read(tmp_path, ["dob", "a", "b", *PEG], [row[1:3] + row[2:]], date_format="%d/%m/%Y")


@pytest.mark.parametrize(
    ("names", "id", "lacking", "scales"),
    [
        ([*PEG, *(f"phq9_q{n}" for n in range(1, 9))], "phq9", "q9", ["phq8", "phq2"]),
        ([f"PHQ9_{n}" for n in range(1, 9)], "phq9", "q9", ["phq8", "phq2"]),
        ([f"DPQ0{n}0" for n in range(2, 10)], "phq9", "q1", None),
        ([f"gad7_q{n}" for n in range(1, 7)], "gad7", "q7", ["gad2"]),
        (["peg_enjoy", "peg_general"], "peg", "pain", None),
        ([f"phq9_{n}" for n in range(9)], "phq9", "from 0", None),
        ([f"{visit}_gad7_{n}" for visit in ("t0", "t1") for n in range(1, 7)], "gad7", "q7", None),
    ],
)
def test_a_set_that_lacks_a_column_is_reported(
    tmp_path: Path, names: list[str], id: str, lacking: str, scales: list[str] | None
) -> None:
    found = read(tmp_path, ["who", *names], [["a", *["1"] * len(names)]])
    at = found.inferences["finding"].index("columns_missing")
    assert (found.inferences["instrument"][at], found.inferences["sure"][at]) == (id, False)
    assert lacking in found.inferences["evidence"][at]
    proposed = [one.value.scales for one in found.mapping.proposed if one.name == id]
    assert proposed == ([] if scales is None else [scales])
    if scales:
        taken = files.read(tmp_path / "a.csv", mapping=found.mapping.accept(id))
        assert taken.data[f"{id}_q1"] == [1]


@pytest.mark.parametrize(
    "names", [["phq8_1", "phq8_2"], [f"phq_{n}" for n in range(1, 16)], ["gad2_1", "gad2_2"]]
)
def test_other_forms_are_not_reported_as_short(tmp_path: Path, names: list[str]) -> None:
    found = read(tmp_path, ["who", *names], [["a", *["1"] * len(names)]])
    assert "columns_missing" not in found.inferences["finding"]


def test_codes_of_redcap_without_the_lowest_answer() -> None:
    def export(cells: str, rows: int) -> Any:
        return pl.DataFrame({"record_id": [str(n) for n in range(rows)], **{
            f"phq9_q{n}": [cell] * rows for n, cell in enumerate(cells, 1)}})  # fmt: skip

    for rows, code in ((1, "no_lowest_answer"), (19, "no_lowest_answer"), (20, "coding_suspected")):
        found = redcap.read(export("123123123", rows))
        assert [one for one in found.inferences["finding"] if "low" in one or "coding" in one] == [code]
        assert found.data["phq9_q1"] == [1] * rows
    assert redcap.read(export("012301230", 20)).inferences["finding"] == []
