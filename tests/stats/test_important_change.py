"""Minimal important change from an anchor, against closed forms, scipy and statsmodels."""

from __future__ import annotations

import math
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from ipm_outcomes.errors import ParameterError
from ipm_outcomes.stats.important_change import (
    anchor_quality,
    fit_logistic,
    minimal_important_change,
    predictive_mic,
    roc_mic,
)


def test_roc_by_hand():
    # Improved: 2, 4, 5; others: 0, 1, 3. At >= 2: 3/3 and 2/3; at >= 4: 2/3 and 3/3: both Youden 2/3.
    # Pairs won: 2 beats 0, 1; 4 and 5 beat all: 8 of 9.
    found = roc_mic([0, 1, 2, 3, 4, 5], [False, False, True, False, True, True])
    assert (found.value, found.tied) == (2.0, (2.0, 4.0))
    assert (found.sensitivity, found.specificity) == pytest.approx((1, 2 / 3))
    assert found.youden == pytest.approx(2 / 3)
    assert found.auc == pytest.approx(8 / 9)
    assert found.share_improved == 0.5


def test_float_noise_neither_makes_nor_breaks_ties():
    # Both improvements are 3.0 points of T-score, the floats differ.
    assert 64.1 - 61.1 != 63.0 - 60.0
    found = roc_mic([64.1 - 61.1, 63.0 - 60.0, 0.0, 63.0 - 60.0], [True, True, False, False])
    assert found.value == 3.0
    assert found.sensitivity == 1.0
    assert found.auc == pytest.approx((2 + 2 * 0.5) / 4)


sample = st.lists(st.tuples(st.integers(-10, 15), st.booleans()), min_size=4, max_size=60).filter(
    lambda rows: 0 < sum(flag for _, flag in rows) < len(rows)
)


@given(sample)
def test_roc_against_the_definition_and_scipy(rows):
    x, y = np.array([r[0] for r in rows], dtype=float), np.array([r[1] for r in rows])
    found = roc_mic(x, y)
    wins = stats.mannwhitneyu(x[y], x[~y]).statistic
    assert found.auc == pytest.approx(wins / (y.sum() * (~y).sum()))
    best = max(np.mean(x[y] >= cut) - np.mean(x[~y] >= cut) for cut in x)
    assert found.youden == pytest.approx(best)
    assert np.mean(x[y] >= found.value) - np.mean(x[~y] >= found.value) == pytest.approx(best)


def test_predictive_in_closed_form():
    # 4 patients with improvement 0, one improved; 8 with improvement 2, six improved: a saturated model.
    # C = logit(1/4) = -ln 3, B = (ln 3 + ln 3) / 2 = ln 3; p = 7/12, ln odds = ln(7/5).
    x = [0] * 4 + [2] * 8
    y = [1, 0, 0, 0] + [1] * 6 + [0] * 2
    found = predictive_mic(x, y)
    assert found.intercept == pytest.approx(-math.log(3), rel=1e-9)
    assert found.slope == pytest.approx(math.log(3), rel=1e-9)
    value = (math.log(7 / 5) + math.log(3)) / math.log(3)
    assert found.value == pytest.approx(value, rel=1e-9)
    # Mean 4/3, squares 4 * 16/9 + 8 * 4/9 = 32/3 over 11; covariance (6 * 2/12 - 4/3 * 7/12) = 2/9 of 12.
    sd = math.sqrt(32 / 33)
    correlation = (6 * 2 / 12 - 4 / 3 * 7 / 12) / math.sqrt((32 / 36) * (7 / 12 * 5 / 12))
    assert found.sd == pytest.approx(sd)
    assert found.correlation == pytest.approx(correlation)
    adjusted = value - (0.090 + 0.103 * correlation) * sd * math.log(7 / 5)
    assert found.adjusted == pytest.approx(adjusted, rel=1e-9)


def test_adjusted_equals_predictive_when_half_improved():
    found = predictive_mic([0, 1, 2, 3, 4, 5], [0, 0, 1, 0, 1, 1])
    assert found.share_improved == 0.5
    assert found.adjusted == found.value == pytest.approx(2.5)


def test_logistic_fit_against_statsmodels():
    sm = pytest.importorskip("statsmodels.api")
    generator = np.random.default_rng(2)
    design = np.column_stack([np.ones(300), generator.normal(50, 10, 300), generator.normal(0, 0.01, 300)])
    y = (generator.random(300) < 1 / (1 + np.exp(-(design[:, 1] - 52) / 8))).astype(float)
    ours, theirs = fit_logistic(design, y), sm.Logit(y, design).fit(disp=0, tol=1e-12)
    np.testing.assert_allclose(ours.coefficients, theirs.params, rtol=1e-6)
    np.testing.assert_allclose(ours.probabilities, theirs.predict(), rtol=1e-8)
    assert not ours.separated


def test_logistic_fit_with_dependent_columns_and_with_separation():
    ones = np.ones(6)
    half = np.array([1.0, 1, 1, 0, 0, 0])
    y = np.array([1.0, 1, 0, 1, 0, 0])
    dependent = fit_logistic(np.column_stack([ones, half, ones - half]), y)
    np.testing.assert_allclose(dependent.probabilities, [2 / 3] * 3 + [1 / 3] * 3, rtol=1e-9)
    separated = fit_logistic(np.column_stack([ones, half]), np.array([1.0, 1, 1, 1, 0, 0]))
    assert separated.separated
    np.testing.assert_allclose(separated.probabilities, [1] * 3 + [1 / 3] * 3, atol=1e-6)


def test_quality_against_scipy_and_its_limits():
    generator = np.random.default_rng(4)
    anchor = generator.integers(1, 8, 200)
    x = np.round(generator.normal(anchor - 4, 2.5))
    found = anchor_quality(x, anchor, slightly=anchor == 5, baseline_sd=4)
    assert found.spearman == pytest.approx(stats.spearmanr(x, anchor).statistic)
    assert found.n_group == (anchor == 5).sum()
    assert found.effect_size == pytest.approx(x[anchor == 5].mean() / 4)
    assert found.correlated
    # Nine in the group are too few; a constant anchor has no correlation.
    few = anchor_quality([1] * 9 + [0, 2], [5] * 9 + [4, 6], slightly=[True] * 9 + [False] * 2)
    assert not few.large_enough
    assert few.plausible_effect is None
    assert not few.adequate
    assert not anchor_quality([1, 2, 3], [4, 4, 4], slightly=[True] * 3).correlated
    large = anchor_quality(list(range(12)), list(range(12)), slightly=[True] * 12, baseline_sd=1)
    assert large.plausible_effect is False
    assert not large.adequate


def _rated(seed=1, n=150):
    generator = np.random.default_rng(seed)
    y = generator.random(n) < 0.6
    return np.round(generator.normal(np.where(y, 4, 0), 3)), y


@pytest.mark.parametrize("method", ["mean_change", "roc", "predictive", "adjusted"])
def test_bootstrap_is_deterministic_by_seed(method):
    x, y = _rated()
    one = minimal_important_change(x, y, method=method, resamples=100, seed=7)
    assert one == minimal_important_change(x, y, method=method, resamples=100, seed=7)
    assert one.lower <= one.value <= one.upper
    narrower = minimal_important_change(x, y, method=method, resamples=100, seed=7, level=0.5)
    assert one.lower <= narrower.lower <= narrower.upper <= one.upper
    assert (one.n, one.n_improved, one.failed) == (150, int(y.sum()), 0)


def test_mean_change_interval_is_about_that_of_the_normal():
    # Bootstrap of a mean of n values: mean -/+ 1.96 SD / sqrt(n), to Monte Carlo error.
    x, y = _rated(n=400)
    found = minimal_important_change(x, y, method="mean_change", resamples=2000)
    group = x[y]
    assert found.value == group.mean()
    se = group.std(ddof=1) / math.sqrt(group.size)
    assert found.lower == pytest.approx(group.mean() - 1.96 * se, abs=0.2 * se)
    assert found.upper == pytest.approx(group.mean() + 1.96 * se, abs=0.2 * se)


def test_failed_resamples_are_counted():
    # With 3 of 6 flagged most small resamples are separated or lack a group.
    found = minimal_important_change(
        [0, 1, 2, 3, 4, 5], [0, 0, 1, 0, 1, 1], method="predictive", resamples=200, seed=1
    )
    assert 100 < found.failed < 200
    assert math.isnan(found.lower)


@settings(max_examples=25)
@given(sample, st.randoms(use_true_random=False))
def test_order_and_gaps_do_not_matter(rows, random):
    x, y = [r[0] for r in rows], [r[1] for r in rows]
    mixed = [*zip(x, y, strict=True), (None, True), (3, None)]
    random.shuffle(mixed)
    assert roc_mic([m[0] for m in mixed], [m[1] for m in mixed]) == roc_mic(x, y)


@pytest.mark.parametrize(
    ("x", "y", "place"),
    [
        ([1, 2], [True], "improvement has 2 values, improved 1"),
        ([1, 2], [True, True], "improved: 2 of 2"),
        ([1, 2], [2, 0], "improved: must hold True and False"),
        ([1, 2], ["yes", "no"], "improved: holds"),
        ([1, 2, 3, 4], [0, 0, 1, 1], "separates the improved from the others completely"),
        ([4, 3, 2, 4, 1], [0, 0, 1, 0, 1], "separates the improved|not larger"),
        ([1, 2, 2, 1], [1, 1, 0, 0], "not larger"),
        ([2, 2, 2, 2], [1, 1, 0, 0], "all patients have the same"),
    ],
)
def test_bad_anchors_get_one_clear_error(x, y, place):
    with pytest.raises(ParameterError, match=place):
        predictive_mic(x, y)


def test_bad_parameters():
    with pytest.raises(ParameterError, match="method"):
        minimal_important_change([1, 2], [0, 1], method="youden")
    with pytest.raises(ParameterError, match="resamples"):
        minimal_important_change([1, 2], [0, 1], method="roc", resamples=-1)
    with pytest.raises(ParameterError, match="baseline_sd"):
        anchor_quality([1, 2], [1, 2], slightly=[True, False], baseline_sd=0)


def simulation():
    """The script that makes the tables of the page on groups."""
    path = Path(__file__).parents[2] / "benchmarks" / "mic_simulation.py"
    spec = spec_from_file_location("mic_simulation", path)
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def printed(method):
    """Cells of a table of the page by share improved and reliability."""
    lines = (Path(__file__).parents[2] / "docs" / "decisions_groups.md").read_text("utf-8").splitlines()
    head = lines.index(next(line for line in lines if line.startswith(f"| {method}: share improved")))
    reliabilities = [float(cell) for cell in lines[head].strip("| ").split("|")[1:]]
    rows = [[float(cell) for cell in line.strip("| ").split("|")] for line in lines[head + 2 : head + 8]]
    return {(row[0], r): value for row in rows for r, value in zip(reliabilities, row[1:], strict=True)}


def test_improved_adjusted_comes_near_a_known_truth():
    cells = printed("improved adjusted")
    assert set(cells) == {
        (p, r) for p in (0.3, 0.4, 0.5, 0.6, 0.7, 0.8) for r in (0.4, 0.5, 0.6, 0.7, 0.8, 0.9)
    }
    assert np.mean([abs(value / 4 - 1) for value in cells.values()]) <= 0.05
    assert np.mean([abs(value / 4 - 1) for value in printed("adjusted").values()]) > 0.25
    again = simulation()
    for p, r in ((0.3, 0.4), (0.7, 0.9), (0.8, 0.5)):
        adjusted, improved = again.cell(p, r)
        assert improved == pytest.approx(cells[p, r], abs=0.0051)
        assert adjusted == pytest.approx(printed("adjusted")[p, r], abs=0.0051)


def test_improved_adjusted_by_hand():
    # Eight improved of ten: L = ln 4; the rest from the definition, with the sample's own SD and correlation.
    x = [0, 1, 2, 3, 4, 5, 6, 7, 8, 3]
    y = [0, 0, 1, 1, 1, 1, 1, 1, 1, 1]
    y[3] = 0
    y[0], y[1] = 1, 0
    found = predictive_mic(x, y, anchor_reliability=0.4)
    sd, r = np.std(x, ddof=1), np.corrcoef(x, y)[0, 1]
    odds = math.log(8 / 2)
    assert found.share_improved == 0.8
    assert found.improved_adjusted == pytest.approx(found.value - (0.8 / 0.4 - 0.5) * sd * r * odds)
    assert predictive_mic(x, y).improved_adjusted is None


@pytest.mark.parametrize(
    ("improved", "n", "reliability", "warned"),
    [
        (4, 10, None, False),
        (6, 10, None, False),
        (39, 100, None, True),
        (61, 100, None, True),
        (39, 100, 0.5, False),
        (8, 10, 0.5, False),
        (81, 100, 0.5, True),
        (29, 100, 0.5, True),
    ],
)
def test_results_warn_where_the_share_improved_is_far_from_half(improved, n, reliability, warned):
    x = np.arange(n) % 7 + np.arange(n) / n
    y = np.arange(n) >= n - improved
    found = predictive_mic(x, y, anchor_reliability=reliability)
    mic = minimal_important_change(x, y, anchor_reliability=reliability, resamples=0)
    assert mic.method == ("adjusted" if reliability is None else "improved_adjusted")
    assert (found.warning is not None, mic.warning is not None) == (warned, warned)
    if warned:
        assert f"{improved} %" in found.warning
        assert ("anchor_reliability" in found.warning) == (reliability is None)
    assert (roc_mic(x, y).warning is not None) == (not 0.4 <= improved / n <= 0.6)
    assert minimal_important_change(x, y, method="mean_change", resamples=0).warning is None


@pytest.mark.parametrize("reliability", [0, -0.1, 1.01, math.nan, math.inf, True, "0.5"])
def test_reliability_of_an_anchor_lies_above_0_and_at_most_at_1(reliability):
    for function in (predictive_mic, minimal_important_change):
        with pytest.raises(ParameterError, match=r"^anchor_reliability"):
            function([1, 2, 3, 4], [0, 1, 0, 1], anchor_reliability=reliability)


def test_reliability_goes_with_its_method():
    with pytest.raises(ParameterError, match="used by no other"):
        minimal_important_change([1, 2, 3, 4], [0, 1, 0, 1], method="roc", anchor_reliability=0.5)
    with pytest.raises(ParameterError, match="needed by"):
        minimal_important_change([1, 2, 3, 4], [0, 1, 0, 1], method="improved_adjusted")


def test_a_fit_survives_columns_of_nothing_and_of_huge_numbers() -> None:
    outcome = np.array([1.0, 1.0, 1.0, 0.0])
    ones = np.ones(4)
    for extra in (np.zeros(4), 1e12 * ones, 1e-12 * ones):
        fit = fit_logistic(np.column_stack([ones, extra]), outcome)
        # Nothing distinguishes the four: three of four.
        np.testing.assert_allclose(fit.probabilities, 0.75, rtol=1e-9)
