"""What is an assessment, and when it was: blank rows, forms without a date, dates nobody can read, times of one day."""

from __future__ import annotations

from functools import cache
from itertools import cycle
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ipm_outcomes import change, frames, program
from ipm_outcomes.errors import FrameError, UnreadableDatesError
from ipm_outcomes.report.text import summarize

HALF_YEAR = [change.Target("6 months", day=182, days=(137, 227))]
PEG = ("peg_pain", "peg_enjoyment", "peg_activity")
PHQ9 = tuple(f"phq9_q{n}" for n in range(1, 10))
COLUMNS = ("patient_id", "date", "site", *PEG, *PHQ9, "nps_recommend")
Row = tuple[Any, ...]


def visit(patient: Any, day: Any, peg: Any = None, phq9: Any = None, nps: Any = None, site: Any = "A") -> Row:
    return (patient, day, site, *[peg] * 3, *[phq9] * 9, nps)


def answers(rows: list[Row]) -> pl.DataFrame:
    kinds: dict[str, Any] = dict.fromkeys(COLUMNS, pl.Int64)
    return pl.DataFrame(rows, schema=kinds | dict.fromkeys(COLUMNS[:3], pl.String), orient="row")


def figures(data: Any, not_answered: Any = (), **options: Any) -> dict[str, Any]:
    """Every figure of the chain, by table."""
    by = ["patient_id", "date", "site"]
    scores = frames.tidy(data, ["peg", "phq9", "nps"], by=by, not_answered=not_answered)
    changes = change.table(scores, by=["site"], as_of="2025-12-31", **options)
    summary = summarize(scores, site="site")
    return {
        "changes": records(changes),
        "indicators of changes": of_changes(changes),
        "indicators of scores": records(program.table(scores=scores, by=["site"], totals=True)),
        "summary": (summary.rows, summary.scales),
    }


_counted: dict[str, list[dict[str, Any]]] = {}


def of_changes(changes: Any) -> list[dict[str, Any]]:
    """Indicators of a table of changes; equal tables are counted once, which takes most of the time."""
    key = repr((type(changes), list(changes.columns), list(changes.dtypes), records(changes)))
    if key not in _counted:
        _counted[key] = records(program.table(changes, by=["site"], totals=True))
    return _counted[key]


def records(table: Any) -> list[dict[str, Any]]:
    """Rows of a table of either library as Python values."""
    if isinstance(table, pl.DataFrame):
        return table.to_dicts()
    return [
        {
            name: None if pd.isna(cell) else cell.date() if isinstance(cell, pd.Timestamp) else cell
            for name, cell in row.items()
        }
        for row in table.to_dict("records")
    ]


REAL = [
    visit("a", "2024-01-10", 8, 2),
    visit("a", "2024-07-09", 4, 1, 9),
    visit("b", "2024-02-01", 7, None, 3, "B"),
    visit("b", "2024-08-01", 7, 3, None, "B"),
    visit("c", "2024-03-01", 6, 2, 10, "B"),
    visit("d", None, 5, 1),
]


@cache
def figures_of_real() -> dict[str, Any]:
    return figures(answers(REAL))


def test_rows_of_planned_visits_that_did_not_happen_move_nothing() -> None:
    """100 patients with a baseline, 40 with a follow-up: 40 % are complete, with 60 blank rows or without."""
    rows = [visit(str(n), "2024-01-10", 8) for n in range(100)]
    rows += [visit(str(n), "2024-07-10", 4) for n in range(40)]
    blank = [visit(str(n), None) for n in range(40, 100)]
    scores = frames.tidy(answers(rows + blank), "peg", by=["patient_id", "date", "site"])
    changes = change.table(scores, as_of="2025-12-31", targets=HALF_YEAR)
    assert changes["reason"].cast(pl.String).value_counts().sort("count").rows() == [
        (None, 40),
        ("no_follow_up", 60),
    ]
    found = program.table(changes, indicators=["followup_completion", "baseline_completion"])
    assert dict(found.select("definition", "estimate").iter_rows()) == {
        "followup_completion": 0.4,
        "baseline_completion": 1.0,
    }
    assert figures(answers(rows + blank)) == figures(answers(rows))
    assert summarize(scores).blank_rows == 60


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["a", "b", "e", None]),
            st.sampled_from(
                ["2024-01-01", "2024-01-10", "2024-07-09", "2024-07-10", "soon", "", None, "9/9/2024"]
            ),
            st.sampled_from(["A", "C", None]),
        ),
        min_size=1,
        max_size=6,
    ),
    st.randoms(),
)
@settings(max_examples=25)
def test_blank_rows_anywhere_change_no_figure(blank: list[Row], order: Any) -> None:
    rows = [(0, row) for row in REAL]
    for patient, day, site in blank:
        rows.insert(order.randint(0, len(rows)), (1, visit(patient, day, site=site)))
    assert figures(answers([row for _, row in rows])) == figures_of_real()


@given(st.permutations(REAL), st.integers(0, len(REAL)), st.booleans())
@settings(max_examples=20)
def test_the_order_of_rows_and_the_parts_of_a_file_change_no_figure(
    rows: list[Row], cut: int, swap: bool
) -> None:
    parts = [answers(rows[:cut]), answers(rows[cut:])]
    assert figures(pl.concat(parts[::-1] if swap else parts)) == figures_of_real()


MISSING = ("", "  ", "\t", None, float("nan"), pd.NA, pd.NaT, "Refused", -9)
"""Ways in which files leave an answer out; the last two are declared."""


@given(st.lists(st.sampled_from(MISSING), min_size=1, max_size=40), st.booleans())
@settings(max_examples=8)
def test_spellings_of_missing_change_no_figure(spellings: list[Any], blank: bool) -> None:
    """The same answers with every missing answer written in another way, numbers as text or not."""
    rows = [*REAL, visit(None, None, site=None)] if blank else REAL
    ways = cycle(spellings)
    columns: dict[str, list[Any]] = {name: [] for name in COLUMNS}
    for row in rows:
        for name, value in zip(COLUMNS, row, strict=True):
            asked = name not in COLUMNS[:3]
            columns[name].append(next(ways) if value is None and asked else value)
    data = pd.DataFrame({name: pd.Series(cells, dtype=object) for name, cells in columns.items()})
    assert figures(data, not_answered=("Refused", -9)) == figures_of_real()


def test_a_form_without_a_date_voids_nothing_but_itself(backend: Any) -> None:
    data = {
        "patient_id": ["a", "a", "a", "b", "b", "c"],
        "date": ["2026-01-05", "2026-07-06", None, "2026-01-06", None, None],
        **{name: [8, 4, 1, 7, 5, 3] for name in PEG},
    }
    scores = frames.tidy(backend.make(data), "peg", by=["patient_id", "date"])
    rows = backend.rows(change.table(scores, targets=HALF_YEAR))
    assert rows["change"] == [-4.0, None, None]
    assert rows["reason"] == [None, "date_missing", "date_missing"]
    assert backend.rows(change.check_dates(scores))["row"] == [2, 4, 5]


def test_no_day_0_where_another_scale_has_a_date_that_cannot_be_read() -> None:
    """The PEG of a date that cannot be read may have been first: the PHQ-9, all dated, has no day 0 either."""
    rows = [visit("a", "Jan 5", 8), visit("a", "2026-01-05", None, 2), visit("a", "2026-07-06", None, 1)]
    scores = frames.tidy(answers([*rows, *REAL]), ["peg", "phq9"], by=["patient_id", "date"])
    scores = scores.filter(pl.col("patient_id") == "a").filter(
        pl.col("date").is_in(["Jan 5", "2026-01-05", "2026-07-06"])
    )
    found = change.pair(scores, targets=HALF_YEAR, scales=["peg", "phq9.total"])
    assert found.select("instrument", "reason").rows() == [
        ("peg", "date_unparsable"),
        ("phq9", "day_0_unknown"),
    ]
    assert set(found["reason"]) <= set(change.REASONS)


@pytest.mark.parametrize("scales", [None, {"phq9": ["phq2"]}])
def test_a_wrong_cell_is_no_blank_form_and_an_unscored_answer_makes_none_scorable(scales: Any) -> None:
    data = answers(
        [visit("a", "2026-01-05"), visit("a", "2026-01-06", None, 1), visit("a", "2026-07-06", None, 0)]
    )
    wrong = data.with_columns(phq9_q1=pl.Series([11, 1, 0]))
    options: dict[str, Any] = {"invalid": "null", "scales": scales, "by": ["patient_id", "date"]}
    found = change.pair(frames.tidy(wrong, "phq9", **options), targets=HALF_YEAR, scales=["phq9.phq2"])
    # Day 0 is the 5th, on which somebody filled in something, and the form of the 6th is the baseline.
    assert found.select("window_from", "baseline").rows()[0][1] == 2
    assert str(found["window_from"][0]) == "2026-05-22"
    difficulty = data.with_columns(phq9_difficulty=pl.Series([2, 1, 0]))
    found = change.pair(frames.tidy(difficulty, "phq9", **options), targets=HALF_YEAR, scales=["phq9.phq2"])
    assert str(found["window_from"][0]) == "2026-05-23"


@pytest.mark.parametrize("reverse", [False, True])
def test_the_latest_form_of_a_day_counts_whatever_the_order_of_rows(backend: Any, reverse: bool) -> None:
    forms = [("2026-01-05T18:00:00", 5), ("2026-01-05T08:00:00", 8), ("2026-07-06T10:00:00", 4)]
    forms = forms[::-1] if reverse else forms
    data = {"patient_id": ["a"] * 3, "date": [day for day, _ in forms]} | {
        n: [v for _, v in forms] for n in PEG
    }
    scores = frames.tidy(backend.make(data), "peg", by=["patient_id", "date"])
    rows = backend.rows(change.pair(scores, targets=HALF_YEAR))
    assert (rows["baseline"], rows["followup"], rows["baseline_duplicates"]) == ([5.0], [4.0], [1])


def test_forms_of_a_day_without_times_keep_the_order_of_rows() -> None:
    rows = [visit("a", "2026-01-05", 5), visit("a", "2026-01-05", 8), visit("a", "2026-07-06", 4)]
    scores = frames.tidy(answers(rows), "peg", by=["patient_id", "date"])
    assert change.pair(scores, targets=HALF_YEAR)["baseline"].to_list() == [8.0]


@pytest.mark.parametrize("day", [19_700, 4_194_304 + 19_702, 2**31 - 1, -(2**31)])
def test_no_date_of_one_patient_moves_the_baseline_of_another(day: int) -> None:
    data = pl.DataFrame(
        {
            "patient_id": ["A", "B", "B", "B"],
            "date": pl.Series([day, 19_700, 19_705, 19_890]).cast(pl.Int32).cast(pl.Date),
            "instrument": ["peg"] * 4,
            "scale": ["mean"] * 4,
            "value": [5.0, 9.0, 2.0, 1.0],
        }
    )
    for made in (data, data.to_arrow()):
        found = pl.DataFrame(change.pair(made, targets=HALF_YEAR))
        assert found["baseline"].to_list()[1] == 9
        assert found["followup"].to_list()[1] == 1
        assert found["reason"].to_list()[0] == ("no_follow_up" if day == 19_700 else "date_unparsable")


WRITTEN = ("%m/%d/%Y", "%d.%m.%Y", "%d-%b-%Y", "%Y%m%d", "%m/%d/%y")


@pytest.mark.parametrize("written", WRITTEN)
def test_dates_are_read_where_their_format_is_declared_and_refused_loudly_elsewhere(
    backend: Any, written: str
) -> None:
    days = pd.date_range("2024-01-05", periods=40)
    every = [*days, *(days + pd.Timedelta(days=182))]
    data = {
        "patient_id": [f"p{n:02}" for n in range(40)] * 2,
        "date": [day.strftime(written) for day in every],
        **{name: [8] * 40 + [4] * 40 for name in PEG},
    }
    scores = frames.tidy(backend.make(data), "peg", by=["patient_id", "date"])
    assert backend.rows(change.pair(scores, targets=HALF_YEAR, date_format=written))["change"] == [-4.0] * 40
    early = frames.tidy(backend.make(data), "peg", by=["patient_id", "date"], date_format=written)
    assert backend.rows(change.pair(early, targets=HALF_YEAR))["change"] == [-4.0] * 40
    assert backend.rows(change.pair(early, targets=HALF_YEAR, date_format=written))["change"] == [-4.0] * 40
    with pytest.raises(UnreadableDatesError, match="80 of 80") as told:
        change.table(scores, targets=HALF_YEAR)
    assert f'"{written}"' in str(told.value)
    assert not any(day in str(told.value) for day in data["date"])
    assert isinstance(told.value, FrameError)


def test_nothing_paired_for_dates_is_an_error_and_a_single_slip_is_told_by_its_reason() -> None:
    """Half of the dates, those of every follow-up, cannot be read: an empty table would look like an answer."""
    rows = [visit(str(n), "2024-01-10", 8) for n in range(10)] + [
        visit(str(n), "7/9/2024", 4) for n in range(10)
    ]
    scores = frames.tidy(answers(rows), "peg", by=["patient_id", "date"])
    with pytest.raises(UnreadableDatesError, match="nothing could be paired"):
        change.table(scores, targets=HALF_YEAR)
    found = change.table(
        frames.tidy(answers([*REAL, rows[10]]), "peg", by=["patient_id", "date"]), targets=HALF_YEAR
    )
    assert found["reason"].cast(pl.String).to_list()[0] == "date_unparsable"


@pytest.mark.parametrize(("unread", "refused"), [(5, False), (6, True)])
def test_start_dates_are_refused_where_most_of_them_cannot_be_read(unread: int, refused: bool) -> None:
    """Of ten; who has none of those that can be read has no episode."""
    patients = [f"p{n}" for n in range(10)]
    rows = [visit(who, day, peg) for who in patients for day, peg in (("2024-01-10", 8), ("2024-07-09", 4))]
    scores = frames.tidy(answers(rows), "peg", by=["patient_id", "date"])
    starts = ["10.01.2024"] * unread + ["2024-01-10"] * (10 - unread)
    episodes = pl.DataFrame({"patient_id": patients, "episode": 1, "start_date": starts})
    if refused:
        with pytest.raises(UnreadableDatesError, match=r"start_date: .*in 6 of 10 rows.*##\.##\.####"):
            change.pair(scores, episodes=episodes, targets=HALF_YEAR)
    else:
        assert change.pair(scores, episodes=episodes, targets=HALF_YEAR)["change"].count() == 5


def test_start_dates_of_episodes_are_read_by_the_format_as_well() -> None:
    scores = frames.tidy(answers(REAL[:2]), "peg", by=["patient_id", "date"])
    starts = pl.DataFrame({"patient_id": ["a"], "episode": [1], "start_date": ["10.01.2024"]})
    for written in ("%d.%m.%Y", {"start_date": "%d.%m.%Y"}):
        found = change.pair(scores, episodes=starts, targets=HALF_YEAR, date_format=written)
        assert found["change"].to_list() == [-4.0]
    serial = starts.with_columns(start_date=pl.Series([45_301]))  # 10 January 2024 in Excel
    found = change.pair(scores, episodes=serial, targets=HALF_YEAR, date_format={"start_date": "excel"})
    assert found["change"].to_list() == [-4.0]
    with pytest.raises(UnreadableDatesError, match="start_date: holds numbers"):
        change.pair(scores, episodes=serial, targets=HALF_YEAR)


def test_a_blank_duplicate_does_not_displace_a_form() -> None:
    rows = [
        visit("a", "2026-01-05", 8, site="A"),
        visit("a", "2026-01-05", site="Z"),
        visit("a", "2026-07-06", 4),
    ]
    scores = frames.tidy(answers(rows), "peg", by=["patient_id", "date", "site"])
    found = change.pair(scores, targets=HALF_YEAR).row(0, named=True)
    assert (found["site"], found["baseline"], found["baseline_duplicates"], found["change"]) == (
        "A",
        8,
        0,
        -4,
    )


def test_tables_made_by_hand_without_counts_of_answers_keep_assessments_without_a_score() -> None:
    data = pl.DataFrame(
        {
            "patient_id": [1, 1],
            "date": ["2026-01-05", "2026-07-06"],
            "instrument": "peg",
            "scale": "mean",
            "value": [None, 4.0],
        }
    )
    assert change.pair(data, targets=HALF_YEAR)["reason"].to_list() == ["baseline_not_scorable"]
    counted = data.with_columns(answered=pl.Series([0, 3], dtype=pl.UInt8))
    assert change.pair(counted, targets=HALF_YEAR)["reason"].to_list() == ["no_follow_up"]
    assert np.isnan(change.pair(counted, targets=HALF_YEAR).to_pandas()["change"][0])


def test_windows_that_end_after_the_calendar_are_left_empty(backend: Any) -> None:
    """9999-12-31 stands for "no end" in many exports; 425 days later there is no date any more."""
    data = {
        "patient_id": [1],
        "date": ["9999-12-31"],
        "instrument": ["peg"],
        "scale": ["mean"],
        "value": [5.0],
    }
    rows = backend.rows(change.pair(backend.make(data), targets=HALF_YEAR))
    assert (rows["baseline"], rows["window_to"], rows["reason"]) == ([5.0], [None], ["no_follow_up"])


def test_a_course_of_visits_takes_the_latest_form_of_a_day_and_no_blank_one() -> None:
    from datetime import date, datetime

    from ipm_outcomes import PHQ9, score
    from ipm_outcomes.errors import ParameterError

    def form(answer: int | None) -> Any:
        return score(PHQ9(**{f"q{n}": answer for n in range(1, 10)}))

    visits = [
        (datetime(2026, 1, 5, 18), form(2)),
        (datetime(2026, 1, 5, 8), form(3)),
        (date(2026, 7, 6), form(1)),
        (date(2026, 7, 6), form(None)),
        (date(2026, 8, 1), form(None)),
    ]
    course = change.trajectory(visits)["total"]
    assert (course.dates, course.values) == ((date(2026, 1, 5), date(2026, 7, 6)), (18, 9))
    assert change.trajectory([form(2), form(None), form(1)])["total"].values == (18, 9)
    with pytest.raises(ParameterError, match="one day"):
        change.trajectory([(date(2026, 1, 5), form(1)), (date(2026, 1, 5), form(2))])
