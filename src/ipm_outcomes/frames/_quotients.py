"""Quotients of answers, many rows at a time: whole numbers as floats, which hold all of them."""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ipm_outcomes.definition import Instrument
from ipm_outcomes.frames._scale_columns import Codes, ScaleColumns
from ipm_outcomes.tables import (
    ABSENT_CODES,
    BEYOND,
    NO_ANSWERS,
    NOT_ASKED,
    TOO_FEW,
    UNDEFINED,
    AnyTable,
    QuotientTable,
)

Bools = NDArray[np.bool_]
Products = tuple[tuple[int, tuple[int, ...]], ...]
"""Whole numbers, each with the places of the items that it is multiplied by."""

_BLOCK = 1 << 13
"""Rows worked on at a time, so that numbers of 64 bits stay in the processor's cache."""
_REASONS = (BEYOND, UNDEFINED, TOO_FEW, NOT_ASKED, NO_ANSWERS)
"""Why there can be no value; of several the last is said."""
_SAID = np.array([-1, *(ABSENT_CODES.index(_REASONS[n.bit_length() - 1]) for n in range(1, 32))], np.int8)
"""What is said where these bits are set, one for each reason."""


class Quotients:
    """All quotients of an instrument, a block of rows at a time, in which each item is looked at once."""

    def __init__(self, instrument: Instrument, found: dict[str, AnyTable], missing: int) -> None:
        place = {item: n for n, item in enumerate(instrument.item_ids)}
        highest = [instrument.answers_of(item).highest for item in instrument.item_ids]
        self._missing = missing
        self._scales = {
            id: _Quotient(table, [place[item] for item in table.items], highest)
            for id, table in found.items()
            if isinstance(table, QuotientTable)
        }
        self._places = {at for scale in self._scales.values() for at in scale.places}

    def fill(self, codes: Codes, columns: dict[str, ScaleColumns], start: int, stop: int) -> None:
        """Fill the columns of all quotients from row ``start`` to ``stop``."""
        if not self._scales:
            return
        for first in range(start, stop, _BLOCK):
            last = min(first + _BLOCK, stop)
            part = {at: codes[at, first - start : last - start] for at in self._places}
            blank = {at: none for at, one in part.items() if (none := one == self._missing).any()}
            own = {
                at: (one * ~blank[at] if at in blank else one).astype(np.float64) for at, one in part.items()
            }
            for id, scale in self._scales.items():
                gaps = {at: blank[at] for at in scale.places if at in blank}
                scale.fill(own, gaps, columns[id], first, last)


class _Quotient:
    """Products of answers, summed and divided."""

    def __init__(self, table: QuotientTable, places: list[int], highest: list[int]) -> None:
        self.table, self.places = table, places

        def placed(products: Products) -> Products:
            return tuple((times, tuple(places[at] for at in inside)) for times, inside in products)

        self._over, self._under = placed(table.over), placed(table.under)
        self._only_if = [(places[at], code) for at, code in table.only_if]
        self._low, self._high = (end.as_integer_ratio() for end in table.limits)
        most = max(
            sum(times * prod(highest[at] for at in inside) for times, inside in products)
            for products in (self._over, self._under)
        )
        # Beyond that floats do not hold all of what is compared, and Python's own numbers are taken.
        self._exact = most * max(*self._low, *self._high) < 2**53

    def fill(
        self,
        own: dict[int, NDArray[np.float64]],
        blank: dict[int, Bools],
        out: ScaleColumns,
        start: int,
        stop: int,
    ) -> None:
        """Fill a block of rows; ``blank`` has the items with gaps, which are 0 in ``own``."""
        rows = stop - start
        answered = out.answered[start:stop]
        answered.fill(self.table.size)
        for none in blank.values():
            answered -= none.view(np.uint8)
        over, under = (self._total(products, own, rows) for products in (self._over, self._under))
        beyond = over * self._high[1] > self._high[0] * under
        if self._low[0]:
            beyond |= over * self._low[1] < self._low[0] * under
        reasons = {BEYOND: beyond, UNDEFINED: under == 0}
        if blank:
            reasons[TOO_FEW] = self._too_few(own, blank, rows)
        for at, code in self._only_if:
            other = own[at] != code
            other = other & ~blank[at] if at in blank else other
            reasons[NOT_ASKED] = reasons[NOT_ASKED] | other if NOT_ASKED in reasons else other
        if len(blank) == self.table.size:
            reasons[NO_ANSWERS] = answered == 0
        # Bits and products, not masks, which a processor guesses wrong at every other row.
        bits = np.zeros(rows, np.uint8)
        for n, reason in enumerate(_REASONS):
            if reason in reasons:
                bits |= reasons[reason].view(np.uint8) << np.uint8(n)
        np.take(_SAID, bits, out=out.absent[start:stop], mode="clip")
        kept = (bits == 0).astype(np.float64)
        over, under = (total.astype(np.float64, copy=False) * kept for total in (over, under))
        assert out.value is not None
        with np.errstate(invalid="ignore"):
            np.divide(over, under, out=out.value[start:stop])  # 0 by 0 is NaN
        if out.numerator is not None and out.denominator is not None:
            top, bottom = over.astype(np.int64), under.astype(np.int64)
            shared = np.maximum(np.gcd(top, bottom), 1)
            np.floor_divide(top, shared, out=out.numerator[start:stop])
            np.maximum(bottom // shared, 1, out=out.denominator[start:stop])

    def _total(self, products: Products, own: dict[int, NDArray[np.float64]], rows: int) -> NDArray[Any]:
        total: NDArray[Any] = np.zeros(rows, np.float64 if self._exact else object)
        for times, places in products:
            product: Any = times
            for at in places:
                given = own[at] if self._exact else own[at].astype(np.int64).astype(object)
                product = given if isinstance(product, int) and product == 1 else product * given
            total += product
        return total

    def _too_few(self, own: dict[int, NDArray[np.float64]], blank: dict[int, Bools], rows: int) -> Bools:
        """Rows with an answer missing that counts, or with more missing than the rule lets be."""
        if not self.table.rule.at_most:
            every: Bools = np.logical_or.reduce(list(blank.values()))
            return every
        missing = np.zeros(rows, np.uint8)
        for none in blank.values():
            missing += none.view(np.uint8)
        found: Bools = missing > self.table.rule.at_most
        for at, _ in self._only_if:
            if at in blank:
                found |= blank[at]
        for _, places in (*self._over, *self._under):
            lacking = [blank[at] for at in places if at in blank]
            if lacking:
                zero = [(own[at] == 0) & ~blank[at] if at in blank else own[at] == 0 for at in places]
                found |= np.logical_or.reduce(lacking) & ~np.logical_or.reduce(zero)
        return found
