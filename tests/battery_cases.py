"""A program that uses all of Table 3: answers to every questionnaire, and records for the rows that are none."""

from __future__ import annotations

import random
from datetime import date, timedelta
from typing import Any

import polars as pl

import ipm_outcomes as ipm
from ipm_outcomes import opioids, program

DAY = date(2025, 1, 6)


def work(back: int, off: int) -> pl.DataFrame:
    rows = [(f"p{n}", DAY, "off because of pain") for n in range(back + off)]
    rows += [
        (f"p{n}", DAY + timedelta(60), "full duty" if n < back else "off because of pain")
        for n in range(back + off)
    ]
    return program.return_to_work(pl.DataFrame(rows, orient="row", schema=["patient_id", "date", "status"]))


def everything(
    patients: int, without: str = "", sites: tuple[str, ...] = ("North",), spread: int = 1
) -> pl.DataFrame:
    """Made-up answers to every questionnaire at two visits; of one there are none at the second.

    Patients begin on so many days after the first (``spread``).
    """
    draw = random.Random(19)
    columns: dict[str, list[Any]] = {"patient_id": [], "date": [], "site": []}
    for n in range(patients):
        for at in (0, 182):
            columns["patient_id"].append(f"p{n}")
            columns["date"].append((DAY + timedelta(at + n % spread)).isoformat())
            columns["site"].append(sites[n % len(sites)])
            for id in ipm.instruments():
                found = ipm.instrument(id)
                for item in found.item_ids:
                    listed = found.answers_of(item)
                    answer = listed.answer(draw.randint(listed.lowest, listed.highest))
                    columns.setdefault(f"{id}_{item}", []).append(None if at and id == without else answer)
    return pl.DataFrame(columns, strict=False)


def records() -> list[pl.DataFrame]:
    """Records of 60 patients, one table for each row of Table 3 that is no questionnaire."""
    people = [f"p{n}" for n in range(60)]
    listed = pl.DataFrame({"patient_id": people, "start_date": [DAY] * 60})
    spans = pl.DataFrame(
        {"patient_id": people, "start": [DAY - timedelta(365)] * 60, "end": [DAY + timedelta(364)] * 60}
    )
    visits = [(one, DAY + timedelta(day), "emergency visit") for one in people[:40] for day in (-30, 30)]
    kept = [(one, DAY, "attended" if at < 45 else "missed") for at, one in enumerate(people)]
    fills = [(one, "morphine", 60.0, "mg", 30, 30, DAY) for one in people[:30]]
    names = ["patient_id", "drug", "strength", "unit", "quantity", "days_supply", "start"]
    events = pl.DataFrame(visits, orient="row", schema=["patient_id", "date", "event"])
    doses = opioids.summary(
        opioids.daily(pl.DataFrame(fills, orient="row", schema=names)),
        denominator="window_days", periods=(DAY, DAY + timedelta(29)),
    )  # fmt: skip
    return [
        program.table(opioids=doses),
        work(40, 20),
        program.rates(events, spans),
        program.rates_before_after(events, spans, listed),
        program.adherence(pl.DataFrame(kept, orient="row", schema=["patient_id", "date", "status"])),
    ]
