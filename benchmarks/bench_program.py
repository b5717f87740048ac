"""All indicators over 5,000,000 change rows of 200 sites, against the bare group-by of Polars in the same run.

python benchmarks/bench_program.py [rows] [--parts N]

With ``--parts`` scores are whole numbers divided by N, such as 10 or 3. Ends with 1 where the ratio is above the bar.
"""

from __future__ import annotations

import argparse
import resource
import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import polars as pl
from bench_scores import line

from ipm_outcomes import program

SCALES = [
    ("peg", "mean", 10),
    ("phq9", "total", 27),
    ("gad7", "total", 21),
    ("pcs", "total", 52),
    ("promis29", "pain_interference", 76),
]
TARGETS = ["6 months", "12 months"]
BAR = 12
"""Times the processor time of the bare group-by."""
CLASSES = ["recovered", "improved", "unchanged", "deteriorated", "not classifiable"]


def changes(rows: int, sites: int = 200, parts: int = 1) -> pl.DataFrame:
    """Random changes with the columns and types of the table of changes, scores in parts of so many."""
    draw = np.random.default_rng(20260630)
    each = len(SCALES) * len(TARGETS)
    patients = rows // each
    rows = patients * each
    patient = np.repeat(np.arange(patients), each)
    scale = np.tile(np.repeat(np.arange(len(SCALES)), len(TARGETS)), patients)
    top = np.array([limit for _, _, limit in SCALES])[scale]
    before = np.floor(draw.random(rows) * (top * parts + 1)) / parts
    after = (np.floor(before * parts * draw.random(rows) * 1.2) / parts).clip(0, top)
    start = np.datetime64("2024-01-01") + draw.integers(0, 700, patients)[patient]
    target = np.tile(np.arange(len(TARGETS)), patients * len(SCALES))
    late = np.array([182, 365])[target] + draw.integers(-60, 61, rows)
    lost = draw.random(rows) < 0.35
    frame = pl.DataFrame(
        {
            "patient_id": patient,
            "episode": np.ones(rows, np.int64),
            "site": draw.integers(0, sites, patients)[patient],
            "instrument": scale,
            "scale": scale,
            "target": target,
            "baseline_date": start,
            "baseline": before,
            "followup_date": start + late,
            "followup": after,
            "change": after - before,
            "improvement": before - after,
            "important": np.abs(before - after) >= 5,
            "responder_30": 10 * (before - after) >= 3 * before,
            "responder_50": 2 * (before - after) >= before,
            "class": draw.integers(0, len(CLASSES), rows),
            "window_open": draw.random(rows) < 0.1,
            "baseline_band": draw.integers(0, 4, rows),
            "followup_band": draw.integers(0, 4, rows),
            "lost": lost,
        }
    )

    def words(column: str, labels: list[str]) -> pl.Expr:
        return (
            pl.lit(pl.Series(labels, dtype=pl.Enum(list(dict.fromkeys(labels)))))
            .gather(pl.col(column))
            .alias(column)
        )

    followed = [
        "followup_date", "followup", "change", "improvement", "important", "responder_30", "responder_50", "class",
        "followup_band",
    ]  # fmt: skip
    bands = ["minimal", "mild", "moderate", "severe"]
    return (
        frame.with_columns(
            words("instrument", [name for name, _, _ in SCALES]),
            words("scale", [name for _, name, _ in SCALES]),
            words("target", TARGETS),
            words("class", CLASSES),
            words("baseline_band", bands),
            words("followup_band", bands),
            pl.format("site {}", "site").alias("site"),
        )
        .with_columns(pl.when(~pl.col("lost")).then(pl.col(name)).alias(name) for name in followed)
        .drop("lost")
    )


def timed(task: Callable[[], Any], times: int) -> tuple[tuple[float, float], Any]:
    """Seconds and processor seconds of the middle one of some runs, by its processor time."""
    runs, result = [], None
    for _ in range(times):
        begin, busy = time.perf_counter(), time.process_time()
        result = task()
        runs.append((time.process_time() - busy, time.perf_counter() - begin))
    processor, seconds = sorted(runs)[times // 2]
    return (seconds, processor), result


def main() -> int:
    arguments = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    arguments.add_argument("rows", nargs="?", type=int, default=5_000_000)
    arguments.add_argument("--parts", type=int, default=1)
    options = arguments.parse_args()
    data = changes(options.rows, parts=options.parts)
    print(f"{data.height:,} rows, {data['site'].n_unique()} sites, {data.estimated_size('mb'):,.0f} MB")
    keys = ["site", "instrument", "scale", "target"]
    # It varies by a third from run to run.
    group_by = data.lazy().group_by(keys).agg(pl.len(), pl.col("improvement").mean())
    bare, _ = timed(group_by.collect, 21)
    print(f"bare group-by: {bare[0]:.2f} s (processor {bare[1]:.2f} s)")
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    took, result = timed(lambda: program.table(data, by=["site"], totals=True), 5)
    size = f"{result['definition'].n_unique()} indicators, {result.height:,} result rows"
    print(f"{size}: {took[0]:.2f} s (processor {took[1]:.2f} s)")
    ratio = took[1] / bare[1]
    line("program.table", f"{ratio:.1f} x the bare group-by", f"{BAR} x at 5,000,000 rows", ratio <= BAR)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"peak memory of the process: {peak:,.0f} MB, before counting {before:,.0f} MB")
    return int(ratio > BAR)


if __name__ == "__main__":
    sys.exit(main())
