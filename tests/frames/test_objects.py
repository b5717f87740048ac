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


def test_floats_that_are_objects_of_their_own_with_gaps() -> None:
    cells: list[Any] = [float(n % 11) for n in range(3000)]
    cells[4], cells[300], cells[700] = pd.NA, None, float("nan")
    data = pd.DataFrame({"nps_recommend": pd.Series(cells, dtype=object)})
    scored = frames.score(data, "nps")["nps_rating"]
    assert np.flatnonzero(scored.isna()).tolist() == [4, 300, 700]
    assert [value for value in scored.tolist() if value == value] == [
        n % 11 for n in range(3000) if n not in (4, 300, 700)
    ]
    cells[900], cells[901], cells[902] = True, np.True_, "3"
    assert wrong_rows(cells) == [900, 901, 902]
    cells[5] = 10**400
    assert wrong_rows(cells) == [5, 900, 901, 902]
    assert wrong_rows([*range(200, 500), 10**400]) == [*range(301)]


@pytest.mark.parametrize("shared", [True, False])
def test_a_list_among_texts_is_a_wrong_cell(shared: bool) -> None:
    cells: list[Any] = ["1" if shared else "".join(["1", "0"]) for _ in range(500)]
    cells[450] = [1]
    assert wrong_rows(cells, text_numbers=True) == [450]


@pytest.mark.parametrize("order", ["C", "F"])
def test_columns_of_one_block_of_objects(order: Any) -> None:
    rows = np.array([[n % 4, (n + 1) % 4] for n in range(900)], object, order=order)
    rows[7, 1] = pd.NA
    data = pd.DataFrame(rows, columns=["gad7_q1", "gad7_q2"])
    scored = frames.score(data.iloc[::-1], "gad7", scales=["gad2"])["gad7_gad2"].tolist()[::-1]
    assert scored[:7] == [1, 3, 5, 3, 1, 3, 5]
    assert scored[7] != scored[7]
