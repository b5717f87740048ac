"""The exact weighted sum that was recorded, where there is one: it proves which causes were at work together."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ipm_outcomes.audit._guesses import Linear, total_of
from ipm_outcomes.audit._reading import Answers, Bools, Floats, Ints, Material, Measure

MOST = 0.95
"""So many of the rows a sum must give exactly; the rest are other errors."""
ROUNDS = 12
LOOKED_AT = 20_000
STRETCH = 1 << 16
WHOLE = 0.02
TURNED = 0.6
"""Where so many items count the other way round, all do, and the others are turned once more."""


@dataclass(frozen=True)
class Fit:
    """A weighted sum that was recorded, and what it means.

    Attributes
    ----------
    linear : Linear
        The sum.
    causes : tuple of str
        What was done to the right sum.
    unsure : tuple of str
        Items with other weights in it whose columns cannot be distinguished.
    explained : array of bool
        Rows of the material that it gives exactly.
    """

    linear: Linear
    measure: Measure
    causes: tuple[str, ...]
    unsure: tuple[str, ...]
    explained: Bools


def fit(material: Material, measure: Measure, rows: Bools) -> Fit | None:
    """The weighted sum that gives nearly all of these rows exactly and is not the right one; None if none does."""
    answers = material.answers
    if answers is None:
        return None
    tally = material.tally(measure)
    if tally is None:
        return None
    wanted = rows & material.complete
    rows = wanted & np.isfinite(tally)
    if np.count_nonzero(rows) < MOST * np.count_nonzero(wanted):
        return None
    looked_at = np.flatnonzero(rows)
    if len(looked_at) > LOOKED_AT:  # the weights are found in some of the rows, and hold or do not in all
        looked_at = np.sort(np.random.default_rng(12).choice(looked_at, LOOKED_AT, replace=False))
    part = material.part(looked_at)
    assert part.answers is not None
    for extra in ((), tuple(material.extra)) if material.extra else ((),):
        design = _design(part, part.answers, extra)
        if len(looked_at) < 3 * len(design) + 10:
            continue
        solution = _solve(design, tally[looked_at])
        if solution is None:
            continue
        weights, free = solution
        if not weights[:-1].any():  # one number in all rows, which no sum of items is
            continue
        added = tuple(
            name for name, weight in zip(extra, weights[len(answers.items) : -1], strict=True) if weight
        )
        if not all(weight in (0, 1) for weight in weights[len(answers.items) : -1]):
            continue
        linear = Linear(weights[: len(answers.items)], float(weights[-1]), added)
        causes, touched = _meaning(answers, linear)
        if not causes and not measure.cause:
            continue
        value = measure.of(np.where(material.complete, total_of(material, linear), np.nan))
        explained = material.same(value, measure.near)
        if np.count_nonzero(explained & rows) < MOST * np.count_nonzero(rows):
            continue
        unsure = tuple(
            item for item, loose in zip(answers.items, free, strict=False) if loose and item in touched
        )
        named = (measure.cause, *causes) if measure.cause else causes
        return Fit(linear, measure, named, unsure, explained)
    return None


def full_rank(material: Material, extra: tuple[str, ...]) -> bool:
    """Whether no column of an item is a weighted sum of others, so that an exact sum is the only one."""
    if material.answers is None:
        return False
    rows = material.complete & np.isfinite(material.recorded)
    design = _design(material, material.answers, extra)
    if np.count_nonzero(rows) < len(design) + 10:
        return False
    return not _free(_gram(design, None, rows)[0]).any()


def _design(material: Material, answers: Answers, extra: tuple[str, ...]) -> Floats:
    """The columns of the fit, the constant last."""
    columns = [answers.points, *(material.extra[name][None] for name in extra)]
    return np.concatenate([*columns, np.ones((1, len(material)), np.int32)]).astype(np.float64)


def _gram(design: Floats, tally: Floats | None, rows: Bools) -> tuple[Floats, Floats]:
    """Products of the columns with one another and with the tally; whole numbers, so exact."""
    size = len(design)
    products, right = np.zeros((size, size)), np.zeros(size)
    for start in range(0, design.shape[1], STRETCH):
        part = slice(start, start + STRETCH)
        kept = design[:, part][:, rows[part]]
        products += kept @ kept.T
        if tally is not None:
            right += kept @ tally[part][rows[part]]
    return products, right


def _free(products: Floats) -> Bools:
    """Columns that are a weighted sum of others."""
    scale = np.sqrt(np.maximum(np.diag(products), 1.0))
    values, vectors = np.linalg.eigh(products / np.outer(scale, scale))
    null = vectors[:, values < 1e-9 * max(float(values[-1]), 1.0)]
    dependent: Bools = np.asarray((np.abs(null) > 1e-6).any(axis=1))
    return dependent


def _solve(design: Floats, tally: Floats) -> tuple[Floats, Bools] | None:
    """Whole weights that give nearly all rows exactly, and the columns whose weights are one choice of several."""
    kept = np.ones(len(tally), bool)
    free = _free(_gram(design, None, kept)[0])
    fixed = free.copy()
    fixed[-1] = False
    for _ in range(ROUNDS):
        target = tally - design[fixed].sum(axis=0)
        products, right = _gram(design[~fixed], target, kept)
        weights = np.ones(len(design))
        weights[~fixed] = np.linalg.lstsq(products, right, rcond=None)[0]
        whole = np.rint(weights)
        if (np.abs(weights - whole) < WHOLE).all():
            exact = np.abs(whole @ design - tally) < 1e-6
            if np.count_nonzero(exact) >= MOST * len(tally):
                return whole, free
        off = np.abs(weights @ design - tally)
        closer = off <= max(float(np.quantile(off, 0.8)), 1e-6)
        if (closer == kept).all():
            return None
        kept = closer
    return None


def _meaning(answers: Answers, linear: Linear) -> tuple[tuple[str, ...], set[str]]:
    """What was done to the right sum, in causes, and the items concerned."""
    weights, rest = linear.weights, linear.constant
    causes, touched, again = [], set(), []
    ends = answers.low + answers.high
    turned = len(weights) > 1 and np.count_nonzero(weights == -1) > TURNED * len(weights)
    names = {0: "item_left_out", 2: "item_twice", -1: "item_reversed"}
    if turned:
        causes.append("all_reversed")
    for item, weight, end in zip(answers.items, weights.tolist(), ends.tolist(), strict=True):
        if weight < 0:
            rest += weight * end
        if weight != 1:
            touched.add(item)
        own = -weight if turned else weight
        if own != 1:
            causes.append(f"{names[own]}:{item}" if own in names else f"item_weighted:{item}x{own:g}")
            again.append(end)
    # What was done to an item before all were turned round was turned round with it.
    if turned and again and abs(rest) in (*again, sum(again)):
        rest = 0.0
    causes += [f"extra_item:{name}" for name in linear.extra]
    if rest:
        counted = float(np.abs(weights).sum())
        each = rest / counted if counted else 0.0
        each = rest / len(weights) if abs(rest) == len(weights) else each
        shifted = {1.0: "coded_one_up", -1.0: "coded_one_down"}.get(each)
        causes.append(shifted or f"constant_added:{rest:g}")
    return tuple(causes), touched


def depends(answers: Answers, column: Ints, rows: Bools) -> bool:
    """Whether a column is a weighted sum of the items and a constant, such as another total of them."""
    design = np.concatenate([answers.points, np.ones((1, len(column)), np.int32)]).astype(np.float64)
    if np.count_nonzero(rows) < len(design) + 10:
        return bool(len(set(column[rows].tolist())) < 2)
    products, right = _gram(design, column.astype(np.float64), rows)
    weights = np.linalg.lstsq(products, right, rcond=None)[0]
    off = np.abs(weights @ design - column)[rows]
    return bool((off < 1e-6).all())
