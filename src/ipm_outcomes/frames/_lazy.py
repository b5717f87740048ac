"""Lazy Polars frames: a source of scored rows, which reads the frame given when it is computed itself."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

from ipm_outcomes.errors import InvalidAnswersError
from ipm_outcomes.frames import _stretches
from ipm_outcomes.frames._score_columns import Stretch
from ipm_outcomes.frames._stretches import Scoring


def is_lazy(data: Any) -> bool:
    """Whether a frame is a lazy one of a Polars that hands over its rows a stretch at a time (1.34 and later)."""
    polars = sys.modules.get("polars")
    return polars is not None and isinstance(data, polars.LazyFrame) and hasattr(data, "collect_batches")


def score_lazily(data: Any, how: Scoring, progress: Callable[[int], None] | None) -> Any:
    """A lazy frame with its scores.

    Only the columns that are asked for are read, and of items all that the scores need, so that a wrong cell is met
    whichever score is asked for.
    """
    import polars as pl
    from polars.io.plugins import register_io_source

    items, added, scored = how.of_empty(pl.DataFrame(schema=data.collect_schema()))
    needed = list(items.names.values())
    kept = [name for name in scored.columns if name not in added]

    @cache
    def from_one() -> bool:
        return how.in_doubt(items) and how.from_one(_parts(data.select(needed)))

    def source(
        names: list[str] | None, predicate: Any, rows: int | None, _: int | None
    ) -> Iterator[pl.DataFrame]:
        wanted = scored.columns if names is None else names
        read = {*wanted, *([] if predicate is None else predicate.meta.root_names())}
        scores = not read.isdisjoint(added)
        inner = data.select([*dict.fromkeys([*(needed if scores else ()), *(n for n in kept if n in read)])])
        first = 0
        for part in _parts(inner if rows is None else inner.head(rows)):
            result = _scored(part, how, Stretch(first, from_one)) if scores else part
            result = result if predicate is None else result.filter(predicate)
            first += len(part)
            yield result.select(wanted)
            if progress:
                progress(first)

    return register_io_source(source, schema=scored.schema)


def _scored(part: Any, how: Scoring, stretch: Stretch) -> Any:
    try:
        return how.score(part, stretch)
    except InvalidAnswersError as error:
        error.problems = error.problems.lazy()
        raise


def _parts(data: Any) -> Iterator[Any]:
    return iter(data.collect_batches(chunk_size=_stretches.ROWS, maintain_order=True, lazy=True))
