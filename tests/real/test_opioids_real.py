"""The shipped conversion factors against the reference, which is not part of the project."""

from __future__ import annotations

import csv
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pytest

from ipm_outcomes import opioids

SETS = {
    "cdc_2022": "CDC 2022 guideline table",
    "cdc_2016": "CDC 2016 clinical guidance table",
    "cdc_2016_file": "CDC compilation of oral MME conversion factors, 2016 version",
}


@pytest.mark.parametrize("id", SETS)
def test_the_factors_are_those_of_the_reference(id: str, real: Callable[[str], Path]) -> None:
    with real("opioid_mme.csv").open(encoding="utf-8", newline="") as file:
        read = [row for row in csv.DictReader(file) if row["source"].startswith(SETS[id])]
    wanted = sorted((row["drug"], Decimal(row["factor"])) for row in read if row["factor"])
    found = opioids.factor_set(id)
    shipped = [(one.drug, one.factor) for one in found.factors if one.factor is not None]
    shipped += [(one.drug, step.factor) for one in found.factors for step in one.steps]
    assert sorted(shipped) == wanted
    assert {row["drug"] for row in read if not row["factor"]} <= {one.drug for one in found.without_factor}


def test_the_edges_of_methadone_are_those_of_the_later_list(real: Callable[[str], Path]) -> None:
    with real("opioid_mme.csv").open(encoding="utf-8", newline="") as file:
        read = [
            row
            for row in csv.DictReader(file)
            if "2017 version" in row["source"] and row["drug"] == "methadone"
        ]
    (methadone,) = opioids.factor_set("cdc_2016").of("methadone")
    labels = [
        f"oral, >{step.above}-{step.up_to} mg/day" if step.up_to else f"oral, >{step.above} mg/day"
        for step in methadone.steps
    ]
    assert [(label, step.factor) for label, step in zip(labels, methadone.steps, strict=True)] == [
        (row["route_unit"], Decimal(row["factor"])) for row in read
    ]


def test_the_golden_rows_name_rows_of_the_reference(real: Callable[[str], Path]) -> None:
    with real("opioid_mme.csv").open(encoding="utf-8", newline="") as file:
        read = {
            (row["drug"], row["route_unit"], row["factor"]) for row in csv.DictReader(file) if row["factor"]
        }
    golden = Path(__file__).parents[1] / "golden" / "opioid_factors.csv"
    with golden.open(encoding="utf-8", newline="") as file:
        named = {(row["drug"], row["reference"], row["factor"]) for row in csv.DictReader(file)}
    assert named <= read
