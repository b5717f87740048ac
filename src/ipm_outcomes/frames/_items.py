"""Which column of a frame holds which item, and how its cells are read."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import Literal

import numpy as np

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
        not_answered: Collection[float] = (),
        text_numbers: bool = False,
        scales: Sequence[str] | None = None,
    ) -> None:
        self.frame = frame
        self.instrument = found = (
            instrument if isinstance(instrument, Instrument) else find_instrument(instrument)
        )
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
            for place, read in readers:
                read(start, stop, part[place])
            yield start, part
            if progress:
                progress(stop)


def item_names(
    found: Instrument, columns: Columns, names: list[str], needed: Collection[str] | None = None
) -> dict[str, str]:
    """Item ids with the names of their columns; an item that is not needed is taken where it is, and not asked for."""
    if columns is None:
        given = {item: f"{found.id}_{item}" for item in found.item_ids}
    elif isinstance(columns, str):
        given = _by_pattern(found, columns)
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
    wanted = [scales] if isinstance(scales, str) else list(scales)
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
    except (KeyError, IndexError, ValueError, AttributeError):
        raise ParameterError(f"columns: the pattern {pattern!r} may hold only {{n}} and {{item}}") from None


def _declared(not_answered: Collection[float]) -> frozenset[float]:
    if isinstance(not_answered, (int, float)):
        not_answered = (not_answered,)
    for code in not_answered:
        if isinstance(code, (bool, str)) or not isinstance(code, (int, float, np.integer, np.floating)):
            raise ParameterError(f"not_answered holds numbers, not a {type(code).__name__}")
    return frozenset(float(code) for code in not_answered)
