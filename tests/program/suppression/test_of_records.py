"""Figures of records behind disclosure control: what is small, and what would give it away, is hidden."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import polars as pl
import pytest

from ipm_outcomes import program

DAY = date(2025, 1, 1)
COUNTS = ("numerator", "denominator", "observed", "eligible")


def frame(rows: list[tuple[Any, ...]], *names: str) -> pl.DataFrame:
    return pl.DataFrame(rows, orient="row", schema=list(names))


def work(**groups: tuple[int, int, int]) -> pl.DataFrame:
    """Of each site: patients not back, back for a short time, and back to stay."""
    rows, listed = [], []
    for site, numbers in groups.items():
        for at, (many, days) in enumerate(zip(numbers, ((), (50,), (50, 90)), strict=True)):
            for n in range(many):
                who = f"{site}{at}-{n}"
                listed.append((who, site, DAY))
                rows += [
                    (who, DAY, "off because of pain"),
                    (who, DAY + timedelta(100), "off because of pain"),
                ]
                if days:
                    rows.append((who, DAY + timedelta(days[0] if len(days) > 1 else 90), "full duty"))
    return program.return_to_work(
        frame(rows, "patient_id", "date", "status"), episodes=frame(listed, "patient_id", "site", "start_date"),
        by=["site"], totals=len(groups) > 1,
    )  # fmt: skip


def shown(table: pl.DataFrame, indicator: str, **group: str) -> dict[str, Any]:
    rows = table.filter(pl.col("indicator") == indicator)
    for name, value in group.items():
        rows = rows.filter(pl.col(name) == value)
    return rows.row(0, named=True)


@pytest.mark.parametrize("policy", ["cms", "nhs"])
def test_a_small_count_is_hidden_with_its_rate(policy: str) -> None:
    found = program.suppress(work(x=(40, 0, 3)), policy=policy)
    for indicator in ("return_to_work", "return_to_work_by:182 days", "days_to_return"):
        row = shown(found, indicator)
        assert (row["numerator"], row["estimate"], row["lower"], row["suppressed"]) == (
            None,
            None,
            None,
            "hidden",
        )


def test_a_small_rest_is_hidden_too():
    row = shown(program.suppress(work(x=(4, 0, 60))), "return_to_work")  # 4 not back
    assert None in (row["numerator"], row["denominator"])
    assert row["estimate"] is None


def test_the_difference_of_two_figures_is_hidden():
    table = work(x=(50, 4, 60))  # 64 back, 60 of them to stay
    assert [shown(table, one)["numerator"] for one in ("return_to_work", "return_to_work_sustained")] == [
        64,
        60,
    ]
    found = program.suppress(table)
    told = [shown(found, one)["numerator"] for one in ("return_to_work", "return_to_work_sustained")]
    assert None in told
    # The median rests on the same people: it must not tell what the share hides.
    assert shown(found, "days_to_return")["numerator"] == told[0]


def test_a_group_does_not_follow_from_the_total():
    found = program.suppress(work(x=(40, 0, 3), y=(40, 0, 40), z=(50, 0, 30)))
    hidden = [site for site in "xyz" if shown(found, "return_to_work", site=site)["numerator"] is None]
    assert "x" in hidden
    assert len(hidden) > 1
    # And the same ones for every figure that counts the same people.
    assert hidden == [
        site for site in "xyz" if shown(found, "days_to_return", site=site)["numerator"] is None
    ]


def adherence(completed: int, left: int, active: int) -> pl.DataFrame:
    rows, listed = [], []
    for status, many in (("completed", completed), ("left", left), ("active", active)):
        for n in range(many):
            listed.append((f"{status}{n}", status, 4))
            rows.append((f"{status}{n}", DAY, "attended"))
    return program.adherence(
        frame(rows, "patient_id", "date", "status"),
        episodes=frame(listed, "patient_id", "status", "planned_sessions"),
    )


def test_completed_and_left_do_not_tell_each_other():
    found = program.suppress(adherence(60, 5, 30))
    done, gone = shown(found, "course_completed"), shown(found, "course_left")
    assert gone["numerator"] is None
    assert None in (done["numerator"], done["denominator"])
    assert (done["estimate"], gone["estimate"]) == (None, None)
    assert done["denominator"] == gone["denominator"]
    # Those still active are the difference of who came and who is counted.
    few = program.suppress(adherence(60, 40, 5))
    came, row = shown(few, "appointments_attended"), shown(few, "course_completed")
    assert row["excluded"] is None
    assert None in (came["eligible"], row["eligible"])


def care(visits: dict[str, list[tuple[int, int]]], **options: Any) -> pl.DataFrame:
    """Of each word, pairs of how many patients and how many events each."""
    people = [f"p{at}" for at in range(100)]
    spans = frame(
        [(one, DAY, DAY + timedelta(364), "x") for one in people], "patient_id", "start", "end", "site"
    )
    rows = []
    for word, groups in visits.items():
        first = 0
        for many, each in groups:
            rows += [
                (people[first + n], DAY + timedelta(at), word) for n in range(many) for at in range(each)
            ]
            first += many
    return program.rates(frame(rows, "patient_id", "date", "event"), spans, **options)


def test_many_events_of_few_patients_are_hidden():
    found = program.suppress(care({"imaging": [(3, 20)], "procedure": [(40, 2)], "admission": [(5, 1)]}))
    few, many, small = (shown(found, one) for one in ("imaging", "procedures", "admissions"))
    assert [few[name] for name in ("estimate", "lower", "upper", "patients", "member_months")] == [None] * 5
    assert many["suppressed"] == ""
    assert (many["numerator"], many["patients"], many["estimate"]) == (
        80,
        40,
        pytest.approx(1000 * 80 / 1200),
    )
    assert (small["numerator"], small["patients"], small["estimate"]) == (None, None, None)
    assert few["suppressed"] == small["suppressed"] == "hidden"


def before_after(before: int, after: int) -> pl.DataFrame:
    people = [f"p{at}" for at in range(100)]
    spans = frame(
        [(one, DAY - timedelta(365), DAY + timedelta(364)) for one in people], "patient_id", "start", "end"
    )
    rows = [(one, DAY - timedelta(9), "imaging") for one in people[:before]]
    rows += [(one, DAY + timedelta(9), "imaging") for one in people[:after]]
    return program.rates_before_after(
        frame(rows, "patient_id", "date", "event"),
        spans,
        frame([(one, DAY) for one in people], "patient_id", "start_date"),
    )


def test_the_ratio_goes_with_either_of_its_rates():
    for numbers, gone in (((60, 5), "after"), ((5, 60), "before")):
        found = program.suppress(before_after(*numbers))
        assert shown(found, f"imaging:{gone}")["numerator"] is None
        assert shown(found, "imaging:after / before")["estimate"] is None
    found = program.suppress(before_after(60, 40))
    assert shown(found, "imaging:after / before")["estimate"] is not None
    assert set(found["suppressed"]) == {""}


def test_rows_stay_and_nothing_is_protected_by_itself(tmp_path: Any) -> None:
    for table in (
        work(x=(40, 0, 3)),
        adherence(60, 5, 30),
        care({"imaging": [(3, 20)]}),
        before_after(60, 5),
    ):
        record = tmp_path / f"{len(list(tmp_path.iterdir()))}.json"
        found = program.suppress(table, record=record)
        assert found["indicator"].to_list() == table["indicator"].to_list()
        assert "counted_by_itself" not in record.read_text(encoding="utf-8")
