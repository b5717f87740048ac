"""Made-up cohorts with one fault or two in the recorded totals, and what an audit may call them.

Everything that is planted is written on its own: no rule is taken from the library, so that it can judge it.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import polars as pl

from ipm_outcomes import audit

NAN = float("nan")
Rng = np.random.Generator


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
    table: np.ndarray | None = None
    """T-scores by raw sum, the first that of the lowest answers."""
    beside: dict[str, list[Any]] = field(default_factory=dict)
    """Columns that are no numbers: patients and dates."""

    def total(self) -> np.ndarray:
        """The sum of a complete form."""
        return self.answers.sum(axis=0)

    def score(self, tally: np.ndarray, table: np.ndarray | None = None) -> np.ndarray:
        """What is recorded of a sum: itself, the mean to two decimals, or its T-score."""
        if self.scale == "mean":
            return np.round(tally / self.size, 2)
        table = self.table if table is None else table
        return tally if table is None else from_table(table, tally - self.low * self.size)

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
        return data | self.beside | {"recorded": cells(self.recorded)}


def from_table(table: np.ndarray, place: np.ndarray) -> np.ndarray:
    """Values of a table by place; NaN beyond its ends and for sums that are not whole."""
    there = (place >= 0) & (place < len(table)) & (place == np.rint(place))
    return np.where(there, table[np.where(there, place, 0).astype(int)], NAN)


SHAPES = {
    # instrument: scale, items, lowest, highest answer, how severe on average, spread
    "phq9": ("total", [f"q{n}" for n in range(1, 10)], 0, 3),
    "gad7": ("total", [f"q{n}" for n in range(1, 8)], 0, 3),
    "pcs": ("total", [f"q{n}" for n in range(1, 14)], 0, 4),
    "peg": ("mean", ["pain", "enjoyment", "activity"], 0, 10),
    "csq8": ("total", [f"q{n}" for n in range(1, 9)], 1, 4),
}


_TABLES = {
    # By raw sum from 4 to 20, as published (HealthMeasures); of physical function edition v2.1.
    "anxiety": "40.3 48.0 51.2 53.7 55.8 57.7 59.5 61.4 63.4 65.3 67.3 69.3 71.2 73.3 75.4 77.9 81.6",
    "fatigue": "33.7 39.7 43.1 46.0 48.6 51.0 53.1 55.1 57.0 58.8 60.7 62.7 64.6 66.7 69.0 71.6 75.8",
    "physical_function": "22.5 26.6 28.9 30.5 31.9 33.2 34.4 35.6 36.7 37.9 39.2 40.5 41.9 43.5 45.5 48.3 57.0",
    # Another scale, another edition, another maker, and standard errors.
    "depression": "41.0 49.0 51.8 53.9 55.7 57.3 58.9 60.5 62.2 63.9 65.7 67.5 69.4 71.2 73.3 75.7 79.4",
    "v2_0": "22.9 26.9 29.1 30.7 32.1 33.3 34.4 35.6 36.7 37.9 39.1 40.4 41.8 43.4 45.3 48.0 56.9",
    "mii_anxiety": "38.2 44.7 48.8 51.9 54.5 56.8 58.9 60.9 62.8 64.7 66.6 68.6 70.7 72.9 75.4 78.5 83.1",
    "mii_fatigue": "33.7 40.3 44.4 47.6 50.2 52.5 54.7 56.8 58.8 60.8 62.8 64.9 67.1 69.4 72.0 75.0 78.8",
    "anxiety_se": "6.1 3.6 3.1 2.8 2.7 2.6 2.6 2.6 2.6 2.7 2.7 2.7 2.7 2.7 2.7 2.9 3.7",
    "fatigue_se": "4.9 3.1 2.7 2.6 2.5 2.5 2.4 2.4 2.3 2.3 2.3 2.4 2.4 2.4 2.5 2.7 3.9",
    "physical_function_se": "4.0 2.8 2.5 2.4 2.3 2.3 2.3 2.3 2.3 2.3 2.4 2.4 2.5 2.6 2.8 3.3 6.6",
}
T = {name: np.array(values.split(), float) for name, values in _TABLES.items()}
T_SCALES = {
    "anxiety": ("anxiety", ["edanx01", "edanx40", "edanx41", "edanx53"], 1, 5),
    "fatigue": ("fatigue", ["hi7", "an3", "fatexp41", "fatexp40"], 1, 5),
    "physical_function": ("physical_function", ["pfa11", "pfa21", "pfa23", "pfa53"], 1, 5),
}


def cohort(instrument: str, n: int, rng: Rng, blank: float = 0.02) -> Cohort:
    """A clean cohort: one trait behind the items, the last item rarer; scores of complete forms only."""
    shape = SHAPES.get(instrument) or T_SCALES[instrument]
    scale, items, low, high = shape
    table = None
    if instrument in T_SCALES:
        instrument, table = "promis29", T[instrument]
    k, width = len(items), high - low
    trait = rng.normal(size=n)
    hard = np.linspace(0.62, 0.38, k)[:, None] - 0.15 * (np.arange(k) == k - 1)[:, None]
    raw = low + width * (hard + 0.22 * trait + 0.18 * rng.normal(size=(k, n)))
    answers = np.clip(np.rint(raw), low, high)
    answers[rng.random(answers.shape) < blank] = NAN
    total = answers.sum(axis=0)  # NaN where any is blank
    difficulty = np.where(np.nan_to_num(total) > 0, rng.integers(0, 4, n), 0).astype(float)
    extra = {"difficulty_own": difficulty, "visit": rng.integers(1, 4, n).astype(float)}
    made = Cohort(instrument, scale, items, low, high, answers, total, extra, table)
    made.recorded = made.score(total)
    return made


Fault = Callable[[Cohort, np.ndarray, Rng], set[str]]
"""Changes the rows marked, and says what the fault may be called."""


def _of_total(change: Callable[[Cohort, np.ndarray], np.ndarray]) -> Callable[[Cohort, np.ndarray], None]:
    def plant(c: Cohort, rows: np.ndarray) -> None:
        # Of a mean the fault is in the sum that is divided, of a T-score in the sum that is looked up.
        plain = c.scale != "mean" and c.table is None
        new = change(c, c.recorded if plain else c.total())
        new = new if plain else c.score(new)
        put = rows & ~np.isnan(new)
        c.recorded = np.where(put, new, c.recorded)

    return plant


def item_left_out(c: Cohort, rows: np.ndarray, rng: Rng) -> set[str]:
    j = int(rng.integers(c.size - 1))
    _of_total(lambda c, t: t - c.answers[j])(c, rows & c.complete)
    return {f"item_left_out:{c.items[j]}"}


def last_item_left_out(c: Cohort, rows: np.ndarray, rng: Rng) -> set[str]:
    _of_total(lambda c, t: t - c.answers[-1])(c, rows & c.complete)
    return {f"item_left_out:{c.items[-1]}"}


def item_twice(c: Cohort, rows: np.ndarray, rng: Rng) -> set[str]:
    j = int(rng.integers(c.size))
    _of_total(lambda c, t: t + c.answers[j])(c, rows & c.complete)
    return {f"item_twice:{c.items[j]}"}


def item_reversed(c: Cohort, rows: np.ndarray, rng: Rng) -> set[str]:
    j = int(rng.integers(c.size))
    _of_total(lambda c, t: t + c.low + c.high - 2 * c.answers[j])(c, rows & c.complete)
    return {f"item_reversed:{c.items[j]}"}


def all_reversed(c: Cohort, rows: np.ndarray, rng: Rng) -> set[str]:
    _of_total(lambda c, t: c.size * (c.low + c.high) - t)(c, rows & c.complete)
    return {"all_reversed"}


def coded_one_up(c: Cohort, rows: np.ndarray, rng: Rng) -> set[str]:
    _of_total(lambda c, t: t + c.size)(c, rows & c.complete)
    return {"coded_one_up"}


def coded_one_down(c: Cohort, rows: np.ndarray, rng: Rng) -> set[str]:
    _of_total(lambda c, t: t - c.size)(c, rows & c.complete)
    return {"coded_one_down"}


def difficulty_added(c: Cohort, rows: np.ndarray, rng: Rng) -> set[str]:
    _of_total(lambda c, t: t + c.extra["difficulty_own"])(c, rows & c.complete)
    return {"extra_item:difficulty_own"}


def mean_for_sum(c: Cohort, rows: np.ndarray, rng: Rng) -> set[str]:
    if c.scale == "mean":
        c.recorded = np.where(rows & c.complete, c.total(), c.recorded)
        return {"sum_instead_of_mean"}
    _of_total(lambda c, t: np.round(t / c.size, 2))(c, rows & c.complete)
    return {"mean_instead_of_sum"}


def blank_as_zero(c: Cohort, rows: np.ndarray, rng: Rng) -> set[str]:
    _of_total(lambda c, t: np.nansum(c.answers, axis=0))(c, rows & ~c.complete)
    return {"blank_as_zero"}


def prorated_half_up(c: Cohort, rows: np.ndarray, rng: Rng) -> set[str]:
    given = (~np.isnan(c.answers)).sum(axis=0)
    whole = np.nansum(c.answers, axis=0).astype(int)
    value = (2 * whole * c.size + np.maximum(given, 1)) // (2 * np.maximum(given, 1))
    if c.scale == "mean":
        return prorated_exact(c, rows, rng)
    _of_total(lambda c, t: np.where(given > 0, value, NAN))(c, rows & ~c.complete)
    return {"prorated:half_up"}


def prorated_exact(c: Cohort, rows: np.ndarray, rng: Rng) -> set[str]:
    given = (~np.isnan(c.answers)).sum(axis=0)
    value = np.nansum(c.answers, axis=0) * c.size / np.maximum(given, 1)
    _of_total(lambda c, t: np.where(given > 0, value, NAN))(c, rows & ~c.complete)
    return {"prorated:exact"}


def missing_code_added(c: Cohort, rows: np.ndarray, rng: Rng) -> set[str]:
    blank = np.isnan(c.answers) & rows
    c.answers = np.where(blank, 9, c.answers)
    here = blank.any(axis=0)
    total = c.total() / c.size if c.scale == "mean" else c.total()
    c.recorded = np.where(here, np.round(total, 2), c.recorded)
    return {"missing_code_added"}


def shifted(c: Cohort, rows: np.ndarray, rng: Rng) -> set[str]:
    """A run of totals that slipped down by one row."""
    right = c.recorded.copy()
    before = np.concatenate([[NAN], right[:-1]])
    n = int(rows.sum())
    start = int(rng.integers(max(len(rows) - n, 1)))
    run = np.zeros(len(rows), bool)
    run[start : start + n] = True
    c.recorded = np.where(run, before, c.recorded)
    return {"other_row:before"}


def item_copied(c: Cohort, rows: np.ndarray, rng: Rng) -> set[str]:
    i, j = sorted(rng.choice(c.size, 2, replace=False).tolist())
    put = rows & ~np.isnan(c.answers[[i, j]]).any(axis=0)
    c.answers[j] = np.where(put, c.answers[i], c.answers[j])
    return {f"item_copied:{c.items[i]}={c.items[j]}", f"identical_items:{c.items[i]}={c.items[j]}"}


def hand_errors(c: Cohort, rows: np.ndarray, rng: Rng) -> set[str]:
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
    total = c.score(np.where(wrong.any(axis=0), NAN, c.total()))
    off = ~(np.abs(c.recorded - total) < 1e-6) & ~np.isnan(c.recorded)
    return int(off.sum())


def names(cause: str | None) -> set[str]:
    return set() if cause is None else set(cause.split(" + "))


STRUCTURAL = {"not_an_answer"}  # cells with a missing code are no answers, whatever the totals say


def planted(
    instrument: str, n: int, faults: Sequence[Fault], rate: float, seed: int
) -> tuple[Cohort, list[set[str]]]:
    """A cohort with these faults, in rows of their own unless they are in all, and what each may be called."""
    rng = np.random.default_rng(seed)
    made = cohort(instrument, n, rng)
    truths, free = [], np.ones(n, bool)
    for fault in faults:
        rows = rng.random(n) < rate
        if rate < 1:
            rows &= free
            free &= ~rows
        before = copy.deepcopy(made)
        truth = fault(made, rows, rng)
        same = np.array_equal(before.recorded, made.recorded, equal_nan=True)
        if not (same and np.array_equal(before.answers, made.answers, equal_nan=True)):
            truths.append(truth)
    return made, truths


def found_in(made: Cohort) -> pl.DataFrame:
    data = pl.DataFrame(made.frame(), infer_schema_length=None)
    return audit.audit(data, made.instrument, {made.scale: "recorded"}).findings


def judged(findings: pl.DataFrame) -> tuple[set[str], set[str]]:
    """Causes that are named, and causes that are named or listed as those that cannot be told apart."""
    named = set().union(*(names(cause) for cause in findings["cause"]))
    rivals = (names(one) for text in findings["rivals"] if text for one in text.split(", "))
    return named, named.union(*rivals)
