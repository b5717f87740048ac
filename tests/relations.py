"""What the definitions imply for the counts of indicators beside each other, in words: `golden/relations.csv`."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import NamedTuple


class Relation(NamedTuple):
    """A count is within, contains, or is apart from the count of another indicator of the same group and scale."""

    column: str
    how: str
    other: tuple[str, str]
    bands: tuple[str, ...]


def _read() -> dict[str, list[Relation]]:
    found: dict[str, list[Relation]] = {}
    with (Path(__file__).parent / "golden" / "relations.csv").open(encoding="utf-8") as file:
        for row in csv.DictReader(file):
            name, _, column = row["other"].partition(".")
            bands = tuple(row["bands"].split("; ")) if row["bands"] else ()
            found.setdefault(row["indicator"], []).append(
                Relation(row["column"], row["how"], (name, column), bands)
            )
    return found


RELATIONS = _read()
