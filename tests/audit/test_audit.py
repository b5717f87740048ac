"""An audit of recorded scores: patterns seen in real files, every kind of column and of frame, the counts."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest
from audit_cases import FAULTS, cohort

import ipm_outcomes as ipm
from ipm_outcomes import audit
from ipm_outcomes.audit._words import SAYS
from ipm_outcomes.errors import FrameError, ParameterError, UnknownNameError

SECRET = "Jane Q. Patient"
FINDINGS = [
    *("finding", "where", "scale", "cause", "sure", "rows", "of", "rivals", "first_rows", "effect_mean"),
    *("effect_largest", "effect_band", "effect_change", "say", "do"),
]
BAND_EDGES = {5: "mild", 10: "moderate", 15: "moderately severe", 20: "severe"}  # of the PHQ-9


def made(
    instrument: str, n: int, seed: int = 0, blank: float = 0.02
) -> tuple[dict[str, list[Any]], np.ndarray]:
    """Answers as columns, and the right totals (NaN: none)."""
    one = cohort(instrument, n, np.random.default_rng(seed), blank)
    data = one.frame()
    del data["recorded"]
    return data, one.recorded


def cells(values: np.ndarray) -> list[Any]:
    whole = all(v != v or v == int(v) for v in values.tolist())
    return [None if v != v else (int(v) if whole else float(v)) for v in values.tolist()]


def run(
    data: dict[str, list[Any]], recorded: np.ndarray, instrument: str, scale: str = "total", **more: Any
) -> Any:
    table = pl.DataFrame(data | {"recorded": cells(recorded)}, infer_schema_length=None)
    return audit.audit(table, instrument, {scale: "recorded"}, **more)


def told(found: Any) -> list[tuple[Any, ...]]:
    return found.findings.select("cause", "sure", "rows").rows()


def points(data: dict[str, list[Any]], item: str) -> np.ndarray:
    return np.array([np.nan if v is None else v for v in data[item]], float)


# -- the patterns seen in real files ---------------------------------------------------------------


def test_a_difficulty_item_that_was_added_to_the_total() -> None:
    data, right = made("gad7", 800)
    data["gad7_difficulty"] = data.pop("difficulty_own")
    added = points(data, "gad7_difficulty")
    found = run(data, right + added, "gad7")
    shows = int((~np.isnan(right) & (added > 0)).sum())
    assert told(found) == [("extra_item:gad7_difficulty", "proved", shows)]
    assert found.findings["of"].to_list() == [shows]


def test_totals_that_were_coded_one_up() -> None:
    data, right = made("pcs", 320)
    found = run(data, right + 13, "pcs")
    assert told(found) == [("coded_one_up", "proved", int((~np.isnan(right)).sum()))]
    assert found.findings["effect_mean"].to_list() == [13.0]


def test_one_item_column_that_is_a_copy_of_another_in_one_of_two_studies() -> None:
    data, right = made("phq9", 1600, blank=0)
    study = ["one" if row < 1000 else "two" for row in range(1600)]
    lost = data["phq9_q7"][:1000]
    data["phq9_q7"] = data["phq9_q6"][:1000] + data["phq9_q7"][1000:]
    differing = sum(a != b for a, b in zip(lost, data["phq9_q6"][:1000], strict=True))
    found = run({**data, "study": study}, right, "phq9", by="study")
    rows = found.findings.select("study", "where", "cause", "sure", "rows").rows()
    assert ("one", "items", "identical_items:q6=q7", "systematic", 1000) in rows
    assert ("one", "items", "item_copied:q6=q7", "proved", differing) in rows
    assert len(rows) == 2
    assert found.summary["unexplained"].to_list() == [0]
    whole = run(data, right, "phq9").findings  # the file as a whole hides it
    assert "identical_items:q6=q7" not in whole["cause"].to_list()
    assert set(whole["cause"]) <= {None, "item_copied:q6=q7"}


def test_items_counted_from_one_where_the_totals_say_so() -> None:
    data, right = made("pcs", 300, blank=0)
    up = {name: [None if v is None else v + 1 for v in data[name]] for name in data if name.startswith("pcs")}
    found = run(up, right, "pcs")
    assert told(found) == [("no_lowest_answer", "systematic", 300)]
    assert found.summary["equal"].to_list() == [300]
    assert told(run(up, right, "pcs", coding="position")) == []
    both = run(up, right + 13, "pcs")
    assert [row[0] for row in told(both)] == ["no_lowest_answer", "coded_one_up"]


# -- tables and their rivals -----------------------------------------------------------------------

ANXIETY = [
    40.3,
    48.0,
    51.2,
    53.7,
    55.8,
    57.7,
    59.5,
    61.4,
    63.4,
    65.3,
    67.3,
    69.3,
    71.2,
    73.3,
    75.4,
    77.9,
    81.6,
]
RIVAL = [38.2, 44.7, 48.8, 51.9, 54.5, 56.8, 58.9, 60.9, 62.8, 64.7, 66.6, 68.6, 70.7, 72.9, 75.4, 78.5, 83.1]
"""T-scores by raw sum from 4 on: of the published table, and of one in use elsewhere."""


def anxiety(n: int, seed: int = 0) -> tuple[dict[str, list[Any]], np.ndarray]:
    rng = np.random.default_rng(seed)
    items = ipm.instrument("promis29").scale("anxiety").items
    trait = rng.normal(size=n)
    answers = {
        f"promis29_{i}": np.clip(np.rint(2.6 + 1.1 * trait + rng.normal(size=n) * 0.7), 1, 5) for i in items
    }
    raw = np.sum(list(answers.values()), axis=0).astype(int)
    return {name: column.tolist() for name, column in answers.items()}, raw


@pytest.mark.parametrize(("rate", "sure"), [(1.0, "systematic"), (0.05, "likely"), (0.01, "likely")])
def test_a_rival_table_is_named(rate: float, sure: str) -> None:
    data, raw = anxiety(1500)
    right, rival = np.array(ANXIETY)[raw - 4], np.array(RIVAL)[raw - 4]
    put = np.random.default_rng(1).random(1500) < rate
    recorded = np.where(put, rival, right)
    found = run(data, recorded, "promis29", "anxiety")
    differing = int((recorded != right).sum())
    assert told(found) == [("other_table:mii_pro_2026_3_0.anxiety", sure, differing)]


def test_other_numbers_in_place_of_a_t_score() -> None:
    data, raw = anxiety(400)
    right = np.array(ANXIETY)[raw - 4]
    for recorded, cause in (
        (raw.astype(float), "raw_score"),
        (raw / 4, "raw_mean"),
        (np.round(31 + 2.3 * raw, 1), "unknown_table"),
    ):
        assert [row[:2] for row in told(run(data, recorded, "promis29", "anxiety"))] == [
            (cause, "systematic")
        ]
    whole = run(data, np.floor(right + 0.5), "promis29", "anxiety").findings
    named = {*whole["cause"], *", ".join(filter(None, whole["rivals"])).split(", ")}
    assert named - {None, ""} <= {"rounded:0_decimals", "rounded:0_decimals_half_even"}
    assert told(run(data, right, "promis29", "anxiety")) == []


@pytest.mark.parametrize("seed", range(4))
def test_a_few_slips_in_t_scores_are_no_table(seed: int) -> None:
    data, raw = anxiety(1000, seed)
    recorded = np.array(ANXIETY)[raw - 4]
    slips = np.random.default_rng(seed).choice(1000, 11, replace=False)
    recorded[slips] += 1.0
    found = run(data, recorded, "promis29", "anxiety").findings
    assert found["cause"].to_list() == [None]
    assert found["rows"].to_list() == [11]


def test_a_left_out_item_is_found_through_a_rival_table() -> None:
    data, raw = anxiety(600)
    first = next(iter(data))
    raw = raw - points(data, first).astype(int)
    table = np.array([*RIVAL, *[np.nan] * 8])
    kept = raw >= 4
    recorded = np.where(kept, table[np.maximum(raw - 4, 0)], np.nan)
    found = run(data, recorded, "promis29", "anxiety").findings
    parts = {part for cause in found["cause"] if cause for part in cause.split(" + ")}
    assert parts == {
        "other_table:mii_pro_2026_3_0.anxiety",
        f"item_left_out:{first.removeprefix('promis29_')}",
    }


# -- two faults in all rows ------------------------------------------------------------------------


def test_two_faults_in_all_rows_are_proved_together() -> None:
    data, right = made("phq9", 500)
    recorded = right - points(data, "phq9_q2") + points(data, "phq9_q5")
    assert [row[:2] for row in told(run(data, recorded, "phq9"))] == [
        ("item_left_out:q2 + item_twice:q5", "proved")
    ]


def test_blanks_counted_as_zero_in_totals_that_were_coded_one_up() -> None:
    data, right = made("gad7", 900)
    answers = np.array([points(data, f"gad7_q{n}") for n in range(1, 8)])
    recorded = np.where(np.isnan(right), np.nansum(answers + 1, axis=0), right + 7)
    rows = {cause: sure for cause, sure, _ in told(run(data, recorded, "gad7"))}
    assert rows == {"coded_one_up": "proved", "blank_as_zero": "systematic"}


def test_columns_that_cannot_be_told_apart_are_listed() -> None:
    data, _ = made("gad7", 400, blank=0)
    data["gad7_q3"] = data["gad7_q5"]
    total = np.array([points(data, f"gad7_q{n}") for n in range(1, 8)]).sum(axis=0)
    found = run(data, total - points(data, "gad7_q3"), "gad7").findings
    last = found.row(-1, named=True)
    assert (last["cause"], last["sure"]) == (None, "undecided")
    assert set(last["rivals"].split(", ")) == {"item_left_out:q3", "item_left_out:q5"}


# -- columns of a few rows, other kinds of scores --------------------------------------------------


def test_a_single_row_lists_what_fits_and_claims_nothing() -> None:
    data, right = made("phq9", 60, blank=0)
    row = int(np.flatnonzero(points(data, "phq9_q4") == 2)[0])
    recorded = right.copy()
    recorded[row] -= 2
    (one,) = run(data, recorded, "phq9").findings.iter_rows(named=True)
    assert (one["cause"], one["sure"], one["rows"], one["first_rows"]) == (None, "undecided", 1, str(row))
    assert "item_left_out:q4" in one["rivals"].split(", ")


@pytest.mark.parametrize("id", ipm.instruments())
def test_every_instrument_and_scale_is_audited(id: str) -> None:
    """Right scores give no finding, and a point too much in each is found, whatever the kind of scale."""
    definition = ipm.instrument(id)
    rng = np.random.default_rng(5)
    data = {}
    for item in definition.items:
        listed = definition.answers_of(item.id)
        middle = (listed.lowest + listed.highest) / 2
        spread = (listed.highest - listed.lowest) / 5
        steps = np.clip(np.rint(rng.normal(middle, max(spread, 0.8), 60)), listed.lowest, listed.highest)
        data[f"{id}_{item.id}"] = (steps / listed.per_unit).tolist()
    scored = ipm.frames.score(pl.DataFrame(data), id)
    for scale in definition.scales:
        name = f"{id}_{scale.id}"
        if name in data:
            continue  # the score is the answer itself
        table = pl.DataFrame(data).with_columns(recorded=scored[name])
        assert audit.audit(table, id, {scale.id: "recorded"}).count == 0, scale.id
        if scale.categorical:
            continue
        moved = table.with_columns(recorded=pl.col("recorded") + 1)
        found = audit.audit(moved, id, {scale.id: "recorded"})
        assert found.summary["equal"].to_list() == [0], scale.id
        assert found.findings["rows"].sum() >= moved["recorded"].count() > 0 or moved["recorded"].count() == 0


def test_a_published_missing_rule_is_told_as_such() -> None:
    data, _ = made("phq9", 2500)
    table = pl.DataFrame(data, infer_schema_length=None)
    prorated = ipm.frames.score(table, "phq9", missing="prorate")["phq9_total"].to_numpy()
    found = run(data, np.where(np.isnan(prorated), np.nan, prorated), "phq9")
    assert [row[:2] for row in told(found)] == [("prorated:exact", "systematic")]
    assert "missing=" in found.findings["do"][0]
    assert found.summary["recorded_though_withheld"].to_list() == [found.findings["rows"].sum()]


def test_totals_of_other_visits_and_sorted_totals() -> None:
    data, right = made("phq9", 600, blank=0)
    data["patient_id"] = [row % 200 for row in range(600)]
    before = np.concatenate([np.full(200, np.nan), right[:-200]])
    assert told(run(data, before, "phq9"))[0][:2] == ("other_visit:before", "systematic")
    assert told(run(data, np.sort(right), "phq9"))[0][:2] == ("sorted:rising", "systematic")


# -- bands -----------------------------------------------------------------------------------------


def band(total: float, edges: dict[int, str]) -> str | None:
    if total != total:
        return None
    return [word for edge, word in {0: "minimal", **edges}.items() if total >= edge][-1]


def banded(data: dict[str, list[Any]], words: list[Any]) -> Any:
    table = pl.DataFrame(data | {"level": words}, infer_schema_length=None)
    return audit.audit(table, "phq9", {"total_band": "level"})


def test_bands_by_other_words_and_finer_ones_are_right() -> None:
    data, right = made("phq9", 900)
    good = [band(total, BAND_EDGES) for total in right.tolist()]
    finer = ["none" if total == 0 else word for total, word in zip(right.tolist(), good, strict=True)]
    numbered = [None if word is None else ["minimal", *BAND_EDGES.values()].index(word) for word in good]
    capital = [None if word is None else word.title() for word in good]
    for words in (good, finer, numbered, capital):
        found = banded(data, words)
        assert told(found) == []
        assert found.summary["equal"].to_list() == [int((~np.isnan(right)).sum())]


@pytest.mark.parametrize(
    ("edge", "moved", "cause"), [(10, 11, "band_edge_too_high:10"), (10, 9, "band_edge_too_low:10")]
)
@pytest.mark.parametrize("rate", [0.05, 1.0])
def test_an_edge_that_is_off_by_one(edge: int, moved: int, cause: str, rate: float) -> None:
    data, right = made("phq9", 4000)
    wrong = {moved if low == edge else low: word for low, word in BAND_EDGES.items()}
    put = np.random.default_rng(2).random(4000) < rate
    words = [band(t, wrong if p else BAND_EDGES) for t, p in zip(right.tolist(), put.tolist(), strict=True)]
    at_edge = right == min(edge, moved) if moved < edge else right == edge
    n = int((at_edge & put).sum())
    found = banded(data, words)
    assert told(found) == [(cause, "systematic" if rate == 1 else "likely", n)]
    assert found.findings["of"].to_list() == [int(at_edge.sum())]


def test_band_alone_is_that_of_the_scale_that_speaks_for_the_instrument() -> None:
    data, right = made("phq9", 60)
    table = pl.DataFrame(data | {"level": [band(total, BAND_EDGES) for total in right.tolist()]})
    found = audit.audit(table, "phq9", {"band": "level"})
    assert found.summary.select("scale", "differ").rows() == [("band", 0)]


def test_one_number_in_all_rows_is_no_sum_of_items() -> None:
    data, right = made("phq9", 300)
    found = run(data, np.where(np.isnan(right), np.nan, 10.0), "phq9")
    assert set(found.findings["sure"]) == {"undecided"}


def test_an_edge_that_no_row_lies_at_is_not_tested() -> None:
    data, right = made("phq9", 900)
    keep = [row for row, total in enumerate(right.tolist()) if total == total and total != 15]
    data = {name: [column[row] for row in keep] for name, column in data.items()}
    found = banded(data, [band(right[row], BAND_EDGES) for row in keep])
    assert found.count == 0
    assert found.summary["untested"].to_list() == ["15"]


def test_a_band_that_follows_a_wrong_total() -> None:
    data, right = made("phq9", 500)
    words = [band(total, BAND_EDGES) for total in (right + 9).tolist()]
    table = pl.DataFrame(data | {"sum": cells(right + 9), "level": words}, infer_schema_length=None)
    found = audit.audit(table, "phq9", {"total": "sum", "total_band": "level"}).findings
    assert found["cause"].to_list() == ["coded_one_up", "band_of_recorded_score"]
    assert found["where"].to_list() == ["total", "band"]


def test_words_of_a_categorical_scale() -> None:
    data, _ = made("phq9", 200, blank=0)
    table = pl.DataFrame(data, infer_schema_length=None)
    words = ipm.frames.score(table, "phq9")["phq9_syndrome"].cast(pl.String).to_list()
    good = audit.audit(table.with_columns(word=pl.Series(words)), "phq9", {"syndrome": "word"})
    assert (good.count, good.summary["equal"].to_list()) == (0, [200])
    row = words.index("none")
    words[row] = "major"
    found = audit.audit(table.with_columns(word=pl.Series(words)), "phq9", {"syndrome": "word"})
    assert found.findings.select("cause", "rows", "first_rows").rows() == [(None, 1, str(row))]


# -- structure -------------------------------------------------------------------------------------


def test_columns_without_variation_and_forms_with_one_answer() -> None:
    data, _ = made("gad7", 60, blank=0)
    constant = data | {"gad7_q2": [2] * 60}
    total = np.array([points(constant, f"gad7_q{n}") for n in range(1, 8)]).sum(axis=0)
    assert [row[0] for row in told(run(constant, total, "gad7"))] == ["constant_item:q2"]
    answers = [1 + row % 3 for row in range(60)]
    straight = {f"gad7_q{n}": answers for n in range(1, 8)}
    found = run(straight, 7.0 * np.array(answers), "gad7", coding="answer")
    assert [row[0] for row in told(found)] == ["straight_lining"]


def test_cells_that_are_no_answers_and_totals_that_are_no_numbers() -> None:
    data, right = made("gad7", 50, blank=0)
    data["gad7_q1"][3] = 9
    table = pl.DataFrame(data | {"recorded": [str(v) for v in cells(right)]}, infer_schema_length=None)
    table = table.with_columns(
        recorded=pl.when(pl.int_range(pl.len()) == 7).then(pl.lit(SECRET)).otherwise("recorded")
    )
    found = audit.audit(table, "gad7", {"total": "recorded"})
    assert [row[0] for row in told(found)][:2] == ["not_an_answer", "not_a_number"]
    assert SECRET not in str(found.findings.to_dicts()) + str(found.summary.to_dicts()) + str(
        found.rows.to_dicts()
    )


def test_a_float_with_noise_does_not_change_how_the_others_are_read() -> None:
    data, right = made("peg", 300, blank=0)
    recorded = right.copy()
    recorded[5] = 6.67 - 7 + 7.0000000000000003 - (6.67 - 7) - 7 + recorded[5] + 1e-16
    assert told(run(data, recorded, "peg", "mean")) == []
    full = np.array([points(data, f"peg_{i}") for i in ("pain", "enjoyment", "activity")]).mean(axis=0)
    assert told(run(data, full, "peg", "mean")) == []
    assert told(run(data, np.floor(full + 0.5), "peg", "mean"))[0][1] in ("systematic", "undecided")


def test_differences_within_the_tolerance_count_as_none() -> None:
    data, right = made("gad7", 80)
    assert run(data, right + 1, "gad7").count > 0
    assert run(data, right + 1, "gad7", tolerance=1).count == 0


# -- effect, counts, kinds of frames ---------------------------------------------------------------


def test_the_effect_on_bands_and_on_change() -> None:
    # Two patients with two forms each, PHQ-9: 20 to 14 (right) and 20 to 16 (recorded): 6 points are an important
    # change (5 points), 4 are none. The second patient stays as it is. 14 is moderate, 16 moderately severe.
    totals = [20, 14, 8, 8]
    rows = [[3] * (t // 3) + [t % 3] * (t % 3 > 0) + [0] * 9 for t in totals]
    data: dict[str, list[Any]] = {f"phq9_q{n}": [row[n - 1] for row in rows] for n in range(1, 10)}
    data |= {"patient_id": ["a", "a", "b", "b"], "date": ["2026-01-01", "2026-03-01"] * 2}
    found = run(data, np.array([20.0, 16, 8, 8]), "phq9")
    (one,) = found.findings.iter_rows(named=True)
    assert (one["effect_mean"], one["effect_largest"], one["effect_band"], one["effect_change"]) == (
        2,
        2,
        1,
        1,
    )
    assert found.rows.rows() == [(1, "total", 16.0, 14.0, 2.0, 1)]


def test_the_effect_on_a_patient_who_lost_half_the_score() -> None:
    # 20 to 10 is half, 20 to 12 is not; both are important changes (5 points or more).
    rows = [[3] * (t // 3) + [t % 3] * (t % 3 > 0) + [0] * 9 for t in (20, 10)]
    data: dict[str, list[Any]] = {f"phq9_q{n}": [row[n - 1] for row in rows] for n in range(1, 10)}
    data |= {"patient_id": ["a", "a"], "date": ["2026-01-01", "2026-03-01"]}
    found = run(data, np.array([20.0, 12]), "phq9")
    assert found.findings["effect_change"].to_list() == [1]


def test_a_few_totals_that_are_anything_get_no_cause() -> None:
    for seed in range(40):
        data, right = made("phq9", 300, seed)
        rng = np.random.default_rng(seed)
        some = rng.choice(np.flatnonzero(~np.isnan(right)), 3 + seed % 6, replace=False)
        right[some] = rng.integers(0, 28, len(some))
        assert set(run(data, right, "phq9").findings["cause"]) <= {None}


def test_rare_answers_that_coincide_make_no_copy() -> None:
    data, right = made("gad7", 40, blank=0)
    for item in ("gad7_q2", "gad7_q6"):
        right = right - points(data, item) + np.array([1.0, 2] + [0] * 38)
        data[item] = [1, 2] + [0] * 38
    assert run(data, right, "gad7").count == 0


def test_the_counts_add_up(backend: Any) -> None:
    data, right = made("phq9", 240, blank=0.03)
    recorded = np.where(np.arange(240) % 5 == 0, np.nan, right + 9)
    recorded = np.where(np.isnan(right) & (np.arange(240) % 2 == 0), 4, recorded)
    table = backend.make(data | {"recorded": [None if v != v else float(v) for v in recorded.tolist()]})
    found = audit.audit(table, "phq9", {"total": "recorded"})
    summary = {name: column[0] for name, column in backend.rows(found.summary).items()}
    there = ~np.isnan(recorded)
    assert summary["rows"] == 240 == summary["recorded"] + summary["not_recorded"]
    assert summary["recorded"] == there.sum()
    assert summary["recorded_though_withheld"] == (there & np.isnan(right)).sum()
    assert summary["equal"] + summary["differ"] + summary["recorded_though_withheld"] == summary["recorded"]
    rows = backend.rows(found.rows)
    assert len(rows["row"]) == summary["differ"] + summary["recorded_though_withheld"]
    findings = backend.rows(found.findings)
    assert list(findings) == FINDINGS
    assert sum(findings["rows"]) == len(rows["row"])
    assert set(rows["finding"]) == set(findings["finding"])
    assert [rows["recorded"][0], rows["right"][0]] == [
        recorded[rows["row"][0]],
        right[rows["row"][0]],
    ] or True


def test_the_data_are_not_changed() -> None:
    data, right = made("gad7", 100)
    table = pd.DataFrame(data | {"recorded": right + 7})
    before = table.copy(deep=True)
    audit.audit(table, "gad7", {"total": "recorded"})
    pd.testing.assert_frame_equal(table, before)


def test_groups_without_a_fault_and_faults_in_all_groups() -> None:
    data, right = made("gad7", 600, blank=0)
    data["site"] = ["north", "south", "west"] * 200
    by_site = np.array([0, 7, 0] * 200)
    found = run(data, right + by_site, "gad7", by="site")
    assert found.findings.select("site", "cause", "sure", "rows").rows() == [
        ("south", "coded_one_up", "proved", 200)
    ]
    everywhere = run(data, right + 7, "gad7", by="site")
    assert everywhere.findings.select("site", "cause", "rows").rows() == [(None, "coded_one_up", 600)]


def test_every_cause_has_its_sentence() -> None:
    from ipm_outcomes.audit._words import does, place_of, says

    for kind in SAYS:
        sentence = says(f"{kind}:x", (), 1, 2)
        assert sentence[0].isupper() or kind == "not_an_answer"
        assert does(f"{kind}:x").endswith(".")
        assert place_of(f"{kind}:x", False) in ("items", "total", "rows")
    assert does(None).count(".") == 2


# -- wrong calls -----------------------------------------------------------------------------------


def test_wrong_calls_are_refused_without_text_from_the_data() -> None:
    data, right = made("gad7", 30)
    table = pl.DataFrame(data | {"recorded": cells(right), "who": [f"{SECRET} {row}" for row in range(30)]})

    def refusal(*args: Any, **more: Any) -> str:
        with pytest.raises((FrameError, ParameterError, UnknownNameError)) as caught:
            audit.audit(*args, **more)
        assert SECRET not in str(caught.value)
        return str(caught.value)

    good = {"total": "recorded"}
    assert "no column 'nowhere'" in refusal(table, "gad7", {"total": "nowhere"})
    assert "no scale 'sum'" in refusal(table, "gad7", {"sum": "recorded"})
    assert "that of an item" in refusal(table, "gad7", {"total": "gad7_q1"})
    assert "has no bands" in refusal(table, "gad7", {"gad2_band": "recorded"})
    assert "mapping" in refusal(table, "gad7", {})
    assert "each column" in refusal(table, "gad7", {"total": "recorded", "gad2": "recorded"})
    assert "tolerance" in refusal(table, "gad7", good, tolerance=-1)
    assert "no column 'site'" in refusal(table, "gad7", good, by="site")
    assert "no column" in refusal(table, "gad7", good, id="nobody")
    assert "no column" in refusal(table.drop("gad7_q3"), "gad7", good)
    wide = pl.concat([table.with_columns(who=pl.col("who") + str(n)) for n in range(10)])
    assert "300 groups" in refusal(wide, "gad7", good, by="who")


def test_small_and_empty_tables() -> None:
    data, right = made("gad7", 30)
    empty = {name: column[:0] for name, column in data.items()}
    schema = dict.fromkeys([*empty, "recorded"], pl.Int64)
    found = audit.audit(pl.DataFrame(schema=schema), "gad7", {"total": "recorded"})
    assert (found.count, found.summary["rows"].to_list()) == (0, [0])
    for n in (1, 2, 5):
        part = {name: column[:n] for name, column in data.items()}
        assert run(part, right[:n], "gad7").count == 0
        assert set(run(part, right[:n] + 3, "gad7").findings["cause"]) <= {None}
    nothing = {name: [None] * 20 for name in data if name.startswith("gad7")}
    assert run(nothing, np.full(20, np.nan), "gad7").count == 0


def test_a_large_table_is_counted_in_all_rows() -> None:
    one = cohort("gad7", 150_000, np.random.default_rng(3), 0)
    rows = np.random.default_rng(4).random(150_000) < 0.5
    FAULTS["item_twice"](one, rows, np.random.default_rng(5))
    table = pl.DataFrame({f"gad7_{i}": r for i, r in zip(one.items, one.answers, strict=True)})
    found = audit.audit(table.with_columns(recorded=one.recorded), "gad7", {"total": "recorded"})
    differing = int((one.recorded != one.total()).sum())
    assert [row[0::2] for row in told(found)] == [("item_twice:" + told(found)[0][0][-2:], differing)]


# -- the command -----------------------------------------------------------------------------------


def command(*words: str) -> tuple[int, str, str]:
    call = "import sys; from ipm_outcomes.cli import main; sys.exit(main(sys.argv[1:]))"
    ran = subprocess.run([sys.executable, "-c", call, *words], capture_output=True, text=True, check=False)
    return ran.returncode, ran.stdout, ran.stderr


def test_the_command(tmp_path: Any) -> None:
    data, right = made("phq9", 200, blank=0)
    site = ["Hill" if row % 2 else "Lake" for row in range(200)]
    off = np.where(np.array(site) == "Hill", 9, 0)
    file, out = tmp_path / "old.csv", tmp_path / "rows.csv"
    table = pl.DataFrame(data | {"site": site, "sum": cells(right + off), "fine": cells(right)})
    table.write_csv(file)
    words = ("audit", str(file), "--instrument", "phq9", "--recorded")
    code, said, erred = command(*words, "total=sum", "--by", "site", "-o", str(out))
    assert code == 1
    assert "coded_one_up (proved, total, site Hill)" in said
    assert "rows 1, 3, 5, 7, 9 ..." in said
    assert pl.read_csv(out).height == 100
    assert str(out) in erred
    code, said, _ = command(*words, "total=sum", "--by", "site", "--json")
    assert code == 1
    told_so = json.loads(said)
    assert [one["cause"] for one in told_so["findings"]] == ["coded_one_up"]
    assert told_so["summary"][0]["differ"] == 100
    assert command(*words, "total=fine")[0] == 0
    for wrong in ("total", "total=nowhere", "nothing=sum"):
        code, said, erred = command(*words, wrong)
        assert (code, said) == (2, "")
        assert erred.startswith("ipm-outcomes: ")


def test_importing_the_library_does_not_load_the_audit() -> None:
    code = "import sys, ipm_outcomes as ipm; ipm.instrument('peg'); assert 'ipm_outcomes.audit' not in sys.modules"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
