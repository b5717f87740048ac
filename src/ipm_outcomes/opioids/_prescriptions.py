"""A table of prescriptions as arrays: who, from when to when, which dose a day, or why there is none."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ipm_outcomes.change._unreadable import refuse_column
from ipm_outcomes.errors import FrameError, ParameterError
from ipm_outcomes.frames._date_cells import LAST_DAY
from ipm_outcomes.frames._dates import DATED, DateFormat, format_of, read_dates
from ipm_outcomes.frames._frame import Frame
from ipm_outcomes.opioids._exact import Bools, Doses, Floats, Ints, one_product, products
from ipm_outcomes.opioids._factors import Factor, FactorSet, plain, unit_of

REASONS = {
    "start": "the start is missing or no date",
    "days_supply": "the days supply is missing or no whole number of days above 0",
    "strength": "the strength is missing or not above 0",
    "quantity": "the quantity is missing or not above 0; of patches, it must last a whole number of days",
    "out_of_range": "the dose of a day would be a million or more, or less than a billionth",
    "unknown_drug": "the set of factors does not have this drug, or there is no name",
    "purpose_needed": "converted only where the column use_disorder says that it is not for opioid use disorder",
    "unit_unknown": "the unit of strength is missing or none that is known (mg, mcg, g, each alone, per mL or per h)",
    "unit_unfit": "the set has no factor of this drug for a strength in this unit",
    "form_unfit": "the set has no factor of this drug for this form in this unit",
    "form_needed": "the factor depends on the form, which is not given",
    "no_factor": "an opioid that the set of factors names and does not convert",
    "use_disorder": "for opioid use disorder, which is never counted",
    "no_opioid": "declared to be no opioid",
}
"""Why a prescription has no dose, by stable code; where several hold on a day the first is reported."""

CODES = tuple(REASONS)
EXCLUDED = ("no_factor", "use_disorder")
"""Left out by the sources themselves: the dose of the day is complete without them."""
LEFT_OUT = CODES.index("no_opioid")
CONVERTED = -1

NOTES = {
    "patch_days": "the days supply was set to patches x days that one patch stays, which differs from the one given",
    "form_assumed": "a strength per mL without a form: taken for the form that the set has, not for an injection",
}
"""What is reported about prescriptions that were converted."""

NEEDED = ("patient_id", "drug", "strength", "unit", "quantity", "days_supply", "start")
OPTIONAL = ("form", "use_disorder")
TEXTS = ("drug", "unit", "form")
_NUMBERS = {
    "strength": "give numbers; of a combination product, the strength of the opioid alone",
    "quantity": "give numbers, in pieces or in mL",
    "days_supply": "give whole numbers of days",
}


@dataclass(frozen=True)
class Prescriptions:
    """What was read, one entry for each row.

    Attributes
    ----------
    patient : int64
        Code of the patient; ``patients`` holds the native column of them in that order.
    start, end : int64
        First day, and the day after the last, as days since 1970-01-01.
    started, placed : bool
        Whether the start is known; whether both are.
    reason : int8
        Position in `CODES` of why there is no dose, or `CONVERTED`.
    doses : Doses
        MME a day, or, of a drug with steps, its own dose a day; 0 where there is none.
    stepped : int64
        Position in ``step_factors`` of a drug that is converted by the sum of the day; -1 for none.
    product : int64
        Prescriptions with the same number are of one drug in units of one kind.
    notes : dict
        For each code of `NOTES` the rows that it is about.
    """

    frame: Frame
    columns: Mapping[str, str]
    patients: Any
    patient: Ints
    start: Ints
    end: Ints
    started: Bools
    placed: Bools
    reason: NDArray[np.int8]
    doses: Doses
    stepped: Ints
    step_factors: tuple[Factor, ...]
    notes: dict[str, Bools]
    product: Ints
    _strength: Floats
    _units: Floats
    _days: Ints
    _each: Ints
    _table: tuple[Fraction, ...]

    def exact(self, row: int) -> Fraction:
        """What ``doses`` holds for a row, as a fraction."""
        return one_product(
            float(self._strength[row]),
            float(self._units[row]),
            int(self._days[row]),
            self._table[self._each[row]],
        )


def read_prescriptions(
    data: Any,
    factors: FactorSet,
    columns: Mapping[str, str] | None,
    meanings: Mapping[str, Mapping[str, str | None]] | None,
    date_format: DateFormat,
) -> Prescriptions:
    """Read the prescriptions and find the factor of each."""
    frame = Frame(data)
    named = _named(columns)
    frame.require([named[name] for name in NEEDED], "prescriptions")
    there = [*NEEDED, *(name for name in OPTIONAL if named[name] in frame.names)]
    frame.require([named[name] for name in there], "prescriptions")
    (patient,), patients = frame.keys([frame.column(named["patient_id"])], named["patient_id"])
    if (lost := np.flatnonzero(patient < 0)).size:
        raise FrameError(
            f"{named['patient_id']}: missing in {lost.size} row(s) of the prescriptions, first in row {lost[0]} "
            "(counted from 0); name the patient or leave the row out"
        )
    purpose = frame.truths(named["use_disorder"]) if "use_disorder" in there else np.full(len(frame), np.nan)
    codes, chosen = _choices(frame, named, there, factors, _checked(meanings))
    reason = np.array([choice.reason for choice in chosen], np.int8)[codes]
    each = np.arange(len(chosen), dtype=np.int64)[codes]
    needs_purpose = np.array([choice.purpose for choice in chosen], bool)[codes]
    reason[needs_purpose & (reason == CONVERTED) & np.isnan(purpose)] = CODES.index("purpose_needed")
    reason[(purpose == 1) & (reason != LEFT_OUT)] = CODES.index("use_disorder")

    strength, quantity, days = (frame.numbers(named[name], way_out) for name, way_out in _NUMBERS.items())
    dates = read_dates(frame, named["start"], format_of(date_format, named["start"]))
    refuse_column(named["start"], dates)
    lasts = np.array([choice.lasts for choice in chosen], np.int64)[codes]
    patch = (lasts > 0) & (reason == CONVERTED)
    supply = np.where(patch, quantity * lasts, days)
    whole = (supply >= 1) & (supply == np.floor(supply)) & (supply <= LAST_DAY)
    for code, bad in (
        ("quantity", ~(quantity > 0) | (patch & ~whole)),
        ("strength", ~(strength > 0)),
        ("days_supply", ~whole & ~patch),
        ("start", dates.state != DATED),
    ):
        reason[bad & (reason == CONVERTED)] = CODES.index(code)
    length = np.where(whole, supply, 1).astype(np.int64)
    started = dates.state == DATED
    placed = started & whole & (dates.day + length - 1 <= LAST_DAY)
    reason[started & whole & ~placed & (reason == CONVERTED)] = CODES.index("days_supply")

    good = reason == CONVERTED
    at_rate = np.array([choice.at_rate for choice in chosen], bool)[codes]
    strength = np.where(good, strength, 1.0)
    units = np.where(good & ~at_rate, quantity, 1.0)
    per = np.where(good & ~at_rate, length, 1)
    table = [choice.each for choice in chosen]
    doses, beyond = products(strength, units, per, each, table)
    reason[good & beyond] = CODES.index("out_of_range")
    good &= ~beyond
    doses = Doses(*(np.where(good, part, 0) for part in (doses.nano, doses.atto, doses.more)))
    step_factors = tuple(dict.fromkeys(choice.steps for choice in chosen if choice.steps is not None))
    position = np.array(
        [-1 if choice.steps is None else step_factors.index(choice.steps) for choice in chosen], np.int64
    )
    notes = {
        "patch_days": good & patch & ~np.isnan(days) & (days != supply),
        "form_assumed": good & np.array([choice.assumed for choice in chosen], bool)[codes],
    }
    return Prescriptions(
        frame, named, patients, patient, dates.day, dates.day + length, started, placed, reason, doses,
        np.where(good, position[codes], -1), step_factors, notes, _products(chosen)[codes], strength, units, per, each,
        tuple(table),
    )  # fmt: skip


def _products(chosen: list[_Choice]) -> Ints:
    """A number for each choice: those of one drug in units of one kind have the same."""
    known: dict[tuple[str, Fraction, int], int] = {}
    return np.array(
        [known.setdefault((choice.drug, choice.each, choice.lasts), len(known)) for choice in chosen],
        np.int64,
    )


_FAR = 2**42
"""Further than the days of all prescriptions of one patient put one after the other."""


def in_turn(read: Prescriptions) -> Prescriptions:
    """Prescriptions of one drug in one strength one after the other: each begins when the one before has run out."""
    rows = np.flatnonzero(read.placed & (read.reason == CONVERTED))
    strengths, strength = np.unique(read._strength[rows], return_inverse=True)
    kinds = int(read.product.max(initial=0)) + 1
    group = (read.patient[rows] * kinds + read.product[rows]) * max(len(strengths), 1) + strength
    length = read.end[rows] - read.start[rows]
    order = np.lexsort((read.doses.atto[rows], read.doses.nano[rows], length, read.start[rows], group))
    rows, length = rows[order], length[order]
    first = np.diff(group[order], prepend=-1) != 0
    start_of = np.cumsum(first) - 1
    before = np.cumsum(length) - length
    before -= before[first][start_of]
    # The latest of: its own start, and the start of any one before with all that was supplied since.
    begin = np.maximum.accumulate(read.start[rows] - before + start_of * _FAR) - start_of * _FAR + before
    start, end = read.start.copy(), read.end.copy()
    start[rows], end[rows] = begin, begin + length
    beyond = read.placed & (end - 1 > LAST_DAY)
    reason = np.where(beyond, CODES.index("days_supply"), read.reason).astype(np.int8)
    return replace(read, start=start, end=end, placed=read.placed & ~beyond, reason=reason)


def _named(columns: Mapping[str, str] | None) -> dict[str, str]:
    names = {name: name for name in (*NEEDED, *OPTIONAL)}
    if columns is None:
        return names
    if not isinstance(columns, Mapping) or not all(isinstance(name, str) for name in columns.values()):
        raise ParameterError("columns: a mapping from names of the library to names of columns, both text")
    if unknown := [name for name in columns if name not in names]:
        shown = repr(unknown[0]) if isinstance(unknown[0], str) and len(unknown[0]) <= 30 else "a key"
        raise ParameterError(f"columns: {shown} is none of {', '.join(names)}")
    return names | dict(columns)


def _checked(meanings: Mapping[str, Mapping[str, str | None]] | None) -> dict[str, dict[str, str | None]]:
    if meanings is None:
        return {name: {} for name in TEXTS}
    fact = (
        "meanings: a mapping from drug, unit or form to a mapping from the names in the table to those of the set, "
        "such as {'drug': {'OXYCODONE HCL': 'oxycodone', 'IBUPROFEN': None}}; None is for what is no opioid"
    )
    if not isinstance(meanings, Mapping) or any(name not in TEXTS for name in meanings):
        raise ParameterError(fact)
    meanings_of: dict[str, dict[str, str | None]] = {name: {} for name in TEXTS}
    for name, given in meanings.items():
        if not isinstance(given, Mapping):
            raise ParameterError(fact)
        for word, meant in given.items():
            if not isinstance(word, str) or not (
                isinstance(meant, str) or (meant is None and name == "drug")
            ):
                raise ParameterError(fact)
            meanings_of[name][plain(word)] = meant
    return meanings_of


@dataclass(frozen=True)
class _Choice:
    """What holds for all prescriptions of one drug, unit and form."""

    reason: int = CONVERTED
    each: Fraction = Fraction(0)
    """What strength x units a day is multiplied by."""
    lasts: int = 0
    at_rate: bool = False
    purpose: bool = False
    steps: Factor | None = None
    assumed: bool = False
    drug: str = ""


def _without(code: str) -> _Choice:
    return _Choice(CODES.index(code))


def _choices(
    frame: Frame,
    named: Mapping[str, str],
    there: list[str],
    factors: FactorSet,
    meanings: Mapping[str, Mapping[str, str | None]],
) -> tuple[Ints, list[_Choice]]:
    """For each row which choice it is; the choices, one for every drug, unit and form that are together."""
    nothing = np.full(len(frame), -1, np.int64)
    parts = [frame.words(named[name]) if name in there else (nothing, []) for name in TEXTS]
    code = np.zeros(len(frame), np.int64)
    for places, values in parts:
        code = code * (len(values) + 1) + places + 1
    size = int(np.prod([len(values) + 1 for _, values in parts], dtype=np.float64))
    if size <= 2**22:
        present = np.flatnonzero(np.bincount(code, minlength=size))
        place = np.zeros(size, np.int64)
        place[present] = np.arange(present.size)
        codes = place[code]
    else:
        present, codes = np.unique(code, return_inverse=True)
    chosen = []
    for key in present.tolist():
        texts: list[str | None] = []
        for (_, values), name in zip(reversed(parts), reversed(TEXTS), strict=True):
            key, position = divmod(key, len(values) + 1)
            texts.insert(0, None if position == 0 else _meant(values[position - 1], meanings[name]))
        chosen.append(_choice(factors, *texts))
    return codes.astype(np.int64), chosen or [_without("unknown_drug")]


def _meant(value: Any, meanings: Mapping[str, str | None]) -> str | None:
    """The word of the set for a word of the table; empty text for what is declared to be no opioid."""
    word = plain(str(value))
    if word in meanings:
        return meanings[word] or ""
    return word or None


def _choice(factors: FactorSet, drug: str | None, unit: str | None, form: str | None) -> _Choice:
    """The factor of a drug in a unit and a form, or why there is none."""
    if drug == "":
        return _without("no_opioid")
    entries = factors.of(drug) if drug is not None else ()
    if drug is not None and any(plain(factor.drug) == plain(drug) for factor in factors.without_factor):
        return _without("no_factor")
    if not entries:
        return _without("unknown_drug")
    measure = unit_of(unit) if unit else None
    if measure is None:
        return _without("unit_unknown")
    entries = tuple(factor for factor in entries if factor.takes(measure))
    if not entries:
        return _without("unit_unfit")
    if form:
        entries = tuple(factor for factor in entries if plain(form) in factors.form_words(factor))
        if not entries or not factors.measured(form, measure):
            return _without("form_unfit")
    if len({factor.rule for factor in entries}) > 1:
        return _without("form_needed")
    entry = entries[0]
    mass = measure.milligrams / entry.milligrams
    return _Choice(
        each=mass * (Fraction(entry.factor) if entry.factor is not None else 1),
        lasts=entry.lasts or 0,
        at_rate=entry.applies_to == "rate in place",
        purpose=entry.purpose_needed,
        steps=entry if entry.steps else None,
        assumed=not form and measure.per == "mL",
        drug=plain(entry.drug),
    )
