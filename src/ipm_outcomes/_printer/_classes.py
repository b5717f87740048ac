"""The modules of ``responses/``: one with the classes of each instrument, and the one that lists them."""

from __future__ import annotations

import json
from collections.abc import Iterable
from textwrap import wrap

from ipm_outcomes.catalog import instrument
from ipm_outcomes.definition import Instrument, Item
from ipm_outcomes.errors import printable

ORIGIN = "Printed from ``instruments/{id}.toml`` by ``python -m ipm_outcomes._printer``; do not edit."


def print_class(inst: Instrument) -> str:
    """The source of the module with the response class and the scores class of one instrument."""
    name = inst.class_name
    lines = [
        f'"""{_escaped(f"{inst.title} ({inst.edition}).")}\n\n{ORIGIN.format(id=inst.id)}\n"""\n',
        "from dataclasses import dataclass",
        "from typing import TYPE_CHECKING, Annotated, ClassVar, Self",
        "",
        "from pydantic import Field",
        "",
        "from ipm_outcomes.responses._base import Response",
        "from ipm_outcomes.responses._described import OfScales",
        f"from ipm_outcomes.scores import {', '.join(sorted([*_score_types(inst), 'Scores']))}",
        "",
        "if TYPE_CHECKING:",
        f"    from ipm_outcomes.responses._changes.{inst.id} import {name}Changes",
        "",
    ]
    for id, answers in inst.answers.items():
        low, high = (f"{answers.answer(end):g}" for end in (answers.lowest, answers.highest))
        lines.append(f"_{id.upper()} = Field(strict=True, ge={low}, le={high}{_labels(inst, id)})")
    lines += ["", "", *_scores_class(inst)]
    about = f"{inst.about} {inst.notice}" if inst.notice else inst.about
    lines += ["", "", f"class {name}(Response[{name}Scores]):"]
    lines += _docstring(
        f"Answers to the {inst.title}, {inst.edition}. Recall: {inst.recall}.",
        4,
        about,
        _answer_example(inst),
    )
    lines += [
        f'    instrument_id: ClassVar[str] = "{inst.id}"',
        f"    scores_class: ClassVar[type[Scores]] = {name}Scores",
        "",
    ]
    for item in inst.items:
        kind = _number(inst, item)
        lines.append(f"    {item.id}: Annotated[{kind}, _{item.answers.upper()}] | None = None")
        lines += _docstring(_item_sentence(inst, item), 4)
    lines += ["", "    @classmethod", "    def from_labels("]
    lines += ["        cls,", "        *,"]
    lines += [f"        {item.id}: str | {_number(inst, item)} | None = None," for item in inst.items]
    lines += ["    ) -> Self:"]
    lines += _docstring(
        "Build a response from the labels of the answers; case, spacing and punctuation do not matter.",
        8,
        "Raises pydantic.ValidationError with all labels that are none of the item's.",
    )
    lines += ["        return cls._from_labels(", "            {"]
    lines += [f'                "{item.id}": {item.id},' for item in inst.items]
    lines += ["            }", "        )", ""]
    return "\n".join(lines)


def _scores_class(inst: Instrument) -> list[str]:
    name, ids = inst.class_name, [scale.id for scale in inst.scales]
    lines = ["@dataclass(frozen=True, kw_only=True, repr=False)", f"class {name}Scores(OfScales, Scores):"]
    lines += _docstring(
        f"The scores of one {name} response.",
        4,
        example=(
            f">>> from ipm_outcomes import {name}, score",
            f">>> score({name}()).{ids[0]}.value is None  # nothing was answered",
            "True",
        ),
    )
    lines += [
        f'    instrument_id: ClassVar[str] = "{inst.id}"',
        f"    scale_ids: ClassVar[tuple[str, ...]] = ({_listed(map(json.dumps, ids))})",
        "",
    ]
    for scale in inst.scales:
        kind = "CategoryScore" if scale.categorical else "Score"
        lines += [f"    {scale.id}: {kind}", *_docstring(scale.sentence, 4)]
    lines += [
        "",
        "    if TYPE_CHECKING:",
        "",
        f'        def _pair(self, after: "{name}Scores", /) -> "type[{name}Changes]": ...  # type: ignore[override]',
    ]
    return lines


def print_changes(inst: Instrument) -> str:
    """The source of the module with the class of the changes between two responses to one instrument."""
    name = inst.class_name
    kinds = {scale.id: "CategoryChange" if scale.categorical else "ScaleChange" for scale in inst.scales}
    lines = [
        f'"""{_escaped(f"Changes of the {inst.title} ({inst.edition}).")}\n\n{ORIGIN.format(id=inst.id)}\n"""\n',
        "from dataclasses import dataclass",
        "from typing import ClassVar",
        "",
        f"from ipm_outcomes._changes import {', '.join(sorted({*kinds.values(), 'Changes'}))}",
        "from ipm_outcomes.responses._described import OfScales",
        "",
        "",
        "@dataclass(frozen=True, kw_only=True, repr=False)",
        f"class {name}Changes(OfScales, Changes):",
        *_docstring(
            f"The changes between two {name} responses of one patient.",
            4,
            example=(
                f">>> from ipm_outcomes import {name}, between, score",
                f">>> between(score({name}()), score({name}())).{inst.lead_scale.id}.verdict",
                "'cannot be judged'",
            ),
        ),
        f'    instrument_id: ClassVar[str] = "{inst.id}"',
        f"    scale_ids: ClassVar[tuple[str, ...]] = ({_listed(map(json.dumps, kinds))})",
        "",
    ]
    for scale in inst.scales:
        lines += [f"    {scale.id}: {kinds[scale.id]}", *_docstring(scale.sentence, 4)]
    return "\n".join([*lines, ""])


def print_index(ids: tuple[str, ...]) -> str:
    """The source of ``responses/__init__.py``: every class by name, loaded when asked for."""
    ids_by_class = {instrument(id).class_name: id for id in ids}
    lines = [
        '"""The response classes, one module for each instrument, loaded when asked for.\n\n'
        'Printed by ``python -m ipm_outcomes._printer``; do not edit.\n"""\n',
        "from importlib import import_module",
        "from typing import TYPE_CHECKING",
        "",
        "from ipm_outcomes.responses._base import Response",
        "",
        "if TYPE_CHECKING:",
    ]
    by_id = sorted(ids_by_class.items(), key=lambda pair: pair[1])
    lines += [f"    from ipm_outcomes.responses._changes.{id} import {name}Changes" for name, id in by_id]
    lines += [f"    from ipm_outcomes.responses.{id} import {name}, {name}Scores" for name, id in by_id]
    exported = sorted(
        [*(f"{name}{kind}" for name in ids_by_class for kind in ("", "Scores", "Changes")), "Response"]
    )
    lines += ["", "CLASSES = {"]
    lines += [f'    "{id}": "{name}",' for name, id in by_id]
    lines += ["}", '"""Instrument ids with the names of their response classes."""', "", "__all__ = ["]
    lines += [f'    "{name}",' for name in exported]
    lines += [
        "]",
        "",
        "",
        "def __getattr__(name: str) -> object:",
        "    for id, class_name in CLASSES.items():",
        '        if name in (class_name, f"{class_name}Scores"):',
        '            return getattr(import_module(f"ipm_outcomes.responses.{id}"), name)',
        '        if name == f"{class_name}Changes":',
        '            return getattr(import_module(f"ipm_outcomes.responses._changes.{id}"), name)',
        '    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")',
        "",
    ]
    return "\n".join(lines)


def _number(inst: Instrument, item: Item) -> str:
    """The Python type of the answers of an item."""
    return "int" if inst.answers_of(item.id).per_unit == 1 else "float"


def _score_types(inst: Instrument) -> list[str]:
    return sorted({"CategoryScore" if scale.categorical else "Score" for scale in inst.scales})


def _labels(inst: Instrument, id: str) -> str:
    answers = inst.answers[id]
    if answers.options:
        labels = [{"const": o.code, "title": o.label} for o in answers.options]
        return f', json_schema_extra={{"oneOf": {json.dumps(labels, ensure_ascii=False)}}}'
    ends = "; ".join(
        f"{code} = {anchor}"
        for code, anchor in zip(answers.range or (), (answers.low, answers.high), strict=False)
        if anchor
    )
    # No multipleOf: validators that divide binary floats would refuse right answers.
    if answers.per_unit > 1:
        ends = "; ".join(filter(None, (ends, f"in steps of {answers.step}")))
    return f", description={json.dumps(ends, ensure_ascii=False)}" if ends else ""


def _item_sentence(inst: Instrument, item: Item) -> str:
    answers = inst.answers_of(item.id)
    text = (item.wording or item.gist).rstrip(".")
    if answers.options:
        text += ": " + ", ".join(f"{o.code} {o.label}" for o in answers.options)
    else:
        ends = zip(answers.range or (), (answers.low, answers.high), strict=False)
        text += ": " + " to ".join(f"{code} {anchor}" if anchor else str(code) for code, anchor in ends)
        if answers.per_unit > 1:
            text += f" in steps of {answers.step}"
    return text + (". Not scored." if item.unscored else ".")


def _listed(parts: Iterable[str]) -> str:
    """The inside of a tuple."""
    every = tuple(parts)
    return f"{every[0]}," if len(every) == 1 else ", ".join(every)


def _answer_example(inst: Instrument) -> tuple[str, ...]:
    """The lowest answer to the first item."""
    item, name = inst.items[0], inst.class_name
    answers = inst.answers_of(item.id)
    lowest = answers.answer(answers.lowest)
    shown = repr(int(lowest) if _number(inst, item) == "int" else float(lowest))
    return f">>> from ipm_outcomes import {name}", f">>> {name}({item.id}={shown}).{item.id}", shown


def _docstring(text: str, indent: int, more: str = "", example: Iterable[str] = ()) -> list[str]:
    pad = " " * indent
    lines = [_escaped(line) for line in wrap(text, 105 - indent)]
    if more:
        lines += ["", *map(_escaped, wrap(more, 105 - indent))]
    if example:
        lines += ["", "Examples", "--------", *example]
    if len(lines) == 1:
        # A quote at the end would run into the closing quotes.
        closing = ' """' if lines[0].endswith('"') else '"""'
        return [f'{pad}"""{lines[0]}{closing}']
    return [f'{pad}"""{lines[0]}', *((pad + line) if line else "" for line in lines[1:]), f'{pad}"""']


def _escaped(text: str) -> str:
    """Text of a definition as it is inside a docstring: nothing in it ends the string or means something else."""
    return printable(text).replace("\\", "\\\\").replace('"""', "'''")
