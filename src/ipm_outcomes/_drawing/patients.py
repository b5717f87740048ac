"""Changes of many patients: before against after, bar by bar, as distributions, and as shares that improved."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any, Literal

from ipm_outcomes._drawing import style as looks
from ipm_outcomes._drawing.figures import QUARTERS
from ipm_outcomes._drawing.style import PLAIN, Style, haloed, width_of

Kind = Literal["better", "same", "worse", "unjudged"]
KINDS: tuple[Kind, ...] = ("better", "same", "worse", "unjudged")
_SHAPES = {"better": "circle", "same": "circle", "worse": "triangle-up", "unjudged": "square"}
_SQUARE = 400


@dataclass(frozen=True)
class Axis:
    """What a scale measures: its name and the ends of its values."""

    name: str
    low: float
    high: float


@dataclass(frozen=True)
class Pair:
    """Two scores of one patient, and what became of them."""

    before: float
    after: float
    kind: Kind


def _colors(style: Style) -> dict[str, str]:
    return {"better": style.good, "same": style.same, "worse": style.bad, "unjudged": style.muted}


def _words(style: Style) -> dict[str, str]:
    return {"better": style.good_text, "same": style.muted, "worse": style.bad_text, "unjudged": style.muted}


def _kind(alt: Any, channel: str, values: Mapping[str, str]) -> Any:
    scale = alt.Scale(domain=list(KINDS), range=[values[kind] for kind in KINDS])
    return getattr(alt, channel)("kind:N", scale=scale, legend=None)


def _text(alt: Any, x: float, y: float, text: str, scales: tuple[Any, Any]) -> Any:
    chart = alt.Chart(looks.data([{"x": x, "y": y, "text": text}]))
    return chart.encode(
        x=alt.X("x:Q", scale=scales[0]), y=alt.Y("y:Q", scale=scales[1]), text=alt.Text("text:N")
    )


def scatter(
    pairs: Sequence[Pair],
    axis: Axis,
    labels: Mapping[Kind, str],
    *,
    higher_is_worse: bool,
    limit: float | None = None,
    cutoff: float | None = None,
    style: Style = PLAIN,
) -> Any:
    """Before against after; ``labels`` are the words for each kind, at their corner of the square."""
    alt = looks.altair()
    room = 0.03 * (axis.high - axis.low)
    low, high = axis.low - room, axis.high + room
    scale = alt.Scale(domain=[low, high], nice=False)
    x = alt.X("before:Q", title=f"{axis.name} at baseline", scale=scale, axis=alt.Axis(tickCount=6))
    y = alt.Y("after:Q", title=f"{axis.name} at follow-up", scale=scale, axis=alt.Axis(tickCount=6))
    layers: list[Any] = []
    if limit is not None and limit < high - low:
        corners = [
            {"at": value, "least": max(low, value - limit), "most": min(high, value + limit)}
            for value in sorted({low, low + limit, high - limit, high})
        ]
        band = alt.Chart(looks.data(corners)).encode(
            x=alt.X("at:Q", scale=scale), y=alt.Y("least:Q", scale=scale), y2=alt.Y2("most:Q")
        )
        layers.append(band.mark_area(color=style.same, opacity=0.18))
        for off in (-limit, limit):
            ends = [{"at": a, "value": a + off} for a in (max(low, low - off), min(high, high - off))]
            edge = alt.Chart(looks.data(ends)).mark_line(
                color=style.muted, strokeDash=[4, 3], strokeWidth=1.2
            )
            layers.append(edge.encode(x=alt.X("at:Q", scale=scale), y=alt.Y("value:Q", scale=scale)))
    diagonal = alt.Chart(looks.data([{"at": low}, {"at": high}]))
    layers.append(
        diagonal.mark_line(color=style.muted, strokeWidth=1.2).encode(
            x=alt.X("at:Q", scale=scale), y=alt.Y("at:Q", scale=scale)
        )
    )
    if cutoff is not None and low < cutoff < high:
        rule = alt.Chart(looks.data([{"at": cutoff}])).mark_rule(color=style.ink, strokeDash=[1, 3])
        layers += [rule.encode(x=alt.X("at:Q", scale=scale)), rule.encode(y=alt.Y("at:Q", scale=scale))]
    spots = Counter((pair.before, pair.after, pair.kind) for pair in pairs)
    rows = [{"before": b, "after": a, "kind": kind, "n": n} for (b, a, kind), n in sorted(spots.items())]
    most = max([4, *spots.values()])
    points = alt.Chart(looks.data(rows)).mark_point(
        filled=True, opacity=0.85, stroke=style.ground, strokeWidth=0.6
    )
    layers.append(
        points.encode(
            x=x,
            y=y,
            size=alt.Size("n:Q", scale=alt.Scale(domain=[1, most], range=[42, 240]), legend=None),
            color=_kind(alt, "Color", _colors(style)),
            shape=_kind(alt, "Shape", _SHAPES),
        )
    )
    # Better is below the diagonal where higher is worse, else above it.
    down, up = (low + 0.03 * (high - low), high - 0.03 * (high - low))
    corner: dict[str, tuple[float, float, str]] = {
        "better": (up, down, "right") if higher_is_worse else (down, up, "left"),
        "worse": (down, up, "left") if higher_is_worse else (up, down, "right"),
    }
    words = _words(style)
    for kind, (at_x, at_y, align) in corner.items():
        if text := labels.get(kind):  # type: ignore[call-overload]
            layers += haloed(
                _text(alt, at_x, at_y, text, (scale, scale)),
                style,
                align=align,
                fontWeight=600,
                color=words[kind],
            )
    rest = "   ".join(labels[kind] for kind in ("same", "unjudged") if labels.get(kind))
    if rest:
        text = _text(alt, high, high, rest, (scale, scale))
        layers.append(
            text.mark_text(align="right", dy=-10, fontSize=style.size, color=style.muted, fontWeight=600)
        )
    if cutoff is not None and low < cutoff < high:
        text = _text(alt, high, cutoff, f"cut-off {cutoff:g}", (scale, scale))
        layers += haloed(text, style, align="right", dy=-7, fontSize=style.size - 1)
    return alt.layer(*layers, width=_SQUARE, height=_SQUARE)


def waterfall(
    improvements: Sequence[tuple[float, Kind]],
    labels: Mapping[Kind, str],
    axis: str,
    *,
    limit: float | None = None,
    style: Style = PLAIN,
) -> Any:
    """Every improvement as a bar, the largest first; equal ones beside each other are one shape."""
    alt = looks.altair()
    ordered = sorted(improvements, key=lambda each: (-each[0], KINDS.index(each[1])))
    n, rows, start = len(ordered), [], 0
    for (value, kind), same in groupby(ordered):
        size = len(list(same))
        steps = [1] * size if n <= 60 else [size]
        for step in steps:
            rows.append({"from": start, "to": start + step, "value": value, "zero": 0, "kind": kind})
            start += step
    most = max([abs(value) for value, _ in ordered] + [limit or 0])
    low, high = min([0.0, ordered[-1][0], -(limit or 0)]), max([0.0, ordered[0][0], limit or 0])
    room = 0.08 * most or 1.0
    x_scale = alt.Scale(domain=[0, max(n, 8)], nice=False)
    y_scale = alt.Scale(domain=[low - room, high + room], nice=False)
    x = alt.X(
        "from:Q",
        title=f"{n:,} patients, in the order of their improvement" if n > 1 else "1 patient",
        scale=x_scale,
        axis=alt.Axis(labels=False, ticks=False, grid=False, domain=False),
    )
    y = alt.Y("value:Q", title=axis, scale=y_scale, axis=alt.Axis(tickCount=8))
    bars = alt.Chart(looks.data(rows)).mark_rect(stroke=style.ground, strokeWidth=0.6 if n <= 60 else 0)
    layers = [
        bars.encode(
            x=x, x2=alt.X2("to:Q"), y=y, y2=alt.Y2("zero:Q"), color=_kind(alt, "Color", _colors(style))
        ),
        alt.Chart(looks.data([{"at": 0.0}]))
        .mark_rule(color=style.ink)
        .encode(y=alt.Y("at:Q", scale=y_scale)),
    ]
    if limit is not None:
        rule = alt.Chart(looks.data([{"at": limit}, {"at": -limit}])).mark_rule(
            color=style.ink, strokeDash=[4, 3]
        )
        layers.append(rule.encode(y=alt.Y("at:Q", scale=y_scale)))
    return alt.layer(*layers, *_key(alt, labels, style), width=style.width, height=290)


def _key(alt: Any, labels: Mapping[Kind, str], style: Style) -> list[Any]:
    """The words for each kind in their colors, in one row above the picture."""
    layers, left, words = [], 0.0, _words(style)
    for kind in KINDS:
        if text := labels.get(kind):
            chart = alt.Chart(looks.data([{"text": text}])).encode(
                x=alt.value(left), y=alt.value(-8), text=alt.Text("text:N")
            )
            layers.append(
                chart.mark_text(
                    align="left", baseline="bottom", fontSize=style.size, fontWeight=600, color=words[kind]
                )
            )
            left += width_of(text, style.size) + 26
    return layers


@dataclass(frozen=True)
class Moment:
    """Scores of the same patients at one time, as counts of stretches (from, to, patients), and their mean."""

    name: str
    bins: Sequence[tuple[float, float, int]]
    mean: float


def before_after(
    moments: Sequence[Moment], axis: Axis, *, cutoff: float | None = None, style: Style = PLAIN
) -> Any:
    """Two distributions of the same patients, one below the other on one axis."""
    alt = looks.altair()
    low = min(start for moment in moments for start, _, _ in moment.bins)
    high = max(end for moment in moments for _, end, _ in moment.bins)
    scale = alt.Scale(domain=[low, high], nice=False)
    most = max([n for moment in moments for *_, n in moment.bins] + [1])
    y_scale = alt.Scale(domain=[0, 1.25 * most], nice=False)
    ticks = [tick for tick in looks.ticks(0, most) if tick == int(tick)]
    parts = []
    for moment, color in zip(moments, (style.same, style.accent), strict=True):
        last = moment is moments[-1]
        x_axis = alt.Axis(tickCount=8, grid=False, **({} if last else {"labels": False, "ticks": False}))
        x = alt.X("from:Q", title=axis.name if last else None, scale=scale, axis=x_axis)
        rows = [{"from": a, "to": b, "n": n, "zero": 0} for a, b, n in moment.bins if n]
        bars = alt.Chart(looks.data(rows)).mark_rect(stroke=style.ground, strokeWidth=1, color=color)
        layers = [
            bars.encode(
                x=x,
                x2=alt.X2("to:Q"),
                y=alt.Y("n:Q", title="patients", scale=y_scale, axis=alt.Axis(values=ticks, format="d")),
                y2=alt.Y2("zero:Q"),
            )
        ]
        if cutoff is not None and low < cutoff < high:
            rule = alt.Chart(looks.data([{"at": cutoff}])).mark_rule(color=style.ink, strokeDash=[1, 3])
            layers.append(rule.encode(x=alt.X("at:Q", scale=scale)))
        mean = alt.Chart(
            looks.data([{"at": moment.mean, "text": f"{moment.name}: mean {looks.number(moment.mean)}"}])
        )
        mean = mean.encode(x=alt.X("at:Q", scale=scale))
        left = moment.mean <= (low + high) / 2
        layers += [
            mean.mark_rule(color=style.ink, strokeWidth=1.5),
            *haloed(
                mean.encode(y=alt.value(9), text=alt.Text("text:N")),
                style,
                align="left" if left else "right",
                dx=6 if left else -6,
                fontWeight=600,
            ),
        ]
        parts.append(alt.layer(*layers, width=500, height=130))
    return alt.vconcat(*parts, spacing=8)


@dataclass(frozen=True)
class Curve:
    """The share of a group with at least so much improvement; ``steps`` says whether it jumps at each point."""

    name: str
    points: Sequence[tuple[float, float]]
    label: str
    steps: bool = True


_HUES = ("#005f96", "#a84300", "#00694d", "#8a2f6b", "#5b5b00", "#3d3d9e")
_DASHES = ([1, 0], [6, 3], [2, 2], [8, 3, 2, 3], [4, 4], [10, 3])
FEW = len(_HUES)
"""So many groups have a color of their own; more are drawn in gray."""


def ecdf(
    curves: Sequence[Curve], axis: str, *, marks: Sequence[tuple[float, str]] = (), style: Style = PLAIN
) -> Any:
    """Curves that fall from all to none as more improvement is asked for, each with its words."""
    alt = looks.altair()
    values = [x for curve in curves for x, _ in curve.points] + [x for x, _ in marks] + [0.0]
    low, high = min(values), max(values)
    room = 0.04 * (high - low) or 1.0
    low, high = low - room, high + room
    x_scale, y_scale = alt.Scale(domain=[low, high], nice=False), alt.Scale(domain=[0, 1.02], nice=False)
    x = alt.X("x:Q", title=axis, scale=x_scale, axis=alt.Axis(tickCount=8))
    y = alt.Y(
        "share:Q",
        title="share of patients",
        scale=y_scale,
        axis=alt.Axis(format=".0%", values=QUARTERS),
    )
    few = len(curves) <= FEW
    layers: list[Any] = []
    for n, (value, text) in enumerate(sorted(marks)):
        rule = alt.Chart(looks.data([{"x": value, "share": 0.03 + 0.055 * n, "text": text}]))
        layers.append(
            rule.mark_rule(color=style.muted, strokeDash=[3, 3]).encode(x=alt.X("x:Q", scale=x_scale))
        )
        words = rule.encode(
            x=alt.X("x:Q", scale=x_scale), y=alt.Y("share:Q", scale=y_scale), text=alt.Text("text:N")
        )
        side = "right" if value - low > 0.6 * (high - low) else "left"
        layers += haloed(
            words,
            style,
            align=side,
            dx=5 if side == "left" else -5,
            fontSize=style.size - 1,
            color=style.muted,
        )
    for n, curve in enumerate(curves):
        color, dash = (_HUES[n], _DASHES[n]) if few else (style.same, [1, 0])
        rows = [{"x": value, "share": share} for value, share in curve.points]
        if not rows:
            continue
        if curve.steps:  # from everyone at the left to nobody at the right
            rows = [{"x": low, "share": 1.0}, *rows, {"x": high, "share": 0.0}]
        line = alt.Chart(looks.data(rows)).mark_line(
            color=color,
            strokeDash=dash,
            strokeWidth=2.2 if few else 1,
            interpolate="step-before" if curve.steps else "linear",
            **({} if curve.steps else {"point": {"filled": True, "size": 25, "color": color}}),
        )
        layers.append(line.encode(x=x, y=y))
    if few:
        for n, curve in enumerate(curves):
            words = _text(alt, high, 0.98 - 0.07 * n, curve.label, (x_scale, y_scale))
            layers += haloed(words, style, align="right", fontWeight=600, color=_HUES[n])
    return alt.layer(*layers, width=style.width, height=style.height)
