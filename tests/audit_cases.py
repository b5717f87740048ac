"""Made-up cohorts with one fault or two in the recorded totals, and what an audit may call them.

Everything here is written on its own: no rule is taken from the library, so that it can judge it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

NAN = float("nan")


@dataclass
class Cohort:
    """Answers with NaN for blanks, an item a row, and the totals that stand beside them (NaN: none)."""

    instrument: str
    scale: str
    items: list[str]
    low: int
    high: int
    answers: np.ndarray
    recorded: np.ndarray
    extra: dict[str, np.ndarray]

    def total(self) -> np.ndarray:
        """The sum of a complete form."""
        return self.answers.sum(axis=0)

    @property
    def complete(self) -> np.ndarray:
        return ~np.isnan(self.answers).any(axis=0)

    @property
    def size(self) -> int:
        return len(self.items)

    def frame(self) -> dict[str, list[Any]]:
        def cells(values: np.ndarray) -> list[Any]:
            whole = np.all(np.isnan(values) | (values == np.rint(values)))
            return [None if v != v else (int(v) if whole else float(v)) for v in values.tolist()]

        data = {
            f"{self.instrument}_{item}": cells(row)
            for item, row in zip(self.items, self.answers, strict=True)
        }
        data |= {name: cells(values.astype(float)) for name, values in self.extra.items()}
        return data | {"recorded": cells(self.recorded)}


SHAPES = {
    # instrument: scale, items, lowest, highest answer, how severe on average, spread
    "phq9": ("total", [f"q{n}" for n in range(1, 10)], 0, 3),
    "gad7": ("total", [f"q{n}" for n in range(1, 8)], 0, 3),
    "pcs": ("total", [f"q{n}" for n in range(1, 14)], 0, 4),
    "peg": ("mean", ["pain", "enjoyment", "activity"], 0, 10),
    "csq8": ("total", [f"q{n}" for n in range(1, 9)], 1, 4),
}


def cohort(instrument: str, n: int, rng: np.random.Generator, blank: float = 0.02) -> Cohort:
    """A clean cohort: one trait behind the items, the last item rarer; totals of complete forms only."""
    scale, items, low, high = SHAPES[instrument]
    k, width = len(items), high - low
    trait = rng.normal(size=n)
    hard = np.linspace(0.62, 0.38, k)[:, None] - 0.15 * (np.arange(k) == k - 1)[:, None]
    raw = low + width * (hard + 0.22 * trait + 0.18 * rng.normal(size=(k, n)))
    answers = np.clip(np.rint(raw), low, high)
    answers[rng.random(answers.shape) < blank] = NAN
    total = answers.sum(axis=0)  # NaN where any is blank
    if scale == "mean":
        total = np.round(total / k, 2)
    difficulty = np.where(np.nan_to_num(total) > 0, rng.integers(0, 4, n), 0).astype(float)
    extra = {"difficulty_own": difficulty, "visit": rng.integers(1, 4, n).astype(float)}
    return Cohort(instrument, scale, items, low, high, answers, total, extra)


Fault = Callable[[Cohort, np.ndarray, np.random.Generator], set[str]]
"""Changes the rows marked, and says what the fault may be called."""


def _of_total(change: Callable[[Cohort, np.ndarray], np.ndarray]) -> Callable[[Cohort, np.ndarray], None]:
    def plant(c: Cohort, rows: np.ndarray) -> None:
        # Of a mean the fault is in the sum that is divided.
        mean = c.scale == "mean"
        new = change(c, c.total() if mean else c.recorded)
        new = np.round(new / c.size, 2) if mean else new
        put = rows & ~np.isnan(new)
        c.recorded = np.where(put, new, c.recorded)

    return plant


def item_left_out(c: Cohort, rows: np.ndarray, rng: np.random.Generator) -> set[str]:
    j = int(rng.integers(c.size - 1))
    _of_total(lambda c, t: t - c.answers[j])(c, rows & c.complete)
    return {f"item_left_out:{c.items[j]}"}


def last_item_left_out(c: Cohort, rows: np.ndarray, rng: np.random.Generator) -> set[str]:
    _of_total(lambda c, t: t - c.answers[-1])(c, rows & c.complete)
    return {f"item_left_out:{c.items[-1]}"}


def item_twice(c: Cohort, rows: np.ndarray, rng: np.random.Generator) -> set[str]:
    j = int(rng.integers(c.size))
    _of_total(lambda c, t: t + c.answers[j])(c, rows & c.complete)
    return {f"item_twice:{c.items[j]}"}


def item_reversed(c: Cohort, rows: np.ndarray, rng: np.random.Generator) -> set[str]:
    j = int(rng.integers(c.size))
    _of_total(lambda c, t: t + c.low + c.high - 2 * c.answers[j])(c, rows & c.complete)
    return {f"item_reversed:{c.items[j]}"}


def all_reversed(c: Cohort, rows: np.ndarray, rng: np.random.Generator) -> set[str]:
    _of_total(lambda c, t: c.size * (c.low + c.high) - t)(c, rows & c.complete)
    return {"all_reversed"}


def coded_one_up(c: Cohort, rows: np.ndarray, rng: np.random.Generator) -> set[str]:
    _of_total(lambda c, t: t + c.size)(c, rows & c.complete)
    return {"coded_one_up"}


def coded_one_down(c: Cohort, rows: np.ndarray, rng: np.random.Generator) -> set[str]:
    _of_total(lambda c, t: t - c.size)(c, rows & c.complete)
    return {"coded_one_down"}


def difficulty_added(c: Cohort, rows: np.ndarray, rng: np.random.Generator) -> set[str]:
    _of_total(lambda c, t: t + c.extra["difficulty_own"])(c, rows & c.complete)
    return {"extra_item:difficulty_own"}


def mean_for_sum(c: Cohort, rows: np.ndarray, rng: np.random.Generator) -> set[str]:
    if c.scale == "mean":
        c.recorded = np.where(rows & c.complete, c.total(), c.recorded)
        return {"sum_instead_of_mean"}
    _of_total(lambda c, t: np.round(t / c.size, 2))(c, rows & c.complete)
    return {"mean_instead_of_sum"}


def blank_as_zero(c: Cohort, rows: np.ndarray, rng: np.random.Generator) -> set[str]:
    _of_total(lambda c, t: np.nansum(c.answers, axis=0))(c, rows & ~c.complete)
    return {"blank_as_zero"}


def prorated_half_up(c: Cohort, rows: np.ndarray, rng: np.random.Generator) -> set[str]:
    given = (~np.isnan(c.answers)).sum(axis=0)
    whole = np.nansum(c.answers, axis=0).astype(int)
    value = (2 * whole * c.size + np.maximum(given, 1)) // (2 * np.maximum(given, 1))
    if c.scale == "mean":
        return prorated_exact(c, rows, rng)
    _of_total(lambda c, t: np.where(given > 0, value, NAN))(c, rows & ~c.complete)
    return {"prorated:half_up"}


def prorated_exact(c: Cohort, rows: np.ndarray, rng: np.random.Generator) -> set[str]:
    given = (~np.isnan(c.answers)).sum(axis=0)
    value = np.nansum(c.answers, axis=0) * c.size / np.maximum(given, 1)
    _of_total(lambda c, t: np.where(given > 0, value, NAN))(c, rows & ~c.complete)
    return {"prorated:exact"}


def missing_code_added(c: Cohort, rows: np.ndarray, rng: np.random.Generator) -> set[str]:
    blank = np.isnan(c.answers) & rows
    c.answers = np.where(blank, 9, c.answers)
    here = blank.any(axis=0)
    total = c.total() / c.size if c.scale == "mean" else c.total()
    c.recorded = np.where(here, np.round(total, 2), c.recorded)
    return {"missing_code_added"}


def shifted(c: Cohort, rows: np.ndarray, rng: np.random.Generator) -> set[str]:
    """A run of totals that slipped down by one row."""
    right = c.recorded.copy()
    before = np.concatenate([[NAN], right[:-1]])
    n = int(rows.sum())
    start = int(rng.integers(max(len(rows) - n, 1)))
    run = np.zeros(len(rows), bool)
    run[start : start + n] = True
    c.recorded = np.where(run, before, c.recorded)
    return {"other_row:before"}


def item_copied(c: Cohort, rows: np.ndarray, rng: np.random.Generator) -> set[str]:
    i, j = sorted(rng.choice(c.size, 2, replace=False).tolist())
    put = rows & ~np.isnan(c.answers[[i, j]]).any(axis=0)
    c.answers[j] = np.where(put, c.answers[i], c.answers[j])
    return {f"item_copied:{c.items[i]}={c.items[j]}", f"identical_items:{c.items[i]}={c.items[j]}"}


def hand_errors(c: Cohort, rows: np.ndarray, rng: np.random.Generator) -> set[str]:
    off = rng.choice([-10, -1, 1, 10], size=len(rows))
    c.recorded = np.where(rows & c.complete, np.abs(c.recorded + off), c.recorded)
    return {"hand_error:one_off", "hand_error:ten_off"}


FAULTS: dict[str, Fault] = {
    one.__name__: one
    for one in (
        item_left_out, last_item_left_out, item_twice, item_reversed, all_reversed, coded_one_up,
        coded_one_down, difficulty_added, mean_for_sum, blank_as_zero, prorated_half_up, prorated_exact,
        missing_code_added, shifted, item_copied, hand_errors,
    )
}  # fmt: skip


def differing(c: Cohort) -> int:
    """Rows in which answers and recorded value do not agree."""
    wrong = np.isnan(c.answers) | (c.answers > c.high)
    total = np.where(wrong.any(axis=0), NAN, c.total())
    total = np.round(total / c.size, 2) if c.scale == "mean" else total
    off = ~(np.abs(c.recorded - total) < 1e-6) & ~np.isnan(c.recorded)
    return int(off.sum())


def names(cause: str | None) -> set[str]:
    return set() if cause is None else set(cause.split(" + "))
