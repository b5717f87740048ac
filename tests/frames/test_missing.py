"""Cells without an answer among answers: under positions, and in Polars without PyArrow."""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest

from ipm_outcomes import frames
from ipm_outcomes.frames import _fetch
from ipm_outcomes.frames._kernel import CHUNK

PAIN = ["painin9", "painin22", "painin31", "painin34"]
SOCIAL = ["srpper11_caps", "srpper18_caps", "srpper23_caps", "srpper46_caps"]


def test_positions_with_gaps(backend: Any) -> None:
    """Position 1 is "not at all" (1) for pain, "never" (5) for social roles; a gap is no position."""
    data: dict[str, list[Any]] = {f"promis29_{item}": [1, 1, None, 5] for item in (*PAIN, *SOCIAL)}
    data["promis29_painin22"] = [1, None, None, 5]
    data["promis29_srpper11_caps"] = [None, 1, None, 5]
    scales = ["pain_interference", "social_roles"]
    scored = backend.rows(frames.score(backend.make(data), "promis29", coding="position", scales=scales))
    # Raw 4, a gap, nothing, raw 20; raw 20 (never, four times) second, raw 4 last.
    assert scored["promis29_pain_interference"] == [41.6, None, None, 75.6]
    assert scored["promis29_social_roles"] == [None, 64.2, None, 27.5]
    assert scored["promis29_pain_interference_answered"] == [4, 3, 0, 4]
    assert scored["promis29_social_roles_answered"] == [3, 4, 0, 4]
    found = backend.rows(frames.check(backend.make(data), "promis29", coding="position", scales=scales))
    assert found["row"] == []


def test_positions_with_words_for_no_answer(backend: Any) -> None:
    data = {f"phq9_q{n}": [1, 2, 9] for n in range(1, 10)} | {"phq9_q9": [9, 2, 9]}
    scored = backend.rows(
        frames.score(backend.make(data), "phq9", coding="position", not_answered=[9], missing="prorate")
    )
    # Eight times "not at all": 0 x 9 / 8; nine times "several days": 9.
    assert scored["phq9_total"] == [0.0, 9.0, None]
    assert scored["phq9_total_answered"] == [8, 9, 0]


ROWS = CHUNK + 3
"""More than are taken at once, so that a second block is read too."""


@pytest.mark.parametrize("dtype", [pl.Int64, pl.UInt8, pl.Float32])
@pytest.mark.parametrize("arrow", [False, True])
def test_nulls_of_polars_with_and_without_pyarrow(
    dtype: Any, arrow: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_fetch, "_BLOCK", CHUNK)
    if not arrow:
        monkeypatch.setattr(_fetch, "find_spec", lambda name: None)
    pain = [n % 11 for n in range(ROWS)]
    enjoyment: list[int | None] = [0 if n % 3 else None for n in range(ROWS)]
    activity: list[int | None] = [None if n in (ROWS - 2, 7) else 1 for n in range(ROWS)]
    frame = pl.DataFrame(
        {"peg_pain": pain, "peg_enjoyment": enjoyment, "peg_activity": activity},
        schema_overrides=dict.fromkeys(("peg_pain", "peg_enjoyment", "peg_activity"), dtype),
    )
    scored = frames.score(frame, "peg")
    wanted = [
        None if second is None or third is None else (first + second + third) / 3
        for first, second, third in zip(pain, enjoyment, activity, strict=True)
    ]
    assert scored["peg_mean"].to_list() == wanted
    assert scored["peg_mean_answered"].to_list() == [
        1 + (second is not None) + (third is not None)
        for second, third in zip(enjoyment, activity, strict=True)
    ]


@pytest.mark.parametrize("arrow", [False, True])
def test_truth_values_beside_nulls_are_still_no_answers(arrow: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    if not arrow:
        monkeypatch.setattr(_fetch, "find_spec", lambda name: None)
    frame = pl.DataFrame({"nps_recommend": [True, None, False]})
    assert frames.check(frame, "nps")["row"].to_list() == [0, 2]
    scored = frames.score(frame, "nps", invalid="null")
    assert scored["nps_invalid"].to_list() == [1, 0, 1]


def test_blank_text_among_the_words_for_no_answer_declares_nothing() -> None:
    frame = pl.DataFrame({"nps_recommend": ["3", " ", "x"]})
    told = frames.check(frame, "nps", not_answered=["", "  "], text_numbers=True)
    assert told["row"].to_list() == [2]


def test_what_lies_below_a_null_is_never_read() -> None:
    """Arrow may keep any bytes under a null; here a 3, which would be an answer."""
    import pyarrow as pa

    validity = pa.py_buffer(bytes([0b101]))
    values = pa.py_buffer(bytes([1, 3, 2]))
    column = pa.Array.from_buffers(pa.uint8(), 3, [validity, values])
    scored = frames.score(pa.table({"nps_recommend": column}), "nps")
    assert scored.column("nps_rating").to_pylist() == [1.0, None, 2.0]
    later = frames.score(pa.table({"nps_recommend": column.slice(1)}), "nps")
    assert later.column("nps_rating").to_pylist() == [None, 2.0]
