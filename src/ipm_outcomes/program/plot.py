"""Pictures of the figures of a program: intervals, sites, periods, and who is counted.

Each function takes a table of `program.table` after `program.suppress` and returns an Altair chart (extra ``report``)
that holds the figures it shows and nothing else: ``chart.save("plot.png")`` writes it, a notebook shows it. A hidden
figure is not drawn, but the stretch in which it lies, where that is known.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import starmap
from typing import Any, Literal

import numpy as np

from ipm_outcomes._drawing import figures as drawing
from ipm_outcomes._drawing.periods import Point, over_time
from ipm_outcomes._drawing.style import altair, finished, number, share
from ipm_outcomes._fence import fenced
from ipm_outcomes.errors import ParameterError, number_of
from ipm_outcomes.program._columns import ALL
from ipm_outcomes.program._plot_table import PlotRow, Table, about, rows_of
from ipm_outcomes.program._plot_words import (
    funnel_message,
    hidden_notes,
    level_of,
    line_of,
    message,
    method_of,
    time_message,
)

__all__ = ["control", "flow", "funnel", "intervals"]


@fenced
def intervals(
    figures: Any,
    indicator: str,
    *,
    by: str | None = None,
    reference: tuple[float, str] | None = None,
    policy: Literal["none"] | None = None,
) -> Any:
    """Draw a figure of each group with its interval and its counts, the total last.

    Parameters
    ----------
    figures : data frame
        A table of `program.table` after `program.suppress`.
    indicator : str
        Which figure, as in the column ``indicator``: ``"responder_30:peg.mean:6 months"``, or as much of its beginning
        as no other has.
    by : str, optional
        The column of the groups, where the table has several; the others are drawn at their total.
    reference : tuple of float and str, optional
        A line to compare with, in the unit of the figure, and what it is: ``(0.3, "target of the program")``.
    policy : {"none"}, optional
        Draws figures to which no disclosure control was applied: for those who may see them.

    Returns
    -------
    altair.LayerChart
        One line for each group, in the order of the table.

    Raises
    ------
    ParameterError
        Figures that were not suppressed, no such group column, nothing to draw.
    UnknownNameError
        No such indicator in the table.
    FrameError
        No table of figures.
    MissingExtraError
        Without the extra ``report``.

    References
    ----------
    The intervals are those of the table, by the method that its column ``method`` names.

    Examples
    --------
    >>> import polars as pl
    >>> from ipm_outcomes import program
    >>> changes = pl.DataFrame({
    ...     "patient_id": range(60), "site": ["A", "B", "C"] * 20, "instrument": "peg", "scale": "mean", "reason": None,
    ...     "target": "6 months", "baseline": 6.0, "followup": 4.0, "responder_30": [True, True, False, False] * 15,
    ... })
    >>> figures = program.table(changes, by=["site"], indicators=["responder_30"], totals=True)
    >>> chart = program.plot.intervals(program.suppress(figures), "responder_30")
    >>> chart.title.text
    ['Improved by at least 30 percent: 50% of 60 patients']
    """
    altair()
    rows, noun = rows_of(figures, indicator, by, policy)
    shares = rows[0].is_share
    groups = [row for row in rows if row.group != ALL]
    total = next((row for row in rows if row.group == ALL), None)
    line = None if reference is None else drawing.Reference(*_reference(reference))
    drawn = [line_of(row, f"all {noun}s" if row is total else row.group, row is total) for row in groups]
    drawn += [line_of(total, f"all {noun}s" if groups else "all", True)] if total is not None else []
    chart = drawing.intervals(
        drawn,
        None if shares else rows[0].texts.get("unit", ""),
        shares=shares,
        step=34 if len(drawn) <= 15 else 22,
        reference=line,
    )
    notes = [
        f"{about(rows[0])}.",
        f"Lines: {level_of(rows[0])} intervals ({method_of(rows[0])}).",
        f"Dashed: {line.label}, {share(line.value) if shares else number(line.value)}." if line else "",
        *hidden_notes(rows),
    ]
    return finished(chart, message(rows[0], total, noun if groups else ""), notes)


@fenced
def funnel(
    figures: Any, indicator: str, *, by: str | None = None, policy: Literal["none"] | None = None
) -> Any:
    """Draw the share of each site against the limits within which chance alone would leave it.

    Parameters
    ----------
    figures, indicator, by, policy
        As in `intervals`; the indicator is a share. The limits lie around the total of the table, or, where it has
        none, around the sites that are drawn, together.

    Returns
    -------
    altair.LayerChart
        A point for each site. Sites outside the limits are named (diamond: outside the 95% limits, triangle: outside
        the 99.8% limits), and the largest three where fewer are outside.

    Raises
    ------
    ParameterError, UnknownNameError, FrameError, MissingExtraError
        As in `intervals`; and for a figure that is no share.

    References
    ----------
    Spiegelhalter, Stat Med 2005;24:1185-1202. The limits are those of `program.sites.funnel`.

    Examples
    --------
    >>> import polars as pl
    >>> from ipm_outcomes import program
    >>> changes = pl.DataFrame({
    ...     "patient_id": range(90), "site": ["A", "B", "C"] * 30, "instrument": "peg", "scale": "mean", "reason": None,
    ...     "target": "6 months", "baseline": 6.0, "followup": 4.0, "responder_30": [True, True, False] * 30,
    ... })
    >>> figures = program.table(changes, by=["site"], indicators=["responder_30"], totals=True)
    >>> program.plot.funnel(figures, "responder_30", policy="none").title.text
    ['3 of 3 sites are outside the 95% limits, 3 of them outside', 'the 99.8% limits']
    """
    altair()
    from ipm_outcomes.stats import sites

    rows, noun = rows_of(figures, indicator, by, policy)
    if not rows[0].is_share:
        raise ParameterError("indicator: a funnel is of shares; draw other figures with intervals")
    groups = [row for row in rows if row.group != ALL]
    known = [
        (row.group, int(n), float(p))
        for row in groups
        if (p := row["estimate"]) is not None and (n := row["denominator"])
    ]
    if not known:
        raise ParameterError(f"figures: no {noun} has a share that can be shown")
    total = next((row["estimate"] for row in rows if row.group == ALL), None)
    pooled = sum(n * p for _, n, p in known) / sum(n for _, n, _ in known)
    center = pooled if total is None else total
    sizes = np.array([n for _, n, _ in known])
    grid = np.unique(np.linspace(max(1, 0.7 * sizes.min()), 1.2 * sizes.max() + 1, 70).astype(int))
    curves, exact = sites.funnel(grid, center), sites.funnel(sizes, center)
    values = np.array([p for *_, p in known])
    beyond = sum(
        ((values < low) | (values > high)).astype(int)
        for low, high in zip(exact.lower, exact.upper, strict=True)
    )
    places: list[Any] = np.asarray(beyond).tolist()
    chart = drawing.funnel(
        [drawing.Site(*site, outside) for site, outside in zip(known, places, strict=True)],
        [
            drawing.Limits(
                f"{100 * level:g}%", list(zip(grid.tolist(), low.tolist(), high.tolist(), strict=True))
            )
            for level, low, high in zip(curves.levels, curves.lower, curves.upper, strict=True)
        ],
        drawing.Reference(
            center, f"all {noun}s {share(center)}" if total is not None else f"together {share(center)}"
        ),
        "share of patients",
        f"patients counted at the {noun}",
    )
    outside, far = sum(place > 0 for place in places), sum(place > 1 for place in places)
    noted = [
        f"{rows[0].texts.get('title') or indicator}, {about(rows[0])}." if about(rows[0]) else "",
        f"Named: {noun}s outside the limits" + (", and the largest." if outside < 3 else "."),
        "Outside is a question about data and case mix first, not a ranking." if outside else "",
        f"{number_of(len(groups) - len(known), noun)} not shown." if len(known) < len(groups) else "",
    ]
    return finished(chart, funnel_message(len(known), outside, far, noun), noted)


@fenced
def control(
    figures: Any,
    indicator: str,
    *,
    by: str | None = None,
    chart: Literal["p", "xmr", "run"] | None = None,
    policy: Literal["none"] | None = None,
) -> Any:
    """Draw a figure over time, and mark the periods that differ by more than chance.

    Parameters
    ----------
    figures, indicator, policy
        As in `intervals`; the table is grouped by period, in order of time.
    by : str, optional
        The column of the periods, where the table has several groupings; the others are drawn at their total.
    chart : {"p", "xmr", "run"}, optional
        A control chart of shares, one of single values, or a run chart around the median; by default the first for
        shares and the second for all else.

    Returns
    -------
    altair.LayerChart
        A point for each period with its value and the patients behind it; a diamond where a rule of the chart marks
        it. A period whose figure is hidden keeps its place.

    Raises
    ------
    ParameterError, UnknownNameError, FrameError, MissingExtraError
        As in `intervals`; and for a chart of shares of what is no share.

    References
    ----------
    The limits and rules are those of `program.over_time.p_chart`, `xmr_chart` and `run_chart`.

    Examples
    --------
    >>> import polars as pl
    >>> from ipm_outcomes import program
    >>> changes = pl.DataFrame({
    ...     "patient_id": range(90), "quarter": ["2025-Q1", "2025-Q2", "2025-Q3"] * 30, "reason": None,
    ...     "instrument": "peg", "scale": "mean", "target": "6 months", "baseline": 6.0, "followup": 4.0,
    ...     "responder_30": [True, False] * 45,
    ... })
    >>> figures = program.table(changes, by=["quarter"], indicators=["responder_30"])
    >>> program.plot.control(program.suppress(figures), "responder_30").title.text
    ['None of 3 periods differs from the others beyond chance']
    """
    altair()
    rows, _ = rows_of(figures, indicator, by, policy)
    rows = [row for row in rows if row.group != ALL]
    if not rows:
        raise ParameterError("figures: there are no periods; count with by=[...] a column of periods")
    shares = rows[0].is_share
    kind = chart or ("p" if shares else "xmr")
    if kind not in ("p", "xmr", "run"):
        raise ParameterError("chart: one of 'p', 'xmr', 'run'")
    if kind == "p" and not shares:
        raise ParameterError("chart: 'p' is for shares; give 'xmr' or 'run'")
    charted = _charted(rows, kind)
    points = [
        Point(
            row.group,
            row["estimate"],
            center=_known(charted.center, position),
            lower=_known(getattr(charted, "lower", None), position),
            upper=_known(getattr(charted, "upper", None), position),
            marked=bool(kind != "run" and charted.flag[position]),
            text="" if (value := row["estimate"]) is None else share(value) if shares else number(value),
            below="hidden" if value is None else f"n {n:,}" if (n := row.count("denominator")) else "",
        )
        for position, row in enumerate(rows)
    ]
    drawn = over_time(
        points,
        "share of patients" if shares else rows[0].texts.get("unit", ""),
        shares=shares,
        center="median" if kind == "run" else "mean",
    )
    noted = [
        f"{rows[0].texts.get('title') or indicator}, {about(rows[0])}." if about(rows[0]) else "",
        "n: patients counted." + ("" if kind == "run" else " Dashed: the limits of chance."),
        "Fewer than 12 points: the rules find little." if len(rows) < 12 else "",
    ]
    return finished(drawn, time_message(points, kind, charted), noted)


def _charted(rows: Sequence[PlotRow], kind: str) -> Any:
    from ipm_outcomes.stats import over_time as charts

    direction = rows[0].texts.get("direction")
    better: Any = direction if direction in ("higher", "lower") else None
    values = np.array([np.nan if row["estimate"] is None else row["estimate"] for row in rows], float)
    if kind == "run":
        return charts.run_chart(values)
    if kind == "xmr":
        return charts.xmr_chart(values, better=better)
    # A rate is shown only where both of its counts are.
    there = [row["estimate"] is not None and row["numerator"] is not None for row in rows]
    counts = [
        [row.count(name) or 0 if known else 0 for row, known in zip(rows, there, strict=True)]
        for name in ("numerator", "denominator")
    ]
    return charts.p_chart(*counts, better=better)


def _known(values: Any, position: int) -> float | None:
    return None if values is None or np.isnan(values[position]) else float(values[position])


@fenced
def flow(
    figures: Any,
    scale: str,
    *,
    target: str | None = None,
    group: str | None = None,
    policy: Literal["none"] | None = None,
) -> Any:
    """Draw who began, who has a baseline, whose window is over, and who has both scores.

    Parameters
    ----------
    figures, policy
        As in `intervals`; the table has the indicators ``baseline_completion`` and ``followup_completion``.
    scale : str
        ``"peg.mean"``, or ``"peg"`` where the instrument has one scale in the table.
    target : str, optional
        The follow-up, where the table has several.
    group : str, optional
        A group in place of the total; the table has one grouping column then.

    Returns
    -------
    altair.LayerChart
        A bar for each step with its count and its share of those who began, and below it why it is shorter. A hidden
        count has no bar.

    Raises
    ------
    ParameterError, UnknownNameError, FrameError, MissingExtraError
        As in `intervals`; and for a target that the table does not have.

    References
    ----------
    Counts of the table, as it defines them.

    Examples
    --------
    >>> import polars as pl
    >>> from ipm_outcomes import program
    >>> changes = pl.DataFrame({
    ...     "patient_id": range(90), "episode": 1, "instrument": "peg", "scale": "mean", "target": "6 months",
    ...     "reason": None, "baseline": [6.0] * 60 + [None] * 30, "followup": [4.0] * 30 + [None] * 60,
    ...     "window_open": False,
    ... })
    >>> figures = program.table(changes, indicators=["baseline_completion", "followup_completion"])
    >>> program.plot.flow(program.suppress(figures), "peg").title.text
    ['Of 90 who began, 30 have both scores (33%)']
    """
    altair()
    table = Table(figures, policy)
    began = table.chosen(f"baseline_completion:{scale}", "scale", None)
    if target is None:
        targets = list(
            dict.fromkeys(
                table.texts["target"][row] for row in table.starting(f"followup_completion:{scale}")
            )
        )
        if len(targets) > 1:
            raise ParameterError(f"target: name one of {', '.join(map(repr, targets))}")
        target = targets[0] if targets else ""
    name = table.texts["indicator"][began[0]].split(":", 1)[1]
    followed = table.chosen(f"followup_completion:{name}:{target}", "target", None)
    first, last = (_of_group(table, rows, group) for rows in (began, followed))
    counts = [
        ("who began", first, "denominator", ""),
        ("with a baseline score", first, "numerator", "without a baseline score"),
        ("follow-up window over", last, "eligible", "with the window still open"),
        ("with both scores", last, "numerator", "without a score at follow-up"),
    ]
    stages, before, whole = [], None, first.count("denominator")
    for label, row, name, why in counts:
        n = row.count(name)
        lost = "" if n is None or before is None or before == n else f"{before - n:,} {why}"
        stages.append(drawing.Stage(label, n, _of(row, name, whole), lost))
        before = n
    both = last.count("numerator")
    said = (
        f"Of {whole:,} who began, {both:,} have both scores ({share(both / whole)})"
        if whole and both is not None
        else "Who can be counted"
    )
    where = "" if group is None else f"{group}. "
    return finished(
        drawing.flow(stages), said, [f"{where}{about(last)}.", "Counts are patients' episodes of care."]
    )


def _of(row: PlotRow, name: str, whole: int | None) -> str:
    n, low, high = (row.count(column) for column in (name, f"{name}_low", f"{name}_high"))
    if n is None:
        known = f"{low:,} to {high:,}" if None not in (low, high) else f"at least {low:,}" if low else ""
        return f"hidden: {known}" if known else "hidden"
    return f"{n:,} ({share(n / whole)})" if whole else f"{n:,}"


def _of_group(table: Table, positions: Sequence[int], group: str | None) -> PlotRow:
    rows = list(starmap(table.row, ((place, table.keys[0] if table.keys else None) for place in positions)))
    wanted = [row for row in rows if row.group == (group or ALL)]
    if not wanted:
        raise ParameterError(
            "group: the table has no such group"
            if group
            else "figures: there is no total; count with totals=True, or name a group"
        )
    return wanted[0]


def _reference(reference: Any) -> tuple[float, str]:
    if (
        not isinstance(reference, tuple)
        or len(reference) != 2
        or isinstance(reference[0], bool)
        or not isinstance(reference[0], (int, float))
        or not isinstance(reference[1], str)
    ):
        raise ParameterError("reference: a value and what it is, such as (0.3, 'target')")
    return float(reference[0]), reference[1]
