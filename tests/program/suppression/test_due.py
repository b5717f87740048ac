"""Means of one target beside counts of all who are due, at every target: by hand arithmetic.

Ten patients began with 4 points on the PHQ-9, ten with 20: 12 on average. Had only one of them 10 points or more, it
were (19 x 9 + 27) / 20 = 9.9 at most. So the mean excludes that one of those due can be in remission (from 10 points).
"""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest

from ipm_outcomes import change, program
from ipm_outcomes.program import suppress


def published(remission: str, scores: list[int], others: int = 0) -> pl.DataFrame:
    """Indicators of patients with these scores at the start and at 12 months, and of others at a second site."""
    rows = [
        {"patient_id": n, "site": site, "date": day, "value": float(score)}
        | {"instrument": "phq9", "scale": "total"}
        for n, (site, score) in enumerate(
            [("A", score) for score in scores] + [("B", n % 28) for n in range(others)]
        )
        for day in ("2024-01-08", "2025-01-08")
    ]
    targets = [target for target in change.DEFAULT_TARGETS if target.name in ("6 months", "12 months")]
    changes = change.table(pl.DataFrame(rows), by=["site"], targets=targets, as_of="2026-01-31")
    indicators = [remission, "mean_baseline", "followup_completion"]
    return program.table(changes, by=["site"], indicators=indicators, totals=True)


def row(table: pl.DataFrame, definition: str, site: str = "all", target: str = "12 months") -> dict[str, Any]:
    """One row of a table."""
    (one,) = table.filter(
        (pl.col("definition") == definition) & (pl.col("site") == site) & (pl.col("target") == target)
    ).to_dicts()
    return one


HALVES = [4, 20] * 10
AT_6, AT_12 = "depression_remission_6_months", "depression_remission_12_months"


@pytest.mark.parametrize(
    ("remission", "target"),
    [(AT_12, "12 months"), (AT_6, "6 months")],
    ids=["at the same target", "at an earlier target, to which nobody came"],
)
def test_a_mean_that_tells_how_many_are_due_is_withheld(remission: str, target: str) -> None:
    before = published(remission, HALVES)
    assert row(before, "mean_baseline")["estimate"] == 12
    assert row(before, remission, target=target)["eligible"] == 10
    after = suppress(before)
    assert row(after, remission, target=target)["eligible"] is None
    assert row(after, "followup_completion", target=target)["eligible"] == 20
    assert row(after, "mean_baseline")["denominator"] == 20
    assert row(after, "mean_baseline")["estimate"] is None


def test_so_is_the_mean_of_a_site() -> None:
    """280 others at a second site, of each score ten."""
    before = published(AT_12, HALVES, others=280)
    assert row(before, AT_12, "A")["eligible"] == 10
    after = suppress(before)
    assert row(after, AT_12, "A")["eligible"] is None
    assert row(after, "mean_baseline", "A")["estimate"] is None


@pytest.mark.parametrize("remission", [AT_6, AT_12])
def test_a_mean_that_leaves_room_is_given_in_full(remission: str) -> None:
    """Of 40 one, or ten, can have 10 points or more and their mean be 6: 39 with 9 points or less sum up to 351."""
    after = suppress(published(remission, [4] * 20 + [6] * 10 + [10] * 10))
    mean = row(after, "mean_baseline")
    assert mean["estimate"] == 6
    assert None not in (mean["lower"], mean["upper"])
