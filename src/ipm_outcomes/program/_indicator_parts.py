"""What the parts of an indicator may say: conditions, exclusions, windows, bounds."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from ipm_outcomes.definition import Exact, Id, Part, Text

Column = Annotated[str, Field(min_length=1)]
Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*\.[a-z][a-z0-9_]*$")]
"""A scale of an instrument: ``"phq9.total"``."""

SIDES = ("baseline", "followup", "improvement")
"""What is side by side of each scale in an indicator over several scales."""
DEEPEST = 20  # far beyond what a person reads, far below what the interpreter can hold
_TESTS = ("is_", "is_not", "below", "at_most", "above", "at_least", "in_", "known")
Scalar = bool | Exact | Text


class Condition(Part):
    """One test of a column, or several conditions taken together.

    A test of a missing value is neither true nor false, nor is its negation; only ``known`` is always
    decided. A row counts where the whole condition is true. (`all` is false as soon as one part is false,
    `any` true as soon as one part is true: three-valued logic, as in SQL.)
    """

    column: Column | None = None
    is_: Scalar | None = Field(None, alias="is")
    is_not: Scalar | None = None
    below: Exact | None = None
    at_most: Exact | None = None
    above: Exact | None = None
    at_least: Exact | None = None
    in_: Annotated[tuple[Text, ...] | None, Field(alias="in", strict=False, min_length=1)] = None
    known: bool | None = None
    all_: Annotated[tuple[Condition, ...] | None, Field(alias="all", strict=False, min_length=1)] = None
    any_: Annotated[tuple[Condition, ...] | None, Field(alias="any", strict=False, min_length=1)] = None
    not_: Condition | None = Field(None, alias="not")

    @model_validator(mode="after")
    def _one_thing(self) -> Self:
        tests = [name for name in _TESTS if getattr(self, name) is not None]
        joined = [name for name in ("all_", "any_", "not_") if getattr(self, name) is not None]
        if self.column is not None:
            if joined or len(tests) != 1:
                raise ValueError(
                    "a test of a column holds the column and exactly one of "
                    f"{', '.join(name.rstrip('_') for name in _TESTS)}"
                )
        elif tests or len(joined) != 1:
            raise ValueError("a condition is one test of a column, or one of all, any, not")
        if self.depth > DEEPEST:
            raise ValueError(f"conditions are nested more than {DEEPEST} deep")
        return self

    @property
    def depth(self) -> int:
        """How deep conditions are in each other."""
        return 1 + max((part.depth for part in self._parts()), default=0)

    def _parts(self) -> tuple[Condition, ...]:
        return (*(self.all_ or ()), *(self.any_ or ()), *((self.not_,) if self.not_ else ()))

    @cached_property
    def test(self) -> tuple[str, Any]:
        """Name and operand of the test of a column."""
        return next((n.rstrip("_"), getattr(self, n)) for n in _TESTS if getattr(self, n) is not None)

    def columns(self) -> Iterator[tuple[str, str]]:
        """Every column that is tested, with the kind of value that the test needs."""
        if self.column is not None:
            name, value = self.test
            if name == "known":
                yield self.column, "any"
            elif isinstance(value, bool):
                yield self.column, "truth"
            elif isinstance(value, (str, tuple)):
                yield self.column, "word"
            else:
                yield self.column, "number"
        for part in self._parts():
            yield from part.columns()


class Exclusion(Part):
    """Who is taken out of the population, and why; a row is taken out only where the condition is true."""

    id: Id
    title: Text
    when: Condition


class Requirement(Part):
    """What every row must hold, or the measure is not counted from this table.

    A row that is not excluded, and for which the condition is false, withholds the figure; the notes say what to give.
    """

    id: Id
    when: Condition
    need: Text
    """What to give, as an argument or a column."""
    assumed: Text | None = None
    """What is taken for granted where the table lacks the columns and the indicator was asked for by name."""


class Window(Part):
    """When a follow-up counts: days after the baseline, or calendar months with a slack in days."""

    days: Annotated[tuple[int, int] | None, Field(strict=False)] = None
    months: Annotated[int | None, Field(ge=1)] = None
    slack: Annotated[int | None, Field(ge=0)] = None
    pick: Literal["latest", "earliest"] | None = None
    """Which record of the window the measure asks for. The table of changes has made its choice already, so
    the indicator is counted only where that choice was made so, in a window that covers this one."""

    @model_validator(mode="after")
    def _one_kind(self) -> Self:
        if (self.days is None) == (self.months is None) or (self.months is None) != (self.slack is None):
            raise ValueError("a window has days = [first, last], or months with slack")
        if self.days is not None and not self.days[0] <= self.days[1]:
            raise ValueError(f"the window ends before it begins: {list(self.days)}")
        return self


class Bounds(Part):
    """Whom the bounds ``worst`` and ``best`` take into account of those who were not observed."""

    lost: Condition | None = None
    """Who of them would have been in the denominator; all, when left out."""
    met: Condition | None = None
    """Who of those could have been met; all, when left out."""


class Rate(Part):
    """Which events a rate counts, and by how many member-months it is reported."""

    events: Annotated[tuple[Text, ...], Field(strict=False)] = ()
    """Words of the column of events; every word apart, when left out."""
    counts: Literal["events", "quantity"] = "events"
    """Whether each event counts as one, or by its quantity, such as the days of a stay."""
    once_a_day: bool = False
    """Whether events of one patient on one day count once."""
    per: Annotated[int, Field(ge=1)] = 1000


class Success(Part):
    """That an indicator can say who did well on a scale."""

    order: int
    """Of several that a table has, the lowest is taken, unless the scale names one."""
    words: Text
    """What those who did well did, behind "who": "improved by at least 30 %"."""


class Ratings(Part):
    """Which ratings a net score takes as detractors and promoters, from the lowest rating to the highest."""

    detractors: Annotated[tuple[int, int], Field(strict=False)]
    promoters: Annotated[tuple[int, int], Field(strict=False)]

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        ends = (*self.detractors, *self.promoters)
        if not ends[0] <= ends[1] < ends[2] <= ends[3]:
            raise ValueError("detractors = [lowest, last], promoters = [first, highest], one below the other")
        return self
