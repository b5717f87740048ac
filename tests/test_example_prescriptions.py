"""The example prescriptions: made again byte for byte, counted, and with the odd rows where they belong."""

from __future__ import annotations

import csv
import runpy
from pathlib import Path

import polars as pl
import pytest

from ipm_outcomes import opioids

FOLDER = Path(__file__).parents[1] / "examples" / "clinic"
SECTION = (FOLDER / "README.md").read_text(encoding="utf-8").split("\n## Prescriptions\n")[1]
LINES = [
    [cell.strip(" `") for cell in line.strip("|").split("|")]
    for line in SECTION.splitlines()
    if line[:1] == "|"
]


def test_the_script_writes_the_committed_file_again(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    runpy.run_path(str(FOLDER / "make_prescriptions.py"))["main"](tmp_path)
    assert (tmp_path / "prescriptions.csv").read_bytes() == (FOLDER / "prescriptions.csv").read_bytes()
    assert capsys.readouterr().out == "prescriptions.csv: 1836 rows, 9 columns\n"


def test_counts_are_those_of_the_readme() -> None:
    with (FOLDER / "prescriptions.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    counts = {line[0]: line[1] for line in LINES if len(line) == 2}
    assert counts["prescriptions"] == str(len(rows))
    assert counts["patients with a prescription"] == str(len({row["patient_id"] for row in rows}))
    assert counts["odd rows"] == str(len(runpy.run_path(str(FOLDER / "make_prescriptions.py"))["ODD"]))
    with (FOLDER / "episodes.csv").open(encoding="utf-8", newline="") as file:
        assert {row["patient_id"] for row in rows} <= {row["patient_id"] for row in csv.DictReader(file)}


def test_the_odd_rows_are_those_of_the_readme() -> None:
    prescriptions = pl.read_csv(FOLDER / "prescriptions.csv", try_parse_dates=True)
    found = opioids.check(prescriptions).select("row", "drug", "rule").rows()
    listed = [(int(line[0]), line[1], line[2]) for line in LINES if len(line) == 4 and line[0].isdigit()]
    assert [tuple(row) for row in found] == listed
    # The liquid: 1 mg/mL x 150 mL / 5 days x 1.5 = 45 MME.
    liquid = opioids.daily(prescriptions.filter(pl.col("unit") == "mg/5 mL"))
    assert liquid["mme"].to_list() == [45]
