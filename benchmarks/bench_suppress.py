"""Disclosure control of the default indicators of two scales at three targets, against the table itself.

python benchmarks/bench_suppress.py [--report | --months] [--once] [sites ...]

Sites of 40 to 200 patients, and their total, under the default policy. Processor time of this process, the better of
two runs (`--once`: of one), as a ratio to `program.table` on the same rows in the same run; and how much of the table
is shown. With `--report` the time of the whole report, of the same rows, as a ratio to the same, by default of 100 and
500 sites. With `--months` one indicator
by site and month of three years, with all totals, by default of 25 sites.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from bench_scores import line

from ipm_outcomes import change, program, report

SCALES = {("phq9", "total"): 27, ("gad7", "total"): 21}
TARGETS = {"3 months": 91, "6 months": 182, "12 months": 365}
SUPPRESS, REPORT = 20, 20
"""Times `program.table` of the same rows."""
COUNTS = ("eligible", "observed", "denominator", "numerator")


def scores(sites: int, seed: int = 20260630) -> pl.DataFrame:
    """Simulated scores: moderate baselines, some improve, more are lost each time."""
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
    return pl.concat(parts)


def changes(made: pl.DataFrame) -> pl.DataFrame:
    """The table of changes of some scores."""
    targets = [change.Target(name, day=day, days=(day - 40, day + 40)) for name, day in TARGETS.items()]
    return change.table(made, by=["site"], targets=targets)


def timed(task: Callable[[], Any], runs: int) -> tuple[float, Any]:
    """Processor time of the best of some runs, and what came out."""
    best, result = float("inf"), None
    for _ in range(runs):
        begin = time.process_time()
        result = task()
        best = min(best, time.process_time() - begin)
    return best, result


def tables(wanted: list[int], runs: int) -> bool:
    first, fine = None, True
    for sites in wanted:
        data = changes(scores(sites))
        made, table = timed(partial(program.table, data, by=["site"], totals=True), runs)
        took, public = timed(partial(program.suppress, table), runs)
        told, all_ = (sum(frame[c].is_not_null().sum() for c in COUNTS) for frame in (public, table))
        first = first or took
        print(
            f"{sites:>5} sites, {data.height:,} rows of changes, {table.height:,} rows of the table: "
            f"program.table {made:.2f} s, suppress {took:.2f} s; "
            f"{took / first:.1f} times the first; {told:,} of {all_:,} counts shown ({told / all_:.1%})",
            flush=True,
        )
        ratio = took / made
        fine &= line(
            f"{sites} sites: suppress", f"{ratio:.1f} x program.table", f"{SUPPRESS} x", ratio <= SUPPRESS
        )
    return fine


def reports(wanted: list[int], runs: int) -> bool:
    fine = True
    with tempfile.TemporaryDirectory() as folder:
        for sites in [3, *wanted]:  # of three sites, so that all modules are loaded
            made = scores(sites).with_columns(
                band=pl.lit(None, pl.String), answered=pl.lit(1), absent=pl.lit(None, pl.String)
            )
            data = changes(made)
            made_in, table = timed(partial(program.table, data, by=["site"], totals=True), runs)
            path = Path(folder) / "report.html"
            took, _ = timed(partial(report.html, made, data, table, path, as_of="2026-12-31"), runs)
            if sites == 3:
                continue
            ratio = took / made_in
            seen = f"{ratio:.1f} x program.table ({took:.1f} s)"
            fine &= line(f"{sites} sites: report", seen, f"{REPORT} x", ratio <= REPORT)
    return fine


def months(wanted: list[int], runs: int) -> None:
    for sites in wanted:
        draw = np.random.default_rng(sites)
        n = draw.poisson(draw.gamma(2, 30, (sites, 36)))
        x = draw.binomial(n, 0.4)
        groups = [(a, b) for a in (*range(sites), None) for b in (*range(36), None)]
        counts = {
            (a, b): [
                int(of[slice(None) if a is None else a, slice(None) if b is None else b].sum())
                for of in (n, x)
            ]
            for a, b in groups
        }
        table = pl.DataFrame(
            [
                {"site": "all" if a is None else f"site {a}", "month": "all" if b is None else f"month {b}"}
                | {"indicator": "responder_50", "eligible": all_, "observed": all_, "numerator": some}
                | {
                    "denominator": all_,
                    "estimate": some / all_ if all_ else None,
                    "lower": None,
                    "upper": None,
                }
                | {"level": 0.95, "method": "wilson", "suppressed": "", "source": "made up"}
                for (a, b), (all_, some) in counts.items()
            ],
            infer_schema_length=None,
        )
        took, public = timed(partial(program.suppress, table), runs)
        told, all_ = (sum(frame[c].is_not_null().sum() for c in COUNTS) for frame in (public, table))
        print(
            f"{sites:>5} sites, 36 months, {3 * table.height:,} numerators, denominators and differences: "
            f"suppress {took:.2f} s, "
            f"{told:,} of {all_:,} counts shown ({told / all_:.1%})",
            flush=True,
        )


def main() -> bool:
    given = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    given.add_argument("--report", action="store_true")
    given.add_argument("--months", action="store_true")
    given.add_argument("--once", action="store_true")
    given.add_argument("sites", nargs="*", type=int)
    options = given.parse_args()
    small = changes(scores(3))
    program.suppress(program.table(small, by=["site"], totals=True))  # definitions read, modules loaded
    runs = 1 if options.once else 2
    if options.report:
        return reports(options.sites or [100, 500], runs)
    if options.months:
        months(options.sites or [25], runs)
        return True
    return tables(options.sites or [20, 200, 2000], runs)


if __name__ == "__main__":
    sys.exit(not main())
