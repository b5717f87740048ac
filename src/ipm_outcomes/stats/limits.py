"""When a change counts as larger than measurement error: the limit, the tie, the direction."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from ipm_outcomes.stats.arguments import Booleans, Floats

TIE = 1e-9
"""A change within this share of the limit is a tie, and not reliable: binary floats must not decide."""


def jacobson_truax_limit(sem: float, critical: float) -> float:
    """Points that a change must exceed by Jacobson and Truax: ``critical * sqrt(2) * sem``.

    >>> round(jacobson_truax_limit(2.5, 1.959964), 2)
    6.93
    """
    return critical * math.sqrt(2.0) * sem


def directions(excess: Floats, limit: Floats | float, sign: int) -> NDArray[np.int8]:
    """+1 reliable improvement, -1 reliable worsening, 0 neither; 0 where NaN.

    >>> directions(np.array([-7.0, 2.0, np.nan, 8.0]), 6.93, -1).tolist()
    [1, 0, 0, -1]
    """
    with np.errstate(invalid="ignore"):
        reliable: Booleans = np.greater(np.abs(excess) - limit, TIE * np.asarray(limit))
    return np.where(reliable, sign * np.sign(np.nan_to_num(excess)), 0).astype(np.int8)


def integer_above(limit: float) -> int:
    """Smallest whole number strictly above the limit, a tie not counting.

    >>> integer_above(6.93), integer_above(10.0)
    (7, 11)
    """
    nearest = round(limit)
    if abs(limit - nearest) <= TIE * max(1.0, abs(limit)):
        return nearest + 1
    return math.floor(limit) + 1
