"""Changes of patients in parts are those of the whole table, where nothing is taken from the table itself."""

from __future__ import annotations

import random
from datetime import date, timedelta
from fractions import Fraction
from functools import reduce
from operator import add
from typing import Any

import pytest

from ipm_outcomes import change, frames
from ipm_outcomes.change._pairing import Search, find_pairs, seen_in
from ipm_outcomes.change._reliable import Rule
from ipm_outcomes.change._table import _samples, _table_of, _Wishes
from ipm_outcomes.change._whole import WholeTable

pl = pytest.importorskip("polars")
TARGETS = [change.Target("half a year", day=182, days=(137, 227))]
KNOWN = {("phq9", "total"): {"sd": 6.1, "reliability": 0.84}}


def scores(patients: int = 60) -> Any:
    draw = random.Random(7)
    rows = [
        {"patient_id": f"p{n}", "date": date(2025, 1, 1) + timedelta(days=draw.randrange(20) + days)}
        | {f"phq9_q{item}": draw.choice([0, 1, 2, 3, 3, None]) for item in range(1, 10)}
        for n in range(patients)
        for days in (0, draw.choice([170, 400]), 190)
    ]
    return frames.tidy(pl.DataFrame(rows), "phq9", by=["patient_id", "date"], missing="prorate")


def rows(table: Any) -> list[Any]:
    """Rows by patient; exact scores as fractions, since their denominator is common to a scale in one table."""
    found = table.sort("patient_id", "scale").to_dicts()
    for row in found:
        under = row.pop("exact_denominator")
        for name in ("exact_baseline", "exact_followup"):
            row[name] = None if row[name] is None else Fraction(row[name], under)
    return [tuple(row.values()) for row in found]


@pytest.mark.parametrize("parts", [1, 3, 60])
@pytest.mark.parametrize("constants", ["published", KNOWN], ids=["published", "given"])
def test_parts_by_patient_give_the_changes_of_the_whole(parts: int, constants: Any) -> None:
    given = scores()
    part = pl.col("patient_id").str.slice(1).cast(pl.Int64) % parts
    split = [given.filter(part == n).reverse() for n in range(parts)]
    how: dict[str, Any] = {"targets": TARGETS, "as_of": date(2026, 6, 30), "constants": constants}
    found = [change.table(one, **how) for one in split]
    assert rows(pl.concat(found, how="vertical_relaxed")) == rows(change.table(given, **how))


@pytest.mark.parametrize("parts", [1, 3, 60])
@pytest.mark.parametrize("pick", ["nearest", "mean"])
@pytest.mark.parametrize("constants", ["sample", "auto"])
def test_what_is_known_of_the_whole_adds_up(parts: int, pick: Any, constants: Any) -> None:
    """As Spark does it: a pass that gathers, and one that judges by what was gathered; equal in every column."""
    given = scores()
    part = pl.col("patient_id").str.slice(1).cast(pl.Int64) % parts
    split = [given.filter(part == n).reverse() for n in range(parts)]
    baseline = change.Baseline(days=(0, 30), pick=pick)
    search = Search(None, baseline, TARGETS, date(2026, 6, 30), None, None, False, ())
    whole = reduce(add, (seen_in(one, search) for one in split))
    samples = [_samples(find_pairs(one, search, whole)) for one in split]
    whole = reduce(add, (WholeTable(samples=one) for one in samples), whole)

    how: dict[str, Any] = {"targets": TARGETS, "as_of": date(2026, 6, 30), "baseline": baseline}
    wanted = change.table(given, constants=constants, **how)
    assert wanted["sample_n"].drop_nulls().len()
    wishes = _Wishes(Rule("jacobson_truax", constants, "test_retest", None, None, True, False), {}, {}, {})
    found = pl.concat((_table_of(wishes, one, search, whole) for one in split), how="vertical_relaxed")
    order = ["patient_id", "scale"]
    assert found.sort(order).equals(wanted.sort(order))


def test_what_is_taken_from_the_table_is_another_in_each_part() -> None:
    """The reason why the page on capacity asks for constants that are not the sample's."""
    given = scores()
    how: dict[str, Any] = {"targets": TARGETS, "as_of": date(2026, 6, 30), "constants": "sample"}
    whole = change.table(given, **how)
    half = change.table(given.filter(pl.col("patient_id") < "p3"), **how)
    assert set(half["sample_n"].drop_nulls()).isdisjoint(whole["sample_n"].drop_nulls())
