"""The facts of definitions that decide figures, in words: scoring, missing answers, thresholds, bands, cut-offs."""

from __future__ import annotations

from collections.abc import Iterator

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


_CONSTANTS = {"mean": "mean", "sd": "standard deviation"}


def facts_of(program: Program, of: Instrument) -> Iterator[tuple[str, str, str, str]]:
    for shown in (shown for shown in program.scales if shown.instrument is of):
        cites = {source.key: source.cite for source in shown.instrument.sources}

        def cited(keys: tuple[str, ...], cites: dict[str, str] = cites) -> str:
            return "; ".join(cites.get(key, key) for key in keys)

        title, scale = shown.scale.title, shown.scale
        yield f"{title}: scoring", SCORING[scale.kind], EVIDENCE.get(scale.evidence, ""), cited(scale.source)
        if scale.conversion is not None:
            fact = scale.conversion
            yield f"{title}: table", "raw score to score", EVIDENCE.get(fact.evidence, ""), cited(fact.source)
        for rule in scale.missing:
            value = "none may be missing" if rule.at_most == 0 else f"up to {rule.at_most} may be missing"
            name = f"{title}: missing answers, {rule.id.replace('_', ' ')}"
            yield name, value, EVIDENCE.get(rule.evidence, ""), cited(rule.source)
        for constant in scale.constants if scale.kind == "table" else ():
            if constant.kind in ("mean", "sd"):
                yield (
                    f"{title}: {_CONSTANTS[constant.kind]} of {constant.population}",
                    f"{constant.value:f}",
                    EVIDENCE.get(constant.evidence, ""),
                    cited(constant.source),
                )
        for threshold in scale.thresholds:
            value = {
                "percent": f"{threshold.value:f} %",
                "points": f"{threshold.value:f} {'point' if threshold.value == 1 else 'points'}",
                "below": f"below {threshold.value:f}",
            }[threshold.kind]
            yield (
                f"{title}: {threshold.meaning}",
                value,
                EVIDENCE.get(threshold.evidence, ""),
                cited(threshold.source),
            )
        yield from _errors(shown.instrument, scale)
        if scale.bands is not None:
            value = "; ".join(bands(scale))
            yield f"{title}: bands", value, EVIDENCE.get(scale.bands.evidence, ""), cited(scale.bands.source)
        for cutoff in scale.cutoffs:
            yield (
                f"{title}: cut-off, {cutoff.meaning}",
                _side(scale, cutoff, patients=True),
                EVIDENCE.get(cutoff.evidence, ""),
                cited(cutoff.source),
            )


def _errors(of: Instrument, scale: Scale) -> Iterator[tuple[str, str, str, str]]:
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
