"""Control charts."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ipm_outcomes._fence import fenced
from ipm_outcomes.errors import ParameterError, choice
from ipm_outcomes.stats._phases import (
    Freeze,
    Phase,
    Signs,
    phases_of,
    points_of,
    short_notes,
    side_of,
    slack_of,
)
from ipm_outcomes.stats.arguments import Booleans, Floats, Ints, part_of

# Mean moving range of two over the standard deviation, and the upper limit of a moving range over their mean.
_D2 = 1.128
_D4 = 3.267
_RUN = 7


@dataclass(frozen=True, slots=True, eq=False)
class ControlChart:
    """A control chart with the run rules of NHS England's Making Data Count.

    Attributes
    ----------
    value, center, lower, upper : float64 arrays, one per period
        Plotted value, center line and 3-sigma limits; NaN where there is none.
    sigma : float64 array
        Standard deviation from which the limits come.
    phase : int64 array
        Number of the phase of each period, from 0.
    outside, shift, trend, two_of_three : int8 arrays
        For each rule +1 or -1 where the point takes part in a pattern upward or downward, else 0: a point
        outside the limits; 7 in a row on one side of the center; 7 rising or falling; 3 in a row on one
        side of the center of which at least 2 lie beyond 2 sigma, those beyond 3 sigma included (the points
        beyond 2 sigma are marked). An equal value breaks a trend; a point on the center is on neither side.
    flag : array of str
        "improvement", "concern", "mixed" (the rules point both ways) or "" for each period; "special cause"
        where the chart was not given the direction that is better.
    method : str
        What the limits were made from.
    notes : tuple of str
        What a reader must know.

    Examples
    --------
    >>> from ipm_outcomes.stats import over_time
    >>> chart = over_time.p_chart([5, 3, 4], [10, 10, 10])
    >>> chart.center.round(3).tolist(), chart.upper.round(4).tolist()
    ([0.4, 0.4, 0.4], [0.8648, 0.8648, 0.8648])
    """

    value: Floats
    center: Floats
    lower: Floats
    upper: Floats
    sigma: Floats
    phase: Ints
    outside: Signs
    shift: Signs
    trend: Signs
    two_of_three: Signs
    flag: NDArray[np.str_]
    method: str
    notes: tuple[str, ...]


def _better(better: str | None) -> int:
    if better is None:
        return 0
    choice(better, ("higher", "lower"), "better")
    return 1 if better == "higher" else -1


def _spread_back(ends: Signs, length: int) -> Signs:
    """Mark all points of each pattern whose last point is marked."""
    marked = np.zeros_like(ends)
    for end in np.flatnonzero(ends):
        marked[end - length + 1 : end + 1] = ends[end]
    return marked


def _windows(signs: Signs, length: int) -> Signs:
    """Sign of each window of one sign throughout, at its last point."""
    ends = np.zeros_like(signs)
    if signs.size >= length:
        sums = np.lib.stride_tricks.sliding_window_view(signs, length).sum(axis=1)
        ends[length - 1 :] = np.sign(sums) * (np.abs(sums) == length)
    return ends


def _rules(value: Floats, center: Floats, sigma: Floats, slack: float) -> list[Signs]:
    """The four rules on the points of one phase, all of which have a value."""
    gap = value - center
    side = side_of(gap, slack)
    outside = np.where(np.abs(gap) > 3 * sigma + slack, side, 0).astype(np.int8)
    shift = _spread_back(_windows(side, _RUN), _RUN)
    rising = np.zeros_like(side)
    rising[1:] = _windows(side_of(np.diff(value), slack), _RUN - 1)
    trend = _spread_back(rising, _RUN)
    far = np.where(np.abs(gap) > 2 * sigma + slack, side, 0).astype(np.int8)
    two = np.zeros_like(far)
    for end in np.flatnonzero(_windows(side, 3)):
        window = slice(end - 2, end + 1)
        if np.abs(far[window]).sum() >= 2:
            two[window] = far[window]
    return [outside, shift, trend, two]


def _chart(
    value: Floats,
    usable: Booleans,
    center: Floats,
    sigma: Floats,
    phases: Sequence[Phase],
    better: str | None,
    method: str,
    notes: list[str],
    bounds: tuple[float, float] = (-math.inf, math.inf),
) -> ControlChart:
    direction = _better(better)
    slack = slack_of(value, usable)
    phase_of = np.zeros(value.size, dtype=np.int64)
    marks = [np.zeros(value.size, dtype=np.int8) for _ in range(4)]
    for number, phase in enumerate(phases):
        phase_of[phase.start : phase.stop] = number
        # A phase without limits (fewer than two points, or no patients) has no rules either.
        points = np.flatnonzero(usable & np.isfinite(center) & np.isfinite(sigma))
        points = points[(points >= phase.start) & (points < phase.stop)]
        for mark, flags in zip(
            marks, _rules(value[points], center[points], sigma[points], slack), strict=True
        ):
            mark[points] = flags
    stacked = np.stack(marks)
    up: Booleans = np.asarray((stacked > 0).any(axis=0))
    down: Booleans = np.asarray((stacked < 0).any(axis=0))
    if direction:
        good, bad = (up, down) if direction > 0 else (down, up)
        flag = np.select([good & bad, good, bad], ["mixed", "improvement", "concern"], "")
    else:
        flag = np.where(up | down, "special cause", "")
    return ControlChart(
        value,
        center,
        np.maximum(center - 3 * sigma, bounds[0]),
        np.minimum(center + 3 * sigma, bounds[1]),
        sigma,
        phase_of,
        outside=marks[0],
        shift=marks[1],
        trend=marks[2],
        two_of_three=marks[3],
        flag=flag,
        method=method,
        notes=tuple(short_notes(phases, usable) + notes),
    )


@fenced
def p_chart(
    x: ArrayLike,
    n: ArrayLike,
    *,
    method: str = "p",
    better: str | None = None,
    freeze: Freeze = None,
    rebase: Sequence[int] = (),
) -> ControlChart:
    """Control chart of proportions.

    Parameters
    ----------
    x, n : arrays of whole numbers, one per period in order of time
        Patients with the outcome, and all patients. A period with ``n = 0`` keeps its place without a value.
    method : {"p", "laney"}
        Binomial limits, or Laney's p', which multiplies them by the variation between periods; better for
        large n, where binomial limits become too narrow.
    better : {"higher", "lower"}, optional
        Which direction is improvement.
    freeze, rebase
        As in `run_chart`.

    Returns
    -------
    ControlChart
        Limits clipped to [0, 1].

    Raises
    ------
    ParameterError
        If a count is negative, not whole, NaN, or x exceeds n; if an option is not allowed.

    References
    ----------
    Shewhart 1931; Laney, Qual Eng 2002;14:531-537 (p'). Rules: NHS England, Making Data Count.

    Examples
    --------
    >>> chart = p_chart([5, 3, 4], [10, 10, 10])           # .4 -/+ 3 sqrt(.4 * .6 / 10)
    >>> chart.center.round(3).tolist(), chart.upper.round(4).tolist()
    ([0.4, 0.4, 0.4], [0.8648, 0.8648, 0.8648])

    """
    choice(method, ("p", "laney"))
    xs, ns = part_of("x", x, "n", n)
    if xs.ndim != 1:
        raise ParameterError(f"x has shape {xs.shape}; it must hold one count per period")
    phases = phases_of(xs.size, freeze, rebase)
    usable = ns > 0
    safe = np.where(usable, ns, 1.0)
    value = np.where(usable, xs / safe, np.nan)
    center, sigma = np.full(xs.size, np.nan), np.full(xs.size, np.nan)
    notes: list[str] = []
    for number, phase in enumerate(phases):
        part, base = slice(phase.start, phase.stop), slice(phase.start, phase.baseline)
        total = ns[base].sum()
        if total == 0:
            continue
        p = float(xs[base].sum() / total)
        center[part] = p
        binomial = np.sqrt(p * (1 - p) / safe)
        factor = 1.0
        if method == "laney":
            # The scores of periods that follow each other; an empty period between them is skipped.
            kept = np.flatnonzero(usable[base]) + phase.start
            if kept.size < 2 or p in (0.0, 1.0):
                notes.append(f"Phase {number}: no variation between periods to estimate; binomial limits.")
            else:
                factor = float(np.abs(np.diff((value[kept] - p) / binomial[kept])).mean()) / _D2
        sigma[part] = np.where(usable[part], factor * binomial[part], np.nan)
    return _chart(value, usable, center, sigma, phases, better, method, notes, (0.0, 1.0))


@fenced
def xmr_chart(
    values: ArrayLike,
    *,
    screen: bool = True,
    scaling: str = "3/1.128",
    better: str | None = None,
    freeze: Freeze = None,
    rebase: Sequence[int] = (),
) -> ControlChart:
    """Control chart of individual values, with limits from the moving ranges (XmR, or I chart).

    Parameters
    ----------
    values : array of float, one per period in order of time
        NaN for a period without a value; moving ranges are taken between neighbors that both have one.
    screen : bool
        Leave out, once, moving ranges above 3.267 times their mean; a single jump would else widen the
        limits.
    scaling : {"3/1.128", "2.66"}
        Limits at 3/1.128 = 2.6596 or at 2.66 times the mean moving range; both are in use.
    better : {"higher", "lower"}, optional
        Which direction is improvement.
    freeze, rebase
        As in `run_chart`; moving ranges do not reach across phases.

    Returns
    -------
    ControlChart
        `method` names screening and scaling.

    Raises
    ------
    ParameterError
        If values are no one-dimensional numbers, or an option is not allowed.

    References
    ----------
    Wheeler, Understanding Variation, 1993; Nelson, J Qual Technol 1982;14:172-173 (screening). Rules: NHS
    England, Making Data Count.

    Examples
    --------
    The moving ranges 2, 1, 3 have mean 2: 11.75 -/+ 2.66 * 2.

    >>> chart = xmr_chart([10, 12, 11, 14], scaling="2.66")
    >>> chart.center[0], chart.lower.round(2).tolist()[0], chart.upper.round(2).tolist()[0]
    (np.float64(11.75), 6.43, 17.07)

    """
    choice(scaling, ("3/1.128", "2.66"), "scaling")
    value, usable = points_of(values)
    phases = phases_of(value.size, freeze, rebase)
    factor = 1 / _D2 if scaling == "3/1.128" else 2.66 / 3
    center, sigma = np.full(value.size, np.nan), np.full(value.size, np.nan)
    notes: list[str] = []
    for number, phase in enumerate(phases):
        part, base = slice(phase.start, phase.stop), value[phase.start : phase.baseline]
        present = base[~np.isnan(base)]
        if present.size:
            center[part] = math.fsum(present) / present.size
        ranges = np.abs(np.diff(base))
        ranges = ranges[~np.isnan(ranges)]
        if not ranges.size:
            notes.append(f"Phase {number}: no moving range to set limits from.")
            continue
        mean = float(ranges.mean())
        if screen:
            mean = float(ranges[ranges <= _D4 * mean * (1 + 1e-12)].mean())
        sigma[part] = factor * mean
    method = f"XmR, limits {scaling} x mean moving range, {'screened once' if screen else 'not screened'}"
    return _chart(value, usable, center, sigma, phases, better, method, notes)
