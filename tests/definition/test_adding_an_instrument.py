"""CONTRIBUTING promises: a TOML file, a golden CSV, a line of the changelog and the printer add an instrument.

Here it is done."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

import pytest

pytestmark = pytest.mark.source
ROOT = Path(__file__).parents[2]

DEFINITION = """
id = "moon5"
class = "MOON5"
title = "Made-up Moon Questionnaire"
edition = "2026"
measures = "nothing real"
recall = "the last full moon"
about = "An instrument that does not exist, to prove how one is added."
domain = "none"
license = { status = "public-domain", statement = "made up", wording = true, source = "made", evidence = "1" }
sources = [{ key = "made", cite = "Nobody. The moon and its questions. 2026" }]

[answers.glow]
options = [[1, "Dim"], [2, "Bright"], [3, "Blinding"]]
source = "made"
evidence = "1"

[[items]]
id = "a"
gist = "glow"
answers = "glow"

[[items]]
id = "b"
gist = "darkness"
answers = "glow"
reverse = true

[[items]]
id = "c"
gist = "tides"
answers = "glow"
recode = [[1, 0], [2, 5], [3, 9]]

[[scales]]
id = "sum"
title = "Moon sum"
kind = "sum"
worse = "higher"
range = [2, 15]
items = ["a", "b", "c"]
missing = [{ id = "complete", source = "made", evidence = "1" }]
bands = { of = [[2, 7, "calm"], [8, 15, "wild"]], source = "made", evidence = "1" }
source = "made"
evidence = "1"

[[scales]]
id = "sky"
title = "Mean of the sky items"
kind = "mean"
worse = "lower"
range = [1, 3]
items = ["a", "b"]
missing = [
  { id = "complete", source = "made", evidence = "1" },
  { id = "one_missing", at_most = 1, source = "made", evidence = "1" },
]
source = "made"
evidence = "1"
"""

# By hand: a as answered, b reversed (4 - b), c by its recode.
# 1,3,1: 1+1+0=2; 3,1,3: 3+3+9=15; 2,2,2: 2+2+5=9; 2,1,1: 2+3+0=5. Mean of a and b reversed: (1+1)/2, (3+3)/2, ...
GOLDEN = """source,a,b,c,missing,sum_value,sum_band,sum_absent,sky_value,sky_absent
Nobody 2026: lowest,1,3,1,,2,calm,,1,
Nobody 2026: highest,3,1,3,,15,wild,,3,
Nobody 2026: middle,2,2,2,,9,wild,,2,
Nobody 2026: below the edge,2,1,1,,5,calm,,2.5,
Nobody 2026: the end of calm,1,3,2,,7,calm,,1,
Nobody 2026: the start of wild,1,2,2,,8,wild,,1.5,
Nobody 2026: nothing answered,,,,,,,no_answers,,no_answers
Nobody 2026: a gap,2,,2,,,,too_few_answers,,too_few_answers
Nobody 2026: at the missing limit,2,,2,one_missing,,,too_few_answers,2,
Nobody 2026: beyond the missing limit,,,2,one_missing,,,too_few_answers,,no_answers
"""

FACTS = """place,value,evidence,source,reference
,class=MOON5; edition=2026; domain=none; items=a b c; scales=sum sky,,,
license,status=public-domain; wording=true,1,made,
answers.glow,"options=1 Dim, 2 Bright, 3 Blinding",1,made,
items.a,answers=glow,,,
items.b,answers=glow; reverse=true,,,
items.c,"answers=glow; recode=1 0, 2 5, 3 9",,,
scales.sum,kind=sum; worse=higher; range=2 15; items=a b c; missing=complete,1,made,
scales.sum.missing.complete,,1,made,
scales.sum.bands,"of=2 7 calm, 8 15 wild",1,made,
scales.sky,kind=mean; worse=lower; range=1 3; items=a b; missing=complete one_missing,1,made,
scales.sky.missing.complete,,1,made,
scales.sky.missing.one_missing,at_most=1,1,made,
"""

USE = """
import polars as pl
import ipm_outcomes as ipm
from ipm_outcomes import frames, score, testing
from ipm_outcomes import MOON5
assert ipm.__file__.startswith({root!r}), ipm.__file__
assert "moon5" in ipm.instruments()
assert score(MOON5(a=3, b=1, c=3)).sum.value == 15.0
assert MOON5.from_labels(a="Blinding").a == 3
frame = pl.DataFrame({{"moon5_a": [3, 2], "moon5_b": [1, 2], "moon5_c": [3, 2]}})
assert frames.score(frame, "moon5")["moon5_sum"].to_list() == [15.0, 9.0]
"""

TYPED = """
from typing import assert_type
from ipm_outcomes import MOON5, between, score
scores = score(MOON5(a=3, b=None))
assert_type(scores.sum.value, float | None)
assert_type(between(scores, scores).sum.improvement, float | None)
MOON5(d=1)  # line 7 is the only mistake
"""

PRINTED = (
    "src/ipm_outcomes/responses/moon5.py",
    "src/ipm_outcomes/responses/_changes/moon5.py",
    "src/ipm_outcomes/responses/__init__.py",
    "src/ipm_outcomes/__init__.py",
    "NOTICE",
    "docs/api/one_response.md",
    "docs/api/results.md",
    "docs/instruments.md",
)


PRINTER = ("-m", "ipm_outcomes._printer")

Ran = subprocess.CompletedProcess[str]


class Added(NamedTuple):
    folder: Path
    lists: dict[str, bytes]
    """Files that hold a list of instruments, as they were."""
    checked: Ran
    printed: Ran
    again: Ran


def run(folder: Path, *command: str) -> Ran:
    environment = {**os.environ, "PYTHONPATH": str(folder / "src"), "MYPYPATH": str(folder / "src")}
    return subprocess.run(
        [sys.executable, *command], cwd=folder, env=environment, capture_output=True, text=True
    )


def lines(said: str, paths: Iterable[str]) -> str:
    return "".join(f"{said}: {path}\n" for path in paths)


@pytest.fixture(scope="module")
def added(tmp_path_factory: pytest.TempPathFactory) -> Added:
    """Add an instrument to a copy of the checkout: two files written by hand, and a line."""
    folder = tmp_path_factory.mktemp("checkout")
    for name in ("src", "instruments", "tests", "docs"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "README.md", "NOTICE", "CHANGELOG.md"):
        shutil.copy(ROOT / name, folder)
    for path in folder.rglob("*"):
        path.chmod(0o755)  # the checkout may be one that cannot be written to
    (folder / "instruments" / "moon5.toml").write_text(DEFINITION, encoding="utf-8")
    (folder / "tests" / "golden" / "moon5.csv").write_text(GOLDEN, encoding="utf-8")
    changes, heading = folder / "CHANGELOG.md", "\n## Unreleased\n"
    text = changes.read_text(encoding="utf-8")
    text = text if heading in text else text.replace("\n## ", f"{heading}\n## ", 1)
    changes.write_text(text.replace(heading, f"{heading}\n- New instrument `moon5`.\n"), encoding="utf-8")
    lists = {name: (folder / name).read_bytes() for name in PRINTED[2:]}
    checked, printed, again = (run(folder, *PRINTER, *more) for more in (["--check"], [], ["--check"]))
    return Added(folder, lists, checked, printed, again)


def test_the_printer_does_the_rest(added: Added) -> None:
    assert (added.checked.returncode, added.checked.stdout) == (1, lines("stale", PRINTED))
    assert (added.printed.returncode, added.printed.stdout) == (0, lines("printed", PRINTED))
    assert (added.again.returncode, added.again.stdout) == (0, "")


def test_what_is_left_of_an_instrument_that_is_gone_is_removed(added: Added) -> None:
    definition = added.folder / "instruments" / "moon5.toml"
    definition.unlink()
    try:
        checked = run(added.folder, *PRINTER, "--check")
        assert checked.returncode == 1
        assert lines("left over", PRINTED[:2]) in checked.stdout
        assert lines("removed", PRINTED[:2]) in run(added.folder, *PRINTER).stdout
        assert not [name for name in PRINTED[:2] if (added.folder / name).exists()]
        assert {name: (added.folder / name).read_bytes() for name in PRINTED[2:]} == added.lists
    finally:
        definition.write_text(DEFINITION, encoding="utf-8")
        run(added.folder, *PRINTER)


def test_it_is_used_like_any_other(added: Added) -> None:
    used = run(added.folder, "-c", USE.format(root=str(added.folder)))
    assert used.returncode == 0, used.stderr


def test_type_checkers_know_it(added: Added) -> None:
    pytest.importorskip("mypy", reason="needs mypy, which is not installed")
    (added.folder / "typed.py").write_text(TYPED, encoding="utf-8")
    checked = run(added.folder, "-m", "mypy", "--strict", "--cache-dir", os.devnull, "typed.py")
    assert checked.stdout.startswith("typed.py:7: error: Unexpected keyword argument"), checked.stdout
    assert "Found 1 error" in checked.stdout


def test_the_tests_pick_it_up(added: Added) -> None:
    tests = [
        f"tests/{name}.py"
        for name in (
            "definition/test_golden",
            "scoring/test_tables",
            "scoring/test_responses",
            "frames/test_frames",
            "definition/test_facts",
        )
    ]
    picked_up = run(added.folder, "-m", "pytest", "-k", "moon5 or released", "-p", "no:cacheprovider", *tests)
    assert picked_up.returncode == 0, picked_up.stdout
    passed = int(picked_up.stdout.rsplit(" passed", 1)[0].split()[-1]) if " passed" in picked_up.stdout else 0
    # Golden cases by response and on seven kinds of frame, three properties of two tables, seven of the classes, facts.
    assert passed >= 27, picked_up.stdout
    assert "1 skipped" in picked_up.stdout  # the second reading, which another person does

    (added.folder / "tests" / "golden" / "facts" / "moon5.csv").write_text(FACTS, encoding="utf-8")
    read = run(
        added.folder,
        "-m",
        "pytest",
        "-k",
        "moon5",
        "-p",
        "no:cacheprovider",
        "tests/definition/test_facts.py",
    )
    assert read.returncode == 0, read.stdout
    assert "skipped" not in read.stdout
