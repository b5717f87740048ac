"""Whether the parts of a scale hold together, and with the items and scales that it rests on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from fractions import Fraction
from itertools import pairwise
from math import lcm, prod

from ipm_outcomes.definition._answers import MOST_OPTIONS, MOST_STEPS
from ipm_outcomes.definition._instrument import Instrument
from ipm_outcomes.definition._rules import (
    MOST_QUOTIENT,
    MOST_RANGE,
    Bands,
    Counts,
    Quotient,
    Utility,
    Weighted,
)
from ipm_outcomes.definition._scales import Scale


def takes_codes(inst: Instrument, item: str) -> bool:
    """Whether the answers are few whole numbers, of which a definition may name each."""
    listed = inst.answers_of(item)
    return listed.per_unit == 1 and listed.highest <= MOST_OPTIONS


MOST_ITEMS = 255
"""How many answered items eight bits count."""

_FIELD_OF_KIND = {"table": "conversion", "counts": "counts", "weighted": "weighted", "quotient": "quotient"}
_FIELD_OF_KIND["utility"] = "utility"


def scale_problems(inst: Instrument, scale: Scale) -> Iterator[tuple[str, str]]:
    """The place within the scale and the fact of everything that does not hold together."""
    for item in scale.items:
        if item not in inst.item_ids:
            yield ".items", f"there is no item {item!r}"
            return
    for kind, field in _FIELD_OF_KIND.items():
        if (getattr(scale, field) is not None) != (scale.kind == kind):
            yield "", f"a scale has {field} if, and only if, its kind is {kind!r}"
            return
    if bool(scale.items) == (scale.kind in ("weighted", "utility")):
        yield "", "a weighted scale or a utility rests on other scales, every other scale on items"
        return
    rests_on = [inst.scale(id) for id in scale.components if id in inst.scale_ids]
    if sum(len(part.items) for part in rests_on or [scale]) > MOST_ITEMS:
        yield "", f"a score of more than {MOST_ITEMS} items is not supported"
    yield from _step_problems(inst, scale)
    yield from _point_problems(inst, scale)
    yield from _missing_problems(inst, scale)
    if not scale.categorical and scale.worse is None:
        yield ".worse", "say whether a higher or a lower value is worse"
    if scale.kind in ("sum", "mean", "table"):
        yield from _range_problems(inst, scale)
    if scale.counts:
        yield from _count_problems(inst, scale, scale.counts)
    if scale.weighted:
        yield from _weight_problems(inst, scale.weighted)
    if scale.utility:
        yield from _utility_problems(inst, scale, scale.utility)
    if scale.quotient:
        yield from _quotient_problems(inst, scale, scale.quotient)
    elif scale.only_if:
        yield ".only_if", "only a quotient is for some people and not for others"
    if scale.bands:
        yield from _band_problems(scale, scale.bands)
    yield from _published_problems(scale)


def _missing_problems(inst: Instrument, scale: Scale) -> Iterator[tuple[str, str]]:
    if scale.missing[0].at_most:
        yield ".missing", "the first rule is the default and must be the strictest: no item missing"
    for rule in scale.missing:
        if rule.at_most and scale.kind not in ("sum", "mean", "quotient"):
            yield f".missing.{rule.id}", f"a scale of kind {scale.kind!r} has no score with items missing"
        if rule.at_most and rule.at_most >= len(scale.items):
            yield f".missing.{rule.id}", "at least one item must be answered"
        spans = {(min(p.values()), max(p.values())) for p in (inst.points(i, scale) for i in scale.items)}
        if rule.at_most and len(spans) > 1 and not scale.quotient:
            yield (
                f".missing.{rule.id}",
                "a score with items missing needs items of one range, or it could leave its own",
            )


def _published_problems(scale: Scale) -> Iterator[tuple[str, str]]:
    """Thresholds, accuracy and cut-offs."""
    for threshold in scale.thresholds:
        if threshold.kind == "percent" and not scale.ratio:
            yield (
                f".thresholds.{threshold.id}",
                "percent change needs a scale whose 0 means none (ratio = true)",
            )
        if threshold.value <= 0 or (threshold.value_worse is not None and threshold.value_worse <= 0):
            yield f".thresholds.{threshold.id}", "a threshold is a positive number"
    for accuracy in scale.accuracy:
        if scale.counts is None or accuracy.value not in {o.value for o in scale.counts.outcomes}:
            yield ".accuracy", f"{accuracy.value!r} is no category of the scale"
        if not (0 <= accuracy.sensitivity <= 100 and 0 <= accuracy.specificity <= 100):
            yield ".accuracy", "sensitivity and specificity are percentages"
    for cutoff in scale.cutoffs:
        if scale.range and not scale.range[0] <= cutoff.value <= scale.range[1]:
            yield f".cutoffs.{cutoff.id}", f"{cutoff.value} lies outside the range of the scale"


def _step_problems(inst: Instrument, scale: Scale) -> Iterator[tuple[str, str]]:
    """Answers in steps, and standard errors that come with a score."""
    steps = {inst.answers_of(item).per_unit for item in scale.items}
    if scale.kind in ("sum", "mean") and steps != {scale.per_unit}:
        yield ".step", "the step of the scale must be that of the answers to every one of its items"
    if scale.kind not in ("sum", "mean"):
        if scale.step != 1:
            yield ".step", f"a scale of kind {scale.kind!r} has no step"
        if not scale.quotient and not all(takes_codes(inst, item) for item in scale.items):
            yield (
                ".items",
                f"a scale of kind {scale.kind!r} needs answers from 0 to {MOST_OPTIONS} in whole numbers",
            )
    if scale.se_item is not None:
        if scale.se_item not in inst.item_ids:
            yield ".se_item", f"there is no item {scale.se_item!r}"
        elif len(scale.items) != 1 or scale.kind != "sum" or scale.se_item in scale.items:
            yield ".se_item", "only a sum of one other item, a ready score, brings its standard error"
        elif inst.answers_of(scale.se_item).lowest == 0:
            yield ".se_item", "a standard error is above 0, and so is the lowest answer"


def _point_problems(inst: Instrument, scale: Scale) -> Iterator[tuple[str, str]]:
    """Items that a scale reverses or recodes on its own."""
    for key, items in (("reverse", scale.reverse), ("recode", tuple(scale.recode))):
        for item in items:
            if item not in scale.items:
                yield f".{key}", f"{item!r} is not among the items of the scale"
        if items and scale.kind in ("counts", "weighted", "quotient", "utility"):
            yield f".{key}", f"a scale of kind {scale.kind!r} has no points to change"
    for item in scale.reverse:
        if item in scale.recode:
            yield ".reverse", f"{item!r} is either recoded or reversed"
    for item, pairs in scale.recode.items():
        codes = sorted(inst.answers_of(item).codes)
        if sorted(code for code, _ in pairs) != codes:
            yield ".recode", f"the recode of {item!r} must name each of the answers {codes} once"
        if not all(0 <= points <= 100 for _, points in pairs):
            yield ".recode", "recoded points must lie within 0 to 100"


def _range_problems(inst: Instrument, scale: Scale) -> Iterator[tuple[str, str]]:
    low = sum(min(inst.points(item, scale).values()) for item in scale.items)
    high = sum(max(inst.points(item, scale).values()) for item in scale.items)
    few = all(inst.answers_of(item).highest <= MOST_OPTIONS for item in scale.items)
    most = 255 - len(scale.items) if few else MOST_STEPS
    if high > most:
        yield ".items", f"sums above {most} are not supported, this scale reaches {high}"
        return
    lowest, highest = Fraction(low, scale.per_unit), Fraction(high, scale.per_unit)
    if scale.kind == "mean":
        lowest, highest = lowest / len(scale.items), highest / len(scale.items)
    if scale.conversion:
        rows = scale.conversion.rows
        if [row.raw for row in rows] != list(range(low, high + 1)):
            yield ".conversion", f"the raw sums must run from {low} to {high} without gap or repeat"
            return
        for before, after in pairwise(rows):
            if after.value <= before.value:
                yield ".conversion", f"the value must rise with the raw sum, and does not at raw {after.raw}"
        mixed = len({row.se is None for row in rows}) > 1
        if mixed or any(row.se is not None and row.se <= 0 for row in rows):
            yield ".conversion", "every row has a standard error above 0, or none has one"
        lowest, highest = Fraction(rows[0].value), Fraction(rows[-1].value)
    if scale.range is None or tuple(map(Fraction, scale.range)) != (lowest, highest):
        yield ".range", f"the items give a range of {float(lowest):g} to {float(highest):g}"


def _count_problems(inst: Instrument, scale: Scale, counts: Counts) -> Iterator[tuple[str, str]]:
    for item in (*counts.core, *counts.except_for):
        if item not in scale.items:
            yield ".counts", f"{item!r} is not among the items of the scale"
        elif counts.except_for.get(item, counts.at_least) not in inst.answers_of(item).codes:
            yield ".counts", f"the threshold of {item!r} is none of its answers"
    n, core = len(scale.items), len(counts.core)
    if (core + 1) * (n + 1) > 255:
        yield ".counts", "too many items to count"
    for c in range(core + 1):
        for a in range(c, n - core + c + 1):
            if not any(o.core[0] <= c <= o.core[1] and o.all[0] <= a <= o.all[1] for o in counts.outcomes):
                yield ".counts", f"no outcome for {c} core items and {a} items in all"
                return


def _weight_problems(inst: Instrument, weighted: Weighted) -> Iterator[tuple[str, str]]:
    used = {name for term in weighted.terms for name in term.scales}
    if used != set(weighted.standardize):
        yield ".weighted", "the standardized scales and the scales of the terms must be the same"
    for name in sorted(used):
        if name not in inst.scale_ids:
            yield ".weighted", f"there is no scale {name!r}"
        elif inst.scale(name).kind not in ("sum", "mean", "table"):
            yield ".weighted", f"{name!r} is not a scale of items with a numeric value"
    for name, (_, unit) in weighted.standardize.items():
        if unit <= 0:
            yield ".weighted", f"the unit of {name!r} must be above 0"


def _quotient_problems(inst: Instrument, scale: Scale, quotient: Quotient) -> Iterator[tuple[str, str]]:
    used = {*quotient.items, *scale.only_if}
    if used != set(scale.items):
        yield ".items", "the items of a quotient are those of its products and those of only_if"
        return
    for item, code in scale.only_if.items():
        if not takes_codes(inst, item) or code not in inst.answers_of(item).codes:
            yield ".only_if", f"{code} is no answer of item {item!r}"
        if item in quotient.items:
            yield ".only_if", f"{item!r} stands in the quotient itself"
    for name, products in (("over", quotient.over), ("under", quotient.under)):
        size = sum(
            Fraction(product.times) * prod(_most(inst, item) for item in product.items)
            for product in products
        )
        per_unit = lcm(*(prod(inst.answers_of(i).per_unit for i in product.items) for product in products))
        if size * per_unit * quotient.times > MOST_QUOTIENT:
            yield f".quotient.{name}", "the products of the answers are too large"
    if scale.range is None:
        yield ".range", "a quotient needs a range: what lies outside it is withheld"
    elif scale.range[0] < 0 or scale.range[1] > MOST_RANGE:
        yield ".range", f"the range of a quotient lies within 0 to {MOST_RANGE}"
    if scale.bands:
        yield ".bands", "a quotient has no bands"


def _utility_problems(inst: Instrument, scale: Scale, utility: Utility) -> Iterator[tuple[str, str]]:
    if utility.interaction == 0 or utility.rescale <= 0:
        yield ".utility", "the interaction is not 0, and the rescaling is above 0"
    for name, count in Counter(scale.components).items():
        if count > 1:
            yield ".utility", f"{name!r} stands {count} times"
        if name not in inst.scale_ids:
            yield ".utility", f"there is no scale {name!r}"
        elif inst.scale(name).kind not in ("sum", "mean", "table"):
            yield ".utility", f"{name!r} is not a scale of items with a numeric value"
    for part in utility.attributes:
        if part.standardize[1] <= 0:
            yield ".utility", f"the unit of {part.scale!r} must be above 0"
        starts = [segment.start for segment in part.segments[1:]]
        known = [start for start in starts if start is not None]
        if part.segments[0].start is not None or len(known) < len(starts) or sorted(set(known)) != known:
            yield ".utility", f"of {part.scale!r} the first segment has no start, and the others rise"
    if scale.bands or scale.range is None:
        yield ".utility", "a utility has a range and no bands"


def _most(inst: Instrument, item: str) -> Fraction:
    listed = inst.answers_of(item)
    return Fraction(listed.highest, listed.per_unit)


def _band_problems(scale: Scale, bands: Bands) -> Iterator[tuple[str, str]]:
    if scale.range is None:
        yield ".bands", "bands need a scale with a range"
        return
    step = scale.step if scale.kind == "sum" else 0
    for before, after in pairwise(bands.of):
        expected = before.high + step
        if after.low < expected:
            yield ".bands", f"{before.label!r} and {after.label!r} overlap at {after.low}"
        if after.low > expected:
            gap = f"{before.label!r} and {after.label!r}: {before.high} to {after.low}"
            yield ".bands", f"there is a gap between {gap}"
    for band in bands.of:
        if band.high < band.low:
            yield ".bands", f"{band.label!r} ends before it begins"
    for end, mark in ((bands.of[0].low, scale.range[0]), (bands.of[-1].high, scale.range[1])):
        if end != mark:
            yield ".bands", f"the bands must cover the range: they reach {end}, the scale {mark}"
    for label in bands.patient_omits:
        if label not in {band.label for band in bands.of}:
            yield ".bands", f"there is no band {label!r} to leave out"
    if bands.net and (len(bands.of) != 3 or set(bands.net) != {bands.of[0].label, bands.of[-1].label}):
        yield ".bands", "a net score is of three bands: name the first and the last"
    for label, count in Counter(band.label for band in bands.of).items():
        if count > 1:
            yield ".bands", f"the label {label!r} appears {count} times"
