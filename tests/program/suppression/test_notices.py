"""What the caller is told where disclosure control knew less than it should."""

from __future__ import annotations

import json
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import scipy.optimize
from report_cases import pairs
from suppress_cases import Attacker, frame, line, random_table

from ipm_outcomes.cli import main
from ipm_outcomes.errors import FrameError, ProtectionWarning
from ipm_outcomes.program import suppression
from ipm_outcomes.program.suppression import suppress
from ipm_outcomes.program.suppression._transfers import Transfers

PLACE = {"instrument": "peg", "scale": "mean", "target": "6 months", "band": None}


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


def solver(monkeypatch: pytest.MonkeyPatch, gives_up: Callable[[np.ndarray], bool], status: int = 1) -> None:
    """A solver that ends without an answer where the costs of its variables are such."""
    solve = scipy.optimize.milp

    def solved(cost: np.ndarray, **more: Any) -> Any:
        found = solve(cost, **more)
        if gives_up(cost):
            found.status, found.x = status, None
        return found

    monkeypatch.setattr(scipy.optimize, "milp", solved)


def has_prices(cost: np.ndarray) -> bool:
    """Whether it is the search for a cheap table: counts have a price, patients hardly any."""
    return bool((cost > 0.1).any())


def counts_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is found without the solver."""
    monkeypatch.setattr(Transfers, "find", lambda *_: None)


def test_a_search_at_the_end_of_its_work_hides_more_and_never_less(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    counts_alone(monkeypatch)
    record = tmp_path / "record.json"
    tables = [random_table(seed) for seed in (3, 5, 8)]
    before = [suppress(table, by=by, record=record) for table, by in tables]
    assert json.loads(record.read_text())["work_limit_reached"] is False
    ranges = json.loads(record.read_text())["protected"]

    solver(monkeypatch, has_prices)
    more = 0
    for (table, by), usual in zip(tables, before, strict=True):
        with pytest.warns(ProtectionWarning, match="for [0-9]+ small counts? more may be hidden") as caught:
            out = suppress(table, by=by, record=record)
        assert caught[0].message.notices == {"work_limit": ()}  # type: ignore[union-attr]
        Attacker(out, table, by, "cms").assert_beaten()
        more += (out["suppressed"] == "hidden").sum() - (usual["suppressed"] == "hidden").sum()
    assert more > 0
    told = json.loads(record.read_text())
    assert told["work_limit_reached"] is True
    assert told["protected"] == ranges  # none has less room


@pytest.mark.parametrize("status", [1, 4])
def test_nothing_is_published_where_nothing_is_proved(
    status: int, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    counts_alone(monkeypatch)
    table, by = random_table(3)
    record, ledger = tmp_path / "record.json", tmp_path / "ledger.json"
    # A first table is found (no costs at all), other ones are not.
    solver(monkeypatch, lambda cost: bool(cost.any()), status)
    with pytest.raises(FrameError, match="no proof was found, within the work allowed"):
        suppress(table, by=by, record=record, ledger=ledger)
    assert not record.exists()
    assert not ledger.exists()


def test_nothing_is_published_where_no_first_table_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    table, by = random_table(3)
    solver(monkeypatch, lambda cost: True)
    with pytest.raises(FrameError, match="no proof was found, within the work allowed"):
        suppress(table, by=by)


def test_the_solver_has_no_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    counts_alone(monkeypatch)
    asked: list[Any] = []
    solve = scipy.optimize.milp

    def solved(cost: np.ndarray, **more: Any) -> Any:
        asked.append(dict(more["options"]))
        return solve(cost, **more)

    monkeypatch.setattr(scipy.optimize, "milp", solved)
    table, by = random_table(3)
    suppress(table, by=by)
    assert asked
    assert all("node_limit" in options and "time_limit" not in options for options in asked)


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
    monkeypatch.setattr(suppression.Search, "dear", 2)
    assert main(["report", str(tmp_path / "answers.csv"), "-o", str(tmp_path / "r.html")]) == 0
    assert "for 2 small counts more may be hidden than needed" in capsys.readouterr().err
