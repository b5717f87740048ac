"""The example records: made again byte for byte, and counted."""

from __future__ import annotations

import csv
import runpy
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[1] / "examples" / "clinic"
NAMES = ("statuses", "events", "enrollment", "appointments")


def rows_of(name: str) -> list[dict[str, str]]:
    with (FOLDER / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_the_script_writes_the_committed_files_again(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    runpy.run_path(str(FOLDER / "make_records.py"))["main"](tmp_path)
    for name in NAMES:
        assert (tmp_path / f"{name}.csv").read_bytes() == (FOLDER / f"{name}.csv").read_bytes()
    assert f"statuses.csv: {len(rows_of('statuses'))} rows, 3 columns" in capsys.readouterr().out


def test_counts_are_those_of_the_readme() -> None:
    text = (
        (FOLDER / "README.md")
        .read_text(encoding="utf-8")
        .split("## Records of work, care and appointments")[1]
    )
    told = dict(
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in text.splitlines()
        if line[:2] == "| "
    )
    assert [told[name] for name in ("work statuses", "events", "spans of enrollment", "appointments")] == [
        str(len(rows_of(name))) for name in NAMES
    ]
    appointments, episodes = rows_of("appointments"), rows_of("episodes")
    attended = sum(row["status"] == "attended" for row in appointments)
    assert (
        int(told["appointments attended"])
        == attended
        == sum(int(one["attended_sessions"]) for one in episodes)
    )
    assert len(appointments) == sum(int(one["planned_sessions"]) for one in episodes)
    assert int(told["spans that are still open"]) == sum(row["end"] == "" for row in rows_of("enrollment"))


def test_records_are_of_the_patients_of_the_episodes() -> None:
    known = {row["patient_id"] for row in rows_of("episodes")}
    for name in NAMES:
        assert {row["patient_id"] for row in rows_of(name)} <= known
