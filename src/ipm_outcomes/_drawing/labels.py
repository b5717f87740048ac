"""Where names are in a plot: beside their points, none over another."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ipm_outcomes._drawing.style import width_of

Box = tuple[float, float, float, float]
"""Center, width and height, in pixels."""

LIMIT = 110
"""The longest name, in pixels; a longer one ends in an ellipsis."""
_HEIGHT = 15.0


@dataclass(frozen=True)
class Placed:
    """The center of a name, and whether a line must lead to its point."""

    x: float
    y: float
    far: bool


def boxes_overlap(box: Box, other: Box) -> bool:
    """Whether two boxes have more than an edge in common."""
    return abs(box[0] - other[0]) * 2 < box[2] + other[2] and abs(box[1] - other[1]) * 2 < box[3] + other[3]


def place(
    named: Sequence[tuple[str, float, float]],
    points: Sequence[tuple[float, float]],
    width: float,
    height: float,
    size: float = 12,
    taken: Sequence[Box] = (),
) -> list[Placed]:
    """Places for names (text, x, y of the point) among points, and boxes that are taken; the first is served first.

    >>> place([("A", 50.0, 50.0)], [(50.0, 50.0)], 100, 100)
    [Placed(x=62.6, y=50.0, far=False)]
    """
    full = [*taken, *((x, y, 12.0, 12.0) for x, y in points)]
    placed = []
    for name, x, y in named:
        wide = min(float(LIMIT), width_of(name, size))
        fits = [
            (at_x, at_y, wide, _HEIGHT)
            for at_x, at_y in _places(x, y, wide)
            if wide / 2 <= at_x <= width - wide / 2 and _HEIGHT / 2 <= at_y <= height - _HEIGHT / 2
        ]
        free = (box for box in fits if not any(boxes_overlap(box, other) for other in full))
        box = next(free, fits[0] if fits else (x, y, wide, _HEIGHT))
        full.append(box)
        gap = max(abs(box[0] - x) - wide / 2, abs(box[1] - y) - _HEIGHT / 2)
        placed.append(Placed(box[0], box[1], gap > 10))
    return placed


def _places(x: float, y: float, wide: float) -> Iterator[tuple[float, float]]:
    """Right, left, above and below of a point, then ever further around it."""
    for out in range(9, 400, 6):
        side, up = wide / 2 + out, out + 5.0
        yield from ((x + side, y), (x - side, y), (x, y - up), (x, y + up))
        for turn in (0.4, 0.8, 1.2):
            dx, dy = side * math.cos(turn), up * math.sin(turn)
            yield from ((x + dx, y - dy), (x + dx, y + dy), (x - dx, y - dy), (x - dx, y + dy))
