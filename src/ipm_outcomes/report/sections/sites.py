"""How sites compare, and how much of that is chance: follow-up, funnels, and a table for each scale."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from ipm_outcomes.report import _charts
from ipm_outcomes.report._page import Section
from ipm_outcomes.report._program import Shown
from ipm_outcomes.report._wording import Wording
from ipm_outcomes.report._words import HIDDEN, NONE
from ipm_outcomes.report.sections import _plots as plots

_FEW_SITES = 10


def sections(words: Wording) -> Iterator[Section]:
    """The section, where there is a scale to compare by."""
    program, lead = words.program, words.program.headline
    if lead is None:
        return
    shown = [one for one in program.scales if one.scale.id in one.instrument.summary or one == lead]
    values = {
        "groups": program.groups,
        "joined": len(program.other_sites),
        "by": repr(program.by),
        "few": _FEW_SITES,
        "scale": words.short(lead),
        "followed": _followed(words, lead),
        "funnels": [
            {
                **_funnel(words, one, name),
                "scale": words.short(one),
                "success": words.success(one),
                "adjusted": one.key in program.adjusted,
                "sites": list(_sites(words, one, name)),
            }
            for one in shown
            if len(program.groups) > 1 and (name := program.success.get(one.key))
        ],
    }
    yield Section("sites", "sites", values)


def _followed(words: Wording, lead: Shown) -> dict[str, Any] | None:
    """How many were followed at each site."""
    rows = [(g, words.program.of("followup_completion", lead, group=g)) for g in words.program.groups]
    known = [row.estimate for _, row in rows if row is not None and row.estimate is not None]
    chart = plots.shares(words, [(words.program.site(g), row, True) for g, row in rows if row is not None])
    return {**chart, "least": min(known), "most": max(known)} if chart and known else None


def _funnel(words: Wording, shown: Shown, name: str) -> dict[str, Any]:
    """The share of each site against the limits of chance."""
    from ipm_outcomes.stats import sites

    program = words.program
    total = program.of(name, shown)
    rows = [(g, program.of(name, shown, group=g)) for g in program.groups]
    points = [
        (program.site(g), row.denominator, row.estimate)
        for g, row in rows
        if row is not None and row.estimate is not None and row.denominator
    ]
    if total is None or total.estimate is None or not points:
        return {"drawing": None}
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
    words_of = ("within limits", "outside the inner limits", "outside the outer limits")
    outside = [
        sum(bool(value < exact.lower[k][at] or value > exact.upper[k][at]) for k in range(2))
        for at, (_, _, value) in enumerate(points)
    ]
    place = {site: words_of[beyond] for (site, *_), beyond in zip(points, outside, strict=True)}
    return {
        "drawing": _charts.funnel(points, curves, total.estimate, "share of patients", outside),
        "outside": [f"{site} ({where})" for site, where in place.items() if where != "within limits"],
        "hidden": len(rows) - len(points),
        "total": total,
        "rows": [[program.site(g), words.cell(row), place.get(program.site(g), HIDDEN)] for g, row in rows],
    }


def _sites(words: Wording, shown: Shown, name: str) -> Iterator[list[str]]:
    """Follow-up, success with its bounds, and mean improvement of each site."""
    program = words.program
    adjusted = program.adjusted.get(shown.key)
    for g in program.groups:
        row = program.of(name, shown, group=g)
        bounds = NONE
        if row is not None and row.worst is not None and row.best is not None:
            bounds = f"{words.percent(row.worst)} / {words.percent(row.best)}"
        elif row is not None and (row.hidden or row.estimate is not None):
            # Bounds can tell more than the counts beside them, and are withheld then.
            bounds = HIDDEN
        given = []
        if adjusted is not None:
            found, seen = adjusted.get(g), row is not None and row.estimate is not None
            hidden = row is not None and row.hidden and not seen
            share, low, high = (words.percent(one) for one in found) if found and seen else ("", "", "")
            inside = f"{share} ({low.removesuffix(' %')} to {high.removesuffix(' %')})"
            given = [inside if share else HIDDEN if hidden else NONE]
        followed, mean = (
            words.cell(program.of(one, shown, group=g)) for one in ("followup_completion", "mean_improvement")
        )
        yield [program.site(g), followed, words.cell(row), bounds, *given, mean]
