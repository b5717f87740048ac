"""What scoring says of one scale, row by row."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ipm_outcomes.tables import AnyTable

U8 = NDArray[np.uint8]
I8 = NDArray[np.int8]
Codes = NDArray[Any]
"""int8 or int16."""


@dataclass
class ScaleColumns:
    """What scoring says of one scale, one entry per row. Codes are -1 for none."""

    table: AnyTable
    value: NDArray[np.float64] | None
    se: NDArray[np.float64] | None
    numerator: NDArray[np.int64] | None
    labels: I8 | None
    answered: U8
    absent: I8
    denominator: NDArray[np.int64] | None = None
    """What each numerator is over, where not all are over that of the table."""
