"""Whether outcomes changed from one period of enrollment to the next: run charts and control charts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from ipm_outcomes.report import _charts
from ipm_outcomes.report._page import Section
from ipm_outcomes.report._program import Figure, Program
from ipm_outcomes.report._wording import Wording

_FEW_POINTS = 12
"""Below this number of points the rules of run charts and control charts find little, or chance."""


def sections(words: Wording) -> Iterator[Section]:
    """The section, where there is a scale to compare by."""
    program, shown = words.program, words.program.headline
    if shown is None:
        return
    charts = []
    enough = len(program.periods) > 1
    for definition in ("mean_improvement", program.success.get(shown.key, ""), "followup_completion"):
        figure = program.name(definition, shown)
        rows = [program.row(figure, period=period) for period in program.periods]
        there = sum(row is not None and row.estimate is not None for row in rows)
        if not enough or there < 3:
            continue
        draw = _run_chart if definition == "mean_improvement" else _p_chart
        table = [[p, words.cell(row)] for p, row in zip(program.periods, rows, strict=True)]
        charts.append({"definition": definition, "shown": there, "rows": table, **draw(program, rows)})
    values = {
        "enough": enough,
        "size": program.size,
        "joined": program.joined,
        "left_out": program.left_out,
        "few": _FEW_POINTS,
        "scale": words.short(shown),
        "success": words.success(shown),
        "charts": charts,
    }
    first = [c for c in charts if c["definition"] not in ("mean_improvement", "followup_completion")]
    yield Section("time", "over_time", values | {"charts": first or charts})
    if charts:
        yield Section("all-time", "over_time_all", values, appendix=True)


def _run_chart(program: Program, rows: Sequence[Figure | None]) -> dict[str, Any]:
    """The mean improvement, against its median."""
    from ipm_outcomes.stats import over_time

    values = [None if row is None else row.estimate for row in rows]
    run = over_time.run_chart(np.array([np.nan if v is None else v for v in values], float))
    return {
        "drawing": _charts.over_time(
            program.periods, values, "mean improvement, points", shares=False, center=_floats(run.center)
        ),
        "signal": bool(run.signal[0]),
        "flagged": [],
        "median": float(run.center[0]),
        "notes": " ".join(map(_plain_note, run.notes)),
    }


def _p_chart(program: Program, rows: Sequence[Figure | None]) -> dict[str, Any]:
    """A share, against its average and the limits of chance."""
    from ipm_outcomes.stats import over_time

    # A rate is shown only where both of its counts are.
    shown = [row if row is not None and row.estimate is not None else Figure("") for row in rows]
    chart = over_time.p_chart(
        [row.numerator or 0 for row in shown], [row.denominator or 0 for row in shown], better="higher"
    )
    return {
        "drawing": _charts.over_time(
            program.periods,
            [row.estimate for row in shown],
            "share of patients",
            shares=True,
            center=_floats(chart.center),
            lower=_floats(chart.lower),
            upper=_floats(chart.upper),
            marked=[bool(flag) for flag in chart.flag],
        ),
        "signal": False,
        "flagged": [p for p, flag in zip(program.periods, chart.flag, strict=True) if flag],
        "median": None,
        "average": float(chart.center[0]),
        "notes": " ".join(map(_plain_note, chart.notes)),
    }


def _floats(values: Any) -> list[float | None]:
    return [None if np.isnan(v) else float(v) for v in values]


def _plain_note(note: str) -> str:
    """A note of the chart in the words of the page."""
    if note.startswith("Periods without a value"):
        return note.replace("Periods without a value, left out", "Periods not shown, and left out")
    return note.replace("The baseline of phase 0 has", "There are only").replace(
        ", fewer than 12: its lines", ", fewer than 12: the lines"
    )
