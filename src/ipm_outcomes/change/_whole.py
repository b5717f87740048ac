"""What only the whole table of scores shows, and not the rows of one patient: gathered in parts, which add up."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from math import lcm

from ipm_outcomes.change._scores import ScaleKey
from ipm_outcomes.change._unreadable import is_mostly_unreadable, is_stopped, shown_shapes
from ipm_outcomes.errors import UnreadableDatesError
from ipm_outcomes.frames._dates import MISSING, Dates
from ipm_outcomes.frames._library import Bools
from ipm_outcomes.stats._moments import Moments


@dataclass(frozen=True)
class DateCells:
    """Cells of a column of dates: how many hold something, and what those look like that cannot be read."""

    given: int = 0
    shapes: Counter[str] = field(default_factory=Counter)
    numbers: bool = False

    @classmethod
    def of(cls, dates: Dates, rows: Bools | None = None) -> DateCells:
        """The cells of some rows (None: of all)."""
        given = dates.state != MISSING
        return cls(
            int((given if rows is None else given & rows).sum()), Counter(dates.shapes(rows)), dates.numbers
        )

    def __add__(self, other: DateCells) -> DateCells:
        return DateCells(self.given + other.given, self.shapes + other.shapes, self.numbers or other.numbers)

    @property
    def bad(self) -> int:
        """How many cannot be read."""
        return self.shapes.total()

    def described(self) -> str:
        """That they cannot be read, what they look like, and the way out."""
        return (
            f"the dates cannot be read in {self.bad} of {self.given} rows that have one; they look like "
            f"{shown_shapes(dict(self.shapes.most_common()))}. Declare how they are written, such as "
            '"%m/%d/%Y" (date_format=…)'
        )


@dataclass(frozen=True)
class WholeTable:
    """What is known of all rows when those of some patients are worked on.

    Attributes
    ----------
    denominators : mapping
        The scales that appear in the scores, each with what its exact values are over.
    visits : frozenset of str
        Names of visits.
    dates, starts : DateCells
        Of the scores, and start dates of the episodes.
    samples : mapping
        The baselines of each scale.
    pairs : bool
        Whether any two scores were paired.
    patients, stopped : int
        How many patients there are, and of how many a date cannot be read.
    """

    denominators: Mapping[ScaleKey, int] = field(default_factory=dict)
    visits: frozenset[str] = frozenset()
    dates: DateCells = DateCells()
    starts: DateCells = DateCells()
    samples: Mapping[ScaleKey, Moments] = field(default_factory=dict)
    pairs: bool = False
    patients: int = 0
    stopped: int = 0

    def __add__(self, other: WholeTable) -> WholeTable:
        denominators, samples = dict(self.denominators), dict(self.samples)
        for key, denominator in other.denominators.items():
            denominators[key] = lcm(denominators.get(key, 1), denominator)
        for key, sample in other.samples.items():
            samples[key] = samples.get(key, Moments()) + sample
        return WholeTable(
            denominators,
            self.visits | other.visits,
            self.dates + other.dates,
            self.starts + other.starts,
            samples,
            self.pairs or other.pairs,
            self.patients + other.patients,
            self.stopped + other.stopped,
        )

    @property
    def scales(self) -> Collection[ScaleKey] | None:
        """The scales; None where there are none."""
        return list(self.denominators) or None

    def refuse_unreadable(self) -> None:
        """Raise where most dates of a column cannot be read."""
        for name, cells in (("date", self.dates), ("start_date", self.starts)):
            if is_mostly_unreadable(cells.given, cells.bad, cells.numbers):
                raise UnreadableDatesError(f"{name}: {cells.described()}")

    def refuse_unpaired(self) -> None:
        """Raise where nothing was paired since dates cannot be read."""
        if not self.pairs and is_stopped(self.stopped, self.patients):
            name, cells = ("date", self.dates) if self.dates.bad else ("start_date", self.starts)
            raise UnreadableDatesError(f"nothing could be paired: {name}: {cells.described()}")
