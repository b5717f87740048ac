"""What is known of forms in use, and indexes of the codes that definitions hold. Read when first asked for."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from ipm_outcomes import _loinc as loinc
from ipm_outcomes.catalog import instrument, instruments
from ipm_outcomes.definition import plain_label
from ipm_outcomes.fhir._codes import LOINC, OWN_ANSWERS, OWN_ITEMS, OWN_SCORES, spelled


@dataclass(frozen=True)
class KnownForm:
    """A form of a known maker: what its linkIds stand for."""

    instruments: tuple[str, ...]
    links: Mapping[str, str]
    scores: Mapping[str, str]
    no_items: frozenset[str]


@cache
def _content() -> dict[str, Any]:
    return tomllib.loads((files("ipm_outcomes.fhir") / "known.toml").read_text(encoding="utf-8"))


@cache
def _forms() -> dict[str, KnownForm]:
    forms = {}
    for entry in _content()["forms"]:
        form = KnownForm(
            tuple(entry["instruments"]),
            entry.get("links", {}),
            entry.get("scores", {}),
            frozenset(entry.get("no_items", ())),
        )
        forms.update(dict.fromkeys(entry["names"], form))
    return forms


def known_form(canonical: str) -> KnownForm | None:
    """The form of that canonical address or name, without its version."""
    address = canonical.partition("|")[0]
    return _forms().get(address) or _forms().get(address.rpartition("/")[2])


@cache
def label_systems(id: str) -> frozenset[str]:
    """Code systems whose code is the label of an answer of the instrument."""
    return frozenset(entry["url"] for entry in _content()["systems"] if id in entry["instruments"])


@cache
def foreign_items() -> dict[str, tuple[str, frozenset[str]]]:
    """LOINC codes of items of editions that the library does not have: the edition, and those it does have."""
    return {
        entry["loinc"]: (entry["edition"], frozenset(entry["instruments"])) for entry in _content()["foreign"]
    }


@cache
def scales_by_loinc() -> dict[str, dict[str, str]]:
    """For each code of a score the instruments that have it, with the id of the scale."""
    by_code: dict[str, dict[str, str]] = {}
    for id in instruments():
        for code, scale in scale_codes(id).items():
            by_code.setdefault(code, {})[id] = scale
    return by_code


@cache
def item_codes(id: str) -> dict[str, str]:
    """Codes of the items of one instrument, LOINC and our own, with their ids."""
    codes = {item.loinc: item.id for item in instrument(id).items if item.loinc}
    return codes | {spelled(id, item): item for item in instrument(id).item_ids}


@cache
def scale_codes(id: str) -> dict[str, str]:
    """Codes of the scores of one instrument, LOINC and our own, with their ids."""
    return loinc.scale_codes(id) | {spelled(id, scale): scale for scale in instrument(id).scale_ids}


@cache
def link_id(id: str, item: str) -> str:
    """The linkId of an item in forms of our own: its LOINC code, else instrument and item."""
    return instrument(id).item(item).loinc or f"{id}_{item}"


@cache
def score_link_id(id: str, scale: str) -> str:
    """The linkId of a total in forms of our own."""
    return instrument(id).scale(scale).loinc or f"{id}_{scale}"


@cache
def own_links(id: str) -> dict[str, str]:
    """LinkIds of our own forms with their items; in both spellings where there is a LOINC code."""
    links = {f"{id}_{item}": item for item in instrument(id).item_ids}
    return links | {link_id(id, item): item for item in instrument(id).item_ids}


@cache
def own_scores(id: str) -> dict[str, str]:
    """LinkIds of totals of our own forms with their scales."""
    return {f"{id}_{scale}": scale for scale in instrument(id).scale_ids}


def item_coding(id: str, item: str) -> dict[str, str]:
    """The code of an item: LOINC where there is one, else our own."""
    loinc = instrument(id).item(item).loinc
    return {"system": LOINC, "code": loinc} if loinc else {"system": OWN_ITEMS, "code": spelled(id, item)}


def score_codings(id: str, scale: str) -> list[dict[str, str]]:
    """The codes of a score: LOINC where there is one, and our own."""
    scale_ = instrument(id).scale(scale)
    own = {"system": OWN_SCORES, "code": spelled(id, scale), "display": scale_.title}
    return [{"system": LOINC, "code": scale_.loinc}, own] if scale_.loinc else [own]


@dataclass(frozen=True)
class ItemAnswers:
    """How answers of one item are written by others."""

    loinc: Mapping[str, int]
    """LOINC answer codes."""
    also: frozenset[str]
    """Those of them that belong to another list and are reported."""
    own: Mapping[str, int]
    """Our own codes."""
    labels: Mapping[str, int]
    """Labels in plain form."""
    points: Mapping[int, int]
    """What an answer adds to a sum."""
    written: Mapping[int, tuple[str, str]]
    """System and code of each answer as we write it."""


@cache
def item_answers(id: str, item: str) -> ItemAnswers:
    """Codes and labels of the answers of one item."""
    instrument_ = instrument(id)
    name, listed = instrument_.item(item).answers, instrument_.answers_of(item)
    codes = loinc.answer_codes(id, item)
    own = {} if listed.numeric else {spelled(id, name, str(code)): code for code in listed.codes}
    written = {answer: (LOINC, code) for code, answer in reversed(codes.own.items())}
    written = {code: (OWN_ANSWERS, answer) for answer, code in own.items()} | written
    few = not listed.numeric or listed.highest <= 100
    return ItemAnswers(
        {**codes.also, **codes.own},
        frozenset(codes.also) - frozenset(codes.own),
        own,
        {plain_label(label): code for label, code in instrument_.labels(item).items()},
        instrument_.points(item) if few else {},
        {} if listed.numeric else written,
    )
