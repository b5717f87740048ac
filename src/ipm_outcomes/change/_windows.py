"""Windows in time: which assessment is a baseline, which one a follow-up."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from itertools import combinations
from typing import Literal, get_args

import numpy as np

from ipm_outcomes.errors import ParameterError
from ipm_outcomes.frames._date_cells import day_number
from ipm_outcomes.frames._library import Ints

BaselinePick = Literal["nearest", "last_before", "first", "mean"]
FollowUpPick = Literal["nearest", "latest", "earliest", "best", "worst"]
Ties = Literal["earlier", "later"]
Origin = Literal["start", "baseline"]


MOST_DAYS = 36_525
"""A hundred years: windows beyond them are slips."""


def _whole(name: str, value: object) -> int:
    if isinstance(value, (bool, np.bool_)) or not isinstance(value, (int, np.integer)):
        raise ParameterError(
            f"{name}: must be a whole number of days or months, not a {type(value).__name__}"
        )
    if abs(int(value)) > MOST_DAYS:
        raise ParameterError(f"{name}: must lie within {MOST_DAYS} days or months of the start")
    return int(value)


def _span(name: str, days: object) -> tuple[int, int]:
    if not isinstance(days, (tuple, list)) or len(days) != 2:
        raise ParameterError(f"{name}: give two whole numbers, the first and the last day of the window")
    low, high = _whole(name, days[0]), _whole(name, days[1])
    if low > high:
        raise ParameterError(f"{name}: the window begins on day {low}, after its last day {high}")
    return low, high


def _check_visit(place: str, visit: object) -> None:
    if visit is not None and (not isinstance(visit, str) or not visit.strip() or visit != visit.strip()):
        raise ParameterError(f"{place} visit: give the name of a visit, without spaces around it")


def _one_of(name: str, value: object, allowed: tuple[str, ...]) -> None:
    if value not in allowed:
        raise ParameterError(f"{name}: must be one of {', '.join(allowed)}")


@dataclass(frozen=True, slots=True)
class Baseline:
    """Which assessment counts as the baseline.

    Parameters
    ----------
    days : (int, int)
        First and last day of the window, both included, counted from day 0 (the start of the episode).
    pick : {"nearest", "last_before", "first", "mean"}
        Which of several scorable assessments in the window: the nearest to day 0; the last one on or before
        day 0 (later ones then do not count); the first; or the mean of all, as an exact fraction, which
        lessens regression to the mean and is dated by the last of them.
    ties : {"earlier", "later"}
        With "nearest": which of two days that are equally near.
    visit : str, optional
        In place of a window: the name of the visit, as it is in the column ``visit`` of the scores. Then every target
        names a visit too, and no date is needed.

    Raises
    ------
    ParameterError
        For a window that ends before it begins, or an option that is none of these.

    Examples
    --------
    >>> from ipm_outcomes import change
    >>> change.Baseline(days=(-14, 0), pick="last_before").days
    (-14, 0)
    """

    days: tuple[int, int] = (-30, 7)
    pick: BaselinePick = "nearest"
    ties: Ties = "earlier"
    visit: str | None = None

    def __post_init__(self) -> None:
        _check_visit("Baseline", self.visit)
        object.__setattr__(self, "days", _span("Baseline days", self.days))
        _one_of("Baseline pick", self.pick, get_args(BaselinePick))
        _one_of("Baseline ties", self.ties, get_args(Ties))


@dataclass(frozen=True, slots=True)
class Target:
    """A follow-up target and its window, in days or in calendar months.

    Parameters
    ----------
    name : str
        What the target is called in the output.
    day : int, optional
        The target day, counted from `origin`.
    days : (int, int), optional
        With `day`: first and last day of the window, both included, counted from `origin`.
    months : int, optional
        In place of `day`: calendar months after `origin`, clipped to the end of the month (31 August + 6
        months is 28 or 29 February).
    slack : int or (int, int), optional
        Days before and after the target that still belong to the window.
    pick : {"nearest", "latest", "earliest", "best", "worst"}
        Which of several scorable assessments in the window; "best" and "worst" are for sensitivity analyses
        only.
    ties : {"earlier", "later"}
        Which of two days that are equally near (or of two equal scores, for "best" and "worst").
    origin : {"start", "baseline"}
        Counted from day 0 (the start of the episode), or from the date of the baseline that was picked, as
        CMS159 counts from its index assessment.
    visit : str, optional
        In place of a window: the name of the visit, as it is in the column ``visit`` of the scores; the target is
        called so where it has no name. Of several rows of the visit the latest counts.

    Raises
    ------
    ParameterError
        For a target without exactly one of `day`, `months` and `visit`, without a window, or outside its window.

    Examples
    --------
    >>> from ipm_outcomes import change
    >>> change.Target("6 months", day=182, days=(137, 227)).pick
    'nearest'
    >>> change.Target("12 months", months=12, slack=60, pick="latest").slack
    (60, 60)
    >>> change.Target(visit="6 months").name
    '6 months'
    """

    name: str = ""
    day: int | None = None
    days: tuple[int, int] | None = None
    months: int | None = None
    slack: int | tuple[int, int] | None = None
    pick: FollowUpPick = "nearest"
    ties: Ties = "later"
    origin: Origin = "start"
    visit: str | None = None

    def __post_init__(self) -> None:
        _check_visit("Target", self.visit)
        if self.visit is not None and self.name == "":
            object.__setattr__(self, "name", self.visit)
        if not isinstance(self.name, str) or not self.name.strip():
            raise ParameterError("Target name: give a text, such as '6 months'")
        place = f"Target {self.name!r}"
        if self.visit is not None:
            if (self.day, self.days, self.months, self.slack) != (None,) * 4 or self.pick != "nearest":
                raise ParameterError(f"{place}: a visit has no window and no pick; give either")
            return
        if (self.day is None) == (self.months is None):
            raise ParameterError(f"{place}: give either day or months")
        if (self.days is None) == (self.slack is None) or (self.months is not None and self.slack is None):
            raise ParameterError(f"{place}: give the window, as days=(first, last) beside day, or as slack")
        _one_of(f"{place} pick", self.pick, get_args(FollowUpPick))
        _one_of(f"{place} ties", self.ties, get_args(Ties))
        _one_of(f"{place} origin", self.origin, get_args(Origin))
        if self.slack is not None:
            both = self.slack if isinstance(self.slack, (tuple, list)) else (self.slack, self.slack)
            if len(both) != 2 or min(_whole(f"{place} slack", part) for part in both) < 0:
                raise ParameterError(
                    f"{place} slack: give a number of days that is not negative, or two of them"
                )
            object.__setattr__(self, "slack", (int(both[0]), int(both[1])))
        if self.months is not None and _whole(f"{place} months", self.months) < 1:
            raise ParameterError(f"{place} months: must be 1 or more")
        if self.day is not None:
            _whole(f"{place} day", self.day)
        if self.days is not None and self.day is not None:
            low, high = _span(f"{place} days", self.days)
            object.__setattr__(self, "days", (low, high))
            if not low <= self.day <= high:
                raise ParameterError(f"{place}: day {self.day} lies outside its window {low} to {high}")

    def window(self, origin: Ints) -> tuple[Ints, Ints, Ints]:
        """Target day, first and last day of the window, for day numbers of the origin (since 1970-01-01)."""
        middle = origin + (self.day or 0) if self.months is None else add_months(origin, self.months)
        if self.days is not None:
            return middle, origin + self.days[0], origin + self.days[1]
        assert isinstance(self.slack, tuple)
        return middle, middle - self.slack[0], middle + self.slack[1]


DEFAULT_BASELINE = Baseline()

DEFAULT_TARGETS = (
    Target("3 months", day=91, days=(46, 136)),
    Target("6 months", day=182, days=(137, 227)),
    Target("12 months", day=365, days=(305, 425)),
)
"""Windows of 45 days around 3 and 6 months, which touch without overlap, and of 60 days around 12 months."""


def add_months(day: Ints, months: int) -> Ints:
    """Calendar months added to day numbers, clipped to the end of the month.

    >>> import numpy as np
    >>> from datetime import date
    >>> start = np.array([day_number(date(2023, 8, 31))])
    >>> add_months(start, 6).astype("datetime64[D]").tolist()
    [datetime.date(2024, 2, 29)]
    """
    stamps = day.astype("datetime64[D]")
    month = stamps.astype("datetime64[M]")
    of_month = (stamps - month.astype("datetime64[D]")).astype(np.int64)
    wanted = month + months
    first = wanted.astype("datetime64[D]")
    last = ((wanted + 1).astype("datetime64[D]") - first).astype(np.int64) - 1
    clipped: Ints = first.astype(np.int64) + np.minimum(of_month, last)
    return clipped


def checked_targets(targets: Sequence[Target], baseline: Baseline, overlap: bool) -> tuple[Target, ...]:
    """The targets, refused where names repeat or windows overlap each other (or a baseline window that is averaged)."""
    if isinstance(targets, Target):
        targets = (targets,)
    chosen = tuple(targets)
    if not chosen or not all(isinstance(target, Target) for target in chosen):
        raise ParameterError("targets: give at least one change.Target")
    names = [target.name for target in chosen]
    if len(set(names)) < len(names):
        raise ParameterError("targets: two have the same name; give each a name of its own")
    visits = [baseline.visit, *(target.visit for target in chosen)]
    if any(visits):
        if None in visits:
            raise ParameterError("baseline and targets: either all of them name a visit, or none does")
        if len(set(visits)) < len(visits):
            raise ParameterError("baseline and targets: two name the same visit")
        return chosen
    if overlap:
        return chosen
    # Calendar months differ in length, so windows are laid out from every day of a four-year cycle.
    starts = np.arange(day_number(date(2023, 1, 1)), day_number(date(2027, 1, 1)), dtype=np.int64)
    windows = {target.name: target.window(starts)[1:] for target in chosen}
    for first, second in combinations(chosen, 2):
        low, high = windows[first.name], windows[second.name]
        if ((low[0] <= high[1]) & (high[0] <= low[1])).any():
            raise ParameterError(
                f"targets: the windows of {first.name!r} and {second.name!r} overlap, so one assessment "
                "could count "
                "twice; narrow one of them, or allow it with overlap=True"
            )
    for target in chosen:
        averaged = baseline.pick == "mean" and target.origin == "start"
        if averaged and (windows[target.name][0] <= starts + baseline.days[1]).any():
            raise ParameterError(
                f"targets: the window of {target.name!r} begins within the baseline window, whose assessments are "
                "all part of the mean; let it begin later, or allow it with overlap=True"
            )
    return chosen
