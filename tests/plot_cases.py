"""What the plots are tried on, and how to read a chart."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

# fmt: off
NAMES = [
    "Alder", "Ash", "Aspen", "Bayview", "Birch", "Cedar", "Clearwater", "Cypress", "Dogwood", "Elm", "Fairview",
    "Glenwood", "Hawthorn", "Hilltop", "Juniper", "Kestrel", "Lakeside", "Laurel", "Maple", "Northgate", "Oakdale",
    "Pinecrest", "Quarry", "Riverbend", "Sagebrush", "Tamarack", "Union", "Valley", "Willow", "Yarrow",
]
# fmt: on


_last: list[tuple[Any, dict[str, Any]]] = []


def spec_of(chart: Any) -> dict[str, Any]:
    """What a chart says, checked by the schema of Vega-Lite; kept while one chart is asked."""
    if not _last or _last[0][0] is not chart:
        _last[:] = [(chart, chart.to_dict(validate=True))]
    return _last[0][1]


def rows_in(chart: Any) -> list[dict[str, Any]]:
    """All rows of data that a chart holds."""
    return list(_rows(spec_of(chart)))


def _rows(spec: Any) -> Iterator[dict[str, Any]]:
    if isinstance(spec, dict):
        for name, value in spec.items():
            if name == "values" and isinstance(value, list) and all(isinstance(one, dict) for one in value):
                yield from value
            elif name == "datasets":
                for rows in value.values():
                    yield from rows
            else:
                yield from _rows(value)
    elif isinstance(spec, list):
        for one in spec:
            yield from _rows(one)


def texts_in(chart: Any) -> list[str]:
    """The words drawn, each once."""
    return list(dict.fromkeys(row["text"] for row in rows_in(chart) if row.get("text")))


def title(chart: Any) -> str:
    return " ".join(spec_of(chart)["title"]["text"])


def subtitle(chart: Any) -> list[str]:
    found: list[str] = spec_of(chart)["title"]["subtitle"]
    return found


def contrast(one: str, other: str) -> float:
    """Contrast of two colors by WCAG 2.2, from 1 to 21."""
    light, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def _luminance(color: str) -> float:
    parts = [int(color[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
