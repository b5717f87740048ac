"""What a definition decides, as rows of text: every number, code, mark, label and source, and no prose."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from pydantic import BaseModel

from ipm_outcomes.definition import Fact, Item

PROSE = {
    *(
        "about",
        "cite",
        "doi",
        "gist",
        "holder",
        "loinc_note",
        "meaning",
        "measures",
        "method",
        "note",
        "notice",
    ),
    *("population", "recall", "sentence", "sentence_unanswered", "statement", "title", "wording"),
}
"""Text for readers. The wording of items is compared with the reference in tests/real."""

NOT_DECIDED = {"digest", "id", "key", "source", "evidence", "sources", "loinc_evidence"}
"""The place, the mark and the sources have columns of their own; the digest follows from the file."""

ORDERED = ("items", "scales", "missing")
"""Lists whose order decides: what stands first on the form, in the results, and as the rule of default."""


class Row(NamedTuple):
    """One decided part of a definition."""

    place: str
    value: str
    evidence: str
    source: str


def rows(definition: BaseModel) -> list[Row]:
    """Every decided part of a definition, in the order of its places."""
    return sorted(_rows(definition, ""))


def _rows(part: BaseModel, place: str) -> Iterator[Row]:
    decided = []
    for name, field in type(part).model_fields.items():
        value = getattr(part, name)
        if name in NOT_DECIDED or (name in PROSE and isinstance(value, str)):
            continue
        inner = value.values() if isinstance(value, dict) else value if isinstance(value, tuple) else [value]
        if any(isinstance(entry, Fact | Item) for entry in inner):
            if name in ORDERED:
                decided.append(f"{name}={' '.join(entry.id for entry in value)}")
            for step, entry in _entries(value):
                yield from _rows(entry, ".".join(filter(None, (place, name, step))))
        elif value != field.get_default(call_default_factory=True):
            decided.append(f"{field.alias or name}={_text(value)}")
    sourced = isinstance(part, Fact)
    evidence = part.evidence if sourced else getattr(part, "loinc_evidence", None)
    yield Row(place, "; ".join(decided), evidence or "", " ".join(part.source) if sourced else "")


def _entries(value: Any) -> Iterator[tuple[str, BaseModel]]:
    """What stands in a list, by id, or by its kind where it has none (constants)."""
    if isinstance(value, dict):
        yield from value.items()
    elif isinstance(value, tuple):
        for entry in value:
            yield getattr(entry, "id", getattr(entry, "kind", "")), entry
    else:
        yield "", value


def _text(value: Any) -> str:
    """A value as plain text: entries by comma, what an entry holds by space."""
    if isinstance(value, BaseModel):
        parts = (getattr(value, name) for name in type(value).model_fields if name not in PROSE)
        return " ".join(_text(part) for part in parts if part is not None)
    if isinstance(value, dict):
        return ", ".join(f"{key} {_text(entry)}" for key, entry in value.items())
    if isinstance(value, tuple):
        nested = any(isinstance(entry, BaseModel | tuple) for entry in value)
        return (", " if nested else " ").join(_text(entry) for entry in value)
    return str(value).lower() if isinstance(value, bool) else str(value)
