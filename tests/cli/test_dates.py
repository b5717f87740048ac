"""The command line on files as they come: blank rows, dates of other forms, SAS dates, times of one day."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

pytest.importorskip("cyclopts")

from ipm_outcomes.cli import main

TARGET = ("--target", "6 months=182:137..227", "--as-of", "2026-12-31")
Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    monkeypatch.chdir(tmp_path)

    def call(command: str, *words: str) -> tuple[int, str, str]:
        code = main([*command.split(), *words])
        told = capsys.readouterr()
        return code, told.out, told.err

    return call


def changes(run: Run, *words: str) -> list[tuple[object, ...]]:
    code, _, err = run("change", *words, *TARGET, "-o", "changes.csv")
    assert code == 0, err
    table = pl.read_csv("changes.csv")
    return table.select("baseline", "followup", "change").rows()


def test_rows_of_an_export_that_hold_no_answer(run: Run) -> None:
    Path("in.csv").write_text(
        "record,instance,day,peg_pain,peg_enjoyment,peg_activity,peg_complete\n"
        "1,,,,,,\n1,1,2026-01-05,8,8,8,2\n1,2,2026-07-06,4,4,4,2\n"
        "2,,,,,,\n2,1,2026-01-06,7,7,7,2\n2,2,2026-07-07,6,6,6,2\n"
    )
    assert changes(run, "in.csv", "--id", "record", "--date", "day") == [(8, 4, -4), (7, 6, -1)]
    _, _, err = run("change in.csv --id record --date day -o changes.csv")
    assert "2 rows hold no answer" in err


@pytest.mark.parametrize(
    "blank", [",,,,", " , ,,  ,", "zz,2030-01-01,,,", "a,not a day,,,", ",2026-12-30,,,"]
)
def test_blank_rows_stop_no_command_and_set_no_day(run: Run, blank: str) -> None:
    rows = "a,2026-01-05,8,8,8\na,2026-07-06,4,4,4\n"
    head = "patient_id,date,peg_pain,peg_enjoyment,peg_activity\n"
    Path("plain.csv").write_text(head + rows)
    Path("in.csv").write_text(head + blank + "\n" + rows + f"{blank}\n{blank}\n")
    assert changes(run, "in.csv") == [(8, 4, -4)]
    (code, plain, _), (other, told, _) = run("report plain.csv"), run("report in.csv")
    assert (code, other) == (0, 0)
    assert "2 rows with answers; 3 rows hold no answer; 1 patient; " in told

    def figures(text: str) -> list[str]:
        lines = [line for line in text.splitlines() if "rows" not in line and "finding" not in line]
        return [
            re.sub(r" +", " ", line) for line in lines if line.strip() and not line.startswith("blank_rows")
        ]

    assert figures(told) == figures(plain)


US = (
    "patient_id,date,peg_pain,peg_enjoyment,peg_activity\n"
    "a,01/05/2026,8,8,8\na,07/06/2026,4,4,4\nb,02/14/2026,7,7,7\nb,08/15/2026,7,7,7\n"
)


def test_a_declared_format_reads_answers_and_episodes(run: Run) -> None:
    Path("in.csv").write_text(US)
    assert changes(run, "in.csv", "--date-format", "%m/%d/%Y") == [(8, 4, -4), (7, 7, 0)]
    Path("starts.csv").write_text("patient_id,episode,start_date\na,1,01/04/2026\nb,1,02/13/2026\n")
    words = ("in.csv", "--date-format", "%m/%d/%Y", "--episodes", "starts.csv")
    assert changes(run, *words) == [(8, 4, -4), (7, 7, 0)]
    code, out, _ = run("report in.csv --date-format %m/%d/%Y")
    assert code == 0
    assert "dates 2026-01-05 to 2026-08-15." in out
    code, _, _ = run("score in.csv --tidy --id patient_id --date date --date-format %m/%d/%Y -o tidy.csv")
    assert code == 0
    assert pl.read_csv("tidy.csv")["date"].to_list()[0] == "2026-01-05"


@pytest.mark.parametrize("command", ["change in.csv", "report in.csv", "report in.csv -o report.html"])
def test_dates_that_cannot_be_read_are_loud(run: Run, command: str) -> None:
    Path("in.csv").write_text(US)
    code, out, err = run(command)
    assert (code, out) == (1, "")
    assert "##/##/####" in err
    assert "--date-format" in err
    assert "%m/%d/%Y" in err
    assert "01/05/2026" not in err
    assert not Path("report.html").exists()


def test_a_format_that_is_none_is_wrong_usage(run: Run) -> None:
    Path("in.csv").write_text(US)
    for command in ("change in.csv --date-format month", "score in.csv --date-format %m/%d/%Y"):
        assert run(command)[0] == 2


@pytest.mark.parametrize("reverse", [False, True])
def test_the_latest_form_of_a_day(run: Run, reverse: bool) -> None:
    rows = ["a,2026-01-05T18:00:00,5,5,5", "a,2026-01-05T08:00:00,8,8,8", "a,2026-07-06T10:00:00,4,4,4"]
    head = "patient_id,date,peg_pain,peg_enjoyment,peg_activity"
    Path("in.csv").write_text("\n".join([head, *(rows[::-1] if reverse else rows)]) + "\n")
    assert changes(run, "in.csv") == [(5, 4, -1)]


def ibm(number: float) -> bytes:
    """A number as a SAS transport file holds it: 8 bytes of base 16, with the missing value as a point."""
    if number != number:
        return b"." + bytes(7)
    if number == 0:
        return bytes(8)
    sign, size, exponent = number < 0, abs(number), 64
    while size >= 1:
        size, exponent = size / 16, exponent + 1
    while size < 1 / 16:
        size, exponent = size * 16, exponent - 1
    return bytes([exponent | 128 * sign]) + int(size * 16**14).to_bytes(7, "big")


def transport(columns: dict[str, tuple[str, list[float]]]) -> bytes:
    """A transport file of version 5 from columns of numbers with their formats, laid out as TS-140 has it."""

    def card(text: str) -> bytes:
        return text.encode().ljust(80)

    def padded(data: bytes) -> bytes:
        return data + b" " * (-len(data) % 80)

    stamp, zeros = "01JAN26:00:00:00", "0" * 30
    head = card(f"HEADER RECORD*******LIBRARY HEADER RECORD!!!!!!!{zeros}")
    head += card("SAS     SAS     SASLIB  9.4     LIN64".ljust(64) + stamp) + card(stamp)
    head += card("HEADER RECORD*******MEMBER  HEADER RECORD!!!!!!!000000000000000001600000000140")
    head += card(f"HEADER RECORD*******DSCRPTR HEADER RECORD!!!!!!!{zeros}")
    head += card("SAS     DATA    SASDATA 9.4     LIN64".ljust(64) + stamp) + card(stamp)
    head += card(f"HEADER RECORD*******NAMESTR HEADER RECORD!!!!!!!000000{len(columns):04}{'0' * 20}")
    names = b""
    for number, (name, (shown, _)) in enumerate(columns.items()):
        record = (1).to_bytes(2, "big") + bytes(2) + (8).to_bytes(2, "big") + (number + 1).to_bytes(2, "big")
        record += (
            name.encode().ljust(8) + b" " * 40 + shown.encode().ljust(8) + bytes(8) + b" " * 8 + bytes(4)
        )
        names += (record + (8 * number).to_bytes(4, "big")).ljust(140, b"\0")
    rows = zip(*(values for _, values in columns.values()), strict=True)
    data = b"".join(ibm(value) for row in rows for value in row)
    return (
        head + padded(names) + card(f"HEADER RECORD*******OBS     HEADER RECORD!!!!!!!{zeros}") + padded(data)
    )


def sas_file(date_format: str, dates: list[float]) -> None:
    columns = {"ID": ("", [1.0, 1.0]), "VDATE": (date_format, dates)}
    columns |= {f"PEG{n}": ("", [8.0, 4.0]) for n in (1, 2, 3)}
    Path("in.xpt").write_bytes(transport(columns))


HOW = ("in.xpt", "--instrument", "peg", "--columns", "PEG{n}")


@pytest.mark.parametrize("shown", ["DATE", "MMDDYY", "YYMMDDN", "E8601DA"])
def test_sas_dates_are_dates_by_their_format(run: Run, shown: str) -> None:
    """24,111 and 24,293 days after 1 January 1960 are 5 January and 6 July 2026."""
    pytest.importorskip("pyreadstat", reason="SAS transport files need the extra sas")
    sas_file(shown, [24111, 24293])
    assert changes(run, *HOW, "--id", "ID", "--date", "VDATE") == [(8, 4, -4)]
    _, out, _ = run("score", *HOW)
    assert [line.split(",")[:2] for line in out.splitlines()[1:]] == [
        ["1", "2026-01-05"],
        ["1", "2026-07-06"],
    ]


def test_sas_time_stamps_are_of_their_day(run: Run) -> None:
    pytest.importorskip("pyreadstat", reason="SAS transport files need the extra sas")
    sas_file("DATETIME", [24111 * 86_400 + 3_600, float("nan")])
    _, out, _ = run("score", *HOW)
    assert [line.split(",")[1] for line in out.splitlines()[1:]] == ["2026-01-05T01:00:00.000000", ""]


def test_sas_numbers_without_a_format_of_dates_are_no_dates(run: Run) -> None:
    pytest.importorskip("pyreadstat", reason="SAS transport files need the extra sas")
    sas_file("BEST", [24111, 24293])
    code, _, err = run("change", *HOW, "--id", "ID", "--date", "VDATE")
    assert code == 1
    assert "holds numbers" in err
    assert changes(run, *HOW, "--id", "ID", "--date", "VDATE", "--date-format", "sas") == [(8, 4, -4)]
    sas_file("DATE", [24111, 9e9])  # no date that SAS has
    _, out, _ = run("score", *HOW)
    assert [line.split(",")[1] for line in out.splitlines()[1:]] == ["24111", "9000000000"]
