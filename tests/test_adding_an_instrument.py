"""CONTRIBUTING promises: one TOML file, two golden CSVs and the printer add an instrument. Here it is done."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]

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


def run(folder: Path, *command: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(folder / "src")}
    return subprocess.run(
        [sys.executable, *command], cwd=folder, env=environment, capture_output=True, text=True
    )


def test_one_toml_two_csvs_and_the_printer(tmp_path: Path) -> None:
    for name in ("src", "instruments", "tests"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    for path in tmp_path.rglob("*"):
        path.chmod(0o755)  # the checkout may be one that cannot be written to
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    (tmp_path / "README.md").touch()
    (tmp_path / "docs").mkdir()

    (tmp_path / "instruments" / "moon5.toml").write_text(DEFINITION, encoding="utf-8")
    (tmp_path / "tests" / "golden" / "moon5.csv").write_text(GOLDEN, encoding="utf-8")
    (tmp_path / "tests" / "golden" / "facts" / "moon5.csv").write_text(FACTS, encoding="utf-8")
    stale = run(tmp_path, "-m", "ipm_outcomes._printer", "--check")
    assert (stale.returncode, stale.stdout) == (1, "stale: moon5.py\nstale: __init__.py\n")
    printed = run(tmp_path, "-m", "ipm_outcomes._printer")
    assert printed.returncode == 0, printed.stderr

    used = run(tmp_path, "-c", USE.format(root=str(tmp_path)))
    assert used.returncode == 0, used.stderr
    picked_up = run(
        tmp_path,
        *("-m", "pytest", "-k", "moon5", "-p", "no:cacheprovider"),
        *("tests/test_golden.py", "tests/test_tables.py", "tests/test_responses.py", "tests/test_frames.py"),
        "tests/test_facts.py",
    )
    assert picked_up.returncode == 0, picked_up.stdout
    passed = int(picked_up.stdout.rsplit(" passed", 1)[0].split()[-1]) if " passed" in picked_up.stdout else 0
    # Golden cases by response and on seven kinds of frame, three properties of two tables, seven of the classes, facts.
    assert passed >= 27, picked_up.stdout
