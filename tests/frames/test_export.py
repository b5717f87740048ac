"""Spreadsheet-safe export. The signs are those of OWASP's page on CSV injection: = + - @, tab, CR, LF."""

from __future__ import annotations

from typing import Any

import duckdb
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ipm_outcomes.errors import FrameError
from ipm_outcomes.frames._export import safe_text, spreadsheet_safe

GIVEN = [
    "=1+1",
    "+cmd|' /C calc'!A0",
    "-2+3",
    "@SUM(A1)",
    "\t=1",
    "\r=1",
    "\n=1",
    "  =1",
    "＝1",
    "-9",
    "+1.5e3",
    ".5",
    "",
    "plain",
    "a=b",
    "'=1",
    None,
]
EXPECTED = [f"'{text}" for text in GIVEN[:9] if text] + GIVEN[9:]


def _out(frame: object) -> list[object]:
    if isinstance(frame, pl.LazyFrame):
        frame = frame.collect()
    if isinstance(frame, pa.Table):
        return list(frame.column("site").to_pylist())
    if isinstance(frame, pl.DataFrame):
        return list(frame["site"].to_list())
    assert isinstance(frame, pd.DataFrame)
    return [None if pd.isna(cell) else cell for cell in frame["site"]]


@pytest.mark.parametrize(
    "frame",
    [
        pl.DataFrame({"site": GIVEN}),
        pl.LazyFrame({"site": GIVEN}),
        pl.DataFrame({"site": pl.Series(GIVEN, dtype=pl.Categorical)}),
        pl.DataFrame({"site": pl.Series(GIVEN, dtype=pl.Enum([x for x in GIVEN if x is not None]))}),
        pd.DataFrame({"site": GIVEN}),
        pd.DataFrame({"site": GIVEN}, dtype=object),
        pd.DataFrame({"site": pd.Series(GIVEN, dtype="category")}),
        pd.DataFrame({"site": pd.Series(GIVEN, dtype="string")}),
        pd.DataFrame({"site": pd.Series(GIVEN, dtype=pd.ArrowDtype(pa.string()))}),
        pa.table({"site": GIVEN}),
        pa.table({"site": pa.array(GIVEN).dictionary_encode()}),
    ],
    ids=lambda frame: type(frame).__module__.split(".")[0],
)
def test_formulas_are_neutralized_in_every_kind_of_frame(frame: object) -> None:
    safe = spreadsheet_safe(frame)
    assert type(safe) is type(frame)
    assert _out(safe) == EXPECTED


def test_formulas_are_neutralized_in_a_duckdb_relation() -> None:
    with duckdb.connect() as connection:
        connection.register("given", pa.table({"site": GIVEN}))
        safe = spreadsheet_safe(connection.table("given"))
        assert isinstance(safe, duckdb.DuckDBPyRelation)
        assert [row[0] for row in safe.fetchall()] == EXPECTED
        del safe


def test_mixed_objects_keep_what_is_no_text() -> None:
    safe = spreadsheet_safe(pd.DataFrame({"site": ["=1", -2, None, b"=1"]}, dtype=object))
    assert list(safe["site"]) == ["'=1", -2, None, b"=1"]


def _many() -> dict[str, object]:
    """Columns of every kind, each kind that needs nothing before one that does."""
    return {
        "n": [1, 2],
        "first": ["=a", None],
        "x": [-1.5, None],
        "second": ["plain", "+b"],
        "flag": [True, False],
        "third": ["-c", "@d"],
    }


@pytest.mark.parametrize(
    "make", [pl.DataFrame, pl.LazyFrame, pd.DataFrame, pa.table], ids=lambda make: make.__module__
)
def test_every_column_of_text_is_neutralized(make: Any) -> None:
    safe = spreadsheet_safe(make(_many()))
    if isinstance(safe, pl.LazyFrame):
        safe = safe.collect()
    table = pa.Table.from_pandas(safe) if isinstance(safe, pd.DataFrame) else safe
    columns = table.to_pydict() if isinstance(table, pa.Table) else table.to_dict(as_series=False)
    assert columns == _many() | {"first": ["'=a", None], "second": ["plain", "'+b"], "third": ["'-c", "'@d"]}


@pytest.mark.parametrize(
    "before",
    [
        pl.Series(["mild", None], dtype=pl.Enum(["mild"])),
        pl.Series(["mild", None], dtype=pl.Categorical),
        pl.Series([object(), None], dtype=pl.Object),
        pl.Series([[1], None], dtype=pl.List(pl.Int64)),
    ],
    ids=["enum", "category", "object", "list"],
)
def test_columns_after_one_that_needs_nothing(before: pl.Series) -> None:
    safe = spreadsheet_safe(pl.DataFrame({"before": before, "a": ["=a", "b"], "c": ["c", "=d"]}))
    assert (safe["a"].to_list(), safe["c"].to_list()) == (["'=a", "b"], ["c", "'=d"])


def test_numbers_and_safe_categories_are_untouched() -> None:
    frame = pl.DataFrame(
        {"change": [-1.5, 2.0], "n": [-1, 1], "band": pl.Series(["mild", None], dtype=pl.Enum(["mild"]))}
    )
    assert spreadsheet_safe(frame).equals(frame)
    assert spreadsheet_safe(frame).schema == frame.schema
    pandas = pd.DataFrame({"band": pd.Categorical(["mild", "severe"])})
    pd.testing.assert_frame_equal(spreadsheet_safe(pandas), pandas)


def test_names_of_columns_are_neutralized() -> None:
    assert spreadsheet_safe(pl.DataFrame({"=x": [1], "-1": [2], "y": [3]})).columns == ["'=x", "-1", "y"]


def test_names_that_would_meet_are_refused() -> None:
    with pytest.raises(FrameError, match="two columns have the same name"):
        spreadsheet_safe(pl.DataFrame({"=x": [1], "'=x": [2]}))


@pytest.mark.parametrize("wrong", [[1, 2], "text", None, pd.DataFrame([[1, 2]], columns=["a", "a"])])
def test_what_is_no_usable_frame_is_refused(wrong: object) -> None:
    with pytest.raises(FrameError, match="cannot be made safe"):
        spreadsheet_safe(wrong)


@given(st.text(max_size=8))
def test_no_text_begins_a_formula_afterwards(text: str) -> None:
    safe = safe_text(text)
    assert safe in (text, f"'{text}")
    try:
        float(safe)
    except ValueError:
        assert not safe.lstrip(" ").startswith(("=", "+", "-", "@", "\t", "\r", "\n"))


@given(st.text(max_size=8))
def test_twice_is_once(text: str) -> None:
    assert safe_text(safe_text(text)) == safe_text(text)
