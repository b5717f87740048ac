"""Python blocks of the README and of docs/, and the examples in docstrings, are tests.

The examples of one page build on each other, so a page goes to one worker: `--dist loadfile` in pyproject.toml.
"""

from __future__ import annotations

import random

import pytest
from sybil import Sybil
from sybil.document import PythonDocStringDocument
from sybil.parsers.doctest import DocTestParser
from sybil.parsers.markdown import PythonCodeBlockParser

pages = Sybil(
    parsers=[PythonCodeBlockParser()],
    patterns=["README.md", "docs/*.md"],
)
docstrings = Sybil(
    path="src",
    parsers=[DocTestParser()],
    patterns=["*.py"],
    document_types={".py": PythonDocStringDocument},
)

pytest_collect_file = (pages + docstrings).pytest()


def pytest_addoption(parser: pytest.Parser) -> None:
    """A seed for another order of the tests."""
    parser.addoption("--shuffle", type=int, metavar="SEED", help="run the tests in the order of this seed")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Files in another order, and the tests of each file; the examples of a page stay as they build on each other."""
    seed = config.getoption("--shuffle")
    if seed is None:
        return
    chance = random.Random(seed)
    files: dict[str, list[pytest.Item]] = {}
    for item in items:
        files.setdefault(item.nodeid.partition("::")[0], []).append(item)
    for file, tests in files.items():
        if file.startswith("tests/"):
            chance.shuffle(tests)
    order = list(files)
    chance.shuffle(order)
    items[:] = [item for file in order for item in files[file]]
