"""Charts: Altair specifications, drawn to SVG that follows the page's colors, with no script and nothing from outside.

A specification holds only numbers that are published. Colors in it are tokens, which become variables of the style
sheet, so that one drawing serves light, dark and print.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from ipm_outcomes._drawing import figures, one_patient
from ipm_outcomes._drawing import periods as time_charts
from ipm_outcomes._drawing import style as looks
from ipm_outcomes._drawing.figures import QUARTERS, Limits, Line, Reference, Site
from ipm_outcomes._drawing.one_patient import Small, Stretch
from ipm_outcomes._drawing.periods import Point
from ipm_outcomes._drawing.style import Style
from ipm_outcomes.errors import MissingExtraError, printable
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
    **{f"band{position}": f"#0002{position:02d}" for position in range(1, 7)},
}
INK, MUTED, PANEL = _TOKENS["ink"], _TOKENS["muted"], _TOKENS["panel"]
BEFORE, AFTER, GOOD, BAD = (_TOKENS[name] for name in ("before", "after", "good", "bad"))
REST = "not shown"
"""The bands of a bar that are hidden, taken together."""
_FONT = "Helvetica, Arial, sans-serif"
_WIDTH = 400
_MEASURED, _DRAWN = 13, 12
"""Text is laid out a little larger than drawn: the reader's font may be wider than the one at hand here."""

_STYLE = Style(
    ink=INK,
    muted=MUTED,
    grid=_TOKENS["grid"],
    ground=_TOKENS["bg"],
    good=GOOD,
    bad=BAD,
    same=MUTED,
    good_text=GOOD,
    bad_text=BAD,
    accent=AFTER,
    size=_MEASURED,
    width=_WIDTH,
    height=240,
    inside=340,
)
"""Of the shared drawings. The axes take about 60 pixels of the width."""


_TEXT = {
    "labelColor": INK,
    "titleColor": INK,
    "labelFontSize": _MEASURED,
    "titleFontSize": _MEASURED,
    "titleFontWeight": "normal",
}
_CONFIG: dict[str, Any] = {
    "aria": False,
    "background": "transparent",
    "font": _FONT,
    "padding": 2,
    "autosize": {"type": "fit-x", "contains": "padding"},
    "view": {"stroke": None},
    "axis": {
        **_TEXT,
        "gridColor": _TOKENS["grid"],
        "domainColor": MUTED,
        "tickColor": MUTED,
        "labelLimit": 230,
        "titleLimit": 330,
        "labelOverlap": True,
    },
    "legend": {
        **_TEXT,
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


_LEFT, _RIGHT, _ABOVE, _BELOW = 30, 118, 13, 20


def patient_svg(course: Any, small: Small, height: int, number: int, message: str) -> str:
    """The course of one patient on one scale: all drawings of a page are of one width, so that their days align."""
    tints = (_TOKENS["bg"], PANEL) if course.bands else (PANEL,)
    style = replace(_STYLE, width=330, height=height, tints=tints, size=12)
    chart = one_patient.trajectory(
        course.visits,
        ("", course.low, course.high),
        course.bands or (Stretch(course.low, course.high, ""),),
        course.lines,
        course.digits,
        style,
        small,
    )
    above = _ABOVE if any(visit.flag for visit in course.visits) else 2
    edges = {"left": _LEFT, "right": _RIGHT, "top": above, "bottom": _BELOW if small.axis else 2}
    return svg(chart, number, message, {"autosize": {"type": "none"}, "padding": edges})


def svg(chart: Any, number: int, message: str, changed: Mapping[str, Any] | None = None) -> str:
    """Draw a chart as inline SVG with its message as the text alternative.

    Parameters
    ----------
    chart : altair chart
        Built by a function of this module.
    number : int
        Number of the chart on the page, which makes the ids inside the drawing its own.
    message : str
        What the chart says, in one or two sentences.
    changed : mapping, optional
        Settings of the drawing that differ.

    """
    _, vl_convert = require()
    drawn: str = vl_convert.vegalite_to_svg(
        _printable(chart.to_dict(validate=False)), config={**_CONFIG, **(changed or {})}
    )
    for name, token in _TOKENS.items():
        drawn = drawn.replace(f'"{token}"', f'"var(--{name})"')
    # The drawing is one image to a reader; its parts carry no roles of their own.
    drawn = re.sub(r' (?:role|aria-roledescription|aria-hidden|class|pointer-events)="[^"]*"', "", drawn)
    drawn = re.sub(r' xmlns(?::xlink)?="[^"]*"| version="1\.1"| font-family="[^"]*"| opacity="1"', "", drawn)
    drawn = re.sub(r'<path d="(?:M0,0h0v0h0Z)?"(?: display="none")?/>', "", drawn)
    drawn = re.sub(r'(id="|url\(#|href="#)', lambda match: f"{match[1]}c{number}-", drawn)
    clips = {
        name: f"clip{number}" for number, name in enumerate(dict.fromkeys(re.findall(r"clip\d+", drawn)))
    }
    drawn = re.sub(r"clip\d+", lambda match: clips[match[0]], drawn)
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
        return printable(spec)
    if isinstance(spec, dict):
        return {key: _printable(value) for key, value in spec.items()}
    return [_printable(value) for value in spec] if isinstance(spec, list) else spec


def _share(alt: Any, field: str, title: str, **scale: Any) -> Any:
    return alt.X(
        f"{field}:Q",
        title=title,
        axis=alt.Axis(format=".0%", **({"values": QUARTERS} if scale else {"tickCount": 4})),
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
    base = alt.Chart(looks.data(rows)).encode(
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
        x=alt.datum(0), text=alt.Text("note:N")
    )
    return alt.layer(bars, notes, width=_WIDTH, height=alt.Step(13))


def bands(rows: Sequence[tuple[str, str, str, float]], order: Sequence[str], with_scales: bool) -> Any:
    """Severity bands before and after, as stacked shares: rows of (scale, when, band, share), best band first."""
    alt, _ = require()
    scales = dict.fromkeys(scale for scale, *_ in rows)
    lines = [f"{scale}, {when}" if with_scales else when for scale in scales for when in ("before", "after")]
    steps = [_TOKENS[f"band{band_step}"] for band_step in band_steps(len(order))]
    shown: dict[tuple[str, str], dict[str, float]] = {}
    for scale, when, band, share in rows:
        shown.setdefault((scale, when), {})[band] = share
    data = []
    for (scale, when), shares in shown.items():
        line = f"{scale}, {when}" if with_scales else when
        data += [{"line": line, "band": b, "share": s, "at": order.index(b)} for b, s in shares.items()]
        rest = 1 - sum(shares.values())
        if rest > 0.0005:
            # It is where the best of the hidden bands would.
            first = next((position for position, band in enumerate(order) if band not in shares), len(order))
            data.append({"line": line, "band": REST, "share": rest, "at": first})
    if any(row["band"] == REST for row in data):
        order, steps = [*order, REST], [*steps, _TOKENS["grid"]]
    return (
        alt.Chart(looks.data(data), width=_WIDTH, height=alt.Step(22 if with_scales else 40))
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
            order=alt.Order("at:Q"),
        )
    )


def band_steps(number: int) -> list[int]:
    """Which of the six colors each of so many bands has."""
    spread = {2: (1, 5), 3: (1, 3, 5), 4: (1, 2, 4, 5), 5: (1, 2, 3, 4, 5)}.get(number, (1, 2, 3, 4, 5, 6))
    return [spread[min(position, len(spread) - 1)] for position in range(number)]


def intervals(rows: Sequence[Line], axis: str, *, shares: bool) -> Any:
    """Estimates with their intervals, one line each."""
    return figures.intervals(rows, axis, shares=shares, style=_STYLE)


def funnel(
    points: Sequence[tuple[str, int, float]],
    curves: Sequence[tuple[str, Sequence[tuple[float, float, float]]]],
    target: float,
    axis: str,
    outside: Sequence[int] = (),
) -> Any:
    """Sites against the limits of chance: points (name, patients, share), curves of (patients, lower, upper), inner
    limits first; ``outside`` says how many of the limits each site is beyond.
    """
    places: list[Any] = list(outside) or [0] * len(points)
    return figures.funnel(
        [Site(name, n, share, place) for (name, n, share), place in zip(points, places, strict=True)],
        [Limits(name, curve) for name, curve in curves],
        Reference(target, "all sites"),
        axis,
        style=_STYLE,
    )


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
    empty = [None] * len(periods)
    lines = (center or empty, lower or empty, upper or empty)
    columns = (periods, values, *lines, map(bool, marked or empty))
    points = [Point(*point) for point in zip(*columns, strict=True)]
    return time_charts.over_time(points, axis, shares=shares, style=replace(_STYLE, height=200))


def shares(rows: Sequence[tuple[str, float]], axis: str, tokens: Sequence[str] = ()) -> Any:
    """Plain shares, one bar each."""
    alt, _ = require()
    order = [label for label, _ in rows]
    colors = list(tokens) or [AFTER] * len(rows)
    return (
        alt.Chart(
            looks.data([{"label": label, "share": share} for label, share in rows]),
            width=_WIDTH,
            height=alt.Step(26),
        )
        .mark_bar()
        .encode(
            x=_share(alt, "share", axis, domain=[0, 1]),
            y=alt.Y("label:N", sort=order, title=None, axis=alt.Axis(ticks=False, domain=False)),
            color=alt.Color("label:N", scale=alt.Scale(domain=order, range=colors), legend=None),
        )
    )
