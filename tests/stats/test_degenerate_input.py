"""Statistics of nothing, of one, of ties and of zeros: refused, or without what cannot be given; never a warning."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from ipm_outcomes import change
from ipm_outcomes.errors import ParameterError
from ipm_outcomes.program import intervals, over_time, sites

VALUES: dict[str, list[float]] = {
    "none": [],
    "one": [3.0],
    "two": [1.0, 2.0],
    "missing": [math.nan, math.nan],
    "some missing": [1.0, math.nan, 3.0],
    "equal": [2.0, 2.0, 2.0],
    "zeros": [0.0, 0.0, 0.0],
    "ten zeros": [0.0] * 10,
}


def half(v: list[float]) -> list[int]:
    return [place % 2 for place in range(len(v))]


def column(v: list[float]) -> np.ndarray:
    return np.arange(float(len(v)))[:, None]


FUNCTIONS: dict[str, Callable[[list[float]], Any]] = {
    "mean_change": lambda v: change.mean_change(v, v),
    "effect_sizes": lambda v: change.effect_sizes(v, v),
    "two_groups": lambda v: change.two_groups(v, v),
    "reliable_change": lambda v: change.reliable_change(v, v, sd=1, reliability=0.8),
    "reliable_change of the sample": lambda v: change.reliable_change(v, v, reliability=0.8),
    "anchor_quality": lambda v: change.anchor_quality(v, v, slightly=half(v)),
    "roc_mic": lambda v: change.roc_mic(v, half(v)),
    "predictive_mic": lambda v: change.predictive_mic(v, half(v), anchor_reliability=0.5),
    "minimal_important_change": lambda v: change.minimal_important_change(v, half(v), resamples=5),
    "weighted_mean": lambda v: change.weighted_mean(v, np.ones(len(v))),
    "inverse_probability_weights": lambda v: change.inverse_probability_weights(half(v), column(v)),
    "impute": lambda v: change.impute(v, column(v), imputations=2),
    "mixed_model": lambda v: change.mixed_model(v, v),
    "side_by_side": lambda v: change.side_by_side(v, v, instrument="peg", scale="mean", imputations=2),
    "run_chart": lambda v: over_time.run_chart(v),
    "xmr_chart": lambda v: over_time.xmr_chart(v),
    "p_chart without patients": lambda v: over_time.p_chart([0] * len(v), [0] * len(v)),
    "p_chart without events": lambda v: over_time.p_chart([0] * len(v), [5] * len(v), method="laney"),
    "shrink": lambda v: sites.shrink(v, np.ones(len(v))),
    "shrink_proportions": lambda v: sites.shrink_proportions([0] * len(v), [0] * len(v)),
    "standardize": lambda v: sites.standardize(half(v), np.empty((len(v), 0)), list(range(len(v)))),
    "standardize means": lambda v: sites.standardize(
        v, np.empty((len(v), 0)), list(range(len(v))), "continuous"
    ),
    "proportion_dispersion": lambda v: sites.proportion_dispersion([0] * len(v), [5] * len(v)),
    "ratio_dispersion": lambda v: sites.ratio_dispersion([0] * len(v), np.ones(len(v))),
    "ratio_dispersion of nothing expected": lambda v: sites.ratio_dispersion([0] * len(v), np.zeros(len(v))),
    "funnel": lambda v: sites.funnel([0] * len(v), 0.4),
    "funnel_ratio": lambda v: sites.funnel_ratio(np.zeros(len(v))),
    "proportion": lambda v: intervals.proportion([0] * len(v), [0] * len(v)),
    "difference": lambda v: intervals.difference(*[[0] * len(v)] * 4),
    "rate": lambda v: intervals.rate([0] * len(v), np.zeros(len(v))),
    "mean": lambda v: intervals.mean(v, v, [len(v)] * len(v)),
    "nps": lambda v: intervals.nps(*[[0] * len(v)] * 3),
    "paired_difference": lambda v: intervals.paired_difference(*[[0] * len(v)] * 4),
}


@pytest.mark.parametrize("name", FUNCTIONS)
@pytest.mark.parametrize("values", VALUES)
def test_degenerate_input(name: str, values: str) -> None:
    if name in ("mixed_model", "side_by_side"):
        pytest.importorskip("statsmodels", reason="the mixed model needs the extra models")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            found = FUNCTIONS[name](VALUES[values])
        except ParameterError:
            return
    if hasattr(found, "estimated"):
        assert found.estimated == (not math.isnan(found.phi))
        assert found.estimated or found.notes
    for part in ("lower", "upper", "improvement"):
        shown = np.atleast_1d(np.asarray(getattr(found, part, 1.0), np.float64))
        assert not (np.signbit(shown) & (shown == 0)).any(), f"{part} is minus zero"
