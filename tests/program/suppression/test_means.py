"""Means beside hidden counts: how they are printed, by hand arithmetic. The attack on them is in `tests/report`."""

from __future__ import annotations

import json
from pathlib import Path

import polars as pl
import pytest

from ipm_outcomes import change, program
from ipm_outcomes.program import suppress


def table(pairs: list[tuple[int, int]], site: list[str] | None = None) -> pl.DataFrame:
    """Indicators of patients with these scores of the PHQ-9 before and after."""
    rows = [
        {"patient_id": n, "site": site[n] if site else "A", "date": day, "value": float(value)}
        | {"instrument": "phq9", "scale": "total"}
        for n, pair in enumerate(pairs)
        for day, value in zip(("2024-01-08", "2024-07-08"), pair, strict=True)
    ]
    changes = change.table(pl.DataFrame(rows), by=["site"], targets=change.DEFAULT_TARGETS[1:2])
    return program.table(changes, by=["site"] if site else [], totals=site is not None)


def row(published: pl.DataFrame, definition: str, **where: str) -> dict[str, object]:
    found = published.filter(pl.col("definition") == definition)
    for name, value in where.items():
        found = found.filter(pl.col(name) == value)
    (one,) = found.to_dicts()
    return one


LARGE = [(20, 20 - n % 9) for n in range(180)] + [(10, 5 + n % 9) for n in range(180)]


def test_a_mean_that_tells_a_count_is_withheld() -> None:
    """Ten of 15 improved by 10 points and five by 3: 115 points, 7.67 on average.

    Were only one important improvement among them (5 points or more; at most 27), all others would have improved by 4
    at most: 83 points. So the mean excludes it, also as a whole number: 8 would be 112.5 at least.
    """
    pairs = [(20, 10)] * 10 + [(20, 17)] * 5
    before = table(pairs)
    assert row(before, "important_improvement")["numerator"] == 10
    assert row(before, "mean_improvement")["estimate"] == pytest.approx(115 / 15)
    after = suppress(before)
    assert row(after, "important_improvement")["numerator"] is None
    mean = row(after, "mean_improvement")
    assert mean["denominator"] == 15
    assert mean["suppressed"] == "hidden"
    assert [mean[name] for name in ("estimate", "lower", "upper", "sd")] == [None] * 4


def test_where_nobody_changed_whole_points_are_still_given() -> None:
    """Limits of 0.0 to 0.0 would say that nobody improved, which is hidden.

    Had 4 of 50 improved by 5 points it were 0.4 on average, from 24 to 23.6: in whole points the same 0, 24 and 24.
    """
    before = table([(24, 24)] * 50)
    after = suppress(before, policy="nhs")
    assert row(after, "important_improvement")["numerator"] is None
    for definition, mean in (("mean_baseline", 24), ("mean_followup", 24), ("mean_improvement", 0)):
        told = row(after, definition)
        assert told["estimate"] == mean
        assert [told[name] for name in ("lower", "upper", "sd")] == [None] * 3


def test_means_are_given_to_one_decimal() -> None:
    before, after = table(LARGE), suppress(table(LARGE))
    for definition in ("mean_baseline", "mean_followup", "mean_improvement"):
        true, mean = row(before, definition), row(after, definition)
        for name in ("estimate", "lower", "upper", "sd"):
            assert mean[name] == pytest.approx(true[name], abs=0.05 + 1e-9)
            assert mean[name] == pytest.approx(round(float(mean[name]), 1), abs=1e-12)  # type: ignore[arg-type]
    # 20 less 0 to 8, and 10 less 5 to -3: 720 and 180 points of 360 patients.
    assert row(before, "mean_improvement")["estimate"] == 2.5
    assert row(after, "mean_improvement")["estimate"] == 2.5
    assert row(suppress(before, policy="none"), "mean_improvement") == row(before, "mean_improvement")


def test_a_mean_goes_with_those_from_which_it_could_be_worked_out() -> None:
    """The mean of the one site that must not be shown is that of all less that of the other one."""
    site = ["A"] * 15 + ["B"] * len(LARGE)
    after = suppress(table([(20, 10)] * 10 + [(20, 17)] * 5 + LARGE, site))
    assert row(after, "mean_improvement", site="A")["estimate"] is None
    assert row(after, "mean_improvement", site="all")["estimate"] is not None
    assert row(after, "mean_improvement", site="B")["estimate"] is None


def test_the_record_names_the_means_and_the_ledger_keeps_them(tmp_path: Path) -> None:
    before = table([(20, 10)] * 10 + [(20, 17)] * 5)
    record, ledger = tmp_path / "record.json", tmp_path / "ledger.json"
    after = suppress(before, record=record, ledger=ledger)
    told = {one["indicator"]: one["printed"] for one in json.loads(record.read_text())["means"]}
    assert {how for name, how in told.items() if name.startswith("mean_improvement")} == {"not at all"}
    assert suppress(before, ledger=ledger).equals(after)
