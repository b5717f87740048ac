"""What came of the program, on one sheet: the finding, up to five figures, the trend, the sites, one caveat."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from ipm_outcomes._drawing.figures import Line
from ipm_outcomes.program._headline import rank
from ipm_outcomes.report._page import Section
from ipm_outcomes.report._program import ALL, Figure, Shown, is_promoter
from ipm_outcomes.report._trend import trend
from ipm_outcomes.report._wording import Wording
from ipm_outcomes.report.sections.sites import FEW, against_chance

_OTHERS = 2
"""Scales on the sheet beside that of the headline."""


def sections(words: Wording) -> Iterator[Section]:
    """The section; every report has it."""
    program, shown = words.program, words.program.headline
    began = program.row("flow:began")
    values: dict[str, Any] = {"began": None, "empty": False, "lines": [], "too_few": words.too_few}
    values |= {"benchmarks": [], "not_drawn": program.not_drawn}
    if shown is None or began is None or began.denominator == 0:
        empty = not any(row.denominator or row.hidden for row in program.rows.values())
        yield Section("summary", "summary", values | {"empty": empty})
        return
    success = program.success[shown.key]
    outcome = program.of(success, shown) if success else None
    marks = [mark for line in _lines(words, shown) for mark in line["marks"]]
    values |= {
        "benchmarks": list(dict.fromkeys(marks)),
        "began": began,
        "patients": None if words.one_each else program.counted("flow:patients"),
        "completion": program.of("followup_completion", shown),
        "outcome": outcome,
        "gained": gained(words, shown),
        "scale": words.short(shown),
        "when": when(program.target),
        "best": words.ceiling(shown),
        "policy": program.policy,
        "lines": list(_lines(words, shown)),
        "trend": _trend(words, shown),
        "sites": _sites(words, shown),
        "few": FEW,
        "enrolled": enrolled(words),
    }
    yield Section("summary", "summary", values)


def when(target: str) -> str:
    """The follow-up at the head of a sentence: "After 6 months"."""
    return f"{'After' if re.fullmatch(r'[0-9]+ (day|week|month|year)s?', target) else 'At'} {target}"


def gained(words: Wording, shown: Shown, *, better: bool = True) -> str:
    """What those have who got better, or worse: behind "patients"."""
    plain = shown.scale.plain
    if plain is not None:
        return f"have clearly {plain.when_better if better else plain.when_worse}"
    return f"{words.success(shown) if better else 'got clearly worse'} on the {words.short(shown)}"


def enrolled(words: Wording) -> tuple[str, str] | None:
    """The first and the last month of enrollment that the page is about."""
    program = words.program
    first = [start for start, _ in program.months.values()]
    if not first:
        return None
    last = f"{program.left_out[-1]}" if program.left_out else ""
    end = max(end for _, end in program.months.values())
    if last:
        year, month = map(int, last.split("-"))
        end = max(end, year * 12 + month - 1)
    return words.month(min(first)), words.month(end)


def _lines(words: Wording, lead: Shown) -> Iterator[dict[str, Any]]:
    """The figures of the sheet: followed, better on the lead scale and on two others, worse on the lead scale."""
    program, when = words.program, f"at {words.program.target}"
    figures: list[tuple[str, str, Figure | None, bool]] = [
        (
            "Followed up",
            f"have a {words.short(lead)} score {when}, of those due",
            program.of("followup_completion", lead),
            False,
        )
    ]
    for each in (lead, *_beside(words, lead)):
        name = program.success.get(each.key, "")
        if name:
            definition = f"{words.short(each)}: {words.success(each)}"
            figures.append((_capital(gained(words, each)), definition, program.of(name, each), False))
    definition = f"{words.short(lead)}: worse by more than measurement error"
    worse = program.of("reliable_deterioration", lead)
    figures.append((_capital(gained(words, lead, better=False)), definition, worse, True))
    for name, what, row, bad in figures:
        if row is not None and (row.estimate is not None or row.hidden):
            yield {"name": name, "what": what, "row": row, "bad": bad, "marks": _marks(words, row)}


def _marks(words: Wording, row: Figure) -> list[Any]:
    """What a share may be compared with."""
    return list(words.program.benchmarks.get(row.indicator, ())) if row.unit == "share" else []


def _beside(words: Wording, lead: Shown) -> list[Shown]:
    """Scales of other domains: those that their definitions put on the sheet, then by priority."""
    program = words.program
    chosen: dict[str, Shown] = {}

    def place(shown: Shown) -> tuple[Any, ...]:
        order = shown.scale.plain.order if shown.scale.plain else None
        return order is None, order or 0, rank(shown.instrument, shown.scale.id)

    for scale in sorted(program.scales, key=place):
        name = program.success.get(scale.key, "")
        row = program.of(name, scale) if name else None
        if row is None or is_promoter(scale) or scale.scale.id != scale.instrument.lead_scale.id:
            continue
        if scale.instrument.domain != lead.instrument.domain:
            chosen.setdefault(scale.instrument.domain, scale)
    return list(chosen.values())[:_OTHERS]


def _capital(text: str) -> str:
    text = text.removeprefix("have ")
    return text[0].upper() + text[1:]


def _trend(words: Wording, shown: Shown) -> dict[str, Any] | None:
    """The share of the headline by period of enrollment, and whether the last differs from the first by more than
    chance.
    """
    from ipm_outcomes.stats import intervals

    program, name = words.program, words.program.success.get(shown.key, "")
    figure = program.name(name, shown)
    rows = [(period, program.row(figure, period=period)) for period in program.periods] if name else []
    known = [(p, row) for p, row in rows if row is not None and row.estimate is not None]
    if len(known) < 2:
        return None
    (_, first), (_, other) = known[0], known[-1]
    low, high = intervals.difference(
        other.numerator or 0, other.denominator or 0, first.numerator or 0, first.denominator or 0
    )
    return {
        "drawing": trend(
            [
                Line(p, row.estimate, row.lower, row.upper, note=words.percent(row.estimate, 0))
                if row is not None and row.estimate is not None
                else Line(p)
                for p, row in rows
            ],
            [mark.value for mark in _marks(words, known[0][1])],
        ),
        "rows": [[p, words.cell(row)] for p, row in rows],
        "first": known[0],
        "last": known[-1],
        "verdict": "rise" if low > 0 else "fall" if high < 0 else "",
        "hidden": len(known) < len(rows),
    }


def _sites(words: Wording, shown: Shown) -> dict[str, Any] | None:
    """The share of the headline by site, with who was followed, and which sites differ by more than chance."""
    program, name = words.program, words.program.success.get(shown.key, "")
    if len(program.groups) < 2 or not name:
        return None
    chance = against_chance(words, shown, name)
    total = program.of(name, shown)
    return {
        **chance,
        "marks": _marks(words, total) if total is not None else [],
        "lines": [
            {
                "name": "All" if group == ALL else program.site(group),
                "row": program.of(name, shown, group=group),
                "followed": program.of("followup_completion", shown, group=group),
            }
            for group in (*program.groups, ALL)
        ],
    }
