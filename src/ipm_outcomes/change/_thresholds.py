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
from numpy.typing import NDArray

from ipm_outcomes.change._constants import CONVENTION, EVIDENCE_WORDS, GIVEN
from ipm_outcomes.change._scores import GRID, ScaleKey, exact_points, find, numeric
from ipm_outcomes.definition import Instrument, Scale, Threshold
from ipm_outcomes.errors import ParameterError
from ipm_outcomes.frames._library import Bools, Ints

IMPORTANT, REMISSION = "important", "remission"
SCOPES = ("individual", "group")
"""Whom a threshold may judge: one patient, or only the mean of a group."""
IMMPACT_LINES = ((10, "minimal"), (30, "moderate"), (50, "substantial"))
"""Percent of improvement in pain intensity and IMMPACT's words for it: Dworkin RH et al. (2008), J Pain
9:105-121, which prints 10 to 20 % as minimal and leaves 20 to 30 % open."""
RESPONDER_LINES = {f"responder_{line}": line for line, _ in IMMPACT_LINES[1:]}
"""The two upper lines, drawn by convention also where a definition has none of its own."""
IMMPACT_WORDS = ("none", *(word for _, word in IMMPACT_LINES))
_KEYS = (IMPORTANT, "important_worse", REMISSION)

ScaleMap = Mapping[ScaleKey, Any]


@dataclass(frozen=True)
class Points:
    """A threshold in points: for improvement, for worsening, and above which baseline it holds."""

    better: Fraction
    worse: Fraction
    baseline_above: Fraction | None = None
    evidence: str = GIVEN
    scope: str = "individual"


@dataclass(frozen=True)
class Lines:
    """The thresholds in force for one scale.

    The important change is one for a single patient, or, where a definition has none, one for the mean of a
    group: that decides nothing of a patient.
    """

    important: tuple[Points, ...]
    remission: Points | None


def scale_keys(name: str, given: ScaleMap, own: dict[str, Instrument]) -> dict[ScaleKey, Any]:
    """Read a mapping by scale; keys as ``("phq9", "total")`` or ``"phq9.total"``."""
    if not isinstance(given, Mapping):
        raise ParameterError(
            f"{name}: give a mapping from scales, such as ('phq9', 'total'), to what holds for them"
        )
    thresholds: dict[ScaleKey, Any] = {}
    for key, value in given.items():
        entry = tuple(key.split(".")) if isinstance(key, str) else key
        if not isinstance(entry, tuple) or len(entry) != 2:
            raise ParameterError(f"{name}: name a scale as ('phq9', 'total') or 'phq9.total'")
        inst = find(entry[0], own)
        thresholds[inst.id, numeric(inst, entry[1])[0].id] = value
    return thresholds


_MOST = 10**6
"""The largest threshold: more is a slip, and would not fit the integers that decide."""


def positive_exact(name: str, value: Any) -> Fraction:
    """A number above 0, exactly as written."""
    if isinstance(value, (bool, np.bool_)) or not isinstance(value, (Real, Decimal)):
        raise ParameterError(f"{name}: must be a number, not a {type(value).__name__}")
    if isinstance(value, np.floating):
        value = Decimal(str(value))  # as it is written, not as its nearest binary number
    if float(value) > _MOST:
        raise ParameterError(f"{name}: must be at most {_MOST}")
    if not np.isfinite(float(value)) or value <= 0:
        raise ParameterError(f"{name}: is {float(value):g}; it must be above 0")
    exact = Fraction(*exact_points(value))
    if exact.denominator > 10**6:
        raise ParameterError(f"{name}: give at most six decimals, so that it can be decided exactly")
    return exact


def important_thresholds(scale: Scale) -> list[Threshold]:
    """The thresholds that say what an important change is (``important``, or an id that begins with
    ``important_``), the one for the highest baselines last: of those that hold, the last one counts. Those for
    groups only where there is none for one patient.
    """
    lines = [
        t
        for t in scale.thresholds
        if t.kind == "points" and (t.id == IMPORTANT or t.id.startswith(f"{IMPORTANT}_"))
    ]
    lines = [t for t in lines if t.scope == "individual"] or lines
    return sorted(lines, key=lambda t: -1 if t.baseline_above is None else t.baseline_above)


def lines_of(inst: Instrument, scale: Scale, override: Any) -> Lines:
    """The thresholds of a scale: those of its definition, or the caller's in their place."""
    important = tuple(_points(t) for t in important_thresholds(scale))
    remission: Points | None = None
    below = scale.threshold(REMISSION)
    if below is not None and below.kind == "below":
        remission = _points(below)
    if override is None:
        return Lines(important, remission)
    place = f"thresholds of {inst.id}.{scale.id}"
    if not isinstance(override, Mapping):
        raise ParameterError(f"{place}: give a mapping such as {{'important': 2}}")
    for key in override:
        if key in RESPONDER_LINES or key == "percent":
            refuse_percent(inst, scale)
            raise ParameterError(f"{place}: the responder lines are fixed at 30 % and 50 %")
        if key not in _KEYS:
            raise ParameterError(f"{place}: there is no {key!r}; there are {', '.join(_KEYS)}")
    if isinstance(override.get(IMPORTANT), str):
        important = (_named(place, scale, override),)
    elif IMPORTANT in override:
        better = positive_exact(f"{place}, important", override[IMPORTANT])
        worse = positive_exact(
            f"{place}, important_worse", override.get("important_worse", override[IMPORTANT])
        )
        important = (Points(better, worse),)
    elif "important_worse" in override:
        raise ParameterError(f"{place}: important_worse needs important; give both")
    if REMISSION in override:
        limit = positive_exact(f"{place}, remission", override[REMISSION])
        remission = Points(limit, limit)
    return Lines(important, remission)


def _named(place: str, scale: Scale, override: Mapping[str, Any]) -> Points:
    """The threshold of the definition that the caller names as the important change."""
    if "important_worse" in override:
        raise ParameterError(f"{place}: important_worse goes with a number, not with the name of a threshold")
    known = {t.id: t for t in scale.thresholds if t.kind == "points" and t.scope == "individual"}
    if override[IMPORTANT] not in known:
        raise ParameterError(
            f"{place}: important names no threshold in points for one patient (text of length "
            f"{len(override[IMPORTANT])}); there are {', '.join(known) or 'none'}"
        )
    return _points(known[override[IMPORTANT]])


def _points(t: Threshold) -> Points:
    return Points(
        Fraction(t.value),
        Fraction(t.value if t.value_worse is None else t.value_worse),
        None if t.baseline_above is None else Fraction(t.baseline_above),
        t.evidence,
        t.scope,
    )


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


@dataclass(frozen=True)
class Important:
    """Whether changes are important, the points in force (NaN where none), the evidence for them as a place
    in `EVIDENCE_WORDS` and their scope as one in `SCOPES` (-1 where none).
    """

    decided: Decided
    points: NDArray[np.float64]
    evidence: NDArray[np.int8]
    scope: NDArray[np.int8]


def important(lines: Lines, improvement: Ints, baseline: Ints, bottom: Ints, paired: Bools) -> Important:
    """Whether a change is important in either direction; not decided by a threshold for groups."""
    hit, known = np.zeros(improvement.shape, bool), np.zeros(improvement.shape, bool)
    judged = np.zeros(improvement.shape, bool)
    used, evidence = np.full(improvement.shape, np.nan), np.full(improvement.shape, -1, np.int8)
    scope = evidence.copy()
    for points in lines.important:
        rows = _holds(points, baseline, bottom)
        reached = np.where(
            improvement >= 0,
            at_least(improvement, bottom, points.better),
            at_least(-improvement, bottom, points.worse),
        )
        hit, known = np.where(rows, reached, hit), known | rows
        used = np.where(rows, np.where(improvement >= 0, float(points.better), float(points.worse)), used)
        evidence = np.where(rows, np.int8(EVIDENCE_WORDS.index(points.evidence)), evidence)
        scope = np.where(rows, np.int8(SCOPES.index(points.scope)), scope)
        judged = np.where(rows, points.scope == "individual", judged)
    known = known & paired
    return Important(
        Decided(hit & known & judged, ~(known & judged)),
        np.where(known, used, np.nan),
        np.where(known, evidence, np.int8(-1)),
        np.where(known, scope, np.int8(-1)),
    )


def room(scale: Scale, lines: Lines, baseline: Ints, bottom: Ints, there: Bools) -> tuple[Decided, Decided]:
    """Whether the best and the worst possible score are at least one important change away from the
    baseline.
    """
    nothing = Decided(np.zeros(baseline.shape, bool), np.ones(baseline.shape, bool))
    mine = [points for points in lines.important if points.scope == "individual"]
    if scale.ends is None or not mine:
        return nothing, nothing
    best, worst = scale.ends
    answers = []
    for limit, side in ((best, "better"), (worst, "worse")):
        top, over = exact_points(limit)
        distance = np.abs(baseline * over - top * bottom)
        can, known = np.zeros(baseline.shape, bool), np.zeros(baseline.shape, bool)
        for points in mine:
            rows = _holds(points, baseline, bottom)
            can = np.where(rows, at_least(distance, bottom * over, getattr(points, side)), can)
            known |= rows
        known = known & there
        answers.append(Decided(can & known, ~known))
    return answers[0], answers[1]


def responder_line(scale: Scale, name: str) -> tuple[Fraction, str | None]:
    """Percent of a responder line and its evidence: the definition's, else the convention's; no evidence
    where percent has no meaning.
    """
    sourced = scale.threshold(name)
    if sourced is not None and sourced.kind == "percent":
        return Fraction(sourced.value), sourced.evidence
    return Fraction(RESPONDER_LINES[name]), CONVENTION if scale.ratio else None


def responder(
    scale: Scale, name: str, improvement: Ints, baseline: Ints, bottom: Ints, paired: Bools
) -> Decided:
    """Whether the improvement reaches that responder line; not evaluable from a baseline of 0."""
    percent, _ = responder_line(scale, name)
    known = paired & (baseline > 0) & scale.ratio
    reached = (
        improvement * 100 + _rounded(scale, bottom)
    ) * percent.denominator >= percent.numerator * baseline
    return Decided(known & reached, ~known)


def remission(lines: Lines, baseline: Ints, followup: Ints, bottom: Ints, paired: Bools) -> Decided:
    """Whether the follow-up lies below the threshold of remission; not decided from a baseline that the
    threshold is not meant for.
    """
    if lines.remission is None:
        return Decided(np.zeros(followup.shape, bool), np.ones(followup.shape, bool))
    limit, known = lines.remission.better, paired & _holds(lines.remission, baseline, bottom)
    return Decided(known & (followup * limit.denominator < limit.numerator * bottom), ~known)


def has_immpact(scale: Scale) -> bool:
    """Whether the IMMPACT words are used for the scale: one defined with both responder lines."""
    return scale.ratio and all(scale.threshold(line) is not None for line in RESPONDER_LINES)


def immpact_codes(
    scale: Scale, improvement: Ints, baseline: Ints, bottom: Ints | int, paired: Bools
) -> NDArray[np.int8]:
    """Position in `IMMPACT_WORDS`, -1 where not evaluable."""
    code = np.zeros(improvement.shape, np.int8)
    for line, _ in IMMPACT_LINES:
        code += improvement * 100 + _rounded(scale, bottom) >= line * baseline
    return np.where(paired & (baseline > 0), code, -1).astype(np.int8)


def _rounded(scale: Scale, bottom: Ints | int) -> Ints | int:
    """How far 100 x improvement can lie below a percent line that it reaches, since both scores were rounded.

    Of two quotients, each rounded by half a billionth, it is (100 - line) / 2 + 100 / 2 billionths at most.
    """
    return 100 * (bottom // GRID) if scale.quotient else 0


def _holds(points: Points, baseline: Ints, bottom: Ints) -> Bools:
    if points.baseline_above is None:
        return np.ones(baseline.shape, bool)
    return np.greater(baseline * points.baseline_above.denominator, points.baseline_above.numerator * bottom)


def at_least(top: Ints, bottom: Ints, limit: Fraction) -> Bools:
    """Whether ``top / bottom`` reaches the limit, in whole numbers."""
    return np.greater_equal(top * limit.denominator, limit.numerator * bottom)
