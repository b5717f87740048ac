"""Tables with planted identifiers, for `leaks.py`: good cells, hostile ones, and every kind of frame."""

from __future__ import annotations

import contextlib
import random
import warnings
from collections.abc import Callable, Iterator
from datetime import date, datetime
from typing import Any

SURE = "zqxjk"
"""In every planted text, whatever else is in it."""
NUMBER = 778812993


def planted(rng: random.Random) -> str:
    name = rng.choice(
        [
            "Jane Doe",
            "O'Brien",
            "Muñoz",
            "李",
            "=cmd()",
            "1",
            "a,b",
            'q"q',
            "x\ny",
            "{0}",
            "%s",
            "2024-01-01",
            "q1",
            "id",
        ]
    )
    return rng.choice(["{} {}", "{}{}", "MRN-{} {}", "{}@{}.org"]).format(SURE, name)


def cells(rng: random.Random, n: int, good: Callable[[], Any]) -> list[Any]:
    """Cells of a column: good ones, planted texts, and values of other kinds among them."""
    odd: list[Callable[[], Any]] = [
        lambda: planted(rng),
        lambda: planted(rng),
        lambda: planted(rng).encode(),
        lambda: [planted(rng)],
        lambda: {planted(rng): 1},
        lambda: None,
        lambda: float("nan"),
        lambda: NUMBER,
        lambda: 10**30 + NUMBER,
        lambda: True,
        lambda: datetime(1970, 1, 1),
        lambda: date(1970, 1, 1),
        lambda: float("inf"),
        lambda: -1,
        lambda: "",
        lambda: complex(1, NUMBER),
        lambda: object(),
    ]
    share = rng.choice([0.0, 0.2, 0.5, 1.0])
    one = rng.choice(odd) if rng.random() < 0.6 else None
    return [(one or rng.choice(odd))() if rng.random() < share else good() for _ in range(n)]


def frame(rng: random.Random, columns: dict[str, list[Any]]) -> Any:
    """The columns in a random kind of frame; where it cannot hold them, in pandas."""
    import duckdb
    import narwhals as nw
    import pandas as pd
    import polars as pl
    import pyarrow as pa

    made = pd.DataFrame(columns)
    kind = rng.choice(
        [
            "pandas",
            "category",
            "string",
            "arrow",
            "polars",
            "lazy",
            "object",
            "pyarrow",
            "batch",
            "duckdb",
            "narwhals",
        ]
    )
    with contextlib.suppress(Exception), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if kind == "category":
            return made.astype("category")
        if kind == "string":
            return made.astype("string")
        if kind == "arrow":
            return made.convert_dtypes(dtype_backend="pyarrow")
        if kind in ("polars", "lazy", "narwhals"):
            found = pl.DataFrame(columns, strict=rng.random() < 0.7)
            return found.lazy() if kind == "lazy" else nw.from_native(found) if kind == "narwhals" else found
        if kind == "object":
            return pl.DataFrame(
                {name: pl.Series(name, column, pl.Object) for name, column in columns.items()}
            )
        if kind in ("pyarrow", "batch"):
            table = pa.table(columns)
            return table.to_batches()[0] if kind == "batch" else table
        if kind == "duckdb":
            return duckdb.connect().from_arrow(pa.table(columns))
    return made


def answers(rng: random.Random, instrument: Any, n: int, bad: bool = True) -> dict[str, list[Any]]:
    found = {}
    for item in instrument.item_ids:
        listed = instrument.answers_of(item)
        codes = [listed.answer(code) for code in listed.codes]
        found[f"{instrument.id}_{item}"] = (
            cells(rng, n, lambda codes=codes: rng.choice(codes))
            if bad and rng.random() < 0.3
            else [rng.choice(codes) for _ in range(n)]
        )
    return found


def hostile_in_one(rng: random.Random, n: int, columns: dict[str, Callable[[], Any]]) -> dict[str, list[Any]]:
    """Good columns of which one, or all, hold hostile cells."""
    victims = [rng.choice([*columns])] if rng.random() < 0.7 else [*columns]
    return {
        name: cells(rng, n, good) if name in victims else [good() for _ in range(n)]
        for name, good in columns.items()
    }


def ids(rng: random.Random, n: int) -> list[Any]:
    pool = [planted(rng) + str(k) for k in range(3)]
    return cells(rng, n, lambda: rng.choice(pool))


def days(rng: random.Random, n: int) -> list[Any]:
    good = rng.choice(["2024-0{}-1{}", "1{1}/0{0}/2024", "0{}-1{}-24"])
    return cells(rng, n, lambda: good.format(rng.randint(1, 9), rng.randint(0, 9)))


def good_id(rng: random.Random) -> Callable[[], str]:
    pool = [planted(rng) + str(k) for k in range(3)]
    return lambda: rng.choice(pool)


def good_day(rng: random.Random) -> Callable[[], str]:
    return lambda: f"2024-0{rng.randint(1, 9)}-1{rng.randint(0, 9)}"


def scores(rng: random.Random, n: int) -> dict[str, list[Any]]:
    return hostile_in_one(
        rng,
        n,
        {
            "patient_id": good_id(rng),
            "date": good_day(rng),
            "instrument": lambda: "peg",
            "scale": lambda: "mean",
            "value": lambda: rng.choice([1.0, 5.0, 7.0]),
            "site": good_id(rng),
        },
    )


def episodes(rng: random.Random, n: int) -> dict[str, list[Any]]:
    found = hostile_in_one(
        rng,
        n,
        {
            "patient_id": good_id(rng),
            "start_date": good_day(rng),
            "end_date": good_day(rng),
            "status": lambda: "completed",
            "note": good_id(rng),
        },
    )
    return found | {"episode": [*range(n)] if rng.random() < 0.7 else cells(rng, n, lambda: 1)}


def records(rng: random.Random, n: int) -> Iterator[dict[str, list[Any]]]:
    """Work statuses, events of care, appointments, and spans of enrollment."""
    site = good_id(rng)
    for words in (
        ("full duty", "off because of pain"),
        ("imaging", "emergency visit"),
        ("attended", "missed"),
    ):
        name = "event" if "imaging" in words else "status"
        one = {
            "patient_id": good_id(rng),
            "date": good_day(rng),
            name: lambda w=words: rng.choice(w),
            "site": site,
        }
        yield hostile_in_one(rng, n, one)
    span = {"patient_id": good_id(rng), "start": good_day(rng), "end": lambda: "2025-12-31", "site": site}
    yield hostile_in_one(rng, n, span)
