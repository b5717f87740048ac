"""Which figure is the headline is said by the definitions, for disclosure control and the report alike."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl
import pytest
from report_cases import HEADLINES, example_tables, pairs, peg_tables
from suppress_cases import frame, line

from ipm_outcomes import program, report
from ipm_outcomes.catalog import instrument, instruments
from ipm_outcomes.definition import Instrument
from ipm_outcomes.errors import DefinitionError
from ipm_outcomes.program._headline import main_target, rank, success_of
from ipm_outcomes.program.indicators import Indicator, indicator, indicators, parse
from ipm_outcomes.program.suppression import suppress
from ipm_outcomes.program.suppression._levels import Levels
from ipm_outcomes.program.suppression._read import columns_of, frame_of, rows_of


def comet(**more: Any) -> Instrument:
    """An instrument of one's own, built as the PEG is."""
    peg = instrument("peg")
    success = more.pop("success", None)
    scale = peg.scale("mean").model_copy(update={"success": success})
    return peg.model_copy(update={"id": "comet", "scales": (scale,), "priority": None, **more})


def responders(lower: int, of: str = "comet.mean", names: tuple[str, str] = ("responder_30", "responder_50")):
    """66 of 100 reached the lower line and 60 the higher: one of the two has to go, to protect the 6 between."""
    inst, scale = of.split(".")
    place = {"instrument": inst, "scale": scale, "target": "6 months", "band": None}
    return [
        line(x, 100, 100, 100, indicator=f"{name}:{of}:6 months", definition=name, **place)
        for name, x in zip(names, (lower, 60), strict=True)
    ]


@pytest.mark.parametrize(("success", "kept"), [("responder_30", [66, None]), ("responder_50", [None, 60])])
def test_the_rule_that_a_scale_names_is_given_up_last(success: str, kept: list[int | None]) -> None:
    out = suppress(frame(responders(66)), by=[], definitions=[comet(success=success)])
    assert out["numerator"].to_list() == kept


@pytest.mark.parametrize(("of", "kept"), [("peg.mean", [66, None]), ("phq9.total", [None, 60])])
def test_instruments_on_the_shelf_say_it_too(of: str, kept: list[int | None]) -> None:
    assert suppress(frame(responders(66, of)), by=[])["numerator"].to_list() == kept


def line_of(percent: int, order: int) -> Indicator:
    """An indicator of one's own that may say who did well."""
    one = indicator(f"responder_{percent}")
    told = {"order": order, "words": f"came {percent} % further"}
    return one.model_copy(update={"id": f"mine_{percent}", "success": type(one.success)(**told)})


@pytest.mark.parametrize(("orders", "kept"), [((1, 2), [66, None]), ((2, 1), [None, 60])])
def test_where_the_scale_names_none_the_order_of_the_indicators_decides(
    orders: tuple[int, int], kept: list[int | None]
) -> None:
    own = [comet(), line_of(30, orders[0]), line_of(50, orders[1])]
    table = frame(responders(66, names=("mine_30", "mine_50")))
    assert suppress(table, by=[], definitions=own)["numerator"].to_list() == kept


def levels(table: pl.DataFrame, by: list[str], own: list[Instrument]) -> set[tuple[str | None, ...]]:
    """Definition, instrument, scale and target of the rows that are given up last."""
    read = frame_of(table)
    rows = rows_of(read, columns_of(read, by, ()))
    level = Levels(
        rows, lambda name: indicator(name) if name in indicators() else None, {o.id: o for o in own}
    )
    return {(row.definition, *row.about) for row in rows if level(row, "numerator") == 0}


def test_of_several_instruments_the_one_of_the_lowest_priority_leads() -> None:
    rows = [*responders(66, "phq9.total"), *responders(66, "peg.mean"), *responders(66)]
    own = comet(success="responder_50", priority=1)
    assert levels(frame(rows), [], []) == {("responder_30", "peg", "mean", "6 months")}
    assert levels(frame(rows), [], [own]) == {("responder_50", "comet", "mean", "6 months")}
    last = [comet(success="responder_50", priority=1000), comet(success="responder_50")]
    for one in last:
        assert levels(frame(rows), [], [one]) == {("responder_30", "peg", "mean", "6 months")}
    # Equal priorities, or none at all: by id, whatever the order of the rows.
    assert sorted((comet(), instrument("prs")), key=lambda one: rank(one, one.lead_scale.id))[0].id == "comet"


def test_without_a_follow_up_at_6_months_the_first_is_the_main_one() -> None:
    assert main_target(["12 months", "6 months"]) == "6 months"
    assert main_target(["12 months", "3 months"]) == "3 months"
    assert main_target([]) == "6 months"


@pytest.mark.parametrize(("only", "headline"), HEADLINES)
def test_the_headline_of_a_table(only: list[str], headline: tuple[str, ...]) -> None:
    """`tests/report/test_claims.py` holds the report to the same."""
    table = example_tables()[2].filter(pl.col("instrument").is_in(only))
    assert levels(table, ["site"], []) == {headline}


def test_page_1_tells_the_rule_of_ones_own(tmp_path: Path) -> None:
    """Of 60 followed, 40 came from 8 to 4 and 20 stayed: 40 of 60 by the line of 50 percent."""
    own = line_of(50, 1)
    peg = instrument("peg")
    scale = peg.scale("mean").model_copy(update={"success": "mine_50"})
    mine = peg.model_copy(update={"scales": (scale,)})
    scores, changes, table = peg_tables(pairs({"A": [(8, 4)] * 40 + [(8, 8)] * 20}))
    more = program.table(changes, by=["site"], indicators=[own], totals=True)
    path = tmp_path / "report.html"
    more = more.select(table.columns).cast(dict(table.schema))
    report.html(scores, changes, pl.concat([table, more]), path, as_of="2025-12-31", definitions=[mine, own])
    first = path.read_text().split('id="flow"')[0]
    assert 'PEG: came 50% further</span></th><td class="big">67%</td>' in first


def test_rules_on_the_shelf_exist_and_are_for_their_scale() -> None:
    told = 0
    for id in instruments():
        for scale in instrument(id).scales:
            if scale.success is not None:
                one = indicator(scale.success)
                assert one.success is not None
                assert f"{id}.{scale.id}" not in one.not_of
                assert success_of(scale, [scale.success, "important_improvement"], indicator) == scale.success
                told += 1
    assert told >= 4


def test_what_is_no_share_of_a_scale_says_not_who_did_well() -> None:
    source = [{"key": "made", "cite": "made up"}]
    data = {"id": "x", "title": "x", "kind": "mean", "uses": "changes", "direction": "higher"}
    data |= {
        "missing": "not_needed",
        "population": "all",
        "each": ["instrument", "scale"],
        "value": "improvement",
    }
    data |= {"source": "made", "evidence": "1", "sources": source}
    parse(data, file="x.toml")
    with pytest.raises(DefinitionError, match="who did well"):
        parse({**data, "success": {"order": 1, "words": "improved"}}, file="x.toml")
