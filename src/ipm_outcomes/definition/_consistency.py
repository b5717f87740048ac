"""Whether the parts of an instrument hold together: ids, items, flags, LOINC codes, and every scale."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from ipm_outcomes.definition._answers import MOST_OPTIONS, plain_label
from ipm_outcomes.definition._instrument import Instrument
from ipm_outcomes.definition._scale_consistency import scale_problems, takes_codes


def problems(inst: Instrument) -> Iterator[tuple[str, str]]:
    """The place and the fact of everything that does not hold together."""
    yield from _repeats(inst)
    keys = {source.key for source in inst.sources}
    for place, sourced in inst.facts():
        for key in sourced.source:
            if key not in keys:
                yield place, f"the source {key!r} is not among the sources of the file"
    yield from _item_problems(inst)
    for scale in inst.scales:
        for place, fact in scale_problems(inst, scale):
            yield f"scales.{scale.id}{place}", fact
    if inst.lead is not None and (inst.lead not in inst.scale_ids or inst.scale(inst.lead).categorical):
        yield "lead", f"{inst.lead!r} is no numeric scale of the instrument"
    for id in inst.summary:
        if id not in inst.scale_ids or inst.scale(id).categorical:
            yield "summary", f"{id!r} is no numeric scale of the instrument"
    for flag in inst.flags:
        if flag.item not in inst.item_ids:
            yield f"flags.{flag.id}", f"there is no item {flag.item!r}"
        elif not takes_codes(inst, flag.item):
            yield f"flags.{flag.id}", f"a flag rests on answers from 0 to {MOST_OPTIONS} in whole numbers"
        elif flag.raised_from not in inst.answers_of(flag.item).codes:
            yield f"flags.{flag.id}", f"{flag.raised_from} is no answer of item {flag.item!r}"
    for code in _loinc_codes(inst):
        if not _check_digit_holds(code):
            yield "loinc", f"{code} fails the LOINC check digit, so it cannot exist"


def _repeats(inst: Instrument) -> Iterator[tuple[str, str]]:
    groups = {
        "sources": [s.key for s in inst.sources],
        "items": list(inst.item_ids),
        "scales": list(inst.scale_ids),
        "flags": [f.id for f in inst.flags],
    }
    for scale in inst.scales:
        groups[f"scales.{scale.id}.missing"] = [r.id for r in scale.missing]
        groups[f"scales.{scale.id}.thresholds"] = [t.id for t in scale.thresholds]
        groups[f"scales.{scale.id}.cutoffs"] = [c.id for c in scale.cutoffs]
        groups[f"scales.{scale.id}.items"] = list(scale.items)
        groups[f"scales.{scale.id}.reverse"] = list(scale.reverse)
    for place, names in groups.items():
        for name, count in Counter(names).items():
            if count > 1:
                yield place, f"{name!r} appears {count} times"


def _item_problems(inst: Instrument) -> Iterator[tuple[str, str]]:
    used = {item for scale in inst.scales for item in (*scale.items, scale.se_item)}
    for item in inst.items:
        place = f"items.{item.id}"
        if item.answers not in inst.answers:
            yield place, f"there is no answer list {item.answers!r}"
            return
        if (item.id in used) == item.unscored:
            fact = (
                "is marked unscored but stands in a scale"
                if item.unscored
                else "is in no scale and not marked unscored"
            )
            yield place, f"the item {fact}"
        if item.wording and not inst.license.wording:
            yield place, "the license does not let the wording ship; give a gist of your own only"
        if (item.recode or item.also) and not takes_codes(inst, item.id):
            yield place, "only answers of few whole numbers are recoded or have further labels"
            return
        codes = inst.answers[item.answers].codes
        if item.recode and item.reverse:
            yield place, "an item is either recoded or reversed"
        if item.recode and sorted(a for a, _ in item.recode) != sorted(codes):
            yield place, f"the recode must name each of the answers {sorted(codes)} once"
        if item.recode and not all(0 <= points <= 100 for _, points in item.recode):
            yield place, "recoded points must lie within 0 to 100"
        own = {plain_label(o.label): o.code for o in inst.answers[item.answers].options}
        for also in item.also:
            if also.code not in codes:
                yield place, f"the further label {also.label!r} stands for {also.code}, which is no answer"
            if own.setdefault(plain_label(also.label), also.code) != also.code:
                yield place, f"the label {also.label!r} belongs to two answers"
        if item.loinc and inst.loinc is None:
            yield place, "it has a LOINC code, but no [loinc] table says where the codes were read"
    for name in inst.answers:
        if name not in {item.answers for item in inst.items}:
            yield f"answers.{name}", "no item uses this answer list"


def _loinc_codes(inst: Instrument) -> Iterator[str]:
    if inst.loinc and inst.loinc.panel:
        yield inst.loinc.panel
    yield from (item.loinc for item in inst.items if item.loinc)
    yield from (scale.loinc for scale in inst.scales if scale.loinc)
    for answers in inst.answers.values():
        yield from (o.loinc for o in answers.options if o.loinc)
    yield from (also.loinc for item in inst.items for also in item.also if also.loinc)


def _check_digit_holds(code: str) -> bool:
    """Mod-10 check digit of LOINC, as the LOINC Users' Guide describes it.

    In answer codes the letters LA are counted too, each as its ASCII code less 48: answer codes of both
    lengths show it.
    """
    body, check = code.split("-")
    total = 0
    for place, character in enumerate(reversed(body)):
        value = ord(character) - 48
        total += 2 * value - value // 5 * 9 if place % 2 == 0 else value
    return -total % 10 == int(check)
