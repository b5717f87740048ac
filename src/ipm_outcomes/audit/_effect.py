"""What wrong totals do: to the scores, to their bands, and to what is said of a patient's change."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from ipm_outcomes.audit._reading import Bools, Floats
from ipm_outcomes.change._scores import GRID
from ipm_outcomes.change._thresholds import important, lines_of, responder
from ipm_outcomes.definition import Bands, Instrument, Scale
from ipm_outcomes.tables import band_of


@dataclass(frozen=True)
class Effect:
    """What some rows do.

    Attributes
    ----------
    mean, largest : float
        Mean and largest absolute difference between recorded and right, of rows that have both; NaN where none has.
    bands : int or None
        Rows in another band; None where the scale has none.
    changes : int or None
        Patients whose change from the first form to the last is important, or half or more, by only one of the two;
        None where patients are not known or nothing judges them.
    """

    mean: float
    largest: float
    bands: int | None
    changes: int | None


@dataclass(frozen=True)
class Judge:
    """What is needed to tell the effect of rows on one scale: recorded and right values of the whole data."""

    instrument: Instrument
    scale: Scale
    recorded: Floats
    right: Floats
    first: NDArray[np.intp]
    """Of each patient with two forms or more the row of the first."""
    last: NDArray[np.intp]

    def of(self, rows: NDArray[np.intp]) -> Effect:
        """The effect of these rows."""
        off = np.abs(self.recorded[rows] - self.right[rows])
        known = off[np.isfinite(off)]
        return Effect(
            float(known.mean()) if len(known) else float("nan"),
            float(known.max()) if len(known) else float("nan"),
            self._bands(rows),
            self._changes(rows),
        )

    def _bands(self, rows: NDArray[np.intp]) -> int | None:
        if self.scale.bands is None:
            return None
        both = rows[np.isfinite(self.recorded[rows]) & np.isfinite(self.right[rows])]
        mine, theirs = (band_places(self.scale.bands, values[both]) for values in (self.right, self.recorded))
        return int(np.count_nonzero(mine != theirs))

    def _changes(self, rows: NDArray[np.intp]) -> int | None:
        if not len(self.first) or self.scale.worse is None:
            return None
        marked = np.zeros(len(self.recorded), bool)
        marked[rows] = True
        concerned = marked[self.first] | marked[self.last]
        first, last = self.first[concerned], self.last[concerned]
        verdicts = [self._verdicts(values[first], values[last]) for values in (self.right, self.recorded)]
        differs = np.zeros(len(first), bool)
        judged = False
        for (mine, known), (theirs, also) in zip(*verdicts, strict=True):
            both = known & also
            judged = judged or bool(both.any()) or not len(first)
            differs |= both & (mine != theirs)
        return int(np.count_nonzero(differs)) if judged else None

    def _verdicts(self, first: Floats, last: Floats) -> list[tuple[Bools, Bools]]:
        """Whether the change is important, and whether it is half or more, each with where that is known."""
        paired = np.isfinite(first) & np.isfinite(last)
        base, end = (np.rint(np.where(paired, values, 0) * GRID).astype(np.int64) for values in (first, last))
        improvement = base - end if self.scale.worse == "higher" else end - base
        bottom = np.full(len(base), GRID, np.int64)
        lines = lines_of(self.instrument, self.scale, None)
        decided = [
            important(lines, improvement, base, bottom, paired).decided,
            responder(self.scale, "responder_50", improvement, base, bottom, paired),
        ]
        return [(verdict.true, ~verdict.null) for verdict in decided]


def band_places(bands: Bands, values: Floats) -> NDArray[np.intp]:
    """The place of the band of each value, -1 where there is no value."""
    labels = [band.label for band in bands.of]
    different, inverse = np.unique(values, return_inverse=True)
    places = [
        labels.index(band_of(bands, Fraction(str(round(value, 9))))) if np.isfinite(value) else -1
        for value in different.tolist()
    ]
    return np.array(places or [-1], np.intp)[inverse]


def ends_of(
    patients: NDArray[np.intp], order: NDArray[np.intp] | None
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Of each patient with two forms or more the rows of the first and of the last.

    Parameters
    ----------
    patients
        For each row the number of its patient, below 0 where none is known.
    order
        What the forms of a patient are ordered by, such as days; None: as they are.
    """
    rows = np.flatnonzero(patients >= 0)
    by = rows if order is None else order[rows]
    sorted_rows = rows[np.lexsort((rows, by, patients[rows]))]
    who = patients[sorted_rows]
    starts = (
        np.flatnonzero(np.concatenate([[True], who[1:] != who[:-1]])) if len(who) else np.zeros(0, np.intp)
    )
    stops = np.concatenate([starts[1:], [len(who)]]) - 1 if len(who) else starts
    several = stops > starts
    return sorted_rows[starts[several]], sorted_rows[stops[several]]
