"""The course of one patient: scores over bands, with what measurement error allows for and what was flagged."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
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


@dataclass(frozen=True)
class Small:
    """A drawing for a line of a table: no words on lines, and one axis of days for all drawings of the table."""

    days: tuple[date, ...]
    axis: bool
    """Whether the days are written below."""


def trajectory(
    visits: Sequence[Visit],
    axis: tuple[str, float, float],
    bands: Sequence[Stretch] = (),
    lines: Sequence[tuple[float, str]] = (),
    digits: int = 0,
    style: Style = PLAIN,
    small: Small | None = None,
) -> Any:
    """Scores over time; ``lines`` are values beyond which a score differs from the first one, with their words."""
    alt = looks.altair()
    name, low, high = axis
    height = style.height if small else 300
    room = (0.12 if small else 0.05) * (high - low)
    low, high = low - room, high + room
    scale = alt.Scale(domain=[low, high], nice=False)
    dated = isinstance(visits[0].when, date)
    x = _across(alt, visits, dated) if small is None else _between(alt, small)
    ticks = alt.Axis(grid=not bands, tickCount=6)
    if small:
        ticks = alt.Axis(grid=False, values=[axis[1], axis[2]], labelFontSize=style.size - 2)
    y = alt.Y("value:Q", title=name or None, scale=scale, axis=ticks)
    layers: list[Any] = []
    for position, band in enumerate(bands):
        ends = low if position == 0 else band.low, high if band is bands[-1] else band.high
        rows = looks.data([{"low": ends[0], "high": ends[1]}])
        tint = alt.Chart(rows).mark_rect(color=style.tints[position % len(style.tints)])
        layers.append(
            tint.encode(y=alt.Y("low:Q", scale=scale, title=name or None, axis=ticks), y2=alt.Y2("high:Q"))
        )
    for value, _ in lines:
        rule = alt.Chart(looks.data([{"value": value}])).mark_rule(color=style.ink, strokeDash=[4, 3])
        layers.append(rule.encode(y=y))
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
        layers.append(
            bars.encode(y=alt.Y("least:Q", scale=scale, title=name or None, axis=ticks), y2=alt.Y2("most:Q"))
        )
    kinds = ["first", "better", "same", "worse"]
    layers += [
        base.mark_line(color=style.ink, strokeWidth=2).encode(y=y),
        base.mark_point(filled=True, size=70 if small else 95, opacity=1).encode(
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
    if small:
        worded = _apart(visits, rows, small, style)
    top = low + 0.62 * (high - low) if small else high + room
    for part, dy in (([row for row in worded if row["value"] <= top], -12 if small else -15),
                     ([row for row in worded if row["value"] > top], 12)):  # fmt: skip
        if part:
            values = alt.Chart(looks.data(part)).encode(x=x, y=y, text=alt.Text("text:N"))
            layers += haloed(values, style, dy=dy, fontSize=style.size + 1, fontWeight=600)
    for value, text in lines if small is None else ():
        words = alt.Chart(looks.data([{"value": value, "text": text}])).encode(
            x=alt.value(6), y=alt.Y("value:Q", scale=scale), text=alt.Text("text:N")
        )
        below = value < (low + high) / 2
        layers += haloed(
            words, style, align="left", dy=10 if below else -9, fontSize=style.size - 1, color=style.muted
        )
    if bands:
        tall = height / (high - low)
        middle = [
            {"value": (band.low + band.high) / 2, "text": band.name}
            for band in bands
            if not small or tall * (band.high - band.low) > style.size - 2
        ]
        names = alt.Chart(looks.data(middle)).mark_text(
            align="left", dx=8, fontSize=style.size - bool(small), color=style.muted
        )
        layers.append(
            names.encode(x=alt.value(style.width), y=alt.Y("value:Q", scale=scale), text=alt.Text("text:N"))
        )
    for state, shape in (("raised", "triangle-up"), ("blank", "square")):
        flagged = [{"when": _text(visit.when), "flag": state} for visit in visits if visit.flag == state]
        marks = alt.Chart(looks.data(flagged)).encode(x=x, y=alt.value(-6 if small else -12))
        if flagged:
            layers.append(
                marks.mark_point(
                    shape=shape, filled=True, size=60 if small else 120, opacity=1, color=style.bad
                )
            )
    return alt.layer(*layers, width=style.width, height=height)


def _between(alt: Any, small: Small) -> Any:
    """The same days across all drawings of a table."""
    first, last = small.days[0], small.days[-1]
    room = timedelta(days=max(1, round(0.07 * (last - first).days)))
    marked = alt.Axis(
        values=[_moment(alt, day) for day in small.days], format="%b %-d, %Y", grid=False, labelOverlap=True
    )
    scale = alt.Scale(domain=[_moment(alt, first - room), _moment(alt, last + room)], nice=False)
    return alt.X("when:T", title=None, axis=marked if small.axis else None, scale=scale)


def _apart(
    visits: Sequence[Visit], rows: list[dict[str, Any]], small: Small, style: Style
) -> list[dict[str, Any]]:
    """The scores that have room for their number: the first, the last, and those between that do not meet another."""
    days = [
        visit.when.toordinal() for visit in visits if visit.value is not None and isinstance(visit.when, date)
    ]
    room = max(1, 1.14 * (small.days[-1] - small.days[0]).days) * 30 / style.width
    kept, day_kept = [rows[0]], days[0]
    for day, row in zip(days[1:-1], rows[1:-1], strict=True):
        if day - day_kept >= room and days[-1] - day >= room:
            kept.append(row)
            day_kept = day
    return kept if len(rows) == 1 else [*kept, rows[-1]]


def _moment(alt: Any, day: date) -> Any:
    return alt.DateTime(year=day.year, month=day.month, date=day.day, hours=12)


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
    # At noon on the reader's own clock: a date alone is read as midnight in UTC, which is the day before in America.
    return f"{when.isoformat()}T12:00:00" if isinstance(when, date) else str(when)
