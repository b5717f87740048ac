"""What the grammar allows and no shipped instrument uses together: order, recoding, reversal, formulas first."""

from __future__ import annotations

import sys
import tomllib
from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from itertools import product
from types import ModuleType
from typing import Any

import pytest

from ipm_outcomes import change, score
from ipm_outcomes._printer import print_class
from ipm_outcomes.definition import Instrument, parse
from ipm_outcomes.errors import DefinitionError
from ipm_outcomes.tables import tables

DEFINITION = """
id = "comet4"
class = "COMET4"
title = "Made-up Comet Questionnaire"
edition = "2026"
measures = "nothing real"
recall = "the last comet"
about = "An instrument that does not exist."
domain = "none"
license = { status = "public-domain", statement = "made up", wording = true, source = "made", evidence = "1" }
sources = [{ key = "made", cite = "Nobody. The comet and its questions. 2026" }]
answers.tail = { options = [[0, "None"], [1, "Short"], [2, "Long"]], source = "made", evidence = "1" }
items = [
  { id = "a", gist = "tail", answers = "tail" },
  { id = "b", gist = "dust", answers = "tail", reverse = true },
  { id = "c", gist = "ice", answers = "tail", recode = [[0, 1], [1, 5], [2, 9]] },
  { id = "d", gist = "light", answers = "tail" },
]

[[scales]]
id = "index"
title = "Index"
kind = "weighted"
worse = "higher"
missing = [{ id = "complete", source = "made", evidence = "1" }]
source = "made"
evidence = "1"

[scales.weighted]
center = 50
unit = 10
standardize = { orbit = [20, 4], light = [2, 1] }
terms = [{ scales = ["orbit"], weight = 0.5 }, { scales = ["light"], weight = -0.25 }]
source = "made"
evidence = "1"

[[scales]]
id = "orbit"
title = "Orbit"
kind = "table"
worse = "higher"
range = [2.0, 25.0]
items = ["b", "c"]
missing = [{ id = "complete", source = "made", evidence = "1" }]
conversion = { rows = [
  [1, 2.0], [2, 4.5], [3, 6.0], [4, 9.0], [5, 11.0], [6, 12.5], [7, 15.0], [8, 17.0], [9, 20.5], [10, 22.0], [11, 25.0],
], source = "made", evidence = "1" }
source = "made"
evidence = "1"

[[scales]]
id = "light"
title = "Light"
kind = "sum"
worse = "higher"
range = [0, 4]
items = ["d", "a"]
missing = [
  { id = "complete", source = "made", evidence = "1" },
  { id = "one_missing", at_most = 1, source = "made", evidence = "1" },
]
source = "made"
evidence = "1"

[[scales]]
id = "ice"
title = "Ice"
kind = "mean"
worse = "higher"
range = [1, 9]
items = ["c"]
missing = [{ id = "complete", source = "made", evidence = "1" }]
source = "made"
evidence = "1"
"""

ORBIT = {1: 2.0, 2: 4.5, 3: 6.0, 4: 9.0, 5: 11.0, 6: 12.5, 7: 15.0, 8: 17.0, 9: 20.5, 10: 22.0, 11: 25.0}


def read(text: str) -> Instrument:
    return parse(tomllib.loads(text, parse_float=Decimal), file="comet4.toml")


@pytest.fixture
def comet(monkeypatch: pytest.MonkeyPatch) -> Any:
    """The class as it would be printed for the made-up file."""
    return printed(read(DEFINITION), monkeypatch)


def printed(found: Instrument, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setattr("ipm_outcomes.catalog.instrument", lambda _: found)
    module = ModuleType("comet4")
    monkeypatch.setitem(sys.modules, "comet4", module)
    exec(compile(print_class(found), "comet4.py", "exec"), vars(module))
    return module.COMET4


def by_hand(a: int, b: int, c: int, d: int) -> tuple[Fraction, Fraction, int, int]:
    """b counts from the other end, c as 1, 5 or 9; (orbit - 20) / 4 and (light - 2) / 1 weighted, 50 and 10."""
    ice = {0: 1, 1: 5, 2: 9}[c]
    orbit = Fraction(ORBIT[(2 - b) + ice])
    light = a + d
    index = 50 + 10 * ((orbit - 20) / 4 / 2 - Fraction(light - 2) / 4)
    return index, orbit, light, ice


def test_each_value_stands_on_its_own_scale_whatever_their_order(comet: Any) -> None:
    """A formula first, a recoded table, a plain sum, a mean: not the order in which they are worked out."""
    for answers in product(range(3), repeat=4):
        found = score(comet(**dict(zip("abcd", answers, strict=True))))
        index, orbit, light, ice = by_hand(*answers)
        assert found.index.value == float(index)
        assert (found.orbit.value, found.light.value, found.ice.value) == (orbit, light, ice)
        assert [one.scale for _, one in found.scales()] == ["index", "orbit", "light", "ice"]
        assert [id for id, _ in found.scales()] == ["index", "orbit", "light", "ice"]


def test_a_gap_withholds_the_scales_that_need_it_and_no_other(comet: Any) -> None:
    found = score(comet(a=1, b=0, d=2))
    assert [one.value for _, one in found.scales()] == [None, None, 3, None]
    assert (found.index.answered, found.orbit.answered, found.light.answered) == (3, 1, 2)
    assert found.index.absent is not None
    assert "orbit" in found.index.absent.sentence
    assert "light" not in found.index.absent.sentence
    # One of two is enough under the other rule: 2 x 2 / 1; the formula asks for a score, and there is one.
    found = score(comet(b=0, c=1, d=2), missing="one_missing")
    assert [one.value for _, one in found.scales()] == [50 + 10 * ((15 - 20) / 8 - 2 / 4), 15, 4, 5]
    assert found.light.missing_rule == "one_missing"
    assert found.orbit.missing_rule == "complete"


def test_points_of_answers() -> None:
    found = read(DEFINITION)
    assert found.points("a") == {0: 0, 1: 1, 2: 2}
    assert found.points("b") == {0: 2, 1: 1, 2: 0}
    assert found.points("c") == {0: 1, 1: 5, 2: 9}
    light = tables(found)["light"]
    assert {tally for answered, tally, _ in light if answered == 2} == set(range(5))


def whole() -> dict[str, Any]:
    """The made-up file as data, with one scale of each kind that the shipped ones leave untried at their edges."""
    data = tomllib.loads(DEFINITION, parse_float=Decimal)
    light = data["scales"][2]
    light["thresholds"] = [
        {"id": "few", "kind": "points", "value": Decimal("0.5"), "value_worse": Decimal("0.5")} | MADE
    ]
    light["thresholds"][0]["meaning"] = "made up"
    light["cutoffs"] = [{"id": "low", "value": 0, "including": True, "meaning": "made up"} | MADE]
    light["cutoffs"] += [{"id": "high", "value": 4, "including": True, "meaning": "made up"} | MADE]
    data["scales"].append(
        {
            "id": "word",
            "title": "Word",
            "kind": "counts",
            "items": ["a", "b", "d"],
            "missing": [{"id": "complete"} | MADE],
            "counts": {
                "at_least": 1,
                "core": ["a"],
                "outcomes": [
                    {"value": "some", "core": [1, 1], "all": [1, 3]},
                    {"value": "none", "core": [0, 0], "all": [0, 2]},
                ],
            }
            | MADE,
        }
        | MADE
    )
    return data


MADE = {"source": "made", "evidence": "1"}


def scale(data: dict[str, Any], id: str) -> dict[str, Any]:
    return next(one for one in data["scales"] if one["id"] == id)


def rating(data: dict[str, Any], highest: int, items: int) -> None:
    """A sum of so many ratings from 0 to the highest."""
    data["answers"]["glow"] = {"range": [0, highest]} | MADE
    names = [f"g{n}" for n in range(items)]
    data["items"] += [{"id": name, "gist": "glow", "answers": "glow"} for name in names]
    data["scales"].append(
        {
            **{
                "id": "glow",
                "title": "Glow",
                "kind": "sum",
                "worse": "higher",
                "range": [0, highest * items],
            },
            **{"items": names, "missing": [{"id": "complete"} | MADE]},
        }
        | MADE
    )


def conversion(data: dict[str, Any], raw: int, value: Any = None, se: Any = None) -> None:
    """Change one row of the table; the first and the last need the range of the scale as well."""
    row = scale(data, "orbit")["conversion"]["rows"][raw - 1]
    row[1:] = [row[1] if value is None else value] + ([] if se is None else [se])


def every_se(data: dict[str, Any], se: Decimal) -> None:
    for raw in range(1, 12):
        conversion(data, raw, se=se)


def counted(data: dict[str, Any], items: int) -> None:
    """The words from so many items, of which one is the core."""
    rating(data, 1, items - 1)
    names = ["a", *(f"g{n}" for n in range(items - 1))]
    scale(data, "word").update(items=names)
    data["scales"] = [one for one in data["scales"] if one["id"] != "glow"]
    some, none = scale(data, "word")["counts"]["outcomes"]
    some["all"], none["all"] = [1, items], [0, items - 1]


def accurate(data: dict[str, Any], sensitivity: int, specificity: int, word: str = "some") -> None:
    """How well a word finds a condition, in percent."""
    found = {"value": word, "target": "comets", "population": "made up"} | MADE
    scale(data, "word")["accuracy"] = [found | {"sensitivity": sensitivity, "specificity": specificity}]


ACCEPTED = {
    "finds all and nothing else": lambda d: accurate(d, 100, 100),
    "finds none and all else": lambda d: accurate(d, 0, 0),
    "126 items, one of them the core": lambda d: counted(d, 126),
    "as it stands": lambda d: None,
    "a rating up to 100": lambda d: rating(d, 100, 2),
    "a rating up to 30000": lambda d: rating(d, 30_000, 1),
    "255 ratings up to 101": lambda d: rating(d, 101, 255),
    "sum and number of items together 255": lambda d: rating(d, 84, 3),
    "recoded to 100": lambda d: (
        d["items"][2].update(recode=[[0, 1], [1, 5], [2, 100]]),
        d.update(scales=[one for one in d["scales"] if one["id"] not in ("index", "orbit")]),
        d["items"].pop(1),
        scale(d, "word").update(items=["a", "d"]),
        scale(d, "word")["counts"]["outcomes"][0].update(all=[1, 2]),
        scale(d, "ice").update(range=[1, 100]),
    ),
    "recoded to 0": lambda d: (
        d["items"][2].update(recode=[[0, 0], [1, 0], [2, 1]]),
        d.update(scales=[one for one in d["scales"] if one["id"] not in ("index", "orbit")]),
        d["items"].pop(1),
        scale(d, "word").update(items=["a", "d"]),
        scale(d, "word")["counts"]["outcomes"][0].update(all=[1, 2]),
        scale(d, "ice").update(range=[0, 1]),
    ),
    "all but one may be missing": lambda d: scale(d, "light")["missing"][1].update(at_most=1),
    "a worsening of a half": lambda d: scale(d, "light")["thresholds"][0].update(value_worse=Decimal("0.1")),
    "a standard error in every row": lambda d: every_se(d, Decimal("0.1")),
    "rows a tenth apart": lambda d: conversion(d, 10, Decimal("20.6")),
}
REFUSED = {
    "sensitivity below 0": (lambda d: accurate(d, -1, 50), "percentages"),
    "specificity below 0": (lambda d: accurate(d, 50, -1), "percentages"),
    "sensitivity above 100": (lambda d: accurate(d, 101, 50), "percentages"),
    "specificity above 100": (lambda d: accurate(d, 50, 101), "percentages"),
    "accuracy of no word": (lambda d: accurate(d, 50, 50, "many"), "is no category of the scale"),
    "127 items, one of them the core": (lambda d: counted(d, 127), "too many items to count"),
    "a rating up to 30001": (lambda d: rating(d, 30_001, 1), "at most 30000 steps"),
    "256 ratings up to 101": (lambda d: rating(d, 101, 256), "more than 255 items"),
    "ratings up to 118 that add up to 30090": (lambda d: rating(d, 118, 255), "sums above 30000"),
    "an option above 100": (
        lambda d: d["answers"]["tail"].update(options=[[100, "Short"], [101, "Long"]]),
        "0 to 100",
    ),
    "sum and number of items together 259": (lambda d: rating(d, 85, 3), "sums above 252"),
    "recoded below 0": (lambda d: d["items"][2].update(recode=[[0, -1], [1, 5], [2, 9]]), "0 to 100"),
    "recoded above 100": (lambda d: d["items"][2].update(recode=[[0, 1], [1, 5], [2, 101]]), "0 to 100"),
    "recoded and reversed": (lambda d: d["items"][2].update(reverse=True), "either recoded or reversed"),
    "an answer without points": (
        lambda d: d["items"][2].update(recode=[[0, 1], [1, 5]]),
        "each of the answers",
    ),
    "all may be missing": (
        lambda d: scale(d, "light")["missing"][1].update(at_most=2),
        "at least one item must be answered",
    ),
    "a threshold of zero": (
        lambda d: scale(d, "light")["thresholds"][0].update(value=0),
        "a positive number",
    ),
    "a worsening of zero": (
        lambda d: scale(d, "light")["thresholds"][0].update(value_worse=0),
        "a positive number",
    ),
    "a cut-off below": (lambda d: scale(d, "light")["cutoffs"][0].update(value=-1), "outside the range"),
    "a cut-off above": (lambda d: scale(d, "light")["cutoffs"][1].update(value=5), "outside the range"),
    "a standard error in one row": (
        lambda d: conversion(d, 5, se=Decimal(1)),
        "every row has a standard error",
    ),
    "standard errors of zero": (lambda d: every_se(d, Decimal(0)), "every row has a standard error"),
    "equal rows": (lambda d: conversion(d, 10, Decimal("20.5")), "must rise with the raw sum"),
    "a range that the items do not reach": (
        lambda d: scale(d, "light").update(range=[0, 5]),
        "the items give a range of 0 to 4",
    ),
    "no outcome for all counts": (
        lambda d: scale(d, "word")["counts"]["outcomes"][0].update(all=[1, 2]),
        "no outcome for 1 core items and 3 items in all",
    ),
    "no outcome for core items alone": (
        lambda d: scale(d, "word")["counts"]["outcomes"][0].update(all=[2, 3]),
        "no outcome for 1 core items and 1 items in all",
    ),
    "no outcome for other items": (
        lambda d: scale(d, "word")["counts"]["outcomes"][1].update(all=[0, 1]),
        "no outcome for 0 core items and 2 items in all",
    ),
}


@pytest.mark.parametrize("change", ACCEPTED.values(), ids=ACCEPTED)
def test_edges_that_hold_together(change: Callable[[dict[str, Any]], Any]) -> None:
    data = whole()
    change(data)
    assert parse(data, file="comet4.toml").id == "comet4"


@pytest.mark.parametrize(("change", "told"), REFUSED.values(), ids=REFUSED)
def test_one_step_beyond_the_edge(change: Callable[[dict[str, Any]], Any], told: str) -> None:
    data = whole()
    change(data)
    with pytest.raises(DefinitionError, match=told):
        parse(data, file="comet4.toml")


def test_words_for_every_pattern_of_three_answers() -> None:
    """Core item a; an answer counts from 1 on, also the reversed one, whose code counts and not its points."""
    word = tables(parse(whole(), file="comet4.toml"))["word"]
    for a, b, d in product(range(3), repeat=3):
        tally = sum(points[answer] for points, answer in zip(word.points, (a, b, d), strict=True))
        assert word.cells[3][tally].value == ("some" if a else "none")


def test_a_scale_reverses_and_recodes_on_its_own() -> None:
    """In the sum of its own, a runs the other way (2 - a) and d counts 3, 1, 0; elsewhere both are as answered."""
    data = whole()
    own = {
        "id": "own",
        "title": "Own",
        "kind": "sum",
        "worse": "higher",
        "range": [0, 7],
        "items": ["a", "b", "d"],
    }
    own |= {
        "reverse": ["a", "b"],
        "recode": {"d": [[0, 3], [1, 1], [2, 0]]},
        "missing": [{"id": "complete"} | MADE],
    }
    data["scales"].append(own | MADE)
    found = parse(data, file="comet4.toml")
    table = tables(found)["own"]
    for a, b, d in product(range(3), repeat=3):
        tally = sum(points[answer] for points, answer in zip(table.points, (a, b, d), strict=True))
        # The item b is reversed already, so that the scale turns it back.
        assert table.cells[3][tally].value == (2 - a) + b + (3, 1, 0)[d]
    assert found.points("a") == found.points("d") == {0: 0, 1: 1, 2: 2}
    light = tables(found)["light"]
    assert light.points == ({0: 0, 1: 1, 2: 2}, {0: 0, 1: 1, 2: 2})
    for wrong, told in (
        ({"reverse": ["c"]}, "'c' is not among the items"),
        ({"reverse": ["a", "a"]}, "'a' appears 2 times"),
        ({"reverse": ["d"]}, "either recoded or reversed"),
        ({"recode": {"c": [[0, 1]]}}, "'c' is not among the items"),
        ({"recode": {"d": [[0, 1], [1, 2]]}}, "each of the answers"),
        ({"recode": {"d": [[0, 1], [1, 2], [2, 101]]}}, "0 to 100"),
    ):
        with pytest.raises(DefinitionError, match=told):
            parse({**data, "scales": [*data["scales"][:-1], own | MADE | wrong]}, file="comet4.toml")
    word = scale(data, "word")
    word["reverse"] = ["a"]
    with pytest.raises(DefinitionError, match="no points to change"):
        parse(data, file="comet4.toml")


def test_an_estimate_lies_between_the_lowest_and_the_highest_points_of_the_blanks(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Points of 1 to 3 an item: with one of two answers at 2 points the blank one adds 1 to 3."""
    text = DEFINITION.replace("range = [0, 4]", "range = [2, 6]")
    for item, gist in (("a", "tail"), ("d", "light")):
        plain = f'id = "{item}", gist = "{gist}", answers = "tail"'
        text = text.replace(plain, f"{plain}, recode = [[0, 1], [1, 2], [2, 3]]")
    found = read(text)
    made = printed(found, monkeypatch)
    before = score(made(d=1), missing="one_missing")
    assert before.light.value == 4
    sentence = change.between(before, score(made(d=0, a=0)), definition=found).light.sentence
    assert "with the blanks answered it would lie between 3 and 5" in sentence
