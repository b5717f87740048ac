"""Changes and figures of a program by partition, as ratios to copying the same files, in one run.

python benchmarks/bench_parts.py [assessments] [parts]

PHQ-9 scores, four of each patient, are drawn into one file for each part, of whole patients. `change.table` makes a
file of changes of each, and `program.table` counts these files one after the other. Each step runs in a process of its
own, of which the processor time and the most memory are printed.
"""

from __future__ import annotations

import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import polars as pl

from ipm_outcomes import change, program

MOST_MEMORY = 2.0
"""Gigabytes that any step may take at most."""
DAYS = (0, 90, 182, 365)
TARGETS = [
    change.Target("6 months", day=182, days=(137, 227)),
    change.Target("12 months", day=365, days=(300, 430)),
]


def make(folder: Path, assessments: int, parts: int) -> None:
    """Draw the scores: each part has patients of its own, at 200 sites."""
    patients = assessments // parts // len(DAYS)
    for part in range(parts):
        draw = np.random.default_rng(part)
        patient = np.repeat(np.arange(patients) + part * patients, len(DAYS))
        start = draw.integers(0, 700, patients)
        days = np.add.outer(start, DAYS) + draw.integers(-20, 21, (patients, len(DAYS)))
        frame = pl.DataFrame(
            {
                "patient_id": patient,
                "site": np.repeat(draw.integers(0, 200, patients), len(DAYS)),
                "date": (np.datetime64("2023-01-01") + days).ravel(),
                "value": draw.integers(0, 28, len(patient)).astype(float),
            }
        )
        frame.with_columns(
            pl.format("site {}", "site").alias("site"),
            instrument=pl.lit("phq9"),
            scale=pl.lit("total"),
        ).filter(pl.lit(draw.random(len(patient)) > 0.2)).write_parquet(folder / f"scores-{part:03}.parquet")


def files(folder: Path, kind: str) -> list[Path]:
    return sorted(folder.glob(f"{kind}-*.parquet"))


def changes(folder: Path) -> None:
    """A file of changes of each file of scores."""
    for file in files(folder, "scores"):
        made = change.table(pl.read_parquet(file), targets=TARGETS, by=["site"], as_of="2026-06-30")
        made.write_parquet(folder / file.name.replace("scores", "changes"))


def figures(folder: Path) -> None:
    """All indicators that apply, by site and in total."""
    parts = [pl.scan_parquet(file) for file in files(folder, "changes")]
    result = program.table(parts, by=["site"], totals=True).collect()
    assert result.height > 1000


def copied(kind: str) -> Callable[[Path], None]:
    """Copies the files of a kind by Polars."""

    def copy(folder: Path) -> None:
        for file in files(folder, kind):
            pl.scan_parquet(file).sink_parquet(folder / "copy.parquet")

    return copy


STEPS = {
    "changes": changes,
    "figures": figures,
    "copy scores": copied("scores"),
    "copy changes": copied("changes"),
}


def measured(step: str, folder: Path, *more: int) -> tuple[float, float]:
    """Processor seconds and gigabytes of one step, in a process of its own."""
    words = [sys.executable, __file__, step, str(folder), *map(str, more)]
    seconds, memory = map(
        float, subprocess.run(words, stdout=subprocess.PIPE, check=True, text=True).stdout.split()
    )
    return seconds, memory


def main(assessments: int, parts: int) -> bool:
    """Print every measure, and give whether the bar holds."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        measured("make", folder, assessments, parts)
        print(f"{assessments:,} assessments in {parts} parts")
        measures = {}
        for step in STEPS:
            measures[step] = seconds, memory = measured(step, folder)
            print(f"{step}: {seconds:.1f} processor seconds, {memory:.2f} GB", flush=True)
    for step, limit in (("changes", "copy scores"), ("changes", "copy changes"), ("figures", "copy changes")):
        print(f"{step}: {measures[step][0] / measures[limit][0]:.2f} x {limit}")
    most = max(measures[step][1] for step in ("changes", "figures"))
    print(f"most memory: {most:.2f} GB (at most {MOST_MEMORY})")
    return most <= MOST_MEMORY


if __name__ == "__main__":
    if len(sys.argv) > 2 and not sys.argv[1].isdigit():
        step, folder = sys.argv[1], Path(sys.argv[2])
        begun = time.process_time()
        if step == "make":
            make(folder, *map(int, sys.argv[3:]))
        else:
            STEPS[step](folder)
        print(time.process_time() - begun, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6)
    else:
        arguments = [int(word) for word in sys.argv[1:]]
        sys.exit(not main(*(arguments + [100_000_000, 100][len(arguments) :])))
