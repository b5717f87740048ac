"""``ipm-outcomes score`` and ``report`` on a CSV file, against Polars that reads and writes it.

``python benchmarks/bench_csv.py [ROWS]``. The bars are for the 1,000,000 rows of the default: with fewer, what a
run costs once counts for more.

Processor seconds are of the work in one process, where everything is imported; memory is that of a process of its own
beyond that of one with five rows.
"""

from __future__ import annotations

import contextlib
import io
import sys
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import polars as pl
from bench_scores import interleaved, line, most_memory

from ipm_outcomes import change, frames
from ipm_outcomes.cli import main

ROWS = 1_000_000
MISSING_SHARE = 0.02
TIME = 3.5
"""Times Polars' own read and write of the file."""
MEMORY = 300
"""Bytes a row."""


def written(file: Path, rows: int, keys: bool) -> None:
    """A file of PHQ-9 forms, with or without patient, date and site."""
    rng = np.random.default_rng(5)
    columns: dict[str, pl.Series] = {}
    if keys:
        patients = rng.integers(0, rows // 4, rows)
        days = np.datetime64("2020-01-01") + rng.integers(0, 1500, rows)
        columns["patient_id"] = "P" + pl.Series(patients).cast(pl.String)
        columns["date"] = pl.Series(days.astype("datetime64[D]"))
        columns["site"] = pl.Series(rng.choice(["Hilltop", "Lake", "Valley", "North"], rows))
    for n in range(1, 10):
        answers = pl.Series(rng.integers(0, 4, rows))
        columns[f"phq9_q{n}"] = answers.set(pl.Series(rng.random(rows) < MISSING_SHARE), None)
    pl.DataFrame(columns).write_csv(file)


TIDY = ("--tidy", "--id", "patient_id", "--date", "date", "--by", "site")


def scored(file: Path, output: Path, *options: str) -> None:
    """What the command does, without its words."""
    with contextlib.redirect_stderr(io.StringIO()):
        if main(["score", str(file), "-o", str(output), *options]):
            raise RuntimeError("the file was not scored")


def peak(file: Path, output: Path, *options: str) -> int:
    """Most bytes of a process that scores a file."""
    code = "import sys; from ipm_outcomes.cli import main; sys.exit(main(sys.argv[1:]))"
    return most_memory(sys.executable, "-c", code, "score", str(file), "-o", str(output), *options)


def command(rows: int, folder: Path, keys: bool) -> list[bool]:
    """Time and memory of one kind of file."""
    what = "csv with patient, date, site" if keys else "csv of answers alone"
    file, few, output, copy = (folder / f"{name}.csv" for name in ("in", "few", "out", "copy"))
    written(file, rows, keys)
    with file.open() as text:
        few.write_text("".join(islice(text, 6)))
    scored(file, output)
    took = interleaved(
        {
            "copy": lambda: pl.read_csv(file).write_csv(copy),
            "copy of the output": lambda: pl.read_csv(output).write_csv(copy),
            "score": lambda: scored(file, output),
        },
        5,
    )
    ratio, beside = took["score"] / took["copy"], took["score"] / took["copy of the output"]
    a_row = (peak(file, output) - peak(few, output)) / rows
    return [
        line(
            f"score, {what}",
            f"{ratio:.2f} x read and write, {beside:.2f} x those of the output ({took['score']:.2f} s)",
            f"{TIME:g} x",
            ratio <= TIME,
        ),
        line(f"score, {what}: memory", f"{a_row:.0f} B a row", f"{MEMORY} B", a_row <= MEMORY),
    ]


def tidied(rows: int, folder: Path) -> list[bool]:
    """Time and memory of the file with patient, date and site as a tidy table, of four rows a form."""
    file, few, output, copy = (folder / f"{name}.csv" for name in ("in", "few", "out", "copy"))
    scored(file, output, *TIDY)
    result = pl.read_csv(output)

    def least() -> None:
        pl.read_csv(file)
        result.write_csv(copy)

    took = interleaved({"least": least, "tidy": lambda: scored(file, output, *TIDY)}, 5)
    ratio = took["tidy"] / took["least"]
    a_row = (peak(file, output, *TIDY) - peak(few, output, *TIDY)) / rows
    return [
        line(
            "score --tidy",
            f"{ratio:.2f} x reading the file and writing the table ({took['tidy']:.2f} s)",
            f"{TIME:g} x",
            ratio <= TIME,
        ),
        line("score --tidy: memory", f"{a_row:.0f} B a row", f"{MEMORY} B", a_row <= MEMORY),
    ]


REPORT = 2.5
"""Times reading the file and making the table of changes, that a report in text may take."""


def reported(rows: int, folder: Path) -> bool:
    """The report in text of the file with patient, date and site, against what it needs at least."""
    file, output = folder / "in.csv", folder / "out.txt"

    def least() -> None:
        answers = pl.read_csv(file, try_parse_dates=True)
        change.table(frames.tidy(answers, "phq9", by=["patient_id", "date", "site"]))

    def report() -> None:
        with contextlib.redirect_stderr(io.StringIO()):
            main(["report", str(file), "--site", "site", "-o", str(output)])

    took = interleaved({"least": least, "report": report}, 2)
    ratio = took["report"] / took["least"]
    figure = f"{ratio:.2f} x reading and change.table ({took['report']:.1f} s)"
    return line("report", figure, f"{REPORT} x", ratio <= REPORT)


if __name__ == "__main__":
    rows = int(sys.argv[1]) if sys.argv[1:] else ROWS
    with TemporaryDirectory() as folder:
        results = [held for keys in (False, True) for held in command(rows, Path(folder), keys)]
        results += tidied(rows, Path(folder))
        results.append(reported(rows, Path(folder)))
    sys.exit(not all(results))
