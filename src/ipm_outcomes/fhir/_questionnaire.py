"""Forms out: a Questionnaire from a definition, and a QuestionnaireResponse from a response."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from ipm_outcomes._fence import fenced
from ipm_outcomes.catalog import instrument as definition
from ipm_outcomes.definition import Instrument, Scale
from ipm_outcomes.errors import ParameterError, choice
from ipm_outcomes.fhir import _known
from ipm_outcomes.fhir._codes import (
    CALCULATED,
    EXTRACT,
    LOINC,
    ORDINAL,
    OWN_QUESTIONNAIRE,
    UCUM,
    UNIT,
    VARIABLE,
    WEIGHT,
)
from ipm_outcomes.fhir._values import date_time, reference
from ipm_outcomes.responses import Response

MOST_LISTED = 21
"""A range of at most so many numbers is written as options."""


@fenced
def questionnaire(
    id: str, *, total: bool = True, extract: bool = True, url: str | None = None
) -> dict[str, Any]:
    """Write the form of an instrument as a Questionnaire (FHIR R4, Structured Data Capture).

    The number of each answer is in ordinalValue and itemWeight. A total is calculated only where it is the plain
    sum of the numbers, and only from all answers: a blank gives no total, never a 0. The wording of items is there only
    where its owner has freed it; else a neutral description, see ``license`` of the definition.

    Parameters
    ----------
    id
        Id of the instrument.
    total
        Whether sums are calculated in the form.
    extract
        Whether items and totals with a LOINC code are marked for extraction as Observations.
    url
        Canonical address of the form; None: our own, by which `response` knows it.

    Returns
    -------
    dict
        The resource, ready for `json.dumps`.

    Raises
    ------
    UnknownNameError
        There is no such instrument.

    Notes
    -----
    HL7 FHIR R4; Structured Data Capture 4.0.0 (calculatedExpression, variable, observationExtract).

    Examples
    --------
    >>> from ipm_outcomes import fhir
    >>> form = fhir.questionnaire("phq9")
    >>> form["item"][0]["linkId"], form["item"][0]["text"]
    ('44250-9', 'Little interest or pleasure in doing things')
    """
    instrument = definition(id)
    if url is not None and not isinstance(url, str):
        raise ParameterError("url: give the canonical address as text")
    sums = [scale for scale in instrument.scales if total and _plain_sum(instrument, scale)]
    marked = [{"url": EXTRACT, "valueBoolean": True}] if extract else []
    items = [_item(instrument, n, item.id, marked) for n, item in enumerate(instrument.items, 1)]
    form: dict[str, Any] = {
        "resourceType": "Questionnaire",
        "url": url or OWN_QUESTIONNAIRE + instrument.id,
        "version": _version(instrument),
        "name": instrument.class_name,
        "title": instrument.title,
        "status": "active",
        "subjectType": ["Patient"],
        "copyright": instrument.notice or instrument.license.statement,
    }
    if sums:
        # Without an answer the number is empty.
        needed = dict.fromkeys(item for scale in sums for item in scale.items)
        form["extension"] = [_variable(_name(instrument, item), _weight(instrument, item)) for item in needed]
    if instrument.loinc and instrument.loinc.panel:
        form["code"] = [{"system": LOINC, "code": instrument.loinc.panel}]
    return {**form, "item": items + [_total(instrument, scale, marked) for scale in sums]}


def _version(instrument: Instrument) -> str:
    """The edition as an address can hold it."""
    return re.sub(r"[^\w.]+", "-", instrument.edition)


def _item(instrument: Instrument, number: int, item: str, marked: list[dict[str, Any]]) -> dict[str, Any]:
    asked, listed = instrument.item(item), instrument.answers_of(item)
    written: dict[str, Any] = {
        "linkId": _known.link_id(instrument.id, item),
        "code": [_known.item_coding(instrument.id, item)],
        "prefix": str(number),
        "text": asked.wording or asked.gist,
        "type": "choice" if not listed.numeric else "integer" if listed.per_unit == 1 else "decimal",
        "required": False,
        "repeats": False,
    }
    if marked and asked.loinc:
        written["extension"] = marked
    if not listed.numeric:
        codes = _known.item_answers(instrument.id, item).written
        written["answerOption"] = [
            {
                "extension": [{"url": ORDINAL, "valueDecimal": option.code}],
                "valueCoding": {
                    "extension": [{"url": WEIGHT, "valueDecimal": option.code}],
                    "system": codes[option.code][0],
                    "code": codes[option.code][1],
                    "display": option.label,
                },
            }
            for option in listed.options
        ]
    elif listed.per_unit == 1 and listed.highest - listed.lowest < MOST_LISTED:
        written["answerOption"] = [{"valueInteger": code} for code in listed.codes]
    return written


def _plain_sum(instrument: Instrument, scale: Scale) -> bool:
    """Whether the score is the sum of the numbers of its answers, and of more than one."""
    return (
        scale.kind == "sum"
        and scale.step == 1
        and len(scale.items) > 1
        and all(
            (listed := instrument.answers_of(item)).per_unit == 1
            and listed.highest <= 100
            and all(worth == code for code, worth in instrument.points(item, scale).items())
            for item in scale.items
        )
    )


def _name(instrument: Instrument, item: str) -> str:
    """The variable of an item, by its number on the form: a name in FHIR has no underscore."""
    return f"w{instrument.item_ids.index(item) + 1}"


def _weight(instrument: Instrument, item: str) -> str:
    link = f"linkId = '{_known.link_id(instrument.id, item)}'"
    given = f"%resource.item.where({link}).answer.value"
    if instrument.answers_of(item).numeric:
        return given
    return (
        f"%questionnaire.item.where({link}).answerOption.where(value.code = {given}.code)"
        f".extension.where(url = '{ORDINAL}').value"
    )


def _total(instrument: Instrument, scale: Scale, marked: list[dict[str, Any]]) -> dict[str, Any]:
    names = [f"%{_name(instrument, item)}" for item in scale.items]
    answered = " + ".join(f"{name}.count()" for name in names)
    # Without the condition a form that starts anew with 0 could count a blank as 0.
    expression = f"iif(({answered}) = {len(names)}, {' + '.join(names)}, {{}})"
    codings = _known.score_codings(instrument.id, scale.id)
    return {
        "linkId": _known.score_link_id(instrument.id, scale.id),
        "code": codings,
        "text": scale.title,
        "type": "decimal",
        "required": False,
        "repeats": False,
        "readOnly": True,
        "extension": [
            {
                "url": CALCULATED,
                "valueExpression": {
                    "description": f"{scale.title}; none where an answer is missing",
                    "language": "text/fhirpath",
                    "expression": expression,
                },
            },
            {"url": UNIT, "valueCoding": {"system": UCUM, "code": "{score}", "display": "score"}},
            *(marked if scale.loinc else ()),
        ],
    }


def _variable(name: str, expression: str) -> dict[str, Any]:
    value = {"name": name, "language": "text/fhirpath", "expression": expression}
    return {"url": VARIABLE, "valueExpression": value}


STATUS = ("in-progress", "completed", "amended", "stopped")


@fenced
def questionnaire_response(
    answers: Response[Any],
    *,
    subject: str | Mapping[str, Any] | None = None,
    authored: str | date | datetime | None = None,
    status: str = "completed",
    url: str | None = None,
    id: str | None = None,
) -> dict[str, Any]:
    """Write a response as a QuestionnaireResponse (FHIR R4); `response` reads it back as it was.

    Parameters
    ----------
    answers
        A response of one of the response classes.
    subject
        Reference to the patient, such as ``"Patient/1"``, or a Reference.
    authored
        When it was answered: a date, a time with its zone, or FHIR dateTime text.
    status
        ``"completed"``, ``"in-progress"``, ``"amended"`` or ``"stopped"``.
    url
        Canonical address of the form; None: that of `questionnaire`.
    id
        Logical id of the resource.

    Returns
    -------
    dict
        The resource. Questions without an answer are left out, as HL7 prefers.

    Raises
    ------
    ParameterError
        An argument is outside what it may be.

    Examples
    --------
    >>> from ipm_outcomes import PEG, fhir
    >>> resource = fhir.questionnaire_response(PEG(pain=7, activity=4), authored="2026-03-07")
    >>> fhir.response(resource).answers == PEG(pain=7, activity=4)
    True
    """
    if not isinstance(answers, Response):
        raise ParameterError("give a response such as PHQ9(q1=0, ...)")
    choice(status, STATUS, "status")
    instrument = answers.definition()
    items = []
    for item in instrument.item_ids:
        given = getattr(answers, item)
        if given is not None:
            part = {
                "linkId": _known.link_id(instrument.id, item),
                "answer": [_answer(instrument, item, given)],
            }
            items.append(part)
    optional = {
        "id": id,
        "subject": None if subject is None else reference("subject", subject),
        "authored": None if authored is None else date_time("authored", authored),
        "item": items or None,
    }
    return {
        "resourceType": "QuestionnaireResponse",
        "questionnaire": url or f"{OWN_QUESTIONNAIRE}{instrument.id}|{_version(instrument)}",
        "status": status,
        **{name: value for name, value in optional.items() if value is not None},
    }


def _answer(instrument: Instrument, item: str, given: float) -> dict[str, Any]:
    listed = instrument.answers_of(item)
    if listed.numeric:
        return {"valueInteger": given} if listed.per_unit == 1 else {"valueDecimal": given}
    option = next(option for option in listed.options if option.code == given)
    system, code = _known.item_answers(instrument.id, item).written[option.code]
    return {
        "valueCoding": {
            "extension": [{"url": WEIGHT, "valueDecimal": option.code}],
            "system": system,
            "code": code,
            "display": option.label,
        }
    }
