"""Disclosure control of the default indicators of two scales at three targets, against the table itself.

python benchmarks/bench_suppress.py [sites ...]

Sites of 40 to 200 patients, and their total, under the default policy. Processor time of this process, the better of
two runs, as a ratio to `program.table` on the same rows in the same run; and how much of the table is shown.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import polars as pl

from ipm_outcomes import change, program

SCALES = {("phq9", "total"): 27, ("gad7", "total"): 21}
TARGETS = {"3 months": 91, "6 months": 182, "12 months": 365}
COUNTS = ("eligible", "observed", "denominator", "numerator")


def changes(sites: int, seed: int = 20260630) -> pl.DataFrame:
    """A table of changes made from simulated scores: moderate baselines, some improve, more are lost each time."""
    draw = np.random.default_rng(seed)
    patients = int((sizes := draw.integers(40, 201, sites)).sum())
    site = np.char.add("site ", np.repeat(np.arange(sites), sizes).astype(str))
    begin = np.datetime64("2024-01-01") + draw.integers(0, 600, patients)
    parts = []
    for (instrument, scale), top in SCALES.items():
        before = draw.binomial(top, draw.beta(3, 3, patients))
        for target, day in {"": 0, **TARGETS}.items():
            after = np.round(before * draw.beta(3, 2, patients) * 1.3).clip(0, top).astype(int)
            seen = draw.random(patients) < (0.97 if not target else 0.85 - day / 1000)
            parts.append(
                pl.DataFrame(
                    {
                        "patient_id": np.flatnonzero(seen),
                        "site": site[seen],
                        "date": (begin + day)[seen],
                        "instrument": instrument,
                        "scale": scale,
                        "value": (after if target else before)[seen].astype(float),
                    }
                )
            )
    targets = [change.Target(name, day=day, days=(day - 40, day + 40)) for name, day in TARGETS.items()]
    return change.table(pl.concat(parts), by=["site"], targets=targets)


def timed(task: Callable[[], Any]) -> tuple[float, Any]:
    """Processor time of the better of two runs, and what came out."""
    best, result = float("inf"), None
    for _ in range(2):
        begin = time.process_time()
        result = task()
        best = min(best, time.process_time() - begin)
    return best, result


def main() -> None:
    wanted = [int(word) for word in sys.argv[1:]] or [20, 200, 2000]
    small = changes(3)
    program.suppress(program.table(small, by=["site"], totals=True))  # definitions read, modules loaded
    first = None
    for sites in wanted:
        data = changes(sites)
        made, table = timed(lambda data=data: program.table(data, by=["site"], totals=True))
        took, public = timed(lambda table=table: program.suppress(table))
        told, all_ = (sum(frame[c].is_not_null().sum() for c in COUNTS) for frame in (public, table))
        first = first or took
        print(
            f"{sites:>5} sites, {data.height:,} rows of changes, {table.height:,} rows of the table: "
            f"program.table {made:.2f} s, suppress {took:.2f} s, ratio {took / made:.1f}; "
            f"{took / first:.1f} times the first; {told:,} of {all_:,} counts shown ({told / all_:.1%})",
            flush=True,
        )


if __name__ == "__main__":
    main()
