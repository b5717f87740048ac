"""pandas columns of objects, whose kind is asked of a few cells where these decide it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from ipm_outcomes import frames

LONG = 70_000
"""Rows beyond those that are looked at first, and beyond one stretch."""


def wrong_rows(cells: list[Any], **options: Any) -> list[int]:
    data = pd.DataFrame({"nps_recommend": pd.Series(cells, dtype=object)})
    return [int(row) for row in frames.check(data, "nps", **options)["row"]]


@pytest.mark.parametrize("first", ["soon", 7, 7.0, None])
def test_true_is_no_answer_wherever_it_stands(first: Any) -> None:
    cells = [first, 1, 1.0, True, "1", None, float("nan"), pd.NA, *[1] * LONG, True, 1.0]
    wrong = [3, 4, LONG + 8]
    assert wrong_rows(cells) == ([0, *wrong] if isinstance(first, str) else wrong)


def test_numbers_in_text_are_answers_where_every_cell_is_text() -> None:
    assert wrong_rows(["1", None, "10", *["2"] * LONG]) == []
    assert wrong_rows(["1", None, "10", *["2"] * LONG, 2]) == [0, *range(2, LONG + 3)]
    assert wrong_rows([1, None, *[2] * LONG, "2"]) == [LONG + 2]
    assert wrong_rows([*[None] * LONG, "2"]) == []
    assert wrong_rows([*[None] * LONG, 2, "2"]) == [LONG + 1]
    assert wrong_rows([1, "2"], text_numbers=True) == []
    assert wrong_rows(["1", "2"], text_numbers=False) == [0, 1]


@pytest.mark.parametrize("gap", [None, float("nan"), pd.NA, pd.NaT])
@pytest.mark.parametrize("kind", [int, float, np.int64, np.float32])
def test_numbers_with_gaps_of_every_kind(gap: Any, kind: Any) -> None:
    cells = [kind(n % 11) if n % 7 else gap for n in range(3000)]
    data = pd.DataFrame({"nps_recommend": pd.Series(cells, dtype=object)})
    scored = frames.score(data, "nps")["nps_rating"].tolist()
    assert [None if value != value else value for value in scored] == [
        n % 11 if n % 7 else None for n in range(3000)
    ]
    cells[5] = kind(12)
    assert wrong_rows(cells) == [5]
