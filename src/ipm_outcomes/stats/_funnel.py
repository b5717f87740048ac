"""Funnel limits of sites, and how much sites differ beyond chance."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from ipm_outcomes._fence import fenced
from ipm_outcomes.errors import ParameterError, choice, number_of
from ipm_outcomes.stats.arguments import (
    Floats,
    counts_of,
    fitting,
    level_of,
    normal_quantile,
    numbers,
    part_of,
    refuse,
    together,
)

# Below this number of units the spread between them is not estimated.
_FEW_UNITS = 10


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

    Examples
    --------
    >>> from ipm_outcomes.stats import sites
    >>> result = sites.ratio_dispersion([8, 12] * 6, [10.0] * 12)
    >>> result.used, round(result.phi, 3)
    (10, 0.415)
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
    fitting(
        "share", share, lambda x: 0 <= x < 0.5, "the share trimmed at each end must be 0 or more, below 0.5"
    )
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
    x: ArrayLike, n: ArrayLike, target: float | None = None, method: str = "winsorize", share: float = 0.1
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
    center = pooled if target is None else _fraction(target)
    some = ns > 0
    safe = np.where(some, ns, 1.0)
    s = 1 / (2 * np.sqrt(safe))
    z = np.where(some, (np.arcsin(np.sqrt(xs / safe)) - np.arcsin(np.sqrt(center))) / s, np.nan)
    return _dispersion(z, s, center, method, share)


@fenced
def ratio_dispersion(
    observed: ArrayLike, expected: ArrayLike, method: str = "truncate", share: float = 0.1
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

    Examples
    --------
    >>> from ipm_outcomes.stats import sites
    >>> limits = sites.funnel([100], 0.5, method="wilson")
    >>> limits.lower.round(4).tolist(), limits.upper.round(4).tolist()
    ([[0.402], [0.3455]], [[0.598], [0.6545]])
    """

    size: Floats
    target: float
    levels: tuple[float, ...]
    lower: Floats
    upper: Floats
    method: str
    tau2: float


def _fraction(target: float) -> float:
    return fitting("target", target, lambda x: 0 <= x <= 1, "it must lie between 0 and 1")


def _levels(levels: Sequence[float], tau2: float, method: str, needs: str) -> tuple[float, ...]:
    fitting("tau2", tau2, lambda x: 0 <= x < math.inf, "it must be a finite variance of 0 or more")
    if tau2 > 0 and method != needs:
        raise ParameterError(f"tau2 is {float(tau2):g}, which needs method {needs!r}, not {method!r}")
    try:
        return tuple(level_of(level) for level in levels)
    except TypeError:
        raise ParameterError("levels must be a sequence of numbers, such as (0.95, 0.998)") from None


@fenced
def funnel(
    n: ArrayLike,
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
    center = _fraction(target)
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
    expected: ArrayLike, method: str = "exact", levels: Sequence[float] = (0.95, 0.998), tau2: float = 0.0
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
