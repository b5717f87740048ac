"""Incomplete follow-up: what the patients who were not seen again may have done to a mean change or a
responder rate.

One question, several answers side by side: the patients seen (complete case), the worst and the best that the
others can do, weights by the inverse probability of being seen, multiple imputation, and a model of the
repeated scores. Every answer carries how many patients were eligible (had a baseline) and how many were
observed.

The last three assume that patients with the same baseline, covariates and group were lost at random.
Simulations for patient-reported outcomes favor imputation or a model first and the weights as a check
(Rombach I et al. 2018).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection

import numpy as np
from numpy.typing import ArrayLike

from ipm_outcomes._fence import fenced
from ipm_outcomes.change._percent import ExactPairs, exact_pairs
from ipm_outcomes.change._thresholds import at_least, positive_exact, refuse_percent
from ipm_outcomes.definition import Instrument
from ipm_outcomes.errors import MissingExtraError, ParameterError
from ipm_outcomes.stats.arguments import (
    Booleans,
    Floats,
    Worse,
    better_sign,
    finite,
    normal_quantile,
    positive,
    whole_number,
)
from ipm_outcomes.stats.effect_sizes import mean_change
from ipm_outcomes.stats.intervals import proportion
from ipm_outcomes.stats.missing_data import impute, inverse_probability_weights, pool, weighted_mean
from ipm_outcomes.stats.mixed_model import Estimate, FollowUpData, estimate_row, fitted_mean, read_follow_up

# Where no scale is named scores are floats; a difference this close to a threshold is equal to it.
_TOLERANCE = 1e-9


@fenced
def side_by_side(
    before: ArrayLike,
    after: ArrayLike,
    *,
    covariates: ArrayLike | None = None,
    groups: ArrayLike | None = None,
    other_visits: ArrayLike | None = None,
    instrument: str | None = None,
    scale: str | None = None,
    definitions: Collection[Instrument] = (),
    worse: Worse | None = None,
    points: float | None = None,
    percent: float | None = None,
    truncate: float | None = None,
    imputations: int | None = None,
    seed: int = 0,
    level: float = 0.95,
) -> list[Estimate]:
    """Answer one question by every method for incomplete follow-up, one row each.

    The question is the mean change (after - before), or, with `points` or `percent`, the share of responders.

    Parameters
    ----------
    before, after : array_like, shape (n,)
        Scores in points; NaN or None where missing. Patients without a baseline are not eligible.
    covariates : array_like, shape (n, p), optional
        Complete baseline covariates (age, sex, ...).
    groups : array_like, shape (n,), optional
        Site or other group, without gaps.
    other_visits : array_like, shape (n, k), optional
        The same score at other follow-up visits; may have gaps. Used by the imputation and by the mixed
        model.
    instrument, scale : str, optional
        Ids of the scale, both or neither. With them observed responders are decided on exact integers, the
        mean change gets its bounds from the range of the scale, `worse` is known, and values that the scale
        cannot take and a percentage of a T-score are refused.
    definitions : sequence of Instrument
        Custom definitions.
    worse : {"higher", "lower"}, optional
        Whether a higher or a lower score is worse; "higher" by default where no scale is named.
    points : float, optional
        A responder improves by at least this many points.
    percent : float, optional
        A responder improves by at least this percentage of the baseline; baselines of 0 are not eligible. Not
        for T-scores, which have no zero. Thresholds are inclusive; without a named scale, and for imputed
        scores, to 1e-9 points.
    truncate : float, optional
        Quantile to which the weights are cut down.
    imputations : int, optional
        Imputed data sets; by default as many as percent are missing, and at least 20.
    seed : int
        Seed of the random numbers; the same seed gives the same table.
    level : float
        Confidence level.

    Returns
    -------
    list of Estimate
        "complete case", then for a rate, and for the mean of a named scale, "worst case" and "best case"
        (those not seen: all at the worst or the best score of the scale), then "inverse probability weights",
        "multiple imputation", and for a mean "mixed model". A method that fails keeps its row, with NaN and
        the reason as note.

    Raises
    ------
    ParameterError
        For arrays that do not match, both `points` and `percent`, or a parameter out of its range.

    Examples
    --------
    >>> rows = side_by_side([16, 12, 18, 9, 14, 11], [9, 10, 8, 9, 5, None], points=5, imputations=20)
    >>> for row in rows[:3]:
    ...     print(row.method, f"{row.n_observed}/{row.n_eligible}", round(row.estimate, 3))
    complete case 5/6 0.6
    worst case 5/6 0.5
    best case 5/6 0.667

    """
    exact = _exactly(before, after, instrument, scale, definitions)
    if exact is not None and worse is not None and worse != exact.scale.worse:
        raise ParameterError(
            f"worse: of {instrument}.{scale} a {exact.scale.worse} score is worse; leave it out"
        )
    sign = better_sign((exact.scale.worse if exact else worse) or "higher")
    normal_quantile(level)
    if points is not None and percent is not None:
        raise ParameterError("points and percent: give one of the two, or neither for the mean change")
    threshold = None if points is None else positive("points", points)
    share = None if percent is None else positive("percent", percent)
    if share is not None and share > 100:
        raise ParameterError("percent: must be above 0 and at most 100")
    if imputations is not None:
        whole_number("imputations", imputations, 2)
    whole_number("seed", seed, 0)
    if truncate is not None and not 0 < finite("truncate", truncate) < 1:
        raise ParameterError("truncate: must lie between 0 and 1, for example 0.99")
    everyone = read_follow_up(before, after, covariates, groups, other_visits)
    keep = np.ones(everyone.x1.size, dtype=np.bool_) if share is None else everyone.x1 != 0
    data = everyone.eligible_rows(keep)
    decided = None
    if exact is not None:
        decided = _decided(exact, points, percent)[~np.isnan(everyone.x1) & keep]

    def outcome(after_scores: Floats) -> Floats:
        change = after_scores - data.x1
        if threshold is None and share is None:
            return change
        if share is None:
            responded = sign * change >= (threshold or 0.0) - _TOLERANCE
        else:
            responded = 100 * sign * change >= share * np.abs(data.x1) - _TOLERANCE
        if decided is not None:
            responded = np.where(np.isnan(data.x2), responded, decided)
        return np.where(np.isnan(change), np.nan, responded)

    rate = threshold is not None or share is not None
    values = outcome(data.x2)
    if rate:
        rows = _bounds(values, level)
    else:
        rows = [_mean_row("complete case", data, data.x2, "only the patients who were seen", level)]
        rows += _mean_bounds(data, exact, level)
    rows.append(_weighted(data, values, rate, truncate, level))
    rows.append(_imputed(data, outcome, rate, imputations, seed, level))
    if not rate:
        try:
            rows.append(fitted_mean(data, level))
        except (ParameterError, MissingExtraError) as error:
            rows.append(estimate_row("mixed model", values, level, note=str(error)))
    return rows


def _exactly(
    before: ArrayLike,
    after: ArrayLike,
    instrument: str | None,
    scale: str | None,
    definitions: Collection[Instrument],
) -> ExactPairs | None:
    if instrument is None and scale is None:
        return None
    if instrument is None or scale is None:
        raise ParameterError("instrument and scale: give both, such as 'phq9' and 'total', or neither")
    return exact_pairs(before, after, instrument, scale, definitions)


def _decided(pairs: ExactPairs, points: float | None, percent: float | None) -> Booleans:
    """Who responded, in whole numbers; meaningless where a pair is not known."""
    if percent is not None:
        refuse_percent(pairs.inst, pairs.scale)
        return at_least(100 * pairs.improvement, pairs.base, positive_exact("percent", percent))
    if points is None:
        return np.zeros(pairs.known.shape, dtype=np.bool_)
    bottom = np.full(pairs.known.shape, pairs.bottom)
    return at_least(pairs.improvement, bottom, positive_exact("points", points))


def _mean_row(method: str, data: FollowUpData, after: Floats, note: str, level: float) -> Estimate:
    change = mean_change(data.x1, after, level=level)
    return estimate_row(
        method, data.x2, level, estimate=change.mean, lower=change.lower, upper=change.upper,
        note=f"t interval; {note}",
    )  # fmt: skip


def _mean_bounds(data: FollowUpData, exact: ExactPairs | None, level: float) -> list[Estimate]:
    """The mean change if all who were not seen ended at the worst, or at the best, score of the scale."""
    if exact is None or exact.scale.ends is None:
        return []
    best, worst = map(float, exact.scale.ends)
    return [
        _mean_row(
            f"{word} case",
            data,
            np.where(np.isnan(data.x2), end, data.x2),
            f"everybody who was not seen counted at {end:g}, the {word} score of the scale",
            level,
        )
        for word, end in (("worst", worst), ("best", best))
    ]


def _bounds(values: Floats, level: float) -> list[Estimate]:
    seen = values[~np.isnan(values)]
    responders, lost = int(seen.sum()), values.size - seen.size
    cases = (
        ("complete case", responders, seen.size, "Wilson interval; only the patients who were seen"),
        ("worst case", responders, values.size, "Wilson interval; nobody who was not seen responded"),
        (
            "best case",
            responders + lost,
            values.size,
            "Wilson interval; everybody who was not seen responded",
        ),
    )
    rows = []
    for method, x, n, note in cases:
        rate, (low, high) = (x / n, proportion(x, n, level=level)) if n else (math.nan, (math.nan, math.nan))
        rows.append(estimate_row(method, values, level, estimate=rate, lower=low, upper=high, note=note))
    return rows


def _weighted(
    data: FollowUpData, values: Floats, rate: bool, truncate: float | None, level: float
) -> Estimate:
    method = "inverse probability weights"
    predictors = np.column_stack([data.x1, data.predictors])
    try:
        weighting = inverse_probability_weights(~np.isnan(values), predictors, truncate=truncate)
    except ParameterError as error:
        return estimate_row(method, values, level, note=str(error))
    mean, low, high = weighted_mean(values, weighting.weights, level=level)
    if rate:
        low, high = max(low, 0.0), min(high, 1.0)
    note = f"normal interval; largest weight {weighting.largest:.2f}, effective n {weighting.effective_n:.1f}"
    if truncate is not None:
        note += f", {weighting.truncated} weights cut down to the {truncate:g} quantile"
    return estimate_row(method, values, level, estimate=mean, lower=low, upper=high, note=note)


def _imputed(
    data: FollowUpData,
    outcome: Callable[[Floats], Floats],
    rate: bool,
    imputations: int | None,
    seed: int,
    level: float,
) -> Estimate:
    method = "multiple imputation"
    values = outcome(data.x2)
    n = values.size
    lost = int(np.isnan(values).sum())
    if not n or lost == n:
        return estimate_row(method, values, level, note="after: nobody has a follow-up to learn from")
    if not lost:
        return estimate_row(method, values, level, note="nothing to impute: see the complete case")
    if n < 3:
        return estimate_row(method, values, level, note="before: fewer than 3 eligible patients")
    m = max(20, math.ceil(100 * lost / n)) if imputations is None else imputations
    predictors = np.column_stack([data.x1, data.predictors])
    try:
        drawn = impute(data.x2, predictors, other_visits=data.others, imputations=m, seed=seed)
    except ParameterError as error:
        return estimate_row(method, values, level, note=str(error))
    filled = np.stack([outcome(scores) for scores in drawn])
    means = filled.mean(axis=1)
    variances = means * (1 - means) / n if rate else filled.var(axis=1, ddof=1) / n
    pooled = pool(means, variances, complete_df=n - 1, level=level)
    low, high = (max(pooled.lower, 0.0), min(pooled.upper, 1.0)) if rate else (pooled.lower, pooled.upper)
    information = f"missing information {100 * pooled.missing_information:.0f} %"
    note = f"t interval, Rubin's rules; {m} imputations, {information}"
    return estimate_row(method, values, level, estimate=pooled.estimate, lower=low, upper=high, note=note)
