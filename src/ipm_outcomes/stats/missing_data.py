"""Statistics of incomplete data: weights by the inverse probability of being seen, and multiple imputation.

Both assume that patients with the same predictors were lost at random.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from ipm_outcomes._fence import fenced
from ipm_outcomes.errors import ParameterError
from ipm_outcomes.stats.arguments import (
    Floats,
    finite,
    matrix_of,
    normal_quantile,
    refuse_missing,
    scores_array,
    whole_number,
)
from ipm_outcomes.stats.logistic import fit_logistic, singular_parts

_CYCLES = 10


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

    Examples
    --------
    >>> from ipm_outcomes import change
    >>> result = change.inverse_probability_weights([True, True, True, False], [[0], [0], [1], [1]])
    >>> result.weights.round(6).tolist(), round(result.effective_n, 3)
    ([1.0, 1.0, 2.0, nan], 2.667)
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

    Examples
    --------
    >>> from ipm_outcomes import change
    >>> result = change.pool([1.0, 2.0, 3.0], [0.5, 0.5, 0.5])
    >>> result.estimate, round(result.variance, 4)
    (2.0, 1.8333)
    """

    estimate: float
    variance: float
    df: float
    lower: float
    upper: float
    missing_information: float


@fenced
def inverse_probability_weights(
    observed: ArrayLike, predictors: ArrayLike, *, truncate: float | None = None
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
    >>> result = inverse_probability_weights([True, True, True, False], [[0], [0], [1], [1]])
    >>> result.weights.round(6).tolist(), round(result.effective_n, 3)
    ([1.0, 1.0, 2.0, nan], 2.667)

    """
    seen = np.asarray(observed)
    if seen.ndim != 1 or seen.dtype.kind != "b":
        raise ParameterError("observed: must be a row of True and False, one per patient")
    columns = matrix_of("predictors", predictors, seen.size)
    refuse_missing("predictors", columns)
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
                " for them. Leave out the column that distinguishes them, or report them apart"
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
    values: ArrayLike, weights: ArrayLike, *, level: float = 0.95
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
    estimates: ArrayLike, variances: ArrayLike, *, complete_df: float = math.inf, level: float = 0.95
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
    >>> result = pool([1.0, 2.0, 3.0], [0.5, 0.5, 0.5])
    >>> result.estimate, round(result.variance, 4), round(result.missing_information, 4), round(result.df, 3)
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
    after: ArrayLike,
    predictors: ArrayLike,
    *,
    other_visits: ArrayLike | None = None,
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
    complete = matrix_of("predictors", predictors, y.size)
    refuse_missing("predictors", complete)
    others = (
        np.empty((y.size, 0)) if other_visits is None else matrix_of("other_visits", other_visits, y.size)
    )
    whole_number("imputations", imputations, 1)
    whole_number("seed", seed, 0)
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
    scale, left, singular, right = singular_parts(known, 1e-9)
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
            " leave out the column that distinguishes them, or report them apart"
        )
    projected = left.T @ target
    residual = float(((target - left @ projected) ** 2).sum())
    sigma = math.sqrt(max(residual, 0.0) / generator.chisquare(freedom))
    coefficients = right.T @ ((projected + sigma * generator.standard_normal(singular.size)) / singular)
    values: Floats = scaled @ coefficients + sigma * generator.standard_normal(wanted.shape[0])
    return values
