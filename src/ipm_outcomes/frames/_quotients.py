"""Quotients of answers, many rows at a time: whole numbers as floats, which hold all of them."""

from __future__ import annotations

from collections import Counter
from functools import reduce
from itertools import combinations
from math import gcd, prod
from operator import and_, or_
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ipm_outcomes.definition import Instrument
from ipm_outcomes.frames._rooms import room
from ipm_outcomes.frames._scale_columns import I8, Codes, ScaleColumns, withhold
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

Kind = type[np.float32 | np.float64 | object]
"""What holds the whole numbers: floats of as few bits as do, or Python's own numbers."""

_BLOCK = 1 << 15
"""Rows divided at a time, so that numbers of 32 bits stay in the processor's cache."""


class Quotients:
    """All quotients of an instrument, in which each item is looked at once."""

    def __init__(self, instrument: Instrument, by_scale: dict[str, AnyTable], missing: int) -> None:
        place = {item: n for n, item in enumerate(instrument.item_ids)}
        highest = [instrument.answers_of(item).highest for item in instrument.item_ids]
        self._missing = missing
        self._scales = {
            id: _Quotient(table, [place[item] for item in table.items], highest)
            for id, table in by_scale.items()
            if isinstance(table, QuotientTable)
        }
        self._places = {place for scale in self._scales.values() for place in scale.places}

    def fill(self, codes: Codes, columns: dict[str, ScaleColumns], start: int, stop: int) -> None:
        """Fill the columns of all quotients from row ``start`` to ``stop``."""
        if not self._scales:
            return
        blank = {place: none for place in self._places if (none := codes[place] == self._missing).any()}
        for id, scale in self._scales.items():
            gaps = {place: blank[place] for place in scale.places if place in blank}
            scale.say(codes, gaps, columns[id], slice(start, stop))
        for first in range(start, stop, _BLOCK):
            last = min(first + _BLOCK, stop)
            given = _Given(codes[:, first - start : last - start])
            with np.errstate(invalid="ignore", divide="ignore"):
                for id, scale in self._scales.items():
                    scale.divide(given, columns[id], slice(first, last))


class _Given:
    """Answers of a block of rows, 0 where there is none, and what is made of them: each once for all scales."""

    def __init__(self, codes: Codes) -> None:
        self._codes = codes
        self._made: dict[Any, Any] = {}

    def total(self, products: Products, kind: Kind) -> Any:
        """A sum of products, of floats or of Python's own numbers."""
        if len(products) == 1:
            return self._product(*products[0], kind)
        key = products, kind
        if key not in self._made:
            parts = [self._product(times, places, kind) for times, places in products]
            self._made[key] = self._folded(np.add, parts, key)
        return self._made[key]

    def _product(self, times: int, places: tuple[int, ...], kind: Kind) -> Any:
        if not places:
            return times
        first, *others = places
        key = times, places, kind
        if key not in self._made:
            if times != 1:
                made = self._folded(np.multiply, [self._product(1, places, kind), times], key)
            elif others:
                made = self._folded(np.multiply, [self._product(1, (place,), kind) for place in places], key)
            else:
                codes = self._codes[first]
                own = np.maximum(codes, 0)
                made = np.empty(len(own), object) if kind is object else self._room(key)
                made[:] = own
            self._made[key] = made
        return self._made[key]

    @staticmethod
    def withheld(numbers: NDArray[Any], where: Bools) -> NDArray[Any]:
        """The same numbers, NaN where it is said."""
        bits = np.dtype(f"i{numbers.itemsize}")
        changed = room("withheld", numbers.dtype, numbers.shape)
        np.bitwise_or(numbers.view(bits), -where.view(np.int8), out=changed.view(bits))
        return changed

    def _room(self, key: Any) -> NDArray[Any]:
        """Memory of what is made next."""
        return room(f"quotient {len(self._made)}", key[-1], self._codes.shape[1:])

    def _folded(self, work: np.ufunc, parts: list[Any], key: Any) -> Any:
        total = parts[0]
        for part in parts[1:]:
            total = work(total, part) if key[-1] is object else work(total, part, out=self._room(key))
        return total


class _Quotient:
    """Products of answers, summed and divided."""

    def __init__(self, table: QuotientTable, places: list[int], highest: list[int]) -> None:
        self.table, self.places = table, places
        common = gcd(*(times for times, _ in (*table.over, *table.under)))

        def placed(products: Products, by: int) -> Products:
            return tuple(
                (times * by // common, tuple(sorted(places[place] for place in inside)))
                for times, inside in products
            )

        self._over, self._under = placed(table.over, 1), placed(table.under, 1)
        self._only_if = [(places[place], code) for place, code in table.only_if]
        low, high = table.limits
        ends = (
            (placed(table.over, low.denominator), placed(table.under, low.numerator)),
            (placed(table.under, high.numerator), placed(table.over, high.denominator)),
        )
        self._ends = [(more, less) for more, less in ends if not _covers(more, less, highest)]
        """What must not be less than what, and could be."""
        most = max(
            sum(times * prod(highest[place] for place in inside) for times, inside in products)
            for end in ends
            for products in end
        )
        # Beyond that floats do not hold all of what is compared; at last Python's own numbers are taken.
        self._kind: Kind = np.float32 if most < 2**24 else np.float64 if most < 2**53 else object

    def say(self, codes: Codes, blank: dict[int, Bools], out: ScaleColumns, rows: slice) -> None:
        """Count the answers of some rows, and say why there can be no value; ``blank`` has the items with gaps."""
        answered, absent = out.answered[rows], out.absent[rows]
        answered.fill(self.table.size)
        for none in blank.values():
            answered -= none.view(np.uint8)
        # Of several reasons the last is said.
        absent.fill(-1)
        if all(inside for _, inside in self._under):
            nothing = [reduce(or_, [codes[place] <= 0 for place in inside]) for _, inside in self._under]
            _say(absent, UNDEFINED, reduce(and_, nothing))
        if blank:
            _say(absent, TOO_FEW, self._too_few(codes, blank))
        for place, code in self._only_if:
            other = codes[place] != code
            _say(absent, NOT_ASKED, other & ~blank[place] if place in blank else other)
        if len(blank) == self.table.size:
            _say(absent, NO_ANSWERS, answered == 0)

    def divide(self, given: _Given, out: ScaleColumns, rows: slice) -> None:
        """Fill in the values of rows of which is said already why some have none."""
        assert out.value is not None
        value, absent = out.value[rows], out.absent[rows]
        for more, less in self._ends:
            beyond = given.total(less, self._kind) > given.total(more, self._kind)
            _say(absent, BEYOND, beyond & (absent < 0))
        over, under = (given.total(products, self._kind) for products in (self._over, self._under))
        if self._kind is object:
            over, under = (np.asarray(total, np.float64) for total in (over, under))
        none = absent >= 0
        # A number that is NaN before it is divided has half as many bits to change as one after that.
        top = given.withheld(over, none) if isinstance(over, np.ndarray) and over.ndim else over
        if isinstance(under, int) and under == 1:
            value[:] = top
        else:
            np.divide(top, under, out=value, dtype=np.float64)
        if top is over:
            withhold(value, none)
        if out.numerator is not None and out.denominator is not None:
            top, bottom = (
                (np.asarray(total, np.float64) * (absent < 0)).astype(np.int64) for total in (over, under)
            )
            shared = np.maximum(np.gcd(top, bottom), 1)
            np.floor_divide(top, shared, out=out.numerator[rows])
            np.maximum(bottom // shared, 1, out=out.denominator[rows])

    def _too_few(self, codes: Codes, blank: dict[int, Bools]) -> Bools:
        """Rows with an answer missing that counts, or with more missing than the rule lets be."""
        if not self.table.rule.at_most:
            every: Bools = reduce(or_, blank.values())
            return every
        missing = np.zeros(codes.shape[1], np.uint8)
        for none in blank.values():
            missing += none.view(np.uint8)
        few: Bools = missing > self.table.rule.at_most
        for place, _ in self._only_if:
            if place in blank:
                few |= blank[place]
        for _, places in (*self._over, *self._under):
            lacking = [blank[place] for place in places if place in blank]
            if lacking:
                zero = reduce(or_, [codes[place] == 0 for place in places])
                few |= reduce(or_, lacking) & ~zero
        return few


def _say(absent: I8, reason: str, where: Bools) -> None:
    """Set a code where it holds; without a mask, which a processor guesses wrong at every other row."""
    absent ^= (absent ^ np.int8(ABSENT_CODES.index(reason))) & -where.view(np.int8)


def _covers(more: Products, less: Products, highest: list[int]) -> bool:
    """Whether one sum of products is seen to be at least another, whatever the answers are.

    A product is at most what is left of it where some of its answers are replaced by the highest there is.
    """
    left: Counter[tuple[int, ...]] = Counter()
    for times, places in more:
        left[places] += times
    for times, places in less:
        for size in range(len(places), -1, -1):
            for kept in combinations(range(len(places)), size):
                others = prod(highest[place] for n, place in enumerate(places) if n not in kept)
                part = tuple(places[n] for n in kept)
                taken = max(min(times, left[part] // others), 0)
                left[part] -= taken * others
                times -= taken
        if times > 0:
            return False
    return True
