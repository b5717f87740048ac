"""From the tables to the figures of the report: everything is counted here, and passes disclosure control once.

What comes out of `gather` is all that the page is written from. Figures of different sections are protected as one
published set, because a reader can subtract one from the other.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np

from ipm_outcomes.catalog import instrument as on_shelf
from ipm_outcomes.definition import Instrument, Scale
from ipm_outcomes.errors import FrameError, ParameterError, UnknownNameError
from ipm_outcomes.frames._frame import Frame

ALL = "all"
ScaleKey = tuple[str, str]

_NEEDED = {
    "scores": ("instrument", "scale", "value", "band", "answered", "absent"),
    "changes": ("patient_id", "episode", "instrument", "scale", "target", "baseline", "followup", "reason"),
    "indicators": (
        *(
            "indicator",
            "eligible",
            "observed",
            "numerator",
            "denominator",
            "estimate",
            "lower",
            "upper",
            "level",
        ),
        *("method", "suppressed", "source", "definition", "title", "instrument", "scale", "target", "band"),
    ),
}
OF_SCALE = (
    *("followup_completion", "mean_baseline", "mean_followup", "mean_improvement", "important_improvement"),
    *("important_worsening", "responder_30", "responder_50", "reliable_improvement", "reliable_recovery"),
    *("reliable_deterioration", "severity_before", "severity_after"),
)
"""Indicators that are told for each scale."""
SUCCESS = ("important_improvement", "responder_30", "responder_50", "reliable_improvement")
_DROPPED = ("baseline_completion", "mean_change", "nps_followup")
PROMOTERS = ("promoter", "passive", "detractor")
_DOMAINS = ("pain", "depression", "anxiety", "multidimensional", "catastrophizing", "satisfaction")
_MONTHS = {1: "month", 3: "quarter", 6: "half-year", 12: "year"}
OPEN = "window_open"


@dataclass(frozen=True)
class Row:
    """One published figure; a number that is hidden is None and ``hidden`` says so."""

    indicator: str
    group: str = ALL
    period: str = ALL
    eligible: int | None = None
    observed: int | None = None
    numerator: int | None = None
    denominator: int | None = None
    estimate: float | None = None
    lower: float | None = None
    upper: float | None = None
    level: float = 0.95
    method: str = ""
    source: str = ""
    worst: float | None = None
    best: float | None = None
    definition: str = ""
    title: str = ""
    instrument: str = ""
    scale: str = ""
    target: str = ""
    band: str = ""
    unit: str = ""
    direction: str = ""
    missing: str = ""
    evidence: str = ""
    notes: str = ""
    hidden: str = ""


@dataclass(frozen=True)
class Bin:
    """A stretch of a score with the figures for before and after."""

    label: str
    before: str
    after: str


@dataclass(frozen=True)
class Shown:
    """A scale that has a place in the report."""

    instrument: Instrument
    scale: Scale

    @property
    def key(self) -> ScaleKey:
        return self.instrument.id, self.scale.id


@dataclass(frozen=True)
class Step:
    """Patients who leave the flow at one point, with the reason, or who stay."""

    figure: str
    reason: str


@dataclass(frozen=True)
class Flow:
    """What became of everyone who began, for one scale and target."""

    no_baseline: tuple[Step, ...]
    not_due: tuple[Step, ...]
    lost: tuple[Step, ...]


@dataclass
class Program:
    """All that the page is written from."""

    by: str
    policy: str
    level: float
    target: str
    targets: tuple[str, ...]
    domains: dict[str, list[Shown]]
    groups: tuple[str, ...]
    as_of: date | None
    as_of_given: bool
    rows: dict[tuple[str, str, str], Row] = field(default_factory=dict)
    headline: Shown | None = None
    success: dict[ScaleKey, str] = field(default_factory=dict)
    points: dict[ScaleKey, list[float]] = field(default_factory=dict)
    flow: Flow | None = None
    bins: dict[ScaleKey, list[Bin]] = field(default_factory=dict)
    size: str = ""
    periods: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()
    quality: dict[str, list[tuple[str, str]]] = field(default_factory=dict)
    adjusted: dict[ScaleKey, dict[str, tuple[float, float, float]]] = field(default_factory=dict)
    open_windows: bool = False
    picks: tuple[tuple[str, str], ...] = ()
    reliable_methods: tuple[str, ...] = ()
    problems: bool = False

    def row(self, indicator: str, group: str = ALL, period: str = ALL) -> Row | None:
        """A figure, if the report has it."""
        return self.rows.get((indicator, group, period))

    def of(self, definition: str, shown: Shown, target: str | None = None, group: str = ALL) -> Row | None:
        """The figure of an indicator for one scale."""
        return self.row(f"{definition}:{'.'.join(shown.key)}:{target or self.target}", group)

    def bands(self, definition: str, shown: Shown) -> list[Row]:
        """The figures of a distribution over bands, in the order of the scale."""
        if shown.scale.bands is None:
            return []
        name = f"{definition}:{'.'.join(shown.key)}:{self.target}"
        found = [self.row(f"{name}:{band.label}") for band in shown.scale.bands.of]
        return [row for row in found if row is not None]

    def counted(self, figure: str, group: str = ALL) -> int | None:
        """A count by the name of its figure; None where it is hidden or not there."""
        row = self.row(figure, group)
        return None if row is None else row.numerator


# -- reading -----------------------------------------------------------------------------------------


class Table:
    """A table that came in, with its words as plain text and NaN as null."""

    def __init__(self, name: str, data: Any) -> None:
        import narwhals as nw

        try:
            self.face = Frame(data)
        except FrameError as error:
            raise FrameError(f"{name}: {error}") from None
        self.face.require(_NEEDED.get(name, ()), name)
        self.name = name
        self.frame: Any = nw.from_native(self.face.native, eager_only=True)
        self.schema: dict[str, Any] = dict(self.frame.collect_schema())

    def __contains__(self, column: str) -> bool:
        return column in self.schema

    def word(self, column: str) -> Any:
        """An expression: a column as text, empty where there is none."""
        import narwhals as nw

        one = nw.col(column)
        return nw.when(one.is_null()).then(nw.lit("")).otherwise(one.cast(nw.String)).alias(column)

    def number(self, column: str) -> Any:
        """An expression: a column as float64, null where there is none."""
        import narwhals as nw

        return nw.col(column).cast(nw.Float64).fill_nan(None)

    def still_open(self) -> Any:
        """An expression: whether the follow-up window was not over on the as-of date, as the indicators count it."""
        import narwhals as nw

        told = self.word("reason") == OPEN
        if OPEN in self.schema and self.schema[OPEN] == nw.Boolean:
            told = told | nw.col(OPEN).fill_null(False)
        return told.alias("still_open")

    def counts(self, *keys: Any, of: Any = None) -> Iterator[tuple[Any, ...]]:
        """Count rows (or add up an expression) by the frame's own engine: each key once, with its count."""
        import narwhals as nw

        one = (nw.lit(1) if of is None else of).cast(nw.Int64).alias("__n")
        small = self.frame.select(*keys, one)
        names = small.columns[:-1]
        if not len(small):
            return
        small = small.group_by(names).agg(nw.col("__n").sum())
        for row in sorted(small.iter_rows(), key=lambda row: tuple(map(str, row))):
            yield tuple(None if v is None or v != v else v for v in row)

    def only(self, condition: Any) -> Table:
        """The rows for which a condition holds."""
        import narwhals as nw

        table = object.__new__(Table)
        table.face, table.name, table.schema = self.face, self.name, self.schema
        table.frame = self.frame.filter(condition)
        assert isinstance(table.frame, nw.DataFrame)
        return table


def _plain(value: Any) -> Any:
    """A cell as a plain Python value, None where it is missing."""
    try:
        return None if value is None or value != value else value
    except TypeError:  # pandas.NA has no truth value
        return None


def _is_scale(key: ScaleKey, table: Table) -> Any:
    return (table.word("instrument") == key[0]) & (table.word("scale") == key[1])


# -- the indicators that were given ------------------------------------------------------------------


def _indicator_rows(given: Any, by: str) -> list[Row]:
    table = Table("indicators", given)
    names = [one.name for one in fields(Row)]
    # Columns to the left of `indicator` are the groups; key columns may be among them.
    grouping = [
        name
        for name in table.face.names[: table.face.names.index("indicator")]
        if name not in ("instrument", "scale", "target")
    ]
    if others := [name for name in grouping if name != by]:
        raise FrameError(
            f"indicators: grouped by {others[0]!r} too; give the table made by program.table with by=[{by!r}]"
        )
    rows = []
    for cells in table.frame.iter_rows(named=True):
        cells = {name: _plain(value) for name, value in cells.items()}
        if cells["suppressed"] not in (None, "", False):
            raise FrameError(
                "indicators: already suppressed; give the table as it was before, the report hides small counts itself"
            )
        group = str(cells[by]) if by in grouping and cells[by] is not None else ALL
        known = {
            name: cells[name]
            for name in names
            if cells.get(name) is not None and name not in ("group", "period")
        }
        for name in ("eligible", "observed", "numerator", "denominator"):
            if name in known:
                known[name] = int(known[name])
        row = Row(**known | {"group": group})
        # The same name whether or not instrument, scale or target were grouping columns.
        one_scale = bool(row.scale) and " + " not in row.instrument
        parts = (row.definition, f"{row.instrument}.{row.scale}" if one_scale else "", row.target, row.band)
        rows.append(replace(row, indicator=":".join(part for part in parts if part)))
    return rows


def _completed(
    rows: list[Row], by: str, changes: Table, scores: Any, episodes: Any
) -> tuple[list[Row], tuple[str, ...]]:
    """The rows with the totals, or the sites, that the table given does not hold."""
    from ipm_outcomes import program

    wanted = {row.definition for row in rows}
    level = rows[0].level if rows else 0.95
    groups = tuple(sorted({row.group for row in rows} - {ALL}))

    def more(by: Sequence[str], **sources: Any) -> list[Row]:
        found = program.table(changes.face.native, by=by, level=level, **sources)
        return [row for row in _indicator_rows(found, (*by, "")[0]) if row.definition in wanted]

    if wanted and not any(row.group == ALL for row in rows):
        rows = rows + more([], scores=scores, episodes=episodes)
    if not groups and by in changes:
        with_by = {
            name: data
            for name, data in (("scores", scores), ("episodes", episodes))
            if data is not None and by in Frame(data).names
        }
        rows = rows + more([by], **with_by)
        groups = tuple(sorted({row.group for row in rows} - {ALL}))
    return rows, groups


# -- the report's own counts -------------------------------------------------------------------------


def _own(indicator: str, numerator: int, denominator: int, group: str = ALL, **more: Any) -> Row:
    return Row(
        indicator,
        group,
        numerator=numerator,
        denominator=denominator,
        method="count",
        **more,
    )


class _Stand:
    """Counts of an imaginary program with the same structure, one set for each figure.

    Disclosure control takes columns of equal counts for one and the same population. In a report nearly every figure
    stands in one row only, so that many are equal by chance, and one hidden 12 would hide every other 12. Beside the real
    counts each figure therefore stands in for a made-up program too, in which only those are equal that must be.
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
            top, low = min(larger, default=40_000), max(smaller, default=0)
            size = int(low + (top - low) * self.random.uniform(0.4, 0.8))
        if value is not None:
            known[value] = size
        return size


class _Builder:
    def __init__(self, program: Program, scores: Table, changes: Table) -> None:
        self.program, self.scores, self.changes = program, scores, changes
        self.rows: list[Row] = []
        self.parts: list[list[str]] = []
        self.stand = _Stand()
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
        self.rows.append(_own(name, numerator, denominator, group))
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
        part = changes.only(_is_scale(shown.key, changes) & (changes.word("target") == program.target))
        before = (~changes.number("baseline").is_null()).alias("before")
        after = (~changes.number("followup").is_null()).alias("after")
        steps: dict[str, dict[str, int]] = {"no_baseline": {}, "not_due": {}, "lost": {}}
        for has_before, has_after, still, reason, n in part.counts(
            before, after, changes.still_open(), changes.word("reason")
        ):
            if has_before and has_after and not still:
                continue
            place = "no_baseline" if not has_before else "not_due" if still else "lost"
            reason = OPEN if place == "not_due" else reason
            steps[place][reason] = steps[place].get(reason, 0) + n
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
            if rest != "with baseline":
                self.stand.populations.setdefault((*shown.key, program.target), {})[whole] = size
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
            if row.numerator is not None and row.unit != "NPS points":
                inside = self.stand.populations[bundle]
                follows = row.definition == "followup_completion" and row.numerator in inside
                made["numerator"] = (
                    inside[row.numerator] if follows else self.stand.part(made.get("denominator", 0))
                )
            self.stand.of[row.indicator] = made

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
            if shown.key in found and set(_labels(shown.scale)) != set(PROMOTERS):
                self._bins(shown, *found[shown.key])

    def _bins(self, shown: Shown, before: dict[float, int], after: dict[float, int]) -> None:
        name = ".".join(shown.key)
        bins: list[Bin] = []
        found: list[tuple[str, list[tuple[Piece, list[int]]]]] = []
        for band, pieces in _stretches(shown.scale, [*before, *after]):
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
            self.own(f"{word}:{name}", at_end, sum(values.values()), size)

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
        """Promoters, passives and detractors, together and by site."""
        scores = self.scores
        for shown in (one for group in self.program.domains.values() for one in group):
            if set(_labels(shown.scale)) != set(PROMOTERS):
                continue
            part = scores.only(_is_scale(shown.key, scores) & ~scores.number("value").is_null())
            keys = [scores.word(self.program.by)] if self.program.by in scores and self.program.groups else []
            counts: dict[str, dict[str, int]] = {ALL: dict.fromkeys(PROMOTERS, 0)}
            for *group, band, n in part.counts(*keys, scores.word("band")):
                for one in (ALL, *group):
                    if band in PROMOTERS and (one == ALL or one in self.program.groups):
                        counts.setdefault(one, dict.fromkeys(PROMOTERS, 0))[band] += n
            for group_name, found in counts.items():
                named = {f"{'.'.join(shown.key)}:{band}": n for band, n in found.items()}
                total = sum(counts[ALL].values())
                self.family(sum(found.values()), named, self.stand.whole((*shown.key, ""), total), group_name)

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
            size = self.stand.whole(("quality", name), forms)
            self.own(f"quality:{name}:forms", forms, forms, size, size)
            self.family(forms, counts, size)
            self.program.quality[name] = [(figure, figure.rsplit(":", 1)[1]) for figure in counts]

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
            _is_scale(shown.key, changes)
            & (changes.word("target") == program.target)
            & ~nw.col("baseline_date").is_null()
        )
        if not len(part.frame) or program.as_of is None:
            return
        days = _days(part, "baseline_date")
        last = _days(part, "window_to" if "window_to" in changes else "followup_date")
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
        data = part.frame.with_columns((month // size).cast(nw.Int64).alias("__period"))
        of_periods = dict.fromkeys(("followup_completion", "mean_improvement", program.success[shown.key]))
        wanted = [one for one in of_periods if one and program.of(one, shown) is not None]
        if not wanted:
            return
        found = programs.table(data.to_native(), by=["__period"], indicators=wanted, level=program.level)
        order = sorted(closed)
        program.periods = tuple(_period(slot, size) for slot in order)
        for cells in nw.from_native(found, eager_only=True).iter_rows(named=True):
            slot = int(cells["__period"])
            if slot not in closed:
                continue
            known = {
                one.name: _plain(cells[one.name])
                for one in fields(Row)
                if one.name in cells and _plain(cells[one.name]) is not None
            }
            self.rows.append(Row(**known | {"period": _period(slot, size)}))

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

        program, changes = self.program, self.changes
        if program.by not in changes or len(program.groups) < 2:
            return
        for shown in (one for group in program.domains.values() for one in group):
            column = program.success.get(shown.key)
            if column not in ("responder_30", "responder_50") or column not in changes:
                continue
            part = changes.only(
                _is_scale(shown.key, changes)
                & (changes.word("target") == program.target)
                & ~_col(column).is_null()
                & ~changes.number("baseline").is_null()
                & ~changes.still_open()
            ).frame.select(
                _col(column).cast(_boolean()).alias("y"), changes.number("baseline"), changes.word(program.by)
            )
            if not len(part):
                continue
            try:
                found = sites.standardize(
                    part["y"].to_numpy().astype(bool),
                    part["baseline"].to_numpy().astype(float),
                    np.array(part[program.by].to_list(), dtype=str),
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
            }


def _col(name: str) -> Any:
    import narwhals as nw

    return nw.col(name)


def _boolean() -> Any:
    import narwhals as nw

    return nw.Boolean


def _days(table: Table, column: str) -> Any:
    return table.frame[column].to_numpy().astype("datetime64[D]")


def _period(slot: int, size: int) -> str:
    first = slot * size
    year, month = divmod(first, 12)
    return {
        1: f"{year}-{month + 1:02d}",
        3: f"{year} Q{month // 3 + 1}",
        6: f"{year} H{month // 6 + 1}",
        12: str(year),
    }[size]


# -- stretches of a score ----------------------------------------------------------------------------


@dataclass(frozen=True)
class Piece:
    """A stretch of a score, with which of its ends belong to it."""

    low: Decimal
    high: Decimal
    with_low: bool
    with_high: bool
    step: Decimal | None  # between neighboring scores, where they are evenly spaced

    def holds(self, value: float) -> bool:
        """Whether a score lies in the stretch; decided on the decimal that the score is written as."""
        exact = Decimal(repr(value))
        above = exact >= self.low if self.with_low else exact > self.low
        return above and (exact <= self.high if self.with_high else exact < self.high)

    def joined(self, after: Piece) -> Piece:
        """This stretch and the one that follows it."""
        return replace(self, high=after.high, with_high=after.with_high)

    def __str__(self) -> str:
        if self.step is None:
            return f"{self.low:f} to {'' if self.with_high else '<'}{self.high:f}"
        low = self.low if self.with_low else self.low + self.step
        high = self.high if self.with_high else self.high - self.step
        return f"{low:f}" if low == high else f"{low:f}–{high:f}"


def _labels(scale: Scale) -> list[str]:
    return [band.label for band in scale.bands.of] if scale.bands else []


def _stretches(scale: Scale, values: Sequence[float]) -> Iterator[tuple[str, list[Piece]]]:
    """Each band (or the whole range) with the pieces it is cut into."""
    step = Decimal(1) if scale.whole else Decimal("0.1") if scale.kind == "table" else None
    if scale.bands is not None and scale.range is not None:
        upper = scale.bands.edge == "upper"
        last = len(scale.bands.of) - 1
        for at, band in enumerate(scale.bands.of):
            if scale.whole:
                middle = (band.low + band.high + 1) // 2
                wide = band.high - band.low >= 3
                ends = [(band.low, middle - 1), (middle, band.high)] if wide else [(band.low, band.high)]
                yield band.label, [Piece(a, b, True, True, step) for a, b in ends]
                continue
            cuts = [band.low, *_between(band.low, band.high, Decimal(5)), band.high]
            pieces = [Piece(a, b, upper, not upper, step) for a, b in zip(cuts, cuts[1:], strict=False)]
            if at == 0:
                pieces[0] = replace(pieces[0], with_low=True)
            if at == last:
                pieces[-1] = replace(pieces[-1], with_high=True)
            yield band.label, pieces
        return
    low, high = scale.range or (Decimal(int(min(values) // 5 * 5)), Decimal(int(-(-max(values) // 5) * 5)))
    span = high - low
    width = next(w for w in map(Decimal, (1, 2, 4, 5, 10, 20, 50, 10**6)) if span / w <= 13)
    cuts = [low, *_between(low, high, width), high]
    if scale.whole:
        pieces = [Piece(a, b - 1, True, True, step) for a, b in zip(cuts, cuts[1:], strict=False)]
        pieces[-1] = replace(pieces[-1], high=high)
    else:
        pieces = [Piece(a, b, True, False, None) for a, b in zip(cuts, cuts[1:], strict=False)]
        pieces[-1] = replace(pieces[-1], with_high=True)
    yield "", pieces


def _between(low: Decimal, high: Decimal, width: Decimal) -> list[Decimal]:
    first = low // width + 1
    return [width * k for k in range(int(first), int(high / width) + 1) if low < width * k < high]


# -- all of it ---------------------------------------------------------------------------------------


def gather(
    scores: Any,
    changes: Any,
    indicators: Any,
    *,
    episodes: Any,
    problems: Any,
    by: str,
    policy: str,
    as_of: date | str | None,
    target: str | None,
    definitions: Collection[Instrument],
) -> Program:
    """Count all that the report tells, and put it through disclosure control once."""
    given_scores, given_changes = Table("scores", scores), Table("changes", changes)
    rows = _indicator_rows(indicators, by)
    rows, groups = _completed(rows, by, given_changes, scores, episodes)
    shelf = {one.id: one for one in definitions}
    present = _present(given_scores, given_changes)
    domains = _domains(present, shelf)
    targets = _targets(given_changes)
    day, given = _as_of(as_of, given_changes)
    program = Program(
        by=by,
        policy=policy,
        level=rows[0].level if rows else 0.95,
        target=_main_target(target, targets),
        targets=targets,
        domains=domains,
        groups=groups,
        as_of=day,
        as_of_given=given,
    )
    shown = [one for group in domains.values() for one in group]
    program.rows = {(row.indicator, row.group, row.period): row for row in rows}
    for one in shown:
        program.success[one.key] = _success(program, one)
    counted = [one for one in shown if program.of("followup_completion", one) and not _is_promoter(one)]
    followed = [one for one in counted if (row := program.of("followup_completion", one)) and row.eligible]
    program.headline = next(iter(followed or counted), None)
    builder = _Builder(program, given_scores, given_changes)
    _facts(program, given_changes)
    if program.headline is not None:
        builder.flow()
    builder.indicators(_chosen(rows, program, shown))
    if program.headline is not None:
        builder.distributions()
        builder.periods()
        builder.standardized()
    builder.promoters()
    builder.data_quality()
    builder.wrong_cells(problems)
    program.rows = {
        (row.indicator, row.group, row.period): row for row in _published(builder, policy, given_changes)
    }
    _guard(program)
    return program


def _is_promoter(shown: Shown) -> bool:
    return set(_labels(shown.scale)) == set(PROMOTERS)


def _present(scores: Table, changes: Table) -> list[ScaleKey]:
    found: dict[ScaleKey, None] = {}
    for table in (changes, scores):
        for inst, scale, _ in table.counts(table.word("instrument"), table.word("scale")):
            found[inst, scale] = None
    return list(found)


def _domains(present: Sequence[ScaleKey], shelf: Mapping[str, Instrument]) -> dict[str, list[Shown]]:
    """Scales by domain: the total of an instrument that has one, else all its numeric scales."""
    by_domain: dict[str, list[Shown]] = {}
    for id in dict.fromkeys(inst for inst, _ in present):
        one = shelf.get(id)
        if one is None:
            try:
                one = on_shelf(id)
            except UnknownNameError:
                raise UnknownNameError(
                    "definitions: the tables hold an instrument that is not on the shelf; give its definition in "
                    "definitions=[catalog.read(path)]"
                ) from None
        scales = [s for s in one.scales if (id, s.id) in present and not s.categorical]
        leads = [s for s in scales if s.id in ("total", "mean")] or scales
        by_domain.setdefault(one.domain or one.id, []).extend(Shown(one, scale) for scale in leads)
    order = [d for d in _DOMAINS if d in by_domain] + sorted(d for d in by_domain if d not in _DOMAINS)
    return {domain: by_domain[domain] for domain in order}


def _targets(changes: Table) -> tuple[str, ...]:
    from ipm_outcomes.program.table import _ordered

    return tuple(sorted({t for t, _ in changes.counts(changes.word("target")) if t}, key=_ordered))


def _main_target(wanted: str | None, targets: Sequence[str]) -> str:
    if wanted is not None and targets and wanted not in targets:
        raise ParameterError(f"target: the changes have no target {wanted!r}; they have {', '.join(targets)}")
    if wanted is not None:
        return wanted
    return "6 months" if "6 months" in targets or not targets else targets[0]


def _as_of(as_of: date | str | None, changes: Table) -> tuple[date | None, bool]:
    if as_of is not None:
        try:
            return (as_of if isinstance(as_of, date) else date.fromisoformat(as_of)), True
        except (ValueError, TypeError):
            raise ParameterError("as_of: give a date, such as '2026-06-30'") from None
    latest = []
    for column in ("baseline_date", "followup_date"):
        if column in changes and changes.schema[column].is_temporal() and len(changes.frame):
            days = _days(changes, column)
            latest += [days[~np.isnat(days)].max()] if not np.isnat(days).all() else []
    return (max(latest).astype(object) if latest else None), False


def _success(program: Program, shown: Shown) -> str:
    """The indicator that says whether a patient did well: the 30 % line for pain, else the important change."""
    pain = shown.instrument.domain == "pain" or re.search("pain_intensity", shown.scale.id)
    order = ("responder_30", *SUCCESS) if pain else SUCCESS
    return next((one for one in order if program.of(one, shown) is not None), "")


def _facts(program: Program, changes: Table) -> None:
    """Rules that were used, as the changes carry them: constants of the analysis, not figures of patients."""
    if "important_points" in changes:
        for inst, scale, points, _ in changes.counts(
            changes.word("instrument"), changes.word("scale"), changes.number("important_points")
        ):
            if points is not None:
                program.points.setdefault((inst, scale), []).append(float(points))
    if "baseline_pick" in changes and "followup_pick" in changes:
        program.picks = tuple(
            dict.fromkeys(
                (a, b)
                for a, b, _ in changes.counts(changes.word("baseline_pick"), changes.word("followup_pick"))
                if a
            )
        )
    if "reliable_method" in changes:
        program.reliable_methods = tuple(m for m, _ in changes.counts(changes.word("reliable_method")) if m)
    program.open_windows = any(still for still, _ in changes.counts(changes.still_open()))


def _chosen(rows: Iterable[Row], program: Program, shown: Sequence[Shown]) -> list[Row]:
    """The rows of the indicators that the report prints: the rest is not published, so it need not be protected."""
    keys = {one.key for one in shown if not _is_promoter(one)}
    chosen = []
    for row in rows:
        key = (row.instrument, row.scale)
        if row.definition in _DROPPED:
            continue
        if row.definition in OF_SCALE:
            keep = key in keys and (row.target == program.target or not row.band)
            if row.group != ALL:
                of_sites = ("followup_completion", "mean_improvement", program.success.get(key))
                keep = keep and row.definition in of_sites and row.target == program.target
        else:
            keep = row.group == ALL or row.definition == "nps"
        if keep:
            chosen.append(row)
    return chosen


def _published(builder: _Builder, policy: str, like: Table) -> list[Row]:
    """The rows after disclosure control."""
    from ipm_outcomes.program import suppress
    from ipm_outcomes.program.suppress import COLUMNS

    real = list({(row.indicator, row.group, row.period): row for row in builder.rows}.values())
    if not real:
        return real
    # A net count is no count of people; `_guard` looks after the scores made of it.
    rows = [replace(row, numerator=None) if row.unit == "NPS points" else row for row in real]
    names = dict.fromkeys(row.indicator for row in rows)
    rows += [Row(name, **builder.stand.of[name]) for name in names if name in builder.stand.of]
    kinds = ["real"] * len(real) + ["made up"] * (len(rows) - len(real))
    columns: dict[str, list[Any]] = {
        "group": [row.group for row in rows],
        "period": [row.period for row in rows],
        "kind": kinds,
        **{name: [getattr(row, name) for row in rows] for name in COLUMNS if name != "suppressed"},
        "suppressed": [""] * len(rows),
        "worst": [row.worst for row in rows],
        "best": [row.best for row in rows],
        "position": list(range(len(rows))),
    }
    frame = _frame(columns, like.face.kind)
    table = suppress(frame, policy, by=["group", "period", "kind"], parts=builder.parts, keep=["position"])
    done = []
    for cells in _cells(table):
        if cells["kind"] != "real":
            continue
        row = real[int(cells["position"])]
        changed: dict[str, Any] = {
            name: cells[name] for name in ("estimate", "lower", "upper", "worst", "best")
        }
        for name in ("eligible", "observed", "numerator", "denominator"):
            changed[name] = None if cells[name] is None else int(cells[name])
        done.append(replace(row, hidden=cells["suppressed"] or "", **changed))
    return done


def _frame(columns: Mapping[str, list[Any]], kind: str) -> Any:
    """A small table in the kind of frame that was given, so that no other library is needed."""
    import narwhals as nw

    whole = {"eligible", "observed", "numerator", "denominator", "position"}
    real = {"estimate", "lower", "upper", "level", "worst", "best"}
    if kind == "pandas":
        import pandas as pd

        return pd.DataFrame(
            {
                name: pd.array(values, dtype="Int64")
                if name in whole
                else np.array([np.nan if v is None else v for v in values], float)
                if name in real
                else values
                for name, values in columns.items()
            }
        )
    schema = {
        name: nw.Int64 if name in whole else nw.Float64 if name in real else nw.String for name in columns
    }
    return nw.from_dict(dict(columns), schema, backend=kind).to_native()


def _cells(table: Any) -> Iterator[dict[str, Any]]:
    import narwhals as nw

    for cells in nw.from_native(table, eager_only=True).iter_rows(named=True):
        yield {name: _plain(value) for name, value in cells.items()}


def _guard(program: Program) -> None:
    """Figures that a reader could undo for other reasons than sums: a net score beside two of its three counts."""
    for key, row in program.rows.items():
        if row.unit == "NPS points":
            counts = [program.row(f"{row.instrument}.{row.scale}:{band}", row.group) for band in PROMOTERS]
            if any(one is not None and one.numerator is None for one in counts):
                program.rows[key] = replace(
                    row,
                    numerator=None,
                    estimate=None,
                    lower=None,
                    upper=None,
                    hidden=row.hidden or "secondary",
                )


def share(row: Row | None) -> Fraction | None:
    """A plain share of two published counts."""
    if row is None or row.numerator is None or not row.denominator:
        return None
    return Fraction(row.numerator, row.denominator)
