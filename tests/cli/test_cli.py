"""The command line, run in this process, and once as a program of its own."""

from __future__ import annotations

import io
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import polars as pl
import pytest
from example_cases import wrong_cells_file

import ipm_outcomes as ipm
from ipm_outcomes import cli
from ipm_outcomes.cli import _output, main
from ipm_outcomes.cli._app import app

CLINIC = str(wrong_cells_file())
PEG = "patient_id,visit,peg_pain,peg_enjoyment,peg_activity\nSmith,baseline,7,6,7\nJones,baseline,8,,4\n"

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    def call(*words: object) -> tuple[int, str, str]:
        code = main([str(word) for word in words])
        told = capsys.readouterr()
        return code, told.out, told.err

    return call


@pytest.fixture
def peg(tmp_path: Path) -> Path:
    file = tmp_path / "peg.csv"
    file.write_text(PEG, encoding="utf-8")
    return file


def refused(told: tuple[int, str, str]) -> str:
    """Wrong usage: exit 2, nothing on standard output, one line and no traceback on standard error."""
    code, out, err = told
    assert (code, out) == (2, "")
    assert err.startswith("ipm-outcomes: ")
    assert err.count("\n") == 1
    assert "Traceback" not in err
    return err


# -- definitions -----------------------------------------------------------------------------------


def test_instruments(run: Run) -> None:
    code, out, _ = run("instruments")
    assert code == 0
    assert [line.split()[0] for line in out.splitlines()[1:]] == list(ipm.instruments())


def test_a_battery(run: Run) -> None:
    code, out, _ = run("instruments", "--battery", "table3")
    assert code == 0
    assert out == f"{ipm.battery('table3')}\n"
    code, _, told = run("instruments", "--battery", "table9")
    assert (code, "there are table3" in told) == (2, True)


@pytest.mark.parametrize("id", ipm.instruments())
def test_show(run: Run, id: str) -> None:
    code, out, _ = run("show", id)
    found = ipm.instrument(id)
    assert code == 0
    for scale in found.scales:
        assert f"SCALE {scale.id}:" in out
    for item in found.items:
        assert (item.wording or item.gist) in out
    assert found.digest in out
    of_groups = [t for scale in found.scales for t in scale.thresholds if t.scope == "group"]
    assert out.count("judges the mean of a group, no patient") == len(of_groups)
    assert bool(of_groups) == id.startswith("promis29")


def test_table_of_phq9_holds_every_cell(run: Run) -> None:
    code, out, _ = run("table", "phq9", "--scale", "total")
    rows = [line.split() for line in out.splitlines()[2:] if line]
    # With k answered items of 0 to 3 the sum runs from 0 to 3k: 1 + 4 + 7 + ... + 28 = 145 cells.
    assert code == 0
    assert len(rows) == sum(3 * k + 1 for k in range(10)) == 145
    assert rows[-1] == ["9", "27", "27", "27", "severe"]
    assert ["9", "14", "14", "14", "moderate"] in rows
    assert ["8", "24", "too_few_answers"] in rows
    assert rows[0] == ["0", "0", "no_answers"]


def test_table_by_another_missing_rule(run: Run) -> None:
    _, out, _ = run("table", "phq9", "--scale", "total", "--missing", "prorate")
    rows = [line.split() for line in out.splitlines()[2:] if line]
    # 7 of 9 items answered, sum 7: 7 * 9 / 7 = 9; sum 8: 72/7 = 10.285714...
    assert ["7", "7", "9", "9", "mild"] in rows
    assert ["7", "8", "10.285714", "72/7", "moderate"] in rows


def test_table_of_promis_shows_standard_errors(run: Run) -> None:
    _, out, _ = run("table", "promis29", "--scale", "depression")
    # Raw sum 4 of the published table: T 41.0, SE 6.2.
    assert ["4", "4", "41", "41", "6.2", "within", "normal", "limits"] in [
        x.split() for x in out.splitlines()
    ]


def test_table_of_everything(run: Run) -> None:
    for id in ipm.instruments():
        code, out, _ = run("table", id)
        assert code == 0
        for scale in ipm.instrument(id).scale_ids:
            assert f"{id} {scale}: " in out


def test_counting_table_has_both_counts(run: Run) -> None:
    _, out, _ = run("table", "phq9", "--scale", "syndrome")
    rows = [line.split() for line in out.splitlines()[2:] if line]
    # Five symptoms with one of the core is major depression; two to four is other (PHQ-9 counting rule).
    assert ["9", "1", "5", "major"] in rows
    assert ["9", "1", "4", "other"] in rows
    assert ["9", "0", "7", "none"] in rows


# -- check -----------------------------------------------------------------------------------------


def test_check_of_the_example_finds_the_eight_wrong_cells(run: Run) -> None:
    code, out, _ = run("check", CLINIC)
    lines = out.splitlines()
    # The table of wrong cells in examples/clinic/README.md; the header is line 1, so row 0 is line 2.
    assert code == 1
    assert [line.split(": ")[0] for line in lines if line.startswith("row ")] == [
        "row 32 (line 34), column peg_activity",
        "row 152 (line 154), column phq9_q4",
        "row 307 (line 309), column gad7_q2",
        "row 469 (line 471), column promis29_sleep116",
        "row 623 (line 625), column promis29_global07",
        "row 777 (line 779), column pcs_q6",
        "row 932 (line 934), column pcs_q11",
        "row 1063 (line 1065), column nps_recommend",
    ]
    assert "skipped" not in out
    assert "999" in out
    assert lines[-1].startswith("8 wrong cells in 1268 rows")


def test_check_of_a_clean_file(run: Run, peg: Path) -> None:
    code, out, err = run("check", peg)
    assert (code, err) == (0, "")
    assert [line.split() for line in out.splitlines()[1:]] == [
        [
            "instrument_found",
            "peg",
            "peg_pain,",
            "peg_enjoyment,",
            "peg_activity",
            "2",
            "of",
            "2",
            *["rows", "with", "an", "answer"],
        ],
        ["no", "wrong", "cells", "in", "2", "rows", "of", "peg"],
    ]


def test_check_writes_the_table_of_problems(run: Run, tmp_path: Path) -> None:
    out = tmp_path / "wrong.parquet"
    assert run("check", CLINIC, "-o", out)[0] == 1
    table = pl.read_parquet(out)
    assert table["row"].to_list() == [32, 152, 307, 469, 623, 777, 932, 1063]
    assert table["line"].to_list() == [34, 154, 309, 471, 625, 779, 934, 1065]
    assert table["instrument"].to_list() == [
        "peg",
        "phq9",
        "gad7",
        "promis29",
        "promis29",
        "pcs",
        "pcs",
        "nps",
    ]
    assert table["value"].to_list() == ["11", "4", "1.5", "0", "999", None, "5", "-9"]
    assert table["rule"][2] == "answer_not_whole"


def test_lines_are_those_of_the_file_where_rows_span_lines_or_lines_are_blank(
    run: Run, tmp_path: Path
) -> None:
    file = tmp_path / "notes.csv"
    file.write_bytes(b'note,nps_recommend\r\n"a\r\nb",9\r\n\r\nc,11\r\n"d, ""e""",12\r\n')
    code, out, _ = run("check", file)
    # Line 1 header, 2-3 the first row, 4 blank, 5 and 6 the wrong ones.
    assert code == 1
    assert [line.split(",")[0] for line in out.splitlines()[2:]] == [
        "row 1 (line 5)",
        "row 2 (line 6)",
        "2 wrong cells in 3 rows of nps",
    ]


# -- score -----------------------------------------------------------------------------------------


def test_score_to_standard_output(run: Run, peg: Path) -> None:
    code, out, err = run("score", peg)
    lines = out.splitlines()
    assert (code, err) == (0, "")
    assert lines[0] == PEG.splitlines()[0] + ",peg_mean,peg_mean_band,peg_mean_answered,peg_mean_absent" or (
        lines[0] == PEG.splitlines()[0] + ",peg_mean,peg_mean_answered,peg_mean_absent"
    )
    assert lines[1].startswith("Smith,baseline,7,6,7,6.66666666666666")
    assert lines[2].startswith("Jones,baseline,8,,4,,")
    assert lines[2].endswith("too_few_answers")


def test_other_columns_leave_as_they_came(run: Run, tmp_path: Path) -> None:
    file, out = tmp_path / "in.csv", tmp_path / "out.csv"
    head = "id,when,weight,note,empty,quoted,nps_recommend\n"
    row = '007,01/02/2024,1.50,"a, b",,"",9\n'
    file.write_text(head + row, encoding="utf-8")
    assert run("score", file, "-o", out)[0] == 0
    lines = out.read_text(encoding="utf-8").splitlines()
    assert lines[0].startswith(head.strip())
    assert lines[1].startswith(row.strip())


def test_wrong_cells_stop_the_score_and_nothing_is_written(run: Run, tmp_path: Path) -> None:
    out = tmp_path / "out.csv"
    out.write_text("as it was", encoding="utf-8")
    code, told, err = run("score", CLINIC, "-o", out)
    assert (code, told) == (1, "")
    assert "row 32 (line 34), column peg_activity: 11" in err
    assert "8 wrong cells: nothing was written" in err
    assert out.read_text(encoding="utf-8") == "as it was"
    assert [file.name for file in tmp_path.iterdir()] == ["out.csv"]


def test_wrong_cells_taken_as_not_answered(run: Run, tmp_path: Path) -> None:
    out = tmp_path / "out.parquet"
    code, _, err = run("score", CLINIC, "--invalid", "null", "-o", out)
    scored = pl.read_parquet(out)
    assert code == 0
    assert "8 wrong cells taken as not answered" in err
    assert scored.height == 1268
    # One wrong cell each in peg, phq9, gad7, nps, two each in promis29 and pcs (examples/clinic/README.md).
    counts = {id: scored[f"{id}_invalid"].sum() for id in ("peg", "phq9", "gad7", "nps", "promis29", "pcs")}
    assert counts == {"peg": 1, "phq9": 1, "gad7": 1, "nps": 1, "promis29": 2, "pcs": 2}
    assert scored["peg_mean"][32] is None
    assert scored["peg_activity"][32] == "11"


def test_many_wrong_cells_are_listed_in_part(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "in.csv"
    file.write_text("a,nps_recommend\n" + "x,11\n" * 30, encoding="utf-8")
    _, _, err = run("score", file)
    assert err.count("column nps_recommend") == 20
    assert "30 wrong cells (the first 20 are shown)" in err


def test_instruments_scales_columns_and_codes(run: Run, tmp_path: Path) -> None:
    file, out = tmp_path / "in.csv", tmp_path / "out.csv"
    file.write_text("A,B\n3,3\n2,-9\n", encoding="utf-8")
    words = ("--instrument", "phq9", "--scales", "phq2", "--columns", "q1=A,q2=B", "--not-answered", "-9,-8")
    assert run("score", file, *words, "-o", out)[0] == 0
    scored = pl.read_csv(out)
    assert scored["phq9_phq2"].to_list() == [6.0, None]
    assert "phq9_total" not in scored.columns


def test_instruments_by_repeat_or_comma(run: Run, tmp_path: Path) -> None:
    out = tmp_path / "out.csv"
    for words in (("--instrument", "peg,nps"), ("--instrument", "peg", "--instrument", "nps")):
        assert run("score", CLINIC, *words, "--invalid", "null", "-o", out)[0] == 0
        columns = pl.read_csv(out, infer_schema=False).columns
        assert "peg_mean" in columns
        assert "nps_rating" in columns
        assert "gad7_total" not in columns


def test_labels_position_missing_rule_and_level(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "in.csv"
    names = ",".join(f"phq9_q{n}" for n in range(1, 10))
    file.write_text(f"{names}\n{','.join(['several days'] * 7)},,\n", encoding="utf-8")
    out = tmp_path / "out.csv"
    assert run("score", file, "--missing", "prorate", "-o", out)[0] == 0
    # 7 of 9 answered with 1 each: 7 * 9 / 7 = 9.
    assert pl.read_csv(out)["phq9_total"].to_list() == [9.0]
    items = ("eddep04", "eddep06", "eddep29", "eddep41")
    file.write_text(",".join(f"promis29_{item}" for item in items) + "\n1,1,1,1\n", encoding="utf-8")
    words = ("--instrument", "promis29", "--scales", "depression", "--coding", "position", "--level", "0.95")
    assert run("score", file, *words, "-o", out)[0] == 0
    row = pl.read_csv(out).row(0, named=True)
    # T 41.0, SE 6.2 of the published table; 1.96 standard errors on each side.
    assert row["promis29_depression"] == 41.0
    assert row["promis29_depression_lower"] == pytest.approx(41 - 1.959964 * 6.2, abs=1e-5)


def test_tidy(run: Run, peg: Path) -> None:
    code, out, _ = run("score", peg, "--tidy", "--id", "patient_id", "--date", "visit")
    assert code == 0
    lines = out.splitlines()
    assert lines[0].startswith(
        "patient_id,date,instrument,scale,value,se,band,answered,absent,exact_numerator"
    )
    assert lines[1].startswith("Smith,baseline,peg,mean,6.66666666666666")
    assert lines[1].endswith(",20,3,false,0")


def test_parquet_in_and_out(run: Run, tmp_path: Path) -> None:
    file, out = tmp_path / "in.parquet", tmp_path / "out.parquet"
    given = pl.DataFrame({"id": ["a", "b"], "nps_recommend": pl.Series([9, None], dtype=pl.Int8)})
    given.write_parquet(file)
    assert run("score", file, "-o", out)[0] == 0
    scored = pl.read_parquet(out)
    assert scored.select(given.columns).equals(given)
    assert scored["nps_rating_band"].cast(pl.String).to_list() == ["promoter", None]
    given.with_columns(nps_recommend=pl.Series(["9", "1"])).write_parquet(file)
    assert run("check", file)[0] == 0  # numbers in a column of text are numbers, with types or without


def test_formulas_are_neutralized_on_the_way_out(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "in.csv"
    file.write_text("=site,note,nps_recommend\n=cmd(),-5,9\n@x,-5+1,8\n", encoding="utf-8")
    for name in ("out.csv", "out.parquet"):
        assert run("score", file, "-o", tmp_path / name)[0] == 0
    for scored in (
        pl.read_csv(tmp_path / "out.csv", infer_schema=False),
        pl.read_parquet(tmp_path / "out.parquet"),
    ):
        assert scored["'=site"].to_list() == ["'=cmd()", "'@x"]
        assert scored["note"].to_list() == ["-5", "'-5+1"]


# -- files -----------------------------------------------------------------------------------------


def test_standard_input(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(PEG.encode())))
    code, out, _ = run("score", "-", "-o", "-")
    assert code == 0
    assert "6.66666666666666" in out


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"\xef\xbb\xbf" + PEG.encode(), ()),
        (PEG.replace(",", ";").encode(), ("--delimiter", ";")),
        (PEG.replace(",", "\t").encode(), ("--delimiter", "tab")),
        (PEG.replace("Smith", "Müller").encode("cp1252"), ("--encoding", "cp1252")),
        (PEG.encode("utf-16"), ("--encoding", "utf-16")),
        (PEG.replace("\n", "\r\n").encode(), ()),
        (b"sep=;\r\n" + PEG.replace(",", ";").encode(), ()),
        (b"\xef\xbb\xbfsep=\t\n" + PEG.replace(",", "\t").encode(), ()),
        (PEG.rstrip("\n").encode() + b"\n\n\n", ()),
    ],
    ids=[
        *(
            "byte order mark",
            "semicolons",
            "tabs",
            "cp1252",
            "utf-16",
            "crlf",
            "separator named",
            "tab named",
        ),
        "blank lines at the end",
    ],
)
def test_files_of_many_kinds(run: Run, tmp_path: Path, content: bytes, words: tuple[str, ...]) -> None:
    file, out = tmp_path / "in.csv", tmp_path / "out.parquet"
    file.write_bytes(content)
    assert run("score", file, *words, "-o", out)[0] == 0
    scored = pl.read_parquet(out)
    assert scored.columns[0] == "patient_id"
    assert scored["peg_mean"].to_list() == [pytest.approx(20 / 3), None]


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "the file is empty"),
        (b"\n \n", "the file is empty"),
        (b"\na,b\n1,2\n", "the first line is blank"),
        (PEG.encode() + b"Doe,baseline,1\n", "line 4 has 3 cells and the header 5"),
        (PEG.encode() + b"Doe,baseline,1,1,1,1\n", "line 4 has 6 cells and the header 5"),
        (b"peg_pain,peg_pain\n1,1\n", "the column 'peg_pain' appears 2 times"),
        (b"peg_pain,,\n1,1,1\n", "2 columns without a name"),
        (PEG.replace("Smith", "Müller").encode("cp1252"), "line 2 is not utf-8 text"),
        (b"\xef\xbb\xbf" + PEG.encode() + b"\xfc,baseline,1,1,1\n", "line 4 is not utf-8 text"),
        (PEG.encode("utf-16-le"), "zero bytes"),
        (PEG.encode("utf-16"), "give --encoding utf-16"),
        (b"Export of the clinic\n\n" + PEG.encode(), "delete what is above the names of the columns"),
        (
            b"sep=;\n" + PEG.replace(",", ";").encode() + b"Doe;baseline;1\n",
            "line 5 has 3 cells and the header 5",
        ),
        (PEG.replace(",", ";").encode(), "give --delimiter ';'"),
        (PEG.encode() + b'"Doe', "line 4"),
        (b"a,b\n1,2\n", "no item columns"),
        (b"\x89PNG\r\n\x1a\n\0\0", "not utf-8 text"),
    ],
)
def test_unusable_csv(run: Run, tmp_path: Path, content: bytes, told: str) -> None:
    file = tmp_path / "in.csv"
    file.write_bytes(content)
    for command in ("score", "check", "report"):
        err = refused(run(command, file))
        assert told in err
        for name in ("Smith", "Jones", "Doe", "ller"):
            assert name not in err


@pytest.mark.parametrize("command", ["score", "report", "change"])
def test_an_instrument_of_which_a_column_is_missing(run: Run, tmp_path: Path, command: str) -> None:
    """What needs the scores refuses; the check tells it beside everything else."""
    file = tmp_path / "in.csv"
    file.write_text("nps_recommend,peg_pain,peg_enjoyment\n9,1,2\n", encoding="utf-8")
    assert "1 of its item columns are missing: peg_activity" in refused(run(command, file))
    code, out, _ = run("check", file)
    assert code == 1
    assert re.search(r"columns_missing +peg +peg_activity +1 of 1 ", out)
    assert re.search(r"instrument_found +nps +nps_recommend +1 of 1 ", out)
    assert out.endswith("no wrong cells in 1 row of nps\n")


@pytest.mark.parametrize("name", ["in.parquet", "in.xpt"])
def test_files_that_are_not_what_they_say(run: Run, tmp_path: Path, name: str) -> None:
    file = tmp_path / name
    for content in (b"", PEG.encode() * 20):
        file.write_bytes(content)
        assert "cannot be read as" in refused(run("score", file))


def test_missing_unknown_and_unreadable_files(run: Run, tmp_path: Path) -> None:
    for name in ("gone.csv", "gone.parquet", "gone.xpt"):
        assert "No such file" in refused(run("score", tmp_path / name))
    assert "the name must end in" in refused(run("score", tmp_path / "x.xlsx"))
    (tmp_path / "folder.csv").mkdir()
    assert "directory" in refused(run("score", tmp_path / "folder.csv"))


def test_nested_columns_do_not_go_to_csv(run: Run, tmp_path: Path) -> None:
    pl.DataFrame({"tags": [["a"]], "nps_recommend": [9]}).write_parquet(tmp_path / "in.parquet")
    err = refused(run("score", tmp_path / "in.parquet", "-o", tmp_path / "out.csv"))
    assert "'tags' holds lists" in err
    assert not (tmp_path / "out.csv").exists()


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["frobnicate"], "frobnicate"),
        (["score"], "FILE"),
        (["score", "{peg}", "--frobnicate"], "--frobnicate"),
        (["score", "{peg}", "--invalid", "maybe"], "invalid"),
        (["score", "{peg}", "--level", "much"], "level"),
        (["score", "{peg}", "--level", "95"], "--level must lie between 0 and 1"),
        (["score", "{peg}", "--instrument", "sf36"], "no instrument 'sf36'"),
        (["score", "{peg}", "--instrument", ","], "--instrument names none"),
        (["score", "{peg}", "--instrument", "phq9"], "none of its item columns"),
        (["score", "{peg}", "--missing", "guess"], "no such rule"),
        (["score", "{peg}", "--columns", "q{n}"], "name it with --instrument"),
        (["score", "{peg}", "--scales", "mean"], "name it with --instrument"),
        (["score", "{peg}", "--instrument", "peg", "--scales", "sum"], "no scale 'sum'"),
        (["score", "{peg}", "--instrument", "peg", "--columns", "pattern"], "neither {n}"),
        (["score", "{peg}", "--instrument", "peg", "--columns", "pain=a,pain=b"], "named twice"),
        (["score", "{peg}", "--instrument", "peg", "--columns", "pain="], "give a pattern"),
        (["score", "{peg}", "--instrument", "peg", "--columns", "pain=a,b"], "no column for enjoyment"),
        (["score", "{peg}", "--instrument", "peg", "--columns", "gad7=G{n}"], "gad7 is not among"),
        (["score", "{peg}", "--columns", "peg=P{n}", "--columns", "peg=Q{n}"], "peg is named twice"),
        (["score", "{peg}", "--columns", "peg=P{n}", "--columns", "peg.pain=Q"], "named twice"),
        (["score", "{peg}", "--coding", "reversed"], "--coding is answer or position"),
        (["score", "{peg}", "--coding", "gad7=position"], "the instruments are peg"),
        (["score", "{peg}", "--not-answered", "gad7=9"], "gad7 is not among"),
        (["score", "{peg}", "--group-names", "visit"], "--group-names: write COLUMN=merge"),
        (["score", "{peg}", "--group-names", "room=merge"], "no column 'room'"),
        (["score", "{peg}", "--skip-rows", "3"], "--skip-rows lies between 0 and the number of rows, 2"),
        (["score", "{peg}", "--instrument", "peg", "--columns", "sorrow=a"], "no item 'sorrow'"),
        (["score", "{peg}", "--not-answered", 'x,"y" z'], "give numbers and words"),
        (["score", "{peg}", "--not-answered", "10"], "is an answer of peg"),
        (["score", "{peg}", "--delimiter", "::"], "one character"),
        (["score", "{peg}", "--encoding", "klingon"], "no such encoding"),
        (["score", "{peg}", "-o", "out.xlsx"], "must end in one of"),
        (["score", "{peg}", "-o", "no/such/folder/out.csv"], "there is no folder"),
        (["score", "{peg}", "--id", "patient_id"], "for --tidy"),
        (["score", "{peg}", "--tidy", "--level", "0.9"], "not for --tidy"),
        (["score", "{peg}", "--tidy", "--by", "sight"], "no column 'sight'"),
        (["score", "{peg}", "--tidy", "--id", "visit", "--by", "patient_id"], "different columns"),
        (["report", "{peg}", "--visit", "time"], "no column 'time'"),
        (["report", "{peg}", "-o", "out.csv"], "must end in one of"),
        (["show", "sf36"], "no instrument 'sf36'"),
        (["table", "phq9", "--scale", "sum"], "no scale 'sum'"),
        (["table", "phq9", "--missing", "guess"], "no missing rule of that name"),
    ],
)
def test_wrong_usage(run: Run, peg: Path, words: list[str], told: str) -> None:
    assert told in refused(run(*(word.replace("{peg}", str(peg)) for word in words)))


def test_a_result_column_that_is_there_already(run: Run, peg: Path) -> None:
    once = peg.with_name("once.csv")
    assert run("score", peg, "-o", once)[0] == 0
    assert "'peg_mean'" in refused(run("score", once))


# -- whole or not at all ---------------------------------------------------------------------------


def _half(file: Any) -> None:
    file.write(b"half")
    raise OSError(28, "No space left on device")


@pytest.mark.parametrize("before", [None, "as it was"])
def test_a_failure_midway_leaves_the_file_as_it_was(
    run: Run, peg: Path, monkeypatch: pytest.MonkeyPatch, before: str | None
) -> None:
    out = peg.with_name("out.csv")
    if before:
        out.write_text(before, encoding="utf-8")
    monkeypatch.setattr(pl.DataFrame, "write_csv", lambda self, file, **options: _half(file))
    assert "No space left" in refused(run("score", peg, "-o", out))
    assert (out.read_text(encoding="utf-8") if out.exists() else None) == before
    assert {file.name for file in peg.parent.iterdir()} == {"peg.csv", *(["out.csv"] if before else [])}


def test_an_interruption_midway_leaves_no_file(run: Run, peg: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(self: object, file: Any, **options: object) -> None:
        file.write(b"half")
        raise KeyboardInterrupt

    monkeypatch.setattr(pl.DataFrame, "write_csv", interrupted)
    code, out, err = run("score", peg, "-o", peg.with_name("out.csv"))
    assert (code, out, err) == (130, "", "ipm-outcomes: interrupted\n")
    assert [file.name for file in peg.parent.iterdir()] == ["peg.csv"]


def test_the_new_file_keeps_the_rights_of_the_old_and_follows_links(tmp_path: Path) -> None:
    real, link = tmp_path / "real.txt", tmp_path / "link.txt"
    real.write_text("old", encoding="utf-8")
    real.chmod(0o640)
    link.symlink_to(real)
    _output.write_text("new", str(link))
    assert real.read_text(encoding="utf-8") == "new"
    assert real.stat().st_mode & 0o777 == 0o640
    assert link.is_symlink()
    fresh = tmp_path / "fresh.txt"
    _output.write_text("x", str(fresh))
    os.umask(mask := os.umask(0))
    assert fresh.stat().st_mode & 0o777 == 0o666 & ~mask


def test_a_fault_of_our_own_shows_no_data(run: Run, peg: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("Smith")

    monkeypatch.setattr("ipm_outcomes.cli._score.Scoring.score", broken)
    code, _, err = run("score", peg)
    assert code == 70
    assert "RuntimeError at" in err
    assert "Smith" not in err


def test_a_reader_that_leaves(run: Run, peg: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def closed(*_: object) -> None:
        raise BrokenPipeError

    monkeypatch.setattr("ipm_outcomes.cli._definitions.say", closed)
    assert run("instruments") == (141, "", "")


# -- SAS -------------------------------------------------------------------------------------------


def transport_file(path: Path, formats: dict[str, str], **columns: list[Any]) -> Path:
    pyreadstat = pytest.importorskip("pyreadstat", reason="SAS transport files need the extra sas")
    pyreadstat.write_xport(pd.DataFrame(columns), str(path), variable_format=formats)
    return path


def test_zeros_of_sas_and_whole_numbers(run: Run, tmp_path: Path) -> None:
    file = transport_file(
        tmp_path / "in.xpt",
        {},
        id=[73557.0, 73558.0],
        nps_recommend=[0.0, None],
        w=[0.5, 0.0],
        name=["=a", ""],
    )
    code, out, _ = run("score", file)
    assert code == 0
    assert out.splitlines()[1:] == [
        "73557,0,0.5,'=a,0.0,detractor,1,",
        "73558,,0.0,,,,0,no_answers",
    ]


# -- report ----------------------------------------------------------------------------------------


def test_report_of_the_example(run: Run, tmp_path: Path) -> None:
    code, out, err = run("report", CLINIC)
    assert (code, err) == (1, "")
    head, _, rest = out.partition("(gad7)")
    # Counts of examples/clinic/README.md.
    assert "1268 rows; 397 patients; 6 rows with a patient and date of an earlier row" in head
    assert "WRONG CELLS: 8 in 8 rows" in head
    assert "932   934  pcs_q11" in head
    for id in ("nps", "pcs", "peg", "phq9", "promis29"):
        assert f"({id})" in rest
    assert "P0001" not in out
    assert "skipped" not in out


@pytest.mark.parametrize("ending", ["md", "txt"])
def test_report_to_a_file(run: Run, tmp_path: Path, ending: str) -> None:
    out = tmp_path / f"report.{ending}"
    code, told, err = run("report", CLINIC, "--site", "site", "--instrument", "nps", "-o", out)
    assert (code, told) == (1, "")
    assert "1 wrong cell taken as not answered" in err
    text = out.read_text(encoding="utf-8")
    assert "3 sites" in text
    assert text.startswith("# Summary") == (ending == "md")
    assert "Riverbend" in text


def test_report_of_a_clean_file(run: Run, peg: Path) -> None:
    code, out, err = run("report", peg, "--id", "patient_id")
    assert (code, err) == (0, "")
    assert "2 rows; 2 patients." in out
    assert "Every cell is an answer" in out
    assert "Smith" not in out


def test_report_of_dates(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "in.csv"
    file.write_text(
        "day,nps_recommend\n2024-01-31T10:00,9\n31.01.2024,9\n,9\n2023-12-01,9\n", encoding="utf-8"
    )
    _, out, _ = run("report", file, "--date", "day")
    assert "4 rows; 1 date not written as YYYY-MM-DD; dates 2023-12-01 to 2024-01-31." in out


# -- the program -----------------------------------------------------------------------------------


def test_without_the_extra(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cli, "find_spec", lambda name: None)
    assert "pip install 'ipm-outcomes[cli]'" in refused(run("instruments"))


def test_help_and_version(run: Run) -> None:
    assert ipm.__version__ in run("--version")[1]
    assert "Exit codes" in run("--help")[1]
    for command in ("instruments", "show", "table", "check", "score", "report"):
        assert run(command, "--help")[0] == 0


def test_a_terminal_gets_a_progress_bar(run: Run, peg: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    monkeypatch.setenv("TERM", "xterm")
    screen = Terminal()
    monkeypatch.setattr(sys, "stderr", screen)
    code, out, _ = run("score", peg)
    assert code == 0
    assert "scoring peg" in screen.getvalue()
    assert "scoring" not in out


def test_the_program_itself(peg: Path) -> None:
    program = [sys.executable, "-c", "import sys; from ipm_outcomes.cli import main; sys.exit(main())"]
    done = subprocess.run([*program, "score", str(peg)], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert "too_few_answers" in done.stdout


@pytest.mark.usefixtures("signals_taken")
def test_an_interrupt_from_the_keyboard(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    class Keyboard:
        @property
        def buffer(self) -> Keyboard:
            return self

        def read(self) -> bytes:
            signal.raise_signal(signal.SIGINT)
            return b""

    monkeypatch.setattr(sys, "stdin", Keyboard())
    assert run("check", "-") == (130, "", "ipm-outcomes: interrupted\n")


def test_line_ends_of_old_macintosh_files_lose_no_row(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "in.csv"
    file.write_bytes(b"id,nps_recommend\r1,5\r\r2,7\r")
    code, told, _ = run("score", file)
    assert code == 0
    assert [line.split(",")[:3] for line in told.splitlines()[1:]] == [["1", "5", "5.0"], ["2", "7", "7.0"]]


def test_a_row_after_a_lone_carriage_return_is_kept(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "in.csv"
    file.write_bytes(b"id,nps_recommend\n1,5\n\r2,7\n\n")
    code, told, _ = run("score", file)
    assert code == 0
    assert [line.split(",")[:3] for line in told.splitlines()[1:]] == [["1", "5", "5.0"], ["2", "7", "7.0"]]


@pytest.mark.parametrize("line", ['""x"",7, "', 'ok,""7"",x'])
def test_quotes_that_can_be_read_in_two_ways_are_refused(run: Run, tmp_path: Path, line: str) -> None:
    file = tmp_path / "in.csv"
    file.write_text(f"note,nps_recommend,x\n{line}\n", encoding="utf-8")
    assert "line 2 cannot be read as CSV; mind its quotes" in refused(run("score", file))


@pytest.mark.parametrize(
    "command", [["score", "--tidy", "--id", "id"], ["score"], ["check"], ["change", "--id", "id"]]
)
def test_the_file_of_answers_is_never_the_output(run: Run, tmp_path: Path, command: list[str]) -> None:
    file = tmp_path / "in.csv"
    file.write_text("id,date,nps_recommend\n1,2026-01-01,5\n", encoding="utf-8")
    before = file.read_bytes()
    assert "that is a file that is read" in refused(run(command[0], file, *command[1:], "-o", file))
    assert file.read_bytes() == before


def test_one_column_cannot_be_two_things(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "in.csv"
    file.write_text("id,nps_recommend\n1,5\n", encoding="utf-8")
    assert "must name different columns" in refused(run("report", file, "--visit", "id", "--site", "id"))


def test_a_kind_that_csv_cannot_hold(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "in.parquet"
    stay = pl.Series("stay", [3], dtype=pl.Duration("ms"))
    pl.DataFrame({"nps_recommend": [5]}).with_columns(stay).write_parquet(file)
    assert "write Parquet with -o" in refused(run("score", file, "-o", tmp_path / "out.csv"))
    assert run("score", file, "-o", tmp_path / "out.parquet")[0] == 0


def test_every_command_is_on_the_page() -> None:
    page = Path(__file__).parents[2] / "docs" / "command_line.md"
    listed = set(re.findall(r"^\| `([a-z]+)(?: [A-Z]+)?` \|", page.read_text(encoding="utf-8"), re.MULTILINE))
    assert listed == {name for name in app if not name.startswith("-")}
