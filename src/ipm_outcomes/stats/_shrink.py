"""Shrinkage of estimates of sites toward their mean."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from ipm_outcomes._fence import fenced
from ipm_outcomes.errors import ParameterError, number_of
from ipm_outcomes.stats.arguments import Floats, numbers, part_of, refuse, together

# Below this number of sites the spread between them is hardly worth estimating, and a note says so.
_FEW_SITES = 5


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

    Examples
    --------
    >>> from ipm_outcomes.stats import sites
    >>> result = sites.shrink([0, 4], [1, 1])
    >>> result.raw.tolist(), result.shrunk.tolist()
    ([0.0, 4.0], [0.25, 3.75])
    """

    raw: Floats
    shrunk: Floats
    weight: Floats
    center: float
    tau2: float
    notes: tuple[str, ...]


@fenced
def shrink(estimate: ArrayLike, variance: ArrayLike) -> Shrunk:
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
def shrink_proportions(x: ArrayLike, n: ArrayLike) -> Shrunk:
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
