"""The headline by groups of patients: counted by hand, protected with all the rest, and read from a file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl
import pytest
from report_cases import pairs, peg_tables

from ipm_outcomes import report
from ipm_outcomes.cli import main
from ipm_outcomes.errors import FrameError, ParameterError
from ipm_outcomes.report._figures import gather


def tables(groups: dict[str | None, list[tuple[int, int | None]]]) -> Any:
    """Patients of one site, each with the language that is given."""
    scores, changes, found = peg_tables(pairs({"A": [one for pairs_ in groups.values() for one in pairs_]}))
    told = [name for name, pairs_ in groups.items() for _ in pairs_]
    of = pl.DataFrame(
        {"patient_id": range(1, len(told) + 1), "language": told}, schema_overrides={"patient_id": pl.Int64}
    )
    return scores, changes.join(of, on="patient_id", maintain_order="left"), found


def published(groups: dict[str | None, list[tuple[int, int | None]]], policy: str = "cms") -> Any:
    given: dict[str, Any] = dict.fromkeys(("episodes", "problems", "target"))
    given |= {"by": "site", "definitions": (), "policy": policy, "as_of": "2025-12-31", "strata": "language"}
    return gather(*tables(groups), **given)


BETTER, SAME, LOST = (8, 4), (8, 8), (8, None)
GROUPS: dict[str | None, list[tuple[int, int | None]]] = {
    "English": [BETTER] * 30 + [SAME] * 30 + [LOST] * 20,
    "Spanish": [BETTER] * 12 + [SAME] * 28 + [LOST] * 40,
}


def test_each_group_is_counted(tmp_path: Path) -> None:
    """English 30 of 60, of 80 due; Spanish 12 of 40, of 80 due."""
    path = report.html(*tables(GROUPS), tmp_path / "r.html", as_of="2025-12-31", strata="language")
    text = path.read_text(encoding="utf-8")
    section = text.split('<section id="strata"')[1].split("</section>")[0]
    assert "By language" in section
    english, spanish, whole = section.split("<tbody>")[1].split("<tr>")[1:]
    for row, cells in (
        (english, ("English", "75.0% (64.5 to 83.2); 60 of 80", "; 30 of 60")),
        (spanish, ("Spanish", "; 40 of 80", "30.0% (18.1 to 45.4); 12 of 40")),
        (whole, ("All", "; 100 of 160", "; 42 of 100")),
    ):
        assert all(cell in row for cell in cells)


def test_a_small_group_does_not_follow_from_the_others() -> None:
    """4 of 20 in the small group got better: neither that count, nor what the total less the rest would give."""
    found = published(
        {
            "one": [BETTER] * 30 + [SAME] * 20,
            "two": [BETTER] * 25 + [SAME] * 25,
            "few": [BETTER] * 4 + [SAME] * 16,
        }
    )
    counts = {
        stratum: row.numerator
        for (name, stratum), row in found.of_strata.items()
        if name.startswith("responder_30:")
    }
    assert counts["few"] is None
    total = found.row("responder_30:peg.mean:6 months").numerator
    assert total is None or sum(count is None for count in counts.values()) > 1
    inside = published({"one": [BETTER] * 30, "few": [BETTER] * 4}, "none")
    assert inside.of_strata["responder_30:peg.mean:6 months", "few"].numerator == 4


def test_patients_without_a_value_are_a_group_of_their_own() -> None:
    found = published({"one": [BETTER] * 30 + [SAME] * 20, None: [BETTER] * 20 + [SAME] * 20})
    assert found.of_strata["responder_30:peg.mean:6 months", "not recorded"].denominator == 40


def test_what_cannot_be_protected_or_is_not_there_is_refused(tmp_path: Path) -> None:
    path, given = tmp_path / "r.html", {"as_of": "2025-12-31"}
    with pytest.raises(ParameterError, match=r"strata: .* earlier reports; give no ledger"):
        report.html(*tables(GROUPS), path, strata="language", ledger=tmp_path / "ledger.json", **given)
    with pytest.raises(ParameterError, match="strata: this column distinguishes the sites"):
        report.html(*tables(GROUPS), path, strata="site", **given)
    with pytest.raises(FrameError, match=r"changes: .*'race'"):
        report.html(*tables(GROUPS), path, strata="race", **given)
    with pytest.raises(FrameError, match="must not be named 'all'"):
        report.html(*tables({"all": [BETTER] * 30, "b": [SAME] * 30}), path, strata="language", **given)
    assert not path.exists()


def test_on_the_command_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = ["patient_id,date,language,peg_pain,peg_enjoyment,peg_activity"]
    rows += [
        f"{k},{day},{'English' if k % 2 else 'Spanish'},{n},{n},{n}"
        for k in range(80)
        for day, n in (("2024-01-08", 8), ("2024-07-08", 4 if k % 4 < 2 else 8))
    ]
    answers, out = tmp_path / "a.csv", tmp_path / "r.html"
    answers.write_text("\n".join(rows), encoding="utf-8")
    given = ["report", str(answers), "--as-of", "2025-12-31", "-o", str(out)]
    assert main([*given, "--strata", "language"]) == 0
    section = out.read_text(encoding="utf-8").split('<section id="strata"')[1]
    assert "Spanish" in section
    assert "; 20 of 40" in section
    assert main([*given, "--strata", "race"]) == 2
    assert "--strata" in capsys.readouterr().err
    kept = ["--strata", "language", "--ledger", str(tmp_path / "ledger.json")]
    assert main([*given, *kept]) == 2
    assert (
        "--strata: figures by strata are not protected together with earlier reports"
        in capsys.readouterr().err
    )
    assert not (tmp_path / "ledger.json").exists()
