"""How near the three forms of the predictive minimal important change come to a known truth.

True change is normal with a standard deviation of 6 points, the scores add noise of 2.5 points, and a patient calls
herself improved where true change plus the noise of the anchor exceeds 4 points: the truth that is to be estimated.
The anchor's noise follows from its reliability (true variance over all variance), the mean change from the share
improved. Each cell is the mean of 200 samples of 800 patients.

Run ``python benchmarks/mic_simulation.py``: it prints the table of ``docs/decisions_groups.md``.
"""

from __future__ import annotations

import math
from statistics import NormalDist

import numpy as np

from ipm_outcomes.change import predictive_mic

TRUTH, SPREAD, NOISE = 4.0, 6.0, 2.5
SHARES = (0.3, 0.4, 0.5, 0.6, 0.7, 0.8)
RELIABILITIES = (0.4, 0.5, 0.6, 0.7, 0.8, 0.9)
SAMPLES, PATIENTS = 200, 800


def cell(share: float, reliability: float) -> tuple[float, float]:
    """Mean adjusted and mean improved adjusted estimate of one cell."""
    generator = np.random.default_rng([round(100 * share), round(100 * reliability)])
    anchor_noise = SPREAD * math.sqrt((1 - reliability) / reliability)
    mean = TRUTH + NormalDist().inv_cdf(share) * math.hypot(SPREAD, anchor_noise)
    adjusted, improved_adjusted = [], []
    for _ in range(SAMPLES):
        true = generator.normal(mean, SPREAD, PATIENTS)
        improved = true + generator.normal(0, anchor_noise, PATIENTS) > TRUTH
        seen = true + generator.normal(0, NOISE, PATIENTS)
        found = predictive_mic(seen, improved, anchor_reliability=reliability)
        adjusted.append(found.adjusted)
        assert found.improved_adjusted is not None
        improved_adjusted.append(found.improved_adjusted)
    return float(np.mean(adjusted)), float(np.mean(improved_adjusted))


def main() -> None:
    """Print both tables as Markdown, and the mean absolute error over the grid."""
    cells = {(p, r): cell(p, r) for p in SHARES for r in RELIABILITIES}
    for place, name in enumerate(("adjusted", "improved adjusted")):
        print(f"| {name}: share improved | " + " | ".join(f"{r:.1f}" for r in RELIABILITIES) + " |")
        print("|---|" + "---|" * len(RELIABILITIES))
        for share in SHARES:
            row = " | ".join(f"{cells[share, r][place]:.2f}" for r in RELIABILITIES)
            print(f"| {share:.1f} | {row} |")
        error = np.mean([abs(value[place] / TRUTH - 1) for value in cells.values()])
        print(f"\nMean absolute error over the grid: {100 * error:.1f} %\n")


if __name__ == "__main__":
    main()
