"""How drawings look: colors, sizes, the theme of a plot, and its words."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from ipm_outcomes.errors import MissingExtraError, printable

LINE = 75
"""Characters in a line of text below a title: a longer one would make the picture wider than what it shows."""
_TITLE = 58
FONT = "Helvetica, Arial, sans-serif"


@dataclass(frozen=True)
class Style:
    """Colors and sizes, in pixels. ``good``, ``bad`` and ``same`` fill marks; the words beside them are darker.

    ``inside`` is the width within the axes, where it is less than ``width``.
    """

    ink: str = "#1b1f24"
    muted: str = "#55606b"
    grid: str = "#e4e7eb"
    ground: str = "#ffffff"
    good: str = "#0072b2"
    bad: str = "#d55e00"
    same: str = "#9aa0a6"
    good_text: str = "#005f96"
    bad_text: str = "#a84300"
    accent: str = "#0072b2"
    tints: tuple[str, ...] = ("#f8f9fb", "#eef1f5")
    size: int = 12
    width: int = 540
    height: int = 320
    inside: int = 540

    def texts(self) -> dict[str, str]:
        """Colors of words, by their names."""
        return {name: getattr(self, name) for name in ("ink", "muted", "good_text", "bad_text")}


PLAIN = Style()
"""Of the plots: after Okabe and Ito, colors that people who see few of them can tell apart."""


def altair(feature: str = "drawing a plot") -> Any:
    """Altair, or the error that names the extra."""
    try:
        import altair as library
    except ImportError:
        raise MissingExtraError(feature, "report") from None
    return library


def data(rows: Iterable[dict[str, Any]]) -> Any:
    """Rows of a chart, inline: numbers, text and truth values only."""
    return altair().Data(values=tuple(rows))  # a tuple, which Altair does not copy with each step of a chart


def haloed(chart: Any, style: Style, **text: Any) -> list[Any]:
    """Text as two layers: first broad in the color of the ground, so that no line runs through it."""
    mark = {"fontSize": style.size, **text}
    halo = {"color": style.ground, "stroke": style.ground, "strokeWidth": 4, "strokeJoin": "round"}
    return [chart.mark_text(**{**mark, **halo}), chart.mark_text(**{"color": style.ink, **mark})]


def width_of(text: str, size: float) -> float:
    """About how wide a text is, in pixels: rather too wide, for the reader's font may be."""
    narrow = sum(character in "iljtfI1.,:;'|() -" for character in text)
    return size * (0.34 * narrow + 0.6 * (len(text) - narrow))


def share(value: float) -> str:
    """A share as a reader says it: ``38%``; one that is not quite none or all does not round to it."""
    if 0 < value < 0.005:
        return "<1%"
    return ">99%" if 0.995 <= value < 1 else f"{100 * value:.0f}%"


def number(value: float, digits: int = 1) -> str:
    """A number of points, with a true minus sign."""
    text = f"{value:,.{digits}f}"
    return text.replace("-", "−") if float(text.replace(",", "")) else text.lstrip("-")


def ticks(low: float, high: float) -> list[float]:
    """Round numbers from the one end to a little beyond the other, six at most."""
    for step in (f * 10.0**e for e in range(-3, 6) for f in (1, 2, 2.5, 5)):
        first, last = -(-low // step), -(-high // step)
        if last - first <= 5:
            return [round(n * step, 6) for n in range(int(first), int(last) + 1)]
    return [low, high]


def wrapped(sentences: Iterable[str], width: int = LINE) -> list[str]:
    """Sentences one after the other, in lines."""
    return textwrap.wrap(" ".join(sentence for sentence in sentences if sentence), width)


def finished(chart: Any, title: str, sentences: Sequence[str], style: Style = PLAIN) -> Any:
    """A plot with its message as the title, and below it how it was made."""
    alt = altair()
    title, sentences = printable(title), [printable(text) for text in sentences]
    head = alt.TitleParams(wrapped([title], _TITLE), subtitle=wrapped(sentences))
    described = " ".join([title.rstrip(".") + ".", *sentences])
    axis = alt.AxisConfig(
        labelColor=style.ink,
        titleColor=style.ink,
        labelFontSize=style.size,
        titleFontSize=style.size,
        titleFontWeight="normal",
        gridColor=style.grid,
        domainColor=style.muted,
        tickColor=style.muted,
        titlePadding=8,
        labelLimit=220,
    )
    heading = alt.TitleConfig(
        anchor="start",
        fontSize=15,
        fontWeight=600,
        color=style.ink,
        subtitleColor=style.muted,
        subtitleFontSize=style.size,
        subtitlePadding=5,
        subtitleLineHeight=16,
        offset=14,
    )
    look = alt.Config(
        font=FONT,
        background=style.ground,
        padding=10,
        view=alt.ViewConfig(stroke=None),
        axis=axis,
        title=heading,
    )
    return chart.properties(title=head, description=described, config=look)
