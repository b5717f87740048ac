"""What happens to input that is no plain answer: the table of the docs, by response class and by frame.

The table is the specification; each of its rows is run here.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from pydantic import ValidationError

from ipm_outcomes import PHQ9, frames, score
from ipm_outcomes.errors import FrameError, InvalidAnswersError

PAGE = Path(__file__).parents[1] / "docs" / "odd_input.md"
VALUES: dict[str, Any] = {
    "None": None,
    "NaN": float("nan"),
    "pd.NA": pd.NA,
    '""': "",
    '"2" among numbers': "2",
    '"NA"': "NA",
    '"abc"': "abc",
    "True": True,
    "1.5": 1.5,
    "4": 4,
    "9": 9,
    "-1": -1,
    "999": 999,
    "np.int64(2)": np.int64(2),
    "2.0": 2.0,
}
SECRET = "Jane Q. Patient, born 1970-01-01"


def stated() -> dict[str, tuple[str, str]]:
    """Input, what the response class does, what the frame does, as the page says it."""
    rows = {}
    for line in PAGE.read_text(encoding="utf-8").splitlines():
        cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
        if len(cells) == 3 and re.match(r"\*\*(answer|not answered|refused)\*\*", cells[1]):
            name = re.fullmatch(r"`([^`]+)`", cells[0])
            rows[name[1] if name else cells[0].replace("`", "")] = (cells[1], cells[2])
    return rows


def meaning(cell: str) -> tuple[str, str | None]:
    word = re.match(r"\*\*(.+?)\*\*", cell)
    code = re.search(r"`(answer_\w+|label_\w+)`", cell)
    assert word
    return word[1], code[1] if code else None


def test_the_readme_states_every_value() -> None:
    assert set(VALUES) <= set(stated())


@pytest.mark.parametrize("name", VALUES)
def test_response_class(name: str) -> None:
    word, code = meaning(stated()[name][0])
    value = VALUES[name]
    rest = {f"q{n}": 1 for n in range(2, 10)}
    if word == "refused":
        with pytest.raises(ValidationError) as caught:
            PHQ9(q1=value, **rest)
        (problem,) = caught.value.errors()
        assert (problem["type"], problem["loc"]) == (code, ("q1",))
    else:
        found = score(PHQ9(q1=value, **rest)).total
        assert (found.value, found.answered) == ((10, 9) if word == "answer" else (None, 8))


def object_column(value: Any) -> list[Any]:
    return [pd.Series([1, value, 2], dtype=object)]


def columns_with(value: Any) -> list[Any]:
    """The value in the middle of a column, in every kind of column that can hold it."""
    found: list[Any] = [pd.Series([1, value, 2], dtype=object)]
    if isinstance(value, bool):
        found += [pd.Series([value] * 3), pl.Series([value] * 3), pd.Series([value] * 3, dtype="boolean")]
    elif isinstance(value, str):
        found += [
            *(columns_of_text(value) if value != "2" else ()),
        ]
    elif value is None or value is pd.NA:
        found += [
            pd.Series([1, pd.NA, 2], dtype="Int8"),
            pl.Series([1, None, 2]),
            pa.chunked_array([[1, None, 2]]),
        ]
        found += [pd.Series([1, pd.NA, 2], dtype=pd.ArrowDtype(pa.int64())), pl.Series([None] * 3)]
    else:
        found += [
            pd.Series([1.0, value, 2.0]),
            pl.Series([1.0, value, 2.0]),
            pa.chunked_array([[1.0, float(value), 2.0]]),
        ]
        found += [pd.Series([1.0, value, 2.0], dtype="float32")]
        if value == value and float(value).is_integer():
            found += [
                pd.Series([1, value, 2]),
                pl.Series([1, int(value), 2]),
                pd.Series([1, value, 2], dtype="Int64"),
            ]
            found += [pd.Series([1, value, 2], dtype=pd.ArrowDtype(pa.int16()))]
    return found


def columns_of_text(value: str) -> list[Any]:
    return [
        pd.Series(["", value, ""]),
        pd.Series([None, value, float("nan")], dtype=object),
        pd.Series(["", value, ""], dtype="category"),
        pd.Series(["", value, ""], dtype=pd.ArrowDtype(pa.string())),
        pl.Series(["", value, ""]),
        pl.Series(["", value, ""], dtype=pl.Categorical),
        pa.chunked_array([["", value, ""]]),
        pa.chunked_array([pa.array(["", value, ""]).dictionary_encode()]),
    ]


def frame_with(column: Any) -> Any:
    rest = {f"phq9_q{n}": [1, 1, 1] for n in range(2, 8)}
    # An answer of 0 among them, without which a 4 would look like the last of options counted from 1.
    rest |= {"phq9_q8": [2, 1, 1], "phq9_q9": [0, 1, 1]}
    if isinstance(column, pl.Series):
        return pl.DataFrame({"patient_id": [SECRET] * 3, "phq9_q1": column, **rest})
    if isinstance(column, pa.ChunkedArray):
        return pa.table({"patient_id": [SECRET] * 3, "phq9_q1": column, **rest})
    return pd.DataFrame({"patient_id": [SECRET] * 3, "phq9_q1": column, **rest})


def cell(frame: Any, name: str, row: int) -> Any:
    if isinstance(frame, pa.Table):
        return frame.column(name)[row].as_py()
    value = frame[name][row]
    return None if value is None or value is pd.NA or value != value else value


@pytest.mark.parametrize("name", VALUES)
def test_frame(name: str) -> None:
    word, code = meaning(stated()[name][1])
    for column in columns_with(VALUES[name]):
        frame = frame_with(column)
        problems = frames.check(frame, "phq9")
        if word == "refused":
            rows = [n for n in range(len(problems)) if cell(problems, "row", n) == 1]
            assert len(rows) == 1
            assert cell(problems, "rule", rows[0]) == code
            assert cell(problems, "column", rows[0]) == "phq9_q1"
            with pytest.raises(InvalidAnswersError) as caught:
                frames.score(frame, "phq9")
            assert len(caught.value.problems) == len(problems)
            scored = frames.score(frame, "phq9", invalid="null")
            assert cell(scored, "phq9_invalid", 1) == 1
            assert cell(scored, "phq9_total_answered", 1) == 8
            assert len(scored) == 3
        else:
            assert len(problems) == 0
            scored = frames.score(frame, "phq9")
            assert cell(scored, "phq9_total", 1) == (10 if word == "answer" else None)
            assert cell(scored, "phq9_total_answered", 1) == (9 if word == "answer" else 8)


def test_a_label_in_a_frame_is_an_answer() -> None:
    frame = frame_with(pl.Series(["several days", " More than  half the days", "NEARLY EVERY DAY"]))
    assert frames.score(frame, "phq9")["phq9_total"].to_list() == [9, 10, 11]


def test_duplicate_columns_are_refused() -> None:
    frame = frame_with(pd.Series([1, 2, 3]))
    doubled = pd.concat([frame, frame[["phq9_q3"]]], axis=1)
    table = pa.table([pa.array([1])] * 10, names=[*(f"phq9_q{n}" for n in range(1, 10)), "phq9_q3"])
    for data in (doubled, table):
        with pytest.raises(FrameError, match="'phq9_q3' appears 2 times"):
            frames.score(data, "phq9")
        with pytest.raises(FrameError, match="'phq9_q3' appears 2 times"):
            frames.check(data, "phq9")


def test_a_missing_column_is_refused() -> None:
    frame = frame_with(pl.Series([1, 2, 3])).drop("phq9_q7")
    with pytest.raises(FrameError, match="no column 'phq9_q7'"):
        frames.score(frame, "phq9")


@pytest.mark.parametrize("column", columns_of_text("2"), ids=lambda column: f"{type(column).__name__}")
def test_a_number_in_a_column_of_text_is_an_answer(column: Any) -> None:
    word, _ = meaning(stated()['"2" in a column of text'][1])
    assert word == "answer"
    scored = frames.score(frame_with(column), "phq9")
    assert cell(scored, "phq9_total", 1) == 10
    assert cell(scored, "phq9_total", 0) is None


def test_a_text_column_is_refused_cell_by_cell() -> None:
    frame = frame_with(pl.Series(["2", "abc", None]))
    assert frames.check(frame, "phq9")["row"].to_list() == [1]
    assert frames.check(frame, "phq9", text_numbers=False)["row"].to_list() == [0, 1]
    for more in ({}, {"text_numbers": True}):
        scored = frames.score(frame, "phq9", invalid="null", **more)
        assert scored["phq9_total"].to_list() == [10, None, None]


def test_no_message_holds_text_that_was_given() -> None:
    """Neither free text nor an identifier appears in any error, table of problems or representation."""
    with pytest.raises(ValidationError) as refused:
        PHQ9(q1=SECRET, q2=[SECRET], q3={SECRET: 1})
    told = [str(refused.value), repr(refused.value), repr(refused.value.errors())]
    with pytest.raises(ValidationError) as refused:
        PHQ9.from_labels(q1=SECRET)
    told += [str(refused.value), repr(refused.value.errors())]
    with pytest.raises(ValidationError) as refused:
        PHQ9.model_validate_json('{"q1": "' + SECRET + '"}')
    told += [str(refused.value), repr(refused.value.errors())]
    for column in (
        pl.Series([SECRET] * 3),
        pd.Series([SECRET, 1, SECRET], dtype=object),
        pa.chunked_array([[SECRET] * 3]),
    ):
        frame = frame_with(column)
        told.append(str(frames.check(frame, "phq9")))
        told.append(frames.check(frame, "phq9").to_pydict().__repr__() if isinstance(frame, pa.Table) else "")
        with pytest.raises(InvalidAnswersError) as caught:
            frames.score(frame, "phq9")
        told += [str(caught.value), repr(caught.value)]
    for text in told:
        assert "Jane" not in text
        assert "1970" not in text


def test_all_problems_of_a_record_come_at_once() -> None:
    with pytest.raises(ValidationError) as caught:
        PHQ9.model_validate({"q1": 4, "q2": True, "q3": "abc", "q4": 1.5, "q5": [1], "sleep": 2, "q6": 3})
    assert {p["loc"][0]: p["type"] for p in caught.value.errors()} == {
        "q1": "answer_not_allowed",
        "q2": "answer_is_boolean",
        "q3": "answer_is_text",
        "q4": "answer_not_whole",
        "q5": "answer_wrong_kind",
        "<entry 6>": "unknown_item",
    }


@pytest.mark.parametrize("way", ["construct", "copy"])
def test_no_way_around_validation(way: str) -> None:
    ways = {
        "construct": lambda: PHQ9.model_construct(q1=99),
        "copy": lambda: PHQ9(q1=1).model_copy(update={"q1": -1}),
    }
    with pytest.raises(ValidationError):
        ways[way]()
