"""Errors travel between processes: each class comes back whole, with what it holds."""

from __future__ import annotations

import copy
import inspect
import pickle
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from importlib.util import find_spec
from multiprocessing import get_context
from typing import Any

import pydantic
import pytest
from pydantic import ValidationError

from ipm_outcomes import GAD7, errors, frames
from ipm_outcomes.errors import InputError, InvalidAnswersError, IpmOutcomesError, MissingExtraError

CLASSES = [
    kind for _, kind in inspect.getmembers(errors, inspect.isclass) if issubclass(kind, IpmOutcomesError)
]
ARGUMENTS: dict[type[IpmOutcomesError], tuple[Any, ...]] = {
    InputError: ("no answer of this item", "wrong_answer", "item[3].answer[0]"),
    InvalidAnswersError: ("2 cells are no answers", ["one", "two"]),
    MissingExtraError: ("reading a SAS transport file", "sas"),
}
TRIPS: list[Callable[[Any], Any]] = [
    *(
        lambda error, at=at: pickle.loads(pickle.dumps(error, at))
        for at in range(pickle.HIGHEST_PROTOCOL + 1)
    ),
    copy.copy,
    copy.deepcopy,
]


@pytest.mark.parametrize("trip", TRIPS)
@pytest.mark.parametrize("kind", CLASSES)
def test_every_error_comes_back_whole(kind: type[IpmOutcomesError], trip: Callable[[Any], Any]) -> None:
    error = kind(*ARGUMENTS.get(kind, ("what is wrong",)))
    error.add_note("a note")
    back = trip(error)
    assert type(back) is kind
    assert (str(back), repr(back), back.args, vars(back)) == (
        str(error),
        repr(error),
        error.args,
        vars(error),
    )


@pytest.mark.parametrize("kind", CLASSES)
def test_errors_come_out_of_a_pool_of_processes(
    kind: type[IpmOutcomesError], pool: ProcessPoolExecutor
) -> None:
    arguments = ARGUMENTS.get(kind, ("what is wrong",))
    raising = f"from ipm_outcomes import errors; raise errors.{kind.__name__}(*{arguments!r})"
    error = pool.submit(exec, raising).exception(timeout=60)
    assert type(error) is kind
    assert str(error) == str(kind(*arguments))


@pytest.fixture(scope="module")
def pool() -> Iterator[ProcessPoolExecutor]:
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as found:
        yield found


@pytest.mark.parametrize("library", ["pandas", "polars", "pyarrow", "duckdb"])
def test_the_table_of_problems_travels_in_every_kind_of_frame(library: str) -> None:
    if not find_spec(library):
        pytest.skip(f"{library} is not installed")
    cells = {f"gad7_q{n}": [1, 0, 8] for n in range(1, 8)}
    module: Any = pytest.importorskip("pyarrow" if library == "duckdb" else library)
    data = module.table(cells) if module.__name__ == "pyarrow" else module.DataFrame(cells)
    if library == "duckdb":
        import duckdb

        connection = duckdb.connect()
        data = connection.from_arrow(data)
    with pytest.raises(InvalidAnswersError) as caught:
        frames.score(data, "gad7")
    back = pickle.loads(pickle.dumps(caught.value))
    columns = back.problems.column_names if module.__name__ == "pyarrow" else list(back.problems.columns)
    assert len(back.problems) == 7
    assert columns[:3] == ["row", "column", "item"]
    assert str(back) == str(caught.value)


@pytest.mark.skipif(
    tuple(map(int, pydantic.VERSION.split(".")[:2])) < (2, 14),
    reason="older Pydantic cannot pickle errors of other types",
)
def test_problems_of_a_response_travel() -> None:
    with pytest.raises(ValidationError) as caught:
        GAD7(q1=7, q2="x")  # type: ignore[arg-type]
    back = pickle.loads(pickle.dumps(caught.value))
    assert [problem["type"] for problem in back.errors()] == ["answer_not_allowed", "answer_is_text"]
