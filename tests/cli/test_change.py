"""The command ``change`` and the change section of ``report``, on a file small enough to work out by hand."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from ipm_outcomes.cli import main

# Two patients. a: PEG sums 21, then 12 on day 182: 7.0 to 4.0, -3.0 points, 43 % better. b: 15, no follow-up.
ANSWERS = """patient_id,date,site,peg_pain,peg_enjoyment,peg_activity
a,2026-01-01,North,7,7,7
a,2026-07-02,North,4,4,4
b,2026-01-01,South,5,5,5
"""
EPISODES = """patient_id,episode,start_date,site
a,1,2026-01-01,North
b,1,2026-01-01,South
c,1,2026-01-01,South
"""


@pytest.fixture
def clinic(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "answers.csv").write_text(ANSWERS, encoding="utf-8")
    (tmp_path / "episodes.csv").write_text(EPISODES, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_table_of_changes(clinic: Path) -> None:
    target = "6 months=182:137..227"
    assert (
        main(["change", "answers.csv", "--target", target, "--as-of", "2026-12-31", "-o", "changes.csv"]) == 0
    )
    rows = pl.read_csv(clinic / "changes.csv", infer_schema=False).to_dicts()
    assert [
        (r["patient_id"], r["change"], r["responder_30"], r["responder_50"], r["reason"]) for r in rows
    ] == [
        ("a", "-3.0", "true", "false", None),
        ("b", None, None, None, "no_follow_up"),
    ]


def test_episodes_bring_patients_without_any_assessment(clinic: Path) -> None:
    command = ["change", "answers.csv", "--episodes", "episodes.csv", "--target", "6 months=6m30:latest"]
    assert main([*command, "--as-of", "2026-12-31", "-o", "changes.parquet"]) == 0
    rows = pl.read_parquet(clinic / "changes.parquet").select("patient_id", "site", "reason").rows()
    assert rows == [("a", "North", None), ("b", "South", "no_follow_up"), ("c", "South", "no_assessment")]


@pytest.mark.parametrize("ending", ["", ".txt", ".md"])
def test_the_summary(clinic: Path, ending: str, capsys: pytest.CaptureFixture[str]) -> None:
    command = ["change", "answers.csv", "--target", "6 months=182:137..227", "--as-of", "2026-12-31"]
    assert main([*command, *(["-o", f"change{ending}"] if ending else [])]) == 0
    told = (clinic / f"change{ending}").read_text(encoding="utf-8") if ending else capsys.readouterr().out
    assert "Change from baseline" in told
    cells = [
        [cell for cell in line.replace("|", "  ").split("  ") if cell.strip()] for line in told.splitlines()
    ]
    rows = [[cell.strip() for cell in row] for row in cells if row and row[0].strip() == "peg mean"]
    assert rows[0] == ["peg mean", "6 months", "2", "1", "1"]
    improved, worsened, responder_30, responder_50 = (
        "1 of 1 (100 %)",
        "0 of 1 (0 %)",
        "1 of 1 (100 %)",
        "0 of 1 (0 %)",
    )
    assert rows[1][:5] == ["peg mean", "6 months", "1", "-3.00", "-"]
    assert rows[1][5:] == [improved, worsened, responder_30, responder_50]


def test_the_report_has_a_section_on_change(clinic: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["report", "answers.csv"]) == 0
    assert "Change from baseline" in capsys.readouterr().out
    (clinic / "undated.csv").write_text("peg_pain,peg_enjoyment,peg_activity\n1,1,1\n", encoding="utf-8")
    assert main(["report", "undated.csv"]) == 0
    assert "Change from baseline" not in capsys.readouterr().out


def test_wrong_cells_are_counted_and_end_with_1(clinic: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (clinic / "answers.csv").write_text(ANSWERS.replace("North,4,4,4", "North,4,4,40"), encoding="utf-8")
    assert main(["change", "answers.csv"]) == 1
    assert "1 wrong cell taken as not answered" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--target", "half a year"], "--target: write"),
        (["--baseline-days", "7"], "--baseline-days: give the first and the last day"),
        (["--id", "nobody"], "--id: the file has no column 'nobody'"),
        (["--by", "date"], "--by: the column 'date' is carried along already"),
        (["--episodes", "nothing.csv"], "nothing.csv"),
        (["--as-of", "soon"], "--as-of"),
        (["--target", "a=182:100..200", "--target", "b=182:150..250"], "overlap"),
        (["-o", "changes.docx"], ".docx"),
    ],
)
def test_wrong_usage(clinic: Path, options: list[str], told: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["change", "answers.csv", *options]) == 2
    error = capsys.readouterr().err
    assert told in error
    assert len(error.strip().splitlines()) == 1


def test_windows_are_judged_by_the_latest_date_unless_told_otherwise(clinic: Path) -> None:
    """Latest date 2026-07-02; b began 2026-01-01: its window of day 137 to 227 ends 2026-08-16 and is still open."""
    command = ["change", "answers.csv", "--target", "6 months=182:137..227", "-o", "changes.csv"]
    assert main(command) == 0
    assert pl.read_csv(clinic / "changes.csv")["reason"].to_list() == [None, "window_open"]
    with (clinic / "answers.csv").open("a", encoding="utf-8") as file:
        file.write("c,2206-01-01,South,5,5,5\n")  # a slip of the pen does not close every window
    assert main(command) == 0
    assert pl.read_csv(clinic / "changes.csv")["reason"].to_list()[:2] == [None, "window_open"]


def test_the_summary_names_the_day(clinic: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["change", "answers.csv"]) == 0
    assert "The data go up to 2026-07-02" in capsys.readouterr().out


def test_the_html_report(clinic: Path) -> None:
    assert main(["report", "answers.csv", "--episodes", "episodes.csv", "-o", "report.html"]) == 0
    assert (clinic / "report.html").read_text(encoding="utf-8").startswith("<!DOCTYPE html>")


@pytest.mark.parametrize("command", ["report", "change"])
@pytest.mark.parametrize("ending", ["", ".txt", ".md"])
def test_a_summary_says_on_its_first_line_that_nothing_is_suppressed(
    clinic: Path, command: str, ending: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([command, "answers.csv", *(["-o", f"told{ending}"] if ending else [])]) == 0
    told = (clinic / f"told{ending}").read_text(encoding="utf-8") if ending else capsys.readouterr().out
    first = told.splitlines()[0].lower()
    assert "for use inside the program: small counts are not suppressed" in first
