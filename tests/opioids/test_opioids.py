"""Prescriptions to daily MME: factors, printed examples, traps, and a count day by day that shares nothing with it."""

from __future__ import annotations

import csv
from datetime import date, timedelta
from fractions import Fraction
from typing import Any

import polars as pl
import pytest
from cases import GOLDEN
from hypothesis import given, settings
from hypothesis import strategies as st
from opioid_cases import COLUMNS, DAY, by_day, prescription, table

from conftest import Backend
from ipm_outcomes import opioids
from ipm_outcomes.errors import DefinitionError, FrameError, ParameterError, UnknownNameError
from ipm_outcomes.opioids._factors import unit_of


def golden(name: str) -> list[dict[str, str]]:
    with (GOLDEN / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def one(
    drug: str, strength: float, unit: str, quantity: float, days: float, **more: Any
) -> dict[str, list[Any]]:
    return table(
        ("a", drug, strength, unit, quantity, days, 0), **{name: [value] for name, value in more.items()}
    )


def rows(data: dict[str, list[Any]], factors: str = "cdc_2022", **options: Any) -> list[dict[str, Any]]:
    return opioids.daily(pl.DataFrame(data), factors, **options).to_dicts()


# ---- factors ---------------------------------------------------------------------------------------


def shipped() -> list[tuple[str, ...]]:
    found = []
    for id in opioids.factor_sets():
        for one in opioids.factor_set(id).factors:
            if one.factor is not None:
                found.append((id, one.drug, one.units[0], str(one.factor), one.evidence))
            for step in one.steps:
                label = f">{step.above}" + ("" if step.up_to is None else f"-{step.up_to}")
                found.append((id, one.drug, f"{one.units[0]} {label}", str(step.factor), one.evidence))
    return sorted(found)


def test_every_factor_is_the_one_that_was_read():
    wanted = [
        (r["set"], r["drug"], r["unit"], r["factor"], r["evidence"]) for r in golden("opioid_factors.csv")
    ]
    assert shipped() == sorted(wanted)


def test_the_guideline_has_ten_factors():
    assert len([row for row in shipped() if row[0] == "cdc_2022"]) == 10


@pytest.mark.parametrize("case", golden("opioid_examples.csv"), ids=lambda case: case["source"][:60])
def test_worked_examples(case):
    data = one(
        case["drug"], float(case["strength"]), case["unit"], float(case["quantity"]),
        float(case["days_supply"]) if case["days_supply"] else None,
        form=case["form"] or None, use_disorder=False,
    )  # fmt: skip
    (found,) = rows(data, case["set"])
    assert found["mme"] == float(Fraction(case["mme"]))
    assert (found["start"], found["end"]) == (DAY, DAY + timedelta(int(case["days"]) - 1))
    assert found["days"] == int(case["days"])
    assert found["factors"] == case["set"]


# ---- traps -----------------------------------------------------------------------------------------


def test_the_scale_of_methadone_applies_to_the_sum_of_the_day():
    # 20 mg and 10 mg: apart 20 x 4 and 10 x 4; on the 10 days of both 30 x 8, not 30 x 4.
    data = table(("a", "methadone", 10, "mg", 60, 30, 0), ("a", "methadone", 10, "mg", 30, 30, 20))
    assert [(r["days"], r["mme"]) for r in rows(data, "cdc_2016")] == [(20, 80), (10, 240), (20, 40)]


def test_the_scale_of_methadone_beside_another_drug():
    data = table(("a", "methadone", 10, "mg", 90, 30, 0), ("a", "oxycodone", 10, "mg", 60, 30, 0))
    assert [r["mme"] for r in rows(data, "cdc_2016")] == [30 * 8 + 20 * 1.5]


def test_methadone_in_thirds_at_an_edge():
    # 3 x 20/3 mg = 20 mg exactly, which is still the first step: 80 MME. Rounded up it would be 160.
    data = table(*[("a", "methadone", 20, "mg", 1, 3, 0)] * 3)
    assert [r["mme"] for r in rows(data, "cdc_2016")] == [80]


def test_methadone_in_thirds_at_an_edge_beside_another_drug():
    # 80 MME as above and 10 mg x 1.5 = 15: the other drug has no part in the sum that decides the step.
    data = table(*[("a", "methadone", 20, "mg", 1, 3, 0)] * 3, ("a", "oxycodone", 10, "mg", 3, 3, 0))
    assert [r["mme"] for r in rows(data, "cdc_2016")] == [95]


def test_methadone_in_thirds_at_a_threshold():
    # 3 x 12.5/3 mg = 12.5 mg, x 4 = 50 MME exactly.
    data = table(*[("a", "methadone", 12.5, "mg", 1, 3, 0)] * 3)
    assert [(r["mme"], r["at_least_50"]) for r in rows(data, "cdc_2016")] == [(50, True)]


def test_thirds_that_sum_to_a_threshold():
    # 50/3 MME three times: 50 exactly, but 49.999... when the parts are rounded.
    data = table(*[("a", "morphine", 50, "mg", 1, 3, 0)] * 3)
    assert [(r["mme"], r["at_least_50"], r["at_least_90"]) for r in rows(data)] == [(50, True, False)]


def test_tenths_that_sum_to_a_threshold():
    # 0.1 has no binary form: 900 times 0.1 mg a day is 90 MME exactly.
    data = table(*[("a", "morphine", 0.1, "mg", 90, 1, 0)] * 10)
    assert sum([0.1] * 900) != 90
    assert [(r["mme"], r["at_least_90"]) for r in rows(data)] == [(90, True)]


def test_just_below_a_threshold_is_below():
    data = one("morphine", 89.999, "mg", 30, 30)
    assert [(r["at_least_50"], r["at_least_90"]) for r in rows(data)] == [(True, False)]


def test_many_decimals_are_kept_exactly():
    data = table(("a", "morphine", 49.9999999, "mg", 1, 1, 0), ("a", "morphine", 0.0000001, "mg", 1, 1, 0))
    assert [(r["mme"], r["at_least_50"]) for r in rows(data)] == [(50, True)]


@pytest.mark.parametrize(
    ("reason", "data", "factors"),
    [
        ("unknown_drug", one("levorphanol", 2, "mg", 90, 30), "cdc_2022"),
        ("unknown_drug", one("", 2, "mg", 90, 30), "cdc_2022"),
        ("no_factor", one("buprenorphine", 8, "mg", 30, 30), "cdc_2022"),
        ("no_factor", one("Buprenorphine", 10, "mcg/h", 4, 28, form="patch"), "cdc_2016"),
        ("purpose_needed", one("buprenorphine", 8, "mg", 30, 30), "cdc_2016_file"),
        ("use_disorder", one("buprenorphine", 8, "mg", 30, 30, use_disorder=True), "cdc_2016_file"),
        ("use_disorder", one("methadone", 10, "mg", 90, 30, use_disorder=True), "cdc_2022"),
        ("form_unfit", one("morphine", 10, "mg/mL", 30, 30, form="injection"), "cdc_2022"),
        ("form_unfit", one("butorphanol", 2, "mg/mL", 30, 30, form="injection"), "cdc_2016_file"),
        ("form_unfit", one("codeine", 10, "mg/5 mL", 120, 4, form="syrup"), "cdc_2016_file"),
        ("form_unfit", one("morphine", 10, "mg", 300, 30, form="oral solution"), "cdc_2022"),
        ("form_unfit", one("morphine", 10, "mg/mL", 60, 30, form="tablet"), "cdc_2022"),
        ("form_needed", one("fentanyl", 100, "mcg", 60, 30), "cdc_2016_file"),
        ("unit_unfit", one("fentanyl", 100, "mcg", 60, 30, form="lozenge"), "cdc_2022"),
        ("unit_unfit", one("oxycodone", 25, "mcg/h", 10, 30), "cdc_2022"),
        ("unit_unfit", one("levorphanol", 2, "mg/mL", 60, 30), "cdc_2016_file"),
        ("unit_unknown", one("oxycodone", 10, "tablets", 60, 30), "cdc_2022"),
        ("unit_unknown", one("oxycodone", 10, None, 60, 30), "cdc_2022"),
        ("strength", one("oxycodone", 0, "mg", 60, 30), "cdc_2022"),
        ("strength", one("oxycodone", None, "mg", 60, 30), "cdc_2022"),
        ("quantity", one("oxycodone", 10, "mg", -60, 30), "cdc_2022"),
        ("quantity", one("fentanyl", 25, "mcg/h", 2.5, 30), "cdc_2022"),
        ("out_of_range", one("oxycodone", 10, "mg", 10_000_000, 30), "cdc_2022"),
        ("out_of_range", one("oxycodone", 1e-300, "mg", 60, 30), "cdc_2022"),
    ],
    ids=lambda value: value if isinstance(value, str) else None,
)
def test_what_has_no_dose_is_reported_and_never_zero(reason, data, factors):
    (found,) = rows(data, factors)
    assert (found["mme"], found["mme_at_least"], found["at_least_50"], found["at_least_90"]) == (None,) * 4
    assert (found["reason"], found["prescriptions"], found["not_converted"]) == (reason, 0, 1)
    assert found["opioid"] is (None if reason == "unknown_drug" else True)
    (listed,) = opioids.check(pl.DataFrame(data), factors).to_dicts()
    assert (listed["row"], listed["rule"], listed["converted"]) == (0, reason, False)
    assert listed["message"] == opioids.REASONS[reason]


def test_a_dose_beside_an_unknown_drug_is_a_lower_limit():
    known, unknown = ("a", "morphine", 60, "mg", 30, 30, 0), ("a", "levorphanol", 2, "mg", 60, 20, 0)
    first, second = rows(table(known, unknown))
    assert (first["days"], first["mme"], first["mme_at_least"]) == (20, None, 60)
    # At 60 or more it is above 50 for certain; whether it reaches 90 is open.
    assert (first["at_least_50"], first["at_least_90"], first["opioid"]) == (True, None, True)
    assert (second["days"], second["mme"], second["at_least_90"], second["reason"]) == (10, 60, False, None)


def test_buprenorphine_leaves_the_dose_of_the_others_complete():
    data = table(("a", "morphine", 60, "mg", 30, 30, 0), ("a", "buprenorphine", 8, "mg", 30, 30, 0))
    (found,) = rows(data)
    assert (found["mme"], found["at_least_90"], found["not_converted"]) == (60, False, 1)
    assert found["reason"] == "no_factor"


def test_a_patch_beside_its_recorded_days_is_told():
    data = one("fentanyl", 25, "mcg/h", 10, 20)
    assert [(r["days"], r["mme"]) for r in rows(data)] == [(30, 60)]
    assert opioids.check(pl.DataFrame(data)).select("rule", "converted").rows() == [("patch_days", True)]
    assert opioids.check(pl.DataFrame(one("fentanyl", 25, "mcg/h", 10, 30))).is_empty()


def test_a_liquid_without_a_form_is_told():
    data = pl.DataFrame(one("morphine", 2, "mg/mL", 300, 30))
    assert opioids.check(data).select("rule", "converted").rows() == [("form_assumed", True)]
    assert opioids.daily(data)["mme"].to_list() == [20]


def test_words_of_the_table_can_be_declared():
    data = table(
        ("a", "OXYCODONE  HCL", 10, "mg", 60, 30, 0), ("b", "ibuprofen", 400, "mg", 90, 30, 0),
        form=["TAB", "TAB"],
    )  # fmt: skip
    meanings = {"drug": {"oxycodone hcl": "oxycodone", "Ibuprofen": None}, "form": {"tab": "tablet"}}
    first, second = rows(data, meanings=meanings)
    assert (first["mme"], first["reason"]) == (30, None)
    # The patient stays, without an opioid.
    assert (second["start"], second["end"], second["reason"], second["opioid"]) == (
        None,
        None,
        "no_opioid",
        False,
    )
    assert second["not_converted"] == 0


@pytest.mark.parametrize("lost", ["start", "days_supply"])
def test_a_prescription_without_its_place_keeps_a_row(lost):
    row = ["a", "morphine", 60, "mg", 30, 30, 0]
    row[COLUMNS.index(lost)] = None
    first, second = rows(table(("a", "morphine", 10, "mg", 30, 30, 0), tuple(row)))
    assert (first["mme"], first["days"]) == (10, 30)
    assert (second["start"], second["end"]) == (None if lost == "start" else DAY, None)
    assert (second["mme"], second["reason"], second["opioid"]) == (None, lost, True)


def test_days_supply_in_parts_of_days_is_no_days_supply():
    assert [r["reason"] for r in rows(one("morphine", 60, "mg", 30, 2.5))] == ["days_supply"]


# ---- overlaps --------------------------------------------------------------------------------------


def test_an_early_refill_counts_twice_or_follows():
    data = table(("a", "morphine", 60, "mg", 30, 30, 0), ("a", "Morphine", 60, "mg", 30, 30, 25))
    assert [(r["days"], r["mme"], r["overlap"]) for r in rows(data)] == [
        (25, 60, "add"),
        (5, 120, "add"),
        (25, 60, "add"),
    ]
    assert [(r["days"], r["mme"], r["overlap"]) for r in rows(data, overlap="in_turn")] == [
        (60, 60, "in_turn")
    ]


def test_only_one_drug_in_one_strength_follows():
    data = table(
        ("a", "morphine", 60, "mg", 30, 30, 0), ("a", "morphine", 15, "mg", 30, 30, 25),
        ("a", "hydrocodone", 60, "mg", 30, 30, 25), ("b", "morphine", 60, "mg", 30, 30, 25),
    )  # fmt: skip
    assert rows(data, overlap="in_turn") == [row | {"overlap": "in_turn"} for row in rows(data)]


def test_a_gap_is_no_supply():
    # The third follows the second, which begins late: days 0-9, 20-29 and 30-39.
    data = table(*[("a", "morphine", 60, "mg", 10, 10, start) for start in (22, 0, 20)])
    found = [((r["start"] - DAY).days, r["days"]) for r in rows(data, overlap="in_turn")]
    assert found == [(0, 10), (20, 20)]


@settings(max_examples=80, deadline=None)
@given(st.lists(prescription, min_size=1, max_size=10), st.randoms())
def test_in_turn_keeps_the_total_and_does_not_ask_for_the_order_of_rows(listed, random):
    mixed = list(listed)
    random.shuffle(mixed)
    found = rows(table(*listed), overlap="in_turn")
    assert found == rows(table(*mixed), overlap="in_turn")

    def total(some: list[dict[str, Any]]) -> float:
        return sum(r["days"] * (r["mme_at_least"] or 0) for r in some)

    assert total(found) == pytest.approx(total(rows(table(*listed))))
    # One after the other: no more prescriptions on a day than there are drugs in different strengths.
    for row in found:
        kinds = {(one[1], one[2]) for one in listed if one[0] == row["patient_id"]}
        assert row["prescriptions"] <= len(kinds)


# ---- arguments -------------------------------------------------------------------------------------


def test_columns_of_other_names():
    data = one("morphine", 60, "mg", 30, 30)
    data = {f"rx_{name}": values for name, values in data.items()}
    found = rows(data, columns={name: f"rx_{name}" for name in COLUMNS})
    assert (found[0]["patient_id"], found[0]["mme"]) == ("a", 60)


def test_dates_as_text():
    data = one("morphine", 60, "mg", 30, 30) | {"start": ["01/05/2026"]}
    assert rows(data, date_format="%m/%d/%Y")[0]["start"] == date(2026, 1, 5)


def test_a_set_of_ones_own(tmp_path):
    from ipm_outcomes.catalog import shelf

    text = (shelf() / "opioids" / "factors" / "cdc_2022.toml").read_text(encoding="utf-8")
    own = tmp_path / "own.toml"
    own.write_text(
        text.replace('id = "cdc_2022"', 'id = "own"').replace("factor = 5.0", "factor = 4"), encoding="utf-8"
    )
    data = one("hydromorphone", 4, "mg", 90, 30)
    assert [(r["mme"], r["factors"]) for r in rows(data, own)] == [(48, "own")]
    assert [r["mme"] for r in rows(data, opioids.factor_set(own))] == [48]


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("factor = 5.0", "factor = -5.0", "factor"),
        ("factor = 5.0\n", "", "it has a factor, or steps"),
        ('forms = ["patch"]', 'forms = ["plaster"]', "plaster"),
        ("lasts = 3\n", "", "lasts a number of days"),
        ('units = ["mcg/h"]', 'units = ["mcg/day"]', "a unit is none of"),
        ('units = ["mcg/h"]', 'units = ["mcg"]', "per hour"),
        ('key = "cdc_file_2016"', 'key = "other"', "cdc_file_2016"),
        ('drug = "buprenorphine"', 'drug = "Codeine"', "has a factor"),
    ],
)
def test_a_set_that_does_not_hold_together_is_refused(tmp_path, old, new, told):
    from ipm_outcomes.catalog import shelf

    text = (shelf() / "opioids" / "factors" / "cdc_2022.toml").read_text(encoding="utf-8")
    assert old in text
    own = tmp_path / "own.toml"
    own.write_text(text.replace('id = "cdc_2022"', 'id = "own"').replace(old, new, 1), encoding="utf-8")
    with pytest.raises(DefinitionError, match=told):
        opioids.factor_set(own)


@pytest.mark.parametrize(
    ("edges", "told"),
    [
        (
            "{ above = 0, up_to = 20, factor = 4 }, { above = 30, factor = 8 }",
            "begins where the one before ends",
        ),
        ("{ above = 5, up_to = 20, factor = 4 }, { above = 20, factor = 8 }", "begin above 0"),
        (
            "{ above = 0, up_to = 20, factor = 4 }, { above = 20, up_to = 40, factor = 8 }",
            "the last has no end",
        ),
    ],
)
def test_steps_with_gaps_are_refused(tmp_path, edges, told):
    from ipm_outcomes.catalog import shelf

    text = (shelf() / "opioids" / "factors" / "cdc_2022.toml").read_text(encoding="utf-8")
    own = tmp_path / "own.toml"
    text = text.replace('id = "cdc_2022"', 'id = "own"').replace("factor = 4.7", f"steps = [{edges}]")
    own.write_text(text, encoding="utf-8")
    with pytest.raises(DefinitionError, match=told):
        opioids.factor_set(own)


def test_refusals():
    data = pl.DataFrame(one("morphine", 60, "mg", 30, 30))
    with pytest.raises(UnknownNameError, match="cdc_2016, cdc_2016_file, cdc_2022"):
        opioids.daily(data, "cdc_2024")
    with pytest.raises(FrameError, match="no column 'unit'"):
        opioids.daily(data.drop("unit"))
    with pytest.raises(FrameError, match=r"patient_id: missing in 1 row\(s\)"):
        opioids.daily(data.with_columns(patient_id=pl.lit(None, pl.String)))
    with pytest.raises(FrameError, match=r"strength: holds text .* of the opioid alone"):
        opioids.daily(data.with_columns(strength=pl.lit("5-325")))
    with pytest.raises(FrameError, match="use_disorder: holds something else than true and false"):
        opioids.daily(data.with_columns(use_disorder=pl.lit("no")))
    with pytest.raises(ParameterError, match="columns: 'medication' is none of"):
        opioids.daily(data, columns={"medication": "drug"})
    with pytest.raises(ParameterError, match="meanings: a mapping"):
        opioids.daily(data, meanings={"unit": {"TAB": None}})
    with pytest.raises(ParameterError, match="factors: the id of a set"):
        opioids.daily(data, 2022)
    with pytest.raises(ParameterError, match="must be one of: add, in_turn"):
        opioids.daily(data, overlap="sum")


@pytest.mark.parametrize(
    ("text", "milligrams", "per"),
    [
        ("mg", Fraction(1), "unit"),
        ("MCG", Fraction(1, 1000), "unit"),
        ("µg", Fraction(1, 1000), "unit"),
        ("μg/h", Fraction(1, 1000), "h"),
        ("mcg / hr", Fraction(1, 1000), "h"),
        ("mg/ml", Fraction(1), "mL"),
        ("mg/5mL", Fraction(1, 5), "mL"),
        ("mg/2.5 mL", Fraction(2, 5), "mL"),
        ("g", Fraction(1000), "unit"),
    ],
)
def test_units(text, milligrams, per):
    found = unit_of(text)
    assert found is not None
    assert (found.milligrams, found.per) == (milligrams, per)


@pytest.mark.parametrize("text", ["", "mL", "mg/0 mL", "mg/day", "mgmg", "kg", "mg/mL/h", "%"])
def test_what_is_no_unit(text):
    assert unit_of(text) is None


# ---- every kind of frame ---------------------------------------------------------------------------

MIXED = table(
    ("b", "Oxycodone", 10, "mg", 60, 30, 10), ("a", "methadone", 10, "mg", 90, 30, 0),
    ("a", "fentanyl", 25, "mcg/h", 5, 15, 20), ("c", "levorphanol", 2, "mg", 60, 20, 0),
    ("b", "codeine", 30, "mg", 40, 7, 35), ("d", "morphine", 60, "mg", 30, None, 5),
    ("b", "hydrocodone", 7.5, "mg/15 mL", 473, 9, 12),
)  # fmt: skip
MIXED_ROWS = [
    # a: 30 mg of methadone x 8 = 240; patch 25 x 2.4 = 60 for 15 days from day 20.
    ("a", 0, 19, 240, None), ("a", 20, 29, 300, None), ("a", 30, 34, 60, None),
    # b: 20 x 1.5 = 30 on days 10-39; 7.5/15 x 473/9 = 473/18 on days 12-20; 30 x 40/7 x 0.15 = 180/7 on days 35-41.
    ("b", 10, 11, 30, None), ("b", 12, 20, 30 + Fraction(473, 18), None), ("b", 21, 34, 30, None),
    ("b", 35, 39, 30 + Fraction(180, 7), None), ("b", 40, 41, Fraction(180, 7), None),
    ("c", 0, 19, None, "unknown_drug"), ("d", 5, None, None, "days_supply"),
]  # fmt: skip


def test_every_kind_of_frame(backend: Backend) -> None:
    found = backend.rows(opioids.daily(backend.make(MIXED), "cdc_2016"))
    as_date = [value.date() if hasattr(value, "date") else value for value in found["start"]]
    ends = [value.date() if hasattr(value, "date") else value for value in found["end"]]
    assert found["patient_id"] == [row[0] for row in MIXED_ROWS]
    assert as_date == [DAY + timedelta(row[1]) for row in MIXED_ROWS]
    assert ends == [None if row[2] is None else DAY + timedelta(row[2]) for row in MIXED_ROWS]
    assert found["days"] == [None if row[2] is None else row[2] - row[1] + 1 for row in MIXED_ROWS]
    for value, row in zip(found["mme"], MIXED_ROWS, strict=True):
        assert value == (None if row[3] is None else pytest.approx(float(row[3]), rel=1e-15))
    assert found["reason"] == [row[4] for row in MIXED_ROWS]
    assert found["at_least_50"] == [None if row[3] is None else row[3] >= 50 for row in MIXED_ROWS]
    assert found["opioid"] == [None if row[0] == "c" else True for row in MIXED_ROWS]
    assert set(found["factors"]) == {"cdc_2016"}


def test_the_list_of_problems_in_every_kind_of_frame(backend: Backend) -> None:
    found = backend.rows(opioids.check(backend.make(MIXED), "cdc_2016"))
    assert found["row"] == [3, 5, 6]
    assert found["drug"] == ["levorphanol", "morphine", "hydrocodone"]
    assert found["rule"] == ["unknown_drug", "days_supply", "form_assumed"]
    assert found["converted"] == [False, False, True]


def test_no_prescriptions(backend: Backend) -> None:
    some = opioids.daily(backend.make(MIXED))
    if backend.name in ("polars", "pandas-numpy", "pandas-arrow", "pandas-nullable"):
        empty = backend.make(MIXED)[:0]
        assert list(backend.rows(opioids.daily(empty))) == list(backend.rows(some))
        assert len(opioids.daily(empty)) == 0


# ---- against a count day by day --------------------------------------------------------------------


@settings(max_examples=150, deadline=None)
@given(st.lists(prescription, min_size=1, max_size=12))
def test_the_same_as_a_count_day_by_day(listed):
    wanted = by_day(listed)
    seen = {}
    for row in rows(table(*listed), "cdc_2016"):
        first = (row["start"] - DAY).days
        for day in range(first, (row["end"] - DAY).days + 1):
            assert (row["patient_id"], day) not in seen
            seen[row["patient_id"], day] = row
    assert set(seen) == set(wanted)
    for at, cell in wanted.items():
        row = seen[at]
        complete = cell["some"] and not cell["unknown"]
        assert row["mme"] == (pytest.approx(float(cell["mme"]), rel=1e-15) if complete else None)
        assert row["mme_at_least"] == (pytest.approx(float(cell["mme"]), rel=1e-15) if cell["some"] else None)
        for limit in (50, 90):
            reached = cell["mme"] >= limit
            decided = complete or (cell["some"] and reached)
            assert row[f"at_least_{limit}"] is (bool(reached) if decided else None)
        assert row["prescriptions"] == cell["some"]
        assert row["not_converted"] == cell["unknown"] + cell["excluded"]
        assert row["opioid"] is (True if cell["some"] or cell["excluded"] else None)


@settings(max_examples=60, deadline=None)
@given(st.lists(prescription, min_size=2, max_size=10), st.randoms())
def test_the_order_of_rows_changes_nothing(listed, random):
    mixed = list(listed)
    random.shuffle(mixed)
    assert rows(table(*listed), "cdc_2016") == rows(table(*mixed), "cdc_2016")


@settings(max_examples=60, deadline=None)
@given(st.lists(prescription, min_size=1, max_size=8), st.data())
def test_splitting_a_prescription_changes_nothing(listed, data):
    """A prescription of n days is n prescriptions of one day, each of its share of the quantity."""
    at = data.draw(st.integers(0, len(listed) - 1))
    patient, drug, strength, unit, quantity, days, start = listed[at]
    quantity *= days  # so that the shares are whole
    whole = [*listed[:at], (patient, drug, strength, unit, quantity, days, start), *listed[at + 1 :]]
    cut = data.draw(st.integers(0, days))
    parts = [
        (patient, drug, strength, unit, quantity * length // days, length, begin)
        for length, begin in ((cut, start), (days - cut, start + cut))
        if length
    ]
    assert rows(table(*whole), "cdc_2016") == rows(table(*listed[:at], *parts, *listed[at + 1 :]), "cdc_2016")
