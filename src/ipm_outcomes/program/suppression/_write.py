"""The table as it is published: hidden numbers null, rounding, and the intervals of what is hidden."""

from __future__ import annotations

import decimal
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ipm_outcomes.frames._frame import Frame
from ipm_outcomes.frames._library import CellKind
from ipm_outcomes.program.suppression._figures import DECIMALS, METHOD, WITHHELD, to_decimals
from ipm_outcomes.program.suppression._pairs import RATINGS, WHOLE
from ipm_outcomes.program.suppression._read import COLUMNS, COUNTS, RATES, TableRow, cells_of
from ipm_outcomes.program.suppression._search import FAR

_TINY = 1e-6


def rate_cells(row: TableRow) -> list[int]:
    """Cells from which the rate is made, or without a counted denominator every cell of the row."""
    if row.net and "promoters" in row.cells:
        return [row.cells[name] for name in ("denominator", *RATINGS)]
    if "denominator" not in row.cells or row.other:
        return list(row.cells.values())
    return [row.cells[name] for name in ("numerator", "denominator") if name in row.cells]


def _two_decimals(value: float, numerator: int | None, denominator: int | None) -> float:
    # A rate is rounded as the fraction that it is: 0.285 as a float is already a little off.
    if numerator is not None and denominator and abs(value - numerator / denominator) < 1e-12:
        return (200 * numerator + denominator) // (2 * denominator) / 100
    return float(decimal.Decimal(repr(value)).quantize(decimal.Decimal("0.01"), decimal.ROUND_HALF_UP))


def _more_than_counts(frame: Any, rows: list[TableRow]) -> np.ndarray:
    """Rows whose bounds show more than their counts: who of those not observed could have counted."""
    more = np.zeros(len(frame), dtype=bool)
    if "worst" not in frame.columns or "best" not in frame.columns:
        return more
    worst, best = (cells_of(frame, name) for name in ("worst", "best"))
    for row in rows:
        position = row.position
        if worst[position] is best[position] is None:
            continue
        x, n, seen, all_ = (row.counts.get(name, 0) for name in COUNTS)
        lost = all_ - seen
        # Nobody could have counted; all could, and come to the denominator; or they are in it already, as not met.
        cases = [(x, x, n), (x, x + lost, n + lost), (x, x + lost, n)]
        more[position] = not any(
            whole
            and worst[position] is not None
            and best[position] is not None
            and abs(worst[position] - low / whole) < _TINY**2
            and abs(best[position] - high / whole) < _TINY**2
            for low, high, whole in cases
        )
    return more


def write(
    frame: Any,
    rows: list[TableRow],
    hidden: np.ndarray,
    unrated: set[int],
    limits: tuple[np.ndarray, np.ndarray],
    rounds: bool,
    keep: Sequence[str],
    by: list[str],
    coarser: Mapping[int, int],
) -> Any:
    """The frame after disclosure control; ``unrated`` are positions of rows whose rate is not shown.

    ``coarser``: of rows whose mean is printed coarser, or not at all, how coarse.
    """
    import narwhals as nw

    n = len(frame)
    gone = {name: np.zeros(n, dtype=bool) for name in (*COUNTS, "excluded", "rate", "limits", "any")}
    ends: dict[str, list[int | None]] = {
        f"{name}_{end}": [None] * n for name in reversed(COUNTS) for end in ("low", "high")
    }
    for row in rows:
        position = row.position
        for name in COUNTS:
            if name in row.cells and hidden[cell := row.cells[name]]:
                gone[name][position] = True
                ends[f"{name}_low"][position] = int(limits[0][cell])
                ends[f"{name}_high"][position] = int(limits[1][cell]) if limits[1][cell] < FAR else None
        covered = any(gone[name][position] for name in COUNTS)
        gone["rate"][position] = position in unrated or row.closed or hidden[rate_cells(row)].any()
        gone["rate"][position] |= coarser.get(position) == WITHHELD
        if row.net:
            gone["numerator"][position] = gone["rate"][position]
        elif row.other and covered:  # a figure that is no count goes with its row
            for name in ("numerator", "denominator"):
                gone[name][position] |= name not in row.cells
        gone["limits"][position] = gone["rate"][position] or position in coarser
        gone["any"][position] = covered or gone["limits"][position]
        if WHOLE in row.cells:
            gone["excluded"][position] = hidden[[row.cells["eligible"], row.cells[WHOLE]]].any()
    schema = frame.collect_schema()
    extra = [
        name
        for name in frame.columns
        if name not in COLUMNS and name not in by and name not in keep and schema[name].is_numeric()
    ]
    masks = {**{name: gone[name] for name in COUNTS}, "estimate": gone["rate"]}
    masks |= dict.fromkeys(("lower", "upper"), gone["limits"])
    masks.update(dict.fromkeys(extra, gone["any"] | rounds))
    bounds = _more_than_counts(frame, rows)
    masks.update({name: masks[name] | bounds for name in ("worst", "best") if name in extra})
    if "excluded" in extra and not rounds:
        masks["excluded"] = gone["excluded"]

    given = Frame(frame.to_native())

    def series(name: str, values: list[Any], kind: CellKind) -> Any:
        column = given.library.beside(given.native, name, values, kind)
        return nw.from_native(column, series_only=True).alias(name)

    if rounds:
        frame = frame.with_columns(*((nw.col(c) + 2) // 5 * 5 for c in COUNTS if schema[c].is_numeric()))
    frame = frame.with_columns(*_rounded(frame, rows, series, rounds, coarser))
    mark = "__hidden"
    while any(name.startswith(mark) for name in frame.columns):
        mark += "_"
    covering = {name: mask for name, mask in masks.items() if mask.any() and schema[name].is_numeric()}
    if covering:
        # Columns of their own, so that the caller's index and dtype family stay.
        column_of = {name: f"{mark}{n}" for n, name in enumerate(covering)}
        frame = frame.with_columns(*(nw.lit(0).alias(column) for column in column_of.values()))
        frame = frame.with_columns(
            *(series(column_of[name], mask.tolist(), "truth") for name, mask in covering.items())
        )
        frame = frame.with_columns(
            *(nw.when(~nw.col(column_of[name])).then(nw.col(name)).alias(name) for name in column_of)
        )
        frame = frame.drop(*column_of.values())
    marks = ["hidden" if a or b else "" for a, b in zip(gone["any"], gone["excluded"], strict=True)]
    columns = [series(name, values, "whole or null") for name, values in ends.items()]
    return frame.with_columns(series("suppressed", marks, "text"), *columns).to_native()


def _rounded(
    frame: Any, rows: list[TableRow], series: Any, rounds: bool, coarser: Mapping[int, int]
) -> list[Any]:
    """Means to their decimals, rates to two where counts are rounded too."""
    counts = {row.position: row.counts for row in rows}
    means = {position for position, method in enumerate(frame["method"].to_list()) if method == METHOD}
    columns = []
    for name in (*RATES, "sd") if "sd" in frame.columns else RATES:
        values = [None if v is None else float(v) for v in cells_of(frame, name)]
        if not rounds and not any(values[position] is not None for position in means):
            continue
        rounded = [
            v
            if v is None or not (rounds or position in means)
            else to_decimals(v, 0 if position in coarser else DECIMALS)
            if position in means
            else _two_decimals(v, counts[position].get("numerator"), counts[position].get("denominator"))
            for position, v in enumerate(values)
        ]
        columns.append(series(name, rounded, "real"))
    return columns
