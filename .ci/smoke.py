"""Score every golden case and run the command line with an installed wheel; nothing of the checkout is in reach.

Usage: python smoke.py GOLDEN_FOLDER CLINIC_CSV
"""

import csv
import subprocess
import sys
from importlib.resources import files
from pathlib import Path
from tempfile import TemporaryDirectory

import polars as pl

import ipm_outcomes as ipm
from ipm_outcomes import frames, responses, score


def number(cell: str) -> float | None:
    """An answer as a golden file writes it."""
    return None if not cell else float(cell) if "." in cell else int(cell)


def golden(file: Path) -> int:
    """Score each case of one instrument, as a response and as a frame."""
    model = getattr(responses, responses.CLASSES[file.stem])
    with file.open(encoding="utf-8", newline="") as lines:
        cases = list(csv.DictReader(lines))
    for case in cases:
        answers = {item: number(case[item]) for item in model.model_fields}
        rule = case["missing"] or None
        found = score(model(**answers), missing=rule)
        columns = {
            f"{file.stem}_{item}": pl.Series([answer], dtype=pl.Float64) for item, answer in answers.items()
        }
        scored = frames.score(pl.DataFrame(columns), file.stem, missing=rule)
        for scale, one in found.scales():
            wanted = case.get(f"{scale}_value", "")
            for value in (one.value, scored[f"{file.stem}_{scale}"][0]):
                if isinstance(value, float):
                    assert abs(value - float(wanted)) < 1e-9, (file.name, case, scale, value)
                else:
                    assert (value or "") == wanted, (file.name, case, scale, value)
    return len(cases)


def main(folder: Path, clinic: Path) -> None:
    """Check where the package is, score, and run the command line."""
    home = Path(str(files("ipm_outcomes")))
    assert "site-packages" in home.parts, home
    assert (home / "py.typed").is_file()
    shelf = {path.stem for path in (home / "instruments").glob("*.toml")}
    assert shelf == set(ipm.instruments()), shelf
    for file in (folder / f"{id}.csv" for id in sorted(shelf)):
        sys.stdout.write(f"{file.stem}: {golden(file)} golden cases\n")
    with TemporaryDirectory() as out:
        scores = Path(out) / "scores.csv"
        command = [
            "ipm-outcomes",
            "score",
            str(clinic),
            "--instrument",
            "peg",
            "--invalid",
            "null",
            "-o",
            str(scores),
        ]
        ran = subprocess.run(command, capture_output=True, text=True, check=False)
        assert ran.returncode == 0, ran.stderr
        rows = [len(pl.read_csv(file, infer_schema_length=None)) for file in (clinic, scores)]
        assert rows[0] == rows[1] > 1000, rows
    sys.stdout.write("command line: the example was scored\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
