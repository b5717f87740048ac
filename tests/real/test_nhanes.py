"""PHQ-9 of the NHANES cycles 2013-14 and 2015-16, against a plain sum by pandas; 7 refused, 9 don't know."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import polars as pl
import pytest

from ipm_outcomes import frames
from ipm_outcomes.cli import main

COLUMNS = [f"DPQ0{n}0" for n in range(1, 10)]


def _plain(table: Any) -> Any:
    """Sum of nine answers of 0 to 3, absent where one is missing: written without the library."""
    answers = table[COLUMNS].round().where(lambda cells: cells <= 3)
    return answers.sum(axis=1, skipna=False), answers.notna().sum(axis=1), answers


# 5,924 rows: the file's own record count; 11,659 people in both cycles together, so 5,735 in the other.
@pytest.mark.parametrize(("name", "rows"), [("DPQ_H.XPT", 5924), ("DPQ_I.XPT", 5735)])
def test_every_row_is_scored_rightly(
    name: str, rows: int, real: Callable[[str], Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = real(f"nhanes/{name}")
    table = pd.read_sas(file, format="xport")
    total, answered, answers = _plain(table)
    out = tmp_path / "out.csv"
    words = ["score", str(file), "--instrument", "phq9", "--columns", "DPQ0{n}0", "--not-answered", "7,9"]
    assert main([*words, "-o", str(out)]) == 0
    scored = pd.read_csv(out)
    assert len(scored) == len(table) == rows
    assert scored["SEQN"].tolist() == table["SEQN"].astype(int).tolist()
    pd.testing.assert_series_equal(scored["phq9_total"], total, check_names=False)
    assert scored["phq9_total_answered"].tolist() == answered.tolist()
    severity = pd.cut(
        total, [-1, 4, 9, 14, 19, 27], labels=["minimal", "mild", "moderate", "moderately severe", "severe"]
    )
    assert scored["phq9_total_band"].dropna().tolist() == severity.dropna().tolist()
    ninth = answers["DPQ090"]
    assert (scored["phq9_flag_self_harm"] == "raised").tolist() == (ninth >= 1).tolist()
    assert f"{rows} rows" in capsys.readouterr().err


def test_the_frame_as_pandas_reads_it(real: Callable[[str], Path]) -> None:
    table = pd.read_sas(real("nhanes/DPQ_H.XPT"), format="xport")
    assert ((table[COLUMNS] > 0) & (table[COLUMNS] < 1e-70)).any().all()  # zeros that are not 0
    total, _, _ = _plain(table)
    scored = frames.score(table, "phq9", columns="DPQ0{n}0", not_answered=(7, 9))
    pd.testing.assert_series_equal(scored["phq9_total"], total, check_names=False)


def test_refused_answers_are_refused_unless_declared(real: Callable[[str], Path], tmp_path: Path) -> None:
    file = real("nhanes/DPQ_H.XPT")
    table = pd.read_sas(file, format="xport")
    out = tmp_path / "wrong.parquet"
    # {n:02} reaches DPQ100 as well, the question on difficulty.
    words = [str(file), "--instrument", "phq9", "--columns", "DPQ{n:02}0", "-o", str(out)]
    assert main(["check", *words]) == 1
    bad = table[[*COLUMNS, "DPQ100"]].round() > 3
    found = pl.read_parquet(out)
    assert found.height == int(bad.sum().sum())
    pairs = set(zip(found["row"], found["column"], strict=True))
    assert pairs == {(int(row), column) for column in bad for row in bad.index[bad[column]]}
    scores = tmp_path / "scores.csv"
    assert main(["score", *words[:-1], str(scores)]) == 1
    assert not scores.exists()
