"""Write the synthetic prescriptions that stand beside this script: `prescriptions.csv`.

Every prescription is made up by a seeded random generator for the made-up patients of `episodes.csv`; nothing was taken
from, or fitted to, records of real people. Run `python make_prescriptions.py` to write the file again, byte for byte.

The method, in short: some patients begin with an opioid, filled about once a month from three months before their first
episode; some of these taper after it has begun, and some stop. Some refills come early, some patients have a second drug for
a few days, and a short list of odd rows is put in on purpose.
"""

from __future__ import annotations

import csv
import runpy
from datetime import date, timedelta
from pathlib import Path
from typing import Any, Final

FOLDER: Final = Path(__file__).parent
COLUMNS: Final = [
    *["patient_id", "drug", "form", "strength", "unit", "quantity", "days_supply", "start", "use_disorder"],
]
LAST_DAY: Final = date(2026, 6, 30)

# Drug, form, unit, strengths from high to low, tablets a day.
LONG: Final = (
    ("oxycodone", "tablet", "mg", ("20", "15", "10", "5"), 4),
    ("hydrocodone", "tablet", "mg", ("10", "7.5", "5"), 4),
    ("morphine", "tablet", "mg", ("60", "30", "15"), 2),
    ("tramadol", "tablet", "mg", ("100", "50"), 4),
    ("fentanyl", "patch", "mcg/h", ("50", "25", "12"), 0),
    ("methadone", "tablet", "mg", ("10", "5"), 3),
)

# Odd rows, put in on purpose: patient, drug, form, strength, unit, quantity, days supply, start, use disorder.
ODD: Final = (
    ("P0010", "levorphanol", "tablet", "2", "mg", "90", "30", "2024-02-05", "false"),
    ("P0025", "Oxycodone HCl", "tablet", "5", "mg", "20", "5", "2024-03-04", "false"),
    ("P0040", "buprenorphine", "film", "8", "mg", "30", "30", "2024-04-01", "true"),
    ("P0041", "buprenorphine", "patch", "10", "mcg/h", "4", "28", "2024-04-01", "false"),
    ("P0055", "morphine", "injection", "10", "mg/mL", "10", "5", "2024-05-06", "false"),
    ("P0070", "oxycodone", "oral solution", "5", "mg/5 mL", "150", "5", "2024-06-03", "false"),
    ("P0085", "fentanyl", "patch", "25", "mcg/h", "10", "15", "2024-07-01", "false"),
    ("P0100", "hydromorphone", "tablet", "2", "mg", "40", "", "2024-08-05", "false"),
    ("P0115", "ibuprofen", "tablet", "400", "mg", "90", "30", "2024-09-02", "false"),
    ("P0130", "oxycodone", "oral solution", "5", "mg", "150", "5", "2024-09-30", "false"),
)

Row = dict[str, str]


def fills(draws: Any, patient: str, begin: date) -> list[Row]:
    """The prescriptions of one patient whose first episode begins on this day."""
    if not draws.chance(0.42):
        return []
    drug, form, unit, strengths, each_day = LONG[min(draws.whole(0, 7), 5)]
    step = draws.whole(0, len(strengths) - 1)
    tapers, stops = draws.chance(0.55), draws.chance(0.35)
    turn = draws.whole(45, 150)
    made: list[Row] = []

    def fill(when: date, one: tuple[str, str, str], strength: str, quantity: int, days: int) -> None:
        if when <= LAST_DAY:
            values = (
                patient,
                *one[:2],
                strength,
                one[2],
                str(quantity),
                str(days),
                when.isoformat(),
                "false",
            )
            made.append(dict(zip(COLUMNS, values, strict=True)))

    day = -90 + draws.whole(0, 20)
    while day < 400:
        if day > turn and stops:
            break
        low = min(step + (1 if tapers and day > turn else 0), len(strengths) - 1)
        quantity = each_day * 30 if each_day else 10
        if tapers and day > turn and low == step and each_day:
            quantity //= 2
        fill(begin + timedelta(days=day), (drug, form, unit), strengths[low], quantity, 30)
        if draws.chance(0.05):
            other = ("codeine", "tablet", "mg")
            fill(begin + timedelta(days=day + draws.whole(3, 20)), other, "30", draws.whole(2, 8) * 5, 5)
        day += (
            30
            - (draws.whole(2, 6) if draws.chance(0.12) else 0)
            + (draws.whole(1, 5) if draws.chance(0.2) else 0)
        )
    return made


def main(folder: Path = FOLDER) -> None:
    """Write the file into the folder; without one, beside this script."""
    draws_of = runpy.run_path(str(FOLDER / "make.py"))["Draws"]
    with (FOLDER / "episodes.csv").open(encoding="utf-8", newline="") as file:
        starts = {
            row["patient_id"]: date.fromisoformat(row["start_date"])
            for row in csv.DictReader(file)
            if row["episode"] == "1"
        }
    rows = [
        row
        for patient, begin in starts.items()
        for row in fills(draws_of(int(patient[1:]), 1), patient, begin)
    ]
    rows += [dict(zip(COLUMNS, values, strict=True)) for values in ODD]
    for row in rows:
        row["strength"] = (
            f"{float(row['strength']):.1f}"  # readers guess the type of a column by its first rows
        )
    rows.sort(key=lambda row: (row["patient_id"], row["start"], row["drug"]))
    path = folder / "prescriptions.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    print(f"{path.name}: {len(rows)} rows, {len(COLUMNS)} columns")


if __name__ == "__main__":
    main()
