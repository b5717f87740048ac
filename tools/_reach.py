"""Run the tests once and write down which of them reach which line; `tools/mutants.py` runs it in its copy.

Usage: python _reach.py PACKAGE OUT TEST...
The unit is a test function with all its parameters, or a page of examples.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Generator
from pathlib import Path
from time import perf_counter
from typing import Any

import coverage
import pytest


class Reach:
    """A pytest plugin: tells coverage which test runs, and forgets what earlier tests left in caches."""

    def __init__(self, measured: coverage.Coverage) -> None:
        self.measured = measured
        self.seconds: dict[str, float] = {}
        self.failed: set[str] = set()

    @pytest.hookimpl(wrapper=True)
    def pytest_make_collect_report(self, collector: pytest.Collector) -> Generator[None, Any, Any]:
        self.measured.switch_context("")
        return (yield)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Generator[None, Any, Any]:
        name = unit(item.nodeid)
        if name not in self.seconds:
            forget()
        self.measured.switch_context(name)
        start = perf_counter()
        result = yield
        self.seconds[name] = self.seconds.get(name, 0.0) + perf_counter() - start
        self.measured.switch_context("")
        return result

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed:
            self.failed.add(unit(report.nodeid))


def unit(nodeid: str) -> str:
    """What can be run by its name: a test function, or a whole page or module of examples."""
    file, _, name = nodeid.partition("::")
    is_test = file.startswith("tests/") and file.endswith(".py")
    return f"{file}::{name.partition('[')[0]}" if is_test else file


def forget() -> None:
    """Empty the caches of the package, or only the first test would reach what fills them."""
    for name, module in list(sys.modules.items()):
        if name.split(".")[0] == "ipm_outcomes":
            for thing in list(vars(module).values()):
                clear = getattr(thing, "cache_clear", None)
                if callable(clear):
                    clear()


def main(package: str, out: str, *tests: str) -> None:
    """Measure, and write the answer as JSON."""
    measured = coverage.Coverage(data_file=None, source=[package])
    measured.start()
    plugin = Reach(measured)
    pytest.main(["-q", "--no-header", "--tb=no", *tests], plugins=[plugin])
    measured.stop()
    data = measured.get_data()
    lines: dict[str, dict[int, list[str]]] = {}
    for file in sorted(data.measured_files()):
        by_line = data.contexts_by_lineno(file)
        lines[str(Path(file).relative_to(Path.cwd()))] = {
            line: sorted(filter(None, contexts)) or [""] for line, contexts in by_line.items()
        }
    answer = {"lines": lines, "seconds": plugin.seconds, "failed": sorted(plugin.failed)}
    Path(out).write_text(json.dumps(answer), encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
