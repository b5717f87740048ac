"""The pages say what is there: instruments, codes, commands, links, notebooks."""

from __future__ import annotations

import importlib
import importlib.util
import re
import shlex
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest

import ipm_outcomes as ipm

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
PAGES = sorted([*ROOT.glob("*.md"), *DOCS.rglob("*.md"), *(ROOT / "examples").rglob("*.md")])
NOTEBOOKS = sorted((ROOT / "examples" / "notebooks").glob("*.py"))


def text(*parts: str) -> str:
    return ROOT.joinpath(*parts).read_text(encoding="utf-8")


def cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip().strip("|").split("|")]


def first_column(page: str, pattern: str) -> set[str]:
    """Names in backquotes that begin a row of a table."""
    return set(re.findall(rf"^\| `({pattern})` \|", page, re.MULTILINE))


def test_the_list_names_every_instrument_with_its_class_title_and_license():
    rows = {
        cells(line)[0].strip("`"): cells(line)
        for line in text("docs", "instruments.md").splitlines()
        if "|" in line
    }
    listed = set(ipm.instruments()) & set(rows)
    assert listed == set(ipm.instruments())
    for id in listed:
        found = ipm.instrument(id)
        assert rows[id][1] == f"`{found.class_name}`"
        assert rows[id][2] == found.title
        assert rows[id][4] == found.license.status.replace("public-domain", "public domain").replace("-", " ")


def test_the_list_names_no_instrument_that_is_not_there():
    assert first_column(text("docs", "instruments.md"), r"\w+") == set(ipm.instruments())


def test_notice_states_the_terms_of_every_instrument():
    notice = text("NOTICE")
    for id in ipm.instruments():
        name = ipm.instrument(id).title.removesuffix(" scale").split(",")[0]
        short = {"Patient Health Questionnaire-9": "PHQ-9", "Generalized Anxiety Disorder scale-7": "GAD-7"}
        short |= {"PROMIS-29 Profile v2.0": "v2.0"}
        assert short.get(name, name) in notice, id


def test_the_readme_has_one_command_for_the_main_job_and_one_for_the_tests():
    commands = [line for line in text("README.md").splitlines() if line.startswith("python3 -m venv .venv")]
    assert len(commands) == 2
    assert "ipm-outcomes report examples/clinic/clinic.csv" in commands[0]
    assert "pytest" in commands[1]
    assert commands[1] in text("CONTRIBUTING.md").splitlines()


def test_every_page_is_in_the_navigation():
    nav = text("mkdocs.yml").split("\nnav:")[1]
    listed = re.findall(r"[\w/]+\.md", nav)
    assert sorted(listed) == sorted(page.relative_to(DOCS).as_posix() for page in DOCS.rglob("*.md"))


def test_pages_load_nothing_from_a_network():
    assert "font: false" in text("mkdocs.yml")
    for page in PAGES:
        assert not re.search(
            r"!\[[^\]]*\]\(https?:|<(script|link|iframe|img)\b[^>]*https?:", page.read_text("utf-8")
        ), page


def test_the_picture_of_the_package_is_drawn_from_its_imports():
    path = ROOT / "tools" / "architecture.py"
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec
    assert spec.loader
    architecture = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(architecture)
    assert architecture.PICTURE.read_text(encoding="utf-8") == architecture.draw(), (
        "run tools/architecture.py"
    )
    floor = architecture.floors(architecture.imports())
    assert floor["errors"] == 0 < floor["scores"] < floor["frames"] < floor["change"] < floor["report"]


def test_links_between_files_hold():
    broken = [
        f"{page.relative_to(ROOT)}: {target}"
        for page in PAGES
        for target in re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8"))
        if not re.match(r"\w+:", target) and not (page.parent / target).exists()
    ]
    assert broken == []


def test_the_codes_on_the_page_of_scores_are_the_codes_of_the_library():
    from ipm_outcomes.tables import ABSENT_CODES

    assert first_column(
        text("docs", "scores.md"), r"\w+_answers|component_\w+|not_applicable|undefined_\w+|beyond_\w+"
    ) == set(ABSENT_CODES)


def test_the_exceptions_on_the_page_are_those_of_the_library():
    from ipm_outcomes import errors

    own = {
        name
        for name, thing in vars(errors).items()
        if isinstance(thing, type) and issubclass(thing, errors.IpmOutcomesError)
    }
    listed = first_column(text("docs", "privacy_and_errors.md"), r"\w+Error")
    assert listed == own - {"IpmOutcomesError"}


def commands() -> list[str]:
    """Those of all pages, each once; what `demo` writes into a folder is in examples/clinic as well."""
    blocks = [
        block.replace("\\\n", "").replace("clinic_example/", "examples/clinic/")
        for page in PAGES
        for block in re.findall(r"^```sh\n(.*?)^```", page.read_text("utf-8"), re.DOTALL | re.MULTILINE)
    ]
    lines = [line.split("  #")[0] for block in blocks for line in block.splitlines()]
    return list(dict.fromkeys(" ".join(line.split()) for line in lines if line.startswith("ipm-outcomes")))


@pytest.mark.parametrize("command", commands())
def test_the_commands_of_the_page_run(command, tmp_path, monkeypatch, capsys):
    pytest.importorskip("cyclopts", reason="needs cyclopts, which is not installed")
    main = importlib.import_module("ipm_outcomes.cli").main
    words = shlex.split(command.replace("examples/", f"{(ROOT / 'examples').as_posix()}/"))
    monkeypatch.chdir(tmp_path)
    code = main(words[1:])
    ran = capsys.readouterr()
    assert "Traceback" not in ran.err
    assert code == ("clinic_messy.csv" in command), ran.err
    if "-o" in words:
        assert (tmp_path / words[words.index("-o") + 1]).stat().st_size > 1000
    else:
        assert len(ran.out) > 200


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda path: path.name)
def test_notebooks_run(notebook, tmp_path):
    for needed in ("marimo", "altair"):
        if not importlib.util.find_spec(needed):
            pytest.skip(f"notebooks need {needed} (dependency group notebooks)")
    ran = subprocess.run(
        [sys.executable, str(notebook)],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr[-3000:]


def test_what_the_cheat_sheet_calls_is_there():
    sheet = text("docs", "cheat_sheet.md")
    called = re.findall(r"`((?:\w+\.)*)(\w+)\(", sheet)
    assert len(called) > 15
    for path, name in called:
        inside = path.rstrip(".").removeprefix("ipm")
        if inside == "PHQ9":
            assert hasattr(ipm.PHQ9, name)
        else:
            assert hasattr(importlib.import_module(".".join(filter(None, ("ipm_outcomes", inside)))), name)
    known = {one.split()[0] for one in first_column(text("docs", "command_line.md"), r"\w+(?: [A-Z]+)?")}
    assert set(re.findall(r"`ipm-outcomes (\w+)", sheet)) <= known


def hook(name: str) -> Any:
    path = DOCS / f"{name}.py"
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_language_models_are_shown_every_page():
    pages = re.findall(r"^ *- (.+): ([\w/]+\.md)$", text("mkdocs.yml").split("\nnav:")[1], re.MULTILINE)
    written = hook("llms_pages").llms([{title: path} for title, path in pages])
    for title, path in pages:
        line = next(line for line in written.splitlines() if line.startswith(f"- [{title}]({path[:-3]}/)"))
        assert path.startswith("api/") or re.search(r"\): \S.{20,}", line), line
    assert text("docs", "cheat_sheet.md").split("\n\n")[2] in written


def test_the_page_of_an_instrument_says_when_there_is_a_score():
    page = "\n".join(hook("instrument_pages").page(ipm.instrument("phq9")))
    row = next(cells(line) for line in page.splitlines() if line.startswith("| `total`, "))
    assert row[1:] == [
        "9 items",
        "0 to 27",
        "higher",
        "`complete`: all 9 answered; `prorate`: 7 of 9 answered",
        "`responder_50`",
    ]
    assert "| 1 | 2 | Several days |" in page  # what is printed beside the option, and its position
    for one in (
        "## Sources",
        "cut-off",
        "threshold of change",
        "License of the instrument",
        "No score: 0 answered",
    ):
        assert one in page


def test_the_page_on_installing_has_the_size_of_every_extra():
    extras = tomllib.loads(text("pyproject.toml"))["project"]["optional-dependencies"]
    page = text("docs", "install.md")
    assert first_column(page, r"\w+") == set(extras) - {"test"}
    assert all(
        int(cells(line)[-1]) > 100 for line in page.splitlines() if re.match(r"\| (core|`\w+`) \|", line)
    )
