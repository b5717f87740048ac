"""Tables that turn a raw sum into another value than the table of the scale does."""

from __future__ import annotations

import tomllib
from decimal import Decimal
from functools import cache
from importlib.resources import files

from ipm_outcomes.audit._reading import Measure, divided, tabulated
from ipm_outcomes.catalog import instrument, instruments
from ipm_outcomes.definition import Instrument, Scale


@cache
def _of_file() -> tuple[tuple[str, str, int, tuple[float, ...]], ...]:
    """Tables in use elsewhere: id, scale, the first raw sum, values."""
    content = (files("ipm_outcomes.audit") / "other_tables.toml").read_text(encoding="utf-8")
    tables = tomllib.loads(content, parse_float=Decimal)["tables"]
    return tuple(
        (table["id"], table["scale"], table["first"], tuple(float(value) for value in table["values"]))
        for table in tables
    )


def other_tables(own: Instrument, scale: Scale) -> list[Measure]:
    """Every other known table for raw sums of the same range: of other scales and editions, and of other makers.

    Tables with the same numbers are one.
    """
    assert scale.conversion is not None
    rows = scale.conversion.rows
    seen = {tuple(float(row.value) for row in rows)}
    measures = []
    others = [
        (f"{id}.{other.id}", other.conversion.rows)
        for id in dict.fromkeys((own.id, *instruments()))
        for other in (own if id == own.id else instrument(id)).scales
        if other.conversion is not None
    ]
    listed = [(id, first, values) for id, of, first, values in _of_file() if of == scale.id]
    listed += [(id, table[0].raw, tuple(float(row.value) for row in table)) for id, table in others]
    listed += [(id, first, values) for id, of, first, values in _of_file() if of != scale.id]
    for id, first, values in listed:
        if first == rows[0].raw and len(values) == len(rows) and values not in seen:
            seen.add(values)
            measures.append(tabulated(f"other_table:{id}", first, values))
    return measures


def measures(own: Instrument, scale: Scale) -> tuple[Measure, ...]:
    """Ways in which the sum of the items may have been recorded, the right one first."""
    size, per = len(scale.items), scale.per_unit
    if scale.conversion is not None:
        rows = scale.conversion.rows
        means = [divided("raw_mean", size, True)] if size > 1 else []
        first, values = rows[0].raw, [float(row.value) for row in rows]
        # The row of another sum: a table that slipped, or a sum that is off by one throughout.
        slipped = [
            tabulated(f"table_row:{name}", first + by, values) for name, by in (("after", -1), ("before", 1))
        ]
        errors = [tabulated("standard_error", first, [float(row.se) for row in rows if row.se is not None])]
        return (
            tabulated("", first, values),
            divided("raw_score", 1, False),
            *means,
            *other_tables(own, scale),
            *(errors if all(row.se is not None for row in rows) else []),
            *slipped,
        )
    if scale.kind == "mean":
        return (divided("", size * per, True), divided("sum_instead_of_mean", per, False))
    means = [divided("mean_instead_of_sum", size * per, True)] if size > 1 else []
    return (divided("", per, False), *means)
