"""Several files into a folder: side by side, each whole or not at all, and only what is missing."""

from __future__ import annotations

import itertools
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from ipm_outcomes import frames
from ipm_outcomes.cli import main

pl = pytest.importorskip("polars")
pytest.importorskip("cyclopts", reason="needs cyclopts, which is not installed")

KILLS = int(os.environ.get("IPM_OUTCOMES_KILLS", "4"))
"""How often a run is killed."""
RUN = "import sys; from ipm_outcomes.cli import main; sys.exit(main(sys.argv[1:]))"


def answers(seed: int, rows: int = 20) -> Any:
    draw = random.Random(seed)
    columns = {f"phq9_q{n}": [draw.randint(0, 3) for _ in range(rows)] for n in range(1, 10)}
    return pl.DataFrame({"patient_id": [f"p{seed}-{n}" for n in range(rows)], **columns})


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Files of two sites, with the same names."""
    for seed in range(4):
        place = tmp_path / "in" / f"site={seed % 2}"
        place.mkdir(parents=True, exist_ok=True)
        answers(seed).write_parquet(place / f"part-{seed // 2}.parquet")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def contents(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*.parquet")
        if not path.name.startswith(".")
    }


def test_each_file_has_its_own_output_under_the_same_folders(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["score", "in/*/*.parquet", "-o", "out/", "--jobs", "1"]) == 0
    assert capsys.readouterr().err == "4 files scored: out\n"
    for name in contents(folder / "in"):
        scored = pl.read_parquet(folder / "out" / name)
        assert scored.equals(frames.score(pl.read_parquet(folder / "in" / name), "phq9"))


def test_side_by_side_gives_the_same_bytes(folder: Path) -> None:
    assert main(["score", "in/*/*.parquet", "-o", "out/", "--jobs", "1"]) == 0
    assert main(["score", "in/*/*.parquet", "-o", "two/", "--jobs", "2"]) == 0
    assert contents(folder / "out") == contents(folder / "two")
    assert len(contents(folder / "out")) == 4


def test_a_second_run_does_only_what_is_missing(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = ["score", "in/*/*.parquet", "-o", "out/", "--jobs", "1"]
    main(run)
    before = {name: (folder / "out" / name).stat().st_mtime_ns for name in contents(folder / "out")}
    (folder / "out/site=1/part-0.parquet").unlink()
    changed = folder / "in/site=0/part-0.parquet"
    answers(99).write_parquet(changed)
    capsys.readouterr()
    assert main(run) == 0
    assert capsys.readouterr().err == "2 files scored, 2 files there already: out\n"
    after = {name: (folder / "out" / name).stat().st_mtime_ns for name in contents(folder / "out")}
    assert {name for name in before if before[name] != after[name]} == {
        "site=0/part-0.parquet",
        "site=1/part-0.parquet",
    }
    assert pl.read_parquet(folder / "out/site=0/part-0.parquet")["patient_id"][0] == "p99-0"
    # Other options make other results.
    assert main([*run, "--missing", "prorate"]) == 0
    assert capsys.readouterr().err == "4 files scored: out\n"


def test_a_file_that_fails_is_named_and_the_others_are_kept(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    wrong = answers(1).with_columns(phq9_q1=pl.lit(9))
    wrong.write_parquet(folder / "in/site=1/part-0.parquet")
    (folder / "in/site=0/part-0.parquet").write_bytes(b"no Parquet")
    for jobs in ("1", "2"):
        assert main(["score", "in/*/*.parquet", "-o", "out/", "--jobs", jobs]) == 2
        lines = capsys.readouterr().err.splitlines()
        assert any(line.startswith("in/site=0/part-0.parquet: ipm-outcomes: ") for line in lines)
        assert any(line.startswith("in/site=1/part-0.parquet: row 0, column phq9_q1: 9") for line in lines)
        assert lines[-1].endswith("2 without a result, named above: out")
        assert sorted(contents(folder / "out")) == ["site=0/part-1.parquet", "site=1/part-1.parquet"]
    assert main(["score", "in/*/*.parquet", "-o", "out/", "--jobs", "1", "--invalid", "null"]) == 2
    assert len(contents(folder / "out")) == 3


def test_wrong_calls_say_what_is_wrong(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "full").mkdir()
    (folder / "full" / "part-0.parquet").write_bytes(b"mine")
    (folder / "odd").mkdir()
    (folder / "odd" / ".ipm-outcomes.json").write_text("[]", encoding="utf-8")
    answers(5).write_csv(folder / "part-0.txt")
    answers(5).write_csv(folder / "part-0.csv")
    one, other = "in/site=0/part-0.parquet", "in/site=0/part-1.parquet"
    for words, told in (
        ([one, other, "-o", "out.csv"], "several files go into a folder"),
        ([one, other], "several files go into a folder"),
        (["none-*.csv", "-o", "out/"], "none-*.csv: there is no such file"),
        (["-", one, "-o", "out/"], "standard input is no file of several"),
        (["part-0.txt", "part-0.csv", "-o", "out/"], "two files would be written to out/part-0.csv"),
        ([one, "-o", "full/"], "this command did not write that file"),
        ([one, "-o", "odd/"], "not the record of a run"),
        ([one, other, "-o", "in/site=0/"], "that is a file that is read"),
        ([one, "--jobs", "2", "-o", "x.parquet"], "--jobs is for several files"),
        ([one, other, "--jobs", "0", "-o", "out/"], "--jobs is a number of 1 or more"),
    ):
        assert main(["score", *words]) == 2, words
        assert told in capsys.readouterr().err
    assert (folder / "full" / "part-0.parquet").read_bytes() == b"mine"


@pytest.mark.skipif(not hasattr(os, "fork"), reason="kills as Unix has them")
def test_killed_at_any_moment_and_run_again_it_gives_what_one_run_gives(folder: Path) -> None:
    assert main(["score", "in/*/*.parquet", "-o", "clean/", "--jobs", "1"]) == 0
    draw = random.Random(4)
    start = [sys.executable, "-c", RUN, "score", "in/*/*.parquet", "--jobs", "2", "-o"]
    begun = time.monotonic()
    subprocess.run([*start, "timed/"], capture_output=True, check=True)
    whole = time.monotonic() - begun
    command = [*start, "out/"]
    complete: list[int] = []
    ways = itertools.cycle((signal.SIGKILL, signal.SIGTERM, signal.SIGINT, signal.SIGKILL))
    for how in itertools.islice(ways, KILLS):
        run = subprocess.Popen(command, start_new_session=True, stderr=subprocess.PIPE)
        time.sleep(draw.uniform(0.4, 1) * whole)
        if how == signal.SIGKILL:
            os.killpg(run.pid, how)
        else:
            run.send_signal(how)
        run.communicate()
        for name, content in contents(folder / "out").items():
            assert content == (folder / "clean" / name).read_bytes()
        complete.append(len(contents(folder / "out")))
        if complete[-1] == 4:  # the next one begins anew, so that there is something to break off
            shutil.rmtree(folder / "out")
    print("files after each kill:", complete)  # noqa: T201 (with -s)
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert contents(folder / "out") == contents(folder / "clean")
    assert not list((folder / "out").rglob(".*.part"))
    assert set(json.loads((folder / "out" / ".ipm-outcomes.json").read_text("utf-8"))) == set(
        contents(folder / "clean")
    )
