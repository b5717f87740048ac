"""Golden cases, as data: what publications say, by response and by frame."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import pytest
from cases import golden
from golden_cases import FIELDS, answer, golden_frame

import ipm_outcomes as ipm
from ipm_outcomes import responses, score
from ipm_outcomes.definition import Instrument, Scale
from ipm_outcomes.scores import Score
from ipm_outcomes.tables import ScaleTable, tables

CASES = [(id, n, case) for id in ipm.instruments() for n, case in enumerate(golden(id))]


def test_every_instrument_has_golden_cases() -> None:
    assert all(
        len(golden(id)) >= 4 and all(case["source"] for case in golden(id)) for id in ipm.instruments()
    )


def lacking(definition: Instrument, scale: Scale) -> Iterator[str]:
    """The cases of a scale that its golden file should have and has not."""
    cases = golden(definition.id)
    values = [case[f"{scale.id}_value"] for case in cases if case.get(f"{scale.id}_value")]
    if scale.counts:
        yield from {outcome.value for outcome in scale.counts.outcomes} - set(values)
    elif scale.utility:
        # Its ends are those of the components: no form reaches 1 where one of them has no answer without disutility.
        parts = [definition.scale(one.scale) for one in scale.utility.attributes]
        for end in (0, 1):
            ends = {
                part.id: part.range[end if part.worse == scale.worse else 1 - end]
                for part in parts
                if part.range
            }
            if not any(all(case[f"{part}_value"] == str(at) for part, at in ends.items()) for case in cases):
                yield f"all components at the end of {end}"
    elif scale.range:
        yield from (f"value {end}" for end in scale.range if Fraction(end) not in map(Fraction, values))
    yield from _bands_lacking(definition, scale, cases)
    for rule in scale.missing if scale.items else ():
        default = rule.id == definition.missing_rules[0]
        mine = [case for case in cases if case.get("missing", "") == ("" if default else rule.id)]
        blank = {
            sum(not case[item] for item in scale.items): case for case in mine if case[f"{scale.id}_absent"]
        }
        given = {sum(not case[item] for item in scale.items) for case in mine if case[f"{scale.id}_value"]}
        if rule.at_most not in given:
            yield f"{rule.id}: {rule.at_most} not answered"
        yield from (f"{rule.id}: {n} not answered" for n in {rule.at_most + 1, len(scale.items)} - set(blank))


def _bands_lacking(definition: Instrument, scale: Scale, cases: list[dict[str, str]]) -> Iterator[str]:
    if scale.bands is None:
        return
    table = tables(definition)[scale.id]
    assert isinstance(table, ScaleTable)
    complete = [cell.exact for n, _, cell in table if n == table.size and isinstance(cell, Score)]
    can = [value for value in complete if value is not None]
    for at, band in enumerate(scale.bands.of):
        inside = [value for value in can if Fraction(band.low) <= value <= Fraction(band.high)]
        if scale.kind != "sum" and scale.bands.edge == "upper" and at < len(scale.bands.of) - 1:
            inside = [value for value in inside if value < Fraction(band.high)]
        if scale.kind != "sum" and scale.bands.edge == "lower" and at > 0:
            inside = [value for value in inside if value > Fraction(band.low)]
        told = [
            Fraction(case[f"{scale.id}_value"]) for case in cases if case[f"{scale.id}_band"] == band.label
        ]
        for edge in {min(inside), max(inside)}:
            if all(abs(value - edge) > Fraction(1, 10**9) for value in told):
                yield f"band {band.label} at {float(edge):g}"


@pytest.mark.parametrize(
    ("id", "scale"),
    [(id, scale) for id in ipm.instruments() for scale in ipm.instrument(id).scales],
    ids=lambda one: one if isinstance(one, str) else one.id,
)
def test_golden_cases_reach_every_end_edge_and_missing_limit(id: str, scale: Scale) -> None:
    """Lowest, highest, both ends of each band, each missing limit, one beyond it, and nothing answered."""
    assert list(lacking(ipm.instrument(id), scale)) == []


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
    golden_frame(id, backend)
