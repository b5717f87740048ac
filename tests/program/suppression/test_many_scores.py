"""Scales with very many scores: what follows from the definitions is known of them as of others. By subtraction."""

from __future__ import annotations

from datetime import date

import polars as pl
import pytest

from ipm_outcomes import change, program

SCALES = {
    ("wpai_gh", "activity"): (90.0, 40.0),
    ("pastor", "pain_interference"): (70.1, 55.3),
    ("pam", "score"): (40.1, 60.5),
    ("promis29_2", "propr"): (0.101, 0.502),
}
DUE, FOLLOWED = 45, 38


@pytest.mark.parametrize(("scale", "scores"), SCALES.items(), ids=[instrument for instrument, _ in SCALES])
def test_how_many_have_no_follow_up_is_no_subtraction(
    scale: tuple[str, str], scores: tuple[float, float]
) -> None:
    days = (date(2024, 1, 1), date(2024, 7, 1))
    forms = [(n, day, score) for day, score in zip(days, scores, strict=True) for n in range(DUE)]
    tidy = pl.DataFrame(
        forms[: DUE + FOLLOWED], schema=["patient_id", "date", "value"], orient="row"
    ).with_columns(instrument=pl.lit(scale[0]), scale=pl.lit(scale[1]))
    target = change.Target("6 months", day=182, days=(137, 227))
    table = program.table(change.table(tidy, targets=[target], as_of="2026-01-01"))
    assert {DUE, FOLLOWED} <= set(table["observed"]) | set(table["eligible"])
    published = program.suppress(table)
    shown = {
        cell for column in ("eligible", "observed", "numerator", "denominator") for cell in published[column]
    }
    assert shown & {DUE, FOLLOWED}
    assert not {DUE, FOLLOWED} <= shown
