"""Spark DataFrames by their class, without importing Spark."""

from __future__ import annotations

from typing import Any

NOT_COLLECTED = (
    "a Spark DataFrame is not collected by itself: frames.score adds its scores, change.table pairs them and "
    "program.table counts them where the rows are; for anything else collect what fits into memory, such as with "
    ".toPandas()"
)
"""What functions say that would have to bring the rows to the driver."""


def is_spark(data: Any) -> bool:
    """Whether an object is a DataFrame of Spark: of a classic session, of Spark Connect, or of pandas on Spark."""
    kind = type(data)
    return kind.__name__ == "DataFrame" and kind.__module__.startswith("pyspark.")
