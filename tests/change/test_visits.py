"""Pairs by the names of visits: no date is needed, and one that is there is shown and never decides."""

from __future__ import annotations

from typing import Any

import pytest

from conftest import Backend
from ipm_outcomes import change, frames, program, redcap
from ipm_outcomes.errors import FrameError, ParameterError

pl = pytest.importorskip("polars")

BASELINE = change.Baseline(visit="baseline")
TARGETS = [change.Target(visit="month 6"), change.Target("one year", visit="month 12")]


def scores(*rows: tuple[int, str | None, float | None], **more: list[Any]) -> dict[str, list[Any]]:
    """Patient, visit, PHQ-9 total."""
    return {
        "patient_id": [row[0] for row in rows],
        "visit": [row[1] for row in rows],
        "instrument": ["phq9"] * len(rows),
        "scale": ["total"] * len(rows),
        "value": [row[2] for row in rows],
        **more,
    }


def paired(table: Any, **options: Any) -> list[tuple[Any, ...]]:
    found = change.pair(table, baseline=BASELINE, targets=TARGETS, **options)
    return found.select("patient_id", "target", "baseline", "followup", "reason").rows()


def test_visits_are_paired_by_name_without_a_date() -> None:
    table = pl.DataFrame(
        scores(
            *((1, "baseline", 15.0), (1, "month 6", 9.0), (1, "screening", 20.0)),
            *((2, "month 6", 7.0), (2, "month 12", 6.0)),
            *((3, "month 12", 4.0), (3, "baseline", 8.0), (3, None, 1.0)),
            *((4, "baseline", None), (4, "month 6", 5.0)),
        )
    )
    assert paired(table) == [
        (1, "month 6", 15.0, 9.0, None),
        (1, "one year", 15.0, None, "no_follow_up"),
        (2, "month 6", None, 7.0, "no_baseline"),
        (2, "one year", None, 6.0, "no_baseline"),
        (3, "month 6", 8.0, None, "no_follow_up"),
        (3, "one year", 8.0, 4.0, None),
        (4, "month 6", None, 5.0, "baseline_not_scorable"),
        (4, "one year", None, None, "baseline_not_scorable"),
    ]


def test_every_kind_of_frame(backend: Backend) -> None:
    table = backend.make(scores((1, "baseline", 15.0), (1, "month 6", 9.0), (2, "baseline", 8.0)))
    found = backend.rows(change.table(table, baseline=BASELINE, targets=TARGETS))
    assert found["change"] == [-6.0, None, None, None]
    assert found["days"] == [None] * 4
    assert found["window_from"] == found["baseline_date"] == [None] * 4
    assert found["window_open"] == [False] * 4


def test_dates_are_shown_and_decide_only_among_rows_of_one_visit() -> None:
    dates = ["2026-07-20", "2026-07-01", "2026-01-05", None]
    rows = ((1, "month 6", 9.0), (1, "month 6", 12.0), (1, "baseline", 15.0), (1, "month 12", 3.0))
    found = change.pair(pl.DataFrame(scores(*rows, date=dates)), baseline=BASELINE, targets=TARGETS)
    first, second = found.to_dicts()
    assert (first["followup"], str(first["followup_date"]), first["days"]) == (9.0, "2026-07-20", 196)
    assert (first["followup_duplicates"], second["followup"], second["followup_date"]) == (1, 3.0, None)
    assert (str(second["baseline_date"]), second["days"]) == ("2026-01-05", None)
    # Without dates the last row given counts.
    assert paired(pl.DataFrame(scores(*rows)))[0][3] == 12.0
    # What lies after as_of has not been seen yet.
    found = change.pair(
        pl.DataFrame(scores(*rows, date=dates)), baseline=BASELINE, targets=TARGETS, as_of="2026-07-10"
    )
    assert found["followup"].to_list() == [12.0, 3.0]


def test_a_visit_before_the_baseline_in_time_is_still_the_visit_that_it_is_called() -> None:
    table = scores((1, "month 6", 9.0), (1, "baseline", 15.0), date=["2026-01-01", "2026-07-01"])
    assert paired(pl.DataFrame(table))[0] == (1, "month 6", 15.0, 9.0, None)


def test_episodes_carry_groups() -> None:
    table = pl.DataFrame(scores((1, "baseline", 15.0), (1, "month 6", 9.0), (2, "baseline", 8.0)))
    episodes = pl.DataFrame(
        {"patient_id": [1, 2], "episode": [1, 1], "start_date": [None, None], "site": ["A", "B"]}
    )
    found = change.table(
        table, episodes=episodes.cast({"start_date": pl.String}), baseline=BASELINE, targets=TARGETS
    )
    assert found.filter(pl.col("change").is_not_null()).select("site", "change").rows() == [("A", -6.0)]
    figures = program.table(found, by=["site"], indicators=["responder_50", "followup_completion"])
    row = figures.filter(
        pl.col("indicator") == "followup_completion:phq9.total:month 6", pl.col("site") == "A"
    )
    assert row.select("numerator", "denominator").rows() == [(1, 1)]


def test_an_export_of_redcap_without_dates() -> None:
    export = pl.DataFrame(
        {
            "record_id": ["1", "1", "2"],
            "redcap_event_name": ["baseline_arm_1", "week_26_arm_1", "baseline_arm_1"],
            "peg_pain": ["8", "4", "7"],
            "peg_enjoyment": ["8", "4", "7"],
            "peg_activity": ["8", "4", "7"],
        }
    )
    read = redcap.read(export, events={"baseline_arm_1": "baseline"}, backend="polars")
    tidy = frames.tidy(read.data, ["peg"], by=["patient_id", "date", "visit"])
    found = change.table(tidy, baseline=BASELINE, targets=[change.Target("6 months", visit="week_26_arm_1")])
    assert found["change"].to_list() == [-4.0, None]
    assert "visit" not in found.columns


@pytest.mark.parametrize(
    ("baseline", "targets", "told"),
    [
        (
            BASELINE,
            [change.Target("6 months", day=182, slack=30)],
            "either all of them name a visit, or none",
        ),
        (change.Baseline(), TARGETS, "either all of them name a visit, or none"),
        (BASELINE, [change.Target("x", visit="baseline")], "two name the same visit"),
        (BASELINE, [change.Target("x", visit="a"), change.Target("x", visit="b")], "two have the same name"),
    ],
)
def test_rules_that_do_not_go_together(baseline: Any, targets: Any, told: str) -> None:
    with pytest.raises(ParameterError, match=told):
        change.pair(pl.DataFrame(scores((1, "baseline", 1.0))), baseline=baseline, targets=targets)


def test_visits_that_no_row_has() -> None:
    table = pl.DataFrame(scores((1, "Baseline", 1.0)))
    with pytest.raises(FrameError, match="no row of scores has the visit 'baseline'"):
        paired(table)
    with pytest.raises(FrameError, match="no row of scores has the visit 'month 6'"):
        paired(table.with_columns(visit=pl.lit("baseline")))
    with pytest.raises(FrameError, match="visit"):
        paired(table.drop("visit"))


@pytest.mark.parametrize("given", [{"visit": " "}, {"visit": "a "}, {"visit": 3}])
def test_names_of_visits(given: dict[str, Any]) -> None:
    for kind in (change.Baseline, change.Target):
        with pytest.raises(ParameterError, match="visit: give the name of a visit"):
            kind(**given)


def test_a_visit_has_no_window() -> None:
    with pytest.raises(ParameterError, match="a visit has no window"):
        change.Target(visit="a", day=3, slack=1)
    with pytest.raises(ParameterError, match="a visit has no window"):
        change.Target(visit="a", pick="latest")
    assert change.Target(visit="a").name == "a"
