"""Rows of the data without any answer, in a table of tidy scores: they are no assessment and count nowhere."""

from __future__ import annotations

from typing import Any

COLUMN = "blank_row"
"""The column of tidy scores that says them; a table without it is taken to have none."""


def with_answers(frame: Any) -> Any:
    """Tidy scores of the rows of the data that hold an answer.

    Parameters
    ----------
    frame
        Tidy scores, as a frame of narwhals.
    """
    import narwhals as nw

    return frame.filter(~nw.col(COLUMN).fill_null(False)) if _has_column(frame) else frame


def blank_rows(frame: Any) -> int:
    """How many rows of the data hold no answer.

    Each of them has a row for every scale that was scored, so the scale with most of them says the number.
    """
    import narwhals as nw

    if not _has_column(frame):
        return 0
    blank = frame.filter(nw.col(COLUMN).fill_null(False)).select(
        nw.col("instrument", "scale").cast(nw.String)
    )
    counted = blank.group_by("instrument", "scale").agg(nw.len().alias("rows")).select(nw.col("rows").max())
    if isinstance(counted, nw.LazyFrame):
        counted = counted.collect()
    counts = counted["rows"].to_list()
    return int(counts[0]) if counts and counts[0] is not None and counts[0] == counts[0] else 0


def _has_column(frame: Any) -> bool:
    """Whether the column is there, as truth values: a file or a concatenation may have made something else of it."""
    import narwhals as nw

    return bool(frame.collect_schema().get(COLUMN) == nw.Boolean)


def in_words(rows: int) -> str:
    """The number of blank rows in words.

    >>> in_words(1), in_words(60)
    ('1 row holds no answer', '60 rows hold no answer')
    """
    return f"{rows} rows hold no answer" if rows != 1 else "1 row holds no answer"
