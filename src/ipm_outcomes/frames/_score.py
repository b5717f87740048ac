"""Scoring a frame: items to codes, codes through the kernel, columns back into the caller's frame."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from ipm_outcomes._fence import fenced
from ipm_outcomes.definition import Instrument
from ipm_outcomes.errors import InvalidAnswersError, ParameterError
from ipm_outcomes.frames._check import problems
from ipm_outcomes.frames._evidence import gather, without_lowest
from ipm_outcomes.frames._findings import of_cells, way_out
from ipm_outcomes.frames._frame import AnyFrame, Frame
from ipm_outcomes.frames._items import Codings, Columns, ItemColumns, NotAnsweredBy, check_level
from ipm_outcomes.frames._kernel import CODE, FLAG_STATES, MISSING, WORD, Kernel, no_answers
from ipm_outcomes.frames._library import Column, Words
from ipm_outcomes.frames._scale_columns import I8, Codes, ScaleColumns
from ipm_outcomes.tables import ABSENT_CODES, ScaleTable

Invalid = Literal["raise", "null"]


@fenced
def score(
    data: AnyFrame,
    instrument: str | Instrument,
    *,
    columns: Columns = None,
    missing: str | None = None,
    coding: Codings = None,
    not_answered: NotAnsweredBy = (),
    invalid: Invalid = "raise",
    text_numbers: bool | None = None,
    level: float | None = None,
    scales: Sequence[str] | None = None,
    replace: bool = False,
    progress: Callable[[int], None] | None = None,
) -> AnyFrame:
    """Score every row of a data frame for one instrument.

    Parameters
    ----------
    data
        A data frame, one row per filled-in form: pandas (NumPy, nullable or Arrow dtypes), Polars (eager or lazy; a
        lazy frame is collected, because wrong cells must be known before any score is handed out), PyArrow, a DuckDB
        relation, or anything that hands over Arrow data.
    instrument
        Id of the instrument, or a custom definition.
    columns
        Where the items are: None for ``{instrument}_{item}``; a dict of item ids to column names; or a pattern with
        ``{n}`` (number of the item on the form) or ``{item}`` (its id), such as ``"DPQ0{n}0"``. A mapping from
        instrument id to any of these serves several instruments.
    missing
        Name of a missing rule that the definition has; None for the default, the strictest.
    coding
        ``"answer"``: cells hold the number printed beside the option. ``"position"``: 1 for the first option as
        printed, 2 for the second, and so on; numeric ratings (0 to 10) are as answered all the same. None: as answers,
        unless the cells look as if they were counted from 1, which is then reported. A mapping is by instrument id, and
        within an instrument by item id.
    not_answered
        Numbers and words that mean that no answer was given, such as ``(7, 9, "NA", "Prefer not to answer")``; case
        and spacing of words do not count. A mapping is by instrument id. A form that is blank but for these is blank.
    invalid
        What to do where a cell is not an answer: ``"raise"``, or ``"null"``: take such cells as not answered and count
        them in a further column ``{instrument}_invalid``. Where the numbers were counted from 1 and no coding was
        declared, that is every cell: the rows that happen to fit would be scored wrongly.
    text_numbers
        Whether numbers may be written as text, as in a file without types. None: in columns in which every cell is
        text. Labels of answers are always understood, also with their number ("2 - More than half the days").
    level
        Confidence level; adds ``…_lower`` and ``…_upper`` for scales with a standard error.
    scales
        Only these scales, so that only their items are asked for; None: all.
    replace
        Whether columns of the result that are in the frame already are dropped and scored again.
    progress
        Called with the number of rows done.

    Returns
    -------
    data frame of the same kind
        The frame with columns added: for each scale ``{instrument}_{scale}`` (float64, or a category),
        ``…_se``, ``…_band``, ``…_answered`` (uint8), ``…_absent`` (a code where there is no value); for each flag
        ``{instrument}_flag_{flag}`` (raised, not answered, not raised; null on a blank form).

    Raises
    ------
    InvalidAnswersError
        Some cells are not answers, and ``invalid`` is ``"raise"``; its ``problems`` is what `check` returns.
    FrameError
        An item column is missing or appears twice, a result column is there already and ``replace`` is false, or the
        kind of frame is not known.
    ParameterError, UnknownNameError
        An argument is outside what it may be.

    >>> import polars as pl
    >>> from ipm_outcomes import frames
    >>> data = pl.DataFrame({"peg_pain": [7, 8], "peg_enjoyment": [6, None], "peg_activity": [7, 4]})
    >>> frames.score(data, "peg")["peg_mean", "peg_mean_absent"].rows()
    [(6.666666666666667, None), (None, 'too_few_answers')]
    """
    z = check_level(level)
    frame = Frame(data)
    items = ItemColumns(frame, instrument, columns, coding, not_answered, text_numbers, scales)
    added = score_columns(items, missing, invalid, z, progress)
    result: AnyFrame = frame.with_columns(
        added, like=list(items.names.values()), replace=replace, taken_over=items.own_scores
    )
    return result


def score_columns(
    items: ItemColumns,
    missing: str | None,
    invalid: Invalid,
    z: float | None = None,
    progress: Callable[[int], None] | None = None,
) -> dict[str, Column]:
    """The columns that scoring adds, by name."""
    found, flags, wrong = score_items(items, missing, invalid, progress=progress)
    added: dict[str, Column] = {}
    for id, scale in found.items():
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
) -> tuple[dict[str, ScaleColumns], dict[str, I8], Any]:
    """Score the item columns of a frame: columns by scale, flag states, and how many cells of each row were invalid."""
    if invalid not in ("raise", "null"):
        raise ParameterError(f"invalid is 'raise' or 'null', not {invalid!r}")
    if missing is not None and not isinstance(missing, str):
        raise ParameterError(f"missing: give the name of a rule, not a {type(missing).__name__}")
    kernel = Kernel(items.instrument, missing, items.scales)
    rows = len(items.frame)
    scales, flags = kernel.columns(rows, exact), kernel.flag_columns(rows)
    wrong = np.zeros(rows if invalid == "null" else 0, np.uint8)
    used = [place for place, item in enumerate(items.instrument.item_ids) if item in items.needed]
    looked = False
    for start, codes in items.chunks(progress):
        bad = no_answers(codes)
        if not bad.any():
            kernel.score(codes, scales, flags, start)
            continue
        if invalid == "raise":
            raise _refused(items)
        if not looked:
            looked = True
            doubtful = without_lowest(items)
            if doubtful is not None and doubtful.coding == "coding_from_one":
                return _withheld(items, kernel, scales, flags, wrong)
        stop = start + codes.shape[1]
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


def _refused(items: ItemColumns) -> InvalidAnswersError:
    evidence = gather(items)
    table = problems(items, evidence.coding == "coding_from_one")
    shown = Frame(table)
    first = {name: shown.cell(name, 0) for name in ("row", "column", "message")}
    count = len(shown)
    more = f" (and {count - 1} more)" if count > 1 else ""
    return InvalidAnswersError(
        f"{items.instrument.id}: {count} cell{'s are' if count > 1 else ' is'} not an answer: row {first['row']}, "
        f"column {first['column']!r}: {first['message']}{more}. The table of all is in .problems; "
        f"{way_out(of_cells(evidence, len(items.frame)))}",
        table,
    )


def _scale_columns(name: str, found: ScaleColumns, z: float | None) -> dict[str, Column]:
    columns: dict[str, Column] = {}
    words = found.table.words if isinstance(found.table, ScaleTable) else ()
    if found.value is not None:
        columns[name] = found.value
    elif found.labels is not None:
        columns[name] = Words(found.labels, words)
    if found.se is not None and found.value is not None:
        columns[f"{name}_se"] = found.se
        if z is not None:
            reach = z * found.se
            columns[f"{name}_lower"] = found.value - reach
            columns[f"{name}_upper"] = found.value + reach
    if found.value is not None and found.labels is not None:
        columns[f"{name}_band"] = Words(found.labels, words, ordered=True)
    columns[f"{name}_answered"] = found.answered
    columns[f"{name}_absent"] = Words(found.absent, ABSENT_CODES)
    return columns
