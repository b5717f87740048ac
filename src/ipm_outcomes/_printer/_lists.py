"""The lists of instruments in hand-written files: the part between two marks is printed."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from itertools import groupby
from pathlib import Path
from textwrap import fill

from ipm_outcomes.catalog import instrument, instruments
from ipm_outcomes.definition import Instrument, Scale
from ipm_outcomes.errors import DefinitionError

BEGIN, END = "printed from the definitions: {name}", "end of what is printed"
"""What the two marks say, in a comment of the file's own kind."""


def _in_order() -> list[Instrument]:
    """All instruments, those that lead a report first."""
    every = [instrument(id) for id in instruments()]
    return sorted(every, key=lambda inst: (inst.priority is None, inst.priority, inst.id))


def _class_names() -> list[str]:
    """Names of all response classes, as ruff sorts imports: names in capitals first, numbers as numbers."""
    names = (instrument(id).class_name for id in instruments())

    def place(name: str) -> tuple[bool, list[tuple[int, str]]]:
        parts = re.findall(r"(\d+)|(\D+)", name)
        return not name.isupper(), [(int(number or 0), text) for number, text in parts]

    return sorted(names, key=place)


def _imports() -> Iterator[str]:
    yield "    from ipm_outcomes.responses import ("
    yield from (f"        {name}," for name in _class_names())
    yield "    )"
    yield ""


def _exports() -> Iterator[str]:
    yield from (f'    "{name}",' for name in _class_names())


def _table() -> Iterator[str]:
    yield "| id | class | instrument | scores | terms of the instrument |"
    yield "|---|---|---|---|---|"
    for inst in _in_order():
        terms = inst.license.status.replace("public-domain", "public domain").replace("-", " ")
        cells = (f"`{inst.id}`", f"`{inst.class_name}`", inst.title, _scores(inst), terms)
        yield f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"


def _scores(inst: Instrument) -> str:
    """The scales with what their values are, and the flags."""
    groups = [
        f"{', '.join(scale.short_title or scale.title for scale in scales)}{what}"
        for what, scales in groupby(inst.scales, key=_values)
    ]
    flags = [f"flag for {flag.short_title or flag.title}" for flag in inst.flags]
    return "; ".join(groups + flags)


def _values(scale: Scale) -> str:
    if scale.unit:
        return f" ({scale.unit})"
    return f" ({scale.range[0]:f} to {scale.range[1]:f})" if scale.range else ""


def _terms() -> Iterator[str]:
    for inst in _in_order():
        yield ""
        yield f"{inst.title} ({inst.id})"
        read_in = "; ".join(inst.source(key).cite for key in inst.license.source)
        status = inst.license.status.replace("-", " ").capitalize()
        for sentence in (
            f"{status}. {inst.license.statement}",
            inst.notice,
            inst.license.note,
            f"Read in: {read_in}",
        ):
            if sentence:
                yield fill(sentence, 118, initial_indent="  ", subsequent_indent="  ", break_on_hyphens=False)
    yield ""


def _references() -> Iterator[str]:
    for name in sorted(_class_names()):
        yield f"\n::: ipm_outcomes.{name}"
    yield ""


def _results() -> Iterator[str]:
    for name in sorted(_class_names()):
        yield from (f"\n::: ipm_outcomes.responses.{name}{kind}" for kind in ("Scores", "Changes"))
    yield ""


LISTS: dict[str, dict[str, Callable[[], Iterable[str]]]] = {
    "src/ipm_outcomes/__init__.py": {"imports": _imports, "classes": _exports},
    "NOTICE": {"terms": _terms},
    "docs/api/one_response.md": {"classes": _references},
    "docs/api/results.md": {"results": _results},
    "docs/instruments.md": {"instruments": _table},
}
"""Printed parts by name, in the files of a checkout that hold them."""


def with_lists(path: Path, parts: dict[str, Callable[[], Iterable[str]]]) -> str:
    """The text of a file with its printed parts as they should be."""
    text = path.read_text(encoding="utf-8")
    for name, lines in parts.items():
        begin, end = (rf"^[^\n]*{re.escape(mark)}[^\n]*\n" for mark in (BEGIN.format(name=name), END))
        begun = list(re.finditer(begin, text, re.MULTILINE))
        ended = re.compile(end, re.MULTILINE).search(text, begun[0].end()) if len(begun) == 1 else None
        if ended is None:
            raise DefinitionError(f"{path.name}: mark once where the list {name!r} begins, and where it ends")
        text = text[: begun[0].end()] + "\n".join(lines()) + "\n" + text[ended.start() :]
    return text
