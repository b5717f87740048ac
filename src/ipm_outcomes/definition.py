"""What a definition may say, and every check that it holds together.

An instrument is data: one TOML file per edition in ``instruments/``. The models here are the grammar of those
files (``docs/definitions.md`` shows it by example); reading and finding the files is the work of
`ipm_outcomes.catalog`.
Decimals stay exact: numbers are read as `Decimal` and worked on as `Fraction`.
"""

from __future__ import annotations

import builtins
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from fractions import Fraction
from functools import cached_property
from itertools import pairwise
from keyword import iskeyword
from math import lcm, prod
from typing import Annotated, Any, Literal, Self, TypeVar
from unicodedata import category

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    model_validator,
)

from ipm_outcomes.errors import DefinitionError, UnknownNameError
from ipm_outcomes.scores import Scores

Evidence = Literal["2+", "1", "derived", "unverified"]
"""Strength of evidence: read in the original or in two independent sources; read once; arithmetic on a
sourced number; written from general knowledge of the literature, no source text read."""


def as_tuple(value: object) -> object:
    """One text as a tuple of one, so that a file may write either."""
    return (value,) if isinstance(value, str) else value


def unfolded(fields: tuple[str, ...]) -> BeforeValidator:
    """Rows of a table may be written as plain lists, in the order of these fields."""

    def unfold(value: object) -> object:
        if isinstance(value, list):
            if not 1 <= len(value) <= len(fields):
                raise ValueError(f"a row holds {', '.join(fields)}; {len(value)} entries were given")
            return dict(zip(fields, value, strict=False))
        return value

    return BeforeValidator(unfold)


_OF_RESPONSES = {
    "instrument_id",
    "scores_class",
    "scoring_plans",
    "definition",
    "from_positions",
    "from_labels",
}
_IN_PRINTED_CLASSES = {"int", "str", "classmethod", "cls"}
_OF_PRINTED_MODULES = {
    *("Annotated", "ClassVar", "Self", "Field", "Response", "Scores", "Score", "CategoryScore", "BaseModel"),
    *dir(builtins),
}


def _free_of(taken: Callable[[str], bool]) -> AfterValidator:
    """Refuse a name that could not stand in a printed class, or would hide one that it has."""

    def free(value: str) -> str:
        if iskeyword(value) or taken(value):
            raise ValueError("this name is taken by Python or by the base class; give another")
        return value

    return AfterValidator(free)


Id = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$", max_length=100)]


ModuleName = Annotated[Id, _free_of(lambda name: False)]
"""An id that becomes the name of a module."""
ItemName = Annotated[
    Id,
    _free_of(
        lambda name: (
            name.startswith("model_")
            or hasattr(BaseModel, name)
            or name in _OF_RESPONSES | _IN_PRINTED_CLASSES
        )
    ),
]
"""An id that becomes an attribute of a response."""
ScaleName = Annotated[Id, _free_of(lambda name: name in vars(Scores) or name in _IN_PRINTED_CLASSES)]
"""An id that becomes an attribute of scores; methods of tuples may be hidden."""
ClassName = Annotated[
    str,
    Field(pattern=r"^[A-Z][A-Za-z0-9]*$", max_length=100),
    _free_of(lambda name: name in _OF_PRINTED_MODULES),
]
Loinc = Annotated[str, Field(pattern=r"^\d{1,7}-\d$")]
LoincAnswer = Annotated[str, Field(pattern=r"^LA\d{1,6}-\d$")]
Exact = Annotated[Decimal, BeforeValidator(lambda v: Decimal(v) if type(v) is int else v), Field(strict=True)]


def one_line(value: str) -> str:
    """A text without line breaks and control characters, for which no place that prints it has room."""
    if any(category(sign) in ("Cc", "Zl", "Zp") for sign in value):
        raise ValueError("holds a line break or a control character; write it in one line")
    return value


Text = Annotated[str, Field(min_length=1), AfterValidator(one_line)]


class Part(BaseModel):
    """A part of a definition: frozen, strict, and without keys that the grammar does not know."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, arbitrary_types_allowed=True)


class Fact(Part):
    """Anything decided: it names its source and how strong the evidence is."""

    source: Annotated[tuple[Text, ...], BeforeValidator(as_tuple), Field(strict=False, min_length=1)]
    evidence: Evidence
    note: Text | None = None


class Source(Part):
    """A work that facts rest on; facts name it by its key."""

    key: Id
    cite: Text
    doi: Text | None = None


class License(Fact):
    """The terms of the instrument (not of the code), from a closed vocabulary."""

    status: Literal["public-domain", "free-with-attribution", "permission-required", "unknown"]
    holder: Text | None = None
    statement: Text
    wording: bool
    """Whether the wording of the items may ship with the library."""


class LoincPanel(Fact):
    """Where the LOINC codes of the file were read, and the code of the panel."""

    panel: Loinc | None = None


class Option(Part):
    """One answer option: the code printed beside it, its label, its LOINC answer code."""

    code: int
    label: Text
    loinc: LoincAnswer | None = None


class AlsoLabel(Fact):
    """Another label in use for the same answer (a copying error, or the label of a LOINC answer list)."""

    code: int
    label: Text
    loinc: LoincAnswer | None = None


MOST_OPTIONS, MOST_STEPS = 100, 30_000
"""The highest code of an option, and the highest end of a range, in steps."""


MOST_QUOTIENT, MOST_RANGE = 2**50, 1000
"""Limits of a quotient: sums of products that 64 bits hold and floats tell exactly, and the value."""


class AnswerList(Fact):
    """The answers an item allows: labeled options in printed order, or a range of numbers with labeled ends.

    A range runs in steps, of which so many make one: 1, or 10 where ready scores come in tenths. Codes count steps.
    """

    options: Annotated[
        tuple[Annotated[Option, unfolded(("code", "label", "loinc"))], ...], Field(strict=False)
    ] = ()
    range: Annotated[tuple[Exact, Exact], Field(strict=False)] | None = None
    step: Exact = Decimal(1)
    low: Text | None = None
    high: Text | None = None

    @model_validator(mode="after")
    def _one_kind(self) -> Self:
        if bool(self.options) == (self.range is not None):
            raise ValueError("an answer list has either options or a range")
        if not 0 < self.step <= 1 or Fraction(1, 1) / Fraction(self.step) % 1:
            raise ValueError(f"the step must be 1, or a part of which a whole number make 1, not {self.step}")
        if self.options and self.step != 1:
            raise ValueError("options are counted in whole numbers; a step belongs to a range")
        if self.options:
            codes = sorted(o.code for o in self.options)
            if codes != list(range(codes[0], codes[0] + len(codes))):
                raise ValueError(f"the codes of the options must run without gap or repeat, not {codes}")
            labels = Counter(plain_label(o.label) for o in self.options)
            if repeated := [label for label, count in labels.items() if count > 1]:
                raise ValueError(f"the label {repeated[0]!r} stands for two answers")
            if not 0 <= self.lowest <= self.highest <= MOST_OPTIONS:
                raise ValueError(f"answer codes must lie within 0 to {MOST_OPTIONS}")
        elif self.range is not None:
            if not 0 <= self.range[0] < self.range[1]:
                raise ValueError(
                    f"the range must rise from 0 or above, not from {self.range[0]} to {self.range[1]}"
                )
            if any(Fraction(end) / Fraction(self.step) % 1 for end in self.range):
                raise ValueError(f"both ends of the range must be whole numbers of steps of {self.step}")
            if self.highest > MOST_STEPS:
                raise ValueError(f"a range has at most {MOST_STEPS} steps from 0 on")
        return self

    @property
    def numeric(self) -> bool:
        """Whether the answers are numbers of their own, with labels only at the ends."""
        return self.range is not None

    @cached_property
    def per_unit(self) -> int:
        """How many steps make one."""
        return int(1 / Fraction(self.step))

    @cached_property
    def lowest(self) -> int:
        """The lowest answer code."""
        return self._steps(self.range[0]) if self.range else min(o.code for o in self.options)

    @cached_property
    def highest(self) -> int:
        """The highest answer code."""
        return self._steps(self.range[1]) if self.range else max(o.code for o in self.options)

    def _steps(self, number: Decimal) -> int:
        return int(Fraction(number) * self.per_unit)

    @property
    def codes(self) -> tuple[int, ...]:
        """All answer codes, in the order in which the form prints the options."""
        if self.range:
            return tuple(range(self.lowest, self.highest + 1))
        return tuple(o.code for o in self.options)

    def answer(self, code: int) -> int | float:
        """The answer as it is given: the code, or the number of so many steps."""
        return code if self.per_unit == 1 else code / self.per_unit

    @property
    def allowed(self) -> str:
        """What the answers are, in words: ``0 to 10``, ``0 to 100 in steps of 0.1``."""
        ends = f"{self.answer(self.lowest):g} to {self.answer(self.highest):g}"
        return ends if self.per_unit == 1 else f"{ends} in steps of {self.step}"


class Item(Part):
    """One question of the form."""

    id: ItemName
    gist: Text
    """A neutral description of our own; the wording of the form only where its owner has freed it."""
    wording: Text | None = None
    answers: Id
    loinc: Loinc | None = None
    loinc_evidence: Evidence | None = None
    unscored: bool = False
    reverse: bool = False
    recode: Annotated[tuple[Annotated[tuple[int, int], Field(strict=False)], ...], Field(strict=False)] = ()
    also: Annotated[tuple[AlsoLabel, ...], Field(strict=False)] = ()
    note: Text | None = None


class MissingRule(Fact):
    """How many items may be unanswered for the scale still to have a score.

    With ``at_most`` above 0 a sum is prorated (answered sum x items / answered) and a mean is that of the
    answered items.
    """

    id: Id
    at_most: Annotated[int, Field(ge=0)] = 0


class Band(Part):
    """A named stretch of the scale; on whole-number scales both ends belong to it."""

    low: Exact
    high: Exact
    label: Text
    evidence: Evidence | None = None
    """Strength of the evidence for this band where it is not that of the bands as a whole."""


class Bands(Fact):
    """The bands of a scale, rising, without gap or overlap.

    ``edge`` says where a value goes that equals the common boundary of two bands of a continuous scale:
    into the upper or the lower of the two.
    """

    of: Annotated[
        tuple[Annotated[Band, unfolded(("low", "high", "label", "evidence"))], ...],
        Field(strict=False, min_length=2),
    ]
    edge: Literal["upper", "lower"] = "upper"
    patient_omits: Annotated[tuple[Text, ...], Field(strict=False)] = ()
    """Labels that a text about one patient does not print beside the score."""


class Row(Part):
    """One row of a conversion table: raw sum, converted value, its standard error."""

    raw: int
    value: Exact
    se: Exact | None = None


class Conversion(Fact):
    """A published table from the raw sum of the complete form to a converted score."""

    rows: Annotated[
        tuple[Annotated[Row, unfolded(("raw", "value", "se"))], ...], Field(strict=False, min_length=2)
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


class Threshold(Fact):
    """A published threshold of change or of a score.

    ``points``: a change of at least so many points; ``percent``: of at least that share of the baseline;
    ``below``: a score under that value (remission). ``value_worse`` differs where worsening has its own.

    ``scope`` says whom it may judge: ``individual``, one patient; ``group``, only the mean of a group. A threshold in
    points whose id begins with ``reliable`` is a published index of reliable change: one patient's change is beyond
    measurement error where it reaches the value.
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
    """A published cut-off on the score."""

    id: Id
    value: Exact
    including: bool
    """Whether the value itself counts as beyond the cut-off."""
    meaning: Text
    population: Text | None = None
    sensitivity: Exact | None = None
    specificity: Exact | None = None


class Accuracy(Fact):
    """How well one word of a categorical scale finds a condition, in percent."""

    value: Text
    """The word, as an outcome of the scale has it."""
    target: Text
    """The condition."""
    sensitivity: Exact
    specificity: Exact
    population: Text


class Constant(Fact):
    """A published property of the scale in a population, as reliable change needs it.

    A change of one patient is beyond a minimal detectable change (``mdc``, ``mdc95``), or beyond the critical value
    times the square root of 2 times a standard error of measurement (``sem``), only where it is larger.
    """

    kind: Literal["mean", "sd", "alpha", "test_retest", "spearman", "icc", "sem", "mdc95", "mdc"]
    value: Exact
    population: Text
    n: int | None = None


class Scale(Fact):
    """One score of an instrument."""

    id: ScaleName
    title: Text
    short_title: Text | None = None
    """The title as texts about one patient print it; without one, the title."""
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
    def categorical(self) -> bool:
        """Whether the value is a word."""
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


class FlagText(Fact):
    """What a text about two forms of one patient adds to the two answers of a flagged question."""

    positive: Text
    """After a raised answer: what it calls for."""
    cleared: Text
    """After an answer that is no longer raised: what that does not mean."""
    not_answered: Text
    """After a question that was left blank: what to do."""
    more: Text = "a higher answer"
    less: Text = "a lower answer"


class Flag(Fact):
    """Something a reader must see: an answer at or above a code, or that the question was left unanswered."""

    id: Id
    title: Text
    short_title: Text | None = None
    """The title as it heads a text about one patient, such as Item 9; without one, the title."""
    item: Id
    raised_from: int
    sentence: Text
    sentence_unanswered: Text
    change: FlagText | None = None


class Instrument(Part):
    """One edition of a questionnaire, as its file in ``instruments/`` defines it."""

    id: ModuleName
    class_name: Annotated[ClassName, Field(alias="class")]
    title: Text
    edition: Text
    measures: Text
    recall: Text
    about: Text
    domain: Text
    lead: Id | None = None
    """The scale that speaks for the instrument in a text about one patient; without it, the first numeric one."""
    priority: int | None = None
    """Of several instruments in one program the lowest leads the report, and keeps its figure longest; none: last."""
    notice: Text | None = None
    """A copyright or trademark notice to show wherever the instrument is shown."""
    license: License
    loinc: LoincPanel | None = None
    sources: Annotated[tuple[Source, ...], Field(strict=False, min_length=1)]
    answers: dict[str, AnswerList]
    items: Annotated[tuple[Item, ...], Field(strict=False, min_length=1, max_length=500)]
    scales: Annotated[tuple[Scale, ...], Field(strict=False, min_length=1, max_length=200)]
    flags: Annotated[tuple[Flag, ...], Field(strict=False)] = ()
    digest: str = ""
    """SHA-256 of the file's bytes, so that a score can name the very definition it came from."""

    def item(self, id: str) -> Item:
        """The item of that id; raises `UnknownNameError`."""
        try:
            return self._items[id]
        except KeyError:
            raise UnknownNameError(
                f"{self.id} has no item {id!r}; its items are {', '.join(self._items)}"
            ) from None

    def scale(self, id: str) -> Scale:
        """The scale of that id; raises `UnknownNameError`."""
        for scale in self.scales:
            if scale.id == id:
                return scale
        raise UnknownNameError(f"{self.id} has no scale {id!r}; its scales are {', '.join(self.scale_ids)}")

    @property
    def lead_scale(self) -> Scale:
        """The scale that speaks for the instrument in a text about one patient."""
        if self.lead is not None:
            return self.scale(self.lead)
        return next((scale for scale in self.scales if not scale.categorical), self.scales[0])

    @cached_property
    def _items(self) -> dict[str, Item]:
        return {item.id: item for item in self.items}

    @cached_property
    def item_ids(self) -> tuple[str, ...]:
        """Ids of all items, in form order."""
        return tuple(item.id for item in self.items)

    @cached_property
    def scale_ids(self) -> tuple[str, ...]:
        """Ids of all scales."""
        return tuple(scale.id for scale in self.scales)

    @cached_property
    def missing_rules(self) -> tuple[str, ...]:
        """Names of all missing rules that some scale has."""
        return tuple(dict.fromkeys(rule.id for scale in self.scales for rule in scale.missing))

    def answers_of(self, item: str) -> AnswerList:
        """The answers that an item allows."""
        return self.answers[self.item(item).answers]

    def points(self, item: str, scale: Scale | None = None) -> dict[int, int]:
        """What each answer code of an item adds to a sum: the code itself unless recoded or reversed.

        With a scale, what it adds to that scale, which may recode or reverse on its own.
        """
        listed, it = self.answers_of(item), self.item(item)
        if scale is not None and item in scale.recode:
            return dict(scale.recode[item])
        if it.recode:
            points = dict(it.recode)
        elif it.reverse:
            points = {code: listed.lowest + listed.highest - code for code in listed.codes}
        else:
            points = {code: code for code in listed.codes}
        if scale is not None and item in scale.reverse:
            ends = min(points.values()) + max(points.values())
            points = {code: ends - worth for code, worth in points.items()}
        return points

    def labels(self, item: str) -> dict[str, int]:
        """Every known label of an item's answers and its LOINC answer codes, in plain form (see `plain_label`)."""
        listed = self.answers_of(item)
        found = {plain_label(o.label): o.code for o in listed.options}
        found.update({plain_label(o.loinc): o.code for o in listed.options if o.loinc})
        found.update({plain_label(also.loinc): also.code for also in self.item(item).also if also.loinc})
        if listed.range:
            for anchor, code in ((listed.low, listed.lowest), (listed.high, listed.highest)):
                if anchor:
                    found[plain_label(anchor)] = code
        found.update({plain_label(also.label): also.code for also in self.item(item).also})
        return found

    def source(self, key: str) -> Source:
        """The source of that key; raises `UnknownNameError`."""
        for source in self.sources:
            if source.key == key:
                return source
        raise UnknownNameError(f"{self.id} has no source {key!r}")

    def facts(self) -> Iterator[tuple[str, Fact]]:
        """Every sourced part of the definition with its place."""

        def walk(part: object, place: str) -> Iterator[tuple[str, Fact]]:
            if isinstance(part, Fact):
                yield place, part
            if isinstance(part, BaseModel):
                for name in type(part).model_fields:
                    yield from walk(getattr(part, name), f"{place}.{name}" if place else name)
            elif isinstance(part, tuple):
                for n, entry in enumerate(part):
                    yield from walk(entry, f"{place}.{getattr(entry, 'id', n)}")
            elif isinstance(part, dict):
                for key, entry in part.items():
                    yield from walk(entry, f"{place}.{key}")

        yield from walk(self, "")


def plain_label(label: str) -> str:
    """A label without differences of case, spacing and punctuation, so that spellings of one answer meet.

    >>> plain_label("  Several   Days. ")
    'several days'
    """
    return re.sub(r"[\W_]+", " ", label).strip().casefold()


def numbered_label(text: str, labels: Mapping[str, int]) -> tuple[int, int] | None:
    """The number that stands before or after a label, and the answer of that label; None for any other text.

    Whether both are of one answer is for the caller to say.

    >>> numbered_label("2 - More than half the days", {"more than half the days": 2})
    (2, 2)
    >>> numbered_label("Several days (4)", {"several days": 1})
    (4, 1)
    """
    found = re.fullmatch(r"(\d+) (.+)|(.+) (\d+)", plain_label(text))
    # In plain form a number below 0 has lost its sign.
    if not found or re.search(r"(?:^|[\s(\[])[-\u2212]\d", text):
        return None
    answer = labels.get(found[2] or found[3])
    return None if answer is None else (int(found[1] or found[4]), answer)


def parse(data: Mapping[str, Any], *, file: str, digest: str = "") -> Instrument:
    """Build an instrument from the parsed content of its file, with every check.

    Parameters
    ----------
    data
        Content of the TOML file, decimals read as `Decimal`.
    file
        Name of the file, for messages.
    digest
        SHA-256 of the file's bytes.

    Raises
    ------
    DefinitionError
        Names the file, the place in it and the fact that does not hold.

    """
    return checked(Instrument, _problems, data, file=file, digest=digest)


M = TypeVar("M", bound=BaseModel)


def checked(
    model: type[M],
    problems: Callable[[M], Iterator[tuple[str, str]]],
    data: Mapping[str, Any],
    *,
    file: str,
    digest: str,
) -> M:
    """What a definition file says, as a model: its grammar first, then whether it holds together.

    Parameters
    ----------
    model
        The grammar.
    problems
        Gives the place and the fact of everything that does not hold together.
    data, file, digest
        As in `parse`.

    Raises
    ------
    DefinitionError
        Names the file, the place in it and the fact that does not hold.
    """
    if "digest" in data:
        raise DefinitionError(f"{file}: digest: {_MESSAGES['extra_forbidden']}")
    try:
        found = model.model_validate({**data, "digest": digest})
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        message = _MESSAGES.get(first["type"], first["msg"].removeprefix("Value error, "))
        raise DefinitionError(f"{file}: {_place(data, first['loc'])}: {message}") from None
    for place, fact in problems(found):
        raise DefinitionError(f"{file}: {place}: {fact}")
    return found


_MESSAGES = {"extra_forbidden": "there is no such key", "missing": "this key is required and missing"}


def _place(data: object, loc: tuple[int | str, ...]) -> str:
    """A place as a reader of the file would name it: entries by their id where they have one."""
    names = []
    for step in loc:
        try:
            data = data[step]  # type: ignore[index]
        except (KeyError, IndexError, TypeError):
            data = None
        named = isinstance(step, int) and isinstance(data, dict) and data.get("id")
        names.append(str(named or (f"entry {step + 1}" if isinstance(step, int) else step)))
    return ".".join(names) or "file"


def _problems(inst: Instrument) -> Iterator[tuple[str, str]]:
    yield from _repeats(inst)
    keys = {source.key for source in inst.sources}
    for place, sourced in inst.facts():
        for key in sourced.source:
            if key not in keys:
                yield place, f"the source {key!r} is not among the sources of the file"
    yield from _item_problems(inst)
    for scale in inst.scales:
        for place, fact in _scale_problems(inst, scale):
            yield f"scales.{scale.id}{place}", fact
    if inst.lead is not None and (inst.lead not in inst.scale_ids or inst.scale(inst.lead).categorical):
        yield "lead", f"{inst.lead!r} is no numeric scale of the instrument"
    for flag in inst.flags:
        if flag.item not in inst.item_ids:
            yield f"flags.{flag.id}", f"there is no item {flag.item!r}"
        elif not _takes_codes(inst, flag.item):
            yield f"flags.{flag.id}", f"a flag rests on answers from 0 to {MOST_OPTIONS} in whole numbers"
        elif flag.raised_from not in inst.answers_of(flag.item).codes:
            yield f"flags.{flag.id}", f"{flag.raised_from} is no answer of item {flag.item!r}"
    for code in _loinc_codes(inst):
        if not _check_digit_holds(code):
            yield "loinc", f"{code} fails the LOINC check digit, so it cannot exist"


def _takes_codes(inst: Instrument, item: str) -> bool:
    """Whether the answers are few whole numbers, of which a definition may name each."""
    listed = inst.answers_of(item)
    return listed.per_unit == 1 and listed.highest <= MOST_OPTIONS


def _repeats(inst: Instrument) -> Iterator[tuple[str, str]]:
    groups = {
        "sources": [s.key for s in inst.sources],
        "items": list(inst.item_ids),
        "scales": list(inst.scale_ids),
        "flags": [f.id for f in inst.flags],
    }
    for scale in inst.scales:
        groups[f"scales.{scale.id}.missing"] = [r.id for r in scale.missing]
        groups[f"scales.{scale.id}.thresholds"] = [t.id for t in scale.thresholds]
        groups[f"scales.{scale.id}.cutoffs"] = [c.id for c in scale.cutoffs]
        groups[f"scales.{scale.id}.items"] = list(scale.items)
        groups[f"scales.{scale.id}.reverse"] = list(scale.reverse)
    for place, names in groups.items():
        for name, count in Counter(names).items():
            if count > 1:
                yield place, f"{name!r} appears {count} times"


def _item_problems(inst: Instrument) -> Iterator[tuple[str, str]]:
    used = {item for scale in inst.scales for item in (*scale.items, scale.se_item)}
    for item in inst.items:
        place = f"items.{item.id}"
        if item.answers not in inst.answers:
            yield place, f"there is no answer list {item.answers!r}"
            return
        if (item.id in used) == item.unscored:
            told = (
                "is marked unscored but stands in a scale"
                if item.unscored
                else "is in no scale and not marked unscored"
            )
            yield place, f"the item {told}"
        if item.wording and not inst.license.wording:
            yield place, "the license does not let the wording ship; give a gist of your own only"
        if (item.recode or item.also) and not _takes_codes(inst, item.id):
            yield place, "only answers of few whole numbers are recoded or have further labels"
            return
        codes = inst.answers[item.answers].codes
        if item.recode and item.reverse:
            yield place, "an item is either recoded or reversed"
        if item.recode and sorted(a for a, _ in item.recode) != sorted(codes):
            yield place, f"the recode must name each of the answers {sorted(codes)} once"
        if item.recode and not all(0 <= points <= 100 for _, points in item.recode):
            yield place, "recoded points must lie within 0 to 100"
        own = {plain_label(o.label): o.code for o in inst.answers[item.answers].options}
        for also in item.also:
            if also.code not in codes:
                yield place, f"the further label {also.label!r} stands for {also.code}, which is no answer"
            if own.setdefault(plain_label(also.label), also.code) != also.code:
                yield place, f"the label {also.label!r} stands for two answers"
        if item.loinc and inst.loinc is None:
            yield place, "it has a LOINC code, but no [loinc] table says where the codes were read"
    for name in inst.answers:
        if name not in {item.answers for item in inst.items}:
            yield f"answers.{name}", "no item uses this answer list"


_FIELD_OF_KIND = {"table": "conversion", "counts": "counts", "weighted": "weighted", "quotient": "quotient"}
_FIELD_OF_KIND["utility"] = "utility"


def _scale_problems(inst: Instrument, scale: Scale) -> Iterator[tuple[str, str]]:
    for item in scale.items:
        if item not in inst.item_ids:
            yield ".items", f"there is no item {item!r}"
            return
    for kind, field in _FIELD_OF_KIND.items():
        if (getattr(scale, field) is not None) != (scale.kind == kind):
            yield "", f"a scale has {field} if, and only if, its kind is {kind!r}"
            return
    if bool(scale.items) == (scale.kind in ("weighted", "utility")):
        yield "", "a weighted scale or a utility rests on other scales, every other scale on items"
        return
    yield from _step_problems(inst, scale)
    yield from _point_problems(inst, scale)
    if scale.missing[0].at_most:
        yield ".missing", "the first rule is the default and must be the strictest: no item missing"
    for rule in scale.missing:
        if rule.at_most and scale.kind not in ("sum", "mean", "quotient"):
            yield f".missing.{rule.id}", f"a scale of kind {scale.kind!r} has no score with items missing"
        if rule.at_most and rule.at_most >= len(scale.items):
            yield f".missing.{rule.id}", "at least one item must be answered"
        spans = {(min(p.values()), max(p.values())) for p in (inst.points(i, scale) for i in scale.items)}
        if rule.at_most and len(spans) > 1 and not scale.quotient:
            yield (
                f".missing.{rule.id}",
                "a score with items missing needs items of one range, or it could leave its own",
            )
    if not scale.categorical and scale.worse is None:
        yield ".worse", "say whether a higher or a lower value is worse"
    if scale.kind in ("sum", "mean", "table"):
        yield from _range_problems(inst, scale)
    if scale.counts:
        yield from _count_problems(inst, scale, scale.counts)
    if scale.weighted:
        yield from _weight_problems(inst, scale, scale.weighted)
    if scale.utility:
        yield from _utility_problems(inst, scale, scale.utility)
    if scale.quotient:
        yield from _quotient_problems(inst, scale, scale.quotient)
    elif scale.only_if:
        yield ".only_if", "only a quotient is for some people and not for others"
    if scale.bands:
        yield from _band_problems(scale, scale.bands)
    for threshold in scale.thresholds:
        if threshold.kind == "percent" and not scale.ratio:
            yield (
                f".thresholds.{threshold.id}",
                "percent change needs a scale whose 0 means none (ratio = true)",
            )
        if threshold.value <= 0 or (threshold.value_worse is not None and threshold.value_worse <= 0):
            yield f".thresholds.{threshold.id}", "a threshold is a positive number"
    for accuracy in scale.accuracy:
        if scale.counts is None or accuracy.value not in {o.value for o in scale.counts.outcomes}:
            yield ".accuracy", f"{accuracy.value!r} is no word of the scale"
        if not (0 <= accuracy.sensitivity <= 100 and 0 <= accuracy.specificity <= 100):
            yield ".accuracy", "sensitivity and specificity are percentages"
    for cutoff in scale.cutoffs:
        if scale.range and not scale.range[0] <= cutoff.value <= scale.range[1]:
            yield f".cutoffs.{cutoff.id}", f"{cutoff.value} lies outside the range of the scale"


def _step_problems(inst: Instrument, scale: Scale) -> Iterator[tuple[str, str]]:
    """Answers in steps, and standard errors that come with a score."""
    steps = {inst.answers_of(item).per_unit for item in scale.items}
    if scale.kind in ("sum", "mean") and steps != {scale.per_unit}:
        yield ".step", "the step of the scale must be that of the answers to every one of its items"
    if scale.kind not in ("sum", "mean"):
        if scale.step != 1:
            yield ".step", f"a scale of kind {scale.kind!r} has no step"
        if not scale.quotient and not all(_takes_codes(inst, item) for item in scale.items):
            yield (
                ".items",
                f"a scale of kind {scale.kind!r} needs answers from 0 to {MOST_OPTIONS} in whole numbers",
            )
    if scale.se_item is not None:
        if scale.se_item not in inst.item_ids:
            yield ".se_item", f"there is no item {scale.se_item!r}"
        elif len(scale.items) != 1 or scale.kind != "sum" or scale.se_item in scale.items:
            yield ".se_item", "only a sum of one other item, a ready score, brings its standard error"
        elif inst.answers_of(scale.se_item).lowest == 0:
            yield ".se_item", "a standard error is above 0, and so is the lowest answer"


def _point_problems(inst: Instrument, scale: Scale) -> Iterator[tuple[str, str]]:
    """Items that a scale reverses or recodes on its own."""
    for key, items in (("reverse", scale.reverse), ("recode", tuple(scale.recode))):
        for item in items:
            if item not in scale.items:
                yield f".{key}", f"{item!r} is not among the items of the scale"
        if items and scale.kind in ("counts", "weighted", "quotient", "utility"):
            yield f".{key}", f"a scale of kind {scale.kind!r} has no points to change"
    for item in scale.reverse:
        if item in scale.recode:
            yield ".reverse", f"{item!r} is either recoded or reversed"
    for item, pairs in scale.recode.items():
        codes = sorted(inst.answers_of(item).codes)
        if sorted(code for code, _ in pairs) != codes:
            yield ".recode", f"the recode of {item!r} must name each of the answers {codes} once"
        if not all(0 <= points <= 100 for _, points in pairs):
            yield ".recode", "recoded points must lie within 0 to 100"


def _range_problems(inst: Instrument, scale: Scale) -> Iterator[tuple[str, str]]:
    low = sum(min(inst.points(item, scale).values()) for item in scale.items)
    high = sum(max(inst.points(item, scale).values()) for item in scale.items)
    few = all(inst.answers_of(item).highest <= MOST_OPTIONS for item in scale.items)
    most = 255 - len(scale.items) if few else MOST_STEPS
    if high > most:
        yield ".items", f"sums above {most} are not supported, this scale reaches {high}"
        return
    lowest, highest = Fraction(low, scale.per_unit), Fraction(high, scale.per_unit)
    if scale.kind == "mean":
        lowest, highest = lowest / len(scale.items), highest / len(scale.items)
    if scale.conversion:
        rows = scale.conversion.rows
        if [row.raw for row in rows] != list(range(low, high + 1)):
            yield ".conversion", f"the raw sums must run from {low} to {high} without gap or repeat"
            return
        for before, after in pairwise(rows):
            if after.value <= before.value:
                yield ".conversion", f"the value must rise with the raw sum, and does not at raw {after.raw}"
        mixed = len({row.se is None for row in rows}) > 1
        if mixed or any(row.se is not None and row.se <= 0 for row in rows):
            yield ".conversion", "every row has a standard error above 0, or none has one"
        lowest, highest = Fraction(rows[0].value), Fraction(rows[-1].value)
    if scale.range is None or tuple(map(Fraction, scale.range)) != (lowest, highest):
        yield ".range", f"the items give a range of {float(lowest):g} to {float(highest):g}"


def _count_problems(inst: Instrument, scale: Scale, counts: Counts) -> Iterator[tuple[str, str]]:
    for item in (*counts.core, *counts.except_for):
        if item not in scale.items:
            yield ".counts", f"{item!r} is not among the items of the scale"
        elif counts.except_for.get(item, counts.at_least) not in inst.answers_of(item).codes:
            yield ".counts", f"the threshold of {item!r} is none of its answers"
    n, core = len(scale.items), len(counts.core)
    if (core + 1) * (n + 1) > 255:
        yield ".counts", "too many items to count"
    for c in range(core + 1):
        for a in range(c, n - core + c + 1):
            if not any(o.core[0] <= c <= o.core[1] and o.all[0] <= a <= o.all[1] for o in counts.outcomes):
                yield ".counts", f"no outcome for {c} core items and {a} items in all"
                return


def _weight_problems(inst: Instrument, scale: Scale, weighted: Weighted) -> Iterator[tuple[str, str]]:
    used = {name for term in weighted.terms for name in term.scales}
    if used != set(weighted.standardize):
        yield ".weighted", "the standardized scales and the scales of the terms must be the same"
    for name in sorted(used):
        if name not in inst.scale_ids:
            yield ".weighted", f"there is no scale {name!r}"
        elif inst.scale(name).kind not in ("sum", "mean", "table"):
            yield ".weighted", f"{name!r} is not a scale of items with a numeric value"
    for name, (_, unit) in weighted.standardize.items():
        if unit <= 0:
            yield ".weighted", f"the unit of {name!r} must be above 0"


def _quotient_problems(inst: Instrument, scale: Scale, quotient: Quotient) -> Iterator[tuple[str, str]]:
    used = {*quotient.items, *scale.only_if}
    if used != set(scale.items):
        yield ".items", "the items of a quotient are those of its products and those of only_if"
        return
    for item, code in scale.only_if.items():
        if not _takes_codes(inst, item) or code not in inst.answers_of(item).codes:
            yield ".only_if", f"{code} is no answer of item {item!r}"
        if item in quotient.items:
            yield ".only_if", f"{item!r} stands in the quotient itself"
    for name, products in (("over", quotient.over), ("under", quotient.under)):
        size = sum(
            Fraction(product.times) * prod(_most(inst, item) for item in product.items)
            for product in products
        )
        per_unit = lcm(*(prod(inst.answers_of(i).per_unit for i in product.items) for product in products))
        if size * per_unit * quotient.times > MOST_QUOTIENT:
            yield f".quotient.{name}", "the products of the answers are too large"
    if scale.range is None:
        yield ".range", "a quotient needs a range: what lies outside it is withheld"
    elif scale.range[0] < 0 or scale.range[1] > MOST_RANGE:
        yield ".range", f"the range of a quotient lies within 0 to {MOST_RANGE}"
    if scale.bands:
        yield ".bands", "a quotient has no bands"


def _utility_problems(inst: Instrument, scale: Scale, utility: Utility) -> Iterator[tuple[str, str]]:
    if utility.interaction == 0 or utility.rescale <= 0:
        yield ".utility", "the interaction is not 0, and the rescaling is above 0"
    for name, count in Counter(scale.components).items():
        if count > 1:
            yield ".utility", f"{name!r} stands {count} times"
        if name not in inst.scale_ids:
            yield ".utility", f"there is no scale {name!r}"
        elif inst.scale(name).kind not in ("sum", "mean", "table"):
            yield ".utility", f"{name!r} is not a scale of items with a numeric value"
    for part in utility.attributes:
        if part.standardize[1] <= 0:
            yield ".utility", f"the unit of {part.scale!r} must be above 0"
        starts = [segment.start for segment in part.segments[1:]]
        known = [start for start in starts if start is not None]
        if part.segments[0].start is not None or len(known) < len(starts) or sorted(set(known)) != known:
            yield ".utility", f"of {part.scale!r} the first segment has no start, and the others rise"
    if scale.bands or scale.range is None:
        yield ".utility", "a utility has a range and no bands"


def _most(inst: Instrument, item: str) -> Fraction:
    listed = inst.answers_of(item)
    return Fraction(listed.highest, listed.per_unit)


def _band_problems(scale: Scale, bands: Bands) -> Iterator[tuple[str, str]]:
    if scale.range is None:
        yield ".bands", "bands need a scale with a range"
        return
    step = scale.step if scale.kind == "sum" else 0
    for before, after in pairwise(bands.of):
        expected = before.high + step
        if after.low < expected:
            yield ".bands", f"{before.label!r} and {after.label!r} overlap at {after.low}"
        if after.low > expected:
            told = f"{before.label!r} and {after.label!r}: {before.high} to {after.low}"
            yield ".bands", f"there is a gap between {told}"
    for band in bands.of:
        if band.high < band.low:
            yield ".bands", f"{band.label!r} ends before it begins"
    for end, mark in ((bands.of[0].low, scale.range[0]), (bands.of[-1].high, scale.range[1])):
        if end != mark:
            yield ".bands", f"the bands must cover the range: they reach {end}, the scale {mark}"
    for label in bands.patient_omits:
        if label not in {band.label for band in bands.of}:
            yield ".bands", f"there is no band {label!r} to leave out"
    for label, count in Counter(band.label for band in bands.of).items():
        if count > 1:
            yield ".bands", f"the label {label!r} appears {count} times"


def _loinc_codes(inst: Instrument) -> Iterator[str]:
    if inst.loinc and inst.loinc.panel:
        yield inst.loinc.panel
    yield from (item.loinc for item in inst.items if item.loinc)
    yield from (scale.loinc for scale in inst.scales if scale.loinc)
    for answers in inst.answers.values():
        yield from (o.loinc for o in answers.options if o.loinc)
    yield from (also.loinc for item in inst.items for also in item.also if also.loinc)


def _check_digit_holds(code: str) -> bool:
    """Mod-10 check digit of LOINC, as the LOINC Users' Guide describes it.

    In answer codes the letters LA are counted too, each as its ASCII code less 48: answer codes of both
    lengths bear it out.
    """
    body, check = code.split("-")
    total = 0
    for place, character in enumerate(reversed(body)):
        value = ord(character) - 48
        total += 2 * value - value // 5 * 9 if place % 2 == 0 else value
    return -total % 10 == int(check)
