"""DuckDB relations: read as they are computed, scored, and handed back as a relation on a spooled table."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

from ipm_outcomes.errors import InvalidAnswersError
from ipm_outcomes.frames import _stretches
from ipm_outcomes.frames._duckdb import arrow_parts, arrow_table, relation
from ipm_outcomes.frames._score_columns import Stretch
from ipm_outcomes.frames._spool import spooled
from ipm_outcomes.frames._stretches import Scoring


def score_relation(data: Any, how: Scoring, progress: Callable[[int], None] | None) -> Any:
    """A relation with its scores, in the memory that a stretch of rows needs."""
    how = how.like_a_database()
    items, _, scored = how.of_empty(arrow_table(data.limit(0)))
    needed = ", ".join(f'"{name.replace(chr(34), 2 * chr(34))}"' for name in items.names.values())

    @cache
    def from_one() -> bool:
        return how.in_doubt(items) and how.from_one(arrow_parts(data.project(needed), _stretches.ROWS))

    def parts() -> Iterator[Any]:
        first = 0
        if how.invalid == "null":
            from_one()  # a connection works on one query at a time
        given = arrow_parts(data, _stretches.ROWS)
        for part in given:
            try:
                yield how.score(part, Stretch(first, from_one if how.invalid == "null" else bool))
            except InvalidAnswersError:
                given.close()
                how.score(part, Stretch(first, from_one))  # refuses with what the whole table says
            first += len(part)
            if progress:
                progress(first)
        if not first:
            yield scored

    try:
        return relation(data, spooled(parts()))
    except InvalidAnswersError as error:
        error.problems = relation(data, error.problems)
        raise
