"""What can be wrong with a resource, with its place as FHIRPath writes it; never the content."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from ipm_outcomes.errors import InputError, number_of

SHOWN = 10
"""How many problems a message names."""


class Problem(NamedTuple):
    """One answer that cannot be taken.

    Attributes
    ----------
    code : str
        ``wrong_answer``, ``ordinal_contradicts``, ``display_contradicts``, ``duplicate_item`` or ``several_answers``.
    place : str
        Such as ``item[3].answer[0]``.
    item : str
        Id of the item.
    message : str
        The fact and the way out.

    Examples
    --------
    >>> from ipm_outcomes import fhir
    >>> item = {"linkId": "/75893-8", "answer": [{"valueDecimal": 55.0}]}
    >>> resource = {"resourceType": "QuestionnaireResponse", "status": "completed", "item": [item]}
    >>> result = fhir.response(resource, "peg", invalid="null")
    >>> result.problems[0].code, result.problems[0].place, result.problems[0].item
    ('wrong_answer', 'item[0].answer[0]', 'pain')
    """

    code: str
    place: str
    item: str
    message: str


class Note(NamedTuple):
    """Something that was seen or decided on the way: a stable code, the place, a sentence.

    Examples
    --------
    >>> from ipm_outcomes import fhir
    >>> item = {"linkId": "/75893-8", "answer": [{"valueDecimal": 5.0}]}
    >>> resource = {"resourceType": "QuestionnaireResponse", "status": "in-progress", "item": [item]}
    >>> [note.code for note in fhir.response(resource, "peg").notes]
    ['not_completed']
    """

    code: str
    place: str | None
    message: str


class NotAResponse(InputError):  # noqa: N818 - a name of the interface
    """What was given is no QuestionnaireResponse that can be read.

    Examples
    --------
    >>> from ipm_outcomes import fhir
    >>> try:
    ...     fhir.response({"resourceType": "Patient"})
    ... except fhir.NotAResponse as error:
    ...     print(error.code)
    not_a_response
    """


class UnknownForm(InputError):  # noqa: N818 - a name of the interface
    """Which instrument, or which edition of it, cannot be determined from the resource.

    Examples
    --------
    >>> from ipm_outcomes import fhir
    >>> item = {"linkId": "1", "answer": [{"valueInteger": 5}]}
    >>> try:
    ...     fhir.response({"resourceType": "QuestionnaireResponse", "status": "completed", "item": [item]})
    ... except fhir.UnknownForm as error:
    ...     print(error.code)
    unknown_form
    """


class WrongAnswers(InputError):  # noqa: N818 - a name of the interface
    """Answers that are none, or that contradict what is beside them.

    Attributes
    ----------
    problems : tuple of Problem
        All of them; ``code`` and ``place`` of the error are those of the first.

    Examples
    --------
    >>> from ipm_outcomes import fhir
    >>> item = {"linkId": "/75893-8", "answer": [{"valueDecimal": 55.0}]}
    >>> resource = {"resourceType": "QuestionnaireResponse", "status": "completed", "item": [item]}
    >>> try:
    ...     fhir.response(resource, "peg")
    ... except fhir.WrongAnswers as error:
    ...     print(error.code, error.place)
    wrong_answer item[0].answer[0]
    """

    def __init__(self, id: str, problems: Sequence[Problem]) -> None:
        first, more = problems[0], len(problems) - SHOWN
        lines = "; ".join(
            (f"{problem.place}: " if position else "") + f"{problem.item}: {problem.message}"
            for position, problem in enumerate(problems[:SHOWN])
        )
        lines += f"; and {number_of(more, 'more problem')}" if more > 0 else ""
        super().__init__(f"{id}: {lines}", first.code, first.place)
        self.problems = tuple(problems)
