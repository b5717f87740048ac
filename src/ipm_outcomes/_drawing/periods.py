"""Figures over time: one point for each period, its center line and its limits."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Any

from ipm_outcomes._drawing import style as looks
from ipm_outcomes._drawing.style import PLAIN, Style, haloed

_MANY = 12
"""With more periods not each is named, and not each point has words."""


@dataclass(frozen=True)
class Point:
    """A period; ``text`` is at its point, ``below`` at the foot."""

    period: str
    value: float | None
    center: float | None = None
    lower: float | None = None
    upper: float | None = None
    marked: bool = False
    text: str = ""
    below: str = ""


def over_time(
    points: Sequence[Point], axis: str, *, shares: bool, center: str = "", style: Style = PLAIN
) -> Any:
    """A run chart or control chart; a period without a value keeps its place, and no line crosses it."""
    alt = looks.altair()
    rows = [
        {
            "period": point.period,
            "at": n,
            "value": point.value,
            "center": point.center,
            "lower": point.lower,
            "upper": point.upper,
            "marked": point.marked,
            "run": run,
        }
        for (n, point), run in zip(enumerate(points), runs([point.value for point in points]), strict=True)
    ]
    periods = [point.period for point in points]
    worded = any(point.text for point in points)
    scale, form = _scale(points, shares, worded)
    x = alt.X(
        "period:O",
        sort=periods,
        title=None,
        axis=alt.Axis(
            labelAngle=-45 if _long(periods) else 0,
            values=list(periods[:: max(1, -(-len(periods) // _MANY))]),
            grid=False,
        ),
        scale=alt.Scale(domain=periods),
    )
    base = alt.Chart(looks.data(rows)).encode(x=x)

    def y(field: str) -> Any:
        return alt.Y(f"{field}:Q", title=axis, scale=scale, axis=form)

    def seen(field: str) -> Any:
        return base.transform_filter(f"isValid(datum.{field})")

    layers = [
        seen(field)
        .mark_line(color=color, strokeDash=dash, interpolate="step", strokeWidth=1.3)
        .encode(y=y(field))
        for field, color, dash in (
            ("lower", style.muted, [5, 4]),
            ("upper", style.muted, [5, 4]),
            ("center", style.ink, [1, 0]),
        )
        if any(row[field] is not None for row in rows)
    ]
    shown = seen("value")
    layers.append(
        shown.mark_line(color=style.accent, strokeWidth=2).encode(y=y("value"), detail=alt.Detail("run:N"))
    )
    flags = [False, True]
    layers.append(
        shown.mark_point(filled=True, size=70, opacity=1).encode(
            y=y("value"),
            color=alt.Color(
                "marked:N", scale=alt.Scale(domain=flags, range=[style.accent, style.bad]), legend=None
            ),
            shape=alt.Shape(
                "marked:N", scale=alt.Scale(domain=flags, range=["circle", "diamond"]), legend=None
            ),
        )
    )
    if worded:
        layers += _words(alt, points, x, y, style)
    if (
        center
        and (first := next((point.center for point in points if point.center is not None), None)) is not None
    ):
        named = alt.Chart(looks.data([{"value": first, "text": center}]))
        named = named.encode(x=alt.value(style.width), y=y("value"), text=alt.Text("text:N"))
        layers.append(named.mark_text(align="left", dx=4, fontSize=style.size, color=style.muted))
    return alt.layer(*layers, width=style.width, height=style.height)


def _words(alt: Any, points: Sequence[Point], x: Any, y: Any, style: Style) -> list[Any]:
    """The value at each point, above it or below, and the counts at the foot."""
    few = len(points) <= _MANY
    ends = [n for n, point in enumerate(points) if point.value is not None]
    worded_points = (
        {n for n, point in enumerate(points) if few or point.marked} | set(ends[:1]) | set(ends[-1:])
    )
    texts = [
        {"period": point.period, "value": point.value, "text": point.text, "up": _above(points, n)}
        for n, point in enumerate(points)
        if point.value is not None and n in worded_points and point.text
    ]
    layers = []
    for up, dy in ((True, -15), (False, 15)):
        side = alt.Chart(looks.data(row for row in texts if row["up"] is up)).encode(
            x=x, y=y("value"), text=alt.Text("text:N")
        )
        layers += haloed(side, style, dy=dy, fontWeight=600)
    every = max(1, -(-len(points) // _MANY))
    feet = [
        {"period": point.period, "text": point.below}
        for n, point in enumerate(points)
        if point.below and n % every == 0
    ]
    foot = alt.Chart(looks.data(feet)).encode(x=x, y=alt.value(style.height - 8), text=alt.Text("text:N"))
    return [*layers, *haloed(foot, style, fontSize=style.size - 1, color=style.muted)]


def _above(points: Sequence[Point], n: int) -> bool:
    """Whether the words of a point are above it: on the side away from its neighbors."""
    value = points[n].value or 0.0
    near = [
        other.value
        for other in (*points[max(0, n - 1) : n], *points[n + 1 : n + 2])
        if other.value is not None
    ]
    return not near or value >= sum(near) / len(near)


def _scale(points: Sequence[Point], shares: bool, worded: bool) -> tuple[Any, Any]:
    alt = looks.altair()
    if not worded:
        scale = alt.Scale(domain=[0, 1]) if shares else alt.Scale(zero=True, nice=True)
        return scale, alt.Axis(tickCount=5, **({"format": ".0%"} if shares else {}))
    drawn = [
        v for point in points for v in (point.value, point.center, point.lower, point.upper) if v is not None
    ]
    low, high = min([*drawn, 0.0]), max([*drawn, 1e-9])
    # Room for the counts at the foot and for the words of the highest point.
    low, high = low - 0.16 * (high - low), high + 0.1 * (high - low)
    scale = alt.Scale(domain=[low, high], nice=False)
    ticks = [tick for tick in looks.ticks(min([*drawn, 0.0]), high) if not shares or tick <= 1]
    return scale, alt.Axis(values=ticks, **({"format": ".0%"} if shares else {}))


def runs(values: Iterable[float | None]) -> Iterator[int]:
    """A number that grows at every gap, so that the line does not bridge it."""
    return accumulate(value is None for value in values)


def _long(periods: Sequence[str]) -> bool:
    return len(periods) > 8 or max(map(len, periods)) > 8
