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
import warnings
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from ipm_outcomes._fence import fenced
from ipm_outcomes.change._arrays import (
    Booleans,
    Floats,
    Worse,
    better_sign,
    finite,
    normal_quantile,
    paired_arrays,
    positive,
    scores_array,
)
from ipm_outcomes.change._percent import ExactPairs, exact_pairs
from ipm_outcomes.change._thresholds import at_least, positive_exact, refuse_percent
from ipm_outcomes.change.anchor import fit_logistic
from ipm_outcomes.change.group import mean_change
from ipm_outcomes.definition import Instrument
from ipm_outcomes.errors import MissingExtraError, ParameterError, number_of

# Where no scale is named scores are floats; a difference this close to a threshold is equal to it.
_TOLERANCE = 1e-9
_CYCLES = 10


@dataclass(frozen=True, slots=True)
class Estimate:
    """One answer.

    Attributes
    ----------
    method : str
        "complete case", "worst case", "best case", "inverse probability weights", "multiple imputation",
        "mixed model".
    n_eligible, n_observed : int
        Patients with an evaluable baseline, and those of them with a follow-up.
    completeness : float
        n_observed / n_eligible; NaN where nobody is eligible.
    estimate, lower, upper : float
        Mean change (after - before, points) or responder rate (0 to 1), and interval; NaN where it cannot be
        had.
    level : float
        Confidence level.
    note : str
        How it was made, or why it could not be.

    """

    method: str
    n_eligible: int
    n_observed: int
    completeness: float
    estimate: float
    lower: float
    upper: float
    level: float
    note: str


@dataclass(frozen=True, eq=False, slots=True)
class Weights:
    """Inverse-probability weights.

    Attributes
    ----------
    weights : numpy.ndarray of float64
        One per patient; NaN for those without a follow-up.
    probabilities : numpy.ndarray of float64
        Fitted probability of a follow-up, for every patient.
    largest : float
        Largest weight, after truncation.
    effective_n : float
        Kish's effective number of patients, ``sum(w)^2 / sum(w^2)``.
    truncated : int
        Weights that were cut down.

    """

    weights: Floats
    probabilities: Floats
    largest: float
    effective_n: float
    truncated: int


class Pooled(NamedTuple):
    """Rubin's rules: pooled estimate, its total variance and degrees of freedom, the interval, and the share
    of missing
    information, ``(1 + 1/m) B / T``.
    """

    estimate: float
    variance: float
    df: float
    lower: float
    upper: float
    missing_information: float


@fenced
def inverse_probability_weights(
    observed: npt.ArrayLike, predictors: npt.ArrayLike, *, truncate: float | None = None
) -> Weights:
    """Weight the patients seen by the inverse of their probability of being seen.

    Parameters
    ----------
    observed : array_like of bool, shape (n,)
        Whether the patient has a follow-up.
    predictors : array_like, shape (n, p)
        Baseline score, age, sex, site columns and so on, all complete. A constant is added.
    truncate : float, optional
        Quantile of the weights, above 0 and below 1, to which larger weights are cut down, for example 0.99.

    Returns
    -------
    Weights

    Raises
    ------
    ParameterError
        If nobody is observed, a predictor is missing, some patients are certain not to be seen (no weight can
        stand for them), or the weight model does not settle.

    References
    ----------
    Seaman SR, White IR (2013), Stat Methods Med Res 22:278-295. Kish L (1965), Survey Sampling, for the
    effective number of patients.

    Examples
    --------
    >>> found = inverse_probability_weights([True, True, True, False], [[0], [0], [1], [1]])
    >>> found.weights.round(6).tolist(), round(found.effective_n, 3)
    ([1.0, 1.0, 2.0, nan], 2.667)

    """
    seen = np.asarray(observed)
    if seen.ndim != 1 or seen.dtype.kind != "b":
        raise ParameterError("observed: must be a row of True and False, one per patient")
    columns = _matrix("predictors", predictors, seen.size)
    _refuse_missing("predictors", columns)
    if truncate is not None and not 0 < finite("truncate", truncate) < 1:
        raise ParameterError("truncate: must lie between 0 and 1, for example 0.99")
    if not seen.any():
        raise ParameterError("observed: nobody has a follow-up, so nobody can stand for the others")
    if seen.all():
        probabilities = np.ones(seen.size)
    else:
        design = np.column_stack([np.ones(seen.size), columns])
        probabilities = fit_logistic(design, seen.astype(np.float64)).probabilities
        if probabilities.min() < 1e-6:
            raise ParameterError(
                "observed: by their predictors some patients were certain not to be seen; nobody can stand"
                " for them. Leave out the column that tells them apart, or report them apart"
            )
    weights = np.full(seen.size, np.nan)
    weights[seen] = 1 / probabilities[seen]
    truncated = 0
    if truncate is not None:
        cap = float(np.quantile(weights[seen], truncate))
        truncated = int((weights[seen] > cap).sum())
        weights[seen] = np.minimum(weights[seen], cap)
    used = weights[seen]
    return Weights(
        weights=weights,
        probabilities=probabilities,
        largest=float(used.max()),
        effective_n=float(used.sum() ** 2 / (used**2).sum()),
        truncated=truncated,
    )


@fenced
def weighted_mean(
    values: npt.ArrayLike, weights: npt.ArrayLike, *, level: float = 0.95
) -> tuple[float, float, float]:
    """Return Hajek's weighted mean and its normal interval with the linearized standard error.

    ``sum(w x) / sum(w)``, and ``sqrt(n / (n - 1) sum((w (x - mean) / sum(w))^2))`` over the n rows with both.

    Parameters
    ----------
    values, weights : array_like, shape (n,)
        NaN where not observed.
    level : float
        Confidence level.

    Returns
    -------
    tuple of float
        Mean, lower and upper end; NaN where there are too few rows.

    Raises
    ------
    ParameterError
        For arrays that do not match, or weights not above 0.

    References
    ----------
    Sarndal CE, Swensson B, Wretman J (1992), Model Assisted Survey Sampling, section 5.7.

    Examples
    --------
    >>> [round(x, 3) for x in weighted_mean([1, 2, 4], [1, 1, 2])]
    [2.75, 0.864, 4.636]

    """
    x, w = scores_array("values", values), scores_array("weights", weights)
    if x.size != w.size:
        raise ParameterError(
            f"values has {x.size} entries and weights {w.size}; give one of each per patient"
        )
    z = normal_quantile(level)
    both = ~np.isnan(x) & ~np.isnan(w)
    x, w = x[both], w[both]
    if np.any(w <= 0):
        raise ParameterError("weights: must be above 0")
    n = x.size
    if not n:
        return math.nan, math.nan, math.nan
    mean = float((w * x).sum() / w.sum())
    if n < 2:
        return mean, math.nan, math.nan
    se = math.sqrt(n / (n - 1) * float((((w * (x - mean)) / w.sum()) ** 2).sum()))
    return mean, mean - z * se, mean + z * se


@fenced
def pool(
    estimates: npt.ArrayLike, variances: npt.ArrayLike, *, complete_df: float = math.inf, level: float = 0.95
) -> Pooled:
    """Pool the results of imputed data sets by Rubin's rules.

    Parameters
    ----------
    estimates, variances : array_like, shape (m,)
        Estimate and squared standard error of each imputed data set.
    complete_df : float
        Degrees of freedom that the complete data would have had; it limits those of the pooled estimate.
    level : float
        Confidence level.

    Returns
    -------
    Pooled
        With T = mean variance + (1 + 1/m) B, B the variance between the estimates.

    Raises
    ------
    ParameterError
        For fewer than 2 data sets, or arrays that do not match.

    References
    ----------
    Rubin DB (1987), Multiple Imputation for Nonresponse in Surveys. Barnard J, Rubin DB (1999), Biometrika
    86:948-955, for the degrees of freedom.

    Examples
    --------
    >>> found = pool([1.0, 2.0, 3.0], [0.5, 0.5, 0.5])
    >>> found.estimate, round(found.variance, 4), round(found.missing_information, 4), round(found.df, 3)
    (2.0, 1.8333, 0.7273, 3.781)

    """
    from scipy.special import ndtri, stdtrit

    q, u = scores_array("estimates", estimates), scores_array("variances", variances)
    normal_quantile(level)
    m = q.size
    if m < 2 or u.size != m or np.isnan(q).any() or np.isnan(u).any():
        raise ParameterError("estimates and variances: must be equally long, at least 2, and complete")
    between = float(q.var(ddof=1))
    total = float(u.mean()) + (1 + 1 / m) * between
    share = (1 + 1 / m) * between / total if total > 0 else 0.0
    old = (m - 1) / share**2 if share > 0 else math.inf
    limit = math.inf
    if math.isfinite(complete_df):
        limit = (complete_df + 1) / (complete_df + 3) * complete_df * (1 - share)
    inverse = (0.0 if math.isinf(old) else 1 / old) + (
        0.0 if math.isinf(limit) else math.inf if limit <= 0 else 1 / limit
    )
    df = 1 / inverse if inverse > 0 else math.inf
    tail = 0.5 + level / 2
    quantile = math.nan if df <= 0 else float(ndtri(tail) if math.isinf(df) else stdtrit(df, tail))
    margin = quantile * math.sqrt(total)
    mean = float(q.mean())
    return Pooled(mean, total, df, mean - margin, mean + margin, share)


@fenced
def impute(
    after: npt.ArrayLike,
    predictors: npt.ArrayLike,
    *,
    other_visits: npt.ArrayLike | None = None,
    imputations: int,
    seed: int = 0,
) -> Floats:
    """Impute missing follow-up scores several times, by chained normal regressions.

    Each incomplete column is drawn from the regression on all other columns, with the coefficients and the
    variance drawn anew each time (a Bayesian draw with flat priors), in ten cycles per data set.

    Parameters
    ----------
    after : array_like, shape (n,)
        Follow-up scores; NaN or None where missing.
    predictors : array_like, shape (n, p)
        Complete columns: baseline score, covariates, site columns. A constant is added.
    other_visits : array_like, shape (n, k), optional
        Scores of other visits or other instruments that may themselves be missing; they are imputed along.
    imputations : int
        Number of data sets.
    seed : int
        Seed of NumPy's default generator.

    Returns
    -------
    numpy.ndarray of float64, shape (imputations, n)
        Observed scores as they were, missing ones drawn; not rounded and not kept within the scale.

    Raises
    ------
    ParameterError
        If there are too few observed scores, or patients unlike all observed ones (a site where nobody was
        seen): the regression says nothing about them.

    References
    ----------
    van Buuren S (2018), Flexible Imputation of Missing Data, 2nd ed., sections 3.2 and 4.5.

    Examples
    --------
    >>> impute([1, 2, 3, 5, None], [[1], [2], [3], [4], [5]], imputations=2).shape
    (2, 5)

    """
    y = scores_array("after", after)
    complete = _matrix("predictors", predictors, y.size)
    _refuse_missing("predictors", complete)
    others = np.empty((y.size, 0)) if other_visits is None else _matrix("other_visits", other_visits, y.size)
    _whole("imputations", imputations, 1)
    _whole("seed", seed, 0)
    table = np.column_stack([y, others])
    missing = np.isnan(table)
    fixed = np.column_stack([np.ones(y.size), complete])
    order = [j for j in np.argsort(missing.sum(axis=0), kind="stable") if missing[:, j].any()]
    generator = np.random.default_rng(seed)
    drawn = np.empty((imputations, y.size))
    for i in range(imputations):
        filled = table.copy()
        for j in order:
            known = table[~missing[:, j], j]
            if not known.size:
                raise ParameterError("after, other_visits: a visit has no score at all; leave it out")
            filled[missing[:, j], j] = generator.choice(known, int(missing[:, j].sum()))
        # One incomplete column needs no cycling: its predictors do not change.
        for _ in range(_CYCLES if len(order) > 1 else 1):
            for j in order:
                rest = np.column_stack([fixed, np.delete(filled, j, axis=1)])
                gap = missing[:, j]
                filled[gap, j] = _draw(rest[~gap], filled[~gap, j], rest[gap], generator)
        drawn[i] = filled[:, 0]
    return drawn


def _draw(known: Floats, target: Floats, wanted: Floats, generator: np.random.Generator) -> Floats:
    scale = np.abs(known).max(axis=0)
    scale[scale == 0] = 1.0
    left, singular, right = np.linalg.svd(known / scale, full_matrices=False)
    kept = singular > 1e-9 * singular[0]
    left, singular, right = left[:, kept], singular[kept], right[kept]
    freedom = target.size - singular.size
    if freedom < 1:
        raise ParameterError(
            f"after: {target.size} observed scores are too few for {singular.size} coefficients;"
            " use fewer columns"
        )
    scaled = wanted / scale
    # What lies outside the space of the observed rows has never been observed, and no coefficient speaks of
    # it.
    if np.abs(scaled - scaled @ right.T @ right).max(initial=0.0) > 1e-6:
        raise ParameterError(
            "after: some patients are unlike all observed ones (a group without any follow-up, say);"
            " leave out the column that tells them apart, or report them apart"
        )
    projected = left.T @ target
    residual = float(((target - left @ projected) ** 2).sum())
    sigma = math.sqrt(max(residual, 0.0) / generator.chisquare(freedom))
    coefficients = right.T @ ((projected + sigma * generator.standard_normal(singular.size)) / singular)
    values: Floats = scaled @ coefficients + sigma * generator.standard_normal(wanted.shape[0])
    return values


@fenced
def mixed_model(
    before: npt.ArrayLike,
    after: npt.ArrayLike,
    *,
    covariates: npt.ArrayLike | None = None,
    groups: npt.ArrayLike | None = None,
    other_visits: npt.ArrayLike | None = None,
    level: float = 0.95,
) -> Estimate:
    """Estimate the mean change by a model of the changes, at the mean baseline of *all* patients with a
    baseline.

    change ~ visit + visit:baseline + covariates + group, all but the visit centered on the eligible patients,
    by restricted maximum likelihood with a random intercept per patient over the visits. With one follow-up
    visit the model has no repeated measure and is an analysis of covariance. The baselines are taken as
    fixed, as least-squares means are, so the interval is for patients with these baselines.

    Parameters
    ----------
    before, after : array_like, shape (n,)
        Scores in points; NaN or None where missing. Patients without a baseline are not eligible.
    covariates : array_like, shape (n, p), optional
        Complete baseline covariates.
    groups : array_like, shape (n,), optional
        Site or other group, without gaps; enters as fixed effects.
    other_visits : array_like, shape (n, k), optional
        The same score at other follow-up visits; NaN or None where missing.
    level : float
        Confidence level.

    Returns
    -------
    Estimate

    Raises
    ------
    MissingExtraError
        Without statsmodels (extra ``models``).
    ParameterError
        For arrays that do not match, or data that do not determine the model.

    References
    ----------
    Mallinckrodt CH et al. (2008), Drug Inf J 42:303-319, for the model of clinical trials (MMRM). That one has an
    unstructured covariance of the visits and small-sample degrees of freedom; this one has a single variance, a
    single correlation and a normal interval, so it is no MMRM, and its mean is biased where dropout depends on
    earlier scores and correlations are not equal. With one follow-up visit the two are the same.

    Examples
    --------
    With one follow-up: the mean change of those seen, -5.6, moved by the slope -1.139 to the mean baseline of
    all, which lies 0.467 below theirs.

    >>> found = mixed_model([16, 12, 18, 9, 14, 11], [9, 10, 8, 9, 5, None])
    >>> round(found.estimate, 3), found.n_observed, found.n_eligible
    (-5.068, 5, 6)

    """
    data = _read(before, after, covariates, groups, other_visits)
    return _mixed(data.eligible_rows(np.ones(data.x1.size, dtype=np.bool_)), level)


class _Data(NamedTuple):
    x1: Floats
    x2: Floats
    predictors: Floats
    others: Floats

    def eligible_rows(self, keep: Booleans) -> _Data:
        rows = ~np.isnan(self.x1) & keep
        predictors = self.predictors[rows]
        _refuse_missing("covariates", predictors)
        return _Data(self.x1[rows], self.x2[rows], predictors, self.others[rows])


def _read(
    before: npt.ArrayLike,
    after: npt.ArrayLike,
    covariates: npt.ArrayLike | None,
    groups: npt.ArrayLike | None,
    other_visits: npt.ArrayLike | None,
) -> _Data:
    x1, x2 = paired_arrays(before, after)
    n = x1.size
    parts = [np.empty((n, 0)) if covariates is None else _matrix("covariates", covariates, n)]
    if groups is not None:
        parts.append(_indicators(groups, n))
    others = np.empty((n, 0)) if other_visits is None else _matrix("other_visits", other_visits, n)
    return _Data(x1, x2, np.column_stack(parts), others)


def _indicators(groups: npt.ArrayLike, n: int) -> Floats:
    labels = np.asarray(groups)
    if labels.ndim != 1 or labels.size != n:
        raise ParameterError("groups: must be one label per patient")
    if labels.dtype.kind == "f" and np.isnan(labels).any():
        raise ParameterError("groups: must have no gaps; give patients without a group a group of their own")
    try:
        names, which = np.unique(labels, return_inverse=True)
    except TypeError as error:
        raise ParameterError(
            "groups: must be of one kind, without gaps; name the patients without a group"
        ) from error
    indicators: Floats = (which[:, None] == np.arange(1, names.size)).astype(np.float64)
    return indicators


def _matrix(name: str, values: npt.ArrayLike, n: int) -> Floats:
    array = np.asarray(values)
    if array.ndim == 1:
        array = array[:, None]
    if array.ndim != 2 or array.shape[0] != n:
        raise ParameterError(f"{name}: must have one row per patient ({n}) and one column per variable")
    if not array.shape[1]:
        return np.empty((n, 0))
    if array.dtype.kind == "b":
        return array.astype(np.float64)
    return np.column_stack([scores_array(f"{name}, column {j}", array[:, j]) for j in range(array.shape[1])])


def _refuse_missing(name: str, columns: Floats) -> None:
    gaps = np.isnan(columns).any(axis=1)
    if gaps.any():
        raise ParameterError(
            f"{name}: missing for {number_of(int(gaps.sum()), 'patient')}; complete them, leave the column out,"
            " or give it as other_visits, which may have gaps"
        )


def _whole(name: str, value: Any, lowest: int) -> int:
    if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or value < lowest:
        raise ParameterError(f"{name}: must be a whole number of at least {lowest}")
    return int(value)


@fenced
def side_by_side(
    before: npt.ArrayLike,
    after: npt.ArrayLike,
    *,
    covariates: npt.ArrayLike | None = None,
    groups: npt.ArrayLike | None = None,
    other_visits: npt.ArrayLike | None = None,
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
        Definitions of one's own.
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
        _whole("imputations", imputations, 2)
    _whole("seed", seed, 0)
    if truncate is not None and not 0 < finite("truncate", truncate) < 1:
        raise ParameterError("truncate: must lie between 0 and 1, for example 0.99")
    everyone = _read(before, after, covariates, groups, other_visits)
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
            rows.append(_mixed(data, level))
        except (ParameterError, MissingExtraError) as error:
            rows.append(_row("mixed model", values, level, note=str(error)))
    return rows


def _row(
    method: str,
    values: Floats,
    level: float,
    *,
    estimate: float = math.nan,
    lower: float = math.nan,
    upper: float = math.nan,
    note: str,
) -> Estimate:
    eligible, observed = values.size, int((~np.isnan(values)).sum())
    completeness = observed / eligible if eligible else math.nan
    return Estimate(method, eligible, observed, completeness, estimate, lower, upper, level, note)


def _exactly(
    before: npt.ArrayLike,
    after: npt.ArrayLike,
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


def _mean_row(method: str, data: _Data, after: Floats, note: str, level: float) -> Estimate:
    found = mean_change(data.x1, after, level=level)
    return _row(
        method, data.x2, level, estimate=found.mean, lower=found.lower, upper=found.upper,
        note=f"t interval; {note}",
    )  # fmt: skip


def _mean_bounds(data: _Data, exact: ExactPairs | None, level: float) -> list[Estimate]:
    """The mean change if all who were not seen ended at the worst, or at the best, score of the scale."""
    if exact is None or exact.scale.range is None:
        return []
    low, high = map(float, exact.scale.range)
    worst, best = (high, low) if exact.scale.worse == "higher" else (low, high)
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
        rate, (low, high) = (x / n, _wilson(x, n, level)) if n else (math.nan, (math.nan, math.nan))
        rows.append(_row(method, values, level, estimate=rate, lower=low, upper=high, note=note))
    return rows


def _wilson(x: int, n: int, level: float) -> tuple[float, float]:
    from scipy.stats import binomtest

    interval = binomtest(x, n).proportion_ci(confidence_level=level, method="wilson")
    return float(interval.low), float(interval.high)


def _weighted(data: _Data, values: Floats, rate: bool, truncate: float | None, level: float) -> Estimate:
    method = "inverse probability weights"
    predictors = np.column_stack([data.x1, data.predictors])
    try:
        found = inverse_probability_weights(~np.isnan(values), predictors, truncate=truncate)
    except ParameterError as error:
        return _row(method, values, level, note=str(error))
    mean, low, high = weighted_mean(values, found.weights, level=level)
    if rate:
        low, high = max(low, 0.0), min(high, 1.0)
    note = f"normal interval; largest weight {found.largest:.2f}, effective n {found.effective_n:.1f}"
    if truncate is not None:
        note += f", {found.truncated} weights cut down to the {truncate:g} quantile"
    return _row(method, values, level, estimate=mean, lower=low, upper=high, note=note)


def _imputed(
    data: _Data,
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
        return _row(method, values, level, note="after: nobody has a follow-up to learn from")
    if not lost:
        return _row(method, values, level, note="nothing to impute: see the complete case")
    if n < 3:
        return _row(method, values, level, note="before: fewer than 3 eligible patients")
    m = max(20, math.ceil(100 * lost / n)) if imputations is None else imputations
    predictors = np.column_stack([data.x1, data.predictors])
    try:
        drawn = impute(data.x2, predictors, other_visits=data.others, imputations=m, seed=seed)
    except ParameterError as error:
        return _row(method, values, level, note=str(error))
    filled = np.stack([outcome(scores) for scores in drawn])
    means = filled.mean(axis=1)
    variances = means * (1 - means) / n if rate else filled.var(axis=1, ddof=1) / n
    found = pool(means, variances, complete_df=n - 1, level=level)
    low, high = (max(found.lower, 0.0), min(found.upper, 1.0)) if rate else (found.lower, found.upper)
    information = f"missing information {100 * found.missing_information:.0f} %"
    note = f"t interval, Rubin's rules; {m} imputations, {information}"
    return _row(method, values, level, estimate=found.estimate, lower=low, upper=high, note=note)


def _mixed(data: _Data, level: float) -> Estimate:
    try:
        import statsmodels.api as sm
    except ImportError as error:
        raise MissingExtraError("The mixed model", "models") from error
    normal_quantile(level)
    visits = np.column_stack([data.x2, data.others])
    k = visits.shape[1]
    seen = ~np.isnan(visits)
    if not seen[:, 0].any():
        raise ParameterError("after: nobody has a follow-up to learn from")
    centered = np.column_stack([data.x1, data.predictors])
    centered = centered - centered.mean(axis=0)
    who, visit = np.nonzero(seen)
    change = visits[seen] - data.x1[who]
    indicator = (visit[:, None] == np.flatnonzero(seen.any(axis=0))).astype(np.float64)
    design = np.column_stack([indicator, indicator * centered[who, :1], centered[who, 1:]])
    # Columns that do not vary say nothing; those that depend on each other cannot be told apart.
    design = design[:, np.any(design != 0, axis=0)]
    freedom = change.size - design.shape[1]
    if freedom < 1 or np.linalg.matrix_rank(design) < design.shape[1]:
        raise ParameterError(
            "after: the observed changes do not determine the model (too few of them, or columns that depend"
            " on each other, such as a group without any follow-up); use fewer columns"
        )
    warned = ""
    repeated = k > 1 and np.unique(who).size < who.size
    if repeated:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            try:
                fit = sm.MixedLM(change, design, groups=who).fit(reml=True)
            except np.linalg.LinAlgError as error:
                raise ParameterError("after: the mixed model cannot be solved; use fewer columns") from error
        if not fit.converged:
            raise ParameterError("after: the mixed model did not converge; use fewer columns or fewer visits")
        mean, se = float(fit.fe_params[0]), float(fit.bse_fe[0])
        margin = normal_quantile(level) * se
        note = "normal interval; random intercept per patient, restricted likelihood, at the mean baseline"
        # What the library warned of (a variance at its boundary, say) weakens the figure, and belongs to it.
        warned = "".join(
            f"; statsmodels warns: {told}" for told in dict.fromkeys(str(w.message) for w in caught)
        )
    else:
        ols = sm.OLS(change, design).fit()
        low, high = ols.conf_int(alpha=1 - level)[0]
        mean, margin = float(ols.params[0]), float(high - low) / 2
        note = "t interval; one follow-up visit, so an analysis of covariance, at the mean baseline"
    note += f" of all eligible patients, taken as fixed{warned}"
    return _row(
        "mixed model", data.x2, level, estimate=mean, lower=mean - margin, upper=mean + margin, note=note
    )
