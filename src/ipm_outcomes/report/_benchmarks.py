"""Benchmarks and targets from a file of the user's: each belongs to the figure whose definition it shares."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from os import PathLike
from pathlib import Path
from typing import Any

from ipm_outcomes.errors import ParameterError
from ipm_outcomes.report._program import Figure, Program

_KEYS: dict[str, Any] = {
    "name": str,
    "value": (int, float),
    "year": int,
    "source": str,
    "same_definition_as": str,
}


@dataclass(frozen=True)
class Benchmark:
    """A value to compare a figure with; ``same_definition_as`` is the name of the figure."""

    name: str
    value: float
    year: int
    source: str
    same_definition_as: str


def read(path: str | PathLike[str]) -> tuple[Benchmark, ...]:
    """The benchmarks of a TOML file: tables ``[[benchmark]]`` with exactly the five keys."""
    try:
        given = tomllib.loads(Path(path).read_text(encoding="utf-8"))
    except UnicodeDecodeError:
        raise ParameterError("benchmarks: the file is not text in UTF-8") from None
    except tomllib.TOMLDecodeError as error:
        raise ParameterError(f"benchmarks: the file is not TOML: {error}") from None
    tables = given.get("benchmark")
    if set(given) != {"benchmark"} or not isinstance(tables, list) or not tables:
        raise ParameterError("benchmarks: give tables [[benchmark]], and nothing else")
    return tuple(_checked(position, table) for position, table in enumerate(tables, start=1))


def _checked(entry: int, table: Any) -> Benchmark:
    place = f"benchmarks, entry {entry}"
    if not isinstance(table, Mapping) or set(table) != set(_KEYS):
        raise ParameterError(f"{place}: give exactly the keys {', '.join(_KEYS)}")
    for key, kind in _KEYS.items():
        value = table[key]
        if not isinstance(value, kind) or isinstance(value, bool) or value == "":
            expected = "a number" if kind == (int, float) else "a year" if kind is int else "a text"
            raise ParameterError(f"{place}: {key} must be {expected}")
    return Benchmark(**{**table, "value": float(table["value"])})


def match(
    program: Program, benchmarks: tuple[Benchmark, ...]
) -> tuple[dict[str, list[Benchmark]], list[str]]:
    """Benchmarks by the figure they are drawn at, and the names of those that no figure of the report shares."""
    names = {key[0] for key in program.rows if program.rows[key].definition}
    drawn: dict[str, list[Benchmark]] = {}
    rest: list[str] = []
    for position, benchmark in enumerate(benchmarks, start=1):
        definition = benchmark.same_definition_as.partition(":")[0]
        if program.definition(definition) is None:
            near = get_close_matches(benchmark.same_definition_as, sorted(names), n=1)
            hint = f"; did you mean {near[0]!r}?" if near else ""
            raise ParameterError(
                f"benchmarks, entry {position}: same_definition_as: no figure has this name; give one of the column "
                f"'indicator' of the table of indicators{hint}"
            )
        if benchmark.same_definition_as not in names:
            rest.append(benchmark.name)
            continue
        row: Figure = next(
            r for (name, *_), r in program.rows.items() if name == benchmark.same_definition_as
        )
        if row.unit == "share" and not 0 <= benchmark.value <= 1:
            raise ParameterError(
                f"benchmarks, entry {position}: value: this figure is a share, so give 0 to 1"
            )
        drawn.setdefault(benchmark.same_definition_as, []).append(benchmark)
    return drawn, rest
