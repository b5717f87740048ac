"""Forms from Parquet to Parquet on engines that hold no table in memory, as ratios to their own copies.

python benchmarks/bench_engines.py [rows] [instrument]

An engine's own copy is that of the scored file ("output": of PHQ-9 the same 25 columns are written), and that of the
forms ("input": 10 columns are written). Both ratios are printed. Both engines have a bar to the copy of the output, and
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
from bench_scores import line

from ipm_outcomes import frames, instrument

BARS = {
    "phq9": {"polars output": 1.15, "polars input": 2.6, "duckdb output": 2.8},
    "promis29": {"polars output": 1.25},
}
"""At most so many times copying the scored file, or the input, by the same engine."""
UNWRITTEN = 2
"""At most so many times copying the input that DuckDB takes to read and score, without writing."""
MOST_MEMORY = 0.8
"""Gigabytes that scoring with Polars may take at most."""


def make(folder: Path, rows: int, instrument_id: str) -> None:
    """Seeded forms in ten files, of an instrument whose answers are whole numbers."""
    definition = instrument(instrument_id)
    answers = {item.id: definition.answers[item.answers] for item in definition.items}
    for part in range(10):
        draw = np.random.default_rng(part)
        cells = {
            f"{instrument_id}_{item}": draw.integers(listed.lowest, listed.highest + 1, rows // 10).astype(
                np.int8
            )
            for item, listed in answers.items()
        }
        ids = np.arange(rows // 10) + part * (rows // 10)
        pl.DataFrame({"patient_id": ids} | cells).write_parquet(folder / f"in-{part}.parquet")


def steps(folder: Path, instrument_id: str) -> dict[str, Callable[[], object]]:
    """Copies and scores of each engine."""
    given, scored, copy = (str(folder / name) for name in ("in-*.parquet", "scored.parquet", "copy.parquet"))
    by_duckdb = str(folder / "scored-duckdb.parquet")
    return {
        "polars input": lambda: pl.scan_parquet(given).sink_parquet(copy),
        "polars": lambda: frames.score(pl.scan_parquet(given), instrument_id).sink_parquet(scored),
        "polars output": lambda: pl.scan_parquet(scored).sink_parquet(copy),
        "duckdb input": lambda: duckdb.read_parquet(given).to_parquet(copy),
        "duckdb scored": lambda: frames.score(duckdb.read_parquet(given), instrument_id),
        "duckdb": lambda: frames.score(duckdb.read_parquet(given), instrument_id).to_parquet(by_duckdb),
        "duckdb output": lambda: duckdb.read_parquet(by_duckdb).to_parquet(copy),
    }


def measured(step: str, folder: Path, instrument_id: str) -> tuple[float, float]:
    """Processor seconds and gigabytes of one step, in a process of its own."""
    ran = subprocess.run(
        [sys.executable, __file__, step, str(folder), instrument_id],
        capture_output=True,
        check=True,
        text=True,
    )
    seconds, memory = map(float, ran.stdout.split())
    return seconds, memory


def main(rows: int, instrument_id: str) -> bool:
    """Print every ratio, and give whether all bars hold."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        make(folder, rows, instrument_id)
        measures = {step: measured(step, folder, instrument_id) for step in steps(folder, instrument_id)}
    bars = BARS.get(instrument_id, {})
    fine = True
    for engine in ("polars", "duckdb"):
        seconds, memory = measures[engine]
        print(f"{engine}: {seconds:.2f} CPU s for {rows:,} rows, {memory:.2f} GB")
        for limit in ("output", "input"):
            step = f"{engine} {limit}"
            ratio, bar = seconds / measures[step][0], bars.get(step)
            if bar is None:
                print(f"     {ratio:.2f} x copying the {limit}")
            else:
                fine &= line(
                    f"{engine}, scored", f"{ratio:.2f} x copying the {limit}", f"{bar:g} x", ratio <= bar
                )
    own = measures["duckdb input"][0]
    print(f"     copying the output: {measures['duckdb output'][0] / own:.2f} x copying the input")
    bare, memory = measures["duckdb scored"][0] / own, measures["polars"][1]
    fine &= line(
        "duckdb, not written", f"{bare:.2f} x copying the input", f"{UNWRITTEN:g} x", bare <= UNWRITTEN
    )
    return line("polars, memory", f"{memory:.2f} GB", f"{MOST_MEMORY:g} GB", memory <= MOST_MEMORY) and fine


if __name__ == "__main__":
    if len(sys.argv) == 4:
        step, folder, instrument_id = sys.argv[1], Path(sys.argv[2]), sys.argv[3]
        blank = pl.read_parquet(folder / "in-0.parquet", n_rows=1)
        frames.score(blank, instrument_id)  # what is read and imported once
        frames.score(duckdb.from_arrow(blank.to_arrow()), instrument_id)
        work = steps(folder, instrument_id)[step]
        begun = time.process_time()
        work()
        print(time.process_time() - begun, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6)
    else:
        rows = int(sys.argv[1]) if len(sys.argv) > 1 else 5_000_000
        sys.exit(not main(rows, sys.argv[2] if len(sys.argv) > 2 else "phq9"))
