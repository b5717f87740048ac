"""The example clinic as a project of REDCap: written again byte for byte, and read as the clinic itself."""

from __future__ import annotations

import runpy
from pathlib import Path

import pytest

from ipm_outcomes import change, frames, redcap

pl = pytest.importorskip("polars")

FOLDER = Path(__file__).parents[2] / "examples" / "clinic"
EVENTS = {
    "baseline_arm_1": "baseline",
    "month_3_arm_1": "3 months",
    "month_6_arm_1": "6 months",
    "month_12_arm_1": "12 months",
}


def test_it_is_written_again_byte_for_byte(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    runpy.run_path(str(FOLDER / "make_redcap.py"))["main"](tmp_path)
    for name in ("redcap_export.csv", "redcap_dictionary.csv"):
        assert (tmp_path / name).read_bytes() == (FOLDER / name).read_bytes()
    assert capsys.readouterr().out.endswith("of 12 records\n")
    assert not redcap.check_dictionary((FOLDER / "redcap_dictionary.csv").read_text(encoding="utf-8"))


def test_it_scores_as_the_clinic() -> None:
    dictionary = (FOLDER / "redcap_dictionary.csv").read_text(encoding="utf-8")
    read = redcap.read(FOLDER / "redcap_export.csv", dictionary, events=EVENTS, backend="polars")
    assert read.instruments == ("peg", "phq9")
    assert read.problems.is_empty()
    keys = ["patient_id", "visit"]
    clinic = pl.read_csv(FOLDER / "clinic.csv").filter(pl.col("episode") == 1)
    last = clinic.unique(keys, keep="last", maintain_order=True)
    for id in read.instruments:
        ours = frames.tidy(read.data, id, by=[*keys, "site"]).filter(~pl.col("blank_row"))
        theirs = frames.tidy(last, id, by=[*keys, "site"]).filter(~pl.col("blank_row"))
        theirs = theirs.filter(pl.col("patient_id").is_in(ours["patient_id"].unique().to_list()))
        theirs = theirs.with_columns(pl.col("site").str.to_lowercase())
        columns = [*keys, "site", "scale", "value", "absent"]
        sort = [*keys, "scale"]
        text = pl.col("scale", "absent").cast(pl.String)
        both = [one.select(columns).with_columns(text).sort(sort) for one in (ours, theirs)]
        assert both[0].equals(both[1])
        assert len(both[0]) >= 30


def test_its_visits_are_paired_without_dates() -> None:
    read = redcap.read(FOLDER / "redcap_export.csv", instrument="peg", events=EVENTS, backend="polars")
    scores = frames.tidy(read.data, "peg", by=["patient_id", "date", "visit", "site"])
    found = change.table(
        scores.drop("date"),
        baseline=change.Baseline(visit="baseline"),
        targets=[change.Target(visit="6 months")],
    )
    assert found["patient_id"].n_unique() == found.height == 12
    assert found["change"].null_count() < 12
