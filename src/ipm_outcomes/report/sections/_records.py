"""Figures of records in words."""

from __future__ import annotations

from collections.abc import Iterable

from ipm_outcomes.report._program import ALL, Figure
from ipm_outcomes.report._wording import Wording
from ipm_outcomes.report._words import HIDDEN, NONE, count, rounded

BETTER = {"lower": "fewer", "higher": "more", "none": NONE}


def rows_of(words: Wording, record: str) -> list[Figure]:
    """The published figures of one table of records."""
    return [row for row in words.program.rows.values() if row.record == record]


def name(row: Figure) -> str:
    """The title of a figure, with the period or the day that it is of."""
    title = f"{row.title}: {row.band.replace('_', ' ')}" if row.band else row.title
    parts = (title, f"({row.target})" if row.target else "")
    return " ".join(part for part in (*parts, f"({row.period})" if row.period != ALL else "") if part)


def figure(words: Wording, row: Figure) -> str:
    """A figure with its interval."""
    if row.estimate is None:
        return HIDDEN if row.hidden else NONE
    if row.unit in ("share", "ratio"):
        inside = words.interval(row, lambda value: words.percent(value).removesuffix(" %"))
        return f"{words.percent(row.estimate)}{f' ({inside})' if inside else ''}"
    decimals = {"days": 0, "rate ratio": 2}.get(row.unit, 1)
    ends = [NONE if end is None else rounded(end, decimals) for end in (row.lower, row.upper)]
    inside = "" if ends == [NONE, NONE] else f" ({ends[0]} to {ends[1]})"
    return f"{rounded(row.estimate, decimals)}{' days' if row.unit == 'days' else ''}{inside}"


def counted(words: Wording, row: Figure) -> str:
    """The counts behind a figure."""
    if row.numerator is None:
        mark = HIDDEN if row.hidden else NONE
        return words.possible(row) or (f"{mark} of {count(row.denominator)}" if row.denominator else mark)
    return f"{count(row.numerator)} of {count(row.denominator)}"


def table(words: Wording, rows: Iterable[Figure]) -> list[list[str]]:
    """Lines with the figure, its counts and who was eligible."""
    return [[name(row), figure(words, row), counted(words, row), count(row.eligible)] for row in rows]
