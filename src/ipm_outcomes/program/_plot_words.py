"""What the pictures of figures say: messages for titles, words beside lines."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ipm_outcomes._drawing.figures import Line
from ipm_outcomes._drawing.periods import Point
from ipm_outcomes._drawing.style import number, share
from ipm_outcomes.errors import number_of
from ipm_outcomes.program._plot_table import PlotRow

_METHODS = {"wilson": "Wilson", "student t": "Student's t"}


def message(row: PlotRow, total: PlotRow | None, noun: str) -> str:
    title = row.texts.get("title") or row.texts["indicator"]
    if total is None or (estimate := total["estimate"]) is None:
        return f"{title}, by {noun}" if noun else title
    n = total.count("denominator")
    if row.is_share:
        return f"{title}: {share(estimate)}" + (f" of {_patients(n)}" if n else "")
    unit = row.texts.get("unit", "")
    return f"{title}: {number(estimate)} {unit}" + (f", {_patients(n)}" if n else "")


def _patients(n: int) -> str:
    return f"{n:,} patient{'' if n == 1 else 's'}"


def method_of(row: PlotRow) -> str:
    method = row.texts.get("method", "of the table")
    return _METHODS.get(method, method)


def level_of(row: PlotRow) -> str:
    level = row["level"]
    return f"{100 * (0.95 if level is None else level):g}%"


def hidden_notes(rows: Sequence[PlotRow]) -> list[str]:
    return (
        ["Dotted: a hidden figure lies there."]
        if any(row.could for row in rows if row["estimate"] is None)
        else []
    )


def funnel_message(n: int, outside: int, far: int, noun: str) -> str:
    if not outside:
        return (
            f"All {n} {noun}s are within the limits of chance"
            if n > 1
            else f"The {noun} is within the limits of chance"
        )
    message = f"{outside} of {number_of(n, noun)} {'is' if outside == 1 else 'are'} outside the 95% limits"
    return f"{message}, {far} of them outside the 99.8% limits" if far else message


def time_message(points: Sequence[Point], kind: str, chart: Any) -> str:
    n = sum(point.value is not None for point in points)
    if n < 3:
        return f"Only {n} of {number_of(len(points), 'period')} can be shown"
    if kind == "run":
        return (
            "The level shifted over time by more than chance"
            if bool(chart.signal[0])
            else f"No shift of the level over {number_of(n, 'period')}"
        )
    marked = [point.period for point in points if point.marked]
    if not marked:
        return f"None of {number_of(n, 'period')} differs from the others beyond chance"
    named = f": {', '.join(marked)}" if len(marked) <= 3 else ""
    differ = "differs" if len(marked) == 1 else "differ"
    return f"{len(marked)} of {number_of(n, 'period')} {differ} beyond chance{named}"


def line_of(row: PlotRow, label: str, total: bool) -> Line:
    estimate, n, x = row["estimate"], row.count("denominator"), row.count("numerator")
    if estimate is None:
        if row.could is not None:
            low, high = row.count("numerator_low"), row.count("numerator_high")
            return Line(label, total=total, could=row.could, text=f"hidden: {low:,} to {high:,} of {n:,}")
        return Line(label, total=total, note="hidden" if n != 0 else "nobody")
    if row.is_share:
        text = f"{share(estimate)}, {x:,} of {n:,}" if x is not None and n else share(estimate)
    else:
        text = f"{number(estimate)}, n {n:,}" if n else number(estimate)
    return Line(label, estimate, row["lower"], row["upper"], total=total, text=text)
