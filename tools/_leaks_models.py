"""Hostile calls on tables of OMOP and CDISC, for `leaks.py`."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from typing import Any


def of_models(
    rng: random.Random, planted: Callable[[random.Random], str]
) -> Iterator[tuple[str, Callable[[], object]]]:
    """Tables with identifiers in any cell."""
    import polars as pl

    from ipm_outcomes import cdisc, omop

    def spoiled(columns: dict[str, list[Any]]) -> Any:
        for name in columns:
            if rng.random() < 0.3:
                columns[name] = [rng.choice([planted(rng), cell]) for cell in columns[name]]
        return pl.DataFrame(columns, strict=False)

    day = "2026-01-05"
    rows: dict[str, list[Any]] = {
        "person_id": [778812993, 778812993],
        "observation_date": [day, rng.choice([day, planted(rng)])],
        "observation_source_value": ["75893-8", rng.choice(["75893-8", "91145-3"])],
        "value_as_number": [3.0, 4.0],
    }
    read = spoiled(rows)
    yield ("omop.read", lambda t=read: omop.read(t, "peg"))
    scores: dict[str, list[Any]] = {
        "person_id": [778812993],
        "date": [day],
        "instrument": ["peg"],
        "scale": ["mean"],
        "value": [3.0],
        "band": [None],
        "absent": [None],
    }
    concepts: dict[str, list[Any]] = {
        "loinc": ["91147-9"],
        "concept_id": [11],
        "domain_id": [rng.choice(["Observation", planted(rng)])],
    }
    table, map_ = spoiled(scores), spoiled(concepts)
    yield ("omop.rows", lambda t=table, c=map_: omop.rows(t, c, type_concept_id=1))
    table = spoiled({"USUBJID": [planted(rng)] * 2, "QSTESTCD": ["GAD0201"] * 2, "QSSTRESN": [1.0, 2.0]})
    yield ("cdisc.read_qs", lambda t=table: cdisc.read_qs(t))
    form = spoiled({"patient_id": [planted(rng)], "date": [day], **{f"gad7_q{n}": [1] for n in range(1, 8)}})
    yield ("cdisc.qs", lambda t=form: cdisc.qs(t, "gad7", study="X"))
    yield ("cdisc.adqs", lambda t=table, s=form: cdisc.adqs(t, s, {"gad7.total": "A"}, study="X"))
