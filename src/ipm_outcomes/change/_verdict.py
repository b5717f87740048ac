"""The one verdict on a change of one patient: by which limits, and how an estimated score is judged.

The table of changes and `between` come here for it, so that the same two scores have the same verdict in both.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import get_args

import numpy as np
from numpy.typing import NDArray

from ipm_outcomes._changes import Verdict as Verdict
from ipm_outcomes.change._constants import Figure, Reliability, figure_of, published
from ipm_outcomes.definition import Instrument, Scale
from ipm_outcomes.frames._library import Bools, Floats, Ints

VERDICTS: tuple[str, ...] = get_args(Verdict)
UNCHANGED, CANNOT, UNKNOWN = (VERDICTS.index(w) for w in ("unchanged", "cannot be judged", "error not known"))
_NONE = VERDICTS.index("no reliable change")

TIE = 1e-9
"""Share of a limit within which binary floats do not decide."""

RELIABLE = "reliable"
"""How ids of thresholds begin that are published indexes of reliable change."""


@dataclass(frozen=True)
class Limit:
    """One measurement error of a change, in points, as its exact square.

    ``reached`` says whether a change of just this size is beyond it (a published index in points), ``at_least``
    that the error is known to be this large or larger.
    """

    squared: Fraction
    figures: tuple[Figure, ...]
    reached: bool = False
    at_least: bool = False

    @property
    def value(self) -> float:
        """The limit in points."""
        return math.sqrt(self.squared)

    def least(self, bottom: int) -> int:
        """The smallest whole number over ``bottom`` that is beyond the limit.

        >>> Limit(Fraction(36), (), reached=True).least(1), Limit(Fraction(36), ()).least(1)
        (6, 7)
        >>> Limit(Fraction("46.68"), ()).least(3)  # more than 6.83 points, in thirds
        21
        """
        exact = self.squared * bottom * bottom
        root = math.isqrt(exact.numerator // exact.denominator)
        return root if self.reached and root * root == exact else root + 1

    def beyond(self, size: Fraction) -> bool:
        """Whether a change of this size, without its sign, is beyond the limit."""
        return size.numerator >= self.least(size.denominator)


def exact_square(value: float) -> Fraction:
    """The square of a number as written."""
    return Fraction(repr(float(value))) ** 2


def of_error(figures: tuple[Figure, ...], critical: float, *, at_least: bool = False) -> Limit:
    """``critical * sqrt(2) * SEM``, from a standard error of measurement, or from a standard deviation and a
    reliability: ``SEM = SD * sqrt(1 - reliability)``.
    """
    error = exact_square(figures[0].value)
    if len(figures) == 2:
        error *= 1 - Fraction(repr(float(figures[1].value)))
    return Limit(2 * Fraction(critical) ** 2 * error, figures, at_least=at_least)


def of_scores(se1: float, se2: float, critical: float) -> Limit:
    """``critical * sqrt(se1**2 + se2**2)``, of the standard errors of two scores."""
    return Limit(Fraction(critical) ** 2 * (exact_square(se1) + exact_square(se2)), ())


def published_limits(
    inst: Instrument, scale: Scale, critical: float, prefer: Reliability = "test_retest"
) -> tuple[Limit, ...]:
    """The published measurement errors of one person's change on a scale, the smallest first; none where
    nothing is sourced.

    Indexes of reliable change, minimal detectable changes and standard errors of measurement; where there is
    none of these, a standard deviation with a reliability, of which internal consistency gives a lower bound:
    it leaves out what varies between two days. A figure that a source was read for displaces those that are not
    verified. A detectable change derived from a standard error that is there itself is not counted twice.
    """
    errors = [c for c in scale.constants if c.kind == "sem"]
    limits = [
        Limit(Fraction(t.value) ** 2, (figure_of(inst, t),), reached=True)
        for t in scale.thresholds
        if t.kind == "points" and t.id.startswith(RELIABLE) and t.scope == "individual"
    ]
    limits += [
        Limit(Fraction(c.value) ** 2, (figure_of(inst, c),))
        for c in scale.constants
        if c.kind in ("mdc", "mdc95") and not (errors and c.evidence == "derived")
    ]
    limits += [of_error((figure_of(inst, c),), critical) for c in errors]
    if not limits and (pair := published(inst, scale, prefer).pair):
        limits = [of_error(pair, critical, at_least=pair[1].kind == "alpha")]
    sourced = [limit for limit in limits if not _unverified(limit)]
    return tuple(sorted(sourced or limits, key=lambda limit: limit.squared))


def _unverified(limit: Limit) -> bool:
    return any(figure.evidence == "unverified" for figure in limit.figures)


def levels(improvement: Ints, bottom: Ints, limits: Sequence[Limit]) -> NDArray[np.int8]:
    """How far beyond measurement error: +-2 beyond all limits, +-1 beyond some, 0 beyond none; with the sign of
    the improvement, which is ``improvement / bottom`` points.

    >>> index, error = Limit(Fraction(36), (), reached=True), Limit(Fraction(48), ())
    >>> levels(np.array([5, 6, -7, 7]), np.ones(4, np.int64), [index, error]).tolist()
    [0, 1, -2, 2]
    """
    size = np.abs(improvement)
    some, every = np.zeros(size.shape, bool), np.ones(size.shape, bool)
    denominators, place = np.unique(bottom, return_inverse=True)
    place = place.reshape(bottom.shape)
    for limit in limits:
        least = np.array([min(limit.least(int(d)), 2**62) for d in denominators], np.int64)[place]
        beyond = size >= least
        some |= beyond
        every &= beyond & (not limit.at_least)
    certainty = np.where(every & bool(limits), 2, some.astype(np.int8))
    return (np.sign(improvement) * certainty).astype(np.int8)


def levels_by_errors(
    improvement: Ints, bottom: Ints, errors: tuple[Floats, Floats], critical: float
) -> NDArray[np.int8]:
    """As `levels`, by the standard errors of the two scores: +-2 beyond ``critical * sqrt(se1**2 + se2**2)``."""
    size, limit = np.abs(improvement) / bottom, critical * np.hypot(*errors)
    with np.errstate(invalid="ignore"):
        beyond = np.greater(size, limit)
        near = np.flatnonzero(np.abs(size - limit) <= TIE * limit)
    for row in near.tolist():
        size_at = Fraction(abs(int(improvement[row])), int(bottom[row]))
        beyond[row] = of_scores(errors[0][row], errors[1][row], critical).beyond(size_at)
    return (2 * np.sign(improvement) * beyond).astype(np.int8)


@dataclass(frozen=True)
class Moved:
    """Improvements of one scale as exact fractions over ``bottom``.

    ``least`` and ``most`` are the ends of what the improvement can have been: both equal to ``improvement``,
    unless one of the scores is an estimate from a form with blanks.
    """

    improvement: Ints
    least: Ints
    most: Ints
    bottom: Ints

    @property
    def estimated(self) -> Bools:
        """Where one of the scores is an estimate."""
        return np.not_equal(self.least, self.most)


def verdict_codes(
    moved: Moved, paired: Bools, known: Bools, least: NDArray[np.int8], most: NDArray[np.int8]
) -> NDArray[np.int8]:
    """Positions in `VERDICTS`: the weakest verdict that holds for every completion of an estimated score.

    ``least`` and ``most`` are the levels of the ends of the improvement, ``known`` says where an error is known.
    """
    level = np.where(np.sign(least) == np.sign(most), np.where(np.abs(least) < np.abs(most), least, most), 0)
    code = (_NONE - level).astype(np.int8)
    code[np.sign(least) != np.sign(most)] = CANNOT
    code[~known] = UNKNOWN
    code[~moved.estimated & (moved.improvement == 0)] = UNCHANGED
    code[~paired] = CANNOT
    return code


# The words are in the order of their levels, so that a level is a place counted from the middle.
assert [VERDICTS[_NONE - level] for level in (2, 1, -1, -2)] == [
    *("reliably better", "possibly better", "possibly worse", "reliably worse")
]


def completions(
    inst: Instrument, scale: Scale, top: Ints, bottom: int, answered: Ints
) -> tuple[Ints, Ints, int]:
    """What scores with blanks would lie between if the blanks had been answered: both ends over
    ``bottom`` times a whole number, and that number.

    Parameters
    ----------
    inst, scale
        The definition.
    top, bottom
        The scores, as fractions.
    answered
        How many items were answered; -1 where that is not known. A value that a complete form can have is then
        taken as one; any other could be anything.
    """
    items = len(scale.items)
    if scale.kind not in ("sum", "mean") or not any(rule.at_most for rule in scale.missing):
        return top, top, 1
    points = inst.points(
        scale.items[0], scale
    ).values()  # the same span for every item, where a rule lets any be missing
    blank = min(points), max(points)
    given = np.where(answered < 0, items, np.minimum(answered, items))
    per_unit = scale.per_unit
    tally, rest = np.divmod(top * given * per_unit, bottom * (items if scale.kind == "sum" else 1))
    times = bottom * (items if scale.kind == "sum" else 1)
    low, high = tally + (items - given) * blank[0], tally + (items - given) * blank[1]
    # A tally that is no whole number is of no form with so many answers: anything is possible.
    low = np.where(rest == 0, low, items * blank[0])
    high = np.where(rest == 0, high, items * blank[1])
    return low * times, high * times, items * per_unit


def figures_of(limits: Iterable[Limit]) -> tuple[Figure, ...]:
    """All figures behind the limits, those of the largest first."""
    return tuple(figure for limit in reversed(tuple(limits)) for figure in limit.figures)
