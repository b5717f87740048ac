"""Mean and spread of whole numbers, exact, and the same for every order and partition of them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from typing import Self

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Moments:
    """How many whole numbers there are, their sum and the sum of their squares; those of parts add up."""

    n: int = 0
    total: int = 0
    squares: int = 0

    @classmethod
    def of(cls, numbers: NDArray[np.int64]) -> Self:
        """The moments of an array."""
        values, counts = np.unique(numbers, return_counts=True)
        pairs = list(zip(values.tolist(), counts.tolist(), strict=True))
        return cls(len(numbers), sum(v * n for v, n in pairs), sum(v * v * n for v, n in pairs))

    def __add__(self, other: Self) -> Self:
        return type(self)(self.n + other.n, self.total + other.total, self.squares + other.squares)

    def sd(self, denominator: int = 1) -> float:
        """The sample standard deviation (n - 1) of the numbers over a denominator; NaN of fewer than two.

        >>> import numpy as np
        >>> Moments.of(np.array([2, 4, 4, 4, 5, 5, 7, 9])).sd() == (32 / 7) ** 0.5
        True
        """
        if self.n < 2:
            return math.nan
        apart = self.n * self.squares - self.total**2
        return math.sqrt(Fraction(apart, self.n * (self.n - 1) * denominator**2))
