"""Indirect standardization of sites."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Literal, overload

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ipm_outcomes._fence import fenced
from ipm_outcomes.errors import ParameterError, choice, number_of
from ipm_outcomes.stats import intervals
from ipm_outcomes.stats.arguments import Floats, Ints, level_of, normal_quantile, numbers, refuse
from ipm_outcomes.stats.logistic import fit_logistic

# Peduzzi et al., J Clin Epidemiol 1996;49:1373-1379.
_EVENTS_PER_COVARIATE = 10


@dataclass(frozen=True, slots=True, eq=False)
class StandardizedRates:
    """Observed against expected events, site by site.

    Attributes
    ----------
    site : array
        Labels, sorted; all arrays below follow it.
    n : int64 array
        Patients.
    observed, expected : float64 arrays
        Events seen, and events that the program's model expects of these patients.
    ratio, ratio_low, ratio_high : float64 arrays
        Observed over expected with its interval; NaN where nothing is expected.
    adjusted, adjusted_low, adjusted_high : float64 arrays
        Risk-adjusted rate: ratio times the overall rate, at most 1.
    overall : float
        Rate of the whole program.
    coefficients : float64 array
        Intercept and one coefficient per covariate, on the logit; empty when no model was fitted.
    level, method : float, str
        Of the intervals.
    notes : tuple of str
        What a reader must know.

    Examples
    --------
    >>> import numpy as np
    >>> from ipm_outcomes.stats import sites
    >>> result = sites.standardize([1, 1, 1, 0, 0, 0], np.empty((6, 0)), list("AAAABB"))
    >>> result.observed.tolist(), result.expected.round(6).tolist()
    ([3.0, 0.0], [2.0, 1.0])
    """

    site: NDArray[Any]
    n: Ints
    observed: Floats
    expected: Floats
    ratio: Floats
    ratio_low: Floats
    ratio_high: Floats
    adjusted: Floats
    adjusted_low: Floats
    adjusted_high: Floats
    overall: float
    coefficients: Floats
    level: float
    method: str
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True, eq=False)
class StandardizedMeans:
    """Observed against expected means, site by site.

    Attributes
    ----------
    site : array
        Labels, sorted; all arrays below follow it.
    n : int64 array
        Patients.
    observed, expected : float64 arrays
        Mean seen, and mean that the program's model expects of these patients.
    difference, low, high : float64 arrays
        Observed less expected with its interval.
    adjusted, adjusted_low, adjusted_high : float64 arrays
        The difference added to the overall mean.
    overall : float
        Mean of the whole program.
    residual_sd : float
        Standard deviation of what the model leaves, pooled over all sites.
    coefficients : float64 array
        Intercept and one coefficient per covariate.
    level, method : float, str
        Of the intervals.
    notes : tuple of str
        What a reader must know.

    Examples
    --------
    >>> import numpy as np
    >>> from ipm_outcomes.stats import sites
    >>> result = sites.standardize([3, 5, 1, 3], np.empty((4, 0)), list("AABB"), "continuous")
    >>> result.observed.tolist(), result.expected.round(6).tolist()
    ([4.0, 2.0], [3.0, 3.0])
    """

    site: NDArray[Any]
    n: Ints
    observed: Floats
    expected: Floats
    difference: Floats
    low: Floats
    high: Floats
    adjusted: Floats
    adjusted_low: Floats
    adjusted_high: Floats
    overall: float
    residual_sd: float
    coefficients: Floats
    level: float
    method: str
    notes: tuple[str, ...]


def _labels(site: ArrayLike, size: int) -> tuple[NDArray[Any], NDArray[np.intp]]:
    array = np.asarray(site)
    if array.shape != (size,):
        raise ParameterError(f"site has shape {array.shape}; it must hold one label per patient ({size})")
    if array.dtype.kind == "O":
        kinds = {type(label) for label in array}
        if kinds <= {str}:
            array = array.astype(np.str_)
        elif kinds <= {int}:
            array = array.astype(np.int64)
        else:
            bad = next(i for i, label in enumerate(array) if type(label) not in (str, int))
            raise ParameterError(
                f"site[{bad}] is of kind {type(array[bad]).__name__}; labels must be all text or all whole "
                "numbers, and patients without a site must be left out and counted"
            )
    if array.dtype.kind == "f":
        refuse(
            "site",
            array.astype(np.float64),
            ~np.isfinite(array),
            "leave out patients without a site, and say how many",
        )
    labels, index = np.unique(array, return_inverse=True)
    return labels, index


def _scaled(covariates: Floats) -> tuple[Floats, Floats, Floats]:
    """The design matrix (intercept first) of centered and scaled covariates, with the centers and scales."""
    n, k = covariates.shape
    if n <= k + 1:
        raise ParameterError(
            f"covariates: {number_of(n, 'patient')} are too few for {k} covariates; use fewer"
        )
    center = covariates.mean(axis=0)
    scale = covariates.std(axis=0)
    flat = scale <= 1e-12 * np.maximum(1.0, np.abs(center))
    if flat.any():
        raise ParameterError(
            f"covariates: column {int(np.argmax(flat))} has one value for all patients; leave it out"
        )
    scaled = (covariates - center) / scale
    if k:
        left = np.abs(np.diagonal(np.linalg.qr(scaled / math.sqrt(n), mode="r")))
        if (left < 1e-8).any():
            column = int(np.argmax(left < 1e-8))
            raise ParameterError(
                f"covariates: column {column} follows from the columns before it; leave one of them out"
            )
    return np.column_stack([np.ones(n), scaled]), center, scale


def _unscaled(coefficients: Floats, center: Floats, scale: Floats) -> Floats:
    slopes = coefficients[1:] / scale
    return np.concatenate([[coefficients[0] - slopes @ center], slopes])


def _sums(index: NDArray[np.intp], values: Floats, size: int) -> Floats:
    return np.bincount(index, weights=values, minlength=size).astype(np.float64)


@overload
def standardize(
    observed: ArrayLike,
    covariates: ArrayLike,
    site: ArrayLike,
    kind: Literal["binary"] = ...,
    *,
    method: str | None = ...,
    level: float = ...,
) -> StandardizedRates: ...
@overload
def standardize(
    observed: ArrayLike,
    covariates: ArrayLike,
    site: ArrayLike,
    kind: Literal["continuous"],
    *,
    method: str | None = ...,
    level: float = ...,
) -> StandardizedMeans: ...
@fenced
def standardize(
    observed: ArrayLike,
    covariates: ArrayLike,
    site: ArrayLike,
    kind: str = "binary",
    *,
    method: str | None = None,
    level: float = 0.95,
) -> StandardizedRates | StandardizedMeans:
    """Indirect standardization: what each site saw against what the program's model expects of its patients.

    One model, without site, is fitted on all patients; its predictions, added up per site, are expected.

    Parameters
    ----------
    observed : array, one value per patient
        The outcome: 0 and 1 (or booleans) when binary, any number when continuous (such as improvement).
    covariates : array of float, patients x covariates, or one-dimensional for a single one
        Baseline case mix, without intercept; categories as 0/1 columns with one left out.
    site : array of labels, one per patient
    kind : {"binary", "continuous"}
        Logistic or linear model.
    method : {"byar", "exact", "binomial"}, for binary outcomes
        Interval of the observed number: Poisson by Byar (the default) or exact, both of which are too wide
        when the outcome is common; or normal with the binomial variance, the sum of ``e (1 - e)``. A
        continuous outcome has "t" only: the pooled residual standard deviation over the square root of n.
    level : float
        Confidence level, between 0 and 1.

    Returns
    -------
    StandardizedRates or StandardizedMeans
        Expected is treated as known: its own error, small against that of one site, is not in the interval.

    Raises
    ------
    ParameterError
        If lengths differ, a value is missing or not finite, a binary outcome holds something else than 0 and
        1, covariates are redundant or more than the patients allow, or they separate the outcomes.

    References
    ----------
    Breslow and Day, Statistical Methods in Cancer Research II, IARC 1987 (indirect standardization, Byar).

    Examples
    --------
    Without covariates the expected rate is the overall one: 3 of 6, so 2 of 4 and 1 of 2.

    >>> import numpy as np
    >>> r = standardize([1, 1, 1, 0, 0, 0], np.empty((6, 0)), list("AAAABB"))
    >>> r.observed.tolist(), np.round(r.expected, 6).tolist(), np.round(r.ratio, 6).tolist()
    ([3.0, 0.0], [2.0, 1.0], [1.5, 0.0])

    """
    choice(kind, ("binary", "continuous"), "kind")
    allowed = ("byar", "exact", "binomial") if kind == "binary" else ("t",)
    method = allowed[0] if method is None else method
    choice(method, allowed)
    level = level_of(level)
    given = np.asarray(observed)
    y = given.astype(np.float64) if given.dtype.kind == "b" else numbers("observed", observed)
    if y.ndim != 1:
        raise ParameterError(f"observed has shape {y.shape}; it must hold one value per patient")
    refuse("observed", y, ~np.isfinite(y), "leave out patients without an outcome, and say how many")
    x = numbers("covariates", covariates)
    if x.ndim == 1:
        x = x[:, None]
    if x.ndim != 2 or x.shape[0] != y.size:
        raise ParameterError(f"covariates has shape {x.shape}; it must have one row per patient ({y.size})")
    refuse("covariates", x, ~np.isfinite(x), "leave out patients without baseline values, and say how many")
    labels, index = _labels(site, y.size)
    if kind == "binary":
        refuse("observed", y, (y != 0) & (y != 1), "a binary outcome is 0 or 1")
        return _rates(y, x, labels, index, method, level)
    return _means(y, x, labels, index, level)


def _rates(
    y: Floats, x: Floats, labels: NDArray[Any], index: NDArray[np.intp], method: str, level: float
) -> StandardizedRates:
    notes: list[str] = []
    events = float(y.sum())
    coefficients = np.empty(0)
    if y.size == 0:
        notes.append("There are no patients.")
        fitted = np.empty(0)
    elif events in (0.0, float(y.size)):
        notes.append(f"Every outcome is {int(y[0])}: there is nothing to adjust for, so no model was fitted.")
        fitted = y.copy()
    else:
        design, center, scale = _scaled(x)
        fit = fit_logistic(design, y)
        if fit.separated:
            raise ParameterError(
                "the logistic model has no finite estimate: a covariate, or several together, separate the "
                "patients with the outcome from those without; leave such a covariate out or merge its categories"
            )
        fitted = fit.probabilities
        coefficients = _unscaled(fit.coefficients, center, scale)
        # With an intercept the likelihood equations make both sums equal; if not, the fit is not the maximum.
        if abs(fitted.sum() - events) > 1e-6 * max(1.0, events):
            raise ParameterError("the logistic model did not reach its maximum; use fewer covariates")
        if x.shape[1] and min(events, y.size - events) < _EVENTS_PER_COVARIATE * x.shape[1]:
            notes.append(
                f"The rarer outcome was seen {number_of(int(min(events, y.size - events)), 'time')}, fewer than "
                f"{_EVENTS_PER_COVARIATE} per covariate: the adjustment is unreliable."
            )
    size = labels.size
    n = np.bincount(index, minlength=size)
    seen = _sums(index, y, size)
    expected = _sums(index, fitted, size)
    some = expected > 0
    divisor = np.where(some, expected, 1.0)
    if method == "binomial":
        half = normal_quantile(level) * np.sqrt(_sums(index, fitted * (1 - fitted), size))
        low = np.where(some, np.maximum(seen - half, 0.0) / divisor, np.nan)
        high = np.where(some, np.minimum(seen + half, n) / divisor, np.nan)
    else:
        low, high = intervals.rate(seen, expected, method=method, level=level)
    ratio = np.where(some, seen / divisor, np.nan)
    overall = events / y.size if y.size else math.nan
    return StandardizedRates(
        site=labels,
        n=n.astype(np.int64),
        observed=seen,
        expected=expected,
        ratio=ratio,
        ratio_low=low,
        ratio_high=high,
        adjusted=np.minimum(ratio * overall, 1.0),
        adjusted_low=np.minimum(low * overall, 1.0),
        adjusted_high=np.minimum(high * overall, 1.0),
        overall=overall,
        coefficients=coefficients,
        level=level,
        method=method,
        notes=tuple(notes),
    )


def _means(
    y: Floats, x: Floats, labels: NDArray[Any], index: NDArray[np.intp], level: float
) -> StandardizedMeans:
    notes: list[str] = []
    if y.size == 0:
        notes.append("There are no patients.")
        fitted, coefficients, sd, quantile = np.empty(0), np.empty(0), math.nan, math.nan
    else:
        from scipy.special import stdtrit

        design, center, scale = _scaled(x)
        beta: Floats = np.asarray(np.linalg.lstsq(design, y, rcond=None)[0], dtype=np.float64)
        fitted = design @ beta
        coefficients = _unscaled(beta, center, scale)
        freedom = y.size - design.shape[1]
        sd = math.sqrt(float(((y - fitted) ** 2).sum()) / freedom)
        quantile = -float(stdtrit(freedom, (1.0 - level) / 2.0))
    size = labels.size
    n = np.bincount(index, minlength=size)
    seen = _sums(index, y, size) / n
    expected = _sums(index, fitted, size) / n
    difference, half = seen - expected, quantile * sd / np.sqrt(n)
    overall = float(y.mean()) if y.size else math.nan
    return StandardizedMeans(
        site=labels,
        n=n.astype(np.int64),
        observed=seen,
        expected=expected,
        difference=difference,
        low=difference - half,
        high=difference + half,
        adjusted=overall + difference,
        adjusted_low=overall + difference - half,
        adjusted_high=overall + difference + half,
        overall=overall,
        residual_sd=sd,
        coefficients=coefficients,
        level=level,
        method="t",
        notes=tuple(notes),
    )
