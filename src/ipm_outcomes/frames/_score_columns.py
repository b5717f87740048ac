"""The columns that scoring adds: items to codes, codes through the kernel."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ipm_outcomes.errors import InvalidAnswersError, ParameterError, choice
from ipm_outcomes.frames._check import problems
from ipm_outcomes.frames._evidence import gather, without_lowest
from ipm_outcomes.frames._findings import of_cells, way_out
from ipm_outcomes.frames._frame import Frame
from ipm_outcomes.frames._items import ItemColumns
from ipm_outcomes.frames._kernel import CODE, FLAG_STATES, MISSING, WORD, Kernel, kernel_of, no_answers
from ipm_outcomes.frames._library import Column, Words
from ipm_outcomes.frames._scale_columns import I8, Codes, ScaleColumns
from ipm_outcomes.tables import ABSENT_CODES, ScaleTable

Invalid = Literal["raise", "null"]


class Stretch(NamedTuple):
    """Of rows that are a part of a table."""

    first: int | None
    """The number of the first of them; None where rows have no order."""
    from_one: Callable[[], bool]
    """Whether the cells of the whole table look as if they were counted from 1."""


def score_columns(
    items: ItemColumns,
    missing: str | None,
    invalid: Invalid,
    z: float | None = None,
    progress: Callable[[int], None] | None = None,
    stretch: Stretch | None = None,
) -> dict[str, Column]:
    """The columns that scoring adds, by name."""
    by_scale, flags, wrong = score_items(items, missing, invalid, progress=progress, stretch=stretch)
    added: dict[str, Column] = {}
    for id, scale in by_scale.items():
        added |= _scale_columns(f"{items.instrument.id}_{id}", scale, z)
    asked = {flag.id: flag.item in items.names for flag in items.instrument.flags}
    for id, states in flags.items():
        if not asked[id]:
            continue  # with scales=… the item of a flag may have no column
        added[f"{items.instrument.id}_flag_{id}"] = Words(states, FLAG_STATES)
    if invalid == "null":
        added[f"{items.instrument.id}_invalid"] = wrong
    return added


def score_items(
    items: ItemColumns,
    missing: str | None,
    invalid: Invalid,
    exact: bool = False,
    progress: Callable[[int], None] | None = None,
    stretch: Stretch | None = None,
) -> tuple[dict[str, ScaleColumns], dict[str, I8], Any]:
    """Score the item columns of a frame: columns by scale, flag states, and how many cells of each row were invalid."""
    choice(invalid, ("raise", "null"), "invalid")
    if missing is not None and not isinstance(missing, str):
        raise ParameterError(f"missing: give the name of a rule, not a {type(missing).__name__}")
    kernel = kernel_of(items.instrument, missing, items.scales)
    rows = len(items.frame)
    scales, flags = kernel.columns(rows, exact), kernel.flag_columns(rows)
    wrong = np.zeros(rows if invalid == "null" else 0, np.uint8)
    used = [place for place, item in enumerate(items.instrument.item_ids) if item in items.needed]
    if stretch is not None and invalid == "null" and stretch.from_one():
        return _withheld(items, kernel, scales, flags, wrong)
    looked = stretch is not None
    for start, codes in items.chunks(progress):
        if codes.min(initial=MISSING) == MISSING:  # no cell is below, which would be no answer
            kernel.score(codes, scales, flags, start)
            continue
        if invalid == "raise":
            raise _refused(items, stretch)
        if not looked:
            looked = True
            doubtful = without_lowest(items)
            if doubtful is not None and doubtful.coding == "coding_from_one":
                return _withheld(items, kernel, scales, flags, wrong)
        bad, stop = no_answers(codes), start + codes.shape[1]
        blank = _says_nothing(codes, used)
        codes[bad] = MISSING
        kernel.score(codes, scales, flags, start)
        wrong[start:stop] = bad.sum(axis=0)
        for states in flags.values():
            kernel.unblank(states[start:stop], (wrong[start:stop] > 0) & ~blank)
    return {id: scales[id] for id in items.scales}, flags, wrong


def _says_nothing(codes: Codes, used: list[int]) -> NDArray[np.bool_]:
    """Forms that are blank forms: blank but for words for no answer, or codes or words for it in every item."""
    words = ((codes == MISSING) | (codes == WORD)).all(axis=0)
    every = ((codes[used] == CODE) | (codes[used] == WORD)).all(axis=0)
    said: NDArray[np.bool_] = words | every
    return said


def _withheld(
    items: ItemColumns,
    kernel: Kernel,
    scales: dict[str, ScaleColumns],
    flags: dict[str, I8],
    wrong: NDArray[np.uint8],
) -> tuple[dict[str, ScaleColumns], dict[str, I8], Any]:
    """No score at all: every cell is taken as not answered, since none can be read for sure."""
    for start, codes in items.chunks():
        stop = start + codes.shape[1]
        wrong[start:stop] = (codes != MISSING).sum(axis=0)
        codes.fill(MISSING)
        kernel.score(codes, scales, flags, start)
        for states in flags.values():
            kernel.unblank(states[start:stop], wrong[start:stop] > 0)
    return {id: scales[id] for id in items.scales}, flags, wrong


def _refused(items: ItemColumns, stretch: Stretch | None) -> InvalidAnswersError:
    evidence = gather(items)
    if stretch is not None:
        evidence.coding = "coding_from_one" if stretch.from_one() else None
    first = (0 if stretch is None else stretch.first) or 0
    table = problems(items, evidence.coding == "coding_from_one", first=first)
    shown = Frame(table)
    wrong = {name: shown.cell(name, 0) for name in ("row", "column", "message")}
    count = len(shown)
    more = f" (and {count - 1} more)" if count > 1 else ""
    row, all_of = f"row {wrong['row']}, ", "The table of all is in .problems"
    if stretch is not None:
        row = "" if stretch.first is None else row
        all_of = "Other rows may hold more; the table of these is in .problems"
    return InvalidAnswersError(
        f"{items.instrument.id}: {count} cell{'s are' if count > 1 else ' is'} not an answer: {row}"
        f"column {wrong['column']!r}: {wrong['message']}{more}. {all_of}; "
        f"{way_out(of_cells(evidence, len(items.frame)))}",
        table,
    )


def _scale_columns(name: str, scale: ScaleColumns, z: float | None) -> dict[str, Column]:
    columns: dict[str, Column] = {}
    words = scale.table.words if isinstance(scale.table, ScaleTable) else ()
    if scale.value is not None:
        columns[name] = scale.value
    elif scale.labels is not None:
        columns[name] = Words(scale.labels, words)
    if scale.se is not None and scale.value is not None:
        columns[f"{name}_se"] = scale.se
        if z is not None:
            reach = z * scale.se
            columns[f"{name}_lower"] = scale.value - reach
            columns[f"{name}_upper"] = scale.value + reach
    if scale.value is not None and scale.labels is not None:
        columns[f"{name}_band"] = Words(scale.labels, words, ordered=True)
    columns[f"{name}_answered"] = scale.answered
    columns[f"{name}_absent"] = Words(scale.absent, ABSENT_CODES)
    return columns
