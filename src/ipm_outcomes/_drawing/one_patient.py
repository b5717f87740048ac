"""The course of one patient: scores over bands, with what measurement error allows for and what was flagged."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal

from ipm_outcomes._drawing import style as looks
from ipm_outcomes._drawing.style import PLAIN, Style, haloed, number

_MANY = 12


@dataclass(frozen=True)
class Visit:
    """A score on a day, or in its order where there is no date; ``error`` is half the width of its interval."""

    when: date | int
    value: float | None
    kind: Literal["first", "better", "same", "worse"] = "same"
    flag: Literal["", "raised", "blank"] = ""
    error: float | None = None


@dataclass(frozen=True)
class Stretch:
    """A band of a scale."""

    low: float
    high: float
    name: str


def trajectory(
    visits: Sequence[Visit],
    axis: tuple[str, float, float],
    bands: Sequence[Stretch] = (),
    lines: Sequence[tuple[float, str]] = (),
    digits: int = 0,
    style: Style = PLAIN,
) -> Any:
    """Scores over time; ``lines`` are values beyond which a score differs from the first one, with their words."""
    alt = looks.altair()
    name, low, high = axis
    room = 0.05 * (high - low)
    low, high = low - room, high + room
    scale = alt.Scale(domain=[low, high], nice=False)
    dated = isinstance(visits[0].when, date)
    x = _across(alt, visits, dated)
    y = alt.Y("value:Q", title=name, scale=scale, axis=alt.Axis(grid=not bands, tickCount=6))
    layers: list[Any] = []
    for at, band in enumerate(bands):
        ends = low if at == 0 else band.low, high if band is bands[-1] else band.high
        rows = looks.data([{"low": ends[0], "high": ends[1]}])
        tint = alt.Chart(rows).mark_rect(color=style.tints[at % len(style.tints)])
        layers.append(tint.encode(y=alt.Y("low:Q", scale=scale, title=name), y2="high:Q"))
    for value, _ in lines:
        rule = alt.Chart(looks.data([{"value": value}])).mark_rule(color=style.ink, strokeDash=[4, 3])
        layers.append(rule.encode(y=alt.Y("value:Q", scale=scale, title=name)))
    rows = [
        {
            "when": _text(visit.when),
            "value": visit.value,
            "kind": visit.kind,
            "text": number(visit.value, digits),
            **(
                {}
                if visit.error is None
                else {"least": visit.value - visit.error, "most": visit.value + visit.error}
            ),
        }
        for visit in visits
        if visit.value is not None
    ]
    base = alt.Chart(looks.data(rows)).encode(x=x)
    if any("least" in row for row in rows):
        bars = base.mark_rule(color=style.muted, strokeWidth=1.5, clip=True)
        layers.append(bars.encode(y=alt.Y("least:Q", scale=scale, title=name), y2="most:Q"))
    kinds = ["first", "better", "same", "worse"]
    layers += [
        base.mark_line(color=style.ink, strokeWidth=2).encode(y=y),
        base.mark_point(filled=True, size=95, opacity=1).encode(
            y=y,
            color=alt.Color(
                "kind:N",
                scale=alt.Scale(domain=kinds, range=[style.ink, style.good, style.muted, style.bad]),
                legend=None,
            ),
            shape=alt.Shape(
                "kind:N",
                scale=alt.Scale(domain=kinds, range=["circle", "diamond", "circle", "triangle-up"]),
                legend=None,
            ),
        ),
    ]
    worded = rows if len(rows) <= _MANY else [rows[0], rows[-1]]
    values = alt.Chart(looks.data(worded)).encode(x=x, y=y, text="text:N")
    layers += haloed(values, style, dy=-15, fontSize=style.size + 1, fontWeight=600)
    for value, text in lines:
        told = alt.Chart(looks.data([{"value": value, "text": text}])).encode(
            x=alt.value(6), y=alt.Y("value:Q", scale=scale), text="text:N"
        )
        below = value < (low + high) / 2
        layers += haloed(
            told, style, align="left", dy=10 if below else -9, fontSize=style.size - 1, color=style.muted
        )
    if bands:
        middle = [{"value": (band.low + band.high) / 2, "text": band.name} for band in bands]
        names = alt.Chart(looks.data(middle)).mark_text(
            align="left", dx=8, fontSize=style.size, color=style.muted
        )
        layers.append(names.encode(x=alt.value(style.width), y=alt.Y("value:Q", scale=scale), text="text:N"))
    for state, shape in (("raised", "triangle-up"), ("blank", "square")):
        flagged = [{"when": _text(visit.when), "flag": state} for visit in visits if visit.flag == state]
        marks = alt.Chart(looks.data(flagged)).encode(x=x, y=alt.value(-12))
        if flagged:
            layers.append(marks.mark_point(shape=shape, filled=True, size=120, opacity=1, color=style.bad))
    return alt.layer(*layers).properties(width=style.width, height=300)


def _across(alt: Any, visits: Sequence[Visit], dated: bool) -> Any:
    if not dated:
        order = [_text(visit.when) for visit in visits]
        form = alt.Axis(labelAngle=0, grid=False)
        return alt.X("when:O", sort=order, title="visit", axis=form, scale=alt.Scale(domain=order))
    days = [visit.when for visit in visits if isinstance(visit.when, date)]
    span = (max(days) - min(days)).days
    form = alt.Axis(format="%b %Y" if span > 100 else "%b %d, %Y", tickCount=6, grid=False, labelFlush=False)
    return alt.X("when:T", title=None, axis=form, scale=alt.Scale(padding=26))


def _text(when: date | int) -> str:
    return when.isoformat() if isinstance(when, date) else str(when)
