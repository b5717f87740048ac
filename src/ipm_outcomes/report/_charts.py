"""Charts: Altair specifications, drawn to SVG that follows the page's colors, with no script and nothing from outside.

A specification holds only numbers that are published. Colors in it are tokens, which become variables of the style
sheet, so that one drawing serves light, dark and print.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from ipm_outcomes.errors import MissingExtraError
from ipm_outcomes.report._words import safe

_TOKENS = {
    "ink": "#000101",
    "muted": "#000102",
    "grid": "#000103",
    "panel": "#000104",
    "bg": "#00010a",
    "before": "#000105",
    "after": "#000106",
    "good": "#000107",
    "bad": "#000108",
    "line": "#000109",
    **{f"band{at}": f"#0002{at:02d}" for at in range(1, 7)},
}
INK, MUTED, PANEL = _TOKENS["ink"], _TOKENS["muted"], _TOKENS["panel"]
BEFORE, AFTER, GOOD, BAD, LINE = (_TOKENS[name] for name in ("before", "after", "good", "bad", "line"))
REST = "not shown"
"""The bands of a bar that are hidden, taken together."""
_FONT = "Helvetica, Arial, sans-serif"
_WIDTH = 400
_MEASURED, _DRAWN = 13, 12
"""Text is laid out a little larger than drawn: the reader's font may be wider than the one at hand here."""

_QUARTERS = [0, 0.25, 0.5, 0.75, 1]

_CONFIG: dict[str, Any] = {
    "aria": False,
    "background": "transparent",
    "font": _FONT,
    "padding": 2,
    "autosize": {"type": "fit-x", "contains": "padding"},
    "view": {"stroke": None},
    "axis": {
        "labelColor": INK,
        "titleColor": INK,
        "labelFontSize": _MEASURED,
        "titleFontSize": _MEASURED,
        "titleFontWeight": "normal",
        "gridColor": _TOKENS["grid"],
        "domainColor": MUTED,
        "tickColor": MUTED,
        "labelLimit": 230,
        "titleLimit": 330,
        "labelOverlap": True,
    },
    "legend": {
        "labelColor": INK,
        "titleColor": INK,
        "labelFontSize": _MEASURED,
        "titleFontSize": _MEASURED,
        "titleFontWeight": "normal",
        "symbolType": "square",
        "orient": "top",
        "title": None,
        "labelLimit": 0,
        "offset": 4,
    },
    "text": {"color": INK, "fontSize": _MEASURED},
    "rule": {"color": MUTED},
}


def require() -> tuple[Any, Any]:
    """Altair and vl-convert, or the error that names the extra."""
    try:
        import altair
        import jinja2  # noqa: F401  for the templates of the page
        import vl_convert
    except ImportError:
        raise MissingExtraError("drawing the charts of the report", "report") from None
    return altair, vl_convert


def svg(chart: Any, number: int, message: str) -> str:
    """Draw a chart as inline SVG with its message as the text alternative.

    Parameters
    ----------
    chart : altair chart
        Built by a function of this module.
    number : int
        Number of the chart on the page, which makes the ids inside the drawing its own.
    message : str
        What the chart says, in one or two sentences.

    """
    _, vl_convert = require()
    drawn: str = vl_convert.vegalite_to_svg(_printable(chart.to_dict(validate=False)), config=_CONFIG)
    for name, token in _TOKENS.items():
        drawn = drawn.replace(f'"{token}"', f'"var(--{name})"')
    # The drawing is one image to a reader; its parts carry no roles of their own.
    drawn = re.sub(r' (?:role|aria-roledescription|aria-hidden|class|pointer-events)="[^"]*"', "", drawn)
    drawn = re.sub(r' xmlns(?::xlink)?="[^"]*"| version="1\.1"| font-family="[^"]*"| opacity="1"', "", drawn)
    drawn = re.sub(r'<path d="(?:M0,0h0v0h0Z)?"(?: display="none")?/>', "", drawn)
    drawn = re.sub(r'(id="|url\(#|href="#)', lambda found: f"{found[1]}c{number}-", drawn)
    drawn = re.sub(r"(\d+\.\d{2})\d+", r"\1", drawn)
    drawn = drawn.replace(f'font-size="{_MEASURED}px"', f'font-size="{_DRAWN}px"')
    size = re.search(r'<svg width="([\d.]+)" height="([\d.]+)"', drawn)
    width = float(size[1]) if size else _WIDTH
    drawn = re.sub(r'<svg width="[\d.]+" height="[\d.]+"', "<svg", drawn, count=1)
    head = f'<svg role="img" aria-label="{safe(message)}" focusable="false" style="max-width:{width * 1.2:.0f}px"'
    return drawn.replace("<svg", head, 1)


def _printable(spec: Any) -> Any:
    """The specification without control characters: one of them would end the renderer and all with it."""
    if isinstance(spec, str):
        return "".join(c if c.isprintable() else " " for c in spec)
    if isinstance(spec, dict):
        return {key: _printable(value) for key, value in spec.items()}
    return [_printable(value) for value in spec] if isinstance(spec, list) else spec


def _data(alt: Any, rows: Sequence[dict[str, Any]]) -> Any:
    return alt.Data(values=list(rows))


def _share(alt: Any, field: str, title: str, **scale: Any) -> Any:
    return alt.X(
        f"{field}:Q",
        title=title,
        axis=alt.Axis(format=".0%", **({"values": _QUARTERS} if scale else {"tickCount": 4})),
        scale=alt.Scale(zero=True, **scale),
    )


def distribution(bins: Sequence[tuple[str, float | None, float | None]]) -> Any:
    """Shares of patients in each stretch of the score, before and after; None is not drawn, and said so."""
    alt, _ = require()
    order = [label for label, _, _ in bins]
    rows = [
        {"bin": label, "when": when, "share": share, "note": "" if share is not None else "not shown"}
        for label, before, after in bins
        for when, share in (("before", before), ("after", after))
    ]
    base = alt.Chart(_data(alt, rows)).encode(
        y=alt.Y("bin:N", sort=order, title=None, axis=alt.Axis(ticks=False, domain=False)),
        yOffset=alt.YOffset("when:N", sort=["before", "after"]),
    )
    bars = base.mark_bar().encode(
        x=_share(alt, "share", "share of patients"),
        color=alt.Color(
            "when:N",
            sort=["before", "after"],
            scale=alt.Scale(domain=["before", "after"], range=[BEFORE, AFTER]),
        ),
    )
    notes = base.mark_text(align="left", dx=3, fontSize=9, color=MUTED, baseline="middle").encode(
        x=alt.datum(0), text="note:N"
    )
    return alt.layer(bars, notes).properties(width=_WIDTH, height=alt.Step(13))


def bands(rows: Sequence[tuple[str, str, str, float]], order: Sequence[str], with_scales: bool) -> Any:
    """Severity bands before and after, as stacked shares: rows of (scale, when, band, share), best band first."""
    alt, _ = require()
    scales = dict.fromkeys(scale for scale, *_ in rows)
    lines = [f"{scale}, {when}" if with_scales else when for scale in scales for when in ("before", "after")]
    steps = _band_tokens(len(order))
    shown: dict[tuple[str, str], dict[str, float]] = {}
    for scale, when, band, share in rows:
        shown.setdefault((scale, when), {})[band] = share
    data = []
    for (scale, when), found in shown.items():
        line = f"{scale}, {when}" if with_scales else when
        data += [{"line": line, "band": b, "share": s, "at": order.index(b)} for b, s in found.items()]
        rest = 1 - sum(found.values())
        if rest > 0.0005:
            # It stands where the best of the hidden bands would.
            first = next((at for at, band in enumerate(order) if band not in found), len(order))
            data.append({"line": line, "band": REST, "share": rest, "at": first})
    if any(row["band"] == REST for row in data):
        order, steps = [*order, REST], [*steps, _TOKENS["grid"]]
    return (
        alt.Chart(_data(alt, data))
        .mark_bar(stroke=PANEL, strokeWidth=1)
        .encode(
            x=_share(alt, "share", "share of patients with both scores", domain=[0, 1]),
            y=alt.Y(
                "line:N", title=None, scale=alt.Scale(domain=lines), axis=alt.Axis(ticks=False, domain=False)
            ),
            color=alt.Color(
                "band:N",
                sort=list(order),
                scale=alt.Scale(domain=list(order), range=steps),
                legend=alt.Legend(columns=2 if len(order) > 2 else 3),
            ),
            order="at:Q",
        )
        .properties(width=_WIDTH, height=alt.Step(22 if with_scales else 40))
    )


def _band_tokens(number: int) -> list[str]:
    spread = {2: (1, 5), 3: (1, 3, 5), 4: (1, 2, 4, 5), 5: (1, 2, 3, 4, 5)}.get(number, (1, 2, 3, 4, 5, 6))
    return [_TOKENS[f"band{spread[min(at, len(spread) - 1)]}"] for at in range(number)]


@dataclass(frozen=True)
class Line:
    """An estimate with its interval, or what is said in its place."""

    label: str
    estimate: float | None = None
    lower: float | None = None
    upper: float | None = None
    good: bool = True
    told: str = ""


def intervals(rows: Sequence[Line], axis: str, *, shares: bool) -> Any:
    """Estimates with their intervals, one line each."""
    alt, _ = require()
    data = [
        {
            "label": row.label,
            "estimate": row.estimate,
            "lower": row.lower,
            "upper": row.upper,
            "kind": "good" if row.good else "bad",
            "told": row.told,
        }
        for row in rows
    ]
    scale = alt.Scale(domain=[0, 1]) if shares else alt.Scale(zero=True, nice=True)
    form = alt.Axis(format=".0%", values=_QUARTERS) if shares else alt.Axis(tickCount=6)
    base = alt.Chart(_data(alt, data)).encode(
        y=alt.Y(
            "label:N",
            sort=[row.label for row in rows],
            title=None,
            axis=alt.Axis(ticks=False, domain=False, grid=True),
        )
    )
    known = base.transform_filter("isValid(datum.estimate)")
    color = alt.Color("kind:N", scale=alt.Scale(domain=["good", "bad"], range=[GOOD, BAD]), legend=None)
    layers = [
        known.mark_rule(strokeWidth=2).encode(
            x=alt.X("lower:Q", title=axis, scale=scale, axis=form), x2="upper:Q", color=color
        ),
        known.mark_point(filled=True, size=80, opacity=1).encode(
            x=alt.X("estimate:Q", scale=scale), color=color
        ),
        base.transform_filter("datum.told != ''")
        .mark_text(align="left", dx=3, color=MUTED, baseline="middle")
        .encode(x=alt.datum(0, scale=scale), text="told:N"),
    ]
    if not shares:
        zero = alt.Chart(_data(alt, [{"at": 0.0}])).mark_rule(color=MUTED)
        layers.insert(0, zero.encode(x=alt.X("at:Q", scale=scale)))
    return alt.layer(*layers).properties(width=_WIDTH, height=alt.Step(26))


def funnel(
    points: Sequence[tuple[str, int, float]],
    curves: Sequence[tuple[str, Sequence[tuple[float, float, float]]]],
    target: float,
    axis: str,
) -> Any:
    """Sites against the limits of chance: points (name, patients, share), curves of (patients, lower, upper)."""
    alt, _ = require()
    dashes = {name: dash for (name, _), dash in zip(curves, ([6, 4], [2, 3]), strict=False)}
    data = [
        {"n": n, "share": value, "limit": name, "side": side}
        for name, curve in curves
        for n, low, high in curve
        for side, value in (("low", low), ("high", high))
    ]
    widest = max([n for name, curve in curves for n, *_ in curve] + [n for _, n, _ in points])
    x_scale, y_scale = alt.Scale(domain=[0, widest], nice=False), alt.Scale(domain=[0, 1])
    y = alt.Y("share:Q", title=axis, scale=y_scale, axis=alt.Axis(format=".0%", tickCount=5))
    x = alt.X("n:Q", title="patients counted at the site", scale=x_scale)
    lines = (
        alt.Chart(_data(alt, data))
        .mark_line(color=MUTED, strokeWidth=1.5)
        .encode(
            x=x,
            y=y,
            detail="side:N",
            strokeDash=alt.StrokeDash(
                "limit:N",
                scale=alt.Scale(domain=list(dashes), range=list(dashes.values())),
                legend=alt.Legend(symbolType="stroke", symbolStrokeColor=MUTED),
            ),
        )
    )
    center = alt.Chart(_data(alt, [{"share": target}])).mark_rule(color=LINE, strokeWidth=1.5).encode(y=y)
    spots = alt.Chart(
        _data(
            alt,
            [{"n": n, "share": share} for _, n, share in points],
        )
    )
    dots = spots.mark_point(filled=True, color=AFTER, size=70, opacity=1).encode(x=x, y=y)
    layers = [lines, center]
    if len(points) <= 25:
        placed = _placed(points, widest)
        layers.append(
            alt.Chart(_data(alt, [one for one in placed if one["far"]]))
            .mark_rule(color=MUTED, strokeWidth=0.8)
            .encode(x=x, y=y, x2="at_n:Q", y2="at_share:Q")
        )
        names = alt.Chart(_data(alt, placed)).encode(
            x=alt.X("at_n:Q", scale=x_scale), y=alt.Y("at_share:Q", scale=y_scale), text="site:N"
        )
        # First in the color of the page, so that no line runs through a name.
        halo = {"color": _TOKENS["bg"], "stroke": _TOKENS["bg"], "strokeWidth": 4}
        layers += [
            names.mark_text(limit=_LABEL, baseline="middle", **more) for more in (halo, dict[str, Any]())
        ]
    return alt.layer(*layers, dots).properties(width=_WIDTH, height=_HEIGHT)


_HEIGHT, _INSIDE, _LABEL = 240, 340, 110
"""Of the funnel, in pixels: its height, the width within its axes, the longest name of a site."""


def _placed(points: Sequence[tuple[str, int, float]], widest: float) -> list[dict[str, Any]]:
    """Where the names of the sites stand: above or below their points, as near as none covers another or a point.

    A name that had to go further is ``far``: a line leads to it.
    """
    dots = [(n / widest * _INSIDE, (1 - share) * _HEIGHT) for _, n, share in points]
    taken = [(x, y, 12.0, 12.0) for x, y in dots]
    done = []
    for (name, n, share), (x, y) in sorted(zip(points, dots, strict=True), key=lambda one: one[1]):
        width = min(_LABEL, 7.0 * len(name))
        # Above or below, toward the nearer edge last; then ever further, also to the sides.
        side = -1 if y > _HEIGHT / 2 else 1
        near = [(0.0, 13.0 * side), (0.0, -13.0 * side)]
        far = [(30.0 * across, 7.0 * up) for across in range(-12, 13) for up in range(-34, 35)]
        places = [
            (min(max(x + dx, width / 2), _INSIDE - width / 2), y + dy, width, 14.0)
            for dx, dy in [*near, *sorted(far, key=lambda step: (math.hypot(*step), step))]
            if 7 <= y + dy <= _HEIGHT - 7
        ]
        free = (place for place in places if not any(_overlap(place, other) for other in taken))
        place = next(free, places[0])
        taken.append(place)
        done.append(
            {
                "site": name,
                "n": n,
                "share": share,
                "at_n": place[0] / _INSIDE * widest,
                "at_share": 1 - place[1] / _HEIGHT,
                "far": abs(place[1] - y) > 14 or abs(place[0] - x) > 40,
            }
        )
    return done


def _overlap(one: Sequence[float], other: Sequence[float]) -> bool:
    """Whether two boxes (center, width, height) have a point in common."""
    return abs(one[0] - other[0]) * 2 < one[2] + other[2] and abs(one[1] - other[1]) * 2 < one[3] + other[3]


def over_time(
    periods: Sequence[str],
    values: Sequence[float | None],
    axis: str,
    *,
    shares: bool,
    center: Sequence[float | None] = (),
    lower: Sequence[float | None] = (),
    upper: Sequence[float | None] = (),
    marked: Sequence[bool] = (),
) -> Any:
    """A run chart or control chart: one point per period, its center line and limits."""
    alt, _ = require()
    rows = [
        {
            "period": period,
            "at": at,
            "value": values[at],
            "center": center[at] if center else None,
            "lower": lower[at] if lower else None,
            "upper": upper[at] if upper else None,
            "marked": bool(marked and marked[at]),
            "run": run,
        }
        for (at, period), run in zip(enumerate(periods), _runs(values), strict=True)
    ]
    scale = alt.Scale(domain=[0, 1]) if shares else alt.Scale(zero=True, nice=True)
    form = alt.Axis(format=".0%", tickCount=5) if shares else alt.Axis(tickCount=5)
    x = alt.X(
        "period:O",
        sort=list(periods),
        title=None,
        axis=alt.Axis(labelAngle=-45, values=list(_spaced(periods))),
        scale=alt.Scale(domain=list(periods)),
    )
    base = alt.Chart(_data(alt, rows)).encode(x=x)

    def y(field: str) -> Any:
        return alt.Y(f"{field}:Q", title=axis, scale=scale, axis=form)

    def seen(field: str) -> Any:
        return base.transform_filter(f"isValid(datum.{field})")

    layers = [
        seen(field).mark_line(color=color, strokeDash=dash, interpolate="step").encode(y=y(field))
        for field, color, dash in (
            ("lower", MUTED, [5, 4]),
            ("upper", MUTED, [5, 4]),
            ("center", LINE, [1, 0]),
        )
        if any(row[field] is not None for row in rows)
    ]
    shown = seen("value")
    layers.append(shown.mark_line(color=AFTER, strokeWidth=1.5).encode(y=y("value"), detail="run:N"))
    layers.append(
        shown.mark_point(filled=True, size=55, opacity=1).encode(
            y=y("value"),
            color=alt.Color(
                "marked:N", scale=alt.Scale(domain=[False, True], range=[AFTER, BAD]), legend=None
            ),
        )
    )
    return alt.layer(*layers).properties(width=_WIDTH, height=200)


def _runs(values: Sequence[float | None]) -> Iterator[int]:
    """A number that grows at every gap, so that the line does not bridge it."""
    run = 0
    for value in values:
        run += value is None
        yield run


def _spaced(periods: Sequence[str]) -> Sequence[str]:
    return periods[:: max(1, -(-len(periods) // 12))]


def shares(rows: Sequence[tuple[str, float]], axis: str, tokens: Sequence[str] = ()) -> Any:
    """Plain shares, one bar each."""
    alt, _ = require()
    order = [label for label, _ in rows]
    colors = list(tokens) or [AFTER] * len(rows)
    return (
        alt.Chart(_data(alt, [{"label": label, "share": share} for label, share in rows]))
        .mark_bar()
        .encode(
            x=_share(alt, "share", axis, domain=[0, 1]),
            y=alt.Y("label:N", sort=order, title=None, axis=alt.Axis(ticks=False, domain=False)),
            color=alt.Color("label:N", scale=alt.Scale(domain=order, range=colors), legend=None),
        )
        .properties(width=_WIDTH, height=alt.Step(26))
    )
