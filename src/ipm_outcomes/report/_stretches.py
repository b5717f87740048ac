"""Cutting the range of a score into stretches, decided on decimals."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from itertools import pairwise

from ipm_outcomes.definition import Scale


@dataclass(frozen=True)
class Piece:
    """A stretch of a score, with which of its ends belong to it."""

    low: Decimal
    high: Decimal
    with_low: bool
    with_high: bool
    step: Decimal | None  # between neighboring scores, where they are evenly spaced

    def holds(self, value: float) -> bool:
        """Whether a score lies in the stretch; decided on the decimal that the score is written as."""
        exact = Decimal(repr(value))
        above = exact >= self.low if self.with_low else exact > self.low
        return above and (exact <= self.high if self.with_high else exact < self.high)

    def joined(self, after: Piece) -> Piece:
        """The stretch that reaches from here to the end of the one that follows."""
        return replace(self, high=after.high, with_high=after.with_high)

    def __str__(self) -> str:
        if self.step is None:
            return f"{self.low:f} to {'' if self.with_high else '<'}{self.high:f}"
        low = self.low if self.with_low else self.low + self.step
        high = self.high if self.with_high else self.high - self.step
        return f"{low:f}" if low == high else f"{low:f}–{high:f}"


def stretches(scale: Scale, values: Sequence[float]) -> Iterator[tuple[str, list[Piece]]]:
    """Each band (or the whole range) with the pieces it is cut into."""
    step = scale.step if scale.kind == "sum" else Decimal("0.1") if scale.kind == "table" else None
    if scale.bands is not None and scale.range is not None:
        upper = scale.bands.edge == "upper"
        last = len(scale.bands.of) - 1
        for position, band in enumerate(scale.bands.of):
            if scale.whole:
                middle = (band.low + band.high + 1) // 2
                wide = band.high - band.low >= 3
                ends = [(band.low, middle - 1), (middle, band.high)] if wide else [(band.low, band.high)]
                yield band.label, [Piece(a, b, True, True, step) for a, b in ends]
                continue
            if scale.kind == "sum":
                cuts = [band.low, *_between(band.low, band.high, Decimal(5)), band.high + scale.step]
                yield band.label, [Piece(a, b - scale.step, True, True, step) for a, b in pairwise(cuts)]
                continue
            cuts = [band.low, *_between(band.low, band.high, Decimal(5)), band.high]
            pieces = [Piece(a, b, upper, not upper, step) for a, b in pairwise(cuts)]
            if position == 0:
                pieces[0] = replace(pieces[0], with_low=True)
            if position == last:
                pieces[-1] = replace(pieces[-1], with_high=True)
            yield band.label, pieces
        return
    low, high = scale.range or (Decimal(int(min(values) // 5 * 5)), Decimal(int(-(-max(values) // 5) * 5)))
    span = high - low
    width = next(w for w in map(Decimal, (1, 2, 4, 5, 10, 20, 50, 10**6)) if span / w <= 13)
    cuts = [low, *_between(low, high, width), high]
    if scale.kind == "sum":
        pieces = [Piece(a, b - scale.step, True, True, step) for a, b in pairwise(cuts)]
        pieces[-1] = replace(pieces[-1], high=high)
    else:
        pieces = [Piece(a, b, True, False, None) for a, b in pairwise(cuts)]
        pieces[-1] = replace(pieces[-1], with_high=True)
    yield "", pieces


def _between(low: Decimal, high: Decimal, width: Decimal) -> list[Decimal]:
    first = low // width + 1
    return [width * k for k in range(int(first), int(high / width) + 1) if low < width * k < high]
