"""A short view of a wide table of changes."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np

from ipm_outcomes._display import Card, cell
from ipm_outcomes._fence import fenced
from ipm_outcomes.errors import FrameError
from ipm_outcomes.frames._frame import Frame
from ipm_outcomes.stats.arguments import whole_number

_GROUPS = {
    "who": ("patient_id", "episode"),
    "what": ("instrument", "scale", "target"),
    "scores": ("baseline", "followup", "improvement"),
    "judged": ("important", "responder_30", "verdict"),
    "why not": ("reason",),
}


@fenced
def show(changes: Any, *, rows: int = 8) -> Card:
    """Show a table of changes in short: the columns that matter, and how many could not be paired, with the reasons.

    Parameters
    ----------
    changes : data frame
        A table of `change.table` or `change.pair`.
    rows : int
        How many of its first rows, at most 100.

    Returns
    -------
    Card
        What a notebook shows as a table and ``print`` as text. The rows are of single patients.

    Raises
    ------
    FrameError
        No table of changes.
    ParameterError
        A number of rows that is none.

    Examples
    --------
    >>> import polars as pl
    >>> from ipm_outcomes import change
    >>> scores = pl.DataFrame({"patient_id": [1, 1, 2], "date": ["2024-01-10", "2024-07-09", "2024-01-10"],
    ...                        "instrument": "phq9", "scale": "total", "value": [16, 7, 12]})
    >>> changes = change.table(scores, targets=[change.Target("6 months", day=182, days=(137, 227))])
    >>> view = change.show(changes)
    >>> view.title, view.lines
    ('Changes: 2 rows, 1 with both scores', ('Without: 1 no follow up.',))
    """
    rows = whole_number("rows", rows, 1, 100)
    frame = Frame(changes)
    if "followup" not in frame.names and "value" in frame.names:
        raise FrameError("changes: these are scores; give change.table(scores)")
    frame.require(
        ("instrument", "scale", "target", "baseline", "followup", "improvement", "reason"), "changes"
    )
    groups = {head: [name for name in names if name in frame.names] for head, names in _GROUPS.items()}
    columns = [name for names in groups.values() for name in names]
    reasons = _texts(frame, "reason")
    counted = Counter(reason for reason in reasons if reason is not None)
    paired = int((~np.isnan(frame.numbers("improvement"))).sum())
    without = ", ".join(f"{n:,} {reason.replace('_', ' ')}" for reason, n in counted.most_common())
    shown = range(min(rows, len(frame)))
    cells = [[cell(value) for value in _column(frame, name, shown)] for name in columns]
    return Card(
        f"Changes: {len(frame):,} rows, {paired:,} with both scores",
        tuple(columns),
        tuple(zip(*cells, strict=True)),
        lines=(f"Without: {without}.",) if without else (),
        more=tuple(name for name in frame.names if name not in columns),
        groups=tuple((head, len(names)) for head, names in groups.items() if names),
        numbers=frozenset(_GROUPS["scores"]),
    )


def _texts(frame: Frame, name: str) -> list[str | None]:
    codes, values = frame.words(name)
    return [None if code < 0 else str(values[code]) for code in codes.tolist()]


def _column(frame: Frame, name: str, shown: range) -> list[Any]:
    if name in _GROUPS["scores"]:
        return [float(value) for value in frame.numbers(name)[: len(shown)]]
    if name in ("important", "responder_30"):
        return [None if np.isnan(v) else bool(v) for v in frame.truths(name)[: len(shown)]]
    return _texts(frame, name)[: len(shown)]
