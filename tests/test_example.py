"""The example export: made again byte for byte, counted, and with its wrong cells where they belong."""

import csv
import re
import runpy
from collections import Counter
from datetime import date
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[1] / "examples" / "clinic"
README = (FOLDER / "README.md").read_text(encoding="utf-8")


def rows_of(name: str) -> list[dict[str, str]]:
    with (FOLDER / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


CLINIC = rows_of("clinic.csv")
MESSY = rows_of("clinic_messy.csv")
EPISODES = rows_of("episodes.csv")
KEYS = ["patient_id", "episode", "site", "date", "visit"]

# Item codes of PROMIS-29 v2.1 in the order of the form; ranges as printed on the six forms.
PROMIS = {
    "function": ["pfa11", "pfa21", "pfa23", "pfa53"],
    "anxiety": ["edanx01", "edanx40", "edanx41", "edanx53"],
    "depression": ["eddep04", "eddep06", "eddep29", "eddep41"],
    "fatigue": ["hi7", "an3", "fatexp41", "fatexp40"],
    "sleep": ["sleep109", "sleep116", "sleep20", "sleep44"],
    "participation": ["srpper11_caps", "srpper18_caps", "srpper23_caps", "srpper46_caps"],
    "interference": ["painin9", "painin22", "painin31", "painin34"],
}
RANGES = (
    {f"peg_{item}": (0, 10) for item in ("pain", "enjoyment", "activity")}
    | {f"phq9_q{n}": (0, 3) for n in range(1, 10)}
    | {"phq9_difficulty": (0, 3)}
    | {f"gad7_q{n}": (0, 3) for n in range(1, 8)}
    | {"gad7_difficulty": (0, 3)}
    | {f"promis29_{code}": (1, 5) for codes in PROMIS.values() for code in codes}
    | {"promis29_global07": (0, 10)}
    | {f"pcs_q{n}": (0, 4) for n in range(1, 14)}
    | {"nps_recommend": (0, 10)}
)
LABELS = (
    "Not at all",
    "Several days",
    "More than half the days",
    "Nearly every day",
)  # of the GAD-7, as printed
# (row below the header, column, text): the whole list of cells that are no answer.
WRONG_CELLS = [
    (32, "peg_activity", "11"),
    (152, "phq9_q4", "4"),
    (307, "gad7_q2", "1.5"),
    (469, "promis29_sleep116", "0"),
    (623, "promis29_global07", "999"),
    (777, "pcs_q6", "skipped"),
    (932, "pcs_q11", "5"),
    (1063, "nps_recommend", "-9"),
]


def readme_table(heading: str) -> list[list[str]]:
    """Cells of the first table under a heading of the README, without its two header lines."""
    section = README.split(f"\n## {heading}\n")[1].split("\n## ")[0]
    lines = [line for line in section.splitlines() if line.startswith("|")]
    return [[cell.strip().replace("`", "") for cell in line.strip("|").split("|")] for line in lines[2:]]


def key(row: dict[str, str]) -> tuple[str, str]:
    return row["patient_id"], row["episode"]


def answer(row: dict[str, str], column: str) -> int | None:
    """The answer in a cell; None where it is empty or no answer at all."""
    text = row[column]
    low, high = RANGES[column]
    return int(text) if text.isdecimal() and low <= int(text) <= high else None


def test_the_script_writes_the_committed_files_again(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    runpy.run_path(str(FOLDER / "make.py"))["main"](tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "clinic.csv",
        "clinic_messy.csv",
        "episodes.csv",
    ]
    for made in tmp_path.iterdir():
        assert made.read_bytes() == (FOLDER / made.name).read_bytes()
    assert capsys.readouterr().out.splitlines() == [
        "clinic.csv: 1262 rows, 69 columns",
        "episodes.csv: 430 rows, 10 columns",
        "clinic_messy.csv: 1268 rows, 69 columns",
    ]


def test_columns_and_size() -> None:
    assert list(CLINIC[0]) == KEYS + list(RANGES)
    assert (FOLDER / "clinic.csv").stat().st_size < 600_000
    assert list(EPISODES[0]) == [
        *["patient_id", "episode", "start_date", "site", "age", "sex", "status", "end_date"],
        *["planned_sessions", "attended_sessions"],
    ]


def test_wrong_cells_are_exactly_those_listed() -> None:
    words = {label: str(code) for code, label in enumerate(LABELS)}
    found = [
        (position, column, row[column])
        for position, row in enumerate(MESSY)
        for column in RANGES
        if row[column] and row[column] not in words and answer(row, column) is None
    ]
    assert found == WRONG_CELLS
    listed = [(int(row), column, cell) for row, column, cell, _ in readme_table("The wrong cells")]
    assert listed == WRONG_CELLS
    assert not [row for row in CLINIC for column in RANGES if row[column] and answer(row, column) is None]


def test_the_messy_export_is_the_clean_one_but_for_what_is_listed() -> None:
    wrong = {(position, column) for position, column, _ in WRONG_CELLS}
    odd, again = [], []
    clean = {(row["patient_id"], row["date"]): row for row in CLINIC}
    assert len(clean) == len(CLINIC)
    for position, row in enumerate(MESSY):
        day = row["date"]
        if row["site"] == "Hilltop" and re.fullmatch(r"\d\d/\d\d/\d{4}", day):
            day = f"{day[6:]}-{day[:2]}-{day[3:5]}"
        elif row["site"] == "Hilltop" or (row["patient_id"], day) not in clean:
            odd.append(row["date"])
            continue
        same = clean[row["patient_id"], day]
        answers = {
            column: str(LABELS.index(row[column])) if row[column] in LABELS else row[column]
            for column in RANGES
        }
        assert all(row[column] in ("", *LABELS) for n in range(1, 8) if row["site"] == "Hilltop"
                   for column in [f"gad7_q{n}"])  # fmt: skip
        differ = [c for c in RANGES if answers[c] != same[c] and (position, c) not in wrong]
        again += [position] if differ else []
    assert sorted(odd) == ["", "1925-03-14", "2025-02-30", "next Tuesday"]
    assert len(again) == len(MESSY) - len(CLINIC)  # of each form entered twice, the first has another answer


def test_counts_are_those_of_the_readme() -> None:
    baselines = [row for row in CLINIC if row["visit"] == "baseline"]
    baseline_days = Counter(episode for episode, _ in {(key(row), row["date"]) for row in baselines})
    episodes = {key(row) for row in EPISODES}
    counts = {
        "patients in episodes.csv": len({row["patient_id"] for row in EPISODES}),
        "episodes": len(episodes),
        "second episodes": sum(row["episode"] == "2" for row in EPISODES),
        "patients in clinic.csv": len({row["patient_id"] for row in CLINIC}),
        "rows of clinic.csv": len(CLINIC),
        "rows of clinic_messy.csv": len(MESSY),
        "episodes without any visit": len(episodes - {key(row) for row in CLINIC}),
        "episodes without a baseline": len(episodes - {key(row) for row in baselines}),
        "episodes with baselines on two days": sum(days > 1 for days in baseline_days.values()),
        "answers above 0 to phq9_q9": sum((answer(row, "phq9_q9") or 0) > 0 for row in CLINIC),
        "wrong cells": len(WRONG_CELLS),
    }
    counts |= {f"episodes with status {s}": n for s, n in Counter(r["status"] for r in EPISODES).items()}
    counts |= {f"episodes at {s}": n for s, n in Counter(r["site"] for r in EPISODES).items()}
    counts |= {f"rows labeled {v}": n for v, n in Counter(r["visit"] for r in CLINIC).items()}
    assert counts == {what: int(count) for what, count in readme_table("Counts")}


def test_every_visit_belongs_to_one_episode() -> None:
    sites = {key(row): row["site"] for row in EPISODES}
    assert len(sites) == len(EPISODES)
    assert all(sites[key(row)] == row["site"] for row in CLINIC)
    # Listed by patient and date, and an episode's visits are not interleaved with another's.
    order = [(row["patient_id"], row["date"], row["episode"]) for row in CLINIC]
    assert order == sorted(order)
    assert [key(row) for row in CLINIC] == sorted(key(row) for row in CLINIC)


def test_dates_and_sessions_are_plausible() -> None:
    as_of = date(2026, 6, 30)
    for row in EPISODES:
        start = date.fromisoformat(row["start_date"])
        assert date(2024, 1, 1) <= start <= date(2025, 12, 31)
        assert (row["status"] == "active") == (row["end_date"] == "")
        assert not row["end_date"] or start < date.fromisoformat(row["end_date"]) <= as_of
        assert 0 <= int(row["attended_sessions"]) <= int(row["planned_sessions"])
        assert 18 <= int(row["age"]) <= 89
        assert row["sex"] in ("F", "M", "X")
    starts = {key(row): date.fromisoformat(row["start_date"]) for row in EPISODES}
    days = [((date.fromisoformat(row["date"]) - starts[key(row)]).days, row) for row in CLINIC]
    assert max(date.fromisoformat(row["date"]) for row in CLINIC) <= as_of
    assert all(-78 <= day <= 430 for day, _ in days)
    # Some baselines lie outside the usual window of -30 to +7 days, most inside.
    inside = [-30 <= day <= 7 for day, row in days if row["visit"] == "baseline"]
    assert 0.85 < sum(inside) / len(inside) < 1
    # The windows of 12 months and 60 days of the last who enrolled are open: some are seen, more are not yet.
    seen = {key(row) for day, row in days if day >= 365 - 60}
    still_open = {episode for episode, start in starts.items() if (as_of - start).days < 365 + 60}
    assert 0 < len(still_open & seen) < len(still_open - seen)


def test_no_cell_holds_anything_but_codes_dates_and_numbers() -> None:
    allowed = re.compile(
        r"P\d{4}|Lakeside|Hilltop|Riverbend|baseline|(3|6|12) months|202[3-6]-\d\d-\d\d|[FMX]"
        r"|active|completed|left|\d{1,2}|"
    )
    cells = [text for row in [*CLINIC, *EPISODES] for text in row.values()]
    assert not [text for text in cells if not allowed.fullmatch(text)]
    us_date = re.compile(r"\d\d/\d\d/202[3-6]")
    cells = [t for row in MESSY for t in row.values() if t not in LABELS and not us_date.fullmatch(t)]
    odd = ["-9", "1.5", "1925-03-14", "999", "next Tuesday", "skipped"]
    assert sorted(text for text in cells if not allowed.fullmatch(text)) == odd


def test_gaps_follow_the_forms() -> None:
    for row in CLINIC:
        if row["visit"] == "baseline":
            assert row["nps_recommend"] == ""
        for form, count in (("phq9", 9), ("gad7", 7)):
            answers = [answer(row, f"{form}_q{n}") for n in range(1, count + 1)]
            if row[f"{form}_difficulty"]:
                # One above 0 was there when the form was filled in; it may be the one left blank.
                assert any(answers) or None in answers
    blank = [row for row in CLINIC if row["phq9_q1"] and not row["phq9_q9"]]
    assert blank  # an unanswered self-harm item on a form that was begun
    for form in ("peg", "phq9", "gad7", "promis29", "pcs"):
        columns = [column for column in RANGES if column.startswith(f"{form}_")]
        skipped = sum(not any(row[column] for column in columns) for row in CLINIC)
        assert 0 < skipped / len(CLINIC) < 0.15


@pytest.mark.parametrize(
    ("columns", "low", "high"),
    [
        # What a chronic-pain program sees at baseline: mean of the sums, give or take what chance may do.
        (["peg_pain", "peg_enjoyment", "peg_activity"], 18.5, 21.0),  # PEG about 6.5
        ([f"phq9_q{n}" for n in range(1, 10)], 10.0, 12.0),  # PHQ-9 about 11
        ([f"gad7_q{n}" for n in range(1, 8)], 7.0, 9.0),  # GAD-7 about 8
        ([f"pcs_q{n}" for n in range(1, 14)], 23.0, 27.0),  # PCS about 25: Hayashi 2022, mean 25.04
        # PROMIS tables: fatigue T 60.7 is a raw sum of 14, sleep disturbance 59.8 of 15, pain interference
        # 63.8 of 14.
        ([f"promis29_{code}" for code in PROMIS["fatigue"]], 12.5, 15.0),
        ([f"promis29_{code}" for code in PROMIS["sleep"]], 13.0, 15.0),
        ([f"promis29_{code}" for code in PROMIS["interference"]], 13.0, 15.0),
    ],
)
def test_levels_are_those_of_chronic_pain_and_improve(columns: list[str], low: float, high: float) -> None:
    means = {}
    for visit in ("baseline", "6 months"):
        sums = []
        for row in CLINIC:
            answers = [answer(row, column) for column in columns]
            if row["visit"] == visit and None not in answers:
                sums.append(sum(value for value in answers if value is not None))
        means[visit] = sum(sums) / len(sums)
    assert low <= means["baseline"] <= high
    assert means["6 months"] < means["baseline"]


def test_higher_is_better_where_the_form_says_so() -> None:
    # Physical function and participation are coded with the better answer as the higher number: both fall
    # as pain interference rises.
    def total(domain: str, row: dict[str, str]) -> int | None:
        answers = [answer(row, f"promis29_{code}") for code in PROMIS[domain]]
        return None if None in answers else sum(value for value in answers if value is not None)

    for better in ("function", "participation"):
        groups: dict[bool, list[int]] = {True: [], False: []}
        for row in CLINIC:
            interference, other = total("interference", row), total(better, row)
            if interference is not None and other is not None:
                groups[interference >= 14].append(other)
        means = {worse: sum(values) / len(values) for worse, values in groups.items()}
        assert means[True] + 1 < means[False]


def test_figures_that_differ_are_named() -> None:
    """Of the tool that compares the example's figures at two revisions."""
    differences = runpy.run_path(str(FOLDER.parents[1] / "tools" / "example_figures.py"))["differences"]
    before = {"scores": {"value": ["1.0", "2.0"], "band": ["'mild'", "None"]}, "gone": {}}
    after = {"scores": {"value": ["1.0", "2.0000000000000004"], "row": ["0"]}, "pairs": {"value": []}}
    assert list(differences(before, before)) == []
    assert list(differences(before, after)) == [
        "gone: only before",
        "pairs: only after",
        "scores, value: first in row 1, ['2.0'] before and ['2.0000000000000004'] after",
        "scores, band: only before",
        "scores, row: only after",
    ]
    longer = {"scores": {"value": ["1.0", "2.0", "3.0"], "band": ["'mild'", "None"]}, "gone": {}}
    assert list(differences(before, longer)) == ["scores, value: first in row 2, [] before and ['3.0'] after"]
