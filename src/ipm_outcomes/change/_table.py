"""The table of changes: pairs with thresholds, reliable change and class."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import partial
from importlib import import_module
from typing import Any, Literal

import numpy as np

from ipm_outcomes._fence import fenced
from ipm_outcomes.change._constants import (
    EVIDENCE_WORDS,
    GIVEN,
    KINDS,
    ORIGINS,
    SAMPLE,
    STANDARD_ERRORS,
    Known,
    Reliability,
    given_constants,
    weakest_mark,
)
from ipm_outcomes.change._pair import leading_columns, made, trailing_columns
from ipm_outcomes.change._pairing import REASONS, Pairs, Search, find_pairs
from ipm_outcomes.change._reliable import (
    CLASS_REASONS,
    ESTIMATED,
    LOWER_BOUND,
    NOT_PAIRED,
    PUBLISHED_ERROR,
    Constants,
    Judged,
    Line,
    Rule,
    ScaleScores,
    classes,
    cutoff_of,
    distance,
    judge,
)
from ipm_outcomes.change._scores import ScaleKey, find, own_definitions
from ipm_outcomes.change._spark import change_spark
from ipm_outcomes.change._thresholds import (
    IMMPACT_WORDS,
    RESPONDER_LINES,
    SCOPES,
    Decided,
    Lines,
    has_immpact,
    immpact_codes,
    important,
    lines_of,
    remission,
    responder,
    responder_line,
    room,
    scale_keys,
)
from ipm_outcomes.change._verdict import VERDICTS, Moved
from ipm_outcomes.change._whole import WholeTable
from ipm_outcomes.change._windows import DEFAULT_BASELINE, DEFAULT_TARGETS, Baseline, Target
from ipm_outcomes.definition import Instrument, Scale
from ipm_outcomes.frames._dates import DateFormat
from ipm_outcomes.frames._frame import AnyFrame, of_narwhals
from ipm_outcomes.frames._library import Bools, Column, Floats, Ints, Whole, Words
from ipm_outcomes.frames._spark_kind import is_spark
from ipm_outcomes.stats._moments import Moments
from ipm_outcomes.stats.classes import CLASS_WORDS
from ipm_outcomes.stats.reliable_change import Method


@fenced
def table(
    scores: AnyFrame,
    *,
    episodes: Any | None = None,
    baseline: Baseline = DEFAULT_BASELINE,
    targets: Sequence[Target] = DEFAULT_TARGETS,
    method: Method | Literal["standard_errors"] = "jacobson_truax",
    constants: Constants | Mapping[Any, Mapping[str, float]] = "published",
    reliability: Reliability = "test_retest",
    critical: float | None = None,
    reliability_after: float | None = None,
    cutoffs: Mapping[Any, float | str] | None = None,
    require_dysfunctional_baseline: bool = True,
    harmed: bool = False,
    thresholds: Mapping[Any, Mapping[str, float | str]] | None = None,
    as_of: date | str | None = None,
    scales: Sequence[str | ScaleKey] | str | None = None,
    by: Sequence[str] | None = None,
    overlap: bool = False,
    definitions: Collection[Instrument] = (),
    date_format: DateFormat = None,
) -> AnyFrame:
    """Pair scores and say of every pair whether the change is important and reliable, and of what class.

    Parameters
    ----------
    scores, episodes, baseline, targets, as_of, scales, by, overlap, definitions, date_format
        As in `pair`.
    method : str
        Method of reliable change, as in `reliable_change`, or "standard_errors": a change is reliable when it
        is larger than ``critical * sqrt(se1**2 + se2**2)``, with the standard error of each of the two
        scores. Scales whose conversion table gives standard errors (PROMIS T-scores) are judged so under
        every method, unless `constants` names them; ``reliable_method`` says which was used.
    constants : "auto", "sample", "published" or mapping
        Which measurement error. "published" (default): the published errors of the definition, as `between` uses
        them: a change is reliable beyond the largest and possible beyond the smallest of them. A published index of
        reliable change is reached at equality; a minimal detectable change, or ``critical * sqrt(2)`` times a
        standard error of measurement, must be passed. Where no error is published there is no verdict. "sample": the
        standard deviation of the baselines of this table (n - 1) throughout, with the published reliability. "auto":
        the sample's from 30 baselines on, below that as "published". A mapping gives them for some scales, in points:
        ``{("phq9", "total"): {"sd": 6.1, "reliability": 0.84}}``, ``{"reliability": ...}`` with the published SD, or
        ``{"sem": ...}``; where a reliability is given and no SD is published there is no verdict, as in `between`.
    reliability : {"test_retest", "alpha"}
        Which published reliability to prefer; where there is none of this kind the other is used, and
        ``reliability_kind`` names it.
    critical : float, optional
        Value that the index must exceed, strictly; default 1.959964.
    reliability_after : float, optional
        For the method "nunnally_kotsch".
    cutoffs : mapping, optional
        For some scales the id of a cut-off of the definition, or a number in points (from `cutoffs`; a score
        equal to it is on neither side). By default the first cut-off of the definition, with the side it puts
        an equal score on. A scale without any can only be improved, unchanged or deteriorated.
    require_dysfunctional_baseline, harmed
        As in `classify`.
    thresholds : mapping, optional
        Thresholds in place of the definition's, in points: ``{("peg", "mean"): {"important": 2}}``; keys
        ``important`` (a number, or the id of a threshold of the definition for one patient), ``important_worse``
        (where worsening has its own) and ``remission`` (a score below).

    Returns
    -------
    data frame of the same kind
        The columns of `pair` up to ``improvement``, then ``percent`` (improvement in percent of the
        baseline), ``important, responder_30, responder_50, reliable`` (true, false, or null where it cannot
        be decided), ``verdict`` (as in `between`: "reliably better", "possibly better", "no
        reliable change", "possibly worse", "reliably worse", "unchanged", "cannot be judged", "error not
        known"; ``reliable`` is true for the two that begin so), ``class``, ``can_improve,
        can_worsen`` (whether there is room for an important change),
        ``reason``; then the other columns of `pair` and ``important_points`` (the threshold in force) with
        ``important_scope`` ("individual", or "group": established for means of groups, so that it decides nothing of
        a patient, and ``important, can_improve, can_worsen`` are null),
        ``remission, immpact, reliable_method, sd, reliability, minimal_reliable_change, cutoff,
        class_reason``; ``eligible_to_recover`` (whether the baseline is on the side of patients; null without
        a cut-off).

        What decided, and how well it is sourced: ``sd_source`` ("sample", "published", "derived",
        "unverified" or "given"; of what is given for it where ``reliability_kind`` is "sem", "mdc", "mdc95" or
        "index"),
        ``sample_n`` (baselines behind the sample's SD), ``reliability_kind`` ("test_retest", "icc", "alpha",
        "sem", "mdc", "mdc95", "index" (of reliable change) or "given"; of the largest published error where
        there are several), ``cutoff_id`` (or "given"), ``evidence`` (the weakest mark of all that decided
        ``reliable`` and ``class``), ``important_evidence, remission_evidence, responder_30_evidence,
        responder_50_evidence``. Marks are "2+" (read in the original or in two sources), "1" (read once),
        "derived" (arithmetic on a sourced number), "unverified" (no source text read); "given" where all of it
        is the caller's; "convention" for a responder line that no source states for the scale.

        A score that was prorated (``answered`` below the number of items) has the weakest verdict that holds
        however the blanks would have been answered, else "cannot be judged".

        Important and reliable hold in either direction; the sign of ``improvement`` says which. Thresholds
        are inclusive and decided on exact integers. Percent and responders only where 0 means none of what is
        measured, and not from a baseline of 0. ``immpact`` (PEG, pain intensity) is "none" below 10 %
        improvement, "minimal" from 10 %, "moderate" from 30 %, "substantial" from 50 %: 20 to 30 %, which
        IMMPACT leaves open, counts as minimal.

    Raises
    ------
    FrameError, ParameterError, UnknownNameError
        As in `pair`, and for thresholds, constants and cut-offs that make no sense; a percentage of a T-score
        is refused.

    Notes
    -----
    A Spark DataFrame (`scores`, and `episodes` where given) stays lazy, and nothing is collected: patients are worked
    on in as many groups as ``spark.sql.shuffle.partitions`` says, each in memory at once, after what only the whole
    table shows was gathered (scales, the common denominators of the exact columns, the spread of the baselines). Rows
    are in no order, and equal to those of ``change.table(scores.toArrow())`` to the last bit; words are text. Arguments
    and columns are checked at once, cells when the table is computed, inside an error of Spark's. With
    ``constants="sample"`` or ``"auto"``, and with dates that are text or numbers, scores are paired twice. Of several
    forms of one day without times the last counts, in the order in which Spark holds its rows.

    References
    ----------
    Jacobson NS, Truax P (1991), J Consult Clin Psychol 59:12-19. Dworkin RH et al. (2008), J Pain 9:105-121
    (IMMPACT).

    Examples
    --------
    >>> import polars as pl
    >>> from ipm_outcomes import change
    >>> scores = pl.DataFrame({"patient_id": [1, 1], "date": ["2024-01-10", "2024-07-09"],
    ...                        "instrument": "phq9", "scale": "total", "value": [14, 7]})
    >>> half_year = change.Target("6 months", day=182, days=(137, 227))
    >>> known = {("phq9", "total"): {"sd": 6.1, "reliability": 0.84}}
    >>> result = change.table(scores, targets=[half_year], constants=known)
    >>> result.select("improvement", "percent", "important", "responder_50", "reliable", "class").rows()
    [(7.0, 50.0, True, True, True, 'recovered')]
    """
    own = own_definitions(definitions)
    mapped = scale_keys("constants", constants, own) if not isinstance(constants, str) else {}
    given = {key: given_constants(f"constants of {'.'.join(key)}", value) for key, value in mapped.items()}
    source = constants if isinstance(constants, str) else "published"
    rule = Rule(
        method, source, reliability, critical, reliability_after, require_dysfunctional_baseline, harmed
    )
    wishes = _Wishes(
        rule,
        given,
        scale_keys("cutoffs", cutoffs or {}, own),
        scale_keys("thresholds", thresholds or {}, own),
    )
    for (id, scale_id), given_lines in wishes.thresholds.items():
        inst = find(id, own)
        lines_of(
            inst, inst.scale(scale_id), given_lines
        )  # refused here, also where no score is of that scale
    search = Search(episodes, baseline, targets, as_of, scales, by, overlap, tuple(own.values()), date_format)
    native: Any = scores.to_native() if of_narwhals(scores) else scores  # type: ignore[attr-defined]
    if is_spark(native):
        samples = _samples if source in ("sample", "auto") else None
        changes = change_spark(native, search, partial(_table_of, wishes), samples)
        result: AnyFrame = changes if native is scores else import_module("narwhals").from_native(changes)
    else:
        result = _table_of(wishes, scores, search)
    return result


def _table_of(wishes: _Wishes, scores: Any, search: Search, whole: WholeTable | None = None) -> Any:
    """The changes in scores, or in those of some patients."""
    pairs = find_pairs(scores, search, whole)
    return made(pairs, _columns(pairs, wishes, _samples(pairs) if whole is None else whole.samples))


def _samples(pairs: Pairs) -> dict[ScaleKey, Moments]:
    """The baselines of each scale; exact, so that the order of the patients cannot change the last bit."""
    moments = {}
    for n, (inst, scale) in enumerate(pairs.values.scales):
        rows = slice(n, None, len(pairs.values.scales))
        there = pairs.baseline[rows] >= 0
        moments[inst.id, scale.id] = Moments.of(
            pairs.baseline_top[rows][there, 0], pairs.bottom[rows][there, 0]
        )
    return moments


@dataclass(frozen=True)
class _Wishes:
    """What the caller wants decided, and by what."""

    rule: Rule
    constants: Mapping[ScaleKey, Known]
    cutoffs: Mapping[ScaleKey, Any]
    thresholds: Mapping[ScaleKey, Any]


@dataclass(frozen=True)
class _Cells:
    """The cells of one scale: shape (units, targets)."""

    n: int
    inst: Instrument
    scale: Scale
    rows: slice
    base: Ints
    follow: Ints
    bottom: Ints
    improvement: Ints
    moved: Moved
    has_baseline: Bools
    paired: Bools


_TRUTHS = (
    *("important", *RESPONDER_LINES, "reliable", "can_improve", "can_worsen", "remission"),
    "eligible_to_recover",
)
_NUMBERS = ("percent", "important_points", "sd", "reliability", "minimal_reliable_change", "cutoff")
_RESPONDER_EVIDENCE = {name: f"{name}_evidence" for name in RESPONDER_LINES}


class _Columns:
    """The columns of the table, filled scale by scale."""

    def __init__(self, pairs: Pairs, methods: tuple[str, ...]) -> None:
        self.shape = pairs.reason.shape
        self.truths = {
            name: Decided(np.zeros(self.shape, bool), np.ones(self.shape, bool)) for name in _TRUTHS
        }
        self.numbers: dict[str, Floats] = {name: np.full(self.shape, np.nan) for name in _NUMBERS}
        ids = dict.fromkeys(cutoff.id for _, scale in pairs.values.scales for cutoff in scale.cutoffs)
        self.labels: dict[str, tuple[str, ...]] = {
            "class": CLASS_WORDS, "verdict": VERDICTS, "important_scope": SCOPES,
            "immpact": IMMPACT_WORDS, "reliable_method": methods,
            "class_reason": CLASS_REASONS, "sd_source": ORIGINS, "reliability_kind": KINDS,
            "cutoff_id": (*ids, GIVEN), "evidence": EVIDENCE_WORDS, "important_evidence": EVIDENCE_WORDS,
            "remission_evidence": EVIDENCE_WORDS,
            **dict.fromkeys(_RESPONDER_EVIDENCE.values(), EVIDENCE_WORDS),
        }  # fmt: skip
        self.codes = {name: np.full(self.shape, -1, np.int8) for name in self.labels}
        self.sample_n = np.full(self.shape, -1, np.int64)

    def decide(self, name: str, rows: Any, decided: Decided) -> None:
        """Put truth values."""
        self.truths[name].true[rows], self.truths[name].null[rows] = decided.true, decided.null

    def say(self, name: str, rows: Any, word: str | None, where: Bools) -> None:
        """Put one word where it holds, and leave the rest."""
        if word is not None:
            code = np.int8(self.labels[name].index(word))
            self.codes[name][rows] = np.where(where, code, self.codes[name][rows])

    def words(self, name: str) -> Words:
        """A column of words."""
        return Words(self.codes[name].ravel(), self.labels[name], ordered=name == "immpact")

    def truth(self, name: str, pairs: Pairs) -> Any:
        """A column of truth values."""
        return pairs.frame.truth(self.truths[name].true.ravel(), self.truths[name].null.ravel())


def _columns(pairs: Pairs, wishes: _Wishes, samples: Mapping[ScaleKey, Moments]) -> dict[str, Column | Any]:
    out = _Columns(pairs, tuple(dict.fromkeys((wishes.rule.method, PUBLISHED_ERROR, STANDARD_ERRORS))))
    for n, (inst, scale) in enumerate(pairs.values.scales):
        key = (inst.id, scale.id)
        cells = _cells(pairs, n)
        _put_thresholds(out, cells, lines_of(inst, scale, wishes.thresholds.get(key)))
        line = cutoff_of(inst, scale, wishes.cutoffs.get(key))
        sample = samples.get(key, Moments())
        _put_classes(out, pairs, cells, wishes.rule, wishes.constants.get(key), line, sample)
    return (
        leading_columns(pairs)
        | {
            "percent": out.numbers["percent"].ravel(),
            **{name: out.truth(name, pairs) for name in ("important", *RESPONDER_LINES, "reliable")},
            "verdict": out.words("verdict"),
            "class": out.words("class"),
            **{name: out.truth(name, pairs) for name in ("can_improve", "can_worsen")},
            "reason": Words(pairs.reason.ravel(), tuple(REASONS)),
        }
        | trailing_columns(pairs)
        | {
            "important_points": out.numbers["important_points"].ravel(),
            "important_scope": out.words("important_scope"),
            "remission": out.truth("remission", pairs),
            **{name: out.words(name) for name in ("immpact", "reliable_method")},
            **{
                name: out.numbers[name].ravel()
                for name in ("sd", "reliability", "minimal_reliable_change", "cutoff")
            },
            "class_reason": out.words("class_reason"),
            "eligible_to_recover": out.truth("eligible_to_recover", pairs),
            "sd_source": out.words("sd_source"),
            "sample_n": Whole(np.maximum(out.sample_n, 0).ravel(), (out.sample_n < 0).ravel()),
            **{
                name: out.words(name)
                for name in (
                    *("reliability_kind", "cutoff_id", "evidence", "important_evidence"),
                    *("remission_evidence", *_RESPONDER_EVIDENCE.values()),
                )
            },
        }
    )


def _cells(pairs: Pairs, n: int) -> _Cells:
    inst, scale = pairs.values.scales[n]
    rows = slice(n, None, len(pairs.values.scales))
    shape = pairs.reason[rows].shape
    base = np.broadcast_to(pairs.baseline_top[rows], shape)
    follow = pairs.followup_top[rows]
    return _Cells(
        n=n, inst=inst, scale=scale, rows=rows, base=base, follow=follow,
        bottom=np.broadcast_to(pairs.bottom[rows], shape), improvement=pairs.sign[n] * (follow - base),
        moved=pairs.moved(n),
        has_baseline=np.broadcast_to((pairs.baseline[rows] >= 0)[:, None], shape),
        paired=pairs.paired[rows],
    )  # fmt: skip


def _put_thresholds(out: _Columns, cells: _Cells, lines: Lines) -> None:
    rows, scale, improvement, base = cells.rows, cells.scale, cells.improvement, cells.base
    result = important(lines, improvement, base, cells.bottom, cells.paired)
    out.decide("important", rows, result.decided)
    out.numbers["important_points"][rows] = result.points
    out.codes["important_scope"][rows] = result.scope
    out.codes["important_evidence"][rows] = result.evidence
    for name, column in _RESPONDER_EVIDENCE.items():
        responded = responder(scale, name, improvement, base, cells.bottom, cells.paired)
        out.decide(name, rows, responded)
        out.say(column, rows, responder_line(scale, name)[1], ~responded.null)
    if scale.ratio:
        known = cells.paired & (base > 0)
        out.numbers["percent"][rows] = np.where(known, 100 * improvement / np.where(known, base, 1), np.nan)
    can_improve, can_worsen = room(scale, lines, base, cells.bottom, cells.has_baseline)
    out.decide("can_improve", rows, can_improve)
    out.decide("can_worsen", rows, can_worsen)
    # Never of an estimate: what it rests on was not answered.
    remitted = remission(lines, base, cells.follow, cells.bottom, cells.paired & ~cells.moved.estimated)
    out.decide("remission", rows, remitted)
    if lines.remission is not None:
        out.say("remission_evidence", rows, lines.remission.evidence, ~remitted.null)
    if has_immpact(scale):
        out.codes["immpact"][rows] = immpact_codes(scale, improvement, base, cells.bottom, cells.paired)


def _put_classes(
    out: _Columns,
    pairs: Pairs,
    cells: _Cells,
    rule: Rule,
    given: Known | None,
    line: Line | None,
    sample: Moments,
) -> None:
    rows, scale = cells.rows, cells.scale
    baselines = np.where(cells.has_baseline, cells.base / cells.bottom, np.nan)
    if line is not None:
        out.numbers["cutoff"][rows] = line.value
        out.say("cutoff_id", rows, line.id, np.ones(baselines.shape, bool))
        ill = distance(scale, line, baselines) > 0
        out.decide("eligible_to_recover", rows, Decided(ill, ~cells.has_baseline))
    moved = cells.moved
    se = np.append(pairs.values.se, np.nan)  # -1 takes the last
    for t in range(baselines.shape[1]):
        paired = cells.paired[:, t]
        scores = ScaleScores(
            before=np.where(paired, baselines[:, t], np.nan),
            after=np.where(paired, cells.follow[:, t] / cells.bottom[:, t], np.nan),
            moved=Moved(*(part[:, t] for part in (moved.improvement, moved.least, moved.most, moved.bottom))),
            se_before=pairs.baseline_se[rows],
            se_after=np.where(paired, se[pairs.followup[rows][:, t]], np.nan),
            sample_sd=sample.sd(),
            sample_n=sample.n,
        )
        result = judge(cells.inst, scale, rule, given, scores)
        here = (np.arange(*rows.indices(len(out.sample_n))), t)
        out.decide("reliable", here, Decided(result.direction != 0, ~result.evaluable))
        out.codes["verdict"][here] = result.verdict
        named = classes(scale, rule, line, scores, result)
        for word in CLASS_WORDS:
            out.say("class", here, word, named == word)
        why_not = LOWER_BOUND if result.bounded else ESTIMATED
        out.say("class_reason", here, why_not, paired & ~result.evaluable)
        out.say("class_reason", here, result.why_not, paired & ~result.known)
        out.say("class_reason", here, NOT_PAIRED, ~paired)
        _put_figures(out, here, result, line, sample.n)


def _put_figures(
    out: _Columns, here: tuple[Any, int], result: Judged, line: Line | None, sample_n: int
) -> None:
    """What decided, where it did."""
    judged = result.evaluable
    out.say("reliable_method", here, result.method, judged)
    out.numbers["minimal_reliable_change"][here] = np.where(judged, result.minimal_change, np.nan)
    for column, figure in (("sd", result.sd), ("reliability", result.reliability)):
        if figure is not None:
            value = np.nan if figure.kind == "sem" else figure.value
            out.numbers[column][here] = np.where(judged, value, np.nan)
    if result.sd is not None:
        out.say("sd_source", here, result.sd.origin, judged)
        if result.sd.origin == SAMPLE:
            out.sample_n[here] = np.where(judged, sample_n, -1)
    if result.reliability is not None:
        out.say("reliability_kind", here, result.reliability.kind, judged)
    marks = [figure.evidence for figure in result.figures] + ([line.evidence] if line else [])
    out.say("evidence", here, weakest_mark(marks) or GIVEN, judged)
