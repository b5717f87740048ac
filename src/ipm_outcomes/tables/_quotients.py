"""Quotients of answers: two sums of products over each other, as fractions of whole numbers."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from math import lcm, prod

from ipm_outcomes.definition import Instrument, MissingRule, Product, Quotient, Scale
from ipm_outcomes.scores import Absent, Score
from ipm_outcomes.tables._absent import BEYOND, NO_ANSWERS, NOT_ASKED, TOO_FEW, UNDEFINED


@dataclass(frozen=True)
class QuotientTable:
    """A quotient of answers: ``times * sum(products) / sum(products)``, in integers over answer codes.

    Attributes
    ----------
    scale, rule : Scale, MissingRule
        Its definition and the missing rule.
    items : tuple of str
        Its items, in the order of the answers that `cell` takes.
    over, under : tuple
        Products: a whole number and places among the items.
    only_if : tuple of (int, int)
        Places among the items, with the answer that the score is for.
    """

    scale: Scale
    rule: MissingRule
    items: tuple[str, ...]
    over: tuple[tuple[int, tuple[int, ...]], ...]
    under: tuple[tuple[int, tuple[int, ...]], ...]
    only_if: tuple[tuple[int, int], ...]

    @property
    def size(self) -> int:
        """How many items it has."""
        return len(self.items)

    @property
    def denominator(self) -> int:
        """That of cells without a value; each value has its own."""
        return 1

    @cached_property
    def limits(self) -> tuple[Fraction, Fraction]:
        """The lowest and the highest value."""
        assert self.scale.range
        return Fraction(self.scale.range[0]), Fraction(self.scale.range[1])

    @cached_property
    def sentence(self) -> str:
        """The formula, in the ids of the items."""
        assert self.scale.quotient
        over, under = (
            " + ".join(
                " x ".join([*([str(p.times)] if p.times > 1 or not p.items else []), *p.items])
                for p in products
            )
            for products in (self.scale.quotient.over, self.scale.quotient.under)
        )
        times = self.scale.quotient.times
        asked = "".join(f"; only where {item} is {code}" for item, code in self.scale.only_if.items())
        return f"{f'{times} x ' if times > 1 else ''}({over}) / ({under}){asked}"

    def cell(self, codes: tuple[int | None, ...]) -> Score:
        """The score of these answer codes, None where there is none."""
        given = [code or 0 for code in codes]
        answered = sum(code is not None for code in codes)
        absent, exact = self._absent(codes, answered), None
        if absent is None:
            over, under = (
                sum(times * prod(given[place] for place in places) for times, places in products)
                for products in (self.over, self.under)
            )
            low, high = self.limits
            if under == 0:
                absent = Absent(UNDEFINED, "what it is a share of is 0.")
            elif not low <= (exact := Fraction(over, under)) <= high:
                beyond = (
                    f"its answers together give more than {high}; check them."
                    if exact > high
                    else (f"its answers together give less than {low}; check them.")
                )
                absent, exact = Absent(BEYOND, beyond), None
        return Score(
            self.scale.id, None if exact is None else exact.numerator / exact.denominator, None, None, answered,
            self.size, self.rule.id, absent, None if exact is None else exact.numerator,
            1 if exact is None else exact.denominator,
        )  # fmt: skip

    def _absent(self, codes: tuple[int | None, ...], answered: int) -> Absent | None:
        if not answered:
            return Absent(NO_ANSWERS, "none of its items was answered.")
        for place, code in self.only_if:
            if codes[place] is not None and codes[place] != code:
                return Absent(NOT_ASKED, f"it is for people whose answer to {self.items[place]!r} is {code}.")
        missing = [position for position, code in enumerate(codes) if code is None]
        if len(missing) <= self.rule.at_most and not any(self.needs(place, codes) for place in missing):
            return None
        return Absent(
            TOO_FEW,
            f"{answered} of {self.size} items were answered, and the missing rule {self.rule.id!r} needs "
            + (
                f"{self.size}."
                if not self.rule.at_most
                else f"all but {self.rule.at_most} that would be multiplied by 0."
            ),
        )

    def needs(self, position: int, codes: tuple[int | None, ...]) -> bool:
        """Whether the answer of a place counts: one that is multiplied by 0 everywhere does not."""
        return any(position == place for place, _ in self.only_if) or any(
            position in places and not any(codes[other] == 0 for other in places)
            for _, places in (*self.over, *self.under)
        )


def quotient_table(
    instrument: Instrument, scale: Scale, quotient: Quotient, rule: MissingRule
) -> QuotientTable:
    """Turn the quotient of a definition into whole numbers over answer codes."""
    place = {item: n for n, item in enumerate(scale.items)}

    def over_steps(product: Product) -> Fraction:
        return Fraction(product.times, prod(instrument.answers_of(item).per_unit for item in product.items))

    common = lcm(*(over_steps(product).denominator for product in (*quotient.over, *quotient.under)))

    def whole(products: tuple[Product, ...], times: int) -> tuple[tuple[int, tuple[int, ...]], ...]:
        return tuple(
            (int(times * common * over_steps(product)), tuple(place[item] for item in product.items))
            for product in products
        )

    return QuotientTable(
        scale,
        rule,
        scale.items,
        whole(quotient.over, quotient.times),
        whole(quotient.under, 1),
        tuple((place[item], code) for item, code in scale.only_if.items()),
    )
