"""Hostile resources: each ends in a reading or in one clear error, soon, in bounded memory, and tells none of its text.

A seeded generator breaks good resources in every part; the seed and the number of a case make it again.
"""

from __future__ import annotations

import copy
import json
import random
import time
import tracemalloc
from collections.abc import Callable
from itertools import islice
from pathlib import Path
from typing import Any

import pytest

from ipm_outcomes import GAD7, PEG, PHQ9, PROMIS29, fhir, score
from ipm_outcomes.errors import InputError

SECRET = "zqxjk"
SEED = 20261126
CASES = 240
SOON = 5.0
"""Seconds for a case, on a machine that is busy with other work; each takes a few milliseconds."""


def odd(rng: random.Random) -> Any:
    """A value that should not stand where it is put."""
    return rng.choice(
        [
            None,
            True,
            0,
            -1,
            4,
            1.5,
            10**40,
            float("nan"),
            float("inf"),
            1e308,
            "",
            SECRET,
            f"{SECRET} {'x' * rng.choice([1, 5_000, 300_000])}",
            "#a",
            "http://loinc.org",
            "LA6568-5",
            "44250-9",
            [],
            {},
            [[]],
            [SECRET],
            {SECRET: SECRET},
            {"value": {"Coding": {}}},
            b"\xff",
            object(),
        ]
    )


def places(value: Any, found: list[tuple[Any, Any]]) -> list[tuple[Any, Any]]:
    """Places in a resource that a value can be put into: every one, of a long list the first thousand."""
    entries = (
        value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    )
    for key, inner in list(islice(entries, 1_000)):
        found.append((value, key))
        places(inner, found)
    return found


def good(rng: random.Random) -> dict[str, Any]:
    form = rng.choice(
        [
            PHQ9(**{f"q{n}": rng.randrange(4) for n in range(1, 10)}, difficulty=1),
            GAD7(**{f"q{n}": rng.randrange(4) for n in range(1, 8)}),
            PEG(pain=rng.randrange(11), enjoyment=3),
            PROMIS29(edanx01=2, edanx40=3, global07=4),
        ]
    )
    resource = fhir.questionnaire_response(form, subject=f"Patient/{SECRET}", authored="2026-03-07", id="a")
    if rng.random() < 0.3:
        resource["questionnaire"] = "#a"
        resource["contained"] = [{**fhir.questionnaire(form.instrument_id), "id": "a"}]
    if rng.random() < 0.3:
        resource["item"] = [{"linkId": "g", "text": SECRET, "item": resource["item"]}]
    return resource


def replaced(resource: dict[str, Any], rng: random.Random) -> None:
    for _ in range(rng.randint(1, 3)):
        holder, key = rng.choice(places(resource, []))
        holder[key] = odd(rng)


def removed(resource: dict[str, Any], rng: random.Random) -> None:
    holder, key = rng.choice(places(resource, []))
    del holder[key]


def added(resource: dict[str, Any], rng: random.Random) -> None:
    holder, _ = rng.choice(places(resource, []))
    if isinstance(holder, dict):
        names = [
            "valueInteger",
            "valueString",
            "value",
            "extension",
            "item",
            "answer",
            "answerOption",
            "_valueX",
        ]
        holder[rng.choice(names)] = odd(rng)
    else:
        holder.append(odd(rng))


def doubled(resource: dict[str, Any], rng: random.Random) -> None:
    items = resource["item"]
    again = copy.deepcopy(rng.choice(items))
    items.insert(rng.randrange(len(items) + 1), again)
    if rng.random() < 0.5:
        replaced({"item": [again]}, rng)


def nested(resource: dict[str, Any], rng: random.Random) -> None:
    for _ in range(rng.choice([3, 39, 60, 5_000])):
        part = {"linkId": SECRET, "item": resource["item"]}
        if rng.random() < 0.2:
            part = {"linkId": SECRET, "answer": [{"valueString": SECRET, "item": resource["item"]}]}
        resource["item"] = [part]


def circular(resource: dict[str, Any], rng: random.Random) -> None:
    holder = rng.choice([h for h, _ in places(resource, []) if isinstance(h, dict)])
    holder[rng.choice(["item", "answer", "extension", "contained", "valueCoding"])] = rng.choice(
        [[resource], [holder], holder, resource, [holder, holder]]
    )


def self_contained(resource: dict[str, Any], rng: random.Random) -> None:
    form: dict[str, Any] = {
        "resourceType": "Questionnaire",
        "id": "a",
        "derivedFrom": ["#a"],
        "url": rng.choice(["#a", None]),
    }
    form["contained"] = [form]
    form["item"] = rng.choice([[form], [{"linkId": "1", "item": [form]}], form])
    resource["questionnaire"], resource["contained"] = "#a", [form]


def wide(resource: dict[str, Any], rng: random.Random) -> None:
    many = rng.choice([2_000, 9_999, 200_000])
    part = rng.choice(
        [
            {"linkId": SECRET},
            resource["item"][0],
            SECRET,
            {"linkId": SECRET, "answer": [{"valueString": SECRET}]},
        ]
    )
    rng.choice([resource, resource["item"][0]])["item"] = [part] * many


FAULTS: list[Callable[[dict[str, Any], random.Random], None]] = [
    *(replaced, removed, added, doubled),
    *(nested, circular, self_contained, wide),
]


def case(number: int) -> tuple[dict[str, Any], dict[str, Any]]:
    rng = random.Random(f"{SEED} {number}")
    resource = good(rng)
    for fault in [FAULTS[number % len(FAULTS)], *rng.choices(FAULTS[:4], k=rng.randrange(2))]:
        try:
            fault(resource, rng)
        except (IndexError, KeyError, TypeError, AttributeError, RecursionError):
            break  # what an earlier fault left cannot be broken further
    options: dict[str, Any] = {
        "invalid": rng.choice(["raise", "null"]),
        "ordinal": rng.choice(["witness", "trust"]),
    }
    options["labels"] = rng.choice(["refuse", "accept", {SECRET: 1}])
    options["instrument"] = rng.choice([None, None, "phq9"])
    return resource, options


def told(error: InputError) -> None:
    words = str(error)
    assert SECRET not in words
    assert len(words) < 4_000
    assert error.code
    assert (error.__cause__, error.__context__) == (None, None)


@pytest.mark.parametrize("part", range(4))
def test_a_broken_resource_ends_in_a_reading_or_in_one_clear_error(part):
    ends = {"read": 0, "refused": 0}
    for number in range(part, CASES, 4):
        resource, options = case(number)
        start = time.perf_counter()
        try:
            read = fhir.response(resource, **options)
            score(read.answers)
            ends["read"] += 1
            assert SECRET not in repr(read), number
            assert SECRET not in str([*read.notes, *read.problems]), number
        except InputError as error:
            told(error)
            ends["refused"] += 1
        assert time.perf_counter() - start < SOON, number
    assert min(ends.values()) > 5  # the faults are neither all harmless nor all fatal


def test_what_is_read_of_a_broken_resource_is_never_another_score():
    """Where a fault changed nothing that was refused, the answers that are left are those of the good resource."""
    for number in range(0, CASES, 8):
        rng = random.Random(f"{SEED} {number}")
        resource = good(rng)
        whole = fhir.response(resource).answers.model_dump()
        holder, key = rng.choice(places(resource["item"], []))
        if isinstance(holder, dict) and key in ("linkId", "code"):
            continue  # another item, or another answer, is what was said
        holder[key] = rng.choice([SECRET, None, [], {}, float("nan"), 99])
        try:
            read = fhir.response(resource, invalid="null").answers
        except InputError as error:
            told(error)
            continue
        mine = {item: answer for item, answer in read.model_dump().items() if answer is not None}
        assert {item: whole.get(item) for item in mine} == mine, number


LINES = {
    "NaN": (
        b'{"resourceType": "QuestionnaireResponse", "item": [{"linkId": "1", "answer": [{"valueDecimal": NaN}]}]}',
        "not_a_response",
    ),
    "infinity": (b'{"a": -Infinity}', "not_a_response"),
    "1e999": (b'{"resourceType": "QuestionnaireResponse", "a": 1e999}', "not_a_response"),
    "1e-999999999": (b'{"a": 1e-999999999}', "not_a_response"),
    "many digits": (b'{"a": ' + b"7" * 5_000 + b"}", "not_a_response"),
    "many decimals": (b'{"a": 1.' + b"7" * 5_000 + b"}", "not_a_response"),
    "deep": (b"[" * 100_000, "not_a_response"),
    "deep objects": (b'{"a":' * 100_000, "not_a_response"),
    "not UTF-8": (b'{"resourceType": "\xff\xfe"}', "encoding_unknown"),
    "UTF-16": ('{"a": 1}'.encode("utf-16"), "encoding_unknown"),
    "lone surrogate": (b'{"resourceType": "\\ud800"}', "not_a_response"),
    "key twice": (
        b'{"resourceType": "QuestionnaireResponse", "status": "completed", "status": "amended"}',
        "not_a_response",
    ),
    "cut": (b'{"resourceType": "QuestionnaireResponse", "item": [{"linkId": "44', "file_cut_off"),
    "cut after a value": (b'{"resourceType": "QuestionnaireResponse"', "file_cut_off"),
    "not JSON": (b"zqxjk,1,2", "not_a_response"),
    "HTML": (b"<html><body>zqxjk</body></html>", "not_a_response"),
    "a list": (b"[1]", "not_a_response"),
    "a number": (b"5", "not_a_response"),
    "null": (b"null", "not_a_response"),
    "nul bytes": (b"\x00" * 50, "not_a_response"),
}


@pytest.mark.parametrize("name", LINES)
def test_a_broken_line_is_left_out_and_the_others_are_read(name, tmp_path: Path):
    line, code = LINES[name]
    fine = json.dumps(fhir.questionnaire_response(PEG(pain=7))).encode()
    file = tmp_path / "r.ndjson"
    file.write_bytes(b"\n".join([fine, line, fine]))
    start = time.perf_counter()
    for source in (file, [fine, line, fine]):
        read = fhir.responses(source)
        assert read.data["peg_pain"] == [7, 7]
        assert (read.left_out["line"], read.left_out["reason"]) == ([2], [code])
        assert SECRET not in str(read.left_out)
        assert len(read.left_out["message"][0]) < 300
    with pytest.raises(InputError, match="line 1") as caught:
        fhir.responses([line])
    told(caught.value)
    assert time.perf_counter() - start < SOON


def test_a_mark_at_the_head_of_the_file_and_windows_line_ends(tmp_path: Path):
    fine = json.dumps(fhir.questionnaire_response(PEG(pain=7))).encode()
    file = tmp_path / "r.ndjson"
    file.write_bytes(b"\xef\xbb\xbf" + fine + b"\r\n\r\n" + fine + b"\r\n")
    read = fhir.responses(file)
    assert read.data["line"] == [1, 3]


def test_memory_is_that_of_a_line_and_not_of_the_file(tmp_path: Path):
    fine = json.dumps(fhir.questionnaire_response(PEG(pain=7))).encode()
    file = tmp_path / "r.ndjson"
    with file.open("wb") as out:
        out.write(fine + b"\n")
        out.write(b'{"a": "' + b"x" * 60_000_000 + b'"}\n')
        out.write(fine + b"\n")
    fhir.responses([fine])  # definitions are read before it is measured
    tracemalloc.start()
    read = fhir.responses(file)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert read.data["line"] == [1, 3]
    assert read.left_out["reason"] == ["file_too_wide"]
    assert peak < 40_000_000


@pytest.mark.parametrize("number", range(20))
def test_broken_observations(number):
    rng = random.Random(f"{SEED} {number}")
    written = fhir.observations(
        score(PHQ9(**{f"q{n}": rng.randrange(4) for n in range(1, 10)})),
        subject=SECRET,
        effective="2026-03-07",
    )
    for _ in range(rng.randint(1, 3)):
        holder, key = rng.choice(places(written, []))
        holder[key] = odd(rng)
    for call in (lambda: fhir.scores(written), lambda: [fhir.recorded(one) for one in written]):
        try:
            call()
        except InputError as error:
            told(error)


def test_a_broken_bundle():
    for entry in (5, None, {}, {"resource": 5}, {"resource": {"resourceType": "Patient"}}):
        bundle = {
            "resourceType": "Bundle",
            "entry": [entry, {"resource": fhir.questionnaire_response(PEG(pain=1))}],
        }
        read = fhir.responses([bundle])
        assert (read.rows_out, len(read.left_out["line"])) == (1, 1)
    with pytest.raises(InputError):
        fhir.responses([{"resourceType": "Bundle", "entry": SECRET}])
