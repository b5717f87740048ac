"""Indicators against plain counting, published figures and every kind of frame."""

from __future__ import annotations

import datetime as dt
import math
import tomllib
from decimal import Decimal
from functools import cache
from itertools import product
from random import Random
from typing import Any

import duckdb
import narwhals as nw
import pandas as pd
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyarrow import csv
from relations import RELATIONS
from scipy import stats

from ipm_outcomes import change as changes_of
from ipm_outcomes import program
from ipm_outcomes.catalog import shelf
from ipm_outcomes.errors import FrameError, ParameterError, ProtectionWarning, UnknownNameError
from ipm_outcomes.program.indicators import Indicator, parse

SETTINGS = settings(max_examples=25, deadline=None)
COUNTED = ("followup_completion", "responder_30", "important_worsening", "reliable_recovery")
WORDS = ("recovered", "improved", "unchanged", "deteriorated", "not classifiable")


def months_on(date: dt.date, months: int) -> dt.date:
    """The same day so many months later, or the last day of that month."""
    year, month = divmod(date.year * 12 + date.month - 1 + months, 12)
    for day in range(date.day, 27, -1):
        try:
            return dt.date(year, month + 1, day)
        except ValueError:
            continue
    return dt.date(year, month + 1, date.day)


def change(
    patient: int,
    baseline: float | None = None,
    followup: float | None = None,
    *,
    of: str = "phq9.total",
    target: str = "6 months",
    days: int = 182,
    wider: int = 0,
    **more: Any,
) -> dict[str, Any]:
    """One row as the table of changes holds it, by the plain definition of its columns (lower is better)."""
    both = baseline is not None and followup is not None
    better = baseline - followup if both else None
    start = dt.date(2024, 1, 10)
    if target == "DRR-E":
        first, last = (start + dt.timedelta(n) for n in (120 - wider, 240 + wider))
    else:
        middle = months_on(start, int(target.split()[0]))
        first, last = (middle + sign * dt.timedelta(60 + wider) for sign in (-1, 1))
    row = {
        "patient_id": patient,
        "episode": 1,
        "site": "A",
        "instrument": of.split(".")[0],
        "scale": of.split(".")[1],
        "target": target,
        "baseline_date": start if baseline is not None else None,
        "baseline": baseline,
        "followup_date": start + dt.timedelta(days) if followup is not None else None,
        "followup": followup,
        "change": -better if both else None,
        "improvement": better,
        "important": abs(better) >= 5 if both else None,
        "responder_30": 10 * better >= 3 * baseline if both and baseline else None,
        "responder_50": 2 * better >= baseline if both and baseline else None,
        "class": ("improved" if better >= 6 else "deteriorated" if better <= -6 else "unchanged")
        if both
        else None,
        "reason": None if both else "no_follow_up" if baseline is not None else "no_baseline",
        "window_open": False,
        "window_from": first,
        "window_to": last,
        "followup_pick": "latest",
        "eligible_to_recover": None if baseline is None else baseline >= 10,
        "baseline_band": None if baseline is None else "mild" if baseline < 10 else "moderate",
        "followup_band": None if followup is None else "mild" if followup < 10 else "moderate",
    }
    assert set(more) <= set(row)
    return row | more


TYPES = {
    **dict.fromkeys(("baseline", "followup", "change", "improvement"), pl.Float64),
    **dict.fromkeys(("important", "responder_30", "responder_50", "window_open"), pl.Boolean),
    **dict.fromkeys(("eligible_to_recover",), pl.Boolean),
    **dict.fromkeys(("baseline_date", "followup_date"), pl.Date),
    **dict.fromkeys(("class", "reason", "baseline_band", "followup_band", "site"), pl.String),
}


def frame(rows: list[dict[str, Any]]) -> pl.DataFrame:
    empty = change(0)
    return pl.DataFrame(rows or [empty], schema_overrides=TYPES, infer_schema_length=None).head(len(rows))


def found(result: pl.DataFrame, definition: str, **where: Any) -> dict[str, Any]:
    for name, value in {"definition": definition, **where}.items():
        result = result.filter(pl.col(name) == value)
    assert len(result) == 1, result
    return result.row(0, named=True)


CLINIC = [
    change(1, 15, 4),  # better by 11: all lines
    change(2, 10, 7),  # 30 percent exactly, not 50, not 5 points
    change(3, 12, 18),  # worse by 6
    change(4, 0, 2),  # no percent change from 0
    change(5, 14, None),  # lost
    change(6, 11, None, window_open=True, reason="window_open"),
    change(7, None, 5),  # no baseline
    change(8, 8, 8, site="B"),
]


def test_counts_of_a_small_clinic_by_hand():
    result = program.table(frame(CLINIC))
    shares = {
        # definition: eligible, observed, numerator, denominator, excluded, worst, best
        "baseline_completion": (8, 8, 7, 8, 0, 7 / 8, 7 / 8),
        "followup_completion": (6, 6, 5, 6, 1, 5 / 6, 5 / 6),
        "able_to_recover": (6, 5, 3, 5, 1, None, None),  # baselines 15, 10, 12 of 15, 10, 12, 0, 8
        "reliable_recovery": (
            6,
            5,
            0,
            3,
            1,
            0,
            1 / 4,
        ),  # of 15, 10, 12; the lost one, from 14, could have too
        "responder_30": (
            6,
            5,
            2,
            5,
            1,
            2 / 6,
            3 / 6,
        ),  # patient 4, from 0, is not improved; patient 5 is lost
        "responder_50": (6, 5, 1, 5, 1, 1 / 6, 2 / 6),
        "important_improvement": (6, 5, 1, 5, 1, 1 / 6, 2 / 6),
        "important_worsening": (6, 5, 1, 5, 1, 1 / 6, 2 / 6),
        "reliable_improvement": (6, 5, 1, 5, 1, 1 / 6, 2 / 6),
        "reliable_deterioration": (6, 5, 1, 5, 1, 1 / 6, 2 / 6),
        "depression_remission_6_months": (
            4,
            3,
            1,
            4,
            1,
            1 / 4,
            2 / 4,
        ),  # baselines 15, 10, 12, 14; lost = not met, and could have been met
        "depression_response_6_months": (4, 3, 1, 4, 1, 1 / 4, 2 / 4),
    }
    for definition, expected in shares.items():
        row = found(result, definition)
        eligible, observed, numerator, denominator, excluded, worst, best = expected
        counts = ("eligible", "observed", "numerator", "denominator", "excluded")
        assert [row[name] for name in counts] == [eligible, observed, numerator, denominator, excluded], (
            definition
        )
        assert row["estimate"] == numerator / denominator
        assert (row["worst"], row["best"]) == (worst, best), definition
        low, high = stats.binomtest(numerator, denominator).proportion_ci(method="wilson")
        assert row["lower"] == pytest.approx(low, abs=1e-12)
        assert row["upper"] == pytest.approx(high, abs=1e-12)
        assert (row["method"], row["level"], row["suppressed"]) == ("wilson", 0.95, "")
        assert row["source"]


def test_recovery_is_not_told_where_nobody_can_recover():
    rows = [change(n, 12, 4, eligible_to_recover=None) for n in range(3)]
    result = program.table(frame(rows))
    assert not {"reliable_recovery", "able_to_recover"} & set(result["definition"])
    rows = [change(1, 12, 4, **{"class": "recovered"}), change(2, 4, 3), change(3, 3, None)]
    row = found(program.table(frame(rows)), "reliable_recovery")
    # Who began on the healthy side cannot recover, and is in neither share: 1 of the 1 who could.
    assert (row["numerator"], row["denominator"], row["worst"], row["best"]) == (1, 1, 1, 1)
    able = found(program.table(frame(rows)), "able_to_recover")
    assert (able["numerator"], able["denominator"]) == (1, 2)
    more = [*rows, change(4, 14, None), change(5, 16, 13, **{"class": "unchanged"})]
    row = found(program.table(frame(more)), "reliable_recovery")
    assert (row["numerator"], row["denominator"], row["worst"], row["best"]) == (1, 2, 1 / 3, 2 / 3)


def test_the_lost_without_room_are_in_no_best():
    rows = [change(1, 10, 5), change(2, 10, 9), change(3, 10, None), change(4, 2, None), change(5, 27, None)]
    room = {"can_improve": [True, True, True, False, True], "can_worsen": [True, True, True, True, False]}
    result = program.table(frame(rows).with_columns(**{name: pl.Series(held) for name, held in room.items()}))
    better, worse = (found(result, f"important_{name}") for name in ("improvement", "worsening"))
    assert (better["worst"], better["best"]) == (1 / 5, 3 / 5)
    assert (worse["worst"], worse["best"]) == (0, 2 / 5)
    # A table that does not tell the room: all could.
    assert found(program.table(frame(rows)), "important_improvement")["best"] == 4 / 5


def test_the_lost_with_a_baseline_of_0_are_no_possible_responders():
    rows = [change(1, 10, 5), change(2, 10, 9), change(3, 10, None), change(4, 0, None)]
    row = found(program.table(frame(rows)), "responder_50")
    assert (row["denominator"], row["worst"], row["best"]) == (2, 1 / 4, 2 / 4)
    before = program.table(frame(rows), indicators=["severity_before"])
    assert before["worst"].null_count() == before["best"].null_count() == before.height == 5


@pytest.mark.parametrize(
    ("marks", "told"), [(["2+", "1"], "1"), (["2+", "convention"], "convention"), ([None, "2+"], "2+")]
)
def test_evidence_is_the_weakest_of_what_decided(marks, told):
    data = frame([change(1, 10, 5), change(2, 10, 9)])
    result = program.table(
        data.with_columns(pl.Series("responder_50_evidence", marks, pl.String)), indicators=["responder_50"]
    )
    assert result["evidence"].to_list() == [told]
    # Without the column: PHQ-9 has a sourced line at 50 percent (CBE 1884, "2+"), none at 30.
    plain = program.table(data, indicators=["responder_30", "responder_50"])
    assert plain["evidence"].to_list() == ["convention", "2+"]


def test_a_baseline_counts_once_however_many_targets(backend):
    rows = [change(n, b, target=t) for n, b in ((1, 5), (2, None)) for t in ("6 months", "12 months")]
    data = frame(rows).to_dict(as_series=False)
    got = backend.rows(program.table(backend.make(data), indicators=["baseline_completion"]))
    assert (got["indicator"], got["numerator"], got["denominator"]) == (
        ["baseline_completion:phq9.total"],
        [1],
        [2],
    )


def test_all_finished_courses_count_for_improvement_also_without_a_first_score():
    rows = [*course(1, (15, 4), (12, 3)), *course(2, (None, 4), (None, 3)), *course(3, (9, 4), (7, 3))]
    result = program.table(frame(rows))
    # The third is known not to be at caseness; the second may have been.
    for what, denominator in (("improvement", 3), ("deterioration", 3), ("recovery", 2)):
        assert found(result, f"talking_therapies_reliable_{what}")["denominator"] == denominator


def test_mean_change_by_hand():
    row = found(program.table(frame(CLINIC)), "mean_change")
    changes = [-11, -3, 6, 2, 0]  # patients 1, 2, 3, 4, 8
    mean = sum(changes) / 5
    sd = math.sqrt(sum((c - mean) ** 2 for c in changes) / 4)
    half = stats.t.ppf(0.975, 4) * sd / math.sqrt(5)
    assert (row["eligible"], row["observed"], row["denominator"], row["numerator"]) == (6, 5, 5, None)
    assert row["estimate"] == pytest.approx(mean)
    assert row["sd"] == pytest.approx(sd)
    assert [row["lower"], row["upper"]] == pytest.approx([mean - half, mean + half])
    assert found(program.table(frame(CLINIC)), "mean_improvement")["estimate"] == pytest.approx(-mean)


def test_bands_of_the_definition_in_order_and_none_left_out():
    result = program.table(frame(CLINIC), indicators=["severity_before"])
    assert result["band"].to_list() == ["minimal", "mild", "moderate", "moderately severe", "severe"]
    assert result["numerator"].to_list() == [0, 2, 3, 0, 0]
    assert set(result["denominator"]) == {5}
    assert result["indicator"][2] == "severity_before:phq9.total:6 months:moderate"


def test_groups_add_up_to_the_total_and_a_group_with_nothing_keeps_its_row():
    rows = [*CLINIC, change(9, 12, 3, site="C", target="12 months", days=365)]
    result = program.table(frame(rows), by=["site"], totals=True)
    assert set(result["site"]) == {"A", "B", "C", "all"}
    for (_,), part in result.group_by(["indicator"]):
        assert sorted(part["site"]) == ["A", "B", "C", "all"]
        groups, total = part.filter(pl.col("site") != "all"), part.filter(pl.col("site") == "all")
        for count in ("eligible", "observed", "denominator", "excluded"):
            if total[count][0] is None:  # DRR-E, whose own target is not here, and courses of treatment
                assert part["definition"][0].startswith(("drr_", "talking_therapies_"))
                continue
            assert groups[count].sum() == total[count][0]
        if total["numerator"][0] is not None:
            assert groups["numerator"].sum() == total["numerator"][0]
    empty = found(result, "responder_30", site="B", target="12 months")
    assert (empty["eligible"], empty["denominator"], empty["estimate"], empty["lower"]) == (0, 0, None, None)
    whole = (
        program.table(frame(rows)).select("indicator", "estimate", "lower", "upper", "sd").sort("indicator")
    )
    joined = result.filter(pl.col("site") == "all").select(whole.columns).sort("indicator")
    for name in ("estimate", "lower", "upper", "sd"):
        assert joined[name].to_list() == pytest.approx(whole[name].to_list(), nan_ok=True), name


def test_every_kind_of_frame_gives_the_same_figures_in_its_own_kind(backend):
    rows = [*CLINIC, *(change(n, n, n / 2, of="gad7.total", site="B") for n in range(1, 6))]
    data = frame(rows).to_dict(as_series=False)
    expected = program.table(frame(rows), by=["site"], totals=True).to_dict(as_series=False)
    result = program.table(backend.make(data), by=["site"], totals=True)
    got = backend.rows(result)
    assert list(got) == list(expected)
    for name, values in expected.items():
        if name in ("estimate", "lower", "upper", "sd", "worst", "best"):
            assert got[name] == [
                None if v is None else pytest.approx(v, rel=1e-9, abs=1e-12) for v in values
            ], name
        else:
            assert got[name] == values, name


@pytest.mark.parametrize("missing", [None, float("nan")])
def test_missing_is_one_thing_however_it_is_spelled(missing):
    import pandas as pd

    rows = [
        row | {n: missing if row[n] is None else row[n] for n in ("responder_30", "followup", "class")}
        for row in CLINIC
    ]
    row = found(
        pl.from_pandas(program.table(pd.DataFrame(rows), indicators=["responder_30"]).convert_dtypes()),
        "responder_30",
    )
    assert (row["eligible"], row["observed"], row["numerator"], row["denominator"]) == (6, 5, 2, 5)
    polars = frame(CLINIC).with_columns(pl.col("followup").fill_null(pl.lit(missing, pl.Float64)))
    row = found(program.table(polars, indicators=["followup_completion"]), "followup_completion")
    assert (row["numerator"], row["denominator"]) == (5, 6)


@st.composite
def tables(draw: st.DrawFn) -> list[dict[str, Any]]:
    score = st.none() | st.integers(0, 27)
    rows = []
    for n in range(draw(st.integers(0, 25))):
        opened = draw(st.booleans()) and draw(st.booleans())
        before, after = draw(score), draw(score)
        of = draw(st.sampled_from(["phq9.total", "gad7.total", "peg.mean"]))
        target = draw(st.sampled_from(["6 months", "12 months"]))
        word = draw(st.sampled_from(WORDS)) if before is not None and after is not None else None
        more = {"window_open": opened, "class": word, "site": draw(st.sampled_from(["A", "B"]))}
        rows.append(change(n, before, after, of=of, target=target, days=draw(st.integers(100, 460)), **more))
    return rows


@SETTINGS
@given(tables(), st.randoms())
def test_counts_equal_plain_counting(rows, random):
    result = program.table(frame(rows), by=["site"], indicators=COUNTED)
    for row in result.iter_rows(named=True):
        mine = [
            r
            for r in rows
            if all(r[key] == row[key] for key in ("site", "instrument", "scale", "target"))
            and r["baseline"] is not None
        ]
        assert row["excluded"] == sum(r["window_open"] for r in mine)
        mine = [r for r in mine if not r["window_open"]]
        assert row["eligible"] == len(mine)
        pairs = [r for r in mine if r["followup"] is not None]
        decided, met = {
            "followup_completion": (mine, pairs),
            "responder_30": (pairs, [r for r in pairs if r["responder_30"]]),
            "important_worsening": (pairs, [r for r in pairs if r["followup"] - r["baseline"] >= 5]),
            "reliable_recovery": (
                [r for r in pairs if r["class"] not in ("not classifiable", None) and r["baseline"] >= 10],
                [r for r in pairs if r["class"] == "recovered" and r["baseline"] >= 10],
            ),
        }[row["definition"]]
        assert (row["numerator"], row["denominator"]) == (len(met), len(decided))
    shuffled = rows.copy()
    random.shuffle(shuffled)
    assert (
        program.table(frame(shuffled), by=["site"], indicators=COUNTED)
        .drop("estimate", "lower", "upper", "sd")
        .equals(result.drop("estimate", "lower", "upper", "sd"))
    )


@SETTINGS
@given(tables())
def test_counts_are_nested_and_intervals_hold_the_estimate(rows):
    for row in program.table(frame(rows), by=["site"]).iter_rows(named=True):
        if row["denominator"] is None:  # a follow-up after the window of the measure
            assert "Withheld" in row["notes"]
            assert row["eligible"] >= 0
            counts = ("observed", "numerator", "estimate", "lower", "upper", "worst", "best")
            assert all(row[name] is None for name in counts)
            continue
        assert row["eligible"] >= row["observed"] >= 0
        assert row["eligible"] >= row["denominator"]
        if row["numerator"] is not None:
            assert row["denominator"] >= row["numerator"] >= 0
        if row["missing"] == "complete_case":
            assert row["observed"] >= row["denominator"]
        assert (row["estimate"] is None) == (row["denominator"] == 0)
        if row["lower"] is not None:
            assert row["lower"] - 1e-12 <= row["estimate"] <= row["upper"] + 1e-12
        if row["worst"] is not None and row["estimate"] is not None:
            assert row["worst"] <= row["estimate"] + 1e-12
            assert row["best"] >= row["worst"]
            # Who was lost but never could have been met lowers the share for certain.
            bounds = program.indicator(row["definition"]).bounds
            assert row["best"] >= row["estimate"] - 1e-12 or getattr(bounds, "met", None) is not None


# -- windows ---------------------------------------------------------------------------------------


@SETTINGS
@given(
    st.dates(dt.date(1999, 1, 1), dt.date(2101, 12, 31))
    | st.sampled_from([dt.date(2024, 2, 29), dt.date(2023, 8, 31)]),
    st.sampled_from([(6, "6 months"), (12, "12 months")]),
    st.sampled_from([-61, -60, -59, 0, 59, 60, 61]),
)
def test_calendar_windows_are_inclusive_and_clipped_at_month_ends(date, months, away):
    count, target = months
    middle = months_on(date, count)
    for wider in (0, 10):
        row = change(1, 12, 3, target=target) | {"baseline_date": date}
        row |= {"followup_date": middle + dt.timedelta(away)}
        row |= {
            "window_from": middle - dt.timedelta(60 + wider),
            "window_to": middle + dt.timedelta(60 + wider),
        }
        name = f"depression_remission_{count}_months"
        result = found(program.table(frame([row]), indicators=[name]), name)
        # A later score of a wider window may hide one in that of the measure: nothing is told.
        expected = (None, None, None) if away > 60 else (1, 1, 1) if away >= -60 else (0, 0, 1)
        assert (result["observed"], result["numerator"], result["denominator"]) == expected
        assert result["eligible"] == 1


@SETTINGS
@given(st.sampled_from(["window_from", "window_to"]), st.integers(0, 40))
def test_a_window_narrower_by_a_day_is_withheld(end, wider):
    row = change(1, 12, 3, wider=wider)
    measure = {"window_from": change(1)["window_from"], "window_to": change(1)["window_to"]}
    name = "depression_remission_6_months"
    assert found(program.table(frame([row]), indicators=[name]), name)["numerator"] == 1
    inward = dt.timedelta(1 if end == "window_from" else -1)
    row[end] = measure[end] + inward
    assert found(program.table(frame([row]), indicators=[name]), name)["numerator"] is None


def test_29_february_plus_12_months_is_28_february():
    # 2025-02-28 + 60 days = 2025-04-29
    for day, counts in ((29, 1), (30, None)):
        row = change(1, 12, 3, target="12 months")
        row |= {"baseline_date": dt.date(2024, 2, 29), "followup_date": dt.date(2025, 4, day)}
        row |= {"window_from": dt.date(2024, 12, 1), "window_to": dt.date(2025, 5, 30)}
        result = program.table(frame([row]), indicators=["depression_remission_12_months"])
        assert result["numerator"].to_list() == [counts]


def test_drr_takes_120_to_240_days(backend):
    rows = [change(days, 12, 3, days=days, target="DRR-E", wider=5) for days in (119, 120, 240, 241)]
    names = ["drr_followup", "drr_remission", "drr_response"]
    got = backend.rows(
        program.table(backend.make(frame(rows[:3]).to_dict(as_series=False)), indicators=names)
    )
    assert (got["numerator"], got["denominator"]) == ([2, 2, 2], [3, 3, 3])
    withheld = backend.rows(
        program.table(backend.make(frame(rows).to_dict(as_series=False)), indicators=names)
    )
    assert (withheld["eligible"], withheld["numerator"], withheld["estimate"]) == (
        [4] * 3,
        [None] * 3,
        [None] * 3,
    )


def test_drr_counts_those_above_nine():
    rows = [
        *(
            change(1, 9, 3, target="DRR-E"),
            change(2, 10, 5, target="DRR-E"),
            change(3, 27, 4, target="DRR-E"),
        ),
        change(4, 10, None, target="DRR-E"),
    ]
    result = program.table(frame(rows), indicators=["drr_followup", "drr_remission", "drr_response"])
    told = {row["definition"]: row for row in result.iter_rows(named=True)}
    # Patient 1 is not above 9. Of 2, 3 and 4: two forms; below 5 once; at least half of 10 and of 27 twice.
    assert [(row["eligible"], row["denominator"]) for row in told.values()] == [(3, 3)] * 3
    assert [row["numerator"] for row in told.values()] == [2, 1, 2]


@pytest.mark.parametrize("pick", ["nearest", "earliest", "best", None])
def test_another_pick_than_the_latest_is_withheld(pick):
    rows = [change(1, 12, 3, followup_pick=pick), change(2, 12, 3, site="B")]
    result = program.table(
        frame(rows), indicators=["depression_remission_6_months"], by=["site"], totals=True
    )
    assert result["numerator"].to_list() == [None, 1, None]
    told = 'change.Target("6 months", months=6, slack=60, pick="latest", origin="baseline")'
    assert [told in note for note in result["notes"]] == [True, False, True]
    assert program.suppress(result)["numerator"].to_list() == [None] * 3


def test_a_longer_window_that_is_open_does_not_tell_whether_that_of_the_measure_is():
    name = "depression_remission_6_months"
    for wider, denominator in ((0, 1), (1, None)):
        rows = [change(1, 12, 3, wider=wider), change(2, 12, None, wider=wider, window_open=True)]
        result = found(program.table(frame(rows), indicators=[name]), name)
        assert (result["eligible"], result["excluded"], result["denominator"]) == (1, 1, denominator)


def scored(patient: str, start: dt.date, *later: tuple[int, float]) -> list[dict[str, Any]]:
    about = {"patient_id": patient, "instrument": "phq9", "scale": "total"}
    at = ((0, 15.0), *later)
    return [about | {"date": start + dt.timedelta(days), "value": float(value)} for days, value in at]


def test_measures_need_their_own_targets():
    # 2024-06-01 + 6 months = 2024-12-01 is day 183, so the window of CBE 0711 is days 123 to 243; that of DRR-E is
    # days 120 to 240. Of (a) the latest score counts, 3 on day 236, not 9 on day 180. The windows of (c) end on
    # 2025-09-18 and 2025-09-17, after the last day of the data. Default targets: nearest of days 137 to 227.
    long_ago, recent = dt.date(2024, 6, 1), dt.date(2025, 1, 20)
    scores = pl.DataFrame(
        [
            *scored("a", long_ago, (180, 9), (236, 3)),
            *scored("b", long_ago, (236, 3)),
            *scored("c", recent),
            *scored("d", long_ago, (129, 3)),
        ]
    )

    def counted(targets: Any) -> pl.DataFrame:
        made = changes_of.table(scores, targets=targets, overlap=True, as_of="2025-09-10")
        return program.table(made).filter(pl.col("definition").is_in(names))

    names = [f"depression_{what}_6_months" for what in ("remission", "response")]
    names += [f"drr_{what}" for what in ("followup", "remission", "response")]
    by_hand = changes_of.Target("6 months", months=6, slack=60, pick="latest")
    own = counted(program.DEPRESSION_TARGETS)
    both = counted([*changes_of.DEFAULT_TARGETS, *program.DEPRESSION_TARGETS])
    for result in (own, both):
        assert sorted(result["definition"]) == sorted(names)
        assert set(result["target"]) == {"CBE 6 months", "DRR-E"}
        counts = result.select("eligible", "observed", "numerator", "denominator", "excluded").rows()
        assert counts == [(3, 3, 3, 3, 1)] * 5
    alone = counted([by_hand]).filter(pl.col("numerator").is_not_null())
    assert alone.select("definition", "numerator", "denominator", "excluded").rows() == [
        (names[0], 3, 3, 1),
        (names[1], 3, 3, 1),
    ]
    default = counted(changes_of.DEFAULT_TARGETS)
    assert set(default["definition"]) == set(names)
    for column in ("observed", "numerator", "denominator", "estimate", "worst", "best"):
        assert default[column].null_count() == 5
    assert default["notes"].str.contains("Withheld: needs a target of").all()
    assert default["eligible"].to_list() == [4] * 5


@pytest.mark.parametrize(("followup", "counts"), [(5, 1), (6, 0)])
def test_response_from_11_is_5(followup, counts):
    # measures.md: "For an index of 11, 5.5: a score of 5 counts, 6 does not."
    result = program.table(frame([change(1, 11, followup)]), indicators=["depression_response_6_months"])
    assert result["numerator"].to_list() == [counts]


# -- NHS Talking Therapies -------------------------------------------------------------------------


def course(patient: int, phq: tuple[Any, Any], gad: tuple[Any, Any], **facts: Any) -> list[dict[str, Any]]:
    """A finished course of treatment: first and last scores of both forms."""
    start = dt.date(2024, 1, 10)
    told = {"status": "completed", "attended_sessions": 5, "end_date": start + dt.timedelta(200)}
    told |= {"baseline_pick": "first", "window_from": start + dt.timedelta(8), "target": "course"}
    told |= {"window_to": start + dt.timedelta(400)} | facts
    return [change(patient, *phq) | told, change(patient, *gad, of="gad7.total") | told]


def repeated(kinds: list[tuple[int, tuple[Any, Any], tuple[Any, Any]]]) -> pl.DataFrame:
    """So many finished courses of each kind, every one a patient of its own."""
    parts, first = [], 0
    for count, phq, gad in kinds:
        pair = frame(course(0, phq, gad)).drop("patient_id")
        ids = pl.DataFrame({"patient_id": range(first, first + count)})
        parts.append(ids.join(pair, how="cross"))
        first += count
    return pl.concat(parts)


def test_nhs_april_2025():
    # NHS England, April 2025: 57,359 finished, 54,672 of them at caseness, 26,457 reliably recovered: 48.4 percent.
    changes = repeated(
        [
            (26_457, (15, 4), (12, 3)),
            (54_672 - 26_457, (15, 14), (12, 11)),
            (57_359 - 54_672, (5, 4), (3, 3)),
        ]
    )
    result = program.table(
        changes, indicators=["talking_therapies_reliable_recovery", "talking_therapies_reliable_improvement"]
    )
    row = found(result, "talking_therapies_reliable_recovery")
    assert (row["numerator"], row["denominator"]) == (26_457, 54_672)
    assert f"{100 * row['estimate']:.1f}" == "48.4"
    row = found(result, "talking_therapies_reliable_improvement")
    assert (row["numerator"], row["denominator"]) == (26_457, 57_359)


def test_nhs_2014_15():
    # 189,152 of 421,744 recovered: 44.8 percent (0.4484996...: rounded once, after dividing).
    changes = repeated([(189_152, (15, 9), (12, 7)), (421_744 - 189_152, (15, None), (12, None))])
    row = found(
        program.table(changes, indicators=["talking_therapies_recovery"]), "talking_therapies_recovery"
    )
    assert (row["numerator"], row["denominator"], row["observed"]) == (189_152, 421_744, 189_152)
    assert f"{100 * row['estimate']:.1f}" == "44.8"
    assert (row["worst"], row["best"]) == (row["estimate"], 1.0)


TALKING = [id for id in program.indicators() if id.startswith("talking_therapies")]
RATES = ("recovery", "reliable_recovery", "reliable_improvement", "reliable_deterioration")
DAY = dt.timedelta(1)


def of_courses(result: pl.DataFrame, name: str) -> tuple[Any, ...]:
    row = found(result, f"talking_therapies_{name}")
    return tuple(row[count] for count in ("eligible", "observed", "numerator", "denominator"))


@pytest.mark.parametrize(
    "facts",
    [
        {"status": "active"},
        {"status": None},
        {"attended_sessions": 1},
        {"attended_sessions": None},
        {"window_open": True},
    ],
)
def test_courses_that_are_open_or_of_one_contact_are_in_no_rate(facts):
    rows = [
        *course(1, (15, 4), (12, 3)),
        *course(2, (15, 14), (12, 11)),
        *course(3, (15, 4), (12, 3), **facts),
        *course(4, (15, None), (12, 3), status="left"),
    ]
    result = program.table(frame(rows))
    for name, met in zip(RATES, (1, 1, 1, 0), strict=True):
        assert of_courses(result, name) == (3, 2, met, 3), name
        assert found(result, f"talking_therapies_{name}")["excluded"] == 1
        paired = found(result, f"talking_therapies_{name}_paired")
        assert (paired["numerator"], paired["denominator"]) == (met, 2), name


FIRST = dt.date(2024, 1, 10)


@pytest.mark.parametrize(
    ("facts", "need"),
    [
        ({"status": "discharged"}, "active, completed or left"),
        ({"baseline_pick": "nearest"}, "first score"),
        ({"followup_pick": "nearest"}, "last score"),
        ({"window_from": FIRST + 15 * DAY}, "no fixed month"),
        ({"window_to": FIRST + 199 * DAY}, "until the course is over"),
        ({"end_date": FIRST + 181 * DAY, "window_to": FIRST + 181 * DAY}, "none from after its end"),
    ],
)
def test_courses_are_not_counted_from_a_table_that_was_made_for_something_else(facts, need):
    good = course(1, (15, 4), (12, 3)) + course(2, (15, 14), (12, 11))
    for asked in ({}, {"indicators": [f"talking_therapies_{name}" for name in RATES]}):
        result = program.table(frame([*good, *course(3, (15, 4), (12, 3), **facts)]), **asked)
        for name in RATES:
            row = found(result, f"talking_therapies_{name}")
            assert row["eligible"] == 3
            assert [
                row[c] for c in ("observed", "numerator", "denominator", "estimate", "worst", "best")
            ] == ([None] * 6)
            assert row["notes"].count("Withheld: needs") == 1
            assert need in row["notes"]
    edges = {"window_from": FIRST + 14 * DAY, "window_to": FIRST + 182 * DAY, "end_date": FIRST + 182 * DAY}
    result = program.table(frame([*good, *course(3, (15, 4), (12, 3), **edges)]))
    assert of_courses(result, "recovery") == (3, 3, 2, 3)


def test_courses_are_counted_alike_in_every_kind_of_frame(backend):
    rows = [*course(1, (15, 4), (12, 3)), *course(2, (15, 14), (12, 11)), *course(3, (None, 4), (12, None))]
    rows += course(4, (15, 4), (12, 3), status="active", end_date=None)
    rows += course(5, (15, 4), (12, 3), attended_sessions=None)
    expected = program.table(frame(rows)).filter(pl.col("definition").is_in(TALKING))
    assert expected["denominator"].null_count() == 0
    for dates in (pl.Date, pl.String):  # as from change.table, and as from a file
        data = frame(rows).with_columns(pl.col("end_date", "window_from", "window_to").cast(dates))
        data = data.with_columns(pl.col("baseline_date", "followup_date").cast(dates))
        got = backend.rows(program.table(backend.make(data.to_dict(as_series=False))))
        for name in ("eligible", "excluded", "observed", "numerator", "denominator", "best"):
            mine = [v for d, v in zip(got["definition"], got[name], strict=True) if d in TALKING]
            assert mine == expected[name].to_list(), name


def test_what_the_table_does_not_tell_of_a_course_is_assumed_only_for_who_asks_and_said():
    lacking = ("status", "attended_sessions", "end_date")
    data = frame(course(1, (15, 4), (12, 3)) + course(2, (15, 14), (12, 11)))
    asked = {"indicators": ["talking_therapies_recovery"]}
    assert "does not tell" not in found(program.table(data, **asked), "talking_therapies_recovery")["notes"]
    for name in lacking:
        row = found(program.table(data.drop(name)), "talking_therapies_recovery")
        assert (row["numerator"], row["estimate"]) == (None, None), name
        assert "Withheld: needs" in row["notes"], name
        row = found(program.table(data.drop(name), **asked), "talking_therapies_recovery")
        assert (row["numerator"], row["denominator"]) == (1, 2), name
        assert "The table does not tell" in row["notes"], name
    row = found(program.table(data.drop("baseline_pick"), **asked), "talking_therapies_recovery")
    assert (row["numerator"], "first score" in row["notes"]) == (None, True)


def test_default_targets_do_not_carry_the_figures_of_courses():
    scores = pl.DataFrame(
        [
            (1, d, k, "total", v)
            for k in ("phq9", "gad7")
            for d, v in (("2024-01-01", 15.0), ("2024-07-01", 3.0))
        ],
        orient="row",
        schema=["patient_id", "date", "instrument", "scale", "value"],
    )
    episodes = pl.DataFrame(
        {"patient_id": [1], "episode": [1], "start_date": ["2024-01-01"], "status": ["completed"]}
        | {"attended_sessions": [7], "end_date": ["2024-07-15"]}
    )
    made = program.table(changes_of.table(scores, episodes=episodes))
    mine = made.filter(pl.col("definition").str.starts_with("talking"))
    assert mine.height > 0
    assert mine["estimate"].null_count() == mine.height
    first = changes_of.Baseline(pick="first")
    whole = changes_of.table(scores, episodes=episodes, baseline=first, targets=program.COURSE_TARGETS)
    assert of_courses(program.table(whole), "reliable_recovery") == (1, 1, 1, 1)


def test_a_course_without_a_first_score_stays_in_the_published_denominator():
    # Three finished, one recovered, one at caseness and not recovered, one without a first score: 1 of 3.
    rows = [*course(1, (15, 5), (12, 4)), *course(2, (15, 14), (12, 12)), *course(3, (None, 12), (None, 9))]
    result = program.table(frame(rows))
    assert of_courses(result, "recovery") == (3, 2, 1, 3)
    assert of_courses(result, "reliable_improvement") == (3, 2, 1, 3)
    assert of_courses(result, "recovery_known_caseness") == (2, 2, 1, 2)
    assert of_courses(result, "caseness_unknown")[2:] == (1, 3)
    # Its last scores are a case still, so it could not have recovered; whether it improved is not known.
    assert found(result, "talking_therapies_recovery")["best"] == 1 / 3
    assert found(result, "talking_therapies_reliable_improvement")["best"] == 2 / 3


def test_relations_of_course_figures_hold_for_every_course():
    random, tried = Random(5), 0
    phqs, gads = (None, 0, 4, 9, 10, 16), (None, 0, 3, 7, 8, 14)
    rows = [
        row | {"site": str(n)}
        for n in range(300)
        for row in course(n, *[(random.choice(top), random.choice(top)) for top in (phqs, gads)])
    ]
    result = program.table(frame(rows), by=["site"])
    counts = {(row["site"], row["definition"]): row for row in result.iter_rows(named=True)}
    for (site, id), row in counts.items():
        for relation in RELATIONS.get(id, ()) if id.startswith("talking") else ():
            name, column = relation.other
            theirs = counts[site, name][column]
            if relation.how == "apart_from":
                assert row[relation.column] + theirs <= row["denominator"], (id, relation)
            else:
                assert row[relation.column] <= theirs, (id, relation)
            tried += 1
    assert tried == 300 * sum(len(RELATIONS.get(id, ())) for id in TALKING) > 5000
    assert all(any(row["numerator"] for (_, one), row in counts.items() if one == id) for id in TALKING)


def test_best_is_what_any_answer_to_the_missing_scores_could_make_of_a_course():
    """Every way to fill the gaps of a course is tried by the plain rules, 28 and 22 scores for each."""

    def met(name: str, phq: tuple[int, int], gad: tuple[int, int]) -> bool:
        case, well = phq[0] >= 10 or gad[0] >= 8, phq[1] < 10 and gad[1] < 8
        up = phq[0] - phq[1] >= 6 or gad[0] - gad[1] >= 4
        down = phq[1] - phq[0] >= 6 or gad[1] - gad[0] >= 4
        return {
            "recovery": case and well,
            "reliable_improvement": up and not down,
            "reliable_deterioration": down and not up,
            "reliable_recovery": case and well and up and not down,
        }[name]

    @cache
    def pairs(pair: tuple[int | None, int | None], top: int) -> list[tuple[int, int]]:
        firsts, lasts = (range(top + 1) if one is None else [one] for one in pair)
        return list(product(firsts, lasts))

    random = Random(7)
    phqs, gads = (None, 0, 5, 6, 9, 10, 16, 21, 22, 27), (None, 0, 3, 4, 7, 8, 17, 18, 21)
    forms = [
        ((random.choice(phqs), random.choice(phqs)), (random.choice(gads), random.choice(gads)))
        for _ in range(150)
    ]
    forms += [((None, None), (None, None)), ((None, None), (4, None)), ((6, None), (None, None))]
    rows = [row | {"site": str(n)} for n, form in enumerate(forms) for row in course(n, *form)]
    result = program.table(frame(rows), by=["site"])
    for n, (phq, gad) in enumerate(forms):
        ways = list(product(pairs(phq, 27), pairs(gad, 21)))
        for name in RATES:
            row = found(result, f"talking_therapies_{name}", site=str(n))
            if row["denominator"]:
                could = [met(name, *way) for way in ways]
                assert row["best"] == any(could), (name, phq, gad)
                assert row["worst"] == row["estimate"], (name, phq, gad)
                assert all(could) or not row["estimate"], (name, phq, gad)
                assert row["observed"] == (len(ways) == 1) or name == "recovery", (name, phq, gad)


@pytest.mark.parametrize(
    ("phq", "gad", "met"),
    [
        # caseness PHQ-9 10, GAD-7 8; reliable change 6 and 4; then what is met
        ((10, 9), (8, 7), "recovery"),
        ((10, 4), (8, 7), "recovery reliable_recovery reliable_improvement"),
        ((10, 4), (7, 7), "recovery reliable_recovery reliable_improvement"),
        ((10, 5), (8, 5), "recovery"),  # 5 and 3 points: a point short on each
        ((10, 5), (8, 4), "recovery reliable_recovery reliable_improvement"),
        ((11, 5), (8, 12), ""),  # 6 better on one, 4 worse on the other
        ((11, 5), (4, 7), "recovery reliable_recovery reliable_improvement"),  # 3 worse is no reliable change
        ((4, 9), (4, 7), ""),  # 5 and 3 points worse
        ((9, 3), (8, 7), "recovery reliable_recovery reliable_improvement"),
        ((9, 3), (7, 7), "reliable_improvement"),  # no case at the start
        ((12, 9), (8, 8), ""),  # still a case on one
        ((12, 10), (8, 4), "reliable_improvement"),
        ((16, 9), (3, 7), "recovery"),  # better on one, worse on the other: neither, but below both
        ((4, 10), (3, 3), "reliable_deterioration"),
        ((4, 9), (3, 7), "reliable_deterioration"),
        ((4, 9), (3, 6), ""),
        ((12, None), (9, None), ""),
        ((12, 3), (9, None), ""),  # the second measure is needed to decide
    ],
)
def test_talking_therapies_rules(phq, gad, met):
    result = program.table(frame(course(1, phq, gad)))
    names = ("recovery", "reliable_recovery", "reliable_improvement", "reliable_deterioration")
    at_caseness = phq[0] >= 10 or gad[0] >= 8
    for name in names:
        row = found(result, f"talking_therapies_{name}")
        assert row["numerator"] == (name in met.split()), name
        assert row["denominator"] == (1 if at_caseness or "recovery" not in name else 0), name
        paired = found(result, f"talking_therapies_{name}_paired")
        assert paired["numerator"] == row["numerator"]
        assert row["best"] >= row["estimate"] if row["denominator"] else row["best"] is None
        complete = None not in (*phq, *gad)
        assert paired["denominator"] == (row["denominator"] if complete else 0)


def test_a_row_that_stands_twice_is_refused_in_every_kind_of_frame(backend):
    data = frame([*CLINIC, CLINIC[0]]).to_dict(as_series=False)
    with pytest.raises(FrameError, match="up to 2 rows for one patient, episode, scale and target"):
        program.table(backend.make(data))


# -- scores and episodes ---------------------------------------------------------------------------


def ratings(values: list[float | None]) -> pl.DataFrame:
    n = len(values)
    return pl.DataFrame(
        {
            "patient_id": range(n),
            "site": ["A"] * n,
            "instrument": ["nps"] * n,
            "scale": ["rating"] * n,
            "value": values,
            "answered": [0 if value is None else 1 for value in values],
        },
        schema_overrides={"value": pl.Float64},
    )


def test_net_promoter_score_by_hand():
    # 5 promoters, 3 passives, 2 detractors, 1 without an answer: 100 (5 - 2) / 10 = 30.
    scores = ratings([9, 9, 10, 10, 10, 7, 8, 8, 0, 6, None])
    row = found(program.table(frame([]), scores=scores, indicators=["nps"]), "nps")
    assert (row["eligible"], row["observed"], row["numerator"], row["denominator"], row["estimate"]) == (
        11,
        10,
        3,
        10,
        30,
    )
    # Adjusted Wald: n + 3, promoters and detractors + 3/4.
    p, q = 5.75 / 13, 2.75 / 13
    half = 1.959964 * math.sqrt((p + q - (p - q) ** 2) / 13)
    assert [row["lower"], row["upper"]] == pytest.approx(
        [100 * (p - q - half), 100 * (p - q + half)], abs=1e-4
    )
    assert row["unit"] == "NPS points"


@pytest.mark.parametrize("value", [11, -1, 7.5])
def test_a_rating_that_is_none_is_an_error_not_a_detractor(value):
    with pytest.raises(FrameError, match="no ratings 0 to 10"):
        program.table(frame([]), scores=ratings([9, value]), indicators=["nps"])


def test_promoters_at_follow_up_need_no_baseline():
    rows = [change(n, None, v, of="nps.rating") for n, v in enumerate([10, 9, 3, None])]
    rows += [change(9, None, None, of="nps.rating", window_open=True)]
    row = found(program.table(frame(rows)), "nps_followup")
    assert (row["eligible"], row["observed"], row["numerator"], row["denominator"], row["excluded"]) == (
        4,
        3,
        1,
        3,
        1,
    )
    assert not program.table(frame(rows)).filter(pl.col("definition").str.starts_with("mean")).height


def test_self_harm_flags_count_forms():
    flags = ["raised", "not raised", "not raised", "not answered", None]
    scores = pl.DataFrame(
        {
            "patient_id": range(5),
            "instrument": ["phq9"] * 5,
            "scale": ["total"] * 5,
            "phq9_flag_self_harm": flags,
        }
    )
    result = program.table(frame(CLINIC), scores=scores)
    raised = found(result, "self_harm_flag")
    assert (raised["eligible"], raised["observed"], raised["numerator"], raised["denominator"]) == (
        4,
        3,
        1,
        3,
    )
    assert found(result, "self_harm_not_answered")["estimate"] == 1 / 4


def test_adherence_takes_the_episode_as_the_unit():
    attended, planned = [10, 4, 8, None], [10, 10, 20, 10]
    episodes = pl.DataFrame(
        {"patient_id": range(4), "attended_sessions": attended, "planned_sessions": planned}
    )
    row = found(program.table(frame([]), episodes=episodes, indicators=["adherence"]), "adherence")
    assert (row["eligible"], row["observed"], row["numerator"], row["denominator"]) == (4, 3, 22, 40)
    ratio = 22 / 40
    residuals = [a - ratio * p for a, p in zip(attended[:3], planned[:3], strict=True)]
    # Cochran: v(R) = n / (n - 1) * sum(residual^2) / (sum planned)^2
    se = math.sqrt(3 / 2 * sum(r * r for r in residuals)) / 40
    half = stats.t.ppf(0.975, 2) * se
    assert row["estimate"] == ratio
    assert [row["lower"], row["upper"]] == pytest.approx([max(0, ratio - half), ratio + half])


def test_program_completion_leaves_out_what_still_goes_on():
    episodes = pl.DataFrame(
        {"patient_id": range(5), "status": ["completed", "completed", "left", "active", None]}
    )
    row = found(program.table(frame([]), episodes=episodes), "program_completion")
    assert (row["eligible"], row["observed"], row["numerator"], row["denominator"], row["excluded"]) == (
        4,
        3,
        2,
        3,
        1,
    )


# -- corners ---------------------------------------------------------------------------------------


def test_a_program_of_nobody_one_patient_or_no_follow_up():
    assert program.table(frame([])).height == 0
    assert list(program.table(frame([]), by=["site"]).columns[:2]) == ["site", "indicator"]
    one = found(program.table(frame([change(1, 12, 3)])), "mean_change")
    assert (one["estimate"], one["lower"], one["sd"]) == (-9, None, None)
    lost = program.table(frame([change(n, 12, None) for n in range(3)]))
    row = found(lost, "responder_30")
    assert (row["eligible"], row["observed"], row["denominator"], row["estimate"]) == (3, 0, 0, None)
    assert (row["worst"], row["best"]) == (None, None)  # nobody could be judged, nothing is bounded


def test_columns_without_any_value_have_no_type_and_do_no_harm(backend):
    rows = [change(n, 12, None) for n in range(3)]
    got = backend.rows(program.table(backend.make({name: [row[name] for row in rows] for name in rows[0]})))
    by_name = dict(
        zip(
            got["definition"],
            zip(got["eligible"], got["observed"], got["numerator"], strict=True),
            strict=True,
        )
    )
    assert by_name["responder_30"] == (3, 0, 0)
    assert by_name["reliable_recovery"] == (3, 0, 0)
    assert by_name["depression_remission_6_months"] == (3, 0, 0)
    assert by_name["followup_completion"] == (3, 3, 0)
    assert by_name["mean_change"] == (3, 0, None)


def test_scale_and_target_may_be_grouping_columns():
    rows = [*CLINIC, change(9, 12, 3, target="12 months")]
    result = program.table(frame(rows), by=["scale", "target"], indicators=["responder_30"])
    assert result.select("scale", "target", "indicator").rows() == [
        ("total", "12 months", "responder_30:phq9"),
        ("total", "6 months", "responder_30:phq9"),
    ]


def test_a_site_without_a_name_is_a_group_of_its_own_not_a_total():
    rows = [change(1, 12, 3, site=None), change(2, 12, 3)]
    result = program.table(frame(rows), by=["site"], indicators=["responder_30"])
    assert result["site"].to_list() == ["A", "not recorded"]
    with pytest.raises(FrameError, match="rows without a value"):
        program.table(frame(rows).with_columns(ward=pl.Series([1, None])), by=["ward"])


def test_a_threshold_that_a_scale_does_not_have_makes_no_row_unless_asked_for():
    rows = [
        change(n, 60.1, 58.0, of="promis29.anxiety", responder_30=None, responder_50=None) for n in range(3)
    ]
    everything = program.table(frame(rows))
    assert "responder_30" not in set(everything["definition"])
    asked = program.table(frame(rows), indicators=["responder_30"])
    assert asked.select("observed", "denominator", "estimate").row(0) == (3, 0, None)


@pytest.mark.parametrize("name", ["responder_30", "responder_50"])
def test_a_baseline_of_0_stays_in_the_denominator_as_not_improved(name):
    rows = [change(1, 10, 2), change(2, 10, 10), change(3, 0, 0), change(4, 0, 9)]
    row = found(program.table(frame(rows)), name)
    assert (row["eligible"], row["observed"], row["denominator"], row["numerator"]) == (4, 4, 4, 1)
    assert row["estimate"] == 1 / 4
    # A scale without that line has no row, though a score of 0 occurs on it.
    none = {"responder_30": None, "responder_50": None}
    rows = [change(n, n, 5, of="promis29.anxiety", **none) for n in range(3)]
    assert name not in set(program.table(frame(rows))["definition"])


def test_the_table_can_be_suppressed():
    rows = [change(n, 12, 3 if n % 3 else 12, site="ABC"[n % 2]) for n in range(60)]
    result = program.table(frame(rows), by=["site"], totals=True)
    # The columns of these rows were written by hand, and do not all go together.
    with pytest.warns(ProtectionWarning, match="do not fit their definitions"):
        assert program.suppress(result).columns[: len(result.columns)] == result.columns


def test_level_is_carried_and_used():
    wide = found(program.table(frame(CLINIC), level=0.99), "responder_30")
    low, high = stats.binomtest(2, 5).proportion_ci(0.99, method="wilson")
    assert wide["level"] == 0.99
    assert [wide["lower"], wide["upper"]] == pytest.approx([low, high])


@pytest.mark.parametrize(
    ("change_it", "options", "error", "told"),
    [
        ({}, {"indicators": ["responder_31"]}, UnknownNameError, "there is no indicator 'responder_31'"),
        ({}, {"indicators": ["nps"]}, ParameterError, "needs the table of scores"),
        ({}, {"indicators": ["cms159"]}, ParameterError, "program.measure"),
        ({}, {"indicators": [3]}, ParameterError, "not a int"),
        ({}, {"indicators": ["responder_30", "responder_30"]}, ParameterError, "named twice"),
        ({}, {"by": "site"}, ParameterError, r"\['site'\]"),
        ({}, {"by": ["site", "site"]}, ParameterError, "named twice"),
        ({}, {"by": None}, ParameterError, "not a NoneType"),
        ({}, {"by": 5}, ParameterError, "not a int"),
        ({}, {"indicators": 5}, ParameterError, "not a int"),
        ({}, {"by": ["ward"]}, FrameError, "no column 'ward'"),
        ({}, {"by": ["band"]}, FrameError, "no column 'band'"),
        ({}, {"level": 95}, ParameterError, "level"),
        ({"drop": "responder_30"}, {"indicators": ["responder_30"]}, FrameError, "no column 'responder_30'"),
        ({"text": "baseline"}, {}, FrameError, "'baseline' of the table of changes must hold numbers"),
        ({"text": "responder_30"}, {}, FrameError, "must hold true or false"),
        ({"text": "baseline_date"}, {}, FrameError, "must hold dates"),
    ],
)
def test_bad_input_gets_one_clear_error(change_it, options, error, told):
    data = frame(CLINIC)
    if "drop" in change_it:
        data = data.drop(change_it["drop"])
    if "text" in change_it:
        data = data.with_columns(pl.col(change_it["text"]).cast(pl.String) + " Jane")
    with pytest.raises(error, match=told) as caught:
        program.table(data, **options)
    assert "Jane" not in str(caught.value)


KINDS = ["polars", "lazy", "pandas", "pandas nullable", "pandas arrow", "pyarrow", "duckdb"]


def as_kind(data: pl.DataFrame, kind: str) -> Any:
    if kind in ("polars", "lazy"):
        return data.lazy() if kind == "lazy" else data
    if kind == "pandas arrow":
        return data.to_pandas(use_pyarrow_extension_array=True)
    if kind == "pyarrow":
        return data.to_arrow()
    if kind == "duckdb":
        arrow = data.to_arrow()
        return duckdb.connect().from_arrow(arrow)
    plain = pd.DataFrame(data.to_dict(as_series=False))
    return plain.convert_dtypes() if kind == "pandas nullable" else plain


def rows_of(result: Any, *names: str) -> list[tuple[Any, ...]]:
    made = nw.from_native(result)
    made = made.collect() if isinstance(made, nw.LazyFrame) else made
    columns = [
        [
            None if value is None or value is pd.NA or value != value else value
            for value in made[name].to_list()
        ]
        for name in names
    ]
    return list(zip(*columns, strict=True))


@pytest.mark.parametrize("kind", KINDS)
def test_a_column_without_any_value_decides_nothing(kind):
    # Three patients, two of them followed, and no answer to "improved by 30 percent": 0 of 0, not 0 of 2.
    data = frame([change(1, 6, 4), change(2, 5, 5), change(3, 7)])
    columns = ("responder_30", "class", "improvement", "followup_band")
    data = data.with_columns(pl.lit(None).alias(name) for name in columns)
    asked = ["responder_30", "reliable_improvement", "mean_improvement"]
    result = program.table(as_kind(data, kind), indicators=asked)
    names = ("eligible", "observed", "denominator", "estimate", "lower")
    assert rows_of(result, *names) == [(3, 2, 0, None, None)] * 3
    assert rows_of(result, "numerator") == [(0,), (0,), (None,)]


@pytest.mark.parametrize("kind", KINDS)
def test_a_grouping_column_without_any_value_is_one_group(kind):
    data = frame(CLINIC).with_columns(pl.lit(None).alias("site"))
    result = program.table(as_kind(data, kind), by=["site"], indicators=["baseline_completion"])
    assert rows_of(result, "site", "eligible", "numerator") == [("not recorded", 8, 7)]


@pytest.mark.parametrize("engine", ["polars", "pandas", "pyarrow", "duckdb"])
def test_the_table_of_changes_can_come_back_from_a_csv_file(engine, tmp_path):
    data = frame(CLINIC).with_columns(pl.lit(None, pl.String).alias("reason"))
    file = tmp_path / "changes.csv"
    if engine == "pandas":
        data.to_pandas().to_csv(file, index=False)  # writes True and False
    else:
        data.write_csv(file)
    read = {
        "polars": lambda: pl.read_csv(file),
        "pandas": lambda: pd.read_csv(file),
        "pyarrow": lambda: csv.read_csv(file),
        "duckdb": lambda: duckdb.connect().read_csv(str(file)),
    }[engine]()
    names = ("indicator", "site", "eligible", "observed", "numerator", "denominator", "excluded")
    expected = rows_of(program.table(data, by=["site"]), *names)
    assert rows_of(program.table(read, by=["site"]), *names) == expected
    assert ("depression_response_6_months:phq9.total:6 months", "A", 4, 3, 1, 4, 1) in expected


def test_truth_values_and_times_as_text_are_read():
    data = frame(CLINIC).with_columns(
        pl.col("responder_30", "window_open").cast(pl.String).str.to_titlecase(),
        pl.col("baseline_date", "followup_date").cast(pl.Datetime).dt.to_string("%Y-%m-%d %H:%M:%S"),
    )
    names = ("indicator", "eligible", "observed", "numerator", "denominator", "excluded")
    assert rows_of(program.table(data), *names) == rows_of(program.table(frame(CLINIC)), *names)


@pytest.mark.parametrize("kind", KINDS)
def test_no_rows_in_no_rows_out(kind):
    data = frame([])
    for given_as in (data, data.cast(pl.String)):  # as a file without rows is read
        given_as = as_kind(given_as, kind)
        assert rows_of(program.table(given_as, by=["site"], totals=True), "site") == []
        assert rows_of(program.table(given_as, indicators=["responder_30"]), "indicator") == []


@pytest.mark.parametrize("kind", KINDS)
def test_dates_are_grouped_as_dates(kind):
    asked = {"by": ["baseline_date"], "indicators": ["responder_50"]}
    data = as_kind(frame([change(1, 6, 4)]), kind)
    assert rows_of(program.table(data, **asked), "baseline_date") == [(dt.date(2024, 1, 10),)]
    totals = program.table(data, **asked, totals=True)
    assert rows_of(totals, "baseline_date") == [("2024-01-10",), ("all",)]


@pytest.mark.parametrize("name", ["in_window", "__fits", "phq9_baseline", "window_opens"])
def test_a_grouping_column_may_have_the_name_of_one_that_a_definition_makes(name):
    rows = [*course(1, (15, 4), (12, 3)), *course(2, (15, 14), (12, 11), site="B"), *CLINIC]
    expected = program.table(frame(rows), by=["site"], totals=True)
    data = frame(rows).with_columns(pl.col("site").alias(name))
    result = program.table(data, by=[name], totals=True)
    assert result.rename({name: "site"}).equals(expected)


@pytest.mark.parametrize("data", [None, 5, [1, 2], {"a": [1]}])
def test_what_is_no_frame_is_refused(data):
    with pytest.raises(FrameError):
        program.table(data)


def test_an_indicator_of_ones_own_works_by_object():
    own: Indicator = parse(
        {
            "id": "better_sleep",
            "title": "Own",
            "kind": "proportion",
            "uses": "changes",
            "direction": "higher",
            "missing": "not_needed",
            "population": "Everybody.",
            "each": ["instrument", "scale"],
            "numerator": {
                "any": [{"column": "site", "is": "B"}, {"not": {"column": "baseline", "at_least": 10}}]
            },
            "source": "us",
            "evidence": "derived",
            "sources": [{"key": "us", "cite": "Our own"}],
        },
        file="better_sleep.toml",
    )
    row = found(program.table(frame(CLINIC), indicators=[own]), "better_sleep")
    # Patients 4 (baseline 0) and 8 (site B); 7 has no baseline, so "not at least 10" is not known to be true.
    assert (row["numerator"], row["denominator"], row["indicator"]) == (2, 8, "better_sleep:phq9.total")


def test_a_window_of_one_day():
    # 10 January and 6 months: 10 July, which is day 182, and neither the day before nor the day after.
    file = (shelf() / "indicators" / "depression_remission_6_months.toml").read_text(encoding="utf-8")
    data = tomllib.loads(file.replace("slack = 60", "slack = 0"), parse_float=Decimal)
    own = parse(data | {"id": "own"}, file="own.toml")
    # The latest score a day before: none on the day. A day after: whether there was one on the day is not known.
    for days, counted in ((181, 0), (182, 1), (183, None)):
        result = program.table(frame([change(1, 12, 3, days=days)]), indicators=[own])
        assert result["numerator"].to_list() == [counted], days
