"""The answers that an item allows, the items, and the labels by which answers are known."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from decimal import Decimal
from fractions import Fraction
from functools import cached_property
from typing import Annotated, Self

from pydantic import Field, model_validator

from ipm_outcomes.definition._parts import (
    Evidence,
    Exact,
    Fact,
    Id,
    ItemName,
    Loinc,
    LoincAnswer,
    Part,
    Text,
    unfolded,
)


class Option(Part):
    """One answer option: the code printed beside it, its label, its LOINC answer code.

    Examples
    --------
    >>> import ipm_outcomes as ipm
    >>> option = ipm.instrument("phq9").answers_of("q1").options[1]
    >>> option.code, option.label
    (1, 'Several days')
    """

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


class AnswerList(Fact):
    """The answers an item allows: labeled options in printed order, or a range of numbers with labeled ends.

    A range runs in steps, of which so many make one: 1, or 10 where ready scores come in tenths. Codes count steps.

    Examples
    --------
    >>> import ipm_outcomes as ipm
    >>> answers = ipm.instrument("peg").answers_of("pain")
    >>> answers.range, answers.low, answers.high
    ((Decimal('0'), Decimal('10')), 'No pain', 'Pain as bad as you can imagine')
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
                raise ValueError(f"the label {repeated[0]!r} belongs to two answers")
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
    """One question of the form.

    Examples
    --------
    >>> import ipm_outcomes as ipm
    >>> item = ipm.instrument("phq9").item("q9")
    >>> item.gist, item.loinc
    ('thoughts of death or self-harm', '44260-8')
    """

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


def plain_label(label: str) -> str:
    """Reduce a label to what its spellings share: case, spacing and punctuation do not matter.

    Parameters
    ----------
    label
        The label of an answer, as a form or an export has it.

    Returns
    -------
    str
        Words in small letters with single spaces.

    Examples
    --------
    >>> plain_label("  Several   Days. ")
    'several days'
    """
    return re.sub(r"[\W_]+", " ", label).strip().casefold()


def numbered_label(text: str, labels: Mapping[str, int]) -> tuple[int, int] | None:
    """Read a label with a number before or after it.

    Parameters
    ----------
    text
        The cell.
    labels
        Answer codes by label in plain form, as `Instrument.labels` gives them.

    Returns
    -------
    tuple of (int, int) or None
        The number and the answer of the label, which may differ; None for any other text.

    Examples
    --------
    >>> numbered_label("2 - More than half the days", {"more than half the days": 2})
    (2, 2)
    >>> numbered_label("Several days (4)", {"several days": 1})
    (4, 1)
    """
    match = re.fullmatch(r"(\d+) (.+)|(.+) (\d+)", plain_label(text))
    # In plain form a number below 0 has lost its sign.
    if not match or re.search(r"(?:^|[\s(\[])[-\u2212]\d", text):
        return None
    answer = labels.get(match[2] or match[3])
    return None if answer is None else (int(match[1] or match[4]), answer)


def code_of_label(text: str, labels: Mapping[str, int], per_unit: int) -> int | None:
    """The answer of a label, also of one with its number beside it; None for any other text.

    >>> known = {"several days": 1}
    >>> [code_of_label(text, known, 1) for text in ("Several days", "Several days (1)", "Several days (4)")]
    [1, 1, None]
    """
    beside = numbered_label(text, labels)
    agreed = beside[1] if beside and beside[0] * per_unit == beside[1] else None
    return labels.get(plain_label(text), agreed)
