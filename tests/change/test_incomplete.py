"""Incomplete follow-up, against arithmetic, closed forms and simulated truth."""

from __future__ import annotations

import math
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import optimize, stats

from ipm_outcomes.change import (
    impute,
    inverse_probability_weights,
    mixed_model,
    pool,
    side_by_side,
    weighted_mean,
)
from ipm_outcomes.errors import FrameError, MissingExtraError, ParameterError
from ipm_outcomes.stats.effect_sizes import mean_change


def _row(rows, method):
    (row,) = [row for row in rows if row.method == method]
    return row


def _clinic(seed=11, n=600):
    """Patients with a worse baseline improve more and are lost more often."""
    generator = np.random.default_rng(seed)
    before = np.clip(np.round(generator.normal(14, 4, n)), 1, 27)
    after = before - 0.5 * before + generator.normal(2, 3, n)
    seen = generator.random(n) < 1 / (1 + np.exp((before - 15) / 3))
    return before, after, np.where(seen, after, np.nan)


def test_bounds_of_a_responder_rate():
    # 10 eligible (one has no baseline), 6 seen, 3 of them respond by 5 points: 3/6, 3/10, 7/10. Wilson:
    # (2x + z^2 -/+ z sqrt(z^2 + 4x(1 - x/n))) / (2 (n + z^2)).
    before = [12] * 10 + [None]
    after = [7, 6, 2, 8, 12, 14, None, None, None, None, 3]
    rows = side_by_side(before, after, points=5)
    z = 1.959963984540054
    for method, x, n in (("complete case", 3, 6), ("worst case", 3, 10), ("best case", 7, 10)):
        row = _row(rows, method)
        root = z * math.sqrt(z * z + 4 * x * (1 - x / n))
        expected = [(2 * x + z * z + side * root) / (2 * (n + z * z)) for side in (-1, 1)]
        assert row.estimate == x / n
        assert [row.lower, row.upper] == pytest.approx(expected, rel=1e-9)
        assert (row.n_eligible, row.n_observed, row.completeness) == (10, 6, 0.6)


def test_thresholds_are_inclusive_despite_binary_floats():
    # PEG thirds: 16/3 to 7/3 is 3 points; 20/3 to 14/3 is 30 %. T-scores: 64.1 to 61.1 is 3 points.
    assert 64.1 - 61.1 < 3
    assert side_by_side([64.1, 16 / 3], [61.1, 7 / 3], points=3)[0].estimate == 1.0
    assert side_by_side([20 / 3, 10 / 3], [14 / 3, 7 / 3], percent=30)[0].estimate == 1.0
    assert side_by_side([20 / 3, 10 / 3], [15 / 3, 8 / 3], percent=30)[0].estimate == 0.0
    assert side_by_side([61.1], [64.1], points=3, worse="lower")[0].estimate == 1.0
    # 7.0 to 4.9 is 30 %, though the floats say 209.99999999999997 against 210.
    assert 100 * (7.0 - 4.9) < 30 * 7.0
    assert side_by_side([7.0], [4.9], percent=30)[0].estimate == 1.0


@pytest.mark.parametrize(
    ("question", "responds"),
    [
        ({"percent": 30}, lambda s1, s2: 10 * (s1 - s2) >= 3 * s1),
        ({"percent": 50}, lambda s1, s2: 2 * (s1 - s2) >= s1),
        ({"points": 1}, lambda s1, s2: s1 - s2 >= 3),
    ],
)
def test_all_peg_pairs_are_decided_as_their_sums_decide(question, responds):
    pairs = [(s1, s2) for s1 in range(1, 31) for s2 in range(31)]
    for answer in (True, False):
        before, after = zip(*[pair for pair in pairs if responds(*pair) is answer], strict=True)
        row = side_by_side(np.array(before) / 3, np.array(after) / 3, **question)[0]
        assert row.estimate == float(answer)


def test_a_baseline_of_zero_has_no_percentage():
    row = side_by_side([0, 10, 10, None], [0, 5, None, 1], percent=50)[0]
    assert (row.n_eligible, row.n_observed, row.estimate) == (2, 1, 1.0)


def test_weights_of_a_saturated_model_are_the_inverse_shares():
    # Group 0: 3 of 4 seen, weight 4/3. Group 1: 1 of 2, weight 2. Kish: (3 * 4/3 + 2)^2 / (3 * 16/9 + 4).
    group = np.array([0, 0, 0, 0, 1, 1])
    seen = np.array([True, True, True, False, True, False])
    found = inverse_probability_weights(seen, group)
    np.testing.assert_allclose(found.weights, [4 / 3, 4 / 3, 4 / 3, np.nan, 2, np.nan], rtol=1e-9)
    assert found.largest == pytest.approx(2)
    assert found.effective_n == pytest.approx(36 / (16 / 3 + 4))
    # The weighted mean is then each group's mean times its patients: (4 * 6 + 2 * 3) / 6.
    mean, *_ = weighted_mean([4, 6, 8, np.nan, 3, np.nan], found.weights)
    assert mean == pytest.approx(5)
    for share in (0, 1):
        with pytest.raises(ParameterError, match="truncate"):
            inverse_probability_weights(seen, group, truncate=share)
    cut = inverse_probability_weights(seen, group, truncate=0.5)
    np.testing.assert_allclose(cut.weights[seen], [4 / 3] * 4)
    assert (cut.truncated, cut.largest) == (1, pytest.approx(4 / 3))


def test_standard_error_of_the_weighted_mean_by_hand():
    # w 1, 1, 2; x 1, 2, 4: mean 11/4; terms (w (x - mean) / 4)^2 = .19140625, .03515625, .390625; times 3/2.
    mean, low, high = weighted_mean([1, 2, 4], [1, 1, 2], level=0.95)
    se = math.sqrt(1.5 * (0.19140625 + 0.03515625 + 0.390625))
    assert mean == 2.75
    assert (high - low) / 2 == pytest.approx(1.959963984540054 * se)


def test_equal_weights_give_the_ordinary_standard_error():
    x = np.array([3.0, 5, 9, 4, 7])
    mean, low, _ = weighted_mean(x, np.full(5, 1.7))
    assert mean == pytest.approx(x.mean())
    assert (mean - low) / 1.959963984540054 == pytest.approx(x.std(ddof=1) / math.sqrt(5))


def test_groups_that_were_all_seen_weigh_one_and_groups_never_seen_are_refused():
    seen = np.array([True, True, True, False, True, False])
    found = inverse_probability_weights(seen, np.array([1, 1, 1, 0, 0, 0]))
    np.testing.assert_allclose(found.weights[seen], [1, 1, 1, 3], rtol=1e-6)
    with pytest.raises(ParameterError, match="certain not to be seen"):
        inverse_probability_weights(~seen, np.array([1, 1, 1, 0, 0, 0]))
    rows = side_by_side([9, 8, 7, 9, 8, 6], [5, 6, 7, None, None, None], groups=list("aaabbb"))
    for method in ("inverse probability weights", "multiple imputation", "mixed model"):
        if method == "mixed model":
            pytest.importorskip("statsmodels", reason="needs statsmodels, which is not installed")
        row = _row(rows, method)
        assert math.isnan(row.estimate)
        assert (
            "certain not to be seen" in row.note
            or "unlike all observed" in row.note
            or "group without" in row.note
        )


def test_rubins_rules_by_hand():
    # q 1, 2, 3: B 1; U .5: T = .5 + 4/3 = 11/6; share = (4/3) / (11/6) = 8/11; df = 2 / (8/11)^2 = 121/32.
    found = pool([1.0, 2.0, 3.0], [0.5, 0.5, 0.5])
    assert found.variance == pytest.approx(11 / 6)
    assert found.missing_information == pytest.approx(8 / 11)
    assert found.df == pytest.approx(121 / 32)
    assert found.upper - 2 == pytest.approx(stats.t.ppf(0.975, 121 / 32) * math.sqrt(11 / 6))
    # Barnard and Rubin with 9 complete df: 10/12 * 9 * 3/11 = 45/22; 1 / (32/121 + 22/45).
    assert pool([1.0, 2.0, 3.0], [0.5] * 3, complete_df=9).df == pytest.approx(1 / (32 / 121 + 22 / 45))
    for q, u in (([1, math.nan], [1, 1]), ([1, 2], [1, math.nan]), ([1], [1]), ([1, 2], [1, 1, 1])):
        with pytest.raises(ParameterError, match="estimates and variances: must be equally long"):
            pool(q, u)
    # No variance between: the complete-data interval, normal without df.
    same = pool([2.0, 2.0], [4.0, 4.0])
    assert (same.df, same.upper - 2) == (math.inf, pytest.approx(1.959963984540054 * 2))


def test_imputation_keeps_what_was_observed_and_is_deterministic():
    before, _, after = _clinic(n=80)
    one = impute(after, before, imputations=5, seed=3)
    known = ~np.isnan(after)
    np.testing.assert_array_equal(one[:, known], np.tile(after[known], (5, 1)))
    assert not np.isnan(one).any()
    np.testing.assert_array_equal(one, impute(after, before, imputations=5, seed=3))
    assert np.abs(one - impute(after, before, imputations=5, seed=4)).max() > 0


def test_imputed_scores_have_the_posterior_predictive_distribution():
    # One predictor; the mean over many draws for one missing patient is the regression's prediction, and the
    # variance s^2 (1 + 1/n + (x - mean)^2 / Sxx) * df / (df - 2) of a t with df = n - 2 (flat priors).
    generator = np.random.default_rng(0)
    x = generator.normal(10, 3, 30)
    y = 2 + 0.8 * x + generator.normal(0, 2, 30)
    drawn = impute([*y, np.nan], [*x, 16.0], imputations=6000, seed=1)[:, -1]
    fit = stats.linregress(x, y)
    residual = ((y - fit.intercept - fit.slope * x) ** 2).sum() / 28
    spread = residual * (1 + 1 / 30 + (16 - x.mean()) ** 2 / ((x - x.mean()) ** 2).sum()) * 28 / 26
    assert drawn.mean() == pytest.approx(fit.intercept + 16 * fit.slope, abs=4 * math.sqrt(spread / 6000))
    assert drawn.var(ddof=1) == pytest.approx(spread, rel=0.08)


def test_one_follow_up_is_analysis_of_covariance_at_the_mean_baseline_of_all():
    pytest.importorskip("statsmodels")
    before, _, after = _clinic()
    seen = ~np.isnan(after)
    change = (after - before)[seen]
    slope = stats.linregress(before[seen], change).slope
    expected = change.mean() + slope * (before.mean() - before[seen].mean())
    assert mixed_model(before, after).estimate == pytest.approx(expected, rel=1e-9)


def test_complete_data_give_every_method_the_same_mean():
    pytest.importorskip("statsmodels")
    before, after, _ = _clinic(n=50)
    other = after + np.random.default_rng(1).normal(0, 1, 50)
    plain = mean_change(before, after)
    for rows in (side_by_side(before, after), side_by_side(before, after, other_visits=other)):
        for method in ("complete case", "inverse probability weights", "mixed model"):
            assert _row(rows, method).estimate == pytest.approx(plain.mean, rel=1e-6)
        assert (_row(rows, "complete case").lower, _row(rows, "complete case").upper) == (
            plain.lower,
            plain.upper,
        )


def test_the_methods_repair_loss_that_the_baseline_explains():
    pytest.importorskip("statsmodels")
    before, after, seen = _clinic(n=1500)
    truth = float((after - before).mean())
    rows = side_by_side(before, seen)
    complete = _row(rows, "complete case")
    assert not complete.lower < truth < complete.upper
    for method in ("inverse probability weights", "multiple imputation", "mixed model"):
        row = _row(rows, method)
        assert row.lower < truth < row.upper
        assert abs(row.estimate - truth) < abs(complete.estimate - truth) / 2
    rates = side_by_side(before, seen, points=5)
    responders = float((before - after >= 5).mean())
    assert _row(rates, "worst case").estimate < responders < _row(rates, "best case").estimate
    for method in ("inverse probability weights", "multiple imputation"):
        assert _row(rates, method).lower < responders < _row(rates, method).upper


def test_another_visit_repairs_loss_that_it_explains():
    pytest.importorskip("statsmodels")
    generator = np.random.default_rng(6)
    before = generator.normal(15, 3, 800)
    person = generator.normal(0, 2.5, 800)
    early = before - 3 + person + generator.normal(0, 1, 800)
    late = before - 5 + person + generator.normal(0, 1, 800)
    seen = generator.random(800) < 1 / (1 + np.exp(early - 13))
    after = np.where(seen, late, np.nan)
    truth = float((late - before).mean())
    alone, helped = side_by_side(before, after), side_by_side(before, after, other_visits=early)
    for method in ("multiple imputation", "mixed model"):
        assert not _row(alone, method).lower < truth < _row(alone, method).upper
        assert _row(helped, method).lower < truth < _row(helped, method).upper


def test_other_visits_may_have_gaps_and_covariates_may_not():
    pytest.importorskip("statsmodels")
    before, _, after = _clinic(n=200)
    generator = np.random.default_rng(2)
    other = np.where(generator.random(200) < 0.8, before - 3 + generator.normal(0, 2, 200), np.nan)
    rows = side_by_side(before, after, other_visits=other, covariates=generator.normal(40, 10, 200))
    assert all(math.isfinite(row.estimate) for row in rows)
    with pytest.raises(ParameterError, match=r"covariates: missing for \d+ patients"):
        side_by_side(before, after, covariates=other)


@settings(max_examples=30, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 27), st.one_of(st.none(), st.integers(0, 27))), max_size=15),
    st.integers(1, 10),
)
def test_any_clinic_gets_all_rows_and_ordered_bounds(pairs, points):
    before, after = [p[0] for p in pairs], [p[1] for p in pairs]
    rows = side_by_side(before, after, points=points, imputations=2)
    assert [row.method for row in rows] == [
        "complete case",
        "worst case",
        "best case",
        "inverse probability weights",
        "multiple imputation",
    ]
    for row in rows:
        assert (row.n_eligible, row.n_observed) == (len(pairs), sum(p[1] is not None for p in pairs))
        assert row.note
        if math.isfinite(row.estimate) and math.isfinite(row.lower):
            assert 0 <= row.lower <= row.upper <= 1
    complete, worst, best = (row.estimate for row in rows[:3])
    if math.isfinite(complete):
        assert worst <= complete <= best


def test_of_a_named_scale_the_mean_change_has_bounds():
    # Changes -7, -2, -10, 0, -9; the sixth, from 11, ends at 27 (+16) or at 0 (-11): PHQ-9 total, 0 to 27.
    before, after = [16, 12, 18, 9, 14, 11], [9, 10, 8, 9, 5, None]
    rows = side_by_side(before, after, instrument="phq9", scale="total", imputations=20)
    assert [row.method for row in rows[:3]] == ["complete case", "worst case", "best case"]
    assert [row.estimate for row in rows[:3]] == pytest.approx([-28 / 5, -12 / 6, -39 / 6])
    assert "27, the worst score" in rows[1].note
    # Where a lower score is worse the bounds change places: rating 0 to 10.
    rating = side_by_side([4, 5], [6, None], instrument="nps", scale="rating")
    assert [row.estimate for row in rating[1:3]] == [(2 - 5) / 2, (2 + 5) / 2]
    assert "worst case" not in [row.method for row in side_by_side(before, after)]


def test_of_a_named_scale_responders_are_decided_on_whole_numbers():
    # A fall of 3.0 reaches 3 points and one of 2.9 does not, wherever the binary floats fall.
    before = [round(45 + n / 10, 1) for n in range(300)]
    for fall, share in ((3.0, 1.0), (2.9, 0.0)):
        after = [round(x - fall, 1) for x in before]
        row = side_by_side(before, after, instrument="promis29", scale="pain_interference", points=3)[0]
        assert row.estimate == share
    # PEG to one decimal: 6.7 and 4.7 stand for 20/3 and 14/3, which is 30 %; as decimals 29.85 %.
    assert 100 * (6.7 - 4.7) < 30 * 6.7
    peg = {"instrument": "peg", "scale": "mean", "percent": 30}
    assert side_by_side([6.7, 6.7], [4.7, 5.0], **peg)[0].estimate == 0.5
    rows = side_by_side([6.7, 6.7, 6.3, 3, 5, 8], [4.7, 5.0, 3, None, 2, 1], imputations=3, **peg)
    assert [row.estimate for row in rows[:3]] == pytest.approx([4 / 5, 4 / 6, 5 / 6])


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"instrument": "phq9"}, "give both"),
        ({"instrument": "promis29", "scale": "anxiety", "percent": 30}, "no meaning"),
        ({"instrument": "phq9", "scale": "total", "worse": "lower"}, "a higher score is worse"),
        ({"instrument": "phq9", "scale": "syndrome"}, "is a category"),
    ],
)
def test_a_named_scale_refuses_what_makes_no_sense(options, told):
    before, after = ([60, 55], [50, 50]) if options["instrument"] == "promis29" else ([20, 15], [10, 10])
    with pytest.raises(ParameterError, match=told):
        side_by_side(before, after, **options)
    with pytest.raises(FrameError, match="outside the range"):
        side_by_side([28], [1], instrument="phq9", scale="total")


def test_the_error_of_the_mixed_model_is_that_of_its_own_visit():
    """Restricted likelihood of a random intercept written out with matrices, maximized over both variances."""
    pytest.importorskip("statsmodels")
    generator = np.random.default_rng(5)
    n = 40
    before = generator.normal(15, 3, n)
    patient = generator.normal(0, 2, n)
    late = before - 5 + patient + generator.normal(0, 1.5, n)
    early = before - 3 + patient + generator.normal(0, 1.5, n)
    late[:15] = np.nan  # the two visits differ in who was seen, and so in their error
    visits = np.column_stack([late, early])
    who, visit = np.nonzero(~np.isnan(visits))
    y = visits[who, visit] - before[who]
    x = np.zeros((y.size, 4))
    x[np.arange(y.size), visit] = 1
    x[np.arange(y.size), 2 + visit] = (before - before.mean())[who]
    same = (who[:, None] == who).astype(float)

    def parts(logs):
        v = np.exp(logs[0]) * same + np.exp(logs[1]) * np.eye(y.size)
        weights = np.linalg.inv(v)
        information = x.T @ weights @ x
        beta = np.linalg.solve(information, x.T @ weights @ y)
        rest = y - x @ beta
        minus_2_likelihood = (
            np.linalg.slogdet(v)[1] + np.linalg.slogdet(information)[1] + rest @ weights @ rest
        )
        return minus_2_likelihood, beta, np.linalg.inv(information)

    best = optimize.minimize(lambda logs: parts(logs)[0], [1.0, 1.0], method="Nelder-Mead")
    _, beta, covariance = parts(best.x)
    assert covariance[0, 0] > 1.2 * covariance[1, 1]
    found = mixed_model(before, late, other_visits=early)
    assert found.estimate == pytest.approx(beta[0], rel=1e-4)
    error = (found.upper - found.lower) / 2 / stats.norm.ppf(0.975)
    assert error == pytest.approx(math.sqrt(covariance[0, 0]), rel=1e-2)


def test_what_statsmodels_warns_of_stands_in_the_note():
    pytest.importorskip("statsmodels")
    # Each visit departs from the one before on its own: patients do not differ beyond that, and their variance
    # lies at its boundary.
    generator = np.random.default_rng(3)
    before = generator.normal(15, 3, 60)
    early = before - 3 + generator.normal(0, 2, 60)
    late = before - 5 + generator.normal(0, 2, 60)
    assert "statsmodels warns" in mixed_model(before, late, other_visits=early).note
    assert "statsmodels" not in mixed_model(before, late).note


def test_side_by_side_is_deterministic_by_seed():
    before, _, after = _clinic(n=100)
    one = side_by_side(before, after, points=5, seed=5)
    assert one == side_by_side(before, after, points=5, seed=5)
    assert one != side_by_side(before, after, points=5, seed=6)


def test_without_statsmodels_the_model_says_which_extra_brings_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "statsmodels.api", None)
    with pytest.raises(MissingExtraError, match="models"):
        mixed_model([1, 2, 3, 4], [2, 2, 5, 3])
    row = _row(side_by_side([1, 2, 3, 4], [2, 2, 5, None]), "mixed model")
    assert math.isnan(row.estimate)
    assert "models" in row.note


@pytest.mark.parametrize(
    ("change", "place"),
    [
        ({"points": 5, "percent": 30}, "points and percent"),
        ({"points": 0}, "points: is 0"),
        ({"percent": 101}, "percent"),
        ({"after": [1, 2]}, "before has 3 scores and after 2"),
        ({"groups": ["a", "b"]}, "groups"),
        ({"groups": ["a", None, "b"]}, "groups"),
        ({"groups": [1.0, math.nan, 2.0]}, "groups"),
        ({"covariates": [[1], [2]]}, "covariates: must have one row per patient"),
        ({"covariates": [["x"], ["y"], ["z"]]}, "covariates, column 0"),
        ({"other_visits": [[[1]]]}, "other_visits"),
        ({"seed": -1}, "seed"),
        ({"imputations": 1}, "imputations"),
        *(({"truncate": share}, "truncate") for share in (0, 1, 99)),
        ({"level": 95}, "level"),
        ({"worse": "up"}, "worse"),
    ],
)
def test_bad_arguments_get_one_clear_error(change, place):
    with pytest.raises(ParameterError, match=place):
        side_by_side(**{"before": [1, 2, 3], "after": [1, None, 2], **change})
