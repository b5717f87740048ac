"""Files of records on the command line: what their entries mean is declared in a file."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import polars as pl
import pytest

from ipm_outcomes import program
from ipm_outcomes.cli._options import Reading
from ipm_outcomes.cli._records import Records
from ipm_outcomes.errors import FrameError, ParameterError

STATUSES = "patient_id,date,status\na,2024-01-02,sick leave\na,2024-03-02,light duty only\na,2024-04-02,file closed\n"
MEANINGS = """
[statuses]
"Sick leave" = "off_because_of_pain"
"light duty only" = "modified_duty"
"file closed" = ""
"""


def test_entries_of_records_are_declared_in_a_file(tmp_path: Path) -> None:
    (tmp_path / "s.csv").write_text(STATUSES, encoding="utf-8")
    (tmp_path / "m.toml").write_text(MEANINGS, encoding="utf-8")
    how = Reading()
    with pytest.raises(FrameError, match="not known"):
        list(Records(statuses=str(tmp_path / "s.csv")).tables(None, date(2024, 12, 31), how))
    beside = Records(statuses=str(tmp_path / "s.csv"), meanings=str(tmp_path / "m.toml"))
    (table,) = beside.tables(None, date(2024, 12, 31), how)
    declared = {"Sick leave": "off_because_of_pain", "light duty only": "modified_duty", "file closed": None}
    expected = program.return_to_work(pl.read_csv(tmp_path / "s.csv"), meanings=declared)
    assert table.equals(expected)
    assert table["eligible"].max() == 1


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[status]\n", "'status' is none of the tables"),
        ("statuses = 3\n", "[statuses]: must be a table such as"),
        ('[statuses]\n"sick" = 3\n', "[statuses]: must be a table such as"),
        ('[prescriptions]\n"OXY" = "oxycodone"\n', "[prescriptions]: must be a table of tables"),
        ("[prescriptions.drug]\nOXY = 1\n", "[prescriptions]: drug: must be a table such as"),
        ("[[statuses", "not a TOML file"),
        ("a = " + "[" * 5000, "nested too deeply"),
    ],
)
def test_a_file_of_meanings_that_does_not_fit_is_refused(text: str, told: str, tmp_path: Path) -> None:
    (tmp_path / "m.toml").write_text(text, encoding="utf-8")
    beside = Records(statuses="none.csv", meanings=str(tmp_path / "m.toml"))
    with pytest.raises(ParameterError) as caught:
        list(beside.tables(None, date(2024, 12, 31), Reading()))
    assert told in str(caught.value)
