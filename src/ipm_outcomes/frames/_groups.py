"""Names of groups and ids of patients that differ only by spelling: reported, and settled by the caller."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any, Literal

import numpy as np

from ipm_outcomes.errors import ParameterError
from ipm_outcomes.frames._decode import is_text_column
from ipm_outcomes.frames._frame import Frame

GroupNames = Mapping[str, Mapping[str, str] | Literal["merge"]] | None
"""For a column of groups: ``"merge"``, or a mapping from the names that are in it to the names meant."""


def plain_group(name: str) -> str:
    """A name without differences of case, spacing and, of a number, leading zeros.

    >>> plain_group("  Hill  TOP ") == plain_group("hilltop"), plain_group("007") == plain_group("7 ")
    (True, True)
    """
    plain = "".join(name.split()).casefold()
    return (plain.lstrip("0") or "0") if plain.isdecimal() else plain


def spellings(frame: Frame, column: str, like: Frame | None = None) -> dict[str, str]:
    """Names that differ from a more frequent one only by case, spacing or leading zeros, each with that one.

    Names of the same column in the frame ``like`` come first, however rare they are.
    """
    return _merged(_counts(frame, column), column, like)


def _merged(counts: Counter[str], column: str, like: Frame | None) -> dict[str, str]:
    given = (
        {} if like is None or column not in like.names else {plain_group(n): n for n in _counts(like, column)}
    )
    by_plain: dict[str, list[str]] = {}
    for name in counts:
        by_plain.setdefault(plain_group(name), []).append(name)
    merged: dict[str, str] = {}
    for plain, names in by_plain.items():
        if len(names) == 1 and plain not in given:
            continue
        # A name that begins or ends with spaces is nobody's choice; of equals the first in the alphabet, whatever
        # the order of the rows.
        best = min(names, key=lambda name: (-counts[name], name != name.strip(), name))
        best = given.get(plain, best)
        merged |= {name: best for name in names if name != best}
    return merged


def misspelled(frame: Frame, column: str, like: Frame | None = None) -> tuple[int, int]:
    """Rows with a name that is another spelling of a more frequent one, and rows with a name (0 where none is)."""
    if like is None and not frame.library.respelled(frame.column(column)):
        return 0, 0
    counts = _counts(frame, column)
    return sum(counts[name] for name in _merged(counts, column, like)), sum(counts.values())


def _counts(frame: Frame, column: str) -> Counter[str]:
    """How often each name is there, in the order in which they come; of nothing where the column is not of text."""
    if not is_text_column(frame.kind, frame.column(column)):
        return Counter()
    places, values = frame.library.distinct(frame.column(column))
    held = np.flatnonzero(places >= 0)
    times = np.bincount(places[held], minlength=len(values)).tolist()
    first = np.full(len(values), len(places))
    first[places[held[::-1]]] = held[::-1]  # of several the last one written stays
    counts: Counter[str] = Counter()
    for place in np.argsort(first, kind="stable").tolist():
        if isinstance(values[place], str) and values[place].strip() and times[place]:
            counts[values[place]] += times[place]
    return counts


def renames(frame: Frame, given: Any, like: Frame | None = None) -> dict[str, dict[str, str]]:
    """For each column the names to be replaced, as ``group_names`` says it."""
    if given is None:
        return {}
    if not isinstance(given, Mapping):
        raise ParameterError(
            'group_names: give a mapping from a column to "merge" or to a mapping of names, not a '
            f"{type(given).__name__}"
        )
    frame.require(list(map(str, given)), "group_names")
    by_column = {}
    for column, names in given.items():
        if isinstance(names, str) and names == "merge":
            by_column[column] = spellings(frame, column, like)
        elif isinstance(names, Mapping) and all(isinstance(x, str) for pair in names.items() for x in pair):
            if not is_text_column(frame.kind, frame.column(column)):
                raise ParameterError(f"group_names: the column {column!r} does not hold text")
            by_column[column] = dict(names)
        else:
            raise ParameterError(
                f'group_names: for the column {column!r} give "merge" or a mapping from name to name'
            )
    return by_column
