"""Tables to protect, and a reader who solves for what is hidden."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import polars as pl
from scipy import sparse
from scipy.optimize import Bounds, LinearConstraint, linprog, milp

SMALLEST, LARGEST, TOLD = {"cms": 1, "nhs": 0}, {"cms": 10, "nhs": 4}, {"cms": 5, "nhs": 2}
CELLS = ["numerator", "denominator", "observed", "eligible"]


MOST = 10**5


def line(
    numerator: int | None, denominator: int, observed: int, eligible: int, **more: Any
) -> dict[str, Any]:
    rate = None if numerator is None or not denominator else numerator / denominator
    row = {"indicator": "responder_30", "eligible": eligible, "observed": observed, "numerator": numerator}
    row |= {"denominator": denominator, "estimate": rate, "lower": rate, "upper": rate, "level": 0.95}
    row |= {"method": "wilson", "suppressed": "", "source": "test"}
    return {
        **{k: v for k, v in more.items() if k not in row},
        **row,
        **{k: v for k, v in more.items() if k in row},
    }


def frame(rows: list[dict[str, Any]]) -> pl.DataFrame:
    return pl.DataFrame(rows, infer_schema_length=None)


def hidden(table: pl.DataFrame, column: str) -> list[bool]:
    return table[column].is_null().to_list()


class Attacker:
    """Everything that a published table says, as linear constraints on what it hides."""

    def __init__(self, published: pl.DataFrame, truth: pl.DataFrame, by: list[str], policy: str) -> None:
        self.policy, self.by = policy, by
        self.out, self.true = published.to_dicts(), truth.to_dicts()
        self.value: list[int] = []
        self.low: list[float] = []
        self.high: list[float] = []
        self.at: dict[tuple[int, str], int] = {}
        self.nested: list[tuple[int, int]] = []
        self.equal: list[dict[int, float]] = []
        self.less: list[dict[int, float]] = []
        self.rows()
        self.sums()

    def variable(self, value: int, low: float, high: float) -> int:
        self.value.append(value)
        self.low.append(low)
        self.high.append(high)
        return len(self.value) - 1

    def rows(self) -> None:
        for r, (out, true) in enumerate(zip(self.out, self.true, strict=True)):
            for name in CELLS:
                if true[name] is None:
                    continue
                shown, bounds = out[name], (0.0, float(MOST))
                if shown is not None:
                    bounds = (shown, shown) if self.policy == "cms" else (max(5, shown - 2), shown + 2)
                self.at[r, name] = self.variable(true[name], *bounds)
            have = [self.at[r, name] for name in CELLS if (r, name) in self.at]
            self.nested += itertools.combinations(have, 2)
            if out["estimate"] is not None and true["numerator"] is not None:
                n, d = self.at[r, "numerator"], self.at[r, "denominator"]
                half = 0.005 if self.policy == "nhs" else 1e-9
                self.less.append({n: 1.0, d: -(out["estimate"] + half)})
                self.less.append({n: -1.0, d: out["estimate"] - half})

    def sums(self) -> None:
        for r, total in enumerate(self.true):
            for over in self.by:
                if total[over] is not None:
                    continue
                members = [
                    m
                    for m, row in enumerate(self.true)
                    if row["indicator"] == total["indicator"]
                    and row[over] is not None
                    and all(row[b] == total[b] for b in self.by if b != over)
                ]
                if not members:
                    continue
                rest: list[int] = []
                for name in [c for c in CELLS if (r, c) in self.at]:
                    left = total[name] - sum(self.true[m][name] for m in members)
                    people = self.variable(left, 0.0, float(MOST) if self.has_rest(r, members) else 0.0)
                    rest.append(people)
                    terms = {self.at[r, name]: -1.0, people: 1.0}
                    terms |= {self.at[m, name]: 1.0 for m in members}
                    self.equal.append(terms)
                self.nested += itertools.combinations(rest, 2)

    def has_rest(self, r: int, members: list[int]) -> bool:
        return self.true[r]["eligible"] != sum(self.true[m]["eligible"] for m in members)

    def counts(self) -> list[tuple[int, int]]:
        """Each small count as (inner, outer): an outer minus an inner variable, or a variable (inner -1)."""
        lowest, highest = SMALLEST[self.policy], LARGEST[self.policy]
        single = [(-1, v) for v in set(self.at.values()) if lowest <= self.value[v] <= highest]
        double = [(i, j) for i, j in self.nested if 1 <= self.value[j] - self.value[i] <= highest]
        return single + double

    def of(self, count: tuple[int, int]) -> int:
        return self.value[count[1]] - (self.value[count[0]] if count[0] >= 0 else 0)

    def system(self, told: bool, blank: bool = False) -> tuple[Any, ...]:
        n = len(self.value)
        low, high = np.array(self.low), np.array(self.high)
        if blank:
            low, high = np.zeros(n), np.full(n, float(MOST))
        less = [] if blank else [(terms, 0.0) for terms in self.less]
        for i, j in self.nested:
            secondary = told and (i, j) in self.plain
            least, most = self.size(self.value[j] - self.value[i], 1) if secondary else (0, MOST)
            less += [({i: 1.0, j: -1.0}, -least), ({j: 1.0, i: -1.0}, most)]
        if told:
            for v in range(n):
                least, most = self.size(self.value[v], SMALLEST[self.policy])
                low[v], high[v] = max(low[v], least), min(high[v], most)

        def matrix(rows: list[dict[int, float]]) -> Any:
            entries = [(r, c, x) for r, terms in enumerate(rows) for c, x in terms.items()]
            r, c, x = zip(*entries, strict=True) if entries else ((), (), ())
            return sparse.csr_matrix((x, (r, c)), shape=(len(rows), n))

        return matrix([t for t, _ in less]), np.array([b for _, b in less]), matrix(self.equal), low, high

    def size(self, value: int, lowest: int) -> tuple[int, int]:
        highest = LARGEST[self.policy]
        if lowest <= value <= highest:
            return lowest, highest
        return (0, 0) if value == 0 else (highest + 1, MOST)

    def ranges(
        self, counts: list[tuple[int, int]], told: bool = False, blank: bool = False, whole: bool = False
    ) -> list[tuple[float, float]]:
        """Least and most of each count; one solver call for all, as independent copies of the system."""
        if not counts:
            return []
        a_ub, b_ub, a_eq, low, high = self.system(told, blank)
        n, copies = len(low), 2 * len(counts)
        c = np.zeros(copies * n)
        for k, (i, j) in enumerate(counts):
            for half, sign in ((2 * k, 1.0), (2 * k + 1, -1.0)):
                c[half * n + j] = sign
                if i >= 0:
                    c[half * n + i] = -sign
        each = sparse.identity(copies)
        a, b, e = sparse.kron(each, a_ub, "csc"), np.tile(b_ub, copies), sparse.kron(each, a_eq, "csc")
        bounds = Bounds(np.tile(low, copies), np.tile(high, copies))
        if whole:
            limits = [LinearConstraint(a, -np.inf, b), LinearConstraint(e, 0, 0)]
            found = milp(c, integrality=np.ones(copies * n), bounds=bounds, constraints=limits)
        else:
            found = linprog(
                c, a, b, e, np.zeros(e.shape[0]), np.column_stack([bounds.lb, bounds.ub]), "highs"
            )
        assert found.status == 0, found.message
        reached = (c * found.x).reshape(copies, n).sum(axis=1)
        return [(reached[2 * k], -reached[2 * k + 1]) for k in range(len(counts))]

    def assert_beaten(self, whole: bool = False) -> int:
        counts = self.counts()
        for count, (least, most) in zip(counts, self.ranges(counts, whole=whole), strict=True):
            if count[0] < 0:
                assert least <= SMALLEST[self.policy] + 1e-6, (count, self.of(count), least, most)
                assert most >= LARGEST[self.policy] - 1e-6, (count, self.of(count), least, most)
            values = np.floor(most + 1e-6) - np.ceil(least - 1e-6) + 1
            assert values >= LARGEST[self.policy], (count, self.of(count), least, most)
        return len(counts)


def random_table(seed: int) -> tuple[pl.DataFrame, list[str]]:
    """Groups of very different size; indicators share eligible, observed, at times the denominator."""
    rng = np.random.default_rng(seed)
    sizes = [int(rng.integers(2, 6))] if seed % 8 else [2, int(rng.integers(2, 4))]
    by = ["site", "cohort"][: len(sizes)]
    groups = list(itertools.product(*(range(n) for n in sizes)))
    mean = float(rng.choice([15, 40, 120, 400]))
    people = {}
    for g in groups:
        eligible = int(rng.negative_binomial(1.5, 1.5 / (1.5 + mean)))
        people[g] = (eligible, int(rng.binomial(eligible, rng.uniform(0.5, 1))))
    rows = []
    for k in range(int(rng.integers(1, 3))):
        share, rate = rng.choice([1.0, 0.7]), rng.uniform(0.02, 0.98)
        counts: dict[Any, np.ndarray] = {}
        lost = np.array([1, 2, 2, 3]) * (seed % 5 < 2)  # people in the totals whose group is unknown
        for g in groups:
            denominator = int(rng.binomial(people[g][1], share))
            one = np.array([int(rng.binomial(denominator, rate)), denominator, people[g][1], people[g][0]])
            for key in itertools.product(*((part, None) for part in g)):
                counts[key] = counts.get(key, 0) + one
        counts[(None,) * len(by)] = counts[(None,) * len(by)] + lost
        for key, values in counts.items():
            named = {b: None if part is None else f"{b} {part}" for b, part in zip(by, key, strict=True)}
            rows.append(line(*(int(v) for v in values), indicator=f"indicator {k}", **named))
    return frame(rows), by


def related_lines(counts: dict[str, int], n: int, **more: Any) -> pl.DataFrame:
    about = {"instrument": "phq9", "scale": "total", "target": "6 months"}
    rows = []
    for name, x in counts.items():
        definition, _, band = name.partition(":")
        told = about | {"definition": definition, "band": band or None} | more
        rows.append(line(x, n, n, n, indicator=name, **told))
    return frame(rows)
