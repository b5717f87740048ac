"""Planted identifiers appear in nothing that is said: a sample of what ``tools/leaks.py`` does by the thousand."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("duckdb")
pytest.importorskip("cyclopts")


@pytest.fixture(scope="module")
def leaks() -> Iterator[Any]:
    place = str(Path(__file__).parents[1] / "tools")
    sys.path.insert(0, place)
    yield import_module("leaks")
    sys.path.remove(place)


def test_no_planted_identifier_is_told(leaks: Any) -> None:
    found, ends = leaks.leaking(150, 12)
    assert [(name, words[:500]) for name, words in found] == []
    assert ends.total() == 150
    # Calls fail and succeed, and no error comes from a library.
    ways = {end for _, end in ends}
    assert {"returned", "FrameError", "ParameterError", "ValidationError"} <= ways
    assert ways <= {
        *("returned", "FrameError", "ParameterError", "ValidationError", "UnknownNameError"),
        *("InvalidAnswersError", "UnreadableDatesError", "MissingExtraError"),
        *("InputError", "NotAResponse", "UnknownForm", "WrongAnswers"),
    }


def test_what_is_told_is_looked_at(leaks: Any) -> None:
    """The tool notices an identifier in a message, behind it, in a warning, and on both streams."""

    def behind() -> None:
        try:
            raise KeyError(leaks.SURE)
        except KeyError:
            raise ValueError("no words") from None

    def warned() -> None:
        import warnings

        warnings.warn(leaks.SURE, stacklevel=1)

    for call in (lambda: int(leaks.SURE), behind, warned, lambda: sys.stderr.write(leaks.SURE)):
        assert leaks.SURE in leaks.said(leaks.Case("", call))[0]
    assert leaks.SURE not in leaks.said(leaks.Case("", lambda: leaks.SURE))[0]
