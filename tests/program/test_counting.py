"""The counts against plain loops over the rows, and the same figures to the bit however the rows come."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Iterable
from fractions import Fraction
from functools import reduce
from operator import add
from random import Random
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ipm_outcomes import program
from ipm_outcomes.program import _codes, _counting
from ipm_outcomes.program._reading import Source
from ipm_outcomes.program._result import result_table
from ipm_outcomes.program._sources import groups_of
from ipm_outcomes.program.indicators import Bounds, Condition, Indicator, parse

KEYS = ("site", "instrument", "scale", "target")
WORDS = ("recovered", "improved", "unchanged", "deteriorated", None)
SCALES = ("phq9.total", "gad7.total", "peg.mean")
START = dt.date(2024, 1, 31)


def row(draw: Random, patient: int, scale: str, target: str, step: int) -> dict[str, Any]:
    """A row of random cells, scores in parts of so many, of which many are missing."""

    def score() -> float | None:
        return None if draw.random() < 0.2 else draw.randrange(10 * step) / step

    def flag() -> bool | None:
        return draw.choice([True, False, None])

    instrument, name = scale.split(".")
    baseline, followup = score(), score()
    return {
        "patient_id": f"p{patient}",
        "episode": 1,
        "site": draw.choice(["A", "B", None]),
        "instrument": instrument,
        "scale": name,
        "target": target,
        "baseline": baseline,
        "followup": followup,
        "change": None if None in (baseline, followup) else followup - baseline,
        "improvement": None if None in (baseline, followup) else baseline - followup,
        "baseline_date": None if draw.random() < 0.1 else START + dt.timedelta(draw.randrange(60)),
        "followup_date": None if draw.random() < 0.1 else START + dt.timedelta(draw.randrange(60, 400)),
        "window_from": START + dt.timedelta(draw.choice([0, 150])),
        "window_to": START + dt.timedelta(draw.choice([250, 500])),
        "followup_pick": draw.choice(["latest", "latest", "latest", "nearest", None]),
        **{name: flag() for name in ("important", "responder_30", "responder_50", "window_open")},
        **{name: flag() for name in ("can_improve", "can_worsen", "eligible_to_recover")},
        **{"class": draw.choice(WORDS), "baseline_band": draw.choice(["mild", "severe", "odd", None])},
        "followup_band": draw.choice(["mild", "severe", None]),
        "responder_30_evidence": draw.choice(["1", "2+", "convention", None]),
    }


def table_of(seed: int, patients: int, step: int) -> list[dict[str, Any]]:
    """Rows of random patients, and some that hold a value in every column, so that a part has types too."""
    draw = Random(seed)
    rows = [
        row(draw, patient, scale, target, step)
        for patient in range(patients)
        for scale in SCALES
        for target in ("6 months", "12 months")
        if draw.random() < 0.7
    ]
    for patient in range(patients):  # a patient is at one site
        site = draw.choice(["A", "B", None])
        for cells in rows:
            if cells["patient_id"] == f"p{patient}":
                cells["site"] = site
    return rows


SCHEMA = {
    **dict.fromkeys(("baseline", "followup", "change", "improvement"), pl.Float64),
    **dict.fromkeys(("important", "responder_30", "responder_50", "window_open"), pl.Boolean),
    **dict.fromkeys(("can_improve", "can_worsen", "eligible_to_recover"), pl.Boolean),
    **dict.fromkeys(("baseline_date", "followup_date", "window_from", "window_to"), pl.Date),
    "episode": pl.Int64,
}


def frame(rows: list[dict[str, Any]]) -> pl.DataFrame:
    names = list(row(Random(0), 0, SCALES[0], "6 months", 1))
    return pl.DataFrame(rows, schema={name: SCHEMA.get(name, pl.String) for name in names})


# -- against plain loops ---------------------------------------------------------------------------


def truth(condition: Condition | None, cells: dict[str, Any]) -> bool | None:
    """Three-valued logic, as the grammar of conditions states it."""
    if condition is None:
        return True
    if condition.not_ is not None:
        inner = truth(condition.not_, cells)
        return None if inner is None else not inner
    if condition.column is None:
        parts = [truth(part, cells) for part in (condition.all_ or condition.any_ or ())]
        decisive = condition.any_ is not None
        return decisive if decisive in parts else None if None in parts else not decisive
    (name, operand), value = condition.test, cells[condition.column]
    if name == "known":
        return (value is not None) == operand
    if value is None:
        return None
    return {
        "is": lambda: value == operand,
        "is_not": lambda: value != operand,
        "below": lambda: value < operand,
        "at_most": lambda: value <= operand,
        "above": lambda: value > operand,
        "at_least": lambda: value >= operand,
        "in": lambda: value in operand,
    }[name]()


def counted_by_hand(definition: Indicator, rows: Iterable[dict[str, Any]]) -> dict[str, Any]:
    counts: dict[str, Any] = dict.fromkeys(
        ("eligible", "excluded", "observed", "denominator", "numerator"), 0
    )
    lost = possible = 0
    values = []
    for cells in rows:
        if truth(definition.eligible, cells) is not True:
            continue
        if any(truth(exclusion.when, cells) is True for exclusion in definition.exclusions):
            counts["excluded"] += 1
            continue
        counts["eligible"] += 1
        observed = truth(definition.observed, cells) is True
        counts["observed"] += observed
        bounds = definition.bounds if isinstance(definition.bounds, Bounds) else None
        if not observed and (bounds is None or truth(bounds.lost, cells) is True):
            lost += 1
            possible += bounds is None or truth(bounds.met, cells) is True
        if not (observed or definition.missing != "complete_case"):
            continue
        value = cells[definition.value] if definition.value else 0
        if truth(definition.denominator, cells) is not True or value is None:
            continue
        counts["denominator"] += 1
        counts["numerator"] += definition.numerator is not None and truth(definition.numerator, cells) is True
        values.append(Fraction(value))
    if definition.kind == "mean":
        n = counts["denominator"]
        counts["numerator"] = None
        mean = sum(values) / n if n else None
        counts["estimate"] = None if mean is None else float(mean)
        spread = sum((value - mean) ** 2 for value in values) / (n - 1) if n > 1 else None
        counts["sd"] = None if spread is None else math.sqrt(spread)
    elif n := counts["denominator"]:
        lost = lost if definition.missing == "complete_case" else 0
        possible = 0 if definition.missing == "not_needed" else possible
        counts["worst"] = counts["numerator"] / (n + lost)
        counts["best"] = (counts["numerator"] + possible) / (n + lost)
    return counts


@st.composite
def conditions(draw: st.DrawFn, depth: int = 2) -> dict[str, Any]:
    kind = draw(st.sampled_from(["number", "number", "flag", "word"] + ["joined"] * depth))
    if kind == "joined":
        how = draw(st.sampled_from(["all", "any", "not"]))
        parts = [draw(conditions(depth - 1)) for _ in range(1 if how == "not" else draw(st.integers(1, 3)))]
        return {how: parts[0] if how == "not" else parts}
    if kind == "flag":
        column = draw(st.sampled_from(["important", "responder_30", "window_open"]))
        return {"column": column, draw(st.sampled_from(["is", "is_not", "known"])): draw(st.booleans())}
    if kind == "word":
        column = draw(st.sampled_from(["class", "site"]))
        if draw(st.booleans()):
            return {
                "column": column,
                "in": draw(st.lists(st.sampled_from(["recovered", "improved", "A"]), min_size=1)),
            }
        return {
            "column": column,
            draw(st.sampled_from(["is", "is_not"])): draw(st.sampled_from(["unchanged", "B"])),
        }
    test = draw(st.sampled_from(["is", "is_not", "below", "at_most", "above", "at_least"]))
    return {
        "column": draw(st.sampled_from(["baseline", "followup", "improvement"])),
        test: draw(st.integers(-1, 10)),
    }


@st.composite
def definitions(draw: st.DrawFn) -> Indicator:
    some = conditions()
    data: dict[str, Any] = {
        **{"id": "own", "title": "Own", "uses": "changes", "direction": "higher", "population": "Everybody."},
        **{"each": ["instrument", "scale", "target"], "source": "us", "evidence": "derived"},
        "sources": [{"key": "us", "cite": "Our own"}],
        "missing": draw(st.sampled_from(["complete_case", "not_met", "not_needed"])),
        "observed": draw(some),
        "bounds": draw(st.just(True) | st.fixed_dictionaries({"lost": some, "met": some})),
    }
    data |= {name: draw(some) for name in ("eligible", "denominator") if draw(st.booleans())}
    data["exclusions"] = [
        {"id": f"out_{n}", "title": "Out", "when": draw(some)} for n in range(draw(st.integers(0, 2)))
    ]
    if draw(st.booleans()):
        data |= {"kind": "mean", "value": draw(st.sampled_from(["baseline", "change"]))}
    else:
        data |= {"kind": "proportion", "numerator": draw(some)}
    return parse(data, file="own.toml")


@settings(max_examples=60, deadline=None)
@given(definitions(), st.integers(0, 10_000), st.sampled_from([1, 3, 10]))
def test_any_definition_is_counted_as_its_words_say(definition, seed, step):
    rows = [cells | {"window_open": bool(cells["window_open"])} for cells in table_of(seed, 6, step)]
    result = program.table(frame(rows), by=["site"], indicators=[definition])
    for told in result.iter_rows(named=True):
        place = tuple("not recorded" if told[key] is None else told[key] for key in KEYS)
        mine = [c for c in rows if tuple(c[key] or "not recorded" for key in KEYS) == place]
        if mine:
            expected = counted_by_hand(definition, mine)
            assert {name: told[name] for name in expected} == expected


CATALOG = ("responder_30", "important_improvement", "reliable_recovery", "mean_change", "mean_baseline")


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 10_000), st.sampled_from([1, 3, 10]))
def test_the_catalog_is_counted_as_its_words_say(seed, step):
    rows = [cells | {"window_open": bool(cells["window_open"])} for cells in table_of(seed, 12, step)]
    result = program.table(frame(rows), by=["site"], indicators=CATALOG)
    for told in result.iter_rows(named=True):
        mine = [c for c in rows if all((c[key] or "not recorded") == told[key] for key in KEYS)]
        expected = counted_by_hand(program.indicator(told["definition"]), mine)
        if not mine:
            expected = {"eligible": 0, "estimate": None}
        assert {name: told[name] for name in expected} == expected


# -- the same to the bit ---------------------------------------------------------------------------


def cells_of(result: pl.DataFrame) -> dict[str, list[str]]:
    return {name: [repr(cell) for cell in cells] for name, cells in result.to_dict(as_series=False).items()}


@pytest.mark.parametrize("step", [1, 3, 10])
def test_every_library_and_every_order_gives_the_same_to_the_bit(backend, step):
    rows = table_of(7, 40, step)
    expected = program.table(frame(rows), by=["site"], totals=True)
    assert expected["definition"].n_unique() > 15
    Random(step).shuffle(rows)
    data = frame(rows)
    for changed in (data, data.with_columns(pl.col("^.*_date$", "^window_(from|to)$").cast(pl.String))):
        result = backend.rows(
            program.table(backend.make(changed.to_dict(as_series=False)), by=["site"], totals=True)
        )
        assert cells_of(pl.DataFrame(result, schema=expected.schema)) == cells_of(expected)


@settings(max_examples=15, deadline=None)
@given(
    st.integers(0, 10_000), st.sampled_from([1, 3, 10]), st.lists(st.integers(0, 3), min_size=30, max_size=30)
)
def test_parts_of_the_patients_add_up_to_the_same_to_the_bit(seed, step, part_of):
    rows = table_of(seed, 30, step)
    own = parse(
        {
            **{"id": "own", "title": "Own", "kind": "ratio", "uses": "changes", "direction": "higher"},
            **{"missing": "not_needed", "population": "All.", "value": "followup", "over": "baseline"},
            **{"each": ["scale"], "source": "us", "evidence": "derived"},
            "sources": [{"key": "us", "cite": "Our own"}],
        },
        file="own.toml",
    )
    names = ["baseline_completion", "severity_before", "talking_therapies_caseness_unknown"]
    chosen = [*map(program.indicator, (*CATALOG, *names, "depression_remission_6_months")), own]
    chosen = [definition.model_copy(update={"requires": ()}) for definition in chosen]
    chosen = [
        definition.model_copy(
            update={"exclusions": tuple(e for e in definition.exclusions if e.id == "window_open")}
        )
        for definition in chosen
    ]

    def counts(some: list[dict[str, Any]]) -> dict[str, Any]:
        return _counting.count_all(chosen, {"changes": Source("changes", frame(some))}, ["site"])

    source = Source("changes", frame(rows))
    groups = groups_of({"changes": source}, ["site"], {"changes"})

    def result(by_indicator: dict[str, Any]) -> dict[str, list[str]]:
        figures = [
            by_indicator[definition.id].rows(definition, groups, ["site"], True, True)
            for definition in chosen
        ]
        return cells_of(result_table(source, figures, ["site"], 0.95, True))

    parts = [[c for c in rows if part_of[int(c["patient_id"][1:])] == n] for n in range(4)]
    in_parts = [counts(part) for part in parts]
    merged = {id: reduce(add, (part[id] for part in in_parts)) for id in in_parts[0]}
    assert result(merged) == result(counts(rows))


@pytest.mark.parametrize("seed", range(4))
def test_large_tables_are_worked_on_in_stretches_alike(seed, monkeypatch):
    rows = frame(table_of(seed, 30, 3))
    expected = program.table(rows, by=["site"], totals=True)
    for module, name, value in (
        (_codes, "_BLOCK", 7),
        (_codes, "_DENSE", 5),
        (_counting, "_DENSE", 5),
    ):
        monkeypatch.setattr(module, name, value)
        assert cells_of(program.table(rows, by=["site"], totals=True)) == cells_of(expected)


def test_a_mean_is_rounded_once():
    # 0.1 as a float is a little above one tenth: the sum of ten of them in floats is 0.9999999999999999.
    rows = [
        row(Random(n), n, "peg.mean", "6 months", 1) | {"baseline": 0.1, "window_open": False}
        for n in range(10)
    ]
    result = program.table(frame(rows), indicators=["mean_baseline"])
    if result["denominator"].item():
        assert result["estimate"].item() == 0.1
        assert result["sd"].item() == 0.0


def test_only_the_columns_that_are_needed_are_computed():
    rows = frame(table_of(1, 10, 1))
    computed = []

    def note(column: pl.Series) -> pl.Series:
        computed.append(column.name)
        return column

    lazy = rows.lazy().with_columns(
        pl.lit(1).alias("free_text").map_batches(note, return_dtype=pl.Int32),
        pl.col("baseline").map_batches(note, return_dtype=pl.Float64),
    )
    program.table(lazy, by=["site"], indicators=["responder_30"])
    assert computed == ["baseline"]


def test_what_counts_once_is_the_same_row_in_every_order(backend):
    """Of rows of which one meets the numerator it is that one, whatever words come first."""
    definition = parse(
        {
            **{"id": "own", "title": "Improved at any target", "kind": "proportion", "uses": "changes"},
            **{"direction": "higher", "missing": "not_needed", "population": "Everyone.", "once": True},
            **{"each": ["instrument", "scale"], "numerator": {"column": "class", "is": "improved"}},
            **{"source": "us", "evidence": "derived", "sources": [{"key": "us", "cite": "Our own"}]},
        },
        file="own.toml",
    )
    rows = {
        **{"patient_id": [1, 1, 2, 2], "episode": [1] * 4, "instrument": ["peg"] * 4, "scale": ["mean"] * 4},
        **{"target": ["3 months", "6 months"] * 2, "baseline": [5.0] * 4, "followup": [5.0] * 4},
        "class": ["improved", "unchanged"] * 2,
    }
    for data in (rows, {name: cells[::-1] for name, cells in rows.items()}):
        got = backend.rows(program.table(backend.make(data), indicators=[definition]))
        assert (got["numerator"], got["denominator"]) == ([2], [2])


def test_numbers_of_patients_and_sites_may_need_all_64_bits():
    ids = [2**63 + 5, 2**64 - 1, 3]
    data = pl.DataFrame(
        {
            **{"patient_id": ids, "site": ids, "episode": [1] * 3, "instrument": ["peg"] * 3},
            **{
                "scale": ["mean"] * 3,
                "target": ["6 months"] * 3,
                "baseline": [6.0] * 3,
                "followup": [4.0] * 3,
            },
            **{"responder_30": [True] * 3, "reason": ["paired"] * 3},
        },
        schema_overrides={"patient_id": pl.UInt64, "site": pl.UInt64},
    )
    for frame in (data, data.to_arrow(), data.to_pandas()):
        result = program.table(frame, by=["site"], indicators=["responder_30"])
        for name, expected in (("site", sorted(ids)), ("eligible", [1, 1, 1])):
            assert [int(cell) for cell in pl.Series(result[name])] == expected


@pytest.mark.parametrize(
    ("kind", "more", "expected"),
    [
        ("mean", {}, 3.0),
        ("ratio", {"over": "baseline"}, 6 / 9),
        ("nps", {"ratings": {"detractors": [0, 2], "promoters": [4, 6]}}, 0.0),
    ],
)
def test_a_figure_that_is_withheld_has_no_estimate(kind: str, more: dict[str, Any], expected: float):
    own = parse(
        {
            **{"id": "own", "title": "Own", "kind": kind, "uses": "changes", "direction": "higher"},
            **{"missing": "not_needed", "population": "All.", "value": "followup", "each": ["scale"], **more},
            "requires": [{"id": "site_1", "when": {"column": "site", "is": "one"}, "need": "the site one"}],
            **{"source": "us", "evidence": "derived", "sources": [{"key": "us", "cite": "Our own"}]},
        },
        file="own.toml",
    )
    rows = pl.DataFrame(
        {
            **{"patient_id": ["a", "b", "c"], "episode": [1, 1, 1], "site": ["one", "one", "two"]},
            **{"instrument": ["peg"] * 3, "scale": ["mean"] * 3, "target": ["6 months"] * 3},
            **{"baseline": [4.0, 5.0, 6.0], "followup": [2.0, 4.0, 6.0]},
        }
    )
    here, elsewhere = (
        program.table(part, indicators=[own]).row(0, named=True) for part in (rows.head(2), rows)
    )
    assert here["estimate"] == expected
    assert elsewhere["notes"].endswith("Withheld: needs the site one.")
    assert [elsewhere[name] for name in ("denominator", "numerator", "estimate", "lower", "upper", "sd")] == [
        None
    ] * 6
