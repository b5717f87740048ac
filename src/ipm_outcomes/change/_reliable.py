"""Reliable change and classes for the scales of a table: which SD and reliability, which cut-off,
which word.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, Final, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from ipm_outcomes.change._constants import (
    GIVEN,
    INDEX,
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
from ipm_outcomes.change._verdict import (
    CANNOT,
    VERDICTS,
    Limit,
    Moved,
    figures_of,
    levels,
    levels_by_errors,
    of_error,
    published_limits,
    verdict_codes,
)
from ipm_outcomes.definition import Instrument, Scale
from ipm_outcomes.errors import ParameterError, choice
from ipm_outcomes.frames._library import Bools, Floats, Ints
from ipm_outcomes.stats.arguments import better_sign, finite, normal_quantile, positive
from ipm_outcomes.stats.classes import classes_of
from ipm_outcomes.stats.reliable_change import Method, reliable_change

JACOBSON_TRUAX: Final = "jacobson_truax"
PUBLISHED_ERROR = "published_error"
Constants = Literal["auto", "sample", "published"]

ENOUGH = 30
"""Baselines from which on the sample's own standard deviation is used; with fewer published constants are
steadier."""

NOT_PAIRED = "not_paired"
NO_RELIABILITY = "no_reliability"
NO_SD = "no_standard_deviation"
NO_SE = "no_standard_error"
UNDEFINED = "method_undefined"
ESTIMATED = "estimated_score"
LOWER_BOUND = "error_is_lower_bound"
CLASS_REASONS = (NOT_PAIRED, NO_RELIABILITY, NO_SD, NO_SE, UNDEFINED, ESTIMATED, LOWER_BOUND)
"""Why a class is "not classifiable": no pair; no sourced reliability; too few or equal baselines; no
standard error; a sample for which the method has no value; a score estimated from a form with blanks, which
could fall either way had they been answered; a measurement error of which only a lower bound is published, so that
nobody could ever be reliably better or worse."""
INSTEAD = ("sem", "mdc", "mdc95", INDEX)
"""What stands for a standard deviation and a reliability."""


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
        choice(self.method, (*get_args(Method), STANDARD_ERRORS))
        if self.constants not in get_args(Constants):
            raise ParameterError(
                "constants: 'auto', 'sample', 'published', or a mapping from scales to sd and reliability"
            )
        choice(self.reliability, get_args(Reliability), "reliability")
        if self.critical is not None:
            positive("critical", self.critical)
        if (self.reliability_after is None) == (self.method == "nunnally_kotsch"):
            raise ParameterError(
                "reliability_after: needed by the method nunnally_kotsch and used by no other"
            )

    @property
    def critical_value(self) -> float:
        """What the index of reliable change must exceed."""
        return normal_quantile(0.95) if self.critical is None else self.critical


@dataclass(frozen=True)
class ScaleScores:
    """Scores of one scale at one target, NaN where not paired, and what the baselines of the table give."""

    before: Floats
    after: Floats
    moved: Moved
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
    """What was found for one scale and target.

    ``verdict`` holds places in `VERDICTS`, ``known`` says where a measurement error is known (``why_not`` says
    why it is not), ``limits`` are those that hold for every row, ``figures`` what decided, that of the largest
    limit first.
    """

    verdict: NDArray[np.int8]
    paired: Bools
    known: Bools
    why_not: str | None
    method: str
    figures: tuple[Figure, ...] = ()
    limits: tuple[Limit, ...] = ()

    @property
    def evaluable(self) -> Bools:
        """Where reliable change can be decided: nowhere, where of the error only a lower bound is known."""
        judged: Bools = self.paired & self.known & (self.verdict != CANNOT) & (not self.bounded)
        return judged

    @property
    def bounded(self) -> bool:
        """Whether of a measurement error in force only a lower bound is known."""
        return any(limit.at_least for limit in self.limits)

    @property
    def direction(self) -> NDArray[np.int8]:
        """+1 reliable improvement, -1 reliable worsening, else 0."""
        better, worse = (VERDICTS.index(f"reliably {word}") for word in ("better", "worse"))
        return np.equal(self.verdict, better).astype(np.int8) - np.equal(self.verdict, worse).astype(np.int8)

    @property
    def minimal_change(self) -> float:
        """The largest limit that holds for every row, in points; NaN without one."""
        return self.limits[-1].value if self.limits else math.nan

    @property
    def sd(self) -> Figure | None:
        """The standard deviation used, or what stood for it and a reliability."""
        return next((figure for figure in self.figures if figure.kind in ("sd", SAMPLE, *INSTEAD)), None)

    @property
    def reliability(self) -> Figure | None:
        """The reliability used, or what stood for it and a standard deviation."""
        return next((figure for figure in self.figures if figure.kind in KINDS), None)


def judge(inst: Instrument, scale: Scale, rule: Rule, given: Known | None, scores: ScaleScores) -> Judged:
    """Give the verdict on one scale at one target."""
    critical = rule.critical_value
    if rule.method == STANDARD_ERRORS or (given is None and has_standard_errors(scale)):
        known = ~np.isnan(scores.se_before) & ~np.isnan(scores.se_after)
        errors = (scores.se_before, scores.se_after)
        by_errors = partial(levels_by_errors, bottom=scores.moved.bottom, errors=errors, critical=critical)
        return _judged(scores, known, NO_SE, STANDARD_ERRORS, by_errors, standard_errors(inst, scale))
    if rule.method != JACOBSON_TRUAX:
        return _by_method(inst, scale, rule, given, scores)
    limits, why, method = _limits(inst, scale, rule, given, scores, critical)
    known = np.full(scores.before.shape, bool(limits))
    by_limits = partial(levels, bottom=scores.moved.bottom, limits=limits)
    return _judged(scores, known, why, method, by_limits, figures_of(limits), limits)


def _judged(
    scores: ScaleScores,
    known: Bools,
    why_not: str | None,
    method: str,
    level: Callable[[Ints], NDArray[np.int8]],
    figures: tuple[Figure, ...],
    limits: tuple[Limit, ...] = (),
) -> Judged:
    """The verdicts, from the level of both ends of the improvement."""
    moved, paired = scores.moved, scores.paired
    least = level(moved.least)
    most = level(moved.most) if moved.estimated.any() else least
    code = verdict_codes(moved, paired, known, least, most)
    return Judged(code, paired, known, why_not, method, figures, limits)


def _by_method(
    inst: Instrument, scale: Scale, rule: Rule, given: Known | None, scores: ScaleScores
) -> Judged:
    """By an index that depends on more than the change: complete scores only, an estimate cannot be judged."""
    figures = _figures(inst, scale, rule, given, scores)
    why = _lacking(figures)
    nowhere, whole = np.zeros(scores.before.shape, bool), np.zeros(scores.before.shape, np.int8)
    if why is None:
        sd, r = (figure.value for figure in figures)
        try:
            result = reliable_change(
                scores.before, scores.after, sd=sd, reliability=r, method=rule.method,  # type: ignore[arg-type]
                worse=scale.worse or "higher", critical=rule.critical,
                reliability_after=rule.reliability_after,
            )  # fmt: skip
        except ParameterError:
            why = UNDEFINED if scores.paired.any() else NOT_PAIRED
        else:
            level = (2 * result.direction).astype(np.int8)
            ends = np.where(scores.moved.estimated, -level - (level == 0), level).astype(np.int8)
            code = verdict_codes(scores.moved, scores.paired, ~nowhere, level, ends)
            return Judged(code, scores.paired, ~nowhere, None, rule.method, figures)
    code = verdict_codes(scores.moved, scores.paired, nowhere, whole, whole)
    return Judged(code, scores.paired, nowhere, why, rule.method)


def _limits(
    inst: Instrument, scale: Scale, rule: Rule, given: Known | None, scores: ScaleScores, critical: float
) -> tuple[tuple[Limit, ...], str | None, str]:
    """The limits in force, or why there are none; and what they are called."""
    few = rule.constants == "auto" and scores.sample_n < ENOUGH
    if given is None and (rule.constants == "published" or few):
        limits = published_limits(inst, scale, critical, rule.reliability)
        if limits:
            return limits, None, PUBLISHED_ERROR
    figures = _figures(inst, scale, rule, given, scores)
    why = _lacking(figures)
    return () if why else (of_error(figures, critical),), why, JACOBSON_TRUAX


def _figures(
    inst: Instrument, scale: Scale, rule: Rule, given: Known | None, scores: ScaleScores
) -> tuple[Figure, ...]:
    """A standard error of measurement, or a standard deviation and a reliability; less where there is not
    enough. The sample's standard deviation only where it is asked for: one patient is judged without it, also
    where the caller gives a reliability.
    """
    known = published(inst, scale, rule.reliability)
    sample = Figure(scores.sample_sd, SAMPLE, SAMPLE)
    asked = rule.constants == "sample" or (rule.constants == "auto" and scores.sample_n >= ENOUGH)
    sd, reliability = sample if asked else known.sd, known.reliability
    if given is not None:
        if given.sem and rule.method == JACOBSON_TRUAX:
            return (given.sem,)
        sd, reliability = given.sd or sd, given.reliability
    return tuple(figure for figure in (sd, reliability) if figure)


def _lacking(figures: tuple[Figure, ...]) -> str | None:
    if figures and figures[0].kind == "sem":
        return None
    if not figures or figures[-1].kind not in KINDS:
        return NO_RELIABILITY
    return None if len(figures) == 2 and figures[0].value > 0 else NO_SD


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
        known_cutoff = next(iter(scale.cutoffs), None) if given is None else known.get(given)
        if known_cutoff is not None:
            return Line(
                float(known_cutoff.value), known_cutoff.including, known_cutoff.id, known_cutoff.evidence
            )
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
) -> NDArray[np.str_]:
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
