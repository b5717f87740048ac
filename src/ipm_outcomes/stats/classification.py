"""Cut-offs between populations, and classes of patients by reliable change and cut-off."""

from __future__ import annotations

from fractions import Fraction
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ipm_outcomes._fence import fenced
from ipm_outcomes.errors import ParameterError
from ipm_outcomes.stats.arguments import Booleans, Worse, better_sign, finite, positive
from ipm_outcomes.stats.reliable_change import Method, reliable_change


@fenced
def classify(
    before: ArrayLike,
    after: ArrayLike,
    *,
    sd: float | Literal["sample"] | None = None,
    reliability: float,
    cutoff: float,
    worse: Worse = "higher",
    method: Method = "jacobson_truax",
    require_dysfunctional_baseline: bool = True,
    harmed: bool = False,
    critical: float | None = None,
    reliability_after: float | None = None,
    second_sd: Literal["before", "after"] = "before",
    mean_before: float | None = None,
    mean_after: float | None = None,
) -> NDArray[np.str_]:
    """Put every patient into one class by reliable change and by the side of a cut-off.

    Parameters
    ----------
    before, after, sd, reliability, worse, method, critical, reliability_after, second_sd, mean_before,
    mean_after
        As in `reliable_change`.
    cutoff : float
        Point between the dysfunctional and the functional population, in points: `cutoffs`, or a published
        one. A score equal to it belongs to neither population.
    require_dysfunctional_baseline : bool
        Whether only a patient who began on the dysfunctional side can recover (default). Without it, a
        reliable improvement that ends on the functional side is recovered wherever it began, as two R
        packages have it.
    harmed : bool
        Whether to distinguish, as "harmed", a reliable worsening from the functional to the dysfunctional
        side.

    Returns
    -------
    numpy.ndarray of str, shape (n,)
        "recovered" (reliable improvement across the cut-off), "improved" (reliable improvement else),
        "unchanged" (no reliable change), "deteriorated" (reliable worsening), "not classifiable" (a score is
        missing), and "harmed" only when asked for.

    Raises
    ------
    ParameterError
        As in `reliable_change`, or for a cut-off that is not a finite number.

    References
    ----------
    Jacobson NS, Truax P (1991), J Consult Clin Psychol 59:12-19.

    Examples
    --------
    >>> before, after = [32.5, 32.5, 48, 32.5], [51, 47.5, 38, None]
    >>> classify(before, after, sd=7.5, reliability=0.8, cutoff=50, worse="lower").tolist()
    ['recovered', 'improved', 'deteriorated', 'not classifiable']

    """
    change = reliable_change(
        before,
        after,
        sd=sd,
        reliability=reliability,
        method=method,
        worse=worse,
        critical=critical,
        reliability_after=reliability_after,
        second_sd=second_sd,
        mean_before=mean_before,
        mean_after=mean_after,
    )
    return change.classes(
        cutoff=cutoff, require_dysfunctional_baseline=require_dysfunctional_baseline, harmed=harmed
    )


@fenced
def crossed(
    before: ArrayLike,
    after: ArrayLike,
    *,
    sd: float | Literal["sample"] | None = None,
    reliability: float,
    cutoff: float,
    worse: Worse = "higher",
) -> Booleans:
    """Flag patients who passed to the functional side of the cut-off without a reliable change.

    A flag beside the class "unchanged", not a class. By the method of Jacobson and Truax; for another method
    use ``reliable_change(...).crossed(cutoff=...)``.

    Parameters
    ----------
    before, after, sd, reliability, worse
        As in `reliable_change`.
    cutoff : float
        As in `classify`.

    Returns
    -------
    numpy.ndarray of bool, shape (n,)
        False where a score is missing.

    Raises
    ------
    ParameterError
        As in `classify`.

    References
    ----------
    Jacobson NS, Truax P (1991), J Consult Clin Psychol 59:12-19, for the change and the cut-off.

    Examples
    --------
    >>> crossed([11, 20], [8, 4], sd=5, reliability=0.8, cutoff=10).tolist()
    [True, False]

    """
    change = reliable_change(before, after, sd=sd, reliability=reliability, worse=worse)
    return change.crossed(cutoff=cutoff)


class Cutoffs(NamedTuple):
    """Cut-offs a, b and c of Jacobson and Truax, in points.

    Examples
    --------
    >>> from ipm_outcomes import change
    >>> limits = change.cutoffs(clinical_mean=40, clinical_sd=7.5, functional_mean=60, functional_sd=7.5, worse="lower")
    >>> limits.a, limits.b, limits.c
    (55.0, 45.0, 50.0)
    """

    a: float
    b: float
    c: float


@fenced
def cutoffs(
    *, clinical_mean: float, clinical_sd: float, functional_mean: float, functional_sd: float, worse: Worse
) -> Cutoffs:
    """Return the three cut-offs between a clinical and a functional population.

    a: two clinical SDs beyond the clinical mean, toward health. b: two *functional* SDs from the functional
    mean, toward illness. c: where the two are equally many SDs away, ``(s0 M1 + s1 M0) / (s0 + s1)``.
    (An R package takes the clinical SD for b; the paper does not.)

    Parameters
    ----------
    clinical_mean, clinical_sd : float
        Of patients before treatment, in points.
    functional_mean, functional_sd : float
        Of a population without the problem, in points.
    worse : {"higher", "lower"}
        Whether a higher or a lower score is worse.

    Returns
    -------
    Cutoffs
        Calculated on the decimals as written, so that b of 114.8 and 17.8 is 79.2 and equals a score of 79.2.

    Raises
    ------
    ParameterError
        For SDs not above 0, or a functional mean that is not better than the clinical one in the direction
        given.

    References
    ----------
    Jacobson NS, Truax P (1991), J Consult Clin Psychol 59:12-19.

    Examples
    --------
    >>> cutoffs(clinical_mean=40, clinical_sd=7.5, functional_mean=60, functional_sd=7.5, worse="lower")
    Cutoffs(a=55.0, b=45.0, c=50.0)

    """
    sign = better_sign(worse)
    m1 = _as_written(finite("clinical_mean", clinical_mean))
    m0 = _as_written(finite("functional_mean", functional_mean))
    s1 = _as_written(positive("clinical_sd", clinical_sd))
    s0 = _as_written(positive("functional_sd", functional_sd))
    if sign * (m0 - m1) <= 0:
        side = "below" if worse == "higher" else "above"
        raise ParameterError(
            f"functional_mean: must lie {side} the clinical mean where a {worse} score is worse;"
            " check `worse` and the two means"
        )
    return Cutoffs(
        float(m1 + sign * 2 * s1), float(m0 - sign * 2 * s0), float((s0 * m1 + s1 * m0) / (s0 + s1))
    )


def _as_written(number: float) -> Fraction:
    return Fraction(repr(number))
