"""What the bridges hand over has one shape."""

from __future__ import annotations

import pytest

from ipm_outcomes import fhir, frames, redcap
from ipm_outcomes.reading import Reading

pl = pytest.importorskip("polars")


def of_redcap() -> Reading:
    cells = {"record_id": ["1", "1"], "peg_pain": ["7", "7"], "peg_enjoyment": ["6", "6"]}
    return redcap.read(pl.DataFrame({**cells, "peg_activity": ["5", "x"]}), backend="polars")


def of_fhir() -> Reading:
    line = '{"resourceType": "QuestionnaireResponse", "status": "in-progress", "item": '
    line += '[{"linkId": "75893-8", "answer": [{"valueInteger": 7}]}], '
    return fhir.responses([line + '"questionnaire": "http://loinc.org/q/91148-7"}', "{"], backend="polars")


@pytest.mark.parametrize("read", [of_redcap, of_fhir])
def test_inferences_are_those_of_inspect_with_value_and_sure(read):
    seen = frames.inspect(pl.DataFrame({f"peg_{item}": ["7"] for item in ("pain", "enjoyment", "activity")}))
    found = read()
    assert found.inferences.columns == [*seen.columns, "value", "sure", "evidence"]
    assert found.inferences.height == 1
    assert found.problems.columns == ["row", "line", "column", "place", "rule", "message"]
    assert found.rows_in == found.rows_out + found.left_out.height
