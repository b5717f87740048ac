"""Every public class and function has an example, is on a page of the API, and has a picture there where it draws."""

from __future__ import annotations

import importlib
import importlib.util
import inspect
import pkgutil
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

import ipm_outcomes

pytestmark = pytest.mark.source
ROOT = Path(__file__).parents[1]
API = ROOT / "docs" / "api"
INSIDE = {"ipm_outcomes.definition", "ipm_outcomes.tables", "ipm_outcomes.report.sections"}
"""Packages for contributors; what a page of the API lists of them is public all the same."""


def rooms() -> Iterator[ModuleType]:
    """Packages and modules under a public name, but for the command line, whose options have --help."""
    yield ipm_outcomes
    for found in pkgutil.walk_packages(ipm_outcomes.__path__, "ipm_outcomes."):
        parts = found.name.split(".")[1:]
        if not any(part.startswith("_") for part in parts) and parts[0] != "cli":
            yield importlib.import_module(found.name)


def of(room: ModuleType) -> Iterator[Any]:
    """The classes and functions that a module hands out."""
    for name in getattr(room, "__all__", ()):
        thing = getattr(room, name)
        if inspect.isclass(thing) or inspect.isfunction(thing):
            yield thing


def listed() -> Iterator[tuple[str, Any]]:
    """What the pages of the API list, by the path under which they do."""
    for page in sorted(API.glob("*.md")):
        for path, options in re.findall(
            r"^::: (\S+)\n((?: {4}.*\n)*)", page.read_text("utf-8") + "\n", re.MULTILINE
        ):
            try:
                thing: Any = importlib.import_module(path)
            except ModuleNotFoundError:
                room, _, name = path.rpartition(".")
                thing = getattr(importlib.import_module(room), name)
            if not isinstance(thing, ModuleType):
                yield path, thing
            elif "members: false" not in options:
                own = (name for name, one in vars(thing).items() if getattr(one, "__module__", "") == path)
                names = getattr(thing, "__all__", None) or [name for name in own if not name.startswith("_")]
                yield from ((f"{path}.{name}", getattr(thing, name)) for name in names)


LISTED = dict(listed())
ON_PAGES = {id(thing) for thing in LISTED.values()}


def public() -> dict[str, Any]:
    """All of it, each once, by module and name."""
    every = [thing for room in rooms() if room.__name__ not in INSIDE for thing in of(room)]
    every += [thing for thing in LISTED.values() if inspect.isclass(thing) or inspect.isfunction(thing)]
    return {f"{thing.__module__}.{thing.__qualname__}": thing for thing in every}


PUBLIC = public()


def test_there_is_much_that_is_public():
    assert len(PUBLIC) > 200
    assert "ipm_outcomes.change._between.between" in PUBLIC


@pytest.mark.parametrize("name", PUBLIC)
def test_it_has_an_example(name: str) -> None:
    assert ">>> " in (PUBLIC[name].__doc__ or "")


def test_it_is_on_a_page_of_the_api():
    assert [name for name, thing in PUBLIC.items() if id(thing) not in ON_PAGES] == []


def gallery() -> Any:
    path = ROOT / "docs" / "gallery_pages.py"
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec
    assert spec.loader
    module = sys.modules[path.stem] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_what_draws_has_a_picture_there():
    pytest.importorskip("polars", reason="needs polars, which is not installed")
    drawing = [f"{room}.plot.{name}" for room in ("change", "program") for name in plots(room)]
    assert len(drawing) >= 9
    assert set(gallery().SHOWN) == set(drawing)
    # By itself on its page: below it the site puts the picture.
    assert [name for name in drawing if f"ipm_outcomes.{name}" not in paths()] == []


def plots(room: str) -> list[str]:
    return list(importlib.import_module(f"ipm_outcomes.{room}.plot").__all__)


def paths() -> set[str]:
    return {
        path
        for page in API.glob("*.md")
        for path in re.findall(r"^::: (\S+)$", page.read_text("utf-8"), re.MULTILINE)
    }
