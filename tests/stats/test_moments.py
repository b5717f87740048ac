"""Exact moments of whole numbers: by hand, in any order, in any parts."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from ipm_outcomes.stats._moments import Moments, means_and_sds


def test_by_hand() -> None:
    # 2, 4, 4, 4, 5, 5, 7, 9: mean 5, squares of the distances 9 + 1 + 1 + 1 + 0 + 0 + 4 + 16 = 32, by 7
    found = Moments.of(np.array([9, 4, 5, 2, 4, 7, 4, 5]))
    assert (found.n, found.total, found.squares) == (8, 40, 232)
    assert found.sd() == math.sqrt(32 / 7)
    assert Moments.of(np.array([9, 4, 5, 2, 4, 7, 4, 5]), 10).sd() == math.sqrt(Fraction(32, 700))
    assert math.isnan(Moments.of(np.array([3])).sd())
    assert math.isnan(Moments().sd())


def test_equal_numbers_have_no_spread_at_all() -> None:
    assert Moments.of(np.full(1_000, 3), 7).sd() == 0


def test_numbers_over_denominators_of_their_own() -> None:
    # 1/2, 3/2, 5/3: in sixths 3, 9, 10 with mean 22/3, squares of the distances 169/9 + 25/9 + 64/9 = 258/9, by 2
    tops, bottoms = np.array([1, 3, 5]), np.array([2, 2, 3])
    found = Moments.of(tops, bottoms)
    assert found.sd() == math.sqrt(Fraction(258, 9 * 2 * 36))
    assert Moments.of(tops[:1], bottoms[:1]) + Moments.of(tops[1:], bottoms[1:]) == found


@given(st.lists(st.integers(-(10**9), 10**9), min_size=2, max_size=30), st.data())
def test_parts_add_up_in_any_order(numbers: list[int], data: st.DataObject) -> None:
    order = data.draw(st.permutations(numbers))
    cut = data.draw(st.integers(0, len(numbers)))
    first, second = (Moments.of(np.array(part, np.int64)) for part in (order[:cut], order[cut:]))
    whole = Moments.of(np.array(numbers, np.int64))
    assert first + second == whole
    mean = Fraction(sum(numbers), len(numbers))
    assert Moments.of(np.array(numbers, np.int64), 3).sd() == math.sqrt(
        sum((n - mean) ** 2 for n in numbers) / (len(numbers) - 1) / 9
    )


@given(
    st.integers(0, 9).flatmap(
        lambda size: st.lists(st.lists(st.integers(-(10**size), 10**size), max_size=9), max_size=4)
    ),
    st.sampled_from((1, 10, 3**9, 3**40)),
)
def test_means_and_deviations_of_many_samples_are_rounded_once(samples: list[list[int]], parts: int) -> None:
    totals, squares = ([sum(n**power for n in each) for each in samples] for power in (1, 2))
    means, sds = means_and_sds(
        np.array([len(each) for each in samples], np.int64),
        np.array(totals, object),
        np.array(squares, object),
        parts,
    )
    for sample, mean, sd in zip(samples, means.tolist(), sds.tolist(), strict=True):
        exact = Fraction(sum(sample), max(len(sample), 1))
        apart = sum((n - exact) ** 2 for n in sample) / max(len(sample) - 1, 1) / parts**2
        assert mean == float(exact / parts) if sample else math.isnan(mean)
        assert sd == math.sqrt(apart) if len(sample) > 1 else math.isnan(sd)
