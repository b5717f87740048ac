"""Answers and recorded totals back from SDTM QS."""

from __future__ import annotations

from typing import Any

import numpy as np

from ipm_outcomes._fence import fenced
from ipm_outcomes._long_rows import Forms, texts
from ipm_outcomes.answers import read_text
from ipm_outcomes.catalog import instrument as definition
from ipm_outcomes.cdisc._codes import Test, tests_of
from ipm_outcomes.definition import plain_label
from ipm_outcomes.errors import FrameError, InputError
from ipm_outcomes.frames._frame import Frame
from ipm_outcomes.reading import Backend, Reading

EVIDENCE = {
    "other_code": "rows of other tests than those of the table of codes, which were passed over",
    "not_done": "questions that were not answered (QSSTAT)",
}


@fenced
def read_qs(table: Any, *, codes: Any = None, backend: Backend = None) -> Reading:
    """Read answers from the SDTM domain QS.

    A row is of an item or a total by its test code, never by counting. The answer is ``QSSTRESN``; where it is null,
    the answer in ``QSORRES``, as a number or a label. Rows of one subject, date and visit are one form.

    Parameters
    ----------
    table
        A frame of QS, any kind: USUBJID, QSTESTCD, QSSTRESN or QSORRES, and where there are QSDTC, VISIT, QSSTAT.
    codes
        A frame with ``instrument, part, QSTESTCD, QSTEST, QSCAT``, where ``part`` is the item or the scale of a total.
        Those of the GAD-7 are known.
    backend
        Kind of the tables; None: dictionaries of columns.

    Returns
    -------
    ipm_outcomes.reading.Reading
        ``data`` has one row per form: ``patient_id``, ``date`` (QSDTC), ``visit``, and the items as
        ``{instrument}_{item}``. ``recorded`` has the totals in the table, to compare and never to take; ``problems``
        numbers that are no answers; ``left_out`` rows without a value (``no_value``). Rows of other tests, and
        questions that were not done, are counted in ``inferences``.

    Raises
    ------
    InputError
        A form has two rows of one item (``duplicate_item``), or ``QSORRES`` or ``QSSTAT`` contradicts the number
        (``display_contradicts``); with the row.
    FrameError, ParameterError, UnknownNameError, MissingExtraError
        A column is missing, the table of codes does not fit, or the library of the backend is not installed.

    Examples
    --------
    >>> import polars as pl
    >>> from ipm_outcomes import cdisc
    >>> table = pl.DataFrame({"USUBJID": ["S-01"] * 2, "QSTESTCD": ["GAD0201", "GAD0208"], "QSSTRESN": [1.0, 7.0]})
    >>> result = cdisc.read_qs(table)
    >>> result.data["gad7_q1"], result.recorded["recorded"]
    ([1], [7.0])
    """
    frame = Frame(table)
    frame.require(("USUBJID", "QSTESTCD"), "QS")
    if not {"QSSTRESN", "QSORRES"} & set(frame.names):
        raise FrameError("QS: there is neither QSSTRESN nor QSORRES")
    tests = {test.code: test for test in tests_of(codes)}
    visits = [
        name or number for name, number in zip(texts(frame, "VISIT"), texts(frame, "VISITNUM"), strict=True)
    ]
    keys = list(zip(texts(frame, "USUBJID"), texts(frame, "QSDTC"), visits, strict=True))
    given, labels, states = (texts(frame, name) for name in ("QSTESTCD", "QSORRES", "QSSTAT"))
    numbers = frame.numbers("QSSTRESN") if "QSSTRESN" in frame.names else np.full(len(frame), np.nan)
    forms = Forms(("patient_id", "date", "visit"), len(frame))
    for row, code in enumerate(given):
        test = tests.get(code or "")
        if test is None:
            forms.passed["other_code"] += 1
            continue
        if keys[row][0] is None:
            raise FrameError(f"QS: USUBJID is empty in row {row} (counted from 0)")
        value = _value(test, float(numbers[row]), labels[row], f"row {row} (counted from 0)")
        if value is not None and (states[row] or "").upper() == "NOT DONE":
            message = f"QSSTAT of {code} says that there is no answer, and there is one"
            raise InputError(message, "display_contradicts", f"row {row} (counted from 0)")
        if value is None and states[row]:
            forms.passed["not_done"] += 1
        elif value is None:
            forms.leave_out(row, "no_value", "neither a number nor a label that is known")
        elif test.is_score:
            forms.score(keys[row], row, test.instrument, test.part, value)
        else:
            forms.answer(keys[row], row, test.instrument, test.part, value)
    return forms.reading(EVIDENCE, backend)


def _value(test: Test, number: float, label: str | None, place: str) -> float | None:
    """The number of a row; the label must not be that of another answer."""
    meant = None
    if label is not None and not test.is_score:
        inst = definition(test.instrument)
        code = inst.labels(test.part).get(plain_label(label))
        meant = None if code is None else code / inst.answers_of(test.part).per_unit
        plain = read_text(label, 1000).number
        meant = meant if plain is None else plain / 1000
    if np.isnan(number):
        return meant
    if meant is not None and meant != number:
        raise InputError(
            f"QSORRES of {test.code} is another answer than QSSTRESN", "display_contradicts", place
        )
    return number
