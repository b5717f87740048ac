"""Limits of a share by hand."""

from __future__ import annotations

import math

Z = 1.959963984540054


def limits(share_left: float, greenwood: float) -> tuple[float, float]:
    """Limits of the share that is back, from those of the curve on the scale of log(-log)."""
    factor = math.exp(Z * math.sqrt(greenwood) / abs(math.log(share_left)))
    return 1 - share_left ** (1 / factor), 1 - share_left**factor
