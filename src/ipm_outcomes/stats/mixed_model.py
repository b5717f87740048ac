"""A model of repeated scores, for a mean change where follow-up is incomplete."""

from __future__ import annotations

import math
import warnings
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from ipm_outcomes._fence import fenced
from ipm_outcomes.errors import MissingExtraError, ParameterError
from ipm_outcomes.stats.arguments import (
    Booleans,
    Floats,
    matrix_of,
    normal_quantile,
    paired_arrays,
    refuse_missing,
)


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

    Examples
    --------
    >>> from ipm_outcomes import change
    >>> result = change.mixed_model([16, 12, 18, 9, 14, 11], [9, 10, 8, 9, 5, None])
    >>> result.method, result.n_observed, result.n_eligible
    ('mixed model', 5, 6)
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


class FollowUpData(NamedTuple):
    """Scores before and after, predictors without gaps, and the same score at other visits, one row a patient."""

    x1: Floats
    x2: Floats
    predictors: Floats
    others: Floats

    def eligible_rows(self, keep: Booleans) -> FollowUpData:
        """The patients to keep who have a baseline; their predictors must be complete."""
        rows = ~np.isnan(self.x1) & keep
        predictors = self.predictors[rows]
        refuse_missing("covariates", predictors)
        return FollowUpData(self.x1[rows], self.x2[rows], predictors, self.others[rows])


def read_follow_up(
    before: ArrayLike,
    after: ArrayLike,
    covariates: ArrayLike | None,
    groups: ArrayLike | None,
    other_visits: ArrayLike | None,
) -> FollowUpData:
    """Check the arrays of one question and put them side by side."""
    x1, x2 = paired_arrays(before, after)
    n = x1.size
    parts = [np.empty((n, 0)) if covariates is None else matrix_of("covariates", covariates, n)]
    if groups is not None:
        parts.append(_indicators(groups, n))
    others = np.empty((n, 0)) if other_visits is None else matrix_of("other_visits", other_visits, n)
    return FollowUpData(x1, x2, np.column_stack(parts), others)


def _indicators(groups: ArrayLike, n: int) -> Floats:
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


@fenced
def mixed_model(
    before: ArrayLike,
    after: ArrayLike,
    *,
    covariates: ArrayLike | None = None,
    groups: ArrayLike | None = None,
    other_visits: ArrayLike | None = None,
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

    >>> result = mixed_model([16, 12, 18, 9, 14, 11], [9, 10, 8, 9, 5, None])
    >>> round(result.estimate, 3), result.n_observed, result.n_eligible
    (-5.068, 5, 6)

    """
    data = read_follow_up(before, after, covariates, groups, other_visits)
    return fitted_mean(data.eligible_rows(np.ones(data.x1.size, dtype=np.bool_)), level)


def estimate_row(
    method: str,
    values: Floats,
    level: float,
    *,
    estimate: float = math.nan,
    lower: float = math.nan,
    upper: float = math.nan,
    note: str,
) -> Estimate:
    """One answer, with how many of the values were observed."""
    eligible, observed = values.size, int((~np.isnan(values)).sum())
    completeness = observed / eligible if eligible else math.nan
    return Estimate(method, eligible, observed, completeness, estimate, lower, upper, level, note)


def fitted_mean(data: FollowUpData, level: float) -> Estimate:
    """The mean change at the mean baseline, by a mixed model, or by an analysis of covariance of one visit."""
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
    # Columns that do not vary say nothing; those that depend on each other cannot be distinguished.
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
            f"; statsmodels warns: {message}" for message in dict.fromkeys(str(w.message) for w in caught)
        )
    else:
        ols = sm.OLS(change, design).fit()
        low, high = ols.conf_int(alpha=1 - level)[0]
        mean, margin = float(ols.params[0]), float(high - low) / 2
        note = "t interval; one follow-up visit, so an analysis of covariance, at the mean baseline"
    note += f" of all eligible patients, taken as fixed{warned}"
    return estimate_row(
        "mixed model", data.x2, level, estimate=mean, lower=mean - margin, upper=mean + margin, note=note
    )
