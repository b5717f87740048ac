"""The depression short form 4a of 747 people, against the published table of T-scores and SEs."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from ipm_outcomes import frames
from ipm_outcomes.cli import main

ITEMS = ["eddep04", "eddep06", "eddep29", "eddep41"]


@pytest.fixture
def published(real: Callable[[str], Path]) -> dict[int, tuple[float, float]]:
    with real("promis/table_depression_4a.csv").open(encoding="utf-8", newline="") as file:
        return {int(r["raw"]): (float(r["t_score"]), float(r["se"])) for r in csv.DictReader(file)}


def test_every_person_gets_the_score_of_the_table(
    real: Callable[[str], Path], published: dict[int, tuple[float, float]]
) -> None:
    table = pd.read_csv(real("promis_real/dat_DeCESD_v2.csv"))
    assert len(table) == 747
    raw = table[[item.upper() for item in ITEMS]].sum(axis=1, skipna=False)
    scored = frames.score(
        table, "promis29", columns={item: item.upper() for item in ITEMS}, scales=["depression"]
    )
    complete = raw.notna()
    assert complete.sum() > 700
    expected = [published[int(value)] for value in raw[complete]]
    assert scored.loc[complete, "promis29_depression"].tolist() == [t for t, _ in expected]
    assert scored.loc[complete, "promis29_depression_se"].tolist() == [se for _, se in expected]
    assert scored.loc[~complete, "promis29_depression"].isna().all()


def test_the_same_by_the_command_line(
    real: Callable[[str], Path], published: dict[int, tuple[float, float]], tmp_path: Path
) -> None:
    file, out = real("promis_real/dat_DeCESD_v2.csv"), tmp_path / "out.csv"
    pairs = ",".join(f"{item}={item.upper()}" for item in ITEMS)
    words = ["score", str(file), "--instrument", "promis29", "--scales", "depression", "--columns", pairs]
    assert main([*words, "-o", str(out)]) == 0
    with file.open(encoding="utf-8", newline="") as given, out.open(encoding="utf-8", newline="") as scored:
        rows = list(zip(csv.DictReader(given), csv.DictReader(scored), strict=True))
    assert len(rows) == 747
    for before, after in rows:
        assert before == {name: after[name] for name in before}
        cells = [before[item.upper()] for item in ITEMS]
        if all(cell.isdigit() for cell in cells):
            t, se = published[sum(map(int, cells))]
            assert (float(after["promis29_depression"]), float(after["promis29_depression_se"])) == (t, se)
        else:
            assert after["promis29_depression"] == ""
