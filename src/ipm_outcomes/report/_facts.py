"""The facts of definitions that decide figures, in words: scoring, missing answers, thresholds, bands, cut-offs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ipm_outcomes.change._constants import has_standard_errors, weakest_mark
from ipm_outcomes.change._sentence import of_limits
from ipm_outcomes.change._verdict import published_limits
from ipm_outcomes.definition import Cutoff, Instrument, Scale
from ipm_outcomes.report._program import Program
from ipm_outcomes.stats.arguments import normal_quantile

EVIDENCE = {
    "2+": "read in the original or in two sources",
    "1": "read in one source",
    "derived": "by arithmetic or definition",
    "unverified": "not verified",
}


SCORING = {
    "sum": "sum of the answers",
    "mean": "mean of the answers",
    "table": "sum of the answers, then a table",
    "counts": "by counts of the answers",
    "weighted": "weighted sum of other scores",
    "quotient": "a share of the answers",
    "utility": "multiplicative utility of other scores",
}


Fact = tuple[str, str, str, str]
"""What it is, its value, the evidence, and where it was read."""

_CONSTANTS = {"mean": "mean", "sd": "standard deviation"}


def facts_of(program: Program, of: Instrument) -> Iterator[Fact]:
    for shown in program.scales:
        if shown.instrument is of:
            yield from _of_scale(of, shown.scale)


def _of_scale(of: Instrument, scale: Scale) -> Iterator[Fact]:
    cites: dict[str, str | None] = {source.key: source.cite for source in of.sources}

    def fact(name: str, value: str, entry: Any) -> Fact:
        cited = "; ".join(cites.get(key) or key for key in entry.source)
        return f"{scale.title}: {name}", value, EVIDENCE.get(entry.evidence, ""), cited

    yield fact("scoring", SCORING[scale.kind], scale)
    if scale.conversion is not None:
        yield fact("table", "raw score to score", scale.conversion)
    for rule in scale.missing:
        value = "none may be missing" if rule.at_most == 0 else f"up to {rule.at_most} may be missing"
        yield fact(f"missing answers, {rule.id.replace('_', ' ')}", value, rule)
    for constant in scale.constants if scale.kind == "table" else ():
        if constant.kind in _CONSTANTS:
            yield fact(
                f"{_CONSTANTS[constant.kind]} of {constant.population}", f"{constant.value:f}", constant
            )
    for threshold in scale.thresholds:
        value = {
            "percent": f"{threshold.value:f} %",
            "points": f"{threshold.value:f} {'point' if threshold.value == 1 else 'points'}",
            "below": f"below {threshold.value:f}",
        }[threshold.kind]
        yield fact(threshold.meaning, value, threshold)
    yield from _errors(of, scale)
    if scale.bands is not None:
        yield fact("bands", "; ".join(bands(scale)), scale.bands)
    for cutoff in scale.cutoffs:
        yield fact(f"cut-off, {cutoff.meaning}", _side(scale, cutoff, patients=True), cutoff)


def _errors(of: Instrument, scale: Scale) -> Iterator[Fact]:
    """The published measurement errors that decide reliable change, but for those that are thresholds themselves
    and those that are in the table of scores.
    """
    limits = () if has_standard_errors(scale) else published_limits(of, scale, normal_quantile(0.95))
    for limit in limits:
        if not limit.reached:
            bound = f"{limit.value:.2f} points"
            yield (
                f"{scale.title}: measurement error of one patient's change, by {of_limits((limit,))}",
                f"{bound} or more, not known how much" if limit.at_least else f"change of more than {bound}",
                EVIDENCE.get(weakest_mark(figure.evidence for figure in limit.figures) or "", ""),
                "; ".join(dict.fromkeys(cited for figure in limit.figures for cited in figure.sources)),
            )


def bands(scale: Scale) -> list[str]:
    """The bands of a scale in words that leave no value between two of them or in both."""
    if scale.bands is None:
        return []
    labels = []
    last = len(scale.bands.of) - 1
    for place, band in enumerate(scale.bands.of):
        low, high = f"{band.low:f}", f"{band.high:f}"
        if scale.kind == "sum":
            reach = low if low == high else f"{low} to {high}"
        elif scale.bands.edge == "upper":
            reach = f"{low} to {high}" if place == last else f"{low} to below {high}"
        else:
            reach = f"{low} to {high}" if place == 0 else f"above {low} to {high}"
        labels.append(f"{band.label} {reach}")
    return labels


def _side(scale: Scale, cutoff: Cutoff, *, patients: bool) -> str:
    """The scores on one side of a cut-off: that of patients, or that of the others."""
    up = (scale.worse == "higher") == patients
    if cutoff.including == patients:
        return f"{cutoff.value:f} or {'above' if up else 'below'}"
    return f"{'above' if up else 'below'} {cutoff.value:f}"


def cutoff_words(scale: Scale, id: str, value: float) -> str:
    """Where a patient must be to have recovered, and by which cut-off."""
    for cutoff in scale.cutoffs:
        if cutoff.id == id and float(cutoff.value) == value:
            return f"{_side(scale, cutoff, patients=False)}; cut-off: {cutoff.meaning}"
    # A cut-off of the caller's: an equal score is on neither side.
    return f"{'below' if scale.worse == 'higher' else 'above'} {value:g}; cut-off: given for this analysis"
