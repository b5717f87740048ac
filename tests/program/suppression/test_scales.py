"""Counts of scales beside each other: everybody is everybody for each scale, and some scales are parts of others.

The attacker shares no code with the library. Unknown are the episodes, those with a baseline, those due and those
paired, by scale, target and site; an exact solver looks for the least and the most of each small difference.
"""

from __future__ import annotations

import random
from typing import Any

import numpy as np
import polars as pl
import pytest
from ready_cases import data, read
from scipy import sparse
from scipy.optimize import linprog

from ipm_outcomes import catalog, change, program
from ipm_outcomes.program.suppression import _families, _mends
from ipm_outcomes.program.suppression._pairs import scores_of
from ipm_outcomes.program.suppression._scenes import _needs

MANY = 10**6
HIGHEST = {("phq9", "total"): 27, ("phq9", "phq2"): 6, ("phq9", "phq8"): 24, ("gad7", "total"): 21}
HIGHEST[("peg", "mean")] = 10
TARGETS = [
    change.Target("3 months", day=91, days=(60, 136)),
    change.Target("6 months", day=182, days=(137, 227)),
]
INDICATORS = (
    "baseline_completion",
    "followup_completion",
    "responder_50",
    "talking_therapies_reliable_improvement",
)
PARTS = {"phq2": ("phq8", "total"), "phq8": ("total",)}


def changes(seed: int, scales: tuple[tuple[str, str], ...], sites: int, lost: float = 0.04) -> Any:
    """Patients who leave out what is in a larger scale only, or a form."""
    r = random.Random(seed)
    rows = []
    for site in range(sites):
        for patient in range(r.randint(40, 140)):
            forms = [("2024-01-01", 1.0), ("2024-04-01", 0.85), ("2024-07-01", 0.75)]
            for day in [day for day, stays in forms if r.random() < stays]:
                larger = True
                for key in sorted(scales, key=lambda key: (key[0], HIGHEST[key])):
                    larger = (larger or key[0] != "phq9") and r.random() >= lost
                    if larger:
                        value = float(r.randint(0, HIGHEST[key]))
                        rows.append((f"{site}-{patient}", f"s{site}", day, *key, value))
                    larger = larger if key[0] == "phq9" else True
    frame = pl.DataFrame(
        rows, schema=["patient_id", "site", "date", "instrument", "scale", "value"], orient="row"
    )
    return change.table(frame, targets=TARGETS, by=["site"])


class Reader:
    """What the completion of several scales says about each other."""

    def __init__(self, table: pl.DataFrame, published: pl.DataFrame) -> None:
        self.at: dict[tuple[Any, ...], int] = {}
        self.value: dict[int, int] = {}
        self.low: dict[int, int] = {}
        self.high: dict[int, int] = {}
        true, out = table.to_dicts(), published.to_dicts()
        for row, seen in zip(true, out, strict=True):
            of, site = (row["instrument"], row["scale"]), row["site"]
            if row["definition"] == "baseline_completion":
                self.learn(("everybody", site), row, seen, "eligible")
                self.learn(("baseline", *of, site), row, seen, "numerator")
            elif row["definition"] == "followup_completion":
                self.learn(("due", *of, row["target"], site), row, seen, "eligible")
                self.learn(("paired", *of, row["target"], site), row, seen, "numerator")
                self.learn(("baseline", *of, site), row, seen, "eligible", "excluded")
            elif row["definition"].startswith("talking"):
                self.learn(("courses", row["target"], site), row, seen, "eligible")
                self.learn(("everybody", site), row, seen, "eligible", "excluded")
        self.inside = [
            (self.at[a], self.at[b])
            for a in self.at
            for b in self.at
            if a[-1] == b[-1] and self.is_inside(a, b)
        ]

    def learn(self, name: tuple[Any, ...], row: dict[str, Any], seen: dict[str, Any], *parts: str) -> None:
        at = self.at.setdefault(name, len(self.at))
        value = sum(row[part] for part in parts)
        assert self.value.setdefault(at, value) == value, name
        low, high = 0, MANY
        if all(seen[part] is not None for part in parts):
            low = high = value
        elif len(parts) == 1 and seen[f"{parts[0]}_low"] is not None:
            low = seen[f"{parts[0]}_low"]
            high = MANY if seen[f"{parts[0]}_high"] is None else seen[f"{parts[0]}_high"]
        self.low[at] = max(self.low.get(at, 0), low)
        self.high[at] = min(self.high.get(at, MANY), high)

    @staticmethod
    def is_inside(a: tuple[Any, ...], b: tuple[Any, ...]) -> bool:
        order = ("paired", "due", "baseline")
        if a == b or a[0] == "everybody":
            return False
        if b[0] == "everybody":
            return a[0] in ("baseline", "courses")
        if a[0] == "courses" or b[0] == "courses":
            return False
        if a[1:3] == b[1:3]:
            step = order.index(b[0]) - order.index(a[0])
            return step == 1 and (b[0] == "baseline" or a[3] == b[3])
        return a[0] == b[0] and a[1] == b[1] and a[3] == b[3] and a[2] in PARTS.get(b[2], ())

    def won(self) -> tuple[int, list[tuple[Any, ...]]]:
        """How many small differences were attacked, and those that cannot be 1 or cannot be 10."""
        n = len(self.at)
        names = list(self.at)
        less = sparse.lil_matrix((len(self.inside), n))
        for row, (a, b) in enumerate(self.inside):
            less[row, a], less[row, b] = 1, -1
        equal = []
        for name, at in self.at.items():
            if name[-1] == "all":
                line = np.zeros(n)
                line[[other for key, other in self.at.items() if key[:-1] == name[:-1]]] = 1
                line[at] = -1
                equal.append(line)
        bounds = [(self.low[at], self.high[at]) for at in range(n)]
        attacked, found = 0, []
        for a, b in self.inside:
            left = self.value[b] - self.value[a]
            if not 1 <= left <= 10:
                continue
            attacked += 1
            line = np.zeros(n)
            line[b], line[a] = 1, -1
            ends = []
            for sign in (1, -1):
                done = linprog(
                    sign * line,
                    less.tocsr(),
                    np.zeros(len(self.inside)),
                    np.array(equal),
                    np.zeros(len(equal)),
                    bounds,
                )
                assert done.status in (0, 3), done.message
                ends.append(sign * done.fun if done.status == 0 else MANY)
            if ends[0] > 1 + 1e-6 or ends[1] < 10 - 1e-6:
                found.append((names[a], names[b], left, *ends))
        return attacked, found


SETS = {
    "a scale within another": (("phq9", "total"), ("phq9", "phq2")),
    "two within": (("phq9", "total"), ("phq9", "phq8"), ("phq9", "phq2")),
    "beside each other": (("phq9", "total"), ("peg", "mean")),
    "measures over two": (("phq9", "total"), ("gad7", "total")),
}


@pytest.mark.parametrize("scales", SETS.values(), ids=SETS)
def test_scales_beside_each_other_give_no_count_back(scales: tuple[tuple[str, str], ...]) -> None:
    for seed in (1, 2):
        asked = INDICATORS if ("gad7", "total") in scales else INDICATORS[:3]
        table = program.table(changes(seed, scales, 3), by=["site"], totals=True, indicators=asked)
        attacked, won = Reader(table, program.suppress(table)).won()
        assert attacked > 0
        assert not won, (seed, won)


def test_many_sites_give_no_count_back(monkeypatch: pytest.MonkeyPatch) -> None:
    put_right: list[bool] = []
    whole = _mends.Mender.whole

    def watched(self: _mends.Mender, move: Any) -> Any:
        found = whole(self, move)
        put_right.append(found is not None and found is not move)
        return found

    monkeypatch.setattr(_mends.Mender, "whole", watched)
    scales = SETS["measures over two"]
    table = program.table(changes(3, scales, 24), by=["site"], totals=True, indicators=INDICATORS)
    attacked, won = Reader(table, program.suppress(table)).won()
    assert attacked > 20
    assert not won, won
    assert any(put_right)


def test_a_change_is_made_at_every_target_of_many_sites(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who began above the thresholds did so at each target; where a witness needs that, no solver is asked."""
    made: list[bool] = []
    alike = _mends.Mender._alike

    def watched(self: _mends.Mender, move: Any) -> Any:
        found = alike(self, move)
        made.append(found is not None)
        return found

    monkeypatch.setattr(_mends.Mender, "_alike", watched)
    scales = SETS["measures over two"]
    asked = ("talking_therapies_recovery", "talking_therapies_recovery_known_caseness")
    table = program.table(changes(3, scales, 24), by=["site"], totals=True, indicators=asked)
    program.suppress(table)  # checks every witness itself
    assert sum(made) > 0.9 * len(made) > 4


def test_a_second_patient_keeps_what_sums_with_other_scenes_rest_on() -> None:
    # Sets of atoms: L = {0, 1}, X = {0}, P = {0}, Y = {2}, Z = {1, 3}. From 0 to 2 leaves L, X and P for Y; from 3 to 1
    # comes back to L.
    inside = np.array([[1, 1, 0, 0], [1, 0, 0, 0], [1, 0, 0, 0], [0, 0, 1, 0], [0, 1, 0, 1]], bool)
    wanted = [0, 1, 1, -1, 0]
    for joined, there in (([True, *[False] * 4], True), ([False] * 5, False)):
        made = _families.Effects(inside, np.array(joined))
        assert (wanted in made.sets.tolist()) is there
        for effect, ends in zip(made.effect, made.ends, strict=True):
            columns = np.append(inside, np.zeros((5, 1), bool), axis=1).astype(int)
            change = columns[:, ends[2:]].sum(axis=1) - columns[:, ends[:2]].sum(axis=1)
            assert change.tolist() == made.sets[effect].tolist()


def test_the_attack_wins_against_hiding_the_small_counts_alone() -> None:
    table = program.table(changes(1, SETS["a scale within another"], 3), by=["site"], totals=True)
    table = table.filter(pl.col("definition").is_in(INDICATORS[:2]))
    counts = ("eligible", "observed", "denominator", "numerator", "excluded")
    small = {name: pl.when(~pl.col(name).is_between(1, 10)).then(pl.col(name)) for name in counts}
    ends = {f"{name}_{end}": pl.lit(None, pl.Int64) for name in counts for end in ("low", "high")}
    attacked, won = Reader(table, table.with_columns(**small, **ends)).won()
    assert len(won) > 0.8 * attacked > 4


@pytest.mark.parametrize(
    ("instrument", "large", "small", "needs"),
    [
        ("phq9", "total", "phq2", True),
        ("phq9", "total", "phq8", True),
        ("phq9", "phq8", "phq2", True),
        ("phq9", "phq2", "total", False),
        ("phq9", "phq2", "phq2", False),
        ("phq9", "total", "none of it", False),
    ],
)
def test_which_scale_needs_the_answers_of_another(
    instrument: str, large: str, small: str, needs: bool
) -> None:
    assert _needs(catalog.instrument(instrument), large, small) is needs


def test_disclosure_control_knows_every_mean_of_steps() -> None:
    """Two answers in quarters from 0 to 20 have 8 x 20 + 1 means, an eighth apart."""
    assert scores_of(read(data()).scale("mean")) == [n / 8 for n in range(161)]
