"""Figures of groups: intervals, and sites against the limits of chance."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from ipm_outcomes._drawing import style as looks
from ipm_outcomes._drawing.labels import LIMIT, Box, place
from ipm_outcomes._drawing.style import PLAIN, Style, haloed, width_of

QUARTERS = [0, 0.25, 0.5, 0.75, 1]


@dataclass(frozen=True)
class Line:
    """An estimate with its interval, or what is in its place.

    ``could`` is the stretch in which a hidden figure lies, ``text`` is to the right of what is drawn.
    """

    label: str
    estimate: float | None = None
    lower: float | None = None
    upper: float | None = None
    good: bool = True
    note: str = ""
    text: str = ""
    total: bool = False
    could: tuple[float, float] | None = None


@dataclass(frozen=True)
class Reference:
    """A line to compare with: a value, and what it is."""

    value: float
    label: str


def intervals(
    rows: Sequence[Line],
    axis: str | None,
    *,
    shares: bool,
    style: Style = PLAIN,
    step: int = 26,
    reference: Reference | None = None,
) -> Any:
    """Estimates with their intervals, one line each."""
    alt = looks.altair()
    scale, form = _scale(rows, shares, style, reference)
    base = alt.Chart(
        looks.data(
            {
                "label": row.label,
                "estimate": row.estimate,
                "lower": row.lower,
                "upper": row.upper,
                "kind": "all" if row.total else "good" if row.good else "bad",
                "note": row.note,
            }
            for row in rows
        )
    ).encode(
        y=alt.Y(
            "label:N",
            sort=[row.label for row in rows],
            title=None,
            axis=alt.Axis(ticks=False, domain=False, grid=True, labelPadding=8),
        )
    )
    known = base.transform_filter("isValid(datum.estimate)")
    kinds = ["good", "bad", "all"]
    color = alt.Color(
        "kind:N", scale=alt.Scale(domain=kinds, range=[style.good, style.bad, style.ink]), legend=None
    )
    shape = alt.Shape(
        "kind:N", scale=alt.Scale(domain=kinds, range=["circle", "triangle-down", "diamond"]), legend=None
    )
    x = alt.X("lower:Q", title=axis, scale=scale, axis=form)
    layers = []
    if reference is not None:
        rule = alt.Chart(looks.data([{"at": reference.value}]))
        layers.append(
            rule.mark_rule(color=style.bad_text, strokeDash=[4, 3], strokeWidth=1.5).encode(
                x=alt.X("at:Q", scale=scale, title=axis)
            )
        )
    elif not shares:
        zero = alt.Chart(looks.data([{"at": 0.0}])).mark_rule(color=style.muted)
        layers.append(zero.encode(x=alt.X("at:Q", scale=scale, title=axis)))
    layers += [
        known.mark_rule(strokeWidth=2).encode(x=x, x2=alt.X2("upper:Q"), color=color),
        known.mark_point(filled=True, size=80, opacity=1).encode(
            x=alt.X("estimate:Q", scale=scale), color=color, shape=shape
        ),
        base.transform_filter("datum.note != ''")
        .mark_text(align="left", dx=3, color=style.muted, baseline="middle", fontSize=style.size)
        .encode(x=alt.datum(_start(scale), scale=scale), text=alt.Text("note:N")),
        *_beside(alt, rows, scale, style),
    ]
    return alt.layer(*layers, width=style.width, height=alt.Step(step))


def _beside(alt: Any, rows: Sequence[Line], scale: Any, style: Style) -> list[Any]:
    """The words at the end of each line, and the stretches of what is hidden."""
    order = [row.label for row in rows]
    could = [
        {"label": row.label, "least": row.could[0], "most": row.could[1]}
        for row in rows
        if row.could is not None
    ]
    texts = [
        {"label": row.label, "end": end, "text": row.text}
        for row in rows
        if row.text and (end := _end(row)) is not None
    ]
    y = alt.Y("label:N", sort=order, title=None)
    layers = []
    if could:
        ends = alt.Chart(looks.data(could)).mark_rule(strokeWidth=2, strokeDash=[1, 3], color=style.muted)
        layers.append(ends.encode(y=y, x=alt.X("least:Q", scale=scale), x2=alt.X2("most:Q")))
    if texts:
        words = alt.Chart(looks.data(texts)).encode(
            y=y, x=alt.X("end:Q", scale=scale), text=alt.Text("text:N")
        )
        layers += haloed(words, style, align="left", dx=9, baseline="middle")
    return layers


def _end(row: Line) -> float | None:
    return row.could[1] if row.could is not None else row.upper if row.upper is not None else row.estimate


def _start(scale: Any) -> float:
    domain = scale.to_dict().get("domain")
    return float(domain[0]) if domain else 0.0


def _scale(rows: Sequence[Line], shares: bool, style: Style, reference: Reference | None) -> tuple[Any, Any]:
    """The scale, with room for what is to the right of the lines, and its axis."""
    alt = looks.altair()
    if not any(row.text for row in rows):
        scale = alt.Scale(domain=[0, 1]) if shares else alt.Scale(zero=True, nice=True)
        return scale, alt.Axis(format=".0%", values=QUARTERS) if shares else alt.Axis(tickCount=6)
    ends = [(end, width_of(row.text, style.size) + 14) for row in rows if (end := _end(row)) is not None]
    lows = [row.lower for row in rows if row.lower is not None]
    low = min([0.0, *lows])
    high = max([end for end, _ in ends] + [1e-9])
    if reference is not None:
        high = max(high, reference.value)
    wide = max([low + (end - low) * style.width / max(style.width - text, 60) for end, text in ends] + [high])
    scale = alt.Scale(domain=[low, wide], nice=False)
    ticks = looks.ticks(low, min(high, 1.0) if shares else high)
    return scale, alt.Axis(values=ticks, domain=False, **({"format": ".0%"} if shares else {}))


@dataclass(frozen=True)
class Site:
    """A site of a funnel; ``outside`` says how many of the limits it is beyond, from inside."""

    name: str
    n: int
    share: float
    outside: Literal[0, 1, 2] = 0


@dataclass(frozen=True)
class Limits:
    """Limits of chance at one level: their name, and points of (patients, lower, upper)."""

    name: str
    curve: Sequence[tuple[float, float, float]]


_NAMED = 3
"""So many of the largest sites are named where few are outside."""
_SHAPES = ["circle", "diamond", "triangle-up"]
PLACES = ["within the limits", "outside the inner limits", "outside the outer limits"]


def funnel(
    sites: Sequence[Site],
    limits: Sequence[Limits],
    center: Reference,
    axis: str,
    counted: str = "patients counted at the site",
    style: Style = PLAIN,
) -> Any:
    """Sites against the limits of chance; named are those outside, and the largest where they are few."""
    alt = looks.altair()
    (x0, x1), (y0, y1) = _frame(sites, limits, center)
    x_scale, y_scale = alt.Scale(domain=[x0, x1], nice=False), alt.Scale(domain=[y0, y1], nice=False)
    form = alt.Axis(format=".0%", tickCount=6)
    x = alt.X("n:Q", title=counted, scale=x_scale, axis=alt.Axis(grid=False, tickCount=8))
    y = alt.Y("share:Q", title=axis, scale=y_scale, axis=form)
    dashes = dict(zip((limit.name for limit in limits), ([2, 3], [6, 4]), strict=False))
    curves = [
        {"n": n, "share": value, "limit": limit.name, "side": side}
        for limit in limits
        for n, low, high in limit.curve
        if x0 <= n <= x1
        for side, value in (("low", low), ("high", high))
    ]
    lines = (
        alt.Chart(looks.data(curves))
        .mark_line(color=style.muted, strokeWidth=1.3)
        .encode(
            x=x,
            y=y,
            detail=alt.Detail("side:N"),
            strokeDash=alt.StrokeDash(
                "limit:N", scale=alt.Scale(domain=list(dashes), range=list(dashes.values())), legend=None
            ),
        )
    )
    middle = alt.Chart(looks.data([{"share": center.value}]))

    def pixels(n: float, value: float) -> tuple[float, float]:
        return (n - x0) / (x1 - x0) * style.inside, (y1 - value) / (y1 - y0) * style.height

    ends = [(center.label, center.value, -9.0)]
    for limit in limits:
        last = max((point for point in limit.curve if point[0] <= x1), default=None)
        ends += [(limit.name, last[2], -9.0)] if last else []
    marks = [{"limit": text, "n": x1, "share": value} for text, value, _ in ends]
    taken: list[Box] = []
    for text, value, up in ends:
        point, wide = pixels(x1, value), width_of(text, style.size)
        taken.append((point[0] - wide / 2, point[1] + up, wide, 15.0))
    texts = alt.Chart(looks.data(marks)).encode(x=x, y=y, text=alt.Text("limit:N"))
    dots = alt.Chart(
        looks.data({"n": site.n, "share": site.share, "place": PLACES[site.outside]} for site in sites)
    ).mark_point(filled=True, size=75, opacity=1, stroke=style.ground, strokeWidth=0.7)
    dots = dots.encode(
        x=x,
        y=y,
        color=alt.Color(
            "place:N",
            scale=alt.Scale(domain=PLACES, range=[style.same, style.accent, style.bad]),
            legend=None,
        ),
        shape=alt.Shape("place:N", scale=alt.Scale(domain=PLACES, range=_SHAPES), legend=None),
    )
    names = _names(sites, pixels, (x0, x1, y0, y1), taken, style)
    spot: dict[str, Any] = {"x": alt.X("at_n:Q", scale=x_scale), "y": alt.Y("at_share:Q", scale=y_scale)}
    leaders = alt.Chart(looks.data(name for name in names if name["far"])).mark_rule(
        color=style.muted, strokeWidth=0.8
    )
    return alt.layer(
        lines,
        middle.mark_rule(color=style.ink, strokeWidth=1.2).encode(y=y),
        *haloed(texts, style, align="right", dy=-9, color=style.muted),
        leaders.encode(x=x, y=y, x2=alt.X2("at_n:Q"), y2=alt.Y2("at_share:Q")),
        dots,
        *haloed(
            alt.Chart(looks.data(names)).encode(text=alt.Text("site:N"), **spot),
            style,
            limit=LIMIT,
            baseline="middle",
        ),
        width=style.width,
        height=style.height,
    )


def _frame(
    sites: Sequence[Site], limits: Sequence[Limits], center: Reference
) -> tuple[tuple[float, float], tuple[float, float]]:
    """The ends of both axes: what there is, not from none to all."""
    sizes = [each.n for each in sites]
    x0, x1 = max(0.0, 0.8 * min(sizes)), 1.18 * max(sizes)
    values = [value for each in limits for n, *both in each.curve if x0 <= n <= x1 for value in both]
    values += [center.value, *(each.share for each in sites)]
    low, high = min(values), max(values)
    room = 0.06 * (high - low) or 0.05
    return (x0, x1), (max(0.0, low - room), min(1.0, high + room))


def _names(
    sites: Sequence[Site], pixels: Any, ends: tuple[float, ...], taken: Sequence[Box], style: Style
) -> list[dict[str, Any]]:
    """The names that are drawn, with their places in the units of the axes."""
    named = sorted(
        (site for site in sites if site.outside), key=lambda site: (-site.outside, -site.n, site.name)
    )
    largest = sorted((site for site in sites if not site.outside), key=lambda site: (-site.n, site.name))
    named += largest[: max(0, _NAMED - len(named))]
    x0, x1, y0, y1 = ends
    places = place(
        [(site.name, *pixels(site.n, site.share)) for site in named],
        [pixels(site.n, site.share) for site in sites],
        style.inside,
        style.height,
        style.size,
        taken,
    )
    return [
        {
            "site": site.name,
            "n": site.n,
            "share": site.share,
            "at_n": x0 + place.x / style.inside * (x1 - x0),
            "at_share": y1 - place.y / style.height * (y1 - y0),
            "far": place.far,
        }
        for site, place in zip(named, places, strict=True)
    ]


@dataclass(frozen=True)
class Stage:
    """A step of who is counted: how many there still are, and what became of the others."""

    label: str
    n: int | None
    text: str
    lost: str = ""


def flow(stages: Sequence[Stage], style: Style = PLAIN) -> Any:
    """Bars that grow shorter: who began, who can be counted."""
    alt = looks.altair()
    most = max([stage.n for stage in stages if stage.n is not None] + [1])
    order = [stage.label for stage in stages]
    rows = [
        {"label": each.label, "n": each.n or 0, "text": each.text, "lost": each.lost, "end": each.n or 0}
        for each in stages
    ]
    y = alt.Y(
        "label:N",
        sort=order,
        title=None,
        axis=alt.Axis(ticks=False, domain=False, labelPadding=8, labelLimit=260),
    )
    scale = alt.Scale(domain=[0, most * style.width / (style.width - 110)], nice=False)
    base = alt.Chart(looks.data(rows)).encode(y=y)
    x = alt.X("n:Q", axis=None, scale=scale)
    return alt.layer(
        base.mark_bar(color=style.accent, height=20).encode(x=x),
        base.mark_text(align="left", dx=7, fontSize=style.size, fontWeight=600, color=style.ink).encode(
            x=x, text=alt.Text("text:N")
        ),
        base.mark_text(align="left", dy=20, fontSize=style.size - 1, color=style.muted).encode(
            x=alt.datum(0, scale=scale), text=alt.Text("lost:N")
        ),
        width=style.width - 60,
        height=alt.Step(52),
    )
