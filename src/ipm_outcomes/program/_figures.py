"""What is counted of an indicator, as the states in which a row counts."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ipm_outcomes.frames._library import Bools
from ipm_outcomes.program._columns import FITS, MARKS
from ipm_outcomes.program._conditions import KNOWN, Atom, Test, atoms
from ipm_outcomes.program._requirements import row_exclusions
from ipm_outcomes.program._rows import IS_TRUE, Decided, of_rows
from ipm_outcomes.program.indicators import Bounds, Condition, Exclusion, Indicator

WITH_NUMERATOR = ("proportion", "km_share", "km_median")
_ABOVE_0: Test = ("above", 0)
Figure = str | tuple[str, str]
"""The name of a figure, of some with the id of a requirement or a mark of evidence."""


def tested(indicator: Indicator, marked: bool) -> Iterator[Atom]:
    """Every test that decides what is counted; ``marked`` where the table has the marks of evidence."""
    for part in indicator.exclusions:
        yield from _atoms(_excluded(indicator, part))
    bounds = indicator.bounds
    for condition in (
        *(indicator.eligible, indicator.observed, indicator.denominator, indicator.numerator),
        *((bounds.lost, bounds.met) if isinstance(bounds, Bounds) else ()),
        *(of_rows(part) if indicator.scales else part.when for part in indicator.requires),
    ):
        if condition is not None:
            yield from _atoms(condition)
    if indicator.window is not None and indicator.window.pick is not None:
        yield Atom(FITS, "truth", IS_TRUE)
    if indicator.value is not None:
        yield _there(indicator, indicator.value)
    if indicator.over is not None:
        yield Atom(indicator.over, "number", _ABOVE_0)
    if indicator.ratings is not None:
        yield from _ratings(indicator)
    if indicator.evidence_from is not None and marked:
        yield from (Atom(indicator.evidence_from, "word", ("is", mark)) for mark in MARKS)


def figures(indicator: Indicator, states: Decided, marked: bool) -> dict[Figure, Bools]:
    """In which states a row counts for each figure."""
    who = states.true(indicator.eligible)
    out = np.zeros_like(who)
    for part in indicator.exclusions:
        out = out | states.true(_excluded(indicator, part))
    eligible = who & ~out
    observed = eligible & states.true(indicator.observed)
    base = observed if indicator.missing == "complete_case" else eligible
    counted = base & states.true(indicator.denominator)
    if indicator.value is not None:
        counted = counted & states.true(_there(indicator, indicator.value))
    if indicator.over is not None:
        counted = counted & states.true(Atom(indicator.over, "number", _ABOVE_0))
    figures: dict[Figure, Bools] = {
        "eligible": eligible,
        "excluded": who & out,
        "observed": observed,
        "denominator": counted,
    }
    if indicator.window is not None and indicator.window.pick is not None:
        fits = states.true(Atom(FITS, "truth", IS_TRUE))
        figures |= {"fit": who & fits, "unfit": who & ~fits}
    for requirement in indicator.requires:
        fails = states.true(of_rows(requirement)) if indicator.scales else states.false(requirement.when)
        figures["failed", requirement.id] = ~out & fails
    if isinstance(indicator.bounds, Bounds) and indicator.observed is not None:
        lost = eligible & ~observed & states.true(indicator.bounds.lost)
        figures |= {"lost": lost, "possible": lost & states.true(indicator.bounds.met)}
    if indicator.evidence_from is not None and marked:
        for mark in MARKS:
            says = states.true(Atom(indicator.evidence_from, "word", ("is", mark)))
            figures["mark", mark] = counted & says
    if indicator.kind in WITH_NUMERATOR and indicator.numerator is not None:
        met = states.true(indicator.numerator)
        figures["numerator"] = counted & met
        if indicator.missing == "complete_case":
            figures["judged"] = counted & (met | states.false(indicator.numerator))
    elif indicator.ratings is not None:
        promoters, detractors = map(states.true, _ratings(indicator))
        figures |= {"promoters": counted & promoters, "detractors": counted & detractors}
    return figures


def _atoms(condition: Condition | Atom) -> Iterator[Atom]:
    if isinstance(condition, Atom):
        yield condition
    else:
        yield from atoms(condition)


def _excluded(indicator: Indicator, part: Exclusion) -> Condition | Atom:
    return of_rows(part) if part in row_exclusions(indicator) else part.when


def _there(indicator: Indicator, value: str) -> Atom:
    """The test whether there is a value."""
    return Atom(value, "word" if indicator.kind == "distribution" else "number", KNOWN)


def _ratings(indicator: Indicator) -> Iterator[Atom]:
    """The tests for promoters and for detractors."""
    if indicator.ratings is not None:
        value = str(indicator.value)
        yield Atom(value, "number", ("at_least", indicator.ratings.promoters[0]))
        yield Atom(value, "number", ("at_most", indicator.ratings.detractors[1]))
