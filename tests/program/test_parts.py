"""Tables in parts, of whole patients each: counted one after the other, equal to the table of all rows."""

from __future__ import annotations

import random
from datetime import date, timedelta
from functools import cache
from typing import Any

import duckdb
import narwhals as nw
import pandas as pd
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ipm_outcomes import change, frames, program
from ipm_outcomes.errors import FrameError

HALF = [
    change.Target("6 months", day=182, days=(137, 227)),
    change.Target("12 months", day=365, days=(300, 430)),
]


@cache
def scores() -> pl.DataFrame:
    """PHQ-9, GAD-7, PEG and Net Promoter of 60 patients of three sites and of none; some do not come back."""
    draw = random.Random(11)
    rows = [
        {
            "patient_id": f"p{n}",
            "site": ("A", "B", "C", None)[n % 4],
            "date": date(2025, 1, 1) + timedelta(days),
        }
        | {f"phq9_q{item}": draw.choice([0, 1, 2, 3, 3, None]) for item in range(1, 10)}
        | {f"gad7_q{item}": draw.choice([0, 1, 2, 3]) for item in range(1, 8)}
        | {"nps_recommend": draw.choice([0, 6, 8, 9, 10])}
        | {f"peg_{item}": draw.choice([1, 5, 7, 10]) for item in ("pain", "enjoyment", "activity")}
        for n in range(60)
        for days in (0, draw.choice([170, 190, 500]), 365)
    ]
    by = ["patient_id", "date", "site"]
    return frames.tidy(pl.DataFrame(rows), ["phq9", "gad7", "peg", "nps"], by=by, missing="prorate")


@cache
def changes() -> pl.DataFrame:
    return change.table(scores(), targets=HALF, by=["site"], as_of=date(2026, 6, 30))


def split(frame: pl.DataFrame, into: dict[str, int]) -> list[pl.DataFrame]:
    """Rows by the part of their patient, in an order of their own."""
    marked = frame.with_columns(part=pl.col("patient_id").replace_strict(into, return_dtype=pl.Int64))
    return [part.drop("part") for part in marked.partition_by("part")]


def thirds(frame: pl.DataFrame) -> list[pl.DataFrame]:
    return split(frame, {f"p{n}": n % 7 % 3 for n in range(60)})


def same(some: Any, other: Any) -> None:
    """Equal in names, types and all cells, to the last bit."""
    if isinstance(some, pl.LazyFrame):
        some, other = some.collect(), other.collect()
    assert some.schema == other.schema
    assert some.height == other.height > 0
    for name in some.columns:
        assert some[name].to_list() == other[name].to_list(), name


def in_polars(result: Any) -> pl.DataFrame:
    if isinstance(result, duckdb.DuckDBPyRelation):
        return result.pl()
    if isinstance(result, pd.DataFrame):
        return pl.from_pandas(result)
    if isinstance(result, pl.LazyFrame):
        return result.collect()
    return pl.DataFrame(result)


def test_parts_of_every_kind(backend: Any) -> None:
    """All indicators of changes and scores, by site, as the table of all rows."""

    def made(frame: pl.DataFrame) -> Any:
        plain = frame.with_columns(pl.col(pl.Categorical, pl.Enum).cast(pl.String))
        return backend.make(plain.to_dict(as_series=False))

    whole = program.table(made(changes()), scores=made(scores()), by=["site"], totals=True)
    parts = program.table(
        [made(part) for part in thirds(changes())],
        scores=tuple(made(part) for part in thirds(scores())),
        by=["site"],
        totals=True,
    )
    assert type(parts) is type(whole)
    same(in_polars(parts), in_polars(whole))
    assert {"mean_change", "talking_therapies_recovery", "severity_before", "nps"} <= set(
        in_polars(parts)["definition"]
    )
    assert "not recorded" in in_polars(parts)["site"].to_list()


@given(st.lists(st.integers(0, 5), min_size=60, max_size=60), st.randoms(use_true_random=False))
@settings(max_examples=10, deadline=None)
def test_any_split_gives_the_table_of_all_rows(parts: list[int], draw: random.Random) -> None:
    divided = [
        part.sample(fraction=1, shuffle=True, seed=draw.randrange(99))
        for part in split(changes(), {f"p{n}": part for n, part in enumerate(parts)})
    ]
    draw.shuffle(divided)
    names = [
        *("mean_improvement", "responder_50", "reliable_recovery", "talking_therapies_recovery_paired"),
        *("severity_after", "baseline_completion", "depression_remission_6_months"),
    ]
    same(
        program.table(divided, by=["site"], indicators=names, totals=True),
        program.table(changes(), by=["site"], indicators=names, totals=True),
    )


def test_files_are_read_one_after_the_other(tmp_path: Any) -> None:
    files = [tmp_path / f"{n}.parquet" for n in range(3)]
    for part, file in zip(thirds(changes()), files, strict=True):
        part.write_parquet(file)
    lazy = program.table([pl.scan_parquet(file) for file in files], by=["site"])
    same(lazy, program.table(changes().lazy(), by=["site"]))
    relations = program.table([duckdb.read_parquet(str(file)) for file in files], by=["site"])
    assert isinstance(relations, duckdb.DuckDBPyRelation)
    same(relations.pl(), program.table(changes(), by=["site"]))


def test_one_part_is_the_table_itself() -> None:
    same(program.table([changes()], by=["site"]), program.table(changes(), by=["site"]))
    wrapped = program.table([nw.from_native(part) for part in thirds(changes())])
    same(wrapped.to_native(), program.table(changes()))


def test_what_a_column_holds_is_known_of_all_parts() -> None:
    """A part may hold no value, dates as text, or yes and no as text, where others hold them as such."""
    some, other, third = thirds(changes())
    unlike = [
        some.with_columns(important=pl.lit(None)),
        other.with_columns(pl.col("baseline_date", "followup_date").cast(pl.String)),
        third.with_columns(pl.col("responder_30").cast(pl.String)),
    ]
    alike = pl.concat([some.with_columns(important=pl.lit(None, pl.Boolean)), other, third])
    same(program.table(unlike, by=["site"]), program.table(alike, by=["site"]))
    # No part holds a value: the indicators that read it stay out, as of the whole table.
    empty = [part.with_columns(important=pl.lit("x")) for part in (some, other, third)]
    with pytest.raises(
        FrameError, match=r"'important' .* must hold true or false, not String \(in changes\[0\]\)"
    ):
        program.table(empty)
    empty = [some, empty[1], third]
    with pytest.raises(
        FrameError, match=r"'important' .* must hold true or false, not String \(in changes\[1\]\)"
    ):
        program.table(empty)


def test_an_indicator_that_nothing_can_be_said_of_in_one_part() -> None:
    """PHQ-9 in one part and PEG in the other: the scales reported are those of all."""
    named = {f"p{n}": n % 2 for n in range(60)}
    some, other = split(changes(), named)
    some, other = some.filter(pl.col("instrument") == "peg"), other.filter(pl.col("instrument") != "peg")
    same(program.table([some, other], by=["site"]), program.table(pl.concat([some, other]), by=["site"]))


def test_numbers_of_groups() -> None:
    """Years as groups: of one type in all parts; a part without any is refused where others have them."""
    parts = [part.with_columns(year=pl.lit(2025 + n % 2)) for n, part in enumerate(thirds(changes()))]
    result = program.table(parts, by=["year"], totals=False)
    assert result["year"].dtype == pl.Int32
    assert result["year"].unique(maintain_order=True).to_list() == [2025, 2026]
    same(result, program.table(pl.concat(parts), by=["year"]))
    untyped = [parts[0].clear().with_columns(year=pl.lit(None)), *parts[1:]]
    assert program.table(untyped, by=["year"])["year"].dtype == pl.Int32
    none = pl.lit(None, pl.Int32)
    with pytest.raises(
        FrameError, match="by: the column 'year' of the table of changes has rows without a value"
    ):
        program.table([parts[0].with_columns(year=none), *parts[1:]], by=["year"])
    nothing = program.table([part.with_columns(year=none) for part in parts], by=["year"])
    assert set(nothing["year"]) == {"not recorded"}
    with pytest.raises(
        FrameError, match=r"changes\[1\]: the grouping column 'year' is Int64, and Int32 in changes\[0\]"
    ):
        program.table([parts[0], parts[1].with_columns(pl.col("year").cast(pl.Int64))], by=["year"])
    with pytest.raises(FrameError, match=r"changes\[1\]: the grouping column 'year' is String, and Int32"):
        program.table([parts[0], parts[1].with_columns(pl.col("year").cast(pl.String))], by=["year"])


def test_rules_that_differ_between_parts() -> None:
    """The line of important change is 5 points in one part and 4 in another: told as varying."""
    some, other, _ = thirds(changes())
    phq9 = pl.col("instrument") == "phq9"
    other = other.with_columns(important_points=pl.when(phq9).then(pl.lit(4.0)).otherwise("important_points"))
    result = program.table([some, other], indicators=["important_improvement"])
    told = dict(result.filter(target="6 months", scale="total").select("instrument", "rules").iter_rows())
    assert "important_points=varies; " in told["phq9"]
    assert "varies" not in told["gad7"]
    same(result, program.table(pl.concat([some, other]), indicators=["important_improvement"]))


def test_what_is_refused() -> None:
    some, other, third = thirds(changes())

    def refused(message: str, *parts: Any, **more: Any) -> None:
        with pytest.raises(FrameError, match=message) as caught:
            program.table(list(parts), **more)
        assert "p1" not in str(caught.value)

    refused("changes: an empty list; give a data frame, or at least one part")
    refused(r"changes\[1\]: a polars LazyFrame, and changes\[0\] is a polars DataFrame", some, other.lazy())
    refused(
        r"changes\[2\]: the part has no column 'reason', which changes\[0\] has",
        some,
        other,
        third.drop("reason"),
    )
    refused(
        r"changes\[0\]: the part has no column 'more', which changes\[1\] has",
        some,
        other.with_columns(more=1),
    )
    refused("by: the table of changes has no column 'Site'.*did you mean 'site'", some, other, by=["Site"])
    refused(r"changes\[1\]: up to 2 rows for one patient", some, pl.concat([other, other.head(1)]))
    refused(r"changes\[1\]: a dict is not a data frame|changes\[1\]: a builtins dict", some, {})
    moved = pl.concat([other, some.filter(pl.col("patient_id") == some["patient_id"][0])])
    refused(
        r"changes\[1\]: 1 of \d+ patients that earlier parts begin with have rows here as well", some, moved
    )


def test_other_tables_in_parts() -> None:
    """Episodes by hand: 40 of two sites, of whom each third completed, and 8 planned sessions each."""
    rows = [
        {
            "patient_id": n,
            "site": "AB"[n % 2],
            "attended_sessions": n % 9,
            "planned_sessions": 8,
            "completed": n % 3 == 0,
        }
        for n in range(40)
    ]
    whole = pl.DataFrame(rows)
    parts = [whole.filter(pl.col("patient_id") % 3 == n) for n in range(3)]
    result = program.table(episodes=parts, by=["site"], totals=True)
    same(result, program.table(episodes=whole, by=["site"], totals=True))
    (total,) = result.filter(site="all", definition="adherence").iter_rows(named=True)
    assert (total["numerator"], total["denominator"]) == (sum(n % 9 for n in range(40)), 320)
    doses = pl.DataFrame(
        {
            "patient_id": range(6),
            "period": ["2025"] * 6,
            "opioid_free": [True] + [False] * 5,
            "mme": [0.0, 10, 60, 95, 120, 51],
        }
    )
    halves = [doses.head(3), doses.tail(3)]
    same(program.table(opioids=halves), program.table(opioids=doses))
    with pytest.raises(FrameError, match=r"opioids\[1\]: 1 of 3 patients that earlier parts begin with"):
        program.table(opioids=[doses.head(3), doses.tail(4)])


def test_forms_of_a_patient_may_lie_in_several_parts() -> None:
    """Net Promoter counts forms: a table of scores by month counts as a whole one."""
    forms = pl.DataFrame(
        {
            "patient_id": [1, 2, 1, 2, 3],
            "instrument": "nps",
            "scale": "rating",
            "answered": 1,
            "value": [9.0, 4, 10, 8, 7],
        }
    )
    result = program.table(scores=[forms.head(2), forms.tail(3)])
    same(result, program.table(scores=forms))
    assert result.filter(definition="nps").select("numerator", "denominator").row(0) == (1, 5)
