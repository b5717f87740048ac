"""The chart of the first page: a share by period of enrollment, with intervals and direct labels."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from ipm_outcomes._drawing import style as looks
from ipm_outcomes._drawing.figures import Line
from ipm_outcomes._drawing.periods import runs
from ipm_outcomes.report import _charts


def trend(rows: Sequence[Line], marks: Sequence[float] = ()) -> Any:
    """A share by period with its intervals, each point with its figure; what is not known leaves a gap."""
    alt, _ = _charts.require()
    labels = [row.label for row in rows]
    data = [
        {
            "period": row.label,
            "estimate": row.estimate,
            "lower": row.lower,
            "upper": row.upper,
            "note": row.note or "not shown",
            "run": run,
        }
        for row, run in zip(rows, runs(row.estimate for row in rows), strict=True)
    ]
    top = max([row.upper for row in rows if row.upper is not None] + list(marks))
    scale = alt.Scale(domain=[0, min(1, math.ceil(top * 10 + 0.5) / 10)])
    y = alt.Y("estimate:Q", title=None, scale=scale, axis=alt.Axis(format=".0%", tickCount=4))
    axis = alt.Axis(
        labelAngle=0,
        labelExpr="[slice(datum.value, 0, 4), replace(slice(datum.value, 5), ' and ', '–')]",
        values=list(labels[:: max(1, -(-len(rows) // 5))]),
    )
    x = alt.X(
        "period:O", title=None, axis=axis, sort=None, scale=alt.Scale(domain=[row.label for row in rows])
    )
    base = alt.Chart(looks.data(data)).encode(x=x, y=y)
    known = base.transform_filter("isValid(datum.estimate)")
    layers = [
        known.mark_line(color=_charts.AFTER, strokeWidth=1.5, opacity=0.5).encode(detail=alt.Detail("run:N")),
        known.mark_rule(color=_charts.AFTER, strokeWidth=2).encode(
            y=alt.Y("lower:Q", title=None, scale=scale), y2=alt.Y2("upper:Q")
        ),
        known.mark_point(filled=True, size=70, opacity=1, color=_charts.AFTER),
        base.transform_filter("!isValid(datum.estimate)")
        .mark_text(color=_charts.MUTED, dy=-6)
        .encode(y=alt.datum(0, scale=scale), text=alt.Text("note:N")),
    ]
    if len(rows) <= _LABELED:
        halo = {"color": _charts._TOKENS["bg"], "stroke": _charts._TOKENS["bg"], "strokeWidth": 4}
        layers += [
            known.mark_text(align="left", dx=7, dy=-8, fontWeight="bold", **more).encode(
                text=alt.Text("note:N")
            )
            for more in (halo, dict[str, Any]())
        ]
    if marks:
        line = alt.Chart(looks.data([{"mark": mark} for mark in marks])).mark_rule(
            color=_charts.BAD, strokeDash=[4, 3]
        )
        layers.insert(0, line.encode(y=alt.Y("mark:Q", title=None, scale=scale)))
    return alt.layer(*layers, width=330, height=130)


_LABELED = 8
"""Up to so many points of a trend carry their figures."""
