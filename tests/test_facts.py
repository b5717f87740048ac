"""Every number, code, mark and label of every definition, against `golden/facts`, typed from publications.

One row for each decided part: its place, what it says, how strong the evidence is, the works it rests on. The column
`reference` says where it was read: a file, and words of the passage, which `real/test_facts_real.py` looks up; or
an address.
"""

from __future__ import annotations

import csv
from collections import Counter

import pytest
from cases import GOLDEN
from facts import Row, rows

import ipm_outcomes as ipm


def golden_facts(id: str) -> list[Row]:
    with (GOLDEN / "facts" / f"{id}.csv").open(encoding="utf-8", newline="") as file:
        return [Row(r["place"], r["value"], r["evidence"], r["source"]) for r in csv.DictReader(file)]


@pytest.mark.parametrize("id", ipm.instruments())
def test_every_decided_part_is_the_one_that_was_read(id: str) -> None:
    """A new part needs a row of its own; a changed one another value there, read where the old one was read."""
    shipped, read = Counter(rows(ipm.instrument(id))), Counter(golden_facts(id))
    assert {"not in golden/facts": sorted(shipped - read), "not shipped": sorted(read - shipped)} == {
        "not in golden/facts": [],
        "not shipped": [],
    }


@pytest.mark.parametrize("id", ipm.instruments())
def test_no_fact_is_without_a_row(id: str) -> None:
    """The rows are made by another walk than `Instrument.facts`, so neither can leave a part out unseen."""
    counted = sum(1 for row in rows(ipm.instrument(id)) if row.evidence and row.source)
    assert counted == sum(1 for _ in ipm.instrument(id).facts())
