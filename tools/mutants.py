"""Change one place at a time and see whether the tests notice: `python tools/mutants.py --room change --n 60 --seed 1`.

It works on a copy of the checkout. First it measures which test reaches which line (`--map FILE` keeps the answer for
the other rooms), then it runs, for each change, only the tests that reach the place, the fastest first, until one
fails. Changes that no test noticed are printed as diffs. Those that are no other program are listed, with the
reason, in `tools/equivalent_mutants.toml`.
"""

from __future__ import annotations

import argparse
import difflib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import tomllib
from bisect import bisect_left
from dataclasses import dataclass, field
from fnmatch import fnmatch
from itertools import accumulate
from pathlib import Path
from time import perf_counter

from _mutations import Mutant, Place, python_places, sample, toml_places, toml_words

ROOT = Path(__file__).parents[1]
EQUIVALENT = Path(__file__).with_name("equivalent_mutants.toml")
PACKAGE = "src/ipm_outcomes"
ROOMS = {
    "scoring": [
        f"{PACKAGE}/{name}"
        for name in ("answers*", "definition/*.py", "scores.py", "scoring*", "tables/*.py")
    ],
    "frames": [f"{PACKAGE}/frames/**/*.py"],
    "change": [f"{PACKAGE}/change/**/*.py", f"{PACKAGE}/stats/**/*.py"],
    "program": [f"{PACKAGE}/program/**/*.py"],
    "fhir": [f"{PACKAGE}/fhir/*.py"],
    "toml": ["instruments/*.toml"],
}
SLOW = [
    "tests/browser/*",
    "tests/test_typing.py",
    "tests/test_docs.py",
    "tests/definition/test_adding_an_instrument.py",
]
"""Tests that need a browser, type checkers or a process of their own: they are left out."""
DEFINITIONS_FIRST = [
    "tests/definition/test_facts.py",
    "tests/definition/test_definitions.py",
    "tests/definition/test_golden.py",
    "tests/real/*",
]
FEW_SECONDS = 4.0
"""The fastest tests go first, as many as take so long; most changes end here."""


@dataclass
class Reached:
    """Which test reaches which line, and how long each takes."""

    lines: dict[str, dict[str, list[str]]]
    seconds: dict[str, float]
    failed: list[str]
    by_file: dict[str, set[str]] = field(init=False)

    def __post_init__(self) -> None:
        self.by_file = {
            file: {test for tests in by_line.values() for test in tests if test}
            for file, by_line in self.lines.items()
        }

    def tests(self, place: Place) -> list[str]:
        """The tests that reach a place, the fastest first."""
        if place.file.endswith(".toml"):
            found = set(self.by_file.get(f"{PACKAGE}/catalog.py", ()))
        elif place.lines == (0, 0):
            found = set(self.by_file.get(place.file, ()))
        else:
            by_line = self.lines.get(place.file, {})
            first, last = place.lines
            found = {test for line in range(first, last + 1) for test in by_line.get(str(line), ())}
            if found == {""}:  # run while modules are imported only
                found = set(self.by_file.get(place.file, ()))
            found.discard("")
        return self.ranked(found, place)

    def more_tests(self, place: Place) -> list[str]:
        """The other tests that reach the file: a line whose answer is kept is reached by the first test only."""
        return self.ranked(self.by_file.get(place.file, set()) - set(self.tests(place)), place)

    def ranked(self, tests: set[str], place: Place) -> list[str]:
        """Tests, the fastest first; for definitions those that compare them first."""

        def rank(test: str) -> tuple[bool, float]:
            later = place.file.endswith(".toml") and not any(
                fnmatch(test, f"{p}*") for p in DEFINITIONS_FIRST
            )
            return later, self.seconds[test]

        return sorted(tests - set(self.failed), key=rank)


def copy_tree(to: Path) -> None:
    """What git would track, as it stands now."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    for name in listed.stdout.splitlines():
        if (ROOT / name).is_file():
            (to / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(ROOT / name, to / name)


def environment(copy: Path, *, write_bytecode: bool) -> dict[str, str]:
    """The copy's package before the installed one; the same Hypothesis examples every time."""
    env = {**os.environ, "PYTHONPATH": str(copy / "src"), "CI": "1"}
    env.pop("PYTHONDONTWRITEBYTECODE", None)
    return env if write_bytecode else {**env, "PYTHONDONTWRITEBYTECODE": "1"}


def measured(copy: Path, tests: list[str]) -> Reached:
    """Run every test once."""
    out = copy / "reached.json"
    subprocess.run(
        [sys.executable, "tools/_reach.py", PACKAGE, str(out), *tests],
        cwd=copy, env=environment(copy, write_bytecode=True), check=True, stdout=subprocess.DEVNULL,
    )  # fmt: skip
    return Reached(**json.loads(out.read_text(encoding="utf-8")))


def test_files(copy: Path) -> list[str]:
    """Files of tests, and pages and modules with examples."""
    examples = [*(copy / "src").rglob("*.py"), *(copy / "docs").glob("*.md"), copy / "README.md"]
    found = [
        path for path in examples if re.search(r">>> |^```python", path.read_text(encoding="utf-8"), re.M)
    ]
    names = sorted(str(path.relative_to(copy)) for path in [*(copy / "tests").rglob("test_*.py"), *found])
    return [name for name in names if not any(fnmatch(name, slow) for slow in SLOW)]


def notices(copy: Path, tests: list[str], reached: Reached, limit: float) -> str:
    """The first test that fails, "time" where they do not end, or nothing."""
    ends = list(accumulate(reached.seconds[test] for test in tests))
    first = bisect_left(ends, FEW_SECONDS) + 1
    few = bisect_left(ends, limit) + 1
    for part in (tests[:first], tests[first:few]):
        if not part:
            continue
        patience = 60 + 5 * sum(reached.seconds[test] for test in part)
        command = [sys.executable, "-m", "pytest", "-x", "-q", "--no-header", "--tb=no", "-rfE"]
        try:
            ran = subprocess.run(
                [*command, *part], cwd=copy, env=environment(copy, write_bytecode=False),
                capture_output=True, text=True, timeout=patience, check=False,
            )  # fmt: skip
        except subprocess.TimeoutExpired:
            return "time"
        if ran.returncode == 4 and "unrecognized" in ran.stderr + ran.stdout:
            raise RuntimeError(ran.stderr + ran.stdout)
        if ran.returncode:
            named = [line for line in ran.stdout.splitlines() if line.startswith(("FAILED", "ERROR"))]
            return named[0].split(" - ")[0].partition(" ")[2] if named else f"exit {ran.returncode}"
    return ""


def tried(copy: Path, mutant: Mutant, reached: Reached, limit: float) -> str:
    """Apply one change to the copy, run the tests, and put the file back."""
    path = copy / mutant.place.file
    content = path.read_bytes()
    printed = copy / PACKAGE / "responses"
    kept = {file: file.read_bytes() for file in printed.glob("*.py")}
    path.write_bytes(mutant.applied(content))
    for stale in path.parent.glob(f"__pycache__/{path.stem}.*.pyc"):
        stale.unlink()
    try:
        if path.suffix == ".toml":
            # Whoever edits a definition prints the classes anew: that they differ is not what should tell.
            ran = subprocess.run(
                [sys.executable, "-m", "ipm_outcomes._printer"],
                cwd=copy, env=environment(copy, write_bytecode=False), capture_output=True, check=False,
            )  # fmt: skip
            if ran.returncode:
                return "the definition does not load"
        return notices(copy, reached.tests(mutant.place), reached, limit) or notices(
            copy, reached.more_tests(mutant.place), reached, limit
        )
    finally:
        path.write_bytes(content)
        for file, was in kept.items():
            if file.read_bytes() != was:
                file.write_bytes(was)


def equivalent(file: str, before: str, after: str) -> str | None:
    """The reason why a change is no other program, where one is listed."""
    if not EQUIVALENT.exists():
        return None
    for entry in tomllib.loads(EQUIVALENT.read_text(encoding="utf-8")).get("mutants", []):
        if (entry["file"], entry["before"], entry.get("after", after)) == (file, before, after):
            return str(entry["reason"])
    return None


def diff(mutant: Mutant, content: bytes) -> str:
    """The change as a unified diff."""
    lines = difflib.unified_diff(
        content.decode().splitlines(),
        mutant.applied(content).decode().splitlines(),
        mutant.place.file, mutant.place.file, n=2, lineterm="",
    )  # fmt: skip
    return "\n".join(lines)


def main() -> int:
    """Measure, change, count."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--room", choices=sorted(ROOMS), required=True)
    parser.add_argument("--n", type=int, default=60, help="how many places to change")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", type=int, nargs="+", help="numbers of the changes to try again")
    parser.add_argument(
        "--map", type=Path, help="keep what each test reaches in this file, or read it from there"
    )
    parser.add_argument("--tests", nargs="+", help="measure these tests only, as paths or patterns")
    parser.add_argument("--limit", type=float, default=120, help="seconds of tests for one change at most")
    parser.add_argument("--list", action="store_true", help="print the changes and run nothing")
    asked = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that the copy is removed

    paths = sorted(path for pattern in ROOMS[asked.room] for path in ROOT.glob(pattern))
    if asked.room == "toml":
        paths += sorted(ROOT.glob("instruments/indicators/*.toml"))
    contents = {str(path.relative_to(ROOT)): path.read_bytes() for path in paths}
    if asked.room == "toml":
        words = toml_words(list(contents.values()))
        places = [place for file, content in contents.items() for place in toml_places(file, content, words)]
    else:
        places = [place for file, content in contents.items() for place in python_places(file, content)]
    chosen = list(enumerate(sample(places, asked.n, asked.seed), 1))
    if asked.only:
        chosen = [(n, mutant) for n, mutant in chosen if n in asked.only]

    if asked.list:
        for n, mutant in chosen:
            content = contents[mutant.place.file]
            print(
                f"{n} {mutant.place.file}:{mutant.line(content)}",
                *mutant.before_and_after(content),
                sep="\n    ",
            )
        return 0

    counts = {"killed": 0, "equivalent": 0, "survived": 0}
    diffs = []
    with tempfile.TemporaryDirectory(prefix="mutants-") as folder:
        copy = Path(folder)
        copy_tree(copy)
        if asked.map and asked.map.exists():
            reached = Reached(**json.loads(asked.map.read_text(encoding="utf-8")))
        else:
            patterns = asked.tests or ["*"]
            tests = [name for name in test_files(copy) if any(fnmatch(name, pattern) for pattern in patterns)]
            start = perf_counter()
            reached = measured(copy, tests)
            took = perf_counter() - start
            print(f"{len(reached.seconds)} tests of {len(tests)} files measured in {took:.0f} s")
            if asked.map:
                shutil.copyfile(copy / "reached.json", asked.map)
        if reached.failed:
            print("left out, they fail without any change:", *reached.failed)
        needed = {test for _, mutant in chosen for test in reached.tests(mutant.place)[:1]}
        if broken := notices(copy, sorted(needed), reached, asked.limit):
            raise SystemExit(f"a test fails without any change: {broken}")
        for n, mutant in chosen:
            content = contents[mutant.place.file]
            where = f"{n:3} {mutant.place.file}:{mutant.line(content)}"
            before, after = mutant.before_and_after(content)
            if reason := equivalent(mutant.place.file, before, after):
                counts["equivalent"] += 1
                print(f"equivalent {where}: {reason}", flush=True)
                continue
            start = perf_counter()
            noticed = tried(copy, mutant, reached, asked.limit)
            counts["killed" if noticed else "survived"] += 1
            took = perf_counter() - start
            print(f"{'killed    ' if noticed else 'SURVIVED  '} {where} ({took:.0f} s) {noticed}", flush=True)
            if not noticed:
                print(f"    {before}\n    {after}", flush=True)
                diffs.append(
                    f"# {n}: {len(reached.tests(mutant.place))} tests reach it\n{diff(mutant, content)}"
                )
    other = counts["killed"] + counts["survived"]
    print(*diffs, sep="\n\n")
    share = 100 * counts["killed"] / other if other else 100
    print(
        f"\n{asked.room}, seed {asked.seed}: {len(chosen)} changes, {counts['equivalent']} equivalent; "
        f"{counts['killed']} of {other} others noticed ({share:.1f} %)"
    )
    return 1 if counts["survived"] else 0


if __name__ == "__main__":
    sys.exit(main())
