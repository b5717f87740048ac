"""Recorded bands against the bands of the score: other words for the same bands, and edges that are off by one."""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from ipm_outcomes.audit._effect import band_places
from ipm_outcomes.audit._explain import LIKELY, SYSTEMATIC_WORD, UNDECIDED, Outcome
from ipm_outcomes.audit._reading import SLACK, Bools, Floats
from ipm_outcomes.definition import Bands

SETTLED = 0.95
FEW = 3
MOST_WORDS = 60


@dataclass(frozen=True)
class BandColumn:
    """Bands as they were recorded, beside what the score gives.

    Attributes
    ----------
    words : list of str
        The different words, in plain form; they may be numbers.
    codes : array of int
        For each row the place of its word, -1 for none.
    value : array of float64
        The right score, NaN where there is none.
    own : array of int
        The place of the right band or word, -1 for none.
    labels : tuple of str
        The right bands or words.
    bands : Bands or None
        None where the words are no bands of a number.
    step : Fraction
        What the scores are whole multiples of.
    recorded : array of float64 or None
        The score that was recorded beside it, NaN where none was.
    row : array of int
        Positions in the data.
    attainable : array of float64
        Every value that a score can have.
    """

    words: list[str]
    codes: NDArray[np.intp]
    value: Floats
    own: NDArray[np.intp]
    labels: tuple[str, ...]
    bands: Bands | None
    step: Fraction
    recorded: Floats | None
    row: NDArray[np.intp]
    attainable: Floats

    def part(self, rows: NDArray[np.intp]) -> BandColumn:
        """The same of these rows."""
        recorded = None if self.recorded is None else self.recorded[rows]
        return replace(
            self,
            codes=self.codes[rows],
            value=self.value[rows],
            own=self.own[rows],
            recorded=recorded,
            row=self.row[rows],
        )

    @property
    def meant(self) -> NDArray[np.intp]:
        """The band that each word means: the one of that name, else the one that most of its rows have."""
        plain = [" ".join(label.split()).casefold() for label in self.labels]
        known = [plain.index(word) if word in plain else -1 for word in self.words]
        place = np.full(len(self.words) + 1, -1, np.intp)
        place[:-1] = known
        both = (self.codes >= 0) & (self.own >= 0)
        if len(self.words) <= MOST_WORDS and self.words:
            counts = np.zeros((len(self.words), len(self.labels)), np.int64)
            np.add.at(counts, (self.codes[both], self.own[both]), 1)
            for n, mine in enumerate(known):
                if mine < 0 and counts[n].any():
                    place[n] = int(counts[n].argmax())
        meaning: NDArray[np.intp] = place[self.codes]
        return np.where(self.codes < 0, -1, meaning)


def explain_bands(column: BandColumn) -> list[Outcome]:
    """Causes of recorded bands that are not those of the score."""
    there, meant = column.codes >= 0, column.meant
    differing = there & (meant != column.own)
    rest, outcomes = differing, []
    open_causes: list[str] = []
    if column.recorded is not None and column.bands is not None and rest.any():
        theirs = band_places(column.bands, column.recorded)
        follows = rest & (meant == theirs)
        n, of = int(follows.sum()), int((there & (theirs >= 0) & (theirs != column.own)).sum())
        if n >= FEW:
            sure = SYSTEMATIC_WORD if n >= SETTLED * of else LIKELY
            outcomes.append(Outcome("band_of_recorded_score", sure, column.row[follows], of))
            rest = rest & ~follows
        elif n:
            open_causes.append("band_of_recorded_score")
    if column.bands is not None and rest.any():
        for outcome, rows in _edges(column, there, meant, rest):
            if outcome.cause is None:
                open_causes += outcome.rivals
                continue
            outcomes.append(outcome)
            rest = rest & ~rows
    if rest.any():
        rivals = tuple(dict.fromkeys((*open_causes, "hand_error")))
        outcomes.append(Outcome(None, UNDECIDED, column.row[rest], int(rest.sum()), rivals))
    return outcomes


def untested(column: BandColumn) -> list[str]:
    """Values at the edges of bands that no row has, so that nothing was tested there."""
    if column.bands is None:
        return []
    there = column.codes >= 0
    seen = np.unique(np.round(column.value[there & np.isfinite(column.value)], 6))
    missing = []
    for band in column.bands.of[1:]:
        edge = float(band.low)
        if (np.abs(column.attainable - edge) < 1e-6).any() and not (np.abs(seen - edge) < 1e-6).any():
            missing.append(f"{edge:g}")
    return missing


def _edges(
    column: BandColumn, there: Bools, meant: NDArray[np.intp], rest: Bools
) -> list[tuple[Outcome, Bools]]:
    """Edges of bands that lie one step too low or too high."""
    assert column.bands is not None
    step = float(column.step)
    outcomes = []
    for place, band in enumerate(column.bands.of[1:], 1):
        low = float(band.low)
        for edge, other, cause in (
            (low, place - 1, f"band_edge_too_high:{low:g}"),
            (low - step, place, f"band_edge_too_low:{low:g}"),
        ):
            at_edge = there & (np.abs(column.value - edge) < step / 2 - SLACK)
            rows = rest & at_edge & (meant == other)
            n, of = int(rows.sum()), int(at_edge.sum())
            if not n:
                continue
            elsewhere = int(rest.sum()) - n
            if n >= FEW and n >= SETTLED * of:
                outcomes.append((Outcome(cause, SYSTEMATIC_WORD, column.row[rows], of), rows))
            elif n >= FEW and _only_here(n, of, elsewhere, int(there.sum())):
                outcomes.append((Outcome(cause, LIKELY, column.row[rows], of), rows))
            else:
                outcomes.append((Outcome(None, UNDECIDED, column.row[rows], of, (cause,)), rows))
    return outcomes


def _only_here(n: int, of: int, elsewhere: int, every: int) -> bool:
    """Whether so many errors at one edge are far more than errors elsewhere would give."""
    usual = max(elsewhere, 1) / max(every, 1)
    return n >= 10 * usual * of
