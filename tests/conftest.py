"""One fixture for every kind of data frame."""

from __future__ import annotations

import io
import runpy
import signal
import subprocess
import sys
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

import pytest


@dataclass(frozen=True)
class Backend:
    """A kind of data frame: how to make one from plain lists, and how to read one back."""

    name: str
    make: Callable[[dict[str, list[Any]]], Any]

    def rows(self, frame: Any) -> dict[str, list[Any]]:
        """Columns as plain lists, None for every kind of missing."""
        assert kind_of(frame) == self.name.split("-")[0] or self.name == "polars-lazy"
        if self.name == "polars-lazy":
            frame = frame.collect()
        if self.name.startswith("polars"):
            return frame.to_dict(as_series=False)
        if self.name == "duckdb":
            frame = frame.to_arrow_table()
        if self.name in ("duckdb", "pyarrow"):
            return {name: frame.column(name).to_pylist() for name in frame.column_names}
        return {
            name: [None if _null(value) else _plain(value) for value in frame[name].tolist()]
            for name in frame
        }


def _null(value: Any) -> bool:
    return value is None or type(value).__name__ in ("NAType", "NaTType") or value != value


def _plain(value: Any) -> Any:
    return value.item() if hasattr(value, "item") else value


def kind_of(frame: Any) -> str:
    name = type(frame).__name__
    return {"LazyFrame": "polars-lazy", "Table": "pyarrow", "DuckDBPyRelation": "duckdb"}.get(
        name, type(frame).__module__.split(".")[0]
    )


def _arrow(data: dict[str, list[Any]]) -> Any:
    import pyarrow as pa

    return pa.table(data)


def _pandas(family: str) -> Callable[[dict[str, list[Any]]], Any]:
    def make(data: dict[str, list[Any]]) -> Any:
        import pandas as pd

        frame = _arrow(data).to_pandas()
        if family == "nullable":
            return pd.DataFrame({name: pd.array(column) for name, column in data.items()})
        if family == "arrow":
            return _arrow(data).to_pandas(types_mapper=pd.ArrowDtype)
        return frame

    return make


def _polars(data: dict[str, list[Any]]) -> Any:
    import polars as pl

    return pl.DataFrame(data)


@cache
def _connection() -> Any:
    """One for all relations, and kept: a relation of an older DuckDB does not keep its connection alive."""
    import duckdb

    return duckdb.connect()


def _duckdb(data: dict[str, list[Any]]) -> Any:
    return _connection().from_arrow(_arrow(data))


BACKENDS = [
    Backend("pandas-numpy", _pandas("numpy")),
    Backend("pandas-nullable", _pandas("nullable")),
    Backend("pandas-arrow", _pandas("arrow")),
    Backend("polars", _polars),
    Backend("polars-lazy", lambda data: _polars(data).lazy()),
    Backend("pyarrow", _arrow),
    Backend("duckdb", _duckdb),
]


@pytest.fixture(params=BACKENDS, ids=lambda backend: backend.name)
def backend(request: pytest.FixtureRequest) -> Backend:
    found: Backend = request.param
    return found


@pytest.fixture
def signals_taken() -> Iterator[None]:
    """Interruptions as at a terminal, also where the tests run in the background, which ignores them."""
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGHUP)}
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGHUP, signal.SIG_DFL)
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.fixture
def modules_run_here(monkeypatch: pytest.MonkeyPatch) -> None:
    """What would run a module with a Python of its own runs it here: for tests of what comes of it."""

    def run(words: list[str], **_: Any) -> subprocess.CompletedProcess[bytes]:
        python, option, module, *arguments = words
        assert (python, option) == (sys.executable, "-m")
        with monkeypatch.context() as patched, warnings.catch_warnings():
            warnings.simplefilter("ignore")
            patched.setattr(sys, "argv", [module, *arguments])
            patched.setattr(sys, "stdout", io.TextIOWrapper(io.BytesIO()))
            runpy.run_module(module, run_name="__main__")
            return subprocess.CompletedProcess(words, 0, sys.stdout.buffer.getvalue(), b"")

    monkeypatch.setattr(subprocess, "run", run)
