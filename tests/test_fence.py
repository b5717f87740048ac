"""What libraries say of the cells they cannot read does not leave a function that takes data."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from ipm_outcomes import PHQ9, change, opioids, program, report, score
from ipm_outcomes import frames as frames_of
from ipm_outcomes._fence import fenced
from ipm_outcomes.errors import FrameError, IpmOutcomesError, UnknownNameError

SECRET = "MRN-778812 Jane Doe"
SCORES = {
    "patient_id": ["1", "2"],
    "date": ["2024-01-01"] * 2,
    "instrument": ["peg"] * 2,
    "scale": ["mean"] * 2,
    "value": [5.0, 6.0],
}
KINDS = {"pandas": pd.DataFrame, "polars": pl.DataFrame, "pyarrow": pa.table}


def chain(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def tells_nothing(error: BaseException) -> bool:
    return not any(word in f"{one!s}{one!r}" for one in chain(error) for word in ("Jane", "778812"))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("column", ["patient_id", "episode", "start_date", "note"])
def test_episodes_of_mixed_kinds(kind: str, column: str) -> None:
    episodes: dict[str, list[Any]] = {
        "patient_id": ["1", "2"],
        "episode": [1, 1],
        "start_date": ["2024-01-01"] * 2,
        "note": ["a", "b"],
    }
    episodes[column] = [1, SECRET]
    told = None
    try:
        change.table(KINDS[kind](SCORES), episodes=pd.DataFrame(episodes))
    except IpmOutcomesError as error:
        told = error
    assert told is None or (tells_nothing(told) and column in str(told))
    assert told is not None or kind == "pandas"


def broken(data: object, outer: object = None) -> None:
    int(SECRET)


def test_the_error_of_a_library_becomes_one_of_ours_without_its_words() -> None:
    with pytest.raises(FrameError, match=r"^broken: .*ValueError at") as caught:
        fenced(broken)(None)
    assert tells_nothing(caught.value)
    assert caught.value.__context__ is None


def within(outer: Exception, function: Any) -> None:
    try:
        raise outer
    except KeyError:
        fenced(function)(None)


def test_what_led_to_an_error_of_ours_is_cut_off_and_what_the_caller_handles_stays() -> None:
    def told(data: object) -> None:
        try:
            int(SECRET)
        except ValueError as error:
            raise FrameError("row 0 is no number") from error

    with pytest.raises(FrameError, match="row 0 is no number") as caught:
        fenced(told)(None)
    assert tells_nothing(caught.value)
    outer = KeyError("of the caller")
    for function in (told, broken):
        with pytest.raises(FrameError) as caught:
            within(outer, function)
        assert caught.value.__context__ is outer


def test_a_panic_is_no_exception_and_is_fenced_all_the_same() -> None:
    panic = type("PanicException", (BaseException,), {})

    def panics(data: object) -> None:
        raise panic(SECRET)

    with pytest.raises(FrameError, match="PanicException") as caught:
        fenced(panics)(None)
    assert tells_nothing(caught.value)


@pytest.mark.parametrize(
    "error", [KeyboardInterrupt(), MemoryError(), FileNotFoundError(2, "none", "out.html")]
)
def test_what_stays_as_it_is(error: BaseException) -> None:
    def raising(data: object) -> None:
        raise error

    with pytest.raises(type(error)) as caught:
        fenced(raising)(None)
    assert caught.value is error
    with pytest.raises(TypeError, match="unexpected keyword"):
        change.table(pd.DataFrame(SCORES), bogus=1)  # type: ignore[call-arg]


@pytest.mark.parametrize(
    "function",
    [
        *(getattr(frames_of, name) for name in ("check", "inspect", "score", "spreadsheet_safe", "tidy")),
        *(
            getattr(change, name)
            for name in change.__all__
            if name.islower() and callable(getattr(change, name))
        ),
        *(opioids.daily, opioids.check, opioids.summary, opioids.compare),
        *(program.table, program.suppress, program.measure, report.html),
        *(program.return_to_work, program.rates, program.rates_before_after, program.adherence),
        *(
            program.sites.funnel,
            program.sites.standardize,
            program.over_time.p_chart,
            program.over_time.cohorts,
        ),
    ],
)
def test_every_function_that_takes_data_is_fenced(function: Any) -> None:
    assert hasattr(function, "__wrapped__")
    with pytest.raises(TypeError):
        function(no_such_argument=1)


def test_names_that_came_with_the_data_are_told_by_their_length() -> None:
    with pytest.raises(UnknownNameError, match="text of 19 characters") as caught:
        score(PHQ9(), missing=SECRET)
    assert tells_nothing(caught.value)
