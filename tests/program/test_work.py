"""Return to work, worked by hand, in every kind of data frame."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import polars as pl
import pytest
from survival_cases import limits

from conftest import Backend
from ipm_outcomes import program
from ipm_outcomes.errors import FrameError, ParameterError, UnreadableDatesError

DAY0 = date(2026, 1, 1)
FULL, MODIFIED, PAIN, OTHER, OUTSIDE = (
    "Full duty", "modified_duty", "off because of pain", "OFF for other reasons", "not in labor force",
)  # fmt: skip

# Days after the index date, and the status from then on: the days of test_survival.
PATIENTS: dict[str, list[tuple[int, str]]] = {
    "a": [(-5, PAIN), (30, MODIFIED), (58, FULL)],  # stayed 28 days
    "b": [(0, MODIFIED), (20, MODIFIED), (60, FULL), (70, PAIN)],  # stayed 10 days
    "c": [(0, PAIN), (60, FULL)],  # how long is not known
    "d": [(-90, FULL), (0, PAIN), (90, OTHER)],
    "e": [(0, OTHER), (120, MODIFIED), (150, FULL)],  # stayed 30 days
    "f": [(0, MODIFIED), (150, MODIFIED)],
    "g": [(0, FULL), (30, PAIN)],
    "h": [(0, OUTSIDE), (30, FULL)],
    "i": [(5, PAIN)],  # no status at the start
    "j": [(0, PAIN)],  # no status after it
}
SITES = {one: "north" if one in "abcgi" else "south" for one in [*PATIENTS, "k"]}


def statuses() -> dict[str, list[Any]]:
    rows = [(one, DAY0 + timedelta(day), status) for one, own in PATIENTS.items() for day, status in own]
    rows.append(("k", DAY0, PAIN))  # no index date
    rows.reverse()  # the order of the rows does not matter
    return {name: [row[at] for row in rows] for at, name in enumerate(("patient_id", "date", "status"))}


def episodes() -> dict[str, list[Any]]:
    return {
        "patient_id": list(SITES),
        "start_date": [None if one == "k" else DAY0 for one in SITES],
        "site": list(SITES.values()),
    }


def row(found: pl.DataFrame, indicator: str, **group: str) -> dict[str, Any]:
    rows = found.filter(pl.col("indicator") == indicator)
    for name, value in group.items():
        rows = rows.filter(pl.col(name) == value)
    (only,) = rows.to_dicts()
    return only


def counts(found: pl.DataFrame, indicator: str, **group: str) -> tuple[int, ...]:
    names = ("eligible", "observed", "numerator", "denominator", "excluded")
    return tuple(row(found, indicator, **group)[name] for name in names)


def of(**options: Any) -> pl.DataFrame:
    return program.return_to_work(pl.DataFrame(statuses()), episodes=pl.DataFrame(episodes()), **options)


def test_every_figure_in_every_kind_of_frame(backend: Backend) -> None:
    found = backend.rows(
        program.return_to_work(
            backend.make(statuses()),
            episodes=backend.make(episodes()),
            by=["site"],
            totals=True,
            within_days=60,
        )
    )
    table = pl.DataFrame({name: pl.Series(name, values, strict=False) for name, values in found.items()})
    # a to f and j are off or restricted at the start; a, b, c and e came back, d and f did not, j is not known.
    assert counts(table, "return_to_work", site="all") == (7, 6, 4, 6, 4)
    assert counts(table, "return_to_work", site="north") == (3, 3, 3, 3, 2)
    assert counts(table, "return_to_work", site="south") == (4, 3, 1, 3, 2)
    # How long c stayed is not known; d and f are not back, so they did not stay.
    assert counts(table, "return_to_work_sustained", site="all") == (7, 5, 2, 5, 4)
    assert counts(table, "return_to_work_by:60 days", site="all") == (7, 6, 3, 6, 4)
    share = row(table, "return_to_work_by:60 days", site="all")
    assert (share["estimate"], share["lower"], share["upper"]) == pytest.approx(
        (0.5, *limits(1 / 2, 1 / 30 + 2 / 15))
    )
    median = row(table, "days_to_return", site="all")
    assert (median["estimate"], median["lower"], median["upper"]) == (60, 30, None)
    assert (median["unit"], share["unit"]) == ("days", "share")
    # South: back on day 120, not yet on days 90 and 150. Nobody by day 60, so the method has no limits.
    south = row(table, "return_to_work_by:60 days", site="south")
    assert (south["estimate"], south["lower"], south["upper"]) == (0, None, None)


def test_bounds_and_what_was_chosen():
    found = row(of(), "return_to_work")
    assert (found["estimate"], found["worst"], found["best"]) == pytest.approx((4 / 6, 4 / 7, 5 / 7))
    assert "Day 0: start_date." in found["notes"]
    sustained = row(of(), "return_to_work_sustained")
    assert sustained["evidence"] == "unverified"
    assert "Sustained: 4 weeks or more." in sustained["notes"]


def test_weeks_that_somebody_must_stay():
    # a stayed 28 days up to the last record: 4 weeks exactly; 5 weeks are not known, nor of e, who stayed 30.
    assert counts(of(sustained_weeks=4), "return_to_work_sustained")[1:4] == (5, 2, 5)
    assert counts(of(sustained_weeks=5), "return_to_work_sustained")[1:4] == (3, 0, 3)
    assert counts(of(sustained_weeks=1), "return_to_work_sustained")[1:4] == (5, 3, 5)  # b: 10 days


def test_full_duty_and_who_is_at_risk():
    # a is at full duty on day 58, b on 60, c on 60, e on 150.
    assert counts(of(to="full_duty", within_days=59), "return_to_work_by:59 days")[2] == 1
    assert counts(of(to="full_duty"), "return_to_work")[2] == 4
    assert counts(of(at_risk=["off_because_of_pain"]), "return_to_work") == (4, 3, 2, 3, 7)
    assert counts(of(at_risk="modified_duty"), "return_to_work") == (2, 2, 1, 2, 9)


def test_one_row_per_patient_with_the_reason():
    found = of(per_patient=True)
    assert dict(found.select("patient_id", "days").rows()) == {
        "a": 30, "b": 60, "c": 60, "d": 90, "e": 120, "f": 150,
        "g": None, "h": None, "i": None, "j": None, "k": None,
    }  # fmt: skip
    assert dict(found.filter(pl.col("reason").is_not_null()).select("patient_id", "reason").rows()) == {
        "g": "not_off_or_restricted", "h": "not_off_or_restricted", "i": "no_status_at_start",
        "j": "no_later_status", "k": "no_index",
    }  # fmt: skip


def test_without_episodes_the_first_status_is_the_start():
    found = program.return_to_work(pl.DataFrame(statuses()))
    # d was at full duty at first, a began 5 days earlier; i and k have one status only.
    assert counts(found, "return_to_work") == (8, 5, 4, 5, 3)
    assert "Day 0: the first status on record." in row(found, "return_to_work")["notes"]


def test_statuses_of_an_episode_end_where_the_next_begins():
    table = pl.DataFrame(
        {"patient_id": ["a", "a"], "episode": [1, 2], "start_date": [DAY0, DAY0 + timedelta(40)]}
    )
    rows = {"a": [(0, PAIN), (30, PAIN), (40, PAIN), (50, FULL)]}
    data = pl.DataFrame(
        [(one, DAY0 + timedelta(day), status) for one, own in rows.items() for day, status in own],
        orient="row", schema=["patient_id", "date", "status"],
    )  # fmt: skip
    found = program.return_to_work(data, episodes=table, per_patient=True)
    assert found.select("episode", "back", "days").rows() == [(1, False, 30), (2, True, 10)]
    with pytest.raises(FrameError, match="several rows; give the column episode"):
        program.return_to_work(data, episodes=table.drop("episode"))


def test_of_two_statuses_of_one_day_the_later_row_counts():
    data = pl.DataFrame(
        {
            "patient_id": ["a"] * 3,
            "date": [DAY0, DAY0 + timedelta(9), DAY0 + timedelta(9)],
            "status": [PAIN, FULL, PAIN],
        }
    )
    assert program.return_to_work(data, per_patient=True)["back"].to_list() == [False]


def test_words_that_are_not_known_are_refused_and_declared():
    odd = pl.DataFrame(statuses()).with_columns(
        status=pl.col("status").replace({"OFF for other reasons": "Layoff X"})
    )
    with pytest.raises(
        FrameError, match=r"holds 1 label\(s\) that are not known, in 2 row\(s\), first in row 11"
    ) as caught:
        program.return_to_work(odd, episodes=pl.DataFrame(episodes()))
    assert "Layoff" not in str(caught.value)
    meant = {"layoff x": "off_for_other_reasons"}
    declared = program.return_to_work(odd, episodes=pl.DataFrame(episodes()), meanings=meant)
    assert declared.equals(of())
    left_out = program.return_to_work(odd, episodes=pl.DataFrame(episodes()), meanings={"Layoff X": None})
    assert counts(left_out, "return_to_work") == (6, 4, 3, 4, 5)  # e has no start, d no later status


def test_dates_that_cannot_be_read_and_what_is_missing():
    text = pl.DataFrame(statuses()).with_columns(date=pl.col("date").dt.strftime("%m/%d/%Y"))
    listed = pl.DataFrame(episodes())
    with pytest.raises(UnreadableDatesError, match=r"statuses: date: .*##/##/####.*date_format"):
        program.return_to_work(text, episodes=listed)
    assert program.return_to_work(text, episodes=listed, date_format={"date": "%m/%d/%Y"}).equals(of())
    with pytest.raises(FrameError, match="statuses: the frame has no column 'status'"):
        program.return_to_work(text.drop("status"))
    with pytest.raises(FrameError, match="episodes: the frame has no column 'injury'"):
        program.return_to_work(text, episodes=listed, index="injury", date_format="%m/%d/%Y")
    with pytest.raises(FrameError, match=r"date is empty in 1 row\(s\), first in row 0"):
        program.return_to_work(pl.DataFrame({"patient_id": ["a"], "date": [None], "status": [FULL]}))
    with pytest.raises(FrameError, match=r"1 patient\(s\) are not in episodes, first in row 0"):
        program.return_to_work(pl.DataFrame(statuses()), episodes=listed.head(10))
    nobody = {"patient_id": [None, "a"], "date": [DAY0] * 2, "status": [FULL] * 2}
    with pytest.raises(FrameError, match=r"patient_id is missing in 1 row\(s\)"):
        program.return_to_work(pl.DataFrame(nobody))


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"to": "half"}, "to: "), ({"at_risk": ["full_duty"]}, "at_risk: "), ({"by": "site"}, "by: "),
        ({"sustained_weeks": 0}, "sustained_weeks is 0"), ({"within_days": 1.5}, "within_days must be a whole"),
        ({"meanings": {"x": "nowhere"}}, "meanings: "),
    ],
)  # fmt: skip
def test_arguments_outside_what_they_may_be(options: dict[str, Any], told: str) -> None:
    with pytest.raises(ParameterError, match=told):
        of(**options)
    with pytest.raises(ParameterError, match="index: names a column of episodes"):
        program.return_to_work(pl.DataFrame(statuses()), index="start_date")


def test_the_figures_have_their_own_functions():
    with pytest.raises(ParameterError, match=r"works on work statuses; use program.return_to_work"):
        program.table(pl.DataFrame(), indicators=["return_to_work"])
