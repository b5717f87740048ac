"""How sites compare, and how much of that is chance: follow-up, funnels, and a table for each scale."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from ipm_outcomes.program._headline import rank
from ipm_outcomes.report import _charts
from ipm_outcomes.report._page import Section
from ipm_outcomes.report._program import ALL, Shown
from ipm_outcomes.report._wording import Wording
from ipm_outcomes.report._words import HIDDEN, NONE
from ipm_outcomes.report.sections import _plots as plots

_FEW_SITES = 10
"""Below this number it cannot be judged how much sites truly differ."""
FEW = 8
"""Up to so many sites each has a line of its own in print; beyond, a funnel names those outside the limits."""
_COMPARED = 3
"""Scales by which the printed table compares sites."""


def sections(words: Wording) -> Iterator[Section]:
    """The section, where there is a scale to compare by."""
    program, lead = words.program, words.program.headline
    if lead is None:
        return
    shown = [scale for scale in program.scales if scale.scale.id in scale.instrument.summary or scale == lead]
    values: dict[str, Any] = {
        "groups": program.groups,
        "joined": len(program.other_sites),
        "by": repr(program.by),
        "success": words.success(lead),
        "few": _FEW_SITES,
        "scale": words.short(lead),
        "followed": _followed(words, lead),
        "funnels": [
            {
                **against_chance(words, each, name),
                "scale": words.short(each),
                "success": words.success(each),
                "adjusted": each.key in program.adjusted,
                "sites": list(_sites(words, each, name)),
            }
            for each in shown
            if len(program.groups) > 1 and (name := program.success.get(each.key))
        ],
    }
    yield Section("sites", "sites", values | _short(words, lead))
    if len(program.groups) > 1:
        yield Section("all-sites", "sites_all", values, appendix=True)


def _short(words: Wording, lead: Shown) -> dict[str, Any]:
    """The table of the printed page: all sites where they are few, else those outside the limits."""
    program, name = words.program, words.program.success.get(lead.key, "")
    chance = against_chance(words, lead, name) if name and len(program.groups) > 1 else {}
    chance = {"drawing": None, "outside": [], "beyond": [], "hidden": 0} | chance
    leads = sorted(
        (scale for scale in program.scales if scale.scale.id == scale.instrument.lead_scale.id),
        key=lambda scale: rank(scale.instrument, scale.scale.id),
    )
    compared = [(lead, rule) for lead in leads if (rule := program.success.get(lead.key, ""))][:_COMPARED]
    few = len(program.groups) <= FEW
    groups = [
        *(g for g in program.groups if few or program.site(g) in chance["beyond"]),
        *([ALL] if few else []),
    ]
    rows = [
        [
            "All" if group == ALL else program.site(group),
            words.brief(program.of("followup_completion", lead, group=group)),
            *(words.brief(program.of(rule, each, group=group)) for each, rule in compared),
        ]
        for group in groups
    ]
    head = ["Site", f"Followed ({words.short(lead)})"]
    head += [f"{words.short(each)}: {words.success(each)}" for each, _ in compared]
    return {"lead": chance, "head": head, "rows": rows, "few": FEW}


def _followed(words: Wording, lead: Shown) -> dict[str, Any] | None:
    """How many were followed at each site."""
    rows = [(g, words.program.of("followup_completion", lead, group=g)) for g in words.program.groups]
    known = [row.estimate for _, row in rows if row is not None and row.estimate is not None]
    chart = plots.shares(words, [(words.program.site(g), row, True) for g, row in rows if row is not None])
    return {**chart, "least": min(known), "most": max(known)} if chart and known else None


def against_chance(words: Wording, shown: Shown, name: str) -> dict[str, Any]:
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
        return {"drawing": None, "outside": [], "beyond": [], "hidden": len(rows) - len(points)}
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
        sum(bool(value < exact.lower[k][place] or value > exact.upper[k][place]) for k in range(2))
        for place, (_, _, value) in enumerate(points)
    ]
    place = {site: words_of[beyond] for (site, *_), beyond in zip(points, outside, strict=True)}
    return {
        "beyond": [site for (site, *_), n in zip(points, outside, strict=True) if n],
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
            standard, seen = adjusted.get(g), row is not None and row.estimate is not None
            hidden = row is not None and row.hidden and not seen
            share, low, high = (
                (words.percent(bound) for bound in standard) if standard and seen else ("", "", "")
            )
            inside = f"{share} ({low.removesuffix(' %')} to {high.removesuffix(' %')})"
            given = [inside if share else HIDDEN if hidden else NONE]
        followed, mean = (
            words.cell(program.of(indicator, shown, group=g))
            for indicator in ("followup_completion", "mean_improvement")
        )
        yield [program.site(g), followed, words.cell(row), bounds, *given, mean]
