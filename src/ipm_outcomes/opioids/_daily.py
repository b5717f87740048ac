"""Prescriptions to daily MME, and the list of those that have none."""

from __future__ import annotations

from collections.abc import Mapping
from os import PathLike
from typing import Any, Literal

import numpy as np

from ipm_outcomes._fence import fenced
from ipm_outcomes.errors import choice
from ipm_outcomes.frames._dates import DateFormat
from ipm_outcomes.frames._frame import AnyFrame
from ipm_outcomes.frames._library import Bools, Ints, Whole, Words
from ipm_outcomes.opioids._factors import FactorSet, dose, factor_set
from ipm_outcomes.opioids._prescriptions import (
    CODES,
    CONVERTED,
    EXCLUDED,
    LEFT_OUT,
    NOTES,
    REASONS,
    Prescriptions,
    in_turn,
    read_prescriptions,
)
from ipm_outcomes.opioids._sweep import sweep

Meanings = Mapping[str, Mapping[str, str | None]]
OVERLAPS = ("add", "in_turn")
_NOT_KNOWN = CODES.index("unknown_drug")
_OUT = [CODES.index(code) for code in EXCLUDED]


def _set(factors: str | PathLike[str] | FactorSet) -> FactorSet:
    return factors if isinstance(factors, FactorSet) else factor_set(factors)


@fenced
def daily(
    prescriptions: AnyFrame,
    factors: str | PathLike[str] | FactorSet = "cdc_2022",
    *,
    overlap: Literal["add", "in_turn"] = "add",
    columns: Mapping[str, str] | None = None,
    meanings: Meanings | None = None,
    date_format: DateFormat = None,
) -> AnyFrame:
    """Compute daily morphine milligram equivalents (MME) from prescriptions, one row per stretch without a change.

    The dose of a day is the sum over all prescriptions that run on it, each from its start for its days supply:
    strength x quantity / days supply x factor. Prescriptions that overlap add up, unless ``overlap`` says that those of
    one drug in one strength follow each other. A drug with steps (methadone in ``cdc_2016``) is converted by the
    sum of all of it on that day. Of patches the days supply is patches x the days that one stays.

    Parameters
    ----------
    prescriptions : data frame
        pandas, Polars eager or lazy, PyArrow, DuckDB. One row per prescription: ``patient_id``, ``drug`` (the generic
        name, as the set has it), ``strength`` (number; of a combination product, of the opioid alone), ``unit``
        (``mg``, ``mcg``, ``mg/mL``, ``mg/5 mL``, ``mcg/h``), ``quantity`` (in pieces, or in mL where the strength is
        per mL), ``days_supply`` (whole days), ``start`` (date). If there: ``form`` (such as tablet, oral solution,
        patch, injection) and ``use_disorder`` (true where it is for opioid use disorder).
    factors : str, path or FactorSet
        Set of conversion factors, see `factor_sets`.
    overlap : "add" or "in_turn"
        ``"add"``: all that overlaps is summed, as the calculator of cqframework/opioid-mme-r4 does; a refill that is
        picked up early then counts twice on the days of both. ``"in_turn"``: of one drug in one strength each
        prescription begins when the one before has run out; all else is summed. The second is a convention, of which
        no source was read.
    columns : mapping, optional
        Names of columns that differ: ``{"drug": "generic_name"}``.
    meanings : mapping, optional
        Names in the table with those of the set, by column: ``{"drug": {"OXYCODONE HCL": "oxycodone"}}``; None
        declares what is no opioid: ``{"drug": {"ibuprofen": None}}``. Case and spacing do not count.
    date_format : str or mapping, optional
        How dates of text are written, such as ``"%m/%d/%Y"``; ISO 8601 without it.

    Returns
    -------
    data frame of the same kind
        ``patient_id``; ``start, end`` (dates, both included); ``days``; ``mme`` (float64, MME a day; null where a
        prescription of these days has none); ``mme_at_least`` (of those that have one; null where none has);
        ``prescriptions`` (converted ones that run), ``not_converted`` (others); ``opioid`` (whether any opioid runs;
        null where all that runs is unknown); ``at_least_50, at_least_90`` (decided exactly; null where what is not
        known could decide); ``reason`` (code of `REASONS` where a prescription has no dose); ``factors`` (id of the
        set); ``overlap``. Ordered by patient and day; days without a prescription have no row. A prescription without
        a place in the calendar has a row of its own without ``end``, and a patient of whom nothing else is there keeps
        one.

    Raises
    ------
    FrameError
        No kind of frame that can be worked on; a column is missing, doubled or of the wrong kind; a patient is
        missing; most starts cannot be read.
    ParameterError, UnknownNameError, DefinitionError
        An argument outside what it may be; no such set; a file of factors that does not hold together.

    References
    ----------
    Dowell et al., MMWR Recomm Rep 2022;71(RR-3):1-95; CDC compilation of conversion factors, 2016 version (formula).

    Examples
    --------
    >>> import polars as pl
    >>> from datetime import date
    >>> from ipm_outcomes import opioids
    >>> prescriptions = pl.DataFrame({
    ...     "patient_id": ["a", "a"], "drug": ["hydrocodone", "oxycodone"], "strength": [5.0, 10.0],
    ...     "unit": ["mg", "mg"], "quantity": [120, 60], "days_supply": [30, 30],
    ...     "start": [date(2026, 1, 1), date(2026, 1, 21)],
    ... })
    >>> opioids.daily(prescriptions).select("start", "end", "days", "mme").rows()
    ... # doctest: +NORMALIZE_WHITESPACE
    [(datetime.date(2026, 1, 1), datetime.date(2026, 1, 20), 20, 20.0),
     (datetime.date(2026, 1, 21), datetime.date(2026, 1, 30), 10, 50.0),
     (datetime.date(2026, 1, 31), datetime.date(2026, 2, 19), 20, 30.0)]
    """
    chosen = _set(factors)
    choice(overlap, OVERLAPS, "overlap")
    read = read_prescriptions(prescriptions, chosen, columns, meanings, date_format)
    if overlap == "in_turn":
        read = in_turn(read)
    stretches = sweep(read)
    unknown = np.zeros(len(stretches.first), np.int64)
    excluded, blocking = unknown.copy(), unknown.copy()
    reason = np.full(len(stretches.first), len(CODES), np.int64)
    for code, count in stretches.by_reason.items():
        blocking += 0 if code in _OUT else count
        excluded += count if code in _OUT else 0
        unknown += count if code == _NOT_KNOWN else 0
        reason = np.where(count > 0, np.minimum(reason, code), reason)
    some = stretches.converted > 0
    known = some & (blocking == 0)
    amount = stretches.doses.floats()
    limits = [threshold.at_least for threshold in dose().thresholds]
    reached = [stretches.at_least(limit) for limit in limits]

    others, start_known = _without_place(read)
    more = len(others)
    order: Ints = np.arange(0)
    if more:
        begin = np.concatenate([stretches.first, np.where(start_known, read.start[others], LATE)])
        order = np.lexsort((begin, np.concatenate([stretches.patient, read.patient[others]])))

    def joined(first: Any, rest: Any) -> Any:
        return np.concatenate([first, rest])[order] if more else first

    def no(dtype: Any = np.int64) -> Any:
        return np.zeros(more, dtype)

    frame = read.frame
    named = read.columns["patient_id"]
    left_out = read.reason[others] == LEFT_OUT
    other_reason = np.where(read.reason[others] == CONVERTED, len(CODES), read.reason[others]).astype(
        np.int64
    )
    some_opioid = joined(some | (excluded + blocking > unknown), ~left_out & (other_reason != _NOT_KNOWN))
    columns_made: dict[str, Any] = {
        "patient_id": frame.take(read.patients, joined(stretches.patient, read.patient[others])),
        "start": frame.dates(
            joined(stretches.first, read.start[others]), joined(np.zeros(len(some), bool), ~start_known)
        ),
        "end": frame.dates(joined(stretches.end - 1, no()), joined(np.zeros(len(some), bool), ~no(bool))),
        "days": Whole(
            joined(stretches.end - stretches.first, no()), joined(np.zeros(len(some), bool), ~no(bool))
        ),
        "mme": joined(np.where(known, amount, np.nan), no(float) + np.nan),
        "mme_at_least": joined(np.where(some, amount, np.nan), no(float) + np.nan),
        "prescriptions": joined(stretches.converted, no()),
        "not_converted": joined(blocking + excluded, (~left_out).astype(np.int64)),
        "opioid": frame.truth(some_opioid, ~some_opioid & joined(np.ones(len(some), bool), ~left_out)),
    }
    for limit, at_least in zip(limits, reached, strict=True):
        columns_made[f"at_least_{limit}"] = frame.truth(
            joined(at_least, no(bool)), joined(~(known | (some & at_least)), ~no(bool))
        )
    codes = joined(reason, other_reason)
    columns_made["reason"] = Words(np.where(codes == len(CODES), -1, codes).astype(np.int8), CODES)
    columns_made["factors"] = Words(np.zeros(len(codes), np.int8), (chosen.id,))
    columns_made["overlap"] = Words(np.zeros(len(codes), np.int8), (overlap,))
    result: AnyFrame = frame.make(columns_made, like=[named])
    return result


LATE = 2**40
"""Sorts what has no start behind all that has one."""


def _without_place(read: Prescriptions) -> tuple[Ints, Bools]:
    """Rows of prescriptions without a place in the calendar, and one of each patient of whom nothing else is there."""
    lost = ~read.placed & (read.reason != LEFT_OUT)
    there = np.zeros(int(read.patient.max(initial=-1)) + 1, bool)
    there[read.patient[read.reason != LEFT_OUT]] = True
    rest = np.flatnonzero(~there[read.patient])
    _, first = np.unique(read.patient[rest], return_index=True)
    rows = np.concatenate([np.flatnonzero(lost), rest[first]])
    return rows, read.started[rows] & (read.reason[rows] != LEFT_OUT)


@fenced
def check(
    prescriptions: AnyFrame,
    factors: str | PathLike[str] | FactorSet = "cdc_2022",
    *,
    columns: Mapping[str, str] | None = None,
    meanings: Meanings | None = None,
    date_format: DateFormat = None,
) -> AnyFrame:
    """List the prescriptions that have no dose, and those of which something was taken for granted.

    Parameters
    ----------
    prescriptions, factors, columns, meanings, date_format
        As `daily` has them.

    Returns
    -------
    data frame of the same kind
        One row per finding: ``row`` (counted from 0), ``drug`` (as it is written), ``rule`` (a code of `REASONS` or
        `NOTES`), ``converted`` (whether the prescription has a dose all the same), ``message``.

    Raises
    ------
    FrameError, ParameterError, UnknownNameError, DefinitionError
        As `daily` does.

    Examples
    --------
    >>> import polars as pl
    >>> from ipm_outcomes import opioids
    >>> opioids.check(pl.DataFrame({
    ...     "patient_id": ["a"], "drug": ["levorphanol"], "strength": [2.0], "unit": ["mg"], "quantity": [90],
    ...     "days_supply": [30], "start": ["2026-01-01"],
    ... })).select("row", "drug", "rule").rows()
    [(0, 'levorphanol', 'unknown_drug')]
    """
    read = read_prescriptions(prescriptions, _set(factors), columns, meanings, date_format)
    labels = (*CODES, *NOTES)
    sentences = (*REASONS.values(), *NOTES.values())
    without = np.flatnonzero(read.reason != CONVERTED)
    rows, rules = [without], [read.reason[without].astype(np.int64)]
    for code, mask in enumerate(read.notes.values(), len(CODES)):
        rows.append(np.flatnonzero(mask))
        rules.append(np.full(rows[-1].size, code, np.int64))
    row, rule = np.concatenate(rows), np.concatenate(rules)
    order = np.lexsort((rule, row))
    row, label = row[order], rule[order].astype(np.int8)
    frame = read.frame
    result: AnyFrame = frame.make(
        {
            "row": row.astype(np.int64),
            "drug": frame.take(frame.column(read.columns["drug"]), row),
            "rule": Words(label, labels),
            "converted": label >= len(CODES),
            "message": Words(label, sentences),
        },
        like=[read.columns["drug"]],
    )
    return result
