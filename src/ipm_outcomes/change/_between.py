"""The change of one patient, scale by scale, with a sentence that a clinician can read."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any, Literal, Protocol, TypeVar

import numpy as np

from ipm_outcomes import catalog, responses
from ipm_outcomes._changes import (
    AnyChange,
    CategoryChange,
    Changes,
    CustomChanges,
    Direction,
    FlagChange,
    ReliableResult,
    ScaleChange,
    ThresholdResult,
)
from ipm_outcomes._fence import fenced
from ipm_outcomes.change._constants import (
    GIVEN,
    STANDARD_ERRORS,
    Known,
    citations,
    given_constants,
    weakest_mark,
)
from ipm_outcomes.change._flags import flag_changes
from ipm_outcomes.change._reliable import JACOBSON_TRUAX, Judged, Rule, ScaleScores, judge
from ipm_outcomes.change._sentence import Facts, of_limits, texts
from ipm_outcomes.change._thresholds import important_thresholds
from ipm_outcomes.change._verdict import VERDICTS, Limit, Moved, Verdict, completions, of_scores
from ipm_outcomes.definition import Instrument, Scale, Threshold
from ipm_outcomes.errors import ParameterError
from ipm_outcomes.scores import CategoryScore, Score, Scores
from ipm_outcomes.stats.arguments import better_sign, positive
from ipm_outcomes.tables import accuracy_sentence

S_contra = TypeVar("S_contra", bound=Scores, contravariant=True)
S = TypeVar("S", bound=Scores)
C_co = TypeVar("C_co", bound=Changes, covariant=True)
C = TypeVar("C", bound=Changes)


class _Comparable(Protocol[S_contra, C_co]):
    """Scores that say which scores they compare with, and what comes of it; for type checkers."""

    def _pair(self, after: S_contra, /) -> type[C_co]: ...


@fenced
def between(
    before: _Comparable[S, C],
    after: S,
    *,
    constants: Mapping[str, Mapping[str, float]] | None = None,
    critical: float | None = None,
    definition: Instrument | None = None,
) -> C:
    """Compare two scores of one patient on one instrument, scale by scale.

    Parameters
    ----------
    before, after : Scores
        As `ipm_outcomes.score` returns them, or read back by `from_json`, of the same edition of one instrument.
    constants : mapping, optional
        Measurement error for some scales, in points, in place of the definition's: ``{"total": {"sd": 6.1,
        "reliability": 0.84}}``, ``{"total": {"reliability": 0.84}}`` with the published standard deviation
        (where none is published there is no verdict, as in `table`), or ``{"total": {"sem": 2.5}}``.
    critical : float, optional
        Value that the reliable change index must exceed, strictly; default 1.959964.
    definition : Instrument, optional
        The definition, for an instrument that is not in the catalog of the library.

    Returns
    -------
    Changes
        Of the class of the instrument, such as ``PHQ9Changes``, with each scale as an attribute. Flags first:
        ``flags``, and at the head of ``sentence`` and ``short``. Each scale has one ``verdict``, by the limits
        that `table` uses: for PROMIS T-scores the standard error of each of the two scores (reliable where the
        change is larger than ``critical * sqrt(se1**2 + se2**2)``); elsewhere the published measurement errors
        of one person's change (reliable beyond the largest, possible beyond the smallest). An estimated score
        has the weakest verdict that holds however its blanks would have been answered.

    Raises
    ------
    ParameterError
        For scores of two instruments or editions, or of a definition that has changed between them.

    References
    ----------
    Jacobson NS, Truax P (1991), J Consult Clin Psychol 59:12-19.

    Examples
    --------
    >>> from ipm_outcomes import PEG, between, score
    >>> before, after = PEG(pain=7, enjoyment=7, activity=7), PEG(pain=5, enjoyment=5, activity=4)
    >>> result = between(score(before), score(after))
    >>> round(result.mean.improvement, 2), result.mean.important, result.mean.verdict
    (2.33, True, 'possibly better')
    >>> result.short
    'PEG 7.0 to 4.7: possibly better, 2.3 points.'
    """
    inst = common(before, after, definition)
    assert isinstance(before, Scores)
    flags = flag_changes(inst, (before, after))
    scale_changes = compared(inst, before, after, flags, options(inst, constants, critical))
    result: Any = _class_of(inst.id, scale_changes)
    changes: C = result._of(inst.id, inst.lead_scale.id, flags, scale_changes)
    return changes


def _class_of(id: str, scale_changes: Mapping[str, AnyChange]) -> type[Changes]:
    """The printed class of the instrument; one for all where a custom definition has another set of scales."""
    if id in responses.CLASSES:
        printed: type[Changes] = getattr(responses, f"{responses.CLASSES[id]}Changes")
        if printed.scale_ids == tuple(scale_changes):
            return printed
    return CustomChanges


def common(before: object, after: object, definition: Instrument | None) -> Instrument:
    """The one definition of both scores."""
    if not isinstance(before, Scores):
        raise ParameterError("before: give the scores of one response, as score(...) returns them")
    if not isinstance(after, Scores):
        raise ParameterError("after: give the scores of one response, as score(...) returns them")
    first, second = before.provenance, after.provenance
    if first.instrument != second.instrument or first.edition != second.edition:
        raise ParameterError(
            f"after: is of {second.instrument} ({second.edition}), before of {first.instrument} "
            f"({first.edition}); scores of "
            "different instruments or editions have no difference"
        )
    if first.digest != second.digest:
        raise ParameterError(
            "after: was scored with a definition that differs from that of before; score both responses again"
        )
    inst = catalog.instrument(first.instrument) if definition is None else definition
    if inst.id != first.instrument:
        raise ParameterError(f"definition: is of {inst.id}, the scores are of {first.instrument}")
    return inst


Options = tuple[Mapping[str, Known], Rule]
"""Constants given by scale, and the rule of reliable change."""


def options(
    inst: Instrument, constants: Mapping[str, Mapping[str, float]] | None, critical: float | None
) -> Options:
    """Read what the caller gives."""
    own = {name: given_constants(f"constants of {name}", value) for name, value in (constants or {}).items()}
    for name in own:
        inst.scale(name)
    return own, Rule(
        JACOBSON_TRUAX, "published", "test_retest", None if critical is None else positive("critical", critical),
        None, require_dysfunctional_baseline=True, harmed=False,
    )  # fmt: skip


def compared(
    inst: Instrument, before: Scores, after: Scores, flags: tuple[FlagChange, ...], by: Options
) -> dict[str, AnyChange]:
    """All scales of two forms, with the flags."""
    scale_changes: dict[str, AnyChange] = {}
    for scale in inst.scales:
        first, second = before.scale(scale.id), after.scale(scale.id)
        if isinstance(first, Score) and isinstance(second, Score):
            scale_changes[scale.id] = one_scale(inst, scale, (first, second), flags, by)
        elif isinstance(first, CategoryScore) and isinstance(second, CategoryScore):
            scale_changes[scale.id] = _category_change(scale, first, second)
    return scale_changes


def _category_change(scale: Scale, first: CategoryScore, second: CategoryScore) -> CategoryChange:
    moved = f"{first.value or 'no score'} before, {second.value or 'no score'} after."
    short = f"{scale.short_title or scale.title}: {moved}"
    return CategoryChange(
        scale.id, scale.title, first.value, second.value,
        " ".join(filter(None, (f"{scale.title}: {moved}", accuracy_sentence(scale)))), short,
    )  # fmt: skip


def one_scale(
    inst: Instrument, scale: Scale, scores: tuple[Score, Score], flags: tuple[FlagChange, ...], by: Options
) -> ScaleChange:
    """Two scores of one scale, with the flags."""
    first, second = scores
    x1, x2 = first.exact, second.exact
    best, worst = _limits(scale)
    (own, rule), between = by, (_between(inst, scale, first), _between(inst, scale, second))
    judged = judge(inst, scale, rule, own.get(scale.id), _judgeable(scale, scores, between))
    verdict: Verdict = VERDICTS[judged.verdict[0]]
    limits = judged.limits
    if judged.method == STANDARD_ERRORS and first.se is not None and second.se is not None:
        limits = (of_scores(first.se, second.se, rule.critical_value),)
    sentence, short = texts(Facts(inst, scale, first, second, verdict, limits, judged.method, between, flags))
    facts: dict[str, Any] = {
        "scale": scale.id, "title": scale.title, "before": first.value, "after": second.value, "verdict": verdict,
        "estimated": any(low != high for low, high in between), "band_before": first.band, "band_after": second.band,
        "best_before": x1 is not None and x1 == best, "best_after": x2 is not None and x2 == best,
        "worst_before": x1 is not None and x1 == worst, "worst_after": x2 is not None and x2 == worst,
        "sentence": sentence, "short": short,
    }  # fmt: skip
    if x1 is None or x2 is None:
        lost = [(word, s.absent) for word, s in (("first", first), ("second", second)) if s.exact is None]
        missing = (
            f"no {word} score ({absent.sentence.rstrip('.') if absent else ''})" for word, absent in lost
        )
        return ScaleChange(
            **facts, change=None, improvement=None, percent=None, direction=None, thresholds=(), important=None,
            band_moved=None, why_not="; ".join(missing),
            reliable=ReliableResult(None, None, None, None, "There is no change to test.", None, ()),
        )  # fmt: skip
    sign = better_sign(scale.worse or "higher")
    improvement = sign * (x2 - x1)
    percent = 100 * improvement / x1 if scale.ratio and x1 > 0 else None
    thresholds = tuple(
        _threshold(inst, t, (x1, x2), improvement, percent, estimated=facts["estimated"])
        for t in scale.thresholds
    )
    band_moved: Direction | None = None
    if scale.bands and first.band and second.band:
        order = [band.label for band in scale.bands.of]
        band_moved = _direction(sign * (order.index(second.band) - order.index(first.band)))
    return ScaleChange(
        **facts, change=float(x2 - x1), improvement=float(improvement),
        percent=None if percent is None else float(percent), direction=_direction(improvement),
        thresholds=thresholds, important=_important(scale, thresholds),
        reliable=_reliable(judged, limits, scores), band_moved=band_moved, why_not=None,
    )  # fmt: skip


def _between(inst: Instrument, scale: Scale, score: Score) -> tuple[Fraction, Fraction]:
    """What a score would lie between, had its blanks been answered."""
    if score.numerator is None:
        return Fraction(0), Fraction(0)
    top, answered = np.array([score.numerator]), np.array([score.answered])
    low, high, span = completions(inst, scale, top, score.denominator, answered)
    over = score.denominator * span
    return Fraction(int(low[0]), over), Fraction(int(high[0]), over)


def _judgeable(
    scale: Scale, scores: tuple[Score, Score], between: Sequence[tuple[Fraction, Fraction]]
) -> ScaleScores:
    """The two scores of one patient as a table of one row."""
    first, second = scores
    sign = better_sign(scale.worse or "higher")
    (low1, high1), (low2, high2) = between
    ends = sorted((sign * (low2 - high1), sign * (high2 - low1)))
    moved = (sign * ((second.exact or 0) - (first.exact or 0)), *ends)
    bottom = math.lcm(*(Fraction(value).denominator for value in moved))
    point, least, most = (np.array([int(value * bottom)]) for value in moved)
    numbers = (
        np.array([math.nan if value is None else value], np.float64)
        for value in (first.value, second.value, first.se, second.se)
    )
    before, after, se_before, se_after = numbers
    return ScaleScores(
        before=before, after=after, moved=Moved(point, least, most, np.array([bottom])), se_before=se_before,
        se_after=se_after, sample_sd=math.nan, sample_n=0,
    )  # fmt: skip


def _reliable(judged: Judged, limits: tuple[Limit, ...], scores: tuple[Score, Score]) -> ReliableResult:
    if not limits:
        return ReliableResult(
            None, None, None, None, "No measurement error of this scale is sourced; give constants.", None, ()
        )
    rests = (
        f"the standard errors of the two scores, {scores[0].se:g} and {scores[1].se:g}"
        if judged.method == STANDARD_ERRORS
        else of_limits(limits)
    )
    reliable = bool(judged.direction[0]) if judged.evaluable[0] else None
    largest, smallest = limits[-1].value, limits[0].value
    reached = "At least" if limits[-1].reached else "More than"
    basis = f"{reached} {largest:.1f} points is reliable, by {rests}."
    if limits[-1].at_least:
        basis = f"Measurement error is {largest:.1f} points or more, by {rests}: no change is known to be reliable."
    evidence = weakest_mark(figure.evidence for figure in judged.figures) or GIVEN
    sources = tuple(dict.fromkeys(cited for figure in judged.figures for cited in figure.sources))
    return ReliableResult(reliable, largest, smallest, judged.method, basis, evidence, sources)


def _limits(scale: Scale) -> tuple[Fraction | None, Fraction | None]:
    """The best and the worst possible score, where the range is known."""
    best, worst = scale.ends or (None, None)
    return None if best is None else Fraction(best), None if worst is None else Fraction(worst)


def _direction(improvement: Fraction | int) -> Direction:
    return "better" if improvement > 0 else "worse" if improvement < 0 else "same"


def _threshold(
    inst: Instrument,
    t: Threshold,
    scores: tuple[Fraction, Fraction],
    improvement: Fraction,
    percent: Fraction | None,
    *,
    estimated: bool,
) -> ThresholdResult:
    x1, x2 = scores
    worse = t.value if t.value_worse is None else t.value_worse
    value = Fraction(worse if improvement < 0 and t.kind == "points" else t.value)
    met: bool | None
    if t.scope == "group" or (t.baseline_above is not None and x1 <= Fraction(t.baseline_above)):
        met = None
    elif t.kind == "below":
        met = None if estimated else x2 < value
    elif t.kind == "percent":
        met = None if percent is None else percent >= value
    else:
        met = abs(improvement) >= value
    side: Literal["improvement", "worsening"] | None = None
    if met and t.kind != "below":
        side = "improvement" if improvement > 0 else "worsening"
    return ThresholdResult(
        t.id, t.kind, float(value), t.scope, t.meaning, t.population, t.evidence, met, side,
        citations(inst, t.source),
    )  # fmt: skip


def _important(scale: Scale, thresholds: tuple[ThresholdResult, ...]) -> bool | None:
    met = {t.id: t.met for t in thresholds}
    reached = [met[t.id] for t in important_thresholds(scale) if met[t.id] is not None]
    return reached[-1] if reached else None
