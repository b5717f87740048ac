"""Hostile files end in one clear error, or are read: a sample of what ``tools/hostile_files.py`` does."""

from __future__ import annotations

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


@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_no_hostile_file_ends_in_more_than_one_clear_error(tool: Any) -> None:
    ends = list(tool.ends(30, 5))
    assert [(end.name, end.faults, end.err) for end in ends if end.faults] == []
    assert {end.code for end in ends} >= {1, 2}
    assert len(ends) == 30


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
