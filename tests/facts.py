"""What a definition decides, as rows of text: every number, code, mark, label and source, and no prose."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from pydantic import BaseModel

from ipm_outcomes.definition import Fact, Item
from ipm_outcomes.program.indicators import Condition, Indicator

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
    *(
        "cleared",
        "domain_title",
        "heading",
        "chart_title",
        "less",
        "more",
        "not_answered",
        "patient_label",
        "positive",
        "short_title",
        "target",
        "unit",
    ),
}
"""Text for readers. The wording of items is compared with the reference in tests/real."""

NOT_DECIDED = {
    "digest",
    "id",
    "key",
    "lead",
    "net",
    "plain",
    "summary",
    "priority",
    "success",
    "patient_omits",
    "source",
    "evidence",
    "sources",
    "loinc_evidence",
}
"""The place, the mark and the sources have columns of their own; the digest follows from the file; what leads a report,
and what a text about a patient leaves out, are no facts."""

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


def indicator_rows(found: Indicator) -> list[Row]:
    """Every decided part of an indicator."""
    made = [Row(found.id, _named(found, skip=(*_RULES, "events")), found.evidence, " ".join(found.source))]
    for name in _RULES:
        part = getattr(found, name)
        if part not in (None, (), True):
            for one in part if isinstance(part, tuple) else (part,):
                place = ".".join(filter(None, (found.id, name, getattr(one, "id", ""))))
                made.append(Row(place, rule(one), "", ""))
    if found.events:
        made += [Row(f"{found.id}.events{place}", text, "", "") for place, text in _event_rows(found.events)]
    return sorted(made)


_RULES = ("eligible", "observed", "denominator", "numerator", "exclusions", "requires", "bounds", "window")
_TOLD = {"id", "title", "need", "assumed"}
_SIDES = {
    "below": "<",
    "at_most": "<=",
    "above": ">",
    "at_least": ">=",
    "is_": "is",
    "is_not": "is not",
    "in_": "in",
}


def rule(part: Any) -> str:
    """A condition as a sentence of signs, such as ``baseline > 9 and followup < 5``."""
    if isinstance(part, bool):
        return str(part).lower()
    if not isinstance(part, Condition):
        fields = {name: getattr(part, name) for name in type(part).model_fields if name not in _TOLD}
        told = {name: value for name, value in fields.items() if value not in (None, ())}
        return "; ".join(
            f"{name}: {rule(value) if isinstance(value, BaseModel) else _text(value)}"
            for name, value in told.items()
        )
    for several, word in ((part.all_, " and "), (part.any_, " or ")):
        if several:
            return "(" + word.join(map(rule, several)) + ")"
    if part.not_:
        return f"not {rule(part.not_)}"
    if part.known is not None:
        return f"{part.column} {'known' if part.known else 'not known'}"
    side = next(name for name in _SIDES if getattr(part, name) is not None)
    return f"{part.column} {_SIDES[side]} {_text(getattr(part, side))}"


def _named(part: BaseModel, skip: tuple[str, ...] = ()) -> str:
    """What differs from the default, each value with its name."""
    told = []
    for name, field in type(part).model_fields.items():
        value = getattr(part, name)
        if name in NOT_DECIDED or name in PROSE or name in skip:
            continue
        if value != field.get_default(call_default_factory=True):
            told.append(
                f"{name}={'(' + _named(value) + ')' if isinstance(value, BaseModel) else _text(value)}"
            )
    return "; ".join(told)


def _event_rows(part: BaseModel) -> Iterator[tuple[str, str]]:
    """One row for each named set, window and stratum of a measure on events."""
    plain = []
    for name in type(part).model_fields:
        value = getattr(part, name)
        entries = (
            value.items() if isinstance(value, dict) else ((getattr(v, "id", ""), v) for v in value or ())
        )
        if isinstance(value, dict) or (
            isinstance(value, tuple) and any(isinstance(v, BaseModel) for v in value)
        ):
            for id, entry in entries:
                note = f"; note={_text(entry.note)}" if getattr(entry, "note", ()) else ""
                yield f".{name}.{id}", _named(entry) + note
        elif isinstance(value, BaseModel):
            plain.append(f"{name}=({_named(value)})")
        elif value is not None:
            plain.append(f"{name}={_text(value)}")
    yield "", "; ".join(plain)
