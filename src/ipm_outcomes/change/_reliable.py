"""Reliable change and classes for the scales of a table: which SD and reliability, which cut-off,
which word.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Final, Literal, get_args

import numpy as np
import numpy.typing as npt

from ipm_outcomes.change._arrays import better_sign, finite, normal_quantile, positive
from ipm_outcomes.change._classes import classes_of
from ipm_outcomes.change._columns import Bools, Floats
from ipm_outcomes.change._constants import (
    GIVEN,
    KINDS,
    SAMPLE,
    STANDARD_ERRORS,
    Figure,
    Known,
    Reliability,
    has_standard_errors,
    published,
    standard_errors,
)
from ipm_outcomes.change._limits import directions
from ipm_outcomes.change.reliable import Method, reliable_change
from ipm_outcomes.definition import Instrument, Scale
from ipm_outcomes.errors import ParameterError

JACOBSON_TRUAX: Final = "jacobson_truax"
Constants = Literal["auto", "sample", "published"]

ENOUGH = 30
"""Baselines from which on the sample's own standard deviation is used; with fewer published constants are
steadier."""

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
    constants: Constants
    reliability: Reliability
    critical: float | None
    reliability_after: float | None
    require_dysfunctional_baseline: bool
    harmed: bool

    def __post_init__(self) -> None:
        if self.method not in (*get_args(Method), STANDARD_ERRORS):
            raise ParameterError(f"method: not one of {', '.join((*get_args(Method), STANDARD_ERRORS))}")
        if self.constants not in get_args(Constants):
            raise ParameterError(
                "constants: 'auto', 'sample', 'published', or a mapping from scales to sd and reliability"
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
class ScaleScores:
    """Scores of one scale at one target, NaN where not paired, and what the baselines of the table give."""

    before: Floats
    after: Floats
    se_before: Floats
    se_after: Floats
    sample_sd: float
    sample_n: int

    @property
    def paired(self) -> Bools:
        """Whether both scores are there."""
        both: Bools = ~np.isnan(self.before) & ~np.isnan(self.after)
        return both


@dataclass(frozen=True)
class Judged:
    """What was found for one scale and target: direction of reliable change, whether decidable, and by what
    figures.
    """

    direction: npt.NDArray[np.int8]
    evaluable: Bools
    why_not: str | None
    method: str
    figures: tuple[Figure, ...]
    minimal_change: float

    @property
    def sd(self) -> Figure | None:
        """The standard deviation used, or the standard error of measurement that stood for it."""
        return next((figure for figure in self.figures if figure.kind in ("sd", "sem", SAMPLE)), None)

    @property
    def reliability(self) -> Figure | None:
        """The reliability used, or the standard error of measurement that stood for it."""
        return next((figure for figure in self.figures if figure.kind in KINDS), None)


def judge(inst: Instrument, scale: Scale, rule: Rule, given: Known | None, scores: ScaleScores) -> Judged:
    """Decide reliable change on one scale at one target."""
    if rule.method == STANDARD_ERRORS or (given is None and has_standard_errors(scale)):
        return _by_standard_errors(inst, scale, rule, scores)
    figures = _figures(inst, scale, rule, given, scores)
    why = _lacking(figures)
    if why is None:
        # The formula knows the error of measurement only as sd sqrt(1 - r); any such pair gives the same.
        one_sem = figures[0].kind == "sem"
        sd, r = (math.sqrt(2.0) * figures[0].value, 0.5) if one_sem else (f.value for f in figures)
        try:
            found = reliable_change(
                scores.before, scores.after, sd=sd, reliability=r, method=rule.method,
                worse=scale.worse or "higher", critical=rule.critical,
                reliability_after=rule.reliability_after,
            )  # fmt: skip
        except ParameterError:
            why = UNDEFINED if scores.paired.any() else NOT_PAIRED
        else:
            limit = np.nan if found.minimal_change is None else found.minimal_change
            return Judged(found.direction, scores.paired, None, rule.method, figures, limit)
    nobody = np.zeros(scores.before.shape, bool)
    return Judged(nobody.astype(np.int8), nobody, why, rule.method, (), np.nan)


def _figures(
    inst: Instrument, scale: Scale, rule: Rule, given: Known | None, scores: ScaleScores
) -> tuple[Figure, ...]:
    """A standard error of measurement, or a standard deviation and a reliability; less where there is not
    enough.
    """
    known = published(inst, scale, rule.reliability)
    sample = Figure(scores.sample_sd, SAMPLE, SAMPLE)
    if given is not None:
        if given.sem:
            return (given.sem,) if rule.method == JACOBSON_TRUAX else (sample,)
        return tuple(figure for figure in (given.sd or sample, given.reliability) if figure)
    sourced = known.error if rule.method == JACOBSON_TRUAX else known.pair
    few = rule.constants == "auto" and scores.sample_n < ENOUGH
    if rule.constants == "published" or (few and sourced):
        return sourced or tuple(figure for figure in (known.sd, known.reliability) if figure)
    return (sample, known.reliability) if known.reliability else (sample,)


def _lacking(figures: tuple[Figure, ...]) -> str | None:
    if figures and figures[0].kind == "sem":
        return None
    if not figures or figures[-1].kind not in KINDS:
        return NO_RELIABILITY
    return None if len(figures) == 2 and figures[0].value > 0 else NO_SD


def _by_standard_errors(inst: Instrument, scale: Scale, rule: Rule, scores: ScaleScores) -> Judged:
    critical = normal_quantile(0.95) if rule.critical is None else rule.critical
    limit = critical * np.sqrt(scores.se_before**2 + scores.se_after**2)
    direction = directions(scores.after - scores.before, limit, better_sign(scale.worse or "higher"))
    evaluable = scores.paired & ~np.isnan(limit)
    return Judged(direction, evaluable, NO_SE, STANDARD_ERRORS, standard_errors(inst, scale), np.nan)


@dataclass(frozen=True)
class Line:
    """A cut-off between patients and others.

    ``including`` says whether an equal score counts as a patient's; None: an equal score is on neither side,
    as between two populations.
    """

    value: float
    including: bool | None
    id: str
    evidence: str | None


def cutoff_of(inst: Instrument, scale: Scale, given: Any) -> Line | None:
    """The cut-off between patients and others: by id, as a number, or the first that the definition lists.

    Evidence does not choose among them: cut-offs of one scale may mark different things.
    """
    if given is None or isinstance(given, str):
        known = {cutoff.id: cutoff for cutoff in scale.cutoffs}
        found = next(iter(scale.cutoffs), None) if given is None else known.get(given)
        if found is not None:
            return Line(float(found.value), found.including, found.id, found.evidence)
        if given is None:
            return None
        raise ParameterError(
            f"cutoffs of {inst.id}.{scale.id}: there is no {given!r}; the definition has "
            f"{', '.join(known) or 'none'}"
        )
    return Line(finite(f"cutoffs of {inst.id}.{scale.id}", given), None, GIVEN, None)


def distance(scale: Scale, line: Line, scores: Floats) -> Floats:
    """How far scores lie on the side of patients: above 0 there, below 0 on the other, NaN where missing."""
    away = -better_sign(scale.worse or "higher") * (scores - line.value)
    if line.including is None:
        return away
    return np.where(np.isnan(away), np.nan, np.where(away >= 0 if line.including else away > 0, 1.0, -1.0))


def classes(
    scale: Scale, rule: Rule, line: Line | None, scores: ScaleScores, judged: Judged
) -> npt.NDArray[np.str_]:
    """Class words; without a cut-off everybody is on the side of patients, so that nobody can recover and
    nobody was well.
    """
    before, after = (
        np.ones(each.shape) if line is None else distance(scale, line, each)
        for each in (scores.before, scores.after)
    )
    return classes_of(
        before, after, judged.direction, judged.evaluable, cutoff=0.0, worse="higher",
        require_dysfunctional_baseline=rule.require_dysfunctional_baseline, harmed=rule.harmed,
    )  # fmt: skip
