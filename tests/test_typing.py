"""User code passes mypy and pyright in strict mode, and mistakes in it are found, each on its line."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
GOOD = "tests/typing/user_code.py"
BAD = "tests/typing/mistakes.py"

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


def mypy() -> Found:
    found: Found = Counter()
    for line in run("mypy", "--strict", "--output=json", GOOD, BAD).splitlines():
        told = json.loads(line)
        if told["severity"] == "error":
            found[told["file"], told["line"], told["code"]] += 1
    return found


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
