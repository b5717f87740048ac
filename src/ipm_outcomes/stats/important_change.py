"""Minimal important change from an anchor: what change do patients have who say that they are better?

The anchor is a second question (a global rating of change, say), made into improved or not; state where "a
little better" falls. Everything here is asked in *improvement*: the change counted toward health, in points.
Improvements that differ by less than 1e-9 are one value, so that binary noise makes no ties or breaks none.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, TypeAlias, get_args

import numpy as np
from numpy.typing import ArrayLike

from ipm_outcomes._fence import fenced
from ipm_outcomes.errors import ParameterError, choice
from ipm_outcomes.stats._anchor_quality import DECIMALS, AnchorQuality, anchor_quality, yes_or_no
from ipm_outcomes.stats.arguments import Booleans, Floats, finite, normal_quantile, scores_array, whole_number
from ipm_outcomes.stats.logistic import fit_logistic

__all__ = [
    "BALANCED",
    "COVERED",
    "AnchorMic",
    "AnchorQuality",
    "MicMethod",
    "PredictiveMic",
    "RocMic",
    "anchor_quality",
    "minimal_important_change",
    "predictive_mic",
    "roc_mic",
]

MicMethod: TypeAlias = Literal["mean_change", "roc", "predictive", "adjusted", "improved_adjusted"]

BALANCED = (0.4, 0.6)
"""Shares improved within which methods that know nothing of the anchor's reliability are nearly unbiased."""
COVERED = (0.3, 0.8)
"""Shares improved for which the improved adjustment was tried by simulation."""


def _both(improvement: ArrayLike, improved: ArrayLike) -> tuple[Floats, Floats]:
    x, y = scores_array("improvement", improvement), yes_or_no("improved", improved)
    if x.size != y.size:
        raise ParameterError(
            f"improvement has {x.size} values, improved {y.size}; give one of each per patient"
        )
    answered = ~np.isnan(x) & ~np.isnan(y)
    x, y = np.round(x[answered], DECIMALS), y[answered]
    if not 0 < y.sum() < y.size:
        raise ParameterError(
            f"improved: {int(y.sum())} of {y.size} patients with both answers are;"
            " some must be and some must not"
        )
    return x, y


def _bias_warning(share: float, anchor_reliability: float | None) -> str | None:
    """What a reader must know of a threshold where the share improved is far from one half."""
    low, high = BALANCED if anchor_reliability is None else COVERED
    if low <= share <= high:
        return None
    shown = f"{100 * share:.0f} % of the patients are improved by the anchor"
    if anchor_reliability is None:
        return (
            f"{shown}: outside {low:g} to {high:g} this estimate is biased away from the true value, more the less "
            "reliable the anchor is. Give anchor_reliability for the improved adjustment."
        )
    return (
        f"{shown}: outside {low:g} to {high:g} the improved adjustment was not tried here; with 85 % improved and an "
        "anchor of reliability 0.4 it came out 23 % too high in a simulation."
    )


def _checked_reliability(value: float | None) -> float | None:
    if value is None:
        return None
    if (number := finite("anchor_reliability", value)) > 1 or number <= 0:
        raise ParameterError(f"anchor_reliability: is {number:g}; it must lie above 0, and at most be 1")
    return number


@dataclass(frozen=True, slots=True)
class RocMic:
    """The improvement that best distinguishes improved from not improved patients.

    Attributes
    ----------
    value : float
        Threshold: an improvement of at least this much counts as improved. The smallest, where several are
        best.
    sensitivity, specificity : float
        At the threshold.
    youden : float
        sensitivity + specificity - 1.
    auc : float
        Area under the ROC curve; ties count half.
    tied : tuple of float
        All thresholds with the same best Youden index, smallest first.
    share_improved : float
        Share of patients who are improved by the anchor; where it is not 0.5, the threshold is biased.

    Examples
    --------
    >>> from ipm_outcomes import change
    >>> mic = change.roc_mic([0, 1, 2, 3, 4, 5], [False, False, True, False, True, True])
    >>> mic.value, mic.sensitivity, round(mic.specificity, 3)
    (2.0, 1.0, 0.667)
    """

    value: float
    sensitivity: float
    specificity: float
    youden: float
    auc: float
    tied: tuple[float, ...]
    share_improved: float

    @property
    def warning(self) -> str | None:
        """What a reader must know where the share improved lies outside 0.4 to 0.6; None within."""
        return _bias_warning(self.share_improved, None)


@fenced
def roc_mic(improvement: ArrayLike, improved: ArrayLike) -> RocMic:
    """Return the threshold with the best sum of sensitivity and specificity.

    Parameters
    ----------
    improvement : array_like, shape (n,)
        Change counted toward health, in points; NaN or None where missing.
    improved : array_like of bool, shape (n,)
        Improved by the anchor; None or NaN where not answered. Only patients with both are used.

    Returns
    -------
    RocMic
        Thresholds are improvements that occur. Best is decided on whole counts.

    Raises
    ------
    ParameterError
        For arrays that do not match, or unless some patients are improved and some are not.

    References
    ----------
    Youden WJ (1950), Cancer 3:32-35. Terluin B et al. (2015), J Clin Epidemiol 68:1388-1396, for the bias where
    the share improved is not one half.

    Examples
    --------
    >>> result = roc_mic([0, 1, 2, 3, 4, 5], [False, False, True, False, True, True])
    >>> result.value, round(result.auc, 4), result.tied
    (2.0, 0.8889, (2.0, 4.0))

    """
    x, y = _both(improvement, improved)
    return _roc(x, y)


def _roc(x: Floats, y: Floats) -> RocMic:
    values, inverse = np.unique(x, return_inverse=True)
    hits = np.bincount(inverse, y, values.size).round().astype(np.int64)
    alarms = np.bincount(inverse, minlength=values.size).astype(np.int64) - hits
    positives, negatives = int(hits.sum()), int(alarms.sum())
    at_least_hits = np.cumsum(hits[::-1])[::-1]
    at_least_alarms = np.cumsum(alarms[::-1])[::-1]
    # sensitivity - (1 - specificity), times both group sizes: integers, so ties are true ties.
    gain = at_least_hits * negatives - at_least_alarms * positives
    best = np.flatnonzero(gain == gain.max())
    # Pairs (improved, not improved) in which the improved one changed more, ties half; doubled to stay whole.
    below = np.cumsum(alarms) - alarms
    wins = int((hits * (2 * below + alarms)).sum())
    i = int(best[0])
    return RocMic(
        value=float(values[i]),
        sensitivity=int(at_least_hits[i]) / positives,
        specificity=1 - int(at_least_alarms[i]) / negatives,
        youden=int(gain[i]) / (positives * negatives),
        auc=wins / (2 * positives * negatives),
        tied=tuple(float(values[j]) for j in best),
        share_improved=positives / (positives + negatives),
    )


@dataclass(frozen=True, slots=True)
class PredictiveMic:
    """Minimal important change by predictive modeling: plain, adjusted, and improved adjusted.

    Attributes
    ----------
    value : float
        ``(L - intercept) / slope`` with ``L = ln(p / (1 - p))``.
    adjusted : float
        ``value - (0.090 + 0.103 correlation) sd L``; corrects part of the bias only.
    improved_adjusted : float or None
        ``value - (0.8 / anchor_reliability - 0.5) sd correlation L``; None without the anchor's reliability.
    intercept, slope : float
        Of the logistic regression of improved on improvement.
    share_improved : float
        p, the share of patients who are improved by the anchor.
    correlation : float
        Of improvement with improved (0 or 1).
    sd : float
        SD of the improvements (n - 1), in points.
    anchor_reliability : float or None
        As given.
    warning : str or None
        What a reader must know where p lies outside 0.4 to 0.6 (0.3 to 0.8 with the anchor's reliability).

    Examples
    --------
    >>> from ipm_outcomes import change
    >>> mic = change.predictive_mic([0, 1, 2, 3, 4, 5], [False, False, True, False, True, True])
    >>> round(mic.value, 6), mic.share_improved
    (2.5, 0.5)
    """

    value: float
    adjusted: float
    improved_adjusted: float | None
    intercept: float
    slope: float
    share_improved: float
    correlation: float
    sd: float
    anchor_reliability: float | None

    @property
    def warning(self) -> str | None:
        """What a reader must know where the share improved is far from one half; None where it is not."""
        return _bias_warning(self.share_improved, self.anchor_reliability)


@fenced
def predictive_mic(
    improvement: ArrayLike, improved: ArrayLike, *, anchor_reliability: float | None = None
) -> PredictiveMic:
    """Return the improvement at which a patient is as likely to be improved as patients are on the whole.

    Parameters
    ----------
    improvement, improved
        As in `roc_mic`.
    anchor_reliability : float, optional
        Reliability of the anchor, above 0 and at most 1: the variance of the rating that true change explains,
        from a factor analysis of the items at both times, or from the literature.

    Returns
    -------
    PredictiveMic
        The plain value is biased where the share improved is not one half, and `adjusted` corrects part of it
        only; `improved_adjusted`, which needs the reliability of the anchor, corrects nearly all of it.

    Raises
    ------
    ParameterError
        As in `roc_mic`; for a reliability outside 0 to 1; and where improvement distinguishes the two groups
        completely, or does not rise with being improved: no threshold can be estimated then.

    References
    ----------
    Terluin B et al. (2015), J Clin Epidemiol 68:1388-1396; adjusted: Terluin B et al. (2017), J Clin
    Epidemiol 83:90-100; improved adjusted: Terluin B et al. (2022), J Clin Epidemiol 148:48-53. Reliability of an
    anchor: Griffiths P et al. (2022), doi 10.1016/j.jclinepi.2021.08.029.

    Examples
    --------
    >>> result = predictive_mic([0, 1, 2, 3, 4, 5], [False, False, True, False, True, True])
    >>> round(result.value, 6), round(result.adjusted, 6), result.improved_adjusted, result.warning
    (2.5, 2.5, None, None)

    """
    x, y = _both(improvement, improved)
    return _predictive(x, y, _checked_reliability(anchor_reliability))


def _predictive(x: Floats, y: Floats, anchor_reliability: float | None = None) -> PredictiveMic:
    if np.all(x == x[0]):
        raise ParameterError("improvement: all patients have the same; no threshold can be estimated")
    fit = fit_logistic(np.column_stack([np.ones_like(x), x]), y)
    if fit.separated:
        raise ParameterError(
            "improvement: separates the improved from the others completely;"
            " the logistic regression has no finite slope"
        )
    intercept, slope = (float(value) for value in fit.coefficients)
    correlation = float(np.corrcoef(x, y)[0, 1])
    # A slope of rounding size is 0: the value would be a division by noise.
    if slope * float(x.std()) < 1e-9:
        raise ParameterError("improvement: is not larger in the improved; the anchor does not go with it")
    p = float(y.mean())
    odds = math.log(p / (1 - p))
    sd = float(x.std(ddof=1))
    value = (odds - intercept) / slope
    improved_adjusted = None
    if anchor_reliability is not None:
        improved_adjusted = value - (0.8 / anchor_reliability - 0.5) * sd * correlation * odds
    return PredictiveMic(
        value,
        value - (0.090 + 0.103 * correlation) * sd * odds,
        improved_adjusted,
        intercept,
        slope,
        p,
        correlation,
        sd,
        anchor_reliability,
    )


@dataclass(frozen=True, slots=True)
class AnchorMic:
    """A minimal important change with its bootstrap interval, in points of improvement.

    Attributes
    ----------
    method : str
        "mean_change", "roc", "predictive", "adjusted" or "improved_adjusted".
    value, lower, upper : float
        Estimate, and percentile interval; NaN where fewer than half of the resamples gave a value.
    level : float
        Confidence level.
    n, n_improved : int
        Patients with improvement and anchor, and those improved (or a little better, for mean_change).
    share_improved : float
        n_improved / n.
    resamples, failed : int
        Resamples drawn, and those of them that gave no value and are left out.
    seed : int
        Seed of the random numbers.
    anchor_reliability : float or None
        As given.
    warning : str or None
        What a reader must know where the share improved lies outside 0.4 to 0.6 (0.3 to 0.8 for
        "improved_adjusted"); None within, and for "mean_change", whose group is no half of anything.

    Examples
    --------
    >>> from ipm_outcomes import change
    >>> better = [False, False, True, False, True, True]
    >>> mic = change.minimal_important_change([0, 1, 2, 3, 4, 5], better, method="roc", resamples=0)
    >>> mic.value, mic.n, mic.n_improved
    (2.0, 6, 3)
    """

    method: str
    value: float
    lower: float
    upper: float
    level: float
    n: int
    n_improved: int
    share_improved: float
    resamples: int
    failed: int
    seed: int
    anchor_reliability: float | None = None

    @property
    def warning(self) -> str | None:
        """What a reader must know where the share improved is far from one half; None where it is not."""
        if self.method == "mean_change":
            return None
        return _bias_warning(self.share_improved, self.anchor_reliability)


@fenced
def minimal_important_change(
    improvement: ArrayLike,
    improved: ArrayLike,
    *,
    method: MicMethod | None = None,
    anchor_reliability: float | None = None,
    resamples: int = 1000,
    seed: int = 0,
    level: float = 0.95,
) -> AnchorMic:
    """Return a minimal important change from an anchor, with a bootstrap interval over patients.

    Parameters
    ----------
    improvement : array_like, shape (n,)
        Change counted toward health, in points; NaN or None where missing.
    improved : array_like of bool, shape (n,)
        Improved by the anchor; for "mean_change", being in the group that is a little better. None or NaN
        where not answered.
    method : {"improved_adjusted", "adjusted", "predictive", "roc", "mean_change"}, optional
        By default "improved_adjusted" where the anchor's reliability is given, else "adjusted", which corrects
        part of the bias only where the share improved is not one half (see `warning`). "mean_change" is the
        mean improvement of the flagged group; the others are `predictive_mic` and `roc_mic`.
    anchor_reliability : float, optional
        Reliability of the anchor, as in `predictive_mic`; for "improved_adjusted" only.
    resamples : int
        Bootstrap resamples; 0 leaves the interval NaN.
    seed : int
        Seed of NumPy's default generator; the same seed gives the same interval.
    level : float
        Confidence level.

    Returns
    -------
    AnchorMic

    Raises
    ------
    ParameterError
        As in `roc_mic` and `predictive_mic`, or for resamples below 0, an unknown method, or a reliability of the
        anchor that is missing for "improved_adjusted" or given for another method.

    References
    ----------
    Terluin B et al. (2015), J Clin Epidemiol 68:1388-1396; (2017), J Clin Epidemiol 83:90-100; and (2022), J
    Clin Epidemiol 148:48-53; for the mean change, as used for
    the PEG, the study by Reed DE et al. (2023) in six trials.

    Examples
    --------
    >>> rated = [False, False, True, False, True, True]
    >>> minimal_important_change([0, 1, 2, 3, 4, 5], rated, method="mean_change", resamples=0).value
    3.6666666666666665

    """
    reliability = _checked_reliability(anchor_reliability)
    if method is None:
        method = "adjusted" if reliability is None else "improved_adjusted"
    choice(method, get_args(MicMethod))
    resamples, seed = whole_number("resamples", resamples, 0), whole_number("seed", seed, 0)
    if (reliability is None) == (method == "improved_adjusted"):
        raise ParameterError(
            "anchor_reliability: needed by the method improved_adjusted and used by no other"
        )
    normal_quantile(level)
    x, y = _both(improvement, improved)
    estimate = _estimator(method, reliability)
    value = estimate(x, y)
    generator = np.random.default_rng(seed)
    drawn: list[float] = []
    for _ in range(resamples):
        rows = generator.integers(0, x.size, x.size)
        flags = y[rows]
        if 0 < flags.sum() < flags.size:
            try:
                drawn.append(estimate(x[rows], flags))
            except ParameterError:
                continue
    lower = upper = math.nan
    if drawn and 2 * len(drawn) >= resamples:
        tail = (1 - level) / 2
        lower, upper = (float(end) for end in np.quantile(drawn, [tail, 1 - tail]))
    return AnchorMic(
        method=method,
        value=value,
        lower=lower,
        upper=upper,
        level=level,
        n=x.size,
        n_improved=int(y.sum()),
        share_improved=float(y.mean()),
        resamples=int(resamples),
        failed=int(resamples) - len(drawn),
        seed=int(seed),
        anchor_reliability=reliability,
    )


def _mean_change(x: Floats, y: Floats) -> float:
    flagged: Booleans = y == 1
    return float(x[flagged].mean())


def _estimator(method: MicMethod, reliability: float | None) -> Callable[[Floats, Floats], float]:
    if method == "mean_change":
        return _mean_change
    if method == "roc":
        return lambda x, y: _roc(x, y).value
    # "predictive" is the plain value; the other two are called as the methods are.
    name = "value" if method == "predictive" else method
    return lambda x, y: float(getattr(_predictive(x, y, reliability), name))
