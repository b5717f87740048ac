"""Daily doses to figures per patient and period: one patient worked by hand, what is open, every kind of frame."""

from __future__ import annotations

from datetime import date, timedelta
from fractions import Fraction
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from opioid_cases import DAY, by_day, prescription, table

from conftest import Backend
from ipm_outcomes import opioids
from ipm_outcomes.errors import FrameError, ParameterError

FOUR = ["dispensed_days", "covered_days", "window_days", "single_day"]


def day(n: int) -> date:
    return DAY + timedelta(n)


def daily(*rows: tuple[Any, ...], factors: str = "cdc_2022", **options: Any) -> pl.DataFrame:
    return opioids.daily(pl.DataFrame(table(*rows)), factors, **options)


def one(found: pl.DataFrame) -> dict[str, Any]:
    (row,) = found.to_dicts()
    return row


# 60 MME on days 0-19 and 60 MME on days 10-29: 120 on days 10-19.
TWO = [("a", "morphine", 60, "mg", 20, 20, 0), ("a", "morphine", 60, "mg", 20, 20, 10)]
WINDOW = (day(0), day(59))


def test_the_four_definitions_on_one_patient_worked_by_hand():
    # Total: 20 x 60 + 20 x 60 = 2400 MME.
    # Days dispensed: 20 + 20 = 40, so 60 a day. Days covered: 0-29 = 30, so 80 a day.
    # Days of the window: 60, so 40 a day. Highest day: 60 + 60 = 120.
    found = opioids.summary(daily(*TWO), denominator=FOUR, periods=WINDOW)
    assert found.select("mme_by", "mme").rows() == [
        ("dispensed_days", 60), ("covered_days", 80), ("window_days", 40), ("single_day", 120),
    ]  # fmt: skip
    for row in found.to_dicts():
        assert (row["total"], row["maximum"]) == (2400, 120)
        assert (row["days_dispensed"], row["days_covered"], row["days_window"]) == (40, 30, 60)
        assert (row["days_50"], row["days_90"], row["opioid_free"]) == (30, 10, False)
        assert (row["reason"], row["evidence"]) == (None, "unverified")
        assert (row["period"], row["start"], row["end"]) == ("all", day(0), day(59))


def test_only_the_days_of_the_period_count():
    # Days 15-24: 5 days of 120 and 5 of 60 = 900 MME over 10 days covered and 15 dispensed.
    found = opioids.summary(daily(*TWO), denominator=FOUR, periods=(day(15), day(24)))
    assert found["mme"].to_list() == [60, 90, 90, 120]
    assert found.select("total", "days_dispensed", "days_covered", "days_window", "days_90").row(0) == (
        900,
        15,
        10,
        10,
        5,
    )


def test_without_periods_each_patient_has_its_own():
    found = opioids.summary(daily(*TWO, ("b", "morphine", 10, "mg", 5, 5, 40)), denominator="covered_days")
    assert found.select("patient_id", "start", "end", "mme").rows() == [
        ("a", day(0), day(29), 80), ("b", day(40), day(44), 10),
    ]  # fmt: skip


def test_thirds_come_to_a_whole_average():
    # 50/3 x 3 on day 0, and 200/3 + 100/3 on day 1: 50 and 100; over 2 days 75.
    rows = [("a", "morphine", 50, "mg", 1, 3, 0)] * 3
    found = opioids.summary(daily(*rows), denominator="covered_days")
    assert found["mme"].to_list() == [50]
    assert found.select("factors", "overlap").rows() == [("cdc_2022", "add")]
    assert found["days_50"].to_list() == [3]


PERIODS = pl.DataFrame(
    {
        "patient_id": ["a", "a", "z"],
        "period": ["baseline", "follow-up", "baseline"],
        "start": [day(0), day(100), day(0)],
        "end": [day(29), day(129), day(29)],
        "site": ["north", "north", "south"],
    }
)


def test_a_table_of_periods_keeps_its_rows_and_columns():
    found = opioids.summary(daily(*TWO), denominator="window_days", periods=PERIODS)
    assert found.columns[:6] == ["patient_id", "period", "start", "end", "site", "mme_by"]
    assert found.select("patient_id", "period", "site", "mme", "opioid_free").rows() == [
        ("a", "baseline", "north", 80, False),
        # No prescription is no dose: zero by the days of the window, and free of opioids.
        ("a", "follow-up", "north", 0, True),
        ("z", "baseline", "south", 0, True),
    ]


def test_without_any_day_there_is_nothing_to_divide_by():
    found = opioids.summary(
        daily(*TWO), denominator=["covered_days", "single_day"], periods=(day(50), day(59))
    )
    assert found.select("mme", "reason", "total", "days_50").rows() == [
        (None, "no_days", 0, 0),
        (0, None, 0, 0),
    ]


@pytest.mark.parametrize("name", FOUR)
def test_an_unknown_drug_leaves_the_dose_open(name):
    odd = ("a", "levorphanol", 2, "mg", 60, 5, 12)
    row = one(opioids.summary(daily(*TWO, odd), denominator=name, periods=WINDOW))
    assert (row["mme"], row["maximum"], row["total"], row["days_covered"]) == (None,) * 4
    # The unknown drug runs on days 12-16, where 120 MME are known: both counts are decided.
    assert (row["reason"], row["days_50"], row["days_90"], row["opioid_free"]) == (
        "unknown_drug",
        30,
        10,
        False,
    )
    # On days 25-29 only 60 are known, so that 90 is open.
    odd = ("a", "levorphanol", 2, "mg", 60, 5, 25)
    row = one(opioids.summary(daily(*TWO, odd), denominator=name, periods=WINDOW))
    assert (row["days_50"], row["days_90"]) == (30, None)
    # Outside of the period it is nothing to it.
    row = one(opioids.summary(daily(*TWO, odd), denominator=name, periods=(day(0), day(24))))
    assert row["mme"] is not None


def test_an_unknown_drug_alone_leaves_it_open_whether_there_is_an_opioid():
    row = one(
        opioids.summary(daily(("a", "unheard", 2, "mg", 60, 5, 12)), denominator="single_day", periods=WINDOW)
    )
    assert (row["opioid_free"], row["mme"], row["days_50"], row["reason"]) == (
        None,
        None,
        None,
        "unknown_drug",
    )


def test_buprenorphine_alone_is_an_opioid_without_a_dose():
    row = one(opioids.summary(daily(("a", "buprenorphine", 8, "mg", 60, 30, 0)), denominator="single_day"))
    assert (row["opioid_free"], row["mme"], row["days_50"], row["reason"]) == (False, None, None, "no_factor")


def test_buprenorphine_beside_another_leaves_the_dose_of_the_other():
    both = daily(("a", "buprenorphine", 8, "mg", 60, 30, 0), ("a", "morphine", 60, "mg", 10, 10, 0))
    row = one(opioids.summary(both, denominator="covered_days", periods=(day(0), day(29))))
    assert (row["mme"], row["days_covered"], row["days_50"], row["reason"]) == (60, 10, 10, None)


@pytest.mark.parametrize(
    ("lost", "start", "end", "open_"),
    [
        ("start", 0, 9, True),
        ("days_supply", 0, 9, True),
        ("days_supply", -30, -20, False),  # it began after the period was over
    ],
)
def test_a_prescription_without_its_place_leaves_open_what_it_may_touch(lost, start, end, open_):
    row = ["a", "morphine", 60, "mg", 30, 30, 0]
    row[{"start": 6, "days_supply": 5}[lost]] = None
    found = opioids.summary(
        daily(("b", "morphine", 60, "mg", 30, 30, 0), tuple(row)),
        denominator="window_days", periods=(day(start), day(end)),
    )  # fmt: skip
    a, b = found.to_dicts()
    assert b["reason"] is None
    if open_:
        assert (a["mme"], a["days_50"], a["opioid_free"], a["reason"]) == (None, None, None, lost)
    else:
        assert (a["mme"], a["days_50"], a["opioid_free"], a["reason"]) == (0, 0, True, None)


def test_what_is_declared_to_be_no_opioid_leaves_a_patient_free():
    found = daily(("a", "ibuprofen", 400, "mg", 60, 30, 0), meanings={"drug": {"ibuprofen": None}})
    row = one(opioids.summary(found, denominator="window_days", periods=WINDOW))
    assert (row["mme"], row["opioid_free"], row["reason"]) == (0, True, None)


def test_a_period_that_cannot_be_read_keeps_its_row():
    periods = PERIODS.with_columns(end=pl.Series([day(29), None, day(-1)]))
    found = opioids.summary(daily(*TWO), denominator="window_days", periods=periods)
    assert found.select("mme", "opioid_free", "reason", "days_50", "days_window").rows() == [
        (80, False, None, 30, 30), (None, None, "period", None, None), (None, None, "period", None, None),
    ]  # fmt: skip


def test_refusals():
    found = daily(*TWO)
    with pytest.raises(ParameterError, match="denominator: one or several of dispensed_days, covered_days"):
        opioids.summary(found, denominator="average")
    with pytest.raises(ParameterError, match="denominator: a definition is named twice"):
        opioids.summary(found, denominator=["single_day", "single_day"])
    with pytest.raises(ParameterError, match="periods: window_days divides by"):
        opioids.summary(found, denominator="window_days")
    with pytest.raises(ParameterError, match="the last day lies before the first"):
        opioids.summary(found, denominator="window_days", periods=(day(2), day(1)))
    with pytest.raises(ParameterError, match="periods: give two dates"):
        opioids.summary(found, denominator="window_days", periods=(1, 2))
    with pytest.raises(FrameError, match="days of one patient appear twice"):
        opioids.summary(pl.concat([found, found]), denominator="single_day")
    other = daily(("z", "morphine", 60, "mg", 20, 20, 0), factors="cdc_2016")
    both = pl.concat([found.cast({"factors": pl.String}), other.cast({"factors": pl.String})])
    with pytest.raises(FrameError, match="factors: the daily doses are by several"):
        opioids.summary(both, denominator="single_day")
    with pytest.raises(FrameError, match="periods: the frame has no column 'end'"):
        opioids.summary(found, denominator="single_day", periods=PERIODS.drop("end"))
    with pytest.raises(FrameError, match="two rows of one period"):
        opioids.summary(found, denominator="single_day", periods=pl.concat([PERIODS, PERIODS]))
    with pytest.raises(FrameError, match=r"period: missing in 3 row\(s\) of periods"):
        opioids.summary(
            found, denominator="single_day", periods=PERIODS.with_columns(period=pl.lit(None, pl.String))
        )
    with pytest.raises(FrameError, match="periods: the result has a column 'total'"):
        opioids.summary(found, denominator="single_day", periods=PERIODS.with_columns(total=1))
    with pytest.raises(FrameError, match="daily doses and of another in the periods"):
        opioids.summary(found, denominator="single_day", periods=PERIODS.with_columns(patient_id=1))


def test_every_kind_of_frame(backend: Backend) -> None:
    found = opioids.daily(backend.make(table(*TWO, ("b", "levorphanol", 2, "mg", 60, 20, 0))))
    periods = backend.make(
        {name: [*PERIODS[name].to_list(), value] for name, value in zip(
            PERIODS.columns, ("b", "baseline", day(0), day(29), "south"), strict=True)}
    )  # fmt: skip
    read = backend.rows(opioids.summary(found, denominator="covered_days", periods=periods))
    assert read["patient_id"] == ["a", "a", "z", "b"]
    assert read["site"] == ["north", "north", "south", "south"]
    assert read["mme"] == [80, None, None, None]
    assert read["days_90"] == [10, 0, 0, None]
    assert read["opioid_free"] == [False, True, True, None]
    assert read["reason"] == [None, "no_days", "no_days", "unknown_drug"]
    assert [value.date() if hasattr(value, "date") else value for value in read["end"]] == [
        day(29), day(129), day(29), day(29),
    ]  # fmt: skip


@settings(max_examples=80, deadline=None)
@given(st.lists(prescription, min_size=1, max_size=10), st.integers(0, 12), st.integers(0, 14))
def test_the_same_as_a_count_day_by_day(listed, begin, length):
    days = range(begin, begin + length + 1)
    cells = by_day(listed)
    found = opioids.summary(
        daily(*listed, factors="cdc_2016"), denominator=FOUR, periods=(day(begin), day(begin + length))
    )
    for at, patient in enumerate(sorted({row[0] for row in listed})):
        there = [cells[patient, n] for n in days if (patient, n) in cells]
        four = found.to_dicts()[4 * at : 4 * at + 4]
        assert {row["patient_id"] for row in four} == {patient}
        on = any(cell["some"] or cell["excluded"] for cell in there)
        assert four[0]["opioid_free"] is (False if on else None if there else True)
        covered = [cell for cell in there if cell["some"]]
        if any(cell["unknown"] for cell in there) or (there and not covered):
            assert [row["mme"] for row in four] == [None] * 4
            continue
        total = sum((cell["mme"] for cell in covered), Fraction(0))
        dispensed = sum(cell["some"] for cell in covered)
        wanted = [
            total / dispensed if dispensed else None,
            total / len(covered) if covered else None,
            total / len(days),
            max((cell["mme"] for cell in covered), default=0),
        ]
        for row, value in zip(four, wanted, strict=True):
            assert row["mme"] == (None if value is None else pytest.approx(float(value), abs=1e-9))
            for limit in (50, 90):
                assert row[f"days_{limit}"] == sum(cell["mme"] >= limit for cell in covered)
