"""The golden cases of an instrument on any kind of frame."""

from __future__ import annotations

from typing import Any

import pytest
from cases import golden

import ipm_outcomes as ipm
from ipm_outcomes import frames
from ipm_outcomes.definition import Instrument

FIELDS = ("value", "band", "se", "absent")


def answer(definition: Instrument, item: str, case: dict[str, str]) -> int | float | None:
    """The answer of a case: a whole number, or a decimal where the item takes steps."""
    if not case.get(item):
        return None
    return int(case[item]) if definition.answers_of(item).step == 1 else float(case[item])


def golden_frame(id: str, backend: Any) -> None:
    """Score all cases in one frame for each missing rule, and compare with what publications say."""
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
