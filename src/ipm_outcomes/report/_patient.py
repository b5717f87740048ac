"""The page of one patient as one self-contained HTML file that prints on one sheet."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import date as calendar_date
from os import PathLike
from pathlib import Path
from typing import Any, Literal

from ipm_outcomes._fence import fenced
from ipm_outcomes._version import __version__
from ipm_outcomes._write import write_whole
from ipm_outcomes.definition import Instrument
from ipm_outcomes.responses import Response
from ipm_outcomes.scores import Scores


@fenced
def patient(
    visits: Any | Iterable[tuple[calendar_date, Scores | Response[Any]]],
    path: str | PathLike[str],
    *,
    instruments: Sequence[str] | str | None = None,
    id: str | None = "patient_id",
    date: str = "date",
    columns: Any = None,
    coding: Any = None,
    not_answered: Any = (),
    text_numbers: bool | None = None,
    missing: str | None = None,
    invalid: Literal["raise", "null"] = "raise",
    date_format: str | Mapping[str, str] | None = None,
    label: str | None = None,
    title: str = "Patient-reported outcomes",
    made_by: str | None = None,
    definitions: Collection[Instrument] = (),
) -> Path:
    """Write the page of one patient: flags, each scale over time with its verdict, and what is missing, on one sheet.

    The file holds one patient's data. It runs no script and loads nothing from a network; it is written whole or not
    at all. No id of the patient is in it, unless ``label`` gives one.

    Parameters
    ----------
    visits : data frame, or iterable of (date, Scores)
        Rows of answers of one patient, one row a visit, as `frames.score` takes or returns them; or pairs of a date and
        the scores of that day, of any instruments, such as stored ones read back by ``from_json`` (a response in the
        place of scores is scored by its default rule).
    path : path
        Where to write; the folder must be there.
    instruments : str or sequence of str, optional
        Of a data frame: the instruments to show; by default all whose item columns are found.
    id : str or None
        Of a data frame: the column of the patient, which must hold one; None where there is no such column.
    date : str
        Of a data frame: the column of the date.
    columns, coding, not_answered, text_numbers, missing, invalid
        Of a data frame: as in `frames.score`. With ``invalid="null"`` the page counts the cells that are no answers.
    date_format : str or dict, optional
        Of a data frame: as in `frames.tidy`.
    label : str, optional
        Whose page it is, such as a name or a record number; without it the sheet has a line to write on.
    title : str
        Heading of the page.
    made_by : str, optional
        Who made it, as the foot says.
    definitions : collection of Instrument
        Definitions of scores that are not of the catalog.

    Returns
    -------
    Path
        Of the file.

    Raises
    ------
    FrameError
        The rows are of several patients, a row has no date, two forms are of one day, or columns are missing.
    InvalidAnswersError
        Cells are no answers, and ``invalid`` is not ``"null"``.
    ParameterError, UnknownNameError
        An argument outside what it may be; scores that cannot be compared.
    MissingExtraError
        Without the extra ``report``.
    OSError
        The file cannot be written.

    References
    ----------
    Verdicts and sentences are those of `change.between` for the first and the last score.

    Examples
    --------
    >>> import tempfile
    >>> from datetime import date
    >>> from ipm_outcomes import PHQ9, report, score
    >>> before = score(PHQ9(q1=3, q2=3, q3=2, q4=2, q5=1, q6=2, q7=2, q8=1, q9=1))
    >>> after = score(PHQ9(q1=1, q2=1, q3=1, q4=1, q5=0, q6=1, q7=0, q8=1, q9=0))
    >>> visits = [(date(2026, 1, 8), before), (date(2026, 7, 6), after)]
    >>> page = report.patient(visits, f"{tempfile.mkdtemp()}/page.html")
    >>> "PHQ-9 total 17 to 6 (mild): reliably better, 11 points." in page.read_text(encoding="utf-8")
    True
    """
    from ipm_outcomes.report import _page
    from ipm_outcomes.report._arguments import checked_file
    from ipm_outcomes.report._charts import require
    from ipm_outcomes.report._patient_forms import of_frame, of_pairs
    from ipm_outcomes.report._patient_sheet import day, sheet

    place = checked_file(path, {"title": title}, {"made_by": made_by, "label": label})
    require()
    if isinstance(visits, list | tuple | Iterator):
        history = of_pairs(visits)
    else:
        history = of_frame(
            visits,
            instruments=instruments,
            id=id,
            date=date,
            missing=missing,
            invalid=invalid,
            date_format=date_format,
            reading={
                "columns": columns,
                "coding": coding,
                "not_answered": not_answered,
                "text_numbers": text_numbers,
            },
        )
    by = f" by {made_by}" if made_by else ""
    text = (
        _page.environment()
        .get_template("patient.html.j2")
        .render(
            sheet=sheet(history, definitions),
            title=title,
            label=label or "",
            made=f"Made with ipm-outcomes {__version__} on {day(calendar_date.today())}{by}.",
        )
    )
    write_whole(place, lambda file: file.write(text.encode()))
    return place
