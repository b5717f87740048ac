"""Answers and recorded totals back from SDTM QS."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ipm_outcomes._fence import fenced
from ipm_outcomes.catalog import instrument as definition
from ipm_outcomes.cdisc._codes import Test, tests_of
from ipm_outcomes.definition import plain_label
from ipm_outcomes.errors import FrameError, InputError
from ipm_outcomes.frames._forms import item_columns, texts
from ipm_outcomes.frames._frame import Frame

Form = tuple[str, str | None, str | None]
"""Subject, date and visit."""


@dataclass(frozen=True)
class ReadQS:
    """What was read, in tables of the kind of frame that was given.

    Attributes
    ----------
    data : data frame
        One row per form: ``patient_id``, ``date`` (QSDTC as text), ``visit``, and the items as
        ``{instrument}_{item}``, as `ipm_outcomes.frames` takes it.
    recorded : data frame
        Recorded totals, to compare and never the score: ``patient_id``, ``date``, ``visit``, ``scale`` (as
        ``{instrument}_{scale}``), ``recorded``.
    left_out : data frame
        Rows that are neither: ``reason`` (``other_code``, ``not_done``, ``no_value``) and ``rows``.
    """

    data: Any = field(repr=False)
    recorded: Any = field(repr=False)
    left_out: Any = field(repr=False)


@fenced
def read_qs(table: Any, *, codes: Any = None) -> ReadQS:
    """Read answers from the SDTM domain QS.

    A row is of an item or a total by its test code, never by counting. The answer is ``QSSTRESN``; where it is null,
    the answer with the label in ``QSORRES``. Rows of one subject, date and visit are one form.

    Parameters
    ----------
    table
        A frame of QS, any kind: USUBJID, QSTESTCD, QSSTRESN or QSORRES, and where there are QSDTC, VISIT, QSSTAT.
    codes
        A frame with ``instrument, part, QSTESTCD, QSTEST, QSCAT``, where ``part`` is the item or the scale of a total.
        Those of the GAD-7 are known.

    Returns
    -------
    ReadQS
        The tables. Numbers that are no answers stay as they are; `ipm_outcomes.frames.check` lists them.

    Raises
    ------
    InputError
        A form has two rows of one item (``duplicate_item``), or the label is that of another answer than the number
        (``display_contradicts``); with the row.
    FrameError, ParameterError
        A column is missing, or the table of codes does not fit.

    >>> import polars as pl
    >>> from ipm_outcomes import cdisc
    >>> table = pl.DataFrame({"USUBJID": ["S-01"] * 2, "QSTESTCD": ["GAD0201", "GAD0208"], "QSSTRESN": [1.0, 7.0]})
    >>> found = cdisc.read_qs(table)
    >>> found.data["gad7_q1"].to_list(), found.recorded["recorded"].to_list()
    ([1], [7.0])
    """
    frame = Frame(table)
    if lacking := [name for name in ("USUBJID", "QSTESTCD") if name not in frame.names]:
        raise FrameError(f"QS: the column {lacking[0]} is missing")
    if not {"QSSTRESN", "QSORRES"} & set(frame.names):
        raise FrameError("QS: there is neither QSSTRESN nor QSORRES")
    tests = {test.code: test for test in tests_of(codes)}
    forms = list(zip(*(texts(frame, name) for name in ("USUBJID", "QSDTC", "VISIT")), strict=True))
    given, labels, states = (texts(frame, name) for name in ("QSTESTCD", "QSORRES", "QSSTAT"))
    numbers = frame.numbers("QSSTRESN") if "QSSTRESN" in frame.names else np.full(len(frame), np.nan)
    answers: dict[Form, dict[str, float]] = {}
    ids: dict[str, None] = {}
    recorded: list[tuple[Form, str, float]] = []
    reasons: Counter[str] = Counter()
    for row, code in enumerate(given):
        test = tests.get(code or "")
        if test is None:
            reasons["other_code"] += 1
            continue
        value = _value(test, float(numbers[row]), labels[row], f"row {row} (counted from 0)")
        who, when, visit = forms[row]
        if who is None:
            raise FrameError(f"QS: USUBJID is empty in row {row} (counted from 0)")
        form = (who, when, visit)
        column = f"{test.instrument}_{test.part}"
        if value is None:
            reasons["not_done" if states[row] else "no_value"] += 1
        elif test.is_score:
            recorded.append((form, column, value))
        elif column in answers.setdefault(form, {}):
            told = f"a form has two rows of {test.code}; keep one of them"
            raise InputError(told, "duplicate_item", f"row {row} (counted from 0)")
        else:
            answers[form][column] = value
            ids[test.instrument] = None
    return ReadQS(
        _data(frame, ids, answers),
        _recorded(frame, recorded),
        frame.listed({"reason": [*reasons], "rows": [*reasons.values()]}, {"rows": "whole"}),
    )


def _value(test: Test, number: float, label: str | None, place: str) -> float | None:
    """The number of a row; the label must not be that of another answer."""
    meant = None
    if label is not None and not test.is_score:
        found = definition(test.instrument)
        code = found.labels(test.part).get(plain_label(label))
        meant = None if code is None else code / found.answers_of(test.part).per_unit
    if np.isnan(number):
        return meant
    if meant is not None and meant != number:
        raise InputError(
            f"QSORRES of {test.code} is the label of another answer than QSSTRESN",
            "display_contradicts",
            place,
        )
    return number


def _keys(forms: list[Form]) -> dict[str, list[Any]]:
    return {name: [form[at] for form in forms] for at, name in enumerate(("patient_id", "date", "visit"))}


def _data(frame: Frame, ids: Iterable[str], answers: dict[Form, dict[str, float]]) -> Any:
    columns, kinds = item_columns(ids, list(answers.values()))
    return frame.listed(_keys(list(answers)) | columns, kinds)


def _recorded(frame: Frame, recorded: list[tuple[Form, str, float]]) -> Any:
    columns: dict[str, list[Any]] = _keys([form for form, _, _ in recorded])
    columns |= {"scale": [scale for _, scale, _ in recorded], "recorded": [value for _, _, value in recorded]}
    return frame.listed(columns, {"recorded": "real"})
