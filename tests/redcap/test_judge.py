"""linkml-redcap's schema of a data dictionary as the judge of ours."""

from __future__ import annotations

import csv
import io
from typing import Any

import pytest

import ipm_outcomes as ipm
from ipm_outcomes import redcap

judge = pytest.importorskip("linkml_redcap.data_dictionary", reason="needs linkml-redcap (group judges)")
validator = pytest.importorskip("linkml.validator", reason="needs linkml (group judges)")

COLUMNS = {
    "Variable / Field Name": "variable_field_name",
    "Form Name": "form_name",
    "Section Header": "section_header",
    "Field Type": "field_type",
    "Field Label": "field_label",
    "Choices, Calculations, OR Slider Labels": "choices_calculations_slider_labels",
    "Field Note": "field_note",
    "Text Validation Type OR Show Slider Number": "text_validation_type",
    "Text Validation Min": "text_validation_min",
    "Text Validation Max": "text_validation_max",
    "Identifier?": "identifier",
    "Branching Logic (Show field only if...)": "branching_logic",
    "Required Field?": "required_field",
    "Custom Alignment": "custom_alignment",
    "Question Number (surveys only)": "question_number",
    "Matrix Group Name": "matrix_group_name",
    "Matrix Ranking?": "matrix_ranking",
    "Field Annotation": "field_annotation",
}
"""The columns of the file by the names of the schema."""


@pytest.fixture(scope="module")
def schema() -> Any:
    plugins = pytest.importorskip("linkml.validator.plugins")
    return validator.Validator(str(judge.schema_path()), [plugins.JsonschemaValidationPlugin()])


def messages(schema: Any, text: str) -> list[str]:
    rows = csv.DictReader(io.StringIO(text))
    fields = [{COLUMNS[name]: cell for name, cell in row.items() if cell} for row in rows]
    return [one.message for one in schema.validate({"fields": fields}, "DataDictionary").results]


def test_every_dictionary_passes(schema: Any) -> None:
    found = {id: messages(schema, redcap.dictionary(id)) for id in ipm.instruments()}
    assert {id: told for id, told in found.items() if told} == {}


def test_the_judge_can_say_no(schema: Any) -> None:
    assert messages(schema, redcap.dictionary("peg").replace(",radio,", ",dial,"))
    assert messages(schema, redcap.dictionary("peg").replace("peg_pain,", "Peg_Pain,"))
