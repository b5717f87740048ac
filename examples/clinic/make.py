"""Write the synthetic clinic export that stands beside this script: `clinic.csv`, `episodes.csv`, `clinic_messy.csv`.

Every person, site, date and answer in it is made up by a seeded random generator; nothing was taken from,
or fitted to, records of real people. Run `python make.py` to write the files again, byte for byte.

The method, in short: each patient has a severity that they bring along, a part of their own in every domain
(pain, mood, sleep and so on) and a rate of improvement; each visit adds its own noise; each answer is that
domain's level plus noise, rounded into the answers the item allows. Then answers go missing and patients drop
out. `clinic_messy.csv` is the same export as it often arrives: one site writes its dates and the GAD-7 in another way,
some forms are entered twice, and a short table of wrong cells and odd dates is put in on purpose.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from datetime import date, timedelta
from math import floor
from pathlib import Path
from typing import Final

import numpy as np

SEED: Final = 20260630
PATIENTS: Final = 400
FIRST_DAY: Final = date(2024, 1, 1)
LAST_DAY: Final = date(2025, 12, 31)
AS_OF: Final = date(2026, 6, 30)


class Draws:
    """Random draws that stay the same on every machine and with every NumPy.

    NumPy promises a fixed stream for the bit generator only, not for the distributions of `Generator`;
    and logarithms and cosines differ in the last bit between platforms. So all draws are whole-number
    arithmetic on the raw stream, and a normal draw is a sum of twelve uniform ones.
    """

    def __init__(self, *key: int) -> None:
        self._bits = np.random.PCG64([SEED, *key])

    def _words(self, count: int) -> np.ndarray:
        return np.asarray(self._bits.random_raw(count), dtype=np.uint64) >> np.uint64(32)

    def whole(self, low: int, high: int) -> int:
        """Draw a whole number from low to high, both included."""
        return low + ((int(self._words(1)[0]) * (high - low + 1)) >> 32)

    def chance(self, probability: float) -> bool:
        """Say yes with the given probability."""
        return int(self._words(1)[0]) < probability * 2**32

    def normals(self, count: int) -> list[float]:
        """Draw values with mean 0 and standard deviation 1, close to normal."""
        sums = self._words(12 * count).reshape(count, 12).sum(axis=1)
        return [int(total) / 2**32 - 6.0 for total in sums]

    def normal(self) -> float:
        """Draw one value with mean 0 and standard deviation 1, close to normal."""
        return self.normals(1)[0]


@dataclass(frozen=True)
class Site:
    """A made-up site: its share of patients and how it differs from the others."""

    name: str
    share: float
    severity: float
    improvement: float
    follow_up: float


SITES: Final = (
    Site("Lakeside", 0.45, severity=0.0, improvement=1.0, follow_up=0.0),
    Site("Hilltop", 0.33, severity=0.25, improvement=0.85, follow_up=-0.05),
    Site("Riverbend", 0.22, severity=-0.15, improvement=1.2, follow_up=0.04),
)

# How far an average patient's level in the domain falls by the end, in units of the domain's spread.
DOMAINS: Final = {
    "pain": 1.0,
    "interference": 1.1,
    "function": 0.7,
    "depression": 0.8,
    "anxiety": 0.7,
    "catastrophizing": 1.0,
    "fatigue": 0.6,
    "sleep": 0.6,
    "social": 0.8,
}


@dataclass(frozen=True)
class Item:
    """One item: where its answers lie at an average patient's baseline, and how they spread."""

    column: str
    domain: str
    low: int
    high: int
    middle: float
    spread: float
    higher_is_worse: bool = True


def _items() -> dict[str, list[Item]]:
    """List the items of the six instruments in the order of their columns."""
    peg = [
        ("pain", "pain", 6.6, 1.9),
        ("enjoyment", "interference", 6.6, 2.7),
        ("activity", "interference", 6.5, 2.6),
    ]
    phq9_domains = ["depression", "depression", "sleep", "fatigue", *["depression"] * 5]
    phq9_middles = [1.4, 1.3, 1.9, 1.9, 1.2, 1.0, 1.3, 0.6, -0.9]
    gad7_middles = [1.3, 1.1, 1.3, 1.3, 0.9, 1.2, 0.8]
    pcs_middles = [2.2, 2.2, 1.8, 1.7, 2.1, 1.7, 1.5, 2.4, 2.2, 2.1, 2.3, 1.6, 1.3]
    promis = {
        "function": (3.4, ["pfa11", "pfa21", "pfa23", "pfa53"]),
        "anxiety": (2.2, ["edanx01", "edanx40", "edanx41", "edanx53"]),
        "depression": (2.1, ["eddep04", "eddep06", "eddep29", "eddep41"]),
        "fatigue": (3.4, ["hi7", "an3", "fatexp41", "fatexp40"]),
        "sleep": (3.5, ["sleep109", "sleep116", "sleep20", "sleep44"]),
        "social": (2.6, ["srpper11_caps", "srpper18_caps", "srpper23_caps", "srpper46_caps"]),
        "interference": (3.5, ["painin9", "painin22", "painin31", "painin34"]),
    }
    return {
        "peg": [Item(f"peg_{name}", domain, 0, 10, middle, spread) for name, domain, middle, spread in peg],
        "phq9": [
            Item(f"phq9_q{n}", domain, 0, 3, middle, 1.0)
            for n, (domain, middle) in enumerate(zip(phq9_domains, phq9_middles, strict=True), start=1)
        ]
        + [Item("phq9_difficulty", "interference", 0, 3, 1.3, 0.8)],
        "gad7": [Item(f"gad7_q{n}", "anxiety", 0, 3, m, 0.9) for n, m in enumerate(gad7_middles, start=1)]
        + [Item("gad7_difficulty", "anxiety", 0, 3, 1.1, 0.8)],
        # The code is the number printed beside the option: never = 5 for srpper*, very poor = 5 for sleep109.
        "promis29": [
            Item(f"promis29_{code}", domain, 1, 5, middle, 1.1, domain not in ("function", "social"))
            for domain, (middle, codes) in promis.items()
            for code in codes
        ]
        + [Item("promis29_global07", "pain", 0, 10, 6.4, 1.8)],
        "pcs": [
            Item(f"pcs_q{n}", "catastrophizing", 0, 4, m, 1.1) for n, m in enumerate(pcs_middles, start=1)
        ],
        "nps": [Item("nps_recommend", "pain", 0, 10, 7.8, 1.9, higher_is_worse=False)],
    }


ITEMS: Final = _items()
SKIPPED: Final = {"peg": 0.02, "phq9": 0.05, "gad7": 0.05, "promis29": 0.08, "pcs": 0.1, "nps": 0.06}
BLANK: Final = 0.006
BLANK_SELF_HARM: Final = 0.03
ABANDONED: Final = 0.02

KEYS: Final = ["patient_id", "episode", "site", "date", "visit"]
CLINIC_COLUMNS: Final = KEYS + [item.column for items in ITEMS.values() for item in items]
EPISODE_COLUMNS: Final = [
    *["patient_id", "episode", "start_date", "site", "age", "sex", "status", "end_date"],
    *["planned_sessions", "attended_sessions"],
]

# Label, days after the start, share of the improvement reached, and how often the visit takes place.
FOLLOW_UPS: Final = (
    ("3 months", 91, 0.6, 0.86),
    ("6 months", 182, 0.9, 0.79),
    ("12 months", 365, 1.0, 0.74),
)

# The wrong cells of the messy export, put in on purpose: patient, which of the patient's rows (1 is the first), column, text.
# The text is "skipped" and not "n/a" because some CSV readers silently take "n/a" for an empty cell.
WRONG_CELLS: Final = (
    ("P0012", 1, "peg_activity", "11"),
    ("P0047", 2, "phq9_q4", "4"),
    ("P0093", 1, "gad7_q2", "1.5"),
    ("P0140", 2, "promis29_sleep116", "0"),
    ("P0182", 1, "promis29_global07", "999"),
    ("P0227", 1, "pcs_q6", "skipped"),
    ("P0276", 1, "pcs_q11", "5"),
    ("P0320", 2, "nps_recommend", "-9"),
)

# Its odd dates: patient, which of the patient's rows, text.
ODD_DATES: Final = (
    ("P0021", 2, "2025-02-30"),
    ("P0110", 1, "1925-03-14"),
    ("P0205", 2, ""),
    ("P0301", 1, "next Tuesday"),
)
# The site that writes dates as month/day/year and the answers to the GAD-7 in words.
OTHER_WAY: Final = "Hilltop"
GAD7_LABELS: Final = ("Not at all", "Several days", "More than half the days", "Nearly every day")

Row = dict[str, str]


@dataclass(frozen=True)
class Person:
    """What a patient brings along: severity, the part of their own in each domain, and improvement."""

    severity: float
    own: dict[str, float]
    improvement: float


def answers(draws: Draws, person: Person, progress: float, *, follow_up: bool) -> Row:
    """Answer all instruments at one visit, with the gaps that real forms have."""
    level = {
        domain: 0.7 * person.severity
        + 0.5 * person.own[domain]
        + 0.4 * draws.normal()
        - gain * person.improvement * progress
        for domain, gain in DOMAINS.items()
    }
    row: Row = {}
    for instrument, items in ITEMS.items():
        noise = draws.normals(len(items))
        values: list[int | None] = []
        for item, error in zip(items, noise, strict=True):
            worse = 0.8 * level[item.domain] + 0.6 * error
            raw = item.middle + item.spread * (worse if item.higher_is_worse else -worse)
            values.append(min(item.high, max(item.low, floor(raw + 0.5))))
        # The question about difficulty is meant for those who reported a problem above it.
        asks_difficulty = items[-1].column.endswith("_difficulty")
        if asks_difficulty and (not any(values[:-1]) or draws.chance(0.04)):
            values[-1] = None
        for position, item in enumerate(items):
            if draws.chance(BLANK_SELF_HARM if item.column == "phq9_q9" else BLANK):
                values[position] = None
        if len(items) > 5 and draws.chance(ABANDONED):
            stop = draws.whole(2, len(items) - 1)
            values[stop:] = [None] * (len(items) - stop)
        if draws.chance(SKIPPED[instrument]) or (instrument == "nps" and not follow_up):
            values = [None] * len(items)
        row |= {item.column: "" if v is None else str(v) for item, v in zip(items, values, strict=True)}
    return row


def visit_days(draws: Draws, person: Person, site: Site, left_on: int | None) -> list[tuple[int, str, float]]:
    """Decide when an episode's visits take place: day after the start, label at the desk, progress made."""
    if draws.chance(0.01):
        return []
    visits: list[tuple[int, str, float]] = []
    if not draws.chance(0.015):
        if draws.chance(0.03):
            day = draws.whole(8, 25)
        elif draws.chance(0.03):
            day = draws.whole(-60, -31)
        else:
            day = draws.whole(-12, 5)
        if draws.chance(0.09):
            visits.append((day - draws.whole(5, 18), "baseline", 0.0))
        visits.append((day, "baseline", 0.0))
    labels = [label for label, *_ in FOLLOW_UPS]
    for position, (label, target, progress, rate) in enumerate(FOLLOW_UPS):
        # Those who are worse off are harder to reach, and few of those who left still answer.
        reached = rate + site.follow_up - 0.06 * person.severity
        if left_on is not None and target > left_on:
            reached = 0.3 - 0.05 * person.severity
        comes = draws.chance(reached)
        jitter = floor(9 * draws.normal())
        if draws.chance(0.07):
            jitter = draws.whole(25, 60) * (1 if draws.chance(0.7) else -1)
        mislabeled = draws.chance(0.03)
        if not comes:
            continue
        day = target + jitter
        if visits:
            day = max(day, visits[-1][0] + 7)
        if mislabeled:
            label = labels[position - 1] if position else labels[1]
        visits.append((day, label, progress))
    return visits


def entered_again(draws: Draws, row: Row) -> Row:
    """Enter a form a second time on the same day, with one answer corrected."""
    column = ("peg_pain", "peg_enjoyment", "peg_activity")[draws.whole(0, 2)]
    first = row[column]
    corrected = 5 if first == "" else int(first) - 1 if int(first) > 0 else 1
    return row | {column: str(corrected)}


def patient(number: int) -> tuple[list[Row], list[Row]]:
    """Make one patient: the rows of clinic.csv and the rows of episodes.csv."""
    draws = Draws(number)
    patient_id = f"P{number:04d}"
    lot = draws.whole(1, 100) / 100
    site = SITES[0] if lot <= SITES[0].share else SITES[1] if lot <= 1 - SITES[2].share else SITES[2]
    own = dict(zip(DOMAINS, draws.normals(len(DOMAINS)), strict=True))
    person = Person(site.severity + draws.normal(), own, site.improvement * (0.85 + 0.7 * draws.normal()))
    age = min(88, max(18, 51 + floor(14 * draws.normal())))
    sex = "X" if draws.chance(0.015) else "F" if draws.chance(0.62) else "M"

    days = (LAST_DAY - FIRST_DAY).days
    start = FIRST_DAY + timedelta(days=(number - 1) * days // PATIENTS + draws.whole(0, 5))
    if start.weekday() > 4:
        start += timedelta(days=7 - start.weekday())
    start = min(start, LAST_DAY)

    clinic: list[Row] = []
    episodes: list[Row] = []
    starts = [start]
    again_from = start + timedelta(days=7 * draws.whole(44, 66))
    if draws.chance(0.16) and again_from <= LAST_DAY:
        starts.append(again_from)
    for episode, start in enumerate(starts, start=1):
        if episode == 2:
            # A relapse: most of what was gained is lost, and the second course gains less.
            age += 1
            person = Person(person.severity - 0.2, person.own, 0.7 * person.improvement)
        # A second episode begins 308 days after the first or later, its baselines up to 78 days before that.
        closes = 225 if episode < len(starts) else None
        left = draws.chance(0.17 + 0.06 * person.severity)
        length = draws.whole(21, 150) if left else draws.whole(165, 240)
        planned = (12, 16, 20)[draws.whole(0, 2)]
        elapsed = min(length, (AS_OF - start).days)
        active = elapsed < length
        share = (elapsed / length if active else length / 240 if left else 1.0) * draws.whole(70, 100) / 100
        episodes.append(
            {
                "patient_id": patient_id,
                "episode": str(episode),
                "start_date": start.isoformat(),
                "site": site.name,
                "age": str(age),
                "sex": sex,
                "status": "active" if active else "left" if left else "completed",
                "end_date": "" if active else (start + timedelta(days=length)).isoformat(),
                "planned_sessions": str(planned),
                "attended_sessions": str(floor(planned * share)),
            }
        )
        for day, label, progress in visit_days(draws, person, site, length if left else None):
            when = start + timedelta(days=day)
            row = {"patient_id": patient_id, "episode": str(episode), "site": site.name}
            row |= {"date": when.isoformat(), "visit": label}
            row |= answers(draws, person, progress, follow_up=label != "baseline")
            again = draws.chance(0.006)
            if when > AS_OF or (closes is not None and day > closes):
                continue
            clinic.append(row)
            if again:
                clinic.append(entered_again(draws, row))
    return clinic, episodes


def without_corrected(clinic: list[Row]) -> list[Row]:
    """Of forms entered again on the same day the later one, which is the corrected one."""
    return list({(row["patient_id"], row["date"]): row for row in clinic}.values())


def messy(clinic: list[Row]) -> list[Row]:
    """The export as it often arrives."""
    rows = [dict(row) for row in clinic]
    for row in rows:
        if row["site"] == OTHER_WAY:
            year, month, day = row["date"].split("-")
            row["date"] = f"{month}/{day}/{year}"
            for item in range(1, 8):
                answer = row[f"gad7_q{item}"]
                row[f"gad7_q{item}"] = GAD7_LABELS[int(answer)] if answer else ""
    put_wrong_cells(rows)
    for patient_id, nth, text in ODD_DATES:
        [row for row in rows if row["patient_id"] == patient_id][nth - 1]["date"] = text
    return rows


def put_wrong_cells(clinic: list[Row]) -> None:
    """Put the wrong cells in, each in place of an answer."""
    for patient_id, nth, column, text in WRONG_CELLS:
        row = [row for row in clinic if row["patient_id"] == patient_id][nth - 1]
        if not row[column]:
            raise RuntimeError(f"row {nth} of {patient_id} has no answer to {column} to replace")
        row[column] = text


def write(path: Path, columns: list[str], rows: list[Row]) -> None:
    """Write rows as CSV with one kind of line end on every platform, and say so."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, columns, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    print(f"{path.name}: {len(rows)} rows, {len(columns)} columns")


def main(folder: Path = Path(__file__).parent) -> None:
    """Write the files into the folder; without one, beside this script."""
    clinic: list[Row] = []
    episodes: list[Row] = []
    for number in range(1, PATIENTS + 1):
        visits, courses = patient(number)
        clinic += visits
        episodes += courses
    write(folder / "clinic.csv", CLINIC_COLUMNS, without_corrected(clinic))
    write(folder / "episodes.csv", EPISODE_COLUMNS, episodes)
    write(folder / "clinic_messy.csv", CLINIC_COLUMNS, messy(clinic))


if __name__ == "__main__":
    main()
