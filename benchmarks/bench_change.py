"""How long pairing, thresholds and classes take, beside the same frame's own sort and group-by.

    POLARS_MAX_THREADS=1 python benchmarks/bench_change.py [assessments] [patients]

One million assessments of one hundred thousand patients by default, rows shuffled. Processor time.
"""

from __future__ import annotations

import os
import sys
from typing import Any

os.environ.setdefault("POLARS_MAX_THREADS", "1")

import numpy as np
import polars as pl
from bench_scores import interleaved, line

from ipm_outcomes import change


def assessments(rows: int, patients: int) -> pl.DataFrame:
    """PEG scores on about ten days per patient, from a month before the start to fourteen months after."""
    rng = np.random.default_rng(20240110)
    sums = rng.integers(0, 31, rows)
    day = rng.integers(19_000, 19_700, patients).repeat(rows // patients) + rng.integers(-30, 430, rows)
    return pl.DataFrame(
        {
            "patient_id": np.char.mod("P%07d", np.arange(patients)).repeat(rows // patients),
            "date": pl.Series(day.astype(np.int32)).cast(pl.Date),
            "instrument": np.full(rows, "peg"),
            "scale": np.full(rows, "mean"),
            "value": sums / 3,
            "exact_numerator": sums,
            "exact_denominator": np.full(rows, 3),
        }
    ).sample(fraction=1.0, shuffle=True, seed=1)


def sort_and_group(data: pl.DataFrame) -> Any:
    return (
        data.sort("patient_id", "date")
        .group_by("patient_id", maintain_order=True)
        .agg(pl.first("value").alias("first"), pl.last("value").alias("last"))
    )


BARS = {"change.pair": 5, "change.table": 8, "change.table with episodes": 8, "change.table from pandas": 8}
"""Times Polars' own sort and group-by of the same rows."""


def main() -> bool:
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    patients = int(sys.argv[2]) if len(sys.argv) > 2 else rows // 10
    data = assessments(rows // patients * patients, patients)
    start = pl.DataFrame(
        {
            "patient_id": data["patient_id"].unique().sort(),
            "episode": np.ones(patients, np.int64),
            "start_date": data.group_by("patient_id").agg(pl.col("date").min()).sort("patient_id")["date"],
        }
    )
    plain = data.to_pandas()
    works = {
        "change.pair": lambda: change.pair(data),
        "change.table": lambda: change.table(data),
        "change.table with episodes": lambda: change.table(data, episodes=start),
        "change.table from pandas": lambda: change.table(plain),
    }
    took = interleaved(works | {"bare": lambda: sort_and_group(data)}, 3)
    print(f"{len(data):,} assessments of {patients:,} patients, sorted and grouped in {took['bare']:.2f} s")
    results = [
        line(
            name,
            f"{took[name] / took['bare']:.1f} x the sort and group-by",
            f"{bar} x",
            took[name] <= bar * took["bare"],
        )
        for name, bar in BARS.items()
    ]
    return all(results)


if __name__ == "__main__":
    sys.exit(not main())
