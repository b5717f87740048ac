"""Intervals against published values, independent implementations and properties of every interval."""

from __future__ import annotations

import math
import subprocess
import sys
import warnings
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import optimize, stats

from ipm_outcomes.errors import ParameterError
from ipm_outcomes.stats import intervals as iv

METHODS = ("wilson", "wilson_cc", "jeffreys", "clopper_pearson")
# No deadline: the machine may be busy, and the first call of an oracle imports it.
SETTINGS = settings(max_examples=80, deadline=None)
LEVELS = st.sampled_from([0.8, 0.9, 0.95, 0.99, 0.998])


def rounded(interval: tuple[float, float], digits: int = 4) -> tuple[float, float]:
    return round(interval[0], digits), round(interval[1], digits)


@st.composite
def counts(draw: st.DrawFn, at_least: int = 1, at_most: int = 400) -> tuple[int, int]:
    n = draw(st.integers(at_least, at_most))
    return draw(st.integers(0, n)), n


# -- published values ------------------------------------------------------------------------------


# Newcombe 1998, Stat Med 17:857-872, Table I: methods 3 (Wilson), 4 (with continuity correction), 5 (exact).
@pytest.mark.parametrize(
    ("x", "n", "method", "low", "high"),
    [
        (81, 263, "wilson", 0.2553, 0.3662),
        (15, 148, "wilson", 0.0624, 0.1605),
        (0, 20, "wilson", 0.0, 0.1611),
        (1, 29, "wilson", 0.0061, 0.1718),
        (81, 263, "wilson_cc", 0.2535, 0.3682),
        (15, 148, "wilson_cc", 0.0598, 0.1644),
        (0, 20, "wilson_cc", 0.0, 0.2005),
        (1, 29, "wilson_cc", 0.0018, 0.1963),
        (81, 263, "clopper_pearson", 0.2527, 0.3676),
        (15, 148, "clopper_pearson", 0.0578, 0.1617),
        (0, 20, "clopper_pearson", 0.0, 0.1684),
        (1, 29, "clopper_pearson", 0.0009, 0.1776),
    ],
)
def test_published_proportions(x: int, n: int, method: str, low: float, high: float) -> None:
    assert rounded(iv.proportion(x, n, method)) == (low, high)


# Newcombe 1998, Stat Med 17:873-890, Table II, method 10, examples (a) and (d); the latter as in the tests of
# the R package ratesci.
@pytest.mark.parametrize(
    ("cells", "low", "high"), [((56, 70, 48, 80), 0.0524, 0.3339), ((5, 56, 0, 29), -0.0381, 0.1926)]
)
def test_published_differences(cells: tuple[int, int, int, int], low: float, high: float) -> None:
    assert rounded(iv.difference(*cells)) == (low, high)


# Newcombe 1998, Stat Med 17:2635-2650 (20/12/2/16); Tango 1998 (4/9/3/16; 43/0/1/0 at 90 %); Agresti and Min
# 2005 (53/16/8/9); Fagerland et al. 2014 (1/1/7/12); Chang 2024 (7/25/2/68); Tang 2010 (8/3/1/2): as
# collected in the tests of the R package ratesci.
@pytest.mark.parametrize(
    ("cells", "method", "level", "digits", "low", "high"),
    [
        ((20, 12, 2, 16), "newcombe", 0.95, 4, 0.0562, 0.3292),
        ((1, 1, 7, 12), "newcombe", 0.95, 3, -0.507, -0.026),
        ((7, 25, 2, 68), "newcombe", 0.95, 3, 0.133, 0.318),
        ((8, 3, 1, 2), "newcombe", 0.95, 4, -0.1574, 0.4136),
        ((4, 9, 3, 16), "tango", 0.95, 3, -0.027, 0.390),
        ((43, 0, 1, 0), "tango", 0.90, 3, -0.096, 0.037),
        ((53, 16, 8, 9), "tango", 0.95, 3, -0.020, 0.207),
        ((1, 1, 7, 12), "tango", 0.95, 3, -0.517, -0.026),
        ((7, 25, 2, 68), "tango", 0.95, 3, 0.139, 0.321),
        ((8, 3, 1, 2), "tango", 0.95, 4, -0.1670, 0.4327),
    ],
)
def test_published_paired_differences(
    cells: tuple[int, int, int, int], method: str, level: float, digits: int, low: float, high: float
) -> None:
    assert rounded(iv.paired_difference(*cells, method=method, level=level), digits) == (low, high)


def test_net_promoter_interval_by_hand() -> None:
    # 60/25/15 plus 3/4, 3/2, 3/4: n = 103, p = 60.75/103, q = 15.75/103, p - q = 45/103 = .436893;
    # variance (76.5/103 - .436893**2) / 103 = (.742718 - .190876) / 103 = .00535769;
    # half = 1.959964 * .0731963 = .143462.
    assert iv.nps(60, 25, 15) == pytest.approx((29.3431, 58.0355), abs=2e-4)
    # Plain: .45 -/+ 1.959964 * sqrt((.75 - .2025) / 100) = .45 -/+ 1.959964 * .0739932 = .45 -/+ .145024.
    assert iv.nps(60, 25, 15, method="wald") == pytest.approx((30.4976, 59.5024), abs=2e-4)


def test_net_promoter_alike_answers_have_width_only_when_adjusted() -> None:
    assert iv.nps(10, 0, 0, method="wald") == (100.0, 100.0)
    # 10.75/13 - 0.75/13 = 10/13; variance (11.5/13 - 100/169) / 13 = .0225307;
    # low = .769231 - 1.959964 * .150102.
    low, high = iv.nps(10, 0, 0)
    assert low == pytest.approx(47.5034, abs=2e-3)
    assert high == 100.0
    assert iv.nps(0, 0, 10) == pytest.approx((-high, -low))


def test_net_promoter_difference_adds_variances() -> None:
    # First group as above: .436893, variance .00535769. Second, 40/30/30: p = 40.75/103, q = 30.75/103, score
    # 10/103 = .0970874, variance (71.5/103 - .00942596) / 103 = .00664803. Gap .339806, half
    # 1.959964 * sqrt(.01200572) = .214754.
    assert iv.nps_difference(60, 25, 15, 40, 30, 30) == pytest.approx((12.505, 55.456), abs=2e-3)
    assert iv.nps_difference(10, 0, 0, 0, 0, 10, method="wald") == (200.0, 200.0)


def test_poisson_exact_is_the_chi_square_interval() -> None:
    x = np.arange(0, 200)
    low, high = iv.rate(x, 2.0, method="exact")
    expected_low = np.where(x > 0, stats.chi2.ppf(0.025, np.maximum(2 * x, 1)) / 2, 0) / 2.0
    np.testing.assert_allclose(low, expected_low, rtol=1e-10)
    np.testing.assert_allclose(high, stats.chi2.ppf(0.975, 2 * x + 2) / 2 / 2.0, rtol=1e-10)
    # Garwood's classical table: 0 events 0 to 3.689, 1 event 0.0253 to 5.572, 10 events 4.795 to 18.390.
    assert rounded(iv.rate(0, 1, method="exact"), 3) == (0.0, 3.689)
    assert rounded(iv.rate(1, 1, method="exact"), 3) == (0.025, 5.572)
    assert rounded(iv.rate(10, 1, method="exact"), 3) == (4.795, 18.390)


def test_byar_by_hand_and_close_to_exact() -> None:
    # x = 10: 10 (1 - 1/90 - 1.959964 / (3 sqrt 10))**3 = 10 (.988889 - .206598)**3 = 10 * .478749 = 4.7875;
    # 11 (1 - 1/99 + 1.959964 / (3 sqrt 11))**3 = 11 (.989899 + .196985)**3 = 11 * 1.671965 = 18.3916.
    assert iv.rate(10, 1) == pytest.approx((4.7875, 18.3916), abs=2e-3)
    x = np.arange(10, 500)
    for byar, exact in zip(iv.rate(x, 1), iv.rate(x, 1, method="exact"), strict=True):
        np.testing.assert_allclose(byar, exact, rtol=2e-3)


def test_official_rate_changes_method_at_ten_events() -> None:
    assert iv.rate(9, 3, method="official") == iv.rate(9, 3, method="exact")
    assert iv.rate(10, 3, method="official") == iv.rate(10, 3, method="byar")
    both = iv.rate([9, 10], 3, method="official")
    assert both[0][0] == iv.rate(9, 3, method="exact")[0]
    assert both[1][1] == iv.rate(10, 3, method="byar")[1]


def test_overdispersed_limits_are_those_of_the_effective_count() -> None:
    # Factor 2: 40 events say as much as 20, so the limits are twice those of 20 events.
    for method in ("byar", "exact"):
        twenty = iv.rate(20, 1, method=method)
        assert iv.rate(40, 1, method=method, overdispersion=2) == pytest.approx(
            (2 * twenty[0], 2 * twenty[1])
        )
        assert iv.rate_ratio(40, 1, 30, 1, overdispersion=2) == pytest.approx(iv.rate_ratio(20, 1, 15, 1))


def test_overdispersion_factor_by_hand() -> None:
    # 8 events in 4 years: 2, 2 and 4 expected of 0, 4 and 4 seen: (4/2 + 4/2 + 0/4) / (3 - 1) = 2.
    assert iv.overdispersion([0, 4, 4], [1, 1, 2]) == pytest.approx(2.0)
    assert iv.overdispersion([2, 2, 4, 0], [1, 1, 2, 0]) == 1.0
    assert iv.overdispersion([3], [1]) == 1.0
    assert iv.overdispersion([], []) == 1.0


def test_rate_ratio_by_hand() -> None:
    # (20/100) / (10/200) = 4; SE of the log sqrt(1/20 + 1/10) = .387298; factor exp(.759091) = 2.136334.
    assert iv.rate_ratio(20, 100, 10, 200) == pytest.approx((4 / 2.136334, 4 * 2.136334), rel=1e-6)


@SETTINGS
@given(st.integers(0, 60), st.integers(0, 60), st.sampled_from([0.5, 1.0, 7.0]))
def test_exact_rate_ratio_is_the_conditional_binomial(a: int, b: int, t2: float) -> None:
    low, high = iv.rate_ratio(a, 2.0, b, t2, method="exact")
    if a + b == 0:
        assert math.isnan(low)
        assert math.isnan(high)
        return
    ci = stats.binomtest(a, a + b).proportion_ci(method="exact")
    assert low == pytest.approx(ci.low / (1 - ci.low) * t2 / 2.0, rel=1e-9)
    assert high == (math.inf if b == 0 else pytest.approx(ci.high / (1 - ci.high) * t2 / 2.0, rel=1e-9))


def test_log_wald_without_events_in_a_group_has_no_interval() -> None:
    low, high = iv.rate_ratio([0, 5, 5], 1, [5, 0, 5], 1)
    assert np.isnan(low).tolist() == np.isnan(high).tolist() == [True, True, False]


# -- independent implementations -------------------------------------------------------------------


@SETTINGS
@given(counts(), LEVELS)
def test_proportion_agrees_with_scipy(xn: tuple[int, int], level: float) -> None:
    x, n = xn
    oracle: Any = stats.binomtest(x, n)
    for ours, theirs in (("wilson", "wilson"), ("wilson_cc", "wilsoncc"), ("clopper_pearson", "exact")):
        ci = oracle.proportion_ci(level, method=theirs)
        low, high = iv.proportion(x, n, ours, level)
        assert low == pytest.approx(ci.low, rel=1e-9, abs=1e-12), ours
        assert high == pytest.approx(ci.high, rel=1e-9, abs=1e-12), ours
    low, high = iv.proportion(x, n, "jeffreys", level)
    beta = stats.beta(x + 0.5, n - x + 0.5)
    assert low == (0.0 if x == 0 else pytest.approx(beta.ppf((1 - level) / 2), rel=1e-9))
    assert high == (1.0 if x == n else pytest.approx(beta.isf((1 - level) / 2), rel=1e-9))


def test_no_difference_where_a_group_is_empty() -> None:
    low, high = iv.difference([3, 0, 3], [4, 0, 4], [0, 1, 1], [0, 2, 2])
    assert np.isnan([low[:2], high[:2]]).all()
    assert np.isfinite([low[2], high[2]]).all()


@SETTINGS
@given(counts(), counts(), LEVELS)
def test_difference_agrees_with_statsmodels(a: tuple[int, int], b: tuple[int, int], level: float) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from statsmodels.stats.proportion import confint_proportions_2indep

        theirs = confint_proportions_2indep(*a, *b, method="newcomb", compare="diff", alpha=1 - level)
    assert iv.difference(*a, *b, level=level) == pytest.approx(theirs, abs=1e-9)


CELLS = st.tuples(*[st.integers(0, 40)] * 4).filter(lambda cells: sum(cells) > 0)


def tango_statistic(cells: tuple[int, int, int, int], delta: float) -> float:
    """Squared score statistic with the constrained maximum found numerically from the likelihood itself."""
    both, b, c, neither = cells
    n = sum(cells)
    low, high = max(0.0, -delta), (1 - delta) / 2

    def minus_log_likelihood(q: float) -> float:
        # p01 = q, p10 = q + delta, and the concordant cells together have the rest.
        terms = ((b, q + delta), (c, q), (both + neither, 1 - 2 * q - delta))
        return -sum(k * math.log(max(p, 1e-300)) for k, p in terms if k)

    found: Any = optimize.minimize_scalar(
        minus_log_likelihood, bounds=(low, high), method="bounded", options={"xatol": 1e-13}
    )
    candidates = (low, high, float(found.x))
    q = min(candidates, key=minus_log_likelihood)
    return (b - c - n * delta) ** 2 / (n * (2 * q + delta - delta * delta))


@SETTINGS
@given(CELLS)
def test_tango_limits_solve_the_score_equation(cells: tuple[int, int, int, int]) -> None:
    z2 = stats.norm.isf(0.025) ** 2
    for limit in iv.paired_difference(*cells, method="tango"):
        if abs(limit) < 1 - 1e-9:
            assert tango_statistic(cells, limit) == pytest.approx(z2, rel=1e-4)


@SETTINGS
@given(st.integers(0, 60), st.integers(0, 60))
def test_mcnemar_is_the_binomial_test(b: int, c: int) -> None:
    p = iv.mcnemar(b, c)
    assert p == (1.0 if b + c == 0 else pytest.approx(stats.binomtest(b, b + c).pvalue, rel=1e-9))


@SETTINGS
@given(st.lists(st.floats(-100, 100), min_size=2, max_size=30), st.randoms(use_true_random=False))
def test_means_agree_with_scipy(values: list[float], random: Any) -> None:
    before = [random.uniform(0, 10) for _ in values]
    after = [b + v for b, v in zip(before, values, strict=True)]
    changes = np.asarray(after) - np.asarray(before)
    low, high = iv.paired_mean(before, after)
    sem = changes.std(ddof=1) / math.sqrt(len(values))
    half = stats.t.isf(0.025, len(values) - 1) * sem
    assert (low, high) == pytest.approx((changes.mean() - half, changes.mean() + half), rel=1e-9, abs=1e-9)
    assert iv.mean(changes.mean(), changes.std(ddof=1), len(values)) == pytest.approx((low, high))


# -- properties ------------------------------------------------------------------------------------


@SETTINGS
@given(counts(at_most=3000), LEVELS, st.sampled_from(METHODS))
def test_proportion_interval_holds_the_proportion_inside_the_unit(
    xn: tuple[int, int], level: float, method: str
) -> None:
    x, n = xn
    low, high = iv.proportion(x, n, method, level)
    assert 0 <= low <= x / n <= high <= 1
    assert (low == 0) >= (x == 0)
    assert (high == 1) >= (x == n)
    mirrored = iv.proportion(n - x, n, method, level)
    assert (1 - mirrored[1], 1 - mirrored[0]) == pytest.approx((low, high), abs=1e-9)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("n", [1, 2, 7, 40, 333])
def test_proportion_interval_moves_up_with_x_and_out_with_level(method: str, n: int) -> None:
    x = np.arange(n + 1)
    inner: tuple[Any, Any] | None = None
    for level in (0.8, 0.9, 0.95, 0.99):
        low, high = iv.proportion(x, n, method, level)
        assert (np.diff(low) >= 0).all()
        assert (np.diff(high) >= 0).all()
        if inner is not None:
            assert (low <= inner[0]).all()
            assert (high >= inner[1]).all()
        inner = (low, high)


@SETTINGS
@given(counts(), counts(), LEVELS)
def test_difference_is_antisymmetric_and_holds_the_difference(
    a: tuple[int, int], b: tuple[int, int], level: float
) -> None:
    low, high = iv.difference(*a, *b, level=level)
    assert -1 <= low <= a[0] / a[1] - b[0] / b[1] + 1e-15
    assert a[0] / a[1] - b[0] / b[1] - 1e-15 <= high <= 1
    other = iv.difference(*b, *a, level=level)
    assert (-other[1], -other[0]) == pytest.approx((low, high), abs=1e-12)


@SETTINGS
@given(CELLS, st.sampled_from(["newcombe", "tango"]))
def test_paired_difference_properties(cells: tuple[int, int, int, int], method: str) -> None:
    both, b, c, neither = cells
    low, high = iv.paired_difference(*cells, method=method)
    estimate = (b - c) / sum(cells)
    assert -1 <= low <= estimate + 1e-12
    assert estimate - 1e-12 <= high <= 1
    swapped = iv.paired_difference(both, c, b, neither, method=method)
    assert (-swapped[1], -swapped[0]) == pytest.approx((low, high), abs=1e-9)
    wide = iv.paired_difference(*cells, method=method, level=0.99)
    assert wide[0] <= low + 1e-12
    assert wide[1] >= high - 1e-12


@SETTINGS
@given(st.integers(0, 500), st.integers(0, 500), st.integers(3, 500))
def test_net_promoter_properties(promoters: int, passives: int, detractors: int) -> None:
    low, high = iv.nps(promoters, passives, detractors)
    n = promoters + passives + detractors
    assert -100 <= low <= 100 * (promoters - detractors) / n <= high <= 100
    assert iv.nps(detractors, passives, promoters) == pytest.approx((-high, -low))


@SETTINGS
@given(st.integers(0, 5000), st.floats(0.1, 1e5), st.sampled_from(["byar", "exact", "official"]))
def test_rate_properties(events: int, time: float, method: str) -> None:
    low, high = iv.rate(events, time, method=method)
    assert 0 <= low <= events / time <= high
    wide = iv.rate(events, time, method=method, level=0.99)
    assert wide[0] <= low
    assert high <= wide[1]
    loose = iv.rate(events, time, method=method, overdispersion=1.7)
    assert loose[0] <= low
    assert high <= loose[1]


# -- shapes and empty groups -----------------------------------------------------------------------


CALLS: dict[str, tuple[Any, tuple[int, ...]]] = {
    "proportion": (iv.proportion, (3, 10)),
    "difference": (iv.difference, (3, 10, 4, 9)),
    "paired_difference": (iv.paired_difference, (3, 2, 4, 9)),
    "nps": (iv.nps, (3, 2, 4)),
    "nps_difference": (iv.nps_difference, (3, 2, 4, 1, 2, 3)),
    "rate": (iv.rate, (3, 10)),
    "rate_ratio": (iv.rate_ratio, (3, 10, 4, 9)),
    "mean": (iv.mean, (3, 1, 9)),
}


@pytest.mark.parametrize("name", CALLS)
def test_scalars_give_floats_and_arrays_give_arrays(name: str) -> None:
    call, args = CALLS[name]
    low, high = call(*args)
    assert type(low) is type(high) is float
    many = call(np.array([args[0]] * 3), *args[1:])
    assert [m.shape for m in many] == [(3,), (3,)]
    assert many[0].dtype == np.float64
    assert many[0].tolist() == [low] * 3
    assert many[1].tolist() == [high] * 3
    grid = call(np.full((2, 1), args[0]), np.full(4, args[1]), *args[2:])
    assert grid[0].shape == (2, 4)
    assert call(np.array([], dtype=int), *args[1:])[0].shape == (0,)
    assert call(np.float32(args[0]), *args[1:])[0] == low
    assert call(np.array(args[0]), *args[1:])[0] == low


@pytest.mark.parametrize("name", CALLS)
def test_an_empty_group_has_no_interval_and_is_no_error(name: str) -> None:
    call, args = CALLS[name]
    low, high = call(*[0] * len(args))
    assert math.isnan(low)
    assert math.isnan(high)


@pytest.mark.parametrize("method", METHODS)
def test_empty_rows_do_not_disturb_their_neighbors(method: str) -> None:
    low, high = iv.proportion([0, 5, 0], [0, 20, 3], method)
    assert np.isnan(low).tolist() == [True, False, False]
    assert (low[1], high[1]) == iv.proportion(5, 20, method)
    assert (low[2], high[2]) == iv.proportion(0, 3, method)


def test_mean_of_one_value_has_no_interval() -> None:
    low, high = iv.mean([4.0, 4.0, np.nan], [np.nan, 0.0, np.nan], [1, 2, 0])
    assert np.isnan(low).tolist() == [True, False, True]
    assert (low[1], high[1]) == (4.0, 4.0)
    assert math.isnan(iv.paired_mean([1.0], [2.0])[0])


def test_frames_columns_are_arrays() -> None:
    import pandas as pd
    import polars as pl

    expected = iv.proportion([3, 4], [10, 9])
    for x, n in (
        (pd.Series([3, 4]), pd.Series([10, 9])),
        (pd.Series([3, 4], dtype="Int64"), pd.Series([10, 9], dtype="Int64")),
        (pl.Series([3, 4]), pl.Series([10, 9])),
        (np.array([3, 4], dtype=object), np.array([10, 9], dtype=np.uint8)),
    ):
        assert iv.proportion(x, n)[0].tolist() == expected[0].tolist()
        assert iv.proportion(x, n)[1].tolist() == expected[1].tolist()


def test_a_million_rows() -> None:
    n = np.full(1_000_000, 300)
    x = np.arange(1_000_000) % 301
    low, high = iv.proportion(x, n)
    assert (low[7], high[7]) == iv.proportion(7, 300)
    assert low.shape == (1_000_000,)


# -- refusals --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("bad", "shown"),
    [
        (-1, "-1"),
        (2.5, "2.5"),
        (math.nan, "nan"),
        (math.inf, "inf"),
        ("3", "str"),
        (None, "object"),
        (True, "bool"),
    ],
)
@pytest.mark.parametrize(
    "name", ["proportion", "difference", "paired_difference", "nps", "rate", "rate_ratio"]
)
def test_what_is_no_count_is_refused_by_name(name: str, bad: Any, shown: str) -> None:
    import inspect

    call, args = CALLS[name]
    parameter = next(iter(inspect.signature(call).parameters))
    with pytest.raises(ParameterError, match=f"^{parameter} ") as caught:
        call(bad, *args[1:])
    assert shown in str(caught.value)


def test_the_place_in_an_array_is_named() -> None:
    with pytest.raises(ParameterError, match=r"^x\[2\] is 2.5; it must be a whole number"):
        iv.proportion([1, 2, 2.5], 10)
    with pytest.raises(ParameterError, match=r"^x1\[1\] is 11; it must not exceed n1"):
        iv.difference([1, 11], 10, 1, 5)
    with pytest.raises(ParameterError, match=r"^x is 3; it must not exceed n"):
        iv.proportion(3, 2)
    with pytest.raises(ParameterError, match=r"^x is 1; it must not exceed n"):
        iv.proportion(1, 0)
    with pytest.raises(ParameterError, match=r"^n\[1, 0\] is -2"):
        iv.proportion(0, [[1], [-2]])
    with pytest.raises(ParameterError, match=r"^x must hold numbers"):
        iv.proportion(["secret name"], 3)


def test_shapes_that_do_not_go_together() -> None:
    with pytest.raises(ParameterError, match=r"x \(2,\), n \(3,\)"):
        iv.proportion([1, 2], [3, 4, 5])
    with pytest.raises(ParameterError, match="one shape"):
        iv.proportion([[1, 2], [3]], 4)
    with pytest.raises(ParameterError, match="one length"):
        iv.paired_mean([1, 2], [1, 2, 3])


@pytest.mark.parametrize("level", [0, 1, -0.1, 1.5, 95, math.nan, True, "0.95", None])
@pytest.mark.parametrize("name", CALLS)
def test_levels_outside_are_refused(name: str, level: Any) -> None:
    call, args = CALLS[name]
    with pytest.raises(ParameterError, match=r"^level is "):
        call(*args, level=level)


@pytest.mark.parametrize("name", [name for name in CALLS if name != "mean"])
def test_unknown_methods_are_refused_with_the_list(name: str) -> None:
    call, args = CALLS[name]
    with pytest.raises(ParameterError, match="must be one of: "):
        call(*args, method="wlison")
    with pytest.raises(ParameterError, match="must be one of: "):
        call(*args, method=None)


def test_times_and_factors() -> None:
    with pytest.raises(ParameterError, match=r"^time is -1"):
        iv.rate(3, -1)
    with pytest.raises(ParameterError, match=r"^time is nan"):
        iv.rate(3, math.nan)
    with pytest.raises(ParameterError, match=r"^time\[1\] is 0; it must be above 0 where events are"):
        iv.rate([0, 1], [0, 0])
    factors: tuple[Any, ...] = (0.5, math.nan, math.inf, True, "2")
    for factor in factors:
        with pytest.raises(ParameterError, match=r"^overdispersion is "):
            iv.rate(3, 1, overdispersion=factor)
    with pytest.raises(ParameterError, match=r"^sd is -1"):
        iv.mean(3.0, -1.0, 5)
    with pytest.raises(ParameterError, match=r"^estimate is nan"):
        iv.mean(math.nan, 1.0, 5)
    with pytest.raises(ParameterError, match=r"^after\[1\] is nan; leave out"):
        iv.paired_mean([1, 2], [1, math.nan])


def test_the_default_methods_need_no_scipy() -> None:
    code = (
        "import sys; from ipm_outcomes.stats import intervals as iv; iv.proportion(3, 10); "
        "iv.difference(3, 10, 4, 9); iv.nps(3, 2, 1); iv.rate(12, 3); sys.exit('scipy' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
