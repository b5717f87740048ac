"""One response and one row: the function written for a class says what the kernel says, whatever was left out."""

from __future__ import annotations

import sys
from types import ModuleType
from typing import Any

import numpy as np
import polars as pl
import pytest
import ready_cases

import ipm_outcomes as ipm
from ipm_outcomes import frames, responses, score
from ipm_outcomes._printer import print_class
from ipm_outcomes.definition import Instrument
from ipm_outcomes.scores import Score
from ipm_outcomes.scoring._plan import Kept

ROWS = 400
MADE = {"source": "made", "evidence": "1"}


def meadow() -> Instrument:
    """Every kind of rule on one form: sums in sums, forward and backward, recoded, counted, weighted, divided."""
    data = ready_cases.data()
    common = {
        "missing": [{"id": "complete"} | MADE, {"id": "some", "at_most": 1} | MADE],
        "worse": "higher",
    } | MADE
    data["answers"]["mood"] = {"range": [0, 4]} | MADE
    data["items"] += [
        {"id": "m1", "gist": "one", "answers": "mood"},
        {"id": "m2", "gist": "two", "answers": "mood", "reverse": True},
        {"id": "m3", "gist": "three", "answers": "mood", "recode": [[0, 0], [1, 5], [2, 1], [3, 1], [4, 9]]},
        {"id": "m4", "gist": "four", "answers": "mood"},
        {"id": "m5", "gist": "five", "answers": "mood"},
    ]
    whole = {"kind": "sum", "title": "Sum"} | common
    data["scales"] = [
        whole
        | {"id": "every", "range": [0, 25], "items": ["m1", "m2", "m3", "m4", "m5"]}
        | {"missing": [{"id": "complete"} | MADE]},
        whole | {"id": "pair", "range": [0, 8], "items": ["m1", "m2"]},
        whole | {"id": "back", "range": [0, 8], "items": ["m1", "m2"], "reverse": ["m1", "m2"]},
        whole | {"id": "three", "range": [0, 12], "items": ["m4", "m1", "m2"]},
        whole
        | {
            "id": "again",
            "kind": "mean",
            "range": [0, 4],
            "items": ["m1", "m2", "m4"],
            "reverse": ["m1", "m2"],
        },
        whole | {"id": "cross", "range": [0, 8], "items": ["m4", "m5"], "reverse": ["m5"]},
        whole | {"id": "odd", "range": [0, 9], "items": ["m3"], "missing": [{"id": "complete"} | MADE]},
        *data["scales"],
        {"id": "moods", "title": "Moods", "kind": "counts", "items": ["m1", "m4", "m5"]}
        | MADE
        | {"missing": [{"id": "complete"} | MADE]}
        | {
            "counts": {
                "at_least": 2,
                "core": ["m1"],
                "outcomes": [
                    {"value": "much", "core": [1, 1], "all": [2, 3]},
                    {"value": "little", "core": [0, 1], "all": [0, 3]},
                ],
            }
            | MADE
        },
        {"id": "share", "title": "Share", "kind": "quotient", "range": [0, 100], "items": ["ebb", "m4", "m5"]}
        | common
        | {
            "quotient": {
                "times": 100,
                "over": [{"items": ["ebb", "m4"]}],
                "under": [{"items": ["ebb"], "times": 3}, {"items": ["m5"]}],
            }
            | MADE
        },
    ]
    flag = {"title": "Flag", "sentence": "Seen.", "sentence_unanswered": "Not seen."} | MADE
    data["flags"] = [
        flag | {"id": "high", "item": "m1", "raised_from": 3},
        flag | {"id": "any", "item": "m5", "raised_from": 1},
    ]
    return ready_cases.read(data)


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> Any:
    """The class as it would be printed for the made-up file."""
    found = meadow()
    monkeypatch.setattr("ipm_outcomes.catalog.instrument", lambda _: found)
    module = ModuleType("meadow")
    monkeypatch.setitem(sys.modules, "meadow", module)
    exec(compile(print_class(found), "meadow.py", "exec"), vars(module))
    return module.TIDE7


def drawn(definition: Instrument, seed: int) -> dict[str, list[float | None]]:
    """Answers at random, the ends often; forms with no, few and many gaps, and blank ones."""
    rng = np.random.default_rng(seed)
    gaps = np.repeat([0, 0.05, 0.3, 0.9, 1], ROWS // 5)
    columns = {}
    for item in definition.item_ids:
        listed = definition.answers_of(item)
        codes = rng.integers(listed.lowest, listed.highest + 1, ROWS)
        ends, blank = rng.random(ROWS), rng.random(ROWS) < gaps
        codes[ends < 0.2], codes[ends > 0.8] = listed.lowest, listed.highest
        columns[item] = [
            None if none else listed.answer(int(code)) for code, none in zip(codes, blank, strict=True)
        ]
    return columns


def compare(model: Any, definition: Instrument, rule: str | None) -> None:
    answers = drawn(definition, 3)
    id = definition.id
    table = pl.DataFrame({f"{id}_{item}": column for item, column in answers.items()}).with_row_index("row")
    scored = frames.score(table, definition, missing=rule)
    tidy = frames.tidy(table, [definition], by=["row"], missing=rule)
    exact = {
        (row, scale): (top, bottom)
        for row, scale, top, bottom in tidy.select(
            "row", "scale", "exact_numerator", "exact_denominator"
        ).iter_rows()
    }
    for n, row in enumerate(scored.iter_rows(named=True)):
        found = score(model(**{item: column[n] for item, column in answers.items()}), missing=rule)
        for name, one in found.scales():
            told = f"{name}, {rule}, {row}"
            assert one.value == row[f"{id}_{name}"], told
            assert one.answered == row[f"{id}_{name}_answered"], told
            assert (one.absent and one.absent.code) == row[f"{id}_{name}_absent"], told
            if isinstance(one, Score):
                assert one.band == row.get(f"{id}_{name}_band"), told
                assert one.se == row.get(f"{id}_{name}_se"), told
                if one.value is not None:
                    assert (one.numerator, one.denominator) == exact[n, name], told
        flags = {flag.id: flag.state for flag in found.flags}
        for flag in definition.flags:
            state = row[f"{id}_flag_{flag.id}"]
            assert flags.get(flag.id) == (None if state == "not raised" else state), row


@pytest.mark.parametrize("id", ipm.instruments())
def test_every_class_says_what_the_kernel_says(id: str) -> None:
    definition = ipm.instrument(id)
    for rule in (None, *definition.missing_rules):
        compare(getattr(responses, definition.class_name), definition, rule)


@pytest.mark.parametrize("rule", [None, "complete", "some"])
def test_a_definition_from_outside_says_what_the_kernel_says(made: Any, rule: str | None) -> None:
    compare(made, meadow(), rule)


def test_what_is_kept_stays_small_and_right() -> None:
    kept = Kept(lambda key: key * 2)
    assert [kept[n] for n in range(10_000)] == [n * 2 for n in range(10_000)]
    assert len(kept) <= 4096
    assert kept[9_999] == 19_998


def test_answers_that_come_once_are_scored_like_those_that_come_again() -> None:
    pairs = [((100 + n % 801) / 10, (1 + n % 997) / 100) for n in range(4500)]
    for value, error in [*pairs, *pairs[:200], *pairs[-200:]]:
        found = score(responses.PASTOR(fatigue=value, fatigue_se=error)).fatigue
        assert (found.value, found.se, found.numerator, found.absent) == (
            value,
            error,
            round(value * 10),
            None,
        )
    kept = [
        held
        for name, held in responses.PASTOR.scoring_plans[None].__globals__.items()
        if name.startswith("cs") and len(held) > 4000
    ]
    assert [len(held) for held in kept] == [4096]
