"""Patients are distinguished exactly, whatever kind of number or frame their identifiers come in."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from ipm_outcomes import change
from ipm_outcomes.errors import FrameError, ParameterError

TARGETS = [change.Target("6 months", day=182, days=(137, 227))]
BIG = 2**53


def scores(ids: Any) -> pd.DataFrame:
    dates, values = ["2024-01-10", "2024-07-09"], [14.0, 3.0]
    return pd.DataFrame(
        {"patient_id": ids, "date": dates, "instrument": "phq9", "scale": "total", "value": values}
    )


def episodes(ids: Any) -> pd.DataFrame:
    return pd.DataFrame({"patient_id": ids, "episode": 1, "start_date": "2024-01-08"})


@pytest.mark.parametrize("kind", ["float64", "uint64", "Int64", "int64"])
def test_large_numbers_stay_apart_beside_other_kinds_of_numbers(kind: str) -> None:
    table = change.table(
        scores([BIG, BIG + 1]), episodes=episodes(pd.Series([BIG], dtype=kind)), targets=TARGETS
    )
    assert table["patient_id"].tolist() == [BIG, BIG + 1]
    assert table["reason"].tolist() == ["no_follow_up", "no_episode"]


def test_an_empty_table_of_episodes_merges_nobody() -> None:
    empty = episodes(pd.Series([], dtype=float)).head(0)
    table = change.table(scores([BIG, BIG + 1]), episodes=empty, targets=TARGETS)
    assert table["reason"].tolist() == ["no_episode", "no_episode"]


def test_numbers_that_cannot_be_compared_exactly_are_refused() -> None:
    with pytest.raises(FrameError, match="make both text"):
        change.table(scores([BIG, BIG + 1]), episodes=episodes([0.5]), targets=TARGETS)
    huge = pl.DataFrame({"patient_id": pl.Series([2**63 + 5] * 2, dtype=pl.UInt64)})
    given = pl.from_pandas(scores([1, 2])).drop("patient_id").hstack(huge)
    listed = pl.from_pandas(episodes([1])).with_columns(patient_id=pl.Series([2**63 + 5], dtype=pl.UInt64))
    for one, other in ((given, listed), (given.to_arrow(), listed.to_arrow())):
        with pytest.raises(FrameError, match="too large"):
            change.table(one, episodes=other, targets=TARGETS)


def test_nan_is_no_patient(backend: Any) -> None:
    frame = backend.make(scores([1.0, None]).to_dict("list"))
    with pytest.raises(FrameError, match="missing in 1 row"):
        change.table(frame, targets=TARGETS)
    if backend.name == "pyarrow":
        frame = pa.table(scores([1.0, np.nan]).to_dict("list"))
        with pytest.raises(FrameError, match="missing in 1 row"):
            change.table(frame, targets=TARGETS)


def test_columns_without_any_value_are_no_text(backend: Any) -> None:
    data = {**scores([1, 1]).to_dict("list"), "se": [None, None]}
    frame = pd.DataFrame(data).assign(se=pd.Series([None, None], dtype=pd.ArrowDtype(pa.null())))
    for given in (backend.make(data), frame):
        rows = change.table(given, targets=TARGETS)
        assert (backend.rows(rows) if given is not frame else rows.to_dict("list"))["change"] == [-11.0]


def test_no_rows_of_arrow_backed_pandas() -> None:
    empty = scores([1, 1]).convert_dtypes(dtype_backend="pyarrow").head(0)
    assert len(change.table(empty, targets=TARGETS)) == 0


def test_no_day_0_is_guessed_while_a_date_cannot_be_read(backend: Any) -> None:
    """Without episodes day 0 is the first assessment, and an unreadable date may have been the first."""
    data = {
        "patient_id": [1, 1, 1, 2, 2],
        "date": ["15/01/2024", "2024-07-09", "2025-01-07", "2024-01-01", "2024-07-01"],
        "instrument": ["phq9"] * 5,
        "scale": ["total"] * 5,
        "value": [24.0, 10.0, 9.0, 9.0, 4.0],
    }
    rows = backend.rows(change.table(backend.make(data), targets=TARGETS))
    assert rows["reason"] == ["date_unparsable", None]
    assert rows["change"] == [None, -5.0]
    # A form without a date voids nothing but itself: day 0 is the first form that has one, 10 and then 9.
    data["date"][0] = None
    rows = backend.rows(change.table(backend.make(data), targets=TARGETS))
    assert (rows["reason"], rows["change"]) == ([None, None], [-1.0, -5.0])


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"as_of": pd.NaT}, "as_of"),
        ({"scales": 5}, "scales"),
        ({"scales": [("phq9",)]}, "scales: name scales as"),
        ({"scales": [("phq9", "total", "sum")]}, "scales: name scales as"),
        ({"scales": [["phq9", "total"]]}, "scales: name scales as"),
        ({"scales": []}, "name at least one scale"),
        ({"thresholds": {"promis29.anxiety": {"important": 1e18}}}, "at most"),
        ({"thresholds": {"promis29.anxiety": {"percent": 30}}}, "percent change has no meaning"),
    ],
)
def test_wrong_arguments(wrong: dict[str, Any], told: str) -> None:
    with pytest.raises(ParameterError, match=told):
        change.table(scores([1, 1]), targets=TARGETS, **wrong)


def test_windows_beyond_a_hundred_years_are_slips() -> None:
    for wrong in ({"day": 10**20, "days": (1, 2)}, {"months": 10**19, "slack": 1}):
        with pytest.raises(ParameterError, match="36525"):
            change.Target("x", **wrong)  # type: ignore[arg-type]


def test_a_threshold_in_single_precision_is_read_as_written() -> None:
    """14 to 11.8 would be 2.2 points: on whole numbers 3 points are at least 2.2 and 2 are not."""
    given = {"thresholds": {"phq9.total": {"important": np.float32(2.2)}}}
    for value, important in ((11.0, True), (12.0, False)):
        frame = scores([1, 1])
        frame.loc[1, "value"] = value
        assert change.table(frame, targets=TARGETS, **given)["important"].tolist() == [important]


@pytest.mark.parametrize("ids", [[[1], [1]], [{"a": 1}, {"a": 1}]])
def test_nested_identifiers_are_refused(ids: list[Any]) -> None:
    for frame in (pl.DataFrame({**scores([1, 1]).to_dict("list"), "patient_id": ids}),):
        for given in (frame, frame.to_arrow()):
            with pytest.raises(FrameError, match="nested"):
                change.table(given, targets=TARGETS)


def test_numbers_of_episodes_may_be_large_and_of_any_kind(backend: Any) -> None:
    """Whole numbers are whole as floats too, as pandas reads them beside a missing one."""
    given = scores(["a", "a"]).assign(episode=[20240108.0] * 2).to_dict("list")
    listed = {"patient_id": ["a"], "episode": [20240108.0], "start_date": ["2024-01-08"]}
    table = change.table(backend.make(given), episodes=backend.make(listed), targets=TARGETS)
    found = backend.rows(table)
    assert (found["episode"], found["change"]) == ([20240108], [-11])


def test_columns_of_polars_without_an_arrow_form_are_refused_beside_arrow_scores() -> None:
    """Older versions of Polars end the process when they are asked for an Arrow form of such a column."""
    scores = pl.DataFrame(
        {
            "patient_id": [1],
            "date": ["2024-01-10"],
            "instrument": ["phq9"],
            "scale": ["total"],
            "value": [9.0],
        }
    ).to_arrow()
    starts = {"patient_id": [1], "episode": [1], "start_date": ["2024-01-10"]}
    notes = pl.Series("note", [object()], dtype=pl.Object)
    with pytest.raises(FrameError, match=r"episodes: the column 'note' holds values of more than one kind"):
        change.table(scores, episodes=pl.DataFrame(starts).with_columns(notes))
    assert (
        len(change.table(scores, episodes=pl.DataFrame(starts)).to_pandas()) == 3
    )  # one scale, three targets
