"""Python blocks of the README and of docs/, and the examples in docstrings, are tests.

The examples of one page build on each other, so a page goes to one worker: `--dist loadfile` in pyproject.toml.
What needs a library that an extra would bring is skipped where that library is not installed, with the reason.
"""

from __future__ import annotations

import gc
import os
import random
import re
import shutil
import sys
import tempfile
from collections.abc import Generator, Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings
from sybil import Sybil
from sybil.document import PythonDocStringDocument
from sybil.parsers.doctest import DocTestParser
from sybil.parsers.markdown import PythonCodeBlockParser

# A busy machine is slow now and then, which says nothing about the code; in CI the same examples are tried each time.
# Nothing is kept in the checkout, which may be one that cannot be written to.
settings.register_profile("project", deadline=None, derandomize=bool(os.environ.get("CI")), database=None)
settings.load_profile("project")

# What is compiled is kept, as Python does unless it is forbidden: each run of the command line would compile
# the library anew, and each run of the tests every assertion.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False


def _own_folder(namespace: dict[str, Any]) -> None:
    """What the examples of a page write into a temporary folder lies in one that goes with the page."""
    namespace["_folder"] = tempfile.tempdir = tempfile.mkdtemp(prefix="examples-")


def _without_folder(namespace: dict[str, Any]) -> None:
    tempfile.tempdir = None
    shutil.rmtree(namespace["_folder"])


def pytest_collection(session: pytest.Session) -> None:
    """Nothing that is collected is garbage: to look for it again and again took a third of the time."""
    gc.disable()


def pytest_collection_finish(session: pytest.Session) -> None:
    """Nor is it looked through while the tests run."""
    gc.freeze()
    gc.enable()


pages = Sybil(
    parsers=[PythonCodeBlockParser()],
    patterns=["README.md", "docs/*.md", "docs/how_to/*.md"],
    setup=_own_folder,
    teardown=_without_folder,
)


class Examples(PythonDocStringDocument):
    """The docstrings of a module that shows an example; a file that shows none is not parsed."""

    @staticmethod
    def extract_docstrings(source: str) -> Iterator[tuple[int, int, str]]:
        """As of any module, where there is an example to be looked for."""
        return PythonDocStringDocument.extract_docstrings(source) if ">>>" in source else iter(())


docstrings = Sybil(
    path="src",
    parsers=[DocTestParser()],
    patterns=["*.py"],
    document_types={".py": Examples},
    setup=_own_folder,
    teardown=_without_folder,
)

pytest_collect_file = (pages + docstrings).pytest()


@pytest.hookimpl(wrapper=True)
def pytest_pycollect_makemodule(
    module_path: Path,
) -> Generator[None, pytest.Module | None, pytest.Module | None]:
    """A module of the library that is named on the command line is no file of tests.

    Imported as one, `program.table` would be the module and no longer the function.
    """
    module = yield
    return None if module_path.is_relative_to(Path(__file__).parent / "src") else module


def pytest_addoption(parser: pytest.Parser) -> None:
    """A seed for another order of the tests."""
    parser.addoption("--shuffle", type=int, metavar="SEED", help="run the tests in the order of this seed")


LONG = (
    "tests/files/test_hostile.py",
    "tests/program/suppression/",
    "tests/program/test_table.py",
    "tests/report/",
    "tests/browser/",
    "tests/test_docs.py",
    "tests/frames/test_frames.py",
    "tests/fhir/test_hostile.py",
    "tests/definition/test_adding_an_instrument.py",
    "tests/test_typing.py",
    "tests/cli/test_plain.py",
    "tests/change/test_spark.py",
    "tests/frames/test_spark.py",
    "docs/report.md",
)
"""Files that take long begin first, so that no worker waits for another at the end."""


def pytest_configure(config: pytest.Config) -> None:
    """Workers take the files in that order, and not those of many tests first."""
    config.option.loadscopereorder = False


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Long files first; or files in another order, and the tests of each file.

    The examples of a page stay as they build on each other.
    """
    seed = config.getoption("--shuffle")
    if seed is None:
        items.sort(key=lambda item: not item.nodeid.startswith(LONG))
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


OPTIONAL = (
    "altair",
    "cyclopts",
    "duckdb",
    "fastapi",
    "jinja2",
    "mypy",
    "pandas",
    "polars",
    "pyarrow",
    "pyreadstat",
    "python_calamine",
    "rich",
    "statsmodels",
    "uvicorn",
    "vl_convert",
)
"""Libraries of extras, by the names under which they are imported."""

_pages_cut_short: dict[str, str] = {}
"""Pages with an example that was skipped, and why: what follows builds on it."""


def _what_is_missing(error: BaseException | None) -> str | None:
    """The reason to skip, where an error only says that a library of an extra is not installed."""
    while error is not None:
        name = (error.name or "").partition(".")[0] if isinstance(error, ModuleNotFoundError) else ""
        if name in OPTIONAL and find_spec(name) is None:
            return f"needs {name}, which is not installed"
        if type(error).__name__ == "MissingExtraError" and any(find_spec(name) is None for name in OPTIONAL):
            return str(error)
        error = error.__cause__ or error.__context__
    return None


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(
    collector: pytest.Collector,
) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """A file of tests that cannot be imported for want of a library is skipped."""
    report = yield
    call = getattr(report, "call", None)
    error = call.excinfo.value if call is not None and call.excinfo is not None else None
    if report.failed and (reason := _what_is_missing(error)):
        report.outcome = "skipped"
        report.longrepr = (str(collector.path), 0, f"Skipped: {reason}")
    return report


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """So is a test, and the rest of a page of examples."""
    report = yield
    if report.failed and call.excinfo is not None:
        page = item.nodeid.partition("::")[0]
        reason = _what_is_missing(call.excinfo.value) or _pages_cut_short.get(page)
        # An example that fails is told as text.
        named = re.search(
            r"ModuleNotFoundError: No module named '(\w+)|MissingExtraError", report.longreprtext
        )
        if not reason and named and any(find_spec(name) is None for name in OPTIONAL):
            reason = f"needs {named[1] or 'an extra'}, which is not installed"
        if reason:
            if not page.startswith("tests/"):
                _pages_cut_short[page] = reason
            report.outcome = "skipped"
            report.longrepr = (str(item.path), (item.location[1] or 0) + 1, f"Skipped: {reason}")
    return report
