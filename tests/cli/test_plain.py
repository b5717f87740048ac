"""A plain file that is read in stretches gives what it gives when read as a whole: rows, findings, output."""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from cyclopts import App
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from ipm_outcomes.cli import _files, _plain, _score, main
from ipm_outcomes.cli._app import app
from ipm_outcomes.cli._files import read
from ipm_outcomes.cli._plain import as_text, read_plain
from ipm_outcomes.errors import IpmOutcomesError

PHQ9 = [f"phq9_q{n}" for n in range(1, 10)]
QUICK = settings(deadline=None, max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])
TABLES = int(os.environ.get("IPM_OUTCOMES_TABLES", "30"))
"""How many random tables are read by both readers and go through every command."""
Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def stretches(monkeypatch: pytest.MonkeyPatch) -> None:
    """Stretches so small that tables of a test have many."""
    monkeypatch.setattr(_plain, "BLOCK", 24)
    monkeypatch.setattr(_plain, "MOST_DISTINCT", 3)
    monkeypatch.setattr(_score, "ROWS", 2)
    monkeypatch.setattr(_score, "TIDY_ROWS", 2)


def plain(content: bytes, separator: str = ",") -> Any:
    return read_plain(io.BytesIO(content), separator)


def told(file: Path, **how: Any) -> Any:
    """The rows of a file and where they begin, or the error."""
    try:
        source = read(str(file), **how)
    except IpmOutcomesError as error:
        return str(error)
    frame = as_text(source.frame, source.frame.columns)
    return frame.columns, frame.rows(), list(source.lines or ()), source.delimiter


# -- reading ---------------------------------------------------------------------------------------

PIECES = [
    *["a", "b", "1", "NA", " ", "é", "=", "-1", "\ufeff", "\t", ";", "\x1c", "\x85"],
    *[",", ",", ",", "\n", "\n", "\n", "\r\n", "\r", '"', '"', '""', '"a"', '"a,b"', '"a\nb"', "\0"],
]


@pytest.mark.usefixtures("stretches")
@QUICK
@given(st.lists(st.sampled_from(PIECES), max_size=40), st.booleans(), st.sampled_from([",", ";", "\t"]))
def test_any_text_is_read_alike(tmp_path: Path, pieces: list[str], marked: bool, separator: str) -> None:
    file = tmp_path / "in.csv"
    text = "".join(pieces)
    file.write_bytes((b"\xef\xbb\xbf" if marked else b"") + b"x,y\n" + text.encode())
    assert told(file, delimiter=separator, categories=True) == told(file, delimiter=separator)


HEADERS = ["x", "", " ", "\u00a0", "=a", '""', '"x,"', '"x""y"', "\x1c", "column_1"]


@pytest.mark.usefixtures("stretches")
@QUICK
@given(
    st.lists(st.sampled_from(HEADERS), min_size=1, max_size=4),
    st.lists(st.sampled_from(["", " ", "1", '""']), min_size=1, max_size=9),
    st.sampled_from([",", "\t"]),
)
def test_any_header_is_read_alike(tmp_path: Path, names: list[str], cells: list[str], separator: str) -> None:
    file = tmp_path / "in.csv"
    rows = [names, *[[cell, *names[1:]] for cell in cells]]
    file.write_text("".join(separator.join(row) + "\n" for row in rows), encoding="utf-8")
    assert told(file, delimiter=separator, categories=True) == told(file, delimiter=separator)


CELLS = st.sampled_from(["", "", "a", "b", "c", "d", "e", "é", " a", "-1", '"a"', '""', '"a,b"', '"c,"'])


@pytest.mark.usefixtures("stretches")
@QUICK
@given(
    st.lists(st.lists(CELLS, min_size=3, max_size=3), min_size=1, max_size=12),
    st.sampled_from(["\n", "\r\n"]),
    st.booleans(),
)
def test_plain_rows_are_read_in_stretches_and_alike(
    tmp_path: Path, rows: list[list[str]], end: str, ended: bool
) -> None:
    file = tmp_path / "in.csv"
    lines = [",".join(row) for row in [["x", '"y,"', "z"], *rows]]
    file.write_bytes((end.join(lines) + (end if ended else "")).encode())
    assert plain(file.read_bytes()) is not None
    columns, found, places, _ = told(file, categories=True)
    own = list(csv.reader(lines))
    assert (columns, places) == (own[0], list(range(2, len(rows) + 2)))
    assert [[cell or "" for cell in row] for row in found] == own[1:]
    assert told(file, categories=True) == told(file)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"x,y",
        b"x,y\n",
        b"x\n1\n",
        b"\nx,y\n1,2\n",
        b"x,y\n1,2\n\n",
        b"x,y\n\n1,2\n",
        b"x,y\n1\n",
        b"x,y\n1\n2,3,4\n",
        b"x,x\n1,2\n",
        b"sep=;\nx;y\n1;2\n",
        b"x,y\n1,\xe9\n",
        b"x\xe9,y\n1,2\n",
        b"x,y\n1,\0\n",
        b"x,y\r1,2\r",
        b"x,y\n1,a\rb\n",
        b'x,y\n1,"a\nb"\n',
        b'x,y\n1,"a""b"\n',
        b'x,y\n1,a"b\n',
        b'x,y\n1,"a"b\n',
        b'x,y\n1,"a\n',
        b'"x,y\n1,2\n',
        b"x,y\n\xef\xbb\xbf1,2\n",
        b"\xef\xbb\xbf\xef\xbb\xbfx,y\n1,2\n",
        b"x,y\n1," + b"a" * 1_000_001 + b"\n",
        b"x,y\n" + b"a" * 5_000_000,
    ],
)
def test_what_is_not_plain_is_left_to_the_other_reader(content: bytes) -> None:
    assert plain(content) is None


def test_few_texts_become_categories_and_many_stay_text(stretches: None) -> None:
    lines = [f"P{n},{'ab'[n % 2]}" for n in range(40)]
    frame = plain("\n".join(["id,site", *lines]).encode())
    assert frame.dtypes == [pl.String, pl.Enum]
    expected = pl.DataFrame([line.split(",") for line in lines], schema=["id", "site"], orient="row")
    assert_frame_equal(as_text(frame, ["site"]), expected)


def test_late_texts_join_the_categories(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_plain, "BLOCK", 16)
    frame = plain(b"x,y\n" + b"1,a\n" * 20 + b"2,b\n" * 20 + b",c\n")
    assert as_text(frame, "xy").rows() == [*[("1", "a")] * 20, *[("2", "b")] * 20, (None, "c")]


# -- score and check -------------------------------------------------------------------------------

ODD = ["2.0", " 2", "+2", "1e0", "\u0662", '"1,000"', '""', "\x1f2", "2 - More than half the days"]
ANSWER = st.sampled_from(
    [*["0", "1", "2", "3"] * 6, "", "", "4", "9", "NA", "Not at all", '"2"', "x", "-1", *ODD]
)
FORM = st.tuples(
    st.sampled_from(["a", "A", "b", "b ", "", "=c", "7", "007"]),
    st.sampled_from(["2026-01-05", "2026-01-05", "2026-02-06", "01/02/2026", "", "2026-02-06T10:00"]),
    st.sampled_from(["North", "north", "South", "", "+1 to 2", '"a,b"', '""', " "]),
    st.lists(ANSWER, min_size=9, max_size=9) | st.lists(st.sampled_from("0123"), min_size=9, max_size=9),
)


parse = App.parse_args


@cache
def parsed(words: tuple[str, ...]) -> Any:
    """The words of a command read once, which costs as much as the command itself with so few rows."""
    return parse(app, words)


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(App, "parse_args", lambda _, words, **__: parsed(tuple(words)))

    def call(*words: str) -> tuple[int, str, str]:
        code = main(list(words))
        out, err = capsys.readouterr()
        return code, out, err

    return call


def each_odd(test: Callable[..., None]) -> Callable[..., None]:
    """Each of the odd cells alone, whatever else is tried."""
    for way, cell in enumerate(ODD):
        test = example([("a", "2026-01-05", "North", [cell, *"12301230"])], (), way)(test)
    return test


def write(forms: list[Any]) -> None:
    lines = [",".join([id, day, site, *answers]) for id, day, site, answers in forms]
    text = "\n".join([",".join(["patient_id", "date", "site", *PHQ9]), *lines]) + "\n"
    Path("in.csv").write_text(text, encoding="utf-8")


def same_by_both(run: Run, monkeypatch: pytest.MonkeyPatch, *words: str) -> list[bytes]:
    """A command says and writes the same by both readers; what it wrote."""
    results = []
    for reader in (read_plain, lambda *_: None):
        with monkeypatch.context() as patched:
            patched.setattr(_files, "read_plain", reader)
            said = run(*words)
        outputs = sorted(Path().glob("out.*"))
        results.append((said, [output.read_bytes() for output in outputs]))
        for output in outputs:
            output.unlink()
    assert results[0] == results[1]
    written: list[bytes] = results[0][1]
    return written


@pytest.mark.usefixtures("stretches")
@settings(QUICK, max_examples=TABLES)
@each_odd
@given(
    st.lists(FORM, min_size=1, max_size=30),
    st.sampled_from(
        [
            (),
            ("--invalid", "null"),
            ("--not-answered", "9,NA"),
            ("--coding", "answer"),
            ("--tidy", "--invalid", "null"),
            ("--tidy", "--id", "patient_id", "--date", "date", "--by", "site"),
            (
                "--tidy",
                "--date",
                "date",
                "--date-format",
                "%d.%m.%Y",
                "--invalid",
                "null",
                "--coding",
                "answer",
            ),
        ]
    ),
    st.integers(0, 5),
)
def test_output_and_findings_do_not_depend_on_the_reader(
    run: Run, monkeypatch: pytest.MonkeyPatch, forms: list[Any], options: tuple[str, ...], way: int
) -> None:
    """Each command in one of the ways in which it writes, of which each table draws one."""
    write(forms)
    plain_options = options if not {"--invalid", "--tidy"} & {*options} else ()
    commands = (
        [("score", "in.csv", *options, *output) for output in ((), ("-o", "out.csv"), ("-o", "out.parquet"))],
        [("check", "in.csv", *plain_options), ("check", "in.csv", "-o", "out.csv")],
        [
            ("change", "in.csv", *plain_options),
            ("change", "in.csv", "--by", "site", "--as-of", "2026-02-28", "-o", "out.parquet"),
        ],
    )
    for ways in commands:
        same_by_both(run, monkeypatch, *ways[way % len(ways)])


@pytest.mark.usefixtures("stretches")
@settings(QUICK, max_examples=TABLES // 4)
@given(
    st.lists(FORM, min_size=1, max_size=30),
    st.sampled_from([(), ("--not-answered", "9,NA"), ("--coding", "answer")]),
)
def test_reports_do_not_depend_on_the_reader(
    run: Run, monkeypatch: pytest.MonkeyPatch, forms: list[Any], options: tuple[str, ...]
) -> None:
    write([*forms, ("b", "2026-03-09", "West", ["1"] * 9), ("b", "2026-06-09", "North", ["0"] * 9)])
    for words in (
        ("report", "in.csv", *options, "--site", "site"),
        ("report", "in.csv", *options, "--visit", "date", "--as-of", "2026-06-30", "-o", "out.md"),
        ("patient", "in.csv", *options, "--patient-id", "b", "-o", "out.html"),
        ("audit", "in.csv", "--instrument", "phq9", "--recorded", "total=site", "-o", "out.csv"),
    ):
        same_by_both(run, monkeypatch, *words)


def test_the_page_report_does_not_depend_on_the_reader(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    clinic = Path(__file__).parents[2] / "examples" / "clinic"
    episodes, events, spans = (str(clinic / f"{name}.csv") for name in ("episodes", "events", "enrollment"))
    header, *rows = (clinic / "clinic.csv").read_text(encoding="utf-8").splitlines()
    Path("in.csv").write_text("\n".join([header, *reversed(rows)]), encoding="utf-8")
    words: tuple[str, ...] = ("report", "in.csv", "--instrument", "nps", "--episodes", episodes)
    words += ("--events", events, "--enrollment", spans, "--strata", "sex")
    words += ("--as-of", "2025-12-31", "-o", "out.html")
    page, figures = same_by_both(run, monkeypatch, *words)
    assert b"Hilltop" in page
    assert b"Hilltop" in figures


def test_scores_are_written_in_stretches(run: Run, stretches: None) -> None:
    rows = [f"{n}," + ",".join("0123"[(n + k) % 4] for k in range(9)) for n in range(9)]
    Path("in.csv").write_text("\n".join(["id," + ",".join(PHQ9), *rows]))
    code, out, _ = run("score", "in.csv")
    assert code == 0
    totals = [float(row["phq9_total"]) for row in csv.DictReader(io.StringIO(out))]
    assert totals == [sum((n + k) % 4 for k in range(9)) for n in range(9)]


def test_tidy_scores_are_written_in_stretches(run: Run, stretches: None) -> None:
    """Of which one by itself would look as if it were counted from 1."""
    rows = ["a" + ",0" * 9, "b" + ",1" * 9, "c" + ",2" * 9, "d,4" + ",3" * 8, "e" + ",3" * 9]
    Path("in.csv").write_text("\n".join(["id," + ",".join(PHQ9), *rows]))
    code, out, _ = run("score", "in.csv", "--tidy", "--id", "id")
    assert code == 1
    code, out, _ = run("score", "in.csv", "--tidy", "--id", "id", "--invalid", "null")
    assert code == 0
    found = [
        (row["patient_id"], row["scale"], row["value"], row["invalid"])
        for row in csv.DictReader(io.StringIO(out))
        if row["scale"] in ("total", "phq2")
    ]
    assert found == [
        *[
            ("a", "total", "0.0", "0"),
            ("a", "phq2", "0.0", "0"),
            ("b", "total", "9.0", "0"),
            ("b", "phq2", "2.0", "0"),
        ],
        *[
            ("c", "total", "18.0", "0"),
            ("c", "phq2", "4.0", "0"),
            ("d", "total", "", "1"),
            ("d", "phq2", "", "1"),
        ],
        *[("e", "total", "27.0", "0"), ("e", "phq2", "6.0", "0")],
    ]


def test_nothing_is_left_where_writing_ends_early(
    run: Run, stretches: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(self: Any, data: Any, *_: Any) -> Any:
        if "4" in data["id"].to_list():
            raise RuntimeError
        return data

    monkeypatch.setattr(_score.Scoring, "score", broken)
    Path("in.csv").write_text("\n".join(["id," + ",".join(PHQ9), *[f"{n}" + ",0" * 9 for n in range(9)]]))
    assert run("score", "in.csv", "-o", "out.csv")[0] == 70
    assert [path.name for path in Path.cwd().iterdir()] == ["in.csv"]
