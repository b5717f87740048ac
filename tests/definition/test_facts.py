"""Every number, code, mark and label of every definition, against `golden/facts`, typed from publications.

One row for each decided part: its place, what it says, how strong the evidence is, the works it rests on. The column
`reference` says where it was read: a file, and words of the passage, which `real/test_facts_real.py` looks up; or
an address.
"""

from __future__ import annotations

import csv
from collections import Counter
from pathlib import Path

import pytest
from cases import GOLDEN
from facts import Row, indicator_rows, rows

import ipm_outcomes as ipm
from ipm_outcomes import program

CHANGES = Path(__file__).parents[2] / "CHANGELOG.md"


def facts_file(id: str) -> Path:
    return GOLDEN / "facts" / f"{id}.csv"


def golden_facts(id: str) -> list[Row]:
    with facts_file(id).open(encoding="utf-8", newline="") as file:
        return [Row(r["place"], r["value"], r["evidence"], r["source"]) for r in csv.DictReader(file)]


def compare(found: list[Row], read: list[Row]) -> None:
    ours, theirs = Counter(found), Counter(read)
    unread, gone = sorted(ours - theirs), sorted(theirs - ours)
    assert (unread, gone) == ([], []), (
        "what ships and golden/facts differ: only in the first, only in the second"
    )


@pytest.mark.parametrize("id", ipm.instruments())
def test_every_decided_part_is_the_one_that_was_read(id: str) -> None:
    """A new part needs a row of its own; a changed one another value there, read where the old one was read."""
    if not facts_file(id).exists():
        pytest.skip("nobody has read the publications of this definition a second time yet")
    compare(rows(ipm.instrument(id)), golden_facts(id))


def test_no_definition_is_released_before_its_second_reading() -> None:
    """Until then it stands among the changes that are not released; their heading goes with the release."""
    unreleased = CHANGES.read_text(encoding="utf-8").split("\n## Unreleased\n")[-1].split("\n## ")[0]
    waiting = [id for id in ipm.instruments() if not facts_file(id).exists()]
    assert [id for id in waiting if f"`{id}`" not in unreleased] == []


def test_every_rule_of_every_indicator_is_the_one_that_was_read() -> None:
    """Relations between indicators follow from the rules, and are proved elsewhere."""
    found = [row for id in program.indicators() for row in indicator_rows(program.indicator(id))]
    compare(found, golden_facts("indicators"))


@pytest.mark.parametrize("id", ipm.instruments())
def test_no_fact_is_without_a_row(id: str) -> None:
    """The rows are made by another walk than `Instrument.facts`, so neither can leave a part out unseen."""
    counted = sum(1 for row in rows(ipm.instrument(id)) if row.evidence and row.source)
    assert counted == sum(1 for _ in ipm.instrument(id).facts())
