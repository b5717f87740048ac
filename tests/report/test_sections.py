"""Every section of the report is drawn whatever the program holds, says what it answers, and knows no instrument."""

from __future__ import annotations

import ast
import random
import re
import tomllib
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import jinja2
import polars as pl
import pytest
from report_cases import Tables, nothing, one_patient, pairs, peg_tables

import ipm_outcomes
from ipm_outcomes import change, frames, instrument, instruments, program, report
from ipm_outcomes.definition import Instrument, parse
from ipm_outcomes.errors import DefinitionError
from ipm_outcomes.report import _charts, sections
from ipm_outcomes.report._page import Page, Section
from ipm_outcomes.report._program import Program
from ipm_outcomes.report._wording import Wording

ROOT = Path(ipm_outcomes.__file__).parent
FOLDER = ROOT / "report"
MODULES = sorted(path for path in (FOLDER / "sections").glob("*.py") if not path.name.startswith("_"))
ALWAYS = {"summary", "quality", "methods", "all-quality", "sources"}
OF_ONE_SCALE = {*ALWAYS, "flow", "sites", "time"}
"""Sections of a program with a scale that has a headline, beside those of its domains and measures."""


def answers_of(ids: list[str], patients: int) -> pl.DataFrame:
    """Forms at the start and half a year later; each answer is drawn from those that the definition allows."""
    drawn = random.Random(7)
    rows: list[dict[str, Any]] = []
    for patient in range(patients):
        for days in (0, 182):
            day = date(2024, 1, 5) + timedelta(days=7 * (patient % 40) + days)
            row: dict[str, Any] = {"patient_id": patient, "date": day.isoformat(), "site": f"S{patient % 3}"}
            for one in map(instrument, ids):
                for item in one.items:
                    listed = one.answers_of(item.id)
                    code = drawn.randint(listed.lowest, listed.highest)
                    row[f"{one.id}_{item.id}"] = float(listed.answer(code))
            rows.append(row)
    return pl.DataFrame(rows)


def tables_of(ids: list[str], patients: int = 30) -> Tables:
    scores = frames.tidy(answers_of(ids, patients), ids, by=["patient_id", "date", "site"])
    changes = change.table(scores, by=["site"], as_of="2025-12-31")
    return scores, changes, program.table(changes, by=["site"], totals=True, scores=scores)


def written(tables: Tables, path: Path, **options: Any) -> str:
    return report.html(*tables, path, **{"as_of": "2025-12-31", "policy": "none"} | options).read_text()


def ids_of(page: str) -> list[str]:
    return re.findall(r'<section id="([^"]+)"', page)


@pytest.fixture
def undrawn(monkeypatch: pytest.MonkeyPatch) -> None:
    """Charts are made, but not rendered."""
    monkeypatch.setattr(_charts, "svg", lambda chart, number, message: f"<svg>{chart.to_dict() and ''}</svg>")


@pytest.mark.usefixtures("undrawn")
def test_a_program_of_every_instrument_has_every_section(tmp_path: Path) -> None:
    ids = list(instruments())
    page = written(tables_of(ids), tmp_path / "all.html")
    domains = {re.sub(r"\W", "-", instrument(id).domain) for id in ids}
    printed = OF_ONE_SCALE | {f"domain-{one}" for one in domains}
    appendix = {"measures", "all-sites", "all-time"} | {f"all-{one}" for one in domains}
    assert printed <= set(ids_of(page)) <= printed | appendix
    body, folded = page.split('<details id="appendix">')
    assert ids_of(body)[0] == "summary"
    assert ids_of(body)[-1] == "methods"
    assert ids_of(folded)[-1] == "sources"
    assert {id for id in ids_of(folded) if id.startswith("domain-")} == set()
    for id in ids:
        assert instrument(id).edition in page


@pytest.mark.usefixtures("undrawn")
@pytest.mark.parametrize("id", ["phq9", "promis29", "pam", "nps", "provider_rating", "flourishing"])
def test_a_program_of_one_instrument(id: str, tmp_path: Path) -> None:
    page = written(tables_of([id]), tmp_path / "one.html")
    domain = f"domain-{instrument(id).domain}"
    told = ALWAYS if id == "nps" else OF_ONE_SCALE
    more = {domain.replace("domain", "all"), "measures", "all-sites", "all-time"}
    assert {*told, domain} <= set(ids_of(page)) <= {*told, domain, *more}


def test_one_patient_no_patient_and_no_follow_up(tmp_path: Path) -> None:
    one = one_patient(tmp_path / "one.html")
    assert ids_of(one.read_text()) == ["summary", "all-quality", "sources"]
    inside = one_patient(tmp_path / "inside.html", policy="none").read_text()
    assert {*OF_ONE_SCALE, "domain-pain"} <= set(ids_of(inside))
    assert set(ids_of(nothing(tmp_path / "none.html").read_text())) >= ALWAYS
    lost = peg_tables(pairs({"A": [(6, None)] * 30, "B": [(8, None)] * 20}))
    page = written(lost, tmp_path / "lost.html")
    assert {*OF_ONE_SCALE, "domain-pain"} <= set(ids_of(page))
    assert "50 were due at 6 months, and none has a score then." in page


@pytest.mark.usefixtures("undrawn")
def test_without_a_column_of_episodes_each_patient_counts_once(tmp_path: Path) -> None:
    scores, changes, found = peg_tables(pairs({"A": [(8, 4)] * 30}))
    page = written((scores, changes, found), tmp_path / "r.html", episodes=None)
    assert "The path of all patients, for the PEG and the follow-up at 6 months." in page
    assert "episode of care counts" not in page


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.stem)
def test_a_section_says_what_it_answers_and_leaves_the_words_to_its_template(path: Path) -> None:
    told = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))
    assert told is not None
    assert len(told.split()) >= 8
    if path.stem != "__init__":
        assert (FOLDER / "templates" / f"{path.stem}.html.j2").is_file()


def test_sections_that_exist_are_on_the_page() -> None:
    """Satisfaction is told inside the section of its domain."""
    listed = {module.__name__.rsplit(".", 1)[1] for module in sections.SECTIONS}
    assert listed == {path.stem for path in MODULES} - {"__init__", "satisfaction"}


def test_the_report_knows_no_instrument() -> None:
    """Ids of instruments stand in docstrings only; those that begin with nps are ids of indicators."""
    ids = "|".join(sorted(instruments(), key=len, reverse=True))
    found = []
    for path in sorted(FOLDER.rglob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        told = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
        texts = (n for n in ast.walk(tree) if isinstance(n, ast.Constant) and isinstance(n.value, str))
        found += [n.value for n in texts if id(n) not in told and re.search(rf"\b({ids})\b", n.value)]
    for path in (FOLDER / "templates").iterdir():
        found += re.findall(rf"\b({ids})\b", path.read_text(encoding="utf-8"))
    assert [text for text in found if text not in ("nps", "nps_followup")] == []


@pytest.mark.usefixtures("undrawn")
def test_bands_are_headed_by_what_they_are(tmp_path: Path) -> None:
    """Levels of activation are no severity; bands that nobody has named are bands."""
    pam = written(tables_of(["pam"]), tmp_path / "pam.html")
    assert "Patient activation: level of activation before and after" in pam
    assert '<th scope="col">Level of activation</th>' in pam
    assert "severity before" not in pam
    assert "PHQ-9 total: severity before and after" in written(tables_of(["phq9"]), tmp_path / "phq9.html")
    assert "Provider rating: band before and after" in written(
        tables_of(["provider_rating"]), tmp_path / "r.html"
    )


def changed(id: str, **more: str) -> Instrument:
    """A definition with lines put in, behind its domain or at the head of its bands."""
    text = (Path(__file__).parents[2] / "instruments" / f"{id}.toml").read_text(encoding="utf-8")
    for place, line in more.items():
        at = {"head": r"(?m)^(domain = .*\n)", "bands": r"(?m)^(\[scales\.bands\]\n)"}[place]
        text = re.sub(at, rf"\1{line}\n", text, count=1)
    return parse(tomllib.loads(text, parse_float=Decimal), file=f"{id}.toml")


def test_what_a_report_takes_from_a_definition_is_checked() -> None:
    assert changed("pam", head='summary = ["score"]').summary == ("score",)
    with pytest.raises(DefinitionError, match=r"summary: 'total' is no numeric scale"):
        changed("pam", head='summary = ["total"]')
    with pytest.raises(DefinitionError, match="a net score is of three bands"):
        changed("pam", bands='net = ["level 4 (version B)", "level 1 (version B)"]')


@pytest.mark.usefixtures("undrawn")
def test_the_heading_of_a_domain_is_what_all_its_instruments_say(tmp_path: Path) -> None:
    def title(ids: list[str]) -> str:
        page = written(tables_of(ids, 6), tmp_path / "r.html")
        return re.findall(r'<h2 id="domain-satisfaction-title">([^<]*)</h2>', page)[0]

    assert title(["nps"]) == "Satisfaction: would patients recommend the program?"
    assert title(["nps", "csq8"]) == "Satisfaction"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("{% set title = 'A' %}\n{% if %}", r"report/templates/summary\.html\.j2, line 2: "),
        ("{% set title = 'A' %}{{ nobody }}", r"report/templates/summary\.html\.j2: 'nobody' is undefined"),
    ],
)
def test_a_slip_in_a_template_is_told_with_its_place(
    text: str, told: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jinja2, "PackageLoader", lambda package: jinja2.DictLoader({"summary.html.j2": text}))
    with pytest.raises(DefinitionError, match=told):
        one_patient(tmp_path / "r.html")


def test_a_template_is_compiled_once_and_filled_with_the_words_of_each_page(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    text = "{% set title = 'A' %}{{ 0.5|percent }}"
    monkeypatch.setattr(jinja2, "PackageLoader", lambda package: jinja2.DictLoader({"a.html.j2": text}))

    def body(policy: str) -> str:
        program = Program("site", policy, 0.95, "6 months", (), {}, (), None, False)
        return str(Page(Wording(program))._filled(Section("a", "a"))["body"])

    assert body("cms") == "50.0 %"
    monkeypatch.setattr(jinja2.Environment, "compile", None)
    assert body("nhs") == "50 %"  # of that policy in whole percent
