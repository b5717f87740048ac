"""From prescriptions to stretches of days on which nothing changes, by the days on which one begins or ends."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from ipm_outcomes.change._units import day_key
from ipm_outcomes.opioids._exact import Bools, Doses, Ints
from ipm_outcomes.opioids._factors import Factor, Step
from ipm_outcomes.opioids._prescriptions import CODES, CONVERTED, LEFT_OUT, Prescriptions


@dataclass(frozen=True)
class Stretches:
    """Days of one patient on which the same prescriptions run, in the order of patients and days.

    ``converted`` counts the prescriptions with a dose; ``by_reason`` those without, for each reason that occurs.
    """

    patient: Ints
    first: Ints
    end: Ints
    doses: Doses
    converted: Ints
    by_reason: dict[int, Ints]
    _read: Prescriptions

    def at_least(self, limit: int) -> Bools:
        """Where what was converted is at or above a dose."""
        reached, undecided = self.doses.reach(Fraction(limit))
        for stretch in np.flatnonzero(undecided).tolist():
            reached[stretch] = self._exact(stretch) >= limit
        return reached

    def _exact(self, stretch: int) -> Fraction:
        """The dose of a stretch from its prescriptions, as fractions."""
        read = self._read
        total = Fraction(0)
        of_day: dict[int, Fraction] = {}
        for row in _running(read, int(self.patient[stretch]), int(self.first[stretch])):
            steps = int(read.stepped[row])
            if steps < 0:
                total += read.exact(row)
            else:
                of_day[steps] = of_day.get(steps, Fraction(0)) + read.exact(row)
        return total + sum(
            (
                dose * Fraction(step_of(read.step_factors[steps], dose).factor)
                for steps, dose in of_day.items()
            ),
            Fraction(0),
        )


def _running(read: Prescriptions, patient: int, day: int) -> Iterator[int]:
    """Converted prescriptions of a patient that run on a day."""
    on = (read.patient == patient) & (read.start <= day) & (day < read.end) & read.placed
    yield from np.flatnonzero(on & (read.reason == CONVERTED)).tolist()


def step_of(factor: Factor, dose: Fraction) -> Step:
    """The step in which a dose of the day lies."""
    return next(step for step in factor.steps if step.up_to is None or dose <= Fraction(step.up_to))


def sweep(read: Prescriptions) -> Stretches:
    """The stretches of all prescriptions that have their place in the calendar."""
    rows = np.flatnonzero(read.placed & (read.reason != LEFT_OUT))
    patient = read.patient[rows]
    key = np.concatenate([day_key(patient, read.start[rows]), day_key(patient, read.end[rows])])
    order = np.argsort(key)
    key = key[order]
    begins = np.flatnonzero(np.diff(key, prepend=-1))
    key = key[begins]
    moves: list[Ints] = []

    def moved(of_rows: NDArray[np.generic]) -> int:
        """What begins less what ends, at each of the days; the number of this list."""
        part = of_rows[rows].astype(np.int64)
        moves.append(
            np.add.reduceat(np.concatenate([part, -part])[order], begins)
            if part.size
            else np.zeros(0, np.int64)
        )
        return len(moves) - 1

    flat = read.stepped < 0
    groups = (
        [flat]
        if not read.step_factors
        else [flat, *(read.stepped == n for n in range(len(read.step_factors)))]
    )
    good = read.reason == CONVERTED
    counted = moved(good)
    parts = [
        [moved(np.where(group, part, 0)) for part in (read.doses.nano, read.doses.atto, read.doses.more)]
        for group in groups
    ]
    reasons = {
        code: moved(read.reason == code)
        for code in np.unique(read.reason[rows]).tolist()
        if code != CONVERTED
    }

    stays = np.zeros(key.size, bool)
    for move in moves:
        stays |= move != 0
    key = key[stays]
    totals = [np.cumsum(move[stays]) for move in moves]
    running = np.zeros(key.size, bool)
    for running_code in (counted, *reasons.values()):
        running |= totals[running_code] > 0
    on = np.flatnonzero(running)
    # What runs ends on a later day of the same patient, so the next day of the list is the end.
    first, end = (np.append(key, 0)[running_code] for running_code in (on, on + 1))

    def doses(numbers: list[int]) -> Doses:
        nano, atto, more = (totals[n][on] for n in numbers)
        return Doses(nano, atto, more).carried()

    total = doses(parts[0])
    stretches = Stretches(
        first >> 22, _day(first), _day(end), total, totals[counted][on],
        {code: totals[n][on] for code, n in reasons.items()}, read,
    )  # fmt: skip
    for steps, numbers in zip(read.step_factors, parts[1:], strict=True):
        total += _stepped(stretches, steps, doses(numbers))
    return Stretches(
        stretches.patient,
        stretches.first,
        stretches.end,
        total,
        stretches.converted,
        stretches.by_reason,
        read,
    )


def _stepped(stretches: Stretches, factor: Factor, dose: Doses) -> Doses:
    """MME of the dose of a day by the step in which it lies."""
    which = np.zeros(dose.nano.size, np.int64)
    for step in factor.steps[:-1]:
        assert step.up_to is not None
        above, undecided = dose.exceed(Fraction(step.up_to))
        for n in np.flatnonzero(undecided).tolist():
            read = stretches._read
            exact = sum(
                (
                    read.exact(row)
                    for row in _running(read, int(stretches.patient[n]), int(stretches.first[n]))
                    if read.stepped[row] >= 0 and read.step_factors[read.stepped[row]] == factor
                ),
                Fraction(0),
            )
            above[n] = exact > step.up_to
        which += above
    made = [dose.times(Fraction(step.factor)) for step in factor.steps]
    return Doses(
        *(np.choose(which, [getattr(each, part) for each in made]) for part in ("nano", "atto", "more"))
    )


def _day(key: Ints) -> Ints:
    return (key & (2**22 - 1)) - 2**20


__all__ = ["CODES", "Stretches", "sweep"]
