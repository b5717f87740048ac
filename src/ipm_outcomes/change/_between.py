"""The change of one patient, scale by scale, with a sentence that a clinician can read."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from fractions import Fraction
from itertools import pairwise
from typing import Any, Literal

from ipm_outcomes import catalog
from ipm_outcomes.change._arrays import better_sign, normal_quantile, positive
from ipm_outcomes.change._constants import (
    GIVEN,
    STANDARD_ERRORS,
    Known,
    citations,
    given_constants,
    published,
    standard_errors,
    weakest_mark,
)
from ipm_outcomes.change._limits import exceeds, jacobson_truax_limit
from ipm_outcomes.change._reliable import JACOBSON_TRUAX
from ipm_outcomes.change._thresholds import important_thresholds
from ipm_outcomes.definition import Instrument, Scale, Threshold
from ipm_outcomes.errors import ParameterError
from ipm_outcomes.scores import CategoryScore, Score, Scores

Direction = Literal["better", "worse", "same"]


@dataclass(frozen=True, slots=True)
class ThresholdResult:
    """What became of one published threshold.

    Attributes
    ----------
    id, kind, meaning, population, evidence : str
        As the definition has them; `kind` is "points", "percent" or "below".
    value : float
        The threshold, in points or percent; of worsening where the patient is worse and it has its own.
    met : bool or None
        Whether the change reaches the threshold (inclusive), or the second score lies below it; None where
        that cannot be told (a percentage from 0, a baseline that the threshold is not meant for).
    side : {"improvement", "worsening"} or None
        In which direction, where met; None for "below".
    sources : tuple of str
        Citations.
    """

    id: str
    kind: str
    value: float
    meaning: str
    population: str | None
    evidence: str
    met: bool | None
    side: Literal["improvement", "worsening"] | None
    sources: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ReliableResult:
    """Whether the change is larger than measurement error would make it.

    Attributes
    ----------
    reliable : bool or None
        In either direction; None with the reason in `basis`.
    limit : float or None
        Points that the change must exceed.
    method : str or None
        "standard_errors" (of the two scores) or "jacobson_truax" (of published constants, or those given).
    basis : str
        A sentence: what the limit rests on, or why there is none.
    evidence : str or None
        The weakest mark among the figures that the limit rests on: "2+", "1", "derived" (arithmetic on a
        sourced number), "unverified" (no source text read), or "given"; None where there is no limit.
    sources : tuple of str
        Citations of these figures.
    """

    reliable: bool | None
    limit: float | None
    method: str | None
    basis: str
    evidence: str | None = None
    sources: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ScaleChange:
    """The change of one patient on one scale.

    Attributes
    ----------
    scale, title : str
        Id and title of the scale.
    before, after : float or None
        The two values; None where there is no score.
    change : float or None
        ``after - before``, in points.
    improvement : float or None
        The change counted toward health.
    percent : float or None
        Improvement in percent of the first value, where 0 means none of what is measured and the first value
        is not 0.
    direction : {"better", "worse", "same"} or None
        The sign of the improvement.
    thresholds : tuple of ThresholdResult
        Every threshold of the definition.
    important : bool or None
        Whether the important change is met, in either direction, by the threshold meant for this baseline;
        None where the scale has none sourced.
    reliable : ReliableResult
        Against measurement error.
    band_before, band_after : str or None
        The bands.
    band_moved : {"better", "worse", "same"} or None
        Whether the band moved toward health.
    best_before, best_after, worst_before, worst_after : bool
        Whether the value is the best or the worst possible one: no room to change in that direction.
    why_not : str or None
        Why there is no change, where there is none.
    sentence : str
        All of this for a reader.
    """

    scale: str
    title: str
    before: float | None
    after: float | None
    change: float | None
    improvement: float | None
    percent: float | None
    direction: Direction | None
    thresholds: tuple[ThresholdResult, ...]
    important: bool | None
    reliable: ReliableResult
    band_before: str | None
    band_after: str | None
    band_moved: Direction | None
    best_before: bool
    best_after: bool
    worst_before: bool
    worst_after: bool
    why_not: str | None
    sentence: str


@dataclass(frozen=True, slots=True)
class CategoryChange:
    """The two words of a scale whose value is a word; they have no difference in points."""

    scale: str
    title: str
    before: str | None
    after: str | None
    sentence: str


AnyChange = ScaleChange | CategoryChange


@dataclass(frozen=True, slots=True)
class PatientChange:
    """The change of one patient on all scales of an instrument; each scale is an attribute.

    Attributes
    ----------
    instrument : str
        Id of the instrument.
    scales : dict
        Scale ids to `ScaleChange` (or `CategoryChange`), in the order of the definition.
    """

    instrument: str
    scales: dict[str, AnyChange]

    def __getattr__(self, name: str) -> AnyChange:
        if name.startswith("__"):
            raise AttributeError(name)
        try:
            return self.scales[name]
        except KeyError:
            raise AttributeError(
                f"{self.instrument} has no scale {name!r}; there are {', '.join(self.scales)}"
            ) from None

    def __iter__(self) -> Iterator[AnyChange]:
        return iter(self.scales.values())

    @property
    def sentence(self) -> str:
        """The sentences of all scales, one a line."""
        return "\n".join(one.sentence for one in self)


def between(
    before: Scores,
    after: Scores,
    *,
    constants: Mapping[str, Mapping[str, float]] | None = None,
    critical: float | None = None,
    definition: Instrument | None = None,
) -> PatientChange:
    """Compare two scores of one patient on one instrument, scale by scale.

    Parameters
    ----------
    before, after : Scores
        As `ipm_outcomes.score` returns them, of the same edition of one instrument.
    constants : mapping, optional
        Measurement error for some scales, in points, in place of the definition's: ``{"total": {"sd": 6.1,
        "reliability": 0.84}}``, ``{"total": {"reliability": 0.84}}`` with the published standard deviation,
        or ``{"total": {"sem": 2.5}}``.
    critical : float, optional
        Value that the reliable change index must exceed, strictly; default 1.959964.
    definition : Instrument, optional
        The definition, for an instrument that is not on the shelf of the library.

    Returns
    -------
    PatientChange
        For PROMIS scales reliability rests on the standard error of each of the two scores: reliable where
        the change is larger than ``critical * sqrt(se1**2 + se2**2)``. Elsewhere on the
        published standard error of measurement, or else on the published standard deviation and reliability,
        chosen as ``change.table(constants="published")`` chooses them: the strongest evidence first, then the
        strictest. What is derived or not verified is called so in the sentence and in ``evidence``.

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
    >>> before, after = PEG(pain=7, enjoyment=7, activity=6), PEG(pain=5, enjoyment=4, activity=4)
    >>> found = between(score(before), score(after))
    >>> round(found.mean.improvement, 2), found.mean.important, found.mean.reliable.reliable
    (2.33, True, False)
    """
    inst = _common(before, after, definition)
    own = {name: given_constants(f"constants of {name}", value) for name, value in (constants or {}).items()}
    for name in own:
        inst.scale(name)
    limit = normal_quantile(0.95) if critical is None else positive("critical", critical)
    found: dict[str, AnyChange] = {}
    for scale in inst.scales:
        one, two = before.scale(scale.id), after.scale(scale.id)
        if isinstance(one, Score) and isinstance(two, Score):
            found[scale.id] = _scale_change(inst, scale, one, two, own.get(scale.id), limit)
        elif isinstance(one, CategoryScore) and isinstance(two, CategoryScore):
            told = f"{scale.title}: {one.value or 'no score'} before, {two.value or 'no score'} after."
            found[scale.id] = CategoryChange(scale.id, scale.title, one.value, two.value, told)
    return PatientChange(inst.id, found)


def _common(before: Scores, after: Scores, definition: Instrument | None) -> Instrument:
    for name, given in (("before", before), ("after", after)):
        if not isinstance(given, Scores):
            raise ParameterError(f"{name}: give the scores of one response, as score(...) returns them")
    one, two = before.provenance, after.provenance
    if one.instrument != two.instrument or one.edition != two.edition:
        raise ParameterError(
            f"after: is of {two.instrument} ({two.edition}), before of {one.instrument} "
            f"({one.edition}); scores of "
            "different instruments or editions have no difference"
        )
    if one.digest != two.digest:
        raise ParameterError(
            "after: was scored with a definition that differs from that of before; score both responses again"
        )
    inst = catalog.instrument(one.instrument) if definition is None else definition
    if inst.id != one.instrument:
        raise ParameterError(f"definition: is of {inst.id}, the scores are of {one.instrument}")
    return inst


def _scale_change(
    inst: Instrument,
    scale: Scale,
    one: Score,
    two: Score,
    constants: Known | None,
    critical: float,
) -> ScaleChange:
    x1, x2 = one.exact, two.exact
    sign = better_sign(scale.worse or "higher")
    best, worst = _limits(scale)
    moved: dict[str, Any] = {
        "scale": scale.id, "title": scale.title, "before": one.value, "after": two.value,
        "band_before": one.band, "band_after": two.band,
        "best_before": x1 is not None and x1 == best, "best_after": x2 is not None and x2 == best,
        "worst_before": x1 is not None and x1 == worst, "worst_after": x2 is not None and x2 == worst,
    }  # fmt: skip
    if x1 is None or x2 is None:
        lost = [(word, s.absent) for word, s in (("first", one), ("second", two)) if s.exact is None]
        told = (f"no {word} score ({absent.sentence.rstrip('.') if absent else ''})" for word, absent in lost)
        why = "; ".join(told)
        return ScaleChange(
            **moved, change=None, improvement=None, percent=None, direction=None, thresholds=(),
            important=None, band_moved=None, reliable=ReliableResult(None, None, None, "There is no change to test."),
            why_not=why,
            sentence=f"{scale.title}: no change can be told, {why}.",
        )  # fmt: skip
    improvement = sign * (x2 - x1)
    percent = 100 * improvement / x1 if scale.ratio and x1 > 0 else None
    thresholds = tuple(_threshold(inst, t, x1, x2, improvement, percent) for t in scale.thresholds)
    reliable = _reliable(inst, scale, (one, two), abs(improvement), constants, critical)
    band_moved: Direction | None = None
    if scale.bands and one.band and two.band:
        order = [band.label for band in scale.bands.of]
        band_moved = _direction(sign * (order.index(two.band) - order.index(one.band)))
    return ScaleChange(
        **moved, change=float(x2 - x1), improvement=float(improvement),
        percent=None if percent is None else float(percent), direction=_direction(improvement),
        thresholds=thresholds, important=_important(scale, thresholds), reliable=reliable,
        band_moved=band_moved, why_not=None,
        sentence=_sentence(scale, (one, two), improvement, thresholds, reliable),
    )  # fmt: skip


def _limits(scale: Scale) -> tuple[Fraction | None, Fraction | None]:
    """The best and the worst possible score, where the range is known."""
    if scale.range is None:
        return None, None
    low, high = map(Fraction, scale.range)
    return (low, high) if scale.worse == "higher" else (high, low)


def _direction(improvement: Fraction | int) -> Direction:
    return "better" if improvement > 0 else "worse" if improvement < 0 else "same"


def _threshold(
    inst: Instrument,
    t: Threshold,
    x1: Fraction,
    x2: Fraction,
    improvement: Fraction,
    percent: Fraction | None,
) -> ThresholdResult:
    worse = t.value if t.value_worse is None else t.value_worse
    value = Fraction(worse if improvement < 0 and t.kind == "points" else t.value)
    met: bool | None
    if t.baseline_above is not None and x1 <= Fraction(t.baseline_above):
        met = None
    elif t.kind == "below":
        met = x2 < value
    elif t.kind == "percent":
        met = None if percent is None else percent >= value
    else:
        met = abs(improvement) >= value
    side: Literal["improvement", "worsening"] | None = None
    if met and t.kind != "below":
        side = "improvement" if improvement > 0 else "worsening"
    return ThresholdResult(
        t.id, t.kind, float(value), t.meaning, t.population, t.evidence, met, side, citations(inst, t.source)
    )


def _important(scale: Scale, thresholds: tuple[ThresholdResult, ...]) -> bool | None:
    met = {t.id: t.met for t in thresholds}
    found = [met[t.id] for t in important_thresholds(scale) if met[t.id] is not None]
    return found[-1] if found else None


_NAMES = {"sem": "standard error of measurement", "sd": "standard deviation"}
_ORIGINS = {
    "published": "the published {}",
    "given": "the given {}",
    "derived": "a {} derived from a published figure",
    "unverified": "a {} that is not verified",
}
_DOUBTS = {"derived": "derived", "unverified": "not verified"}


def _reliable(
    inst: Instrument,
    scale: Scale,
    scores: tuple[Score, Score],
    moved: Fraction,
    given: Known | None,
    critical: float,
) -> ReliableResult:
    one, two = scores
    if given is None and one.se is not None and two.se is not None:
        limit, method = critical * math.hypot(one.se, two.se), STANDARD_ERRORS
        figures = standard_errors(inst, scale)
        basis = f"the standard errors of the two scores, {one.se:g} and {two.se:g}"
    else:
        known = published(inst, scale)
        if given is not None:
            known = Known(given.sem, given.sd or known.sd, given.reliability)
        figures = known.error
        if not figures:
            return ReliableResult(
                None, None, None, "No measurement error of this scale is sourced; give constants."
            )
        sem = figures[0].value if len(figures) == 1 else figures[0].value * math.sqrt(1 - figures[1].value)
        limit, method = jacobson_truax_limit(sem, critical), JACOBSON_TRUAX
        basis = " and ".join(
            f"{_ORIGINS[figure.origin].format(_NAMES.get(figure.kind, 'reliability'))} ({figure.value:g})"
            for figure in figures
        )
    evidence = weakest_mark(figure.evidence for figure in figures) or GIVEN
    sources = tuple(dict.fromkeys(cited for figure in figures for cited in figure.sources))
    told = f"More than {limit:.1f} points is reliable, by {basis}."
    return ReliableResult(exceeds(float(moved), limit), limit, method, told, evidence, sources)


def _shown(value: float | Fraction | None) -> str:
    text = f"{float(value or 0):.1f}"
    return text.removesuffix(".0")


def _points(value: float | Fraction) -> str:
    text = _shown(value)
    return f"{text} point" if text == "1" else f"{text} points"


def _sentence(
    scale: Scale,
    scores: tuple[Score, Score],
    improvement: Fraction,
    thresholds: tuple[ThresholdResult, ...],
    reliable: ReliableResult,
) -> str:
    one, two = scores
    values = [_shown(s.value) + (f" ({s.band})" if s.band else "") for s in (one, two)]
    if improvement == 0:
        parts = [f"{scale.title} stayed at {values[0]}"]
    else:
        went = "rose" if (two.exact or 0) > (one.exact or 0) else "fell"
        better = "better" if improvement > 0 else "worse"
        parts = [
            f"{scale.title} {went} from {values[0]} to {values[1]}, {_points(abs(improvement))} {better}"
        ]
        parts += [told for told in (_told(t, improvement) for t in thresholds) if told]
        if reliable.reliable is None:
            parts.append("whether it is more than measurement error cannot be told")
        elif reliable.limit is not None:
            word = "more than" if reliable.reliable else "within"
            limit = _doubted(_points(round(reliable.limit, 1)), reliable.evidence)
            parts.append(f"{word} measurement error ({limit})")
    for t in thresholds:
        if t.kind == "below" and t.met:
            parts.append(f"below {_shown(t.value)} ({_doubted(t.meaning, t.evidence)})")
    best, worst = _limits(scale)
    if two.exact == best:
        parts.append("the best possible score, so further improvement would not show")
    if two.exact == worst:
        parts.append("the worst possible score, so further worsening would not show")
    return "; ".join(parts) + "."


def _doubted(text: str, evidence: str | None) -> str:
    """The text, with a word of caution where what it rests on was not read in a source."""
    doubt = _DOUBTS.get(evidence or "")
    return f"{text}, {doubt}" if doubt else text


def _told(t: ThresholdResult, improvement: Fraction) -> str | None:
    if t.met is None or t.kind == "below" or (t.kind == "percent" and improvement < 0):
        return None
    line = f"{_shown(t.value)} %" if t.kind == "percent" else _points(t.value)
    return f"{'at least' if t.met else 'less than'} {line} ({_doubted(t.meaning, t.evidence)})"


@dataclass(frozen=True, slots=True)
class ScaleTrajectory:
    """The course of one patient on one numeric scale.

    Attributes
    ----------
    scale : str
        Id of the scale.
    dates : tuple of (date or None)
        Every visit, in order; None where the visits came without dates.
    values, bands : tuple
        Value and band at each visit; None where there is no score.
    steps : tuple of ScaleChange
        From each scorable visit to the next scorable one.
    overall : ScaleChange or None
        From the first scorable visit to the last; None where fewer than two are scorable.
    """

    scale: str
    dates: tuple[date | None, ...]
    values: tuple[float | None, ...]
    bands: tuple[str | None, ...]
    steps: tuple[ScaleChange, ...]
    overall: ScaleChange | None


def trajectory(
    scores: Iterable[Scores] | Iterable[tuple[date, Scores]],
    *,
    constants: Mapping[str, Mapping[str, float]] | None = None,
    critical: float | None = None,
    definition: Instrument | None = None,
) -> dict[str, ScaleTrajectory]:
    """Follow one patient over several visits, scale by scale.

    Parameters
    ----------
    scores : iterable of Scores, or of (date, Scores)
        Visits of the same edition of one instrument: scores alone, in the order of the visits; or with their
        dates, in any order, each on a day of its own. Time stamps are reduced to their date.
    constants, critical, definition
        As in `between`.

    Returns
    -------
    dict
        Ids of the numeric scales to `ScaleTrajectory`.

    Raises
    ------
    ParameterError
        For no visit, two visits on one day, or scores that cannot be compared.

    References
    ----------
    Jacobson NS, Truax P (1991), J Consult Clin Psychol 59:12-19, for each step; a slope over all visits and
    patients is `growth_curve`.

    Examples
    --------
    >>> from datetime import date
    >>> from ipm_outcomes import PEG, change, score
    >>> visits = [(date(2024, 7, 1), score(PEG(pain=4, enjoyment=4, activity=4))),
    ...           (date(2024, 1, 2), score(PEG(pain=7, enjoyment=7, activity=6)))]
    >>> change.trajectory(visits)["mean"].overall.direction
    'better'
    """
    visits = _visits(list(scores))
    inst = _common(visits[0][1], visits[0][1], definition)
    options: dict[str, Any] = {"constants": constants, "critical": critical, "definition": inst}
    for _, visit in visits:
        _common(visits[0][1], visit, inst)
    found = {}
    for scale in inst.scales:
        if scale.categorical:
            continue
        at = [visit.scale(scale.id) for _, visit in visits]
        there = [visit for (_, visit), s in zip(visits, at, strict=True) if s.value is not None]
        steps = tuple(_one(between(a, b, **options), scale.id) for a, b in pairwise(there))
        overall = _one(between(there[0], there[-1], **options), scale.id) if len(there) > 1 else None
        values = tuple(s.value if isinstance(s, Score) else None for s in at)
        bands = tuple(s.band if isinstance(s, Score) else None for s in at)
        found[scale.id] = ScaleTrajectory(
            scale.id, tuple(day for day, _ in visits), values, bands, steps, overall
        )
    return found


def _visits(entries: list[Any]) -> list[tuple[date | None, Scores]]:
    """The visits in the order of their dates, or as given where none has one."""
    if not entries:
        raise ParameterError("scores: give at least one visit")
    if all(isinstance(entry, Scores) for entry in entries):
        return [(None, entry) for entry in entries]
    visits: list[tuple[date, Scores]] = []
    for entry in entries:
        # Scores are a tuple too.
        pair = isinstance(entry, tuple) and not isinstance(entry, Scores) and len(entry) == 2
        if not pair or not isinstance(entry[0], date):
            raise ParameterError(
                "scores: give the scores of the visits in order, or pairs of a date and the scores of that day"
            )
        visits.append((entry[0].date() if isinstance(entry[0], datetime) else entry[0], entry[1]))
    visits.sort(key=lambda visit: visit[0])
    for (day, _), (next_day, _) in pairwise(visits):
        if day == next_day:
            raise ParameterError("scores: two visits are on one day; keep the one that counts")
    return list(visits)


def _one(change: PatientChange, scale: str) -> ScaleChange:
    found = change.scales[scale]
    assert isinstance(found, ScaleChange)
    return found
