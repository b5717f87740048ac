"""The counts that the report makes itself, beside the indicators: the flow, distributions, periods, data quality."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields
from decimal import Decimal
from typing import Any

import numpy as np

from ipm_outcomes.definition import Scale
from ipm_outcomes.errors import ParameterError
from ipm_outcomes.report._program import (
    ALL,
    OF_SCALE,
    OPEN,
    PROMOTERS,
    Bin,
    Flow,
    Program,
    Row,
    ScaleKey,
    Shown,
    Step,
    is_promoter,
)
from ipm_outcomes.report._reading import Table, days_of, is_scale, plain
from ipm_outcomes.report._stretches import Piece, stretches

_MONTHS = {1: "month", 3: "quarter", 6: "half-year", 12: "year"}
_PERIOD = "period of enrollment"


def own_row(indicator: str, numerator: int, denominator: int, group: str = ALL, **more: Any) -> Row:
    return Row(
        indicator,
        group,
        numerator=numerator,
        denominator=denominator,
        method="count",
        **more,
    )


class Stand:
    """Counts of an imaginary program with the same structure, one set for each figure.

    Disclosure control takes columns of equal counts for one and the same population. In a report nearly every figure
    stands in one row only, so that many are equal by chance, and one hidden 12 would hide every other 12. Beside
    the real counts each figure therefore stands in for a made-up program too, in which only those are equal that
    must be.
    """

    def __init__(self) -> None:
        self.random = np.random.default_rng(2024)
        self.of: dict[str, dict[str, int]] = {}
        self.populations: dict[tuple[str, ...], dict[int, int]] = {}

    def part(self, whole: int) -> int:
        """A count well inside another."""
        return int(whole * self.random.uniform(0.3, 0.8)) if whole > 40 else whole // 2

    def split(self, whole: int, parts: int) -> list[int]:
        """Counts that add up to a whole."""
        if parts == 1:
            return [whole]
        weights = self.random.uniform(1, 2, parts)
        counts = [int(whole * w / weights.sum()) for w in weights[:-1]]
        return [*counts, whole - sum(counts)]

    def whole(self, bundle: tuple[str, ...], value: int | None) -> int:
        """The made-up size of the population that has a real size, among populations that belong together."""
        known = self.populations.setdefault(bundle, {})
        if value is None or not known:
            size = int(self.random.uniform(30_000, 40_000))
        elif value in known:
            return known[value]
        else:
            larger = [size for n, size in known.items() if n > value]
            smaller = [size for n, size in known.items() if n < value]
            low = max(smaller, default=0)
            top = min(larger, default=max(40_000, 2 * low))
            size = int(low + (top - low) * self.random.uniform(0.4, 0.8))
        if value is not None:
            known[value] = size
        return size


class Builder:
    def __init__(self, program: Program, scores: Table, changes: Table) -> None:
        self.program, self.scores, self.changes = program, scores, changes
        self.rows: list[Row] = []
        self.parts: list[list[str]] = []
        self.stand = Stand()
        self.smallest = {"cms": 11, "nhs": 5}.get(program.policy, 1)

    def own(
        self,
        name: str,
        numerator: int,
        denominator: int,
        size: int,
        part: int | None = None,
        group: str = ALL,
    ) -> None:
        """A count inside a whole whose made-up size is given."""
        self.rows.append(own_row(name, numerator, denominator, group))
        part = self.stand.part(size) if part is None else part
        self.stand.of.setdefault(name, {"numerator": part, "denominator": size})

    def family(self, whole: int, parts: Mapping[str, int], size: int, group: str = ALL) -> dict[str, int]:
        """Counts that add up to a whole, so that disclosure control knows it; gives back their made-up sizes."""
        names = list(parts)
        known = [self.stand.of[name]["numerator"] for name in names if name in self.stand.of]
        sizes = known if len(known) == len(names) else self.stand.split(size, len(names))
        for (name, n), part in zip(parts.items(), sizes, strict=True):
            self.own(name, n, whole, size, part, group)
        if len(names) > 1 and names not in self.parts:
            self.parts.append(names)
        return dict(zip(names, sizes, strict=True))

    def flow(self) -> None:
        """What became of everyone, with one reason each."""
        import narwhals as nw

        program, changes, shown = self.program, self.changes, self.program.headline
        assert shown is not None
        part = changes.only(is_scale(shown.key, changes) & (changes.word("target") == program.target))
        before = (~changes.number("baseline").is_null()).alias("before")
        after = (~changes.number("followup").is_null()).alias("after")
        steps: dict[str, dict[str, int]] = {"no_baseline": {}, "not_due": {}, "lost": {}}
        for has_before, has_after, still, reason, n in part.counts(
            before, after, changes.still_open(), changes.word("reason")
        ):
            if has_before and has_after and not still:
                continue
            place = "no_baseline" if not has_before else "not_due" if still else "lost"
            told = OPEN if place == "not_due" else str(reason)
            steps[place][told] = steps[place].get(told, 0) + n
        began = len(part.frame)
        patients = int(part.frame.select(nw.col("patient_id").n_unique()).item()) if began else 0
        size, whole = 100_000, began
        self.own("flow:began", began, began, size, size)
        self.own("flow:patients", patients, began, size)
        made = {}
        for place, rest in (("no_baseline", "with baseline"), ("not_due", "due"), ("lost", "paired")):
            counts = {f"flow:{place}:{reason}": n for reason, n in sorted(steps[place].items())}
            left = whole - sum(counts.values())
            sizes = self.family(whole, counts | {f"flow:{rest}": left}, size)
            made[place] = tuple(Step(name, name.split(":", 2)[2]) for name in counts)
            size, whole = sizes[f"flow:{rest}"], left
            # At another target, too, all with a score at the start may be due.
            targets = program.targets if rest == "with baseline" else (program.target,)
            for target in targets:
                self.stand.populations.setdefault((*shown.key, target), {})[whole] = size
        program.flow = Flow(**made)

    def indicators(self, rows: Sequence[Row]) -> None:
        """The rows of the indicators, with the made-up sizes of their populations."""
        self.rows += rows
        columns = ("eligible", "observed", "denominator")
        totals = [row for row in rows if row.group == ALL and row.period == ALL]
        # Largest first, so that what is nested in the real figures is nested in the made-up ones.
        sizes = sorted(
            (
                (n, self._bundle(row))
                for row in totals
                for name in columns
                if (n := getattr(row, name)) is not None
            ),
            key=lambda found: -found[0],
        )
        for n, bundle in sizes:
            self.stand.whole(bundle, n)
        for row in totals:
            bundle = self._bundle(row)
            made = {
                name: self.stand.whole(bundle, n) for name in columns if (n := getattr(row, name)) is not None
            }
            self.stand.of[row.indicator] = made
            if row.numerator is None or row.unit == "NPS points":
                continue
            inside = self.stand.populations[bundle]
            same = [one.indicator for one in totals if self._same_patients(row, one)]
            if row.definition == "followup_completion" and row.numerator in inside:
                made["numerator"] = inside[row.numerator]
            elif known := [
                self.stand.of[name]["numerator"]
                for name in same
                if "numerator" in self.stand.of.get(name, {})
            ]:
                made["numerator"] = known[0]
            else:
                smallest = min(
                    self.stand.whole(bundle, one.denominator)
                    for one in totals
                    if one.indicator in (*same, row.indicator)
                )
                made["numerator"] = self.stand.part(smallest)

    def _same_patients(self, row: Row, other: Row) -> bool:
        """Whether two measures may count the same patients, such as one with its variant on pairs only."""
        return (
            other is not row
            and self._bundle(other) == self._bundle(row)
            and row.definition not in OF_SCALE
            and other.definition not in OF_SCALE
            and other.numerator == row.numerator
            and other.denominator is not None
        )

    @staticmethod
    def _bundle(row: Row) -> tuple[str, ...]:
        return row.instrument, row.scale, row.target

    def distributions(self) -> None:
        import narwhals as nw

        changes = self.changes
        paired = changes.only(
            ~changes.number("baseline").is_null()
            & ~changes.number("followup").is_null()
            & ~changes.still_open()
            & (changes.word("target") == self.program.target)
        )
        found: dict[ScaleKey, list[dict[float, int]]] = {}
        for at, column in enumerate(("baseline", "followup")):
            for inst, scale, value, n in paired.counts(
                changes.word("instrument"), changes.word("scale"), changes.number(column).cast(nw.Float64)
            ):
                found.setdefault((inst, scale), [{}, {}])[at][float(value)] = n
        for shown in (one for group in self.program.domains.values() for one in group):
            if shown.key in found and not is_promoter(shown):
                self._bins(shown, *found[shown.key])

    def _bins(self, shown: Shown, before: dict[float, int], after: dict[float, int]) -> None:
        name = ".".join(shown.key)
        bins: list[Bin] = []
        found: list[tuple[str, list[tuple[Piece, list[int]]]]] = []
        for band, pieces in stretches(shown.scale, [*before, *after]):
            counted = [
                (piece, [sum(n for v, n in values.items() if piece.holds(v)) for values in (before, after)])
                for piece in pieces
            ]
            found.append((band, self._merged(counted)))
            bins += [
                Bin(str(piece), f"dist:before:{name}:{piece}", f"dist:after:{name}:{piece}")
                for piece, _ in found[-1][1]
            ]
        for at, (when, values) in enumerate((("before", before), ("after", after))):
            counts = {
                f"dist:{when}:{name}:{piece}": both[at] for _, merged in found for piece, both in merged
            }
            whole = sum(values.values())
            size = self.stand.whole((*shown.key, self.program.target), whole)
            sizes = self.family(whole, counts, size)
            for band, merged in found:
                inside = {f"dist:{when}:{name}:{piece}": both[at] for piece, both in merged}
                if band:
                    self._banded(f"severity_{when}:{name}:{self.program.target}:{band}", band, inside, sizes)
            self._ends(shown.scale, f"{when}:{name}", values, size)
        self.program.bins[shown.key] = bins

    def _banded(self, figure: str, band: str, inside: Mapping[str, int], sizes: Mapping[str, int]) -> None:
        """A band is published too, and is the sum of its stretches."""
        size = sum(sizes[name] for name in inside)
        row = self.program.row(figure)
        if row is not None and row.numerator == sum(inside.values()) and figure in self.stand.of:
            self.stand.of[figure]["numerator"] = size
        if len(inside) > 1:
            for name in inside:
                self.stand.of[f"{name}|{band}"] = {"numerator": sizes[name], "denominator": size}
            self.family(sum(inside.values()), {f"{name}|{band}": n for name, n in inside.items()}, size)

    def _ends(self, scale: Scale, name: str, values: Mapping[float, int], size: int) -> None:
        """Patients at the best and the worst possible score, who cannot improve or worsen."""
        if scale.range is None:
            return
        low, high = scale.range if scale.worse == "higher" else scale.range[::-1]
        for word, end in (("best", low), ("worst", high)):
            at_end = sum(n for value, n in values.items() if Decimal(repr(value)) == end)
            # A stretch may hold that score only, and then is the same count.
            alone = self.stand.of.get(f"dist:{name}:{end:f}", {}).get("numerator")
            self.own(f"{word}:{name}", at_end, sum(values.values()), size, alone)

    def _merged(self, counted: list[tuple[Piece, list[int]]]) -> list[tuple[Piece, list[int]]]:
        """Neighbors put together until no stretch holds a count that would have to be hidden."""

        def small(counts: list[int]) -> bool:
            return any(n < self.smallest and (n > 0 or self.program.policy == "nhs") for n in counts)

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

        from ipm_outcomes.program.table import NOT_RECORDED

        program, changes = self.program, self.changes
        for shown in (one for group in program.domains.values() for one in group):
            if not is_promoter(shown) or program.of("nps_followup", shown) is None:
                continue
            rating = changes.number("followup")
            part = changes.only(
                is_scale(shown.key, changes)
                & (changes.word("target") == program.target)
                & ~rating.is_null()
                & ~changes.still_open()
            )
            keys = [changes.word(program.by)] if program.by in changes and program.groups else []
            counts: dict[str, dict[str, int]] = {ALL: dict.fromkeys(PROMOTERS, 0)}
            for *group, value, n in part.counts(*keys, rating.cast(nw.Float64).alias("rating")):
                band = _band(shown.scale, value)
                for one in (ALL, *(site or NOT_RECORDED for site in group)):
                    if one == ALL or one in program.groups:
                        counts.setdefault(one, dict.fromkeys(PROMOTERS, 0))[band] += n
            size = self.stand.whole((*shown.key, program.target), sum(counts[ALL].values()))
            for group_name, found in counts.items():
                named = {f"{'.'.join(shown.key)}:{band}": n for band, n in found.items()}
                self.family(sum(found.values()), named, size, group_name)

    def data_quality(self) -> None:
        """Forms with a score, and without one by reason, for each scale."""
        import narwhals as nw

        scores = self.scores
        tally: dict[ScaleKey, dict[str, int]] = {}
        for inst, scale, absent, n in scores.counts(
            scores.word("instrument"), scores.word("scale"), scores.word("absent"), of=nw.lit(1)
        ):
            tally.setdefault((inst, scale), {})[absent] = n
        for shown in (one for group in self.program.domains.values() for one in group):
            found = tally.get(shown.key)
            if not found:
                continue
            name = ".".join(shown.key)
            counts = {f"quality:{name}:{absent or 'scored'}": n for absent, n in sorted(found.items())}
            if "" not in found:
                counts[f"quality:{name}:scored"] = 0
            forms = sum(found.values())
            # One question asked once gives forms and answers that are those of the follow-up.
            bundle = (*shown.key, self.program.target if is_promoter(shown) else "")
            size = self.stand.whole(bundle, forms)
            self.own(f"quality:{name}:forms", forms, forms, size, size)
            scored = f"quality:{name}:scored"
            inside = {scored: size if counts[scored] == forms else self.stand.whole(bundle, counts[scored])}
            rest = [figure for figure in counts if figure != scored]
            if rest:
                inside |= dict(zip(rest, self.stand.split(size - inside[scored], len(rest)), strict=True))
            for figure, part in inside.items():
                self.stand.of[figure] = {"numerator": part, "denominator": size}
            self.family(forms, counts, size)
            self.program.quality[name] = [(figure, figure.rsplit(":", 1)[1]) for figure in counts]

    def blank_rows(self) -> None:
        """Rows of the data without any answer, which count nowhere else."""
        if blank := self.scores.blank_rows:
            size = self.stand.whole(("blank rows",), blank)
            self.own("blank rows", blank, blank, size, size)

    def wrong_cells(self, problems: Any) -> None:
        """Cells that were no answers, by column."""
        if problems is None:
            return
        table = Table("problems", problems)
        table.face.require(["column"], "problems")
        counts = {f"wrong:{column}": n for column, n in table.counts(table.word("column"))}
        total = sum(counts.values())
        self.program.problems = True
        size = self.stand.whole(("wrong cells",), total)
        self.own("wrong cells", total, total, size, size)
        if counts:
            self.family(total, counts, size)

    def periods(self) -> None:
        """Figures by month of enrollment, or by longer periods where months are too small to show."""
        import narwhals as nw

        from ipm_outcomes import program as programs
        from ipm_outcomes.program import over_time

        program, changes, shown = self.program, self.changes, self.program.headline
        assert shown is not None
        if "baseline_date" not in changes or not changes.schema["baseline_date"].is_temporal():
            return
        part = changes.only(
            is_scale(shown.key, changes)
            & (changes.word("target") == program.target)
            & ~nw.col("baseline_date").is_null()
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
        size = self._size(first, per_month, cohorts.mature)
        program.size = _MONTHS[size]
        slots = (first + np.arange(cohorts.month.size)) // size
        closed = {int(s) for s in slots} - {int(s) for s in slots[~cohorts.mature]}
        month = nw.col("baseline_date").dt.year().cast(nw.Int64) * 12 + nw.col("baseline_date").dt.month() - 1
        data = part.frame.with_columns((month // size).cast(nw.Int64).alias(_PERIOD))
        of_periods = dict.fromkeys(("followup_completion", "mean_improvement", program.success[shown.key]))
        wanted = [one for one in of_periods if one and program.of(one, shown) is not None]
        if not wanted:
            return
        found = programs.table(data.to_native(), by=[_PERIOD], indicators=wanted, level=program.level)
        order = sorted(closed)
        program.periods = tuple(_period(slot, size) for slot in order)
        for cells in nw.from_native(found, eager_only=True).iter_rows(named=True):
            slot = int(cells[_PERIOD])
            if slot not in closed:
                continue
            known: dict[str, Any] = {
                one.name: plain(cells[one.name])
                for one in fields(Row)
                if one.name in cells and plain(cells[one.name]) is not None
            }
            known["period"] = _period(slot, size)
            self.rows.append(Row(**known))

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
        from ipm_outcomes.program import sites
        from ipm_outcomes.program.table import NOT_RECORDED

        program, changes = self.program, self.changes
        if program.by not in changes or len(program.groups) < 2:
            return
        for shown in (one for group in program.domains.values() for one in group):
            column = program.success.get(shown.key)
            if column not in ("responder_30", "responder_50") or column not in changes:
                continue
            part = changes.only(
                is_scale(shown.key, changes)
                & (changes.word("target") == program.target)
                & (~_col(column).is_null() | (changes.number("baseline") == 0))
                & ~changes.number("followup").is_null()
                & ~changes.number("baseline").is_null()
                & ~changes.still_open()
            ).frame.select(
                # From 0 there is no percent change: not improved, as in the indicator.
                _col(column).cast(_boolean()).fill_null(False).alias("y"),
                changes.number("baseline"),
                changes.word(program.by),
            )
            if not len(part):
                continue
            program.adjusted[shown.key] = {}
            try:
                found = sites.standardize(
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
                    found.site, found.adjusted, found.adjusted_low, found.adjusted_high, strict=True
                )
                if np.isfinite([a, lo, hi]).all()  # not where no success is expected
            }


def _band(scale: Scale, value: float) -> str:
    """The band of a whole number."""
    bands = scale.bands.of if scale.bands else ()
    return next(band.label for band in bands if band.low <= Decimal(repr(value)) <= band.high)


def _col(name: str) -> Any:
    import narwhals as nw

    return nw.col(name)


def _boolean() -> Any:
    import narwhals as nw

    return nw.Boolean


def _period(slot: int, size: int) -> str:
    first = slot * size
    year, month = divmod(first, 12)
    return {
        1: f"{year}-{month + 1:02d}",
        3: f"{year} Q{month // 3 + 1}",
        6: f"{year} H{month // 6 + 1}",
        12: str(year),
    }[size]
