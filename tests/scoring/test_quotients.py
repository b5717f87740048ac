"""Quotients of answers: exact fractions, for whom they are, and what withholds them."""

from __future__ import annotations

import sys
import tomllib
from datetime import date
from decimal import Decimal
from fractions import Fraction
from itertools import product
from pathlib import Path
from types import ModuleType
from typing import Any

import polars as pl
import pytest

from ipm_outcomes import WPAIGH, between, catalog, change, frames, score
from ipm_outcomes._printer import print_class
from ipm_outcomes.catalog import parse
from ipm_outcomes.definition import Instrument
from ipm_outcomes.errors import DefinitionError

DEFINITION = """
id = "orchard3"
class = "ORCHARD3"
title = "Orchard"
edition = "made up"
measures = "a made-up harvest"
recall = "today"
about = "Baskets and a rating."
domain = "fruit"
license = { status = "unknown", statement = "Made up.", wording = false, source = "made", evidence = "1" }
sources = [{ key = "made", cite = "Nobody. The orchard and its questions. 2026" }]
answers.baskets = { range = [0, 3], step = 0.5, source = "made", evidence = "1" }
answers.rating = { range = [0, 4], source = "made", evidence = "1" }
answers.open = { options = [[1, "Open"], [2, "Closed"]], source = "made", evidence = "1" }
items = [
  { id = "gate", gist = "gate", answers = "open" },
  { id = "bad", gist = "bad baskets", answers = "baskets" },
  { id = "good", gist = "good baskets", answers = "baskets" },
  { id = "taste", gist = "taste", answers = "rating" },
]

[[scales]]
id = "loss"
title = "Loss"
kind = "quotient"
worse = "higher"
range = [0, 5]
items = ["gate", "taste", "bad", "good"]
only_if = { gate = 1 }
missing = [
  { id = "complete", source = "made", evidence = "1" },
  { id = "untasted", at_most = 1, source = "made", evidence = "1" },
]
source = "made"
evidence = "1"
[scales.quotient]
times = 3
over = [{ items = ["bad"], times = 4 }, { items = ["good", "taste"] }]
under = [{ items = ["bad"], times = 4 }, { items = ["good"], times = 2 }]
source = "made"
evidence = "1"
"""


def data() -> dict[str, Any]:
    return tomllib.loads(DEFINITION, parse_float=Decimal)


def read(content: dict[str, Any]) -> Instrument:
    return parse(content, file="orchard3.toml")


@pytest.fixture
def orchard(monkeypatch: pytest.MonkeyPatch) -> Any:
    """The class as it would be printed for the made-up file."""
    found = read(data())
    monkeypatch.setattr("ipm_outcomes.catalog.instrument", lambda _: found)
    module = ModuleType("orchard3")
    monkeypatch.setitem(sys.modules, "orchard3", module)
    exec(compile(print_class(found), "orchard3.py", "exec"), vars(module))
    return module.ORCHARD3


def by_hand(gate: int | None, bad: Any, good: Any, taste: int | None, untasted: bool) -> Fraction | str:
    """3 x (4 bad + good x taste) / (4 bad + 2 good), from 0 to 5, where the gate is open."""
    if gate is None and bad is None and good is None and taste is None:
        return "no_answers"
    if gate == 2:
        return "not_applicable"
    if gate is None or bad is None or ((good is None or taste is None) and not untasted):
        return "too_few_answers"
    if good is None or (taste is None and good != 0):
        return "too_few_answers"  # good baskets stand below without a factor
    over, under = 4 * Fraction(bad) + Fraction(good) * (taste or 0), 4 * Fraction(bad) + 2 * Fraction(good)
    if under == 0:
        return "undefined_quotient"
    value = 3 * over / under
    return value if value <= 5 else "beyond_range"


BASKETS = [None, 0, 0.5, 1, 1.5, 2, 2.5, 3]
EVERY = list(product([None, 1, 2], BASKETS, BASKETS, [None, 0, 1, 2, 3, 4]))
"""Every form there is."""


@pytest.mark.parametrize("rule", [None, "untasted"])
def test_every_form_by_response_and_by_row(orchard: Any, rule: str | None) -> None:
    items = ("gate", "bad", "good", "taste")
    table = pl.DataFrame(
        {f"orchard3_{item}": [form[n] for form in EVERY] for n, item in enumerate(items)},
        strict=False,
    )
    scored = frames.score(table, read(data()), missing=rule)
    tidy = frames.tidy(table, [read(data())], missing=rule)
    seen = set()
    for n, form in enumerate(EVERY):
        wanted = by_hand(*form, untasted=rule is not None)
        found = score(orchard(**dict(zip(items, form, strict=True))), missing=rule).loss
        assert found.answered == scored["orchard3_loss_answered"][n] == sum(one is not None for one in form)
        if isinstance(wanted, str):
            seen.add(wanted)
            assert found.absent is not None
            assert (found.value, found.absent.code) == (None, wanted), form
            assert (scored["orchard3_loss"][n], scored["orchard3_loss_absent"][n]) == (None, wanted), form
            assert tidy["exact_numerator"][n] is None
        else:
            assert (found.exact, found.value, found.absent) == (wanted, float(wanted), None), form
            assert (scored["orchard3_loss"][n], scored["orchard3_loss_absent"][n]) == (float(wanted), None), (
                form
            )
            assert (tidy["exact_numerator"][n], tidy["exact_denominator"][n]) == (
                wanted.numerator,
                wanted.denominator,
            )
    assert seen == {"no_answers", "not_applicable", "too_few_answers", "undefined_quotient", "beyond_range"}


def test_why_it_is_withheld_is_told(orchard: Any) -> None:
    told = {
        "It is for people whose answer to 'gate' is 1": orchard(gate=2, bad=1),
        "Its answers together give more than 5; check them": orchard(gate=1, bad=0, good=1, taste=4),
        "What it is a share of is 0": orchard(gate=1, bad=0, good=0, taste=4),
    }
    for sentence, response in told.items():
        absent = score(response).loss.absent
        assert absent is not None
        assert sentence.lower() in absent.sentence.lower()


def test_equal_fractions_are_equal_in_a_table_of_changes() -> None:
    """10 of 30 hours, and 20 of 60, are one third both; 1/3 to 1/7 is 19.047619 points better, as fractions -4/21."""
    hours = [(10, 20), (20, 40), (10, 20), (5, 30)]
    table = pl.DataFrame(
        {
            "patient_id": ["a", "a", "b", "b"],
            "date": [date(2026, 1, 1), date(2026, 4, 1)] * 2,
            "wpai_gh_employed": [1] * 4,
            "wpai_gh_hours_missed": [missed for missed, _ in hours],
            "wpai_gh_hours_worked": [worked for _, worked in hours],
        }
    )
    scales = {"wpai_gh": ["absenteeism"]}
    tidy = frames.tidy(table, ["wpai_gh"], by=["patient_id", "date"], scales=scales)
    assert tidy.select("exact_numerator", "exact_denominator").rows() == [
        (100, 3),
        (100, 3),
        (100, 3),
        (100, 7),
    ]
    target = change.Target("later", day=90, days=(60, 120))
    for given in (tidy, tidy.drop("exact_numerator", "exact_denominator")):
        found = change.table(given, targets=[target])
        assert found["change"].to_list() == [0, pytest.approx(float(Fraction(-400, 21)), abs=1e-8)]
        assert found["percent"].to_list() == [0, pytest.approx(float(Fraction(400, 7)), abs=1e-8)]
    one = between(*(score(WPAIGH(employed=1, hours_missed=m, hours_worked=w)) for m, w in hours[2:]))
    assert one.absenteeism.change == float(Fraction(-400, 21))
    assert one.absenteeism.verdict == "error not known"


def test_responder_lines_are_decided_as_on_the_fractions() -> None:
    """From 2/3 to 7/15 it is 30 percent exactly, which two rounded decimals miss: 66.666666667 and 46.666666667."""
    assert 100 * (Fraction(2, 3) - Fraction(7, 15)) / Fraction(2, 3) == 30
    assert 100 * (66666666667 - 46666666667) < 30 * 66666666667
    hours = sorted({Fraction(a, a + b): (a, b) for a in range(16) for b in range(16) if a + b}.items())
    pairs = [(one, two) for one in hours for two in hours if two[0] < one[0]]
    forms = [form for pair in pairs for _, form in pair]
    table = pl.DataFrame(
        {
            "patient_id": [n // 2 for n in range(len(forms))],
            "date": [date(2026, 1, 1), date(2026, 4, 1)] * len(pairs),
            "wpai_gh_employed": [1] * len(forms),
            "wpai_gh_hours_missed": [missed for missed, _ in forms],
            "wpai_gh_hours_worked": [worked for _, worked in forms],
        }
    )
    scales = {"wpai_gh": ["absenteeism"]}
    tidy = frames.tidy(table, ["wpai_gh"], by=["patient_id", "date"], scales=scales)
    target = change.Target("later", day=90, days=(60, 120))
    ties = 0
    for given in (tidy, tidy.drop("exact_numerator", "exact_denominator")):
        found = change.table(given, targets=[target]).sort("patient_id")
        for line in (30, 50):
            improved = [100 * (one - two) / one for (one, _), (two, _) in pairs]
            assert found[f"responder_{line}"].to_list() == [percent >= line for percent in improved]
            ties += improved.count(Fraction(line))
    assert ties > 100


def test_words_for_a_percent_of_quotients(tmp_path: Path) -> None:
    """66.666666667 to 46.666666667 is 30 percent, to 33.333333333 it is 50, to 46.67 a little less than 30."""
    line = 'kind = "percent", meaning = "made up", source = "owner", evidence = "unverified"'
    lines = ", ".join(f'{{ id = "responder_{n}", value = {n}, {line} }}' for n in (30, 50))
    file = tmp_path / "hours.toml"
    file.write_text(
        'id = "hours"\nclass = "Hours"\nextends = "wpai_gh"\n'
        f'scales = [{{ id = "absenteeism", thresholds = [{lines}] }}]\n'
    )
    told = change.immpact(
        [200 / 3] * 3,
        [140 / 3, 100 / 3, 46.67],
        instrument="hours",
        scale="absenteeism",
        definitions=[catalog.read(file)],
    )
    assert told.tolist() == ["moderate", "substantial", "minimal"]


def test_no_hours_worked_is_marked_as_unverified() -> None:
    response = WPAIGH(employed=1, hours_missed=40, hours_worked=0, activity=8)
    assert score(response).overall.value is None
    found = score(response, missing="no_hours_worked")
    assert found.overall.value == 100
    assert "scales.overall.missing.no_hours_worked" in found.provenance.unverified


def test_one_step_beyond_what_the_grammar_takes() -> None:
    def wrong(told: str, **values: Any) -> None:
        content = data()
        content["scales"][0].update(values)
        with pytest.raises(DefinitionError, match=told):
            read(content)

    quotient = data()["scales"][0]["quotient"]
    fewer = quotient | {"over": [{"items": ["bad"]}]}
    wrong("the items of a quotient are those of its products", quotient=fewer)
    wrong("3 is no answer of item 'gate'", only_if={"gate": 3})
    wrong("'taste' stands in the quotient itself", only_if={"gate": 1, "taste": 1})
    wrong("a quotient needs a range", range=None)
    wrong("lies within 0 to 1000", range=[0, 1001])
    wrong("has no points to change", reverse=["taste"])
    wrong(
        "a quotient has no bands", bands={"of": [[0, 2, "a"], [2, 5, "b"]], "source": "made", "evidence": "1"}
    )
    wrong("has quotient if, and only if", kind="sum")
    many = [{"items": ["good", "bad"] * 20, "times": 1000}]
    wrong("the products of the answers are too large", quotient=quotient | {"over": quotient["over"] + many})
    content = data()
    content["scales"].append(
        {
            **{
                "id": "sum",
                "title": "Sum",
                "kind": "sum",
                "worse": "higher",
                "range": [0, 4],
                "items": ["taste"],
            },
            **{"missing": [{"id": "complete", "source": "made", "evidence": "1"}], "source": "made"},
            **{"evidence": "1", "only_if": {"gate": 1}},
        }
    )
    with pytest.raises(DefinitionError, match="only a quotient is for some people"):
        read(content)
