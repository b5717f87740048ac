"""What a set of conversion factors may say, and every check that it holds together.

A set is data: one TOML file in ``instruments/opioids/factors/``, or a custom file. ``docs/opioids.md`` shows the
grammar by example. What is counted of a daily dose (thresholds, denominators) is in ``instruments/opioids/dose.toml``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import cache, partial
from itertools import pairwise
from os import PathLike
from typing import Annotated, Any, Literal

from pydantic import Field

from ipm_outcomes.catalog import folder
from ipm_outcomes.definition import Exact, Fact, Id, Part, Source, Text, checked
from ipm_outcomes.definition._files import ids_in, read_file, read_within
from ipm_outcomes.errors import ParameterError, UnknownNameError

Words = Annotated[tuple[Text, ...], Field(strict=False, min_length=1)]

_UNIT = re.compile(
    r"(mg|mcg|ug|µg|μg|g)(?:/(\d{1,5}(?:\.\d{1,3})?)?(ml|h|hr|hour))?", re.IGNORECASE | re.ASCII
)
_MILLIGRAMS = {"g": Fraction(1000), "mg": Fraction(1), "mcg": Fraction(1, 1000)}
_MICROGRAMS = ("ug", "µg", "μg")


@dataclass(frozen=True)
class Unit:
    """A unit of strength: how many mg one of it is, and per what (a unit of the drug, a mL, an hour)."""

    milligrams: Fraction
    per: Literal["unit", "mL", "h"]


def unit_of(text: str) -> Unit | None:
    """The unit that a text names; None where it names none.

    >>> unit_of("mg/5 mL")
    Unit(milligrams=Fraction(1, 5), per='mL')
    """
    match = _UNIT.fullmatch("".join(text.split()).replace("µ", "u").replace("μ", "u"))
    if match is None:
        return None
    mass, number, per = match.groups()
    mass = mass.lower()
    milligrams = _MILLIGRAMS["mcg" if mass in _MICROGRAMS else mass]
    if number is not None:
        if not Fraction(number):
            return None
        milligrams /= Fraction(number)
    return Unit(milligrams, "unit" if per is None else "mL" if per.lower() == "ml" else "h")


def plain(text: str) -> str:
    """A word without differences of case and spacing."""
    return " ".join(text.split()).casefold()


class Step(Part):
    """The factor for daily doses above one limit and up to another; no upper limit in the last step."""

    above: Exact
    up_to: Exact | None = None
    factor: Annotated[Exact, Field(gt=0)]


class Factor(Fact):
    """The conversion factor of one drug in some forms."""

    drug: Text
    forms: Words
    """Names of groups of forms, see `FactorSet.forms`."""
    units: Words
    """Units of strength that it takes; the first says the mass that the factor multiplies."""
    factor: Annotated[Exact | None, Field(gt=0)] = None
    steps: Annotated[tuple[Step, ...], Field(strict=False)] = ()
    """Factors by the patient's whole dose of the day, in place of one factor."""
    applies_to: Literal["units per day", "rate in place"] = "units per day"
    """The dose of a day is strength x units / days supply; or, of a patch, the rate of the one in place."""
    lasts: Annotated[int | None, Field(ge=1, le=31)] = None
    """Days that one unit stays: the days supply is then units x this."""
    purpose_needed: bool = False
    """Converted only where the table says that it is not for opioid use disorder."""

    @property
    def milligrams(self) -> Fraction:
        """How many mg one of what the factor multiplies is."""
        unit = unit_of(self.units[0])
        assert unit is not None
        return unit.milligrams

    def takes(self, unit: Unit) -> bool:
        """Whether a strength in this unit can be converted."""
        return unit.per in {known.per for text in self.units if (known := unit_of(text)) is not None}

    @property
    def rule(self) -> tuple[Any, ...]:
        """All that decides a dose: two entries that agree in it convert alike."""
        steps = tuple((step.above, step.up_to, step.factor) for step in self.steps)
        each = None if self.factor is None else Fraction(self.factor) / self.milligrams
        return each, steps, self.applies_to, self.lasts, self.purpose_needed


class WithoutFactor(Fact):
    """A drug that the set names and does not convert."""

    drug: Text


class FactorSet(Part):
    """A set of conversion factors, as its file defines it.

    Examples
    --------
    >>> from ipm_outcomes import opioids
    >>> cdc = opioids.factor_set("cdc_2022")
    >>> [str(entry.factor) for entry in cdc.of("oxycodone")]
    ['1.5']
    """

    id: Id
    title: Text
    about: Text
    cautions: Annotated[tuple[Text, ...], Field(strict=False)] = ()
    forms: dict[Id, Words]
    """Groups of forms, each with the words for them that a table may use."""
    per_ml: Annotated[tuple[Text, ...], Field(strict=False)] = ()
    per_unit: Annotated[tuple[Text, ...], Field(strict=False)] = ()
    """Words for forms of which the strength is per mL, or per piece: the other would be a tenfold error."""
    factors: Annotated[tuple[Factor, ...], Field(strict=False, min_length=1)]
    without_factor: Annotated[tuple[WithoutFactor, ...], Field(strict=False)] = ()
    sources: Annotated[tuple[Source, ...], Field(strict=False, min_length=1)]
    digest: str = ""

    def of(self, drug: str) -> tuple[Factor, ...]:
        """The entries of a drug."""
        return tuple(factor for factor in self.factors if plain(factor.drug) == plain(drug))

    def measured(self, form: str, unit: Unit) -> bool:
        """Whether a form is measured in units of this kind."""
        others = self.per_unit if unit.per == "mL" else self.per_ml if unit.per == "unit" else ()
        return plain(form) not in {plain(word) for word in others}

    def form_words(self, factor: Factor) -> frozenset[str]:
        """The words for the forms of an entry."""
        return frozenset(plain(word) for group in factor.forms for word in self.forms[group])


class Threshold(Fact):
    """A daily dose from which on days are counted."""

    at_least: Annotated[int, Field(ge=1, le=1000)]


class Denominator(Fact):
    """One of the published definitions of a dose per day."""

    id: Literal["dispensed_days", "covered_days", "window_days", "single_day"]
    title: Text


class Dose(Part):
    """What is counted of a daily dose."""

    id: Id
    title: Text
    thresholds: Annotated[tuple[Threshold, ...], Field(strict=False, min_length=1)]
    denominators: Annotated[tuple[Denominator, ...], Field(strict=False, min_length=1)]
    sources: Annotated[tuple[Source, ...], Field(strict=False, min_length=1)]
    digest: str = ""


def _source_problems(facts: tuple[Fact, ...], sources: tuple[Source, ...]) -> Iterator[tuple[str, str]]:
    keys = [source.key for source in sources]
    if len(set(keys)) != len(keys):
        yield "sources", "a key appears twice"
    named = {key for fact in facts for key in fact.source}
    if unknown := sorted(named - set(keys)):
        yield "source", f"the source {unknown[0]!r} is not among the sources of the file"
    if unused := [key for key in keys if key not in named]:
        yield "sources", f"{unused[0]!r} is named by nothing in the file"


def _problems(factors: FactorSet) -> Iterator[tuple[str, str]]:
    yield from _source_problems((*factors.factors, *factors.without_factor), factors.sources)
    for n, factor in enumerate(factors.factors):
        place = f"factors[{n}] ({factor.drug})"
        if unknown := [group for group in factor.forms if group not in factors.forms]:
            yield place, f"the group of forms {unknown[0]!r} is not among the forms of the file"
        units = [unit_of(text) for text in factor.units]
        if None in units:
            yield place, "a unit is none of mg, mcg, g, alone or per mL or h"
            continue
        if len({unit.milligrams for unit in units if unit}) > 1:
            yield place, "its units differ in mass: the factor would multiply two things"
        if (factor.factor is None) == (not factor.steps):
            yield place, "it has a factor, or steps"
        rates = {unit.per == "h" for unit in units if unit}
        if len(rates) > 1 or (rates == {True}) != (factor.lasts is not None):
            yield place, "what is measured per hour, and nothing else, lasts a number of days"
        if factor.applies_to == "rate in place" and rates != {True}:
            yield place, "only what is measured per hour has a rate in place"
        edges = [(step.above, step.up_to) for step in factor.steps]
        if factor.steps and (edges[0][0] != 0 or edges[-1][1] is not None):
            yield place, "steps begin above 0, and the last has no end"
        if any(before[1] is None or before[1] != after[0] for before, after in pairwise(edges)):
            yield place, "each step begins where the one before ends"
        if any(up_to is not None and up_to <= above for above, up_to in edges):
            yield place, "a step ends before it begins"
        if factor.steps and (len(factors.of(factor.drug)) > 1 or factor.lasts is not None):
            yield place, "a drug with steps has one entry, and is no patch"
    drugs = {plain(entry.drug) for entry in factors.factors}
    if both := [entry.drug for entry in factors.without_factor if plain(entry.drug) in drugs]:
        yield "without_factor", f"{both[0]!r} has a factor"


def _dose_problems(doses: Dose) -> Iterator[tuple[str, str]]:
    yield from _source_problems((*doses.thresholds, *doses.denominators), doses.sources)
    limits = [entry.at_least for entry in doses.thresholds]
    if limits != sorted(set(limits)):
        yield "thresholds", "they rise, and none appears twice"
    if len({entry.id for entry in doses.denominators}) < len(doses.denominators):
        yield "denominators", "an id appears twice"


def parse(data: Mapping[str, Any], *, file: str, digest: str) -> FactorSet:
    """Build a set of factors from the content of its file, with every check."""
    return checked(FactorSet, _problems, data, file=file, digest=digest)


@cache
def factor_sets() -> tuple[str, ...]:
    """List the ids of all sets of conversion factors that come with the library, in alphabetical order.

    Returns
    -------
    tuple of str

    Examples
    --------
    >>> from ipm_outcomes import opioids
    >>> opioids.factor_sets()
    ('cdc_2016', 'cdc_2016_file', 'cdc_2022')
    """
    return ids_in(folder() / "opioids" / "factors")


def factor_set(id: str | PathLike[str]) -> FactorSet:
    """Give a set of conversion factors.

    Parameters
    ----------
    id : str or path
        Id as `factor_sets` lists it; or the path of a custom TOML file, which ends in ``.toml``.

    Returns
    -------
    FactorSet
        Drugs, forms, units, factors, cautions and sources.

    Raises
    ------
    UnknownNameError
        There is no such set; the message lists those there are.
    DefinitionError
        The file does not hold together; the message names the place and the fact.
    ParameterError
        Neither an id nor a path.

    Examples
    --------
    >>> from ipm_outcomes import opioids
    >>> [str(entry.factor) for entry in opioids.factor_set("cdc_2022").of("hydromorphone")]
    ['5.0']
    """
    if not isinstance(id, (str, PathLike)):
        raise ParameterError(
            f"factors: the id of a set of factors, or the path of a TOML file, not a {type(id).__name__}"
        )
    if not isinstance(id, str) or id.endswith(".toml"):
        return read_file(id, parse)
    return _of_catalog(id)


@cache
def _of_catalog(id: str) -> FactorSet:
    if id not in factor_sets():
        raise UnknownNameError(
            f"factors: there is no set of factors of this id; there are {', '.join(factor_sets())}, and custom "
            "files (.toml)"
        )
    return read_within(folder(), f"opioids/factors/{id}.toml", parse)


@cache
def dose() -> Dose:
    """Thresholds and denominators, each with its source."""
    return read_within(folder(), "opioids/dose.toml", partial(checked, Dose, _dose_problems))
