"""Names of groups that differ by spelling, on every kind of frame."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pandas as pd
import polars as pl
import pytest

from ipm_outcomes.frames._frame import Frame
from ipm_outcomes.frames._groups import misspelled, spellings

NAMES = ["Hill Top", None, "hilltop", "007", " ", "Hill Top", "7", "HILL TOP", "7", "Lake"]


def made(kind: str, names: list[str | None]) -> Frame:
    table = pl.DataFrame({"site": pl.Series(names, dtype=pl.String)})
    makers: dict[str, Callable[[], Any]] = {
        "polars": lambda: table,
        "categorical": lambda: table.cast(pl.Categorical),
        "pandas": table.to_pandas,
        "objects": lambda: pd.DataFrame({"site": pd.Series(names, dtype=object)}),
        "categories": lambda: table.to_pandas().astype("category"),
        "arrow": table.to_arrow,
    }
    return Frame(makers[kind]())


@pytest.fixture(params=["polars", "categorical", "pandas", "objects", "categories", "arrow"])
def kind(request: Any) -> str:
    return str(request.param)


def test_the_most_frequent_spelling_is_meant(kind: str) -> None:
    assert spellings(made(kind, NAMES), "site") == {"hilltop": "Hill Top", "HILL TOP": "Hill Top", "007": "7"}
    assert misspelled(made(kind, NAMES), "site") == (3, 8)


def test_names_of_another_table_come_first_however_rare_and_of_these_the_one_that_came_last(
    kind: str,
) -> None:
    other = made(kind, ["LAKE", "Lake", "lake", "LAKE", "Hill top"])
    assert spellings(made(kind, NAMES), "site", other) == {
        "Hill Top": "Hill top", "hilltop": "Hill top", "HILL TOP": "Hill top", "007": "7", "Lake": "lake",
    }  # fmt: skip
    assert misspelled(made(kind, NAMES), "site", other) == (6, 8)


def test_columns_that_are_not_of_text_have_no_spellings() -> None:
    assert misspelled(Frame(pl.DataFrame({"site": [7, 7, 8]})), "site") == (0, 0)
