"""Hostile files end in one clear error, or are read: a sample of what ``tools/hostile_files.py`` does."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

if sys.platform == "win32":
    pytest.skip("processes are forked", allow_module_level=True)
for library in ("cyclopts", "polars", "pandas", "pyreadstat", "python_calamine"):
    pytest.importorskip(library)


@pytest.fixture(scope="module")
def tool() -> Iterator[Any]:
    place = str(Path(__file__).parents[2] / "tools")
    sys.path.insert(0, place)
    yield import_module("hostile_files")
    sys.path.remove(place)


def test_no_hostile_file_ends_in_more_than_one_clear_error(tool: Any) -> None:
    """In a process of its own, which is small enough to be forked for each file."""
    ran = subprocess.run(
        [sys.executable, tool.__file__, "--n", "30", "--seed", "5"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "; 0 with a fault" in ran.stdout
    assert re.search(r"exit codes .*\b1\b.*\b2\b", ran.stdout), ran.stdout


def test_faults_are_seen(tool: Any) -> None:
    good = tool.End("a", 2, 1.0, 10**8, "", "one line\n", False)
    assert good.faults == []
    for change in (
        {"code": 70},
        {"code": -11},
        {"err": "Traceback (most recent call last):\n"},
        {"memory": 2 * 10**9},
        {"seconds": 99.0},
        {"saved": True},
        {"out": "half"},
        {"err": "two\nlines\n"},
    ):
        assert tool.End(**{**vars(good), **change}).faults
