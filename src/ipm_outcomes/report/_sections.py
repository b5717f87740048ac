"""The text of the report: what each section says, in words that a program director reads without help.

Everything is written from the published figures of `_figures.Program`; a hidden number cannot be reached from here.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Any

import numpy as np

from ipm_outcomes.report import _charts
from ipm_outcomes.report._claims import (
    against,
    better_ends,
    diagnostic,
    group_difference,
    promoter_words,
    t_scores,
)
from ipm_outcomes.report._findings import findings_parts
from ipm_outcomes.report._methods import cutoff_words, methods, reliable_words
from ipm_outcomes.report._page import Cells, Page, cards, document, items, paragraph, topic
from ipm_outcomes.report._program import ALL, PROMOTERS, Program, Row, Shown, share
from ipm_outcomes.report._words import HIDDEN, NONE, count, listed, percent, plural, rounded, safe, signed

_DOMAIN_TITLES = {
    "pain": "Pain and what it keeps people from",
    "depression": "Depression",
    "anxiety": "Anxiety",
    "multidimensional": "Health and daily life",
    "catastrophizing": "Catastrophizing: dreading the worst about pain",
    "satisfaction": "Satisfaction: would patients recommend the program?",
}
_REASONS = {
    "": "no reason recorded",
    "start_date_missing": "no start date on record",
    "start_date_unparsable": "start date is not a date",
    "day_0_unknown": "no date tells when care began",
    "no_episode": "not in the list of episodes of care",
    "no_assessment": "no dated questionnaire at all",
    "no_baseline": "no questionnaire filled in around the start",
    "baseline_not_scorable": "questionnaire at the start too incomplete to score",
    "no_follow_up": "no questionnaire filled in in the follow-up window",
    "follow_up_not_scorable": "follow-up questionnaire too incomplete to score",
    "window_open": "follow-up window not yet over",
    "date_missing": "questionnaire without a date",
    "date_unparsable": "questionnaire with a date that is not a date",
    "date_future": "questionnaire dated in the future",
}
_ABSENT = {
    "no_answers": "left blank",
    "too_few_answers": "too few answers to score",
    "component_absent": "a part of the score is missing",
    "not_applicable": "not asked of them",
    "undefined_quotient": "a share of nothing",
    "beyond_range": "answers that cannot all be right",
    "scored": "with a score",
    "": "with a score",
}
_FIGURES = (
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
_BESIDE = ("followup_completion", "able_to_recover")
"""Figures of the table that are no outcome, and so not in the chart of outcomes."""
_LEFT = {"complete_case": "left out", "not_met": "counted as not met", "not_needed": NONE}
_EVIDENCE = {
    "2+": "original, or two sources",
    "1": "one source",
    "derived": "by definition",
    "unverified": "not verified",
}
_READING = (
    "Dots are figures and bars their intervals; in charts of improvement right of 0 is better. Worsening has the "
    "second color.",
    "“Not shown”, or gray in a bar: groups that are too small to show, or would reveal one that is; the numbers "
    "behind it are limits that follow from what is shown. Neighboring scores are put together where a group "
    "would be too small.",
    "Over time: the purple line is the median or the average, dashed lines are the limits of chance (3 sigma). At "
    "sites: the purple line is the program's share.",
    "The numbers of each chart stand under it, behind “Show the numbers”.",
)
_COMMON = ("reliable_improvement", "responder_30", "important_improvement")
"""Criteria that can stand over several scales in one chart, the one that judges a single patient best first."""
_FEW_SITES = 10
_FEW_POINTS = 12
"""Below this number of points the rules of run charts and control charts find little, or chance."""


class Writer:
    """Writes the page of one program."""

    def __init__(self, program: Program, title: str) -> None:
        self.program, self.title = program, title
        self.page = Page()
        self.contents: list[tuple[str, str]] = []
        self.decimals = 0 if program.policy == "nhs" else 1
        began, patients = program.counted("flow:began"), program.counted("flow:patients")
        self.one_each = began == patients and began is not None
        self.people = "patients" if self.one_each or began is None else "episodes of care"

    def write(self) -> str:
        """The whole page."""
        program = self.program
        self.section("answer", "The answer in short", self.answer, page=False)
        after_answer = len(self.page.parts) - 1
        if program.headline is not None:
            self.section("flow", "Who is counted, and who is not", self.flow, page=False)
        for domain, shown in program.domains.items():
            promoters = [one for one in shown if program.row(f"{'.'.join(one.key)}:promoter")]
            others = [one for one in shown if one not in promoters]
            plain = domain.replace("_", " ").capitalize()
            title = plain if domain == "satisfaction" and others else _DOMAIN_TITLES.get(domain, plain)

            def tell(promoters: list[Shown] = promoters, others: list[Shown] = others) -> None:
                if promoters:
                    self.promoters(promoters)
                if others:
                    self.domain(others)

            self.section(f"domain-{self.plain_id(domain)}", title, tell)
        if program.headline is not None:
            self.section("sites", "Comparison between sites", self.sites)
            self.section("time", "Over time", self.over_time)
        if measures := self.measures():
            self.section("measures", "Quality measures and program figures", lambda: self.page.add(*measures))
        self.section("quality", "Data quality", self.quality)
        self.section("methods", "Methods, sources and versions", lambda: methods(self.page, program))
        if self.page.charts:
            self.page.parts[after_answer:after_answer] = ["<h3>How to read the charts</h3>", items(_READING)]
        subtitle = "Patient-reported outcomes of the program: what patients said at the start and later."
        if program.as_of is not None:
            subtitle += f" Data up to {program.as_of.isoformat()}"
            subtitle += (
                "." if program.as_of_given else ", the day of the last score (no as-of date was given)."
            )
        return document(self.title, subtitle, self.contents, "\n".join(self.page.parts), self.foot())

    def section(self, name: str, title: str, tell: Callable[[], Any], page: bool = True) -> None:
        self.contents.append((name, title.split(":")[0]))
        self.page.open(name, title, page)
        tell()
        self.page.close()

    @staticmethod
    def plain_id(text: str) -> str:
        return "".join(c if c.isascii() and c.isalnum() else "-" for c in text)

    # -- words for figures

    def percent(self, value: Any, decimals: int | None = None) -> str:
        return percent(value, self.decimals if decimals is None else decimals)

    def interval(self, row: Row, form: Callable[[float], str]) -> str:
        if row.lower is None or row.upper is None:
            return ""
        return f"{form(row.lower)} to {form(row.upper)}"

    @staticmethod
    def between(row: Row) -> str:
        """The interval of a hidden count that follows from what is shown, behind its denominator."""
        limits = {name: (low, high) for name, low, high in row.limits}
        low, high = limits.get("numerator", (0, None))
        if high is None or row.unit != "share" or row.denominator is None:
            return ""
        return f" ({low:,} to {high:,} of {count(row.denominator)})"

    def cell(self, row: Row | None) -> str:
        """A figure with its interval and its counts."""
        if row is None:
            return NONE
        if row.estimate is None:
            return HIDDEN + self.between(row) if row.hidden else NONE
        if row.unit == "points":
            inside = self.interval(row, lambda v: rounded(v, 1))
            return (
                f"{rounded(row.estimate, 1)} ({inside}); n {count(row.denominator)}"
                if inside
                else rounded(row.estimate, 1)
            )
        if row.unit == "NPS points":
            return f"{signed(row.estimate)} ({self.interval(row, signed)}); n {count(row.denominator)}"
        inside = self.interval(row, lambda v: self.percent(v).removesuffix(" %"))
        return f"{self.percent(row.estimate)} ({inside}); {count(row.numerator)} of {count(row.denominator)}"

    def about(self, shown: Shown) -> str:
        scale = shown.scale
        better = "lower is better" if scale.worse == "higher" else "higher is better"
        if scale.kind in ("table", "weighted"):
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
        if shown.scale.kind in ("table", "weighted"):
            return shown.scale.id.replace("_", " ").capitalize()
        return shown.scale.title.split(",")[0].removesuffix(" (mean of three)")

    # -- the answer

    def answer(self) -> None:
        program, shown = self.program, self.program.headline
        began = program.row("flow:began")
        if shown is None or began is None or began.denominator == 0:
            if self.empty():
                told = "No patient is in the data, so there is nothing to report."
            else:
                told = "The data hold no patient with a measured change, so there is no outcome to report."
            self.page.add(paragraph(told, "answer"))
            return
        completion = program.of("followup_completion", shown)
        outcome = program.of(program.success[shown.key], shown) if program.success[shown.key] else None
        mean = program.of("mean_improvement", shown)
        said = [self.begin(completion)]
        if began.numerator is not None:
            said += [*self.reached(shown, completion, outcome), *self.moved(shown, mean)]
        self.page.add(paragraph(" ".join(said), "answer"))
        if remark := self.ceiling(shown):
            self.page.add(paragraph(remark, "warn"))
        self.page.add(self.cards(shown, completion, outcome, mean))

    def empty(self) -> bool:
        return not any(row.denominator for row in self.program.rows.values()) and not any(
            row.hidden for row in self.program.rows.values()
        )

    def begin(self, completion: Row | None) -> str:
        program = self.program
        began, patients = program.counted("flow:began"), program.counted("flow:patients")
        due = completion.eligible if completion else None
        followed = completion.numerator if completion else None
        if began is None:
            return (
                "Fewer patients have begun than may be counted in public, so this report shows no figures of "
                "outcomes. The numbers are withheld to protect the patients."
            )
        who = f"{count(began)} {self.singular(began)}"
        if not self.one_each and patients is not None:
            who += f" ({plural(patients, 'patient', 'patients')})"
        if due == 0:
            return f"Of {who} that began, none had both a first questionnaire and a follow-up due at {program.target}."
        if followed == 0:
            return f"Of {who} that began, {count(due)} {_were(due or 0)} due at {program.target} and none was followed."
        told = f"Of {who} that began"
        if followed is None or due is None:
            return f"{told}, the number followed at {program.target} cannot be shown: it would reveal a small count."
        rate = (
            f" ({self.percent(completion.estimate, 0)})"
            if completion and completion.estimate is not None
            else ""
        )
        return (
            f"{told}, {count(due)} {_were(due)} due for follow-up at {program.target} and {count(followed)} of these"
            f"{rate} {_were(followed)} followed."
        )

    def singular(self, n: int) -> str:
        return (
            {"patients": "patient", "episodes of care": "episode of care"}[self.people]
            if n == 1
            else self.people
        )

    def reached(self, shown: Shown, completion: Row | None, outcome: Row | None) -> list[str]:
        if outcome is None or outcome.estimate is None:
            if outcome is None or not outcome.hidden:
                return []
            group = {"nhs": "fewer than 5"}.get(self.program.policy, "10 or fewer")
            told = f"How many improved is not shown, so that no group of {group} can be worked out"
            return [f"{told}{self.between(outcome)}."]
        inside = self.interval(outcome, lambda v: self.percent(v, 0).removesuffix(" %"))
        said = [
            f"{self.percent(outcome.estimate, 0)} ({100 * self.program.level:g} % interval {inside}) "
            f"{self.success(shown)} on the {self.short(shown)}: "
            f"{count(outcome.numerator)} of {count(outcome.denominator)}."
        ]
        if outcome.worst is not None and outcome.best is not None and outcome.best > outcome.worst:
            said.append(
                "If none of those not followed had improved it would be "
                f"{self.percent(outcome.worst, 0)}; if all who could had, "
                f"{self.percent(outcome.best, 0)}."
            )
        return said

    def moved(self, shown: Shown, mean: Row | None) -> list[str]:
        if mean is None or mean.estimate is None:
            return []
        if mean.estimate == 0:
            return ["On average the score did not change."]
        way = "improved" if mean.estimate > 0 else "worsened"
        size = rounded(abs(mean.estimate), 1)
        inside = self.interval(mean, lambda v: signed(v))
        told = f" (interval of the improvement {inside})" if inside else ""
        return [f"On average the score {way} by {size} points{told}."]

    def ceiling(self, shown: Shown) -> str:
        best = self.program.row(f"best:before:{'.'.join(shown.key)}")
        at_best = share(best)
        if best is None or at_best is None or at_best * 100 <= 15:
            return ""
        if at_best == 1:
            return (
                f"All {count(best.denominator)} with both scores had the best possible score at the start. Nobody "
                "could improve on this measure, so it cannot show whether the program works."
            )
        return (
            f"{self.percent(at_best, 0)} of those with both scores had the best possible score at the "
            "start and could not "
            "improve. More than 15 % is the usual warning that a measure leaves too little room (after Terwee 2007, "
            "not verified)."
        )

    def cards(self, shown: Shown, completion: Row | None, outcome: Row | None, mean: Row | None) -> str:
        program, found = self.program, []
        began = program.counted("flow:began")
        patients = program.counted("flow:patients")
        told = self.singular(began or 0)
        if not self.one_each and patients is not None:
            told += f"; {plural(patients, 'patient', 'patients')}"
        found.append(("Began", count(began), told))
        if completion is not None:
            told = f"of those due at {program.target}"
            if completion.numerator is not None and completion.denominator is not None:
                told = f"{count(completion.numerator)} of {count(completion.denominator)} due at {program.target}"
            found.append(("Followed up", self.rate(completion, 0), told))
        if outcome is not None:
            inside = self.interval(outcome, lambda v: self.percent(v, 0).removesuffix(" %"))
            found.append(
                (
                    f"{self.short(shown)}: {self.success(shown)}",
                    self.rate(outcome, 0),
                    f"{100 * program.level:g} % interval {inside}" if inside else "no figure",
                )
            )
        if mean is not None:
            inside = self.interval(mean, signed)
            figure = self.plain_figure(mean, 1)
            found.append(
                (
                    f"{self.short(shown)}: mean improvement",
                    figure,
                    f"points; interval {inside}" if inside else "no interval",
                )
            )
        nps = next(
            (r for r in program.rows.values() if r.definition == "nps_followup" and r.group == ALL), None
        )
        if nps is not None:
            figure = self.plain_figure(nps, 0)
            inside = self.interval(nps, lambda v: signed(v, 0))
            told = f"−100 to +100; interval {inside}" if inside else "−100 to +100"
            if nps.eligible and nps.denominator is not None:
                told += f"; {count(nps.denominator)} of {count(nps.eligible)} answered"
            found.append((f"Net Promoter Score at {program.target}", figure, told))
        return cards(found)

    @staticmethod
    def plain_figure(row: Row, decimals: int) -> str:
        if row.estimate is None:
            return HIDDEN if row.hidden else NONE
        return signed(row.estimate, decimals)

    def rate(self, row: Row, decimals: int) -> str:
        if row.estimate is None:
            return HIDDEN if row.hidden else NONE
        return self.percent(row.estimate, decimals)

    # -- flow

    def flow(self) -> None:
        program, shown, flow = self.program, self.program.headline, self.program.flow
        assert shown is not None
        assert flow is not None
        self.page.add(
            paragraph(
                f"The path of all {self.people}, for the {self.short(shown)} and the follow-up at "
                f"{program.target}. Everyone who "
                "leaves the count is listed with one reason. The other measures have their own "
                "counts, in their sections."
                + (
                    ""
                    if self.people == "patients"
                    else " A patient who came back for a second episode of care counts once for each."
                )
            )
        )

        def were(figure: str) -> str:
            return _were(program.counted(figure) or 0)

        stages = (
            ("flow:began", "began", (), ""),
            ("flow:with baseline", "had a score at the start", flow.no_baseline, "left out"),
            (
                "flow:due",
                f"{were('flow:due')} due for follow-up at {program.target}",
                flow.not_due,
                "not yet due",
            ),
            (
                "flow:paired",
                f"{were('flow:paired')} followed: a score before and after",
                flow.lost,
                "not followed",
            ),
        )
        steps = []
        for figure, words, out, label in stages:
            if out:
                reasons = [
                    f"<li>{safe(_REASONS.get(step.reason, step.reason.replace('_', ' ')))}: "
                    f"{self.known(step.figure)}</li>"
                    for step in out
                ]
                steps.append(f'<li class="out">{label}:<ul>{"".join(reasons)}</ul></li>')
            steps.append(f"<li><strong>{self.known(figure)}</strong> {safe(words)}</li>")
        self.page.add(f'<ol class="flow">{"".join(steps)}</ol>')
        if not program.open_windows:
            self.page.add(
                paragraph(
                    "No window was still open in these data. If no as-of date was given when changes "
                    "were computed, patients "
                    "whose follow-up is not yet due count as not followed.",
                    "note",
                )
            )

    def known(self, figure: str) -> str:
        row = self.program.row(figure)
        return NONE if row is None else count(row.numerator)

    # -- domains

    def domain(self, shown: Sequence[Shown]) -> None:
        program = self.program
        told = dict.fromkeys(
            f"{one.instrument.title} ({one.instrument.edition}): {one.instrument.measures}." for one in shown
        )
        self.page.add(*(paragraph(text) for text in told))
        counted = [one for one in shown if program.of("followup_completion", one) is not None]
        if not counted:
            self.page.add(paragraph("The table of indicators holds no figure for these measures."))
            return
        if all(
            (row := program.of("followup_completion", one)) and row.hidden == "" and not row.numerator
            for one in counted
        ):
            self.page.add(
                paragraph(
                    f"Nobody has a score both before and at {program.target}, so no change can be shown.",
                    "warn",
                )
            )
        if len(counted) == 1:
            self.alone(counted[0])
            self.page.add(self.figures(counted[0]))
            return
        self.together(counted)
        tables = [self.figures(one) for one in counted]
        self.page.add(f"<details><summary>All figures, scale by scale</summary>{''.join(tables)}</details>")

    def alone(self, shown: Shown) -> None:
        program = self.program
        self.page.add(paragraph(f"{self.about(shown)}."))
        if remark := self.ceiling(shown):
            self.page.add(paragraph(remark, "warn"))
        charts = [
            self.distribution(shown),
            self.band_chart([shown]),
            self.mean_chart(
                [(t, program.of("mean_improvement", shown, t)) for t in program.targets],
                self.short(shown),
            ),
            self.share_chart(shown),
        ]
        self.page.add(self.grid(charts), self.group_differences([shown]))

    def together(self, shown: Sequence[Shown]) -> None:
        program = self.program
        scored = [one for one in shown if one.scale.kind in ("table", "weighted")]
        self.page.add(
            items([f"{self.about(one)}." for one in shown if one not in scored])
            + (
                paragraph(
                    f"{t_scores(scored)} {better_ends(scored)} In the charts of improvement to the right is "
                    "always better."
                )
                if scored
                else ""
            )
        )
        means = [(self.short(one), program.of("mean_improvement", one)) for one in scored or shown]
        self.page.add(
            self.grid([self.mean_chart(means, f"all scales at {program.target}"), self.success_chart(shown)]),
            self.group_differences(shown),
            self.grid(
                [
                    self.band_chart([one for one in shown if one.scale.bands]),
                    *(self.distribution(one) for one in shown),
                ]
            ),
        )

    @staticmethod
    def grid(charts: Sequence[str]) -> str:
        kept = [chart for chart in charts if chart]
        return f'<div class="grid">{"".join(kept)}</div>' if kept else ""

    def distribution(self, shown: Shown) -> str:
        program = self.program
        bins = program.bins.get(shown.key, [])
        pairs = [(b.label, program.row(b.before), program.row(b.after)) for b in bins]
        if not any(share(row) is not None for _, *both in pairs for row in both):
            return ""
        drawn = [(label, _float(share(a)), _float(share(b))) for label, a, b in pairs]
        table = [[label, *self.of_whole(a), *self.of_whole(b)] for label, a, b in pairs]
        whole = next(
            (row.denominator for _, a, b in pairs for row in (a, b) if row and row.denominator), None
        )
        message = f"Scores of {count(whole)} {self.singular(whole or 0)} before and at {program.target}."
        baseline, followup = program.of("mean_baseline", shown), program.of("mean_followup", shown)
        if baseline and followup and baseline.estimate is not None and followup.estimate is not None:
            message += (
                f" The mean went from {rounded(baseline.estimate, 1)} to {rounded(followup.estimate, 1)}."
            )
        return self.page.chart(
            _charts.distribution(drawn),
            f"{self.short(shown)}: scores before and after",
            message,
            ["Score", "Before", "Before, share", "After", "After, share"],
            table,
        )

    def of_whole(self, row: Row | None) -> list[str]:
        part = share(row)
        if row is None or row.numerator is None:
            return [HIDDEN, HIDDEN] if row is not None else [NONE, NONE]
        return [count(row.numerator), NONE if part is None else self.percent(part)]

    def band_chart(self, shown: Sequence[Shown]) -> str:
        program = self.program
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
                    [f"{self.short(one)}: {label}" if len(shown) > 1 else label, *map(self.cell, cells)]
                )
                for when, row in zip(both, cells, strict=True):
                    if row is not None and row.estimate is not None:
                        drawn.append((self.short(one), when, label, row.estimate))
        if not drawn:
            return ""
        which = self.short(shown[0]) if len(shown) == 1 else "All scales"
        message = self.band_message(drawn, order[0], len(shown) > 1)
        return self.page.chart(
            _charts.bands(drawn, order, len(shown) > 1),
            f"{which}: severity before and after",
            message,
            ["Severity", "Before", f"After ({program.target})"],
            table,
        )

    def band_message(self, drawn: Sequence[tuple[str, str, str, float]], best: str, several: bool) -> str:
        found: dict[str, dict[str, float]] = {}
        for scale, when, band, value in drawn:
            if band == best:
                found.setdefault(scale, {})[when] = value
        both = {scale: v for scale, v in found.items() if len(v) == 2}
        if not both:
            return f"Share of patients in each severity group, before and at {self.program.target}; best on the left."
        if not several:
            only = next(iter(both.values()))
            return (
                f"{self.percent(only['before'], 0)} were in the best group ({best}) before, "
                f"{self.percent(only['after'], 0)} at {self.program.target}."
            )
        up = sum(v["after"] > v["before"] for v in both.values())
        return f"The share in the best group ({best}) grew on {up} of {len(both)} scales for which it can be shown."

    def mean_chart(self, rows: Sequence[tuple[str, Row | None]], what: str) -> str:
        known = [(label, row.estimate, row.lower, row.upper) for label, row in rows if row and _drawn(row)]
        if not known:
            return ""
        lines = [(label, row, bool(row.estimate is None or row.estimate >= 0)) for label, row in rows if row]
        better = [label for label, _, low, _ in known if low is not None and low > 0]
        worse = [label for label, _, _, high in known if high is not None and high < 0]
        rest = [label for label, *_ in known if label not in (*better, *worse)]
        if len(better) == len(known):
            message = "Those with both scores improved on average; chance does not explain it: no interval reaches 0."
        elif len(rest) == len(known):
            message = "No average change that chance alone could not explain: every interval includes 0."
        else:
            parts = (("Improvement", better), ("Worsening", worse), ("No change", rest))
            message = " ".join(f"{what} beyond chance: {listed(names)}." for what, names in parts if names)
        return self.page.chart(
            _charts.intervals(_lines(lines), "mean improvement, points", shares=False),
            f"Mean improvement: {what}",
            message,
            ["What", "Mean improvement, points", f"{100 * self.program.level:g} % interval", "n"],
            [
                [
                    label,
                    *(
                        (signed(row.estimate), self.interval(row, signed) or NONE, count(row.denominator))
                        if row and row.estimate is not None
                        else (HIDDEN if row and row.hidden else NONE,) * 3
                    ),
                ]
                for label, row in rows
            ],
        )

    def share_chart(self, shown: Shown) -> str:
        names = [n for n, _ in _FIGURES if n not in _BESIDE and not n.startswith("mean_")]
        rows = [(self.figure(n, shown).split(":")[0], n, self.program.of(n, shown)) for n in names]
        return self.shares(
            [(label, row, "wors" not in label) for label, _, row in rows if row is not None],
            f"{self.short(shown)}: who improved, who got worse",
            self.share_message(shown),
        )

    def share_message(self, shown: Shown) -> str:
        name = self.program.success.get(shown.key, "")
        row = self.program.of(name, shown) if name else None
        if row is None or row.estimate is None:
            return f"Share of those followed at {self.program.target}, with intervals."
        inside = self.interval(row, lambda v: self.percent(v, 0).removesuffix(" %"))
        told = f"{self.percent(row.estimate, 0)} ({inside}) {self.success(shown)} at {self.program.target}."
        return f"{told} Each line has a criterion of its own."

    def success_chart(self, shown: Sequence[Shown]) -> str:
        """Who improved, all scales by one criterion; what is judged by another one is named, not drawn."""
        found: dict[tuple[str, ...], list[Shown]] = {}
        for one in shown:
            for name in _COMMON:
                if self.program.of(name, one) is not None:
                    used = self.program.reliable_by.get(one.key, ()) if name == "reliable_improvement" else ()
                    found.setdefault((name, *used), []).append(one)
        if not found:
            return ""
        # Of criteria with as many scales, the one that judges a single patient best stands first.
        (name, *how), inside = max(found.items(), key=lambda pair: len(pair[1]))
        rows = [(self.short(one), row, True) for one in inside if (row := self.program.of(name, one))]
        others = [self.short(one) for one in shown if one not in inside]
        by = f", by {listed([reliable_words(method) for method in how])}" if how else ""
        message = f"Share of those with both scores who {self.program.did_well(name)}{by}."
        if others:
            message += f" Not judged so, and not in this chart: {listed(others)}."
        return self.shares(
            rows, f"Who {self.program.did_well(name)}, scale by scale, at {self.program.target}", message
        )

    def group_differences(self, shown: Sequence[Shown]) -> str:
        """The mean change beside important differences that were found for groups; no share is given of them."""
        rows = []
        for one in shown:
            found = group_difference(one.scale)
            row = self.program.of("mean_improvement", one)
            if found is None or row is None:
                continue
            value = f"{found.value:f} {'point' if found.value == 1 else 'points'}"
            hidden = HIDDEN if row.hidden and row.estimate is None else ""
            rows.append(
                [
                    self.short(one),
                    self.cell(row),
                    value,
                    found.population or NONE,
                    hidden or against(row.estimate, row.lower, row.upper, float(found.value)),
                ]
            )
        return self.page.table(
            f"Mean improvement beside the important difference between groups, at {self.program.target}",
            ["Scale", "Mean improvement, points", "Important difference", "Found in", "The mean is"],
            rows,
            "These differences were found by comparing groups. They do not say whether a single patient improved, so "
            "no share of patients is given for them.",
        )

    def shares(self, rows: Sequence[tuple[str, Row, bool]], title: str, message: str) -> str:
        if not any(_drawn(row) for _, row, _ in rows):
            return ""
        return self.page.chart(
            _charts.intervals(_lines(rows), "share of patients", shares=True),
            title,
            message,
            ["What", "Share (interval); count"],
            [[label, self.cell(row)] for label, row, _ in rows],
        )

    def figures(self, shown: Shown) -> str:
        program = self.program
        rows = [
            [
                self.figure(name, shown) + (self.cutoff(shown) if name == "reliable_recovery" else ""),
                *(self.cell(program.of(name, shown, target)) for target in program.targets),
            ]
            for name, _ in _FIGURES
            if any(program.of(name, shown, target) is not None for target in program.targets)
        ]
        return self.page.table(
            f"{self.short(shown)}: figures at each follow-up, with {100 * program.level:g} % intervals",
            ["Figure", *program.targets],
            rows,
        )

    def figure(self, name: str, shown: Shown) -> str:
        """The name of a figure; who crossed a cut-off that no diagnosis stands behind has not recovered."""
        if name in ("reliable_recovery", "able_to_recover") and not self.recovers(shown):
            return {
                "reliable_recovery": "Crossed the cut-off, of those who could",
                "able_to_recover": "Could cross the cut-off: on the patients' side of it at the start",
            }[name]
        title = dict(_FIGURES)[name]
        if name == "important_improvement" and (least := self.least(shown)):
            title += f" ({least} or more)"
        return title

    def least(self, shown: Shown) -> str:
        """The important change that was used, in words; it may depend on the score at the start."""
        points = sorted(set(self.program.points.get(shown.key, [])))
        words = [rounded(one, 2).rstrip("0").rstrip(".") for one in points]
        return f"{' or '.join(words)} {'point' if words == ['1'] else 'points'}" if words else ""

    def recovers(self, shown: Shown) -> bool:
        """Whether the cut-offs that were used are those of a diagnosis."""
        used = self.program.cutoffs.get(shown.key, [])
        known = {(one.id, float(one.value)): one for one in shown.scale.cutoffs}
        return diagnostic([known.get((id, value)) for value, id in used])

    def cutoff(self, shown: Shown) -> str:
        """The side of the cut-off on which a patient has recovered, and what the cut-off is."""
        used = [cutoff_words(shown.scale, id, value) for value, id in self.program.cutoffs.get(shown.key, [])]
        return f" ({'; '.join(used)})" if used else ""

    # -- satisfaction

    def promoters(self, shown: Sequence[Shown]) -> None:
        program = self.program
        for one in shown:
            name = ".".join(one.key)
            row = program.of("nps_followup", one)
            bands = {band: program.row(f"{name}:{band}") for band in PROMOTERS}
            self.page.add(
                paragraph(
                    f"{promoter_words(one.scale)} Counted is one answer of each patient, that at {program.target}. "
                    "No answer is not a detractor: it is left out."
                )
            )
            if row is None:
                self.page.add(paragraph("The table of indicators holds no figure for this question."))
                continue
            if row.estimate is None and not row.hidden:
                self.page.add(
                    paragraph(
                        f"Nobody has answered the question at {program.target}, so there is no score.", "warn"
                    )
                )
                continue
            if row.estimate is not None:
                self.page.add(
                    paragraph(
                        f"The score at {program.target} is {signed(row.estimate)} "
                        f"({self.interval(row, signed)}). {self.response(row)}"
                    )
                )
            else:
                self.page.add(
                    paragraph(
                        "The score is not shown: too few answers, or they would reveal a small number.",
                        "warn",
                    )
                )
            drawn = [
                (f"{band}s", float(part)) for band in PROMOTERS if (part := share(bands[band])) is not None
            ]
            if drawn:
                tokens = {"promoters": _charts.GOOD, "passives": _charts.BEFORE, "detractors": _charts.BAD}
                best = share(bands["promoter"])
                message = (
                    f"{self.percent(best, 0)} of the answers are from promoters."
                    if best is not None
                    else "Share of the answers."
                )
                self.page.add(
                    self.grid(
                        [
                            self.page.chart(
                                _charts.shares(
                                    drawn, "share of answers", [tokens[label] for label, _ in drawn]
                                ),
                                "Promoters, passives and detractors",
                                message,
                                ["Group", "Answers", "Share"],
                                [[f"{band}s", *self.of_whole(bands[band])] for band in PROMOTERS],
                            )
                        ]
                    )
                )
            sites = [(g, program.of("nps_followup", one, group=g)) for g in program.groups]
            if len([1 for _, found in sites if found is not None]) > 1:
                self.page.add(
                    self.page.table(
                        f"Net Promoter Score by {program.by.replace('_', ' ')}, in alphabetical order",
                        [
                            program.by.replace("_", " ").capitalize(),
                            "Score (interval); answers",
                            *(f"{b}s" for b in PROMOTERS),
                        ],
                        [
                            [g, self.cell(found), *(self.known_in(f"{name}:{band}", g) for band in PROMOTERS)]
                            for g, found in sites
                        ],
                    )
                )

    def response(self, row: Row) -> str:
        """How many answered, of those who were to be asked."""
        due, answered = row.eligible, row.denominator
        if not due or answered is None:
            return "How many answered cannot be shown."
        share_ = self.percent(Fraction(answered, due), 0)
        return f"{count(answered)} of {count(due)} due to be asked answered ({share_})."

    def known_in(self, figure: str, group: str) -> str:
        row = self.program.row(figure, group)
        return NONE if row is None else count(row.numerator)

    # -- sites

    def sites(self) -> None:
        program = self.program
        if len(program.groups) < 2:
            told = "one group" if program.groups else f"no column {program.by!r}"
            self.page.add(paragraph(f"The data hold {told}, so there is nothing to compare."))
            return
        self.page.add(
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
            self.page.add(
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
        charts.append(self.completeness())
        for one in shown:
            if name := program.success.get(one.key):
                charts.append(self.funnel(one, name))
                tables.append(self.site_table(one, name))
        self.page.add(self.grid(charts), *tables)

    def completeness(self) -> str:
        program, shown = self.program, self.program.headline
        assert shown is not None
        rows = [(g, program.of("followup_completion", shown, group=g), True) for g in program.groups]
        known = [row.estimate for _, row, _ in rows if row is not None and row.estimate is not None]
        if not known:
            return ""
        spread = max(known) - min(known)
        least, most = self.percent(min(known), 0), self.percent(max(known), 0)
        reach = f"{least} at each site" if least == most else f"from {least} to {most} between sites"
        message = f"Followed at {program.target}, of those due: {reach}."
        if spread > 0.1:
            message += (
                " This differs by more than 10 points: read the outcomes with the bounds in the tables."
            )
        return self.shares(
            [(g, row, good) for g, row, good in rows if row is not None],
            f"{self.short(shown)}: follow-up by site",
            message,
        )

    def funnel(self, shown: Shown, name: str) -> str:
        from ipm_outcomes.stats import sites

        program = self.program
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
            outside = [
                points[at][2] < exact.lower[k][at] or points[at][2] > exact.upper[k][at] for k in range(2)
            ]
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
        return self.page.chart(
            _charts.funnel(points, curves, total.estimate, "share of patients"),
            f"{self.short(shown)}: {self.success(shown)}, by site",
            message,
            ["Site", "Share (interval); count", "Against the limits"],
            [[g, self.cell(row), place.get(g, HIDDEN)] for g, row in rows],
            f"The program's share: {self.percent(total.estimate)}.",
        )

    def site_table(self, shown: Shown, name: str) -> str:
        program = self.program
        adjusted = program.adjusted.get(shown.key)
        head = [
            "Site",
            "Followed, of those due",
            self.success(shown).capitalize(),
            "If none / all who could, of those not followed, had",
        ]
        head += ["Given severity at the start"] if adjusted is not None else []
        head += ["Mean improvement, points"]
        rows = []
        for g in program.groups:
            row = program.of(name, shown, group=g)
            bounds = NONE
            if row is not None and row.worst is not None and row.best is not None:
                bounds = f"{self.percent(row.worst)} / {self.percent(row.best)}"
            elif row is not None and (row.hidden or row.estimate is not None):
                # Bounds can tell more than the counts beside them, and are withheld then.
                bounds = HIDDEN
            cells = [g, self.cell(program.of("followup_completion", shown, group=g)), self.cell(row), bounds]
            if adjusted is not None:
                found = adjusted.get(g)
                hidden = row is not None and row.hidden and row.estimate is None
                seen = row is not None and row.estimate is not None
                cells.append(
                    f"{self.percent(found[0])} ({self.percent(found[1]).removesuffix(' %')} to "
                    f"{self.percent(found[2]).removesuffix(' %')})"
                    if found and seen
                    else HIDDEN
                    if hidden
                    else NONE
                )
            rows.append([*cells, self.cell(program.of("mean_improvement", shown, group=g))])
        note = (
            "Given severity at the start: the number observed at the site, divided by the number expected "
            "there from how severe its patients were at the start (a logistic model of all patients), times "
            "the program's share. Dash: nothing to adjust."
            if adjusted is not None
            else ""
        )
        return self.page.table(f"{self.short(shown)} by site at {program.target}", head, rows, note)

    # -- over time

    def over_time(self) -> None:
        from ipm_outcomes.stats import over_time

        program, shown = self.program, self.program.headline
        assert shown is not None
        if len(program.periods) < 2:
            self.page.add(
                paragraph("There are not enough closed months of enrollment for a chart over time.")
            )
            self.page.add(self.left_out())
            return
        self.page.add(
            paragraph(
                f"Each point is a {program.size} of enrollment: the patients whose first "
                "questionnaire falls in it, and what "
                f"became of them by {program.target}. "
                + (
                    ""
                    if program.size == "month"
                    else f"A {program.size} is used because months are too small to show. "
                )
                + ("Neighbors that would be too small are put together. " if program.joined else "")
                + "A signal is a pattern that chance rarely makes; a single high or low point is none."
            ),
            self.left_out(),
        )
        charts = []
        name = ".".join(shown.key)
        for definition, title in (
            ("mean_improvement", f"{self.short(shown)}: mean improvement"),
            (program.success.get(shown.key, ""), f"{self.short(shown)}: {self.success(shown)}"),
            ("followup_completion", f"{self.short(shown)}: followed up"),
        ):
            rows = [program.row(f"{definition}:{name}:{program.target}", period=p) for p in program.periods]
            values = [None if row is None else row.estimate for row in rows]
            there = sum(value is not None for value in values)
            if there < 3:
                continue
            few = (
                f"Too few points ({there} of {len(values)} shown) to tell a signal from chance."
                if there < _FEW_POINTS
                else ""
            )
            table = [[p, self.cell(row)] for p, row in zip(program.periods, rows, strict=True)]
            if definition == "mean_improvement":
                run = over_time.run_chart(np.array([np.nan if v is None else v for v in values], float))
                signal = bool(run.signal[0])
                message = (
                    "Signal: the level has shifted (an unusually long run or too few crossings of the median)."
                    if signal
                    else few or f"No signal of a shift; the median is {signed(float(run.center[0]))} points."
                )
                notes = " ".join(_plain_note(note) for note in run.notes)
                drawing = _charts.over_time(
                    program.periods,
                    values,
                    "mean improvement, points",
                    shares=False,
                    center=_floats(run.center),
                )
            else:
                counts = [
                    (r.numerator, r.denominator) if r is not None and r.estimate is not None else (0, 0)
                    for r in rows
                ]
                # A rate is shown only where both of its counts are.
                chart = over_time.p_chart(
                    [x or 0 for x, _ in counts], [n or 0 for _, n in counts], better="higher"
                )
                flagged = [p for p, flag in zip(program.periods, chart.flag, strict=True) if flag]
                message = (
                    f"Points that chance rarely makes: {listed(flagged)}."
                    if flagged
                    else few
                    or f"No signal: all points vary as chance does around {self.percent(float(chart.center[0]), 0)}."
                )
                notes = " ".join(_plain_note(note) for note in chart.notes)
                drawing = _charts.over_time(
                    program.periods,
                    values,
                    "share of patients",
                    shares=True,
                    center=_floats(chart.center),
                    lower=_floats(chart.lower),
                    upper=_floats(chart.upper),
                    marked=[bool(flag) for flag in chart.flag],
                )
            charts.append(
                self.page.chart(
                    drawing,
                    title,
                    message,
                    ["Enrolled", "Figure (interval); count"],
                    table,
                    notes,
                )
            )
        if charts:
            self.page.add(self.grid(charts))
        else:
            self.page.add(paragraph("The figures of the single periods are too small to show."))

    def left_out(self) -> str:
        months = self.program.left_out
        if not months:
            return paragraph(
                "No month of enrollment is left out: the follow-up windows of all are over.", "note"
            )
        span = months[0] if len(months) == 1 else f"{months[0]} to {months[-1]}"
        rest = (
            ""
            if self.program.size in ("", "month")
            else f" The {self.program.size} they belong to is left out as a whole."
        )
        return paragraph(
            f"Left out, because follow-up windows are still open: enrolled {span}.{rest}", "note"
        )

    # -- other measures

    def measures(self) -> list[str]:
        from ipm_outcomes.report._program import OF_SCALE

        rows = [
            row
            for row in self.program.rows.values()
            if row.group == ALL
            and row.period == ALL
            and row.title
            and row.definition not in OF_SCALE
            and row.unit != "NPS points"
        ]
        if not rows:
            return []
        withheld = [row for row in rows if row.denominator is None and not row.hidden]
        rows = [row for row in rows if row not in withheld]
        labels = [self.measure(row, rows) for row in rows]
        body = []
        for row, label in zip(rows, labels, strict=True):
            if labels.count(label) > 1:
                label = f"{row.instrument}.{row.scale}: {label}"
            body.append(
                [
                    label,
                    self.cell(row),
                    count(row.eligible),
                    _LEFT.get(row.missing, NONE),
                    _EVIDENCE.get(row.evidence, NONE),
                ]
            )
        return [
            paragraph(
                "These measures have their own rules of who is counted; the rules stand in the "
                "methods. Where those without a "
                "follow-up are counted as “not met”, low follow-up lowers the figure."
            ),
            self.page.table(
                "Measures for the whole program",
                ["Measure", "Figure (interval); count", "Eligible", "Without follow-up", "Evidence"],
                body,
            ),
            *self.not_counted(withheld),
        ]

    @staticmethod
    def not_counted(withheld: Sequence[Row]) -> list[str]:
        """Measures that these data cannot carry, with what each of them needs."""
        needs: dict[str, dict[str, int]] = {}
        for row in withheld:
            told = re.search(r"Withheld: (needs .*?\.)(?= [A-Z]|$)", row.notes)
            # Figures of one family, such as "DRR-E: remission", are named once.
            family, _, rest = row.title.partition(": ")
            titles = needs.setdefault(told[1] if told else "not counted from these data.", {})
            titles[family] = titles.get(family, 0) + bool(rest)
        lines = [
            f"{'; '.join(f'{title} ({n} figures)' if n > 1 else title for title, n in titles.items())}: {need}"
            for need, titles in needs.items()
        ]
        return [topic("Not counted from these data", items(lines))] if lines else []

    @staticmethod
    def measure(row: Row, rows: Sequence[Row]) -> str:
        """The name of a measure; one that is for a single follow-up has that in its title."""
        targets = {one.target for one in rows if one.definition == row.definition}
        told = len(targets) == 1 and "month" in row.title
        parts = (row.title, f"({row.target})" if row.target and not told else "", row.band)
        return " ".join(part for part in parts if part)

    # -- quality

    def quality(self) -> None:
        program = self.program
        self.page.add(*findings_parts(self.page, program.findings))
        if not program.quality:
            self.page.add(paragraph("The table of scores holds no form."))
            return
        reasons = list(
            dict.fromkeys(r for found in program.quality.values() for _, r in found if r != "scored")
        )
        head = [
            "Score",
            "Forms",
            "With a score",
            "Share",
            *(_ABSENT.get(r, r.replace("_", " ")).capitalize() for r in reasons),
        ]
        rows: list[list[str]] = []
        for shown in (one for group in program.domains.values() for one in group):
            name = ".".join(shown.key)
            if name not in program.quality:
                continue
            figures = {reason: figure for figure, reason in program.quality[name]}
            scored = program.row(f"quality:{name}:scored")
            part = share(scored)
            rows.append(
                [
                    shown.scale.title,
                    self.known(f"quality:{name}:forms"),
                    self.known(f"quality:{name}:scored"),
                    HIDDEN
                    if part is None and scored is not None and scored.hidden
                    else NONE
                    if part is None
                    else self.percent(part),
                    *(self.known(figures[r]) if r in figures else "0" for r in reasons),
                ]
            )
        self.page.add(
            paragraph(
                "One form is one visit. A score is withheld when more answers are missing than the missing rule of "
                "its scale lets pass; it is never guessed. The rules, with their sources, stand in the methods. "
                "Second forms of the same patient count again here."
            ),
            self.page.table("Forms with a score, and why others have none", head, rows),
        )
        if program.row("blank rows") is not None:
            self.page.add(
                paragraph(
                    f"Rows of the data that hold no answer, and count nowhere: {self.known('blank rows')}."
                )
            )
        if program.problems:
            wrong = program.row("wrong cells")
            columns = [
                (row.indicator.removeprefix("wrong:"), row)
                for row in program.rows.values()
                if row.indicator.startswith("wrong:")
            ]
            if wrong is not None and wrong.numerator == 0:
                self.page.add(paragraph("Every cell of the answers was an allowed answer, or empty."))
            else:
                self.page.add(
                    paragraph(
                        f"Cells that were no allowed answers, taken as not answered: {self.known('wrong cells')}."
                    ),
                    self.page.table(
                        "Wrong cells by column",
                        ["Column", "Cells"],
                        [[name, count(row.numerator)] for name, row in columns],
                    ),
                )

    def foot(self) -> str:
        from ipm_outcomes._version import __version__

        return (
            f"Made with ipm-outcomes {__version__}. Figures describe a program and advise no single patient."
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


def _were(n: int) -> str:
    return "was" if n == 1 else "were"


def _float(value: Any) -> float | None:
    return None if value is None else float(value)


def _floats(values: Any) -> list[float | None]:
    return [None if np.isnan(v) else float(v) for v in values]


def _plain_note(note: str) -> str:
    """A note of the chart in the words of the page."""
    if note.startswith("Periods without a value"):
        return note.replace("Periods without a value, left out", "Periods not shown, and left out")
    return note.replace("The baseline of phase 0 has", "There are only").replace(
        ", fewer than 12: its lines", ", fewer than 12: the lines"
    )


__all__ = ["Cells", "Writer"]
