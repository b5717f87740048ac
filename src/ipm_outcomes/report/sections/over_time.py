"""Whether outcomes changed from one period of enrollment to the next: run charts and control charts."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from ipm_outcomes.report import _charts
from ipm_outcomes.report._page import Page, Section, paragraph
from ipm_outcomes.report._wording import Wording
from ipm_outcomes.report._words import listed, signed
from ipm_outcomes.report.sections import _plots as plots

_FEW_POINTS = 12
"""Below this number of points the rules of run charts and control charts find little, or chance."""


def sections(words: Wording) -> Iterator[Section]:
    """The section, where there is a scale to compare by."""
    if words.program.headline is not None:
        yield Section("time", "Over time", over_time)


def over_time(page: Page, words: Wording) -> None:
    """A chart for the mean, for success and for follow-up."""
    from ipm_outcomes.stats import over_time

    program, shown = words.program, words.program.headline
    assert shown is not None
    if len(program.periods) < 2:
        page.add(paragraph("There are not enough closed months of enrollment for a chart over time."))
        page.add(left_out(page, words))
        return
    page.add(
        paragraph(
            f"Each point is a {program.size} of enrollment: the patients whose first "
            "questionnaire falls in it, and what "
            f"became of them by {program.target}. "
            + (
                ""
                if program.size == "month"
                else f"A {program.size} is used because months are too small to show. "
            )
            + ("Neighbors that would be too small are put together. " if program.joined else "")
            + "A signal is a pattern that chance rarely makes; a single high or low point is none."
        ),
        left_out(page, words),
    )
    charts = []
    name = ".".join(shown.key)
    for definition, title in (
        ("mean_improvement", f"{words.short(shown)}: mean improvement"),
        (program.success.get(shown.key, ""), f"{words.short(shown)}: {words.success(shown)}"),
        ("followup_completion", f"{words.short(shown)}: followed up"),
    ):
        rows = [program.row(f"{definition}:{name}:{program.target}", period=p) for p in program.periods]
        values = [None if row is None else row.estimate for row in rows]
        there = sum(value is not None for value in values)
        if there < 3:
            continue
        few = (
            f"Too few points ({there} of {len(values)} shown) to tell a signal from chance."
            if there < _FEW_POINTS
            else ""
        )
        table = [[p, words.cell(row)] for p, row in zip(program.periods, rows, strict=True)]
        if definition == "mean_improvement":
            run = over_time.run_chart(np.array([np.nan if v is None else v for v in values], float))
            signal = bool(run.signal[0])
            message = (
                "Signal: the level has shifted (an unusually long run or too few crossings of the median)."
                if signal
                else few or f"No signal of a shift; the median is {signed(float(run.center[0]))} points."
            )
            notes = " ".join(_plain_note(note) for note in run.notes)
            drawing = _charts.over_time(
                program.periods,
                values,
                "mean improvement, points",
                shares=False,
                center=_floats(run.center),
            )
        else:
            counts = [
                (r.numerator, r.denominator) if r is not None and r.estimate is not None else (0, 0)
                for r in rows
            ]
            # A rate is shown only where both of its counts are.
            chart = over_time.p_chart(
                [x or 0 for x, _ in counts], [n or 0 for _, n in counts], better="higher"
            )
            flagged = [p for p, flag in zip(program.periods, chart.flag, strict=True) if flag]
            message = (
                f"Points that chance rarely makes: {listed(flagged)}."
                if flagged
                else few
                or f"No signal: all points vary as chance does around {words.percent(float(chart.center[0]), 0)}."
            )
            notes = " ".join(_plain_note(note) for note in chart.notes)
            drawing = _charts.over_time(
                program.periods,
                values,
                "share of patients",
                shares=True,
                center=_floats(chart.center),
                lower=_floats(chart.lower),
                upper=_floats(chart.upper),
                marked=[bool(flag) for flag in chart.flag],
            )
        charts.append(
            page.chart(
                drawing,
                title,
                message,
                ["Enrolled", "Figure (interval); count"],
                table,
                notes,
            )
        )
    if charts:
        page.add(plots.grid(charts))
    else:
        page.add(paragraph("The figures of the single periods are too small to show."))


def left_out(page: Page, words: Wording) -> str:
    """Which months are left out because windows are still open."""
    months = words.program.left_out
    if not months:
        return paragraph("No month of enrollment is left out: the follow-up windows of all are over.", "note")
    span = months[0] if len(months) == 1 else f"{months[0]} to {months[-1]}"
    rest = (
        ""
        if words.program.size in ("", "month")
        else f" The {words.program.size} they belong to is left out as a whole."
    )
    return paragraph(f"Left out, because follow-up windows are still open: enrolled {span}.{rest}", "note")


def _floats(values: Any) -> list[float | None]:
    return [None if np.isnan(v) else float(v) for v in values]


def _plain_note(note: str) -> str:
    """A note of the chart in the words of the page."""
    if note.startswith("Periods without a value"):
        return note.replace("Periods without a value, left out", "Periods not shown, and left out")
    return note.replace("The baseline of phase 0 has", "There are only").replace(
        ", fewer than 12: its lines", ", fewer than 12: the lines"
    )
