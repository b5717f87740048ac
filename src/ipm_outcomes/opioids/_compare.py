"""Two periods of each patient side by side."""

from __future__ import annotations

from typing import Any

import numpy as np

from ipm_outcomes._fence import fenced
from ipm_outcomes.errors import FrameError, ParameterError
from ipm_outcomes.frames._frame import AnyFrame, Frame
from ipm_outcomes.frames._library import Words
from ipm_outcomes.opioids._exact import BILLION, Floats, Ints
from ipm_outcomes.opioids._factors import dose
from ipm_outcomes.opioids._summary import FIGURES

_REASONS = {
    "no_baseline": "the patient has no row of the first period",
    "no_follow_up": "the patient has no row of the second period",
    "baseline_unknown": "the dose of the first period is not known",
    "follow_up_unknown": "the dose of the second period is not known",
}


@fenced
def compare(summary: AnyFrame, *, baseline: str, followup: str) -> AnyFrame:
    """Set two periods of each patient side by side: change of dose, reduction by half, freedom from opioids.

    No smallest important change of MME has been validated; a reduction by half is a common outcome of programs, of
    which no source was read (unverified).

    Parameters
    ----------
    summary : data frame
        The result of `summary` with a table of periods, by one denominator.
    baseline, followup : str
        Names of the two periods.

    Returns
    -------
    data frame of the same kind
        One row per patient of either period: ``patient_id``; the further columns of the table of periods,
        ``factors`` and ``overlap``, as in the first of the two that is there; ``mme_by``; ``baseline,
        followup`` (MME a day; a patient who is free of opioids has 0), ``change`` (``followup - baseline``),
        ``percent`` (reduction in percent of the baseline; null at 0), ``halved`` (down to half or less; null at
        0), ``opioid_free_baseline, opioid_free_followup``, ``reason`` (why there is no change).

    Raises
    ------
    FrameError
        No kind of frame that can be worked on; a column is missing; several denominators; a period that appears twice.
    ParameterError
        The two periods are one, or a name that the table does not have.

    Examples
    --------
    >>> import polars as pl
    >>> from ipm_outcomes import opioids
    >>> daily = opioids.daily(pl.DataFrame({
    ...     "patient_id": ["a", "a"], "drug": ["morphine", "morphine"], "strength": [60.0, 15.0], "unit": ["mg", "mg"],
    ...     "quantity": [30, 60], "days_supply": [30, 30], "start": ["2026-01-01", "2026-07-01"],
    ... }))
    >>> periods = pl.DataFrame({
    ...     "patient_id": ["a", "a"], "period": ["before", "after"],
    ...     "start": ["2026-01-01", "2026-07-01"], "end": ["2026-01-30", "2026-07-30"],
    ... })
    >>> result = opioids.summary(daily, denominator="window_days", periods=periods)
    >>> opioids.compare(result, baseline="before", followup="after").select("change", "percent", "halved").rows()
    [(-30.0, 50.0, True)]
    """
    frame = Frame(summary)
    frame.require(["patient_id", "period", "mme_by", "mme", "opioid_free"], "summary")
    if baseline == followup:
        raise ParameterError("followup: is the same period as the baseline")
    denominators, names = frame.words("mme_by")
    if np.unique(denominators).size > 1:
        raise FrameError("mme_by: the summary holds several definitions; keep the rows of one")
    periods, labels = frame.words("period")
    (patient,), values = frame.keys([frame.column("patient_id")], "patient_id")
    amount, free = frame.numbers("mme", "it is a dose"), frame.truths("opioid_free")
    # Who is free of opioids has a dose of zero, also by a definition that divides by the days of opioids.
    amount = np.where(np.isnan(amount) & (free == 1), 0.0, amount)
    rows = [_rows(patient, periods, labels, name, given, len(values)) for name, given in (
        ("baseline", baseline), ("followup", followup),
    )]  # fmt: skip
    there = np.flatnonzero((rows[0] >= 0) | (rows[1] >= 0))
    first, second = (rows_of[there] for rows_of in rows)
    before, after = (_of_rows(amount, rows_of) for rows_of in (first, second))
    known = ~np.isnan(before) & ~np.isnan(after)
    some = known & (before > 0)
    # Doses have nine decimals, so that a half is decided on whole numbers.
    whole_before, whole_after = (np.rint(np.where(known, part, 0.0) * BILLION) for part in (before, after))
    halved = some & (2 * whole_after <= whole_before)
    shown = np.where(first >= 0, first, second)
    columns: dict[str, Any] = {"patient_id": frame.take(values, there)}
    limits = {f"days_{threshold.at_least}" for threshold in dose().thresholds}
    skipped = {"patient_id", "period", "start", "end", *FIGURES, *limits}
    for name in frame.names:
        if name not in skipped:
            columns[name] = frame.take(frame.column(name), shown)
    columns["mme_by"] = Words(np.zeros(there.size, np.int8), tuple(map(str, names)) or ("",))
    columns["baseline"], columns["followup"] = before, after
    columns["change"] = after - before
    safe = np.where(some, before, 1.0)
    columns["percent"] = np.where(some, 100 * (before - after) / safe, np.nan)
    columns["halved"] = frame.truth(halved, ~some)
    for name, side in (("opioid_free_baseline", first), ("opioid_free_followup", second)):
        free_at = _of_rows(free, side)
        columns[name] = frame.truth(free_at == 1, np.isnan(free_at))
    reason = np.select(
        [first < 0, second < 0, np.isnan(before), np.isnan(after)], np.arange(len(_REASONS)).tolist(), -1
    )
    columns["reason"] = Words(reason.astype(np.int8), tuple(_REASONS))
    result: AnyFrame = frame.make(columns, like=["patient_id"])
    return result


def _rows(patient: Ints, periods: Ints, labels: list[Any], name: str, wanted: str, patients: int) -> Ints:
    """For each patient the row of a period, -1 for none."""
    if wanted not in labels:
        raise ParameterError(
            f"{name}: the summary has no period of this name; it has {len(labels)} of other names"
        )
    rows = np.flatnonzero(periods == labels.index(wanted))
    if np.unique(patient[rows]).size < rows.size:
        raise FrameError(f"{name}: a patient has several rows of this period; keep one")
    row_of = np.full(patients, -1, np.int64)
    row_of[patient[rows]] = rows
    return row_of


def _of_rows(values: Floats, rows: Ints) -> Floats:
    """Values of rows, NaN where there is none."""
    amounts: Floats = np.append(values, np.nan)[rows]
    return amounts
