"""Sets of which columns are missing: nothing is proposed for them as a whole, and they are reported."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from ipm_outcomes.catalog import instrument as definition
from ipm_outcomes.catalog import instruments
from ipm_outcomes.definition import Instrument
from ipm_outcomes.files._propose import known_columns, numbered_columns, worded_columns
from ipm_outcomes.frames._items import needed_items


@dataclass(frozen=True)
class Short:
    """Columns of an instrument, the items that its scores need and that have none, and the scales that are whole."""

    id: str
    columns: dict[str, str]
    lacking: tuple[str, ...]
    scales: tuple[str, ...]

    @property
    def evidence(self) -> str:
        """What was seen."""
        if "q0" in self.columns:
            return "columns numbered from 0; which of them is which item has to be declared, and nothing of it is read"
        named = ", ".join(self.lacking[:5]) + (" …" if len(self.lacking) > 5 else "")
        seen = f"columns of {len(self.columns)} items, and none for {named}; nothing of it is read"
        if self.scales:
            seen += f"; {', '.join(self.scales)} would need no other"
        return seen


def short_sets(names: Sequence[str], wording: Mapping[str, str], passed: Collection[str]) -> list[Short]:
    """Instruments, but those passed over, of which at least half of the items and two have a column, and not all."""
    sets = []
    taken: set[str] = set()
    for id in instruments():
        if id in passed:
            continue
        instrument = definition(id)
        needed = needed_items(instrument, instrument.scale_ids)
        free = [name for name in names if name not in taken]
        ways = (
            _usual(instrument, free),
            worded_columns(instrument, free, wording),
            *_others(instrument, free),
        )
        columns = max(ways, key=lambda way: len(needed & set(way)))
        alike = sum(len(needed & set(way)) == len(needed & set(columns)) for way in _others(instrument, free))
        there = needed & set(columns)
        if len(there) < 2 or 2 * len(there) < len(needed) or there == needed:
            continue
        lacking = tuple(item for item in instrument.item_ids if item in needed - there)
        scales = tuple(scale for scale in instrument.scale_ids if needed_items(instrument, [scale]) <= there)
        if "q0" in columns or alike > 1:  # names that do not say the item, or several visits
            scales = ()
        kept = {item: name for item, name in columns.items() if item in there or item == "q0"}
        taken |= set(kept.values())
        sets.append(Short(id, kept, lacking, scales))
    return sets


def _usual(instrument: Instrument, names: Sequence[str]) -> dict[str, str]:
    """Columns with the usual names, whatever their case and signs."""
    plain = {re.sub(r"[\W_]", "", name).casefold(): name for name in names}
    wanted = {item: re.sub(r"[\W_]", "", f"{instrument.id}{item}").casefold() for item in instrument.item_ids}
    return {item: plain[name] for item, name in wanted.items() if name in plain}


def _others(instrument: Instrument, names: Sequence[str]) -> list[dict[str, str]]:
    """Columns with names known from public data, and numbers of which one item's is missing."""
    return [*known_columns(instrument, names), *numbered_columns(instrument, names)]
