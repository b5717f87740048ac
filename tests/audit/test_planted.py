"""Faults planted in made-up cohorts: each is named, or tied with what it cannot be told from, never a wrong one."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import polars as pl
import pytest
from audit_cases import FAULTS, SHAPES, STRUCTURAL, T_SCALES, cohort, differing, found_in, judged, planted

INSTRUMENTS = tuple(SHAPES)
CLEAN = (*SHAPES, *T_SCALES)
OF_BLANKS = {"blank_as_zero", "prorated_half_up", "prorated_exact", "missing_code_added"}


@pytest.mark.parametrize("rate", [0.01, 0.05, 1.0])
@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_named_or_tied_and_nothing_else_is_named(fault: str, rate: float) -> None:
    for seed, (instrument, n) in enumerate(
        [*((one, 500) for one in INSTRUMENTS), ("phq9", 4000), ("peg", 4000)]
    ):
        made, truths = planted(instrument, n, (FAULTS[fault],), rate, seed)
        findings = found_in(made)
        named, listed = judged(findings)
        if not differing(made):
            assert named <= STRUCTURAL.union(*truths)
            continue
        assert named - STRUCTURAL <= truths[0], (instrument, n)
        assert listed & truths[0], (instrument, n)


ALONE = sorted(set(FAULTS) - {"last_item_left_out", "hand_errors", "prorated_half_up"})


@pytest.mark.parametrize("fault", ALONE)
@pytest.mark.parametrize("instrument", ["phq9", "pcs"])
def test_a_fault_in_all_rows_is_named_alone(instrument: str, fault: str) -> None:
    made, (truth,) = planted(instrument, 500, (FAULTS[fault],), 1.0, 3)
    findings = found_in(made).filter(pl.col("scale").is_not_null())
    assert findings["cause"].to_list() == sorted(truth, key=lambda one: "identical" in one)[:1]
    assert set(findings["sure"]) <= {"proved", "systematic"}
    assert findings["rows"].sum() == differing(made)


def test_the_last_item_left_out_is_tied_with_the_score_without_it() -> None:
    made, _ = planted("phq9", 500, (FAULTS["last_item_left_out"],), 1.0, 1)
    (row,) = found_in(made).iter_rows(named=True)
    assert (row["cause"], row["sure"]) == (None, "undecided")
    assert sorted(row["rivals"].split(", ")) == ["item_left_out:q9", "other_score:phq8"]


def test_slips_of_a_hand_are_listed_and_nothing_is_named() -> None:
    for seed in range(10):
        made, _ = planted("phq9", 500, (FAULTS["hand_errors"],), 0.04, seed)
        findings = found_in(made)
        assert findings["cause"].to_list() == [None] * len(findings)
        assert "hand_error:one_off" in findings["rivals"][0]
        assert findings["rows"].sum() == differing(made)


def told_apart(one: set[str], two: set[str]) -> bool:
    """Whether two faults concern other items, so that they do not undo one another."""
    items = [{part for cause in names for part in cause.partition(":")[2].split("=")} for names in (one, two)]
    return not (items[0] & items[1] - {""})


PAIRS = [
    pair
    for pair in combinations([name for name in FAULTS if name != "hand_errors"], 2)
    if set(pair) != {"coded_one_up", "coded_one_down"}
]


@pytest.mark.parametrize("pair", PAIRS, ids="+".join)
def test_two_faults_at_once(pair: tuple[str, str]) -> None:
    place = PAIRS.index(pair)
    for n, rate in ((1000, 0.25), (500, 0.05), (500, 1.0)):
        if rate == 1 and set(pair) <= OF_BLANKS:
            continue  # the second would take the place of the first
        instrument = ("phq9", "gad7", "pcs", "csq8")[(place + n // 500) % 4]
        made, truths = planted(instrument, n, [FAULTS[name] for name in pair], rate, place)
        if rate == 1 and (len(truths) < 2 or not told_apart(*truths)):
            continue
        named, listed = judged(found_in(made))
        assert named - STRUCTURAL <= set().union(*truths), (instrument, rate)
        if differing(made) and len(truths) == 2 and rate != 0.05:
            assert all(truth & listed for truth in truths), (instrument, rate)


def test_nothing_is_found_in_clean_cohorts() -> None:
    sizes, blanks = (3, 12, 25, 40, 80, 200, 500, 1500), (0, 0.02, 0.1)
    for seed in range(200):
        rng = np.random.default_rng(10_000 + seed)
        made = cohort(CLEAN[seed % 8], sizes[seed // 8 % 8], rng, blanks[seed % 3])
        findings = found_in(made)
        assert findings.is_empty(), (made.instrument, len(made.recorded), findings["cause"].to_list())
