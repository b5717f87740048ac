"""From a table of data to what is audited: the reading of the items, and the recorded columns beside them."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ipm_outcomes.audit._bands import BandColumn
from ipm_outcomes.audit._linear import depends
from ipm_outcomes.audit._other_tables import measures
from ipm_outcomes.audit._reading import (
    SLACK,
    Answers,
    Bools,
    Floats,
    Ints,
    Material,
    Measure,
    Recorded,
    answers_of,
    own_decimals,
    read_extra,
    read_words,
    right_values,
)
from ipm_outcomes.definition import Instrument, Scale
from ipm_outcomes.frames._frame import Frame
from ipm_outcomes.frames._items import ItemColumns, needed_items
from ipm_outcomes.frames._kernel import CHUNK, MISSING, kernel_of
from ipm_outcomes.frames._scale_columns import ScaleColumns
from ipm_outcomes.tables import ScaleTable

BAND = "_band"
MOST_EXTRA_COLUMNS = 40
USUAL_SIZE = 100


@dataclass
class Scored:
    """Codes of all items and the scores that they give, every missing rule being the strictest."""

    items: ItemColumns
    needed: tuple[str, ...]
    """Items that the recorded scores rest on."""
    codes: NDArray[Any]
    bad: Bools
    """Rows with a cell in one of these that holds something and no answer."""
    columns: dict[str, ScaleColumns] = field(default_factory=dict)

    @classmethod
    def of(cls, items: ItemColumns, needed: Collection[str]) -> Scored:
        """Read and score the items; cells that are no answers count in the items that are needed."""
        parts = [part.copy() for _, part in items.chunks()]
        size = len(items.instrument.items)
        codes = np.concatenate(parts, axis=1) if parts else np.zeros((size, 0), np.int8)
        used = [place for place, item in enumerate(items.instrument.item_ids) if item in needed]
        bad = np.asarray((codes[used] < MISSING).any(axis=0))
        np.maximum(codes, MISSING, out=codes)
        scored = cls(items, tuple(needed), codes, bad)
        kernel = kernel_of(items.instrument, None, items.scales)
        rows = codes.shape[1]
        scales, flags = kernel.columns(rows), kernel.flag_columns(rows)
        for start in range(0, rows, CHUNK):
            kernel.score(codes[:, start : start + CHUNK], scales, flags, start)
        scored.columns = {id: scales[id] for id in items.scales}
        return scored

    def value(self, scale: str) -> Floats:
        """The right scores of a numeric scale."""
        return right_values(self.columns[scale])


@dataclass(frozen=True)
class Beside:
    """What is in the data beside the items: patients, days in order, columns that may have been added."""

    patients: NDArray[np.intp] | None
    order: NDArray[np.intp] | None
    names: tuple[str, ...]


def material_of(
    frame: Frame, scored: Scored, scale: Scale, recorded: Recorded, beside: Beside, tolerance: float
) -> Material:
    """What is audited of one scale."""
    instrument = scored.items.instrument
    column = scored.columns[scale.id]
    right = scored.value(scale.id)
    answers: Answers | None = None
    ways: tuple[Measure, ...] = ()
    size = USUAL_SIZE
    if isinstance(column.table, ScaleTable) and not scale.counts:
        answers = answers_of(scored.items, scored.codes, scale, column.table)
        ways = measures(instrument, scale)
        size = len(column.table.cells[column.table.size])
    exact = SLACK + tolerance
    extra = {} if answers is None else _extra(frame, scored, scale, answers, recorded.value, beside.names)
    turned = {item for item in scale.items if instrument.item(item).reverse} ^ set(scale.reverse)
    return Material(
        scale,
        np.arange(len(frame)),
        recorded.value,
        right,
        ways,
        answers,
        _others(scored, scale, right, recorded.value, beside),
        extra,
        exact,
        max(recorded.rounded, exact),
        own_decimals(column.table),
        frozenset(turned),
        size,
    )


def _others(
    scored: Scored, scale: Scale, right: Floats, recorded: Floats, beside: Beside
) -> dict[str, Floats]:
    """Scores of other scales, of other rows, and of other forms of the same patient."""
    others = {
        f"other_score:{id}": scored.value(id)
        for id, column in scored.columns.items()
        if id != scale.id and column.value is not None
    }
    if len(right) > 1:
        nothing = np.full(1, np.nan)
        others["other_row:before"] = np.concatenate([nothing, right[:-1]])
        others["other_row:after"] = np.concatenate([right[1:], nothing])
    both = np.isfinite(right) & np.isfinite(recorded)
    if both.any():
        rising = np.sort(right[both])
        for name, values in (("rising", rising), ("falling", rising[::-1])):
            others[f"sorted:{name}"] = np.full(len(right), np.nan)
            others[f"sorted:{name}"][both] = values
    if beside.patients is not None:
        rows = np.flatnonzero(beside.patients >= 0)
        by = rows if beside.order is None else beside.order[rows]
        rows = rows[np.lexsort((rows, by, beside.patients[rows]))]
        same = beside.patients[rows][1:] == beside.patients[rows][:-1]
        before, after = np.full(len(right), np.nan), np.full(len(right), np.nan)
        before[rows[1:][same]] = right[rows[:-1][same]]
        after[rows[:-1][same]] = right[rows[1:][same]]
        others |= {"other_visit:before": before, "other_visit:after": after}
    return others


def _extra(
    frame: Frame, scored: Scored, scale: Scale, answers: Answers, recorded: Floats, names: Sequence[str]
) -> dict[str, Ints]:
    """Columns of small whole numbers that may have been added: other items of the form, and other columns."""
    ids, own = scored.items.instrument.item_ids, set(scale.items)
    columns: dict[str, Ints] = {
        scored.items.names[item]: np.maximum(scored.codes[place], 0).astype(np.int32)
        for place, item in enumerate(ids)
        if item in scored.items.names and item not in own
    }
    for name in names:
        if len(columns) < MOST_EXTRA_COLUMNS and (column := read_extra(frame, name)) is not None:
            columns[name] = column
    there = answers.given.all(axis=0) & np.isfinite(recorded)
    return {
        name: column
        for name, column in columns.items()
        if there.any()
        and column[there].any()
        and not (column[there] == recorded[there]).all()
        and not depends(answers, column, there)
    }


def bands_of(frame: Frame, scored: Scored, scale: Scale, name: str, recorded: Floats | None) -> BandColumn:
    """Recorded bands, or words of a categorical scale, beside the right ones."""
    words, codes = read_words(frame, name)
    column = scored.columns[scale.id]
    table = column.table
    assert isinstance(table, ScaleTable)
    rows = len(frame)
    own = np.full(rows, -1, np.intp) if column.labels is None else column.labels.astype(np.intp)
    own = np.where(column.absent < 0, own, -1)
    value = np.full(rows, np.nan) if column.value is None else right_values(column)
    cells = table.cells[table.size].values()
    attainable = np.array([cell.value for cell in cells if isinstance(cell.value, float)])
    step = Fraction(1, scale.per_unit)
    if scale.kind == "mean":
        step = Fraction(1, scale.per_unit * table.size)
    elif scale.conversion is not None:
        step = Fraction(1, 10 ** (own_decimals(table) or 0))
    return BandColumn(
        words, codes, value, own, table.words, scale.bands, step, recorded, np.arange(rows), attainable
    )


def scale_of(instrument: Instrument, key: str) -> tuple[Scale, bool]:
    """The scale that a recorded column is of, and whether it holds bands or words."""
    if (
        key not in instrument.scale_ids
        and key.endswith(BAND)
        and key.removesuffix(BAND) in instrument.scale_ids
    ):
        return instrument.scale(key.removesuffix(BAND)), True
    if key == BAND.removeprefix("_") and key not in instrument.scale_ids:
        return instrument.lead_scale, True
    scale = instrument.scale(key)
    return scale, scale.categorical


def with_all_scales(items: ItemColumns, more: Mapping[str, Any]) -> ItemColumns:
    """The items read for every scale of which the table has all items."""
    instrument = items.instrument
    there = [id for id in instrument.scale_ids if needed_items(instrument, [id]) <= set(items.names)]
    return ItemColumns(items.frame, instrument, scales=there, **more)
