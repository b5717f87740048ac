"""Frames: every kind in, the same kind out, nothing lost, nothing else touched."""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import ipm_outcomes as ipm
from ipm_outcomes import frames, responses, score, testing
from ipm_outcomes.errors import FrameError, InvalidAnswersError, ParameterError, UnknownNameError
from ipm_outcomes.frames._check import RULES
from ipm_outcomes.frames._kernel import CHUNK

IDS = ipm.instruments()
PEG = {"peg_pain": [3, 5, None, 10], "peg_enjoyment": [4, 5, 1, 10], "peg_activity": [5, 6, 1, 10]}


@cache
def drawn(id: str) -> list[tuple[dict[str, list[Any]], list[Any]]]:
    """Answers of 15 small tables, with the score of each row: the same for every kind of frame."""
    definition = ipm.instrument(id)
    model = getattr(responses, definition.class_name)
    tables = []

    @given(testing.columns(id, min_rows=1, max_rows=6))
    @settings(max_examples=15)
    def draw(columns: dict[str, list[Any]]) -> None:
        rows = [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
        scores = [score(model(**{item: row[f"{id}_{item}"] for item in definition.item_ids})) for row in rows]
        tables.append((columns, scores))

    draw()
    return tables


@pytest.mark.parametrize("id", IDS)
def test_row_equals_frame_on_every_backend(id: str, backend: Any) -> None:
    for columns, scores in drawn(id):
        scored = backend.rows(frames.score(backend.make(columns), id))
        for n, found in enumerate(scores):
            for scale, one in found.scales():
                assert scored[f"{id}_{scale}"][n] == one.value, columns
                assert scored[f"{id}_{scale}_answered"][n] == one.answered, columns
                assert scored[f"{id}_{scale}_absent"][n] == (one.absent.code if one.absent else None), columns
                for field in ("band", "se"):
                    if f"{id}_{scale}_{field}" in scored:
                        assert scored[f"{id}_{scale}_{field}"][n] == getattr(one, field), columns


def test_other_columns_and_order_are_kept(backend: Any) -> None:
    data = {"patient_id": ["b", "a", "c", "a"], "note": [None, "x", "=1+1", ""], **PEG, "visit": [2, 1, 1, 3]}
    frame = backend.make(data)
    scored = backend.rows(frames.score(frame, "peg"))
    assert list(scored)[: len(data)] == list(data)
    assert {name: scored[name] for name in data} == data
    assert scored["peg_mean"] == [4.0, 16 / 3, None, 10.0]
    assert scored["peg_mean_answered"] == [3, 3, 2, 3]
    assert scored["peg_mean_absent"] == [None, None, "too_few_answers", None]


def test_the_frame_given_is_not_changed(backend: Any) -> None:
    frame = backend.make(PEG)
    frames.score(frame, "peg")
    frames.tidy(frame, "peg")
    assert backend.rows(frame) == PEG


def test_no_rows(backend: Any) -> None:
    if backend.name in ("polars", "polars-lazy"):
        empty = backend.make(PEG).head(0)
    elif backend.name == "duckdb":
        empty = backend.make(PEG).limit(0)
    else:
        empty = backend.make(PEG)[:0]
    assert backend.rows(frames.score(empty, "peg"))["peg_mean"] == []
    assert backend.rows(frames.check(empty, "peg"))["row"] == []
    assert backend.rows(frames.tidy(empty, ["peg"]))["value"] == []


def test_all_blank(backend: Any) -> None:
    if backend.name == "pandas-nullable":
        frame = pd.DataFrame({name: pd.array([None, None], dtype="Int64") for name in PEG})
    else:
        frame = backend.make({name: [None, None] for name in PEG})
    assert backend.rows(frames.score(frame, "peg"))["peg_mean_absent"] == ["no_answers"] * 2


@pytest.mark.parametrize(
    "index", [["x", "x", "y", "x"], [9, 7, 5, 3], pd.MultiIndex.from_tuples([(1, 2)] * 4)]
)
def test_pandas_index_is_kept(index: Any) -> None:
    frame = pd.DataFrame(PEG, index=index)
    scored = frames.score(frame, "peg")
    assert scored.index.equals(frame.index)
    assert scored["peg_mean"].tolist()[1] == 16 / 3


def test_pandas_dtype_families_follow_the_items() -> None:
    numpy = frames.score(pd.DataFrame(PEG), "peg").dtypes
    assert (str(numpy["peg_mean"]), str(numpy["peg_mean_answered"])) == ("float64", "uint8")
    nullable = frames.score(pd.DataFrame(PEG).astype("Int64"), "peg").dtypes
    assert (str(nullable["peg_mean"]), str(nullable["peg_mean_answered"])) == ("Float64", "UInt8")
    # One nullable column is enough.
    mixed = frames.score(pd.DataFrame(PEG).astype({"peg_pain": "Int64"}), "peg").dtypes
    assert str(mixed["peg_mean"]) == "Float64"
    arrow = frames.score(pa.table(PEG).to_pandas(types_mapper=pd.ArrowDtype), "peg").dtypes
    assert (str(arrow["peg_mean"]), str(arrow["peg_mean_answered"])) == ("double[pyarrow]", "uint8[pyarrow]")


def test_categories_rise_with_the_scale() -> None:
    frame = {f"phq9_q{n}": [0, 1, 2, 3] for n in range(1, 10)}
    banded = frames.score(pd.DataFrame(frame), "phq9")["phq9_total_band"]
    assert banded.cat.ordered
    assert (banded >= "moderately severe").tolist() == [False, False, True, True]


@pytest.mark.parametrize("rows", [CHUNK - 1, CHUNK, CHUNK + 1, 17 * CHUNK + 5])
def test_chunks_meet(rows: int) -> None:
    """Rows at the seams are scored like any others: the total of row i is i modulo 28, by construction."""
    wanted = np.arange(rows) % 28
    left = wanted.copy()
    columns = {}
    for n in range(1, 10):
        columns[f"phq9_q{n}"] = np.minimum(left, 3)
        left = left - columns[f"phq9_q{n}"]
    frame = pl.DataFrame(columns).with_columns(
        phq9_q9=pl.when(pl.int_range(pl.len()) % 1000 == 7).then(None).otherwise(pl.col("phq9_q9"))
    )
    found = frames.score(frame, "phq9")["phq9_total"].to_numpy()
    gaps = np.arange(rows) % 1000 == 7
    assert np.isnan(found[gaps]).all()
    assert np.array_equal(found[~gaps], wanted[~gaps])


def test_wrong_cells_are_found_in_every_chunk() -> None:
    values = np.ones(2 * CHUNK + 10, np.int64)
    values[[0, CHUNK - 1, CHUNK, 2 * CHUNK + 9]] = 77
    frame = pl.DataFrame({"nps_recommend": values})
    assert frames.check(frame, "nps")["row"].to_list() == [0, CHUNK - 1, CHUNK, 2 * CHUNK + 9]
    assert frames.score(frame, "nps", invalid="null")["nps_invalid"].sum() == 4


@pytest.mark.parametrize("kind", ["int8", "int16", "int64", "uint8", "uint64", "float32", "float64"])
def test_numbers_of_every_width(kind: str) -> None:
    frame = pd.DataFrame({"nps_recommend": np.array([0, 5, 10, 11], dtype=kind)})
    assert frames.check(frame, "nps")["row"].tolist() == [3]


def test_numbers_that_wrap_in_a_byte_are_not_answers() -> None:
    wrapped = [256, 257, 2**32 + 1, -255, -256, 2**62]
    for frame in (pd.DataFrame({"nps_recommend": wrapped}), pl.DataFrame({"nps_recommend": wrapped})):
        assert len(frames.check(frame, "nps")) == len(wrapped)


def test_255_and_254_are_no_codes_of_ours() -> None:
    frame = pl.DataFrame({"nps_recommend": pl.Series([255, 254, 3], dtype=pl.UInt8)})
    assert frames.check(frame, "nps")["value"].to_list() == ["255", "254"]


def test_zero_of_a_sas_transport_file() -> None:
    """pandas reads the zero of such a file as 5.397605346934028e-79."""
    frame = pd.DataFrame({"nps_recommend": [5.397605346934028e-79, 10.0, 1e-70]})
    assert frames.check(frame, "nps")["row"].tolist() == [2]
    assert frames.score(frame[:2], "nps")["nps_rating"].tolist() == [0.0, 10.0]


def test_cells_of_mixed_kinds_are_judged_one_by_one() -> None:
    cells = [
        1,
        1.0,
        True,
        "1",
        None,
        pd.NA,
        np.nan,
        np.int8(1),
        Decimal("1"),
        Decimal("1.5"),
        date(2026, 1, 1),
        [],
    ]
    frame = pd.DataFrame({"nps_recommend": pd.Series(cells, dtype=object)})
    problems = frames.check(frame, "nps")
    assert problems["row"].tolist() == [2, 3, 9, 10, 11]
    assert problems["kind"].tolist() == ["boolean", "text", "number", "other", "other"]
    assert frames.score(frame, "nps", invalid="null")["nps_rating"].tolist()[:2] == [1.0, 1.0]


def test_columns_by_name_and_pattern(backend: Any) -> None:
    data = {f"DPQ0{n}0": [n % 4] for n in range(1, 10)}
    total = float(sum(n % 4 for n in range(1, 10)))
    for columns in ("DPQ0{n}0", {f"q{n}": f"DPQ0{n}0" for n in range(1, 10)}):
        assert backend.rows(frames.score(backend.make(data), "phq9", columns=columns))["phq9_total"] == [
            total
        ]
    padded = {f"x{n:02}": [1] for n in range(1, 14)}
    assert backend.rows(frames.score(backend.make(padded), "pcs", columns="x{n:02}"))["pcs_total"] == [13.0]


def test_wrong_ways_to_name_columns() -> None:
    frame = pl.DataFrame({f"DPQ0{n}0": [1] for n in range(1, 10)})
    for columns, error, told in (
        (None, FrameError, "none of its item columns"),
        ("DPQ010", ParameterError, "neither {n}"),
        ("DPQ{n}{m}", ParameterError, "may hold only"),
        ({"q1": "DPQ010"}, FrameError, "no column for q2"),
        ({"item1": "DPQ010"}, UnknownNameError, "no item 'item1'"),
        ({f"q{n}": "DPQ010" for n in range(1, 10)}, FrameError, "more than one item"),
        ({f"q{n}": f"DPQ0{n}1" for n in range(1, 10)}, FrameError, "none of its item columns"),
    ):
        with pytest.raises(error, match=told):
            frames.score(frame, "phq9", columns=columns)  # type: ignore[arg-type]


def test_codes_that_mean_no_answer(backend: Any) -> None:
    data = {f"phq9_q{n}": [1, 7, 9, 1] for n in range(1, 10)}
    scored = backend.rows(frames.score(backend.make(data), "phq9", not_answered=(7, 9)))
    assert scored["phq9_total"] == [9.0, None, None, 9.0]
    assert scored["phq9_total_answered"] == [9, 0, 0, 9]
    assert len(backend.rows(frames.check(backend.make(data), "phq9", not_answered=[7]))["row"]) == 9


def test_a_code_that_is_an_answer_cannot_mean_no_answer() -> None:
    frame = pl.DataFrame({"nps_recommend": [1, 9]})
    with pytest.raises(ParameterError, match="9 is an answer of nps recommend"):
        frames.score(frame, "nps", not_answered=(9,))
    with pytest.raises(ParameterError, match="numbers"):
        frames.score(frame, "nps", not_answered=[1.5])  # type: ignore[list-item]


def test_coding_by_position(backend: Any) -> None:
    """First printed option = 1: participation never (5) first, anxiety never (1) first; the 0-10 rating as answered."""
    definition = ipm.instrument("promis29")
    data = {f"promis29_{item}": [1, 5, 3] for item in definition.item_ids} | {"promis29_global07": [0, 10, 4]}
    scored = backend.rows(frames.score(backend.make(data), "promis29", coding="position"))
    # Raw 20, 4 and 12 of the scales that print the best answer first, raw 4, 20 and 12 of the others.
    for scale, values in (
        ("social_roles", [64.2, 27.5, 44.2]),
        ("physical_function", [57.0, 22.5, 36.7]),
        ("anxiety", [40.3, 81.6, 63.4]),
        ("fatigue", [33.7, 75.8, 57.0]),
    ):
        assert scored[f"promis29_{scale}"] == values
    assert scored["promis29_pain_intensity"] == [0.0, 10.0, 4.0]
    # Sleep: very poor (5) and not at all (5) first in two items, not at all (1) first in the other two.
    assert scored["promis29_sleep_disturbance"][0] == scored["promis29_sleep_disturbance"][1]
    six = backend.make({name: [6] for name in data} | {"promis29_global07": [6]})
    assert len(backend.rows(frames.check(six, "promis29", coding="position"))["row"]) == 28
    with pytest.raises(ParameterError, match="coding"):
        frames.score(six, "promis29", coding="reversed")  # type: ignore[arg-type]


def test_positions_of_forms_that_begin_at_zero() -> None:
    data = {f"phq9_q{n}": [1, 4, 0] for n in range(1, 10)}
    scored = frames.score(pl.DataFrame(data), "phq9", coding="position", invalid="null")
    assert scored["phq9_total"].to_list() == [0.0, 27.0, None]
    assert scored["phq9_invalid"].to_list() == [0, 0, 9]


def test_labels_are_answers(backend: Any) -> None:
    data: dict[str, list[Any]] = {
        f"gad7_q{n}": ["Several days", "not at all", None, "  NEARLY every day"] for n in range(1, 8)
    }
    data["gad7_q2"] = ["More days than not", "Not at all", "", "Nearly every day"]
    scored = backend.rows(frames.score(backend.make(data), "gad7"))
    assert scored["gad7_total"] == [8.0, 0.0, None, 21.0]
    assert scored["gad7_total_answered"] == [7, 7, 0, 7]


def test_only_some_scales_ask_only_for_their_items(backend: Any) -> None:
    data = {f"promis29_{item}": [1, 5] for item in ("eddep04", "eddep06", "eddep29", "eddep41")}
    frame = backend.make(data)
    scored = backend.rows(frames.score(frame, "promis29", scales=["depression"]))
    assert scored["promis29_depression"] == [41.0, 79.4]  # promis/table_depression_4a.csv, raw 4 and 20
    assert "promis29_anxiety" not in scored
    long = backend.rows(frames.tidy(frame, ["promis29"], scales={"promis29": ["depression"]}))
    assert long["scale"] == ["depression"] * 2
    with pytest.raises(FrameError, match="promis29_edanx01"):
        frames.score(frame, "promis29")
    with pytest.raises(FrameError, match="promis29_pfa11"):
        frames.score(frame, "promis29", scales=["depression", "mental_summary"])
    with pytest.raises(UnknownNameError, match="no scale 'mood'"):
        frames.score(frame, "promis29", scales=["mood"])
    with pytest.raises(ParameterError, match="at least one"):
        frames.score(frame, "promis29", scales=[])


def test_confidence_limits(backend: Any) -> None:
    data = {f"promis29_{item}": [1] for item in ("eddep04", "eddep06", "eddep29", "eddep41")}
    scored = backend.rows(frames.score(backend.make(data), "promis29", scales="depression", level=0.95))
    # T 41.0, SE 6.2: 41.0 -+ 1.959964 x 6.2
    assert scored["promis29_depression_lower"] == [pytest.approx(41.0 - 1.959964 * 6.2, abs=1e-5)]
    assert scored["promis29_depression_upper"] == [pytest.approx(41.0 + 1.959964 * 6.2, abs=1e-5)]
    with pytest.raises(ParameterError, match="level"):
        frames.score(backend.make(data), "promis29", scales="depression", level=95)


def test_a_result_column_that_is_there_already_is_refused(backend: Any) -> None:
    frame = backend.make({**PEG, "peg_mean": [1, 2, 3, 4]})
    with pytest.raises(FrameError, match="'peg_mean'"):
        frames.score(frame, "peg")
    with pytest.raises(FrameError, match="'value'"):
        frames.tidy(backend.make({**PEG, "value": [1, 2, 3, 4]}), ["peg"], by=["value"])


@pytest.mark.parametrize(
    "data", [[1, 2], {"peg_pain": [1]}, np.zeros((3, 3)), None, "file.csv", pd.Series([1])]
)
def test_what_is_no_frame_is_refused(data: Any) -> None:
    with pytest.raises(FrameError, match="is not a data frame"):
        frames.score(data, "peg")


def test_unknown_names() -> None:
    frame = pl.DataFrame(PEG)
    with pytest.raises(UnknownNameError, match="there is no instrument 'phq10'; there are"):
        frames.score(frame, "phq10")
    with pytest.raises(UnknownNameError, match="no missing rule"):
        frames.score(frame, "peg", missing="prorate")
    with pytest.raises(ParameterError, match="invalid"):
        frames.score(frame, "peg", invalid="drop")  # type: ignore[arg-type]


def test_the_error_hands_over_the_table_of_problems(backend: Any) -> None:
    data = {**PEG, "peg_pain": [11, 5, None, -3]}
    with pytest.raises(
        InvalidAnswersError, match="2 cells are not an answer: row 0, column 'peg_pain': 11"
    ) as caught:
        backend.rows(frames.score(backend.make(data), "peg"))
    problems = backend.rows(caught.value.problems)
    assert problems["row"] == [0, 3]
    assert problems["value"] == ["11", "-3"]
    assert problems["rule"] == ["answer_not_allowed"] * 2


def test_prorating_in_frames(backend: Any) -> None:
    """13 x 9 / 8 = 14.625 stays moderate (10 up to 15); 14 x 9 / 8 = 15.75 is moderately severe."""
    data = {f"phq9_q{n}": [2, 2] for n in range(1, 9)} | {"phq9_q8": [None, None], "phq9_q9": [0, 1]}
    data["phq9_q1"] = [1, 1]
    scored = backend.rows(frames.score(backend.make(data), "phq9", missing="prorate"))
    assert scored["phq9_total"] == [13 * 9 / 8, 14 * 9 / 8]
    assert scored["phq9_total_band"] == ["moderate", "moderately severe"]
    long = backend.rows(frames.tidy(backend.make(data), ["phq9"], missing="prorate"))
    exact = Fraction(long["exact_numerator"][0], long["exact_denominator"][0])
    assert exact == Fraction(13 * 9, 8)


def test_tidy(backend: Any) -> None:
    data = {
        "patient_id": ["p1", "p2", "p3", "p4"],
        "date": [date(2026, 1, n) for n in (1, 2, 3, 4)],
        **PEG,
        "nps_recommend": [10, None, 7, 6],
    }
    long = backend.rows(frames.tidy(backend.make(data), ["peg", "nps"], by=["patient_id", "date"]))
    assert list(long) == [
        *("patient_id", "date", "instrument", "scale", "value", "se", "band", "answered", "absent"),
        *("exact_numerator", "exact_denominator", "blank_row"),
    ]
    assert long["patient_id"] == ["p1", "p1", "p2", "p2", "p3", "p3", "p4", "p4"]
    assert [str(day)[:10] for day in long["date"]] == [f"2026-01-0{n}" for n in (1, 1, 2, 2, 3, 3, 4, 4)]
    assert long["instrument"] == ["peg", "nps"] * 4
    assert long["scale"] == ["mean", "rating"] * 4
    assert long["value"] == [4.0, 10.0, 16 / 3, None, None, 7.0, 10.0, 6.0]
    assert long["band"] == [None, "promoter", None, None, None, "passive", None, "detractor"]
    assert long["absent"] == [None, None, None, "no_answers", "too_few_answers", None, None, None]
    assert long["exact_numerator"] == [12, 10, 16, None, None, 7, 30, 6]
    assert long["exact_denominator"] == [3, 1] * 4


def test_tidy_keeps_a_word_in_the_band() -> None:
    frame = pl.DataFrame({f"phq9_q{n}": [3, 0] for n in range(1, 10)})
    long = frames.tidy(frame, "phq9").filter(pl.col("scale") == "syndrome")
    assert long["band"].to_list() == ["major", "none"]
    assert long["value"].to_list() == [None, None]
    assert long["absent"].to_list() == [None, None]


def test_tidy_refuses_unknown_columns_and_no_instrument() -> None:
    with pytest.raises(FrameError, match="by: the frame has no column 'site'"):
        frames.tidy(pl.DataFrame(PEG), ["peg"], by=["site"])
    with pytest.raises(ParameterError, match="at least one instrument"):
        frames.tidy(pl.DataFrame(PEG), [])
    with pytest.raises(ParameterError, match="none of these instruments"):
        frames.tidy(pl.DataFrame(PEG), ["peg"], missing="prorate")


def test_anything_that_hands_over_arrow_data() -> None:
    class Stream:
        def __arrow_c_stream__(self, requested_schema: object = None) -> object:
            return pa.table(PEG).__arrow_c_stream__(requested_schema)

    assert frames.score(Stream(), "peg").column("peg_mean").to_pylist() == [4.0, 16 / 3, None, 10.0]


def test_progress_tells_rows_done() -> None:
    done: list[int] = []
    frames.score(pl.DataFrame({"nps_recommend": [1] * (CHUNK + 1)}), "nps", progress=done.append)
    assert done == [CHUNK, CHUNK + 1]


@pytest.mark.parametrize("kind", ["eager", "relation"])
def test_an_error_of_the_progress_function_is_the_callers_own(kind: str) -> None:
    import duckdb

    class CancelledError(Exception):
        """What a program raises to stop a long run."""

    def cancel(rows: int) -> None:
        raise CancelledError(rows)

    eager: Any = pl.DataFrame(PEG)
    table = eager if kind == "eager" else duckdb.connect().from_arrow(eager.to_arrow())
    with pytest.raises(CancelledError, match="4"):
        frames.score(table, "peg", progress=cancel)


def test_duckdb_takes_nothing_of_the_same_name_from_the_database() -> None:
    import duckdb

    if duckdb.__version__ < "2":
        pytest.skip("DuckDB before 2.0 keeps the view of a query on a relation")
    con = duckdb.connect()
    con.execute("create table scored as select 42 as secret")
    con.execute("create table answers as select 7 peg_pain, 6 peg_enjoyment, 7 peg_activity")
    scored = frames.score(con.table("answers"), "peg")
    assert scored.fetchall()[0][:4] == (7, 6, 7, 20 / 3)
    assert con.execute("select view_name from duckdb_views() where not internal").fetchall() == []


def test_duckdb_columns_keep_their_types() -> None:
    import duckdb

    con = duckdb.connect()
    answers = "7 peg_pain, 6 peg_enjoyment, 7::hugeint peg_activity, "
    others = "340282366920938463463374607431768211455::uhugeint a, '1010'::bit b, '10:00:00+02'::timetz c, "
    con.execute(
        f"create table t as select {answers} {others} uuid() d, 'x'::enum('x', 'y') e, [1] f, {{'x': 1}} g"
    )
    relation = con.table("t")
    scored = frames.score(relation, "peg")
    kept = len(relation.columns)
    assert scored.types[:kept] == relation.types
    assert scored.fetchall()[0][:kept] == relation.fetchall()[0]
    assert scored.select("peg_mean").fetchall() == [(20 / 3,)]


def test_duckdb_does_not_tell_case_apart() -> None:
    import duckdb

    con = duckdb.connect()
    with pytest.raises(FrameError, match="'peg_mean'"):
        frames.score(con.sql("select 7 peg_pain, 6 peg_enjoyment, 7 peg_activity, 1 as PEG_MEAN"), "peg")
    closed = duckdb.connect(config={"enable_external_access": False})
    with pytest.raises(FrameError, match="to_arrow_table"):
        frames.score(closed.sql("select 7 peg_pain, 6 peg_enjoyment, 7 peg_activity"), "peg")


@pytest.mark.parametrize(
    "cells",
    [
        [b"2"],
        [bytearray(b"2")],
        [memoryview(b"2")],
        [np.bytes_(b"2")],
        [2 + 0j],
        [np.complex128(2)],
        [np.datetime64(2, "ns")],
        [Decimal("2.0000000000000000000001")],
        [Fraction(2 * 10**20 + 1, 10**20)],
        [np.array([2])],
    ],
    ids=lambda cells: type(cells[0]).__name__,
)
def test_what_only_looks_like_a_number_is_refused_by_row_and_frame(cells: list[Any]) -> None:
    from pydantic import ValidationError

    column = np.empty(1, object)
    column[0] = cells[0]
    frame = pd.DataFrame({"nps_recommend": pd.Series(column, dtype=object)})
    (rule,) = frames.check(frame, "nps")["rule"]
    with pytest.raises(ValidationError) as caught:
        ipm.NPS(recommend=cells[0])
    assert caught.value.errors()[0]["type"] == rule
    assert rule in ("answer_wrong_kind", "answer_not_whole")


@pytest.mark.parametrize(
    "cell", [float("inf"), 10**400, -(10**20), 3.5, True, "x", b"x", 11, Decimal("Infinity")]
)
def test_codes_are_the_same_by_row_and_frame(cell: Any) -> None:
    from pydantic import ValidationError

    frame = pd.DataFrame({"nps_recommend": pd.Series([cell], dtype=object)})
    (rule,) = frames.check(frame, "nps")["rule"]
    with pytest.raises(ValidationError) as caught:
        ipm.NPS(recommend=cell)
    assert caught.value.errors()[0]["type"] == rule


def test_bytes_in_arrow_and_polars_are_no_answers() -> None:
    for frame in (
        pl.DataFrame({"nps_recommend": [b"4471234567"]}),
        pa.table({"nps_recommend": [b"4471234567"]}),
    ):
        problems = frames.check(frame, "nps")
        assert "447" not in str(problems)
        assert len(problems) == 1


def test_numbers_written_as_text() -> None:
    texts = ["2", " 3.0 ", "1e0", "5.39761e-79", "2.00000000000000000001", "1_0", "nan", "2,5", "", "11"]
    frame = pl.DataFrame({"nps_recommend": texts})
    problems = frames.check(frame, "nps", text_numbers=True)
    assert problems["row"].to_list() == [4, 5, 6, 7, 9]
    assert problems["rule"].to_list() == ["answer_not_whole", *["answer_is_text"] * 3, "answer_not_allowed"]
    scored = frames.score(frame, "nps", text_numbers=True, invalid="null")
    assert scored["nps_rating"].to_list()[:4] == [2.0, 3.0, 1.0, 0.0]


def test_columns_that_are_not_named_by_text() -> None:
    frame = pd.DataFrame([[3, 4, 5]])
    names = {"pain": 0, "enjoyment": 1, "activity": 2}
    assert frames.score(frame, "peg", columns=names)["peg_mean"].tolist() == [4.0]  # type: ignore[arg-type]
    assert frames.tidy(frame, "peg", by=["0"], columns={"peg": names})["0"].tolist() == [3]  # type: ignore[dict-item]


def test_wide_integers() -> None:
    frame = pl.DataFrame({"nps_recommend": pl.Series([3, None, 2**100], dtype=pl.Int128)})
    assert frames.check(frame, "nps")["row"].to_list() == [2]


def test_columns_of_arrow_views_can_be_carried_along() -> None:
    frame = pa.table({"id": pa.array(["a", "b"], pa.string_view()), "nps_recommend": [1, 2]})
    assert frames.tidy(frame, "nps", by=["id"]).column("id").to_pylist() == ["a", "b"]


def test_subclasses_and_wrappers_come_back_as_they_are() -> None:
    import narwhals as nw

    class Clinic(pd.DataFrame):
        @property
        def _constructor(self) -> type:
            return Clinic

    assert isinstance(frames.score(Clinic(PEG), "peg"), pd.DataFrame)
    wrapped = frames.score(nw.from_native(pl.DataFrame(PEG)), "peg")
    assert isinstance(wrapped, nw.DataFrame)
    batch = frames.score(pa.RecordBatch.from_pydict(PEG), "peg")
    assert isinstance(batch, pa.RecordBatch)


def test_pandas_keeps_the_name_and_the_notes_of_its_columns() -> None:
    frame = pd.DataFrame(PEG).rename_axis(columns="item")
    frame.attrs["notes"] = ["first"]
    scored = frames.score(frame, "peg")
    assert scored.columns.name == "item"
    scored.attrs["notes"].append("second")
    assert frame.attrs["notes"] == ["first"]


def test_a_form_of_one_wrong_cell_is_no_blank_form() -> None:
    frame = pl.DataFrame({f"phq9_q{n}": [None if n < 9 else 7] for n in range(1, 10)}, strict=False)
    scored = frames.score(frame.cast(pl.Int8), "phq9", invalid="null")
    assert scored["phq9_flag_self_harm"].to_list() == ["not answered"]


@pytest.mark.parametrize(
    "options",
    [
        {"columns": {"pge": {"pain": "x"}}},
        {"columns": "peg_{item}"},
        {"scales": {"pge": ["mean"]}},
        {"scales": ["mean"]},
        {"coding": {"pge": "position"}},
        {"coding": ["position"]},
        {"invalid": "drop"},
        {"missing": ["complete"]},
        {"not_answered": [["x"]]},
        {"not_answered": {"pge": [7]}},
        {"group_names": "site"},
        {"group_names": {"peg_pain": "merged"}},
        {"not_answered": 1.5},
    ],
)
def test_settings_that_mean_nothing_are_refused(options: dict[str, Any]) -> None:
    with pytest.raises(ParameterError):
        frames.tidy(pl.DataFrame(PEG), ["peg"], **options)


def test_more_wrong_arguments() -> None:
    frame = pl.DataFrame(PEG)
    for options in ({"columns": ["a", "b", "c"]}, {"columns": 5}, {"columns": "{n}{n[0]}"}, {"scales": 5}):
        with pytest.raises(ParameterError):
            frames.score(frame, "peg", **options)  # type: ignore[arg-type]
    for level in ("0.95", 1 - 1e-17, True, 95):
        with pytest.raises(ParameterError, match="level"):
            frames.score(frame, "peg", level=level)  # type: ignore[arg-type]
    with pytest.raises(ParameterError, match="twice"):
        frames.tidy(frame, ["peg", "peg"])
    with pytest.raises(ParameterError, match="instrument"):
        frames.score(frame, ["peg"])  # type: ignore[arg-type]
    assert frames.score(frame, "peg", not_answered=None)["peg_mean"].len() == 4  # type: ignore[arg-type]
    assert frames.score(frame, "peg", not_answered=np.int64(99))["peg_mean"].len() == 4  # type: ignore[arg-type]


def test_tidy_counts_wrong_cells(backend: Any) -> None:
    data = {**PEG, "peg_pain": [11, 5, None, -3], "nps_recommend": [1, 11, 2, 3]}
    long = backend.rows(frames.tidy(backend.make(data), ["peg", "nps"], invalid="null"))
    assert long["invalid"] == [1, 0, 0, 1, 0, 0, 1, 0]


@pytest.mark.parametrize("kind", ["pandas", "polars", "pyarrow"])
@given(data=st.data())
@settings(max_examples=10)
def test_the_testing_room_makes_frames(kind: Any, data: st.DataObject) -> None:
    good = data.draw(testing.frames("gad7", kind))
    assert len(frames.check(good, "gad7")) == 0
    assert len(frames.score(good, "gad7")) == len(good)
    bad = data.draw(testing.frames("gad7", kind, invalid=True))
    assert len(frames.check(bad, "gad7")) == 1


PRINTED = {n: (4, 3, 2, 1) if n in (1, 3, 6, 7) else (1, 2, 3, 4) for n in range(1, 9)}
"""Values beside the options of the CSQ-8 from top to bottom (form TMS-180S)."""


@pytest.mark.parametrize("place", [1, 2, 3, 4])
def test_positions_of_a_form_that_prints_both_ways(place: int) -> None:
    stored = pl.DataFrame({f"csq8_q{n}": [place] for n in range(1, 9)})
    wanted = sum(values[place - 1] for values in PRINTED.values())
    assert frames.score(stored, "csq8", coding="position")["csq8_total"].to_list() == [wanted]
    assert frames.score(stored, "csq8")["csq8_total"].to_list() == [8 * place]
    some = {"q1": "position", "q6": "position"}
    wanted = sum(PRINTED[n][place - 1] if n in (1, 6) else place for n in PRINTED)
    for coding in (some, {"csq8": some}):
        assert frames.score(stored, "csq8", coding=coding)["csq8_total"].to_list() == [wanted]  # type: ignore[arg-type]
    tidy = frames.tidy(stored, ["csq8"], coding={"csq8": some})  # type: ignore[dict-item]
    assert tidy["value"].to_list() == [wanted]
    assert frames.check(stored, "csq8", coding={"csq8": some}).height == 0  # type: ignore[dict-item]


@pytest.mark.parametrize(
    "given", [{"q1": "place"}, {"csq8": {"q9": "position"}}, {"csq8": {"q1": 2}}, {"q9": "position"}]
)
def test_codings_of_items_that_say_nothing_are_refused(given: Any) -> None:
    with pytest.raises((ParameterError, UnknownNameError)):
        frames.score(pl.DataFrame({f"csq8_q{n}": [1] for n in range(1, 9)}), "csq8", coding=given)


def test_a_score_that_is_an_answer_takes_its_column(backend: Any) -> None:
    answers = {"dvprs_intensity": [0, 4, None, 5], "note": ["a", "b", "c", "d"]}
    scored = backend.rows(frames.score(backend.make(answers), "dvprs", scales="intensity"))
    assert scored["dvprs_intensity"] == [0, 4, None, 5]
    assert scored["dvprs_intensity_band"] == ["none", "mild", None, "moderate"]
    assert scored["note"] == answers["note"]
    labels = backend.make({"dvprs_stress": ["Does not contribute", "contributes a great deal", None, "7"]})
    assert backend.rows(frames.score(labels, "dvprs", scales="stress"))["dvprs_stress"] == [0, 10, None, 7]
    # Under another name the column of answers stays, and a column that stands there already is refused.
    other = backend.make({"rating": [3], "dvprs_intensity": [9]})
    with pytest.raises(FrameError, match="replace"):
        frames.score(other, "dvprs", columns={"intensity": "rating"}, scales="intensity")
    assert (
        "recorded_scores"
        not in backend.rows(frames.inspect(backend.make(answers), "dvprs", scales="intensity"))["finding"]
    )


def test_global_health_of_the_retired_editions() -> None:
    """v1.0 and v1.1 store None of fatigue and Never of emotional problems as 1, v1.2 as 5 (promis/FACTS.md 6).

    Best health in both: raw 20 in both scores, T 67.7 and 67.6. Read as v1.2, both have raw 16: 50.8 and 53.3.
    """
    best = {f"promis_global_global{n:02}": [5] for n in range(1, 11)} | {"promis_global_global07": [0]}
    scores = ["promis_global_physical_health", "promis_global_mental_health"]
    assert frames.score(pl.DataFrame(best), "promis_global").select(scores).row(0) == (67.7, 67.6)
    old = pl.DataFrame(best | {"promis_global_global08": [1], "promis_global_global10": [1]})
    coding: Any = {"promis_global": {"global08": "position", "global10": "position"}}
    assert frames.score(old, "promis_global", coding=coding).select(scores).row(0) == (67.7, 67.6)
    assert frames.score(old, "promis_global").select(scores).row(0) == (50.8, 53.3)


def test_formulas_are_the_same_in_every_part_of_a_long_file() -> None:
    """More rows than are worked on at a time (65,536): all alike, so that all scores are."""
    items = {f"promis29_{item}": 2 for item in ipm.instrument("promis29").item_ids}
    data = pl.DataFrame(items).select(pl.all().repeat_by(70_000).explode())
    for name in ("physical_summary", "mental_summary"):
        column = frames.score(data, "promis29")[f"promis29_{name}"]
        assert column.null_count() == 0
        assert column.n_unique() == 1


def test_the_rules_of_cells_on_the_page_are_those_of_the_library():
    page = (Path(__file__).parents[2] / "docs" / "privacy_and_errors.md").read_text(encoding="utf-8")
    listed = set(re.findall(r"^\| `((?:answer|label|unknown)_\w+)` \|", page, re.MULTILINE))
    assert listed == {*RULES, "label_unknown", "unknown_item"}
