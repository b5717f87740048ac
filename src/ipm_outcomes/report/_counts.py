"""The counts that the report makes itself, beside the indicators: the flow, distributions, periods, data quality."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from itertools import pairwise
from typing import Any

import numpy as np

from ipm_outcomes.definition import Scale
from ipm_outcomes.errors import ParameterError
from ipm_outcomes.program.suppression._record import earlier_figures
from ipm_outcomes.program.suppression._scenes import Own
from ipm_outcomes.report import _own_sets
from ipm_outcomes.report._periods import WORDS, Span, cut, joined, label
from ipm_outcomes.report._program import (
    ALL,
    OPEN,
    SMALLEST,
    Bin,
    Figure,
    Flow,
    Program,
    ScaleKey,
    Shown,
    Step,
    is_promoter,
    rated_bands,
)
from ipm_outcomes.report._reading import Table, at_target, cells_of, days_of
from ipm_outcomes.report._stretches import Piece, stretches

_PERIOD = "period of enrollment"


class Builder:
    def __init__(self, program: Program, scores: Table, changes: Table) -> None:
        self.program, self.scores, self.changes = program, scores, changes
        self.rows: list[Figure] = []
        self.sets = Own(level=_own_sets.Levels(program), again=_own_sets.again)
        self.smallest = SMALLEST.get(program.policy, 1)

    def own(self, name: str, numerator: int, denominator: int, group: str = ALL) -> None:
        """A count inside a whole."""
        self.rows.append(Figure(name, group, numerator=numerator, denominator=denominator, method="count"))

    def flow(self) -> None:
        """What became of everyone, with one reason each."""
        import narwhals as nw

        program, changes, shown = self.program, self.changes, self.program.headline
        assert shown is not None
        part = changes.only(at_target(shown.key, program.target, changes))
        before = (~changes.number("baseline").is_null()).alias("before")
        after = (~changes.number("followup").is_null()).alias("after")
        steps: dict[str, dict[str, int]] = {"no_baseline": {}, "not_due": {}, "lost": {}}
        for has_before, has_after, still, reason, n in part.counts(
            before, after, changes.still_open(), changes.word("reason")
        ):
            if has_before and has_after and not still:
                continue
            place = "no_baseline" if not has_before else "not_due" if still else "lost"
            outcome = OPEN if place == "not_due" else str(reason)
            steps[place][outcome] = steps[place].get(outcome, 0) + n
        began = len(part.frame)
        patients = int(part.frame.select(nw.col("patient_id").n_unique()).item()) if began else 0
        whole = began
        self.own("flow:began", began, began)
        self.own("flow:patients", patients, began)
        made = {}
        for place, rest in (("no_baseline", "with baseline"), ("not_due", "due"), ("lost", "paired")):
            counts = {f"flow:{place}:{reason}": n for reason, n in sorted(steps[place].items())}
            left = whole - sum(counts.values())
            for name, n in (counts | {f"flow:{rest}": left}).items():
                self.own(name, n, whole)
            made[place] = tuple(Step(name, name.split(":", 2)[2]) for name in counts)
            whole = left
        program.flow = Flow(**made)
        figures = {place: [step.figure for step in made[place]] for place in made}
        all_targets, one_each = program.targets, patients == began
        _own_sets.flow(self.sets, figures, shown.key, program.target, all_targets, one_each=one_each)

    def indicators(self, rows: Sequence[Figure]) -> None:
        """The rows of the indicators."""
        self.rows += rows

    def distributions(self) -> None:
        import narwhals as nw

        changes = self.changes
        paired = changes.only(
            ~changes.number("baseline").is_null()
            & ~changes.number("followup").is_null()
            & ~changes.still_open()
            & (changes.word("target") == self.program.target)
        )
        counts: dict[ScaleKey, list[dict[float, int]]] = {}
        for position, column in enumerate(("baseline", "followup")):
            for inst, scale, value, n in paired.counts(
                changes.word("instrument"), changes.word("scale"), changes.number(column).cast(nw.Float64)
            ):
                counts.setdefault((inst, scale), [{}, {}])[position][float(value)] = n
        for shown in self.program.scales:
            if shown.key in counts and not is_promoter(shown):
                self._bins(shown, *counts[shown.key])

    def _bins(self, shown: Shown, before: dict[float, int], after: dict[float, int]) -> None:
        name = ".".join(shown.key)
        bins: list[Bin] = []
        bands: list[tuple[str, list[tuple[Piece, list[int]]]]] = []
        for band, pieces in stretches(shown.scale, [*before, *after]):
            counted = [
                (piece, [sum(n for v, n in values.items() if piece.holds(v)) for values in (before, after)])
                for piece in pieces
            ]
            bands.append((band, self._merged(counted)))
            bins += [
                Bin(str(piece), f"dist:before:{name}:{piece}", f"dist:after:{name}:{piece}")
                for piece, _ in bands[-1][1]
            ]
        for side, (when, values) in enumerate((("before", before), ("after", after))):
            column = ("baseline", "followup")[side]
            whole = sum(values.values())
            for _, merged in bands:
                for piece, both in merged:
                    figure = f"dist:{when}:{name}:{piece}"
                    self.own(figure, both[side], whole)
                    _own_sets.stretch(self.sets, figure, shown.key, self.program.target, column, piece)
            self._ends(shown, when, values, column)
        self.program.bins[shown.key] = bins

    def _ends(self, shown: Shown, when: str, values: Mapping[float, int], column: str) -> None:
        """Patients at the best and the worst possible score, who cannot improve or worsen."""
        scale = shown.scale
        for word, end in zip(("best", "worst"), scale.ends or (), strict=False):
            at_end = sum(n for value, n in values.items() if Decimal(repr(value)) == end)
            figure = f"{word}:{when}:{'.'.join(shown.key)}"
            self.own(figure, at_end, sum(values.values()))
            _own_sets.stretch(
                self.sets, figure, shown.key, self.program.target, column, _own_sets.single(end)
            )

    def _merged(self, counted: list[tuple[Piece, list[int]]]) -> list[tuple[Piece, list[int]]]:
        """Neighbors put together until no stretch holds a count that would have to be hidden."""
        small = self._small
        merged: list[tuple[Piece, list[int]]] = []
        for piece, counts in counted:
            if merged and (small(merged[-1][1]) or not any(merged[-1][1])):
                last, had = merged.pop()
                piece, counts = last.joined(piece), [a + b for a, b in zip(had, counts, strict=True)]
            merged.append((piece, counts))
        while len(merged) > 1 and (small(merged[-1][1]) or not any(merged[-1][1])):
            piece, counts = merged.pop()
            last, had = merged.pop()
            merged.append((last.joined(piece), [a + b for a, b in zip(had, counts, strict=True)]))
        return merged

    def promoters(self) -> None:
        """Promoters, passives and detractors at the follow-up, together and by site: one answer per patient."""
        import narwhals as nw

        from ipm_outcomes.program._columns import NOT_RECORDED

        program, changes = self.program, self.changes
        for shown in program.scales:
            if not is_promoter(shown) or program.of("nps_followup", shown) is None:
                continue
            rating, bands = changes.number("followup"), rated_bands(shown.scale)
            part = changes.only(
                at_target(shown.key, program.target, changes) & ~rating.is_null() & ~changes.still_open()
            )
            keys = [changes.word(program.by)] if program.by in changes and program.groups else []
            counts: dict[str, dict[str, int]] = {ALL: dict.fromkeys(bands, 0)}
            for *group, value, n in part.counts(*keys, rating.cast(nw.Float64).alias("rating")):
                band = _band(shown.scale, value)
                for name in (ALL, *(site or NOT_RECORDED for site in group)):
                    if name == ALL or name in program.groups:
                        counts.setdefault(name, dict.fromkeys(bands, 0))[band] += n
            for group_name, counted in counts.items():
                for band, n in counted.items():
                    self.own(f"{'.'.join(shown.key)}:{band}", n, sum(counted.values()), group_name)
            figures = [f"{'.'.join(shown.key)}:{band}" for band in bands]
            _own_sets.promoters(self.sets, figures, shown.key, program.target)

    def data_quality(self) -> None:
        """Forms with a score, and without one by reason, for each scale."""
        import narwhals as nw

        scores = self.scores
        tally: dict[ScaleKey, dict[str, int]] = {}
        for inst, scale, absent, n in scores.counts(
            scores.word("instrument"), scores.word("scale"), scores.word("absent"), of=nw.lit(1)
        ):
            tally.setdefault((inst, scale), {})[absent] = n
        for shown in self.program.scales:
            reasons = tally.get(shown.key)
            if not reasons:
                continue
            name = ".".join(shown.key)
            counts = {f"quality:{name}:{absent or 'scored'}": n for absent, n in sorted(reasons.items())}
            if "" not in reasons:
                counts[f"quality:{name}:scored"] = 0
            forms = sum(reasons.values())
            whole = f"quality:{name}:forms"
            for figure, n in ({whole: forms} | counts).items():
                self.own(figure, n, forms)
            scene = ("own", "quality", name)
            _own_sets.whole_and_parts(self.sets, scene, whole, list(counts))
            if targets := self.program.targets:
                lead = self.program.headline is not None and self.program.headline.key == shown.key
                _own_sets.forms(self.sets, scene, f"quality:{name}:scored", shown.key, targets, lead)
            self.program.quality[name] = [(figure, figure.rsplit(":", 1)[1]) for figure in counts]

    def blank_rows(self) -> None:
        """Rows of the data without any answer, which count nowhere else."""
        if blank := self.scores.blank_rows:
            self.own("blank rows", blank, blank)
            _own_sets.whole_and_parts(self.sets, ("own", "blank rows"), "blank rows", [])

    def wrong_cells(self, problems: Any) -> None:
        """Cells that were no answers, by column."""
        if problems is None:
            return
        table = Table("problems", problems)
        table.face.require(["column"], "problems")
        counts = {f"wrong:{column}": n for column, n in table.counts(table.word("column"))}
        total = sum(counts.values())
        self.program.problems = True
        for figure, n in ({"wrong cells": total} | counts).items():
            self.own(figure, n, total)
        _own_sets.whole_and_parts(self.sets, ("own", "wrong cells"), "wrong cells", list(counts))

    def periods(self) -> None:
        """Figures by month of enrollment, or by longer periods where months are too small to show."""
        import narwhals as nw

        from ipm_outcomes import program as programs
        from ipm_outcomes.stats import over_time

        program, changes, shown = self.program, self.changes, self.program.headline
        assert shown is not None
        if "baseline_date" not in changes or not changes.schema["baseline_date"].is_temporal():
            return
        part = changes.only(
            at_target(shown.key, program.target, changes) & ~nw.col("baseline_date").is_null()
        )
        if not len(part.frame) or program.as_of is None:
            return
        days = days_of(part, "baseline_date")
        last = days_of(part, "window_to" if "window_to" in changes else "followup_date")
        reach = (last - days).astype(np.float64)
        window = int(np.nanmax(np.where(np.isnat(last), np.nan, reach))) if not np.isnat(last).all() else 0
        cohorts = over_time.cohorts(days, as_of=program.as_of, window_days=max(window, 0))
        program.left_out = tuple(cohorts.month[~cohorts.mature].astype(str))
        if not cohorts.mature.any():
            return
        first = int(cohorts.month[0].astype(np.int64)) + 1970 * 12
        missing = part.frame.select(changes.number("followup").is_null().alias("missing"))["missing"]
        paired = ~missing.to_numpy().astype(bool)
        per_month = cohorts.count(paired)
        fixed, before = self._published_before()
        size = before or self._size(first, per_month, cohorts.mature)
        program.size = WORDS[size]
        months = first + np.arange(cohorts.month.size)
        still_open = {int(month) // size for month in months[~cohorts.mature]}
        spans = cut((int(month) for month in months if int(month) // size not in still_open), size, fixed)
        of_periods = dict.fromkeys(("followup_completion", "mean_improvement", program.success[shown.key]))
        known = [program.definition(name) for name in of_periods if program.of(name, shown) is not None]
        wanted = [definition for definition in known if definition is not None]
        if not wanted or not spans:
            return

        def counted(spans: Sequence[Span]) -> dict[Span, list[Figure]]:
            month = (
                nw.col("baseline_date").dt.year().cast(nw.Int64) * 12 + nw.col("baseline_date").dt.month() - 1
            )
            inside = [month.is_between(*span) for span in spans]
            number = nw.sum_horizontal(
                *(held.cast(nw.Int64) * position for position, held in enumerate(inside, start=1))
            )
            data = part.frame.with_columns(number.alias(_PERIOD)).filter(nw.col(_PERIOD) > 0)
            if not len(data):
                return {}
            of_spans = programs.table(data.to_native(), by=[_PERIOD], indicators=wanted, level=program.level)
            rows: dict[Span, list[Figure]] = {}
            for cells in cells_of(of_spans):
                span = spans[int(cells[_PERIOD]) - 1]
                rows.setdefault(span, []).append(Figure.of_cells(cells, period=label(span, size)))
            return rows

        of_spans = counted(spans)
        nested = {
            span: [
                [n for n in (r.eligible, r.observed, r.denominator, r.numerator) if n is not None]
                for r in rows
            ]
            for span, rows in of_spans.items()
        }
        together = joined(spans, nested, self._withheld, fixed)
        if together != spans:
            program.joined = True
            of_spans = counted(together)
        program.months = {label(span, size): span for span in together}
        program.periods = tuple(program.months)
        self.rows += [row for rows in of_spans.values() for row in rows]
        self.sets.as_data.append(["periods", size, [list(span) for span in together]])

    def _published_before(self) -> tuple[list[Span], int | None]:
        """The periods of earlier reports in the ledger: cut otherwise, one could be subtracted from another."""
        ledger = self.program.files.get("ledger")
        released = (
            [given for entry, *given in earlier_figures(ledger) if entry == "periods"]
            if ledger is not None
            else []
        )
        spans = dict.fromkeys((first, last) for _, spans_then in released for first, last in spans_then)
        return sorted(spans), released[-1][0] if released else None

    def _withheld(self, nested: Sequence[int]) -> bool:
        """Whether one of some nested counts, or what is between two of them, is too small to show."""
        gaps = [a - b for a, b in pairwise(nested)]
        return self._small(nested) or any(0 < gap < self.smallest for gap in gaps)

    def _small(self, counts: Sequence[int]) -> bool:
        return any(n < self.smallest and (n > 0 or self.program.policy == "nhs") for n in counts)

    def _size(self, first: int, paired: Any, mature: Any) -> int:
        for size in (1, 3, 6):
            slots = (first + np.arange(len(paired))) // size
            slots -= slots[0]
            closed = np.ones(slots[-1] + 1, bool)
            closed[slots[~mature]] = False
            sums = np.bincount(slots, weights=paired)[closed]
            if sums.size and (sums >= self.smallest).mean() >= 0.75:
                return size
        return 12

    def standardized(self) -> None:
        """Shares of the sites, given how severe their patients were at baseline."""
        import narwhals as nw

        from ipm_outcomes.program._columns import NOT_RECORDED
        from ipm_outcomes.stats import sites

        program, changes = self.program, self.changes
        if program.by not in changes or len(program.groups) < 2:
            return
        for shown in program.scales:
            column = program.success.get(shown.key)
            if not column or column not in changes:  # decided for each patient in the changes
                continue
            part = changes.only(
                at_target(shown.key, program.target, changes)
                & (~nw.col(column).is_null() | (changes.number("baseline") == 0))
                & ~changes.number("followup").is_null()
                & ~changes.number("baseline").is_null()
                & ~changes.still_open()
            ).frame.select(
                # From 0 there is no percent change: not improved, as in the indicator.
                nw.col(column).cast(nw.Boolean).fill_null(False).alias("y"),
                changes.number("baseline"),
                changes.word(program.by),
            )
            if not len(part):
                continue
            program.adjusted[shown.key] = {}
            try:
                standard = sites.standardize(
                    part["y"].to_numpy().astype(bool),
                    part["baseline"].to_numpy().astype(float),
                    np.array([site or NOT_RECORDED for site in part[program.by].to_list()], dtype=str),
                    "binary",
                    method="binomial",
                    level=program.level,
                )
            except ParameterError:  # too few patients, or an outcome that the baseline separates
                continue
            program.adjusted[shown.key] = {
                str(site): (float(a), float(lo), float(hi))
                for site, a, lo, hi in zip(
                    *(standard.site, standard.adjusted, standard.adjusted_low, standard.adjusted_high),
                    strict=True,
                )
                if np.isfinite([a, lo, hi]).all()  # not where no success is expected
            }


def _band(scale: Scale, value: float) -> str:
    """The band of a whole number."""
    bands = scale.bands.of if scale.bands else ()
    return next(band.label for band in bands if band.low <= Decimal(repr(value)) <= band.high)
