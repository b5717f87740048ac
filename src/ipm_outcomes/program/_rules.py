"""The rules of a table of changes that decide who counts, as text that goes with each figure.

Disclosure control reads them back: whoever knows the rules of a published figure knows which pairs of scores it counts.
"""

from __future__ import annotations

from collections.abc import Mapping
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
    plain = [nw.col(name).cast(nw.Float64).fill_nan(None).alias(name) for name in numbers]
    plain += [nw.col(name).cast(nw.String).alias(name) for name in (*keys, *words)]
    small = frame.select(*plain).group_by(keys)
    small = small.agg(
        *(nw.col(name).min().alias(f"{name}_low") for name in (*numbers, *words)),
        *(nw.col(name).max().alias(f"{name}_high") for name in (*numbers, *words)),
    )
    small = small.collect() if hasattr(small, "collect") else small
    found = {}
    for row in small.iter_rows(named=True):
        told = []
        for name in (*numbers, *words):
            low, high = row[f"{name}_low"], row[f"{name}_high"]
            if low is not None and low == low:
                told.append(f"{name}={low if low == high else VARIES}")
        found[str(row["instrument"]), str(row["scale"]), str(row["target"])] = "; ".join(told)
    return found


def read(text: str | None) -> dict[str, str]:
    """The rules of a figure by name."""
    parts = (part.partition("=") for part in (text or "").split("; "))
    return {name: value for name, _, value in parts if value}
