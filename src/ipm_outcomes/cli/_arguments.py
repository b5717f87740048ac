"""Words of the command line that are about one instrument or one column, as arguments of the library."""

from __future__ import annotations

import csv
import re
from collections.abc import Sequence
from typing import Any

from ipm_outcomes import catalog
from ipm_outcomes.errors import ParameterError

_HOLE = re.compile(r"\{(n(:0\d)?|item)\}")


def columns_of(given: Sequence[str], ids: Sequence[str], names: Sequence[str]) -> dict[str, Any]:
    """For each instrument where its items are: a pattern, or item ids to column names.

    Parameters
    ----------
    given
        ``ID=PATTERN`` or ``ID.ITEM=HEADER``, without ``ID`` where one instrument is named. A header is taken whole,
        commas included, unless the text is a list of such pairs: ``ITEM=HEADER,ITEM=HEADER``.
    ids
        Instruments that were named.
    names
        Columns of the file.
    """
    columns: dict[str, Any] = {}
    for text in given:
        left, sign, right = text.partition("=")
        id, dot, item = left.strip().partition(".")
        if sign and not dot and id in catalog.instruments():
            _pattern(columns, id, right.strip())
        elif sign and dot and id in catalog.instruments():
            _pair(columns, id, item, right, names)
        elif len(ids) != 1:
            raise ParameterError(
                "--columns is about one instrument: name it with --instrument, or write ID=PATTERN or "
                "ID.ITEM=HEADER, such as phq9=PHQ9_{n}"
            )
        elif sign and not _HOLE.search(left) and (_is_item(ids[0], left) or not _HOLE.search(right)):
            for pair in _pairs(text, ids[0], names):
                _pair(columns, ids[0], *pair, names)
        else:
            _pattern(columns, ids[0], text)
    return columns


def _is_item(id: str, text: str) -> bool:
    """Whether a text is the id of an item."""
    return text.strip() in catalog.instrument(id).item_ids


def _pattern(columns: dict[str, Any], id: str, pattern: str) -> None:
    if id in columns:
        raise ParameterError(f"--columns: {id} is named twice")
    columns[id] = pattern


def _pair(columns: dict[str, Any], id: str, item: str, header: str, names: Sequence[str]) -> None:
    pairs = columns.setdefault(id, {})
    item = item.strip()
    catalog.instrument(id).item(item)
    if not isinstance(pairs, dict) or item in pairs:
        raise ParameterError(f"--columns: the item {item!r} of {id} is named twice")
    if not header.strip():
        raise ParameterError(
            "--columns: give a pattern such as DPQ0{n}0, or pairs such as q1=DPQ010,q2=DPQ020"
        )
    pairs[item] = header if header in names else header.strip()


def _pairs(text: str, id: str, names: Sequence[str]) -> list[tuple[str, str]]:
    """One item with its header; or several, where each part between commas names an item."""
    items = catalog.instrument(id).item_ids
    item, _, header = text.partition("=")
    parts = [part.partition("=") for part in text.split(",")]
    listed = len(parts) > 1 and all(sign and left.strip() in items for left, sign, _ in parts)
    if listed and header not in names:
        return [(left.strip(), right) for left, _, right in parts]
    return [(item, header)]


def coding_of(given: Sequence[str], ids: Sequence[str]) -> dict[str, Any]:
    """For each instrument its coding: for all, or for one (``ID=position``) or an item (``ID.ITEM=position``)."""
    codings: dict[str, Any] = {}
    for text in sorted(given, key=lambda text: "=" in text):  # what is for one instrument has the last word
        left, sign, right = text.partition("=")
        (id, dot, item), coding = left.strip().partition("."), (right if sign else text).strip()
        if coding not in ("answer", "position"):
            raise ParameterError("--coding is answer or position, or for one instrument such as pcs=position")
        if sign and id not in ids:
            raise ParameterError(f"--coding: the instruments are {', '.join(ids)}; name one of them before =")
        if dot:
            of_all = codings.get(id, "answer")
            own = (
                of_all if isinstance(of_all, dict) else dict.fromkeys(catalog.instrument(id).item_ids, of_all)
            )
            catalog.instrument(id).item(item)
            codings[id] = own | {item: coding}
        else:
            codings |= dict.fromkeys([id] if sign else ids, coding)
    return codings


def not_answered_of(given: Sequence[str], ids: Sequence[str]) -> dict[str, list[int | str]]:
    """For each instrument the numbers and words that mean no answer; what is given without ``ID`` is for all."""
    not_answered: dict[str, list[int | str]] = {id: [] for id in ids}
    for text in given:
        left, sign, right = text.partition("=")
        id = left.strip()
        scoped = bool(sign) and id in catalog.instruments()
        if scoped and id not in not_answered:
            raise ParameterError(f"--not-answered: {id} is not among the instruments {', '.join(ids)}")
        for name in [id] if scoped else ids:
            not_answered[name] += _words(right if scoped else text)
    return not_answered


def _words(text: str) -> list[int | str]:
    """Words between commas; one that holds a comma is in double quotes."""
    try:
        (row,) = csv.reader([text], skipinitialspace=True, strict=True)
    except (csv.Error, ValueError):
        raise ParameterError(
            "--not-answered: give numbers and words separated by commas, such as 7,9,NA; put one that holds a "
            "comma in double quotes, such as 'NA,\"No, thanks\"'"
        ) from None
    words = [word.strip() for word in row]
    return [int(word) if re.fullmatch(r"[+-]?\d{1,9}", word, re.ASCII) else word for word in words if word]


def group_names_of(given: Sequence[str]) -> dict[str, Any]:
    """``COLUMN=merge``, or ``COLUMN:OLD=NEW`` for one name."""
    by_column: dict[str, Any] = {}
    for text in given:
        left, sign, right = text.partition("=")
        column, colon, old = left.partition(":")
        column = column.strip()
        if not sign or not column or not right.strip() or (not colon and right.strip() != "merge"):
            raise ParameterError(
                "--group-names: write COLUMN=merge, or COLUMN:OLD=NEW, such as site:hill=Hill"
            )
        names = by_column.setdefault(column, {} if colon else "merge")
        if (names == "merge") == bool(colon):
            raise ParameterError(f"--group-names: merge and names of their own for the column {column!r}")
        if colon:
            names[old] = right
    return by_column
