"""The finite tables: what a scale can say, cell by cell, computed once and exactly from its definition.

A questionnaire is finite. What a scale says depends on two small integers: the *tally* (the sum of the points of the
answered items) and how many items were *answered*. Every scale of items is therefore a table over both; a single
response reads one cell of it and a million rows gather from the very same cells. Two counts over thresholds are a tally
as well: each item adds 1 to the one count and, where it is a core item, a larger step that keeps the other count apart.

Scores that are formulas over other scales' values (PROMIS summary scores) are exact integer combinations of these, and
quotients of answers (work impairment) are fractions of whole numbers.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from math import lcm, prod
from typing import TYPE_CHECKING

from ipm_outcomes.definition import Bands, Instrument, MissingRule, Product, Quotient, Scale, Utility
from ipm_outcomes.scores import Absent, AnyScore, CategoryScore, Score

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

NO_ANSWERS = "no_answers"
TOO_FEW = "too_few_answers"
COMPONENT = "component_absent"
NOT_ASKED, UNDEFINED, BEYOND = "not_applicable", "undefined_quotient", "beyond_range"
ABSENT_CODES = (NO_ANSWERS, TOO_FEW, COMPONENT, NOT_ASKED, UNDEFINED, BEYOND)
"""Why a score can be absent: no item answered; fewer answered than the missing rule needs; a component has no score; it
is not for people with these answers; it would be divided by 0; the answers together give more than can be."""


@dataclass(frozen=True)
class ScaleTable:
    """The table of one scale of items under one missing rule.

    Attributes
    ----------
    scale : Scale
        Its definition.
    rule : MissingRule
        The missing rule.
    points : tuple of dict
        For each item of the scale, what each answer code adds to the tally.
    cells : tuple of dict
        ``cells[answered][tally]`` is the score.
    denominator : int
        The common denominator of all exact values.
    """

    scale: Scale
    rule: MissingRule
    points: tuple[dict[int, int], ...]
    cells: tuple[dict[int, AnyScore], ...]
    denominator: int

    @property
    def size(self) -> int:
        """How many items the scale has."""
        return len(self.points)

    @cached_property
    def width(self) -> int:
        """Length of one row of the flat arrays: the highest tally plus one."""
        return max(max(row, default=0) for row in self.cells) + 1

    @cached_property
    def words(self) -> tuple[str, ...]:
        """The labels behind the codes of ``labels``: the bands, or the words of a categorical scale, in order."""
        if self.scale.counts:
            return tuple(outcome.value for outcome in self.scale.counts.outcomes)
        return tuple(band.label for band in self.scale.bands.of) if self.scale.bands else ()

    @cached_property
    def arrays(self) -> TableArrays:
        """The cells as flat arrays, indexed by ``answered * width + tally``."""
        return TableArrays.of(self)

    def __iter__(self) -> Iterator[tuple[int, int, AnyScore]]:
        """All cells as (answered, tally, score)."""
        for answered, row in enumerate(self.cells):
            for tally, cell in row.items():
                yield answered, tally, cell


@dataclass(frozen=True)
class TableArrays:
    """The cells of a table as flat arrays, for gathering. ``labels`` and ``absent`` hold codes, -1 for none."""

    value: NDArray[np.float64]
    se: NDArray[np.float64]
    numerator: NDArray[np.int64]
    labels: NDArray[np.int8]
    absent: NDArray[np.int8]

    @classmethod
    def of(cls, table: ScaleTable) -> TableArrays:
        """Lay the cells of a table out flat."""
        import numpy as np  # single responses are scored without it, and it is half of the time of their import

        length = (table.size + 1) * table.width
        value, se = np.full(length, np.nan), np.full(length, np.nan)
        numerator = np.zeros(length, np.int64)
        labels, absent = np.full(length, -1, np.int8), np.full(length, -1, np.int8)
        for answered, tally, cell in table:
            at = answered * table.width + tally
            if cell.absent:
                absent[at] = ABSENT_CODES.index(cell.absent.code)
            word = cell.value if isinstance(cell, CategoryScore) else cell.band
            if word is not None:
                labels[at] = table.words.index(word)
            if isinstance(cell, Score) and cell.value is not None:
                value[at] = cell.value
                numerator[at] = cell.numerator or 0
                se[at] = np.nan if cell.se is None else cell.se
        for array in (value, se, numerator, labels, absent):
            array.setflags(write=False)
        return cls(value, se, numerator, labels, absent)


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
                sum(times * prod(given[at] for at in places) for times, places in products)
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
        for at, code in self.only_if:
            if codes[at] is not None and codes[at] != code:
                return Absent(NOT_ASKED, f"it is for people whose answer to {self.items[at]!r} is {code}.")
        missing = [at for at, code in enumerate(codes) if code is None]
        if len(missing) <= self.rule.at_most and not any(self.needs(at, codes) for at in missing):
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

    def needs(self, at: int, codes: tuple[int | None, ...]) -> bool:
        """Whether the answer of a place counts: one that is multiplied by 0 everywhere does not."""
        return any(at == place for place, _ in self.only_if) or any(
            at in places and not any(codes[other] == 0 for other in places)
            for _, places in (*self.over, *self.under)
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

    def factor(self, at: int, exact: Fraction) -> Fraction:
        """What the value of one component gives to the product."""
        part = self.utility.attributes[at]
        mean, unit = map(Fraction, part.standardize)
        theta = (exact - mean) / unit
        segment = [one for one in part.segments if one.start is None or theta >= Fraction(one.start)][-1]
        disutility = Fraction(segment.intercept) + Fraction(segment.slope) * theta
        return 1 + Fraction(self.utility.interaction) * Fraction(part.weight) * disutility

    def numerator(self, factors: Iterable[Fraction]) -> int:
        """The rounded value, times the denominator, from the factors of all components."""
        whole = (prod(factors, start=Fraction(1)) - 1) / Fraction(self.utility.interaction)
        scaled = (1 - Fraction(self.utility.rescale) * whole) * self.denominator
        size = (2 * abs(scaled) + 1) // 2
        return int(size if scaled >= 0 else -size)

    def cell(self, parts: list[Score]) -> Score:
        """The score from the scores of the components."""
        absent, numerator, value = None, None, None
        if missing := [part.scale for part in parts if part.exact is None]:
            absent = Absent(
                COMPONENT, f"it needs all of its components, and there is no score for {', '.join(missing)}."
            )
        else:
            exact = [part.exact for part in parts if part.exact is not None]
            numerator = self.numerator(self.factor(at, one) for at, one in enumerate(exact))
            value = numerator / self.denominator
        answered = sum(part.answered for part in parts)
        return Score(
            self.scale.id, value, None, None, answered, self.size, self.rule.id, absent, numerator, self.denominator
        )  # fmt: skip


AnyTable = ScaleTable | FormulaTable | QuotientTable | UtilityTable


def tables(instrument: Instrument, missing: str | None = None) -> dict[str, AnyTable]:
    """The tables of all scales of an instrument under one missing rule.

    Parameters
    ----------
    instrument
        The definition.
    missing
        Name of a missing rule that the definition has; a scale without a rule of that name keeps its default.
        None: every scale's default, which is the strictest.

    Raises
    ------
    UnknownNameError
        No scale of the instrument has a rule of that name.

    >>> import ipm_outcomes as ipm
    >>> from ipm_outcomes.tables import tables
    >>> total = tables(ipm.instrument("phq9"))["total"]
    >>> total.cells[9][27].band
    'severe'
    """
    from ipm_outcomes.errors import UnknownNameError, described

    if missing is not None and missing not in instrument.missing_rules:
        raise UnknownNameError(
            f"{instrument.id} has no missing rule of that name ({described(missing)}); it has "
            f"{', '.join(instrument.missing_rules)}"
        )
    found: dict[str, AnyTable] = {}
    for scale in instrument.scales:
        if scale.quotient:
            found[scale.id] = _quotient_table(instrument, scale, scale.quotient, scale.rule(missing))
        elif scale.items:
            found[scale.id] = _item_table(instrument, scale, scale.rule(missing))
    for scale in instrument.scales:
        if scale.weighted:
            found[scale.id] = _formula_table(scale, scale.rule(missing), found)
        if scale.utility:
            parts = tuple(table for id in scale.components if isinstance(table := found[id], ScaleTable))
            found[scale.id] = UtilityTable(scale, scale.rule(missing), parts, scale.utility)
    return {scale.id: found[scale.id] for scale in instrument.scales}


def _item_table(instrument: Instrument, scale: Scale, rule: MissingRule) -> ScaleTable:
    n = len(scale.items)
    if counts := scale.counts:
        points = tuple(
            {
                code: (code >= counts.except_for.get(item, counts.at_least))
                * (n + 2 if item in counts.core else 1)
                for code in instrument.answers_of(item).codes
            }
            for item in scale.items
        )
    else:
        points = tuple(instrument.points(item, scale) for item in scale.items)
    exact = {
        answered: {tally: _exact(scale, answered, tally) for tally in _tallies(scale, points, answered)}
        for answered in range(n - rule.at_most, n + 1)
    }
    denominator = lcm(*(v.denominator for row in exact.values() for v in row.values() if v is not None))
    cells = []
    for answered in range(n + 1):
        absent = None
        if answered == 0:
            absent = Absent(NO_ANSWERS, "none of its items was answered.")
        elif answered < n - rule.at_most:
            needed = n - rule.at_most
            absent = Absent(
                TOO_FEW,
                f"{answered} of {n} items were answered, and the missing rule {rule.id!r} needs {needed}.",
            )
        row: dict[int, AnyScore] = {}
        for tally in _tallies(scale, points, answered):
            row[tally] = (
                _count_cell(scale, rule, answered, tally, absent)
                if scale.counts
                else _cell(
                    scale,
                    rule,
                    answered,
                    tally,
                    absent,
                    None if absent else exact[answered][tally],
                    denominator,
                )
            )
        cells.append(row)
    return ScaleTable(scale, rule, points, tuple(cells), denominator)


def _tallies(scale: Scale, points: tuple[dict[int, int], ...], answered: int) -> list[int]:
    """All tallies that so many answered items can have, as an unbroken range; exact for counts."""
    if scale.counts:
        n, core = len(points), len(scale.counts.core)
        return [
            a + (n + 1) * c
            for c in range(min(core, answered) + 1)
            for a in range(c, answered + 1)
            if a - c <= n - core
        ]
    lows = sorted(min(p.values()) for p in points)
    highs = sorted((max(p.values()) for p in points), reverse=True)
    return list(range(sum(lows[:answered]), sum(highs[:answered]) + 1))


def _exact(scale: Scale, answered: int, tally: int) -> Fraction | None:
    if scale.kind == "mean":
        return Fraction(tally, answered * scale.per_unit)
    if scale.kind == "sum":
        return Fraction(tally * len(scale.items), answered * scale.per_unit)
    if scale.conversion:
        return Fraction(scale.conversion.rows[tally - scale.conversion.rows[0].raw].value)
    return None


def _cell(
    scale: Scale,
    rule: MissingRule,
    answered: int,
    tally: int,
    absent: Absent | None,
    exact: Fraction | None,
    denominator: int,
) -> Score:
    se = band = numerator = value = None
    if exact is not None:
        value, numerator = float(exact), int(exact * denominator)
        band = band_of(scale.bands, exact) if scale.bands else None
        if scale.conversion:
            row = scale.conversion.rows[tally - scale.conversion.rows[0].raw]
            se = None if row.se is None else float(row.se)
    return Score(
        scale.id, value, band, se, answered, len(scale.items), rule.id, absent, numerator, denominator
    )


def accuracy_sentence(scale: Scale) -> str:
    """How well the words of a categorical scale find a condition, as published; empty where nothing is.

    >>> import ipm_outcomes as ipm
    >>> accuracy_sentence(ipm.instrument("phq9").scale("syndrome"))[:84]
    "The word 'major' misses 43 of 100 people with major depression and names 5 of 100 wi"
    """
    return " ".join(
        f"The word {a.value!r} misses {100 - a.sensitivity:f} of 100 people with {a.target} and names "
        f"{100 - a.specificity:f} of 100 without it (sensitivity {a.sensitivity:f} %, specificity "
        f"{a.specificity:f} %): another word does not rule it out."
        for a in scale.accuracy
    )


def _count_cell(
    scale: Scale, rule: MissingRule, answered: int, tally: int, absent: Absent | None
) -> CategoryScore:
    n = len(scale.items)
    value = None
    if absent is None and scale.counts:
        core, every = divmod(tally, n + 1)
        value = next(
            o.value
            for o in scale.counts.outcomes
            if o.core[0] <= core <= o.core[1] and o.all[0] <= every <= o.all[1]
        )
    told = f"{scale.title}: {value}." if absent is None else f"{scale.title}: no result, {absent.sentence}"
    sentence = " ".join(filter(None, (told, accuracy_sentence(scale))))
    return CategoryScore(scale.id, value, answered, n, rule.id, absent, sentence)


def band_of(bands: Bands, exact: Fraction) -> str:
    """The band of an exact value: the last whose lower limit it reaches (or passes, where the edge is the lower)."""
    label = bands.of[0].label
    for band in bands.of[1:]:
        reached = exact >= Fraction(band.low) if bands.edge == "upper" else exact > Fraction(band.low)
        if reached:
            label = band.label
    return label


def _quotient_table(
    instrument: Instrument, scale: Scale, quotient: Quotient, rule: MissingRule
) -> QuotientTable:
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


def _formula_table(scale: Scale, rule: MissingRule, found: dict[str, AnyTable]) -> FormulaTable:
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
    components = tuple(table for name in factors if isinstance(table := found[name], ScaleTable))
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
