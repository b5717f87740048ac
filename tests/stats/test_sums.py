"""Sums by group against sums of fractions."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ipm_outcomes.stats import _sums

FLOATS = st.floats(allow_nan=False, allow_infinity=False)


def checked(values: list[float]) -> None:
    sums = _sums.sums_by(np.array(values, float), np.arange(len(values)) % 3, 3)
    for group in range(3):
        own = [Fraction(value) for value in values[group::3]]
        assert Fraction(sums.totals[group], sums.denominator) == sum(own)
        assert Fraction(sums.squares[group], sums.denominator**2) == sum(value * value for value in own)


@given(st.lists(FLOATS, max_size=20))
def test_sums_are_exact(values):
    checked(values)


@pytest.mark.parametrize("step", [1, 3, 10, 128])
def test_sums_of_several_stretches_are_exact(step, monkeypatch):
    monkeypatch.setattr(_sums, "_BLOCK", 5)
    checked([n * n % 101 / step for n in range(48)])


def test_whole_numbers_too_large_for_a_float_sum_are_exact():
    checked([2.0**53, 1.0, 1.0, 2.0**53, 1.0, -(2.0**60)] * 3)
