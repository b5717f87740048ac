"""No file of a manifest is forgotten, and the long export of CDISC QS is read."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path

import pytest

from ipm_outcomes import files, frames
from ipm_outcomes.mapping import Mapping

Real = Callable[[str], Path]


@pytest.mark.parametrize("folder", ["files", "fhir"])
def test_each_file_of_a_manifest_is_named_in_its_tests(real: Real, folder: str) -> None:
    tests = (Path(__file__).parent / f"test_{folder}_real.py").read_text(encoding="utf-8")
    with real(f"{folder}/manifest.csv").open(encoding="utf-8", newline="") as file:
        names = [row["file"] for row in csv.DictReader(file)]
    assert len(names) >= 20
    assert [name for name in names if f'"{name}"' not in tests] == []


def long_export(real: Real) -> Path:
    """Of the cases, which are kept beside the folder of the data."""
    name = "cases/files/r16_cdisc_qs_long.csv"
    beside = real("files/manifest.csv").parents[2] / name
    return beside if beside.exists() else real(name)


@pytest.mark.parametrize("how", [None, {"question": "QSTESTCD", "answer": "QSORRES"}])
def test_a_long_export_of_gad7_scores_15_as_recorded(real: Real, how: dict[str, str] | None) -> None:
    pytest.importorskip("polars")
    path = long_export(real)
    first = files.read(path, long=how)
    items = {f"q{n}": f"GAD020{n}" for n in range(1, 8)}
    content = first.mapping.model_dump(exclude_defaults=True)
    part = {"id": "gad7", "columns": items, "recorded": {"total": "GAD0208"}}
    mapping = Mapping.of({**content, "keys": {"patient": "USUBJID"}, "instrument": [part]})
    read = files.read(path, mapping=mapping, backend="polars")
    assert read.data["patient_id"].to_list() == ["P1"]
    assert frames.score(read.data, "gad7")["gad7_total"].to_list() == [15]
    assert read.recorded["recorded"].to_list() == [15]
