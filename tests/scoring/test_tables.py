"""All cells of all tables, against arithmetic by hand and the published tables' own shape."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise, product

import pytest
from cases import DOMAINS, PHQ9_BANDS, SUMS

import ipm_outcomes as ipm
from ipm_outcomes.scores import CategoryScore, Score
from ipm_outcomes.tables import FormulaTable, ScaleTable, tables

TABLES = [
    (id, rule, table)
    for id in ipm.instruments()
    for rule in (None, *ipm.instrument(id).missing_rules)
    for table in tables(ipm.instrument(id), rule).values()
    if isinstance(table, ScaleTable)
]
NAMES = [f"{id}-{rule}-{table.scale.id}" for id, rule, table in TABLES]


@pytest.mark.parametrize(("id", "rule", "table"), TABLES, ids=NAMES)
def test_every_cell_holds_together(id: str, rule: str | None, table: ScaleTable) -> None:
    low, high = table.scale.range or (None, None)
    needed = table.size - table.rule.at_most
    for answered, _, cell in table:
        assert cell.answered == answered
        assert cell.items == table.size == len(table.scale.items)
        assert (cell.value is None) == (cell.absent is not None) == (answered < needed)
        if cell.absent:
            assert cell.absent.code == ("no_answers" if answered == 0 else "too_few_answers")
            assert cell.absent.sentence
        if isinstance(cell, Score) and cell.value is not None:
            assert low is not None
            assert high is not None
            assert cell.exact is not None
            assert Fraction(low) <= cell.exact <= Fraction(high)
            assert cell.value == float(cell.exact)
            assert cell.denominator == table.denominator
            assert (cell.band is None) == (table.scale.bands is None)


@pytest.mark.parametrize(("id", "rule", "table"), TABLES, ids=NAMES)
def test_one_answer_up_never_moves_the_score_the_wrong_way(
    id: str, rule: str | None, table: ScaleTable
) -> None:
    order = {word: n for n, word in enumerate(table.words)}
    for row in table.cells:
        for before, after in pairwise(sorted(row)):
            one, two = row[before], row[after]
            if isinstance(one, Score) and isinstance(two, Score) and one.exact is not None:
                assert two.exact is not None
                assert two.exact > one.exact
                if one.band is not None and two.band is not None:
                    assert order[one.band] <= order[two.band]


@pytest.mark.parametrize(("id", "rule", "table"), TABLES, ids=NAMES)
def test_the_ends_are_reached(id: str, rule: str | None, table: ScaleTable) -> None:
    complete = table.cells[table.size]
    if table.scale.categorical:
        assert {cell.value for cell in complete.values()} == set(table.words)
        return
    values = [cell.exact for cell in complete.values() if isinstance(cell, Score)]
    assert table.scale.range
    assert (min(v for v in values if v is not None), max(v for v in values if v is not None)) == tuple(
        map(Fraction, table.scale.range)
    )
    if table.scale.bands:
        assert {cell.band for cell in complete.values() if isinstance(cell, Score)} == set(table.words)


@pytest.mark.parametrize(("id", "scale"), SUMS)
def test_sums(id: str, scale: str) -> None:
    table = tables(ipm.instrument(id))[scale]
    assert isinstance(table, ScaleTable)
    assert table.scale.items == tuple(SUMS[id, scale])
    for tally, cell in table.cells[table.size].items():
        assert cell.value == tally


def test_phq9_bands() -> None:
    total = tables(ipm.instrument("phq9"))["total"]
    assert isinstance(total, ScaleTable)
    assert [cell.band for cell in total.cells[9].values() if isinstance(cell, Score)] == PHQ9_BANDS


def test_prorating_is_exact() -> None:
    """Answered sum x 9 / answered, bands by the exact value: every cell with 7, 8 or 9 answers."""
    total = tables(ipm.instrument("phq9"), "prorate")["total"]
    assert isinstance(total, ScaleTable)
    seen = 0
    for answered, tally, cell in total:
        if answered < 7:
            assert cell.value is None
            continue
        assert isinstance(cell, Score)
        exact = Fraction(tally * 9, answered)
        assert cell.exact == exact
        assert cell.band == PHQ9_BANDS[exact.numerator // exact.denominator]
        seen += 1
    assert seen == 22 + 25 + 28


def test_scales_without_a_rule_of_the_name_keep_their_default() -> None:
    found = tables(ipm.instrument("phq9"), "prorate")
    assert {id: table.rule.id for id, table in found.items()} == {
        "total": "prorate",
        "phq8": "complete",
        "phq2": "complete",
        "syndrome": "complete",
    }


def test_syndrome_from_two_counts() -> None:
    """Every pair of counts: core 0-2 of items 1 and 2, all 0-9 (Spitzer 1999)."""
    table = tables(ipm.instrument("phq9"))["syndrome"]
    assert isinstance(table, ScaleTable)
    for core, others in product(range(3), range(8)):
        every = core + others
        wanted = "none" if core == 0 or every < 2 else "major" if every >= 5 else "other"
        cell = table.cells[9][every + 10 * core]
        assert isinstance(cell, CategoryScore)
        assert cell.value == wanted


def test_promis_domains_have_their_items() -> None:
    for id in ("promis29", "promis29_v2_0"):
        assert {name: list(ipm.instrument(id).scale(name).items) for name in DOMAINS} == DOMAINS


def test_summary_scores_are_exact_and_mirror_the_weights() -> None:
    """50 + 10 x weighted sum, worked with the weights of Hays 2018 in fractions here, over a grid of components."""
    physical = [
        ("physical_function", "0.872"),
        ("pain", "-0.094"),
        ("social_roles", "0.113"),
        ("fatigue", "-0.009"),
        ("distress", "0.003"),
        ("sleep_disturbance", "0.002"),
    ]
    mental = [
        ("physical_function", "-0.015"),
        ("pain", "-0.154"),
        ("social_roles", "0.252"),
        ("fatigue", "-0.351"),
        ("distress", "-0.257"),
        ("sleep_disturbance", "-0.139"),
    ]
    for id in ("promis29", "promis29_v2_0"):
        found = tables(ipm.instrument(id))
        for raw, pain in product((4, 9, 14, 20), (0, 3, 10)):
            cells: dict[str, Score] = {}
            for name, table in found.items():
                if isinstance(table, ScaleTable):
                    cell = table.cells[table.size][pain if name == "pain_intensity" else raw]
                    assert isinstance(cell, Score)
                    cells[name] = cell
            z = {name: (cell.exact - 50) / 10 for name, cell in cells.items() if cell.exact is not None}
            z["pain"] = (z["pain_interference"] + (pain - Fraction("2.31")) / Fraction("2.34")) / 2
            z["distress"] = (z["anxiety"] + z["depression"]) / 2
            for scale, weights in (("physical_summary", physical), ("mental_summary", mental)):
                formula = found[scale]
                assert isinstance(formula, FormulaTable)
                wanted = 50 + 10 * sum(Fraction(weight) * z[name] for name, weight in weights)
                assert formula.cell([cells[p.scale.id] for p in formula.components]).exact == wanted


def test_tables_are_computed_once_for_a_definition_and_belong_to_no_other() -> None:
    found = ipm.instrument("gad7")
    assert tables(found)["total"] is tables(found)["total"]
    tables(found).clear()
    assert list(tables(found)) == list(found.scale_ids)
    total = found.scales[0]
    mean = found.model_copy(
        update={"scales": (total.model_copy(update={"kind": "mean", "bands": None}),), "digest": "other"}
    )
    assert tables(mean)["total"].cells[7][14].value == 2  # type: ignore[union-attr]
    assert tables(found)["total"].cells[7][14].value == 14  # type: ignore[union-attr]
