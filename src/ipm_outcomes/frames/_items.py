"""Which column of a frame holds which item, and how its cells are read."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from numbers import Real
from typing import Any, Literal

import numpy as np

from ipm_outcomes.answers import read
from ipm_outcomes.catalog import instrument as find_instrument
from ipm_outcomes.definition import Instrument
from ipm_outcomes.errors import FrameError, ParameterError
from ipm_outcomes.frames._decode import Reader, Reading, reader
from ipm_outcomes.frames._frame import Frame
from ipm_outcomes.frames._kernel import CHUNK, MISSING, U8

Columns = Mapping[str, str] | str | None
Coding = Literal["answer", "position"]


class ItemColumns:
    """The item columns of one instrument in a frame."""

    def __init__(
        self,
        frame: Frame,
        instrument: str | Instrument,
        columns: Columns = None,
        coding: Coding = "answer",
        not_answered: Collection[int] = (),
        text_numbers: bool = False,
        scales: Sequence[str] | None = None,
    ) -> None:
        self.frame = frame
        self.instrument = found = definition_of(instrument)
        if coding not in ("answer", "position"):
            raise ParameterError(f"coding is 'answer' or 'position', not {coding!r}")
        self.scales = found.scale_ids if scales is None else _chosen(found, scales)
        self.names = item_names(found, columns, frame.names, _needed(found, self.scales))
        frame.require(list(self.names.values()), found.id)
        declared = _declared(not_answered)
        self.readings = {
            item: Reading.of(
                found.answers_of(item), found.labels(item), declared, text_numbers, coding == "position"
            )
            for item in self.names
        }
        for item, reading in self.readings.items():
            if clash := sorted(c for c in declared if reading.lowest <= c <= reading.highest):
                raise ParameterError(
                    f"not_answered: {clash[0]:g} is an answer of {found.id} {item}, so it cannot mean not answered"
                )

    def readers(self) -> list[tuple[int, Reader]]:
        """The place of each item that has a column, with the reader of that column."""
        return [
            (place, reader(self.frame.kind, self.frame.column(self.names[item]), self.readings[item]))
            for place, item in enumerate(self.instrument.item_ids)
            if item in self.names
        ]

    def chunks(self, progress: Callable[[int], None] | None = None) -> Iterator[tuple[int, U8]]:
        """Codes of all items, a stretch of rows at a time, with the number of its first row.

        The array is the same one each time: use it before going on.
        """
        readers, rows = self.readers(), len(self.frame)
        codes = np.full((len(self.instrument.items), min(rows, CHUNK)), MISSING, np.uint8)
        for start in range(0, rows, CHUNK):
            stop = min(start + CHUNK, rows)
            part = codes[:, : stop - start]
            for place, fill in readers:
                fill(start, stop, part[place])
            yield start, part
            if progress:
                progress(stop)


def definition_of(instrument: str | Instrument) -> Instrument:
    """The definition, found by its id where an id is given."""
    if isinstance(instrument, Instrument):
        return instrument
    if not isinstance(instrument, str):
        raise ParameterError(f"instrument: give an id such as 'phq9', not a {type(instrument).__name__}")
    return find_instrument(instrument)


def item_names(
    found: Instrument, columns: Columns, names: list[str], needed: Collection[str] | None = None
) -> dict[str, str]:
    """Item ids with the names of their columns; an item that is not needed is taken where it is, and not asked for."""
    if columns is None:
        given = {item: f"{found.id}_{item}" for item in found.item_ids}
    elif isinstance(columns, str):
        given = _by_pattern(found, columns)
    elif not isinstance(columns, Mapping):
        raise ParameterError(
            f"columns: give a dict of item ids to column names, or a pattern, not a {type(columns).__name__}"
        )
    else:
        for item in columns:
            found.item(item)
        given = {item: str(columns[item]) for item in found.item_ids if item in columns}
    if needed is None:
        needed = _needed(found, found.scale_ids)
    optional = set(found.item_ids) - set(needed)
    if absent := [item for item in found.item_ids if item not in given and item not in optional]:
        raise FrameError(f"{found.id}: columns names no column for {', '.join(absent)}")
    wanted = {
        item: name
        for item, name in given.items()
        if item not in optional or name in names or (isinstance(columns, Mapping) and item in columns)
    }
    repeated = {name for name in wanted.values() if list(wanted.values()).count(name) > 1}
    if repeated:
        raise FrameError(f"{found.id}: the column {min(repeated)!r} is named for more than one item")
    missing = [name for name in wanted.values() if name not in names]
    if missing and len(missing) == len(wanted):
        hint = (
            f"columns are looked for as {next(iter(wanted.values()))!r} and so on; name them with columns=…"
        )
        raise FrameError(f"{found.id}: the frame has none of its item columns; {hint}")
    return wanted


def _chosen(found: Instrument, scales: Sequence[str]) -> tuple[str, ...]:
    wanted = [scales] if isinstance(scales, str) else scales
    if not isinstance(wanted, Collection) or not all(isinstance(id, str) for id in wanted):
        raise ParameterError(f"scales: give a list of scale ids, such as {list(found.scale_ids[:1])}")
    if not wanted:
        raise ParameterError(f"scales: name at least one of {', '.join(found.scale_ids)}")
    for id in wanted:
        found.scale(id)
    return tuple(id for id in found.scale_ids if id in wanted)


def _needed(found: Instrument, scales: Collection[str]) -> set[str]:
    """The items that these scales rest on, directly or through other scales."""
    needed: set[str] = set()
    for id in scales:
        scale = found.scale(id)
        needed.update(scale.items)
        if scale.weighted:
            needed |= _needed(found, scale.weighted.standardize)
    return needed


def _by_pattern(found: Instrument, pattern: str) -> dict[str, str]:
    """``{n}`` is the number of the item on the form, ``{item}`` its id; ``{n:02}`` is padded with zeros."""
    if not re.search(r"\{(n(:0\d)?|item)\}", pattern):
        raise ParameterError(
            f"columns: the pattern {pattern!r} holds neither {{n}} (number of the item) nor {{item}} (its id)"
        )
    try:
        return {item: pattern.format(n=n, item=item) for n, item in enumerate(found.item_ids, 1)}
    except (KeyError, IndexError, ValueError, AttributeError, TypeError):
        raise ParameterError(f"columns: the pattern {pattern!r} may hold only {{n}} and {{item}}") from None


def _declared(not_answered: Any) -> frozenset[int]:
    alone = not isinstance(not_answered, Collection) or isinstance(not_answered, str)
    codes: list[Any] = [] if not_answered is None else [not_answered] if alone else list(not_answered)
    declared = [read(code) for code in codes]
    for code, found in zip(codes, declared, strict=True):
        if found.number is None:
            raise ParameterError(
                f"not_answered holds whole numbers, not {found.shown or f'a {type(code).__name__}'}"
            )
    return frozenset(found.number for found in declared if found.number is not None)


def check_level(level: float | None) -> float | None:
    """The z of a confidence level, or None where none is asked for."""
    if level is None:
        return None
    if not isinstance(level, Real) or isinstance(level, bool) or not 0 < level < (1 + level) / 2 < 1:
        raise ParameterError("level must lie between 0 and 1, such as 0.95")
    from statistics import NormalDist

    return NormalDist().inv_cdf((1 + float(level)) / 2)
