"""What the program writes: never over what it reads, whole or not at all, and one line where that cannot be."""

from __future__ import annotations

import io
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from inspect import signature
from pathlib import Path
from typing import IO, Any, get_type_hints

import polars as pl
import pytest

from ipm_outcomes._write import write_whole
from ipm_outcomes.cli import main
from ipm_outcomes.cli._app import app

ANSWERS = "patient_id,date,peg_pain,peg_enjoyment,peg_activity\na,2024-01-10,8,7,6\na,2024-07-09,4,3,2\n"
EPISODES = "patient_id,episode,start_date\na,1,2024-01-10\n"
PROGRAM = [sys.executable, "-c", "import sys; from ipm_outcomes.cli import main; sys.exit(main())"]

posix = pytest.mark.skipif(os.name != "posix", reason="asks a POSIX system")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "answers.csv").write_text(ANSWERS, encoding="utf-8")
    (tmp_path / "episodes.csv").write_text(EPISODES, encoding="utf-8")
    (tmp_path / "sub").mkdir()
    monkeypatch.chdir(tmp_path)
    return tmp_path


def names_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


# -- no output is an input -------------------------------------------------------------------------

ALIASES: dict[str, Callable[[Path], str]] = {
    "as it is": lambda file: file.name,
    "absolute": str,
    "with a dot": lambda file: f"./{file.name}",
    "through another folder": lambda file: f"sub/../{file.name}",
    "a link": lambda file: _linked(file, os.symlink),
    "a link to a link": lambda file: _linked(
        file.parent / _linked(file, os.symlink), os.symlink, "again.csv"
    ),
    "a hard link": lambda file: _linked(file, os.link),
    "through a linked folder": lambda file: _through(file),
}


def _linked(file: Path, make: Callable[[Path, Path], None], name: str = "link.csv") -> str:
    try:
        make(file, file.parent / name)
    except OSError:
        pytest.skip("there are no links here")
    return name


def _through(file: Path) -> str:
    try:
        (file.parent / "here").symlink_to(file.parent)
    except OSError:
        pytest.skip("there are no links here")
    return f"here/{file.name}"


RECORDS = ["prescriptions", "statuses", "events", "enrollment", "appointments"]
FILE_OPTIONS = {
    "change": ["episodes"],
    "report": ["episodes", *RECORDS],
    "score": [],
    "check": [],
    "audit": [],
    "patient": [],
}
"""Commands that read answers and write, with the options that name further files they read."""
READ_NOTHING = {"redcap"}
REQUIRED = {"audit": ["--instrument", "peg", "--recorded", "mean=peg_mean"], "patient": ["--patient-id", "a"]}


def test_every_option_that_names_a_file_is_listed() -> None:
    writing = {}
    for name in app:
        command = app[name].default_command
        if name in READ_NOTHING or command is None or "output" not in signature(command).parameters:
            continue
        options = []
        for group in get_type_hints(command).values():
            for kind in getattr(group, "__args__", ()):
                told = getattr(kind, "__doc__", None) or ""
                fields = getattr(kind, "__dataclass_fields__", {})
                options += [field for field in fields if f"{field}\n        CSV or Parquet file" in told]
        writing[name] = options
    assert writing == FILE_OPTIONS


@pytest.mark.parametrize("alias", ALIASES)
@pytest.mark.parametrize(
    ("command", "victim"),
    [(command, victim) for command, options in FILE_OPTIONS.items() for victim in ("answers", *options)],
)
def test_no_output_is_an_input(
    folder: Path, capsys: pytest.CaptureFixture[str], command: str, victim: str, alias: str
) -> None:
    output = ALIASES[alias](folder / f"{victim}.csv")
    words = [command, "answers.csv", "-o", output, *REQUIRED.get(command, [])]
    words += ["--episodes", "episodes.csv"] if FILE_OPTIONS[command] else []
    before = names_in(folder)
    assert main(words) == 2
    told = capsys.readouterr()
    assert told.out == ""
    assert told.err.count("\n") == 1
    assert f"that is a file that is read ({victim}.csv)" in told.err or command == "report"
    assert (folder / "answers.csv").read_text(encoding="utf-8") == ANSWERS
    assert (folder / "episodes.csv").read_text(encoding="utf-8") == EPISODES
    assert names_in(folder) == before


@posix
@pytest.mark.parametrize("ending", [".html", ".txt", ".md"])
@pytest.mark.parametrize("make", [os.symlink, os.link])
@pytest.mark.parametrize("victim", ["answers", "episodes"])
def test_a_report_is_not_written_over_what_it_reads(
    folder: Path,
    capsys: pytest.CaptureFixture[str],
    victim: str,
    make: Callable[[Path, Path], None],
    ending: str,
) -> None:
    output = _linked(folder / f"{victim}.csv", make, f"link{ending}")
    assert main(["report", "answers.csv", "--episodes", "episodes.csv", "-o", output]) == 2
    assert f"({victim}.csv)" in capsys.readouterr().err
    assert (folder / "answers.csv").read_text(encoding="utf-8") == ANSWERS
    assert (folder / "episodes.csv").read_text(encoding="utf-8") == EPISODES


@posix
@pytest.mark.parametrize(
    "words", [["score", "-", "-o", "answers.csv"], ["score", "answers.csv"], ["score", "-"]]
)
def test_streams_are_files_too(folder: Path, words: list[str]) -> None:
    with (folder / "answers.csv").open("rb") as source, (folder / "answers.csv").open("ab") as target:
        done = subprocess.run(
            [*PROGRAM, *words],
            stdin=source,
            stdout=subprocess.PIPE if "-o" in words else target,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert "that is a file that is read" in done.stderr
    assert (folder / "answers.csv").read_text(encoding="utf-8") == ANSWERS


# -- whole or not at all ---------------------------------------------------------------------------


def test_a_name_as_long_as_names_can_be(tmp_path: Path) -> None:
    file = tmp_path / ("x" * 251 + ".csv")
    write_whole(file, lambda out: out.write(b"whole"))
    assert file.read_bytes() == b"whole"
    assert names_in(tmp_path) == [file.name]


@posix
@pytest.mark.parametrize("output", ["out.csv", "out.parquet", "out.txt", "old.csv"])
def test_a_full_disk(folder: Path, capsys: pytest.CaptureFixture[str], output: str) -> None:
    """A limit of the system on the size of files stands for the disk."""
    (folder / "old.csv").write_text("old", encoding="utf-8")
    rows = ANSWERS.splitlines()[1:] * 500
    many = "\n".join([ANSWERS.splitlines()[0], *rows])
    (folder / "many.csv").write_text(many, encoding="utf-8")
    command = ["change", "answers.csv"] if output == "out.txt" else ["score", "many.csv"]
    resource = pytest.importorskip("resource")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (9, before[1]))
    try:
        code = main([*command, "-o", output])
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    told = capsys.readouterr()
    assert (code, told.out, told.err) == (2, "", f"ipm-outcomes: {output}: File too large\n")
    assert names_in(folder) == ["answers.csv", "episodes.csv", "many.csv", "old.csv", "sub"]
    assert (folder / "old.csv").read_text(encoding="utf-8") == "old"


@posix
def test_a_full_folder_of_temporary_files(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Standard output that is too large for memory is kept there; the message names it."""
    monkeypatch.setattr("ipm_outcomes.cli._output.MOST_IN_MEMORY", 1)
    assert main(["score", "answers.csv"]) == 0
    assert capsys.readouterr().out.count("\n") == ANSWERS.count("\n")
    resource = pytest.importorskip("resource")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (9, before[1]))
    try:
        code = main(["score", "answers.csv"])
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    told = capsys.readouterr()
    assert (code, told.out, told.err) == (2, "", f"ipm-outcomes: {tempfile.gettempdir()}: File too large\n")


@pytest.mark.parametrize("how", ["write_csv", "write_parquet"])
@pytest.mark.parametrize("end", [KeyboardInterrupt, MemoryError])
def test_an_end_while_polars_writes_is_raised_as_it_was(
    tmp_path: Path, how: str, end: type[BaseException]
) -> None:
    class Ending(io.BytesIO):
        def write(self, _: object) -> int:
            raise end

    def fill(file: Any) -> None:
        file.file = Ending()
        getattr(pl.DataFrame({"a": [1]}), how)(file)

    with pytest.raises(end):
        write_whole(tmp_path / "out", fill)
    assert names_in(tmp_path) == []


@posix
@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full")
@pytest.mark.parametrize("words", [["score", "answers.csv"], ["show", "peg"]])
def test_standard_output_that_takes_no_more(folder: Path, words: list[str]) -> None:
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run([*PROGRAM, *words], stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert (done.returncode, done.stderr) == (2, "ipm-outcomes: No space left on device\n")


@posix
@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full")
def test_standard_error_that_takes_no_more(folder: Path) -> None:
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            [*PROGRAM, "check", "none.csv"], stderr=full, stdout=subprocess.PIPE, check=False
        )
    assert (done.returncode, done.stdout) == (2, b"")


@pytest.mark.parametrize("words", [["show", "peg"], ["check", "answers.csv"], ["score", "answers.csv"]])
def test_closed_standard_output(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], words: list[str]
) -> None:
    monkeypatch.setattr(sys, "stdout", None)
    assert main(words) == 2
    told = capsys.readouterr().err
    assert told.startswith("ipm-outcomes: standard output is closed")
    assert told.count("\n") == 1


def test_closed_standard_error_leaves_the_result_alone(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "answers.csv").write_text(ANSWERS.replace("8,7,6", "8,7,66"), encoding="utf-8")
    assert main(["score", "answers.csv", "--invalid", "null"]) == 0
    whole = capsys.readouterr()
    assert "1 wrong cell" in whole.err
    monkeypatch.setattr(sys, "stderr", None)
    assert main(["score", "answers.csv", "--invalid", "null"]) == 0
    assert capsys.readouterr().out == whole.out


# -- terminals of other encodings ------------------------------------------------------------------


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "cp1252", "utf-16"])
@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["check", "umlaut.csv", "--instrument", "peg", "--columns", "{item} \u00e4\u03bb"], 1),
        (["score", "umlaut.csv", "--instrument", "peg", "--columns", "{item} \u00e4\u03bb"], 1),
        (["check", "\u00e4\u03bb.csv"], 2),
        (["show", "pcs"], 0),
        (["--help"], 0),
    ],
)
def test_a_terminal_of_another_encoding(
    folder: Path, monkeypatch: pytest.MonkeyPatch, words: list[str], code: int, encoding: str
) -> None:
    header = ",".join(f"{item} \u00e4\u03bb" for item in ("pain", "enjoyment", "activity"))
    (folder / "umlaut.csv").write_text(f"{header}\n8,7,66\n", encoding="utf-8")
    streams = {name: io.TextIOWrapper(io.BytesIO(), encoding) for name in ("stdout", "stderr")}
    for name, stream in streams.items():
        monkeypatch.setattr(sys, name, stream)
    assert main(words) == code
    told = ""
    for stream in streams.values():
        stream.flush()
        told += stream.buffer.getvalue().decode(encoding)  # type: ignore[attr-defined]
    assert told
    assert "Traceback" not in told
    assert "internal error" not in told


def test_a_message_is_one_line_without_commands_to_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "no\x1b[2J\nsuch\u2028file\x07.csv"]) == 2
    told = capsys.readouterr().err
    assert told == "ipm-outcomes: no [2J such file .csv: No such file or directory\n"


# -- an end from outside ---------------------------------------------------------------------------


@posix
@pytest.mark.usefixtures("signals_taken")
@pytest.mark.parametrize("name", ["SIGTERM", "SIGHUP", "SIGINT"])
@pytest.mark.parametrize("output", ["new.csv", "old.csv", "new.parquet"])
def test_an_end_from_outside_leaves_nothing_behind(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], name: str, output: str
) -> None:
    (folder / "old.csv").write_text("old", encoding="utf-8")

    def half(self: object, file: IO[bytes], **_: object) -> None:
        file.write(b"half")
        signal.raise_signal(getattr(signal, name))
        raise AssertionError("the signal was not taken")

    monkeypatch.setattr("polars.DataFrame.write_csv", half)
    monkeypatch.setattr("polars.DataFrame.write_parquet", half)
    done = main(["score", "answers.csv", "-o", output])
    told = capsys.readouterr()
    code, word = (130, "interrupted") if name == "SIGINT" else (2, f"ended by {name}")
    assert (done, told.out) == (code, "")
    assert told.err.startswith(f"ipm-outcomes: {word}")
    assert told.err.count("\n") == 1
    assert names_in(folder) == ["answers.csv", "episodes.csv", "old.csv", "sub"]
    assert (folder / "old.csv").read_text(encoding="utf-8") == "old"


@posix
def test_a_program_that_waits_for_its_input_ends(folder: Path) -> None:
    script = PROGRAM[2].replace("; sys.exit", "; print('ready', file=sys.stderr, flush=True); sys.exit")
    with subprocess.Popen(
        [PROGRAM[0], "-c", script, "score", "-", "-o", "out.csv"],
        stdin=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as program:
        assert program.stderr
        assert program.stderr.readline() == "ready\n"
        assert program.stdin
        program.stdin.write("x" * 200_000)  # more than a pipe holds: once all is taken in, the command reads
        program.stdin.flush()
        time.sleep(0.5)  # until it waits for more
        program.send_signal(signal.SIGTERM)
        try:
            _, told = program.communicate(timeout=30)
        except subprocess.TimeoutExpired:
            program.kill()
            raise
    assert (program.returncode, told.startswith("ipm-outcomes: ended by SIGTERM")) == (2, True)


@pytest.fixture
def handlers() -> Iterator[None]:
    before = signal.getsignal(signal.SIGTERM)
    yield
    signal.signal(signal.SIGTERM, before)


def test_handlers_of_the_caller_are_left_alone(
    handlers: None, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    taken: list[int] = []

    class Raising(io.StringIO):
        @property
        def buffer(self) -> Raising:  # type: ignore[override]
            return self

        def read(self, size: int | None = -1) -> bytes:  # type: ignore[override]
            signal.raise_signal(signal.SIGTERM)
            return ANSWERS.encode()

    signal.signal(signal.SIGTERM, lambda number, _: taken.append(number))
    monkeypatch.setattr(sys, "stdin", Raising())
    assert main(["score", "-"]) == 0
    assert taken == [signal.SIGTERM]
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    assert main(["score", "-"]) == 2
    assert signal.getsignal(signal.SIGTERM) == signal.SIG_DFL
    assert "ended by SIGTERM" in capsys.readouterr().err


def test_a_report_as_pdf_says_how(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["report", "answers.csv", "--episodes", "episodes.csv", "-o", "r.pdf"]) == 2
    assert "for a PDF, write .html and print it in a browser" in capsys.readouterr().err


def test_a_misspelt_column_of_strata_gets_the_nearest(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "episodes.csv").write_text(
        "patient_id,episode,start_date,sex\na,1,2024-01-10,f\n", encoding="utf-8"
    )
    given = ["report", "answers.csv", "--episodes", "episodes.csv", "--strata", "Sex", "-o", "r.html"]
    assert main(given) == 2
    assert "did you mean 'sex'?" in capsys.readouterr().err
