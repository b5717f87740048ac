"""Run charts."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from ipm_outcomes._fence import fenced
from ipm_outcomes.stats._phases import Freeze, Signs, phases_of, points_of, short_notes, side_of, slack_of
from ipm_outcomes.stats.arguments import Booleans, Floats, Ints


@dataclass(frozen=True, slots=True, eq=False)
class RunChart:
    """A run chart and the Anhoej rules, which look for a shift of the level.

    Attributes
    ----------
    value : float64 array
        As given, one per period.
    center : float64 array
        Median of the baseline of the period's phase.
    phase : int64 array
        Number of the phase of each period, from 0.
    useful, longest_run, longest_run_limit, crossings, crossings_limit : int64 arrays, one per phase
        Points off the center line; longest run of them on one side, and the longest that chance explains;
        crossings of the line, and the fewest that chance explains.
    signal : bool array, one per phase
        Longest run above its limit, or crossings below theirs.
    notes : tuple of str
        What a reader must know.

    Examples
    --------
    >>> from ipm_outcomes.stats import over_time
    >>> chart = over_time.run_chart([1, 2, 1, 2, 1, 2, 8, 9, 8, 9, 8, 9])
    >>> chart.longest_run.tolist(), chart.signal.tolist()
    ([6], [True])
    """

    value: Floats
    center: Floats
    phase: Ints
    useful: Ints
    longest_run: Ints
    longest_run_limit: Ints
    crossings: Ints
    crossings_limit: Ints
    signal: Booleans
    notes: tuple[str, ...]


def _fewest_crossings(useful: int) -> int:
    """The 5 % quantile of the binomial with n = useful - 1 and p = 1/2, in whole numbers."""
    trials = max(useful - 1, 0)
    total = 0
    for k in range(trials + 1):
        total += math.comb(trials, k)
        if 20 * total >= 2**trials:
            return k
    raise AssertionError


@fenced
def run_chart(values: ArrayLike, *, freeze: Freeze = None, rebase: Sequence[int] = ()) -> RunChart:
    """Run chart: the values around their median, with the Anhoej rules for each phase.

    Parameters
    ----------
    values : array of float, one per period in order of time
        NaN for a period without a value.
    freeze : int or sequence of (int or None), optional
        Take the baseline from the first periods only: a number for the first phase, or one per phase.
    rebase : sequence of int
        Positions (from 0) at which a new phase begins.

    Returns
    -------
    RunChart

    Raises
    ------
    ParameterError
        If values are no one-dimensional numbers, or freeze and rebase do not fit them.

    References
    ----------
    Anhoej and Olesen, PLoS One 2014;9:e113825: a signal is a longest run above ``round(log2(n)) + 3``, or
    fewer crossings than the 5 % quantile of the binomial (n - 1, 1/2), n being the points off the line.

    Examples
    --------
    >>> chart = run_chart([1, 2, 1, 2, 1, 2, 8, 9, 8, 9, 8, 9])
    >>> chart.longest_run.tolist(), chart.longest_run_limit.tolist()
    ([6], [7])
    >>> chart.crossings.tolist(), chart.crossings_limit.tolist(), chart.signal.tolist()
    ([1], [3], [True])

    """
    value, usable = points_of(values)
    phases = phases_of(value.size, freeze, rebase)
    slack = slack_of(value, usable)
    center, phase_of = np.full(value.size, np.nan), np.zeros(value.size, dtype=np.int64)
    rows = []
    for number, phase in enumerate(phases):
        part = slice(phase.start, phase.stop)
        phase_of[part] = number
        base = value[phase.start : phase.baseline]
        base = base[~np.isnan(base)]
        sides: Signs = np.empty(0, dtype=np.int8)
        if base.size:
            median = float(np.median(base))
            center[part] = median
            sides = side_of(value[part][usable[part]] - median, slack)
            sides = sides[sides != 0]
        count = int(sides.size)
        turns = np.flatnonzero(np.diff(sides)) + 1
        longest = int(np.diff(np.concatenate([[0], turns, [count]])).max()) if count else 0
        limit = round(math.log2(count)) + 3 if count else 0
        rows.append((count, longest, limit, int(turns.size), _fewest_crossings(count)))
    table = np.array(rows, dtype=np.int64).T
    return RunChart(
        value,
        center,
        phase_of,
        useful=table[0],
        longest_run=table[1],
        longest_run_limit=table[2],
        crossings=table[3],
        crossings_limit=table[4],
        signal=(table[1] > table[2]) | (table[3] < table[4]),
        notes=tuple(short_notes(phases, usable)),
    )
