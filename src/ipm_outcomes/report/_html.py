"""The program report as one self-contained HTML file."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import date
from os import PathLike
from pathlib import Path
from typing import Any

from ipm_outcomes._fence import fenced
from ipm_outcomes._write import write_whole
from ipm_outcomes.definition import Instrument
from ipm_outcomes.errors import ParameterError, choice
from ipm_outcomes.program.indicators import Indicator


@fenced
def html(
    scores: Any,
    changes: Any,
    indicators: Any,
    path: str | PathLike[str],
    *,
    episodes: Any = None,
    records: Iterable[Any] = (),
    problems: Any = None,
    findings: Any = None,
    title: str = "Program report",
    made_by: str | None = None,
    by: str = "site",
    strata: str | None = None,
    policy: str = "cms",
    as_of: date | str | None = None,
    target: str | None = None,
    definitions: Collection[Instrument | Indicator] = (),
    benchmarks: str | PathLike[str] | None = None,
    tables: str | PathLike[str] | None = None,
    ledger: str | PathLike[str] | None = None,
    record: str | PathLike[str] | None = None,
) -> Path:
    """Write the program report: one HTML file without scripts that loads nothing, written whole or not at all.

    Every number in it has passed disclosure control as one published set: tables, charts, and the flow of patients.

    Parameters
    ----------
    scores, changes, indicators : data frames
        Tidy scores from `frames.tidy`, changes from `change.table`, indicators from `program.table`, before
        `suppress`. Totals or groups that the indicators lack are counted from the changes.
    path : path
        Where to write; the folder must be there.
    episodes : data frame, optional
        Episodes of care, for indicators that are counted on them, where totals or groups have to be counted here.
    records : data frames
        Figures of records: results of `program.return_to_work`, `program.rates`, `program.rates_before_after`,
        `program.adherence` and ``program.table(opioids=…)``, before `suppress`; for opioids grouped by ``period`` where
        there are several. Each has a section; where tables are grouped by ``by``, they need ``totals=True``.
    problems : data frame, optional
        The result of `frames.check`: one row per wrong cell, with ``column``.
    findings : data frame, optional
        What `frames.inspect` reported. They are reported without counts; an instrument of which the coding is
        open should not be among the scores.
    title : str
        Heading of the report.
    made_by : str, optional
        Who made the report, as the first page says it.
    by : str
        Column that distinguishes the sites; without it in the data nothing is compared.
    strata : str, optional
        Column of the changes by whose values the headline is reported as well, such as race or language. Its
        figures are protected together with all others, but not together with those of earlier reports: without
        ``ledger`` only.
    policy : {"cms", "nhs", "none"}
        Disclosure policy, as in `program.suppress`. "none" is for use inside the program only.
    as_of : date or ISO 8601 text, optional
        Day up to which the data are complete. Give the one that `change.table` was given. By default that of the last
        paired score.
    target : str, optional
        The follow-up that the report is about; by default "6 months", or else the first in the changes.
    definitions : collection of Instrument and Indicator
        Definitions of instruments and indicators that are not in the catalog.
    benchmarks : path, optional
        A TOML file with targets and benchmarks, tables ``[[benchmark]]`` of ``name, value, year, source,
        same_definition_as``: the last is the ``indicator`` of the figure at which it is drawn, such as
        "followup_completion:peg.mean:6 months".
    tables : path, optional
        A CSV file for all published figures of the report, one a row, under the same disclosure control.
    ledger : path, optional
        The ledger of the program's releases, as in `program.suppress`: this report is protected together with the
        earlier ones in it, and added. Made where there is none. It holds hidden counts: it stays with the data.
    record : path, optional
        Where to write the steward's record, as in `program.suppress`.

    Returns
    -------
    Path
        Of the file.

    Raises
    ------
    MissingExtraError
        Altair or vl-convert is not installed: the extra ``report``.
    FrameError, ParameterError, UnknownNameError
        A table lacks columns or was suppressed before; an argument outside what it may be; an unknown instrument.
    OSError
        The file cannot be written.

    Warns
    -----
    ProtectionWarning
        As in `program.suppress`.

    Examples
    --------
    >>> import polars as pl, tempfile
    >>> from ipm_outcomes import change, frames, program, report
    >>> answers = pl.DataFrame({"patient_id": [1, 1], "date": ["2024-01-10", "2024-07-09"], "site": "Hilltop",
    ...                         "peg_pain": [8, 4], "peg_enjoyment": [7, 3], "peg_activity": [6, 2]})
    >>> scores = frames.tidy(answers, "peg", by=["patient_id", "date", "site"])
    >>> changes = change.table(scores, by=["site"])
    >>> folder = tempfile.mkdtemp()
    >>> made = report.html(scores, changes, program.table(changes, by=["site"]), f"{folder}/report.html")
    >>> made.name, "too small" in made.read_text() or "not shown" in made.read_text()
    ('report.html', True)
    """
    from ipm_outcomes.program.suppression._record import place_of
    from ipm_outcomes.report._arguments import checked_file
    from ipm_outcomes.report._benchmarks import match, read
    from ipm_outcomes.report._charts import require
    from ipm_outcomes.report._figures import gather
    from ipm_outcomes.report._findings import reported_findings
    from ipm_outcomes.report._tables import as_csv
    from ipm_outcomes.report.sections import write

    choice(policy, ("cms", "nhs", "none"), "policy")
    place = checked_file(path, {"title": title, "by": by}, {"made_by": made_by, "strata": strata})
    if strata is not None and ledger is not None:
        raise ParameterError(
            "strata: figures by strata are not protected together with earlier reports; give no ledger, or no strata"
        )
    if strata == by:
        raise ParameterError("strata: this column distinguishes the sites already")
    beside = (("tables", tables), ("ledger", ledger), ("record", record))
    files = [place_of(file, name) for name, file in beside if file is not None]
    if len({file.resolve() for file in (place, *files)}) <= len(files):
        raise ParameterError("path, tables, ledger and record: give each a file of its own")
    require()
    compared = read(benchmarks) if benchmarks is not None else ()
    program = gather(
        scores,
        changes,
        indicators,
        episodes=episodes,
        records=records,
        problems=problems,
        by=by,
        policy=policy,
        as_of=as_of,
        target=target,
        definitions=definitions,
        ledger=ledger,
        record=record,
        strata=strata,
    )
    program.findings = reported_findings(findings)
    program.made_by = made_by or ""
    program.benchmarks, rest = match(program, compared)
    program.not_drawn = tuple(rest)
    text = write(program, title)
    write_whole(place, lambda file: file.write(text.encode()))
    if tables is not None:
        rows = as_csv(program)
        write_whole(Path(tables), lambda file: file.write(rows.encode()))
    return place
