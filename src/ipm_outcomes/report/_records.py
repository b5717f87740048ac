"""Rows of tables of records, as the report prints them: those of the whole program."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from ipm_outcomes.errors import FrameError
from ipm_outcomes.program.indicators import Indicator
from ipm_outcomes.report._program import ALL, Figure
from ipm_outcomes.report._reading import Table, unhidden_rows

RECORDS = ("opioids", "work", "utilization", "appointments")
"""What an indicator of a record uses."""
_GROUPS = ("period", "mme_by")


def record_rows(
    tables: Iterable[Any], by: str, definition: Callable[[str], Indicator | None]
) -> Iterator[Figure]:
    """The rows of the whole program, each once."""
    seen: set[tuple[str, str]] = set()
    for given in tables:
        for row in _of_table(Table("records", given), by, definition):
            if (row.indicator, row.period) in seen:
                raise FrameError(
                    f"records: {row.definition!r} is in two of the tables, or twice in one; keep one"
                )
            seen.add((row.indicator, row.period))
            yield row


def _of_table(table: Table, by: str, definition: Callable[[str], Indicator | None]) -> Iterator[Figure]:
    table.face.require(["indicator", "suppressed", "definition"], "records")
    groups = [name for name in table.face.names[: table.face.names.index("indicator")] if name != "target"]
    if others := [name for name in groups if name not in (by, *_GROUPS)]:
        raise FrameError(
            f"records: grouped by {others[0]!r} too; give the table with by=[{by!r}] or without groups"
        )
    whole = False
    for cells in unhidden_rows(table, "the report hides small counts itself"):
        if by in groups and cells[by] != ALL:
            continue
        whole = True
        indicator = definition(str(cells["definition"]))
        if indicator is None or indicator.uses not in RECORDS:
            raise FrameError(
                "records: holds a figure that is not one of records; those of changes belong to indicators"
            )
        period = str(cells.get("period") or ALL) if "period" in groups else ALL
        yield Figure.of_cells(cells, period=period, record=indicator.uses)
    if by in groups and not whole and len(table.frame):
        raise FrameError(
            f"records: grouped by {by!r} without the rows of all; give the table made with totals=True"
        )
