"""Files as clinics have them, made here: what is read, what is proposed, what is refused, and where."""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from ipm_outcomes import files, frames, instrument
from ipm_outcomes.errors import InputError, MissingExtraError, ParameterError
from ipm_outcomes.mapping import DatePart
from ipm_outcomes.reading import Reading

pl = pytest.importorskip("polars")

HEADER = ["patient_id", "date", "peg_pain", "peg_enjoyment", "peg_activity"]
ROWS = [["P01", "2026-01-05", "5", "6", "4"], ["P02", "2026-02-14", "0", "3", ""]]
Make = Callable[..., Path]


@pytest.fixture
def make(tmp_path: Path) -> Make:
    def write(content: str | bytes, name: str = "a.csv", encoding: str = "utf-8") -> Path:
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode(encoding))
        return path

    return write


def text(rows: list[list[str]], separator: str = ",", end: str = "\n") -> str:
    return "".join(separator.join(row) + end for row in rows)


def codes(found: Reading) -> list[str]:
    return list(found.inferences["finding"])


def value(found: Reading, code: str) -> Any:
    return found.inferences["value"][codes(found).index(code)]


def is_peg(found: Reading) -> None:
    assert found.data["peg_pain"] == [5, 0]
    assert found.data["peg_activity"] == [4, None]
    assert found.data["date"] == [date(2026, 1, 5), date(2026, 2, 14)]
    assert found.rows_in == found.rows_out + len(found.left_out["line"])


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_dialects_read_alike(make: Make, separator: str, encoding: str, end: str) -> None:
    found = files.read(make(text([HEADER, *ROWS], separator, end), encoding=encoding))
    is_peg(found)
    assert value(found, "delimiter") == separator
    assert found.instruments == ("peg",)


def test_a_line_names_the_separator(make: Make) -> None:
    found = files.read(make("sep=|\r\n" + text([HEADER, *ROWS], "|", "\r\n")))
    is_peg(found)
    assert found.data["line"] == [3, 4]


def test_two_separators_that_both_fit_are_asked_for(make: Make) -> None:
    path = make("a;b,c\n1;2,3\n4;5,6\n")
    with pytest.raises(InputError) as caught:
        files.read(path)
    assert caught.value.code == "delimiter_ambiguous"
    assert files.read(path, delimiter=";").data["b,c"] == ["2.3", "5.6"]


def test_thousands_are_no_decimals(make: Make) -> None:
    found = files.read(make("a;n\nx;1,234\ny;2,345\n"))
    assert found.data["n"] == ["1,234", "2,345"]
    assert not found.inferences["sure"][codes(found).index("decimal")]


@pytest.mark.parametrize(
    ("content", "code", "place"),
    [
        (text([HEADER, *ROWS, ["P03", "2026-03-31", "1"]])[:-1], "file_cut_off", "line 4"),
        (text([HEADER, *ROWS]) + '"P03', "file_cut_off", "line 4"),
        (text([HEADER, ROWS[0], ["P02", "2026-02-14", "3"], ROWS[1]]), "file_unreadable", "line 3"),
        (text([HEADER, ROWS[0], [*ROWS[1], "x"], ROWS[0], ROWS[0]]), "file_unreadable", "line 3"),
        (text([["a", "a"], ["1", "2"]]), "header_not_found", None),
        (text([["1", "2"], ["3", "4"]]), "header_not_found", None),
        ("", "file_unreadable", None),
        ("\n \n", "file_unreadable", None),
        (b"a,b\n1,\x81\n", "encoding_unknown", "line 2"),
        (b"a,b\n1,\x002\n", "file_unreadable", "line 2"),
        (b"<html><body><table>", "file_unreadable", None),
        (b"PAR1....", "file_unreadable", None),
        (b"a,b\n" + b"x" * 1_100_000 + b",1\n", "file_too_wide", "line 2"),
    ],
)
def test_what_is_refused_says_where_and_nothing_of_the_cells(
    make: Make, content: Any, code: str, place: str | None
) -> None:
    with pytest.raises(InputError) as caught:
        files.read(make(content))
    assert (caught.value.code, caught.value.place) == (code, place)
    assert "P0" not in str(caught.value)


def test_more_cells_than_the_limit_are_refused(make: Make) -> None:
    with pytest.raises(InputError) as caught:
        files.read(make(text([HEADER, *ROWS])), limit_cells=12)
    assert (caught.value.code, caught.value.place) == ("file_too_wide", "line 3")


def test_lines_above_the_header_and_names_in_two_rows(make: Make) -> None:
    found = files.read(make(text([["Pain clinic", "", ""], ["id", "pain", "score"], ["a", "1", "2"]])))
    assert found.data["pain"] == ["1"]
    assert (found.left_out["reason"], found.data["line"]) == (["above_header"], [3])
    two = files.read(make(text([["", "PEG", ""], ["id", "pain", "activity"], ["a", "1", "2"]])))
    assert list(two.data) == ["line", "id", "PEG / pain", "PEG / activity"]


def test_header_is_taken_where_it_is_named(make: Make) -> None:
    path = make(text([["x", "y"], ["a", "b"], ["1", "2"]]))
    assert files.read(path, header=2).data["b"] == ["2"]
    with pytest.raises(InputError):
        files.read(path, header=9)


def test_cells_that_are_no_answers_are_null_and_listed(make: Make) -> None:
    found = files.read(make(text([HEADER, *ROWS, ["P03", "2026-01-01", "11", "Jane", "1"]])))
    assert found.data["peg_pain"] == [5, 0, None]
    assert found.problems["place"] == ["line 4, column peg_pain", "line 4, column peg_enjoyment"]
    assert "Jane" not in str(found.problems)


def test_codes_from_one_are_not_read_until_the_coding_is_declared(make: Make) -> None:
    names = [f"gad7_q{n}" for n in range(1, 8)]
    path = make(text([names, ["1", "2", "3", "4", "1", "2", "3"], ["1", "1", "1", "1", "1", "1", "2"]]))
    found = files.read(path, backend="polars")
    assert found.data["gad7_q1"].to_list() == ["1", "1"]  # as it stands
    assert "coding_from_one" in found.inferences["finding"].to_list()
    settled = files.read(path, mapping=found.mapping.accept("gad7.coding"), backend="polars")
    # 0+1+2+3+0+1+2 and 0+0+0+0+0+0+1
    assert frames.score(settled.data, "gad7")["gad7_total"].to_list() == [9, 1]


def test_dates_are_read_when_they_are_declared(make: Make) -> None:
    path = make(text([["id", "day"], ["a", "03/04/2026"], ["b", "05/06/2026"]]))
    found = files.read(path)
    assert "dates_ambiguous" in codes(found)
    assert found.data["day"] == ["03/04/2026", "05/06/2026"]
    assert files.read(path, date_format="%d/%m/%Y").data["date"] == [date(2026, 4, 3), date(2026, 6, 5)]
    with pytest.raises(InputError) as caught:
        files.read(path, date_format="%Y/%m/%d")
    assert caught.value.place == "line 2, column day"


LONG = [["who", "when", "what", "said"]] + [["P1", "2026-01-05", f"peg_{item}", n] for item, n in
    (("pain", "7"), ("enjoyment", "6"), ("activity", "5"))]  # fmt: skip


def test_one_row_a_question(make: Make) -> None:
    how = {"question": "what", "answer": "said"}
    found = files.read(make(text(LONG)), long=how)
    assert (found.data["peg_pain"], found.rows_in, found.rows_out) == ([7], 3, 1)
    with pytest.raises(InputError) as caught:
        files.read(make(text([*LONG, LONG[1]])), long=how)
    assert (caught.value.code, caught.value.place) == ("duplicate_item", "line 5")


def test_test_codes_of_cdisc_say_the_item(make: Make) -> None:
    """The total of the first patient of the public example: 2+2+2+2+3+3+1 = 15."""
    labels = ["More than half the days"] * 4 + ["Nearly every day"] * 2 + ["Several days", "15"]
    rows = [["P1", f"GAD020{n}", "VISIT 1", "2012-11-16", one] for n, one in enumerate(labels, 1)]
    path = make(text([["USUBJID", "QSTESTCD", "VISIT", "QSDTC", "QSORRES"], *rows]))
    found = files.read(path, backend="polars")
    assert frames.score(found.data, "gad7")["gad7_total"].to_list() == [15]
    assert found.recorded["recorded"].to_list() == [15.0]
    long = {"question": "QSTESTCD", "answer": "QSORRES"}
    assert files.read(path, long=long).data["gad7_q5"] == [3]


def test_visits_beside_each_other_become_rows(make: Make) -> None:
    items = [f"phq9_{n}" for n in range(1, 10)]
    names = ["id", *(f"t0_{name}" for name in items), *(f"t1_{name}" for name in items)]
    path = make(text([names, ["a", *"012301230", *"000000001"]]))
    first = files.read(path)
    assert "visits_in_columns" in codes(first)
    assert "phq9_q1" not in first.data
    found = files.read(path, mapping=first.mapping.accept(), backend="polars")
    assert found.data["visit"].to_list() == ["t0", "t1"]
    assert found.data["patient_id"].to_list() == ["a", "a"]
    # 0+1+2+3+0+1+2+3+0 = 12, then 1
    assert frames.score(found.data, "phq9")["phq9_total"].to_list() == [12, 1]


def test_each_visit_has_its_own_date(make: Make) -> None:
    items = [f"gad7_{n}" for n in range(1, 8)]
    names = ["id", *(f"t0_{name}" for name in items), *(f"t1_{name}" for name in items)]
    row = ["a", *"01230120000001"]
    path = make(text([[*names, "t0_day", "t1_day"], [*row, "2026-01-05", "2026-03-31"]]))
    mapping = files.read(path).mapping.accept()
    assert mapping.keys.date is not None
    assert mapping.keys.date.column == "day"
    assert files.read(path, mapping=mapping).data["date"] == [date(2026, 1, 5), date(2026, 3, 31)]
    wrong = mapping.model_copy(
        update={"keys": mapping.keys.model_copy(update={"date": DatePart(column="t0_day")})}
    )
    with pytest.raises(InputError) as caught:
        files.read(path, mapping=wrong)
    assert caught.value.place == "keys.date"
    alone = files.read(make(text([[*names, "t0_day"], [*row, "2026-01-05"]])))
    assert "keys.date" not in [one.name for one in alone.mapping.proposed]


def test_a_google_form_by_its_questions(make: Make) -> None:
    from ipm_outcomes import instrument

    asked = [f"In two weeks: [{one.wording}]" for one in instrument("gad7").items[:7]]
    cells = ["Not at all", "Several days", "Nearly every day", *["Not at all"] * 4]
    quoted = [[f'"{cell}"' for cell in row] for row in
        ([["Timestamp", *asked], ["2026/01/05 9:03:11 AM EST", *cells]])]  # fmt: skip
    path = make(text(quoted))
    first = files.read(path)
    assert value(first, "export") == "Google Forms"
    assert value(first, "columns_proposed") == "wording"
    found = files.read(path, mapping=first.mapping.accept())
    assert [found.data[f"gad7_q{n}"] for n in (1, 2, 3)] == [[0], [1], [3]]
    assert found.data["date"][0].date() == date(2026, 1, 5)


def test_a_surveymonkey_export_has_a_second_row(make: Make) -> None:
    rows = [["Respondent ID", "Your pain", ""], ["", "pain", "activity"], ["77", "5", "6"]]
    found = files.read(make(text(rows)))
    assert list(found.data) == ["line", "Respondent ID", "Your pain / pain", "Your pain / activity"]
    assert found.left_out["reason"] == ["header_rows"]


# Workbooks


@pytest.fixture
def book(tmp_path: Path) -> Callable[..., Path]:
    pytest.importorskip("python_calamine")
    openpyxl = pytest.importorskip("openpyxl")

    def write(rows: list[list[Any]], cells: dict[str, Any] | None = None, **also: Any) -> Path:
        work = openpyxl.Workbook()
        sheet = work.active
        for row in rows:
            sheet.append(row)
        for place, one in (cells or {}).items():
            sheet[place] = one
        if "merge" in also:
            sheet.merge_cells(also["merge"])
        if also.get("epoch"):
            work.epoch = openpyxl.utils.datetime.CALENDAR_MAC_1904
        for name in also.get("sheets", ()):
            other = work.create_sheet(name)
            for row in rows:
                other.append(row)
        path = tmp_path / "a.xlsx"
        work.save(path)
        return path

    return write


def typed() -> list[list[Any]]:
    return [HEADER, ["P01", date(2026, 1, 5), 5, 6, 4], ["P02", date(2026, 2, 14), 0, 3, None]]


def test_a_workbook_reads_as_its_text(book: Any) -> None:
    is_peg(files.read(book(typed())))
    is_peg(files.read(book(typed(), epoch=True)))
    is_peg(files.read(book([[], [], ["The clinic"], *typed()])))


def test_of_two_sheets_one_is_named(book: Any) -> None:
    path = book(typed(), sheets=["Other"])
    with pytest.raises(InputError) as caught:
        files.read(path)
    assert caught.value.code == "header_not_found"
    for sheet in (2, "2", "Other"):
        is_peg(files.read(path, sheet=sheet))
    with pytest.raises(ParameterError):
        files.read(path, sheet="None")


def test_cells_merged_below_the_names_are_told(book: Any) -> None:
    path = book([["id", "peg_pain"], ["a", 4], [None, 5], ["b", 6]], merge="A2:A3")
    assert "merged_cells" in codes(files.read(path))


def test_errors_of_a_spreadsheet_are_counted_by_column(book: Any) -> None:
    rows = typed()
    rows[1][2], rows[2][2], rows[2][4] = "#N/A", "#REF!", "#DIV/0!"
    found = files.read(book(rows)).inferences
    seen = zip(*(found[name] for name in ("finding", "where", "rows", "sure")), strict=True)
    assert [one[1:] for one in seen if one[0] == "error_cells"] == [
        (HEADER[2], 2, False),
        (HEADER[4], 1, False),
    ]
    assert "error_cells" not in codes(files.read(book(typed())))


def test_day_numbers_of_the_other_calendar(book: Any) -> None:
    # 2026-01-05 is day 46027 of the 1900 calendar, and 46027 - 1462 = 44565 of that of 1904
    path = book([["id", "date", "n"], ["a", 44565, 1]], epoch=True)
    with pytest.raises(InputError) as caught:
        files.read(path, date_format="excel")
    assert caught.value.code == "date_ambiguous"
    assert files.read(path, date_format="excel-1904").data["date"] == [date(2026, 1, 5)]


@pytest.mark.parametrize(
    (
        "cell",
        "declared",
    ),  # 2026-01-05: 24111 days after 1960-01-01, 46027 - 1462 = 44565 in the calendar of 1904
    [
        ("46027", "excel-1900"),
        ("44565", "excel-1904"),
        ("44565.75", "excel-1904"),
        ("24111", "sas-days"),
        ("24111", "stata-days"),
        (f"{24111 * 86400}", "sas-seconds"),
        (f"{24111 * 86400 + 86399}.5", "sas-seconds"),
    ],
)
def test_numbers_as_text_are_dates_where_what_they_count_is_declared(
    cell: str, declared: str, tmp_path: Any
) -> None:
    path = tmp_path / "a.csv"
    path.write_text(f"id,date,peg_pain\na,{cell},1\n", encoding="utf-8")
    assert files.read(path, date_format=declared).data["date"] == [date(2026, 1, 5)]


def test_the_name_of_a_time_zone_after_a_date_in_iso_form_hides_no_date(make: Make) -> None:
    found = files.read(make("patient_id,date,peg_pain\na,2026-01-05 23:30:00 CET,1\n"))
    assert (str(found.data["date"][0]), "dates_unreadable" in codes(found)) == ("2026-01-05 23:30:00", False)


@pytest.mark.parametrize(("name", "way"), [("a.sas7bdat", ".xpt"), ("a.json", "fhir score")])
def test_files_that_are_no_table_of_text_say_what_reads_them(name: str, way: str, make: Make) -> None:
    with pytest.raises(InputError, match=way) as caught:
        files.read(make(b"\0{}", name))
    assert caught.value.code == "file_unreadable"


def test_dates_of_stata_are_read_by_masks_of_their_own(tmp_path: Any) -> None:
    readstat = pytest.importorskip("pyreadstat")
    pd = pytest.importorskip("pandas")
    table = {"id": ["a"], "date": [24111.0], "at": [24111 * 86400000.0], "peg_pain": [1.0]}
    shown = {"date": "%tdDD/NN/CCYY", "at": "%tcDD/NN/CCYY_HH:MM"}
    readstat.write_dta(pd.DataFrame(table), str(tmp_path / "a.dta"), variable_format=shown)
    read = files.read(tmp_path / "a.dta")
    assert (read.data["date"], read.data["at"]) == ([date(2026, 1, 5)], [date(2026, 1, 5)])


def test_rows_of_qualtrics_that_are_no_responses_and_the_questions_above_them(make: Make) -> None:
    names = [f"GAD7_{n}" for n in range(1, 8)]
    asked = [str(item.wording).replace(",", "") for item in instrument("gad7").items[:7]]
    asked[0], asked[6] = asked[6], asked[0]
    rows = [["Status", *names], ["Response Type", *asked], ['"{""ImportId"":""a""}"'] * 8]
    rows += [[status, *"0123012"] for status in ("IP Address", "Survey Preview", "Survey Test")]
    found = files.read(make(text(rows)))
    assert found.left_out["reason"] == ["header_rows", "header_rows", "preview_row", "test_row"]
    assert found.mapping.file.drop_rows == ["Status is Survey Preview", "Status is Survey Test"]
    (proposed,) = found.mapping.proposed  # by the questions, whatever the numbers of the columns
    assert (proposed.value.columns["q1"], proposed.value.columns["q7"]) == ("GAD7_7", "GAD7_1")


@pytest.mark.parametrize(
    ("status", "count"), [(["0", "1"], 2), (["IP Address", "0"], 1), (["IP Address"], 0)]
)
def test_numbers_in_the_status_of_qualtrics_tell_no_preview(
    status: list[str], count: int, make: Make
) -> None:
    rows = [["Status", "n"], ["Response Type", "N"], ['"{""ImportId"":""a""}"'] * 2]
    found = files.read(make(text([*rows, *([one, "3"] for one in status)])))
    seen = zip(*(found.inferences[name] for name in ("finding", "rows", "sure")), strict=True)
    assert [one[1:] for one in seen if one[0] == "status_numbers"] == [(count, False)] * bool(count)
    assert found.data["n"] == ["3"] * len(status)


def test_usual_names_need_a_yes_where_the_file_asks_another_question(make: Make) -> None:
    names = [f"gad7_q{n}" for n in range(1, 8)]
    asked = [str(item.wording).replace(",", "") for item in instrument("gad7").items[:7]]
    rows = [names, asked, ['"{""ImportId"":""a""}"'] * 7, [*"0123012"]]
    assert files.read(make(text(rows))).instruments == ("gad7",)
    asked[0], asked[6] = asked[6], asked[0]
    found = files.read(make(text([names, asked, *rows[2:]])))
    assert (found.instruments, found.data["gad7_q1"]) == ((), ["0"])
    (proposed,) = found.mapping.proposed
    assert proposed.value.columns["q1"] == "gad7_q7"


def test_a_stray_cell_in_the_last_corner_is_refused_without_loading(book: Any) -> None:
    with pytest.raises(InputError) as caught:
        files.read(book(typed(), {"XFD1048576": "x"}))
    assert (caught.value.code, caught.value.place) == ("file_too_wide", "cell XFD1048576")


def test_a_zip_bomb_is_refused(tmp_path: Path) -> None:
    pytest.importorskip("python_calamine")
    path = tmp_path / "bomb.xlsx"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as package:
        package.writestr("xl/workbook.xml", '<workbook><sheets><sheet name="a" id="r1"/></sheets></workbook>')
        target = '<Relationships><Relationship Id="r1" Target="worksheets/sheet1.xml"/></Relationships>'
        package.writestr("xl/_rels/workbook.xml.rels", target)
        with package.open("xl/worksheets/sheet1.xml", "w", force_zip64=True) as part:
            part.write(b"<worksheet><sheetData>")
            for _ in range(310):
                part.write(b" " * 1_000_000)
    assert path.stat().st_size < 1_000_000
    with pytest.raises(InputError) as caught:
        files.read(path)
    assert caught.value.code == "file_too_wide"


def test_files_of_statistics_programs(tmp_path: Path) -> None:
    readstat = pytest.importorskip("pyreadstat")
    pd = pytest.importorskip("pandas")
    cells = {"peg_pain": [5.0, 99.0], "peg_enjoyment": [6.0, 0.0], "peg_activity": [4.0, 1.0]}
    frame = pd.DataFrame({"id": ["a", "b"], **cells})
    readstat.write_sav(frame, tmp_path / "a.sav", missing_ranges={"peg_pain": [99]})
    found = files.read(tmp_path / "a.sav")
    assert found.data["peg_pain"] == [5, None]
    assert found.inferences["rows"][codes(found).index("missing_code")] == 1
    readstat.write_dta(frame, tmp_path / "a.dta")
    readstat.write_xport(frame, tmp_path / "a.xpt", file_format_version=8)
    readstat.write_por(frame.set_axis(["ID", "PAIN", "ENJOY", "ACT"], axis=1), tmp_path / "a.por")
    for ending in ("dta", "xpt"):
        assert files.read(tmp_path / f"a.{ending}").data["peg_enjoyment"] == [6, 0]
    assert files.read(tmp_path / "a.por").data["PAIN"] == [5, 99]
    for ending in ("sav", "dta", "xpt"):
        whole = (tmp_path / f"a.{ending}").read_bytes()
        (tmp_path / f"cut.{ending}").write_bytes(whole[: len(whole) // 3])
        with pytest.raises(InputError) as caught:
            files.read(tmp_path / f"cut.{ending}")
        assert caught.value.code == "file_unreadable"


def test_labels_of_the_file_that_say_another_coding(tmp_path: Path) -> None:
    readstat = pytest.importorskip("pyreadstat")
    pd = pytest.importorskip("pandas")
    labels = {1: "Not at all", 2: "Several days", 3: "More than half the days", 4: "Nearly every day"}
    frame = pd.DataFrame({f"gad7_q{n}": [2.0, 3.0] for n in range(1, 8)})
    readstat.write_sav(frame, tmp_path / "a.sav", variable_value_labels=dict.fromkeys(frame, labels))
    first = files.read(tmp_path / "a.sav")
    assert value(first, "coding_of_labels") == "1 = 0, 2 = 1, 3 = 2, 4 = 3"
    assert first.data["gad7_q1"] == [1, 2]
    again = files.read(tmp_path / "a.sav", mapping=first.mapping)
    assert again.data == first.data


def test_what_is_not_installed_is_named(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    monkeypatch.setitem(sys.modules, "pyreadstat", None)
    with pytest.raises(MissingExtraError, match=r"ipm-outcomes\[files\]"):
        files.read(make(b"$FL2" + b"\0" * 200, "a.sav"))


@pytest.mark.parametrize("backend", ["polars", "pandas", "pyarrow"])
def test_every_kind_of_table(make: Make, backend: Any) -> None:
    pytest.importorskip(backend)
    found = files.read(make(text([HEADER, *ROWS])), backend=backend)
    mean = frames.score(found.data, "peg")["peg_mean"][0]
    assert (mean.as_py() if backend == "pyarrow" else mean) == 5
