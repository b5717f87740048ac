"""The proof of every call, the steward's record, and the ledger that protects later releases."""

from __future__ import annotations

import ast
import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import polars as pl
import pytest
from scipy.optimize import linprog
from suppress_cases import frame, line, random_table, related_lines

from ipm_outcomes.errors import FrameError, ParameterError
from ipm_outcomes.program import indicator, suppression
from ipm_outcomes.program.indicators import Condition
from ipm_outcomes.program.suppression import _proof, suppress
from ipm_outcomes.program.suppression._proof import verify

# ---- the proof ----------------------------------------------------------------------------------


def proofs(seeds: range) -> list[tuple[Any, Any]]:
    """The systems and searches of some random tables."""
    found: list[tuple[Any, Any]] = []
    searched = suppression._searched

    def watched(cells: Any, system: Any, *more: Any) -> Any:
        search = searched(cells, system, *more)
        found.append((system, search))
        return search

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(suppression, "_searched", watched)
        for seed in seeds:
            suppress(random_table(seed)[0])
    return found


def holds(system: Any, search: Any, hidden: np.ndarray, moves: list[Any]) -> bool:
    low, high = np.where(hidden, 0, search.value), np.where(hidden, 10**9, search.value)
    try:
        least, most = verify(system, low, high, moves)
    except AssertionError:
        return False
    return bool((least <= search.goal_low).all() and (most >= search.goal_high).all())


def test_every_spoiled_proof_is_caught() -> None:
    spoiled = 0
    for system, search in proofs(range(12)):
        moves = search.moves
        assert holds(system, search, search.hidden, moves)
        for n, (at, by) in enumerate(moves):
            others = [*moves[:n], *moves[n + 1 :]]
            for k in range(len(at)):  # one patient too many
                changed = by.copy()
                changed[k] += 1
                one = np.zeros(system.size, np.int64)
                one[at] = changed
                sound = not (system.E @ one).any() and not (system.A @ one)[~search.hidden].any()
                if not sound or (system.x + one < 0).any():
                    assert not holds(system, search, search.hidden, [*others, (at, changed)])
                    spoiled += 1
        for cell in np.flatnonzero(search.hidden):  # a hidden count shown that a witness moves
            if any((np.asarray(system.A[[cell]][:, at] @ by) != 0).any() for at, by in moves):
                hidden = search.hidden.copy()
                hidden[cell] = False
                assert not holds(system, search, hidden, moves)
                spoiled += 1
        if len(system.items):
            assert not holds(system, search, search.hidden, [])
            spoiled += 1
    assert spoiled > 800


def test_the_proof_is_short_needs_no_solver_and_is_made_in_every_call(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    tree = ast.parse(Path(_proof.__file__).read_text(encoding="utf-8"))
    imported = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    imported |= {str(node.module) for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert imported == {"__future__", "collections.abc", "itertools", "typing", "numpy"}
    body = next(one for one in tree.body if isinstance(one, ast.FunctionDef) and one.name == "verify").body[
        1:
    ]
    assert body[-1].end_lineno is not None
    assert body[-1].end_lineno - body[0].lineno < 30
    made: list[int] = []

    def watched(*given: Any) -> Any:
        made.append(1)
        return verify(*given)

    monkeypatch.setattr(suppression, "verify", watched)
    for policy in ("cms", "nhs"):
        suppress(frame([line(60, 120, 120, 120)]), policy)
    assert len(made) == 2


def test_a_failed_proof_publishes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    run = suppression.Search.run

    def forgetful(self: Any) -> None:
        run(self)
        del self.moves[0]

    monkeypatch.setattr(suppression.Search, "run", forgetful)
    with pytest.raises(FrameError, match="nothing is"):
        suppress(frame([line(6, 60, 60, 60)]))


# ---- the record ---------------------------------------------------------------------------------


def test_the_record_tells_reasons_and_no_hidden_count(tmp_path: Path) -> None:
    rows = [("A", 6, 40), ("B", 30, 60), ("C", 41, 80), (None, 77, 180)]
    table = frame([line(x, n, n, n, site=s) for s, x, n in rows])
    path = tmp_path / "record.json"
    suppress(table, record=path)
    text = path.read_text()
    record = json.loads(text)
    rules = {(one["group"][0], one["count"]): (one["shown"], one["rule"]) for one in record["counts"]}
    assert rules["A", "numerator"] == (None, "small count")
    assert rules["B", "numerator"] == (None, "protects another")
    assert rules["C", "numerator"] == (41, None)
    assert [one["can_be"] for one in record["protected"]] == [[1, 10]]
    body = {name: value for name, value in record.items() if name != "sha256"}
    canonical = json.dumps(body, sort_keys=True, separators=(",", ":"))
    assert record["sha256"] == hashlib.sha256(canonical.encode()).hexdigest()
    suppress(table, record=path)
    assert path.read_text() == text


def test_a_record_does_not_depend_on_the_order_of_sets(tmp_path: Path) -> None:
    """Python keeps sets of words in another order in every process."""
    code = (
        "import sys; from suppress_cases import random_table; from ipm_outcomes.program import suppress;"
        "table, by = random_table(5); suppress(table, by=by, record=sys.argv[1])"
    )
    records = []
    for seed in ("0", "2"):
        path = tmp_path / seed
        env = os.environ | {"PYTHONHASHSEED": seed, "PYTHONPATH": os.pathsep.join(sys.path)}
        subprocess.run([sys.executable, "-c", code, str(path)], env=env, check=True, timeout=300)
        records.append(path.read_bytes())
    assert records[0] == records[1]


@pytest.mark.parametrize("seed", range(4))
def test_another_table_that_is_published_alike_has_the_same_shown_counts_in_its_record(
    seed: int, tmp_path: Path
) -> None:
    table, by = random_table(seed)
    out = suppress(table, by=by, record=tmp_path / "r.json")
    record = json.loads((tmp_path / "r.json").read_text())
    told = sorted(one["shown"] for one in record["counts"] if one["shown"] is not None)
    columns = ("numerator", "denominator", "observed", "eligible")
    assert told == sorted(n for c in columns for n in out[c].to_list() if n is not None)
    assert all(one["can_be"] in ([1, 10], [0, 10]) or one["can_be"][1] <= 10 for one in record["protected"])


def numbers(value: Any) -> Iterator[int]:
    """All numbers of a JSON value."""
    if isinstance(value, (dict, list)):
        for one in value.values() if isinstance(value, dict) else value:
            yield from numbers(one)
    elif isinstance(value, (int, float)) and not isinstance(value, bool):
        yield int(value)


@pytest.mark.parametrize("seed", range(12))
def test_no_hidden_count_is_in_a_record_and_no_change_goes_unnoticed(seed: int, tmp_path: Path) -> None:
    table, by = random_table(seed)
    out = suppress(table, by=by, record=tmp_path / "r.json")
    text = (tmp_path / "r.json").read_text()
    record = json.loads(text)
    columns = ("numerator", "denominator", "observed", "eligible")
    shown = {n for c in columns for n in out[c].to_list() if n is not None}
    hidden = {n for c in columns for n, kept in zip(table[c], out[c], strict=True) if kept is None}
    large = {n for n in hidden - shown if n is not None and n > 10}
    of_counts = set(numbers(record["counts"])) | set(numbers(record["protected"]))
    assert not large & of_counts
    assert of_counts <= shown | set(range(11))

    def holds(given: str) -> bool:
        try:
            body = json.loads(given)
            told = body.pop("sha256")
        except (ValueError, KeyError, AttributeError):
            return False
        canonical = json.dumps(body, sort_keys=True, separators=(",", ":"))
        return bool(told == hashlib.sha256(canonical.encode()).hexdigest())

    assert holds(text)
    r = Random(seed)
    for _ in range(60):
        at = r.randrange(len(text.rstrip()))
        other = r.choice([c for c in '0123456789abcdefn"' if c != text[at]])
        assert not holds(text[:at] + other + text[at + 1 :])


# ---- the ledger ---------------------------------------------------------------------------------

SITES = ("s0", "s1", "s2", None)


def release(counts: dict[str | None, tuple[int, int]]) -> pl.DataFrame:
    return frame([line(x, n, n, n, site=s) for s, (n, x) in counts.items()])


FIRST = release({"s0": (60, 25), "s1": (80, 41), "s2": (55, 6), None: (195, 72)})
LATER = release({"s0": (65, 28), "s1": (80, 41), "s2": (71, 22), None: (216, 91)})


def ranges(first: pl.DataFrame, later: pl.DataFrame) -> dict[str, tuple[float, float]]:
    """What both releases together leave of the counts of each site, then and since; by linear programming."""
    names = [(when, c, s) for when in ("then", "since") for c in ("numerator", "rest") for s in SITES[:3]]
    at = {name: k for k, name in enumerate(names)}
    lines, right = [], []
    for whens, table in ((("then",), first), (("then", "since"), later)):
        for row in table.to_dicts():
            sites = SITES[:3] if row["site"] is None else (row["site"],)
            for column, parts in (("numerator", ("numerator",)), ("denominator", ("numerator", "rest"))):
                if row[column] is not None:
                    made = np.zeros(len(names))
                    for when in whens:
                        for part in parts:
                            for site in sites:
                                made[at[when, part, site]] = 1
                    lines.append(made)
                    right.append(row[column])
    found = {}
    for what, parts in {
        "responders of s2 then": [("then", "numerator", "s2")],
        "new at s0": [("since", "numerator", "s0"), ("since", "rest", "s0")],
    }.items():
        wanted = np.zeros(len(names))
        for part in parts:
            wanted[at[part]] = 1
        ends = [linprog(sign * wanted, A_eq=np.array(lines), b_eq=right).fun * sign for sign in (1, -1)]
        found[what] = (ends[0], ends[1])
    return found


def test_two_releases_together_give_nothing_back_with_a_ledger(tmp_path: Path) -> None:
    alone = ranges(suppress(FIRST), suppress(LATER))
    assert alone["new at s0"] == (5, 5)  # 65 - 60: without a ledger the attack wins
    ledger = tmp_path / "ledger.json"
    first = suppress(FIRST, ledger=ledger)
    assert first.equals(suppress(FIRST))
    later = suppress(LATER, ledger=ledger)
    for least, most in ranges(first, later).values():
        assert least <= 1 + 1e-6
        assert most >= 10 - 1e-6
    assert later.filter(pl.col("site").is_null()).select("numerator", "denominator").row(0) == (91, 216)


def test_what_a_later_release_hides_for_the_earlier_one_is_the_least_that_does(tmp_path: Path) -> None:
    """Of s0 the 5 new patients, and 27 responders: 25 of them then at most 27, so 4 or more of the 31 at s2.

    So n and x of s0 have to go, and one more of each for the sake of the total; two of these four were hidden already.
    """
    later = release({"s0": (65, 27), "s1": (80, 41), "s2": (91, 22), None: (236, 90)})
    ledger = tmp_path / "ledger.json"

    def hidden(out: pl.DataFrame) -> int:
        return sum(out[name].null_count() for name in ("numerator", "denominator"))

    first, alone = suppress(FIRST, ledger=ledger), suppress(later)
    assert ranges(first, alone)["responders of s2 then"][0] > 3
    assert ranges(first, alone)["new at s0"] == (5, 5)
    together = suppress(later, ledger=ledger)
    for least, most in ranges(first, together).values():
        assert least <= 1 + 1e-6
        assert most >= 10 - 1e-6
    assert hidden(together) <= hidden(first) + 2


def test_the_same_data_in_other_groups_are_protected_together(tmp_path: Path) -> None:
    ledger = tmp_path / "ledger.json"
    suppress(frame([line(40, 60, 60, 60, indicator="a", ward=None)]), ledger=ledger)
    # Told again by site: the total is what was told before.
    rows = [
        line(x, n, n, n, indicator="a", site=s) for s, x, n in [("A", 6, 20), ("B", 34, 40), (None, 40, 60)]
    ]
    out = suppress(frame(rows), ledger=ledger)
    assert out["numerator"].to_list() == [None, None, 40]


@pytest.mark.parametrize("n", [130, 100])  # more were followed, or as many: that says nothing of the others
def test_a_count_that_was_told_in_one_piece_is_protected_where_it_comes_back_in_two(
    n: int, tmp_path: Path
) -> None:
    """40 improved by 30 percent; later 20 by 30 to 50 and 23 by half or more: 3 of those 43 are new."""
    test = {"column": "percent", "at_least": 30}
    between = indicator("responder_50").model_copy(
        update={
            "id": "between",
            "numerator": Condition.model_validate({"all": [test, {"column": "percent", "below": 50}]}),
            "denominator": indicator("responder_50").denominator,
        }
    )
    ledger = tmp_path / "ledger.json"
    suppress(related_lines({"responder_30": 40}, 100), by=[], ledger=ledger)
    later = related_lines({"between": 20, "responder_50": 23}, n)
    given: dict[str, Any] = {"by": [], "definitions": [between]}
    assert suppress(later, **given)["numerator"].to_list() == [20, 23]
    assert None in suppress(later, **given, ledger=ledger)["numerator"].to_list()


def test_the_same_release_again_is_the_same_also_after_a_correction(tmp_path: Path) -> None:
    ledger = tmp_path / "ledger.json"
    first = suppress(FIRST, ledger=ledger)
    suppress(release({"s0": (60, 25), "s1": (76, 40), "s2": (55, 6), None: (191, 71)}), ledger=ledger)
    assert suppress(FIRST, ledger=ledger).equals(first)


def test_of_three_releases_the_first_is_within_the_second(tmp_path: Path) -> None:
    """Whoever was counted first is counted later: 44 and 59 tell of the same 15 in every witness."""
    ledger = tmp_path / "ledger.json"
    systems = []
    built = suppression._built

    def watched(*given: Any) -> Any:
        systems.append(built(*given)[1])
        return built(*given)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(suppression, "_built", watched)
        for n in (44, 59, 73):
            suppress(frame([line(n, 100, 100, 100)]), by=[], ledger=ledger)
    beside = {node.scene for node in systems[-1].nodes if "beside" in node.scene}
    assert len(beside) == 3  # the second and the first, this one and each of them


def test_a_changed_ledger_is_refused(tmp_path: Path) -> None:
    ledger = tmp_path / "ledger.json"
    suppress(FIRST, ledger=ledger)
    with pytest.raises(ParameterError, match="another policy"):
        suppress(FIRST, "nhs", ledger=ledger)
    ledger.write_text(ledger.read_text().replace("25", "26"))
    with pytest.raises(FrameError, match="was changed"):
        suppress(LATER, ledger=ledger)
    with pytest.raises(ParameterError, match="ledger"):
        suppress(LATER, ledger=5)  # type: ignore[arg-type]
