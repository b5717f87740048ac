"""The search for pairs: the baseline of each episode and scale, each follow-up, and the reason where there is none."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ipm_outcomes.change._scores import ScaleKey, Values, blank_rows, read_values
from ipm_outcomes.change._units import DATE_COLUMNS, NOT_IN_TABLE, Units, as_of_day, day_key, read_units
from ipm_outcomes.change._unreadable import refuse_unreadable
from ipm_outcomes.change._verdict import Moved
from ipm_outcomes.change._visits import placed, visit_names
from ipm_outcomes.change._whole import DateCells, WholeTable
from ipm_outcomes.change._windows import Baseline, Target, checked_targets
from ipm_outcomes.definition import Instrument
from ipm_outcomes.errors import ParameterError
from ipm_outcomes.frames._dates import DATED, MISSING, UNPARSABLE, DateFormat, format_of, read_dates
from ipm_outcomes.frames._frame import Frame
from ipm_outcomes.frames._library import Bools, Floats, Ints
from ipm_outcomes.stats.arguments import better_sign

REASONS = {
    "start_date_missing": "the table of episodes has no start date for this episode",
    "start_date_unparsable": "the start date of this episode is no date",
    "day_0_unknown": "without a table of episodes: no assessment of the patient has a date, or one of another scale "
    "has a date that cannot be read and may have been the first, so that nothing says when the episode began",
    "no_episode": "the scores name a patient or an episode that the table of episodes does not hold",
    "no_assessment": "no dated assessment of any kind lies in this episode",
    "no_baseline": "no assessment of this scale lies in the baseline window",
    "baseline_not_scorable": "the assessments in the baseline window have no score on this scale",
    "no_follow_up": "no assessment of this scale lies in the follow-up window",
    "follow_up_not_scorable": "the assessments in the follow-up window have no score on this scale",
    "window_open": "the window was not over on the day given by as_of, and nothing scorable is there yet",
    "date_missing": "nothing was found, and an assessment of this scale has no date",
    "date_unparsable": "nothing was found, and an assessment of this scale has a date that is no date",
    "date_future": "nothing was found, and an assessment of this scale is dated after as_of",
}
"""Why a row has no change, by stable code; `pair` says which comes first where several hold."""
_CODES = tuple(REASONS)
_DATE_CODE = np.array(
    [-1, *(_CODES.index(f"date_{word}") for word in ("missing", "unparsable", "future"))], np.int8
)


@dataclass(frozen=True)
class Pairs:
    """What pairing found. Cells are units times scales, in that order; ``T`` is the number of targets.

    ``baseline`` and ``followup`` hold positions of rows of the scores, -1 for none (for a mean of repeats,
    that of the last of them). The exact values are ``baseline_top / bottom`` and ``followup_top / bottom``.
    """

    frame: Frame
    units: Units
    values: Values
    targets: tuple[Target, ...]
    baseline_rule: Baseline
    baseline: Ints
    baseline_day: Ints
    baseline_value_top: Ints
    baseline_repeats: Ints
    baseline_se: Floats
    baseline_least: Ints
    baseline_most: Ints
    baseline_duplicates: Ints
    followup: Ints
    followup_day: Ints
    followup_duplicates: Ints
    window_from: Ints
    window_to: Ints
    has_window: Bools
    window_open: Bools
    reason: NDArray[np.int8]

    def without_windows(self) -> Pairs:
        """The pairs of visits: their days are those of the rows, where these have a date; there are no windows."""
        day, dated = np.append(self.units.dates.day, 0), self._dated
        return replace(
            self,
            baseline_day=np.where(dated[self.baseline], day[self.baseline], 0),
            followup_day=np.where(dated[self.followup], day[self.followup], 0),
            has_window=np.zeros_like(self.has_window),
        )

    @cached_property
    def _dated(self) -> Bools:
        return np.append(np.equal(self.units.dates.state, DATED), False)

    @cached_property
    def baseline_dated(self) -> Bools:
        """Whether the baseline has a date, shape (cells,)."""
        return self._dated[self.baseline]

    @cached_property
    def followup_dated(self) -> Bools:
        """Whether the follow-up has a date, shape (cells, T)."""
        return self._dated[self.followup]

    @cached_property
    def paired(self) -> Bools:
        """Whether both scores were found, shape (cells, T)."""
        return np.equal(self.reason, -1)

    @cached_property
    def scale(self) -> Ints:
        """Position of the scale of each cell."""
        return np.tile(np.arange(len(self.values.scales)), len(self.units))

    @cached_property
    def bottom(self) -> Ints:
        """Denominator of the exact values of each cell, shape (cells, 1)."""
        return (self.values.denominators[self.scale] * self.baseline_repeats)[:, None]

    @cached_property
    def baseline_top(self) -> Ints:
        """Numerator of the baseline, shape (cells, 1); 0 where there is none."""
        return self.baseline_value_top[:, None]

    @cached_property
    def followup_top(self) -> Ints:
        """Numerator of the follow-up over the same denominator, shape (cells, T); 0 where there is none."""
        # -1 takes the 0 at the end.
        numerators: Ints = np.append(self.values.numerator, 0)[self.followup]
        return numerators * self.baseline_repeats[:, None]

    def moved(self, n: int) -> Moved:
        """The improvements of one scale, shape (units, T), with what they can have been where a score is an
        estimate.
        """
        rows = slice(n, None, len(self.values.scales))
        span, sign, repeats = (
            int(self.values.spans[n]),
            int(self.sign[n]),
            self.baseline_repeats[rows][:, None],
        )
        follow = self.followup[rows]
        lower, upper = (
            np.append(ends, 0)[follow] * repeats for ends in (self.values.least, self.values.most)
        )
        first = self.baseline_least[rows][:, None], self.baseline_most[rows][:, None]
        ends = sign * (lower - first[1]), sign * (upper - first[0])
        improvement = sign * span * (self.followup_top[rows] - self.baseline_top[rows])
        bottom = np.broadcast_to(self.bottom[rows] * span, follow.shape)
        return Moved(improvement, np.minimum(*ends), np.maximum(*ends), bottom)

    @cached_property
    def sign(self) -> Ints:
        """+1 where a higher value is better, -1 where it is worse; by scale."""
        return np.array([better_sign(scale.worse or "") for _, scale in self.values.scales], np.int64)


@dataclass(frozen=True)
class Search:
    """What to look for; the fields are the parameters of `pair`."""

    episodes: Any | None
    baseline: Baseline
    targets: Sequence[Target]
    as_of: date | str | None
    scales: Sequence[str | ScaleKey] | str | None
    by: Sequence[str] | None
    overlap: bool
    definitions: Collection[Instrument]
    date_format: DateFormat = None


def seen_in(scores: Any, search: Search) -> WholeTable:
    """What some rows of scores show of the whole table before anything is paired."""
    frame = Frame(scores)
    values = read_values(frame, search.scales, search.definitions)
    keys = [(inst.id, scale.id) for inst, scale in values.scales]
    dates, visits = DateCells(), frozenset[str]()
    if search.baseline.visit is not None:
        frame.require(["visit"], "scores")
        visits = frozenset(visit_names(frame.words("visit")[1]))
    else:
        frame.require(["date"], "scores")
        blank = blank_rows(frame)
        dates_read = read_dates(frame, "date", format_of(search.date_format, "date", DATE_COLUMNS))
        dates = DateCells.of(dates_read, None if blank is None else ~blank)
    return WholeTable(dict(zip(keys, values.denominators.tolist(), strict=True)), visits, dates)


def seen_in_episodes(episodes: Any, search: Search) -> WholeTable:
    """What some rows of a table of episodes show of the whole one."""
    frame = Frame(episodes)
    frame.require(["start_date"], "episodes")
    written = format_of(search.date_format, "start_date", DATE_COLUMNS)
    return WholeTable(starts=DateCells.of(read_dates(frame, "start_date", written)))


def find_pairs(scores: Any, search: Search, whole: WholeTable | None = None) -> Pairs:
    """Pair the scores; ``whole`` is what is known of the whole table, where these are the rows of some patients."""
    if not isinstance(search.baseline, Baseline):
        raise ParameterError("baseline: give a change.Baseline")
    wanted = checked_targets(search.targets, search.baseline, search.overlap)
    until = as_of_day(search.as_of)
    frame = Frame(scores)
    scales, part = search.scales, whole or WholeTable()
    values = read_values(
        frame, part.scales if scales is None else scales, search.definitions, part.denominators
    )
    blank = blank_rows(frame)
    if blank is not None:
        values.scale[blank] = -1
    baseline, visits = search.baseline, search.baseline.visit is not None
    units = read_units(frame, search.episodes, search.by, until, search.date_format, blank, visits)
    if visits:
        units, baseline, wanted = placed(
            frame, values, units, baseline, wanted, None if whole is None else whole.visits
        )
        return _Pairing(frame, values, units, baseline, wanted, None).pairs().without_windows()
    pairs = _Pairing(frame, values, units, baseline, wanted, until).pairs()
    if whole is None:
        refuse_unreadable(units, bool(pairs.paired.any()))
    return pairs


class _Pairing:
    """Looks for baselines and follow-ups over all cells at once, on rows sorted by cell and day."""

    def __init__(
        self,
        frame: Frame,
        values: Values,
        units: Units,
        rule: Baseline,
        targets: tuple[Target, ...],
        as_of: int | None,
    ) -> None:
        self.frame, self.values, self.units = frame, values, units
        self.rule, self.targets, self.as_of = rule, targets, as_of
        self.scales = len(values.scales)
        self.cells = len(units) * self.scales
        self.start = np.repeat(units.start, self.scales)
        self.usable = np.repeat((units.start_state == DATED) & (units.listed != NOT_IN_TABLE), self.scales)
        dated = (units.state == DATED) & (units.row_unit >= 0) & (values.scale >= 0)
        every = np.flatnonzero(dated)
        row_cell = units.row_unit * self.scales + values.scale
        every = every[self.usable[row_cell[every]]]
        keep = values.scorable[every]
        self.unscored = every[~keep]
        self.unscored_cell = row_cell[self.unscored]
        rows = every[keep]
        # Stable: of the rows of one cell and day the latest stays last, and of those of one time the last one given.
        if units.time is not None:
            rows = rows[np.argsort(units.time[rows], kind="stable")]
        key = day_key(row_cell[rows], units.day[rows])
        order = np.argsort(key, kind="stable")
        rows, key = rows[order], key[order]
        last = np.flatnonzero(np.diff(key, append=-1))
        self.row = rows[last]
        self.duplicates = np.diff(last, prepend=-1) - 1
        self.cell = row_cell[self.row]
        self.day = units.day[self.row]

    def pairs(self) -> Pairs:
        cells, count = self.cells, len(self.targets)
        baseline = np.full(cells, -1, np.int64)
        repeats = np.ones(cells, np.int64)
        top, se = np.zeros(cells, np.int64), np.full(cells, np.nan)
        offset = self.day - self.start[self.cell]
        within = np.flatnonzero((offset >= self.rule.days[0]) & (offset <= self.rule.days[1]))
        chosen = self._baseline(within, offset)
        baseline[self.cell[chosen]] = chosen
        has_baseline = baseline >= 0
        row = self.row[baseline[has_baseline]]
        top[has_baseline], se[has_baseline] = self.values.numerator[row], self.values.se[row]
        least, most = np.zeros(cells, np.int64), np.zeros(cells, np.int64)
        least[has_baseline], most[has_baseline] = self.values.least[row], self.values.most[row]
        duplicates = (
            np.where(has_baseline, self.duplicates[baseline], 0)
            if self.row.size
            else np.zeros(cells, np.int64)
        )
        if self.rule.pick == "mean":
            times = np.bincount(self.cell[within], minlength=cells)
            repeats = np.maximum(times, 1)
            top = np.zeros(cells, np.int64)
            np.add.at(top, self.cell[within], self.values.numerator[self.row[within]])
            least, most = np.zeros(cells, np.int64), np.zeros(cells, np.int64)
            np.add.at(least, self.cell[within], self.values.least[self.row[within]])
            np.add.at(most, self.cell[within], self.values.most[self.row[within]])
            variance = np.bincount(self.cell[within], self.values.se[self.row[within]] ** 2, minlength=cells)
            se = np.where(has_baseline, np.sqrt(variance) / repeats, np.nan)
            duplicates = np.bincount(self.cell[within], self.duplicates[within], minlength=cells).astype(
                np.int64
            )
        base_day = (
            np.where(has_baseline, self.day[baseline], 0) if self.row.size else np.zeros(cells, np.int64)
        )

        shape = (cells, count)
        followup, follow_day = np.full(shape, -1, np.int64), np.zeros(shape, np.int64)
        follow_duplicates = np.zeros(shape, np.int64)
        window_from, window_to = np.zeros(shape, np.int64), np.zeros(shape, np.int64)
        has_window, window_open = np.zeros(shape, bool), np.zeros(shape, bool)
        reason = np.full(shape, -1, np.int8)
        without_baseline = self._baseline_reason(has_baseline)
        for t, target in enumerate(self.targets):
            origin = self.start if target.origin == "start" else base_day
            known = self.usable if target.origin == "start" else has_baseline
            middle, low, high = target.window(origin)
            chosen = self._followup(target, known, middle, low, high, base_day, has_baseline)
            followup[self.cell[chosen], t] = chosen
            hit = followup[:, t] >= 0
            if self.row.size:
                follow_day[:, t] = np.where(hit, self.day[followup[:, t]], 0)
                follow_duplicates[:, t] = np.where(hit, self.duplicates[followup[:, t]], 0)
            window_from[:, t], window_to[:, t], has_window[:, t] = low, high, known
            if self.as_of is not None:
                window_open[:, t] = known & (self.as_of < high)
            reason[:, t] = np.where(
                has_baseline,
                self._followup_reason(hit, known, low, high, base_day, window_open[:, t]),
                without_baseline,
            )
        rows = np.concatenate([self.row, [-1]])
        return Pairs(
            self.frame, self.units, self.values, self.targets, self.rule, rows[baseline], base_day, top,
            repeats, se, least, most, duplicates, rows[followup], follow_day, follow_duplicates, window_from, window_to,
            has_window, window_open, reason,
        )  # fmt: skip

    def _baseline(self, within: Ints, offset: Ints) -> Ints:
        """Positions of the chosen baselines among the sorted rows, one for each cell that has any."""
        pick = self.rule.pick
        if pick == "nearest":
            beyond = offset[within] > 0 if self.rule.ties == "earlier" else offset[within] < 0
            return self._least(within, 2 * np.abs(offset[within]) + beyond)
        if pick == "first":
            return self._least(within, offset[within])
        if pick == "last_before":
            within = within[offset[within] <= 0]
        return self._least(within, -offset[within])

    def _followup(
        self,
        target: Target,
        known: Bools,
        middle: Ints,
        low: Ints,
        high: Ints,
        base_day: Ints,
        has_baseline: Bools,
    ) -> Ints:
        cell, day = self.cell, self.day
        inside = known[cell] & (day >= low[cell]) & (day <= high[cell])
        inside &= ~has_baseline[cell] | (day > base_day[cell])
        within = np.flatnonzero(inside)
        away = day[within] - middle[cell[within]]
        beyond = away > 0 if target.ties == "earlier" else away < 0
        if target.pick == "nearest":
            return self._least(within, 2 * np.abs(away) + beyond)
        if target.pick == "earliest":
            return self._least(within, day[within])
        if target.pick == "latest":
            return self._least(within, -day[within])
        sign = np.array([better_sign(scale.worse or "") for _, scale in self.values.scales], np.int64)
        goodness = self.values.numerator[self.row[within]] * sign[self.values.scale[self.row[within]]]
        best = within[self._equal_least(within, -goodness if target.pick == "best" else goodness)]
        return self._least(best, day[best] if target.ties == "earlier" else -day[best])

    def _equal_least(self, within: Ints, key: Ints) -> Bools:
        """Which of these sorted rows have the least key of their cell."""
        if not within.size:
            return np.zeros(0, bool)
        begins = np.flatnonzero(np.diff(self.cell[within], prepend=-1))
        least = np.minimum.reduceat(key, begins)
        equal: Bools = np.equal(key, np.repeat(least, np.diff(begins, append=within.size)))
        return equal

    def _least(self, within: Ints, key: Ints) -> Ints:
        chosen: Ints = within[self._equal_least(within, key)]
        return chosen

    def _baseline_reason(self, has_baseline: Bools) -> NDArray[np.int8]:
        units, cells = self.units, self.cells
        reason = np.full(cells, _CODES.index("no_baseline"), np.int8)
        assessed = np.zeros(len(units), bool)
        assessed[units.row_unit[(units.state == DATED) & (units.row_unit >= 0)]] = True
        reason[np.repeat(~assessed, self.scales)] = _CODES.index("no_assessment")
        if not units.listed.any():
            unknown = np.isin(units.start_state, (MISSING, UNPARSABLE))
            reason[np.repeat(unknown, self.scales)] = _CODES.index("day_0_unknown")
        self._put_date_reason(reason)
        offset = units.day[self.unscored] - self.start[self.unscored_cell]
        inside = (offset >= self.rule.days[0]) & (offset <= self.rule.days[1])
        reason[self.unscored_cell[inside]] = _CODES.index("baseline_not_scorable")
        if self.as_of is not None:
            reason[self.usable & (self.as_of < self.start + self.rule.days[1])] = _CODES.index("window_open")
        state = np.repeat(units.start_state, self.scales)
        listed = np.repeat(units.listed, self.scales)
        if units.listed.any():
            reason[(state != DATED) & (listed != NOT_IN_TABLE)] = _CODES.index("start_date_unparsable")
            reason[(state == 1) & (listed != NOT_IN_TABLE)] = _CODES.index("start_date_missing")
            reason[listed == NOT_IN_TABLE] = _CODES.index("no_episode")
        return np.where(has_baseline, np.int8(-1), reason)

    def _followup_reason(
        self, hit: Bools, known: Bools, low: Ints, high: Ints, base_day: Ints, window_open: Bools
    ) -> NDArray[np.int8]:
        reason = np.full(self.cells, _CODES.index("no_follow_up"), np.int8)
        self._put_date_reason(reason)
        day, cell = self.units.day[self.unscored], self.unscored_cell
        inside = known[cell] & (day >= low[cell]) & (day <= high[cell]) & (day > base_day[cell])
        reason[cell[inside]] = _CODES.index("follow_up_not_scorable")
        reason[window_open] = _CODES.index("window_open")
        return np.where(hit, np.int8(-1), reason)

    def _put_date_reason(self, reason: NDArray[np.int8]) -> None:
        """Mark the cells that an undated assessment of the scale could belong to."""
        units = self.units
        bad = np.flatnonzero((units.state != DATED) & (self.values.scale >= 0))
        if not bad.size:
            return
        placed = units.row_unit[bad] >= 0
        state = np.zeros((len(units), self.scales), np.int8)
        own = bad[placed]
        np.maximum.at(state, (units.row_unit[own], self.values.scale[own]), units.state[own])
        loose = bad[~placed]
        if loose.size:  # without an episode of its own it could belong to any of the patient's
            anywhere = np.zeros((int(units.row_patient.max()) + 1, self.scales), np.int8)
            np.maximum.at(anywhere, (units.row_patient[loose], self.values.scale[loose]), units.state[loose])
            inside = units.patient < len(anywhere)
            state[inside] = np.maximum(state[inside], anywhere[units.patient[inside]])
        flat = state.ravel()
        reason[flat > 0] = _DATE_CODE[flat[flat > 0]]
