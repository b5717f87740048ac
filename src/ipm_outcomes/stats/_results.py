"""What functions of intervals take and return."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from ipm_outcomes.stats.arguments import Floats

Scalar: TypeAlias = "float | np.integer[Any] | np.floating[Any]"
Interval: TypeAlias = "tuple[float, float]"
Intervals: TypeAlias = "tuple[Floats, Floats]"


def both_limits(low: Floats, high: Floats, usable: NDArray[np.bool_]) -> Any:
    """Two floats for single numbers, else two arrays; NaN where there is no interval."""
    low = np.where(usable, low, np.nan)
    high = np.where(usable, high, np.nan)
    return (float(low), float(high)) if low.ndim == 0 else (low, high)
