"""Named causes, each with the number that it would have recorded in every row.

A cause is a rule: from the answers of a row it says what would be there. Nothing here decides; what agrees with a
rule is counted by `ipm_outcomes.audit._choose`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from ipm_outcomes.audit._reading import SLACK, Answers, Bools, Floats, Material, Measure

ONE_OFF, TEN_OFF, SWAPPED = "hand_error:one_off", "hand_error:ten_off", "hand_error:digits_swapped"


@dataclass(frozen=True)
class Linear:
    """A weighted sum of the points: how many times each item counts, what is added, and other columns."""

    weights: Floats
    constant: float = 0.0
    extra: tuple[str, ...] = ()

    @property
    def shift(self) -> float:
        """What each answer was moved by, where the constant says that."""
        whole = self.weights.sum()
        return float(self.constant / whole) if whole else 0.0


@dataclass(frozen=True)
class Guess:
    """One cause.

    Attributes
    ----------
    cause, family : str
        Its id, and the kind of cause that it is one of.
    value : array of float64
        What would have been recorded, NaN where the cause says nothing of a row. Of a cause that leaves several
        numbers open, the recorded number where it is one of them, and else NaN.
    near : bool
        Whether the number is compared after rounding.
    chance : array of float64 or None
        Of a cause that leaves several numbers open: how likely the recorded one is among them.
    shows : array of bool or None
        For such a cause, the rows that it is about.
    linear : Linear or None
        The weighted sum that it is.
    """

    cause: str
    family: str
    value: Floats
    near: bool = False
    chance: Floats | None = None
    shows: Bools | None = None
    linear: Linear | None = None


def plain(answers: Answers) -> Linear:
    """Every item once."""
    return Linear(np.ones(len(answers.items)))


def total_of(material: Material, linear: Linear) -> Floats:
    """The weighted sum, over the items that were answered."""
    assert material.answers is not None
    points, total = material.answers.points, np.full(len(material), linear.constant)
    for weight, row in zip(linear.weights.tolist(), points, strict=True):
        if weight:
            total += row if weight == 1 else weight * row
    for name in linear.extra:
        total += material.extra[name]
    return total


def guesses(material: Material, measure: Measure | None, base: Linear | None) -> Iterator[Guess]:
    """Every cause there is for a scale; a cause that was proved before is part of all others.

    Parameters
    ----------
    measure, base
        How numbers were recorded, and the sum that was, as far as that is known.
    """
    complete = material.complete
    if measure is not None and base is not None and material.answers is not None:
        answers = material.answers
        total = np.where(complete, total_of(material, base), np.nan)
        for cause, linear, value in linear_causes(material, answers, base, total):
            family = cause.partition(":")[0]
            yield Guess(cause, family, measure.of(value), measure.near, linear=linear)
        if material.scale.kind == "mean" and len(answers.items) > 1 and (base.weights == 1).all():
            for item, points in zip(answers.items, answers.points, strict=True):
                rest = (total - points) / (material.scale.per_unit * (len(answers.items) - 1))
                yield Guess(f"item_left_out_of_mean:{item}", "item_left_out_of_mean", rest, True)
        for other in material.measures:
            if other is not measure:
                family = other.cause.partition(":")[0]
                yield Guess(other.cause or "right_value", family, other.of(total), other.near)
        yield from _rounded(material, measure.of(total))
        yield from _changed_items(material, answers, measure, base, total)
        if not complete.all():
            yield from _blanks(material, answers, measure, base, complete)
            if base.constant or base.extra or (base.weights != 1).any() or measure.cause:
                # Who made totals of forms with blanks need not have made the others.
                yield from _blanks(material, answers, material.measures[0], plain(answers), complete)
    else:
        yield from _rounded(material, material.right)
    for cause, values in material.others.items():
        yield Guess(cause, cause.partition(":")[0], values, material.rounded)


def linear_causes(
    material: Material, answers: Answers, base: Linear, total: Floats
) -> Iterator[tuple[str, Linear, Floats]]:
    """Causes that are another weighted sum, with that sum."""
    weights, ends = base.weights, answers.low + answers.high
    several = len(weights) > 1
    for place, item in enumerate(answers.items):
        w, points = weights[place], answers.points[place]
        if not w:
            continue
        for cause, factor in (("item_left_out", 0), ("item_twice", 2), ("item_reversed", -1)):
            if not several and cause != "item_reversed":
                continue
            new = weights.copy()
            new[place] = factor * w
            added = (w - factor * w) * base.shift if factor != -1 else -w * ends[place]
            linear = Linear(new, base.constant - added, base.extra)
            yield f"{cause}:{item}", linear, total + (factor - 1) * w * points - added
    own = np.where(np.isnan(total), np.nan, weights @ answers.points)
    reversed_total = total - 2 * own + float(weights @ ends)
    if several:
        yield (
            "all_reversed",
            Linear(-weights, base.constant + float(weights @ ends), base.extra),
            reversed_total,
        )
    keyed = np.array([item in material.reversed_items for item in answers.items])
    if 1 < keyed.sum() < len(weights):
        new = np.where(keyed, -weights, weights)
        constant = base.constant + float((weights * ends)[keyed].sum())
        yield (
            "reverse_key_ignored",
            Linear(new, constant, base.extra),
            total + (new - weights) @ answers.points + constant - base.constant,
        )
    whole = float(weights.sum())
    yield "coded_one_up", Linear(weights, base.constant + whole, base.extra), total + whole
    yield "coded_one_down", Linear(weights, base.constant - whole, base.extra), total - whole
    for name, column in material.extra.items():
        if name not in base.extra:
            linear = Linear(base.weights, base.constant, (*base.extra, name))
            yield f"extra_item:{name}", linear, total + column


def _rounded(material: Material, right: Floats) -> Iterator[Guess]:
    """The right value with fewer decimals than it has."""
    for decimals in range(2 if material.decimals is None else material.decimals):
        unit = 10.0**decimals
        scaled = right * unit
        half_up = np.floor(np.abs(scaled) + 0.5 + SLACK) * np.sign(scaled) / unit
        half_even = np.rint(np.round(scaled, 6)) / unit
        yield Guess(f"rounded:{decimals}_decimals", "rounded", half_up)
        if not np.array_equal(half_even, half_up, equal_nan=True):
            yield Guess(f"rounded:{decimals}_decimals_half_even", "rounded", half_even)
        yield Guess(f"cut_off:{decimals}_decimals", "rounded", np.trunc(scaled + SLACK) / unit)


def _changed_items(
    material: Material, answers: Answers, measure: Measure, base: Linear, total: Floats
) -> Iterator[Guess]:
    """Columns of items that are not what the total was made of: a copy of another, or overwritten."""
    if len(answers.items) < 2 or not (base.weights == 1).all() or base.constant:
        return
    tally = material.tally(measure)
    if tally is None:
        return
    chances = []
    for place, item in enumerate(answers.items):
        low, high = answers.low[place], answers.high[place]
        implied = tally - total + answers.points[place]
        fits = (implied >= low) & (implied <= high)
        counts = np.bincount(answers.points[place][answers.given[place]] - low, minlength=high - low + 1)
        share = (counts + 1) / (counts.sum() + len(counts))
        chance = share[np.where(fits, implied - low, 0).astype(np.intp)]
        chances.append((fits, chance))
        value = np.where(fits, material.recorded, np.nan)
        yield Guess(f"item_overwritten:{item}", "item_overwritten", value, True, chance, np.isfinite(total))
    for first, second in combinations(range(len(answers.items)), 2):
        alike = (answers.points[first] == answers.points[second]) & np.isfinite(total)
        fits, chance = chances[second]
        cause = f"item_copied:{answers.items[first]}={answers.items[second]}"
        yield Guess(
            cause, "item_copied", np.where(fits & alike, material.recorded, np.nan), True, chance, alike
        )


def _blanks(
    material: Material, answers: Answers, measure: Measure, base: Linear, complete: Bools
) -> Iterator[Guess]:
    """What may be recorded where items are blank."""
    given = answers.given
    shifted = base.weights @ np.where(given, answers.points + base.shift, 0)
    for name in base.extra:
        shifted = shifted + material.extra[name]
    counted = given.sum(axis=0)
    blank = ~complete
    of_all = np.where(blank, shifted, np.nan)
    started = counted > 0
    yield Guess("blank_as_zero", "blank_as_zero", measure.of(of_all), measure.near)
    if not (started | complete).all():
        yield Guess(
            "blank_as_zero_if_started",
            "blank_as_zero",
            measure.of(np.where(started, of_all, np.nan)),
            measure.near,
        )
    some = np.where(blank & started, shifted, np.nan)
    size = len(answers.items)
    exact = some * size / np.maximum(counted, 1)
    floor = np.floor(exact + SLACK)
    rest = exact - floor
    half = np.abs(rest - 0.5) < 1e-6
    up = floor + (rest > SLACK)
    if material.scale.kind == "mean":
        yield Guess("prorated:exact", "prorated", measure.of(exact), True)
    else:
        nearest = np.where(half, np.nan, np.floor(exact + 0.5))
        modes = {
            "floor": floor,
            "half_up": np.where(half, floor + 1, nearest),
            "half_even": np.where(half, floor + floor % 2, nearest),
            "ceiling": up,
        }
        for name, value in modes.items():
            yield Guess(f"prorated:{name}", "prorated", measure.of(value), measure.near)
        if material.scale.conversion is None:
            yield Guess("prorated:exact", "prorated", measure.of(exact), True)
            for decimals in (1, 2):
                unit = 10.0**decimals
                value = np.floor(exact * unit + 0.5 + 1e-6) / unit
                yield Guess(f"prorated:{decimals}_decimals", "prorated", measure.of(value), measure.near)
        mean = some / np.maximum(counted, 1)
        yield Guess("mean_of_answered", "mean_instead_of_sum", mean, True)
    if answers.raw is not None:
        raw = np.nansum(answers.raw, axis=0)
        coded = np.isfinite(answers.raw).any(axis=0)
        yield Guess(
            "missing_code_added",
            "missing_code_added",
            measure.of(np.where(coded, shifted + raw, np.nan)),
            measure.near,
        )
    yield from _lost_items(material, answers, measure, blank & started, shifted)


def _lost_items(
    material: Material, answers: Answers, measure: Measure, rows: Bools, summed: Floats
) -> Iterator[Guess]:
    """The total was made while the items were there, and they were lost since."""
    tally = material.tally(measure)
    if tally is None:
        return
    missing = ~answers.given
    low, high = answers.low @ missing, answers.high @ missing
    rest = tally - summed
    fits = rows & (rest >= low) & (rest <= high)
    chance = 1.0 / (high - low + 1)
    alone = missing.sum(axis=0) == 1
    for place in range(len(answers.items)):
        mine = fits & alone & missing[place]
        if not mine.any():
            continue
        bottom, top = answers.low[place], answers.high[place]
        counts = np.bincount(answers.points[place][answers.given[place]] - bottom, minlength=top - bottom + 1)
        share = (counts + 1) / (counts.sum() + len(counts))
        chance[mine] = share[(rest[mine] - bottom).astype(np.intp)]
    yield Guess("item_lost", "item_lost", np.where(fits, material.recorded, np.nan), True, chance, rows)


def by_hand(material: Material) -> dict[str, Bools]:
    """Rows whose recorded number looks like a slip of a hand."""
    off = material.recorded - material.right
    step = np.abs(off)
    within = material.near if material.rounded else material.exact
    tens = np.floor(material.right / 10)
    swapped = (material.right - 10 * tens) * 10 + tens
    there = np.isfinite(off)
    return {
        ONE_OFF: there & (np.abs(step - 1) <= within),
        TEN_OFF: there & (np.abs(step - 10) <= within),
        SWAPPED: there & (step > within) & (np.abs(material.recorded - swapped) <= within),
    }
