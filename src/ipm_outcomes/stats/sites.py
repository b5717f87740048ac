"""Fair comparison between sites: standardization, shrinkage, funnel limits.

Nothing here ranks sites. A point outside a funnel is a reason to look at its data first, not a verdict.
What limits a result (few sites, few events, no spread to estimate) stands in its `notes`; nothing is
warned about on the side.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from numbers import Real
from typing import Any, Literal, TypeAlias, overload

import numpy as np
import numpy.typing as npt

from ipm_outcomes._fence import fenced
from ipm_outcomes.errors import ParameterError, number_of
from ipm_outcomes.stats import intervals
from ipm_outcomes.stats.arguments import (
    Floats,
    choice,
    counts_of,
    level_of,
    normal_quantile,
    numbers,
    part_of,
    refuse,
    together,
)
from ipm_outcomes.stats.logistic import fit_logistic

__all__ = [
    "Dispersion",
    "FunnelLimits",
    "Shrunk",
    "StandardizedMeans",
    "StandardizedRates",
    "funnel",
    "funnel_ratio",
    "proportion_dispersion",
    "ratio_dispersion",
    "shrink",
    "shrink_proportions",
    "standardize",
]

Ints: TypeAlias = npt.NDArray[np.int64]

# Below these numbers the spread between sites is not worth estimating (shrinkage: say so; funnel: do not).
_FEW_SITES = 5
_FEW_UNITS = 10
# Peduzzi et al., J Clin Epidemiol 1996;49:1373-1379.
_EVENTS_PER_COVARIATE = 10


# -- indirect standardization ----------------------------------------------------------------------


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

    """

    site: npt.NDArray[Any]
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

    """

    site: npt.NDArray[Any]
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


def _labels(site: npt.ArrayLike, size: int) -> tuple[npt.NDArray[Any], npt.NDArray[np.intp]]:
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


def _sums(index: npt.NDArray[np.intp], values: Floats, size: int) -> Floats:
    return np.bincount(index, weights=values, minlength=size).astype(np.float64)


@overload
def standardize(
    observed: npt.ArrayLike,
    covariates: npt.ArrayLike,
    site: npt.ArrayLike,
    kind: Literal["binary"] = ...,
    *,
    method: str | None = ...,
    level: float = ...,
) -> StandardizedRates: ...
@overload
def standardize(
    observed: npt.ArrayLike,
    covariates: npt.ArrayLike,
    site: npt.ArrayLike,
    kind: Literal["continuous"],
    *,
    method: str | None = ...,
    level: float = ...,
) -> StandardizedMeans: ...
@fenced
def standardize(
    observed: npt.ArrayLike,
    covariates: npt.ArrayLike,
    site: npt.ArrayLike,
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
    y: Floats, x: Floats, labels: npt.NDArray[Any], index: npt.NDArray[np.intp], method: str, level: float
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
    y: Floats, x: Floats, labels: npt.NDArray[Any], index: npt.NDArray[np.intp], level: float
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


# -- shrinkage -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, eq=False)
class Shrunk:
    """Raw and shrunk figures side by side.

    Attributes
    ----------
    raw, shrunk : float64 arrays
        As given, and drawn toward the center. NaN where a site has nothing to estimate from.
    weight : float64 array
        What is left of the site's own figure: ``tau2 / (tau2 + variance)``, between 0 and 1.
    center : float
        What the sites are drawn toward: their mean, weighted by ``1 / (tau2 + variance)``.
    tau2 : float
        Variance between the sites, on the scale of the estimates (the logit for proportions).
    notes : tuple of str
        What a reader must know.

    """

    raw: Floats
    shrunk: Floats
    weight: Floats
    center: float
    tau2: float
    notes: tuple[str, ...]


@fenced
def shrink(estimate: npt.ArrayLike, variance: npt.ArrayLike) -> Shrunk:
    """Empirical-Bayes shrinkage of site estimates toward their mean (normal-normal model).

    Parameters
    ----------
    estimate : array of float, one per site
        Such as mean improvement. NaN means that the site has none; it stays NaN and takes no part.
    variance : array of float
        Squared standard error of each estimate, above 0 (ignored where the estimate is NaN).

    Returns
    -------
    Shrunk
        The variance between sites is DerSimonian and Laird's; 0 is a legitimate value, all sites then
        shrink to the mean.

    Raises
    ------
    ParameterError
        If the arrays do not go together, are not one-dimensional, or a variance is not above 0.

    References
    ----------
    Efron and Morris, J Am Stat Assoc 1975;70:311-319. DerSimonian and Laird, Control Clin Trials
    1986;7:177-188.

    Examples
    --------
    Weights 1, 1: mean 2, Q = 8, tau2 = (8 - 1) / (2 - 2/2) = 7, so 7/8 of each deviation stays.

    >>> s = shrink([0, 4], [1, 1])
    >>> s.tau2, s.shrunk.tolist(), s.weight.tolist()
    (7.0, [0.25, 3.75], [0.875, 0.875])

    """
    y, v = together(estimate=numbers("estimate", estimate), variance=numbers("variance", variance))
    if y.ndim != 1:
        raise ParameterError(f"estimate has shape {y.shape}; it must hold one value per site")
    refuse("estimate", y, np.isinf(y), "it must be finite, or NaN where a site has none")
    used = ~np.isnan(y)
    refuse("variance", v, used & ~(np.isfinite(v) & (v > 0)), "it must be finite and above 0")
    notes: list[str] = []
    units = int(used.sum())
    if units < y.size:
        notes.append(f"Sites without an estimate: {y.size - units}; they take no part.")
    if units < _FEW_SITES:
        notes.append(
            f"With {number_of(units, 'site')} (fewer than {_FEW_SITES}) the variance between sites can hardly be "
            "estimated."
        )
    shrunk, weight = np.full(y.size, np.nan), np.full(y.size, np.nan)
    if units == 0:
        return Shrunk(y, shrunk, weight, math.nan, 0.0, tuple(notes))
    ys, vs = y[used], v[used]
    w = 1 / vs
    s1 = w.sum()
    q = float((w * (ys - (w @ ys) / s1) ** 2).sum())
    tau2 = max(0.0, (q - (units - 1)) / float(s1 - (w @ w) / s1)) if units > 1 else 0.0
    if tau2 == 0:
        notes.append("No variance between sites beyond chance was found: all sites shrink to the mean.")
    u = 1 / (vs + tau2)
    center = float((u @ ys) / u.sum())
    weight[used] = tau2 / (tau2 + vs)
    shrunk[used] = weight[used] * ys + (1 - weight[used]) * center
    return Shrunk(y, shrunk, weight, center, tau2, tuple(notes))


@fenced
def shrink_proportions(x: npt.ArrayLike, n: npt.ArrayLike) -> Shrunk:
    """Empirical-Bayes shrinkage of site proportions, on the logit.

    Parameters
    ----------
    x, n : arrays of whole numbers, one per site
        Patients with the outcome, and all patients. A site with ``n = 0`` takes no part.

    Returns
    -------
    Shrunk
        `raw` is ``x / n``; the logit behind `shrunk` has 0.5 added to both outcomes, so a site with 0 or all
        is drawn in even if its weight is near 1. `center` is a proportion, `tau2` a variance of logits.

    Raises
    ------
    ParameterError
        If a count is negative, not whole, NaN, or x exceeds n.

    References
    ----------
    As `shrink`. Haldane, Ann Hum Genet 1956;20:309-311 (the added 0.5).

    Examples
    --------
    >>> s = shrink_proportions([2, 18], [10, 30])
    >>> s.raw.tolist(), bool(0.2 < s.shrunk[0] < s.center < s.shrunk[1] < 0.6)
    ([0.2, 0.6], True)

    """
    xs, ns = part_of("x", x, "n", n)
    some = ns > 0
    yes, no = xs + 0.5, ns - xs + 0.5
    logit = np.where(some, np.log(yes / no), np.nan)
    on_logit = shrink(logit, 1 / yes + 1 / no)
    raw = np.where(some, xs / np.where(some, ns, 1.0), np.nan)
    center = np.array([on_logit.center])
    from scipy.special import expit

    return Shrunk(
        raw, expit(on_logit.shrunk), on_logit.weight, float(expit(center)[0]), on_logit.tau2, on_logit.notes
    )


# -- overdispersion --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, eq=False)
class Dispersion:
    """How much more the sites differ than chance alone makes them.

    Attributes
    ----------
    z : float64 array
        Standard score of each unit on the transformed scale, before any trimming; NaN without patients.
    phi : float
        Mean of the squared scores after trimming; 1 is chance alone. NaN when not estimated.
    tau2 : float
        Variance between units on the transformed scale, to be given to `funnel` or `funnel_ratio`; 0 when
        there is no more than chance, and when it was not estimated.
    target : float
        Around which the scores were taken.
    used : int
        Units behind phi.
    estimated : bool
        False below 10 units.
    method : str
        How extremes were trimmed.
    notes : tuple of str
        What a reader must know.

    """

    z: Floats
    phi: float
    tau2: float
    target: float
    used: int
    estimated: bool
    method: str
    notes: tuple[str, ...]


def _dispersion(z: Floats, s: Floats, target: float, method: str, share: float) -> Dispersion:
    choice(method, ("winsorize", "truncate"))
    if isinstance(share, bool) or not isinstance(share, Real) or not 0 <= float(share) < 0.5:
        shown = f"{float(share):g}" if isinstance(share, Real) else type(share).__name__
        raise ParameterError(f"share is {shown}; the share trimmed at each end must be 0 or more, below 0.5")
    usable = ~np.isnan(z)
    units, weights = z[usable], 1 / s[usable] ** 2
    if units.size < _FEW_UNITS:
        note = f"Overdispersion was not estimated: {number_of(units.size, 'unit')}, fewer than {_FEW_UNITS}."
        return Dispersion(z, math.nan, 0.0, target, 0, False, method, (note,))
    if method == "winsorize":
        # Interpolating next to an infinite score (a site without events) gives no finite trimming point.
        with np.errstate(invalid="ignore"):
            low, high = np.quantile(units, [share, 1 - share])
        units = np.clip(units, low, high)
    else:
        # By rank, so that equal scores at an end do not all leave; of equal ones the least certain leaves first.
        leave = math.floor(float(share) * units.size + 1e-9)
        order = np.lexsort((weights, units))[leave : units.size - leave]
        units, weights = units[order], weights[order]
    if not np.isfinite(units).all():
        note = "Overdispersion was not estimated: more units have no events than are trimmed at that end."
        return Dispersion(z, math.nan, 0.0, target, 0, False, method, (note,))
    count = units.size
    phi = float((units**2).mean())
    total = weights.sum()
    spread = float(total - (weights @ weights) / total)
    tau2 = max(0.0, (count * phi - (count - 1)) / spread) if spread > 0 else 0.0
    return Dispersion(z, phi, tau2, target, count, True, method, ())


@fenced
def proportion_dispersion(
    x: npt.ArrayLike,
    n: npt.ArrayLike,
    target: float | None = None,
    method: str = "winsorize",
    share: float = 0.1,
) -> Dispersion:
    """Overdispersion of proportions between sites, on the arcsine scale.

    Parameters
    ----------
    x, n : arrays of whole numbers, one per site
        Patients with the outcome, and all patients.
    target : float, optional
        A fixed standard between 0 and 1; without it the pooled proportion.
    method : {"winsorize", "truncate"}
        Draw the scores beyond the trimming points in to them, or leave out the units at the ends.
    share : float
        Share trimmed at each end: quantiles for "winsorize"; for "truncate" so many units by rank, rounded
        down (of 12 units a share of 0.1 leaves out one at each end).

    Returns
    -------
    Dispersion

    Raises
    ------
    ParameterError
        If a count is negative, not whole, NaN, or x exceeds n; if target, method or share is not allowed.

    References
    ----------
    Spiegelhalter, Stat Med 2005;24:1185-1202, and Qual Saf Health Care 2005;14:347-351.

    Examples
    --------
    >>> d = proportion_dispersion([5, 9, 4], [20, 20, 20])
    >>> d.estimated, d.tau2, d.notes
    (False, 0.0, ('Overdispersion was not estimated: 3 units, fewer than 10.',))

    """
    xs, ns = (np.atleast_1d(a).ravel() for a in part_of("x", x, "n", n))
    pooled = float(xs.sum() / ns.sum()) if ns.sum() > 0 else math.nan
    center = pooled if target is None else _fraction("target", target)
    some = ns > 0
    safe = np.where(some, ns, 1.0)
    s = 1 / (2 * np.sqrt(safe))
    z = np.where(some, (np.arcsin(np.sqrt(xs / safe)) - np.arcsin(np.sqrt(center))) / s, np.nan)
    return _dispersion(z, s, center, method, share)


@fenced
def ratio_dispersion(
    observed: npt.ArrayLike, expected: npt.ArrayLike, method: str = "truncate", share: float = 0.1
) -> Dispersion:
    """Overdispersion of standardized ratios between sites, on the logarithm, around 1.

    Parameters
    ----------
    observed : array of whole numbers, one per site
        Events seen.
    expected : array of float
        Events expected, 0 or more; a site that expects none takes no part.
    method : {"winsorize", "truncate"}
        As in `proportion_dispersion`.
    share : float
        Share trimmed at each end.

    Returns
    -------
    Dispersion
        A site without events has the score minus infinity: the dispersion is estimated only where all such
        sites are trimmed, else `estimated` is False, `phi` NaN, and a note says so.

    Raises
    ------
    ParameterError
        If observed are no counts, expected is negative or not finite, or an option is not allowed.

    References
    ----------
    As `proportion_dispersion`; truncation on the log scale is how England's Summary Hospital-level Mortality
    Indicator does it.

    Examples
    --------
    >>> d = ratio_dispersion([8, 12] * 6, [10.0] * 12)
    >>> d.used, round(d.phi, 3), d.tau2            # 10 (ln .8)**2 = .498 and 10 (ln 1.2)**2 = .332
    (10, 0.415, 0.0)

    """
    o, e = together(observed=counts_of("observed", observed), expected=numbers("expected", expected))
    o, e = np.atleast_1d(o).ravel(), np.atleast_1d(e).ravel()
    refuse("expected", e, ~np.isfinite(e) | (e < 0), "it must be finite and not negative")
    some = e > 0
    safe = np.where(some, e, 1.0)
    s = 1 / np.sqrt(safe)
    with np.errstate(divide="ignore"):
        z = np.where(some, np.log(o / safe) / s, np.nan)
    return _dispersion(z, s, 1.0, method, share)


# -- funnel limits ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, eq=False)
class FunnelLimits:
    """Limits within which chance alone would leave most units.

    Attributes
    ----------
    size : float64 array
        Patients (or expected events) of each unit, as given.
    target : float
        Center of the funnel.
    levels : tuple of float
        One per row of the limits.
    lower, upper : float64 arrays, levels x units
        NaN for a unit of size 0.
    method : str
    tau2 : float
        Variance between units that was allowed for.

    """

    size: Floats
    target: float
    levels: tuple[float, ...]
    lower: Floats
    upper: Floats
    method: str
    tau2: float


def _fraction(name: str, value: float) -> float:
    if isinstance(value, bool) or not isinstance(value, Real) or not 0 <= float(value) <= 1:
        shown = f"{float(value):g}" if isinstance(value, Real) else type(value).__name__
        raise ParameterError(f"{name} is {shown}; it must lie between 0 and 1")
    return float(value)


def _levels(levels: Sequence[float], tau2: float, method: str, needs: str) -> tuple[float, ...]:
    if isinstance(tau2, bool) or not isinstance(tau2, Real) or not 0 <= float(tau2) < math.inf:
        shown = f"{float(tau2):g}" if isinstance(tau2, Real) else type(tau2).__name__
        raise ParameterError(f"tau2 is {shown}; it must be a finite variance of 0 or more")
    if tau2 > 0 and method != needs:
        raise ParameterError(f"tau2 is {float(tau2):g}, which needs method {needs!r}, not {method!r}")
    try:
        return tuple(level_of(level) for level in levels)
    except TypeError:
        raise ParameterError("levels must be a sequence of numbers, such as (0.95, 0.998)") from None


@fenced
def funnel(
    n: npt.ArrayLike,
    target: float,
    method: str = "exact",
    levels: Sequence[float] = (0.95, 0.998),
    tau2: float = 0.0,
) -> FunnelLimits:
    """Funnel limits for proportions around a target.

    Parameters
    ----------
    n : array of whole numbers
        Patients of each site, or a grid of sizes to draw the funnel over.
    target : float
        Pooled proportion or a fixed standard; say which next to the plot.
    method : {"exact", "wilson", "arcsine"}
        Binomial limits, interpolated between whole numbers so that the funnel is smooth; the proportions on
        whose Wilson limit the target sits; or the arcsine form, the one that allows for overdispersion.
    levels : sequence of float
        The usual pair is 0.95 and 0.998.
    tau2 : float
        Variance between sites on the arcsine scale, from `proportion_dispersion`.

    Returns
    -------
    FunnelLimits
        Inside [0, 1], and never on the wrong side of the target. By its construction an interpolated limit
        lies up to one patient inside the exact one: a proportion just beyond it is a prompt, not a test.

    Raises
    ------
    ParameterError
        If n holds no counts, or target, method, levels or tau2 is not allowed.

    References
    ----------
    Spiegelhalter, Stat Med 2005;24:1185-1202 (appendix A.1 for the interpolation). Wilson, J Am Stat Assoc
    1927;22:209-212.

    Examples
    --------
    >>> f = funnel([100], 0.5, method="wilson")        # .5 -/+ 1.959964 * .05, .5 -/+ 3.090232 * .05
    >>> f.lower.round(4).tolist(), f.upper.round(4).tolist()
    ([[0.402], [0.3455]], [[0.598], [0.6545]])

    """
    choice(method, ("exact", "wilson", "arcsine"))
    sizes = np.atleast_1d(counts_of("n", n)).ravel()
    center = _fraction("target", target)
    checked = _levels(levels, tau2, method, "arcsine")
    some = sizes > 0
    safe = np.where(some, sizes, 1.0)
    lower, upper = np.empty((len(checked), sizes.size)), np.empty((len(checked), sizes.size))
    for row, level in enumerate(checked):
        if method == "exact":
            tail = (1.0 - level) / 2.0
            low, high = _binomial_limit(safe, center, tail), _binomial_limit(safe, center, 1.0 - tail)
        elif method == "wilson":
            # Wilson's limits invert the score test, so the proportions that have the target as a limit are
            # those at which the score test of the target is just significant.
            half = normal_quantile(level) * np.sqrt(center * (1 - center) / safe)
            low, high = center - half, center + half
        else:
            middle, half = (
                math.asin(math.sqrt(center)),
                normal_quantile(level) * np.sqrt(1 / (4 * safe) + tau2),
            )
            low = np.sin(np.maximum(middle - half, 0.0)) ** 2
            high = np.sin(np.minimum(middle + half, math.pi / 2)) ** 2
        lower[row] = np.where(some, np.clip(low, 0.0, center), np.nan)
        upper[row] = np.where(some, np.clip(high, center, 1.0), np.nan)
    return FunnelLimits(sizes, center, checked, lower, upper, method, float(tau2))


def _binomial_limit(n: Floats, target: float, p: float) -> Floats:
    from scipy.stats import binom

    r = binom.ppf(p, n, target)
    # By its logarithm: SciPy's own probability of one count overflows at the smallest targets there are.
    excess = (binom.cdf(r, n, target) - p) / np.exp(binom.logpmf(r, n, target))
    return np.asarray((r - excess) / n)


@fenced
def funnel_ratio(
    expected: npt.ArrayLike,
    method: str = "exact",
    levels: Sequence[float] = (0.95, 0.998),
    tau2: float = 0.0,
) -> FunnelLimits:
    """Funnel limits for standardized ratios (observed over expected) around 1.

    Parameters
    ----------
    expected : array of float
        Expected events of each site, or a grid to draw the funnel over.
    method : {"exact", "log"}
        Limits of the observed count, Poisson with the expected one as its mean, interpolated between whole
        counts so that the funnel is smooth; or the logarithmic form, which allows for overdispersion.
    levels : sequence of float
        The usual pair is 0.95 and 0.998.
    tau2 : float
        Variance between sites on the logarithm, from `ratio_dispersion`.

    Returns
    -------
    FunnelLimits
        With "exact" a ratio lies beyond a limit exactly where the probability of a count as extreme, given the
        expected one, is below half of what the level leaves; a lower limit of 0 says that no count is low
        enough. These are no confidence limits of a ratio.

    Raises
    ------
    ParameterError
        If expected is negative or not finite, or method, levels or tau2 is not allowed.

    References
    ----------
    Seaton and Manktelow, BMC Med Res Methodol 2012;12:98 (limits of the count, not confidence limits).
    Spiegelhalter, Stat Med 2005;24:1185-1202 (interpolation, and the logarithmic form).

    Examples
    --------
    Of 6 expected events at most 1, or at least 12, lie beyond the 95 % limits.

    >>> f = funnel_ratio([6.0], levels=[0.95])
    >>> (6 * f.lower).round(2).tolist(), (6 * f.upper).round(2).tolist()
    ([[1.17]], [[11.78]])
    >>> f = funnel_ratio([25.0], method="log", levels=[0.95])        # exp(-/+ 1.959964 / 5)
    >>> f.lower.round(4).tolist(), f.upper.round(4).tolist()
    ([[0.6757]], [[1.4799]])

    """
    choice(method, ("exact", "log"))
    sizes = np.atleast_1d(numbers("expected", expected)).ravel()
    refuse("expected", sizes, ~np.isfinite(sizes) | (sizes < 0), "it must be finite and not negative")
    checked = _levels(levels, tau2, method, "log")
    some = sizes > 0
    safe = np.where(some, sizes, 1.0)
    lower, upper = np.empty((len(checked), sizes.size)), np.empty((len(checked), sizes.size))
    for row, level in enumerate(checked):
        if method == "exact":
            low, high = _poisson_limits(safe, (1.0 - level) / 2.0)
        else:
            half = normal_quantile(level) * np.sqrt(1 / safe + tau2)
            low, high = np.exp(-half), np.exp(half)
        lower[row], upper[row] = np.where(some, low, np.nan), np.where(some, high, np.nan)
    return FunnelLimits(sizes, 1.0, checked, lower, upper, method, float(tau2))


def _poisson_limits(mean: Floats, tail: float) -> tuple[Floats, Floats]:
    """Ratios beyond which a count has a tail probability below ``tail``, interpolated between whole counts."""
    from scipy.stats import poisson

    r = poisson.ppf(tail, mean)
    low = r - (poisson.cdf(r, mean) - tail) / np.exp(poisson.logpmf(r, mean))
    s = poisson.isf(tail, mean)
    high = s + (poisson.sf(s - 1, mean) - tail) / np.exp(poisson.logpmf(s, mean))
    return np.maximum(low, 0.0) / mean, high / mean
