"""Disclosure control, and an attacker who tries to undo it.

The attacker shares no code with the library. It writes the published table as linear constraints (nested
counts, groups that add up, populations that stand in several rows, rounding, rates) and asks an exact
solver for the least and the most that each small count could be.
"""

from __future__ import annotations

import itertools
from fractions import Fraction
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scipy import sparse
from scipy.optimize import Bounds, LinearConstraint, linprog, milp

from ipm_outcomes.errors import FrameError, ParameterError
from ipm_outcomes.program.suppress import suppress

CELLS = ["numerator", "denominator", "observed", "eligible"]
MOST = 10**5
SMALLEST, LARGEST, TOLD = {"cms": 1, "nhs": 0}, {"cms": 10, "nhs": 4}, {"cms": 5, "nhs": 2}


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


# ---- the attacker -------------------------------------------------------------------------------


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
        self.plain: set[tuple[int, int]] = set()
        self.equal: list[dict[int, float]] = []
        self.less: list[dict[int, float]] = []
        self.rows()
        self.sums()
        self.same_population()

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
            if out["suppressed"] == "secondary":  # says that none of the differences is small
                self.plain |= set(itertools.combinations(have, 2))
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

    def same_population(self) -> None:
        names = sorted({(row["indicator"], c) for row in self.true for c in CELLS if row[c] is not None})
        columns: dict[tuple[Any, ...], tuple[str, str]] = {}
        where = {(row["indicator"], *(row[b] for b in self.by)): r for r, row in enumerate(self.true)}
        keys = sorted({k[1:] for k in where}, key=str)
        for indicator, c in names:
            vector = tuple(self.true[where[(indicator, *k)]][c] for k in keys)
            first = columns.setdefault(vector, (indicator, c))
            for k in keys:
                a, b = self.at[where[(first[0], *k)], first[1]], self.at[where[(indicator, *k)], c]
                if a != b:
                    self.equal.append({a: 1.0, b: -1.0})

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

    def assert_beaten_when_told(self) -> None:
        counts = self.counts()
        told = self.ranges(counts, told=True)
        blank = self.ranges(counts, told=True, blank=True)
        for count, (least, most), (first, last) in zip(counts, told, blank, strict=True):
            values = np.floor(most + 1e-6) - np.ceil(least - 1e-6) + 1
            possible = np.floor(last + 1e-6) - np.ceil(first - 1e-6) + 1
            assert values >= min(TOLD[self.policy], possible), (count, self.of(count), least, most)


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


# 200 tables under the first policy, one in eight with two grouping columns and margins; 20 under the other.
@pytest.mark.parametrize(
    ("policy", "start", "step"),
    [*(("cms", start, 1) for start in range(0, 200, 20)), ("nhs", 0, 9)],
)
def test_no_hidden_count_can_be_solved_for(policy: str, start: int, step: int) -> None:
    attacked = 0
    for seed in range(start, start + 20 * step, step):
        table, by = random_table(seed)
        published = suppress(table, policy)
        attacker = Attacker(published, table, by, policy)
        attacked += attacker.assert_beaten()
        if seed % 16 == 0 or seed % 15 == 1:
            attacker.assert_beaten_when_told()
    assert attacked > 50


@pytest.mark.parametrize("seed", [3, 6, 9])
def test_no_hidden_count_can_be_solved_for_in_whole_numbers(seed: int) -> None:
    table, by = random_table(seed)
    assert Attacker(suppress(table), table, by, "cms").assert_beaten(whole=True)


def test_the_attacker_wins_against_naive_hiding() -> None:
    # Hiding only 1-10 leaves 6 = 77 - 30 - 41: an attacker that misses this would prove nothing.
    table = frame(
        [
            line(x, n, n, n, site=s)
            for s, x, n in [("A", 6, 40), ("B", 30, 60), ("C", 41, 80), (None, 77, 180)]
        ]
    )
    naive = table.with_columns(
        pl.when(pl.col("numerator") > 10).then("numerator"),
        pl.when(pl.col("numerator") > 10).then("estimate"),
    )
    attacker = Attacker(naive, table, ["site"], "cms")
    (low, high) = attacker.ranges([(-1, attacker.at[0, "numerator"])])[0]
    assert (low, high) == (pytest.approx(6), pytest.approx(6))
    with pytest.raises(AssertionError):
        attacker.assert_beaten()


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.lists(st.tuples(*[st.integers(0, 40)] * 4).map(sorted), min_size=1, max_size=5),
    st.booleans(),
    st.sampled_from(["cms", "nhs"]),
)
def test_any_counts_stand_the_attack(groups: list[list[int]], total: bool, policy: str) -> None:
    rows = [line(*g, site=f"site {k}") for k, g in enumerate(groups)]
    if total:
        rows.append(line(*(sum(column) for column in zip(*groups, strict=True)), site=None))
    table = frame(rows)
    Attacker(suppress(table, policy, by=["site"]), table, ["site"], policy).assert_beaten()


# ---- by hand ------------------------------------------------------------------------------------


def test_cms_hides_one_more_where_a_total_is_shown() -> None:
    rows = [("A", 6, 40), ("B", 30, 60), ("C", 41, 80), (None, 77, 180)]
    out = suppress(frame([line(x, n, n, n, site=s) for s, x, n in rows]))
    # 6 is small. 77 - 41 - 30 would give it back, so the smallest other numerator, 30, goes too.
    assert out["numerator"].to_list() == [None, None, 41, 77]
    assert out["denominator"].to_list() == [40, 60, 80, 180]
    assert (
        hidden(out, "estimate") == hidden(out, "lower") == hidden(out, "upper") == [True, True, False, False]
    )
    assert out["suppressed"].to_list() == ["primary", "secondary", "", ""]


def test_cms_hides_the_numerator_behind_a_small_complement() -> None:
    out = suppress(frame([line(45, 50, 50, 50)]))
    assert out.row(0, named=True) | {"numerator": None, "estimate": None, "suppressed": "primary"} == out.row(
        0, named=True
    )
    assert out["denominator"].item() == 50


@pytest.mark.parametrize(
    ("numerator", "shown"),
    [(0, True), (1, False), (10, False), (11, True), (49, True), (50, False), (59, False), (60, True)],
)
def test_cms_limits_of_numerator_and_complement(numerator: int, shown: bool) -> None:
    out = suppress(frame([line(numerator, 60, 60, 60)]))
    assert out["numerator"].is_not_null().item() is shown
    assert out["estimate"].is_not_null().item() is shown


def test_cms_hides_who_was_not_observed_without_losing_the_rate() -> None:
    # 100 eligible, 97 observed: 3 were lost. Hiding `eligible` protects them and keeps the rate.
    out = suppress(frame([line(40, 97, 97, 100)]))
    assert out.select("eligible", "observed", "numerator").row(0) == (None, 97, 40)
    assert out["estimate"].item() == 40 / 97


def test_a_population_is_hidden_in_every_row_where_it_stands() -> None:
    rows = [line(20, 50, 50, 57, site="A", indicator=name) for name in ("one", "two")]
    rows += [line(25, 60, 60, 80, site="B", indicator=name) for name in ("one", "two")]
    out = suppress(frame(rows))
    assert out["eligible"].to_list() == [None, None, 80, 80]  # 57 - 50 = 7 in both rows of A


def test_people_in_no_group_are_protected() -> None:
    rows = [("A", 40, 100), ("B", 50, 100), (None, 91, 203)]  # 203 - 200 = 3 people, one of them a responder
    out = suppress(frame([line(x, n, n, n, site=s) for s, x, n in rows]))
    assert any(hidden(out, "eligible"))
    assert any(hidden(out, "numerator"))


def test_overlapping_groups_lose_their_total() -> None:
    out = suppress(
        frame([line(x, n, n, n, site=s) for s, x, n in [("A", 40, 100), ("B", 50, 100), (None, 80, 170)]])
    )
    assert hidden(out, "eligible") == [False, False, True]


def test_a_mean_goes_with_its_n() -> None:
    rows = [line(None, n, n, n, site=s, estimate=4.25) for s, n in [("A", 7), ("B", 50)]]
    out = suppress(frame(rows).with_columns(pl.col("numerator").cast(pl.Int64)))
    assert out["estimate"].to_list() == [None, 4.25]
    assert out["suppressed"].to_list() == ["primary", ""]


def test_a_net_count_goes_with_its_row() -> None:
    out = suppress(frame([line(-3, n, n, n, site=s, estimate=-20.0) for s, n in [("A", 7), ("B", 50)]]))
    assert out["numerator"].to_list() == [None, -3]
    assert out["estimate"].to_list() == [None, -20.0]


def test_parts_of_one_denominator() -> None:
    counts = {"none": 6, "mild": 25, "moderate": 30, "severe": 39}  # 100 in all
    table = frame([line(x, 100, 100, 100, indicator=name) for name, x in counts.items()])
    assert suppress(table)["numerator"].to_list() == [None, 25, 30, 39]
    out = suppress(table, parts=[list(counts)])
    assert out["numerator"].to_list() == [None, None, 30, 39]  # else 100 - 25 - 30 - 39 = 6
    with pytest.raises(FrameError, match="do not add up"):
        suppress(table, parts=[["none", "mild"]])


@pytest.mark.parametrize(
    ("count", "shown"), [(5, 5), (6, 5), (7, 5), (8, 10), (12, 10), (13, 15), (4, None), (0, None)]
)
def test_nhs_rounds_to_the_nearest_5(count: int, shown: int | None) -> None:
    # The printed rule: 5, 6, 7 to 5; 8-12 to 10; below 5 hidden, 0 included.
    out = suppress(frame([line(count, 1003, 1003, 1003)]), "nhs")
    assert out["numerator"].item() == shown
    assert out["denominator"].item() == 1005
    if shown:  # from the unrounded counts, two decimals, half up
        assert out["estimate"].item() == float(int(Fraction(count, 1003) * 100 + Fraction(1, 2))) / 100


def test_nhs_published_rate() -> None:
    out = suppress(
        frame([line(26457, 54672, 57359, 57359)]), "nhs"
    )  # NHS Talking Therapies, April 2025: 48.4 %
    assert out.select("numerator", "denominator", "eligible", "estimate").row(0) == (
        26455,
        54670,
        57360,
        0.48,
    )


def test_nhs_rounds_half_away_from_zero() -> None:
    rates = [(57, 200, 0.29), (25, 200, 0.13), (23, 200, 0.12)]  # 0.285, 0.125, 0.115
    for numerator, denominator, expected in rates:
        out = suppress(frame([line(numerator, denominator, denominator, denominator)]), "nhs")
        assert out["estimate"].item() == expected


def test_nhs_rate_of_a_small_complement_goes() -> None:
    # 47 of 50 at 0.94: of the pairs that round to 45 and 50 only 45/48, 46/49, 47/50 give it, each leaving 3.
    out = suppress(frame([line(47, 50, 50, 50)]), "nhs")
    assert out.select("numerator", "denominator", "estimate").row(0) == (45, 50, None)
    assert out["suppressed"].item() == "primary"


def test_both_spellings_of_a_total_agree() -> None:
    rows = [("A", 6, 40), ("B", 30, 60), (None, 36, 100)]
    null = suppress(frame([line(x, n, n, n, site=s) for s, x, n in rows]))
    word = suppress(frame([line(x, n, n, n, site=s or "all") for s, x, n in rows]))
    assert null.drop("site").equals(word.drop("site"))
    assert null["numerator"].null_count() >= 2


def test_neither_order_nor_repetition_matters() -> None:
    for seed in (3, 4):
        table, by = random_table(seed)
        table = table.with_row_index("position")
        keep = {"by": by, "keep": ["position"]}
        once = suppress(table, **keep)
        mixed = suppress(table.sample(fraction=1, shuffle=True, seed=seed), **keep).sort("position")
        assert once.equals(mixed)
        assert once.equals(suppress(table, **keep))


def test_nothing_else_changes() -> None:
    table, by = random_table(5)
    out = suppress(table)
    assert out.columns == table.columns
    assert out.schema == table.schema
    for name in (*by, "indicator", "level", "method", "source"):
        assert out[name].equals(table[name])
    for name in (*CELLS, "estimate"):
        assert all(a is None or a == b for a, b in zip(out[name], table[name], strict=True))
    something = out.select(pl.any_horizontal(pl.col(*CELLS).is_null())).to_series()
    assert (out["suppressed"] != "").equals(something)


def test_extra_figures_go_with_their_row() -> None:
    rows = [line(x, 60, 60, 60, year=2024, indicator=f"i{x}", expected=x + 0.5, note="kept") for x in (6, 30)]
    out = suppress(frame(rows), by=[], keep=["year"])
    assert out["expected"].to_list() == [None, 30.5]
    assert out["year"].to_list() == [2024, 2024]
    assert out["note"].to_list() == ["kept", "kept"]


def test_policy_none_returns_the_table_itself() -> None:
    table = frame([line(3, 5, 5, 5)])
    assert suppress(table, "none") is table


@pytest.mark.parametrize("policy", ["cms", "nhs"])
@pytest.mark.parametrize("kind", ["pandas", "pandas nullable", "pandas arrow", "pyarrow"])
def test_every_kind_of_frame(kind: str, policy: str) -> None:
    table, _ = random_table(7)
    expected = suppress(table, policy).to_dicts()
    if kind == "pyarrow":
        out = suppress(table.to_arrow(), policy)
        assert isinstance(out, pa.Table)
        rows = out.to_pylist()
    else:
        given = pd.DataFrame(table.to_dicts())
        if kind != "pandas":
            given = given.convert_dtypes(
                dtype_backend="numpy_nullable" if kind.endswith("nullable") else "pyarrow"
            )
        given.index = range(100, 100 + len(given))
        out = suppress(given, policy)
        assert isinstance(out, pd.DataFrame)
        assert out.index.tolist() == given.index.tolist()
        rows = [{k: None if pd.isna(v) else v for k, v in row.items()} for row in out.to_dict("records")]
    assert rows == expected
    assert any(row["numerator"] is None for row in rows)


def test_empty_table() -> None:
    table = frame([line(3, 5, 5, 5)]).clear()
    assert suppress(table).equals(table)


def test_wrong_calls_say_what_is_wrong() -> None:
    good = [line(30, 60, 60, 60, site="Secret Clinic"), line(30, 60, 60, 60, site="Other Clinic")]
    table = frame(good)
    with pytest.raises(ParameterError, match="'cms', 'nhs', 'none'"):
        suppress(table, "hipaa")
    with pytest.raises(ParameterError, match="by"):
        suppress(table, by=["clinic"])
    with pytest.raises(ParameterError, match="not one string"):
        suppress(table, by="site")
    with pytest.raises(ParameterError, match="no indicator"):
        suppress(table, parts=[["a", "b"]])
    with pytest.raises(FrameError, match="expected a pandas"):
        suppress([1, 2])
    with pytest.raises(FrameError, match="collect it first"):
        suppress(table.lazy())
    with pytest.raises(FrameError, match="denominator"):
        suppress(table.drop("denominator"))
    once = table.to_pandas()
    with pytest.raises(FrameError, match="distinct column names"):
        suppress(pd.concat([once, once[["estimate"]]], axis=1))
    with pytest.raises(FrameError, match="rows 0 and 1"):
        suppress(table, by=[])
    with pytest.raises(FrameError, match="row 0: already suppressed"):
        suppress(suppress(frame([line(3, 60, 60, 60)])))


@pytest.mark.parametrize(
    ("column", "value"),
    [("eligible", -1), ("observed", 2.5), ("denominator", -2), ("numerator", float("inf"))],
)
def test_what_is_no_count_is_refused(column: str, value: float) -> None:
    with pytest.raises(FrameError, match=f"row 1, column '{column}'"):
        suppress(frame([line(30, 60, 60, 60, site="A"), line(30, 60, 60, 60, site="B") | {column: value}]))


def test_text_in_a_count_is_not_repeated() -> None:
    table = frame([line(30, 60, 60, 60)]).with_columns(eligible=pl.lit("Jane Doe"))
    with pytest.raises(FrameError, match="a count is needed, got a str") as caught:
        suppress(table)
    assert "Jane" not in str(caught.value)
