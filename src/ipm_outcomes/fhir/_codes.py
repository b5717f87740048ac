"""The addresses and codes of FHIR that the reader and the writers share, and the library's own where none is public."""

from __future__ import annotations

LOINC = "http://loinc.org"
UCUM = "http://unitsofmeasure.org"

ORDINAL = "http://hl7.org/fhir/StructureDefinition/ordinalValue"
WEIGHT = "http://hl7.org/fhir/StructureDefinition/itemWeight"
CO_VALUE = "http://hl7.org/fhir/StructureDefinition/iso21090-CO-value"
ORDINALS = frozenset({ORDINAL, WEIGHT, CO_VALUE})
"""Extensions that hold the number of an answer: of R4, of R5 (also used in R4), and of STU3."""

ABSENT_SYSTEM = "http://terminology.hl7.org/CodeSystem/data-absent-reason"
ABSENT_EXTENSION = "http://hl7.org/fhir/StructureDefinition/data-absent-reason"

SDC = "http://hl7.org/fhir/uv/sdc/StructureDefinition/"
CALCULATED = SDC + "sdc-questionnaire-calculatedExpression"
EXTRACT = SDC + "sdc-questionnaire-observationExtract"
VARIABLE = "http://hl7.org/fhir/StructureDefinition/variable"
UNIT = "http://hl7.org/fhir/StructureDefinition/questionnaire-unit"

CATEGORY = "http://terminology.hl7.org/CodeSystem/observation-category"
PCO_SCORE = "http://hl7.org/fhir/us/pco/StructureDefinition/pco-prom-score-observation"
US_CORE_SCREENING = "http://hl7.org/fhir/us/core/StructureDefinition/us-core-observation-screening-assessment"

OWN = "https://ipm-outcomes.example"
OWN_QUESTIONNAIRE = f"{OWN}/Questionnaire/"
OWN_ITEMS = f"{OWN}/CodeSystem/items"
OWN_ANSWERS = f"{OWN}/CodeSystem/answers"
OWN_SCORES = f"{OWN}/CodeSystem/scores"
OWN_BANDS = f"{OWN}/CodeSystem/bands"
OWN_FLAGS = f"{OWN}/CodeSystem/flags"
OWN_RULES = f"{OWN}/CodeSystem/missing-rules"
OWN_PARTS = f"{OWN}/CodeSystem/parts"
OWN_ABSENT = f"{OWN}/CodeSystem/absent"
OWN_INSTRUMENTS = f"{OWN}/CodeSystem/instruments"
OWN_ASKED = f"{OWN}/CodeSystem/missing-rules-asked"
OWN_DIGESTS = f"{OWN}/CodeSystem/definition-digests"
OWN_LIBRARY = f"{OWN}/CodeSystem/library-versions"
"""Code systems of this library, for what has no public code."""


def spelled(*parts: str) -> str:
    """A code of our own: ids joined by hyphens.

    >>> spelled("pcs", "q1")
    'pcs-q1'
    """
    return "-".join(part.replace("_", "-") for part in parts)
