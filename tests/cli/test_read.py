"""The command ``read``, and mappings on the commands that read answers."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("cyclopts")
pytest.importorskip("polars")

from ipm_outcomes.cli import main

EXPORT = """Patient;Visit day;Haus;p1;p2;p3;Mittel
P01;05.01.2026;North;6;7;5;5,0
P02;14.02.2026;South;1;4;;
P01;06.07.2026;North;1;2;3;1,0
"""
CONFIRMED = """version = 1
[file]
kind = "csv"
delimiter = ";"
decimal = ","
[keys]
patient = "Patient"
site = "Haus"
date = { column = "Visit day", format = "%d.%m.%Y" }
[[instrument]]
id = "peg"
columns = { pain = "p1", enjoyment = "p2", activity = "p3" }
coding = { 1 = 0, 2 = 1, 3 = 2, 4 = 3, 5 = 4, 6 = 5, 7 = 6 }
recorded = { mean = "Mittel" }
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "a.csv").write_text(EXPORT, encoding="utf-8")
    (tmp_path / "mapping.toml").write_text(CONFIRMED, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_each_inference_is_a_line_and_weak_ones_make_exit_code_1(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["read", "a.csv"]) == 1
    out = capsys.readouterr().out.splitlines()
    assert out[1].startswith("sure    delimiter: ")
    (day,) = [line for line in out if line.startswith("weak    dates_unreadable")]
    assert day.endswith("--date-format %d.%m.%Y")
    assert out[-1].startswith("3 rows of no instrument; 0 rows left out; nothing can be scored")
    assert not any("P01" in line for line in out)


def test_what_is_sure_throughout_makes_exit_code_0(folder: Path) -> None:
    (folder / "b.csv").write_text("patient_id,date,peg_pain,peg_enjoyment,peg_activity\n1,2026-01-05,1,2,3\n")
    assert main(["read", "b.csv"]) == 0


def test_saved_weak_lines_are_comments_that_work_when_uncommented(folder: Path) -> None:
    names = ",".join(f"phq_{n}" for n in range(1, 10))
    (folder / "b.csv").write_text(f"id,{names}\nx,0,1,2,3,0,1,2,3,0\n")
    assert main(["read", "b.csv", "--save", "b.toml"]) == 1
    text = (folder / "b.toml").read_text()
    assert "order of the form cannot be known" in text
    assert main(["score", "b.csv", "--mapping", "b.toml"]) == 2  # nothing is confirmed
    keys = [
        line
        for line in text.splitlines()
        if line.startswith(("# [[", "# id =", "# columns =", "# patient ="))
    ]
    (folder / "b.toml").write_text(
        text + "\n" + "\n".join(line[2:] for line in keys if "patient" not in line)
    )
    assert main(["score", "b.csv", "--mapping", "b.toml", "-o", "scores.csv"]) == 0
    assert ",12.0," in (folder / "scores.csv").read_text()  # 0+1+2+3+0+1+2+3+0


@pytest.mark.parametrize("command", ["check", "score", "change", "report"])
def test_every_command_reads_by_the_mapping(
    folder: Path, capsys: pytest.CaptureFixture[str], command: str
) -> None:
    also = ["--as-of", "2026-12-31"] if command in ("change", "report") else []
    assert main([command, "a.csv", "--mapping", "mapping.toml", *also]) == 0
    out = capsys.readouterr().out
    if command == "score":
        # 5, 6, 4 is the mean 5; 0 and 3 of 3 items is withheld; 0, 1, 2 is 1
        assert [line.split(",")[7] for line in out.splitlines()] == ["peg_mean", "5.0", "", "1.0"]
    if command == "change":
        assert "-4" in out


def test_an_audit_by_the_mapping(folder: Path) -> None:
    words = ["audit", "a.csv", "--instrument", "peg", "--recorded", "mean=Mittel"]
    assert main([*words, "--mapping", "mapping.toml"]) == 0


@pytest.mark.parametrize(
    ("was", "now", "place"),
    [
        ("P02;14.02.2026;South;1", "P02;14.02.2026;South;9", "line 3, column p1"),
        ("14.02.2026", "2/14/2026", "line 3, column Visit day"),
        ("p2;p3", "p2;q3", "line 1"),
    ],
)
def test_a_file_that_no_longer_fits_stops_with_the_place(
    folder: Path, capsys: pytest.CaptureFixture[str], was: str, now: str, place: str
) -> None:
    (folder / "a.csv").write_text(EXPORT.replace(was, now), encoding="utf-8")
    assert main(["score", "a.csv", "--mapping", "mapping.toml", "-o", "out.csv"]) == 2
    told = capsys.readouterr().err
    assert f"{place}: " in told
    assert told.count("\n") == 1
    assert not (folder / "out.csv").exists()


def test_options_that_the_mapping_has_settled(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for option in (["--coding", "peg=position"], ["--skip-rows", "1"]):
        assert main(["score", "a.csv", "--mapping", "mapping.toml", *option]) == 2
        assert "the mapping says" in capsys.readouterr().err


def test_no_input_is_written_over(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "link.toml").symlink_to(folder / "mapping.toml")
    assert main(["read", "a.csv", "--mapping", "mapping.toml", "--save", "link.toml"]) == 2
    (folder / "link.csv").symlink_to(folder / "mapping.toml")
    assert main(["score", "a.csv", "--mapping", "mapping.toml", "-o", "link.csv"]) == 2
    assert (folder / "mapping.toml").read_text() == CONFIRMED


def test_what_cannot_be_read_is_one_line_and_exit_code_2(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "a.xls").write_text("<html><table></table></html>")
    (folder / "cut.csv").write_text("a,b\n1,2\n3")
    for name in ("a.xls", "cut.csv", "none.csv"):
        assert main(["read", name, "--save", "new.toml"]) == 2
        told = capsys.readouterr()
        assert (told.out, told.err.count("\n")) == ("", 1)
        assert not (folder / "new.toml").exists()


ITEMS = ("peg_pain", "peg_enjoyment", "peg_activity")
WIDE = ",".join(["patient", *(f"{item}_{visit}" for visit in ("baseline", "6m") for item in ITEMS)])
WIDE += "\na,5,4,3,1,2,3\nb,6,6,6,2,3,4\n"


@pytest.mark.parametrize("command", [["score"], ["report"], ["check"], ["score", "--instrument", "peg"]])
def test_visits_side_by_side_are_told_with_the_way_out(
    folder: Path, capsys: pytest.CaptureFixture[str], command: list[str]
) -> None:
    (folder / "wide.csv").write_text(WIDE, encoding="utf-8")
    assert main([*command, "wide.csv"]) == 2
    told = capsys.readouterr().err
    assert "look like several visits side by side (baseline, 6m)" in told
    assert "ipm-outcomes read " in told
    assert "--save MAPPING.toml" in told


def test_the_mapping_of_visits_side_by_side_can_be_confirmed(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "wide.csv").write_text(WIDE, encoding="utf-8")
    assert main(["read", "wide.csv", "--save", "wide.toml"]) == 1
    told = capsys.readouterr().out
    assert "visits_in_columns: peg: the same whole set is there under 2 visits" in told
    assert "nothing can be scored until a mapping names an instrument" in told
    text = (folder / "wide.toml").read_text(encoding="utf-8")
    for line in ("patient = ", "visit = ", "[[instrument]]", "id = ", "columns = "):
        text = text.replace(f"# {line}", line)
    (folder / "wide.toml").write_text(text, encoding="utf-8")
    assert main(["score", "wide.csv", "--mapping", "wide.toml", "-o", "scores.csv"]) == 0
    rows = (folder / "scores.csv").read_text(encoding="utf-8").splitlines()
    means = [dict(zip(rows[0].split(","), row.split(","), strict=True)) for row in rows[1:]]
    assert [(one["visit"], float(one["peg_mean"])) for one in means] == [
        ("baseline", 4.0),
        ("6m", 2.0),
        ("baseline", 6.0),
        ("6m", 3.0),
    ]


def test_a_file_of_no_instrument_is_no_success(folder: Path) -> None:
    (folder / "other.csv").write_text("a,b\n1,2\n", encoding="utf-8")
    assert main(["read", "other.csv"]) == 1


@pytest.mark.parametrize("command", ["score", "report", "check", "read"])
def test_the_nearest_column_is_named(folder: Path, capsys: pytest.CaptureFixture[str], command: str) -> None:
    (folder / "a.csv").write_text("patient,peg_pian,peg_enjoyment,peg_activity\na,1,2,3\n", encoding="utf-8")
    assert main([command, "a.csv"]) != 0
    told = capsys.readouterr()
    assert "did you mean 'peg_pian'?" in told.out + told.err
