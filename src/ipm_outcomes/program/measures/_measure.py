"""Measures that are defined on dated events: an index event, windows around it, exclusions, and an outcome.

Quality measures such as CMS159 speak of visits, diagnoses and scores with dates, not of pairs. An indicator
of kind ``events`` says so in a vocabulary of its own (``instruments/indicators/cms159.toml``); `populations` and
`measure` run any of them. All comparisons are on dates, ends included unless said otherwise.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from os import PathLike
from typing import Any

from ipm_outcomes._fence import fenced
from ipm_outcomes.errors import FrameError, ParameterError, UnknownNameError
from ipm_outcomes.frames._frame import AnyFrame, Frame
from ipm_outcomes.frames._library import CellKind
from ipm_outcomes.program._cells import Cell, FigureRow
from ipm_outcomes.program._event_grammar import Events, Version
from ipm_outcomes.program.indicators import Indicator, indicator, read_indicator
from ipm_outcomes.program.measures._patient import Patient
from ipm_outcomes.program.measures._read import read
from ipm_outcomes.program.table import names, result
from ipm_outcomes.stats.arguments import level_of


def _definition(definition: str | PathLike[str] | Indicator) -> tuple[Indicator, Events]:
    if isinstance(definition, Indicator):
        chosen = definition
    elif isinstance(definition, str) and not definition.endswith(".toml"):
        chosen = indicator(definition)
    else:
        chosen = read_indicator(definition)
    if chosen.events is None:
        raise ParameterError(
            f"definition: the indicator {chosen.id!r} is not defined on events; use program.table"
        )
    return chosen, chosen.events


def _version(definition: Indicator, spec: Events, asked: str | None) -> Version | None:
    """The text that is asked for, else the newest."""
    ids = [text.id for text in spec.versions]
    if asked is None:
        return spec.versions[-1] if ids else None
    if not isinstance(asked, str):
        raise ParameterError(f"version: the id of a version, as text, not a {type(asked).__name__}")
    if asked not in ids:
        there = f"there are {', '.join(ids)}" if ids else "its definition has no versions"
        raise UnknownNameError(f"version: {definition.id!r} has no version of this name; {there}")
    return spec.versions[ids.index(asked)]


def _period(period_start: dt.date | str) -> dt.date:
    if isinstance(period_start, dt.datetime):
        return period_start.date()
    if isinstance(period_start, dt.date):
        return period_start
    try:
        return dt.date.fromisoformat(period_start)
    except (TypeError, ValueError):
        raise ParameterError(
            "period_start: the first day of the measurement period, such as 2025-01-01"
        ) from None


def _patients(
    data: Any,
    definition: str | PathLike[str] | Indicator,
    period_start: dt.date | str,
    version: str | None,
    patient: str,
    by: Sequence[str],
) -> tuple[Any, Indicator, Version | None, dict[Any, tuple[tuple[Any, ...], Patient]]]:
    chosen, spec = _definition(definition)
    text = _version(chosen, spec, version)
    period = _period(period_start)
    frame, events, groups = read(data, patient, by)
    patients = {who: (groups[who], Patient(spec, text, rows, period)) for who, rows in events.items()}
    return frame, chosen, text, patients


@fenced
def populations(
    events: AnyFrame,
    definition: str | PathLike[str] | Indicator = "cms159",
    *,
    period_start: dt.date | str,
    version: str | None = None,
    patient: str = "patient_id",
) -> AnyFrame:
    """Determine for every patient which populations of a measure they are in.

    Parameters
    ----------
    events : data frame
        One row per event: the ``patient`` column, ``event`` (a name of the definition), ``start``, ``end``
        (dates; end may be missing), ``value`` (a number or missing), ``status``, ``note`` (facts parted by
        semicolons).
    definition : id, path or Indicator
        An indicator of kind ``events``.
    period_start : date
        First day of the measurement period.
    version : str, optional
        The text of the measure, such as ``"0.2.000"``; by default the newest that the definition has.
    patient : str
        Name of the column of patients.

    Returns
    -------
    data frame of the same kind
        One row per patient, in order of first appearance: the patient column, ``index_date`` (text, ISO
        8601; null without an index event), ``age``, ``initial_population, denominator, denominator_exclusion,
        observed, numerator`` (truth values), ``excluded_by`` (ids of the exclusions) and ``version`` (of the
        measure; null where the definition has none).

    Raises
    ------
    FrameError, ParameterError, UnknownNameError, DefinitionError
        As `program.table`; an event without a date, or that ends before it starts, is named by its row.

    Examples
    --------
    >>> import polars as pl
    >>> from ipm_outcomes.program.measures import populations
    >>> rows = [
    ...     ("birth", "1980-01-01", None, ""), ("dx_depression", "2024-01-05", None, "active/confirmed"),
    ...     ("office_visit", "2024-02-25", None, "finished"), ("phq9", "2024-02-25", 14, "final"),
    ...     ("phq9", "2025-02-19", 3, "final")]
    >>> events = pl.DataFrame(
    ...     [("A", e, s, None, v, t, "") for e, s, v, t in rows], orient="row",
    ...     schema=["patient_id", "event", "start", "end", "value", "status", "note"])
    >>> populations(events, "cms159", period_start="2025-01-01").select("numerator", "version").row(0)
    (True, '0.3.000')
    """
    frame, _, text, patients = _patients(events, definition, period_start, version, patient, ())
    people = [person for _, person in patients.values()]
    columns: dict[str, list[Any]] = {
        patient: list(patients),
        "index_date": [person.index.start.isoformat() if person.index else None for person in people],
        "age": [person.age for person in people],
        "initial_population": [person.eligible for person in people],
        "denominator": [person.eligible for person in people],
        "denominator_exclusion": [bool(person.excluded_by) for person in people],
        "observed": [person.observed for person in people],
        "numerator": [person.met for person in people],
        "excluded_by": [", ".join(person.excluded_by) for person in people],
        "version": [text.id if text else None] * len(people),
    }
    result: AnyFrame = _framed(frame, columns)
    return result


def _framed(frame: Frame, columns: Mapping[str, list[Any]]) -> Any:
    truths = ("initial_population", "denominator", "denominator_exclusion", "observed", "numerator")
    kinds: dict[str, CellKind] = {**dict.fromkeys(columns, "any"), **dict.fromkeys(truths, "truth")}
    kinds["age"] = "whole or null"
    first = next(iter(columns))
    text = all(isinstance(value, str) for value in columns[first])
    return frame.listed(columns, kinds, () if text else (first,))


@fenced
def measure(
    events: AnyFrame,
    definition: str | PathLike[str] | Indicator = "cms159",
    *,
    period_start: dt.date | str,
    version: str | None = None,
    patient: str = "patient_id",
    by: Sequence[str] = (),
    level: float = 0.95,
) -> AnyFrame:
    """Count a measure that is defined on dated events: one row per group and stratum.

    Parameters
    ----------
    events, definition, period_start, version, patient
        As `populations`.
    by : sequence of str
        Grouping columns of the events; a patient belongs to one group.
    level : float
        Confidence level of the interval.

    Returns
    -------
    data frame of the same kind
        The columns of `program.table`. ``eligible`` is the denominator less the exclusions, ``excluded`` the
        exclusions, ``observed`` those with a value in the window of the outcome; those without stay in the
        denominator as not met. The strata of the definition follow with their id behind a colon. ``version``
        is that of the measure.

    Raises
    ------
    FrameError, ParameterError, UnknownNameError, DefinitionError
        As `populations`.

    Examples
    --------
    >>> import polars as pl
    >>> from ipm_outcomes import program
    >>> rows = [
    ...     ("birth", "1980-01-01", None, ""), ("dx_depression", "2024-01-05", None, "active/confirmed"),
    ...     ("office_visit", "2024-02-25", None, "finished"), ("phq9", "2024-02-25", 14, "final")]
    >>> events = pl.DataFrame(
    ...     [("A", e, s, None, v, t, "") for e, s, v, t in rows], orient="row",
    ...     schema=["patient_id", "event", "start", "end", "value", "status", "note"])
    >>> result = program.measure(events, "cms159", period_start="2025-01-01")
    >>> result.select("indicator", "version", "observed", "numerator", "denominator").row(0)
    ('cms159', '0.3.000', 0, 0, 1)
    """
    level = level_of(level)
    by = names(by)
    _, chosen, text, patients = _patients(events, definition, period_start, version, patient, by)
    spec = chosen.events
    if text is not None:
        chosen = chosen.model_copy(update={"source": text.source})
    rows = []
    groups = {group for group, _ in patients.values()} or ({()} if not by else set())
    if any(value is None for group in groups for value in group):
        raise FrameError("by: a grouping column has rows without a value; fill them")
    for group in sorted(groups):
        mine = [person for own, person in patients.values() if own == group]
        rows.append(FigureRow(group, chosen, {}, None, _counted(mine)))
        for stratum in spec.strata if spec else ():
            low, high = stratum.age
            part = [person for person in mine if person.age is not None and low <= person.age <= high]
            rows.append(FigureRow(group, chosen, {}, stratum.id, _counted(part)))
    figures: AnyFrame = result(events, "events", rows, by, level, version=text.id if text else None)
    return figures


def _counted(patients: Iterable[Patient]) -> Cell:
    inside = [person for person in patients if person.eligible]
    kept = [person for person in inside if not person.excluded_by]
    return Cell(
        eligible=len(kept),
        excluded=len(inside) - len(kept),
        observed=sum(person.observed for person in kept),
        denominator=len(kept),
        numerator=sum(person.met for person in kept),
    )
