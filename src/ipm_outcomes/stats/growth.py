"""Reliable change over three or more visits, by each patient's own slope."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ipm_outcomes._fence import fenced
from ipm_outcomes.errors import ParameterError
from ipm_outcomes.stats.arguments import (
    Booleans,
    Floats,
    Worse,
    better_sign,
    normal_quantile,
    positive,
    scores_array,
)
from ipm_outcomes.stats.classes import Judged
from ipm_outcomes.stats.limits import directions

_Array: TypeAlias = NDArray[Any]


@dataclass(frozen=True, eq=False, slots=True)
class GrowthCurve(Judged):
    """What `growth_curve` found; arrays have one entry per patient, in the order of `patients`.

    Attributes
    ----------
    patients : numpy.ndarray
        The distinct patients, sorted. Patients who cannot be evaluated are kept.
    visits : numpy.ndarray of int64
        Number of scores of the patient.
    slope : numpy.ndarray of float64
        Total slope of the patient, fixed plus random, in points per unit of time; NaN where not evaluable.
    random_slope : numpy.ndarray of float64
        Only the patient's departure from the average slope.
    standard_error : numpy.ndarray of float64
        Conditional standard deviation of the slope, given the fixed effects and variances.
    index : numpy.ndarray of float64
        ``slope / standard_error``.
    direction : numpy.ndarray of int8
        +1 reliable improvement, -1 reliable worsening, 0 neither or not evaluable.
    evaluable : numpy.ndarray of bool
        At least 3 scores, and slopes that vary between patients.
    before, after : numpy.ndarray of float64
        First and last score of the patient.
    fixed_intercept, fixed_slope : float
        Average line of the patients.
    covariance : numpy.ndarray of float64, shape (2, 2)
        Covariance of the patients' intercepts and slopes.
    residual_variance : float
        Variance of a score about the patient's own line.
    critical : float
        The value that the index must exceed.
    worse : str
        "higher" or "lower".

    Examples
    --------
    >>> from ipm_outcomes import change
    >>> result = change.growth_curve([1] * 3 + [2] * 3 + [3] * 3, [0, 1, 2] * 3, [9, 7, 6, 9, 4, 2, 8, 8, 7])
    >>> result.visits.tolist(), round(result.fixed_slope, 3)
    ([3, 3, 3], -1.833)
    """

    patients: NDArray[Any]
    visits: NDArray[np.int64]
    slope: Floats
    random_slope: Floats
    standard_error: Floats
    index: Floats
    direction: NDArray[np.int8]
    evaluable: Booleans
    before: Floats
    after: Floats
    fixed_intercept: float
    fixed_slope: float
    covariance: Floats
    residual_variance: float
    critical: float
    worse: str


@fenced
def growth_curve(
    patients: ArrayLike,
    times: ArrayLike,
    values: ArrayLike,
    *,
    worse: Worse = "higher",
    critical: float | None = None,
) -> GrowthCurve:
    """Reliable change over three or more visits: each patient's own slope against its uncertainty.

    A linear mixed model with a random intercept and a random slope per patient is fitted by restricted
    maximum likelihood to the patients with at least 3 scores. The index is the empirical-Bayes *total* slope
    (average slope plus the patient's departure) over its conditional standard deviation. (An R package tests
    the departure alone; its "improved" means faster than the average patient. `random_slope` holds that
    figure.)

    Parameters
    ----------
    patients : array_like, shape (n,)
        Patient of each row.
    times : array_like, shape (n,)
        Time of each row, a number in any unit; none may be missing where there is a score.
    values : array_like, shape (n,)
        Score of each row, in points; NaN or None where missing.
    worse : {"higher", "lower"}
        Whether a higher or a lower score is worse.
    critical : float, optional
        Default 1.959964.

    Returns
    -------
    GrowthCurve

    Raises
    ------
    ParameterError
        For arrays that do not match, missing times, or data from which the model cannot be estimated.

    References
    ----------
    Speer DC, Greenbaum PE (1995), J Consult Clin Psychol 63:1044-1048.

    Examples
    --------
    >>> result = growth_curve([1] * 3 + [2] * 3 + [3] * 3, [0, 1, 2] * 3, [9, 7, 6, 9, 4, 2, 8, 8, 7])
    >>> round(result.fixed_slope, 3)
    -1.833

    """
    sign = better_sign(worse)
    limit = normal_quantile(0.95) if critical is None else positive("critical", critical)
    time, value = scores_array("times", times), scores_array("values", values)
    people = np.asarray(patients)
    if people.ndim != 1 or not people.size == time.size == value.size:
        raise ParameterError("patients, times and values: must be equally long rows, one entry per score")
    lost = np.flatnonzero(np.isnan(time) & ~np.isnan(value))
    if lost.size:
        raise ParameterError(f"times: missing at position {lost[0]} (counted from 0), where there is a score")
    try:
        names, who = np.unique(people, return_inverse=True)
    except TypeError as error:
        raise ParameterError("patients: must all be of one kind, without None") from error

    seen = ~np.isnan(value)
    visits = np.bincount(who[seen], minlength=names.size).astype(np.int64)
    before, after = _first_and_last(who[seen], time[seen], value[seen], names.size)
    rows = seen & (visits[who] >= 3)
    fitted = np.flatnonzero(visits >= 3)
    compact = np.searchsorted(fitted, who[rows])
    fit = _fit_lines(compact, time[rows], value[rows], fitted.size)

    slope = np.full(names.size, np.nan)
    random_slope, error_, index = slope.copy(), slope.copy(), slope.copy()
    # Where slopes do not vary between patients the conditional SD is 0 and no patient can be distinguished from the
    # average.
    if fit.slope_varies:
        random_slope[fitted] = fit.random_slope
        error_[fitted] = fit.conditional_sd
        slope[fitted] = fit.fixed_slope + fit.random_slope
        index[fitted] = slope[fitted] / error_[fitted]
    return GrowthCurve(
        patients=names,
        visits=visits,
        slope=slope,
        random_slope=random_slope,
        standard_error=error_,
        index=index,
        direction=directions(index, limit, sign),
        evaluable=~np.isnan(index),
        before=before,
        after=after,
        fixed_intercept=fit.fixed_intercept,
        fixed_slope=fit.fixed_slope,
        covariance=fit.covariance,
        residual_variance=fit.residual_variance,
        critical=limit,
        worse=worse,
    )


def _first_and_last(who: NDArray[np.intp], time: Floats, value: Floats, count: int) -> tuple[Floats, Floats]:
    first, last = np.full(count, np.nan), np.full(count, np.nan)
    order = np.lexsort((time, who))
    # Assigning in order leaves the last one standing, and in reverse order the first.
    last[who[order]] = value[order]
    backward = order[::-1]
    first[who[backward]] = value[backward]
    return first, last


class _Lines(NamedTuple):
    fixed_intercept: float
    fixed_slope: float
    random_slope: _Array
    conditional_sd: _Array
    covariance: _Array
    residual_variance: float
    slope_varies: bool


def _fit_lines(who: NDArray[np.intp], time: Floats, value: Floats, count: int) -> _Lines:
    from scipy.optimize import minimize

    center = float(time.mean()) if time.size else 0.0
    spread = float(time.std()) if time.size else 0.0
    if count < 2 or spread == 0 or float(value.std()) == 0:
        raise ParameterError(
            "values: the growth curve needs at least 2 patients with 3 scores each, at differing times"
            " and not all equal"
        )
    # Time is standardized for the numerics; the model is the same in any unit of time.
    z, origin = (time - center) / spread, float(value.mean())
    y = value - origin
    ones = np.bincount(who, minlength=count).astype(np.float64)
    sz, szz = np.bincount(who, z, count), np.bincount(who, z * z, count)
    gram = np.stack([np.stack([ones, sz], -1), np.stack([sz, szz], -1)], -2)
    cross = np.stack([np.bincount(who, y, count), np.bincount(who, z * y, count)], -1)[..., None]
    square = float(y @ y)
    freedom = y.size - 2

    def parts(root: Floats) -> tuple[_Array, _Array, _Array, float, float]:
        lower = np.array([[root[0], 0.0], [root[1], root[2]]])
        relative = lower @ lower.T
        # V_i^-1 through the 2 x 2 inverse: Z'V^-1 Z = A (I + G A)^-1, and so on, with A = Z'Z and G relative
        # to sigma^2.
        inner = np.linalg.inv(np.eye(2) + gram @ relative)
        shrink = relative @ inner
        information = inner @ gram
        total = information.sum(0)
        right = (inner @ cross).sum(0)
        beta = np.linalg.solve(total, right)
        quadratic = (
            square - float((cross.swapaxes(-1, -2) @ shrink @ cross).sum()) - float((right.T @ beta)[0, 0])
        )
        logdet = -float(np.linalg.slogdet(inner)[1].sum()) + float(np.linalg.slogdet(total)[1])
        return relative, shrink, beta, quadratic, logdet

    def deviance(root: Floats) -> float:
        *_, quadratic, logdet = parts(root)
        return freedom * math.log(max(quadratic, 1e-300)) + logdet

    bounds = [(0, None), (None, None), (0, None)]
    starts = ((1.0, 0.0, 1.0), (0.5, 0.0, 0.1), (2.0, -0.3, 0.5))
    rough = min(
        (minimize(deviance, start, method="L-BFGS-B", bounds=bounds) for start in starts),
        key=lambda result: float(result.fun),
    )
    best = minimize(
        deviance,
        rough.x,
        method="Nelder-Mead",
        bounds=bounds,
        options={"xatol": 1e-8, "fatol": 1e-10, "maxiter": 4000},
    )
    relative, shrink, beta, quadratic, _ = parts(best.x)
    variance = quadratic / freedom
    if not variance > 1e-12 * float(y.var()):
        raise ParameterError(
            "values: every patient's scores lie on a straight line; there is no error to test a slope with"
        )
    effects = shrink @ (cross - gram @ beta)
    conditional = variance * shrink
    back = np.array([[1.0, -center / spread], [0.0, 1.0 / spread]])
    return _Lines(
        fixed_intercept=float(origin + beta[0, 0] - beta[1, 0] * center / spread),
        fixed_slope=float(beta[1, 0]) / spread,
        random_slope=effects[:, 1, 0] / spread,
        conditional_sd=np.sqrt(np.maximum(conditional[:, 1, 1], 0.0)) / spread,
        covariance=back @ (variance * relative) @ back.T,
        residual_variance=variance,
        slope_varies=bool(relative[1, 1] > 1e-8),
    )
