"""Charts of several sections: the drawing, the numbers under it, and what its message says."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ipm_outcomes._drawing.figures import Line
from ipm_outcomes.report import _charts
from ipm_outcomes.report._program import Figure, Shown, rated_bands, share
from ipm_outcomes.report._wording import FIGURES, Wording, reliable_words
from ipm_outcomes.report._words import HIDDEN, NONE, count, signed

Chart = dict[str, Any] | None
"""What a macro of ``_charts.html.j2`` takes; None where there is nothing to draw."""

_BESIDE = ("followup_completion", "able_to_recover")
"""Figures of the table that are no outcome, and so not in the chart of outcomes."""
_COMMON = ("reliable_improvement", "responder_30", "important_improvement")
"""Criteria that can stand over several scales in one chart, the one that judges a single patient best first."""


def distribution(words: Wording, shown: Shown) -> Chart:
    """Scores in stretches, before and after."""
    program = words.program
    pairs = [(b.label, program.row(b.before), program.row(b.after)) for b in program.bins.get(shown.key, [])]
    if not any(share(row) is not None for _, *both in pairs for row in both):
        return None
    means = [program.of(name, shown) for name in ("mean_baseline", "mean_followup")]
    return {
        "drawing": _charts.distribution(
            [(label, _float(share(a)), _float(share(b))) for label, a, b in pairs]
        ),
        "rows": [[label, *words.of_whole(a), *words.of_whole(b)] for label, a, b in pairs],
        "scale": words.short(shown),
        "whole": next(
            (row.denominator for _, *both in pairs for row in both if row and row.denominator), None
        ),
        "means": means if all(row and row.estimate is not None for row in means) else [],
    }


def bands(words: Wording, shown: Sequence[Shown]) -> Chart:
    """Bands of one or several scales, before and after."""
    drawn: list[tuple[str, str, str, float]] = []
    table: list[list[str]] = []
    order: list[str] = []
    several = len(shown) > 1
    for each in shown:
        labels = rated_bands(each.scale)
        both = {
            w: {r.band: r for r in words.program.bands(f"severity_{w}", each)} for w in ("before", "after")
        }
        if not any(r.estimate is not None for rows in both.values() for r in rows.values()):
            continue
        order += [label for label in labels if label not in order]
        for label in labels:
            cells = [rows.get(label) for rows in both.values()]
            name = f"{words.short(each)}: {label}" if several else label
            table.append([name, *map(words.cell, cells)])
            for when, row in zip(both, cells, strict=True):
                if row is not None and row.estimate is not None:
                    drawn.append((words.short(each), when, label, row.estimate))
    if not drawn:
        return None
    headings = {each.scale.bands.heading or "Band" for each in shown if each.scale.bands}
    best: dict[str, dict[str, float]] = {}
    for scale, when, band, value in drawn:
        if band == order[0]:
            best.setdefault(scale, {})[when] = value
    known = [sides for sides in best.values() if len(sides) == 2]
    return {
        "drawing": _charts.bands(drawn, order, several),
        "rows": table,
        "scale": "" if several else words.short(shown[0]),
        "several": several,
        "heading": headings.pop() if len(headings) == 1 else "Band",
        "label": order[0],
        "best": known,
        "grew": sum(sides["after"] > sides["before"] for sides in known),
    }


def stack(words: Wording, shown: Shown) -> dict[str, Any] | None:
    """Bands before and after as two bars of shares; None where nothing of them is shown."""
    labels = rated_bands(shown.scale)
    steps = dict(zip(labels, _charts.band_steps(len(labels)), strict=True))
    lines = []
    for when, said in (("before", "start"), ("after", words.program.target)):
        rows = {row.band: row for row in words.program.bands(f"severity_{when}", shown)}
        parts = [
            {"step": steps[label], "share": row.estimate}
            for label in labels
            if (row := rows.get(label)) is not None and row.estimate is not None
        ]
        if parts:
            lines.append({"when": said, "parts": parts, "rest": len(parts) < len(labels)})
    key = [{"label": label, "step": step} for label, step in steps.items()]
    return {"lines": lines, "key": key} if lines else None


def means(words: Wording, rows: Sequence[tuple[str, Figure | None]]) -> Chart:
    """Mean improvements with their intervals."""
    known = [(label, row.lower, row.upper) for label, row in rows if row and _drawn(row)]
    if not known:
        return None
    lines = [(label, row, bool(row.estimate is None or row.estimate >= 0)) for label, row in rows if row]
    better = [label for label, low, _ in known if low is not None and low > 0]
    worse = [label for label, _, high in known if high is not None and high < 0]
    return {
        "drawing": _charts.intervals(_lines(lines), "mean improvement, points", shares=False),
        "rows": [[label, *_mean(words, row)] for label, row in rows],
        "better": better,
        "worse": worse,
        "rest": [label for label, *_ in known if label not in (*better, *worse)],
    }


def _mean(words: Wording, row: Figure | None) -> list[str]:
    if row is None or row.estimate is None:
        return [HIDDEN if row and row.hidden else NONE] * 3
    inside = words.interval(row, signed) or (HIDDEN if row.hidden else NONE)
    return [signed(row.estimate, row.decimals), inside, count(row.denominator)]


def changed(words: Wording, shown: Shown) -> Chart:
    """Who improved and who got worse, each line by a criterion of its own."""
    names = [n for n, _ in FIGURES if n not in _BESIDE and not n.startswith("mean_")]
    rows = [(words.figure(n, shown).split(":")[0], words.program.of(n, shown)) for n in names]
    return shares(words, [(label, row, "wors" not in label) for label, row in rows if row is not None])


def common(words: Wording, shown: Sequence[Shown]) -> Chart:
    """Who improved, all scales by one criterion; what is judged by another one is named, not drawn."""
    program = words.program
    by_criterion: dict[tuple[str, ...], list[Shown]] = {}
    for each in shown:
        for name in _COMMON:
            if program.of(name, each) is not None:
                used = program.reliable_by.get(each.key, ()) if name == "reliable_improvement" else ()
                by_criterion.setdefault((name, *used), []).append(each)
    if not by_criterion:
        return None
    # Of criteria with as many scales, the one that judges a single patient best is first.
    (name, *how), inside = max(by_criterion.items(), key=lambda pair: len(pair[1]))
    chart = shares(
        words,
        [(words.short(each), row, True) for each in inside if (row := program.of(name, each))],
    )
    return chart and {
        **chart,
        "did_well": program.did_well(name),
        "methods": [reliable_words(method) for method in how],
        "others": [words.short(each) for each in shown if each not in inside],
    }


def shares(words: Wording, rows: Sequence[tuple[str, Figure, bool]]) -> Chart:
    """Shares with their intervals."""
    if not any(_drawn(row) for _, row, _ in rows):
        return None
    return {
        "drawing": _charts.intervals(_lines(rows), "share of patients", shares=True),
        "rows": [[label, words.cell(row)] for label, row, _ in rows],
    }


def _drawn(row: Figure) -> bool:
    return row.estimate is not None and row.lower is not None and row.upper is not None


def _in_words(row: Figure) -> str:
    if row.estimate is not None and not row.decimals:
        return f"{signed(row.estimate, 0)}, in whole points"
    return HIDDEN if row.hidden else "no figure"


def _lines(rows: Sequence[tuple[str, Figure, bool]]) -> list[Line]:
    """The lines of a chart of intervals; where there is no figure, what is said in its place."""
    return [
        Line(label, row.estimate, row.lower, row.upper, good)
        if _drawn(row)
        else Line(label, good=good, note=_in_words(row))
        for label, row, good in rows
    ]


def _float(value: Any) -> float | None:
    return None if value is None else float(value)
