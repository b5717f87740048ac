"""Periods of a report: joined until nothing of them is small, named as what they are, and kept by a ledger."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from report_cases import peg_tables

from ipm_outcomes import report
from ipm_outcomes.report._figures import gather
from ipm_outcomes.report._periods import cut, joined, label

Q = [
    (24288 + 3 * k, 24290 + 3 * k) for k in range(8)
]  # the quarters of 2024 and 2025: 2024 times 12 is 24288


def small(counts: Any) -> bool:
    return any(0 < n <= 10 for n in counts)


@pytest.mark.parametrize(
    ("span", "size", "name"),
    [
        (Q[0], 3, "2024 Q1"),
        ((Q[0][0], Q[1][1]), 3, "2024 Q1 and Q2"),
        ((Q[0][0], Q[2][1]), 3, "2024 Q1 to Q3"),
        ((Q[3][0], Q[4][1]), 3, "2024 Q4 and 2025 Q1"),
        ((24288, 24288), 1, "2024-01"),
        ((24288, 24289), 1, "2024-01 and 2024-02"),
        ((24288, 24290), 1, "2024-01 to 2024-03"),
        ((24288, 24299), 6, "2024 H1 and H2"),
        ((24288, 24299), 12, "2024"),
    ],
)
def test_a_period_says_what_it_is(span: tuple[int, int], size: int, name: str) -> None:
    assert label(span, size) == name


def test_neighbors_are_joined_until_none_is_small() -> None:
    counts = {q: [[n]] for q, n in zip(Q[:5], (20, 6, 7, 30, 8), strict=True)}
    # The second takes the third in; the last goes back to the one before.
    assert joined(Q[:5], counts, small) == [Q[0], (Q[1][0], Q[2][1]), (Q[3][0], Q[4][1])]
    assert joined(Q[:5], {q: [[20]] for q in Q[:5]}, small) == Q[:5]
    # A quarter in which nobody was enrolled is no small count, and stays.
    assert joined(Q[:3], {Q[0]: [[20]], Q[2]: [[20]]}, small) == Q[:3]
    assert joined(Q[:2], {Q[1]: [[3]]}, small) == [(Q[0][0], Q[1][1])]


def test_nothing_longer_than_a_year_is_made_and_no_gap_is_bridged() -> None:
    assert joined(Q, {q: [[1]] for q in Q}, small) == [(Q[0][0], Q[3][1]), (Q[4][0], Q[7][1])]
    apart = [Q[0], Q[2]]
    assert joined(apart, {q: [[1]] for q in apart}, small) == apart


def test_what_was_told_before_stays_as_it_was() -> None:
    fixed = [(Q[0][0], Q[1][1])]
    spans = cut(range(Q[0][0], Q[3][1] + 1), 3, fixed)
    assert spans == [fixed[0], Q[2], Q[3]]
    assert joined(spans, {s: [[1]] for s in spans}, small, fixed) == [fixed[0], (Q[2][0], Q[3][1])]


def rows(months: list[tuple[int, int, int]]) -> list[tuple[Any, str, str, int | None]]:
    """Patients by month of 2024: how many came from 8 to 4, and how many stayed at 8; half a year lies between."""
    made: list[tuple[Any, str, str, int | None]] = []
    for month, better, same in months:
        for after in [4] * better + [8] * same:
            made += [(len(made), f"2024-{month:02d}-08", "A", 8)]
            year, later = (2024, month + 6) if month < 7 else (2025, month - 6)
            made += [(made[-1][0], f"{year}-{later:02d}-08", "A", after)]
    return made


MONTHS = [(1, 20, 15), (2, 5, 30), (3, 13, 12), (4, 30, 30), (5, 25, 2)]
"""Too small are those who improved in February, and those who did not in May."""


def gathered(months: list[tuple[int, int, int]], ledger: Path | None = None) -> Any:
    options: dict[str, Any] = dict.fromkeys(("episodes", "problems", "target")) | {"by": "site"}
    options |= {"policy": "cms", "as_of": "2025-12-31", "definitions": (), "ledger": ledger}
    return gather(*peg_tables(rows(months)), **options)


def test_the_report_joins_months_and_counts_them_together(tmp_path: Path) -> None:
    made = gathered(MONTHS)
    assert made.periods == ("2024-01", "2024-02 and 2024-03", "2024-04 and 2024-05")
    told = [made.row("responder_30:peg.mean:6 months", period=period) for period in made.periods]
    assert [(row.numerator, row.denominator) for row in told] == [(20, 35), (18, 60), (55, 87)]
    mean = made.row("mean_improvement:peg.mean:6 months", period="2024-02 and 2024-03")
    assert mean.estimate == pytest.approx(18 * 4 / 60)
    path = report.html(*peg_tables(rows(MONTHS)), tmp_path / "r.html", as_of="2025-12-31")
    page = path.read_text(encoding="utf-8")
    assert "Neighbors that would be too small are put together." in page
    assert "<td>2024-02 and 2024-03</td>" in page.replace('<th scope="row">', "<td>").replace(
        "</th>", "</td>"
    )
    inside = report.html(*peg_tables(rows(MONTHS)), tmp_path / "i.html", as_of="2025-12-31", policy="none")
    alone = inside.read_text(encoding="utf-8")
    assert "2024-02" in alone
    assert "2024-02 and 2024-03" not in alone
    assert "Neighbors that would be too small are put together." not in alone


def test_a_ledger_keeps_the_periods_of_the_first_report(tmp_path: Path) -> None:
    """In later data February is large enough alone; distinguished, March and February would be what was told as one."""
    ledger = tmp_path / "ledger.json"
    first = gathered(MONTHS, ledger).periods
    more = [(2, 25, 30), *MONTHS, (6, 20, 20)]
    assert gathered(more).periods == (
        *("2024-01", "2024-02", "2024-03", "2024-04"),
        "2024-05 and 2024-06",  # May takes June in
    )
    assert gathered(more, ledger).periods == (*first, "2024-06")
