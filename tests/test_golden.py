"""Golden cases, as data: what publications say, by response and by frame."""

from __future__ import annotations

from typing import Any

import pytest
from cases import golden

import ipm_outcomes as ipm
from ipm_outcomes import frames, responses, score
from ipm_outcomes.definition import Instrument

CASES = [(id, n, case) for id in ipm.instruments() for n, case in enumerate(golden(id))]
FIELDS = ("value", "band", "se", "absent")


def answer(definition: Instrument, item: str, case: dict[str, str]) -> int | float | None:
    """The answer of a case: a whole number, or a decimal where the item takes steps."""
    if not case.get(item):
        return None
    return int(case[item]) if definition.answers_of(item).step == 1 else float(case[item])


def test_every_instrument_has_golden_cases() -> None:
    assert all(
        len(golden(id)) >= 4 and all(case["source"] for case in golden(id)) for id in ipm.instruments()
    )


@pytest.mark.parametrize(
    ("id", "case"), [(id, case) for id, _, case in CASES], ids=[f"{i}-{n}" for i, n, _ in CASES]
)
def test_response(id: str, case: dict[str, str]) -> None:
    definition = ipm.instrument(id)
    model = getattr(responses, definition.class_name)
    answers = {item: answer(definition, item, case) for item in definition.item_ids}
    scores = score(model(**answers), missing=case.get("missing") or None)
    seen = 0
    for scale in definition.scale_ids:
        found = scores.scale(scale)
        for field in FIELDS:
            wanted = case.get(f"{scale}_{field}")
            if not wanted:
                continue
            actual: Any = getattr(found, field)
            seen += 1
            if field == "absent":
                assert found.value is None
                assert actual.code == wanted
            elif isinstance(actual, float):
                assert actual == pytest.approx(float(wanted), abs=1e-9)
            else:
                assert actual == wanted
    assert seen > 0


@pytest.mark.parametrize("id", ipm.instruments())
def test_frame(id: str, backend: Any) -> None:
    definition = ipm.instrument(id)
    for rule in ("", *definition.missing_rules[1:]):
        cases = [case for case in golden(id) if (case.get("missing") or "") == rule]
        if not cases:
            continue
        data = {
            f"{id}_{item}": [answer(definition, item, case) for case in cases] for item in definition.item_ids
        }
        scored = backend.rows(frames.score(backend.make(data), id, missing=rule or None))
        for scale in definition.scale_ids:
            for field in FIELDS:
                column = scored.get(f"{id}_{scale}" + ("" if field == "value" else f"_{field}"))
                for n, case in enumerate(cases):
                    wanted = case.get(f"{scale}_{field}")
                    if not wanted:
                        continue
                    assert column is not None
                    if isinstance(column[n], float):
                        assert column[n] == pytest.approx(float(wanted), abs=1e-9)
                    else:
                        assert column[n] == wanted
