"""One row per bad cell."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ipm_outcomes._fence import fenced
from ipm_outcomes.answers import IS_BOOLEAN, IS_TEXT, NOT_ALLOWED, NOT_WHOLE, TOO_FINE, WRONG_KIND
from ipm_outcomes.definition import Instrument
from ipm_outcomes.errors import number_of
from ipm_outcomes.frames._decode import Reading
from ipm_outcomes.frames._evidence import without_lowest
from ipm_outcomes.frames._frame import AnyFrame, Frame
from ipm_outcomes.frames._items import Codings, Columns, ItemColumns, NotAnsweredBy
from ipm_outcomes.frames._kernel import MISSING, no_answers
from ipm_outcomes.frames._missing import suspected_word

RULES = {
    NOT_ALLOWED: "the number is outside the allowed answers",
    NOT_WHOLE: "the number is not whole",
    TOO_FINE: "the number is finer than the step of the answers, and nothing is rounded",
    IS_BOOLEAN: "a truth value is not an answer",
    IS_TEXT: "the text is no label of an answer",
    WRONG_KIND: "neither a number nor a label",
}
"""Rules that a cell can break, by the codes that the response classes use as well."""


@fenced
def check(
    data: AnyFrame,
    instrument: str | Instrument,
    *,
    columns: Columns = None,
    coding: Codings = None,
    not_answered: NotAnsweredBy = (),
    text_numbers: bool | None = None,
    scales: Sequence[str] | None = None,
) -> AnyFrame:
    """Find every cell that is not an answer.

    Parameters
    ----------
    data
        A data frame: pandas, Polars (eager or lazy), PyArrow, a DuckDB relation.
    instrument, columns, coding, not_answered, text_numbers, scales
        As in `score`.

    Returns
    -------
    data frame of the same kind
        One row per bad cell, by row and then in form order: ``row`` (position, from 0), ``column``, ``item``,
        ``kind`` (number, text, boolean, other), ``value`` (the number; never text), ``length`` (of a text),
        ``rule`` (a stable code), ``message``. Empty where all is well.

    Raises
    ------
    FrameError
        An item column is missing or appears twice, or the kind of frame is not known. Bad data never raise.

    Examples
    --------
    >>> import pandas as pd
    >>> from ipm_outcomes import frames
    >>> data = pd.DataFrame({"peg_pain": [3, 11], "peg_enjoyment": [4, 5], "peg_activity": [5, 6]})
    >>> frames.check(data, "peg")[["row", "column", "value", "rule"]].to_dict("records")
    [{'row': 1, 'column': 'peg_pain', 'value': '11', 'rule': 'answer_not_allowed'}]
    """
    frame = Frame(data)
    items = ItemColumns(frame, instrument, columns, coding, not_answered, text_numbers, scales)
    doubtful = without_lowest(items)
    result: AnyFrame = problems(items, doubtful is not None and doubtful.coding == "coding_from_one")
    return result


def problems(
    items: ItemColumns,
    coded_from_one: bool = False,
    progress: Callable[[int], None] | None = None,
    first: int = 0,
) -> Any:
    """The table of bad cells, in the caller's kind of frame; ``first`` is the number of the first row."""
    rows: list[int] = []
    places: list[int] = []
    for start, codes in items.chunks(progress):
        if codes.min(initial=MISSING) == MISSING:  # to look for places takes longer than to read the cells
            continue
        places_of = np.argwhere(no_answers(codes).T)
        rows += (places_of[:, 0] + start).tolist()
        places += places_of[:, 1].tolist()
    ids = [items.instrument.item_ids[place] for place in places]
    judged = [
        described(items.frame.cell(items.names[item], row), items.readings[item])
        for row, item in zip(rows, ids, strict=True)
    ]
    if coded_from_one:
        hint = "and no cell is the lowest answer, as where options are counted from 1"
        judged = [(*cell[:-1], f"{cell[-1]}; {hint}") if cell[0] == "number" else cell for cell in judged]
    numbers = [row + first for row in rows]
    return _table(items.frame, numbers, [items.names[item] for item in ids], ids, judged)


def described(value: Any, reading: Reading) -> tuple[str, str | None, int | None, str, str]:
    """Kind, number shown, length of a text, rule, message. Text itself is never shown: it may name a person."""
    _, parsed = reading.judge(value)
    rule = parsed.problem or WRONG_KIND
    allowed = f"allowed are {reading.allowed}"
    if rule == IS_TEXT:
        length = len(value)
        word = suspected_word(value)
        if word:  # one of a fixed list, and no text of somebody's own
            message = f'"{word}" is no label of an answer, and was not declared to mean that there is none; {allowed}'
            return "text", None, length, rule, message
        return (
            "text",
            None,
            length,
            rule,
            f"a text of {number_of(length, 'character')} is no label of an answer; {allowed}",
        )
    if rule in (NOT_ALLOWED, NOT_WHOLE, TOO_FINE):
        return "number", parsed.shown, None, rule, f"{parsed.shown or 'the number'}: {RULES[rule]}; {allowed}"
    return ("boolean" if rule == IS_BOOLEAN else "other"), None, None, rule, f"{RULES[rule]}; {allowed}"


def _table(
    frame: Frame,
    rows: list[int],
    names: list[str],
    ids: list[str],
    judged: list[tuple[str, str | None, int | None, str, str]],
) -> Any:
    data: dict[str, list[Any]] = {
        "row": rows,
        "column": names,
        "item": ids,
        "kind": [t[0] for t in judged],
        "value": [t[1] for t in judged],
        "length": [t[2] for t in judged],
        "rule": [t[3] for t in judged],
        "message": [t[4] for t in judged],
    }
    return frame.listed(data, {"row": "whole", "length": "whole or null"})
