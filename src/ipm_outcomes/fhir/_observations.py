"""Scores out as Observations, and resources into a Bundle."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import Any, Literal
from uuid import UUID, uuid5

from ipm_outcomes._fence import fenced
from ipm_outcomes.catalog import instrument as definition
from ipm_outcomes.definition import Instrument
from ipm_outcomes.errors import ParameterError, choice
from ipm_outcomes.fhir import _known
from ipm_outcomes.fhir._codes import (
    ABSENT_SYSTEM,
    CATEGORY,
    OWN_ABSENT,
    OWN_ASKED,
    OWN_BANDS,
    OWN_DIGESTS,
    OWN_FLAGS,
    OWN_INSTRUMENTS,
    OWN_LIBRARY,
    OWN_PARTS,
    OWN_RULES,
    PCO_SCORE,
    UCUM,
    US_CORE_SCREENING,
    spelled,
)
from ipm_outcomes.fhir._values import date_time, reference
from ipm_outcomes.scores import AnyScore, CategoryScore, Flag, Provenance, Score, Scores

Profile = Literal["pco", "us-core"] | None


@fenced
def observations(
    scores: Scores,
    *,
    subject: str | Mapping[str, Any],
    effective: str | date | datetime,
    response: str | Mapping[str, Any] | None = None,
    performer: str | Mapping[str, Any] | None = None,
    profile: Profile = "pco",
) -> list[dict[str, Any]]:
    """Write the scores of one response as Observations (FHIR R4), one for each scale and one for each flag.

    A score with a number claims the profile of HL7's patient-centered outcomes guide (PCO); a score that is withheld, a
    category and a flag claim that of US Core. A withheld score has a dataAbsentReason with the reason, never a number.

    Parameters
    ----------
    scores
        What `ipm_outcomes.score` gives.
    subject
        Reference to the patient, such as ``"Patient/1"``, or a Reference.
    effective
        When the form was answered: a date, a time with its zone, or FHIR dateTime text with at least a day.
    response
        Reference to the QuestionnaireResponse that the scores are derived from.
    performer
        Reference to who answered.
    profile
        ``"pco"``, ``"us-core"`` for all, or None to claim none.

    Returns
    -------
    list of dict
        The resources; `scores` reads them back as they were.

    Raises
    ------
    ParameterError
        An argument is outside what it may be.

    Notes
    -----
    HL7 Patient-Centered Outcomes IG 1.0.0, pco-prom-score-observation; US Core, screening and assessment. Codes are
    LOINC where there is one, beside our own.

    Examples
    --------
    >>> from ipm_outcomes import PEG, fhir, score
    >>> scores = score(PEG(pain=7, enjoyment=5, activity=6))
    >>> [observation] = fhir.observations(scores, subject="Patient/1", effective="2026-03-07")
    >>> observation["valueQuantity"]["value"], observation["code"]["coding"][0]["code"]
    (6.0, '91147-9')
    """
    if not isinstance(scores, Scores):
        raise ParameterError("give scores, as ipm_outcomes.score makes them")
    if profile not in ("pco", "us-core", None):
        raise ParameterError("profile is 'pco', 'us-core' or None")
    instrument = definition(scores.provenance.instrument)
    head: dict[str, Any] = {
        "status": "final",
        "category": [{"coding": [{"system": CATEGORY, "code": "survey", "display": "Survey"}]}],
    }
    tail: dict[str, Any] = {
        "subject": reference("subject", subject),
        "effectiveDateTime": date_time("effective", effective, day=True),
    }
    if performer is not None:
        tail["performer"] = [reference("performer", performer)]
    if response is not None:
        tail["derivedFrom"] = [reference("response", response)]
    bodies = [_of_score(instrument, scores.provenance, score) for _, score in scores.scales()]
    bodies += [_of_flag(instrument, scores.provenance, flag) for flag in scores.flags]
    return [
        {"resourceType": "Observation", **_meta(profile, "valueQuantity" in body), **head, **tail, **body}
        for body in bodies
    ]


def _meta(profile: Profile, quantity: bool) -> dict[str, Any]:
    if profile is None:
        return {}
    return {"meta": {"profile": [PCO_SCORE if profile == "pco" and quantity else US_CORE_SCREENING]}}


def _of_score(instrument: Instrument, made: Provenance, score: AnyScore) -> dict[str, Any]:
    scale = instrument.scale(score.scale)
    body: dict[str, Any] = {
        "code": {"coding": _known.score_codings(instrument.id, score.scale), "text": scale.title},
        "method": _method(instrument, made, score.missing_rule),
    }
    parts = [_part("answered", valueInteger=score.answered), _part("items", valueInteger=score.items)]
    if score.absent is not None:
        coding = {"system": ABSENT_SYSTEM, "code": "unknown"}
        own = {"system": OWN_ABSENT, "code": score.absent.code}
        body["dataAbsentReason"] = {"coding": [coding, own], "text": score.absent.sentence}
        body["note"] = [
            {"text": f"No score: {score.absent.sentence} ({score.answered} of {score.items} answered)"}
        ]
    elif isinstance(score, CategoryScore):
        coding = {"system": OWN_BANDS, "code": spelled(instrument.id, score.scale, *str(score.value).split())}
        body["valueCodeableConcept"] = {"coding": [coding], "text": score.value}
    elif isinstance(score, Score):
        body["valueQuantity"] = _quantity(score.value, scale.unit)
        if score.band is not None:
            coding = {"system": OWN_BANDS, "code": spelled(instrument.id, score.scale, *score.band.split())}
            body["interpretation"] = [{"coding": [coding], "text": score.band}]
        if score.se is not None:
            parts.append(_part("standard-error", valueQuantity=_quantity(score.se, scale.unit)))
    if isinstance(score, CategoryScore):
        if score.sentence:
            body.setdefault("note", []).append({"text": score.sentence})
    else:
        # The exact value, where the number above is the nearest that binary floating point has.
        over: dict[str, Any] = {"denominator": {"value": score.denominator}}
        numerator = {} if score.numerator is None else {"numerator": {"value": score.numerator}}
        parts.append(
            _part("exact", valueRatio={**numerator, **over})
            if numerator
            else _part("exact-denominator", valueInteger=score.denominator)
        )
    return {**body, "component": parts}


def _of_flag(instrument: Instrument, made: Provenance, flag: Flag) -> dict[str, Any]:
    title = next((known.title for known in instrument.flags if known.id == flag.id), flag.id)
    coding = {"system": OWN_FLAGS, "code": spelled(*flag.state.split())}
    body: dict[str, Any] = {
        "code": {"coding": [{"system": OWN_FLAGS, "code": spelled(instrument.id, flag.id)}], "text": title},
        "method": _method(instrument, made, None),
        "valueCodeableConcept": {"coding": [coding], "text": flag.state},
        "note": [{"text": flag.sentence}],
    }
    if flag.answer is not None:
        code = {"coding": [_known.item_coding(instrument.id, flag.item)]}
        body["component"] = [{"code": code, "valueInteger": flag.answer}]
    return body


def _quantity(value: float | None, unit: str | None) -> dict[str, Any]:
    return {"value": value, "unit": unit or "score", "system": UCUM, "code": "{score}"}


def _part(code: str, **value: Any) -> dict[str, Any]:
    return {
        "code": {"coding": [{"system": OWN_PARTS, "code": code}], "text": code.replace("-", " ")},
        **value,
    }


def _method(instrument: Instrument, made: Provenance, rule: str | None) -> dict[str, Any]:
    codes = [
        (OWN_INSTRUMENTS, made.instrument),
        (OWN_RULES, rule),
        (OWN_ASKED, made.missing),
        (OWN_DIGESTS, made.digest),
        (OWN_LIBRARY, made.library),
    ]
    by = f"missing rule {rule}, " if rule else ""
    return {
        "coding": [{"system": system, "code": code} for system, code in codes if code],
        "text": f"{instrument.title}, {made.edition}; {by}definition {made.digest[:12]}, ipm-outcomes {made.library}",
    }


@fenced
def bundle(
    resources: Iterable[Mapping[str, Any]], type: Literal["transaction", "collection"] = "transaction"
) -> dict[str, Any]:
    """Put resources into a Bundle (FHIR R4).

    Parameters
    ----------
    resources
        Resources as dictionaries.
    type
        ``"transaction"``: a resource with an id is put under it, another is created; ``"collection"``: no requests.

    Returns
    -------
    dict
        The Bundle. ``fullUrl`` is made from the content, so that the same resources give the same Bundle.

    Raises
    ------
    ParameterError
        What was given are no resources, or the type is another.

    Examples
    --------
    >>> from ipm_outcomes import PEG, fhir
    >>> made = fhir.bundle([fhir.questionnaire_response(PEG(pain=7))])
    >>> made["entry"][0]["request"]
    {'method': 'POST', 'url': 'QuestionnaireResponse'}
    """
    choice(type, ("transaction", "collection"), "type")
    entries = []
    for position, resource in enumerate(resources):
        kind = resource.get("resourceType") if isinstance(resource, Mapping) else None
        if not isinstance(kind, str):
            raise ParameterError(f"resources[{position}] is no resource: it has no resourceType")
        content = json.dumps(resource, sort_keys=True, default=str)
        entry: dict[str, Any] = {
            "fullUrl": f"urn:uuid:{uuid5(_SPACE, f'{position} {content}')}",
            "resource": dict(resource),
        }
        if type == "transaction":
            id = resource.get("id")
            entry["request"] = (
                {"method": "PUT", "url": f"{kind}/{id}"} if id else {"method": "POST", "url": kind}
            )
        entries.append(entry)
    return {"resourceType": "Bundle", "type": type, "entry": entries}


_SPACE = UUID("6f0c0a4e-6a2b-5d0e-9a55-2c9d8f1b7a10")
