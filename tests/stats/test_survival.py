"""Kaplan-Meier shares and medians, by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest
from survival_cases import limits

from ipm_outcomes.errors import ParameterError
from ipm_outcomes.stats import survival
from ipm_outcomes.stats.intervals import paired_rate_ratio

# Of 6 one is back on day 30, two on day 60, one last seen on day 90, one back on day 120, one last seen on day 150.
DAYS, BACK = [30, 60, 60, 90, 120, 150], [True, True, True, False, True, False]


@pytest.mark.parametrize(
    ("by", "left", "greenwood"),
    [
        (30, 5 / 6, 1 / 30),  # 5/6
        (59, 5 / 6, 1 / 30),
        (60, 1 / 2, 1 / 30 + 2 / 15),  # 5/6 x 3/5
        (119, 1 / 2, 1 / 30 + 2 / 15),
        (120, 1 / 4, 1 / 30 + 2 / 15 + 1 / 2),  # two are left at risk
        (150, 1 / 4, 1 / 30 + 2 / 15 + 1 / 2),
    ],
)
def test_share_by_a_day_and_its_limits(by: int, left: float, greenwood: float) -> None:
    found = survival.share_by(DAYS, BACK, by)
    assert found == pytest.approx((1 - left, *limits(left, greenwood)))


def test_the_median_and_its_limits():
    # The lower limit of the curve is at 0.27 on day 30; the upper one is at 0.80 on day 60 and at 0.65 on day 120.
    estimate, low, high = survival.median_time(DAYS, BACK)
    assert (estimate, low) == (60, 30)
    assert math.isnan(high)


def test_where_the_method_has_nothing_to_say():
    nothing = pytest.approx((math.nan,) * 3, nan_ok=True)
    assert survival.share_by(DAYS, BACK, 29) == pytest.approx((0, math.nan, math.nan), nan_ok=True)
    assert survival.share_by([10, 20], [True, True], 20) == pytest.approx(
        (1, math.nan, math.nan), nan_ok=True
    )
    assert survival.share_by(DAYS, BACK, 151) == nothing  # one was seen to day 150 and not back
    assert survival.share_by([10, 20], [True, True], 99) == pytest.approx(
        (1, math.nan, math.nan), nan_ok=True
    )
    assert survival.share_by([], [], 10) == nothing
    assert survival.median_time([], []) == nothing
    assert survival.median_time([10, 20, 30], [True, False, False]) == pytest.approx(
        (math.nan, 10, math.nan), nan_ok=True
    )


def test_refusals():
    with pytest.raises(ParameterError, match="0 or more"):
        survival.share_by([-1], [True], 10)
    with pytest.raises(ParameterError, match="1 entries and days 2"):
        survival.median_time([1, 2], [True])
    with pytest.raises(ParameterError, match="by is -1"):
        survival.share_by([1], [True], -1)


def test_the_paired_ratio_is_that_of_a_poisson_model_by_estimating_equations():
    sm = pytest.importorskip("statsmodels.api")
    rng = np.random.default_rng(7)
    n = 60
    frailty = rng.gamma(0.6, 2.0, n)
    time = rng.uniform(6, 12, (2, n))
    counts = rng.poisson(frailty * time * np.array([[0.3], [0.2]]))
    model = sm.GEE(
        counts.ravel(), np.column_stack([np.ones(2 * n), np.repeat([0, 1], n)]), groups=np.tile(np.arange(n), 2),
        offset=np.log(time.ravel()), family=sm.families.Poisson(), cov_struct=sm.cov_struct.Independence(),
    ).fit()  # fmt: skip
    estimate, low, high = paired_rate_ratio(counts[0], time[0], counts[1], time[1])
    assert math.log(estimate) == pytest.approx(model.params[1], abs=1e-8)
    # t(59) at 0.975 is 2.0010; the model's squared error times 60/59.
    assert math.log(high / estimate) == pytest.approx(2.000995 * math.sqrt(60 / 59) * model.bse[1], rel=1e-5)
    assert estimate**2 == pytest.approx(low * high)


def test_a_ratio_without_events_or_with_one_patient():
    assert np.isnan(paired_rate_ratio([0, 0], [1, 1], [1, 2], [1, 1])).all()
    assert np.isnan(paired_rate_ratio([1, 2], [1, 1], [0, 0], [1, 1])).all()
    estimate, low, high = paired_rate_ratio([4], [1], [2], [1])
    assert estimate == 0.5
    assert math.isnan(low)
    assert math.isnan(high)
