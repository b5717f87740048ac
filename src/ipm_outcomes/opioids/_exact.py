"""Doses as whole numbers: no threshold is decided on a binary fraction.

A dose is held as billionths (``nano``) and billionths of these (``atto``), rounded down, with the number of parts
that were rounded (``more``): the true dose lies at or above the two, and below them by ``more`` atto at most. Sums of
such numbers are exact. Where the little that is left could decide, the caller adds the parts as fractions.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

BILLION = 10**9
LARGEST = 10**6
"""No dose of a day comes near a million; what does is refused, so that sums keep within 64 bits."""
_PLACES = 3
_BOTTOM = 2**63 // BILLION
"""A remainder below this can be multiplied by a billion."""


@dataclass(frozen=True)
class Doses:
    """Doses, each at least ``nano`` and ``atto``, with ``more`` roundings down by less than one atto."""

    nano: Ints
    atto: Ints
    more: Ints

    def carried(self) -> Doses:
        """The same with fewer than a billion atto."""
        return Doses(self.nano + self.atto // BILLION, self.atto % BILLION, self.more)

    def times(self, factor: Fraction) -> Doses:
        """Every dose multiplied."""
        top, bottom = factor.numerator, factor.denominator
        nano, rest = np.divmod(self.nano * top, bottom)
        atto = rest * BILLION + self.atto * top
        rounded = atto % bottom != 0
        # What was left out is multiplied too.
        more = -(-self.more * top // bottom) + rounded
        return Doses(nano, atto // bottom, more).carried()

    def __add__(self, other: Doses) -> Doses:
        return Doses(self.nano + other.nano, self.atto + other.atto, self.more + other.more).carried()

    def reach(self, limit: Fraction) -> tuple[Bools, Bools]:
        """Where the dose is at or above a limit of at most nine decimals, and where the roundings leave it open."""
        whole = int(limit * BILLION)
        assert whole == limit * BILLION
        at_least = self.nano >= whole
        return at_least, (self.nano == whole - 1) & (self.atto + self.more > BILLION)

    def exceed(self, limit: Fraction) -> tuple[Bools, Bools]:
        """Where the dose is above a limit, and where the roundings leave it open."""
        at_least, open_ = self.reach(limit)
        equal = (self.nano == int(limit * BILLION)) & (self.atto == 0) & (self.more == 0)
        return at_least & ~equal, open_

    def floats(self) -> Floats:
        """The nearest floats, to the last bit or next to it."""
        whole, rest = np.divmod(self.nano, BILLION)
        value: Floats = whole + (rest * BILLION + self.atto) / 1e18
        return value


def quotients(top: Ints, bottom: Ints) -> Doses:
    """``top / bottom``; the bottoms lie below about nine billion, the quotients below a million."""
    whole, rest = np.divmod(top, bottom)
    nano, rest = np.divmod(rest * BILLION, bottom)
    atto, rest = np.divmod(rest * BILLION, bottom)
    return Doses(whole * BILLION + nano, atto, (rest != 0).astype(np.int64))


def decimal(number: float) -> Fraction:
    """The decimal that a float was written as: 0.1 is one tenth."""
    return Fraction(repr(float(number)))


def scaled(values: Floats) -> tuple[Ints, int, Bools]:
    """Decimals as whole numbers over a power of ten, that power, and where three places are not enough."""
    scale = 1
    while True:
        whole = np.rint(values * scale)
        off = (whole / scale != values) | (np.abs(whole) >= 2.0**53)
        if not off.any() or scale == 10**_PLACES:
            return np.where(off, 0, whole).astype(np.int64), scale, off
        scale *= 10


def products(
    strength: Floats, units: Floats, days: Ints, each: Ints, table: list[Fraction]
) -> tuple[Doses, Bools]:
    """``strength x units x factor / days`` exactly, and where it is a million or more, or less than a billionth.

    Parameters
    ----------
    strength, units
        Decimals above 0.
    days
        Whole days, 1 or more.
    each
        For each row the position of its factor in ``table``.
    table
        The factors, each with the mass of its unit.
    """
    s, s_scale, s_off = scaled(strength)
    u, u_scale, u_off = scaled(units)
    small = [f.numerator < 2**53 and f.denominator < _BOTTOM for f in table]
    num = np.array([f.numerator if ok else 0 for f, ok in zip(table, small, strict=True)] or [0], np.int64)
    den = np.array([f.denominator if ok else 1 for f, ok in zip(table, small, strict=True)] or [1], np.int64)
    top = s.astype(np.float64) * u * num[each]
    bottom = den[each].astype(np.float64) * days * (s_scale * u_scale)
    fits = np.array(small or [True])[each] & (top < 2.0**62) & (bottom < _BOTTOM)
    slow = np.flatnonzero(s_off | u_off | ~fits)
    about = strength * units * np.array([float(f) for f in table] or [0.0])[each] / days
    beyond = (about >= LARGEST) | (about < 1 / BILLION)
    s, u = np.where(beyond, 0, s), np.where(beyond, 0, u)
    if slow.size:
        s[slow] = 0
    doses = quotients(s * u * num[each], np.where(fits, den[each] * days * (s_scale * u_scale), 1))
    for row in slow[~beyond[slow]].tolist():
        exact = one_product(float(strength[row]), float(units[row]), int(days[row]), table[each[row]])
        atto, rest = divmod(exact.numerator * BILLION**2, exact.denominator)
        doses.nano[row], doses.atto[row], doses.more[row] = atto // BILLION, atto % BILLION, rest != 0
    return doses, beyond


def one_product(strength: float, units: float, days: int, factor: Fraction) -> Fraction:
    """One dose as a fraction."""
    return decimal(strength) * decimal(units) * factor / days
