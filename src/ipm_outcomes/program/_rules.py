"""The rules of a table of changes that decide who counts, as text that goes with each figure.

Disclosure control reads them back: whoever knows the rules of a published figure knows which pairs of scores it counts.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

NUMBERS = ("important_points", "minimal_reliable_change", "cutoff")
WORDS = ("cutoff_id", "reliable_method")
VARIES = "varies"
"""Where the rule is not the same for all rows of a scale."""

Place = tuple[str, str, str]


def rules(frame: Any, schema: Mapping[str, Any]) -> dict[Place, str]:
    """The rules by instrument, scale and target: ``"important_points=5; cutoff=10"``."""
    import narwhals as nw

    keys = ("instrument", "scale", "target")
    numbers = [name for name in NUMBERS if name in schema and schema[name].is_numeric()]
    texts = (nw.String, nw.Categorical, nw.Enum)
    words = [name for name in WORDS if name in schema and schema[name] in texts]
    if not (numbers or words) or any(key not in schema for key in keys):
        return {}
    label = [nw.col(key).cast(nw.String).alias(key) for key in keys]
    plain = [nw.col(name).cast(nw.Float64).fill_nan(None).alias(name) for name in numbers]
    ends = (
        frame.select(*label, *plain)
        .group_by(keys)
        .agg(
            *(nw.col(name).min().alias(f"{name}_low") for name in numbers),
            *(nw.col(name).max().alias(f"{name}_high") for name in numbers),
        )
    )
    found: dict[Place, dict[str, set[Any]]] = {}
    for row in _rows(ends):
        found[_place(row)] = {
            name: {end for end in (row[f"{name}_low"], row[f"{name}_high"]) if end is not None and end == end}
            for name in numbers
        }
    # Not every engine passes over missing words in a minimum; distinct ones are few.
    plain = [nw.col(name).cast(nw.String).alias(name) for name in words]
    for row in _rows(frame.select(*label, *plain).unique()):
        for name in words:
            if isinstance(row[name], str):
                found.setdefault(_place(row), {}).setdefault(name, set()).add(row[name])
    return {
        place: "; ".join(
            f"{name}={next(iter(values[name])) if len(values[name]) == 1 else VARIES}"
            for name in (*numbers, *words)
            if values.get(name)
        )
        for place, values in found.items()
    }


def _rows(frame: Any) -> Iterator[dict[str, Any]]:
    yield from (frame.collect() if hasattr(frame, "collect") else frame).iter_rows(named=True)


def _place(row: Mapping[str, Any]) -> Place:
    return str(row["instrument"]), str(row["scale"]), str(row["target"])


def read(text: str | None) -> dict[str, str]:
    """The rules of a figure by name."""
    parts = (part.partition("=") for part in (text or "").split("; "))
    return {name: value for name, _, value in parts if value}
