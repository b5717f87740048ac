"""Thresholds of change, decided on exact integers: important, responder, remission, room, the
IMMPACT words.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from numbers import Real
from typing import Any

import numpy as np
import numpy.typing as npt

from ipm_outcomes.change._columns import Bools, Ints
from ipm_outcomes.change._scores import ScaleKey, exact_points, find, numeric
from ipm_outcomes.definition import Instrument, Scale
from ipm_outcomes.errors import ParameterError

IMPORTANT, REMISSION = "important", "remission"
RESPONDER_LINES = {"responder_30": 30, "responder_50": 50}
IMMPACT_LINES = ((10, "minimal"), (30, "moderate"), (50, "substantial"))
IMMPACT_WORDS = ("none", *(word for _, word in IMMPACT_LINES))
_KEYS = (IMPORTANT, "important_worse", REMISSION)

ScaleMap = Mapping[ScaleKey, Any]


@dataclass(frozen=True)
class Points:
    """A change in points that counts as important: for improvement, for worsening, and above which
    baseline.
    """

    better: Fraction
    worse: Fraction
    baseline_above: Fraction | None = None


@dataclass(frozen=True)
class Lines:
    """The thresholds in force for one scale."""

    important: tuple[Points, ...]
    remission: Fraction | None


def scale_keys(name: str, given: ScaleMap, own: dict[str, Instrument]) -> dict[ScaleKey, Any]:
    """Read a mapping by scale; keys as ``("phq9", "total")`` or ``"phq9.total"``."""
    if not isinstance(given, Mapping):
        raise ParameterError(
            f"{name}: give a mapping from scales, such as ('phq9', 'total'), to what holds for them"
        )
    found: dict[ScaleKey, Any] = {}
    for key, value in given.items():
        entry = tuple(key.split(".")) if isinstance(key, str) else key
        if not isinstance(entry, tuple) or len(entry) != 2:
            raise ParameterError(f"{name}: name a scale as ('phq9', 'total') or 'phq9.total'")
        numeric(find(entry[0], own), entry[1])
        found[entry] = value
    return found


def positive_exact(name: str, value: Any) -> Fraction:
    """A number above 0, exactly as written."""
    if isinstance(value, (bool, np.bool_)) or not isinstance(value, (Real, Decimal)):
        raise ParameterError(f"{name}: must be a number, not a {type(value).__name__}")
    if not np.isfinite(float(value)) or value <= 0:
        raise ParameterError(f"{name}: is {float(value):g}; it must be above 0")
    exact = Fraction(*exact_points(value))
    if exact.denominator > 10**6:
        raise ParameterError(f"{name}: give at most six decimals, so that it can be decided exactly")
    return exact


def lines_of(inst: Instrument, scale: Scale, override: Any) -> Lines:
    """The thresholds of a scale: those of its definition, or the caller's in their place."""
    important = tuple(
        Points(
            Fraction(t.value),
            Fraction(t.value if t.value_worse is None else t.value_worse),
            None if t.baseline_above is None else Fraction(t.baseline_above),
        )
        for t in scale.thresholds
        if t.kind == "points" and (t.id == IMPORTANT or t.id.startswith(f"{IMPORTANT}_"))
    )
    below = scale.threshold(REMISSION)
    remission = Fraction(below.value) if below is not None and below.kind == "below" else None
    if override is None:
        return Lines(important, remission)
    told = f"thresholds of {inst.id}.{scale.id}"
    if not isinstance(override, Mapping):
        raise ParameterError(f"{told}: give a mapping such as {{'important': 2}}")
    for key in override:
        if key in RESPONDER_LINES or key == "percent":
            refuse_percent(inst, scale)
            raise ParameterError(f"{told}: the responder lines are fixed at 30 % and 50 %")
        if key not in _KEYS:
            raise ParameterError(f"{told}: there is no {key!r}; there are {', '.join(_KEYS)}")
    if IMPORTANT in override:
        better = positive_exact(f"{told}, important", override[IMPORTANT])
        worse = positive_exact(
            f"{told}, important_worse", override.get("important_worse", override[IMPORTANT])
        )
        important = (Points(better, worse),)
    elif "important_worse" in override:
        raise ParameterError(f"{told}: important_worse stands beside important; give both")
    if REMISSION in override:
        remission = positive_exact(f"{told}, remission", override[REMISSION])
    return Lines(important, remission)


def refuse_percent(inst: Instrument, scale: Scale) -> None:
    """Refuse percent change on a scale whose 0 does not mean none of what is measured."""
    if not scale.ratio:
        raise ParameterError(
            f"{inst.id}.{scale.id}: percent change has no meaning here, because 0 does not mean none of "
            "what is "
            "measured (a T-score is a distance from a population mean); use a threshold in points"
        )


@dataclass(frozen=True)
class Decided:
    """Truth values with the places where nothing can be decided."""

    true: Bools
    null: Bools


def important(
    lines: Lines, improvement: Ints, baseline: Ints, bottom: Ints, paired: Bools
) -> tuple[Decided, npt.NDArray[np.float64]]:
    """Whether a change is important in either direction, and the points that decided (NaN where none)."""
    hit, known = np.zeros(improvement.shape, bool), np.zeros(improvement.shape, bool)
    used = np.full(improvement.shape, np.nan)
    for points in _rising(lines):
        rows = _holds(points, baseline, bottom)
        reached = np.where(
            improvement >= 0,
            _at_least(improvement, bottom, points.better),
            _at_least(-improvement, bottom, points.worse),
        )
        hit, known = np.where(rows, reached, hit), known | rows
        used = np.where(rows, np.where(improvement >= 0, float(points.better), float(points.worse)), used)
    known = known & paired
    return Decided(hit & known, ~known), np.where(known, used, np.nan)


def room(scale: Scale, lines: Lines, baseline: Ints, bottom: Ints, there: Bools) -> tuple[Decided, Decided]:
    """Whether the best and the worst possible score are at least one important change away from the
    baseline.
    """
    nothing = Decided(np.zeros(baseline.shape, bool), np.ones(baseline.shape, bool))
    if scale.range is None or not lines.important:
        return nothing, nothing
    best, worst = scale.range if scale.worse == "higher" else scale.range[::-1]
    found = []
    for limit, side in ((best, "better"), (worst, "worse")):
        top, over = exact_points(limit)
        distance = np.abs(baseline * over - top * bottom)
        can, known = np.zeros(baseline.shape, bool), np.zeros(baseline.shape, bool)
        for points in _rising(lines):
            rows = _holds(points, baseline, bottom)
            can = np.where(rows, _at_least(distance, bottom * over, getattr(points, side)), can)
            known |= rows
        known = known & there
        found.append(Decided(can & known, ~known))
    return found[0], found[1]


def responder(scale: Scale, percent: int, improvement: Ints, baseline: Ints, paired: Bools) -> Decided:
    """Whether the improvement is at least so many percent of the baseline; not evaluable from a baseline of
    0.
    """
    known = paired & (baseline > 0) & scale.ratio
    return Decided(known & (improvement * 100 >= percent * baseline), ~known)


def remission(lines: Lines, followup: Ints, bottom: Ints, there: Bools) -> Decided:
    """Whether the follow-up lies below the threshold of remission."""
    if lines.remission is None:
        return Decided(np.zeros(followup.shape, bool), np.ones(followup.shape, bool))
    limit = lines.remission
    return Decided(there & (followup * limit.denominator < limit.numerator * bottom), ~there)


def has_immpact(scale: Scale) -> bool:
    """Whether the IMMPACT words are used for the scale: one defined with both responder lines."""
    return scale.ratio and all(scale.threshold(line) is not None for line in RESPONDER_LINES)


def immpact_codes(improvement: Ints, baseline: Ints, paired: Bools) -> npt.NDArray[np.int8]:
    """Position in `IMMPACT_WORDS`, -1 where not evaluable."""
    code = np.zeros(improvement.shape, np.int8)
    for line, _ in IMMPACT_LINES:
        code += improvement * 100 >= line * baseline
    return np.where(paired & (baseline > 0), code, -1).astype(np.int8)


def _rising(lines: Lines) -> list[Points]:
    return sorted(
        lines.important, key=lambda p: Fraction(-1) if p.baseline_above is None else p.baseline_above
    )


def _holds(points: Points, baseline: Ints, bottom: Ints) -> Bools:
    if points.baseline_above is None:
        return np.ones(baseline.shape, bool)
    return np.greater(baseline * points.baseline_above.denominator, points.baseline_above.numerator * bottom)


def _at_least(top: Ints, bottom: Ints, limit: Fraction) -> Bools:
    return np.greater_equal(top * limit.denominator, limit.numerator * bottom)
