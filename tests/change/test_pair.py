"""Pairing: windows, picks, ties, episodes, dates, reasons; against a plain search patient by patient."""

from __future__ import annotations

from collections import defaultdict
from datetime import date, datetime, timedelta, timezone
from fractions import Fraction
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ipm_outcomes import change, frames
from ipm_outcomes.errors import FrameError, ParameterError, UnknownNameError

START = date(2024, 1, 10)
HALF_YEAR = change.Target("6 months", day=182, days=(137, 227))


def on(day: int) -> date:
    return START + timedelta(days=day)


def scores(
    *rows: tuple[int, Any, float | None], scale: tuple[str, str] = ("phq9", "total")
) -> dict[str, list[Any]]:
    """Patient, day from START (or a date cell as it is), value."""
    return {
        "patient_id": [row[0] for row in rows],
        "date": [on(row[1]) if type(row[1]) is int else row[1] for row in rows],
        "instrument": [scale[0]] * len(rows),
        "scale": [scale[1]] * len(rows),
        "value": [row[2] for row in rows],
    }


def frame(*rows: tuple[int, Any, float | None]) -> pl.DataFrame:
    data = scores(*rows)
    if any(type(day) is str for day in data["date"]):
        data["date"] = [None if day is None else str(day) for day in data["date"]]
    return pl.DataFrame(data, schema_overrides={"value": pl.Float64})


def episodes(*rows: tuple[int, int, int]) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "patient_id": [row[0] for row in rows],
            "episode": [row[1] for row in rows],
            "start_date": [on(row[2]) for row in rows],
        }
    )


def one(found: Any) -> dict[str, Any]:
    (row,) = found.to_dicts()
    return dict(row)


# Windows and picks


@pytest.mark.parametrize(("day", "kept"), [(-31, False), (-30, True), (7, True), (8, False)])
def test_both_ends_of_the_baseline_window_belong_to_it(day: int, kept: bool) -> None:
    found = one(
        change.pair(frame((1, day, 9), (1, 182, 4)), episodes=episodes((1, 1, 0)), targets=[HALF_YEAR])
    )
    assert (found["reason"] is None) is kept
    if day == 8:
        assert found["reason"] == "no_baseline"


@pytest.mark.parametrize(("day", "kept"), [(136, False), (137, True), (227, True), (228, False)])
def test_both_ends_of_the_follow_up_window_belong_to_it(day: int, kept: bool) -> None:
    found = one(change.pair(frame((1, 0, 9), (1, day, 4)), targets=[HALF_YEAR]))
    assert found["reason"] == (None if kept else "no_follow_up")
    assert found["followup_date"] == (on(day) if kept else None)


@pytest.mark.parametrize(
    ("pick", "ties", "value"),
    [
        ("nearest", "earlier", 11),  # days -2 and 2 are equally near
        ("nearest", "later", 12),
        ("last_before", "earlier", 11),
        ("first", "earlier", 10),
    ],
)
def test_choice_of_the_baseline(pick: Any, ties: Any, value: float) -> None:
    data = frame((1, -20, 10), (1, -2, 11), (1, 2, 12), (1, 182, 4))
    rule = change.Baseline(pick=pick, ties=ties)
    found = one(change.pair(data, episodes=episodes((1, 1, 0)), baseline=rule, targets=[HALF_YEAR]))
    assert found["baseline"] == value
    assert found["baseline_pick"] == pick


def test_the_mean_of_repeats_is_an_exact_fraction_dated_by_the_last() -> None:
    data = frame((1, -20, 10), (1, -2, 11), (1, 2, 13), (1, 182, 4))
    rule = change.Baseline(pick="mean")
    found = one(change.pair(data, episodes=episodes((1, 1, 0)), baseline=rule, targets=[HALF_YEAR]))
    # (10 + 11 + 13) / 3 = 34/3; 4 = 12/3.
    assert (found["exact_baseline"], found["exact_followup"], found["exact_denominator"]) == (34, 12, 3)
    assert found["baseline"] == 34 / 3
    assert found["change"] == -22 / 3
    assert found["baseline_date"] == on(2)
    assert found["baseline_band"] == "moderate"  # 10 to 14


@pytest.mark.parametrize(
    ("pick", "ties", "day"),
    [
        ("nearest", "later", 183),  # days 181 and 183 are equally near
        ("nearest", "earlier", 181),
        ("latest", "later", 200),
        ("earliest", "later", 150),
        ("best", "later", 200),  # 3 on days 181 and 200
        ("best", "earlier", 181),
        ("worst", "later", 150),
    ],
)
def test_choice_of_the_follow_up(pick: Any, ties: Any, day: int) -> None:
    data = frame((1, 0, 10), (1, 150, 9), (1, 181, 3), (1, 183, 5), (1, 200, 3))
    target = change.Target("6 months", day=182, days=(137, 227), pick=pick, ties=ties)
    found = one(change.pair(data, targets=[target]))
    assert found["followup_date"] == on(day)
    assert found["followup_pick"] == pick


def test_best_is_the_highest_score_where_a_lower_one_is_worse() -> None:
    data = pl.DataFrame(scores((1, 0, 5), (1, 150, 6), (1, 160, 9), (1, 170, 7), scale=("nps", "rating")))
    target = change.Target("6 months", day=182, days=(137, 227), pick="best")
    assert one(change.pair(data, targets=[target]))["followup"] == 9


def test_the_last_row_of_a_day_counts_and_the_conflict_is_told() -> None:
    data = frame((1, 0, 10), (1, 0, 12), (1, 182, 3), (1, 182, 4), (1, 182, 5), (1, 182, None))
    found = one(change.pair(data, targets=[HALF_YEAR]))
    assert (found["baseline"], found["followup"]) == (12, 5)
    assert (found["baseline_duplicates"], found["followup_duplicates"]) == (1, 2)


def test_each_scale_has_the_nearest_assessment_on_which_it_can_be_scored() -> None:
    whole = scores((1, 0, None), (1, 4, 12), (1, 182, None), (1, 190, 6))
    other = scores((1, 0, 9), (1, 4, 8), (1, 182, 5), (1, 190, 4), scale=("gad7", "total"))
    data = pl.DataFrame({name: whole[name] + other[name] for name in whole})
    found = change.pair(data, targets=[HALF_YEAR])
    assert found.select("instrument", "baseline", "followup").rows() == [("gad7", 9, 5), ("phq9", 12, 6)]


def test_windows_that_touch_do_not_overlap_and_share_no_day() -> None:
    early, late = (
        change.Target("early", day=90, days=(60, 120)),
        change.Target("late", day=150, days=(121, 180)),
    )
    found = change.pair(frame((1, 0, 9), (1, 120, 5), (1, 121, 4)), targets=[early, late])
    assert found["followup"].to_list() == [5, 4]


# Calendar months


@pytest.mark.parametrize(
    ("start", "months", "anniversary"),
    [
        (date(2024, 2, 29), 12, date(2025, 2, 28)),
        (date(2023, 8, 31), 6, date(2024, 2, 29)),
        (date(2022, 8, 31), 6, date(2023, 2, 28)),
        (date(2024, 1, 31), 3, date(2024, 4, 30)),
        (date(2023, 12, 15), 12, date(2024, 12, 15)),
    ],
)
def test_calendar_months_are_clipped_to_the_month_end(start: date, months: int, anniversary: date) -> None:
    target = change.Target("later", months=months, slack=0)
    for shift, kept in ((-1, False), (0, True), (1, False)):
        day = anniversary + timedelta(days=shift)
        found = one(change.pair(frame((1, start, 9), (1, day, 4)), targets=[target]))
        assert (found["reason"] is None) is kept
        assert found["window_from"] == found["window_to"] == anniversary


def test_window_of_the_remission_measure() -> None:
    # measures.md section 1: index 2025-03-10 gives 2026-01-09 to 2026-05-09.
    target = change.Target("12 months", months=12, slack=60, pick="latest")
    found = one(change.pair(frame((1, date(2025, 3, 10), 12)), targets=[target]))
    assert (found["window_from"], found["window_to"]) == (date(2026, 1, 9), date(2026, 5, 9))


def test_a_window_may_be_counted_from_the_baseline_that_was_picked() -> None:
    data = frame((1, -30, 14), (1, 190, 4))
    target = change.Target("6 months", day=182, days=(137, 227), origin="baseline")
    found = one(change.pair(data, episodes=episodes((1, 1, 0)), targets=[target]))
    assert found["window_from"] == on(107)
    assert found["window_to"] == on(197)


# Episodes


def test_pairs_never_cross_episodes() -> None:
    # The episode in force on a date is the latest that has begun: day 299 is still the first one's.
    data = frame((1, 0, 15), (1, 299, 9), (1, 300, 14), (1, 482, 5))
    late = change.Target("9 months", day=270, days=(240, 300))
    found = change.pair(data, episodes=episodes((1, 1, 0), (1, 2, 300)), targets=[HALF_YEAR, late])
    shown = found.select("episode", "target", "baseline", "followup", "reason").rows()
    assert shown == [
        (1, "6 months", 15, None, "no_follow_up"),
        (1, "9 months", 15, 9, None),
        (2, "6 months", 14, 5, None),
        (2, "9 months", 14, None, "no_follow_up"),
    ]


def test_scores_that_name_their_episode_keep_it() -> None:
    data = frame((1, 0, 15), (1, 182, 9), (1, 182, 14)).with_columns(episode=pl.Series([1, 1, 2]))
    with_table = change.pair(data, episodes=episodes((1, 1, 0), (1, 2, 180)), targets=[HALF_YEAR])
    without = change.pair(data, targets=[HALF_YEAR])
    for found in (with_table, without):
        assert found.select("episode", "baseline", "followup").rows() == [(1, 15, 9), (2, 14, None)]


def test_patients_of_either_table_keep_a_row() -> None:
    data = frame((1, 0, 15), (1, 182, 9), (3, 0, 8), (4, -400, 8))
    found = change.pair(data, episodes=episodes((1, 1, 0), (2, 1, 0), (4, 1, 0)), targets=[HALF_YEAR])
    assert found.select("patient_id", "episode", "reason").rows() == [
        (1, 1, None),
        (2, 1, "no_assessment"),
        (3, None, "no_episode"),
        (4, 1, "no_baseline"),
    ]
    problems = change.check_dates(data, episodes=episodes((1, 1, 0), (2, 1, 0), (4, 1, 0)))
    assert problems.rows() == [(2, "no_episode")]


def test_a_score_before_every_start_belongs_to_the_first_episode() -> None:
    # Days -20 and 290 lie before the starts 0 and 300: the first episode's, whatever the window.
    data = frame((1, -20, 15), (1, 182, 9), (1, 290, 14), (1, 482, 5))
    table = episodes((1, 2, 300), (1, 1, 0))
    for window in ((-30, 7), (-300, 7), (-20, 0)):
        found = change.pair(
            data, episodes=table, baseline=change.Baseline(days=window), targets=[HALF_YEAR], overlap=True
        )
        assert found.select("episode", "baseline", "followup").rows() == [(1, 15, 9), (2, None, 5)]
    # Without a start date there is no telling.
    undated = table.with_columns(start_date=pl.lit(None, pl.Date))
    assert change.check_dates(data, episodes=undated).rows() == [(row, "no_start_date") for row in range(4)]


def test_grouping_columns_are_carried() -> None:
    sites = episodes((1, 1, 0), (2, 1, 0)).with_columns(
        site=pl.Series(["north", "south"]), age=pl.Series([40, 50])
    )
    data = frame((1, 0, 15), (3, 0, 8))
    found = change.pair(data, episodes=sites, targets=[HALF_YEAR])
    assert found.select("patient_id", "site", "age").rows() == [
        (1, "north", 40),
        (2, "south", 50),
        (3, None, None),
    ]
    assert "age" not in change.pair(data, episodes=sites, targets=[HALF_YEAR], by=["site"]).columns
    moved = frame((1, 0, 15), (1, 182, 8)).with_columns(site=pl.Series(["north", "south"]))
    assert one(change.pair(moved, targets=[HALF_YEAR]))["site"] == "north"


def test_an_episode_without_a_usable_start_says_so() -> None:
    table = pl.DataFrame({"patient_id": [1, 2], "episode": [1, 1], "start_date": [None, "10.01.2024"]})
    found = change.pair(frame((1, 0, 15), (2, 0, 9)), episodes=table, targets=[HALF_YEAR])
    assert found["reason"].to_list() == ["start_date_missing", "start_date_unparsable"]


# Reasons


def test_every_reason_for_want_of_a_pair() -> None:
    data = frame(
        (1, 0, None), (1, 182, 4),
        (2, 0, 9), (2, 182, None),
        (3, 100, 9), (3, 182, 4),
        (4, 0, 9),
        (5, 0, 9), (5, None, 4),
        (6, 0, 9), (6, "soon", 4),
        (7, 182, 9),
    )  # fmt: skip
    table = episodes(*((patient, 1, 0) for patient in range(1, 9)))
    found = change.pair(data, episodes=table, targets=[HALF_YEAR])
    assert found["reason"].to_list() == [
        "baseline_not_scorable",
        "follow_up_not_scorable",
        "no_baseline",
        "no_follow_up",
        "date_missing",
        "date_unparsable",
        "no_baseline",
        "no_assessment",
    ]
    assert set(found["reason"]) <= set(change.REASONS)


def test_a_window_that_is_not_over_is_open() -> None:
    data = frame((1, 0, 9), (2, 0, 9), (2, 140, 5), (3, 0, 9), (3, 140, None))
    for day, reason in ((226, "window_open"), (227, "no_follow_up")):
        found = change.pair(data, targets=[HALF_YEAR], as_of=on(day))
        assert found["reason"].to_list()[:2] == [reason, None]
        assert found["reason"].to_list()[2] == ("window_open" if day == 226 else "follow_up_not_scorable")
        assert found["window_open"].to_list() == [day == 226] * 3
    young = change.pair(
        frame((9, 0, 9)), episodes=episodes((1, 1, 0), (9, 1, 0)), targets=[HALF_YEAR], as_of=on(3)
    )
    assert young["reason"].to_list() == ["window_open", "window_open"]


def test_an_assessment_after_as_of_is_neither_follow_up_nor_baseline() -> None:
    # The window of half a year is days 137 to 227; day 180 is the last day known.
    target = change.Target("6 months", months=6, slack=45, pick="latest")
    for last, followup in ((180, 4), (181, 6)):
        data = frame((1, 0, 9), (1, 150, 6), (1, last, 4))
        found = one(change.pair(data, targets=[target], as_of=on(180)))
        assert (found["followup"], found["window_open"]) == (followup, True)
        without = one(change.pair(data.head(1).vstack(data.tail(1)), targets=[target], as_of=on(180)))
        assert without["followup"] == (4 if last == 180 else None)
        assert without["reason"] in ((None,) if last == 180 else ("window_open", "date_future"))
    early = frame((1, 0, 9), (1, 3, 8), (1, 5, 7))
    listed = episodes((1, 1, 4))
    for day, baseline in ((4, 8), (5, 8), (3, 8), (2, 9)):
        found = change.pair(early, episodes=listed, targets=[target], as_of=on(day))
        assert found["baseline"].to_list() == [baseline], day


def test_dates_after_as_of_are_reported() -> None:
    data = frame((1, 0, 9), (1, 182, 4))
    found = one(change.pair(data, targets=[change.Target("a month", day=30, slack=10)], as_of=on(100)))
    assert found["reason"] == "date_future"
    assert change.check_dates(data, as_of=on(100)).rows() == [(1, "date_future")]


# Dates


def test_time_stamps_are_reduced_to_the_date_on_their_own_clock() -> None:
    # 23:30 in New York on 9 January is 10 January in UTC: the date on the patient's own clock counts.
    zone = timezone(timedelta(hours=-5))
    stamps = [datetime(2024, 1, 9, 23, 30, tzinfo=zone), datetime(2024, 7, 9, 1, 0, tzinfo=zone)]
    native = pl.DataFrame(scores((1, 0, 9), (1, 1, 4))).with_columns(
        date=pl.Series(stamps).dt.convert_time_zone("America/New_York")
    )
    texts = pl.DataFrame(scores((1, "2024-01-09T23:30:00-05:00", 9), (1, "2024-07-09 01:00", 4)))
    naive = pl.DataFrame(scores((1, datetime(2024, 1, 9, 23, 30), 9), (1, datetime(2024, 7, 9, 1, 0), 4)))
    for data in (
        native,
        texts,
        naive,
        naive.to_pandas(),
        native.to_pandas(),
        native.to_arrow(),
        texts.to_pandas(),
    ):
        found = pl.DataFrame(change.pair(data, targets=[HALF_YEAR]))
        assert found["baseline_date"].cast(pl.Date).to_list() == [date(2024, 1, 9)]
        # 1 a.m. in July is daylight saving time, still 9 July.
        assert found["followup_date"].cast(pl.Date).to_list() == [date(2024, 7, 9)]


@pytest.mark.parametrize(
    "cell", ["2024-13-01", "01/02/2024", "2024-02-30", "yesterday", "2024-1-5", "20240105"]
)
def test_a_date_that_is_none_is_reported(cell: str) -> None:
    data = pl.DataFrame(scores((1, "2024-01-10", 9), (1, cell, 4)))
    assert change.check_dates(data).rows() == [(1, "date_unparsable")]
    assert one(change.pair(data, targets=[HALF_YEAR]))["reason"] == "date_unparsable"


def test_empty_dates_are_missing() -> None:
    data = pl.DataFrame(scores((1, "2024-01-10", 9), (1, " ", 4), (1, None, 4)))
    assert change.check_dates(data).rows() == [(1, "date_missing"), (2, "date_missing")]
    nowhere = pl.DataFrame(scores((1, None, 9)), schema_overrides={"date": pl.Date})
    assert one(change.pair(nowhere, targets=[HALF_YEAR]))["reason"] == "date_missing"


def test_numbers_are_no_dates() -> None:
    with pytest.raises(FrameError, match="date: holds numbers"):
        change.pair(pl.DataFrame(scores((1, 0, 9))).with_columns(date=pl.Series([20240110])))


# Every kind of frame


def test_every_kind_of_frame(backend: Any) -> None:
    data = scores((2, 0, 15.0), (2, 182, None), (1, 0, 12.0), (1, 181, 6.0), (3, 0, 9.0))
    table = {
        "patient_id": [1, 2, 3, 4],
        "episode": ["a"] * 4,
        "start_date": [START] * 4,
        "site": ["x", "y", None, "z"],
    }
    made = change.table(
        backend.make(data), episodes=backend.make(table), targets=[HALF_YEAR], constants="sample"
    )
    found = backend.rows(made)
    assert found["patient_id"] == [1, 2, 3, 4]
    assert found["site"] == ["x", "y", None, "z"]
    assert found["reason"] == [None, "follow_up_not_scorable", "no_follow_up", "no_assessment"]
    assert found["improvement"] == [6, None, None, None]
    assert found["important"] == [True, None, None, None]
    assert found["can_improve"] == [True, True, True, None]
    assert [value and str(value)[:10] for value in found["followup_date"]] == ["2024-07-09", None, None, None]
    assert found["baseline_band"] == ["moderate", "moderately severe", "mild", None]
    # One baseline has no spread at all only where there is one; here the sample is 15, 12 and 9: SD 3.
    assert found["sd"] == [3, None, None, None]
    assert found["sample_n"] == [3, None, None, None]
    assert found["sd_source"] == ["sample", None, None, None]
    assert found["eligible_to_recover"] == [True, True, False, None]  # 10 or more


def test_the_tables_may_be_of_two_kinds() -> None:
    data, table = frame((1, 0, 15), (1, 182, 5)), episodes((1, 1, 0))
    expected = change.pair(data, episodes=table, targets=[HALF_YEAR]).rows()
    for other in (table.to_pandas(), table.to_arrow()):
        assert change.pair(data, episodes=other, targets=[HALF_YEAR]).rows() == expected


def test_from_answers_to_changes() -> None:
    answers = pl.DataFrame(
        {
            "patient_id": ["a", "a"],
            "date": ["2024-01-10", "2024-07-09"],
            "site": ["x", "x"],
            "peg_pain": [7, 5],
            "peg_enjoyment": [6, 4],
            "peg_activity": [7, 5],
        }
    )
    tidy = frames.tidy(answers, ["peg"], by=["patient_id", "date", "site"])
    found = one(change.table(tidy, targets=[HALF_YEAR]))
    assert (found["exact_baseline"], found["exact_followup"], found["exact_denominator"]) == (20, 14, 3)
    assert found["responder_30"] is True  # 6/20 is 30 %
    assert found["site"] == "x"


# A plain search, patient by patient

Row = tuple[int, int, int | None]


def searched(
    rows: list[Row], baseline: change.Baseline, targets: list[change.Target]
) -> list[tuple[Any, ...]]:
    """The pairs by the rules as A1 of the reference states them, without anything vectorized."""
    by_patient: dict[int, list[tuple[int, int | None]]] = defaultdict(list)
    for patient, day, value in rows:
        by_patient[patient].append((day, value))
    found = []
    for patient in sorted(by_patient):
        visits = by_patient[patient]
        zero = min(day for day, _ in visits)
        last = {day - zero: value for day, value in visits if value is not None}  # the last row of a day wins
        low, high = baseline.days
        inside = [day for day in last if low <= day <= high]
        if baseline.pick == "last_before":
            inside = [day for day in inside if day <= 0]
        base: int | None = None
        if inside:
            base = {
                "nearest": min(
                    inside, key=lambda day: (abs(day), day if baseline.ties == "earlier" else -day)
                ),
                "first": min(inside),
                "last_before": max(inside),
            }[baseline.pick]
        for target in targets:
            assert target.days is not None
            assert target.day is not None
            middle, sign = target.day, 1 if target.ties == "earlier" else -1
            window = [
                day
                for day in last
                if target.days[0] <= day <= target.days[1] and (base is None or day > base)
            ]
            after: int | None = None
            if window:
                after = {
                    "nearest": min(window, key=lambda day: (abs(day - middle), sign * day)),
                    "earliest": min(window),
                    "latest": max(window),
                    "best": min(window, key=lambda day: (last[day], sign * day)),
                    "worst": min(window, key=lambda day: (-last[day], sign * day)),
                }[target.pick]
            found.append(
                (
                    patient,
                    target.name,
                    None if base is None else last[base],
                    None if after is None else last[after],
                )
            )
    return found


baselines = st.builds(
    lambda low, high, pick, ties: change.Baseline((low, high), pick, ties),
    st.integers(-5, 0), st.integers(0, 4), st.sampled_from(["nearest", "last_before", "first"]),
    st.sampled_from(["earlier", "later"]),
)  # fmt: skip
targets = st.builds(
    lambda day, before, after, pick, ties: [
        change.Target("near", day=day, days=(max(5, day - before), day + after), pick=pick, ties=ties),
        change.Target("far", day=40, days=(30, 45), pick=pick, ties=ties),
    ],
    st.integers(5, 20), st.integers(0, 9), st.integers(0, 9),
    st.sampled_from(["nearest", "latest", "earliest", "best", "worst"]), st.sampled_from(["earlier", "later"]),
)  # fmt: skip
visits = st.lists(
    st.tuples(st.integers(0, 5), st.integers(0, 45), st.none() | st.integers(0, 27)), min_size=1, max_size=40
)


@settings(max_examples=150, deadline=None)
@given(visits, baselines, targets)
def test_the_pairs_are_those_of_a_plain_search(
    rows: list[Row], baseline: change.Baseline, wanted: list[change.Target]
) -> None:
    found = change.pair(frame(*rows), baseline=baseline, targets=wanted)
    shown = found.select("patient_id", "target", "baseline", "followup").rows()
    assert shown == searched(rows, baseline, wanted)
    for row in found.to_dicts():
        assert (row["reason"] is None) == (row["baseline"] is not None and row["followup"] is not None)
        assert (row["change"] is None) == (row["reason"] is not None)


starts = st.dictionaries(st.integers(0, 3), st.sets(st.integers(0, 60), min_size=1, max_size=3), min_size=1)
spread = st.lists(
    st.tuples(st.integers(0, 3), st.integers(-15, 90), st.none() | st.integers(0, 27)),
    min_size=1,
    max_size=40,
)


@settings(max_examples=120, deadline=None)
@given(starts, spread)
def test_episodes_draw_their_own_assessments(begun: dict[int, set[int]], rows: list[Row]) -> None:
    rule, target = change.Baseline((-5, 4)), change.Target("later", day=20, days=(10, 35))
    listed = [(patient, n, day) for patient, days in begun.items() for n, day in enumerate(sorted(days))]
    found = change.pair(frame(*rows), episodes=episodes(*listed), baseline=rule, targets=[target])
    expected = []
    for patient, number, start in sorted(listed):
        starts_here = sorted(day for who, _, day in listed if who == patient)

        def in_force(day: int, starts_here: list[int] = starts_here) -> int:
            return max((begin for begin in starts_here if begin <= day), default=starts_here[0])

        own = {
            day - start: value
            for who, day, value in rows
            if who == patient and in_force(day) == start and value is not None
        }
        base = min((day for day in own if -5 <= day <= 4), key=lambda day: (abs(day), day), default=None)
        window = [day for day in own if 10 <= day <= 35]
        after = min(window, key=lambda day: (abs(day - 20), -day), default=None)
        expected.append((patient, number, own.get(base), own.get(after)))  # type: ignore[arg-type]
    strangers = sorted({who for who, _, _ in rows} - set(begun))
    shown = found.select("patient_id", "episode", "baseline", "followup").rows()
    assert shown == sorted(
        [*expected, *((who, None, None, None) for who in strangers)], key=lambda row: (row[0], row[1] or 0)
    )
    assert set(found.filter(pl.col("episode").is_null())["reason"]) <= {"no_episode"}


# Properties


@settings(max_examples=60, deadline=None)
@given(visits, st.randoms(use_true_random=False))
def test_order_of_rows_and_names_of_patients_change_nothing(rows: list[Row], random: Any) -> None:
    unique = list({(patient, day): (patient, day, value) for patient, day, value in rows}.values())
    shuffled = random.sample(unique, len(unique))
    wanted = [change.Target("far", day=30, days=(20, 45))]
    expected = change.table(frame(*unique), targets=wanted)
    assert change.table(frame(*shuffled), targets=wanted).equals(expected, null_equal=True)
    names = random.sample(range(100, 200), 6)
    renamed = change.table(frame(*((names[p], day, value) for p, day, value in shuffled)), targets=wanted)
    back = {name: patient for patient, name in enumerate(names)}
    renamed = renamed.with_columns(pl.col("patient_id").replace_strict(back)).sort("patient_id")
    assert renamed.equals(expected, null_equal=True)


@settings(max_examples=60, deadline=None)
@given(visits, st.integers(0, 10), st.integers(0, 10), st.integers(0, 10))
def test_a_wider_window_never_loses_a_pair(rows: list[Row], left: int, right: int, more: int) -> None:
    narrow = change.pair(frame(*rows), targets=[change.Target("later", day=30, days=(25, 32))])
    wide = change.pair(
        frame(*rows),
        baseline=change.Baseline((-30 - more, 7 + more)),
        targets=[change.Target("later", day=30, days=(25 - left // 2, 32 + right))],
        overlap=True,
    )
    lost = (narrow["reason"].is_null() & wide["reason"].is_not_null()).sum()
    assert lost == 0


@settings(max_examples=120, deadline=None)
@given(starts, spread, st.integers(0, 60), st.integers(0, 5), st.integers(0, 9), st.integers(0, 20))
def test_a_wider_window_never_loses_a_pair_of_any_of_several_episodes(
    begun: dict[int, set[int]], rows: list[Row], before: int, after: int, left: int, right: int
) -> None:
    table = episodes(
        *((patient, n, day) for patient, days in begun.items() for n, day in enumerate(sorted(days)))
    )
    narrow = change.pair(
        frame(*rows), episodes=table, baseline=change.Baseline((-5, 4)),
        targets=[change.Target("later", day=22, days=(20, 25))],
    )  # fmt: skip
    wide = change.pair(
        frame(*rows), episodes=table, baseline=change.Baseline((-5 - before, 4 + after)),
        targets=[change.Target("later", day=22, days=(20 - left, 25 + right))],
    )  # fmt: skip
    assert wide.select("patient_id", "episode").equals(narrow.select("patient_id", "episode"))
    assert (narrow["reason"].is_null() & wide["reason"].is_not_null()).sum() == 0


@settings(max_examples=60, deadline=None)
@given(visits, st.sets(st.integers(0, 9)))
def test_patients_in_are_patients_out(rows: list[Row], listed: set[int]) -> None:
    wanted = [change.Target("near", day=10, days=(8, 20)), change.Target("far", day=30, days=(21, 45))]
    alone = change.pair(frame(*rows), targets=wanted)
    assert sorted(alone["patient_id"]) == sorted([*{row[0] for row in rows}] * 2)
    if listed:
        table = episodes(*((patient, 1, 0) for patient in listed))
        both = change.pair(frame(*rows), episodes=table, targets=wanted)
        assert sorted(both["patient_id"]) == sorted([*(listed | {row[0] for row in rows})] * 2)


# Bad input


@pytest.mark.parametrize(
    ("damage", "error", "told"),
    [
        (
            {"scale": ["totl"] * 2},
            UnknownNameError,
            r"scale: row 0 .*text of length 4\); its scales are total",
        ),
        (
            {"instrument": ["secret name"] * 2},
            UnknownNameError,
            r"row 0 .*text of length 11\); there are .*gad7",
        ),
        ({"instrument": ["phq9", None]}, FrameError, "instrument: missing in row 1"),
        ({"value": ["12", "4"]}, FrameError, "value: holds text"),
        ({"value": [True, False]}, FrameError, "value: holds text or something else that is no number"),
        ({"value": [12.0, float("inf")]}, FrameError, "value: infinite in row 1"),
        (
            {"value": [12.0, 28.0]},
            FrameError,
            r"value: 28 in row 1 .* outside the range of phq9.total, 0 to 27",
        ),
        (
            {"value": [12.0, 4.123456]},
            FrameError,
            r"value: 4.12346 in row 1 .* no value that phq9.total can take",
        ),
        (
            {"patient_id": [1, None]},
            FrameError,
            r"patient_id: missing in 1 row\(s\) of scores, first in row 1",
        ),
    ],
)
def test_bad_scores_are_refused_by_place(
    damage: dict[str, list[Any]], error: type[Exception], told: str
) -> None:
    data = scores((1, 0, 12), (1, 182, 4)) | damage
    with pytest.raises(error, match=told) as caught:
        change.pair(pl.DataFrame(data, strict=False))
    assert "secret" not in str(caught.value)


def test_a_value_that_the_scale_cannot_take_is_refused_unless_the_scale_is_prorated() -> None:
    thirteen = [13.5, 4.0]  # 12 over 8 of 9 answered items, prorated
    ok = change.pair(pl.DataFrame(scores((1, 0, 12), (1, 182, 4)) | {"value": thirteen}), targets=[HALF_YEAR])
    assert Fraction(ok["exact_baseline"][0], ok["exact_denominator"][0]) == Fraction(27, 2)
    with pytest.raises(FrameError, match=r"value: 13.5 in row 0 .* no value that gad7.total can take"):
        change.pair(
            pl.DataFrame(scores((1, 0, 12), (1, 182, 4), scale=("gad7", "total")) | {"value": thirteen})
        )


@pytest.mark.parametrize(
    ("value", "thirds"),
    [(6.67, 20), (6.7, 20), (6.667, 20), (20 / 3, 20), (0.3, 1), (5.0, 15), (9.333333, 28)],
)
def test_a_rounded_mean_stands_for_the_third_that_it_is_rounded_from(value: float, thirds: int) -> None:
    data = pl.DataFrame(scores((1, 0, value), (1, 182, 1.0), scale=("peg", "mean")))
    found = one(change.pair(data, targets=[HALF_YEAR]))
    assert (found["exact_baseline"], found["exact_denominator"]) == (thirds, 3)


@pytest.mark.parametrize("value", [5.05, 5.1, 6.6, 6.66, 6.65, 6.5, 5.01, 6.6666, 6.666666])
def test_a_number_that_no_third_rounds_to_is_refused(value: float) -> None:
    # Mean of three whole answers: 5.05 lies near 5, and 5 is not 5.05 at two decimals. 6.66 is cut off.
    data = pl.DataFrame(scores((1, 0, 5.0), (1, 182, value), scale=("peg", "mean")))
    with pytest.raises(FrameError, match=r"value: .* in row 1 .* no value that peg\.mean can take"):
        change.pair(data)


def test_a_rounded_prorated_sum_stands_for_the_sum_it_is_rounded_from() -> None:
    # 15 over 7 of 9 answered items: 15 * 9 / 7 = 135/7 = 19.2857; no answers give 19.25 or 13.25.
    for value in (19.29, 19.3, 19.285714, 135 / 7):
        found = change.pair(pl.DataFrame(scores((1, 0, value), (1, 182, 4.0))), targets=[HALF_YEAR])
        assert Fraction(found["exact_baseline"][0], found["exact_denominator"][0]) == Fraction(135, 7)
    for value in (19.25, 13.25):
        with pytest.raises(FrameError, match=r"row 0 .* no value that phq9\.total can take"):
            change.pair(pl.DataFrame(scores((1, 0, value), (1, 182, 4.0))))


def test_missing_columns_and_doubled_episodes_are_refused() -> None:
    data = frame((1, 0, 12))
    for name in ("patient_id", "date", "instrument", "scale", "value"):
        with pytest.raises(FrameError, match=f"no column '{name}'"):
            change.pair(data.drop(name))
    for name in ("patient_id", "episode", "start_date"):
        with pytest.raises(FrameError, match=f"episodes: the frame has no column '{name}'"):
            change.pair(data, episodes=episodes((1, 1, 0)).drop(name))
    with pytest.raises(FrameError, match=r"rows 0 and 2 .* same patient and episode"):
        change.pair(data, episodes=episodes((1, 1, 0), (2, 1, 0), (1, 1, 5)))
    with pytest.raises(FrameError, match="by: the table of changes has a column 'change'"):
        change.pair(data.with_columns(change=1))
    with pytest.raises(FrameError, match="patient_id: of one kind in the scores"):
        change.pair(data, episodes=episodes((1, 1, 0)).with_columns(pl.col("patient_id").cast(pl.String)))
    with pytest.raises(FrameError, match="belong together"):
        change.pair(data.with_columns(exact_numerator=12))
    with pytest.raises(FrameError, match="differs from the exact integers"):
        change.pair(data.with_columns(exact_numerator=13, exact_denominator=1))
    with pytest.raises(FrameError, match="is not a data frame"):
        change.pair([1, 2])


def test_empty_tables_give_empty_tables_and_patients_without_scores_keep_a_row() -> None:
    nothing, table = frame((1, 0, 12)).head(0), episodes((1, 1, 0))
    assert len(change.table(nothing)) == 0
    assert len(change.table(nothing, episodes=table.head(0))) == 0
    found = change.table(nothing, episodes=table, scales="peg", targets=[HALF_YEAR])
    assert found.select("patient_id", "scale", "reason").rows() == [(1, "mean", "no_assessment")]
    unlisted = change.pair(frame((1, 0, 12)), episodes=table.head(0), targets=[HALF_YEAR])
    assert unlisted["reason"].to_list() == ["no_episode"]


def test_overlapping_targets_are_refused_unless_allowed() -> None:
    data = frame((1, 0, 12), (1, 100, 5))
    both = [change.Target("a", day=90, days=(60, 120)), change.Target("b", day=130, days=(120, 150))]
    with pytest.raises(ParameterError, match="windows of 'a' and 'b' overlap"):
        change.pair(data, targets=both)
    assert change.pair(data, targets=both, overlap=True)["followup"].to_list() == [5, None]
    # 3 months before 31 May to 3 months after: only some starts make these meet.
    months = [change.Target("a", months=3, slack=14), change.Target("b", months=4, slack=14)]
    with pytest.raises(ParameterError, match="windows of 'a' and 'b' overlap"):
        change.pair(data, targets=months)
    soon = [change.Target("soon", day=7, slack=6)]
    with pytest.raises(ParameterError, match="begins within the baseline window, whose assessments are all"):
        change.pair(data, targets=soon, baseline=change.Baseline(pick="mean"))
    # Where one assessment is picked, the follow-up is a later one.
    near = change.pair(frame((1, 0, 12), (1, 5, 7)), targets=soon)
    assert near.select("baseline", "followup").rows() == [(12, 7)]
    # The baseline itself lies in the window of the follow-up, and is none.
    alone = change.pair(frame((1, 3, 12)), episodes=episodes((1, 1, 0)), targets=soon)
    assert alone.select("baseline", "followup", "reason").rows() == [(12, None, "no_follow_up")]
    with pytest.raises(ParameterError, match="same name"):
        change.pair(data, targets=[both[0], both[0]])
    with pytest.raises(ParameterError, match="at least one"):
        change.pair(data, targets=[])


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ({"name": "x"}, "either day or months"),
        ({"name": "x", "day": 9, "months": 1}, "either day or months"),
        ({"name": "x", "day": 9}, "give the window"),
        ({"name": "x", "months": 9, "days": (1, 2)}, "give the window"),
        ({"name": "x", "day": 9, "days": (10, 12)}, "outside its window"),
        ({"name": "x", "day": 9, "days": (12, 8)}, "begins on day 12"),
        ({"name": "x", "day": 9, "slack": -1}, "not negative"),
        ({"name": "x", "day": 9.5, "slack": 1}, "whole number"),
        ({"name": "x", "months": 0, "slack": 1}, "1 or more"),
        ({"name": "x", "day": 9, "slack": 1, "pick": "median"}, "must be one of nearest"),
        ({"name": " ", "day": 9, "slack": 1}, "give a text"),
    ],
)
def test_targets_that_make_no_sense_are_refused(arguments: dict[str, Any], told: str) -> None:
    with pytest.raises(ParameterError, match=told):
        change.Target(**arguments)


def test_baselines_that_make_no_sense_are_refused() -> None:
    with pytest.raises(ParameterError, match="begins on day 8"):
        change.Baseline(days=(8, 7))
    with pytest.raises(ParameterError, match="must be one of nearest"):
        change.Baseline(pick="median")  # type: ignore[arg-type]
    with pytest.raises(ParameterError, match="as_of: give a date"):
        change.pair(frame((1, 0, 12)), as_of="soon")
    with pytest.raises(ParameterError, match=r"value of phq9\.syndrome is a category"):
        change.pair(frame((1, 0, 12)), scales=["phq9.syndrome"])
    with pytest.raises(UnknownNameError, match="no instrument 'phq'"):
        change.pair(frame((1, 0, 12)), scales="phq")


def test_scales_asked_for_have_rows_even_where_none_was_answered() -> None:
    found = change.pair(frame((1, 0, 12)), scales=["phq9.total", ("peg", "mean")], targets=[HALF_YEAR])
    assert found.select("instrument", "reason").rows() == [("peg", "no_baseline"), ("phq9", "no_follow_up")]
