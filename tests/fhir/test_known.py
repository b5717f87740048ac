"""What is known of makers' forms: each entry stands for something that the definitions have, and names its source."""

from __future__ import annotations

import ast
import re
import tomllib
from collections.abc import Iterator
from decimal import Decimal
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest

import ipm_outcomes as ipm
from ipm_outcomes import catalog, fhir
from ipm_outcomes.fhir._known import item_answers, own_links

KNOWN: dict[str, list[dict[str, Any]]] = {
    kind: entries
    for place, name in (("ipm_outcomes.fhir", "known.toml"), ("ipm_outcomes._loinc", "further.toml"))
    for kind, entries in tomllib.loads((files(place) / name).read_text(encoding="utf-8")).items()
}


def codes(part: Any) -> Iterator[str]:
    """Every LOINC code in the file, of items, scores and answers."""
    if isinstance(part, dict):
        for key, value in part.items():
            yield from codes(key)
            yield from codes(value)
    elif isinstance(part, list):
        for value in part:
            yield from codes(value)
    elif isinstance(part, str) and re.fullmatch(r"(LA)?\d{3,6}-\d", part):
        yield part


def test_every_code_has_its_check_digit():
    found = set(codes(KNOWN))
    assert len(found) >= 40
    # Each as the code of an item or of an answer of the PHQ-9: reading a definition checks the digit.
    content = tomllib.loads((catalog.shelf() / "phq9.toml").read_text(encoding="utf-8"), parse_float=Decimal)
    for code in found:
        if code.startswith("LA"):
            content["answers"]["frequency"]["options"][0][2] = code
        else:
            content["items"][0]["loinc"] = code
        catalog.parse(content, file=code)


def test_every_entry_names_its_source():
    for entry in (entry for entries in KNOWN.values() for entry in entries):
        assert entry["source"]
        assert entry["evidence"] in ("2+", "1")


def test_answers_are_those_of_the_lists():
    for entry in KNOWN["answers"]:
        for id in entry["instruments"]:
            for name in entry["lists"]:
                listed = ipm.instrument(id).answers[name]
                given = [code for _, code in entry["codes"]]
                assert set(given) <= set(listed.codes)
                assert len(set(given)) == len(given)
                # A list is whole, but for answers whose code was not seen anywhere and codes of another list.
                assert entry.get("also") or len(given) >= len(listed.codes) - 1


def test_forms_stand_for_items_and_scales():
    for entry in KNOWN["forms"]:
        for id in entry["instruments"]:
            found = ipm.instrument(id)
            assert set(entry["links"].values()) <= set(found.item_ids)
            assert set(entry["scores"].values()) <= set(found.scale_ids)
            assert not set(entry["links"]) & (set(entry["scores"]) | set(entry.get("no_items", ())))
    for entry in KNOWN["scores"]:
        assert all(entry["scale"] in ipm.instrument(id).scale_ids for id in entry["instruments"])
    names = [name for entry in KNOWN["forms"] for name in entry["names"]]
    assert len(set(names)) == len(names)


@pytest.mark.parametrize("id", ipm.instruments())
def test_what_is_written_of_an_item_is_one_answer_and_one_link_one_item(id):
    for item in ipm.instrument(id).item_ids:
        known = item_answers(id, item)
        assert len(set(known.written.values())) == len(known.written)
        for code, (_, answer) in known.written.items():
            assert {**known.own, **known.loinc}[answer] == code
        assert own_links(id)[f"{id}_{item}"] == item


ROOT = Path(__file__).parents[2]
SOURCE = "".join(path.read_text("utf-8") for path in sorted((ROOT / "src/ipm_outcomes/fhir").glob("*.py")))


def listed(head: str) -> set[str]:
    """Codes in the first column of a table of the page, under a heading."""
    section = (ROOT / "docs/fhir.md").read_text("utf-8").split(f"\n## {head}\n")[1].split("\n## ")[0]
    return set(re.findall(r"^\| `(\w+)` \|", section, re.MULTILINE))


def test_the_page_has_every_code_of_a_note():
    assert listed("Notes") == set(re.findall(r'\bNote\(\s*"(\w+)"', SOURCE))


def test_the_page_has_every_code_of_an_error():
    raised = set()
    for node in ast.walk(ast.parse(SOURCE.replace("from __future__ import annotations\n", ""))):
        name = getattr(getattr(node, "func", None), "id", None)
        if name in ("InputError", "NotAResponse", "UnknownForm", "Problem", "_Bad"):
            values = [part.value for part in node.args if isinstance(part, ast.Constant)]
            raised |= {value for value in values if re.fullmatch(r"[a-z]+(_[a-z]+)+", str(value))}
    # Two are chosen by what the parser says.
    assert listed("Errors") == raised | {"wrong_answer", "file_cut_off"}


def test_the_head_of_a_form_and_what_is_marked_for_extraction():
    form = fhir.questionnaire("phq9")
    assert form["code"] == [{"system": "http://loinc.org", "code": "44249-1"}]
    assert "Pfizer" in form["copyright"]
    assert "code" not in fhir.questionnaire("nps")
    assert fhir.questionnaire("peg")["copyright"] == ipm.instrument("peg").license.statement
    sdc = "http://hl7.org/fhir/uv/sdc/StructureDefinition/sdc-questionnaire-observationExtract"
    mark = {"url": sdc, "valueBoolean": True}
    marked = {item["linkId"] for item in form["item"] if mark in item.get("extension", ())}
    assert marked == {item["linkId"] for item in form["item"]} - {"phq9_phq8"}  # which has no LOINC code
    assert sdc not in str(fhir.questionnaire("phq9", extract=False))
