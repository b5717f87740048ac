"""FHIR R4: responses and forms in, forms and scores out. Dictionaries in, dictionaries out; nothing is fetched.

`response` reads one QuestionnaireResponse, `responses` many; `questionnaire` writes a form, `observations` scores.
What a resource says is read by codes and never by order or number; what contradicts itself is an error with its place.
"""

from ipm_outcomes.fhir._errors import NotAResponse, Note, Problem, UnknownForm, WrongAnswers
from ipm_outcomes.fhir._many import responses
from ipm_outcomes.fhir._observations import bundle, observations
from ipm_outcomes.fhir._questionnaire import questionnaire, questionnaire_response
from ipm_outcomes.fhir._response import ReadResponse, Recorded, response
from ipm_outcomes.fhir._scores import recorded, scores
from ipm_outcomes.fhir._view import read_view, view_definition
from ipm_outcomes.reading import Reading

__all__ = [
    "NotAResponse",
    "Note",
    "Problem",
    "ReadResponse",
    "Reading",
    "Recorded",
    "UnknownForm",
    "WrongAnswers",
    "bundle",
    "observations",
    "questionnaire",
    "questionnaire_response",
    "read_view",
    "recorded",
    "response",
    "responses",
    "scores",
    "view_definition",
]
