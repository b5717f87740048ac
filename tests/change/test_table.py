"""Reliable change and classes in the table of changes."""

from __future__ import annotations

import datetime
import math
import re
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import ipm_outcomes as ipm
from ipm_outcomes import PROMIS29, change, score
from ipm_outcomes.catalog import read
from ipm_outcomes.errors import ParameterError, UnknownNameError

ROOT = Path(__file__).parents[2]
HALF_YEAR = [change.Target("6 months", day=182, days=(137, 227))]
PHQ9 = ("phq9", "total")


def pairs(
    *values: tuple[float | None, float | None], scale: tuple[str, str] = PHQ9, **columns: list[Any]
) -> pl.DataFrame:
    flat = [value for pair in values for value in pair]
    return pl.DataFrame(
        {
            "patient_id": np.repeat(np.arange(len(values)), 2),
            "date": ["2024-01-10", "2024-07-09"] * len(values),
            "instrument": [scale[0]] * len(flat),
            "scale": [scale[1]] * len(flat),
            "value": pl.Series(flat, dtype=pl.Float64),
            **columns,
        }
    )


def classes(data: pl.DataFrame, **options: Any) -> list[str]:
    return list(change.table(data, targets=HALF_YEAR, **options)["class"])


def test_columns_are_those_of_the_contract_in_order() -> None:
    found = change.table(pairs((12, 4)).with_columns(site=pl.lit("x")))
    assert found.columns[:23] == [
        "patient_id", "episode", "site", "instrument", "scale", "target", "baseline_date", "baseline",
        "followup_date", "followup", "change", "improvement", "percent", "important", "responder_30", "responder_50",
        "reliable", "verdict", "class", "can_improve", "can_worsen", "reason", "days",
    ]  # fmt: skip
    assert len(found) == 3  # one row for each of the default targets


def test_classes_on_the_sides_of_a_published_cutoff() -> None:
    # sd 6.1 and r .84: SEM 2.44, Sdiff 3.45, 1.96 Sdiff = 6.76: a change of 7 is reliable, of 6 is not.
    # The published cut-off of the PHQ-9 is 10 or more, so 10 is a case and 9 is none.
    assert 6 < 1.959964 * math.sqrt(2) * 6.1 * math.sqrt(1 - 0.84) < 7
    data = pairs((17, 9), (17, 10), (10, 3), (9, 2), (15, 9), (3, 10), (12, None))
    expected = [
        "recovered",
        "improved",
        "recovered",
        "improved",
        "unchanged",
        "deteriorated",
        "not classifiable",
    ]
    known = {PHQ9: {"sd": 6.1, "reliability": 0.84}}
    assert classes(data, constants=known) == expected
    found = change.table(data, targets=HALF_YEAR, constants=known)
    assert found["reliable"].to_list() == [True, True, True, True, False, True, None]
    assert found["minimal_reliable_change"][0] == pytest.approx(1.959964 * math.sqrt(2) * 6.1 * 0.4, rel=1e-6)
    assert found["cutoff"].to_list() == [10] * 7
    assert found["class_reason"].to_list() == [None] * 6 + ["not_paired"]
    # A cut-off given as a number is one between two populations: a score equal to it is on neither side.
    strict = classes(data, constants=known, cutoffs={PHQ9: 10})
    assert strict == [
        "recovered",
        "improved",
        "improved",
        "improved",
        "unchanged",
        "deteriorated",
        "not classifiable",
    ]
    lax = classes(data, constants=known, require_dysfunctional_baseline=False)
    assert lax[3] == "recovered"
    assert classes(data, constants=known, harmed=True)[5] == "harmed"


def test_a_cutoff_by_name_and_a_scale_without_one() -> None:
    data = pairs((17, 8), (17, 9), scale=("gad7", "total"))
    known = {"gad7.total": {"sd": 4.7, "reliability": 0.83}}
    assert classes(data, constants=known) == ["recovered", "recovered"]  # 10 or more, by the first cut-off
    assert classes(data, constants=known, cutoffs={"gad7.total": "caseness_nhs"}) == ["improved", "improved"]
    with pytest.raises(ParameterError, match="there is no 'mine'; the definition has generalized_anxiety"):
        classes(data, constants=known, cutoffs={"gad7.total": "mine"})
    peg = pairs((9, 1), (1, 9), scale=("peg", "mean"))
    assert classes(peg, constants={"peg.mean": {"sem": 0.78}}) == ["improved", "deteriorated"]


def test_classes_of_thirds() -> None:
    # 8 to 3 1/3 and to 4 1/3 on the PEG, with a line given at 4: both beyond 3.38 points, one below the line.
    data = pairs((8, 10 / 3), (8, 13 / 3), scale=("peg", "mean"))
    assert classes(data, cutoffs={("peg", "mean"): 4}) == ["recovered", "improved"]
    exact = data.with_columns(exact_numerator=pl.Series([24, 10, 24, 13]), exact_denominator=pl.lit(3))
    assert classes(exact, cutoffs={("peg", "mean"): 4}) == ["recovered", "improved"]


def test_a_cutoff_that_is_itself_no_case() -> None:
    # PCS: clinically relevant above 30, so 30 is on the side of the well.
    data = pairs((31, 10), (30, 9), (52, 30), (52, 31), scale=("pcs", "total"))
    known = {"pcs.total": {"sem": 4.6}}  # 12.75 points
    assert classes(data, constants=known) == ["recovered", "improved", "recovered", "improved"]


def test_of_several_published_errors_the_largest_counts() -> None:
    # Reed 2023: SEM of the PEG 0.78 to 1.22 in six trials, MDC95 2.16 to 3.38.
    found = change.table(
        pairs((9, 6), (9, 5), scale=("peg", "mean")), targets=HALF_YEAR, constants="published"
    )
    assert found["minimal_reliable_change"].round(2).to_list() == [3.38, 3.38]
    assert found["reliable"].to_list() == [False, True]


def test_the_sample_gives_the_standard_deviation_and_the_definition_the_reliability() -> None:
    # Baselines 6, 10, 14 (one without a follow-up): SD 4. Test-retest .737: 1.96 * sqrt(2) * 4 * sqrt(.263) = 5.69.
    data = pairs((6, 11), (10, 4), (14, None))
    found = change.table(data, targets=HALF_YEAR, constants="sample")
    assert found["sd"].to_list() == [4, 4, None]
    assert found["reliability"].to_list() == [0.737, 0.737, None]
    assert found["reliable"].to_list() == [False, True, None]
    # Internal consistency .89: 1.96 * sqrt(2) * 4 * sqrt(.11) = 3.68.
    alpha = change.table(data, targets=HALF_YEAR, reliability="alpha", constants="sample")
    assert alpha["reliable"].to_list() == [True, True, None]


def test_published_constants_and_given_ones() -> None:
    # PHQ-9: published SEM 2.5 (Loewe 2004): 1.96 * sqrt(2) * 2.5 = 6.93, as measures.md section 7 has it.
    data = pairs((17, 10), (17, 11))
    found = change.table(data, targets=HALF_YEAR, constants="published")
    assert found["minimal_reliable_change"].round(2).to_list() == [6.93, 6.93]
    assert found["reliable"].to_list() == [True, False]
    # GAD-7: two published indexes, 4 (English NHS) and 6 points (Bischoff 2020), both reached at equality. They
    # displace the SDs and the intraclass correlation, which no source was read for.
    gad7 = change.table(
        pairs((17, 12), (17, 11), scale=("gad7", "total")), targets=HALF_YEAR, constants="published"
    )
    assert gad7["reliable"].to_list() == [False, True]
    assert gad7["verdict"].to_list() == ["possibly better", "reliably better"]
    assert gad7["minimal_reliable_change"].to_list() == [6, 6]
    half = change.table(data, targets=HALF_YEAR, constants={PHQ9: {"sem": 1.0}})  # 2.77 points
    assert half["reliable"].to_list() == [True, True]


SOURCES = ["sd_source", "sample_n", "reliability_kind", "cutoff_id", "evidence"]


def sources(data: pl.DataFrame, **options: Any) -> list[tuple[Any, ...]]:
    return list(change.table(data, targets=HALF_YEAR, **options).select(SOURCES).unique().rows())


def test_what_decided_and_how_well_it_is_sourced_stands_in_the_table() -> None:
    # Marks as in the reference (instruments/phq9.md): test-retest .737 read once, alpha .89 in two notes, the
    # SEM of 2.5 arithmetic on a published figure, the cut-off of 10 in two sources.
    data = pairs((17, 8), (16, 9))
    assert sources(data, constants="sample") == [("sample", 2, "test_retest", "major_depression", "1")]
    assert sources(data, constants="sample", reliability="alpha") == [
        ("sample", 2, "alpha", "major_depression", "2+")
    ]
    assert sources(data, constants="published") == [("derived", None, "sem", "major_depression", "derived")]
    own = {PHQ9: {"sd": 6.1, "reliability": 0.84}}
    assert sources(data, constants=own) == [("given", None, "given", "major_depression", "2+")]
    assert sources(data, constants=own, cutoffs={PHQ9: 9.5}) == [("given", None, "given", "given", "given")]
    # Another method needs SD and reliability; that SD of the PHQ-9 was read once, and so was its retest.
    assert sources(data, constants="published", method="edwards_nunnally") == [
        ("published", None, "test_retest", "major_depression", "1")
    ]
    # The PCS has all in sources; the SD (12.87) and the ICC of two sources come before those read once.
    pcs = pairs((45, 20), (40, 20), scale=("pcs", "total"))
    found = change.table(pcs, targets=HALF_YEAR, constants="published", method="edwards_nunnally")
    assert found.select("sd", "reliability").unique().rows() == [(12.87, 0.74)]
    assert sources(pcs, constants="published") == [("published", None, "sem", "clinically_relevant", "1")]


def test_the_spread_of_baselines_that_are_means_of_repeats() -> None:
    # Baselines 4, (6 + 8) / 2 = 7, 10 and (2 + 4 + 6) / 3 = 4: mean 25/4, squares 33/4 * 3 = 24.75, by 3.
    rows = [
        {"patient_id": n, "date": f"2025-01-0{day}", "value": float(value)}
        for n, values in enumerate([(4,), (6, 8), (10,), (2, 4, 6)])
        for day, value in enumerate(values, 1)
    ] + [{"patient_id": n, "date": "2025-07-02", "value": 3.0} for n in range(4)]
    data = pl.DataFrame(rows).with_columns(instrument=pl.lit("phq9"), scale=pl.lit("total"))
    means = change.Baseline(days=(0, 14), pick="mean")
    found = change.table(data, targets=HALF_YEAR, baseline=means, constants="sample")
    assert set(found["sd"]) == {(24.75 / 3) ** 0.5}


def test_a_scale_without_test_retest_reliability_names_what_was_used_instead() -> None:
    # No test-retest figure of the PEG is sourced: internal consistency, of .73 and .89 the stricter.
    peg = pairs((9, 1), (8, 2), scale=("peg", "mean"))
    found = change.table(peg, targets=HALF_YEAR, constants="sample")
    assert found.select("reliability", "reliability_kind", "evidence").unique().rows() == [
        (0.73, "alpha", "2+")
    ]
    assert found["cutoff_id"].null_count() == 2
    assert found["eligible_to_recover"].null_count() == 2


def test_t_scores_are_judged_by_the_evidence_of_their_table() -> None:
    data = pairs((65.3, 55.8), (63.4, 55.8), scale=("promis29", "anxiety"), se=[3.4, 2.4] * 2)
    # Four transcriptions and three recomputations agree on that table (golden/facts/promis29.csv).
    assert sources(data) == [(None, None, None, None, "2+")]


def test_the_sample_speaks_only_where_it_is_asked_for() -> None:
    some = [(n % 20 + 3, n % 7) for n in range(30)]
    for count, source in ((29, "derived"), (30, "sample")):
        found = change.table(pairs(*some[:count]), targets=HALF_YEAR, constants="auto")
        assert set(found["sd_source"]) == {source}
    assert set(change.table(pairs(*some), targets=HALF_YEAR)["sd_source"]) == {"derived"}
    # 2 points on the PHQ-2 have nothing published; the rating of the promoter question neither.
    found = change.table(pairs((5, 1), (3, 3), scale=("phq9", "phq2")), targets=HALF_YEAR)
    assert set(found["sd_source"]) == {None}
    assert found["verdict"].to_list() == ["error not known", "unchanged"]
    assert found["reliable"].to_list() == [None, None]


def test_a_scale_with_a_reliability_but_no_spread_takes_that_of_the_sample_where_it_is_asked_for(
    tmp_path: Path,
) -> None:
    text = (ROOT / "instruments" / "peg.toml").read_text(encoding="utf-8").replace('"peg"', '"mine"')
    text = text.replace('class = "PEG"', 'class = "Mine"')
    kept = [
        part for part in text.split("[[scales.constants]]") if not re.search(r'kind = "(sem|sd|mdc95)"', part)
    ]
    (tmp_path / "mine.toml").write_text("[[scales.constants]]".join(kept), encoding="utf-8")
    mine = read(tmp_path / "mine.toml")
    # Baselines 9 and 5: SD 2.828; alpha .73: 1.96 * sqrt(2) * 2.828 * sqrt(.27) = 4.07 points.
    data = pairs((9, 4), (5, 1), scale=("mine", "mean"))
    found = change.table(data, targets=HALF_YEAR, definitions=[mine])
    assert found["reliable"].to_list() == [None, None]
    assert set(found["verdict"]) == {"error not known"}
    found = change.table(data, targets=HALF_YEAR, definitions=[mine], constants="sample")
    assert found["reliable"].to_list() == [True, False]
    assert found.select("sd_source", "sample_n", "reliability_kind").unique().rows() == [
        ("sample", 2, "alpha")
    ]


def test_a_reliability_alone_gives_the_same_verdict_to_a_table_and_to_one_patient() -> None:
    # The PHQ-2 has no published standard deviation, the PHQ-9 total has (6.1): 6.1 * sqrt(2 * .1) * 1.96 = 5.3.
    pair, given = (
        (ipm.PHQ9(**dict.fromkeys((f"q{n}" for n in range(1, 10)), points)) for points in (2, 0)),
        {"reliability": 0.9},
    )
    one = ipm.between(*map(score, pair), constants={"phq2": given, "total": given})
    for scale, moved, verdict in (("phq2", (4, 0), "error not known"), ("total", (18, 0), "reliably better")):
        key = ("phq9", scale)
        found = change.table(
            pairs(moved, (3, 3), (6, 1), scale=key), targets=HALF_YEAR, constants={key: given}
        )
        assert found["verdict"][0] == verdict == getattr(one, scale).verdict
    found = change.table(
        pairs((4, 0), (6, 1), scale=("phq9", "phq2")), targets=HALF_YEAR, constants={("phq9", "phq2"): given}
    )
    assert set(found["class_reason"]) == {"no_standard_deviation"}
    assert set(found["reliable"]) == {None}


@pytest.mark.parametrize("first", range(28))
def test_one_patient_and_a_small_table_are_judged_by_the_same_figures(first: int) -> None:
    def form(total: int) -> Any:
        return score(ipm.PHQ9(**{f"q{n + 1}": min(3, max(0, total - 3 * n)) for n in range(9)}))

    found = change.table(pairs(*((first, second) for second in range(28))), targets=HALF_YEAR)
    alone: list[Any] = [change.between(form(first), form(second)).total for second in range(28)]
    assert found["reliable"].to_list() == [one.reliable.reliable for one in alone]
    assert found["important"].to_list() == [one.important for one in alone]
    assert set(found["evidence"]) == {alone[0].reliable.evidence}


def test_responder_lines_say_whether_a_source_draws_them() -> None:
    columns = ["responder_30_evidence", "responder_50_evidence", "important_evidence", "remission_evidence"]

    def marks(scale: tuple[str, str], **options: Any) -> list[tuple[Any, ...]]:
        data = pairs((10, 4), (0, 0), scale=scale)
        return list(change.table(data, targets=HALF_YEAR, **options).select(columns).rows())

    # The PEG: 30 % in two texts of unknown independence, 50 % by analogy; 50 % of the PHQ-9 in measures, 30 % in none.
    assert marks(("peg", "mean")) == [("1", "unverified", "1", None), (None, None, "1", None)]
    assert marks(PHQ9)[0] == ("convention", "2+", "2+", "2+")
    assert marks(("gad7", "total"))[0][:2] == ("convention", "convention")
    assert marks(PHQ9, thresholds={PHQ9: {"important": 2, "remission": 3}})[0][2:] == ("given", "given")
    assert marks(("nps", "rating"))[0] == (None, None, None, None)
    # 8 points in two sources, 11 above a baseline of 30 in two: the PCS threshold that holds is marked.
    pcs = change.table(pairs((40, 20), (20, 8), scale=("pcs", "total")), targets=HALF_YEAR)
    assert pcs.select("important_points", "important_evidence").rows() == [(11, "2+"), (8, "2+")]


def test_who_could_recover() -> None:
    # 10 or more is a case. A baseline is enough; without one there is no telling.
    found = change.table(pairs((10, 4), (9, 4), (12, None), (None, 4)), targets=HALF_YEAR)
    assert found["eligible_to_recover"].to_list() == [True, False, True, None]
    strict = change.table(pairs((10, 4), (11, 4)), targets=HALF_YEAR, cutoffs={PHQ9: 10})
    assert strict["eligible_to_recover"].to_list() == [False, True]
    rating = ("nps", "rating")  # a lower rating is worse
    low = change.table(pairs((3, 9), (8, 9), scale=rating), targets=HALF_YEAR, cutoffs={rating: 6})
    assert low["eligible_to_recover"].to_list() == [True, False]


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (pairs((12, 4)), "no_standard_deviation"),  # one baseline has no spread
        (pairs((12, 4), (12, 5)), "no_standard_deviation"),
        (pairs((5, 4), (3, 1), scale=("phq9", "phq2")), "no_reliability"),
    ],
)
def test_what_cannot_be_classified_says_why(data: pl.DataFrame, why: str) -> None:
    found = change.table(data, targets=HALF_YEAR, constants="sample")
    assert found["class"].to_list() == ["not classifiable"] * len(found)
    assert found["reliable"].null_count() == len(found)
    assert set(found["class_reason"]) == {why}


def test_a_method_without_a_value_here_is_told() -> None:
    # All change by the same amount: less than measurement error alone would make them vary.
    found = change.table(pairs((6, 4), (10, 8), (14, 12)), targets=HALF_YEAR, method="hageman_arrindell")
    assert set(found["class_reason"]) == {"method_undefined"}


@pytest.mark.parametrize(
    "method",
    ["jacobson_truax", "gulliksen_lord_novick", "hsu_linn_lord", "edwards_nunnally", "hageman_arrindell"],
)
def test_the_table_agrees_with_the_functions_on_arrays(method: Any) -> None:
    rng = np.random.default_rng(4)
    before, after = rng.integers(5, 28, 60), rng.integers(0, 28, 60)
    data = pairs(*zip(before.tolist(), after.tolist(), strict=True))
    found = change.table(data, targets=HALF_YEAR, method=method, cutoffs={PHQ9: 9.5}, constants="sample")
    expected = change.classify(before, after, reliability=0.737, cutoff=9.5, method=method)
    assert found["class"].to_list() == expected.tolist()
    assert set(found["reliable_method"]) == {method}


def test_standard_errors_of_both_scores_judge_t_scores() -> None:
    # sqrt(3.4^2 + 2.4^2) = 4.1617; times 1.959964 = 8.157.
    se = {"se": [3.4, 2.4] * 2}
    scale = ("promis29", "anxiety")
    data = pairs((63.4, 55.8), (65.3, 55.8), scale=scale, **se)  # 7.6 and 9.5
    found = change.table(data, targets=HALF_YEAR)
    assert found["reliable"].to_list() == [False, True]
    assert set(found["reliable_method"]) == {"standard_errors"}
    assert found["class"].to_list() == ["unchanged", "improved"]
    given = change.table(
        data, targets=HALF_YEAR, constants={scale: {"sd": 10, "reliability": 0.95}}
    )  # 6.20 points
    assert set(given["reliable_method"]) == {"jacobson_truax"}
    assert given["reliable"].to_list() == [True, True]
    without = change.table(data.drop("se"), targets=HALF_YEAR)
    assert set(without["class_reason"]) == {"no_standard_error"}
    phq9 = change.table(pairs((12, 4)), targets=HALF_YEAR, method="standard_errors")
    assert phq9["class_reason"].to_list() == ["no_standard_error"]


def test_the_mean_of_repeats_has_a_smaller_standard_error() -> None:
    # Two baselines with SE 4 each: their mean has SE sqrt(16 + 16) / 2 = 2.8284.
    # With SE 3 at follow-up: 1.959964 * sqrt(8 + 9) = 8.08 points; with one baseline 1.959964 * 5 = 9.80.
    data = pl.DataFrame(
        {
            "patient_id": [1, 1, 1],
            "date": ["2024-01-10", "2024-01-12", "2024-07-09"],
            "instrument": ["promis29"] * 3,
            "scale": ["anxiety"] * 3,
            "value": [61.4, 61.4, 51.2],
            "se": [4.0, 4.0, 3.0],
        }
    )
    once = data.with_columns(value=pl.Series([61.4, 61.4, 53.0]))
    for rule, reliable in (("mean", True), ("nearest", False)):
        found = change.table(once, targets=HALF_YEAR, baseline=change.Baseline(pick=rule))  # type: ignore[arg-type]
        assert found["reliable"].to_list() == [reliable]
    assert change.table(data, targets=HALF_YEAR)["reliable"].to_list() == [True]


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 10), st.integers(0, 10)), min_size=3, max_size=30), st.integers(1, 9)
)
def test_a_mirrored_scale_mirrors_the_classes(values: list[tuple[int, int]], cutoff: int) -> None:
    # Pain intensity (higher is worse) against the promoter question (lower is worse), both 0 to 10, x against 10 - x.
    pain, rating = ("promis29", "pain_intensity"), ("nps", "rating")
    one = change.table(
        pairs(*values, scale=pain), targets=HALF_YEAR, cutoffs={pain: cutoff},
        constants={pain: {"sd": 2.5, "reliability": 0.8}}, thresholds={pain: {"important": 2}},
    )  # fmt: skip
    other = change.table(
        pairs(*((10 - a, 10 - b) for a, b in values), scale=rating), targets=HALF_YEAR, cutoffs={rating: 10 - cutoff},
        constants={rating: {"sd": 2.5, "reliability": 0.8}}, thresholds={rating: {"important": 2}},
    )  # fmt: skip
    for name in ("class", "reliable", "improvement", "important", "can_improve", "can_worsen"):
        assert one[name].to_list() == other[name].to_list()
    assert one["change"].to_list() == (-other["change"]).to_list()


@settings(max_examples=40, deadline=None)
@given(
    st.lists(
        st.tuples(st.none() | st.integers(0, 27), st.none() | st.integers(0, 27)), min_size=1, max_size=40
    )
)
def test_classes_are_exhaustive_and_exclusive_and_runs_are_equal(
    values: list[tuple[int | None, int | None]],
) -> None:
    data = pairs(*values)
    found = change.table(data, targets=HALF_YEAR)
    assert found["class"].null_count() == 0
    assert set(found["class"]) <= {"recovered", "improved", "unchanged", "deteriorated", "not classifiable"}
    for row in found.to_dicts():
        better = row["improvement"] is not None and row["improvement"] > 0
        if row["class"] in ("recovered", "improved"):
            assert row["reliable"]
            assert better
        elif row["class"] == "deteriorated":
            assert row["reliable"]
            assert not better
        else:
            assert row["reliable"] is (False if row["class"] == "unchanged" else None)
    assert change.table(data, targets=HALF_YEAR).equals(found, null_equal=True)


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (
            {"constants": {PHQ9: {"sd": 6.1, "reliability": 1}}},
            "reliability: is 1; it must lie between 0 and 1",
        ),
        ({"constants": {PHQ9: {"sd": 6.1, "reliability": -0.2}}}, "reliability: is -0.2"),
        ({"constants": {PHQ9: {"sd": 0, "reliability": 0.8}}}, "sd: is 0; it must be above 0"),
        ({"constants": {PHQ9: {"sd": 6.1}}}, "constants of phq9.total: give"),
        ({"constants": "norms"}, "constants: 'auto', 'sample', 'published', or a mapping"),
        ({"constants": 3}, "constants: give a mapping"),
        ({"method": "jacobson"}, "method is 'jacobson'; it must be one of: jacobson_truax"),
        ({"method": "nunnally_kotsch"}, "reliability_after: needed"),
        ({"reliability": "icc"}, "reliability is 'icc'; it must be one of: test_retest, alpha"),
        ({"critical": 0}, "critical: is 0"),
        ({"cutoffs": {PHQ9: float("nan")}}, "must be a finite number"),
        ({"thresholds": {PHQ9: {"important": 0}}}, "important: is 0; it must be above 0"),
        ({"thresholds": {PHQ9: {"important": "5"}}}, "names no threshold in points for one patient"),
        ({"thresholds": {PHQ9: {"important": 1 / 3}}}, "at most six decimals"),
        ({"thresholds": {PHQ9: {"mcid": 5}}}, "there is no 'mcid'"),
        ({"thresholds": {PHQ9: {"important_worse": 5}}}, "give both"),
        ({"thresholds": {PHQ9: {"responder_30": 20}}}, "fixed at 30 % and 50 %"),
        ({"thresholds": {"phq9": {"important": 5}}}, "name a scale as"),
        ({"thresholds": {PHQ9: 5}}, "give a mapping such as"),
    ],
)
def test_parameters_that_make_no_sense_are_refused(options: dict[str, Any], told: str) -> None:
    with pytest.raises(ParameterError, match=told):
        change.table(pairs((12, 4)), targets=HALF_YEAR, **options)


def test_an_unknown_scale_in_a_mapping_is_refused() -> None:
    with pytest.raises(UnknownNameError, match="phq9 has no scale 'sum'"):
        change.table(pairs((12, 4)), thresholds={("phq9", "sum"): {"important": 5}})


def test_a_definition_of_ones_own(tmp_path: Any) -> None:
    from ipm_outcomes.catalog import shelf

    text = (shelf() / "nps.toml").read_text("utf-8").replace('id = "nps"', 'id = "mine"', 1)
    file = tmp_path / "mine.toml"
    file.write_text(text, "utf-8")
    data = pairs((2, 9), scale=("mine", "rating"))
    with pytest.raises(UnknownNameError, match="definitions="):
        change.pair(data)
    found = change.pair(data, targets=HALF_YEAR, definitions=[read(file)])
    assert found["improvement"].to_list() == [7]


def test_the_standard_errors_of_scored_forms_arrive() -> None:
    first = score(PROMIS29(edanx01=4, edanx40=4, edanx41=4, edanx53=4)).anxiety
    assert first.se is not None
    assert first.value is not None
    data = pairs((first.value, first.value), scale=("promis29", "anxiety"), se=[first.se] * 2)
    assert change.table(data, targets=HALF_YEAR)["class"].to_list() == ["unchanged"]


def test_every_name_of_the_face_is_there() -> None:
    for name in change.__all__:
        assert getattr(change, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'tabel'"):
        _ = change.tabel


@pytest.mark.parametrize(
    ("scale", "before", "after"),
    [
        (("promis29", "physical_summary"), 30.0, 60.0),
        (("pcs", "rumination"), 16, 0),
        (("pcs", "helplessness"), 10, 10),
    ],
)
def test_nobody_is_called_unreliable_where_only_a_lower_bound_of_the_error_is_known(scale, before, after):
    """By internal consistency alone no change can be reliable, so a share of reliable changes would always be 0."""
    wide = 1 if scale[0] == "pcs" else 1_000_000_000
    frame = pl.DataFrame(
        {
            "patient_id": [1, 1],
            "date": ["2024-01-10", "2024-07-09"],
            "instrument": scale[0],
            "scale": scale[1],
            "value": [float(before), float(after)],
            "exact_numerator": [round(before * wide), round(after * wide)],
            "exact_denominator": [wide, wide],
        }
    )
    found = change.table(frame, targets=change.DEFAULT_TARGETS[1:2], scales=[scale])
    verdict, reliable, kind, why = found.select("verdict", "reliable", "class", "class_reason").row(0)
    assert verdict in ("possibly better", "unchanged")
    assert (reliable, kind, why) == (None, "not classifiable", "error_is_lower_bound")


@pytest.mark.parametrize(
    ("day", "target"),
    [
        (45, None), (46, "3 months"), (136, "3 months"), (137, "6 months"), (227, "6 months"), (228, None),
        (304, None), (305, "12 months"), (425, "12 months"), (426, None),
    ],
)  # fmt: skip
def test_the_first_and_the_last_day_of_each_default_window(day: int, target: str | None) -> None:
    start = datetime.date(2024, 1, 10)
    dates = [str(start), str(start + datetime.timedelta(days=day))]
    found = change.table(pairs((12, 4)).with_columns(date=pl.Series(dates)))
    assert found.filter(pl.col("followup").is_not_null())["target"].to_list() == [target] * (
        target is not None
    )
