"""Figures over time: run charts, control charts, and cohorts of patients by month of enrollment.

A chart may be rebased where the process is known to have changed, and the baseline of each phase may be
frozen at its first points; both can be combined. A period without a value (NaN, or no patients) keeps its
place but takes no part. Thresholds on the plotted values allow for rounding: a value within 1e-9 of a line
(relative to the largest value) lies on it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from ipm_outcomes._fence import fenced
from ipm_outcomes.errors import ParameterError, number_of
from ipm_outcomes.stats.arguments import Floats, choice, numbers, part_of, refuse

__all__ = ["Cohorts", "ControlChart", "RunChart", "cohorts", "p_chart", "run_chart", "xmr_chart"]

Ints: TypeAlias = npt.NDArray[np.int64]
Bools: TypeAlias = npt.NDArray[np.bool_]
Signs: TypeAlias = npt.NDArray[np.int8]
Freeze: TypeAlias = "int | Sequence[int | None] | None"

# Mean moving range of two over the standard deviation, and the upper limit of a moving range over their mean.
_D2 = 1.128
_D4 = 3.267
# Below this a baseline is too short to tell common from special causes.
_SHORT = 12
_RUN = 7


# -- phases ----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Phase:
    start: int
    stop: int
    baseline: int  # one past the last point of the baseline


def _whole(name: str, value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, (int, np.integer)):
        raise ParameterError(f"{name} must be a whole number, not {type(value).__name__}")
    return int(value)


def _phases(count: int, freeze: Freeze, rebase: Sequence[int]) -> list[_Phase]:
    if isinstance(rebase, (str, bytes)) or not np.iterable(rebase):
        raise ParameterError("rebase must be a sequence of positions, such as (24,)")
    starts = [0, *(_whole("rebase", position) for position in rebase)]
    if any(b <= a for a, b in pairwise(starts)) or starts[-1] >= max(count, 1):
        raise ParameterError(
            f"rebase must hold ascending positions from 1 to {count - 1}, each the first of a new phase"
        )
    stops = [*starts[1:], count]
    if freeze is None or isinstance(freeze, (int, np.integer)):
        freezes: list[int | None] = [freeze] + [None] * (len(starts) - 1)
    elif isinstance(freeze, (str, bytes)) or not np.iterable(freeze):
        raise ParameterError(
            f"freeze must be a number of points, or one per phase, not {type(freeze).__name__}"
        )
    else:
        freezes = list(freeze)
    if len(freezes) != len(starts):
        raise ParameterError(f"freeze holds {len(freezes)} numbers for {len(starts)} phases; give one each")
    phases = []
    for number, (start, stop, points) in enumerate(zip(starts, stops, freezes, strict=True)):
        if points is not None and not 1 <= _whole("freeze", points) <= stop - start:
            raise ParameterError(
                f"freeze is {points} for phase {number}, which has {number_of(stop - start, 'point')}"
            )
        phases.append(_Phase(start, stop, stop if points is None else start + int(points)))
    return phases


def _short_notes(phases: Sequence[_Phase], usable: Bools) -> list[str]:
    notes = []
    if not usable.all():
        notes.append(f"Periods without a value, left out: {int((~usable).sum())}.")
    for number, phase in enumerate(phases):
        points = int(usable[phase.start : phase.baseline].sum())
        if points < _SHORT:
            notes.append(
                f"The baseline of phase {number} has {number_of(points, 'point')}, fewer than {_SHORT}: "
                "its lines are provisional."
            )
    return notes


def _values(values: npt.ArrayLike) -> tuple[Floats, Bools]:
    array = numbers("values", values)
    if array.ndim != 1:
        raise ParameterError(f"values has shape {array.shape}; it must hold one value per period")
    refuse("values", array, np.isinf(array), "it must be finite, or NaN for a period without a value")
    return array, ~np.isnan(array)


def _slack(values: Floats, usable: Bools) -> float:
    return 1e-9 * float(np.abs(values[usable]).max()) if usable.any() else 0.0


def _sign(gap: Floats, slack: float) -> Signs:
    return (np.sign(gap) * (np.abs(gap) > slack)).astype(np.int8)


# -- run chart -------------------------------------------------------------------------------------


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

    """

    value: Floats
    center: Floats
    phase: Ints
    useful: Ints
    longest_run: Ints
    longest_run_limit: Ints
    crossings: Ints
    crossings_limit: Ints
    signal: Bools
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
def run_chart(values: npt.ArrayLike, *, freeze: Freeze = None, rebase: Sequence[int] = ()) -> RunChart:
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
    value, usable = _values(values)
    phases = _phases(value.size, freeze, rebase)
    slack = _slack(value, usable)
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
            sides = _sign(value[part][usable[part]] - median, slack)
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
        notes=tuple(_short_notes(phases, usable)),
    )


# -- control charts --------------------------------------------------------------------------------


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
        where the chart was not told which direction is better.
    method : str
        What the limits were made from.
    notes : tuple of str
        What a reader must know.

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
    flag: npt.NDArray[np.str_]
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
    side = _sign(gap, slack)
    outside = np.where(np.abs(gap) > 3 * sigma + slack, side, 0).astype(np.int8)
    shift = _spread_back(_windows(side, _RUN), _RUN)
    rising = np.zeros_like(side)
    rising[1:] = _windows(_sign(np.diff(value), slack), _RUN - 1)
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
    usable: Bools,
    center: Floats,
    sigma: Floats,
    phases: Sequence[_Phase],
    better: str | None,
    method: str,
    notes: list[str],
    bounds: tuple[float, float] = (-math.inf, math.inf),
) -> ControlChart:
    direction = _better(better)
    slack = _slack(value, usable)
    phase_of = np.zeros(value.size, dtype=np.int64)
    marks = [np.zeros(value.size, dtype=np.int8) for _ in range(4)]
    for number, phase in enumerate(phases):
        phase_of[phase.start : phase.stop] = number
        # A phase without limits (fewer than two points, or no patients) has no rules either.
        points = np.flatnonzero(usable & np.isfinite(center) & np.isfinite(sigma))
        points = points[(points >= phase.start) & (points < phase.stop)]
        for mark, found in zip(
            marks, _rules(value[points], center[points], sigma[points], slack), strict=True
        ):
            mark[points] = found
    stacked = np.stack(marks)
    up: Bools = np.asarray((stacked > 0).any(axis=0))
    down: Bools = np.asarray((stacked < 0).any(axis=0))
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
        notes=tuple(_short_notes(phases, usable) + notes),
    )


@fenced
def p_chart(
    x: npt.ArrayLike,
    n: npt.ArrayLike,
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
    phases = _phases(xs.size, freeze, rebase)
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
    values: npt.ArrayLike,
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
    value, usable = _values(values)
    phases = _phases(value.size, freeze, rebase)
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


# -- cohorts ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, eq=False)
class Cohorts:
    """Patients by month of enrollment, and which months can be judged.

    Attributes
    ----------
    month : datetime64[M] array
        Every month from the first enrollment to the last, those without patients included.
    enrolled : int64 array
        Patients enrolled in the month.
    closes : datetime64[D] array
        Last day of the follow-up window of a patient enrolled on the last day of the month.
    mature : bool array
        Whether that day lies before the as-of date: nobody of the month can be followed in time any more.
    index : int64 array, one per patient
        Position of the patient's month.
    included : bool array, one per patient
        Whether the patient's month is mature.
    as_of : datetime64[D]
    notes : tuple of str
        How many months and patients are left out, and why.

    """

    month: npt.NDArray[np.datetime64]
    enrolled: Ints
    closes: npt.NDArray[np.datetime64]
    mature: Bools
    index: Ints
    included: Bools
    as_of: np.datetime64
    notes: tuple[str, ...]

    def count(self, which: npt.ArrayLike) -> Ints:
        """Patients per month for whom `which` (one boolean per patient) holds, months as in `month`.

        Examples
        --------
        >>> dates = np.array(["2024-01-05", "2024-01-20", "2024-02-01"], dtype="datetime64[D]")
        >>> cohorts(dates, as_of="2025-01-01", window_days=90).count([True, False, True]).tolist()
        [1, 1]

        """
        chosen = np.asarray(which)
        if chosen.dtype != np.bool_ or chosen.shape != self.index.shape:
            raise ParameterError(f"which must hold one boolean per patient ({self.index.size})")
        return np.bincount(self.index[chosen], minlength=self.month.size).astype(np.int64)


def _day(name: str, value: Any) -> np.datetime64:
    try:
        day = np.datetime64(value, "D")
    except (TypeError, ValueError):
        raise ParameterError(f"{name} must be a date, such as '2026-06-30'") from None
    if np.isnat(day):
        raise ParameterError(f"{name} must be a date, not missing")
    return day


def _month_end(month: npt.NDArray[np.datetime64]) -> npt.NDArray[np.datetime64]:
    return (month + 1).astype("datetime64[D]") - 1


@fenced
def cohorts(
    enrolled: npt.NDArray[np.datetime64],
    *,
    as_of: np.datetime64 | str | Any,
    window_days: int,
    window_months: int = 0,
) -> Cohorts:
    """Cohorts by month of enrollment; months whose follow-up window is still open are marked immature.

    A patient who can still be followed would count as lost. So a month is judged only when the window of its
    very last possible enrollment is over on the as-of date.

    Parameters
    ----------
    enrolled : array of datetime64[D], one per patient
        Day of enrollment (day 0 of the episode).
    as_of : date
        The day up to which the data are complete. A window that ends on that day is still open.
    window_days : int
        Last day of the follow-up window, counted from enrollment (or from `window_months` after it).
    window_months : int
        Calendar months to add first, clipped to the end of the month: 12 with `window_days` 60 is the window
        of "12 months +/- 60 days".

    Returns
    -------
    Cohorts

    Raises
    ------
    ParameterError
        If enrolled holds no days or a missing one, or the window or the as-of date is not allowed.

    Examples
    --------
    >>> dates = np.array(["2025-01-10", "2025-03-31"], dtype="datetime64[D]")
    >>> c = cohorts(dates, as_of="2025-09-01", window_days=182)      # 31 January + 182 days is 1 August
    >>> c.month.astype(str).tolist(), c.mature.tolist(), c.closes[0]
    (['2025-01', '2025-02', '2025-03'], [True, True, False], np.datetime64('2025-08-01'))

    """
    days = np.asarray(enrolled)
    if days.dtype.kind != "M" or days.ndim != 1:
        raise ParameterError("enrolled must be a one-dimensional array of dates (datetime64[D])")
    days = days.astype("datetime64[D]")
    if np.isnat(days).any():
        first = int(np.argmax(np.isnat(days)))
        raise ParameterError(
            f"enrolled[{first}] is missing; leave out patients without a date and count them"
        )
    today = _day("as_of", as_of)
    for name, value in (("window_days", window_days), ("window_months", window_months)):
        if _whole(name, value) < 0:
            raise ParameterError(f"{name} is {value}; it must be 0 or more")
    months = days.astype("datetime64[M]")
    if days.size:
        month = np.arange(months.min(), months.max() + 1)
        index = (months - months.min()).astype(np.int64)
    else:
        month, index = np.empty(0, dtype="datetime64[M]"), np.empty(0, dtype=np.int64)
    # A month's last day plus whole months, clipped to the end of the target month.
    target = month + int(window_months)
    day = np.minimum(
        _month_end(month) - month.astype("datetime64[D]"), _month_end(target) - target.astype("datetime64[D]")
    )
    closes = target.astype("datetime64[D]") + day + int(window_days)
    mature = closes < today
    count = np.bincount(index, minlength=month.size).astype(np.int64)
    included = mature[index]
    notes = []
    if not mature.all():
        notes.append(
            f"Left out: {number_of(int((~mature).sum()), 'month')} from {month[~mature][0]} on with "
            f"{number_of(int((~included).sum()), 'patient')}, whose follow-up window is still open on {today}."
        )
    late = int((days > today).sum())
    if late:
        notes.append(f"Enrolled after the as-of date: {number_of(late, 'patient')}; check these dates.")
    return Cohorts(month, count, closes, mature, index, included, today, tuple(notes))
