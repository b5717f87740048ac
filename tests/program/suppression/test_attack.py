"""An attack by a reader who knows every definition, on tables of one program: sharing no code with the suppression.

The unknowns are the patients of each (baseline, follow-up or none) at each site. Every published count is one equation,
every printed interval two inequalities, every mean one equation more. Which indicator counts which pair is found by
counting one patient of each kind. An exact solver then looks for the least and the most of each hidden count.

``IPM_OUTCOMES_ATTACK_SEEDS`` sets how many tables are attacked.
"""

from __future__ import annotations

import math
import os
import random
from collections.abc import Iterator
from functools import cache
from typing import Any

import numpy as np
import polars as pl
import pytest
from scipy import sparse
from scipy.optimize import Bounds, LinearConstraint, milp

from ipm_outcomes import change, program
from ipm_outcomes.program.suppression import _families

SEEDS = int(os.environ.get("IPM_OUTCOMES_ATTACK_SEEDS", "6"))
COLUMNS = ("numerator", "denominator", "observed", "eligible")
TARGET = [change.Target("6 months", day=182, days=(137, 227))]
CONSTANTS = {
    ("phq9", "total"): {"sd": 6.1, "reliability": 0.84},
    ("peg", "mean"): {"sd": 2.0, "reliability": 0.89},
}
INDICATORS = (
    *("followup_completion", "important_improvement", "important_worsening", "responder_30", "responder_50"),
    *("reliable_improvement", "reliable_recovery", "able_to_recover", "reliable_deterioration"),
    *("severity_before", "severity_after", "mean_improvement", "mean_baseline"),
)
Kind = tuple[float, "float | None"]


def scores(scale: str) -> list[float]:
    return [float(n) for n in range(28)] if scale == "phq9" else [n / 3 for n in range(31)]


def counted(scale: str, patients: list[tuple[Kind, str]]) -> pl.DataFrame:
    rows: list[tuple[Any, ...]] = []
    for n, ((before, after), site) in enumerate(patients):
        rows.append((n, "2024-01-01", before, site))
        if after is not None:
            rows.append((n, "2024-07-01", after, site))
    instrument, name = ("phq9", "total") if scale == "phq9" else ("peg", "mean")
    frame = pl.DataFrame(rows, schema=["patient_id", "date", "value", "site"], orient="row").with_columns(
        instrument=pl.lit(instrument), scale=pl.lit(name)
    )
    changes = change.table(frame, targets=TARGET, constants=CONSTANTS, by=["site"])
    asked = [
        one for one in INDICATORS if scale == "phq9" or one not in ("reliable_recovery", "able_to_recover")
    ]
    return program.table(changes, by=["site"], indicators=asked, totals=True)


@cache
def membership(scale: str) -> tuple[list[Kind], dict[tuple[str, str], np.ndarray]]:
    """Which kinds of patients each count holds: one patient of each kind, at a site of its own."""
    kinds: list[Kind] = [(b, f) for b in scores(scale) for f in (None, *scores(scale))]
    table = counted(scale, [(kind, str(n)) for n, kind in enumerate(kinds)])
    found: dict[tuple[str, str], np.ndarray] = {}
    for row in table.filter(pl.col("site") != "all").iter_rows(named=True):
        for column in COLUMNS:
            held = found.setdefault((row["indicator"], column), np.zeros(len(kinds)))
            held[int(row["site"])] = row[column] or 0
    return kinds, found


@cache
def figures(seed: int) -> tuple[str, pl.DataFrame]:
    """The table of a random program."""
    r = random.Random(seed)
    scale = r.choice(["phq9", "peg"])
    top = 27 if scale == "phq9" else 30
    middle, better, stays = r.uniform(0.2, 0.8) * top, r.uniform(0, 0.3) * top, r.uniform(0.4, 1)
    patients: list[tuple[Kind, str]] = []
    for site in range(r.randint(1, 3)):
        for _ in range(r.randint(12, 130)):
            before = min(top, max(0, round(r.gauss(middle, 0.2 * top))))
            after = (
                min(top, max(0, round(before - better + r.gauss(0, 0.15 * top))))
                if r.random() < stays
                else None
            )
            values = scores(scale)
            patients.append(((values[before], None if after is None else values[after]), f"site {site}"))
    return scale, counted(scale, patients)


def clinic(seed: int) -> tuple[str, pl.DataFrame, pl.DataFrame]:
    """The table of a random program, and what is published of it."""
    scale, table = figures(seed)
    return scale, table, program.suppress(table)


class Reader:
    """All that is published, as equations over kinds of patients by site."""

    def __init__(self, scale: str, table: pl.DataFrame, out: pl.DataFrame, means: bool) -> None:
        kinds, member = membership(scale)
        self.sites = sorted(set(table["site"]) - {"all"})
        lines, low, high = [], [], []
        hidden: dict[bytes, tuple[np.ndarray, int]] = {}
        for true, seen in zip(table.iter_rows(named=True), out.iter_rows(named=True), strict=True):
            for column in COLUMNS:
                if true[column] is None:
                    continue
                line = self.spread(member[true["indicator"], column], true["site"])
                if seen[column] is not None:
                    lines, low, high = [*lines, line], [*low, seen[column]], [*high, seen[column]]
                    continue
                lines.append(line)
                low.append(seen[f"{column}_low"] or 0)
                high.append(10**6 if seen[f"{column}_high"] is None else seen[f"{column}_high"])
                if 1 <= true[column] <= 10:
                    hidden[line.tobytes()] = line, true[column]
            if (
                means
                and true["definition"] in ("mean_baseline", "mean_improvement")
                and seen["estimate"] is not None
            ):
                unit = 1 if scale == "phq9" else 3
                value = np.array(
                    [
                        0
                        if f is None
                        else round(unit * (b if true["definition"] == "mean_baseline" else b - f))
                        for b, f in kinds
                    ],
                    float,
                )
                half = 0.5 if seen["lower"] is None else 1e-9  # in whole points where no limit is shown
                n, total = true["denominator"], round(unit * true["estimate"] * true["denominator"])
                least, most = (round(unit * n * (seen["estimate"] + by), 6) for by in (-half, half))
                assert math.ceil(least) <= total <= math.floor(most)
                lines.append(self.spread(value, true["site"]))
                low, high = [*low, math.ceil(least)], [*high, math.floor(most)]
        self.hidden = list(hidden.values())
        matrix = np.array(lines).reshape(len(lines), -1)
        if not means:  # kinds that no equation distinguishes are one unknown
            every = np.vstack([matrix, *(line for line, _ in self.hidden)])
            _, first = np.unique(every, axis=1, return_index=True)
            matrix = matrix[:, first]
            self.hidden = [(line[first], truth) for line, truth in self.hidden]
        self.system = LinearConstraint(sparse.csr_matrix(matrix), low, high)
        self.equations = int((np.array(low) == np.array(high)).sum())

    def spread(self, held: np.ndarray, site: str) -> np.ndarray:
        return np.concatenate([held if site in (one, "all") else 0 * held for one in self.sites])

    def won(self) -> tuple[int, list[tuple[int, float, float]]]:
        """How many small counts were attacked, and those that cannot be all of 1 to 10."""
        return len(self.hidden), list(self.wins())

    def wins(self) -> Iterator[tuple[int, float, float]]:
        """Small counts that cannot be all of 1 to 10: the count, its least and its most."""
        for line, truth in self.hidden:
            ends = []
            for sign in (1, -1):
                done = milp(
                    sign * line,
                    constraints=self.system,
                    bounds=Bounds(0, np.inf),
                    integrality=np.ones(len(line)),
                    options={"time_limit": 5},
                )
                # A time-out leaves a proven bound, which a reader could not improve on.
                ends.append(None if done.status not in (0, 1) or done.fun is None else sign * done.fun)
            if None not in ends and not (ends[0] <= 1 + 1e-6 and ends[1] >= 10 - 1e-6):
                yield truth, *ends


def naive(table: pl.DataFrame) -> pl.DataFrame:
    """What is left where the small counts alone are hidden."""
    small = {c: pl.when(~pl.col(c).is_between(1, 10)).then(pl.col(c)) for c in COLUMNS}
    limits = {f"{c}_{end}": pl.lit(None, pl.Int64) for c in COLUMNS for end in ("low", "high")}
    return table.with_columns(**small, **limits)


def test_the_way_for_many_groups_gives_no_count_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ipm_outcomes.program.suppression._search._MANY", 0)
    taken: list[bool] = []
    move = _families.Family.move

    def counted_move(*arguments: Any, **named: Any) -> Any:
        found = move(*arguments, **named)
        taken.append(found is not None)
        return found

    monkeypatch.setattr(_families.Family, "move", counted_move)
    scale, table, published = clinic(3)
    attacked, lost = Reader(scale, table, published, means=False).won()
    assert attacked
    assert any(taken)
    assert not lost


@pytest.mark.parametrize("start", range(0, SEEDS, 3))
def test_no_count_comes_back_to_who_knows_the_definitions(start: int) -> None:
    for seed in range(start, min(start + 3, SEEDS)):
        scale, table, out = clinic(seed)
        reader = Reader(scale, table, out, means=False)
        assert reader.equations > 0
        _, won = reader.won()
        assert not won, (seed, won)


def test_means_give_no_count_back() -> None:
    scale, table, out = clinic(1)
    attacked, won = Reader(scale, table, out, means=True).won()
    assert attacked > 0
    assert not won


def test_the_attack_wins_against_hiding_the_small_counts_alone() -> None:
    won = 0
    for seed in range(5):
        scale, table = figures(seed)
        won += any(True for _ in Reader(scale, table, naive(table), means=False).wins())
    assert won >= 4
