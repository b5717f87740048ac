"""Write the synthetic records that stand beside this script: work statuses, care used, enrollment and appointments.

Every row is made up by a seeded random generator for the made-up patients of `episodes.csv`; nothing was taken from, or
fitted to, records of real people. Run `python make_records.py` to write the files again, byte for byte.

The method, in short: a patient under 65 has a work status at the start of each episode and a new one every few weeks, a
little better each time. Everybody is enrolled from a year before the first episode; a few have a gap or leave. Some
patients have most of the visits, and fewer of them after the start. Every planned session is an appointment, and as many
of these are attended as the episode says.
"""

from __future__ import annotations

import csv
import runpy
from datetime import date, timedelta
from pathlib import Path
from typing import Any, Final

FOLDER: Final = Path(__file__).parent
AS_OF: Final = date(2026, 6, 30)
COLUMNS: Final = {
    "statuses": ["patient_id", "date", "status"],
    "enrollment": ["patient_id", "start", "end", "site"],
    "events": ["patient_id", "date", "event", "quantity"],
    "appointments": ["patient_id", "episode", "date", "status"],
}
WORK: Final = ("off_because_of_pain", "modified_duty", "full_duty")
CARE: Final = ("emergency_visit", "admission", "imaging", "procedure", "outpatient_visit")
Row = dict[str, str]


def statuses(draws: Any, episode: Row) -> list[Row]:
    """Work statuses of one episode: the one at the start, and those of later visits."""
    if int(episode["age"]) >= 65 or draws.chance(0.15):
        words = ["not_in_labor_force"]
        step = -1
    else:
        step = min(draws.whole(0, 4), 3) - 1  # off twice as often as each of the others
        step = max(step, 0)
        words = [WORK[step]] if not draws.chance(0.08) else ["off_for_other_reasons"]
    start = date.fromisoformat(episode["start_date"])
    day = start - timedelta(days=draws.whole(0, 14))
    rows = [(day, words[0])]
    for _ in range(draws.whole(0, 4)):
        day = max(day, start) + timedelta(days=draws.whole(21, 70))
        if step >= 0:
            step = max(0, min(2, step + (1 if draws.chance(0.5) else -1 if draws.chance(0.2) else 0)))
            words = [WORK[step]]
        rows.append((day, words[0]))
    return [
        {"patient_id": episode["patient_id"], "date": when.isoformat(), "status": word}
        for when, word in rows
        if when <= AS_OF
    ]


def enrollment(draws: Any, episode: Row) -> list[Row]:
    """Spans of membership of one patient, from a year before the first episode."""
    start = date.fromisoformat(episode["start_date"])
    first = start - timedelta(days=365 + draws.whole(0, 200))
    last = None if draws.chance(0.8) else start + timedelta(days=draws.whole(100, 500))
    spans: list[tuple[date, date | None]] = [(first, last)]
    if draws.chance(0.06):
        gap = start - timedelta(days=draws.whole(100, 250))
        spans = [(first, gap), (gap + timedelta(days=draws.whole(20, 60)), last)]
    return [
        {
            "patient_id": episode["patient_id"],
            "start": begin.isoformat(),
            "end": "" if end is None or end > AS_OF else end.isoformat(),
            "site": episode["site"],
        }
        for begin, end in spans
    ]


def events(draws: Any, episode: Row) -> list[Row]:
    """Care used by one patient: of most a little, of some much, and less after the start."""
    start = date.fromisoformat(episode["start_date"])
    much = draws.chance(0.2)
    made = []
    for word, rate in zip(CARE, (2, 1, 3, 2, 12), strict=True):
        for when, less in ((-365, 1.0), (0, 0.75 if word != "outpatient_visit" else 1.2)):
            for _ in range(draws.whole(0, int(rate * (3 if much else 1) * less))):
                day = start + timedelta(days=when + draws.whole(0, 364))
                stay = str(draws.whole(1, 9)) if word == "admission" else "1"
                if day <= AS_OF:
                    values = (episode["patient_id"], day.isoformat(), word, stay)
                    made.append(dict(zip(COLUMNS["events"], values, strict=True)))
    return made


def appointments(draws: Any, episode: Row) -> list[Row]:
    """Every planned session, of which as many are attended as the episode says."""
    start = date.fromisoformat(episode["start_date"])
    planned, attended = int(episode["planned_sessions"]), int(episode["attended_sessions"])
    made, left = [], attended
    for at in range(planned):
        day = start + timedelta(days=7 * at + draws.whole(0, 4))
        if left and draws.whole(1, planned - at) <= left:
            left -= 1
            word = "attended"
        else:
            word = ("missed", "missed", "canceled_by_patient", "canceled_by_clinic")[draws.whole(0, 3)]
        if day > AS_OF and word != "attended":
            word = "planned"
        values = (episode["patient_id"], episode["episode"], min(day, AS_OF).isoformat(), word)
        if word == "planned":
            values = (*values[:2], day.isoformat(), word)
        made.append(dict(zip(COLUMNS["appointments"], values, strict=True)))
    return made


def main(folder: Path = FOLDER) -> None:
    """Write the files into the folder; without one, beside this script."""
    draws_of = runpy.run_path(str(FOLDER / "make.py"))["Draws"]
    with (FOLDER / "episodes.csv").open(encoding="utf-8", newline="") as file:
        episodes = list(csv.DictReader(file))
    makers = {"statuses": statuses, "enrollment": enrollment, "events": events, "appointments": appointments}
    for number, (name, make) in enumerate(makers.items(), start=2):
        once = name in ("enrollment", "events")
        rows = [
            row
            for episode in episodes
            if not once or episode["episode"] == "1"
            for row in make(
                draws_of(int(episode["patient_id"][1:]), number, int(episode["episode"])), episode
            )
        ]
        rows.sort(key=lambda row: tuple(row.values())[:3])
        with (folder / f"{name}.csv").open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, COLUMNS[name], lineterminator="\n")
            writer.writeheader()
            writer.writerows(rows)
        print(f"{name}.csv: {len(rows)} rows, {len(COLUMNS[name])} columns")


if __name__ == "__main__":
    main()
