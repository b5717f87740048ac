"""Texts, categories and objects are judged by distinct value, and say what whole numbers say."""

from __future__ import annotations

import random
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest

import ipm_outcomes as ipm
from ipm_outcomes import frames
from ipm_outcomes.frames import _fetch
from ipm_outcomes.frames._decode import unique
from ipm_outcomes.frames._kernel import CHUNK

GAD7 = ipm.instrument("gad7")
NAMES = [f"gad7_{item}" for item in GAD7.item_ids]
LABELS = {item: {o.code: o.label for o in GAD7.answers_of(item).options} for item in GAD7.item_ids}


def numbers(rows: int = CHUNK + 300) -> pl.DataFrame:
    rng = np.random.default_rng(5)
    return pl.DataFrame(
        {
            name: pl.Series(rng.integers(0, 4, rows)).set(pl.Series(rng.random(rows) < 0.1), None)
            for name in NAMES
        }
    )


def labels(table: pl.DataFrame) -> pl.DataFrame:
    return table.select(
        pl.col(f"gad7_{item}").replace_strict(LABELS[item], return_dtype=pl.String) for item in GAD7.item_ids
    )


def pandas_objects_of_their_own(table: pl.DataFrame, null: Any) -> pd.DataFrame:
    """Of which no two cells are one object."""
    return pandas_objects(table, null).map(lambda cell: "".join([*cell]) if isinstance(cell, str) else cell)


def pandas_objects(table: pl.DataFrame, null: Any) -> pd.DataFrame:
    columns = {
        name: pd.Series([null if cell is None else cell for cell in column.to_list()], dtype=object)
        for name, column in table.to_dict().items()
    }
    return pd.DataFrame(columns)


KINDS = {
    "text": lambda table: table.cast(pl.String),
    "labels": labels,
    "Enum": lambda table: labels(table).select(
        pl.col(name).cast(pl.Enum(["never used", *reversed(LABELS[name[5:]].values())])) for name in NAMES
    ),
    "Categorical": lambda table: labels(table).cast(pl.Categorical),
    "Arrow labels": lambda table: labels(table).to_arrow(),
    "Arrow dictionary": lambda table: labels(table).cast(pl.Categorical).to_arrow(),
    "pandas text": lambda table: labels(table).to_pandas(),
    "pandas categories": lambda table: labels(table).to_pandas().astype("category"),
    "pandas objects": lambda table: pandas_objects(table, None),
    "pandas objects with NaN": lambda table: pandas_objects(table, float("nan")),
    "pandas objects with NA": lambda table: pandas_objects(table, pd.NA),
    "pandas floats as objects": lambda table: pandas_objects(table.cast(pl.Float64), pd.NA),
    "pandas labels as objects of their own": lambda table: pandas_objects_of_their_own(labels(table), None),
    "pandas labels as objects": lambda table: pandas_objects(labels(table), None),
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("block", [CHUNK, 16 * CHUNK])
def test_every_kind_of_cell_scores_as_whole_numbers_do(
    kind: str, block: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_fetch, "_BLOCK", block)
    table = numbers()
    wanted = frames.score(table, "gad7")
    found = frames.score(KINDS[kind](table), "gad7")
    for name in ("gad7_total", "gad7_total_answered", "gad7_gad2"):
        cells = found[name].to_pylist() if hasattr(found, "column_names") else found[name].to_list()
        assert [None if cell != cell else cell for cell in cells] == wanted[name].to_list()


def test_a_category_of_many_is_found_by_its_number(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where Polars numbers its categories beyond the size of a table of them."""
    monkeypatch.setattr(_fetch, "_BLOCK", 1)
    cells = labels(numbers(50))[NAMES[0]].cast(pl.Categorical)
    assert cells.to_physical().max() >= 1  # type: ignore[operator]
    coded, _ = _fetch._coded_of_categories(cells)
    assert [None if place < 0 else coded.values[place] for place in coded.places] == cells.to_list()


@pytest.mark.parametrize("library", ["polars", "pandas", "pandas objects"])
def test_many_distinct_texts_are_wrong_cells_each(library: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_fetch, "_MOST_DISTINCT", 50)
    monkeypatch.setattr(_fetch, "_SAMPLE", 3)
    texts = [f"note {n}" if n % 3 else "1" for n in range(300)]
    table: Any = pl.DataFrame(dict.fromkeys(NAMES, texts))
    if library != "polars":
        table = table.to_pandas().astype(object if library == "pandas objects" else "str")
    scored = frames.score(table, "gad7", invalid="null")
    assert scored["gad7_total"].to_list()[::3] == [7] * 100
    assert scored["gad7_invalid"].to_list() == [len(NAMES) if n % 3 else 0 for n in range(300)]


@pytest.mark.parametrize("kind", ["text", "enum", "categorical"])
def test_a_value_that_no_cell_holds_is_not_seen(kind: str) -> None:
    """A null cell is no cell of the first category: here nobody answered 0, and all are counted from 1."""
    levels = [str(n) for n in range(4)]
    draw = random.Random(2)
    rows = [[None if n % 3 == 0 else str(draw.randint(1, 3)) for _ in range(9)] for n in range(60)]
    rows = [[str(max(1, int(c))) if c else None for c in row] for row in rows] + [["4"] * 9] * 3
    dtype = {"text": pl.String, "enum": pl.Enum([*levels, "4"]), "categorical": pl.Categorical}[kind]
    columns = {f"phq9_q{n + 1}": [row[n] for row in rows] for n in range(9)}
    table = pl.DataFrame(columns).cast(dict.fromkeys(columns, dtype))
    plain = pl.DataFrame(columns).cast(dict.fromkeys(columns, pl.Int64))
    assert frames.inspect(table)["finding"].to_list() == frames.inspect(plain)["finding"].to_list()
    assert "coding_from_one" in frames.inspect(table)["finding"].to_list()
    empty = pl.DataFrame({name: [None, None] for name in columns}, schema=dict.fromkeys(columns, dtype))
    assert frames.score(empty, "phq9")["phq9_total"].null_count() == 2


def test_truth_values_among_numbers_are_no_answers() -> None:
    cells: list[Any] = [1, True, 1.0, np.float32(2), np.True_, None]
    table = pd.DataFrame({name: pd.Series(cells, dtype=object) for name in NAMES})
    scored = frames.score(table, "gad7", invalid="null")
    assert scored["gad7_invalid"].to_list() == [0, 8, 0, 0, 8, 0]
    assert scored["gad7_total"].dropna().to_list() == [7, 7, 14]


@pytest.mark.parametrize("dtype", ["i1", "u1", "i2", "i4", "u8", "i8", "f4", "f8", ">i4", ">f8", "?"])
def test_distinct_numbers_are_those_that_numpy_sorts(dtype: str) -> None:
    rng = np.random.default_rng(3)
    few = np.array([0, 1, 2, 3, 127, -128, -1], np.int64).astype(dtype)
    many = rng.integers(-(2**62), 2**62, 40).astype(dtype)
    odd = np.array([128, -129, 255, 256, 999], np.int64).astype(dtype)
    if few.dtype.kind == "f":
        odd = np.concatenate([odd, np.array([np.nan, np.inf, -np.inf, -0.0, 0.5, 1e-40], dtype)])
    for cells in (
        few[:0],
        few,
        many,
        rng.choice(few, 900),
        rng.permutation(np.tile([*few, *odd, *many], 9)).astype(dtype),
    ):
        values, places = unique(cells)
        wanted, inverse = np.unique(cells, return_inverse=True)
        np.testing.assert_array_equal(values, wanted)
        np.testing.assert_array_equal(places, inverse)
