"""Values at the edge of what columns can hold, and rows of which one counts for the patient."""

from __future__ import annotations

from datetime import time, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import duckdb
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from ipm_outcomes import program
from ipm_outcomes.program.indicators import Indicator, parse

MOST = 2**63 - 1
ONE = {
    "patient_id": [1, 2, 3],
    "episode": [1, 1, 1],
    "instrument": ["peg"] * 3,
    "scale": ["mean"] * 3,
    "target": ["6 months"] * 3,
    "baseline": [6.0, 5.0, 7.0],
    "followup": [4.0, 5.0, None],
    "reason": [None, None, "no_follow_up"],
}
LIBRARIES = [pl.DataFrame, pd.DataFrame, pa.table]


def sites(result: Any) -> dict[Any, int]:
    """How many are eligible by site."""
    frame = result.pl() if isinstance(result, duckdb.DuckDBPyRelation) else result
    return dict(zip(*(list(pl.DataFrame(frame)[name]) for name in ("site", "eligible")), strict=True))


def own(**content: Any) -> Indicator:
    """An indicator that counts each patient once."""
    basis = {
        "id": "own",
        "title": "Own",
        "uses": "changes",
        "direction": "higher",
        "missing": "not_needed",
        "population": "All.",
        "once": True,
        "source": ["definition"],
        "evidence": "derived",
        "sources": ["definition"],
    }
    return parse(basis | content, file="own.toml")


@pytest.mark.parametrize("library", LIBRARIES)
@pytest.mark.parametrize("low", [MOST - 1, -MOST - 1])
def test_groups_may_be_the_largest_and_the_lowest_whole_numbers(library, low):
    table = library({**ONE, "site": [low, low + 1, low]})
    assert sites(program.table(table, by=["site"], indicators=["baseline_completion"])) == {
        low: 2,
        low + 1: 1,
    }


@pytest.mark.parametrize("library", LIBRARIES)
@pytest.mark.parametrize("column", ["site", "patient_id"])
def test_unsigned_numbers_may_be_larger_than_signed_ones(library, column):
    large = pl.Series([2**64 - 1, 2**64 - 2, 2**64 - 3], dtype=pl.UInt64)
    columns = {**ONE, "site": [1, 1, 1], column: large.to_numpy()}
    result = sites(program.table(library(columns), by=["site"], indicators=["baseline_completion"]))
    assert result == ({1: 3} if column == "patient_id" else dict.fromkeys(large.to_list(), 1))


def test_a_spread_may_be_as_large_as_a_number():
    table = pl.DataFrame({**ONE, "followup": [1e300, -1e300, None]})
    result = program.table(table, indicators=["mean_followup"])
    assert result["sd"][0] == pytest.approx(2**0.5 * 1e300, rel=1e-15)


@pytest.mark.parametrize("totals", [False, True])
def test_groups_of_a_relation_become_text_where_their_type_does_not_know_the_word(totals):
    changes = pl.DataFrame({**ONE, "word": ["a", None, "b"]})
    table = duckdb.sql("SELECT * REPLACE (word::ENUM('a', 'b') AS word) FROM changes").project(
        "*, word AS site"
    )
    result = program.table(table, by=["site"], indicators=["baseline_completion"], totals=totals)
    assert changes.height == 3
    assert sites(result) == {"a": 1, "b": 1, "not recorded": 1, **({"all": 3} if totals else {})}


@pytest.mark.parametrize("library", [*LIBRARIES, pl.LazyFrame, duckdb.from_arrow])
@pytest.mark.parametrize(
    ("low", "high"),
    [
        (Decimal("1.50"), Decimal("2.25")),
        (time(8), time(9, 30)),
        (timedelta(hours=2), timedelta(days=1)),
        (b"a", b"b"),
    ],
    ids=["decimal", "time", "duration", "bytes"],
)
def test_groups_may_be_of_any_type(library, low, high):
    columns = {**ONE, "site": [low, high, low]}
    table = library(pa.table(columns) if library is duckdb.from_arrow else columns)
    result = program.table(table, by=["site"], indicators=["baseline_completion"])
    if isinstance(result, duckdb.DuckDBPyRelation):
        counts = dict(result.project("site, eligible").fetchall())
        assert counts in ({low: 2, high: 1}, {str(low): 2, str(high): 1}, {"a": 2, "b": 1})
    else:
        assert sites(result.collect() if isinstance(result, pl.LazyFrame) else result) in (
            {low: 2, high: 1},
            {"a": 2, "b": 1},
        )


def test_identifiers_of_a_database_differ():
    ids = [UUID(int=n) for n in range(3)]
    changes = pl.DataFrame({**ONE, "site": [str(ids[0]), str(ids[1]), str(ids[0])]})
    table = duckdb.sql("SELECT * REPLACE (site::UUID AS site, uuid() AS patient_id) FROM changes")
    assert changes.height == 3
    result = program.table(table, by=["site"], indicators=["baseline_completion"])
    assert sites(result) == {str(ids[0]): 2, str(ids[1]): 1}


def test_categories_that_are_numbers_are_groups_by_their_text():
    table = pd.DataFrame({**ONE, "site": pd.Categorical([1.5, 2.0, None])})
    result = program.table(table, by=["site"], indicators=["baseline_completion"])
    assert sites(result) == {"1.5": 1, "2.0": 1, "not recorded": 1}


@pytest.mark.parametrize("library", LIBRARIES)
@pytest.mark.parametrize("order", [1, -1])
def test_of_several_rows_the_last_word_counts_whatever_their_order(library, order):
    columns = {name: values[:1] * 2 for name, values in ONE.items()}
    columns |= {"target": ["3 months", "6 months"][::order], "word": ["a", "b"][::order]}
    result = program.table(library(columns), indicators=[own(kind="distribution", value="word")])
    assert dict(zip(*(list(pl.DataFrame(result)[n]) for n in ("band", "numerator")), strict=True))["b"] == 1


@pytest.mark.parametrize("order", [1, -1])
def test_of_several_rows_one_that_belongs_to_the_population_counts(order):
    columns = {name: values[:1] * 2 for name, values in ONE.items()}
    columns |= {"target": ["3 months", "6 months"][::order], "left": [True, False][::order]}
    stays = {"column": "left", "is": False}
    result = program.table(
        pl.DataFrame(columns),
        indicators=[own(kind="proportion", eligible=stays, numerator={"column": "baseline", "known": True})],
    )
    assert result.select("eligible", "numerator").row(0) == (1, 1)


@pytest.mark.parametrize("order", [1, -1])
def test_of_several_rows_with_one_value_the_largest_divisor_counts(order):
    columns = {name: values[:1] * 2 for name, values in ONE.items()}
    columns |= {"target": ["3 months", "6 months"][::order], "came": [1, 1], "due": [2, 4][::order]}
    result = program.table(pl.DataFrame(columns), indicators=[own(kind="ratio", value="came", over="due")])
    assert result["estimate"][0] == 0.25
