"""The table of changes: pairs with thresholds, reliable change and class."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import date
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from ipm_outcomes.change._classes import CLASS_WORDS
from ipm_outcomes.change._columns import Bools, Floats, truth_column
from ipm_outcomes.change._pair import REASONS, Pairs, find_pairs, leading_columns, made, trailing_columns
from ipm_outcomes.change._reliable import (
    CLASS_REASONS,
    NOT_PAIRED,
    STANDARD_ERRORS,
    Constants,
    Reliability,
    Rule,
    classes,
    cutoff_of,
    given_constants,
    judge,
)
from ipm_outcomes.change._scores import ScaleKey, shelf
from ipm_outcomes.change._thresholds import (
    IMMPACT_WORDS,
    RESPONDER_LINES,
    Decided,
    has_immpact,
    immpact_codes,
    important,
    lines_of,
    remission,
    responder,
    room,
    scale_keys,
)
from ipm_outcomes.change._windows import DEFAULT_BASELINE, DEFAULT_TARGETS, Baseline, Target
from ipm_outcomes.change.reliable import Method
from ipm_outcomes.definition import Cutoff, Instrument
from ipm_outcomes.frames._frame import Column, Words


def table(
    scores: Any,
    *,
    episodes: Any | None = None,
    baseline: Baseline = DEFAULT_BASELINE,
    targets: Sequence[Target] = DEFAULT_TARGETS,
    method: Method | Literal["standard_errors"] = "jacobson_truax",
    constants: Constants | Mapping[Any, Mapping[str, float]] = "sample",
    reliability: Reliability = "test_retest",
    critical: float | None = None,
    reliability_after: float | None = None,
    cutoffs: Mapping[Any, float | str] | None = None,
    require_dysfunctional_baseline: bool = True,
    harmed: bool = False,
    thresholds: Mapping[Any, Mapping[str, float]] | None = None,
    as_of: date | str | None = None,
    scales: Sequence[str | ScaleKey] | str | None = None,
    by: Sequence[str] | None = None,
    overlap: bool = False,
    definitions: Collection[Instrument] = (),
) -> Any:
    """Pair scores and say of every pair whether the change is important and reliable, and of what class.

    Parameters
    ----------
    scores, episodes, baseline, targets, as_of, scales, by, overlap, definitions
        As in `pair`.
    method : str
        Method of reliable change, as in `reliable_change`, or "standard_errors": a change is reliable when it
        is larger than ``critical * sqrt(se1**2 + se2**2)``, with the standard error of each of the two
        scores. Scales without a published reliability whose scores have standard errors (PROMIS T-scores) are
        judged so under every method, unless `constants` names them; ``reliable_method`` says which was used.
    constants : "sample", "published" or mapping
        Whose standard deviation: that of all baselines of the scale in this table (default, with n - 1), with
        the published reliability of the definition; or the published standard deviation too (or, for
        "jacobson_truax", the published standard error of measurement, the largest of several). A mapping
        gives them for some scales, in points: ``{("phq9", "total"): {"sd": 6.1, "reliability": 0.84}}``,
        ``{"reliability": ...}`` with the sample's SD, or ``{"sem": ...}``. With fewer than 30 patients prefer
        published ones.
    reliability : {"test_retest", "alpha"}
        Which published reliability to prefer.
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
        ``important``, ``important_worse`` (where worsening has its own) and ``remission`` (a score below).

    Returns
    -------
    data frame of the same kind
        The columns of `pair` up to ``improvement``, then ``percent`` (improvement in percent of the
        baseline), ``important, responder_30, responder_50, reliable`` (true, false, or null where it cannot
        be decided), ``class``, ``can_improve, can_worsen`` (whether there is room for an important change),
        ``reason``; then the other columns of `pair` and ``important_points`` (the threshold used),
        ``remission, immpact, reliable_method, sd, reliability, minimal_reliable_change, cutoff,
        class_reason``.

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
    >>> found = change.table(scores, targets=[half_year], constants=known)
    >>> found.select("improvement", "percent", "important", "responder_50", "reliable", "class").rows()
    [(7.0, 50.0, True, True, True, 'recovered')]
    """
    own = shelf(definitions)
    mapped = scale_keys("constants", constants, own) if not isinstance(constants, str) else {}
    given = {key: given_constants(f"constants of {'.'.join(key)}", value) for key, value in mapped.items()}
    source = constants if isinstance(constants, str) else "sample"
    rule = Rule(
        method, source, reliability, critical, reliability_after, require_dysfunctional_baseline, harmed
    )
    own_cutoffs = scale_keys("cutoffs", cutoffs or {}, own)
    own_lines = scale_keys("thresholds", thresholds or {}, own)
    pairs = find_pairs(scores, episodes, baseline, targets, as_of, scales, by, overlap, definitions)
    return made(pairs, _columns(pairs, rule, given, own_cutoffs, own_lines))


class _Truth:
    """A column of truth values, filled scale by scale."""

    def __init__(self, shape: tuple[int, ...]) -> None:
        self.true, self.null = np.zeros(shape, bool), np.ones(shape, bool)

    def put(self, rows: slice, found: Decided) -> None:
        self.true[rows], self.null[rows] = found.true, found.null

    def column(self, pairs: Pairs) -> Any:
        return truth_column(self.true.ravel(), self.null.ravel(), pairs.frame)


def _columns(
    pairs: Pairs,
    rule: Rule,
    constants: Mapping[ScaleKey, Mapping[str, float]],
    cutoffs: Mapping[ScaleKey, Any],
    thresholds: Mapping[ScaleKey, Any],
) -> dict[str, Column | Any]:
    shape, scales = pairs.reason.shape, pairs.values.scales
    truths = {
        name: _Truth(shape)
        for name in ("important", *RESPONDER_LINES, "reliable", "can_improve", "can_worsen", "remission")
    }
    floats = {
        name: np.full(shape, np.nan)
        for name in ("percent", "important_points", "sd", "reliability", "minimal_reliable_change", "cutoff")
    }
    words, immpact = np.full(shape, -1, np.int8), np.full(shape, -1, np.int8)
    why, methods = np.full(shape, -1, np.int8), np.full(shape, -1, np.int8)
    method_words = tuple(dict.fromkeys((rule.method, STANDARD_ERRORS)))
    there = (pairs.baseline >= 0)[:, None] & np.ones(shape, bool)
    followed = pairs.followup >= 0
    for n, (inst, scale) in enumerate(scales):
        rows = slice(n, None, len(scales))
        key = (inst.id, scale.id)
        lines = lines_of(inst, scale, thresholds.get(key))
        base = np.broadcast_to(pairs.baseline_top[rows], shape_of(pairs, rows))
        bottom = np.broadcast_to(pairs.bottom[rows], base.shape)
        follow, paired = pairs.followup_top[rows], pairs.paired[rows]
        improvement = pairs.sign[n] * (follow - base)
        found, floats["important_points"][rows] = important(lines, improvement, base, bottom, paired)
        truths["important"].put(rows, found)
        for name, line in RESPONDER_LINES.items():
            truths[name].put(rows, responder(scale, line, improvement, base, paired))
        if scale.ratio:
            known = paired & (base > 0)
            floats["percent"][rows] = np.where(known, 100 * improvement / np.where(known, base, 1), np.nan)
        for name, found in zip(
            ("can_improve", "can_worsen"), room(scale, lines, base, bottom, there[rows]), strict=True
        ):
            truths[name].put(rows, found)
        truths["remission"].put(rows, remission(lines, follow, bottom, followed[rows]))
        if has_immpact(scale):
            immpact[rows] = immpact_codes(improvement, base, paired)
        cutoff = cutoff_of(inst, scale, cutoffs.get(key))
        floats["cutoff"][rows] = _number(cutoff)
        _classify(
            pairs,
            rule,
            constants,
            n,
            rows,
            cutoff,
            truths["reliable"],
            floats,
            words,
            why,
            methods,
            method_words,
        )
    return (
        leading_columns(pairs)
        | {
            "percent": floats["percent"].ravel(),
            **{name: truths[name].column(pairs) for name in ("important", *RESPONDER_LINES, "reliable")},
            "class": Words(words.ravel(), CLASS_WORDS),
            **{name: truths[name].column(pairs) for name in ("can_improve", "can_worsen")},
            "reason": Words(pairs.reason.ravel(), tuple(REASONS)),
        }
        | trailing_columns(pairs)
        | {
            "important_points": floats["important_points"].ravel(),
            "remission": truths["remission"].column(pairs),
            "immpact": Words(immpact.ravel(), IMMPACT_WORDS, ordered=True),
            "reliable_method": Words(methods.ravel(), method_words),
            **{
                name: floats[name].ravel()
                for name in ("sd", "reliability", "minimal_reliable_change", "cutoff")
            },
            "class_reason": Words(why.ravel(), CLASS_REASONS),
        }
    )


def shape_of(pairs: Pairs, rows: slice) -> tuple[int, ...]:
    """Shape of the cells of one scale."""
    return pairs.reason[rows].shape


def _number(cutoff: Cutoff | float | None) -> float:
    if cutoff is None:
        return np.nan
    return float(cutoff.value) if isinstance(cutoff, Cutoff) else cutoff


def _classify(
    pairs: Pairs,
    rule: Rule,
    constants: Mapping[ScaleKey, Mapping[str, float]],
    n: int,
    rows: slice,
    cutoff: Cutoff | float | None,
    reliable: _Truth,
    floats: dict[str, Floats],
    words: npt.NDArray[np.int8],
    why: npt.NDArray[np.int8],
    methods: npt.NDArray[np.int8],
    method_words: tuple[str, ...],
) -> None:
    inst, scale = pairs.values.scales[n]
    bottom = pairs.bottom[rows][:, 0]
    has_baseline = pairs.baseline[rows] >= 0
    before_all = np.where(has_baseline, pairs.baseline_top[rows][:, 0] / bottom, np.nan)
    known = before_all[has_baseline]
    # Sorted, so that the order of the patients cannot change the last bit.
    sample_sd = float(np.sort(known).std(ddof=1)) if known.size > 1 else np.nan
    followup = pairs.followup[rows]
    se = np.append(pairs.values.se, np.nan)  # -1 takes the last
    for t in range(len(pairs.targets)):
        paired = pairs.paired[rows][:, t]
        before = np.where(paired, before_all, np.nan)
        after = np.where(paired, pairs.followup_top[rows][:, t] / bottom, np.nan)
        se_after = np.where(paired, se[followup[:, t]], np.nan)
        found = judge(
            inst, scale, rule, constants, before, after, pairs.baseline_se[rows], se_after, sample_sd
        )
        here = (np.arange(*rows.indices(len(words))), t)
        reliable.true[here], reliable.null[here] = found.direction != 0, ~found.evaluable
        named = classes(scale, rule, cutoff, before, after, found)
        for code, word in enumerate(CLASS_WORDS):
            _fill(words, here, named == word, code)
        methods[here] = np.where(found.evaluable, method_words.index(found.method), -1)
        _fill(
            why, here, paired & ~found.evaluable, CLASS_REASONS.index(found.why_not) if found.why_not else -1
        )
        _fill(why, here, ~paired, CLASS_REASONS.index(NOT_PAIRED))
        for name, value in (
            ("sd", found.sd),
            ("reliability", found.reliability),
            ("minimal_reliable_change", found.minimal_change),
        ):
            floats[name][here] = np.where(found.evaluable, value, np.nan)


def _fill(column: npt.NDArray[np.int8], here: tuple[Any, int], mask: Bools, code: int) -> None:
    column[here] = np.where(mask, np.int8(code), column[here])
