"""The command ``demo``: the example export, written beside the user, so that the main job can be tried at once."""

from __future__ import annotations

import io
from contextlib import redirect_stdout
from importlib.resources import as_file, files
from importlib.resources.abc import Traversable
from pathlib import Path
from runpy import run_path
from tempfile import TemporaryDirectory

from ipm_outcomes.cli._codes import FINE
from ipm_outcomes.cli._print import say
from ipm_outcomes.errors import ParameterError

WRITES = ("clinic.csv", "episodes.csv", "clinic_messy.csv")


def demo(folder: str = "clinic_example", /, *, overwrite: bool = False) -> int:
    """Write the example export of a made-up clinic into a folder, and say what to try.

    `clinic.csv` holds the answers of 400 made-up patients to six instruments, `episodes.csv` their episodes of care,
    `clinic_messy.csv` the same export as it often arrives: wrong cells, odd dates, answers in words. No row describes a
    real person.

    Parameters
    ----------
    folder
        Where to write; it is made where there is none.
    overwrite
        Write over files of these names.
    """
    place = Path(folder)
    if place.exists() and not place.is_dir():
        raise ParameterError(f"{folder}: that is no folder; give another name")
    there = [name for name in WRITES if (place / name).exists()]
    if there and not overwrite:
        raise ParameterError(f"{folder}: holds {there[0]} already; give another folder, or --overwrite")
    place.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=place) as made, as_file(script()) as path, redirect_stdout(io.StringIO()):
        run_path(str(path))["main"](Path(made))
        for name in WRITES:
            (Path(made) / name).replace(place / name)
    clinic, episodes, messy = (place / name for name in WRITES)
    say(f"Written: {', '.join(WRITES)} in {folder} (made-up data). Try:\n")
    say(f"  ipm-outcomes report {clinic} --episodes {episodes} -o report.html")
    say(f"  ipm-outcomes check {messy}")
    return FINE


def script() -> Traversable:
    """The script that makes the example: inside the installed package, or in the examples of a checkout."""
    installed = files("ipm_outcomes") / "examples" / "clinic.py"
    return installed if installed.is_file() else Path(__file__).parents[3] / "examples" / "clinic" / "make.py"
