"""Small sites of a report: put together by how many patients are due, named so, and kept so by a ledger."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl
import pytest
from report_cases import AS_OF, example_episodes, example_tables, pairs, peg_tables

from ipm_outcomes import program, report
from ipm_outcomes.report import _small_sites
from ipm_outcomes.report._figures import gather
from ipm_outcomes.report._small_sites import together

COUNTS = ("eligible", "observed", "numerator", "denominator")


@pytest.mark.parametrize(
    ("due", "joined"),
    [
        ({"A": 60, "B": 50}, ()),  # none is small
        ({"A": 60, "B": 9, "C": 15}, ("B", "C")),  # 24 together
        ({"A": 60, "B": 9, "C": 50}, ("B", "C")),  # one small site takes the next one in
        ({"A": 60, "B": 3, "C": 5, "D": 40}, ("B", "C", "D")),  # 8 are too few still
        ({"A": 60, "B": 0, "C": 21, "D": 22}, ("B", "C", "D")),
        ({"A": 60, "B": 9}, ()),  # no other row would be left
        ({"A": 60, "B": 9, "C": 8}, ()),
        ({"A": 15, "B": 15, "C": 15}, ()),
        ({"A": 60, "B": 9, "C": 15, "Other sites": 70}, ("B", "C", "Other sites")),
        ({"A": 60, "B": 50, "Other sites": 70}, ()),
    ],
)
def test_sites_with_fewer_than_22_due_are_put_together(due: dict[str, int], joined: tuple[str, ...]) -> None:
    assert together(due, 22) == joined
    assert together(dict(reversed(due.items())), 22) == joined


def test_what_was_told_before_stays_as_it_was() -> None:
    due = {"A": 60, "B": 30, "C": 30, "D": 5, "E": 5}
    assert together(due, 22, alone=("A", "D"), before=("B", "C")) == ("B", "C", "E")
    assert together(due, 22, alone=tuple(due)) == ()


def site(better: int, same: int, lost: int) -> list[tuple[int, int | None]]:
    """Patients from 8 to 4, who stayed at 8, and without a follow-up."""
    return [(8, 4)] * better + [(8, 8)] * same + [(8, None)] * lost


SITES = {
    **{"North": site(30, 25, 15), "South": site(28, 40, 12)},
    **{"East": site(8, 5, 4), "West": site(5, 6, 7)},
}
"""Too small are East, with 17 due, and West, with 18."""


def gathered(sites: dict[str, Any], ledger: Path | None = None, policy: str = "cms", **tables: Any) -> Any:
    options: dict[str, Any] = dict.fromkeys(("episodes", "problems", "target")) | {"by": "site"}
    options |= {"policy": policy, "as_of": "2025-12-31", "definitions": (), "ledger": ledger}
    return gather(*(tables.get("given") or peg_tables(pairs(sites))), **options)


def told(made: Any, group: str, name: str = "responder_30") -> Any:
    row = made.row(f"{name}:peg.mean:6 months", group)
    return row.numerator, row.denominator


def test_the_report_counts_small_sites_together() -> None:
    made = gathered(SITES)
    assert made.groups == ("North", "South", "Other sites")
    assert made.other_sites == ("East", "West")
    assert told(made, "Other sites") == (13, 24)
    assert told(made, "Other sites", "followup_completion") == (24, 35)
    assert made.row("mean_improvement:peg.mean:6 months", "Other sites").estimate == 2.2  # 13 * 4 / 24
    assert told(made, "North") == (30, 55)
    assert all(not row.hidden for (_, group, _), row in made.rows.items() if group != "all")
    assert made.row("responder_30:peg.mean:6 months", "East") is None
    for policy in ("nhs", "none"):
        assert gathered(SITES, policy=policy).groups == ("East", "North", "South", "West")


def test_more_is_shown_than_without(monkeypatch: pytest.MonkeyPatch) -> None:
    def figures(made: Any) -> int:
        return sum(row.estimate is not None for row in made.rows.values())

    joined = gathered(SITES)
    monkeypatch.setattr(_small_sites, "together", lambda *_: ())
    apart = gathered(SITES)
    assert figures(joined) > figures(apart)
    assert told(apart, "North") == (None, 55) or told(apart, "South") == (None, 68)


def test_no_outcome_decides_which_sites_are_put_together() -> None:
    others = SITES | {"East": site(0, 13, 4), "West": site(11, 0, 7), "South": site(1, 67, 12)}
    assert gathered(others).other_sites == ("East", "West")


def test_ratings_and_shares_given_severity_are_those_of_the_sites_together() -> None:
    """Of the example with its smallest site cut in two, of which one is small and takes in the other."""
    scores, changes, _ = example_tables()
    there = pl.col("site") == "Riverbend"
    small = there & pl.col("patient_id").is_in(
        sorted(set(changes.filter(there)["patient_id"].to_list()))[::7]
    )
    name = pl.when(small).then(pl.lit("Creek")).otherwise("site").alias("site")
    changes, scores = changes.with_columns(name), scores.with_columns(name)
    made = program.table(changes, by=["site"], scores=scores, totals=True)
    options: dict[str, Any] = {"episodes": example_episodes(), "problems": None, "target": None, "by": "site"}
    options |= {"policy": "cms", "as_of": AS_OF, "definitions": ()}
    out = gather(scores, changes, made, **options)
    assert out.groups == ("Hilltop", "Lakeside", "Other sites")
    before = gather(*example_tables(), **options)
    for key, row in out.rows.items():
        if key[1] == "Other sites":
            same = before.rows[key[0], "Riverbend", "all"]
            assert [getattr(row, c) for c in COUNTS] == [getattr(same, c) for c in COUNTS]
            assert row.estimate == same.estimate
    for scale, shares in out.adjusted.items():
        assert shares["Other sites"] == pytest.approx(before.adjusted[scale]["Riverbend"])


@pytest.mark.parametrize("kind", ["pandas", "pyarrow"])
def test_other_kinds_of_frames_and_patients_without_a_site(kind: str) -> None:
    tables = [one.to_pandas() if kind == "pandas" else one.to_arrow() for one in peg_tables(pairs(SITES))]
    assert told(gathered({}, given=tables), "Other sites") == (13, 24)
    without = [(*row[:2], None if row[2] == "West" else row[2], row[3]) for row in pairs(SITES)]
    made = gathered({}, given=peg_tables(without))
    assert made.other_sites == ("East", "not recorded")
    assert told(made, "Other sites") == (13, 24)


def test_the_page_says_what_was_put_together(tmp_path: Path) -> None:
    path = report.html(*peg_tables(pairs(SITES)), tmp_path / "r.html", as_of="2025-12-31")
    page = path.read_text(encoding="utf-8")
    assert "“Other sites” are 2 small sites put together, so that fewer figures have to be hidden." in page
    assert "Other sites (2 joined)" in page
    assert "With 3 lines (fewer than 10)" in page
    for name in ("East", "West"):
        assert name not in page
    large = {name: SITES[name] for name in ("North", "South")}
    path = report.html(*peg_tables(pairs(large)), tmp_path / "l.html", as_of="2025-12-31")
    assert "Other sites" not in path.read_text(encoding="utf-8")


def test_a_ledger_keeps_the_sites_of_the_first_report(tmp_path: Path) -> None:
    """East, grown, would be told alone, and West be what was told as both less East."""
    ledger = tmp_path / "ledger.json"
    assert gathered(SITES, ledger).other_sites == ("East", "West")
    grown = SITES | {"East": site(30, 20, 15), "West": site(20, 20, 12), "Valley": site(4, 4, 2)}
    assert gathered(grown).other_sites == ("Valley", "West")
    later = gathered(grown, ledger)
    assert later.groups == ("North", "South", "Other sites")
    assert later.other_sites == ("East", "Valley", "West")
    # North has become small in what is counted, and was told alone: it stays.
    fewer = grown | {"North": site(5, 5, 2)}
    assert gathered(fewer, ledger).groups == later.groups


def test_growth_of_the_other_sites_is_protected(tmp_path: Path) -> None:
    """Three more at West: old and new figure of the row would give them by subtraction."""
    ledger = tmp_path / "ledger.json"
    first = gathered(SITES, ledger)
    assert told(first, "Other sites", "followup_completion") == (24, 35)
    later = gathered(SITES | {"West": site(8, 6, 7)}, ledger)
    assert told(later, "Other sites", "followup_completion")[1] is None


def test_frames_of_numbers_name_the_sites_too() -> None:
    names = {"North": 1, "South": 2, "East": 3, "West": 4}
    tables = [
        one.to_pandas().assign(site=lambda t: t["site"].map(names)) for one in peg_tables(pairs(SITES))[:2]
    ]
    made = gathered({}, given=[*tables, program.table(tables[1], by=["site"], totals=True)])
    assert made.other_sites == ("3", "4")
    assert told(made, "Other sites") == (13, 24)
