"""Counting: one group-by for each set of keys forms all counts and sums."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ipm_outcomes.errors import FrameError
from ipm_outcomes.program._cells import Cell, Counts, FigureRow, bands_of
from ipm_outcomes.program._columns import FITS, KEYS, MARKS, NOT_RECORDED
from ipm_outcomes.program._expressions import (
    any_of,
    both_sides,
    is_scale,
    side_by_side,
    true_where,
    with_window_open,
    with_windows,
)
from ipm_outcomes.program._requirements import (
    row_exclusions,
    with_days,
)
from ipm_outcomes.program._sources import (
    Source,
    group_of,
    groups_of,
    needed_columns,
    refuse_name_of_total,
    small_table,
)
from ipm_outcomes.program.indicators import (
    Bounds,
    Indicator,
)

WITH_NUMERATOR = ("proportion", "km_share", "km_median")


def count_all(
    chosen: Sequence[Indicator], sources: Mapping[str, Source], by: Sequence[str]
) -> dict[str, Counts]:
    """Indicators that share their rows are counted together, in one pass of the engine."""
    batches: dict[Any, list[Indicator]] = {}
    for one in chosen:
        shared = (one.uses, one.each, one.of, one.not_of, one.targets, tuple(sorted(one.scales.items())))
        # What counts once is counted alone: rows are distinguished by nothing but the columns that it reads.
        own = one.value if one.kind == "distribution" else one.id if one.once else None
        rows = repr((one.requires, row_exclusions(one)))
        key = (*shared, one.window, one.kind == "distribution", own, rows)
        batches.setdefault(key, []).append(one)
    counted: dict[str, Counts] = {}
    for batch in batches.values():
        counted |= _pass(batch, sources[batch[0].uses], by)
    return counted


def rows_of(
    kind: str, table: Any, chosen: Sequence[Indicator], by: Sequence[str], totals: bool
) -> tuple[Source, list[FigureRow]]:
    """Count indicators from one table of patients: the table as a source, and the rows of the result."""
    source = Source(kind, table)
    counted = count_all(chosen, {kind: source}, by)
    groups = groups_of({kind: source}, by, {kind})
    if totals:
        refuse_name_of_total(groups)
    rows = (counted[one.id].rows(one, groups, by, True, totals and bool(by)) for one in chosen)
    return source, [row for of_one in rows for row in of_one]


def _pass(batch: Sequence[Indicator], source: Source, by: Sequence[str]) -> dict[str, Counts]:
    import narwhals as nw

    first = batch[0]
    needs: dict[str, str] = {}
    for one in batch:
        for column, kind in needed_columns(one, source, by).items():
            needs[column] = kind if needs.get(column, "any") == "any" else needs[column]
    frame = source.plain(needs)
    keys = tuple(key for key in KEYS if key in first.each)
    as_text = {name for name, wanted in needs.items() if wanted == "date" and source.kind_of(name) == "word"}
    frame = with_days(frame, (requirement.when for requirement in first.requires), as_text)
    if first.scales:
        frame = with_window_open(frame, needs)
        keys = ("target",) if "target" in first.each else ()
        frame = side_by_side(frame, first, by)
    else:
        if first.of:
            frame = frame.filter(any_of([is_scale(name) for name in first.of]))
        if first.not_of:
            frame = frame.filter(~any_of([is_scale(name) for name in first.not_of]))
        picks = first.window is not None and first.window.pick is not None
        if first.targets and not picks:
            frame = frame.filter(nw.col("target").is_in(list(first.targets)))
        frame = with_window_open(frame, needs)
        if first.window is not None:
            frame = with_windows(frame, first.window, as_text)
        if first.once:
            ids = [name for name in ("patient_id", "episode") if name in needs]
            frame = frame.unique(subset=list(dict.fromkeys([*by, *ids, *keys])))
    work = _Work(frame)
    for one in batch:
        work.plan(one)
    grouping = list(dict.fromkeys([*by, *keys]))
    banded = first.kind == "distribution" and first.value is not None
    found = {one.id: Counts(keys) for one in batch}
    small = work.run(grouping, first.value if banded else None)
    for at in range(len(next(iter(small.values()), []))):
        values = {name: column[at] for name, column in small.items()}
        group = group_of([values[name] for name in by], by, source)
        each = tuple(NOT_RECORDED if values[name] is None else values[name] for name in keys)
        for one in batch:
            counts = found[one.id]
            cell = work.cell(one, values)
            if banded and values["__band"] is not None and cell.denominator:
                cell.bands[values["__band"]] = cell.denominator
            old = counts.cells.get((group, each))
            counts.cells[group, each] = cell if old is None else old + cell
    if banded:
        for counts in found.values():
            for each, cell in counts.totals.items():
                named = dict(zip(keys, each, strict=True))
                counts.bands[each] = bands_of(named, set(cell.bands))
    return found


class _Work:
    """The columns that one pass needs, each formed once, and how to read an indicator's cell back."""

    def __init__(self, frame: Any) -> None:
        self.frame = frame
        self.columns = set(frame.collect_schema().names())
        self.truths: list[dict[str, Any]] = [{}, {}, {}]  # three steps: each is built on the one before
        self.names: dict[str, str] = {}
        self.sums: dict[str, Any] = {}
        self.moments: dict[str, Any] = {}
        self.plans: dict[str, dict[str, Any]] = {}

    def _truth(self, step: int, sign: str, expression: Any) -> str:
        if sign not in self.names:
            self.names[sign] = f"__t{len(self.names)}"
            self.truths[step][self.names[sign]] = expression
        return self.names[sign]

    def plan(self, one: Indicator) -> None:
        """Note the columns of an indicator."""
        import narwhals as nw

        who = true_where(one.eligible) if one.eligible else nw.lit(True)
        by_row = [exclusion.id for exclusion in row_exclusions(one)]
        out = [
            nw.col(f"__x{by_row.index(exclusion.id)}") == 1
            if exclusion.id in by_row
            else true_where(exclusion.when)
            for exclusion in one.exclusions
        ]
        sign = f"{one.eligible!r}{[e.when for e in one.exclusions]!r}"
        eligible = self._truth(0, f"E{sign}", who & ~any_of(out) if out else who)
        excluded = self._truth(0, f"X{sign}", who & any_of(out)) if out else None
        observed = eligible
        if one.observed is not None:
            sign += repr(one.observed)
            observed = self._truth(1, f"O{sign}", nw.col(eligible) & true_where(one.observed))
        base = observed if one.missing == "complete_case" else eligible
        sign += f"{one.missing}{one.denominator!r}"
        counted, extra = base, true_where(one.denominator) if one.denominator else None
        if one.value is not None:
            there = ~nw.col(one.value).is_null()
            if one.over is not None:
                there = there & (nw.col(one.over) > 0).fill_null(False)
            extra = there if extra is None else extra & there
            sign += f"{one.value}{one.over}"
        if extra is not None:
            counted = self._truth(1 if base == eligible else 2, f"D{sign}", nw.col(base) & extra)
        plan: dict[str, Any] = {
            "eligible": eligible,
            "excluded": excluded,
            "observed": observed,
            "denominator": counted,
        }
        if one.window is not None and one.window.pick is not None:
            asked = f"{one.eligible!r}"
            plan["fit"] = self._sum(f"F{asked}", who & nw.col(FITS))
            plan["unfit"] = self._sum(f"U{asked}", who & ~nw.col(FITS))
        inside = ~any_of(out) if out else nw.lit(True)
        plan["failed"] = {
            requirement.id: self._sum(
                f"R{one.exclusions!r}{requirement!r}",
                inside & (nw.col(f"__r{at}") == 1 if one.scales else both_sides(requirement.when)[1]),
            )
            for at, requirement in enumerate(one.requires)
        }
        if isinstance(one.bounds, Bounds) and observed != eligible:
            lost = nw.col(eligible) & ~nw.col(observed)
            lost = lost & true_where(one.bounds.lost) if one.bounds.lost else lost
            plan["lost"] = self._sum(f"L{sign}{one.bounds!r}", lost)
            met = lost & true_where(one.bounds.met) if one.bounds.met else lost
            plan["possible"] = self._sum(f"M{sign}{one.bounds!r}", met)
        if one.evidence_from is not None and one.evidence_from in self.columns:
            mark = nw.col(one.evidence_from)
            plan["marks"] = {
                word: self._sum(
                    f"{one.evidence_from}{word}{sign}", nw.col(counted) & (mark == word).fill_null(False)
                )
                for word in MARKS
            }
        value = nw.col(one.value) if one.value is not None else None
        if one.kind in WITH_NUMERATOR and one.numerator is not None:
            met, not_met = both_sides(one.numerator)
            plan["numerator"] = self._sum(f"N{sign}{one.numerator!r}", nw.col(counted) & met)
            if one.missing == "complete_case":
                plan["judged"] = self._sum(f"J{sign}{one.numerator!r}", nw.col(counted) & (met | not_met))
        elif one.kind == "mean" and value is not None:
            name = self.names.setdefault(f"V{sign}", f"__v{len(self.names)}")
            self.moments[name] = nw.when(nw.col(counted)).then(value.cast(nw.Float64))
            plan["value"] = name
        elif one.ratings is not None and value is not None:
            rating = nw.col(counted)
            (lowest, low), (high, highest) = one.ratings.detractors, one.ratings.promoters
            wrong = (value < lowest) | (value > highest) | (value // 1 != value)
            plan["parts"] = [
                self._sum(f"{part}{sign}", rating & held.fill_null(False))
                for part, held in (
                    ("promoters", value >= high),
                    ("detractors", value <= low),
                    ("wrong", wrong),
                )
            ]
        elif one.kind == "ratio" and value is not None and one.over is not None:
            a, p = value.cast(nw.Float64), nw.col(one.over).cast(nw.Float64)
            plan["parts"] = [
                self._sum(f"{part}{sign}", nw.when(nw.col(counted)).then(formed).otherwise(nw.lit(0.0)))
                for part, formed in (("a", a), ("p", p), ("aa", a * a), ("ap", a * p), ("pp", p * p))
            ]
        self.plans[one.id] = plan

    def _sum(self, sign: str, expression: Any) -> str:
        name = self.names.setdefault(sign, f"__s{len(self.names)}")
        self.sums[name] = expression
        return name

    def run(self, grouping: Sequence[str], band: str | None) -> dict[str, list[Any]]:
        """Form all columns, then all counts and sums in one group-by of the engine."""
        import narwhals as nw

        frame = self.frame
        for step in self.truths:
            if step:
                frame = frame.with_columns(**step)
        if self.sums or self.moments:
            frame = frame.with_columns(**self.sums, **self.moments)
        keys = list(grouping)
        if band is not None:
            frame = frame.with_columns(__band=nw.col(band))
            keys.append("__band")
        if not keys:
            frame = frame.with_columns(__one=nw.lit(1))
            keys = ["__one"]
        totals = [nw.col(name).sum() for step in self.truths for name in step]
        totals += [nw.col(name).sum() for name in self.sums]
        for name in self.moments:
            totals += [nw.col(name).mean().alias(f"{name}m"), nw.col(name).std(ddof=1).alias(f"{name}s")]
        return small_table(
            frame.select(*keys, *(n for s in self.truths for n in s), *self.sums, *self.moments)
            .group_by(keys)
            .agg(*totals)
        )

    def cell(self, one: Indicator, values: Mapping[str, Any]) -> Cell:
        """What one row of the small table says about an indicator."""
        plan = self.plans[one.id]

        def count(name: str | None) -> int:
            return int(values[name] or 0) if name else 0

        eligible, excluded, observed, n = (
            count(plan[name]) for name in ("eligible", "excluded", "observed", "denominator")
        )
        cell = Cell(
            eligible, excluded, observed, n, fit=count(plan.get("fit")), unfit=count(plan.get("unfit"))
        )
        cell.failed = {id: count(name) for id, name in plan["failed"].items()}
        if "lost" in plan:
            cell.lost, cell.possible = count(plan["lost"]), count(plan["possible"])
        cell.marks = {word: count(name) for word, name in plan.get("marks", {}).items()}
        if one.kind in WITH_NUMERATOR:
            cell.numerator = count(plan["numerator"])
            cell.judged = count(plan.get("judged"))
        elif one.kind == "mean":
            cell.numerator = None
            cell.mean = values[f"{plan['value']}m"] if cell.denominator else None
            sd = values[f"{plan['value']}s"]
            cell.m2 = (
                float(sd) ** 2 * (cell.denominator - 1) if sd is not None and cell.denominator > 1 else 0.0
            )
        elif one.ratings is not None:
            promoters, detractors, wrong = (count(name) for name in plan["parts"])
            if wrong:
                raise FrameError(
                    f"indicator {one.id!r}: {wrong} values in the column {one.value!r} are no ratings "
                    f"{one.ratings.detractors[0]} to {one.ratings.promoters[1]}"
                )
            cell.numerator, cell.sums = promoters - detractors, (promoters, detractors)
        elif one.kind == "ratio":
            # Numerator and denominator are sessions; the number of episodes is kept for the interval.
            a, p, *rest = (float(values[name] or 0.0) for name in plan["parts"])
            cell.sums = (a, p, *rest, float(cell.denominator))
            cell.numerator, cell.denominator = a, round(p)
        return cell
