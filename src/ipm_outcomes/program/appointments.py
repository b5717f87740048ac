"""Adherence: from a table of appointments to attendance, completion and drop-out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any

import numpy as np

from ipm_outcomes._fence import fenced
from ipm_outcomes.errors import FrameError, ParameterError
from ipm_outcomes.frames._dates import DateFormat
from ipm_outcomes.frames._frame import Frame
from ipm_outcomes.frames._library import Ints, Whole
from ipm_outcomes.program._counting import rows_of
from ipm_outcomes.program._records import coded, columns_at, days, frame_of, people
from ipm_outcomes.program._result import result_table
from ipm_outcomes.program.indicators import Indicator, indicator
from ipm_outcomes.program.table import names
from ipm_outcomes.stats.arguments import level_of, whole_number

STATUSES = ("attended", "missed", "canceled_by_patient", "canceled_by_clinic", "planned")
"""What became of an appointment; ``planned`` is one that is still to come."""
ENDS = ("completed", "left", "active")
"""The status of an episode."""
FIGURES = ("appointments_attended", "course_completed", "course_left")
_COLUMNS = ("attended", "scheduled", "planned", "started", "completed", "active")


@fenced
def adherence(
    appointments: Any,
    *,
    episodes: Any = None,
    by: Sequence[str] = (),
    share: float = 0.75,
    attended: int | None = None,
    meanings: Mapping[str, str | None] | None = None,
    date_format: DateFormat = None,
    level: float = 0.95,
    totals: bool = False,
    per_patient: bool = False,
) -> Any:
    """Count attendance, completion and drop-out from appointments, each with its denominator.

    No universal definition was found: these are plain arithmetic, and the result names what was chosen.

    Parameters
    ----------
    appointments : data frame
        One row per appointment: ``patient_id``, ``date``, ``status``, one of ``attended, missed, canceled_by_patient,
        canceled_by_clinic, planned`` (still to come); ``episode`` where ``episodes`` has it. Case, spaces and signs do
        not matter.
    episodes : data frame, optional
        One row per patient, or per patient and ``episode``: grouping columns; ``status`` (``completed``, ``left``,
        ``active``); ``planned_sessions``. Without it nobody was discharged as completed, who has an appointment to come
        is active, and all appointments that the clinic did not cancel were planned.
    by : sequence of str
        Grouping columns, of ``episodes`` where they are given.
    share : float
        Share of the planned appointments that must be attended to complete. That 75 % and 80 % are common is
        unverified.
    attended : int, optional
        A number of attended appointments in place of a share: 2 is what NHS Talking Therapies counts as a course.
    meanings : mapping, optional
        What other names for the status of an appointment mean: ``{"no show": "missed"}``; None leaves the rows out.
    date_format : str or mapping, optional
        How dates of text are written.
    level : float
        Confidence level.
    totals : bool
        Also the rows of all groups together.
    per_patient : bool
        Give the table that is counted from: ``attended, scheduled, planned`` (numbers), ``started, completed, active``.

    Returns
    -------
    data frame of the same kind
        The columns of `table`, one row per group and figure. ``appointments_attended``: attended of scheduled
        appointments, those canceled by the clinic and those to come left out; patients are independent, not their
        appointments. ``course_completed`` and ``course_left``: of those who attended one appointment or more and are
        not active any more (``excluded`` are those who are) who attended enough or was discharged as completed, and who
        did not. Where neither is known, a patient is not observed.

    Raises
    ------
    FrameError
        A column is missing; a date cannot be read or is empty; a status is not known; a patient is not in ``episodes``.
    ParameterError
        An argument outside what it may be.

    References
    ----------
    Cochran, Sampling Techniques, 3rd ed. 1977, chapter 6 (ratio of sums); Wilson, JASA 1927;22:209-212. Two attended
    appointments: NHS Talking Therapies, as two public analyses use it.

    Examples
    --------
    >>> import polars as pl
    >>> from ipm_outcomes import program
    >>> appointments = pl.DataFrame({
    ...     "patient_id": ["a"] * 4 + ["b"] * 4, "date": ["2026-01-05", "2026-01-12", "2026-01-19", "2026-01-26"] * 2,
    ...     "status": ["attended"] * 3 + ["missed", "attended", "missed", "canceled by clinic", "missed"],
    ... })
    >>> result = program.adherence(appointments)
    >>> result.select("indicator", "numerator", "denominator").rows()
    [('appointments_attended', 4, 7), ('course_completed', 1, 2), ('course_left', 1, 2)]
    """
    by = names(by)
    level = level_of(level)
    enough = _enough(share, attended)
    frame = frame_of(appointments, "appointments", ("patient_id", "date", "status"))
    table = _per_patient(frame, episodes, by, enough, meanings, date_format)
    if per_patient:
        return table
    chosen = [_with_note(indicator(id), enough) for id in FIGURES]
    source, rows = rows_of("appointments", table, chosen, by, totals)
    return result_table(source, rows, by, level, totals)


def _enough(share: float, attended: int | None) -> Fraction | int:
    """How much must be attended to complete: a share of what was planned, or a number."""
    if attended is not None:
        return whole_number("attended", attended, 1)
    if isinstance(share, bool) or not isinstance(share, (int, float)) or not 0 < share <= 1:
        raise ParameterError("share: a number above 0, and 1 at most, such as 0.75")
    return Fraction(repr(share))


def _with_note(definition: Indicator, enough: Fraction | int) -> Indicator:
    if definition.kind == "ratio":
        return definition
    chosen = (
        f"Completed: {enough} appointments attended"
        if isinstance(enough, int)
        else f"Completed: {float(enough):.10g} of the planned appointments attended"
    )
    note = f"{chosen}, or discharged as completed."
    return definition.model_copy(update={"note": " ".join(part for part in (note, definition.note) if part)})


def _per_patient(
    frame: Frame,
    episodes: Any,
    by: Sequence[str],
    enough: Fraction | int,
    meanings: Mapping[str, str | None] | None,
    date_format: DateFormat,
) -> Any:
    """One row per patient, or per patient and episode, in the caller's kind of frame."""
    days(frame, "date", "appointments", date_format, ("date",))
    status = coded(frame, "status", "appointments", STATUSES, meanings)
    if episodes is None:
        frame.require(by, "by")
        (unit,), _ = people({"appointments": frame})
        first = np.unique(unit, return_index=True)[1]
        other, columns, size = frame, columns_at(frame, ["patient_id", *by], first), len(first)
        end = np.full(size, -1)
        planned, unplanned = np.zeros(size, np.int64), np.ones(size, bool)
    else:
        other = frame_of(episodes, "episodes", ("patient_id", *by), frame)
        unit, size = _units(frame, other), len(other)
        kept = [name for name in ("patient_id", "episode") if name in other.names]
        columns = columns_at(other, list(dict.fromkeys([*kept, *by])), np.arange(size))
        end = coded(other, "status", "episodes", ENDS, None) if "status" in other.names else np.full(size, -1)
        planned, unplanned = (
            other.wholes("planned_sessions")
            if "planned_sessions" in other.names
            else (np.zeros(size, np.int64), np.ones(size, bool))
        )
    counts = np.array([np.bincount(unit[status == code], minlength=size) for code in range(len(STATUSES))])
    came, to_come = counts[0], counts[4]
    scheduled = counts[:3].sum(axis=0)
    planned = np.where(unplanned, scheduled + to_come, planned)
    if isinstance(enough, int):
        reached = came >= enough
    else:
        # On whole numbers: a share that is met exactly is met.
        reached = (planned > 0) & (came * enough.denominator >= planned * enough.numerator)
    known = (end >= 0) if episodes is not None else np.ones(size, bool)
    active = (end == 2) if episodes is not None else to_come > 0
    completed = reached | (end == 0)
    if clash := set(_COLUMNS) & set(columns):
        raise FrameError(f"by: the result has a column {min(clash)!r} of its own; rename the column")
    none = np.zeros(size, bool)
    columns |= {
        "attended": Whole(came, none),
        "scheduled": Whole(scheduled, none),
        "planned": Whole(planned, none),
        "started": other.truth(came > 0, none),
        "completed": other.truth(completed, ~completed & ~known),
        "active": other.truth(active & ~completed, ~completed & ~known),
    }
    return other.make(columns, like=["patient_id"])


def _units(frame: Frame, other: Frame) -> Ints:
    """The row of episodes that each appointment belongs to."""
    (patient, of), _ = people({"appointments": frame, "episodes": other})
    if "episode" in other.names:
        if "episode" not in frame.names:
            if np.unique(of).size < of.size:
                raise FrameError(
                    "appointments: episodes has several of one patient; give the column episode, which names that to "
                    "which each appointment belongs"
                )
            episode, own = np.zeros(len(frame), np.int64), np.zeros(len(other), np.int64)
        else:
            (episode, own), values = frame.keys([frame.column("episode"), other.column("episode")], "episode")
            patient = patient * (len(values) + 1) + episode
            of = of * (len(values) + 1) + own
            if (episode < 0).any() or (own < 0).any():
                raise FrameError("episode: missing in some rows of appointments or episodes; fill it in")
    order = np.argsort(of, kind="stable")
    if np.unique(of).size < of.size:
        raise FrameError("episodes: a patient has several rows of one episode; keep one of them")
    place = np.searchsorted(of[order], patient)
    rows: Ints = np.append(order, -1)[place]
    lost = (
        np.flatnonzero((rows < 0) | (of[np.maximum(rows, 0)] != patient))
        if len(other)
        else np.arange(len(frame))
    )
    if lost.size:
        raise FrameError(
            f"appointments: {lost.size} row(s) of patients or episodes that are not in episodes, first in row "
            f"{lost[0]} (counted from 0); add them to episodes, or leave the rows out"
        )
    return rows
