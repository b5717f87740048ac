"""Class words: reliable change and the side of a cut-off put together."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ipm_outcomes.stats.arguments import Booleans, Floats, better_sign, finite

RECOVERED = "recovered"
IMPROVED = "improved"
UNCHANGED = "unchanged"
DETERIORATED = "deteriorated"
HARMED = "harmed"
NOT_CLASSIFIABLE = "not classifiable"
CLASS_WORDS = (RECOVERED, IMPROVED, UNCHANGED, DETERIORATED, HARMED, NOT_CLASSIFIABLE)


def sides(
    before: Floats, after: Floats, cutoff: float, worse: str
) -> tuple[tuple[Booleans, Booleans], tuple[Booleans, Booleans]]:
    """Scores on the dysfunctional and on the functional side, each as (before, after); one equal to the
    cut-off is on neither.
    """
    sign, cut = better_sign(worse), finite("cutoff", cutoff)
    dysfunctional = (sign * before < sign * cut, sign * after < sign * cut)
    functional = (sign * before > sign * cut, sign * after > sign * cut)
    return dysfunctional, functional


class Judged:
    """Patients with scores before and after, and a direction of reliable change that was found by whatever method."""

    __slots__ = ()
    before: Floats
    after: Floats
    direction: NDArray[np.int8]
    evaluable: Booleans
    worse: str

    def classes(
        self, *, cutoff: float, require_dysfunctional_baseline: bool = True, harmed: bool = False
    ) -> NDArray[np.str_]:
        """Class words of the patients, from the direction and from the sides of the two scores; see `classify`."""
        return classes_of(
            self.before,
            self.after,
            self.direction,
            self.evaluable,
            cutoff=cutoff,
            worse=self.worse,
            require_dysfunctional_baseline=require_dysfunctional_baseline,
            harmed=harmed,
        )


def classes_of(
    before: Floats,
    after: Floats,
    direction: NDArray[np.int8],
    evaluable: Booleans,
    *,
    cutoff: float,
    worse: str,
    require_dysfunctional_baseline: bool = True,
    harmed: bool = False,
) -> NDArray[np.str_]:
    """Give class words from a direction of reliable change that was found by whatever method.

    Parameters
    ----------
    before, after : numpy.ndarray of float64, shape (n,)
        Scores in points.
    direction : numpy.ndarray of int8, shape (n,)
        +1 reliable improvement, -1 reliable worsening, 0 neither.
    evaluable : numpy.ndarray of bool, shape (n,)
        False gives "not classifiable".
    cutoff, worse, require_dysfunctional_baseline, harmed
        As in `classify`.

    Returns
    -------
    numpy.ndarray of str, shape (n,)

    Examples
    --------
    >>> import numpy as np
    >>> scores = np.array([20.0, 20.0]), np.array([4.0, 19.0])
    >>> direction, evaluable = np.array([1, 0], np.int8), np.array([True, True])
    >>> classes_of(*scores, direction, evaluable, cutoff=10, worse="higher").tolist()
    ['recovered', 'unchanged']

    """
    dysfunctional, functional = sides(before, after, cutoff, worse)
    better, worsened = evaluable & (direction == 1), evaluable & (direction == -1)
    recovered = better & functional[1]
    if require_dysfunctional_baseline:
        recovered &= dysfunctional[0]
    words = np.full(before.shape, NOT_CLASSIFIABLE)
    words[evaluable] = UNCHANGED
    words[better] = IMPROVED
    words[recovered] = RECOVERED
    words[worsened] = DETERIORATED
    if harmed:
        words[worsened & functional[0] & dysfunctional[1]] = HARMED
    return words
