"""PHQ-9 forms scored by Spark on two cores, as ratios to hand-written SQL, in one run.

python benchmarks/bench_spark.py [rows]

The SQL is compared twice: a sum with its bands, and all the columns that scoring adds, without any look at what the
cells hold. Parquet is read, and Parquet is written or nothing is. Processor time of this process, the JVM and the
workers of Python together, the least of three; Linux only.
"""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Callable
from functools import partial, reduce
from operator import add
from pathlib import Path
from typing import Any

from bench_engines import make
from bench_scores import line

BAR = 2.0
"""At most so many times hand-written SQL that gives the same columns, written to Parquet."""
ITEMS = [f"phq9_q{n}" for n in range(1, 10)]


def spent() -> float:
    """Processor seconds of this process and all that it started."""
    children: dict[int, list[int]] = {}
    ticks: dict[int, int] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                fields = (entry / "stat").read_text().rpartition(")")[2].split()
            except OSError:  # it ended
                continue
            children.setdefault(int(fields[1]), []).append(int(entry.name))
            ticks[int(entry.name)] = sum(map(int, fields[11:15]))
    total, left = 0, [os.getpid()]
    while left:
        one = left.pop()
        total += ticks.get(one, 0)
        left += children.get(one, [])
    return total / os.sysconf("SC_CLK_TCK")


def in_sql(data: Any, every: bool) -> Any:
    """The total with its band, or all columns of the PHQ-9, as one would write them by hand."""
    import pyspark.sql.functions as f

    def total(items: list[str]) -> Any:
        return reduce(add, (f.col(item).cast("short") for item in items)).cast("double")

    def band(name: str) -> Any:
        words = f.when(f.col(name) < 5, "minimal").when(f.col(name) < 10, "mild")
        words = words.when(f.col(name) < 15, "moderate").when(f.col(name) < 20, "moderately severe")
        return words.when(f.col(name).isNotNull(), "severe")

    def answered(items: list[str]) -> Any:
        return reduce(add, (f.col(item).isNotNull().cast("short") for item in items)).cast("short")

    def absent(name: str, size: int) -> Any:
        return f.when(f.col(name) == 0, "no_answers").when(f.col(name) < size, "too_few_answers")

    if not every:
        return data.withColumn("total", total(ITEMS)).withColumn("band", band("total"))
    half = reduce(add, (f.col(item).__ge__(2).cast("short") for item in ITEMS[:8]))
    data = data.withColumns(
        {"total": total(ITEMS), "phq8": total(ITEMS[:8]), "phq2": total(ITEMS[:2])}
        | {"n9": answered(ITEMS), "n8": answered(ITEMS[:8]), "n2": answered(ITEMS[:2])}
        | {"symptoms": half + f.col(ITEMS[8]).__ge__(1).cast("short")}
    )
    core = (f.col(ITEMS[0]) >= 2) | (f.col(ITEMS[1]) >= 2)
    syndrome = f.when(f.col("n9") < 9, None).when(core & (f.col("symptoms") >= 5), "major")
    flag = f.when(f.col(ITEMS[8]) > 0, "raised").when(f.col(ITEMS[8]) == 0, "not raised")
    return data.withColumns(
        {
            "band": band("total"),
            "absent": absent("n9", 9),
            "phq8_band": band("phq8"),
            "absent8": absent("n8", 8),
        }
        | {"absent2": absent("n2", 2), "n": f.col("n9"), "why": absent("n9", 9)}
        | {"syndrome": syndrome.when(core & (f.col("symptoms") >= 2), "other").otherwise("none")}
        | {"flag": flag.when(f.col("n9") > 0, "not answered")}
    ).drop("symptoms")


SAME = {
    "total": "total", "phq8": "phq8", "phq2": "phq2", "n9": "total_answered", "n8": "phq8_answered",
    "n2": "phq2_answered", "band": "total_band", "absent": "total_absent", "phq8_band": "phq8_band",
    "absent8": "phq8_absent", "absent2": "phq2_absent", "n": "syndrome_answered", "why": "syndrome_absent",
    "syndrome": "syndrome", "flag": "flag_self_harm",
}  # fmt: skip
"""Columns of the SQL with those that scoring adds."""


def main(rows: int) -> bool:
    """Print every ratio, and give whether the bar holds."""
    from pyspark.sql import SparkSession

    from ipm_outcomes import frames

    os.environ["PYSPARK_PYTHON"] = sys.executable
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "forms").mkdir()
        make(folder / "forms", rows, "phq9")
        settings = {"ui.enabled": "false", "driver.host": "127.0.0.1", "driver.bindAddress": "127.0.0.1"}
        settings |= {"local.dir": name, "sql.warehouse.dir": f"{name}/warehouse", "log.level": "ERROR"}
        settings |= {"ui.showConsoleProgress": "false"}
        builder = SparkSession.builder.master("local[2]")
        for key, value in settings.items():
            builder = builder.config(f"spark.{key}", value)
        spark = builder.getOrCreate()
        forms = spark.read.parquet(f"{name}/forms")
        tables = {
            "copy": forms,
            "sum": in_sql(forms, every=False),
            "same columns in SQL": in_sql(forms, every=True),
            "scored": frames.score(forms, "phq9"),
        }

        few = {step: table.where("patient_id % 1000 = 0") for step, table in tables.items()}
        others = (
            few["same columns in SQL"]
            .select(*SAME)
            .exceptAll(few["scored"].select(*(f"phq9_{column}" for column in SAME.values())))
        )
        assert not others.count(), "the SQL gives other scores"

        def least(work: Callable[[], object]) -> float:
            found = []
            for _ in range(4):  # the first warms up
                begun = spent()
                work()
                found.append(spent() - begun)
            return min(found[1:])

        ratios = {}
        for written in (False, True):
            seconds = {}
            for step, table in tables.items():
                writer = table.write.mode("overwrite")
                seconds[step] = least(
                    partial(writer.parquet, f"{name}/out") if written else writer.format("noop").save
                )
            print("Parquet written:" if written else "nothing written:")
            for step, took in seconds.items():
                print(f"  {step}: {took:.2f} CPU s, scored is {seconds['scored'] / took:.2f} x")
            ratios[written] = seconds["scored"] / seconds["same columns in SQL"]
        spark.stop()
    ratio = ratios[True]
    return line("Spark, written", f"{ratio:.2f} x the same columns in SQL", f"{BAR:g} x", ratio <= BAR)


if __name__ == "__main__":
    sys.exit(not main(int(sys.argv[1]) if len(sys.argv) > 1 else 4_000_000))
