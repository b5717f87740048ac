"""What the caller is told where disclosure control knew less than it should."""

from __future__ import annotations

import json
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import scipy.optimize
from report_cases import pairs
from test_suppress import frame, line, random_table

from ipm_outcomes.cli import main
from ipm_outcomes.errors import ProtectionWarning
from ipm_outcomes.program import suppression
from ipm_outcomes.program.suppression import suppress

PLACE = {"instrument": "peg", "scale": "mean", "target": "6 months", "band": None}


def slow(solve: Callable[..., Any]) -> Callable[..., Any]:
    """A solver that says that it ran out of time."""

    def solved(*given: Any, **more: Any) -> Any:
        found = solve(*given, **more)
        found.status = 1
        return found

    return solved


def responders(of: dict[str, Any], lines: dict[str, int]) -> Any:
    rows = [
        line(x, 100, 100, 100, indicator=name, definition=name, **(PLACE | of)) for name, x in lines.items()
    ]
    return frame(rows)


@pytest.mark.parametrize(
    ("of", "lines", "code", "rows", "says"),
    [
        (
            {},
            {"responder_30": 60, "mine": 40},
            "definition_unknown",
            (1,),
            "of 1 row the definition is not known",
        ),
        (
            {"instrument": "comet"},
            {"responder_30": 60},
            "instrument_unknown",
            (0,),
            "instrument is not known",
        ),
        # Nobody improves by half and not by 30 percent.
        (
            {},
            {"responder_30": 40, "responder_50": 60},
            "counts_do_not_fit",
            (0, 1),
            "counts of 2 rows do not fit",
        ),
    ],
)
def test_rows_without_the_protection_of_their_definition_are_told(
    of: dict[str, Any], lines: dict[str, int], code: str, rows: tuple[int, ...], says: str, tmp_path: Path
) -> None:
    record = tmp_path / "record.json"
    with pytest.warns(ProtectionWarning, match=says) as caught:
        suppress(responders(of, lines), by=[], record=record)
    (told,) = caught
    assert isinstance(told.message, ProtectionWarning)
    assert told.message.notices == {code: rows}
    assert told.filename == __file__
    alone = json.loads(record.read_text())["protected_by_themselves"]
    assert [(one["indicator"], one["why"]) for one in alone] == [(list(lines)[at], code) for at in rows]


def test_what_is_known_is_told_nothing_of(tmp_path: Path) -> None:
    record = tmp_path / "record.json"
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        suppress(responders({}, {"responder_30": 60, "responder_50": 40}), by=[], record=record)
        assert json.loads(record.read_text())["protected_by_themselves"] == []
        # A table without definitions is its caller's choice; the record says so.
        suppress(frame([line(60, 100, 100, 100)]), by=[], record=record)
    told = {"group": [], "indicator": "responder_30", "why": "no_definition"}
    assert json.loads(record.read_text())["protected_by_themselves"] == [told]


def test_a_search_that_was_cut_short_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    table, by = random_table(3)
    record = tmp_path / "record.json"

    def flag() -> bool:
        told = json.loads(record.read_text())
        return bool(told["time_limit_reached"])

    suppress(table, by=by, record=record)
    assert not flag()
    # Out of time with an answer: more may be hidden than needed, which the record says.
    monkeypatch.setattr(scipy.optimize, "milp", slow(scipy.optimize.milp))
    suppress(table, by=by, record=record)
    assert flag()

    # Out of time without one: less room for small counts, which the caller must know.
    def nothing(self: Any, *given: Any) -> None:
        self.limited = True

    monkeypatch.setattr(suppression.Search, "alternative", nothing)
    monkeypatch.setattr(suppression.Search, "aim", nothing)
    with pytest.warns(
        ProtectionWarning, match="time limit, and [0-9]+ small counts? may be narrowed"
    ) as caught:
        suppress(table, by=by, record=record)
    assert caught[0].message.notices == {"time_limit": ()}  # type: ignore[union-attr]
    assert flag()


def test_a_warning_that_is_an_error_notes_no_release(tmp_path: Path) -> None:
    ledger = tmp_path / "ledger.json"
    with warnings.catch_warnings():
        warnings.simplefilter("error", ProtectionWarning)
        with pytest.raises(ProtectionWarning):
            suppress(responders({}, {"mine": 40}), by=[], ledger=ledger)
    assert not ledger.exists()


def test_the_command_line_tells_it_on_standard_error(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    answers = pairs({"A": [(8, 4)] * 25 + [(8, 8)] * 6, "B": [(8, 4)] * 30 + [(8, 8)] * 20})
    items = ("pain", "enjoyment", "activity")
    lines = ["patient_id,date,site," + ",".join(f"peg_{item}" for item in items)]
    lines += [f"{id},{day},{site},{value},{value},{value}" for id, day, site, value in answers]
    (tmp_path / "answers.csv").write_text("\n".join(lines), encoding="utf-8")
    monkeypatch.setattr(suppression.Search, "cut_short", 2)
    assert main(["report", str(tmp_path / "answers.csv"), "-o", str(tmp_path / "r.html")]) == 0
    assert "the search reached its time limit, and 2 small counts may" in capsys.readouterr().err
