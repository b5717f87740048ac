"""Pictures of changes: before against after, every patient's change, distributions, and the course of one patient.

Each function takes a table of `change.table`, or the visits of one patient, and returns an Altair chart (extra
``report``) that holds the scores it shows and no ids. The pictures show single patients: they are for those who may see
the patients' data; `ecdf` by groups protects small counts. Counts are those of `program.table`: patients with both
scores whose follow-up window is over. What is published is drawn by `program.plot`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import date
from itertools import pairwise
from typing import Any, Literal

import numpy as np

from ipm_outcomes._drawing import one_patient, patients
from ipm_outcomes._drawing.style import altair, finished, number, share
from ipm_outcomes._fence import fenced
from ipm_outcomes.change._between import options
from ipm_outcomes.change._course import course
from ipm_outcomes.change._plot_rows import Changes, bins, changes_of, guarded
from ipm_outcomes.change._scores import numeric
from ipm_outcomes.change._trajectory import visits_of
from ipm_outcomes.definition import Instrument
from ipm_outcomes.errors import ParameterError, choice, number_of
from ipm_outcomes.frames._library import Floats
from ipm_outcomes.scores import Scores

__all__ = ["before_after", "ecdf", "scatter", "trajectory", "waterfall"]

_CMS = 11
"""The smallest number of patients that may be shown apart."""


@fenced
def scatter(
    changes: Any, scale: str, *, target: str | None = None, definitions: Collection[Instrument] = ()
) -> Any:
    """Draw each patient's score at baseline against the one at follow-up.

    Parameters
    ----------
    changes : data frame
        A table of `change.table`.
    scale : str
        ``"phq9.total"``, or ``"phq9"`` for the scale that speaks for the instrument.
    target : str, optional
        The follow-up, where the table has several.
    definitions : sequence of Instrument
        Custom definitions, beside those of the library.

    Returns
    -------
    altair.LayerChart
        Points in the band are within measurement error; the dashed lines are the largest published error, as the
        verdicts of the table use it. Scales whose error differs from score to score have no band.

    Raises
    ------
    ParameterError, UnknownNameError
        A scale or a target that the table does not have; nobody with both scores.
    FrameError
        No table of changes.
    MissingExtraError
        Without the extra ``report``.

    References
    ----------
    Jacobson NS, Truax P (1991), J Consult Clin Psychol 59:12-19.

    Examples
    --------
    >>> import polars as pl
    >>> from ipm_outcomes import change
    >>> scores = pl.DataFrame({"patient_id": [1, 1, 2, 2], "date": ["2024-01-10", "2024-07-09"] * 2,
    ...                        "instrument": "phq9", "scale": "total", "value": [16, 7, 12, 11]})
    >>> changes = change.table(scores, targets=[change.Target("6 months", day=182, days=(137, 227))])
    >>> change.plot.scatter(changes, "phq9").title.text
    ['PHQ-9 total: 1 of 2 reliably better']
    """
    altair()
    rows = changes_of(changes, scale, target, None, definitions)
    pairs = [
        patients.Pair(float(a), float(b), kind)
        for a, b, kind in zip(rows.before, rows.after, rows.kinds, strict=True)
    ]
    chart = patients.scatter(
        pairs,
        rows.axis,
        rows.labels,
        higher_is_worse=rows.higher_is_worse,
        limit=rows.limit,
        cutoff=rows.cutoff,
    )
    several = len(set(pairs)) < len(pairs)
    notes = [
        _who(rows),
        _direction(rows),
        _error(rows, "Band"),
        "Larger dots: several patients." if several else "",
    ]
    return finished(chart, rows.message, notes)


@fenced
def waterfall(
    changes: Any, scale: str, *, target: str | None = None, definitions: Collection[Instrument] = ()
) -> Any:
    """Draw every patient's improvement as a bar, the largest first.

    Parameters
    ----------
    changes, scale, target, definitions
        As in `scatter`.

    Returns
    -------
    altair.LayerChart
        Bars above the line are improvements; dashed, the measurement error, as in `scatter`.

    Raises
    ------
    ParameterError, UnknownNameError, FrameError, MissingExtraError
        As in `scatter`.

    References
    ----------
    Jacobson NS, Truax P (1991), J Consult Clin Psychol 59:12-19.

    Examples
    --------
    >>> import polars as pl
    >>> from ipm_outcomes import change
    >>> scores = pl.DataFrame({"patient_id": [1, 1, 2, 2], "date": ["2024-01-10", "2024-07-09"] * 2,
    ...                        "instrument": "phq9", "scale": "total", "value": [16, 7, 12, 11]})
    >>> changes = change.table(scores, targets=[change.Target("6 months", day=182, days=(137, 227))])
    >>> change.plot.waterfall(changes, "phq9.total").title.text
    ['PHQ-9 total: 1 of 2 reliably better']
    """
    altair()
    rows = changes_of(changes, scale, target, None, definitions)
    pairs = list(zip(rows.improvement.tolist(), rows.kinds, strict=True))
    chart = patients.waterfall(pairs, rows.labels, "improvement, points (down is worse)", limit=rows.limit)
    return finished(chart, rows.message, [_who(rows), _error(rows, "Dashed")])


@fenced
def before_after(
    changes: Any, scale: str, *, target: str | None = None, definitions: Collection[Instrument] = ()
) -> Any:
    """Draw how the scores of the same patients were distributed at baseline and at follow-up.

    Parameters
    ----------
    changes, scale, target, definitions
        As in `scatter`.

    Returns
    -------
    altair.VConcatChart
        Two histograms of patients on one axis with their means; dotted, the cut-off of the table.

    Raises
    ------
    ParameterError, UnknownNameError, FrameError, MissingExtraError
        As in `scatter`.

    References
    ----------
    Counts and means, as `program.table` has them in ``mean_baseline`` and ``mean_followup``.

    Examples
    --------
    >>> import polars as pl
    >>> from ipm_outcomes import change
    >>> scores = pl.DataFrame({"patient_id": [1, 1, 2, 2], "date": ["2024-01-10", "2024-07-09"] * 2,
    ...                        "instrument": "phq9", "scale": "total", "value": [16, 7, 12, 11]})
    >>> changes = change.table(scores, targets=[change.Target("6 months", day=182, days=(137, 227))])
    >>> change.plot.before_after(changes, "phq9").title.text
    ['PHQ-9 total: 5.0 points better on average, 2 patients']
    """
    altair()
    rows = changes_of(changes, scale, target, None, definitions)
    ends = bins(rows.scale, (rows.before, rows.after))
    moments = [
        patients.Moment(name, _counted(values, ends), float(values.mean()))
        for name, values in (("baseline", rows.before), ("follow-up", rows.after))
    ]
    chart = patients.before_after(moments, rows.axis, cutoff=rows.cutoff)
    mean = float(rows.improvement.mean())
    moved = (
        "no different"
        if abs(mean) < 0.05
        else f"{number(abs(mean))} points {'better' if mean > 0 else 'worse'}"
    )
    dotted = f"Dotted: cut-off {rows.cutoff:g}." if rows.cutoff is not None else ""
    message = f"{rows.name}: {moved} on average, {_patients(len(rows))}"
    return finished(chart, message, [_who(rows), _direction(rows), dotted])


def _counted(values: Floats, ends: list[float]) -> list[tuple[float, float, int]]:
    counts, _ = np.histogram(values, np.array(ends))
    return [(a, b, int(n)) for (a, b), n in zip(pairwise(ends), counts, strict=True)]


@fenced
def ecdf(
    changes: Any,
    scale: str,
    *,
    by: str | None = None,
    target: str | None = None,
    policy: Literal["cms", "none"] = "cms",
    definitions: Collection[Instrument] = (),
) -> Any:
    """Draw which share of the patients improved by at least so much, for every such amount.

    Parameters
    ----------
    changes, scale, target, definitions
        As in `scatter`.
    by : str, optional
        A column of groups to compare, such as ``"site"``.
    policy : {"cms", "none"}
        For groups. ``"cms"``: a curve goes through points above, below and between which there are 11 patients or
        more, so that no count of few can be worked out from the picture; groups too small for a point are left out.
        Other pictures and tables beside it are not taken into account. ``"none"``: all curves with every step, for
        those who may see them.

    Returns
    -------
    altair.LayerChart
        A curve for each group (more than 6 are gray), which falls from everyone to nobody; dashed lines at no change,
        at the measurement error and at the important change of one patient, where the table has one of each.

    Raises
    ------
    ParameterError, UnknownNameError, FrameError, MissingExtraError
        As in `scatter`; and where no group can be shown.

    References
    ----------
    A plain count of the improvements in the table; consensus asks for the whole cumulative distribution beside shares
    of responders (IMMPACT, Dworkin RH et al. (2008), J Pain 9:105-121).

    Examples
    --------
    >>> import polars as pl
    >>> from ipm_outcomes import change
    >>> scores = pl.DataFrame({"patient_id": [1, 1, 2, 2], "date": ["2024-01-10", "2024-07-09"] * 2,
    ...                        "instrument": "phq9", "scale": "total", "value": [16, 7, 12, 11]})
    >>> changes = change.table(scores, targets=[change.Target("6 months", day=182, days=(137, 227))])
    >>> change.plot.ecdf(changes, "phq9").title.text
    ['PHQ-9 total: half of 2 patients improved by 9 points or', 'more']
    """
    altair()
    choice(policy, ("cms", "none"), "policy")
    rows = changes_of(changes, scale, target, by, definitions)
    marks = _marks(rows)
    mark = marks[-1][0]
    groups = {"all patients": rows.improvement}
    if by is not None:
        labels = np.array(rows.groups, object)
        groups = {name: rows.improvement[labels == name] for name in sorted(set(rows.groups))}
    whole = by is None or policy == "none"
    curves = []
    for name, values in groups.items():
        points = _steps(values) if whole else guarded(values, mark, _CMS)
        at_mark = next((part for x, part in points if x == mark), None)
        if whole:
            at_mark = float((values >= mark).mean())
        if points:
            said = "" if at_mark is None else f": {share(at_mark)} of {len(values):,}"
            curves.append(
                patients.Curve(name, points, f"{name}{said} by {mark:g} or more" if said else name, whole)
            )
    if not curves:
        raise ParameterError(
            f"by: no group has the {2 * _CMS} patients that a curve needs; give policy='none' to see all"
        )
    chart = patients.ecdf(curves, f"improvement in {rows.name}, points or more", marks=marks)
    gone = len(groups) - len(curves)
    notes = [
        _who(rows) if not gone else f"{rows.target}.",
        "Each curve falls from everyone to nobody."
        if whole
        else f"At least {_CMS} patients between any two points.",
        f"{number_of(gone, 'group')} too small to be shown." if gone else "",
        f"Gray: {len(curves)} groups." if len(curves) > patients.FEW else "",
    ]
    return finished(chart, _ecdf_message(rows, by), notes)


def _ecdf_message(rows: Changes, by: str | None) -> str:
    if by is not None:
        return f"{rows.name}: how much patients improved, by {by}"
    digits = 0 if rows.scale.whole else 1
    if len(rows) == 1:
        return f"{rows.name}: 1 patient improved by {number(float(rows.improvement[0]), digits)} points"
    ordered = np.sort(rows.improvement)[::-1]
    median = float(ordered[(len(ordered) + 1) // 2 - 1])  # at least half improved by so much
    return f"{rows.name}: half of {_patients(len(rows))} improved by {number(median, digits)} points or more"


def _steps(values: Floats) -> list[tuple[float, float]]:
    distinct = np.unique(values)
    return [(float(x), float((values >= x).mean())) for x in distinct]


def _marks(rows: Changes) -> list[tuple[float, str]]:
    """Amounts of improvement to read the curves at; the last one is said in words."""
    marks = [(0.0, "no change")]
    if rows.limit is not None:
        marks.append((rows.limit, f"measurement error {rows.limit:.2g}"))
    if rows.important is not None:
        marks.append((rows.important, f"important {rows.important:g}"))
    return marks


@fenced
def trajectory(
    scores: Iterable[Scores] | Iterable[tuple[date, Scores]],
    scale: str | None = None,
    *,
    constants: Mapping[str, Mapping[str, float]] | None = None,
    critical: float | None = None,
    definition: Instrument | None = None,
) -> Any:
    """Draw the course of one patient over several visits.

    Parameters
    ----------
    scores, constants, critical, definition
        As in `change.trajectory`.
    scale : str, optional
        Id of the scale; by default the one that speaks for the instrument.

    Returns
    -------
    altair.LayerChart
        Scores over the bands of the scale. Beyond the dashed lines a score differs from the first one by more than
        every published measurement error (diamond: reliably better, triangle: reliably worse); where each score has its
        own standard error the bars are its 95% interval. Above the picture, where a flagged question was raised
        (triangle) or left blank (square). The title has the flags first, then the change from the first score to the
        last.

    Raises
    ------
    ParameterError, UnknownNameError
        As `change.trajectory`; for a scale that the instrument does not have, or without any score.
    MissingExtraError
        Without the extra ``report``.

    References
    ----------
    Jacobson NS, Truax P (1991), J Consult Clin Psychol 59:12-19, for each visit against the first.

    Examples
    --------
    >>> from datetime import date
    >>> from ipm_outcomes import PHQ9, change, score
    >>> visits = [(date(2024, 1, 2), score(PHQ9(q1=3, q2=3, q3=2, q4=2, q5=1, q6=2, q7=2, q8=1, q9=0))),
    ...           (date(2024, 7, 1), score(PHQ9(q1=1, q2=1, q3=1, q4=1, q5=0, q6=1, q7=0, q8=1, q9=0)))]
    >>> change.plot.trajectory(visits).title.text
    ['PHQ-9 total 16 to 6 (mild): reliably better, 10 points.']
    """
    altair()
    inst, visits = visits_of(list(scores), definition)
    of = numeric(inst, scale)[0] if scale else inst.lead_scale
    drawn = course(inst, of, visits, options(inst, constants, critical))
    if drawn is None:
        raise ParameterError(f"scores: no visit has a score of {inst.id}.{of.id}")
    axis = (of.name, drawn.low, drawn.high)
    chart = one_patient.trajectory(drawn.visits, axis, drawn.bands, drawn.lines, drawn.digits)
    said = [*(flag.short for flag in drawn.flags), drawn.short]
    return finished(chart, " ".join(said), drawn.notes)


def _who(rows: Changes) -> str:
    return f"{_patients(len(rows))} with both scores, {rows.target}."


def _patients(n: int) -> str:
    return f"{n:,} patient{'' if n == 1 else 's'}"


def _direction(rows: Changes) -> str:
    return f"Higher is {'worse' if rows.higher_is_worse else 'better'}."


def _error(rows: Changes, drawn: str) -> str:
    if rows.limit is None:
        return (
            "The measurement error differs from score to score." if len(rows) > rows.count("unjudged") else ""
        )
    return f"{drawn}: measurement error of one patient, {rows.limit:.2g} points."
