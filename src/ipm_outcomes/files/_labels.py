"""Labels that a file itself has for its codes: what they say of a coding, and whether a mapping has seen them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from ipm_outcomes.catalog import instrument as definition
from ipm_outcomes.definition import AnswerList, Instrument, plain_label
from ipm_outcomes.errors import InputError
from ipm_outcomes.files._forms import name_at
from ipm_outcomes.files._grid import Grid
from ipm_outcomes.files._header import Header
from ipm_outcomes.frames._items import given_names
from ipm_outcomes.mapping import InstrumentPart
from ipm_outcomes.mapping import Mapping as Pinned
from ipm_outcomes.mapping._parts import LabelsPart

Labels = Mapping[str, Mapping[Any, str]]
"""Labels by code, by column."""

_CODE = re.compile(r"-?\d+(\.\d+)?")
_NUMBERED = re.compile(r"^\s*\d+\s*[-–=.:)]\s*|\s*\(\d+\)\s*$")
"""A number before or behind a label."""


def meant(listed: AnswerList, labels: Mapping[str, int], label: str) -> float | None:
    """The answer that a label stands for: a known one, also with its number before or behind it, or a bare number."""
    for text in (label, _NUMBERED.sub("", label)):
        if plain_label(text) in labels:
            return listed.answer(labels[plain_label(text)])
    number = re.match(r"\s*(\d+(?:\.\d+)?)\b", label)
    return float(number[1]) if number and listed.numeric else None


def written(code: Any) -> str:
    """A code as a mapping writes it."""
    return str(int(code)) if isinstance(code, float) and code.is_integer() else str(code)


def map_of(coding: Any, item: str) -> Mapping[str, int] | None:
    """Cells with answers of an item, where a coding is such a map for all items or for this one."""
    if not isinstance(coding, Mapping):
        return None
    by_item = any(isinstance(value, Mapping) for value in coding.values())
    answers: Mapping[str, int] | None = coding.get(item) if by_item else coding
    return answers


def says(instrument: Instrument, item: str, labels: Mapping[Any, str]) -> dict[str, float]:
    """The answers that labels say for codes; labels that are those of no answer say nothing."""
    listed, known = instrument.answers_of(item), instrument.labels(item)
    answers = {written(code): meant(listed, known, str(label)) for code, label in labels.items()}
    return {code: answer for code, answer in answers.items() if answer is not None}


def check_skipped(grid: Grid, header: Header, skip: int, mapping: Pinned) -> None:
    """Refuse rows that a mapping takes for further rows of the header and that hold answers."""
    places = {name: position for position, name in enumerate(header.names) if name is not None}
    for part in mapping.instrument:
        instrument = definition(part.id)
        for item, name in given_names(instrument, part.columns).items():
            for n in range(header.row + 1, min(header.row + 1 + skip, len(grid.rows))):
                row, column = grid.rows[n], places.get(name)
                cell = row[column] if column is not None and column < len(row) else None
                if cell is not None and _is_answer(str(cell), instrument, item, part):
                    message = "the row holds an answer, and the mapping (skip_rows) takes it for a row of the header"
                    place = f"{grid.unit} {grid.lines[n]}, column {name}"
                    raise InputError(message, "mapping_does_not_fit", place)


def _is_answer(cell: str, instrument: Instrument, item: str, part: InstrumentPart) -> bool:
    known = isinstance(part.coding, dict) and cell.strip() in part.coding
    return known or bool(_CODE.fullmatch(cell.strip())) or plain_label(cell) in instrument.labels(item)


def at_visits(
    labels: Labels, names: Sequence[str], visits: Sequence[str], columns: Sequence[str], last: bool
) -> dict[str, dict[Any, str]]:
    """Labels of columns whose names say a visit, under their names without it."""
    by_name: dict[str, dict[Any, str]] = {}
    for name in names:
        for visit in visits:
            column = name_at(visit, name, columns, last)
            own = dict(labels.get(column, {})) if column is not None else {}
            if own and _plain(by_name.setdefault(name, own)) != _plain(own):
                message = "the column has other labels than at an earlier visit; recode it"
                raise InputError(message, "mapping_does_not_fit", f"column {column}")
    return by_name


def labels_seen(names: Mapping[str, str], labels: Labels) -> list[LabelsPart]:
    """What a mapping keeps of the labels of items; items with the same labels are together."""
    together: list[tuple[dict[str, str], list[str]]] = []
    for item, name in names.items():
        own = {written(code): str(label) for code, label in labels.get(name, {}).items() if str(label)}
        if not own:
            continue
        same = [items for kept, items in together if kept == own]
        if same:
            same[0].append(item)
        else:
            together.append((own, [item]))
    return [LabelsPart(items=items, labels=own) for own, items in together]


def check_labels(
    part: InstrumentPart, instrument: Instrument, names: Mapping[str, str], labels: Labels
) -> None:
    """Refuse columns with other labels than the mapping has seen, or with labels that contradict its coding."""
    kept = {item: listed.labels for listed in part.labels_seen for item in listed.items}
    for item, name in names.items():
        own = labels.get(name, {})
        if item in kept:
            if differs := _differing(kept[item], own):
                message = (
                    f"{part.id}: the file has another label for {differs} than the mapping has seen; look at "
                    "the labels, and write the mapping again"
                )
                raise InputError(message, "mapping_does_not_fit", f"column {name}")
            if part.coding is not None:
                continue
        for code, answer in says(instrument, item, own).items():
            taken = _taken(part, item, instrument.answers_of(item), code)
            if taken is not None and taken != answer:
                message = (
                    f"{part.id}: by the labels of the file {code} is another answer than by the mapping; the "
                    'mapping has to say the coding, such as coding = "label", which reads by the labels'
                )
                raise InputError(message, "mapping_does_not_fit", f"column {name}")


def translated_by_labels(
    cells: Sequence[Any], labels: Mapping[Any, str], listed: AnswerList, missing: frozenset[str]
) -> list[Any]:
    """Cells as the labels that the file has for them; a number without a label is no answer of an item with options."""
    own = {written(code): str(label) for code, label in labels.items()}
    labeled = []
    for cell in cells:
        key = None if cell is None else written(cell).strip()
        if key is None or key in missing:
            labeled.append(cell)
        elif key in own:
            labeled.append(own[key])
        else:
            number = not isinstance(cell, str) or re.fullmatch(r"[-+]?\d+([.,]\d+)?", key)
            labeled.append("a number and no label" if number and not listed.numeric else cell)
    return labeled


def _differing(kept: Mapping[str, str], own: Mapping[Any, str]) -> str | None:
    was, now = _plain(kept), _plain(own)
    for code in [*was, *now]:
        if was.get(code) != now.get(code):
            return f"the code {code}"
    return None


def _plain(labels: Mapping[Any, str]) -> dict[str, str]:
    plain = {written(code): plain_label(str(label)) for code, label in labels.items()}
    return {code: label for code, label in plain.items() if label}


def _taken(part: InstrumentPart, item: str, listed: AnswerList, code: str) -> float | None:
    """The answer that a mapping takes a code for; None where it takes it for none."""
    if part.coding == "label" or code in map(str, part.not_answered.codes):
        return None
    if (coding := map_of(part.coding, item)) is not None:
        given = coding.get(code)
        return None if given is None else float(given)
    if not _CODE.fullmatch(code):
        return None
    if part.coding == "position" and not listed.numeric:
        place = int(float(code)) - 1
        return float(listed.codes[place]) if 0 <= place < len(listed.codes) else None
    return float(code)
