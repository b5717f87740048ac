"""Which columns may be the items of which instrument: by wording, known names, item codes, numbers. Nothing fuzzy.

A whole set is proposed or nothing, and nothing is applied: names prove neither the order of items nor the edition.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import Any

from ipm_outcomes.catalog import instrument as definition
from ipm_outcomes.catalog import instruments
from ipm_outcomes.cdisc._codes import tests_of
from ipm_outcomes.definition import Instrument, plain_label
from ipm_outcomes.frames._items import needed_items, visits_beside

WORDING, CODES, NAMES, WEAK = "wording", "codes", "names", "weak"
_STRENGTH = (WORDING, CODES, NAMES, WEAK)
ONE_ANSWER = "Response"
"""What is under a question with one answer in exports of SurveyMonkey."""
_FEWEST = 3
"""Items of a set that is proposed by numbers alone."""
_OF_A_BANK = 4


@dataclass(frozen=True)
class Candidate:
    """A whole set of columns for an instrument.

    Attributes
    ----------
    id
        Of the instrument.
    columns
        Items with their columns; without the part that says the visit, where there are visits.
    how
        wording, codes, names or weak.
    evidence
        Why, and what it does not prove.
    scales
        Where only the items of some scales are there.
    prefixes, suffixes
        Parts of names that say the visit.
    recorded
        Scales with columns of recorded scores.
    standard
        Whether the names are the codes of a standard, which say the item in a file of that standard.
    """

    id: str
    columns: dict[str, str]
    how: str
    evidence: str
    scales: tuple[str, ...] | None = None
    prefixes: tuple[str, ...] = ()
    suffixes: tuple[str, ...] = ()
    recorded: dict[str, str] = field(default_factory=dict)
    standard: bool = False


def proposals(names: Sequence[str], wording: Mapping[str, str] | None = None) -> list[Candidate]:
    """The sets that names and questions propose, one for an instrument; a column is in one set only."""
    candidates: list[Candidate] = []
    for id in instruments():
        for way in (_by_wording, _by_known_names, _at_visits, _by_numbers):
            set_ = way(definition(id), names, wording or {})
            if set_ and not contradicted(id, set_.columns, wording or {}):
                candidates.append(set_)
                break
    candidates += _by_codes(names)
    candidates.sort(key=lambda candidate: (_STRENGTH.index(candidate.how), -len(candidate.columns)))
    taken: set[str] = set()
    kept = []
    for candidate in candidates:
        columns = {*candidate.columns.values(), *candidate.recorded.values()}
        if not columns & taken:
            taken |= columns
            kept.append(candidate)
    order = list(instruments())
    return sorted(kept, key=lambda candidate: order.index(candidate.id))


def _needed(instrument: Instrument) -> list[str]:
    needed = needed_items(instrument, instrument.scale_ids)
    return [item for item in instrument.item_ids if item in needed]


# By wording


def _by_wording(instrument: Instrument, names: Sequence[str], wording: Mapping[str, str]) -> Candidate | None:
    """Headers that hold the questions of the form, word for word."""
    columns = worded_columns(instrument, names, wording)
    if not set(_needed(instrument)) <= set(columns):
        return None
    evidence = (
        "headers are the questions of the form, which proves the items; neither the recall nor the edition"
    )
    return Candidate(instrument.id, columns, WORDING, evidence)


def worded_columns(
    instrument: Instrument, names: Sequence[str], wording: Mapping[str, str]
) -> dict[str, str]:
    """The items whose question is in the header of exactly one column."""
    asked = {item.id: plain_label(item.wording) for item in instrument.items if item.wording}
    if not set(_needed(instrument)) <= set(asked):
        return {}
    parts = {name: {*_questions(name), *_questions(wording.get(name, ""))} for name in names}
    holding = {item: [name for name in names if text in parts[name]] for item, text in asked.items()}
    return {item: there[0] for item, there in holding.items() if len(there) == 1}


def contradicted(id: str, columns: Mapping[str, str], wording: Mapping[str, str]) -> bool:
    """Whether the file says that a column is another item than its name proposes."""
    asked = {plain_label(item.wording): item.id for item in definition(id).items if item.wording}
    return any(
        (items := {asked[text] for text in _questions(wording.get(name, "")) if text in asked})
        and item not in items
        for item, name in columns.items()
    )


def _questions(header: str) -> set[str]:
    """A header in plain form, whole and without what is before the question or its number."""
    texts = [header, *re.findall(r"\[([^\[\]]+)\]", header)]
    texts += [header.rpartition(sign)[2] for sign in (" - ", ": ", " / ") if sign in header]
    texts += [header.removesuffix(f" / {ONE_ANSWER}")]
    texts += [re.sub(r"^\W*(item|question|q)?\W*\d+\W+", "", text, flags=re.IGNORECASE) for text in texts]
    return {plain_label(text) for text in texts} - {""}


# By known names


@cache
def _known() -> tuple[dict[str, Any], ...]:
    """Names from public data, and the test codes of CDISC."""
    text = files("ipm_outcomes.files").joinpath("known_names.toml").read_text(encoding="utf-8")
    known = list(tomllib.loads(text)["names"])
    tests = tests_of(None)
    for id in dict.fromkeys(test.instrument for test in tests):
        own = [test for test in tests if test.instrument == id]
        items = {test.part: [test.code] for test in own if not test.is_score}
        recorded = {test.part: test.code for test in own if test.is_score}
        known.append(
            {"instrument": id, "source": "CDISC", "items": items, "recorded": recorded, "standard": True}
        )
    return tuple(known)


def _by_known_names(
    instrument: Instrument, names: Sequence[str], wording: Mapping[str, str]
) -> Candidate | None:
    folded: dict[str, list[str]] = {}
    for name in names:
        folded.setdefault(name.casefold(), []).append(name)
    for known in _known():
        if known["instrument"] != instrument.id:
            continue
        for before in dict.fromkeys(["", *_before(names, known)]):
            columns = {}
            for item, ways in known["items"].items():
                there = [name for way in ways for name in folded.get(f"{before}{way}".casefold(), ())]
                if len(there) == 1:
                    columns[item] = there[0]
            if set(_needed(instrument)) <= set(columns):
                recorded = {
                    scale: folded[name.casefold()][0]
                    for scale, name in known.get("recorded", {}).items()
                    if len(folded.get(name.casefold(), ())) == 1
                }
                where = re.split("[,:]", known["source"])[0]
                evidence = f"names known from {where}; the edition cannot be known from names"
                return Candidate(
                    instrument.id,
                    columns,
                    NAMES,
                    evidence,
                    recorded=recorded,
                    standard=known.get("standard", False),
                )
    return None


def _at_visits(instrument: Instrument, names: Sequence[str], wording: Mapping[str, str]) -> Candidate | None:
    """The names that this library uses, of the whole set at each of several visits."""
    prefixes, suffixes = visits_beside(instrument, names)
    if not prefixes and not suffixes:
        return None
    columns = {item: f"{instrument.id}_{item}" for item in _needed(instrument)}
    evidence = (
        "the usual names of all items, several visits side by side; the edition cannot be known from names"
    )
    return Candidate(instrument.id, columns, NAMES, evidence, prefixes=prefixes, suffixes=suffixes)


def known_columns(instrument: Instrument, names: Sequence[str]) -> list[dict[str, str]]:
    """The items with a column of a known name, by source and by what is before the names."""
    folded = {name.casefold(): name for name in names}
    columns_by_place = []
    for known in [known for known in _known() if known["instrument"] == instrument.id]:
        for before in dict.fromkeys(["", *_before(names, known)]):
            each = {
                item: [folded[way] for way in (f"{before}{way}".casefold() for way in ways) if way in folded]
                for item, ways in known["items"].items()
            }
            columns_by_place.append({item: there[0] for item, there in each.items() if len(there) == 1})
    return columns_by_place


def numbered_columns(instrument: Instrument, names: Sequence[str]) -> list[dict[str, str]]:
    """The id of the instrument with the numbers of all its items but one; by what is around the numbers."""
    needed = _needed(instrument)
    if len(needed) < _FEWEST or needed != [f"q{n}" for n in range(1, len(needed) + 1)]:
        return []
    last = len(needed)
    return [
        {f"q{n}": name for n, name in columns.items() if n <= last}
        for family in _families(instrument.id, names).values()
        for columns in family.columns.values()
        if len([n for n in columns if 1 <= n <= last]) == last - 1 and max(columns) <= last + 1
    ]


def _before(names: Sequence[str], known: Mapping[str, Any]) -> list[str]:
    """What is before one of the known names in a header."""
    ways = [way.casefold() for ways in known["items"].values() for way in ways]
    return [
        name[: len(name) - len(way)]
        for name in names
        for way in ways
        if name.casefold().endswith(way) and re.search(r"[\W_]$", name[: len(name) - len(way)])
    ]


# By numbers


@dataclass
class _Family:
    """Headers alike but for a number."""

    weak: bool
    columns: dict[str, dict[int, str]] = field(default_factory=dict)
    """By what follows the number."""


def _by_numbers(instrument: Instrument, names: Sequence[str], wording: Mapping[str, str]) -> Candidate | None:
    """The id of the instrument with the numbers of its items, each once, and none beyond the one after the last."""
    needed = _needed(instrument)
    if len(needed) < _FEWEST or needed != [f"q{n}" for n in range(1, len(needed) + 1)]:
        return None
    families = _families(instrument.id, names)
    whole: dict[tuple[str, str], dict[str, dict[str, dict[int, str]]]] = {}
    for (before, stem, mid), family in families.items():
        if sets := _whole(family, len(needed)):
            whole.setdefault((stem.casefold(), mid), {})[before] = sets
    for weak in (False, True):
        candidates = [
            (befores, key)
            for key, befores in whole.items()
            if families[next(iter(befores)), *_spelled(families, key)].weak == weak
        ]
        if len(candidates) == 1:
            return _numbered(instrument, candidates[0][0], needed, weak)
        if candidates:
            return None
    return None


def _spelled(families: Mapping[tuple[str, str, str], _Family], key: tuple[str, str]) -> tuple[str, str]:
    return next((stem, mid) for _, stem, mid in families if (stem.casefold(), mid) == key)


def _families(id: str, names: Sequence[str]) -> dict[tuple[str, str, str], _Family]:
    parts = re.fullmatch(r"([a-z]+)(\d+)", id)
    own = rf"{parts[1]}[\W_]?{parts[2]}" if parts else r"[\W_]?".join(map(re.escape, id.split("_")))
    digits = any(sign.isdigit() for sign in id)
    stems = [(own, not digits)] + ([(parts[1], True)] if parts else [])
    families: dict[tuple[str, str, str], _Family] = {}
    for name in names:
        for stem, weak in stems:
            between = r"[\W_]+(?:(?:sq|q|item|question)[\W_]*)?|(?:sq|q|item|question)[\W_]*" + (
                "|" if weak else ""
            )
            shape = rf"((?:.*[\W_])?)({stem})({between})(\d{{1,3}})((?:[\W_].*|[a-z])?)"
            if match := re.fullmatch(shape, name, re.IGNORECASE | re.DOTALL):
                before, stem_, mid, number, after = match.groups()
                family = families.setdefault((before, stem_, mid), _Family(weak))
                family.columns.setdefault(after, {})[int(number)] = name
                break
    return families


def _whole(family: _Family, items: int) -> dict[str, dict[int, str]]:
    """Sets of numbers from 1 to the last item, by what follows the number ("" where that differs)."""
    wanted = set(range(1, items + 1))

    def fits(columns: Mapping[int, str]) -> bool:
        return wanted <= set(columns) <= {*wanted, items + 1}

    of_one = {after: columns for after, columns in family.columns.items() if fits(columns)}
    if of_one:
        return of_one
    every: dict[int, str] = {}
    for columns in family.columns.values():
        for number, name in columns.items():
            if number in every:
                return {}
            every[number] = name
    return {"": every} if fits(every) else {}


def _numbered(
    instrument: Instrument,
    befores: Mapping[str, Mapping[str, Mapping[int, str]]],
    needed: list[str],
    weak: bool,
) -> Candidate | None:
    last = len(needed)
    evidence = f"names with the numbers 1 to {last}; that they are in the order of the form cannot be known from names"
    if weak:
        evidence += "; the name has no number of its own, so that it may be another form"
    if any(last + 1 in columns for sets in befores.values() for columns in sets.values()):
        evidence += (
            f"; the column of number {last + 1} is left out, since it may be a further question or a total"
        )
    how = WEAK if weak else NAMES
    prefixes = tuple(before for before in befores if before)
    first = befores[""] if "" in befores else next(iter(befores.values()))
    if len(first) > 1:
        suffixes = tuple(after for after in first if after)
        if (
            len(befores) > 1
            or len(suffixes) < len(first)
            or not all(after[0] in "_.- " for after in suffixes)
        ):
            return None
        cut = len(suffixes[0])
        columns = {item: first[suffixes[0]][n][:-cut] for n, item in enumerate(needed, 1)}
        return Candidate(
            instrument.id, columns, how, evidence, suffixes=tuple(after[1:] for after in suffixes)
        )
    (named,) = first.values()
    if len(prefixes) > 1 and "" not in befores:
        cut = len(prefixes[0])
        columns = {item: named[n][cut:] for n, item in enumerate(needed, 1)}
        for before in prefixes:
            (other,) = befores[before].values() if len(befores[before]) == 1 else ({},)
            if {item: other.get(n, "")[len(before) :] for n, item in enumerate(needed, 1)} != columns:
                return None
        return Candidate(
            instrument.id, columns, how, evidence, prefixes=tuple(before[:-1] for before in prefixes)
        )
    return Candidate(instrument.id, {item: named[n] for n, item in enumerate(needed, 1)}, how, evidence)


# By item codes


def _by_codes(names: Sequence[str]) -> list[Candidate]:
    """Codes of item banks: a domain where all of its items are there, and no other of that bank."""
    sets = []
    for id in instruments():
        instrument = definition(id)
        columns = _coded(instrument, names)
        there = [scale for scale in instrument.scale_ids if _is_there(instrument, scale, columns, names)]
        if there:
            needed = {item for scale in there for item in needed_items(instrument, [scale])}
            whole = set(_needed(instrument)) <= set(columns)
            kept = {item: name for item, name in columns.items() if whole or item in needed}
            sets.append((instrument, kept, None if whole else tuple(there)))
    if not sets:
        return []
    most = max(len(columns) for _, columns, _ in sets)
    alike = sorted(
        (entry for entry in sets if len(entry[1]) == most), key=lambda entry: (len(entry[0].id), entry[0].id)
    )
    instrument, columns, scales = alike[0]
    evidence = "codes of items; the edition cannot be known from names"
    if others := [other[0].id for other in alike[1:]]:
        evidence += f": {', '.join(others)} have the same items"
    if lacking := [item for item in _needed(instrument) if item not in columns]:
        evidence += f"; no column for {', '.join(lacking[:5])}{' …' if len(lacking) > 5 else ''}"
    return [Candidate(instrument.id, columns, CODES, evidence, scales)]


def _coded(instrument: Instrument, names: Sequence[str]) -> dict[str, str]:
    columns = {}
    for item in instrument.item_ids:
        code = re.fullmatch(r"([a-z]{3,})0*(\d+)", item)
        if not re.fullmatch(r"[a-z]{2,}\d+(_[a-z]+)?", item):
            continue
        own = [name for name in names if name.casefold() == item or name.casefold().endswith(f"_{item}")]
        there = [name for name in names if code and _is_code(name, code[1], code[2])] or own
        if len(there) == 1:
            columns[item] = there[0]
    return columns


def _is_code(name: str, bank: str, number: str) -> bool:
    return bool(re.fullmatch(rf"(?:.*[\W_]|q)?{bank}[\W_]?0*{number}", name, re.IGNORECASE))


def _is_there(instrument: Instrument, scale: str, columns: Mapping[str, str], names: Sequence[str]) -> bool:
    items = instrument.scale(scale).items
    if len(items) < _OF_A_BANK or not set(items) <= set(columns):
        return False
    banks = {re.match(r"[a-z]+", item)[0] for item in items}  # type: ignore[index]
    listed = set(columns.values())
    return not any(
        re.fullmatch(rf"(?:.*[\W_]|q)?{bank}[\W_]?\d+", name, re.IGNORECASE) and name not in listed
        for bank in banks
        for name in names
    )
