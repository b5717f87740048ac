"""Reports that are published one after the other: together they give nothing back where they share a ledger."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from report_cases import pairs, peg_report, peg_tables

from ipm_outcomes.cli import main
from ipm_outcomes.errors import FrameError, ParameterError
from ipm_outcomes.report._figures import gather
from ipm_outcomes.report._program import Program

SITES = {
    "A": [(8, 4)] * 30 + [(8, 8)] * 20 + [(6, None)] * 12,
    "B": [(7, 2)] * 25 + [(7, 7)] * 25 + [(5, None)] * 14,
    "C": [(9, 3)] * 15 + [(6, 6)] * 6 + [(6, 2)] * 30,
}
LATER = {
    "A": [*SITES["A"], *[(8, 4)] * 25, *[(8, 8)] * 15],
    "B": [*SITES["B"], *[(7, 2)] * 22, *[(7, 7)] * 12, *[(5, None)] * 12],
    "C": [*SITES["C"], (6, 6), *[(9, 3)] * 2],
}
"""Many more patients, but three more of the smallest site."""


def published(sites: Any, ledger: Path | None, **more: Any) -> Program:
    options: dict[str, Any] = dict.fromkeys(("episodes", "problems", "target")) | {"by": "site"}
    options |= {"policy": "cms", "as_of": "2025-12-31", "definitions": (), "ledger": ledger} | more
    return gather(*peg_tables(pairs(sites)), **options)


def grown(first: Program, later: Program) -> list[tuple[Any, str, int]]:
    """Figures that both reports show, and that tell how many patients between them are new: 1 to 10."""
    found = []
    for name, row in first.rows.items():
        for column in ("eligible", "observed", "numerator", "denominator"):
            old, new = getattr(row, column), getattr(later.rows.get(name, row), column)
            if old is not None and new is not None and 1 <= new - old <= 10:
                found.append((name, column, new - old))
    return found


def test_two_reports_of_growing_data_do_not_tell_who_is_new(tmp_path: Path) -> None:
    ledger = tmp_path / "ledger.json"
    assert len(grown(published(SITES, None), published(LATER, None))) > 10  # without a ledger the attack wins
    first, later = published(SITES, ledger), published(LATER, ledger)
    alone = published(SITES, None).rows
    assert {name: row.numerator for name, row in first.rows.items()} == {
        n: r.numerator for n, r in alone.items()
    }
    assert grown(first, later) == []
    headline = later.row("responder_30:peg.mean:6 months")
    assert headline is not None
    assert (headline.numerator, headline.denominator) == (149, 228)
    assert sum(row.estimate is not None for row in later.rows.values()) > 15


@pytest.mark.usefixtures("specified")
def test_the_same_data_give_the_same_report_whatever_came_between(tmp_path: Path) -> None:
    ledger, record = tmp_path / "ledger.json", tmp_path / "record.json"
    first = peg_report(tmp_path / "1.html", SITES, ledger=ledger, record=record).read_text()
    noted = ledger.read_text()
    told = json.loads(record.read_text())
    assert told["policy"] == "cms"
    assert first == peg_report(tmp_path / "2.html", SITES, ledger=ledger).read_text()
    assert first == peg_report(tmp_path / "3.html", SITES).read_text()
    assert ledger.read_text() == noted
    peg_report(tmp_path / "4.html", LATER, ledger=ledger)
    assert len(json.loads(ledger.read_text())["releases"]) == 2
    assert first == peg_report(tmp_path / "5.html", SITES, ledger=ledger).read_text()
    assert len(json.loads(ledger.read_text())["releases"]) == 2


def test_what_is_no_ledger_is_refused_and_nothing_is_written(tmp_path: Path) -> None:
    page, other = tmp_path / "page.html", tmp_path / "notes.txt"
    other.write_text("my notes")
    with pytest.raises(FrameError, match="no ledger"):
        peg_report(page, SITES, ledger=other)
    assert other.read_text() == "my notes"
    for ledger, words in (
        (tmp_path, "folder"),
        (tmp_path / "no" / "ledger.json", "does not exist"),
        (page, "a file of its own"),
        (5, "path of a file"),
    ):
        with pytest.raises(ParameterError, match=words):
            peg_report(page, SITES, ledger=ledger)
    with pytest.raises(ParameterError, match="a file of its own"):
        peg_report(page, SITES, ledger=tmp_path / "x", record=tmp_path / "x")
    with pytest.raises(ParameterError, match="policy 'none'"):
        peg_report(page, SITES, ledger=tmp_path / "x", policy="none")
    assert sorted(tmp_path.iterdir()) == [other]


def test_a_ledger_that_cannot_be_written_publishes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page, ledger = tmp_path / "page.html", tmp_path / "ledger.json"
    peg_report(page, SITES, ledger=ledger)
    before = page.read_text(), ledger.read_text()
    replace = Path.replace

    def full(self: Path, target: Any) -> Path:
        if Path(target).name == "ledger.json":
            raise OSError(28, "No space left on device")
        return replace(self, target)

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(OSError, match="No space"):
        peg_report(page, LATER, ledger=ledger)
    assert (page.read_text(), ledger.read_text()) == before
    assert len(list(tmp_path.iterdir())) == 2


def test_on_the_command_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    items = ("pain", "enjoyment", "activity")
    lines = ["patient_id,date,site," + ",".join(f"peg_{item}" for item in items)]
    lines += [f"{id},{day},{site},{v},{v},{v}" for id, day, site, v in pairs(SITES)]
    answers, page, ledger, record = (tmp_path / name for name in ("a.csv", "r.html", "l.json", "r.json"))
    answers.write_text("\n".join(lines).replace("None", ""), encoding="utf-8")
    command = ["report", str(answers), "-o", str(page), "--ledger", str(ledger), "--record", str(record)]
    assert main(command) == 0
    first = page.read_text(), ledger.read_text(), record.read_text()
    assert main(command) == 0
    assert (page.read_text(), ledger.read_text(), record.read_text()) == first
    capsys.readouterr()
    for wrong, words in (
        (["report", str(answers), "--ledger", str(ledger)], "--ledger: it is kept of HTML reports only"),
        ([*command[:4], "--ledger", str(answers)], "that is a file that is read"),
        ([*command[:4], "--record", str(tmp_path / "no" / "r.json")], "there is no folder"),
        ([*command[:4], "--ledger", str(record)], "no ledger"),
    ):
        assert main(wrong) == 2
        assert words in capsys.readouterr().err
    assert ledger.read_text() == first[1]
