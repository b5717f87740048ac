"""Comparison between sites: standardization, shrinkage, overdispersion and funnel limits."""

from __future__ import annotations

import dataclasses
import math
import warnings
from fractions import Fraction
from math import comb
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import optimize, stats

from ipm_outcomes.errors import ParameterError
from ipm_outcomes.stats import sites

SETTINGS = settings(max_examples=40, deadline=None)
Z95, Z998 = 1.959964, 3.090232


def program(seed: int, n: int = 400, k: int = 2) -> tuple[Any, Any, Any]:
    """A made-up program: outcome, case mix, site."""
    rng = np.random.default_rng(seed)
    x = rng.normal(50, 10, size=(n, k))
    site = rng.integers(0, 6, size=n)
    p = 1 / (1 + np.exp(-(x - 50) @ np.linspace(0.08, -0.05, k)))
    return (rng.random(n) < p).astype(int), x, site


# -- indirect standardization ----------------------------------------------------------------------


def test_without_covariates_expected_is_the_overall_rate() -> None:
    # 4 of 10 overall. A: 3 of 5, expected 2; B: 1 of 5, expected 2.
    r = sites.standardize([1, 1, 1, 0, 0, 1, 0, 0, 0, 0], np.empty((10, 0)), ["A"] * 5 + ["B"] * 5)
    assert r.site.tolist() == ["A", "B"]
    assert r.n.tolist() == [5, 5]
    assert r.observed.tolist() == [3, 1]
    np.testing.assert_allclose(r.expected, [2, 2], rtol=1e-12)
    np.testing.assert_allclose(r.ratio, [1.5, 0.5], rtol=1e-12)
    np.testing.assert_allclose(r.adjusted, [0.6, 0.2], rtol=1e-12)
    assert r.overall == 0.4
    assert r.notes == ()


def test_one_binary_covariate_is_direct_arithmetic() -> None:
    # With one 0/1 covariate the logistic fit gives each stratum its own rate. Stratum 0: 2 of 8; 1: 6 of 8.
    # Site A has 6 patients of stratum 0 and 2 of stratum 1: expects 6 * .25 + 2 * .75 = 3; site B
    # 2 * .25 + 6 * .75 = 5.
    stratum = [0] * 6 + [1] * 2 + [0] * 2 + [1] * 6
    outcome = [1, 1, 0, 0, 0, 0, 1, 0, 0, 0, 1, 1, 1, 1, 1, 0]
    r = sites.standardize(outcome, stratum, ["A"] * 8 + ["B"] * 8)
    np.testing.assert_allclose(r.expected, [3, 5], rtol=1e-10)
    assert r.observed.tolist() == [3, 5]
    # Intercept ln(.25/.75) = -1.098612, slope ln 3 - ln(1/3) = 2.197225.
    np.testing.assert_allclose(r.coefficients, [-1.098612, 2.197225], atol=1e-6)
    # Binomial variance of A: 8 * .25 * .75 = 1.5: (3 -/+ 1.959964 * 1.224745) / 3 = (3 -/+ 2.400456) / 3.
    b = sites.standardize(outcome, stratum, ["A"] * 8 + ["B"] * 8, method="binomial")
    assert (b.ratio_low[0], b.ratio_high[0]) == pytest.approx((0.199848, 1.800152), abs=1e-6)
    # Exact Poisson for 3 events: 0.6187 to 8.7673 (Garwood), over 3 expected; high / 3 * .5 is capped.
    e = sites.standardize(outcome, stratum, ["A"] * 8 + ["B"] * 8, method="exact")
    assert (e.ratio_low[0], e.ratio_high[0]) == pytest.approx((0.6187 / 3, 8.7673 / 3), abs=1e-4)
    assert e.adjusted_high[0] == 1.0
    assert e.adjusted_low[0] == pytest.approx(0.6187 / 6, abs=1e-4)


def test_a_rate_cannot_exceed_all_patients() -> None:
    # Strata at 2 of 8 and 6 of 8 again; site B is one patient of stratum 0 with the outcome.
    # Ratio 1 / .25 = 4, times the overall .5 is 2, capped at 1.
    # At most 1 of 1 can have it: the binomial upper end is 1 / .25, too.
    outcome, stratum = [1, 1, 0, 0, 0, 0, 0, 0] + [1] * 6 + [0, 0], [0] * 8 + [1] * 8
    r = sites.standardize(outcome, stratum, ["B"] + ["A"] * 15, method="binomial")
    assert (r.ratio[1], r.ratio_high[1]) == pytest.approx((4, 4))
    assert (r.adjusted[1], r.adjusted_high[1]) == (1.0, 1.0)
    assert r.adjusted_low[1] == pytest.approx((1 - 1.959964 * math.sqrt(0.25 * 0.75)) / 0.25 * 0.5, abs=1e-6)


@pytest.mark.parametrize("seed", range(4))
def test_logistic_expectation_agrees_with_statsmodels(seed: int) -> None:
    y, x, site = program(seed, k=3)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import statsmodels.api as sm

        model = sm.Logit(y, sm.add_constant(x)).fit(disp=0, tol=1e-12)
    r = sites.standardize(y, x, site)
    np.testing.assert_allclose(r.coefficients, model.params, rtol=1e-6, atol=1e-8)
    np.testing.assert_allclose(
        r.expected, np.bincount(site, weights=model.predict(sm.add_constant(x))), rtol=1e-6
    )
    assert r.expected.sum() == pytest.approx(r.observed.sum(), rel=1e-9)


@pytest.mark.parametrize("seed", range(3))
def test_linear_expectation_agrees_with_statsmodels(seed: int) -> None:
    _, x, site = program(seed, k=3)
    change = x @ [0.3, -0.2, 0.1] + np.random.default_rng(seed).normal(0, 4, len(x))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import statsmodels.api as sm

        model = sm.OLS(change, sm.add_constant(x)).fit()
    r = sites.standardize(change, x, site, kind="continuous")
    np.testing.assert_allclose(r.coefficients, model.params, rtol=1e-8)
    assert r.residual_sd == pytest.approx(math.sqrt(model.mse_resid))
    residual = np.bincount(site, weights=model.resid) / r.n
    np.testing.assert_allclose(r.difference, residual, atol=1e-9)
    half = stats.t.isf(0.025, model.df_resid) * r.residual_sd / np.sqrt(r.n)
    np.testing.assert_allclose(r.high - r.difference, half, rtol=1e-9)
    np.testing.assert_allclose(r.adjusted_low, change.mean() + residual - half, rtol=1e-9)
    assert (r.n * r.expected).sum() == pytest.approx((r.n * r.observed).sum())


@SETTINGS
@given(st.integers(0, 10_000), st.sampled_from(["byar", "exact", "binomial"]))
def test_standardization_properties(seed: int, method: str) -> None:
    y, x, site = program(seed, n=150)
    r = sites.standardize(y, x, site, method=method)
    assert r.n.sum() == y.size
    assert r.observed.sum() == y.sum()
    assert r.expected.sum() == pytest.approx(y.sum())
    assert (r.ratio_low <= r.ratio).all()
    assert (r.ratio <= r.ratio_high).all()
    assert (r.adjusted_high <= 1).all()
    # Neither the order of patients, nor the names of sites, nor the unit of a covariate matters.
    order = np.random.default_rng(seed).permutation(y.size)
    again = sites.standardize(y[order], x[order] * [1000, 0.001] + 7, (site * 3 + 2)[order], method=method)
    np.testing.assert_allclose(again.expected, r.expected, rtol=1e-7)
    np.testing.assert_allclose(again.ratio_high, r.ratio_high, rtol=1e-7)


def test_separated_outcomes_are_an_error_that_says_so() -> None:
    x = np.arange(20.0)
    for outcome in ((x > 9).astype(int), np.where(x == 10, 0, x >= 10).astype(int)):
        covariate = x if outcome[10] else (x >= 12)
        with pytest.raises(ParameterError, match="separate the patients"):
            sites.standardize(outcome, np.asarray(covariate, dtype=float), np.zeros(20, dtype=int))
    # A far outlier on the separating side must not pass for convergence.
    with pytest.raises(ParameterError, match="separate the patients"):
        sites.standardize((x > 9).astype(int), np.where(x == 19, 1e6, x), np.zeros(20, dtype=int))
    # Separated by two covariates together, by neither alone.
    grid = np.array([[a, b] for a in range(-3, 4) for b in range(-3, 4) if a + b != 0], dtype=float)
    with pytest.raises(ParameterError, match="separate the patients"):
        sites.standardize((grid.sum(axis=1) > 0).astype(int), grid, np.zeros(len(grid), dtype=int))


def test_separation_is_found_exactly_when_linear_programming_finds_it() -> None:
    # Konis 2007: separated if some direction has no point on the wrong side of it and at least one beside it.
    found = {True: 0, False: 0}
    for seed in range(200):
        rng = np.random.default_rng(seed)
        n, k = int(rng.integers(6, 20)), int(rng.integers(1, 4))
        x = rng.normal(size=(n, k)).round(int(rng.integers(1, 3))) * 10.0 ** rng.integers(-3, 4, size=k)
        y = rng.permutation(np.arange(n) % 2)
        scaled = np.column_stack([np.ones(n), (x - x.mean(axis=0)) / x.std(axis=0)])
        toward = scaled * (2 * y - 1)[:, None]
        program = optimize.linprog(-toward.sum(axis=0), A_ub=-toward, b_ub=np.zeros(n), bounds=(-1, 1))
        separated = bool(-program.fun > 1e-7)
        found[separated] += 1
        if separated:
            with pytest.raises(ParameterError, match="separate the patients"):
                sites.standardize(y, x, np.zeros(n, dtype=int))
        else:
            assert sites.standardize(y, x, np.zeros(n, dtype=int)).expected[0] == pytest.approx(y.sum())
    assert min(found.values()) >= 10


def test_a_rare_outcome_in_a_large_program_is_no_separation() -> None:
    rng = np.random.default_rng(5)
    x = rng.normal(size=20_000)
    y = (rng.random(20_000) < 1 / (1 + np.exp(6.5 - 2 * x))).astype(int)
    r = sites.standardize(y, x, rng.integers(0, 4, 20_000))
    assert r.expected.sum() == pytest.approx(y.sum())


def test_redundant_covariates_are_named() -> None:
    y, x, site = program(1)
    with pytest.raises(ParameterError, match="column 1 has one value"):
        sites.standardize(y, np.column_stack([x[:, 0], np.full(len(y), 3.0)]), site)
    with pytest.raises(ParameterError, match="column 2 follows from the columns before"):
        sites.standardize(y, np.column_stack([x, x[:, 0] - 2 * x[:, 1]]), site)
    with pytest.raises(ParameterError, match="3 patients are too few for 2 covariates"):
        sites.standardize([1, 0, 1], x[:3], site[:3])


@pytest.mark.parametrize("value", [0, 1])
def test_all_alike_gives_a_result_that_says_so(value: int) -> None:
    r = sites.standardize([value] * 4, [1.0, 2.0, 3.0, 4.0], ["A", "A", "B", "B"])
    assert r.expected.tolist() == r.observed.tolist() == [2 * value] * 2
    assert np.isnan(r.ratio).tolist() == [value == 0] * 2
    assert np.isnan(r.ratio_high).tolist() == [value == 0] * 2
    assert "nothing to adjust for" in r.notes[0]


def test_no_patients_and_one_site() -> None:
    kinds: tuple[Any, ...] = ("binary", "continuous")
    for kind in kinds:
        r: Any = sites.standardize([], np.empty((0, 1)), [], kind=kind)
        assert r.site.size == 0
        assert math.isnan(r.overall)
        assert r.notes == ("There are no patients.",)
    one = sites.standardize([1, 0, 1, 0, 1], [1.0, 2, 3, 4, 5], ["only"] * 5)
    np.testing.assert_allclose(one.ratio, [1.0])
    assert "fewer than 10 per covariate" in one.notes[0]


def test_booleans_and_text_in_object_columns_are_taken() -> None:
    y, x, site = program(2)
    plain = sites.standardize(y, x, [f"site {s}" for s in site])
    same = sites.standardize(y == 1, x, np.array([f"site {s}" for s in site], dtype=object))
    np.testing.assert_array_equal(same.expected, plain.expected)
    assert sites.standardize(y, x, np.array(site.tolist(), dtype=object)).site.tolist() == list(range(6))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"observed": [0, 1, 2, 0]}, r"observed\[2\] is 2; a binary outcome is 0 or 1"),
        ({"observed": [0, 1, math.nan, 0]}, r"observed\[2\] is nan; leave out"),
        ({"observed": [[0, 1], [0, 1]]}, "one value per patient"),
        ({"covariates": [1.0, 2.0, math.nan, 4.0]}, r"covariates\[2, 0\] is nan; leave out"),
        ({"covariates": [1.0, 2.0]}, r"one row per patient \(4\)"),
        ({"site": ["A"]}, "one label per patient"),
        ({"site": ["A", None, "B", "B"]}, r"site\[1\] is of kind NoneType"),
        ({"site": [1.0, math.nan, 2.0, 2.0]}, r"site\[1\] is nan"),
        ({"kind": "ordinal"}, "^kind is 'ordinal'; it must be one of: binary, continuous"),
        ({"method": "wald"}, "^method is 'wald'; it must be one of: byar"),
        ({"kind": "continuous", "method": "byar"}, "it must be one of: t$"),
        ({"level": 95}, "^level is 95"),
    ],
)
def test_refusals_of_standardize(change: dict[str, Any], message: str) -> None:
    good: dict[str, Any] = {
        "observed": [0, 1, 1, 0],
        "covariates": [1.0, 2.0, 0.5, 2.5],
        "site": list("AABB"),
    }
    with pytest.raises(ParameterError, match=message):
        sites.standardize(**(good | change))


def test_results_are_frozen_and_free_of_ranks() -> None:
    r = sites.standardize([1, 0, 1, 0], np.empty((4, 0)), list("BABA"))
    with pytest.raises(dataclasses.FrozenInstanceError):
        r.overall = 1.0  # type: ignore[misc]
    assert r.site.tolist() == ["A", "B"]
    assert not [name for name in sites.__all__ if "rank" in name.lower() or "league" in name.lower()]


# -- shrinkage -------------------------------------------------------------------------------------


@SETTINGS
@given(
    st.lists(st.tuples(st.floats(-5, 5), st.floats(0.05, 4)), min_size=2, max_size=15),
)
def test_tau2_agrees_with_statsmodels(rows: list[tuple[float, float]]) -> None:
    y, v = np.array(rows).T
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from statsmodels.stats.meta_analysis import combine_effects

        theirs: Any = combine_effects(y, v, method_re="dl")
    s = sites.shrink(y, v)
    tau2 = max(0.0, float(theirs.tau2))
    assert s.tau2 == pytest.approx(tau2, rel=1e-9, abs=1e-9)
    np.testing.assert_allclose(s.weight, s.tau2 / (s.tau2 + v))
    assert (s.shrunk >= np.minimum(y, s.center) - 1e-9).all()
    assert (s.shrunk <= np.maximum(y, s.center) + 1e-9).all()
    assert any("fewer than 5" in note for note in s.notes) == (len(rows) < 5)
    assert any("all sites shrink to the mean" in note for note in s.notes) == (s.tau2 == 0)


def test_shrinkage_by_hand() -> None:
    # y 0, 2, 10, v 1, 1, 2: w 1, 1, .5; mean (0 + 2 + 5) / 2.5 = 2.8; Q = 7.84 + .64 + .5 * 51.84 = 34.4;
    # tau2 = (34.4 - 2) / (2.5 - 2.25 / 2.5) = 32.4 / 1.6 = 20.25; weights 20.25/21.25 (twice), 20.25/22.25;
    # center (2/21.25 + 10/22.25) / (2/21.25 + 1/22.25) = .5435559 / .1390615 = 3.908745.
    s = sites.shrink([0, 2, 10], [1, 1, 2])
    assert s.tau2 == pytest.approx(20.25)
    assert s.center == pytest.approx(3.908745, abs=1e-5)
    np.testing.assert_allclose(s.weight, [20.25 / 21.25, 20.25 / 21.25, 20.25 / 22.25])
    np.testing.assert_allclose(s.shrunk[0], 3.908745 / 21.25, atol=1e-6)
    assert s.raw.tolist() == [0, 2, 10]


def test_shrunk_proportions_by_hand() -> None:
    # Three sites of 20 with 5 each: the same logit ln(5.5/15.5), so no variance, and all at 5.5/21.
    s = sites.shrink_proportions([5, 5, 5], [20, 20, 20])
    assert s.tau2 == 0
    np.testing.assert_allclose(s.shrunk, 5.5 / 21)
    assert s.raw.tolist() == [0.25] * 3
    assert s.center == pytest.approx(5.5 / 21)
    # Two sites: logits a = ln(1.5/9.5) and b = ln(8.5/2.5), variances 1/1.5 + 1/9.5 and 1/8.5 + 1/2.5.
    two = sites.shrink_proportions([1, 8], [10, 10])
    a, b, v, w = math.log(1.5 / 9.5), math.log(8.5 / 2.5), 1 / 1.5 + 1 / 9.5, 1 / 8.5 + 1 / 2.5
    # With two units Q = (a - b)**2 / (v + w) and S1 - S2/S1 = 2 / (v + w): tau2 = ((a - b)**2 - (v + w)) / 2.
    assert two.tau2 == pytest.approx(((a - b) ** 2 - (v + w)) / 2)


def test_empty_sites_take_no_part() -> None:
    with_empty = sites.shrink_proportions([3, 0, 9, 4, 8, 12], [10, 0, 20, 20, 11, 30])
    without = sites.shrink_proportions([3, 9, 4, 8, 12], [10, 20, 20, 11, 30])
    assert np.isnan(with_empty.shrunk).tolist() == [False, True, False, False, False, False]
    np.testing.assert_array_equal(np.delete(with_empty.shrunk, 1), without.shrunk)
    assert with_empty.notes[0].startswith("Sites without an estimate: 1")
    nobody = sites.shrink([math.nan], [math.nan])
    assert math.isnan(nobody.center)
    assert np.isnan(nobody.shrunk).all()
    single = sites.shrink([3.0], [1.0])
    assert (single.tau2, single.shrunk.tolist()) == (0.0, [3.0])


def test_refusals_of_shrink() -> None:
    with pytest.raises(ParameterError, match=r"variance\[1\] is 0"):
        sites.shrink([1, 2], [1, 0])
    with pytest.raises(ParameterError, match=r"estimate is inf|estimate\[0\] is inf"):
        sites.shrink([math.inf, 2], [1, 1])
    with pytest.raises(ParameterError, match="one value per site"):
        sites.shrink(1.0, 1.0)
    with pytest.raises(ParameterError, match=r"x\[0\] is 3; it must not exceed n"):
        sites.shrink_proportions([3], [2])


# -- overdispersion --------------------------------------------------------------------------------


def test_winsorized_dispersion_by_hand() -> None:
    # Twelve sites of 100 around a target of .5: z = (asin sqrt p - pi/4) * 20, in ascending order, so the
    # 10 % points (type 7) lie at positions 1.1 and 9.9 of 0..11.
    x = np.array([20, 30, 40, 45, 48, 50, 50, 52, 55, 60, 70, 80])
    z = (np.arcsin(np.sqrt(x / 100)) - math.pi / 4) * 20
    low, high = z[1] + 0.1 * (z[2] - z[1]), z[9] + 0.9 * (z[10] - z[9])
    drawn = np.clip(z, low, high)
    phi = (drawn**2).sum() / 12
    w = 400.0
    tau2 = (12 * phi - 11) / (12 * w - 12 * w * w / (12 * w))
    d = sites.proportion_dispersion(x, np.full(12, 100), target=0.5)
    np.testing.assert_allclose(d.z, z, rtol=1e-12, atol=1e-12)
    assert (d.phi, d.tau2) == pytest.approx((phi, tau2))
    assert (d.used, d.estimated, d.target, d.notes) == (12, True, 0.5, ())
    assert sites.proportion_dispersion(x, np.full(12, 100)).target == pytest.approx(0.5)


def test_truncated_dispersion_by_hand() -> None:
    # By rank: a tenth of twelve sites is 1.2, so one leaves at each end.
    observed = np.array([2, 4, 8, 9, 9, 10, 10, 11, 12, 13, 20, 30])
    d = sites.ratio_dispersion(observed, np.full(12, 10.0))
    kept = np.log(observed[1:11] / 10) ** 2 * 10
    assert d.used == 10
    assert d.phi == pytest.approx(kept.mean())
    assert d.tau2 == pytest.approx(max(0.0, (kept.sum() - 9) / (100 - 10)))
    w = sites.ratio_dispersion(observed, np.full(12, 10.0), method="winsorize")
    assert w.used == 12
    assert w.tau2 > 0


def test_dispersion_is_found_when_it_is_there_and_not_when_it_is_not() -> None:
    rng = np.random.default_rng(11)
    n = rng.integers(200, 800, 400)
    chance = sites.proportion_dispersion(rng.binomial(n, 0.4), n)
    # Drawing in ten percent at each end lowers the mean square of normal scores below 1.
    assert chance.tau2 == 0
    assert 0.5 < chance.phi < 1
    angle = np.arcsin(np.sqrt(0.4)) + rng.normal(0, 0.1, 400)
    spread = sites.proportion_dispersion(rng.binomial(n, np.sin(angle) ** 2), n)
    assert 0.5 * 0.01 < spread.tau2 < 0.01
    expected = rng.uniform(50, 200, 400)
    ratios = sites.ratio_dispersion(
        rng.poisson(expected * np.exp(rng.normal(0, 0.3, 400))), expected, "winsorize"
    )
    assert 0.5 * 0.09 < ratios.tau2 < 0.09


def test_dispersion_is_not_estimated_below_ten_units() -> None:
    d = sites.proportion_dispersion([5, 9, 4] * 3 + [0], [20] * 9 + [0])
    assert (d.estimated, d.tau2, d.used) == (False, 0.0, 0)
    assert math.isnan(d.phi)
    assert "9 units, fewer than 10" in d.notes[0]
    assert sites.ratio_dispersion([5] * 10, [5.0] * 10).estimated
    nobody = sites.proportion_dispersion([], [])
    assert (nobody.estimated, math.isnan(nobody.target)) == (False, True)


def test_a_site_without_events() -> None:
    many = sites.ratio_dispersion([0, *range(5, 25)], [15.0] * 21)
    assert many.estimated
    assert many.z[0] == -math.inf
    few = sites.ratio_dispersion([0, 0, 0, 5, 6, 7, 8, 9, 10, 11], [7.0] * 10, method="winsorize")
    assert (few.estimated, few.tau2) == (False, 0.0)
    assert "no events" in few.notes[0]


@pytest.mark.parametrize("method", ["truncate", "winsorize"])
@pytest.mark.parametrize("share", [0.0, 0.1, 0.2, 0.49])
@pytest.mark.parametrize("zeros", range(13))
def test_sites_without_events_are_never_estimated_around(zeros: int, share: float, method: str) -> None:
    observed = [0] * zeros + [3, 5, 2, 4, 6, 3, 5, 4, 2, 7, 8, 1][: 12 - zeros]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        d = sites.ratio_dispersion(observed, [4.0] * 12, method=method, share=share)
    assert d.estimated == (not math.isnan(d.phi)) == (not d.notes) == (d.used > 0)
    if method == "truncate":
        assert d.estimated == (zeros <= math.floor(share * 12))  # all sites without events left by rank


def test_two_sites_without_events_of_twelve() -> None:
    # One leaves at each end by rank, so one site without events stays; with a share of 0.2 both leave.
    observed = [0, 0, 3, 5, 2, 4, 6, 3, 5, 4, 2, 7]
    assert not sites.ratio_dispersion(observed, [4.0] * 12).estimated
    both = sites.ratio_dispersion(observed, [4.0] * 12, share=0.2)
    kept = 4 * np.log(np.array([2, 2, 3, 3, 4, 4, 5, 5]) / 4) ** 2
    assert (both.estimated, both.used) == (True, 8)
    assert both.phi == pytest.approx(kept.mean())


def test_identical_sites_have_no_dispersion() -> None:
    for method, used in (("winsorize", 12), ("truncate", 10)):
        d = sites.proportion_dispersion([8] * 12, [20] * 12, method=method)
        assert (d.used, d.tau2) == (used, 0.0)
        assert d.phi == pytest.approx(0, abs=1e-20)


def test_refusals_of_dispersion() -> None:
    cases: tuple[tuple[dict[str, Any], str], ...] = (
        ({"method": "cut"}, "winsorize, truncate"),
        ({"share": 0.5}, "^share is 0.5"),
        ({"share": "a"}, "^share is str"),
        ({"target": 1.5}, "^target is 1.5"),
    )
    for kwargs, message in cases:
        with pytest.raises(ParameterError, match=message):
            sites.proportion_dispersion([1] * 12, [3] * 12, **kwargs)
    with pytest.raises(ParameterError, match=r"expected\[0\] is -1"):
        sites.ratio_dispersion([1, 1], [-1.0, 2.0])


# -- funnel limits ---------------------------------------------------------------------------------


def exact_limit(n: int, target: Fraction, p: Fraction) -> Fraction:
    """The interpolated binomial limit of Spiegelhalter 2005 in exact arithmetic."""
    below = Fraction(0)
    for r in range(n + 1):
        mass = comb(n, r) * target**r * (1 - target) ** (n - r)
        if below + mass >= p:
            return (r - (below + mass - p) / mass) / n
        below += mass
    raise AssertionError


@pytest.mark.parametrize("n", [1, 5, 30, 117])
@pytest.mark.parametrize("target", [Fraction(1, 20), Fraction(2, 5), Fraction(9, 10)])
def test_exact_limits_agree_with_exact_arithmetic(n: int, target: Fraction) -> None:
    f = sites.funnel([n], float(target))
    for row, tail in enumerate((Fraction(25, 1000), Fraction(1, 1000))):
        low = max(Fraction(0), min(exact_limit(n, target, tail), target))
        high = max(exact_limit(n, target, 1 - tail), target)
        assert f.lower[row, 0] == pytest.approx(float(low), rel=1e-9, abs=1e-12)
        assert f.upper[row, 0] == pytest.approx(float(high), rel=1e-9)


def wilson(p: float, n: float, z: float) -> tuple[float, float]:
    x = p * n
    half = z * math.sqrt(z * z + 4 * x * (1 - p))
    return (2 * x + z * z - half) / (2 * (n + z * z)), (2 * x + z * z + half) / (2 * (n + z * z))


@pytest.mark.parametrize("target", [0.2, 0.5, 0.77])
@pytest.mark.parametrize("n", [40, 100, 900])
def test_the_target_sits_on_the_wilson_limit_of_a_wilson_limit(target: float, n: int) -> None:
    f = sites.funnel([n], target, method="wilson")
    for row, z in enumerate((Z95, Z998)):
        assert wilson(f.lower[row, 0], n, z)[1] == pytest.approx(target, abs=1e-6)
        assert wilson(f.upper[row, 0], n, z)[0] == pytest.approx(target, abs=1e-6)


def test_arcsine_limits_by_hand() -> None:
    f = sites.funnel([4, 100], 0.3, method="arcsine", tau2=0.01)
    angle = math.asin(math.sqrt(0.3))
    assert f.lower[0, 1] == pytest.approx(math.sin(angle - Z95 * math.sqrt(1 / 400 + 0.01)) ** 2, abs=1e-6)
    assert f.upper[1, 1] == pytest.approx(math.sin(angle + Z998 * math.sqrt(1 / 400 + 0.01)) ** 2, abs=1e-6)
    assert f.lower[1, 0] == 0.0  # the angle would be negative, and its squared sine must not come back up
    g = sites.funnel([4], 0.9, method="arcsine")
    assert g.upper[1, 0] == 1.0


def test_ratio_limits_as_the_log_form() -> None:
    e = np.array([0.5, 4.0, 25.0, 300.0])
    g = sites.funnel_ratio(e, method="log", tau2=0.04)
    np.testing.assert_allclose(g.upper[1], np.exp(Z998 * np.sqrt(1 / e + 0.04)), rtol=1e-6)
    np.testing.assert_allclose(g.lower * g.upper, 1.0)


# Interpolated exact tails at E = 6, 20, 100, as ratios, worked out from Poisson probabilities.
@pytest.mark.parametrize(
    ("expected", "low", "high", "low998", "high998"),
    [
        (6.0, 0.1952, 1.9637, 0.0, 2.5749),
        (20.0, 0.5603, 1.4873, 0.3585, 1.7857),
        (100.0, 0.8037, 1.2058, 0.7007, 1.3280),
    ],
)
def test_ratio_limits_by_hand(
    expected: float, low: float, high: float, low998: float, high998: float
) -> None:
    f = sites.funnel_ratio([expected])
    np.testing.assert_allclose(f.lower[:, 0], [low, low998], atol=5e-5)
    np.testing.assert_allclose(f.upper[:, 0], [high, high998], atol=5e-5)


def test_beyond_the_ratio_limits_chance_is_at_most_the_nominal_tail() -> None:
    # A site is outside where its count given the expected one is as improbable as the level says, and only there:
    # for every whole count, by SciPy's Poisson tails.
    expected = np.concatenate([np.arange(0.5, 400, 0.37), np.arange(1, 401), [0.001, 0.02, 1e4, 1e6]])
    f = sites.funnel_ratio(expected, levels=(0.95, 0.998))
    for row, tail in enumerate((0.025, 0.001)):
        low, high = f.lower[row] * expected, f.upper[row] * expected
        assert (stats.poisson.cdf(np.ceil(low - 1e-9) - 1, expected) <= tail).all()
        assert (stats.poisson.sf(np.floor(high + 1e-9), expected) <= tail).all()
        # One count less extreme is inside.
        assert (stats.poisson.cdf(np.ceil(low - 1e-9), expected) >= tail).all()
        assert (stats.poisson.sf(np.floor(high + 1e-9) - 1, expected) >= tail).all()


@SETTINGS
@given(
    st.lists(st.integers(0, 2000), min_size=1, max_size=8),
    st.floats(0, 1),
    st.sampled_from(["exact", "wilson", "arcsine"]),
)
def test_funnel_properties(n: list[int], target: float, method: str) -> None:
    f = sites.funnel(n, target, method=method)
    some = np.array(n) > 0
    assert np.isnan(f.lower[:, ~some]).all()
    low, high = f.lower[:, some], f.upper[:, some]
    assert ((low >= 0) & (low <= target) & (high >= target) & (high <= 1)).all()
    assert (low[1] <= low[0] + 1e-12).all()
    assert (high[1] >= high[0] - 1e-12).all()


@pytest.mark.parametrize("target", [5e-324, 2.2250738585072014e-308, 1e-300, 1e-16])
def test_exact_limits_hold_at_the_smallest_targets(target: float) -> None:
    """As good as 0, the only likely count is 0: r = 0 and P(X <= 0) = 1, so the limits close on the target."""
    f = sites.funnel([1, 14, 2000], target, method="exact")
    assert np.allclose(f.lower, target, atol=1e-12)
    assert np.allclose(f.upper, target, atol=1e-12)


def test_exact_limits_hold_just_below_1() -> None:
    """As good as 1, the only likely count is n: r = n and P(X <= n) = 1, so the lower limit is (n - (1 - p)) / n."""
    f = sites.funnel([1, 14], 1 - 2**-53, method="exact")
    assert np.allclose(f.lower, [[1 - 0.975, 1 - 0.975 / 14], [1 - 0.999, 1 - 0.999 / 14]], atol=1e-9)
    assert np.allclose(f.upper, 1.0, atol=1e-12)


def test_overdispersion_widens_the_funnel() -> None:
    narrow, wide = (sites.funnel([50, 500], 0.4, method="arcsine", tau2=t) for t in (0.0, 0.02))
    assert (wide.lower < narrow.lower).all()
    assert (wide.upper > narrow.upper).all()


@pytest.mark.parametrize(
    ("kwargs", "message"),
    [
        ({"target": 1.2}, "^target is 1.2"),
        ({"target": "pooled"}, "^target is str"),
        ({"method": "poisson"}, "exact, wilson, arcsine"),
        ({"tau2": 0.1}, "needs method 'arcsine'"),
        ({"tau2": -0.1, "method": "arcsine"}, "^tau2 is -0.1"),
        ({"levels": (0.95, 2)}, "^level is 2"),
        ({"levels": 0.95}, "^levels must be a sequence"),
        ({"n": [2.5]}, r"^n\[0\] is 2.5"),
    ],
)
def test_refusals_of_funnel(kwargs: dict[str, Any], message: str) -> None:
    good: dict[str, Any] = {"n": [10], "target": 0.4}
    with pytest.raises(ParameterError, match=message):
        sites.funnel(**(good | kwargs))


def test_refusals_of_funnel_ratio() -> None:
    with pytest.raises(ParameterError, match=r"expected\[0\] is nan"):
        sites.funnel_ratio([math.nan])
    with pytest.raises(ParameterError, match="needs method 'log'"):
        sites.funnel_ratio([3.0], tau2=0.1)
