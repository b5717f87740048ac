"""Multiplicative utilities: printed examples of PROPr on ready T-scores, exact rounding, one rule on every way in."""

from __future__ import annotations

import sys
import tomllib
from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from itertools import product
from types import ModuleType
from typing import Any

import polars as pl
import pytest

import ipm_outcomes as ipm
from ipm_outcomes import PROMIS29Plus2, between, frames, score
from ipm_outcomes._printer import print_class
from ipm_outcomes.catalog import parse
from ipm_outcomes.definition import Instrument
from ipm_outcomes.errors import DefinitionError

MADE = {"source": "made", "evidence": "1"}
DOMAINS = [part.scale for part in ipm.instrument("promis29_2").scale("propr").utility.attributes]  # type: ignore[union-attr]


def ready() -> dict[str, Any]:
    """A made-up form of seven ready T-scores in tenths, under the utility of the form in the catalog."""
    shelf = tomllib.loads((ipm.catalog.shelf() / "promis29_2.toml").read_text("utf-8"), parse_float=Decimal)
    utility = next(scale for scale in shelf["scales"] if scale["id"] == "propr")["utility"]
    common = {"missing": [{"id": "complete"} | MADE], "worse": "higher"} | MADE
    return {
        **{"id": "well9", "class": "WELL9", "title": "Well", "edition": "made up", "measures": "made up"},
        **{"recall": "today", "about": "Ready T-scores.", "domain": "wells"},
        "license": {"status": "unknown", "statement": "Made up.", "wording": False} | MADE,
        "sources": [{"key": "made", "cite": "Nobody. The well. 2026"}],
        "answers": {"t": {"range": [10, 90], "step": Decimal("0.1")} | MADE},
        "items": [{"id": f"t_{id}", "gist": id, "answers": "t"} for id in DOMAINS],
        "scales": [
            {"id": "all", "title": "All", "kind": "utility", "range": [Decimal("-0.022"), 1]}
            | common
            | {"utility": utility | MADE},
            *(
                {"id": id, "title": id, "kind": "sum", "range": [10, 90], "step": Decimal("0.1")}
                | common
                | {"items": [f"t_{id}"]}
                for id in DOMAINS
            ),
        ],
    }


def read(content: dict[str, Any]) -> Instrument:
    return parse(content, file="well9.toml")


@pytest.fixture
def well(monkeypatch: pytest.MonkeyPatch) -> Any:
    """The class as it would be printed for the made-up file."""
    found = read(ready())
    monkeypatch.setattr("ipm_outcomes.catalog.instrument", lambda _: found)
    module = ModuleType("well9")
    monkeypatch.setitem(sys.modules, "well9", module)
    exec(compile(print_class(found), "well9.py", "exec"), vars(module))
    return module.WELL9


WORSE_LOW = ("cognitive_function", "physical_function", "social_roles")


def worse(steps: float) -> dict[str, float]:
    """Every domain so many standard deviations worse than the mean."""
    return {id: 50 - 10 * steps if id in WORSE_LOW else 50 + 10 * steps for id in DOMAINS}


EXAMPLES = {
    "all at mean": (worse(0), 0.518),
    "best": (worse(-3), 1.0),
    "worst": (worse(3), -0.022),
    "half SD worse": (worse(0.5), 0.308),
    "one SD worse": (worse(1), 0.166),
    "two SD worse": (worse(2), -0.009),
    "one SD better": (worse(-1), 0.866),
    "chronic pain example": (
        {
            **{"cognitive_function": 47.5, "depression": 53.9, "fatigue": 57.0, "pain_interference": 61.2},
            **{"physical_function": 36.7, "sleep_disturbance": 54.3, "social_roles": 42.3},
        },
        0.233,
    ),
    **{
        f"corner {id}": (worse(-3) | {id: worse(3)[id]}, value)
        for id, value in (
            *(
                ("depression", 0.319),
                ("fatigue", 0.347),
                ("pain_interference", 0.333),
                ("physical_function", 0.297),
            ),
            *(("sleep_disturbance", 0.425), ("social_roles", 0.375), ("cognitive_function", 0.351)),
        )
    },
}
"""Printed with the code of the authors (Dewitt 2018)."""


@pytest.mark.parametrize(("given", "wanted"), EXAMPLES.values(), ids=EXAMPLES)
def test_printed_examples(well: Any, given: dict[str, float], wanted: float) -> None:
    found = score(well(**{f"t_{id}": value for id, value in given.items()})).all
    assert (found.value, found.exact, found.se) == (wanted, Fraction(str(wanted)), None)
    table = pl.DataFrame({f"well9_t_{id}": [float(value)] for id, value in given.items()})
    assert frames.score(table, read(ready()), scales=["all"])["well9_all"].to_list() == [wanted]


def test_one_component_missing_withholds_it(well: Any) -> None:
    given = {f"t_{id}": value for id, value in worse(0).items() if id != "fatigue"}
    found = score(well(**given)).all
    assert found.absent is not None
    assert (found.absent.code, found.answered, found.items) == ("component_absent", 6, 7)
    assert "fatigue" in found.absent.sentence
    table = pl.DataFrame({f"well9_{name}": [value] for name, value in given.items()}).with_columns(
        well9_t_fatigue=pl.lit(None, pl.Float64)
    )
    scored = frames.score(table, read(ready()))
    assert scored["well9_all_absent"].to_list() == ["component_absent"]
    assert scored["well9_all"].to_list() == [None]


def halves() -> dict[str, Any]:
    """1 - 4.5 x ((1 + a / 10)(1 + b / 10) - 1) on two decimals, a and b from 0 to 4: four values end in a half."""
    content = ready()
    content["answers"] = {"t": {"range": [0, 4]} | MADE}
    content["items"] = [{"id": f"t_{id}", "gist": id, "answers": "t"} for id in "ab"]
    line = [{"intercept": 0, "slope": 1}]
    parts = [{"scale": id, "standardize": [0, 1], "weight": Decimal("0.1"), "segments": line} for id in "ab"]
    utility = {"interaction": 1, "rescale": Decimal("4.5"), "decimals": 2, "attributes": parts} | MADE
    one = content["scales"][1]
    one.pop("step")
    content["scales"] = [
        content["scales"][0] | {"range": [-5, 1], "utility": utility},
        *(one | {"id": id, "title": id, "range": [0, 4], "items": [f"t_{id}"]} for id in "ab"),
    ]
    return content


def test_what_ends_in_a_half_is_rounded_away_from_zero_on_every_row() -> None:
    """(1 + a / 10)(1 + b / 10) = (10 + a)(10 + b) / 100, so that 100 x value = 550 - 4.5 x (10 + a)(10 + b).

    Floats put 550 - 4.5 x 143 = -93.5 and others beside the half.
    """
    pairs = list(product(range(5), repeat=2))
    table = pl.DataFrame({"well9_t_a": [a for a, _ in pairs], "well9_t_b": [b for _, b in pairs]})
    tidy = frames.tidy(table, [read(halves())], scales={"well9": ["all"]})
    ties = 0
    for n, (a, b) in enumerate(pairs):
        hundredths = 550 - Fraction(9, 2) * (10 + a) * (10 + b)
        ties += hundredths.denominator == 2
        size = int(abs(hundredths) + Fraction(1, 2))
        wanted = size if hundredths >= 0 else -size
        assert (tidy["exact_numerator"][n], tidy["exact_denominator"][n]) == (wanted, 100)
    assert ties == 4


def test_promis29_2_tells_a_change_with_three_decimals() -> None:
    """Both values are of the golden cases: the worst and the best of the form."""
    form = ipm.instrument("promis29_2")
    ends = []
    for bad in (True, False):
        answers: dict[str, int] = {}
        for id in DOMAINS:
            low = (id in WORSE_LOW) == bad
            answers |= dict.fromkeys(form.scale(id).items, 1 if low else 5)
        ends.append(score(PROMIS29Plus2(**answers)))
    assert [one.propr.value for one in ends] == [-0.022, 0.954]
    told = between(*ends).propr
    assert told.change == 0.976
    assert "-0.022 to 0.954" in told.short.replace("\u2212", "-")


def test_one_step_beyond_what_the_grammar_takes() -> None:
    def wrong(told: str, change: Callable[[dict[str, Any]], Any], **values: Any) -> None:
        content = ready()
        utility = content["scales"][0]["utility"] = {**content["scales"][0]["utility"]}
        utility["attributes"] = [dict(part) for part in utility["attributes"]]
        change(utility)
        content["scales"][0].update(values)
        with pytest.raises(DefinitionError, match=told):
            read(content)

    wrong("the interaction is not 0", lambda u: u.update(interaction=0))
    wrong("the rescaling is above 0", lambda u: u.update(rescale=0))
    wrong("'fatigue' stands 2 times", lambda u: u["attributes"].append(u["attributes"][2]))
    wrong("there is no scale 'thirst'", lambda u: u["attributes"][0].update(scale="thirst"))
    wrong("'all' is not a scale of items", lambda u: u["attributes"][0].update(scale="all"))
    wrong(
        "the unit of 'depression' must be above 0", lambda u: u["attributes"][1].update(standardize=[50, 0])
    )
    falling = [{"intercept": 0, "slope": 1}, {"start": 1, "intercept": 0, "slope": 1}]
    falling.append({"start": 1, "intercept": 0, "slope": 2})
    wrong(
        "the first segment has no start, and the others rise",
        lambda u: u["attributes"][1].update(segments=falling),
    )
    wrong("the first segment has no start", lambda u: u["attributes"][1].update(segments=falling[1:2]))
    wrong("a utility has a range and no bands", lambda u: None, range=None)
    wrong("rests on other scales", lambda u: None, items=["t_fatigue"])
    wrong("has utility if, and only if", lambda u: None, kind="sum")
