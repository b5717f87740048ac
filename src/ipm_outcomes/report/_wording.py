"""Published figures in words: shares with their intervals, the names of scales and figures, what counts as success."""

from __future__ import annotations

from calendar import month_name
from collections.abc import Callable
from datetime import date
from fractions import Fraction
from typing import Any

from ipm_outcomes.report._claims import diagnostic
from ipm_outcomes.report._facts import cutoff_words
from ipm_outcomes.report._program import ALL, Figure, Program, Shown, is_t_score, share
from ipm_outcomes.report._words import HIDDEN, NONE, count, percent, rounded, signed

FIGURES = (
    ("followup_completion", "With both scores, of those due"),
    ("mean_baseline", "Mean before"),
    ("mean_followup", "Mean after"),
    ("mean_improvement", "Mean improvement (above 0 is better)"),
    ("important_improvement", "Important improvement"),
    ("important_worsening", "Important worsening"),
    ("responder_30", "Improved by at least 30 %"),
    ("responder_50", "Improved by at least 50 %"),
    ("reliable_improvement", "Reliable improvement: beyond measurement error"),
    ("reliable_recovery", "Recovered, of those who could"),
    ("able_to_recover", "Could recover: on the patients' side of the cut-off at the start"),
    ("reliable_deterioration", "Reliable worsening"),
)


_RELIABLE = {
    "standard_errors": "the standard errors of the two scores",
    "published_error": "the largest published measurement error of the scale",
    "jacobson_truax": "the index of Jacobson and Truax",
}


def reliable_words(method: str) -> str:
    """A method of reliable change in words."""
    return _RELIABLE.get(method, method.replace("_", " "))


class Wording:
    """How the figures of one program are written."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.decimals = 0 if program.policy == "nhs" else 1
        began, patients = program.counted("flow:began"), program.counted("flow:patients")
        self.one_each = began == patients and began is not None
        self.people = "patients" if self.one_each or began is None else "episodes of care"

    def percent(self, value: Any, decimals: int | None = None) -> str:
        return percent(value, self.decimals if decimals is None else decimals)

    def interval(self, row: Figure, form: Callable[[float], str]) -> str:
        if row.lower is None or row.upper is None:
            return ""
        return f"{form(row.lower)} to {form(row.upper)}"

    @staticmethod
    def reach(row: Figure) -> tuple[Fraction, Fraction] | None:
        """The shares between which a hidden one lies, as follows from what is shown; None where nothing follows."""
        limits = {name: (low, high) for name, low, high in row.limits}
        low, high = limits.get("numerator", (0, None))
        whole = row.denominator
        if high is None or row.unit not in ("share", "") or not whole or (low == 0 and high >= whole):
            return None
        return Fraction(low, whole), Fraction(high, whole)

    @staticmethod
    def possible(row: Figure) -> str:
        """A hidden count as the interval that follows from what is shown, "24 to 43 of 224"; empty where none does."""
        if Wording.reach(row) is None:
            return ""
        [(low, high)] = [ends for name, *ends in row.limits if name == "numerator"]
        return f"{count(low)} to {count(high)} of {count(row.denominator)}"

    @staticmethod
    def month(months: int) -> str:
        """A month that is counted from the year 0, in words."""
        return f"{month_name[months % 12 + 1]} {months // 12}"

    @staticmethod
    def day(date: date) -> str:
        return f"{month_name[date.month]} {date.day}, {date.year}"

    @property
    def made(self) -> str:
        """With what, when and by whom the report was made."""
        from ipm_outcomes._version import __version__

        by = f" by {self.program.made_by}" if self.program.made_by else ""
        return f"Made with ipm-outcomes {__version__} on {self.day(date.today())}{by}."

    @property
    def too_few(self) -> bool:
        """Whether so few began that nothing of outcomes may be shown."""
        began = self.program.row("flow:began")
        return began is not None and began.numerator is None

    def cell(self, row: Figure | None) -> str:
        """A figure with its interval and its counts."""
        if row is None:
            return NONE
        if row.estimate is None:
            return (self.possible(row) or HIDDEN) if row.hidden else NONE
        if row.unit == "points":
            inside, mean = self.interval(row, lambda v: rounded(v, 1)), rounded(row.estimate, row.decimals)
            if not row.decimals:
                return f"{mean} (whole points); n {count(row.denominator)}"
            return f"{mean} ({inside}); n {count(row.denominator)}" if inside else mean
        if row.unit == "NPS points":
            return f"{signed(row.estimate)} ({self.interval(row, signed)}); n {count(row.denominator)}"
        inside = self.interval(row, lambda v: self.percent(v).removesuffix(" %"))
        return f"{self.percent(row.estimate)} ({inside}); {count(row.numerator)} of {count(row.denominator)}"

    def brief(self, row: Figure | None) -> str:
        """A share with its interval, without counts; of a hidden one what it may be."""
        if row is None or row.estimate is None:
            return NONE if row is None or not row.hidden else self.possible(row) or HIDDEN
        inside = self.interval(row, lambda v: self.percent(v, 0).removesuffix(" %"))
        return f"{self.percent(row.estimate, 0)}{f' ({inside})' if inside else ''}"

    def mean(self, row: Figure | None, *, interval: bool = False) -> str:
        """A mean, with its interval if asked for."""
        if row is None or row.estimate is None:
            return HIDDEN if row is not None and row.hidden else NONE
        inside = self.interval(row, lambda v: rounded(v, 1)) if interval else ""
        inside = f" ({inside})" if inside else "" if row.decimals else " (whole points)"
        return f"{rounded(row.estimate, row.decimals)}{inside}"

    def part(self, row: Figure | None) -> str:
        """A count of a whole."""
        if row is None or row.numerator is None or row.denominator is None:
            return NONE if row is None or not row.hidden else self.possible(row) or HIDDEN
        return f"{count(row.numerator)} of {count(row.denominator)}"

    @staticmethod
    def number(row: Figure) -> str:
        """A count; of a hidden one what it may be."""
        return count(row.numerator) if row.numerator is not None else Wording.possible(row) or HIDDEN

    def ranged(self, shown: Shown) -> str:
        """The name of a scale with what its scores run from and to."""
        scale = shown.scale
        if is_t_score(shown) or not scale.range:
            return self.short(shown)
        return f"{self.short(shown)} ({scale.range[0]:f}–{scale.range[1]:f})"

    def about(self, shown: Shown) -> str:
        scale = shown.scale
        better = "lower is better" if scale.worse == "higher" else "higher is better"
        if is_t_score(shown):
            return f"{scale.title}: {better}"
        reach = f"{scale.range[0]:f} to {scale.range[1]:f}, " if scale.range else ""
        return f"{scale.title}: {reach}{better}"

    def success(self, shown: Shown) -> str:
        """What counts as doing well, in words."""
        name = self.program.success.get(shown.key, "")
        words = self.program.did_well(name)
        if name == "important_improvement" and (least := self.least(shown)):
            later = ", by the score at the start" if " or " in least else ""
            words += f" (at least {least}{later})"
        return words

    def short(self, shown: Shown) -> str:
        """What charts, and tables of several scales, call a scale."""
        return shown.scale.name

    def singular(self, n: int) -> str:
        return (
            {"patients": "patient", "episodes of care": "episode of care"}[self.people]
            if n == 1
            else self.people
        )

    @staticmethod
    def plain_figure(row: Figure, decimals: int) -> str:
        if row.estimate is None:
            return HIDDEN if row.hidden else NONE
        return signed(row.estimate, min(decimals, row.decimals))

    def rate(self, row: Figure, decimals: int) -> str:
        if row.estimate is None:
            return HIDDEN if row.hidden else NONE
        return self.percent(row.estimate, decimals)

    def known(self, figure: str, group: str = ALL) -> str:
        """A count by the name of its figure."""
        row = self.program.row(figure, group)
        return NONE if row is None else count(row.numerator)

    def of_whole(self, row: Figure | None) -> list[str]:
        part = share(row)
        if row is None or row.numerator is None:
            return [HIDDEN, HIDDEN] if row is not None else [NONE, NONE]
        return [count(row.numerator), NONE if part is None else self.percent(part)]

    def figure(self, name: str, shown: Shown) -> str:
        """The name of a figure; who crossed a cut-off that no diagnosis is behind has not recovered."""
        if name in ("reliable_recovery", "able_to_recover") and not self.recovers(shown):
            return {
                "reliable_recovery": "Crossed the cut-off, of those who could",
                "able_to_recover": "Could cross the cut-off: on the patients' side of it at the start",
            }[name]
        title = dict(FIGURES)[name]
        if name == "important_improvement" and (least := self.least(shown)):
            title += f" ({least} or more)"
        return title

    def least(self, shown: Shown) -> str:
        """The important change that was used, in words; it may depend on the score at the start."""
        points = sorted(set(self.program.points.get(shown.key, [])))
        words = [rounded(point, 2).rstrip("0").rstrip(".") for point in points]
        return f"{' or '.join(words)} {'point' if words == ['1'] else 'points'}" if words else ""

    def recovers(self, shown: Shown) -> bool:
        """Whether the cut-offs that were used are those of a diagnosis."""
        used = self.program.cutoffs.get(shown.key, [])
        known = {(cutoff.id, float(cutoff.value)): cutoff for cutoff in shown.scale.cutoffs}
        return diagnostic([known.get((id, value)) for value, id in used])

    def cutoff(self, shown: Shown) -> str:
        """The side of the cut-off on which a patient has recovered, and what the cut-off is."""
        used = [cutoff_words(shown.scale, id, value) for value, id in self.program.cutoffs.get(shown.key, [])]
        return f" ({'; '.join(used)})" if used else ""

    def ceiling(self, shown: Shown) -> Figure | None:
        """Those with the best possible score at the start, where they are more than 15 %."""
        best = self.program.row(f"best:before:{'.'.join(shown.key)}")
        at_best = share(best)
        return best if at_best is not None and at_best * 100 > 15 else None
