"""Numbers as a text about one patient prints them: rounded once, half away from zero, and adding up."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction

from ipm_outcomes.change._verdict import Limit
from ipm_outcomes.definition import Scale

MOST_DIGITS = 4


def rounded(value: Fraction, digits: int) -> Fraction:
    """Half away from zero.

    >>> rounded(Fraction(5, 4), 1), rounded(Fraction(-5, 4), 1)
    (Fraction(13, 10), Fraction(-13, 10))
    """
    size = int(abs(value) * 10**digits + Fraction(1, 2))
    return Fraction(size if value >= 0 else -size, 10**digits)


def fixed(value: Fraction, digits: int) -> str:
    """With so many decimals."""
    return f"{float(rounded(value, digits)):.{digits}f}"


def plain(value: Fraction, digits: int = 1) -> str:
    """With at most so many decimals, without zeros at the end.

    >>> plain(Fraction(6)), plain(Fraction(20, 3))
    ('6', '6.7')
    """
    text = fixed(value, digits)
    return text.rstrip("0").rstrip(".") if "." in text else text


def points(number: str) -> str:
    """A printed number with its unit."""
    return f"{number} point" if number == "1" else f"{number} points"


def decimals(scale: Scale) -> int:
    """How many decimals the scores of complete forms are printed with."""
    if scale.conversion:
        return max(0, *(-int(row.value.as_tuple().exponent) for row in scale.conversion.rows))
    if scale.utility:
        return scale.utility.decimals
    return max(0, -int(scale.step.as_tuple().exponent)) if scale.kind == "sum" else 1


@dataclass(frozen=True)
class Printed:
    """Two scores and their difference as printed, and the difference as a number."""

    before: str
    after: str
    difference: str
    size: Fraction


def printed(scale: Scale, x1: Fraction, x2: Fraction, limits: Sequence[Limit], *, estimated: bool) -> Printed:
    """With as few decimals as let the printed difference be the difference of the printed scores, and lie on the
    same side of every limit as the difference itself.

    Thirds may have no such number of decimals (7/3 - 5/3); one decimal more than usual is then printed, with the
    difference of what is printed.
    """
    least = max(decimals(scale), 1 if estimated else 0)
    moved, digits = abs(x2 - x1), MOST_DIGITS
    for tried in range(least, max(least + 2, MOST_DIGITS + 1)):
        if not _faithful(x1, x2, tried, limits):
            continue
        off = abs(abs(rounded(x2, tried) - rounded(x1, tried)) - moved)
        if off <= Fraction(1, 2 * 10**tried):
            digits = tried
            break
        if tried > least:
            digits = min(digits, tried)
    a, b = (str(x) if scale.whole and x.denominator == 1 else fixed(x, digits) for x in (x1, x2))
    size = abs(rounded(x2, digits) - rounded(x1, digits))
    return Printed(a, b, plain(size, digits), size)


def _faithful(x1: Fraction, x2: Fraction, digits: int, limits: Sequence[Limit]) -> bool:
    size, moved = abs(rounded(x2, digits) - rounded(x1, digits)), abs(x2 - x1)
    return (size == 0) == (moved == 0) and all(limit.beyond(size) == limit.beyond(moved) for limit in limits)


def spread(limits: Sequence[Limit], moved: Fraction, size: Fraction) -> tuple[str, bool]:
    """The smallest and the largest limit as printed, and whether they differ.

    With so many decimals that the printed difference ``size`` lies on the same side of each printed limit as the
    difference ``moved`` of the limit itself.
    """
    text: tuple[str, ...] = ()
    for digits in range(1, MOST_DIGITS + 1):
        shown = [rounded(Fraction(limit.value), digits) for limit in limits]
        sides: list[Callable[[Fraction], bool]] = [
            size.__ge__ if limit.reached else size.__gt__ for limit in limits
        ]
        text = tuple(dict.fromkeys(plain(shown[end], digits) for end in (0, -1)))
        held = zip(limits, sides, shown, strict=True)
        if all(side(value) == limit.beyond(moved) for limit, side, value in held):
            break
    return points(" to ".join(text)), len(text) > 1
