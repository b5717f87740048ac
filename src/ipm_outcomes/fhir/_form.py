"""Which instrument a response is of, and which of its items each linkId is."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ipm_outcomes import _loinc as loinc
from ipm_outcomes.catalog import instrument as definition
from ipm_outcomes.errors import ParameterError
from ipm_outcomes.fhir import _known
from ipm_outcomes.fhir._codes import LOINC, OWN_ITEMS, OWN_QUESTIONNAIRE, OWN_SCORES
from ipm_outcomes.fhir._errors import NotAResponse, Note, UnknownForm
from ipm_outcomes.fhir._json import a_list, a_text, mappings
from ipm_outcomes.fhir._walk import Asked, parts

_LOINC = re.compile(r"\d{1,7}-\d")
_DEFINITION = re.compile(r"https?://loinc\.org.{0,200}/(\d{1,7}-\d)")
LONGEST_ADDRESS = 2_000


@dataclass
class Form:
    """The instrument of a response, and what its linkIds are."""

    id: str
    known: _known.KnownForm | None
    codes: Mapping[str, frozenset[str]]
    """Codes of items in the Questionnaire that came along, by linkId."""
    items: Mapping[str, str]
    """What the caller says."""
    own: bool
    """Whether linkIds of our own are taken."""
    notes: list[Note] = field(default_factory=list)

    def item(self, part: Asked) -> str | None:
        """The item that a part of the response is, or None."""
        if part.link in self.items:
            return self.items[part.link]
        links = [self.known.links if self.known else {}, _known.own_links(self.id) if self.own else {}]
        return self._agreed(part, links, _known.item_codes(self.id))

    def scale(self, part: Asked) -> str | None:
        """The score that a part of the response is, or None."""
        links = [self.known.scores if self.known else {}, _known.own_scores(self.id) if self.own else {}]
        return self._agreed(part, links, _known.scale_codes(self.id))

    def _agreed(
        self, part: Asked, links: Sequence[Mapping[str, str]], by_code: Mapping[str, str]
    ) -> str | None:
        """What the linkId and all codes say; what they say must be one and the same."""
        matches = {by[part.link] for by in links if part.link in by}
        matches |= {by_code[code] for code in _codes(part, self.codes) if code in by_code}
        if len(matches) > 1:
            raise UnknownForm(
                f"its linkId and its codes say that it is {' and '.join(sorted(matches))}",
                "unknown_form",
                part.place,
            )
        return next(iter(matches), None)

    def no_item(self, asked: Asked) -> bool:
        """Whether the linkId is known to be neither an item nor a score."""
        return self.known is not None and asked.link in self.known.no_items


def _codes(part: Asked, of_form: Mapping[str, frozenset[str]]) -> set[str]:
    """Codes that say which item this is: of the form, of the definition, and of the linkId."""
    codes = set(of_form.get(part.link, ()))
    link = part.link.removeprefix("/")
    if _LOINC.fullmatch(link):
        codes.add(link)
    if part.definition and (match := _DEFINITION.fullmatch(part.definition[:LONGEST_ADDRESS])):
        codes.add(match[1])
    return codes


def form_of(
    resource: Mapping[str, Any],
    items: Sequence[Asked],
    *,
    instrument: str | None,
    edition: str | None,
    form: Mapping[str, Any] | None,
    links: Mapping[str, str] | None,
) -> Form:
    """Settle the instrument, its edition and its items, or raise `UnknownForm`."""
    notes: list[Note] = []
    canonical, contained = _canonical(resource, notes)
    form = form if form is not None else contained
    codes, address, panel = _questionnaire(form)
    if form is not None and address and canonical and _last(address) != _last(canonical):
        raise UnknownForm(
            "the Questionnaire given is not the one that the response names", "unknown_form", "questionnaire"
        )
    address = canonical or address
    known = _known.known_form(address) if address else None
    candidates = _named(address, panel, known)
    if instrument is not None:
        definition(instrument)
        if candidates and instrument not in candidates:
            raise UnknownForm(
                f"the form is that of {' or '.join(candidates)}, not of {instrument}",
                "unknown_form",
                "questionnaire",
            )
        candidates = (instrument,)
    elif not candidates:
        candidates = _by_items(items, codes)
        notes.append(
            Note("decided_by_items", None, "which instrument it is was decided by the codes of its items")
        )
    id = _chosen(candidates, items, codes, edition, address, notes)
    for item in (links or {}).values():
        definition(id).item(item)
    ours = bool(address and address.startswith(OWN_QUESTIONNAIRE)) or (
        address is None and instrument is not None
    )
    return Form(id, known, codes, links or {}, ours, notes)


def _named(address: str | None, panel: Sequence[str], known: _known.KnownForm | None) -> tuple[str, ...]:
    """Instruments that the address or the code of the form names."""
    if known:
        return known.instruments
    named: tuple[str, ...] = ()
    if address:
        last = _last(address)
        if address.startswith(OWN_QUESTIONNAIRE):
            from ipm_outcomes.catalog import instruments

            named = (last,) if last in instruments() else ()
        elif _LOINC.fullmatch(last):
            named = loinc.panels().get(last, ())
    return named or next((loinc.panels()[code] for code in panel if code in loinc.panels()), ())


def _canonical(resource: Mapping[str, Any], notes: list[Note]) -> tuple[str | None, Mapping[str, Any] | None]:
    """The address of the form that the response names, and the form that it contains."""
    given = resource.get("questionnaire")
    if isinstance(given, Mapping):  # a Reference, as in STU3
        notes.append(
            Note("questionnaire_is_reference", "questionnaire", "a Reference, as in STU3, not a canonical")
        )
        given = given.get("reference")
    if given is None:
        return None, None
    if not isinstance(given, str) or len(given) > LONGEST_ADDRESS:
        raise NotAResponse("the canonical address of a form is expected", "not_a_response", "questionnaire")
    if not given.startswith("#"):
        return given or None, None
    for here, contained in mappings(resource, "contained", None, "a contained resource"):
        if contained.get("resourceType") == "Questionnaire" and contained.get("id") == given[1:]:
            origins = a_list(contained, "derivedFrom", here)
            origin = a_text(contained, "url", here) or next((o for o in origins if isinstance(o, str)), None)
            notes.append(
                Note("questionnaire_contained", "questionnaire", "the form is contained in the response")
            )
            if origin is not None and (len(origin) > LONGEST_ADDRESS or origin.startswith("#")):
                origin = None
            return origin, contained
    return None, None


def _questionnaire(form: Mapping[str, Any] | None) -> tuple[dict[str, frozenset[str]], str | None, list[str]]:
    """Codes by linkId, address and codes of a Questionnaire."""
    if form is None:
        return {}, None, []
    if not isinstance(form, Mapping) or form.get("resourceType") != "Questionnaire":
        raise ParameterError("form: give the Questionnaire as a dictionary")
    codes: dict[str, frozenset[str]] = {}
    for place, item in parts(form, "form"):
        link = a_text(item, "linkId", place)
        own = frozenset(_taken(item, place))
        if link and own and codes.setdefault(link, own) != own:
            raise UnknownForm("a linkId appears twice in the form, with other codes", "unknown_form", place)
    origins = a_list(form, "derivedFrom", "form")
    address = a_text(form, "url", "form") or next((o for o in origins if isinstance(o, str)), None)
    return codes, address, _taken(form, "form")


def _taken(part: Mapping[str, Any], place: str) -> list[str]:
    codes = []
    for _, coding in mappings(part, "code", place, "a coding"):
        code = coding.get("code")
        if coding.get("system") in (LOINC, OWN_ITEMS, OWN_SCORES) and isinstance(code, str):
            codes.append(code)
    return codes


def _by_items(items: Sequence[Asked], codes: Mapping[str, frozenset[str]]) -> tuple[str, ...]:
    """The instruments whose items these are."""
    index = loinc.items_by_code()
    seen: dict[str, set[str]] = {}
    recognized: set[str] = set()
    for part in items:
        for code in _codes(part, codes):
            for id, item in index.get(code, {}).items():
                seen.setdefault(id, set()).add(item)
                recognized.add(code)
    if not recognized:
        raise UnknownForm(
            "the form is not known and none of its items has a LOINC code; give the Questionnaire as form=, or "
            "instrument= with items={linkId: item}",
            "unknown_form",
        )
    whole = tuple(sorted(id for id, items_of in seen.items() if len(items_of) == len(recognized)))
    if not whole:
        raise UnknownForm(
            f"it has items of several instruments ({', '.join(sorted(seen))}); give instrument= and read it "
            "once for each",
            "unknown_form",
        )
    return whole


def _chosen(
    candidates: tuple[str, ...],
    items: Sequence[Asked],
    codes: Mapping[str, frozenset[str]],
    edition: str | None,
    address: str | None,
    notes: list[Note],
) -> str:
    """The one instrument, by what says the edition: the caller, item codes, the address, codes of scores."""
    all_codes = {code for item in items for code in _codes(item, codes)}
    for code in sorted(all_codes & set(_known.foreign_items())):
        other, known = _known.foreign_items()[code]
        if known & set(candidates):
            raise UnknownForm(
                f"an item is of edition {other}, which the library does not have", "edition_unknown"
            )
    candidates = tuple(id for id in candidates if not _only_longer(id, candidates, all_codes))
    if edition is not None:
        kept = tuple(id for id in candidates if definition(id).edition == edition)
        if not kept:
            raise UnknownForm(
                f"no edition of that name; there are {_editions(candidates)}", "edition_unknown"
            )
        candidates = kept
    if len(candidates) > 1 and address:
        plain = address.lower()
        kept = tuple(id for id in candidates if definition(id).edition.lower() in plain)
        if len(kept) == 1:
            said = f"edition {definition(kept[0]).edition}: so says the address"
            notes.append(Note("edition_decided", "questionnaire", said))
            candidates = kept
    if len(candidates) > 1:
        kept = candidates
        for code in sorted(all_codes):
            having = [id for id in kept if id in _known.scales_by_loinc().get(code, {})]
            kept = tuple(having) or kept
        if len(kept) == 1:
            said = f"edition {definition(kept[0]).edition}: so say the codes of its scores"
            notes.append(Note("edition_decided", None, said))
            candidates = kept
    if len(candidates) != 1:
        raise UnknownForm(
            f"it may be {_editions(candidates)}, which score differently; give edition= or instrument=",
            "edition_unknown",
        )
    return candidates[0]


def _only_longer(id: str, candidates: Sequence[str], codes: set[str]) -> bool:
    """Whether the form is another one of the same edition with more items, of which none is here."""
    own, mine = _known.item_codes(id), definition(id)
    return any(
        set(definition(other).item_ids) < set(mine.item_ids)
        and definition(other).edition == mine.edition
        and not any(own[code] not in definition(other).item_ids for code in codes if code in own)
        for other in candidates
        if other != id
    )


def _last(address: str) -> str:
    return address.partition("|")[0].rstrip("/").rpartition("/")[2]


def _editions(ids: Sequence[str]) -> str:
    return " or ".join(f"{id} (edition {definition(id).edition})" for id in ids)
