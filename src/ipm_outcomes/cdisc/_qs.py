"""Answers as SDTM QS: one row for each question of a form."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np

from ipm_outcomes._fence import fenced
from ipm_outcomes._long_rows import asked_ids, texts
from ipm_outcomes.cdisc._codes import items_of, tests_of
from ipm_outcomes.errors import FrameError
from ipm_outcomes.frames import check
from ipm_outcomes.frames._frame import Frame
from ipm_outcomes.frames._items import ItemColumns
from ipm_outcomes.frames._library import CellKind

KINDS: dict[str, CellKind] = {"QSSEQ": "whole", "QSSTRESN": "real", "VISITNUM": "real"}
COLUMNS = (
    *("STUDYID", "DOMAIN", "USUBJID", "QSSEQ", "QSTESTCD", "QSTEST", "QSCAT", "QSORRES", "QSSTRESC"),
    *("QSSTRESN", "QSSTAT", "QSDTC", "VISIT", "VISITNUM"),
)


@fenced
def qs(
    data: Any,
    instruments: Sequence[str] | str,
    *,
    study: str,
    subject: str = "patient_id",
    date: str | None = "date",
    visit: str | None = None,
    visit_number: str | None = None,
    codes: Any = None,
) -> Any:
    """Write answers as the SDTM domain QS, one row for each question of each form.

    Parameters
    ----------
    data
        A frame with the items as ``{instrument}_{item}``, any kind.
    instruments
        Ids of the instruments.
    study
        STUDYID.
    subject, date, visit, visit_number
        Columns of the subject, the date (ISO 8601, written as it is), the visit and its number; None where there is
        none.
    codes
        A frame with ``instrument, part, QSTESTCD, QSTEST, QSCAT``, where ``part`` is the item. Needed for all
        instruments but the GAD-7, the one whose codes were seen.

    Returns
    -------
    data frame of the same kind
        The columns of QS. ``QSORRES`` is the label of the answer, ``QSSTRESC`` and ``QSSTRESN`` its code. A question
        of a form that was begun and that has no answer is a row with ``QSSTAT`` "NOT DONE"; a form without any answer
        is no row.

    Raises
    ------
    FrameError, ParameterError, UnknownNameError
        A column is missing, a cell is no answer, or the codes of an instrument are not known.

    Examples
    --------
    >>> import polars as pl
    >>> from ipm_outcomes import cdisc
    >>> form = {"patient_id": ["S-01"], "date": ["2026-03-01"], **{f"gad7_q{n}": [1] for n in range(1, 8)}}
    >>> cdisc.qs(pl.DataFrame(form), "gad7", study="IPM").select("USUBJID", "QSTESTCD", "QSSTRESN").row(0)
    ('S-01', 'GAD0201', 1.0)
    """
    frame = Frame(data)
    ids = asked_ids(instruments)
    frame.require([name for name in (subject, date, visit, visit_number) if name], "data")
    of_row: dict[str, list[Any]] = {
        name: texts(frame, column or "")
        for name, column in (("USUBJID", subject), ("QSDTC", date), ("VISIT", visit))
    }
    numbers = [] if visit_number is None else frame.numbers(visit_number).tolist()
    of_row["VISITNUM"] = [None if cell != cell else cell for cell in numbers] or [None] * len(frame)
    tests = tests_of(codes)
    rows: list[tuple[int, dict[str, Any]]] = []
    for id in ids:
        mine = items_of(tests, id)
        if wrong := len(Frame(check(data, id))):
            raise FrameError(f"{wrong} cell(s) of {id} are no answers; frames.check lists them")
        items = ItemColumns(frame, id)
        labels = {item: {code: label for label, code in _labels(items, item)} for item in mine}
        for start, answers in items.chunks():
            for form in np.flatnonzero((answers >= 0).any(axis=0)).tolist():
                for place, item in enumerate(items.instrument.item_ids):
                    if item not in mine or item not in items.names:
                        continue
                    answer = int(answers[place, form])
                    number = answer / items.readings[item].per_unit
                    test = mine[item]
                    there = answer >= 0
                    text = f"{number:g}" if there else None
                    row = {
                        "QSTESTCD": test.code,
                        "QSTEST": test.name,
                        "QSCAT": test.category,
                        "QSORRES": labels[item].get(answer, text) if there else None,
                        "QSSTRESC": text,
                        "QSSTRESN": number if there else None,
                        "QSSTAT": None if there else "NOT DONE",
                    }
                    rows.append((start + form, row))
    rows.sort(key=lambda pair: pair[0])
    seen: Counter[Any] = Counter()
    columns: dict[str, list[Any]] = {name: [] for name in COLUMNS}
    for form, row in rows:
        who = of_row["USUBJID"][form]
        if who is None:
            raise FrameError(f"{subject} is empty in row {form} (counted from 0)")
        seen[who] += 1
        whole = row | {name: cells[form] for name, cells in of_row.items()}
        whole |= {"STUDYID": study, "DOMAIN": "QS", "QSSEQ": seen[who]}
        for name in COLUMNS:
            columns[name].append(whole[name])
    return frame.listed(columns, KINDS)


def _labels(items: ItemColumns, item: str) -> list[tuple[str, int]]:
    answers = items.instrument.answers_of(item)
    return (
        [] if answers.numeric else [(option.label, option.code) for option in answers.options if option.label]
    )
