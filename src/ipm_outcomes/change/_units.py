"""Episodes of care: which assessment belongs to which, and what day 0 of each is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ipm_outcomes.errors import FrameError, ParameterError
from ipm_outcomes.frames._date_cells import day_number
from ipm_outcomes.frames._dates import DATED, MISSING, UNPARSABLE, DateFormat, Dates, format_of, read_dates
from ipm_outcomes.frames._frame import Frame
from ipm_outcomes.frames._library import Bools, Ints
from ipm_outcomes.frames._tidy import SCORE_COLUMNS

FUTURE = 3
"""State of a date cell beside those that reading gives: a date after the day up to which the data reach."""

NO_TABLE, IN_TABLE, NOT_IN_TABLE = 0, 1, 2
DATE_COLUMNS = ("date", "start_date")


def day_key(group: Ints, day: Ints) -> Ints:
    """One integer that sorts by group and then by day, a day of the years 1 to 9999: others are read as no date."""
    # 22 bits hold every such day, counted from 2^20 days before 1970.
    key: Ints = (group << 22) + day + 2**20
    return key


@dataclass(frozen=True)
class Units:
    """The units of analysis, one per patient and episode, in the order of patients and of their episodes.

    Attributes
    ----------
    patient : int64, shape (units,)
        Code of the patient.
    start : int64, shape (units,)
        Day 0, as days since 1970-01-01; 0 where `start_state` is not DATED.
    start_state : int8, shape (units,)
        DATED, or why there is no day 0.
    listed : int8, shape (units,)
        Whether the unit is in the table of episodes, where there is one.
    row_unit : int64, shape (rows,)
        Unit of each row of scores, dated or not; -1 for none: undated without an episode of its own, of a patient
        none of whose episodes has a start date, or no assessment.
    row_patient : int64, shape (rows,)
        Code of the patient of each row.
    day, state : shape (rows,)
        Date of each row and its state.
    time : int64, shape (rows,), or None
        Time of day by which the rows of one day are ordered; None where no row has one.
    assessment : bool array, shape (rows,)
        Whether the row is an assessment, and no blank form.
    dates, starts : Dates
        What was read as dates of the rows, and as start dates where there is a table of episodes.
    columns : dict
        Native columns ``patient_id``, ``episode`` and the grouping columns, one entry per unit.
    """

    patient: Ints
    start: Ints
    start_state: NDArray[np.int8]
    listed: NDArray[np.int8]
    row_unit: Ints
    row_patient: Ints
    day: Ints
    state: NDArray[np.int8]
    time: Ints | None
    assessment: Bools
    dates: Dates
    starts: Dates | None
    columns: dict[str, Any]

    def __len__(self) -> int:
        return len(self.patient)


def as_of_day(as_of: date | str | None) -> int | None:
    """The day up to which the data reach, as a day number."""
    if as_of is None:
        return None
    if isinstance(as_of, str):
        try:
            as_of = date.fromisoformat(as_of)
        except ValueError:
            raise ParameterError("as_of: give a date, or ISO text such as '2024-12-31'") from None
    if not isinstance(as_of, date) or as_of != as_of:
        raise ParameterError(f"as_of: give a date, not a {type(as_of).__name__}")
    return day_number(as_of)


@dataclass(frozen=True)
class _Rows:
    """The rows of scores, as far as they are assessments."""

    frame: Frame
    assessment: Bools
    dates: Dates
    state: NDArray[np.int8]
    has_episode: bool
    used: tuple[str, ...]
    """Columns that are not carried along."""

    @property
    def day(self) -> Ints:
        return self.dates.day


def read_units(
    frame: Frame,
    episodes: Any | None,
    by: Sequence[str] | None,
    as_of: int | None,
    date_format: DateFormat = None,
    blank: Bools | None = None,
    visits: bool = False,
) -> Units:
    """Read patients, dates and episodes; rows that are ``blank`` are no assessments and belong to nobody.

    With ``visits`` the column of dates may be missing.
    """
    if visits and "date" not in frame.names:
        frame.require(["patient_id"], "scores")
        dates = Dates(np.zeros(len(frame), np.int64), None, np.full(len(frame), MISSING, np.int8))
    else:
        frame.require(["patient_id", "date"], "scores")
        dates = read_dates(frame, "date", format_of(date_format, "date", DATE_COLUMNS))
    state = dates.state
    if as_of is not None:
        state = np.where((state == DATED) & (dates.day > as_of), FUTURE, state).astype(np.int8)
    has_episode = frame.names.count("episode") > 0
    if has_episode:
        frame.require(["episode"], "scores")
    assessment = np.ones(len(frame), bool) if blank is None else ~blank
    rows = _Rows(frame, assessment, dates, state, has_episode, ("visit",) if visits else ())
    if episodes is None:
        return _from_scores(rows, by)
    return _from_episodes(rows, episodes, by, format_of(date_format, "start_date", DATE_COLUMNS))


def _patients(rows: _Rows, other: Frame | None) -> tuple[list[Ints], Any]:
    frame = rows.frame
    columns = [frame.column("patient_id")] + ([other.column("patient_id")] if other is not None else [])
    codes, values = frame.keys(columns, "patient_id")
    for places, name in zip(codes, ("scores", "episodes"), strict=False):
        absent = (places < 0) & rows.assessment if name == "scores" else places < 0
        if (lost := np.flatnonzero(absent)).size:
            raise FrameError(
                f"patient_id: missing in {lost.size} row(s) of {name}, first in row {lost[0]} (counted "
                "from 0); an "
                "assessment without a patient cannot be paired"
            )
    return codes, values


def _carried(frame: Frame, by: Sequence[str] | None, known: Sequence[str], table: str) -> list[str]:
    if isinstance(by, str):
        by = (by,)
    if by is None:
        return [name for name in frame.names if name not in known]
    frame.require(list(by), f"by ({table})")
    return list(by)


def _from_scores(rows: _Rows, by: Sequence[str] | None) -> Units:
    frame, state, time = rows.frame, rows.state, rows.dates.time
    (patient,), patient_values = _patients(rows, None)
    episode, episode_values = np.zeros(len(frame), np.int64), None
    if rows.has_episode:
        (episode,), episode_values = frame.keys([frame.column("episode")], "episode")
    base = int(episode.max(initial=0)) + 2
    held = np.flatnonzero(rows.assessment)
    unit_keys, unit = np.unique((patient * base + episode + 1)[held], return_inverse=True)
    unit = unit.astype(np.int64)
    row_unit = np.full(len(frame), -1, np.int64)
    row_unit[held] = unit
    unit_patient, unit_episode = unit_keys // base, unit_keys % base - 1
    dated = state[held] == DATED
    # The first assessment of each unit: the rows in order of unit and day, the last row of the first day.
    by_time = () if time is None else (-time[held],)
    order = np.lexsort((-held, *by_time, np.where(dated, rows.day[held], 2**31), unit))
    first = held[order[np.flatnonzero(np.diff(unit[order], prepend=-1))]] if held.size else held
    start_state = state[first]
    start = np.where(start_state == DATED, rows.day[first], 0)
    # Without a table of episodes day 0 is the first assessment. Where another one of the patient has a date that cannot
    # be read, it may have been the first, and then every window would be another: nothing is paired on a guess.
    start_state[row_unit[held[state[held] == UNPARSABLE]]] = UNPARSABLE
    columns = {"patient_id": frame.take(patient_values, unit_patient)}
    if episode_values is not None:
        columns["episode"] = frame.take(episode_values, unit_episode)
    else:
        columns["episode"] = np.ones(len(unit_keys), np.int64)
    for name in _carried(frame, by, ("patient_id", "date", "episode", *rows.used, *SCORE_COLUMNS), "scores"):
        columns[name] = frame.take(frame.column(name), first)
    return Units(
        unit_patient, start, start_state, np.full(len(unit_keys), NO_TABLE, np.int8), row_unit, patient, rows.day,
        state, time, rows.assessment, rows.dates, None, columns,
    )  # fmt: skip


def _from_episodes(rows: _Rows, episodes: Any, by: Sequence[str] | None, start_format: str | None) -> Units:
    frame, day, state, has_episode = rows.frame, rows.day, rows.state, rows.has_episode
    carried = None if by is None else [by] if isinstance(by, str) else by
    needed = None if carried is None else ["patient_id", "episode", "start_date", *carried]
    table = Frame(episodes).in_kind_of(frame, needed, "episodes")
    table.require(["patient_id", "episode", "start_date"], "episodes")
    (patient, table_patient), patient_values = _patients(rows, table)
    named = [table.column("episode")] + ([frame.column("episode")] if has_episode else [])
    codes, episode_values = frame.keys(named, "episode")
    table_episode = codes[0]
    episode = codes[1] if has_episode else np.full(len(frame), -1, np.int64)
    if (lost := np.flatnonzero(table_episode < 0)).size:
        raise FrameError(f"episode: missing in row {lost[0]} of episodes (counted from 0)")
    base = int(max(table_episode.max(initial=0), episode.max(initial=0))) + 2
    table_key = table_patient * base + table_episode + 1
    _refuse_doubles(table_key)
    starts = read_dates(table, "start_date", start_format)
    start, start_state = starts.day, starts.state

    # What the scores name and the table does not: a patient without an episode, an episode that is not
    # listed.
    row_key = np.where((episode >= 0) & rows.assessment, patient * base + episode + 1, -1)
    unlisted = np.setdiff1d(row_key[row_key >= 0], table_key)
    loose = (row_key < 0) & rows.assessment
    no_episode = np.setdiff1d(patient[loose], table_patient) * base
    extra = np.union1d(unlisted, no_episode)
    key = np.concatenate([table_key, extra])
    start = np.concatenate([start, np.zeros(extra.size, np.int64)])
    start_state = np.concatenate([start_state, np.full(extra.size, DATED, np.int8)])
    listed = np.repeat(np.array([IN_TABLE, NOT_IN_TABLE], np.int8), [table_key.size, extra.size])
    source = np.concatenate([np.arange(table_key.size), np.full(extra.size, -1)])
    order = np.lexsort((key % base, start, listed, key // base))
    key, start, source = key[order], start[order], source[order]
    start_state, listed = start_state[order], listed[order]

    by_key = np.argsort(key)
    place = np.minimum(np.searchsorted(key, row_key, sorter=by_key), max(key.size - 1, 0))
    row_unit = np.where(row_key >= 0, by_key[place] if key.size else -1, -1)
    free = loose & (state == DATED)
    usable = np.flatnonzero((start_state == DATED) & (listed == IN_TABLE))
    owner = key[usable] // base
    begins = day_key(owner, start[usable])
    # Units lie in order of patient and start, so the episode in force is the last one that has begun, and
    # before all of them the patient's first. The baseline window has no say: widening it loses no pair.
    asked = patient[free]
    last = np.searchsorted(begins, day_key(asked, day[free]), side="right") - 1
    last = np.maximum(last, np.searchsorted(owner, asked))
    hit = last < owner.size
    hit[hit] = owner[last[hit]] == asked[hit]
    row_unit[np.flatnonzero(free)[hit]] = usable[last[hit]]
    alone = np.isin(patient, no_episode // base) & loose
    if alone.any():
        place = np.searchsorted(key, patient[alone] * base, sorter=by_key)
        row_unit[alone] = by_key[place]

    columns = {
        "patient_id": frame.take(patient_values, key // base),
        "episode": frame.take(episode_values, key % base - 1),
    }
    for name in _carried(table, by, ("patient_id", "episode", "start_date"), "episodes"):
        columns[name] = frame.take(table.column(name), source)
    return Units(
        key // base, start, start_state, listed, row_unit, patient, day, state, rows.dates.time, rows.assessment,
        rows.dates, starts, columns,
    )  # fmt: skip


def _refuse_doubles(key: Ints) -> None:
    order = np.argsort(key, kind="stable")
    if (same := np.flatnonzero(np.diff(key[order]) == 0)).size:
        first, other = sorted(order[same[0] : same[0] + 2].tolist())
        raise FrameError(
            f"episodes: rows {first} and {other} (counted from 0) are the same patient and episode; keep "
            "one row for each"
        )
