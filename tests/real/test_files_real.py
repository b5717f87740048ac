"""Every file of the manifest of `files`: its stated reading, or its stated refusal with the place."""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from ipm_outcomes import files, frames
from ipm_outcomes.errors import InputError
from ipm_outcomes.mapping import Mapping
from ipm_outcomes.reading import Reading

pytest.importorskip("polars")
Real = Callable[[str], Path]

DAYS = [date(2026, 1, 5), date(2026, 2, 14), date(2026, 3, 31)]
PEG: dict[str, list[Any]] = {  # P01 5 6 4 (mean 5), P02 0 3 blank (withheld), P03 10 10 9 (mean 29/3)
    "patient_id": ["P01", "P02", "P03"],
    "date": DAYS,
    "peg_pain": [5, 0, 10],
    "peg_enjoyment": [6, 3, 10],
    "peg_activity": [4, None, 9],
}
COLUMNS = {  # confirmed by a person who looked at the file
    "x01_header_row3_merged_formula.xlsx": ("Pain (0-10)", "Enjoyment (0-10)", "Activity (0-10)"),
    "s01_user_missing_labels.sav": ("PEG1", "PEG2", "PEG3"),
    "s04_sas_transport_v5.xpt": ("PEG1", "PEG2", "PEG3"),
    "s05_sas_transport_v8.xpt": ("peg_pain_average", "PEG2", "PEG3"),
    "c02_cp1252_semicolon_decimal_comma.csv": ("Schmerz", "Lebensfreude", "Aktivität"),
}


def read(real: Real, name: str, **how: Any) -> Reading:
    return files.read(real(f"files/{name}"), **how)


def noted(found: Reading, code: str) -> list[tuple[Any, ...]]:
    rows = zip(
        *(found.inferences[name] for name in ("finding", "where", "rows", "value", "sure")), strict=True
    )
    return [row[1:] for row in rows if row[0] == code]


def is_peg(found: Reading) -> bool:
    assert {name: found.data[name] for name in PEG} == PEG
    polars = files_frame(found)
    scored = frames.score(polars, "peg")
    assert scored["peg_mean"].to_list() == pytest.approx([5.0, None, 29 / 3])
    assert found.rows_in == found.rows_out + len(found.left_out["line"])
    return True


def files_frame(found: Reading) -> Any:
    import polars as pl

    return pl.DataFrame(found.data)


def confirmed(found: Reading, items: tuple[str, ...], **also: Any) -> Mapping:
    """What `read` pinned and proposed, with the columns of the PEG by hand."""
    content = found.mapping.accept().model_dump(exclude_defaults=True)
    columns = dict(zip(("pain", "enjoyment", "activity"), items, strict=True))
    return Mapping.of({**content, "instrument": [{"id": "peg", "columns": columns, **also}]})


@pytest.mark.parametrize(
    "name",
    [
        *("c01_bom_crlf.csv", "c03_sep_line.csv", "c04_quoted_newline_comma.csv", "c06_tab_utf16.txt"),
        "c05_trailing_commas_blank_lines.csv",
    ],
)
def test_dialects_of_csv_read_alike(real: Real, name: str) -> None:
    found = read(real, name)
    assert found.instruments == ("peg",)
    assert is_peg(found)
    assert all(sure for _, _, _, sure in noted(found, "delimiter"))


def test_columns_and_rows_without_content_are_counted(real: Real) -> None:
    found = read(real, "c05_trailing_commas_blank_lines.csv")
    assert found.left_out["reason"] == ["blank_rows"] * 3
    (evidence,) = [
        e
        for f, e in zip(found.inferences["finding"], found.inferences["evidence"], strict=True)
        if f == "empty_columns"
    ]
    assert evidence.startswith("2 columns")


@pytest.mark.parametrize("name", COLUMNS)
def test_confirmed_columns_of_other_names_read(real: Real, name: str) -> None:
    first = read(real, name)
    assert first.instruments == ()
    assert is_peg(read(real, name, mapping=confirmed(first, COLUMNS[name])))


def test_a_western_file_with_decimal_commas_and_recorded_means(real: Real) -> None:
    name = "c02_cp1252_semicolon_decimal_comma.csv"
    first = read(real, name)
    assert noted(first, "encoding") == [(None, 0, "cp1252", True)]
    assert noted(first, "dates_unreadable") == [("Besuch", 3, "%d.%m.%Y", False)]
    assert first.data["Besuch"] == ["05.01.2026", "14.02.2026", "31.03.2026"]  # declared or left as it is
    found = read(real, name, mapping=confirmed(first, COLUMNS[name], recorded={"mean": "Mittel"}))
    assert is_peg(found)
    assert (found.recorded["row"], found.recorded["recorded"]) == ([0, 2], [5.0, 9.67])


def test_a_workbook_with_a_title_and_a_formula_without_value(real: Real) -> None:
    name = "x01_header_row3_merged_formula.xlsx"
    first = read(real, name)
    assert noted(first, "sheet") == [(None, 0, "PEG 2026", True)]
    assert noted(first, "header")[0][2] == "3"
    assert noted(first, "formula_without_value") == [("PEG mean", 3, None, True)]
    found = read(real, name, mapping=confirmed(first, COLUMNS[name], recorded={"mean": "PEG mean"}))
    assert found.recorded["recorded"] == []


def test_numbers_are_no_dates_until_they_are_declared(real: Real) -> None:
    name = "x02_serial_dates_as_numbers.xlsx"
    found = read(real, name)
    assert found.data["date"] == [46027, 46067, 46112]
    assert noted(found, "dates_ambiguous") == [("date", 3, None, False)]
    assert is_peg(read(real, name, date_format="excel"))


def test_a_total_row_is_no_patient_by_a_rule_only(real: Real) -> None:
    name = "x04_text_numbers_blank_rows_total_row_hidden.xlsx"
    found = read(real, name)
    assert found.data["patient_id"] == ["P01", "P02", "P03", "Total"]
    assert noted(found, "total_rows") == [("patient_id", 1, "id is Total", False)]
    assert noted(found, "numbers_as_text")[0][1] == 3
    assert noted(found, "hidden_cells")[0][1] == 1
    again = read(real, name, mapping=found.mapping.accept("file.drop_rows"))
    assert is_peg(again)
    assert again.left_out["reason"].count("rule") == 1


def test_missing_values_that_the_file_declares(real: Real) -> None:
    found = read(real, "s01_user_missing_labels.sav")
    assert noted(found, "missing_code") == [("PEG3", 1, "null", True)]


def test_codes_of_stata_and_not_labels(real: Real) -> None:
    found = read(real, "s02_stata_labelled.dta")
    assert found.data["gad7_1"] == [1, 3]
    again = read(real, "s02_stata_labelled.dta", mapping=found.mapping.accept("gad7"), backend="polars")
    assert frames.score(again.data, "gad7")["gad7_total"].to_list() == [12, 21]


def gad7(found: Reading, columns: list[str], coding: Any, patient: str, day: Any) -> Mapping:
    content = found.mapping.model_dump(exclude_defaults=True)
    items = {f"q{n}": name for n, name in enumerate(columns, 1)}
    part = {"id": "gad7", "columns": items, "coding": coding}
    return Mapping.of({**content, "keys": {"patient": patient, "date": day}, "instrument": [part]})


def test_qualtrics_with_three_header_rows_and_codes_from_one(real: Real) -> None:
    name = "c07_qualtrics_three_headers.csv"
    first = read(real, name)
    assert first.left_out["reason"] == ["header_rows", "header_rows", "preview_row"]
    assert noted(first, "not_completed") == [("Finished", 1, None, True)]
    columns = [f"QID7_{n}" for n in range(1, 8)]
    found = read(
        real,
        name,
        mapping=gad7(first, columns, "position", "ExternalReference", {"column": "EndDate"}),
        backend="polars",
    )
    assert found.data["patient_id"].to_list() == ["P01", "P03"]
    assert [found.data[f"gad7_q{n}"][0] for n in range(1, 8)] == [0, 1, 2, 3, 0, 1, 2]
    scored = frames.score(found.data, "gad7")
    assert (scored["gad7_total"].to_list(), scored["gad7_total_answered"].to_list()) == ([9, None], [7, 2])


def test_limesurvey_answer_codes(real: Real) -> None:
    name = "c08_limesurvey_codes.csv"
    first = read(real, name)
    assert noted(first, "coding_of_labels") == [(None, 2, "A1 = 0, A2 = 1, A3 = 2, A4 = 3", False)]
    assert noted(first, "not_completed") == [("submitdate", 1, None, True)]
    found = read(real, name, mapping=first.mapping.accept(), backend="polars")
    scored = frames.score(found.data, "gad7")
    assert (scored["gad7_total"].to_list(), scored["gad7_total_answered"].to_list()) == ([9, None], [7, 1])


def test_google_forms(real: Real) -> None:
    name = "c09_google_forms.csv"
    first = read(real, name)
    columns = [one for one in first.data if "[" in one]
    day = {"column": "Timestamp", "format": "%Y/%m/%d %I:%M:%S %p"}
    found = read(real, name, mapping=gad7(first, columns, "label", "Patient code", day), backend="polars")
    assert found.data["date"][0].date() == date(2026, 1, 5)
    assert frames.score(found.data, "gad7")["gad7_total"].to_list() == [9]


def test_microsoft_forms_never_takes_who_answered(real: Real) -> None:
    name = "c11_microsoft_forms.csv"
    first = read(real, name)
    assert not {"Email", "Name"} & set(first.data)
    assert [where for where, *_ in noted(first, "dates_ambiguous")] == ["Start time", "Completion time"]
    columns = list(first.data)[4:]
    day = {"column": "Completion time", "format": "%m/%d/%y %H:%M:%S"}
    found = read(real, name, mapping=gad7(first, columns, "label", "Id", day), backend="polars")
    assert frames.score(found.data, "gad7")["gad7_total"].to_list() == [9]


@pytest.mark.parametrize(
    ("name", "code", "place", "said"),
    [
        ("b01_cut_in_midrow.csv", "file_cut_off", "line 4", "3 cells, the header 5"),
        ("b02_zip_renamed.xlsx", "file_unreadable", None, "no workbook"),
        ("b03_html_renamed.xls", "file_unreadable", None, "HTML"),
        ("b04_binary_noise.csv", None, "line", "no text"),
        ("b06_stray_cell_XFD1048576.xlsx", "file_too_wide", "cell XFD1048576", "holds 5 cells"),
    ],
)
def test_what_is_refused_says_where(
    real: Real, name: str, code: str | None, place: str | None, said: str
) -> None:
    with pytest.raises(InputError, match=said) as caught:
        read(real, name)
    assert code in (None, caught.value.code)
    assert caught.value.place is None if place is None else str(caught.value.place).startswith(place)


NAMES = [
    *("x01_header_row3_merged_formula.xlsx", "x04_text_numbers_blank_rows_total_row_hidden.xlsx"),
    *("s01_user_missing_labels.sav", "s02_stata_labelled.dta", "s05_sas_transport_v8.xpt"),
    *("c02_cp1252_semicolon_decimal_comma.csv", "c03_sep_line.csv", "c06_tab_utf16.txt"),
    *("c07_qualtrics_three_headers.csv", "c08_limesurvey_codes.csv", "c09_google_forms.csv"),
]


@pytest.mark.parametrize("name", NAMES)
def test_what_is_pinned_reads_the_file_as_it_was_read(real: Real, name: str) -> None:
    first = read(real, name)
    pinned = Mapping.of(tomllib.loads(first.mapping.text()))
    again = read(real, name, mapping=pinned)
    assert (again.data, again.left_out) == (first.data, first.left_out)
