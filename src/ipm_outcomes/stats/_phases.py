"""Phases of a chart over time, and the points that are used."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ipm_outcomes.errors import ParameterError, number_of
from ipm_outcomes.stats.arguments import Booleans, Floats, numbers, refuse, whole_number

Signs: TypeAlias = NDArray[np.int8]
Freeze: TypeAlias = "int | Sequence[int | None] | None"

# Below this a baseline is too short to tell common from special causes.
_SHORT = 12


@dataclass(frozen=True, slots=True)
class Phase:
    """A stretch of a chart with lines of its own; positions of points, the last one excluded."""

    start: int
    stop: int
    baseline: int  # one past the last point of the baseline


def phases_of(count: int, freeze: Freeze, rebase: Sequence[int]) -> list[Phase]:
    """The phases of so many points, with the points of each whose lines are frozen."""
    if isinstance(rebase, (str, bytes)) or not np.iterable(rebase):
        raise ParameterError("rebase must be a sequence of positions, such as (24,)")
    starts = [0, *(whole_number("rebase", position) for position in rebase)]
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
        if points is not None and not 1 <= whole_number("freeze", points) <= stop - start:
            raise ParameterError(
                f"freeze is {points} for phase {number}, which has {number_of(stop - start, 'point')}"
            )
        phases.append(Phase(start, stop, stop if points is None else start + int(points)))
    return phases


def short_notes(phases: Sequence[Phase], usable: Booleans) -> list[str]:
    """What limits the lines: periods without a value, short baselines."""
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


def points_of(values: ArrayLike) -> tuple[Floats, Booleans]:
    """The values of a chart, and which periods have one."""
    array = numbers("values", values)
    if array.ndim != 1:
        raise ParameterError(f"values has shape {array.shape}; it must hold one value per period")
    refuse("values", array, np.isinf(array), "it must be finite, or NaN for a period without a value")
    return array, ~np.isnan(array)


def slack_of(values: Floats, usable: Booleans) -> float:
    """Differences from a line up to this are rounding."""
    return 1e-9 * float(np.abs(values[usable]).max()) if usable.any() else 0.0


def side_of(gap: Floats, slack: float) -> Signs:
    """+1 above a line, -1 below, 0 on it."""
    return (np.sign(gap) * (np.abs(gap) > slack)).astype(np.int8)
