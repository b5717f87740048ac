"""How much is hidden: what must be, and no more. Counts chosen so that the answer follows from the policy by hand."""

from __future__ import annotations

from itertools import combinations
from random import Random

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from suppress_cases import frame, line, random_table

from ipm_outcomes.program import suppress

COUNTS = ["eligible", "observed", "denominator", "numerator"]


def table(numerators: list[int], patients: int = 200, *, total: bool) -> pl.DataFrame:
    """One indicator at so many sites, everybody observed; with a row for all sites."""
    sites: list[str | None] = [f"site {n}" for n in range(len(numerators))]
    rows = [(site, patients, numerator) for site, numerator in zip(sites, numerators, strict=True)]
    if total:
        rows.append((None, patients * len(numerators), sum(numerators)))
    return pl.DataFrame(
        [
            {"site": site, "indicator": "responder_50", "eligible": n, "observed": n, "denominator": n}
            | {"numerator": x, "estimate": x / n, "lower": x / n, "upper": x / n, "level": 0.95}
            | {"method": "wilson", "suppressed": "", "source": "made up"}
            for site, n, x in rows
        ],
        infer_schema_length=None,
    )


def shown(numerators: list[int], *, total: bool, patients: int = 200) -> list[bool]:
    """Which numerators are shown; the other counts always are, and a rate goes with its numerator."""
    before = table(numerators, patients, total=total)
    out = suppress(before, policy="cms")
    for name in COUNTS[:3]:
        assert out[name].to_list() == before[name].to_list()
    told = out["numerator"].is_not_null().to_list()
    assert out["estimate"].is_not_null().to_list() == told
    for kept, a, b in zip(told, before["numerator"], out["numerator"], strict=True):
        assert not kept or a == b
    return told


LARGE = st.one_of(st.just(0), st.integers(11, 189), st.just(200))
"""Counts of 200 that are 0 or above 10, and leave 0 or more than 10."""


@given(st.lists(LARGE, min_size=1, max_size=6), st.booleans())
def test_nothing_is_hidden_where_nothing_is_small(numerators: list[int], total: bool) -> None:
    assert all(shown(numerators, total=total))


@pytest.mark.parametrize("small", [1, 10, 190, 199])
@pytest.mark.parametrize("at", range(4))
def test_one_small_count_goes_alone_where_no_total_is_shown(small: int, at: int) -> None:
    numerators = [60, 70, 80, 90]
    numerators[at] = small
    assert shown(numerators, total=False) == [n != at for n in range(4)]


@pytest.mark.parametrize("small", [1, 10, 190, 199])
@pytest.mark.parametrize("at", range(4))
def test_with_a_total_one_more_count_goes(small: int, at: int) -> None:
    numerators = [60, 70, 80, 90]
    numerators[at] = small
    told = shown(numerators, total=True)
    assert not told[at]
    assert told.count(False) == 2
    assert told[-1]


@pytest.mark.parametrize("pair", list(combinations(range(4), 2)))
def test_two_small_counts_protect_one_another(pair: tuple[int, int]) -> None:
    # 6 and 7: their sum of 13 is known from the total, and leaves each anything from 3 to 10.
    numerators = [60, 70, 80, 90]
    numerators[pair[0]], numerators[pair[1]] = 6, 7
    told = shown(numerators, total=False)
    assert [n for n, kept in enumerate(told) if not kept] == list(pair)
    told = shown(numerators, total=True)
    assert not told[pair[0]]
    assert not told[pair[1]]
    assert told.count(False) <= 3


@pytest.mark.parametrize(("count", "kept"), [(1, False), (4, False), (5, True), (195, True), (196, False)])
def test_limits_of_the_nhs_policy(count: int, kept: bool) -> None:
    out = suppress(table([count, 60], total=False), policy="nhs")
    assert out["estimate"].is_not_null().to_list()[1]
    assert out["estimate"].is_not_null().to_list()[0] is kept


@pytest.mark.parametrize("seed", [3, 5, 10, 13, 15, 39])
def test_names_and_order_of_groups_decide_nothing(seed: int) -> None:
    """Ties between groups are broken by their numbers: these tables hid something else under other names."""
    before, by = random_table(seed)
    r = Random(seed)
    renamed = before
    for column in by:
        names = sorted(set(before[column].to_list()) - {None})
        others = [f"x{n}" for n in r.sample(range(100, 1000), len(names))]
        renamed = renamed.with_columns(pl.col(column).replace(dict(zip(names, others, strict=True))))
    order = r.sample(range(before.height), before.height)
    out = suppress(renamed[order], by=by)[[order.index(at) for at in range(before.height)]]
    assert out.drop(by).equals(suppress(before, by=by).drop(by))


@given(st.lists(st.integers(0, 200), min_size=1, max_size=4), st.data())
def test_a_site_with_equal_numbers_changes_nothing(numerators: list[int], data: st.DataObject) -> None:
    """Of sites without a total each stands for itself, also where two have the same counts."""
    again = data.draw(st.sampled_from(numerators))
    assert shown([*numerators, again], total=False)[:-1] == shown(numerators, total=False)


# ---- random tables of sites, bands and responders -----------------------------------------------


def linked(seed: int) -> pl.DataFrame:
    """Up to five sites: who was followed, who improved by 30 and by 50 percent, and two to four bands."""
    rng = np.random.default_rng(seed)
    sites, bands = int(rng.integers(2, 6)), int(rng.integers(2, 5))
    many = rng.gamma(1.5, rng.choice([5, 12, 30, 80]), (sites, bands)) * (rng.random((sites, bands)) > 0.1)
    counts = rng.poisson(many)
    each = []
    for of_bands in counts:
        n = int(of_bands.sum())
        due = n + int(rng.poisson(0.4 * n))
        better = int(rng.binomial(n, 0.35))
        half = int(rng.binomial(better, 0.5))
        rng.binomial(n - better, 0.15)
        each.append((due, n, better, half, *map(int, of_bands)))
    each.append(tuple(map(sum, zip(*each, strict=True))))
    rows = []
    for site, (due, n, better, half, *of_bands) in enumerate(each):
        figures = [("followup_completion", None, n, due), ("responder_30", None, better, n)]
        figures += [("responder_50", None, half, n)]
        figures += [("severity_before", f"b{band}", x, n) for band, x in enumerate(of_bands)]
        for definition, band, x, whole in figures:
            place = {"definition": definition, "band": band, "instrument": "peg", "scale": "mean"}
            name = f"{definition}:{band}" if band else definition
            row = line(x, whole, whole, due, indicator=name, target="6 months", **place)
            rows.append(row | {"site": f"s{site}" if site < sites else "all"})
    return frame(rows)


@pytest.mark.filterwarnings(
    "ignore::ipm_outcomes.errors.ProtectionWarning"
)  # made-up bands are none of the PEG
def test_of_random_tables_as_much_is_shown_as_was_measured() -> None:
    """Of 60 tables 5,738 of 6,916 counts, and each headline that is not small itself: measured with another engine."""
    slots = shown_ = kept = 0
    for seed in range(60):
        before = linked(seed)
        out = suppress(before, by=["site"])
        assert set(out["suppressed"]) <= {"", "hidden"}
        slots += sum(before[c].is_not_null().sum() for c in COUNTS)
        shown_ += sum(out[c].is_not_null().sum() for c in COUNTS)
        total = (pl.col("site") == "all") & (pl.col("definition") == "responder_30")
        x, n = before.filter(total).select("numerator", "denominator").row(0)
        told = out.filter(total).select("numerator", "denominator").null_count().row(0) == (0, 0)
        kept += told
        assert told or 1 <= x <= 10 or 1 <= n - x <= 10
    assert slots == 6916
    assert shown_ >= 5738
    assert kept >= 59
