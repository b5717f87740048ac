"""``ipm-outcomes patient``: one patient of a file, and none of the others."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("cyclopts")
pytest.importorskip("polars")
pytest.importorskip("altair")

from ipm_outcomes.cli import main

ROWS = """record,when,peg_pain,peg_enjoyment,peg_activity
A1,2026-01-08,8,7,9
B2,2026-01-09,1,1,1
A1,2026-07-06,3,2,3
B2,2026-07-09,99,1,1
B2,soon,1,1,1
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "answers.csv"
    path.write_text(ROWS, encoding="utf-8")
    return path


def words(file: Path, who: str, *more: str) -> list[str]:
    return ["patient", str(file), "--patient-id", who, "--id", "record", "--date", "when", *more]


def test_the_page_is_of_that_patient(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    page = file.with_name("page.html")
    assert (
        main([*words(file, "A1", "--made-by", "Dr. A"), "-o", str(page)]) == 0
    )  # the wrong cell is another patient's
    text = page.read_text(encoding="utf-8")
    assert "PEG 8.0 to 2.7: reliably better, 5.3 points." in text
    assert "by Dr. A." in text
    assert "A1" not in text
    told = capsys.readouterr()
    assert (told.out, told.err) == ("", "")
    assert main([*words(file, "A1", "--show-id"), "-o", str(page)]) == 0
    assert "<b>A1</b>" in page.read_text(encoding="utf-8")


def test_wrong_cells_are_named_by_line_and_counted(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file.write_text(ROWS.replace("soon", "2026-09-09"), encoding="utf-8")
    page = file.with_name("page.html")
    assert main([*words(file, "B2"), "-o", str(page)]) == 1
    assert "row 1 (line 5), column peg_pain: 99: " in capsys.readouterr().err
    assert "PEG, Jul 9, 2026: 1 cell that is no answer was taken as not answered." in page.read_text(
        encoding="utf-8"
    )


@pytest.mark.parametrize(
    ("who", "more", "told"),
    [
        (
            "Z9",
            ["-o", "page.html"],
            "--patient-id: no row of the file has this patient in the column 'record'",
        ),
        ("A1", [], "-o: name the file of the page"),
        ("A1", ["-o", "page.txt"], "-o page.txt: the name must end in one of .html"),
        ("A1", ["-o", "page.html", "--scales", "mean"], "--scales is not for the page"),
        ("A1", ["-o", "page.html", "--skip-rows", "99"], "--skip-rows lies between 0 and"),
        ("B2", ["-o", "page.html"], "no date that can be read"),
    ],
)
def test_what_cannot_be_done_is_one_line(
    who: str,
    more: list[str],
    told: str,
    file: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(file.parent)
    assert main(words(file, who, *more)) == 2
    err = capsys.readouterr().err.splitlines()
    assert told in err[-1]
    assert who not in err[-1].split("--patient-id")[-1]
    assert not file.with_name("page.html").exists()


def test_a_file_without_the_usual_columns(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    page = str(file.with_name("page.html"))
    assert main(["patient", str(file), "--patient-id", "A1", "--date", "when", "-o", page]) == 2
    assert "--id: name the column" in capsys.readouterr().err
