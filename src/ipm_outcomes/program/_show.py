"""A short view of a wide table of figures."""

from __future__ import annotations

from typing import Any

from ipm_outcomes._display import Card
from ipm_outcomes._drawing.style import number, share
from ipm_outcomes._fence import fenced
from ipm_outcomes.program._plot_table import PlotRow, Table
from ipm_outcomes.stats.arguments import whole_number


@fenced
def show(figures: Any, *, rows: int = 20) -> Card:
    """Show a table of figures in short: who, what, the counts and the estimate with its interval.

    Parameters
    ----------
    figures : data frame
        A table of `program.table`, also after `program.suppress`: a hidden count is shown as the stretch in which it
        lies.
    rows : int
        How many of its first rows, at most 100.

    Returns
    -------
    Card
        What a notebook shows as a table and ``print`` as text.

    Raises
    ------
    FrameError
        No table of figures.
    ParameterError
        A number of rows that is none.

    Examples
    --------
    >>> import polars as pl
    >>> from ipm_outcomes import program
    >>> changes = pl.DataFrame({
    ...     "patient_id": range(60), "episode": 1, "instrument": "peg", "scale": "mean", "target": "6 months",
    ...     "baseline": 6.0, "followup": 4.0, "responder_30": [True, False] * 30, "reason": None,
    ... })
    >>> view = program.show(program.table(changes, indicators=["responder_30"]))
    >>> view.rows
    (('responder_30:peg.mean:6 months', '60', '60', '30', '60', '50%', '38 to 62%'),)
    """
    rows = whole_number("rows", rows, 1, 100)
    table = Table(figures, "none")
    n = len(table.texts["indicator"])
    counts = ("eligible", "observed", "numerator", "denominator")
    columns = (*table.keys, "indicator", *counts, "estimate", "interval")
    body = []
    for position in range(min(rows, n)):
        row = table.row(position, None)
        groups = [row.texts[key] for key in table.keys]
        cells = [_count(row, name) for name in counts]
        body.append((*groups, row.texts["indicator"], *cells, _estimate(row), _interval(row)))
    limits = [table.numbers[f"{name}_low"] for name in counts if f"{name}_low" in table.numbers]
    hidden = sum(any(low is not None for low in lows) for lows in zip(*limits, strict=True))
    shown = {*columns, "lower", "upper"}
    return Card(
        f"Figures: {n:,} row{'' if n == 1 else 's'}",
        columns,
        tuple(body),
        lines=(f"{hidden:,} with a hidden number.",) if hidden else (),
        more=tuple(name for name in table.names if name not in shown),
        groups=(
            *((("who", len(table.keys)),) if table.keys else ()),
            ("what", 1),
            ("counts", len(counts)),
            ("figure", 2),
        ),
        numbers=frozenset({*counts, "estimate", "interval"}),
    )


def _count(row: PlotRow, name: str) -> str:
    count, low, high = (row.count(column) for column in (name, f"{name}_low", f"{name}_high"))
    if count is not None:
        return f"{count:,}"
    if low is None:
        return "·"
    return f"{low:,} to {high:,}" if high is not None else f"{low:,} or more"


def _estimate(row: PlotRow) -> str:
    value = row["estimate"]
    return "·" if value is None else share(value) if row.is_share else number(value)


def _interval(row: PlotRow) -> str:
    low, high = row["lower"], row["upper"]
    if low is None or high is None:
        return "·"
    return (
        f"{share(low).rstrip('%')} to {share(high)}" if row.is_share else f"{number(low)} to {number(high)}"
    )
