"""How answers become the value of a scale: missing rules, bands, and one class for each kind of rule."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from ipm_outcomes.definition._parts import Evidence, Exact, Fact, Id, Part, Text, unfolded

MOST_QUOTIENT, MOST_RANGE = 2**50, 1000
"""Limits of a quotient: sums of products that 64 bits hold and floats tell exactly, and the value."""


class MissingRule(Fact):
    """How many items may be unanswered for the scale still to have a score.

    With ``at_most`` above 0 a sum is prorated (answered sum x items / answered) and a mean is that of the
    answered items.

    Examples
    --------
    >>> import ipm_outcomes as ipm
    >>> [(rule.id, rule.at_most) for rule in ipm.instrument("phq9").scale("total").missing]
    [('complete', 0), ('prorate', 2)]
    """

    id: Id
    at_most: Annotated[int, Field(ge=0)] = 0


class Band(Part):
    """A named stretch of the scale; on whole-number scales both ends belong to it.

    Examples
    --------
    >>> import ipm_outcomes as ipm
    >>> band = ipm.instrument("phq9").scale("total").bands.of[2]
    >>> int(band.low), int(band.high), band.label
    (10, 14, 'moderate')
    """

    low: Exact
    high: Exact
    label: Text
    evidence: Evidence | None = None
    """Strength of the evidence for this band where it is not that of the bands as a whole."""


class Bands(Fact):
    """The bands of a scale, rising, without gap or overlap.

    ``edge`` says where a value goes that equals the common boundary of two bands of a continuous scale:
    into the upper or the lower of the two.

    Examples
    --------
    >>> import ipm_outcomes as ipm
    >>> bands = ipm.instrument("phq9").scale("total").bands
    >>> [band.label for band in bands.of], bands.evidence
    (['minimal', 'mild', 'moderate', 'moderately severe', 'severe'], '2+')
    """

    of: Annotated[
        tuple[Annotated[Band, unfolded(("low", "high", "label", "evidence"))], ...],
        Field(strict=False, min_length=2),
    ]
    edge: Literal["upper", "lower"] = "upper"
    heading: Text | None = None
    """What the bands are, as a report heads them, such as Severity; without it, Band."""
    net: Annotated[tuple[Text, Text] | None, Field(strict=False)] = None
    """Of two bands, the labels: a net score is the percentage of the first less that of the second."""
    patient_omits: Annotated[tuple[Text, ...], Field(strict=False)] = ()
    """Labels that a text about one patient does not print beside the score."""


class ConversionRow(Part):
    """One row of a conversion table: raw sum, converted value, its standard error."""

    raw: int
    value: Exact
    se: Exact | None = None


class Conversion(Fact):
    """A published table from the raw sum of the complete form to a converted score."""

    rows: Annotated[
        tuple[Annotated[ConversionRow, unfolded(("raw", "value", "se"))], ...],
        Field(strict=False, min_length=2),
    ]


class Outcome(Part):
    """One outcome of a counting rule: the limits of both counts, both ends included."""

    value: Text
    core: Annotated[tuple[int, int], Field(strict=False)]
    all: Annotated[tuple[int, int], Field(strict=False)]


class Counts(Fact):
    """Two counts over thresholds: of the core items, and of all items, answered at or above a threshold.

    The first outcome whose limits hold is the value.
    """

    at_least: int
    except_for: dict[str, int] = Field(default_factory=dict)
    core: Annotated[tuple[Id, ...], Field(strict=False, min_length=1)]
    outcomes: Annotated[tuple[Outcome, ...], Field(strict=False, min_length=2)]


class Term(Part):
    """One term of a weighted score: the mean of the standardized scales named, times the weight."""

    scales: Annotated[tuple[Id, ...], Field(strict=False, min_length=1)]
    weight: Exact


class Weighted(Fact):
    """A weighted sum of standardized scales: ``center + unit * sum(weight * mean(z))``."""

    standardize: dict[str, Annotated[tuple[Exact, Exact], Field(strict=False)]]
    terms: Annotated[tuple[Term, ...], Field(strict=False, min_length=1)]
    center: Exact
    unit: Exact


class Product(Part):
    """A product of a whole number and answers; without items, the number."""

    items: Annotated[tuple[Id, ...], Field(strict=False)] = ()
    times: Annotated[int, Field(ge=1, le=1000)] = 1


Products = Annotated[
    tuple[Annotated[Product, unfolded(("items", "times"))], ...],
    Field(strict=False, min_length=1, max_length=20),
]


class Quotient(Fact):
    """A sum of products of answers, over another, times a whole number such as 100 for percent."""

    over: Products
    under: Products
    times: Annotated[int, Field(ge=1, le=1000)] = 1

    @property
    def items(self) -> dict[str, None]:
        """The items in it, in order."""
        return dict.fromkeys(item for product in (*self.over, *self.under) for item in product.items)


class Segment(Part):
    """A stretch of a piecewise straight line: from its start on, which belongs to it; the first has none."""

    start: Exact | None = None
    intercept: Exact
    slope: Exact


class Attribute(Part):
    """One attribute of a utility: a standardized scale, its disutility by segments, and the weight of its corner."""

    scale: Id
    standardize: Annotated[tuple[Exact, Exact], Field(strict=False)]
    weight: Exact
    segments: Annotated[
        tuple[Annotated[Segment, unfolded(("start", "intercept", "slope"))], ...],
        Field(strict=False, min_length=1, max_length=100),
    ]


class Utility(Fact):
    """A multiplicative multi-attribute utility, rounded half away from zero.

    ``1 - rescale * (product of (1 + interaction * weight * disutility) - 1) / interaction``
    """

    interaction: Exact
    rescale: Exact
    decimals: Annotated[int, Field(ge=1, le=6)]
    attributes: Annotated[tuple[Attribute, ...], Field(strict=False, min_length=2, max_length=20)]
