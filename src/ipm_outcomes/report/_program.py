"""What the page is written from: the published figures, and what they are figures of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import date
from fractions import Fraction
from os import PathLike
from typing import Any

from ipm_outcomes.definition import Instrument, Scale
from ipm_outcomes.program.indicators import Indicator, indicator, indicators

ALL = "all"
ScaleKey = tuple[str, str]
OTHER = "Other sites"
"""The group of the sites that were put together. It has one name in all reports, so that a ledger knows it again."""
SMALLEST = {"cms": 11, "nhs": 5}
"""The smallest count, above 0, that may be shown."""
OPEN = "window_open"
OF_SCALE = (
    *("followup_completion", "mean_baseline", "mean_followup", "mean_improvement", "important_improvement"),
    *("important_worsening", "responder_30", "responder_50", "reliable_improvement", "reliable_recovery"),
    *("able_to_recover", "reliable_deterioration", "severity_before", "severity_after"),
)
"""Indicators that are reported for each scale."""
_COUNTS = ("eligible", "observed", "numerator", "denominator", "patients")


@dataclass(frozen=True)
class Figure:
    """One published figure; a number that is hidden is None and ``hidden`` says so."""

    indicator: str
    group: str = ALL
    period: str = ALL
    stratum: str = ALL
    """The group of patients, in a column of the caller's, that the figure is of."""
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
    rules: str = ""
    notes: str = ""
    record: str = ""
    """The table of records that the figure is counted from, if it is one of those."""
    member_months: float | None = None
    patients: int | None = None
    hidden: str = ""
    decimals: int = 1
    """Of a mean: 0 where it is given in whole points and without its interval, so that it tells no small count."""
    limits: tuple[tuple[str, int, int | None], ...] = ()
    """Of each hidden count the column, and the least and the most that follow from what is shown."""

    @classmethod
    def of_cells(cls, cells: Mapping[str, Any], **more: Any) -> Figure:
        """The figure in a row of a table; what is null there, or never in one, is as if not given."""
        names = {field_.name for field_ in fields(cls)} - {"group", "period", "record", "hidden", "limits"}
        known = {name: cells[name] for name in names if cells.get(name) is not None}
        known |= {name: int(known[name]) for name in _COUNTS if name in known}
        return cls(**{**known, **more})


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
    rows: dict[tuple[str, str, str], Figure] = field(default_factory=dict)
    headline: Shown | None = None
    definitions: tuple[Instrument | Indicator, ...] = ()
    """Of the program's own."""
    files: Mapping[str, str | PathLike[str] | None] = field(default_factory=dict)
    """The ledger and the steward's record."""
    success: dict[ScaleKey, str] = field(default_factory=dict)
    """By scale the indicator that says who did well; empty where none does."""
    points: dict[ScaleKey, list[float]] = field(default_factory=dict)
    cutoffs: dict[ScaleKey, list[tuple[float, str]]] = field(default_factory=dict)
    flow: Flow | None = None
    bins: dict[ScaleKey, list[Bin]] = field(default_factory=dict)
    size: str = ""
    periods: tuple[str, ...] = ()
    months: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    """The first and the last month of each period, counted from the year 0."""
    joined: bool = False
    """Whether periods were put together."""
    left_out: tuple[str, ...] = ()
    other_sites: tuple[str, ...] = ()
    """The sites that were put together."""
    quality: dict[str, list[tuple[str, str]]] = field(default_factory=dict)
    adjusted: dict[ScaleKey, dict[str, tuple[float, float, float]]] = field(default_factory=dict)
    open_windows: bool = False
    without_cutoff: frozenset[ScaleKey] = frozenset()
    picks: tuple[tuple[str, str], ...] = ()
    reliable_methods: tuple[str, ...] = ()
    reliable_by: dict[ScaleKey, tuple[str, ...]] = field(default_factory=dict)
    problems: bool = False
    strata: str = ""
    """The column of the strata."""
    of_strata: Mapping[tuple[str, str], Figure] = field(default_factory=dict)
    """Figures by their name and the stratum."""
    made_by: str = ""
    benchmarks: Mapping[str, Sequence[Any]] = field(default_factory=dict)
    """By the name of a figure what it may be compared with: of the same definition."""
    not_drawn: tuple[str, ...] = ()
    """Benchmarks that no figure here has the definition of."""
    findings: tuple[tuple[str, str, str, str, bool], ...] = ()

    @property
    def scales(self) -> list[Shown]:
        """All scales, in the order of the page."""
        return [scale for shown in self.domains.values() for scale in shown]

    def definition(self, id: str) -> Indicator | None:
        """An indicator that is known by its definition."""
        own = (
            definition
            for definition in self.definitions
            if isinstance(definition, Indicator) and definition.id == id
        )
        return next(own, indicator(id) if id in indicators() else None)

    def did_well(self, id: str) -> str:
        """What those did who did well by an indicator: behind "who"."""
        definition = self.definition(id)
        return (
            definition.success.words
            if definition is not None and definition.success is not None
            else "improved"
        )

    def site(self, group: str) -> str:
        """A site as the page names it."""
        return f"{group} ({len(self.other_sites)} joined)" if self.other_sites and group == OTHER else group

    def row(self, indicator: str, group: str = ALL, period: str = ALL) -> Figure | None:
        """A figure, if the report has it."""
        return self.rows.get((indicator, group, period))

    def of(self, definition: str, shown: Shown, target: str | None = None, group: str = ALL) -> Figure | None:
        """The figure of an indicator for one scale."""
        return self.row(self.name(definition, shown, target), group)

    def name(self, definition: str, shown: Shown, target: str | None = None) -> str:
        """The name of the figure of an indicator for one scale."""
        return f"{definition}:{'.'.join(shown.key)}:{target or self.target}"

    def bands(self, definition: str, shown: Shown) -> list[Figure]:
        """The figures of a distribution over bands, in the order of the scale."""
        if shown.scale.bands is None:
            return []
        name = self.name(definition, shown)
        figures = [self.row(f"{name}:{band.label}") for band in shown.scale.bands.of]
        return [row for row in figures if row is not None]

    def counted(self, figure: str, group: str = ALL) -> int | None:
        """A count by the name of its figure; None where it is hidden or not there."""
        row = self.row(figure, group)
        return None if row is None else row.numerator


def is_promoter(shown: Shown) -> bool:
    """Whether a net score is formed of the bands."""
    return shown.scale.bands is not None and shown.scale.bands.net is not None


def rated_bands(scale: Scale) -> list[str]:
    """The bands of a scale, the best first; of a net score promoters, passives, detractors."""
    labels = [band.label for band in scale.bands.of] if scale.bands else []
    return labels if scale.worse == "higher" else labels[::-1]


def is_t_score(shown: Shown) -> bool:
    """Whether the values are given by a population, not by a range."""
    return shown.scale.unit == "T-score"


def share(row: Figure | None) -> Fraction | None:
    """A plain share of two published counts."""
    if row is None or row.numerator is None or not row.denominator:
        return None
    return Fraction(row.numerator, row.denominator)
