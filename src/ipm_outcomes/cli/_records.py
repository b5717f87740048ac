"""Files of records beside the answers: doses, work, care used, appointments; each has its section in the report."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, fields
from datetime import date as calendar_date
from datetime import timedelta
from pathlib import Path
from typing import Any, Literal

from cyclopts import Parameter

from ipm_outcomes import opioids, program
from ipm_outcomes.cli._files import read
from ipm_outcomes.cli._options import Reading
from ipm_outcomes.errors import ParameterError
from ipm_outcomes.frames._dates import DATED, format_of, read_dates
from ipm_outcomes.frames._frame import Frame

_NUMBERS = ("strength", "quantity", "days_supply")
_MEANT = {"prescriptions": 1, "statuses": 0, "events": 0, "appointments": 0}
"""Tables of the file of meanings, and how many levels of tables each holds."""
_TRUTHS = {"true": True, "false": False}
_BEFORE, _AFTER = (-90, -1), (152, 212)
"""Days around the start in which doses are looked at: three months before, and around six months after."""


@Parameter(name="*")
@dataclass(frozen=True)
class Records:
    """Records beside the answers, each with its section in the HTML report.

    Parameters
    ----------
    prescriptions
        CSV or Parquet file of opioid prescriptions (patient_id, drug, strength, unit, quantity, days_supply, start).
        Needs --episodes and --mme-by.
    mme_by
        What a dose per day is: four definitions are in use, so there is no default.
    statuses
        CSV or Parquet file of work statuses (patient_id, date, status).
    events
        CSV or Parquet file of care used (patient_id, date, event). Needs --enrollment.
    enrollment
        CSV or Parquet file of spans of membership (patient_id, start, end; an empty end is still enrolled).
    appointments
        CSV or Parquet file of appointments (patient_id, date, status; episode where --episodes has several of one
        patient).
    meanings
        TOML file that says what the entries of these files mean: a table for statuses, events and appointments, and
        prescriptions.drug, prescriptions.unit and prescriptions.form, such as "back on light duty" = "modified_duty";
        "" for rows to be left out.
    """

    prescriptions: str | None = None
    mme_by: Literal["dispensed_days", "covered_days", "window_days", "single_day"] | None = None
    statuses: str | None = None
    events: str | None = None
    enrollment: str | None = None
    appointments: str | None = None
    meanings: str | None = None

    @property
    def files(self) -> list[str]:
        """The files that are named."""
        given = (getattr(self, field_.name) for field_ in fields(self) if field_.name != "mme_by")
        return [name for name in given if name is not None]

    def check(self, episodes: str | None) -> None:
        """Refuse files that say nothing without another one."""
        if (self.events is None) != (self.enrollment is None):
            raise ParameterError(
                "--events and --enrollment: give both; events have a rate only over enrolled time"
            )
        if self.prescriptions is not None and (self.mme_by is None or episodes is None):
            raise ParameterError(
                "--prescriptions: needs --mme-by, and --episodes with the start_date of each patient"
            )
        if self.mme_by is not None and self.prescriptions is None:
            raise ParameterError("--mme-by: says what a dose of --prescriptions is; give both")
        if self.meanings is not None and self.files == [self.meanings]:
            raise ParameterError("--meanings: says what entries of records mean; name a file of records too")

    def tables(self, episodes: Any, as_of: calendar_date, how: Reading) -> Iterator[Any]:
        """The figures of each record, for the whole program."""
        given: dict[str, Any] = {"date_format": how.date_format}
        meant = {} if self.meanings is None else _meanings(self.meanings)
        starts = None if episodes is None else _starts(episodes, how)
        if self.prescriptions is not None:
            daily = opioids.daily(
                _table(self.prescriptions, how), meanings=meant.get("prescriptions"), **given
            )
            summary = opioids.summary(daily, denominator=str(self.mme_by), periods=_periods(starts, as_of))
            yield program.table(opioids=summary, by=["period"])
            both = {"baseline": "before the start", "followup": "around 6 months"}
            if set(both.values()) <= set(summary["period"]):
                yield program.table(opioids=opioids.compare(summary, **both))
        if self.statuses is not None:
            statuses = _table(self.statuses, how)
            yield program.return_to_work(statuses, episodes=episodes, meanings=meant.get("statuses"), **given)
        if self.events is not None and self.enrollment is not None:
            events, spans = _table(self.events, how), _spans(_table(self.enrollment, how), as_of, how)
            entries = meant.get("events")
            yield program.rates(events, spans, meanings=entries, **given)
            if starts is not None:
                yield program.rates_before_after(events, spans, starts, meanings=entries, **given)
        if self.appointments is not None:
            booked = _table(self.appointments, how)
            yield program.adherence(booked, episodes=episodes, meanings=meant.get("appointments"), **given)


def _table(name: str, how: Reading) -> Any:
    """A file, with columns of numbers and of truth values as such: a CSV file holds text only."""
    import polars as pl

    frame = read(name, delimiter=how.delimiter, encoding=how.encoding).frame
    for column in set(frame.columns) & {*_NUMBERS, "use_disorder"}:
        if frame[column].dtype != pl.String:
            continue
        text = frame[column].str.strip_chars().replace("", None)
        if column in _NUMBERS:
            made = text.cast(pl.Float64, strict=False)
        else:
            made = text.str.to_lowercase().replace_strict(_TRUTHS, default=None, return_dtype=pl.Boolean)
        if made.null_count() == text.null_count():  # else it stays as it is, and is refused where it is used
            frame = frame.with_columns(made.alias(column))
    return frame


def _meanings(name: str) -> dict[str, Any]:
    """What the entries of each file of records are declared to mean."""
    with Path(name).open("rb") as file:
        try:
            declared = tomllib.load(file)
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise ParameterError(f"{name}: not a TOML file: {error}") from None
        except RecursionError:
            raise ParameterError(
                f"{name}: not a TOML file that can be read: it is nested too deeply"
            ) from None
    if odd := [table for table in declared if table not in _MEANT]:
        raise ParameterError(f"{name}: {odd[0]!r} is none of the tables {', '.join(_MEANT)}")
    return {table: _entries(f"{name}: [{table}]", given, _MEANT[table]) for table, given in declared.items()}


def _entries(place: str, given: Any, inner: int) -> dict[str, Any]:
    """A table of entries, or of such tables; an empty text is for rows to be left out."""
    if not isinstance(given, dict) or not all(
        isinstance(entry, dict if inner else str) for entry in given.values()
    ):
        needed = "of tables, such as [prescriptions.drug]" if inner else 'such as "entry" = "what it means"'
        raise ParameterError(f"{place}: must be a table {needed}")
    if inner:
        return {name: _entries(f"{place}: {name}", entry, inner - 1) for name, entry in given.items()}
    return {entry: meaning or None for entry, meaning in given.items()}


def _dated(frame: Any, names: list[str], how: Reading, otherwise: calendar_date | None = None) -> Any:
    """The frame with these columns as dates, where they can be read; others stay, and are refused later."""
    import polars as pl

    for name in names:
        if name not in frame.columns:
            continue
        dates = read_dates(Frame(frame), name, format_of(how.date_format, name))
        if dates.unreadable():
            continue
        days = pl.Series(dates.day.astype("int32")).cast(pl.Date)
        known = pl.lit(pl.Series(dates.state == DATED))
        frame = frame.with_columns(
            pl.when(known).then(days).otherwise(pl.lit(otherwise, pl.Date)).alias(name)
        )
    return frame


def _spans(frame: Any, as_of: calendar_date, how: Reading) -> Any:
    """Spans of which one that is still open ends with the data."""
    return _dated(_dated(frame, ["start"], how), ["end"], how, as_of)


def _starts(episodes: Any, how: Reading) -> Any:
    """The first start of each patient."""
    import polars as pl

    frame = _dated(episodes, ["start_date"], how)
    return (
        frame.filter(pl.col("start_date").is_not_null())
        .sort("start_date", maintain_order=True)
        .unique("patient_id", keep="first", maintain_order=True)
    )


def _periods(starts: Any, as_of: calendar_date) -> Any:
    """Before the start and around six months after it, of those for whom that time is over."""
    import polars as pl

    made = []
    for name, (first, last) in (("before the start", _BEFORE), ("around 6 months", _AFTER)):
        due = starts.filter(pl.col("start_date") <= as_of - timedelta(last)) if last > 0 else starts
        begin = pl.col("start_date")
        made.append(
            due.select(
                "patient_id",
                period=pl.lit(name),
                start=begin + pl.duration(days=first),
                end=begin + pl.duration(days=last),
            )
        )
    return pl.concat(made)


__all__ = ["Records"]
