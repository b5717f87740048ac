"""Arithmetic of the instruments written out by hand, as the tests' own yardstick. Nothing here asks the library."""

from __future__ import annotations

import csv
from fractions import Fraction
from pathlib import Path

GOLDEN = Path(__file__).parent / "golden"

SUMS = {
    ("phq9", "total"): [f"q{n}" for n in range(1, 10)],
    ("phq9", "phq8"): [f"q{n}" for n in range(1, 9)],
    ("phq9", "phq2"): ["q1", "q2"],
    ("gad7", "total"): [f"q{n}" for n in range(1, 8)],
    ("gad7", "gad2"): ["q1", "q2"],
    ("pcs", "total"): [f"q{n}" for n in range(1, 14)],
    ("pcs", "rumination"): ["q8", "q9", "q10", "q11"],
    ("pcs", "magnification"): ["q6", "q7", "q13"],
    ("pcs", "helplessness"): ["q1", "q2", "q3", "q4", "q5", "q12"],
    ("nps", "rating"): ["recommend"],
    ("promis29", "pain_intensity"): ["global07"],
}
"""Scales that are plain sums, with their items (Kroenke 2001, Spitzer 2006, Sullivan 1995, Reichheld 2003)."""

DOMAINS = {
    "physical_function": ["pfa11", "pfa21", "pfa23", "pfa53"],
    "anxiety": ["edanx01", "edanx40", "edanx41", "edanx53"],
    "depression": ["eddep04", "eddep06", "eddep29", "eddep41"],
    "fatigue": ["hi7", "an3", "fatexp41", "fatexp40"],
    "sleep_disturbance": ["sleep109", "sleep116", "sleep20", "sleep44"],
    "social_roles": ["srpper11_caps", "srpper18_caps", "srpper23_caps", "srpper46_caps"],
    "pain_interference": ["painin9", "painin22", "painin31", "painin34"],
}
"""PROMIS-29 domains with their items (reference: promis/items.csv)."""

PHQ9_BANDS = ["minimal"] * 5 + ["mild"] * 5 + ["moderate"] * 5 + ["moderately severe"] * 5 + ["severe"] * 8
"""Band of each PHQ-9 total from 0 to 27 (Kroenke 2001: 0-4, 5-9, 10-14, 15-19, 20-27)."""


def syndrome(answers: list[int]) -> str:
    """The PHQ-9 algorithm (Spitzer 1999): item at 2 or above, item 9 at 1 or above; one of the first two among them."""
    counted = [answer >= (1 if place == 8 else 2) for place, answer in enumerate(answers)]
    if not (counted[0] or counted[1]):
        return "none"
    every = sum(counted)
    return "major" if every >= 5 else "other" if every >= 2 else "none"


def peg(answers: list[int | None]) -> Fraction | None:
    """Mean of three, all answered (Krebs 2009)."""
    given = [answer for answer in answers if answer is not None]
    return Fraction(sum(given), 3) if len(given) == 3 else None


def golden(instrument: str) -> list[dict[str, str]]:
    """The golden cases of an instrument."""
    with (GOLDEN / f"{instrument}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))
