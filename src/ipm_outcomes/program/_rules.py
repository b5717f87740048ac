"""The rules of a table of changes that decide who counts, as text that goes with each figure.

Disclosure control reads them back: whoever knows the rules of a published figure knows which pairs of scores it counts.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from ipm_outcomes.program._codes import crossed
from ipm_outcomes.program._columns import KEYS
from ipm_outcomes.program._reading import Source

NUMBERS = ("important_points", "minimal_reliable_change", "cutoff")
WORDS = ("cutoff_id", "reliable_method")
VARIES = "varies"
"""Where the rule is not the same for all rows of a scale."""

Place = tuple[str, str, str]


def rules(changes: Source) -> dict[Place, str]:
    """The rules by instrument, scale and target: ``"important_points=5.0; cutoff=10.0"``."""
    kinds = {name: changes.kind_of(name) for name in (*KEYS, *NUMBERS, *WORDS) if name in changes.schema}
    numbers = [name for name in NUMBERS if kinds.get(name) == "number"]
    words = [name for name in WORDS if kinds.get(name) == "word"]
    if not (numbers or words) or any(kinds.get(key) not in ("word", "nothing") for key in KEYS):
        return {}
    codes, places = changes.groups(KEYS)
    values: list[dict[str, list[Any]]] = [{} for _ in places]
    for name in numbers:
        ends = [np.full(len(places), np.nan) for _ in range(2)]
        for extreme, end in zip((np.fmin, np.fmax), ends, strict=True):
            extreme.at(end, codes.of, changes.numbers(name))
        for own, low, high in zip(values, *(end.tolist() for end in ends), strict=True):
            own[name] = list({end for end in (low, high) if end == end})
    for name in words:
        coded, labels = changes.words(name)
        for place, word, _ in zip(*(part.tolist() for part in crossed(codes, coded)), strict=True):
            if word:
                values[place].setdefault(name, []).append(labels[word - 1])
    return {
        place: "; ".join(
            f"{name}={own[name][0] if len(own[name]) == 1 else VARIES}"
            for name in (*numbers, *words)
            if own.get(name)
        )
        for place, own in zip(places, values, strict=True)
    }


def merged(some: Mapping[Place, str], others: Mapping[Place, str]) -> dict[Place, str]:
    """The rules of the rows of two tables together."""
    both = dict(some)
    for place, text in others.items():
        mine, theirs = read(both.get(place)), read(text)
        all_of = mine | {name: of if mine.get(name, of) == of else VARIES for name, of in theirs.items()}
        both[place] = "; ".join(f"{name}={all_of[name]}" for name in (*NUMBERS, *WORDS) if name in all_of)
    return both


def read(text: str | None) -> dict[str, str]:
    """The rules of a figure by name."""
    parts = (part.partition("=") for part in (text or "").split("; "))
    return {name: value for name, _, value in parts if value}
