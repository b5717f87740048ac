"""Charts: Altair specifications, drawn to SVG that follows the page's colors, with no script and nothing from outside.

A specification holds only numbers that are published. Colors in it are tokens, which become variables of the style
sheet, so that one drawing serves light, dark and print.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

from ipm_outcomes.errors import MissingExtraError
from ipm_outcomes.report._words import safe

_TOKENS = {
    "ink": "#000101",
    "muted": "#000102",
    "grid": "#000103",
    "panel": "#000104",
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
        axis=alt.Axis(format=".0%", tickCount=4),
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


def intervals(
    rows: Sequence[tuple[str, float, float, float, bool]],
    axis: str,
    *,
    shares: bool,
    reference: float | None = None,
    better: bool = True,
) -> Any:
    """Estimates with their intervals, one line each: rows of (label, estimate, lower, upper, good)."""
    alt, _ = require()
    order = [label for label, *_ in rows]
    data = [
        {"label": label, "estimate": e, "lower": lo, "upper": hi, "kind": "good" if good else "bad"}
        for label, e, lo, hi, good in rows
    ]
    scale = alt.Scale(domain=[0, 1]) if shares else alt.Scale(zero=True, nice=True)
    form = alt.Axis(format=".0%", tickCount=4) if shares else alt.Axis(tickCount=6)
    base = alt.Chart(_data(alt, data)).encode(
        y=alt.Y("label:N", sort=order, title=None, axis=alt.Axis(ticks=False, domain=False, grid=True))
    )
    color = alt.Color("kind:N", scale=alt.Scale(domain=["good", "bad"], range=[GOOD, BAD]), legend=None)
    layers = [
        base.mark_rule(strokeWidth=2).encode(
            x=alt.X("lower:Q", title=axis, scale=scale, axis=form), x2="upper:Q", color=color
        ),
        base.mark_point(filled=True, size=80, opacity=1).encode(
            x=alt.X("estimate:Q", scale=scale), color=color
        ),
    ]
    marks = [(reference, [5, 4])] if reference is not None else []
    if not shares:
        marks.append((0.0, [1, 0]))
    for value, dash in marks:
        layers.insert(
            0,
            alt.Chart(_data(alt, [{"at": value}]))
            .mark_rule(strokeDash=dash, color=MUTED)
            .encode(x=alt.X("at:Q", scale=scale)),
        )
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
    y = alt.Y("share:Q", title=axis, scale=alt.Scale(domain=[0, 1]), axis=alt.Axis(format=".0%", tickCount=5))
    x = alt.X("n:Q", title="patients counted at the site", scale=alt.Scale(zero=True, nice=True))
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
            [{"site": name, "n": n, "share": share, "above": share >= target} for name, n, share in points],
        )
    )
    dots = spots.mark_point(filled=True, color=AFTER, size=70, opacity=1).encode(x=x, y=y)
    layers = [lines, center, dots]
    if len(points) <= 25:
        for above, shift in ((True, -11), (False, 13)):
            layers.append(
                spots.transform_filter(alt.datum.above == above)
                .mark_text(dy=shift, limit=110)
                .encode(x=x, y=y, text="site:N")
            )
    return alt.layer(*layers).properties(width=_WIDTH, height=220)


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
