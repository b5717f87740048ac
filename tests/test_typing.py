"""User code passes mypy and pyright in strict mode, and mistakes in it are found, each on its line.

So does the Python of every page of the documentation, without the rules that ask for annotations.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections import Counter
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from sybil.document import Document
from sybil.parsers.markdown import PythonCodeBlockParser

pytestmark = pytest.mark.source
ROOT = Path(__file__).parents[1]
GOOD = "tests/typing/user_code.py"
BAD = "tests/typing/mistakes.py"

PAGES = [
    ROOT / "README.md",
    *sorted((ROOT / "docs").glob("*.md")),
    *sorted((ROOT / "docs/how_to").glob("*.md")),
]
PAGE_RULES = (
    "# mypy: allow-redefinition, allow-untyped-defs, allow-untyped-calls, "
    "allow-any-generics, no-warn-return-any"
)

Found = Counter[tuple[str, int, str]]
"""How often a rule of a checker is broken, by file and line."""


def expected(checker: str) -> Found:
    found: Found = Counter()
    for number, line in enumerate((ROOT / BAD).read_text(encoding="utf-8").splitlines(), 1):
        if mark := re.search(r"# expect: (.+)$", line):
            for told in mark[1].split(", "):
                who, rule = told.split(" ")
                found[BAD, number, rule] += who == checker
    return +found


def run(*command: str) -> str:
    for name in (command[0], "polars", "pandas"):
        pytest.importorskip(name, reason=f"needs {name}, which is not installed")
    # Caches in the checkout, unless it cannot be written to.
    env = dict(os.environ) if os.access(ROOT, os.W_OK) else {**os.environ, "MYPY_CACHE_DIR": os.devnull}
    ran = subprocess.run(
        [sys.executable, "-m", *command],
        cwd=ROOT, env=env, capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    assert ran.returncode in (0, 1), ran.stderr[-2000:]
    return ran.stdout


def module(page: Path) -> str:
    """The examples of a page, which run in one namespace, on the lines where they are on the page."""
    lines = [""] * len(page.read_text(encoding="utf-8").splitlines())
    for example in Document.parse(str(page), PythonCodeBlockParser()).examples():
        block = isinstance(example.parsed, str)  # its line is that of the fence; otherwise of a prompt
        code = (example.parsed if block else example.parsed.source).splitlines()
        lines[example.line - 1 + block : example.line - 1 + block + len(code)] = code
    return "\n".join([PAGE_RULES, *lines[1:], ""]) if any(lines) else ""


@cache
def mypy_errors() -> list[tuple[str, int, str, str]]:
    """File, line, rule and message, by one run for all: user code, mistakes, and pages."""
    with TemporaryDirectory() as folder:
        pages = {}
        for page in PAGES:
            code = module(page)
            # A page that imports a library of an extra which is not installed is left out, as where it would run.
            if code and all(map(find_spec, re.findall(r"^(?:import|from) (\w+)", code, re.MULTILINE))):
                name = page.relative_to(ROOT).as_posix()
                file = Path(folder) / f"page_{re.sub(r'[^a-z]', '_', name.lower())}.py"
                file.write_text(code, encoding="utf-8")
                pages[file.name] = name
        output = run("mypy", "--strict", "--output=json", GOOD, BAD, *(f"{folder}/{file}" for file in pages))
    assert len(pages) > 30
    told = [json.loads(line) for line in output.splitlines()]
    return [
        (pages.get(Path(one["file"]).name, one["file"]), one["line"], one["code"], one["message"])
        for one in told
        if one["severity"] == "error"
    ]


def mypy() -> Found:
    return Counter(error[:3] for error in mypy_errors() if not error[0].endswith(".md"))


def pyright() -> Found:
    found: Found = Counter()
    output = run("pyright", "--outputjson", "--pythonpath", sys.executable, GOOD, BAD)
    for told in json.loads(output[output.index("{") :])["generalDiagnostics"]:
        file = Path(told["file"]).relative_to(ROOT).as_posix()
        found[file, told["range"]["start"]["line"] + 1, told["rule"]] += 1
    return found


@pytest.mark.parametrize("checker", [mypy, pyright])
def test_good_code_passes_and_each_mistake_is_found(checker):
    if checker is pyright and not shutil.which("node"):
        pytest.skip("pyright runs on Node.js, which is not installed")
    wanted = expected(checker.__name__)
    assert len(wanted) > 20
    assert checker() == wanted


def test_the_python_of_the_pages_passes_mypy():
    assert [error for error in mypy_errors() if error[0].endswith(".md")] == []
