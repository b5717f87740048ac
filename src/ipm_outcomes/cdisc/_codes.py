"""Test codes: those that are known, and a user's own."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from ipm_outcomes.catalog import instrument as definition
from ipm_outcomes.errors import ParameterError
from ipm_outcomes.frames._frame import Frame

MOST_CODE, MOST_NAME = 8, 40
"""Letters of QSTESTCD and PARAMCD, and of QSTEST and PARAM."""
_CODE = re.compile(r"[A-Z_][A-Z0-9_]{0,7}")


@dataclass(frozen=True)
class Test:
    """One question or score in QS."""

    code: str
    name: str
    category: str
    instrument: str
    part: str
    """Id of the item or the scale."""
    is_score: bool


def check_code(code: str, place: str) -> str:
    """The code, if it is one that SDTM allows."""
    if not _CODE.fullmatch(code):
        raise ParameterError(
            f"{place}: a code has 1 to {MOST_CODE} capital letters and digits and begins with a letter"
        )
    return code


@cache
def _known() -> tuple[Test, ...]:
    content = tomllib.loads((files("ipm_outcomes.cdisc") / "codes.toml").read_text(encoding="utf-8"))
    tests = []
    for entry in content["categories"]:
        inst = definition(entry["instrument"])
        for item, code in entry["items"].items():
            gist = inst.item(item).gist or item
            tests.append(Test(code, gist[:1].upper() + gist[1:], entry["name"], inst.id, item, False))
        for scale, code in entry["scores"].items():
            tests.append(Test(code, inst.scale(scale).title, entry["name"], inst.id, scale, True))
    return tuple(tests)


def tests_of(codes: Any) -> tuple[Test, ...]:
    """The tests of a user's table, and of the instruments that it does not have those that are known."""
    own = () if codes is None else _of_table(Frame(codes))
    replaced = {test.instrument for test in own}
    tests = (*own, *(test for test in _known() if test.instrument not in replaced))
    doubled = [test.code for n, test in enumerate(tests) if test.code in {other.code for other in tests[:n]}]
    if doubled:
        raise ParameterError(f"codes: {doubled[0]} appears twice; each question has a code of its own")
    return tests


def _of_table(frame: Frame) -> tuple[Test, ...]:
    needed = ("instrument", "part", "QSTESTCD", "QSTEST", "QSCAT")
    frame.require(needed, "codes")
    cells = [frame.values(name) for name in needed]
    tests = []
    for id, part, code, name, category in zip(*cells, strict=True):
        inst = definition(str(id))
        is_score = part in inst.scale_ids and part not in inst.item_ids
        if not is_score and part not in inst.item_ids:
            raise ParameterError(f"codes: {inst.id} has neither an item nor a scale {part!r}")
        if len(str(name)) > MOST_NAME:
            raise ParameterError(f"codes: QSTEST of {code} has more than {MOST_NAME} letters")
        tests.append(
            Test(check_code(str(code), "codes"), str(name), str(category), inst.id, str(part), is_score)
        )
    return tuple(tests)


def items_of(tests: Sequence[Test], id: str) -> dict[str, Test]:
    """The test of each item of an instrument, in the order of the form."""
    by_part = {test.part: test for test in tests if test.instrument == id and not test.is_score}
    if not by_part:
        raise ParameterError(
            f"codes: the test codes of {id} are not known; give a table with instrument, part, QSTESTCD, QSTEST, QSCAT"
        )
    return {item: by_part[item] for item in definition(id).item_ids if item in by_part}
