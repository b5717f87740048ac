"""PHQ-9 forms from Parquet to Parquet on engines that hold no table in memory, as ratios to their own copies.

python benchmarks/bench_engines.py [rows]

An engine's own copy is that of the scored file ("output": the same 25 columns are written), and that of the forms
("input": 10 columns are written). Both ratios are printed. Both engines have a bar to the copy of the output, and
Polars one to the copy of the input. DuckDB has none to that: to copy the scored file alone takes it 3.5 to 4 times as
long, so that no way to score could hold one. What scoring itself adds is the ratio of scoring without writing.
"""

from __future__ import annotations

import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import duckdb
import numpy as np
import polars as pl

from ipm_outcomes import frames

BARS = {"polars output": 1.15, "polars input": 2.6, "duckdb output": 2.8}
"""At most so many times copying the scored file, or the input, by the same engine."""
MOST_MEMORY = 0.8
"""Gigabytes that scoring with Polars may take at most."""


def make(folder: Path, rows: int) -> None:
    """Seeded forms in ten files."""
    for part in range(10):
        draw = np.random.default_rng(part)
        cells = {f"phq9_q{n}": draw.integers(0, 4, rows // 10).astype(np.int8) for n in range(1, 10)}
        ids = np.arange(rows // 10) + part * (rows // 10)
        pl.DataFrame({"patient_id": ids} | cells).write_parquet(folder / f"in-{part}.parquet")


def steps(folder: Path) -> dict[str, Callable[[], object]]:
    """Copies and scores of each engine."""
    given, scored, copy = (str(folder / name) for name in ("in-*.parquet", "scored.parquet", "copy.parquet"))
    by_duckdb = str(folder / "scored-duckdb.parquet")
    return {
        "polars input": lambda: pl.scan_parquet(given).sink_parquet(copy),
        "polars": lambda: frames.score(pl.scan_parquet(given), "phq9").sink_parquet(scored),
        "polars output": lambda: pl.scan_parquet(scored).sink_parquet(copy),
        "duckdb input": lambda: duckdb.read_parquet(given).to_parquet(copy),
        "duckdb scored": lambda: frames.score(duckdb.read_parquet(given), "phq9"),
        "duckdb": lambda: frames.score(duckdb.read_parquet(given), "phq9").to_parquet(by_duckdb),
        "duckdb output": lambda: duckdb.read_parquet(by_duckdb).to_parquet(copy),
    }


def measured(step: str, folder: Path) -> tuple[float, float]:
    """Processor seconds and gigabytes of one step, in a process of its own."""
    ran = subprocess.run(
        [sys.executable, __file__, step, str(folder)], capture_output=True, check=True, text=True
    )
    seconds, memory = map(float, ran.stdout.split())
    return seconds, memory


def main(rows: int) -> bool:
    """Print every ratio, and give whether all bars hold."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        make(folder, rows)
        found = {step: measured(step, folder) for step in steps(folder)}
    fine = True
    for engine in ("polars", "duckdb"):
        seconds, memory = found[engine]
        print(f"{engine}: {seconds:.2f} CPU s for {rows:,} rows, {memory:.2f} GB")
        for limit in ("output", "input"):
            step = f"{engine} {limit}"
            ratio, bar = seconds / found[step][0], BARS.get(step)
            said = "" if bar is None else f" (at most {bar})"
            print(f"  {ratio:.2f} x copying the {limit}{said}")
            fine &= bar is None or ratio <= bar
    own = found["duckdb input"][0]
    print(f"  scored and not written: {found['duckdb scored'][0] / own:.2f} x copying the input")
    print(f"  copying the output: {found['duckdb output'][0] / own:.2f} x copying the input")
    return fine and found["polars"][1] <= MOST_MEMORY


if __name__ == "__main__":
    if len(sys.argv) == 3:
        one = steps(Path(sys.argv[2]))[sys.argv[1]]
        blank = pl.DataFrame({f"phq9_q{n}": [0] for n in range(1, 10)})
        frames.score(blank, "phq9")  # what is read and imported once
        frames.score(
            duckdb.values([0] * 9).project(", ".join(f"col{n} phq9_q{n + 1}" for n in range(9))), "phq9"
        )
        begun = time.process_time()
        one()
        print(time.process_time() - begun, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6)
    else:
        sys.exit(not main(int(sys.argv[1]) if len(sys.argv) > 1 else 5_000_000))
