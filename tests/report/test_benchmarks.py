"""Benchmarks of the user's: drawn where the definition is the same, and nowhere else; what is amiss is refused."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from report_cases import pairs, peg_report, peg_tables

from ipm_outcomes import report
from ipm_outcomes.cli import main
from ipm_outcomes.errors import ParameterError

SITES = {"A": [(8, 4)] * 30 + [(8, 8)] * 20, "B": [(6, 3)] * 20 + [(7, 7)] * 25}


def entry(**changed: Any) -> str:
    given = {
        "name": "Our target",
        "value": 0.45,
        "year": 2026,
        "source": "Plan of the program.",
        "same_definition_as": "responder_30:peg.mean:6 months",
    } | changed
    told = {key: f'"{value}"' if isinstance(value, str) else value for key, value in given.items()}
    return "[[benchmark]]\n" + "".join(
        f"{key} = {value}\n" for key, value in told.items() if value is not None
    )


def page(tmp_path: Path, *entries: str) -> str:
    file = tmp_path / "benchmarks.toml"
    file.write_text("\n".join(entries), encoding="utf-8")
    return peg_report(tmp_path / "r.html", SITES, benchmarks=file).read_text(encoding="utf-8")


def test_it_is_drawn_at_the_figure_of_the_same_definition(tmp_path: Path) -> None:
    text = page(tmp_path, entry())
    line = '<line class="mark" x1="45.0%" x2="45.0%" y1="1" y2="23"/>'
    [row] = [row for row in text.split("<tr>") if "<small>Our target: 45%</small>" in row]
    assert "Clearly less pain" in row
    assert line in row
    assert text.count(line) == 1 + 3  # with the two sites and all
    assert "Our target (2026): 45%. Plan of the program." in text


def test_of_another_definition_it_is_named_and_not_drawn(tmp_path: Path) -> None:
    """Nobody filled in a PHQ-9 here."""
    text = page(tmp_path, entry(same_definition_as="responder_50:phq9.total:6 months"))
    assert "<small>Our target" not in text
    assert 'class="mark"' not in text
    assert "Not drawn, as no figure here has the same definition: Our target." in text
    assert "Not drawn" not in page(tmp_path, entry())


@pytest.mark.parametrize(
    ("entries", "told"),
    [
        ("x = [", r"benchmarks: the file is not TOML"),
        ("x = 1", r"benchmarks: give tables \[\[benchmark\]\]"),
        (entry(source=None), r"benchmarks, entry 1: give exactly the keys name, value, year"),
        (entry() + entry(year="2026"), r"benchmarks, entry 2: year must be a year"),
        (entry(value="45 %"), r"benchmarks, entry 1: value must be a number"),
        (entry(name=""), r"benchmarks, entry 1: name must be a text"),
        (entry(value=45), r"benchmarks, entry 1: value: this figure is a share, so give 0 to 1"),
        (
            entry(same_definition_as="responder_3:peg.mean:6 months"),
            r"entry 1: same_definition_as: .*did you mean 'responder_30:peg\.mean:6 months'\?",
        ),
    ],
)
def test_what_is_amiss_is_named_and_nothing_is_written(entries: str, told: str, tmp_path: Path) -> None:
    with pytest.raises(ParameterError, match=told):
        page(tmp_path, entries)
    assert not (tmp_path / "r.html").exists()


def test_a_file_of_other_bytes(tmp_path: Path) -> None:
    file = tmp_path / "b.toml"
    file.write_bytes(b"\xff\xfe")
    with pytest.raises(ParameterError, match="not text in UTF-8"):
        report.html(*peg_tables(pairs(SITES)), tmp_path / "r.html", benchmarks=file)


def test_markup_in_a_name_is_text(tmp_path: Path) -> None:
    text = page(tmp_path, entry(name="<b>best</b>"))
    assert "&lt;b&gt;best&lt;/b&gt;: 45%" in text


def test_on_the_command_line(tmp_path: Path) -> None:
    rows = ["patient_id,date,site,peg_pain,peg_enjoyment,peg_activity"]
    rows += [
        f"{k},{day},A,{n},{n},{n}" for k in range(40) for day, n in (("2024-01-08", 8), ("2024-07-08", 4))
    ]
    answers, file, out = (tmp_path / name for name in ("a.csv", "b.toml", "r.html"))
    answers.write_text("\n".join(rows), encoding="utf-8")
    file.write_text(entry(), encoding="utf-8")
    given = ["report", str(answers), "--benchmarks", str(file), "--made-by", "Q. Office", "-o", str(out)]
    given += ["--as-of", "2025-12-31"]
    assert main(given) == 0
    text = out.read_text(encoding="utf-8")
    assert "Our target: 45%" in text
    assert re.search(r"Made with [^.]*\.\d+\.\d+ on [^.]* by Q\. Office\.", text)
    assert (tmp_path / "r.tables.csv").read_text(encoding="utf-8").startswith("indicator,title,group,")
