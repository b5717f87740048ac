"""How sites compare, and how much of that is chance: follow-up, funnels, and a table for each scale."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ipm_outcomes.report import _charts
from ipm_outcomes.report._page import Page, Section, paragraph
from ipm_outcomes.report._program import Shown
from ipm_outcomes.report._wording import Wording
from ipm_outcomes.report._words import HIDDEN, NONE, listed
from ipm_outcomes.report.sections import _plots as plots

_FEW_SITES = 10


def sections(words: Wording) -> Iterator[Section]:
    """The section, where there is a scale to compare by."""
    if words.program.headline is not None:
        yield Section("sites", "Comparison between sites", sites)


def sites(page: Page, words: Wording) -> None:
    """Charts and tables of the sites."""
    program = words.program
    if len(program.groups) < 2:
        told = "one group" if program.groups else f"no column {program.by!r}"
        page.add(paragraph(f"The data hold {told}, so there is nothing to compare."))
        return
    page.add(
        paragraph(
            "Sites differ by chance, and small sites by more than large ones. The funnel shows "
            "how far chance alone takes "
            "a site of its size from the program's average: 95 of 100 sites stay within the "
            "inner lines, 998 of 1000 within the "
            "outer ones. A site outside the outer lines is a reason to check its data first, not "
            "a verdict. Sites are in "
            "alphabetical order and are not ranked."
        )
    )
    if len(program.groups) < _FEW_SITES:
        page.add(
            paragraph(
                f"With {len(program.groups)} sites (fewer than {_FEW_SITES}) it cannot be judged "
                "how much sites truly differ beyond "
                "chance; the limits allow for chance only.",
                "note",
            )
        )
    charts, tables = [], []
    shown = [one for group in program.domains.values() for one in group]
    shown = [one for one in shown if one.scale.id in ("total", "mean") or one == program.headline]
    charts.append(completeness(page, words))
    for one in shown:
        if name := program.success.get(one.key):
            charts.append(funnel(page, words, one, name))
            tables.append(site_table(page, words, one, name))
    page.add(plots.grid(charts), *tables)


def completeness(page: Page, words: Wording) -> str:
    """How many were followed at each site."""
    program, shown = words.program, words.program.headline
    assert shown is not None
    rows = [(g, program.of("followup_completion", shown, group=g), True) for g in program.groups]
    known = [row.estimate for _, row, _ in rows if row is not None and row.estimate is not None]
    if not known:
        return ""
    spread = max(known) - min(known)
    least, most = words.percent(min(known), 0), words.percent(max(known), 0)
    reach = f"{least} at each site" if least == most else f"from {least} to {most} between sites"
    message = f"Followed at {program.target}, of those due: {reach}."
    if spread > 0.1:
        message += " This differs by more than 10 points: read the outcomes with the bounds in the tables."
    return plots.shares(
        page,
        words,
        [(g, row, good) for g, row, good in rows if row is not None],
        f"{words.short(shown)}: follow-up by site",
        message,
    )


def funnel(page: Page, words: Wording, shown: Shown, name: str) -> str:
    """The share of each site against the limits of chance."""
    from ipm_outcomes.stats import sites

    program = words.program
    total = program.of(name, shown)
    rows = [(g, program.of(name, shown, group=g)) for g in program.groups]
    points = [
        (g, row.denominator, row.estimate)
        for g, row in rows
        if row is not None and row.estimate is not None and row.denominator
    ]
    if total is None or total.estimate is None or not points:
        return ""
    largest = max(n for _, n, _ in points)
    grid = np.unique(np.linspace(5, largest * 1.15 + 5, 50).astype(int))
    limits = sites.funnel(grid, total.estimate)
    exact = sites.funnel(np.array([n for _, n, _ in points]), total.estimate)
    curves = [
        (
            f"{100 * level:g} % limits",
            [(float(n), float(a), float(b)) for n, a, b in zip(grid, low, high, strict=True)],
        )
        for level, low, high in zip(limits.levels, limits.lower, limits.upper, strict=True)
    ]
    where = []
    for at in range(len(points)):
        outside = [points[at][2] < exact.lower[k][at] or points[at][2] > exact.upper[k][at] for k in range(2)]
        where.append(
            "outside the outer limits"
            if outside[1]
            else "outside the inner limits"
            if outside[0]
            else "within limits"
        )
    out = [f"{g} ({w})" for (g, _, _), w in zip(points, where, strict=True) if w != "within limits"]
    hidden = len(rows) - len(points)
    message = (
        f"Outside the limits of chance: {listed(out)}. Check the data first."
        if out
        else "Every site drawn lies within what chance explains."
    )
    if hidden:
        message += f" Sites not shown, so that no small group can be worked out: {hidden}."
    place = {g: w for (g, _, _), w in zip(points, where, strict=True)}
    return page.chart(
        _charts.funnel(points, curves, total.estimate, "share of patients"),
        f"{words.short(shown)}: {words.success(shown)}, by site",
        message,
        ["Site", "Share (interval); count", "Against the limits"],
        [[g, words.cell(row), place.get(g, HIDDEN)] for g, row in rows],
        f"The program's share: {words.percent(total.estimate)}.",
    )


def site_table(page: Page, words: Wording, shown: Shown, name: str) -> str:
    """Follow-up, success with its bounds, and mean improvement of each site."""
    program = words.program
    adjusted = program.adjusted.get(shown.key)
    head = [
        "Site",
        "Followed, of those due",
        words.success(shown).capitalize(),
        "If none / all who could, of those not followed, had",
    ]
    head += ["Given severity at the start"] if adjusted is not None else []
    head += ["Mean improvement, points"]
    rows = []
    for g in program.groups:
        row = program.of(name, shown, group=g)
        bounds = NONE
        if row is not None and row.worst is not None and row.best is not None:
            bounds = f"{words.percent(row.worst)} / {words.percent(row.best)}"
        elif row is not None and (row.hidden or row.estimate is not None):
            # Bounds can tell more than the counts beside them, and are withheld then.
            bounds = HIDDEN
        cells = [g, words.cell(program.of("followup_completion", shown, group=g)), words.cell(row), bounds]
        if adjusted is not None:
            found = adjusted.get(g)
            hidden = row is not None and row.hidden and row.estimate is None
            seen = row is not None and row.estimate is not None
            cells.append(
                f"{words.percent(found[0])} ({words.percent(found[1]).removesuffix(' %')} to "
                f"{words.percent(found[2]).removesuffix(' %')})"
                if found and seen
                else HIDDEN
                if hidden
                else NONE
            )
        rows.append([*cells, words.cell(program.of("mean_improvement", shown, group=g))])
    note = (
        "Given severity at the start: the number observed at the site, divided by the number expected "
        "there from how severe its patients were at the start (a logistic model of all patients), times "
        "the program's share. Dash: nothing to adjust."
        if adjusted is not None
        else ""
    )
    return page.table(f"{words.short(shown)} by site at {program.target}", head, rows, note)
