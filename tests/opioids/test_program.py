"""Two periods side by side, and the figures of a program, worked by hand."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import polars as pl
import pytest
from opioid_cases import DAY, table

from conftest import Backend
from ipm_outcomes import opioids, program
from ipm_outcomes.errors import FrameError, ParameterError


def day(n: int) -> date:
    return DAY + timedelta(n)


# MME a day in the 30 days of the baseline and in those of the follow-up.
DOSES: dict[str, tuple[float | str | None, float | str | None]] = {
    "a": (100, 50),  # half exactly
    "b": (100, 50.001),  # not quite
    "c": (60, None),  # stopped
    "d": (None, 30),  # began
    "e": (40, "levorphanol"),  # open at follow-up
    "f": ("buprenorphine", None),  # no dose at baseline, but an opioid
    "g": (None, None),  # never any
    "h": (90, 90),
}


def prescriptions() -> dict[str, list[Any]]:
    rows = []
    for patient, both in DOSES.items():
        for start, amount in zip((0, 100), both, strict=True):
            if isinstance(amount, str):
                rows.append((patient, amount, 2, "mg", 30, 30, start))
            elif amount is not None:
                rows.append((patient, "morphine", amount, "mg", 30, 30, start))
    return table(*rows)


def periods() -> dict[str, list[Any]]:
    people = list(DOSES)
    return {
        "patient_id": people * 2,
        "period": ["before"] * len(people) + ["after"] * len(people),
        "start": [day(0)] * len(people) + [day(100)] * len(people),
        "end": [day(29)] * len(people) + [day(129)] * len(people),
        "site": [("north" if one < "e" else "south") for one in people] * 2,
    }


def summary(denominator: Any = "covered_days") -> pl.DataFrame:
    daily = opioids.daily(pl.DataFrame(prescriptions()))
    return opioids.summary(daily, denominator=denominator, periods=pl.DataFrame(periods()))


COMPARED = {
    "a": (100, 50, -50, 50, True, False, False, None),
    "b": (100, 50.001, -49.999, 49.999, False, False, False, None),
    "c": (60, 0, -60, 100, True, False, True, None),
    "d": (0, 30, 30, None, None, True, False, None),
    "e": (40, None, None, None, None, False, None, "follow_up_unknown"),
    "f": (None, 0, None, None, None, False, True, "baseline_unknown"),
    "g": (0, 0, 0, None, None, True, True, None),
    "h": (90, 90, 0, 0, False, False, False, None),
}
NAMES = (
    "baseline", "followup", "change", "percent", "halved", "opioid_free_baseline", "opioid_free_followup", "reason",
)  # fmt: skip


def test_two_periods_side_by_side(backend: Backend) -> None:
    daily = opioids.daily(backend.make(prescriptions()))
    told = opioids.summary(daily, denominator="covered_days", periods=backend.make(periods()))
    found = backend.rows(opioids.compare(told, baseline="before", followup="after"))
    assert list(found) == ["patient_id", "site", "factors", "overlap", "mme_by", *NAMES]
    assert found["patient_id"] == list(DOSES)
    assert found["site"] == ["north"] * 4 + ["south"] * 4
    assert set(found["mme_by"]) == {"covered_days"}
    for at, patient in enumerate(DOSES):
        for name, wanted in zip(NAMES, COMPARED[patient], strict=True):
            value = found[name][at]
            assert value == (pytest.approx(wanted) if isinstance(wanted, float) else wanted), (patient, name)


def test_a_patient_of_one_period_keeps_a_row():
    told = summary().filter(~((pl.col("patient_id") == "a") & (pl.col("period") == "after")))
    told = told.filter(~((pl.col("patient_id") == "b") & (pl.col("period") == "before")))
    found = opioids.compare(told, baseline="before", followup="after")
    assert found.select("patient_id", "change", "halved", "reason").rows()[:2] == [
        ("a", None, None, "no_follow_up"), ("b", None, None, "no_baseline"),
    ]  # fmt: skip


def test_refusals_of_compare():
    with pytest.raises(FrameError, match="several definitions"):
        opioids.compare(summary(["covered_days", "single_day"]), baseline="before", followup="after")
    with pytest.raises(ParameterError, match="followup: is the same period"):
        opioids.compare(summary(), baseline="before", followup="before")
    with pytest.raises(ParameterError, match="followup: the summary has no period of this name; it has 2"):
        opioids.compare(summary(), baseline="before", followup="later")
    with pytest.raises(FrameError, match="baseline: a patient has several rows"):
        opioids.compare(pl.concat([summary(), summary()]), baseline="before", followup="after")


def counts(found: pl.DataFrame, indicator: str, **group: str) -> tuple[int, ...]:
    rows = found.filter(pl.col("indicator") == indicator)
    for name, value in group.items():
        rows = rows.filter(pl.col(name) == value)
    (row,) = rows.select("eligible", "observed", "numerator", "denominator").rows()
    return row


def test_shares_at_or_above_a_dose():
    found = program.table(opioids=summary(), by=["period"])
    # Before: a b c e f h have an opioid; f has no dose. At 50 or more: a b c h; at 90: a b h.
    assert counts(found, "opioid_dose_50", period="before") == (6, 5, 4, 5)
    assert counts(found, "opioid_dose_90", period="before") == (6, 5, 3, 5)
    # After: a b d e h have an opioid (levorphanol is unknown to the set: whether e has one is not known).
    assert counts(found, "opioid_dose_50", period="after") == (4, 4, 3, 4)
    assert counts(found, "opioid_free", period="before") == (8, 8, 2, 8)
    assert counts(found, "opioid_free", period="after") == (8, 7, 3, 7)


def test_high_dose_in_both_readings():
    # a: 90 MME on 15 days; b: on 14; c: 80 on 10 days and 100 on 10, an average of 90 on 20 days, at 90 on 10.
    rows = [
        ("a", "morphine", 90, "mg", 15, 15, 0), ("b", "morphine", 90, "mg", 14, 14, 0),
        ("c", "morphine", 80, "mg", 10, 10, 0), ("c", "morphine", 100, "mg", 10, 10, 10),
    ]  # fmt: skip
    daily = opioids.daily(pl.DataFrame(table(*rows)))
    found = program.table(
        opioids=opioids.summary(daily, denominator="covered_days", periods=(day(0), day(364))),
        indicators=["opioid_high_dose_days", "opioid_high_dose_average"],
    )
    assert counts(found, "opioid_high_dose_days") == (3, 3, 1, 3)
    assert counts(found, "opioid_high_dose_average") == (3, 3, 2, 3)
    assert set(found["evidence"]) == {"1"}


def test_reduction_and_freedom_at_follow_up():
    compared = opioids.compare(summary(), baseline="before", followup="after")
    found = program.table(opioids=compared, by=["site"])
    assert set(found["indicator"]) == {"opioid_halved", "opioid_stopped"}
    # North: a b c had an opioid; a and c are down to half, c is free. d had none and is not eligible.
    assert counts(found, "opioid_halved", site="north") == (3, 3, 2, 3)
    assert counts(found, "opioid_stopped", site="north") == (3, 3, 1, 3)
    # South: e f h; e is open, f has no dose at the baseline but is free at follow-up, h is as before.
    assert counts(found, "opioid_halved", site="south") == (3, 1, 0, 1)
    assert counts(found, "opioid_stopped", site="south") == (3, 2, 1, 2)


def test_a_patient_counts_once():
    with pytest.raises(
        FrameError, match=r'up to 2 rows for one patient in a group.*by=\["period", "mme_by"\]'
    ):
        program.table(opioids=summary())
    both = program.table(opioids=summary(["covered_days", "single_day"]), by=["period", "mme_by"])
    assert counts(both, "opioid_dose_50", period="before", mme_by="single_day") == (6, 5, 4, 5)


def test_the_figures_in_every_kind_of_frame(backend: Backend) -> None:
    daily = opioids.daily(backend.make(prescriptions()))
    told = opioids.summary(daily, denominator="covered_days", periods=backend.make(periods()))
    found = backend.rows(program.table(opioids=told, by=["period"], indicators=["opioid_dose_90"]))
    rows = dict(zip(found["period"], zip(found["eligible"], found["numerator"], strict=True), strict=True))
    assert rows == {"before": (6, 3), "after": (4, 1)}


def test_a_table_is_needed():
    with pytest.raises(FrameError, match="a table is needed to count from"):
        program.table()
