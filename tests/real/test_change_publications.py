"""Reliable change on the data of published analyses.

jacobson_1989: the 30 couples of Jacobson and Truax (1991), DAS, higher better. claus_2020 and hechler_2014:
data of Claus et al. (2020) and Hechler et al. (2014) as in the R package clinicalsignificance, whose
printed results (its snapshots and vignettes, version 2.1) are the expected counts. Where that package departs
from the papers, the expectation here is that of the paper.
"""

from __future__ import annotations

import csv
import math
from collections import Counter
from fractions import Fraction
from statistics import NormalDist

import numpy as np
import pytest

from ipm_outcomes.change import classify, crossed, cutoffs, reliable_change
from ipm_outcomes.stats.effect_sizes import against_important_change, mean_change
from ipm_outcomes.stats.growth import growth_curve

SNAPSHOT = {
    # improved, unchanged, deteriorated of 40; HAM-D, visits 1 and 4, reliability .8
    "jacobson_truax": (29, 10, 1),
    "edwards_nunnally": (32, 5, 3),
    "hsu_linn_lord": (12, 16, 12),
    "gulliksen_lord_novick": (29, 10, 1),
    "nunnally_kotsch": (28, 11, 1),
    "hageman_arrindell": (32, 7, 1),
}
COMBINED = {
    # recovered, improved, unchanged, deteriorated, harmed with cut-off c from functional 8 (8)
    "jacobson_truax": (26, 3, 10, 1, 0),
    "edwards_nunnally": (26, 6, 5, 3, 0),
    "hsu_linn_lord": (12, 0, 16, 11, 1),
    "gulliksen_lord_novick": (26, 3, 10, 1, 0),
    "nunnally_kotsch": (26, 2, 11, 1, 0),
}
ORDER = ("recovered", "improved", "unchanged", "deteriorated", "harmed")


def _rows(path):
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def _number(text):
    return math.nan if text == "NA" else float(text)


def _wide(rows, person, time, value, first, last):
    people = sorted({int(row[person]) for row in rows})
    scores = {(int(row[person]), row[time]): _number(row[value]) for row in rows}
    return tuple(np.array([scores.get((p, visit), math.nan) for p in people]) for visit in (first, last))


@pytest.fixture
def couples(real):
    return _wide(_rows(real("data/jacobson_1989.csv")), "subject", "time", "das", "pre", "post")


@pytest.fixture
def claus(real):
    return _rows(real("data/claus_2020.csv"))


def test_couples_14_recovered_by_the_paper_and_16_without_a_dysfunctional_baseline(couples):
    before, after = couples
    cut = cutoffs(
        clinical_mean=before.mean(),
        clinical_sd=before.std(ddof=1),
        functional_mean=114.8,
        functional_sd=17.8,
        worse="lower",
    )
    assert round(cut.c, 2) == 94.84
    assert cut.b == 79.2
    options = {"reliability": 0.88, "cutoff": cut.c, "worse": "lower"}
    words = Counter(classify(before, after, **options).tolist())
    loose = Counter(classify(before, after, **options, require_dysfunctional_baseline=False).tolist())
    assert words["recovered"] == 14
    assert loose["recovered"] == 16
    assert words["recovered"] + words["improved"] == loose["recovered"] + loose["improved"]
    assert sum(words.values()) == 30


def _exact_couples(path, score):
    """Scores of each couple before and after, exactly as written."""
    rows = {
        (int(row["subject"]), row["time"]): Fraction(row[score]) for row in _rows(path) if row[score] != "NA"
    }
    people = sorted({person for person, _ in rows})
    return [(rows.get((person, "pre")), rows.get((person, "post"))) for person in people]


@pytest.mark.parametrize(
    ("score", "worse", "reliability"), [("das", "lower", "0.88"), ("gds", "higher", "0.88")]
)
def test_every_couple_by_exact_arithmetic(real, score, worse, reliability):
    # DAS: higher is better. GDS: lower is better (its reliability here is any value: the arithmetic is what
    # is checked). The index is (x2 - x1) over
    # s1 sqrt(2 (1 - r)), so its square is a fraction: no float decides who changed reliably.
    couples = _exact_couples(real("data/jacobson_1989.csv"), score)
    pairs = [(a, b) for a, b in couples if a is not None and b is not None]
    assert len(couples) == 30
    mean = sum(a for a, _ in pairs) / len(pairs)
    variance = sum((a - mean) ** 2 for a, _ in pairs) / (len(pairs) - 1)
    error = 2 * variance * (1 - Fraction(reliability))  # the squared standard error of the difference
    before, after = (
        [math.nan if pair[side] is None else float(pair[side]) for pair in couples] for side in (0, 1)
    )
    found = reliable_change(before, after, reliability=float(reliability), worse=worse)
    assert found.n == len(pairs)
    assert found.sd == pytest.approx(math.sqrt(variance), rel=1e-12)
    sign = 1 if worse == "lower" else -1
    limit = Fraction(NormalDist().inv_cdf(0.975)) ** 2
    for n, (a, b) in enumerate(couples):
        if a is None or b is None:
            assert not found.evaluable[n]
            continue
        assert found.index[n] == pytest.approx(float(b - a) / math.sqrt(error), rel=1e-12, abs=1e-15)
        reliable = (b - a) ** 2 > limit * error
        assert found.direction[n] == (0 if not reliable else sign if b > a else -sign)
    assert {1, 0} <= set(found.direction.tolist())


def test_couples_by_the_figures_of_the_paper(real, couples):
    # Couple 1 goes from 90.5 to 97; SD 11.83 and r .88 give Sdiff 5.79.
    before, after = couples
    found = reliable_change(before, after, reliability=0.88, worse="lower")
    assert (round(found.sd, 2), round(found.sdiff, 2)) == (11.83, 5.79)
    assert (before[0], after[0]) == (90.5, 97)
    # Crossing 94.84 without a reliable change is a flag of its own: from the exact data, couple by couple.
    limit = Fraction(NormalDist().inv_cdf(0.975)) ** 2
    exact = _exact_couples(real("data/jacobson_1989.csv"), "das")
    mean = sum(a for a, _ in exact) / 30
    error = 2 * sum((a - mean) ** 2 for a, _ in exact) / 29 * (1 - Fraction("0.88"))
    cut = Fraction("94.84")
    expected = [a < cut < b and (b - a) ** 2 <= limit * error for a, b in exact]
    assert crossed(before, after, reliability=0.88, cutoff=94.84, worse="lower").tolist() == expected
    assert expected[0]


@pytest.mark.parametrize("method", SNAPSHOT)
def test_claus_reliable_change_by_every_method(claus, method):
    before, after = _wide(claus, "id", "time", "hamd", "1", "4")
    r2 = 0.5 if method == "nunnally_kotsch" else None
    found = reliable_change(before, after, reliability=0.8, method=method, reliability_after=r2)
    assert found.n == 40
    counts = Counter(found.direction[found.evaluable].tolist())
    assert (counts[1], counts[0], counts[-1]) == SNAPSHOT[method]


@pytest.mark.parametrize("method", COMBINED)
def test_claus_classes_by_every_method(claus, method):
    before, after = _wide(claus, "id", "time", "hamd", "1", "4")
    pairs = ~np.isnan(before) & ~np.isnan(after)
    cut = cutoffs(
        clinical_mean=before[pairs].mean(),
        clinical_sd=before[pairs].std(ddof=1),
        functional_mean=8,
        functional_sd=8,
        worse="higher",
    ).c
    r2 = 0.5 if method == "nunnally_kotsch" else None
    words = classify(
        before, after, reliability=0.8, cutoff=cut, method=method, reliability_after=r2, harmed=True
    )
    counts = Counter(words.tolist())
    assert tuple(counts[word] for word in ORDER) == COMBINED[method]
    assert counts["not classifiable"] == 3


def test_claus_bdi_with_published_norms_of_the_functional_population(claus):
    # BDI-II, reliability .801, functional 7.69 (7.52): M 35.48, SD 8.16, a 19.16, c 21.02; 10, 8, 22, 0.
    before, after = _wide(claus, "id", "time", "bdi", "1", "4")
    pairs = ~np.isnan(before) & ~np.isnan(after)
    mean, sd = before[pairs].mean(), before[pairs].std(ddof=1)
    assert (round(mean, 3), round(sd, 2)) == (35.475, 8.16)
    cut = cutoffs(
        clinical_mean=mean, clinical_sd=sd, functional_mean=7.69, functional_sd=7.52, worse="higher"
    )
    assert (round(cut.a, 2), round(cut.c, 2)) == (19.16, 21.02)
    counts = Counter(classify(before, after, reliability=0.801, cutoff=cut.a).tolist())
    assert tuple(counts[word] for word in ORDER) == (10, 8, 22, 0, 0)
    # The Hageman-Arrindell form on the same data: 25 improved, 15 unchanged.
    found = reliable_change(before, after, reliability=0.801, method="hageman_arrindell")
    assert Counter(found.direction[found.evaluable].tolist()) == {1: 25, 0: 15}


@pytest.mark.parametrize(("score", "faster", "slower"), [("hamd", 11, 9), ("bdi", 5, 3)])
def test_claus_growth_curves(claus, score, faster, slower):
    # The package tests the random part of the slope: 11 / 20 / 9 (HAM-D) and 5 / 32 / 3 (BDI) of 40.
    found = growth_curve(
        [row["id"] for row in claus],
        [float(row["time"]) for row in claus],
        [_number(row[score]) for row in claus],
    )
    index = found.random_slope / found.standard_error
    assert found.evaluable.sum() == 40
    assert ((index < -found.critical).sum(), (index > found.critical).sum()) == (faster, slower)
    # By the patient's total slope nobody gets worse whose scores fall.
    assert (found.direction[found.evaluable & (found.slope < 0)] >= 0).all()


def test_claus_group_against_an_important_change_of_7_points(claus):
    # BDI-II by arm: usual treatment -4.24 (-9.12 to 0.62), n 19, not significant; placebo amplification
    # -13.62 (-18.11 to -9.21), n 21, large. The published intervals are Bayesian, drawn toward 0 by a prior.
    published = {
        "TAU": (19, -9.12, 0.62, "not significant"),
        "PA": (21, -18.11, -9.21, "large clinically significant"),
    }
    for arm, (n, low, high, word) in published.items():
        rows = [row for row in claus if row["treatment"] == arm]
        found = mean_change(*_wide(rows, "id", "time", "bdi", "1", "4"))
        assert found.n == n
        assert (found.lower, found.upper) == pytest.approx((low, high), abs=1)
        assert word == against_important_change(
            improvement=found.improvement,
            lower=found.improvement_lower,
            upper=found.improvement_upper,
            threshold=7,
        )


def test_hechler_by_exact_arithmetic(real):
    # Disability, lower better, whole points: squares of whole numbers against the squared limit.
    rows = _rows(real("data/hechler_2014.csv"))
    before, after = _wide(rows, "patient", "measurement", "disability", "1", "2")
    assert before.size == 104
    reliability = 0.87
    found = reliable_change(before, after, reliability=reliability)
    pairs = [
        (int(a), int(b))
        for a, b in zip(before, after, strict=True)
        if not math.isnan(a) and not math.isnan(b)
    ]
    assert found.n == len(pairs)
    n, total, squares = len(pairs), sum(a for a, _ in pairs), sum(a * a for a, _ in pairs)
    variance = (squares - total * total / n) / (n - 1)
    limit = 1.959963984540054**2 * 2 * variance * (1 - reliability)
    better = sum((a - b) ** 2 > limit and b < a for a, b in pairs)
    worsened = sum((a - b) ** 2 > limit and b > a for a, b in pairs)
    assert found.improved.sum() == better > 0
    assert found.deteriorated.sum() == worsened
    words = Counter(classify(before, after, reliability=reliability, cutoff=30).tolist())
    assert sum(words.values()) == 104
    assert words["not classifiable"] == 104 - n
    assert words["recovered"] == sum((a - b) ** 2 > limit and a > 30 > b for a, b in pairs)
