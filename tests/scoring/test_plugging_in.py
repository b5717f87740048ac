"""Results in Pydantic and FastAPI: fields, bodies and return types, one schema, and nothing forged read back."""

from __future__ import annotations

import asyncio
import copy
import inspect
import json
import pickle
import random
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import FrozenInstanceError
from typing import Any

import pytest
from pydantic import BaseModel, TypeAdapter, ValidationError

import ipm_outcomes as ipm
from ipm_outcomes import GAD7, PEG, PHQ9, between, responses, score
from ipm_outcomes.change import CustomChanges
from ipm_outcomes.errors import UnknownNameError
from ipm_outcomes.responses import PHQ9Changes, PHQ9Scores

IDS = ipm.instruments()
CLASSES = [(responses.CLASSES[id], kind) for id in IDS for kind in ("Scores", "Changes")]


def model(id: str, kind: str = "") -> Any:
    return getattr(responses, responses.CLASSES[id] + kind)


def random_responses(id: str, count: int) -> Iterator[Any]:
    """Complete forms, forms with gaps and blank ones, by a seed."""
    chance = random.Random(id)
    inst = ipm.instrument(id)
    for n in range(count):
        gaps = (0, 0.1, 0.5, 1)[n % 4]
        yield model(id)(
            **{
                item: inst.answers_of(item).answer(
                    chance.randint(inst.answers_of(item).lowest, inst.answers_of(item).highest)
                )
                for item in inst.item_ids
                if chance.random() >= gaps
            }
        )


@pytest.mark.parametrize("id", IDS)
def test_what_is_stored_comes_back_equal(id: str) -> None:
    Scores, Changes = model(id, "Scores"), model(id, "Changes")
    before = None
    for n, response in enumerate(random_responses(id, 500)):
        found = score(response)
        back = Scores.from_json(found.to_json())
        assert back == found
        assert hash(back) == hash(found)
        assert repr(back) == repr(found)
        if n % 50 == 0:
            assert Scores.from_dict(json.loads(json.dumps(found.to_dict()))) == found
            assert pickle.loads(pickle.dumps(found)) == copy.deepcopy(found) == found
            changes = between(before or found, back)
            assert type(changes) is Changes
            assert Changes.from_json(changes.to_json()) == changes
            assert Changes.from_dict(json.loads(json.dumps(changes.to_dict()))) == changes
            assert pickle.loads(pickle.dumps(changes)) == changes
            assert hash(changes) == hash(Changes.from_json(changes.to_json()))
        before = found


def phq9(**answers: int) -> PHQ9:
    return PHQ9(**{**{f"q{n}": 1 for n in range(1, 10)}, **answers})


def stored() -> dict[str, Any]:
    return score(phq9()).to_dict()


def test_keys_are_the_attributes_flags_first() -> None:
    scales = ["total", "phq8", "phq2", "syndrome"]
    assert list(stored()) == ["flags", "provenance", *scales]
    assert stored()["total"]["value"] == 9.0
    assert stored()["flags"][0]["id"] == "self_harm"
    changes = between(score(phq9()), score(phq9(q9=0))).to_dict()
    assert list(changes) == ["flags", "sentence", "short", "instrument", "lead", *scales]
    assert changes["short"].startswith("Item 9 cleared")


def test_results_are_frozen_and_shown() -> None:
    found = score(PEG(pain=7, enjoyment=7, activity=7))
    changes = between(found, score(PEG(pain=3, enjoyment=3, activity=3)))
    for one, name in (
        (found, "mean"),
        (found.mean, "value"),
        (changes, "mean"),
        (changes.mean, "improvement"),
    ):
        with pytest.raises(FrozenInstanceError):
            setattr(one, name, None)
    assert repr(found) == "PEGScores(mean=7)"
    assert repr(changes) == "PEGChanges(mean='PEG 7.0 to 3.0: reliably better, 4 points.')"
    assert repr(changes.mean) == (
        "ScaleChange(scale='mean', before=7.0, after=3.0, verdict='reliably better')"
    )
    assert repr(between(score(phq9()), score(phq9(q9=0)))).startswith(
        "PHQ9Changes(flags='Item 9 cleared (was"
    )
    with pytest.raises(AttributeError, match="peg has no scale 'maen'; there are mean"):
        _ = changes.maen  # type: ignore[attr-defined]
    with pytest.raises(UnknownNameError, match="there are mean"):
        changes.scale("maen")


def changed(data: dict[str, Any], place: str, value: object) -> dict[str, Any]:
    """Stored results with one thing forged."""
    forged: dict[str, Any] = copy.deepcopy(data)
    inside = forged
    *way, last = place.split(".")
    for step in way:
        inside = inside[int(step) if step.isdigit() else step]  # type: ignore[index]
    inside[last] = value
    return forged


NO_SCORE = {"code": "no_answers", "sentence": "none"}

FORGED_SCORES = [
    ("total.value", 27.0),
    ("total.value", "9"),
    ("total.value", True),
    ("total.value", None),
    ("total.numerator", 27),
    ("total.numerator", 9.0),
    ("total.numerator", None),
    ("total.denominator", 0),
    ("total.denominator", -1),
    ("total.denominator", "1"),
    ("total.se", "2"),
    ("total.se", float("nan")),
    ("total.answered", 9.0),
    ("total.answered", 10),
    ("total.answered", -1),
    ("total.absent", NO_SCORE),
    ("total.absent", ["no_answers", "none"]),
    ("total.scale", "phq8"),
    ("total.Jane Doe", 1),
    ("syndrome.value", None),
    ("syndrome.absent", NO_SCORE),
    ("flags.0.answer", None),
    ("flags.0.answer", "1"),
    ("flags.0.state", "not answered"),
    ("flags.0.state", "cleared"),
    ("flags", None),
    ("provenance.instrument", "gad7"),
    ("provenance.sources", "Jane Doe"),
    ("Jane Doe", 1),
]


@pytest.mark.parametrize(("place", "value"), FORGED_SCORES)
def test_forged_scores_are_refused(place: str, value: object) -> None:
    forged = changed(stored(), place, value)
    told = []
    for read in (
        lambda: PHQ9Scores.from_dict(forged),
        lambda: PHQ9Scores.from_json(json.dumps(forged)),
    ):
        with pytest.raises(ValidationError) as caught:
            read()
        assert caught.value.__cause__ is caught.value.__context__ is None
        told += [str(caught.value), repr(caught.value.errors()), caught.value.json()]
    assert not [text for text in told if "Jane" in text]


FORGED_CHANGES = [
    ("total.change", -5.0),
    ("total.change", "-8"),
    ("total.improvement", -8.0),
    ("total.improvement", 5.0),
    ("total.direction", "worse"),
    ("total.before", 20.0),
    ("total.before", None),
    ("total.why_not", "lost"),
    ("total.verdict", "cured"),
    ("total.scale", "phq8"),
    ("total.estimated", 0),
    ("total.reliable.limit", "6"),
    ("total.thresholds.0.met", "yes"),
    ("flags", []),
    ("sentence", "Jane Doe is cured."),
    ("short", "Jane Doe is cured."),
    ("instrument", "gad7"),
    ("lead", "phq8"),
    ("lead", "sum"),
    ("Jane Doe", 1),
]


@pytest.mark.parametrize(("place", "value"), FORGED_CHANGES)
def test_forged_changes_are_refused(place: str, value: object) -> None:
    true = between(score(phq9()), score(PHQ9(**{f"q{n}": 0 for n in range(1, 9)}, q9=1))).to_dict()
    assert PHQ9Changes.from_dict(true).total.improvement == 8
    with pytest.raises(ValidationError) as caught:
        PHQ9Changes.from_dict(changed(true, place, value))
    assert "Jane" not in str(caught.value) + repr(caught.value.errors())


def test_what_is_no_json_is_refused() -> None:
    for text in ("", "Jane Doe", '{"Jane Doe', "[]", "null", b"\xff"):
        with pytest.raises(ValidationError) as caught:
            PHQ9Scores.from_json(text)
        assert "Jane" not in str(caught.value) + repr(caught.value.errors())
    for data in (None, [], score(PEG(pain=1))):
        with pytest.raises(ValidationError):
            PHQ9Scores.from_dict(data)  # type: ignore[arg-type]


def test_between_takes_scores_that_were_stored() -> None:
    before, after = score(phq9(q9=3)), score(phq9(q9=0))
    assert between(PHQ9Scores.from_json(before.to_json()), after) == between(before, after)
    assert between(before, PHQ9Scores.from_dict(after.to_dict())).flags[0].state == "cleared"


def test_a_custom_definition_has_changes_too() -> None:
    own = ipm.instrument("phq9").model_copy(
        update={"scales": tuple(s for s in ipm.instrument("phq9").scales if s.id != "phq2")}
    )
    changes: Any = between(score(phq9()), score(phq9(q9=0)), definition=own)
    assert type(changes) is CustomChanges
    assert [name for name, _ in changes.scales()] == ["total", "phq8", "syndrome"]
    assert changes.total.improvement == 1
    assert changes.flags[0].state == "cleared"
    assert CustomChanges.from_json(changes.to_json()) == changes
    assert pickle.loads(pickle.dumps(changes)) == changes
    with pytest.raises(AttributeError, match="no scale 'phq2'"):
        _ = changes.phq2


def test_scores_are_fields_of_models() -> None:
    class Visit(BaseModel):
        scores: PHQ9Scores
        change: PHQ9Changes | None = None

    now = score(phq9())
    visit = Visit(scores=now, change=between(now, now))
    assert visit.scores is now
    assert Visit.model_validate_json(visit.model_dump_json()) == visit
    with pytest.raises(ValidationError):
        Visit.model_validate({"scores": score(GAD7(q1=1))})
    with pytest.raises(ValidationError):
        Visit.model_validate({"scores": changed(stored(), "total.value", 27.0)})


@pytest.mark.parametrize("id", IDS)
def test_schemas_say_what_the_definition_says(id: str) -> None:
    inst = ipm.instrument(id)
    items = model(id).model_json_schema()["properties"]
    for item in inst.items:
        assert items[item.id]["title"] == (item.wording or item.gist)
        assert items[item.id].get("x-loinc") == item.loinc
        assert items[item.id].get("description") == ("Not scored." if item.unscored else None)
    for kind in ("Scores", "Changes"):
        adapter = TypeAdapter(model(id, kind))
        schema = adapter.json_schema()
        assert schema == adapter.json_schema(mode="serialization")
        assert schema["type"] == "object"
        assert schema["additionalProperties"] is False
        assert schema["required"] == list(schema["properties"])
        for scale in inst.scales:
            told = schema["properties"][scale.id]
            assert told["description"].startswith(scale.title.rstrip("."))
            assert told.get("x-loinc") == scale.loinc
    assert "flags" in schema["properties"]


def test_schemas_say_what_the_attributes_are() -> None:
    told = TypeAdapter(PHQ9Scores).json_schema()
    assert told["properties"]["total"]["description"] == "PHQ-9 total, 0 to 27; higher is worse."
    assert told["properties"]["total"]["x-loinc"] == "44261-6"
    assert told["properties"]["flags"]["description"].startswith("What was flagged")
    value = told["$defs"]["Score"]["properties"]["value"]
    assert value["description"] == "The score in the scale's own unit; None exactly when `absent` says why."


def test_signatures_are_short_before_first_use() -> None:
    code = (
        "import inspect, ipm_outcomes as ipm\n"
        "from ipm_outcomes import responses\n"
        "for name in responses.CLASSES.values():\n"
        "    model = getattr(responses, name)\n"
        "    print(name, len(model.model_fields), inspect.signature(model))"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    for line in ran.stdout.splitlines():
        name, count, signature = line.split(" ", 2)
        assert len(signature) <= 40 * int(count), name
    assert str(inspect.signature(PEG)) == (
        "(*, pain: int | None = None, enjoyment: int | None = None, activity: int | None = None)"
    )


class Clinic:
    """Asks an app as a server would, without one."""

    def __init__(self, app: Any) -> None:
        self.app = app

    def ask(self, method: str, path: str, body: object = None) -> tuple[int, Any]:
        """The status, and the JSON of the answer."""
        sent: list[Any] = []
        headers = [(b"content-type", b"application/json")]
        scope = {"type": "http", "method": method, "path": path, "query_string": b"", "headers": headers}

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": json.dumps(body).encode()}

        async def send(part: dict[str, Any]) -> None:
            sent.append(part)

        asyncio.run(self.app(scope, receive, send))
        content = b"".join(part.get("body", b"") for part in sent[1:])
        return sent[0]["status"], json.loads(content)

    def post(self, path: str, body: object) -> tuple[int, Any]:
        return self.ask("POST", path, body)


@pytest.fixture(scope="module")
def clinic() -> Clinic:
    """An app that gives and takes every class."""
    fastapi = pytest.importorskip("fastapi", reason="needs fastapi, which is not installed")
    app = fastapi.FastAPI()

    def add(id: str) -> None:
        Form, Scores, Changes = model(id), model(id, "Scores"), model(id, "Changes")

        def scored(form: Form) -> Scores:  # type: ignore[valid-type]
            return score(form)

        def compared(before: Scores, form: Form) -> Changes:  # type: ignore[valid-type]
            return between(before, score(form))

        def kept(changes: Changes) -> Changes:  # type: ignore[valid-type]
            return changes

        for function in (scored, compared, kept):
            known = {"Form": Form, "Scores": Scores, "Changes": Changes}
            function.__annotations__ = {k: known[v] for k, v in function.__annotations__.items()}
            app.post(f"/{id}/{function.__name__}")(function)

    for id in IDS:
        add(id)
    return Clinic(app)


def test_fastapi_gives_and_takes_every_class(clinic: Clinic) -> None:
    _, document = clinic.ask("GET", "/openapi.json")
    names = document["components"]["schemas"]
    assert not [name for name in names if name.endswith(("-Input", "-Output"))]
    for id in IDS:
        one, two = random_responses(id, 2)
        status, answer = clinic.post(f"/{id}/scored", json.loads(one.model_dump_json()))
        assert status == 200, answer
        found = model(id, "Scores").from_dict(answer)
        assert found == score(one)
        assert list(answer)[:2] == ["flags", "provenance"]
        both = {"before": answer, "form": json.loads(two.model_dump_json())}
        status, answer = clinic.post(f"/{id}/compared", both)
        assert status == 200, answer
        assert model(id, "Changes").from_dict(answer) == between(found, score(two))
        assert clinic.post(f"/{id}/kept", answer) == (200, answer)
        for kind in ("", "Scores", "Changes"):
            assert names[responses.CLASSES[id] + kind]["type"] == "object"


# JSON has no NaN.
@pytest.mark.parametrize(("place", "value"), [one for one in FORGED_SCORES if one[1] == one[1]])
def test_fastapi_refuses_what_is_forged(place: str, value: object, clinic: Clinic) -> None:
    body = {"before": changed(stored(), place, value), "form": {"q1": 1}}
    assert clinic.post("/phq9/compared", body)[0] == 422


def test_fastapi_names_the_place_of_a_wrong_answer(clinic: Clinic) -> None:
    _, answer = clinic.post("/phq9/compared", {"before": stored(), "form": {"q1": 4}})
    (problem,) = answer["detail"]
    assert problem["loc"] == ["body", "form", "q1"]
    assert problem["type"] == "answer_not_allowed"


def test_the_openapi_document_is_valid(clinic: Clinic) -> None:
    """Every schema is one of JSON Schema 2020-12, which OpenAPI 3.1 takes, and every reference has its end."""
    jsonschema = pytest.importorskip("jsonschema", reason="needs jsonschema, which is not installed")
    _, document = clinic.ask("GET", "/openapi.json")
    assert document["openapi"].startswith("3.1")
    for schema in document["components"]["schemas"].values():
        jsonschema.Draft202012Validator.check_schema(schema)
    text = json.dumps(document)
    for name in {part.split('"')[0] for part in text.split("#/components/schemas/")[1:]}:
        assert name in document["components"]["schemas"]
    whole = {"$ref": "#/components/schemas/PHQ9Scores", "components": document["components"]}
    validator = jsonschema.Draft202012Validator(whole)
    assert not list(validator.iter_errors(stored()))
    assert list(validator.iter_errors(changed(stored(), "total.value", "9")))


def test_a_first_request_warns_of_nothing() -> None:
    """In a fresh interpreter, where no class was used before."""
    pytest.importorskip("fastapi", reason="needs fastapi, which is not installed")
    code = (
        "from fastapi import FastAPI\n"
        "from ipm_outcomes import PHQ9, between, score\n"
        "from ipm_outcomes.responses import PHQ9Changes, PHQ9Scores\n"
        "app = FastAPI()\n"
        "@app.post('/a')\n"
        "def a(form: PHQ9) -> PHQ9Scores:\n"
        "    return score(form)\n"
        "@app.post('/b')\n"
        "def b(before: PHQ9Scores, form: PHQ9) -> PHQ9Changes:\n"
        "    return between(before, score(form))\n"
        "app.openapi()\n"
    )
    ran = subprocess.run(
        [sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, check=False
    )
    assert (ran.returncode, ran.stderr) == (0, "")
