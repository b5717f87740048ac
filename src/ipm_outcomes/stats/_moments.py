"""Mean and spread of exact numbers, the same for every order and partition of them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Moments:
    """How many numbers there are, their sum and the sum of their squares; those of parts add up.

    Attributes
    ----------
    denominator : int
        What the numbers are over: they, their sum and their squares are counted in units of one part of so many.
    """

    n: int = 0
    total: int = 0
    squares: int = 0
    denominator: int = 1

    @classmethod
    def of(cls, numbers: NDArray[np.int64], denominators: NDArray[np.int64] | int = 1) -> Self:
        """The moments of whole numbers, each over a denominator."""
        moments = cls()
        for denominator in np.unique(denominators).tolist():
            own = numbers[np.equal(denominators, denominator)] if np.ndim(denominators) else numbers
            values, counts = np.unique(own, return_counts=True)
            pairs = list(zip(values.tolist(), counts.tolist(), strict=True))
            total, squares = sum(v * n for v, n in pairs), sum(v * v * n for v, n in pairs)
            moments += cls(len(own), total, squares, denominator)
        return moments

    def __add__(self, other: Self) -> Self:
        common = math.lcm(self.denominator, other.denominator)
        mine, its = common // self.denominator, common // other.denominator
        return type(self)(
            self.n + other.n,
            self.total * mine + other.total * its,
            self.squares * mine**2 + other.squares * its**2,
            common,
        )

    def mean(self) -> float:
        """The mean, rounded once; NaN of no numbers."""
        return self.total / (self.n * self.denominator) if self.n else math.nan

    def sd(self) -> float:
        """The sample standard deviation (n - 1); NaN of fewer than two numbers.

        >>> import numpy as np
        >>> Moments.of(np.array([2, 4, 4, 4, 5, 5, 7, 9])).sd() == (32 / 7) ** 0.5
        True
        """
        if self.n < 2:
            return math.nan
        apart = self.n * self.squares - self.total**2
        below = self.n * (self.n - 1) * self.denominator**2
        half = max(apart.bit_length() - below.bit_length() - 1000, 0) // 2 + 1  # keeps a large one in range
        return math.sqrt(apart / (below << 2 * half)) * 2.0**half  # divided exactly, rounded once


def means_and_sds(
    n: NDArray[np.int64], totals: NDArray[np.object_], squares: NDArray[np.object_], denominator: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """`Moments.mean` and `Moments.sd` of many samples over one denominator."""
    most = int(n.max(initial=1))
    if most * max(squares.max(initial=0), most * denominator**2) < 2**53:  # then every number below is exact
        n, total, square = (values.astype(float) for values in (n, totals, squares))
        with np.errstate(invalid="ignore"):
            below = n * (n - 1) * denominator**2
            return total / (n * denominator), np.sqrt((n * square - total**2) / below)
    samples = zip(n.tolist(), totals.tolist(), squares.tolist(), strict=True)
    moments = [Moments(*sample, denominator) for sample in samples]
    return np.array([each.mean() for each in moments], float), np.array(
        [each.sd() for each in moments], float
    )
