"""Definitions that nobody means well: refused in bounded time, or printed as a class that does nothing else."""

from __future__ import annotations

import ast
import builtins
import keyword
import os
import re
import time
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path

import pytest

from ipm_outcomes import catalog, change
from ipm_outcomes._printer import print_class
from ipm_outcomes.errors import DefinitionError
from ipm_outcomes.responses import Response
from ipm_outcomes.scores import Scores

PEG = (catalog.shelf() / "peg.toml").read_text(encoding="utf-8")

HOSTILE: dict[str, str | bytes] = {
    "empty": "",
    "binary": bytes(range(256)),
    "zero bytes": b"\0" * 1000,
    "not UTF-8": PEG.encode("utf-16"),
    "deep arrays": "x=" + "[" * 100_000 + "]" * 100_000,
    "deep inline tables": "x=" + "{a=" * 20_000 + "1" + "}" * 20_000,
    "deep dotted keys": "x." * 50_000 + "y=1",
    "deep quoted keys": '"x\u2028".' * 50_000 + "y=1",
    "deep tables": "".join(f"[{'.'.join('a' * (n + 1))}]\n" for n in range(1000)),
    "huge whole number": "x=" + "9" * 900_000,
    "whole number beyond 64 bits": "x=" + "9" * 4000 + "\n" + PEG,
    "huge hexadecimal number": "x=0x" + "f" * 900_000,
    "huge exponent": "x=1e" + "9" * 100_000 + "\n" + PEG,
    "exponent of a billion": re.sub(r"(?m)^range = .*$", "range = [0, 1e999999999]", PEG),
    "negative exponent": re.sub(r"(?m)^range = .*$", "range = [0, 1e-999999999]", PEG),
    "infinite": re.sub(r"(?m)^range = .*$", "range = [0, inf]", PEG),
    "no number": re.sub(r"(?m)^range = .*$", "range = [nan, 10]", PEG),
    "enormous range of answers": re.sub(r"(?m)^range = .*$", "range = [0, 9000000000000000000]", PEG),
    "many keys": "\n".join(f"k{n}=1" for n in range(80_000)),
    "many items": PEG + '\n[[items]]\nid = "x"\ngist = "x"\nanswers = "rating"\n' * 10_000,
    "large": "x='" + "a" * 5_000_000 + "'\n" + PEG,
    "a word where a table is meant": "items = 'x'\n",
    "tables where words are meant": PEG.replace('title = "', "title = {a = 1}\n#", 1),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_files_are_refused_in_bounded_time(tmp_path: Path, name: str) -> None:
    content = HOSTILE[name]
    file = tmp_path / "peg.toml"
    file.write_bytes(content.encode() if isinstance(content, str) else content)
    begun = time.process_time()
    with pytest.raises(DefinitionError) as caught:
        catalog.read(file)
    assert time.process_time() - begun < 3
    assert len(str(caught.value)) < 1000
    assert caught.value.__cause__ is None


@pytest.mark.skipif(os.name != "posix", reason="asks a POSIX system")
@pytest.mark.parametrize(
    "make", [Path.mkdir, os.mkfifo, lambda path: path.symlink_to("/dev/zero"), lambda path: None]
)
def test_what_is_no_file_is_refused_without_waiting(tmp_path: Path, make: Callable[[Path], object]) -> None:
    place = tmp_path / "peg.toml"
    make(place)
    with pytest.raises(DefinitionError, match=r"^peg\.toml: "):
        catalog.read(place)


def test_a_name_that_no_file_can_have() -> None:
    with pytest.raises(DefinitionError, match="name"):
        catalog.read("pe\0g.toml")


PAYLOADS = [
    '"""\nimport os; os.system("true")\n"""',
    "'''\nimport os\n'''",
    "x\\",
    "x\\\\",
    'x"',
    'x""',
    '"x',
    '""""""',
    "x \\N{BULLET} \\x \\u \\",
    "C:\\users\\x",
    "x\r\n\f\v\x1c\u2028import os",
    "\\" * 300,
    '"' * 301,
    "{id} {0} %s",
]
KEYS = (
    "title",
    "edition",
    "about",
    "recall",
    "measures",
    "low",
    "high",
    "domain",
    "statement",
    "gist",
    "notice",
)


def payload(key: str, text: str) -> str:
    quoted = '"' + "".join(f"\\U{ord(sign):08x}" for sign in text) + '"'
    if key == "notice":
        return PEG.replace('domain = "pain"', f'domain = "pain"\nnotice = {quoted}')
    return re.sub(rf'(?m)^(\s*){key} = ".*"$', lambda found: f"{found[1]}{key} = {quoted}", PEG)


def shape(source: str) -> str:
    """What a printed module does: its syntax with every text left out."""

    class Textless(ast.NodeTransformer):
        def visit_Constant(self, node: ast.Constant) -> ast.Constant:
            return ast.Constant("") if isinstance(node.value, str) else node

    return ast.dump(Textless().visit(ast.parse(source)))


@pytest.mark.parametrize("text", PAYLOADS)
@pytest.mark.parametrize("key", KEYS)
def test_a_printed_class_does_nothing_else(tmp_path: Path, key: str, text: str) -> None:
    file = tmp_path / "peg.toml"
    file.write_text(payload(key, text), encoding="utf-8")
    if len(text.splitlines()) > 1:
        with pytest.raises(DefinitionError, match="line break or a control character"):
            catalog.read(file)
        return
    source = print_class(catalog.read(file))
    wanted = print_class(catalog.instrument("peg"))
    assert shape(source) == shape(wanted)


def renamed(old: str, new: str) -> str:
    return PEG.replace(f'"{old}"', f'"{new}"')


TAKEN_ITEMS = sorted(
    {
        name
        for name in [*dir(Response), *keyword.kwlist, "cls", "int", "str", "classmethod"]
        if re.match("[a-z]", name)
    }
)
OF_RESULTS = {
    name for one in (Scores, change.Changes) for name in [*dir(one), *(part.name for part in fields(one))]
}
TAKEN_SCALES = sorted({name for name in [*OF_RESULTS, *keyword.kwlist] if re.match("[a-z]", name)})


@pytest.mark.parametrize(("old", "names"), [("enjoyment", TAKEN_ITEMS), ("mean", TAKEN_SCALES)])
def test_names_of_python_and_of_the_base_class_are_refused(
    tmp_path: Path, old: str, names: list[str]
) -> None:
    file = tmp_path / "peg.toml"
    for name in names:
        text = renamed(old, name)
        if old == "mean":  # the kind of the scale is called mean as well
            text = text.replace(f'kind = "{name}"', 'kind = "mean"')
        file.write_text(text, encoding="utf-8")
        with pytest.raises(DefinitionError, match="this name is taken"):
            catalog.read(file)


@pytest.mark.parametrize(
    "name", ["None", "True", "False", "Response", "Scores", "Field", "Self", "Annotated", *dir(builtins)]
)
def test_class_names_of_python_and_of_the_base_are_refused(tmp_path: Path, name: str) -> None:
    file = tmp_path / "peg.toml"
    file.write_text(re.sub(r'(?m)^class = ".*"$', f'class = "{name}"', PEG), encoding="utf-8")
    with pytest.raises(DefinitionError, match=r"peg\.toml: class: "):
        catalog.read(file)
