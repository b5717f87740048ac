"""The command that writes the example beside the user."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest

from ipm_outcomes.cli import main

pytest.importorskip("cyclopts")
EXAMPLE = Path(__file__).parents[2] / "examples" / "clinic"


def test_the_example_is_written_and_the_command_that_it_names_ends_well(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["demo"]) == 0
    told = capsys.readouterr()
    assert told.err == ""
    written = sorted(path.name for path in (tmp_path / "clinic_example").iterdir())
    assert written == ["clinic.csv", "clinic_messy.csv", "episodes.csv"]
    for name in written:
        assert (tmp_path / "clinic_example" / name).read_bytes() == (EXAMPLE / name).read_bytes()
    commands = [shlex.split(line) for line in told.out.splitlines() if line.startswith("  ipm-outcomes ")]
    assert [words[1] for words in commands] == ["report", "check"]
    pytest.importorskip("altair")
    monkeypatch.setattr("vl_convert.vegalite_to_svg", lambda *_, **__: "<svg></svg>")
    assert main(commands[0][1:]) == 0
    assert (tmp_path / "report.html").is_file()
    assert main(commands[1][1:]) == 1  # the messy one has problems, and says so
    assert "8 wrong cells" in capsys.readouterr().out


def test_files_that_are_there_are_kept(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "episodes.csv").write_text("mine", encoding="utf-8")
    assert main(["demo", str(tmp_path)]) == 2
    assert "holds episodes.csv already; give another folder, or --overwrite" in capsys.readouterr().err
    assert (tmp_path / "episodes.csv").read_text(encoding="utf-8") == "mine"
    assert main(["demo", str(tmp_path), "--overwrite"]) == 0
    assert (tmp_path / "episodes.csv").read_text(encoding="utf-8") != "mine"
    assert main(["demo", str(tmp_path / "clinic.csv")]) == 2
    assert "that is no folder" in capsys.readouterr().err
