"""Charts of several sections, each with its message and the numbers under it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ipm_outcomes.report import _charts
from ipm_outcomes.report._page import Page
from ipm_outcomes.report._program import Row, Shown, share
from ipm_outcomes.report._wording import FIGURES, Wording, reliable_words
from ipm_outcomes.report._words import HIDDEN, NONE, count, listed, rounded, signed

_BESIDE = ("followup_completion", "able_to_recover")
"""Figures of the table that are no outcome, and so not in the chart of outcomes."""


_COMMON = ("reliable_improvement", "responder_30", "important_improvement")
"""Criteria that can stand over several scales in one chart, the one that judges a single patient best first."""


def grid(charts: Sequence[str]) -> str:
    kept = [chart for chart in charts if chart]
    return f'<div class="grid">{"".join(kept)}</div>' if kept else ""


def distribution(page: Page, words: Wording, shown: Shown) -> str:
    program = words.program
    bins = program.bins.get(shown.key, [])
    pairs = [(b.label, program.row(b.before), program.row(b.after)) for b in bins]
    if not any(share(row) is not None for _, *both in pairs for row in both):
        return ""
    drawn = [(label, _float(share(a)), _float(share(b))) for label, a, b in pairs]
    table = [[label, *words.of_whole(a), *words.of_whole(b)] for label, a, b in pairs]
    whole = next((row.denominator for _, a, b in pairs for row in (a, b) if row and row.denominator), None)
    message = f"Scores of {count(whole)} {words.singular(whole or 0)} before and at {program.target}."
    baseline, followup = program.of("mean_baseline", shown), program.of("mean_followup", shown)
    if baseline and followup and baseline.estimate is not None and followup.estimate is not None:
        message += f" The mean went from {rounded(baseline.estimate, 1)} to {rounded(followup.estimate, 1)}."
    return page.chart(
        _charts.distribution(drawn),
        f"{words.short(shown)}: scores before and after",
        message,
        ["Score", "Before", "Before, share", "After", "After, share"],
        table,
    )


def band_chart(page: Page, words: Wording, shown: Sequence[Shown]) -> str:
    program = words.program
    drawn: list[tuple[str, str, str, float]] = []
    table = []
    order: list[str] = []
    for one in shown:
        if one.scale.bands is None:
            continue
        labels = [band.label for band in one.scale.bands.of]
        labels = labels if one.scale.worse == "higher" else labels[::-1]
        both = {w: {r.band: r for r in program.bands(f"severity_{w}", one)} for w in ("before", "after")}
        if not any(r.estimate is not None for rows in both.values() for r in rows.values()):
            continue
        order += [label for label in labels if label not in order]
        for label in labels:
            cells = [both[when].get(label) for when in both]
            table.append(
                [f"{words.short(one)}: {label}" if len(shown) > 1 else label, *map(words.cell, cells)]
            )
            for when, row in zip(both, cells, strict=True):
                if row is not None and row.estimate is not None:
                    drawn.append((words.short(one), when, label, row.estimate))
    if not drawn:
        return ""
    which = words.short(shown[0]) if len(shown) == 1 else "All scales"
    message = band_message(words, drawn, order[0], len(shown) > 1)
    return page.chart(
        _charts.bands(drawn, order, len(shown) > 1),
        f"{which}: severity before and after",
        message,
        ["Severity", "Before", f"After ({program.target})"],
        table,
    )


def band_message(
    words: Wording, drawn: Sequence[tuple[str, str, str, float]], best: str, several: bool
) -> str:
    found: dict[str, dict[str, float]] = {}
    for scale, when, band, value in drawn:
        if band == best:
            found.setdefault(scale, {})[when] = value
    both = {scale: v for scale, v in found.items() if len(v) == 2}
    if not both:
        return f"Share of patients in each severity group, before and at {words.program.target}; best on the left."
    if not several:
        only = next(iter(both.values()))
        return (
            f"{words.percent(only['before'], 0)} were in the best group ({best}) before, "
            f"{words.percent(only['after'], 0)} at {words.program.target}."
        )
    up = sum(v["after"] > v["before"] for v in both.values())
    return (
        f"The share in the best group ({best}) grew on {up} of {len(both)} scales for which it can be shown."
    )


def mean_chart(page: Page, words: Wording, rows: Sequence[tuple[str, Row | None]], what: str) -> str:
    known = [(label, row.estimate, row.lower, row.upper) for label, row in rows if row and _drawn(row)]
    if not known:
        return ""
    lines = [(label, row, bool(row.estimate is None or row.estimate >= 0)) for label, row in rows if row]
    better = [label for label, _, low, _ in known if low is not None and low > 0]
    worse = [label for label, _, _, high in known if high is not None and high < 0]
    rest = [label for label, *_ in known if label not in (*better, *worse)]
    if len(better) == len(known):
        message = (
            "Those with both scores improved on average; chance does not explain it: no interval reaches 0."
        )
    elif len(rest) == len(known):
        message = "No average change that chance alone could not explain: every interval includes 0."
    else:
        parts = (("Improvement", better), ("Worsening", worse), ("No change", rest))
        message = " ".join(f"{what} beyond chance: {listed(names)}." for what, names in parts if names)
    return page.chart(
        _charts.intervals(_lines(lines), "mean improvement, points", shares=False),
        f"Mean improvement: {what}",
        message,
        ["What", "Mean improvement, points", f"{100 * words.program.level:g} % interval", "n"],
        [
            [
                label,
                *(
                    (signed(row.estimate), words.interval(row, signed) or NONE, count(row.denominator))
                    if row and row.estimate is not None
                    else (HIDDEN if row and row.hidden else NONE,) * 3
                ),
            ]
            for label, row in rows
        ],
    )


def share_chart(page: Page, words: Wording, shown: Shown) -> str:
    names = [n for n, _ in FIGURES if n not in _BESIDE and not n.startswith("mean_")]
    rows = [(words.figure(n, shown).split(":")[0], n, words.program.of(n, shown)) for n in names]
    return shares(
        page,
        words,
        [(label, row, "wors" not in label) for label, _, row in rows if row is not None],
        f"{words.short(shown)}: who improved, who got worse",
        share_message(words, shown),
    )


def share_message(words: Wording, shown: Shown) -> str:
    name = words.program.success.get(shown.key, "")
    row = words.program.of(name, shown) if name else None
    if row is None or row.estimate is None:
        return f"Share of those followed at {words.program.target}, with intervals."
    inside = words.interval(row, lambda v: words.percent(v, 0).removesuffix(" %"))
    told = f"{words.percent(row.estimate, 0)} ({inside}) {words.success(shown)} at {words.program.target}."
    return f"{told} Each line has a criterion of its own."


def success_chart(page: Page, words: Wording, shown: Sequence[Shown]) -> str:
    """Who improved, all scales by one criterion; what is judged by another one is named, not drawn."""
    found: dict[tuple[str, ...], list[Shown]] = {}
    for one in shown:
        for name in _COMMON:
            if words.program.of(name, one) is not None:
                used = words.program.reliable_by.get(one.key, ()) if name == "reliable_improvement" else ()
                found.setdefault((name, *used), []).append(one)
    if not found:
        return ""
    # Of criteria with as many scales, the one that judges a single patient best stands first.
    (name, *how), inside = max(found.items(), key=lambda pair: len(pair[1]))
    rows = [(words.short(one), row, True) for one in inside if (row := words.program.of(name, one))]
    others = [words.short(one) for one in shown if one not in inside]
    by = f", by {listed([reliable_words(method) for method in how])}" if how else ""
    message = f"Share of those with both scores who {words.program.did_well(name)}{by}."
    if others:
        message += f" Not judged so, and not in this chart: {listed(others)}."
    return shares(
        page,
        words,
        rows,
        f"Who {words.program.did_well(name)}, scale by scale, at {words.program.target}",
        message,
    )


def shares(
    page: Page, words: Wording, rows: Sequence[tuple[str, Row, bool]], title: str, message: str
) -> str:
    if not any(_drawn(row) for _, row, _ in rows):
        return ""
    return page.chart(
        _charts.intervals(_lines(rows), "share of patients", shares=True),
        title,
        message,
        ["What", "Share (interval); count"],
        [[label, words.cell(row)] for label, row, _ in rows],
    )


def _drawn(row: Row) -> bool:
    return row.estimate is not None and row.lower is not None and row.upper is not None


def _lines(rows: Sequence[tuple[str, Row, bool]]) -> list[_charts.Line]:
    """The lines of a chart of intervals; where there is no figure, what is said in its place."""
    return [
        _charts.Line(label, row.estimate, row.lower, row.upper, good)
        if _drawn(row)
        else _charts.Line(label, good=good, told=HIDDEN if row.hidden else "no figure")
        for label, row, good in rows
    ]


def _float(value: Any) -> float | None:
    return None if value is None else float(value)
