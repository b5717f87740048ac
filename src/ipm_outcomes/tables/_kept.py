"""What is computed once for a definition, and kept for as long as that lives."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar
from weakref import ReferenceType, ref

from ipm_outcomes.definition import Instrument

T = TypeVar("T")
Kept = dict[int, tuple[ReferenceType[Instrument], dict[Any, T]]]
"""By the definition itself, not by its id or what it holds."""


def kept_of(kept: Kept[T], instrument: Instrument, key: object, made: Callable[[], T]) -> T:
    """What was made of a definition for a key, or is made now."""
    own = id(instrument)
    entry = kept.get(own)
    if entry is None or entry[0]() is not instrument:
        entry = kept[own] = (ref(instrument, lambda _: kept.pop(own, None)), {})
    if key not in entry[1]:
        entry[1][key] = made()
    return entry[1][key]
