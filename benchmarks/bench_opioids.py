"""How long 1,000,000 prescriptions to daily MME take, against reading their columns once in the same run.

    POLARS_MAX_THREADS=1 python benchmarks/bench_opioids.py [prescriptions] [patients]

Reading a column once: every cell becomes a NumPy value (codes of text, numbers, days). The bar is 20 times that.
"""

from __future__ import annotations

import os
import sys
from functools import partial
from typing import Any

os.environ.setdefault("POLARS_MAX_THREADS", "1")

import numpy as np
import polars as pl
from bench_scores import interleaved, line

from ipm_outcomes import opioids

BAR = 20
DRUGS = [
    ("oxycodone", "mg"),
    ("hydrocodone", "mg"),
    ("morphine", "mg"),
    ("tramadol", "mg"),
    ("fentanyl", "mcg/h"),
]
STRENGTHS = [(5.0, 10.0, 15.0, 30.0), (5.0, 7.5, 10.0), (15.0, 30.0), (50.0, 100.0), (12.0, 25.0, 50.0)]


def prescriptions(rows: int, patients: int) -> pl.DataFrame:
    """About ten prescriptions per patient over two years, some of them overlapping, in no order."""
    draw = np.random.default_rng(20260630)
    which = draw.integers(0, len(DRUGS), rows)
    strength = np.array([STRENGTHS[at][draw.integers(0, len(STRENGTHS[at]))] for at in range(len(DRUGS))])[
        which
    ]
    days = draw.choice([3, 7, 10, 14, 28, 30], rows)
    patch = which == 4
    return pl.DataFrame(
        {
            "patient_id": np.char.mod("P%06d", draw.integers(0, patients, rows)),
            "drug": np.array([name for name, _ in DRUGS])[which],
            "strength": strength,
            "unit": np.array([unit for _, unit in DRUGS])[which],
            "quantity": np.where(patch, 10.0, days * draw.integers(1, 7, rows)),
            "days_supply": np.where(patch, 30, days),
            "start": pl.Series(draw.integers(19_700, 20_430, rows).astype(np.int32)).cast(pl.Date),
        }
    )


def read_once(data: pl.DataFrame) -> Any:
    """Every column as NumPy values; of text, as objects."""
    return [data[name].to_numpy() for name in data.columns]


def main() -> bool:
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    patients = int(sys.argv[2]) if len(sys.argv) > 2 else rows // 10
    data = prescriptions(rows, patients)
    as_pandas = data.to_pandas()
    results = []
    for name, frame, read in (
        ("Polars", data, lambda: read_once(data)),
        ("pandas", as_pandas, lambda: [as_pandas[n].to_numpy() for n in as_pandas]),
    ):
        works = {factors: partial(opioids.daily, frame, factors) for factors in ("cdc_2022", "cdc_2016_file")}
        took = interleaved({"read": read, **works}, 3)
        for factors in works:
            ratio = took[factors] / took["read"]
            results.append(
                line(
                    f"{name}, {factors}", f"{ratio:.1f} x reading the columns once", f"{BAR} x", ratio <= BAR
                )
            )
    return all(results)


if __name__ == "__main__":
    sys.exit(not main())
