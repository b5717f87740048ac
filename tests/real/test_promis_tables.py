"""The shipped PROMIS tables against the adopted values, and anxiety and depression recomputed from item parameters.

Neither the tables of the reference nor the item parameters are part of the project.
"""

from __future__ import annotations

import csv
from collections.abc import Callable
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path

import numpy as np
import pytest

import ipm_outcomes as ipm

FILES = {
    "anxiety": "table_anxiety_4a.csv",
    "depression": "table_depression_4a.csv",
    "fatigue": "table_fatigue_4a.csv",
    "sleep_disturbance": "table_sleep_disturbance_4a.csv",
    "social_roles": "table_ability_participate_social_4a.csv",
    "pain_interference": "table_pain_interference_4a.csv",
}
TABLES = [(id, scale, name) for id in ("promis29", "promis29_v2_0") for scale, name in FILES.items()]
TABLES += [
    ("promis_global", "physical_health", "table_global_physical_health.csv"),
    ("promis_global", "mental_health", "table_global_mental_health.csv"),
    ("promis29", "physical_function", "table_physical_function_4a_v2_calibration.csv"),
    ("promis29_v2_0", "physical_function", "table_physical_function_4a_v1_calibration.csv"),
]


@pytest.mark.parametrize(("id", "scale", "name"), TABLES)
def test_every_cell_is_the_adopted_value(id: str, scale: str, name: str, real: Callable[[str], Path]) -> None:
    with real(f"promis/{name}").open(encoding="utf-8", newline="") as file:
        wanted = [(int(r["raw"]), Decimal(r["t_score"]), Decimal(r["se"])) for r in csv.DictReader(file)]
    conversion = ipm.instrument(id).scale(scale).conversion
    assert conversion
    assert [(row.raw, row.value, row.se) for row in conversion.rows] == wanted
    assert len(wanted) == 17


@pytest.mark.parametrize("scale", ["anxiety", "depression"])
def test_tables_recomputed_from_item_parameters(scale: str, real: Callable[[str], Path]) -> None:
    """Summed-score EAP: graded response model, logistic, D = 1, prior N(0, 1), grid -4.5 to 4.5 (promis/FACTS.md 4)."""
    with real("promis/grm_parameters_open.csv").open(encoding="utf-8", newline="") as file:
        items = [r for r in csv.DictReader(file) if r["instrument"].lower() == f"promis-29 {scale} 4a"]
    assert len(items) == 4
    theta = np.arange(-450, 451) / 100
    prior = np.exp(-(theta**2) / 2)
    # Lord-Wingersky: the likelihood of each raw sum, built up item by item.
    likelihood = np.ones((1, len(theta)))
    for item in items:
        a = float(item["a"])
        at_or_above = [1 / (1 + np.exp(-a * (theta - float(item[f"b{k}"])))) for k in range(1, 5)]
        edges = [np.ones_like(theta), *at_or_above, np.zeros_like(theta)]
        answer = [edges[k] - edges[k + 1] for k in range(5)]
        grown = np.zeros((len(likelihood) + 4, len(theta)))
        for k in range(5):
            grown[k : k + len(likelihood)] += likelihood * answer[k]
        likelihood = grown
    posterior = likelihood * prior
    posterior /= posterior.sum(axis=1, keepdims=True)
    mean = posterior @ theta
    sd = np.sqrt(posterior @ theta**2 - mean**2)
    conversion = ipm.instrument("promis29").scale(scale).conversion
    assert conversion
    for row, t, se in zip(conversion.rows, 50 + 10 * mean, 10 * sd, strict=True):
        assert row.value == Decimal(t).quantize(Decimal("0.1"), ROUND_HALF_UP)
        assert row.se == Decimal(se).quantize(Decimal("0.1"), ROUND_HALF_UP)
