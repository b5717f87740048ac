"""Reliable change, cut-offs between populations, and the classes made of both, on arrays.

Throughout, a change is ``after - before`` and an improvement is the change counted toward health: where a
higher score is worse (``worse="higher"``, pain intensity, PHQ-9), a negative change is an improvement.
Missing scores are NaN or None and never count as anything.

**Ties.** A change is reliable when it is *strictly* larger than the critical value times its standard error.
The comparison is made on the points, and a change that lies within one part in 10^9 of the limit is a tie and
so not reliable: 61.3 - 51.5 and 60.2 - 50.4 are both 9.8, though binary floats put one below and one above.
Scores are compared with a cut-off exactly as given; a score equal to the cut-off is on neither side.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal, NamedTuple, TypeAlias, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ipm_outcomes._fence import fenced
from ipm_outcomes.errors import ParameterError, choice
from ipm_outcomes.stats.arguments import (
    Booleans,
    Floats,
    Worse,
    better_sign,
    finite,
    normal_quantile,
    paired_arrays,
    positive,
    reliability_of,
    whole_number,
)
from ipm_outcomes.stats.classes import Judged, sides
from ipm_outcomes.stats.limits import directions, integer_above, jacobson_truax_limit

Method: TypeAlias = Literal[
    "jacobson_truax",
    "gulliksen_lord_novick",
    "hsu_linn_lord",
    "edwards_nunnally",
    "nunnally_kotsch",
    "hageman_arrindell",
]


@dataclass(frozen=True, eq=False, slots=True)
class ReliableChange(Judged):
    """What `reliable_change` found; arrays have one entry per patient.

    Attributes
    ----------
    method : str
        Name of the method.
    worse : str
        "higher" or "lower".
    before, after : numpy.ndarray of float64
        The scores as read.
    index : numpy.ndarray of float64
        The reliable change index, in the sign of the change; NaN where a score is missing.
    direction : numpy.ndarray of int8
        +1 reliable improvement, -1 reliable worsening, 0 neither; 0 also where a score is missing, see
        `evaluable`.
    evaluable : numpy.ndarray of bool
        Whether both scores are there.
    critical : float
        The value that the index must exceed.
    sd, sd_source : float, str
        The standard deviation used, "sample" (of the baselines of the complete pairs) or "given".
    reliability : float
        The reliability used.
    n : int
        Number of complete pairs.
    sem : float
        Standard error of measurement, ``sd * sqrt(1 - reliability)``, in points.
    sdiff : float
        Standard error of the difference of two scores, ``sqrt(2) * sem``, in points.
    standard_error : float
        The denominator of this method's index, in points (equal to `sdiff` for jacobson_truax).
    minimal_change : float or None
        Points that a change must exceed to be reliable. Only for jacobson_truax: in the other methods the
        limit depends on the baseline or on the sample's mean change, and this is None.

    Examples
    --------
    >>> from ipm_outcomes import change
    >>> result = change.reliable_change([32.5], [47.5], sd=7.5, reliability=0.80, worse="lower")
    >>> result.direction.tolist(), round(result.minimal_change, 2)
    ([1], 9.3)
    """

    method: str
    worse: str
    before: Floats
    after: Floats
    index: Floats
    direction: NDArray[np.int8]
    evaluable: Booleans
    critical: float
    sd: float
    sd_source: str
    reliability: float
    n: int
    sem: float
    sdiff: float
    standard_error: float
    minimal_change: float | None

    @property
    def minimal_points(self) -> int | None:
        """Smallest whole number of points strictly above `minimal_change`; None where that is None."""
        return None if self.minimal_change is None else integer_above(self.minimal_change)

    @property
    def improved(self) -> Booleans:
        """Whether the patient improved reliably."""
        better: Booleans = np.equal(self.direction, 1)
        return better

    @property
    def deteriorated(self) -> Booleans:
        """Whether the patient worsened reliably."""
        worsened: Booleans = np.equal(self.direction, -1)
        return worsened

    def crossed(self, *, cutoff: float) -> Booleans:
        """Whether the patient passed from dysfunctional to functional *without* a reliable change."""
        dysfunctional, functional = sides(self.before, self.after, cutoff, self.worse)
        crossing: Booleans = self.evaluable & (self.direction == 0) & dysfunctional[0] & functional[1]
        return crossing

    def eligible_to_recover(self, *, cutoff: float) -> Booleans:
        """Whether both scores are there and the baseline is on the dysfunctional side of the cut-off."""
        dysfunctional, _ = sides(self.before, self.after, cutoff, self.worse)
        eligible: Booleans = self.evaluable & dysfunctional[0]
        return eligible


@fenced
def reliable_change(
    before: ArrayLike,
    after: ArrayLike,
    *,
    sd: float | Literal["sample"] | None = None,
    reliability: float,
    method: Method = "jacobson_truax",
    worse: Worse = "higher",
    critical: float | None = None,
    reliability_after: float | None = None,
    second_sd: Literal["before", "after"] = "before",
    mean_before: float | None = None,
    mean_after: float | None = None,
) -> ReliableChange:
    """Determine which changes are larger than measurement error would make them.

    Parameters
    ----------
    before, after : array_like, shape (n,)
        Scores in points; NaN or None where missing.
    sd : float or "sample", optional
        Standard deviation of the score at baseline, in points: a published one, or (default, also "sample")
        that of the sample's baselines, over the complete pairs with n - 1. With fewer than 30 patients prefer
        a published one.
    reliability : float
        Reliability of the score (test-retest or internal consistency), between 0 and 1, both excluded.
    method : str
        With x1, x2 the scores, M1, M2 their means over the complete pairs, s1 the SD and r the reliability:

        - "jacobson_truax": (x2 - x1) / (s1 sqrt(2 (1 - r))).
        - "gulliksen_lord_novick": ((x2 - M1) - r (x1 - M1)) / (s1 sqrt(1 - r^2)); allows for regression to
          M1.
        - "hsu_linn_lord": ((x2 - M2) - r (x1 - M1)) / (s1 sqrt(1 - r^2)). It compares a patient with the
          *average* patient of the sample, not with no change.
        - "edwards_nunnally": (x2 - [r (x1 - M1) + M1]) / (s1 sqrt(1 - r)).
        - "nunnally_kotsch": (x2 - [r (x1 - M1) + M1]) / sqrt(r^2 s1^2 (1 - r) + s^2 (1 - r2)), with r2 the
          reliability at follow-up and s as `second_sd` says.
        - "hageman_arrindell": ((x2 - x1) R + (M2 - M1) (1 - R)) / (sqrt(R) s1 sqrt(2 (1 - r))), R the
          reliability of the sample's changes, 1 - 2 s1^2 (1 - r) / var(x2 - x1).
    worse : {"higher", "lower"}
        Whether a higher or a lower score is worse. Decides the sign of `direction` only.
    critical : float, optional
        Value that the index must exceed. Default 1.959964 (two-sided 95 %); give 1.96 for the rounded
        constant. For hageman_arrindell the default is the one-sided 1.644854.
    reliability_after : float, optional
        Reliability at follow-up: needed by nunnally_kotsch, used by no other method.
    second_sd : {"before", "after"}
        nunnally_kotsch only: the SD in the second term, s1 (default) or the sample's SD at follow-up.
    mean_before, mean_after : float, optional
        Means M1 and M2 from a publication in place of the sample's.

    Returns
    -------
    ReliableChange

    Raises
    ------
    ParameterError
        For arrays that do not match, a reliability outside (0, 1), a standard deviation that is not above 0,
        an unknown method, or too few pairs for the sample figures that the method needs.

    References
    ----------
    Jacobson NS, Truax P (1991), J Consult Clin Psychol 59:12-19. Bauer S, Lambert MJ, Nielsen SL (2004), J
    Pers Assess 82:60-70, for the other methods. Hageman WJ, Arrindell WA (1999), Behav Res Ther 37:1169-1193.

    Examples
    --------
    The hypothetical patient of Jacobson and Truax: SEM 3.35, standard error of the difference 4.74, index
    3.16.

    >>> result = reliable_change([32.5], [47.5], sd=7.5, reliability=0.80, worse="lower")
    >>> round(result.sem, 2), round(result.sdiff, 2), round(float(result.index[0]), 2)
    (3.35, 4.74, 3.16)
    >>> result.direction.tolist(), round(result.minimal_change, 2), result.minimal_points
    ([1], 9.3, 10)

    """
    x1, x2 = paired_arrays(before, after)
    sign = better_sign(worse)
    choice(method, get_args(Method))
    r = reliability_of("reliability", reliability)
    if (reliability_after is None) == (method == "nunnally_kotsch"):
        raise ParameterError("reliability_after: needed by the method nunnally_kotsch and used by no other")
    choice(second_sd, ("before", "after"), "second_sd")
    both = ~np.isnan(x1) & ~np.isnan(x2)
    pairs = _Pairs(x1[both], x2[both])
    if sd is None or (isinstance(sd, str) and sd == "sample"):
        s1, source = pairs.sd("before"), "sample"
    else:
        s1, source = positive("sd", sd), "given"
    if critical is None:
        limit = normal_quantile(0.95, sides=1 if method == "hageman_arrindell" else 2)
    else:
        limit = positive("critical", critical)

    sem = s1 * math.sqrt(1 - r)
    sdiff = math.sqrt(2.0) * sem
    m1 = m2 = math.nan
    if method not in ("jacobson_truax", "hageman_arrindell"):
        m1 = pairs.mean("before") if mean_before is None else finite("mean_before", mean_before)
    if method == "hsu_linn_lord":
        m2 = pairs.mean("after") if mean_after is None else finite("mean_after", mean_after)

    if method == "jacobson_truax":
        excess, error = x2 - x1, sdiff
    elif method == "gulliksen_lord_novick":
        excess, error = (x2 - m1) - r * (x1 - m1), s1 * math.sqrt(1 - r * r)
    elif method == "hsu_linn_lord":
        excess, error = (x2 - m2) - r * (x1 - m1), s1 * math.sqrt(1 - r * r)
    elif method == "edwards_nunnally":
        excess, error = x2 - (r * (x1 - m1) + m1), sem
    elif method == "nunnally_kotsch":
        r2 = reliability_of("reliability_after", reliability_after)
        second = s1 if second_sd == "before" else pairs.sd("after")
        excess = x2 - (r * (x1 - m1) + m1)
        error = math.sqrt(r * r * s1 * s1 * (1 - r) + second * second * (1 - r2))
    else:
        rdd = _change_reliability(pairs, sem)
        shift = _mean_shift(pairs, mean_before, mean_after)
        excess, error = (x2 - x1) * rdd + shift * (1 - rdd), math.sqrt(rdd) * sdiff

    return ReliableChange(
        method=method,
        worse=worse,
        before=x1,
        after=x2,
        index=excess / error,
        direction=directions(excess, limit * error, sign),
        evaluable=both,
        critical=limit,
        sd=s1,
        sd_source=source,
        reliability=r,
        n=int(both.sum()),
        sem=sem,
        sdiff=sdiff,
        standard_error=error,
        minimal_change=jacobson_truax_limit(sem, limit) if method == "jacobson_truax" else None,
    )


class _Pairs(NamedTuple):
    """The complete pairs of a sample, with refusals where they cannot give a figure."""

    before: Floats
    after: Floats

    def sd(self, when: Literal["before", "after"]) -> float:
        values = self.before if when == "before" else self.after
        if values.size < 2:
            raise ParameterError(
                f"sd: {values.size} complete pairs give no sample standard deviation; give a published one"
            )
        spread = float(values.std(ddof=1))
        if spread == 0:
            raise ParameterError(f"sd: all complete pairs have the same score {when}; give a published one")
        return spread

    def mean(self, when: Literal["before", "after"]) -> float:
        values = self.before if when == "before" else self.after
        if not values.size:
            raise ParameterError(f"mean_{when}: no complete pair to take it from; give a published one")
        return float(values.mean())


def _mean_shift(pairs: _Pairs, mean_before: float | None, mean_after: float | None) -> float:
    m1 = pairs.mean("before") if mean_before is None else finite("mean_before", mean_before)
    m2 = pairs.mean("after") if mean_after is None else finite("mean_after", mean_after)
    return m2 - m1


def _change_reliability(pairs: _Pairs, sem: float) -> float:
    # s1^2 R1 + s2^2 R2 - 2 s1 s2 c over var(x2 - x1), with Rk = 1 - SEM^2 / sk^2, is 1 - 2 SEM^2 / var(x2 -
    # x1).
    if pairs.before.size < 2:
        raise ParameterError(
            f"method: hageman_arrindell needs at least 2 complete pairs, there are {pairs.before.size}"
        )
    variance = float((pairs.after - pairs.before).var(ddof=1))
    if variance <= 2 * sem * sem:
        raise ParameterError(
            "method: the changes of this sample vary no more than measurement error alone would make them, so"
            " hageman_arrindell is not defined here; use another method"
        )
    return 1 - 2 * sem * sem / variance


class SmallestDetectableChange(NamedTuple):
    """Smallest detectable change, in points.

    `individual` is the limit for one patient, `group` that for the mean of `n` patients; `sem` is the
    standard error of measurement it rests on, and `sem_source` says whether that was given or made of an SD
    and a reliability.

    Examples
    --------
    >>> from ipm_outcomes import change
    >>> result = change.smallest_detectable_change(sd=7.5, reliability=0.80, n=25)
    >>> round(result.individual, 2), round(result.group, 2)
    (9.3, 1.86)
    """

    individual: float
    group: float
    n: int
    sem: float
    sem_source: str
    level: float
    z: float


@fenced
def smallest_detectable_change(
    *,
    sem: float | None = None,
    sd: float | None = None,
    reliability: float | None = None,
    n: int = 1,
    level: float = 0.95,
    critical: float | None = None,
) -> SmallestDetectableChange:
    """Return the smallest change that is not measurement error, for one patient and for a group mean.

    ``z * sqrt(2) * sem``, and that divided by ``sqrt(n)``. With sem = sd sqrt(1 - reliability) the individual
    value is the minimal reliable change of Jacobson and Truax. With a SEM of agreement (from repeated
    measurements of stable patients), which contains the drift between occasions, it is another number: say
    which was given.

    Parameters
    ----------
    sem : float, optional
        Standard error of measurement, in points. Else `sd` and `reliability` make it.
    sd, reliability : float, optional
        Standard deviation in points, and reliability between 0 and 1.
    n : int
        Size of the group.
    level : float
        0.95 for the usual limit, 0.90 for what physiotherapy calls MDC90.
    critical : float, optional
        z to use in place of the level's normal quantile, for example the rounded 1.96.

    Returns
    -------
    SmallestDetectableChange

    Raises
    ------
    ParameterError
        Unless exactly one of `sem`, or `sd` with `reliability`, is given and all are in their range.

    References
    ----------
    de Vet HCW et al. (2006), Health Qual Life Outcomes 4:54.

    Examples
    --------
    >>> result = smallest_detectable_change(sd=7.5, reliability=0.80, n=25)
    >>> round(result.individual, 2), round(result.group, 2)
    (9.3, 1.86)

    """
    if sem is not None and sd is None and reliability is None:
        error, source = positive("sem", sem), "given"
    elif sem is None and sd is not None and reliability is not None:
        error = positive("sd", sd) * math.sqrt(1 - reliability_of("reliability", reliability))
        source = "sd and reliability"
    else:
        raise ParameterError("sem: give either sem, or sd and reliability together")
    n = whole_number("n", n, 1)
    z = normal_quantile(level) if critical is None else positive("critical", critical)
    individual = jacobson_truax_limit(error, z)
    return SmallestDetectableChange(individual, individual / math.sqrt(n), n, error, source, level, z)


@fenced
def minimal_reliable_points(*, sd: float, reliability: float, critical: float | None = None) -> int:
    """Return the smallest whole number of points that is a reliable change by Jacobson and Truax.

    Parameters
    ----------
    sd : float
        Standard deviation in points.
    reliability : float
        Between 0 and 1, both excluded.
    critical : float, optional
        Default 1.959964.

    Returns
    -------
    int
        The smallest integer strictly above ``critical * sd * sqrt(2 (1 - reliability))``; an integer equal to
        that limit (to one part in 10^9) is a tie and does not count.

    Raises
    ------
    ParameterError
        For a parameter out of its range.

    References
    ----------
    Jacobson NS, Truax P (1991), J Consult Clin Psychol 59:12-19.

    Examples
    --------
    >>> minimal_reliable_points(sd=7.5, reliability=0.8)
    10
    >>> minimal_reliable_points(sd=5, reliability=0.5, critical=2)
    11

    """
    return integer_above(
        smallest_detectable_change(sd=sd, reliability=reliability, critical=critical).individual
    )
