"""LOINC codes of items, answers, scores and panels: those of the definitions and further ones that are in use."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib.resources import files
from typing import Any, NamedTuple

from ipm_outcomes.catalog import instrument, instruments


class AnswerCodes(NamedTuple):
    """LOINC codes of the answers of one item."""

    own: dict[str, int]
    """Codes of its own answer list, with the answer."""
    also: dict[str, int]
    """Codes of another list that forms in use offer: read and reported, never written."""


@cache
def _content() -> dict[str, Any]:
    return tomllib.loads((files("ipm_outcomes._loinc") / "further.toml").read_text(encoding="utf-8"))


@cache
def items_by_code() -> dict[str, dict[str, str]]:
    """For each code of an item the instruments that have it, with the id of the item."""
    items: dict[str, dict[str, str]] = {}
    for id in instruments():
        for item in instrument(id).items:
            if item.loinc:
                items.setdefault(item.loinc, {})[id] = item.id
    return items


@cache
def scale_codes(id: str) -> dict[str, str]:
    """Codes of the scores of one instrument, with their scales."""
    scales = {scale.loinc: scale.id for scale in instrument(id).scales if scale.loinc}
    further = {entry["loinc"]: entry["scale"] for entry in _content()["scores"] if id in entry["instruments"]}
    return {**further, **scales}


@cache
def panels() -> dict[str, tuple[str, ...]]:
    """For each code of a panel the instruments that have it."""
    ids_by_panel: dict[str, tuple[str, ...]] = {}
    for id in instruments():
        loinc = instrument(id).loinc
        if loinc and loinc.panel:
            ids_by_panel[loinc.panel] = (*ids_by_panel.get(loinc.panel, ()), id)
    return ids_by_panel


@cache
def answer_codes(id: str, item: str) -> AnswerCodes:
    """Codes of the answers of one item."""
    inst = instrument(id)
    name, listed = inst.item(item).answers, inst.answers_of(item)
    own = {option.loinc: option.code for option in listed.options if option.loinc}
    also = {option.loinc: option.code for option in inst.item(item).also if option.loinc}
    for entry in _content()["answers"]:
        if id in entry["instruments"] and name in entry["lists"]:
            (also if entry.get("also") else own).update(
                {str(code): int(answer) for code, answer in entry["codes"]}
            )
    return AnswerCodes(own, also)
