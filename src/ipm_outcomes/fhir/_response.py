"""One QuestionnaireResponse as a response of the library."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction
from typing import Any, Literal

from ipm_outcomes import responses as classes
from ipm_outcomes._fence import fenced
from ipm_outcomes.catalog import instrument as definition
from ipm_outcomes.definition import plain_label
from ipm_outcomes.errors import ParameterError, choice, number_of
from ipm_outcomes.fhir._answer import Options, Outcome, Reader
from ipm_outcomes.fhir._errors import NotAResponse, Note, Problem, UnknownForm, WrongAnswers
from ipm_outcomes.fhir._form import Form, form_of
from ipm_outcomes.fhir._json import a_mapping, a_text, values
from ipm_outcomes.fhir._walk import Asked, asked
from ipm_outcomes.responses import CLASSES, Response
from ipm_outcomes.scores import Score

LONGEST_TEXT = 2_000
KINDS = frozenset(
    (
        *("AllergyIntolerance", "Appointment", "CarePlan", "CareTeam", "Communication", "Condition"),
        *("Consent", "Coverage", "Device", "DiagnosticReport", "DocumentReference", "Encounter"),
        *("EpisodeOfCare", "Goal", "Group", "Immunization", "Location", "Medication", "MedicationRequest"),
        *("Observation", "Organization", "Patient", "Practitioner", "PractitionerRole", "Procedure"),
        *("Provenance", "Questionnaire", "RelatedPerson", "ServiceRequest", "Task"),
    )
)
"""Other resources that come along with responses, and that a message may name."""
STATUS = ("in-progress", "completed", "amended", "entered-in-error", "stopped")


@dataclass(frozen=True)
class Recorded:
    """A score recorded in a resource: for comparison, never the score.

    Attributes
    ----------
    scale : str
        Id of the scale.
    value : float
        As recorded.
    place : str
        Where.
    instruments : tuple of str
        Ids of the instruments that it may be of: editions can share a code.

    Examples
    --------
    >>> from ipm_outcomes import fhir
    >>> total = {"resourceType": "Observation", "status": "final", "valueQuantity": {"value": 12},
    ...          "code": {"coding": [{"system": "http://loinc.org", "code": "44261-6"}]}}
    >>> recorded = fhir.recorded(total)
    >>> recorded[0].scale, recorded[0].value
    ('total', 12)
    """

    scale: str
    value: float
    place: str
    instruments: tuple[str, ...] = ()


@dataclass(frozen=True)
class ReadResponse:
    """What was read of one QuestionnaireResponse.

    Attributes
    ----------
    answers : Response
        The typed response, ready for `ipm_outcomes.score`.
    instrument : str
        Id of the instrument.
    problems : tuple of Problem
        Answers that were not taken; always empty unless ``invalid="null"``.
    notes : tuple of Note
        What was seen or decided on the way.
    recorded : tuple of Recorded
        Scores recorded in the resource.
    reasons : mapping of str to str
        Why an item has no answer, where the resource says so: item id and HL7's code.
    status : str or None
        Of the resource.
    authored, subject : str or None
        When, and of whom; kept as they are, and never part of a message or of ``repr``.

    Examples
    --------
    >>> from ipm_outcomes import fhir
    >>> item = {"linkId": "/75893-8", "answer": [{"valueDecimal": 5.0}]}
    >>> resource = {"resourceType": "QuestionnaireResponse", "status": "completed", "item": [item]}
    >>> result = fhir.response(resource, "peg")
    >>> result.instrument, result.answers.pain, result.status
    ('peg', 5, 'completed')
    """

    answers: Response[Any] = field(repr=False)
    instrument: str
    problems: tuple[Problem, ...] = ()
    notes: tuple[Note, ...] = ()
    recorded: tuple[Recorded, ...] = field(default=(), repr=False)
    reasons: Mapping[str, str] = field(default_factory=dict, repr=False)
    status: str | None = None
    authored: str | None = field(default=None, repr=False)
    subject: str | None = field(default=None, repr=False)


@fenced
def response(
    resource: Mapping[str, Any],
    instrument: str | None = None,
    *,
    form: Mapping[str, Any] | None = None,
    edition: str | None = None,
    items: Mapping[str, str] | None = None,
    labels: Literal["refuse", "accept"] | Mapping[str, int] = "refuse",
    ordinal: Literal["witness", "trust"] = "witness",
    invalid: Literal["raise", "null"] = "raise",
) -> ReadResponse:
    """Read one QuestionnaireResponse (FHIR R4) as a response of the library.

    Which item a linkId is, is determined by its LOINC code, by the Questionnaire, or by what is known of the maker's
    form; never by its number or its order. The item's own answers decide what a code means. A number beside an answer
    (itemWeight, ordinalValue) and a recorded total are compared, and never the score.

    Parameters
    ----------
    resource
        The resource as a dictionary, as `json.loads` gives it.
    instrument
        Id of the instrument; None: determined by the address of the form, else by the LOINC codes of its items.
    form
        The Questionnaire, where linkIds say nothing by themselves.
    edition
        Edition of the instrument, such as ``"v2.1"``, where the resource does not say it.
    items
        What linkIds stand for, as a mapping from linkId to item id.
    labels
        ``"refuse"``: a label in the place of a code is no answer. ``"accept"``: labels of the item as the definition
        has them are. A mapping from further labels to answers: these as well.
    ordinal
        ``"witness"``: a number beside a code that says something else is an error. ``"trust"``: it is the answer.
    invalid
        ``"raise"``: an answer that is none is an error. ``"null"``: the item counts as not answered, and the problem
        is in ``problems``.

    Returns
    -------
    ReadResponse
        ``answers`` is the typed response; ``recorded``, ``notes`` and ``problems`` say what else was seen.

    Raises
    ------
    fhir.NotAResponse
        It is no QuestionnaireResponse that can be read, or it was entered in error.
    fhir.UnknownForm
        Instrument, edition or items cannot be determined; the message says what settles it.
    fhir.WrongAnswers
        Answers that are none, or that contradict themselves; ``problems`` has all of them with their places.
    UnknownNameError, ParameterError
        An argument is outside what it may be.

    Notes
    -----
    HL7 FHIR R4, QuestionnaireResponse, and Structured Data Capture 4.0.0. All these errors but the last two are
    `ipm_outcomes.errors.InputError`, with ``code`` and ``place``.

    Examples
    --------
    >>> from ipm_outcomes import fhir, score
    >>> item = {"linkId": "/75893-8", "answer": [{"valueDecimal": 5.0}]}
    >>> read = fhir.response({"resourceType": "QuestionnaireResponse", "status": "completed",
    ...     "questionnaire": "http://loinc.org/q/91148-7", "item": [item]})
    >>> read.instrument, read.answers.pain, score(read.answers).mean.absent.code
    ('peg', 5, 'too_few_answers')
    """
    options = options_of(labels, ordinal, invalid)
    checked = _of_response(resource)
    notes = _status(checked)
    parts = list(asked(checked))
    of = form_of(checked, parts, instrument=instrument, edition=edition, form=form, links=items)
    gathered = _Gathered(of, options)
    for part in parts:
        gathered.take(part)
    if gathered.problems and invalid == "raise":
        raise WrongAnswers(of.id, gathered.problems)
    gathered.finish()
    answers = _typed(of.id, gathered.codes)
    notes += of.notes + gathered.notes + _witnesses(answers, gathered.recorded)
    subject = checked.get("subject")
    return ReadResponse(
        answers,
        of.id,
        tuple(gathered.problems),
        tuple(notes),
        tuple(gathered.recorded),
        gathered.reasons,
        checked.get("status"),
        _short(a_text(checked, "authored", None)),
        _short(a_text(subject, "reference", "subject")) if isinstance(subject, Mapping) else None,
    )


def options_of(labels: object, ordinal: object, invalid: object) -> Options:
    """The options of the caller, checked."""
    choice(ordinal, ("witness", "trust"), "ordinal")
    choice(invalid, ("raise", "null"), "invalid")
    if labels == "refuse":
        return Options(None, ordinal == "trust")
    if labels == "accept":
        return Options({}, ordinal == "trust")
    if isinstance(labels, Mapping) and all(
        isinstance(label, str) and type(code) is int for label, code in labels.items()
    ):
        return Options({plain_label(label): code for label, code in labels.items()}, ordinal == "trust")
    raise ParameterError(
        "labels is 'refuse', 'accept', or a mapping from further labels to answers (whole numbers)"
    )


def _of_response(resource: object) -> Mapping[str, Any]:
    checked = a_mapping(resource, None, "a QuestionnaireResponse")
    kind = checked.get("resourceType")
    if kind != "QuestionnaireResponse":
        described = f"a resource of type {kind}" if isinstance(kind, str) and kind in KINDS else "this"
        raise NotAResponse(f"{described} is no QuestionnaireResponse", "not_a_response", "resourceType")
    return checked


def _status(resource: Mapping[str, Any]) -> list[Note]:
    status = resource.get("status")
    if status == "entered-in-error":
        raise NotAResponse("the response was entered in error", "entered_in_error", "status")
    if status in ("completed", "amended"):
        return []
    if status in STATUS:
        return [Note("not_completed", "status", f"the response is {status}")]
    return [Note("status_unknown", "status", "no status that a QuestionnaireResponse can have")]


class _Gathered:
    """What is gathered on the way through the items."""

    def __init__(self, form: Form, options: Options) -> None:
        self.form, self.options = form, options
        self.codes: dict[str, int] = {}
        self.places: dict[str, str] = {}
        self.reasons: dict[str, str] = {}
        self.problems: list[Problem] = []
        self.notes: list[Note] = []
        self.recorded: list[Recorded] = []
        self.unknown: list[str] = []
        self.seen: set[str] = set()

    def take(self, part: Asked) -> None:
        if part.mixed:
            said = "items beside answers, which FHIR does not allow (qrs-1); both were read"
            self.notes.append(Note("item_and_answer", part.place, said))
        item = self.form.item(part)
        if item is not None:
            self._item(item, part)
        elif not part.answers:
            return
        elif scale := self.form.scale(part):
            self._score(scale, part)
        elif not self.form.no_item(part):
            self.unknown.append(part.place)

    def _item(self, item: str, part: Asked) -> None:
        first = item not in self.seen
        self.seen.add(item)
        reader = Reader(self.form.id, item, self.options)
        outcomes = [
            reader.read(answer, f"{part.place}.answer[{position}]")
            for position, answer in enumerate(part.answers)
        ]
        for outcome in outcomes:
            self.notes += outcome.notes
        if bad := next((outcome.problem for outcome in outcomes if outcome.problem), None):
            self.problems.append(bad)
            return
        given = {outcome.code for outcome in outcomes if outcome.code is not None}
        if len(given) > 1:
            message = f"{number_of(len(outcomes), 'answer')} that differ, to a question with one"
            self.problems.append(Problem("several_answers", f"{part.place}.answer", item, message))
            return
        if len(outcomes) > 1:
            self.notes.append(
                Note("several_answers", f"{part.place}.answer", "answers that are equal: one is taken")
            )
        self._merge(item, part.place, given, outcomes, first)

    def _merge(self, item: str, place: str, given: set[int], outcomes: list[Outcome], first: bool) -> None:
        if not given:
            reason = next((outcome.reason for outcome in outcomes if outcome.reason), None)
            if reason:
                self.reasons[item] = reason
        for code in given:
            if item in self.codes and self.codes[item] != code:
                message = f"the item is at {self.places[item]} as well, with another answer"
                self.problems.append(Problem("duplicate_item", place, item, message))
                return
            self.codes.setdefault(item, code)
            self.places.setdefault(item, place)
        if not first:
            self.notes.append(Note("duplicate_item", place, "the item appears twice, without contradiction"))

    def _score(self, scale: str, part: Asked) -> None:
        for position, answer in enumerate(part.answers):
            place = f"{part.place}.answer[{position}]"
            value = number_in(answer, place)
            if value is None:
                self.notes.append(Note("recorded_unreadable", place, f"the recorded {scale} is no number"))
            else:
                self.recorded.append(Recorded(scale, value, place, (self.form.id,)))

    def finish(self) -> None:
        """What can be said only at the end."""
        wrong = {problem.item for problem in self.problems}
        self.codes = {item: code for item, code in self.codes.items() if item not in wrong}
        self.reasons = {item: why for item, why in self.reasons.items() if item not in self.codes}
        if self.unknown:
            count = number_of(len(self.unknown), "item")
            message = f"{count} with answers that this instrument does not have; not read"
            self.notes.append(Note("unknown_items", self.unknown[0], message))
        if self.unknown and not self.seen:
            raise UnknownForm(
                f"none of its {number_of(len(self.unknown), 'item')} with answers is one of {self.form.id}; give "
                "the Questionnaire as form=, or items={linkId: item}",
                "unknown_form",
                self.unknown[0],
            )


def number_in(part: Mapping[str, Any], place: str) -> float | None:
    """The number that a part holds as value[x], None where it holds none."""
    keys = values(part)
    if len(keys) != 1:
        return None
    value = part[keys[0]]
    if keys[0] == "valueQuantity":
        quantity = a_mapping(value, f"{place}.valueQuantity", "a quantity")
        value = quantity.get("value") if quantity.get("comparator") is None else None  # a bound is no number
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        return None
    if isinstance(value, Decimal):
        return float(value)
    return value if abs(value) < 1e15 and math.isfinite(value) else None


def _typed(id: str, codes: Mapping[str, int]) -> Response[Any]:
    instrument = definition(id)
    model: type[Response[Any]] = getattr(classes, CLASSES[id])
    return model.model_validate(
        {item: instrument.answers_of(item).answer(code) for item, code in codes.items()}
    )


def _witnesses(answers: Response[Any], recorded: list[Recorded]) -> list[Note]:
    """Lay recorded scores against those of the answers."""
    if not recorded:
        return []
    from ipm_outcomes.scoring import score

    notes = []
    scores = score(answers)
    for record in recorded:
        ours = scores.scale(record.scale)
        if not isinstance(ours, Score):
            continue
        if ours.exact is None:
            message = (
                f"{record.scale}: {record.value:g} is recorded; by the answers there is none "
                f"({ours.answered} of {ours.items} answered)"
            )
            notes.append(Note("recorded_without_score", record.place, message))
        elif not _agrees(ours.exact, record.value):
            message = f"{record.scale}: {record.value:g} is recorded; the answers give {ours.value:g}"
            notes.append(Note("recorded_differs", record.place, message))
    return notes


def _agrees(ours: Fraction, recorded: float) -> bool:
    """Whether the recorded number is ours, or ours rounded half up to as many decimals as it is written with."""
    exact = Decimal(repr(float(recorded)))
    unit = Fraction(10) ** int(exact.normalize().as_tuple().exponent)
    unit = min(unit, Fraction(1))
    rounded = math.floor(ours / unit + Fraction(1, 2)) * unit
    return Fraction(exact) in (ours, rounded)


def _short(text: str | None) -> str | None:
    """Text as it is; none that no reference or date could be."""
    return text if text is None or len(text) <= LONGEST_TEXT else None
