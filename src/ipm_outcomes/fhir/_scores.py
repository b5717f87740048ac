"""Scores in Observations: those of any maker for comparison, our own back as they were."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any, Final

from ipm_outcomes import _loinc as loinc
from ipm_outcomes import responses as classes
from ipm_outcomes._fence import fenced
from ipm_outcomes.catalog import instrument as definition
from ipm_outcomes.catalog import instruments
from ipm_outcomes.definition import Instrument
from ipm_outcomes.errors import InputError, ParameterError
from ipm_outcomes.fhir import _known
from ipm_outcomes.fhir._codes import (
    LOINC,
    OWN_ABSENT,
    OWN_ASKED,
    OWN_DIGESTS,
    OWN_FLAGS,
    OWN_INSTRUMENTS,
    OWN_LIBRARY,
    OWN_PARTS,
    OWN_RULES,
    OWN_SCORES,
    spelled,
)
from ipm_outcomes.fhir._errors import NotAResponse
from ipm_outcomes.fhir._json import a_list, a_mapping, a_text, joined, mappings
from ipm_outcomes.fhir._response import Recorded, number_in
from ipm_outcomes.responses import CLASSES
from ipm_outcomes.scores import Absent, AnyScore, CategoryScore, Flag, Provenance, Score, Scores
from ipm_outcomes.scoring import _provenance as provenance_of
from ipm_outcomes.tables import ScaleTable, tables

SCORE_UNITS = frozenset({"{score}", "1", "{T-score}", "{T-Score}"})
RAISED: Final = "raised"
NOT_ANSWERED: Final = "not answered"


@fenced
def recorded(observation: Mapping[str, Any]) -> tuple[Recorded, ...]:
    """Read the scores that an Observation of any maker records: for comparison with the answers.

    Looked for are LOINC codes of scores (and of a panel whose one score it is) on the Observation and its components,
    with a number as Quantity, integer or decimal.

    Parameters
    ----------
    observation
        The resource as a dictionary.

    Returns
    -------
    tuple of Recorded
        Empty where no code is known; ``instruments`` names all that share the code.

    Raises
    ------
    fhir.NotAResponse
        It is no Observation, or it was entered in error.
    InputError
        The number has a unit that no score has, or is a bound.

    Examples
    --------
    >>> from ipm_outcomes import fhir
    >>> code = {"coding": [{"system": "http://loinc.org", "code": "70274-6"}]}
    >>> observation = {"resourceType": "Observation", "status": "final", "code": code, "valueInteger": 12}
    >>> [score] = fhir.recorded(observation)
    >>> score.instruments, score.scale, score.value
    (('gad7',), 'total', 12)
    """
    given = _observation(observation, None)
    read = []
    for place, part in [("", given), *mappings(given, "component", None, "a component")]:
        by = _scales(part, place)
        if by:
            _check_unit(part, place)
        number = number_in(part, place)
        if number is None:
            continue
        for scale in dict.fromkeys(by.values()):
            ids = tuple(sorted(id for id, its in by.items() if its == scale))
            read.append(Recorded(scale, number, place or "value", ids))
    return tuple(read)


def _observation(given: object, place: str | None) -> Mapping[str, Any]:
    observation = a_mapping(given, place, "an Observation")
    if observation.get("resourceType") != "Observation":
        raise NotAResponse("this is no Observation", "not_a_response", place)
    if observation.get("status") in ("entered-in-error", "cancelled"):
        raise NotAResponse("its status says that it does not hold", "entered_in_error", place)
    return observation


def _codings(part: Mapping[str, Any], key: str, place: str) -> list[tuple[str, str]]:
    concept = part.get(key)
    if concept is None:
        return []
    here = joined(place, key)
    coded = list(mappings(a_mapping(concept, here, "a concept"), "coding", here, "a coding"))
    return [(a_text(coding, "system", here) or "", a_text(coding, "code", here) or "") for _, coding in coded]


def _scales(part: Mapping[str, Any], place: str) -> dict[str, str]:
    """Instruments with the scale that the codes of a part stand for."""
    for system, code in _codings(part, "code", place):
        if system not in (LOINC, ""):
            continue
        if code in _known.scales_by_loinc():
            return _known.scales_by_loinc()[code]
        whole = {id: definition(id).lead_scale for id in loinc.panels().get(code, ())}
        if whole and all(_is_whole(id) for id in whole):
            return {id: scale.id for id, scale in whole.items()}
    return {}


def _is_whole(id: str) -> bool:
    """Whether the leading score is that of all scored items, so that the code of the form can stand for it."""
    instrument = definition(id)
    return set(instrument.lead_scale.items) == {item.id for item in instrument.items if not item.unscored}


def _check_unit(part: Mapping[str, Any], place: str) -> None:
    quantity = part.get("valueQuantity")
    if not isinstance(quantity, Mapping):
        return
    here = joined(place, "valueQuantity")
    if quantity.get("code") is not None and quantity["code"] not in SCORE_UNITS:
        raise InputError("the unit is none of a score", "unit_unknown", here)
    if quantity.get("comparator") is not None:
        raise InputError("the number is a bound and no score", "unit_unknown", here)


@fenced
def scores(observations: Sequence[Mapping[str, Any]]) -> Scores:
    """Read the scores of one response back from the Observations that `observations` wrote.

    Parameters
    ----------
    observations
        The resources, in any order; others among them are left alone.

    Returns
    -------
    Scores
        As they were written. Where the definition has changed since, ``provenance`` names no sources.

    Raises
    ------
    InputError
        A scale is missing or appears twice, they are of several instruments, or the definition never gives
        such a value.

    Examples
    --------
    >>> from ipm_outcomes import PEG, fhir, score
    >>> ours = score(PEG(pain=7, enjoyment=5, activity=6))
    >>> fhir.scores(fhir.observations(ours, subject="Patient/1", effective="2026-03-07")) == ours
    True
    """
    if isinstance(observations, Mapping | str | bytes):
        raise ParameterError("give a list of Observations")
    by_scale: dict[str, AnyScore] = {}
    flags: list[Flag] = []
    made: Provenance | None = None
    for position, given in enumerate(observations):
        place = f"[{position}]"
        if not isinstance(given, Mapping) or given.get("resourceType") != "Observation":
            continue
        codes = dict(_codings(given, "code", place))
        if not codes.keys() & {OWN_SCORES, OWN_FLAGS}:
            continue
        observation = _observation(given, place)
        method = dict(_codings(observation, "method", place))
        own = _provenance(method, place)
        if made is not None and own != made:
            raise InputError("the scores are not of one response, scored once", "several_responses", place)
        made = own
        if OWN_FLAGS in codes:
            flags.append(_flag(definition(own.instrument), codes[OWN_FLAGS], observation, place))
            continue
        scale = _known.scale_codes(own.instrument).get(codes[OWN_SCORES])
        if scale is None or scale in by_scale:
            raise InputError(
                "the scale appears twice, or is none of the instrument", "duplicate_scale", place
            )
        by_scale[scale] = _score(own, scale, method.get(OWN_RULES, ""), observation, place)
    if made is None:
        raise InputError("none of them is an Observation that this library wrote", "not_a_response")
    model: type[Scores] = getattr(classes, CLASSES[made.instrument]).scores_class
    if absent := [scale for scale in model.scale_ids if scale not in by_scale]:
        raise InputError(f"the scale {absent[0]} is missing", "scale_missing")
    order = [flag.id for flag in definition(made.instrument).flags]
    flags.sort(key=lambda flag: order.index(flag.id))
    in_order: Any = {scale: by_scale[scale] for scale in model.scale_ids}
    return model(flags=tuple(flags), provenance=made, **in_order)


def _provenance(method: Mapping[str, str], place: str) -> Provenance:
    id = method.get(OWN_INSTRUMENTS)
    asked = method.get(OWN_ASKED, "default")
    if id not in instruments() or (asked != "default" and asked not in definition(id).missing_rules):
        raise InputError(
            "how the score was made is not reported by its method", "method_unknown", f"{place}.method"
        )
    instrument = definition(id)
    today = provenance_of(instrument, None if asked == "default" else asked)
    digest = method.get(OWN_DIGESTS, "")
    same = digest == instrument.digest
    return Provenance(
        id,
        instrument.edition,
        digest,
        asked,
        method.get(OWN_LIBRARY, ""),
        today.sources if same else (),
        today.unverified if same else (),
    )


def _score(made: Provenance, scale: str, rule: str, observation: Mapping[str, Any], place: str) -> AnyScore:
    parts = _parts(observation, place)
    answered, items = parts.get("answered"), parts.get("items")
    if type(answered) is not int or type(items) is not int:
        raise InputError("how many were answered is not reported", "score_contradicts", f"{place}.component")
    absent = None
    if (reason := observation.get("dataAbsentReason")) is not None:
        own = dict(_codings(observation, "dataAbsentReason", place)).get(OWN_ABSENT, "")
        absent = Absent(own, a_text(a_mapping(reason, place, "a reason"), "text", place) or "")
    texts = [
        a_text(a_mapping(note, place, "a note"), "text", place) or ""
        for note in a_list(observation, "note", place)
    ]
    if definition(made.instrument).scale(scale).categorical:
        concept = observation.get("valueCodeableConcept")
        word = None if concept is None else a_text(a_mapping(concept, place, "a concept"), "text", place)
        notes = "".join(texts[1:] if absent else texts)  # the first says why there is none
        read: AnyScore = CategoryScore(scale, word, answered, items, rule, absent, notes)
    else:
        _check_unit(observation, place)
        value = number_in(observation, place)
        ratio = parts.get("exact")
        numerator, denominator = ratio if isinstance(ratio, tuple) else (None, parts.get("exact-denominator"))
        bands = a_list(observation, "interpretation", place)
        band = a_text(a_mapping(bands[0], place, "an interpretation"), "text", place) if bands else None
        se = parts.get("standard-error")
        if type(denominator) is not int or denominator < 1 or (value is None) != (numerator is None):
            raise InputError("the exact value is missing", "score_contradicts", f"{place}.component")
        if numerator is not None and float(Fraction(numerator, denominator)) != value:
            raise InputError("the value and the exact value differ", "score_contradicts", place)
        read = Score(
            scale,
            None if value is None else float(value),
            band,
            None if not isinstance(se, float | int) else float(se),
            answered,
            items,
            rule,
            absent,
            numerator,
            denominator,
        )
    _check(made, read, place)
    return read


def _check(made: Provenance, read: AnyScore, place: str) -> None:
    """A score that the same definition can never give is refused."""
    instrument = definition(made.instrument)
    if made.digest != instrument.digest:
        return
    table = tables(instrument, None if made.missing == "default" else made.missing)[read.scale]
    if isinstance(table, ScaleTable) and instrument.scale(read.scale).se_item is None:
        cells = table.cells[read.answered] if 0 <= read.answered < len(table.cells) else {}
        if read not in cells.values():
            raise InputError("the definition never gives this score", "score_contradicts", place)


def _parts(observation: Mapping[str, Any], place: str) -> dict[str, Any]:
    read: dict[str, Any] = {}
    for here, part in mappings(observation, "component", place, "a component"):
        name = dict(_codings(part, "code", here)).get(OWN_PARTS)
        if name is None:
            continue
        ratio = part.get("valueRatio")
        if ratio is not None:
            both = a_mapping(ratio, here, "a ratio")
            ends = [
                a_mapping(both.get(end), f"{here}.valueRatio", "a ratio's end").get("value")
                for end in ("numerator", "denominator")
            ]
            if any(isinstance(end, bool) or not isinstance(end, int) for end in ends):
                raise InputError("the exact value is no ratio of whole numbers", "score_contradicts", here)
            read[name] = tuple(ends)
        else:
            read[name] = number_in(part, here)
    return read


def _flag(instrument: Instrument, code: str, given: Mapping[str, Any], place: str) -> Flag:
    by = {spelled(instrument.id, flag.id): flag for flag in instrument.flags}
    if code not in by:
        raise InputError("the instrument has no such flag", "score_contradicts", place)
    flag = by[code]
    concept = given.get("valueCodeableConcept")
    state = None if concept is None else a_text(a_mapping(concept, place, "a concept"), "text", place)
    answer = None
    for _, component in mappings(given, "component", place, "a component"):
        answer = number_in(component, place)
    if state == NOT_ANSWERED:
        return Flag(flag.id, NOT_ANSWERED, flag.item, None, flag.sentence_unanswered)
    if state != RAISED:
        raise InputError("the state of the flag is not known", "score_contradicts", place)
    return Flag(flag.id, RAISED, flag.item, None if answer is None else int(answer), flag.sentence)
