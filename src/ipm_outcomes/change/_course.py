"""The course of one patient on one scale as pictures draw it: marks, bands, and where measurement error ends."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from typing import Literal

import numpy as np

from ipm_outcomes._changes import FlagChange, ScaleChange
from ipm_outcomes._drawing.one_patient import Stretch, Visit
from ipm_outcomes._drawing.style import number
from ipm_outcomes.change._between import Options, one_scale
from ipm_outcomes.change._flags import flags_by_visit
from ipm_outcomes.definition import Instrument, Scale
from ipm_outcomes.scores import Score, Scores


@dataclass(frozen=True)
class Course:
    """What is drawn of the visits of one patient, and what is said of them.

    ``change`` is from the first score to the last, where there are two. ``own_error`` says whether each score has an
    interval of its own; ``lines`` are where a score is beyond measurement error of the first one.
    """

    scale: Scale
    visits: tuple[Visit, ...]
    low: float
    high: float
    bands: tuple[Stretch, ...]
    lines: tuple[tuple[float, str], ...]
    own_error: bool
    change: ScaleChange | None
    flags: tuple[FlagChange, ...]

    @property
    def digits(self) -> int:
        """Decimals of the scores as they are drawn."""
        return 0 if self.scale.whole else 1

    @property
    def short(self) -> str:
        """The change in one line; of one score alone, the score."""
        if self.change is not None:
            return self.change.short
        return f"{self.scale.name}: {number(next(v.value for v in self.visits if v.value is not None), self.digits)}"

    @property
    def notes(self) -> list[str]:
        """How the picture is read."""
        states = {mark.flag for mark in self.visits}
        return [
            f"Higher is {'worse' if self.scale.worse == 'higher' else 'better'}." if self.scale.worse else "",
            "Bars: 95% interval of each score." if self.own_error else "",
            "Triangle above: a flagged question was raised." if "raised" in states else "",
            "Square above: a flagged question was left blank." if "blank" in states else "",
        ]


def course(
    inst: Instrument, of: Scale, visits: Sequence[tuple[date | None, Scores]], by: Options
) -> Course | None:
    """The course on one scale; None where no visit has a score of it."""
    forms = [visit for _, visit in visits]
    flags = flags_by_visit(inst, forms)
    scores = [score for form in forms if isinstance(score := form.scale(of.id), Score)]
    there = [n for n, score in enumerate(scores) if score.value is not None]
    if not there:
        return None
    # By place: equal scores of two visits may be one object.
    first, last = scores[there[0]], scores[there[-1]]
    marks, limit = [], None
    for n, ((when, _), score) in enumerate(zip(visits, scores, strict=True)):
        kind: Literal["first", "better", "same", "worse"] = "first" if n == there[0] else "same"
        if score.value is not None and n != there[0]:
            step = one_scale(inst, of, (first, score), (), by)
            kind = "better" if step.verdict == "reliably better" else kind
            kind = "worse" if step.verdict == "reliably worse" else kind
            limit = step.reliable.limit
        error = None if score.se is None or score.value is None else 1.959964 * score.se
        when_or_place = when if when is not None else n + 1
        marks.append(Visit(when_or_place, score.value, kind, _flag(flags[n]), error))
    values = [float(score.value) for score in scores if score.value is not None]
    low, high = _ends(of, values)
    own_error = any(mark.error is not None for mark in marks)
    return Course(
        of,
        tuple(marks),
        low,
        high,
        tuple(_bands(of, low, high)),
        () if limit is None or own_error else tuple(_lines(of, values[0], limit, low, high)),
        own_error,
        None if len(there) == 1 else one_scale(inst, of, (first, last), flags[-1], by),
        flags[-1],
    )


def _flag(flags: Iterable[FlagChange]) -> Literal["", "raised", "blank"]:
    states = {flag.state for flag in flags}
    if states & {"new", "still_positive", "positive"}:
        return "raised"
    return "blank" if "not_answered" in states else ""


def _ends(of: Scale, values: list[float]) -> tuple[float, float]:
    if of.range is not None:
        return float(of.range[0]), float(of.range[1])
    return float(np.floor(min(values) / 5) * 5 - 5), float(np.ceil(max(values) / 5) * 5 + 5)


def _lines(of: Scale, first: float, limit: float, low: float, high: float) -> list[tuple[float, str]]:
    down, up = ("better", "worse") if of.worse == "higher" else ("worse", "better")
    lines = [
        (first - limit, f"reliably {down} than the first score below this line"),
        (first + limit, f"reliably {up} than the first score above this line"),
    ]
    return [(value, text) for value, text in lines if low < value < high]


def _bands(of: Scale, low: float, high: float) -> list[Stretch]:
    if of.bands is None:
        return []
    edges = [low, *(float(band.low) for band in of.bands.of[1:]), high]
    return [
        Stretch(max(a, low), min(b, high), band.label)
        for (a, b), band in zip(pairwise(edges), of.bands.of, strict=True)
        if a < high and b > low
    ]
