"""How much care was used, and before against after in the same patients."""

from __future__ import annotations

from collections.abc import Iterator

from ipm_outcomes.report._page import Section
from ipm_outcomes.report._program import Figure
from ipm_outcomes.report._wording import Wording
from ipm_outcomes.report._words import HIDDEN, NONE, count, rounded
from ipm_outcomes.report.sections import _records as records


def sections(words: Wording) -> Iterator[Section]:
    """The section, where events and enrollment were given."""
    rows = records.rows_of(words, "utilization")
    if rows:
        around = [row for row in rows if row.target]
        values = {
            "rates": [_line(words, row) for row in rows if not row.target],
            "around": [_line(words, row) for row in around],
        }
        yield Section("utilization", "utilization", values)


def _line(words: Wording, row: Figure) -> list[str]:
    months = HIDDEN if row.hidden else NONE
    ratio = row.unit == "rate ratio"
    return [
        records.name(row),
        records.figure(words, row),
        NONE if ratio else count(row.numerator),
        count(row.patients),
        months if row.member_months is None else rounded(row.member_months, 0),
        count(row.observed),
        records.BETTER.get(row.direction, NONE),
    ]
