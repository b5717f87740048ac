"""Files as they come: the command line tells what stands in the way, and the option that settles it."""

from __future__ import annotations

import csv
import io
import re
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from ipm_outcomes.cli import main

PHQ9 = [f"phq9_q{n}" for n in range(1, 10)]
PCS = [f"pcs_q{n}" for n in range(1, 14)]

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run a command in a folder of its own; words of the command may be written in one text."""
    monkeypatch.chdir(tmp_path)

    def call(command: str, *more: str) -> tuple[int, str, str]:
        code = main([*shlex.split(command), *more])
        told = capsys.readouterr()
        return code, told.out, told.err

    return call


def write(name: str, header: list[str], *rows: list[Any]) -> None:
    with Path(name).open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([header, *rows])


def scored(out: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(out)))


def finding(out: str, code: str) -> str:
    """A finding with its instrument and columns, its rows, and the option that settles it, with single spaces."""
    (line,) = [line for line in out.splitlines() if line.startswith(f"{code} ")]
    found = re.fullmatch(r"(.*\d+ of \d+)  +\S.*?(  +--.*)?", line)
    assert found
    return re.sub(r" +", " ", found[1] + (found[2] or ""))


def numbers(out: str, scale: str) -> list[str]:
    """The first row of a scale in a summary."""
    return next(line.split() for line in out.splitlines() if line.startswith(f"{scale} "))


# -- coding ----------------------------------------------------------------------------------------

FROM_ONE = [
    [*[1] * 7, 2, *[1] * 5],
    [2, 1, 2, 2, 1, 3, 1, 4, 2, 2, 3, 1, 2],
    [5, 4, 5, 4, 5, 5, 4, 5, 5, 5, 5, 4, 5],
    [4, 4, 3, 4, 4, 4, 2, 5, 4, 4, 4, 3, 4],
    [3, 2, 2, 3, 2, 3, 1, 4, 3, 3, 4, 2, 2],
    [5] * 13,
]
TOTALS = [sum(form) - 13 for form in FROM_ONE]


def counted_from_one() -> None:
    rows = [[f"p{n}", "2026-01-05", *form] for n, form in enumerate(FROM_ONE)]
    write("in.csv", ["patient_id", "date", *PCS], *rows)


def test_cells_counted_from_one_are_told_and_no_mean_is_printed(run: Run) -> None:
    counted_from_one()
    code, out, _ = run("check in.csv")
    assert code == 1
    assert finding(out, "coding_from_one") == "coding_from_one pcs pcs_q1 to pcs_q13 6 of 6 --coding position"
    assert "cells hold 5 and none is 0" in out
    code, out, _ = run("report in.csv")
    assert code == 1
    assert "--coding position would read them so, --coding pcs=answer says that they are right" in out
    assert "mean" not in out.split("How to read this")[0]
    assert "taken as not answered" not in out
    for option in ("", "--invalid null", "--tidy"):
        code, out, err = run(f"score in.csv {option}")
        assert (code, out) == (1, "")
        assert "nothing was written" in err
        assert "--coding position" in err
        assert "--invalid" not in err
    code, out, err = run("change in.csv")
    assert (code, out) == (1, "")
    assert "--coding position" in err


@pytest.mark.parametrize("option", ["--coding position", "--coding pcs=position"])
def test_the_option_reads_them(run: Run, option: str) -> None:
    counted_from_one()
    assert TOTALS == [1, 13, 48, 36, 21, 52]
    code, out, _ = run(f"score in.csv {option}")
    assert code == 0
    assert [float(row["pcs_total"]) for row in scored(out)] == TOTALS
    code, out, _ = run(f"report in.csv {option}")
    assert code == 0
    assert numbers(out, "total")[1:5] == ["6", "6", "6", f"{sum(TOTALS) / 6:.2f}"]


def test_a_coding_that_is_declared_right_is_not_doubted(run: Run) -> None:
    counted_from_one()
    code, out, err = run("score in.csv --coding pcs=answer --invalid null")
    assert code == 0
    assert "23 wrong cells taken as not answered" in err
    assert [row["pcs_invalid"] for row in scored(out)] == ["0", "0", "9", "1", "0", "13"]


def test_other_instruments_are_reported_beside_one_of_open_coding(run: Run) -> None:
    rows = [[f"p{n}", "2026-01-05", *form, 3] for n, form in enumerate(FROM_ONE)]
    write("in.csv", ["patient_id", "date", *PCS, "nps_recommend"], *rows)
    code, out, _ = run("report in.csv")
    assert code == 1
    assert numbers(out, "rating")[1:5] == ["6", "6", "6", "3.00"]
    assert "CODING: pcs:" in out
    assert finding(out, "coding_from_one").endswith("--coding pcs=position")


def test_twenty_forms_without_a_lowest_answer_print_no_mean(run: Run) -> None:
    write("in.csv", PHQ9, *([1 + (n + row) % 3 for n in range(9)] for row in range(20)))
    code, out, _ = run("report in.csv")
    assert code == 1
    assert finding(out, "coding_suspected").endswith("--coding position")
    assert "mean" not in out.split("How to read this")[0]
    assert run("score in.csv")[0] == 1
    assert run("score in.csv --coding answer")[0] == 0


# -- words and codes for no answer -----------------------------------------------------------------


def words_for_no_answer() -> None:
    rows = [["1"] * 8 + ["0"], ["NA"] * 9, ["NA"] * 9, ["1", "NA", *["1"] * 7]]
    write(
        "in.csv",
        ["patient_id", "date", *PHQ9],
        *([f"p{n}", "2026-01-05", *row] for n, row in enumerate(rows)),
    )


def test_words_for_no_answer_that_were_declared(run: Run) -> None:
    words_for_no_answer()
    for option in ("NA", "phq9=NA", "7,9,na", "phq9=7,9 --not-answered NA"):
        code, out, _ = run(f"score in.csv --not-answered {option}")
        assert code == 0
        rows = scored(out)
        assert [row["phq9_total"] for row in rows] == ["8.0", "", "", ""]
        assert [row["phq9_total_absent"] for row in rows] == [
            "",
            "no_answers",
            "no_answers",
            "too_few_answers",
        ]
        assert [row["phq9_flag_self_harm"] for row in rows] == ["not raised", "", "", "raised"]
    code, out, _ = run("report in.csv --not-answered NA")
    assert code == 0
    assert numbers(out, "Thoughts")[-3:] == ["2", "1", "0"]
    assert out.count("2 rows hold no answer") == 1


def test_words_for_no_answer_that_were_not_declared(run: Run) -> None:
    words_for_no_answer()
    code, out, _ = run("report in.csv")
    assert code == 1
    assert finding(out, "missing_word") == "missing_word phq9 phq9_q1 to phq9_q9 3 of 4 --not-answered NA"
    assert numbers(out, "Thoughts")[-3:] == ["2", "1", "0"]  # a form of nothing else is a blank form
    assert finding(run("check in.csv")[1], "missing_word").endswith("--not-answered NA")
    code, out, err = run("score in.csv")
    assert (code, out) == (1, "")
    assert "declare what means no answer (--not-answered NA)" in err


def test_words_with_commas_and_by_instrument(run: Run) -> None:
    write("in.csv", [*PHQ9, "nps_recommend"], [*["7"] * 9, "7"], [*["No, thanks"] * 9, "No, thanks"])
    code, out, _ = run(
        "score in.csv", "--not-answered", 'phq9=7,"No, thanks"', "--not-answered", 'nps="no, Thanks"'
    )
    assert code == 0
    assert [row["nps_rating"] for row in scored(out)] == ["7.0", ""]
    assert [row["phq9_total_absent"] for row in scored(out)] == ["no_answers"] * 2


def test_the_option_that_is_told_settles_the_finding(run: Run) -> None:
    """Each option as it is printed, given back to the program."""
    cells = ["0", "9", "NA", "2", "Don't know"]
    rows = [
        [*[cell] * 9, *[str(n)] * 13, site]
        for n, (cell, site) in enumerate(zip(cells, "NNnNN", strict=True), 1)
    ]
    header = [f"PHQ9_{n}" for n in range(1, 10)] + [f"pcs_q{n}" for n in range(1, 14)] + ["site"]
    write("in.csv", header, *rows)
    given, told = "", dict[str, str]()
    for _ in range(3):
        _, out, _ = run(f"check in.csv {given}")
        for line in out.splitlines()[1:]:
            code, _, option = line.partition("  --")
            if option:
                told[code.split()[0]] = f"--{option}"
        given = " ".join(dict.fromkeys(told.values()))
    assert set(told) == {
        "columns_missing",
        "coding_from_one",
        "missing_code",
        "missing_word",
        "group_spelling",
    }
    found, out, _ = run(f"check in.csv {given}")
    assert found == 0
    assert [line.split()[0] for line in out.splitlines()[1:-1]] == ["instrument_found"] * 2


# -- columns ---------------------------------------------------------------------------------------


def test_two_instruments_with_names_of_their_own(run: Run) -> None:
    header = ["patient_id", "date", *(f"PHQ9_{n}" for n in range(1, 10)), *(f"GAD7_{n}" for n in range(1, 8))]
    write("in.csv", header, ["a", "2026-01-05", *[1] * 16], ["a", "2026-07-06", *[0] * 16])
    options = "--columns phq9=PHQ9_{n} --columns gad7=GAD7_{n}"
    code, out, _ = run(f"score in.csv {options}")
    assert code == 0
    assert [(row["phq9_total"], row["gad7_total"]) for row in scored(out)] == [("9.0", "7.0"), ("0.0", "0.0")]
    code, out, _ = run(f"report in.csv {options}")
    assert code == 0
    gad7, phq9 = out.split("(gad7)")[1].split("(phq9)")
    assert numbers(gad7, "total")[4:8:3] == ["3.50", "7.00"]
    assert numbers(phq9, "total")[4:8:3] == ["4.50", "9.00"]
    code, out, _ = run("check in.csv")
    assert code == 1
    assert out.count("columns_missing") == 2
    assert "--columns 'phq9=PHQ9_{n}'" in out
    assert "--columns 'phq9=PHQ9_{n}'" in run("score in.csv")[2]


def test_no_instrument_is_left_out_without_a_word(run: Run) -> None:
    write("in.csv", ["nps_recommend", *(f"PHQ9_{n}" for n in range(1, 10))], [9, *[1] * 9])
    code, out, _ = run("report in.csv")
    assert code == 1
    assert numbers(out, "rating")[1:5] == ["1", "1", "1", "9.00"]
    assert finding(out, "columns_missing").endswith("--columns 'phq9=PHQ9_{n}'")
    assert run("report in.csv --instrument nps")[0] == 0


@pytest.mark.parametrize("tidy", ["", " --tidy"])
def test_score_tells_of_an_instrument_that_it_leaves_out(run: Run, tidy: str) -> None:
    write(
        "in.csv", ["nps_recommend", "date", *(f"PHQ9_{n}" for n in range(1, 10))], [9, "1/5/2026", *[1] * 9]
    )
    code, out, err = run("score in.csv" + tidy)
    assert code == 1
    assert "columns_missing" in err
    assert "--columns 'phq9=PHQ9_{n}'" in err
    assert len(scored(out)) == 1
    assert ("--date-format" in err) is bool(tidy)  # without it dates stay as they are
    assert run("score in.csv --columns phq9=PHQ9_{n}")[0] == 0


@pytest.mark.parametrize(("total", "code"), [("7", 0), ("", 0), ("12", 0)])
def test_a_total_after_the_last_item_is_not_taken_for_a_question(run: Run, total: str, code: int) -> None:
    """What stands after the last item may be a further question as well as the total: it is left alone."""
    header = [f"gad7_{n}" for n in range(1, 9)]
    write("in.csv", header, [*[1] * 7, total])
    _, out, _ = run("check in.csv")
    option = finding(out, "columns_missing").partition(" --")[2]
    found, out, _ = run(f"score in.csv --{option}")
    assert found == code
    assert scored(out)[0]["gad7_total"] == "7.0"


def test_quotes_and_line_ends_in_headers(run: Run) -> None:
    first, second = "Little interest,\nor pleasure", 'Feeling "down", depressed'
    write("in.csv", ["id", first, second], ["a", 2, 1])
    options = ["--columns", f"q1={first}", "--columns", f"q2={second}"]
    code, out, _ = run("score in.csv --instrument phq9 --scales phq2", *options)
    assert code == 0
    assert list(scored(out)[0])[:3] == ["id", first, second]
    assert scored(out)[0]["phq9_phq2"] == "3.0"


def test_headers_are_taken_whole_commas_included(run: Run) -> None:
    first = "1. How often, in two weeks, little interest or pleasure?"
    second = "2. How often feeling down, depressed, or hopeless? q1=x,q2=y"
    write("in.csv", ["id", first, second], ["a", 2, 1])
    for prefix, named in (
        ("", "--instrument phq9 --scales phq2"),
        ("phq9.", "--instrument phq9 --scales phq2"),
    ):
        code, out, _ = run(
            f"score in.csv {named}", "--columns", f"{prefix}q1={first}", "--columns", f"{prefix}q2={second}"
        )
        assert code == 0
        assert scored(out)[0]["phq9_phq2"] == "3.0"


def test_patterns_that_hold_signs_of_their_own(run: Run) -> None:
    write("in.csv", [f"a=b, {n}" for n in range(1, 8)], [1] * 7)
    for options in (["--columns", "gad7=a=b, {n}"], ["--instrument", "gad7", "--columns", "a=b, {n}"]):
        code, out, _ = run("score in.csv", *options)
        assert code == 0
        assert scored(out)[0]["gad7_total"] == "7.0"


# -- rows and labels -------------------------------------------------------------------------------


def test_further_header_rows(run: Run) -> None:
    labels = ["Several days", "More than half the days", "Not at all", "Nearly every day"]
    write(
        "in.csv",
        ["StartDate", *PHQ9],
        ["Start Date", *(f"Over the last 2 weeks, how often {n}" for n in range(9))],
        ['{"ImportId":"startDate"}', *(f'{{"ImportId":"QID1_{n}"}}' for n in range(9))],
        ["2026-01-05 10:00:00", 1, 1, 1, 1, 1, 1, 1, 1, 0],
        [
            "2026-01-06 10:00:00",
            *labels,
            "Not at all",
            "Not at all",
            "Several days",
            "Not at all",
            "Not at all",
        ],
    )
    code, out, _ = run("report in.csv --skip-rows 2")
    assert code == 0
    assert "2 rows" in out
    assert numbers(out, "total")[1:4] == ["2", "2", "2"]
    assert numbers(out, "total")[4:] == ["7.50", "0.71", "7.00", "8.00"]  # 8 and 1 + 2 + 3 + 1 = 7
    assert numbers(out, "Thoughts")[-3:] == ["2", "0", "0"]
    code, out, _ = run("check in.csv")
    assert code == 1
    assert finding(out, "header_rows").endswith("2 of 4 --skip-rows 2")
    assert "further rows of the header: --skip-rows 2 leaves them out" in run("score in.csv")[2]
    # Rows keep the line of the file.
    Path("in.csv").write_text(
        Path("in.csv").read_text(encoding="utf-8").replace("00,1,1", "00,1,4"), encoding="utf-8"
    )
    assert "row 0 (line 4), column phq9_q2: 4" in run("check in.csv --skip-rows 2")[1]


def test_labels_that_carry_their_number(run: Run) -> None:
    answers = ["Not at all", "Several days", "More than half the days", "Nearly every day"]
    order = [0, 1, 2, 3, 0, 0, 0, 0, 0]
    write(
        "in.csv",
        ["id", *PHQ9],
        ["a", *(f"{n} - {answers[n]}" for n in order)],
        ["b", *(f"{answers[n]} ({n})" for n in order)],
        ["c", *("Over half the days" if n == 2 else answers[n] for n in order)],
    )
    code, out, _ = run("score in.csv")
    assert code == 0
    assert [row["phq9_total"] for row in scored(out)] == ["6.0"] * 3
    write("in.csv", PHQ9, [f"{n + 1} - {answers[n]}" for n in order])
    assert run("score in.csv")[0] == 1
    assert scored(run("score in.csv --coding position")[1])[0]["phq9_total"] == "6.0"


def test_blank_rows_are_counted_once_and_move_nothing(run: Run) -> None:
    peg = ["peg_pain", "peg_enjoyment", "peg_activity"]
    write("in.csv", ["site", *peg], ["N", 8, 8, 8], ["N", 4, 4, 4], ["", "", "", ""], [" ", " ", " ", " "])
    code, out, _ = run("check in.csv")
    assert code == 0
    assert finding(out, "blank_rows") == "blank_rows peg_pain, peg_enjoyment, peg_activity 2 of 4"


# -- scores that are in the file, groups ---------------------------------------------------------


@pytest.mark.parametrize(("recorded", "code", "rows"), [("8", 0, "0 of 2"), ("9", 1, "1 of 2")])
def test_recorded_scores_are_compared_and_never_refuse_a_report(
    run: Run, recorded: str, code: int, rows: str
) -> None:
    write(
        "in.csv",
        ["patient_id", "date", *PHQ9, "phq9_total"],
        ["a", "2026-01-05", *[1] * 8, 0, recorded],
        ["a", "2026-07-06", *[0] * 9, 0],
    )
    for command in ("check", "report"):
        found, out, _ = run(f"{command} in.csv")
        assert found == code
        assert finding(out, "recorded_scores") == f"recorded_scores phq9 phq9_total {rows} --replace"
    run("report in.csv -o page.html")
    page = Path("page.html").read_text(encoding="utf-8")
    agrees = rows.startswith("0 ")
    assert ("and agree with the answers" in page, "and differ from the answers" in page) == (
        agrees,
        not agrees,
    )
    assert run("report in.csv --replace")[0] == 0
    assert run("change in.csv")[0] == code
    told, out, err = run("score in.csv")
    assert (told, out) == (2, "")
    assert "'phq9_total'" in err
    assert "--replace" in err
    told, out, _ = run("score in.csv --replace")
    assert told == 0
    assert [row["phq9_total"] for row in scored(out)] == ["8.0", "0.0"]


def test_a_file_that_was_scored_here_is_reported(run: Run) -> None:
    write(
        "in.csv",
        ["patient_id", "date", *PHQ9],
        ["a", "2026-01-05", *[1] * 9],
        ["b", "2026-01-05", *[2] * 8, ""],
    )
    assert run("score in.csv -o again.csv")[0] == 0
    code, out, _ = run("report again.csv")
    assert code == 0
    assert finding(out, "recorded_scores").endswith("0 of 2 --replace")
    assert numbers(out, "Thoughts")[-2:] == ["1", "1"]
    assert run("score again.csv --replace -o third.csv")[0] == 0
    assert pl.read_csv("third.csv", infer_schema=False).equals(pl.read_csv("again.csv", infer_schema=False))


def test_group_names(run: Run) -> None:
    rows = [[site, 9] for site in ("North", "north ", "NORTH", "North", "South")]
    write("in.csv", ["site", "nps_recommend"], *rows)
    code, out, _ = run("check in.csv")
    assert code == 0
    assert finding(out, "group_spelling") == "group_spelling site 2 of 5 --group-names site=merge"
    code, out, _ = run("report in.csv --site site --group-names site=merge")
    assert code == 0
    assert "2 sites" in out
    assert "group_spelling" not in out
    code, out, _ = run(
        "report in.csv --site site", "--group-names", "site:north =North", "--group-names", "site:NORTH=North"
    )
    assert "2 sites" in out


def test_the_html_report_tells_an_open_coding_and_gives_no_figure_of_it(run: Run) -> None:
    pytest.importorskip("vl_convert")
    rows = []
    for n in range(30):
        for day, level in (("2024-01-05", 8), ("2024-07-05", 4)):
            rows.append([f"p{n}", day, "N", *FROM_ONE[n % 5], *[level - n % 3] * 3])
    peg = ["peg_pain", "peg_enjoyment", "peg_activity"]
    write("in.csv", ["patient_id", "date", "site", *PCS, *peg], *rows)
    code, out, err = run("report in.csv -o report.html")
    assert (code, out) == (1, "")
    assert "--coding pcs=position" in err
    page = Path("report.html").read_text(encoding="utf-8")
    assert "Pain Catastrophizing Scale: the answers look as if they were counted from 1" in page
    assert "--coding pcs=position" in page
    assert "pcs.total" not in page
    assert page.count("Pain Catastrophizing Scale") == 2  # in print, and in the appendix
    assert page.count("Pain Catastrophizing Scale: the answers look as if") == 2
    assert run("report in.csv --coding pcs=position -o second.html")[0] == 0
    assert "counted from 1" not in Path("second.html").read_text(encoding="utf-8")
    # Nothing but that instrument: no report at all.
    write("in.csv", ["patient_id", "date", *PCS], *(row[:2] + row[3:16] for row in rows))
    code, _, err = run("report in.csv -o third.html")
    assert code == 1
    assert "nothing was written" in err
    assert not Path("third.html").exists()


def test_group_names_of_the_episodes_are_those_of_the_answers(run: Run) -> None:
    pytest.importorskip("vl_convert")
    peg = ["peg_pain", "peg_enjoyment", "peg_activity"]
    rows = [
        [f"p{n}", day, "North" if n < 20 else "South", *[level] * 3]
        for n in range(40)
        for day, level in (("2024-01-05", 8), ("2024-07-05", 4))
    ]
    write("in.csv", ["patient_id", "date", "site", *peg], *rows)
    sites = ["NORTH"] * 15 + ["north "] * 5 + ["South"] * 20
    episodes = [[f"p{n}", 1, "2024-01-05", site] for n, site in enumerate(sites)]
    write("episodes.csv", ["patient_id", "episode", "start_date", "site"], *episodes)
    command = "report in.csv --episodes episodes.csv --as-of 2024-12-31 --policy none"
    assert run(f"{command} -o report.html")[0] == 0
    told = Path("report.html").read_text(encoding="utf-8")
    assert "site of the episodes" in told
    assert "--group-names site=merge" in told
    assert run(f"{command} --group-names site=merge -o merged.html")[0] == 0
    merged = Path("merged.html").read_text(encoding="utf-8")
    assert "site of the episodes" not in merged
    assert "North" in merged
    assert "NORTH" not in merged


# -- dates ----------------------------------------------------------------------------------------


def test_no_format_is_advised_for_a_slip_among_dates_that_are_read(run: Run) -> None:
    """No format reads the 30th of February; the other days are ISO text."""
    peg = ["peg_pain", "peg_enjoyment", "peg_activity"]
    days = ("2026-01-05", "2026-07-06", "2026-02-30")
    write("in.csv", ["patient_id", "date", *peg], *(["a", day, 8, 8, 8] for day in days))
    for command in ("check", "change", "report"):
        code, out, err = run(f"{command} in.csv")
        assert code == 1
        assert "dates_unreadable" in out + err
        assert "--date-format" not in out + err


# -- columns of numbers ---------------------------------------------------------------------------


def test_a_report_advises_no_option_that_it_does_not_have(run: Run) -> None:
    """It takes other text as not answered on its own, and says so."""
    head = ["patient_id", "date", "peg_pain", "peg_enjoyment", "peg_activity"]
    write("in.csv", head, ["a", "2026-01-05", 8, 8, 8], ["a", "2026-07-06", 4, "much", 4])
    _, out, _ = run("check in.csv")
    assert "--invalid null" in out
    for output in ("", " -o report.html", None):
        _, out, err = run("change in.csv" if output is None else "report in.csv" + output)
        assert "text_in_numbers" in out + err
        assert "--invalid" not in out + err + (Path("report.html").read_text("utf-8") if output else "")


@pytest.mark.parametrize("attended", ["5", " 5 ", "some"])
def test_sessions_in_a_csv_file_of_episodes_are_numbers(run: Run, attended: str) -> None:
    """All cells of a CSV file are text; adherence needs numbers. What is no number is not known, and told."""
    head = ["patient_id", "date", "peg_pain", "peg_enjoyment", "peg_activity"]
    visits = (("2026-01-05", 8), ("2026-07-06", 4))
    write("in.csv", head, *([who, day, n, n, n] for who in ("a", "b") for day, n in visits))
    columns = ["patient_id", "episode", "start_date", "planned_sessions", "attended_sessions"]
    write("ep.csv", columns, ["a", 1, "2026-01-05", 20, 14], ["b", 1, "2026-01-05", 10, attended])
    code, _, err = run("report in.csv --episodes ep.csv --policy none -o report.html")
    page = Path("report.html").read_text("utf-8")
    row = page[page.index("Sessions attended of those planned") :].split("</tr>")[0]
    unread = attended == "some"
    assert ("14 of 20" if unread else "19 of 30") in row
    assert code == (1 if unread else 0)
    for told in (err, page):
        assert ("attended_sessions of the episodes" in told) is unread


@pytest.mark.parametrize(("again", "code"), [(8, 0), (9, 1)])
def test_a_form_entered_twice_is_a_problem_where_one_has_other_answers(
    run: Run, again: int, code: int
) -> None:
    days = ("2026-01-05", "2026-01-05", "2026-07-06")
    rows = [["a", day, n, n, n] for day, n in zip(days, (8, again, 4), strict=True)]
    write("in.csv", ["patient_id", "date", "peg_pain", "peg_enjoyment", "peg_activity"], *rows)
    found, out, _ = run("report in.csv")
    assert found == code
    assert f"{code} of them with other answers" in out


@pytest.mark.parametrize("rows", [[], [["a", "2026-01-05", *[""] * 9]], [["", "", *[""] * 9]] * 2])
def test_a_file_without_any_answer_gives_no_result(run: Run, rows: list[list[str]]) -> None:
    write("in.csv", ["patient_id", "date", *(f"phq9_q{n}" for n in range(1, 10))], *rows)
    code, out, _ = run("check in.csv")
    assert code == 1
    assert "no row holds an answer" in out
    for command in ("score in.csv -o out.csv", "change in.csv -o out.csv", "report in.csv -o out.html"):
        code, out, err = run(command)
        assert code == 1
        assert "no row holds an answer" in err
        assert err.endswith("nothing was written\n")
        assert not [*Path().glob("out.*")]


def test_ids_of_another_spelling_are_told_and_merged_where_asked_for(run: Run) -> None:
    names = ["patient_id", "date", "nps_recommend"]
    write("in.csv", names, ["007", "2026-01-05", 9], ["7", "2026-07-06", 3], ["b", "2026-01-05", 9])
    code, out, _ = run("check in.csv")
    assert code == 0
    assert finding(out, "group_spelling") == "group_spelling patient_id 1 of 3 --group-names patient_id=merge"
    write("in.csv", ["patient_id", "date", *(f"phq9_q{n}" for n in range(1, 10))],
          ["007", "2026-01-05", *[2] * 9], ["7", "2026-07-06", *[1] * 9])  # fmt: skip
    code, _, err = run("change in.csv --target '6 months=182:137..227' -o apart.csv")
    assert "group_spelling: patient_id: " in err
    assert run("change in.csv --group-names patient_id=merge -o one.csv")[0] == 0
    apart, one = (pl.read_csv(name)["followup"].drop_nulls().to_list() for name in ("apart.csv", "one.csv"))
    assert (apart, one) == ([], [9.0, 8.0, 2.0])  # total, PHQ-8 and PHQ-2
