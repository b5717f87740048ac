"""Batteries: what covers each measure, printed from the definitions, and nothing that is not there."""

from __future__ import annotations

import importlib
import importlib.util
import re
from functools import reduce
from pathlib import Path
from typing import Any

import pytest

import ipm_outcomes as ipm
from ipm_outcomes.batteries import Battery, BatteryRow, batteries, parse
from ipm_outcomes.errors import DefinitionError, UnknownNameError

ROOT = Path(__file__).parents[2]
ROWS = [(id, row) for id in batteries() for row in ipm.battery(id).rows]
SOURCE = {"key": "made", "cite": "Made up"}


def made_up(**row: Any) -> Battery:
    whole = {"id": "fog", "domain": "weather", "metric": "Fog", "not_computed": "Rain.", "source": "made"}
    rows = [{"evidence": "unverified"} | whole | row]
    data = {"id": "sky", "title": "Sky", "about": "Made up.", "sources": [SOURCE], "rows": rows}
    return parse(data, file="sky.toml", digest="")


def test_the_measures_of_pain_programs() -> None:
    """19 rows; no instrument is in two of them."""
    found = ipm.battery("table3")
    assert len(found.rows) == 19
    listed = [id for row in found.rows for id in row.instruments]
    assert len(set(listed)) == len(listed) >= 25
    assert set(listed) <= set(ipm.instruments())
    assert all(row.evidence == "unverified" for row in found.rows)  # the paper was not read
    assert all(row.covered for row in found.rows)


@pytest.mark.parametrize(("id", "row"), ROWS, ids=[f"{id}-{row.id}" for id, row in ROWS])
def test_what_covers_a_row_is_there(id: str, row: BatteryRow) -> None:
    for name in row.functions:
        room, *path = name.split(".")
        assert callable(reduce(getattr, path, importlib.import_module(f"ipm_outcomes.{room}")))
    told = "\n".join(row.scores)
    for instrument in row.instruments:
        for scale in ipm.instrument(instrument).scales:
            assert (scale.short_title or scale.title) in told
    assert ("unverified" in told) == any(
        scale.evidence == "unverified" for one in row.instruments for scale in ipm.instrument(one).scales
    )


def test_text_of_a_battery() -> None:
    lines = str(ipm.battery("table3")).splitlines()
    assert [line.split(".")[0] for line in lines if re.match(r"\d", line)] == [str(n) for n in range(1, 20)]
    assert sum(line.startswith("   not computed: ") for line in lines) == 19
    assert repr(ipm.battery("table3")).startswith("<battery table3, 19 rows: peg, promis, ")


def test_the_page_of_a_battery_says_all_of_it() -> None:
    pytest.importorskip("mkdocs", reason="the pages are made by mkdocs, of the group dev")
    path = ROOT / "docs" / "instrument_pages.py"
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec
    assert spec.loader
    pages = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(pages)
    for id in batteries():
        found = ipm.battery(id)
        page = "\n".join(pages.battery_page(found))
        for row in found.rows:
            assert all(told in page for told in (row.domain, row.metric, row.not_computed, *row.scores))
            assert all(f"(../instruments/{id}.md)" in page for id in row.instruments)


def test_a_row_that_nothing_covers() -> None:
    (row,) = made_up().rows
    assert (row.covered, row.scores) == (False, ())
    (row,) = made_up(functions=["opioids.daily"], computed="doses").rows
    assert (row.covered, row.scores) == (True, ("opioids.daily: doses",))


@pytest.mark.parametrize(
    ("row", "told"),
    [
        ({"instruments": ["fog"]}, "rows[0] (fog): there is no instrument 'fog'"),
        ({"computed": "doses"}, "it says what is computed if, and only if, it names functions"),
        ({"functions": ["opioids.daily"]}, "it says what is computed if, and only if, it names functions"),
        ({"source": "nobody"}, "the source 'nobody' is not among the sources of the file"),
        ({"evidence": "certain"}, "rows"),
    ],
)
def test_a_battery_that_does_not_hold_together(row: dict[str, Any], told: str) -> None:
    with pytest.raises(DefinitionError, match=re.escape(told)):
        made_up(**row)


def test_names_that_are_not_there() -> None:
    with pytest.raises(UnknownNameError, match="there are table3"):
        ipm.battery("table9")
    with pytest.raises(UnknownNameError, match="peg, promis, "):
        ipm.battery("table3").row("weather")
