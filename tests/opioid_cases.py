"""Prescriptions, and their MME day by day, added as fractions."""

from __future__ import annotations

from collections import defaultdict
from datetime import date, timedelta
from fractions import Fraction
from typing import Any

from hypothesis import strategies as st

DAY = date(2026, 1, 1)


COLUMNS = ("patient_id", "drug", "strength", "unit", "quantity", "days_supply", "start")


DRUGS = {
    "oxycodone": Fraction(3, 2),
    "codeine": Fraction(3, 20),
    "morphine": Fraction(1),
    "hydromorphone": Fraction(4),
}


prescription = st.tuples(
    st.sampled_from("abc"),
    st.sampled_from([*DRUGS, "methadone", "unheard", "buprenorphine"]),
    st.sampled_from([2.5, 5, 7.5, 10, 15, 20, 0.1, 33.333]),
    st.just("mg"),
    st.integers(1, 40),
    st.sampled_from([1, 2, 3, 6, 7, 9, 10]),
    st.integers(0, 15),
)


STEPS = ((20, 4), (40, 8), (60, 10))


def table(*rows: tuple[Any, ...], **more: list[Any]) -> dict[str, list[Any]]:
    """Prescriptions by column: patient, drug, strength, unit, quantity, days supply, start (days after DAY)."""
    starts = [None if row[6] is None else DAY + timedelta(row[6]) for row in rows]
    found: dict[str, list[Any]] = {name: [row[at] for row in rows] for at, name in enumerate(COLUMNS[:-1])}
    for name in ("strength", "quantity", "days_supply"):
        found[name] = [None if value is None else float(value) for value in found[name]]
    return found | {"start": starts} | more


def by_day(listed: list[tuple[Any, ...]]) -> dict[tuple[str, int], dict[str, Any]]:
    """MME of every patient on every day, added as fractions, one day after the other."""
    found: dict[tuple[str, int], dict[str, Any]] = defaultdict(
        lambda: {"flat": Fraction(0), "methadone": Fraction(0), "unknown": 0, "excluded": 0, "some": 0}
    )
    for patient, drug, strength, _, quantity, days, start in listed:
        for day in range(start, start + days):
            cell = found[patient, day]
            if drug == "unheard":
                cell["unknown"] += 1
            elif drug == "buprenorphine":
                cell["excluded"] += 1
            else:
                cell["some"] += 1
                dose = Fraction(str(strength)) * quantity / days
                cell["methadone" if drug == "methadone" else "flat"] += dose * DRUGS.get(drug, 1)
    for cell in found.values():
        dose = cell["methadone"]
        factor = next((factor for edge, factor in STEPS if dose <= edge), 12)
        cell["mme"] = cell["flat"] + dose * factor
    return dict(found)
