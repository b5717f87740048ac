"""Scores to change: the command ``change``, and what the report needs of it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date as calendar_date
from datetime import timedelta
from typing import Annotated, Any, Literal

import numpy as np
from cyclopts import Parameter

from ipm_outcomes import change as changes_of
from ipm_outcomes.change._scores import blank_rows
from ipm_outcomes.change._unreadable import refuse_column
from ipm_outcomes.cli._codes import FINE, PROBLEMS
from ipm_outcomes.cli._files import CSV_ENDINGS, PARQUET_ENDINGS, read
from ipm_outcomes.cli._options import Items, Output, Plan, Reading, column_of, plan, split
from ipm_outcomes.cli._output import output_kind, write_frame, write_text
from ipm_outcomes.cli._print import tell
from ipm_outcomes.cli._score import File, count_of, tell_findings, tidy_scores, without_invalid
from ipm_outcomes.errors import FrameError, ParameterError
from ipm_outcomes.frames._date_cells import day_number
from ipm_outcomes.frames._dates import DATED, read_dates
from ipm_outcomes.frames._findings import Finding
from ipm_outcomes.frames._frame import Frame
from ipm_outcomes.program import indicator, indicators
from ipm_outcomes.program._requirements import row_columns
from ipm_outcomes.report._layout import MARKDOWN, PLAIN
from ipm_outcomes.report.changes import INSIDE, change_parts, summarize_changes

_TARGET = re.compile(r"(?P<name>[^=]+)=(?P<day>\d+):(?P<low>-?\d+)\.\.(?P<high>-?\d+)(:(?P<pick>[a-z_]+))?")
_MONTHS = re.compile(r"(?P<name>[^=]+)=(?P<months>\d+)m(?P<slack>\d+)(:(?P<pick>[a-z_]+))?")
BaselinePick = Literal["nearest", "last_before", "first", "mean"]


@Parameter(name="*")
@dataclass(frozen=True)
class Pairing:
    """How baselines and follow-ups are paired.

    Parameters
    ----------
    episodes
        CSV or Parquet file of episodes (patient_id, episode, start_date and columns to group by). Without it
        day 0 is the first assessment of a patient.
    episode
        Column of the episode in the file; by default episode where the file has it.
    baseline_days
        First and last day of the baseline window, counted from day 0, such as -30,7.
    baseline_pick
        Which assessment of the window is the baseline.
    target
        A follow-up target, repeated: "6 months=182:137..227" (day 182, window 137 to 227) or "12 months=12m60"
        (12 calendar months, 60 days either side); with :latest or another choice at its end. By default 3, 6
        and 12 months.
    as_of
        The day (YYYY-MM-DD, whatever --date-format says) up to which the data go; by default the latest date of an
        assessment in the file that is not after today. A follow-up window that is still open then does not count as
        missed.
    """

    episodes: str | None = None
    episode: str | None = None
    baseline_days: Annotated[str, Parameter(allow_leading_hyphen=True)] = "-30,7"
    baseline_pick: BaselinePick = "nearest"
    target: list[str] | None = None
    as_of: str | None = None

    def rule(self) -> dict[str, Any]:
        """Baseline and targets, as `change.table` takes them; what is wrongly written is refused."""
        return {
            "baseline": changes_of.Baseline(days=_days(self.baseline_days), pick=self.baseline_pick),
            "targets": [_target(text) for text in self.target] if self.target else changes_of.DEFAULT_TARGETS,
        }


def change(
    file: File,
    /,
    *,
    items: Items | None = None,
    reading: Reading | None = None,
    pairing: Pairing | None = None,
    id: str | None = None,
    date: str | None = None,
    by: list[str] | None = None,
    output: Output = None,
) -> int:
    """Pair baselines with follow-ups and say what became of every patient.

    Wrong cells are taken as not answered, and counted. Without an output file a summary is printed.

    Parameters
    ----------
    file
        CSV, Parquet or SAS transport (.xpt); - for CSV from standard input.
    id
        Column of the patient; by default patient_id.
    date
        Column of the date; by default date.
    by
        Further columns to carry along, separated by commas.
    output
        CSV or Parquet file for the table of changes, or text (.txt) or Markdown (.md) for the summary.
    """
    tables = (*(ending for ending in CSV_ENDINGS if ending != ".txt"), *PARQUET_ENDINGS)
    pairs = pairing or Pairing()
    pairs.rule()  # before anything is read
    how = reading or Reading()
    ending = output_kind(output, (*tables, ".txt", ".md"), inputs=(file, pairs.episodes, how.mapping))
    work = plan(how.answers(file, categories=True), items or Items())
    findings = without_invalid(work.findings(id=id, date=date, by=split(by), date_format=how.date_format))
    work = work.declared(findings)
    wrong = work.wrong()
    tell_findings(findings)
    if not work.ids:
        tell("nothing was written")
        return PROBLEMS
    table, day = table_of(work, pairs, id=id, date=date, by=split(by), reading=how)
    if ending in tables:
        write_frame(table, output, how.delimiter or ",")
    else:
        layout = MARKDOWN if ending == ".md" else PLAIN
        parts = [f"{INSIDE.capitalize()}.", *change_parts(summarize_changes(table), layout, day)]
        write_text("\n\n".join(part for part in parts if part) + "\n", output)
    if wrong:
        tell(f"{count_of(len(wrong))} taken as not answered; ipm-outcomes check lists them")
    return PROBLEMS if wrong or any(finding.moves for finding in findings) else FINE


def table_of(
    work: Plan, pairing: Pairing, *, id: str | None, date: str | None, by: list[str], reading: Reading
) -> tuple[Any, str | None]:
    """The table of changes of a file of answers, and the day up to which the answers go."""
    scores = dated_scores(work, pairing, id=id, date=date, by=by, date_format=reading.date_format)
    episodes, seen = episodes_of(work, pairing, reading)
    tell_findings(seen)
    table = changes_of_scores(scores, pairing, episodes, reading.date_format)
    return table, as_of(scores, pairing)


def dated_scores(
    work: Plan, pairing: Pairing, *, id: str | None, date: str | None, by: list[str], date_format: str | None
) -> Any:
    """Tidy scores with ``patient_id``, ``date``, ``episode`` where the file has one, and the columns of ``by``.

    Dates are read by the format that was declared. Where most of them cannot be, the file itself is refused.
    """
    names = work.source.frame.columns
    patient = column_of("--id", id, "patient_id", names)
    day = column_of("--date", date, "date", names)
    for option, column in (("--id", patient), ("--date", day)):
        if column is None:
            raise FrameError(f"change needs the columns of patient and date: name them ({option} is missing)")
    episode = column_of("--episode", pairing.episode, "episode", names)
    taken = {patient: "patient_id", day: "date"} | ({episode: "episode"} if episode else {})
    if clash := [name for name in by if name in taken]:
        raise ParameterError(f"--by: the column {clash[0]!r} is carried along already")
    formats = {day: date_format} if day and date_format else None
    kept = [name for name in (*taken, *by) if name is not None]
    scores, frame = work.source.texts(tidy_scores(work, kept, formats), kept), work.source.frame
    if day and len(frame):
        refuse_column(day, read_dates(Frame(frame), day, date_format), rows_with_answers(scores, len(frame)))
    return scores.rename({old: new for old, new in taken.items() if old and old != new})


def rows_with_answers(scores: Any, rows: int) -> Any:
    """Which rows of the file hold an answer, by the tidy scores that were made of them."""
    if not rows:
        return np.zeros(0, bool)
    return ~scores["blank_row"].to_numpy()[:: len(scores) // rows]


def changes_of_scores(scores: Any, pairing: Pairing, episodes: Any, date_format: str | None) -> Any:
    """The table of changes of tidy scores, whose dates were read already."""
    return changes_of.table(
        scores,
        episodes=episodes,
        **pairing.rule(),
        as_of=as_of(scores, pairing),
        date_format={"start_date": date_format} if date_format else None,
    )


def as_of(scores: Any, pairing: Pairing) -> str | None:
    """The day up to which the data go: the one given, or the latest date of an assessment that is not after today."""
    if pairing.as_of is not None:
        return pairing.as_of
    frame = Frame(scores)
    dates, blank = read_dates(frame, "date"), blank_rows(frame)
    days = dates.day[(dates.state == DATED) & (True if blank is None else ~blank)]
    days = days[days <= day_number(calendar_date.today())]
    return str(calendar_date(1970, 1, 1) + timedelta(int(days.max()))) if days.size else None


def episodes_of(work: Plan, pairing: Pairing, reading: Reading) -> tuple[Any, list[Finding]]:
    """The table of episodes, where one is named, and the texts in its columns of numbers."""
    if pairing.episodes is None:
        return None, []
    episodes = read(pairing.episodes, delimiter=reading.delimiter, encoding=reading.encoding).frame
    return _with_numbers(work.named(episodes))


def _with_numbers(episodes: Any) -> tuple[Any, list[Finding]]:
    """Columns that an indicator reads as numbers, as numbers: a CSV file holds text only."""
    import polars as pl

    wanted = {
        column
        for measure in map(indicator, indicators())
        for column, kind in (*measure.columns(), *row_columns(measure).items())
        if kind == "number"
    }
    findings = []
    for name in episodes.columns:
        if name not in wanted or episodes[name].dtype != pl.String:
            continue
        text = episodes[name].str.strip_chars()
        number = text.cast(pl.Float64, strict=False)
        number = number.set(~number.is_finite().fill_null(True), None)
        unread = int((number.is_null() & (text != "").fill_null(False)).sum())
        if unread:
            place = f"{name} of the episodes"
            seen = "text in a column of numbers, taken as not known"
            findings.append(Finding("text_in_numbers", place, None, unread, len(text), words=seen))
        episodes = episodes.with_columns(number.alias(name))
    return episodes, findings


def _days(text: str) -> tuple[int, int]:
    try:
        first, last = (int(word) for word in text.split(","))
    except ValueError:
        raise ParameterError("--baseline-days: give the first and the last day, such as -30,7") from None
    return first, last


def _target(text: str) -> changes_of.Target:
    match = _TARGET.fullmatch(text) or _MONTHS.fullmatch(text)
    if not match:
        raise ParameterError(
            '--target: write "6 months=182:137..227" or "12 months=12m60", with :latest at its end if so'
        )
    part = match.groupdict()
    pick: Any = part["pick"] or "nearest"
    if "months" in part:
        months, slack = int(part["months"]), int(part["slack"])
        return changes_of.Target(part["name"].strip(), months=months, slack=slack, pick=pick)
    window = (int(part["low"]), int(part["high"]))
    return changes_of.Target(part["name"].strip(), day=int(part["day"]), days=window, pick=pick)
