"""How long pairing, thresholds and classes take, beside the same frame's own sort and group-by.

    POLARS_MAX_THREADS=1 python benchmarks/bench_change.py [assessments] [patients]

One million assessments of one hundred thousand patients by default, rows shuffled. Run it pinned to one core
(``taskset -c 0``) to compare with the bar of 5 seconds.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from statistics import median
from typing import Any

os.environ.setdefault("POLARS_MAX_THREADS", "1")

import numpy as np
import polars as pl

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


def seconds(work: Callable[[], Any], times: int = 3) -> float:
    work()
    taken = []
    for _ in range(times):
        begin = time.perf_counter()
        work()
        taken.append(time.perf_counter() - begin)
    return median(taken)


def main() -> None:
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
    bare = seconds(lambda: sort_and_group(data))
    print(f"{len(data):,} assessments of {patients:,} patients")
    print(f"polars sort and group-by       {bare:6.2f} s")
    plain = data.to_pandas()
    for name, work in (
        ("change.pair", lambda: change.pair(data)),
        ("change.table", lambda: change.table(data)),
        ("change.table with episodes", lambda: change.table(data, episodes=start)),
        ("change.table from pandas", lambda: change.table(plain)),
    ):
        taken = seconds(work)
        print(f"{name:30} {taken:6.2f} s   {taken / bare:5.1f} times the sort and group-by")


if __name__ == "__main__":
    main()
