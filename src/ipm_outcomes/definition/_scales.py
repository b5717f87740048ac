"""What a scale is, and what is published about its scores: thresholds, cut-offs, accuracy, constants."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from typing import Annotated, Literal

from pydantic import Field

from ipm_outcomes.definition._parts import Exact, Fact, Id, Loinc, Part, ScaleName, Text
from ipm_outcomes.definition._rules import Bands, Conversion, Counts, MissingRule, Quotient, Utility, Weighted


class Threshold(Fact):
    """A published threshold of change or of a score.

    ``points``: a change of at least so many points; ``percent``: of at least that share of the baseline;
    ``below``: a score under that value (remission). ``value_worse`` differs where worsening has its own.

    ``scope`` says whom it may judge: ``individual``, one patient; ``group``, only the mean of a group. A threshold in
    points whose id begins with ``reliable`` is a published index of reliable change: one patient's change is beyond
    measurement error where it reaches the value.

    Examples
    --------
    >>> import ipm_outcomes as ipm
    >>> important = ipm.instrument("phq9").scale("total").threshold("important")
    >>> int(important.value), important.kind, important.scope
    (5, 'points', 'individual')
    """

    id: Id
    kind: Literal["points", "percent", "below"]
    value: Exact
    value_worse: Exact | None = None
    scope: Literal["individual", "group"] = "individual"
    meaning: Text
    population: Text | None = None
    method: Text | None = None
    baseline_above: Exact | None = None
    """The threshold holds only for baselines above this value."""
    patient_label: Text | None = None
    """What a text about one patient calls it; without a label it is not mentioned there."""


class Cutoff(Fact):
    """A published cut-off on the score.

    Examples
    --------
    >>> import ipm_outcomes as ipm
    >>> cutoff = ipm.instrument("phq9").scale("total").cutoffs[0]
    >>> cutoff.id, int(cutoff.value), cutoff.including
    ('major_depression', 10, True)
    """

    id: Id
    value: Exact
    including: bool
    """Whether the value itself counts as beyond the cut-off."""
    meaning: Text
    population: Text | None = None
    sensitivity: Exact | None = None
    specificity: Exact | None = None


class Accuracy(Fact):
    """How well one category of a categorical scale finds a condition, in percent."""

    value: Text
    """The category, as an outcome of the scale has it."""
    target: Text
    """The condition."""
    sensitivity: Exact
    specificity: Exact
    population: Text


class Constant(Fact):
    """A published property of the scale in a population, as reliable change needs it.

    A change of one patient is beyond a minimal detectable change (``mdc``, ``mdc95``), or beyond the critical value
    times the square root of 2 times a standard error of measurement (``sem``), only where it is larger.

    Examples
    --------
    >>> import ipm_outcomes as ipm
    >>> sorted({constant.kind for constant in ipm.instrument("peg").scale("mean").constants})
    ['alpha', 'mdc95', 'sd', 'sem']
    """

    kind: Literal["mean", "sd", "alpha", "test_retest", "spearman", "icc", "sem", "mdc95", "mdc"]
    value: Exact
    population: Text
    n: int | None = None


class Plain(Part):
    """What patients have who got better or worse, in everyday words: behind "have clearly"."""

    when_better: Text
    when_worse: Text
    order: int | None = None
    """Its place among the figures on the first page of a report, behind the headline; without it, by priority."""


class Scale(Fact):
    """One score of an instrument.

    Examples
    --------
    >>> import ipm_outcomes as ipm
    >>> total = ipm.instrument("phq9").scale("total")
    >>> total.kind, [int(end) for end in total.range], total.worse
    ('sum', [0, 27], 'higher')
    """

    id: ScaleName
    title: Text
    short_title: Text | None = None
    """The title as texts about one patient print it; without one, the title."""
    chart_title: Text | None = None
    """What charts, and tables of several scales, call it where the short title is too long."""
    plain: Plain | None = None
    """What getting better and worse on it is in everyday words; without them, its name."""
    unit: Text | None = None
    """What the values are, such as T-score, where their range says nothing to a reader."""
    kind: Literal["sum", "mean", "table", "counts", "weighted", "quotient", "utility"]
    worse: Literal["higher", "lower"] | None = None
    range: Annotated[tuple[Exact, Exact], Field(strict=False)] | None = None
    items: Annotated[tuple[Id, ...], Field(strict=False)] = ()
    reverse: Annotated[tuple[Id, ...], Field(strict=False)] = ()
    """Items whose points run the other way in this scale; in other scales they are as the item has them."""
    recode: dict[
        str, Annotated[tuple[Annotated[tuple[int, int], Field(strict=False)], ...], Field(strict=False)]
    ] = Field(default_factory=dict)
    """Points of answers in this scale, by item, where they are not those of the item."""
    success: Id | None = None
    """The indicator that says who did well on this scale; without it, the first in the order of the indicators."""
    step: Exact = Decimal(1)
    """What the sums of complete forms are multiples of: the step of the answers."""
    se_item: Id | None = None
    """An item that holds the standard error of the score, where a ready score brings its own."""
    ratio: bool = False
    """Whether 0 means none of what is measured, so that percent change has a meaning."""
    missing: Annotated[tuple[MissingRule, ...], Field(strict=False, min_length=1, max_length=20)]
    bands: Bands | None = None
    conversion: Conversion | None = None
    counts: Counts | None = None
    weighted: Weighted | None = None
    quotient: Quotient | None = None
    utility: Utility | None = None
    only_if: dict[str, int] = Field(default_factory=dict)
    """Answers of the people whom a quotient is for, by item: of others there is none."""
    thresholds: Annotated[tuple[Threshold, ...], Field(strict=False)] = ()
    cutoffs: Annotated[tuple[Cutoff, ...], Field(strict=False)] = ()
    constants: Annotated[tuple[Constant, ...], Field(strict=False)] = ()
    accuracy: Annotated[tuple[Accuracy, ...], Field(strict=False)] = ()
    loinc: Loinc | None = None
    loinc_note: Text | None = None

    @property
    def sentence(self) -> str:
        """Its title, its range, and which end is worse."""
        text = self.title.rstrip(".")
        if self.range:
            text += f", {self.range[0]} to {self.range[1]}"
        if self.worse:
            text += f"; {self.worse} is worse"
        return text + "."

    @property
    def name(self) -> str:
        """What charts, and tables of several scales, call it."""
        return self.chart_title or self.short_title or self.title

    @property
    def ends(self) -> tuple[Decimal, Decimal] | None:
        """The best and the worst possible value, where both are known."""
        if self.range is None:
            return None
        low, high = self.range
        return (low, high) if self.worse == "higher" else (high, low)

    @property
    def categorical(self) -> bool:
        """Whether the value is a category."""
        return self.kind == "counts"

    @property
    def whole(self) -> bool:
        """Whether a complete form gives a whole number."""
        return self.kind == "sum" and self.step == 1

    @property
    def components(self) -> tuple[str, ...]:
        """The other scales that this one rests on."""
        if self.utility:
            return tuple(part.scale for part in self.utility.attributes)
        return tuple(self.weighted.standardize) if self.weighted else ()

    @property
    def per_unit(self) -> int:
        """How many points of the items make one of the score."""
        return int(1 / Fraction(self.step))

    def rule(self, missing: str | None = None) -> MissingRule:
        """The missing rule of that name, or the default one where the scale has none of that name."""
        for rule in self.missing:
            if rule.id == missing:
                return rule
        return self.missing[0]

    def threshold(self, id: str) -> Threshold | None:
        """The threshold of that id, or None."""
        return next((t for t in self.thresholds if t.id == id), None)
