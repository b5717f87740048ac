"""Group change: t intervals, effect sizes with their denominators, noncentral t limits, important change."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import integrate, special, stats

from ipm_outcomes.errors import ParameterError
from ipm_outcomes.stats.effect_sizes import (
    against_important_change,
    effect_sizes,
    hedges_correction,
    mean_change,
    noncentral_t_limits,
    two_groups,
)

# Student's sleep data (1908; R's `sleep`): hours gained with two drugs in ten patients. The paired difference
# is published everywhere: t = 4.0621, df 9, p = .002833, mean 1.58, 95 % interval 0.7001 to 2.4599.
DRUG_1 = [0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0.0, 2.0]
DRUG_2 = [1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4]


def test_paired_mean_change_on_students_sleep_data():
    found = mean_change(DRUG_1, DRUG_2, worse="lower")
    assert round(found.mean, 2) == 1.58
    assert (round(found.lower, 4), round(found.upper, 4)) == (0.7001, 2.4599)
    assert round(found.mean / found.se, 4) == 4.0621
    assert round(found.p_value, 6) == 0.002833
    assert (found.n, found.df) == (10, 9)


@pytest.mark.parametrize("level", [0.9, 0.99])
def test_interval_against_scipy(level):
    found = mean_change(DRUG_1, DRUG_2, level=level)
    interval = stats.ttest_rel(DRUG_2, DRUG_1).confidence_interval(level)
    assert (found.lower, found.upper) == pytest.approx((interval.low, interval.high), rel=1e-12)


def test_all_changed_alike():
    # Three patients, each 2 points lower: no error, so any change at all is beyond chance; none has no p-value.
    found = mean_change([9, 8, 7], [7, 6, 5])
    assert (found.mean, found.se, found.lower, found.upper, found.p_value) == (-2, 0, -2, -2, 0)
    assert math.isnan(mean_change([9, 8, 7], [9, 8, 7]).p_value)


def test_improvement_is_the_change_toward_health():
    found = mean_change(DRUG_1, DRUG_2, worse="higher")
    assert found.improvement == -found.mean
    assert (found.improvement_lower, found.improvement_upper) == (-found.upper, -found.lower)


def test_missing_scores_are_counted_and_left_out():
    found = mean_change([3, None, 5, 8], [1, 2, None, 5])
    assert (found.n_before, found.n_after, found.n) == (3, 3, 2)
    assert (found.mean, found.mean_before, found.mean_after) == (-2.5, 5.5, 3.0)


def test_too_few_patients_give_nan_not_an_error():
    one = mean_change([3], [1])
    assert one.mean == -2
    assert math.isnan(one.lower)
    assert math.isnan(one.sd)
    none = mean_change([], [])
    assert none.n == 0
    assert math.isnan(none.mean)
    same = mean_change([3, 4], [1, 2])
    assert (same.lower, same.upper) == (-2, -2)
    for effect in (*effect_sizes([3], [1]), *effect_sizes([], []), effect_sizes([3, 4], [1, 2]).srm):
        assert math.isnan(effect.estimate)
        assert math.isnan(effect.lower)


def test_correction_is_exact_or_named_otherwise():
    # J(2) = gamma(1)/gamma(1/2) = 1/sqrt(pi); J(4) = gamma(2)/gamma(3/2) sqrt(1/2) = sqrt(2/pi).
    assert hedges_correction(2) == pytest.approx(1 / math.sqrt(math.pi), rel=1e-14)
    assert hedges_correction(4) == pytest.approx(math.sqrt(2 / math.pi), rel=1e-14)
    assert hedges_correction(4, method="approximate") == 1 - 3 / 15
    with pytest.raises(ParameterError, match="df"):
        hedges_correction(1)
    with pytest.raises(ParameterError, match="method"):
        hedges_correction(5, method="fast")


def _noncentral_t_cdf(t, df, noncentrality):
    # P(Z + nc <= t sqrt(V / df)), integrated over the chi-square V: the definition, without scipy's nct.
    low, high = special.chdtri(df, 1 - 1e-14), special.chdtri(df, 1e-14)

    def density(v):
        return special.ndtr(t * math.sqrt(v / df) - noncentrality) * stats.chi2.pdf(v, df)

    return integrate.quad(density, low, high, epsabs=1e-12, limit=200)[0]


@pytest.mark.parametrize(("t", "df"), [(2.83, 126), (-1.7, 9), (0.0, 4), (12.5, 39), (35.0, 99), (0.4, 400)])
@pytest.mark.parametrize("level", [0.95, 0.9999])
def test_noncentral_limits_by_the_definition(t, df, level):
    low, high = noncentral_t_limits(t, df, level=level)
    assert _noncentral_t_cdf(t, df, low) == pytest.approx((1 + level) / 2, abs=1e-8)
    assert _noncentral_t_cdf(t, df, high) == pytest.approx((1 - level) / 2, abs=1e-8)


def test_noncentral_limits_mirror():
    low, high = noncentral_t_limits(1.3, 12, level=0.9)
    assert noncentral_t_limits(-1.3, 12, level=0.9) == (-high, -low)


def test_effect_sizes_and_their_denominators_by_hand():
    # x1 = 10, 12, 14 (SD 2), x2 = 4, 10, 13 (SD sqrt 21); changes -6, -2, -1: mean -3, SD sqrt 7.
    # Correlation: ((-2)(-5) + 0 + 2 * 4) / 2 / (2 sqrt 21) = 9 / (2 sqrt 21).
    found = effect_sizes([10, 12, 14], [4, 10, 13])
    s2, sd, r = math.sqrt(21), math.sqrt(7), 9 / (2 * math.sqrt(21))
    expected = {
        "srm": (-3 / sd, sd),
        "glass": (-3 / 2, 2),
        "d_av": (-3 / ((2 + s2) / 2), (2 + s2) / 2),
        "d_rms": (-3 / math.sqrt(12.5), math.sqrt(12.5)),
        "d_rm": (-3 / sd * math.sqrt(2 * (1 - r)), sd / math.sqrt(2 * (1 - r))),
    }
    assert [effect.name for effect in found] == list(expected)
    low, high = noncentral_t_limits(-3 / (sd / math.sqrt(3)), 2)
    for effect in found:
        estimate, denominator = expected[effect.name]
        assert effect.estimate == pytest.approx(estimate, rel=1e-12)
        assert effect.denominator_value == pytest.approx(denominator, rel=1e-12)
        # J(2) = 1 / sqrt(pi)
        assert effect.hedges == pytest.approx(estimate / math.sqrt(math.pi), rel=1e-12)
        assert effect.lower == pytest.approx(low / math.sqrt(3) * sd / denominator, rel=1e-9)
        assert effect.upper == pytest.approx(high / math.sqrt(3) * sd / denominator, rel=1e-9)
        assert effect.hedges_lower == pytest.approx(effect.lower / math.sqrt(math.pi), rel=1e-12)
    assert len({effect.denominator for effect in found}) == 5


def test_two_groups_by_hand_and_against_scipy():
    # Means 4 and 1, sums of squares 2 and 8, df 4: pooled SD sqrt(2.5). d = 3 / sqrt 2.5; J(4) = sqrt(2/pi).
    a, b = [3, 4, 5], [-1, 1, 3, None]
    found = two_groups(a, b)
    d = 3 / math.sqrt(2.5)
    g = d * math.sqrt(2 / math.pi)
    assert found.difference == 3
    assert found.effect.estimate == pytest.approx(d, rel=1e-12)
    assert found.effect.hedges == pytest.approx(g, rel=1e-12)
    assert found.variance == pytest.approx(2 / 3 + g * g / 12, rel=1e-12)
    interval = stats.ttest_ind(a, b[:3]).confidence_interval()
    assert (found.lower, found.upper) == pytest.approx((interval.low, interval.high), rel=1e-12)
    low, high = noncentral_t_limits(d / math.sqrt(2 / 3), 4)
    assert (found.effect.lower, found.effect.upper) == pytest.approx(
        (low * math.sqrt(2 / 3), high * math.sqrt(2 / 3)), rel=1e-12
    )
    assert math.isnan(two_groups([1], [2]).effect.estimate)
    assert math.isnan(two_groups([], [2, 3]).difference)


def test_each_category_and_its_borders():
    def say(lower, mean, upper):
        return against_important_change(improvement=mean, lower=lower, upper=upper, threshold=5)

    assert say(-3, -2, -1) == "significant worsening"
    assert say(-1, 2, 5) == "not significant"
    assert say(-1, 6, 13) == "not significant"
    assert say(0, 2, 4) == "not significant"
    assert say(1, 2, 3) == "significant but not relevant"
    assert say(1, 3, 5) == "not significantly above the threshold"
    assert say(2, 4, 6) == "not significantly above the threshold"
    assert say(4, 5, 6) == "probably relevant"
    assert say(5, 6, 7) == "probably relevant"
    assert say(5.5, 6, 7) == "large clinically significant"


@given(
    st.lists(st.tuples(st.integers(0, 27), st.integers(0, 27)), min_size=3, max_size=20), st.integers(1, 10)
)
def test_categories_are_complete_in_both_directions(pairs, threshold):
    before, after = np.array(pairs, dtype=float).T
    down = mean_change(before, after, worse="higher")
    up = mean_change(27 - before, 27 - after, worse="lower")
    words = [
        against_important_change(
            improvement=m.improvement,
            lower=m.improvement_lower,
            upper=m.improvement_upper,
            threshold=threshold,
        )
        for m in (down, up)
    ]
    assert words[0] == words[1]


def test_bad_arguments():
    with pytest.raises(ParameterError, match="threshold"):
        against_important_change(improvement=1, lower=0, upper=2, threshold=0)
    with pytest.raises(ParameterError, match="improvement"):
        against_important_change(improvement=-6, lower=3, upper=8, threshold=5)
    with pytest.raises(ParameterError, match="level"):
        mean_change([1, 2], [3, 4], level=95)
    with pytest.raises(ParameterError, match="before"):
        effect_sizes([1], [2, 3])
    with pytest.raises(ParameterError, match="t:"):
        noncentral_t_limits(math.nan, 5)
