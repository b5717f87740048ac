"""Several files into a folder, side by side: each whole or not at all, and only those that are missing."""

from __future__ import annotations

import hashlib
import io
import json
import multiprocessing
import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager, redirect_stderr
from functools import partial
from glob import glob
from pathlib import Path
from typing import Any

from ipm_outcomes._version import __version__
from ipm_outcomes._write import write_whole
from ipm_outcomes.cli._codes import FINE, PROBLEMS, USAGE
from ipm_outcomes.cli._files import STREAM
from ipm_outcomes.cli._guard import guarded
from ipm_outcomes.cli._output import output_kind
from ipm_outcomes.cli._print import progress, tell
from ipm_outcomes.cli._signals import ended_by_signals
from ipm_outcomes.errors import ParameterError, number_of

RECORD = ".ipm-outcomes.json"
"""In the folder: of which file, with which options, each output is made."""
LOCK = ".ipm-outcomes.lock"
_ENDINGS = {".pq": ".parquet", ".xpt": ".csv", ".txt": ".csv"}

Run = Callable[[str, str], int]
"""Makes one output of one file."""


def is_folder(output: str | None) -> bool:
    """Whether an output is a folder: by the sign at its end, or because it is one."""
    return (
        output is not None and output != STREAM and (output.endswith(("/", os.sep)) or Path(output).is_dir())
    )


def into_folder(
    files: Sequence[str],
    output: str | None,
    run: Run,
    options: Mapping[str, Any],
    jobs: int | None,
    beside: str | None,
) -> int:
    """Make an output of each file in the folder, and give the highest exit code of all.

    Parameters
    ----------
    files
        The files; patterns such as ``big/*.parquet`` are looked up where the shell has not.
    output
        The folder, which is made where there is none.
    run
        Makes one output; it has to be a function that another process can be given.
    options
        What the outputs depend on beside the files.
    jobs
        How many at a time; None: as many as there are processors.
    beside
        A further file that every output depends on.
    """
    if jobs is not None and jobs < 1:
        raise ParameterError("--jobs is a number of 1 or more")
    if output is None or not is_folder(output):
        raise ParameterError("several files go into a folder: end the name of -o in /")
    named = list(_looked_up(files))
    folder = Path(output)
    targets = _targets(named, folder)
    if beside is not None:
        options = {**options, "beside": Path(beside).read_bytes()}
    folder.mkdir(exist_ok=True)
    with _alone(folder):
        return _all(targets, folder, run, options, jobs or os.cpu_count() or 1)


def _looked_up(files: Sequence[str]) -> Iterator[str]:
    for name in files:
        if name == STREAM:
            raise ParameterError("standard input is no file of several; name files")
        if Path(name).exists() or not any(sign in name for sign in "*?["):
            yield name
            continue
        names = sorted(glob(name, recursive=True))  # noqa: PTH207 (patterns from the root too)
        if not names:
            raise ParameterError(f"{name}: there is no such file")
        yield from names


def _targets(files: Sequence[str], folder: Path) -> dict[str, Path]:
    """The output of each file: in the folder as the files lie below what they have in common."""
    places = [Path(name).resolve() for name in files]
    common = Path(os.path.commonpath([place.parent for place in places]))
    targets: dict[str, Path] = {}
    for name, place in zip(files, places, strict=True):
        inside = place.relative_to(common)
        target = folder / inside.with_suffix(_ENDINGS.get(inside.suffix.lower(), inside.suffix))
        if target in targets.values():
            raise ParameterError(f"two files would be written to {target}; give them in two runs")
        targets[name] = target
        if target.exists():
            output_kind(str(target), inputs=files)
    return targets


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Hold the folder for this run, and take away what an earlier one that was killed has left."""
    try:
        import fcntl
    except ImportError:  # no such lock on Windows, where unfinished files of a killed run stay
        yield
        return
    with (folder / LOCK).open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise ParameterError(f"{folder}: another run writes to this folder; wait for it") from None
        for left in folder.rglob(".*.part"):
            left.unlink(missing_ok=True)
        yield


def _all(targets: Mapping[str, Path], folder: Path, run: Run, options: Mapping[str, Any], jobs: int) -> int:
    record = _record(folder)
    keys = {name: _key(name, options) for name in targets if Path(name).is_file()}
    if foreign := [t for t in targets.values() if t.exists() and _name(t, folder) not in record]:
        raise ParameterError(f"{foreign[0]}: this command did not write that file; give another folder")
    ready = [name for name, t in targets.items() if t.exists() and record[_name(t, folder)] == keys.get(name)]
    code = FINE
    failed = 0
    with progress("scoring files", len(targets)) as done:
        if done:
            done(len(ready))
        left = {name: target for name, target in targets.items() if name not in ready}
        for position, (name, own, lines) in enumerate(_side_by_side(left, run, jobs, folder, record), 1):
            for line in lines:
                tell(f"{name}: {line}")
            if targets[name].exists() and own in (FINE, PROBLEMS) and name in keys:
                record[_name(targets[name], folder)] = keys[name]
                _write(folder, record)
            else:
                failed += 1
            code = max(code, own)
            if done:
                done(len(ready) + position)
    there = f", {number_of(len(ready), 'file')} there already" if ready else ""
    without = f", {failed} without a result, named above" if failed else ""
    tell(f"{number_of(len(targets) - len(ready) - failed, 'file')} scored{there}{without}: {folder}")
    return code


def _side_by_side(
    left: Mapping[str, Path], run: Run, jobs: int, folder: Path, record: dict[str, str]
) -> Iterator[tuple[str, int, list[str]]]:
    """Each file as it is done, with its exit code and what was said."""
    for target in left.values():
        target.parent.mkdir(parents=True, exist_ok=True)
        record.setdefault(_name(target, folder), "")  # begun: ours, and not complete
    if left:
        _write(folder, record)
    if jobs == 1 or len(left) < 2:
        for name, target in left.items():
            yield (name, *_one_file(run, name, str(target)))
        return
    before = os.environ.get("POLARS_MAX_THREADS")
    os.environ["POLARS_MAX_THREADS"] = "1"  # the files are worked on side by side, not their columns
    pool = ProcessPoolExecutor(min(jobs, len(left)), multiprocessing.get_context("spawn"))
    try:
        waiting: dict[Future[tuple[int, list[str]]], str] = {
            pool.submit(_one_file, run, name, str(target)): name for name, target in left.items()
        }
        while waiting:
            finished, _ = wait(waiting, return_when=FIRST_COMPLETED)
            for future in finished:
                name = waiting.pop(future)
                try:
                    yield (name, *future.result())
                except BrokenProcessPool:
                    message = "ended by the system, as where memory runs out; fewer --jobs need less of it"
                    yield name, USAGE, [f"ipm-outcomes: {message}"]
    finally:
        for process in multiprocessing.active_children():
            process.terminate()
        pool.shutdown(cancel_futures=True)
        if before is None:
            del os.environ["POLARS_MAX_THREADS"]
        else:
            os.environ["POLARS_MAX_THREADS"] = before


def _one_file(run: Run, name: str, target: str) -> tuple[int, list[str]]:
    """One file in a process of its own: its exit code, and the lines that it printed."""
    lines = io.StringIO()
    with ended_by_signals(), redirect_stderr(lines):
        code = guarded(partial(run, name, target), ("score",))
    return code, lines.getvalue().splitlines()


def _name(target: Path, folder: Path) -> str:
    return target.relative_to(folder).as_posix()


def _key(name: str, options: Mapping[str, Any]) -> str:
    """What an output depends on: the file as it is now, the options, the version."""
    state = Path(name).stat()
    parts = [str(Path(name).resolve()), state.st_size, state.st_mtime_ns, __version__, sys.byteorder]
    return hashlib.sha256(repr((parts, sorted(options.items()))).encode()).hexdigest()


def _record(folder: Path) -> dict[str, str]:
    try:
        record = json.loads((folder / RECORD).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (ValueError, OSError):
        record = None
    if not isinstance(record, dict) or not all(isinstance(key, str) for key in record.values()):
        raise ParameterError(f"{folder / RECORD}: not the record of a run; give another folder")
    return record


def _write(folder: Path, record: Mapping[str, str]) -> None:
    text = json.dumps(record, indent=0, sort_keys=True)
    write_whole(folder / RECORD, lambda file: file.write(text.encode()))
