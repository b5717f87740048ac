"""Scores over the values of other scales: weighted sums, and multiplicative utilities."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from math import lcm, prod

from ipm_outcomes.definition import MissingRule, Scale, Utility
from ipm_outcomes.scores import Absent, Score
from ipm_outcomes.tables._absent import COMPONENT
from ipm_outcomes.tables._items import ScaleTable


@dataclass(frozen=True)
class FormulaTable:
    """A score over other scales' values: ``(sum(coefficient * numerator) + constant) / denominator``, in integers."""

    scale: Scale
    rule: MissingRule
    components: tuple[ScaleTable, ...]
    coefficients: tuple[int, ...]
    constant: int
    denominator: int

    @property
    def size(self) -> int:
        """How many items the components have together."""
        return sum(part.size for part in self.components)

    def cell(self, parts: list[Score]) -> Score:
        """The score from the scores of the components."""
        answered = sum(part.answered for part in parts)
        absent: Absent | None = None
        numerator = None
        if missing := [part.scale for part in parts if part.numerator is None]:
            absent = Absent(
                COMPONENT, f"it needs all of its components, and there is no score for {', '.join(missing)}."
            )
        else:
            products = zip(self.coefficients, parts, strict=True)
            numerator = sum(c * p.numerator for c, p in products if p.numerator is not None) + self.constant
        value = None if numerator is None else numerator / self.denominator
        return Score(
            self.scale.id,
            value,
            None,
            None,
            answered,
            self.size,
            self.rule.id,
            absent,
            numerator,
            self.denominator,
        )


@dataclass(frozen=True)
class UtilityTable:
    """A multiplicative utility over other scales' values, exact and then rounded to its decimals."""

    scale: Scale
    rule: MissingRule
    components: tuple[ScaleTable, ...]
    utility: Utility

    @property
    def size(self) -> int:
        """How many items the components have together."""
        return sum(part.size for part in self.components)

    @property
    def denominator(self) -> int:
        """What the rounded value is a whole number of."""
        return int(10**self.utility.decimals)

    def factor(self, position: int, exact: Fraction) -> Fraction:
        """What the value of one component gives to the product."""
        part = self.utility.attributes[position]
        mean, unit = map(Fraction, part.standardize)
        theta = (exact - mean) / unit
        segment = [
            segment for segment in part.segments if segment.start is None or theta >= Fraction(segment.start)
        ][-1]
        disutility = Fraction(segment.intercept) + Fraction(segment.slope) * theta
        return 1 + Fraction(self.utility.interaction) * Fraction(part.weight) * disutility

    @cached_property
    def known(self) -> dict[tuple[int, int, int], Fraction]:
        """Factors that were worked out already, by the place, numerator and denominator of the value."""
        return {}

    def _factor_of(self, position: int, part: Score) -> Fraction:
        assert part.numerator is not None
        key = (position, part.numerator, part.denominator)
        if key not in self.known:
            self.known[key] = self.factor(position, Fraction(part.numerator, part.denominator))
        return self.known[key]

    @cached_property
    def line(self) -> tuple[Fraction, Fraction]:
        """The rounded value is constant + slope x product, in whole numbers of the denominator."""
        slope = -Fraction(self.utility.rescale) / Fraction(self.utility.interaction) * self.denominator
        return self.denominator - slope, slope

    def numerator(self, factors: Iterable[Fraction]) -> int:
        """The rounded value, times the denominator, from the factors of all components."""
        each = tuple(factors)
        # Reduced once, at the end.
        product = Fraction(
            prod(factor.numerator for factor in each), prod(factor.denominator for factor in each)
        )
        constant, slope = self.line
        scaled = constant + slope * product
        size = (2 * abs(scaled) + 1) // 2
        return int(size if scaled >= 0 else -size)

    def cell(self, parts: list[Score]) -> Score:
        """The score from the scores of the components."""
        absent, numerator, value = None, None, None
        if missing := [part.scale for part in parts if part.numerator is None]:
            absent = Absent(
                COMPONENT, f"it needs all of its components, and there is no score for {', '.join(missing)}."
            )
        else:
            numerator = self.numerator(self._factor_of(position, part) for position, part in enumerate(parts))
            value = numerator / self.denominator
        answered = sum(part.answered for part in parts)
        return Score(
            self.scale.id, value, None, None, answered, self.size, self.rule.id, absent, numerator, self.denominator
        )  # fmt: skip


def formula_table(scale: Scale, rule: MissingRule, tables: Mapping[str, object]) -> FormulaTable:
    """Turn a weighted sum of a definition into whole numbers over the tables of its components."""
    assert scale.weighted
    weighted = scale.weighted
    unit, constant = Fraction(weighted.unit), Fraction(weighted.center)
    factors: dict[str, Fraction] = {}
    for term in weighted.terms:
        for name in term.scales:
            mean, sd = map(Fraction, weighted.standardize[name])
            factor = unit * Fraction(term.weight) / (len(term.scales) * sd)
            constant -= factor * mean
            factors[name] = factors.get(name, Fraction(0)) + factor
    components = tuple(table for name in factors if isinstance(table := tables[name], ScaleTable))
    over = [factors[table.scale.id] / table.denominator for table in components]
    denominator = lcm(constant.denominator, *(f.denominator for f in over))
    return FormulaTable(
        scale,
        rule,
        components,
        tuple(int(f * denominator) for f in over),
        int(constant * denominator),
        denominator,
    )
