"""Reliable change and classes for the scales of a table: which SD and reliability, which cut-off,
which word.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np
import numpy.typing as npt

from ipm_outcomes.change._arrays import better_sign, finite, normal_quantile, positive
from ipm_outcomes.change._classes import classes_of
from ipm_outcomes.change._columns import Bools, Floats
from ipm_outcomes.change._limits import directions
from ipm_outcomes.change.reliable import Method, reliable_change
from ipm_outcomes.definition import Cutoff, Instrument, Scale
from ipm_outcomes.errors import ParameterError

STANDARD_ERRORS = "standard_errors"
Constants = Literal["sample", "published"]
Reliability = Literal["test_retest", "alpha"]

NOT_PAIRED = "not_paired"
NO_RELIABILITY = "no_reliability"
NO_SD = "no_standard_deviation"
NO_SE = "no_standard_error"
UNDEFINED = "method_undefined"
CLASS_REASONS = (NOT_PAIRED, NO_RELIABILITY, NO_SD, NO_SE, UNDEFINED)
"""Why a class is "not classifiable": no pair; no sourced reliability; too few or equal baselines; no
standard error; a sample for which the method has no value."""


@dataclass(frozen=True)
class Rule:
    """How reliable change is to be decided, for all scales."""

    method: Method | Literal["standard_errors"]
    constants: Constants | Mapping[tuple[str, str], Mapping[str, float]]
    reliability: Reliability
    critical: float | None
    reliability_after: float | None
    require_dysfunctional_baseline: bool
    harmed: bool

    def __post_init__(self) -> None:
        if self.method not in (*get_args(Method), STANDARD_ERRORS):
            raise ParameterError(f"method: not one of {', '.join((*get_args(Method), STANDARD_ERRORS))}")
        if isinstance(self.constants, str) and self.constants not in get_args(Constants):
            raise ParameterError(
                "constants: 'sample', 'published', or a mapping from scales to sd and reliability"
            )
        if self.reliability not in get_args(Reliability):
            raise ParameterError(f"reliability: must be one of {', '.join(get_args(Reliability))}")
        if self.critical is not None:
            positive("critical", self.critical)
        if (self.reliability_after is None) == (self.method == "nunnally_kotsch"):
            raise ParameterError(
                "reliability_after: needed by the method nunnally_kotsch and used by no other"
            )


@dataclass(frozen=True)
class Judged:
    """What was found for one scale and target: direction of reliable change, whether decidable, and
    by what.
    """

    direction: npt.NDArray[np.int8]
    evaluable: Bools
    why_not: str | None
    method: str
    sd: float
    reliability: float
    minimal_change: float


def given_constants(told: str, given: Any) -> dict[str, float]:
    """Check constants given for one scale."""
    if not isinstance(given, Mapping) or set(given) not in ({"sd", "reliability"}, {"reliability"}, {"sem"}):
        raise ParameterError(
            f"{told}: give {{'sd': ..., 'reliability': ...}}, {{'reliability': ...}} or {{'sem': ...}}"
        )
    found = {name: finite(f"{told}, {name}", value) for name, value in given.items()}
    for name in ("sd", "sem"):
        if name in found:
            positive(f"{told}, {name}", found[name])
    if "reliability" in found and not 0 < found["reliability"] < 1:
        raise ParameterError(
            f"{told}, reliability: is {found['reliability']:g}; it must lie between 0 and 1, both excluded"
        )
    return found


def published(scale: Scale, prefer: Reliability) -> dict[str, float]:
    """Published constants of a scale, as the definition lists them.

    A reliability is the first of the preferred kind (test-retest, including intraclass correlations, or
    internal consistency), else the first of the other. Of several standard errors of measurement it is the
    largest: with the smallest more changes would be called reliable than the sources agree on.
    """
    kinds = [("test_retest", "icc"), ("alpha",)]
    order = kinds if prefer == "test_retest" else kinds[::-1]
    found: dict[str, float] = {}
    for group in order:
        values = [float(c.value) for c in scale.constants if c.kind in group]
        if values:
            found["reliability"] = values[0]
            break
    sems = [float(c.value) for c in scale.constants if c.kind == "sem"]
    sds = [float(c.value) for c in scale.constants if c.kind == "sd"]
    if sems:
        found["sem"] = max(sems)
    if sds:
        found["sd"] = sds[0]
    return found


def judge(
    inst: Instrument,
    scale: Scale,
    rule: Rule,
    own: Mapping[tuple[str, str], Mapping[str, float]],
    before: Floats,
    after: Floats,
    se_before: Floats,
    se_after: Floats,
    sample_sd: float,
) -> Judged:
    """Decide reliable change on one scale at one target; scores are NaN where not paired."""
    paired = ~np.isnan(before) & ~np.isnan(after)
    given = own.get((inst.id, scale.id))
    known = published(scale, rule.reliability)
    with_se = any(row.se is not None for row in scale.conversion.rows) if scale.conversion else False
    if rule.method == "standard_errors" or (given is None and "reliability" not in known and with_se):
        return _by_standard_errors(scale, rule, before, after, se_before, se_after, paired)
    sd, r, sem = sample_sd, np.nan, np.nan
    if given is not None:
        sd, r, sem = given.get("sd", sample_sd), given.get("reliability", np.nan), given.get("sem", np.nan)
    elif rule.constants == "published":
        sd, r, sem = known.get("sd", np.nan), known.get("reliability", np.nan), known.get("sem", np.nan)
    else:
        r = known.get("reliability", np.nan)
    if not np.isnan(sem) and rule.method == "jacobson_truax":
        # The formula knows the error of measurement only as sd sqrt(1 - r); any such pair gives the same
        # index.
        sd, r = float(sem) * np.sqrt(2.0), 0.5
    why = NO_RELIABILITY if np.isnan(r) else NO_SD if not sd > 0 else None
    if why is None:
        try:
            found = reliable_change(
                before, after, sd=float(sd), reliability=float(r), method=rule.method,
                worse=scale.worse or "higher", critical=rule.critical,
                reliability_after=rule.reliability_after,
            )  # fmt: skip
        except ParameterError:
            why = UNDEFINED if paired.any() else NOT_PAIRED
        else:
            from_sem = not np.isnan(sem) and rule.method == "jacobson_truax"
            return Judged(
                found.direction, paired, None, rule.method, np.nan if from_sem else float(sd),
                np.nan if from_sem else float(r),
                np.nan if found.minimal_change is None else found.minimal_change,
            )  # fmt: skip
    nobody = np.zeros(paired.shape, bool)
    return Judged(np.zeros(paired.shape, np.int8), nobody, why, rule.method, float(sd), float(r), np.nan)


def _by_standard_errors(
    scale: Scale,
    rule: Rule,
    before: Floats,
    after: Floats,
    se_before: Floats,
    se_after: Floats,
    paired: Bools,
) -> Judged:
    critical = normal_quantile(0.95) if rule.critical is None else rule.critical
    limit = critical * np.sqrt(se_before**2 + se_after**2)
    change = after - before
    direction = directions(change, limit, better_sign(scale.worse or "higher"))
    evaluable = paired & ~np.isnan(limit)
    return Judged(direction, evaluable, NO_SE, STANDARD_ERRORS, np.nan, np.nan, np.nan)


def cutoff_of(inst: Instrument, scale: Scale, given: Any) -> Cutoff | float | None:
    """The cut-off between patients and others: by id, as a number, or the first that the definition has."""
    if given is None:
        return scale.cutoffs[0] if scale.cutoffs else None
    if isinstance(given, str):
        for cutoff in scale.cutoffs:
            if cutoff.id == given:
                return cutoff
        there = ", ".join(cutoff.id for cutoff in scale.cutoffs) or "none"
        raise ParameterError(
            f"cutoffs of {inst.id}.{scale.id}: there is no {given!r}; the definition has {there}"
        )
    return finite(f"cutoffs of {inst.id}.{scale.id}", given)


def classes(
    scale: Scale, rule: Rule, cutoff: Cutoff | float | None, before: Floats, after: Floats, judged: Judged
) -> npt.NDArray[np.str_]:
    """Class words; a published cut-off splits all scores in two, on a cut-off given as a number nobody is on
    a side.
    """
    worse: str = scale.worse or "higher"
    if cutoff is None:
        sides, limit = (np.ones(before.shape), np.ones(after.shape)), 0.0
        worse = "higher"  # everybody stays on the side of patients: nobody can recover, and nobody was well
    elif isinstance(cutoff, Cutoff):
        value = float(cutoff.value)
        sides = tuple(_beyond(scores, value, cutoff.including, worse) for scores in (before, after))  # type: ignore[assignment]
        limit, worse = 0.0, "higher"
    else:
        sides, limit = (before, after), cutoff
    return classes_of(
        sides[0], sides[1], judged.direction, judged.evaluable, cutoff=limit, worse=worse,
        require_dysfunctional_baseline=rule.require_dysfunctional_baseline, harmed=rule.harmed,
    )  # fmt: skip


def _beyond(scores: Floats, value: float, including: bool, worse: str) -> Floats:
    sign = 1 if worse == "higher" else -1
    distance = sign * (scores - value)
    beyond = distance >= 0 if including else distance > 0
    return np.where(beyond, 1.0, -1.0)
