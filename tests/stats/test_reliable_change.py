"""Reliable change, cut-offs and classes, against published examples and arithmetic."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import get_args

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ipm_outcomes.change import (
    classify,
    crossed,
    cutoffs,
    minimal_reliable_points,
    reliable_change,
    smallest_detectable_change,
)
from ipm_outcomes.errors import ParameterError
from ipm_outcomes.stats.growth import growth_curve
from ipm_outcomes.stats.reliable_change import Method

CLASSES = {"recovered", "improved", "unchanged", "deteriorated", "not classifiable"}


def test_hypothetical_patient_of_jacobson_and_truax_1991():
    # Clinical 40 (7.5), functional 60 (7.5), r = .80, higher better: SEM 3.35, Sdiff 4.74, RC 3.16.
    found = reliable_change([32.5], [47.5], sd=7.5, reliability=0.80, worse="lower")
    assert round(found.sem, 2) == 3.35
    assert round(found.sdiff, 2) == 4.74
    assert round(found.index[0], 2) == 3.16
    assert found.improved.tolist() == [True]
    cut = cutoffs(clinical_mean=40, clinical_sd=7.5, functional_mean=60, functional_sd=7.5, worse="lower")
    assert cut == (55.0, 45.0, 50.0)


def test_critical_value_is_the_normal_quantile_and_196_is_offered():
    assert reliable_change([1], [2], sd=1, reliability=0.5).critical == pytest.approx(
        1.959963984540054, abs=1e-15
    )
    assert reliable_change([1], [2], sd=1, reliability=0.5, critical=1.96).critical == 1.96
    # Hageman and Arrindell test one-sided: 1.644854.
    found = reliable_change([1, 2, 9], [2, 9, 1], reliability=0.5, method="hageman_arrindell")
    assert found.critical == pytest.approx(1.6448536269514722, abs=1e-15)


# Three patients, x1 = 10, 12, 14 (M1 12, s1 2) and x2 = 4, 10, 13 (M2 9, s2 = sqrt(21)), r = .75, so
# s1 sqrt(1 - r) = 1 and s1 sqrt(1 - r^2) = 2 sqrt(7)/4. First patient, by hand:
BY_HAND = {
    "jacobson_truax": -6 / math.sqrt(2),
    "gulliksen_lord_novick": ((4 - 12) - 0.75 * (10 - 12)) / (math.sqrt(7) / 2),
    "hsu_linn_lord": ((4 - 9) - 0.75 * (10 - 12)) / (math.sqrt(7) / 2),
    "edwards_nunnally": (4 - (0.75 * (10 - 12) + 12)) / 1,
    # r2 = .5: sqrt(.5625 * 4 * .25 + 4 * .5)
    "nunnally_kotsch": (4 - (0.75 * (10 - 12) + 12)) / math.sqrt(0.5625 + 2),
    # Changes -6, -2, -1: variance 7; R = 1 - 2 * 1 / 7 = 5/7.
    "hageman_arrindell": (-6 * 5 / 7 + (9 - 12) * 2 / 7) / (math.sqrt(5 / 7) * math.sqrt(2)),
}


@pytest.mark.parametrize("method", get_args(Method))
def test_index_of_each_method_by_hand(method):
    r2 = 0.5 if method == "nunnally_kotsch" else None
    found = reliable_change([10, 12, 14], [4, 10, 13], reliability=0.75, method=method, reliability_after=r2)
    assert found.index[0] == pytest.approx(BY_HAND[method], rel=1e-12)
    assert (found.sd, found.sd_source, found.n) == (2.0, "sample", 3)


def test_nunnally_kotsch_with_the_follow_up_sd():
    found = reliable_change(
        [10, 12, 14],
        [4, 10, 13],
        reliability=0.75,
        method="nunnally_kotsch",
        reliability_after=0.5,
        second_sd="after",
    )
    # .5625 * 4 * .25 + 21 * .5
    assert found.index[0] == pytest.approx((4 - 10.5) / math.sqrt(0.5625 + 10.5), rel=1e-12)


def test_hageman_arrindell_reliability_is_the_textbook_form():
    # Rdd = (s1^2 R1 + s2^2 R2 - 2 s1 s2 c) / (s1^2 + s2^2 - 2 s1 s2 c), Rk = (sk^2 - SEM^2) / sk^2.
    x1, x2, r = np.array([10.0, 14, 9, 20, 16]), np.array([7.0, 15, 3, 12, 9]), 0.8
    s1, s2, c = x1.std(ddof=1), x2.std(ddof=1), np.corrcoef(x1, x2)[0, 1]
    sem = s1 * math.sqrt(1 - r)
    r1, r2 = (s1**2 - sem**2) / s1**2, (s2**2 - sem**2) / s2**2
    rdd = (s1**2 * r1 + s2**2 * r2 - 2 * s1 * s2 * c) / (s1**2 + s2**2 - 2 * s1 * s2 * c)
    expected = ((x2 - x1) * rdd + (x2.mean() - x1.mean()) * (1 - rdd)) / (math.sqrt(rdd) * math.sqrt(2) * sem)
    found = reliable_change(x1, x2, reliability=r, method="hageman_arrindell")
    np.testing.assert_allclose(found.index, expected, rtol=1e-12)


def test_published_means_replace_the_samples():
    one = reliable_change([10], [4], sd=2, reliability=0.75, method="gulliksen_lord_novick", mean_before=12)
    assert one.index[0] == pytest.approx(BY_HAND["gulliksen_lord_novick"], rel=1e-12)
    both = reliable_change(
        [10], [4], sd=2, reliability=0.75, method="hsu_linn_lord", mean_before=12, mean_after=9
    )
    assert both.index[0] == pytest.approx(BY_HAND["hsu_linn_lord"], rel=1e-12)


def test_a_tie_with_the_limit_is_not_reliable_whatever_the_float_noise():
    # sd 5, r .5: sdiff is 5 and with 1.96 the limit is 9.8. As floats 61.3 - 51.5 < 9.8 < 60.2 - 50.4.
    before, after = [61.3, 60.2, 60.3, 50.0], [51.5, 50.4, 50.4, 59.9]
    assert 61.3 - 51.5 < 9.8 < 60.2 - 50.4
    found = reliable_change(before, after, sd=5, reliability=0.5, critical=1.96)
    assert found.direction.tolist() == [0, 0, 1, -1]


def test_every_pair_of_t_scores_is_decided_as_fractions_decide():
    # All T-scores 30.0 ... 80.0 in steps of 0.7 against each other, limit 1.96 * 5 = 9.8 exactly.
    tenths = np.arange(300, 801, 7)
    first, second = (grid.ravel() for grid in np.meshgrid(tenths, tenths))
    found = reliable_change(first / 10, second / 10, sd=5, reliability=0.5, critical=1.96)
    limit = Fraction(98, 10)
    exact = [
        0 if abs(Fraction(int(a - b), 10)) <= limit else int(np.sign(b - a))
        for b, a in zip(first, second, strict=True)
    ]
    assert found.direction.tolist() == exact


def test_minimal_points_are_strictly_above_the_limit():
    # 1.959964 * 7.5 * sqrt(.4) = 9.297
    assert minimal_reliable_points(sd=7.5, reliability=0.80) == 10
    # 2 * 5 * sqrt(2 * .5) = 10 is a tie: 11.
    assert minimal_reliable_points(sd=5, reliability=0.5, critical=2) == 11
    found = reliable_change([10, 10], [20, 21], sd=5, reliability=0.5, critical=2, worse="lower")
    assert found.minimal_change == pytest.approx(10)
    assert found.minimal_points == 11
    assert found.improved.tolist() == [False, True]
    other = reliable_change([1, 2], [3, 5], reliability=0.5, method="edwards_nunnally")
    assert other.minimal_change is None
    assert other.minimal_points is None


def test_smallest_detectable_change():
    # 1.959964 * sqrt(2) * 7.5 * sqrt(.2) = 9.297, over 5 for 25 patients; 1.644854 for 90 %.
    found = smallest_detectable_change(sd=7.5, reliability=0.8, n=25)
    assert found.individual == pytest.approx(
        1.959963984540054 * math.sqrt(2) * 7.5 * math.sqrt(0.2), rel=1e-12
    )
    assert found.group == pytest.approx(found.individual / 5, rel=1e-12)
    ninety = smallest_detectable_change(sem=2, level=0.90)
    assert ninety.individual == pytest.approx(1.6448536269514722 * math.sqrt(2) * 2, rel=1e-12)
    assert smallest_detectable_change(sem=2, critical=1.96).individual == pytest.approx(
        1.96 * math.sqrt(2) * 2
    )
    assert found.individual == reliable_change([1], [2], sd=7.5, reliability=0.8).minimal_change


def test_cutoffs_in_both_directions_take_the_functional_sd_for_b():
    # DAS of the couples: functional 114.8 (17.8), so b = 114.8 - 35.6 = 79.2, exactly as written.
    cut = cutoffs(
        clinical_mean=81.6, clinical_sd=11.8, functional_mean=114.8, functional_sd=17.8, worse="lower"
    )
    assert cut.b == 79.2
    assert cut.a == 105.2
    # PHQ-like: clinical 15 (4), functional 3 (2): a = 15 - 8, b = 3 + 4, c = (2*15 + 4*3) / 6.
    assert cutoffs(clinical_mean=15, clinical_sd=4, functional_mean=3, functional_sd=2, worse="higher") == (
        7,
        7,
        7,
    )


def test_cutoff_c_is_equally_many_sds_from_both_means():
    cut = cutoffs(clinical_mean=15, clinical_sd=5, functional_mean=4, functional_sd=3, worse="higher")
    assert (15 - cut.c) / 5 == pytest.approx((cut.c - 4) / 3)


def test_each_class_and_the_options():
    # sd 5, r .5, 1.96: reliable above 9.8. Higher worse, cut-off 10.
    before = [20, 20, 20, 5, 9, 9, math.nan, 25]
    after = [8, 10, 15, 20, 20, None, 3, 12]
    options = {"sd": 5, "reliability": 0.5, "cutoff": 10, "critical": 1.96}
    words = classify(before, after, **options).tolist()
    assert words == [
        "recovered",
        "improved",  # ends at the cut-off: on neither side
        "unchanged",
        "deteriorated",
        "deteriorated",
        "not classifiable",
        "not classifiable",
        "improved",
    ]
    assert classify(before, after, harmed=True, **options).tolist()[3:5] == ["harmed", "harmed"]
    # From a baseline on the functional side, or at the cut-off, nobody can recover unless asked for.
    functional = {"before": [9.9, 10.0], "after": [-1, 0], **options}
    assert classify(**functional).tolist() == ["improved", "improved"]
    assert classify(**functional, require_dysfunctional_baseline=False).tolist() == ["recovered", "recovered"]


def test_crossed_is_a_flag_for_crossing_without_reliable_change():
    options = {"sd": 5, "reliability": 0.5, "cutoff": 10}
    assert crossed([12, 12, 25, 9, None], [9, 10, 5, 5, 5], **options).tolist() == [
        True,
        False,
        False,
        False,
        False,
    ]
    found = reliable_change([12, 9, 10, None], [9, 5, 9, 4], sd=5, reliability=0.5)
    assert found.eligible_to_recover(cutoff=10).tolist() == [True, False, False, False]


scores = st.lists(
    st.tuples(
        st.one_of(st.none(), st.integers(0, 27)),
        st.one_of(st.none(), st.integers(0, 27)),
    ),
    max_size=30,
)


@given(scores, st.integers(1, 26), st.floats(0.05, 0.95), st.floats(0.5, 12), st.booleans())
def test_mirrored_direction_mirrors_classes(pairs, cutoff, reliability, sd, required):
    before, after = [p[0] for p in pairs], [p[1] for p in pairs]
    mirrored = [[None if x is None else 27 - x for x in values] for values in (before, after)]
    options = {
        "sd": sd,
        "reliability": reliability,
        "require_dysfunctional_baseline": required,
        "harmed": True,
    }
    words = classify(before, after, cutoff=cutoff, worse="higher", **options)
    other = classify(*mirrored, cutoff=27 - cutoff, worse="lower", **options)
    assert words.tolist() == other.tolist()


@given(scores, st.integers(1, 26), st.floats(0.05, 0.95), st.floats(0.5, 12))
def test_classes_are_exhaustive_and_agree_with_their_definitions(pairs, cutoff, reliability, sd):
    before, after = [p[0] for p in pairs], [p[1] for p in pairs]
    words = classify(before, after, sd=sd, reliability=reliability, cutoff=cutoff)
    assert words.size == len(pairs)
    limit = 1.959963984540054 * sd * math.sqrt(2 * (1 - reliability))
    for word, (x1, x2) in zip(words.tolist(), pairs, strict=True):
        assert word in CLASSES
        assert (word == "not classifiable") == (x1 is None or x2 is None)
        if x1 is None or x2 is None:
            continue
        if abs(abs(x2 - x1) - limit) > 1e-6:
            expected = "unchanged"
            if x1 - x2 > limit:
                expected = "recovered" if x1 > cutoff > x2 else "improved"
            elif x2 - x1 > limit:
                expected = "deteriorated"
            assert word == expected


@given(st.permutations(range(12)))
def test_order_of_patients_does_not_matter(order):
    before = np.array([10, 14, 9, 20, 16, np.nan, 11, 3, 27, 8, 9, 15.0])
    after = np.array([7, 15, 3, 12, 9, 4, np.nan, 9, 2, 8, 1, 20.0])
    straight = reliable_change(before, after, reliability=0.8, method="hsu_linn_lord")
    shuffled = reliable_change(before[order], after[order], reliability=0.8, method="hsu_linn_lord")
    np.testing.assert_allclose(shuffled.index, straight.index[order], rtol=1e-12)


def test_missing_spellings_are_one_thing():
    pandas = pytest.importorskip("pandas")
    expected = reliable_change([10, np.nan, 12.0], [4, 5, 13], sd=3, reliability=0.8).index
    for before in (
        [10, None, 12],
        pandas.Series([10, None, 12], dtype="Int64"),
        pandas.Series([10, None, 12]),
        np.ma.masked_array([10.0, 99, 12], mask=[False, True, False]),
        [10, pandas.NA, Fraction(12)],
    ):
        np.testing.assert_array_equal(
            reliable_change(before, [4, 5, 13], sd=3, reliability=0.8).index, expected
        )


@pytest.mark.parametrize("reliability", [0, 1, -0.8, 1.1, math.nan, math.inf, "high", True])
def test_impossible_reliabilities_are_refused(reliability):
    with pytest.raises(ParameterError, match="reliability: "):
        reliable_change([1, 2], [3, 5], reliability=reliability)


@pytest.mark.parametrize(
    ("change", "place"),
    [
        ({"before": ["Jane Doe", 2]}, "before: holds"),
        ({"before": [True, False]}, "before"),
        ({"before": [1, 2, 3]}, "before has 3 scores and after 2"),
        ({"before": [[1, 2]]}, "has 2 dimensions"),
        ({"before": [1, math.inf]}, "before: infinite at position 1"),
        ({"before": [None, "seven"]}, "before: text of length 5 at position 1"),
        ({"sd": 0}, "sd: is 0"),
        ({"sd": -2}, "sd: is -2"),
        ({"sd": "published"}, "sd: must be a number"),
        ({"before": [4, 4]}, "sd: all complete pairs have the same score before"),
        ({"before": [4, None]}, "sd: 1 complete pairs"),
        ({"worse": "up"}, "worse"),
        ({"method": "jt"}, "method"),
        ({"critical": 0}, "critical"),
        ({"method": "nunnally_kotsch"}, "reliability_after"),
        ({"reliability_after": 0.5}, "reliability_after"),
        ({"second_sd": "pooled"}, "second_sd"),
        ({"method": "hageman_arrindell", "after": [2, 3]}, "method: the changes of this sample"),
    ],
)
def test_bad_input_gets_one_clear_error(change, place):
    arguments = {"before": [1, 2], "after": [3, 5], "reliability": 0.8, **change}
    with pytest.raises(ParameterError, match=place) as caught:
        reliable_change(**arguments)
    assert "Jane" not in str(caught.value)


def test_other_bad_parameters():
    clinical = {"clinical_mean": 15, "clinical_sd": 4, "functional_mean": 3, "functional_sd": 2}
    with pytest.raises(ParameterError, match="functional_mean"):
        cutoffs(**clinical, worse="lower")
    with pytest.raises(ParameterError, match="functional_sd"):
        cutoffs(**{**clinical, "functional_sd": 0}, worse="higher")
    with pytest.raises(ParameterError, match="cutoff"):
        classify([1], [2], sd=1, reliability=0.5, cutoff=math.nan)
    with pytest.raises(ParameterError, match="sem"):
        smallest_detectable_change(sem=1, sd=2)
    with pytest.raises(ParameterError, match="n is 0; it must be at least 1"):
        smallest_detectable_change(sem=1, n=0)
    with pytest.raises(ParameterError, match="level"):
        smallest_detectable_change(sem=1, level=95)


# --- growth curve -----------------------------------------------------------------------------------------


def _panel(seed=3, people=60, visits=5):
    generator = np.random.default_rng(seed)
    who = np.repeat(np.arange(people), visits)
    time = np.tile(np.arange(visits, dtype=float), people)
    start, slope = generator.normal(20, 3, people), generator.normal(-1.5, 1.2, people)
    value = start[who] + slope[who] * time + generator.normal(0, 1.5, who.size)
    return who, time, value


def _restricted_likelihood(who, time, value, covariance, variance):
    """Textbook REML with dense matrices: -2 log likelihood, fixed effects, slopes and their SDs."""
    total, right, parts = 0.0, np.zeros((2, 2)), []
    score = np.zeros(2)
    for person in np.unique(who):
        rows = who == person
        z, y = np.column_stack([np.ones(rows.sum()), time[rows]]), value[rows]
        v = z @ covariance @ z.T + variance * np.eye(rows.sum())
        inverse = np.linalg.inv(v)
        total += np.linalg.slogdet(v)[1]
        right += z.T @ inverse @ z
        score += z.T @ inverse @ y
        parts.append((z, y, inverse))
    beta = np.linalg.solve(right, score)
    total += np.linalg.slogdet(right)[1] + sum(
        (y - z @ beta) @ inverse @ (y - z @ beta) for z, y, inverse in parts
    )
    effects = np.array([(covariance @ z.T @ inverse @ (y - z @ beta))[1] for z, y, inverse in parts])
    spread = np.array(
        [
            math.sqrt((covariance - covariance @ z.T @ inverse @ z @ covariance)[1, 1])
            for z, _, inverse in parts
        ]
    )
    return total, beta, effects, spread


def test_growth_curve_is_the_restricted_maximum_and_its_empirical_bayes_slopes():
    who, time, value = _panel(people=25)
    keep = (time < 4) | (who % 3 > 0)
    who, time, value = who[keep], time[keep], value[keep]
    found = growth_curve(who, time, value)
    best, beta, effects, spread = _restricted_likelihood(
        who, time, value, found.covariance, found.residual_variance
    )
    np.testing.assert_allclose([found.fixed_intercept, found.fixed_slope], beta, rtol=1e-8)
    np.testing.assert_allclose(found.random_slope, effects, atol=1e-8)
    np.testing.assert_allclose(found.standard_error, spread, rtol=1e-8)
    for i, j in ((0, 0), (0, 1), (1, 1)):
        for factor in (0.98, 1.02):
            other = found.covariance.copy()
            other[i, j] *= factor
            other[j, i] = other[i, j]
            assert _restricted_likelihood(who, time, value, other, found.residual_variance)[0] > best
    for factor in (0.98, 1.02):
        other = _restricted_likelihood(who, time, value, found.covariance, factor * found.residual_variance)
        assert other[0] > best


def test_growth_curve_tests_the_total_slope():
    who, time, value = _panel()
    found = growth_curve(who, time, value)
    np.testing.assert_allclose(found.slope, found.fixed_slope + found.random_slope, rtol=1e-12)
    np.testing.assert_allclose(found.index, found.slope / found.standard_error, rtol=1e-12)
    # Falling scores are improvements where higher is worse, and worsenings where lower is worse.
    assert (found.direction == 1).sum() > (found.direction == -1).sum()
    mirrored = growth_curve(who, time, value, worse="lower")
    assert mirrored.direction.tolist() == (-found.direction).tolist()


def test_growth_curve_does_not_depend_on_the_unit_of_time_nor_on_row_order():
    who, time, value = _panel()
    days = growth_curve(who, 90 + 30 * time, value)
    visits = growth_curve(who, time, value)
    np.testing.assert_allclose(days.slope * 30, visits.slope, rtol=1e-4)
    np.testing.assert_allclose(days.index, visits.index, rtol=1e-4)
    order = np.random.default_rng(0).permutation(who.size)
    np.testing.assert_allclose(
        growth_curve(who[order], time[order], value[order]).index, visits.index, rtol=1e-4
    )


def test_growth_curve_keeps_patients_with_too_few_visits():
    who, time, value = _panel(people=20)
    value[who == 4] = np.nan
    value[(who == 7) & (time > 1)] = np.nan
    found = growth_curve(who, time, value)
    assert found.patients.size == 20
    assert np.flatnonzero(~found.evaluable).tolist() == [4, 7]
    assert found.visits[[4, 7, 8]].tolist() == [0, 2, 5]
    # Nor do they change what is found for the others.
    without = ~np.isin(who, (4, 7))
    others = growth_curve(who[without], time[without], value[without])
    np.testing.assert_allclose(found.index[found.evaluable], others.index, rtol=1e-9)
    words = found.classes(cutoff=15)
    assert np.flatnonzero(words == "not classifiable").tolist() == [4, 7]
    first, last = value[(who == 8) & (time == 0)], value[(who == 8) & (time == 4)]
    assert (found.before[8], found.after[8]) == (first[0], last[0])


def test_growth_curve_refuses_what_it_cannot_estimate():
    with pytest.raises(ParameterError, match="equally long"):
        growth_curve([1, 1], [0, 1, 2], [3, 4, 5])
    with pytest.raises(ParameterError, match="at least 2 patients"):
        growth_curve([1, 1, 1], [0, 1, 2], [3, 4, 6])
    with pytest.raises(ParameterError, match="times: missing at position 1"):
        growth_curve([1, 1, 1], [0, None, 2], [3, 4, 6])
    with pytest.raises(ParameterError, match="straight line"):
        growth_curve([1] * 3 + [2] * 3, [0, 1, 2] * 2, [1, 2, 3, 5, 3, 1])
