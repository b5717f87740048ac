"""Columns that scoring adds: memory that they share, and words between gaps."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

import ipm_outcomes as ipm
from ipm_outcomes import frames, responses
from ipm_outcomes.frames._kernel import MISSING, Kernel, no_answers
from ipm_outcomes.frames._library import Words
from ipm_outcomes.frames._polars import Polars
from ipm_outcomes.frames._scale_columns import empty_columns, withhold
from ipm_outcomes.tables import tables


@pytest.mark.parametrize("rows", [0, 1, 70_000, 600_000])
@pytest.mark.parametrize("id", ["nps", "pastor"])
def test_columns_that_share_memory_do_not_overlap(id: str, rows: int) -> None:
    found = empty_columns(tables(ipm.instrument(id)), rows, exact=False)
    floats = [column for scale in found.values() for column in (scale.value, scale.se) if column is not None]
    for number, column in enumerate(floats):
        column[:] = number
    assert all(len(column) == rows and column.flags.c_contiguous for column in floats)
    assert [column.tolist() for column in floats] == [[number] * rows for number in range(len(floats))]


def test_a_column_keeps_no_more_than_34_megabytes_beside_it() -> None:
    for rows in (1000, 70_000, 300_000, 600_000):
        found = empty_columns(tables(ipm.instrument("pastor")), rows, exact=False)
        columns = [
            column
            for scale in found.values()
            for column in (scale.value, scale.se, scale.answered, scale.labels, scale.absent)
            if column is not None
        ]
        bases = [column.base for column in columns if column.base is not None]
        assert max([0, *(base.nbytes for base in bases)]) <= max(34 << 20, 8 * rows + (2 << 20))


def test_counts_share_no_memory_with_what_becomes_words() -> None:
    found = empty_columns(tables(ipm.instrument("promis29")), 600_000, exact=False)
    kept, words = set(), set()
    for scale in found.values():
        kept.add(id(scale.answered.base.base))
        words |= {id(codes.base) for codes in (scale.labels, scale.absent) if codes is not None}
    assert len(kept) == 1
    assert len(words) == 1
    assert not kept & words


@pytest.mark.parametrize("labels", [1, 2, 5, 17, 18, 40])
@pytest.mark.parametrize("gaps", [0, 0.1, 1])
@pytest.mark.parametrize("rows", [0, 1, 3, 1000])
def test_words_of_polars_are_those_of_their_codes(labels: int, gaps: float, rows: int) -> None:
    rng = np.random.default_rng(labels + rows)
    known = tuple(f"word {number}" for number in range(labels))
    for lowest in (0, labels - 1):
        codes = rng.integers(lowest, labels, rows).astype(np.int8)
        codes[rng.random(rows) < gaps] = -1
        for given in (codes, np.sort(codes), np.repeat(codes, 2)[::2]):
            made = Polars().made({"x": Words(given, known)}, ())["x"]
            assert made.to_list() == [None if code < 0 else known[code] for code in given]
            assert made.dtype == pl.Enum(known)
            assert made.name == "x"


def test_columns_of_words_without_any_word() -> None:
    made = Polars().made({"x": Words(np.full(3, -1, np.int8), ())}, ())["x"]
    assert made.to_list() == [None, None, None]
    assert made.dtype == pl.Enum([])


@pytest.mark.parametrize("share", [0, 0.02, 0.3, 0.5, 0.7, 0.98, 1])
def test_words_between_gaps(share: float) -> None:
    rng = np.random.default_rng(3)
    held = rng.random(2000) < share
    given = rng.integers(0, 11, 2000)
    answers = [int(n) if there else None for n, there in zip(given, held, strict=True)]
    data = pl.DataFrame({"nps_recommend": pl.Series(answers, dtype=pl.Int64)})
    scored = frames.score(data, "nps")
    bands = ["detractor"] * 7 + ["passive"] * 2 + ["promoter"] * 2
    assert scored["nps_rating_band"].to_list() == [None if n is None else bands[n] for n in answers]
    assert scored["nps_rating_absent"].to_list() == ["no_answers" if n is None else None for n in answers]
    kind = scored["nps_rating_band"].dtype
    assert isinstance(kind, pl.Enum)
    assert kind.categories.to_list() == ["detractor", "passive", "promoter"]


def test_values_are_withheld_where_it_is_said_and_nowhere_else() -> None:
    values = np.array([0.0, 1.5, -2.0, np.inf, np.nan, 3.0])
    withhold(values, np.array([True, False, True, True, False, False]))
    assert np.isnan(values).tolist() == [True, False, True, True, True, False]
    assert values[[1, 5]].tolist() == [1.5, 3.0]


def test_rooms_of_a_long_stretch_serve_a_short_one() -> None:
    definition = ipm.instrument("promis29_2")
    rng = np.random.default_rng(5)
    codes = np.stack(
        [
            rng.integers(answers.lowest, answers.highest + 1, 900)
            for answers in map(definition.answers_of, definition.item_ids)
        ]
    ).astype(np.int8)
    codes[rng.random(codes.shape) < 0.02] = MISSING
    assert not no_answers(codes).any()
    once, parts = Kernel(definition), Kernel(definition)
    whole, flags = once.columns(900, exact=True), once.flag_columns(900)
    once.score(codes, whole, flags)
    split, flags = parts.columns(900, exact=True), parts.flag_columns(900)
    for start, stop in ((0, 500), (500, 510), (510, 900)):
        parts.score(codes[:, start:stop], split, flags, start)
    for id in whole:
        for name in ("value", "se", "numerator", "labels", "answered", "absent"):
            one, other = getattr(whole[id], name), getattr(split[id], name)
            assert (one is None and other is None) or np.array_equal(
                one, other, equal_nan=name in ("value", "se")
            )


def test_scores_that_rest_on_others_are_those_of_single_responses() -> None:
    definition = ipm.instrument("promis29_2")
    rng = np.random.default_rng(6)
    columns = {
        item.id: rng.integers(answers.lowest, answers.highest + 1, 40).tolist()
        for item in definition.items
        for answers in (definition.answers_of(item.id),)
    }
    scored = frames.score(
        pl.DataFrame({f"promis29_2_{item}": given for item, given in columns.items()}), "promis29_2"
    )
    for row in range(40):
        single = ipm.score(responses.PROMIS29Plus2(**{item: given[row] for item, given in columns.items()}))
        for id, one in single.scales():
            assert scored[f"promis29_2_{id}"][row] == one.value, id


@pytest.mark.parametrize("under", [0, 3, 90, 200, -5, 2**40])
def test_what_lies_under_a_cell_without_a_value_says_nothing(under: int) -> None:
    pa = pytest.importorskip("pyarrow")
    held = pa.py_buffer(np.packbits([1, 0, 1, 1], bitorder="little").tobytes())
    given = pa.py_buffer(np.array([1, under, 4, 2], np.int64).tobytes())
    column = pa.Array.from_buffers(pa.int64(), 4, [held, given])
    table = pa.table({"mini_z_burnout": column, **{f"phq9_q{n}": column for n in range(1, 10)}})
    mini_z = frames.score(
        table.select(["mini_z_burnout"]), "mini_z", columns={"burnout": "mini_z_burnout"}, replace=True
    )
    assert mini_z["mini_z_burnout_answered"].to_pylist() == [1, 0, 1, 1]
    for item in ("answer", "position"):
        scored = frames.score(table, "phq9", coding=item, invalid="null")
        assert scored["phq9_invalid"].to_pylist() == [0, 0, 9 if item == "answer" else 0, 0]
        assert scored["phq9_total_answered"].to_pylist() == [9, 0, 0 if item == "answer" else 9, 9]


def test_numbers_of_the_other_byte_order() -> None:
    pd = pytest.importorskip("pandas")
    given = np.array([7, 0, 10, 3], ">i4")
    scored = frames.score(pd.DataFrame({"nps_recommend": given}), "nps")
    assert scored["nps_rating"].tolist() == [7, 0, 10, 3]


def test_a_column_without_a_name_stays_so() -> None:
    data = pl.DataFrame(
        {"": ["a"], "peg_pain": [7], "peg_enjoyment": [6], "peg_activity": [7], "peg_mean": [1.0]}
    )
    assert frames.score(data, "peg", replace=True).columns[:2] == ["", "peg_pain"]
