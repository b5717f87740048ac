"""Rates of care used, before and after, worked by hand."""

from __future__ import annotations

import math
from datetime import date, timedelta
from typing import Any

import polars as pl
import pytest

from conftest import Backend
from ipm_outcomes import program
from ipm_outcomes.errors import FrameError, ParameterError, UnreadableDatesError

LAST = date(2025, 12, 31)


def enrollment() -> dict[str, list[Any]]:
    return {
        "patient_id": ["a", "b", "b", "c", "d"],
        "start": [date(2025, 1, 1), date(2025, 1, 1), date(2025, 3, 1), date(2025, 1, 16), date(2024, 1, 1)],
        "end": [LAST, date(2025, 2, 28), LAST, date(2025, 2, 14), date(2024, 12, 31)],
        "site": ["north", "north", "south", "south", "south"],
    }


EVENTS = [
    ("a", date(2025, 1, 1), "Emergency visit"), ("a", date(2025, 1, 1), "emergency_visit"),  # one day counts once
    ("a", date(2025, 12, 31), "emergency visit"), ("a", date(2026, 1, 1), "emergency visit"),  # not enrolled any more
    ("b", date(2025, 2, 28), "emergency visit"), ("b", date(2025, 3, 1), "emergency visit"),  # of each site one
    ("c", date(2025, 1, 15), "emergency visit"), ("c", date(2025, 2, 14), "Imaging"),
    ("c", date(2025, 2, 14), "imaging"),
    ("a", date(2025, 5, 5), "house call"),
]  # fmt: skip


def events(rows: Any = EVENTS) -> dict[str, list[Any]]:
    return {name: [row[at] for row in rows] for at, name in enumerate(("patient_id", "date", "event"))}


def rates(**options: Any) -> pl.DataFrame:
    period = {"period": ("2025-01-01", "2025-12-31")}
    return program.rates(pl.DataFrame(events()), pl.DataFrame(enrollment()), **(period | options))


def row(found: pl.DataFrame, indicator: str, **group: str) -> dict[str, Any]:
    rows = found.filter(pl.col("indicator") == indicator)
    for name, value in group.items():
        rows = rows.filter(pl.col(name) == value)
    (only,) = rows.to_dicts()
    return only


def counts(found: pl.DataFrame, indicator: str, **group: str) -> tuple[Any, ...]:
    names = ("eligible", "observed", "numerator", "patients")
    return tuple(row(found, indicator, **group)[name] for name in names)


def test_rates_in_every_kind_of_frame(backend: Backend) -> None:
    made = program.rates(
        backend.make(events()), backend.make(enrollment()), by=["site"], totals=True,
        period=("2025-01-01", "2025-12-31"), overdispersed=False,
    )  # fmt: skip
    columns = backend.rows(made)
    found = pl.DataFrame({name: pl.Series(name, values, strict=False) for name, values in columns.items()})
    # North: a has 12 months and b 2; south: b has 10 and c 16/31 of January and 14/28 of February; d has none.
    assert counts(found, "emergency_visits", site="north") == (2, 2, 3, 2)
    assert counts(found, "emergency_visits", site="south") == (3, 2, 1, 1)
    assert counts(found, "emergency_visits", site="all") == (4, 3, 4, 2)
    months = {one: row(found, "imaging", site=one)["member_months"] for one in ("north", "south", "all")}
    assert months == pytest.approx({"north": 14, "south": 10 + 16 / 31 + 0.5, "all": 24 + 16 / 31 + 0.5})
    assert counts(found, "imaging", site="south") == (3, 2, 2, 1)
    # Three events in 14 months; the exact limits of a count of 3 are 0.618672 and 8.767273 (chi-square, halved).
    north = row(found, "emergency_visits", site="north")
    assert (north["estimate"], north["lower"], north["upper"]) == pytest.approx(
        (1000 * 3 / 14, 1000 * 0.618672 / 14, 1000 * 8.767273 / 14), rel=1e-6
    )
    assert (north["unit"], north["denominator"]) == ("per 1,000 member-months", None)
    assert north["method"] == "exact below 10, else byar poisson"
    # A word without a definition has a row of its own.
    assert counts(found, "other_events:house_call", site="all") == (4, 3, 1, 1)


def test_which_way_is_better():
    directions = dict(rates().select("definition", "direction").rows())
    assert directions == {"emergency_visits": "lower", "imaging": "none", "other_events": "none"}
    every = {
        id: one.direction for id in program.indicators() if (one := program.indicator(id)).kind == "rate"
    }
    assert {id for id, direction in every.items() if direction == "lower"} == {
        "emergency_visits",
        "admissions",
    }
    assert "more of it is not worse" in row(rates(), "imaging")["notes"]


def test_months_by_a_day_of_the_month():
    # a is enrolled on every first of a month, b too; c (January 16 to February 14) on that of February only.
    assert row(rates(partial_months="on_day"), "imaging")["member_months"] == 25
    # On the 15th: c on neither. On the 16th: c on that of January.
    assert row(rates(partial_months="on_day", on_day=15), "imaging")["member_months"] == 24
    assert row(rates(partial_months="on_day", on_day=16), "imaging")["member_months"] == 25
    assert row(rates(partial_months="on_day", on_day=14), "imaging")["member_months"] == 25
    assert "enrolled on day 16 of it" in row(rates(partial_months="on_day", on_day=16), "imaging")["notes"]
    assert "share of its days" in row(rates(), "imaging")["notes"]


def test_a_leap_february_is_one_month():
    spans = {"patient_id": ["a"], "start": [date(2024, 2, 1)], "end": [date(2024, 2, 29)]}
    found = program.rates(pl.DataFrame(events([("a", date(2024, 2, 29), "imaging")])), pl.DataFrame(spans))
    assert found.select("member_months", "numerator").row(0) == (1, 1)


def test_the_interval_is_wider_where_a_few_have_most_of_the_visits():
    people = [f"p{at}" for at in range(4)]
    spans = pl.DataFrame({"patient_id": people, "start": [date(2025, 1, 1)] * 4, "end": [LAST] * 4})
    # 0, 0, 2 and 6 visits: a factor of 4 (the example of intervals.overdispersion); 2 events in 12 months.
    visits = [("p2", 2), ("p3", 6)]
    rows = [(who, date(2025, 1 + at, 1), "imaging") for who, many in visits for at in range(many)]
    data = pl.DataFrame(events(rows))
    wide = program.rates(data, spans).row(0, named=True)
    plain = program.rates(data, spans, overdispersed=False).row(0, named=True)
    # Exact limits of 2 are 0.242209 and 7.224688, over 48 months / 4.
    assert (wide["lower"], wide["upper"]) == pytest.approx(
        (1000 * 0.242209 / 12, 1000 * 7.224688 / 12), rel=1e-5
    )
    # Those of 8 are 3.453832 and 15.763189.
    assert (plain["lower"], plain["upper"]) == pytest.approx(
        (1000 * 3.453832 / 48, 1000 * 15.763189 / 48), rel=1e-6
    )
    assert wide["estimate"] == plain["estimate"] == pytest.approx(1000 * 8 / 48)
    # Byar of 8, by its formula: 8 (1 - 1/72 - z/(3 sqrt 8))^3.
    byar = program.rates(data, spans, overdispersed=False, method="byar").row(0, named=True)
    assert byar["lower"] == pytest.approx(
        1000 * 8 * (1 - 1 / 72 - 1.959963984540054 / (3 * 8**0.5)) ** 3 / 48
    )
    assert (byar["method"], wide["method"]) == (
        "byar poisson", "exact below 10, else byar poisson, overdispersion between patients",
    )  # fmt: skip


def test_days_of_a_stay_are_added_up():
    data = pl.DataFrame(events([("a", date(2025, 2, 1), "admission"), ("a", date(2025, 3, 1), "admission")]))
    spans = pl.DataFrame(enrollment())
    found = program.rates(data.with_columns(quantity=pl.Series([3, 5])), spans)
    assert {one["indicator"]: one["numerator"] for one in found.to_dicts()} == {
        "admissions": 2,
        "inpatient_days": 8,
    }
    assert program.rates(data, spans)["indicator"].to_list() == ["admissions"]
    with pytest.raises(ParameterError, match="adds up the column quantity"):
        program.rates(data, spans, indicators=["inpatient_days"])
    with pytest.raises(FrameError, match=r"quantity is missing or below 0 in 1 row\(s\).*row 1 "):
        program.rates(data.with_columns(quantity=pl.Series([3, None])), spans)


def test_a_definition_of_ones_own(tmp_path: Any) -> None:
    file = tmp_path / "home_visits.toml"
    file.write_text(
        """
id = "home_visits"
title = "Home visits"
kind = "rate"
uses = "utilization"
direction = "higher"
missing = "not_needed"
population = "Enrolled patients."
source = "own"
evidence = "convention"
[rate]
events = ["house_call", "home_visit"]
per = 100
[[sources]]
key = "own"
cite = "Handbook of our program, 2026"
""".replace('evidence = "convention"', 'evidence = "derived"'),
        encoding="utf-8",
    )
    (found,) = rates(indicators=[file]).to_dicts()
    assert found["estimate"] == pytest.approx(100 * 1 / (24 + 16 / 31 + 0.5))
    assert found["unit"] == "per 100 member-months"
    with pytest.raises(ParameterError, match="'return_to_work' is not of kind 'rate'"):
        rates(indicators=["return_to_work"])
    with pytest.raises(ParameterError, match=r"use program\.rates"):
        program.table(pl.DataFrame(), indicators=[file])


# ---- before and after -----------------------------------------------------------------------------

START = date(2025, 1, 1)


def around(
    rows: list[tuple[str, int, str]], short: str = ""
) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]:
    people = ["a", "b", "c", "d", "e"]
    spans = pl.DataFrame(
        {
            "patient_id": people,
            "start": [START - timedelta(365)] * 5,
            "end": [START + timedelta(363 if one in short else 364) for one in people],
        }
    )
    listed = pl.DataFrame(
        {"patient_id": people, "start_date": [*[START] * 4, None], "site": ["x", "x", "x", "y", "y"]}
    )
    made = [(who, START + timedelta(day), word) for who, day, word in rows]
    return pl.DataFrame(events(made)), spans, listed


VISITS = [
    *[("a", -day, "imaging") for day in (365, 9, 8, 1)], ("a", 0, "imaging"), ("a", 364, "imaging"),
    *[("b", -day, "imaging") for day in (3, 2, 1)], ("b", 9, "imaging"),
    *[("c", -day, "imaging") for day in (2, 1)], ("c", 9, "imaging"), ("d", -7, "imaging"), ("d", 7, "imaging"),
    ("e", -7, "imaging"), ("a", -366, "imaging"), ("a", 365, "imaging"),  # no index date; a day too early, and too late
]  # fmt: skip


def test_before_against_after_in_the_same_patients():
    found = program.rates_before_after(*around(VISITS), by=["site"], totals=True, overdispersed=False)
    # 4, 3, 2, 1 events before and 2, 1, 1, 1 after; the ratio of two equal times is 1/2 but for the leap year:
    # 2024 has 12 months from January 2 on but for a day.
    before = row(found, "imaging:before", site="all")
    after = row(found, "imaging:after", site="all")
    ratio = row(found, "imaging:after / before", site="all")
    assert [before[name] for name in ("eligible", "observed", "numerator", "patients", "excluded")] == [
        4,
        4,
        10,
        4,
        1,
    ]
    assert [after[name] for name in ("eligible", "observed", "numerator", "patients", "excluded")] == [
        4,
        4,
        5,
        4,
        1,
    ]
    assert before["member_months"] == pytest.approx(4 * (12 - 1 / 31))
    assert after["member_months"] == 48
    assert ratio["estimate"] == pytest.approx(0.5 * (12 - 1 / 31) / 12)
    # The example of intervals.paired_rate_ratio: a factor of exp(3.182446 sqrt(4/3 x 0.02)) either way.
    assert ratio["upper"] / ratio["estimate"] == pytest.approx(
        math.exp(3.182446 * math.sqrt(4 / 3 * 0.02)), rel=1e-6
    )
    assert (ratio["numerator"], ratio["unit"], ratio["patients"]) == (None, "rate ratio", 4)
    assert "come down by themselves" in ratio["notes"]
    assert row(found, "imaging:before", site="x")["numerator"] == 9


def test_only_who_is_enrolled_throughout_is_observed():
    found = program.rates_before_after(*around(VISITS, short="a"))
    assert row(found, "imaging:before")["observed"] == 3
    assert row(found, "imaging:before")["numerator"] == 6
    data, spans, listed = around(VISITS)
    both = pl.concat(
        [spans.with_columns(end=pl.lit(START)), spans.with_columns(start=pl.lit(START + timedelta(1)))]
    )
    whole = program.rates_before_after(data, both, listed)
    assert whole.equals(program.rates_before_after(data, spans, listed))
    gap = pl.concat(
        [spans.with_columns(end=pl.lit(START)), spans.with_columns(start=pl.lit(START + timedelta(2)))]
    )
    assert row(program.rates_before_after(data, gap, listed), "imaging:before")["observed"] == 0


def test_before_and_after_in_every_kind_of_frame(backend: Backend) -> None:
    tables = [backend.make(one.to_dict(as_series=False)) for one in around(VISITS)]
    found = backend.rows(program.rates_before_after(*tables))
    assert dict(zip(found["target"], found["numerator"], strict=True)) == {
        "before": 10, "after": 5, "after / before": None,
    }  # fmt: skip


# ---- refusals -------------------------------------------------------------------------------------


def test_what_cannot_be_counted_is_refused():
    data, spans = pl.DataFrame(events()), pl.DataFrame(enrollment())
    with pytest.raises(FrameError, match=r"events: 5 row\(s\) of patients who are not in enrollment"):
        program.rates(data, spans.filter(pl.col("patient_id") != "a"))
    with pytest.raises(FrameError, match=r"end is empty in 5 row\(s\).*period="):
        program.rates(data, spans.with_columns(end=pl.lit(None, pl.Date)))
    open_ = program.rates(
        data, spans.with_columns(end=pl.lit(None, pl.Date)), period=("2025-01-01", "2025-12-31")
    )
    assert row(open_, "imaging")["member_months"] == pytest.approx(36 + 11 + 16 / 31)
    with pytest.raises(FrameError, match=r"1 span\(s\) end before they start, first in row 0"):
        program.rates(data, spans.with_columns(end=pl.Series([date(2024, 1, 1), *spans["end"][1:]])))
    with pytest.raises(FrameError, match="overlaps a span of the same patient in another group"):
        program.rates(data, spans.with_columns(end=pl.lit(LAST + timedelta(9))), by=["site"])
    merged = program.rates(data, spans.with_columns(start=pl.lit(date(2025, 1, 1)), end=pl.lit(LAST)))
    assert row(merged, "imaging")["member_months"] == 48  # the two spans of b are one
    text = data.with_columns(date=pl.col("date").dt.strftime("%d.%m.%Y"))
    with pytest.raises(UnreadableDatesError, match=r"events: date: .*##\.##\.####.*date_format"):
        program.rates(text, spans)
    assert program.rates(
        text, spans, date_format={"date": "%d.%m.%Y"}, period=("2025-01-01", "2025-12-31")
    ).equals(rates())
    with pytest.raises(FrameError, match="events: the frame has no column 'event'"):
        program.rates(data.drop("event"), spans)
    data, spans, listed = around(VISITS)
    with pytest.raises(FrameError, match="episodes: a patient has several rows"):
        program.rates_before_after(data, spans, pl.concat([listed, listed]))


@pytest.mark.parametrize(
    "options",
    [
        {"partial_months": "half"}, {"on_day": 31}, {"method": "wald"}, {"period": "2025"}, {"level": 2},
        {"period": ("2025-02-01", "2025-01-01")}, {"period": (1, 2)}, {"meanings": {"x": 1}}, {"by": "site"},
    ],
)  # fmt: skip
def test_arguments_outside_what_they_may_be(options: dict[str, Any]) -> None:
    with pytest.raises(ParameterError):
        rates(**options)
    with pytest.raises(ParameterError, match="days_each"):
        program.rates_before_after(*around(VISITS), days_each=0)


def test_other_words_for_events():
    found = rates(meanings={"house call": "imaging", "emergency visit": None})
    assert found.select("indicator", "numerator").rows() == [("imaging", 3)]
