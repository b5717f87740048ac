"""What is installed: extras, dependencies, files. `.ci/run` tries the built wheel, away from the checkout."""

from __future__ import annotations

import ast
import importlib
import re
import sys
import tomllib
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

import pytest

import ipm_outcomes

pytestmark = pytest.mark.source
ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
EXTRAS: dict[str, list[str]] = PROJECT["project"]["optional-dependencies"]

DISTRIBUTIONS = {
    "pydantic_core": "pydantic",
    "vl_convert": "vl-convert-python",
    "python_calamine": "python-calamine",
}
"""Import names that differ from the name of the package that brings them."""


def names(requirements: list[str]) -> set[str]:
    """Names of packages, those of named extras of this project included."""
    found = set()
    for requirement in requirements:
        if own := re.fullmatch(r"ipm-outcomes\[(.+)\]", requirement):
            for extra in own[1].split(","):
                found |= names(EXTRAS[extra])
        else:
            found.add(re.split(r"[\[<>=~!; ]", requirement)[0])
    return found


def sources(holding: str) -> list[ast.Module]:
    """The modules in which this text occurs."""
    texts = (path.read_text(encoding="utf-8") for path in (ROOT / "src").rglob("*.py"))
    return [ast.parse(text) for text in texts if holding in text]


def statements(tree: ast.AST) -> Iterator[ast.AST]:
    """Every statement, however deep; none of what they are made of."""
    for part in ("body", "orelse", "finalbody", "handlers", "cases"):
        for node in getattr(tree, part, ()):
            yield node
            yield from statements(node)


def test_one_version():
    assert PROJECT["project"]["version"] == ipm_outcomes.__version__ == version("ipm-outcomes")
    assert f"\n## {ipm_outcomes.__version__}" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")


def test_all_brings_every_feature():
    features = {extra for extra in EXTRAS if extra not in ("all", "spark", "test")}
    assert names([f"ipm-outcomes[{','.join(features)}]"]) <= names(EXTRAS["all"])


def test_the_command_is_there():
    for target in PROJECT["project"]["scripts"].values():
        module, _, name = target.partition(":")
        assert callable(getattr(importlib.import_module(module), name))


def test_what_is_imported_is_declared():
    declared = names(PROJECT["project"]["dependencies"]) | names(EXTRAS["all"]) | names(EXTRAS["spark"])
    for tree in sources("import"):
        for node in statements(tree):
            imported = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom):
                imported = [str(node.module)]
            for name in imported:
                top = name.split(".")[0]
                if top not in sys.stdlib_module_names and top != "ipm_outcomes":
                    assert DISTRIBUTIONS.get(top, top) in declared, name


def test_errors_name_extras_that_exist():
    called = [
        node
        for tree in sources("MissingExtraError")
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and ast.unparse(node.func).endswith("MissingExtraError")
    ]
    assert called
    for node in called:
        extra = node.args[1] if len(node.args) > 1 else node.keywords[-1].value
        if isinstance(extra, ast.Constant):
            assert extra.value in EXTRAS


def test_definitions_and_terms_are_packed():
    wheel = PROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]
    assert wheel["force-include"] == {
        "instruments": "ipm_outcomes/instruments",
        "examples/clinic/make.py": "ipm_outcomes/examples/clinic.py",  # the script; no data
    }
    assert (ROOT / "examples" / "clinic" / "make.py").stat().st_size < 20_000
    assert (ROOT / "src" / "ipm_outcomes" / "py.typed").is_file()
    for name in PROJECT["project"]["license-files"]:
        assert (ROOT / name).stat().st_size > 0


def test_nothing_names_where_packages_come_from():
    for name in ("pyproject.toml", ".ci/run", "README.md", "CONTRIBUTING.md"):
        assert not re.search(r"index.url|https?://(?!loinc)", (ROOT / name).read_text(encoding="utf-8"))
    assert not [path for path in ROOT.glob("*.lock") if path.name not in ignored()]


def ignored() -> list[str]:
    return (ROOT / ".gitignore").read_text(encoding="utf-8").split()
